/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One turn over all sockets. Monitors come before messages, so that a message finds its
 * connection; the end of a session comes after its last message. Each kind of socket has
 * its own budget: children that flood cannot keep the operator out.
 */
#include "net/inner.h"

#include <errno.h>
#include <string.h>

#define ITEMS_MAX (2 * (3 + DIALLERS) + 1 + DP_NET_FDS_MAX)

struct items {
    zmq_pollitem_t at[ITEMS_MAX];
    int len;
    int first_fd;
};

void emit(struct dp_net *net, const struct dp_net_event *ev)
{
    net->on(net->on_ctx, ev);
}

static void add(struct items *it, void *socket, int fd)
{
    if (socket != NULL || fd >= 0)
        it->at[it->len++] = (zmq_pollitem_t){.socket = socket, .fd = fd, .events = ZMQ_POLLIN};
}

static void gather(struct dp_net *net, struct items *it)
{
    struct server *servers[] = {&net->control, &net->link, &net->enroll};

    it->len = 0;
    add(it, net->zap, -1);
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        add(it, servers[i]->socket, -1);
        add(it, servers[i]->monitor, -1);
    }
    for (size_t i = 0; i < DIALLERS; i++) {
        add(it, net->dial[i].socket, -1);
        add(it, net->dial[i].monitor, -1);
    }
    it->first_fd = it->len;
    for (size_t i = 0; i < net->fds; i++)
        add(it, NULL, net->fd[i]);
}

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The caller's limit, or sooner when a timer of ours is due. */
static long wait_ms(const struct dp_net *net, int timeout_ms)
{
    int64_t now = net_now(net);
    int64_t due = timeout_ms < 0 ? INT64_MAX : now + timeout_ms;

    if (net->peers.downs_due > 0)
        return 0;
    for (size_t i = 0; i < DIALLERS; i++) {
        const struct dialler *d = &net->dial[i];

        if (d->down_due)
            return 0;
        if (d->state == DIAL_WAIT || d->state == DIAL_TRY)
            due = min64(due, d->due_ms);
        if (d->state == DIAL_UP)
            due = min64(due, d->look_ms);
    }
    due = min64(due, conns_due_ms(&net->link));
    due = min64(due, conns_due_ms(&net->enroll));
    due = min64(due, conns_due_ms(&net->control));
    if (due == INT64_MAX)
        return -1;
    return due > now ? (long)(due - now) : 0;
}

static bool registered(const struct dp_net *net, int fd)
{
    for (size_t i = 0; i < net->fds; i++)
        if (net->fd[i] == fd)
            return true;
    return false;
}

static void serve_fds(struct dp_net *net, const struct items *it)
{
    for (int i = it->first_fd; i < it->len; i++) {
        struct dp_net_event ev = {.type = DP_NET_FD, .fd = it->at[i].fd};

        if (it->at[i].revents != 0 && registered(net, ev.fd))
            emit(net, &ev);
    }
}

static void serve_sockets(struct dp_net *net)
{
    server_watch(net, &net->control);
    server_watch(net, &net->link);
    server_watch(net, &net->enroll);
    for (size_t i = 0; i < DIALLERS; i++)
        dial_watch(net, &net->dial[i]);
    zap_serve(net);
    control_serve(net);
    for (size_t i = 0; i < DIALLERS; i++)
        dial_serve(net, &net->dial[i]);
    listen_serve(net);
    enroll_serve(net);
    listen_downs(net);
    for (size_t i = 0; i < DIALLERS; i++)
        dial_timers(net, &net->dial[i]);
    conns_look(net, &net->link);
    conns_look(net, &net->enroll);
    conns_look(net, &net->control);
}

enum dp_err dp_net_poll(struct dp_net *net, int timeout_ms, dp_net_on *on, void *ctx)
{
    struct items it;

    held_release(net);
    net->on = on;
    net->on_ctx = ctx;
    gather(net, &it);
    if (zmq_poll(it.at, it.len, wait_ms(net, timeout_ms)) < 0 && zmq_errno() != EINTR)
        return DP_INTERNAL;
    serve_fds(net, &it);
    serve_sockets(net);
    return DP_OK;
}
