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

typedef void dp_admin_verb(struct dp_act *x);

/* ---- who may ask what (R-ADM-1, admin_right.c) ---- */

/* Bits of who a caller is to what a verb is about. One caller may be several. */
enum dp_admin_who {
    DP_WHO_ROOT = 1,        /* the user of the daemon, or user 0 */
    DP_WHO_TECHNICIAN = 2,  /* of this node */
    DP_WHO_BUREAU = 4,      /* head of the bureau of this node, or technician in its list */
    DP_WHO_HEAD_HERE = 8,   /* head of the office that the request names */
    DP_WHO_HEAD_ABROAD = 16 /* head of another office */
};

/* What a verb changes: the trail shows it to whom it concerns (R-ADM-4). */
enum dp_admin_about { DP_ABOUT_NODE, DP_ABOUT_OFFICE };

struct dp_admin_right {
    const char *verb; /* name of AdminVerb in control.proto, as noun.verb */
    dp_admin_verb *run;
    bool enrolled;    /* only at a node that is */
    uint8_t who;      /* mask of enum dp_admin_who */
    uint8_t about;    /* enum dp_admin_about */
    const char *only; /* text of a refusal: who may */
};

extern const struct dp_admin_right dp_admin_rights[];
extern const unsigned dp_admin_rights_count;

/* NULL: there is no such verb. */
const struct dp_admin_right *dp_admin_right_of(const char *verb);
/* R-ADM-1. False: refused and explained, and nothing was looked at but the lists of offices and officers. */
bool dp_admin_may(struct dp_act *x, const struct dp_admin_right *r);

dp_admin_verb dp_admin_link_clear, dp_admin_alarm_clear, dp_admin_post_admit;     /* admin.c */
dp_admin_verb dp_admin_init, dp_admin_join, dp_admin_retire;                      /* admin_node.c */
dp_admin_verb dp_admin_token, dp_admin_approve, dp_admin_refuse, dp_admin_revoke; /* admin_node.c */
dp_admin_verb dp_admin_office_add, dp_admin_office_set, dp_admin_office_leave;    /* admin_office.c */
dp_admin_verb dp_admin_officer_add, dp_admin_officer_set, dp_admin_officer_leave; /* admin_officer.c */
dp_admin_verb dp_admin_profile, dp_admin_calendar;                                /* admin_data.c */
dp_admin_verb dp_admin_backup;                                                    /* backups.c */
dp_admin_verb dp_admin_life_clear;                                                /* admin_life.c */

/* admin_office.c: how an office stands in keys of the store: node 8, slug 16. */
#define DP_OFFICE_KEY 24
void dp_office_key(const struct dp_office *o, uint8_t out[DP_OFFICE_KEY]);
/* admin_officer.c: whether somebody acts for it. */
bool dp_office_has_officers(struct dp_daemon *d, const struct dp_office *o);
/* admin_officer.c: every officer of this node leaves, as a fact for those above. */
enum dp_err dp_officers_leave(struct dp_daemon *d);

#endif
