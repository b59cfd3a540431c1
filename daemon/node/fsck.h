/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offline check of a whole store (R-STO-5): every certificate against the pinned root, every block against
 * its signature, root and chain, every casefile against the entries it indexes (re-derived, byte for byte),
 * every journal without holes, every part against its entry. Reads only.
 */
#ifndef DP_NODE_FSCK_H
#define DP_NODE_FSCK_H

#include <stdio.h>

#include "crypto/keyring.h"
#include "port/kv.h"

/*
 * Findings go to `to`, one line each, then a summary. DP_OK: sound. DP_CORRUPT: something is wrong. `kr` may
 * be NULL (then the root is taken from the store, and no part is looked into).
 */
DP_MUST enum dp_err dp_fsck(struct dp_kv *kv, struct dp_keyring *kr, FILE *to);

#endif
