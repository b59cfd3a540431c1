/* SPDX-License-Identifier: Apache-2.0 */
/* R-STO-5: damage between the records, which no read of a record meets. */
#include "scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAP ((uint64_t)64 << 20)
#define PAGE 4096

/* Small and large records, and room of some that are gone. */
static void fill(struct scratch *s)
{
    static char large[20000];
    struct dp_kv *kv = scratch_open(s, MAP);
    memset(large, 'x', sizeof large);
    for (uint32_t round = 0; round < 3; round++) {
        struct dp_kv_txn *t = scratch_begin(kv, true);
        for (uint32_t i = 0; i < 240; i++) {
            uint8_t key[4] = {0, (uint8_t)round, (uint8_t)(i >> 8), (uint8_t)i};
            size_t len = i % 20 == 0 ? 5000 + 30 * i : 40 + i % 300;
            kv->ops->put(t, i % 5, dp_slice_of(key, 4), dp_slice_of(large, len));
            if (round > 0 && i % 3 == 0) {
                key[1]--;
                kv->ops->del(t, i % 5, dp_slice_of(key, 4));
            }
        }
        assert_int_equal(kv->ops->commit(t), DP_OK);
    }
    assert_int_equal(kv->ops->check(kv, s->why, sizeof s->why), DP_OK);
    kv->ops->close(&kv);
}

/*
 * In a child, as damage may end whoever reads: the check finds it, the store does not open, or LMDB itself
 * ends the child.
 */
static bool is_damaged(struct scratch *s)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct dp_kv *kv = NULL;
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        dp_log_set(NULL, NULL, DP_LOG_INFO);
        if (dp_kv_lmdb_open(s->store, MAP, &kv, s->why, sizeof s->why) != DP_OK)
            _exit(1);
        enum dp_err e = kv->ops->check(kv, s->why, sizeof s->why);
        _exit(e == DP_OK ? 0 : e == DP_CORRUPT && s->why[0] != '\0' ? 1 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(!WIFEXITED(status) || WEXITSTATUS(status) < 2);
    return !WIFEXITED(status) || WEXITSTATUS(status) == 1;
}

/* One byte of each page's head after the other: pages of trees and large records are damaged then, free ones
 * not. */
static void each_head_is_looked_at(void **state)
{
    static const uint8_t at[] = {0, 10, 12, 14};
    struct scratch *s = *state;
    char path[160];
    unsigned damaged = 0, pages;
    fill(s);
    scratch_path(s, "store/data.mdb", path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t len = lseek(fd, 0, SEEK_END);
    uint8_t *all = malloc((size_t)len);
    assert_int_equal(pread(fd, all, (size_t)len, 0), len);
    pages = (unsigned)(len / PAGE);
    for (unsigned p = 2; p < pages; p++) {
        unsigned seen = 0;
        for (unsigned i = 0; i < sizeof at; i++) {
            uint8_t wrong = all[p * PAGE + at[i]] ^ 0x41;
            assert_int_equal(pwrite(fd, &wrong, 1, (off_t)p * PAGE + at[i]), 1);
            seen += is_damaged(s);
            assert_int_equal(pwrite(fd, all, (size_t)len, 0), len); /* who opens it may write */
        }
        if (seen != 0 && seen < 2)
            fail_msg("page %u: %u of its fields are looked at", p, seen);
        damaged += seen != 0;
    }
    assert_false(is_damaged(s));
    assert_true(damaged > 20 && damaged < pages - 2);
    close(fd);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_head_is_looked_at, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
