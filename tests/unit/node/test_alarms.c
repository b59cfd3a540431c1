/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of alarms (N5): one row of a word and a node, bounded and never silently, over a restart, said
 * again each day in one line; and the alarm of a link that is up and brings nothing forward.
 */
#include "days.h"

static char lines[65536];

static void keep_line(void *ctx, enum dp_log_level level, const char *line)
{
    size_t at = strlen(lines);
    (void)ctx;
    (void)level;
    snprintf(lines + at, sizeof lines - at, "%s\n", line);
}

static void listen_to_log(bool on)
{
    lines[0] = '\0';
    dp_log_set(on ? keep_line : NULL, NULL, DP_LOG_NOTICE);
}

/* Lines that hold all of a text. */
static unsigned said(const char *text)
{
    unsigned n = 0;
    for (const char *p = lines; (p = strstr(p, text)) != NULL; p += strlen(text))
        n++;
    return n;
}

static const struct dp_alarm_row *row_of(const struct cl_node *n, const char *word, const char *node)
{
    struct dp_node of = {0};
    const struct dp_alarm_row *a;
    if (node[0] != '\0')
        assert_ok(dp_node_parse(dp_slice_str(node), &of));
    for (uint32_t at = 0; (a = dp_alarm_next(n->d, &at)) != NULL;)
        if (strcmp(a->word, word) == 0 && dp_node_eq(a->node, of))
            return a;
    return NULL;
}

static unsigned count(const struct cl_node *n)
{
    unsigned c = 0;
    for (uint32_t at = 0; dp_alarm_next(n->d, &at) != NULL;)
        c++;
    return c;
}

/* Two children break the protocol; a person clears the link of one. */
static void test_one_row_of_each_node(void **state)
{
    struct town t;
    struct cl_command x;
    static const uint8_t garbage[] = {0xff, 1, 2, 3};
    (void)state;
    town_open(&t, 231);
    cl_inject(t.town, t.village->id, dp_slice_of(garbage, sizeof garbage));
    cl_inject(t.town, t.sibling->id, dp_slice_of(garbage, sizeof garbage));
    assert_non_null(row_of(t.town, "link", VILLAGE));
    assert_non_null(row_of(t.town, "link", SIBLING));
    struct dp_admin *a = cl_admin(&x, "link.clear");
    a->node = VILLAGE;
    cl_must(t.town, &x);
    assert_null(row_of(t.town, "link", VILLAGE));
    assert_non_null(row_of(t.town, "link", SIBLING));
    cluster_run(t.c, 600000);
    assert_non_null(row_of(t.town, "link", SIBLING)); /* stopped until a person acts */
    town_close(&t);
}

/* Trouble that needs nobody here is over when the link has been up for a while. */
static void test_well_again(void **state)
{
    struct town t;
    struct dp_buf b;
    struct dp_frame f = {.type = DP_FRAME_BYE, .u.bye = {.reason = DP_STOP_VERSION}};
    (void)state;
    town_open(&t, 237);
    dp_buf_init(&b, 64);
    assert_ok(dp_frame_put(&f, &b));
    cl_inject(t.town, t.sibling->id, dp_buf_slice(&b));
    dp_buf_fini(&b);
    cluster_run(t.c, 60000);
    assert_int_equal(cl_session(t.town, t.sibling)->state, DP_SESSION_UP);
    assert_non_null(row_of(t.town, "link", SIBLING));
    cluster_run(t.c, 600000);
    assert_null(row_of(t.town, "link", SIBLING));
    town_close(&t);
}

static void test_by_word_and_node(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 232);
    dp_alarm_of(t.town->d, "file", t.village->id, "a");
    dp_alarm_of(t.town->d, "file", t.sibling->id, "b");
    dp_alarm_of(t.town->d, "withheld", t.sibling->id, "c");
    struct dp_admin *a = cl_admin(&x, "alarm.clear");
    a->name = "file";
    a->node = VILLAGE;
    cl_must(t.town, &x);
    assert_null(row_of(t.town, "file", VILLAGE));
    assert_non_null(row_of(t.town, "file", SIBLING));
    assert_int_equal(cl_do(t.town, &x).err, DP_NOT_FOUND);
    a->node = "";
    cl_must(t.town, &x);
    assert_false(cl_alarmed(t.town, "file"));
    assert_true(cl_alarmed(t.town, "withheld"));
    town_close(&t);
}

/* Of many words and many nodes none vanishes; past the bound the loss is said. */
static void test_bounded_and_said(void **state)
{
    struct town t;
    char word[24];
    (void)state;
    town_open(&t, 233);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(word, sizeof word, "word-%u", i);
        dp_alarm(t.town->d, word, "trouble");
        assert_true(cl_alarmed(t.town, word));
    }
    for (uint64_t i = 1; count(t.town) < DP_ALARMS_MAX; i++)
        dp_alarm_of(t.town->d, "many", (struct dp_node){i << 20}, "trouble");
    listen_to_log(true);
    dp_alarm_of(t.town->d, "many", (struct dp_node){UINT64_C(1) << 50}, "one too many");
    assert_int_equal(said("one too many"), 1);
    assert_int_equal(said("the list is full: 1 were not kept"), 1);
    for (unsigned i = 0; i < 100; i++) /* and fills no log */
        dp_alarm_of(t.town->d, "many", (struct dp_node){UINT64_C(1) << 50}, "one too many");
    assert_int_equal(said("one too many"), 1);
    days_pass(t.c, 1);
    assert_int_equal(said("101 were not kept"), 1);
    listen_to_log(false);
    assert_int_equal(count(t.town), DP_ALARMS_MAX);
    town_close(&t);
}

/* A restart forgets none, and what is not over is said again each day: all of a word in one line. */
static void test_kept_and_repeated(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 234);
    dp_alarm_of(t.town->d, "fork", t.village->id, "two blocks");
    dp_alarm_of(t.town->d, "fork", t.sibling->id, "two blocks of another");
    dp_alarm(t.town->d, "store", "damaged");
    cl_turn(t.town);
    int64_t since = row_of(t.town, "fork", VILLAGE)->since_ms;
    listen_to_log(true);
    cl_kill(t.town, 100);
    cluster_run(t.c, 1000);
    assert_int_equal(row_of(t.town, "fork", VILLAGE)->since_ms, since);
    assert_string_equal(row_of(t.town, "fork", SIBLING)->text, "two blocks of another");
    assert_int_equal(said("alarm fork"), 1);
    assert_int_equal(said("and of 1 other nodes"), 1);
    assert_int_equal(said("alarm store: damaged (since 2026-03-02"), 1);
    days_pass(t.c, 2);
    assert_int_equal(said("alarm fork"), 3);
    assert_int_equal(said("alarm store"), 3);
    dp_alarm_clear(t.town->d, "store");
    cl_turn(t.town);
    cl_kill(t.town, 100);
    cluster_run(t.c, 1000);
    listen_to_log(false);
    assert_false(cl_alarmed(t.town, "store"));
    assert_true(cl_alarmed(t.town, "fork"));
    town_close(&t);
}

/* The shell hears of each new alarm once. */
static unsigned heard;
static void on_alarm(void *ctx, const char *word, const char *node, const char *text)
{
    (void)ctx;
    heard++;
    assert_string_equal(node, VILLAGE);
    assert_string_equal(word, "fork");
    assert_string_equal(text, "two blocks");
}

static void test_new_ones_are_told(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 235);
    t.town->d->opt.alarmed = on_alarm;
    heard = 0;
    for (unsigned i = 0; i < 3; i++)
        dp_alarm_of(t.town->d, "fork", t.village->id, "two blocks");
    assert_int_equal(heard, 1);
    dp_alarm_clear_of(t.town->d, "fork", t.village->id);
    dp_alarm_of(t.town->d, "fork", t.village->id, "two blocks");
    assert_int_equal(heard, 2);
    t.town->d->opt.alarmed = NULL;
    town_close(&t);
}

/* Acks of the county get lost on the way, and nothing else. */
static bool no_acks(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct town *t = ctx;
    struct dp_frame f;
    return from != t->county || to != t->town || dp_frame_get(frame, &f) != DP_OK || f.type != DP_FRAME_ACK;
}

/* Its hello says what it has, so only a peer whose hello stays the same brings nothing forward. */
static bool nothing_moves(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct town *t = ctx;
    struct dp_frame f;
    if (from == t->town && to == t->county && dp_frame_get(frame, &f) == DP_OK && f.type == DP_FRAME_ITEM)
        return false;
    return no_acks(ctx, from, to, frame);
}

static void test_up_and_no_progress(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 236);
    cluster_run(t.c, 1200000); /* a quiet link is no stuck one */
    assert_false(cl_alarmed(t.town, "stuck"));
    t.c->tap = nothing_moves;
    t.c->tap_ctx = &t;
    town_register(t.town);
    cluster_run(t.c, 300000);
    assert_false(cl_alarmed(t.town, "stuck"));
    cluster_run(t.c, 1200000);
    assert_non_null(row_of(t.town, "stuck", COUNTY));
    assert_null(row_of(t.town, "stuck", VILLAGE));
    assert_false(cl_alarmed(t.county, "stuck"));
    t.c->tap = NULL;
    cluster_run(t.c, 600000);
    assert_false(cl_alarmed(t.town, "stuck"));
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_row_of_each_node), cmocka_unit_test(test_by_word_and_node),
        cmocka_unit_test(test_bounded_and_said),     cmocka_unit_test(test_kept_and_repeated),
        cmocka_unit_test(test_new_ones_are_told),    cmocka_unit_test(test_up_and_no_progress),
        cmocka_unit_test(test_well_again),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
