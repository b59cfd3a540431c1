/* SPDX-License-Identifier: Apache-2.0 */
/* Whole blocks: what decodes can be pruned, and what was pruned decodes (R-BLK-4, R-BLK-5, R-ZST-1). */
#include "wire/block.h"
#include "fuzz.h"

/* Every third entry. */
static uint16_t choose(uint16_t count, uint16_t *indices)
{
    uint16_t n = 0;

    for (uint16_t i = 0; i < count; i = (uint16_t)(i + 3))
        indices[n++] = i;
    return n;
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    uint16_t indices[DP_BLOCK_ENTRIES_MAX];
    struct dp_block b, shown;
    struct dp_buf out;
    uint16_t n;

    if (dp_block_decode(suite, input, a, &b) != DP_OK)
        return false;
    FUZZ_CHECK(b.whole && b.shown_count == b.h.count);
    n = choose(b.h.count, indices);
    dp_buf_init(&out, DP_BLOCK_WIRE_MAX);
    FUZZ_CHECK(dp_block_prune(suite, &b, indices, n, a, &out) == DP_OK);
    FUZZ_CHECK(dp_block_decode_pruned(suite, dp_buf_slice(&out), a, &shown) == DP_OK);
    FUZZ_CHECK(shown.shown_count == n);
    for (uint16_t i = 0; i < n; i++)
        FUZZ_CHECK(dp_slice_eq(shown.shown[i].bytes, b.shown[indices[i]].bytes));
    dp_buf_fini(&out);
    return true;
}
