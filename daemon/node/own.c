/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour 4/9: this node's own entries: issued one by one, durable at once, sealed into blocks when somebody
 * wants them (R-BLK-6). A sealed header is committed before its first byte leaves, and since the sealed
 * sequence moves in the same transaction, no entry is ever in two blocks.
 */
#include "node/core.h"

#include <stdlib.h>
#include <string.h>

struct dp_name dp_own_next(const struct dp_daemon *d)
{
    return (struct dp_name){.origin = d->id.self, .inc = d->own.inc, .seq = d->own.seq + 1};
}

enum dp_err dp_own_load(struct dp_daemon *d)
{
    struct dp_chain_row row = {0};
    uint64_t inc;
    enum dp_err e = dp_db_meta_u64(&d->db, "incarnation", &inc);
    if (e != DP_OK)
        return e;
    d->own.inc = (uint32_t)inc;
    e = dp_db_chain(&d->db, d->id.self, d->own.inc, &row);
    if (e != DP_OK && e != DP_NOT_FOUND)
        return e;
    d->own.block = row.number;
    d->own.sealed_seq = row.seq;
    d->own.head = row.digest;
    uint64_t last = dp_db_last64(&d->db, DP_T_OWN);
    d->own.seq = last > row.seq ? last : row.seq;
    return DP_OK;
}

/* ---- issuing ---- */

static enum dp_err fresh_add(struct dp_daemon *d, struct dp_slice bytes)
{
    if (d->fresh_count == d->fresh_cap) {
        uint32_t cap = d->fresh_cap == 0 ? 64 : d->fresh_cap * 2;
        struct dp_fresh_own *p = realloc(d->fresh, cap * sizeof *p);
        if (p == NULL)
            return DP_NOMEM;
        d->fresh = p;
        d->fresh_cap = cap;
    }
    if (d->fresh_count == 0)
        d->fresh_first = d->own.seq + 1;
    d->fresh[d->fresh_count].bytes = bytes;
    d->fresh_count++;
    d->own.seq++;
    return DP_OK;
}

#define PARTS_ROOM 4096 /* in a content record, beside the texts */

struct sealed_parts {
    struct dp_part parts[DP_PARTS_MAX];
    struct dp_key keys[DP_PARTS_MAX];
    struct dp_digest leaves[DP_PARTS_MAX];
    uint8_t count;
};

static enum dp_err seal_parts(struct dp_daemon *d, struct dp_entry *e, const struct dp_part_in *in, uint8_t n,
                              struct sealed_parts *out)
{
    size_t all = PARTS_ROOM;
    for (uint8_t i = 0; i < n && i < DP_PARTS_MAX; i++)
        all += in[i].plain.len;
    if (n > DP_PARTS_MAX || all > DP_PARCEL_BODY_MAX)
        return DP_TOO_BIG; /* they must fit one parcel with their grants */
    out->count = n;
    e->part_count = n;
    for (uint8_t i = 0; i < n; i++) {
        enum dp_err err = dp_part_seal(d->suite, &d->port.random, in[i].kind, i, in[i].plain, &d->turn,
                                       &out->parts[i], &out->keys[i]);
        if (err != DP_OK)
            return err;
        dp_part_leaf(d->suite, &out->parts[i], &out->leaves[i]);
    }
    if (n > 0)
        dp_parts_root(d->suite, out->parts, n, &e->parts_root);
    return DP_OK;
}

/* The own copy: ciphertext, keys, leaves; the store seals them (R-STO-6). */
static enum dp_err keep_parts(struct dp_daemon *d, const struct dp_name *name, const struct sealed_parts *sp)
{
    for (uint8_t i = 0; i < sp->count; i++) {
        dp_buf_reset(&d->scratch);
        enum dp_err e = dp_part_put(&sp->parts[i], &d->scratch);
        if (e != DP_OK)
            return e;
        dp_db_part_put(&d->db, name, i, dp_buf_slice(&d->scratch));
        dp_db_part_key_put(&d->db, name, i, dp_slice_of(sp->keys[i].b, sizeof sp->keys[i].b));
    }
    if (sp->count > 0)
        dp_db_part_put(&d->db, name, DP_PART_LEAVES,
                       dp_slice_of(sp->leaves, sp->count * sizeof sp->leaves[0]));
    return DP_OK;
}

enum dp_err dp_own_hand(struct dp_daemon *d, const struct dp_entry *x, struct dp_node to, uint8_t lane)
{
    if (dp_node_eq(x->name.origin, to))
        return DP_OK;
    enum dp_err err = dp_parcels_regrant(d, &x->name, to, lane);
    if (err == DP_OK && x->kind == DP_KIND_ATTACHMENT && x->body.flag)
        err = dp_files_send(d, &x->body.digest, x->body.code3, to);
    return err;
}

bool dp_fresh_has(const struct dp_fresh *list, const struct dp_name *n)
{
    while (list != NULL && !dp_name_eq(&list->name, n))
        list = list->next;
    return list != NULL;
}

static enum dp_err grant_one(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st,
                             const struct dp_entry *e, struct dp_node to, uint8_t lane,
                             const struct dp_fresh *only)
{
    enum dp_err err = DP_OK;
    uint32_t *facts = DP_NEW_ARRAY(&d->turn, uint32_t, slot->f.count);
    if (facts == NULL)
        return DP_NOMEM;
    uint32_t k = dp_route_parts_for(&slot->f, st, e, to, facts, slot->f.count);
    for (uint32_t i = 0; i < k && err == DP_OK; i++) {
        const struct dp_entry *x = &slot->f.facts[facts[i]].e;
        if (dp_name_eq(&x->name, &e->name) || (only != NULL && !dp_fresh_has(only, &x->name)))
            continue; /* its own parts went with their keys at hand */
        err = dp_own_hand(d, x, to, lane);
    }
    return err;
}

enum dp_err dp_own_grant(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st,
                         const struct dp_entry *e, const struct dp_fresh *only)
{
    enum dp_err err = DP_OK;
    uint32_t max = dp_route_grantees_max(st);
    struct dp_node *to = DP_NEW_ARRAY(&d->turn, struct dp_node, max);
    if (to == NULL)
        return DP_NOMEM;
    uint8_t lane = dp_route_lane(e, slot->f.has_reg ? &slot->f.reg : NULL);
    uint32_t n =
        dp_route_grantees(&slot->f, st, dp_case_locked(&slot->f), e, d->id.self, d->id.parent, to, max);
    for (uint32_t g = 0; g < n && err == DP_OK; g++)
        err = grant_one(d, slot, st, e, to[g], lane, only);
    return err;
}

/* Everybody who must be able to read with this entry (R-PRT-1). */
static enum dp_err send_content(struct dp_daemon *d, const struct dp_entry *e, const struct sealed_parts *sp)
{
    enum dp_err err;
    struct dp_state st;
    if (sp->count == 0 && !dp_kind_is_offer(e->kind))
        return DP_OK;
    struct dp_slot *slot = dp_cache_get(d, &e->subject, &err);
    if (slot == NULL)
        return err;
    dp_arena_reset(&d->look);
    err = dp_fold(&slot->f, &d->look, &st);
    if (err != DP_OK)
        return err;
    bool locked = dp_case_locked(&slot->f);
    uint8_t lane = dp_route_lane(e, slot->f.has_reg ? &slot->f.reg : NULL);
    uint32_t max = dp_route_grantees_max(&st);
    struct dp_node *to = DP_NEW_ARRAY(&d->turn, struct dp_node, max);
    if (to == NULL)
        return DP_NOMEM;
    uint32_t n = dp_route_grantees(&slot->f, &st, locked, e, d->id.self, d->id.parent, to, max);
    for (uint32_t g = 0; g < n && err == DP_OK; g++) {
        if (sp->count > 0)
            err = dp_parcels_content(d, &e->name, sp->leaves, sp->count, sp->parts, sp->keys, sp->count,
                                     to[g], lane);
        if (err == DP_OK && e->kind == DP_KIND_ATTACHMENT && e->body.flag)
            err = dp_files_send(d, &e->body.digest, e->body.code3, to[g]);
        if (err == DP_OK)
            err = grant_one(d, slot, &st, e, to[g], lane, NULL);
    }
    return err;
}

enum dp_err dp_own_issue(struct dp_daemon *d, struct dp_entry *e, const struct dp_part_in *parts,
                         uint8_t part_count)
{
    struct sealed_parts sp = {0};
    bool failed = false;
    enum dp_err err = dp_stop_issuing(d);
    if (err != DP_OK)
        return err;
    err = seal_parts(d, e, parts, part_count, &sp);
    if (err != DP_OK)
        return err;
    dp_buf_reset(&d->scratch);
    err = dp_entry_encode(e, &d->scratch);
    if (err != DP_OK)
        return err;
    struct dp_slice bytes = dp_arena_copy(&d->turn, dp_buf_slice(&d->scratch), &failed);
    if (failed)
        return DP_NOMEM;
    err = fresh_add(d, bytes);
    if (err != DP_OK)
        return err;
    err = dp_ingest(d, &e->name, bytes, &d->id.cert.origin);
    if (err == DP_OK)
        err = keep_parts(d, &e->name, &sp);
    if (err == DP_OK)
        err = send_content(d, e, &sp);
    dp_wipe(&sp.keys, sizeof sp.keys);
    d->n.entries_own++;
    if (err != DP_OK)
        d->turn_error = err; /* it has a number already: the whole turn goes back */
    return err;
}

/* prev and step by the casefile of the subject; the daemon or an office acts. */
static enum dp_err fill_refs(struct dp_daemon *d, struct dp_entry *e)
{
    enum dp_err err;
    struct dp_slot *slot = dp_cache_get(d, &e->subject, &err);
    if (slot == NULL)
        return err;
    e->step = 1;
    for (uint32_t i = 0; i < slot->f.count; i++) {
        const struct dp_entry *x = &slot->f.facts[i].e;
        if (x->step >= e->step)
            e->step = x->step + 1;
        if (dp_node_eq(x->name.origin, d->id.self))
            e->prev = x->name;
    }
    return DP_OK;
}

static void stamp(struct dp_daemon *d, struct dp_entry *e)
{
    e->name = dp_own_next(d);
    e->rules = DP_RULES_VERSION;
    e->at_ms = d->now_wall;
    e->at_synced = d->port.clock.synced(d->port.clock.ctx);
}

enum dp_err dp_own_node_entry(struct dp_daemon *d, struct dp_node subject, struct dp_entry *e)
{
    stamp(d, e);
    if (dp_office_is_none(&e->office))
        e->office = (struct dp_office){.node = d->id.self, .slug = "node"};
    e->subject = dp_subject_of_node(subject);
    enum dp_err err = fill_refs(d, e);
    return err == DP_OK ? dp_own_issue(d, e, NULL, 0) : err;
}

enum dp_err dp_own_data_entry(struct dp_daemon *d, const struct dp_office *office, uint32_t officer,
                              struct dp_entry *e)
{
    stamp(d, e);
    e->office = *office;
    e->officer = officer;
    e->step = 1;
    e->subject = (struct dp_subject){.type = DP_SUBJECT_DATA, .name = e->name};
    return dp_own_issue(d, e, NULL, 0);
}

/* ---- sealing ---- */

static bool link_asks(const struct dp_peer *p)
{
    const struct dp_session *s = &p->s;
    return s->state == DP_SESSION_UP && s->next[DP_LANE_CASES] > s->lane[DP_LANE_CASES].journal_last;
}

bool dp_own_wants_seal(struct dp_daemon *d)
{
    uint64_t open = d->own.seq - d->own.sealed_seq;
    if (open == 0 || dp_proof_awaited(d) || dp_stop_sealing(d))
        return false;
    if (d->want_seal || open >= DP_BLOCK_ENTRIES_MAX)
        return true;
    const struct dp_peer *parent = dp_peers_parent(d);
    return parent != NULL && link_asks(parent);
}

static enum dp_err unsealed(struct dp_daemon *d, uint64_t seq, struct dp_slice *out)
{
    if (d->fresh_count > 0 && seq >= d->fresh_first) {
        *out = d->fresh[seq - d->fresh_first].bytes;
        return DP_OK;
    }
    enum dp_err e = dp_db_own(&d->db, seq, out);
    if (e != DP_OK)
        return e == DP_NOT_FOUND ? DP_CORRUPT : e;
    bool failed = false;
    *out = dp_arena_copy(&d->turn, *out, &failed);
    return failed ? DP_NOMEM : DP_OK;
}

static enum dp_err seal_one(struct dp_daemon *d, struct dp_slice *entries, uint16_t n)
{
    struct dp_header h;
    struct dp_seal in = {.suite = d->suite,
                         .sign_seed = &d->kr->sign,
                         .cert = d->id.cert.digest,
                         .origin = d->id.self,
                         .inc = d->own.inc,
                         .number = d->own.block + 1,
                         .first_seq = d->own.sealed_seq + 1,
                         .first = d->own.block == 0,
                         .prev = d->own.head,
                         .zstd_level = d->opt.zstd_level};
    d->port.random.fill(d->port.random.ctx, in.secret, sizeof in.secret);
    dp_buf_reset(&d->scratch);
    enum dp_err e = dp_block_seal(&in, entries, n, &d->turn, &d->scratch, &h);
    if (e != DP_OK)
        return e;
    struct dp_name first = {.origin = d->id.self, .inc = d->own.inc, .seq = in.first_seq};
    dp_db_block_put(&d->db, d->id.self, d->own.inc, in.number, 0, dp_buf_slice(&d->scratch));
    dp_db_seq_put(&d->db, &first, in.number, 0);
    for (uint64_t seq = in.first_seq; seq < in.first_seq + n && (d->fresh_count == 0 || seq < d->fresh_first);
         seq++)
        dp_db_own_del(&d->db, seq);
    d->own.block = in.number;
    d->own.sealed_seq += n;
    dp_header_digest(d->suite, &h, &d->own.head);
    struct dp_peer *parent = dp_peers_parent(d);
    if (parent != NULL)
        dp_reseed_block(d, parent, &h);
    d->n.blocks_sealed++;
    return DP_OK;
}

enum dp_err dp_own_seal(struct dp_daemon *d)
{
    struct dp_slice *run = DP_NEW_ARRAY(&d->turn, struct dp_slice, DP_BLOCK_ENTRIES_MAX);
    if (run == NULL)
        return DP_NOMEM;
    while (d->own.sealed_seq < d->own.seq) {
        uint64_t left = d->own.seq - d->own.sealed_seq;
        uint16_t n = left < DP_BLOCK_ENTRIES_MAX ? (uint16_t)left : DP_BLOCK_ENTRIES_MAX;
        for (uint16_t i = 0; i < n; i++) {
            enum dp_err e = unsealed(d, d->own.sealed_seq + 1 + i, &run[i]);
            if (e != DP_OK)
                return e;
        }
        enum dp_err e = seal_one(d, run, dp_block_fit(run, n));
        if (e != DP_OK)
            return e;
    }
    struct dp_chain_row row = {.number = d->own.block,
                               .seq = d->own.sealed_seq,
                               .digest = d->own.head,
                               .cert = d->id.cert.digest,
                               .last_ms = d->now_wall};
    dp_db_chain_put(&d->db, d->id.self, d->own.inc, &row);
    return d->life == NULL ? DP_OK : dp_life_seal(d->life, d->db.t, d->own.sealed_seq);
}

void dp_own_keep(struct dp_daemon *d)
{
    for (uint32_t i = 0; i < d->fresh_count; i++)
        if (d->fresh_first + i > d->own.sealed_seq)
            dp_db_own_put(&d->db, d->fresh_first + i, d->fresh[i].bytes);
}
