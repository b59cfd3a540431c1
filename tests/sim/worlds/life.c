/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordinary work: matters come in at every office at times of their own and go their way, each by a script. A
 * matter draws all it needs (texts, delays, notes) from its own stream, so that no other thing changes it. A
 * step that the node does not take yet, since the one before has not arrived, is tried again. See worlds.h.
 */
#include "sim/worlds/worlds.h"

#include <stdlib.h>
#include <string.h>

#include "support/cmocka_all.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define OPEN_MS (8 * HOUR_MS + 30 * MINUTE_MS)
#define CLOSED_MS (17 * HOUR_MS + 30 * MINUTE_MS)
#define TRIES_MAX 40
#define TEXT_MAX 6700
#define STEPS_MAX 16

/* Who acts: R the registering office, the others by place; where an offer goes. */
struct script_step {
    char who;
    enum dp_kind kind;
    char to;
};

/* clang-format off */
#define HANDLE(who) {who, DP_KIND_SIGN, 0}, {who, DP_KIND_ACCEPT, 0}, {who, DP_KIND_OPINION, 0}, \
                    {who, DP_KIND_SERVE, 0}, {who, DP_KIND_CLOSE, 0}

static const struct script {
    const char *from; /* who may register it */
    uint32_t weight;
    struct script_step step[STEPS_MAX];
} scripts[] = {
    {"123", 40, {{'R', DP_KIND_REFER_UP, 'T'}, HANDLE('T')}},
    {"123", 12, {{'R', DP_KIND_REFER_UP, 'C'}, HANDLE('C')}},
    {"123", 12, {{'R', DP_KIND_REFER_UP, 'T'}, {'T', DP_KIND_SIGN, 0}, {'T', DP_KIND_ACCEPT, 0},
                 {'T', DP_KIND_REFER_UP, 'C'}, HANDLE('C')}},
    {"T", 10, {{'R', DP_KIND_OPINION, 0}, {'R', DP_KIND_SERVE, 0}, {'R', DP_KIND_CLOSE, 0}}},
    {"C", 16, {{'R', DP_KIND_TRANSFER, 'T'}, HANDLE('T')}},
    {"C", 10, {{'R', DP_KIND_TRANSFER, 'U'}, HANDLE('U')}},
    {"C", 10, {{'R', DP_KIND_OPINION, 0}, {'R', DP_KIND_SERVE, 0}, {'R', DP_KIND_CLOSE, 0}}},
    {"C", 8, {{'R', DP_KIND_REFER_UP, 'Y'}, HANDLE('Y')}},
    {"4", 16, {{'R', DP_KIND_REFER_UP, 'U'}, HANDLE('U')}},
    {"Y", 8, {{'R', DP_KIND_TRANSFER, 'C'}, {'C', DP_KIND_SIGN, 0}, {'C', DP_KIND_ACCEPT, 0},
              {'C', DP_KIND_TRANSFER, 'T'}, HANDLE('T')}},
};
/* clang-format on */
#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

struct matter {
    struct dp_rng dice;
    const struct script *script;
    struct cl_node *at;
    uint32_t done; /* 0: it is not registered yet */
    uint32_t tries;
    int64_t due_ms;
    char name[DP_NAME_TEXT];
    struct cl_event next;
};

static struct {
    struct cluster *c;
    struct matter *matter;
    uint32_t count;
    struct life_count counted;
    char text[TEXT_MAX + 1];
} life;

struct life_count life_count(void)
{
    return life.counted;
}

bool life_has(const char *name)
{
    for (uint32_t i = 0; i < life.count; i++)
        if (strcmp(life.matter[i].name, name) == 0)
            return true;
    return false;
}

/* ---- when ---- */

int64_t life_moment_us(struct dp_rng *dice, int64_t from_ms, int64_t ms)
{
    int64_t at = CL_EPOCH_MS + from_ms + ms;
    struct dp_date day = dp_date_of_ms(at);
    int64_t of_day = at - dp_date_start_ms(day);
    if (of_day > CLOSED_MS) {
        day = dp_date_add(day, 1);
        of_day = 0;
    }
    while (dp_date_weekday(day) > 5) {
        day = dp_date_add(day, 1);
        of_day = 0;
    }
    if (of_day < OPEN_MS)
        of_day = OPEN_MS + (int64_t)dp_rng_below(dice, 2 * (uint64_t)HOUR_MS);
    int64_t us = (dp_date_start_ms(day) + of_day - CL_EPOCH_MS) * 1000;
    return us + (int64_t)dp_rng_below(dice, 100) * 10; /* the last digit is 0 */
}

/* From half an hour to days, each doubling as likely as the next. */
static int64_t delay_ms(struct matter *m)
{
    int64_t low = 30 * MINUTE_MS << dp_rng_below(&m->dice, 8);
    return low + (int64_t)dp_rng_below(&m->dice, (uint64_t)low);
}

/* ---- what ---- */

void life_text(struct dp_rng *dice, char *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)('a' + dp_rng_below(dice, 26));
    out[bytes] = '\0';
}

static char *text_of(struct matter *m, size_t most)
{
    size_t bytes = 40;
    for (uint64_t k = dp_rng_below(&m->dice, 8); k > 0 && bytes < most; k--)
        bytes *= 2;
    bytes += dp_rng_below(&m->dice, bytes);
    life_text(&m->dice, life.text, bytes < most ? bytes : most);
    return life.text;
}

struct dp_step *life_step(struct cl_node *n, struct cl_command *x, enum dp_kind kind, const char *ref)
{
    struct dp_step *s = cl_step(x, kind, ref);
    s->date = dp_date_of_ms(cl_wall_ms(n));
    s->due = dp_date_add(s->date, 30);
    s->code = kind == DP_KIND_CLOSE ? DP_CLOSE_OPINION_FINAL : 1;
    s->code2 = kind == DP_KIND_TRANSFER ? 0 : 1;
    s->code3 = 1;
    s->days = 20;
    return s;
}

static struct cl_node *node_of(const struct matter *m, char who)
{
    static const char words[] = "YCTU1234";
    return who == 'R' ? m->at : life.c->nodes[strchr(words, who) - words];
}

static bool register_it(struct matter *m)
{
    struct cl_command x;
    cl_intake(&x, "Wang Cuihua", text_of(m, TEXT_MAX));
    struct cl_result r = cl_do(m->at, &x);
    if (!r.answered || r.err != DP_OK)
        return false;
    dp_name_format(&r.name, m->name);
    life.counted.matters++;
    return true;
}

static bool go_on(struct matter *m, const struct script_step *s)
{
    struct cl_command x;
    char to[DP_OFFICE_TEXT] = "";
    struct cl_node *n = node_of(m, s->who);
    if (s->to != 0)
        cl_office(node_of(m, s->to), to);
    life_step(n, &x, s->kind, m->name)->to = to;
    if (s->kind != DP_KIND_SIGN)
        cl_text(&x, text_of(m, 1000));
    struct cl_result r = cl_do(n, &x);
    if (getenv("LIFE_TRACE") != NULL && (!r.answered || r.err != DP_OK))
        fprintf(stderr, "%s %s: %s %s\n", n->text, dp_kind_word(s->kind), dp_err_name(r.err), r.text);
    return r.answered && r.err == DP_OK;
}

static void note(struct matter *m)
{
    struct cl_command x;
    (void)life_step(m->at, &x, DP_KIND_NOTE, m->name);
    cl_text(&x, text_of(m, 500));
    (void)cl_do(m->at, &x);
}

static void acts(void *ctx)
{
    struct matter *m = ctx;
    const struct script_step *s = m->done == 0 ? NULL : &m->script->step[m->done - 1];
    int64_t wait;
    bool ok;
    if (s != NULL && s->kind == 0) {
        life.counted.closed++;
        return;
    }
    if (s != NULL && m->tries == 0 && dp_rng_below(&m->dice, 10) == 0)
        note(m);
    ok = s == NULL ? register_it(m) : go_on(m, s);
    m->done += ok;
    m->tries = ok ? 0 : m->tries + 1;
    life.counted.steps += ok;
    if (m->tries > TRIES_MAX) {
        life.counted.given_up++;
        return;
    }
    wait = ok ? delay_ms(m) : HOUR_MS;
    cl_at(life.c, &m->next, life_moment_us(&m->dice, life.c->now_ms, wait));
}

/* ---- which ---- */

static const struct script *script_of(struct dp_rng *dice)
{
    uint32_t all = 0;
    const struct script *s = scripts;
    for (size_t i = 0; i < SCRIPTS; i++)
        all += scripts[i].weight;
    for (uint64_t at = dp_rng_below(dice, all); at >= s->weight; s++)
        at -= s->weight;
    return s;
}

static void plan(struct matter *m, uint64_t seed, uint32_t number, int days)
{
    m->dice = sim_stream(seed, "matter", number);
    m->script = script_of(&m->dice);
    m->at = node_of(m, m->script->from[dp_rng_below(&m->dice, strlen(m->script->from))]);
    int64_t from = (int64_t)dp_rng_below(&m->dice, (uint64_t)(days * DAY_MS));
    cl_event_init(life.c, &m->next, acts, m);
    cl_at(life.c, &m->next, life_moment_us(&m->dice, life.c->now_ms, from));
}

/* Of 8 offices about one matter a working day, and half as much again or less in a quiet quarter. */
void life_begin(struct cluster *c, uint64_t seed, int days)
{
    struct dp_rng dice = sim_stream(seed, "quarter", 0);
    life.c = c;
    life.count = (uint32_t)(days * (3 + (int)dp_rng_below(&dice, 5)) / 7) + 1;
    life.matter = calloc(life.count, sizeof(*life.matter));
    assert_non_null(life.matter);
    for (uint32_t i = 0; i < life.count; i++)
        plan(&life.matter[i], seed, i, days);
}
