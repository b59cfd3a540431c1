/* SPDX-License-Identifier: Apache-2.0 */
/* The file itself: order, lookup, duplicates, limits, and the packed form against damage (R-STO-5). */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "case/rights.h"
#include "support/history.h"
#include "unit/case/places.h"

static struct dp_hist h;
static struct dp_name reg;
static struct dp_buf packed;

static int setup(void **state)
{
    (void)state;
    dp_hist_init(&h);
    dp_buf_init(&packed, 64u << 20);
    reg = dp_hist_register(&h, COUNTY, DP_REG_GROUP);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dp_hist_fini(&h);
    dp_buf_fini(&packed);
    return 0;
}

/* R-FLD-1: facts lie in fold order whatever the order of arrival. */
static void test_order_and_lookup(void **state)
{
    struct dp_entry e[40];

    (void)state;
    for (int i = 0; i < 40; i++) {
        e[i] = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
        e[i].prev = reg;
        e[i].step = (uint32_t)(2 + i);
    }
    for (int i = 0; i < 40; i++)
        dp_hist_insert(&h, &e[(i * 17 + 5) % 40]);
    assert_int_equal(h.file.count, 41);
    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(dp_casefile_find(&h.file, &e[i].name), i + 1);
        assert_int_equal(h.file.facts[i + 1].prev, 0);
    }
    assert_int_equal(dp_casefile_find(&h.file, &(struct dp_name){{33}, 1, 1}), DP_FACT_NONE);
}

static void test_duplicate(void **state)
{
    struct dp_entry again = h.entries[0];
    struct dp_insert done;

    (void)state;
    again.officer = 77; /* not even with another content */
    assert_ok(dp_casefile_insert(&h.file, &again, &h.origins[0], NULL, NULL, &done));
    assert_true(done.duplicate);
    assert_int_equal(done.decided, 0);
    assert_int_equal(h.file.count, 1);
    assert_int_equal(h.file.facts[0].e.officer, 1);
    again.name.seq = 99;
    again.reg = NULL;
    assert_int_equal(dp_casefile_insert(&h.file, &again, &h.origins[0], NULL, NULL, &done), DP_FORMAT);
}

/* The register entry may come last; what it says is there at once. */
static void test_register_comes_last(void **state)
{
    struct dp_casefile f;
    struct dp_insert done;
    struct dp_body b = dp_hist_offer(HOUSING);

    (void)state;
    dp_hist_do(&h, COUNTY, DP_KIND_TRANSFER, &b);
    dp_casefile_init(&f, &h.file.subject);
    assert_ok(dp_casefile_insert(&f, &h.entries[1], &h.origins[1], NULL, NULL, &done));
    assert_int_equal(done.decided, 0);
    assert_false(f.has_reg);
    assert_ok(dp_casefile_insert(&f, &h.entries[0], &h.origins[0], NULL, NULL, &done));
    assert_int_equal(done.decided, 2);
    assert_true(f.has_reg);
    assert_int_equal(f.reg.flags, DP_REG_GROUP);
    dp_casefile_fini(&f);
}

/* R-QUA-1: a case has an end. */
static void test_full(void **state)
{
    struct dp_entry e = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    struct dp_insert done;

    (void)state;
    while (h.file.count < DP_CASEFILE_MAX) {
        e.step++;
        e.name.seq++;
        assert_ok(dp_casefile_insert(&h.file, &e, &h.origins[0], NULL, NULL, &done));
    }
    e.step++;
    e.name.seq++;
    assert_int_equal(dp_casefile_insert(&h.file, &e, &h.origins[0], NULL, NULL, &done), DP_FULL);
    assert_ok(dp_casefile_pack(&h.file, &packed));
    assert_ok(dp_casefile_unpack(dp_buf_slice(&packed), &h.file));
    assert_int_equal(h.file.count, DP_CASEFILE_MAX);
}

/* ---- packed form ---- */

/* A body in which every field says something. */
static struct dp_body full_body(void)
{
    struct dp_body b = dp_hist_offer(HOUSING);

    b.due = b.date = dp_hist_date("2026-05-01");
    b.code = UINT32_MAX;
    b.code3 = 3;
    b.days = 4;
    b.index = 5;
    b.other = (struct dp_name){{33}, UINT32_MAX, UINT64_MAX};
    b.profile = (struct dp_name){{34}, 1, 2};
    b.calendar = (struct dp_name){{35}, 1, 2};
    b.not_before_ms = INT64_MIN;
    b.not_after_ms = INT64_MAX;
    b.size = UINT64_MAX;
    b.number = 6;
    b.node = dp_hist_office(TOWN).node;
    b.flag = true;
    memset(b.digest.b, 0xa5, sizeof(b.digest.b));
    memset(b.label, 'x', sizeof(b.label) - 1);
    return b;
}

static void fill_file(void)
{
    struct dp_body b = full_body();
    struct dp_name far = {{36}, 1, 2};
    struct dp_entry e;

    dp_hist_force(&h, COUNTY, DP_KIND_TRANSFER, &b, &reg, NULL);
    dp_hist_force(&h, CITY, DP_KIND_TAKE, NULL, &reg, NULL);
    dp_hist_force(&h, COUNTY, DP_KIND_NOTE, &b, &far, &far);
    e = dp_hist_entry(&h, CITY, DP_KIND_NOTE);
    e.at_ms = INT64_MIN;
    e.receipt = dp_hist_date("2026-05-01");
    e.part_count = 8;
    e.critical = e.at_synced = true;
    memset(e.parts_root.b, 7, sizeof(e.parts_root.b));
    e.officer = UINT32_MAX;
    dp_hist_insert(&h, &e);
    h.file.reg.headcount = UINT32_MAX;
    h.file.reg.respondent_count = 2;
    h.file.reg.respondents[0] = dp_hist_office(HOUSING);
    h.file.reg.respondents[1] = dp_hist_office(TOWN);
    memcpy(h.file.reg.source_no, "A-17", 5);
    h.file.reg.first_office = dp_hist_office(VILLAGE);
}

static bool same_fact(const struct dp_fact *a, const struct dp_fact *b)
{
    return a->prev == b->prev && a->custody == b->custody && a->re == b->re && a->verdict == b->verdict &&
           a->reason == b->reason && dp_name_eq(&a->e.name, &b->e.name) && a->e.kind == b->e.kind &&
           a->e.rules == b->e.rules && a->e.critical == b->e.critical && a->e.at_synced == b->e.at_synced &&
           dp_subject_eq(&a->e.subject, &b->e.subject) && dp_office_eq(&a->e.office, &b->e.office) &&
           a->e.officer == b->e.officer && a->e.at_ms == b->e.at_ms && a->e.receipt.day == b->e.receipt.day &&
           a->e.step == b->e.step && dp_name_eq(&a->e.prev, &b->e.prev) &&
           dp_name_eq(&a->e.custody, &b->e.custody) && dp_name_eq(&a->e.re, &b->e.re) &&
           a->e.part_count == b->e.part_count && dp_digest_eq(&a->e.parts_root, &b->e.parts_root) &&
           a->from.node.v == b->from.node.v && a->from.parent.v == b->from.parent.v &&
           a->from.tier == b->from.tier && a->from.roles == b->from.roles;
}

static bool same_body(const struct dp_body *a, const struct dp_body *b)
{
    return dp_office_eq(&a->to, &b->to) && a->due.day == b->due.day && a->date.day == b->date.day &&
           a->code == b->code && a->code2 == b->code2 && a->code3 == b->code3 && a->days == b->days &&
           a->index == b->index && dp_name_eq(&a->other, &b->other) && dp_name_eq(&a->profile, &b->profile) &&
           dp_name_eq(&a->calendar, &b->calendar) && a->not_before_ms == b->not_before_ms &&
           a->not_after_ms == b->not_after_ms && a->size == b->size && dp_digest_eq(&a->digest, &b->digest) &&
           a->node.v == b->node.v && a->number == b->number && a->flag == b->flag &&
           strcmp(a->label, b->label) == 0;
}

static void test_round_trip(void **state)
{
    struct dp_casefile f;

    (void)state;
    fill_file();
    assert_ok(dp_casefile_pack(&h.file, &packed));
    dp_casefile_init(&f, &(struct dp_subject){0});
    assert_ok(dp_casefile_unpack(dp_buf_slice(&packed), &f));
    assert_int_equal(f.count, h.file.count);
    assert_int_equal(f.pending, h.file.pending);
    assert_true(dp_subject_eq(&f.subject, &h.file.subject));
    for (uint32_t i = 0; i < f.count; i++) {
        assert_true(same_fact(&f.facts[i], &h.file.facts[i]));
        assert_true(same_body(&f.facts[i].e.body, &h.file.facts[i].e.body));
        assert_int_equal(dp_casefile_find(&f, &f.facts[i].e.name), i);
    }
    assert_int_equal(f.reg.headcount, UINT32_MAX);
    assert_int_equal(f.reg.respondent_count, 2);
    assert_string_equal(f.reg.source_no, "A-17");
    assert_true(dp_office_eq(&f.reg.first_office, &h.file.reg.first_office));
    dp_casefile_fini(&f);
}

static void test_small_when_packed(void **state)
{
    struct dp_body b = dp_hist_offer(HOUSING);

    (void)state;
    dp_hist_do(&h, COUNTY, DP_KIND_TRANSFER, &b);
    dp_hist_do(&h, HOUSING_NODE, DP_KIND_ARRIVE, NULL);
    dp_hist_do(&h, HOUSING, DP_KIND_SIGN, NULL);
    dp_hist_do(&h, HOUSING, DP_KIND_ACCEPT, NULL);
    for (int i = 0; i < 16; i++)
        dp_hist_do(&h, HOUSING, DP_KIND_NOTE, NULL);
    assert_ok(dp_casefile_pack(&h.file, &packed));
    assert_true(packed.len < h.file.count * 60);
}

static void test_pack_too_big(void **state)
{
    struct dp_buf small;

    (void)state;
    dp_buf_init(&small, 900);
    fill_file();
    assert_int_equal(dp_casefile_pack(&h.file, &small), DP_TOO_BIG);
    assert_int_equal(small.len, 0);
    dp_buf_fini(&small);
}

static void test_damage_is_found(void **state)
{
    (void)state;
    fill_file();
    assert_ok(dp_casefile_pack(&h.file, &packed));
    for (size_t i = 0; i < packed.len; i++) {
        packed.p[i] ^= 0x10;
        assert_int_equal(dp_casefile_unpack(dp_buf_slice(&packed), &h.file), DP_CORRUPT);
        packed.p[i] ^= 0x10;
        assert_int_equal(dp_casefile_unpack(dp_slice_of(packed.p, i), &h.file), DP_CORRUPT);
    }
    assert_int_equal(h.file.count, 5); /* untouched */
}

static void write_sum(uint8_t *p, size_t len)
{
    struct dp_wr w = dp_wr_of(p + len - 8, 8);

    dp_wr_u64(&w, dp_casefile_sum(dp_slice_of(p, len - 8)));
}

/* Bytes damaged and then signed off again: refused, or a file that can be folded. */
static void test_forged_bytes_are_walked_safely(void **state)
{
    struct dp_rng rng;
    uint32_t taken = 0;

    (void)state;
    fill_file();
    assert_ok(dp_casefile_pack(&h.file, &packed));
    dp_rng_seed(&rng, 1);
    for (int round = 0; round < 20000; round++) {
        uint8_t *copy = malloc(packed.len);
        struct dp_casefile f;
        enum dp_err err;
        assert_non_null(copy);
        memcpy(copy, packed.p, packed.len);
        for (uint64_t n = 1 + dp_rng_below(&rng, 3); n > 0; n--)
            copy[dp_rng_below(&rng, packed.len - 8)] = (uint8_t)dp_rng_u64(&rng);
        write_sum(copy, packed.len);
        dp_casefile_init(&f, &h.file.subject);
        err = dp_casefile_unpack(dp_slice_of(copy, packed.len), &f);
        assert_true(err == DP_OK || err == DP_CORRUPT);
        if (err == DP_OK) {
            struct dp_state s;
            dp_arena_reset(&h.arena);
            assert_ok(dp_fold(&f, &h.arena, &s));
            assert_true(dp_rights_judge(&f, f.count - 1) < DP_VOID_COUNT);
            taken++;
        }
        dp_casefile_fini(&f);
        free(copy);
    }
    assert_true(taken > 100);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order_and_lookup),
        TEST(test_duplicate),
        TEST(test_register_comes_last),
        TEST(test_full),
        TEST(test_round_trip),
        TEST(test_small_when_packed),
        TEST(test_pack_too_big),
        TEST(test_damage_is_found),
        TEST(test_forged_bytes_are_walked_safely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
