/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of attachments with their paths: what proves itself is written back byte for byte, its size is as
 * foretold, and with one bit changed it proves nothing (R-FILE-2). Only the count may change: two files of
 * which one is longer can have the same path to a place, and nothing is decided by it but the path's length.
 */
#include "wire/chunk.h"

#include <string.h>

#include "fuzz.h"

#define WIRE_MAX (sizeof(struct dp_digest) * (1 + DP_CHUNK_PATH_MAX) + 8 + DP_CHUNK_BYTES + DP_TAG_BYTES)

static void check_again(const struct dp_chunk *c, struct dp_slice input)
{
    static uint8_t bytes[WIRE_MAX];
    struct dp_wr w = dp_wr_of(bytes, sizeof(bytes));
    struct dp_slice sealed;

    FUZZ_CHECK(dp_chunk_put(c, &w) == DP_OK);
    FUZZ_CHECK(dp_slice_eq(dp_wr_slice(&w), input));
    FUZZ_CHECK(dp_chunk_wire_bytes(c->count, c->index, c->sealed.len) == input.len);
    size_t root = sizeof(struct dp_digest);
    FUZZ_CHECK(dp_chunk_sealed(dp_slice_of(input.p + root, input.len - root), &sealed) == DP_OK);
    FUZZ_CHECK(dp_slice_eq(sealed, c->sealed));
}

/* The place that is changed comes from the bytes themselves. */
static void check_changed(const struct dp_suite *suite, struct dp_slice input)
{
    static uint8_t bytes[WIRE_MAX];
    size_t at = (input.p[0] * 256u + input.p[input.len - 1]) % input.len;
    struct dp_chunk c;

    memcpy(bytes, input.p, input.len);
    if (at >= sizeof(struct dp_digest) && at < sizeof(struct dp_digest) + 4)
        at += 4;
    bytes[at] ^= (uint8_t)(1u << input.p[1] % 8);
    FUZZ_CHECK(dp_chunk_get(suite, dp_slice_of(bytes, input.len), &c) != DP_OK);
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_chunk c;

    (void)a;
    if (dp_chunk_get(suite, input, &c) != DP_OK)
        return false;
    FUZZ_CHECK(c.index < c.count && c.count <= DP_CHUNKS_MAX);
    FUZZ_CHECK(c.path_count <= DP_CHUNK_PATH_MAX);
    check_again(&c, input);
    if (suite != &fuzz_hollow)
        check_changed(suite, input);
    return true;
}
