/* SPDX-License-Identifier: Apache-2.0 */
/* Entries: what decodes is encoded, and the second encoding is the first (R-FMT-2). */
#include "wire/entry.h"
#include "fuzz.h"

static const struct dp_name name = {{UINT64_C(33102300000000)}, 7, 3};

static bool encode(const struct dp_entry *e, struct dp_buf *out)
{
    enum dp_err err = dp_entry_encode(e, out);

    FUZZ_CHECK(err == DP_OK ||
               err == DP_TOO_BIG); /* a packed list of one is a byte longer than it may have come */
    return err == DP_OK;
}

void fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_buf first, second;
    struct dp_entry e, again;

    (void)suite;
    if (dp_entry_decode(input, &name, a, &e) != DP_OK || !dp_kind_known(e.kind))
        return;
    dp_buf_init(&first, 2 * DP_ENTRY_BYTES_MAX);
    dp_buf_init(&second, 2 * DP_ENTRY_BYTES_MAX);
    if (encode(&e, &first)) {
        FUZZ_CHECK(dp_entry_decode(dp_buf_slice(&first), &name, a, &again) == DP_OK);
        FUZZ_CHECK(dp_subject_eq(&e.subject, &again.subject));
        FUZZ_CHECK(encode(&again, &second));
        FUZZ_CHECK(dp_slice_eq(dp_buf_slice(&first), dp_buf_slice(&second)));
    }
    dp_buf_fini(&first);
    dp_buf_fini(&second);
}
