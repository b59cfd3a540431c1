/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Administration by the technician or the head of an office: a table of verbs, each a small function. Who
 * may: the daemon's own user and root, and officers with the technician or head role. Here the table, what
 * all verbs share, and the upkeep of links, locks and alarms.
 */
#include "node/admin.h"
#include "node/sight.h"

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
    dp_outcome_set(x->d, x->out, e, "%-s: %-s", what, dp_err_text(e));
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
    if (e != DP_OK)
        dp_outcome_set(x->d, x->out, e, "no such office: %s; write it as 331023000000/bureau", x->a->office);
    return e == DP_OK;
}

bool dp_admin_case(struct dp_act *x, struct dp_subject *s)
{
    struct dp_slot *slot = NULL;
    enum dp_err e;
    *s = (struct dp_subject){.type = DP_SUBJECT_CASE};
    if (!x->c->is_root || x->c->has_office)
        e = dp_sight_find(x->d, x->c, x->a->name, &slot);
    else if (dp_name_parse(dp_slice_str(x->a->name), &s->name) == DP_OK)
        e = DP_OK;
    else
        e = dp_db_number(&x->d->db, dp_slice_str(x->a->name), s);
    if (slot != NULL)
        *s = slot->f.subject;
    if (e == DP_AMBIGUOUS)
        dp_outcome_set(x->d, x->out, e, "%s: %-s", x->a->name,
                       DP_SAID("more than one case ends so; give more of the number"));
    else if (e != DP_OK)
        dp_outcome_set(x->d, x->out, DP_NOT_FOUND, "no such case here: %s; see `daipao case list`",
                       x->a->name);
    return e == DP_OK;
}

/* ---- upkeep ---- */

static void case_lock(struct dp_act *x)
{
    struct dp_subject s;
    uint8_t key[DP_SUBJECT_BYTES];
    enum dp_err e = DP_OK;
    if (!dp_admin_case(x, &s) || dp_admin_dry(x))
        return;
    dp_subject_put(&s, key);
    struct dp_slot *slot = dp_cache_find(x->d, &s, &e);
    dp_db_put_key(&x->d->db, DP_T_LOCK, dp_slice_of(key, sizeof key), dp_slice_of("", 0));
    if (slot != NULL)
        e = dp_parcels_recall(x->d, slot);
    if (e == DP_OK || e == DP_NOT_FOUND) {
        dp_admin_done(x, "{\"locked\":true}");
        return;
    }
    x->d->turn_error = e; /* half of it is worse than none */
    dp_admin_fail(x, e, "it could not be locked");
}

static void case_unlock(struct dp_act *x)
{
    struct dp_subject s;
    uint8_t key[DP_SUBJECT_BYTES];
    if (!dp_admin_case(x, &s) || dp_admin_dry(x))
        return;
    dp_subject_put(&s, key);
    dp_db_del_key(&x->d->db, DP_T_LOCK, dp_slice_of(key, sizeof key));
    dp_admin_done(x, "{\"locked\":false}");
}

/* A person acted on a stopped link: judge the next hello afresh. */
static void link_clear(struct dp_act *x)
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

/* Of one node, or wherever it is. */
static void alarm_clear(struct dp_act *x)
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

/* ---- the table ---- */

enum need { NEED_NONE, NEED_NODE };

static const struct {
    const char *word;
    dp_admin_verb *run;
    enum need need;
} verbs[] = {
    {"node.init", dp_admin_init, NEED_NONE},
    {"node.join", dp_admin_join, NEED_NONE},
    {"node.retire", dp_admin_retire, NEED_NODE},
    {"life.clear", dp_admin_life_clear, NEED_NODE},
    {"enroll.token", dp_admin_token, NEED_NODE},
    {"enroll.approve", dp_admin_approve, NEED_NODE},
    {"enroll.refuse", dp_admin_refuse, NEED_NODE},
    {"enroll.revoke", dp_admin_revoke, NEED_NODE},
    {"office.add", dp_admin_office_add, NEED_NODE},
    {"office.set", dp_admin_office_set, NEED_NODE},
    {"office.leave", dp_admin_office_leave, NEED_NODE},
    {"officer.add", dp_admin_officer_add, NEED_NODE},
    {"officer.set", dp_admin_officer_set, NEED_NODE},
    {"officer.leave", dp_admin_officer_leave, NEED_NODE},
    {"profile.publish", dp_admin_profile, NEED_NODE},
    {"calendar.publish", dp_admin_calendar, NEED_NODE},
    {"backup", dp_admin_backup, NEED_NODE},
    {"case.lock", case_lock, NEED_NODE},
    {"case.unlock", case_unlock, NEED_NODE},
    {"link.clear", link_clear, NEED_NODE},
    {"alarm.clear", alarm_clear, NEED_NONE},
};

void dp_do_admin(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                 const struct dp_admin *a, struct dp_outcome *out)
{
    struct dp_act x = {.d = d, .c = c, .rq = rq, .a = a, .out = out};
    if (!c->is_root && (c->roles & (DP_OFFICER_HEAD | DP_OFFICER_TECHNICIAN)) == 0) {
        dp_outcome_set(d, out, DP_NOT_ENTITLED, "only the technician or the head of an office may do this");
        return;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].word, a->verb) != 0)
            continue;
        if (verbs[i].need == NEED_NODE && !d->id.enrolled)
            dp_outcome_set(
                d, out, DP_NOT_ENROLLED,
                "this node is not enrolled: `daipao node init` at the root, `daipao node join` elsewhere");
        else
            verbs[i].run(&x);
        return;
    }
    dp_outcome_set(d, out, DP_USAGE, "no such command: %s", a->verb);
}
