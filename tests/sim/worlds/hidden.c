/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thing in which two worlds differ: one village (or the end itself) takes in protected matters, and
 * the bureau at their end does with them what its inbox shows. Whatever it draws comes from streams that
 * nobody else has. See worlds.h.
 */
#include "sim/worlds/worlds.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka_all.h"

#define DAY_MS INT64_C(86400000)
#define MATTERS_MAX 3
#define VISITS_A_DAY 2

static struct {
    struct cluster *c;
    const struct world_options *opt;
    struct dp_rng dice;
    struct cl_node *desk, *end; /* where they are taken in, and where they end */
    struct cl_event matter[MATTERS_MAX], visit;
    struct hidden_count counted;
    char text[4096];
} hidden;

struct hidden_count hidden_count(void)
{
    return hidden.counted;
}

static int64_t moment_us(int64_t from_ms, int64_t ms)
{
    return life_moment_us(&hidden.dice, from_ms, ms) + 7;
}

/* ---- at the village ---- */

static void registers(void *ctx)
{
    struct cl_command x;
    char whom[DP_OFFICE_TEXT];
    (void)ctx;
    life_text(&hidden.dice, hidden.text, 200 + dp_rng_below(&hidden.dice, 1800));
    struct dp_intake *in = cl_intake(&x, "Li Guihua", hidden.text);
    in->purpose = DP_PURPOSE_ACCUSATION;
    if (hidden.opt->hidden != HIDDEN_NOBODY) {
        cl_office(hidden.c->nodes[hidden.opt->hidden == HIDDEN_COUNTY ? COUNTY : TOWNSHIP], whom);
        in->respondents[0] = whom;
        in->respondent_count = 1;
    }
    struct cl_result r = cl_must(hidden.desk, &x);
    hidden.counted.registered += r.err == DP_OK;
}

/* ---- at the end: a case is sent, and locked before it left ---- */

#define STEP_MS INT64_C(1200000)

static void sends_and_locks(void *ctx)
{
    static unsigned step;
    static char name[DP_NAME_TEXT], whom[DP_OFFICE_TEXT];
    struct cl_command x;
    (void)ctx;
    cl_office(hidden.c->nodes[TOWNSHIP], whom);
    if (step == 0) {
        struct dp_intake *in = cl_intake(&x, "Li Guihua", "of the office that is to have it");
        in->respondents[0] = whom;
        in->respondent_count = 1;
    } else if (step == 1) {
        life_step(hidden.end, &x, DP_KIND_TRANSFER, name)->to = whom;
        cl_text(&x, "to be handled there");
    } else if (step == 2) {
        life_step(hidden.end, &x, DP_KIND_LOCK, name)->code = 1;
    } else {
        (void)life_step(hidden.end, &x, DP_KIND_WITHDRAW, name);
    }
    struct cl_result r = cl_must_as(hidden.end, cl_uid(hidden.end), &x);
    if (step == 0)
        dp_name_format(&r.name, name);
    hidden.counted.registered += step == 0;
    if (step++ < 3)
        cl_at(hidden.c, &hidden.matter[0], hidden.c->now_us + STEP_MS * 1000);
}

/* ---- at the end: what its inbox shows ---- */

static void act_on(const char *action, const char *ref)
{
    struct cl_command x;
    enum dp_kind kind = strcmp(action, "serve") == 0   ? DP_KIND_SERVE
                        : strcmp(action, "close") == 0 ? DP_KIND_CLOSE
                                                       : DP_KIND_OPINION;
    (void)life_step(hidden.end, &x, kind, ref);
    life_text(&hidden.dice, hidden.text, 30 + dp_rng_below(&hidden.dice, 500));
    cl_text(&x, hidden.text);
    struct cl_result r = cl_do(hidden.end, &x);
    hidden.counted.steps += r.answered && r.err == DP_OK;
}

static const char *word(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s == NULL ? "" : s;
}

static void visits(void *ctx)
{
    struct cl_command x;
    size_t i;
    const json_t *row;
    (void)ctx;
    cl_query(&x, "inbox");
    char *text = cl_ask(hidden.end, cl_uid(hidden.end), &x);
    json_t *j = text == NULL ? NULL : json_loads(text, 0, NULL);
    free(text);
    json_array_foreach(json_object_get(j, "rows"), i, row)
    {
        if (!life_has(word(row, "name")))
            act_on(word(row, "action"), word(row, "name"));
    }
    json_decref(j);
    int64_t wait = DAY_MS / VISITS_A_DAY + (int64_t)dp_rng_below(&hidden.dice, (uint64_t)DAY_MS);
    cl_at(hidden.c, &hidden.visit, moment_us(hidden.c->now_ms, wait));
}

/* ---- the plan ---- */

void hidden_begin(struct cluster *c, const struct world_options *opt)
{
    hidden.c = c;
    hidden.opt = opt;
    hidden.dice = sim_stream(opt->seed, "hidden", 0);
    hidden.desk = c->nodes[VILLAGE_1 + dp_rng_below(&hidden.dice, 3)];
    hidden.end = c->nodes[opt->end];
    if (opt->hidden == HIDDEN_AT_END)
        hidden.desk = hidden.end;
    if (opt->hidden == HIDDEN_NONE)
        return;
    cl_event_init(c, &hidden.visit, visits, NULL);
    cl_at(c, &hidden.visit, moment_us(c->now_ms, opt->hidden == HIDDEN_LOCKED ? 4 * DAY_MS : DAY_MS));
    if (opt->hidden == HIDDEN_LOCKED) {
        cl_event_init(c, &hidden.matter[0], sends_and_locks, NULL);
        cl_at(c, &hidden.matter[0], c->now_us + (WORLDS_CUT_MS + STEP_MS) * 1000 + 7);
        return;
    }
    uint64_t n = 1 + dp_rng_below(&hidden.dice, MATTERS_MAX);
    for (uint64_t i = 0; i < n; i++) {
        int64_t at = (int64_t)dp_rng_below(&hidden.dice, (uint64_t)(opt->days * DAY_MS * 3 / 4));
        cl_event_init(c, &hidden.matter[i], registers, NULL);
        cl_at(c, &hidden.matter[i], moment_us(c->now_ms, at));
    }
}
