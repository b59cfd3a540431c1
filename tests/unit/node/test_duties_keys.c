/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasure (R-STO-2): every node that held the part deletes it, byte for byte, and answers; the wrapping key
 * changes, whatever dies meanwhile, and all that is left stays readable. The tree is this program's own: the
 * key folders of a copy would be those of all tests.
 */
#include "days.h"

static struct town t;

static int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.c = cluster_new(231);
    t.city = cl_root(t.c, CITY);
    t.county = cl_enroll(t.c, t.city, COUNTY);
    t.town = cl_enroll(t.c, t.county, TOWN);
    t.village = cl_enroll(t.c, t.town, VILLAGE);
    assert_true(cluster_settle(t.c, 600000));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_free(&t.c);
    return 0;
}

static struct cl_result at_the_county(void)
{
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    cl_go(t.town, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    town_settle(&t);
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    return r;
}

static void erase_part(struct cl_node *by, const struct cl_result *r, const struct dp_name *entry,
                       uint32_t index)
{
    struct cl_command x;
    char name[DP_NAME_TEXT];
    dp_name_format(entry, name);
    struct dp_step *s = cl_step(&x, DP_KIND_ERASE, r->number);
    s->re = name;
    s->index = index;
    s->code = 1;
    cl_must(by, &x);
}

/* Up to `cap` bytes of a row of one part: what it says of itself, or its key. */
enum what { SEALED, WRAPPED, GRANT };

static size_t row_of(const struct cl_node *n, const struct dp_name *of, uint8_t index, enum what what,
                     uint8_t *out, size_t cap)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_slice v = {0};
    assert_ok(dp_db_begin(&db, false));
    enum dp_err e = what == SEALED    ? dp_db_part(&db, of, index, &v)
                    : what == WRAPPED ? dp_db_part_key(&db, of, index, &v)
                                      : dp_db_grant(&db, of, index, &v);
    size_t len = e != DP_OK ? 0 : v.len < cap ? v.len : cap;
    memcpy(out, v.p == NULL ? (const uint8_t *)"" : v.p, len);
    dp_db_abort(&db);
    return len;
}

static uint32_t generation(const struct cl_node *n)
{
    return dp_daemon_keyring(n->d)->wrap_generation;
}

static unsigned nowhere(const uint8_t *p, size_t len)
{
    unsigned hits = 0;
    for (uint32_t i = 0; i < t.c->node_count; i++)
        hits += cl_grep(t.c->nodes[i], dp_slice_of(p, len));
    return hits;
}

static void test_gone_byte_for_byte(void **state)
{
    uint8_t sealed[96], key[3][DP_WRAPPED_BYTES], grant[3][DP_GRANT_BYTES], old[32];
    size_t klen[3], glen[3];
    (void)state;
    struct cl_result r = at_the_county();
    struct cl_node *holders[] = {t.village, t.town, t.county};
    assert_int_equal(row_of(t.village, &r.name, 0, SEALED, sealed, sizeof sealed), sizeof sealed);
    assert_int_equal(nowhere(sealed, sizeof sealed), 3);
    uint32_t before[3];
    for (unsigned i = 0; i < 3; i++) {
        klen[i] = row_of(holders[i], &r.name, 0, WRAPPED, key[i], sizeof key[i]);
        glen[i] = row_of(holders[i], &r.name, 0, GRANT, grant[i], sizeof grant[i]);
        assert_true(klen[i] + glen[i] > 0);
        before[i] = generation(holders[i]);
    }
    uint32_t city = generation(t.city);
    memcpy(old, dp_daemon_keyring(t.county->d)->wrap[0].b, sizeof old);
    assert_true(town_reads(t.county, &r.name, 0, "Wang Cuihua"));
    erase_part(t.county, &r, &r.name, 0);
    town_settle(&t);
    assert_int_equal(nowhere(sealed, sizeof sealed), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(klen[i] == 0 ? 0 : nowhere(key[i], klen[i]), 0);
        assert_int_equal(glen[i] == 0 ? 0 : nowhere(grant[i], glen[i]), 0);
        assert_int_equal(generation(holders[i]), before[i] + 1);
        assert_false(town_reads(holders[i], &r.name, 0, "Wang Cuihua"));
    }
    assert_int_equal(generation(t.city), city); /* it held nothing */
    assert_memory_not_equal(dp_daemon_keyring(t.county->d)->wrap[0].b, old, sizeof old);
    /* Each answered, and everybody sees it. */
    assert_int_equal(count_of(t.city, &r.name, DP_KIND_ERASED, NULL), 3);
    struct cl_node *all[] = {t.village, t.town, t.county, t.city};
    town_assert_same(&t, &r.name, all, 4);
    /* The rest is as it was, under the new key, also for the next process. */
    for (unsigned i = 0; i < 3; i++)
        cl_kill(holders[i], 100);
    cluster_run(t.c, 60000);
    town_settle(&t);
    for (unsigned i = 0; i < 3; i++)
        assert_true(town_reads(holders[i], &r.name, 1, "the roof of the school leaks"));
    assert_int_equal(nowhere(sealed, sizeof sealed), 0);
    assert_int_equal(count_of(t.city, &r.name, DP_KIND_ERASED, NULL), 3);
}

/* The process dies between the commit of the erasure and the change of the key: the next one changes it. */
static void test_a_death_before_the_key_changes(void **state)
{
    (void)state;
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    uint32_t before = generation(t.village);
    t.village->d->rotate_ms = INT64_MAX;
    erase_part(t.village, &r, &r.name, 0);
    assert_int_equal(generation(t.village), before);
    cl_kill(t.village, 100);
    cluster_run(t.c, 60000);
    assert_int_equal(generation(t.village), before + 1);
    assert_true(town_reads(t.village, &r.name, 1, "the roof of the school leaks"));
    cl_kill(t.village, 100);
    cluster_run(t.c, 60000);
    assert_int_equal(generation(t.village), before + 1); /* once */
    town_settle(&t);
}

/* The folder of the keys is away: the erasure stands, the alarm says what is missing, and it is tried again.
 */
static void test_a_folder_that_cannot_be_written(void **state)
{
    char here[CL_DIR_MAX + 16], away[CL_DIR_MAX + 16];
    (void)state;
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    uint32_t before = generation(t.village);
    snprintf(here, sizeof here, "%s/keys", t.village->dir);
    snprintf(away, sizeof away, "%s/keys.away", t.village->dir);
    assert_int_equal(rename(here, away), 0);
    erase_part(t.village, &r, &r.name, 0);
    cluster_run(t.c, 1000);
    assert_true(cl_alarmed(t.village, "rotate"));
    assert_false(town_reads(t.village, &r.name, 0, "Wang Cuihua"));
    assert_int_equal(rename(away, here), 0);
    cluster_run(t.c, 120000);
    assert_false(cl_alarmed(t.village, "rotate"));
    assert_int_equal(generation(t.village), before + 1);
    assert_true(town_reads(t.village, &r.name, 1, "the roof of the school leaks"));
    town_settle(&t);
}

/* One erasure a day: a key a day, and old parts and drafts stay readable through all of them. */
static void test_over_many_days(void **state)
{
    struct cl_command x;
    struct dp_name note[5];
    (void)state;
    struct cl_result r = town_register(t.village);
    cl_intake(&x, "Wang Cuihua", "the roof of the school leaks")->channel = 'L';
    x.cmd.u.step.draft = true;
    cl_must(t.village, &x);
    for (unsigned i = 0; i < 5; i++) {
        cl_step(&x, DP_KIND_NOTE, r.number);
        cl_text(&x, "asked again");
        note[i] = cl_must(t.village, &x).name;
    }
    town_settle(&t);
    uint32_t before = generation(t.village);
    for (unsigned i = 0; i < 4; i++) {
        days_pass(t.c, 1);
        erase_part(t.village, &r, &note[i], 0);
        days_pass(t.c, 1);
        assert_int_equal(generation(t.village), before + i + 1);
    }
    days_pass(t.c, 5);
    assert_int_equal(generation(t.village), before + 4); /* nothing was erased: nothing changes */
    for (unsigned i = 0; i < 4; i++)
        assert_false(town_reads(t.village, &note[i], 0, "asked again"));
    assert_true(town_reads(t.village, &note[4], 0, "asked again"));
    assert_true(town_reads(t.village, &r.name, 0, "Wang Cuihua"));
    struct dp_step *s = cl_step(&x, DP_KIND_REGISTER, "");
    s->from_draft = "1";
    struct cl_result q = cl_must(t.village, &x);
    assert_true(town_reads(t.village, &q.name, 1, "the roof of the school leaks"));
    town_settle(&t);
}

/* R-STO-2: what is replaced by a correction goes the same way, everywhere. */
static void test_a_correction_replaces(void **state)
{
    struct cl_command x;
    uint8_t sealed[96];
    char name[DP_NAME_TEXT];
    (void)state;
    struct cl_result r = at_the_county();
    assert_int_equal(row_of(t.village, &r.name, 0, SEALED, sealed, sizeof sealed), sizeof sealed);
    assert_int_equal(nowhere(sealed, sizeof sealed), 3);
    dp_name_format(&r.name, name);
    struct dp_step *s = cl_step(&x, DP_KIND_CORRECT, r.number);
    s->re = name;
    s->index = 0;
    s->code = 1;
    x.part[0] = (struct dp_part_text){.kind = DP_PART_PETITIONERS, .petitioner_count = 1};
    x.part[0].petitioners[0] = (struct dp_petitioner){.name = "Wang Cuihua the younger", .main = true};
    s->part_count = 1;
    struct cl_result c = cl_must(t.village, &x);
    town_settle(&t);
    assert_int_equal(nowhere(sealed, sizeof sealed), 0);
    assert_true(town_reads(t.county, &c.name, 0, "Wang Cuihua the younger"));
    assert_int_equal(count_of(t.city, &r.name, DP_KIND_ERASED, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gone_byte_for_byte),
        cmocka_unit_test(test_a_death_before_the_key_changes),
        cmocka_unit_test(test_a_folder_that_cannot_be_written),
        cmocka_unit_test(test_over_many_days),
        cmocka_unit_test(test_a_correction_replaces),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
