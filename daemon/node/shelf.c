/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals, durable at both ends (R-ACK-2). Table shelf, key peer 8, lane 1, number 8: under the plain lane
 * what that peer refused of ours; under the lane with REFUSED_HERE set what we refused of it, said again
 * after every hello. After an upgrade of either end, or by an operator, the sender offers its items again,
 * under new numbers; what was refused because the receiver had stopped issuing, when its hello says that it
 * has not; what found no room, by itself, later and later. An item that was offered again leaves a mark, so
 * that its old refusal, said once more, is known.
 */
#include "node/core.h"

#include <string.h>

#define REFUSED_HERE 0x80u
#define KEY_BYTES 17
#define SUM_BYTES 8
#define HERE_BYTES (6 + SUM_BYTES) /* epoch 4, code 2, sum of the item */
#define THERE_BYTES 2              /* code; 0: offered again since */
#define AGAIN_BYTES 19       /* code 2, times it was offered 1, number it has now 8 or 0, when it is due 8 */
#define HERE_MAX 256         /* of one peer and lane: of those that were said the oldest go (R-GON-1) */
#define UNSAID_MAX 1024      /* and of all, when it does not listen */
#define AGAIN_FIRST_MS 60000 /* what found no room: then, twice as long, and so on */
#define AGAIN_LAST_MS 86400000 /* up to a day */
#define AGAIN_AT_ONCE 16       /* of one peer and lane, so that it costs little (R-ACK-2) */

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

/* A row that was not said since the hello may be all that its sender would ever hear: it stays (N2). */
static void trim_here(struct dp_daemon *d, struct dp_node peer, unsigned lane, uint64_t told)
{
    uint64_t number = 0, oldest = 0;
    struct dp_slice v;
    unsigned count = 0;
    while (next_row(d, peer, lane, &number, &v)) {
        oldest = count == 0 ? number : oldest;
        count++;
    }
    if (count > UNSAID_MAX || (count > HERE_MAX && oldest <= told))
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
    trim_here(d, p->node, it->lane | REFUSED_HERE, p->told[it->lane]);
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

/* ---- what found no room ---- */

/* A row of it: due at a time, or (code 0) offered again. */
struct again {
    uint16_t code;
    uint8_t times;
    uint64_t number; /* under which it was offered again; 0 = it waits */
    int64_t due_ms;
};

static bool again_get(struct dp_slice v, struct again *out)
{
    struct dp_rd r = dp_rd_of(v);
    out->code = dp_rd_u16(&r);
    out->times = dp_rd_u8(&r);
    out->number = dp_rd_u64(&r);
    out->due_ms = (int64_t)dp_rd_u64(&r);
    return v.len == AGAIN_BYTES && dp_rd_done(&r) == DP_OK;
}

static void again_put(struct dp_daemon *d, struct dp_node peer, uint8_t lane, uint64_t at,
                      const struct again *a)
{
    uint8_t row[AGAIN_BYTES];
    struct dp_wr w = dp_wr_of(row, sizeof row);
    dp_wr_u16(&w, a->code);
    dp_wr_u8(&w, a->times);
    dp_wr_u64(&w, a->number);
    dp_wr_u64(&w, (uint64_t)a->due_ms);
    put_row(d, peer, lane, at, dp_wr_slice(&w));
}

static int64_t pause_ms(uint8_t times)
{
    int64_t ms = AGAIN_FIRST_MS;
    while (times-- > 0 && ms < AGAIN_LAST_MS)
        ms *= 2;
    return ms < AGAIN_LAST_MS ? ms : AGAIN_LAST_MS;
}

/* How long still; a clock that was set back makes nobody wait longer than the longest pause. */
static int64_t left_ms(const struct dp_daemon *d, int64_t due_ms)
{
    int64_t left = due_ms - d->now_wall;
    return left > AGAIN_LAST_MS ? 0 : left;
}

static void look_in(struct dp_daemon *d, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    if (d->again_ms > d->now_mono + ms)
        d->again_ms = d->now_mono + ms;
}

/* The row becomes a mark, and so does that of the new number, which knows how often it was. */
static void offer_row(struct dp_daemon *d, struct dp_peer *p, uint8_t lane, uint64_t number, struct again a)
{
    struct dp_ref r;
    if (dp_db_journal(&d->db, p->node, lane, number, &d->turn, &r) != DP_OK)
        return; /* it cannot be read: it stays on the shelf, and the alarm with it */
    dp_peers_journal(d, p, lane, &r);
    a = (struct again){.times = (uint8_t)(a.times + (a.times < UINT8_MAX)),
                       .number = p->s.lane[lane].journal_last,
                       .due_ms = d->now_wall + AGAIN_LAST_MS};
    again_put(d, p->node, lane, number, &a);
    again_put(d, p->node, lane, a.number, &a);
}

static void look_lane(struct dp_daemon *d, struct dp_peer *p, uint8_t lane)
{
    unsigned room = AGAIN_AT_ONCE;
    uint64_t number = 0;
    struct dp_slice v;
    while (next_row(d, p->node, lane, &number, &v)) {
        struct again a;
        if (!again_get(v, &a))
            continue;
        int64_t left = left_ms(d, a.due_ms);
        if (a.code == DP_OK && left <= 0 && p->s.lane[lane].acked >= a.number)
            del_row(d, p->node, lane, number); /* taken long since: nobody says the old refusal any more */
        else if (a.code == DP_OK || left > 0)
            look_in(d, left > AGAIN_FIRST_MS ? left : AGAIN_FIRST_MS);
        else if (room == 0)
            look_in(d, AGAIN_FIRST_MS);
        else if (p->s.state == DP_SESSION_UP && room-- > 0)
            offer_row(d, p, lane, number, a);
    }
}

void dp_shelf_again(struct dp_daemon *d)
{
    if (d->now_mono < d->again_ms)
        return;
    d->again_ms = INT64_MAX;
    for (uint32_t i = 0; i < d->peer_count; i++) {
        for (uint8_t lane = 0; lane < DP_LANES; lane++)
            look_lane(d, d->peers[i], lane);
        watch_peer(d, d->peers[i]->node);
    }
}

/* The mark of the number under which it was offered again holds nothing: that one was taken, or is refused.
 */
bool dp_shelf_holds(struct dp_daemon *d, const struct dp_peer *p, uint8_t lane, uint64_t number)
{
    struct shelf_key k;
    struct dp_slice v;
    struct again a;
    if (dp_db_get_key(&d->db, DP_T_SHELF, key_of(&k, p->node, lane, number), &v) != DP_OK)
        return false;
    return !(again_get(v, &a) && a.code == DP_OK && a.number == number);
}

bool dp_shelf_refused_there(struct dp_daemon *d, const struct dp_peer *p, const struct dp_refused_frame *f)
{
    struct shelf_key k;
    struct dp_slice have;
    struct again a = {.code = DP_FULL};
    bool known = dp_db_get_key(&d->db, DP_T_SHELF, key_of(&k, p->node, f->lane, f->number), &have) == DP_OK;
    bool offered = known && again_get(have, &a);
    bool anew = offered && a.code == DP_OK && a.number == f->number; /* the new number, refused once more */
    if (known && code_there(have) == DP_OK && !anew)
        return false;
    if (known && !anew)
        return true; /* it lies there already */
    if (f->code == DP_FULL) {
        a = (struct again){.code = DP_FULL, .times = anew ? a.times : 0};
        a.due_ms = d->now_wall + pause_ms(a.times);
        again_put(d, p->node, f->lane, f->number, &a);
        look_in(d, pause_ms(a.times));
    } else {
        put_there(d, p->node, f->lane, f->number, f->code == DP_OK ? DP_INTERNAL : f->code);
    }
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
    dp_session_acks_owed(&p->s); /* behind the refusals: now the peer may let go what they do not name */
    if (met && (p->row.program != h->program || p->row.own_program != DP_PROGRAM_VERSION)) {
        drop_marks(d, p); /* both ends see the change, and the receiver forgets */
        dp_shelf_offer(d, p);
        return;
    }
    d->again_ms = 0; /* what found no room may be due */
    if (dp_stop_issuing(d) == DP_OK)
        forget_here(d, p, DP_STOPPED);
    if ((h->flags & DP_HELLO_STOPPED) == 0)
        offer(d, p, DP_STOPPED);
    watch_peer(d, p->node);
}
