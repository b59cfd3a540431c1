/* SPDX-License-Identifier: Apache-2.0 */
/* See renew.h. What is damaged is never read for the repair: numbers of items are enough to drop them. */
#include "node/renew.h"

#include "base/arena.h"
#include "store/layout.h"

#define ITEM_ARENA (1u << 20)

/* Whether every item is there and says something. The transaction ends with the first that does not. */
static bool is_sound(struct dp_db *db, struct dp_node peer, const struct dp_peer_row *row)
{
    struct dp_arena a;
    bool sound = true;
    dp_arena_init(&a, ITEM_ARENA, 0);
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        for (uint64_t no = 1; sound && no <= row->lane[lane].journal_last; no++) {
            struct dp_ref r;
            dp_arena_reset(&a);
            enum dp_err e = dp_db_journal(db, peer, lane, no, &a, &r);
            bool dropped = e == DP_NOT_FOUND && lane == DP_LANE_BULK;
            sound = e == DP_OK || dropped; /* a post that the peer has (R-POST-6) */
        }
    dp_arena_fini(&a);
    return sound;
}

static enum dp_err renew(struct dp_db *db, const struct dp_random *random, struct dp_node peer,
                         struct dp_peer_row *row)
{
    uint32_t epochs[DP_LANES];
    for (unsigned i = 0; i < DP_LANES; i++) {
        epochs[i] = 0; /* R-JRN-2 */
        while (epochs[i] == 0)
            random->fill(random->ctx, &epochs[i], sizeof epochs[i]);
    }
    enum dp_err e = dp_db_begin(db, true);
    if (e != DP_OK)
        return e;
    dp_db_journals_renew(db, peer, epochs, row);
    return dp_db_commit(db);
}

/* The next peer after *at. */
static enum dp_err next_peer(struct dp_db *db, struct dp_node *at, struct dp_peer_row *row, bool *sound)
{
    enum dp_err e = dp_db_begin(db, false);
    if (e != DP_OK)
        return e;
    e = dp_db_peer_next(db, at, row);
    *sound = e == DP_OK && is_sound(db, *at, row);
    dp_db_abort(db);
    return e;
}

enum dp_err dp_renew_journals(struct dp_kv *kv, const struct dp_random *random, FILE *to)
{
    struct dp_db db = {.kv = kv};
    struct dp_node at = {0};
    struct dp_peer_row row;
    unsigned peers = 0, renewed = 0;
    bool sound;
    enum dp_err e;
    while ((e = next_peer(&db, &at, &row, &sound)) == DP_OK) {
        char node[DP_NODE_TEXT];
        peers++;
        if (sound)
            continue;
        e = renew(&db, random, at, &row);
        if (e != DP_OK)
            break;
        dp_node_format(at, node);
        fprintf(to, "journals to %s: begun anew; what it lacks is found out when the link is up\n", node);
        renewed++;
    }
    if (e != DP_NOT_FOUND) {
        fprintf(to, "the journals cannot be repaired: %s; restore a backup\n", dp_err_text(e));
        return e;
    }
    fprintf(to, "peers %u, journals begun anew %u\n", peers, renewed);
    return DP_OK;
}
