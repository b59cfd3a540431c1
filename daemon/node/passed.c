/* SPDX-License-Identifier: Apache-2.0 */
/* Parcels that the next hop has: see passed.h. How far it came is kept in the row of the peer. */
#include "node/passed.h"

#define LOOK_MAX 1024          /* records of the journals in one turn */
#define REST_MS INT64_C(10000) /* a turn of its own, when no other writes meanwhile */

void dp_passed_acked(struct dp_daemon *d, struct dp_peer *p, const struct dp_ack_frame *a)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        if ((a->lanes >> lane & 1) == 0 || a->lane[lane].epoch != p->s.lane[lane].epoch_out ||
            a->lane[lane].durable <= p->confirmed[lane] || a->lane[lane].durable > p->s.lane[lane].acked)
            continue;
        p->confirmed[lane] = a->lane[lane].durable;
        if (d->passed_ms == 0)
            d->passed_ms = d->now_mono + REST_MS;
    }
}

void dp_passed_greeted(struct dp_peer *p)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        p->confirmed[lane] = 0;
}

bool dp_passed_is_behind(const struct dp_peer *p)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        if (p->s.lane[lane].acked < p->row.dropped[lane])
            return true;
    return false;
}

/* What was refused is offered again, under another number, and goes with that one (R-ACK-2). */
static void let_go(struct dp_daemon *d, struct dp_peer *p, uint8_t lane, uint64_t number)
{
    struct dp_slice have;
    struct dp_ref r;
    dp_arena_reset(&d->look);
    if (dp_shelf_holds(d, p, lane, number) ||
        dp_db_journal(&d->db, p->node, lane, number, &d->look, &r) != DP_OK || r.kind != DP_REF_PARCEL ||
        dp_db_get32(&d->db, DP_T_PARCEL, &r.digest, &have) != DP_OK)
        return;
    p->row_dirty = true;
    dp_db_parcel_del(&d->db, &r.digest);
}

void dp_passed_go(struct dp_daemon *d)
{
    uint32_t left = LOOK_MAX;
    bool writes = d->feed_count > 0 || d->fresh_count > 0 || d->rotate_due;
    if (d->passed_ms == 0 || (!writes && d->now_mono < d->passed_ms))
        return;
    for (uint32_t i = 0; i < d->peer_count; i++) {
        struct dp_peer *p = d->peers[i];
        for (uint8_t lane = 0; lane < DP_LANES; lane++)
            while (p->row.dropped[lane] < p->confirmed[lane] && left > 0) {
                let_go(d, p, lane, ++p->row.dropped[lane]);
                left--;
                p->row_dirty |= left == 0; /* what was looked at is not looked at again and again */
            }
    }
    d->passed_ms = left > 0 ? 0 : d->now_mono; /* if the turn fails, the next ack brings it up again */
}

int64_t dp_passed_wake(const struct dp_daemon *d)
{
    return d->passed_ms == 0 ? INT64_MAX : d->passed_ms;
}
