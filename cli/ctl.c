/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DEALER with a monitor beside it, for only the monitor tells when the daemon has gone;
 * the socket alone would wait for ever.
 */
#include "ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#define MONITOR "inproc://ctl.monitor"
#define PATH_BYTES_MAX 100
#define REQUEST_MAX 1048576
#define HWM 2048
#define LAST_REPLY_MS 50 /* the end is reported a moment before the last message is */

struct dp_ctl {
    void *zmq;
    void *socket;
    void *monitor;
    zmq_msg_t reply;
    bool gone;
};

/* Plain connect first: it says why not, which the library never does. */
static enum dp_err probe(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    enum dp_err err = DP_OK;
    int fd;

    if (strlen(path) > PATH_BYTES_MAX)
        return DP_CONFIG;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return DP_IO;
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        err = errno == EACCES || errno == EPERM ? DP_NOT_ENTITLED : DP_UNREACHABLE;
    close(fd);
    return err;
}

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool set_options(struct dp_ctl *c)
{
    int64_t max = DP_CTL_REPLY_MAX;

    return set_int(c->socket, ZMQ_LINGER, 0) && set_int(c->socket, ZMQ_SNDHWM, HWM) &&
           set_int(c->socket, ZMQ_RCVHWM, HWM) && set_int(c->socket, ZMQ_RECONNECT_IVL, -1) &&
           zmq_setsockopt(c->socket, ZMQ_MAXMSGSIZE, &max, sizeof(max)) == 0 &&
           set_int(c->monitor, ZMQ_LINGER, 0) && set_int(c->monitor, ZMQ_RCVHWM, 0);
}

static bool connect_to(struct dp_ctl *c, const char *path)
{
    char endpoint[PATH_BYTES_MAX + 8];

    snprintf(endpoint, sizeof(endpoint), "ipc://%s", path);
    return zmq_socket_monitor(c->socket, MONITOR, ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED) == 0 &&
           zmq_connect(c->monitor, MONITOR) == 0 && zmq_connect(c->socket, endpoint) == 0;
}

enum dp_err dp_ctl_open(const char *path, struct dp_ctl **out)
{
    struct dp_ctl *c;
    enum dp_err err = probe(path);

    if (err != DP_OK)
        return err;
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return DP_NOMEM;
    zmq_msg_init(&c->reply);
    c->zmq = zmq_ctx_new();
    if (c->zmq != NULL) {
        c->socket = zmq_socket(c->zmq, ZMQ_DEALER);
        c->monitor = zmq_socket(c->zmq, ZMQ_PAIR);
    }
    if (c->socket == NULL || c->monitor == NULL || !set_options(c) || !connect_to(c, path)) {
        dp_ctl_close(&c);
        return DP_INTERNAL;
    }
    *out = c;
    return DP_OK;
}

void dp_ctl_close(struct dp_ctl **ctl)
{
    struct dp_ctl *c = *ctl;

    *ctl = NULL;
    if (c == NULL)
        return;
    zmq_msg_close(&c->reply);
    if (c->socket != NULL)
        zmq_socket_monitor(c->socket, NULL, 0);
    if (c->monitor != NULL)
        zmq_close(c->monitor);
    if (c->socket != NULL)
        zmq_close(c->socket);
    if (c->zmq != NULL)
        zmq_ctx_term(c->zmq);
    free(c);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void read_monitor(struct dp_ctl *c)
{
    uint8_t frame[256];

    while (zmq_recv(c->monitor, frame, sizeof(frame), ZMQ_DONTWAIT) >= 0)
        c->gone = true;
}

/* Until the socket can do `events`. What came before the daemon went can still be read. */
static enum dp_err wait_for(struct dp_ctl *c, short events, int64_t until_ms)
{
    zmq_pollitem_t it[] = {{.socket = c->socket, .events = events},
                           {.socket = c->monitor, .events = ZMQ_POLLIN}};

    for (;;) {
        int64_t left = until_ms < 0 ? -1 : until_ms - now_ms();

        if (until_ms >= 0 && left < 0)
            left = 0;
        if (c->gone)
            left = LAST_REPLY_MS;
        if (zmq_poll(it, 2, (long)left) < 0 && zmq_errno() != EINTR)
            return DP_INTERNAL;
        if (it[0].revents & events)
            return DP_OK;
        if (c->gone)
            return DP_UNREACHABLE;
        if (it[1].revents & ZMQ_POLLIN)
            read_monitor(c);
        else if (left == 0)
            return DP_TIMEOUT;
    }
}

static int64_t deadline(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
}

enum dp_err dp_ctl_send(struct dp_ctl *ctl, struct dp_slice request, int timeout_ms)
{
    int64_t until = deadline(timeout_ms);
    enum dp_err err;

    if (request.len > REQUEST_MAX)
        return DP_TOO_BIG;
    for (;;) {
        read_monitor(ctl);
        if (ctl->gone)
            return DP_UNREACHABLE;
        if (zmq_send(ctl->socket, request.p, request.len, ZMQ_DONTWAIT) >= 0)
            return DP_OK;
        if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
            return DP_INTERNAL;
        err = wait_for(ctl, ZMQ_POLLOUT, until);
        if (err != DP_OK)
            return err;
    }
}

enum dp_err dp_ctl_recv(struct dp_ctl *ctl, struct dp_slice *reply, int timeout_ms)
{
    int64_t until = deadline(timeout_ms);
    enum dp_err err;

    for (;;) {
        if (zmq_msg_recv(&ctl->reply, ctl->socket, ZMQ_DONTWAIT) >= 0)
            break;
        if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
            return DP_INTERNAL;
        err = wait_for(ctl, ZMQ_POLLIN, until);
        if (err != DP_OK)
            return err;
    }
    *reply = dp_slice_of(zmq_msg_data(&ctl->reply), zmq_msg_size(&ctl->reply));
    return zmq_msg_more(&ctl->reply) ? DP_FORMAT : DP_OK;
}

enum dp_err dp_ctl_call(struct dp_ctl *ctl, struct dp_slice request, struct dp_slice *reply, int timeout_ms)
{
    int64_t until = deadline(timeout_ms);
    enum dp_err err = dp_ctl_send(ctl, request, timeout_ms);
    int64_t left;

    if (err != DP_OK)
        return err;
    left = until < 0 ? -1 : until - now_ms();
    return dp_ctl_recv(ctl, reply, until >= 0 && left < 0 ? 0 : (int)left);
}
