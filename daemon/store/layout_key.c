/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys under construction, and one read, write or step with one: see layout_key.h. They are built
 * with the sticky writer of base/slice.h, so a key can never overflow its buffer silently.
 */
#include "store/layout_key.h"

#include <string.h>

void dp_key_start(struct dp_key *k)
{
    k->w = dp_wr_of(k->b, sizeof k->b);
}

void dp_key_name(struct dp_key *k, const struct dp_name *n)
{
    uint8_t b[DP_NAME_BYTES];
    dp_name_put(n, b);
    dp_wr_bytes(&k->w, b, sizeof b);
}

void dp_key_subject(struct dp_key *k, const struct dp_subject *s)
{
    uint8_t b[DP_SUBJECT_BYTES];
    dp_subject_put(s, b);
    dp_wr_bytes(&k->w, b, sizeof b);
}

struct dp_slice dp_key_slice(const struct dp_key *k)
{
    return dp_wr_slice(&k->w);
}

void dp_key_u64(struct dp_key *k, uint64_t v)
{
    dp_key_start(k);
    dp_wr_u64(&k->w, v);
}

enum dp_err dp_key_get(struct dp_db *db, enum dp_table t, const struct dp_key *k, struct dp_slice *v)
{
    return dp_row_get(db, t, dp_key_slice(k), v);
}

void dp_key_put(struct dp_db *db, enum dp_table t, const struct dp_key *k, struct dp_slice v)
{
    dp_row_put(db, t, dp_key_slice(k), v);
}

void dp_key_del(struct dp_db *db, enum dp_table t, const struct dp_key *k)
{
    dp_row_del(db, t, dp_key_slice(k));
}

/* What was destroyed is passed over, as if it were not there. */
static enum dp_err step(struct dp_db *db, struct dp_kv_cur *c, enum dp_table t, bool back, enum dp_err e,
                        struct dp_slice *rk, struct dp_slice *rv)
{
    const struct dp_kv_ops *ops = db->kv->ops;
    while (e == DP_OK && (e = dp_row_open(db, t, *rk, rv)) == DP_NOT_FOUND)
        e = back ? ops->cur_prev(c, rk, rv) : ops->cur_next(c, rk, rv);
    return e;
}

enum dp_err dp_key_seek(struct dp_db *db, enum dp_table t, enum dp_kv_seek how, struct dp_slice k,
                        struct dp_slice *rk, struct dp_slice *rv)
{
    const struct dp_kv_ops *ops = db->kv->ops;
    struct dp_kv_cur *c;
    enum dp_err e = ops->cur_open(db->t, t, &c);
    if (e != DP_OK)
        return e;
    e = ops->cur_seek(c, how, k, rk, rv);
    e = step(db, c, t, how == DP_KV_LE || how == DP_KV_LAST, e, rk, rv);
    ops->cur_close(c);
    return e;
}

enum dp_err dp_key_seek_after(struct dp_db *db, enum dp_table t, struct dp_slice k, struct dp_slice *rk,
                              struct dp_slice *rv)
{
    const struct dp_kv_ops *ops = db->kv->ops;
    struct dp_kv_cur *c;
    enum dp_err e = ops->cur_open(db->t, t, &c);
    if (e != DP_OK)
        return e;
    e = ops->cur_seek(c, DP_KV_GE, k, rk, rv);
    if (e == DP_OK && dp_slice_eq(*rk, k))
        e = ops->cur_next(c, rk, rv);
    e = step(db, c, t, false, e, rk, rv);
    ops->cur_close(c);
    return e;
}

bool dp_key_has_prefix(struct dp_slice s, struct dp_slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}
