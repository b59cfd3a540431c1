/* SPDX-License-Identifier: Apache-2.0 */
/* The node's clocks. Wall time is a claim; the monotonic one drives timers. */
#ifndef DP_PORT_CLOCK_H
#define DP_PORT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct dp_clock_src {
    int64_t (*wall_ms)(void *ctx); /* UTC milliseconds */
    int64_t (*mono_ms)(void *ctx);
    bool (*synced)(void *ctx); /* the system says that its clock is synchronised */
    void *ctx;
};

#endif
