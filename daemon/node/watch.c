/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not go unnoticed (N5): a disk that fills; who was turned away at the door; a link that is up and
 * brings nothing forward.
 */
#include "node/core.h"

#include <stdio.h>
#include <string.h>

#include "net/net.h"

#define TIDY_MS 30000
#define WELL_MS 300000  /* up so long, and a link's old trouble is over */
#define STUCK_MS 600000 /* and round trips, without an ack of what is owed */
#define STUCK_ROUNDS 64
#define DOOR_MS 2000
#define DOOR_SILENT_MAX 32 /* handshakes that end in nothing, between two looks: a poor line makes a few */

/* ---- disk and door ---- */

/* After a turn that the store refused: whether it takes a row again, and the alarms with it. */
static bool takes_writes(struct dp_daemon *d)
{
    if (dp_db_begin(&d->db, true) != DP_OK)
        return false;
    dp_db_meta_u64_put(&d->db, "wrote", (uint64_t)d->now_wall);
    dp_alarms_write(d);
    dp_stop_write(d);
    if (dp_db_commit(&d->db) != DP_OK) {
        d->n.commits_failed++;
        return false;
    }
    dp_alarms_written(d);
    dp_stop_ended(d, true);
    return true;
}

/* R-STO-4: the watermark, not MAP_FULL, stops intake; and lets it go on. When the store refused all the same,
 * only a write that it takes does. */
void dp_watch_disk(struct dp_daemon *d)
{
    struct dp_kv_stat st;
    if (d->now_mono < d->next_tidy)
        return;
    int64_t every = d->opt.tidy_ms > 0 ? d->opt.tidy_ms : TIDY_MS;
    d->next_tidy = d->now_mono + (d->intake_stopped ? every / 30 : every);
    if (d->unwritten > 0 && takes_writes(d)) {
        d->unwritten = 0;
    } else if (d->unwritten > 0) {
        d->next_tidy = d->now_mono + ((int64_t)DP_RETRY_MS << (d->unwritten - 1));
        d->unwritten += d->unwritten < DP_UNWRITTEN_MAX;
    }
    d->port.kv->ops->tidy(d->port.kv);
    bool known =
        d->port.kv->ops->stat(d->port.kv, &st) == DP_OK && st.disk_free != UINT64_MAX && st.disk_total != 0;
    dp_sweep_volume(d, known ? st.disk_total : 0);
    dp_watch_links(d);
    bool low = known && st.disk_free / (st.disk_total / 1000 + 1) < d->opt.disk_min_permille;
    if (low && !d->intake_stopped)
        dp_alarm(d, "disk", "disk space is low: intake is stopped; acks, orders and reads go on");
    d->intake_stopped = low || d->unwritten > 0 || d->stop.life_waits;
    if (!d->intake_stopped)
        dp_alarm_clear(d, "disk");
}

/* N5: who was turned away is counted and said. The text stays the same, so that a flood fills no log. */
void dp_watch_door(struct dp_daemon *d)
{
    const struct dp_net_counters *n = d->opt.net;
    if (n == NULL || d->now_mono < d->door_ms)
        return;
    uint64_t refused = n->auth_failed + n->handshake_protocol + n->handshake_auth;
    uint64_t flood = n->rate_limited + n->crowded_out + n->enroll_limited + n->hoarding;
    if (refused > d->door_refused)
        dp_alarm(
            d, "door",
            "connections were refused: a key that is not enrolled, or another protocol; see `daipao status`");
    if (flood > d->door_flood || n->handshake_other > d->door_silent + DOOR_SILENT_MAX)
        dp_alarm(d, "flood", "connections or messages were cut: too many at once; see `daipao status`");
    d->door_ms = d->now_mono + DOOR_MS;
    d->door_refused = refused;
    d->door_flood = flood;
    d->door_silent = n->handshake_other;
}

/* ---- clock ---- */

#define CLOCK_AHEAD "the clock of this node is %s ahead of its parent's: intake is stopped; set the clock"
#define CLOCK_BEHIND "the clock of this node is %s behind its parent's: intake is stopped; set the clock"
#define CLOCK_OF_PARENT                                                                                      \
    "the parent's clock, which its system says is not synchronised, is %s off this one; tell its operator"

static int64_t distance(int64_t ms)
{
    return ms < 0 ? -ms : ms;
}

static const char *span(int64_t ms, char out[48])
{
    uint64_t min = ((uint64_t)distance(ms) + 30000) / 60000;
    if (min < 2)
        snprintf(out, 48, "%llu s", (unsigned long long)(distance(ms) / 1000));
    else if (min < 120)
        snprintf(out, 48, "%llu min", (unsigned long long)min);
    else if (min < 48 * 60)
        snprintf(out, 48, "%llu h", (unsigned long long)((min + 30) / 60));
    else
        snprintf(out, 48, "%llu days", (unsigned long long)((min + 720) / 1440));
    return out;
}

/* Of all lanes: what the peer has, and whether it lacks anything. */
static uint64_t acked_of(const struct dp_session *s, bool *owed)
{
    uint64_t acked = 0;
    *owed = false;
    for (unsigned i = 0; i < DP_LANES; i++) {
        acked += s->lane[i].acked;
        *owed |= s->lane[i].journal_last > s->lane[i].acked;
    }
    return acked;
}

static void clock_right(struct dp_daemon *d)
{
    d->clock.wrong = false;
    dp_alarm_clear(d, "clock");
}

/* Of two clocks that differ the one that nobody keeps is wrong; of two that are kept, the lower one. */
void dp_watch_greeting(struct dp_daemon *d, const struct dp_hello *h)
{
    char text[200], off[48];
    bool theirs = (h->flags & DP_HELLO_CLOCK_SYNCED) == 0 && d->port.clock.synced(d->port.clock.ctx);
    d->clock.known = true;
    d->clock.off_ms = h->clock_ms - d->now_wall;
    d->clock.wall_ms = d->now_wall - d->now_mono;
    span(d->clock.off_ms, off);
    d->clock.wrong = !theirs && distance(d->clock.off_ms) > d->opt.max_skew_ms;
    if (distance(d->clock.off_ms) <= d->opt.max_skew_ms) {
        clock_right(d);
        return;
    }
    snprintf(text, sizeof text,
             theirs                ? CLOCK_OF_PARENT
             : d->clock.off_ms < 0 ? CLOCK_AHEAD
                                   : CLOCK_BEHIND,
             off);
    dp_alarm(d, "clock", text);
}

/* By how much this clock was set since the greeting. */
static int64_t set_since(const struct dp_daemon *d)
{
    return d->now_wall - d->now_mono - d->clock.wall_ms;
}

/* Also while no line says so. */
void dp_watch_clock_set(struct dp_daemon *d)
{
    if (d->clock.wrong && distance(d->clock.off_ms - set_since(d)) <= d->opt.max_skew_ms)
        clock_right(d);
}

void dp_watch_clock(struct dp_daemon *d)
{
    int64_t set_ms = set_since(d);
    struct dp_peer *parent = dp_peers_parent(d);
    bool owed;
    if (!d->clock.known || parent == NULL)
        return;
    if (distance(set_ms) <= d->opt.max_skew_ms || parent->s.state != DP_SESSION_UP)
        return;
    (void)acked_of(&parent->s, &owed);
    if (owed || d->own.seq > d->own.sealed_seq)
        return; /* what was written before is bounded by the greeting before (R-WIT-1) */
    d->clock.off_ms -= set_ms;
    d->clock.wall_ms += set_ms;
    dp_peers_lost(d, parent); /* its next greeting tells */
    d->port.transport.drop(d->port.transport.ctx, parent->node);
}

/* ---- links ---- */

/* Time counts only while it is up: a line that is down is silence, and the sweep's. */
static void watch_progress(struct dp_daemon *d, struct dp_peer *p, int64_t elapsed_ms)
{
    char text[200], node[DP_NODE_TEXT];
    bool owed;
    uint64_t acked = acked_of(&p->s, &owed);
    if (!owed || acked != p->acked_then || p->row.revoked) {
        p->stuck_ms = 0;
        p->acked_then = acked;
        dp_alarm_clear_of(d, "stuck", p->node);
        return;
    }
    if (p->s.state == DP_SESSION_UP)
        p->stuck_ms += elapsed_ms;
    if (p->stuck_ms < STUCK_MS + STUCK_ROUNDS * p->s.rtt_ms)
        return;
    dp_node_format(p->node, node);
    snprintf(text, sizeof text,
             "%s is connected and acknowledges nothing of what waits for it; see `daipao link show`, and the "
             "log at its end",
             node);
    dp_alarm_of(d, "stuck", p->node, text);
}

static void watch_well(struct dp_daemon *d, const struct dp_peer *p)
{
    if (p->s.state != DP_SESSION_UP || p->up_ms == 0 || d->now_mono - p->up_ms < WELL_MS)
        return;
    dp_alarm_clear_of(d, "link", p->node);
}

void dp_watch_links(struct dp_daemon *d)
{
    int64_t elapsed_ms = d->links_ms == 0 ? 0 : d->now_mono - d->links_ms;
    d->links_ms = d->now_mono;
    for (uint32_t i = 0; i < d->peer_count; i++) {
        watch_progress(d, d->peers[i], elapsed_ms);
        watch_well(d, d->peers[i]);
    }
}
