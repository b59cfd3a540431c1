/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose room is taken by content that came before its entry (R-WAIT-1): counted for the neighbour that
 * brought it, and for the node whose entry it says it belongs to.
 */
#include "node/room.h"

#include <stdio.h>

/* Records for the entries of one node: its content goes before the block that it has not sealed (R-BLK-6). */
#define ORIGIN_MAX (2 * DP_BLOCK_ENTRIES_MAX)
#define PEER_BYTES (16u << 20) /* by way of one neighbour */

static uint64_t counted(struct dp_daemon *d, const char *what, uint64_t node, char word[40])
{
    uint64_t n = 0;
    snprintf(word, 40, "%s:%014llu", what, (unsigned long long)node);
    return dp_db_meta_u64(&d->db, word, &n) == DP_OK ? n : 0;
}

static void count(struct dp_daemon *d, const char *what, uint64_t node, bool more, uint64_t by)
{
    char word[40];
    uint64_t n = counted(d, what, node, word);
    dp_db_meta_u64_put(&d->db, word, more ? n + by : n > by ? n - by : 0);
}

/* One row more or fewer. */
static void count_row(struct dp_daemon *d, struct dp_slice key, size_t bytes, bool more)
{
    if (key.len != DP_ROOM_KEY)
        return;
    struct dp_rd r = dp_rd_of(dp_slice_of(key.p + DP_ROOM_INDEX + 1, 8));
    uint64_t by = dp_rd_u64(&r);
    if (by == 0)
        return;
    count(d, "loose-by", by, more, bytes);
    count(d, "loose-of", dp_name_get(key.p).origin.v, more, 1);
}

void dp_room_put(struct dp_daemon *d, struct dp_slice key, struct dp_slice row)
{
    count_row(d, key, row.len, true);
    dp_db_put_key(&d->db, DP_T_LOOSE, key, row);
}

void dp_room_del(struct dp_daemon *d, struct dp_slice key, size_t bytes)
{
    count_row(d, key, bytes, false);
    dp_db_del_key(&d->db, DP_T_LOOSE, key);
}

/*
 * Another one of `by`. Entries of a node come by way of one neighbour, which is the only one that can bring
 * something of them before they are here (R-SCP-1): nobody else takes room for that node's.
 */
bool dp_room_has(struct dp_daemon *d, const struct dp_peer *by, const struct dp_name *n, size_t bytes)
{
    char word[40];
    return dp_route_scope_ok(d->id.self, by->node, by->is_parent, n->origin) &&
           counted(d, "loose-of", n->origin.v, word) < ORIGIN_MAX &&
           counted(d, "loose-by", by->node.v, word) + bytes <= PEER_BYTES;
}
