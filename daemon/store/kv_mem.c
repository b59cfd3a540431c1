/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port/kv.h over one copied-on-write tree per table. A transaction is a set of roots; the
 * writer's become the store's at commit. What a commit replaced is freed when no reader
 * is left. Handles are kept in lists for reuse.
 */
#include "store/kv_mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/backup.h"
#include "store/mem_tree.h"

/* Where a cursor stands. BEFORE and AFTER are the ends of the table, whatever is added there later. */
enum place { PLACE_NONE, PLACE_BEFORE, PLACE_AT, PLACE_AFTER };

struct dp_kv_cur {
    struct dp_kv_cur *next; /* in the list of all */
    struct dp_kv_txn *txn;  /* NULL: free */
    unsigned table;
    enum place place;
    struct dp_mem_spot spot; /* good while `writes` is the table's counter */
    uint32_t writes;
    size_t key_len;
    uint8_t key[DP_KV_KEY_MAX];
};

struct roots {
    struct dp_mem_node *table[DP_KV_TABLES_MAX];
    uint64_t entries;
    uint64_t bytes;
};

struct dp_kv_txn {
    struct dp_kv_txn *next; /* in the list of all readers */
    struct mem *kv;
    bool busy;
    bool write;
    bool wrote;
    enum dp_err err; /* sticky */
    unsigned open_curs;
    struct roots roots;
    uint32_t writes[DP_KV_TABLES_MAX];
};

struct mem {
    struct dp_kv base; /* first */
    struct roots roots;
    struct dp_mem_write w; /* of the open writer, or the last one */
    struct dp_mem_trash waiting;
    unsigned readers; /* busy ones, and the mark */
    struct {
        bool set;
        struct roots roots;
        uint64_t stamp; /* of the last write before it */
    } mark;
    struct dp_kv_txn writer;
    struct dp_kv_txn *txns;
    struct dp_kv_cur *curs;
    struct dp_kv_mem_faults faults;
};

static struct mem *mem_of(struct dp_kv *kv)
{
    return (struct mem *)kv;
}

static enum dp_err stick(struct dp_kv_txn *t, enum dp_err err)
{
    if (t->err == DP_OK)
        t->err = err;
    return t->err;
}

static bool key_ok(struct dp_kv_txn *t, unsigned table, struct dp_slice key)
{
    if (table < DP_KV_TABLES_MAX && key.len > 0 && key.len <= DP_KV_KEY_MAX)
        return true;
    stick(t, DP_RANGE);
    return false;
}

static bool fires(struct dp_fault *f)
{
    return f->countdown > 0 && --f->countdown == 0;
}

static bool read_fails(struct dp_kv_txn *t)
{
    if (!t->write || !fires(&t->kv->faults.read))
        return false;
    stick(t, t->kv->faults.read.err);
    return true;
}

/* ---- transactions ---- */

static enum dp_err begin_write(struct mem *kv, struct dp_kv_txn **out)
{
    if (kv->writer.busy)
        return DP_AGAIN;
    if (fires(&kv->faults.begin))
        return kv->faults.begin.err;
    kv->w.stamp++;
    kv->writer = (struct dp_kv_txn){.kv = kv, .busy = true, .write = true, .roots = kv->roots};
    *out = &kv->writer;
    return DP_OK;
}

static enum dp_err begin(struct dp_kv *base, bool write, struct dp_kv_txn **out)
{
    struct mem *kv = mem_of(base);
    struct dp_kv_txn *t = kv->txns;

    if (write)
        return begin_write(kv, out);
    while (t != NULL && t->busy)
        t = t->next;
    if (t == NULL) {
        t = calloc(1, sizeof(*t));
        if (t == NULL)
            return DP_NOMEM;
        t->kv = kv;
        t->next = kv->txns;
        kv->txns = t;
    }
    t->busy = true;
    t->err = DP_OK;
    t->roots = kv->roots;
    kv->readers++;
    *out = t;
    return DP_OK;
}

static void end_read(struct dp_kv_txn *t)
{
    t->busy = false;
    if (--t->kv->readers == 0)
        dp_mem_trash_burn(&t->kv->waiting);
}

static void abort_txn(struct dp_kv_txn *t)
{
    assert(t->open_curs == 0);
    if (!t->write) {
        end_read(t);
        return;
    }
    for (unsigned i = 0; i < DP_KV_TABLES_MAX; i++)
        if (t->roots.table[i] != t->kv->roots.table[i])
            dp_mem_free_since(t->roots.table[i], t->kv->w.stamp);
    t->kv->w.trash.n = 0; /* what was replaced is in use again */
    t->busy = false;
}

static enum dp_err commit_fault(struct dp_kv_txn *t)
{
    struct dp_kv_mem_faults *f = &t->kv->faults;

    if (fires(&f->commit))
        return f->commit.err;
    if (f->disk_bytes_max > 0 && t->roots.bytes > f->disk_bytes_max && t->roots.bytes > t->kv->roots.bytes)
        return DP_FULL;
    return DP_OK;
}

/* R-STO-1: a failed commit changes nothing. */
static enum dp_err commit(struct dp_kv_txn *t)
{
    struct mem *kv = t->kv;
    enum dp_err err = t->err;

    if (err == DP_OK && t->wrote)
        err = commit_fault(t);
    if (err != DP_OK || !t->wrote) {
        abort_txn(t);
        return err;
    }
    assert(t->open_curs == 0);
    kv->roots = t->roots;
    t->busy = false;
    if (kv->readers == 0)
        dp_mem_trash_burn(&kv->w.trash);
    else
        dp_mem_trash_move(&kv->w.trash, &kv->waiting);
    return DP_OK;
}

static enum dp_err error(const struct dp_kv_txn *t)
{
    return t->err;
}

/* ---- one record ---- */

static enum dp_err get(struct dp_kv_txn *t, unsigned table, struct dp_slice key, struct dp_slice *val)
{
    struct dp_mem_spot s;

    if (t->err != DP_OK || !key_ok(t, table, key))
        return t->err;
    if (read_fails(t))
        return t->err;
    s = dp_mem_seek(t->roots.table[table], key, DP_MEM_GE);
    if (s.leaf == NULL || !dp_slice_eq(dp_mem_key(s), key))
        return DP_NOT_FOUND;
    *val = dp_mem_val(s);
    return DP_OK;
}

static bool may_write(struct dp_kv_txn *t, unsigned table, struct dp_slice key)
{
    if (t->err != DP_OK)
        return false;
    if (!t->write)
        stick(t, DP_INTERNAL);
    else if (fires(&t->kv->faults.write))
        stick(t, t->kv->faults.write.err);
    return t->err == DP_OK && key_ok(t, table, key);
}

static void put(struct dp_kv_txn *t, unsigned table, struct dp_slice key, struct dp_slice val)
{
    size_t old_bytes;

    if (!may_write(t, table, key))
        return;
    if (val.len > DP_KV_VAL_MAX) {
        stick(t, DP_TOO_BIG);
        return;
    }
    if (dp_mem_put(&t->kv->w, &t->roots.table[table], key, val, &old_bytes) != DP_OK) {
        stick(t, DP_NOMEM);
        return;
    }
    t->writes[table]++;
    t->wrote = true;
    t->roots.entries += old_bytes == 0;
    t->roots.bytes = t->roots.bytes + dp_mem_record_bytes(key.len, val.len) - old_bytes;
}

static void del(struct dp_kv_txn *t, unsigned table, struct dp_slice key)
{
    uint8_t key_copy[DP_KV_KEY_MAX]; /* the key may be borrowed from the record */
    size_t old_bytes;

    if (!may_write(t, table, key))
        return;
    memcpy(key_copy, key.p, key.len);
    if (!dp_mem_del(&t->kv->w, &t->roots.table[table], dp_slice_of(key_copy, key.len), &old_bytes))
        return;
    t->writes[table]++;
    t->wrote = true;
    t->roots.entries--;
    t->roots.bytes -= old_bytes;
}

/* ---- cursors ---- */

static enum dp_err cur_open(struct dp_kv_txn *t, unsigned table, struct dp_kv_cur **out)
{
    struct dp_kv_cur *c = t->kv->curs;

    if (t->err != DP_OK || table >= DP_KV_TABLES_MAX)
        return stick(t, DP_RANGE);
    while (c != NULL && c->txn != NULL)
        c = c->next;
    if (c == NULL) {
        c = malloc(sizeof(*c));
        if (c == NULL)
            return stick(t, DP_NOMEM);
        c->next = t->kv->curs;
        t->kv->curs = c;
    }
    c->txn = t;
    c->table = table;
    c->place = PLACE_NONE;
    t->open_curs++;
    *out = c;
    return DP_OK;
}

static void cur_close(struct dp_kv_cur *c)
{
    c->txn->open_curs--;
    c->txn = NULL;
}

/* Take the place `s`, or `missed` when it is none. */
static enum dp_err arrive(struct dp_kv_cur *c, struct dp_mem_spot s, enum place missed, struct dp_slice *k,
                          struct dp_slice *v)
{
    if (s.leaf == NULL) {
        c->place = missed;
        return DP_NOT_FOUND;
    }
    *k = dp_mem_key(s);
    *v = dp_mem_val(s);
    c->place = PLACE_AT;
    c->spot = s;
    c->writes = c->txn->writes[c->table];
    c->key_len = k->len;
    memcpy(c->key, k->p, k->len);
    return DP_OK;
}

static enum dp_err cur_seek(struct dp_kv_cur *c, enum dp_kv_seek how, struct dp_slice key, struct dp_slice *k,
                            struct dp_slice *v)
{
    const struct dp_mem_node *root = c->txn->roots.table[c->table];
    struct dp_slice empty = dp_slice_of(NULL, 0);

    if (c->txn->err != DP_OK || key.len > DP_KV_KEY_MAX)
        return stick(c->txn, DP_RANGE);
    if (read_fails(c->txn))
        return c->txn->err;
    switch (how) {
    case DP_KV_GE:
        return arrive(c, dp_mem_seek(root, key, DP_MEM_GE), PLACE_AFTER, k, v);
    case DP_KV_LE:
        return arrive(c, dp_mem_seek(root, key, DP_MEM_LE), PLACE_BEFORE, k, v);
    case DP_KV_FIRST:
        break;
    case DP_KV_LAST:
        return arrive(c, dp_mem_last(root), PLACE_BEFORE, k, v);
    }
    return arrive(c, dp_mem_seek(root, empty, DP_MEM_GE), PLACE_AFTER, k, v);
}

static struct dp_mem_spot neighbour(const struct dp_kv_cur *c, bool forward)
{
    const struct dp_mem_node *root = c->txn->roots.table[c->table];
    struct dp_slice was = dp_slice_of(c->key, c->key_len);
    struct dp_mem_spot s = {0};

    if (c->place != PLACE_AT)
        return forward ? dp_mem_seek(root, dp_slice_of(NULL, 0), DP_MEM_GE) : dp_mem_last(root);
    if (c->writes == c->txn->writes[c->table])
        s = dp_mem_beside(c->spot, forward);
    return s.leaf != NULL ? s : dp_mem_seek(root, was, forward ? DP_MEM_GT : DP_MEM_LT);
}

static enum dp_err step(struct dp_kv_cur *c, bool forward, struct dp_slice *k, struct dp_slice *v)
{
    enum place end = forward ? PLACE_AFTER : PLACE_BEFORE;

    if (c->txn->err != DP_OK)
        return c->txn->err;
    if (read_fails(c->txn))
        return c->txn->err;
    if (c->place == end)
        return DP_NOT_FOUND;
    return arrive(c, neighbour(c, forward), end, k, v);
}

static enum dp_err cur_next(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v)
{
    return step(c, true, k, v);
}

static enum dp_err cur_prev(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v)
{
    return step(c, false, k, v);
}

/* ---- the store as a whole ---- */

/* Memory is what it is. */
static enum dp_err check(struct dp_kv *base, char *why, size_t why_len)
{
    (void)base;
    (void)why;
    (void)why_len;
    return DP_OK;
}

static enum dp_err stat_kv(struct dp_kv *base, struct dp_kv_stat *out)
{
    const struct mem *kv = mem_of(base);
    uint64_t most = kv->faults.disk_bytes_max;
    uint64_t used = kv->roots.bytes;

    *out = (struct dp_kv_stat){
        .disk_bytes = used,
        .disk_free = most == 0     ? UINT64_MAX
                     : used < most ? most - used
                                   : 0,
        .disk_total = most == 0 ? UINT64_MAX : most,
        .entries = kv->roots.entries,
    };
    return DP_OK;
}

static enum dp_err backup(struct dp_kv *base, const char *path)
{
    return dp_backup_write(base, path, NULL, NULL);
}

static void tidy(struct dp_kv *base)
{
    (void)base; /* nobody else can read */
}

struct dp_kv_mem_faults *dp_kv_mem_faults(struct dp_kv *kv)
{
    return &mem_of(kv)->faults;
}

void dp_kv_mem_crash(struct dp_kv *base)
{
    struct mem *kv = mem_of(base);

    for (struct dp_kv_cur *c = kv->curs; c != NULL; c = c->next)
        c->txn = NULL;
    kv->writer.open_curs = 0;
    if (kv->writer.busy)
        abort_txn(&kv->writer);
    for (struct dp_kv_txn *t = kv->txns; t != NULL; t = t->next) {
        t->open_curs = 0;
        if (t->busy)
            end_read(t);
    }
}

void dp_kv_mem_mark(struct dp_kv *base)
{
    struct mem *kv = mem_of(base);

    assert(!kv->mark.set && kv->readers == 0 && !kv->writer.busy);
    kv->mark.set = true;
    kv->mark.roots = kv->roots;
    kv->mark.stamp = kv->w.stamp;
    kv->readers++; /* so that nothing of it is freed */
}

void dp_kv_mem_rewind(struct dp_kv *base)
{
    struct mem *kv = mem_of(base);

    assert(kv->mark.set);
    dp_kv_mem_crash(base);
    for (unsigned i = 0; i < DP_KV_TABLES_MAX; i++)
        if (kv->roots.table[i] != kv->mark.roots.table[i])
            dp_mem_free_since(kv->roots.table[i], kv->mark.stamp + 1);
    dp_mem_trash_spare(&kv->waiting, kv->mark.stamp);
    dp_mem_trash_burn(&kv->waiting);
    kv->roots = kv->mark.roots;
}

/* Everything goes: what the mark holds is all there is. */
static void unmark(struct mem *kv)
{
    if (!kv->mark.set)
        return;
    dp_kv_mem_rewind(&kv->base);
    kv->mark.set = false;
    kv->readers--;
}

static void close_kv(struct dp_kv **base)
{
    struct mem *kv = *base != NULL ? mem_of(*base) : NULL;

    *base = NULL;
    if (kv == NULL)
        return;
    dp_kv_mem_crash(&kv->base);
    unmark(kv);
    for (unsigned i = 0; i < DP_KV_TABLES_MAX; i++)
        dp_mem_free_since(kv->roots.table[i], 0);
    dp_mem_trash_fini(&kv->w.trash);
    dp_mem_trash_fini(&kv->waiting);
    for (struct dp_kv_txn *t = kv->txns, *next; t != NULL; t = next) {
        next = t->next;
        free(t);
    }
    for (struct dp_kv_cur *c = kv->curs, *next; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    free(kv);
}

static const struct dp_kv_ops ops = {
    .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .error = error,
    .get = get,
    .put = put,
    .append = put,
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

enum dp_err dp_kv_mem_open(struct dp_kv **out)
{
    struct mem *kv = calloc(1, sizeof(*kv));

    if (kv == NULL)
        return DP_NOMEM;
    kv->base.ops = &ops;
    *out = (struct dp_kv *)kv; /* base is first; gcc 12 takes the address of a member for a leak */
    return DP_OK;
}

enum dp_err dp_kv_mem_load(const char *path, struct dp_kv **out)
{
    struct dp_kv *kv;
    enum dp_err err = dp_kv_mem_open(&kv);

    if (err != DP_OK)
        return err;
    err = dp_backup_read(kv, path, NULL, NULL);
    if (err != DP_OK) {
        kv->ops->close(&kv);
        return err;
    }
    *out = kv;
    return DP_OK;
}
