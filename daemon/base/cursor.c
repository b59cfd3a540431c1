/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading and the writing cursor. Invariant of the reader: p <= end, and p == end
 * after a failure, so that a loop over dp_rd_left ends. Invariant of the writer: len <= cap,
 * and what was written before a failure stays.
 */
#include "base/slice.h"

#include <endian.h>
#include <string.h>

#define VARINT_MAX 10

struct dp_rd dp_rd_of(struct dp_slice s)
{
    static const uint8_t nothing[1];
    const uint8_t *p = s.len > 0 ? s.p : nothing;

    return (struct dp_rd){p, p + s.len, DP_OK};
}

/* The next `len` bytes, or NULL and the error. */
static const uint8_t *rd_next(struct dp_rd *r, size_t len)
{
    const uint8_t *p = r->p;

    if (len > (size_t)(r->end - p)) {
        r->p = r->end;
        r->err = DP_FORMAT;
    }
    if (r->err != DP_OK)
        return NULL;
    r->p = p + len;
    return p;
}

uint8_t dp_rd_u8(struct dp_rd *r)
{
    const uint8_t *p = rd_next(r, 1);

    return p == NULL ? 0 : *p;
}

uint16_t dp_rd_u16(struct dp_rd *r)
{
    uint16_t v;

    dp_rd_copy(r, &v, sizeof(v));
    return be16toh(v);
}

uint32_t dp_rd_u32(struct dp_rd *r)
{
    uint32_t v;

    dp_rd_copy(r, &v, sizeof(v));
    return be32toh(v);
}

uint64_t dp_rd_u64(struct dp_rd *r)
{
    uint64_t v;

    dp_rd_copy(r, &v, sizeof(v));
    return be64toh(v);
}

static uint64_t rd_fail(struct dp_rd *r)
{
    r->p = r->end;
    r->err = DP_FORMAT;
    return 0;
}

uint64_t dp_rd_varint(struct dp_rd *r)
{
    size_t left = (size_t)(r->end - r->p);
    uint64_t v = 0;

    if (left > 0 && r->p[0] < 0x80)
        return *r->p++;
    for (size_t i = 0; i < left && i < VARINT_MAX; i++) {
        uint8_t b = r->p[i];
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if (b & 0x80)
            continue;
        /* One number has one form: no empty last group, no bits past the 64th. */
        if ((b == 0 && i > 0) || (b > 1 && i == VARINT_MAX - 1))
            break;
        r->p += i + 1;
        return v;
    }
    return rd_fail(r);
}

struct dp_slice dp_rd_take(struct dp_rd *r, size_t len)
{
    const uint8_t *p = rd_next(r, len);

    return p == NULL ? dp_slice_of(NULL, 0) : dp_slice_of(p, len);
}

void dp_rd_copy(struct dp_rd *r, void *to, size_t len)
{
    const uint8_t *p = rd_next(r, len);

    if (len == 0)
        return;
    if (p == NULL)
        memset(to, 0, len);
    else
        memcpy(to, p, len);
}

size_t dp_rd_left(const struct dp_rd *r)
{
    return (size_t)(r->end - r->p);
}

enum dp_err dp_rd_done(const struct dp_rd *r)
{
    return r->err == DP_OK && r->p == r->end ? DP_OK : DP_FORMAT;
}

struct dp_wr dp_wr_of(void *p, size_t cap)
{
    return (struct dp_wr){p, 0, cap, DP_OK};
}

/* Room for `len` bytes, counted as written, or NULL and the error. */
static uint8_t *wr_next(struct dp_wr *w, size_t len)
{
    size_t at = w->len;

    if (len > w->cap - at)
        w->err = DP_TOO_BIG;
    if (w->err != DP_OK)
        return NULL;
    w->len = at + len;
    return w->p + at;
}

void dp_wr_u8(struct dp_wr *w, uint8_t v)
{
    dp_wr_bytes(w, &v, sizeof(v));
}

void dp_wr_u16(struct dp_wr *w, uint16_t v)
{
    v = htobe16(v);
    dp_wr_bytes(w, &v, sizeof(v));
}

void dp_wr_u32(struct dp_wr *w, uint32_t v)
{
    v = htobe32(v);
    dp_wr_bytes(w, &v, sizeof(v));
}

void dp_wr_u64(struct dp_wr *w, uint64_t v)
{
    v = htobe64(v);
    dp_wr_bytes(w, &v, sizeof(v));
}

void dp_wr_varint(struct dp_wr *w, uint64_t v)
{
    uint8_t group[VARINT_MAX];
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        group[n++] = (uint8_t)(v | 0x80);
    group[n++] = (uint8_t)v;
    dp_wr_bytes(w, group, n);
}

void dp_wr_bytes(struct dp_wr *w, const void *p, size_t len)
{
    uint8_t *to;

    if (len == 0)
        return;
    to = wr_next(w, len);
    if (to != NULL)
        memcpy(to, p, len);
}

struct dp_slice dp_wr_slice(const struct dp_wr *w)
{
    return dp_slice_of(w->p, w->len);
}
