/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one question by name (N4): an office looks for a matter that it registered or holds itself, by the
 * exact name with the tail of a phone or id number, one person at a time. Each time is kept in the store
 * before it is answered, whatever the log is set to, with the officer and the numbers of the cases, never
 * with the name (R-N4-2). An officer has so many looks in an hour (R-N4-3).
 */
#include <stdio.h>
#include <string.h>

#include "node/finds.h"
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
    if (x->count == FOUND_MAX || !dp_ask_take(a))
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

/* R-N4-2: also of a look that found nothing. It is kept before it is answered. */
static void find_end(struct dp_ask *a, void *ctx)
{
    const struct find *x = ctx;
    struct dp_found row = {a->d->now_wall, a->c->office, a->c->officer, x->count, dp_slice_str(x->numbers)};
    uint8_t *bytes = dp_ask_ctx(a, dp_found_bytes(row.numbers.len));

    if (bytes != NULL)
        a->keep = dp_found_put(bytes, &row);
}

void dp_ask_find(struct dp_ask *a)
{
    struct find *x = dp_ask_ctx(a, sizeof(*x));

    if (x == NULL)
        return;
    if (a->q->name[0] == '\0' || strlen(a->q->tail) < TAIL_MIN)
        dp_ask_fail(a, DP_USAGE,
                    "give the exact name and at least 4 characters of the end of a phone or id number");
    else if (!dp_finds_barred(a->d, a->c, &a->out))
        dp_ask_rows(a, false, find_row, find_end, x);
}

void dp_ask_keep(struct dp_ask *a)
{
    char office[DP_OFFICE_TEXT];

    dp_finds_keep(a->d, a->c, a->keep, &a->out);
    dp_office_format(&a->c->office, office);
    dp_log(DP_LOG_NOTICE, "find: officer %u of %s: %s", a->c->officer, office, dp_err_name(a->out.err));
}

/* ---- who looked ---- */

/* An office sees what its own officers did; the technician sees who, and no case. */
static bool found_row(struct dp_ask *a, struct dp_slice key, struct dp_slice v, void *ctx)
{
    struct dp_rd r = dp_rd_of(key);
    struct dp_found x;
    char numbers[FOUND_MAX * (DP_NUMBER_TEXT + 1)];
    bool own, refused;

    (void)ctx;
    if (dp_found_get(v, &x) != DP_OK)
        return true;
    own = a->c->has_office && dp_office_eq(&x.office, &a->c->office);
    if (!own && !a->c->is_root)
        return true;
    if (!dp_ask_take(a))
        return false;
    refused = x.count == DP_FOUND_REFUSED;
    snprintf(numbers, sizeof(numbers), "%.*s", (int)x.numbers.len, (const char *)x.numbers.p);
    dp_json_object(&a->j, NULL);
    dp_json_u64(&a->j, "no", dp_rd_u64(&r));
    dp_ask_time(&a->j, "at", x.at_ms);
    dp_json_office(&a->j, "office", &x.office);
    dp_json_u64(&a->j, "officer", x.officer);
    dp_json_u64(&a->j, "count", refused ? 0 : x.count);
    dp_json_bool(&a->j, "refused", refused);
    if (own)
        dp_json_str(&a->j, "numbers", numbers);
    dp_json_end(&a->j);
    return true;
}

void dp_ask_finds(struct dp_ask *a)
{
    dp_ask_table(a, DP_T_FOUND, "rows", found_row, NULL, NULL);
}
