/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening LMDB 0.9.24 with care. What it does not look after itself: a second opener in the
 * same process (locks are lost), a network file system, a file shorter than its pages (a
 * bus error at the first read), disk full reported as EIO.
 */
#include "store/lmdb_env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "store/crc32c.h"
#include "store/fsys.h"
#include "store/kv_lmdb.h"

#define MAP_LEAST (UINT64_C(1) << 30)
#define MAP_MOST (UINT64_C(1) << 40)
#define FULL_BELOW (UINT64_C(1) << 20) /* EIO with less free than this was a short write */

__attribute__((format(printf, 4, 5))) static enum dp_err fail(enum dp_err err, char *why, size_t why_len,
                                                              const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, why_len, fmt, ap);
    va_end(ap);
    return err;
}

/* ---- codes and checksums ---- */

static bool disk_is_full(const struct dp_lmdb_env *e)
{
    struct statvfs fs;

    return fstatvfs(e->guard_fd, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < FULL_BELOW;
}

static enum dp_err translated(const struct dp_lmdb_env *e, int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return DP_OK;
    case MDB_NOTFOUND:
        return DP_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return DP_FULL;
    case EIO: /* also a write that was cut short because the disk is full */
        return disk_is_full(e) ? DP_FULL : DP_IO;
    case ENOMEM:
        return DP_NOMEM;
    case MDB_READERS_FULL:
        return DP_AGAIN;
    case MDB_TXN_FULL:
        return DP_TOO_BIG;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
        return DP_CORRUPT;
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return DP_SCHEMA;
    case MDB_BAD_TXN:
    case MDB_BAD_DBI:
    case MDB_BAD_VALSIZE:
    case MDB_BAD_RSLOT:
    case EINVAL:
        return DP_INTERNAL;
    default: /* MDB_PANIC (good only for closing) and every other number of the system */
        return DP_IO;
    }
}

enum dp_err dp_lmdb_err(const struct dp_lmdb_env *e, int rc, const char *what)
{
    enum dp_err err = translated(e, rc);

    if (err == DP_IO || err == DP_CORRUPT || err == DP_INTERNAL)
        dp_log(DP_LOG_ERROR, "store: %s: %s", what, mdb_strerror(rc));
    return err;
}

void dp_lmdb_sum(unsigned table, const MDB_val *key, const void *val, size_t len, uint8_t out[DP_LMDB_SUM])
{
    uint8_t first[3] = {(uint8_t)table, (uint8_t)(key->mv_size >> 8), (uint8_t)key->mv_size};
    uint32_t sum = dp_crc32c(0, first, sizeof(first));

    sum = dp_crc32c(sum, key->mv_data, key->mv_size);
    sum = dp_crc32c(sum, val, len);
    for (int i = 0; i < DP_LMDB_SUM; i++)
        out[i] = (uint8_t)(sum >> (24 - 8 * i));
}

bool dp_lmdb_sum_ok(unsigned table, const MDB_val *key, const MDB_val *stored)
{
    uint8_t sum[DP_LMDB_SUM];

    if (stored->mv_size < DP_LMDB_SUM)
        return false;
    dp_lmdb_sum(table, key, stored->mv_data, stored->mv_size - DP_LMDB_SUM, sum);
    return memcmp((const uint8_t *)stored->mv_data + stored->mv_size - DP_LMDB_SUM, sum, DP_LMDB_SUM) == 0;
}

/* ---- directory, file system, one opener ---- */

static enum dp_err make_dir(const char *dir, char *why, size_t why_len)
{
    struct stat st;

    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return fail(errno == ENOSPC ? DP_FULL : DP_IO, why, why_len, "cannot make %s: %s", dir,
                    strerror(errno));
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return fail(DP_IO, why, why_len, "%s is not a directory", dir);
    return DP_OK;
}

/* The memory map and the locks of LMDB do not work over these. */
static bool is_remote(const struct statfs *fs)
{
    switch ((uint32_t)fs->f_type) {
    case 0x6969u:     /* NFS */
    case 0x517bu:     /* SMB */
    case 0xff534d42u: /* CIFS */
    case 0xfe534d42u: /* SMB 2 */
        return true;
    }
    return false;
}

/* Who holds the guard, as far as it says so. */
static enum dp_err refuse_second(int fd, const char *dir, char *why, size_t why_len)
{
    char text[16] = "";
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;

    if (pid == (long)getpid())
        return fail(DP_CONFLICT, why, why_len, "the store in %s is already open in this process", dir);
    if (pid > 0)
        return fail(DP_CONFLICT, why, why_len, "the store in %s is in use by process %ld", dir, pid);
    return fail(DP_CONFLICT, why, why_len, "the store in %s is in use by another process", dir);
}

/* The lock belongs to this open file, so that a second open in the same process meets it as well. */
static enum dp_err take_guard(struct dp_lmdb_env *e, const char *dir, char *why, size_t why_len)
{
    char path[4096];
    int fd;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, DP_KV_LMDB_GUARD) >= sizeof(path))
        return fail(DP_RANGE, why, why_len, "the path of the store is too long");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(errno == ENOSPC ? DP_FULL : DP_IO, why, why_len, "cannot open %s: %s", path,
                    strerror(errno));
    e->guard_fd = fd;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? refuse_second(fd, dir, why, why_len)
                                    : fail(DP_IO, why, why_len, "cannot lock %s: %s", path, strerror(errno));
    if (ftruncate(fd, 0) == 0)
        dprintf(fd, "%ld\n", (long)getpid()); /* for people and for refuse_second only */
    return DP_OK;
}

static enum dp_err check_file_system(struct dp_lmdb_env *e, char *why, size_t why_len)
{
    struct statfs fs;
    uint64_t total;

    if (fstatfs(e->guard_fd, &fs) != 0)
        return fail(DP_IO, why, why_len, "cannot examine the file system of %s: %s", e->dir, strerror(errno));
    if (is_remote(&fs))
        return fail(DP_CONFIG, why, why_len, "%s lies on a network file system", e->dir);
    if (e->map_size == 0) {
        total = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
        e->map_size = total < MAP_LEAST / 2 ? MAP_LEAST : total > MAP_MOST / 2 ? MAP_MOST : total * 2;
    }
    return DP_OK;
}

/* ---- the environment ---- */

/* LMDB cannot go on and would abort: a page is not made as it should be. */
static void on_assert(MDB_env *env, const char *text)
{
    (void)env;
    dp_log(DP_LOG_ERROR, "store: a page is damaged: %s; " DP_KV_LMDB_RUIN, text);
    _exit(dp_err_exit(DP_CORRUPT));
}

int dp_lmdb_env_create(const char *dir, uint64_t map_size, unsigned flags, MDB_env **out)
{
    int rc = mdb_env_create(out);

    if (rc != 0)
        return rc;
    rc = mdb_env_set_mapsize(*out, (size_t)map_size);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(*out, DP_KV_TABLES_MAX);
    if (rc == 0)
        rc = mdb_env_set_assert(*out, on_assert);
    if (rc == 0)
        rc = mdb_env_open(*out, dir, MDB_NOTLS | flags, 0600);
    return rc;
}

void dp_lmdb_table_name(unsigned table, char out[DP_LMDB_TABLE_NAME])
{
    out[0] = 't';
    out[1] = (char)('0' + table / 10);
    out[2] = (char)('0' + table % 10);
    out[3] = '\0';
}

/* All tables in one transaction, when the store is made. A table of a store that is not found later is not
 * made anew: its name is lost with a damaged page, and its records would be gone without a word (R-STO-5). */
static int open_tables(struct dp_lmdb_env *e)
{
    MDB_txn *txn;
    MDB_stat st;
    int rc = mdb_env_stat(e->env, &st);
    unsigned flags = rc == 0 && st.ms_entries == 0 ? MDB_CREATE : 0;

    if (rc == 0)
        rc = mdb_txn_begin(e->env, NULL, 0, &txn);
    for (unsigned i = 0; rc == 0 && i < DP_KV_TABLES_MAX; i++) {
        char name[DP_LMDB_TABLE_NAME];
        dp_lmdb_table_name(i, name);
        rc = mdb_dbi_open(txn, name, flags, &e->dbi[i]);
        if (rc == MDB_NOTFOUND)
            rc = MDB_CORRUPTED;
        if (rc != 0)
            mdb_txn_abort(txn);
    }
    return rc != 0 ? rc : mdb_txn_commit(txn);
}

/* Length of the data file, and the length that its pages ask for. */
static bool lengths(MDB_env *env, uint64_t *have, uint64_t *need)
{
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    int fd;

    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &st) != 0 || mdb_env_get_fd(env, &fd) != 0 ||
        fstat(fd, &file) != 0)
        return false;
    *have = (uint64_t)file.st_size;
    *need = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize;
    return true;
}

static bool set_length(const char *dir, uint64_t len)
{
    char path[DP_FSYS_PATH];

    return dp_fsys_join(path, dir, "/", DP_KV_LMDB_DATA) == DP_OK && truncate(path, (off_t)len) == 0;
}

/*
 * A file can be short in good health: pages taken from the end and given back within one
 * transaction need not be written. It is short as well after a copy that was cut off. The
 * file is made as long as it should be, which costs no space and stops the bus error, and
 * every record is read: only when one is missing was the file cut, and gets its length back.
 */
static enum dp_err mend_length(struct dp_lmdb_env *e, char *why, size_t why_len)
{
    uint64_t have = 0;
    uint64_t need = 0;

    if (!lengths(e->env, &have, &need))
        return fail(DP_IO, why, why_len, "cannot examine the store in %s", e->dir);
    if (need <= have)
        return DP_OK;
    mdb_env_close(e->env); /* no fork while it is open */
    e->env = NULL;
    if (need > e->map_size || !set_length(e->dir, need) || !dp_lmdb_is_whole(e->dir, e->map_size)) {
        (void)set_length(e->dir, have);
        return fail(DP_CORRUPT, why, why_len, "%s/%s is damaged: it was cut short by %llu bytes", e->dir,
                    DP_KV_LMDB_DATA, (unsigned long long)(need - have));
    }
    dp_log(DP_LOG_NOTICE, "store: %s was %llu bytes short; every record is there", DP_KV_LMDB_DATA,
           (unsigned long long)(need - have));
    return dp_lmdb_env_create(e->dir, e->map_size, 0, &e->env) == 0
               ? DP_OK
               : fail(DP_IO, why, why_len, "cannot open the store in %s again", e->dir);
}

static enum dp_err open_env(struct dp_lmdb_env *e, char *why, size_t why_len)
{
    enum dp_err err;
    MDB_stat st;
    int dead;
    int rc = dp_lmdb_env_create(e->dir, e->map_size, 0, &e->env);

    if (rc != 0)
        return fail(dp_lmdb_err(e, rc, "open"), why, why_len, "cannot open the store in %s: %s", e->dir,
                    mdb_strerror(rc));
    err = mend_length(e, why, why_len);
    if (err != DP_OK)
        return err;
    mdb_reader_check(e->env, &dead);
    rc = open_tables(e);
    if (rc == 0)
        rc = mdb_env_stat(e->env, &st);
    if (rc != 0)
        return fail(dp_lmdb_err(e, rc, "open"), why, why_len, "cannot open the tables of the store in %s: %s",
                    e->dir, mdb_strerror(rc));
    e->page_bytes = st.ms_psize;
    dp_lmdb_map_find(e);
    if (dp_fsys_sync_dir(e->dir) != DP_OK) /* LMDB syncs the file and not its name */
        return fail(DP_IO, why, why_len, "cannot sync the directory %s", e->dir);
    return DP_OK;
}

enum dp_err dp_lmdb_env_open(struct dp_lmdb_env *e, const char *dir, uint64_t map_size_bytes, char *why,
                             size_t why_len)
{
    enum dp_err err;

    *e = (struct dp_lmdb_env){.guard_fd = -1, .map_size = map_size_bytes};
    if (dp_fsys_join(e->dir, dir, "", "") != DP_OK)
        return fail(DP_RANGE, why, why_len, "the path of the store is too long");
    err = make_dir(dir, why, why_len);
    if (err == DP_OK)
        err = take_guard(e, dir, why, why_len);
    if (err == DP_OK)
        err = check_file_system(e, why, why_len);
    if (err == DP_OK)
        err = open_env(e, why, why_len);
    return err;
}

/*
 * LMDB gives an environment up when the last write of a commit fails. It puts the old
 * state back; if even that failed, the commit that was reported as failed is there after all, and the
 * caller's view of the store is no longer the store's: only a new start helps.
 */
enum dp_err dp_lmdb_env_reopen(struct dp_lmdb_env *e)
{
    char why[256] = "";
    MDB_envinfo info;
    enum dp_err err;

    if (e->env != NULL)
        mdb_env_close(e->env);
    e->env = NULL;
    err = open_env(e, why, sizeof(why));
    if (err == DP_OK && (mdb_env_info(e->env, &info) != 0 || info.me_last_txnid > e->last_txn))
        err = DP_IO;
    dp_log(DP_LOG_WARN, "store: opened again after a failed write: %s %s", dp_err_text(err), why);
    if (err != DP_OK && e->env != NULL) {
        mdb_env_close(e->env);
        e->env = NULL;
    }
    return err;
}

void dp_lmdb_env_close(struct dp_lmdb_env *e)
{
    if (e->env != NULL)
        mdb_env_close(e->env);
    if (e->guard_fd >= 0)
        close(e->guard_fd);
    e->env = NULL;
    e->guard_fd = -1;
}
