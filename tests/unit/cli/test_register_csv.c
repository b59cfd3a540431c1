/* SPDX-License-Identifier: Apache-2.0 */
/* The register reader: good rows, bad rows with their places, columns not taken, any bytes. */
#include "support/cmocka_all.h"

#include "support/file.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "register_csv.h"

static struct dp_slice division_text;
static struct dp_divisions divisions;

static int load(void **state)
{
    uint32_t line;

    (void)state;
    division_text = test_file_read(DP_SOURCE_DIR "/conf/divisions/divisions.csv");
    return dp_divisions_init(&divisions, division_text, &line) != DP_OK;
}

static int unload(void **state)
{
    (void)state;
    dp_divisions_fini(&divisions);
    free((void *)division_text.p);
    return 0;
}

static enum dp_err read_slice(void *ctx, void *p, size_t cap, size_t *len)
{
    struct dp_slice *s = ctx;

    *len = s->len < cap ? s->len : cap;
    if (*len > 0)
        memcpy(p, s->p, *len);
    *s = dp_slice_of(s->p + *len, s->len - *len);
    return DP_OK;
}

static struct dp_register_options options(enum dp_encoding e)
{
    return (struct dp_register_options){
        .encoding = e, .system = "register", .divisions = &divisions, .within = {331023000000}};
}

/* A reader before its headings; *rest must live as long. */
static struct dp_register *reader(struct dp_slice *rest, struct dp_register_options o)
{
    struct dp_register *r = NULL;

    assert_ok(dp_register_new(&o, read_slice, rest, &r));
    return r;
}

static struct dp_register *begun(struct dp_slice *rest, struct dp_register_options o)
{
    struct dp_register *r = reader(rest, o);
    const char *reason = "";

    if (dp_register_begin(r, &reason) != DP_OK)
        fail_msg("%s", reason);
    return r;
}

#define HEAD "编号,收件日期,信访形式,信访目的,内容分类,信访人,身份证号,电话,人数,问题属地,标题,内容\n"

static bool is(struct dp_slice s, const char *text)
{
    return dp_slice_eq(s, dp_slice_str(text));
}

static void a_row_in_typed_fields(void **state)
{
    struct dp_slice rest = dp_slice_str(
        HEAD
        "A-1,2026年2月13日,来访,求决,劳动社保,张三,'990000197001010012,0576-01234567,3人,赤城街道九峰村,标题,"
        "\"一,二\r\n\"\"三\"\"\"\r\n");
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    struct dp_register_faults faults;
    struct dp_register_row row;

    (void)state;
    assert_ok(dp_register_next(r, &row, &faults));
    assert_int_equal(row.line, 2);
    assert_int_equal(row.key, DP_KEY_NUMBER);
    assert_string_equal(row.source_system, "register");
    assert_string_equal(row.source_no, "A-1");
    assert_int_equal(dp_date_yyyymmdd(row.received_on), 20260213);
    assert_true(dp_date_is_none(row.registered_on));
    assert_int_equal(row.channel, 'V');
    assert_int_equal(row.purpose, 4);
    assert_int_equal(row.category, 30000);
    assert_true(is(row.name, "张三"));
    assert_true(is(row.id_no, "990000197001010012"));
    assert_true(is(row.phone, "0576-01234567"));
    assert_int_equal(row.headcount, 3);
    assert_true(row.problem_div.v == 331023001206);
    assert_true(is(row.content, "一,二\n\"三\""));
    assert_int_equal(row.flags, 0);
    assert_int_equal(dp_register_next(r, &row, &faults), DP_NOT_FOUND);
    dp_register_free(&r);
    assert_null(r);
}

static void what_is_not_said_has_a_plain_meaning(void **state)
{
    struct dp_slice rest = dp_slice_str("登记日期,标题\n2026-02-13,路灯\n\n ,　\n");
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    struct dp_register_faults faults;
    struct dp_register_row row;

    (void)state;
    assert_ok(dp_register_next(r, &row, &faults));
    assert_int_equal(row.channel, 'O');
    assert_int_equal(row.purpose, 99);
    assert_int_equal(row.headcount, 1);
    assert_int_equal(row.received_on.day, row.registered_on.day);
    assert_int_equal(dp_register_next(r, &row, &faults), DP_NOT_FOUND); /* empty rows are passed over */
    dp_register_free(&r);
}

static void columns_in_any_order_below_a_title(void **state)
{
    struct dp_slice rest =
        dp_slice_str("天台县2026年信访登记台账,,\n,,\n标题,备注,登记时间\n甲,x,2026-02-13 9:00\n");
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    const struct dp_register_dropped *dropped;
    struct dp_register_faults faults;
    struct dp_register_row row;
    uint32_t count;

    (void)state;
    assert_ok(dp_register_next(r, &row, &faults));
    assert_int_equal(row.line, 4);
    assert_true(is(row.title, "甲"));
    dropped = dp_register_dropped(r, &count);
    assert_int_equal(count, 1);
    assert_string_equal(dropped[0].name, "备注");
    assert_int_equal(dropped[0].why, DP_COLUMN_UNKNOWN);
    dp_register_free(&r);
}

/* ---- bad rows ---- */

static void bad_rows_are_told_with_line_and_column_and_the_rest_is_read(void **state)
{
    static const struct {
        const char *cells; /* after the number */
        const char *column;
        const char *words;
        uint32_t line; /* within the row, from 0 */
    } bad[] = {
        {"2026-02-30,来访,求决,其他,a,,,1,,t,c", "收件日期", "not a date", 0},
        {",来访,求决,其他,a,,,1,,t,c", "收件日期", "no date of receipt", 0},
        {"2026-02-13,飞鸽,求决,其他,a,,,1,,t,c", "信访形式", "not a known form", 0},
        {"2026-02-13,来访,闲聊,其他,a,,,1,,t,c", "信访目的", "not a known purpose", 0},
        {"2026-02-13,来访,求决,天气,a,,,1,,t,c", "内容分类", "six digits", 0},
        {"2026-02-13,来访,求决,210300,a,,,1,,t,c", "内容分类", "six digits", 0},
        {"2026-02-13,来访,求决,其他,a,3.3E+17,,1,,t,c", "证件号码", "destroyed", 0},
        {"2026-02-13,来访,求决,其他,a,,1.38E+10,1,,t,c", "联系电话", "destroyed", 0},
        {"2026-02-13,来访,求决,其他,a,,,很多,,t,c", "人数", "1 to 65535", 0},
        {"2026-02-13,来访,求决,其他,a,,,1,桃花源村,t,c", "问题属地", "not a known place", 0},
        {"2026-02-13,来访,求决,其他,a,,,1,三新村,t,c", "问题属地", "more than one place", 0},
        {"2026-02-13,来访,求决,其他,a,,,1,,,", "内容", "neither a title", 0},
        {"2026-02-13,来访,求决,其他,a,,,1,,t", "", "fewer columns", 0},
        {"2026-02-13,来访,求决,其他,a,,,1,,t,c,d", "", "more columns", 0},
        {"2026-02-13,来访,求决,其他,a,,,1,,t,\"c\"d", "", "closing quote", 0},
        {"2026-02-13,来访,求决,其他,a,,,1,,t\x01,c", "标题", "control characters", 0},
        {"2026-02-13,来访,求决,其他,\"a\nb\",,,1,,t,c", "信访人姓名", "line break", 0},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dp_slice rest;
        struct dp_register *r;
        struct dp_register_faults f;
        struct dp_register_row row;
        snprintf(text, sizeof(text), HEAD "A-1,%s\nA-2,2026-02-13,来访,求决,其他,a,,,1,,t,c\n", bad[i].cells);
        rest = dp_slice_str(text);
        r = begun(&rest, options(DP_ENCODING_UTF8));
        assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
        assert_int_equal(f.count, 1);
        assert_int_equal(f.list[0].line, 2 + bad[i].line);
        assert_string_equal(f.list[0].column, bad[i].column);
        if (strstr(f.list[0].text, bad[i].words) == NULL)
            fail_msg("case %zu: %s", i, f.list[0].text);
        assert_ok(dp_register_next(r, &row, &f));
        assert_string_equal(row.source_no, "A-2");
        assert_int_equal(dp_register_next(r, &row, &f), DP_NOT_FOUND);
        dp_register_free(&r);
    }
}

/* Of the field, where a row has several lines. */
static void a_fault_is_told_with_the_line_of_its_field(void **state)
{
    struct dp_slice rest = dp_slice_str("登记日期,内容,人数\n2026-02-13,\"a\nb\",0\n");
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    struct dp_register_faults f;
    struct dp_register_row row;

    (void)state;
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
    assert_int_equal(f.list[0].line, 3);
    assert_string_equal(f.list[0].column, "人数");
    dp_register_free(&r);
}

static void all_faults_of_a_row_are_told(void **state)
{
    struct dp_slice rest = dp_slice_str(HEAD "A-1,x,x,x,x,a,1E+9,1E+9,x,x,t,c\n");
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    struct dp_register_faults f;
    struct dp_register_row row;

    (void)state;
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
    assert_int_equal(f.count, 8);
    assert_string_equal(f.list[0].column, "收件日期");
    dp_register_free(&r);
}

static void days_to_come_are_refused(void **state)
{
    struct dp_slice rest = dp_slice_str("收件日期,标题\n2026-02-13,a\n2026-02-14,b\n");
    struct dp_register_options o = options(DP_ENCODING_UTF8);
    struct dp_register_faults f;
    struct dp_register_row row;
    struct dp_register *r;

    (void)state;
    assert_ok(dp_date_make(2026, 2, 13, &o.today));
    r = begun(&rest, o);
    assert_ok(dp_register_next(r, &row, &f));
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
    assert_non_null(strstr(f.list[0].text, "not come yet"));
    dp_register_free(&r);
}

/* ---- keys ---- */

static void key_of(const char *text, enum dp_register_key key, const char *system,
                   char no[DP_REGISTER_NO_MAX + 1])
{
    struct dp_slice rest = dp_slice_str(text);
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    struct dp_register_faults f;
    struct dp_register_row row;

    assert_ok(dp_register_next(r, &row, &f));
    assert_int_equal(row.key, key);
    assert_string_equal(row.source_system, system);
    memcpy(no, row.source_no, sizeof(row.source_no));
    dp_register_free(&r);
}

static void a_row_is_known_again_by_its_number_or_its_digest(void **state)
{
    char a[DP_REGISTER_NO_MAX + 1], b[DP_REGISTER_NO_MAX + 1];

    (void)state;
    key_of("编号,来源系统,来源编号,登记日期,标题\nN-1,12345,G-7,2026-02-13,t\n", DP_KEY_SOURCE_NO, "12345",
           a);
    assert_string_equal(a, "G-7");
    key_of("编号,来源系统,来源编号,登记日期,标题\nN-1,12345,,2026-02-13,t\n", DP_KEY_NUMBER, "12345", a);
    assert_string_equal(a, "N-1");
    key_of("登记日期,标题\n2026-02-13,t\n", DP_KEY_DIGEST, "register", a);
    assert_int_equal(strlen(a), 36);
    /* neither the order of columns nor one that is not taken makes another row of it */
    key_of("标题,民族,登记日期\n t ,x,2026-02-13\n", DP_KEY_DIGEST, "register", b);
    assert_string_equal(a, b);
    key_of("登记日期,标题\n2026-02-13,u\n", DP_KEY_DIGEST, "register", b);
    assert_string_not_equal(a, b);
    key_of("登记日期,主要诉求\n2026-02-13,t\n", DP_KEY_DIGEST, "register", b);
    assert_string_not_equal(a, b);
}

#define LONG_NAME "0123456789012345678901234567890123456789012345678901234567890123" /* 64 bytes */

static void names_and_numbers_have_their_limits(void **state)
{
    struct dp_register_options o = options(DP_ENCODING_UTF8);
    struct dp_slice rest = dp_slice_str("编号,来源系统,登记日期,标题\n"
                                        "123456789012345678901234567890123456789,,2026-02-13,t\n"
                                        "1," LONG_NAME ",2026-02-13,t\n"
                                        "2,浙江省统一政务咨询投诉举报平台,2026-02-13,t\n");
    struct dp_register *r = NULL;
    struct dp_register_faults f;
    struct dp_register_row row;

    (void)state;
    o.system = "";
    assert_int_equal(dp_register_new(&o, read_slice, &rest, &r), DP_RANGE);
    o.system = LONG_NAME;
    assert_int_equal(dp_register_new(&o, read_slice, &rest, &r), DP_RANGE);
    r = begun(&rest, options(DP_ENCODING_UTF8));
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
    assert_string_equal(f.list[0].column, "信访编号");
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
    assert_string_equal(f.list[0].column, "来源系统");
    assert_ok(dp_register_next(r, &row, &f));
    assert_string_equal(row.source_system, "浙江省统一政务咨询投诉举报平台");
    dp_register_free(&r);
}

/* A number that two rows have: the same row twice, or a mistake that would lose one of them. */
static void a_number_of_two_rows_is_told_unless_they_say_the_same(void **state)
{
    struct dp_slice rest = dp_slice_str("编号,来源编号,登记日期,标题,备注\n"
                                        "1,,2026-02-13,路灯,x\n"
                                        "2,G-1,2026-02-13,水渠,x\n"
                                        "1,,2026-02-13,路灯,y\n"
                                        "1,,2026-02-13,低保,x\n"
                                        "3,G-1,2026-02-13,水渠,x\n"
                                        "4,G-2,2026-02-30,桥,x\n"
                                        "5,G-2,2026-02-13,桥,x\n");
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    struct dp_register_faults f;
    struct dp_register_row row;

    (void)state;
    assert_ok(dp_register_next(r, &row, &f));
    assert_ok(dp_register_next(r, &row, &f));
    assert_int_equal(dp_register_next(r, &row, &f), DP_DUPLICATE); /* what is not taken makes no other row */
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.list[0].line, 5);
    assert_int_equal(f.list[0].other, 2);
    assert_string_equal(f.list[0].column, "信访编号");
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
    assert_int_equal(f.list[0].other, 3);
    assert_string_equal(f.list[0].column, "来源编号");
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY); /* not good, so nothing of it is kept */
    assert_int_equal(f.list[0].other, 0);
    assert_ok(dp_register_next(r, &row, &f));
    assert_int_equal(dp_register_next(r, &row, &f), DP_NOT_FOUND);
    dp_register_free(&r);
}

/* Those who are named came, whatever the column says. */
static void several_names_are_several_persons(void **state)
{
    struct dp_slice rest = dp_slice_str("登记日期,标题,姓名,人数\n"
                                        "2026-02-13,a,张三、李四等12人,\n"
                                        "2026-02-13,b,张三 李四,2\n"
                                        "2026-02-13,c,张 三,\n"
                                        "2026-02-13,d,张三、李四,1\n");
    static const struct {
        uint32_t names, headcount;
    } want[] = {{2, 12}, {2, 2}, {1, 1}, {2, 2}};
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    struct dp_register_faults f;
    struct dp_register_row row;

    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_ok(dp_register_next(r, &row, &f));
        assert_int_equal(row.names.count, want[i].names);
        assert_int_equal(row.headcount, want[i].headcount);
    }
    dp_register_free(&r);
}

/* Neither is stored: a due date is computed, and who handles a matter is who accepted it. */
static void limit_and_handler_are_named_as_not_taken(void **state)
{
    struct dp_slice rest =
        dp_slice_str("登记日期,标题,责任单位,办理期限\n2026-02-13,t,县住建局,2026-04-01\n");
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    const struct dp_register_dropped *dropped;
    uint32_t count;

    (void)state;
    dropped = dp_register_dropped(r, &count);
    assert_int_equal(count, 2);
    assert_string_equal(dropped[0].name, "责任单位");
    assert_string_equal(dropped[1].name, "办理期限");
    dp_register_free(&r);
}

/* What the daemon would refuse is told here, where its column is known. */
static void texts_that_no_part_holds_name_their_column(void **state)
{
    static const struct {
        const char *cells, *column;
    } bad[] = {
        {"\"a\nb\",c,,,,", "标题"},        {"a,c,\"x\ny\",,,", "信访人姓名"}, {"a,c,,\"1\n2\",,", "联系电话"},
        {"a,c,,,\"x\ty\",", "被反映单位"}, {"a,c,,,,\"x\ny\"", "来源编号"},   {"a,@,,,,", "内容"},
    };
    char *text = malloc(3 * DP_REGISTER_PART_MAX), *at;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dp_register_faults f;
        struct dp_register_row row;
        struct dp_register *r;
        struct dp_slice rest;
        at = text + sprintf(text, "登记日期,标题,内容,姓名,电话,被反映单位,来源编号\n2026-02-13,");
        for (const char *c = bad[i].cells; *c != '\0'; c++) {
            size_t n = *c == '@' ? DP_REGISTER_PART_MAX : 1;
            memset(at, *c, n);
            at += n;
        }
        strcpy(at, "\n");
        rest = dp_slice_str(text);
        r = begun(&rest, options(DP_ENCODING_UTF8));
        assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
        assert_int_equal(f.count, 1);
        assert_string_equal(f.list[0].column, bad[i].column);
        dp_register_free(&r);
    }
    free(text);
}

/* ---- columns not taken: R-N4-1 ---- */

static bool holds(struct dp_slice s, const char *text)
{
    return s.len > 0 && memmem(s.p, s.len, text, strlen(text)) != NULL;
}

/* Every byte of the row, and every text it points to. */
static bool row_holds(const struct dp_register_row *row, const char *text)
{
    const struct dp_slice all[] = {
        dp_slice_of(row, sizeof(*row)),
        row->number,
        row->foreign_no,
        row->national_no,
        row->name,
        row->id_no,
        row->phone,
        row->address,
        row->respondent_name,
        row->respondent_org,
        row->respondent_rank,
        row->title,
        row->summary,
        row->content,
        row->demand,
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (holds(all[i], text))
            return true;
    return false;
}

/* R-N4-1: their names are reported, their values are nowhere. */
static void values_of_dropped_columns_are_never_given(void **state)
{
    struct dp_slice rest = dp_slice_str("登记日期,重点人员标志,标题,扬言内容,备注,姓名,信访人,政治面貌\n"
                                        "2026-02-13,SECRET1,t,SECRET2,SECRET3,n,SECRET4,SECRET5\n"
                                        "bad,SECRET1,t,SECRET2,SECRET3,n,SECRET4,SECRET5\n");
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    const struct dp_register_dropped *dropped;
    struct dp_register_faults f;
    struct dp_register_row row;
    uint32_t count;

    (void)state;
    dropped = dp_register_dropped(r, &count);
    assert_int_equal(count, 5);
    assert_string_equal(dropped[0].name, "重点人员标志");
    assert_int_equal(dropped[0].why, DP_COLUMN_BARRED);
    assert_string_equal(dropped[1].name, "扬言内容");
    assert_int_equal(dropped[1].why, DP_COLUMN_BARRED);
    assert_string_equal(dropped[2].name, "备注");
    assert_int_equal(dropped[2].why, DP_COLUMN_UNKNOWN);
    assert_string_equal(dropped[3].name, "信访人"); /* a second column for the name */
    assert_int_equal(dropped[3].why, DP_COLUMN_NAME);
    assert_int_equal(dropped[4].why, DP_COLUMN_BARRED);

    assert_ok(dp_register_next(r, &row, &f));
    assert_true(is(row.name, "n"));
    assert_false(row_holds(&row, "SECRET"));
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
    assert_int_equal(f.count, 1);
    assert_false(holds(dp_slice_str(f.list[0].text), "SECRET") || holds(dp_slice_str(f.list[0].text), "bad"));
    dp_register_free(&r);
}

/* R-N4-1: what is not taken cannot spoil a row either. */
static void a_dropped_value_may_be_anything(void **state)
{
    char *text = malloc(DP_CSV_FIELD_BYTES_MAX * 3), *at;
    struct dp_register_faults f;
    struct dp_register_row row;
    struct dp_register *r;
    struct dp_slice rest;

    (void)state;
    assert_non_null(text);
    at = text + sprintf(text, "登记日期,扬言内容,标题\n2026-02-13,\"\xFF\x01");
    memset(at, 'S', DP_CSV_FIELD_BYTES_MAX + 1);
    strcpy(at + DP_CSV_FIELD_BYTES_MAX + 1, "\",t\n");
    rest = dp_slice_str(text);
    r = begun(&rest, options(DP_ENCODING_UTF8));
    assert_ok(dp_register_next(r, &row, &f));
    assert_true(is(row.title, "t"));
    dp_register_free(&r);
    free(text);
}

static void names_of_columns_cannot_harm_a_terminal(void **state)
{
    struct dp_slice rest = dp_slice_str("登记日期,标题,\"x\ny\tz\"\n");
    struct dp_register *r = begun(&rest, options(DP_ENCODING_UTF8));
    uint32_t count;

    (void)state;
    assert_string_equal(dp_register_dropped(r, &count)[0].name, "x?y?z");
    dp_register_free(&r);
    rest = dp_slice_str("登记日期,标题,\x1b[2J\n");
    r = reader(&rest, options(DP_ENCODING_UTF8));
    assert_int_equal(dp_register_begin(r, &(const char *){NULL}), DP_FORMAT);
    dp_register_free(&r);
}

/* Its first line is a person's, so no name is reported. */
static void a_file_without_headings_is_refused_in_silence(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } bad[] = {
        {"", "no line of headings"},
        {"1,2026-02-13,张三,0576-01234567,路灯坏了\n", "no line of headings"},
        {"登记日期,姓名\n", "no column for title"},
        {"标题,姓名\n", "no column for the date"},
        {"登记日期\xff,标题\n", "encoding"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dp_slice rest = dp_slice_str(bad[i].text);
        struct dp_register *r = reader(&rest, options(DP_ENCODING_UTF8));
        const char *reason = NULL;
        uint32_t count;
        assert_int_equal(dp_register_begin(r, &reason), DP_FORMAT);
        if (strstr(reason, bad[i].words) == NULL)
            fail_msg("case %zu: %s", i, reason);
        dp_register_dropped(r, &count);
        assert_int_equal(count, 0);
        dp_register_free(&r);
    }
}

/* ---- hard input ---- */

static void a_huge_line_is_one_fault(void **state)
{
    size_t len = 20u << 20;
    char *text = malloc(len + 64);
    struct dp_register_faults f;
    struct dp_register_row row;
    struct dp_register *r;
    struct dp_slice rest;
    size_t n;

    (void)state;
    assert_non_null(text);
    n = (size_t)sprintf(text, "登记日期,标题\n2026-02-13,");
    memset(text + n, 'x', len);
    n += len;
    n += (size_t)sprintf(text + n, "\n2026-02-13,t\n");
    rest = dp_slice_of(text, n);
    r = begun(&rest, options(DP_ENCODING_UTF8));
    assert_int_equal(dp_register_next(r, &row, &f), DP_PARTLY);
    assert_int_equal(f.list[0].line, 2);
    assert_ok(dp_register_next(r, &row, &f));
    dp_register_free(&r);
    free(text);
}

static void run_to_the_end(struct dp_slice text, enum dp_encoding e)
{
    struct dp_register *r = reader(&text, options(e));
    struct dp_register_faults f;
    struct dp_register_row row;
    const char *reason;
    enum dp_err err = dp_register_begin(r, &reason);

    while (err == DP_OK || err == DP_PARTLY) {
        err = dp_register_next(r, &row, &f);
        if (err == DP_OK)
            assert_true(row.source_no[0] != '\0' && !dp_date_is_none(row.received_on));
        else if (err == DP_PARTLY)
            assert_true(f.count > 0);
    }
    dp_register_free(&r);
}

static void any_bytes_are_read_to_the_end(void **state)
{
    static const char alphabet[] = "\"\",,,\r\n\n2026-02-13,t\x81\xFF\xE5\xA4\xA9";
    struct dp_rng rng;

    (void)state;
    dp_rng_seed(&rng, 20260213);
    for (int run = 0; run < 3000; run++) {
        uint8_t bytes[600];
        size_t head = (size_t)sprintf((char *)bytes, "登记日期,标题,人数\n"), len;
        len = head + dp_rng_below(&rng, sizeof(bytes) - head);
        if (run % 2 == 0)
            dp_rng_fill(&rng, bytes + head, len - head);
        else
            for (size_t i = head; i < len; i++)
                bytes[i] = (uint8_t)alphabet[dp_rng_below(&rng, sizeof(alphabet) - 1)];
        run_to_the_end(dp_slice_of(bytes, len), DP_ENCODING_UTF8);
        run_to_the_end(dp_slice_of(bytes + head, len - head), DP_ENCODING_GB18030);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_in_typed_fields),
        cmocka_unit_test(what_is_not_said_has_a_plain_meaning),
        cmocka_unit_test(columns_in_any_order_below_a_title),
        cmocka_unit_test(bad_rows_are_told_with_line_and_column_and_the_rest_is_read),
        cmocka_unit_test(a_fault_is_told_with_the_line_of_its_field),
        cmocka_unit_test(all_faults_of_a_row_are_told),
        cmocka_unit_test(days_to_come_are_refused),
        cmocka_unit_test(a_row_is_known_again_by_its_number_or_its_digest),
        cmocka_unit_test(names_and_numbers_have_their_limits),
        cmocka_unit_test(a_number_of_two_rows_is_told_unless_they_say_the_same),
        cmocka_unit_test(several_names_are_several_persons),
        cmocka_unit_test(limit_and_handler_are_named_as_not_taken),
        cmocka_unit_test(texts_that_no_part_holds_name_their_column),
        cmocka_unit_test(values_of_dropped_columns_are_never_given),
        cmocka_unit_test(a_dropped_value_may_be_anything),
        cmocka_unit_test(names_of_columns_cannot_harm_a_terminal),
        cmocka_unit_test(a_file_without_headings_is_refused_in_silence),
        cmocka_unit_test(a_huge_line_is_one_fault),
        cmocka_unit_test(any_bytes_are_read_to_the_end),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
