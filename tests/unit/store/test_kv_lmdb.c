/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the store on disk can be asked: kill, power of the disk, damage, second openers.
 * The system calls by which LMDB writes are taken over, so that they can be counted and made to fail.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lmdb_env.h"

#define MAP ((uint64_t)256 << 20)

/* ---- the system calls ---- */

static int syncs;
static int writes_until_fault; /* 0 = off */
static int fault_errno;
static bool fault_is_short; /* instead of failing, writes nothing */
static int fail_sync_errno;
static bool fail_from_sync; /* from the next sync on, writes are done and reported as failed */
static bool writes_fail;

int fdatasync(int fd)
{
    syncs++;
    writes_fail = fail_from_sync;
    if (fail_sync_errno != 0) {
        errno = fail_sync_errno;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static bool write_faults(void)
{
    if (writes_until_fault == 0 || --writes_until_fault > 0)
        return false;
    errno = fault_errno;
    return true;
}

ssize_t pwrite(int fd, const void *p, size_t len, off_t at)
{
    if (write_faults())
        return fault_is_short ? 0 : -1;
    if (writes_fail) {
        if (fail_from_sync)
            (void)!syscall(SYS_pwrite64, fd, p, len, at);
        fail_from_sync = false; /* the write that would put things right is lost */
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, p, len, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    if (write_faults())
        return fault_is_short ? 0 : -1;
    return syscall(SYS_writev, fd, v, n);
}

static void no_faults(void)
{
    writes_until_fault = 0;
    fail_sync_errno = 0;
    fault_is_short = false;
}

/* ---- files and openers ---- */

static void mode_is(const char *path, mode_t want)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, want);
}

static void files_are_private(void **state)
{
    struct scratch *s = *state;
    mode_t was = umask(0);
    struct dp_kv *kv = scratch_open(s, MAP);
    char path[160];

    mode_is(s->store, 0700);
    scratch_path(s, "store/data.mdb", path);
    mode_is(path, 0600);
    scratch_path(s, "store/lock.mdb", path);
    mode_is(path, 0600);
    scratch_path(s, "store/store.lock", path);
    mode_is(path, 0600);
    scratch_path(s, "backup", path);
    assert_int_equal(kv->ops->backup(kv, path), DP_OK);
    mode_is(path, 0600);
    kv->ops->close(&kv);
    umask(was);
}

static void second_open_is_refused(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = scratch_open(s, MAP);
    struct dp_kv *second = NULL;
    int status = 0;
    pid_t pid;

    assert_int_equal(dp_kv_lmdb_open(s->store, MAP, &second, s->why, sizeof(s->why)), DP_CONFLICT);
    assert_null(second);
    assert_non_null(strstr(s->why, "already open in this process"));
    pid = fork();
    if (pid == 0)
        _exit(dp_kv_lmdb_open(s->store, MAP, &second, s->why, sizeof(s->why)) == DP_CONFLICT &&
                      strstr(s->why, "in use by process") != NULL
                  ? 0
                  : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(scratch_put(kv, 0, 1, dp_slice_str("still works")), DP_OK);
    kv->ops->close(&kv);
    kv = scratch_open(s, MAP); /* and the lock goes with the close */
    assert_int_equal(scratch_get(kv, 0, 1), DP_OK);
    kv->ops->close(&kv);
}

static void a_place_that_cannot_be(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = NULL;
    char path[160];

    scratch_path(s, "absent/store", path);
    assert_int_equal(dp_kv_lmdb_open(path, MAP, &kv, s->why, sizeof(s->why)), DP_IO);
    assert_non_null(strstr(s->why, "cannot make"));
    assert_int_equal(dp_kv_lmdb_open("/dev/null", MAP, &kv, s->why, sizeof(s->why)), DP_IO);
    assert_non_null(strstr(s->why, "not a directory"));
    assert_null(kv);
}

static void the_map_is_larger_than_the_disk_by_default(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = scratch_open(s, 0);
    struct dp_kv_stat st = scratch_stat(kv);

    assert_true(st.disk_total > 0 && st.disk_free > 0 && st.disk_free <= st.disk_total);
    assert_true(st.disk_bytes > 0);
    kv->ops->close(&kv);
}

/* ---- commits ---- */

static void a_commit_without_writes_costs_no_sync(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = scratch_open(s, MAP);

    assert_int_equal(scratch_put(kv, 0, 1, dp_slice_str("v")), DP_OK);
    syncs = 0;
    assert_int_equal(kv->ops->commit(scratch_begin(kv, true)), DP_OK);
    assert_int_equal(scratch_del(kv, 0, 99), DP_OK); /* absent */
    assert_int_equal(syncs, 0);
    assert_int_equal(scratch_put(kv, 0, 2, dp_slice_str("v")), DP_OK);
    assert_int_equal(syncs, 1);
    kv->ops->close(&kv);
    syncs = 0;
    kv = scratch_open(s, MAP); /* nor does opening what is there */
    assert_int_equal(syncs, 0);
    kv->ops->close(&kv);
}

/* R-STO-1: whatever call fails, the commit says so, nothing has changed, and it can be done again. */
static void a_commit_that_fails_changes_nothing(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = scratch_open(s, MAP);
    uint8_t val[600] = {0};
    uint32_t failed = 0;

    assert_int_equal(scratch_put(kv, 0, 1, dp_slice_str("v")), DP_OK);
    for (int n = 1; n < 20; n++) {
        enum dp_err err;
        writes_until_fault = n;
        fault_errno = ENOSPC;
        err = scratch_put(kv, 0, 100 + (uint32_t)n, dp_slice_of(val, sizeof(val)));
        no_faults();
        failed += err != DP_OK;
        assert_true(err == DP_OK || err == DP_FULL);
        assert_int_equal(scratch_get(kv, 0, 100 + (uint32_t)n), err == DP_OK ? DP_OK : DP_NOT_FOUND);
        assert_int_equal(scratch_get(kv, 0, 1), DP_OK);
        if (err == DP_OK)
            break;
    }
    assert_true(failed >= 2);
    assert_non_null(strstr(s->log, "opened again")); /* LMDB had given up */
    fail_sync_errno = EIO;
    assert_int_equal(scratch_put(kv, 0, 200, dp_slice_str("v")), DP_IO);
    no_faults();
    assert_int_equal(scratch_get(kv, 0, 200), DP_NOT_FOUND);
    assert_int_equal(scratch_put(kv, 0, 200, dp_slice_str("v")), DP_OK);
    assert_non_null(strstr(s->log, "commit"));
    kv->ops->close(&kv);
    kv = scratch_open(s, MAP);
    assert_int_equal(scratch_get(kv, 0, 200), DP_OK);
    kv->ops->close(&kv);
}

/* The last write of a commit failed, and so did putting the old state back: what is on disk is not known
 * here. */
static void an_uncertain_commit_stops_the_store(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = scratch_open(s, MAP);
    struct dp_kv_txn *t = NULL;

    fail_from_sync = true;
    assert_int_equal(scratch_put(kv, 0, 1, dp_slice_str("v")), DP_IO);
    fail_from_sync = false;
    writes_fail = false;
    assert_int_equal(kv->ops->begin(kv, true, &t), DP_IO);
    assert_int_equal(kv->ops->begin(kv, false, &t), DP_IO);
    kv->ops->tidy(kv);
    kv->ops->close(&kv);
    kv = scratch_open(s, MAP);
    assert_int_equal(scratch_get(kv, 0, 1), DP_OK); /* this time it was there */
    kv->ops->close(&kv);
}

/* LMDB calls every short write EIO; only a full disk makes it DP_FULL. */
static void a_short_write_on_a_disk_with_room_is_an_io_error(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = scratch_open(s, MAP);

    writes_until_fault = 1;
    fault_is_short = true;
    assert_int_equal(scratch_put(kv, 0, 1, dp_slice_str("v")), DP_IO);
    no_faults();
    assert_int_equal(scratch_put(kv, 0, 1, dp_slice_str("v")), DP_OK);
    kv->ops->close(&kv);
}

static void a_full_map_sticks_and_passes(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = scratch_open(s, (uint64_t)2 << 20);
    struct dp_kv_txn *t;
    uint8_t val[3000] = {1};
    uint32_t n = 0;

    while (scratch_put(kv, 0, n, dp_slice_of(val, sizeof(val))) == DP_OK && n < 2000)
        n++;
    assert_in_range(n, 100, 700);
    assert_int_equal(scratch_get(kv, 0, n), DP_NOT_FOUND);
    t = scratch_begin(kv, true);
    for (uint32_t i = 0; i < 700 && kv->ops->error(t) == DP_OK; i++)
        kv->ops->put(t, 1, dp_slice_of(&i, sizeof(i)), dp_slice_of(val, sizeof(val)));
    assert_int_equal(kv->ops->error(t), DP_FULL);
    kv->ops->del(t, 0, dp_slice_of(val, 1));
    assert_int_equal(kv->ops->commit(t), DP_FULL);
    for (uint32_t i = 0; i < n / 2; i++)
        assert_int_equal(scratch_del(kv, 0, i), DP_OK);
    assert_int_equal(scratch_put(kv, 0, n, dp_slice_of(val, sizeof(val))), DP_OK);
    kv->ops->close(&kv);
}

/* ---- a disk that is really full, in a mount namespace of its own ---- */

/* 0 passed, 77 not permitted here, else the line that failed. */
#define CHECK(x)                                                                                             \
    do {                                                                                                     \
        if (!(x))                                                                                            \
            _exit(__LINE__ % 64 + 1);                                                                        \
    } while (0)

/* Puts until one fails; returns how many went in. */
static uint32_t put_until(struct dp_kv *kv, unsigned table, const uint8_t *val, size_t len, enum dp_err want)
{
    uint32_t n = 0;
    enum dp_err err;

    while ((err = scratch_put(kv, table, n, dp_slice_of(val, len))) == DP_OK && n < 5000)
        n++;
    CHECK(err == want);
    CHECK(scratch_get(kv, table, n) == DP_NOT_FOUND);
    CHECK(n > 0 && scratch_get(kv, table, n - 1) == DP_OK);
    return n;
}

static void fill_a_small_disk(struct scratch *s)
{
    static uint8_t val[150000];
    struct dp_kv *kv = NULL;
    uint32_t large, small;
    char path[160];
    int fd;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        _exit(77);
    scratch_path(s, "small", path);
    CHECK(mkdir(path, 0700) == 0);
    if (mount("tmpfs", path, "tmpfs", 0, "size=6m") != 0)
        _exit(77);
    snprintf(s->store, sizeof(s->store), "%s/small/store", s->dir);
    scratch_path(s, "small/ballast", path);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    CHECK(posix_fallocate(fd, 0, 2 << 20) == 0);
    CHECK(dp_kv_lmdb_open(s->store, MAP, &kv, s->why, sizeof(s->why)) == DP_OK);
    /* R-STO-4 rests on a full disk being told from a broken one: a write cut short, and one refused. */
    large = put_until(kv, 0, val, sizeof(val), DP_FULL);
    small = put_until(kv, 1, val, 2000, DP_FULL);
    kv->ops->tidy(kv);
    CHECK(unlink(path) == 0 && close(fd) == 0);
    CHECK(scratch_put(kv, 0, large, dp_slice_of(val, sizeof(val))) == DP_OK);
    kv->ops->close(&kv);
    CHECK(dp_kv_lmdb_open(s->store, MAP, &kv, s->why, sizeof(s->why)) == DP_OK);
    CHECK(scratch_stat(kv).entries == large + 1 + small);
    kv->ops->close(&kv);
    _exit(0);
}

static void a_full_disk_passes(void **state)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        fill_a_small_disk(*state);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("not permitted to mount here: skipped\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- kill ---- */

/* Commit after commit, each told by one byte once it has returned. */
static void commit_for_ever(struct scratch *s, uint32_t first, int out)
{
    struct dp_kv *kv = scratch_open(s, MAP);
    uint8_t val[900] = {3};

    for (uint32_t n = first;; n++) {
        if (scratch_put(kv, n % 5, n, dp_slice_of(val, 1 + n % sizeof(val))) != DP_OK ||
            write(out, "", 1) != 1)
            _exit(1);
    }
}

static uint32_t drain(int fd, uint32_t until)
{
    uint32_t n = 0;
    char c;

    while (n < until && read(fd, &c, 1) == 1)
        n++;
    return n;
}

/* N1: what was acknowledged is there, in order and whole. */
static void killed_while_committing(void **state)
{
    struct scratch *s = *state;
    uint32_t first = 0;

    for (uint32_t round = 0; round < 8; round++) {
        uint32_t acked, i;
        struct dp_kv *kv;
        int p[2], status;
        pid_t pid;

        assert_int_equal(pipe(p), 0);
        pid = fork();
        if (pid == 0) {
            close(p[0]);
            commit_for_ever(s, first, p[1]);
        }
        close(p[1]);
        acked = drain(p[0], 20 + 37 * round);
        kill(pid, SIGKILL);
        acked += drain(p[0], UINT32_MAX);
        close(p[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        kv = scratch_open(s, MAP);
        for (i = first; scratch_get(kv, i % 5, i) == DP_OK; i++)
            ;
        assert_in_range(i, first + acked, first + acked + 1);
        assert_int_equal(scratch_stat(kv).entries, i);
        first = i;
        kv->ops->close(&kv);
    }
}

/* A reader in another process, as a diagnostic tool of LMDB would be. Says when it reads, then waits to be
 * killed. */
static void read_raw_and_wait(const char *dir, int out)
{
    MDB_env *env;
    MDB_txn *txn;

    if (mdb_env_create(&env) != 0 || mdb_env_open(env, dir, MDB_RDONLY, 0600) != 0 ||
        mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 || write(out, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static uint64_t growth_by_overwriting(struct dp_kv *kv)
{
    uint8_t val[50000] = {0};
    uint64_t before = scratch_stat(kv).disk_bytes;

    for (int i = 0; i < 60; i++)
        assert_int_equal(scratch_put(kv, 0, 1, dp_slice_of(val, sizeof(val))), DP_OK);
    return scratch_stat(kv).disk_bytes - before;
}

static void tidy_clears_a_dead_reader(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv;
    int p[2], status;
    char c;
    pid_t pid;

    kv = scratch_open(s, MAP);
    kv->ops->close(&kv);
    assert_int_equal(pipe(p), 0);
    pid = fork();
    if (pid == 0)
        read_raw_and_wait(s->store, p[1]);
    assert_int_equal(read(p[0], &c, 1), 1);
    kv = scratch_open(s, MAP);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(p[0]);
    close(p[1]);
    assert_true(growth_by_overwriting(kv) > 2000000); /* no page is used again */
    kv->ops->tidy(kv);
    assert_non_null(strstr(s->log, "cleared 1 readers"));
    growth_by_overwriting(kv);
    assert_true(growth_by_overwriting(kv) < 500000);
    kv->ops->close(&kv);
}

/* ---- damage ---- */

static void fill(struct scratch *s, uint32_t n)
{
    struct dp_kv *kv = scratch_open(s, MAP);
    struct dp_kv_txn *t = scratch_begin(kv, true);
    char val[300];

    for (uint32_t i = 0; i < n; i++) {
        uint8_t key[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        memset(val, 'a' + (int)(i % 26), sizeof(val));
        snprintf(val, sizeof(val), "<record %06u>", (unsigned)i);
        kv->ops->put(t, 0, dp_slice_of(key, sizeof(key)), dp_slice_of(val, sizeof(val)));
    }
    assert_int_equal(kv->ops->commit(t), DP_OK);
    kv->ops->close(&kv);
}

static off_t data_bytes(const struct scratch *s)
{
    char path[160];
    struct stat st;

    scratch_path(s, "store/data.mdb", path);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void cut_data(const struct scratch *s, off_t len)
{
    char path[160];

    scratch_path(s, "store/data.mdb", path);
    assert_int_equal(truncate(path, len), 0);
}

/* A copy that was cut off at any length is refused, without a bus error. */
static void a_short_file_is_refused(void **state)
{
    struct scratch *s = *state;
    off_t len;

    fill(s, 5000);
    len = data_bytes(s);
    for (int part = 9; part > 0; part--) {
        struct dp_kv *kv = NULL;
        cut_data(s, len * part / 10 + part * 100);
        assert_int_equal(dp_kv_lmdb_open(s->store, MAP, &kv, s->why, sizeof(s->why)), DP_CORRUPT);
        assert_null(kv);
        assert_non_null(strstr(s->why, "cut short"));
        assert_int_equal(data_bytes(s), len * part / 10 + part * 100); /* and is refused again */
    }
    cut_data(s, 4150); /* not even the second head */
    {
        struct dp_kv *kv = NULL;
        assert_int_equal(dp_kv_lmdb_open(s->store, MAP, &kv, s->why, sizeof(s->why)), DP_CORRUPT);
        assert_non_null(strstr(s->why, "cannot open"));
    }
}

/* What is missing at the end are pages that hold nothing. */
static void a_file_short_in_good_health_opens(void **state)
{
    struct scratch *s = *state;
    uint8_t *big = calloc(1, 1 << 20);
    struct dp_kv *kv;

    fill(s, 1000);
    kv = scratch_open(s, MAP);
    assert_int_equal(scratch_put(kv, 1, 0, dp_slice_of(big, 1 << 20)), DP_OK);
    assert_int_equal(scratch_del(kv, 1, 0), DP_OK);
    for (uint32_t i = 1; i < 10; i++) /* what is in use moves to the front */
        assert_int_equal(scratch_put(kv, 1, i % 2, dp_slice_str("v")), DP_OK);
    kv->ops->close(&kv);
    free(big);
    s->log[0] = '\0';
    cut_data(s, data_bytes(s) - 50 * 4096);
    kv = scratch_open(s, MAP);
    assert_non_null(strstr(s->log, "every record is there"));
    assert_int_equal(scratch_get(kv, 0, 999), DP_OK);
    assert_int_equal(scratch_stat(kv).entries, 1002);
    for (uint32_t i = 0; i < 500; i++)
        assert_int_equal(scratch_put(kv, 1, i, dp_slice_str("into the space that was missing")), DP_OK);
    kv->ops->close(&kv);
}

/* Overwrite the first occurrence of `what` in the file, at `skip` bytes from its start. */
static void scribble(const struct scratch *s, const char *what, size_t skip, const char *with)
{
    size_t len = (size_t)data_bytes(s);
    char *all = malloc(len);
    char path[160];
    char *at;
    int fd;

    scratch_path(s, "store/data.mdb", path);
    fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, all, len, 0), (ssize_t)len);
    at = memmem(all, len, what, strlen(what));
    assert_non_null(at);
    assert_int_equal(pwrite(fd, with, strlen(with), at - all + (off_t)skip), (ssize_t)strlen(with));
    close(fd);
    free(all);
}

/* R-STO-5 */
static void a_damaged_record_is_named_and_not_served(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv;
    struct dp_kv_txn *t;
    struct dp_kv_cur *c = NULL;
    struct dp_slice k, v;
    enum dp_err err;
    uint32_t n = 0;
    char path[160];

    fill(s, 200);
    scribble(s, "<record 000123>", 3, "X");
    kv = scratch_open(s, MAP);
    assert_int_equal(scratch_get(kv, 0, 122), DP_OK);
    assert_int_equal(scratch_get(kv, 0, 123), DP_CORRUPT);
    assert_non_null(strstr(s->log, "damaged record: table 0 key 0000007b"));
    assert_int_equal(scratch_get(kv, 0, 124), DP_OK);
    t = scratch_begin(kv, false);
    assert_int_equal(kv->ops->cur_open(t, 0, &c), DP_OK);
    while ((err = kv->ops->cur_next(c, &k, &v)) == DP_OK)
        n++;
    assert_int_equal(err, DP_CORRUPT);
    assert_int_equal(n, 123);
    kv->ops->cur_close(c);
    assert_int_equal(kv->ops->commit(t), DP_CORRUPT);
    scratch_path(s, "backup", path); /* nor does it go into a backup */
    assert_int_equal(kv->ops->backup(kv, path), DP_CORRUPT);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(scratch_put(kv, 0, 123, dp_slice_str("mended")), DP_OK);
    assert_int_equal(kv->ops->backup(kv, path), DP_OK);
    kv->ops->close(&kv);
}

static void a_file_that_is_no_store(void **state)
{
    struct scratch *s = *state;
    struct dp_kv *kv = NULL;
    char path[160];
    FILE *f;

    assert_int_equal(mkdir(s->store, 0700), 0);
    scratch_path(s, "store/data.mdb", path);
    f = fopen(path, "w");
    for (int i = 0; i < 5000; i++)
        fputs("this is not it ", f);
    fclose(f);
    assert_int_equal(dp_kv_lmdb_open(s->store, MAP, &kv, s->why, sizeof(s->why)), DP_CORRUPT);
    assert_null(kv);
    assert_non_null(strstr(s->why, "cannot open the store"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(files_are_private),
        T(second_open_is_refused),
        T(a_place_that_cannot_be),
        T(the_map_is_larger_than_the_disk_by_default),
        T(a_commit_without_writes_costs_no_sync),
        T(a_commit_that_fails_changes_nothing),
        T(an_uncertain_commit_stops_the_store),
        T(a_short_write_on_a_disk_with_room_is_an_io_error),
        T(a_full_map_sticks_and_passes),
        T(a_full_disk_passes),
        T(killed_while_committing),
        T(tidy_clears_a_dead_reader),
        T(a_short_file_is_refused),
        T(a_file_short_in_good_health_opens),
        T(a_damaged_record_is_named_and_not_served),
        T(a_file_that_is_no_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
