/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the store about neighbours: the journals of what is owed to them, how far each lane is,
 * and what was sent to them once and for all. See layout.h.
 */
#include "store/layout.h"
#include "store/layout_key.h"

#include <string.h>

/* ---- journals ---- */

static void key_lane(struct dp_key *k, struct dp_node peer, uint8_t lane)
{
    dp_key_start(k);
    dp_wr_u64(&k->w, peer.v);
    dp_wr_u8(&k->w, lane);
}

static void key_journal(struct dp_key *k, struct dp_node peer, uint8_t lane, uint64_t number)
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
    struct dp_key k;
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
    case DP_REF_POST:
        dp_wr_u64(&w, r->number);
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
    db->kv->ops->append(db->t, DP_T_JOURNAL, dp_key_slice(&k), dp_wr_slice(&w));
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
    case DP_REF_POST:
        ref.number = dp_rd_u64(&r);
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

void dp_db_journal_del(struct dp_db *db, struct dp_node peer, uint8_t lane, uint64_t number)
{
    struct dp_key k;
    key_journal(&k, peer, lane, number);
    dp_key_del(db, DP_T_JOURNAL, &k);
}

enum dp_err dp_db_journal(struct dp_db *db, struct dp_node peer, uint8_t lane, uint64_t number,
                          struct dp_arena *a, struct dp_ref *out)
{
    struct dp_key k;
    struct dp_slice v;
    key_journal(&k, peer, lane, number);
    enum dp_err e = dp_key_get(db, DP_T_JOURNAL, &k, &v);
    return e == DP_OK ? ref_get(v, a, out) : e;
}

/* ---- peers ---- */

#define PEER_BYTES (DP_LANES * 32 + 4 + 1 + 1 + 8 + 4 + 4 + 4 + 4 + 1 + DP_LIST_KEY_BYTES + DP_LANES * 8)

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
    if (dp_rd_left(&r) > 0) /* rows of before end here */
        p.own_program = dp_rd_u32(&r);
    if (dp_rd_left(&r) > 0) { /* rows from before there were generations end here */
        p.gen_out = dp_rd_u32(&r);
        p.gen_in = dp_rd_u32(&r);
        p.reseed.part = dp_rd_u8(&r);
        dp_rd_copy(&r, p.reseed.after.b, sizeof p.reseed.after.b);
        for (unsigned i = 0; i < DP_LANES; i++)
            p.dropped[i] = dp_rd_u64(&r);
    }
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = p;
    return DP_OK;
}

enum dp_err dp_db_peer(struct dp_db *db, struct dp_node peer, struct dp_peer_row *out)
{
    struct dp_key k;
    struct dp_slice v;
    dp_key_u64(&k, peer.v);
    enum dp_err e = dp_key_get(db, DP_T_PEER, &k, &v);
    return e == DP_OK ? peer_read(v, out) : e;
}

void dp_db_peer_put(struct dp_db *db, struct dp_node peer, const struct dp_peer_row *row)
{
    uint8_t b[PEER_BYTES];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    struct dp_key k;
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
    dp_wr_u32(&w, row->own_program);
    dp_wr_u32(&w, row->gen_out);
    dp_wr_u32(&w, row->gen_in);
    dp_wr_u8(&w, row->reseed.part);
    dp_wr_bytes(&w, row->reseed.after.b, sizeof row->reseed.after.b);
    for (unsigned i = 0; i < DP_LANES; i++)
        dp_wr_u64(&w, row->dropped[i]);
    dp_key_u64(&k, peer.v);
    dp_key_put(db, DP_T_PEER, &k, dp_wr_slice(&w));
}

enum dp_err dp_db_peer_next(struct dp_db *db, struct dp_node *peer, struct dp_peer_row *out)
{
    struct dp_key k;
    struct dp_slice rk, rv;
    dp_key_u64(&k, peer->v);
    enum dp_err e = dp_key_seek_after(db, DP_T_PEER, dp_key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(rk);
    peer->v = dp_rd_u64(&r);
    return dp_rd_done(&r) == DP_OK ? peer_read(rv, out) : DP_CORRUPT;
}

static void drop_lane(struct dp_db *db, struct dp_node peer, uint8_t lane, uint64_t last)
{
    struct dp_key k;
    for (uint64_t number = 1; number <= last; number++) {
        key_journal(&k, peer, lane, number);
        dp_key_del(db, DP_T_JOURNAL, &k);
        dp_key_del(db, DP_T_SHELF, &k); /* the same key: what was refused of it */
    }
}

static void unsend_certs(struct dp_db *db, struct dp_node peer, uint8_t lane)
{
    struct dp_key k;
    struct dp_slice rk, rv;
    struct dp_digest cert;
    key_lane(&k, peer, lane);
    struct dp_slice prefix = dp_slice_of(k.b, k.w.len);
    while (dp_key_seek(db, DP_T_SENT_CERT, DP_KV_GE, prefix, &rk, &rv) == DP_OK &&
           dp_key_has_prefix(rk, prefix) && rk.len == prefix.len + sizeof cert.b) {
        memcpy(cert.b, rk.p + prefix.len, sizeof cert.b);
        dp_db_sent_cert_del(db, peer, lane, &cert);
        dp_db_sent_cert_put(db, peer, DP_SENT_BEFORE, &cert);
    }
}

void dp_db_journals_renew(struct dp_db *db, struct dp_node peer, const uint32_t epochs[DP_LANES],
                          struct dp_peer_row *row)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        struct dp_lane_state *l = &row->lane[lane];
        drop_lane(db, peer, lane, l->journal_last);
        unsend_certs(db, peer, lane);
        l->epoch_out = epochs[lane];
        l->journal_last = l->acked = row->dropped[lane] = 0;
    }
    row->gen_out++;
    dp_reseed_begin(&row->reseed);
    dp_db_peer_put(db, peer, row);
}

bool dp_db_sent_cert(struct dp_db *db, struct dp_node peer, uint8_t lane, const struct dp_digest *cert)
{
    struct dp_key k;
    struct dp_slice v;
    key_lane(&k, peer, lane);
    dp_wr_bytes(&k.w, cert->b, sizeof cert->b);
    return dp_key_get(db, DP_T_SENT_CERT, &k, &v) == DP_OK;
}

void dp_db_sent_cert_put(struct dp_db *db, struct dp_node peer, uint8_t lane, const struct dp_digest *cert)
{
    struct dp_key k;
    key_lane(&k, peer, lane);
    dp_wr_bytes(&k.w, cert->b, sizeof cert->b);
    dp_key_put(db, DP_T_SENT_CERT, &k, dp_slice_of("", 0));
}

static void key_routed(struct dp_key *k, struct dp_node child, const struct dp_subject *s)
{
    dp_key_u64(k, child.v);
    dp_key_subject(k, s);
}

bool dp_db_routed(struct dp_db *db, struct dp_node child, const struct dp_subject *s)
{
    struct dp_key k;
    struct dp_slice v;
    key_routed(&k, child, s);
    return dp_key_get(db, DP_T_ROUTED, &k, &v) == DP_OK;
}

void dp_db_routed_put(struct dp_db *db, struct dp_node child, const struct dp_subject *s)
{
    struct dp_key k;
    key_routed(&k, child, s);
    dp_key_put(db, DP_T_ROUTED, &k, dp_slice_of("", 0));
}

void dp_db_sent_cert_del(struct dp_db *db, struct dp_node peer, uint8_t lane, const struct dp_digest *cert)
{
    struct dp_key k;
    key_lane(&k, peer, lane);
    dp_wr_bytes(&k.w, cert->b, sizeof cert->b);
    dp_key_del(db, DP_T_SENT_CERT, &k);
}

/* ---- what a list is compared with (R-RSD-5) ---- */

/* The first row of `peer` whose key ends in `len` bytes above those of *key. */
static enum dp_err next_of_peer(struct dp_db *db, enum dp_table t, struct dp_node peer, size_t len,
                                struct dp_list_key *key)
{
    struct dp_key k;
    struct dp_slice rk, rv;
    dp_key_u64(&k, peer.v);
    dp_wr_bytes(&k.w, key->b, len);
    enum dp_err e = dp_key_seek_after(db, t, dp_key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    if (!dp_key_has_prefix(rk, dp_slice_of(k.b, sizeof peer.v)))
        return DP_NOT_FOUND;
    if (rk.len != sizeof peer.v + len)
        return DP_CORRUPT;
    *key = dp_list_key_of(rk.p + sizeof peer.v, len);
    return DP_OK;
}

enum dp_err dp_db_routed_next(struct dp_db *db, struct dp_node child, struct dp_list_key *key,
                              struct dp_subject *s)
{
    enum dp_err e = next_of_peer(db, DP_T_ROUTED, child, DP_SUBJECT_BYTES, key);
    return e == DP_OK ? dp_subject_get(key->b, s) : e;
}

static void key_came(struct dp_key *k, struct dp_node peer, const struct dp_digest *parcel)
{
    dp_key_u64(k, peer.v);
    dp_wr_bytes(&k->w, parcel->b, sizeof parcel->b);
}

bool dp_db_parcel_came(struct dp_db *db, struct dp_node peer, const struct dp_digest *parcel)
{
    struct dp_key k;
    struct dp_slice v;
    key_came(&k, peer, parcel);
    return dp_key_get(db, DP_T_PARCEL_CAME, &k, &v) == DP_OK;
}

void dp_db_parcel_came_put(struct dp_db *db, struct dp_node peer, const struct dp_digest *parcel)
{
    struct dp_key k;
    key_came(&k, peer, parcel);
    dp_key_put(db, DP_T_PARCEL_CAME, &k, dp_slice_of("", 0));
}

enum dp_err dp_db_parcel_came_next(struct dp_db *db, struct dp_node peer, struct dp_list_key *key)
{
    return next_of_peer(db, DP_T_PARCEL_CAME, peer, sizeof(struct dp_digest), key);
}

void dp_db_parcel_of_put(struct dp_db *db, const struct dp_digest *parcel, const struct dp_parcel_of *of)
{
    uint8_t b[8 + DP_REF_NAMES_MAX * DP_NAME_BYTES], name[DP_NAME_BYTES];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    dp_wr_u64(&w, of->to.v);
    for (uint16_t i = 0; i < of->count && i < DP_REF_NAMES_MAX; i++) {
        dp_name_put(&of->names[i], name);
        dp_wr_bytes(&w, name, sizeof name);
    }
    dp_db_put32(db, DP_T_PARCEL_OF, parcel, dp_wr_slice(&w));
}

void dp_db_parcel_keys_put(struct dp_db *db, const struct dp_digest *parcel, struct dp_slice rows)
{
    dp_db_put32(db, DP_T_PARCEL_KEY, parcel, rows);
}

enum dp_err dp_db_parcel_key(struct dp_db *db, const struct dp_digest *parcel, const struct dp_name *n,
                             uint8_t index, struct dp_slice *key)
{
    uint8_t want[DP_NAME_BYTES + 1];
    struct dp_slice v;
    enum dp_err e = dp_db_get32(db, DP_T_PARCEL_KEY, parcel, &v);
    if (e != DP_OK)
        return e;
    if (v.len % DP_PARCEL_KEY_BYTES != 0)
        return DP_CORRUPT;
    dp_name_put(n, want);
    want[DP_NAME_BYTES] = index;
    for (size_t at = 0; at < v.len; at += DP_PARCEL_KEY_BYTES)
        if (memcmp(v.p + at, want, sizeof want) == 0) {
            *key = dp_slice_of(v.p + at + sizeof want, 32);
            return DP_OK;
        }
    return DP_NOT_FOUND;
}

void dp_db_parcel_del(struct dp_db *db, const struct dp_digest *parcel)
{
    struct dp_slice key = dp_slice_of(parcel->b, sizeof parcel->b);
    dp_row_del(db, DP_T_PARCEL, key);
    dp_row_del(db, DP_T_PARCEL_KEY, key);
}

enum dp_err dp_db_parcel_of(struct dp_db *db, const struct dp_digest *parcel, struct dp_arena *a,
                            struct dp_parcel_of *out)
{
    struct dp_slice v;
    enum dp_err e = dp_db_get32(db, DP_T_PARCEL_OF, parcel, &v);
    if (e != DP_OK)
        return e;
    size_t n = v.len < 8 ? 0 : (v.len - 8) / DP_NAME_BYTES;
    if (n == 0 || v.len != 8 + n * DP_NAME_BYTES || n > DP_REF_NAMES_MAX)
        return DP_CORRUPT;
    struct dp_rd r = dp_rd_of(v);
    struct dp_name *names = DP_NEW_ARRAY(a, struct dp_name, n);
    if (names == NULL)
        return DP_NOMEM;
    struct dp_node to = {.v = dp_rd_u64(&r)};
    for (size_t i = 0; i < n; i++)
        names[i] = dp_name_get(dp_rd_take(&r, DP_NAME_BYTES).p);
    *out = (struct dp_parcel_of){.to = to, .names = names, .count = (uint16_t)n};
    return DP_OK;
}
