/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals, durable at both ends (R-ACK-2). Table shelf, key peer 8, lane 1, number 8: under the plain lane
 * what that peer refused of ours; under the lane with REFUSED_HERE set what we refused of it, said again
 * after every hello. After an upgrade of either end, or by an operator, the sender offers its items again,
 * under new numbers; what was refused because the receiver had stopped issuing, when its hello says that it
 * has not. An item that was offered again leaves a mark, so that its old refusal, said once more, is known.
 */
#include "node/core.h"

#include <string.h>

#define REFUSED_HERE 0x80u
#define KEY_BYTES 17
#define SUM_BYTES 8
#define HERE_BYTES (6 + SUM_BYTES) /* epoch 4, code 2, sum of the item */
#define THERE_BYTES 2              /* code; 0: offered again since */
#define HERE_MAX 256               /* of one peer and lane; the oldest go (R-GON-1) */

#define REFUSED_TEXT DP_SAID("an item of a peer was refused; see the quarantine list")
#define SHELF_TEXT DP_SAID("a peer refused an item; it is shelved, see `daipao link show`")

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

static void put_row(struct dp_daemon *d, struct dp_node peer, unsigned lane, uint64_t number,
                    struct dp_slice v)
{
    struct shelf_key k;
    dp_db_put_key(&d->db, DP_T_SHELF, key_of(&k, peer, lane, number), v);
}

static void del_row(struct dp_daemon *d, struct dp_node peer, unsigned lane, uint64_t number)
{
    struct shelf_key k;
    dp_db_del_key(&d->db, DP_T_SHELF, key_of(&k, peer, lane, number));
}

static uint16_t code_there(struct dp_slice v)
{
    struct dp_rd r = dp_rd_of(v);
    return dp_rd_u16(&r); /* 0 of a row that is too short */
}

static void put_there(struct dp_daemon *d, struct dp_node peer, uint8_t lane, uint64_t number, uint16_t code)
{
    uint8_t row[THERE_BYTES] = {(uint8_t)(code >> 8), (uint8_t)code};
    put_row(d, peer, lane, number, dp_slice_of(row, sizeof row));
}

/* ---- alarms ---- */

static void alarm_if(struct dp_daemon *d, bool on, const char *word, struct dp_node peer, const char *text)
{
    if (on)
        dp_alarm_of(d, word, peer, text);
    else
        dp_alarm_clear_of(d, word, peer);
}

/* Offered again since: only a mark. */
static bool any_there(struct dp_daemon *d, struct dp_node peer, unsigned lane)
{
    uint64_t number = 0;
    struct dp_slice v;
    while (next_row(d, peer, lane, &number, &v))
        if (code_there(v) != DP_OK)
            return true;
    return false;
}

static void watch_peer(struct dp_daemon *d, struct dp_node peer)
{
    bool here = false, there = false;
    for (unsigned lane = 0; lane < DP_LANES; lane++) {
        uint64_t number = 0;
        struct dp_slice v;
        here = here || next_row(d, peer, lane | REFUSED_HERE, &number, &v);
        there = there || any_there(d, peer, lane);
    }
    alarm_if(d, here, "refused", peer, REFUSED_TEXT);
    alarm_if(d, there, "shelf", peer, SHELF_TEXT);
}

void dp_shelf_watch(struct dp_daemon *d)
{
    for (uint32_t i = 0; i < d->peer_count; i++)
        watch_peer(d, d->peers[i]->node);
}

/* ---- what we refuse ---- */

/* Of kind and body: numbers differ when the same item comes again. */
static void sum_of(const struct dp_daemon *d, const struct dp_item_frame *it, uint8_t out[SUM_BYTES])
{
    struct dp_slice all[2] = {dp_slice_of(&it->kind, 1), it->body};
    struct dp_digest h;
    d->suite->hash(all, 2, &h);
    memcpy(out, h.b, SUM_BYTES);
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
    if (count > HERE_MAX)
        del_row(d, peer, lane, oldest);
}

void dp_shelf_refused_here(struct dp_daemon *d, struct dp_peer *p, const struct dp_item_frame *it,
                           enum dp_err code)
{
    uint8_t row[HERE_BYTES], sum[SUM_BYTES];
    struct dp_wr w = dp_wr_of(row, sizeof row);
    sum_of(d, it, sum);
    dp_wr_u32(&w, it->epoch);
    dp_wr_u16(&w, (uint16_t)code);
    dp_wr_bytes(&w, sum, sizeof sum);
    put_row(d, p->node, it->lane | REFUSED_HERE, it->number, dp_wr_slice(&w));
    trim_here(d, p->node, it->lane | REFUSED_HERE);
    p->refused_due = true;
    dp_alarm_of(d, "refused", p->node, REFUSED_TEXT);
}

void dp_shelf_came_again(struct dp_daemon *d, const struct dp_peer *p, const struct dp_item_frame *it)
{
    uint64_t number = 0;
    struct dp_slice v;
    uint8_t sum[SUM_BYTES];
    bool summed = false;
    while (next_row(d, p->node, it->lane | REFUSED_HERE, &number, &v)) {
        if (!summed)
            sum_of(d, it, sum);
        summed = true;
        if (v.len != HERE_BYTES || memcmp(v.p + HERE_BYTES - SUM_BYTES, sum, sizeof sum) != 0)
            continue;
        del_row(d, p->node, it->lane | REFUSED_HERE, number);
        watch_peer(d, p->node);
    }
}

/* What we refused with `code`; DP_OK: everything. */
static void forget_here(struct dp_daemon *d, const struct dp_peer *p, enum dp_err code)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        uint64_t number = 0;
        struct dp_slice v;
        while (next_row(d, p->node, lane | REFUSED_HERE, &number, &v)) {
            bool is = v.len == HERE_BYTES && (v.p[4] << 8 | v.p[5]) == (int)code;
            if (code == DP_OK || is)
                del_row(d, p->node, lane | REFUSED_HERE, number);
        }
    }
}

void dp_shelf_forget(struct dp_daemon *d, struct dp_peer *p)
{
    forget_here(d, p, DP_OK);
    memset(p->told, 0, sizeof p->told);
}

static bool say_lane(struct dp_daemon *d, struct dp_peer *p, uint8_t lane)
{
    uint64_t number = p->told[lane];
    struct dp_slice v;
    while (next_row(d, p->node, lane | REFUSED_HERE, &number, &v)) {
        struct dp_rd r = dp_rd_of(v);
        struct dp_frame f = {.type = DP_FRAME_REFUSED};
        f.u.refused = (struct dp_refused_frame){.lane = lane, .epoch = dp_rd_u32(&r), .number = number};
        f.u.refused.code = dp_rd_u16(&r);
        if (r.err == DP_OK && f.u.refused.epoch == p->s.lane[lane].epoch_in) {
            if (dp_send_frame(d, p, &f) != DP_OK)
                return false;
            dp_session_refused(&p->s);
        }
        p->told[lane] = number;
    }
    return true;
}

void dp_shelf_say(struct dp_daemon *d, struct dp_peer *p)
{
    bool all = true;
    if (!p->refused_due || p->s.state != DP_SESSION_UP || !p->s.greeted)
        return;
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        all = say_lane(d, p, lane) && all;
    p->refused_due = !all;
}

/* ---- what was refused of ours ---- */

bool dp_shelf_refused_there(struct dp_daemon *d, const struct dp_peer *p, const struct dp_refused_frame *f)
{
    struct shelf_key k;
    struct dp_slice have;
    if (dp_db_get_key(&d->db, DP_T_SHELF, key_of(&k, p->node, f->lane, f->number), &have) == DP_OK &&
        code_there(have) == DP_OK)
        return false;
    put_there(d, p->node, f->lane, f->number, f->code == DP_OK ? DP_INTERNAL : f->code);
    dp_alarm_of(d, "shelf", p->node, SHELF_TEXT);
    return true;
}

/* Offer again what was refused with `code`; DP_OK: everything. */
static void offer_lane(struct dp_daemon *d, struct dp_peer *p, uint8_t lane, enum dp_err code)
{
    uint64_t number = 0;
    struct dp_slice v;
    while (next_row(d, p->node, lane, &number, &v)) {
        struct dp_ref r;
        uint16_t why = code_there(v);
        if (why == DP_OK || (code != DP_OK && why != (uint16_t)code))
            continue;
        if (dp_db_journal(&d->db, p->node, lane, number, &d->turn, &r) != DP_OK)
            continue; /* it cannot be read: it stays on the shelf, and the alarm with it */
        dp_peers_journal(d, p, lane, &r);
        put_there(d, p->node, lane, number, DP_OK);
    }
}

static void offer(struct dp_daemon *d, struct dp_peer *p, enum dp_err code)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        offer_lane(d, p, lane, code);
}

/* Nobody says the old refusals any more. */
static void drop_marks(struct dp_daemon *d, const struct dp_peer *p)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        uint64_t number = 0;
        struct dp_slice v;
        while (next_row(d, p->node, lane, &number, &v))
            if (code_there(v) == DP_OK)
                del_row(d, p->node, lane, number);
    }
}

void dp_shelf_offer(struct dp_daemon *d, struct dp_peer *p)
{
    forget_here(d, p, DP_OK);
    offer(d, p, DP_OK);
    watch_peer(d, p->node);
}

void dp_shelf_greet(struct dp_daemon *d, struct dp_peer *p, const struct dp_hello *h)
{
    bool met = p->row.program != 0;
    memset(p->told, 0, sizeof p->told);
    p->refused_due = true;
    if (met && (p->row.program != h->program || p->row.own_program != DP_PROGRAM_VERSION)) {
        drop_marks(d, p); /* both ends see the change, and the receiver forgets */
        dp_shelf_offer(d, p);
        return;
    }
    if (dp_stop_issuing(d) == DP_OK)
        forget_here(d, p, DP_STOPPED);
    if ((h->flags & DP_HELLO_STOPPED) == 0)
        offer(d, p, DP_STOPPED);
    watch_peer(d, p->node);
}
