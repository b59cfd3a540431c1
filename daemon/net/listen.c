/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's side: who speaks is the key that the authenticator accepted, read from the message
 * itself. The library numbers connections upward, so that of two sessions with one key the
 * newer is known, and an older one cannot come back.
 */
#include "net/inner.h"

#include <string.h>

enum dp_err dp_net_listen(struct dp_net *net, const char *endpoint, const struct dp_net_pair *own,
                          dp_net_allow *allow, void *ctx)
{
    struct setup s;
    enum dp_err err = endpoint_check(endpoint, true);

    if (net->link.socket != NULL)
        return DP_CONFLICT;
    if (err == DP_OK)
        err = zap_open(net);
    if (err != DP_OK)
        return err;
    net->allow = allow;
    net->allow_ctx = ctx;
    sources_limit(&net->link, net->cfg.accept_per_s);
    net->link.conns.crowd_max = (size_t)net->cfg.pending_max;
    net->link.first_max = DP_NET_FIRST_MAX;
    net->link.hoard_max = hoard_max(&net->cfg, net->cfg.hwm, DP_NET_WIRE_MAX);
    s = setup_socket(net, ZMQ_ROUTER);
    setup_link(&s, &net->cfg, DP_NET_WIRE_MAX, net->cfg.hwm);
    setup_curve_server(&s, own, DOMAIN_LINK);
    return server_open(net, &net->link, &s, endpoint);
}

enum dp_err dp_net_listen_also(struct dp_net *net, const char *endpoint)
{
    enum dp_err err = endpoint_check(endpoint, true);

    if (net->link.socket == NULL)
        return DP_CONFLICT;
    if (net->link.endpoints == DP_NET_LISTENS_MAX)
        return DP_FULL;
    return err == DP_OK ? server_bind(&net->link, endpoint) : err;
}

const char *dp_net_listen_endpoint(const struct dp_net *net)
{
    return net->link.socket != NULL ? net->link.endpoint : NULL;
}

void dp_net_listen_close(struct dp_net *net)
{
    if (net->link.socket == NULL)
        return;
    server_close(&net->link);
    peers_reset(net);
}

static void tell(struct dp_net *net, enum dp_net_event_type type, const struct peer *p, struct dp_slice bytes)
{
    struct dp_net_event ev = {.type = type, .key = p->key, .token = p->token, .fd = -1, .bytes = bytes};

    emit(net, &ev);
}

static void go_down(struct dp_net *net, struct peer *p)
{
    p->up = p->down_due = false;
    net->peers.downs_due--;
    tell(net, DP_NET_LINK_DOWN, p, dp_slice_of(NULL, 0));
}

/* The session before this one, which may still look alive from here. */
static void end_older(struct dp_net *net, struct peer *p)
{
    if (p->up && !p->down_due) {
        net->count.replaced++;
        conns_cut(&net->link, conns_of_peer(net, p));
    }
    peers_lost(net, p, false);
    if (p->down_due)
        go_down(net, p);
}

/* The session of `p` is on the connection that brought this message. */
static void settle(struct dp_net *net, struct peer *p, const struct arrival *a)
{
    struct conn *c = conns_heard(&net->link, a);

    p->routing_id = a->routing_id;
    p->known = p->up = true;
    p->fd = -1;
    if (c == NULL) { /* its end came first, and will not come again: what is left of the turn is heard */
        peers_lost(net, p, true);
        return;
    }
    p->fd = a->fd;
    p->serial = c->serial;
    c->peer = (uint32_t)(p - net->peers.at) + 1;
}

/* First message of a connection. NULL: not let in. */
static struct peer *begin(struct dp_net *net, const struct arrival *a)
{
    uint64_t token = 0;
    struct peer *p = NULL;

    if (!net->allow(net->allow_ctx, &a->key, &token))
        net->count.auth_failed++;
    else if ((p = peers_put(net, &a->key)) == NULL)
        net->count.crowded_out++;
    if (p == NULL) {
        conns_cut(&net->link, conns_of(&net->link, a));
        return NULL;
    }
    end_older(net, p);
    if (net->link.socket == NULL) /* the caller closed it meanwhile */
        return NULL;
    p->token = token;
    settle(net, p, a);
    net->count.sessions++;
    tell(net, DP_NET_LINK_UP, p, dp_slice_of(NULL, 0));
    return p;
}

static void take(struct dp_net *net, const struct arrival *a)
{
    struct peer *p;

    if (!a->proven) {
        net->count.unauthenticated++;
        conns_cut(&net->link, conns_of(&net->link, a));
        return;
    }
    p = peers_find(&net->peers, &a->key);
    if (p == NULL || !p->known || (int32_t)(a->routing_id - p->routing_id) > 0)
        p = begin(net, a);
    if (p == NULL)
        return;
    if (!p->up || p->routing_id != a->routing_id) {
        net->count.stale++;
        if (p->routing_id != a->routing_id) /* nobody will ever answer it */
            conns_cut(&net->link, conns_of(&net->link, a));
        return;
    }
    (void)conns_heard(&net->link, a);
    net->count.frames_in++;
    net->count.bytes_in += a->bytes.len;
    tell(net, DP_NET_FRAME, p, a->bytes);
}

void listen_serve(struct dp_net *net)
{
    struct budget b = budget_of(net);
    struct arrival a;
    enum received got;

    do {
        got = server_receive(net, &net->link, &a);
        if (got == RECEIVED_ONE && a.bytes.len > DP_NET_FRAME_MAX)
            net->count.oversized++; /* it goes on: who takes frames knows whose it is, and ends the link */
        if (got == RECEIVED_ONE)
            take(net, &a);
    } while (got != RECEIVED_NONE && budget_take(&b, a.bytes.len));
}

void listen_downs(struct dp_net *net)
{
    for (size_t i = 0; net->peers.downs_due > 0 && i < net->peers.len; i++)
        if (net->peers.at[i].down_due)
            go_down(net, &net->peers.at[i]);
}

enum dp_err dp_net_send(struct dp_net *net, const struct dp_net_key *key, struct dp_slice frame)
{
    struct dialler *d = dial_find(net, key);
    struct peer *p;
    enum dp_err err;

    if (frame.len > DP_NET_FRAME_MAX)
        return DP_TOO_BIG;
    if (d != NULL)
        return dial_send(net, d, frame);
    p = peers_find(&net->peers, key);
    if (p == NULL || !p->up || p->down_due)
        return DP_UNREACHABLE;
    err = server_send(net, &net->link, p->routing_id, frame);
    if (err == DP_UNREACHABLE) { /* should the other side think that it stands, it learns and dials again */
        conns_cut_soon(net, &net->link, conns_of_peer(net, p));
        peers_lost(net, p, true);
    }
    return err;
}

void dp_net_drop(struct dp_net *net, const struct dp_net_key *key)
{
    struct dialler *d = dial_find(net, key);
    struct peer *p = peers_find(&net->peers, key);

    if (d != NULL) {
        dial_linger(d);
        dial_fail(net, d);
    }
    if (p == NULL || !p->up)
        return;
    conns_cut_soon(net, &net->link, conns_of_peer(net, p));
    peers_lost(net, p, false);
}
