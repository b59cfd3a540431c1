/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a node between its turns: opened, asked by the shell, closed. See daemon.h.
 */
#include "node/calls.h"
#include "node/post.h"

#include <stdlib.h>
#include <string.h>

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
    if (e == DP_OK)
        e = dp_own_load(d);
    if (e == DP_OK)
        e = dp_peers_load(d);
    d->id.enrolled = e == DP_OK;
    return e == DP_NOT_FOUND || e == DP_NEED_CERT ? DP_CORRUPT : e; /* what an enrolled node must have */
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

void dp_daemon_use_keys(struct dp_daemon *d, struct dp_keyring *kr)
{
    d->kr = kr;
    if (kr == NULL)
        return;
    dp_keyvault_init(&d->vault, kr, &d->port.random);
    d->db.vault = &d->vault.port;
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
    dp_daemon_use_keys(d, kr);
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
    enum dp_err e = dp_calls_new(d);
    if (e == DP_OK)
        e = dp_db_begin(&d->db, true);
    if (e == DP_OK)
        e = check_schema(d);
    if (e == DP_OK)
        e = load_identity(d);
    if (e == DP_OK)
        dp_enroll_load(d);
    if (e == DP_OK)
        dp_alarms_load(d);
    if (e == DP_OK)
        dp_stop_load(d);
    if (e == DP_OK) {
        dp_wrapping_load(d);
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

void dp_daemon_free(struct dp_daemon **dp)
{
    struct dp_daemon *d = *dp;
    *dp = NULL;
    if (d == NULL)
        return;
    dp_calls_free(d);
    dp_parcels_drop(d); /* of a turn that never ended */
    dp_cache_drop(d);
    dp_editions_drop(d);
    dp_db_abort(&d->db);
    dp_keyvault_fini(&d->vault);
    if (d->kr_owned)
        dp_keyring_free(&d->kr);
    dp_wipe(&d->join_keys, sizeof d->join_keys);
    dp_peers_free(d);
    dp_posts_free(d);
    dp_alarms_free(d);
    dp_backups_free(d);
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

void dp_daemon_tune(struct dp_daemon *d, int64_t keep_ms, uint32_t silence_days, bool silence_calendar)
{
    d->opt.silence_calendar = silence_calendar;
    d->opt.keep_ms = keep_ms;
    d->opt.silence_days = silence_days;
    for (uint32_t i = 0; i < d->peer_count; i++)
        dp_session_set_keep(&d->peers[i]->s, keep_ms);
}
