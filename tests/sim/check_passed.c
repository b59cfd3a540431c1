/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parcel is nowhere longer than somebody waits for it (I46): what the next hop has durable, by its own
 * store, and has not refused, is not here any more.
 */
#include "sim/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "sim/fault.h"
#include "support/cluster_inner.h"
#include "support/cmocka_all.h"

struct wanted {
    struct dp_digest *d;
    uint32_t count, cap;
};

static void add(struct wanted *w, const struct dp_digest *d)
{
    if (w->count == w->cap) {
        w->cap = w->cap == 0 ? 256 : w->cap * 2;
        w->d = realloc(w->d, w->cap * sizeof(w->d[0]));
        assert_non_null(w->d);
    }
    w->d[w->count++] = *d;
}

/* What the peer has by its own books; 0 when nobody can tell it so: the line is down, or it is not what it
 * was. */
static uint64_t has_there(struct oracle *o, const struct cl_node *n, const struct dp_peer_row *row,
                          struct dp_node peer, uint8_t lane)
{
    struct dp_peer_row theirs;
    const struct cl_node *y = oracle_node_at(o, peer);
    const struct dp_peer *p = dp_peers_find(n->d, peer);
    if (y == NULL || y->d == NULL || p == NULL || p->s.state != DP_SESSION_UP || !fault_is_honest(o->s, y))
        return 0;
    struct dp_db db = {.kv = y->kv};
    assert_ok(dp_db_begin(&db, false));
    bool ok = dp_db_peer(&db, n->id, &theirs) == DP_OK && theirs.gen_in == row->gen_out;
    dp_db_abort(&db);
    return ok ? theirs.lane[lane].durable_in : 0;
}

/* Refused there, and to be offered again. */
static bool is_shelved(struct dp_db *db, struct dp_node peer, uint8_t lane, uint64_t number)
{
    uint8_t key[17];
    struct dp_slice v;
    struct dp_wr w = dp_wr_of(key, sizeof(key));
    dp_wr_u64(&w, peer.v);
    dp_wr_u8(&w, lane);
    dp_wr_u64(&w, number);
    return dp_db_get_key(db, DP_T_SHELF, dp_wr_slice(&w), &v) == DP_OK;
}

static void gather(struct oracle *o, const struct cl_node *n, struct dp_db *db, struct wanted *w)
{
    struct dp_node peer = {0};
    struct dp_peer_row row;
    while (dp_db_peer_next(db, &peer, &row) == DP_OK)
        for (uint8_t lane = 0; lane < DP_LANES; lane++) {
            uint64_t there = has_there(o, n, &row, peer, lane);
            for (uint64_t no = 1; no <= row.lane[lane].journal_last; no++) {
                struct dp_ref r;
                dp_arena_reset(&o->look);
                if ((no > there || is_shelved(db, peer, lane, no)) &&
                    dp_db_journal(db, peer, lane, no, &o->look, &r) == DP_OK && r.kind == DP_REF_PARCEL)
                    add(w, &r.digest);
            }
        }
}

static bool is_wanted(const struct wanted *w, struct dp_slice digest)
{
    for (uint32_t i = 0; i < w->count; i++)
        if (memcmp(w->d[i].b, digest.p, sizeof(w->d[i].b)) == 0)
            return true;
    return false;
}

static void check_node(struct oracle *o, const struct cl_node *n)
{
    struct dp_db db = {.kv = n->kv};
    struct wanted w = {0};
    struct dp_slice key = {0}, beside = {0}, v;
    assert_ok(dp_db_begin(&db, false));
    gather(o, n, &db, &w);
    while (dp_db_next_key(&db, DP_T_PARCEL, dp_slice_of(NULL, 0), &key, &v) == DP_OK)
        if (!is_wanted(&w, key))
            sim_broken(o->s, "I46", "%s keeps a parcel that the next hop has", n->text);
    while (dp_db_next_key(&db, DP_T_PARCEL_KEY, dp_slice_of(NULL, 0), &beside, &v) == DP_OK)
        if (!is_wanted(&w, beside))
            sim_broken(o->s, "I46", "%s keeps keys of a parcel that the next hop has", n->text);
    dp_db_abort(&db);
    free(w.d);
}

void check_passed_rest(struct oracle *o)
{
    for (uint32_t i = 0; i < o->node_count; i++) {
        const struct cl_node *n = o->nodes[i].n;
        if (n != NULL && n->d != NULL && fault_is_honest(o->s, n))
            check_node(o, n);
    }
}
