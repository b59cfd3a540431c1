/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers: whatever the bytes, the reading comes to its end, what it gives keeps its promises, and
 * it is the same whether the file comes in single bytes or in blocks. The first byte says how
 * it is encoded.
 */
#include "fuzz.h"

#include <string.h>

#include "register_csv.h"
#include "sha256.h"

static const char places[] = "code,name,parent\n"
                             "331023000000,天台县,331000000000\n"
                             "331023105000,平桥镇,331023000000\n"
                             "331023105201,张家村委会,331023105000\n"
                             "331023105202,三新村委会,331023105000\n"
                             "331023106000,坦头镇,331023000000\n"
                             "331023106201,三新村委会,331023106000\n";

struct source {
    struct dp_slice rest;
    size_t step;
};

static enum dp_err read_source(void *ctx, void *p, size_t cap, size_t *len)
{
    struct source *s = ctx;
    size_t n = s->step < cap ? s->step : cap;

    *len = n < s->rest.len ? n : s->rest.len;
    if (*len > 0)
        memcpy(p, s->rest.p, *len);
    s->rest = dp_slice_of(s->rest.p + *len, s->rest.len - *len);
    return DP_OK;
}

static void check_text(struct dp_slice s, struct dp_sha256 *sum)
{
    FUZZ_CHECK(s.len <= DP_CSV_FIELD_BYTES_MAX);
    FUZZ_CHECK(dp_utf8_ok(s));
    dp_sha256_add(sum, s);
    dp_sha256_add(sum, dp_slice_str("|"));
}

static void check_row(const struct dp_register_row *row, struct dp_sha256 *sum)
{
    const struct dp_slice texts[] = {row->number,
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
                                     dp_slice_str(row->source_no),
                                     dp_slice_str(row->source_system)};

    FUZZ_CHECK(row->source_no[0] != '\0' && row->source_system[0] != '\0');
    FUZZ_CHECK(!dp_date_is_none(row->received_on));
    FUZZ_CHECK(row->headcount >= 1 && row->headcount <= UINT16_MAX);
    FUZZ_CHECK(row->headcount >= row->names.count);
    for (uint32_t i = 0; i < row->names.count && i < DP_NAMES_MAX; i++)
        check_text(row->names.list[i], sum);
    FUZZ_CHECK(row->channel != '\0' && strchr("LVWTFO", row->channel) != NULL);
    FUZZ_CHECK(row->title.len + row->summary.len + row->content.len + row->demand.len > 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_text(texts[i], sum);
}

static void check_faults(const struct dp_register_faults *f, struct dp_sha256 *sum)
{
    FUZZ_CHECK(f->count > 0);
    for (uint32_t i = 0; i < f->count && i < DP_REGISTER_FAULTS_MAX; i++) {
        FUZZ_CHECK(f->list[i].line > 0);
        dp_sha256_add(sum, dp_slice_str(f->list[i].column));
        dp_sha256_add(sum, dp_slice_str(f->list[i].text));
    }
}

static bool read_all(struct dp_register *r, struct dp_sha256 *sum)
{
    struct dp_register_faults faults;
    struct dp_register_row row;
    const char *reason = NULL;
    enum dp_err err = dp_register_begin(r, &reason);

    if (err != DP_OK) {
        FUZZ_CHECK(err == DP_FORMAT);
        return false;
    }
    while ((err = dp_register_next(r, &row, &faults)) == DP_OK || err == DP_DUPLICATE || err == DP_PARTLY) {
        if (err != DP_PARTLY)
            check_row(&row, sum);
        else
            check_faults(&faults, sum);
    }
    FUZZ_CHECK(err == DP_NOT_FOUND);
    return true;
}

static bool run(const struct dp_divisions *d, enum dp_encoding e, struct source source, uint8_t out[32])
{
    struct dp_register_options o = {.encoding = e, .system = "x", .divisions = d, .within = {331023000000}};
    struct dp_register *r = NULL;
    struct dp_sha256 sum;

    dp_sha256_init(&sum);
    FUZZ_CHECK(dp_register_new(&o, read_source, &source, &r) == DP_OK);
    bool begun = read_all(r, &sum);
    dp_register_free(&r);
    dp_sha256_end(&sum, out);
    return begun;
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    uint8_t whole[32], bytewise[32];
    struct dp_divisions d;
    enum dp_encoding e;
    uint32_t line;

    (void)a;
    if (input.len == 0 || suite == &fuzz_hollow) /* no digest is checked here: once is enough */
        return false;
    e = input.p[0] % 2 == 0 ? DP_ENCODING_UTF8 : DP_ENCODING_GB18030;
    input = dp_slice_of(input.p + 1, input.len - 1);
    FUZZ_CHECK(dp_divisions_init(&d, dp_slice_str(places), &line) == DP_OK);
    run(&d, e, (struct source){input, 1}, bytewise);
    bool begun = run(&d, e, (struct source){input, SIZE_MAX}, whole);
    FUZZ_CHECK(memcmp(whole, bytewise, sizeof(whole)) == 0);
    dp_divisions_fini(&d);
    return begun;
}
