/* SPDX-License-Identifier: Apache-2.0 */
/* The published algorithm, words little-endian; two rounds a word, four at the end. */
#include "store/siphash.h"

static uint64_t rotl(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

/* Up to 8 bytes, the rest zero. */
static uint64_t word(const uint8_t *p, size_t len)
{
    uint64_t v = 0;

    for (size_t i = 0; i < len; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static void rounds(uint64_t v[4], int n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] = rotl(v[0], 32) + v[3];
        v[2] += v[1];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[2] = rotl(v[2], 32);
    }
}

static void absorb(uint64_t v[4], uint64_t m)
{
    v[3] ^= m;
    rounds(v, 2);
    v[0] ^= m;
}

uint64_t dp_siphash(const uint8_t key[16], struct dp_slice s)
{
    uint64_t k0 = word(key, 8);
    uint64_t k1 = word(key + 8, 8);
    uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                     k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)s.len << 56;

    for (; s.len >= 8; s.p += 8, s.len -= 8)
        absorb(v, word(s.p, 8));
    absorb(v, last | word(s.p, s.len));
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
