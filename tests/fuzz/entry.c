/* SPDX-License-Identifier: Apache-2.0 */
/* Entries, each behind its full name: what decodes is encoded, and the second encoding is the first
 * (R-FMT-2). */
#include "wire/entry.h"
#include "fuzz.h"

static bool encode(const struct dp_entry *e, struct dp_buf *out)
{
    enum dp_err err = dp_entry_encode(e, out);

    FUZZ_CHECK(err == DP_OK ||
               err == DP_TOO_BIG); /* a packed list of one is a byte longer than it may have come */
    return err == DP_OK;
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_buf first, second;
    struct dp_entry e, again;

    (void)suite;
    if (input.len < DP_NAME_BYTES)
        return false;
    struct dp_name name = dp_name_get(input.p);
    input = dp_slice_of(input.p + DP_NAME_BYTES, input.len - DP_NAME_BYTES);
    if (dp_entry_decode(input, &name, a, &e) != DP_OK || !dp_kind_known(e.kind))
        return false;
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
    return true;
}
