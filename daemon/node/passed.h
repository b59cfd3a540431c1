/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a parcel that went on (R-PARC-2): its bytes go by its number in the journal, when the next
 * hop said that it is durable there. Nobody looks at what is in it or whose it is, so a relay that cannot
 * know does the same as the node that sealed it. The journal keeps its number and its digest (R-JRN-1).
 */
#ifndef DP_NODE_PASSED_H
#define DP_NODE_PASSED_H

#include "node/core.h"

/* The peer acknowledged by a frame: it has said all that it refused before. What the ack covers is to go. */
void dp_passed_acked(struct dp_daemon *d, struct dp_peer *p, const struct dp_ack_frame *a);
/* A greeting came: what the last connection confirmed of other journals counts for nothing. */
void dp_passed_greeted(struct dp_peer *p);
/* True when the peer states less than what went already: it cannot be sent again from there (R-HEL-2). */
bool dp_passed_is_behind(const struct dp_peer *p);
/* Let some go, inside a write turn: when it writes anyway, or when it is time. */
void dp_passed_go(struct dp_daemon *d);
/* Monotonic time of the turn that it wants; INT64_MAX: none. */
int64_t dp_passed_wake(const struct dp_daemon *d);

#endif
