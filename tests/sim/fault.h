/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong in a history, how often and for how long: profiles by name. */
#ifndef DP_SIM_FAULT_H
#define DP_SIM_FAULT_H

#include "sim/sim.h"

/* clang-format off */
/* word, the number of them that a tree of one line (or one node) meets in 1000 days, shortest and longest */
#define SIM_FAULT_LIST(X)                                                                     \
    X(BREAK,    "break")    /* a connection breaks at some byte and is dialled again */       \
    X(HALF,     "half")     /* the parent does not notice it */                               \
    X(CUT,      "cut")      /* a line is dead for a while */                                  \
    X(STALL,    "stall")    /* nothing passes, then all of it late */                         \
    X(STORM,    "storm")    /* all lines of a node are cut and come back within minutes */    \
    X(CRASH,    "crash")    /* a process dies before a commit, after it, or between turns */  \
    X(DOWN,     "down")     /* a machine is off for a while */                                \
    X(SLOW,     "slow")     /* a slow disk for a while */                                     \
    X(FULL,     "full")     /* a full disk for a while */                                     \
    X(FAIL,     "fail")     /* a few commits fail */                                          \
    X(CLOCK,    "clock")    /* a clock is set wrong, runs fast or jumps back, for a while */  \
    X(RESTORE,  "restore")  /* a node starts from an older backup, some with a dead line or a full disk */ \
    X(DARK,     "dark")     /* a node that has stopped dies, and comes back with a dead line */ \
    X(CLEAR,    "clear")    /* root tries to end the stop of a node, or to clear its line */   \
    X(CLONE,    "clone")    /* a second process of a node */                                  \
    X(REVOKE,   "revoke")   /* a certificate is withdrawn */                                  \
    X(ROSTER,   "roster")   /* officers come, go, and move */                                 \
    X(ODD,      "odd")      /* a node issues an entry that nobody can use */                  \
    X(HOSTILE,  "hostile")  /* a node with its own keys sends well-formed lies: one in a tree */
/* clang-format on */

enum sim_fault_kind {
#define SIM_FAULT_ENUM(name, word) SIM_##name,
    SIM_FAULT_LIST(SIM_FAULT_ENUM)
#undef SIM_FAULT_ENUM
        SIM_FAULT_COUNT
};
const char *sim_fault_word(enum sim_fault_kind k);

struct sim_rate {
    uint32_t per_1000_days; /* for each line or node; 0 = never */
    int64_t low_ms, high_ms;
};

struct sim_profile {
    const char *name;
    int64_t latency_low_us, latency_high_us, jitter_us;
    uint64_t rate_low_bps, rate_high_bps; /* 0 = no limit */
    struct sim_rate rate[SIM_FAULT_COUNT];
};

/* NULL: no such name. */
const struct sim_profile *profile_by_name(const char *name);
const struct sim_profile *profile_of_seed(uint64_t seed);
void profile_list(void);

/* Lay the lines as the profile says and let things go wrong. */
void faults_begin(struct sim *s);
/* Nothing goes wrong any more, and what went wrong is mended. What cannot be mended (a restored store, a
 * clone, a revocation) stays. */
void faults_end(struct sim *s);
/* A fault now; for workloads that bring their own. `i` is the index of a line or a node (none of a twin). */
void fault_now(struct sim *s, enum sim_fault_kind k, uint32_t i, int64_t ms);
/* Whether a node is what its keys say, and has its own store: not restored, cloned, revoked or hostile. */
bool fault_is_honest(const struct sim *s, const struct cl_node *n);
/* It was started from a backup, its parent held more of its chain than that, and nothing else happened to it:
 * it must find out (I20). */
bool fault_must_stop(const struct sim *s, const struct cl_node *n);

/* It lives twice, and nothing else happened to it. */
bool fault_is_doubled(const struct sim *s, const struct cl_node *n);

/* Its clock was set wrong at some time. */
bool fault_clock_was_wrong(const struct sim *s, const struct cl_node *n);
/* By so much it was ahead at most. */
int64_t fault_clock_ahead_ms(const struct sim *s, const struct cl_node *n);

/* ---- hostile.c ---- */
/* One well-formed lie of this node to its parent, signed with its own keys. */
void hostile_act(struct sim *s, struct cl_node *n, struct dp_rng *dice);
/* hostile_above.c: one to a child of it, in half of the times. False: none was told. */
bool hostile_above(struct sim *s, struct cl_node *n);
/* An own entry of this node that nobody can use; it knows no better. */
void hostile_odd(struct sim *s, struct cl_node *n);

#endif
