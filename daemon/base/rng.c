/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xoshiro256** 1.0 with a state drawn by splitmix64, both from the published reference
 * (Blackman and Vigna). The stream is the same on every machine.
 */
#include "base/rng.h"

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t rotate(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

void dp_rng_seed(struct dp_rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

uint64_t dp_rng_u64(struct dp_rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t dp_rng_below(struct dp_rng *r, uint64_t n)
{
    uint64_t reject = (0 - n) % n; /* 2^64 mod n: the short last run of residues */
    uint64_t v;

    do {
        v = dp_rng_u64(r);
    } while (v < reject);
    return v % n;
}

void dp_rng_fill(struct dp_rng *r, void *p, size_t len)
{
    uint8_t *to = p;
    uint64_t v = 0;

    for (size_t i = 0; i < len; i++, v >>= 8) {
        if (i % 8 == 0)
            v = dp_rng_u64(r);
        to[i] = (uint8_t)v;
    }
}

int dp_rng_chance(struct dp_rng *r, uint32_t num, uint32_t den)
{
    return dp_rng_below(r, den) < num;
}
