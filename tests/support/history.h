/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builder of case histories for tests: offices by text, entries in one line, everything in one
 * file as if every node knew all. Nodes get their certificate, incarnation and seq numbers when they first
 * act. Misuse (a bad office text, no memory) aborts the test program.
 */
#ifndef DP_TESTS_HISTORY_H
#define DP_TESTS_HISTORY_H

#include "case/casefile.h"
#include "case/due.h"
#include "case/fold.h"
#include "case/plan.h"

#define DP_HIST_NODES 64

struct dp_hist_node {
    struct dp_origin from;
    uint32_t inc;
    uint64_t seq; /* last used */
};

struct dp_hist {
    struct dp_hist_node nodes[DP_HIST_NODES];
    uint32_t node_count;
    struct dp_casefile file;
    struct dp_entry *entries; /* all issued, in order of issue; e.reg points into regs */
    struct dp_origin *origins;
    uint32_t entry_count, entry_cap;
    struct dp_reg *reg; /* of the register entry */
    struct dp_arena arena;
    struct dp_state state;       /* after dp_hist_fold; lives until the next fold */
    int64_t now_ms;              /* of the next entry; a minute is added after each */
    enum dp_void_reason refused; /* of the last dp_hist_plan that was refused */
    uint64_t could;              /* kinds that it named instead */
};

void dp_hist_init(struct dp_hist *h);
void dp_hist_fini(struct dp_hist *h);

struct dp_office dp_hist_office(const char *text);
struct dp_date dp_hist_date(const char *text);
/* Noon of a local day. */
int64_t dp_hist_noon(const char *date);
/* Node of an office with its certificate: all roles, tier by its code, parent above. */
struct dp_hist_node *dp_hist_node(struct dp_hist *h, struct dp_node n);

/* An entry of `office` with the next name of its node, the next step, prev = own last, and nothing else. */
struct dp_entry dp_hist_entry(struct dp_hist *h, const char *office, enum dp_kind kind);
/* Insert an entry into the file and the list; its index in fold order now. */
uint32_t dp_hist_insert(struct dp_hist *h, const struct dp_entry *e);

/* Open the case; the file's subject becomes its name. */
struct dp_name dp_hist_register(struct dp_hist *h, const char *office, uint32_t flags);

/*
 * Issue what a daemon would: references by dp_plan, `re` none = the obvious one. On refusal the
 * reason is in h->refused and the result tells why.
 */
enum dp_err dp_hist_plan(struct dp_hist *h, const char *office, enum dp_kind kind, const struct dp_body *body,
                         const struct dp_name *re, struct dp_name *out);
/* The same, when it must succeed. */
struct dp_name dp_hist_do(struct dp_hist *h, const char *office, enum dp_kind kind,
                          const struct dp_body *body);
/* Issue without asking anybody: custody and re as given (NULL = none). Returns the name. */
struct dp_name dp_hist_force(struct dp_hist *h, const char *office, enum dp_kind kind,
                             const struct dp_body *body, const struct dp_name *custody,
                             const struct dp_name *re);

/* Index of a name; aborts when it is not in the file. */
uint32_t dp_hist_index(const struct dp_hist *h, const struct dp_name *n);
const struct dp_fact *dp_hist_fact(const struct dp_hist *h, const struct dp_name *n);
/* DP_VOID_NONE for a valid entry; DP_VOID_COUNT while it is pending. */
enum dp_void_reason dp_hist_reason(const struct dp_hist *h, const struct dp_name *n);
/* Fold the file into h->state. */
const struct dp_state *dp_hist_fold(struct dp_hist *h);

/* Bodies in one line. */
struct dp_body dp_hist_offer(const char *to);
struct dp_body dp_hist_request(const char *to, enum dp_duty duty);
struct dp_body dp_hist_assign(const char *to, const char *report_by);
struct dp_body dp_hist_order(const char *to, uint32_t level, const char *answer_by);
struct dp_body dp_hist_code(uint32_t code);

#endif
