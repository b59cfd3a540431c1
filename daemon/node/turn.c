/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One turn: begun, decided, committed, and only then said (R-STO-1). A turn that fails did not happen, and
 * everything in memory goes back to what the store says.
 */
#include "node/calls.h"
#include "node/passed.h"
#include "node/post.h"
#include "node/unsent.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_TRIM_MS 5000

enum dp_err dp_daemon_begin(struct dp_daemon *d)
{
    dp_arena_reset(&d->turn);
    d->now_wall = d->port.clock.wall_ms(d->port.clock.ctx);
    d->now_mono = d->port.clock.mono_ms(d->port.clock.ctx);
    d->turn_no++;
    d->own_saved = d->own;
    d->was_enrolled = d->id.enrolled;
    d->join_ended = false;
    d->turn_error = DP_OK;
    d->alarms.of_turn = false;
    dp_feed_again(d);
    d->chunks_left = DP_CHUNKS_A_TURN;
    dp_watch_clock_set(d);
    enum dp_err e = dp_db_begin(&d->db, true);
    if (e == DP_OK && d->retry_ms != 0)
        dp_shelf_watch(
            d); /* the turn before failed: what it took off the shelf lies there, and its alarm is gone */
    return e;
}

bool dp_is_starved(const struct dp_daemon *d)
{
    return d->heap_starved || d->turn.starved || d->look.starved || d->scratch.starved;
}

void dp_feed_again(struct dp_daemon *d)
{
    d->heap_starved = d->turn.starved = d->look.starved = d->scratch.starved = false;
}

/* While the store refuses, no turn that only reads is to fail for the sake of older ones (watch.c). */
static bool keeps_alarms(const struct dp_daemon *d)
{
    return d->unwritten == 0 || d->alarms.of_turn;
}

static enum dp_err decide(struct dp_daemon *d)
{
    enum dp_err e = d->turn_error;
    if (e == DP_OK)
        e = dp_sweep(d);
    if (e == DP_OK && d->id.enrolled)
        e = dp_settle(d);
    if (e == DP_OK)
        dp_enroll_tidy(d);
    if (e == DP_OK)
        dp_sweep_touched(d);
    if (e == DP_OK)
        e = dp_files_go_on(d);
    if (e == DP_OK)
        dp_shelf_again(d);
    if (e == DP_OK)
        e = dp_posts_turn(d);
    if (e == DP_OK)
        e = dp_parcels_flush(d);
    if (e == DP_OK)
        e = dp_unsent_found(d);
    if (e == DP_OK && dp_own_wants_seal(d))
        e = dp_own_seal(d);
    if (e != DP_OK)
        return e;
    dp_own_keep(d);
    e = dp_cache_write(d);
    if (e != DP_OK)
        return e;
    dp_feed_write(d);
    dp_passed_go(d);
    dp_peers_write(d);
    if (keeps_alarms(d)) {
        dp_alarms_write(d);
        dp_stop_write(d);
    }
    return dp_is_starved(d) ? DP_NOMEM : d->turn_error;
}

/* What the turn was to seal or settle is still to do. A store that refuses is asked less and less often. */
static int64_t retry_at(const struct dp_daemon *d)
{
    unsigned doubled = d->unwritten > 1 ? d->unwritten - 1 : 0;
    return d->now_mono + ((int64_t)DP_RETRY_MS << doubled);
}

/* The turn did not happen: everything in memory goes back to what the store says (R-STO-1). */
static void roll_back(struct dp_daemon *d, enum dp_err e)
{
    d->own = d->own_saved;
    d->feed_next = 0;
    d->chunks_look = true;
    d->again_ms = 0;
    d->passed_ms = retry_at(d);
    d->tokens_open = true; /* looked at again */
    d->tokens_ms = 0;
    dp_posts_look(d);
    d->n.commits_failed++;
    dp_cache_drop(d);
    memset(d->certs, 0, sizeof(d->certs));
    if (!d->was_enrolled) {
        d->id.enrolled = d->new_life = false;
        d->id.self = d->id.parent = (struct dp_node){0};
    }
    dp_editions_drop(d);
    dp_log(DP_LOG_ERROR, "a turn could not be committed: %s", dp_err_text(e));
    if (e == DP_CORRUPT) /* R-STO-5: the log names the record; a word for those who do not read it */
        dp_alarm(d, "store",
                 "stored data is damaged: restore a backup; `daipaod --fsck` names what is damaged");
    if (e == DP_FULL || e == DP_IO) {
        d->unwritten += d->unwritten < DP_UNWRITTEN_MAX;
        d->intake_stopped = true;
        if (d->next_tidy > retry_at(d))
            d->next_tidy = retry_at(d);
        dp_alarm(d, "disk", "the store cannot be written: free space; intake is stopped");
    }
}

static void say_peer(struct dp_daemon *d, struct dp_peer *p)
{
    struct dp_acks acks;
    if (p->bye != 0) {
        enum dp_stop why = (enum dp_stop)p->bye;
        dp_say_bye(d, p, why);
        if (!dp_proof_belongs(why)) /* it is to arrive: who is told ends the connection */
            d->port.transport.drop(d->port.transport.ctx, p->node);
        return;
    }
    if (p->hello_due)
        dp_say_hello(d, p);
    if (p->hello_due)
        return; /* nothing goes before it */
    dp_proof_say(d, p);
    dp_shelf_say(d, p);
    /* An ack says that every refusal it covers was said (passed.h). */
    if (p->s.state == DP_SESSION_UP && !p->refused_due && dp_session_acks(&p->s, &acks)) {
        struct dp_frame f = {.type = DP_FRAME_ACK};
        f.u.ack.lanes = acks.lanes;
        for (unsigned i = 0; i < DP_LANES; i++) {
            f.u.ack.lane[i].epoch = acks.lane[i].epoch;
            f.u.ack.lane[i].durable = acks.lane[i].durable;
        }
        if (dp_send_frame(d, p, &f) == DP_AGAIN)
            for (unsigned i = 0; i < DP_LANES; i++)
                p->s.ack_due[i] |= (acks.lanes >> i & 1) != 0;
    }
    if (p->keep_due) {
        struct dp_frame f = {.type = DP_FRAME_KEEP, .u.keep = p->keep_answer ? 0 : 1};
        if (dp_send_frame(d, p, &f) == DP_OK)
            p->keep_due = p->keep_answer = false;
    }
}

static void tick_peers(struct dp_daemon *d)
{
    for (uint32_t i = 0; i < d->peer_count; i++) {
        struct dp_peer *p = d->peers[i];
        switch (dp_session_tick(&p->s, d->now_mono)) {
        case DP_TICK_NONE:
            break;
        case DP_TICK_KEEP:
            p->keep_due = true;
            p->keep_answer = false;
            break;
        case DP_TICK_LOST:
            dp_peers_lost(d, p);
            d->port.transport.drop(d->port.transport.ctx, p->node);
            break;
        case DP_TICK_UNPROVEN:
            dp_link_stop(d, p, DP_STOP_UNPROVEN);
            break;
        }
    }
    (void)dp_proof_awaited(d);
}

static void after_turn(struct dp_daemon *d, enum dp_err e)
{
    for (struct dp_pending_reply *r = d->replies; r != NULL && e == DP_OK; r = r->next)
        d->port.transport.enroll_reply(d->port.transport.ctx, r->conn, r->raw);
    dp_calls_said(d, e);
    d->replies = NULL;
    d->replies_tail = &d->replies;
    dp_feed_again(d);
    tick_peers(d);
    if (dp_db_begin(&d->db, false) == DP_OK) {
        for (uint32_t i = 0; i < d->peer_count; i++)
            say_peer(d, d->peers[i]);
        dp_db_abort(&d->db);
    } else {
        d->retry_ms = d->now_mono + DP_RETRY_MS;
    }
    dp_pump(d);
}

static void clear_turn(struct dp_daemon *d)
{
    for (struct dp_slot *slot = d->touched; slot != NULL; slot = slot->touched_next)
        slot->touched = false;
    d->touched = NULL;
    dp_parcels_drop(d);
    if (d->feed_count > 0 || d->fresh_count > 0)
        d->idle_since = d->now_mono;
    d->feed_count = 0;
    d->fresh_count = 0;
    d->want_seal = false;
}

/* An idle node gives its memory back. */
static void rest(struct dp_daemon *d)
{
    dp_cache_trim(d, d->opt.cache_facts);
    if (d->idle_since == 0 || d->now_mono - d->idle_since < IDLE_TRIM_MS)
        return;
    d->idle_since = 0;
    dp_cache_trim(d, 0);
    dp_buf_fini(&d->scratch);
    dp_buf_fini(&d->frame);
    dp_buf_init(&d->scratch, 64u << 20);
    dp_buf_init(&d->frame, 4u << 20);
    free(d->fresh);
    d->fresh = NULL;
    d->fresh_cap = 0;
    free(d->feed);
    d->feed = NULL;
    d->feed_cap = 0;
    dp_arena_fini(&d->turn); /* nothing of the turn is alive here */
    dp_arena_fini(&d->look);
    dp_arena_init(&d->turn, DP_TURN_ARENA_MAX, DP_TURN_ARENA_KEEP);
    dp_arena_init(&d->look, DP_TURN_ARENA_MAX, DP_TURN_ARENA_KEEP);
    dp_zip_rest();
    malloc_trim(0);
}

/* For good, beside the store: what trusts a root is committed. A folder that cannot be written is tried
 * again. */
static void pin_root(struct dp_daemon *d)
{
    struct dp_keyring_why why;
    if (!d->id.enrolled || d->kr->has_root)
        return;
    if (dp_keyring_pin(d->kr, &d->id.trust.root, &why) != DP_OK)
        dp_alarm(d, "root", "the root certificate could not be pinned in the key folder; it is tried again");
    else
        dp_alarm_clear(d, "root");
}

enum dp_err dp_daemon_end(struct dp_daemon *d)
{
    dp_calls_go_on(d);
    enum dp_err e = decide(d);
    if (e == DP_OK)
        e = dp_db_commit(&d->db);
    else
        dp_db_abort(&d->db);
    d->n.turns++;
    if (e == DP_OK && d->after_commit != NULL)
        d->after_commit(d->after_commit_ctx);
    if (e != DP_OK)
        dp_peers_undone(d);
    else if (d->id.enrolled || d->join_ended)
        d->join_address[0] = '\0';
    dp_peers_commit(d, e == DP_OK);
    if (e == DP_OK && keeps_alarms(d))
        dp_alarms_written(d);
    if (e == DP_OK && d->retired_now)
        dp_stop_retired(d);
    d->retired_now = false;
    clear_turn(d);
    if (e != DP_OK)
        roll_back(d, e);
    dp_stop_ended(d, e == DP_OK && keeps_alarms(d));
    d->retry_ms = e == DP_OK ? 0 : retry_at(d);
    after_turn(d, e);
    pin_root(d);
    dp_wrapping_change(d);
    dp_backups_go(d);
    dp_watch_disk(d);
    dp_watch_door(d);
    dp_watch_clock(d);
    dp_alarms_repeat(d);
    dp_calls_answer(d); /* R-CTL-5: after all that the links wait for */
    rest(d);
    return e;
}

void dp_daemon_pump(struct dp_daemon *d)
{
    d->now_mono = d->port.clock.mono_ms(d->port.clock.ctx);
    dp_pump(d);
    dp_calls_answer(d);
}

int64_t dp_daemon_wake(const struct dp_daemon *d)
{
    int64_t at = d->next_tidy;
    for (uint32_t i = 0; i < d->peer_count; i++) {
        int64_t w = dp_session_wake(&d->peers[i]->s);
        if (w < at)
            at = w;
    }
    if (d->idle_since != 0 && d->idle_since + IDLE_TRIM_MS < at)
        at = d->idle_since + IDLE_TRIM_MS;
    if (d->join_address[0] != '\0' && d->join_next_ms < at)
        at = d->join_next_ms;
    if (d->retry_ms != 0) /* what else wants a turn waits for this one */
        return d->retry_ms < at ? d->retry_ms : at;
    if (d->again_ms != 0 && d->again_ms < at)
        at = d->again_ms;
    if (dp_passed_wake(d) < at)
        at = dp_passed_wake(d);
    return dp_posts_wake(d) < at ? dp_posts_wake(d) : at;
}

bool dp_daemon_wants_turn(const struct dp_daemon *d)
{
    bool due = (d->want_seal && !d->doubted && !dp_stop_sealing(d)) || d->sweeping || d->sweep_again ||
               d->chunks_due || dp_unsent_due(d) || dp_backups_busy(d) ||
               (d->stop.unwritten && d->unwritten == 0) || (d->rotate_due && !d->rotate_retry);
    return dp_calls_wait(d) || (d->retry_ms == 0 && due); /* a failed turn waits */
}

bool dp_daemon_busy(const struct dp_daemon *d)
{
    return d->blocked;
}
