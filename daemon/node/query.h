/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the queries share: the question being answered, what its caller may see, and a bounded walk over the
 * cases. Private to node/. A query reads in the open transaction of the turn and writes nothing.
 */
#ifndef DP_NODE_QUERY_H
#define DP_NODE_QUERY_H

#include "control/json.h"
#include "node/sight.h"

/* One query under way; the JSON text grows in `buf` and ends in the arena of the turn. */
struct dp_ask {
    struct dp_daemon *d;
    const struct dp_caller *c;
    const struct dp_query *q;
    struct dp_outcome *out;
    struct dp_buf buf;
    struct dp_json j;
    struct dp_date today;
    struct dp_seen seen; /* the case of the query, or of the row */
};

/* The case of the query as its caller sees it: a->seen, in the arena of the turn. False: the outcome is set.
 */
bool dp_ask_case(struct dp_ask *a);

/* The outcome of a query that failed. */
void dp_ask_fail(struct dp_ask *a, enum dp_err err, const char *text);

/*
 * Walk the cases that the caller's office may see, in order of name, from a->q->after on. At most
 * DP_ASK_LOOK_MAX cases are looked at, or until `each` returns false; then "next" says where to go on. `each`
 * gets a case folded into d->look, which is valid until it returns, and writes into the array "rows". "next"
 * is null at the end, else a bookmark, since what was looked at last may be hidden from the caller.
 */
#define DP_ASK_LOOK_MAX DP_SIGHT_LOOK_MAX
struct dp_ask_row {
    const struct dp_casefile *f; /* as the caller sees it */
    const struct dp_state *s;
    enum dp_view view; /* NONE only in a walk over everything, where it is as it stands */
};
typedef bool dp_ask_each(struct dp_ask *a, const struct dp_ask_row *row, void *ctx);
void dp_ask_rows(struct dp_ask *a, bool everything, dp_ask_each *each, void *ctx);
/* Rows wanted: the query's limit, or a page. */
uint32_t dp_ask_limit(const struct dp_ask *a, uint32_t page);

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
dp_ask_fn dp_ask_offices, dp_ask_officers, dp_ask_calendars, dp_ask_profiles;
dp_ask_fn dp_ask_inbox, dp_ask_list, dp_ask_errands, dp_ask_orders, dp_ask_digests, dp_ask_find;
dp_ask_fn dp_ask_show, dp_ask_track, dp_ask_file, dp_ask_log, dp_ask_drafts, dp_ask_finds, dp_ask_held,
    dp_ask_trail;

#define DP_FOUND_KEPT 20000 /* rows of who looked for a person; the oldest go */

#endif
