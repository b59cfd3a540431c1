/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An LMDB environment on disk, checked before use: one opener, a local file system, a
 * file as long as its pages say. Only for kv_lmdb.c and lmdb_*.c.
 */
#ifndef DP_STORE_LMDB_ENV_H
#define DP_STORE_LMDB_ENV_H

#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "port/kv.h"
#include "store/fsys.h"

struct dp_lmdb_env {
    MDB_env *env;
    int guard_fd; /* locked while the store is open */
    unsigned page_bytes;
    uint64_t map_size;
    uint64_t last_txn;        /* number of the last that was committed, when a write transaction began */
    uint64_t map_at, map_end; /* of the file in memory; 0 = not known */
    uint64_t file_bytes;      /* its length, when it was last looked at */
    char dir[DP_FSYS_PATH];
    MDB_dbi dbi[DP_KV_TABLES_MAX];
};

/* As dp_kv_lmdb_open. The caller closes `e` with dp_lmdb_env_close whatever the result. */
DP_MUST enum dp_err dp_lmdb_env_open(struct dp_lmdb_env *e, const char *dir, uint64_t map_size_bytes,
                                     char *why, size_t why_len);
void dp_lmdb_env_close(struct dp_lmdb_env *e);
/* After MDB_PANIC, with no transaction or cursor of it left. DP_IO: it stays unusable. */
DP_MUST enum dp_err dp_lmdb_env_reopen(struct dp_lmdb_env *e);

/* LMDB's own codes. */
int dp_lmdb_env_create(const char *dir, uint64_t map_size, unsigned flags, MDB_env **out);
#define DP_LMDB_TABLE_NAME 4 /* "t00" */
void dp_lmdb_table_name(unsigned table, char out[DP_LMDB_TABLE_NAME]);
/* True when the list of free pages and every record of every table can be read. The environment is not open
 * here. */
bool dp_lmdb_is_whole(const char *dir, uint64_t map_size);

/*
 * Every page as LMDB makes them; no transaction of this thread is open. DP_CORRUPT with what is damaged in
 * `why`, DP_IO, DP_NOMEM.
 */
DP_MUST enum dp_err dp_lmdb_pages(struct dp_lmdb_env *e, char *why, size_t why_len);

/* After each opening of the environment. */
void dp_lmdb_map_find(struct dp_lmdb_env *e);
/* True for an address in the mapped file. Safe in a signal handler. */
bool dp_lmdb_map_covers(const struct dp_lmdb_env *e, const void *p);
/* False when `v` goes on behind the end of the file. */
bool dp_lmdb_map_holds(struct dp_lmdb_env *e, const MDB_val *v);

/* The one translation of what LMDB and the system return; unusual codes are logged with `what`. */
enum dp_err dp_lmdb_err(const struct dp_lmdb_env *e, int rc, const char *what);

/* A stored value is the value and DP_LMDB_SUM bytes of checksum over table, key and value. */
#define DP_LMDB_SUM 4
void dp_lmdb_sum(unsigned table, const MDB_val *key, const void *val, size_t len, uint8_t out[DP_LMDB_SUM]);
bool dp_lmdb_sum_ok(unsigned table, const MDB_val *key, const MDB_val *stored);

#endif
