/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries (R-FMT-1 to R-FMT-3). The bytes here are written by hand from the field numbers of
 * proto/entry.proto, so a table that maps a field wrongly in both directions is found all the same.
 */
#include "support/cmocka_all.h"

#include <string.h>

#include "support/sample.h"

#define NODE UINT64_C(33102300000000)
#define NUMBER "331023000000-20260213-L-00012-"

static const struct dp_name self = {{NODE}, 7, 3};
static const struct dp_name other = {{NODE + 10500000}, 9, 41};

/* ---- a writer of protobuf, as plain as the format ---- */

struct msg {
    uint8_t p[6000];
    size_t len;
};

static void put_varint(struct msg *m, uint64_t v)
{
    struct dp_wr w = dp_wr_of(m->p + m->len, sizeof(m->p) - m->len);

    dp_wr_varint(&w, v);
    m->len += w.len;
}

static void put_u(struct msg *m, uint32_t field, uint64_t v)
{
    put_varint(m, field << 3);
    put_varint(m, v);
}

static void put_f64(struct msg *m, uint32_t field, uint64_t v)
{
    put_varint(m, field << 3 | 1);
    for (int i = 0; i < 8; i++)
        m->p[m->len++] = (uint8_t)(v >> (8 * i));
}

static void put_f32(struct msg *m, uint32_t field, uint32_t v)
{
    put_varint(m, field << 3 | 5);
    for (int i = 0; i < 4; i++)
        m->p[m->len++] = (uint8_t)(v >> (8 * i));
}

static void put_b(struct msg *m, uint32_t field, const void *p, size_t len)
{
    put_varint(m, field << 3 | 2);
    put_varint(m, len);
    memcpy(m->p + m->len, p, len);
    m->len += len;
}

static void put_m(struct msg *m, uint32_t field, const struct msg *inner)
{
    put_b(m, field, inner->p, inner->len);
}

static void put_name(struct msg *m, uint32_t field, const struct dp_name *n)
{
    uint8_t bytes[DP_NAME_BYTES];

    dp_name_put(n, bytes);
    put_b(m, field, bytes, sizeof(bytes));
}

static void put_office(struct msg *m, uint32_t field, const char *slug)
{
    struct msg office = {.len = 0};

    put_f64(&office, 1, NODE);
    put_b(&office, 2, slug, strlen(slug));
    put_m(m, field, &office);
}

/* Fields 1 to 11 of a case entry of that kind. */
static struct msg head(uint32_t kind, uint32_t subject_type)
{
    struct msg m = {.len = 0};

    put_u(&m, 1, kind);
    put_u(&m, 2, 1);
    put_u(&m, 4, subject_type);
    put_office(&m, 6, "bureau");
    put_u(&m, 7, 4);
    put_f64(&m, 8, UINT64_C(1770000000000));
    put_u(&m, 10, 20500);
    put_u(&m, 11, 2);
    return m;
}

static enum dp_err decode(const struct msg *m, struct dp_entry *out)
{
    struct dp_arena a;
    enum dp_err e;

    dp_arena_init(&a, 1 << 20, 0);
    e = dp_entry_decode(dp_slice_of(m->p, m->len), &self, &a, out);
    out->doc_no = NULL;
    out->reg = NULL;
    out->profile = NULL;
    out->calendar = NULL;
    dp_arena_fini(&a);
    return e;
}

static struct dp_entry decoded(uint32_t kind, uint32_t type, const struct msg *body)
{
    struct msg m = head(kind, type);
    struct dp_entry e;

    if (type == DP_SUBJECT_NODE)
        put_name(&m, 5, &(struct dp_name){{NODE}, 0, 0});
    put_m(&m, (uint32_t)dp_kind_shape(kind), body);
    assert_ok(decode(&m, &e));
    return e;
}

/* ---- what stands where ---- */

static void header_fields_are_found_by_number(void **state)
{
    const struct dp_digest root = {{1, 2, 3}};
    struct msg m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
    struct dp_entry e;

    (void)state;
    put_u(&m, 3, 1);
    put_name(&m, 5, &other);
    put_u(&m, 9, 1);
    put_name(&m, 12, &self);
    put_name(&m, 13, &other);
    put_name(&m, 14, &self);
    put_u(&m, 15, 2);
    put_b(&m, 16, root.b, sizeof(root.b));
    assert_ok(decode(&m, &e));
    assert_true(dp_name_eq(&e.name, &self));
    assert_int_equal(e.kind, DP_KIND_ARRIVE);
    assert_int_equal(e.rules, 1);
    assert_true(e.critical && e.at_synced);
    assert_int_equal(e.subject.type, DP_SUBJECT_CASE);
    assert_true(dp_name_eq(&e.subject.name, &other));
    assert_int_equal(e.office.node.v, NODE);
    assert_string_equal(e.office.slug, "bureau");
    assert_int_equal(e.officer, 4);
    assert_int_equal(e.at_ms, INT64_C(1770000000000));
    assert_int_equal(e.receipt.day, 20500);
    assert_int_equal(e.step, 2);
    assert_true(dp_name_eq(&e.prev, &self) && dp_name_eq(&e.custody, &other) && dp_name_eq(&e.re, &self));
    assert_int_equal(e.part_count, 2);
    assert_true(dp_digest_eq(&e.parts_root, &root));
}

static void an_empty_subject_is_the_entry_itself(void **state)
{
    struct msg m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
    struct dp_entry e;

    (void)state;
    assert_ok(decode(&m, &e));
    assert_true(dp_name_eq(&e.subject.name, &self));
    m = head(DP_KIND_OFFICER_LEAVE, DP_SUBJECT_NODE); /* but a node has a name of its own */
    assert_int_equal(decode(&m, &e), DP_FORMAT);
}

static void offers_carry_office_dates_and_duties(void **state)
{
    struct msg body = {.len = 0};
    struct dp_entry e;

    (void)state;
    put_office(&body, 1, "housing");
    put_u(&body, 2, 20600);
    put_u(&body, 3, 11);
    put_u(&body, 4, DP_DUTY_SERVE);
    put_name(&body, 5, &self);
    put_name(&body, 6, &other);
    put_u(&body, 7, 2);
    put_b(&body, 8, "no 7", 4);
    e = decoded(DP_KIND_ASSIGN, DP_SUBJECT_CASE, &body);
    assert_string_equal(e.body.to.slug, "housing");
    assert_int_equal(e.body.due.day, 20600);
    assert_int_equal(e.body.code, 11);
    assert_int_equal(e.body.code2, DP_DUTY_SERVE);
    assert_int_equal(e.body.code3, 2);
    assert_true(dp_name_eq(&e.body.profile, &self) && dp_name_eq(&e.body.calendar, &other));
    assert_string_equal(e.body.label, "no 7");
}

static void small_bodies_stand_where_the_core_looks(void **state)
{
    struct msg reply = {.len = 0}, act = {.len = 0}, relation = {.len = 0}, serve = {.len = 0};
    struct dp_entry e;

    (void)state;
    put_u(&reply, 1, 2);
    put_u(&reply, 2, 20601);
    e = decoded(DP_KIND_ANSWER, DP_SUBJECT_CASE, &reply);
    assert_true(e.body.code == 2 && e.body.date.day == 20601);

    put_u(&act, 1, 9);
    put_u(&act, 2, 30);
    put_u(&act, 3, 20602);
    put_name(&act, 4, &self);
    put_name(&act, 5, &other);
    e = decoded(DP_KIND_EXTEND, DP_SUBJECT_CASE, &act);
    assert_true(e.body.code == 9 && e.body.days == 30 && e.body.date.day == 20602);
    assert_true(dp_name_eq(&e.body.profile, &self) && dp_name_eq(&e.body.calendar, &other));

    put_u(&relation, 1, 3);
    put_name(&relation, 2, &other);
    e = decoded(DP_KIND_LINK, DP_SUBJECT_CASE, &relation);
    assert_true(e.body.code == 3 && dp_name_eq(&e.body.other, &other));

    put_u(&serve, 1, 2);
    put_u(&serve, 2, 1);
    put_u(&serve, 3, 20603);
    put_u(&serve, 4, 9);
    e = decoded(DP_KIND_SERVE, DP_SUBJECT_CASE, &serve);
    assert_true(e.body.code == 2 && e.body.code2 == 1 && e.body.code3 == 9 && e.body.date.day == 20603);
}

static void orders_and_evaluations(void **state)
{
    struct msg order = {.len = 0}, evaluate = {.len = 0};
    struct dp_entry e;

    (void)state;
    put_office(&order, 1, "police");
    put_u(&order, 2, 8);
    put_u(&order, 3, 7);
    put_u(&order, 4, 20610);
    put_u(&order, 5, 4);
    put_b(&order, 6, "a case", 6);
    put_name(&order, 7, &self);
    put_name(&order, 8, &other);
    e = decoded(DP_KIND_SUPERVISE, DP_SUBJECT_CASE, &order);
    assert_string_equal(e.body.to.slug, "police");
    assert_true(e.body.code == 8 && e.body.code2 == 7 && e.body.due.day == 20610 && e.body.code3 == 4);
    assert_string_equal(e.body.label, "a case");
    assert_true(dp_name_eq(&e.body.profile, &self) && dp_name_eq(&e.body.calendar, &other));

    put_u(&evaluate, 1, 3);
    put_u(&evaluate, 2, 1);
    put_u(&evaluate, 3, 2);
    e = decoded(DP_KIND_EVALUATE, DP_SUBJECT_CASE, &evaluate);
    assert_true(e.body.code == 3 && e.body.code2 == 1 && e.body.code3 == 2);
}

static void attachments_witnesses_and_part_acts(void **state)
{
    const struct dp_digest root = {{5}};
    struct msg file = {.len = 0}, witness = {.len = 0}, act = {.len = 0};
    struct dp_entry e;

    (void)state;
    put_b(&file, 1, root.b, sizeof(root.b));
    put_u(&file, 2, 16385);
    put_u(&file, 3, 99);
    put_u(&file, 4, 2);
    put_u(&file, 5, 1);
    e = decoded(DP_KIND_ATTACHMENT, DP_SUBJECT_CASE, &file);
    assert_true(e.body.size == 16385 && e.body.code == 99 && e.body.code3 == 2 && e.body.flag);
    assert_true(dp_digest_eq(&e.body.digest, &root));

    put_name(&witness, 1, &other);
    put_f64(&witness, 2, 1000);
    put_f64(&witness, 3, 2000);
    e = decoded(DP_KIND_WITNESS, DP_SUBJECT_CASE, &witness);
    assert_true(dp_name_eq(&e.body.other, &other));
    assert_true(e.body.not_before_ms == 1000 && e.body.not_after_ms == 2000);

    put_name(&act, 1, &other);
    put_u(&act, 2, 7);
    put_u(&act, 3, 12);
    e = decoded(DP_KIND_UNMASK, DP_SUBJECT_CASE, &act);
    assert_true(dp_name_eq(&e.body.other, &other) && e.body.index == 7 && e.body.code == 12);
}

static void bodies_about_nodes(void **state)
{
    const struct dp_digest digest = {{8}};
    struct msg cert = {.len = 0}, cut = {.len = 0}, officer = {.len = 0};
    struct dp_entry e;

    (void)state;
    put_f64(&cert, 1, NODE);
    put_b(&cert, 2, digest.b, sizeof(digest.b));
    put_u(&cert, 3, 2);
    put_u(&cert, 4, 5);
    e = decoded(DP_KIND_CERTIFICATE, DP_SUBJECT_NODE, &cert);
    assert_true(e.body.node.v == NODE && e.body.code == 2 && e.body.code2 == 5);
    assert_true(dp_digest_eq(&e.body.digest, &digest));
    assert_int_equal(e.subject.name.seq, 0);

    put_f64(&cut, 1, NODE);
    put_f32(&cut, 2, 0xfeedbeef);
    put_u(&cut, 3, 12);
    put_b(&cut, 4, digest.b, sizeof(digest.b));
    put_u(&cut, 5, 1);
    e = decoded(DP_KIND_CUT, DP_SUBJECT_NODE, &cut);
    assert_true(e.body.node.v == NODE && e.body.number == 0xfeedbeef && e.body.size == 12 &&
                e.body.code == 1);
    assert_true(dp_digest_eq(&e.body.digest, &digest));

    put_office(&officer, 1, "station");
    put_u(&officer, 2, 6);
    put_u(&officer, 3, 5);
    put_u(&officer, 4, 2);
    put_u(&officer, 5, 20400);
    e = decoded(DP_KIND_OFFICER_CHANGE, DP_SUBJECT_NODE, &officer);
    assert_string_equal(e.body.to.slug, "station");
    assert_true(e.body.number == 6 && e.body.code2 == 5 && e.body.code == 2 && e.body.date.day == 20400);
}

/* A register body with everything that may not be missing. */
static struct msg register_body(void)
{
    struct msg m = {.len = 0};
    char number[DP_NUMBER_TEXT] = NUMBER;

    number[sizeof(NUMBER) - 1] = dp_iso7064(dp_slice_str(NUMBER));
    put_b(&m, 1, number, strlen(number));
    put_u(&m, 2, 'L');
    put_u(&m, 4, DP_PURPOSE_CLAIM);
    return m;
}

static void registers_live_in_the_arena(void **state)
{
    struct msg body = register_body(), m = head(DP_KIND_REGISTER, DP_SUBJECT_CASE);
    struct dp_arena a;
    struct dp_entry e;

    (void)state;
    put_u(&body, 3, 4);
    put_u(&body, 5, 210300);
    put_u(&body, 6, DP_REG_URGENT | DP_REG_LOCK);
    put_u(&body, 8, 30);
    put_f64(&body, 9, NODE / 100);
    put_f64(&body, 10, NODE / 100 + 105001);
    put_office(&body, 11, "housing");
    put_office(&body, 11, "police");
    put_u(&body, 12, 20499);
    put_name(&body, 13, &other);
    put_name(&body, 14, &self);
    put_b(&body, 15, "12345", 5);
    put_b(&body, 16, "2026-1", 6);
    put_b(&body, 17, "GJ1", 3);
    put_name(&body, 18, &other);
    put_b(&body, 19, (uint8_t[32]){9}, 32);
    put_office(&body, 20, "station");
    put_m(&m, 32, &body);
    dp_arena_init(&a, 1 << 20, 0);
    assert_ok(dp_entry_decode(dp_slice_of(m.p, m.len), &self, &a, &e));
    assert_non_null(e.reg);
    assert_memory_equal(e.reg->number.text, NUMBER, strlen(NUMBER));
    assert_true(e.reg->channel == 'L' && e.reg->origin == 4 && e.reg->purpose == DP_PURPOSE_CLAIM);
    assert_true(e.reg->category == 210300 && e.reg->flags == (DP_REG_URGENT | DP_REG_LOCK));
    assert_true(e.reg->headcount == 1 && e.reg->involved == 30); /* one person when none is named */
    assert_int_equal(e.reg->residence_div.v, NODE / 100);
    assert_int_equal(e.reg->problem_div.v, NODE / 100 + 105001);
    assert_int_equal(e.reg->respondent_count, 2);
    assert_string_equal(e.reg->respondents[1].slug, "police");
    assert_int_equal(e.reg->petition_date.day, 20499);
    assert_true(dp_name_eq(&e.reg->profile, &other) && dp_name_eq(&e.reg->calendar, &self));
    assert_string_equal(e.reg->source_system, "12345");
    assert_string_equal(e.reg->source_no, "2026-1");
    assert_string_equal(e.reg->national_no, "GJ1");
    assert_true(dp_name_eq(&e.reg->split_from, &other));
    assert_int_equal(e.reg->query_hash.b[0], 9);
    assert_string_equal(e.reg->first_office.slug, "station");
    dp_arena_fini(&a);
}

static void data_bodies_live_in_the_arena(void **state)
{
    struct msg limit = {.len = 0}, profile = {.len = 0}, year = {.len = 0}, calendar = {.len = 0};
    struct msg m = head(DP_KIND_PROFILE, DP_SUBJECT_DATA);
    struct dp_arena a;
    struct dp_entry e;

    (void)state;
    dp_arena_init(&a, 1 << 20, 0);
    put_u(&limit, 1, 4);
    put_u(&limit, 2, 60);
    put_u(&limit, 3, 1);
    put_u(&limit, 4, 30);
    put_b(&profile, 1, "national-r22", 12);
    put_u(&profile, 2, 3);
    put_u(&profile, 3, 19113);
    put_m(&profile, 4, &limit);
    put_u(&profile, 5, 1);
    put_m(&m, 96, &profile);
    assert_ok(dp_entry_decode(dp_slice_of(m.p, m.len), &self, &a, &e));
    assert_string_equal(e.profile->id, "national-r22");
    assert_true(e.profile->edition == 3 && e.profile->valid_from.day == 19113 && e.profile->flags == 1);
    assert_true(e.profile->limit_count == 1 && e.profile->limits[0].clock == 4 &&
                e.profile->limits[0].days == 60);
    assert_true(e.profile->limits[0].working && e.profile->limits[0].max_extend == 30);

    put_u(&year, 1, 2026);
    put_b(&year, 2, (uint8_t[]){1, 2, 3}, 3); /* packed */
    put_u(&year, 3, 38);
    put_b(&calendar, 1, "cn-rest-days", 12);
    put_u(&calendar, 2, 1);
    put_m(&calendar, 3, &year);
    m = head(DP_KIND_CALENDAR, DP_SUBJECT_DATA);
    put_m(&m, 97, &calendar);
    assert_ok(dp_entry_decode(dp_slice_of(m.p, m.len), &self, &a, &e));
    assert_true(e.calendar->year_count == 1 && e.calendar->years[0].year == 2026);
    assert_true(e.calendar->years[0].rest_count == 3 && e.calendar->years[0].rest[2] == 3);
    assert_true(e.calendar->years[0].work_count == 1 && e.calendar->years[0].work[0] == 38);
    put_m(&calendar, 3, &year); /* the same year twice */
    m = head(DP_KIND_CALENDAR, DP_SUBJECT_DATA);
    put_m(&m, 97, &calendar);
    assert_int_equal(dp_entry_decode(dp_slice_of(m.p, m.len), &self, &a, &e), DP_FORMAT);
    dp_arena_fini(&a);
}

static void papers_have_numbers(void **state)
{
    char text[DP_DOC_NO_MAX + 2];
    struct msg act = {.len = 0}, m = head(DP_KIND_NOTE, DP_SUBJECT_CASE);
    struct dp_buf again;
    struct dp_arena a;
    struct dp_entry e;

    (void)state;
    memset(text, 'n', sizeof(text));
    put_b(&act, 6, text, DP_DOC_NO_MAX);
    put_m(&m, 35, &act);
    dp_arena_init(&a, 1 << 20, 0);
    dp_buf_init(&again, DP_ENTRY_BYTES_MAX);
    assert_ok(dp_entry_decode(dp_slice_of(m.p, m.len), &self, &a, &e));
    assert_int_equal(strlen(e.doc_no), DP_DOC_NO_MAX);
    assert_ok(dp_entry_encode(&e, &again));
    assert_true(dp_slice_eq(dp_buf_slice(&again), dp_slice_of(m.p, m.len)));
    act.len = 0;
    put_b(&act, 6, text, DP_DOC_NO_MAX + 1);
    m = head(DP_KIND_NOTE, DP_SUBJECT_CASE);
    put_m(&m, 35, &act);
    assert_int_equal(dp_entry_decode(dp_slice_of(m.p, m.len), &self, &a, &e), DP_FORMAT);
    dp_buf_fini(&again);
    dp_arena_fini(&a);
}

/* ---- round trips ---- */

static void round_trip(struct dp_rng *r, uint8_t kind, struct dp_arena *a)
{
    struct dp_name n = sample_name(r);
    struct sample_room room;
    struct dp_entry e, again;
    struct dp_buf first, second;

    dp_buf_init(&first, DP_ENTRY_BYTES_MAX);
    dp_buf_init(&second, DP_ENTRY_BYTES_MAX);
    sample_entry(r, kind, &n, &room, &e);
    assert_ok(dp_entry_encode(&e, &first));
    assert_ok(dp_entry_decode(dp_buf_slice(&first), &n, a, &again));
    assert_int_equal(again.kind, kind);
    assert_true(dp_subject_eq(&again.subject, &e.subject));
    assert_ok(dp_entry_encode(&again, &second));
    assert_true(dp_slice_eq(dp_buf_slice(&first), dp_buf_slice(&second)));
    dp_buf_fini(&first);
    dp_buf_fini(&second);
}

static void every_kind_survives_both_ways(void **state)
{
    struct dp_arena a;
    struct dp_rng r;

    (void)state;
    dp_rng_seed(&r, 11);
    dp_arena_init(&a, 1 << 20, 0);
    for (int round = 0; round < 40; round++) {
        for (size_t i = 0; i < sample_kind_count; i++) {
            round_trip(&r, sample_kinds[i], &a);
            dp_arena_reset(&a);
        }
    }
    dp_arena_fini(&a);
}

static void the_own_name_is_left_out(void **state)
{
    struct sample_room room;
    struct dp_entry e;
    struct dp_buf own, foreign;
    struct dp_rng r;

    (void)state;
    dp_rng_seed(&r, 5);
    dp_buf_init(&own, DP_ENTRY_BYTES_MAX);
    dp_buf_init(&foreign, DP_ENTRY_BYTES_MAX);
    sample_entry(&r, DP_KIND_NOTE, &self, &room, &e);
    e.subject.name = self;
    assert_ok(dp_entry_encode(&e, &own));
    e.subject.name = other;
    assert_ok(dp_entry_encode(&e, &foreign));
    assert_int_equal(foreign.len - own.len, 2 + DP_NAME_BYTES);
    dp_buf_fini(&own);
    dp_buf_fini(&foreign);
}

/* ---- R-FMT-2 ---- */

static void refused(const struct msg *m)
{
    struct dp_entry e;

    assert_int_equal(decode(m, &e), DP_FORMAT);
}

static void the_body_is_that_of_the_kind(void **state)
{
    struct msg act = {.len = 0}, reply = {.len = 0}, m = head(DP_KIND_SIGN, DP_SUBJECT_CASE);

    (void)state;
    put_u(&reply, 1, 1);
    put_m(&m, 35, &act); /* sign has none */
    refused(&m);
    m = head(DP_KIND_ANSWER, DP_SUBJECT_CASE);
    refused(&m); /* missing */
    put_m(&m, 35, &act);
    refused(&m); /* another */
    m = head(DP_KIND_ANSWER, DP_SUBJECT_CASE);
    put_m(&m, 35, &act);
    put_m(&m, 34, &reply);
    refused(&m); /* two, the right one last */
}

static void header_ranges(void **state)
{
    static const struct {
        uint32_t field;
        uint64_t value;
    } rows[] = {
        {3, 2},                 /* critical is no boolean */
        {9, UINT64_C(1) << 32}, /* cut to a boolean */
        {15, 1},                /* parts without a root */
        {1, DP_KIND_ARRIVE},    /* a field twice */
        {12, 0},                /* a name as a number */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct msg m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
        put_u(&m, rows[i].field, rows[i].value);
        refused(&m);
    }
}

/* The header with one of its varint fields replaced. */
static struct msg replaced(uint32_t kind, uint32_t type, uint32_t field, uint64_t value)
{
    struct msg m = {.len = 0};

    put_u(&m, 1, field == 1 ? value : kind);
    put_u(&m, 2, field == 2 ? value : 1);
    put_u(&m, 4, field == 4 ? value : type);
    put_office(&m, 6, "bureau");
    put_u(&m, 7, field == 7 ? value : 4);
    put_f64(&m, 8, field == 8 ? value : UINT64_C(1770000000000));
    put_u(&m, 10, field == 10 ? value : 20500);
    put_u(&m, 11, field == 11 ? value : 2);
    return m;
}

static void numbers_outside_their_range(void **state)
{
    static const struct {
        uint32_t field;
        uint64_t value;
    } rows[] = {
        {1, 0},
        {1, DP_KIND_MAX + 1},
        {2, 0},
        {2, 256},
        {4, DP_SUBJECT_NODE},
        {4, DP_SUBJECT_DATA},
        {4, 5},
        {7, 0},
        {10, 90000},
        {11, 0},
        {11, UINT64_C(1) << 32},
        {8, UINT64_C(1) << 63},
    };
    struct msg good = replaced(DP_KIND_ARRIVE, DP_SUBJECT_CASE, 0, 0);
    struct dp_entry e;

    (void)state;
    assert_ok(decode(&good, &e));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct msg m = replaced(DP_KIND_ARRIVE, DP_SUBJECT_CASE, rows[i].field, rows[i].value);
        refused(&m);
    }
}

static void only_the_daemon_has_officer_zero(void **state)
{
    struct msg m = {.len = 0};
    struct dp_entry e;

    (void)state;
    put_u(&m, 1, DP_KIND_ARRIVE);
    put_u(&m, 2, 1);
    put_u(&m, 4, DP_SUBJECT_CASE);
    put_office(&m, 6, "node");
    put_u(&m, 11, 2);
    assert_ok(decode(&m, &e));
    m = replaced(DP_KIND_ARRIVE, DP_SUBJECT_CASE, 7, 0);
    refused(&m);
}

static void byte_fields_have_their_length(void **state)
{
    const uint8_t bytes[33] = {0, 0, 0x1e, 0x1b, 1};
    const uint32_t names[] = {5, 12, 13, 14};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct msg m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
        put_b(&m, names[i], bytes, 19);
        refused(&m);
        m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
        put_b(&m, names[i], bytes, 21);
        refused(&m);
        m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
        put_b(&m, names[i], (uint8_t[20]){0}, 20); /* absent is empty, never zeros */
        refused(&m);
    }
    for (size_t len = 31; len <= 33; len += 2) {
        struct msg m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
        put_u(&m, 15, 1);
        put_b(&m, 16, bytes, len);
        refused(&m);
    }
    struct msg m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
    put_b(&m, 16, bytes, 32); /* a root without parts */
    refused(&m);
}

static void register_of(struct msg *m, uint32_t field, const char *text, size_t len)
{
    struct msg body = register_body();

    put_b(&body, field, text, len);
    *m = head(DP_KIND_REGISTER, DP_SUBJECT_CASE);
    put_m(m, 32, &body);
}

static void texts_are_one_clean_line(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {{"a\0b", 3},     {"\n", 1},           {"\t", 1},       {"\x1b[2J", 4}, {"\xff", 1},
                {"\xc0\x80", 2}, {"\xed\xa0\x80", 3}, {"\xc2\x85", 2}, {"\x7f", 1}};
    struct dp_entry e;
    struct msg m;

    (void)state;
    register_of(&m, 16, "信访 2026", strlen("信访 2026"));
    assert_ok(decode(&m, &e));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        register_of(&m, 16, rows[i].text, rows[i].len);
        refused(&m);
    }
    register_of(&m, 16, "0123456789012345678901234567890123456789", 39);
    refused(&m);
    register_of(&m, 15, "0123456789012345678901234567890123456789012345678901234567890123", 64);
    refused(&m);
    register_of(&m, 15, "浙江省统一政务咨询投诉举报平台", strlen("浙江省统一政务咨询投诉举报平台"));
    assert_ok(decode(&m, &e));
}

static void refused_register(uint32_t field, uint64_t value)
{
    struct msg body = register_body(), m = head(DP_KIND_REGISTER, DP_SUBJECT_CASE);

    put_u(&body, field, value);
    put_m(&m, 32, &body);
    refused(&m);
}

static void register_ranges(void **state)
{
    struct msg body = register_body(), m = head(DP_KIND_REGISTER, DP_SUBJECT_CASE);

    (void)state;
    refused_register(3, 10);
    refused_register(5, 1000000);
    refused_register(6, 0x1000);
    for (int i = 0; i < DP_RESPONDENTS_MAX + 1; i++)
        put_office(&body, 11, "housing");
    put_m(&m, 32, &body);
    refused(&m);
    body = register_body();
    body.p[body.len - 1] = 7; /* purpose */
    m = head(DP_KIND_REGISTER, DP_SUBJECT_CASE);
    put_m(&m, 32, &body);
    refused(&m);
    body = register_body();
    body.p[2 + sizeof(NUMBER) - 1] ^= 1; /* check character of the number */
    m = head(DP_KIND_REGISTER, DP_SUBJECT_CASE);
    put_m(&m, 32, &body);
    refused(&m);
    body = register_body();
    m = head(DP_KIND_REGISTER, DP_SUBJECT_CASE);
    put_name(&m, 5, &other); /* a case is its register entry (R-SUBJ-1) */
    put_m(&m, 32, &body);
    refused(&m);
}

static void kinds_have_their_codes(void **state)
{
    static const struct {
        uint8_t kind;
        uint32_t code;
        enum dp_err want;
    } rows[] = {
        {DP_KIND_CLOSE, 9, DP_OK},
        {DP_KIND_CLOSE, 10, DP_FORMAT},
        {DP_KIND_CLOSE, 0, DP_FORMAT},
        {DP_KIND_OPINION, 3, DP_OK},
        {DP_KIND_OPINION, 4, DP_FORMAT},
        {DP_KIND_ANSWER, 4, DP_FORMAT},
        {DP_KIND_OBJECTION_ANSWER, 2, DP_OK},
        {DP_KIND_OBJECTION_ANSWER, 3, DP_FORMAT},
        {DP_KIND_EXTEND, 1, DP_FORMAT}, /* without days */
    };
    struct dp_entry e;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct msg body = {.len = 0}, m = head(rows[i].kind, DP_SUBJECT_CASE);
        put_u(&body, 1, rows[i].code);
        put_m(&m, (uint32_t)dp_kind_shape(rows[i].kind), &body);
        assert_int_equal(decode(&m, &e), rows[i].want);
    }
}

static void broken_protobuf(void **state)
{
    struct msg m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
    struct dp_entry e;

    (void)state;
    m.p[m.len++] = 0x0b << 3; /* a tag without its value */
    refused(&m);
    m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
    m.p[1] = 0x82; /* kind 2 in two bytes, as only a mistake or an attack writes it */
    memmove(m.p + 3, m.p + 2, m.len - 2);
    m.p[2] = 0;
    m.len++;
    refused(&m);
    m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
    put_varint(&m, 50 << 3 | 3); /* a group */
    refused(&m);
    m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
    put_varint(&m, 12 << 3 | 2);
    put_varint(&m, UINT64_MAX); /* longer than there are bytes */
    refused(&m);
    m.len = 0;
    refused(&m);
    memset(&m, 0, sizeof(m));
    m.len = DP_ENTRY_BYTES_MAX + 1;
    assert_int_equal(decode(&m, &e), DP_TOO_BIG);
}

/* ---- later versions, limits ---- */

static void unknown_kinds_are_kept(void **state)
{
    struct msg body = {.len = 0}, m = head(56, DP_SUBJECT_CAMPAIGN);
    struct dp_entry e;

    (void)state; /* R-FMT-3 */
    put_u(&body, 1, 999999);
    put_u(&m, 3, 1);
    put_m(&m, 43, &body); /* a body of a field that is not known here */
    assert_ok(decode(&m, &e));
    assert_int_equal(e.kind, 56);
    assert_true(e.critical);
    m = head(DP_KIND_ARRIVE, DP_SUBJECT_CASE);
    put_u(&m, 17, 5); /* a field that a later version added */
    assert_ok(decode(&m, &e));
}

static void a_small_arena_is_not_outgrown(void **state)
{
    struct msg body = register_body(), m = head(DP_KIND_REGISTER, DP_SUBJECT_CASE);
    struct dp_arena a;
    struct dp_entry e;

    (void)state;
    for (int i = 0; i < 1800; i++)
        put_b(&body, 11, "", 0); /* two bytes that ask for a hundred */
    put_m(&m, 32, &body);
    assert_int_equal(decode(&m, &e), DP_FORMAT);
    dp_arena_init(&a, 4096, 0);
    assert_int_equal(dp_entry_decode(dp_slice_of(m.p, m.len), &self, &a, &e), DP_NOMEM);
    dp_arena_fini(&a);
}

static void what_would_be_refused_is_not_written(void **state)
{
    struct sample_room room;
    struct dp_entry e;
    struct dp_buf out;
    struct dp_rng r;

    (void)state;
    dp_rng_seed(&r, 3);
    dp_buf_init(&out, DP_ENTRY_BYTES_MAX);
    sample_entry(&r, DP_KIND_CLOSE, &self, &room, &e);
    e.body.code = 77;
    assert_int_equal(dp_entry_encode(&e, &out), DP_RANGE);
    e.kind = 56;
    assert_int_equal(dp_entry_encode(&e, &out), DP_RANGE);
    sample_entry(&r, DP_KIND_REGISTER, &self, &room, &e);
    e.reg = NULL;
    assert_int_equal(dp_entry_encode(&e, &out), DP_RANGE);
    assert_int_equal(out.len, 0);
    dp_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_fields_are_found_by_number),
        cmocka_unit_test(an_empty_subject_is_the_entry_itself),
        cmocka_unit_test(offers_carry_office_dates_and_duties),
        cmocka_unit_test(small_bodies_stand_where_the_core_looks),
        cmocka_unit_test(orders_and_evaluations),
        cmocka_unit_test(attachments_witnesses_and_part_acts),
        cmocka_unit_test(bodies_about_nodes),
        cmocka_unit_test(registers_live_in_the_arena),
        cmocka_unit_test(data_bodies_live_in_the_arena),
        cmocka_unit_test(papers_have_numbers),
        cmocka_unit_test(every_kind_survives_both_ways),
        cmocka_unit_test(the_own_name_is_left_out),
        cmocka_unit_test(the_body_is_that_of_the_kind),
        cmocka_unit_test(header_ranges),
        cmocka_unit_test(numbers_outside_their_range),
        cmocka_unit_test(only_the_daemon_has_officer_zero),
        cmocka_unit_test(byte_fields_have_their_length),
        cmocka_unit_test(texts_are_one_clean_line),
        cmocka_unit_test(register_ranges),
        cmocka_unit_test(kinds_have_their_codes),
        cmocka_unit_test(broken_protobuf),
        cmocka_unit_test(unknown_kinds_are_kept),
        cmocka_unit_test(a_small_arena_is_not_outgrown),
        cmocka_unit_test(what_would_be_refused_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
