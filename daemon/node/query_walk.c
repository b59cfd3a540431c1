/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks of questions, a slice at a time (R-CTL-5). A page ends by what it shows, never by what was looked at
 * for it: where it ends tells nothing of what its reader may not see (N3).
 */
#include <stdio.h>
#include <string.h>

#include "node/query.h"

#define KEY_MAX 32 /* in hex it fits "after" */

bool dp_ask_take_at(struct dp_ask *a, size_t len)
{
    if (a->rows_left == 0 || len >= DP_PAGE_BYTES)
        return false;
    a->rows_left--;
    return true;
}

bool dp_ask_take(struct dp_ask *a)
{
    return dp_ask_take_at(a, a->buf.len);
}

void dp_ask_starved(struct dp_ask *a)
{
    dp_ask_fail(a, DP_NOMEM, "there was no memory for the answer; ask again");
}

void *dp_ask_ctx(struct dp_ask *a, size_t bytes)
{
    void *p = dp_arena_alloc(a->mem, bytes);

    if (p == NULL)
        dp_ask_starved(a);
    return p;
}

/* ---- cases ---- */

struct walk {
    bool everything;
    dp_ask_each *each;
    dp_ask_end *end;
    void *ctx;
    struct dp_subject at; /* the last one looked at */
    struct dp_name last;  /* after which the next page begins */
};

/* False: the page is full. */
static bool walk_one(struct dp_ask *a, struct walk *w, struct dp_casefile *f)
{
    struct dp_seen *x = &a->seen;
    enum dp_err e;

    dp_arena_reset(&a->d->look);
    e = dp_sight_look(a->d, a->c, f, &a->d->look, x);
    if (e == DP_OK && x->view == DP_VIEW_NONE) {
        if (!w->everything)
            return true;
        x->f = f;
        e = dp_fold(f, &a->d->look, &x->s);
    }
    if (e == DP_NOMEM)
        dp_ask_starved(a);
    if (e != DP_OK)
        return true;
    dp_arena_reset(&a->d->turn); /* what one case needs, the next does not */
    return w->each(a, &(struct dp_ask_row){x->f, &x->s, x->view}, w->ctx);
}

/* The place sealed: what lies there may be a case that the caller sees no more (R-N3-9). */
static void put_next(struct dp_ask *a, const struct dp_name *last)
{
    uint8_t place[DP_BOOKMARK_BYTES];
    char text[DP_BOOKMARK_TEXT];
    enum dp_err e;

    dp_name_put(last, place);
    e = dp_bookmark_make(a->d, a->c, a->q->what, place, text);
    if (e != DP_OK)
        dp_ask_fail(a, e, "the list cannot be read");
    else
        dp_json_str(&a->j, "next", text);
}

static bool begin_at(struct dp_ask *a, struct dp_name *at)
{
    uint8_t place[DP_BOOKMARK_BYTES];

    if (a->q->after[0] == '\0')
        return true;
    if (dp_bookmark_open(a->d, a->c, a->q->what, a->q->after, place) != DP_OK) {
        dp_ask_fail(a, DP_USAGE, "\"after\" is not the \"next\" of an answer to this question");
        return false;
    }
    *at = dp_name_get(place);
    return true;
}

static void walk_end(struct dp_ask *a, struct walk *w, bool full)
{
    a->more = NULL;
    dp_json_end(&a->j);
    if (full)
        put_next(a, &w->last);
    else
        dp_json_str(&a->j, "next", NULL);
    if (w->end != NULL)
        w->end(a, w->ctx);
}

static void walk_on(struct dp_ask *a)
{
    struct walk *w = a->walk;
    struct dp_casefile f;
    struct dp_slice packed;
    enum dp_err e = DP_OK;
    bool full = false;

    dp_casefile_init(&f, &w->at);
    while (a->looks > 0 && !full && a->out.err == DP_OK &&
           (e = dp_db_case_next(&a->d->db, &w->at, &packed)) == DP_OK) {
        size_t before = a->buf.len;
        f.subject = w->at;
        a->looks--;
        enum dp_err unpacked = dp_casefile_unpack(packed, &f);
        if (unpacked == DP_NOMEM)
            dp_ask_starved(a);
        if (unpacked != DP_OK)
            continue; /* damaged: fsck names it, a list does not stop for it */
        a->looks -= f.count;
        full = !walk_one(a, w, &f);
        if (!full && (w->everything || a->buf.len != before))
            w->last = w->at.name;
    }
    dp_casefile_fini(&f);
    if (a->out.err != DP_OK)
        return;
    if (full || e == DP_NOT_FOUND)
        walk_end(a, w, full);
    else if (e != DP_OK)
        dp_ask_unreadable(a, e);
}

void dp_ask_rows(struct dp_ask *a, bool everything, dp_ask_each *each, dp_ask_end *end, void *ctx)
{
    struct walk *w = dp_ask_ctx(a, sizeof *w);

    if (w == NULL)
        return;
    *w = (struct walk){everything, each, end, ctx, {.type = DP_SUBJECT_CASE}, {{0}, 0, 0}};
    if (!begin_at(a, &w->at.name))
        return;
    w->last = w->at.name;
    dp_json_array(&a->j, "rows");
    a->walk = w;
    a->more = walk_on;
    walk_on(a);
}

/* ---- tables ---- */

struct table_walk {
    enum dp_table t;
    dp_ask_table_each *each;
    dp_ask_end *end;
    void *ctx;
    bool numbered; /* its keys are 8 bytes */
    uint8_t at[KEY_MAX], last[KEY_MAX];
    size_t at_len, last_len;
};

static void table_end(struct dp_ask *a, struct table_walk *w, bool full)
{
    char hex[2 * KEY_MAX + 1];

    a->more = NULL;
    dp_json_end(&a->j);
    dp_hex(w->last, w->last_len, hex);
    dp_json_str(&a->j, "next", full ? hex : NULL);
    if (w->numbered) {
        struct dp_rd r = dp_rd_of(dp_slice_of(w->last, w->last_len));
        dp_json_u64(&a->j, "cursor", w->last_len == 0 ? 0 : dp_rd_u64(&r));
        dp_json_bool(&a->j, "more", full);
    }
    if (w->end != NULL)
        w->end(a, w->ctx);
}

static void table_on(struct dp_ask *a)
{
    struct table_walk *w = a->walk;
    enum dp_err e = DP_OK;
    bool full = false;

    while (a->looks-- > 0 && !full) {
        struct dp_slice key = dp_slice_of(w->at, w->at_len), v;
        size_t before = a->buf.len;
        e = dp_db_next_key(&a->d->db, w->t, dp_slice_of("", 0), &key, &v);
        if (e != DP_OK)
            break;
        if (key.len > KEY_MAX) {
            e = DP_CORRUPT;
            break;
        }
        memmove(w->at, key.p, key.len);
        w->at_len = key.len;
        full = !w->each(a, dp_slice_of(w->at, w->at_len), v, w->ctx);
        if (!full && a->buf.len != before) {
            memcpy(w->last, w->at, w->at_len);
            w->last_len = w->at_len;
        }
    }
    if (full || e == DP_NOT_FOUND)
        table_end(a, w, full);
    else if (e != DP_OK)
        dp_ask_unreadable(a, e);
}

void dp_ask_table(struct dp_ask *a, enum dp_table t, const char *array, dp_ask_table_each *each,
                  dp_ask_end *end, void *ctx)
{
    struct table_walk *w = dp_ask_ctx(a, sizeof *w);
    size_t len = strlen(a->q->after);

    if (w == NULL)
        return;
    *w = (struct table_walk){.t = t, .each = each, .end = end, .ctx = ctx};
    w->numbered = t == DP_T_QUARANTINE || t == DP_T_FOUND;
    if (len > 2 * KEY_MAX || len % 2 != 0 || dp_unhex(a->q->after, len, w->at, len / 2) != DP_OK) {
        dp_ask_fail(a, DP_USAGE, "\"after\" is not the \"next\" of an answer to this question");
        return;
    }
    w->at_len = len / 2;
    if (len == 0 && w->numbered && a->q->since != 0) {
        struct dp_wr wr = dp_wr_of(w->at, sizeof w->at);
        dp_wr_u64(&wr, a->q->since);
        w->at_len = wr.len;
    }
    w->last_len = w->at_len;
    memcpy(w->last, w->at, w->at_len);
    dp_json_array(&a->j, array);
    a->walk = w;
    a->more = table_on;
    table_on(a);
}
