/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of a case: a pure fold over the path in force (RULES.md section 4). Same entries,
 * any arrival, same rules version: byte-equal digest.
 */
#ifndef DP_CASE_FOLD_H
#define DP_CASE_FOLD_H

#include "base/arena.h"
#include "case/casefile.h"

/* clang-format off */
#define DP_STATUS_LIST(X)                         \
    X(UNKNOWN,        "unknown")       /* no register entry held yet */ \
    X(REGISTERED,     "registered")    /* held by the registrar */      \
    X(HELD,           "held")          /* held after take */            \
    X(OFFERED,        "offered")       /* pending accept */             \
    X(OBJECTED,       "objected")                 \
    X(ACCEPTED,       "accepted")                 \
    X(OPINION_ISSUED, "opinion_issued")           \
    X(OPINION_SERVED, "opinion_served")           \
    X(GUIDED_OUT,     "guided_out")               \
    X(DUP_LINKED,     "dup_linked")               \
    X(CLOSED,         "closed")                   \
    X(BEYOND,         "beyond")        /* a critical kind of a newer version */
/* clang-format on */

enum dp_status {
#define DP_STATUS_ENUM(name, word) DP_STATUS_##name,
    DP_STATUS_LIST(DP_STATUS_ENUM)
#undef DP_STATUS_ENUM
        DP_STATUS_COUNT
};
const char *dp_status_word(enum dp_status s);

/* A custody on the path in force, in order from the register. */
struct dp_custody {
    uint32_t opened; /* fact index */
    struct dp_office holder;
    uint32_t offer; /* the offer it accepted, or DP_FACT_NONE */
};

/* An order (supervise, remind) and where it stands. */
struct dp_order {
    uint32_t issued;                                     /* fact index */
    uint32_t arrived, signed_, answered, answer_arrived; /* fact index or DP_FACT_NONE */
    uint32_t lifted;                                     /* by its issuer; an answer may have crossed it */
};

/* An offer in force or past on the path, with its receipts. */
struct dp_offer_state {
    uint32_t offered;
    uint32_t arrived, signed_, accepted, objected, objection_answer, withdrawn; /* index or DP_FACT_NONE */
    uint32_t objection_arrived; /* arrive of the objection at the offerer */
};

struct dp_state {
    enum dp_status status;
    bool is_errand, is_protected; /* R-N3-1 */
    uint32_t registered;          /* fact index of the register entry, or DP_FACT_NONE */
    struct dp_custody *path;      /* arena */
    uint32_t path_count;
    struct dp_offer_state *offers; /* custody offers and requests on the path, fold order; arena */
    uint32_t offer_count;
    uint32_t open_offer; /* index into offers, or DP_FACT_NONE */
    struct dp_order *orders;
    uint32_t order_count;
    uint32_t accepted; /* opening accept of the current custody, or DP_FACT_NONE */
    uint32_t extended, opinion, served, guided, duplicate, closed; /* in force, or DP_FACT_NONE */
    uint32_t evaluated, reported;
    bool loop_notice;          /* R-FLD-4 */
    struct dp_office *parties; /* sorted, unique; arena (R-DOWN-2) */
    uint32_t party_count;
    uint32_t *superseded, *voided, *pending; /* fact indices in fold order; arena */
    uint32_t superseded_count, voided_count, pending_count;
    /* clamped times (R-WIT-1): receipt date of the registrar and of the current holder */
    struct dp_date registered_on, accepted_on, offer_received_on, served_on;
};

/* Fold `f` into `*out`; memory from `a`. DP_NOMEM only. */
DP_MUST enum dp_err dp_fold(const struct dp_casefile *f, struct dp_arena *a, struct dp_state *out);

/* The office responsible now: holder of the last custody; none when nothing is registered. */
struct dp_office dp_state_custodian(const struct dp_state *s);
bool dp_state_is_party(const struct dp_state *s, const struct dp_office *o);
/* True when some party is hosted in the subtree of `n` (dp_node_covers). */
bool dp_state_party_below(const struct dp_state *s, struct dp_node n);

/*
 * The return loop (R-FLD-4, loop.c): the entry by which the case last went to and fro while nobody has taken
 * it since, or DP_FACT_NONE; and the nearest node whose bureau stands above all offices of the loop, {0} when
 * there is none by the codes.
 */
uint32_t dp_loop_open(const struct dp_casefile *f, const struct dp_state *s);
struct dp_node dp_loop_superior(const struct dp_casefile *f);

/* Canonical bytes of the state (names instead of indices), to be hashed for the digest (R-FLD-1). Appends. */
DP_MUST enum dp_err dp_state_canonical(const struct dp_casefile *f, const struct dp_state *s,
                                       struct dp_buf *out);

/* Time of fact i clamped by the witnesses held (R-WIT-1). */
int64_t dp_fact_at_ms(const struct dp_casefile *f, uint32_t i);
struct dp_date dp_fact_receipt(const struct dp_casefile *f, uint32_t i);
/*
 * R-WIT-2, of an entry that answers fact `re` (DP_FACT_NONE: nothing): the day it claims (of its receipt; of
 * papers served the day on which the petitioner had them), and the first that it may claim.
 */
struct dp_date dp_claim(const struct dp_entry *e);
struct dp_date dp_claim_first(const struct dp_casefile *f, const struct dp_entry *e, uint32_t re);
/* Whether it lies between that and `last`, or is the entry's own day. */
bool dp_claim_fits(const struct dp_casefile *f, const struct dp_entry *e, uint32_t re, struct dp_date last);

#endif
