/* SPDX-License-Identifier: Apache-2.0 */
/* The notification datagrams of sd_notify(3). The variables are read each time and never unset: no child
 * inherits them. */
#include "os/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define STATUS_BYTES 200

static bool send_text(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = path != NULL ? strlen(path) : 0;
    socklen_t to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    ssize_t sent;
    int fd;

    if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
        return false;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@') /* abstract */
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to, to_len);
    close(fd);
    return sent == (ssize_t)strlen(text);
}

bool dp_os_notify_ready(void)
{
    return send_text("READY=1");
}

bool dp_os_notify_stopping(void)
{
    return send_text("STOPPING=1");
}

bool dp_os_notify_watchdog(void)
{
    return send_text("WATCHDOG=1");
}

bool dp_os_notify_reloading(void)
{
    struct timespec t = {0};
    char text[80];

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    return send_text(text);
}

bool dp_os_notify_status(const char *text)
{
    char line[STATUS_BYTES + sizeof("STATUS=")];

    snprintf(line, sizeof(line), "STATUS=%s", text);
    for (char *p = line; *p != '\0'; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
    return send_text(line);
}

int64_t dp_os_notify_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t n;

    if (pid != NULL && (!dp_text_digits(dp_slice_str(pid), &n) || n != (uint64_t)getpid()))
        return 0;
    if (usec == NULL || !dp_text_digits(dp_slice_str(usec), &n) || n > INT64_MAX)
        return 0;
    return (int64_t)(n / 2000);
}
