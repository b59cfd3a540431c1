/* SPDX-License-Identifier: Apache-2.0 */
/* The two sources behind port/random.h: the kernel's, and a seeded one for simulator and vectors. */
#ifndef DP_CRYPTO_RANDOM_H
#define DP_CRYPTO_RANDOM_H

#include "base/rng.h"
#include "port/random.h"

/* getrandom(2); aborts when the kernel gives none. */
struct dp_random dp_random_system(void);

/* Deterministic, never for real keys. `rng` is borrowed and must outlive the result. */
struct dp_random dp_random_seeded(struct dp_rng *rng);

#endif
