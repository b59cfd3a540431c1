/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which entries go to which neighbour, and in which lane (RULES.md section 6). Up goes everything of the
 * subtree; down goes a case to a child with a party in its subtree, and of it what that subtree has not
 * issued itself.
 */
#include "relay/route.h"

static bool is_order(uint8_t kind)
{
    return kind == DP_KIND_SUPERVISE || kind == DP_KIND_REMIND;
}

/* An order, or what its daemon and its office say to one that is here. */
static bool stands_alone(const struct dp_casefile *f, const struct dp_fact *fact)
{
    if (is_order(fact->e.kind))
        return true;
    if (fact->e.kind != DP_KIND_ARRIVE && fact->e.kind != DP_KIND_SIGN && fact->e.kind != DP_KIND_ANSWER &&
        fact->e.kind != DP_KIND_LIFT)
        return false;
    if (fact->re >= f->count)
        return false;
    /* The receipts of an answer are about an order still. */
    return is_order(f->facts[fact->re].e.kind) || f->facts[fact->re].e.kind == DP_KIND_ANSWER;
}

static bool only_orders(const struct dp_casefile *f)
{
    for (uint32_t i = 0; i < f->count; i++) {
        if (!stands_alone(f, &f->facts[i]))
            return false;
    }
    return true;
}

bool dp_route_down(const struct dp_casefile *f, const struct dp_state *s, bool locked, struct dp_node child)
{
    /* R-DOWN-1, R-DOWN-2: the fold lists as parties only those that a valid entry made. */
    if (!dp_state_party_below(s, child))
        return false;
    if (!f->has_reg)
        return !locked && only_orders(f);
    return !dp_n3_denies_node(&f->reg, locked, f->subject.name.origin, child);
}

bool dp_route_entry_down(const struct dp_fact *fact, struct dp_node child)
{
    return !dp_node_covers(child, fact->e.name.origin);
}

uint32_t dp_route_abroad(const struct dp_casefile *f, uint32_t i, struct dp_name out[DP_ABROAD_MAX])
{
    const struct dp_fact *x = &f->facts[i];
    const struct dp_name *own = &f->subject.name;
    uint32_t n = 0;

    if (x->prev == DP_FACT_NONE && !dp_name_is_none(&x->e.prev))
        out[n++] = x->e.prev;
    if (x->custody == DP_FACT_NONE && !dp_name_is_none(&x->e.custody))
        out[n++] = x->e.custody;
    if (x->re == DP_FACT_NONE && !dp_name_is_none(&x->e.re))
        out[n++] = x->e.re;
    if (!dp_name_is_none(&x->e.body.other) && !dp_name_eq(&x->e.body.other, own) &&
        dp_casefile_find(f, &x->e.body.other) == DP_FACT_NONE)
        out[n++] = x->e.body.other;
    if (x->e.kind == DP_KIND_REGISTER && f->has_reg && !dp_name_is_none(&f->reg.split_from))
        out[n++] = f->reg.split_from;
    return n;
}

/* R-DOWN-4 */
bool dp_route_subject_down(const struct dp_subject *subject, struct dp_node child, bool sent_block)
{
    struct dp_node n = subject->name.origin;

    if (subject->type == DP_SUBJECT_DATA)
        return true;
    if (subject->type != DP_SUBJECT_NODE)
        return false;
    return sent_block || dp_node_covers(n, child) || dp_node_covers(child, n);
}

/* R-UP-1 */
bool dp_route_up(struct dp_node self, struct dp_node origin)
{
    return dp_node_tier(origin) != DP_TIER_NONE && dp_node_covers(self, origin);
}

struct dp_node dp_route_child_towards(struct dp_node self, struct dp_node n)
{
    if (!dp_node_covers(self, n))
        return (struct dp_node){0};
    while (n.v != 0) {
        struct dp_node above = dp_node_parent(n);
        if (dp_node_eq(above, self))
            return n;
        n = above;
    }
    return n; /* n was self */
}

/* R-LAN-1; what an urgent entry takes along (R-LAN-2) the queue decides, which knows what was sent. */
uint8_t dp_route_lane(const struct dp_entry *e, const struct dp_reg *reg)
{
    if (is_order(e->kind) || e->kind == DP_KIND_ANSWER || e->kind == DP_KIND_LIFT)
        return DP_LANE_URGENT;
    if (reg != NULL && (reg->flags & DP_REG_URGENT) != 0)
        return DP_LANE_URGENT;
    return DP_LANE_CASES;
}

/* R-SCP-1 */
bool dp_route_scope_ok(struct dp_node self, struct dp_node peer, bool peer_is_parent, struct dp_node origin)
{
    if (dp_node_tier(origin) == DP_TIER_NONE)
        return false;
    return peer_is_parent ? !dp_node_covers(self, origin) : dp_node_covers(peer, origin);
}
