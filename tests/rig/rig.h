/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real daemons for system tests and benchmarks: each a process of its own with its own folder and
 * configuration below one temporary folder, talked to over its control socket. A call that cannot work
 * ends the program with a message, so that callers read as scenarios.
 */
#ifndef DP_TESTS_RIG_H
#define DP_TESTS_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "control.pb-c.h"

#define RIG_NODES 16

struct dp_ctl;

struct proc_node {
    char id[20];       /* "331023105000" */
    char dir[256];     /* conf, data/, run/, log */
    char program[512]; /* another daemon than the rig's; "" = that one */
    char env[4][340];  /* NAME=VALUE for it; "" = none */
    char conf[512];    /* further sections of the configuration */
    unsigned port;     /* of its listener for children; 0 = none */
    pid_t pid;         /* 0 = not running */
    struct dp_ctl *ctl;
};

struct proc_rig {
    char dir[200];
    char daemon[512];
    unsigned next_port;
    struct proc_node node[RIG_NODES];
    unsigned count;
};

/* `daemon`: path of daipaod. The folder is made below TMPDIR and removed by proc_free unless DP_KEEP is set.
 */
void proc_new(struct proc_rig *r, const char *daemon);
void proc_free(struct proc_rig *r); /* ends what still runs */

/* Lay out and start a node; `listens` when it has children. */
struct proc_node *proc_add(struct proc_rig *r, const char *id, bool listens);
/* Lay out only: change `program`, `env`, `conf`, `port` or `dir`/data, then proc_start. */
struct proc_node *proc_lay(struct proc_rig *r, const char *id, bool listens);
void proc_start(struct proc_rig *r, struct proc_node *n);
/* The same when it may fail: false when it ended first, with the `status` of waitpid. */
bool proc_try_start(struct proc_rig *r, struct proc_node *n, int *status);
void proc_kill(struct proc_node *n, int sig); /* and wait */
/* True when the process has ended; then it is reaped and `status` is that of waitpid. */
bool proc_ended(struct proc_node *n, int *status);
/* An offline action of the daemon ("--fsck"; "--restore", FILE); what it says goes to `out`. Returns its exit
 * code. */
int proc_offline(struct proc_rig *r, const struct proc_node *n, const char *option, const char *arg,
                 char *out, size_t cap);
/* Make it the root, or enrol it under `parent` (code, request, approval), and wait for the link. */
void proc_root(struct proc_node *n);
void proc_enroll(struct proc_rig *r, struct proc_node *n, struct proc_node *parent);
/* The steps of it: a code by `by` (`address`: of the parent, when `by` is not), the newcomer asks `by`,
 * approval. */
void proc_token(struct proc_node *by, const char *id, const char *address, char code[64]);
uint32_t proc_join(struct proc_node *n, const char *id, const struct proc_node *by, const char *code);
void proc_approve(struct proc_node *by, const char *id);
/* Office `slug` on the node with officer 1 = our uid. */
void proc_office(struct proc_node *n, const char *slug);

/* One request, one reply; the caller frees with proc_reply_free. */
Daipao__Control__V1__Reply *proc_call(struct proc_node *n, Daipao__Control__V1__Request *rq);
/* The same; NULL when the daemon went away before it answered. */
Daipao__Control__V1__Reply *proc_try_call(struct proc_node *n, Daipao__Control__V1__Request *rq);
void proc_reply_free(Daipao__Control__V1__Reply *r);
/* Status query as JSON text; the caller frees. */
char *proc_query(struct proc_node *n, const char *what, const char *case_ref, const char *as_office);
/* A number out of a query by path "counters.entries_in"; -1 when absent. */
int64_t proc_number(struct proc_node *n, const char *what, const char *path);
/* An admin verb; returns err of the result. */
uint32_t proc_admin(struct proc_node *n, Daipao__Control__V1__Admin *a, const char *as_office);
/* Wait until a number reaches `at_least`; dies after `seconds`. */
void proc_wait(struct proc_node *n, const char *what, const char *path, int64_t at_least, int seconds);

/* CPU seconds (user and system) of the process so far. */
double proc_cpu(const struct proc_node *n);
/* kB out of /proc/PID/smaps_rollup: "Pss", "Private_Dirty", "Rss". */
int64_t proc_smaps(const struct proc_node *n, const char *field);
/* Most memory that the process had resident since it was begun anew, else since the start, kB. */
void proc_peak_begin(const struct proc_node *n);
int64_t proc_peak(const struct proc_node *n);

double proc_now(void); /* monotonic seconds */
void proc_nap(void);   /* between two looks at something that is awaited */
void proc_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn)); /* clean up and exit 1 */

#endif
