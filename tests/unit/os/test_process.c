/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, signals, the service manager's socket, log sinks and limits of the process. */
#include "support/cmocka_all.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/logsink.h"
#include "os/notify.h"
#include "os/process.h"
#include "os/signals.h"

static void clocks_move_forward(void **state)
{
    struct dp_clock_src c = dp_os_clock();
    int64_t before = c.mono_ms(c.ctx);

    (void)state;
    assert_true(c.mono_ms(c.ctx) >= before);
    assert_true(c.wall_ms(c.ctx) / 1000 >= (int64_t)time(NULL) - 1);
    (void)c.synced(c.ctx); /* either answer is right here */
}

static void signals_wait_to_be_read(void **state)
{
    int fd;
    struct pollfd p;

    (void)state;
    assert_ok(dp_os_signals_open(&fd));
    p = (struct pollfd){.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 0);
    assert_int_equal(dp_os_signals_next(fd), DP_OS_SIGNAL_NONE);
    kill(getpid(), SIGHUP);
    assert_int_equal(poll(&p, 1, 1000), 1);
    assert_int_equal(dp_os_signals_next(fd), DP_OS_SIGNAL_RELOAD);
    kill(getpid(), SIGTERM);
    assert_int_equal(dp_os_signals_next(fd), DP_OS_SIGNAL_STOP);
    kill(getpid(), SIGINT);
    assert_int_equal(dp_os_signals_next(fd), DP_OS_SIGNAL_STOP);
    assert_int_equal(dp_os_signals_next(fd), DP_OS_SIGNAL_NONE);
    kill(getpid(), SIGPIPE); /* ignored */
    dp_os_signals_close(fd);
}

static int manager = -1;

static void expect(const char *text)
{
    char b[512] = "";

    assert_true(recv(manager, b, sizeof(b) - 1, MSG_DONTWAIT) > 0);
    assert_string_equal(b, text);
}

/* The manager's end, at a path or with '@' in the abstract name space. */
static void listen_at(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t len = strlen(name);

    memcpy(at.sun_path, name, len);
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(
        bind(manager, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static void manager_hears(void **state)
{
    char name[64];
    char long_text[400];

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_false(dp_os_notify_ready());
    snprintf(name, sizeof(name), "@dp-test-%d", (int)getpid());
    listen_at(name);
    assert_true(dp_os_notify_ready());
    expect("READY=1");
    assert_true(dp_os_notify_watchdog());
    expect("WATCHDOG=1");
    assert_true(dp_os_notify_stopping());
    expect("STOPPING=1");
    assert_true(dp_os_notify_status("3 links up\nREADY=1"));
    expect("STATUS=3 links up READY=1");
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_true(dp_os_notify_status(long_text));
    close(manager);
    assert_false(dp_os_notify_ready());
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_false(dp_os_notify_ready());
    unsetenv("NOTIFY_SOCKET");
}

static void watchdog_period(void **state)
{
    char pid[32];

    (void)state;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    assert_int_equal(dp_os_notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(dp_os_notify_watchdog_ms(), 15000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(dp_os_notify_watchdog_ms(), 0);
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(dp_os_notify_watchdog_ms(), 15000);
    setenv("WATCHDOG_USEC", "-3", 1);
    assert_int_equal(dp_os_notify_watchdog_ms(), 0);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void read_file(const char *path, char *out, size_t cap)
{
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    out[fread(out, 1, cap - 1, f)] = '\0';
    fclose(f);
}

static void log_file_and_rotation(void **state)
{
    char dir[] = "/tmp/dp-log-XXXXXX";
    char path[64];
    char old[80];
    char text[512];
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/log", dir);
    snprintf(old, sizeof(old), "%s.1", path);
    assert_int_equal(dp_os_log_file("/nowhere/at/all", DP_LOG_INFO), DP_IO);
    assert_ok(dp_os_log_file(path, DP_LOG_INFO));
    dp_log(DP_LOG_WARN, "first");
    assert_int_equal(rename(path, old), 0);
    dp_log(DP_LOG_INFO, "second");
    assert_ok(dp_os_log_reopen());
    dp_log(DP_LOG_INFO, "third");
    dp_os_log_close();
    dp_log(DP_LOG_ERROR, "fourth");
    read_file(old, text, sizeof(text));
    assert_non_null(strstr(text, "Z warn first\n"));
    assert_non_null(strstr(text, "Z info second\n"));
    read_file(path, text, sizeof(text));
    assert_non_null(strstr(text, "Z info third\n"));
    assert_null(strstr(text, "fourth"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    unlink(path);
    unlink(old);
    rmdir(dir);
}

static void log_to_the_journal(void **state)
{
    char text[64] = "";
    int p[2];
    int kept = dup(STDERR_FILENO);

    (void)state;
    assert_int_equal(pipe(p), 0);
    dup2(p[1], STDERR_FILENO);
    setenv("JOURNAL_STREAM", "8:1", 1);
    dp_os_log_stderr(DP_LOG_INFO);
    dp_log(DP_LOG_NOTICE, "to the journal");
    unsetenv("JOURNAL_STREAM");
    dp_os_log_stderr(DP_LOG_INFO);
    dp_log(DP_LOG_NOTICE, "to a person");
    dup2(kept, STDERR_FILENO);
    assert_true(read(p[0], text, sizeof(text) - 1) > 0);
    assert_string_equal(text, "<5>to the journal\nto a person\n");
    dp_os_log_close();
    close(p[0]);
    close(p[1]);
    close(kept);
}

static void files_limit_is_raised(void **state)
{
    struct rlimit r;
    uint64_t got = 0;
    uint64_t again = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
    r.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
    assert_ok(dp_os_process_files(200, &got));
    assert_int_equal(got, r.rlim_max < 200 ? r.rlim_max : 200);
    assert_ok(dp_os_process_files(50, &again)); /* never lowered */
    assert_int_equal(again, got);
    assert_ok(dp_os_process_files(UINT64_MAX - 1, &got));
    assert_int_equal(got, r.rlim_max);
}

/* Last: it cannot be taken back. */
static void hardened(void **state)
{
    struct rlimit r;

    (void)state;
    setenv("DAIPAO_ALLOW_CORE", "1", 1);
    assert_ok(dp_os_process_harden());
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
    unsetenv("DAIPAO_ALLOW_CORE");
    assert_ok(dp_os_process_harden());
    assert_int_equal(umask(0), 077);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &r), 0);
    assert_int_equal(r.rlim_cur, 0);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the leak checker looks into this process at its end */
}

static bool covers_file(const void *ctx, const void *addr)
{
    const uint8_t *file = ctx, *at = addr;

    return at >= file && at < file + 8192;
}

/* Read a page that is not in its file, or one that is nowhere, under a guard for the first. */
static int read_guarded(bool of_file, char words[256])
{
    char path[] = "/tmp/daipao-guard-XXXXXX";
    int fd = mkstemp(path), status = 0, say[2];
    pid_t pid;
    ssize_t n;

    assert_true(fd >= 0 && pipe(say) == 0);
    unlink(path);
    pid = fork();
    if (pid == 0) {
        const volatile uint8_t *file = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
        const volatile uint8_t *none = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        dup2(say[1], 2);
        dp_os_process_guard(covers_file, (const void *)file, "the page is not there\n", 7);
        _exit(of_file ? file[4096] : none[0]);
    }
    close(say[1]);
    n = read(say[0], words, 255);
    words[n > 0 ? n : 0] = '\0';
    close(say[0]);
    close(fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_page_that_is_not_there(void **state)
{
    char words[256];
    int status = read_guarded(true, words);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_string_equal(words, "the page is not there\n");
    (void)read_guarded(false, words);
    assert_non_null(strstr(words, "daipaod --fsck"));
}

static void groups_by_name(void **state)
{
    gid_t gid = 77;

    (void)state;
    assert_ok(dp_os_group("root", &gid));
    assert_int_equal(gid, 0);
    assert_int_equal(dp_os_group("no such group here", &gid), DP_NOT_FOUND);
}

/* A program of an alarm: it is told, gets nothing else, and nobody has to wait for its end. */
static void programs_are_started(void **state)
{
    char dir[] = "/tmp/daipao-start.XXXXXX", pipe_path[64], program[64], line[256] = "";
    static const char script[] = "#!/bin/sh\nexec 2>&1\nread x || x=nothing\n"
                                 "echo \"$1|$2|$3|$x|$#\" > \"${0%program}pipe\"\n";
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(pipe_path, sizeof(pipe_path), "%s/pipe", dir);
    snprintf(program, sizeof(program), "%s/program", dir);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    f = fopen(program, "w");
    assert_non_null(f);
    assert_true(fputs(script, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(program, 0700), 0);
    assert_ok(
        dp_os_process_start((const char *const[]){program, "disk", "", "space is low; $(reboot)", NULL}));
    f = fopen(pipe_path, "r"); /* until the program opens it */
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    assert_string_equal(line, "disk||space is low; $(reboot)|nothing|3\n");
    fclose(f);
    assert_int_equal(dp_os_process_start((const char *const[]){"/nowhere/program", NULL}), DP_IO);
    unlink(program);
    unlink(pipe_path);
    rmdir(dir);
    signal(SIGCHLD, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_move_forward),
        cmocka_unit_test(signals_wait_to_be_read),
        cmocka_unit_test(manager_hears),
        cmocka_unit_test(watchdog_period),
        cmocka_unit_test(log_file_and_rotation),
        cmocka_unit_test(log_to_the_journal),
        cmocka_unit_test(files_limit_is_raised),
        cmocka_unit_test(groups_by_name),
        cmocka_unit_test(programs_are_started),
        cmocka_unit_test(a_page_that_is_not_there),
        cmocka_unit_test(hardened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
