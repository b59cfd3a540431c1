/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup files: every record of one moment, from any store into any store. A file is good
 * as a whole or not at all: its last 12 bytes are the number of records and a checksum over
 * all before. Grammar, big-endian:
 *
 *   file   = "daipao/backup/1" 0x00, *record, 0xff, count u64, crc32c u32
 *   record = table u8, key length u16, value length u32, key, value
 *
 * Keys that wrap part keys are in a file of their own and never in here (R-STO-2).
 */
#ifndef DP_STORE_BACKUP_H
#define DP_STORE_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#include "port/kv.h"

struct dp_backup;

struct dp_backup_progress {
    uint64_t done;  /* records */
    uint64_t total; /* records, or 0 when not known beforehand */
};

/* Called now and then; may be NULL. Must not write to the store. */
typedef void dp_backup_tell(void *ctx, const struct dp_backup_progress *p);

/*
 * Start a backup of `kv` as it is committed now into the new file `path` (0600). The store
 * may be written to in between the steps; it grows meanwhile, because no page that the
 * backup may yet read is used again. DP_CONFLICT when the file exists; DP_IO, DP_FULL, DP_NOMEM.
 */
DP_MUST enum dp_err dp_backup_new(struct dp_kv *kv, const char *path, struct dp_backup **out);

/*
 * Copy some more: about `bytes`, at least one record. DP_AGAIN: there is more. DP_OK: the
 * file is complete and on disk. DP_CORRUPT: a damaged record was met, and named in the log (R-STO-5).
 */
DP_MUST enum dp_err dp_backup_step(struct dp_backup *b, size_t bytes);

struct dp_backup_progress dp_backup_progress(const struct dp_backup *b);

/* Ends it; the file is removed unless a step returned DP_OK. Nulls. */
void dp_backup_free(struct dp_backup **b);

/* All of it in one call. */
DP_MUST enum dp_err dp_backup_write(struct dp_kv *kv, const char *path, dp_backup_tell *tell, void *ctx);

/*
 * Put every record of the file into `kv`, in several transactions. DP_FORMAT: no backup, or
 * of another version; DP_CORRUPT: damaged or cut short, and a part of it may have been committed;
 * DP_IO, and what commit returns.
 */
DP_MUST enum dp_err dp_backup_read(struct dp_kv *kv, const char *path, dp_backup_tell *tell, void *ctx);

/*
 * Make the store in directory `dir`, new or empty, from the backup in `file`. It is built
 * beside (`dir`.restoring) and renamed, so that `dir` is whole or absent. The store is marked: dp_life_check
 * says DP_LIFE_RESTORED until a new life begins (R-STO-3).
 * DP_CONFLICT: `dir` has something in it. Else as dp_backup_read and dp_kv_lmdb_open, with `why`.
 */
DP_MUST enum dp_err dp_backup_restore(const char *file, const char *dir, dp_backup_tell *tell, void *ctx,
                                      char *why, size_t why_len);

#endif
