/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that hold content lie sealed, each under the key of its own number (R-STO-6). A row that goes, or is
 * written over, leaves its number in the table of those whose keys are to be destroyed, in the same
 * transaction. No other file of the store knows that rows are sealed.
 */
#include "store/layout_key.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

#define NUMBERS_OF_LOT (UINT64_C(1) << 40)

enum dp_lot dp_table_lot(enum dp_table t)
{
    switch (t) {
    case DP_T_CHUNK:
    case DP_T_PART:
        return DP_LOT_LASTING;
    case DP_T_PART_KEY:
    case DP_T_GRANT:
        return DP_LOT_KEYS;
    case DP_T_PARCEL:
    case DP_T_LOOSE:
    case DP_T_DRAFT:
    case DP_T_UPLOAD:
    case DP_T_POST:
    case DP_T_PARCEL_KEY:
        return DP_LOT_PASSING;
    default:
        return DP_LOT_NONE;
    }
}

static enum dp_err failed(struct dp_db *db, enum dp_err e)
{
    if (db->err == DP_OK)
        db->err = e;
    return e;
}

/* What a row is bound to. */
struct place {
    uint8_t b[1 + DP_KV_KEY_MAX];
};

static struct dp_slice place_of(struct place *p, enum dp_table t, struct dp_slice key)
{
    size_t len = key.len < DP_KV_KEY_MAX ? key.len : DP_KV_KEY_MAX;
    p->b[0] = (uint8_t)t;
    memcpy(p->b + 1, key.p, len);
    return dp_slice_of(p->b, 1 + len);
}

static uint64_t number_of(struct dp_slice sealed)
{
    struct dp_rd r = dp_rd_of(sealed);
    return dp_rd_u64(&r);
}

/* ---- reading ---- */

enum dp_err dp_db_opens(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice v)
{
    return dp_row_open(db, t, key, &v);
}

enum dp_err dp_row_open(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice *v)
{
    struct place p;
    if (db->vault == NULL || dp_table_lot(t) == DP_LOT_NONE)
        return DP_OK;
    enum dp_err e = db->vault->ops->open(db->vault, place_of(&p, t, key), *v, v);
    if (e == DP_OK || e == DP_NOT_FOUND)
        return e;
    if (e != DP_SIGNATURE)
        return failed(db, e);
    dp_log(DP_LOG_ERROR, "store: a sealed record of table %s is not what was written (R-STO-5)",
           dp_table_word(t));
    return DP_CORRUPT;
}

enum dp_err dp_row_get(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice *v)
{
    struct dp_slice raw;
    enum dp_err e = db->kv->ops->get(db->t, t, key, &raw);
    if (e == DP_OK)
        e = dp_row_open(db, t, key, &raw);
    if (e == DP_OK)
        *v = raw;
    return e;
}

/* ---- writing ---- */

static const char *lot_word(enum dp_lot lot)
{
    return lot == DP_LOT_LASTING ? "sealed-lasting" : lot == DP_LOT_KEYS ? "sealed-keys" : "sealed-passing";
}

/* Never zero: a lot begins behind the whole range of the one before. */
static uint64_t next_number(struct dp_db *db, enum dp_lot lot)
{
    uint64_t at = db->number[lot];
    if (at == 0 && dp_db_meta_u64(db, lot_word(lot), &at) != DP_OK)
        at = lot * NUMBERS_OF_LOT;
    at = db->vault->ops->next(db->vault, at);
    db->number[lot] = at + 1;
    return at;
}

void dp_row_numbers(struct dp_db *db)
{
    for (enum dp_lot lot = DP_LOT_LASTING; lot < DP_LOT_COUNT; lot++)
        if (db->number[lot] != 0)
            dp_db_meta_u64_put(db, lot_word(lot), db->number[lot]);
}

static void note_gone(struct dp_db *db, enum dp_table t, struct dp_slice key)
{
    uint8_t row[8];
    struct dp_slice old;
    struct dp_wr w = dp_wr_of(row, sizeof row);
    if (db->kv->ops->get(db->t, t, key, &old) != DP_OK)
        return;
    dp_wr_u64(&w, number_of(old));
    db->kv->ops->put(db->t, DP_T_GONE, dp_wr_slice(&w), dp_slice_of("", 0));
}

void dp_row_put(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice v)
{
    struct place p;
    enum dp_lot lot = dp_table_lot(t);
    if (lot == DP_LOT_NONE) {
        db->kv->ops->put(db->t, t, key, v);
        return;
    }
    if (db->vault == NULL) {
        (void)failed(db, DP_INTERNAL); /* content is never written in clear */
        return;
    }
    enum dp_err e = db->vault->ops->seal(db->vault, next_number(db, lot), place_of(&p, t, key), v, &v);
    if (e != DP_OK)
        (void)failed(db, e == DP_NOT_FOUND ? DP_INTERNAL : e);
    if (e != DP_OK)
        return;
    note_gone(db, t, key); /* after the sealing: a write ends what was borrowed */
    db->kv->ops->put(db->t, t, key, v);
}

void dp_row_del(struct dp_db *db, enum dp_table t, struct dp_slice key)
{
    if (dp_table_lot(t) != DP_LOT_NONE)
        note_gone(db, t, key);
    db->kv->ops->del(db->t, t, key);
}

/* ---- what is to be destroyed ---- */

size_t dp_db_gone(struct dp_db *db, uint64_t *out, size_t max)
{
    uint64_t at = 0;
    size_t n = 0;
    struct dp_slice v;
    while (n < max && dp_db_next64(db, DP_T_GONE, n == 0, &at, &v) == DP_OK)
        out[n++] = at;
    return n;
}

void dp_db_gone_del(struct dp_db *db, const uint64_t *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dp_db_del64(db, DP_T_GONE, rows[i]);
}
