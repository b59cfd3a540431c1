/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the tables, the transaction of the turn, and the rows that need no key of their
 * own: see layout.h. Composite keys are built in layout_key.c and by the files beside it.
 */
#include "store/layout.h"

#include <string.h>

#include "store/layout_key.h"
#include "store/life.h"

_Static_assert(DP_T_LIFE == DP_LIFE_TABLE && DP_T_COUNT <= DP_KV_TABLES_MAX,
               "numbers of tables are for ever");

static const char *const table_words[DP_T_COUNT] = {
#define X(name, word) word,
    DP_TABLE_LIST(X)
#undef X
};

const char *dp_table_word(enum dp_table t)
{
    return (unsigned)t < DP_T_COUNT ? table_words[t] : "?";
}

/* ---- transactions ---- */

enum dp_err dp_db_begin(struct dp_db *db, bool write)
{
    if (db->t != NULL)
        return DP_INTERNAL;
    db->write = write;
    db->err = DP_OK;
    memset(db->number, 0, sizeof db->number);
    return db->kv->ops->begin(db->kv, write, &db->t);
}

static void let_rest(struct dp_db *db)
{
    if (db->vault != NULL)
        db->vault->ops->rest(db->vault);
}

enum dp_err dp_db_commit(struct dp_db *db)
{
    if (db->t != NULL && db->write)
        dp_row_numbers(db);
    if (db->err != DP_OK) {
        enum dp_err e = db->err;
        dp_db_abort(db);
        return e;
    }
    struct dp_kv_txn *t = db->t;
    db->t = NULL;
    let_rest(db);
    return t == NULL ? DP_OK : db->kv->ops->commit(t);
}

void dp_db_abort(struct dp_db *db)
{
    struct dp_kv_txn *t = db->t;
    db->t = NULL;
    let_rest(db);
    if (t != NULL)
        db->kv->ops->abort(t);
}

enum dp_err dp_db_error(const struct dp_db *db)
{
    if (db->t == NULL)
        return DP_INTERNAL;
    return db->err != DP_OK ? db->err : db->kv->ops->error(db->t);
}

/* ---- meta ---- */

enum dp_err dp_db_meta(struct dp_db *db, const char *word, struct dp_slice *out)
{
    return db->kv->ops->get(db->t, DP_T_META, dp_slice_str(word), out);
}

void dp_db_meta_put(struct dp_db *db, const char *word, struct dp_slice v)
{
    db->kv->ops->put(db->t, DP_T_META, dp_slice_str(word), v);
}

enum dp_err dp_db_meta_u64(struct dp_db *db, const char *word, uint64_t *out)
{
    struct dp_slice v;
    enum dp_err e = dp_db_meta(db, word, &v);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(v);
    uint64_t n = dp_rd_u64(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = n;
    return DP_OK;
}

void dp_db_meta_u64_put(struct dp_db *db, const char *word, uint64_t v)
{
    uint8_t b[8];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    dp_wr_u64(&w, v);
    dp_db_meta_put(db, word, dp_wr_slice(&w));
}

/* ---- generic rows ---- */

enum dp_err dp_db_get32(struct dp_db *db, enum dp_table t, const struct dp_digest *key, struct dp_slice *v)
{
    return dp_row_get(db, t, dp_slice_of(key->b, sizeof key->b), v);
}

void dp_db_put32(struct dp_db *db, enum dp_table t, const struct dp_digest *key, struct dp_slice v)
{
    dp_row_put(db, t, dp_slice_of(key->b, sizeof key->b), v);
}

enum dp_err dp_db_get64(struct dp_db *db, enum dp_table t, uint64_t key, struct dp_slice *v)
{
    struct dp_key k;
    dp_key_u64(&k, key);
    return dp_key_get(db, t, &k, v);
}

void dp_db_put64(struct dp_db *db, enum dp_table t, uint64_t key, struct dp_slice v)
{
    struct dp_key k;
    dp_key_u64(&k, key);
    dp_key_put(db, t, &k, v);
}

void dp_db_del64(struct dp_db *db, enum dp_table t, uint64_t key)
{
    struct dp_key k;
    dp_key_u64(&k, key);
    dp_key_del(db, t, &k);
}

enum dp_err dp_db_next64(struct dp_db *db, enum dp_table t, bool first, uint64_t *key, struct dp_slice *v)
{
    struct dp_key k;
    struct dp_slice rk, rv;
    dp_key_u64(&k, *key);
    enum dp_err e = first ? dp_key_seek(db, t, DP_KV_FIRST, dp_key_slice(&k), &rk, &rv)
                          : dp_key_seek_after(db, t, dp_key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(rk);
    uint64_t n = dp_rd_u64(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *key = n;
    *v = rv;
    return DP_OK;
}

uint64_t dp_db_last64(struct dp_db *db, enum dp_table t)
{
    struct dp_slice rk, rv;
    if (dp_key_seek(db, t, DP_KV_LAST, dp_slice_of("", 0), &rk, &rv) != DP_OK || rk.len != 8)
        return 0;
    struct dp_rd r = dp_rd_of(rk);
    return dp_rd_u64(&r);
}

enum dp_err dp_db_get_key(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice *v)
{
    return dp_row_get(db, t, key, v);
}

void dp_db_put_key(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice v)
{
    dp_row_put(db, t, key, v);
}

void dp_db_del_key(struct dp_db *db, enum dp_table t, struct dp_slice key)
{
    dp_row_del(db, t, key);
}

enum dp_err dp_db_next_key(struct dp_db *db, enum dp_table t, struct dp_slice prefix, struct dp_slice *key,
                           struct dp_slice *v)
{
    struct dp_slice rk, rv;
    enum dp_err e;
    if (key->len != 0)
        e = dp_key_seek_after(db, t, *key, &rk, &rv);
    else if (prefix.len != 0)
        e = dp_key_seek(db, t, DP_KV_GE, prefix, &rk, &rv);
    else
        e = dp_key_seek(db, t, DP_KV_FIRST, prefix, &rk, &rv);
    if (e != DP_OK)
        return e;
    if (!dp_key_has_prefix(rk, prefix))
        return DP_NOT_FOUND;
    *key = rk;
    *v = rv;
    return DP_OK;
}
