/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets what, as pure functions (RULES.md section 6). The sender is the one who enforces N3,
 * when an item is queued and again when its frame is written (R-N3-3).
 */
#ifndef DP_RELAY_ROUTE_H
#define DP_RELAY_ROUTE_H

#include "case/fold.h"
#include "relay/session.h"

/* R-N3-1, from the register body; `locked` is a manual lock set later by this node. */
bool dp_n3_protected(const struct dp_reg *reg, bool locked);
/*
 * True when nothing of the matter, its existence included, may go to node `target` (R-N3-2). `registrar` is the node that
 * registered it. For a matter that is not protected: false.
 */
bool dp_n3_denies_node(const struct dp_reg *reg, bool locked, struct dp_node registrar, struct dp_node target);
/* The same for a session of office `o` on a shared node (R-N3-6). */
bool dp_n3_denies_office(const struct dp_reg *reg, bool locked, struct dp_node registrar, const struct dp_office *o);
/*
 * Where a matter that `self` is asked to register must go instead (R-N3-4): {0} when it may be an entry of self's own chain;
 * else the nearest ancestor of county tier or above that is not denied, such that no node of a denied office lies at or
 * below... (see RULES.md). When even the root is denied the root itself is returned.
 */
struct dp_node dp_n3_parcel_to(const struct dp_reg *reg, bool locked, struct dp_node self);

/* Whether a case's entries go to `child` at all (R-DOWN-1, R-DOWN-2 and N3). */
bool dp_route_down(const struct dp_casefile *f, const struct dp_state *s, bool locked, struct dp_node child);
/* Whether this entry (of a case routed to `child`) goes: its origin is not in the child's subtree. */
bool dp_route_entry_down(const struct dp_fact *fact, struct dp_node child);
/* The child of `self`, by code, through which `n` is reached; {0} when n is not below self. */
struct dp_node dp_route_child_towards(struct dp_node self, struct dp_node n);

/* Lane of an entry (R-LAN-1): orders and their answers, and every entry of an urgent case, are urgent. */
uint8_t dp_route_lane(const struct dp_entry *e, const struct dp_reg *reg);

/* Whether a peer may send blocks of `origin` (R-SCP-1): a child only of its subtree, a parent only of what is not in ours. */
bool dp_route_scope_ok(struct dp_node self, struct dp_node peer, bool peer_is_parent, struct dp_node origin);

/*
 * Nodes that must hold a grant for the parts of entry `e` (R-PRT-1), besides the issuing node: written to `out` (at most
 * `max`), returns the count. `key_holders` false when this node does not have the part keys itself.
 */
#define DP_GRANTEES_MAX 8
uint32_t dp_route_grantees(const struct dp_casefile *f, const struct dp_state *s, bool locked, const struct dp_entry *e,
                           struct dp_node self, struct dp_node self_parent, struct dp_node out[DP_GRANTEES_MAX]);
/* Whether node `n` may keep the part keys of the case now (R-PRT-2). */
bool dp_route_keeps_keys(const struct dp_casefile *f, const struct dp_state *s, struct dp_node n);

#endif
