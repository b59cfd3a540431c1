/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP relay on the loopback that counts payload bytes each way; a thread of its own. */
#ifndef DP_BENCH_PROXY_H
#define DP_BENCH_PROXY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct proxy {
    unsigned port; /* where it listens */
    unsigned to;   /* where it connects */
    int listener;
    _Atomic uint64_t up, down; /* from the one who connects, and back */
};

/* Lives until the process ends. Ends the program when it cannot listen. */
void proxy_start(struct proxy *p, unsigned to);
uint64_t proxy_bytes(struct proxy *p);

#endif
