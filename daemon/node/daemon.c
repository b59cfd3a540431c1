/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a node and its turns: open, begin, end, and what leaves after the commit. See daemon.h.
 */
#include "node/core.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

#define IDLE_TRIM_MS 5000
#define TIDY_MS 30000
#define RETRY_MS 1000
#define DOOR_MS 2000
#define DOOR_SILENT_MAX 32 /* handshakes that end in nothing, between two looks: a poor line makes a few */

/* ---- opening ---- */

static enum dp_err load_identity(struct dp_daemon *d)
{
    struct dp_slice v;
    uint64_t self = 0, parent = 0;
    if (dp_db_meta_u64(&d->db, "self", &self) != DP_OK)
        return DP_OK; /* blank */
    if (dp_db_meta_u64(&d->db, "parent", &parent) != DP_OK)
        return DP_CORRUPT;
    if (d->kr == NULL)
        return DP_NOT_FOUND;
    d->id.self.v = self;
    d->id.parent.v = parent;
    dp_buf_reset(&d->id.root_der);
    if (dp_db_meta(&d->db, "root", &v) != DP_OK || dp_buf_put(&d->id.root_der, v.p, v.len) != DP_OK)
        return DP_CORRUPT;
    d->id.trust.root_der = dp_buf_slice(&d->id.root_der);
    d->id.trust.root = d->kr->root;
    if (!d->kr->has_root) /* of this turn, or the process died before it was pinned */
        d->suite->hash(&d->id.trust.root_der, 1, &d->id.trust.root);
    if (dp_db_meta(&d->db, "parent-address", &v) == DP_OK && v.len < sizeof d->id.parent_address) {
        memcpy(d->id.parent_address, v.p, v.len);
        d->id.parent_address[v.len] = '\0';
    }
    enum dp_err e = dp_certs_of_node(d, d->id.self, &d->id.cert);
    if (e != DP_OK)
        return e == DP_NOT_FOUND ? DP_CORRUPT : e;
    e = dp_own_load(d);
    if (e == DP_OK)
        e = dp_peers_load(d);
    d->id.enrolled = e == DP_OK;
    return e;
}

static enum dp_err check_schema(struct dp_daemon *d)
{
    uint64_t schema;
    enum dp_err e = dp_db_meta_u64(&d->db, "schema", &schema);
    if (e == DP_NOT_FOUND) {
        dp_db_meta_u64_put(&d->db, "schema", DP_STORE_SCHEMA);
        return DP_OK;
    }
    return e != DP_OK ? e : schema == DP_STORE_SCHEMA ? DP_OK : DP_SCHEMA;
}

enum dp_err dp_daemon_reload_identity(struct dp_daemon *d)
{
    return load_identity(d);
}

enum dp_err dp_daemon_new(const struct dp_ports *ports, const struct dp_daemon_options *opt,
                          struct dp_keyring *kr, struct dp_daemon **out)
{
    struct dp_daemon *d = calloc(1, sizeof *d);
    if (d == NULL)
        return DP_NOMEM;
    d->port = *ports;
    d->opt = *opt;
    d->suite = dp_suite_of(DP_SUITE_INTL);
    if (d->opt.silence_days == 0)
        d->opt.silence_days = 3;
    d->db.kv = ports->kv;
    d->kr = kr;
    d->replies_tail = &d->replies;
    d->chunks_look = true;
    dp_arena_init(&d->turn, DP_TURN_ARENA_MAX, DP_TURN_ARENA_KEEP);
    dp_arena_init(&d->look, DP_TURN_ARENA_MAX, DP_TURN_ARENA_KEEP);
    dp_buf_init(&d->scratch, 64u << 20);
    dp_buf_init(&d->frame, 4u << 20);
    dp_buf_init(&d->id.root_der, DP_CERT_BYTES_MAX);
    dp_buf_init(&d->join_state, 4096);
    d->port.random.fill(d->port.random.ctx, d->nonce, sizeof d->nonce);
    d->now_wall = d->port.clock.wall_ms(d->port.clock.ctx);
    d->now_mono = d->port.clock.mono_ms(d->port.clock.ctx);
    enum dp_err e = dp_db_begin(&d->db, true);
    if (e == DP_OK)
        e = check_schema(d);
    if (e == DP_OK)
        e = load_identity(d);
    if (e == DP_OK)
        dp_enroll_load(d);
    if (e == DP_OK) {
        dp_duties_load(d);
        dp_shelf_watch(d);
    }
    if (e != DP_OK) {
        dp_db_abort(&d->db);
        dp_daemon_free(&d);
        return e;
    }
    e = dp_db_commit(&d->db);
    if (e != DP_OK) {
        dp_daemon_free(&d);
        return e;
    }
    *out = d;
    return DP_OK;
}

static void drop_outgoing(struct dp_daemon *d)
{
    for (struct dp_outgoing *o = d->outgoing; o != NULL; o = o->next) {
        dp_sealer_fini(&o->sealer);
        dp_buf_fini(&o->content);
    }
    d->outgoing = NULL;
}

void dp_daemon_free(struct dp_daemon **dp)
{
    struct dp_daemon *d = *dp;
    *dp = NULL;
    if (d == NULL)
        return;
    drop_outgoing(d); /* of a turn that never ended */
    dp_cache_drop(d);
    dp_editions_drop(d);
    dp_db_abort(&d->db);
    if (d->kr_owned)
        dp_keyring_free(&d->kr);
    dp_wipe(&d->join_keys, sizeof d->join_keys);
    dp_peers_free(d);
    free(d->fresh);
    free(d->feed);
    dp_buf_fini(&d->scratch);
    dp_buf_fini(&d->frame);
    dp_buf_fini(&d->id.root_der);
    if (d->join_state.p != NULL)
        dp_wipe(d->join_state.p, d->join_state.cap); /* the one-time code */
    dp_buf_fini(&d->join_state);
    dp_arena_fini(&d->turn);
    dp_arena_fini(&d->look);
    free(d);
}

/* ---- alarms and stops ---- */

void dp_alarm(struct dp_daemon *d, const char *word, const char *text)
{
    for (unsigned i = 0; i < DP_ALARMS_MAX; i++) {
        struct dp_alarm_row *a = &d->alarms[i];
        if (a->word[0] != '\0' && strcmp(a->word, word) != 0)
            continue;
        if (a->word[0] == '\0' || strcmp(a->text, text) != 0) {
            if (a->word[0] == '\0')
                a->since_ms = d->now_wall;
            snprintf(a->word, sizeof a->word, "%s", word);
            snprintf(a->text, sizeof a->text, "%s", text);
            dp_log(DP_LOG_WARN, "alarm %s: %s", word, text);
        }
        a->count++;
        a->last_ms = d->now_wall;
        return;
    }
}

void dp_alarm_clear(struct dp_daemon *d, const char *word)
{
    for (unsigned i = 0; i < DP_ALARMS_MAX; i++)
        if (strcmp(d->alarms[i].word, word) == 0) {
            memset(&d->alarms[i], 0, sizeof d->alarms[i]);
            dp_log(DP_LOG_NOTICE, "alarm %s: cleared", word);
        }
}

void dp_stop_loudly(struct dp_daemon *d, enum dp_stop why, const char *detail)
{
    if (d->stopped != DP_STOP_NONE)
        return;
    d->stopped = why;
    snprintf(d->stopped_why, sizeof d->stopped_why, "%s", detail);
    dp_log(DP_LOG_ERROR, "this node stops issuing: %s", detail);
    dp_alarm(d, "stopped", detail);
}

void dp_daemon_stop_issuing(struct dp_daemon *d, enum dp_stop why, const char *detail)
{
    dp_stop_loudly(d, why, detail);
}

/* ---- the turn ---- */

enum dp_err dp_daemon_begin(struct dp_daemon *d)
{
    dp_arena_reset(&d->turn);
    d->now_wall = d->port.clock.wall_ms(d->port.clock.ctx);
    d->now_mono = d->port.clock.mono_ms(d->port.clock.ctx);
    d->turn_no++;
    d->own_saved = d->own;
    d->was_enrolled = d->id.enrolled;
    d->turn_error = DP_OK;
    d->chunks_left = DP_CHUNKS_A_TURN;
    return dp_db_begin(&d->db, true);
}

static void note_feed(struct dp_daemon *d)
{
    if (d->feed_count == 0)
        return;
    dp_buf_reset(&d->scratch);
    for (uint32_t i = 0; i < d->feed_count; i++) {
        uint8_t b[DP_NAME_BYTES];
        dp_name_put(&d->feed[i], b);
        if (dp_buf_put(&d->scratch, b, sizeof b) != DP_OK)
            break;
    }
    if (d->feed_next == 0)
        d->feed_next = dp_db_last64(&d->db, DP_T_FEED) + 1;
    dp_db_put64(&d->db, DP_T_FEED, d->feed_next++, dp_buf_slice(&d->scratch));
}

static enum dp_err decide(struct dp_daemon *d)
{
    enum dp_err e = d->turn_error;
    if (e == DP_OK)
        e = dp_sweep(d);
    if (e == DP_OK && d->id.enrolled)
        e = dp_settle(d);
    if (e == DP_OK)
        e = dp_files_go_on(d);
    if (e == DP_OK)
        e = dp_parcels_flush(d);
    if (e == DP_OK && dp_own_wants_seal(d))
        e = dp_own_seal(d);
    if (e != DP_OK)
        return e;
    dp_own_keep(d);
    e = dp_cache_write(d);
    if (e != DP_OK)
        return e;
    note_feed(d);
    dp_peers_write(d);
    return DP_OK;
}

/* The turn did not happen: everything in memory goes back to what the store says (R-STO-1). */
static void roll_back(struct dp_daemon *d, enum dp_err e)
{
    d->own = d->own_saved;
    d->feed_next = 0;
    d->chunks_look = true;
    d->n.commits_failed++;
    dp_cache_drop(d);
    memset(d->certs, 0, sizeof(d->certs));
    if (!d->was_enrolled) {
        d->id.enrolled = d->new_life = false;
        d->id.self = d->id.parent = (struct dp_node){0};
    }
    dp_editions_drop(d);
    dp_log(DP_LOG_ERROR, "a turn could not be committed: %s", dp_err_text(e));
    if (e == DP_FULL || e == DP_IO) {
        d->intake_stopped = true;
        dp_alarm(d, "disk", "the store cannot be written: free space; intake is stopped");
    }
}

static void send_reply(struct dp_daemon *d, struct dp_pending_reply *r, enum dp_err failed)
{
    if (r->enroll) {
        if (failed == DP_OK)
            d->port.transport.enroll_reply(d->port.transport.ctx, r->conn, r->raw);
        return;
    }
    if (failed != DP_OK)
        for (uint32_t i = 0; i < r->count; i++)
            r->results[i] =
                (struct dp_outcome){.err = failed == DP_IO || failed == DP_FULL ? DP_INTAKE_STOPPED : failed};
    dp_buf_reset(&d->frame);
    if (dp_reply_encode(r->id, r->results, r->count, &d->turn, &d->frame) == DP_OK)
        d->port.transport.reply(d->port.transport.ctx, r->conn, dp_buf_slice(&d->frame));
}

static void say_peer(struct dp_daemon *d, struct dp_peer *p)
{
    struct dp_acks acks;
    if (p->bye != 0) {
        dp_say_bye(d, p, (enum dp_stop)p->bye);
        d->port.transport.drop(d->port.transport.ctx, p->node);
        return;
    }
    if (p->hello_due)
        dp_say_hello(d, p);
    if (p->hello_due)
        return; /* nothing goes before it */
    dp_shelf_say(d, p);
    if (p->s.state == DP_SESSION_UP && dp_session_acks(&p->s, &acks)) {
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
        }
    }
}

/* R-STO-4: the watermark, not MAP_FULL, stops intake; and lets it go on. */
static void watch_disk(struct dp_daemon *d)
{
    struct dp_kv_stat st;
    if (d->now_mono < d->next_tidy)
        return;
    d->next_tidy = d->now_mono + (d->intake_stopped ? TIDY_MS / 30 : TIDY_MS);
    d->port.kv->ops->tidy(d->port.kv);
    bool known =
        d->port.kv->ops->stat(d->port.kv, &st) == DP_OK && st.disk_free != UINT64_MAX && st.disk_total != 0;
    bool low = known && st.disk_free / (st.disk_total / 1000 + 1) < d->opt.disk_min_permille;
    if (low && !d->intake_stopped)
        dp_alarm(d, "disk", "disk space is low: intake is stopped; acks, orders and reads go on");
    if (!low && d->intake_stopped)
        dp_alarm_clear(d, "disk");
    d->intake_stopped = low;
}

/* N5: who was turned away is counted and said. The text stays the same, so that a flood fills no log. */
static void watch_door(struct dp_daemon *d)
{
    const struct dp_net_counters *n = d->opt.net;
    if (n == NULL || d->now_mono < d->door_ms)
        return;
    uint64_t refused = n->auth_failed + n->handshake_protocol + n->handshake_auth;
    uint64_t flood = n->rate_limited + n->crowded_out + n->enroll_limited + n->hoarding;
    if (refused > d->door_refused)
        dp_alarm(d, "door",
                 "connections were refused: a key that is not enrolled, or another protocol; see `daipao "
                 "node status`");
    if (flood > d->door_flood || n->handshake_other > d->door_silent + DOOR_SILENT_MAX)
        dp_alarm(d, "flood", "connections or messages were cut: too many at once; see `daipao node status`");
    d->door_ms = d->now_mono + DOOR_MS;
    d->door_refused = refused;
    d->door_flood = flood;
    d->door_silent = n->handshake_other;
}

static void after_turn(struct dp_daemon *d, enum dp_err e)
{
    for (struct dp_pending_reply *r = d->replies; r != NULL; r = r->next)
        send_reply(d, r, e);
    d->replies = NULL;
    d->replies_tail = &d->replies;
    tick_peers(d);
    if (dp_db_begin(&d->db, false) == DP_OK) {
        for (uint32_t i = 0; i < d->peer_count; i++)
            say_peer(d, d->peers[i]);
        dp_db_abort(&d->db);
    }
    dp_pump(d);
}

static void clear_turn(struct dp_daemon *d)
{
    for (struct dp_slot *slot = d->touched; slot != NULL; slot = slot->touched_next)
        slot->touched = false;
    d->touched = NULL;
    drop_outgoing(d);
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
    else if (d->id.enrolled)
        d->join_address[0] = '\0';
    dp_peers_commit(d, e == DP_OK);
    clear_turn(d);
    if (e != DP_OK)
        roll_back(d, e);
    d->retry_ms =
        e == DP_OK ? 0 : d->now_mono + RETRY_MS; /* what the turn was to seal or settle is still to do */
    after_turn(d, e);
    pin_root(d);
    dp_duties_rotate(d);
    watch_disk(d);
    watch_door(d);
    rest(d);
    return e;
}

void dp_daemon_pump(struct dp_daemon *d)
{
    d->now_mono = d->port.clock.mono_ms(d->port.clock.ctx);
    dp_pump(d);
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
    if (d->retry_ms != 0 && d->retry_ms < at)
        at = d->retry_ms;
    return at;
}

bool dp_daemon_wants_turn(const struct dp_daemon *d)
{
    return d->want_seal || d->sweeping || d->chunks_due;
}

bool dp_daemon_busy(const struct dp_daemon *d)
{
    return d->blocked;
}

/* ---- what the shell must know ---- */

bool dp_daemon_enrolled(const struct dp_daemon *d)
{
    return d->id.enrolled;
}

struct dp_node dp_daemon_self(const struct dp_daemon *d)
{
    return d->id.self;
}

struct dp_node dp_daemon_parent(const struct dp_daemon *d)
{
    return d->id.parent;
}

struct dp_node dp_daemon_child_by_key(struct dp_daemon *d, const uint8_t curve_pub[32])
{
    struct dp_node n;
    for (uint32_t i = 0; i < d->peer_count; i++)
        if (!d->peers[i]->is_parent && memcmp(d->peers[i]->curve_pub, curve_pub, 32) == 0)
            return d->peers[i]->node;
    /* R-ENR-2: not a child, but perhaps a node of the tree at the wrong door. */
    if (dp_certs_by_curve(d, curve_pub, &n) != DP_OK || dp_node_eq(n, d->id.self))
        return (struct dp_node){0};
    return n;
}

bool dp_daemon_peer_key(struct dp_daemon *d, struct dp_node node, uint8_t curve_pub[32])
{
    const struct dp_peer *p = dp_peers_find(d, node);
    if (p != NULL)
        memcpy(curve_pub, p->curve_pub, 32);
    return p != NULL;
}

const struct dp_keyring *dp_daemon_keyring(const struct dp_daemon *d)
{
    return d->kr;
}

bool dp_daemon_parent_key(struct dp_daemon *d, uint8_t curve_pub[32])
{
    const struct dp_peer *p = dp_peers_parent(d);
    if (p == NULL)
        return false;
    memcpy(curve_pub, p->curve_pub, 32);
    return true;
}

const char *dp_daemon_parent_address(const struct dp_daemon *d)
{
    return d->id.parent_address;
}

void dp_daemon_life(struct dp_daemon *d, struct dp_life_keeper *keeper)
{
    d->life = keeper;
}

bool dp_daemon_new_life(struct dp_daemon *d, uint32_t *inc)
{
    bool is = d->new_life && d->id.enrolled;
    *inc = d->own.inc;
    if (is)
        d->new_life = false;
    return is;
}

enum dp_stop dp_daemon_stopped(const struct dp_daemon *d)
{
    return d->stopped;
}

void dp_daemon_probe(struct dp_daemon *d, void (*after_commit)(void *ctx), void *ctx)
{
    d->after_commit = after_commit;
    d->after_commit_ctx = ctx;
}

const struct dp_daemon_counters *dp_daemon_counters(const struct dp_daemon *d)
{
    return &d->n;
}
