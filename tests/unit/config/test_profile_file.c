/* SPDX-License-Identifier: Apache-2.0 */
/* Profile files: those we ship, and every way to write one wrongly. */
#include "support/cmocka_all.h"

#include "support/file.h"

#include <stdlib.h>
#include <string.h>

#include "case/due.h"
#include "config/profile_file.h"

#define HEAD "[profile]\nid = x\nedition = 1\nvalid-from = 2022-05-01\n"

static struct dp_profile load(const char *path)
{
    struct dp_slice text = test_file_read(path);
    struct dp_config_error error;
    struct dp_profile p;

    if (dp_profile_file_parse(text, path, &p, &error) != DP_OK)
        fail_msg("%s:%d: %s", error.file, error.line, error.text);
    free((void *)text.p);
    return p;
}

static const struct dp_limit *limit_of(const struct dp_profile *p, enum dp_clock clock)
{
    for (uint8_t i = 0; i < p->limit_count; i++)
        if (p->limits[i].clock == clock)
            return &p->limits[i];
    return NULL;
}

static void the_national_profile_has_the_limits_of_the_law(void **state)
{
    struct dp_profile p = load(DP_SOURCE_DIR "/conf/profile/national-r22.conf");

    (void)state;
    assert_string_equal(p.id, "national-r22");
    assert_int_equal(p.edition, 1);
    assert_int_equal(dp_date_yyyymmdd(p.valid_from), 20220501);
    assert_int_equal(p.flags, 0);
    assert_int_equal(limit_of(&p, DP_CLOCK_TRIAGE)->days, 15);
    assert_int_equal(limit_of(&p, DP_CLOCK_OBJECT)->days, 5);
    assert_true(limit_of(&p, DP_CLOCK_OBJECT)->working);
    assert_int_equal(limit_of(&p, DP_CLOCK_ACCEPT)->days, 15);
    assert_false(limit_of(&p, DP_CLOCK_ACCEPT)->working);
    assert_int_equal(limit_of(&p, DP_CLOCK_HANDLE)->days, 60);
    assert_int_equal(limit_of(&p, DP_CLOCK_HANDLE)->max_extend, 30);
    assert_int_equal(limit_of(&p, DP_CLOCK_ORDER)->days, 30);
    assert_int_equal(limit_of(&p, DP_CLOCK_REVIEW_WINDOW)->days, 30);
    assert_null(limit_of(&p, DP_CLOCK_ERRAND));
    for (uint8_t i = 1; i < p.limit_count; i++)
        assert_true(p.limits[i - 1].clock < p.limits[i].clock);
}

static void the_errand_profile_has_its_flag(void **state)
{
    struct dp_profile p = load(DP_SOURCE_DIR "/conf/profile/errand.conf");

    (void)state;
    assert_string_equal(p.id, "errand");
    assert_int_equal(p.flags, DP_PROFILE_ERRAND);
    assert_non_null(limit_of(&p, DP_CLOCK_ERRAND));
}

static void assert_same(const struct dp_profile *a, const struct dp_profile *b)
{
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->edition, b->edition);
    assert_int_equal(a->valid_from.day, b->valid_from.day);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->limit_count, b->limit_count);
    for (uint8_t i = 0; i < a->limit_count; i++) {
        assert_int_equal(a->limits[i].clock, b->limits[i].clock);
        assert_int_equal(a->limits[i].days, b->limits[i].days);
        assert_int_equal(a->limits[i].working, b->limits[i].working);
        assert_int_equal(a->limits[i].max_extend, b->limits[i].max_extend);
    }
}

/* A node that has not received the published edition yet computes the same dates. */
static void the_files_say_what_is_built_in(void **state)
{
    struct dp_profile national = load(DP_SOURCE_DIR "/conf/profile/national-r22.conf");
    struct dp_profile errand = load(DP_SOURCE_DIR "/conf/profile/errand.conf");

    (void)state;
    assert_same(&national, &dp_profile_national);
    assert_same(&errand, &dp_profile_errand);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *words;
    } bad[] = {
        {"", 0, "needs id"},
        {"id = x\n", 1, "before the first section"},
        {"[profile]\nid = x\nedition = 1\n[accept]\ndays = 1\n", 0, "needs id"},
        {HEAD, 0, "no clock"},
        {HEAD "[accept]\nworking = yes\n", 6, "needs days"},
        {HEAD "[accept]\ndays = 0\n", 6, "1 to 3650"},
        {HEAD "[report_back]\ndays = 0\n[order]\ndays = 0\n", 8, "1 to 3650"},
        {HEAD "[accept]\ndays = 3651\n", 6, "1 to 3650"},
        {HEAD "[accept]\ndays = -1\n", 6, "1 to 3650"},
        {HEAD "[accept]\ndays = 15 d\n", 6, "1 to 3650"},
        {HEAD "[accept]\ndays = 99999999999999999999\n", 6, "1 to 3650"},
        {HEAD "[accept]\ndays = 15\ndays = 15\n", 7, "given twice"},
        {HEAD "[accept]\ndays = 15\n  16\n", 7, "given twice"},
        {HEAD "[accept]\ndays = 15\nworking = true\n", 7, "yes or no"},
        {HEAD "[accept]\ndays = 15\nmax-extend = 366\n", 7, "0 to 365"},
        {HEAD "[accept]\ndays = 15\nhours = 3\n", 7, "hours"},
        {HEAD "[accepted]\ndays = 15\n", 6, "accepted"},
        {HEAD "[accept]\ndays = 15\nworking\n", 7, "neither"},
        {HEAD "id = y\n", 5, "given twice"},
        {HEAD "flags = quick\n", 5, "errand"},
        {HEAD "colour = red\n", 5, "colour"},
        {"[profile]\nid = X\n", 2, "a-z"},
        {"[profile]\nid = abcdefghijklmnopqrstuvwx\n", 2, "23 characters"},
        {"[profile]\nedition = 0\n", 2, "1 to 999999"},
        {"[profile]\nvalid-from = 2022-02-30\n", 2, "a date that exists"},
        {"[profile]\n\xff = 1\n", 0, "UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dp_profile p = {.edition = 77};
        struct dp_config_error error;
        assert_int_equal(dp_profile_file_parse(dp_slice_str(bad[i].text), "some.conf", &p, &error),
                         DP_CONFIG);
        assert_int_equal(error.line, bad[i].line);
        assert_string_equal(error.file, "some.conf");
        if (strstr(error.text, bad[i].words) == NULL)
            fail_msg("case %zu: %s", i, error.text);
        assert_int_equal(p.edition, 77);
    }
}

static void windows_line_ends_and_a_byte_order_mark_are_fine(void **state)
{
    const char *text = "\xEF\xBB\xBF[profile]\r\nid = a-1\r\nedition = 3\r\nvalid-from = 2026-01-01\r\n"
                       "[sign]\r\ndays = 1\r\nworking = yes";
    struct dp_config_error error;
    struct dp_profile p;

    (void)state;
    assert_ok(dp_profile_file_parse(dp_slice_str(text), "x", &p, &error));
    assert_string_equal(p.id, "a-1");
    assert_int_equal(p.limit_count, 1);
    assert_true(p.limits[0].working);
}

static void a_long_line_is_refused_not_cut(void **state)
{
    char text[400] = HEAD "[accept]\ndays = 1";
    struct dp_config_error error;
    struct dp_profile p;
    size_t len = strlen(text);

    (void)state;
    memset(text + len, ' ', 200);
    text[len + 200] = '5';
    text[len + 201] = '\0';
    assert_int_equal(dp_profile_file_parse(dp_slice_str(text), "x", &p, &error), DP_CONFIG);
    assert_int_equal(error.line, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_national_profile_has_the_limits_of_the_law),
        cmocka_unit_test(the_errand_profile_has_its_flag),
        cmocka_unit_test(the_files_say_what_is_built_in),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(windows_line_ends_and_a_byte_order_mark_are_fine),
        cmocka_unit_test(a_long_line_is_refused_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
