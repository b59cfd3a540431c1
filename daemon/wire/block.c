/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole blocks: sealing, and decoding what a child or a disk hands over. A block is taken only when every
 * entry of it is there and hashes to the root that its origin signed (R-BLK-2, R-BLK-4).
 */
#include "wire/block.h"

#include <string.h>

#include "case/entry.h"
#include "wire/merkle.h"
#include "wire/zip.h"

uint16_t dp_block_fit(const struct dp_slice *entries, size_t n)
{
    size_t raw = 0;
    uint16_t count = 0;

    while (count < n && count < DP_BLOCK_ENTRIES_MAX) {
        raw += 2 + entries[count].len;
        if (raw > DP_BLOCK_RAW_MAX)
            break;
        count++;
    }
    return count;
}

/* ---- seal ---- */

static void leaves_put(const struct dp_suite *suite, const uint8_t secret[DP_SECRET_BYTES],
                       const struct dp_slice *entries, uint16_t n, struct dp_digest *leaves)
{
    uint8_t salt[DP_SALT_BYTES];

    for (uint16_t i = 0; i < n; i++) {
        dp_merkle_salt(suite, secret, i, salt);
        dp_merkle_leaf(suite, salt, entries[i], &leaves[i]);
    }
}

static enum dp_err header_make(const struct dp_seal *in, const struct dp_slice *entries, uint16_t n,
                               struct dp_arena *a, struct dp_header *h)
{
    struct dp_digest *leaves = DP_NEW_ARRAY(a, struct dp_digest, n);
    uint8_t bytes[DP_HEADER_BYTES];

    if (leaves == NULL)
        return DP_NOMEM;
    *h = (struct dp_header){
        .suite = in->suite->id,
        .first = in->first,
        .count = n,
        .inc = in->inc,
        .origin = in->origin,
        .number = in->number,
        .first_seq = in->first_seq,
        .cert = in->cert,
        .prev = in->prev,
    };
    leaves_put(in->suite, in->secret, entries, n, leaves);
    dp_merkle_root(in->suite, leaves, n, &h->root);
    dp_header_put(h, bytes);
    return in->suite->sign(in->sign_seed, dp_slice_of(bytes, DP_HEADER_SIGNED), &h->sig);
}

/* The entries with their lengths, one after the other; {NULL, 0} without room. */
static struct dp_slice raw_make(const struct dp_slice *entries, uint16_t n, struct dp_arena *a)
{
    struct dp_wr w;
    size_t len = 0;
    uint8_t *p;

    for (uint16_t i = 0; i < n; i++)
        len += 2 + entries[i].len;
    p = dp_arena_alloc(a, len);
    if (p == NULL)
        return dp_slice_of(NULL, 0);
    w = dp_wr_of(p, len);
    for (uint16_t i = 0; i < n; i++) {
        dp_wr_u16(&w, (uint16_t)entries[i].len);
        dp_wr_bytes(&w, entries[i].p, entries[i].len);
    }
    return dp_wr_slice(&w);
}

static enum dp_err entries_check(const struct dp_slice *entries, uint16_t n)
{
    for (uint16_t i = 0; i < n; i++) {
        if (entries[i].len == 0)
            return DP_RANGE;
        if (entries[i].len > DP_ENTRY_BYTES_MAX)
            return DP_TOO_BIG;
    }
    if (n == 0)
        return DP_RANGE;
    return dp_block_fit(entries, n) == n ? DP_OK : DP_TOO_BIG;
}

static enum dp_err whole_put(const struct dp_header *h, const struct dp_seal *in, struct dp_slice raw,
                             struct dp_buf *out)
{
    uint8_t bytes[DP_HEADER_BYTES];
    struct dp_header again;
    enum dp_err e;

    dp_header_put(h, bytes);
    if (dp_header_get(dp_slice_of(bytes, sizeof(bytes)), &again) != DP_OK)
        return DP_RANGE;
    e = dp_buf_put(out, bytes, sizeof(bytes));
    if (e == DP_OK)
        e = dp_buf_put(out, in->secret, DP_SECRET_BYTES);
    if (e == DP_OK)
        e = dp_zip(raw, in->zstd_level, out);
    return e;
}

enum dp_err dp_block_seal(const struct dp_seal *in, const struct dp_slice *entries, uint16_t n,
                          struct dp_arena *a, struct dp_buf *out, struct dp_header *header)
{
    const size_t before = out->len;
    struct dp_header h;
    struct dp_slice raw;
    enum dp_err e = entries_check(entries, n);

    if (e != DP_OK)
        return e;
    e = header_make(in, entries, n, a, &h);
    if (e != DP_OK)
        return e;
    raw = raw_make(entries, n, a);
    e = raw.p != NULL ? whole_put(&h, in, raw, out) : DP_NOMEM;
    if (e == DP_OK)
        *header = h;
    else
        out->len = before;
    return e;
}

/* ---- decode ---- */

/* Split the raw bytes into exactly `count` entries. */
static bool entries_get(struct dp_slice raw, struct dp_block *b)
{
    struct dp_rd r = dp_rd_of(raw);

    for (uint16_t i = 0; i < b->h.count; i++) {
        struct dp_shown *to = &b->shown[i];
        uint16_t len = dp_rd_u16(&r);
        if (len == 0 || len > DP_ENTRY_BYTES_MAX)
            return false;
        to->index = i;
        to->bytes = dp_rd_take(&r, len);
    }
    b->shown_count = b->h.count;
    return dp_rd_done(&r) == DP_OK;
}

static enum dp_err root_check(const struct dp_suite *suite, struct dp_block *b, struct dp_digest *scratch)
{
    struct dp_digest root;

    for (uint16_t i = 0; i < b->shown_count; i++) {
        struct dp_shown *s = &b->shown[i];
        dp_merkle_salt(suite, b->secret, i, s->salt);
        dp_merkle_leaf(suite, s->salt, s->bytes, &b->leaves[i]);
    }
    memcpy(scratch, b->leaves, b->h.count * sizeof(*scratch));
    dp_merkle_root(suite, scratch, b->h.count, &root);
    return dp_digest_eq(&root, &b->h.root) ? DP_OK : DP_SIGNATURE;
}

enum dp_err dp_block_decode(const struct dp_suite *suite, struct dp_slice wire, struct dp_arena *a,
                            struct dp_block *out)
{
    struct dp_rd r = dp_rd_of(wire);
    struct dp_slice head = dp_rd_take(&r, DP_HEADER_BYTES);
    struct dp_block b = {.whole = true};
    struct dp_digest *scratch;
    struct dp_slice raw;
    enum dp_err e;

    if (wire.len > DP_BLOCK_WIRE_MAX)
        return DP_TOO_BIG;
    dp_rd_copy(&r, b.secret, DP_SECRET_BYTES);
    if (r.err != DP_OK || dp_header_get(head, &b.h) != DP_OK || b.h.suite != suite->id)
        return DP_FORMAT;
    e = dp_unzip(dp_rd_take(&r, dp_rd_left(&r)), DP_BLOCK_RAW_MAX, a, &raw);
    if (e != DP_OK)
        return e;
    b.shown = DP_NEW_ARRAY(a, struct dp_shown, b.h.count);
    b.leaves = DP_NEW_ARRAY(a, struct dp_digest, b.h.count);
    scratch = DP_NEW_ARRAY(a, struct dp_digest, b.h.count);
    if (b.shown == NULL || b.leaves == NULL || scratch == NULL)
        return DP_NOMEM;
    if (!entries_get(raw, &b))
        return DP_FORMAT;
    e = root_check(suite, &b, scratch);
    if (e == DP_OK)
        *out = b;
    return e;
}
