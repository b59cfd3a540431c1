/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are larger than a request (R-FILE-1). Their pieces are sealed as they come, under a key that the
 * store alone does not give away: it follows from the word that the client drew and a salt kept here. Memory
 * holds one piece. The step that attaches the file gives the chunks their name, the root that only the last
 * piece completes; an upload that no step comes for is forgotten.
 */
#include "node/command.h"
#include "node/sight.h"

#include <string.h>

#define UPLOADS_MAX 16 /* of one office: what others send is not told by a refusal (R-N3-9) */
#define REST_MS (INT64_C(3600) * 1000)
#define WORD_MIN 16
#define SALT_BYTES 32

/* Row: last piece 8, size so far 8, salt 32, leaves 32 each. */
struct upload {
    struct dp_digest id; /* of whose it is and its word; the chunks lie under it until they have a root */
    int64_t last_ms;
    uint64_t size;
    uint8_t salt[SALT_BYTES];
    struct dp_digest *leaves; /* arena of the turn, room for all */
    uint32_t count;
};

static struct dp_digest id_of(struct dp_daemon *d, const struct dp_caller *c, const char *word)
{
    static const char context[] = "daipao/upload/1";
    uint8_t who[4 + 8 + DP_SLUG_MAX + 1];
    struct dp_wr w = dp_wr_of(who, sizeof who);
    struct dp_digest id;
    dp_wr_u32(&w, c->uid);
    dp_wr_u64(&w, c->office.node.v);
    dp_wr_bytes(&w, c->office.slug, sizeof c->office.slug);
    struct dp_slice in[3] = {dp_slice_str(context), dp_wr_slice(&w), dp_slice_str(word)};
    d->suite->hash(in, 3, &id);
    w = dp_wr_of(id.b, 4); /* the rows of an office lie together */
    dp_wr_u32(&w, dp_sight_tag(d, &c->office));
    return id;
}

static enum dp_err key_of(struct dp_daemon *d, const struct upload *u, const char *word, struct dp_key *out)
{
    static const char context[] = "daipao/upload-key/1";
    return d->suite->hkdf(dp_slice_str(word), dp_slice_of(u->salt, sizeof u->salt), dp_slice_str(context),
                          out);
}

static enum dp_err read_row(struct dp_daemon *d, struct upload *u)
{
    struct dp_slice v;
    enum dp_err e = dp_db_get32(&d->db, DP_T_UPLOAD, &u->id, &v);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(v);
    u->last_ms = (int64_t)dp_rd_u64(&r);
    u->size = dp_rd_u64(&r);
    dp_rd_copy(&r, u->salt, sizeof u->salt);
    u->count = (uint32_t)(dp_rd_left(&r) / sizeof u->leaves[0]);
    u->leaves = DP_NEW_ARRAY(&d->turn, struct dp_digest, DP_CHUNKS_MAX);
    if (u->leaves == NULL)
        return DP_NOMEM;
    if (u->count > DP_CHUNKS_MAX || u->count != (u->size + DP_CHUNK_BYTES - 1) / DP_CHUNK_BYTES)
        return DP_CORRUPT;
    dp_rd_copy(&r, u->leaves, u->count * sizeof u->leaves[0]);
    return dp_rd_done(&r) == DP_OK ? DP_OK : DP_CORRUPT;
}

static void write_row(struct dp_daemon *d, const struct upload *u)
{
    size_t cap = 16 + SALT_BYTES + u->count * sizeof u->leaves[0];
    uint8_t *row = dp_arena_alloc(&d->turn, cap);
    struct dp_wr w = dp_wr_of(row, cap);
    if (row == NULL) {
        d->turn_error = DP_NOMEM; /* its chunks are written */
        return;
    }
    dp_wr_u64(&w, (uint64_t)d->now_wall);
    dp_wr_u64(&w, u->size);
    dp_wr_bytes(&w, u->salt, sizeof u->salt);
    dp_wr_bytes(&w, u->leaves, u->count * sizeof u->leaves[0]);
    dp_db_put32(&d->db, DP_T_UPLOAD, &u->id, dp_wr_slice(&w));
}

static void chunk_del(struct dp_daemon *d, const struct dp_digest *id, uint32_t index)
{
    uint8_t key[36];
    struct dp_wr w = dp_wr_of(key, sizeof key);
    dp_wr_bytes(&w, id->b, sizeof id->b);
    dp_wr_u32(&w, index);
    dp_db_del_key(&d->db, DP_T_CHUNK, dp_wr_slice(&w));
}

static void forget(struct dp_daemon *d, const struct dp_digest *id, uint32_t chunks)
{
    for (uint32_t i = 0; i < chunks; i++)
        chunk_del(d, id, i);
    dp_db_del_key(&d->db, DP_T_UPLOAD, dp_slice_of(id->b, sizeof id->b));
}

/* Those that rest too long are forgotten. How many others of the office there are. */
static unsigned tidy(struct dp_daemon *d, const struct dp_office *of)
{
    const uint32_t tag = dp_sight_tag(d, of);
    struct dp_slice key = {0}, v;
    unsigned open = 0;
    while (dp_db_next_key(&d->db, DP_T_UPLOAD, dp_slice_of("", 0), &key, &v) == DP_OK) {
        struct dp_digest id;
        struct dp_rd r = dp_rd_of(v);
        int64_t last_ms = (int64_t)dp_rd_u64(&r);
        if (last_ms + REST_MS > d->now_wall && last_ms <= d->now_wall) {
            struct dp_rd k = dp_rd_of(key);
            open += dp_rd_u32(&k) == tag;
            continue;
        }
        memcpy(id.b, key.p, key.len < sizeof id.b ? key.len : sizeof id.b);
        key = dp_slice_of("", 0); /* the borrowed key goes with the row: start again */
        open = 0;
        forget(d, &id, (uint32_t)((v.len - 16 - SALT_BYTES) / sizeof id.b));
    }
    return open;
}

static enum dp_err begin(struct dp_daemon *d, const struct dp_caller *c, struct upload *u)
{
    if (tidy(d, &c->office) >= UPLOADS_MAX)
        return DP_AGAIN;
    d->port.random.fill(d->port.random.ctx, u->salt, sizeof u->salt);
    u->leaves = DP_NEW_ARRAY(&d->turn, struct dp_digest, DP_CHUNKS_MAX);
    return u->leaves == NULL ? DP_NOMEM : DP_OK;
}

/* DP_DUPLICATE: the piece is here. DP_GAP: another comes before it, or the last one came. */
static enum dp_err fits(const struct upload *u, const struct dp_blob *b)
{
    if (b->offset < u->size && b->offset + b->data.len <= u->size)
        return DP_DUPLICATE;
    if (b->offset != u->size || u->size % DP_CHUNK_BYTES != 0 || b->data.len == 0)
        return DP_GAP;
    return u->size + b->data.len > DP_FILE_BYTES_MAX ? DP_TOO_BIG : DP_OK;
}

static enum dp_err append(struct dp_daemon *d, struct upload *u, const struct dp_blob *b)
{
    struct dp_key key;
    enum dp_err e = key_of(d, u, b->upload, &key);
    for (size_t at = 0; e == DP_OK && at < b->data.len; at += DP_CHUNK_BYTES) {
        struct dp_slice sealed;
        size_t left = b->data.len - at;
        struct dp_slice plain = dp_slice_of(b->data.p + at, left < DP_CHUNK_BYTES ? left : DP_CHUNK_BYTES);
        e = dp_files_seal_chunk(d, &key, u->count, plain, &sealed, &u->leaves[u->count]);
        if (e == DP_OK)
            dp_db_chunk_put(&d->db, &u->id, u->count++, sealed);
    }
    dp_wipe(&key, sizeof key);
    u->size += b->data.len;
    return e;
}

static enum dp_err take_piece(struct dp_daemon *d, const struct dp_caller *c, const struct dp_blob *b)
{
    struct upload u = {.id = id_of(d, c, b->upload)};
    enum dp_err e = read_row(d, &u);
    if (e == DP_NOT_FOUND)
        e = b->offset == 0 ? begin(d, c, &u) : DP_GAP;
    if (e == DP_OK)
        e = fits(&u, b);
    if (e != DP_OK)
        return e == DP_DUPLICATE ? DP_OK : e;
    e = append(d, &u, b);
    if (e == DP_OK)
        write_row(d, &u);
    else
        d->turn_error = e; /* half a piece is worse than none */
    return e;
}

void dp_do_blob(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                const struct dp_blob *b, struct dp_outcome *out)
{
    if (!c->has_office) {
        dp_outcome_set(d, out, DP_NOT_ENTITLED,
                       "user %u is no officer of an office here; see `daipao officer add`", c->uid);
        return;
    }
    if (d->intake_stopped) {
        dp_outcome_set(d, out, DP_INTAKE_STOPPED, "disk space is low on this node; free some and try again");
        return;
    }
    enum dp_err e = strlen(b->upload) < WORD_MIN ? DP_USAGE : rq->dry_run ? DP_OK : take_piece(d, c, b);
    if (e == DP_USAGE)
        dp_outcome_set(d, out, e, "the name of an upload is drawn at random, 16 characters or more");
    else if (e == DP_GAP)
        dp_outcome_set(d, out, e, "pieces of a file come in order, in multiples of 16 KiB but the last");
    else if (e == DP_TOO_BIG)
        dp_outcome_set(d, out, e,
                       "a file may have 32 MiB; say of a larger one where it is kept, with --announce");
    else if (e == DP_AGAIN)
        dp_outcome_set(d, out, e,
                       "too many files of this office are on their way into this node; try again in a while");
    else if (e != DP_OK)
        dp_outcome_set(d, out, e, "the file could not be kept");
    else
        out->err = DP_OK;
}

enum dp_err dp_upload_take(struct dp_daemon *d, const struct dp_caller *c, const struct dp_file *f,
                           struct dp_body *body, struct dp_key *key)
{
    struct upload u = {.id = id_of(d, c, f->upload)};
    struct dp_slice sealed;
    enum dp_err e = read_row(d, &u);
    if (e != DP_OK)
        return e;
    if (u.size != f->size)
        return DP_CONFLICT;
    e = key_of(d, &u, f->upload, key);
    if (e != DP_OK)
        return e;
    struct dp_chunk_tree t;
    e = dp_chunk_tree_make(d->suite, u.leaves, u.count, &d->turn, &t);
    for (uint32_t i = 0; e == DP_OK && i < u.count; i++) {
        e = dp_db_chunk(&d->db, &u.id, i, &sealed) == DP_OK ? dp_files_keep(d, &t, i, sealed) : DP_CORRUPT;
    }
    if (e != DP_OK) {
        d->turn_error = e; /* some are written */
        return e;
    }
    body->digest = dp_chunk_root(&t);
    forget(d, &u.id, u.count);
    return DP_OK;
}
