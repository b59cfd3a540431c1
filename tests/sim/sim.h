/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deterministic simulator: the real node code of any number of nodes in one process (support/cluster.h
 * is the engine), offices that work on it, a world that fails, and an oracle that keeps its own books and
 * checks the invariants of proto/RULES.md section 9. One seed is one history, byte for byte.
 *
 *   main.c      options; one history in a child process, many of them in a row
 *   world.c     the trees: enrolled once, then every history starts from them
 *   profile.c   rates of faults and ranges of lines, by name
 *   fault.c     makes them happen; roster.c the officers
 *   hostile.c   the lies of a child; hostile_above.c those of a parent
 *   work.c      offices (agents); work_*.c the workloads, one table row each
 *   tape.c      the store of a node with a tape of what each commit writes, and store faults
 *   oracle.c    the books; check_*.c what must hold, by number
 *   trace.c     a history in words
 *   shrink.c    a smaller history that fails in the same way
 *
 * Every owner of chance (a node, a line, an office, a kind of fault) draws from its own stream, so that a
 * history stays much the same when one of them is switched off. That is what shrinking does.
 */
#ifndef DP_SIM_SIM_H
#define DP_SIM_SIM_H

#include "support/cluster.h"

struct oracle;
struct sim_agent;
struct sim_profile;
struct sim_work;
struct tape;

#define SIM_OFF_MAX 64
#define SIM_EXIT_BROKEN 3 /* an invariant */

/* ---- options: with them a seed is one history ---- */
struct sim_options {
    uint64_t seed;
    const struct sim_profile *profile; /* NULL: the seed chooses */
    const struct sim_work *work;       /* NULL: the usual one */
    const char *tree;                  /* "" : the seed chooses */
    int64_t days;                      /* of work; 0 = as the workload says */
    uint64_t until;                    /* stop at this step; 0 = the end */
    bool lmdb;                         /* stores on disk, in a temporary folder */
    bool fast;                         /* signatures that cost nothing */
    bool trace;
    /* For shrinking: kinds of fault that do not happen, nodes whose offices do nothing and which nobody
     * connects. */
    const char *off[SIM_OFF_MAX];
    uint32_t off_count;
};

/* What a history came to. Plain memory: it goes through a pipe. */
struct sim_result {
    bool broken;
    char invariant[8]; /* "I7"; "" = another failure */
    char text[400];
    uint64_t step;
    int64_t now_ms;
    uint64_t hash; /* over all frames and all commits */
    uint64_t frames, commits, turns, entries, acknowledged, faults;
};

struct sim {
    struct sim_options opt;
    const struct sim_profile *profile;
    const struct sim_work *work;
    struct cluster *c;
    struct oracle *oracle;
    struct sim_agent *agents;
    uint32_t agent_count;
    struct sim_faults *faults;
    bool calm; /* no new faults: everything must come to rest */
    int64_t began_ms;
    struct sim_result result;
    int result_fd; /* -1: none */
};

/* A stream of chance that depends on the seed, a word and a number alone. */
struct dp_rng sim_stream(uint64_t seed, const char *word, uint64_t number);
/* Between `low` and `high`, each power of two as likely as the next. */
int64_t sim_spread(struct dp_rng *r, int64_t low, int64_t high);
/* Whether a kind of fault or a node was switched off. */
bool sim_is_off(const struct sim *s, const char *word);
/* An invariant is broken: says so and ends the process. */
_Noreturn void sim_broken(struct sim *s, const char *invariant, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* One whole history on the tree given; its result goes to s->result_fd, and the process ends. */
_Noreturn void sim_run(struct sim *s, struct cluster *tree);

/* The oracle heard of a commit: into the hash of the history. */
void sim_committed(struct sim *s, const struct cl_node *n, const struct tape *t);

/* ---- world.c ---- */
/* A tree by name, enrolled; the same for every seed. NULL: no such name. */
struct cluster *world_build(const char *tree);
/* Free what this process built, and its folders. */
void world_drop(void);
/* The tree that a seed gets when nobody says which. */
const char *world_of_seed(uint64_t seed);
/* Give a built tree to a history: new draws, stores as asked for. */
void world_begin(struct sim *s, struct cluster *tree);

/* ---- trace.c ---- */
void trace_frame(const struct sim *s, const struct cl_node *from, const struct cl_node *to,
                 struct dp_slice frame);
void trace_say(const struct sim *s, const struct cl_node *n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- shrink.c ---- */
/* From here on a signal that ends this process (interrupt, termination, hang-up) does so after world_drop. */
void sim_signals(void);
/* Runs a history in a child process, which does not outlive this one. */
struct sim_result sim_fork(const struct sim_options *opt, struct cluster *tree);
/* Tries to make it smaller; prints the options of the smallest one found. */
int shrink(struct sim_options opt, struct cluster *tree);

#endif
