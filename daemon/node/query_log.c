/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed: entries in the order in which this node took them in, a page at a time; no person stands in it. A
 * page ends anywhere within a turn, by what it shows (R-CTL-5).
 */
#include "node/query.h"

struct feed {
    uint64_t row;         /* of the store */
    uint32_t place;       /* next item of it */
    uint64_t shown;       /* cursor of the last entry shown */
    struct dp_subject of; /* of which `visible` and `whole` tell; type 0: none */
    bool visible, whole;  /* whole: nothing of it is left out for the caller */
};

/* Whether the caller may see the subject; nodes and data are for everybody, a case for its offices. */
static void look_at(struct dp_ask *a, struct feed *x, const struct dp_casefile *f)
{
    enum dp_err e = DP_OK;

    x->of = f->subject;
    x->visible = x->whole = true;
    if (f->subject.type == DP_SUBJECT_CASE) {
        a->looks -= f->count;
        dp_arena_reset(&a->d->look);
        e = dp_sight_look(a->d, a->c, f, &a->d->look, &a->seen);
        x->visible = e == DP_OK && a->seen.view != DP_VIEW_NONE;
        x->whole = a->seen.f == f;
    }
    if (e == DP_NOMEM)
        dp_ask_starved(a);
}

static void put_row(struct dp_ask *a, const struct dp_casefile *f, uint32_t i, uint64_t cursor)
{
    dp_json_object(&a->j, NULL);
    dp_json_u64(&a->j, "cursor", cursor);
    dp_json_str(&a->j, "number", f->has_reg ? f->reg.number.text : NULL);
    if (f->subject.type == DP_SUBJECT_NODE)
        dp_json_node(&a->j, "node", f->subject.name.origin);
    else
        dp_json_name(&a->j, "name", &f->subject.name);
    dp_ask_fact(a, "entry", f, i);
    dp_json_end(&a->j);
}

/* False: the page is full. */
static bool feed_entry(struct dp_ask *a, struct feed *x, const struct dp_feed_item *it)
{
    enum dp_err e;
    struct dp_slot *slot = dp_cache_find(a->d, &it->subject, &e);
    const struct dp_casefile *f;
    bool room = true;
    uint32_t i;

    a->looks--;
    if (slot == NULL && e == DP_NOMEM)
        dp_ask_starved(a);
    if (slot == NULL)
        return true;
    if (!dp_subject_eq(&x->of, &it->subject))
        look_at(a, x, &slot->f);
    f = x->whole ? &slot->f : &a->seen.copy;
    i = x->visible ? dp_casefile_find(f, &it->name) : DP_FACT_NONE;
    if (i != DP_FACT_NONE) {
        room = dp_ask_take(a);
        if (room) {
            x->shown = dp_feed_cursor(x->row, x->place);
            put_row(a, f, i, x->shown);
        }
    }
    dp_cache_pass(a->d, slot);
    return room;
}

static void feed_end(struct dp_ask *a, const struct feed *x, bool full)
{
    a->more = NULL;
    dp_json_end(&a->j);
    dp_json_u64(&a->j, "cursor", x->shown);
    dp_json_bool(&a->j, "more", full);
}

/* The items of one row; false when the page is full. */
static bool feed_row(struct dp_ask *a, struct feed *x, struct dp_slice row)
{
    struct dp_feed_item it;

    for (; a->looks > 0 && a->out.err == DP_OK && dp_feed_item(row, x->place, &it); x->place++) {
        if (!feed_entry(a, x, &it))
            return false;
    }
    return true;
}

static void feed_on(struct dp_ask *a)
{
    struct feed *x = a->walk;

    x->of.type = 0; /* another transaction: it may be seen now */
    while (a->looks > 0) {
        struct dp_slice row;
        struct dp_feed_item it;
        enum dp_err e = dp_db_get64(&a->d->db, DP_T_FEED, x->row, &row);
        if (e == DP_OK && !feed_row(a, x, row)) {
            feed_end(a, x, true);
            return;
        }
        if (a->out.err != DP_OK || (e == DP_OK && dp_feed_item(row, x->place, &it)))
            return; /* the slice is over */
        x->place = 0;
        a->looks--;
        e = e == DP_OK || e == DP_NOT_FOUND ? dp_db_next64(&a->d->db, DP_T_FEED, false, &x->row, &row) : e;
        if (e == DP_NOT_FOUND)
            feed_end(a, x, false);
        else if (e != DP_OK)
            dp_ask_unreadable(a, e);
        if (e != DP_OK)
            return;
    }
}

void dp_ask_log(struct dp_ask *a)
{
    struct feed *x = dp_ask_ctx(a, sizeof(*x));
    uint64_t next = a->q->since + (a->q->since != 0 && a->q->since != UINT64_MAX);

    if (x == NULL)
        return;
    x->shown = a->q->since;
    x->row = next / DP_FEED_ROW_MAX;
    x->place = (uint32_t)(next % DP_FEED_ROW_MAX);
    dp_json_array(&a->j, "rows");
    a->walk = x;
    a->more = feed_on;
    feed_on(a);
}
