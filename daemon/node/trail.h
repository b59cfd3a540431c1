/* SPDX-License-Identifier: Apache-2.0 */
/* Private to node/: the trail of the administration (R-ADM-4). */
#ifndef DP_NODE_TRAIL_H
#define DP_NODE_TRAIL_H

#include "node/admin.h"

/* Rows are kept so long, and none goes before; nothing bounds their number but who may write them (R-ADM-1).
 */
#define DP_TRAIL_KEEP_MS (3 * 366 * (int64_t)DP_DAY_MS)

/* What a request was about, as it stood before it was done. */
struct dp_trail_of {
    struct dp_office office; /* none: it was about the node */
    bool backup_went_on;     /* a question for how far it is, no act */
};
struct dp_trail_of dp_trail_before(struct dp_act *x, const struct dp_admin_right *r);
/* The request was done: keep a row, in the transaction that did it. */
void dp_trail_keep(struct dp_act *x, const struct dp_admin_right *r, const struct dp_trail_of *of);

#endif
