/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store on disk: port/kv.h over LMDB in its durable mode. A commit that returned
 * DP_OK survives the loss of power; one that failed has changed nothing (R-STO-1).
 *
 * Each record carries a checksum over its table, key and value; a damaged one is named in
 * the log and never served: the read gives DP_CORRUPT (R-STO-5).
 * When begin gives DP_IO the disk has failed in a way that this process cannot mend: stop, start again.
 * Local file systems only. No fork while it is open. One thread.
 */
#ifndef DP_STORE_KV_LMDB_H
#define DP_STORE_KV_LMDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port/kv.h"

#define DP_KV_LMDB_DATA "data.mdb" /* in `dir`: everything that was committed */
/* What an operator can do about damage. */
#define DP_KV_LMDB_RUIN "restore a backup (daipaod --restore); daipaod --fsck names what is damaged"
#define DP_KV_LMDB_GUARD "store.lock" /* in `dir`: held while the store is open */

/*
 * Open the store in directory `dir`, which is made (0700) when absent; its parent exists.
 * Files are made 0600. map_size_bytes bounds the store's growth for this run and is only
 * address space; 0 = twice the file system, at least 1 GiB, so that a watermark on the
 * disk (R-STO-4) is always reached first.
 * DP_CONFLICT: open already, here or in another process. DP_CORRUPT: damaged or cut short.
 * DP_FULL, DP_IO, DP_NOMEM. On failure `why` holds one English sentence without full stop.
 */
DP_MUST enum dp_err dp_kv_lmdb_open(const char *dir, uint64_t map_size_bytes, struct dp_kv **out, char *why,
                                    size_t why_len);

/*
 * True when the store `kv` of dp_kv_lmdb_open has its file in memory at `addr`: a bus error or a
 * segmentation fault there comes from damaged pages, or from a file that was cut short under us. Safe in a
 * signal handler.
 */
bool dp_kv_lmdb_covers(const void *kv, const void *addr);

#endif
