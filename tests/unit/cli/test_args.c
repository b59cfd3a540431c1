/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, its arguments, and values as people type them. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"

#include <string.h>

#include "app.h"

static void rows_are_whole_and_single(void **state)
{
    (void)state;
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        const struct dp_verb *v = &dp_verbs[i];
        assert_non_null(v->run);
        assert_true(v->min <= v->max && v->max <= DP_ARGS_POS_MAX);
        assert_true(v->help[0] != '\0');
        assert_ptr_equal(dp_verb_find(v->noun, v->verb), v);
        assert_true((v->args[0] != '\0') == (v->max > 0));
    }
    assert_null(dp_verb_find("case", "frobnicate"));
    assert_null(dp_verb_find("", "case"));
    assert_true(dp_noun_known("case"));
    assert_false(dp_noun_known(""));
    assert_false(dp_noun_known("cas"));
}

/* The words of a help line and the numbers of the row agree. */
static void the_help_names_as_many_arguments_as_are_taken(void **state)
{
    (void)state;
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        const char *s = dp_verbs[i].args;
        unsigned all = 0, free_to_omit = 0;
        for (; *s != '\0'; s += strspn(s, " ")) {
            all++;
            free_to_omit += *s == '[';
            s += strcspn(s, " ");
        }
        assert_int_equal(all, dp_verbs[i].max);
        assert_int_equal(all - free_to_omit, dp_verbs[i].min);
    }
}

static enum dp_err parse(struct dp_app *app, const char *noun, const char *verb, char **argv, int argc,
                         struct dp_args *out)
{
    return dp_args_parse(app, dp_verb_find(noun, verb), argc, argv, out);
}

static void options_and_arguments_in_any_order(void **state)
{
    struct dp_app app = {.as_office = ""};
    char *argv[] = {(char *)"assign",       (char *)"--report-by", (char *)"2026-02-13",
                    (char *)"00017-K",      (char *)"-y",          (char *)"gov",
                    (char *)"--duty=serve", (char *)"--json",      NULL};
    struct dp_args a;
    uint32_t day = 0;

    (void)state;
    assert_ok(parse(&app, "case", "assign", argv, 8, &a));
    assert_int_equal(a.pos_count, 2);
    assert_string_equal(a.pos[0], "00017-K");
    assert_string_equal(a.pos[1], "gov");
    assert_null(a.pos[2]);
    assert_string_equal(a.opt[OPT_DUTY], "serve");
    assert_null(a.opt[OPT_TEXT]);
    assert_ok(dp_args_date(&a, OPT_REPORT_BY, &day));
    assert_int_equal(day, 20497);
    assert_true(app.yes && app.json);
    assert_false(app.dry_run);
}

static void repeated_options_are_all_kept(void **state)
{
    struct dp_app app = {.as_office = ""};
    char *argv[] = {(char *)"register", (char *)"--flag=urgent", (char *)"--flag=group", (char *)"--draft",
                    NULL};
    struct dp_args a;

    (void)state;
    assert_ok(parse(&app, "case", "register", argv, 4, &a));
    assert_int_equal(a.many_count, 3);
    assert_string_equal(a.many[0].value, "urgent");
    assert_string_equal(a.many[1].value, "group");
    assert_int_equal(a.many[1].opt, OPT_FLAG);
    assert_string_equal(a.opt[OPT_DRAFT], "");
}

static void dates_are_checked(void **state)
{
    static const char *const bad[] = {"", "13.2.2026", "2026-02-30", "+", "+9999", "tomorrow", "2026-2-3"};
    uint32_t day = 5, today, later;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dp_value_date("date", bad[i], &day), DP_USAGE);
    assert_int_equal(day, 5);
    assert_ok(dp_value_date("date", "1970-01-02", &day));
    assert_int_equal(day, 1);
    assert_ok(dp_value_date("date", "today", &today));
    assert_ok(dp_value_date("date", "+30", &later));
    assert_in_range(later, today + 30, today + 31); /* midnight may pass in between */
}

static void numbers_are_checked(void **state)
{
    static const char *const bad[] = {"", "-1", "1x", "101", "99999999999999999999", "0x10"};
    uint64_t n = 5;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dp_value_number("number", bad[i], 100, &n), DP_USAGE);
    assert_int_equal(n, 5);
    assert_ok(dp_value_number("number", "100", 100, &n));
    assert_int_equal(n, 100);
}

static void a_step_without_return_needs_a_yes(void **state)
{
    struct dp_app app = {.tty_in = false};

    (void)state;
    assert_false(dp_confirm(&app, "%s", "close"));
    app.yes = true;
    assert_true(dp_confirm(&app, "%s", "close"));
    app.yes = false;
    app.dry_run = true; /* nothing happens */
    assert_true(dp_confirm(&app, "%s", "close"));
}

/* Whether the arguments are taken; a wrong one ends the program. */
static bool is_taken(const char *noun, const char *verb, const char *option, const char *value)
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        struct dp_app app = {.as_office = ""};
        char *argv[] = {(char *)(uintptr_t)verb, (char *)(uintptr_t)option, (char *)(uintptr_t)value, NULL};
        struct dp_args a;
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(3);
        _exit(parse(&app, noun, verb, argv, 3, &a) == DP_OK ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What a person types is kept and shown to others: text, on each way in. A path is what the file system says.
 */
static void arguments_are_text(void **state)
{
    (void)state;
    assert_true(is_taken("case", "register", "--name", "张三"));
    assert_false(is_taken("case", "register", "--name", "张\x1b三"));
    assert_false(is_taken("case", "register", "--name", "\xff\xfe"));
    assert_true(is_taken("case", "note", "00017-K", "第一行\n第二行"));
    assert_false(is_taken("case", "note", "00017-K", "a\x07"));
    assert_true(is_taken("case", "attach", "00017-K", "\xd5\xd5\xc6\xac.jpg"));
    assert_true(is_taken("case", "register", "--from", "\xd5\xd5.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole_and_single),
        cmocka_unit_test(the_help_names_as_many_arguments_as_are_taken),
        cmocka_unit_test(options_and_arguments_in_any_order),
        cmocka_unit_test(repeated_options_are_all_kept),
        cmocka_unit_test(dates_are_checked),
        cmocka_unit_test(numbers_are_checked),
        cmocka_unit_test(a_step_without_return_needs_a_yes),
        cmocka_unit_test(arguments_are_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
