/* SPDX-License-Identifier: Apache-2.0 */
/* The way out of a damaged journal, offline: it is given up, and the peer's own list fills the next one. */
#ifndef DP_NODE_RENEW_H
#define DP_NODE_RENEW_H

#include <stdio.h>

#include "port/kv.h"
#include "port/random.h"

/*
 * Begin anew the journals to every peer with one that has an item which is missing or cannot be read
 * (R-RSD-1); the others stay as they are. A peer is one transaction. Prints what was done. DP_CORRUPT when
 * the row of a peer cannot be read: then nothing but a backup helps.
 */
DP_MUST enum dp_err dp_renew_journals(struct dp_kv *kv, const struct dp_random *random, FILE *to);

#endif
