/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of local programs: each gets one answer (R-CTL-3), with its results in order or the word that one
 * does not fit (R-CTL-4), within bounded turns and bounded memory, beside steps that succeed (R-CTL-5),
 * whoever else asks (R-CTL-6). And what is kept of who looked a person up (R-N4-2, R-N4-3, R-N4-4).
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.pb-c.h"
#include "node/calls.h"
#include "node/finds.h"
#include "support/cluster.h"
#include "support/cmocka_all.h"

#define CITY "331000000000"
#define COUNTY "331023000000"
#define TOWN "331023105000"
#define IMPORTED 3100
#define A_TURN 1000
#define OTHER_UID 4711
#define ENOUGH_TURNS 4000

typedef Daipao__Control__V1__Reply reply_msg;

struct heard {
    uint64_t conn;
    reply_msg *r;
    unsigned turn;
};

static struct world {
    struct cluster *c;
    struct cl_node *city, *county, *town;
    struct heard heard[1200];
    unsigned heard_count, turns;
    struct dp_transport was;
} w;

/* ---- many requests to one node, and their replies ---- */

static void hear(void *ctx, uint64_t conn, struct dp_slice bytes)
{
    reply_msg *r = daipao__control__v1__reply__unpack(NULL, bytes.len, bytes.p);

    (void)ctx;
    assert_non_null(r);
    assert_true(w.heard_count < sizeof(w.heard) / sizeof(w.heard[0]));
    w.heard[w.heard_count++] = (struct heard){conn, r, w.turns};
}

static void listen_at(struct cl_node *n)
{
    w.was = n->d->port.transport;
    n->d->port.transport.reply = hear;
    w.heard_count = w.turns = 0;
}

static void forget(struct cl_node *n)
{
    n->d->port.transport = w.was;
    for (unsigned i = 0; i < w.heard_count; i++)
        daipao__control__v1__reply__free_unpacked(w.heard[i].r, NULL);
    w.heard_count = 0;
}

static const struct heard *heard_of(uint64_t conn)
{
    const struct heard *h = NULL;

    for (unsigned i = 0; i < w.heard_count; i++) {
        if (w.heard[i].conn != conn)
            continue;
        assert_null(h); /* one answer, and no more */
        h = &w.heard[i];
    }
    return h;
}

static void one_turn(struct cl_node *n)
{
    assert_ok(dp_daemon_end(n->d));
    w.turns++;
}

static void until_all_are_heard(struct cl_node *n, unsigned count)
{
    while (w.heard_count < count) {
        assert_true(w.turns < ENOUGH_TURNS);
        assert_true(dp_daemon_wants_turn(n->d));
        assert_ok(dp_daemon_begin(n->d));
        one_turn(n);
    }
    assert_false(dp_calls_wait(n->d));
}

static struct dp_command question(const char *what)
{
    struct cl_command x;

    cl_query(&x, what);
    return x.cmd;
}

/* ---- the world: a township that imports in few turns ---- */

static void import(struct cl_node *n, uint32_t count)
{
    static struct cl_command x[A_TURN];
    static struct dp_command list[A_TURN];

    for (uint32_t i = 0; i < count; i++) {
        cl_intake(&x[i], "Wang Cuihua", "the roof leaks");
        x[i].cmd.u.step.intake = &x[i].intake;
        x[i].cmd.u.step.parts = x[i].part;
        list[i] = x[i].cmd;
    }
    struct dp_request rq = {.id = 1, .as_office = "", .commands = list, .count = count};
    listen_at(n);
    assert_ok(dp_daemon_begin(n->d));
    dp_daemon_request(n->d, 1, cl_uid(n), &rq);
    one_turn(n);
    until_all_are_heard(n, 1);
    assert_int_equal(w.heard[0].r->n_results, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(w.heard[0].r->results[i]->err, DP_OK);
    forget(n);
}

static int set_up(void **state)
{
    (void)state;
    w.c = cluster_new(5);
    w.city = cl_root(w.c, CITY);
    w.county = cl_enroll(w.c, w.city, COUNTY);
    w.town = cl_enroll(w.c, w.county, TOWN);
    for (uint32_t left = IMPORTED; left > 0;) {
        uint32_t n = left < A_TURN ? left : A_TURN;
        import(w.town, n);
        left -= n;
    }
    cl_plan(w.town);
    assert_true(cluster_settle(w.c, 24 * 3600000));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_free(&w.c);
    return 0;
}

/* ---- log ---- */

static json_t *ask(struct cl_node *n, struct cl_command *x)
{
    char *text = cl_ask(n, cl_uid(n), x);
    json_t *v;

    assert_non_null(text);
    v = json_loads(text, 0, NULL);
    assert_non_null(v);
    free(text);
    return v;
}

/* Registrations in the feed, each once, over pages of `limit`. */
static unsigned registrations_in_log(struct cl_node *n, uint32_t limit, unsigned pages_max)
{
    struct cl_command x;
    struct dp_query *q = cl_query(&x, "log");
    unsigned count = 0, pages = 0;
    uint64_t last = 0;
    bool more = true;

    q->limit = limit;
    while (more && pages++ < pages_max) {
        json_t *v = ask(n, &x), *row;
        size_t i;
        assert_true(json_array_size(json_object_get(v, "rows")) <= (limit == 0 ? 1000 : limit));
        json_array_foreach(json_object_get(v, "rows"), i, row)
        {
            uint64_t at = (uint64_t)json_integer_value(json_object_get(row, "cursor"));
            const char *kind = json_string_value(json_object_get(json_object_get(row, "entry"), "kind"));
            assert_true(at > last);
            last = at;
            count += strcmp(kind, "register") == 0;
        }
        q->since = (uint64_t)json_integer_value(json_object_get(v, "cursor"));
        assert_true(q->since >= last);
        more = json_is_true(json_object_get(v, "more"));
        json_decref(v);
    }
    return count;
}

static void a_log_after_an_import_comes_in_pages(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct cl_node *n = i == 0 ? w.county : w.city;
        assert_int_equal(registrations_in_log(n, 0, UINT32_MAX), IMPORTED);
        assert_int_equal(registrations_in_log(n, 700, UINT32_MAX), IMPORTED);
        assert_true(registrations_in_log(n, 1, 40) > 0);
    }
}

/* The memory of a question is that of a page and a case, never of a turn of the feed or of the store. */
static void a_question_is_as_large_as_its_page(void **state)
{
    static const char *const what[] = {"log", "list", "inbox", "errands", "orders", "digest", "offices"};
    struct cl_command x;

    (void)state;
    w.county->d->opt.ask_memory = 96u << 10;
    assert_int_equal(registrations_in_log(w.county, 0, UINT32_MAX), IMPORTED);
    assert_true(registrations_in_log(w.county, 1, 40) > 0);
    for (unsigned i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
        cl_query(&x, what[i]);
        json_decref(ask(w.county, &x));
    }
    w.county->d->opt.ask_memory = 0;
}

static void a_step_beside_a_log_is_done(void **state)
{
    struct cl_command x;
    struct dp_command log = question("log"), both[3];
    struct dp_request asked = {.id = 3, .as_office = "", .commands = &log, .count = 1};
    struct dp_request mixed = {.id = 4, .as_office = "", .commands = both, .count = 3};

    (void)state;
    cl_intake(&x, "Zhao Liu", "the wall has come down");
    x.cmd.u.step.intake = &x.intake;
    x.cmd.u.step.parts = x.part;
    both[0] = log;
    both[1] = x.cmd;
    both[2] = log;
    struct dp_request step = {.id = 5, .as_office = "", .commands = &x.cmd, .count = 1};
    listen_at(w.county);
    assert_ok(dp_daemon_begin(w.county->d));
    for (uint64_t conn = 1; conn <= 3; conn++)
        dp_daemon_request(w.county->d, conn, cl_uid(w.county), &asked);
    dp_daemon_request(w.county->d, 10, cl_uid(w.county), &step);
    dp_daemon_request(w.county->d, 11, cl_uid(w.county), &mixed);
    one_turn(w.county);
    assert_non_null(heard_of(10)); /* it waits for no question */
    assert_int_equal(heard_of(10)->r->results[0]->err, DP_OK);
    until_all_are_heard(w.county, 5);
    for (uint64_t conn = 1; conn <= 3; conn++)
        assert_int_equal(heard_of(conn)->r->results[0]->err, DP_OK);
    assert_int_equal(heard_of(11)->r->n_results, 3);
    assert_string_not_equal(heard_of(11)->r->results[0]->json, "");
    assert_int_equal(heard_of(11)->r->results[1]->err, DP_OK);
    assert_string_not_equal(heard_of(11)->r->results[1]->number, "");
    assert_string_not_equal(heard_of(11)->r->results[2]->json, "");
    forget(w.county);
}

/* ---- many ---- */

static void a_thousand_lists_are_answered_in_order_and_hold_nobody_up(void **state)
{
    static struct dp_command many[DP_COMMANDS_MAX];
    struct dp_command status = question("status");
    struct dp_request rq = {.id = 7, .as_office = "", .commands = many, .count = DP_COMMANDS_MAX};
    struct dp_request other = {.id = 8, .as_office = "", .commands = &status, .count = 1};
    const struct heard *h;

    (void)state;
    for (unsigned i = 0; i < DP_COMMANDS_MAX; i++) {
        many[i] = question(i % 2 == 0 ? "list" : "inbox");
        many[i].u.query.limit = 1 + i % 3;
    }
    listen_at(w.county);
    assert_ok(dp_daemon_begin(w.county->d));
    dp_daemon_request(w.county->d, 1, cl_uid(w.county), &rq);
    dp_daemon_request(w.county->d, 2, OTHER_UID, &other);
    one_turn(w.county);
    assert_non_null(heard_of(2));
    assert_null(heard_of(1));
    until_all_are_heard(w.county, 2);
    h = heard_of(1);
    assert_true(h->turn > 4);
    assert_int_equal(h->r->n_results, DP_COMMANDS_MAX);
    for (unsigned i = 0; i < DP_COMMANDS_MAX; i++) {
        assert_int_equal(h->r->results[i]->err, DP_OK);
        assert_int_equal(strncmp(h->r->results[i]->json, "{\"rows\"", 7) == 0, i % 2 == 0);
    }
    forget(w.county);
}

static void what_does_not_fit_says_so(void **state)
{
    static struct dp_command many[40];
    struct dp_request rq = {.id = 7, .as_office = "", .commands = many, .count = 40};
    unsigned ok = 0, full = 0;
    const reply_msg *r;

    (void)state;
    for (unsigned i = 0; i < 40; i++)
        many[i] = question("list");
    listen_at(w.county);
    assert_ok(dp_daemon_begin(w.county->d));
    dp_daemon_request(w.county->d, 1, cl_uid(w.county), &rq);
    one_turn(w.county);
    until_all_are_heard(w.county, 1);
    r = heard_of(1)->r;
    assert_int_equal(r->n_results, 40);
    for (unsigned i = 0; i < 40; i++) {
        ok += r->results[i]->err == DP_OK;
        full += r->results[i]->err == DP_REPLY_FULL && strstr(r->results[i]->text, "--limit") != NULL;
    }
    assert_true(ok > 0 && full > 0);
    assert_int_equal(ok + full, 40);
    forget(w.county);
}

static void the_newest_of_the_greediest_gives_way(void **state)
{
    struct dp_command list = question("list"), status = question("status");
    struct dp_request rq = {.id = 7, .as_office = "", .commands = &list, .count = 1};
    struct dp_request other = {.id = 8, .as_office = "", .commands = &status, .count = 1};
    unsigned away = 0;

    (void)state;
    listen_at(w.county);
    assert_ok(dp_daemon_begin(w.county->d));
    for (uint64_t conn = 1; conn <= DP_CALLS_MAX + 20; conn++)
        dp_daemon_request(w.county->d, conn, cl_uid(w.county), &rq);
    assert_int_equal(w.heard_count, 20);
    dp_daemon_request(w.county->d, 1000, OTHER_UID, &other);
    dp_daemon_request(w.county->d, 1001, 0, &other);
    assert_int_equal(w.heard_count, 22);
    one_turn(w.county);
    until_all_are_heard(w.county, DP_CALLS_MAX + 22);
    assert_int_equal(heard_of(1000)->r->results[0]->err, DP_OK);
    assert_int_equal(heard_of(1001)->r->results[0]->err, DP_OK);
    assert_int_equal(heard_of(1)->r->results[0]->err, DP_OK);
    for (uint64_t conn = 1; conn <= DP_CALLS_MAX + 20; conn++) {
        const Daipao__Control__V1__Result *m = heard_of(conn)->r->results[0];
        away += m->err == DP_AGAIN && m->text[0] != '\0';
    }
    assert_int_equal(away, 22);
    forget(w.county);
}

/* ---- who looked ---- */

static enum dp_err look(struct cl_node *n, const char *name, char text[sizeof(((struct cl_result *)0)->text)])
{
    struct cl_command x;
    struct dp_query *q = cl_query(&x, "find");
    struct cl_result r;

    q->name = name;
    q->tail = "1234";
    r = cl_do(n, &x);
    assert_true(r.answered);
    snprintf(text, sizeof(r.text), "%s", r.text);
    return r.err;
}

static unsigned finds(struct cl_node *n, unsigned *refused)
{
    struct cl_command x;
    json_t *v, *row;
    size_t i, count;

    cl_query(&x, "finds");
    v = ask(n, &x);
    *refused = 0;
    json_array_foreach(json_object_get(v, "rows"), i, row) *refused +=
        json_is_true(json_object_get(row, "refused"));
    count = json_array_size(json_object_get(v, "rows"));
    json_decref(v);
    return (unsigned)count;
}

static void each_look_leaves_a_record_also_when_it_finds_nothing(void **state)
{
    char text[sizeof(((struct cl_result *)0)->text)];
    unsigned refused, before = finds(w.town, &refused);

    (void)state;
    assert_int_equal(look(w.town, "Nobody At All", text), DP_OK);
    assert_int_equal(finds(w.town, &refused), before + 1);
    assert_int_equal(refused, 0);
}

static void an_officer_has_so_many_looks_in_an_hour(void **state)
{
    char text[sizeof(((struct cl_result *)0)->text)];
    unsigned refused, before = finds(w.city, &refused), kept;

    (void)state;
    w.city->d->opt.finds_an_hour = 5;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(look(w.city, "Nobody At All", text), DP_OK);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(look(w.city, "Nobody At All", text), DP_TOO_OFTEN);
        assert_non_null(strstr(text, "ask again in 60 minutes"));
    }
    kept = finds(w.city, &refused);
    assert_int_equal(kept, before + 5 + 1);
    assert_int_equal(refused, 1);
    cluster_run(w.c, 3600000);
    assert_int_equal(look(w.city, "Nobody At All", text), DP_OK);
    assert_int_equal(finds(w.city, &refused), kept + 1);
}

static void what_is_kept_of_looks_is_kept_by_time(void **state)
{
    char text[sizeof(((struct cl_result *)0)->text)];
    unsigned refused, kept;

    (void)state;
    cluster_run(w.c, 3600000);
    w.city->d->opt.finds_keep_days = 2;
    assert_int_equal(look(w.city, "Nobody At All", text), DP_OK);
    kept = finds(w.city, &refused);
    cluster_run(w.c, INT64_C(36) * 3600000);
    assert_int_equal(look(w.city, "Nobody At All", text), DP_OK);
    assert_int_equal(finds(w.city, &refused), kept + 1);
    cluster_run(w.c, INT64_C(24) * 3600000);
    assert_int_equal(look(w.city, "Nobody At All", text), DP_OK);
    assert_int_equal(finds(w.city, &refused), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_after_an_import_comes_in_pages),
        cmocka_unit_test(a_question_is_as_large_as_its_page),
        cmocka_unit_test(a_step_beside_a_log_is_done),
        cmocka_unit_test(a_thousand_lists_are_answered_in_order_and_hold_nobody_up),
        cmocka_unit_test(what_does_not_fit_says_so),
        cmocka_unit_test(the_newest_of_the_greediest_gives_way),
        cmocka_unit_test(each_look_leaves_a_record_also_when_it_finds_nothing),
        cmocka_unit_test(an_officer_has_so_many_looks_in_an_hour),
        cmocka_unit_test(what_is_kept_of_looks_is_kept_by_time),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
