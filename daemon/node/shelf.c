/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals, durable at both ends (R-ACK-2). Table shelf, key peer 8, lane 1, number 8: under the plain lane
 * what that peer refused of ours; under the lane with REFUSED_HERE set what we refused of it, said again
 * after every hello. After an upgrade of either end, or by an operator, both sides start over: the receiver
 * forgets its refusals and the sender offers the items again, under new numbers.
 */
#include "node/core.h"

#define REFUSED_HERE 0x80u
#define KEY_BYTES 17
#define HERE_BYTES 6 /* epoch 4, code 2 */
#define HERE_MAX 256 /* of one peer and lane; the oldest go (R-GON-1) */

struct shelf_key {
    uint8_t b[KEY_BYTES];
};

static struct dp_slice key_of(struct shelf_key *k, struct dp_node peer, unsigned lane, uint64_t number)
{
    struct dp_wr w = dp_wr_of(k->b, sizeof k->b);
    dp_wr_u64(&w, peer.v);
    dp_wr_u8(&w, (uint8_t)lane);
    dp_wr_u64(&w, number);
    return dp_wr_slice(&w);
}

/* The next row of one peer and lane after *number; false at the end. */
static bool next_row(struct dp_daemon *d, struct dp_node peer, unsigned lane, uint64_t *number,
                     struct dp_slice *v)
{
    struct shelf_key at;
    struct dp_slice key = key_of(&at, peer, lane, *number);
    struct dp_slice prefix = dp_slice_of(at.b, 9);
    if (dp_db_next_key(&d->db, DP_T_SHELF, prefix, &key, v) != DP_OK || key.len != KEY_BYTES)
        return false;
    struct dp_rd r = dp_rd_of(dp_slice_of(key.p + 9, 8));
    *number = dp_rd_u64(&r);
    return true;
}

static void trim_here(struct dp_daemon *d, struct dp_node peer, unsigned lane)
{
    uint64_t number = 0, oldest = 0;
    struct dp_slice v;
    unsigned count = 0;
    while (next_row(d, peer, lane, &number, &v)) {
        oldest = count == 0 ? number : oldest;
        count++;
    }
    struct shelf_key k;
    if (count > HERE_MAX)
        dp_db_del_key(&d->db, DP_T_SHELF, key_of(&k, peer, lane, oldest));
}

void dp_shelf_refused_here(struct dp_daemon *d, const struct dp_peer *p, const struct dp_refused_frame *f)
{
    struct shelf_key k;
    uint8_t row[HERE_BYTES];
    struct dp_wr w = dp_wr_of(row, sizeof row);
    dp_wr_u32(&w, f->epoch);
    dp_wr_u16(&w, f->code);
    dp_db_put_key(&d->db, DP_T_SHELF, key_of(&k, p->node, f->lane | REFUSED_HERE, f->number),
                  dp_wr_slice(&w));
    trim_here(d, p->node, f->lane | REFUSED_HERE);
}

void dp_shelf_refused_there(struct dp_daemon *d, const struct dp_peer *p, const struct dp_refused_frame *f)
{
    struct shelf_key k;
    uint8_t code[2] = {(uint8_t)(f->code >> 8), (uint8_t)f->code};
    dp_db_put_key(&d->db, DP_T_SHELF, key_of(&k, p->node, f->lane, f->number),
                  dp_slice_of(code, sizeof code));
}

void dp_shelf_repeat(struct dp_daemon *d, struct dp_peer *p)
{
    p->queue_refused = 0;
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        uint64_t number = 0;
        struct dp_slice v;
        while (next_row(d, p->node, lane | REFUSED_HERE, &number, &v) && v.len == HERE_BYTES) {
            struct dp_rd r = dp_rd_of(v);
            struct dp_refused_frame f = {.lane = lane, .epoch = dp_rd_u32(&r), .number = number};
            f.code = dp_rd_u16(&r);
            p->refused[p->queue_refused++ % DP_REFUSED_MAX] = f; /* the newest stay */
        }
    }
    if (p->queue_refused > DP_REFUSED_MAX)
        p->queue_refused = DP_REFUSED_MAX;
}

static void forget_here(struct dp_daemon *d, const struct dp_peer *p, uint8_t lane)
{
    uint64_t number = 0;
    struct dp_slice v;
    while (next_row(d, p->node, lane | REFUSED_HERE, &number, &v)) {
        struct shelf_key k;
        dp_db_del_key(&d->db, DP_T_SHELF, key_of(&k, p->node, lane | REFUSED_HERE, number));
    }
}

static void offer_lane(struct dp_daemon *d, struct dp_peer *p, uint8_t lane)
{
    uint64_t number = 0;
    struct dp_slice v;
    while (next_row(d, p->node, lane, &number, &v)) {
        struct shelf_key k;
        struct dp_ref r;
        if (dp_db_journal(&d->db, p->node, lane, number, &d->turn, &r) == DP_OK)
            dp_peers_journal(d, p, lane, &r);
        dp_db_del_key(&d->db, DP_T_SHELF, key_of(&k, p->node, lane, number));
    }
}

void dp_shelf_offer(struct dp_daemon *d, struct dp_peer *p)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        forget_here(d, p, lane);
        offer_lane(d, p, lane);
    }
    p->queue_refused = 0;
}
