/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that can lose its power. The calls of the program that change files below one folder go through here
 * (the library's own included: an executable's functions come before those of libc); each is done, and noted.
 * At any moment the folder can be laid out elsewhere as a disk might show it after the power went: what was
 * synced, and of the rest nothing, all, or a random part.
 *
 * What is taken to be durable: the content of a file when fsync or fdatasync of it returned, or the write to
 * a descriptor with O_DSYNC; a name when fsync of its folder returned. Until then a write may be there, or
 * not, or up to a sector, before or after any other; names appear in order.
 */
#ifndef DP_TESTS_DISK_H
#define DP_TESTS_DISK_H

#include <stdbool.h>
#include <stdint.h>

enum disk_kept {
    DISK_SYNCED, /* nothing else */
    DISK_ALL,    /* as after a kill -9 */
    DISK_SOME,   /* a random part in random order */
};

/* What is called before every sync takes effect; not while it runs. */
typedef void disk_sync(void *ctx, uint64_t number);

/* Take note from here on; what is below `root` now is durable. Descriptors opened before are not followed. */
void disk_watch(const char *root, disk_sync *before, void *ctx);
/* From here on a sync says that it is done and does nothing, as bad disks do. */
void disk_lie(void);
/* No notes from here on, in this process. */
void disk_forget(void);
uint64_t disk_syncs(void);
/* Lay the folder out at `to`, which is made. */
void disk_lay(const char *to, enum disk_kept kept, uint64_t seed);

#endif
