/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The officers of each node: the one of its first office, who may get another user; a second one there, who
 * comes and goes, and moves to another office and back. What is known of each user is what the node has
 * answered last; a command without an answer may have been done. See roster.h.
 */
#include "sim/roster.h"

#include <stdio.h>
#include <string.h>

#include "sim/fault.h"
#include "sim/work.h"

#define USERS 4 /* of one node: the officer's first and second, the colleague's, and one who never comes */

enum standing { UNKNOWN, OUTSIDE, INSIDE };

struct node_roster {
    bool begun;
    uint32_t first;          /* user of officer 1, by index */
    bool away;               /* the colleague is in the other office */
    enum standing of[USERS]; /* what the node last said of them */
};

static struct node_roster rosters[CL_NODES_MAX];

static struct node_roster *roster_of(const struct cl_node *n)
{
    struct node_roster *r = &rosters[n->index];
    if (!r->begun) {
        r->begun = true;
        r->of[0] = INSIDE;
        for (uint32_t i = 1; i < USERS; i++)
            r->of[i] = OUTSIDE;
    }
    return r;
}

static uint32_t user(const struct cl_node *n, uint32_t i)
{
    return cl_uid(n) + 200000000 + i - (i == 0 ? 200000000 : 0);
}

/* ---- changes ---- */

static struct cl_result officer(struct sim *s, struct cl_node *n, const char *verb, const char *office,
                                uint32_t number, uint32_t uid)
{
    struct cl_command x;
    struct dp_admin *a = cl_admin(&x, verb);
    a->office = office;
    a->name = "another";
    a->number = number;
    a->uid = uid;
    a->roles = DP_OFFICER_CLERK | DP_OFFICER_HEAD;
    uint64_t before = n->d == NULL ? 0 : n->d->own.seq;
    struct cl_result r = cl_do(n, &x);
    if (r.answered && r.err == DP_OK && n->d != NULL && n->d->own.seq == before &&
        n->d->stopped == DP_STOP_NONE)
        sim_broken(s, "I34", "%s: %s is done, and no entry tells of it", n->text, verb);
    return r;
}

/* What is known of a user after a command that was to bring him to `to`. */
static void told(struct node_roster *r, uint32_t i, const struct cl_result *x, enum standing to)
{
    if (!x->answered)
        r->of[i] = UNKNOWN;
    else if (x->err == DP_OK)
        r->of[i] = to;
}

/* Officer 1 logs in as somebody else from now on. */
static void change_user(struct sim *s, struct cl_node *n, struct node_roster *r)
{
    char office[DP_OFFICE_TEXT];
    uint32_t next = 1 - r->first;
    cl_office(n, office);
    struct cl_result x = officer(s, n, "officer.set", office, 1, user(n, next));
    told(r, r->first, &x, OUTSIDE);
    told(r, next, &x, INSIDE);
    if (!x.answered || x.err != DP_OK)
        return;
    r->first = next;
    if (n->index < s->agent_count)
        work_agent_at(s, n)->uid = user(n, next);
}

static void other_office(const struct cl_node *n, char out[DP_OFFICE_TEXT])
{
    snprintf(out, DP_OFFICE_TEXT, "%s/archive", n->text);
}

static void come_or_go(struct sim *s, struct cl_node *n, struct node_roster *r)
{
    char office[DP_OFFICE_TEXT];
    bool comes = r->of[2] != INSIDE;
    if (r->of[2] == UNKNOWN)
        return; /* he may be here and there */
    cl_office(n, office);
    if (!comes && r->away)
        other_office(n, office);
    struct cl_result x =
        officer(s, n, comes ? "officer.add" : "officer.leave", office, 2, comes ? user(n, 2) : 0);
    told(r, 2, &x, comes ? INSIDE : OUTSIDE);
    if (comes && x.answered && x.err == DP_OK)
        r->away = false;
}

/* To the other office of this node, or back: gone here before he is there. */
static void move(struct sim *s, struct cl_node *n, struct node_roster *r)
{
    struct cl_command c;
    char from[DP_OFFICE_TEXT], to[DP_OFFICE_TEXT];
    cl_office(n, r->away ? to : from);
    other_office(n, r->away ? from : to);
    struct dp_admin *a = cl_admin(&c, "office.add");
    a->office = r->away ? from : to;
    a->name = a->office;
    (void)cl_do(n, &c);
    if (n->d == NULL || r->of[2] != INSIDE)
        return;
    struct cl_result x = officer(s, n, "officer.leave", from, 2, 0);
    told(r, 2, &x, OUTSIDE);
    if (n->d == NULL || r->of[2] != OUTSIDE)
        return;
    x = officer(s, n, "officer.add", to, 2, user(n, 2));
    told(r, 2, &x, INSIDE);
    r->away ^= x.answered && x.err == DP_OK;
}

/* ---- who may act ---- */

/* A step that can lead nowhere: refused for its case, or before that for its user. */
static void probe(struct sim *s, struct cl_node *n, const struct node_roster *r, uint32_t i)
{
    struct cl_command x;
    if (n->d == NULL || r->of[i] == UNKNOWN)
        return;
    cl_step(&x, DP_KIND_NOTE, "no such case");
    struct cl_result a = cl_do_as(n, user(n, i), &x);
    if (!a.answered || a.err == DP_IO || a.err == DP_FULL || a.err == DP_INTAKE_STOPPED)
        return;
    if ((a.err == DP_NOT_ENTITLED) == (r->of[i] == INSIDE))
        sim_broken(s, "I34", "%s: user %u %s, and is told %s", n->text, i,
                   r->of[i] == INSIDE ? "is an officer" : "is none", dp_err_name(a.err));
}

void roster_check(struct sim *s)
{
    for (uint32_t i = 0; i < s->c->node_count; i++)
        for (uint32_t k = 0; k < USERS && rosters[i].begun && fault_is_honest(s, s->c->nodes[i]); k++)
            probe(s, s->c->nodes[i], &rosters[i], k);
}

void roster_change(struct sim *s, struct cl_node *n, struct dp_rng *dice)
{
    struct node_roster *r = roster_of(n);
    if (n->d == NULL || !fault_is_honest(s, n))
        return;
    switch (dp_rng_below(dice, 3)) {
    case 0:
        change_user(s, n, r);
        break;
    case 1:
        come_or_go(s, n, r);
        break;
    default:
        move(s, n, r);
        break;
    }
    for (uint32_t k = 0; k < USERS; k++)
        probe(s, n, r, k);
}
