/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets what, as pure functions (RULES.md section 6). The sender is the one who enforces N3,
 * when an item is queued and again when its frame is written (R-N3-3).
 */
#ifndef DP_RELAY_ROUTE_H
#define DP_RELAY_ROUTE_H

#include "case/fold.h"
#include "relay/session.h"

/* ---- N3 (relay/n3.c) ---- */

/* R-N3-1, from the register body; `locked` is a manual lock set later by this node. */
bool dp_n3_protected(const struct dp_reg *reg, bool locked);
/*
 * Whether an office heads the division of its node, so that the node is its own (R-N3-2): any office of a
 * township, a village or a department's own node (post not 0), and `bureau`, `office` and `gov` of a county
 * and above.
 */
bool dp_n3_heads(const struct dp_office *o);
/*
 * True when nothing of the matter, its existence included, may go to node `target` (R-N3-2). `registrar` is
 * the node that registered it. For a matter that is not protected: false.
 */
bool dp_n3_denies_node(const struct dp_reg *reg, bool locked, struct dp_node registrar,
                       struct dp_node target);
/* The same for a session of office `o` on a shared node (R-N3-6). */
bool dp_n3_denies_office(const struct dp_reg *reg, bool locked, struct dp_node registrar,
                         const struct dp_office *o);
/* R-N3-7: whether one of these offices may learn nothing of the matter. */
bool dp_n3_denies_some(const struct dp_reg *reg, bool locked, struct dp_node registrar,
                       const struct dp_office *offices, uint32_t count);
/*
 * R-N3-4: where a matter that `self` is asked to register goes. `above` are the nodes above self that exist,
 * the nearest first; a code without a node is none of them. *to {0}: it may be an entry of self's own chain;
 * else the nearest bureau above that is not denied. False: there is none, so that nobody here may take it.
 */
bool dp_n3_road(const struct dp_reg *reg, struct dp_node self, const struct dp_node *above, unsigned count,
                struct dp_node *to);
/* Whether the bureau of `self` may register what `sender`, below it, may not (the other end of R-N3-4). */
bool dp_n3_takes(const struct dp_reg *reg, struct dp_node sender, struct dp_node self);
/* A node of a division itself, of county tier or above: where a bureau can be. */
bool dp_n3_is_bureau(struct dp_node n);

/* ---- where entries go (relay/route.c) ---- */

/*
 * Whether a case's entries go to `child` at all (R-DOWN-1, R-DOWN-2 and N3). While the register entry is not
 * here, N3 cannot be judged: then only a subject of which nothing but orders and their answers is known goes
 * (R-ORD-1).
 */
bool dp_route_down(const struct dp_casefile *f, const struct dp_state *s, bool locked, struct dp_node child);
/* Whether this entry (of a case routed to `child`) goes: its origin is not in the child's subtree. */
bool dp_route_entry_down(const struct dp_fact *fact, struct dp_node child);
/*
 * The same for entries of a node or of published data (R-DOWN-4): those of data and of a node above the child
 * go to all below; those of another node when a block of it was sent there (`sent_block`), or when it lies in
 * the child's subtree. False for cases, which dp_route_down decides.
 */
bool dp_route_subject_down(const struct dp_subject *subject, struct dp_node child, bool sent_block);
/*
 * Names in fact `i` of what lies outside its case, as far as this file can tell: another case that it is tied
 * to, or an entry of one (R-N3-7). Returns how many; an own entry that is not here yet is among them.
 */
#define DP_ABROAD_MAX 5
uint32_t dp_route_abroad(const struct dp_casefile *f, uint32_t i, struct dp_name out[DP_ABROAD_MAX]);
/* Up goes every block whose origin is in the subtree of `self`, and nothing else (R-UP-1). */
bool dp_route_up(struct dp_node self, struct dp_node origin);
/* The child of `self`, by code, through which `n` is reached; {0} when n is not below self. */
struct dp_node dp_route_child_towards(struct dp_node self, struct dp_node n);

/* Lane of an entry (R-LAN-1): orders and their answers, and every entry of an urgent case, are urgent. `reg`
 * may be NULL. */
uint8_t dp_route_lane(const struct dp_entry *e, const struct dp_reg *reg);

/* Whether a peer may send blocks of `origin` (R-SCP-1): a child only of its subtree, a parent only of what is
 * not in ours. */
bool dp_route_scope_ok(struct dp_node self, struct dp_node peer, bool peer_is_parent, struct dp_node origin);

/* ---- who holds part keys (relay/grant.c) ---- */

/*
 * Nodes that must hold a grant for the parts of entry `e` (R-PRT-1), besides this one: written to `out`,
 * returns the count; without doubles, never `self`, never a node that N3 denies. `f` and `s` are as they
 * stand with `e` inserted.
 *
 * Called by the node that issues `e`, and by the node of the holder whose custody a `take` or `designate` of
 * another node ends: that one has the keys which the taker needs.
 */
#define DP_GRANTEES_FEW 8 /* besides those of standing offers and requests */
static inline uint32_t dp_route_grantees_max(const struct dp_state *s)
{
    return DP_GRANTEES_FEW + s->offer_count;
}
/* `out` has room for dp_route_grantees_max(s). */
uint32_t dp_route_grantees(const struct dp_casefile *f, const struct dp_state *s, bool locked,
                           const struct dp_entry *e, struct dp_node self, struct dp_node self_parent,
                           struct dp_node *out, uint32_t max);
/*
 * Indices of the entries of the case whose parts `grantee` (one of dp_route_grantees) gets because of `e`,
 * `e` itself among them when it has parts: with custody or co-handling all of them, with duty 3 the
 * opinion's, else just those of `e`. At most `max` are written, rising; returns how many there are, so that
 * more than `max` means: call again with room. The caller grants those whose keys it holds.
 */
uint32_t dp_route_parts_for(const struct dp_casefile *f, const struct dp_state *s, const struct dp_entry *e,
                            struct dp_node grantee, uint32_t *facts, uint32_t max);
/*
 * Whether node `n` may keep the part keys of the case now (R-PRT-2): it registered the case, holds it, is the
 * registrar's parent (not when protected), or has an offer or a request of the present holder before it.
 */
bool dp_route_keeps_keys(const struct dp_casefile *f, const struct dp_state *s, bool locked,
                         struct dp_node n);
/* The same for one entry: besides, a node keeps what its own offices wrote, and the orders and answers
 * addressed to them. */
bool dp_route_keeps_key(const struct dp_casefile *f, const struct dp_state *s, bool locked,
                        const struct dp_entry *e, struct dp_node n);

#endif
