/* SPDX-License-Identifier: Apache-2.0 */
/* Files whole or absent. A temporary file of a crashed run is overwritten by the next. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define CHUNK 65536

static enum dp_err io_err(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return DP_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
        return DP_FULL;
    case EEXIST:
        return DP_CONFLICT;
    default:
        return DP_IO;
    }
}

static enum dp_err write_all(int fd, struct dp_slice s)
{
    while (s.len > 0) {
        ssize_t n = write(fd, s.p, s.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_err();
        s.p += n;
        s.len -= (size_t)n;
    }
    return DP_OK;
}

/* fsync of the folder that holds `path`: a rename is durable only then. */
static enum dp_err sync_folder(const char *path)
{
    char dir[PATH_BYTES];
    char *slash;
    int fd;
    int rc;

    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    if (slash == NULL)
        snprintf(dir, sizeof(dir), ".");
    else
        slash[slash == dir] = '\0';
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return io_err();
    rc = fsync(fd);
    close(fd);
    return rc == 0 ? DP_OK : DP_IO;
}

static enum dp_err write_temporary(const char *path, struct dp_slice bytes)
{
    enum dp_err err;
    int fd;

    if (unlink(path) != 0 && errno != ENOENT)
        return io_err();
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return io_err();
    err = write_all(fd, bytes);
    if (err == DP_OK && fsync(fd) != 0)
        err = io_err();
    if (close(fd) != 0 && err == DP_OK)
        err = io_err();
    return err;
}

static enum dp_err put(const char *path, struct dp_slice bytes, bool may_exist)
{
    char tmp[PATH_BYTES];
    enum dp_err err;

    if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
        return DP_TOO_BIG;
    err = write_temporary(tmp, bytes);
    /* link(2) refuses an existing name, rename(2) replaces it. */
    if (err == DP_OK && (may_exist ? rename(tmp, path) : link(tmp, path)) != 0)
        err = io_err();
    if (err != DP_OK || !may_exist)
        (void)unlink(tmp);
    return err == DP_OK ? sync_folder(path) : err;
}

enum dp_err dp_os_file_put(const char *path, struct dp_slice bytes)
{
    return put(path, bytes, true);
}

enum dp_err dp_os_file_put_new(const char *path, struct dp_slice bytes)
{
    return put(path, bytes, false);
}

static enum dp_err read_all(int fd, struct dp_buf *out)
{
    for (;;) {
        size_t room = out->cap_max - out->len < CHUNK ? out->cap_max - out->len : CHUNK;
        enum dp_err err = dp_buf_reserve(out, room);
        uint8_t past;
        ssize_t n;

        if (err != DP_OK)
            return err;
        n = read(fd, room > 0 ? out->p + out->len : &past, room > 0 ? room : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return DP_IO;
        if (n == 0)
            return DP_OK;
        if (room == 0)
            return DP_TOO_BIG;
        out->len += (size_t)n;
    }
}

/* Checks on what was opened, not on a name that may change. */
static enum dp_err check(int fd, bool secret)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return DP_IO;
    if (secret && ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 0037) != 0))
        return DP_DENIED;
    return DP_OK;
}

static enum dp_err get(const char *path, struct dp_buf *out, bool secret)
{
    size_t before = out->len;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us */
    enum dp_err err;

    if (fd < 0)
        return io_err();
    err = check(fd, secret);
    if (err == DP_OK)
        err = read_all(fd, out);
    if (err != DP_OK) {
        if (out->len > before)
            dp_wipe(out->p + before, out->len - before);
        out->len = before;
    }
    close(fd);
    return err;
}

enum dp_err dp_os_file_get(const char *path, struct dp_buf *out)
{
    return get(path, out, false);
}

enum dp_err dp_os_file_get_secret(const char *path, struct dp_buf *out)
{
    return get(path, out, true);
}

enum dp_err dp_os_file_remove(const char *path)
{
    if (unlink(path) != 0)
        return errno == ENOENT ? DP_OK : DP_IO;
    return sync_folder(path);
}

enum dp_err dp_os_file_move(const char *from, const char *to)
{
    return rename(from, to) == 0 ? sync_folder(to) : io_err();
}

bool dp_os_file_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}
