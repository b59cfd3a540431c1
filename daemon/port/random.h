/* SPDX-License-Identifier: Apache-2.0 */
/* Source of randomness for keys, salts, ephemerals, incarnations, nonces and jitter. */
#ifndef DP_PORT_RANDOM_H
#define DP_PORT_RANDOM_H

#include <stddef.h>

struct dp_random {
    void (*fill)(void *ctx, void *p, size_t len); /* cannot fail: aborts when the system has no entropy */
    void *ctx;
};

#endif
