/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk of an office: who comes is heard, with whom it is about where it is an accusation, and said to the
 * node until it answers; now and then a part is erased. The root publishes the editions that dates are
 * counted by. See work.h.
 */
#include "sim/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oracle.h"
#include "support/cmocka_all.h"

#define HOUR_US INT64_C(3600000000)
#define EDITIONS_MAX 6

static bool often(struct sim_agent *a, uint32_t percent)
{
    return dp_rng_below(&a->dice, 100) < percent;
}

/* ---- a slip ---- */

/* Nobody in particular, the own office, or one near by, and sometimes two. */
static void name_respondents(struct sim_agent *a, struct sim_slip *p)
{
    for (uint64_t n = dp_rng_below(&a->dice, 3); n > 0; n--) {
        char *to = p->respondent[p->respondents];
        snprintf(to, DP_OFFICE_TEXT, "%s", a->office);
        if (dp_rng_below(&a->dice, 3) > 0)
            (void)work_near(a, dp_rng_below(&a->dice, 2) == 0, to);
        p->respondents++;
    }
}

static void fill_in(struct sim_agent *a, struct sim_slip *p)
{
    const struct sim_habits *h = &a->s->work->habits;
    *p = (struct sim_slip){.taken = true};
    snprintf(p->mark, sizeof(p->mark), "slip %u-%u", a->n->index, a->slips++);
    p->by_source = often(a, 25);
    p->two = dp_rng_below(&a->pen, 100) < 30;
    for (unsigned i = 0; i < sizeof(p->token); i++)
        p->token[i] = (uint8_t)dp_rng_below(&a->dice, 256);
    p->flags = often(a, h->urgent) ? DP_REG_URGENT : 0;
    p->purpose = often(a, h->accusation) ? DP_PURPOSE_ACCUSATION : DP_PURPOSE_CLAIM;
    if (p->purpose == DP_PURPOSE_ACCUSATION)
        name_respondents(a, p);
}

bool work_hear(struct sim_agent *a)
{
    struct cl_command x;
    struct sim_slip *p = &a->slip;
    if (!p->taken)
        fill_in(a, p);
    struct dp_intake *in = cl_intake(&x, "Wang Cuihua", "the road to the upper hamlet is washed out");
    in->purpose = p->purpose;
    in->flags = p->flags;
    in->national_no = p->mark;
    in->respondent_count = p->respondents;
    for (uint8_t i = 0; i < p->respondents; i++)
        in->respondents[i] = p->respondent[i];
    if (p->by_source) {
        in->source_system = "counter";
        in->source_no = p->mark;
    } else {
        x.cmd.u.step.token = dp_slice_of(p->token, sizeof(p->token));
    }
    work_pen_intake(a, &x);
    struct cl_result r = work_do(a, &x);
    p->taken = !r.answered;
    if (r.answered && r.err == DP_OK && r.name.seq != 0) {
        char ref[DP_NAME_TEXT];
        dp_name_format(&r.name, ref);
        work_pen_wrote(a, ref, &r.name, 0);
    }
    return r.answered;
}

/* ---- erasing ---- */

void work_erase(struct sim_agent *a, const char *ref)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_ERASE, ref);
    s->re = ref; /* the name of a case is that of its register entry */
    s->index = (uint32_t)dp_rng_below(&a->dice, 2);
    s->code = 1;
    (void)work_do(a, &x);
}

/* ---- editions ---- */

static struct publishing {
    struct sim *s;
    struct dp_rng dice;
    struct cl_event next;
    unsigned edition;
    bool profile; /* next is a profile */
} publishing;

/* Rest days of a year as they might be decided: the edition moves one of them. */
static int calendar_text(unsigned edition, char *out, size_t cap)
{
    return snprintf(out, cap,
                    "# id: cn-rest-days\n# edition: %u\ndate,kind,name\n2026-03-%02u,rest,a\n"
                    "2026-03-%02u,work,b\n2026-04-06,rest,c\n2026-05-01,rest,d\n2026-05-04,rest,d\n",
                    edition, 16 + edition, 7 * (1 + edition % 3));
}

static int profile_text(unsigned edition, char *out, size_t cap)
{
    return snprintf(out, cap,
                    "[profile]\nid = national-r22\nedition = %u\nvalid-from = 2022-05-01\n"
                    "[triage]\ndays = %u\n[object]\ndays = 5\nworking = yes\n[accept]\ndays = %u\n"
                    "[handle]\ndays = 60\nmax-extend = 30\n[report_back]\ndays = 0\n[order]\ndays = 30\n"
                    "[sign]\ndays = 1\nworking = yes\n[objection_answer]\ndays = 2\nworking = yes\n"
                    "[review_window]\ndays = 30\n[remind]\ndays = 2\nworking = yes\n",
                    edition, 14 + edition, 13 + edition);
}

static void publish(void *ctx)
{
    struct publishing *x = ctx;
    struct sim_agent *root = &x->s->agents[0];
    struct cl_command c;
    char text[1024];
    int n = (x->profile ? profile_text : calendar_text)(x->edition, text, sizeof(text));
    struct dp_admin *a = cl_admin(&c, x->profile ? "profile.publish" : "calendar.publish");
    a->path = x->profile ? "national-r22.conf" : "cn-2026.csv";
    a->data = dp_slice_of((const uint8_t *)text, (size_t)n);
    struct cl_result r = cl_do_as(root->n, root->uid, &c);
    trace_say(x->s, root->n, "publishes %s %u: %s", x->profile ? "profile" : "calendar", x->edition,
              r.answered ? dp_err_name(r.err) : "no answer");
    if (r.answered && r.err == DP_OK) {
        x->edition += x->profile;
        x->profile = !x->profile;
    }
    if (x->edition <= EDITIONS_MAX)
        cl_at(x->s->c, &x->next,
              x->s->c->now_us + 1 + (int64_t)dp_rng_below(&x->dice, 8 * (uint64_t)HOUR_US));
}

void work_publish_begin(struct sim *s)
{
    publishing = (struct publishing){.s = s, .edition = 1, .dice = sim_stream(s->opt.seed, "editions", 0)};
    cl_event_init(s->c, &publishing.next, publish, &publishing);
    if (!sim_is_off(s, s->agents[0].n->text))
        cl_at(s->c, &publishing.next,
              s->c->now_us + (int64_t)dp_rng_below(&publishing.dice, 2 * (uint64_t)HOUR_US));
}

void work_publish_end(void)
{
    cl_take_back(publishing.s->c, &publishing.next);
}
