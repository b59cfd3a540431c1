/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed bytes, and bounds-checked cursors over them. Fixed layouts are big-endian.
 * Both cursors carry a sticky error: after the first failure every call is a no-op
 * (a read gives zero), and the caller checks once at the end.
 */
#ifndef DP_BASE_SLICE_H
#define DP_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* `len` bytes at `p`, owned by somebody else; p may be NULL when len is 0. */
struct dp_slice {
    const uint8_t *p;
    size_t len;
};

struct dp_slice dp_slice_of(const void *p, size_t len);
struct dp_slice dp_slice_str(const char *s);
bool dp_slice_eq(struct dp_slice a, struct dp_slice b);
/* memcmp order; a prefix sorts before the longer one. */
int dp_slice_cmp(struct dp_slice a, struct dp_slice b);

/* Reader. */
struct dp_rd {
    const uint8_t *p;
    const uint8_t *end;
    enum dp_err err; /* DP_OK, or DP_FORMAT after the first short read */
};

struct dp_rd dp_rd_of(struct dp_slice s);
uint8_t dp_rd_u8(struct dp_rd *r);
uint16_t dp_rd_u16(struct dp_rd *r);
uint32_t dp_rd_u32(struct dp_rd *r);
uint64_t dp_rd_u64(struct dp_rd *r);
/* LEB128, at most 10 bytes, minimal form only (else DP_FORMAT). */
uint64_t dp_rd_varint(struct dp_rd *r);
/* Borrow `len` bytes; {NULL, 0} on error. */
struct dp_slice dp_rd_take(struct dp_rd *r, size_t len);
/* Copy exactly `len` bytes to `to`; zeroes on error. */
void dp_rd_copy(struct dp_rd *r, void *to, size_t len);
size_t dp_rd_left(const struct dp_rd *r);
/* DP_OK when everything was read and nothing failed, else DP_FORMAT. */
DP_MUST enum dp_err dp_rd_done(const struct dp_rd *r);

/* Writer into the caller's fixed buffer. */
struct dp_wr {
    uint8_t *p;
    size_t len; /* written */
    size_t cap;
    enum dp_err err; /* DP_OK, or DP_TOO_BIG once it did not fit */
};

struct dp_wr dp_wr_of(void *p, size_t cap);
void dp_wr_u8(struct dp_wr *w, uint8_t v);
void dp_wr_u16(struct dp_wr *w, uint16_t v);
void dp_wr_u32(struct dp_wr *w, uint32_t v);
void dp_wr_u64(struct dp_wr *w, uint64_t v);
void dp_wr_varint(struct dp_wr *w, uint64_t v);
void dp_wr_bytes(struct dp_wr *w, const void *p, size_t len);
struct dp_slice dp_wr_slice(const struct dp_wr *w);

/* Growable byte buffer, heap; doubling; `cap_max` is a hard limit set by the owner. */
struct dp_buf {
    uint8_t *p;
    size_t len;
    size_t cap;
    size_t cap_max;
    bool starved; /* realloc failed since the owner last set this to false */
};

void dp_buf_init(struct dp_buf *b, size_t cap_max);
void dp_buf_fini(struct dp_buf *b);
void dp_buf_reset(struct dp_buf *b); /* len = 0, memory kept */
/* Room for `len` more bytes; DP_TOO_BIG past cap_max. */
DP_MUST enum dp_err dp_buf_reserve(struct dp_buf *b, size_t len);
DP_MUST enum dp_err dp_buf_put(struct dp_buf *b, const void *p, size_t len);
struct dp_slice dp_buf_slice(const struct dp_buf *b);

/* Overwrite with zeros in a way the compiler keeps. For secrets. */
void dp_wipe(void *p, size_t len);
/* Constant-time equality, for secrets. */
bool dp_secret_eq(const void *a, const void *b, size_t len);

/* Lower-case hex; `out` has room for 2*len+1. */
void dp_hex(const void *p, size_t len, char *out);
/* Exactly `len` bytes from 2*len hex digits, else DP_FORMAT. */
DP_MUST enum dp_err dp_unhex(const char *s, size_t s_len, void *out, size_t len);

/* True when `s` is valid UTF-8 without NUL or other control characters but \n and \t. */
bool dp_utf8_ok(struct dp_slice s);

#endif
