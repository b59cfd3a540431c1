/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors of the LMDB adapter. A cursor remembers its key, and finds its place again after
 * a write to its table, so that what it gives next never depends on how LMDB moves cursors.
 * Closed ones wait in lists by table; those of a writer end with it, because LMDB frees them.
 */
#include <stdlib.h>
#include <string.h>

#include "store/lmdb_kv.h"

void dp_lmdb_cur_drop_idle(struct dp_lmdb *kv, bool write)
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

static int attach(struct dp_kv_txn *t, struct dp_kv_cur *c, bool reused)
{
    if (!reused)
        return mdb_cursor_open(t->mtxn, t->kv->e.dbi[c->table], &c->mc);
    return t->write ? 0 : mdb_cursor_renew(t->mtxn, c->mc);
}

enum dp_err dp_lmdb_cur_open(struct dp_kv_txn *t, unsigned table, struct dp_kv_cur **out)
{
    struct dp_kv_cur **idle;
    struct dp_kv_cur *c;
    bool reused;
    int rc;

    if (t->err != DP_OK || table >= DP_KV_TABLES_MAX)
        return dp_lmdb_stick(t, DP_RANGE);
    idle = &t->kv->idle_curs[t->write][table];
    reused = *idle != NULL;
    c = reused ? *idle : malloc(sizeof(*c));
    if (c == NULL)
        return dp_lmdb_stick(t, DP_NOMEM);
    c->table = table;
    rc = attach(t, c, reused);
    if (rc != 0) {
        if (!reused)
            free(c);
        return dp_lmdb_stick_rc(t, rc, "cursor");
    }
    if (reused)
        *idle = c->next;
    c->txn = t;
    c->place = PLACE_NONE;
    t->open_curs++;
    *out = c;
    return DP_OK;
}

void dp_lmdb_cur_close(struct dp_kv_cur *c)
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
        return dp_lmdb_stick_rc(c->txn, rc, "cursor");
    err = dp_lmdb_serve(c->txn, c->table, mk, mv, v);
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

enum dp_err dp_lmdb_cur_seek(struct dp_kv_cur *c, enum dp_kv_seek how, struct dp_slice key,
                             struct dp_slice *k, struct dp_slice *v)
{
    MDB_val mk = dp_lmdb_val(key);
    MDB_val mv;

    if (c->txn->err != DP_OK || key.len > DP_KV_KEY_MAX)
        return dp_lmdb_stick(c->txn, DP_RANGE);
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

    *mk = dp_lmdb_val(was);
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

enum dp_err dp_lmdb_cur_next(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v)
{
    return step(c, MDB_NEXT, k, v);
}

enum dp_err dp_lmdb_cur_prev(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v)
{
    return step(c, MDB_PREV, k, v);
}
