/* SPDX-License-Identifier: Apache-2.0 */
/* A store around another one: see tape.h. */
#include "sim/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/kv_lmdb.h"
#include "support/cmocka_all.h"

#define HEAD_BYTES 12
#define LMDB_BYTES (UINT64_C(1) << 30)
#define FULL_DISK_BYTES (UINT64_C(1) << 20)

struct dp_kv_txn {
    struct tape *tape;
    struct dp_kv_txn *inner;
    bool write, busy;
    struct dp_kv_txn *next; /* free ones */
};

struct dp_kv_cur {
    const struct dp_kv_ops *in;
    struct dp_kv_cur *inner;
    struct dp_kv_cur *next; /* free ones */
};

struct tape {
    struct dp_kv base; /* first */
    struct dp_kv *inner;
    const struct dp_kv_ops *in; /* of it */
    struct dp_kv_txn writer;
    struct dp_kv_txn *readers; /* not in use */
    struct dp_buf written;     /* of the open write transaction, or of the last commit */
    struct cl_node *n;
    struct tape_ears ears;
    uint32_t fail;
    enum dp_err fail_err;
    bool full, on_disk;
};

static const struct dp_kv_ops tape_ops;
static struct dp_kv_cur *free_curs;

static struct tape *tape_at(struct dp_kv *kv)
{
    assert_ptr_equal(kv->ops, &tape_ops);
    return (struct tape *)kv;
}

struct tape *tape_of(const struct cl_node *n)
{
    return tape_at(n->kv);
}

void tape_listen(struct tape *t, struct cl_node *n, const struct tape_ears *ears)
{
    t->n = n;
    t->ears = *ears;
}

/* ---- writes ---- */

static void note(struct tape *t, unsigned table, bool del, struct dp_slice key, struct dp_slice val)
{
    uint8_t head[HEAD_BYTES] = {(uint8_t)table, del};
    uint32_t k = (uint32_t)key.len, v = (uint32_t)val.len;
    memcpy(head + 4, &k, sizeof(k));
    memcpy(head + 8, &v, sizeof(v));
    assert_ok(dp_buf_put(&t->written, head, sizeof(head)));
    assert_ok(dp_buf_put(&t->written, key.p, key.len));
    assert_ok(dp_buf_put(&t->written, val.p, val.len));
}

bool tape_next(const struct tape *t, size_t *at, struct tape_write *out)
{
    uint32_t k, v;
    if (*at >= t->written.len)
        return false;
    const uint8_t *p = t->written.p + *at;
    memcpy(&k, p + 4, sizeof(k));
    memcpy(&v, p + 8, sizeof(v));
    *out = (struct tape_write){.table = p[0],
                               .del = p[1] != 0,
                               .key = dp_slice_of(p + HEAD_BYTES, k),
                               .val = dp_slice_of(p + HEAD_BYTES + k, v)};
    *at += HEAD_BYTES + k + v;
    return true;
}

/* ---- transactions ---- */

static struct dp_kv_txn *reader(struct tape *t)
{
    struct dp_kv_txn *x = t->readers;
    if (x != NULL) {
        t->readers = x->next;
        return x;
    }
    x = calloc(1, sizeof(*x));
    assert_non_null(x);
    return x;
}

static enum dp_err begin(struct dp_kv *kv, bool write, struct dp_kv_txn **out)
{
    struct tape *t = tape_at(kv);
    struct dp_kv_txn *inner;
    enum dp_err e = t->in->begin(t->inner, write, &inner);
    if (e != DP_OK)
        return e;
    struct dp_kv_txn *x = write ? &t->writer : reader(t);
    *x = (struct dp_kv_txn){.tape = t, .inner = inner, .write = write, .busy = true};
    if (write)
        dp_buf_reset(&t->written);
    *out = x;
    return DP_OK;
}

static void ended(struct dp_kv_txn *x)
{
    x->busy = false;
    if (x->write)
        return;
    x->next = x->tape->readers;
    x->tape->readers = x;
}

static void abort_txn(struct dp_kv_txn *x)
{
    x->tape->in->abort(x->inner);
    ended(x);
}

/* What the next of many small commits loses is soon said again; a lost entry is not. */
static bool has_entries(const struct tape *t)
{
    struct tape_write w;
    for (size_t at = 0; tape_next(t, &at, &w);)
        if (w.table == DP_T_OWN || w.table == DP_T_BLOCK)
            return true;
    return false;
}

static enum dp_err refusal(struct tape *t)
{
    if (t->written.len == 0)
        return DP_OK;
    if (t->full)
        return DP_FULL;
    if (t->fail == 0 || (t->fail_err == DP_IO && !has_entries(t)))
        return DP_OK;
    t->fail--;
    return t->fail_err;
}

static enum dp_err commit(struct dp_kv_txn *x)
{
    struct tape *t = x->tape;
    enum dp_err e = x->write ? refusal(t) : DP_OK;
    if (e != DP_OK) {
        abort_txn(x);
        return e;
    }
    e = t->in->commit(x->inner);
    ended(x);
    if (e == DP_OK && x->write && t->written.len > 0 && t->ears.heard != NULL)
        t->ears.heard(t->ears.ctx, t->n, t);
    return e;
}

static enum dp_err error(const struct dp_kv_txn *x)
{
    return x->tape->in->error(x->inner);
}

static enum dp_err get(struct dp_kv_txn *x, unsigned table, struct dp_slice key, struct dp_slice *val)
{
    return x->tape->in->get(x->inner, table, key, val);
}

static void put(struct dp_kv_txn *x, unsigned table, struct dp_slice key, struct dp_slice val)
{
    note(x->tape, table, false, key, val);
    x->tape->in->put(x->inner, table, key, val);
}

static void append(struct dp_kv_txn *x, unsigned table, struct dp_slice key, struct dp_slice val)
{
    note(x->tape, table, false, key, val);
    x->tape->in->append(x->inner, table, key, val);
}

static void del(struct dp_kv_txn *x, unsigned table, struct dp_slice key)
{
    note(x->tape, table, true, key, dp_slice_of(NULL, 0));
    x->tape->in->del(x->inner, table, key);
}

/* ---- cursors ---- */

static enum dp_err cur_open(struct dp_kv_txn *x, unsigned table, struct dp_kv_cur **out)
{
    struct dp_kv_cur *inner, *c = free_curs;
    enum dp_err e = x->tape->in->cur_open(x->inner, table, &inner);
    if (e != DP_OK)
        return e;
    if (c != NULL)
        free_curs = c->next;
    else
        c = malloc(sizeof(*c));
    assert_non_null(c);
    *c = (struct dp_kv_cur){.in = x->tape->in, .inner = inner};
    *out = c;
    return DP_OK;
}

static enum dp_err cur_seek(struct dp_kv_cur *c, enum dp_kv_seek how, struct dp_slice key, struct dp_slice *k,
                            struct dp_slice *v)
{
    return c->in->cur_seek(c->inner, how, key, k, v);
}

static enum dp_err cur_next(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v)
{
    return c->in->cur_next(c->inner, k, v);
}

static enum dp_err cur_prev(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v)
{
    return c->in->cur_prev(c->inner, k, v);
}

static void cur_close(struct dp_kv_cur *c)
{
    c->in->cur_close(c->inner);
    c->next = free_curs;
    free_curs = c;
}

/* ---- the store as a whole ---- */

static enum dp_err stat_kv(struct dp_kv *kv, struct dp_kv_stat *out)
{
    struct tape *t = tape_at(kv);
    enum dp_err e = t->in->stat(t->inner, out);
    if (e == DP_OK) { /* what the disk of the machine at hand holds is not part of a history */
        out->disk_total = 1000 * FULL_DISK_BYTES;
        out->disk_free = t->full ? 0 : 900 * FULL_DISK_BYTES;
    }
    return e;
}

static enum dp_err check(struct dp_kv *kv, char *why, size_t why_len)
{
    return tape_at(kv)->in->check(tape_at(kv)->inner, why, why_len);
}

static enum dp_err backup(struct dp_kv *kv, const char *path)
{
    return tape_at(kv)->in->backup(tape_at(kv)->inner, path);
}

static void tidy(struct dp_kv *kv)
{
    tape_at(kv)->in->tidy(tape_at(kv)->inner);
}

static void close_kv(struct dp_kv **kv)
{
    struct tape *t = tape_at(*kv);
    t->in->close(&t->inner);
    dp_buf_fini(&t->written);
    while (t->readers != NULL) {
        struct dp_kv_txn *x = t->readers;
        t->readers = x->next;
        free(x);
    }
    free(t);
    *kv = NULL;
}

static const struct dp_kv_ops tape_ops = {
    .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .error = error,
    .get = get,
    .put = put,
    .append = append,
    .del = del,
    .cur_open = cur_open,
    .cur_seek = cur_seek,
    .cur_next = cur_next,
    .cur_prev = cur_prev,
    .cur_close = cur_close,
    .stat = stat_kv,
    .check = check,
    .backup = backup,
    .tidy = tidy,
    .close = close_kv,
};

/* ---- making them ---- */

static void open_lmdb(struct cl_node *n, struct dp_kv **out)
{
    char dir[CL_DIR_MAX + 40], why[256];
    static unsigned serial; /* a twin of a node has a store of its own */
    snprintf(dir, sizeof(dir), "%s/store-%d-%u", n->dir, (int)getpid(), serial++);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_ok(dp_kv_lmdb_open(dir, LMDB_BYTES, out, why, sizeof(why)));
}

static struct dp_kv *make(void *ctx, struct cl_node *n)
{
    const bool *lmdb = ctx;
    struct tape *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    t->base.ops = &tape_ops;
    t->n = n;
    t->on_disk = *lmdb;
    dp_buf_init(&t->written, 256u << 20);
    if (t->on_disk)
        open_lmdb(n, &t->inner);
    else
        assert_ok(dp_kv_mem_open(&t->inner));
    t->in = t->inner->ops;
    return &t->base;
}

/* The process is gone, and with it what it did not commit; its tape goes on. */
static void crash(void *ctx, struct cl_node *n)
{
    struct tape *t = tape_of(n);
    (void)ctx;
    if (t->writer.busy)
        abort_txn(&t->writer);
    if (!t->on_disk)
        dp_kv_mem_crash(t->inner);
}

void tape_stores(bool lmdb, struct cl_stores *out)
{
    static bool on_disk[2] = {false, true};
    *out = (struct cl_stores){make, crash, &on_disk[lmdb]};
}

/* ---- faults ---- */

void tape_fail(struct tape *t, uint32_t count, enum dp_err err)
{
    t->fail = count;
    t->fail_err = err;
}

void tape_full(struct tape *t, bool full)
{
    t->full = full;
}

struct dp_kv *tape_backup(struct cl_node *n)
{
    static bool in_memory;
    struct dp_kv *kv = make(&in_memory, n);
    cl_copy_store(n->kv, kv);
    return kv;
}
