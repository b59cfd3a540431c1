/* SPDX-License-Identifier: Apache-2.0 */
/* Write, sync, rename, sync the directory. */
#include "store/fsys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum dp_err dp_fsys_err(int err_no)
{
    switch (err_no) {
    case 0:
        return DP_OK;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return DP_FULL;
    case ENOENT:
        return DP_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
        return DP_CONFLICT;
    case ENOMEM:
        return DP_NOMEM;
    default:
        return DP_IO;
    }
}

enum dp_err dp_fsys_write(int fd, struct dp_slice s)
{
    while (s.len > 0) {
        ssize_t n = write(fd, s.p, s.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return dp_fsys_err(errno);
        s.p += n;
        s.len -= (size_t)n;
    }
    return DP_OK;
}

enum dp_err dp_fsys_join(char out[DP_FSYS_PATH], const char *a, const char *sep, const char *b)
{
    int n = snprintf(out, DP_FSYS_PATH, "%s%s%s", a, sep, b);

    return n < 0 || n >= DP_FSYS_PATH ? DP_RANGE : DP_OK;
}

enum dp_err dp_fsys_sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum dp_err err;

    if (fd < 0)
        return dp_fsys_err(errno);
    err = fsync(fd) != 0 ? dp_fsys_err(errno) : DP_OK;
    close(fd);
    return err;
}

enum dp_err dp_fsys_sync_parent(const char *path)
{
    char dir[DP_FSYS_PATH];
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return dp_fsys_sync_dir(".");
    if (slash == path)
        return dp_fsys_sync_dir("/");
    if ((size_t)(slash - path) >= sizeof(dir))
        return DP_RANGE;
    memcpy(dir, path, (size_t)(slash - path));
    dir[slash - path] = '\0';
    return dp_fsys_sync_dir(dir);
}

static enum dp_err write_new(const char *path, struct dp_slice s)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum dp_err err;

    if (fd < 0)
        return dp_fsys_err(errno);
    err = dp_fsys_write(fd, s);
    if (err == DP_OK && fsync(fd) != 0)
        err = dp_fsys_err(errno);
    close(fd);
    return err;
}

enum dp_err dp_fsys_replace(const char *path, struct dp_slice s)
{
    char tmp[DP_FSYS_PATH];
    enum dp_err err = dp_fsys_join(tmp, path, ".", "tmp");

    if (err != DP_OK)
        return err;
    err = write_new(tmp, s);
    if (err == DP_OK && rename(tmp, path) != 0)
        err = dp_fsys_err(errno);
    if (err != DP_OK) {
        unlink(tmp);
        return err;
    }
    return dp_fsys_sync_parent(path);
}
