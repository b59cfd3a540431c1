/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to single parts (R-PRT-1, R-PRT-3): a superior opens one with a reason, and everybody sees
 * that; one is erased, and nobody reads it again; one is replaced.
 */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

#define NAME "Wang Cuihua"
#define TEXT "the roof of the school leaks"

static struct cl_result on_part(struct cl_node *n, enum dp_kind kind, const char *ref,
                                const struct dp_name *of, uint32_t index, uint32_t reason)
{
    struct cl_command x;
    char name[DP_NAME_TEXT];
    struct dp_step *s = cl_step(&x, kind, ref);
    dp_name_format(of, name);
    s->re = name;
    s->index = index;
    s->code = reason;
    return cl_do(n, &x);
}

/* What `case show` says of the case, in a buffer of the test. */
static const char *shown(struct cl_node *n, const char *ref)
{
    static struct cl_result r;
    struct cl_command x;
    cl_query(&x, "show")->case_ref = ref;
    r = cl_do(n, &x);
    return r.json;
}

static unsigned valid(struct cl_node *n, const struct dp_name *of, enum dp_kind kind)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of};
    struct dp_casefile f;
    struct dp_slice packed;
    unsigned count = 0;
    dp_casefile_init(&f, &s);
    assert_ok(dp_db_begin(&db, false));
    if (dp_db_case(&db, &s, &packed) == DP_OK)
        assert_ok(dp_casefile_unpack(packed, &f));
    dp_db_abort(&db);
    for (uint32_t i = 0; i < f.count; i++)
        count += f.facts[i].e.kind == kind && f.facts[i].verdict == DP_VALID;
    dp_casefile_fini(&f);
    return count;
}

static void test_unmask(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 280);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    /* The registrar's parent holds the grant, and shows nothing. */
    assert_null(strstr(shown(t.town, r.number), NAME));
    assert_null(strstr(shown(t.town, r.number), TEXT));
    /* Without a reason, by who is not above, by who does not have the case. */
    assert_int_equal(on_part(t.town, DP_KIND_UNMASK, r.number, &r.name, 0, 0).err, DP_STEP_INVALID);
    assert_int_equal(on_part(t.village, DP_KIND_UNMASK, r.number, &r.name, 0, 1).err, DP_STEP_INVALID);
    assert_int_equal(on_part(t.other_town, DP_KIND_UNMASK, r.number, &r.name, 0, 1).err, DP_NOT_FOUND);
    const struct dp_name nothing = {t.village->id, 1, 99};
    assert_int_equal(on_part(t.town, DP_KIND_UNMASK, r.number, &nothing, 0, 1).err, DP_NOT_FOUND);
    assert_null(strstr(shown(t.town, r.number), NAME));
    assert_int_equal(valid(t.village, &r.name, DP_KIND_UNMASK), 0);
    /* With one: that part, no other, to that office. */
    assert_ok(on_part(t.town, DP_KIND_UNMASK, r.number, &r.name, 0, 1).err);
    assert_non_null(strstr(shown(t.town, r.number), NAME));
    assert_null(strstr(shown(t.town, r.number), TEXT));
    town_settle(&t);
    assert_null(strstr(shown(t.county, r.number), NAME));
    /* The petitioner's own office sees who looked. */
    assert_int_equal(valid(t.village, &r.name, DP_KIND_UNMASK), 1);
    assert_non_null(strstr(shown(t.village, r.number), NAME));
    /* A bureau further up was granted nothing: it is on the record, and reads nothing. */
    assert_ok(on_part(t.county, DP_KIND_UNMASK, r.number, &r.name, 0, 3).err);
    assert_null(strstr(shown(t.county, r.number), NAME));
    assert_non_null(strstr(shown(t.county, r.number), "not_here"));
    town_close(&t);
}

/* R-N3-5: of a protected matter nobody above holds anything to open. */
static void test_unmask_of_a_protected_matter(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 281);
    struct dp_intake *in = cl_intake(&x, NAME, TEXT);
    in->purpose = DP_PURPOSE_ACCUSATION;
    in->respondents[0] = OTHER_TOWN "/bureau";
    in->respondent_count = 1;
    struct cl_result r = cl_must(t.village, &x);
    town_settle(&t);
    assert_ok(on_part(t.town, DP_KIND_UNMASK, r.number, &r.name, 0, 1).err);
    assert_null(strstr(shown(t.town, r.number), NAME));
    assert_false(town_reads(t.town, &r.name, 0, NAME));
    town_close(&t);
}

static void test_erase(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 282);
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_true(town_reads(t.village, &r.name, 0, NAME));
    assert_true(town_reads(t.town, &r.name, 0, NAME));
    /* Without a reason; by who neither holds it nor is above; by who does not have it. */
    assert_int_equal(on_part(t.town, DP_KIND_ERASE, r.number, &r.name, 0, 0).err, DP_STEP_INVALID);
    assert_int_equal(on_part(t.village, DP_KIND_ERASE, r.number, &r.name, 0, 1).err, DP_STEP_INVALID);
    assert_int_equal(on_part(t.other_town, DP_KIND_ERASE, r.number, &r.name, 0, 1).err, DP_NOT_FOUND);
    assert_true(town_reads(t.village, &r.name, 0, NAME));
    assert_ok(on_part(t.town, DP_KIND_ERASE, r.number, &r.name, 0, 1).err);
    town_settle(&t);
    struct cl_node *had[] = {t.village, t.town};
    for (unsigned i = 0; i < 2; i++) {
        assert_false(town_reads(had[i], &r.name, 0, NAME));
        assert_true(town_reads(had[i], &r.name, 1, TEXT)); /* the other part stays */
        assert_null(strstr(shown(had[i], r.number), NAME));
    }
    assert_int_equal(valid(t.city, &r.name, DP_KIND_ERASED), 2); /* each says so */
    /* What is erased is not unmasked either. */
    assert_ok(on_part(t.county, DP_KIND_UNMASK, r.number, &r.name, 0, 1).err);
    assert_null(strstr(shown(t.county, r.number), NAME));
    struct cl_node *all[] = {t.village, t.town, t.county, t.city};
    town_settle(&t);
    town_assert_same(&t, &r.name, all, 4);
    town_close(&t);
}

/* The bureau above the registrar may, while the case is held below. */
static void test_erase_by_the_superior(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 283);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    assert_ok(on_part(t.town, DP_KIND_ERASE, r.number, &r.name, 1, 2).err);
    town_settle(&t);
    assert_false(town_reads(t.village, &r.name, 1, TEXT));
    assert_true(town_reads(t.village, &r.name, 0, NAME));
    town_close(&t);
}

/* An entry is named by the words `re` and `other`; it need not be the one that opened the case. */
static void test_correct_a_note(void **state)
{
    struct town t;
    struct cl_command x;
    char name[DP_NAME_TEXT];
    (void)state;
    town_open(&t, 284);
    struct cl_result r = town_register(t.village);
    cl_step(&x, DP_KIND_NOTE, r.number);
    cl_text(&x, "called on Monday");
    struct cl_result note = cl_must(t.village, &x);
    struct dp_step *s = cl_step(&x, DP_KIND_CORRECT, r.number);
    dp_name_format(&note.name, name);
    s->re = s->other = name;
    cl_text(&x, "called on Tuesday");
    cl_must(t.village, &x);
    assert_null(strstr(shown(t.village, r.number), "Monday"));
    assert_non_null(strstr(shown(t.village, r.number), "Tuesday"));
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unmask),         cmocka_unit_test(test_unmask_of_a_protected_matter),
        cmocka_unit_test(test_erase),          cmocka_unit_test(test_erase_by_the_superior),
        cmocka_unit_test(test_correct_a_note),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
