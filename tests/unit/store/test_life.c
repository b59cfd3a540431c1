/* SPDX-License-Identifier: Apache-2.0 */
/* R-STO-3: each way in which a store and its life file can disagree, and the crashes after which they must
 * not. */
#include "scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/crc32c.h"
#include "store/life.h"

#define MAP ((uint64_t)64 << 20)

struct life_test {
    struct scratch *s;
    struct dp_kv *kv;
    char machine[160];
    char boot[160];
    struct dp_life_place place;
    struct dp_life_keeper *k;
};

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void change_byte(const char *path, long at)
{
    FILE *f = fopen(path, "r+");
    int c;

    assert_non_null(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    c = fgetc(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    assert_int_equal(fputc(c ^ 1, f), c ^ 1);
    fclose(f);
}

static void shell(const char *command)
{
    assert_int_equal(system(command), 0);
}

static void copy_file(const struct scratch *s, const char *from, const char *to, const char *how)
{
    char command[512];

    snprintf(command, sizeof(command), "cd %s && %s %s %s", s->dir, how, from, to);
    shell(command);
}

static struct life_test life_test(struct scratch *s)
{
    struct life_test l = {.s = s};

    scratch_path(s, "machine-id", l.machine);
    scratch_path(s, "boot-id", l.boot);
    put_file(l.machine, "aaaa\n");
    put_file(l.boot, "boot 1\n");
    l.kv = scratch_open(s, MAP);
    return l;
}

/* The strings of `place` lie in the test itself. */
static const struct dp_life_place *place(struct life_test *l)
{
    l->place = (struct dp_life_place){.dir = l->s->store, .machine_id = l->machine, .boot_id = l->boot};
    return &l->place;
}

static void expect_state(struct life_test *l, enum dp_life_state want)
{
    enum dp_life_state state = DP_LIFE_OK;
    struct dp_life life;

    assert_int_equal(dp_life_check(l->kv, place(l), &state, &life), DP_OK);
    if (state != want)
        fail_msg("'%s', not '%s'", dp_life_text(state), dp_life_text(want));
}

static const uint8_t id_a[DP_LIFE_ID] = "life a";
static const uint8_t id_b[DP_LIFE_ID] = "life b";

static void begin_life(struct life_test *l, const uint8_t id[DP_LIFE_ID], uint32_t inc)
{
    assert_int_equal(dp_life_begin(l->kv, place(l), id, inc, &l->k), DP_OK);
}

static void resume_life(struct life_test *l)
{
    assert_int_equal(dp_life_resume(l->kv, place(l), &l->k), DP_OK);
}

static void seal(struct life_test *l, uint64_t seq)
{
    struct dp_kv_txn *t = scratch_begin(l->kv, true);

    assert_int_equal(dp_life_seal(l->k, t, seq), DP_OK);
    assert_int_equal(l->kv->ops->commit(t), DP_OK);
}

static void stop(struct life_test *l)
{
    assert_int_equal(dp_life_stop(&l->k), DP_OK);
    assert_null(l->k);
}

static void crash(struct life_test *l)
{
    dp_life_drop(&l->k);
    l->kv->ops->close(&l->kv);
    l->kv = scratch_open(l->s, MAP);
}

static void close_store(struct life_test *l)
{
    l->kv->ops->close(&l->kv);
}

static void reopen(struct life_test *l)
{
    l->kv = scratch_open(l->s, MAP);
}

static void a_life_from_first_to_second_start(void **state)
{
    struct life_test l = life_test(*state);
    enum dp_life_state st;
    struct dp_life life;
    struct stat file;
    char path[160];

    expect_state(&l, DP_LIFE_NEW);
    begin_life(&l, id_a, 77);
    expect_state(&l, DP_LIFE_OK);
    seal(&l, 1);
    seal(&l, 1024);
    stop(&l);
    scratch_path(l.s, "store/life", path);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 07777, 0600);
    assert_int_equal(dp_life_check(l.kv, place(&l), &st, &life), DP_OK);
    assert_int_equal(st, DP_LIFE_OK);
    assert_int_equal(life.inc, 77);
    assert_int_equal(life.sealed, 1024);
    assert_int_equal(life.starts, 1);
    assert_memory_equal(life.id, id_a, DP_LIFE_ID);
    resume_life(&l);
    crash(&l);
    assert_int_equal(dp_life_check(l.kv, place(&l), &st, &life), DP_OK);
    assert_int_equal(st, DP_LIFE_OK);
    assert_int_equal(life.starts, 2);
    close_store(&l);
}

static void seals_rise(void **state)
{
    struct life_test l = life_test(*state);
    struct dp_kv_txn *t;

    begin_life(&l, id_a, 1);
    seal(&l, 5);
    t = scratch_begin(l.kv, true);
    assert_int_equal(dp_life_seal(l.k, t, 5), DP_RANGE);
    l.kv->ops->abort(t);
    seal(&l, 6);
    stop(&l);
    close_store(&l);
}

/* R-HEL-7: under its other name the file says that the node is stopped, until it has its own name again. */
static void a_halted_life(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    seal(&l, 5);
    dp_life_drop(&l.k);
    assert_int_equal(dp_life_halt(place(&l)), DP_OK);
    expect_state(&l, DP_LIFE_HALTED_HERE);
    assert_int_equal(dp_life_halt(place(&l)), DP_OK);
    expect_state(&l, DP_LIFE_HALTED_HERE);
    copy_file(l.s, "store/life.stopped", "store/life", "cp"); /* who puts one beside it ends nothing */
    expect_state(&l, DP_LIFE_HALTED_HERE);
    copy_file(l.s, "store/life", "", "rm");
    assert_int_equal(dp_life_unhalt(place(&l)), DP_OK);
    expect_state(&l, DP_LIFE_OK);
    resume_life(&l);
    seal(&l, 6);
    dp_life_drop(&l.k);
    assert_int_equal(dp_life_halt(place(&l)), DP_OK);
    begin_life(&l, id_b, 1); /* a new life leaves nothing of the old name */
    expect_state(&l, DP_LIFE_OK);
    stop(&l);
    expect_state(&l, DP_LIFE_OK);
    close_store(&l);
}

/* What is halted is compared all the same. */
static void an_older_store_beside_a_halted_life(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    stop(&l);
    close_store(&l);
    copy_file(l.s, "store/data.mdb", "old", "cp");
    reopen(&l);
    resume_life(&l);
    seal(&l, 5);
    stop(&l);
    assert_int_equal(dp_life_halt(place(&l)), DP_OK);
    close_store(&l);
    copy_file(l.s, "old", "store/data.mdb", "cp");
    reopen(&l);
    expect_state(&l, DP_LIFE_BEHIND);
    close_store(&l);
}

/* Wherever it dies, the same store on the same machine is itself. */
static void crashes_are_not_clones(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    crash(&l);
    expect_state(&l, DP_LIFE_OK);
    resume_life(&l);
    for (uint64_t seq = 1000; seq < 5 * DP_LIFE_RESERVE; seq += 30000) { /* across the reserve */
        seal(&l, seq);
        crash(&l);
        expect_state(&l, DP_LIFE_OK);
        resume_life(&l);
    }
    for (uint64_t seq = 5 * DP_LIFE_RESERVE; seq < 9 * DP_LIFE_RESERVE; seq += 20000)
        seal(&l, seq);
    crash(&l);
    expect_state(&l, DP_LIFE_OK);
    put_file(l.boot, "boot 2\n");
    expect_state(&l, DP_LIFE_OK);
    close_store(&l);
}

/* The file is written before the store in a seal beyond the reserve: a failed commit leaves them agreeing. */
static void a_seal_that_is_not_committed(void **state)
{
    struct life_test l = life_test(*state);
    struct dp_kv_txn *t;

    begin_life(&l, id_a, 1);
    seal(&l, 10);
    t = scratch_begin(l.kv, true);
    assert_int_equal(dp_life_seal(l.k, t, 3 * DP_LIFE_RESERVE), DP_OK);
    l.kv->ops->abort(t);
    crash(&l);
    expect_state(&l, DP_LIFE_OK);
    close_store(&l);
}

static void the_file_is_gone_or_damaged(void **state)
{
    struct life_test l = life_test(*state);
    char path[160];

    begin_life(&l, id_a, 1);
    stop(&l);
    scratch_path(l.s, "store/life", path);
    copy_file(l.s, "store/life", "kept", "cp -p");
    put_file(path, "daipao/life/1");
    expect_state(&l, DP_LIFE_MISSING);
    copy_file(l.s, "kept", "store/life", "cp -p");
    expect_state(&l, DP_LIFE_OK);
    change_byte(path, 30);
    expect_state(&l, DP_LIFE_MISSING);
    assert_int_equal(unlink(path), 0);
    expect_state(&l, DP_LIFE_MISSING);
    close_store(&l);
}

static void on_another_machine(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    stop(&l);
    put_file(l.machine, "bbbb\n");
    expect_state(&l, DP_LIFE_OTHER_MACHINE);
    assert_int_equal(unlink(l.machine), 0);
    expect_state(&l, DP_LIFE_OTHER_MACHINE);
    close_store(&l);
}

/* A copy of the whole directory, life file included, in place of the first. */
static void a_copy_of_everything(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    stop(&l);
    close_store(&l);
    copy_file(l.s, "store", "copy", "cp -a");
    copy_file(l.s, "store", "moved", "mv");
    copy_file(l.s, "copy", "store", "cp -a");
    reopen(&l);
    expect_state(&l, DP_LIFE_OTHER_FILE);
    close_store(&l);
    copy_file(l.s, "store", "away", "mv");
    copy_file(l.s, "moved", "store", "mv"); /* the first itself may move */
    reopen(&l);
    expect_state(&l, DP_LIFE_OK);
    begin_life(&l, id_b, 2);
    stop(&l);
    close_store(&l);
    copy_file(l.s, "copy/life", "store/life", "cp -p");
    reopen(&l);
    expect_state(&l, DP_LIFE_OTHER_FILE); /* of the life before */
    close_store(&l);
}

/* Old contents written into the same file: inode and life agree, only the counters tell. */
static void rolled_back_in_place(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    seal(&l, 100);
    stop(&l);
    close_store(&l);
    copy_file(l.s, "store/data.mdb", "old", "cp");
    reopen(&l);
    resume_life(&l);
    seal(&l, 101);
    stop(&l);
    close_store(&l);
    copy_file(l.s, "old", "store/data.mdb", "cp"); /* misses a start and a seal */
    reopen(&l);
    expect_state(&l, DP_LIFE_BEHIND);
    close_store(&l);
}

/* Nothing was sealed since: the number of starts tells. */
static void rolled_back_by_one_start(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    stop(&l);
    close_store(&l);
    copy_file(l.s, "store/data.mdb", "old", "cp");
    reopen(&l);
    resume_life(&l);
    stop(&l);
    close_store(&l);
    copy_file(l.s, "old", "store/data.mdb", "cp");
    reopen(&l);
    expect_state(&l, DP_LIFE_BEHIND);
    close_store(&l);
}

/* Within one run: seen when a refresh came after the copy, and not before; the header says so. */
static void rolled_back_within_one_run(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    seal(&l, 100);
    assert_int_equal(dp_life_refresh(l.k), DP_OK);
    copy_file(l.s, "store/data.mdb", "old", "cp");
    seal(&l, 101);
    copy_file(l.s, "store/life", "early", "cp -p");
    assert_int_equal(dp_life_refresh(l.k), DP_OK);
    crash(&l);
    expect_state(&l, DP_LIFE_OK);
    close_store(&l);
    copy_file(l.s, "old", "store/data.mdb", "cp");
    reopen(&l);
    expect_state(&l, DP_LIFE_BEHIND);
    copy_file(l.s, "early", "store/life", "cp -p");
    expect_state(&l, DP_LIFE_OK);
    close_store(&l);
}

static void a_refresh_without_seals_writes_nothing(void **state)
{
    struct life_test l = life_test(*state);
    struct stat before, after;
    char path[160];

    begin_life(&l, id_a, 1);
    seal(&l, 1);
    scratch_path(l.s, "store/life", path);
    assert_int_equal(dp_life_refresh(l.k), DP_OK);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(dp_life_refresh(l.k), DP_OK);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* each write makes a new file */
    seal(&l, 2);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    stop(&l);
    close_store(&l);
}

/* A life file from an earlier stop beside a store that has run since. */
static void an_older_file_put_back(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    stop(&l);
    copy_file(l.s, "store/life", "old", "cp -p");
    for (int i = 0; i < 2; i++) {
        resume_life(&l);
        stop(&l);
    }
    copy_file(l.s, "old", "store/life", "cp -p");
    expect_state(&l, DP_LIFE_OTHER_FILE);
    close_store(&l);
}

/* As after a crash in the middle of a start, but for what was sealed since. */
static void the_file_of_the_stop_before(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    stop(&l);
    copy_file(l.s, "store/life", "old", "cp -p");
    resume_life(&l);
    copy_file(l.s, "store/life", "new", "cp -p");
    copy_file(l.s, "old", "store/life", "cp -p");
    expect_state(&l, DP_LIFE_OK);
    copy_file(l.s, "new", "store/life", "cp -p");
    seal(&l, 1);
    copy_file(l.s, "old", "store/life", "cp -p");
    expect_state(&l, DP_LIFE_OTHER_FILE);
    dp_life_drop(&l.k);
    close_store(&l);
}

enum { DEVICE_AT = 76, SUM_AT = 92 };

/* Give the file another device, with a good checksum. */
static void change_device(const char *path)
{
    uint8_t b[SUM_AT + 4];
    struct dp_wr w = dp_wr_of(b + SUM_AT, 4);
    FILE *f = fopen(path, "r+");

    assert_int_equal(fread(b, 1, sizeof(b), f), sizeof(b));
    b[DEVICE_AT]++;
    dp_wr_u32(&w, dp_crc32c(0, b, SUM_AT));
    rewind(f);
    assert_int_equal(fwrite(b, 1, sizeof(b), f), sizeof(b));
    fclose(f);
}

/* Devices may be numbered anew at a boot, and at no other time. */
static void another_device(void **state)
{
    struct life_test l = life_test(*state);
    char path[160];

    begin_life(&l, id_a, 1);
    stop(&l);
    scratch_path(l.s, "store/life", path);
    change_device(path);
    expect_state(&l, DP_LIFE_OTHER_FILE);
    put_file(l.boot, "boot 2\n");
    expect_state(&l, DP_LIFE_OK);
    close_store(&l);
}

static void an_emptied_store(void **state)
{
    struct life_test l = life_test(*state);

    begin_life(&l, id_a, 1);
    stop(&l);
    close_store(&l);
    copy_file(l.s, "store/data.mdb", "store/lock.mdb", "rm");
    reopen(&l);
    expect_state(&l, DP_LIFE_BEHIND);
    begin_life(&l, id_b, 2);
    expect_state(&l, DP_LIFE_OK);
    stop(&l);
    close_store(&l);
}

static void the_file_cannot_be_written(void **state)
{
    struct life_test l = life_test(*state);
    struct dp_kv_txn *t;
    char path[160];

    begin_life(&l, id_a, 1);
    seal(&l, 10);
    scratch_path(l.s, "store/life.tmp", path);
    assert_int_equal(mkdir(path, 0700), 0); /* in the way */
    seal(&l, 11);                           /* within the reserve */
    t = scratch_begin(l.kv, true);
    assert_int_equal(dp_life_seal(l.k, t, 2 * DP_LIFE_RESERVE), DP_IO);
    l.kv->ops->abort(t);
    assert_int_equal(rmdir(path), 0);
    seal(&l, 2 * DP_LIFE_RESERVE);
    stop(&l);
    expect_state(&l, DP_LIFE_OK);
    close_store(&l);
}

/* The disk is full for the file and not for the store, start after start: that is no clone. */
static void starts_that_fail(void **state)
{
    struct life_test l = life_test(*state);
    char path[160], tmp[160];

    begin_life(&l, id_a, 7);
    stop(&l);
    scratch_path(l.s, "store/" DP_LIFE_FILE, path);
    snprintf(tmp, sizeof(tmp), "%.150s.tmp", path);
    assert_int_equal(mkdir(tmp, 0700), 0); /* where the new file is written first */
    for (int i = 0; i < 3; i++) {
        expect_state(&l, DP_LIFE_OK);
        assert_int_not_equal(dp_life_resume(l.kv, place(&l), &l.k), DP_OK);
        crash(&l);
    }
    assert_int_equal(rmdir(tmp), 0);
    expect_state(&l, DP_LIFE_OK);
    resume_life(&l);
    stop(&l);
    close_store(&l);
}

static void a_restored_store(void **state)
{
    struct life_test l = life_test(*state);
    char backup[160];
    char dir[160];

    begin_life(&l, id_a, 1);
    seal(&l, 10);
    scratch_path(l.s, "backup", backup);
    assert_int_equal(dp_backup_write(l.kv, backup, NULL, NULL), DP_OK);
    stop(&l);
    close_store(&l);
    scratch_path(l.s, "restored", dir);
    assert_int_equal(dp_backup_restore(backup, dir, NULL, NULL, l.s->why, sizeof(l.s->why)), DP_OK);
    copy_file(l.s, "store/life", "restored/life", "cp -p");
    strcpy(l.s->store, dir);
    reopen(&l);
    expect_state(&l, DP_LIFE_RESTORED);
    begin_life(&l, id_b, 2);
    expect_state(&l, DP_LIFE_OK);
    stop(&l);
    close_store(&l);
}

#define T(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_life_from_first_to_second_start),
        T(seals_rise),
        T(a_halted_life),
        T(an_older_store_beside_a_halted_life),
        T(crashes_are_not_clones),
        T(a_seal_that_is_not_committed),
        T(the_file_is_gone_or_damaged),
        T(on_another_machine),
        T(a_copy_of_everything),
        T(rolled_back_in_place),
        T(rolled_back_by_one_start),
        T(rolled_back_within_one_run),
        T(a_refresh_without_seals_writes_nothing),
        T(an_older_file_put_back),
        T(the_file_of_the_stop_before),
        T(another_device),
        T(an_emptied_store),
        T(the_file_cannot_be_written),
        T(starts_that_fail),
        T(a_restored_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
