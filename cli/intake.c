/* SPDX-License-Identifier: Apache-2.0 */
/* A registration from options. What a person typed stays in memory until it is sent, and nowhere else. */
#include <stdio.h>
#include <string.h>

#include "register_words.h"
#include "step.h"
#include "words.h"

#define FLAG_ERRAND 512u
#define KIND_REGISTER 1

static enum dp_err take_code(const struct dp_args *a, enum dp_opt o, enum dp_codes list, uint32_t *out)
{
    return a->opt[o] == NULL ? DP_OK : dp_code_parse(list, dp_opt_name(o), a->opt[o], out);
}

/* Six digits, or the word of a first level. */
static enum dp_err take_category(const struct dp_args *a, uint32_t *out)
{
    const char *s = a->opt[OPT_CATEGORY];

    if (s == NULL || dp_word_category(dp_slice_str(s), out))
        return DP_OK;
    dp_fail(DP_USAGE, "category: %s: %s", s,
            _("neither a known class nor six digits that begin with the number of one"));
    return DP_USAGE;
}

/* 1 or more: nobody did not come. */
static enum dp_err take_heads(const struct dp_args *a, enum dp_opt o, uint32_t *out)
{
    enum dp_err e = dp_args_number(a, o, 1000000, out);

    if (e != DP_OK || a->opt[o] == NULL || *out > 0)
        return e;
    dp_fail(DP_USAGE, "%s: %s: %s", dp_opt_name(o), a->opt[o], _("not a number within the limits"));
    return DP_USAGE;
}

static enum dp_err take_coded(PBC(Intake) * in, struct dp_draft *d, const struct dp_args *a)
{
    uint32_t channel = 0;
    enum dp_err e = take_code(a, OPT_CHANNEL, DP_CODES_CHANNEL, &channel);
    const char letter = (char)channel;

    if (e == DP_OK && channel != 0)
        in->channel = dp_draft_text(d, dp_slice_of(&letter, 1));
    if (e == DP_OK)
        e = take_code(a, OPT_ORIGIN, DP_CODES_ORIGIN, &in->origin);
    if (e == DP_OK)
        e = take_code(a, OPT_PURPOSE, DP_CODES_PURPOSE, &in->purpose);
    if (e == DP_OK)
        e = take_category(a, &in->category);
    if (e == DP_OK)
        e = take_heads(a, OPT_HEADCOUNT, &in->headcount);
    if (e == DP_OK)
        e = take_heads(a, OPT_INVOLVED, &in->involved);
    if (e == DP_OK)
        e = dp_args_date(a, OPT_PETITION_DATE, &in->petition_date);
    return e;
}

/* Options that may come several times. */
static enum dp_err take_many(PBC(Intake) * in, struct dp_draft *d, const struct dp_args *a)
{
    for (unsigned i = 0; i < a->many_count; i++) {
        uint32_t bit;
        if (a->many[i].opt == OPT_FLAG) {
            if (dp_code_parse(DP_CODES_FLAG, "flag", a->many[i].value, &bit) != DP_OK)
                return DP_USAGE;
            in->flags |= bit;
        }
        if (a->many[i].opt != OPT_RESPONDENT)
            continue;
        if (in->n_respondents == DP_DRAFT_RESPONDENTS_MAX) {
            dp_fail(DP_USAGE, "%s", _("at most four offices complained about"));
            return DP_USAGE;
        }
        d->respondents[in->n_respondents++] = dp_pb_str(a->many[i].value);
    }
    return DP_OK;
}

static void take_text(const struct dp_args *a, enum dp_opt o, char **field)
{
    if (a->opt[o] != NULL)
        *field = dp_pb_str(a->opt[o]);
}

static void take_persons(struct dp_draft *d, const struct dp_args *a)
{
    PBC(Person) * p;

    if (a->opt[OPT_NAME] == NULL && a->opt[OPT_ID_NO] == NULL && a->opt[OPT_PHONE] == NULL &&
        a->opt[OPT_ADDRESS] == NULL && a->opt[OPT_ANONYMOUS] == NULL)
        return;
    p = dp_draft_person(d);
    take_text(a, OPT_NAME, &p->name);
    take_text(a, OPT_ID_NO, &p->id_no);
    take_text(a, OPT_PHONE, &p->phone);
    take_text(a, OPT_ADDRESS, &p->address);
    p->anonymous = a->opt[OPT_ANONYMOUS] != NULL;
}

static void take_content(struct dp_draft *d, const struct dp_args *a)
{
    PBC(Part) * part;

    if (a->opt[OPT_TITLE] == NULL && a->opt[OPT_SUMMARY] == NULL && a->opt[OPT_CONTENT] == NULL &&
        a->opt[OPT_DEMAND] == NULL)
        return;
    part = dp_draft_part(d, DP_CONTENT);
    take_text(a, OPT_TITLE, &part->title);
    take_text(a, OPT_SUMMARY, &part->summary);
    take_text(a, OPT_CONTENT, &part->content);
    take_text(a, OPT_DEMAND, &part->demand);
}

enum dp_err dp_draft_intake(struct dp_draft *d, const struct dp_args *a)
{
    PBC(Intake) *in = &d->intake;
    enum dp_err e = take_coded(in, d, a);

    if (e == DP_OK)
        e = take_many(in, d, a);
    if (e != DP_OK)
        return e;
    take_text(a, OPT_RESIDENCE, &in->residence_div);
    take_text(a, OPT_PROBLEM, &in->problem_div);
    take_text(a, OPT_SOURCE_SYSTEM, &in->source_system);
    take_text(a, OPT_SOURCE_NO, &in->source_no);
    take_text(a, OPT_NATIONAL_NO, &in->national_no);
    take_text(a, OPT_PROFILE, &in->profile);
    take_text(a, OPT_RE, &in->split_from);
    take_persons(d, a);
    take_content(d, a);
    return DP_OK;
}

/* What the law does not ask at once is filled in as "not said". */
static void defaults(struct dp_draft *d)
{
    PBC(Intake) *in = &d->intake;

    if (in->channel[0] == '\0')
        in->channel = dp_pb_str("V");
    if (in->purpose == 0)
        in->purpose = 99;
    if (in->headcount == 0)
        in->headcount = 1;
    if (in->origin == 0)
        in->origin = 1;
}

static enum dp_err collect(struct dp_app *app, struct dp_draft *d, const struct dp_args *a)
{
    enum dp_err e = DP_OK;

    if (a->opt[OPT_FROM] != NULL)
        e = dp_draft_json(d, a->opt[OPT_FROM]);
    if (e == DP_OK)
        e = dp_draft_intake(d, a);
    if (e == DP_OK)
        e = dp_args_date(a, OPT_RECEIPT, &d->step.receipt);
    if (e != DP_OK || d->step.n_parts > 0)
        return e;
    if (app->tty_in)
        return dp_draft_form(d);
    dp_fail(DP_USAGE, "%s", _("say what it is about: --from FILE, or --content and the like"));
    return DP_USAGE;
}

#define DRAFT_PREFIX "draft:"

/* `--from draft:N`: what was kept with --draft is registered as it is. */
static bool is_kept_draft(const struct dp_args *a)
{
    return a->opt[OPT_FROM] != NULL && strncmp(a->opt[OPT_FROM], DRAFT_PREFIX, sizeof(DRAFT_PREFIX) - 1) == 0;
}

static int register_draft(struct dp_app *app, const struct dp_args *a)
{
    struct dp_draft d;
    int code;

    dp_draft_init(&d);
    d.step.kind = KIND_REGISTER;
    d.step.from_draft = dp_pb_str(a->opt[OPT_FROM] + sizeof(DRAFT_PREFIX) - 1);
    code = dp_do_step(app, &d.step, a->opt[OPT_WAIT]);
    dp_draft_fini(&d);
    return code;
}

static int do_register(struct dp_app *app, const struct dp_args *a, uint32_t flags)
{
    struct dp_draft d;
    enum dp_err e;
    int code;

    if (is_kept_draft(a))
        return register_draft(app, a);
    dp_draft_init(&d);
    e = collect(app, &d, a);
    d.intake.flags |= flags;
    d.step.kind = KIND_REGISTER;
    d.step.intake = &d.intake;
    d.step.draft = a->opt[OPT_DRAFT] != NULL;
    defaults(&d);
    code = e == DP_OK ? dp_do_step(app, &d.step, a->opt[OPT_WAIT]) : dp_err_exit(e);
    dp_draft_fini(&d);
    return code;
}

int dp_run_register(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    (void)v;
    return do_register(app, a, 0);
}

int dp_run_errand_open(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    (void)v;
    return do_register(app, a, FLAG_ERRAND);
}
