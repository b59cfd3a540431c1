/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame is decoded in one step into room of the size it states, so that no window is allocated by its
 * wish, and a frame that states none is refused.
 */
#include "wire/zip.h"

#include <pthread.h>
#include <zstd.h>

struct contexts {
    ZSTD_CCtx *c;
    ZSTD_DCtx *d;
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct contexts kept;
static bool key_made;

static void contexts_free(void *p)
{
    struct contexts *k = p;

    ZSTD_freeCCtx(k->c);
    ZSTD_freeDCtx(k->d);
    *k = (struct contexts){NULL, NULL};
}

static void setup(void)
{
    key_made = pthread_key_create(&key, contexts_free) == 0;
}

/* The thread's contexts, which end with it; NULL without memory. */
static struct contexts *contexts_get(void)
{
    if (kept.c != NULL && kept.d != NULL)
        return &kept;
    pthread_once(&once, setup);
    if (!key_made || pthread_setspecific(key, &kept) != 0)
        return NULL;
    if (kept.c == NULL)
        kept.c = ZSTD_createCCtx();
    if (kept.d == NULL)
        kept.d = ZSTD_createDCtx();
    return kept.c != NULL && kept.d != NULL ? &kept : NULL;
}

void dp_zip_rest(void)
{
    contexts_free(&kept);
}

enum dp_err dp_zip(struct dp_slice plain, int level, struct dp_buf *out)
{
    struct contexts *k = contexts_get();
    enum dp_err e = dp_buf_reserve(out, ZSTD_compressBound(plain.len));
    size_t n;

    if (k == NULL)
        return DP_NOMEM;
    if (e != DP_OK)
        return e;
    n = ZSTD_compressCCtx(k->c, out->p + out->len, out->cap - out->len, plain.p, plain.len, level);
    if (ZSTD_isError(n))
        return DP_INTERNAL;
    out->len += n;
    return DP_OK;
}

enum dp_err dp_unzip(struct dp_slice frame, size_t max_bytes, struct dp_arena *a, struct dp_slice *plain)
{
    unsigned long long size = ZSTD_getFrameContentSize(frame.p, frame.len);
    struct contexts *k;
    uint8_t *to;
    size_t n;

    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size == 0)
        return DP_FORMAT;
    if (size > max_bytes)
        return DP_TOO_BIG;
    if (ZSTD_findFrameCompressedSize(frame.p, frame.len) != frame.len)
        return DP_FORMAT;
    k = contexts_get();
    to = dp_arena_alloc(a, (size_t)size);
    if (k == NULL || to == NULL)
        return DP_NOMEM;
    n = ZSTD_decompressDCtx(k->d, to, (size_t)size, frame.p, frame.len);
    if (ZSTD_isError(n) || n != size)
        return DP_FORMAT;
    *plain = dp_slice_of(to, n);
    return DP_OK;
}
