/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may open what, after the entries of a turn (R-PRT-1, R-PRT-2): content that waited is taken in, keys go
 * on to those who were entitled while they were on their way, and what custody no longer covers is forgotten.
 * Nobody forgets what the present holder may not have.
 */
#include "node/core.h"

/*
 * A custody of ours was taken, and perhaps the taker's in turn: the keys go to whom the case is with now,
 * since nobody between may have had them (R-PRT-1). Those of these entries; NULL: all.
 */
static enum dp_err grant_custodian(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st,
                                   const struct dp_fresh *only)
{
    struct dp_office holder = dp_state_custodian(st);
    if (holder.node.v == 0 || dp_node_eq(holder.node, d->id.self) ||
        (slot->f.has_reg &&
         dp_n3_denies_node(&slot->f.reg, dp_case_locked(&slot->f), slot->f.subject.name.origin, holder.node)))
        return DP_OK;
    for (uint32_t i = 0; i < slot->f.count; i++) {
        const struct dp_entry *e = &slot->f.facts[i].e;
        if (e->part_count == 0 || (only != NULL && !dp_fresh_has(only, &e->name)))
            continue;
        enum dp_err err = dp_own_hand(d, e, holder.node, DP_LANE_CASES);
        if (err != DP_OK)
            return err;
    }
    return DP_OK;
}

static bool taken_from_us(const struct dp_daemon *d, const struct dp_casefile *f, const struct dp_fact *x)
{
    return (x->e.kind == DP_KIND_TAKE || x->e.kind == DP_KIND_DESIGNATE) && x->verdict == DP_VALID &&
           x->custody != DP_FACT_NONE && !dp_node_eq(x->e.name.origin, d->id.self) &&
           dp_node_eq(f->facts[x->custody].e.office.node, d->id.self);
}

/*
 * An offer of ours was accepted that we had taken back, or had let return: it stands all the same (R-CUS-5),
 * and what was written here since then was for nobody.
 */
static bool accepted_late(const struct dp_daemon *d, const struct dp_casefile *f, const struct dp_fact *x)
{
    if (x->e.kind != DP_KIND_ACCEPT || x->verdict != DP_VALID ||
        !dp_node_eq(f->facts[x->re].e.name.origin, d->id.self))
        return false;
    for (uint32_t i = x->re; i < f->count; i++) {
        const struct dp_fact *y = &f->facts[i];
        bool ended = y->e.kind == DP_KIND_WITHDRAW && y->re == x->re;
        bool returned = y->e.kind == DP_KIND_OBJECTION_ANSWER && y->e.body.code == DP_OBJECTION_GRANT &&
                        y->re != DP_FACT_NONE && f->facts[y->re].re == x->re;
        if (y->verdict == DP_VALID && (ended || returned))
            return true;
    }
    return false;
}

/* A take or designation from above that ended a custody of ours: its taker needs the keys (R-PRT-1). */
static enum dp_err grant_takers(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    for (const struct dp_fresh *fr = slot->fresh; fr != NULL; fr = fr->next) {
        uint32_t i = dp_casefile_find(&slot->f, &fr->name);
        const struct dp_fact *x = i == DP_FACT_NONE ? NULL : &slot->f.facts[i];
        bool taken = x != NULL && taken_from_us(d, &slot->f, x);
        if (x == NULL || (!taken && !accepted_late(d, &slot->f, x)))
            continue;
        enum dp_err e = taken ? dp_own_grant(d, slot, st, &x->e, NULL) : DP_OK;
        if (e == DP_OK)
            e = grant_custodian(d, slot, st, NULL);
        if (e != DP_OK)
            return e;
    }
    return DP_OK;
}

/* After the last custody of ours somebody accepted an offer of ours: the keys went with that. */
static bool handed_over(const struct dp_daemon *d, const struct dp_slot *slot, const struct dp_state *st)
{
    const struct dp_casefile *f = &slot->f;
    uint32_t last = 0;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->facts[i].verdict == DP_VALID && dp_kind_opens(f->facts[i].e.kind) &&
            dp_node_eq(f->facts[i].e.name.origin, d->id.self))
            last = i;
    for (uint32_t k = 0; k < st->path_count; k++)
        if (st->path[k].opened > last && st->path[k].offer != DP_FACT_NONE &&
            dp_node_eq(f->facts[st->path[k].offer].e.name.origin, d->id.self))
            return true;
    return false;
}

/* The last custody of this node, if it had one, is not on the path in force: a branch won over it (R-CUS-2).
 */
static bool is_displaced(const struct dp_daemon *d, const struct dp_slot *slot, const struct dp_state *st)
{
    const struct dp_casefile *f = &slot->f;
    uint32_t last = DP_FACT_NONE;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->facts[i].verdict == DP_VALID && dp_kind_opens(f->facts[i].e.kind) &&
            dp_node_eq(f->facts[i].e.name.origin, d->id.self))
            last = i;
    for (uint32_t k = 0; k < st->path_count; k++)
        if (st->path[k].opened == last)
            return false;
    return last != DP_FACT_NONE;
}

/* The turn brought what may have chosen another path: an opening, or papers that were served (R-CUS-2). */
static bool path_moved(const struct dp_daemon *d, const struct dp_slot *slot)
{
    for (const struct dp_fresh *fr = slot->fresh; fr != NULL; fr = fr->next) {
        uint32_t i = dp_casefile_find(&slot->f, &fr->name);
        enum dp_kind kind = i == DP_FACT_NONE ? DP_KIND_NONE : (enum dp_kind)slot->f.facts[i].e.kind;
        if ((dp_kind_opens(kind) || kind == DP_KIND_SERVE) && !dp_node_eq(fr->name.origin, d->id.self))
            return true;
    }
    return slot->keys_all;
}

/*
 * R-PRT-2: keys end with custody, entry by entry. Who lost it otherwise than by its own offer (to a branch
 * that won, R-CUS-2) hands them to the custodian first, since it may be the only one that has them; also
 * when it keeps them itself, as the registrar's parent does.
 */
static enum dp_err forget_keys(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    bool locked = dp_case_locked(&slot->f);
    bool keeps = dp_route_keeps_keys(&slot->f, st, locked, d->id.self);
    bool hand = keeps ? is_displaced(d, slot, st) && path_moved(d, slot) : !handed_over(d, slot, st);
    enum dp_err err = hand ? grant_custodian(d, slot, st, NULL) : DP_OK;
    for (uint32_t i = 0; !keeps && i < slot->f.count && err == DP_OK; i++) {
        const struct dp_entry *e = &slot->f.facts[i].e;
        if (e->part_count > 0 && !dp_route_keeps_key(&slot->f, st, locked, e, d->id.self))
            dp_parcels_forget(d, &e->name, e->part_count);
        if (e->part_count > 0 && st->closed != DP_FACT_NONE)
            dp_content_drop(d, &e->name); /* nothing can entitle this node any more */
    }
    return err;
}

/*
 * Keys that came after this node had passed the case on, asked somebody for help, or lost it to a bureau
 * above: whoever was entitled then gets them now (R-PRT-1), or who has the case when that is over. Two nodes
 * that once offered a case to each other would else hand late keys to and fro without end.
 */
static enum dp_err pass_keys(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    const struct dp_fresh *only = slot->keys_all ? NULL : slot->keyed;
    bool locked = dp_case_locked(&slot->f), gone = is_displaced(d, slot, st);
    for (uint32_t i = 0; i < slot->f.count; i++) {
        const struct dp_fact *x = &slot->f.facts[i];
        bool own_offer = dp_kind_is_offer(x->e.kind) && dp_node_eq(x->e.name.origin, d->id.self);
        bool taken = taken_from_us(d, &slot->f, x);
        if (x->verdict != DP_VALID || (!own_offer && !taken))
            continue;
        bool over = own_offer && !dp_route_keeps_keys(&slot->f, st, locked, x->e.body.to.node);
        enum dp_err e = over ? DP_OK : dp_own_grant(d, slot, st, &x->e, only);
        if (e != DP_OK)
            return e;
        gone = gone || taken || over;
    }
    return gone ? grant_custodian(d, slot, st, only) : DP_OK;
}

/*
 * What waited for its entry, or for what entitles this node to open it: an offer to it, a step of its own, or
 * a path that leads to it again.
 */
static enum dp_err adopt_content(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    bool locked = dp_case_locked(&slot->f);
    enum dp_err e = DP_OK;
    for (uint32_t i = 0; i < slot->f.count && e == DP_OK; i++) {
        const struct dp_entry *x = &slot->f.facts[i].e;
        bool entitled = x->part_count > 0 && dp_route_keeps_key(&slot->f, st, locked, x, d->id.self);
        bool came = x->part_count > 0 && dp_fresh_has(slot->fresh, &x->name);
        if (entitled || came)
            e = dp_content_adopt(d, x, entitled, came && dp_content_hands_on(d, &slot->f));
    }
    return e;
}

enum dp_err dp_keys_settle(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    enum dp_err e = adopt_content(d, slot, st);
    if (e == DP_OK)
        e = grant_takers(d, slot, st);
    if (e == DP_OK && (slot->keyed != NULL || slot->keys_all))
        e = pass_keys(d, slot, st);
    if (e == DP_OK)
        e = forget_keys(d, slot, st);
    slot->keyed = NULL;
    slot->keys_all = false;
    return e;
}
