/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and values of the store: see layout.h. Keys are built with the sticky writer of
 * base/slice.h, so a key can never overflow its buffer silently.
 */
#include "store/layout.h"

#include <string.h>

static const char *const table_words[DP_T_COUNT] = {
#define X(name, word) word,
    DP_TABLE_LIST(X)
#undef X
};

const char *dp_table_word(enum dp_table t)
{
    return (unsigned)t < DP_T_COUNT ? table_words[t] : "?";
}

/* A key under construction: at most the longest composite key of the layout. */
struct key {
    uint8_t b[96];
    struct dp_wr w;
};

static void key_start(struct key *k)
{
    k->w = dp_wr_of(k->b, sizeof k->b);
}

static void key_name(struct key *k, const struct dp_name *n)
{
    uint8_t b[DP_NAME_BYTES];
    dp_name_put(n, b);
    dp_wr_bytes(&k->w, b, sizeof b);
}

static void key_subject(struct key *k, const struct dp_subject *s)
{
    uint8_t b[DP_SUBJECT_BYTES];
    dp_subject_put(s, b);
    dp_wr_bytes(&k->w, b, sizeof b);
}

static struct dp_slice key_slice(const struct key *k)
{
    return dp_wr_slice(&k->w);
}

static enum dp_err get(struct dp_db *db, enum dp_table t, const struct key *k, struct dp_slice *v)
{
    return db->kv->ops->get(db->t, t, key_slice(k), v);
}

static void put(struct dp_db *db, enum dp_table t, const struct key *k, struct dp_slice v)
{
    db->kv->ops->put(db->t, t, key_slice(k), v);
}

static void del(struct dp_db *db, enum dp_table t, const struct key *k)
{
    db->kv->ops->del(db->t, t, key_slice(k));
}

/*
 * One cursor step, opened and closed here: seek to `k`. The key and value stay borrowed in the transaction
 * after the cursor is closed.
 */
static enum dp_err seek(struct dp_db *db, enum dp_table t, enum dp_kv_seek how, struct dp_slice k,
                        struct dp_slice *rk, struct dp_slice *rv)
{
    const struct dp_kv_ops *ops = db->kv->ops;
    struct dp_kv_cur *c;
    enum dp_err e = ops->cur_open(db->t, t, &c);
    if (e != DP_OK)
        return e;
    e = ops->cur_seek(c, how, k, rk, rv);
    ops->cur_close(c);
    return e;
}

/* First row with a key strictly above `k`. */
static enum dp_err seek_after(struct dp_db *db, enum dp_table t, struct dp_slice k, struct dp_slice *rk,
                              struct dp_slice *rv)
{
    const struct dp_kv_ops *ops = db->kv->ops;
    struct dp_kv_cur *c;
    enum dp_err e = ops->cur_open(db->t, t, &c);
    if (e != DP_OK)
        return e;
    e = ops->cur_seek(c, DP_KV_GE, k, rk, rv);
    if (e == DP_OK && dp_slice_eq(*rk, k))
        e = ops->cur_next(c, rk, rv);
    ops->cur_close(c);
    return e;
}

static bool has_prefix(struct dp_slice s, struct dp_slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

/* ---- transactions ---- */

enum dp_err dp_db_begin(struct dp_db *db, bool write)
{
    if (db->t != NULL)
        return DP_INTERNAL;
    db->write = write;
    return db->kv->ops->begin(db->kv, write, &db->t);
}

enum dp_err dp_db_commit(struct dp_db *db)
{
    struct dp_kv_txn *t = db->t;
    db->t = NULL;
    return t == NULL ? DP_OK : db->kv->ops->commit(t);
}

void dp_db_abort(struct dp_db *db)
{
    struct dp_kv_txn *t = db->t;
    db->t = NULL;
    if (t != NULL)
        db->kv->ops->abort(t);
}

/* ---- meta ---- */

enum dp_err dp_db_meta(struct dp_db *db, const char *word, struct dp_slice *out)
{
    return db->kv->ops->get(db->t, DP_T_META, dp_slice_str(word), out);
}

void dp_db_meta_put(struct dp_db *db, const char *word, struct dp_slice v)
{
    db->kv->ops->put(db->t, DP_T_META, dp_slice_str(word), v);
}

enum dp_err dp_db_meta_u64(struct dp_db *db, const char *word, uint64_t *out)
{
    struct dp_slice v;
    enum dp_err e = dp_db_meta(db, word, &v);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(v);
    uint64_t n = dp_rd_u64(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = n;
    return DP_OK;
}

void dp_db_meta_u64_put(struct dp_db *db, const char *word, uint64_t v)
{
    uint8_t b[8];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    dp_wr_u64(&w, v);
    dp_db_meta_put(db, word, dp_wr_slice(&w));
}

/* ---- chains and blocks ---- */

static void key_chain(struct key *k, struct dp_node origin, uint32_t inc)
{
    key_start(k);
    dp_wr_u64(&k->w, origin.v);
    dp_wr_u32(&k->w, inc);
}

static enum dp_err chain_read(struct dp_slice v, struct dp_chain_row *out)
{
    struct dp_rd r = dp_rd_of(v);
    struct dp_chain_row c = {0};
    c.number = dp_rd_u64(&r);
    c.seq = dp_rd_u64(&r);
    dp_rd_copy(&r, c.digest.b, sizeof c.digest.b);
    dp_rd_copy(&r, c.cert.b, sizeof c.cert.b);
    c.first_ms = (int64_t)dp_rd_u64(&r);
    c.last_ms = (int64_t)dp_rd_u64(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = c;
    return DP_OK;
}

enum dp_err dp_db_chain(struct dp_db *db, struct dp_node origin, uint32_t inc, struct dp_chain_row *out)
{
    struct key k;
    struct dp_slice v;
    key_chain(&k, origin, inc);
    enum dp_err e = get(db, DP_T_CHAIN, &k, &v);
    return e == DP_OK ? chain_read(v, out) : e;
}

void dp_db_chain_put(struct dp_db *db, struct dp_node origin, uint32_t inc, const struct dp_chain_row *c)
{
    uint8_t b[96];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    struct key k;
    key_chain(&k, origin, inc);
    dp_wr_u64(&w, c->number);
    dp_wr_u64(&w, c->seq);
    dp_wr_bytes(&w, c->digest.b, sizeof c->digest.b);
    dp_wr_bytes(&w, c->cert.b, sizeof c->cert.b);
    dp_wr_u64(&w, (uint64_t)c->first_ms);
    dp_wr_u64(&w, (uint64_t)c->last_ms);
    put(db, DP_T_CHAIN, &k, dp_wr_slice(&w));
}

enum dp_err dp_db_chain_next(struct dp_db *db, struct dp_node *origin, uint32_t *inc,
                             struct dp_chain_row *out)
{
    struct key k;
    struct dp_slice rk, rv;
    key_chain(&k, *origin, *inc);
    enum dp_err e = seek_after(db, DP_T_CHAIN, key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(rk);
    origin->v = dp_rd_u64(&r);
    *inc = dp_rd_u32(&r);
    return dp_rd_done(&r) == DP_OK ? chain_read(rv, out) : DP_CORRUPT;
}

static void key_block(struct key *k, struct dp_node origin, uint32_t inc, uint64_t number, uint16_t piece)
{
    key_chain(k, origin, inc);
    dp_wr_u64(&k->w, number);
    dp_wr_u16(&k->w, piece);
}

void dp_db_block_put(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number, uint16_t piece,
                     struct dp_slice wire)
{
    struct key k;
    key_block(&k, origin, inc, number, piece);
    put(db, DP_T_BLOCK, &k, wire);
}

enum dp_err dp_db_block(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number,
                        uint16_t piece, struct dp_slice *wire)
{
    struct key k;
    key_block(&k, origin, inc, number, piece);
    return get(db, DP_T_BLOCK, &k, wire);
}

uint16_t dp_db_block_piece_next(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number)
{
    struct key k;
    struct dp_slice rk, rv;
    key_block(&k, origin, inc, number, UINT16_MAX);
    if (seek(db, DP_T_BLOCK, DP_KV_LE, key_slice(&k), &rk, &rv) != DP_OK || rk.len != 22 ||
        memcmp(rk.p, k.b, 20) != 0)
        return 1;
    return (uint16_t)(((unsigned)rk.p[20] << 8 | rk.p[21]) + 1u);
}

enum dp_err dp_db_block_any(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number,
                            struct dp_slice *wire)
{
    enum dp_err e = dp_db_block(db, origin, inc, number, 0, wire);
    return e == DP_NOT_FOUND ? dp_db_block(db, origin, inc, number, 1, wire) : e;
}

void dp_db_seq_put(struct dp_db *db, const struct dp_name *n, uint64_t number, uint16_t piece)
{
    struct key k;
    uint8_t b[10];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    key_start(&k);
    key_name(&k, n);
    dp_wr_u64(&w, number);
    dp_wr_u16(&w, piece);
    put(db, DP_T_SEQ, &k, dp_wr_slice(&w));
}

enum dp_err dp_db_seq(struct dp_db *db, const struct dp_name *n, uint64_t *number, uint16_t *piece)
{
    struct key k;
    struct dp_slice rk, rv;
    key_start(&k);
    key_name(&k, n);
    enum dp_err e = seek(db, DP_T_SEQ, DP_KV_LE, key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    bool exact = dp_slice_eq(rk, key_slice(&k));
    /* A row of a pruned piece speaks of its own entry only; walk back to the last whole block. */
    while (!exact && rk.len == DP_NAME_BYTES && memcmp(rk.p, k.b, 12) == 0 && rv.len == 10 &&
           (rv.p[8] | rv.p[9]) != 0) {
        struct dp_name at = dp_name_get(rk.p);
        if (at.seq <= 1)
            return DP_NOT_FOUND;
        at.seq--;
        struct key k2;
        key_start(&k2);
        key_name(&k2, &at);
        e = seek(db, DP_T_SEQ, DP_KV_LE, key_slice(&k2), &rk, &rv);
        if (e != DP_OK)
            return e;
    }
    if (rk.len != DP_NAME_BYTES || memcmp(rk.p, k.b, 12) != 0)
        return DP_NOT_FOUND;
    struct dp_rd r = dp_rd_of(rv);
    uint64_t num = dp_rd_u64(&r);
    uint16_t pc = dp_rd_u16(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *number = num;
    *piece = pc;
    return DP_OK;
}

static void key_u64(struct key *k, uint64_t v)
{
    key_start(k);
    dp_wr_u64(&k->w, v);
}

void dp_db_own_put(struct dp_db *db, uint64_t seq, struct dp_slice entry)
{
    struct key k;
    key_u64(&k, seq);
    put(db, DP_T_OWN, &k, entry);
}

enum dp_err dp_db_own(struct dp_db *db, uint64_t seq, struct dp_slice *entry)
{
    struct key k;
    key_u64(&k, seq);
    return get(db, DP_T_OWN, &k, entry);
}

void dp_db_own_del(struct dp_db *db, uint64_t seq)
{
    struct key k;
    key_u64(&k, seq);
    del(db, DP_T_OWN, &k);
}

/* ---- cases ---- */

enum dp_err dp_db_case(struct dp_db *db, const struct dp_subject *s, struct dp_slice *packed)
{
    struct key k;
    key_start(&k);
    key_subject(&k, s);
    return get(db, DP_T_CASE, &k, packed);
}

void dp_db_case_put(struct dp_db *db, const struct dp_subject *s, struct dp_slice packed)
{
    struct key k;
    key_start(&k);
    key_subject(&k, s);
    put(db, DP_T_CASE, &k, packed);
}

enum dp_err dp_db_case_next(struct dp_db *db, struct dp_subject *s, struct dp_slice *packed)
{
    struct key k;
    struct dp_slice rk, rv;
    key_start(&k);
    key_subject(&k, s);
    enum dp_err e = seek_after(db, DP_T_CASE, key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    if (rk.len != DP_SUBJECT_BYTES)
        return DP_CORRUPT;
    if (rk.p[0] != s->type)
        return DP_NOT_FOUND;
    e = dp_subject_get(rk.p, s);
    if (e == DP_OK)
        *packed = rv;
    return e;
}

static void key_wait(struct key *k, const struct dp_name *missing, const struct dp_subject *s)
{
    key_start(k);
    key_name(k, missing);
    key_subject(k, s);
}

void dp_db_wait_put(struct dp_db *db, const struct dp_name *missing, const struct dp_subject *s)
{
    struct key k;
    key_wait(&k, missing, s);
    put(db, DP_T_WAIT, &k, dp_slice_of("", 0));
}

enum dp_err dp_db_wait_next(struct dp_db *db, const struct dp_name *missing, struct dp_subject *s)
{
    struct key k;
    struct dp_slice rk, rv;
    key_wait(&k, missing, s);
    enum dp_err e = seek_after(db, DP_T_WAIT, key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    if (rk.len != DP_NAME_BYTES + DP_SUBJECT_BYTES || memcmp(rk.p, k.b, DP_NAME_BYTES) != 0)
        return DP_NOT_FOUND;
    return dp_subject_get(rk.p + DP_NAME_BYTES, s);
}

void dp_db_wait_del(struct dp_db *db, const struct dp_name *missing, const struct dp_subject *s)
{
    struct key k;
    key_wait(&k, missing, s);
    del(db, DP_T_WAIT, &k);
}

/* ---- journals ---- */

static void key_lane(struct key *k, struct dp_node peer, uint8_t lane)
{
    key_start(k);
    dp_wr_u64(&k->w, peer.v);
    dp_wr_u8(&k->w, lane);
}

static void key_journal(struct key *k, struct dp_node peer, uint8_t lane, uint64_t number)
{
    key_lane(k, peer, lane);
    dp_wr_u64(&k->w, number);
}

#define REF_BYTES_MAX (1 + DP_SUBJECT_BYTES + 2 + DP_REF_NAMES_MAX * DP_NAME_BYTES + 64)

static void ref_put_names(struct dp_wr *w, const struct dp_ref *r)
{
    uint8_t b[DP_SUBJECT_BYTES];
    dp_subject_put(&r->subject, b);
    dp_wr_bytes(w, b, sizeof b);
    dp_wr_u16(w, r->name_count);
    for (uint16_t i = 0; i < r->name_count; i++) {
        uint8_t nb[DP_NAME_BYTES];
        dp_name_put(&r->names[i], nb);
        dp_wr_bytes(w, nb, sizeof nb);
    }
}

void dp_db_journal_put(struct dp_db *db, struct dp_node peer, uint8_t lane, uint64_t number,
                       const struct dp_ref *r)
{
    uint8_t b[REF_BYTES_MAX];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    struct key k;
    dp_wr_u8(&w, r->kind);
    switch ((enum dp_ref_kind)r->kind) {
    case DP_REF_BLOCK:
        dp_wr_u64(&w, r->origin.v);
        dp_wr_u32(&w, r->inc);
        dp_wr_u64(&w, r->number);
        break;
    case DP_REF_ENTRIES:
        ref_put_names(&w, r);
        break;
    case DP_REF_CERT:
    case DP_REF_PARCEL:
    case DP_REF_CHUNK:
        dp_wr_bytes(&w, r->digest.b, sizeof r->digest.b);
        dp_wr_u32(&w, r->index);
        if (r->name_count > 0)
            ref_put_names(&w, r);
        break;
    }
    key_journal(&k, peer, lane, number);
    db->kv->ops->append(db->t, DP_T_JOURNAL, key_slice(&k), dp_wr_slice(&w));
}

static enum dp_err ref_get_names(struct dp_rd *r, struct dp_arena *a, struct dp_ref *out)
{
    struct dp_slice sb = dp_rd_take(r, DP_SUBJECT_BYTES);
    uint16_t n = dp_rd_u16(r);
    if (sb.len != DP_SUBJECT_BYTES || n > DP_REF_NAMES_MAX || dp_subject_get(sb.p, &out->subject) != DP_OK)
        return DP_CORRUPT;
    struct dp_name *names = DP_NEW_ARRAY(a, struct dp_name, n);
    if (names == NULL)
        return DP_NOMEM;
    for (uint16_t i = 0; i < n; i++) {
        struct dp_slice nb = dp_rd_take(r, DP_NAME_BYTES);
        if (nb.len != DP_NAME_BYTES)
            return DP_CORRUPT;
        names[i] = dp_name_get(nb.p);
    }
    out->names = names;
    out->name_count = n;
    return DP_OK;
}

static enum dp_err ref_get(struct dp_slice v, struct dp_arena *a, struct dp_ref *out)
{
    struct dp_rd r = dp_rd_of(v);
    struct dp_ref ref = {.kind = dp_rd_u8(&r)};
    enum dp_err e = DP_OK;
    switch ((enum dp_ref_kind)ref.kind) {
    case DP_REF_BLOCK:
        ref.origin.v = dp_rd_u64(&r);
        ref.inc = dp_rd_u32(&r);
        ref.number = dp_rd_u64(&r);
        break;
    case DP_REF_ENTRIES:
        e = ref_get_names(&r, a, &ref);
        break;
    case DP_REF_CERT:
    case DP_REF_PARCEL:
    case DP_REF_CHUNK:
        dp_rd_copy(&r, ref.digest.b, sizeof ref.digest.b);
        ref.index = dp_rd_u32(&r);
        if (dp_rd_left(&r) > 0)
            e = ref_get_names(&r, a, &ref);
        break;
    default:
        return DP_CORRUPT;
    }
    if (e != DP_OK)
        return e;
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = ref;
    return DP_OK;
}

enum dp_err dp_db_journal(struct dp_db *db, struct dp_node peer, uint8_t lane, uint64_t number,
                          struct dp_arena *a, struct dp_ref *out)
{
    struct key k;
    struct dp_slice v;
    key_journal(&k, peer, lane, number);
    enum dp_err e = get(db, DP_T_JOURNAL, &k, &v);
    return e == DP_OK ? ref_get(v, a, out) : e;
}

/* ---- peers ---- */

#define PEER_BYTES (DP_LANES * 32 + 4 + 1 + 1 + 8 + 4)

static enum dp_err peer_read(struct dp_slice v, struct dp_peer_row *out)
{
    struct dp_rd r = dp_rd_of(v);
    struct dp_peer_row p = {0};
    for (unsigned i = 0; i < DP_LANES; i++) {
        p.lane[i].epoch_out = dp_rd_u32(&r);
        p.lane[i].journal_last = dp_rd_u64(&r);
        p.lane[i].acked = dp_rd_u64(&r);
        p.lane[i].epoch_in = dp_rd_u32(&r);
        p.lane[i].durable_in = dp_rd_u64(&r);
    }
    p.inc = dp_rd_u32(&r);
    p.is_parent = dp_rd_u8(&r) != 0;
    p.revoked = dp_rd_u8(&r) != 0;
    p.heard_ms = (int64_t)dp_rd_u64(&r);
    p.program = dp_rd_u32(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = p;
    return DP_OK;
}

enum dp_err dp_db_peer(struct dp_db *db, struct dp_node peer, struct dp_peer_row *out)
{
    struct key k;
    struct dp_slice v;
    key_u64(&k, peer.v);
    enum dp_err e = get(db, DP_T_PEER, &k, &v);
    return e == DP_OK ? peer_read(v, out) : e;
}

void dp_db_peer_put(struct dp_db *db, struct dp_node peer, const struct dp_peer_row *row)
{
    uint8_t b[PEER_BYTES];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    struct key k;
    for (unsigned i = 0; i < DP_LANES; i++) {
        dp_wr_u32(&w, row->lane[i].epoch_out);
        dp_wr_u64(&w, row->lane[i].journal_last);
        dp_wr_u64(&w, row->lane[i].acked);
        dp_wr_u32(&w, row->lane[i].epoch_in);
        dp_wr_u64(&w, row->lane[i].durable_in);
    }
    dp_wr_u32(&w, row->inc);
    dp_wr_u8(&w, row->is_parent);
    dp_wr_u8(&w, row->revoked);
    dp_wr_u64(&w, (uint64_t)row->heard_ms);
    dp_wr_u32(&w, row->program);
    key_u64(&k, peer.v);
    put(db, DP_T_PEER, &k, dp_wr_slice(&w));
}

enum dp_err dp_db_peer_next(struct dp_db *db, struct dp_node *peer, struct dp_peer_row *out)
{
    struct key k;
    struct dp_slice rk, rv;
    key_u64(&k, peer->v);
    enum dp_err e = seek_after(db, DP_T_PEER, key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(rk);
    peer->v = dp_rd_u64(&r);
    return dp_rd_done(&r) == DP_OK ? peer_read(rv, out) : DP_CORRUPT;
}

bool dp_db_sent_cert(struct dp_db *db, struct dp_node peer, uint8_t lane, const struct dp_digest *cert)
{
    struct key k;
    struct dp_slice v;
    key_lane(&k, peer, lane);
    dp_wr_bytes(&k.w, cert->b, sizeof cert->b);
    return get(db, DP_T_SENT_CERT, &k, &v) == DP_OK;
}

void dp_db_sent_cert_put(struct dp_db *db, struct dp_node peer, uint8_t lane, const struct dp_digest *cert)
{
    struct key k;
    key_lane(&k, peer, lane);
    dp_wr_bytes(&k.w, cert->b, sizeof cert->b);
    put(db, DP_T_SENT_CERT, &k, dp_slice_of("", 0));
}

static void key_routed(struct key *k, struct dp_node child, const struct dp_subject *s)
{
    key_u64(k, child.v);
    key_subject(k, s);
}

bool dp_db_routed(struct dp_db *db, struct dp_node child, const struct dp_subject *s)
{
    struct key k;
    struct dp_slice v;
    key_routed(&k, child, s);
    return get(db, DP_T_ROUTED, &k, &v) == DP_OK;
}

void dp_db_routed_put(struct dp_db *db, struct dp_node child, const struct dp_subject *s)
{
    struct key k;
    key_routed(&k, child, s);
    put(db, DP_T_ROUTED, &k, dp_slice_of("", 0));
}

/* ---- parts ---- */

static void key_part(struct key *k, const struct dp_name *n, uint8_t index)
{
    key_start(k);
    key_name(k, n);
    dp_wr_u8(&k->w, index);
}

#define PART_TABLE(word, table)                                                                              \
    void dp_db_##word##_put(struct dp_db *db, const struct dp_name *n, uint8_t index, struct dp_slice v)     \
    {                                                                                                        \
        struct key k;                                                                                        \
        key_part(&k, n, index);                                                                              \
        put(db, table, &k, v);                                                                               \
    }                                                                                                        \
    enum dp_err dp_db_##word(struct dp_db *db, const struct dp_name *n, uint8_t index, struct dp_slice *v)   \
    {                                                                                                        \
        struct key k;                                                                                        \
        key_part(&k, n, index);                                                                              \
        return get(db, table, &k, v);                                                                        \
    }                                                                                                        \
    void dp_db_##word##_del(struct dp_db *db, const struct dp_name *n, uint8_t index)                        \
    {                                                                                                        \
        struct key k;                                                                                        \
        key_part(&k, n, index);                                                                              \
        del(db, table, &k);                                                                                  \
    }

PART_TABLE(part, DP_T_PART)
PART_TABLE(part_key, DP_T_PART_KEY)
PART_TABLE(grant, DP_T_GRANT)

/* ---- generic rows ---- */

enum dp_err dp_db_get32(struct dp_db *db, enum dp_table t, const struct dp_digest *key, struct dp_slice *v)
{
    return db->kv->ops->get(db->t, t, dp_slice_of(key->b, sizeof key->b), v);
}

void dp_db_put32(struct dp_db *db, enum dp_table t, const struct dp_digest *key, struct dp_slice v)
{
    db->kv->ops->put(db->t, t, dp_slice_of(key->b, sizeof key->b), v);
}

enum dp_err dp_db_get64(struct dp_db *db, enum dp_table t, uint64_t key, struct dp_slice *v)
{
    struct key k;
    key_u64(&k, key);
    return get(db, t, &k, v);
}

void dp_db_put64(struct dp_db *db, enum dp_table t, uint64_t key, struct dp_slice v)
{
    struct key k;
    key_u64(&k, key);
    put(db, t, &k, v);
}

void dp_db_del64(struct dp_db *db, enum dp_table t, uint64_t key)
{
    struct key k;
    key_u64(&k, key);
    del(db, t, &k);
}

enum dp_err dp_db_next64(struct dp_db *db, enum dp_table t, bool first, uint64_t *key, struct dp_slice *v)
{
    struct key k;
    struct dp_slice rk, rv;
    key_u64(&k, *key);
    enum dp_err e = first ? seek(db, t, DP_KV_FIRST, key_slice(&k), &rk, &rv)
                          : seek_after(db, t, key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(rk);
    uint64_t n = dp_rd_u64(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *key = n;
    *v = rv;
    return DP_OK;
}

uint64_t dp_db_last64(struct dp_db *db, enum dp_table t)
{
    struct dp_slice rk, rv;
    if (seek(db, t, DP_KV_LAST, dp_slice_of("", 0), &rk, &rv) != DP_OK || rk.len != 8)
        return 0;
    struct dp_rd r = dp_rd_of(rk);
    return dp_rd_u64(&r);
}

enum dp_err dp_db_get_key(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice *v)
{
    return db->kv->ops->get(db->t, t, key, v);
}

void dp_db_put_key(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice v)
{
    db->kv->ops->put(db->t, t, key, v);
}

void dp_db_del_key(struct dp_db *db, enum dp_table t, struct dp_slice key)
{
    db->kv->ops->del(db->t, t, key);
}

enum dp_err dp_db_next_key(struct dp_db *db, enum dp_table t, struct dp_slice prefix, struct dp_slice *key,
                           struct dp_slice *v)
{
    struct dp_slice rk, rv;
    enum dp_err e;
    if (key->len != 0)
        e = seek_after(db, t, *key, &rk, &rv);
    else if (prefix.len != 0)
        e = seek(db, t, DP_KV_GE, prefix, &rk, &rv);
    else
        e = seek(db, t, DP_KV_FIRST, prefix, &rk, &rv);
    if (e != DP_OK)
        return e;
    if (!has_prefix(rk, prefix))
        return DP_NOT_FOUND;
    *key = rk;
    *v = rv;
    return DP_OK;
}

/* ---- labels ---- */

static void reverse(const char *text, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        out[i] = text[len - 1 - i];
}

void dp_db_number_put(struct dp_db *db, const struct dp_number *n, const struct dp_subject *s)
{
    uint8_t b[DP_SUBJECT_BYTES];
    char rev[DP_NUMBER_TEXT];
    size_t len = strlen(n->text);
    if (len == 0)
        return;
    dp_subject_put(s, b);
    reverse(n->text, len, rev);
    db->kv->ops->put(db->t, DP_T_NUMBER, dp_slice_of(n->text, len), dp_slice_of(b, sizeof b));
    db->kv->ops->put(db->t, DP_T_TAIL, dp_slice_of(rev, len), dp_slice_of(b, sizeof b));
}

enum dp_err dp_db_number(struct dp_db *db, struct dp_slice text, struct dp_subject *out)
{
    char rev[DP_NUMBER_TEXT];
    struct dp_slice k, v, k2, v2;
    if (text.len == 0 || text.len >= sizeof rev)
        return DP_NOT_FOUND;
    if (db->kv->ops->get(db->t, DP_T_NUMBER, text, &v) == DP_OK)
        return v.len == DP_SUBJECT_BYTES ? dp_subject_get(v.p, out) : DP_CORRUPT;
    reverse((const char *)text.p, text.len, rev);
    struct dp_slice prefix = dp_slice_of(rev, text.len);
    enum dp_err e = seek(db, DP_T_TAIL, DP_KV_GE, prefix, &k, &v);
    if (e != DP_OK || !has_prefix(k, prefix))
        return DP_NOT_FOUND;
    if (seek_after(db, DP_T_TAIL, k, &k2, &v2) == DP_OK && has_prefix(k2, prefix))
        return DP_AMBIGUOUS;
    return v.len == DP_SUBJECT_BYTES ? dp_subject_get(v.p, out) : DP_CORRUPT;
}

static void key_source(struct key *k, const char *system, const char *no)
{
    key_start(k);
    dp_wr_bytes(&k->w, system, strlen(system));
    dp_wr_u8(&k->w, 0);
    dp_wr_bytes(&k->w, no, strlen(no));
}

void dp_db_source_put(struct dp_db *db, const char *system, const char *no, const struct dp_subject *s)
{
    struct key k;
    uint8_t b[DP_SUBJECT_BYTES];
    dp_subject_put(s, b);
    key_source(&k, system, no);
    put(db, DP_T_SOURCE, &k, dp_slice_of(b, sizeof b));
}

enum dp_err dp_db_source(struct dp_db *db, const char *system, const char *no, struct dp_subject *out)
{
    struct key k;
    struct dp_slice v;
    key_source(&k, system, no);
    enum dp_err e = get(db, DP_T_SOURCE, &k, &v);
    if (e != DP_OK)
        return e;
    return v.len == DP_SUBJECT_BYTES ? dp_subject_get(v.p, out) : DP_CORRUPT;
}

/* ---- attachments ---- */

static void key_chunk(struct key *k, const struct dp_digest *root, uint32_t index)
{
    key_start(k);
    dp_wr_bytes(&k->w, root->b, sizeof root->b);
    dp_wr_u32(&k->w, index);
}

void dp_db_chunk_put(struct dp_db *db, const struct dp_digest *root, uint32_t index, struct dp_slice sealed)
{
    struct key k;
    key_chunk(&k, root, index);
    put(db, DP_T_CHUNK, &k, sealed);
}

enum dp_err dp_db_chunk(struct dp_db *db, const struct dp_digest *root, uint32_t index,
                        struct dp_slice *sealed)
{
    struct key k;
    key_chunk(&k, root, index);
    return get(db, DP_T_CHUNK, &k, sealed);
}
