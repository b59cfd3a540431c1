/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to node/: the verbs of administration. Each verb parses, judges, and then asks dp_admin_dry: a dry
 * run ends there, with everything judged and nothing changed.
 */
#ifndef DP_NODE_ADMIN_H
#define DP_NODE_ADMIN_H

#include "node/core.h"

struct dp_act {
    struct dp_daemon *d;
    const struct dp_caller *c;
    const struct dp_request *rq;
    const struct dp_admin *a;
    struct dp_outcome *out;
};

#define DP_ADMIN_FORCE 1u /* of the flags: though something is left open */

/* True: it was a dry run, and is answered. */
bool dp_admin_dry(struct dp_act *x);
void dp_admin_done(struct dp_act *x, const char *json);
/* `what` is a text of the program. */
void dp_admin_fail(struct dp_act *x, enum dp_err e, const char *what);
/* Refused and explained: false. */
bool dp_admin_node(struct dp_act *x, struct dp_node *n);
bool dp_admin_office(struct dp_act *x, struct dp_office *o);
bool dp_admin_case(struct dp_act *x, struct dp_subject *s);

typedef void dp_admin_verb(struct dp_act *x);
dp_admin_verb dp_admin_init, dp_admin_join, dp_admin_retire;                      /* admin_node.c */
dp_admin_verb dp_admin_token, dp_admin_approve, dp_admin_refuse, dp_admin_revoke; /* admin_node.c */
dp_admin_verb dp_admin_office_add, dp_admin_office_set, dp_admin_office_leave;    /* admin_office.c */
dp_admin_verb dp_admin_officer_add, dp_admin_officer_set, dp_admin_officer_leave; /* admin_office.c */
dp_admin_verb dp_admin_profile, dp_admin_calendar;                                /* admin_data.c */
dp_admin_verb dp_admin_backup;                                                    /* backups.c */
dp_admin_verb dp_admin_life_clear;                                                /* admin_life.c */

/* admin_office.c: every officer of this node leaves, as a fact for those above. */
enum dp_err dp_officers_leave(struct dp_daemon *d);

#endif
