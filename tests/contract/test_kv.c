/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of port/kv.h, run on the store in memory and on the store on disk: each test
 * is registered once for each. A model test replays with DP_SEED.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "port/kv.h"
#include "store/backup.h"
#include "store/kv_lmdb.h"
#include "store/kv_mem.h"

#define MAP_BYTES ((uint64_t)256 << 20)

/* ---- the two stores ---- */

struct fixture {
    bool on_disk;
    char dir[64]; /* of this test alone */
    struct dp_kv *kv;
};

static const bool memory = false;
static const bool disk = true;

static struct dp_kv *open_dir(const char *dir)
{
    struct dp_kv *kv = NULL;
    char why[256] = "";
    enum dp_err err = dp_kv_lmdb_open(dir, MAP_BYTES, &kv, why, sizeof(why));

    if (err != DP_OK)
        fail_msg("%s: %s", dp_err_name(err), why);
    return kv;
}

static void path_in(const struct fixture *f, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", f->dir, name);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char path[128];

    f->on_disk = *(const bool *)*state;
    strcpy(f->dir, "/tmp/dp-kv-XXXXXX");
    if (mkdtemp(f->dir) == NULL)
        return -1;
    path_in(f, "store", path);
    if (f->on_disk)
        f->kv = open_dir(path);
    else
        assert_int_equal(dp_kv_mem_open(&f->kv), DP_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    f->kv->ops->close(&f->kv);
    assert_null(f->kv);
    snprintf(command, sizeof(command), "rm -rf %s", f->dir);
    if (system(command) != 0)
        return -1;
    free(f);
    return 0;
}

/* ---- words to write tests with ---- */

static struct dp_slice S(const char *s) {
    return dp_slice_str(s);
}

static struct dp_kv_txn *
begin(struct dp_kv *kv, bool write)
{
    struct dp_kv_txn *t = NULL;

    assert_int_equal(kv->ops->begin(kv, write, &t), DP_OK);
    return t;
}

static void commit(struct dp_kv *kv, struct dp_kv_txn *t)
{
    assert_int_equal(kv->ops->commit(t), DP_OK);
}

/* One transaction with one record. */
static void store_one(struct dp_kv *kv, unsigned table, const char *k, const char *v)
{
    struct dp_kv_txn *t = begin(kv, true);

    kv->ops->put(t, table, S(k), S(v));
    commit(kv, t);
}

static void expect_in(struct dp_kv *kv, struct dp_kv_txn *t, unsigned table, const char *k, const char *want)
{
    struct dp_slice v = {0};
    enum dp_err err = kv->ops->get(t, table, S(k), &v);

    assert_int_equal(err, want == NULL ? DP_NOT_FOUND : DP_OK);
    if (want != NULL && !dp_slice_eq(v, S(want)))
        fail_msg("%s: '%.*s', not '%s'", k, (int)v.len, (const char *)v.p, want);
}

static void expect(struct dp_kv *kv, unsigned table, const char *k, const char *want)
{
    struct dp_kv_txn *t = begin(kv, false);

    expect_in(kv, t, table, k, want);
    commit(kv, t);
}

static uint64_t entries(struct dp_kv *kv)
{
    struct dp_kv_stat st;

    assert_int_equal(kv->ops->stat(kv, &st), DP_OK);
    return st.entries;
}

static struct dp_kv_cur *cursor(struct dp_kv *kv, struct dp_kv_txn *t, unsigned table)
{
    struct dp_kv_cur *c = NULL;

    assert_int_equal(kv->ops->cur_open(t, table, &c), DP_OK);
    return c;
}

enum move { NEXT, PREV };

static void expect_key(enum dp_err err, struct dp_slice k, const char *want)
{
    assert_int_equal(err, want == NULL ? DP_NOT_FOUND : DP_OK);
    if (want != NULL && !dp_slice_eq(k, S(want)))
        fail_msg("at '%.*s', not at '%s'", (int)k.len, (const char *)k.p, want);
}

static void expect_move(struct dp_kv *kv, struct dp_kv_cur *c, enum move m, const char *want)
{
    struct dp_slice k = {0}, v;

    expect_key(m == NEXT ? kv->ops->cur_next(c, &k, &v) : kv->ops->cur_prev(c, &k, &v), k, want);
}

static void expect_seek(struct dp_kv *kv, struct dp_kv_cur *c, enum dp_kv_seek how, const char *key,
                        const char *want)
{
    struct dp_slice k = {0}, v;

    expect_key(kv->ops->cur_seek(c, how, S(key), &k, &v), k, want);
}

/* ---- records ---- */

static void put_get_del(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, true);

    expect_in(kv, t, 0, "a", NULL);
    kv->ops->put(t, 0, S("a"), S("1"));
    expect_in(kv, t, 0, "a", "1");
    kv->ops->put(t, 0, S("a"), S("another, longer"));
    kv->ops->put(t, 0, S("b"), S(""));
    kv->ops->del(t, 0, S("absent"));
    commit(kv, t);
    expect(kv, 0, "a", "another, longer");
    expect(kv, 0, "b", "");
    assert_int_equal(entries(kv), 2);

    t = begin(kv, true);
    kv->ops->del(t, 0, S("a"));
    expect_in(kv, t, 0, "a", NULL);
    commit(kv, t);
    expect(kv, 0, "a", NULL);
    assert_int_equal(entries(kv), 1);
}

static void tables_are_apart(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, true);
    char v[8];

    for (unsigned i = 0; i < DP_KV_TABLES_MAX; i++) {
        snprintf(v, sizeof(v), "%u", i);
        kv->ops->put(t, i, S("same"), S(v));
    }
    kv->ops->del(t, 7, S("same"));
    commit(kv, t);
    for (unsigned i = 0; i < DP_KV_TABLES_MAX; i++) {
        snprintf(v, sizeof(v), "%u", i);
        expect(kv, i, "same", i == 7 ? NULL : v);
    }
    assert_int_equal(entries(kv), DP_KV_TABLES_MAX - 1);
}

static void append_in_order_and_not(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, true);
    struct dp_kv_cur *c;
    char k[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(k, sizeof(k), "%04d", 2 * i);
        kv->ops->append(t, 1, S(k), S("even"));
    }
    kv->ops->append(t, 1, S("0001"), S("late")); /* the hint is wrong, the record is kept */
    kv->ops->append(t, 1, S("1998"), S("again"));
    commit(kv, t);
    assert_int_equal(entries(kv), 1001);
    t = begin(kv, false);
    expect_in(kv, t, 1, "1998", "again");
    c = cursor(kv, t, 1);
    expect_seek(kv, c, DP_KV_FIRST, "", "0000");
    expect_move(kv, c, NEXT, "0001");
    expect_move(kv, c, NEXT, "0002");
    kv->ops->cur_close(c);
    commit(kv, t);
}

static void order_is_of_bytes(void **state)
{
    static const char *const sorted[] = {"\x01", "\x01\x01", "A",    "AA",   "AAB",     "AB",
                                         "a",    "\x7f",     "\x80", "\xff", "\xff\x01"};
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, true);
    size_t n = sizeof(sorted) / sizeof(sorted[0]);
    struct dp_kv_cur *c;

    for (size_t i = 0; i < n; i++)
        kv->ops->put(t, 0, S(sorted[i * 7 % n]), S("v"));
    c = cursor(kv, t, 0);
    for (size_t i = 0; i < n; i++)
        expect_move(kv, c, NEXT, sorted[i]);
    expect_move(kv, c, NEXT, NULL);
    for (size_t i = n; i > 0; i--)
        expect_move(kv, c, PREV, sorted[i - 1]);
    expect_move(kv, c, PREV, NULL);
    kv->ops->cur_close(c);
    commit(kv, t);
}

static void keys_at_their_limits(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    uint8_t key[DP_KV_KEY_MAX + 1];
    struct dp_kv_txn *t = begin(kv, true);
    struct dp_slice v = {0};

    memset(key, 'k', sizeof(key));
    kv->ops->put(t, 0, dp_slice_of(key, DP_KV_KEY_MAX), S("long"));
    kv->ops->put(t, 0, dp_slice_of("\0", 1), S("zero"));
    commit(kv, t);
    t = begin(kv, false);
    assert_int_equal(kv->ops->get(t, 0, dp_slice_of(key, DP_KV_KEY_MAX), &v), DP_OK);
    assert_true(dp_slice_eq(v, S("long")));
    assert_int_equal(kv->ops->get(t, 0, dp_slice_of("\0", 1), &v), DP_OK);
    commit(kv, t);

    for (int i = 0; i < 4; i++) {
        t = begin(kv, true);
        if (i == 0)
            kv->ops->put(t, 0, dp_slice_of(key, DP_KV_KEY_MAX + 1), S("x"));
        else if (i == 1)
            kv->ops->put(t, 0, dp_slice_of(key, 0), S("x"));
        else if (i == 2)
            kv->ops->put(t, DP_KV_TABLES_MAX, S("k"), S("x"));
        else
            assert_int_equal(kv->ops->get(t, 0, dp_slice_of(key, DP_KV_KEY_MAX + 1), &v), DP_RANGE);
        assert_int_equal(kv->ops->error(t), DP_RANGE);
        assert_int_equal(kv->ops->commit(t), DP_RANGE);
    }
    assert_int_equal(entries(kv), 2);
}

static void large_values(void **state)
{
    enum { LEN = 200 * 1024 };
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    uint8_t *big = malloc(LEN);
    struct dp_kv_txn *t = begin(kv, true);
    struct dp_slice v = {0};

    for (size_t i = 0; i < LEN; i++)
        big[i] = (uint8_t)(i * 31 + i / 251);
    for (size_t len = 1000; len < 9000; len += 100) { /* across the sizes that share a page */
        char k[16];
        snprintf(k, sizeof(k), "len %zu", len);
        kv->ops->put(t, 3, S(k), dp_slice_of(big, len));
        assert_int_equal(kv->ops->get(t, 3, S(k), &v), DP_OK);
        assert_true(dp_slice_eq(v, dp_slice_of(big, len)));
    }
    kv->ops->put(t, 3, S("big"), dp_slice_of(big, LEN));
    commit(kv, t);
    t = begin(kv, true);
    assert_int_equal(kv->ops->get(t, 3, S("big"), &v), DP_OK);
    assert_true(dp_slice_eq(v, dp_slice_of(big, LEN)));
    kv->ops->put(t, 3, S("big"), dp_slice_of(big, LEN / 2)); /* shorter, in the same place */
    kv->ops->put(t, 3, S("big"), dp_slice_of(big + 1, LEN - 1));
    commit(kv, t);
    t = begin(kv, false);
    assert_int_equal(kv->ops->get(t, 3, S("big"), &v), DP_OK);
    assert_true(dp_slice_eq(v, dp_slice_of(big + 1, LEN - 1)));
    commit(kv, t);
    t = begin(kv, true);
    kv->ops->put(t, 3, S("too big"), dp_slice_of(big, DP_KV_VAL_MAX + 1));
    assert_int_equal(kv->ops->commit(t), DP_TOO_BIG);
    free(big);
}

/* ---- transactions ---- */

static void first_error_sticks(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, true);
    struct dp_kv_cur *c = cursor(kv, t, 0);
    struct dp_kv_cur *none = NULL;
    struct dp_slice k, v;

    kv->ops->put(t, 0, S("before"), S("1"));
    assert_int_equal(kv->ops->error(t), DP_OK);
    kv->ops->put(t, 0, S(""), S("x"));
    assert_int_equal(kv->ops->error(t), DP_RANGE);
    kv->ops->put(t, 0, S("after"), S("1"));
    kv->ops->append(t, 0, S("after"), S("1"));
    kv->ops->del(t, 0, S("before"));
    assert_int_equal(kv->ops->get(t, 0, S("before"), &v), DP_RANGE);
    assert_int_equal(kv->ops->cur_seek(c, DP_KV_FIRST, S(""), &k, &v), DP_RANGE);
    assert_int_equal(kv->ops->cur_next(c, &k, &v), DP_RANGE);
    assert_int_equal(kv->ops->cur_prev(c, &k, &v), DP_RANGE);
    assert_int_equal(kv->ops->cur_open(t, 0, &none), DP_RANGE);
    assert_null(none);
    kv->ops->cur_close(c);
    assert_int_equal(kv->ops->commit(t), DP_RANGE); /* R-STO-1: and nothing has changed */
    expect(kv, 0, "before", NULL);
    expect(kv, 0, "after", NULL);
    assert_int_equal(entries(kv), 0);
    store_one(kv, 0, "later", "works");
    expect(kv, 0, "later", "works");
}

static void a_reader_cannot_write(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, false);

    kv->ops->put(t, 0, S("k"), S("v"));
    assert_int_equal(kv->ops->commit(t), DP_INTERNAL);
    expect(kv, 0, "k", NULL); /* and the error does not stick to the next reader */
}

static void abort_leaves_nothing(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t;
    char k[16];

    for (int i = 0; i < 200; i++) {
        snprintf(k, sizeof(k), "key %03d", i);
        store_one(kv, 0, k, "old");
    }
    t = begin(kv, true);
    for (int i = 0; i < 400; i++) {
        snprintf(k, sizeof(k), "key %03d", i);
        if (i % 3 == 0)
            kv->ops->del(t, 0, S(k));
        else
            kv->ops->put(t, i % 2 ? 0 : 5, S(k), S("new"));
    }
    kv->ops->abort(t);
    assert_int_equal(entries(kv), 200);
    for (int i = 0; i < 400; i++) {
        snprintf(k, sizeof(k), "key %03d", i);
        expect(kv, 0, k, i < 200 ? "old" : NULL);
        expect(kv, 5, k, NULL);
    }
}

static void one_writer_at_a_time(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, true);
    struct dp_kv_txn *other = NULL;

    assert_int_equal(kv->ops->begin(kv, true, &other), DP_AGAIN);
    assert_null(other);
    commit(kv, t);
    store_one(kv, 0, "k", "v");
}

static void readers_keep_their_moment(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *before, *w, *during, *after;
    struct dp_slice held = {0};

    store_one(kv, 0, "k", "one");
    before = begin(kv, false);
    assert_int_equal(kv->ops->get(before, 0, S("k"), &held), DP_OK);
    w = begin(kv, true);
    kv->ops->put(w, 0, S("k"), S("two"));
    kv->ops->put(w, 0, S("new"), S("two"));
    during = begin(kv, false);
    expect_in(kv, during, 0, "k", "one");
    expect_in(kv, w, 0, "k", "two");
    commit(kv, w);
    after = begin(kv, false);
    expect_in(kv, after, 0, "k", "two");
    store_one(kv, 0, "k", "three");
    expect_in(kv, before, 0, "k", "one");
    expect_in(kv, before, 0, "new", NULL);
    expect_in(kv, during, 0, "new", NULL);
    expect_in(kv, after, 0, "k", "two");
    assert_true(dp_slice_eq(held, S("one"))); /* borrowed until the reader ends */
    kv->ops->abort(during);
    commit(kv, before);
    expect_in(kv, after, 0, "k", "two");
    commit(kv, after);
    expect(kv, 0, "k", "three");
}

/* The write that ends the life of a borrowed key or value may itself take it. */
static void take_borrowed(struct dp_kv *kv, size_t len)
{
    struct dp_kv_txn *t = begin(kv, true);
    struct dp_kv_cur *c;
    struct dp_slice k, v;
    uint8_t fill[1500];
    char name[24];

    for (int i = 0; i < 60; i++) {
        memset(fill, i, len);
        snprintf(name, sizeof(name), "%02d", i);
        kv->ops->put(t, 0, S(name), dp_slice_of(fill, len));
    }
    c = cursor(kv, t, 0);
    for (int i = 59; i >= 0; i--) { /* each copy goes below its original, which makes way */
        snprintf(name, sizeof(name), "%02d", i);
        assert_int_equal(kv->ops->cur_seek(c, DP_KV_GE, S(name), &k, &v), DP_OK);
        snprintf(name, sizeof(name), "/%02d-copy", 59 - i);
        kv->ops->put(t, 0, S(name), v);
        assert_int_equal(kv->ops->get(t, 0, S(name), &v), DP_OK);
        memset(fill, i, len);
        assert_true(dp_slice_eq(v, dp_slice_of(fill, len)));
    }
    assert_int_equal(kv->ops->cur_seek(c, DP_KV_FIRST, S(""), &k, &v), DP_OK);
    kv->ops->put(t, 1, k, v);
    assert_int_equal(kv->ops->get(t, 1, S("/00-copy"), &v), DP_OK);
    kv->ops->put(t, 1, S("/00-copy"), v); /* onto itself */
    assert_int_equal(kv->ops->get(t, 1, S("/00-copy"), &v), DP_OK);
    memset(fill, 59, len);
    assert_true(dp_slice_eq(v, dp_slice_of(fill, len)));
    while (kv->ops->cur_seek(c, DP_KV_FIRST, S(""), &k, &v) == DP_OK)
        kv->ops->del(t, 0, k);
    kv->ops->cur_close(c);
    commit(kv, t);
    assert_int_equal(entries(kv), 1);
}

static void a_write_may_take_what_is_borrowed(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;

    take_borrowed(kv, 60);
    take_borrowed(kv, 400);
    take_borrowed(kv, 1500);
}

/* ---- cursors ---- */

static void seek_to_all_sides(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, true);
    struct dp_kv_cur *c = cursor(kv, t, 2);

    expect_seek(kv, c, DP_KV_FIRST, "", NULL); /* an empty table */
    expect_seek(kv, c, DP_KV_LAST, "", NULL);
    expect_seek(kv, c, DP_KV_GE, "b", NULL);
    expect_seek(kv, c, DP_KV_LE, "b", NULL);
    kv->ops->put(t, 2, S("b"), S("1"));
    kv->ops->put(t, 2, S("d"), S("2"));
    kv->ops->put(t, 2, S("f"), S("3"));
    expect_seek(kv, c, DP_KV_GE, "a", "b");
    expect_seek(kv, c, DP_KV_GE, "b", "b");
    expect_seek(kv, c, DP_KV_GE, "c", "d");
    expect_seek(kv, c, DP_KV_GE, "f", "f");
    expect_seek(kv, c, DP_KV_GE, "ff", NULL);
    expect_seek(kv, c, DP_KV_GE, "", "b");
    expect_seek(kv, c, DP_KV_LE, "a", NULL);
    expect_seek(kv, c, DP_KV_LE, "b", "b");
    expect_seek(kv, c, DP_KV_LE, "c", "b");
    expect_seek(kv, c, DP_KV_LE, "f", "f");
    expect_seek(kv, c, DP_KV_LE, "z", "f");
    expect_seek(kv, c, DP_KV_LE, "", NULL);
    expect_seek(kv, c, DP_KV_FIRST, "ignored", "b");
    expect_seek(kv, c, DP_KV_LAST, "ignored", "f");
    kv->ops->cur_close(c);
    commit(kv, t);
}

static void ends_of_a_table(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, true);
    struct dp_kv_cur *c = cursor(kv, t, 0);
    struct dp_kv_cur *fresh;

    kv->ops->put(t, 0, S("a"), S("1"));
    kv->ops->put(t, 0, S("b"), S("2"));
    expect_move(kv, c, PREV, "b"); /* it stood nowhere */
    expect_move(kv, c, NEXT, NULL);
    expect_move(kv, c, NEXT, NULL);
    kv->ops->put(t, 0, S("c"), S("3"));
    expect_move(kv, c, NEXT, NULL); /* behind the last, for good */
    expect_move(kv, c, PREV, "c");
    expect_seek(kv, c, DP_KV_GE, "d", NULL);
    expect_move(kv, c, NEXT, NULL);
    expect_move(kv, c, PREV, "c");
    expect_seek(kv, c, DP_KV_LE, "A", NULL);
    expect_move(kv, c, PREV, NULL);
    expect_move(kv, c, NEXT, "a");
    expect_move(kv, c, PREV, NULL);
    expect_move(kv, c, NEXT, "a");
    kv->ops->cur_close(c);
    fresh = cursor(kv, t, 0); /* a reused one must not remember */
    expect_move(kv, fresh, NEXT, "a");
    kv->ops->cur_close(fresh);
    commit(kv, t);
}

static void a_cursor_survives_writes(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t = begin(kv, true);
    struct dp_kv_cur *c = cursor(kv, t, 0);

    for (const char *k = "bdfhj"; *k != '\0'; k++)
        kv->ops->put(t, 0, dp_slice_of(k, 1), S("v"));
    expect_seek(kv, c, DP_KV_GE, "d", "d");
    kv->ops->del(t, 0, S("d"));
    expect_move(kv, c, NEXT, "f");
    kv->ops->put(t, 0, S("e"), S("v"));
    expect_move(kv, c, PREV, "e");
    kv->ops->del(t, 0, S("e"));
    expect_move(kv, c, PREV, "b");
    kv->ops->del(t, 0, S("b"));
    kv->ops->put(t, 0, S("a"), S("v"));
    expect_move(kv, c, NEXT, "f");
    kv->ops->put(t, 0, S("g"), S("v"));
    kv->ops->put(t, 9, S("g"), S("another table"));
    expect_move(kv, c, NEXT, "g");
    for (const char *k = "abcdefghij"; *k != '\0'; k++)
        kv->ops->del(t, 0, dp_slice_of(k, 1));
    expect_move(kv, c, NEXT, NULL);
    kv->ops->put(t, 0, S("z"), S("v"));
    expect_move(kv, c, PREV, "z");
    kv->ops->cur_close(c);
    commit(kv, t);
}

static void many_cursors(void **state)
{
    enum { N = 8 };
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t, *other;
    struct dp_kv_cur *c[N];
    char k[16];

    t = begin(kv, true);
    for (int i = 0; i < 500; i++) {
        snprintf(k, sizeof(k), "%03d", i);
        kv->ops->append(t, 0, S(k), S(k));
    }
    commit(kv, t);
    for (int round = 0; round < 3; round++) { /* handles are reused between transactions */
        t = begin(kv, round == 1);
        other = begin(kv, false);
        for (int i = 0; i < N; i++)
            c[i] = cursor(kv, i % 2 ? t : other, 0);
        for (int i = 0; i < 500; i++) {
            snprintf(k, sizeof(k), "%03d", i);
            for (int j = 0; j < N; j++)
                expect_move(kv, c[j], NEXT, k);
        }
        for (int i = 0; i < N; i++)
            kv->ops->cur_close(c[i]);
        kv->ops->abort(other);
        commit(kv, t);
    }
}

/* ---- backup ---- */

static void backup_and_reopen(void **state)
{
    struct fixture *f = *state;
    struct dp_kv *kv = f->kv;
    struct dp_kv *copy = NULL;
    struct dp_kv_txn *t = begin(kv, true);
    struct stat st;
    char path[128];
    char k[16];

    for (int i = 0; i < 3000; i++) {
        snprintf(k, sizeof(k), "key %04d", i);
        kv->ops->put(t, (unsigned)i % 5, S(k), S(k + 4));
    }
    commit(kv, t);
    path_in(f, "backup", path);
    assert_int_equal(kv->ops->backup(kv, path), DP_OK);
    assert_int_equal(kv->ops->backup(kv, path), DP_CONFLICT);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    store_one(kv, 0, "key 0000", "changed since");

    assert_int_equal(dp_kv_mem_load(path, &copy), DP_OK);
    assert_int_equal(entries(copy), 3000);
    for (int i = 0; i < 3000; i++) {
        snprintf(k, sizeof(k), "key %04d", i);
        expect(copy, (unsigned)i % 5, k, k + 4);
    }
    copy->ops->close(&copy);
}

/* Records written while it runs are not in it; nothing is torn. */
static void backup_in_steps(void **state)
{
    struct fixture *f = *state;
    struct dp_kv *kv = f->kv;
    struct dp_kv *copy = NULL;
    struct dp_backup *b = NULL;
    enum dp_err err;
    char path[128];
    char k[16];
    int steps = 0;

    for (int i = 0; i < 50; i++) {
        snprintf(k, sizeof(k), "key %04d", i);
        store_one(kv, (unsigned)i % 3, k, "old");
    }
    path_in(f, "steps", path);
    assert_int_equal(dp_backup_new(kv, path, &b), DP_OK);
    while ((err = dp_backup_step(b, 100)) == DP_AGAIN) {
        snprintf(k, sizeof(k), "key %04d", steps++);
        store_one(kv, 0, k, "new");
    }
    assert_int_equal(err, DP_OK);
    assert_true(steps > 5);
    assert_int_equal(dp_backup_progress(b).done, 50);
    assert_int_equal(dp_backup_progress(b).total, 50);
    dp_backup_free(&b);
    assert_int_equal(dp_kv_mem_load(path, &copy), DP_OK);
    assert_int_equal(entries(copy), 50);
    expect(copy, 0, "key 0000", "old");
    copy->ops->close(&copy);

    path_in(f, "given up", path);
    assert_int_equal(dp_backup_new(kv, path, &b), DP_OK);
    assert_int_equal(dp_backup_step(b, 1), DP_AGAIN);
    dp_backup_free(&b);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* ---- against a model ---- */

enum { MODEL_MAX = 4000, MODEL_TABLES = 3 };

struct pair {
    uint8_t table;
    uint8_t key_len;
    uint8_t key[12];
    uint16_t val_len;
    uint32_t val_seed;
};

/* A sorted array: slow, and simple enough to be right. */
struct model {
    struct pair p[MODEL_MAX];
    int n;
};

static int pair_cmp(const struct pair *a, const struct pair *b)
{
    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    return dp_slice_cmp(dp_slice_of(a->key, a->key_len), dp_slice_of(b->key, b->key_len));
}

/* How many are below `x`. */
static int model_rank(const struct model *m, const struct pair *x)
{
    int low = 0;
    int high = m->n;

    while (low < high) {
        int mid = (low + high) / 2;
        if (pair_cmp(&m->p[mid], x) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool model_has(const struct model *m, const struct pair *x)
{
    int i = model_rank(m, x);

    return i < m->n && pair_cmp(&m->p[i], x) == 0;
}

static void model_put(struct model *m, const struct pair *x)
{
    int i = model_rank(m, x);

    if (!model_has(m, x)) {
        memmove(&m->p[i + 1], &m->p[i], (size_t)(m->n - i) * sizeof(*x));
        m->n++;
    }
    m->p[i] = *x;
}

static void model_del(struct model *m, const struct pair *x)
{
    int i = model_rank(m, x);

    if (!model_has(m, x))
        return;
    memmove(&m->p[i], &m->p[i + 1], (size_t)(m->n - i - 1) * sizeof(*x));
    m->n--;
}

static struct dp_slice value_of(const struct pair *x, uint8_t *buf)
{
    struct dp_rng r;

    dp_rng_seed(&r, x->val_seed);
    dp_rng_fill(&r, buf, x->val_len);
    return dp_slice_of(buf, x->val_len);
}

static struct pair draw(struct dp_rng *r)
{
    struct pair x = {.table = (uint8_t)dp_rng_below(r, MODEL_TABLES)};

    x.key_len = (uint8_t)(1 + dp_rng_below(r, dp_rng_chance(r, 1, 4) ? 12 : 2));
    for (int i = 0; i < x.key_len; i++)
        x.key[i] = (uint8_t)dp_rng_below(r, i == 0 ? 256 : 8);
    x.val_seed = (uint32_t)dp_rng_u64(r);
    x.val_len = (uint16_t)dp_rng_below(r, dp_rng_chance(r, 1, 30) ? 9000 : 60);
    return x;
}

/* The cursor's place in the model: its last key, or an end. */
struct walker {
    struct dp_kv_cur *c;
    struct pair at;
    int end; /* -1 before, 1 behind, 0 at `at`, 2 nowhere */
};

static void check_place(struct walker *w, const struct model *m, int i, enum dp_err err, struct dp_slice k,
                        struct dp_slice v, int missed)
{
    static uint8_t buf[9000];
    bool there = i >= 0 && i < m->n && m->p[i].table == w->at.table;

    assert_int_equal(err, there ? DP_OK : DP_NOT_FOUND);
    w->end = there ? 0 : missed;
    if (!there)
        return;
    w->at = m->p[i];
    assert_true(dp_slice_eq(k, dp_slice_of(w->at.key, w->at.key_len)));
    assert_true(dp_slice_eq(v, value_of(&w->at, buf)));
}

static int table_start(const struct model *m, uint8_t table)
{
    struct pair lowest = {.table = table};

    return model_rank(m, &lowest);
}

static void walk(struct dp_kv *kv, struct walker *w, const struct model *m, bool forward)
{
    struct dp_slice k = {0}, v = {0};
    enum dp_err err = forward ? kv->ops->cur_next(w->c, &k, &v) : kv->ops->cur_prev(w->c, &k, &v);
    int rank = model_rank(m, &w->at);
    int i;

    if (forward)
        i = w->end == 1            ? m->n
            : w->end != 0          ? table_start(m, w->at.table)
            : model_has(m, &w->at) ? rank + 1
                                   : rank;
    else
        i = w->end == -1 ? -1 : w->end != 0 ? table_start(m, (uint8_t)(w->at.table + 1)) - 1 : rank - 1;
    check_place(w, m, i, err, k, v, forward ? 1 : -1);
}

static void seek(struct dp_kv *kv, struct walker *w, const struct model *m, struct dp_rng *r)
{
    enum dp_kv_seek how = (enum dp_kv_seek)dp_rng_below(r, 4);
    struct pair x = draw(r);
    struct dp_slice k = {0}, v = {0};
    enum dp_err err;
    int i = 0;

    x.table = w->at.table;
    err = kv->ops->cur_seek(w->c, how, dp_slice_of(x.key, x.key_len), &k, &v);
    switch (how) {
    case DP_KV_GE:
        i = model_rank(m, &x);
        break;
    case DP_KV_LE:
        i = model_rank(m, &x) - !model_has(m, &x);
        break;
    case DP_KV_FIRST:
        i = table_start(m, x.table);
        break;
    case DP_KV_LAST:
        i = table_start(m, (uint8_t)(x.table + 1)) - 1;
        break;
    }
    check_place(w, m, i, err, k, v, how == DP_KV_GE || how == DP_KV_FIRST ? 1 : -1);
}

static void one_step(struct dp_kv *kv, struct dp_kv_txn *t, struct model *m, struct walker *w,
                     struct dp_rng *r)
{
    static uint8_t buf[9000];
    struct pair x = draw(r);
    struct dp_slice key = dp_slice_of(x.key, x.key_len);
    struct dp_slice v = {0};
    uint64_t what = dp_rng_below(r, 12);

    if (what < 4 && m->n < MODEL_MAX) {
        (what == 0 ? kv->ops->append : kv->ops->put)(t, x.table, key, value_of(&x, buf));
        model_put(m, &x);
    } else if (what < 6) {
        if (m->n > 0 && dp_rng_chance(r, 4, 5))
            x = m->p[dp_rng_below(r, (uint64_t)m->n)];
        kv->ops->del(t, x.table, dp_slice_of(x.key, x.key_len));
        model_del(m, &x);
    } else if (what == 6) {
        assert_int_equal(kv->ops->get(t, x.table, key, &v), model_has(m, &x) ? DP_OK : DP_NOT_FOUND);
    } else if (what == 7) {
        seek(kv, w, m, r);
    } else {
        walk(kv, w, m, what % 2 == 0);
    }
}

static void check_all(struct dp_kv *kv, const struct model *m)
{
    static uint8_t buf[9000];
    struct dp_kv_txn *t = begin(kv, false);
    struct dp_slice k, v;
    int i = 0;

    for (unsigned table = 0; table < MODEL_TABLES; table++) {
        struct dp_kv_cur *c = cursor(kv, t, table);
        for (; kv->ops->cur_next(c, &k, &v) == DP_OK; i++) {
            assert_true(i < m->n && m->p[i].table == table);
            assert_true(dp_slice_eq(k, dp_slice_of(m->p[i].key, m->p[i].key_len)));
            assert_true(dp_slice_eq(v, value_of(&m->p[i], buf)));
        }
        kv->ops->cur_close(c);
    }
    commit(kv, t);
    assert_int_equal(i, m->n);
    assert_int_equal(entries(kv), (uint64_t)m->n);
}

static void run_seed(struct dp_kv *kv, struct model *m, uint64_t seed, int txns)
{
    struct model *was = malloc(sizeof(*was));
    struct dp_rng r;

    dp_rng_seed(&r, seed);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < txns; i++) {
        struct dp_kv_txn *t = begin(kv, true);
        struct walker w = {.end = 2, .at = {.table = (uint8_t)dp_rng_below(&r, MODEL_TABLES)}};
        w.c = cursor(kv, t, w.at.table);
        *was = *m;
        for (uint64_t steps = dp_rng_below(&r, 60); steps > 0; steps--)
            one_step(kv, t, m, &w, &r);
        kv->ops->cur_close(w.c);
        if (dp_rng_chance(&r, 1, 4)) {
            kv->ops->abort(t);
            *m = *was;
        } else {
            commit(kv, t);
        }
        if (i % 16 == 0)
            check_all(kv, m);
    }
    check_all(kv, m);
    free(was);
}

static void like_a_sorted_array(void **state)
{
    struct fixture *f = *state;
    const char *given = getenv("DP_SEED");
    struct model *m = calloc(1, sizeof(*m));

    if (given != NULL)
        run_seed(f->kv, m, strtoull(given, NULL, 10), 300);
    for (uint64_t seed = 1; given == NULL && seed <= 4; seed++)
        run_seed(f->kv, m, seed, 150);
    free(m);
}

/* ---- faults, of the store in memory only ---- */

static void faults_on_demand(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_mem_faults *faults = dp_kv_mem_faults(kv);
    struct dp_kv_txn *t;

    store_one(kv, 0, "k", "old");
    faults->write = (struct dp_fault){.countdown = 2, .err = DP_IO};
    t = begin(kv, true);
    kv->ops->put(t, 0, S("k"), S("new"));
    assert_int_equal(kv->ops->error(t), DP_OK);
    kv->ops->del(t, 0, S("k"));
    assert_int_equal(kv->ops->error(t), DP_IO);
    assert_int_equal(kv->ops->commit(t), DP_IO);
    expect(kv, 0, "k", "old");

    faults->commit = (struct dp_fault){.countdown = 1, .err = DP_FULL};
    t = begin(kv, true);
    commit(kv, t); /* nothing to write */
    t = begin(kv, true);
    kv->ops->put(t, 0, S("k"), S("new"));
    assert_int_equal(kv->ops->commit(t), DP_FULL);
    expect(kv, 0, "k", "old");
    store_one(kv, 0, "k", "works again");

    faults->begin = (struct dp_fault){.countdown = 1, .err = DP_CORRUPT};
    assert_int_equal(kv->ops->begin(kv, true, &t), DP_CORRUPT);
}

/* R-STO-4: what frees space goes through when nothing else does. */
static void disk_full_in_memory(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t;
    struct dp_kv_stat st;

    store_one(kv, 0, "a", "0123456789");
    store_one(kv, 0, "b", "0123456789");
    assert_int_equal(kv->ops->stat(kv, &st), DP_OK);
    assert_int_equal(st.disk_free, UINT64_MAX);
    dp_kv_mem_faults(kv)->disk_bytes_max = st.disk_bytes;
    t = begin(kv, true);
    kv->ops->put(t, 0, S("c"), S(""));
    assert_int_equal(kv->ops->commit(t), DP_FULL);
    expect(kv, 0, "c", NULL);
    assert_int_equal(kv->ops->stat(kv, &st), DP_OK);
    assert_int_equal(st.disk_free, 0);
    t = begin(kv, true);
    kv->ops->del(t, 0, S("a"));
    commit(kv, t);
    store_one(kv, 0, "c", "");
}

/* More than a node's worth, so that whole branches are replaced, and what the mark shares with them is not.
 */
static void rewinds_to_its_mark(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t;
    char key[16];

    for (unsigned i = 0; i < 600; i++) {
        snprintf(key, sizeof(key), "%05u", i);
        store_one(kv, i % 3, key, "marked");
    }
    dp_kv_mem_mark(kv);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 600; i += 7) {
            snprintf(key, sizeof(key), "%05u", i);
            t = begin(kv, true);
            if (i % 2 == 0)
                kv->ops->del(t, i % 3, S(key));
            else
                kv->ops->put(t, i % 3, S(key), S("changed"));
            kv->ops->put(t, 5, S(key), S("new"));
            commit(kv, t);
        }
        t = begin(kv, true);
        kv->ops->put(t, 0, S("00000"), S("open"));
        cursor(kv, begin(kv, false), 0);
        dp_kv_mem_rewind(kv);
        assert_int_equal(entries(kv), 600);
        for (unsigned i = 0; i < 600; i++) {
            snprintf(key, sizeof(key), "%05u", i);
            expect(kv, i % 3, key, "marked");
        }
        expect(kv, 5, "00000", NULL);
    }
    store_one(kv, 0, "00000", "after");
}

static void crash_drops_what_is_open(void **state)
{
    struct dp_kv *kv = ((struct fixture *)*state)->kv;
    struct dp_kv_txn *t;

    store_one(kv, 0, "k", "committed");
    t = begin(kv, true);
    kv->ops->put(t, 0, S("k"), S("lost"));
    kv->ops->put(t, 1, S("other"), S("lost"));
    cursor(kv, t, 0);
    cursor(kv, begin(kv, false), 0);
    dp_kv_mem_crash(kv);
    expect(kv, 0, "k", "committed");
    assert_int_equal(entries(kv), 1);
    store_one(kv, 0, "k", "again");
    expect(kv, 0, "k", "again");
}

/* The simulator holds hundreds of them. */
static void an_empty_store_is_small(void **state)
{
    const struct dp_kv *kv = ((struct fixture *)*state)->kv;

    assert_in_range(malloc_usable_size((void *)(uintptr_t)kv), 1, 4096);
}

#define BOTH(test)                                                                                           \
    {#test " (memory)", test, setup, teardown, (void *)&memory},                                             \
    {                                                                                                        \
#test " (disk)", test, setup, teardown, (void *)&disk                                                \
    }
#define IN_MEMORY(test)                                                                                      \
    {                                                                                                        \
#test, test, setup, teardown, (void *)&memory                                                        \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(put_get_del),
        BOTH(tables_are_apart),
        BOTH(append_in_order_and_not),
        BOTH(order_is_of_bytes),
        BOTH(keys_at_their_limits),
        BOTH(large_values),
        BOTH(first_error_sticks),
        BOTH(a_reader_cannot_write),
        BOTH(abort_leaves_nothing),
        BOTH(one_writer_at_a_time),
        BOTH(readers_keep_their_moment),
        BOTH(a_write_may_take_what_is_borrowed),
        BOTH(seek_to_all_sides),
        BOTH(ends_of_a_table),
        BOTH(a_cursor_survives_writes),
        BOTH(many_cursors),
        BOTH(backup_and_reopen),
        BOTH(backup_in_steps),
        BOTH(like_a_sorted_array),
        IN_MEMORY(faults_on_demand),
        IN_MEMORY(disk_full_in_memory),
        IN_MEMORY(an_empty_store_is_small),
        IN_MEMORY(crash_drops_what_is_open),
        IN_MEMORY(rewinds_to_its_mark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
