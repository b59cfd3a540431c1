/* SPDX-License-Identifier: Apache-2.0 */
/* Several names in one field of a register, and rows that come again. */
#include "support/cmocka_all.h"

#include <string.h>

#include "register_names.h"
#include "register_seen.h"

#define WANT_MAX 6

static void check(const struct dp_names *n, const char *field, const char *const *want, uint32_t said)
{
    uint32_t i = 0;

    for (; want[i] != NULL; i++) {
        if (i < DP_NAMES_MAX && (i >= n->count || !dp_slice_eq(n->list[i], dp_slice_str(want[i]))))
            fail_msg("%s: no %s", field, want[i]);
    }
    if (n->count != i || n->said != said)
        fail_msg("%s: %u names, %u said", field, n->count, n->said);
}

static void names_are_parted_and_what_is_no_name_is_left(void **state)
{
    static const struct {
        const char *field;
        uint32_t headcount;
        const char *want[WANT_MAX + 2];
        uint32_t said;
    } cases[] = {
        {"张三", 1, {"张三"}, 0},
        {"", 0, {NULL}, 0},
        {"张三、李四", 2, {"张三", "李四"}, 0},
        {"张三，李四；王五,赵六;钱七/孙八", 0, {"张三", "李四", "王五", "赵六", "钱七", "孙八"}, 0},
        {"张三、李四等12人", 0, {"张三", "李四"}, 12},
        {"张三、李四 等 12 人", 0, {"张三", "李四"}, 12},
        {"张三等", 9, {"张三"}, 0},
        {"张三等人", 9, {"张三"}, 0},
        {"张三等村民", 9, {"张三等村民"}, 0},
        {"等", 9, {"等"}, 0},
        {"张三（代李四、王五）、赵六", 0, {"张三（代李四、王五）", "赵六"}, 0},
        {"张三)、李四", 0, {"张三)", "李四"}, 0},
        {"、张三、、 李四　、", 0, {"张三", "李四"}, 0},
        /* white space parts persons only where as many came */
        {"张三 李四", 2, {"张三", "李四"}, 0},
        {"张三　李四\t王五", 3, {"张三", "李四", "王五"}, 0},
        {"张三 李四等2人", 0, {"张三", "李四"}, 2},
        {"张三 李四", 1, {"张三 李四"}, 0},
        {"张三 李四", 0, {"张三 李四"}, 0},
        {"张 三", 2, {"张 三"}, 0},
        {"欧阳 娜娜", 1, {"欧阳 娜娜"}, 0},
        {"Li Lei", 2, {"Li Lei"}, 0},
        {"张 三、李四", 3, {"张 三", "李四"}, 0},
    };
    struct dp_names n;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dp_names_of_persons(dp_slice_str(cases[i].field), cases[i].headcount, &n);
        check(&n, cases[i].field, cases[i].want, cases[i].said);
    }
    dp_names_split(dp_slice_str("平桥镇 政府、赤城街道"), &n);
    check(&n, "offices", (const char *const[]){"平桥镇 政府", "赤城街道", NULL}, 0);
}

static struct dp_seen_row row(uint32_t key, uint8_t said, uint32_t line)
{
    struct dp_seen_row r = {.line = line};

    memcpy(r.key, &key, sizeof(key));
    r.said[15] = said;
    return r;
}

static void a_column_that_is_not_there_has_no_names(void **state)
{
    struct dp_names n;

    (void)state;
    dp_names_of_persons(dp_slice_of(NULL, 0), 1, &n);
    assert_int_equal(n.count, 0);
    dp_names_split(dp_slice_of(NULL, 0), &n);
    assert_int_equal(n.count, 0);
}

static void a_key_is_known_again_among_many(void **state)
{
    struct dp_seen seen = {0};
    struct dp_seen_row r;
    uint32_t line = 0;

    (void)state;
    for (uint32_t i = 1; i <= 5000; i++) {
        r = row(i * 1024, 1, i); /* all want the same first places */
        assert_ok(dp_seen_add(&seen, &r, &line));
    }
    for (uint32_t i = 1; i <= 5000; i++) {
        r = row(i * 1024, i % 2 == 0 ? 1 : 2, 9999);
        assert_int_equal(dp_seen_add(&seen, &r, &line), i % 2 == 0 ? DP_DUPLICATE : DP_CONFLICT);
        assert_int_equal(line, i);
    }
    dp_seen_fini(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_parted_and_what_is_no_name_is_left),
        cmocka_unit_test(a_column_that_is_not_there_has_no_names),
        cmocka_unit_test(a_key_is_known_again_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
