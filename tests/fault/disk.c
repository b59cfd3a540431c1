/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes of what was written and what was synced: see disk.h. A file is its durable content and the writes
 * since, in order; the folder a list of changes of names, of which a first part is durable.
 */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/rng.h"

#define FILES 256
#define FDS 512
#define NAMES 4096
#define SECTOR 512

struct change { /* of content: bytes at an offset, or a length */
    bool length;
    off_t at;
    size_t len;
    uint8_t *bytes;
};

struct file {
    bool folder;
    uint8_t *durable;
    size_t len, cap;
    struct change *since;
    size_t count, room;
};

/* A name comes (file >= 0) or goes. A rename is both, and one step. */
struct naming {
    char name[160]; /* below the root */
    int file;       /* -1: gone */
    bool durable, with_next;
};

static struct {
    bool on, busy, lies;
    char root[PATH_MAX];
    size_t root_len;
    struct file file[FILES];
    int files;
    struct naming name[NAMES];
    int names;
    struct {
        int file; /* 0 = not ours, else index + 1 */
        bool dsync;
        char path[160];
    } fd[FDS];
    disk_sync *before;
    void *ctx;
    uint64_t syncs;
} disk;

static void die(const char *what)
{
    fprintf(stderr, "disk: %s\n", what);
    _exit(3);
}

static void *grown(void *p, size_t bytes)
{
    p = realloc(p, bytes);
    if (p == NULL)
        die("no memory");
    return p;
}

/* ---- notes ---- */

static struct file *file_of(int fd)
{
    return disk.on && fd >= 0 && fd < FDS && disk.fd[fd].file > 0 ? &disk.file[disk.fd[fd].file - 1] : NULL;
}

static int new_file(bool folder)
{
    if (disk.files == FILES)
        die("too many files");
    disk.file[disk.files] = (struct file){.folder = folder};
    return disk.files++;
}

static struct naming *note_name(const char *name, int file)
{
    if (disk.names == NAMES || strlen(name) >= sizeof disk.name[0].name)
        die("too many names");
    struct naming *n = &disk.name[disk.names++];
    *n = (struct naming){.file = file};
    strcpy(n->name, name);
    return n;
}

/* The file that has the name now, -1 = none. */
static int lookup(const char *name)
{
    for (int i = disk.names - 1; i >= 0; i--)
        if (strcmp(disk.name[i].name, name) == 0)
            return disk.name[i].file;
    return -1;
}

/* Path below the root, or NULL. Files that nobody needs after a start are not followed. */
static const char *below(const char *path)
{
    if (!disk.on || strncmp(path, disk.root, disk.root_len) != 0 || path[disk.root_len] != '/')
        return NULL;
    path += disk.root_len + 1;
    return strstr(path, "lock.mdb") != NULL || strstr(path, "store.lock") != NULL ? NULL : path;
}

static const char *below_at(int dir, const char *path, char full[PATH_MAX])
{
    if (dir == AT_FDCWD || path[0] == '/')
        return below(path);
    if (file_of(dir) == NULL)
        return NULL;
    snprintf(full, PATH_MAX, "%.2000s/%.150s/%.1500s", disk.root, disk.fd[dir].path, path);
    return below(full);
}

static void note_change(struct file *f, struct change c)
{
    if (f->count == f->room) {
        f->room = f->room * 2 + 16;
        f->since = grown(f->since, f->room * sizeof *f->since);
    }
    f->since[f->count++] = c;
}

static void note_write(struct file *f, off_t at, const void *p, size_t len)
{
    struct change c = {.at = at, .len = len, .bytes = grown(NULL, len == 0 ? 1 : len)};
    memcpy(c.bytes, p, len);
    note_change(f, c);
}

static void set_length(struct file *f, size_t len)
{
    if (len > f->cap) {
        f->cap = len * 2;
        f->durable = grown(f->durable, f->cap);
    }
    if (len > f->len)
        memset(f->durable + f->len, 0, len - f->len);
    f->len = len;
}

/* `most` bytes of it. */
static void apply(struct file *f, const struct change *c, size_t most)
{
    size_t len = c->len < most ? c->len : most;
    if (c->length) {
        set_length(f, (size_t)c->at);
        return;
    }
    if ((size_t)c->at + len > f->len)
        set_length(f, (size_t)c->at + len);
    memcpy(f->durable + c->at, c->bytes, len);
}

static void about_to_sync(void)
{
    if (disk.before == NULL || disk.busy)
        return;
    disk.busy = true;
    disk.before(disk.ctx, disk.syncs++);
    disk.busy = false;
}

static void synced_file(struct file *f)
{
    if (disk.lies)
        return;
    for (size_t i = 0; i < f->count; i++) {
        apply(f, &f->since[i], SIZE_MAX);
        free(f->since[i].bytes);
    }
    f->count = 0;
}

static bool in_folder(const char *name, const char *folder)
{
    size_t len = strlen(folder);
    const char *rest = len == 0 ? name : name + len + 1;
    return (len == 0 || (strncmp(name, folder, len) == 0 && name[len] == '/')) && strchr(rest, '/') == NULL;
}

static void synced(int fd, struct file *f)
{
    if (!f->folder) {
        synced_file(f);
        return;
    }
    for (int i = 0; i < disk.names && !disk.lies; i++)
        if (in_folder(disk.name[i].name, disk.fd[fd].path))
            disk.name[i].durable = true;
}

/* ---- the calls ---- */

static void note_open(int fd, const char *name, int flags)
{
    if (fd < 0 || name == NULL)
        return;
    int file = name[0] == '\0' ? -1 : lookup(name);
    if (file < 0) {
        struct stat st;
        if (fstat(fd, &st) != 0 || fd >= FDS)
            die("too many descriptors");
        file = new_file(S_ISDIR(st.st_mode));
        if (name[0] != '\0')
            note_name(name, file);
    }
    if ((flags & O_TRUNC) != 0)
        note_change(&disk.file[file], (struct change){.length = true});
    disk.fd[fd].file = file + 1;
    disk.fd[fd].dsync = (flags & O_DSYNC) != 0;
    snprintf(disk.fd[fd].path, sizeof disk.fd[fd].path, "%s", name);
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (disk.on && strcmp(path, disk.root) == 0)
        note_open(fd, "", flags);
    else
        note_open(fd, below(path), flags);
    return fd;
}

int openat(int dir, const char *path, int flags, ...)
{
    char full[PATH_MAX];
    va_list ap;
    va_start(ap, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    note_open(fd, below_at(dir, path, full), flags);
    return fd;
}

/* As fortified headers call them without a mode. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open(path, flags);
}
int __openat_2(int dir, const char *path, int flags);
int __openat_2(int dir, const char *path, int flags)
{
    return openat(dir, path, flags);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS)
        disk.fd[fd].file = 0;
    return (int)syscall(SYS_close, fd);
}

static void wrote(int fd, struct file *f, off_t at, const void *p, ssize_t len)
{
    if (f == NULL || len <= 0)
        return;
    note_write(f, at, p, (size_t)len);
    if (disk.fd[fd].dsync) {
        about_to_sync(); /* it may have been cut while it was on its way */
        synced_file(f);
    }
}

ssize_t write(int fd, const void *p, size_t len)
{
    struct file *f = file_of(fd);
    off_t at = f == NULL ? 0 : (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    ssize_t n = syscall(SYS_write, fd, p, len);
    wrote(fd, f, at, p, n);
    return n;
}

ssize_t pwrite(int fd, const void *p, size_t len, off_t at)
{
    ssize_t n = syscall(SYS_pwrite64, fd, p, len, at);
    wrote(fd, file_of(fd), at, p, n);
    return n;
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
    struct file *f = file_of(fd);
    off_t at = f == NULL ? 0 : (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    ssize_t n = syscall(SYS_writev, fd, iov, count);
    for (ssize_t i = 0, left = n; f != NULL && i < count && left > 0; i++) {
        ssize_t len = left < (ssize_t)iov[i].iov_len ? left : (ssize_t)iov[i].iov_len;
        wrote(fd, f, at, iov[i].iov_base, len); /* each page for itself */
        at += len;
        left -= len;
    }
    return n;
}

static int any_sync(int fd, long call)
{
    struct file *f = file_of(fd);
    if (f != NULL)
        about_to_sync();
    int rc = (int)syscall(call, fd);
    if (f != NULL && rc == 0)
        synced(fd, f);
    return rc;
}

int fsync(int fd)
{
    return any_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return any_sync(fd, SYS_fdatasync);
}

int ftruncate(int fd, off_t len)
{
    struct file *f = file_of(fd);
    int rc = (int)syscall(SYS_ftruncate, fd, len);
    if (f != NULL && rc == 0)
        note_change(f, (struct change){.length = true, .at = len});
    return rc;
}

int truncate(const char *path, off_t len)
{
    const char *name = below(path);
    int rc = (int)syscall(SYS_truncate, path, len);
    if (name != NULL && rc == 0)
        note_change(&disk.file[lookup(name)], (struct change){.length = true, .at = len});
    return rc;
}

static void note_rename(const char *from, const char *to)
{
    int file = lookup(from);
    char under[PATH_MAX];
    size_t len = strlen(from);
    note_name(to, file)->with_next = true;
    /* What is in a folder goes along. */
    for (int i = 0, n = disk.names; i < n; i++)
        if (strncmp(disk.name[i].name, from, len) == 0 && disk.name[i].name[len] == '/' &&
            lookup(disk.name[i].name) >= 0) {
            snprintf(under, sizeof under, "%s%s", to, disk.name[i].name + len);
            note_name(under, lookup(disk.name[i].name))->with_next = true;
            note_name(disk.name[i].name, -1)->with_next = true;
        }
    note_name(from, -1);
}

int renameat(int a, const char *from, int b, const char *to)
{
    char fa[PATH_MAX], fb[PATH_MAX];
    const char *na = below_at(a, from, fa), *nb = below_at(b, to, fb);
    int rc = (int)syscall(SYS_renameat, a, from, b, to);
    if (rc == 0 && na != NULL && nb != NULL)
        note_rename(na, nb);
    return rc;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
    char fa[PATH_MAX], fb[PATH_MAX];
    const char *na = below_at(a, from, fa), *nb = below_at(b, to, fb);
    int rc = (int)syscall(SYS_linkat, a, from, b, to, flags);
    if (rc == 0 && na != NULL && nb != NULL)
        note_name(nb, lookup(na));
    return rc;
}

int unlinkat(int dir, const char *path, int flags)
{
    char full[PATH_MAX];
    const char *name = below_at(dir, path, full);
    int rc = (int)syscall(SYS_unlinkat, dir, path, flags);
    if (rc == 0 && name != NULL)
        note_name(name, -1);
    return rc;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int mkdir(const char *path, mode_t mode)
{
    const char *name = below(path);
    int rc = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (rc == 0 && name != NULL)
        note_name(name, new_file(true));
    return rc;
}

/* A power cut leaves every file where it was: the same inode, whatever this copy of the disk says. */
int stat(const char *restrict path, struct stat *restrict st)
{
    int rc = (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
    const char *last = strrchr(path, '/');
    if (rc == 0 && last != NULL && strcmp(last, "/data.mdb") == 0) {
        st->st_ino = 4711;
        st->st_dev = 1;
    }
    return rc;
}

/* ---- the beginning, and the cut ---- */

static void take_in(const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%.2000s%s%.1500s", disk.root, name[0] == '\0' ? "" : "/", name);
    if (stat(path, &st) != 0)
        die("a file went away");
    int file = new_file(S_ISDIR(st.st_mode));
    if (name[0] != '\0')
        note_name(name, file)->durable = true;
    if (S_ISDIR(st.st_mode)) {
        DIR *d = opendir(path);
        if (d == NULL)
            die("a folder cannot be read");
        for (struct dirent *e; (e = readdir(d)) != NULL;) {
            char sub[PATH_MAX], full[PATH_MAX];
            snprintf(sub, sizeof sub, "%.2000s%s%s", name, name[0] == '\0' ? "" : "/", e->d_name);
            snprintf(full, sizeof full, "%.2000s/%.2000s", disk.root, sub);
            if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && below(full) != NULL)
                take_in(sub);
        }
        closedir(d);
        return;
    }
    FILE *f = fopen(path, "rb");
    set_length(&disk.file[file], (size_t)st.st_size);
    if (f == NULL || fread(disk.file[file].durable, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
        die("a file cannot be read");
    fclose(f);
}

void disk_watch(const char *root, disk_sync *before, void *ctx)
{
    snprintf(disk.root, sizeof disk.root, "%s", root);
    disk.root_len = strlen(root);
    disk.on = true;
    disk.before = before;
    disk.ctx = ctx;
    take_in("");
}

void disk_lie(void)
{
    disk.lies = true;
}

void disk_forget(void)
{
    disk.on = false;
}

uint64_t disk_syncs(void)
{
    return disk.syncs;
}

/* Into the durable content, as far as the case asks for. */
static void settle_file(struct file *f, enum disk_kept kept, struct dp_rng *rng)
{
    if (kept == DISK_SYNCED)
        return;
    for (size_t i = 0; kept == DISK_SOME && i + 1 < f->count; i++) { /* shuffle */
        size_t k = i + (size_t)dp_rng_below(rng, f->count - i);
        struct change c = f->since[i];
        f->since[i] = f->since[k];
        f->since[k] = c;
    }
    for (size_t i = 0; i < f->count; i++) {
        if (kept == DISK_SOME && dp_rng_chance(rng, 1, 2))
            continue;
        bool torn = kept == DISK_SOME && dp_rng_chance(rng, 1, 6);
        size_t sectors = (f->since[i].len + SECTOR - 1) / SECTOR;
        apply(f, &f->since[i], torn ? (size_t)dp_rng_below(rng, sectors + 1) * SECTOR : SIZE_MAX);
    }
}

static void lay_file(const char *to, const char *name, const struct file *f)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.2000s/%.2000s", to, name);
    if (f->folder) {
        if (mkdir(path, 0700) != 0)
            die("no folder");
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || (f->len > 0 && write(fd, f->durable, f->len) != (ssize_t)f->len) || close(fd) != 0)
        die("a file cannot be laid out");
}

void disk_lay(const char *to, enum disk_kept kept, uint64_t seed)
{
    struct dp_rng rng;
    int last = disk.names;
    dp_rng_seed(&rng, seed);
    disk_forget();
    for (int i = 0; i < disk.files; i++)
        settle_file(&disk.file[i], kept, &rng);
    /* Names come in order: up to the last durable one, and as far beyond as they got. */
    if (kept != DISK_ALL) {
        while (last > 0 && !disk.name[last - 1].durable)
            last--;
        if (kept == DISK_SOME)
            last += (int)dp_rng_below(&rng, (uint64_t)(disk.names - last) + 1);
        while (last > 0 && last < disk.names && disk.name[last - 1].with_next)
            last--; /* a rename is one step */
        if (last == 0)
            die("no name was ever durable");
    }
    if (mkdir(to, 0700) != 0)
        die("no folder for the image");
    disk.names = last;
    for (int i = 0; i < last; i++) {
        bool first = true;
        for (int k = 0; k < i; k++)
            first = first && strcmp(disk.name[k].name, disk.name[i].name) != 0;
        int file = lookup(disk.name[i].name);
        if (first && file >= 0)
            lay_file(to, disk.name[i].name, &disk.file[file]);
    }
}
