/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked around the daemon with --wrap: what its own code calls outside itself goes through here, and one
 * call of a run fails as the world would make it fail. See fault.h.
 */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

static struct fault_page *page;
extern const char __executable_start; /* of the linker */

__attribute__((constructor)) static void map_page(void)
{
    const char *path = getenv("DAIPAO_FAULT_PAGE");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED)
        _exit(126);
    for (unsigned i = 0; i < FAULT_CLASSES; i++)
        atomic_store(&page->calls[i], 0);
}

static bool fires(enum fault_class c, const char *where)
{
    if (page == NULL)
        return false;
    uint64_t n = atomic_fetch_add(&page->calls[c], 1) + 1;
    if (atomic_load(&page->what) != c || n != atomic_load(&page->at))
        return false;
    atomic_fetch_add(&page->fired, 1);
    strncpy(page->where, where, sizeof page->where - 1);
    return true;
}

/* Another of these at every firing. */
static int one_of(const int *codes, unsigned count)
{
    return codes[atomic_load(&page->fired) % count];
}

/* ---- the store ---- */

static int write_code(void)
{
    static const int codes[] = {ENOSPC, EIO, MDB_MAP_FULL, ENOMEM};
    return one_of(codes, 4);
}

static int read_code(void)
{
    static const int codes[] = {EIO, MDB_CORRUPTED, ENOMEM, MDB_PAGE_NOTFOUND};
    return one_of(codes, 4);
}

#define STORE(name, params, args, code)                                                                      \
    int __real_##name params;                                                                                \
    int __wrap_##name params;                                                                                \
    int __wrap_##name params                                                                                 \
    {                                                                                                        \
        return fires(FAULT_STORE, #name) ? code : __real_##name args;                                        \
    }

STORE(mdb_env_open, (MDB_env * e, const char *path, unsigned flags, mdb_mode_t mode), (e, path, flags, mode),
      read_code())
STORE(mdb_txn_renew, (MDB_txn * t), (t), MDB_READERS_FULL)
STORE(mdb_dbi_open, (MDB_txn * t, const char *name, unsigned flags, MDB_dbi *out), (t, name, flags, out),
      read_code())
STORE(mdb_get, (MDB_txn * t, MDB_dbi i, MDB_val *k, MDB_val *v), (t, i, k, v), read_code())
STORE(mdb_put, (MDB_txn * t, MDB_dbi i, MDB_val *k, MDB_val *v, unsigned f), (t, i, k, v, f), write_code())
STORE(mdb_del, (MDB_txn * t, MDB_dbi i, MDB_val *k, MDB_val *v), (t, i, k, v), write_code())
STORE(mdb_stat, (MDB_txn * t, MDB_dbi i, MDB_stat *out), (t, i, out), read_code())
STORE(mdb_cursor_open, (MDB_txn * t, MDB_dbi i, MDB_cursor **out), (t, i, out), ENOMEM)
STORE(mdb_cursor_renew, (MDB_txn * t, MDB_cursor *c), (t, c), EINVAL)
STORE(mdb_cursor_get, (MDB_cursor * c, MDB_val *k, MDB_val *v, MDB_cursor_op op), (c, k, v, op), read_code())
STORE(mdb_reader_check, (MDB_env * e, int *dead), (e, dead), EIO)

int __real_mdb_txn_begin(MDB_env *e, MDB_txn *parent, unsigned flags, MDB_txn **out);
int __wrap_mdb_txn_begin(MDB_env *e, MDB_txn *parent, unsigned flags, MDB_txn **out);
int __wrap_mdb_txn_begin(MDB_env *e, MDB_txn *parent, unsigned flags, MDB_txn **out)
{
    bool fails = fires(FAULT_STORE, "mdb_txn_begin");
    if (fires(FAULT_BEGIN, "mdb_txn_begin") || fails)
        return read_code();
    return __real_mdb_txn_begin(e, parent, flags, out);
}

int __real_mdb_txn_commit(MDB_txn *t);
int __wrap_mdb_txn_commit(MDB_txn *t);
int __wrap_mdb_txn_commit(MDB_txn *t)
{
    if (fires(FAULT_STORE, "mdb_txn_commit")) {
        mdb_txn_abort(t); /* a commit that fails frees its transaction */
        return write_code();
    }
    if (fires(FAULT_BEFORE, "before the commit"))
        raise(SIGKILL);
    int rc = __real_mdb_txn_commit(t);
    if (fires(FAULT_AFTER, "after the commit"))
        raise(SIGKILL);
    return rc;
}

/* ---- files ---- */

static int file_fails(void)
{
    static const int codes[] = {ENOSPC, EIO, EMFILE};
    errno = one_of(codes, 3);
    return -1;
}

#define FILE_CALL(result, name, params, args)                                                                \
    result __real_##name params;                                                                             \
    result __wrap_##name params;                                                                             \
    result __wrap_##name params                                                                              \
    {                                                                                                        \
        return fires(FAULT_FILE, #name) ? file_fails() : __real_##name args;                                 \
    }

FILE_CALL(ssize_t, write, (int fd, const void *p, size_t len), (fd, p, len))
FILE_CALL(int, fsync, (int fd), (fd))
FILE_CALL(int, rename, (const char *from, const char *to), (from, to))
FILE_CALL(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
FILE_CALL(int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
FILE_CALL(int, unlink, (const char *path), (path))
FILE_CALL(int, ftruncate, (int fd, off_t len), (fd, len))
FILE_CALL(int, stat, (const char *path, struct stat *out), (path, out))
FILE_CALL(int, fstat, (int fd, struct stat *out), (fd, out))

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode)
{
    return fires(FAULT_FILE, "open") ? file_fails() : __real_open(path, flags, mode);
}

int __real_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode)
{
    return fires(FAULT_FILE, "openat") ? file_fails() : __real_openat(dir, path, flags, mode);
}

/* ---- sending ---- */

int __real_zmq_send(void *socket, const void *p, size_t len, int flags);
int __wrap_zmq_send(void *socket, const void *p, size_t len, int flags);
int __wrap_zmq_send(void *socket, const void *p, size_t len, int flags)
{
    static bool inside; /* what follows the first part of a message always goes */
    bool first = !inside;
    inside = (flags & ZMQ_SNDMORE) != 0;
    if (first && (flags & ZMQ_DONTWAIT) != 0 && fires(FAULT_SEND, "zmq_send")) {
        inside = false;
        /* Only a socket that names the receiver can miss it. */
        errno = (flags & ZMQ_SNDMORE) != 0 && atomic_load(&page->fired) % 2 == 0 ? EHOSTUNREACH : EAGAIN;
        return -1;
    }
    return __real_zmq_send(socket, p, len, flags);
}

/* ---- the heap ---- */

/* Named with the place that asked, for addr2line. */
static bool heap_fails(size_t bytes, const char *what, const char *caller)
{
    char where[sizeof page->where];
    snprintf(where, sizeof where, "%s, 0x%tx", what, caller - &__executable_start);
    if (bytes > FAULT_SMALL_BYTES || !fires(FAULT_HEAP, where))
        return false;
    errno = ENOMEM;
    return true;
}

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    return heap_fails(bytes, "malloc", __builtin_return_address(0)) ? NULL : __real_malloc(bytes);
}

void *__real_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes)
{
    return heap_fails(n * bytes, "calloc", __builtin_return_address(0)) ? NULL : __real_calloc(n, bytes);
}

void *__real_realloc(void *p, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes)
{
    return heap_fails(bytes, "realloc", __builtin_return_address(0)) ? NULL : __real_realloc(p, bytes);
}
