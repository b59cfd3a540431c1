/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attachments: a file is cut into 16 KiB chunks, each sealed under a key derived from the attachment's own
 * key and the chunk's index; the entry names the Merkle root over the sealed chunks. Chunks travel as
 * parcels in the bulk lane, to the nodes that were granted the key, and nowhere else.
 */
#include "node/core.h"

#include <stdio.h>
#include <string.h>

#define ROOT_BYTES sizeof(struct dp_digest)
#define WIRE_MAX (ROOT_BYTES * (1 + DP_CHUNK_PATH_MAX) + 8 + DP_CHUNK_BYTES + DP_TAG_BYTES)
#define STRANGERS_MAX                                                                                        \
    DP_CHUNKS_MAX /* chunks of which no entry speaks here, by way of one neighbour: one whole file */

/* What the store has of a chunk: its wire form without the root, which is the key. */
static struct dp_slice record_of(struct dp_slice wire)
{
    return dp_slice_of(wire.p + ROOT_BYTES, wire.len - ROOT_BYTES);
}

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
    dp_chunk_leaf(d->suite, index, *sealed, leaf);
    return DP_OK;
}

enum dp_err dp_files_keep(struct dp_daemon *d, const struct dp_chunk_tree *t, uint32_t index,
                          struct dp_slice sealed)
{
    uint8_t wire[WIRE_MAX];
    struct dp_wr w = dp_wr_of(wire, sizeof wire);
    struct dp_chunk c;
    dp_chunk_prove(t, index, &c);
    c.sealed = sealed;
    enum dp_err e = dp_chunk_put(&c, &w);
    if (e == DP_OK)
        dp_db_chunk_put(&d->db, &c.root, index, record_of(dp_wr_slice(&w)));
    return e;
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
    struct dp_chunk_tree t;
    enum dp_err e = dp_chunk_tree_make(d->suite, leaves, chunks, &d->turn, &t);
    for (uint32_t i = 0; e == DP_OK && i < chunks; i++)
        e = dp_files_keep(d, &t, i, sealed[i]);
    if (e != DP_OK)
        return e;
    body->digest = dp_chunk_root(&t);
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
    uint8_t buf[WIRE_MAX];
    struct dp_wr w = dp_wr_of(buf, sizeof buf);
    struct dp_slice record;
    enum dp_err e = dp_db_chunk(&d->db, root, index, &record);
    if (e == DP_NOT_FOUND) {
        note_waiting(d, root, to);
        return DP_OK;
    }
    if (e != DP_OK)
        return e;
    dp_wr_bytes(&w, root->b, sizeof root->b);
    dp_wr_bytes(&w, record.p, record.len);
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
    enum dp_err e = send_from(d, root, 0, chunks, to);
    /* No such node here (yet), as with the keys (parcels.c): it is granted both when it is known and asks. */
    return e == DP_NOT_FOUND || e == DP_UNREACHABLE ? DP_OK : e;
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

void dp_files_forget(struct dp_daemon *d, const struct dp_digest *root, uint32_t chunks)
{
    struct dp_slice key = {0}, v, prefix = dp_slice_of(root->b, sizeof root->b);
    uint8_t at[40];
    static const enum dp_table ways[] = {DP_T_CHUNK_DUE, DP_T_CHUNK_WAIT};
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        while (dp_db_next_key(&d->db, ways[i], prefix, &key, &v) == DP_OK && key.len == sizeof at) {
            memcpy(at, key.p, sizeof at);
            dp_db_del_key(&d->db, ways[i], dp_slice_of(at, sizeof at));
            key = (struct dp_slice){0};
        }
    for (uint32_t i = 0; i < chunks && i < DP_CHUNKS_MAX; i++) {
        struct dp_wr w = dp_wr_of(at, sizeof at);
        dp_wr_bytes(&w, root->b, sizeof root->b);
        dp_wr_u32(&w, i);
        dp_db_del_key(&d->db, DP_T_CHUNK, dp_wr_slice(&w));
    }
}

/* ---- arriving ---- */

/* Chunks of the file that came before any entry spoke of it, and who brought the first; UINT32_MAX: one does.
 */
static uint32_t strangers_of(struct dp_daemon *d, const struct dp_digest *root, struct dp_node *by)
{
    struct dp_slice v;
    if (dp_db_get32(&d->db, DP_T_FILE, root, &v) != DP_OK)
        return 0;
    struct dp_rd r = dp_rd_of(v);
    uint32_t n = dp_rd_u32(&r);
    by->v = dp_rd_u64(&r);
    return v.len == 0 ? UINT32_MAX : n;
}

/* How many of all files by way of one neighbour. */
static uint64_t strangers(struct dp_daemon *d, struct dp_node by, char word[40])
{
    uint64_t n = 0;
    snprintf(word, 40, "chunk-strangers:%014llu", (unsigned long long)by.v);
    return dp_db_meta_u64(&d->db, word, &n) == DP_OK ? n : 0;
}

void dp_files_named(struct dp_daemon *d, const struct dp_digest *root)
{
    char word[40];
    struct dp_node by = {0};
    uint32_t here = strangers_of(d, root, &by);
    if (here == UINT32_MAX)
        return;
    if (here > 0) {
        uint64_t all = strangers(d, by, word);
        dp_db_meta_u64_put(&d->db, word, all > here ? all - here : 0);
    }
    dp_db_put32(&d->db, DP_T_FILE, root, dp_slice_of("", 0));
}

/*
 * Anybody in the tree can seal chunks of a file of its own for this node: without an entry only so many, and
 * who brings them takes no room from others (R-WAIT-1).
 */
static enum dp_err admit(struct dp_daemon *d, const struct dp_peer *from, const struct dp_digest *root)
{
    uint8_t row[12];
    char word[40];
    struct dp_wr w = dp_wr_of(row, sizeof row);
    struct dp_node by = from->node;
    uint32_t here = strangers_of(d, root, &by);
    if (here == UINT32_MAX)
        return DP_OK;
    uint64_t all = strangers(d, by, word);
    if (all >= STRANGERS_MAX)
        return DP_FULL;
    dp_wr_u32(&w, here + 1);
    dp_wr_u64(&w, by.v);
    dp_db_put32(&d->db, DP_T_FILE, root, dp_wr_slice(&w));
    dp_db_meta_u64_put(&d->db, word, all + 1);
    return DP_OK;
}

/* N5: the file stays without it until who has it sends it again. */
static void report(struct dp_daemon *d, const struct dp_peer *from)
{
    char node[DP_NODE_TEXT], text[160];
    dp_node_format(from->node, node);
    snprintf(text, sizeof text,
             "a piece of a file that came by way of %s was changed on its way; it was dropped", node);
    dp_alarm_of(d, "file", from->node, text);
}

enum dp_err dp_files_in(struct dp_daemon *d, const struct dp_peer *from, struct dp_slice body)
{
    struct dp_chunk c;
    struct dp_slice have;
    enum dp_err e = dp_chunk_get(d->suite, body, &c); /* R-FILE-2 */
    if (e == DP_SIGNATURE)
        report(d, from);
    if (e != DP_OK || dp_db_chunk(&d->db, &c.root, c.index, &have) == DP_OK)
        return e;
    e = admit(d, from, &c.root);
    if (e != DP_OK)
        return e;
    dp_db_chunk_put(&d->db, &c.root, c.index, record_of(body));
    return pass_on(d, &c.root, body);
}

enum dp_err dp_files_read(struct dp_daemon *d, const struct dp_digest *root, uint32_t index,
                          const struct dp_key *key, struct dp_slice *out)
{
    struct dp_slice record, sealed;
    struct dp_key k;
    enum dp_err e = dp_db_chunk(&d->db, root, index, &record);
    if (e == DP_OK)
        e = dp_chunk_sealed(record, &sealed) == DP_OK ? chunk_key(d, key, index, &k) : DP_CORRUPT;
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
