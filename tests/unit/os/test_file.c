/* SPDX-License-Identifier: Apache-2.0 */
/* Files whole or absent, secrets that others can read, folders and their lock. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"

static char dir[64];
static char path[96];

static int make(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/dp-os-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/file", dir);
    return 0;
}

/* Fails when something was left behind. */
static int sweep(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
    return 0;
}

static mode_t mode_of(const char *p)
{
    struct stat st;

    assert_int_equal(lstat(p, &st), 0);
    return st.st_mode & 07777;
}

static void put_replaces_whole(void **state)
{
    struct dp_buf b;

    (void)state;
    dp_buf_init(&b, 100);
    assert_false(dp_os_file_exists(path));
    assert_int_equal(dp_os_file_get(path, &b), DP_NOT_FOUND);
    assert_ok(dp_os_file_put(path, dp_slice_str("a long first text")));
    assert_ok(dp_os_file_put(path, dp_slice_str("second")));
    assert_int_equal(mode_of(path), 0600);
    assert_ok(dp_os_file_get_secret(path, &b));
    assert_true(dp_slice_eq(dp_buf_slice(&b), dp_slice_str("second")));
    assert_ok(dp_os_file_remove(path));
    assert_ok(dp_os_file_remove(path));
    assert_false(dp_os_file_exists(path));
    dp_buf_fini(&b);
}

static void put_new_never_replaces(void **state)
{
    struct dp_buf b;

    (void)state;
    dp_buf_init(&b, 100);
    assert_ok(dp_os_file_put_new(path, dp_slice_str("key")));
    assert_int_equal(dp_os_file_put_new(path, dp_slice_str("other")), DP_CONFLICT);
    assert_ok(dp_os_file_get(path, &b));
    assert_true(dp_slice_eq(dp_buf_slice(&b), dp_slice_str("key")));
    dp_buf_fini(&b);
}

/* What a run that died in the middle left does not stop the next, nor is it followed elsewhere. */
static void old_temporary_is_in_nobodys_way(void **state)
{
    char tmp[128];
    char victim[128];
    FILE *f;

    (void)state;
    snprintf(tmp, sizeof(tmp), "%s.tmp", path);
    snprintf(victim, sizeof(victim), "%s/victim", dir);
    f = fopen(victim, "w");
    assert_non_null(f);
    fputs("precious", f);
    fclose(f);
    assert_int_equal(symlink(victim, tmp), 0);
    assert_ok(dp_os_file_put(path, dp_slice_str("new")));
    assert_false(dp_os_file_exists(tmp));
    f = fopen(victim, "r");
    assert_non_null(f);
    assert_int_equal(fgetc(f), 'p');
    fclose(f);
    unlink(victim);
}

static void failure_keeps_the_old_file(void **state)
{
    char tmp[128];
    struct dp_buf b;

    (void)state;
    dp_buf_init(&b, 100);
    snprintf(tmp, sizeof(tmp), "%s.tmp", path);
    assert_ok(dp_os_file_put(path, dp_slice_str("old")));
    assert_int_equal(mkdir(tmp, 0700), 0); /* its temporary cannot be written */
    assert_int_not_equal(dp_os_file_put(path, dp_slice_str("new")), DP_OK);
    assert_ok(dp_os_file_get(path, &b));
    assert_true(dp_slice_eq(dp_buf_slice(&b), dp_slice_str("old")));
    rmdir(tmp);
    dp_buf_fini(&b);
}

static void limit_of_the_reader(void **state)
{
    struct dp_buf b;

    (void)state;
    dp_buf_init(&b, 5);
    assert_ok(dp_os_file_put(path, dp_slice_str("12345")));
    assert_ok(dp_os_file_get(path, &b));
    assert_int_equal(b.len, 5);
    dp_buf_reset(&b);
    assert_ok(dp_os_file_put(path, dp_slice_str("123456")));
    assert_int_equal(dp_os_file_get(path, &b), DP_TOO_BIG);
    assert_int_equal(b.len, 0);
    dp_buf_fini(&b);
}

static void secrets_that_others_can_reach(void **state)
{
    static const mode_t bad[] = {0604, 0602, 0660, 0620, 0644, 0610};
    struct dp_buf b;

    (void)state;
    dp_buf_init(&b, 100);
    assert_ok(dp_os_file_put(path, dp_slice_str("secret")));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        assert_int_equal(dp_os_file_get_secret(path, &b), DP_DENIED);
        assert_int_equal(b.len, 0);
    }
    assert_int_equal(chmod(path, 0640), 0);
    assert_ok(dp_os_file_get_secret(path, &b));
    dp_buf_fini(&b);
}

static void a_pipe_is_not_a_file(void **state)
{
    struct dp_buf b;

    (void)state;
    dp_buf_init(&b, 100);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(dp_os_file_get(path, &b), DP_IO);
    assert_int_equal(dp_os_file_get(dir, &b), DP_IO);
    dp_buf_fini(&b);
}

static void folder_is_ours_alone(void **state)
{
    (void)state;
    assert_ok(dp_os_dir_make(path));
    assert_int_equal(mode_of(path), 0700);
    assert_ok(dp_os_dir_make(path));
    assert_int_equal(chmod(path, 0750), 0);
    assert_ok(dp_os_dir_make(path));
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(dp_os_dir_make(path), DP_DENIED);
    assert_int_equal(chmod(path, 0770), 0);
    assert_int_equal(dp_os_dir_make(path), DP_DENIED);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(dp_os_dir_make("/nowhere/at/all"), DP_IO);
    assert_ok(dp_os_file_put(path, dp_slice_str("")));
    assert_int_equal(dp_os_dir_make(path), DP_CONFLICT);
}

static void one_process_at_a_time(void **state)
{
    char lock[128];
    int first;
    int second;

    (void)state;
    assert_ok(dp_os_dir_lock(dir, &first));
    assert_int_equal(dp_os_dir_lock(dir, &second), DP_CONFLICT);
    close(first);
    assert_ok(dp_os_dir_lock(dir, &second));
    close(second);
    snprintf(lock, sizeof(lock), "%s/lock", dir);
    unlink(lock);
}

static void disk_is_measured(void **state)
{
    uint64_t free_bytes = UINT64_MAX;
    uint64_t total = 0;

    (void)state;
    assert_ok(dp_os_disk_free(dir, &free_bytes, &total));
    assert_true(total > 0 && free_bytes <= total);
    assert_int_equal(dp_os_disk_free("/nowhere/at/all", &free_bytes, &total), DP_IO);
}

int main(void)
{
#define FILES(t) cmocka_unit_test_setup_teardown(t, make, sweep)
    const struct CMUnitTest tests[] = {
        FILES(put_replaces_whole),
        FILES(put_new_never_replaces),
        FILES(old_temporary_is_in_nobodys_way),
        FILES(failure_keeps_the_old_file),
        FILES(limit_of_the_reader),
        FILES(secrets_that_others_can_reach),
        FILES(a_pipe_is_not_a_file),
        FILES(folder_is_ours_alone),
        FILES(one_process_at_a_time),
        FILES(disk_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
