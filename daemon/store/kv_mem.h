/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in memory, for tests and the simulator: port/kv.h with the same meaning as the
 * store on disk, snapshots included, in one thread. Nothing outlives the object but what
 * backup() wrote. A value read after the write that ends its life is memory that was freed,
 * which the address sanitizer reports.
 */
#ifndef DP_STORE_KV_MEM_H
#define DP_STORE_KV_MEM_H

#include <stdint.h>

#include "port/kv.h"

/* Fails the call that brings `countdown` to 0, once. 0 = off. */
struct dp_fault {
    uint64_t countdown;
    enum dp_err err;
};

/* Set by tests between calls. */
struct dp_kv_mem_faults {
    struct dp_fault begin;   /* counts begin of write transactions */
    struct dp_fault write;   /* counts put, append and del; sticks in the transaction */
    struct dp_fault read;    /* counts get and steps of cursors in write transactions; sticks */
    struct dp_fault commit;  /* counts commits that have something to write */
    uint64_t disk_bytes_max; /* a commit that grows the store past it: DP_FULL; 0 = no limit */
};

/* An empty store. DP_NOMEM. */
DP_MUST enum dp_err dp_kv_mem_open(struct dp_kv **out);

/* A store with what the backup in file `path` holds. Errors of dp_backup_read (store/backup.h). */
DP_MUST enum dp_err dp_kv_mem_load(const char *path, struct dp_kv **out);

/* Borrowed until close. `kv` comes from this file. */
struct dp_kv_mem_faults *dp_kv_mem_faults(struct dp_kv *kv);

/*
 * As if the process had died and started again: every open transaction and cursor is gone,
 * what was committed is there. Handles from before must not be used again.
 */
void dp_kv_mem_crash(struct dp_kv *kv);

/*
 * Remember what is committed, once, for rewind: as crash, and everything committed since is gone, as often as
 * wanted. It costs what was changed meanwhile. No transaction may be open at the mark.
 */
void dp_kv_mem_mark(struct dp_kv *kv);
void dp_kv_mem_rewind(struct dp_kv *kv);

#endif
