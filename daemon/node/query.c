/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions of local people and programs. One table says who may ask what; who may see which case is decided
 * in one function, and what may not be seen is answered as if it did not exist (N3).
 */
#include "node/query.h"

#include <stdio.h>
#include <string.h>

#define JSON_MAX (16u << 20)

/* ---- who sees what ---- */

static bool office_above(const struct dp_office *o, struct dp_node registrar)
{
    return dp_office_role(o) == DP_ROLE_BUREAU && dp_node_covers(o->node, registrar);
}

enum dp_view dp_ask_view(const struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s)
{
    const struct dp_office *o = &a->c->office;

    if (!a->c->has_office)
        return DP_VIEW_NONE;
    if (f->has_reg && dp_n3_denies_office(&f->reg, dp_locked(a->d, &f->subject), f->subject.name.origin, o))
        return DP_VIEW_NONE;
    if (dp_state_is_party(s, o))
        return DP_VIEW_PARTY;
    return office_above(o, f->subject.name.origin) ? DP_VIEW_CODED : DP_VIEW_NONE;
}

void dp_ask_fail(struct dp_ask *a, enum dp_err err, const char *text)
{
    dp_outcome_set(a->d, a->out, err, "%-s", text);
}

static enum dp_err find_case(struct dp_ask *a, struct dp_casefile **f, struct dp_state *s, enum dp_view *view)
{
    struct dp_subject subject;
    struct dp_slot *slot;
    enum dp_err e = dp_case_lookup(a->d, a->q->case_ref, &subject);

    if (e != DP_OK)
        return e;
    slot = dp_cache_find(a->d, &subject, &e);
    if (slot == NULL)
        return e;
    e = dp_fold(&slot->f, &a->d->turn, s);
    if (e != DP_OK)
        return e;
    *f = &slot->f;
    *view = dp_ask_view(a, &slot->f, s);
    return *view == DP_VIEW_NONE ? DP_NOT_FOUND : DP_OK;
}

bool dp_ask_case(struct dp_ask *a, struct dp_casefile **f, struct dp_state *s, enum dp_view *view)
{
    enum dp_err e = find_case(a, f, s, view);

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
    struct dp_state s;
    struct dp_ask_row row = {&w->file, &s, DP_VIEW_NONE};

    if (dp_casefile_unpack(packed, &w->file) != DP_OK)
        return true; /* damaged: fsck names it, a list does not stop for it */
    dp_arena_reset(&a->d->look);
    if (dp_fold(&w->file, &a->d->look, &s) != DP_OK)
        return true;
    row.view = dp_ask_view(a, &w->file, &s);
    if (row.view == DP_VIEW_NONE && !w->everything)
        return true;
    return w->each(a, &row, w->ctx);
}

void dp_ask_rows(struct dp_ask *a, bool everything, dp_ask_each *each, void *ctx)
{
    struct walk w = {.everything = everything, .each = each, .ctx = ctx};
    struct dp_subject at = {.type = DP_SUBJECT_CASE}, last;
    struct dp_slice packed;
    bool more = false;

    if (a->q->after[0] != '\0' && dp_name_parse(dp_slice_str(a->q->after), &at.name) != DP_OK) {
        dp_ask_fail(a, DP_USAGE, "\"after\" is not the name of a case");
        return;
    }
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
        dp_json_name(&a->j, "next", &last.name);
    else
        dp_json_str(&a->j, "next", NULL);
}

/* ---- the table ---- */

enum who { ANYBODY, OFFICER, EITHER };

static const struct {
    const char *what;
    enum who who;
    dp_ask_fn *fn;
} table[] = {
    {"status", ANYBODY, dp_ask_status},
    {"links", ANYBODY, dp_ask_links},
    {"link", ANYBODY, dp_ask_link},
    {"alarms", ANYBODY, dp_ask_alarms},
    {"quarantine", ANYBODY, dp_ask_quarantine},
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
    {"drafts", OFFICER, dp_ask_drafts},
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
    if (who == ANYBODY || a->c->has_office || (who == EITHER && a->c->is_root))
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
        dp_buf_init(&a.buf, JSON_MAX);
        dp_json_init(&a.j, &a.buf);
        dp_json_object(&a.j, NULL);
        table[i].fn(&a);
        finish(&a);
        dp_buf_fini(&a.buf);
        return;
    }
    dp_outcome_set(d, out, DP_USAGE, "no such query: %s", q->what);
}
