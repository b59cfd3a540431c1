/* SPDX-License-Identifier: Apache-2.0 */
/* Growable buffer: doubles, never past the limit its owner set. */
#include "base/slice.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 256

void dp_buf_init(struct dp_buf *b, size_t cap_max)
{
    *b = (struct dp_buf){.cap_max = cap_max};
}

void dp_buf_fini(struct dp_buf *b)
{
    free(b->p);
    *b = (struct dp_buf){.cap_max = b->cap_max};
}

void dp_buf_reset(struct dp_buf *b)
{
    b->len = 0;
}

/* At least `need`, doubled from what there is, at most the limit. need <= cap_max. */
static size_t grown(const struct dp_buf *b, size_t need)
{
    size_t cap = b->cap > 0 ? b->cap : FIRST_BYTES;

    while (cap < need)
        cap = cap > b->cap_max / 2 ? b->cap_max : cap * 2;
    return cap < b->cap_max ? cap : b->cap_max;
}

enum dp_err dp_buf_reserve(struct dp_buf *b, size_t len)
{
    size_t cap;
    uint8_t *p;

    if (len <= b->cap - b->len)
        return DP_OK;
    if (len > b->cap_max - b->len)
        return DP_TOO_BIG;
    cap = grown(b, b->len + len);
    p = realloc(b->p, cap);
    if (p == NULL) {
        b->starved = true;
        return DP_NOMEM;
    }
    b->p = p;
    b->cap = cap;
    return DP_OK;
}

enum dp_err dp_buf_put(struct dp_buf *b, const void *p, size_t len)
{
    enum dp_err err = dp_buf_reserve(b, len);

    if (err != DP_OK)
        return err;
    if (len > 0)
        memcpy(b->p + b->len, p, len);
    b->len += len;
    return DP_OK;
}

struct dp_slice dp_buf_slice(const struct dp_buf *b)
{
    return dp_slice_of(b->p, b->len);
}
