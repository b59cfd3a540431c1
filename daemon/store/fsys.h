/* SPDX-License-Identifier: Apache-2.0 */
/* Files written so that they survive the loss of power; errno as dp_err. Only for store/. */
#ifndef DP_STORE_FSYS_H
#define DP_STORE_FSYS_H

#include <stddef.h>

#include "base/slice.h"

#define DP_FSYS_PATH 4096

/* errno after a failed call. */
enum dp_err dp_fsys_err(int err_no);
/* All of `s`, however many calls it takes. */
DP_MUST enum dp_err dp_fsys_write(int fd, struct dp_slice s);
/* Make the names in directory `path` durable. */
DP_MUST enum dp_err dp_fsys_sync_dir(const char *path);
/* The directory that holds `path`, so that a new name in it is durable. */
DP_MUST enum dp_err dp_fsys_sync_parent(const char *path);
/* "a/b" or "ab"; DP_RANGE when it does not fit. */
DP_MUST enum dp_err dp_fsys_join(char out[DP_FSYS_PATH], const char *a, const char *sep, const char *b);
/* Replace or make the file `path` (0600) with `s`: it is the old or the new one, never a mixture. */
DP_MUST enum dp_err dp_fsys_replace(const char *path, struct dp_slice s);

#endif
