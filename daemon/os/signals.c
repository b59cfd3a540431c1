/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by descriptor. */
#include "os/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum dp_err dp_os_signals_open(int *fd)
{
    sigset_t set;
    int made;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return DP_IO;
    made = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (made < 0)
        return DP_IO;
    *fd = made;
    return DP_OK;
}

enum dp_os_signal dp_os_signals_next(int fd)
{
    struct signalfd_siginfo info;
    ssize_t len;

    do
        len = read(fd, &info, sizeof(info));
    while (len < 0 && errno == EINTR);
    if (len != (ssize_t)sizeof(info))
        return DP_OS_SIGNAL_NONE;
    return info.ssi_signo == SIGHUP ? DP_OS_SIGNAL_RELOAD : DP_OS_SIGNAL_STOP;
}

void dp_os_signals_close(int fd)
{
    close(fd);
}
