/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the store layout share: a key under construction and one access with it in the
 * transaction `db->t` of the turn. Only layout*.c include it; all others speak store/layout.h.
 */
#ifndef DP_STORE_LAYOUT_KEY_H
#define DP_STORE_LAYOUT_KEY_H

#include "store/layout.h"

/* At most the longest composite key of the layout. */
struct dp_key {
    uint8_t b[DP_DB_KEY_MAX];
    struct dp_wr w;
};

void dp_key_start(struct dp_key *k);
void dp_key_name(struct dp_key *k, const struct dp_name *n);
void dp_key_subject(struct dp_key *k, const struct dp_subject *s);
/* Starts `k` with a number. */
void dp_key_u64(struct dp_key *k, uint64_t v);
/* Borrowed from `k`. */
struct dp_slice dp_key_slice(const struct dp_key *k);
bool dp_key_has_prefix(struct dp_slice s, struct dp_slice prefix);

/* As the port's operations of the same names, of sealed tables with what is in the row (layout_seal.c). */
DP_MUST enum dp_err dp_row_get(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice *v);
void dp_row_put(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice v);
void dp_row_del(struct dp_db *db, enum dp_table t, struct dp_slice key);
/* *v of a row that was found becomes what is in it; as dp_db_opens. */
DP_MUST enum dp_err dp_row_open(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice *v);
/* The numbers that this transaction used, before it is committed. */
void dp_row_numbers(struct dp_db *db);

/* The same with a key under construction; *v borrowed until the next write. */
DP_MUST enum dp_err dp_key_get(struct dp_db *db, enum dp_table t, const struct dp_key *k, struct dp_slice *v);
void dp_key_put(struct dp_db *db, enum dp_table t, const struct dp_key *k, struct dp_slice v);
void dp_key_del(struct dp_db *db, enum dp_table t, const struct dp_key *k);

/*
 * One cursor step, opened and closed inside: the row that `how` finds from `k`, or the first row with a
 * key strictly above `k`. Both slices stay borrowed from the transaction until its next write.
 */
DP_MUST enum dp_err dp_key_seek(struct dp_db *db, enum dp_table t, enum dp_kv_seek how, struct dp_slice k,
                                struct dp_slice *rk, struct dp_slice *rv);
DP_MUST enum dp_err dp_key_seek_after(struct dp_db *db, enum dp_table t, struct dp_slice k,
                                      struct dp_slice *rk, struct dp_slice *rv);

#endif
