/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the store about cases: their packed files, who waits for which entry, and the labels by
 * which people call them. See layout.h.
 */
#include "store/layout.h"

#include <string.h>

#include "store/layout_key.h"

/* ---- cases ---- */

enum dp_err dp_db_case(struct dp_db *db, const struct dp_subject *s, struct dp_slice *packed)
{
    struct dp_key k;
    dp_key_start(&k);
    dp_key_subject(&k, s);
    return dp_key_get(db, DP_T_CASE, &k, packed);
}

void dp_db_case_put(struct dp_db *db, const struct dp_subject *s, struct dp_slice packed)
{
    struct dp_key k;
    dp_key_start(&k);
    dp_key_subject(&k, s);
    dp_key_put(db, DP_T_CASE, &k, packed);
}

enum dp_err dp_db_case_next(struct dp_db *db, struct dp_subject *s, struct dp_slice *packed)
{
    struct dp_key k;
    struct dp_slice rk, rv;
    dp_key_start(&k);
    dp_key_subject(&k, s);
    enum dp_err e = dp_key_seek_after(db, DP_T_CASE, dp_key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    if (rk.len != DP_SUBJECT_BYTES)
        return DP_CORRUPT;
    if (rk.p[0] != s->type)
        return DP_NOT_FOUND;
    e = dp_subject_get(rk.p, s);
    if (e == DP_OK)
        *packed = rv;
    return e;
}

static void key_wait(struct dp_key *k, const struct dp_name *missing, const struct dp_subject *s)
{
    dp_key_start(k);
    dp_key_name(k, missing);
    dp_key_subject(k, s);
}

void dp_db_wait_put(struct dp_db *db, const struct dp_name *missing, const struct dp_subject *s)
{
    struct dp_key k;
    key_wait(&k, missing, s);
    dp_key_put(db, DP_T_WAIT, &k, dp_slice_of("", 0));
}

enum dp_err dp_db_wait_next(struct dp_db *db, const struct dp_name *missing, struct dp_subject *s)
{
    struct dp_key k;
    struct dp_slice rk, rv;
    key_wait(&k, missing, s);
    enum dp_err e = dp_key_seek_after(db, DP_T_WAIT, dp_key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    if (rk.len != DP_NAME_BYTES + DP_SUBJECT_BYTES || memcmp(rk.p, k.b, DP_NAME_BYTES) != 0)
        return DP_NOT_FOUND;
    return dp_subject_get(rk.p + DP_NAME_BYTES, s);
}

void dp_db_wait_del(struct dp_db *db, const struct dp_name *missing, const struct dp_subject *s)
{
    struct dp_key k;
    key_wait(&k, missing, s);
    dp_key_del(db, DP_T_WAIT, &k);
}

/* ---- labels ---- */

static void reverse(const char *text, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        out[i] = text[len - 1 - i];
}

void dp_db_number_put(struct dp_db *db, const struct dp_number *n, const struct dp_subject *s)
{
    uint8_t b[DP_SUBJECT_BYTES];
    char rev[DP_NUMBER_TEXT];
    size_t len = strlen(n->text);
    if (len == 0)
        return;
    dp_subject_put(s, b);
    reverse(n->text, len, rev);
    db->kv->ops->put(db->t, DP_T_NUMBER, dp_slice_of(n->text, len), dp_slice_of(b, sizeof b));
    db->kv->ops->put(db->t, DP_T_TAIL, dp_slice_of(rev, len), dp_slice_of(b, sizeof b));
}

enum dp_err dp_db_number(struct dp_db *db, struct dp_slice text, struct dp_subject *out)
{
    struct dp_slice v;
    if (text.len == 0 || text.len >= DP_NUMBER_TEXT)
        return DP_NOT_FOUND;
    enum dp_err e = db->kv->ops->get(db->t, DP_T_NUMBER, text, &v);
    if (e != DP_OK)
        return e;
    return v.len == DP_SUBJECT_BYTES ? dp_subject_get(v.p, out) : DP_CORRUPT;
}

/* The next row under `prefix`, whose value is a case; `at` holds its key afterwards. */
static enum dp_err next_labelled(struct dp_db *db, enum dp_table t, struct dp_slice prefix, void *at,
                                 size_t room, size_t *at_len, struct dp_subject *out)
{
    struct dp_slice k, v;
    enum dp_err e = *at_len == 0 ? dp_key_seek(db, t, DP_KV_GE, prefix, &k, &v)
                                 : dp_key_seek_after(db, t, dp_slice_of(at, *at_len), &k, &v);
    if (e != DP_OK || !dp_key_has_prefix(k, prefix))
        return e == DP_OK ? DP_NOT_FOUND : e;
    if (k.len > room || v.len != DP_SUBJECT_BYTES)
        return DP_CORRUPT;
    memcpy(at, k.p, k.len);
    *at_len = k.len;
    return dp_subject_get(v.p, out);
}

enum dp_err dp_db_tail_next(struct dp_db *db, struct dp_slice tail, struct dp_db_tail *at,
                            struct dp_subject *out)
{
    char rev[DP_NUMBER_TEXT];
    if (tail.len == 0 || tail.len >= sizeof rev)
        return DP_NOT_FOUND;
    reverse((const char *)tail.p, tail.len, rev);
    return next_labelled(db, DP_T_TAIL, dp_slice_of(rev, tail.len), at->reversed, sizeof at->reversed,
                         &at->len, out);
}

/* Whose it is stands last, so that no office can take the row of another. */
static void key_source(struct dp_key *k, const char *system, const char *no)
{
    dp_key_start(k);
    dp_wr_bytes(&k->w, system, strlen(system) + 1);
    dp_wr_bytes(&k->w, no, strlen(no) + 1);
}

void dp_db_source_put(struct dp_db *db, const char *system, const char *no, const struct dp_office *of,
                      const struct dp_subject *s)
{
    struct dp_key k;
    uint8_t b[DP_SUBJECT_BYTES];
    dp_subject_put(s, b);
    key_source(&k, system, no);
    dp_wr_u64(&k.w, s->name.origin.v);
    dp_wr_u64(&k.w, of->node.v);
    dp_wr_bytes(&k.w, of->slug, sizeof of->slug);
    dp_key_put(db, DP_T_SOURCE, &k, dp_slice_of(b, sizeof b));
}

enum dp_err dp_db_source_next(struct dp_db *db, const char *system, const char *no, struct dp_db_source *at,
                              struct dp_subject *out)
{
    struct dp_key k;
    key_source(&k, system, no);
    return next_labelled(db, DP_T_SOURCE, dp_key_slice(&k), at->key, sizeof at->key, &at->len, out);
}
