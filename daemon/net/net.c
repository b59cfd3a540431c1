/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beginning and end of the sockets' owner, its limits, and small parts that the other files
 * share: rates, budgets, and the messages that events of this turn borrow.
 */
#include "net/inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SOCKET_KINDS (DIALLERS + 3)

void dp_net_config_default(struct dp_net_config *c)
{
    *c = (struct dp_net_config){
        .handshake_ms = 90000,
        .connect_ms = 30000,
        .unacked_ms = 120000,
        .reconnect_ms = 2000,
        .reconnect_max_ms = 300000,
        .hwm = 16,
        .rcvbuf_bytes = 262144,
        .peers_max = 2048,
        .pending_max = 512,
        .accept_per_s = 1000,
        .enroll_conns_max = 32,
        .enroll_per_s = 10,
        .enroll_life_ms = 120000,
        .control_conns_max = 128,
        .turn_messages = 256,
        .turn_bytes = (size_t)4 << 20,
    };
}

static bool within(int v, int min, int max)
{
    return v >= min && v <= max;
}

static bool times_ok(const struct dp_net_config *c)
{
    return within(c->handshake_ms, 10, 600000) && within(c->connect_ms, 10, 600000) &&
           within(c->unacked_ms, 1000, 3600000) && within(c->reconnect_ms, 1, 3600000) &&
           within(c->reconnect_max_ms, c->reconnect_ms, 86400000) && within(c->heartbeat_ms, 0, 60000) &&
           within(c->enroll_life_ms, 10, 3600000);
}

static bool sizes_ok(const struct dp_net_config *c)
{
    return within(c->hwm, 1, 64) && within(c->sndbuf_bytes, 0, 1 << 24) &&
           within(c->rcvbuf_bytes, 4096, 1 << 24) && within(c->peers_max, 1, 65536) &&
           within(c->pending_max, 1, 65536) && within(c->accept_per_s, 1, 100000) &&
           within(c->enroll_conns_max, 1, 1024) && within(c->enroll_per_s, 1, 1000) &&
           within(c->control_conns_max, 1, 1024) && within(c->turn_messages, 1, 4096) && c->turn_bytes > 0 &&
           c->turn_bytes <= (size_t)1 << 30;
}

/* "<address>:<port>" as an endpoint without its scheme. */
static enum dp_err keep_proxy(struct dp_net *net)
{
    char endpoint[ENDPOINT_BYTES];

    if (net->cfg.socks == NULL)
        return DP_OK;
    if (snprintf(endpoint, sizeof(endpoint), "tcp://%s", net->cfg.socks) >= (int)sizeof(endpoint) ||
        endpoint_check(endpoint, false) != DP_OK)
        return DP_CONFIG;
    snprintf(net->socks, sizeof(net->socks), "%s", net->cfg.socks);
    net->cfg.socks = NULL; /* borrowed only for this call */
    return DP_OK;
}

/* Everything but ZeroMQ itself. */
static enum dp_err make_tables(struct dp_net *net)
{
    net->held.cap = (size_t)net->cfg.turn_messages * SOCKET_KINDS;
    net->held.at = calloc(net->held.cap, sizeof(*net->held.at));
    if (net->held.at == NULL)
        return DP_NOMEM;
    return peers_init(&net->peers, (size_t)net->cfg.peers_max);
}

enum dp_err dp_net_new(const struct dp_net_config *c, struct dp_net **out)
{
    struct dp_net *net;
    enum dp_err err;

    if (!times_ok(c) || !sizes_ok(c) || c->clock.mono_ms == NULL || c->random.fill == NULL)
        return DP_RANGE;
    net = calloc(1, sizeof(*net));
    if (net == NULL)
        return DP_NOMEM;
    net->cfg = *c;
    net->link.role = ROLE_LINK;
    net->enroll.role = ROLE_ENROLL;
    net->control.role = ROLE_CONTROL;
    net->cfg.random.fill(net->cfg.random.ctx, &net->secret, sizeof(net->secret));
    err = make_tables(net);
    if (err == DP_OK)
        err = keep_proxy(net);
    net->zmq = err == DP_OK ? zmq_ctx_new() : NULL;
    /* One thread: the monitor then tells of an accept before the end of the same connection. */
    if (err == DP_OK && (net->zmq == NULL || zmq_ctx_set(net->zmq, ZMQ_IO_THREADS, 1) != 0))
        err = DP_INTERNAL;
    if (err != DP_OK) {
        dp_net_free(&net);
        return err;
    }
    *out = net;
    return DP_OK;
}

void dp_net_free(struct dp_net **net)
{
    struct dp_net *n = *net;

    *net = NULL;
    if (n == NULL)
        return;
    held_release(n);
    for (size_t i = 0; i < DIALLERS; i++)
        dial_stop(&n->dial[i]);
    server_close(&n->link);
    server_close(&n->enroll);
    control_close(n);
    if (n->zap != NULL)
        zmq_close(n->zap);
    if (n->zmq != NULL)
        while (zmq_ctx_term(n->zmq) != 0 && errno == EINTR)
            ;
    peers_fini(&n->peers);
    free(n->held.at);
    free(n);
}

int64_t net_now(const struct dp_net *net)
{
    return net->cfg.clock.mono_ms(net->cfg.clock.ctx);
}

struct rate rate_of(int per_s)
{
    return (struct rate){.per_s = per_s, .at_ms = INT64_MIN / 2};
}

bool rate_take(struct rate *r, int64_t now_ms)
{
    int64_t full = (int64_t)r->per_s * 2000;
    int64_t past = now_ms - r->at_ms;

    if (past > 2000 || past < 0)
        past = 2000;
    r->milli += past * r->per_s;
    if (r->milli > full)
        r->milli = full;
    r->at_ms = now_ms;
    if (r->milli < 1000)
        return false;
    r->milli -= 1000;
    return true;
}

enum dp_err net_errno(void)
{
    switch (zmq_errno()) {
    case EADDRINUSE:
        return DP_CONFLICT;
    case EADDRNOTAVAIL:
    case EINVAL:
    case ENODEV:
    case EPROTONOSUPPORT:
        return DP_CONFIG;
    case EAGAIN:
        return DP_AGAIN;
    case EHOSTUNREACH:
        return DP_UNREACHABLE;
    case EMFILE:
    case ENOMEM:
        return DP_NOMEM;
    case EACCES:
    case EPERM:
    case ENOENT:
        return DP_IO;
    default:
        return DP_INTERNAL;
    }
}

zmq_msg_t *held_next(struct dp_net *net)
{
    return net->held.len < net->held.cap ? &net->held.at[net->held.len] : NULL;
}

void held_release(struct dp_net *net)
{
    while (net->held.len > 0)
        zmq_msg_close(&net->held.at[--net->held.len]);
}

struct budget budget_of(const struct dp_net *net)
{
    return (struct budget){.messages = net->cfg.turn_messages, .bytes = net->cfg.turn_bytes};
}

bool budget_take(struct budget *b, size_t bytes)
{
    b->messages--;
    b->bytes -= bytes < b->bytes ? bytes : b->bytes;
    return b->messages > 0 && b->bytes > 0;
}

enum dp_err dp_net_fd_add(struct dp_net *net, int fd)
{
    for (size_t i = 0; i < net->fds; i++)
        if (net->fd[i] == fd)
            return DP_DUPLICATE;
    if (net->fds == DP_NET_FDS_MAX)
        return DP_FULL;
    net->fd[net->fds++] = fd;
    return DP_OK;
}

void dp_net_fd_remove(struct dp_net *net, int fd)
{
    for (size_t i = 0; i < net->fds; i++)
        if (net->fd[i] == fd)
            net->fd[i--] = net->fd[--net->fds];
}

const struct dp_net_counters *dp_net_counters(const struct dp_net *net)
{
    return &net->count;
}

size_t dp_net_connections(const struct dp_net *net)
{
    return net->link.conns.open + net->enroll.conns.open + net->control.conns.open;
}

size_t dp_net_sessions(const struct dp_net *net)
{
    size_t n = 0;

    for (size_t i = 0; i < net->peers.len; i++)
        n += net->peers.at[i].up;
    for (size_t i = 0; i < DIALLERS; i++)
        n += net->dial[i].state == DIAL_UP;
    return n;
}
