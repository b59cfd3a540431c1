/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where LMDB has its file in memory, which it does not tell. A page whose bytes are damaged may speak of a
 * record that goes on behind the end of the file: it is not read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "store/lmdb_env.h"

void dp_lmdb_map_find(struct dp_lmdb_env *e)
{
    char line[DP_FSYS_PATH + 128];
    struct stat st;
    FILE *maps;
    int fd;

    e->map_at = e->map_end = 0;
    e->file_bytes = 0;
    if (mdb_env_get_fd(e->env, &fd) != 0 || fstat(fd, &st) != 0)
        return;
    maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && e->map_at == 0 && fgets(line, sizeof(line), maps) != NULL) {
        uint64_t from, to, inode;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %" SCNu64, &from, &to, &inode) == 3 &&
            inode == (uint64_t)st.st_ino) {
            e->map_at = from;
            e->map_end = to;
        }
    }
    if (maps != NULL)
        fclose(maps);
}

bool dp_lmdb_map_covers(const struct dp_lmdb_env *e, const void *p)
{
    uint64_t at = (uint64_t)(uintptr_t)p;

    return at >= e->map_at && at < e->map_end;
}

bool dp_lmdb_map_holds(struct dp_lmdb_env *e, const MDB_val *v)
{
    uint64_t end = (uint64_t)(uintptr_t)v->mv_data + v->mv_size - e->map_at;
    struct stat st;
    int fd;

    if (!dp_lmdb_map_covers(e, v->mv_data)) /* a page that this transaction wrote */
        return true;
    if (end > e->file_bytes && mdb_env_get_fd(e->env, &fd) == 0 && fstat(fd, &st) == 0)
        e->file_bytes = (uint64_t)st.st_size;
    return end <= e->file_bytes;
}
