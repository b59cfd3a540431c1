/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one question by name (N4): an office looks for a matter that it registered or holds itself, by the
 * exact name with the tail of a phone or id number, one person at a time. Each time is kept in the store
 * before it is answered, whatever the log is set to, with the officer and the numbers of the cases, never
 * with the name (R-N4-2). And the feed, in which no person stands at all.
 */
#include <stdio.h>
#include <string.h>

#include "node/query.h"

#define TAIL_MIN 4
#define FOUND_MAX 20

/* ---- find ---- */

struct find {
    uint32_t count;
    char numbers[FOUND_MAX * (DP_NUMBER_TEXT + 1)];
};

static bool ends_with(const char *s, const char *tail)
{
    size_t len = s != NULL ? strlen(s) : 0, tail_len = strlen(tail);

    return s != NULL && len >= tail_len && strcmp(s + len - tail_len, tail) == 0;
}

static bool petitioner_is(const struct dp_ask *a, const struct dp_part_text *t)
{
    for (unsigned i = 0; i < t->petitioner_count; i++) {
        const struct dp_petitioner *p = &t->petitioners[i];
        if (p->name != NULL && strcmp(p->name, a->q->name) == 0 &&
            (ends_with(p->phone, a->q->tail) || ends_with(p->id_no, a->q->tail)))
            return true;
    }
    return false;
}

static bool case_is_of(struct dp_ask *a, const struct dp_casefile *f)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_entry *e = &f->facts[i].e;
        if (e->kind != DP_KIND_REGISTER && e->kind != DP_KIND_CORRECT)
            continue;
        for (uint8_t k = 0; k < e->part_count; k++) {
            struct dp_part_text t;
            if (dp_parcels_read(a->d, e, k, &t) == DP_OK && t.kind == DP_PART_PETITIONERS &&
                petitioner_is(a, &t))
                return true;
        }
    }
    return false;
}

/* Only cases that this office registered or holds. */
static bool is_own(const struct dp_ask *a, const struct dp_ask_row *row)
{
    struct dp_office holder = dp_state_custodian(row->s);

    if (row->view != DP_VIEW_PARTY || row->s->registered == DP_FACT_NONE)
        return false;
    return dp_office_eq(&holder, &a->c->office) ||
           dp_office_eq(&row->f->facts[row->s->registered].e.office, &a->c->office);
}

static bool find_row(struct dp_ask *a, const struct dp_ask_row *row, void *ctx)
{
    struct find *x = ctx;
    size_t at = strlen(x->numbers);

    if (!is_own(a, row) || !case_is_of(a, row->f))
        return true;
    if (x->count == FOUND_MAX)
        return false;
    snprintf(x->numbers + at, sizeof(x->numbers) - at, "%s%s", x->count > 0 ? " " : "",
             row->f->reg.number.text);
    x->count++;
    dp_json_object(&a->j, NULL);
    dp_json_str(&a->j, "number", row->f->reg.number.text);
    dp_json_name(&a->j, "name", &row->f->subject.name);
    dp_json_str(&a->j, "status", dp_status_word(row->s->status));
    dp_json_date(&a->j, "registered_on", row->s->registered_on);
    dp_json_end(&a->j);
    return true;
}

/* Time, office, officer, count, numbers. Of the turn that answers: no row, no answer. */
static void keep_found(struct dp_ask *a, const struct find *x)
{
    uint8_t row[8 + 8 + sizeof(a->c->office.slug) + 4 + 4 + sizeof(x->numbers)];
    struct dp_wr w = dp_wr_of(row, sizeof(row));
    uint64_t no = dp_db_last64(&a->d->db, DP_T_FOUND) + 1;

    dp_wr_u64(&w, (uint64_t)a->d->now_wall);
    dp_wr_u64(&w, a->c->office.node.v);
    dp_wr_bytes(&w, a->c->office.slug, sizeof(a->c->office.slug));
    dp_wr_u32(&w, a->c->officer);
    dp_wr_u32(&w, x->count);
    dp_wr_bytes(&w, x->numbers, strlen(x->numbers));
    dp_db_put64(&a->d->db, DP_T_FOUND, no, dp_wr_slice(&w));
    if (no > DP_FOUND_KEPT)
        dp_db_del64(&a->d->db, DP_T_FOUND, no - DP_FOUND_KEPT);
}

void dp_ask_find(struct dp_ask *a)
{
    struct find x = {.count = 0};
    char office[DP_OFFICE_TEXT];

    if (a->q->name[0] == '\0' || strlen(a->q->tail) < TAIL_MIN) {
        dp_ask_fail(a, DP_USAGE,
                    "give the exact name and at least 4 characters of the end of a phone or id number");
        return;
    }
    dp_ask_rows(a, false, find_row, &x);
    keep_found(a, &x);
    dp_office_format(&a->c->office, office);
    dp_log(DP_LOG_NOTICE, "find: officer %u of %s: %u case(s) %s", a->c->officer, office, x.count, x.numbers);
}

/* ---- who looked ---- */

/* An office sees what its own officers did; the technician sees who, and no case. */
static bool put_found(struct dp_ask *a, uint64_t no, struct dp_slice v)
{
    struct dp_rd r = dp_rd_of(v);
    struct dp_office office;
    char numbers[FOUND_MAX * (DP_NUMBER_TEXT + 1)];
    int64_t at_ms = (int64_t)dp_rd_u64(&r);
    office.node.v = dp_rd_u64(&r);
    dp_rd_copy(&r, office.slug, sizeof(office.slug));
    uint32_t officer = dp_rd_u32(&r), count = dp_rd_u32(&r);
    struct dp_slice shown = dp_rd_take(&r, dp_rd_left(&r));
    bool own = a->c->has_office && dp_office_eq(&office, &a->c->office);

    if (r.err != DP_OK || (!own && !a->c->is_root))
        return false;
    snprintf(numbers, sizeof(numbers), "%.*s", (int)shown.len, (const char *)shown.p);
    dp_json_object(&a->j, NULL);
    dp_json_u64(&a->j, "no", no);
    dp_ask_time(&a->j, "at", at_ms);
    dp_json_office(&a->j, "office", &office);
    dp_json_u64(&a->j, "officer", officer);
    dp_json_u64(&a->j, "count", count);
    if (own)
        dp_json_str(&a->j, "numbers", numbers);
    dp_json_end(&a->j);
    return true;
}

void dp_ask_finds(struct dp_ask *a)
{
    uint32_t left = dp_ask_limit(a, 1000);
    uint64_t no = a->q->since;
    struct dp_slice v;
    bool first = no == 0;

    dp_json_array(&a->j, "rows");
    while (left > 0 && dp_db_next64(&a->d->db, DP_T_FOUND, first, &no, &v) == DP_OK) {
        first = false;
        left -= put_found(a, no, v);
    }
    dp_json_end(&a->j);
    dp_json_u64(&a->j, "cursor", no);
    dp_json_bool(&a->j, "more", left == 0);
}

/* ---- the feed ---- */

#define FEED_PAGE 1000

struct feed {
    struct dp_subject last; /* of which `view`, `file` tell */
    enum dp_view view;
    const struct dp_casefile *file;
    uint32_t left;
};

/* Whether the caller may see the subject; nodes and data are for everybody, a case for its offices. */
static bool feed_look(struct dp_ask *a, struct feed *x, const struct dp_subject *subject)
{
    enum dp_err e;
    struct dp_slot *slot;

    if (x->file != NULL && dp_subject_eq(&x->last, subject))
        return x->view != DP_VIEW_NONE;
    x->last = *subject;
    x->view = DP_VIEW_NONE;
    slot = dp_cache_find(a->d, subject, &e);
    x->file = slot != NULL ? &slot->f : NULL;
    if (slot == NULL)
        return false;
    if (subject->type != DP_SUBJECT_CASE) {
        x->view = DP_VIEW_CODED;
        return true;
    }
    dp_arena_reset(&a->d->look);
    if (dp_sight_look(a->d, a->c, &slot->f, &a->d->look, &a->seen) != DP_OK)
        return false;
    x->file = a->seen.f;
    x->view = a->seen.view;
    return x->view != DP_VIEW_NONE;
}

static void feed_entry(struct dp_ask *a, struct feed *x, uint64_t cursor, const struct dp_name *n)
{
    struct dp_slice bytes;
    struct dp_entry e;
    uint32_t i;

    x->left -= x->left > 0;
    if (dp_entry_bytes(a->d, n, &bytes) != DP_OK || dp_entry_decode(bytes, n, &a->d->turn, &e) != DP_OK ||
        !feed_look(a, x, &e.subject))
        return;
    i = dp_casefile_find(x->file, n);
    if (i == DP_FACT_NONE)
        return;
    dp_json_object(&a->j, NULL);
    dp_json_u64(&a->j, "cursor", cursor);
    dp_json_str(&a->j, "number", x->file->has_reg ? x->file->reg.number.text : NULL);
    if (e.subject.type == DP_SUBJECT_NODE)
        dp_json_node(&a->j, "node", e.subject.name.origin);
    else
        dp_json_name(&a->j, "name", &e.subject.name);
    dp_ask_fact(a, "entry", x->file, i);
    dp_json_end(&a->j);
}

void dp_ask_log(struct dp_ask *a)
{
    struct feed x = {.left = dp_ask_limit(a, FEED_PAGE)};
    uint64_t cursor = a->q->since;
    struct dp_slice v;
    bool first = cursor == 0, failed = false;

    dp_json_array(&a->j, "rows");
    while (x.left > 0 && dp_db_next64(&a->d->db, DP_T_FEED, first, &cursor, &v) == DP_OK) {
        struct dp_rd r = dp_rd_of(dp_arena_copy(&a->d->turn, v, &failed));
        first = false;
        while (dp_rd_left(&r) >= DP_NAME_BYTES) {
            struct dp_name n = dp_name_get(dp_rd_take(&r, DP_NAME_BYTES).p);
            feed_entry(a, &x, cursor, &n);
        }
    }
    dp_json_end(&a->j);
    dp_json_u64(&a->j, "cursor", cursor);
    dp_json_bool(&a->j, "more", x.left == 0);
}
