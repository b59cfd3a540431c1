/* SPDX-License-Identifier: Apache-2.0 */
/* Headings and words of registers: what is known, what is not, what is barred (R-N4-1). */
#include "support/cmocka_all.h"

#include "register_words.h"

#include "case/kind.h"
#include "register_csv.h"

static enum dp_column column(const char *heading)
{
    return dp_column_of(dp_slice_str(heading));
}

static void headings_as_clerks_write_them(void **state)
{
    (void)state;
    assert_int_equal(column("编号"), DP_COLUMN_NUMBER);
    assert_int_equal(column("信访人"), DP_COLUMN_NAME);
    assert_int_equal(column(" * 信访人 姓名（必填）"), DP_COLUMN_NAME);
    assert_int_equal(column("身份证号(18位)"), DP_COLUMN_ID_NO);
    assert_int_equal(column("登记　时间："), DP_COLUMN_REGISTERED_ON);
    assert_int_equal(column("Source-No"), DP_COLUMN_SOURCE_NO);
    assert_int_equal(column("问题发生地"), DP_COLUMN_PROBLEM_DIV);
    for (unsigned c = 0; c < DP_COLUMN_COUNT; c++)
        assert_int_equal(column(dp_column_word((enum dp_column)c)), c);
}

/* R-N4-1: the fields that older systems keep about persons, as they name them. */
static void columns_about_persons_are_barred(void **state)
{
    static const char *const names[] = {
        "重点人员标志", "扬言标志",           "扬言人",   "扬言内容",   "是否有进京访风险", "特殊人员标志",
        "是否其他行为", "有不良影响",         "异常动态", "越级标志",   "政治身份",         "政治面貌",
        "民族",         "信访人（重点人员）", "信用等级", "稳控责任人",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(column(names[i]), DP_COLUMN_BARRED);
}

static void all_other_columns_are_unknown(void **state)
{
    static const char *const names[] = {"",      " ",        "（必填）", "备注",
                                        "姓名1", "包案领导", "xnamex",   "编号 标题"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(column(names[i]), DP_COLUMN_UNKNOWN);
}

/* The first two digits are of the list; what follows is not numbered here. */
static void categories_begin_with_a_known_level(void **state)
{
    static const struct {
        const char *word;
        uint32_t value; /* 0: not known */
    } cases[] = {{"010000", 10000},   {"10000", 10000}, {"130205", 130205}, {"990000", 990000},
                 {"劳动社保", 30000}, {"12", 0},        {"000000", 0},      {"009999", 0},
                 {"140000", 0},       {"990001", 0},    {"980000", 0},      {"1300000", 0},
                 {"天气", 0},         {"", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t v = 0;
        assert_int_equal(dp_word_category(dp_slice_str(cases[i].word), &v), cases[i].value != 0);
        assert_int_equal(v, cases[i].value);
    }
}

static void dates_in_every_written_form(void **state)
{
    static const char *const good[] = {
        "2026-02-13",         "2026/2/13",      "2026.2.13",           "2026年2月13日",
        "20260213",           "2026-2-13 9:05", "2026/02/13 09:05:59", "2026-02-13T23:59:59",
        "2026年2月13日 8:00", "2026年02月13日",
    };
    static const char *const bad[] = {
        "",           "2026-02-30", "2026-13-01", "26-2-13",      "2026-02",        "202602130",
        "2026021",    "2026-2/13",  "46066",      "2026年2月13",  "2026-02-13x",    "2026-02-13 25:00",
        "1989-12-31", "2100-01-01", "13/02/2026", "2026-02-13 9", "２０２６-02-13", "2026-02-13 09:05:59.5",
    };
    struct dp_date d = DP_DATE_NONE;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!dp_word_date(dp_slice_str(good[i]), &d))
            fail_msg("%s", good[i]);
        assert_int_equal(dp_date_yyyymmdd(d), 20260213);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (dp_word_date(dp_slice_str(bad[i]), &d))
            fail_msg("%s", bad[i]);
}

static void words_mean_the_numbers_of_the_entry(void **state)
{
    struct dp_channel_word w;
    uint8_t purpose, origin;
    uint32_t v;
    bool yes;

    (void)state;
    assert_true(dp_word_channel(dp_slice_str("来访"), &w));
    assert_int_equal(w.channel, 'V');
    assert_int_equal(w.origin, 0);
    assert_true(dp_word_channel(dp_slice_str("12345热线"), &w));
    assert_int_equal(w.channel * 100 + w.origin, 'T' * 100 + 4);
    assert_false(dp_word_channel(dp_slice_str("飞鸽"), &w));
    assert_true(dp_word_purpose(dp_slice_str("检举控告"), &purpose));
    assert_int_equal(purpose, DP_PURPOSE_ACCUSATION);
    assert_true(dp_word_purpose(dp_slice_str("举报"), &purpose));
    assert_int_equal(purpose, DP_PURPOSE_ACCUSATION);
    assert_true(dp_word_purpose(dp_slice_str("求决"), &purpose));
    assert_int_equal(purpose, DP_PURPOSE_CLAIM);
    assert_true(dp_word_purpose(dp_slice_str("其他"), &purpose));
    assert_int_equal(purpose, DP_PURPOSE_OTHER);
    assert_true(dp_word_origin(dp_slice_str("代跑"), &origin));
    assert_int_equal(origin, 2);
    assert_true(dp_word_category(dp_slice_str("020100"), &v));
    assert_int_equal(v, 20100);
    assert_true(dp_word_category(dp_slice_str("20100"), &v)); /* a spreadsheet took the zero */
    assert_int_equal(v, 20100);
    assert_false(dp_word_category(dp_slice_str("000000"), &v));
    assert_false(dp_word_category(dp_slice_str("0201000"), &v));
    assert_true(dp_word_category(dp_slice_str("其他"), &v));
    assert_int_equal(v, 990000);
    assert_true(dp_word_yes(dp_slice_str("否"), &yes) && !yes);
    assert_true(dp_word_yes(dp_slice_str("√"), &yes) && yes);
    assert_false(dp_word_yes(dp_slice_str("也许"), &yes));
    assert_true(dp_word_count(dp_slice_str("12人次"), &v));
    assert_int_equal(v, 12);
    assert_false(dp_word_count(dp_slice_str("0"), &v));
    assert_false(dp_word_count(dp_slice_str("65536"), &v));
    assert_false(dp_word_count(dp_slice_str("人"), &v));
    assert_int_equal(DP_REGISTER_GROUP, DP_REG_GROUP);
    assert_int_equal(DP_REGISTER_URGENT, DP_REG_URGENT);
    assert_int_equal(DP_REGISTER_CONFIDENTIAL, DP_REG_CONFIDENTIAL);
    assert_int_equal(DP_REGISTER_LITIGATION, DP_REG_LITIGATION);
    assert_int_equal(DP_REGISTER_PUBLIC_OK, DP_REG_PUBLIC_OK);
    assert_int_equal(DP_REGISTER_REPEAT, DP_REG_REPEAT);
}

static void numbers_that_a_spreadsheet_destroyed(void **state)
{
    (void)state;
    assert_true(dp_word_spoiled(dp_slice_str("3.31023E+17")));
    assert_true(dp_word_spoiled(dp_slice_str("1E+10")));
    assert_false(dp_word_spoiled(dp_slice_str("33102319700101001X")));
    assert_false(dp_word_spoiled(dp_slice_str("E+1")));
    assert_false(dp_word_spoiled(dp_slice_str("")));
    assert_false(dp_word_spoiled(dp_slice_str("1.2.3E+1")));
}

static void white_space_of_every_kind_is_trimmed(void **state)
{
    (void)state;
    assert_true(dp_slice_eq(dp_word_trim(dp_slice_str("\xEF\xBB\xBF　 \t\n\xC2\xA0"
                                                      "a b　\n")),
                            dp_slice_str("a b")));
    assert_int_equal(dp_word_trim(dp_slice_str("　　 ")).len, 0);
    assert_int_equal(dp_word_trim(dp_slice_of(NULL, 0)).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headings_as_clerks_write_them),
        cmocka_unit_test(columns_about_persons_are_barred),
        cmocka_unit_test(all_other_columns_are_unknown),
        cmocka_unit_test(categories_begin_with_a_known_level),
        cmocka_unit_test(dates_in_every_written_form),
        cmocka_unit_test(words_mean_the_numbers_of_the_entry),
        cmocka_unit_test(numbers_that_a_spreadsheet_destroyed),
        cmocka_unit_test(white_space_of_every_kind_is_trimmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
