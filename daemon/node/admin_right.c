/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-ADM-1: who may ask what of administration, one row a verb. The check below and the table of
 * proto/RULES.md are drawn from it; a test compares them, and the rows with the verbs of control.proto.
 */
#include <string.h>

#include "node/admin.h"

#define R DP_WHO_ROOT
#define T DP_WHO_TECHNICIAN
#define B DP_WHO_BUREAU
#define H DP_WHO_HEAD_HERE

#define ROOT_ONLY DP_SAID("only root may do this: the user that the daemon runs as, or user 0")
#define NODE_ONLY DP_SAID("only root or the technician of this node may do this")
#define OFFICERS DP_SAID("only the head of that very office, or root, may do this")
#define EDITIONS                                                                                             \
    DP_SAID("only the head of this node's bureau, or a technician in its list, publishes editions: say "     \
            "--as DIVISION/bureau")

/* clang-format off */
const struct dp_admin_right dp_admin_rights[] = {
    {"node.init",        dp_admin_init,          false, R,     DP_ABOUT_NODE,   ROOT_ONLY},
    {"node.join",        dp_admin_join,          false, R,     DP_ABOUT_NODE,   ROOT_ONLY},
    {"node.retire",      dp_admin_retire,        true,  R | T, DP_ABOUT_NODE,   NODE_ONLY},
    {"life.clear",       dp_admin_life_clear,    true,  R,     DP_ABOUT_NODE,   ROOT_ONLY},
    {"enroll.token",     dp_admin_token,         true,  R | T, DP_ABOUT_NODE,   NODE_ONLY},
    {"enroll.approve",   dp_admin_approve,       true,  R | T, DP_ABOUT_NODE,   NODE_ONLY},
    {"enroll.refuse",    dp_admin_refuse,        true,  R | T, DP_ABOUT_NODE,   NODE_ONLY},
    {"enroll.revoke",    dp_admin_revoke,        true,  R | T, DP_ABOUT_NODE,   NODE_ONLY},
    {"office.add",       dp_admin_office_add,    true,  R | T, DP_ABOUT_OFFICE, NODE_ONLY},
    {"office.set",       dp_admin_office_set,    true,  R | T, DP_ABOUT_OFFICE, NODE_ONLY},
    {"office.leave",     dp_admin_office_leave,  true,  R | T, DP_ABOUT_OFFICE, NODE_ONLY},
    {"officer.add",      dp_admin_officer_add,   true,  R | H, DP_ABOUT_OFFICE, OFFICERS},
    {"officer.set",      dp_admin_officer_set,   true,  R | H, DP_ABOUT_OFFICE, OFFICERS},
    {"officer.leave",    dp_admin_officer_leave, true,  R | H, DP_ABOUT_OFFICE, OFFICERS},
    {"profile.publish",  dp_admin_profile,       true,  B,     DP_ABOUT_NODE,   EDITIONS},
    {"calendar.publish", dp_admin_calendar,      true,  B,     DP_ABOUT_NODE,   EDITIONS},
    {"backup",           dp_admin_backup,        true,  R | T, DP_ABOUT_NODE,   NODE_ONLY},
    {"link.clear",       dp_admin_link_clear,    true,  R | T, DP_ABOUT_NODE,   NODE_ONLY},
    {"post.admit",       dp_admin_post_admit,    true,  R | T, DP_ABOUT_NODE,   NODE_ONLY},
    {"alarm.clear",      dp_admin_alarm_clear,   false, R | T, DP_ABOUT_NODE,   NODE_ONLY},
};
/* clang-format on */

#undef R
#undef T
#undef B
#undef H

#define COUNT (sizeof dp_admin_rights / sizeof dp_admin_rights[0])
const unsigned dp_admin_rights_count = COUNT;

const struct dp_admin_right *dp_admin_right_of(const char *verb)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(dp_admin_rights[i].verb, verb) == 0)
            return &dp_admin_rights[i];
    return NULL;
}

/* The office that is named is the caller's own; an office that is none is nobody's. */
static bool is_own_office(struct dp_act *x)
{
    struct dp_office o;
    return dp_office_lookup(x->d, x->a->office, &o) == DP_OK && dp_office_eq(&o, &x->c->office);
}

static bool in_bureau(const struct dp_act *x)
{
    const struct dp_office *o = &x->c->office;
    return dp_node_eq(o->node, x->d->id.self) && dp_office_role(o) == DP_ROLE_BUREAU;
}

static uint8_t who_is(struct dp_act *x)
{
    const struct dp_caller *c = x->c;
    bool head = c->has_office && (c->roles & DP_OFFICER_HEAD) != 0;
    uint8_t who = c->is_root ? DP_WHO_ROOT : 0;
    if (c->is_technician)
        who |= DP_WHO_TECHNICIAN;
    if ((head || c->is_technician) && in_bureau(x))
        who |= DP_WHO_BUREAU;
    if (head)
        who |= is_own_office(x) ? DP_WHO_HEAD_HERE : DP_WHO_HEAD_ABROAD;
    return who;
}

bool dp_admin_may(struct dp_act *x, const struct dp_admin_right *r)
{
    if ((who_is(x) & r->who) != 0)
        return true;
    if (x->c->is_several)
        dp_outcome_set(x->d, x->out, DP_USAGE, "you act for several offices: say which with --as OFFICE");
    else
        dp_outcome_set(x->d, x->out, DP_NOT_ENTITLED, "%-s", r->only);
    return false;
}
