/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts and grants that arrive (R-PRT-1). Anybody in the tree can seal a parcel for this node, so nothing in
 * one is believed: a part is kept only under the entry whose signed root it proves, a grant that contradicts
 * another only when it opens to the key the part commits to. What comes before its entry waits as it came,
 * one candidate beside the other, until the entry says which is the true one.
 */
#include "node/room.h"

#include <string.h>

#define LOOSE_MAX 16 /* records for one entry */

/* ---- what is believed ---- */

static void root_of(struct dp_daemon *d, const struct dp_content *c, struct dp_digest *root)
{
    struct dp_digest leaves[DP_PARTS_MAX];
    memcpy(leaves, c->leaves, sizeof leaves);
    dp_merkle_root(d->suite, leaves, c->leaf_count, root);
}

static bool proves(struct dp_daemon *d, const struct dp_entry *e, const struct dp_content *c)
{
    struct dp_digest root;
    if (c->leaf_count == 0 || c->leaf_count != e->part_count)
        return false;
    root_of(d, c, &root);
    return dp_digest_eq(&root, &e->parts_root);
}

/* R-STO-2: what was erased or replaced here does not come back with a late parcel. */
static bool is_erased(const struct dp_slot *slot, const struct dp_name *of, uint8_t index)
{
    for (uint32_t i = 0; slot != NULL && i < slot->f.count; i++) {
        const struct dp_fact *x = &slot->f.facts[i];
        bool replaces = x->e.kind == DP_KIND_CORRECT && x->e.part_count > 0;
        if (x->verdict == DP_VALID && (x->e.kind == DP_KIND_ERASE || replaces) && x->e.body.index == index &&
            dp_name_eq(dp_name_is_none(&x->e.body.other) ? &x->e.re : &x->e.body.other, of))
            return true;
    }
    return false;
}

static const struct dp_part *part_of(const struct dp_content *c, uint8_t index)
{
    for (uint8_t i = 0; i < c->part_count; i++)
        if (c->parts[i].index == index)
            return &c->parts[i];
    return NULL;
}

static bool grant_opens(struct dp_daemon *d, const struct dp_grant *g, const struct dp_part *p)
{
    struct dp_key key;
    struct dp_slice plain;
    if (p == NULL || dp_grant_open(d->suite, g, &d->kr->seal, &key) != DP_OK)
        return false;
    bool ok = dp_part_open(d->suite, p, &key, &d->turn, &plain) == DP_OK;
    if (ok)
        dp_wipe((void *)(uintptr_t)plain.p, plain.len);
    dp_wipe(&key, sizeof key);
    return ok;
}

/* True when this node could not read the part before. */
static bool keep_grant(struct dp_daemon *d, const struct dp_content *c, const struct dp_grant *g)
{
    uint8_t raw[DP_GRANT_BYTES];
    struct dp_slice have;
    if (!dp_node_eq(g->recipient, d->id.self))
        return false;
    dp_grant_put(g, raw);
    bool had_key = dp_db_part_key(&d->db, &c->entry, g->index, &have) == DP_OK;
    bool had_grant = dp_db_grant(&d->db, &c->entry, g->index, &have) == DP_OK;
    if (had_grant &&
        (dp_slice_eq(have, dp_slice_of(raw, sizeof raw)) || !grant_opens(d, g, part_of(c, g->index))))
        return false;
    dp_db_grant_put(&d->db, &c->entry, g->index, dp_slice_of(raw, sizeof raw));
    return !had_grant && !had_key;
}

/* Whom we offered the case to before may wait for these keys (keys.c). */
static void note_keyed(struct dp_daemon *d, struct dp_slot *slot, const struct dp_name *n)
{
    struct dp_fresh *x = DP_NEW(&d->turn, struct dp_fresh);
    if (x == NULL) {
        slot->keys_all = true;
    } else {
        x->name = *n;
        x->next = slot->keyed;
        slot->keyed = x;
    }
    dp_cache_touch(d, slot, NULL, false);
}

/* `c` proves itself against its entry: everything that is here already was proved in the same way. */
static void keep(struct dp_daemon *d, const struct dp_entry *e, const struct dp_content *c)
{
    enum dp_err err;
    struct dp_slice have;
    struct dp_slot *slot = dp_cache_find(d, &e->subject, &err);
    bool keys_new = false;
    if (dp_db_part(&d->db, &c->entry, DP_PART_LEAVES, &have) != DP_OK)
        dp_db_part_put(&d->db, &c->entry, DP_PART_LEAVES,
                       dp_slice_of(c->leaves, c->leaf_count * sizeof c->leaves[0]));
    for (uint8_t i = 0; i < c->part_count; i++) {
        const struct dp_part *p = &c->parts[i];
        if (is_erased(slot, &c->entry, p->index) || dp_db_part(&d->db, &c->entry, p->index, &have) == DP_OK)
            continue;
        dp_buf_reset(&d->scratch);
        if (dp_part_put(p, &d->scratch) == DP_OK)
            dp_db_part_put(&d->db, &c->entry, p->index, dp_buf_slice(&d->scratch));
    }
    for (uint8_t i = 0; i < c->grant_count; i++)
        if (!is_erased(slot, &c->entry, c->grants[i].index))
            keys_new |= keep_grant(d, c, &c->grants[i]);
    if (keys_new && slot != NULL)
        note_keyed(d, slot, &c->entry);
}

/* ---- what waits ---- */

/* `by`: the neighbour that brought it; 0: its entry is here and proves it. */
static struct dp_slice loose_key(uint8_t key[DP_ROOM_KEY], const struct dp_name *n,
                                 const struct dp_digest *root, uint8_t i, uint64_t by)
{
    struct dp_wr w = dp_wr_of(key + DP_NAME_BYTES, DP_ROOM_KEY - DP_NAME_BYTES);
    dp_name_put(n, key);
    dp_wr_bytes(&w, root->b, sizeof root->b);
    dp_wr_u8(&w, i);
    dp_wr_u64(&w, by);
    return dp_slice_of(key, DP_ROOM_KEY);
}

/* Index after those of the rows that wait for `n`; UINT8_MAX when `record` is among them. */
static uint8_t loose_next(struct dp_daemon *d, const struct dp_name *n, struct dp_slice record)
{
    uint8_t prefix[DP_NAME_BYTES], next = 0;
    struct dp_slice key = {0}, v;
    dp_name_put(n, prefix);
    while (dp_db_next_key(&d->db, DP_T_LOOSE, dp_slice_of(prefix, sizeof prefix), &key, &v) == DP_OK) {
        if (dp_slice_eq(v, record))
            return UINT8_MAX;
        if (key.len == DP_ROOM_KEY && key.p[DP_ROOM_INDEX] >= next)
            next = (uint8_t)(key.p[DP_ROOM_INDEX] + 1);
    }
    return next;
}

/* `by` NULL: its entry is here and proves it. */
static enum dp_err keep_loose(struct dp_daemon *d, const struct dp_peer *by, const struct dp_content *c)
{
    uint8_t key[DP_ROOM_KEY];
    struct dp_digest root;
    if (c->leaf_count == 0)
        return DP_FORMAT;
    dp_buf_reset(&d->scratch);
    enum dp_err e = dp_content_put(c, &d->scratch);
    if (e != DP_OK)
        return e;
    uint8_t next = loose_next(d, &c->entry, dp_buf_slice(&d->scratch));
    if (next == UINT8_MAX)
        return DP_OK;
    if (by != NULL && (next >= LOOSE_MAX || !dp_room_has(d, by, &c->entry, d->scratch.len)))
        return DP_FULL;
    root_of(d, c, &root);
    loose_key(key, &c->entry, &root, next, by == NULL ? 0 : by->node.v);
    dp_room_put(d, dp_slice_of(key, sizeof key), dp_buf_slice(&d->scratch));
    return DP_OK;
}

/* *wait: it is good, and this node may not open it (yet); others may wait for it (hands_on). */
static enum dp_err adopt_one(struct dp_daemon *d, const struct dp_entry *e, struct dp_slice record,
                             bool entitled, bool hands_on, bool *wait)
{
    bool failed = false;
    struct dp_content c;
    *wait = false;
    record = dp_arena_copy(&d->turn, record, &failed);
    if (failed)
        return DP_NOMEM;
    struct dp_rd r = dp_rd_of(record);
    if (dp_content_next(d->suite, &r, &c) != DP_OK || !proves(d, e, &c))
        return DP_OK;
    *wait = !entitled;
    if (entitled || hands_on)
        keep(d, e, &c);
    return DP_OK;
}

/* The record without the part and its grant; false when it has neither. */
static bool without(struct dp_content *c, uint8_t index)
{
    uint8_t parts = 0, grants = 0;
    for (uint8_t i = 0; i < c->part_count; i++)
        if (c->parts[i].index != index)
            c->parts[parts++] = c->parts[i];
    for (uint8_t i = 0; i < c->grant_count; i++)
        if (c->grants[i].index != index)
            c->grants[grants++] = c->grants[i];
    bool had = parts < c->part_count || grants < c->grant_count;
    c->part_count = parts;
    c->grant_count = grants;
    return had;
}

bool dp_content_forget(struct dp_daemon *d, const struct dp_name *n, uint8_t index)
{
    uint8_t prefix[DP_NAME_BYTES], at[DP_ROOM_KEY];
    struct dp_slice key = {0}, v;
    bool had = false, failed = false;
    dp_name_put(n, prefix);
    while (dp_db_next_key(&d->db, DP_T_LOOSE, dp_slice_of(prefix, sizeof prefix), &key, &v) == DP_OK &&
           key.len == sizeof at) {
        struct dp_content c;
        memcpy(at, key.p, sizeof at);
        key = dp_slice_of(at, sizeof at);
        v = dp_arena_copy(&d->turn, v, &failed);
        struct dp_rd r = dp_rd_of(v);
        if (failed || dp_content_next(d->suite, &r, &c) != DP_OK || !without(&c, index))
            continue;
        had = true;
        dp_room_del(d, key, v.len);
        dp_buf_reset(&d->scratch);
        if (c.part_count + c.grant_count > 0 && dp_content_put(&c, &d->scratch) == DP_OK)
            dp_room_put(d, key, dp_buf_slice(&d->scratch));
    }
    return had;
}

void dp_content_drop(struct dp_daemon *d, const struct dp_name *n)
{
    uint8_t prefix[DP_NAME_BYTES], at[DP_ROOM_KEY];
    struct dp_slice key = {0}, v;
    dp_name_put(n, prefix);
    while (dp_db_next_key(&d->db, DP_T_LOOSE, dp_slice_of(prefix, sizeof prefix), &key, &v) == DP_OK &&
           key.len == sizeof at) {
        memcpy(at, key.p, sizeof at);
        key = dp_slice_of(at, sizeof at);
        dp_room_del(d, key, v.len);
    }
}

enum dp_err dp_content_adopt(struct dp_daemon *d, const struct dp_entry *e, bool entitled, bool hands_on)
{
    bool wait;
    uint8_t prefix[DP_NAME_BYTES], at[DP_ROOM_KEY];
    struct dp_slice key = {0}, v;
    if (e->part_count == 0 || dp_node_eq(e->name.origin, d->id.self))
        return DP_OK;
    dp_name_put(&e->name, prefix);
    while (dp_db_next_key(&d->db, DP_T_LOOSE, dp_slice_of(prefix, sizeof prefix), &key, &v) == DP_OK &&
           key.len == sizeof at) {
        memcpy(at, key.p, sizeof at);
        key = dp_slice_of(at, sizeof at); /* ours: the writes below end what was borrowed */
        size_t bytes = v.len;
        enum dp_err err = adopt_one(d, e, v, entitled, hands_on, &wait);
        if (err != DP_OK)
            return err;
        if (!wait)
            dp_room_del(d, key, bytes);
    }
    return DP_OK;
}

/* ---- arriving ---- */

bool dp_content_hands_on(const struct dp_daemon *d, const struct dp_casefile *f)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_entry *x = &f->facts[i].e;
        if (f->facts[i].verdict == DP_VALID && dp_node_eq(x->name.origin, d->id.self) &&
            (dp_kind_opens(x->kind) || dp_kind_is_offer(x->kind)))
            return true;
    }
    return false;
}

/*
 * The entry is here. A line may bring its content before the offer that entitles this node: then it waits, as
 * it came. It may also bring it late: then it goes on to others first (settle.c).
 */
static enum dp_err keep_or_wait(struct dp_daemon *d, const struct dp_peer *by, const struct dp_entry *e,
                                const struct dp_content *c)
{
    struct dp_state st;
    enum dp_err err;
    struct dp_slot *slot = dp_cache_find(d, &e->subject, &err);
    if (slot == NULL)
        return err == DP_NOT_FOUND ? keep_loose(d, by, c) : err;
    dp_arena_reset(&d->look);
    err = dp_fold(&slot->f, &d->look, &st);
    if (err != DP_OK)
        return err;
    bool entitled = dp_route_keeps_key(&slot->f, &st, dp_case_locked(&slot->f), e, d->id.self);
    if (entitled || dp_content_hands_on(d, &slot->f))
        keep(d, e, c);
    if (entitled)
        return DP_OK;
    dp_content_drop(d, &e->name); /* the same, sealed before */
    return keep_loose(d, NULL, c);
}

static enum dp_err record_in(struct dp_daemon *d, const struct dp_peer *by, const struct dp_content *c)
{
    struct dp_entry e;
    struct dp_slice bytes;
    enum dp_err err = dp_entry_bytes(d, &c->entry, &bytes);
    if (err == DP_NOT_FOUND)
        return keep_loose(d, by, c);
    if (err == DP_OK)
        err = dp_entry_decode(bytes, &c->entry, &d->turn, &e);
    if (err != DP_OK)
        return err;
    if (!proves(d, &e, c))
        return DP_SIGNATURE;
    return keep_or_wait(d, by, &e, c);
}

enum dp_err dp_content_in(struct dp_daemon *d, const struct dp_peer *by, struct dp_slice body)
{
    struct dp_rd r = dp_rd_of(body);
    struct dp_content c;
    enum dp_err e, bad = DP_OK;
    while ((e = dp_content_next(d->suite, &r, &c)) == DP_OK) {
        e = record_in(d, by, &c);
        if (e == DP_NOMEM || e == DP_CORRUPT || e == DP_IO)
            return e;
        if (e != DP_OK && bad != DP_FULL)
            bad = e; /* the others are good for what they are; what found no room comes again */
    }
    return e == DP_NOT_FOUND ? bad : e;
}
