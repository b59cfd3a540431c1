/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That things go on: a backlog to a live peer shrinks (I14), a restored or doubled store ends in a loud stop
 * and no other one does (I20), who was shut out stays out (I37).
 */
#include "sim/oracle.h"

#include <string.h>

#include "sim/fault.h"
#include "support/cmocka_all.h"

#define STUCK_HOURS 4

/* ---- I14 ---- */

static uint64_t backlog(const struct dp_session *s, uint64_t *progress)
{
    uint64_t left = 0;
    for (unsigned i = 0; i < DP_LANES; i++) {
        left += s->lane[i].journal_last - s->lane[i].acked;
        *progress += s->lane[i].acked;
    }
    return left;
}

/* A line that was up all the hour, in one piece. */
static void check_line(struct oracle *o, const struct cl_link *l)
{
    struct cluster *c = o->s->c;
    struct cl_node *ends[2] = {c->nodes[l->child], c->nodes[l->parent]};
    struct oracle_node *x = oracle_node_of(o, ends[0]);
    uint64_t left = 0, progress = l->serial << 32;
    for (unsigned i = 0; i < 2; i++) {
        const struct dp_session *s = ends[i]->d == NULL ? NULL : cl_session(ends[i], ends[1 - i]);
        if (s == NULL || s->state != DP_SESSION_UP || !l->up || l->q[0].free_us > c->now_us + 60000000 ||
            l->q[1].free_us > c->now_us + 60000000) {
            x->stuck_hours = 0;
            return;
        }
        left += backlog(s, &progress);
    }
    x->stuck_hours = left > 0 && progress == x->progress ? x->stuck_hours + 1 : 0;
    x->progress = progress;
    if (x->stuck_hours > STUCK_HOURS)
        sim_broken(o->s, "I14", "%llu items wait for the line of %s, which is up, and do not become fewer",
                   (unsigned long long)left, ends[0]->text);
}

/* ---- I20 ---- */

/* Whatever a child says, nobody stops who lost nothing. */
static void check_goes_on(struct oracle *o, const struct cl_node *n)
{
    const struct cl_link *l = cl_link_of(o->s->c, n);
    bool honest = fault_is_honest(o->s, n) && (l == NULL || fault_is_honest(o->s, o->s->c->nodes[l->parent]));
    if (honest && n->d->stopped != DP_STOP_NONE)
        sim_broken(o->s, "I20", "%s has lost nothing and stopped: %s", n->text, n->d->stopped_why);
}

void oracle_stopped(struct oracle *o, struct cl_node *n)
{
    struct oracle_node *x = oracle_node_of(o, n);
    x->stopped |= n->d != NULL && n->d->stopped != DP_STOP_NONE;
}

/* The header of the last block that `m` holds whole of the chain of `n`, or of the same block at `n`. */
static bool header_of(const struct cl_node *m, const struct cl_node *n, uint64_t *number, uint8_t raw[144])
{
    struct dp_db db = {.kv = m->kv};
    struct dp_chain_row row;
    struct dp_slice wire;
    assert_int_equal(dp_db_begin(&db, false), DP_OK);
    enum dp_err e = dp_db_chain(&db, n->id, n->d->own.inc, &row);
    if (*number == 0)
        *number = e == DP_OK ? row.number : 0;
    bool here = e == DP_OK && *number > 0 && *number <= row.number &&
                dp_db_block_any(&db, n->id, n->d->own.inc, *number, &wire) == DP_OK && wire.len >= 144;
    if (here)
        memcpy(raw, wire.p, 144);
    dp_db_abort(&db);
    return here;
}

bool oracle_may_go_on(struct oracle *o, struct cl_node *n)
{
    const struct cl_link *l = cl_link_of(o->s->c, n);
    const struct cl_node *parent = l == NULL ? NULL : o->s->c->nodes[l->parent];
    uint8_t there[144], here[144];
    uint64_t number = 0;
    if (parent == NULL || !fault_is_honest(o->s, parent))
        return true;
    if (!header_of(parent, n, &number, there))
        return true; /* it holds none */
    return header_of(n, n, &number, here) && memcmp(there, here, sizeof(here)) == 0;
}

void oracle_cleared(struct oracle *o, struct cl_node *n, bool may, const struct cl_result *r)
{
    if (may)
        oracle_node_of(o, n)->stopped = n->d != NULL && n->d->stopped != DP_STOP_NONE && r->answered;
    else if (r->answered && r->err == DP_OK)
        sim_broken(o->s, "I20", "the stop of %s was ended, and its parent holds more than it", n->text);
}

/* ---- I37 ---- */

static void check_door(struct oracle *o, const struct cl_link *l)
{
    struct cl_node *child = o->s->c->nodes[l->child], *parent = o->s->c->nodes[l->parent];
    if (parent->d == NULL || !fault_is_honest(o->s, parent) || !oracle_is_withdrawn(o, parent, child))
        return;
    const struct dp_session *s = cl_session(parent, child);
    if (s != NULL && s->state == DP_SESSION_UP)
        sim_broken(o->s, "I37", "%s lets %s in, whose certificate it has withdrawn", parent->text,
                   child->text);
}

void check_live_hour(struct oracle *o)
{
    struct cluster *c = o->s->c;
    for (uint32_t i = 0; i < c->node_count; i++) {
        if (c->nodes[i]->d == NULL)
            continue;
        check_alarm_hour(o, c->nodes[i]);
        oracle_node_of(o, c->nodes[i])->keeps = 0; /* I33 */
        check_goes_on(o, c->nodes[i]);
    }
    for (uint32_t i = 0; i < c->link_count; i++) {
        check_line(o, c->links[i]);
        check_door(o, c->links[i]);
    }
}

/* ---- at rest ---- */

static void check_up(struct oracle *o, const struct cl_link *l)
{
    struct cluster *c = o->s->c;
    struct cl_node *child = c->nodes[l->child], *parent = c->nodes[l->parent];
    if (!fault_is_honest(o->s, child) || !fault_is_honest(o->s, parent) || child->d == NULL ||
        parent->d == NULL)
        return;
    const struct dp_session *s = cl_session(child, parent);
    if (s == NULL || s->state != DP_SESSION_UP)
        sim_broken(o->s, "I14", "the line of %s is mended and its session is not up", child->text);
    if (child->d->stopped != DP_STOP_NONE)
        sim_broken(o->s, "I14", "%s has stopped for no fault of its own: %s", child->text,
                   child->d->stopped_why);
}

/* I20: of two processes of a node, or of the line to their parent, something has stopped. */
static void check_doubled(struct oracle *o, const struct cl_link *l)
{
    struct cluster *c = o->s->c;
    struct cl_node *n = c->nodes[l->child], *parent = c->nodes[l->parent];
    bool told = parent->d == NULL || !fault_is_honest(o->s, parent) || !fault_is_doubled(o->s, n);
    for (uint32_t i = 0; i < c->node_count && !told; i++) {
        struct cl_node *x = c->nodes[i];
        if (dp_node_eq(x->id, n->id))
            told = x->d == NULL || !fault_is_doubled(o->s, x) || x->d->stopped != DP_STOP_NONE ||
                   cl_session(x, parent)->state == DP_SESSION_STOPPED;
    }
    if (!told && cl_session(parent, n)->state != DP_SESSION_STOPPED)
        sim_broken(o->s, "I20", "%s lives twice, and nothing has stopped", n->text);
}

/* I20: who was started from an older backup has found out, from a parent that is what it was. */
static void check_stopped(struct oracle *o, struct cl_node *n)
{
    const struct cl_link *l = cl_link_of(o->s->c, n);
    if (!fault_must_stop(o->s, n) || n->d == NULL || !fault_is_honest(o->s, o->s->c->nodes[l->parent]))
        return;
    if (n->d->stopped == DP_STOP_NONE)
        sim_broken(o->s, "I20", "%s was restored from before what its parent holds, and goes on", n->text);
}

void check_live_rest(struct oracle *o)
{
    struct cluster *c = o->s->c;
    check_live_hour(o);
    for (uint32_t i = 0; i < c->node_count; i++)
        check_stopped(o, c->nodes[i]);
    for (uint32_t i = 0; i < c->link_count; i++) {
        check_up(o, c->links[i]);
        check_doubled(o, c->links[i]);
    }
}
