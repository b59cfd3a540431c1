/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialler: one attempt is one socket, made and closed here, so that nothing of an old attempt
 * reaches a new one. Its pauses are ours, for the library's grow in step at all children of
 * a parent and bring them back at the same moment.
 */
#include "net/inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EVENTS                                                                                               \
    (ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |       \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |                            \
     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
#define GRACE_MS 1000 /* beyond the library's own limits of an attempt */
#define GOOD_LINK 10  /* a link that stood this many first pauses starts anew from the first */
#define DOUBLINGS_MAX 24

struct dialler *dial_find(struct dp_net *net, const struct dp_net_key *server)
{
    for (size_t i = 0; i < DIALLERS; i++) {
        struct dialler *d = &net->dial[i];

        if (d->state != DIAL_OFF && !d->enroll && memcmp(&d->server, server, sizeof(*server)) == 0)
            return d;
    }
    return NULL;
}

enum dp_err dial_start(struct dp_net *net, struct dialler *d, const char *const *addresses, size_t n)
{
    if (n == 0 || n > DP_NET_ADDRESSES_MAX)
        return DP_RANGE;
    for (size_t i = 0; i < n; i++) {
        enum dp_err err = endpoint_check(addresses[i], false);

        if (err != DP_OK)
            return err;
        snprintf(d->address[i], sizeof(d->address[i]), "%s", addresses[i]);
    }
    d->addresses = n;
    d->next = 0;
    d->failures = 0;
    d->state = DIAL_WAIT;
    d->due_ms = net_now(net);
    return DP_OK;
}

void dial_stop(struct dialler *d)
{
    monitored_close(&d->socket, &d->monitor);
    dp_wipe(d, sizeof(*d));
}

enum dp_err dp_net_connect(struct dp_net *net, const char *const *addresses, size_t n,
                           const struct dp_net_key *server, const struct dp_net_pair *own)
{
    struct dialler *d = NULL;

    if (dial_find(net, server) != NULL)
        return DP_DUPLICATE;
    for (size_t i = 0; d == NULL && i < DIALLERS - 1; i++)
        if (net->dial[i].state == DIAL_OFF)
            d = &net->dial[i];
    if (d == NULL)
        return DP_FULL;
    d->server = *server;
    d->own = *own;
    return dial_start(net, d, addresses, n);
}

void dp_net_disconnect(struct dp_net *net, const struct dp_net_key *server)
{
    struct dialler *d = dial_find(net, server);

    if (d != NULL)
        dial_stop(d);
}

void dp_net_redial(struct dp_net *net, const struct dp_net_key *server)
{
    struct dialler *d = dial_find(net, server);

    if (d != NULL && d->state == DIAL_WAIT)
        d->due_ms = net_now(net);
}

/* Doubling after each round of all addresses, plus a random part of the same size. */
static int64_t pause_ms(struct dp_net *net, const struct dialler *d)
{
    unsigned doublings = d->failures / (unsigned)d->addresses;
    int64_t pause = net->cfg.reconnect_ms;
    uint64_t r;

    if (doublings > DOUBLINGS_MAX)
        doublings = DOUBLINGS_MAX;
    pause <<= doublings;
    if (pause > net->cfg.reconnect_max_ms)
        pause = net->cfg.reconnect_max_ms;
    net->cfg.random.fill(net->cfg.random.ctx, &r, sizeof(r));
    return pause + (int64_t)(r % (uint64_t)pause);
}

void dial_linger(struct dialler *d)
{
    int ms = DROP_LINGER_MS;

    if (d->state == DIAL_UP)
        (void)zmq_setsockopt(d->socket, ZMQ_LINGER, &ms, sizeof(ms));
}

void dial_fail(struct dp_net *net, struct dialler *d)
{
    int64_t now = net_now(net);

    if (d->state != DIAL_TRY && d->state != DIAL_UP)
        return;
    monitored_close(&d->socket, &d->monitor);
    if (d->state == DIAL_UP) {
        d->down_due = true;
        if (now - d->up_ms >= (int64_t)net->cfg.reconnect_ms * GOOD_LINK)
            d->failures = 0;
    } else {
        net->count.dials_failed++;
    }
    d->due_ms = now + pause_ms(net, d);
    d->failures++;
    d->next = (d->next + 1) % d->addresses;
    d->state = DIAL_WAIT;
    d->ended = false;
}

static int message_max(const struct dialler *d)
{
    return d->enroll ? DP_NET_ENROLL_MAX : DP_NET_WIRE_MAX;
}

static void dial_open(struct dp_net *net, struct dialler *d)
{
    struct setup s = setup_socket(net, ZMQ_DEALER);

    d->socket = s.socket;
    d->state = DIAL_TRY;
    d->ended = false;
    d->fd = -1;
    d->due_ms = net_now(net) + net->cfg.connect_ms + net->cfg.handshake_ms + GRACE_MS;
    net->count.dials++;
    setup_link(&s, &net->cfg, message_max(d), net->cfg.hwm);
    setup_curve_client(&s, &d->own, &d->server);
    setup_int(&s, ZMQ_IMMEDIATE, 1);
    setup_int(&s, ZMQ_RECONNECT_IVL, -1);
    setup_int(&s, ZMQ_CONNECT_TIMEOUT, net->cfg.connect_ms);
    setup_int(&s, ZMQ_IPV6, endpoint_v6(d->address[d->next]) || endpoint_v6(net->socks));
    if (net->socks[0] != '\0')
        setup_bytes(&s, ZMQ_SOCKS_PROXY, net->socks, strlen(net->socks));
    if (s.err == DP_OK)
        s.err = monitor_open(net, d->socket, EVENTS, &d->monitor);
    if (s.err == DP_OK && zmq_connect(d->socket, d->address[d->next]) != 0)
        s.err = net_errno();
    if (s.err != DP_OK)
        dial_fail(net, d);
}

static void tell(struct dp_net *net, const struct dialler *d, enum dp_net_event_type link,
                 enum dp_net_event_type enroll, struct dp_slice bytes)
{
    struct dp_net_event ev = {.type = d->enroll ? enroll : link, .key = d->server, .fd = -1, .bytes = bytes};

    emit(net, &ev);
}

void dial_watch(struct dp_net *net, struct dialler *d)
{
    struct mon_event e;

    while (d->monitor != NULL && monitor_next(d->monitor, &e)) {
        if (e.what == ZMQ_EVENT_HANDSHAKE_SUCCEEDED && d->state == DIAL_TRY) {
            d->state = DIAL_UP;
            d->up_ms = d->look_ms = net_now(net);
            d->hoard = (struct hoard){.heard = true};
            tell(net, d, DP_NET_LINK_UP, DP_NET_ENROLL_UP, dp_slice_of(NULL, 0));
        } else if (e.what == ZMQ_EVENT_DISCONNECTED || e.what == ZMQ_EVENT_CLOSED) {
            d->ended = true;
            d->fd = -1;
        } else if (e.what == ZMQ_EVENT_CONNECTED) {
            d->fd = e.value;
        } else if (e.what == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) {
            net->count.handshake_protocol++;
        } else if (e.what == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
            net->count.handshake_auth++;
        } else if (e.what == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) {
            net->count.handshake_other++;
        }
    }
}

/* The next message into the messages of this turn, or NULL. */
static zmq_msg_t *receive(struct dp_net *net, void *socket)
{
    zmq_msg_t *m = held_next(net);

    if (m == NULL)
        return NULL;
    zmq_msg_init(m);
    if (zmq_msg_recv(m, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(m);
        return NULL;
    }
    net->held.len++;
    return m;
}

/* False: no more this turn. */
static bool serve_one(struct dp_net *net, struct dialler *d, struct budget *b)
{
    zmq_msg_t *m = receive(net, d->socket);
    struct dp_slice bytes;

    if (m == NULL)
        return false;
    if (zmq_msg_more(m)) {
        net->count.garbage++;
        dial_fail(net, d);
        return false;
    }
    bytes = dp_slice_of(zmq_msg_data(m), zmq_msg_size(m));
    d->hoard.heard = true;
    if (!d->enroll) {
        net->count.frames_in++;
        net->count.bytes_in += bytes.len;
        net->count.oversized += bytes.len > DP_NET_FRAME_MAX;
    }
    tell(net, d, DP_NET_FRAME, DP_NET_ENROLL, bytes);
    return budget_take(b, bytes.len);
}

/* Only once it is up: a message can be here a moment before the monitor says so. */
void dial_serve(struct dp_net *net, struct dialler *d)
{
    struct budget b = budget_of(net);

    while (d->state == DIAL_UP && serve_one(net, d, &b))
        ;
    if (d->ended)
        dial_fail(net, d);
}

/* A parent, or who says that he is one, is bounded like a child. */
static void look(struct dp_net *net, struct dialler *d, int64_t now)
{
    d->look_ms = now + LOOK_MS;
    if (d->fd < 0 || !hoards(&d->hoard, d->fd, hoard_max(&net->cfg, net->cfg.hwm, message_max(d))))
        return;
    net->count.hoarding++;
    dial_fail(net, d);
}

void dial_timers(struct dp_net *net, struct dialler *d)
{
    int64_t now = net_now(net);

    if (d->down_due) {
        d->down_due = false;
        tell(net, d, DP_NET_LINK_DOWN, DP_NET_ENROLL_DOWN, dp_slice_of(NULL, 0));
    }
    if (d->state == DIAL_UP && now >= d->look_ms)
        look(net, d, now);
    if (d->state == DIAL_TRY && now >= d->due_ms)
        dial_fail(net, d);
    if (d->state == DIAL_WAIT && now >= d->due_ms)
        dial_open(net, d);
}

enum dp_err dial_send(struct dp_net *net, struct dialler *d, struct dp_slice bytes)
{
    int rc;

    if (d->state != DIAL_UP || d->ended)
        return DP_UNREACHABLE;
    do
        rc = zmq_send(d->socket, bytes.p, bytes.len, ZMQ_DONTWAIT);
    while (rc < 0 && zmq_errno() == EINTR);
    if (rc < 0) {
        net->count.send_full += zmq_errno() == EAGAIN;
        return net_errno();
    }
    net->count.frames_out++;
    net->count.bytes_out += bytes.len;
    return DP_OK;
}
