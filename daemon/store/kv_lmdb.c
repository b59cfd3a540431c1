/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port/kv.h over LMDB: transactions and records; cursors are in lmdb_cur.c. A read
 * transaction keeps its reader slot between uses. Invariant: no LMDB handle outlives its
 * transaction but the idle readers and their cursors, which are reset.
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
#include "store/lmdb_kv.h"

static const struct dp_kv_ops ops;

static struct dp_lmdb *lmdb_of(struct dp_kv *kv)
{
    return (struct dp_lmdb *)kv;
}

enum dp_err dp_lmdb_stick(struct dp_kv_txn *t, enum dp_err err)
{
    if (t->err == DP_OK)
        t->err = err;
    return t->err;
}

enum dp_err dp_lmdb_stick_rc(struct dp_kv_txn *t, int rc, const char *what)
{
    if (rc == MDB_NOTFOUND)
        return DP_NOT_FOUND;
    return dp_lmdb_stick(t, dp_lmdb_err(&t->kv->e, rc, what));
}

static bool key_ok(struct dp_kv_txn *t, unsigned table, struct dp_slice key)
{
    if (table < DP_KV_TABLES_MAX && key.len > 0 && key.len <= DP_KV_KEY_MAX)
        return true;
    dp_lmdb_stick(t, DP_RANGE);
    return false;
}

MDB_val dp_lmdb_val(struct dp_slice s)
{
    return (MDB_val){.mv_size = s.len, .mv_data = (void *)(uintptr_t)s.p};
}

/* R-STO-5: name the record, withhold its value. */
static enum dp_err damaged(struct dp_kv_txn *t, unsigned table, const MDB_val *key)
{
    char hex[2 * 64 + 1];

    dp_hex(key->mv_data, key->mv_size < 64 ? key->mv_size : 64, hex);
    dp_log(DP_LOG_ERROR, "store: damaged record: table %u key %s; " DP_KV_LMDB_RUIN, table, hex);
    return dp_lmdb_stick(t, DP_CORRUPT);
}

enum dp_err dp_lmdb_serve(struct dp_kv_txn *t, unsigned table, const MDB_val *key, const MDB_val *stored,
                          struct dp_slice *val)
{
    if (!dp_lmdb_map_holds(&t->kv->e, key) || !dp_lmdb_map_holds(&t->kv->e, stored) ||
        key->mv_size > DP_KV_KEY_MAX) {
        dp_log(DP_LOG_ERROR, "store: a page of table %u is damaged; " DP_KV_LMDB_RUIN, table);
        return dp_lmdb_stick(t, DP_CORRUPT);
    }
    if (!dp_lmdb_sum_ok(table, key, stored))
        return damaged(t, table, key);
    *val = dp_slice_of(stored->mv_data, stored->mv_size - DP_LMDB_SUM);
    return DP_OK;
}

/* ---- transactions ---- */

static void drop_idle_readers(struct dp_lmdb *kv)
{
    dp_lmdb_cur_drop_idle(kv, false);
    while (kv->idle_readers != NULL) {
        struct dp_kv_txn *t = kv->idle_readers;
        kv->idle_readers = t->next;
        mdb_txn_abort(t->mtxn);
        free(t);
    }
}

/* mdb_txn_begin, once more after LMDB has given the environment up. */
static enum dp_err begin_raw(struct dp_lmdb *kv, unsigned flags, MDB_txn **out)
{
    int rc = kv->e.env != NULL ? mdb_txn_begin(kv->e.env, NULL, flags, out) : MDB_PANIC;

    if (rc == MDB_PANIC && kv->busy_readers == 0) {
        enum dp_err err;
        drop_idle_readers(kv);
        err = dp_lmdb_env_reopen(&kv->e);
        if (err != DP_OK)
            return err;
        rc = mdb_txn_begin(kv->e.env, NULL, flags, out);
    }
    return dp_lmdb_err(&kv->e, rc, "begin");
}

static enum dp_err begin_write(struct dp_lmdb *kv, struct dp_kv_txn **out)
{
    enum dp_err err;
    MDB_txn *mtxn;

    if (kv->writing) /* LMDB would wait for itself */
        return DP_AGAIN;
    err = begin_raw(kv, 0, &mtxn);
    if (err != DP_OK)
        return err;
    kv->writing = true;
    kv->e.last_txn = mdb_txn_id(mtxn) - 1;
    kv->writer = (struct dp_kv_txn){.kv = kv, .mtxn = mtxn, .write = true};
    *out = &kv->writer;
    return DP_OK;
}

static enum dp_err new_reader(struct dp_lmdb *kv, struct dp_kv_txn **out)
{
    struct dp_kv_txn *t = calloc(1, sizeof(*t));
    enum dp_err err;

    if (t == NULL)
        return DP_NOMEM;
    err = begin_raw(kv, MDB_RDONLY, &t->mtxn);
    if (err != DP_OK) {
        free(t);
        return err;
    }
    t->kv = kv;
    kv->busy_readers++;
    *out = t;
    return DP_OK;
}

static enum dp_err begin(struct dp_kv *base, bool write, struct dp_kv_txn **out)
{
    struct dp_lmdb *kv = lmdb_of(base);
    struct dp_kv_txn *t = kv->idle_readers;

    if (write)
        return begin_write(kv, out);
    if (t == NULL || mdb_txn_renew(t->mtxn) != 0)
        return new_reader(kv, out);
    kv->idle_readers = t->next;
    kv->busy_readers++;
    t->err = DP_OK;
    *out = t;
    return DP_OK;
}

static void end_read(struct dp_kv_txn *t)
{
    mdb_txn_reset(t->mtxn);
    t->kv->busy_readers--;
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
    dp_lmdb_cur_drop_idle(t->kv, true);
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
    dp_lmdb_cur_drop_idle(t->kv, true);
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
    MDB_val k = dp_lmdb_val(key);
    MDB_val v;
    int rc;

    if (t->err != DP_OK || !key_ok(t, table, key))
        return t->err;
    rc = mdb_get(t->mtxn, t->kv->e.dbi[table], &k, &v);
    return rc != 0 ? dp_lmdb_stick_rc(t, rc, "get") : dp_lmdb_serve(t, table, &k, &v, val);
}

static bool may_write(struct dp_kv_txn *t, unsigned table, struct dp_slice key)
{
    if (t->err != DP_OK)
        return false;
    if (!t->write) {
        dp_lmdb_stick(t, DP_INTERNAL);
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
        dp_lmdb_stick(t, DP_TOO_BIG);
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
        dp_lmdb_stick_rc(t, rc, "put");
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
    MDB_val k = dp_lmdb_val(key);
    int rc;

    if (!may_write(t, table, key))
        return;
    rc = mdb_del(t->mtxn, t->kv->e.dbi[table], &k, NULL);
    if (rc == MDB_NOTFOUND)
        return;
    t->writes[table]++;
    t->wrote = true;
    dp_lmdb_stick_rc(t, rc, "delete");
}

/* ---- the store as a whole ---- */

static enum dp_err count_entries(struct dp_lmdb *kv, uint64_t *out)
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
            dp_lmdb_stick_rc(t, rc, "stat");
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
    struct dp_lmdb *kv = lmdb_of(base);
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

static enum dp_err check(struct dp_kv *base, char *why, size_t why_len)
{
    struct dp_lmdb *kv = lmdb_of(base);

    drop_idle_readers(kv);
    return dp_lmdb_pages(&kv->e, why, why_len);
}

static enum dp_err backup(struct dp_kv *base, const char *path)
{
    return dp_backup_write(base, path, NULL, NULL);
}

/* A process that died while it read would keep every page since then in use. */
static void tidy(struct dp_kv *base)
{
    struct dp_lmdb *kv = lmdb_of(base);
    int dead = 0;

    if (kv->e.env != NULL && mdb_reader_check(kv->e.env, &dead) == 0 && dead > 0)
        dp_log(DP_LOG_NOTICE, "store: cleared %d readers that died", dead);
}

static void close_kv(struct dp_kv **base)
{
    struct dp_lmdb *kv = *base != NULL ? lmdb_of(*base) : NULL;

    *base = NULL;
    if (kv == NULL)
        return;
    assert(!kv->writing && kv->busy_readers == 0);
    drop_idle_readers(kv);
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
    .cur_open = dp_lmdb_cur_open,
    .cur_seek = dp_lmdb_cur_seek,
    .cur_next = dp_lmdb_cur_next,
    .cur_prev = dp_lmdb_cur_prev,
    .cur_close = dp_lmdb_cur_close,
    .stat = stat_kv,
    .check = check,
    .backup = backup,
    .tidy = tidy,
    .close = close_kv,
};

bool dp_kv_lmdb_covers(const void *kv, const void *addr)
{
    return dp_lmdb_map_covers(&((const struct dp_lmdb *)kv)->e, addr);
}

enum dp_err dp_kv_lmdb_open(const char *dir, uint64_t map_size_bytes, struct dp_kv **out, char *why,
                            size_t why_len)
{
    struct dp_lmdb *kv = calloc(1, sizeof(*kv));
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
