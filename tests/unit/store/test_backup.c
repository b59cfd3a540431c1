/* SPDX-License-Identifier: Apache-2.0 */
/* Backup files: every damage is found, a restore is whole or absent. */
#include "scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/kv_mem.h"
#include "store/life.h"

#define MAP ((uint64_t)64 << 20)

struct told {
    int calls;
    struct dp_backup_progress last;
};

static void tell(void *ctx, const struct dp_backup_progress *p)
{
    struct told *t = ctx;

    assert_true(p->done >= t->last.done);
    t->calls++;
    t->last = *p;
}

/* `n` records in three tables, one of them large. */
static struct dp_kv *filled(uint32_t n, size_t each)
{
    struct dp_kv *kv = NULL;
    uint8_t *val = calloc(1, each + 200000);
    struct dp_kv_txn *t;

    assert_int_equal(dp_kv_mem_open(&kv), DP_OK);
    t = scratch_begin(kv, true);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t key[5] = {'k', (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        memset(val, (int)i, each);
        kv->ops->put(t, i % 3, dp_slice_of(key, sizeof(key)),
                     dp_slice_of(val, i == 7 ? each + 200000 : each));
    }
    assert_int_equal(kv->ops->commit(t), DP_OK);
    free(val);
    return kv;
}

static bool same(struct dp_kv *a, struct dp_kv *b)
{
    struct dp_kv_txn *ta = scratch_begin(a, false), *tb = scratch_begin(b, false);
    bool equal = true;

    for (unsigned table = 0; equal && table < DP_KV_TABLES_MAX; table++) {
        struct dp_kv_cur *ca = NULL, *cb = NULL;
        struct dp_slice ka, kb, va, vb;
        enum dp_err ea, eb;
        assert_int_equal(a->ops->cur_open(ta, table, &ca), DP_OK);
        assert_int_equal(b->ops->cur_open(tb, table, &cb), DP_OK);
        do {
            ea = a->ops->cur_next(ca, &ka, &va);
            eb = b->ops->cur_next(cb, &kb, &vb);
            equal = ea == eb && (ea != DP_OK || (dp_slice_eq(ka, kb) && dp_slice_eq(va, vb)));
        } while (equal && ea == DP_OK);
        a->ops->cur_close(ca);
        b->ops->cur_close(cb);
    }
    a->ops->abort(ta);
    b->ops->abort(tb);
    return equal;
}

static void there_and_back(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = filled(20000, 500);
    struct dp_kv *back;
    struct dp_kv_txn *t;
    struct told told = {0};
    char path[160];

    scratch_path(s, "backup", path);
    assert_int_equal(dp_backup_write(kv, path, tell, &told), DP_OK);
    assert_true(told.calls >= 2);
    assert_int_equal(told.last.done, 20000);
    assert_int_equal(told.last.total, 20000);
    told = (struct told){0};
    assert_int_equal(dp_backup_restore(path, s->store, tell, &told, s->why, sizeof(s->why)), DP_OK);
    assert_true(told.calls >= 2);
    assert_int_equal(told.last.done, 20000);
    back = scratch_open(s, MAP);
    assert_false(same(kv, back)); /* the mark */
    t = scratch_begin(back, true);
    back->ops->del(t, DP_LIFE_TABLE, dp_slice_str("restored"));
    assert_int_equal(back->ops->commit(t), DP_OK);
    assert_true(same(kv, back));
    back->ops->close(&back);
    kv->ops->close(&kv);
}

static void an_empty_store(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = filled(0, 1);
    struct dp_kv *copy = NULL;
    char path[160];

    scratch_path(s, "backup", path);
    assert_int_equal(dp_backup_write(kv, path, NULL, NULL), DP_OK);
    assert_int_equal(dp_kv_mem_load(path, &copy), DP_OK);
    assert_true(same(kv, copy));
    copy->ops->close(&copy);
    kv->ops->close(&kv);
}

static enum dp_err load_bytes(const char *path, const uint8_t *p, size_t len)
{
    struct dp_kv *kv = NULL;
    enum dp_err err;
    FILE *f = fopen(path, "w");

    assert_int_equal(fwrite(p, 1, len, f), len);
    fclose(f);
    err = dp_kv_mem_load(path, &kv);
    if (err == DP_OK)
        kv->ops->close(&kv);
    else
        assert_null(kv);
    return err;
}

/* R-STO-5: each single bit, and each length that is too short, is found. */
static void every_damage_is_found(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = filled(5, 3);
    uint8_t b[512];
    char path[160];
    size_t len;
    FILE *f;

    scratch_path(s, "backup", path);
    assert_int_equal(dp_backup_write(kv, path, NULL, NULL), DP_OK);
    f = fopen(path, "r");
    len = fread(b, 1, sizeof(b), f);
    fclose(f);
    assert_in_range(len, 50, sizeof(b) - 1);
    scratch_path(s, "damaged", path);
    assert_int_equal(load_bytes(path, b, len), DP_OK);
    for (size_t i = 0; i < len; i++) {
        enum dp_err err = load_bytes(path, b, i);
        assert_int_equal(err, i < 16 ? DP_FORMAT : DP_CORRUPT);
        for (int bit = 0; bit < 8; bit++) {
            b[i] ^= (uint8_t)(1 << bit);
            err = load_bytes(path, b, len);
            assert_int_equal(err, i < 16 ? DP_FORMAT : DP_CORRUPT);
            b[i] ^= (uint8_t)(1 << bit);
        }
    }
    kv->ops->close(&kv);
}

static void a_restore_is_whole_or_absent(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = filled(9000, 900);
    char path[160], beside[160], left[192];

    scratch_path(s, "backup", path);
    scratch_path(s, "store.restoring", beside);
    assert_int_equal(dp_backup_write(kv, path, NULL, NULL), DP_OK);
    kv->ops->close(&kv);
    assert_int_equal(truncate(path, 8000000), 0);
    assert_int_equal(dp_backup_restore(path, s->store, NULL, NULL, s->why, sizeof(s->why)), DP_CORRUPT);
    assert_non_null(strstr(s->why, "cannot restore"));
    assert_int_not_equal(access(s->store, F_OK), 0);
    assert_int_not_equal(access(beside, F_OK), 0);

    assert_int_equal(mkdir(beside, 0700), 0); /* a stranger's */
    snprintf(left, sizeof(left), "%s/precious", beside);
    assert_int_equal(mkdir(left, 0700), 0);
    assert_int_equal(dp_backup_restore(path, s->store, NULL, NULL, s->why, sizeof(s->why)), DP_CONFLICT);
    assert_non_null(strstr(s->why, "in the way"));
    assert_int_equal(access(left, F_OK), 0);
}

static void where_a_restore_may_go(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = filled(10, 10);
    char path[160], dir[160], leftover[160];

    scratch_path(s, "backup", path);
    assert_int_equal(dp_backup_write(kv, path, NULL, NULL), DP_OK);
    kv->ops->close(&kv);
    scratch_path(s, "store/", dir);
    assert_int_equal(mkdir(s->store, 0700), 0); /* empty: may be used; a leftover is removed */
    scratch_path(s, "store.restoring", leftover);
    assert_int_equal(mkdir(leftover, 0700), 0);
    scratch_path(s, "store.restoring/data.mdb", leftover);
    assert_int_equal(mknod(leftover, S_IFREG | 0600, 0), 0);
    assert_int_equal(dp_backup_restore(path, dir, NULL, NULL, s->why, sizeof(s->why)), DP_OK);
    assert_int_equal(dp_backup_restore(path, dir, NULL, NULL, s->why, sizeof(s->why)), DP_CONFLICT);
    assert_non_null(strstr(s->why, "not an empty directory"));
    assert_int_equal(dp_backup_restore(path, path, NULL, NULL, s->why, sizeof(s->why)), DP_CONFLICT);
    scratch_path(s, "absent", path);
    scratch_path(s, "other", dir);
    assert_int_equal(dp_backup_restore(path, dir, NULL, NULL, s->why, sizeof(s->why)), DP_NOT_FOUND);
    assert_int_not_equal(access(dir, F_OK), 0);
    kv = scratch_open(s, MAP);
    assert_int_equal(scratch_stat(kv).entries, 11);
    kv->ops->close(&kv);
}

#define T(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(there_and_back),         T(an_empty_store),
        T(every_damage_is_found),  T(a_restore_is_whole_or_absent),
        T(where_a_restore_may_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
