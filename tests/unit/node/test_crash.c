/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories with crashes at commits, crashes between commit and send, cuts and broken connections. At
 * the end nothing acknowledged is missing at the city, nothing is there twice, and everybody who holds a case
 * sees the same state (R-STO-1, R-ACK-1, R-ACK-3, R-JRN-1, R-HEL-1, R-HEL-2).
 *
 * One history: CRASH_SEED=17 test_node_crash; more of them: CRASH_SEEDS=5000 test_node_crash
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cluster.h"
#include "support/cmocka_all.h"

#define SEEDS 48
#define ACTIONS 160
#define CASES_MAX 64
#define ACKED_MAX 4096

static const char *const places[] = {"331000000000", "331023000000", "331023105000", "331023106000",
                                     "331023105001", "331023105002", "331023106001"};
#define PLACES (sizeof(places) / sizeof(places[0]))

struct history {
    struct cluster *c;
    struct dp_name cases[CASES_MAX];
    uint32_t case_count;
    struct dp_name acked[ACKED_MAX];
    uint32_t acked_of[ACKED_MAX]; /* index of its case */
    uint32_t acked_count;
};

static struct cluster *ground; /* enrolled once; each history starts from a copy */
static uint64_t crashes_before, crashes_after, unanswered, running;

static int build_ground(void **state)
{
    (void)state;
    ground = cluster_new(6);
    struct cl_node *city = cl_root(ground, places[0]);
    struct cl_node *county = cl_enroll(ground, city, places[1]);
    struct cl_node *a = cl_enroll(ground, county, places[2]);
    struct cl_node *b = cl_enroll(ground, county, places[3]);
    cl_enroll(ground, a, places[4]);
    cl_enroll(ground, a, places[5]);
    cl_enroll(ground, b, places[6]);
    assert_true(cluster_settle(ground, 600000));
    return 0;
}

static int drop_ground(void **state)
{
    (void)state;
    cluster_free(&ground);
    return 0;
}

static uint32_t below(struct history *h, uint32_t n)
{
    return (uint32_t)dp_rng_below(&h->c->rng, n);
}

static void note(struct history *h, uint32_t of_case, const struct cl_result *r)
{
    unanswered += !r->answered;
    if (!r->answered || r->err != DP_OK || h->acked_count == ACKED_MAX)
        return;
    h->acked[h->acked_count] = r->name;
    h->acked_of[h->acked_count++] = of_case;
}

static void do_register(struct history *h, struct cl_node *n)
{
    struct cl_command x;
    if (h->case_count == CASES_MAX || (h->case_count > 6 && below(h, 4) != 0))
        return;
    struct dp_intake *in = cl_intake(&x, "Zhang", "a matter");
    if (below(h, 6) == 0)
        in->flags = DP_REG_URGENT;
    struct cl_result r = cl_do(n, &x);
    if (r.answered && r.err == DP_OK)
        h->cases[h->case_count++] = r.name;
    note(h, h->case_count - 1, &r);
}

/* Where a step of this kind could go from here: up, or down. */
static const char *office_for(struct history *h, const struct cl_node *n, uint32_t kind,
                              char out[DP_OFFICE_TEXT])
{
    const struct cl_node *to = n;
    for (uint32_t tries = 0; tries < 20; tries++) {
        to = h->c->nodes[below(h, h->c->node_count)];
        bool fits = kind == DP_KIND_REFER_UP ? dp_node_covers(to->id, n->id) : dp_node_covers(n->id, to->id);
        if (fits && to != n)
            break;
    }
    snprintf(out, DP_OFFICE_TEXT, "%s/%s", to->text,
             dp_node_tier(to->id) == DP_TIER_VILLAGE ? "station" : "bureau");
    return out;
}

static void fill(struct history *h, const struct cl_node *n, struct dp_step *s, char to[DP_OFFICE_TEXT])
{
    switch (s->kind) {
    case DP_KIND_REFER_UP:
    case DP_KIND_TRANSFER:
    case DP_KIND_ASSIGN:
    case DP_KIND_DESIGNATE:
    case DP_KIND_SUPERVISE:
        s->to = office_for(h, n, s->kind, to);
        s->code = s->kind == DP_KIND_SUPERVISE ? 4 : 0;
        s->code2 = s->kind == DP_KIND_SUPERVISE ? 2 : 0;
        s->due.day = 20560;
        break;
    case DP_KIND_SERVE:
        s->code = s->code2 = 1;
        s->date.day = 20520;
        break;
    case DP_KIND_EVALUATE:
        s->code = s->code2 = s->code3 = 1;
        break;
    case DP_KIND_OPINION:
    case DP_KIND_ANSWER:
    case DP_KIND_OBJECTION_ANSWER:
    case DP_KIND_REPORT_BACK:
        s->code = 1;
        break;
    case DP_KIND_CLOSE:
        s->code = DP_CLOSE_WITHDRAWN;
        break;
    case DP_KIND_EXTEND:
        s->days = 20;
        break;
    default:
        break;
    }
}

/* Closing ends a history early, orders and notes are always possible: the other kinds are more interesting.
 */
static uint32_t choose(struct history *h, uint64_t kinds)
{
    uint32_t list[64], n = 0;
    for (uint32_t k = 1; k < 64; k++) {
        bool dull =
            k == DP_KIND_CLOSE || k == DP_KIND_NOTE || k == DP_KIND_SUPERVISE || k == DP_KIND_GUIDE_OUT;
        bool other = k == DP_KIND_LINK || k == DP_KIND_REFUSE_DUPLICATE || k == DP_KIND_SPLIT ||
                     k == DP_KIND_ATTACHMENT;
        if ((kinds >> k & 1) != 0 && !other && (!dull || below(h, 8) == 0))
            list[n++] = k;
    }
    return n == 0 ? DP_KIND_NOTE : list[below(h, n)];
}

/* A step that the node itself names as valid. */
static void do_step(struct history *h, struct cl_node *n)
{
    struct cl_command x;
    char ref[DP_NAME_TEXT], to[DP_OFFICE_TEXT];
    uint32_t kind = DP_KIND_REPORT_BACK, k = 0;
    if (h->case_count == 0)
        return;
    for (uint32_t tries = 0; tries < 8; tries++) {
        k = below(h, h->case_count);
        if (cl_facts(n, &h->cases[k]) > 0)
            break;
    }
    dp_name_format(&h->cases[k], ref);
    for (uint32_t tries = 0; tries < 3 && n->d != NULL; tries++) {
        fill(h, n, cl_step(&x, (enum dp_kind)kind, ref), to);
        cl_text(&x, "text");
        struct cl_result r = cl_do(n, &x);
        note(h, k, &r);
        if (!r.answered || r.err != DP_STEP_INVALID)
            return;
        kind = choose(h, r.valid_kinds);
    }
}

static void do_fault(struct history *h)
{
    struct cluster *c = h->c;
    struct cl_node *n = c->nodes[below(h, c->node_count)];
    struct cl_link *l = c->links[below(h, c->link_count)];
    struct cl_node *child = c->nodes[l->child], *parent = c->nodes[l->parent];
    switch (below(h, 9)) {
    case 0:
    case 1:
        n->crash_next = CL_CRASH_BEFORE_COMMIT;
        break;
    case 2:
    case 3:
    case 4:
        n->crash_next = CL_CRASH_AFTER_COMMIT;
        break;
    case 5:
        cl_break(c, l, true);
        break;
    case 6:
        cl_cut(c, l);
        break;
    case 7: /* R-RSD-1 */
        if (below(h, 2) == 0)
            cl_renew(child, parent);
        else
            cl_renew(parent, child);
        break;
    default:
        cl_mend(l);
        break;
    }
}

static void mend_all(struct cluster *c)
{
    for (uint32_t i = 0; i < c->link_count; i++)
        cl_mend(c->links[i]);
    for (uint32_t i = 0; i < c->node_count; i++) {
        c->nodes[i]->crash_next = CL_CRASH_NONE;
        if (c->nodes[i]->d == NULL)
            cl_start(c->nodes[i]);
    }
}

static void run(struct history *h)
{
    for (uint32_t i = 0; i < ACTIONS; i++) {
        struct cl_node *n = h->c->nodes[below(h, h->c->node_count)];
        if (below(h, 4) == 0)
            do_fault(h);
        if (n->d != NULL && below(h, 5) == 0)
            do_register(h, n);
        else if (n->d != NULL)
            do_step(h, n);
        cluster_run(h->c, (int64_t)below(h, 3) * below(h, 3000));
    }
}

/* ---- the end of a history ---- */

static bool holds(struct cl_node *n, const struct dp_name *of_case, const struct dp_name *entry)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of_case};
    struct dp_casefile f;
    struct dp_slice packed;
    bool found = false;
    assert_ok(dp_db_begin(&db, false));
    dp_casefile_init(&f, &s);
    if (dp_db_case(&db, &s, &packed) == DP_OK) {
        assert_ok(dp_casefile_unpack(packed, &f));
        found = dp_casefile_find(&f, entry) != DP_FACT_NONE;
    }
    dp_casefile_fini(&f);
    dp_db_abort(&db);
    return found;
}

static void check_nothing_lost(struct history *h)
{
    char text[DP_NAME_TEXT];
    for (uint32_t i = 0; i < h->acked_count; i++)
        if (!holds(h->c->nodes[0], &h->cases[h->acked_of[i]], &h->acked[i])) {
            dp_name_format(&h->acked[i], text);
            fail_msg("%s was acknowledged and is not at the city", text);
        }
}

/* Every chain is at the city up to its last entry, and not beyond. */
static void check_chains(struct history *h)
{
    struct dp_db db = {.kv = h->c->nodes[0]->kv};
    assert_ok(dp_db_begin(&db, false));
    for (uint32_t i = 1; i < h->c->node_count; i++) {
        const struct cl_node *n = h->c->nodes[i];
        struct dp_chain_row row = {0};
        assert_ok(dp_db_chain(&db, n->id, n->d->own.inc, &row));
        assert_int_equal(row.seq, n->d->own.seq);
        assert_int_equal(row.number, n->d->own.block);
        assert_true(dp_digest_eq(&row.digest, &n->d->own.head));
    }
    dp_db_abort(&db);
}

static void check_same_states(struct history *h)
{
    char text[DP_NAME_TEXT];
    for (uint32_t k = 0; k < h->case_count; k++) {
        struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = h->cases[k]};
        struct dp_digest city, d;
        uint32_t facts = cl_facts(h->c->nodes[0], &h->cases[k]);
        dp_name_format(&h->cases[k], text);
        assert_true(cl_digest(h->c->nodes[0], &s, &city));
        for (uint32_t i = 1; i < h->c->node_count; i++) {
            struct cl_node *n = h->c->nodes[i];
            if (!cl_digest(n, &s, &d))
                continue;
            if (cl_facts(n, &h->cases[k]) == facts && dp_digest_eq(&city, &d))
                continue;
            cl_print(h->c->nodes[0], &h->cases[k]);
            cl_print(n, &h->cases[k]);
            fail_msg("%s at %s: %u facts, another state than the city's with %u", text, n->text,
                     cl_facts(n, &h->cases[k]), facts);
        }
    }
}

/* Who holds a case can read what it is about, and so can who registered it (R-PRT-1, R-PRT-2). */
static void check_content(struct history *h)
{
    char text[DP_NAME_TEXT];
    struct dp_part_text t;
    for (uint32_t k = 0; k < h->case_count; k++) {
        struct dp_office holder;
        assert_true(cl_custodian(h->c->nodes[0], &h->cases[k], &holder));
        dp_name_format(&h->cases[k], text);
        for (uint32_t i = 0; i < h->c->node_count; i++) {
            struct cl_node *n = h->c->nodes[i];
            bool must = dp_node_eq(n->id, holder.node) || dp_node_eq(n->id, h->cases[k].origin);
            if (!must || cl_read(n, &h->cases[k], 0, &t) == DP_OK)
                continue;
            cl_print(h->c->nodes[0], &h->cases[k]);
            fail_msg("%s cannot read %s, held by %llu", n->text, text, (unsigned long long)holder.node.v);
        }
    }
}

static void check_nobody_stopped(struct history *h)
{
    for (uint32_t i = 0; i < h->c->node_count; i++) {
        const struct cl_node *n = h->c->nodes[i];
        if (n->d->stopped != DP_STOP_NONE || n->d->n.refused_out != 0 || n->d->n.quarantined != 0)
            fail_msg("%s: stopped %s, refused %llu, quarantined %llu", n->text, dp_stop_name(n->d->stopped),
                     (unsigned long long)n->d->n.refused_out, (unsigned long long)n->d->n.quarantined);
    }
}

static void one_history(uint64_t seed)
{
    struct history h = {.c = cluster_copy(ground, seed)};
    h.c->batch_max = 1 + (uint32_t)(seed % 7);
    cluster_run(h.c, 5000);
    run(&h);
    mend_all(h.c);
    if (!cluster_settle(h.c, 24 * 3600000))
        fail_msg("it does not come to rest");
    check_nobody_stopped(&h);
    check_nothing_lost(&h);
    check_chains(&h);
    check_same_states(&h);
    check_content(&h);
    crashes_before += h.c->crashes_before;
    crashes_after += h.c->crashes_after;
    cluster_free(&h.c);
}

static void test_crashes_lose_nothing_and_double_nothing(void **state)
{
    const char *one = getenv("CRASH_SEED"), *many = getenv("CRASH_SEEDS");
    uint64_t seeds = many == NULL ? SEEDS : strtoull(many, NULL, 10);
    (void)state;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        if (one != NULL && strtoull(one, NULL, 10) != seed)
            continue;
        running = seed;
        one_history(seed);
    }
    print_message("%u crashes before the commit, %u between commit and send, %u commands without answer\n",
                  (unsigned)crashes_before, (unsigned)crashes_after, (unsigned)unanswered);
    if (one != NULL)
        return;
    assert_true(crashes_before + crashes_after >= 300);
    assert_true(crashes_after * 10 >= (crashes_before + crashes_after) * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crashes_lose_nothing_and_double_nothing),
    };
    return cmocka_run_group_tests(tests, build_ground, drop_ground);
}
