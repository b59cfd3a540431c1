/* SPDX-License-Identifier: Apache-2.0 */
/* Plain texts of parts, the first byte being the kind: what decodes is encoded, and the second encoding is
 * the first. */
#include "fuzz.h"
#include "wire/part.h"

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_part_text t, again;
    struct dp_buf first, second;

    (void)suite;
    if (input.len == 0 ||
        dp_part_text_decode(input.p[0], dp_slice_of(input.p + 1, input.len - 1), a, &t) != DP_OK)
        return false;
    dp_buf_init(&first, DP_PART_PLAIN_MAX);
    dp_buf_init(&second, DP_PART_PLAIN_MAX);
    FUZZ_CHECK(dp_part_text_encode(&t, &first) == DP_OK);
    FUZZ_CHECK(dp_part_text_decode(t.kind, dp_buf_slice(&first), a, &again) == DP_OK);
    FUZZ_CHECK(dp_part_text_encode(&again, &second) == DP_OK);
    FUZZ_CHECK(dp_slice_eq(dp_buf_slice(&first), dp_buf_slice(&second)));
    dp_buf_fini(&first);
    dp_buf_fini(&second);
    return true;
}
