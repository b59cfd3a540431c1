/* SPDX-License-Identifier: Apache-2.0 */
/* Words for codes and one shape for each thing that several queries show. Described in daipao-json(7). */
#include <stdio.h>

#include "node/query.h"

void dp_ask_time(struct dp_json *j, const char *key, int64_t ms)
{
    struct dp_date day = dp_date_of_ms(ms);
    char date[11], text[48];
    int64_t in_day = ms - dp_date_start_ms(day);
    unsigned s = (unsigned)(in_day / 1000);

    if (ms == 0) {
        dp_json_str(j, key, NULL);
        return;
    }
    dp_date_format(day, date);
    snprintf(text, sizeof(text), "%sT%02u:%02u:%02u+08:00", date, s / 3600, s / 60 % 60, s % 60);
    dp_json_str(j, key, text);
}

void dp_ask_word(struct dp_json *j, const char *key, const char *word)
{
    dp_json_str(j, key, word != NULL && word[0] != '\0' ? word : NULL);
}

void dp_ask_kind(struct dp_json *j, const char *key, uint32_t kind)
{
    char text[16];

    snprintf(text, sizeof(text), "kind-%u", kind);
    dp_json_str(j, key, dp_kind_known(kind) ? dp_kind_word(kind) : text);
}

void dp_ask_digest(struct dp_json *j, const char *key, const struct dp_digest *d)
{
    char text[65];

    dp_hex(d->b, sizeof(d->b), text);
    dp_json_str(j, key, text);
}

/* ---- the case ---- */

static void put_div(struct dp_json *j, const char *key, struct dp_div v)
{
    char text[13];

    if (v.v == 0) {
        dp_json_str(j, key, NULL);
        return;
    }
    dp_div_format(v, text);
    dp_json_str(j, key, text);
}

static void put_flags(struct dp_json *j, uint32_t flags)
{
    static const char *const words[] = {"group",      "urgent",    "confidential",   "litigation",
                                        "simplified", "public_ok", "first_national", "first_here",
                                        "repeat",     "errand",    "proxy",          "lock"};

    dp_json_array(j, "flags");
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((flags >> i & 1) != 0)
            dp_json_str(j, NULL, words[i]);
    }
    dp_json_end(j);
}

static void put_reg(struct dp_json *j, const struct dp_reg *reg)
{
    const char channel[2] = {reg->channel, '\0'};

    dp_json_str(j, "channel", channel);
    dp_json_u64(j, "origin", reg->origin);
    dp_json_u64(j, "purpose", reg->purpose);
    dp_json_u64(j, "category", reg->category);
    put_flags(j, reg->flags);
    dp_json_u64(j, "headcount", reg->headcount);
    dp_json_u64(j, "involved", reg->involved);
    put_div(j, "residence_div", reg->residence_div);
    put_div(j, "problem_div", reg->problem_div);
    dp_json_array(j, "respondents");
    for (unsigned i = 0; i < reg->respondent_count; i++)
        dp_json_office(j, NULL, &reg->respondents[i]);
    dp_json_end(j);
    dp_json_date(j, "petition_date", reg->petition_date);
    dp_ask_word(j, "source_system", reg->source_system);
    dp_ask_word(j, "source_no", reg->source_no);
    dp_ask_word(j, "national_no", reg->national_no);
    if (!dp_name_is_none(&reg->split_from))
        dp_json_name(j, "split_from", &reg->split_from);
}

void dp_ask_case_head(struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s)
{
    struct dp_json *j = &a->j;
    struct dp_office holder = dp_state_custodian(s);

    dp_json_str(j, "number", f->has_reg ? f->reg.number.text : NULL);
    dp_json_name(j, "name", &f->subject.name);
    dp_json_str(j, "status", dp_status_word(s->status));
    dp_json_office(j, "holder", &holder);
    dp_json_bool(j, "urgent", f->has_reg && (f->reg.flags & DP_REG_URGENT) != 0);
    dp_json_bool(j, "errand", s->is_errand);
    dp_json_bool(j, "protected", s->is_protected);
    dp_json_date(j, "registered_on", s->registered_on);
    if (s->registered != DP_FACT_NONE)
        dp_json_office(j, "registrar", &f->facts[s->registered].e.office);
    if (f->has_reg)
        put_reg(j, &f->reg);
}

/* ---- one entry ---- */

static const char *verdict_word(uint8_t verdict)
{
    switch ((enum dp_verdict)verdict) {
    case DP_PENDING:
        return "pending";
    case DP_VALID:
        return "valid";
    case DP_VOIDED:
        return "void";
    }
    return "pending";
}

static void put_nonzero(struct dp_json *j, const char *key, uint64_t v)
{
    if (v != 0)
        dp_json_u64(j, key, v);
}

static void put_body(struct dp_json *j, const struct dp_body *b)
{
    if (!dp_office_is_none(&b->to))
        dp_json_office(j, "to", &b->to);
    if (!dp_date_is_none(b->due))
        dp_json_date(j, "due", b->due);
    if (!dp_date_is_none(b->date))
        dp_json_date(j, "date", b->date);
    put_nonzero(j, "code", b->code);
    put_nonzero(j, "code2", b->code2);
    put_nonzero(j, "code3", b->code3);
    put_nonzero(j, "days", b->days);
    put_nonzero(j, "size", b->size);
    if (!dp_name_is_none(&b->other))
        dp_json_name(j, "other", &b->other);
    if (b->label[0] != '\0')
        dp_json_str(j, "label", b->label);
}

void dp_ask_fact(struct dp_ask *a, const char *key, const struct dp_casefile *f, uint32_t i)
{
    struct dp_json *j = &a->j;
    const struct dp_fact *x;

    if (i == DP_FACT_NONE) {
        dp_json_str(j, key, NULL);
        return;
    }
    x = &f->facts[i];
    dp_json_object(j, key);
    dp_ask_kind(j, "kind", x->e.kind);
    dp_json_name(j, "entry", &x->e.name);
    dp_json_office(j, "office", &x->e.office);
    dp_json_u64(j, "officer", x->e.officer);
    dp_ask_time(j, "at", dp_fact_at_ms(f, i));
    dp_json_date(j, "receipt", dp_fact_receipt(f, i));
    dp_json_str(j, "verdict", verdict_word(x->verdict));
    if (x->verdict == DP_VOIDED)
        dp_json_str(j, "void_reason", dp_void_name((enum dp_void_reason)x->reason));
    if (!dp_name_is_none(&x->e.re))
        dp_json_name(j, "re", &x->e.re);
    put_body(j, &x->e.body);
    dp_json_end(j);
}

/* ---- due dates ---- */

void dp_ask_due(struct dp_ask *a, const char *key, const struct dp_casefile *f, const struct dp_due *due)
{
    struct dp_json *j = &a->j;

    if (due == NULL) {
        dp_json_str(j, key, NULL);
        return;
    }
    dp_json_object(j, key);
    dp_json_str(j, "clock", dp_clock_word(due->clock));
    dp_json_office(j, "office", &due->office);
    dp_json_name(j, "started_by", &f->facts[due->started_by].e.name);
    dp_json_date(j, "from", due->from);
    dp_json_date(j, "due", due->due.date);
    dp_json_bool(j, "provisional", due->due.provisional);
    if (due->met_by == DP_FACT_NONE) {
        if (!dp_date_is_none(due->due.date))
            dp_json_i64(j, "days_left", due->due.date.day - a->today.day);
        dp_json_str(j, "cause", dp_delay_word(due->cause));
    } else {
        dp_json_date(j, "met_on", due->met_on);
    }
    dp_json_end(j);
}

void dp_ask_dues(struct dp_ask *a, const char *key, const struct dp_casefile *f, const struct dp_due *list,
                 uint32_t count, bool running_only)
{
    dp_json_array(&a->j, key);
    for (uint32_t i = 0; i < count; i++) {
        if (!running_only || list[i].met_by == DP_FACT_NONE)
            dp_ask_due(a, NULL, f, &list[i]);
    }
    dp_json_end(&a->j);
}

const struct dp_due *dp_ask_earliest(const struct dp_due *list, uint32_t count)
{
    const struct dp_due *best = NULL;

    for (uint32_t i = 0; i < count; i++) {
        if (list[i].met_by != DP_FACT_NONE || dp_date_is_none(list[i].due.date) ||
            list[i].clock == DP_CLOCK_REVIEW_WINDOW)
            continue;
        if (best == NULL || list[i].due.date.day < best->due.date.day)
            best = &list[i];
    }
    return best;
}

void dp_ask_due_list(struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s,
                     struct dp_arena *arena, struct dp_due **list, uint32_t *count)
{
    struct dp_editions ed = dp_daemon_editions(a->d);

    if (dp_due_list(f, s, &ed, arena, list, count) != DP_OK)
        *count = 0;
}
