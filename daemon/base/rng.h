/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded random numbers for tests, the simulator and the register generator
 * (xoshiro256**, seeded by splitmix64). Not for keys: those come through port/random.h.
 */
#ifndef DP_BASE_RNG_H
#define DP_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct dp_rng {
    uint64_t s[4];
};

void dp_rng_seed(struct dp_rng *r, uint64_t seed);
uint64_t dp_rng_u64(struct dp_rng *r);
/* Uniform in [0, n), n > 0, without modulo bias. */
uint64_t dp_rng_below(struct dp_rng *r, uint64_t n);
void dp_rng_fill(struct dp_rng *r, void *p, size_t len);
/* True with probability num/den. */
int dp_rng_chance(struct dp_rng *r, uint32_t num, uint32_t den);

#endif
