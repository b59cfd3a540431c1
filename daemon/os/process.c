/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of the process, set once before anything else. */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A later open must not get number 0, 1 or 2: what writes to stderr would write to the store. */
static enum dp_err open_standard(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
            return DP_IO;
    return DP_OK;
}

static enum dp_err forbid_core(void)
{
    struct rlimit none = {0};
    const char *allow = getenv("DAIPAO_ALLOW_CORE");

    if (allow != NULL && allow[0] != '\0')
        return DP_OK;
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return DP_IO;
    return DP_OK;
}

enum dp_err dp_os_process_harden(void)
{
    enum dp_err err = open_standard();

    if (err != DP_OK)
        return err;
    umask(077);
    return forbid_core();
}

enum dp_err dp_os_process_files(uint64_t want, uint64_t *got)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return DP_IO;
    if (r.rlim_cur < want) {
        r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
        if (setrlimit(RLIMIT_NOFILE, &r) != 0)
            return DP_IO;
    }
    *got = r.rlim_cur;
    return DP_OK;
}

static struct {
    bool (*covers)(const void *ctx, const void *addr);
    const void *ctx;
    const char *last_words;
    int code;
} guard;

static const char other_words[] =
    "daipaod: the program met a fault and ends; when it comes again, run daipaod --fsck and report it\n";

/* Not covered: the signal comes again, without a handler. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    if (sig == SIGABRT || guard.covers == NULL || !guard.covers(guard.ctx, info->si_addr)) {
        (void)!write(2, other_words, sizeof(other_words) - 1);
        return;
    }
    (void)!write(2, guard.last_words, strlen(guard.last_words));
    _exit(guard.code);
}

void dp_os_process_guard(bool (*covers)(const void *ctx, const void *addr), const void *ctx,
                         const char *last_words, int code)
{
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = (int)(SA_SIGINFO | SA_RESETHAND)};

    guard.covers = covers;
    guard.ctx = ctx;
    guard.last_words = last_words;
    guard.code = code;
    sigemptyset(&act.sa_mask);
    (void)sigaction(SIGBUS, &act, NULL);
    (void)sigaction(SIGSEGV, &act, NULL);
    (void)sigaction(SIGABRT, &act, NULL);
}

enum dp_err dp_os_group(const char *name, gid_t *gid)
{
    char text[16384];
    struct group g;
    struct group *found = NULL;
    int rc = getgrnam_r(name, &g, text, sizeof(text), &found);

    if (rc != 0 && rc != ENOENT)
        return rc == ERANGE ? DP_TOO_BIG : DP_IO;
    if (found == NULL)
        return DP_NOT_FOUND;
    *gid = g.gr_gid;
    return DP_OK;
}

static enum dp_err spawn(const char *const *argv, const posix_spawn_file_actions_t *files,
                         const posix_spawnattr_t *attr)
{
    pid_t pid;

    return posix_spawn(&pid, argv[0], files, attr, (char *const *)(uintptr_t)argv, environ) == 0 ? DP_OK
                                                                                                 : DP_IO;
}

enum dp_err dp_os_process_start(const char *const *argv)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    enum dp_err e = DP_IO;

    if (signal(SIGCHLD, SIG_IGN) == SIG_ERR) /* ended children leave nothing behind */
        return DP_IO;
    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawn_file_actions_init(&files) != 0)
        return DP_NOMEM;
    if (posix_spawnattr_init(&attr) == 0) {
        if (posix_spawnattr_setsigmask(&attr, &none) == 0 &&
            posix_spawnattr_setsigdefault(&attr, &all) == 0 &&
            posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0 &&
            posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
            posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO) == 0)
            e = spawn(argv, &files, &attr);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&files);
    return e;
}
