/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness from the kernel. A node without it must not make keys, so it stops. */
#include "crypto/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/log.h"

static void fill_system(void *ctx, void *p, size_t len)
{
    unsigned char *to = p;

    (void)ctx;
    while (len > 0) {
        ssize_t got = getrandom(to, len, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            dp_log(DP_LOG_ERROR, "the system gives no randomness, errno %d", errno);
            abort();
        }
        to += got;
        len -= (size_t)got;
    }
}

struct dp_random dp_random_system(void)
{
    return (struct dp_random){fill_system, NULL};
}
