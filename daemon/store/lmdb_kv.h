/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the LMDB adapter share: kv_lmdb.c (transactions, records) and lmdb_cur.c (cursors).
 */
#ifndef DP_STORE_LMDB_KV_H
#define DP_STORE_LMDB_KV_H

#include "port/kv.h"
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
    struct dp_lmdb *kv;
    MDB_txn *mtxn;
    enum dp_err err; /* sticky */
    bool write;
    bool wrote;
    unsigned open_curs;
    uint32_t writes[DP_KV_TABLES_MAX];
};

struct dp_lmdb {
    struct dp_kv base; /* first */
    struct dp_lmdb_env e;
    struct dp_kv_txn writer;
    bool writing;
    unsigned busy_readers;
    struct dp_kv_txn *idle_readers;
    struct dp_kv_cur *idle_curs[2][DP_KV_TABLES_MAX]; /* of readers; of the writer, closed with it */
    size_t inline_max;                                /* longer stored values never share a page */
    uint8_t *scratch;                                 /* inline_max bytes */
};

/* Keep the first error; returns the one kept. */
enum dp_err dp_lmdb_stick(struct dp_kv_txn *t, enum dp_err err);
/* As dp_lmdb_stick for a foreign code; "not found" does not stick. */
enum dp_err dp_lmdb_stick_rc(struct dp_kv_txn *t, int rc, const char *what);
/* The value of a stored record, or DP_CORRUPT when its checksum is wrong (R-STO-5). */
enum dp_err dp_lmdb_serve(struct dp_kv_txn *t, unsigned table, const MDB_val *key, const MDB_val *stored,
                          struct dp_slice *val);
/* LMDB takes keys and values as not const and leaves them alone. */
MDB_val dp_lmdb_val(struct dp_slice s);

enum dp_err dp_lmdb_cur_open(struct dp_kv_txn *t, unsigned table, struct dp_kv_cur **out);
enum dp_err dp_lmdb_cur_seek(struct dp_kv_cur *c, enum dp_kv_seek how, struct dp_slice key,
                             struct dp_slice *k, struct dp_slice *v);
enum dp_err dp_lmdb_cur_next(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v);
enum dp_err dp_lmdb_cur_prev(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v);
void dp_lmdb_cur_close(struct dp_kv_cur *c);
/* Give the idle cursors of the readers, or of the writer, back to LMDB. */
void dp_lmdb_cur_drop_idle(struct dp_lmdb *kv, bool write);

#endif
