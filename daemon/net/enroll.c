/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment: the same framing for someone without a certificate. The server's secret key is in
 * this file for all to read: it keeps the protocol one, and protects nothing. Whoever comes
 * is limited in number, size and rate; what he says is protected by the one-time code, elsewhere.
 */
#include "net/inner.h"

#include <string.h>

#define HWM 4

static const char published_secret[DP_NET_KEY_BYTES + 1] = "daipao enrolment, framing only 1";

static enum dp_err published(struct dp_net_pair *out)
{
    memcpy(out->secret.b, published_secret, sizeof(out->secret.b));
    return dp_net_pair_public(&out->secret, &out->pub);
}

struct dialler *enroll_dialler(struct dp_net *net)
{
    return &net->dial[DIALLERS - 1];
}

enum dp_err dp_net_enroll_listen(struct dp_net *net, const char *endpoint)
{
    struct dp_net_pair own;
    struct setup s;
    enum dp_err err = endpoint_check(endpoint, true);

    if (net->enroll.socket != NULL || enroll_dialler(net)->state != DIAL_OFF)
        return DP_CONFLICT;
    if (err == DP_OK)
        err = published(&own);
    if (err == DP_OK)
        err = zap_open(net);
    if (err != DP_OK)
        return err;
    sources_limit(&net->enroll, net->cfg.enroll_per_s);
    net->enroll.conns.crowd_max = (size_t)net->cfg.enroll_conns_max;
    net->enroll.hoard_max = net->enroll.first_max = hoard_max(&net->cfg, HWM, DP_NET_ENROLL_MAX);
    s = setup_socket(net, ZMQ_ROUTER);
    setup_link(&s, &net->cfg, DP_NET_ENROLL_MAX, HWM);
    setup_curve_server(&s, &own, DOMAIN_ENROLL);
    return server_open(net, &net->enroll, &s, endpoint);
}

const char *dp_net_enroll_endpoint(const struct dp_net *net)
{
    return net->enroll.socket != NULL ? net->enroll.endpoint : NULL;
}

enum dp_err dp_net_enroll_connect(struct dp_net *net, const char *const *addresses, size_t n)
{
    struct dialler *d = enroll_dialler(net);
    struct dp_net_pair server;
    enum dp_err err = published(&server);

    if (net->enroll.socket != NULL || d->state != DIAL_OFF)
        return DP_CONFLICT;
    if (err == DP_OK)
        err = dp_net_pair_new(&d->own);
    if (err != DP_OK)
        return err;
    d->enroll = true;
    d->server = server.pub;
    return dial_start(net, d, addresses, n);
}

enum dp_err dp_net_enroll_send(struct dp_net *net, uint32_t conn, struct dp_slice message)
{
    struct dialler *d = enroll_dialler(net);

    if (message.len > DP_NET_ENROLL_MAX)
        return DP_TOO_BIG;
    if (d->state != DIAL_OFF)
        return dial_send(net, d, message);
    return server_send(net, &net->enroll, conn, message);
}

void dp_net_enroll_close(struct dp_net *net)
{
    dial_stop(enroll_dialler(net));
    server_close(&net->enroll);
}

static void take(struct dp_net *net, const struct arrival *a)
{
    struct dp_net_event ev = {.type = DP_NET_ENROLL, .conn = a->routing_id, .fd = -1, .bytes = a->bytes};

    if (!sources_message(&net->enroll, conns_of(&net->enroll, a), net_now(net))) {
        net->count.enroll_limited++;
        return;
    }
    (void)conns_heard(&net->enroll, a);
    net->count.enroll_in++;
    emit(net, &ev);
}

void enroll_serve(struct dp_net *net)
{
    struct budget b = budget_of(net);
    struct arrival a;
    enum received got;

    do {
        got = server_receive(net, &net->enroll, &a);
        if (got == RECEIVED_ONE)
            take(net, &a);
    } while (got != RECEIVED_NONE && budget_take(&b, a.bytes.len));
}
