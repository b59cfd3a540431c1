/* SPDX-License-Identifier: Apache-2.0 */
/* What rule N3 emptied before it was sent leaves the journals (R-JRN-3): see unsent.c. */
#ifndef DP_NODE_UNSENT_H
#define DP_NODE_UNSENT_H

#include "node/core.h"

/* A case was denied to somebody: its items that hold nothing now leave, at all peers. In a write turn. */
enum dp_err dp_unsent_of_case(struct dp_daemon *d, const struct dp_subject *of);
/* The same of all items of the peers at which the pump met one (p->unsent_due). */
enum dp_err dp_unsent_found(struct dp_daemon *d);
/* It met one: a turn is wanted. */
bool dp_unsent_due(const struct dp_daemon *d);

/* ---- pump.c ---- */
/* Nothing of an item with entries may go to the peer any more. Inside a transaction. */
bool dp_pump_is_empty(struct dp_daemon *d, struct dp_peer *p, const struct dp_ref *r);

#endif
