/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Administration of the node and its offices: a request is judged by the table of admin_right.c, then done by
 * a small function. Here what all verbs share, and the upkeep of links and alarms.
 */
#include "node/post.h"
#include "node/trail.h"

#include <stdio.h>
#include <string.h>

/* ---- shared ---- */

bool dp_admin_dry(struct dp_act *x)
{
    char json[64];
    if (!x->rq->dry_run)
        return false;
    snprintf(json, sizeof json, "{\"would\":\"%s\"}", x->a->verb);
    dp_admin_done(x, json);
    return true;
}

void dp_admin_done(struct dp_act *x, const char *json)
{
    dp_outcome_json(x->d, x->out, json);
}

void dp_admin_fail(struct dp_act *x, enum dp_err e, const char *what)
{
    dp_outcome_set(x->d, x->out, e, "%-s", what); /* the client says the error itself */
}

bool dp_admin_node(struct dp_act *x, struct dp_node *n)
{
    if (dp_node_parse(dp_slice_str(x->a->node), n) == DP_OK)
        return true;
    dp_outcome_set(x->d, x->out, DP_USAGE, "not a node: %s; give 12 digits, and .PP for a department's post",
                   x->a->node);
    return false;
}

bool dp_admin_office(struct dp_act *x, struct dp_office *o)
{
    enum dp_err e = dp_office_lookup(x->d, x->a->office, o);
    if (e == DP_AMBIGUOUS)
        dp_outcome_set(x->d, x->out, e,
                       "the office %s: several names have that in them; write it as "
                       "331023000000/bureau",
                       x->a->office);
    else if (e != DP_OK)
        dp_outcome_set(x->d, x->out, e, "no such office: %s; write it as 331023000000/bureau", x->a->office);
    return e == DP_OK;
}

/* ---- upkeep ---- */

/* A person acted on a stopped link: judge the next hello afresh. */
void dp_admin_link_clear(struct dp_act *x)
{
    struct dp_node n;
    struct dp_peer *p;
    if (!dp_admin_node(x, &n))
        return;
    p = dp_peers_find(x->d, n);
    if (p == NULL) {
        dp_outcome_set(x->d, x->out, DP_NOT_FOUND, "no link to %s; see `daipao link list`", x->a->node);
        return;
    }
    if (dp_admin_dry(x))
        return;
    dp_session_clear(&p->s);
    memset(p->last_nonce, 0,
           sizeof p->last_nonce); /* R-HEL-5: one of two processes is left, says the person */
    memset(p->older_nonce, 0, sizeof p->older_nonce);
    dp_shelf_offer(x->d, p);
    p->bye = 0;
    x->d->port.transport.drop(x->d->port.transport.ctx, n);
    dp_alarm_clear_of(x->d, "link", n);
    dp_admin_done(x, "{\"cleared\":true}");
}

/* R-POST-7: the operator of the end knows by another way that the key is that node's. */
void dp_admin_post_admit(struct dp_act *x)
{
    struct dp_node n;
    if (!dp_admin_node(x, &n) || dp_admin_dry(x))
        return;
    enum dp_err e = dp_post_admit(x->d, n);
    if (e == DP_OK)
        dp_admin_done(x, "{\"admitted\":true}");
    else if (e == DP_DUPLICATE)
        dp_admin_fail(x, e, "its certificate is in use already");
    else
        dp_outcome_set(x->d, x->out, e, "no post goes to %s from here; see `daipao post list`", x->a->node);
}

/* Of one node, or wherever it is. */
void dp_admin_alarm_clear(struct dp_act *x)
{
    struct dp_node n = {0};
    const struct dp_alarm_row *a;
    bool any = false;
    if (x->a->node[0] != '\0' && !dp_admin_node(x, &n))
        return;
    for (uint32_t at = 0; (a = dp_alarm_next(x->d, &at)) != NULL;)
        any |= strcmp(a->word, x->a->name) == 0 && (n.v == 0 || dp_node_eq(a->node, n));
    if (!any) {
        dp_outcome_set(x->d, x->out, DP_NOT_FOUND, "no such alarm: %s; see `daipao alarms`", x->a->name);
        return;
    }
    if (dp_admin_dry(x))
        return;
    (void)dp_alarm_clear_all(x->d, x->a->name, n);
    dp_admin_done(x, "{\"cleared\":true}");
}

/* ---- a request ---- */

/* R-ADM-4 */
static void do_it(struct dp_act *x, const struct dp_admin_right *r)
{
    struct dp_trail_of of = dp_trail_before(x, r);
    r->run(x);
    if (x->out->err == DP_OK && !x->rq->dry_run)
        dp_trail_keep(x, r, &of);
}

void dp_do_admin(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                 const struct dp_admin *a, struct dp_outcome *out)
{
    struct dp_act x = {.d = d, .c = c, .rq = rq, .a = a, .out = out};
    const struct dp_admin_right *r = dp_admin_right_of(a->verb);
    if (r == NULL)
        dp_outcome_set(d, out, DP_USAGE, "no such command: %s", a->verb);
    else if (!dp_admin_may(&x, r)) /* R-ADM-1 */
        return;
    else if (r->enrolled && !d->id.enrolled)
        dp_outcome_set(
            d, out, DP_NOT_ENROLLED,
            "this node is not enrolled: `daipao node init` at the root, `daipao node join` elsewhere");
    else
        do_it(&x, r);
}
