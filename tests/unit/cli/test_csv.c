/* SPDX-License-Identifier: Apache-2.0 */
/* CSV and encodings: RFC 4180 cases, limits, marks of byte order, every size of read. */
#include "support/cmocka_all.h"

#include "csv.h"

#include <stdlib.h>
#include <string.h>

/* Bytes given out in pieces of `step`. */
struct bytes {
    struct dp_slice s;
    size_t step;
};

static enum dp_err read_bytes(void *ctx, void *p, size_t cap, size_t *len)
{
    struct bytes *b = ctx;
    size_t n = b->step < cap ? b->step : cap;

    n = n < b->s.len ? n : b->s.len;
    memcpy(p, b->s.p, n);
    b->s = dp_slice_of(b->s.p + n, b->s.len - n);
    *len = n;
    return DP_OK;
}

struct table {
    struct bytes bytes;
    struct dp_decode decode;
    struct dp_csv csv;
    const struct dp_csv_record *record;
};

static struct table *open_bytes(struct dp_slice s, enum dp_encoding e, size_t step)
{
    struct table *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    t->bytes = (struct bytes){s, step};
    assert_ok(dp_decode_init(&t->decode, e, read_bytes, &t->bytes));
    dp_csv_init(&t->csv, &t->decode);
    return t;
}

static struct table *open_text(const char *text)
{
    return open_bytes(dp_slice_str(text), DP_ENCODING_UTF8, 3);
}

static void close_table(struct table *t)
{
    dp_csv_fini(&t->csv);
    dp_decode_fini(&t->decode);
    free(t);
}

static void expect_row(struct table *t, uint32_t line, const char *const *fields, uint32_t count)
{
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_int_equal(t->record->fault, DP_CSV_FINE);
    assert_int_equal(t->record->line, line);
    assert_int_equal(t->record->count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_true(dp_slice_eq(t->record->fields[i], dp_slice_str(fields[i])));
}

#define ROW(t, line, ...)                                                                                    \
    do {                                                                                                     \
        const char *const fields_[] = {__VA_ARGS__};                                                         \
        expect_row(t, line, fields_, sizeof(fields_) / sizeof(fields_[0]));                                  \
    } while (0)

static void expect_end(struct table *t)
{
    assert_int_equal(dp_csv_next(&t->csv, &t->record), DP_NOT_FOUND);
    assert_int_equal(dp_csv_next(&t->csv, &t->record), DP_NOT_FOUND);
}

static void rows_quotes_and_ends_of_line(void **state)
{
    struct table *t = open_text("a,b,c\r\n1,\"2,\"\"x\"\"\r\ny\",3\n\n\"\",,\"z\"\rlast,,");

    (void)state;
    ROW(t, 1, "a", "b", "c");
    ROW(t, 2, "1", "2,\"x\"\ny", "3");
    assert_int_equal(t->record->lines[0], 2);
    assert_int_equal(t->record->lines[1], 2);
    assert_int_equal(t->record->lines[2], 3);
    ROW(t, 4, "");
    ROW(t, 5, "", "", "z");
    ROW(t, 6, "last", "", "");
    expect_end(t);
    close_table(t);
}

static void a_quote_inside_a_plain_field_is_a_quote(void **state)
{
    struct table *t = open_text("5\" pipe,b\n");

    (void)state;
    ROW(t, 1, "5\" pipe", "b");
    expect_end(t);
    close_table(t);
}

static void an_empty_file_has_no_row(void **state)
{
    struct table *t = open_text("");

    (void)state;
    expect_end(t);
    close_table(t);
    t = open_text("\xEF\xBB\xBF");
    expect_end(t);
    close_table(t);
}

static void text_after_a_closing_quote_spoils_one_row_only(void **state)
{
    struct table *t = open_text("a,\"b\"x,c\nd,e\n");

    (void)state;
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_int_equal(t->record->fault, DP_CSV_AFTER_QUOTE);
    assert_int_equal(t->record->fault_line, 1);
    assert_int_equal(t->record->fault_column, 1);
    ROW(t, 2, "d", "e");
    expect_end(t);
    close_table(t);
}

static void an_open_quote_is_named_where_it_opens(void **state)
{
    struct table *t = open_text("a,b\nc,\"d\ne,f\ng,h\n");

    (void)state;
    ROW(t, 1, "a", "b");
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_int_equal(t->record->fault, DP_CSV_QUOTE_OPEN);
    assert_int_equal(t->record->fault_line, 2);
    expect_end(t);
    close_table(t);
}

/* head, `n` times `c`, tail */
static char *padded(const char *head, char c, size_t n, const char *tail)
{
    size_t len = strlen(head);
    char *text = malloc(len + n + strlen(tail) + 1);

    assert_non_null(text);
    memcpy(text, head, len);
    memset(text + len, c, n);
    memcpy(text + len + n, tail, strlen(tail) + 1);
    return text;
}

static void a_field_of_16_kib_is_the_longest(void **state)
{
    char *text = padded("a,", 'x', DP_CSV_FIELD_BYTES_MAX, "\nb,c\n");
    struct table *t = open_bytes(dp_slice_str(text), DP_ENCODING_UTF8, 4096);

    (void)state;
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_int_equal(t->record->fault, DP_CSV_FINE);
    assert_int_equal(t->record->fields[1].len, DP_CSV_FIELD_BYTES_MAX);
    ROW(t, 2, "b", "c");
    close_table(t);
    free(text);

    text = padded("a,", 'x', DP_CSV_FIELD_BYTES_MAX + 1, ",z\nb,c\n");
    t = open_bytes(dp_slice_str(text), DP_ENCODING_UTF8, 4096);
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_int_equal(t->record->fault, DP_CSV_FIELD_TOO_LONG);
    assert_int_equal(t->record->fault_column, 1);
    ROW(t, 2, "b", "c");
    expect_end(t);
    close_table(t);
    free(text);
}

/* A petitioner's long text must not end in a row of its own making. */
static void what_is_quoted_stays_quoted_beyond_the_limit(void **state)
{
    char *text = padded("a,\"", 'x', DP_CSV_FIELD_BYTES_MAX + 9, "\nforged,row\n\"\nb,c\n");
    struct table *t = open_bytes(dp_slice_str(text), DP_ENCODING_UTF8, 999);

    (void)state;
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_int_equal(t->record->fault, DP_CSV_FIELD_TOO_LONG);
    ROW(t, 4, "b", "c");
    expect_end(t);
    close_table(t);
    free(text);
}

static void at_most_256_columns(void **state)
{
    char *text = padded("", ',', DP_CSV_COLUMNS_MAX - 1, "\n");
    struct table *t = open_text(text);

    (void)state;
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_int_equal(t->record->fault, DP_CSV_FINE);
    assert_int_equal(t->record->count, DP_CSV_COLUMNS_MAX);
    close_table(t);
    free(text);
    text = padded("", ',', 5000, "\nb,c\n");
    t = open_text(text);
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_int_equal(t->record->fault, DP_CSV_TOO_MANY_COLUMNS);
    ROW(t, 2, "b", "c");
    close_table(t);
    free(text);
}

static void lines_are_limited(void **state)
{
    char *text = padded("", '\n', DP_CSV_LINES_MAX + 1, "");
    struct table *t = open_bytes(dp_slice_str(text), DP_ENCODING_UTF8, DP_DECODE_BLOCK);
    enum dp_err err;

    (void)state;
    do {
        err = dp_csv_next(&t->csv, &t->record);
    } while (err == DP_OK);
    assert_int_equal(err, DP_TOO_BIG);
    close_table(t);
    free(text);
}

/* "天台县,嵊\n" with 嵊 in GBK, and U+20000, which takes four bytes. */
static const char gb18030[] = "\xCC\xEC\xCC\xA8\xCF\xD8,\xE1\xD3\x95\x32\x82\x36\n";
static const char as_utf8[] = "\xF0\xA0\x80\x80";

static void gb18030_in_pieces_of_any_size(void **state)
{
    char field[16];

    (void)state;
    strcpy(field, "嵊");
    strcat(field, as_utf8);
    for (size_t step = 1; step < sizeof(gb18030); step++) {
        struct table *t = open_bytes(dp_slice_str(gb18030), DP_ENCODING_GB18030, step);
        ROW(t, 1, "天台县", field);
        expect_end(t);
        close_table(t);
    }
}

static void a_bad_sequence_spoils_its_field_only(void **state)
{
    struct table *t = open_bytes(dp_slice_str("a\x81,b\n\xCC\xEC,\xFF\nc,\x81"), DP_ENCODING_GB18030, 2);

    (void)state;
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_int_equal(t->record->count, 2);
    assert_false(dp_utf8_ok(t->record->fields[0]));
    assert_true(dp_slice_eq(t->record->fields[1], dp_slice_str("b")));
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_true(dp_slice_eq(t->record->fields[0], dp_slice_str("天")));
    assert_false(dp_utf8_ok(t->record->fields[1]));
    assert_ok(dp_csv_next(&t->csv, &t->record));
    assert_false(dp_utf8_ok(t->record->fields[1]));
    expect_end(t);
    close_table(t);
}

static enum dp_err detect(const char *p, size_t len, size_t step, enum dp_encoding *e)
{
    struct bytes b = {dp_slice_of(p, len), step};

    return dp_encoding_detect(read_bytes, &b, e);
}

static void encodings_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum dp_encoding e;
    } cases[] = {
        {"", DP_ENCODING_UTF8},
        {"plain", DP_ENCODING_UTF8},
        {"天台县", DP_ENCODING_UTF8},
        {"\xEF\xBB\xBF天", DP_ENCODING_UTF8},
        {"\xF4\x8F\xBF\xBF", DP_ENCODING_UTF8},
        {gb18030, DP_ENCODING_GB18030},
        {"\xE5\xA4", DP_ENCODING_GB18030},         /* cut */
        {"\xC0\xAF", DP_ENCODING_GB18030},         /* overlong */
        {"\xED\xA0\x80", DP_ENCODING_GB18030},     /* surrogate */
        {"\xF4\x90\x80\x80", DP_ENCODING_GB18030}, /* beyond U+10FFFF */
        {"\xE0\x9F\xBF", DP_ENCODING_GB18030},
        {"\xF0\x8F\xBF\xBF", DP_ENCODING_GB18030},
    };
    enum dp_encoding e;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step < 4; step++) {
            assert_ok(detect(cases[i].text, strlen(cases[i].text), step, &e));
            assert_int_equal(e, cases[i].e);
        }
    }
    assert_int_equal(detect("\xFF\xFE\x29\x59", 4, 4, &e), DP_FORMAT);
    assert_int_equal(detect("\xFE\xFF\x59\x29", 4, 4, &e), DP_FORMAT);
}

static enum dp_err endless(void *ctx, void *p, size_t cap, size_t *len)
{
    (void)ctx;
    memset(p, 'x', cap);
    *len = cap;
    return DP_OK;
}

static enum dp_err broken(void *ctx, void *p, size_t cap, size_t *len)
{
    (void)ctx;
    (void)p;
    (void)cap;
    (void)len;
    return DP_IO;
}

static void size_is_limited_and_errors_come_through(void **state)
{
    struct table *t = open_text("");
    enum dp_encoding e;

    (void)state;
    assert_int_equal(dp_encoding_detect(endless, NULL, &e), DP_TOO_BIG);
    assert_int_equal(dp_encoding_detect(broken, NULL, &e), DP_IO);
    t->decode.read = endless;
    assert_int_equal(dp_csv_next(&t->csv, &t->record), DP_TOO_BIG);
    close_table(t);
    t = open_text("");
    t->decode.read = broken;
    assert_int_equal(dp_csv_next(&t->csv, &t->record), DP_IO);
    close_table(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_quotes_and_ends_of_line),
        cmocka_unit_test(a_quote_inside_a_plain_field_is_a_quote),
        cmocka_unit_test(an_empty_file_has_no_row),
        cmocka_unit_test(text_after_a_closing_quote_spoils_one_row_only),
        cmocka_unit_test(an_open_quote_is_named_where_it_opens),
        cmocka_unit_test(a_field_of_16_kib_is_the_longest),
        cmocka_unit_test(what_is_quoted_stays_quoted_beyond_the_limit),
        cmocka_unit_test(at_most_256_columns),
        cmocka_unit_test(lines_are_limited),
        cmocka_unit_test(gb18030_in_pieces_of_any_size),
        cmocka_unit_test(a_bad_sequence_spoils_its_field_only),
        cmocka_unit_test(encodings_are_told_apart),
        cmocka_unit_test(size_is_limited_and_errors_come_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
