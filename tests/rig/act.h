/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people do at a node, for scenarios: register a matter, take a step, ask and pick a value out of the
 * answer. Everything goes over the control socket, as the command line does it.
 */
#ifndef DP_TESTS_ACT_H
#define DP_TESTS_ACT_H

#include <jansson.h>

#include "rig.h"

/* Numbers of RULES.md section 3 that scenarios use. */
enum act_kind {
    ACT_REGISTER = 1,
    ACT_SIGN = 3,
    ACT_ACCEPT = 4,
    ACT_TRANSFER = 5,
    ACT_ASSIGN = 6,
    ACT_REFER_UP = 7,
    ACT_NOTE = 18,
    ACT_OPINION = 21,
    ACT_SUPERVISE = 25,
    ACT_ANSWER = 27,
};

/* A matter as it is registered; what is NULL or 0 gets a harmless value. */
struct act_matter {
    const char *name, *phone, *content, *respondent_name;
    const char *respondent; /* office */
    const char *source_no;  /* of system "test" */
    const char *residence;
    uint32_t purpose; /* 2 accusation; 0 = an ordinary one */
    uint32_t flags;
};

struct act_result {
    uint32_t err, reason;
    char number[40];
    char name[48]; /* of the entry, as text */
    char text[512];
};

/* One command and what it needs; build many and send them in one request. The strings stay the caller's. */
struct act_command {
    Daipao__Control__V1__Command cmd;
    Daipao__Control__V1__Step step;
    Daipao__Control__V1__Intake intake;
    Daipao__Control__V1__Part part[3], *parts[3];
    Daipao__Control__V1__Person person, *persons[1];
    char *respondents[1];
};
void act_build_register(struct act_command *c, const struct act_matter *m);
void act_build_step(struct act_command *c, uint32_t kind, const char *case_ref, const char *to,
                    const char *text);
void act_read(const Daipao__Control__V1__Result *r, struct act_result *out);

/* One at a time; returns err. `out` may be NULL. */
uint32_t act_register(struct proc_node *n, const char *as_office, const struct act_matter *m,
                      struct act_result *out);
uint32_t act_step(struct proc_node *n, const char *as_office, uint32_t kind, const char *case_ref,
                  const char *to, const char *text, struct act_result *out);
/* A command as built, perhaps changed since. */
uint32_t act_do(struct proc_node *n, const char *as_office, struct act_command *c, struct act_result *out);
/* Tries again while the case is not here yet or the step not valid yet; dies after `seconds`. */
void act_step_soon(struct proc_node *n, const char *as_office, uint32_t kind, const char *case_ref,
                   const char *to, const char *text, int seconds, struct act_result *out);
/* {verb, node} and no more. */
uint32_t act_admin(struct proc_node *n, const char *verb, const char *node);
/* A backup, asked for until it is written. */
uint32_t act_backup(struct proc_node *n, const char *path);
uint32_t act_alarm_clear(struct proc_node *n, const char *word);

/* The answer to a query; NULL when it is an error. json_decref it. */
json_t *act_ask(struct proc_node *n, Daipao__Control__V1__Query *q, const char *as_office);
json_t *act_ask_what(struct proc_node *n, const char *what, const char *case_ref, const char *as_office);
/* A text by path ("stopped", "own.incarnation"); "" when it is absent or null. `out` has room for 512. */
const char *act_text(struct proc_node *n, const char *what, const char *path, char *out);
/* Whether an alarm with that word stands whose text contains `part` ("" = any). */
bool act_alarmed(struct proc_node *n, const char *word, const char *part);
/* The same of one that names `node`, by itself or in its text. */
bool act_alarmed_of(struct proc_node *n, const char *word, const char *node, const char *part);
void act_wait_alarm_of(struct proc_node *n, const char *word, const char *node, const char *part,
                       int seconds);
void act_wait_alarm(struct proc_node *n, const char *word, const char *part, int seconds);
/* A number of the link to `peer`; -1 when absent. And a text of it. */
int64_t act_link_number(struct proc_node *n, const char *peer, const char *key);
void act_wait_link(struct proc_node *n, const char *peer, const char *state, int seconds);

/* name -> digest of every case here; json object, json_decref it. Cases with a party at or below `node`, or
 * "". */
json_t *act_digests(struct proc_node *n, const char *node);
/* Wait until every case of `a` (below `node`) is at `b` with the same digest. Dies naming one that is not. */
void act_wait_same(struct proc_node *a, struct proc_node *b, const char *node, int seconds);

#endif
