/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files on disk. Modes are set, not left to the umask; links are not followed; the
 * checksum is against damage, not against an attacker, who could write what he likes here.
 */
#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/secret.h"

#define HEAD_BYTES 32
#define SUM_BYTES 32
#define FILE_BYTES_MAX (HEAD_BYTES + DP_KEYFILE_SECRET_MAX + SUM_BYTES)
#define OPEN_FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

/* "daipao/key/N" and zeros; N is the version. */
static const char context[16] = "daipao/key/1";
#define CONTEXT_COMMON 11

/* ---- reasons ---- */

struct fault_row {
    enum dp_err err;
    const char *text;
};

static const struct fault_row rows[] = {
#define ROW(name, err, text) {DP_##err, text},
    DP_KEYRING_FAULT_LIST(ROW)
#undef ROW
};

const char *dp_keyring_fault_text(enum dp_keyring_fault f)
{
    return (unsigned)f < DP_KEYRING_FAULT_COUNT ? rows[f].text : rows[DP_KEYRING_FAULT_IO].text;
}

enum dp_err dp_keydir_fail(struct dp_keydir *d, enum dp_keyring_fault fault, int sys, const char *name)
{
    if (d->why != NULL) {
        d->why->fault = fault;
        d->why->sys = sys;
        if (name != NULL)
            snprintf(d->why->path, sizeof(d->why->path), "%s/%.30s", d->path, name);
        else
            memcpy(d->why->path, d->path, sizeof(d->path));
    }
    return rows[fault].err;
}

enum dp_err dp_keydir_fail_sys(struct dp_keydir *d, int sys, const char *name)
{
    switch (sys) {
    case ENOENT:
        return dp_keydir_fail(d, DP_KEYRING_FAULT_MISSING, sys, name);
    case EEXIST:
    case ENOTEMPTY:
        return dp_keydir_fail(d, DP_KEYRING_FAULT_EXISTS, sys, name);
    case ELOOP:
    case ENOTDIR:
        return dp_keydir_fail(d, DP_KEYRING_FAULT_KIND, sys, name);
    default:
        return dp_keydir_fail(d, DP_KEYRING_FAULT_IO, sys, name);
    }
}

/* ---- the folder ---- */

static enum dp_err check_owner(struct dp_keydir *d, const struct stat *st, const char *name)
{
    if (st->st_uid != geteuid())
        return dp_keydir_fail(d, DP_KEYRING_FAULT_OWNER, 0, name);
    if ((st->st_mode & 077) != 0)
        return dp_keydir_fail(d, DP_KEYRING_FAULT_MODE, 0, name);
    return DP_OK;
}

enum dp_err dp_keydir_open(struct dp_keydir *d, const char *path, struct dp_keyring_why *why)
{
    size_t len = strnlen(path, sizeof(d->path));
    struct stat st;
    enum dp_err err;

    *d = (struct dp_keydir){.fd = -1, .why = why};
    if (len == 0 || len >= sizeof(d->path))
        return dp_keydir_fail(d, DP_KEYRING_FAULT_PATH, 0, NULL);
    memcpy(d->path, path, len + 1);
    d->fd = open(path, O_RDONLY | O_DIRECTORY | OPEN_FLAGS);
    if (d->fd < 0)
        return dp_keydir_fail_sys(d, errno, NULL);
    err = fstat(d->fd, &st) == 0 ? check_owner(d, &st, NULL) : dp_keydir_fail_sys(d, errno, NULL);
    if (err != DP_OK)
        dp_keydir_close(d);
    return err;
}

void dp_keydir_close(struct dp_keydir *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

enum dp_err dp_keydir_sync(struct dp_keydir *d)
{
    return fsync(d->fd) == 0 ? DP_OK : dp_keydir_fail_sys(d, errno, NULL);
}

/* ---- content ---- */

static void checksum(struct dp_slice s, struct dp_digest *out)
{
    dp_suite_of(DP_SUITE_INTL)->hash(&s, 1, out);
}

/* HEAD_BYTES, the secret and SUM_BYTES into `out`. */
static void encode(uint8_t *out, const char *kind, uint32_t generation, struct dp_slice secret)
{
    struct dp_wr w = dp_wr_of(out, HEAD_BYTES + secret.len + SUM_BYTES);
    char padded[8] = {0};
    struct dp_digest sum;

    memcpy(padded, kind, strnlen(kind, sizeof(padded)));
    dp_wr_bytes(&w, context, sizeof(context));
    dp_wr_bytes(&w, padded, sizeof(padded));
    dp_wr_u32(&w, generation);
    dp_wr_u32(&w, (uint32_t)secret.len);
    dp_wr_bytes(&w, secret.p, secret.len);
    checksum(dp_wr_slice(&w), &sum);
    dp_wr_bytes(&w, sum.b, sizeof(sum.b));
}

static bool write_all(int fd, const uint8_t *p, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, p, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        p += done;
        len -= (size_t)done;
    }
    return true;
}

/* A hard link under the final name: it fails where rename would overwrite. */
static enum dp_err publish(struct dp_keydir *d, const char *temp, const char *name)
{
    enum dp_err err = linkat(d->fd, temp, d->fd, name, 0) == 0 ? DP_OK : dp_keydir_fail_sys(d, errno, name);

    (void)unlinkat(d->fd, temp, 0);
    return err == DP_OK ? dp_keydir_sync(d) : err;
}

/* A new file under a name for the time being, whole and durable. */
static enum dp_err write_temp(struct dp_keydir *d, const char *temp, const char *name, const uint8_t *bytes,
                              size_t len)
{
    bool ok;
    int sys, fd;

    (void)unlinkat(d->fd, temp, 0); /* of a crash; it was never in use */
    fd = openat(d->fd, temp, O_WRONLY | O_CREAT | O_EXCL | OPEN_FLAGS, 0600);
    if (fd < 0)
        return dp_keydir_fail_sys(d, errno, name);
    ok = fchmod(fd, 0600) == 0 && write_all(fd, bytes, len) && fsync(fd) == 0;
    sys = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        sys = errno;
    }
    if (ok)
        return DP_OK;
    (void)unlinkat(d->fd, temp, 0);
    return dp_keydir_fail_sys(d, sys, name);
}

enum dp_err dp_keyfile_write(struct dp_keydir *d, const char *name, const char *kind, uint32_t generation,
                             struct dp_slice secret)
{
    char temp[DP_KEYRING_FILE_MAX];
    size_t len = HEAD_BYTES + secret.len + SUM_BYTES;
    uint8_t *bytes;
    enum dp_err err;

    if (secret.len > DP_KEYFILE_SECRET_MAX)
        return dp_keydir_fail(d, DP_KEYRING_FAULT_DAMAGED, 0, name);
    bytes = dp_secret_alloc(len);
    if (bytes == NULL)
        return dp_keydir_fail(d, DP_KEYRING_FAULT_NOMEM, 0, name);
    snprintf(temp, sizeof(temp), "%s.tmp", name);
    encode(bytes, kind, generation, secret);
    err = write_temp(d, temp, name, bytes, len);
    dp_secret_free(bytes, len);
    return err == DP_OK ? publish(d, temp, name) : err;
}

/* ---- reading ---- */

/* *secret borrowed from `s`. */
static enum dp_keyring_fault decode(struct dp_slice s, const char *kind, uint32_t *generation,
                                    struct dp_slice *secret)
{
    struct dp_rd r = dp_rd_of(s);
    struct dp_slice head = dp_rd_take(&r, sizeof(context));
    char padded[8] = {0};
    struct dp_slice file_kind = dp_rd_take(&r, sizeof(padded));
    uint32_t file_generation = dp_rd_u32(&r);
    struct dp_slice content = dp_rd_take(&r, dp_rd_u32(&r));
    struct dp_slice sum = dp_rd_take(&r, SUM_BYTES);
    struct dp_digest want;

    if (head.len == 0 || memcmp(head.p, context, CONTEXT_COMMON) != 0)
        return DP_KEYRING_FAULT_DAMAGED;
    if (head.p[CONTEXT_COMMON] > context[CONTEXT_COMMON] && head.p[CONTEXT_COMMON] <= '9')
        return DP_KEYRING_FAULT_VERSION;
    if (memcmp(head.p, context, sizeof(context)) != 0 || dp_rd_done(&r) != DP_OK)
        return DP_KEYRING_FAULT_DAMAGED;
    memcpy(padded, kind, strnlen(kind, sizeof(padded)));
    checksum(dp_slice_of(s.p, s.len - SUM_BYTES), &want);
    if (memcmp(file_kind.p, padded, sizeof(padded)) != 0 || memcmp(sum.p, want.b, sizeof(want.b)) != 0)
        return DP_KEYRING_FAULT_DAMAGED;
    *secret = content;
    *generation = file_generation;
    return DP_KEYRING_FAULT_NONE;
}

static bool read_all(int fd, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t got = read(fd, out, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        out += got;
        len -= (size_t)got;
    }
    return true;
}

/* *size is asked for once: a file that grows meanwhile is damaged. */
static enum dp_err read_file(struct dp_keydir *d, int fd, const char *name, uint8_t **out, size_t *size)
{
    struct stat st;
    enum dp_err err;

    if (fstat(fd, &st) != 0)
        return dp_keydir_fail_sys(d, errno, name);
    if (!S_ISREG(st.st_mode))
        return dp_keydir_fail(d, DP_KEYRING_FAULT_KIND, 0, name);
    err = check_owner(d, &st, name);
    if (err != DP_OK)
        return err;
    if (st.st_size <= 0 || (uint64_t)st.st_size > FILE_BYTES_MAX)
        return dp_keydir_fail(d, DP_KEYRING_FAULT_DAMAGED, 0, name);
    *size = (size_t)st.st_size;
    *out = dp_secret_alloc(*size);
    if (*out == NULL)
        return dp_keydir_fail(d, DP_KEYRING_FAULT_NOMEM, 0, name);
    errno = 0;
    if (read_all(fd, *out, *size))
        return DP_OK;
    return errno == 0 ? dp_keydir_fail(d, DP_KEYRING_FAULT_DAMAGED, 0, name)
                      : dp_keydir_fail_sys(d, errno, name);
}

enum dp_err dp_keyfile_use(struct dp_keydir *d, const char *name, const char *kind, uint32_t *generation,
                           dp_keyfile_take *take, void *ctx)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct dp_slice secret;
    enum dp_keyring_fault fault;
    enum dp_err err;
    int fd = openat(d->fd, name, O_RDONLY | OPEN_FLAGS);

    if (fd < 0)
        return dp_keydir_fail_sys(d, errno, name);
    err = read_file(d, fd, name, &bytes, &size);
    close(fd);
    if (err == DP_OK) {
        fault = decode(dp_slice_of(bytes, size), kind, generation, &secret);
        if (fault == DP_KEYRING_FAULT_NONE) {
            enum dp_err e = take(ctx, secret);
            fault = e == DP_OK      ? DP_KEYRING_FAULT_NONE
                    : e == DP_NOMEM ? DP_KEYRING_FAULT_NOMEM
                                    : DP_KEYRING_FAULT_DAMAGED;
        }
        if (fault != DP_KEYRING_FAULT_NONE)
            err = dp_keydir_fail(d, fault, 0, name);
    }
    dp_secret_free(bytes, size);
    return err;
}

struct fixed {
    void *out;
    size_t len;
};

static enum dp_err take_fixed(void *ctx, struct dp_slice secret)
{
    const struct fixed *f = ctx;
    if (secret.len != f->len)
        return DP_FORMAT;
    memcpy(f->out, secret.p, f->len);
    return DP_OK;
}

enum dp_err dp_keyfile_read(struct dp_keydir *d, const char *name, const char *kind, uint32_t *generation,
                            void *secret, size_t len)
{
    struct fixed f = {secret, len};
    return dp_keyfile_use(d, name, kind, generation, take_fixed, &f);
}

/* ---- replacing ---- */

/* Zeros over the whole file, as far as the file system lets us: on flash, old cells may live on. */
static bool overwrite(int fd)
{
    static const uint8_t zeros[4096];
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    for (off_t left = st.st_size; left > 0; left -= (off_t)sizeof(zeros))
        if (!write_all(fd, zeros, left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros)))
            return false;
    return fsync(fd) == 0;
}

enum dp_err dp_keyfile_destroy(struct dp_keydir *d, const char *name)
{
    struct stat st;
    bool shared;
    int fd = openat(d->fd, name, O_WRONLY | OPEN_FLAGS);
    if (fd < 0)
        return errno == ENOENT ? DP_OK : dp_keydir_fail_sys(d, errno, name);
    /* Still the file in force under its other name: a crash came before the new one took its place. */
    shared = fstat(fd, &st) == 0 && st.st_nlink > 1;
    bool ok = shared || overwrite(fd);
    int sys = errno;
    close(fd);
    if (!ok)
        return dp_keydir_fail_sys(d, sys, name);
    if (unlinkat(d->fd, name, 0) != 0)
        return dp_keydir_fail_sys(d, errno, name);
    return dp_keydir_sync(d);
}

enum dp_err dp_keyfile_replace(struct dp_keydir *d, const char *from, const char *to, const char *old)
{
    enum dp_err err = linkat(d->fd, to, d->fd, old, 0) == 0 ? DP_OK : dp_keydir_fail_sys(d, errno, to);
    if (err == DP_OK && renameat(d->fd, from, d->fd, to) != 0)
        err = dp_keydir_fail_sys(d, errno, from);
    /* Only once the new name is durable: a crash must not leave a wiped key behind it. */
    if (err == DP_OK)
        err = dp_keydir_sync(d);
    return err == DP_OK ? dp_keyfile_destroy(d, old) : err;
}
