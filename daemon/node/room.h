/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room for content that came before its entry (R-WAIT-1): rows of the table LOOSE and who takes how much
 * of it. Private to node/; inside a write turn.
 */
#ifndef DP_NODE_ROOM_H
#define DP_NODE_ROOM_H

#include "node/core.h"

/* Key of a row: entry, parts root, index 1, neighbour 8 (0: its entry is here and proves it; it counts for
 * nobody). */
#define DP_ROOM_INDEX (DP_NAME_BYTES + 32)
#define DP_ROOM_KEY (DP_ROOM_INDEX + 1 + 8)

/* Put a row, or take away one of so many bytes. */
void dp_room_put(struct dp_daemon *d, struct dp_slice key, struct dp_slice row);
void dp_room_del(struct dp_daemon *d, struct dp_slice key, size_t bytes);
/*
 * Whether a row of `bytes` about entry `n` may wait when `by` brings it. Never for a neighbour that is not on
 * the way of the entry's node.
 */
bool dp_room_has(struct dp_daemon *d, const struct dp_peer *by, const struct dp_name *n, size_t bytes);

#endif
