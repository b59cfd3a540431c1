/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log sinks: one write per line, so that lines of two processes do not mix. A line that cannot be
 * written is lost; logging never stops the daemon.
 */
#include "os/logsink.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 1100 /* a line of the facade and its head */
#define PATH_BYTES 4096

static struct {
    int fd; /* of the file; -1: none */
    char path[PATH_BYTES];
} out = {.fd = -1};

/* syslog's numbers: err, warning, notice, info, debug */
static const char *const prefix[] = {"<3>", "<4>", "<5>", "<6>", "<7>"};
static const char *const word[] = {"error", "warn", "notice", "info", "debug"};

static void put(int fd, const char *line, int len)
{
    ssize_t ignored;

    if (len <= 0)
        return;
    ignored = write(fd, line, (size_t)len < LINE_BYTES ? (size_t)len : LINE_BYTES - 1);
    (void)ignored;
}

static void to_stderr(void *ctx, enum dp_log_level level, const char *text)
{
    char line[LINE_BYTES];
    const char *head = ctx != NULL ? prefix[level] : "";

    put(STDERR_FILENO, line, snprintf(line, sizeof(line), "%s%s\n", head, text));
}

static void to_file(void *ctx, enum dp_log_level level, const char *text)
{
    char line[LINE_BYTES];
    struct timespec now = {0};
    struct tm tm = {0};
    char when[32];

    (void)ctx;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
    put(out.fd, line,
        snprintf(line, sizeof(line), "%s.%03dZ %s %s\n", when, (int)(now.tv_nsec / 1000000), word[level],
                 text));
}

static void close_file(void)
{
    if (out.fd >= 0)
        close(out.fd);
    out.fd = -1;
}

void dp_os_log_stderr_for(enum dp_os_log_reader reader, enum dp_log_level max)
{
    static int with_prefix;
    bool journal =
        reader == DP_OS_LOG_JOURNAL || (reader == DP_OS_LOG_AUTO && getenv("JOURNAL_STREAM") != NULL);

    dp_log_set(to_stderr, journal ? &with_prefix : NULL, max);
    close_file();
}

void dp_os_log_stderr(enum dp_log_level max)
{
    dp_os_log_stderr_for(DP_OS_LOG_AUTO, max);
}

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
}

enum dp_err dp_os_log_file(const char *path, enum dp_log_level max)
{
    int fd;

    if (strlen(path) >= sizeof(out.path))
        return DP_TOO_BIG;
    fd = open_file(path);
    if (fd < 0)
        return DP_IO;
    (void)fchmod(fd, 0640); /* whatever the umask left */
    close_file();
    out.fd = fd;
    snprintf(out.path, sizeof(out.path), "%s", path);
    dp_log_set(to_file, NULL, max);
    return DP_OK;
}

enum dp_err dp_os_log_reopen(void)
{
    char path[PATH_BYTES];

    if (out.fd < 0)
        return DP_OK;
    memcpy(path, out.path, sizeof(path));
    return dp_os_log_file(path, dp_log_level_get());
}

void dp_os_log_close(void)
{
    dp_log_set(NULL, NULL, dp_log_level_get());
    close_file();
}
