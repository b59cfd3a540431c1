/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness from a seed: one seed is one history (simulator, golden vectors). */
#include "crypto/random.h"

static void fill_seeded(void *ctx, void *p, size_t len)
{
    dp_rng_fill(ctx, p, len);
}

struct dp_random dp_random_seeded(struct dp_rng *rng)
{
    return (struct dp_random){fill_seeded, rng};
}
