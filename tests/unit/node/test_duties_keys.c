/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasure (R-STO-2): every node that held the part deletes it and answers; the wrapping key changes, so that
 * no copy of the row opens any more, whatever dies meanwhile, and all that is left stays readable. The tree
 * is this program's own: the key folders of a copy would be those of all tests.
 */
#include "days.h"
#include "node/opens.h"

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

/* A row of one part as it lies in the store: what a thief who copied every page has for ever. */
enum what { SEALED, KEY, GRANT, WHATS };
static const enum dp_table table_of[WHATS] = {DP_T_PART, DP_T_PART_KEY, DP_T_GRANT};

struct row {
    uint8_t key[DP_NAME_BYTES + 1], b[4096];
    size_t len; /* 0: there is none */
};

static struct row row_of(const struct cl_node *n, const struct dp_name *of, uint8_t index, enum what what)
{
    struct dp_db db = {.kv = n->kv}; /* without a vault: as they lie */
    struct row r = {.len = 0};
    struct dp_slice v;
    dp_name_put(of, r.key);
    r.key[DP_NAME_BYTES] = index;
    assert_ok(dp_db_begin(&db, false));
    if (dp_db_get_key(&db, table_of[what], dp_slice_of(r.key, sizeof r.key), &v) == DP_OK) {
        assert_true(v.len <= sizeof r.b);
        r.len = v.len;
        memcpy(r.b, v.p, v.len);
    }
    dp_db_abort(&db);
    return r;
}

/* With all the keys that the node has now. */
static enum dp_err opens(struct cl_node *n, enum what what, const struct row *r)
{
    struct dp_db db = {.kv = n->kv, .vault = &n->d->vault.port};
    return dp_db_opens(&db, table_of[what], dp_slice_of(r->key, sizeof r->key), dp_slice_of(r->b, r->len));
}

static uint32_t generation(const struct cl_node *n)
{
    return dp_daemon_keyring(n->d)->wrap_generation;
}

static void test_gone_for_good(void **state)
{
    struct row row[3][WHATS];
    (void)state;
    struct cl_result r = at_the_county();
    struct cl_node *holders[] = {t.village, t.town, t.county};
    uint32_t before[3];
    cluster_run(t.c, 1200000); /* nothing that went before waits for a change */
    for (unsigned i = 0; i < 3; i++) {
        for (enum what w = SEALED; w < WHATS; w++) {
            row[i][w] = row_of(holders[i], &r.name, 0, w);
            assert_true(row[i][w].len == 0 || opens(holders[i], w, &row[i][w]) == DP_OK);
        }
        assert_true(row[i][SEALED].len > 0 && row[i][KEY].len + row[i][GRANT].len > 0);
        before[i] = generation(holders[i]);
    }
    assert_true(town_reads(t.county, &r.name, 0, "Wang Cuihua"));
    erase_part(t.county, &r, &r.name, 0);
    town_settle(&t);
    for (unsigned i = 0; i < 3; i++) {
        for (enum what w = SEALED; w < WHATS; w++) {
            assert_int_equal(row_of(holders[i], &r.name, 0, w).len, 0);
            assert_true(row[i][w].len == 0 || opens(holders[i], w, &row[i][w]) == DP_NOT_FOUND);
        }
        assert_true(generation(holders[i]) > before[i]);
        assert_false(town_reads(holders[i], &r.name, 0, "Wang Cuihua"));
    }
    /* Each answered, and everybody sees it. */
    assert_int_equal(count_of(t.city, &r.name, DP_KIND_ERASED, NULL), 3);
    struct cl_node *all[] = {t.village, t.town, t.county, t.city};
    town_assert_same(&t, &r.name, all, 4);
    /* The rest is as it was, also for the next process. */
    for (unsigned i = 0; i < 3; i++)
        cl_kill(holders[i], 100);
    cluster_run(t.c, 60000);
    town_settle(&t);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(town_reads(holders[i], &r.name, 1, "the roof of the school leaks"));
        assert_int_equal(opens(holders[i], SEALED, &row[i][SEALED]), DP_NOT_FOUND);
    }
    assert_int_equal(count_of(t.city, &r.name, DP_KIND_ERASED, NULL), 3);
}

/* The process dies between the commit of the erasure and the change of the key: the next one changes it. */
static void test_a_death_before_the_key_changes(void **state)
{
    (void)state;
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    cluster_run(t.c, 1200000); /* nothing that went before waits for a change */
    uint32_t before = generation(t.village);
    struct row row = row_of(t.village, &r.name, 0, SEALED);
    t.village->d->rotate_retry = true;
    t.village->d->rotate_ms = INT64_MAX;
    erase_part(t.village, &r, &r.name, 0);
    assert_int_equal(generation(t.village), before);
    assert_int_equal(opens(t.village, SEALED, &row), DP_OK);
    cl_kill(t.village, 100);
    cluster_run(t.c, 60000);
    assert_true(generation(t.village) > before);
    assert_int_equal(opens(t.village, SEALED, &row), DP_NOT_FOUND);
    assert_true(town_reads(t.village, &r.name, 1, "the roof of the school leaks"));
    cluster_run(t.c, 1200000);
    before = generation(t.village);
    cl_kill(t.village, 100);
    cluster_run(t.c, 60000);
    assert_int_equal(generation(t.village), before); /* once */
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
    struct row row = row_of(t.village, &r.name, 0, SEALED);
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
    assert_true(generation(t.village) > before);
    assert_int_equal(opens(t.village, SEALED, &row), DP_NOT_FOUND);
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
        assert_true(generation(t.village) > before);
        before = generation(t.village);
    }
    days_pass(t.c, 5);
    assert_int_equal(generation(t.village), before); /* nothing has gone: nothing changes */
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
    struct row row[3];
    char name[DP_NAME_TEXT];
    (void)state;
    struct cl_result r = at_the_county();
    struct cl_node *holders[] = {t.village, t.town, t.county};
    for (unsigned i = 0; i < 3; i++) {
        row[i] = row_of(holders[i], &r.name, 0, SEALED);
        assert_int_equal(opens(holders[i], SEALED, &row[i]), DP_OK);
    }
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
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(opens(holders[i], SEALED, &row[i]), DP_NOT_FOUND);
    assert_true(town_reads(t.county, &c.name, 0, "Wang Cuihua the younger"));
    assert_int_equal(count_of(t.city, &r.name, DP_KIND_ERASED, NULL), 0);
}

/* R-STO-7: an older copy of the store opens, but for what was erased since. */
static void test_an_older_store(void **state)
{
    (void)state;
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    struct dp_kv *older = cl_snapshot(t.village);
    erase_part(t.village, &r, &r.name, 0);
    town_settle(&t);
    struct dp_db db = {.kv = older, .vault = &t.village->d->vault.port};
    struct dp_slice v;
    struct dp_opens parts = {0};
    assert_ok(dp_db_begin(&db, false));
    assert_int_equal(dp_db_part(&db, &r.name, 0, &v), DP_NOT_FOUND);
    assert_int_equal(dp_db_part_key(&db, &r.name, 0, &v), DP_NOT_FOUND);
    assert_ok(dp_db_part(&db, &r.name, 1, &v));
    assert_ok(dp_db_part_key(&db, &r.name, 1, &v));
    assert_ok(dp_opens_table(&db, DP_T_PART, &parts));
    assert_true(parts.rows > parts.gone && parts.gone >= 1 && parts.wrong == 0);
    dp_db_abort(&db);
    db.vault = &t.town->d->vault.port; /* another node's keys open nothing */
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_opens_table(&db, DP_T_PART, &parts));
    assert_int_equal(parts.wrong + parts.gone, parts.rows);
    dp_db_abort(&db);
    older->ops->close(&older);
}

/* The line is down: what waits for it goes without what was erased meanwhile. */
static void test_what_waits_for_a_line(void **state)
{
    (void)state;
    cl_cut(t.c, cl_link_of(t.c, t.village));
    struct cl_result r = town_register(t.village);
    cluster_run(t.c, 60000);
    assert_true(cl_grep_table(t.village, DP_T_PARCEL, dp_slice_str("")) > 0);
    erase_part(t.village, &r, &r.name, 0);
    cluster_run(t.c, 60000);
    cl_mend(cl_link_of(t.c, t.village));
    town_settle(&t);
    struct dp_db db = {.kv = t.town->kv};
    struct dp_slice v;
    assert_ok(dp_db_begin(&db, false));
    assert_int_equal(dp_db_part(&db, &r.name, 0, &v), DP_NOT_FOUND);
    assert_ok(dp_db_part(&db, &r.name, 1, &v));
    dp_db_abort(&db);
    assert_int_equal(cl_grep_table(t.village, DP_T_PARCEL, dp_slice_str("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gone_for_good),
        cmocka_unit_test(test_a_death_before_the_key_changes),
        cmocka_unit_test(test_a_folder_that_cannot_be_written),
        cmocka_unit_test(test_over_many_days),
        cmocka_unit_test(test_a_correction_replaces),
        cmocka_unit_test(test_an_older_store),
        cmocka_unit_test(test_what_waits_for_a_line),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
