/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Five hundred generated rows, in every encoding and order of columns, read back equal to what
 * the generator says it wrote (tests/support/make_register.py). No value of a forbidden
 * column comes through (R-N4-1).
 */
#include "support/cmocka_all.h"

#include "support/file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "register_csv.h"

#define ROWS 500
#define SCRIPT DP_SOURCE_DIR "/tests/support/make_register.py"
#define FORBIDDEN_MARK "NEVERTAKEN"

static struct dp_slice division_text;
static struct dp_divisions divisions;
static char dir[] = "/tmp/daipao-register-XXXXXX";
static json_t *expected[ROWS]; /* of the scenario */

static void make(const char *arguments)
{
    char command[1024];

    snprintf(command, sizeof(command), "python3 " SCRIPT " --seed 11 --rows %d %s", ROWS, arguments);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void path_of(const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", dir, name);
}

static void load_scenario(void)
{
    char path[256], arguments[600];
    FILE *f;

    path_of("lives.jsonl", path);
    snprintf(arguments, sizeof(arguments), "--out /dev/null --scenario %s", path);
    make(arguments);
    f = fopen(path, "r");
    assert_non_null(f);
    for (int i = 0; i < ROWS; i++) {
        expected[i] = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL);
        assert_non_null(expected[i]);
    }
    fclose(f);
    unlink(path);
}

static int load(void **state)
{
    uint32_t line;

    (void)state;
    division_text = test_file_read(DP_SOURCE_DIR "/conf/divisions/divisions.csv");
    if (dp_divisions_init(&divisions, division_text, &line) != DP_OK || mkdtemp(dir) == NULL)
        return 1;
    load_scenario();
    return 0;
}

static int unload(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++)
        json_decref(expected[i]);
    rmdir(dir);
    dp_divisions_fini(&divisions);
    free((void *)division_text.p);
    return 0;
}

/* ---- one row against its expectation ---- */

static void same_text(const json_t *e, const char *key, struct dp_slice s)
{
    const char *want = json_string_value(json_object_get(e, key));

    assert_non_null(want);
    if (!dp_slice_eq(s, dp_slice_str(want)))
        fail_msg("%s: %.*s, not %s", key, (int)s.len, (const char *)s.p, want);
}

static void same_number(const json_t *e, const char *key, uint64_t v)
{
    if ((uint64_t)json_integer_value(json_object_get(e, key)) != v)
        fail_msg("%s: %llu", key, (unsigned long long)v);
}

static void same_date(const json_t *e, const char *key, struct dp_date d)
{
    char text[11];

    dp_date_format(d, text);
    assert_string_equal(text, json_string_value(json_object_get(e, key)));
}

static void same_flag(const json_t *e, const char *key, bool v)
{
    if (json_is_true(json_object_get(e, key)) != v)
        fail_msg("%s: %d", key, v);
}

static void same_division(const json_t *e, const char *key, struct dp_div d)
{
    char text[13];

    dp_div_format(d, text);
    assert_string_equal(text, json_string_value(json_object_get(e, key)));
}

static void same_class(const struct dp_register_row *row, const json_t *e)
{
    const char *channel = json_string_value(json_object_get(e, "channel"));
    const char *system = json_string_value(json_object_get(e, "source_system"));

    assert_int_equal(row->channel, channel[0]);
    assert_string_equal(row->source_system, system[0] != '\0' ? system : "register");
    same_text(e, "source_no", dp_slice_str(row->source_no));
    same_number(e, "origin", row->origin);
    same_number(e, "purpose", row->purpose);
    same_number(e, "category", row->category);
    same_number(e, "headcount", row->headcount);
    same_division(e, "problem_div", row->problem_div);
    same_flag(e, "repeat", row->flags & DP_REGISTER_REPEAT);
    same_flag(e, "group", row->flags & DP_REGISTER_GROUP);
    same_flag(e, "confidential", row->flags & DP_REGISTER_CONFIDENTIAL);
    same_flag(e, "anonymous", row->anonymous);
    same_date(e, "registered_on", row->registered_on);
    same_date(e, "received_on", row->received_on);
    same_date(e, "petition_on", row->petition_on);
}

static void same_texts(const struct dp_register_row *row, const json_t *e)
{
    same_text(e, "name", row->name);
    same_text(e, "id_no", row->id_no);
    same_text(e, "phone", row->phone);
    same_text(e, "address", row->address);
    same_text(e, "title", row->title);
    same_text(e, "content", row->content);
    same_text(e, "demand", row->demand);
    same_text(e, "respondent_name", row->respondent_name);
    same_text(e, "respondent_org", row->respondent_org);
    assert_null(memmem(row->content.p, row->content.len, FORBIDDEN_MARK, strlen(FORBIDDEN_MARK)));
}

/* ---- one file ---- */

static uint32_t read_all(struct dp_register *r)
{
    struct dp_register_faults f;
    struct dp_register_row row;
    enum dp_err err;
    uint32_t n = 0;

    while ((err = dp_register_next(r, &row, &f)) != DP_NOT_FOUND) {
        if (err != DP_OK)
            fail_msg("line %u, %s: %s", f.list[0].line, f.list[0].column, f.list[0].text);
        assert_true(n < ROWS);
        same_class(&row, json_object_get(expected[n], "expect"));
        same_texts(&row, json_object_get(expected[n], "expect"));
        n++;
    }
    return n;
}

static void check_dropped(const struct dp_register *r, bool forbidden)
{
    uint32_t count, barred = 0;
    const struct dp_register_dropped *dropped = dp_register_dropped(r, &count);

    for (uint32_t i = 0; i < count; i++)
        barred += dropped[i].why == DP_COLUMN_BARRED;
    assert_int_equal(count, forbidden ? 12 : 2); /* 责任单位, 办理期限 */
    assert_int_equal(barred, forbidden ? 9 : 0);
}

static void there_and_back(enum dp_encoding e, const char *encoding, const char *more)
{
    struct dp_register_options o = {.system = "register", .divisions = &divisions, .within = {331023000000}};
    char path[256], arguments[600];
    struct dp_register *r;
    const char *reason;
    FILE *f;

    path_of("register.csv", path);
    snprintf(arguments, sizeof(arguments), "--encoding %s %s --out %s", encoding, more, path);
    make(arguments);
    f = fopen(path, "rb");
    assert_non_null(f);
    assert_ok(dp_encoding_detect(dp_register_read_file, f, &o.encoding));
    assert_int_equal(o.encoding, e);
    rewind(f);
    assert_ok(dp_register_new(&o, dp_register_read_file, f, &r));
    assert_ok(dp_register_begin(r, &reason));
    check_dropped(r, strstr(more, "forbidden") != NULL);
    assert_int_equal(read_all(r), ROWS);
    dp_register_free(&r);
    fclose(f);
    unlink(path);
}

static void every_encoding_and_order_reads_the_same(void **state)
{
    static const struct {
        enum dp_encoding e;
        const char *name;
    } encodings[] = {
        {DP_ENCODING_UTF8, "utf-8"}, {DP_ENCODING_UTF8, "utf-8-bom"}, {DP_ENCODING_GB18030, "gb18030"}};
    static const char *const more[] = {"", "--columns-shuffled --crlf",
                                       "--columns-shuffled --with-forbidden-columns"};

    (void)state;
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
        for (size_t j = 0; j < sizeof(more) / sizeof(more[0]); j++)
            there_and_back(encodings[i].e, encodings[i].name, more[j]);
}

static void the_sample_has_fifty_good_rows(void **state)
{
    struct dp_register_options o = {.system = "register", .divisions = &divisions, .within = {331023000000}};
    FILE *f = fopen(DP_SOURCE_DIR "/tests/data/register-small.csv", "rb");
    struct dp_register_faults faults;
    struct dp_register_row row;
    struct dp_register *r;
    const char *reason;
    int n = 0;

    (void)state;
    assert_non_null(f);
    assert_ok(dp_register_new(&o, dp_register_read_file, f, &r));
    assert_ok(dp_register_begin(r, &reason));
    while (dp_register_next(r, &row, &faults) == DP_OK)
        n++;
    assert_int_equal(n, 50);
    dp_register_free(&r);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_encoding_and_order_reads_the_same),
        cmocka_unit_test(the_sample_has_fifty_good_rows),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
