/* SPDX-License-Identifier: Apache-2.0 */
/* The node itself: how it begins, how it asks to be enrolled, how it ends; and how those below it do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/code.h"
#include "node/admin.h"
#include "node/enroll.h"
#include "node/identity.h"

/* ---- the beginning ---- */

void dp_admin_init(struct dp_act *x)
{
    struct dp_node n;
    if (x->d->id.enrolled) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "this node has an identity already");
        return;
    }
    if (!dp_admin_node(x, &n) || dp_admin_dry(x))
        return;
    enum dp_err e = dp_identity_init_root(x->d, n);
    if (e == DP_OK)
        e = dp_daemon_reload_identity(x->d);
    if (e != DP_OK) {
        dp_admin_fail(x, e, "the root could not be made");
        x->d->turn_error = e;
        return;
    }
    dp_db_meta_put(&x->d->db, "name", dp_slice_str(x->a->name));
    dp_admin_done(x, "{\"enrolled\":true}");
}

/* HOST:PORT, where the links of the parent are; that the host is a number the transport says. */
static bool address_ok(const char *address)
{
    const char *host = strncmp(address, "tcp://", 6) == 0 ? address + 6 : address;
    const char *colon = strrchr(host, ':');
    char *end;
    if (colon == NULL || colon == host || colon[1] < '1' || colon[1] > '9')
        return false;
    return strtoul(colon + 1, &end, 10) < 65534 && *end == '\0';
}

void dp_admin_join(struct dp_act *x)
{
    struct dp_node n = {0}; /* none given: the code knows */
    struct dp_enrol_code code;
    if (x->d->id.enrolled) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "this node is enrolled already");
        return;
    }
    if (x->a->node[0] != '\0' && !dp_admin_node(x, &n))
        return;
    enum dp_err e = dp_enrol_code_parse(dp_slice_str(x->a->code), &code);
    dp_wipe(&code, sizeof code);
    if (e != DP_OK) {
        dp_outcome_set(x->d, x->out, DP_USAGE, "the code has a mistake in it: read it again, group by group");
        return;
    }
    if (!address_ok(x->a->address)) {
        dp_outcome_set(x->d, x->out, DP_USAGE,
                       "not an address: %s; give a numeric one and a port, 192.0.2.1:7310", x->a->address);
        return;
    }
    if (dp_admin_dry(x))
        return;
    e = dp_enroll_join(x->d, n, x->a->address, x->a->code);
    if (e != DP_OK)
        dp_admin_fail(x, e, "the node cannot ask to be enrolled");
    else
        dp_admin_done(x, "{\"asking\":true}");
}

/* ---- the end ---- */

/* What a retired node would leave behind. */
struct left {
    uint32_t held, asked, below;
    uint64_t unsent;
};

static bool asked_here(const struct dp_daemon *d, const struct dp_casefile *f, const struct dp_state *st)
{
    for (uint32_t i = 0; i < st->offer_count; i++) {
        const struct dp_offer_state *o = &st->offers[i];
        if (dp_node_eq(f->facts[o->offered].e.body.to.node, d->id.self) && o->accepted == DP_FACT_NONE &&
            o->objected == DP_FACT_NONE && o->withdrawn == DP_FACT_NONE && i == st->open_offer)
            return true;
    }
    for (uint32_t i = 0; i < st->order_count; i++)
        if (dp_node_eq(f->facts[st->orders[i].issued].e.body.to.node, d->id.self) &&
            st->orders[i].answered == DP_FACT_NONE && st->orders[i].lifted == DP_FACT_NONE)
            return true;
    return false;
}

static void count_cases(struct dp_daemon *d, struct left *out)
{
    struct dp_subject at = {.type = DP_SUBJECT_CASE};
    struct dp_casefile f;
    struct dp_slice packed;
    struct dp_state st;
    dp_casefile_init(&f, &at);
    while (dp_db_case_next(&d->db, &at, &packed) == DP_OK) {
        f.subject = at;
        dp_arena_reset(&d->look);
        if (dp_casefile_unpack(packed, &f) != DP_OK || dp_fold(&f, &d->look, &st) != DP_OK)
            continue; /* damaged: fsck names it */
        struct dp_office holder = dp_state_custodian(&st);
        out->held += st.closed == DP_FACT_NONE && dp_node_eq(holder.node, d->id.self);
        out->asked += asked_here(d, &f, &st);
    }
    dp_casefile_fini(&f);
}

static void count_left(struct dp_daemon *d, struct left *out)
{
    const struct dp_peer *parent = dp_peers_parent(d);
    memset(out, 0, sizeof *out);
    count_cases(d, out);
    for (uint32_t i = 0; i < d->peer_count; i++)
        out->below += !d->peers[i]->is_parent && !d->peers[i]->row.revoked;
    out->unsent = parent == NULL ? 0 : d->own.seq - d->own.sealed_seq;
    for (uint8_t lane = 0; parent != NULL && lane < DP_LANES; lane++)
        out->unsent += parent->s.lane[lane].journal_last - parent->s.lane[lane].acked;
}

/* False: refused and explained. What must not be lost comes first. */
static bool may_retire(struct dp_act *x)
{
    struct left left;
    if (x->d->retired) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "this node is retired already");
        return false;
    }
    if ((x->a->flags & DP_ADMIN_FORCE) != 0)
        return true;
    count_left(x->d, &left);
    if (left.held > 0)
        dp_outcome_set(
            x->d, x->out, DP_CONFLICT,
            "%u open cases are held here: hand them on with `daipao case transfer` or `refer-up`, or "
            "close them, until they are accepted; or have the bureau above recall them; --force "
            "retires all the same",
            left.held);
    else if (left.asked > 0)
        dp_outcome_set(x->d, x->out, DP_CONFLICT,
                       "%u offers or orders wait for an answer of this node: see `daipao inbox`; --force "
                       "retires all the same",
                       left.asked);
    else if (left.below > 0)
        dp_outcome_set(
            x->d, x->out, DP_CONFLICT,
            "%u nodes are enrolled below this one and would have no line any more: see `daipao link "
            "list`; --force retires all the same",
            left.below);
    else if (left.unsent > 0)
        dp_outcome_set(
            x->d, x->out, DP_CONFLICT,
            "not everything has reached the parent yet: wait for the line, see `daipao link list`; "
            "--force retires all the same");
    return x->out->err == DP_OK;
}

/*
 * The officers leave, as facts for those above, and after that nothing is issued any more, in later lives of
 * the process too. What was issued still goes out. The certificate is the parent's to withdraw, with the cut.
 */
void dp_admin_retire(struct dp_act *x)
{
    char parent[DP_NODE_TEXT] = "", self[DP_NODE_TEXT];
    if (!may_retire(x) || dp_admin_dry(x))
        return;
    enum dp_err e = x->d->stopped != DP_STOP_NONE ? DP_OK : dp_officers_leave(x->d);
    if (e != DP_OK) {
        dp_admin_fail(x, e, "the node could not be retired");
        return;
    }
    dp_db_meta_u64_put(&x->d->db, "retired", (uint64_t)x->d->now_wall);
    x->d->retired_now = true;
    dp_admin_done(x, "{\"retired\":true}");
    if (x->d->id.parent.v == 0)
        return;
    dp_node_format(x->d->id.parent, parent);
    dp_node_format(x->d->id.self, self);
    dp_outcome_set(x->d, x->out, DP_OK, "now have the operator of %s say `daipao enroll revoke %s retired`",
                   parent, self);
}

/* ---- those below ---- */

static void explain(struct dp_act *x, enum dp_err e, const char *what)
{
    if (e == DP_NOT_ENTITLED)
        dp_outcome_set(x->d, x->out, e, "%s is not below this node; its own ancestors can do this",
                       x->a->node);
    else if (e == DP_CONFLICT)
        dp_outcome_set(x->d, x->out, e,
                       "%s was revoked, and what it signed was cut: it does not come back under this id",
                       x->a->node);
    else
        dp_admin_fail(x, e, what);
}

void dp_admin_token(struct dp_act *x)
{
    struct dp_node n;
    char code[32], json[80];
    if (!dp_admin_node(x, &n))
        return;
    enum dp_err e = dp_enroll_may_token(x->d, n);
    if (e == DP_OK && x->a->address[0] != '\0' && !address_ok(x->a->address)) {
        dp_outcome_set(x->d, x->out, DP_USAGE,
                       "not an address: %s; give a numeric one and a port, 192.0.2.1:7310", x->a->address);
        return;
    }
    if (e == DP_OK && dp_admin_dry(x))
        return;
    if (e == DP_OK)
        e = dp_enroll_token(x->d, n, x->a->address, code);
    if (e != DP_OK) {
        explain(x, e, "no code could be made");
        return;
    }
    snprintf(json, sizeof json, "{\"code\":\"%s\",\"days\":7}", code);
    dp_admin_done(x, json);
}

void dp_admin_approve(struct dp_act *x)
{
    struct dp_node n;
    if (!dp_admin_node(x, &n))
        return;
    enum dp_err e = dp_enroll_may_approve(x->d, n);
    if ((e == DP_OK || e == DP_DUPLICATE) && dp_admin_dry(x))
        return;
    if (e == DP_OK)
        e = dp_enroll_approve(x->d, n);
    if (e == DP_OK || e == DP_DUPLICATE)
        dp_admin_done(x, "{\"approved\":true}");
    else if (e == DP_NOT_FOUND)
        dp_outcome_set(x->d, x->out, e, "%s: no request waits here, or its parent is not enrolled yet",
                       x->a->node);
    else
        explain(x, e, "it cannot be approved");
}

void dp_admin_refuse(struct dp_act *x)
{
    struct dp_node n;
    if (!dp_admin_node(x, &n))
        return;
    enum dp_err e = dp_enroll_may_refuse(x->d, n, x->a->reason);
    if (e == DP_OK && dp_admin_dry(x))
        return;
    if (e == DP_OK)
        e = dp_enroll_refuse(x->d, n, x->a->reason);
    if (e == DP_OK)
        dp_admin_done(x, "{\"refused\":true}");
    else if (e == DP_RANGE)
        dp_outcome_set(x->d, x->out, e, "the reason is too long: 120 bytes, or 40 Chinese characters");
    else
        dp_outcome_set(x->d, x->out, e, "no request of %s waits here: see `daipao enroll list`", x->a->node);
}

void dp_admin_revoke(struct dp_act *x)
{
    struct dp_node n;
    if (!dp_admin_node(x, &n))
        return;
    enum dp_err e = dp_enroll_may_revoke(x->d, n);
    if ((e == DP_OK || e == DP_DUPLICATE) && dp_admin_dry(x))
        return;
    if (e == DP_OK)
        e = dp_enroll_revoke(x->d, n, x->a->number == 0 ? 1 : x->a->number);
    if (e == DP_NOT_FOUND) {
        dp_outcome_set(x->d, x->out, e, "%s was never enrolled: see `daipao enroll list`", x->a->node);
    } else if (e == DP_OK || e == DP_DUPLICATE) {
        dp_log(DP_LOG_NOTICE, "enrolment of %s withdrawn: %s", x->a->node, x->a->reason);
        dp_admin_done(x, "{\"revoked\":true}");
    } else {
        explain(x, e, "it cannot be revoked");
    }
}
