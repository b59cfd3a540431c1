/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files that must be whole or absent, and the folders they live in. Secrets are read only
 * from files that nobody else can write or read.
 */
#ifndef DP_OS_FILE_H
#define DP_OS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * Replace `path` by exactly `bytes`, mode 0600: temporary file beside it, fsync, rename, fsync of the
 * folder. After DP_OK it survives a power cut; on error the old file is untouched. DP_IO, DP_FULL.
 */
DP_MUST enum dp_err dp_os_file_put(const char *path, struct dp_slice bytes);
/* The same, but DP_CONFLICT when `path` exists. For keys that must never be overwritten. */
DP_MUST enum dp_err dp_os_file_put_new(const char *path, struct dp_slice bytes);
/* Append the whole regular file to `out` (its cap_max bounds it: DP_TOO_BIG). DP_NOT_FOUND, DP_IO. */
DP_MUST enum dp_err dp_os_file_get(const char *path, struct dp_buf *out);
/* As dp_os_file_get, and DP_DENIED unless it is ours (or root's) with no access for others, group read at
 * most. */
DP_MUST enum dp_err dp_os_file_get_secret(const char *path, struct dp_buf *out);
/* Remove; absent is DP_OK. fsync of the folder. */
DP_MUST enum dp_err dp_os_file_remove(const char *path);
bool dp_os_file_exists(const char *path);
/* Rename in one folder, for good: fsync of it. What has the new name is replaced. DP_IO. */
DP_MUST enum dp_err dp_os_file_move(const char *from, const char *to);

/* Make the last component (0700) unless it is there; then check: ours, group reads at most, others nothing,
 * else DP_DENIED. DP_CONFLICT: not a folder. DP_IO, DP_FULL. */
DP_MUST enum dp_err dp_os_dir_make(const char *path);
/* Of the files whose names begin with `prefix` and end with `suffix` the last `keep` by name stay. DP_IO. */
DP_MUST enum dp_err dp_os_dir_keep(const char *path, const char *prefix, const char *suffix, uint64_t keep);
/*
 * Lock the folder against a second process: file "lock" in it, held until the descriptor closes (so
 * at the latest until this process ends). DP_CONFLICT when another holds it.
 */
DP_MUST enum dp_err dp_os_dir_lock(const char *path, int *fd);
/* Free and total bytes of the file system at `path`, as an ordinary user may use them. */
DP_MUST enum dp_err dp_os_disk_free(const char *path, uint64_t *free_bytes, uint64_t *total_bytes);

#endif
