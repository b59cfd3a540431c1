/* SPDX-License-Identifier: Apache-2.0 */
/* Parts, each behind its key: read and written back byte for byte, opened, and the plain text read
 * (R-PART-1).
 */
#include "wire/part.h"
#include "fuzz.h"

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_part_text text;
    struct dp_slice plain;
    struct dp_digest leaf;
    struct dp_key key;
    struct dp_buf out;
    struct dp_part p;

    if (!fuzz_take_key(&input, &key))
        return false;
    struct dp_rd r = dp_rd_of(input);
    if (dp_part_get(&r, &p) != DP_OK)
        return false;
    dp_buf_init(&out, 2 * DP_PART_PLAIN_MAX);
    FUZZ_CHECK(dp_part_put(&p, &out) == DP_OK);
    FUZZ_CHECK(dp_slice_eq(dp_buf_slice(&out), dp_slice_of(input.p, input.len - dp_rd_left(&r))));
    dp_buf_fini(&out);
    dp_part_leaf(suite, &p, &leaf);
    return dp_part_open(suite, &p, &key, a, &plain) == DP_OK &&
           dp_part_text_decode(p.kind, plain, a, &text) == DP_OK;
}
