/* SPDX-License-Identifier: Apache-2.0 */
/* Officers come, go and move between offices while everything else happens (fault roster). */
#ifndef DP_SIM_ROSTER_H
#define DP_SIM_ROSTER_H

#include "sim/sim.h"

/* One change at this node, asked of the node itself: it may fail, or die over it. */
void roster_change(struct sim *s, struct cl_node *n, struct dp_rng *dice);
/* I34: who may act at this node, as it was told, can, and nobody else. */
void roster_check(struct sim *s);

#endif
