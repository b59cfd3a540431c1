/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port/kv.h over LMDB. Transactions and cursors are reused: a read transaction keeps its
 * reader slot between uses, cursors wait in lists by table. A cursor remembers its key, and
 * finds its place again after a write to its table, so that what it gives next never
 * depends on how LMDB moves cursors. Invariant: no LMDB handle outlives its transaction
 * but the idle readers and their cursors, which are reset.
 */
#include "store/kv_lmdb.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "store/backup.h"
#include "store/lmdb_env.h"

/* Where a cursor stands. BEFORE and AFTER are the ends of the table, whatever is added there later. */
enum place { PLACE_NONE, PLACE_BEFORE, PLACE_AT, PLACE_AFTER };

struct dp_kv_cur {
    struct dp_kv_cur *next; /* in an idle list */
    struct dp_kv_txn *txn;
    MDB_cursor *mc;
    unsigned table;
    enum place place;
    uint32_t writes; /* the table's counter when it was placed */
    size_t key_len;  /* of the key it stands at */
    uint8_t key[DP_KV_KEY_MAX];
};

struct dp_kv_txn {
    struct dp_kv_txn *next; /* in the list of idle readers */
    struct lmdb *kv;
    MDB_txn *mtxn;
    enum dp_err err; /* sticky */
    bool write;
    bool wrote;
    unsigned open_curs;
    uint32_t writes[DP_KV_TABLES_MAX];
};

struct lmdb {
    struct dp_kv base; /* first */
    struct dp_lmdb_env e;
    struct dp_kv_txn writer;
    bool writing;
    struct dp_kv_txn *idle_readers;
    struct dp_kv_cur *idle_curs[2][DP_KV_TABLES_MAX]; /* of readers; of the writer, closed with it */
    size_t inline_max;                                /* longer stored values never share a page */
    uint8_t *scratch;                                 /* inline_max bytes */
};

static const struct dp_kv_ops ops;

static struct lmdb *lmdb_of(struct dp_kv *kv)
{
    return (struct lmdb *)kv;
}

static enum dp_err stick(struct dp_kv_txn *t, enum dp_err err)
{
    if (t->err == DP_OK)
        t->err = err;
    return t->err;
}

/* A foreign code other than "not found" sticks. */
static enum dp_err stick_rc(struct dp_kv_txn *t, int rc, const char *what)
{
    if (rc == MDB_NOTFOUND)
        return DP_NOT_FOUND;
    return stick(t, dp_lmdb_err(&t->kv->e, rc, what));
}

static bool key_ok(struct dp_kv_txn *t, unsigned table, struct dp_slice key)
{
    if (table < DP_KV_TABLES_MAX && key.len > 0 && key.len <= DP_KV_KEY_MAX)
        return true;
    stick(t, DP_RANGE);
    return false;
}

/* LMDB takes keys and values as not const and leaves them alone. */
static MDB_val val_of(struct dp_slice s)
{
    return (MDB_val){.mv_size = s.len, .mv_data = (void *)(uintptr_t)s.p};
}

/* R-STO-5: name the record, withhold its value. */
static enum dp_err damaged(struct dp_kv_txn *t, unsigned table, const MDB_val *key)
{
    char hex[2 * 64 + 1];

    dp_hex(key->mv_data, key->mv_size < 64 ? key->mv_size : 64, hex);
    dp_log(DP_LOG_ERROR, "store: damaged record: table %u key %s", table, hex);
    return stick(t, DP_CORRUPT);
}

static enum dp_err serve(struct dp_kv_txn *t, unsigned table, const MDB_val *key, const MDB_val *stored,
                         struct dp_slice *val)
{
    if (!dp_lmdb_sum_ok(table, key, stored))
        return damaged(t, table, key);
    *val = dp_slice_of(stored->mv_data, stored->mv_size - DP_LMDB_SUM);
    return DP_OK;
}

/* ---- transactions ---- */

static enum dp_err begin_write(struct lmdb *kv, struct dp_kv_txn **out)
{
    enum dp_err err;
    MDB_txn *mtxn;

    if (kv->writing) /* LMDB would wait for itself */
        return DP_AGAIN;
    err = dp_lmdb_err(&kv->e, mdb_txn_begin(kv->e.env, NULL, 0, &mtxn), "begin");
    if (err != DP_OK)
        return err;
    kv->writing = true;
    kv->writer = (struct dp_kv_txn){.kv = kv, .mtxn = mtxn, .write = true};
    *out = &kv->writer;
    return DP_OK;
}

static enum dp_err new_reader(struct lmdb *kv, struct dp_kv_txn **out)
{
    struct dp_kv_txn *t = calloc(1, sizeof(*t));
    enum dp_err err;

    if (t == NULL)
        return DP_NOMEM;
    err = dp_lmdb_err(&kv->e, mdb_txn_begin(kv->e.env, NULL, MDB_RDONLY, &t->mtxn), "begin");
    if (err != DP_OK) {
        free(t);
        return err;
    }
    t->kv = kv;
    *out = t;
    return DP_OK;
}

static enum dp_err begin(struct dp_kv *base, bool write, struct dp_kv_txn **out)
{
    struct lmdb *kv = lmdb_of(base);
    struct dp_kv_txn *t = kv->idle_readers;
    enum dp_err err;

    if (write)
        return begin_write(kv, out);
    if (t == NULL)
        return new_reader(kv, out);
    err = dp_lmdb_err(&kv->e, mdb_txn_renew(t->mtxn), "begin");
    if (err != DP_OK)
        return err;
    kv->idle_readers = t->next;
    t->err = DP_OK;
    *out = t;
    return DP_OK;
}

static void close_idle_curs(struct lmdb *kv, bool write)
{
    for (unsigned i = 0; i < DP_KV_TABLES_MAX; i++) {
        struct dp_kv_cur *c = kv->idle_curs[write][i];

        while (c != NULL) {
            struct dp_kv_cur *next = c->next;
            mdb_cursor_close(c->mc);
            free(c);
            c = next;
        }
        kv->idle_curs[write][i] = NULL;
    }
}

static void end_read(struct dp_kv_txn *t)
{
    mdb_txn_reset(t->mtxn);
    t->next = t->kv->idle_readers;
    t->kv->idle_readers = t;
}

static void abort_txn(struct dp_kv_txn *t)
{
    assert(t->open_curs == 0);
    if (!t->write) {
        end_read(t);
        return;
    }
    close_idle_curs(t->kv, true);
    mdb_txn_abort(t->mtxn);
    t->kv->writing = false;
}

/* R-STO-1: DP_OK means on disk; anything else means nothing has changed. */
static enum dp_err commit(struct dp_kv_txn *t)
{
    enum dp_err err = t->err;

    if (!t->write || !t->wrote || err != DP_OK) { /* nothing to write: no sync */
        abort_txn(t);
        return err;
    }
    assert(t->open_curs == 0);
    close_idle_curs(t->kv, true);
    t->kv->writing = false;
    return dp_lmdb_err(&t->kv->e, mdb_txn_commit(t->mtxn), "commit");
}

static enum dp_err error(const struct dp_kv_txn *t)
{
    return t->err;
}

/* ---- one record ---- */

static enum dp_err get(struct dp_kv_txn *t, unsigned table, struct dp_slice key, struct dp_slice *val)
{
    MDB_val k = val_of(key);
    MDB_val v;
    int rc;

    if (t->err != DP_OK || !key_ok(t, table, key))
        return t->err;
    rc = mdb_get(t->mtxn, t->kv->e.dbi[table], &k, &v);
    return rc != 0 ? stick_rc(t, rc, "get") : serve(t, table, &k, &v, val);
}

static bool may_write(struct dp_kv_txn *t, unsigned table, struct dp_slice key)
{
    if (t->err != DP_OK)
        return false;
    if (!t->write) {
        stick(t, DP_INTERNAL);
        return false;
    }
    return key_ok(t, table, key);
}

/* The value may be borrowed from a page that this very write moves: it goes through the scratch. */
static int put_inline(struct dp_kv_txn *t, unsigned table, MDB_val *k, struct dp_slice val, unsigned flags)
{
    uint8_t *to = t->kv->scratch;
    MDB_val v = {.mv_size = val.len + DP_LMDB_SUM, .mv_data = to};

    if (val.len > 0)
        memcpy(to, val.p, val.len);
    dp_lmdb_sum(table, k, to, val.len, to + val.len);
    return mdb_put(t->mtxn, t->kv->e.dbi[table], k, &v, flags);
}

/* Pages of its own, which no write to another key moves: written in place. */
static int put_apart(struct dp_kv_txn *t, unsigned table, MDB_val *k, struct dp_slice val, unsigned flags)
{
    MDB_val v = {.mv_size = val.len + DP_LMDB_SUM};
    uint8_t sum[DP_LMDB_SUM];
    int rc;

    dp_lmdb_sum(table, k, val.p, val.len, sum);
    rc = mdb_put(t->mtxn, t->kv->e.dbi[table], k, &v, flags | MDB_RESERVE);
    if (rc != 0)
        return rc;
    memmove(v.mv_data, val.p, val.len);
    memcpy((uint8_t *)v.mv_data + val.len, sum, sizeof(sum));
    return 0;
}

static void put_with(struct dp_kv_txn *t, unsigned table, struct dp_slice key, struct dp_slice val,
                     unsigned flags)
{
    uint8_t key_copy[DP_KV_KEY_MAX]; /* may be borrowed as well */
    MDB_val k = {.mv_size = key.len, .mv_data = key_copy};
    int rc;

    if (!may_write(t, table, key))
        return;
    if (val.len > DP_KV_VAL_MAX) {
        stick(t, DP_TOO_BIG);
        return;
    }
    memcpy(key_copy, key.p, key.len);
    t->writes[table]++;
    t->wrote = true;
    if (val.len + DP_LMDB_SUM <= t->kv->inline_max)
        rc = put_inline(t, table, &k, val, flags);
    else
        rc = put_apart(t, table, &k, val, flags);
    if (rc == MDB_KEYEXIST && flags != 0) /* the hint was wrong */
        put_with(t, table, dp_slice_of(key_copy, key.len), val, 0);
    else if (rc != 0)
        stick_rc(t, rc, "put");
}

static void put(struct dp_kv_txn *t, unsigned table, struct dp_slice key, struct dp_slice val)
{
    put_with(t, table, key, val, 0);
}

static void append(struct dp_kv_txn *t, unsigned table, struct dp_slice key, struct dp_slice val)
{
    put_with(t, table, key, val, MDB_APPEND);
}

static void del(struct dp_kv_txn *t, unsigned table, struct dp_slice key)
{
    MDB_val k = val_of(key);
    int rc;

    if (!may_write(t, table, key))
        return;
    rc = mdb_del(t->mtxn, t->kv->e.dbi[table], &k, NULL);
    if (rc == MDB_NOTFOUND)
        return;
    t->writes[table]++;
    t->wrote = true;
    stick_rc(t, rc, "delete");
}

/* ---- cursors ---- */

static int attach(struct dp_kv_txn *t, struct dp_kv_cur *c, bool reused)
{
    if (!reused)
        return mdb_cursor_open(t->mtxn, t->kv->e.dbi[c->table], &c->mc);
    return t->write ? 0 : mdb_cursor_renew(t->mtxn, c->mc);
}

static enum dp_err cur_open(struct dp_kv_txn *t, unsigned table, struct dp_kv_cur **out)
{
    struct dp_kv_cur **idle;
    struct dp_kv_cur *c;
    bool reused;
    int rc;

    if (t->err != DP_OK || table >= DP_KV_TABLES_MAX)
        return stick(t, DP_RANGE);
    idle = &t->kv->idle_curs[t->write][table];
    reused = *idle != NULL;
    c = reused ? *idle : malloc(sizeof(*c));
    if (c == NULL)
        return stick(t, DP_NOMEM);
    c->table = table;
    rc = attach(t, c, reused);
    if (rc != 0) {
        if (!reused)
            free(c);
        return stick_rc(t, rc, "cursor");
    }
    if (reused)
        *idle = c->next;
    c->txn = t;
    c->place = PLACE_NONE;
    t->open_curs++;
    *out = c;
    return DP_OK;
}

static void cur_close(struct dp_kv_cur *c)
{
    struct dp_kv_cur **idle = &c->txn->kv->idle_curs[c->txn->write][c->table];

    c->txn->open_curs--;
    c->next = *idle;
    *idle = c;
}

/* Take the place that LMDB found, or `missed` when it found none. */
static enum dp_err arrive(struct dp_kv_cur *c, int rc, const MDB_val *mk, const MDB_val *mv,
                          enum place missed, struct dp_slice *k, struct dp_slice *v)
{
    enum dp_err err;

    c->place = missed;
    if (rc != 0)
        return stick_rc(c->txn, rc, "cursor");
    err = serve(c->txn, c->table, mk, mv, v);
    if (err != DP_OK)
        return err;
    *k = dp_slice_of(mk->mv_data, mk->mv_size);
    c->place = PLACE_AT;
    c->writes = c->txn->writes[c->table];
    c->key_len = mk->mv_size;
    memcpy(c->key, mk->mv_data, mk->mv_size);
    return DP_OK;
}

/* The largest key <= *mk. */
static int seek_le(MDB_cursor *mc, MDB_val *mk, MDB_val *mv)
{
    struct dp_slice want = dp_slice_of(mk->mv_data, mk->mv_size);
    int rc;

    if (want.len == 0)
        return MDB_NOTFOUND;
    rc = mdb_cursor_get(mc, mk, mv, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        return mdb_cursor_get(mc, mk, mv, MDB_LAST);
    if (rc == 0 && dp_slice_cmp(dp_slice_of(mk->mv_data, mk->mv_size), want) != 0)
        return mdb_cursor_get(mc, mk, mv, MDB_PREV);
    return rc;
}

static enum dp_err cur_seek(struct dp_kv_cur *c, enum dp_kv_seek how, struct dp_slice key, struct dp_slice *k,
                            struct dp_slice *v)
{
    MDB_val mk = val_of(key);
    MDB_val mv;

    if (c->txn->err != DP_OK || key.len > DP_KV_KEY_MAX)
        return stick(c->txn, DP_RANGE);
    switch (how) {
    case DP_KV_GE:
        if (key.len > 0)
            return arrive(c, mdb_cursor_get(c->mc, &mk, &mv, MDB_SET_RANGE), &mk, &mv, PLACE_AFTER, k, v);
        break; /* every key is larger than the empty one */
    case DP_KV_LE:
        return arrive(c, seek_le(c->mc, &mk, &mv), &mk, &mv, PLACE_BEFORE, k, v);
    case DP_KV_FIRST:
        break;
    case DP_KV_LAST:
        return arrive(c, mdb_cursor_get(c->mc, &mk, &mv, MDB_LAST), &mk, &mv, PLACE_BEFORE, k, v);
    }
    return arrive(c, mdb_cursor_get(c->mc, &mk, &mv, MDB_FIRST), &mk, &mv, PLACE_AFTER, k, v);
}

/* After a write to the table: the smallest key > the remembered one, or the largest below it. */
static int step_again(struct dp_kv_cur *c, MDB_cursor_op op, MDB_val *mk, MDB_val *mv)
{
    struct dp_slice was = dp_slice_of(c->key, c->key_len);
    int rc;

    *mk = val_of(was);
    rc = mdb_cursor_get(c->mc, mk, mv, MDB_SET_RANGE);
    if (op == MDB_PREV)
        return mdb_cursor_get(c->mc, mk, mv, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    if (rc == 0 && dp_slice_cmp(dp_slice_of(mk->mv_data, mk->mv_size), was) == 0)
        return mdb_cursor_get(c->mc, mk, mv, MDB_NEXT);
    return rc;
}

static enum dp_err step(struct dp_kv_cur *c, MDB_cursor_op op, struct dp_slice *k, struct dp_slice *v)
{
    enum place end = op == MDB_NEXT ? PLACE_AFTER : PLACE_BEFORE;
    MDB_val mk, mv;
    int rc;

    if (c->txn->err != DP_OK)
        return c->txn->err;
    if (c->place == end)
        rc = MDB_NOTFOUND;
    else if (c->place != PLACE_AT)
        rc = mdb_cursor_get(c->mc, &mk, &mv, op == MDB_NEXT ? MDB_FIRST : MDB_LAST);
    else if (c->writes != c->txn->writes[c->table])
        rc = step_again(c, op, &mk, &mv);
    else
        rc = mdb_cursor_get(c->mc, &mk, &mv, op);
    return arrive(c, rc, &mk, &mv, end, k, v);
}

static enum dp_err cur_next(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v)
{
    return step(c, MDB_NEXT, k, v);
}

static enum dp_err cur_prev(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v)
{
    return step(c, MDB_PREV, k, v);
}

/* ---- the store as a whole ---- */

static enum dp_err count_entries(struct lmdb *kv, uint64_t *out)
{
    struct dp_kv_txn *t;
    enum dp_err err = begin(&kv->base, false, &t);
    uint64_t n = 0;

    if (err != DP_OK)
        return err;
    for (unsigned i = 0; i < DP_KV_TABLES_MAX && t->err == DP_OK; i++) {
        MDB_stat st;
        int rc = mdb_stat(t->mtxn, kv->e.dbi[i], &st);
        if (rc != 0)
            stick_rc(t, rc, "stat");
        else
            n += st.ms_entries;
    }
    err = t->err;
    end_read(t);
    if (err == DP_OK)
        *out = n;
    return err;
}

static enum dp_err stat_kv(struct dp_kv *base, struct dp_kv_stat *out)
{
    struct lmdb *kv = lmdb_of(base);
    struct statvfs fs;
    struct stat file;
    uint64_t entries;
    enum dp_err err = count_entries(kv, &entries);
    int fd;

    if (err != DP_OK)
        return err;
    if (mdb_env_get_fd(kv->e.env, &fd) != 0 || fstat(fd, &file) != 0 || fstatvfs(fd, &fs) != 0)
        return DP_IO;
    *out = (struct dp_kv_stat){
        .disk_bytes = (uint64_t)file.st_blocks * 512,
        .disk_free = (uint64_t)fs.f_bavail * fs.f_frsize,
        .disk_total = (uint64_t)fs.f_blocks * fs.f_frsize,
        .entries = entries,
    };
    return DP_OK;
}

static enum dp_err backup(struct dp_kv *base, const char *path)
{
    return dp_backup_write(base, path, NULL, NULL);
}

/* A process that died while it read would keep every page since then in use. */
static void tidy(struct dp_kv *base)
{
    struct lmdb *kv = lmdb_of(base);
    int dead = 0;

    if (mdb_reader_check(kv->e.env, &dead) == 0 && dead > 0)
        dp_log(DP_LOG_NOTICE, "store: cleared %d readers that died", dead);
}

static void close_kv(struct dp_kv **base)
{
    struct lmdb *kv = *base != NULL ? lmdb_of(*base) : NULL;

    *base = NULL;
    if (kv == NULL)
        return;
    assert(!kv->writing);
    close_idle_curs(kv, false);
    while (kv->idle_readers != NULL) {
        struct dp_kv_txn *t = kv->idle_readers;
        kv->idle_readers = t->next;
        mdb_txn_abort(t->mtxn);
        free(t);
    }
    dp_lmdb_env_close(&kv->e);
    free(kv->scratch);
    free(kv);
}

static const struct dp_kv_ops ops = {
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
    .backup = backup,
    .tidy = tidy,
    .close = close_kv,
};

enum dp_err dp_kv_lmdb_open(const char *dir, uint64_t map_size_bytes, struct dp_kv **out, char *why,
                            size_t why_len)
{
    struct lmdb *kv = calloc(1, sizeof(*kv));
    struct dp_kv *base;
    enum dp_err err;

    if (kv == NULL) {
        snprintf(why, why_len, "no memory for the store");
        return DP_NOMEM;
    }
    kv->base.ops = &ops;
    base = &kv->base;
    err = dp_lmdb_env_open(&kv->e, dir, map_size_bytes, why, why_len);
    if (err == DP_OK) {
        kv->inline_max = kv->e.page_bytes / 2; /* two records share a page at the least */
        kv->scratch = malloc(kv->inline_max);
        err = kv->scratch == NULL ? DP_NOMEM : DP_OK;
    }
    if (err != DP_OK) {
        close_kv(&base);
        return err;
    }
    *out = base;
    return DP_OK;
}
