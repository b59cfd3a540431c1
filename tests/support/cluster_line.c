/* SPDX-License-Identifier: Apache-2.0 */
/* Lines between the nodes of a cluster: frames on their way, breaks, dialling. See cluster.h. */
#include <stdlib.h>
#include <string.h>

#include "support/cluster_inner.h"
#include "support/cmocka_all.h"

#define SHORT_LIFE_MS 10000
#define DROP_LINGER_US 500000 /* as daemon/net does for what was sent before a drop */

/* The newest standing connection between this process and a peer; *dir is the queue to the peer. */
static struct cl_link *connection(struct cl_node *n, struct dp_node peer, unsigned *dir)
{
    struct cluster *c = n->c;
    struct cl_link *best = NULL;
    for (uint32_t i = 0; i < n->line_count; i++) {
        struct cl_link *l = n->lines[i];
        bool down = cl_parent_of(l, c) == n;
        struct cl_node *other = down ? cl_child_of(l, c) : cl_parent_of(l, c);
        if (!l->up || !dp_node_eq(other->id, peer) || (best != NULL && best->serial > l->serial))
            continue;
        best = l;
        *dir = down ? 1 : 0;
    }
    return best;
}

/* ---- frames ---- */

static int64_t jitter_us(struct cluster *c, struct cl_link *l, unsigned dir)
{
    if (l->jitter_us == 0)
        return 0;
    if (!c->by_moment)
        return (int64_t)dp_rng_below(&l->dice, (uint64_t)l->jitter_us);
    return (int64_t)(cl_draw(c, ~l->next.id ^ (uint64_t)dir << 32, (uint64_t)c->now_us) %
                     (uint64_t)l->jitter_us);
}

/* A line carries one frame after the other; each arrives when its last byte does. */
static void put_on_line(struct cluster *c, struct cl_link *l, unsigned dir, struct dp_slice frame)
{
    struct cl_queue *q = &l->q[dir];
    int64_t from = q->free_us > c->now_us ? q->free_us : c->now_us;
    if (l->rate_bps != 0)
        q->free_us = from + (int64_t)(frame.len * 8000000 / l->rate_bps);
    else
        q->free_us = from;
    cl_queue_put(q, dp_slice_of(NULL, 0), frame, from, q->free_us + l->latency_us + jitter_us(c, l, dir));
}

enum dp_err cl_line_send(void *ctx, struct dp_node peer, struct dp_slice frame)
{
    struct cl_node *n = ctx;
    struct cluster *c = n->c;
    unsigned dir = 0;
    struct cl_link *l = n->dead ? NULL : connection(n, peer, &dir);
    if (l == NULL)
        return DP_UNREACHABLE;
    if (l->q[dir].count >= c->hwm)
        return DP_AGAIN;
    assert_true(frame.len <= DP_FRAME_MAX);
    struct cl_node *to = dir == 0 ? cl_parent_of(l, c) : cl_child_of(l, c);
    l->frames[dir]++;
    l->bytes[dir] += frame.len;
    if (c->tap != NULL && !c->tap(c->tap_ctx, n, to, frame))
        return DP_OK;
    put_on_line(c, l, dir, frame);
    cl_want(to, l->q[dir].first->at_us);
    return DP_OK;
}

/* ---- breaks ---- */

/*
 * The line is cut at some byte: of what is in flight in one direction the frames before it arrive at once,
 * the rest never.
 */
static void lose(struct cluster *c, struct cl_link *l, struct cl_queue *q, bool some)
{
    uint64_t bytes = 0, cut = 0;
    struct cl_queue all = *q;
    for (const struct cl_message *m = q->first; m != NULL; m = m->next)
        bytes += m->len;
    if (some && bytes > 0)
        cut = dp_rng_below(&l->dice, bytes + 1);
    cl_queue_init(q);
    for (uint64_t at = 0; all.first != NULL;) {
        struct cl_message *m = cl_queue_take(&all);
        at += m->len;
        if (at <= cut)
            cl_queue_put(q, dp_slice_of(NULL, 0), dp_slice_of(m->bytes, m->len), m->sent_us, c->now_us);
        free(m);
    }
}

static void ends_look(struct cluster *c, struct cl_link *l)
{
    cl_want(cl_child_of(l, c), c->now_us);
    cl_want(cl_parent_of(l, c), c->now_us);
    cl_line_plan(c, l);
}

/* Last words: what has left within the linger arrives when it would have, the rest never. */
static void linger(struct cluster *c, const struct cl_link *l, struct cl_queue *q)
{
    struct cl_queue all = *q;
    cl_queue_init(q);
    while (all.first != NULL) {
        struct cl_message *m = cl_queue_take(&all);
        int64_t left_us = m->sent_us + (l->rate_bps == 0 ? 0 : (int64_t)(m->len * 8000000 / l->rate_bps));
        if (left_us <= c->now_us + DROP_LINGER_US)
            cl_queue_put(q, dp_slice_of(NULL, 0), dp_slice_of(m->bytes, m->len), m->sent_us, m->at_us);
        free(m);
    }
}

/* As a transport does: the next connection at once, or later and later when they come to nothing. */
static int64_t redial_ms(const struct cluster *c, struct cl_link *l)
{
    bool is_short = c->now_ms - l->up_ms < SHORT_LIFE_MS;
    l->short_lives = !is_short ? 0 : l->short_lives < c->redial_doubles ? l->short_lives + 1 : l->short_lives;
    int64_t ms = c->redial_ms << l->short_lives;
    return ms + (int64_t)dp_rng_below(&l->dice, (uint64_t)ms + 1);
}

/* Of what was on its way as much is left as still arrives. */
static void hang_up(struct cluster *c, struct cl_link *l)
{
    bool was = l->up;
    bool child = cl_child_of(l, c)->d != NULL, parent = cl_parent_of(l, c)->d != NULL;
    l->up = false;
    l->child_down_due |= child && was && !l->child_up_due;
    l->child_up_due = false;
    l->parent_down_due |= parent && (l->parent_knows || l->q[0].first != NULL);
    if (was)
        l->dial_ms = c->now_ms + redial_ms(c, l);
    if (was && c->watch.linked != NULL)
        c->watch.linked(c->watch.ctx, l, false);
    ends_look(c, l);
}

void cl_break(struct cluster *c, struct cl_link *l, bool some)
{
    lose(c, l, &l->q[0], some && l->up && cl_parent_of(l, c)->d != NULL);
    lose(c, l, &l->q[1], some && l->up && cl_child_of(l, c)->d != NULL);
    hang_up(c, l);
}

void cl_line_drop(void *ctx, struct dp_node peer)
{
    struct cl_node *n = ctx;
    unsigned dir;
    struct cl_link *l = n->dead ? NULL : connection(n, peer, &dir);
    if (l == NULL)
        return;
    lose(n->c, l, &l->q[1 - dir], true);
    if ((dir == 0 ? cl_parent_of(l, n->c) : cl_child_of(l, n->c))->d != NULL)
        linger(n->c, l, &l->q[dir]);
    else
        cl_queue_clear(&l->q[dir]);
    hang_up(n->c, l);
}

void cl_half_break(struct cluster *c, struct cl_link *l)
{
    bool knew = l->parent_knows, owed = l->parent_down_due;
    cl_break(c, l, true);
    l->parent_down_due = owed;
    l->parent_knows = knew;
    ends_look(c, l);
}

void cl_cut(struct cluster *c, struct cl_link *l)
{
    cl_break(c, l, false);
    l->cut = true;
    cl_line_plan(c, l);
}

void cl_mend(struct cl_link *l)
{
    l->cut = false;
    cl_line_plan(l->c, l);
}

void cl_stall(struct cl_link *l, int64_t ms)
{
    for (unsigned dir = 0; dir < 2; dir++) {
        struct cl_queue *q = &l->q[dir];
        if (q->free_us < l->c->now_us + ms * 1000)
            q->free_us = l->c->now_us + ms * 1000;
    }
}

/* A process that died hears nothing of what was lost with it. */
void cl_lines_lost(struct cl_node *n)
{
    struct cluster *c = n->c;
    for (uint32_t i = 0; i < n->line_count; i++) {
        struct cl_link *l = n->lines[i];
        cl_break(c, l, true);
        if (cl_child_of(l, c) == n) {
            l->child_down_due = false;
            cl_queue_clear(&l->q[1]);
        } else {
            l->parent_down_due = l->parent_knows = false;
            cl_queue_clear(&l->q[0]);
        }
    }
}

/* ---- dialling ---- */

static bool may_dial(struct cluster *c, const struct cl_link *l)
{
    const struct cl_node *child = cl_child_of(l, c), *parent = cl_parent_of(l, c);
    return !l->up && !l->cut && child->d != NULL && parent->d != NULL && dp_daemon_parent(child->d).v != 0 &&
           !l->child_down_due && !l->parent_down_due && l->q[0].first == NULL && l->q[1].first == NULL;
}

void cl_line_plan(struct cluster *c, struct cl_link *l)
{
    cl_at(c, &l->next, may_dial(c, l) ? l->dial_ms * 1000 : INT64_MAX);
}

/* CURVE and ZAP: the child knows its parent's key and the parent lets the child's in. */
static bool keys_fit(struct cl_node *child, struct cl_node *parent)
{
    uint8_t server[32];
    if (!dp_daemon_parent_key(child->d, server) ||
        memcmp(server, dp_daemon_keyring(parent->d)->curve_pub.b, sizeof(server)) != 0)
        return false;
    if (dp_daemon_begin(parent->d) != DP_OK)
        return false;
    struct dp_node n = dp_daemon_child_by_key(parent->d, dp_daemon_keyring(child->d)->curve_pub.b);
    cl_end_turn(parent);
    cl_plan(parent);
    return dp_node_eq(n, child->id) && parent->d != NULL;
}

/* A newer connection takes the place of the older, also of one whose last words are on their way. */
static void replace_older(struct cluster *c, const struct cl_link *l)
{
    struct cl_node *parent = cl_parent_of(l, c);
    for (uint32_t i = 0; i < parent->line_count; i++) {
        struct cl_link *o = parent->lines[i];
        bool any = o->up || o->q[0].first != NULL || o->q[1].first != NULL;
        if (o != l && any && o->parent == l->parent &&
            dp_node_eq(cl_child_of(o, c)->id, cl_child_of(l, c)->id))
            cl_break(c, o, false);
    }
}

static void dial(struct cluster *c, struct cl_link *l)
{
    struct cl_node *child = cl_child_of(l, c), *parent = cl_parent_of(l, c);
    bool fit = keys_fit(child, parent);
    if (parent->d == NULL) { /* the parent died of the question: it is asked again */
        l->dial_ms = c->now_ms + c->redial_ms;
        return;
    }
    l->refused = !fit;
    if (l->refused) {
        l->dial_ms = c->now_ms + 30 * c->redial_ms;
        return;
    }
    replace_older(c, l);
    l->up = true;
    l->up_ms = c->now_ms;
    l->serial = ++c->serial;
    l->parent_knows = false;
    l->child_up_due = true;
    l->q[0].free_us = l->q[0].last_us = l->q[1].free_us = l->q[1].last_us = 0;
    if (c->watch.linked != NULL)
        c->watch.linked(c->watch.ctx, l, true);
    cl_want(child, c->now_us);
}

void cl_line_fired(void *ctx)
{
    struct cl_link *l = ctx;
    if (may_dial(l->c, l))
        dial(l->c, l);
    cl_line_plan(l->c, l);
}

/* ---- laying ---- */

static void add_line(struct cl_node *n, struct cl_link *l)
{
    n->lines = realloc(n->lines, (n->line_count + 1) * sizeof(n->lines[0]));
    assert_non_null(n->lines);
    n->lines[n->line_count++] = l;
}

struct cl_link *cl_lay(struct cluster *c, struct cl_node *child, struct cl_node *parent)
{
    struct cl_link *l = calloc(1, sizeof(*l));
    assert_non_null(l);
    assert_true(c->link_count < CL_NODES_MAX);
    l->c = c;
    l->child = child->index;
    l->parent = parent->index;
    l->latency_us = CL_LATENCY_US;
    l->dial_ms = c->now_ms;
    dp_rng_seed(&l->dice, dp_rng_u64(&c->rng));
    cl_event_init(c, &l->next, cl_line_fired, l);
    cl_queue_init(&l->q[0]);
    cl_queue_init(&l->q[1]);
    c->links[c->link_count++] = l;
    add_line(child, l);
    add_line(parent, l);
    cl_line_plan(c, l);
    return l;
}

struct cl_link *cl_link_of(struct cluster *c, const struct cl_node *child)
{
    for (uint32_t i = 0; i < child->line_count; i++)
        if (cl_child_of(child->lines[i], c) == child)
            return child->lines[i];
    return NULL;
}
