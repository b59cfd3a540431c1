/* SPDX-License-Identifier: Apache-2.0 */
/* Parts: read and written back byte for byte, opened, and the plain text read (R-PART-1). */
#include "wire/part.h"
#include "fuzz.h"

void fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    static const struct dp_key key = {{1}};
    struct dp_rd r = dp_rd_of(input);
    struct dp_part_text text;
    struct dp_slice plain;
    struct dp_digest leaf;
    struct dp_buf out;
    struct dp_part p;

    if (dp_part_get(&r, &p) != DP_OK)
        return;
    dp_buf_init(&out, 2 * DP_PART_PLAIN_MAX);
    FUZZ_CHECK(dp_part_put(&p, &out) == DP_OK);
    FUZZ_CHECK(dp_slice_eq(dp_buf_slice(&out), dp_slice_of(input.p, input.len - dp_rd_left(&r))));
    dp_buf_fini(&out);
    dp_part_leaf(suite, &p, &leaf);
    if (dp_part_open(suite, &p, &key, a, &plain) == DP_OK)
        (void)!dp_part_text_decode(p.kind, plain, a, &text);
}
