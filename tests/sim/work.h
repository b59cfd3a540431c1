/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offices at work. An agent is the officer of one office: from time to time it looks at its own node's inbox
 * and acts on what is shown there, sometimes late, sometimes wrongly. It knows nothing else. A workload says
 * what comes in, and may bring more (a storm, a burst).
 */
#ifndef DP_SIM_WORK_H
#define DP_SIM_WORK_H

#include "sim/sim.h"

/* One person at the desk: a registration without an answer is said again until there is one (R-CTL-2). */
struct sim_slip {
    bool taken;     /* it is filled in */
    char mark[24];  /* stands in the entry: one slip is one case (I29) */
    bool by_source; /* known by a number of its source, else by a token */
    uint8_t token[16];
    bool two; /* people came */
    uint32_t purpose, flags;
    char respondent[2][DP_OFFICE_TEXT];
    uint8_t respondents;
};

struct sim_agent {
    struct sim *s;
    struct cl_node *n;
    char office[DP_OFFICE_TEXT];
    uint32_t uid;
    struct dp_rng dice, asks;
    struct cl_event visit;                                /* next look at the inbox */
    uint32_t to_register;                                 /* people who wait to be heard */
    uint32_t accusations;                                 /* of these */
    uint64_t seen;                                        /* entries its node had at the last look */
    uint32_t left;                                        /* items that it left lying there */
    char given[DP_NAME_TEXT];                             /* the last case that it gave to an office below */
    char offered[DP_NAME_TEXT];                           /* the last that it offered to anybody */
    struct dp_rng pen;                                    /* what it writes about that */
    char own_case[DP_NAME_TEXT], own_entry[DP_NAME_TEXT]; /* the last text of its own, to be corrected */
    uint8_t own_kind;                                     /* of its part; 0 = of a registration */
    uint32_t corrections;
    struct sim_slip slip;
    uint32_t slips;
    uint32_t tried, refused, unanswered;
};

/* Habits, in percent. */
struct sim_habits {
    uint32_t lazy;  /* an item is left for another day */
    uint32_t wrong; /* a step is tried that does not fit */
    uint32_t object, extend, urgent, accusation;
    uint32_t recall; /* what was given down is taken back, at a visit */
    uint32_t lock;   /* a case is locked by hand */
    uint32_t erase;  /* a part of a case is erased */
    uint32_t pen;    /* something is written on what was offered, at a visit */
};

struct sim_work {
    const char *name, *help;
    int64_t days;           /* when nobody says how many */
    uint32_t per_1000_days; /* matters that come in, in the whole tree */
    bool round_the_clock;   /* agents do not keep office hours: short histories */
    struct sim_habits habits;
    void (*begin)(struct sim *s);                    /* may be NULL, and */
    void (*end)(void);                               /* its mirror: nothing new of it comes */
    void (*act)(struct sim *s, struct sim_agent *a); /* a visit; work_visit when NULL */
};

/* NULL: no such name. */
const struct sim_work *work_by_name(const char *name);
/* The one that a seed chooses when it may, and the one of a history of which nobody says which. */
const struct sim_work *work_of_seed(uint64_t seed);
const struct sim_work *work_usual(void);
void work_list(void);

/* Agents for every office of the tree, and what comes in. */
void work_begin(struct sim *s);
/* Nothing new comes in and nobody acts. */
void work_end(struct sim *s);
/* The usual visit: register who waits, then go through the inbox. */
void work_visit(struct sim *s, struct sim_agent *a);
/* An office of a neighbour above or directly below; false when there is none. */
bool work_near(struct sim_agent *a, bool up, char out[DP_OFFICE_TEXT]);
struct sim_agent *work_agent_at(struct sim *s, const struct cl_node *n);

/* ---- doing, with the oracle listening ---- */
/* A command of the agent; the oracle notes what was acknowledged. */
struct cl_result work_do(struct sim_agent *a, const struct cl_command *x);
/* Register a matter. */
struct cl_result work_register(struct sim_agent *a, const char *about, uint32_t purpose, uint32_t flags);
/* A step of a case with a text; `to` may be "". */
struct cl_result work_step(struct sim_agent *a, enum dp_kind kind, const char *of_case, const char *to,
                           const char *re);

/* ---- work_desk.c ---- */
/* Hear one person; false while the node has not answered. */
bool work_hear(struct sim_agent *a);
/* Destroy what stands in a part of the case. */
void work_erase(struct sim_agent *a, const char *ref);
/* The root publishes a calendar and a profile, and later the next editions. */
void work_publish_begin(struct sim *s);
void work_publish_end(void);

/* ---- work_pen.c ---- */
/* The case was offered: what is written from now on comes between the offer and its answer. */
void work_pen_offered(struct sim_agent *a, const char *ref);
/* A text of its own that may be wrong: of a registration (kind 0) or a note. */
void work_pen_wrote(struct sim_agent *a, const char *ref, const struct dp_name *entry, uint8_t kind);
/* More about who came than a name. */
void work_pen_intake(struct sim_agent *a, struct cl_command *x);
/* Write something on it, or nothing; or correct the last text of its own. */
void work_pen(struct sim_agent *a);

/* ---- work_ask.c ---- */
/* Now and then: many questions in one request, or whose a matter is. */
void work_ask(struct sim_agent *a);

/* ---- the workloads that bring more than matters and visits ---- */
void work_burst_begin(struct sim *s);
void work_burst_end(void);
void work_storm_begin(struct sim *s);
void work_storm_end(void);
void work_twice_begin(struct sim *s);
void work_twice_end(void);
void work_twice_visit(struct sim *s, struct sim_agent *a);

#endif
