/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks that are not compressed, by option. An entry that answers one of the end names it, so that its bytes
 * tell how many entries the end had; how well such bytes compress would make lines differ by a byte or two
 * for that alone. A frame of raw blocks is valid zstd (RFC 8878, 3.1.1) and is read by the real code.
 */
#include "sim/worlds/worlds.h"

#include "wire/zip.h"

#define RAW_MAX 131072u

enum dp_err __real_dp_zip(struct dp_slice plain, int level, struct dp_buf *out);
enum dp_err __wrap_dp_zip(struct dp_slice plain, int level, struct dp_buf *out);

static bool raw;

void worlds_uncompressed(bool on)
{
    raw = on;
}

static void put_le(uint8_t *to, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

enum dp_err __wrap_dp_zip(struct dp_slice plain, int level, struct dp_buf *out)
{
    uint8_t head[9] = {0x28, 0xb5, 0x2f, 0xfd, 0xa0}; /* one segment, its size in four bytes */
    size_t at = 0;
    if (!raw)
        return __real_dp_zip(plain, level, out);
    put_le(head + 5, (uint32_t)plain.len, 4);
    enum dp_err e = dp_buf_put(out, head, sizeof(head));
    do {
        uint8_t block[3];
        size_t left = plain.len - at, n = left < RAW_MAX ? left : RAW_MAX;
        put_le(block, (uint32_t)(n << 3 | (n == left)), 3);
        if (e == DP_OK)
            e = dp_buf_put(out, block, sizeof(block));
        if (e == DP_OK && n > 0)
            e = dp_buf_put(out, plain.p + at, n);
        at += n;
    } while (e == DP_OK && at < plain.len);
    return e;
}
