/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bound ROUTER: open, close, one message in, one message out. A peer's message is its routing
 * id and one part; a routing id that the peer chose itself is refused, for with it one
 * peer could be taken for another.
 */
#include "net/inner.h"

#include <errno.h>
#include <string.h>

#define EVENTS                                                                                               \
    (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |                    \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

enum dp_err server_bind(struct server *s, const char *endpoint)
{
    size_t len = sizeof(s->endpoint);
    int six = endpoint_v6(endpoint);

    if (zmq_setsockopt(s->socket, ZMQ_IPV6, &six, sizeof(six)) != 0 || zmq_bind(s->socket, endpoint) != 0)
        return net_errno();
    if (s->endpoints == 0 && zmq_getsockopt(s->socket, ZMQ_LAST_ENDPOINT, s->endpoint, &len) != 0)
        return net_errno();
    s->endpoints++;
    return DP_OK;
}

enum dp_err server_open(struct dp_net *net, struct server *s, struct setup *setup, const char *endpoint)
{
    enum dp_err err;

    s->socket = setup->socket;
    setup_int(setup, ZMQ_ROUTER_MANDATORY, 1);
    err = setup->err;
    /* The monitor first: no accept may be missed. */
    if (err == DP_OK)
        err = monitor_open(net, s->socket, EVENTS, &s->monitor);
    if (err == DP_OK)
        err = server_bind(s, endpoint);
    if (err != DP_OK)
        server_close(s);
    return err;
}

void server_close(struct server *s)
{
    monitored_close(&s->socket, &s->monitor);
    conns_forget(s);
    s->endpoint[0] = '\0';
    s->endpoints = 0;
}

static void watch_one(struct dp_net *net, struct server *s, struct mon_event e)
{
    switch (e.what) {
    case ZMQ_EVENT_ACCEPTED:
        conns_accepted(net, s, e.value);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        conns_closed(net, s, e.value);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        net->count.handshake_protocol++;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        net->count.handshake_auth++;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        if (s->role !=
            ROLE_CONTROL) /* a local program that only looks whether somebody answers is no stranger */
            net->count.handshake_other++;
        break;
    default:
        break;
    }
}

void server_watch(struct dp_net *net, struct server *s)
{
    struct mon_event e;

    while (s->monitor != NULL && monitor_next(s->monitor, &e))
        watch_one(net, s, e);
}

static void discard_rest(void *socket)
{
    zmq_msg_t m;
    int more = 1;

    while (more) {
        zmq_msg_init(&m);
        more = zmq_msg_recv(&m, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&m);
        zmq_msg_close(&m);
    }
}

/* Both parts; false when there is no message, or the place for it is used up. */
static bool receive_parts(void *socket, uint8_t id[ROUTING_ID_BYTES], int *id_len, zmq_msg_t *m)
{
    int rc;

    do
        rc = zmq_recv(socket, id, ROUTING_ID_BYTES, ZMQ_DONTWAIT);
    while (rc < 0 && zmq_errno() == EINTR);
    if (rc < 0)
        return false;
    *id_len = rc;
    zmq_msg_init(m);
    if (zmq_msg_recv(m, socket, ZMQ_DONTWAIT) >= 0)
        return true;
    zmq_msg_close(m);
    return false;
}

enum received server_receive(struct dp_net *net, struct server *s, struct arrival *a)
{
    uint8_t id[ROUTING_ID_BYTES] = {0};
    int id_len = 0;
    zmq_msg_t *m = s->socket != NULL ? held_next(net) : NULL;
    struct dp_rd rd;

    if (m == NULL || !receive_parts(s->socket, id, &id_len, m))
        return RECEIVED_NONE;
    net->held.len++;
    a->msg = m;
    a->bytes = dp_slice_of(zmq_msg_data(m), zmq_msg_size(m));
    a->fd = zmq_msg_get(m, ZMQ_SRCFD);
    /* Of the payload part: after a poll the id part has lost its properties. */
    a->proven = zap_user(m, &a->key, &a->proof);
    rd = dp_rd_of(dp_slice_of(id + 1, sizeof(id) - 1));
    a->routing_id = dp_rd_u32(&rd);
    if (id_len == ROUTING_ID_BYTES && id[0] == 0 && !zmq_msg_more(m))
        return RECEIVED_ONE;
    if (zmq_msg_more(m))
        discard_rest(s->socket);
    net->count.garbage++;
    conns_cut(s, conns_of(s, a));
    return RECEIVED_BAD;
}

enum dp_err server_send(struct dp_net *net, struct server *s, uint32_t routing_id, struct dp_slice bytes)
{
    uint8_t id[ROUTING_ID_BYTES];
    struct dp_wr w = dp_wr_of(id, sizeof(id));
    enum dp_err err;

    if (s->socket == NULL)
        return DP_UNREACHABLE;
    dp_wr_u8(&w, 0);
    dp_wr_u32(&w, routing_id);
    /* The part with the id decides: full, gone, or all the rest goes through. */
    if (zmq_send(s->socket, id, sizeof(id), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        err = net_errno();
        net->count.send_full += err == DP_AGAIN;
        return err;
    }
    if (zmq_send(s->socket, bytes.p, bytes.len, ZMQ_DONTWAIT) < 0)
        return net_errno();
    net->count.frames_out++;
    net->count.bytes_out += bytes.len;
    return DP_OK;
}
