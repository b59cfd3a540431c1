/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a node's data: ours alone, and one process at a time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os/file.h"

#define PATH_BYTES 4096

enum dp_err dp_os_dir_make(const char *path)
{
    struct stat st;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return errno == ENOSPC ? DP_FULL : DP_IO;
    if (stat(path, &st) != 0)
        return DP_IO;
    if (!S_ISDIR(st.st_mode))
        return DP_CONFLICT;
    return st.st_uid == geteuid() && (st.st_mode & 0027) == 0 ? DP_OK : DP_DENIED;
}

enum dp_err dp_os_dir_lock(const char *path, int *fd)
{
    char name[PATH_BYTES];
    int made;

    if (snprintf(name, sizeof(name), "%s/lock", path) >= (int)sizeof(name))
        return DP_TOO_BIG;
    made = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (made < 0)
        return DP_IO;
    if (flock(made, LOCK_EX | LOCK_NB) != 0) {
        enum dp_err err = errno == EWOULDBLOCK ? DP_CONFLICT : DP_IO;

        close(made);
        return err;
    }
    *fd = made;
    return DP_OK;
}

static bool fits(const char *name, const char *prefix, const char *suffix)
{
    size_t len = strlen(name), head = strlen(prefix), tail = strlen(suffix);

    return len >= head + tail && strncmp(name, prefix, head) == 0 && strcmp(name + len - tail, suffix) == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

enum dp_err dp_os_dir_keep(const char *path, const char *prefix, const char *suffix, uint64_t keep)
{
    struct dirent **names = NULL;
    char file[PATH_BYTES];
    enum dp_err err = DP_OK;
    uint64_t found = 0;
    int n = scandir(path, &names, NULL, by_bytes);

    if (n < 0)
        return DP_IO;
    for (int i = n; i-- > 0;) {
        bool old = fits(names[i]->d_name, prefix, suffix) && ++found > keep;
        if (old && snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name) < (int)sizeof(file) &&
            unlink(file) != 0)
            err = DP_IO;
        free(names[i]);
    }
    free(names);
    return err;
}

enum dp_err dp_os_disk_free(const char *path, uint64_t *free_bytes, uint64_t *total_bytes)
{
    struct statvfs s;

    if (statvfs(path, &s) != 0)
        return DP_IO;
    *free_bytes = (uint64_t)s.f_bavail * s.f_frsize;
    *total_bytes = (uint64_t)s.f_blocks * s.f_frsize;
    return DP_OK;
}
