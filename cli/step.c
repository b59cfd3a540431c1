/* SPDX-License-Identifier: Apache-2.0 */
/* Steps about a case. What an argument means follows from one row for each kind. */
#include "step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

#define TEXT_MAX 16384
#define MEMORY_MAX (8u << 20)

/* Numbers of RULES.md, section 3. */
enum {
    KIND_SIGN = 3,
    KIND_ACCEPT = 4,
    KIND_OPINION = 21,
    KIND_SUPERVISE = 25,
    KIND_REMIND = 26,
    KIND_CLOSE = 28,
    KIND_ERASE = 30
};

/* ---- drafts ---- */

void dp_draft_init(struct dp_draft *d)
{
    memset(d, 0, sizeof(*d));
    dp_arena_init(&d->arena, MEMORY_MAX, 0);
    daipao__control__v1__step__init(&d->step);
    daipao__control__v1__intake__init(&d->intake);
    daipao__control__v1__file__init(&d->file);
    d->step.parts = d->part_list;
    d->intake.respondents = d->respondents;
}

void dp_draft_fini(struct dp_draft *d)
{
    dp_arena_fini(&d->arena);
    dp_wipe(d, sizeof(*d));
}

PBC(Part) * dp_draft_part(struct dp_draft *d, uint32_t kind)
{
    PBC(Part) * p;

    for (size_t i = 0; i < d->step.n_parts; i++) {
        if (d->parts[i].kind == kind)
            return &d->parts[i];
    }
    p = &d->parts[d->step.n_parts]; /* a slot for each kind there is */
    daipao__control__v1__part__init(p);
    p->kind = kind;
    d->part_list[d->step.n_parts++] = p;
    return p;
}

PBC(Person) * dp_draft_person(struct dp_draft *d)
{
    PBC(Part) *part = dp_draft_part(d, DP_PETITIONERS);
    PBC(Person) * p;

    if (part->n_persons == DP_DRAFT_PERSONS_MAX)
        return NULL;
    p = &d->persons[part->n_persons];
    daipao__control__v1__person__init(p);
    p->main = part->n_persons == 0;
    d->person_list[part->n_persons++] = p;
    part->persons = d->person_list;
    return p;
}

char *dp_draft_text(struct dp_draft *d, struct dp_slice s)
{
    char *text = dp_arena_str(&d->arena, s);

    if (text == NULL)
        exit(dp_fail(DP_NOMEM, "%s", _(dp_err_text(DP_NOMEM))));
    return text;
}

enum dp_err dp_draft_text_file(struct dp_draft *d, const char *path)
{
    char *text;
    size_t len;
    enum dp_err e = dp_read_file(path, TEXT_MAX, &text, &len);

    if (e != DP_OK)
        return e;
    if (!dp_utf8_ok(dp_slice_of(text, len))) {
        free(text);
        dp_fail(DP_USAGE, _("%s: not a text in UTF-8"), path);
        return DP_USAGE;
    }
    dp_draft_part(d, DP_TEXT)->text = dp_draft_text(d, dp_slice_of(text, len));
    dp_wipe(text, len);
    free(text);
    return DP_OK;
}

enum dp_err dp_draft_free_text(struct dp_draft *d, const struct dp_args *a)
{
    if (a->opt[OPT_TEXT_FILE] != NULL)
        return dp_draft_text_file(d, a->opt[OPT_TEXT_FILE]);
    if (a->opt[OPT_TEXT] != NULL)
        dp_draft_part(d, DP_TEXT)->text = dp_pb_str(a->opt[OPT_TEXT]);
    return DP_OK;
}

/* ---- options that any step may take ---- */

static const struct {
    enum dp_opt opt;
    enum dp_codes list;
    size_t field; /* of the step */
} code_options[] = {
    {OPT_DUTY, DP_CODES_DUTY, offsetof(PBC(Step), code2)},
    {OPT_SOURCE, DP_CODES_SOURCE, offsetof(PBC(Step), code3)},
    {OPT_SIGNED, DP_CODES_SIGNED, offsetof(PBC(Step), code2)},
    {OPT_VIEW, DP_CODES_VIEW, offsetof(PBC(Step), code3)},
    {OPT_OFFICE_SCORE, DP_CODES_SCORE, offsetof(PBC(Step), code2)},
    {OPT_UNIT_SCORE, DP_CODES_SCORE, offsetof(PBC(Step), code3)},
    {OPT_RELATION, DP_CODES_RELATION, offsetof(PBC(Step), code)},
    {OPT_GROUND, DP_CODES_GROUND, offsetof(PBC(Step), code)},
    {OPT_LEVEL, DP_CODES_LEVEL, offsetof(PBC(Step), code2)},
    {OPT_MODE, DP_CODES_MODE, offsetof(PBC(Step), code3)},
};

static enum dp_err take_codes(PBC(Step) * s, const struct dp_args *a)
{
    for (size_t i = 0; i < sizeof(code_options) / sizeof(code_options[0]); i++) {
        enum dp_opt o = code_options[i].opt;
        uint32_t *field = (uint32_t *)(void *)((char *)s + code_options[i].field);
        if (a->opt[o] != NULL &&
            dp_code_parse(code_options[i].list, dp_opt_name(o), a->opt[o], field) != DP_OK)
            return DP_USAGE;
    }
    return DP_OK;
}

static enum dp_err take_options(struct dp_draft *d, const struct dp_args *a)
{
    PBC(Step) *s = &d->step;
    enum dp_err e = take_codes(s, a);

    if (e == DP_OK)
        e = dp_args_date(a, OPT_REPORT_BY, &s->due);
    if (e == DP_OK)
        e = dp_args_date(a, OPT_ANSWER_BY, &s->due);
    if (e == DP_OK)
        e = dp_args_date(a, OPT_DATE, &s->date);
    if (e == DP_OK)
        e = dp_args_date(a, OPT_RECEIPT, &s->receipt);
    if (e == DP_OK)
        e = dp_args_number(a, OPT_REASON, 999999, &s->code);
    if (e == DP_OK)
        e = dp_args_number(a, OPT_INDEX, 255, &s->index);
    s->re = dp_pb_str(a->opt[OPT_RE]);
    s->label = dp_pb_str(a->opt[OPT_LABEL]);
    return e == DP_OK ? dp_draft_free_text(d, a) : e;
}

/* ---- what the second argument is ---- */

enum second { NOTHING, TO, OTHER, CODE, NUMBER, DAYS };

static const struct meaning {
    uint8_t kind;
    uint8_t second;             /* enum second */
    uint8_t codes;              /* enum dp_codes */
    uint8_t code, code2, code3; /* defaults */
} meanings[] = {
    {5, TO, 0, 0, 1, 0},
    {6, TO, 0, 0, 1, 0},
    {7, TO, 0, 0, 1, 0},
    {9, NUMBER, 0, 0, 0, 0},
    {10, CODE, DP_CODES_OBJECTION, 0, 0, 0},
    {12, TO, 0, 0, 1, 0},
    {13, CODE, DP_CODES_ROUTE, 0, 0, 0},
    {14, OTHER, 0, 0, 0, 0},
    {15, OTHER, 0, 2, 0, 0},
    {20, DAYS, 0, 0, 0, 0},
    {21, CODE, DP_CODES_RESULT, 0, 0, 0},
    {22, CODE, DP_CODES_WAY, 0, 2, 9},
    {23, CODE, DP_CODES_EVALUATION, 0, 0, 0},
    {24, CODE, DP_CODES_RESULT, 0, 0, 0},
    {25, TO, 0, 0, 2, 1},
    {26, TO, 0, 0, 1, 1},
    {27, CODE, DP_CODES_ANSWER, 0, 0, 0},
    {28, CODE, DP_CODES_CLOSE, 0, 0, 0},
    {34, CODE, DP_CODES_LOCK, 0, 0, 0},
    {35, CODE, DP_CODES_UNLOCK, 0, 0, 0},
};

static const struct meaning *meaning_of(uint32_t kind)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].kind == kind)
            return &meanings[i];
    }
    return NULL;
}

static enum dp_err take_second(PBC(Step) * s, const struct meaning *m, const char *arg)
{
    uint64_t v = 0;
    enum dp_err e = DP_OK;

    switch ((enum second)m->second) {
    case NOTHING:
        break;
    case TO:
        s->to = dp_pb_str(arg);
        break;
    case OTHER:
        s->other = dp_pb_str(arg);
        break;
    case CODE:
        return dp_code_parse((enum dp_codes)m->codes, _("argument"), arg, &s->code);
    case NUMBER:
        e = dp_value_number(_("reason"), arg, 999999, &v);
        s->code = (uint32_t)v;
        break;
    case DAYS:
        e = dp_value_number(_("days"), arg, 365, &v);
        s->days = (uint32_t)v;
        break;
    }
    return e;
}

enum dp_err dp_step_fill(struct dp_draft *d, uint32_t kind, const struct dp_args *a)
{
    const struct meaning *m = meaning_of(kind);
    enum dp_err e = DP_OK;

    d->step.kind = kind;
    d->step.case_ref = dp_pb_str(a->pos[0]);
    if (m != NULL) {
        d->step.code = m->code;
        d->step.code2 = m->code2;
        d->step.code3 = m->code3;
        if (a->pos[1] != NULL)
            e = take_second(&d->step, m, a->pos[1]);
    }
    return e == DP_OK ? take_options(d, a) : e;
}

/* A reminder is an order of level 1. */
static void order_kind(struct dp_draft *d)
{
    if (d->step.kind == KIND_SUPERVISE && d->step.code2 == 1)
        d->step.kind = KIND_REMIND;
}

int dp_run_step(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    struct dp_draft d;
    int code = dp_err_exit(DP_USAGE);

    dp_draft_init(&d);
    if (dp_step_fill(&d, v->kind, a) == DP_OK) {
        order_kind(&d);
        code = dp_do_step(app, &d.step, a->opt[OPT_WAIT]);
    }
    dp_draft_fini(&d);
    return code;
}

/* ---- steps with more to them ---- */

int dp_run_opinion(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    struct dp_draft d;
    enum dp_err e;
    int code;

    dp_draft_init(&d);
    e = dp_step_fill(&d, v->kind, a);
    if (e == DP_OK)
        e = dp_draft_text_file(&d, a->pos[2]);
    code = e == DP_OK ? dp_do_step(app, &d.step, a->opt[OPT_WAIT]) : dp_err_exit(e);
    dp_draft_fini(&d);
    return code;
}

int dp_run_note(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    struct dp_draft d;
    int code;

    dp_draft_init(&d);
    if (a->pos[1] != NULL)
        dp_draft_part(&d, DP_TEXT)->text = dp_pb_str(a->pos[1]);
    if (dp_step_fill(&d, v->kind, a) != DP_OK)
        code = dp_err_exit(DP_USAGE);
    else if (d.step.n_parts == 0)
        code = dp_fail(DP_USAGE, "%s", _("a note needs its text"));
    else
        code = dp_do_step(app, &d.step, a->opt[OPT_WAIT]);
    dp_draft_fini(&d);
    return code;
}

/* R-PRT-3: what is done to a part of an entry needs a reason that is on the list. */
int dp_run_part(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    enum dp_codes reasons = v->kind == KIND_ERASE ? DP_CODES_ERASE : DP_CODES_UNMASK;
    struct dp_draft d;
    int code = dp_err_exit(DP_USAGE);

    dp_draft_init(&d);
    if (dp_step_fill(&d, v->kind, a) == DP_OK &&
        dp_code_parse(reasons, _("reason"), a->pos[2], &d.step.code) == DP_OK) {
        d.step.re = dp_pb_str(a->pos[1]);
        code = dp_do_step(app, &d.step, a->opt[OPT_WAIT]);
    }
    dp_draft_fini(&d);
    return code;
}
