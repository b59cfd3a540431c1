/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backups while the node works: people and lines go on between two steps, a client that is gone leaves
 * nothing, and the daily one has its name only when it is whole.
 */
#include "days.h"

#include <dirent.h>
#include <unistd.h>

#include "os/file.h"
#include "store/backup.h"
#include "store/kv_mem.h"

static char path[CL_DIR_MAX + 32];

static struct cl_result ask_for(struct cl_node *n, const char *where)
{
    struct cl_command x;
    cl_admin(&x, "backup")->path = where;
    return cl_do(n, &x);
}

static bool is_written(const struct cl_result *r)
{
    assert_ok(r->err);
    return strstr(r->json, "\"written\":true") != NULL;
}

static void open_town(struct town *t, uint64_t seed, size_t step)
{
    town_open(t, seed);
    t->c->options.backup_step = step;
    cl_kill(t->town, 100);
    cluster_run(t->c, 60000);
    town_settle(t);
    snprintf(path, sizeof path, "%s/a.backup", t->town->dir);
    (void)unlink(path);
}

/* Whether a store holds the case. */
static bool holds(struct dp_kv *kv, const struct dp_name *of_case)
{
    struct dp_db db = {.kv = kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of_case};
    struct dp_slice packed;
    assert_ok(dp_db_begin(&db, false));
    enum dp_err e = dp_db_case(&db, &s, &packed);
    dp_db_abort(&db);
    return e == DP_OK;
}

/* A record a turn: between two of them a case is taken in, answered and sent; the copy is of before it. */
static void test_all_goes_on(void **state)
{
    struct town t;
    struct dp_kv *kv;
    unsigned asked = 2;
    (void)state;
    open_town(&t, 261, 1);
    struct cl_result old = town_register(t.town);
    struct cl_result a = ask_for(t.town, path);
    assert_false(is_written(&a));
    uint64_t sent = cl_link_of(t.c, t.town)->frames[0];
    struct cl_result r = town_register(t.town);
    a = ask_for(t.town, path);
    assert_false(is_written(&a));
    assert_true(cl_link_of(t.c, t.town)->frames[0] > sent);
    for (; !is_written(&a); asked++)
        a = ask_for(t.town, path);
    assert_true(asked > 50);
    town_settle(&t);
    assert_true(cl_facts(t.county, &r.name) > 0);
    assert_ok(dp_kv_mem_open(&kv));
    assert_ok(dp_backup_read(kv, path, NULL, NULL));
    assert_true(holds(kv, &old.name));
    assert_false(holds(kv, &r.name));
    kv->ops->close(&kv);
    assert_int_equal(ask_for(t.town, path).err, DP_CONFLICT);
    town_close(&t);
}

static void test_one_at_a_time_and_nothing_stays(void **state)
{
    struct town t;
    char other[sizeof path + 8];
    (void)state;
    open_town(&t, 262, 1);
    struct cl_result a = ask_for(t.town, path);
    assert_false(is_written(&a));
    assert_true(dp_os_file_exists(path));
    snprintf(other, sizeof other, "%s.2", path);
    a = ask_for(t.town, other);
    assert_int_equal(a.err, DP_CONFLICT);
    assert_non_null(strstr(a.text, "another backup"));
    assert_false(dp_os_file_exists(other));
    t.town->d->backup.asked_ms -= 11000; /* nobody asked since */
    cl_turn(t.town);
    assert_false(dp_os_file_exists(path));
    assert_null(t.town->d->backup.b);
    /* Nor of a daemon that ends over it. */
    a = ask_for(t.town, path);
    assert_false(is_written(&a));
    cl_kill(t.town, 100);
    assert_false(dp_os_file_exists(path));
    town_close(&t);
}

static unsigned files_in(const char *dir, const char *end)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    unsigned n = 0;
    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        size_t len = strlen(e->d_name);
        n += len > strlen(end) && strcmp(e->d_name + len - strlen(end), end) == 0;
    }
    closedir(d);
    return n;
}

static void test_daily(void **state)
{
    struct town t;
    char dir[CL_DIR_MAX + 32], name[sizeof dir + 80];
    (void)state;
    open_town(&t, 263, 0);
    snprintf(dir, sizeof dir, "%s/backups", t.town->dir);
    t.c->options.backup_dir = dir;
    t.c->options.backup_keep = 2;
    cl_kill(t.town, -1);
    cl_start(t.town);
    t.c->options.backup_dir = NULL; /* of the others */
    days_pass(t.c, 1);
    snprintf(name, sizeof name, "%s/daipao-" TOWN "-2026-03-03.backup", dir);
    assert_true(dp_os_file_exists(name));
    assert_int_equal(files_in(dir, ".backup"), 1);
    days_pass(t.c, 3);
    assert_int_equal(files_in(dir, ".backup"), 2);
    assert_int_equal(files_in(dir, ".part"), 0);
    snprintf(name, sizeof name, "%s/daipao-" TOWN "-2026-03-06.backup", dir);
    assert_true(dp_os_file_exists(name));
    /* It cannot be written: said, and over when it can. */
    assert_int_equal(rename(dir, path), 0);
    FILE *f = fopen(dir, "w");
    assert_non_null(f);
    fclose(f);
    days_pass(t.c, 1);
    assert_true(cl_alarmed(t.town, "backup"));
    assert_int_equal(unlink(dir), 0);
    cluster_run(t.c, 3700000);
    assert_false(cl_alarmed(t.town, "backup"));
    assert_int_equal(files_in(dir, ".backup"), 1);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_goes_on),
        cmocka_unit_test(test_one_at_a_time_and_nothing_stays),
        cmocka_unit_test(test_daily),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
