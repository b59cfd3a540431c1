/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions of local people and programs. One table says who may ask what; who may see which case is decided
 * in sight.c, and what may not be seen is answered as if it did not exist (R-N3-9).
 */
#include "node/query.h"

#include <stdio.h>
#include <string.h>

#define JSON_MAX (16u << 20)

void dp_ask_fail(struct dp_ask *a, enum dp_err err, const char *text)
{
    dp_outcome_set(a->d, a->out, err, "%-s", text);
}

bool dp_ask_case(struct dp_ask *a)
{
    struct dp_slot *slot;
    enum dp_err e = dp_sight_find(a->d, a->c, a->q->case_ref, &slot);

    if (e == DP_OK)
        e = dp_sight_look(a->d, a->c, &slot->f, &a->d->turn, &a->seen);
    if (e == DP_NOT_FOUND)
        dp_ask_fail(a, e, "no such case here; see `daipao case list`");
    else if (e == DP_AMBIGUOUS)
        dp_ask_fail(a, e, "more than one case ends so; give more of the number");
    else if (e != DP_OK)
        dp_ask_fail(a, e, "the case cannot be read");
    return e == DP_OK;
}

/* ---- the walk ---- */

uint32_t dp_ask_limit(const struct dp_ask *a, uint32_t page)
{
    return a->q->limit == 0 || a->q->limit > page ? page : a->q->limit;
}

struct walk {
    bool everything;
    dp_ask_each *each;
    void *ctx;
    struct dp_casefile file;
};

/* False: stop the walk. */
static bool walk_one(struct dp_ask *a, struct walk *w, struct dp_slice packed)
{
    struct dp_seen *x = &a->seen;

    if (dp_casefile_unpack(packed, &w->file) != DP_OK)
        return true; /* damaged: fsck names it, a list does not stop for it */
    dp_arena_reset(&a->d->look);
    if (dp_sight_look(a->d, a->c, &w->file, &a->d->look, x) != DP_OK)
        return true;
    if (x->view == DP_VIEW_NONE) {
        if (!w->everything || dp_fold(&w->file, &a->d->look, &x->s) != DP_OK)
            return true;
        x->f = &w->file;
    }
    return w->each(a, &(struct dp_ask_row){x->f, &x->s, x->view}, w->ctx);
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

void dp_ask_rows(struct dp_ask *a, bool everything, dp_ask_each *each, void *ctx)
{
    struct walk w = {.everything = everything, .each = each, .ctx = ctx};
    struct dp_subject at = {.type = DP_SUBJECT_CASE}, last;
    struct dp_slice packed;
    bool more = false;

    if (!begin_at(a, &at.name))
        return;
    last = at;
    dp_casefile_init(&w.file, &at);
    dp_json_array(&a->j, "rows");
    for (uint32_t n = 0; dp_db_case_next(&a->d->db, &at, &packed) == DP_OK; n++) {
        more = n >= DP_ASK_LOOK_MAX;
        if (more)
            break;
        w.file.subject = at;
        if (!walk_one(a, &w, packed)) {
            more = true;
            break;
        }
        last = at;
    }
    dp_casefile_fini(&w.file);
    dp_json_end(&a->j);
    if (more)
        put_next(a, &last.name);
    else
        dp_json_str(&a->j, "next", NULL);
}

/* ---- the table ---- */

enum who { ANYBODY, OFFICER, EITHER, TECHNICIAN, STAFF };

static const struct {
    const char *what;
    enum who who;
    dp_ask_fn *fn;
} table[] = {
    {"status", ANYBODY, dp_ask_status},
    {"links", ANYBODY, dp_ask_links},
    {"link", ANYBODY, dp_ask_link},
    {"alarms", ANYBODY, dp_ask_alarms},
    {"quarantine", TECHNICIAN, dp_ask_quarantine},
    {"enrolments", ANYBODY, dp_ask_enrolments},
    {"offices", ANYBODY, dp_ask_offices},
    {"officers", ANYBODY, dp_ask_officers},
    {"calendars", ANYBODY, dp_ask_calendars},
    {"profiles", ANYBODY, dp_ask_profiles},
    {"inbox", OFFICER, dp_ask_inbox},
    {"list", OFFICER, dp_ask_list},
    {"errands", OFFICER, dp_ask_errands},
    {"orders", OFFICER, dp_ask_orders},
    {"find", OFFICER, dp_ask_find},
    {"finds", EITHER, dp_ask_finds},
    {"show", OFFICER, dp_ask_show},
    {"track", OFFICER, dp_ask_track},
    {"file", OFFICER, dp_ask_file},
    {"held", OFFICER, dp_ask_held},
    {"drafts", OFFICER, dp_ask_drafts},
    {"trail", STAFF, dp_ask_trail},
    {"log", EITHER, dp_ask_log},
    {"digest", EITHER, dp_ask_digests},
};

static void finish(struct dp_ask *a)
{
    bool failed = false;
    const char *text;

    if (a->out->err != DP_OK)
        return;
    dp_json_end(&a->j);
    text = dp_json_text(&a->j);
    if (text == NULL) {
        dp_ask_fail(a, a->j.err, "the answer does not fit; ask for less with a limit");
        return;
    }
    a->out->json = (const char *)dp_arena_copy(&a->d->turn, dp_buf_slice(&a->buf), &failed).p;
    if (failed)
        dp_ask_fail(a, DP_NOMEM, "the answer does not fit; ask for less with a limit");
}

static bool may_ask(struct dp_ask *a, enum who who)
{
    if (who == TECHNICIAN && !dp_sight_of_node(a->c)) {
        dp_ask_fail(a, DP_NOT_ENTITLED, "only root and the technician of this node may ask this");
        return false;
    }
    if (who == ANYBODY || who == TECHNICIAN || a->c->has_office || (who == EITHER && a->c->is_root) ||
        (who == STAFF && dp_sight_of_node(a->c)))
        return true;
    dp_outcome_set(a->d, a->out, DP_NOT_ENTITLED,
                   "user %u asks for no office: say which with --as OFFICE, or see `daipao officer add`",
                   a->c->uid);
    return false;
}

void dp_do_query(struct dp_daemon *d, const struct dp_caller *c, const struct dp_query *q,
                 struct dp_outcome *out)
{
    struct dp_ask a = {.d = d, .c = c, .q = q, .out = out, .today = dp_date_of_ms(d->now_wall)};

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].what, q->what) != 0)
            continue;
        if (!may_ask(&a, table[i].who))
            return;
        out->err = DP_OK;
        dp_casefile_init(&a.seen.copy, &(struct dp_subject){.type = DP_SUBJECT_CASE});
        dp_buf_init(&a.buf, JSON_MAX);
        dp_json_init(&a.j, &a.buf);
        dp_json_object(&a.j, NULL);
        table[i].fn(&a);
        finish(&a);
        dp_buf_fini(&a.buf);
        dp_casefile_fini(&a.seen.copy);
        return;
    }
    dp_outcome_set(d, out, DP_USAGE, "no such query: %s", q->what);
}
