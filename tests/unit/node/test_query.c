/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the queries show, and above all to whom: parties see parts, bureaus above see codes, everybody else
 * and whom N3 denies does not even see that there is something (R-N3-6, R-DOWN-2, R-DLY-1, R-N4-1).
 */
#include <jansson.h>
#include <string.h>

#include "support/cluster.h"
#include "support/cmocka_all.h"

#define CITY "331000000000"
#define COUNTY "331023000000"
#define TOWN "331023105000"
#define HOUSING COUNTY "/housing"
#define HOUSING_UID 77
#define TECHNICIAN_UID 0

struct world {
    struct cluster *c;
    struct cl_node *city, *county, *town;
};

static struct world w;

static int set_up(void **state)
{
    (void)state;
    w.c = cluster_new(5);
    w.city = cl_root(w.c, CITY);
    w.county = cl_enroll(w.c, w.city, COUNTY);
    w.town = cl_enroll(w.c, w.county, TOWN);
    cl_officer(w.county, HOUSING, HOUSING_UID);
    assert_true(cluster_settle(w.c, 600000));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_free(&w.c);
    return 0;
}

static void settle(void)
{
    assert_true(cluster_settle(w.c, 3600000));
}

/* ---- asking ---- */

static json_t *ask_as(struct cl_node *n, uint32_t uid, const struct cl_command *x)
{
    struct cl_result r = cl_do_as(n, uid, x);
    json_t *v;

    if (r.err != DP_OK)
        fail_msg("%s: %s (%s)", x->cmd.u.query.what, dp_err_name(r.err), r.text);
    v = json_loads(r.json, 0, NULL);
    assert_non_null(v);
    return v;
}

static json_t *ask(struct cl_node *n, uint32_t uid, const char *what)
{
    struct cl_command x;

    cl_query(&x, what);
    return ask_as(n, uid, &x);
}

static json_t *ask_case(struct cl_node *n, uint32_t uid, const char *what, const char *ref)
{
    struct cl_command x;

    cl_query(&x, what)->case_ref = ref;
    return ask_as(n, uid, &x);
}

static enum dp_err err_of_case(struct cl_node *n, uint32_t uid, const char *what, const char *ref)
{
    struct cl_command x;

    cl_query(&x, what)->case_ref = ref;
    return cl_do_as(n, uid, &x).err;
}

static size_t rows_in(struct cl_node *n, uint32_t uid, const char *what)
{
    json_t *v = ask(n, uid, what);
    size_t count = json_array_size(json_object_get(v, "rows"));

    json_decref(v);
    return count;
}

static const char *text_in(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));

    return s != NULL ? s : "";
}

/* The row of the inbox with that action, or NULL; borrowed from `v`. */
static const json_t *item(const json_t *v, const char *action)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(v, "rows"), i, row)
    {
        if (strcmp(text_in(row, "action"), action) == 0)
            return row;
    }
    return NULL;
}

static bool has_item(struct cl_node *n, uint32_t uid, const char *action)
{
    json_t *v = ask(n, uid, "inbox");
    bool has = item(v, action) != NULL;

    json_decref(v);
    return has;
}

static struct cl_result register_at(struct cl_node *n, const char *name, const char *content)
{
    struct cl_command x;

    cl_intake(&x, name, content);
    return cl_must(n, &x);
}

static void assign(struct cl_node *n, const char *no, const char *to)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_ASSIGN, no);

    s->to = to;
    s->code2 = DP_DUTY_HANDLE;
    s->due = dp_date_add(dp_date_of_ms(CL_EPOCH_MS + w.c->now_ms), 20);
    cl_must(n, &x);
}

/* ---- who sees what ---- */

static void parts_are_for_parties_and_codes_for_bureaus_above(void **state)
{
    struct cl_result r = register_at(w.county, "Wang Cuihua", "the roof leaks");
    json_t *v;

    (void)state;
    settle();
    v = ask_case(w.county, cl_uid(w.county), "show", r.number);
    assert_string_equal(text_in(v, "view"), "party");
    assert_int_equal(json_array_size(json_object_get(v, "parts")), 2);
    assert_string_equal(text_in(json_array_get(json_object_get(v, "parts"), 1), "content"), "the roof leaks");
    json_decref(v);

    v = ask_case(w.city, cl_uid(w.city), "show", r.number);
    assert_string_equal(text_in(v, "view"), "coded");
    assert_int_equal(json_array_size(json_object_get(v, "parts")), 0);
    assert_string_equal(text_in(v, "status"), "registered");
    json_decref(v);

    assert_int_equal(err_of_case(w.county, HOUSING_UID, "show", r.number), DP_NOT_FOUND);
    assert_int_equal(rows_in(w.county, HOUSING_UID, "list"), 0);
    assign(w.county, r.number, HOUSING);
    assert_int_equal(rows_in(w.county, HOUSING_UID, "list"), 1);
    v = ask_case(w.county, HOUSING_UID, "show", r.number);
    assert_string_equal(text_in(v, "view"), "party");
    json_decref(v);
}

static void a_technician_sees_the_node_and_no_case(void **state)
{
    struct cl_result r = register_at(w.county, "Wang Cuihua", "the roof leaks");
    static const char *const open[] = {"status",  "links",    "alarms",   "quarantine", "enrolments",
                                       "offices", "officers", "profiles", "calendars"};
    static const char *const closed[] = {"inbox", "list", "errands", "orders", "find"};
    struct cl_command x;
    json_t *v;

    (void)state;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        json_decref(ask(w.county, TECHNICIAN_UID, open[i]));
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        cl_query(&x, closed[i]);
        assert_int_equal(cl_do_as(w.county, TECHNICIAN_UID, &x).err, DP_NOT_ENTITLED);
    }
    assert_int_equal(err_of_case(w.county, TECHNICIAN_UID, "show", r.number), DP_NOT_ENTITLED);
    assert_int_equal(err_of_case(w.county, TECHNICIAN_UID, "track", r.number), DP_NOT_ENTITLED);
    v = ask(w.county, TECHNICIAN_UID, "log");
    for (size_t i = 0; i < json_array_size(json_object_get(v, "rows")); i++)
        assert_string_equal(text_in(json_array_get(json_object_get(v, "rows"), i), "number"), "");
    json_decref(v);
}

static void an_office_complained_about_learns_nothing(void **state)
{
    static const char *const by_case[] = {"show", "track", "digest", "file"};
    struct cl_command x;
    struct cl_result r;
    json_t *v;

    (void)state;
    cl_intake(&x, "Li Si", "housing takes bribes")->purpose = DP_PURPOSE_ACCUSATION;
    x.intake.respondents[0] = HOUSING;
    x.intake.respondent_count = 1;
    r = cl_must(w.county, &x);
    assert_string_not_equal(r.number, "");
    settle();
    for (size_t i = 0; i < sizeof(by_case) / sizeof(by_case[0]); i++)
        assert_int_equal(err_of_case(w.county, HOUSING_UID, by_case[i], r.number), DP_NOT_FOUND);
    assert_int_equal(rows_in(w.county, HOUSING_UID, "list"), 0);
    assert_int_equal(rows_in(w.county, HOUSING_UID, "inbox"), 0);
    v = ask(w.county, HOUSING_UID, "log");
    for (size_t i = 0; i < json_array_size(json_object_get(v, "rows")); i++)
        assert_string_not_equal(text_in(json_array_get(json_object_get(v, "rows"), i), "number"), r.number);
    json_decref(v);
    cl_query(&x, "digest")->index = 1;
    v = ask_as(w.county, HOUSING_UID, &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 0);
    json_decref(v);
    assert_int_equal(rows_in(w.county, cl_uid(w.county), "list"), 1);
}

static void find_is_exact_and_for_own_cases_only(void **state)
{
    struct cl_result r = register_at(w.county, "Wang Cuihua", "the roof leaks");
    struct cl_command x;
    json_t *v;

    (void)state;
    settle();
    cl_query(&x, "find")->name = "Wang Cuihua";
    x.cmd.u.query.tail = "1234";
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 1);
    assert_string_equal(text_in(json_array_get(json_object_get(v, "rows"), 0), "number"), r.number);
    json_decref(v);
    v = ask_as(w.city, cl_uid(w.city), &x); /* sees the codes, may not look for the person */
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 0);
    json_decref(v);
    x.cmd.u.query.name = "Wang";
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 0);
    json_decref(v);
    x.cmd.u.query.name = "Wang Cuihua";
    x.cmd.u.query.tail = "234";
    assert_int_equal(cl_do(w.county, &x).err, DP_USAGE);
    x.cmd.u.query.tail = "9999";
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 0);
    json_decref(v);
}

/* R-N4-2: whoever looked stands in the store, without the name, though nothing is logged. */
static void each_find_is_kept(void **state)
{
    struct cl_result r = register_at(w.county, "Zhao Kept", "a wall");
    struct cl_command x;
    json_t *v, *row;
    uint64_t seen;

    (void)state;
    settle();
    dp_log_level_set(DP_LOG_ERROR);
    cl_query(&x, "finds");
    v = ask_as(w.county, cl_uid(w.county), &x);
    seen = (uint64_t)json_integer_value(json_object_get(v, "cursor"));
    json_decref(v);
    cl_query(&x, "find")->name = "Zhao Kept";
    x.cmd.u.query.tail = "1234";
    json_decref(ask_as(w.county, cl_uid(w.county), &x));
    dp_log_level_set(DP_LOG_NOTICE);
    cl_kill(w.county, 10);
    settle();
    cl_query(&x, "finds")->since = seen;
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 1);
    row = json_array_get(json_object_get(v, "rows"), 0);
    assert_string_equal(text_in(row, "numbers"), r.number);
    assert_int_equal(json_integer_value(json_object_get(row, "officer")), 1);
    json_decref(v);
    assert_int_equal(cl_grep_table(w.county, DP_T_FOUND, dp_slice_str("Zhao")), 0);
    v = ask_as(w.county, 0, &x); /* the technician: who, and of which office */
    row = json_array_get(json_object_get(v, "rows"), 0);
    assert_null(json_object_get(row, "numbers"));
    assert_int_equal(json_integer_value(json_object_get(row, "count")), 1);
    json_decref(v);
}

/* R-CTL-1: who asks follows from the user, whatever the request says. */
static void nobody_asks_for_another_office(void **state)
{
    struct cl_command x;
    json_t *v;

    (void)state;
    register_at(w.county, "Wang Cuihua", "the roof leaks");
    cl_query(&x, "list");
    x.rq.as_office = COUNTY "/bureau";
    assert_int_equal(cl_do_as(w.county, HOUSING_UID, &x).err, DP_NOT_ENTITLED);
    assert_int_equal(cl_do_as(w.county, 4711, &x).err, DP_NOT_ENTITLED);
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 1);
    json_decref(v);
    cl_query(&x, "list"); /* a user of no office, who names none */
    assert_int_equal(cl_do_as(w.county, 4711, &x).err, DP_NOT_ENTITLED);
}

/* ---- the inbox ---- */

static void the_inbox_follows_a_case(void **state)
{
    struct cl_result r = register_at(w.county, "Wang Cuihua", "the roof leaks");
    const char *no = r.number;
    json_t *v;

    (void)state;
    assert_true(has_item(w.county, cl_uid(w.county), "triage"));
    assign(w.county, no, TOWN "/bureau");
    assert_false(has_item(w.county, cl_uid(w.county), "triage"));
    assert_false(has_item(w.town, cl_uid(w.town), "sign")); /* not here yet */
    settle();
    v = ask(w.town, cl_uid(w.town), "inbox");
    assert_non_null(item(v, "sign"));
    assert_string_equal(text_in(item(v, "sign"), "clock"), "sign");
    assert_string_equal(text_in(item(v, "sign"), "cause"), "delivered_not_signed");
    assert_string_not_equal(text_in(item(v, "accept"), "due"), "");
    json_decref(v);
    cl_go(w.town, DP_KIND_SIGN, no, "");
    assert_false(has_item(w.town, cl_uid(w.town), "sign"));
    cl_go(w.town, DP_KIND_ACCEPT, no, "");
    v = ask(w.town, cl_uid(w.town), "inbox");
    assert_null(item(v, "accept"));
    assert_string_equal(text_in(item(v, "handle"), "clock"), "handle");
    assert_string_equal(text_in(item(v, "report_back"), "clock"), "report_back");
    json_decref(v);
}

static void objections_come_back_to_the_offerer(void **state)
{
    struct cl_result r = register_at(w.county, "Wang Cuihua", "the roof leaks");
    struct cl_command x;

    (void)state;
    assign(w.county, r.number, TOWN "/bureau");
    settle();
    cl_step(&x, DP_KIND_OBJECT, r.number)->code = 1;
    cl_must(w.town, &x);
    assert_false(has_item(w.town, cl_uid(w.town), "accept"));
    assert_false(has_item(w.county, cl_uid(w.county), "answer_objection"));
    settle();
    assert_true(has_item(w.county, cl_uid(w.county), "answer_objection"));
    cl_step(&x, DP_KIND_OBJECTION_ANSWER, r.number)->code = DP_OBJECTION_GRANT;
    cl_must(w.county, &x);
    settle();
    assert_false(has_item(w.county, cl_uid(w.county), "answer_objection"));
    assert_true(has_item(w.town, cl_uid(w.town), "read_answer"));
    assert_true(has_item(w.county, cl_uid(w.county), "triage"));
}

static void orders_and_their_answers(void **state)
{
    struct cl_result r = register_at(w.town, "Wang Cuihua", "the roof leaks");
    struct cl_command x;
    struct dp_step *s;
    json_t *v;

    (void)state;
    settle();
    s = cl_step(&x, DP_KIND_SUPERVISE, r.number);
    s->to = TOWN "/bureau";
    s->code = 4;
    s->code2 = 2;
    s->code3 = 1;
    s->due = dp_date_add(dp_date_of_ms(CL_EPOCH_MS + w.c->now_ms), 30);
    cl_must(w.county, &x);
    settle();
    v = ask(w.town, cl_uid(w.town), "inbox");
    assert_non_null(item(v, "answer_order"));
    assert_true(json_is_true(json_object_get(item(v, "answer_order"), "urgent")));
    assert_int_equal(json_integer_value(json_object_get(item(v, "answer_order"), "days_left")), 30);
    json_decref(v);
    cl_go(w.town, DP_KIND_SIGN, r.number, "");
    cl_step(&x, DP_KIND_ANSWER, r.number)->code = 1;
    cl_must(w.town, &x);
    assert_false(has_item(w.town, cl_uid(w.town), "answer_order"));
    settle();
    assert_true(has_item(w.county, cl_uid(w.county), "read_answer"));
    v = ask(w.county, cl_uid(w.county), "orders");
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 1);
    assert_string_equal(text_in(json_array_get(json_object_get(v, "rows"), 0), "state"), "answer_arrived");
    json_decref(v);
}

static void due_days_leave_out_what_is_later(void **state)
{
    struct cl_command x;
    json_t *v;

    (void)state;
    register_at(w.county, "Wang Cuihua", "the roof leaks");
    cl_query(&x, "inbox")->due_days = 3;
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 0);
    json_decref(v);
    cl_query(&x, "inbox")->due_days = 40;
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 1);
    json_decref(v);
}

/* ---- tracks, digests, pages ---- */

static void the_track_says_who_has_it_and_since_when(void **state)
{
    struct cl_result r = register_at(w.county, "Wang Cuihua", "the roof leaks");
    json_t *v, *hand;

    (void)state;
    assign(w.county, r.number, TOWN "/bureau");
    v = ask_case(w.county, cl_uid(w.county), "track", r.number);
    assert_string_equal(text_in(v, "responsible"), COUNTY "/bureau"); /* the sender, until accepted */
    assert_string_equal(text_in(json_object_get(v, "next_due"), "cause"), "not_delivered");
    json_decref(v);
    settle();
    cl_go(w.town, DP_KIND_SIGN, r.number, "");
    cl_go(w.town, DP_KIND_ACCEPT, r.number, "");
    settle();
    v = ask_case(w.county, cl_uid(w.county), "track", r.number);
    assert_string_equal(text_in(v, "responsible"), TOWN "/bureau");
    hand = json_array_get(json_object_get(v, "handovers"), 0);
    assert_string_equal(text_in(json_object_get(hand, "offered"), "kind"), "assign");
    assert_string_equal(text_in(json_object_get(hand, "arrived"), "office"), TOWN "/node");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(hand, "signed"), "officer")), 1);
    assert_string_equal(text_in(json_object_get(hand, "accepted"), "kind"), "accept");
    assert_true(json_is_null(json_object_get(hand, "objected")));
    assert_int_equal(json_array_size(json_object_get(v, "events")), 5);
    json_decref(v);
}

static void digests_agree_between_nodes(void **state)
{
    struct cl_result r = register_at(w.town, "Wang Cuihua", "the roof leaks");
    struct cl_command x;
    json_t *up, *down;

    (void)state;
    register_at(w.county, "Li Si", "another matter");
    settle();
    up = ask_case(w.county, cl_uid(w.county), "digest", r.number);
    down = ask_case(w.town, cl_uid(w.town), "digest", r.number);
    assert_int_equal(strlen(text_in(up, "digest")), 64);
    assert_string_equal(text_in(up, "digest"), text_in(down, "digest"));
    json_decref(up);
    json_decref(down);

    cl_query(&x, "digest")->node = TOWN;
    up = ask_as(w.county, TECHNICIAN_UID, &x);
    down = ask(w.town, TECHNICIAN_UID, "digest");
    assert_int_equal(json_integer_value(json_object_get(up, "count")), 1);
    assert_string_equal(text_in(up, "digest"), text_in(down, "digest"));
    json_decref(up);
    up = ask(w.county, TECHNICIAN_UID, "digest");
    assert_int_equal(json_integer_value(json_object_get(up, "count")), 2);
    assert_string_not_equal(text_in(up, "digest"), text_in(down, "digest"));
    json_decref(up);
    json_decref(down);
}

static void pages_join_without_a_gap(void **state)
{
    struct cl_command x;
    char seen[5][DP_NUMBER_TEXT] = {{0}}, after[128] = "";
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        register_at(w.county, "Wang Cuihua", "the roof leaks");
    for (;;) {
        json_t *v, *row;
        size_t i;
        cl_query(&x, "list")->limit = 2;
        x.cmd.u.query.after = after;
        v = ask_as(w.county, cl_uid(w.county), &x);
        json_array_foreach(json_object_get(v, "rows"), i, row)
        {
            assert_true(count < 5);
            snprintf(seen[count++], DP_NUMBER_TEXT, "%s", text_in(row, "number"));
        }
        snprintf(after, sizeof(after), "%s", text_in(v, "next"));
        json_decref(v);
        if (after[0] == '\0')
            break;
    }
    assert_int_equal(count, 5);
    for (unsigned i = 1; i < 5; i++)
        assert_true(strcmp(seen[i - 1], seen[i]) < 0);
}

static void lists_take_filters(void **state)
{
    struct cl_command x;
    json_t *v;

    (void)state;
    register_at(w.county, "Wang Cuihua", "the roof leaks");
    register_at(w.town, "Li Si", "another matter");
    settle();
    assert_int_equal(rows_in(w.county, cl_uid(w.county), "list"), 2);
    cl_query(&x, "list")->mine = true;
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 1);
    json_decref(v);
    cl_query(&x, "list")->node = TOWN "/bureau";
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 1);
    json_decref(v);
    cl_query(&x, "list")->status = "closed";
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_int_equal(json_array_size(json_object_get(v, "rows")), 0);
    json_decref(v);
    assert_int_equal(rows_in(w.county, cl_uid(w.county), "errands"), 0);
}

static void an_attachment_comes_back_byte_by_byte(void **state)
{
    struct cl_result r = register_at(w.county, "Wang Cuihua", "the roof leaks");
    struct cl_command x;
    json_t *v;

    (void)state;
    cl_step(&x, DP_KIND_ATTACHMENT, r.number)->file = &x.file;
    x.file = (struct dp_file){.name = "roof.txt", .media = 4, .size = 5, .stored = true, .upload = ""};
    x.file.content = dp_slice_str("hello");
    cl_must(w.county, &x);
    cl_query(&x, "file")->case_ref = r.number;
    x.cmd.u.query.index = 1;
    v = ask_as(w.county, cl_uid(w.county), &x);
    assert_string_equal(text_in(v, "data"), "aGVsbG8=");
    assert_string_equal(text_in(v, "file_name"), "roof.txt");
    assert_true(json_is_null(json_object_get(v, "next")));
    json_decref(v);
    x.cmd.u.query.index = 2;
    assert_int_equal(cl_do(w.county, &x).err, DP_NOT_FOUND);
    settle();
    x.cmd.u.query.index = 1; /* a bureau above sees codes only */
    assert_int_equal(cl_do(w.city, &x).err, DP_NOT_FOUND);
}

static void links_say_how_they_are(void **state)
{
    struct cl_command x;
    json_t *v;

    (void)state;
    v = ask(w.county, TECHNICIAN_UID, "links");
    assert_int_equal(json_array_size(json_object_get(v, "links")), 2);
    json_decref(v);
    cl_query(&x, "link")->node = TOWN;
    v = ask_as(w.county, TECHNICIAN_UID, &x);
    assert_string_equal(text_in(v, "state"), "up");
    assert_string_equal(text_in(v, "side"), "child");
    assert_int_equal(json_integer_value(json_object_get(v, "backlog")), 0);
    assert_int_equal(json_array_size(json_object_get(v, "lanes")), DP_LANES);
    json_decref(v);
    x.cmd.u.query.node = "331023199000";
    assert_int_equal(cl_do_as(w.county, TECHNICIAN_UID, &x).err, DP_NOT_FOUND);
    v = ask(w.county, TECHNICIAN_UID, "status");
    assert_true(json_is_true(json_object_get(v, "enrolled")));
    assert_string_equal(text_in(v, "tier"), "county");
    assert_string_equal(text_in(v, "parent"), CITY);
    assert_int_equal(json_integer_value(json_object_get(v, "links_up")), 2);
    json_decref(v);
    cl_query(&x, "no such thing");
    assert_int_equal(cl_do_as(w.county, TECHNICIAN_UID, &x).err, DP_USAGE);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(parts_are_for_parties_and_codes_for_bureaus_above),
        T(a_technician_sees_the_node_and_no_case),
        T(an_office_complained_about_learns_nothing),
        T(find_is_exact_and_for_own_cases_only),
        T(each_find_is_kept),
        T(nobody_asks_for_another_office),
        T(the_inbox_follows_a_case),
        T(objections_come_back_to_the_offerer),
        T(orders_and_their_answers),
        T(due_days_leave_out_what_is_later),
        T(the_track_says_who_has_it_and_since_when),
        T(digests_agree_between_nodes),
        T(pages_join_without_a_gap),
        T(lists_take_filters),
        T(an_attachment_comes_back_byte_by_byte),
        T(links_say_how_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
