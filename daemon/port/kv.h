/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordered key-value store with transactions: what the typed store (store/layout.h) stands on.
 * Two adapters, LMDB and memory, pass one contract suite (tests/contract).
 *
 * One write transaction at a time, owned by the loop; any number of short read transactions.
 * A write transaction carries a sticky error: after the first failure every write is a
 * no-op, and commit returns that error with nothing changed (R-STO-1). Keys 1..511 bytes, memcmp order;
 * another size, a table out of range: DP_RANGE; a value above DP_KV_VAL_MAX: DP_TOO_BIG.
 * Borrowed values are valid until the next write in the same transaction, or its end; that write
 * itself may take them. A read transaction sees what was committed when it began, until it ends.
 *
 * A cursor survives writes to its table: next and prev give the neighbours of the key it gave last,
 * whether that key is still there or not. A new cursor stands nowhere (next: first, prev: last). After
 * DP_NOT_FOUND from next, FIRST or GE it stands behind the last key, for good; from prev, LAST or LE before
 * the first. GE takes the empty key as the lowest. LE takes it, and finds nothing.
 */
#ifndef DP_PORT_KV_H
#define DP_PORT_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define DP_KV_TABLES_MAX 64
#define DP_KV_KEY_MAX 511
#define DP_KV_VAL_MAX ((size_t)64 << 20)

struct dp_kv;
struct dp_kv_txn;
struct dp_kv_cur;

enum dp_kv_seek { DP_KV_GE, DP_KV_LE, DP_KV_FIRST, DP_KV_LAST };

struct dp_kv_stat {
    uint64_t disk_bytes; /* used by the store */
    uint64_t disk_free;  /* free bytes of the file system, UINT64_MAX when it has none */
    uint64_t disk_total;
    uint64_t entries;
};

struct dp_kv_ops {
    /* DP_FULL, DP_IO, DP_CORRUPT, DP_NOMEM; DP_AGAIN while another write transaction is open */
    enum dp_err (*begin)(struct dp_kv *kv, bool write, struct dp_kv_txn **out);
    /* Ends the transaction in any case. A read transaction just ends. */
    enum dp_err (*commit)(struct dp_kv_txn *t);
    void (*abort)(struct dp_kv_txn *t);
    enum dp_err (*error)(const struct dp_kv_txn *t); /* the sticky error so far */
    /* DP_OK or DP_NOT_FOUND (other errors are sticky too). */
    enum dp_err (*get)(struct dp_kv_txn *t, unsigned table, struct dp_slice key, struct dp_slice *val);
    void (*put)(struct dp_kv_txn *t, unsigned table, struct dp_slice key, struct dp_slice val);
    /* As put; a hint that the key is larger than all in the table. */
    void (*append)(struct dp_kv_txn *t, unsigned table, struct dp_slice key, struct dp_slice val);
    void (*del)(struct dp_kv_txn *t, unsigned table, struct dp_slice key); /* absent: no-op */
    /* Cursor. Positions: DP_OK with key and value, or DP_NOT_FOUND. Close before the transaction ends. */
    enum dp_err (*cur_open)(struct dp_kv_txn *t, unsigned table, struct dp_kv_cur **out);
    enum dp_err (*cur_seek)(struct dp_kv_cur *c, enum dp_kv_seek how, struct dp_slice key, struct dp_slice *k,
                            struct dp_slice *v);
    enum dp_err (*cur_next)(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v);
    enum dp_err (*cur_prev)(struct dp_kv_cur *c, struct dp_slice *k, struct dp_slice *v);
    void (*cur_close)(struct dp_kv_cur *c);
    enum dp_err (*stat)(struct dp_kv *kv, struct dp_kv_stat *out);
    /* What no record shows: whether the store's own structure is sound, all of it (slow; no transaction
     * open). DP_CORRUPT with what is damaged in `why`. */
    enum dp_err (*check)(struct dp_kv *kv, char *why, size_t why_len);
    /* Consistent copy of everything into the new file `path` (0600, fsynced). DP_CONFLICT when it exists. */
    enum dp_err (*backup)(struct dp_kv *kv, const char *path);
    /* Housekeeping: stale readers; called at start, every 30 s and after DP_FULL. */
    void (*tidy)(struct dp_kv *kv);
    void (*close)(struct dp_kv **kv); /* nulls */
};

struct dp_kv {
    const struct dp_kv_ops *ops;
};

#endif
