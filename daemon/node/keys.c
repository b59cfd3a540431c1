/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may open what, after the entries of a turn (R-PRT-1, R-PRT-2): content that waited is taken in, keys go
 * on to those who were entitled while they were on their way, and what custody no longer covers is forgotten.
 * Nobody forgets what the present holder may not have.
 */
#include "node/core.h"

/*
 * A custody of ours was taken, and perhaps the taker's in turn: the keys go to whom the case is with now,
 * since nobody between may have had them (R-PRT-1).
 */
static enum dp_err grant_custodian(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    struct dp_office holder = dp_state_custodian(st);
    if (holder.node.v == 0 || dp_node_eq(holder.node, d->id.self) ||
        (slot->f.has_reg && dp_n3_denies_node(&slot->f.reg, dp_locked(d, &slot->f.subject),
                                              slot->f.subject.name.origin, holder.node)))
        return DP_OK;
    for (uint32_t i = 0; i < slot->f.count; i++) {
        const struct dp_entry *e = &slot->f.facts[i].e;
        enum dp_err err = e->part_count == 0 ? DP_OK : dp_own_hand(d, e, holder.node, DP_LANE_CASES);
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

/* A take or designation from above that ended a custody of ours: its taker needs the keys (R-PRT-1). */
static enum dp_err grant_takers(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    for (const struct dp_fresh *fr = slot->fresh; fr != NULL; fr = fr->next) {
        uint32_t i = dp_casefile_find(&slot->f, &fr->name);
        const struct dp_fact *x = i == DP_FACT_NONE ? NULL : &slot->f.facts[i];
        if (x == NULL || !taken_from_us(d, &slot->f, x))
            continue;
        enum dp_err e = dp_own_grant(d, slot, st, &x->e);
        if (e == DP_OK)
            e = grant_custodian(d, slot, st);
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

/*
 * R-PRT-2: keys end with custody, entry by entry. Who lost it otherwise than by its own offer (to a branch
 * that won, R-CUS-2) hands them to the custodian first, since it may be the only one that has them.
 */
static enum dp_err forget_keys(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    bool locked = dp_locked(d, &slot->f.subject);
    if (dp_route_keeps_keys(&slot->f, st, locked, d->id.self))
        return DP_OK;
    enum dp_err err = handed_over(d, slot, st) ? DP_OK : grant_custodian(d, slot, st);
    for (uint32_t i = 0; i < slot->f.count && err == DP_OK; i++) {
        const struct dp_entry *e = &slot->f.facts[i].e;
        if (e->part_count > 0 && !dp_route_keeps_key(&slot->f, st, locked, e, d->id.self))
            dp_parcels_forget(d, &e->name, e->part_count);
        if (e->part_count > 0 && st->closed != DP_FACT_NONE)
            dp_content_drop(d, &e->name); /* nothing can entitle this node any more */
    }
    return err;
}

/*
 * Keys that came after this node had passed the case on, or lost it to a bureau above: whoever was entitled
 * then gets them now (R-PRT-1), or who has the case when that is over. Two nodes that once offered a case to
 * each other would else hand late keys to and fro without end.
 */
static enum dp_err pass_keys(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    bool locked = dp_locked(d, &slot->f.subject), gone = false;
    slot->keys_new = false;
    for (uint32_t i = 0; i < slot->f.count; i++) {
        const struct dp_fact *x = &slot->f.facts[i];
        bool own_offer = dp_kind_is_offer(x->e.kind) && dp_node_eq(x->e.name.origin, d->id.self);
        bool taken = taken_from_us(d, &slot->f, x);
        if (x->verdict != DP_VALID || (!own_offer && !taken))
            continue;
        bool over = own_offer && !dp_route_keeps_keys(&slot->f, st, locked, x->e.body.to.node);
        enum dp_err e = over ? DP_OK : dp_own_grant(d, slot, st, &x->e);
        if (e != DP_OK)
            return e;
        gone = gone || taken || over;
    }
    return gone ? grant_custodian(d, slot, st) : DP_OK;
}

static bool may_entitle(const struct dp_daemon *d, const struct dp_entry *e)
{
    return dp_node_eq(e->name.origin, d->id.self) ||
           (dp_kind_is_offer(e->kind) && dp_node_eq(e->body.to.node, d->id.self));
}

/* What waited for its entry, or for the offer by which this node may open it. */
static enum dp_err adopt_content(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    bool locked = dp_locked(d, &slot->f.subject), all = false;
    enum dp_err e = DP_OK;
    for (const struct dp_fresh *fr = slot->fresh; fr != NULL; fr = fr->next) {
        uint32_t i = dp_casefile_find(&slot->f, &fr->name);
        if (i == DP_FACT_NONE)
            continue;
        const struct dp_entry *x = &slot->f.facts[i].e;
        all = all || may_entitle(d, x);
        if (x->part_count > 0 && e == DP_OK)
            e = dp_content_adopt(d, x, dp_route_keeps_key(&slot->f, st, locked, x, d->id.self));
    }
    for (uint32_t i = 0; all && i < slot->f.count && e == DP_OK; i++) {
        const struct dp_entry *x = &slot->f.facts[i].e;
        if (x->part_count > 0 && dp_route_keeps_key(&slot->f, st, locked, x, d->id.self))
            e = dp_content_adopt(d, x, true);
    }
    return e;
}

enum dp_err dp_keys_settle(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    enum dp_err e = adopt_content(d, slot, st);
    if (e == DP_OK)
        e = grant_takers(d, slot, st);
    if (e == DP_OK && slot->keys_new)
        e = pass_keys(d, slot, st);
    return e == DP_OK ? forget_keys(d, slot, st) : e;
}
