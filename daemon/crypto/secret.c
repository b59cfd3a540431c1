/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of their own, so that locking them locks nothing else: see secret.h. */
#include "crypto/secret.h"

#include <sys/mman.h>

#include "base/slice.h"

static bool failed;

void *dp_secret_alloc(size_t len)
{
    void *p =
        len == 0 ? MAP_FAILED : mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    failed = mlock(p, len) != 0 || failed;
    (void)madvise(p, len, MADV_DONTDUMP);
    return p;
}

void dp_secret_free(void *p, size_t len)
{
    if (p == NULL)
        return;
    dp_wipe(p, len);
    (void)munmap(p, len);
}

bool dp_secret_locked(void)
{
    return !failed;
}
