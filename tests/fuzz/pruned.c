/* SPDX-License-Identifier: Apache-2.0 */
/* Pruned blocks: showing the same entries again gives the same bytes, showing one decodes (R-BLK-5). */
#include "fuzz.h"
#include "wire/block.h"

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    uint16_t indices[DP_BLOCK_ENTRIES_MAX];
    struct dp_block b, one;
    struct dp_buf out;

    if (dp_block_decode_pruned(suite, input, a, &b) != DP_OK)
        return false;
    for (uint16_t i = 0; i < b.shown_count; i++)
        indices[i] = b.shown[i].index;
    dp_buf_init(&out, 2 * DP_BLOCK_WIRE_MAX);
    FUZZ_CHECK(dp_block_prune(suite, &b, indices, b.shown_count, a, &out) == DP_OK);
    FUZZ_CHECK(dp_slice_eq(dp_buf_slice(&out), input));
    dp_buf_reset(&out);
    FUZZ_CHECK(dp_block_prune(suite, &b, indices + b.shown_count / 2, 1, a, &out) == DP_OK);
    FUZZ_CHECK(dp_block_decode_pruned(suite, dp_buf_slice(&out), a, &one) == DP_OK);
    FUZZ_CHECK(dp_slice_eq(one.shown[0].bytes, b.shown[b.shown_count / 2].bytes));
    dp_buf_fini(&out);
    return true;
}
