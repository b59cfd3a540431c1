/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the parent holds an entry of this node: what an officer may ask who waits for it. It looks at the
 * blocks that are owed and at nothing else, so that a matter of others on the same line changes no answer
 * (R-N3-9).
 */
#include "node/query.h"

/* An own block that is still owed in this lane holds entry `seq`, or one before it. */
static bool is_owed(struct dp_ask *a, const struct dp_peer *p, uint8_t lane, uint64_t block)
{
    struct dp_daemon *d = a->d;
    const struct dp_lane_state *l = &p->s.lane[lane];
    struct dp_ref r;

    for (uint64_t i = l->acked + 1; i <= l->journal_last; i++) {
        dp_arena_reset(&d->look);
        if (dp_db_journal(&d->db, p->node, lane, i, &d->look, &r) == DP_OK && r.kind == DP_REF_BLOCK &&
            dp_node_eq(r.origin, d->id.self) && r.inc == d->own.inc && r.number <= block)
            return true;
    }
    return false;
}

static bool parent_holds(struct dp_ask *a, const struct dp_name *n)
{
    const struct dp_peer *p = dp_peers_parent(a->d);
    uint64_t block;
    uint16_t piece;

    if (a->d->id.parent.v == 0)
        return true;
    if (p == NULL || n->seq > a->d->own.sealed_seq || dp_db_seq(&a->d->db, n, &block, &piece) != DP_OK)
        return false;
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        if (is_owed(a, p, lane, block))
            return false;
    }
    return true;
}

/* The entry is one of this life of this node, in a case that the caller sees. */
static bool find_entry(struct dp_ask *a, struct dp_name *n)
{
    struct dp_slice bytes;
    struct dp_slot *slot;
    struct dp_entry e;

    if (dp_name_parse(dp_slice_str(a->q->name), n) != DP_OK || !dp_node_eq(n->origin, a->d->id.self) ||
        n->inc != a->d->own.inc || dp_entry_bytes(a->d, n, &bytes) != DP_OK ||
        dp_entry_decode(bytes, n, &a->d->turn, &e) != DP_OK)
        return false;
    return dp_sight_slot(a->d, a->c, &e.subject, &slot) == DP_OK &&
           dp_sight_look(a->d, a->c, &slot->f, &a->d->turn, &a->seen) == DP_OK &&
           dp_casefile_find(a->seen.f, n) != DP_FACT_NONE;
}

void dp_ask_held(struct dp_ask *a)
{
    struct dp_name n;

    if (!find_entry(a, &n)) {
        dp_ask_fail(a, DP_NOT_FOUND, "no such entry of this node; see `daipao case track`");
        return;
    }
    dp_json_name(&a->j, "entry", &n);
    dp_json_bool(&a->j, "held", parent_holds(a, &n));
}
