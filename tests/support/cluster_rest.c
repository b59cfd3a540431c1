/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a cluster is at rest, and what holds after every turn: see cluster.h. */
#include <stdio.h>
#include <string.h>

#include "support/cluster_inner.h"
#include "support/cmocka_all.h"

/* ---- rest ---- */

static bool session_rests(const struct dp_session *s)
{
    if (s->state != DP_SESSION_UP || s->flight_count > 0)
        return false;
    for (unsigned i = 0; i < DP_LANES; i++)
        if (s->lane[i].acked < s->lane[i].journal_last)
            return false;
    return true;
}

/* Withdrawn, or at the wrong door: it comes again and again, and is told each time. */
static bool is_turned_away(const struct cl_node *child, struct cl_node *parent)
{
    const struct dp_peer *p = dp_peers_find(parent->d, child->id);
    return p == NULL || p->row.revoked;
}

static bool link_rests(struct cluster *c, const struct cl_link *l)
{
    struct cl_node *child = cl_child_of(l, c), *parent = cl_parent_of(l, c);
    if (l->excused)
        return true;
    if (l->q[0].first != NULL || l->q[1].first != NULL || l->child_up_due || l->child_down_due ||
        l->parent_down_due)
        return false;
    if (l->cut || l->refused || child->d == NULL || parent->d == NULL || is_turned_away(child, parent))
        return true;
    if (child->d->own.sealed_seq < child->d->own.seq && child->d->stopped == DP_STOP_NONE)
        return false; /* R-BLK-6: a link that is up asks */
    const struct dp_session *up = cl_session(child, parent), *down = cl_session(parent, child);
    if (up == NULL || down == NULL)
        return false;
    if (up->state == DP_SESSION_STOPPED || down->state == DP_SESSION_STOPPED)
        return true;
    return l->up && session_rests(up) && session_rests(down);
}

static bool node_rests(const struct cl_node *n)
{
    if (n->d == NULL)
        return n->restart_ms == INT64_MAX;
    return !dp_daemon_wants_turn(n->d) && n->d->passed_ms == 0 && n->enroll.first == NULL &&
           dp_daemon_join_address(n->d) == NULL;
}

/* ---- the post ---- */

static bool way_is_up(struct cluster *c, struct dp_node low, struct dp_node high)
{
    for (struct dp_node at = low; !dp_node_eq(at, high);) {
        const struct cl_link *l = NULL;
        for (uint32_t i = 0; i < c->link_count && l == NULL; i++)
            if (dp_node_eq(cl_child_of(c->links[i], c)->id, at) && c->links[i]->up && !c->links[i]->excused)
                l = c->links[i];
        if (l == NULL)
            return false;
        at = cl_parent_of(l, c)->id;
    }
    return true;
}

/* What waits for an end that can be reached goes with the next post. */
static bool post_rests(struct cluster *c, struct cl_node *n)
{
    struct dp_db *db = &n->d->db;
    struct dp_node end = {0};
    struct dp_post_row row;
    bool rests = true;
    if (n->d->stopped != DP_STOP_NONE || !n->d->id.enrolled || dp_db_begin(db, false) != DP_OK)
        return true;
    while (rests && dp_posts_next(n->d, &end)) {
        bool waits = dp_post_row_get(n->d, end, &row) == DP_OK && row.end > row.out.base &&
                     dp_digest_is_zero(&row.seen);
        bool below = dp_node_covers(n->id, end);
        for (uint32_t i = 0; waits && i < c->node_count; i++) /* who has stopped takes none */
            waits = !dp_node_eq(c->nodes[i]->id, end) || c->nodes[i]->d == NULL ||
                    c->nodes[i]->d->stopped == DP_STOP_NONE;
        rests = !waits || !way_is_up(c, below ? end : n->id, below ? n->id : end);
    }
    dp_db_abort(db);
    return rests;
}

bool cluster_rests(struct cluster *c, char why[128])
{
    for (uint32_t i = 0; i < c->node_count; i++) {
        if (!node_rests(c->nodes[i])) {
            snprintf(why, 128, "%s has something to do", c->nodes[i]->text);
            return false;
        }
    }
    for (uint32_t i = 0; i < c->link_count; i++) {
        if (!link_rests(c, c->links[i])) {
            snprintf(why, 128, "the line of %s owes something", cl_child_of(c->links[i], c)->text);
            return false;
        }
    }
    for (uint32_t i = 0; i < c->node_count; i++) {
        if (c->nodes[i]->d != NULL && !post_rests(c, c->nodes[i])) {
            snprintf(why, 128, "something waits for the post of %s", c->nodes[i]->text);
            return false;
        }
    }
    return true;
}

/* Nothing can be at rest while something is due this very moment. */
static bool at_rest(struct cluster *c)
{
    char why[128];
    return (c->heap_count == 0 || c->heap[1]->at_us > c->now_us) && cluster_rests(c, why);
}

bool cluster_settle(struct cluster *c, int64_t ms)
{
    int64_t until = c->now_ms + ms;
    while (!at_rest(c))
        if (!cluster_step(c, until))
            return at_rest(c);
    return true;
}

/* ---- invariants ---- */

static bool committed_row(const struct cl_node *n, struct dp_node peer, struct dp_peer_row *row)
{
    struct dp_db db = {.kv = n->kv};
    assert_ok(dp_db_begin(&db, false));
    enum dp_err e = dp_db_peer(&db, peer, row);
    dp_db_abort(&db);
    return e == DP_OK;
}

static void broken(const struct cluster *c, const char *text)
{
    if (c->watch.broken != NULL)
        c->watch.broken(c->watch.ctx, "I1", text);
    fail_msg("I1: %s", text);
}

/* I1 (R-ACK-1, N2): nothing counts as delivered that is not durable at the other end. */
static void check_acks(const struct cl_node *from, const struct cl_node *to)
{
    struct dp_peer_row row;
    char text[200];
    const struct dp_peer *p = from->d == NULL ? NULL : dp_peers_find(from->d, to->id);
    if (p == NULL || p->s.state != DP_SESSION_UP)
        return;
    if (!committed_row(to, from->id, &row))
        memset(&row, 0, sizeof(row));
    for (unsigned i = 0; i < DP_LANES; i++) {
        if (p->s.lane[i].acked <= row.lane[i].durable_in)
            continue;
        snprintf(text, sizeof(text), "%s counts %llu of lane %u as delivered to %s, which holds %llu",
                 from->text, (unsigned long long)p->s.lane[i].acked, i, to->text,
                 (unsigned long long)row.lane[i].durable_in);
        broken(from->c, text);
    }
}

void cluster_check(struct cl_node *n)
{
    struct cluster *c = n->c;
    for (uint32_t i = 0; i < n->line_count; i++) {
        struct cl_link *l = n->lines[i];
        bool heard = l->heard && !c->swapped;
        l->heard = false;
        if (heard)
            check_acks(n, cl_parent_of(l, c) == n ? cl_child_of(l, c) : cl_parent_of(l, c));
    }
}
