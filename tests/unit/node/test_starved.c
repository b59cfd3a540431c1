/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small allocation of a township fails, each in its turn: while it works for itself, while it takes what
 * village and county send, and while it passes on. It goes on living, it says so to whoever asked, and all
 * come to the same without a word from outside (R-STO-1, R-QUA-1). What may be shown to nobody, though nobody
 * knows whether it may for want of memory, is not shown (R-N3-3).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "node/daemon.h"
#include "store/kv_lmdb.h"
#include "support/cluster.h"
#include "support/cmocka_all.h"

#define SETTLE_MS 600000
#define IDLE_MS 20000 /* after which it has given back the memory of its last work */
#define ROUNDS_MAX 4000
#define DRY_ROUNDS 3

/* ---- an allocation that fails ---- */

static struct {
    const struct dp_daemon *of;
    bool inside;   /* of a call into it, and not of what it calls outside */
    uint64_t left; /* 0: none fails */
    uint64_t fired;
} heap;

static bool fails(void)
{
    if (!heap.inside || heap.left == 0 || --heap.left > 0)
        return false;
    heap.fired++;
    return true;
}

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__real_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes)
{
    return fails() ? NULL : __real_calloc(n, bytes);
}

void *__real_realloc(void *p, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes)
{
    return fails() ? NULL : __real_realloc(p, bytes);
}

/* ---- what is inside the daemon, and what is not ---- */

#define INSIDE(result, name, params, args)                                                                   \
    result __real_##name params;                                                                             \
    result __wrap_##name params;                                                                             \
    result __wrap_##name params                                                                              \
    {                                                                                                        \
        bool was = heap.inside;                                                                              \
        heap.inside = d == heap.of;                                                                          \
        result r = __real_##name args;                                                                       \
        heap.inside = was;                                                                                   \
        return r;                                                                                            \
    }

#define INSIDE_VOID(name, params, args)                                                                      \
    void __real_##name params;                                                                               \
    void __wrap_##name params;                                                                               \
    void __wrap_##name params                                                                                \
    {                                                                                                        \
        bool was = heap.inside;                                                                              \
        heap.inside = d == heap.of;                                                                          \
        __real_##name args;                                                                                  \
        heap.inside = was;                                                                                   \
    }

INSIDE(enum dp_err, dp_daemon_begin, (struct dp_daemon * d), (d))
INSIDE(enum dp_err, dp_daemon_end, (struct dp_daemon * d), (d))
INSIDE_VOID(dp_daemon_pump, (struct dp_daemon * d), (d))
INSIDE_VOID(dp_daemon_frame, (struct dp_daemon * d, struct dp_node peer, struct dp_slice frame),
            (d, peer, frame))
INSIDE_VOID(dp_daemon_link_up, (struct dp_daemon * d, struct dp_node peer), (d, peer))
INSIDE_VOID(dp_daemon_link_down, (struct dp_daemon * d, struct dp_node peer), (d, peer))
INSIDE_VOID(dp_daemon_request,
            (struct dp_daemon * d, uint64_t conn, uint32_t uid, const struct dp_request *rq),
            (d, conn, uid, rq))

enum dp_err __real_cl_line_send(void *ctx, struct dp_node to, struct dp_slice frame);
enum dp_err __wrap_cl_line_send(void *ctx, struct dp_node to, struct dp_slice frame);
enum dp_err __wrap_cl_line_send(void *ctx, struct dp_node to, struct dp_slice frame)
{
    bool was = heap.inside;
    heap.inside = false;
    enum dp_err e = __real_cl_line_send(ctx, to, frame);
    heap.inside = was;
    return e;
}

void __real_cl_line_drop(void *ctx, struct dp_node peer);
void __wrap_cl_line_drop(void *ctx, struct dp_node peer);
void __wrap_cl_line_drop(void *ctx, struct dp_node peer)
{
    bool was = heap.inside;
    heap.inside = false;
    __real_cl_line_drop(ctx, peer);
    heap.inside = was;
}

/* Stores on disk: their memory is not of our heap. */
static struct dp_kv *open_store(void *ctx, struct cl_node *n)
{
    char dir[CL_DIR_MAX + 8], why[256];
    struct dp_kv *kv;
    (void)ctx;
    snprintf(dir, sizeof dir, "%s/store", n->dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_ok(dp_kv_lmdb_open(dir, 256u << 20, &kv, why, sizeof why));
    return kv;
}

/* ---- the history ---- */

struct world {
    struct cluster *c;
    struct cl_node *county, *township, *village;
};

/* Until it is done, as a person would try again. */
static struct cl_result insist(struct cl_node *n, const struct cl_command *x)
{
    struct cl_result r = {0};
    for (unsigned i = 0; i < 60; i++) {
        r = cl_do(n, x);
        if (r.answered && (r.err == DP_OK || r.err == DP_DUPLICATE))
            return r;
        if (r.answered && r.err != DP_NOMEM && r.err != DP_INTAKE_STOPPED && r.err != DP_INTERNAL &&
            r.err != DP_NOT_FOUND)
            fail_msg("refused with %s: %s", dp_err_text(r.err), r.text);
        cluster_run(n->c, 2000);
    }
    fail_msg("not done in two minutes: %s %s", dp_err_text(r.err), r.text);
    return r;
}

static struct cl_result registered(struct cl_node *n, uint64_t round)
{
    struct cl_command x;
    char no[32];
    cl_intake(&x, "petitioner", "the well is dry");
    snprintf(no, sizeof no, "%c%u", n->text[11], (unsigned)round);
    x.intake.source_system = "test";
    x.intake.source_no = no;
    x.intake.respondents[0] = "331023105200/committee"; /* matters only when it is locked */
    x.intake.respondent_count = 1;
    return insist(n, &x);
}

/* As a client says it: for want of memory the answer may be lost, and it is done once (R-CTL-2). */
static struct dp_slice token(void)
{
    static char text[32];
    static unsigned count;
    snprintf(text, sizeof text, "starved-client-%08u", ++count);
    return dp_slice_str(text);
}

static void passed_on(struct cl_node *n, enum dp_kind kind, const char *number, const char *to)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, kind, number);
    s->to = to;
    s->token = token();
    (void)insist(n, &x);
}

static void same_at_both(struct cl_node *a, struct cl_node *b, const struct dp_name *name, uint64_t round)
{
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *name};
    struct dp_digest one, other;
    if (!cl_digest(a, &s, &one) || !cl_digest(b, &s, &other) || !dp_digest_eq(&one, &other))
        fail_msg("allocation %u: %s and %s do not hold the same", (unsigned)round, a->text, b->text);
}

/* What is owed to the village when the line comes up. */
struct owed {
    struct cl_result hidden; /* locked by hand since: nothing of it goes */
    struct cl_result plain;  /* goes, but for the entry that names a locked one */
    uint32_t facts;          /* of `plain`, before what `arrive` adds */
};

static struct cl_result given(struct world *w, uint64_t round)
{
    struct cl_result r = registered(w->township, round);
    passed_on(w->township, DP_KIND_TRANSFER, r.number, "331023105200/hall");
    return r;
}

static void named(struct world *w, const char *number, const char *other)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_LINK, number);
    s->other = other;
    s->code = 1;
    s->token = token();
    (void)insist(w->township, &x);
}

static void owe(struct world *w, uint64_t n, struct owed *o)
{
    struct cl_command x;
    struct cl_result open = registered(w->township, 4 * n + ROUNDS_MAX);
    struct cl_result locked = registered(w->township, 4 * n + ROUNDS_MAX + 1);
    o->hidden = given(w, 4 * n + ROUNDS_MAX + 2);
    o->plain = given(w, 4 * n + ROUNDS_MAX + 3);
    named(w, o->plain.number, open.number);
    named(w, o->plain.number, locked.number);
    o->facts = cl_facts(w->township, &o->plain.name);
    cl_step(&x, DP_KIND_LOCK, locked.number)->code = 1;
    (void)insist(w->township, &x);
    cl_step(&x, DP_KIND_LOCK, o->hidden.number)->code = 1;
    (void)insist(w->township, &x);
}

static void assert_sent(struct world *w, const struct owed *o, uint64_t round)
{
    uint32_t n = cl_facts(w->village, &o->plain.name);
    if (cl_facts(w->village, &o->hidden.name) != 0)
        fail_msg("allocation %u: the village has a matter that was locked (R-N3-3)", (unsigned)round);
    if (n != o->facts) /* without the one that is kept back, with its own `arrive` */
        fail_msg("allocation %u: the village has %u entries of a matter, not %u", (unsigned)round, n,
                 o->facts);
}

static void one_round(struct world *w, uint64_t n)
{
    cluster_run(w->c, IDLE_MS);
    cl_cut(w->c, cl_link_of(w->c, w->village));
    struct cl_result up = registered(w->village, n);
    passed_on(w->village, DP_KIND_REFER_UP, up.number, "331023105000/bureau");
    struct cl_result down = registered(w->county, n);
    passed_on(w->county, DP_KIND_TRANSFER, down.number, "331023105000/bureau");
    struct owed owed;
    owe(w, n, &owed);
    cluster_run(w->c, IDLE_MS);
    heap.left = n;
    cl_mend(cl_link_of(w->c, w->village));
    struct cl_result own = registered(w->township, n);
    assert_true(cluster_settle(w->c, SETTLE_MS));
    passed_on(w->township, DP_KIND_ACCEPT, up.number, "");
    passed_on(w->township, DP_KIND_ACCEPT, down.number, "");
    assert_true(cluster_settle(w->c, SETTLE_MS));
    passed_on(w->township, DP_KIND_TRANSFER, up.number, "331023105200/hall");
    assert_true(cluster_settle(w->c, SETTLE_MS));
    heap.left = 0;
    same_at_both(w->township, w->county, &own.name, n);
    same_at_both(w->township, w->county, &down.name, n);
    same_at_both(w->village, w->county, &up.name, n);
    same_at_both(w->village, w->township, &up.name, n);
    assert_sent(w, &owed, n);
    assert_int_equal(dp_daemon_stopped(w->township->d), DP_STOP_NONE);
}

static void each_allocation_may_fail(void **state)
{
    struct world w = {.c = cluster_new(17)};
    unsigned dry = 0;
    uint64_t n;
    (void)state;
    w.c->stores = (struct cl_stores){open_store, NULL, NULL};
    w.county = cl_root(w.c, "331023000000");
    w.township = cl_enroll(w.c, w.county, "331023105000");
    w.village = cl_enroll(w.c, w.township, "331023105200");
    assert_true(cluster_settle(w.c, SETTLE_MS));
    assert_ok(dp_buf_reserve(&w.c->reply, 1u << 20)); /* of the harness */
    heap.of = w.township->d;
    for (n = 1; dry < DRY_ROUNDS; n++) {
        uint64_t before = heap.fired;
        assert_true(n < ROUNDS_MAX);
        one_round(&w, n);
        dry = heap.fired > before ? 0 : dry + 1;
    }
    print_message("%u of %u allocations failed\n", (unsigned)heap.fired, (unsigned)n - 1);
    assert_true(heap.fired > 40);
    heap.of = NULL;
    cluster_free(&w.c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
