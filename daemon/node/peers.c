/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peers of this node: its parent and its children, each with the session of its link, its
 * journals, and the row that survives a restart. A peer that is gone costs one row and one
 * struct (R-GON-1).
 */
#include "node/core.h"

#include <stdlib.h>
#include <string.h>

static uint32_t position(const struct dp_daemon *d, struct dp_node node)
{
    uint32_t lo = 0, hi = d->peer_count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (d->peers[mid]->node.v < node.v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct dp_peer *dp_peers_find(struct dp_daemon *d, struct dp_node node)
{
    uint32_t i = position(d, node);
    return i < d->peer_count && d->peers[i]->node.v == node.v ? d->peers[i] : NULL;
}

struct dp_peer *dp_peers_parent(struct dp_daemon *d)
{
    return d->id.parent.v == 0 ? NULL : dp_peers_find(d, d->id.parent);
}

struct dp_peer *dp_peers_towards(struct dp_daemon *d, struct dp_node to)
{
    struct dp_node child = dp_route_child_towards(d->id.self, to);
    if (child.v != 0)
        return dp_peers_find(d, child);
    return dp_peers_parent(d);
}

static struct dp_peer *insert(struct dp_daemon *d, struct dp_node node, bool is_parent)
{
    if (d->peer_count >= DP_PEERS_MAX)
        return NULL;
    if (d->peer_count == d->peer_cap) {
        uint32_t cap = d->peer_cap == 0 ? 4 : d->peer_cap * 2;
        struct dp_peer **all = realloc(d->peers, cap * sizeof(*all));
        d->heap_starved |= all == NULL;
        if (all == NULL)
            return NULL;
        d->peers = all;
        d->peer_cap = cap;
    }
    struct dp_peer *p = calloc(1, sizeof(*p));
    d->heap_starved |= p == NULL;
    if (p == NULL)
        return NULL;
    uint32_t i = position(d, node);
    memmove(&d->peers[i + 1], &d->peers[i], (d->peer_count - i) * sizeof(d->peers[0]));
    d->peer_count++;
    d->peers[i] = p;
    p->node = node;
    p->is_parent = is_parent;
    p->row.is_parent = is_parent;
    dp_session_init(&p->s, d->id.self, node, !is_parent, d->nonce);
    if (d->opt.window_bytes != 0)
        p->s.window_bytes = d->opt.window_bytes;
    if (d->opt.keep_ms != 0)
        dp_session_set_keep(&p->s, d->opt.keep_ms);
    if (d->opt.silence_ms != 0)
        p->s.silence_ms = d->opt.silence_ms;
    return p;
}

void dp_peers_free(struct dp_daemon *d)
{
    for (uint32_t i = 0; i < d->peer_count; i++)
        free(d->peers[i]);
    free(d->peers);
    d->peers = NULL;
    d->peer_count = d->peer_cap = 0;
}

static void keep_lanes(struct dp_peer *p)
{
    if (!p->saved_valid) {
        memcpy(p->saved, p->s.lane, sizeof p->saved);
        p->saved_valid = true;
    }
    p->row_dirty = true;
}

/* R-JRN-2: random, never zero (zero says "none yet" in a hello). */
static void draw_epochs(struct dp_daemon *d, uint32_t epochs[DP_LANES])
{
    for (unsigned i = 0; i < DP_LANES; i++) {
        epochs[i] = 0;
        while (epochs[i] == 0)
            d->port.random.fill(d->port.random.ctx, &epochs[i], sizeof epochs[i]);
    }
}

struct dp_peer *dp_peers_add(struct dp_daemon *d, struct dp_node node, bool is_parent,
                             const struct dp_key *curve_pub)
{
    struct dp_peer *p = dp_peers_find(d, node);
    uint32_t epochs[DP_LANES];
    bool is_new = p == NULL;
    if (is_new)
        p = insert(d, node, is_parent);
    if (p == NULL)
        return NULL;
    memcpy(p->curve_pub, curve_pub->b, sizeof p->curve_pub);
    if (is_new) {
        keep_lanes(p);
        p->is_new = true;
        draw_epochs(d, epochs);
        for (unsigned i = 0; i < DP_LANES; i++)
            p->s.lane[i].epoch_out = epochs[i];
        if (!is_parent)
            dp_settle_child(d, p);
    }
    return p;
}

static void load_curve(struct dp_daemon *d, struct dp_peer *p)
{
    struct dp_cert c;
    if (dp_certs_of_node(d, p->node, &c) == DP_OK)
        memcpy(p->curve_pub, c.curve_pub.b, sizeof p->curve_pub);
}

enum dp_err dp_peers_load(struct dp_daemon *d)
{
    struct dp_node at = {0};
    struct dp_peer_row row;
    enum dp_err e;
    while ((e = dp_db_peer_next(&d->db, &at, &row)) == DP_OK) {
        struct dp_peer *p = insert(d, at, row.is_parent);
        if (p == NULL)
            return DP_NOMEM;
        p->row = row;
        p->was = row;
        for (uint8_t lane = 0; lane < DP_LANES; lane++)
            dp_session_load(&p->s, lane, &row.lane[lane]);
        p->s.gen_out = row.gen_out;
        p->s.gen_in = row.gen_in;
        load_curve(d, p);
    }
    return e == DP_NOT_FOUND ? DP_OK : e;
}

/* Only what the peer says counts: what is written for it says nothing about it. */
void dp_peers_lost(struct dp_daemon *d, struct dp_peer *p)
{
    if (p->s.state == DP_SESSION_UP) {
        p->row.heard_ms = d->now_wall - (d->now_mono - p->s.heard_ms);
        p->row_dirty = true;
    }
    dp_session_lost(&p->s);
}

/* R-JRN-1: numbered in the transaction that causes it. */
void dp_peers_journal(struct dp_daemon *d, struct dp_peer *p, uint8_t lane, const struct dp_ref *r)
{
    keep_lanes(p);
    uint64_t number = p->s.lane[lane].journal_last + 1;
    dp_db_journal_put(&d->db, p->node, lane, number, r);
    dp_session_journal(&p->s, lane, number);
}

void dp_peers_unjournal(struct dp_peer *p, uint8_t lane, uint64_t last)
{
    if (last == p->s.lane[lane].journal_last)
        return;
    keep_lanes(p);
    dp_session_unjournal(&p->s, lane, last);
}

void dp_peers_renew(struct dp_daemon *d, struct dp_peer *p)
{
    uint32_t epochs[DP_LANES];
    keep_lanes(p);
    draw_epochs(d, epochs);
    memcpy(p->row.lane, p->s.lane, sizeof p->row.lane);
    p->row.gen_out = p->s.gen_out;
    dp_db_journals_renew(&d->db, p->node, epochs, &p->row);
    dp_session_renew(&p->s, epochs);
    p->hello_due = true;
    p->listed = true; /* said only if it happened: else the connection ends with the turn */
}

/* Cursors that acks moved go along with a turn that writes anyway: after a crash the peer's hello says them.
 */
static bool acks_to_keep(const struct dp_daemon *d, const struct dp_peer *p)
{
    if (d->feed_count == 0 && d->fresh_count == 0)
        return false;
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        if (p->row.lane[lane].acked != p->s.lane[lane].acked)
            return true;
    return false;
}

void dp_peers_write(struct dp_daemon *d)
{
    for (uint32_t i = 0; i < d->peer_count; i++) {
        struct dp_peer *p = d->peers[i];
        for (uint8_t lane = 0; lane < DP_LANES; lane++) {
            if (p->applied[lane] == 0)
                continue;
            keep_lanes(p);
            p->s.lane[lane].durable_in = p->applied[lane];
        }
        if (!p->row_dirty && !acks_to_keep(d, p))
            continue;
        memcpy(p->row.lane, p->s.lane, sizeof p->row.lane);
        p->row.gen_out = p->s.gen_out;
        p->row.gen_in = p->s.gen_in;
        if (p->s.state == DP_SESSION_UP || p->is_new)
            p->row.heard_ms = d->now_wall;
        dp_db_peer_put(&d->db, p->node, &p->row);
    }
}

static void committed(struct dp_peer *p)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        if (p->applied[lane] != 0)
            dp_session_durable(&p->s, lane, p->applied[lane]);
        p->applied[lane] = 0;
    }
    p->was = p->row;
    p->listed = false;
    p->row_dirty = false;
    p->is_new = false;
}

/* Only what the turn wrote goes back; what the peer said of itself (its acks, its epochs) still holds. */
static void undone(struct dp_peer *p)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        if (p->saved_valid) {
            p->s.lane[lane].epoch_out = p->saved[lane].epoch_out;
            p->s.lane[lane].journal_last = p->saved[lane].journal_last;
            p->s.lane[lane].durable_in = p->saved[lane].durable_in;
        }
        p->applied[lane] = 0;
    }
    p->row = p->was;
    p->s.gen_out = p->was.gen_out;
    p->listed = false;
}

/* After the commit: what was applied is durable and owes an ack (R-ACK-1). After a failed one: as it was. */
void dp_peers_commit(struct dp_daemon *d, bool ok)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < d->peer_count; i++) {
        struct dp_peer *p = d->peers[i];
        if (!ok && p->is_new) {
            free(p);
            continue;
        }
        if (ok)
            committed(p);
        else
            undone(p);
        p->saved_valid = false;
        d->peers[kept++] = p;
    }
    d->peer_count = kept;
}

void dp_peers_undone(struct dp_daemon *d)
{
    for (uint32_t i = 0; i < d->peer_count; i++) {
        struct dp_peer *p = d->peers[i];
        bool any = p->listed; /* asked again after the next hello */
        for (uint8_t lane = 0; lane < DP_LANES; lane++)
            any = any || p->applied[lane] != 0 || p->missed;
        p->missed = false;
        if (!any || p->s.state == DP_SESSION_STOPPED)
            continue;
        dp_peers_lost(d, p);
        p->hello_due = p->keep_due = p->ask_due = p->list_due = p->prove_due = p->proof_due = false;
        d->port.transport.drop(d->port.transport.ctx, p->node);
    }
}

static bool header_digest_of(struct dp_daemon *d, struct dp_node origin, const struct dp_head *head,
                             struct dp_digest *out)
{
    struct dp_slice wire;
    struct dp_header h;
    if (head->number == 0 || dp_db_block_any(&d->db, origin, head->inc, head->number, &wire) != DP_OK)
        return false;
    if (wire.len < DP_HEADER_BYTES || dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &h) != DP_OK)
        return false;
    dp_header_digest(d->suite, &h, out);
    return true;
}

/* What the store says, for the judgement of a hello (R-HEL-1, R-HEL-3). `h` NULL: for our own hello. */
void dp_peers_facts(struct dp_daemon *d, struct dp_peer *p, const struct dp_hello *h,
                    struct dp_hello_facts *out)
{
    struct dp_chain_row row;
    memset(out, 0, sizeof *out);
    out->my_inc = d->own.inc;
    out->my_head = (struct dp_head){.inc = d->own.inc, .number = d->own.block, .digest = d->own.head};
    out->peer_inc_known = p->row.inc;
    if (p->row.inc != 0 && dp_db_chain(&d->db, p->node, p->row.inc, &row) == DP_OK && row.number > 0) {
        out->know_yours = true;
        out->peer_head_here = (struct dp_head){.inc = p->row.inc, .number = row.number, .digest = row.digest};
    }
    if (h == NULL)
        return;
    out->mine_known = header_digest_of(d, d->id.self, &h->yours, &out->mine_digest);
    out->theirs_known = header_digest_of(d, p->node, &h->head, &out->theirs_digest);
}
