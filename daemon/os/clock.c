/* SPDX-License-Identifier: Apache-2.0 */
/* Wall and monotonic time from the kernel, and its word on synchronisation. */
#include "os/clock.h"

#include <sys/timex.h>
#include <time.h>

#define SYNCED_FOR_MS 1000

static int64_t read_ms(clockid_t id)
{
    struct timespec t = {0};

    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return read_ms(CLOCK_REALTIME);
}

static int64_t mono_ms(void *ctx)
{
    (void)ctx;
    return read_ms(CLOCK_MONOTONIC);
}

/* Both the state and the flag: a service that lost its source leaves one of them behind. */
static bool ask_synced(void)
{
    struct timex t = {0};
    int state = adjtimex(&t);

    return state >= 0 && state != TIME_ERROR && (t.status & STA_UNSYNC) == 0;
}

/* Asked for every entry; the question costs the kernel more than a clock does, and the answer changes in
 * hours. */
static bool synced(void *ctx)
{
    static int64_t asked_ms = INT64_MIN / 2;
    static bool last;
    int64_t now = mono_ms(ctx);

    if (now - asked_ms >= SYNCED_FOR_MS) {
        last = ask_synced();
        asked_ms = now;
    }
    return last;
}

struct dp_clock_src dp_os_clock(void)
{
    return (struct dp_clock_src){.wall_ms = wall_ms, .mono_ms = mono_ms, .synced = synced};
}
