/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attachments: a file is cut into 16 KiB chunks, each sealed under a key derived from the attachment's own
 * key and the chunk's index; the entry names the Merkle root over the sealed chunks. Chunks travel as
 * parcels in the bulk lane, to the nodes that were granted the key, and nowhere else.
 */
#include "node/core.h"

#include <string.h>

static enum dp_err chunk_key(struct dp_daemon *d, const struct dp_key *key, uint32_t index,
                             struct dp_key *out)
{
    static const char context[] = "daipao/chunk/1";
    uint8_t info[sizeof context - 1 + 4];
    struct dp_wr w = dp_wr_of(info, sizeof info);
    dp_wr_bytes(&w, context, sizeof context - 1);
    dp_wr_u32(&w, index);
    return d->suite->hkdf(dp_slice_of(key->b, sizeof key->b), dp_slice_of("", 0), dp_wr_slice(&w), out);
}

static void chunk_leaf(struct dp_daemon *d, uint32_t index, struct dp_slice sealed, struct dp_digest *out)
{
    uint8_t head[5] = {0x05, (uint8_t)(index >> 24), (uint8_t)(index >> 16), (uint8_t)(index >> 8),
                       (uint8_t)index};
    struct dp_slice in[2] = {dp_slice_of(head, sizeof head), sealed};
    d->suite->hash(in, 2, out);
}

enum dp_err dp_files_seal_chunk(struct dp_daemon *d, const struct dp_key *key, uint32_t index,
                                struct dp_slice plain, struct dp_slice *sealed, struct dp_digest *leaf)
{
    struct dp_key k;
    uint8_t *out = dp_arena_alloc(&d->turn, plain.len + DP_TAG_BYTES);
    enum dp_err e = out == NULL ? DP_NOMEM : chunk_key(d, key, index, &k);
    if (e == DP_OK)
        e = d->suite->seal(&k, dp_slice_of("", 0), plain, out);
    dp_wipe(&k, sizeof k);
    if (e != DP_OK)
        return e;
    *sealed = dp_slice_of(out, plain.len + DP_TAG_BYTES);
    chunk_leaf(d, index, *sealed, leaf);
    return DP_OK;
}

enum dp_err dp_files_seal(struct dp_daemon *d, const struct dp_file *f, struct dp_body *body,
                          struct dp_key *key)
{
    uint32_t chunks = (uint32_t)((f->content.len + DP_CHUNK_BYTES - 1) / DP_CHUNK_BYTES);
    d->port.random.fill(d->port.random.ctx, key->b, sizeof key->b);
    struct dp_digest *leaves = DP_NEW_ARRAY(&d->turn, struct dp_digest, chunks == 0 ? 1 : chunks);
    struct dp_slice *sealed = DP_NEW_ARRAY(&d->turn, struct dp_slice, chunks == 0 ? 1 : chunks);
    if (leaves == NULL || sealed == NULL)
        return DP_NOMEM;
    for (uint32_t i = 0; i < chunks; i++) {
        size_t at = (size_t)i * DP_CHUNK_BYTES, left = f->content.len - at;
        struct dp_slice plain = dp_slice_of(f->content.p + at, left < DP_CHUNK_BYTES ? left : DP_CHUNK_BYTES);
        enum dp_err e = dp_files_seal_chunk(d, key, i, plain, &sealed[i], &leaves[i]);
        if (e != DP_OK)
            return e;
    }
    if (chunks > 0)
        dp_merkle_root(d->suite, leaves, chunks, &body->digest);
    for (uint32_t i = 0; i < chunks; i++)
        dp_db_chunk_put(&d->db, &body->digest, i, sealed[i]);
    body->size = f->content.len;
    body->code3 = chunks;
    body->flag = true;
    return DP_OK;
}

static struct dp_slice wait_key(uint8_t key[40], const struct dp_digest *root, struct dp_node to)
{
    struct dp_wr w = dp_wr_of(key, 40);
    dp_wr_bytes(&w, root->b, sizeof root->b);
    dp_wr_u64(&w, to.v);
    return dp_slice_of(key, 40);
}

/* On its way still, and this node passed the case on: what comes goes on to `to`. */
static void note_waiting(struct dp_daemon *d, const struct dp_digest *root, struct dp_node to)
{
    uint8_t key[40];
    dp_db_put_key(&d->db, DP_T_CHUNK_WAIT, wait_key(key, root, to), dp_slice_of("", 0));
}

static enum dp_err pass_on(struct dp_daemon *d, const struct dp_digest *root, struct dp_slice chunk)
{
    struct dp_slice key = {0}, v;
    uint8_t at[40];
    while (dp_db_next_key(&d->db, DP_T_CHUNK_WAIT, dp_slice_of(root->b, sizeof root->b), &key, &v) == DP_OK &&
           key.len == sizeof at) {
        memcpy(at, key.p, sizeof at);
        key = dp_slice_of(at, sizeof at); /* ours: the write below ends what was borrowed */
        struct dp_rd r = dp_rd_of(dp_slice_of(at + 32, 8));
        struct dp_node to = {.v = dp_rd_u64(&r)};
        enum dp_err e = dp_parcels_send(d, to, DP_PARCEL_CHUNK, chunk, DP_LANE_BULK);
        if (e != DP_OK)
            return e;
    }
    return DP_OK;
}

static enum dp_err send_chunk(struct dp_daemon *d, const struct dp_digest *root, uint32_t index,
                              struct dp_node to)
{
    uint8_t buf[36 + DP_CHUNK_BYTES + DP_TAG_BYTES];
    struct dp_wr w = dp_wr_of(buf, sizeof buf);
    struct dp_slice sealed;
    enum dp_err e = dp_db_chunk(&d->db, root, index, &sealed);
    if (e == DP_NOT_FOUND) {
        note_waiting(d, root, to);
        return DP_OK;
    }
    if (e != DP_OK)
        return e;
    dp_wr_bytes(&w, root->b, sizeof root->b);
    dp_wr_u32(&w, index);
    dp_wr_bytes(&w, sealed.p, sealed.len);
    return w.err != DP_OK ? DP_CORRUPT
                          : dp_parcels_send(d, to, DP_PARCEL_CHUNK, dp_wr_slice(&w), DP_LANE_BULK);
}

/* R-FILE-1: from chunk `at` on, as many as the turn may still send; how far it came is kept for the next. */
static enum dp_err send_from(struct dp_daemon *d, const struct dp_digest *root, uint32_t at, uint32_t chunks,
                             struct dp_node to)
{
    uint8_t key[40], row[8];
    struct dp_wr w = dp_wr_of(row, sizeof row);
    for (; at < chunks && d->chunks_left > 0; at++, d->chunks_left--) {
        enum dp_err e = send_chunk(d, root, at, to);
        if (e != DP_OK)
            return e;
    }
    wait_key(key, root, to);
    if (at == chunks) {
        dp_db_del_key(&d->db, DP_T_CHUNK_DUE, dp_slice_of(key, sizeof key));
        return DP_OK;
    }
    dp_wr_u32(&w, at);
    dp_wr_u32(&w, chunks);
    dp_db_put_key(&d->db, DP_T_CHUNK_DUE, dp_slice_of(key, sizeof key), dp_wr_slice(&w));
    d->chunks_due = true;
    return DP_OK;
}

enum dp_err dp_files_send(struct dp_daemon *d, const struct dp_digest *root, uint32_t chunks,
                          struct dp_node to)
{
    return send_from(d, root, 0, chunks, to);
}

enum dp_err dp_files_go_on(struct dp_daemon *d)
{
    struct dp_slice key = {0}, v;
    uint8_t at[40];
    if (!d->chunks_due && !d->chunks_look)
        return DP_OK;
    d->chunks_due = d->chunks_look = false;
    while (dp_db_next_key(&d->db, DP_T_CHUNK_DUE, dp_slice_of("", 0), &key, &v) == DP_OK &&
           key.len == sizeof at) {
        struct dp_digest root;
        struct dp_rd r = dp_rd_of(v);
        uint32_t from = dp_rd_u32(&r), chunks = dp_rd_u32(&r);
        if (dp_rd_done(&r) != DP_OK)
            return DP_CORRUPT;
        memcpy(at, key.p, sizeof at);
        key = dp_slice_of(at, sizeof at); /* ours: the write below ends what was borrowed */
        memcpy(root.b, at, sizeof root.b);
        r = dp_rd_of(dp_slice_of(at + sizeof root.b, 8));
        struct dp_node to = {.v = dp_rd_u64(&r)};
        enum dp_err e = send_from(d, &root, from, chunks, to);
        if (e == DP_NOT_FOUND || e == DP_UNREACHABLE) /* no such node any more */
            dp_db_del_key(&d->db, DP_T_CHUNK_DUE, key);
        else if (e != DP_OK || d->chunks_due)
            return e;
    }
    return DP_OK;
}

enum dp_err dp_files_in(struct dp_daemon *d, struct dp_slice body)
{
    struct dp_digest root;
    struct dp_rd r = dp_rd_of(body);
    dp_rd_copy(&r, root.b, sizeof root.b);
    uint32_t index = dp_rd_u32(&r);
    struct dp_slice sealed = dp_rd_take(&r, dp_rd_left(&r));
    if (dp_rd_done(&r) != DP_OK || sealed.len <= DP_TAG_BYTES || sealed.len > DP_CHUNK_BYTES + DP_TAG_BYTES)
        return DP_FORMAT;
    struct dp_slice have;
    if (dp_db_chunk(&d->db, &root, index, &have) == DP_OK)
        return DP_OK; /* what is here is never replaced */
    dp_db_chunk_put(&d->db, &root, index, sealed);
    return pass_on(d, &root, body);
}

enum dp_err dp_files_read(struct dp_daemon *d, const struct dp_digest *root, uint32_t index,
                          const struct dp_key *key, struct dp_slice *out)
{
    struct dp_slice sealed;
    struct dp_key k;
    enum dp_err e = dp_db_chunk(&d->db, root, index, &sealed);
    if (e == DP_OK)
        e = sealed.len <= DP_TAG_BYTES ? DP_CORRUPT : chunk_key(d, key, index, &k);
    if (e != DP_OK)
        return e;
    uint8_t *plain = dp_arena_alloc(&d->turn, sealed.len - DP_TAG_BYTES);
    if (plain == NULL)
        return DP_NOMEM;
    e = d->suite->open(&k, dp_slice_of("", 0), sealed, plain);
    dp_wipe(&k, sizeof k);
    if (e == DP_OK)
        *out = dp_slice_of(plain, sealed.len - DP_TAG_BYTES);
    return e;
}
