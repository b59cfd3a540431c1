/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the queries share: the question being answered, what its caller may see, and a bounded walk over the
 * cases. Private to node/. A question is answered apart from the turn, in a read transaction and with memory
 * of its own, a slice at a time (calls.c); it writes nothing. What must be kept of it is kept in a turn after
 * it, and only then is it answered.
 */
#ifndef DP_NODE_QUERY_H
#define DP_NODE_QUERY_H

#include "control/json.h"
#include "node/sight.h"

#define DP_PAGE_ROWS 1000
#define DP_PAGE_BYTES (512u << 10) /* of JSON; a page ends with the row that passes it */
#define DP_ASK_MEMORY (64u << 20)  /* of one slice: one case with its parts is the most that it holds */

/* One question under way; the JSON text grows in `buf`, and goes on growing in the next slice. */
struct dp_ask {
    struct dp_daemon *d;
    const struct dp_caller *c;
    const struct dp_query *q;
    struct dp_arena *mem; /* lives as long as the question */
    struct dp_outcome out;
    struct dp_buf buf;
    struct dp_json j;
    struct dp_date today;
    struct dp_seen seen;            /* the case of the query, or of the row */
    uint32_t rows_left;             /* of the page */
    int64_t looks;                  /* that the slice may still take; each entry of a record is one */
    void *walk;                     /* where it is, for `more` */
    void (*more)(struct dp_ask *a); /* how it goes on in the next slice; NULL: it is done */
    struct dp_slice keep;           /* row of DP_T_FOUND to be kept before it is answered; none: empty */
};

/* Begin: one slice of at most `looks` looks. */
void dp_ask_begin(struct dp_ask *a, int64_t looks);
/* One more slice, while `more` is set. */
void dp_ask_go_on(struct dp_ask *a, int64_t looks);
void dp_ask_fini(struct dp_ask *a);
/* query_find.c: keep what must be kept of an answer, in the turn's write transaction; the outcome is a
 * refusal when the officer has looked too often. */
void dp_ask_keep(struct dp_ask *a);

/* The case of the query as its caller sees it: a->seen, in the arena of the turn. False: the outcome is set.
 */
bool dp_ask_case(struct dp_ask *a);

/* The outcome of a query that failed. */
void dp_ask_fail(struct dp_ask *a, enum dp_err err, const char *text);
/* What the store said when it was read for a question; damage is logged: nobody else may have met it. */
void dp_ask_unreadable(struct dp_ask *a, enum dp_err e);

/* Room for one more row on the page, which is taken. False: the page is full. */
bool dp_ask_take(struct dp_ask *a);
/* The same for a row that is written already, from `len` bytes on. */
bool dp_ask_take_at(struct dp_ask *a, size_t len);
/* There was no memory: an answer without what was not seen would be a wrong one. */
void dp_ask_starved(struct dp_ask *a);
/* Memory of the question, zeroed; on failure its outcome is set and it is NULL. */
void *dp_ask_ctx(struct dp_ask *a, size_t bytes);

/*
 * Walk the cases that the caller's office may see, in order of name, from a->q->after on, until `each`
 * returns false since the page is full. `each` gets a case folded into d->look, which is valid until it
 * returns, and writes into the array "rows". The walk goes on over slices by itself; then "next" is a
 * bookmark of the last row, or null at the end, and `end` (or NULL) may add to the answer. How many cases
 * were looked at shows nowhere. The last thing that a question does; `ctx` is of dp_ask_ctx.
 */
struct dp_ask_row {
    const struct dp_casefile *f; /* as the caller sees it */
    const struct dp_state *s;
    enum dp_view view; /* NONE only in a walk over everything, where it is as it stands */
};
typedef bool dp_ask_each(struct dp_ask *a, const struct dp_ask_row *row, void *ctx);
typedef void dp_ask_end(struct dp_ask *a, void *ctx);
void dp_ask_rows(struct dp_ask *a, bool everything, dp_ask_each *each, dp_ask_end *end, void *ctx);
/*
 * Walk the rows of a table in the order of their keys. "next" is the last key that was shown, in hex. `each`
 * returns false when the page is full.
 */
typedef bool dp_ask_table_each(struct dp_ask *a, struct dp_slice key, struct dp_slice v, void *ctx);
void dp_ask_table(struct dp_ask *a, enum dp_table t, const char *array, dp_ask_table_each *each,
                  dp_ask_end *end, void *ctx);

/* ---- JSON of the field (query_json.c) ---- */
void dp_ask_time(struct dp_json *j, const char *key, int64_t ms); /* 0: null */
void dp_ask_word(struct dp_json *j, const char *key, const char *word);
void dp_ask_kind(struct dp_json *j, const char *key, uint32_t kind);
void dp_ask_digest(struct dp_json *j, const char *key, const struct dp_digest *d);
/* number, name, status, holder, and the coded fields of the register entry. */
void dp_ask_case_head(struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s);
/* An object of one entry: kind, name, who, when, what its body says in codes. */
void dp_ask_fact(struct dp_ask *a, const char *key, const struct dp_casefile *f, uint32_t i);
/* All clocks, or those that run; and the earliest that runs as an object. */
void dp_ask_dues(struct dp_ask *a, const char *key, const struct dp_casefile *f, const struct dp_due *list,
                 uint32_t count, bool running_only);
void dp_ask_due(struct dp_ask *a, const char *key, const struct dp_casefile *f, const struct dp_due *due);
const struct dp_due *dp_ask_earliest(const struct dp_due *list, uint32_t count);
/* Clocks of the case; none when there is no memory for them. */
void dp_ask_due_list(struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s,
                     struct dp_arena *arena, struct dp_due **list, uint32_t *count);

/* ---- the queries ---- */
typedef void dp_ask_fn(struct dp_ask *a);
dp_ask_fn dp_ask_status, dp_ask_links, dp_ask_link, dp_ask_alarms, dp_ask_quarantine, dp_ask_enrolments;
dp_ask_fn dp_ask_posts;
/* For a receipt of the caller's office in place of a case; false: it is none, and nothing was written. */
bool dp_ask_receipt(struct dp_ask *a);
dp_ask_fn dp_ask_offices, dp_ask_officers, dp_ask_calendars, dp_ask_profiles;
dp_ask_fn dp_ask_inbox, dp_ask_list, dp_ask_errands, dp_ask_orders, dp_ask_digests, dp_ask_find;
dp_ask_fn dp_ask_show, dp_ask_track, dp_ask_file, dp_ask_log, dp_ask_drafts, dp_ask_finds, dp_ask_held,
    dp_ask_trail;

#endif
