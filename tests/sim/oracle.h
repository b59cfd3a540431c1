/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books of somebody who sees everything: every entry that any store ever held, whom it may go to by the
 * law of the domain and not by the code under test, what was acknowledged to whom. From them the
 * invariants of proto/RULES.md section 9 are checked: I-numbers are cited where they are.
 */
#ifndef DP_SIM_ORACLE_H
#define DP_SIM_ORACLE_H

#include "case/due.h"
#include "sim/sim.h"
#include "sim/tape.h"

/* An entry as first seen, wherever that was. */
struct oracle_entry {
    struct dp_name name;
    struct dp_subject subject;
    struct dp_digest digest;         /* of its bytes */
    struct dp_digest parts_root;     /* that its origin signed */
    uint64_t salt;                   /* stands for the name in sums of names */
    uint8_t kind, part_count, index; /* index: of the part that it is about */
    uint8_t verdict, reason;         /* once any node has decided it; DP_PENDING before */
    bool lie;                        /* its origin lies, or lives twice */
    bool twice;                      /* and another entry has the same name */
    bool acknowledged;               /* to the officer who asked for it */
    bool judged;                     /* by the rules, when it was first counted as valid (I27) */
    int64_t at_ms;                   /* by the clock of its origin, and */
    int64_t met_ms;                  /* by the true one when it was first seen */
    struct dp_office office, to;
    struct dp_name custody, re;
    struct oracle_case *of;
    struct oracle_entry *next_of_case;
    struct oracle_entry *next; /* in its bucket */
};

struct oracle_case {
    struct dp_subject subject;
    bool has_reg, lied; /* lied: some entry of it is a lie */
    struct dp_reg reg;
    bool locked; /* by hand, somewhere: it stands still where it may not go on */
    struct oracle_entry *first, **last;
    uint32_t entries;
    struct oracle_case *next;
};

/* What a desk was told that it had taken in (I29): an entry, or a matter that was sealed and sent on. */
struct oracle_slip {
    char mark[DP_NUMBER_TEXT + 8];
    const struct cl_node *at;
    bool sealed;
    struct dp_name of_case; /* the entry that bears the mark; none yet: zero */
    struct oracle_slip *next;
};

/* A published profile or calendar. */
struct oracle_edition {
    struct dp_name name;
    bool is_calendar;
    struct dp_profile profile;
    struct dp_calendar calendar;
    struct oracle_edition *next;
};

/* A certificate that was withdrawn. */
struct oracle_withdrawn {
    struct dp_digest cert;
    struct dp_node by;
    struct oracle_withdrawn *next;
};

/* A set of names, open addressing. */
struct oracle_set {
    struct dp_name *slot;
    uint32_t count, cap;
};

/* What the oracle keeps of one process. */
struct oracle_node {
    struct cl_node *n;
    struct oracle_set held; /* names of the entries in its store */
    struct oracle_set fed;  /* and of those that its feed told of */
    uint32_t own_inc;       /* its life, and the last own entry in its store */
    uint64_t own_seq;
    uint64_t sealed_seq;       /* last one in a block of its own */
    bool stopped;              /* it has stopped once, and nobody had the right to end that (I20) */
    bool swapped;              /* its store is not the one that it had */
    uint64_t progress;         /* of its lines at the last hour */
    uint32_t keeps;            /* said since the last hour */
    struct oracle_blob *blobs; /* content as it ever lay in its store (check_leak.c) */
    uint32_t stuck_hours;      /* with a line up and a backlog that does not shrink */
};

#define ORACLE_BUCKETS 65536u
#define ORACLE_SLIPS 256u

struct oracle {
    struct sim *s;
    struct oracle_entry *entry[ORACLE_BUCKETS];
    struct oracle_case *cases[ORACLE_BUCKETS];
    struct oracle_seen *seen[ORACLE_BUCKETS]; /* states of cases by what was held (I6, I17) */
    struct oracle_node *nodes;
    uint32_t node_count;
    uint64_t entry_count, acknowledged;
    struct oracle_set odd; /* names of entries that nobody can use */
    struct oracle_edition *editions;
    struct oracle_withdrawn *withdrawn;
    struct oracle_slip *slips[ORACLE_SLIPS];
    struct oracle_text *texts; /* what was said, field by field (I47) */
    struct dp_arena look;      /* of one check */
    struct dp_arena turn;      /* of one commit */
    struct tape_ears ears;
    bool thorough; /* fold after every commit; else at rest alone */
};

struct oracle *oracle_new(struct sim *s);

/* ---- what it is told ---- */
/* A command was answered: what is acknowledged is durable now (I2). */
void oracle_answered(struct oracle *o, struct cl_node *n, const struct cl_command *x,
                     const struct cl_result *r);
void oracle_frame(struct oracle *o, struct cl_node *from, struct cl_node *to, struct dp_slice frame);
void oracle_started(struct oracle *o, struct cl_node *n);
/* Its store is another one now: what it said before does not bind it (I20 does). */
void oracle_swapped(struct oracle *o, struct cl_node *n);
/* Whether it has stopped by now: from then on it is remembered here, whatever the node remembers. */
void oracle_stopped(struct oracle *o, struct cl_node *n);
/* Root may end its stop: its parent, if its word is worth something, holds nothing of its chain that it
 * lacks. */
bool oracle_may_go_on(struct oracle *o, struct cl_node *n);
/* Root tried: `may` as it was before. */
void oracle_cleared(struct oracle *o, struct cl_node *n, bool may, const struct cl_result *r);
/* Now and then: progress, alarms, bounds. */
void oracle_hour(struct oracle *o);
/* Everything has come to rest and every line that works is up. */
void oracle_rest(struct oracle *o);

/* An entry that nobody can use, before anybody has it. */
void oracle_odd(struct oracle *o, const struct dp_name *n);

/* ---- the books ---- */
struct oracle_entry *oracle_find(struct oracle *o, const struct dp_name *n);
struct oracle_case *oracle_case_of(struct oracle *o, const struct dp_subject *s);
const struct oracle_edition *oracle_edition(struct oracle *o, const struct dp_name *n);
/* `by` has withdrawn the certificate that `n` shows. */
bool oracle_is_withdrawn(const struct oracle *o, const struct cl_node *by, const struct cl_node *n);
struct oracle_node *oracle_node_of(struct oracle *o, const struct cl_node *n);
/* The (first) process of a node id; NULL when there is none. */
struct cl_node *oracle_node_at(struct oracle *o, struct dp_node id);
bool oracle_holds(const struct oracle_node *x, const struct dp_name *n);
/* True when the name was not there. */
bool oracle_hold(struct oracle_node *x, const struct dp_name *n);
bool oracle_feed(struct oracle_node *x, const struct dp_name *n);
/* An entry in the store of `n`, by its bytes: into the books, checked against what they say. */
struct oracle_entry *oracle_meet(struct oracle *o, const struct cl_node *n, const struct dp_name *name,
                                 struct dp_slice bytes);

/* ---- who may have what, by the domain (right.c) ---- */
/* Office of a party to the case: it is or was concerned by a valid entry. */
bool right_party_at(const struct oracle_case *k, struct dp_node n);
bool right_party_below(const struct oracle_case *k, struct dp_node n);
/* Nothing of the case may be there (domain 6, privacy rules 1 and 2). */
bool right_denied(const struct oracle_case *k, struct dp_node n);
/* The same of a case that is locked by hand. */
bool right_denied_locked(const struct oracle_case *k, struct dp_node n);
bool right_to_entry(const struct oracle_case *k, const struct oracle_entry *e, struct dp_node n);
bool right_to_part(const struct oracle_case *k, const struct oracle_entry *e, struct dp_node n);

/* ---- the checks, by what they look at ---- */
/* check_chain.c: a commit wrote blocks, entries, chains; a store as it is found. */
void check_chain_store(struct oracle *o, struct oracle_node *x);
void check_chain_commit(struct oracle *o, struct oracle_node *x, const struct tape *t);
/* Rights to what the last check_chain_commit met, once its verdicts are in the books. */
void check_chain_rights(struct oracle *o, struct oracle_node *x);
/* check_case.c: a commit wrote casefiles. */
void check_case_commit(struct oracle *o, struct oracle_node *x, const struct tape *t);
void check_case_rest(struct oracle *o);
/* check_part.c: parts, keys, grants. */
void check_part_commit(struct oracle *o, struct oracle_node *x, const struct tape *t);
void check_part_kept(struct oracle *o, struct oracle_node *x, const struct oracle_entry *e);
void check_part_rest(struct oracle *o);
bool check_part_is_erased(const struct oracle_entry *e, uint8_t index);
/* check_reader.c: who has keys, and who lacks them. */
/* Neither the node nor one above it lies, lives twice or was cut off. */
bool check_way_is_honest(struct oracle *o, struct dp_node id);
/* An open offer or a standing request lies before an office of the node, as the node itself sees it. */
bool check_is_asked(struct oracle *o, const struct cl_node *n, const struct dp_subject *s);
void check_reader_rest(struct oracle *o);
/* check_passed.c: parcels that went on. */
void check_passed_rest(struct oracle *o);
/* check_leak.c: what was erased. */
void check_leak_commit(struct oracle_node *x, const struct tape *t);
void check_leak_rest(struct oracle *o);
/* check_sealed.c: blocks, proofs and certificates. */
void check_sealed_block(struct oracle *o, struct oracle_node *x, const struct dp_block *b,
                        struct dp_slice wire);
void check_sealed_pruned(struct oracle *o, const struct cl_node *from, const struct dp_block *b);
void check_sealed_commit(struct oracle *o, struct oracle_node *x, const struct tape *t);
/* check_path.c: custody, parties and dates of a case, by the rules alone. */
void check_path(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f,
                const struct dp_state *st);
/* check_rule.c: what is valid, by the table of rights. */
void check_rule(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f);
/* check_due.c: dates, counted again; `list` is of these editions, which are those of the books. */
struct dp_editions check_due_editions(struct oracle *o);
void check_due(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f,
               const struct dp_state *st, const struct dp_due *list, uint32_t count);
void check_due_rest(struct oracle *o, struct oracle_node *x);
/* check_desk.c: what was taken in at a desk. */
void check_desk_entry(struct oracle *o, const struct dp_entry *e);
void check_desk_answer(struct oracle *o, const struct cl_node *n, const struct dp_intake *in, bool sealed);
void check_desk_rest(struct oracle *o);
/* check_field.c: what texts say after they were corrected. A step of the command was acknowledged. */
void check_field_answer(struct oracle *o, const struct cl_command *x, const struct cl_result *r);
void check_field_rest(struct oracle *o);
/* check_frame.c: what leaves is committed and allowed. */
void check_frame(struct oracle *o, struct cl_node *from, struct cl_node *to, struct dp_slice frame);
/* check_alarm.c: every stop has its alarm, every list its end. */
void check_alarm_hour(struct oracle *o, const struct cl_node *n);
void check_alarm_commit(struct oracle *o, const struct oracle_node *x, const struct tape *t);
/* check_session.c: what local sessions are told. */
void check_session_hour(struct oracle *o);
void check_session_rest(struct oracle *o);
/* check_live.c: progress, stops, bounds. */
void check_live_hour(struct oracle *o);
void check_live_rest(struct oracle *o);

#endif
