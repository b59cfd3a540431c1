/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an accused relay can learn (R-N3-4): two worlds from one seed, which differ in one thing, and a
 * guesser who knows no more than the relay does.
 *
 *   life.c      ordinary work: each matter has a script and a stream of chance of its own
 *   hidden.c    the one thing: protected matters of a village, and what becomes of them
 *   observe.c   what the relay holds and sees: rows, frames, counters, answers, in lines
 *   history.c   one history in a child process
 *   equal.c     two worlds, line by line; plain.c: blocks without compression for it
 *   feature.c   a quarter in numbers, without knowledge of what carries a protected matter
 *   learn.c     a classifier: logistic regression and stumps, chosen on what it was trained with
 *   main.c      options
 *
 * So that the two worlds share everything else no draw may depend on how much was drawn before: a matter
 * draws from its own stream, and a node or a line from one that its seed and the moment give
 * (cluster.by_moment). The hidden acts come at moments of their own, at which nobody else acts.
 */
#ifndef DP_SIM_WORLDS_H
#define DP_SIM_WORLDS_H

#include <stdio.h>

#include "sim/sim.h"

enum hidden_kind {
    HIDDEN_NONE,
    HIDDEN_TOWNSHIP, /* accuses the township's bureau: its end is the county */
    HIDDEN_COUNTY,   /* accuses the county's bureau: its end is the city */
    HIDDEN_NOBODY,   /* an accusation that names no office: its end is the county */
    HIDDEN_AT_END,   /* accuses the township's bureau, and the county takes it in itself */
    HIDDEN_LOCKED,   /* the county sends one to the township while the line is down, and locks it before */
    HIDDEN_KINDS
};

/* Nodes of the tree, by index. */
enum place { CITY, COUNTY, TOWNSHIP, OTHER_TOWNSHIP, VILLAGE_1, VILLAGE_2, VILLAGE_3, OTHER_VILLAGE, PLACES };

struct world_options {
    uint64_t seed;
    enum hidden_kind hidden;
    enum place relay; /* TOWNSHIP, or COUNTY when that is accused */
    enum place end;   /* whose chain is no secret: where the hidden matter ends, or would */
    int days;         /* calendar days */
    bool cut;         /* the line between township and county is down for some hours of the third day */
    bool cure_off;    /* a post leaves when there is something to send, and not else */
    bool answers;     /* each day the relay's people ask all that they may ask */
};

/* ---- observe.c ---- */

enum seen_what {
    SEEN_FRAME_IN,  /* peer, type of the frame, lane and kind of an item, bytes */
    SEEN_FRAME_OUT, /* the same */
    SEEN_ROW,       /* table, key and value */
    SEEN_GONE,      /* table and key */
    SEEN_ANSWER,    /* a question and its answer, or a counter */
};

/* One line. */
struct seen {
    int64_t at_us;
    uint8_t what;
    uint8_t peer;  /* enum place */
    uint8_t type;  /* of a frame; a table */
    uint8_t lane;  /* of an item or a journal row; 255 = none */
    uint8_t kind;  /* of an item, else 0 */
    uint64_t item; /* its number in its lane */
    uint32_t size; /* of a frame; of a value */
    uint32_t key;  /* bytes of a key */
    uint32_t text; /* offset in `texts` of what else is compared; 0 = nothing */
};

struct observer {
    const struct world_options *opt;
    struct cluster *c;
    struct cl_node *relay;
    struct seen *seen;
    size_t count, cap;
    char *texts;
    size_t text_len, text_cap;
    int64_t began_us;
    uint32_t posts_kept; /* that lay here in the evenings, together */
    struct cl_event evening;
};

/* Listen to the relay of a tree whose stores are tapes, from now on. */
void observe_begin(struct observer *o, struct cluster *c, const struct world_options *opt);
/* The last look, at the end. */
void observe_end(struct observer *o);
/* All of it, a line each. */
void observe_print(const struct observer *o, FILE *f);

/* ---- life.c ---- */

/* Ordinary work of all offices from now on. */
void life_begin(struct cluster *c, uint64_t seed, int days);
/* Whether a case is one of it. `name` as dp_name_format writes it. */
bool life_has(const char *name);
/* Steps done, matters begun, steps given up. */
struct life_count {
    uint32_t matters, steps, closed, given_up;
} life_count(void);
/* A moment within office hours, `ms` after `from_ms` at least; both since the beginning of the cluster's
 * time.
 */
int64_t life_moment_us(struct dp_rng *dice, int64_t from_ms, int64_t ms);
/* A text of about `bytes`, by chance. */
void life_text(struct dp_rng *dice, char *out, size_t bytes);
/* A step with the fields that any kind may want; the caller sets the rest. */
struct dp_step *life_step(struct cl_node *n, struct cl_command *x, enum dp_kind kind, const char *ref);

/* ---- hidden.c ---- */

/* The one thing that differs. It acts at moments that end with 7 us, ordinary work at others. */
void hidden_begin(struct cluster *c, const struct world_options *opt);
struct hidden_count {
    uint32_t registered, steps; /* taken in; done with it at its end */
} hidden_count(void);

/* ---- history.c ---- */

#define WORLDS_CUT_MS                                                                                        \
    (50 * INT64_C(3600000)) /* of the third day, about 11 o'clock, from the beginning on                     \
                             */
#define WORLDS_CUT_LASTS_MS (5 * INT64_C(3600000))

struct cluster *worlds_tree(void);
/* What happened in a history, so that no comparison is of nothing. */
struct world_tally {
    struct life_count life;
    struct hidden_count hidden;
    uint32_t posts_kept;
};
/* One history in a child process; it writes what `write` writes. A history that died ends the program. */
struct world_tally worlds_run(struct cluster *tree, const struct world_options *opt,
                              void (*write)(const struct observer *o, FILE *f), FILE *to);

/* ---- plain.c ---- */
/* Blocks of this process are not compressed from now on, or are again. */
void worlds_uncompressed(bool on);

/* ---- equal.c ---- */

/* Two worlds, `a` without the hidden thing, line by line. */
struct comparison {
    uint64_t lines, differ;
    uint64_t first; /* line that differs; 0 = none */
    char text[2][480];
    uint32_t posts_kept; /* of both, by the relay, though the next hop has them */
    bool nothing;        /* too little happened for a comparison to mean anything */
};
struct comparison worlds_compare(struct cluster *tree, const struct world_options *a,
                                 const struct world_options *b);

/* ---- feature.c ---- */

#define FEATURES_MAX 1600

#define FEATURE_NAME 32

struct features {
    uint32_t count;
    double x[FEATURES_MAX];
    char name[FEATURES_MAX][FEATURE_NAME]; /* what each is of: road, kind and the like by number */
};
void features_of(const struct observer *o, struct features *out);

/* ---- learn.c ---- */

struct sample {
    struct features f;
    bool label;
};
/* What was learnt from the first `n`, tried on the others: how many of these were said right. Says on stdout
 * how it decides. */
uint32_t learn_and_try(const struct sample *s, uint32_t n, uint32_t all);

#endif
