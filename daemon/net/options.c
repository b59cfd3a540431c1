/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of a socket. Each one is checked, for a missing one can mean an open door: without
 * ZAP enforcement the library accepts any key when the authenticator cannot be reached.
 */
#include "net/inner.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Works in this build, named only in draft headers. */
#define OPT_ZAP_ENFORCE_DOMAIN 93
#define BACKLOG 1024
#define KEEPALIVE_IDLE_S 1800 /* a few KB a day; liveness proper is the session's */
#define KEEPALIVE_STEP_S 60
#define KEEPALIVE_TRIES 5
#define HEARTBEAT_TTL_MAX_MS 65500 /* 16 bits of tenths of a second, overflow is not reported */

struct setup setup_socket(struct dp_net *net, int type)
{
    struct setup s = {.socket = zmq_socket(net->zmq, type)};

    if (s.socket == NULL)
        s.err = net_errno();
    setup_int(&s, ZMQ_LINGER, 0);
    return s;
}

void setup_bytes(struct setup *s, int option, const void *p, size_t len)
{
    if (s->err == DP_OK && zmq_setsockopt(s->socket, option, p, len) != 0)
        s->err = DP_INTERNAL;
}

void setup_int(struct setup *s, int option, int value)
{
    setup_bytes(s, option, &value, sizeof(value));
}

static void setup_heartbeat(struct setup *s, int ivl_ms)
{
    int ttl = ivl_ms * 3 < HEARTBEAT_TTL_MAX_MS ? ivl_ms * 3 : HEARTBEAT_TTL_MAX_MS;

    if (ivl_ms == 0)
        return;
    setup_int(s, ZMQ_HEARTBEAT_IVL, ivl_ms);
    setup_int(s, ZMQ_HEARTBEAT_TIMEOUT, ivl_ms * 3);
    setup_int(s, ZMQ_HEARTBEAT_TTL, ttl);
}

void setup_link(struct setup *s, const struct dp_net_config *c, int max_bytes, int hwm)
{
    int64_t max = max_bytes + CURVE_OVERHEAD;

    setup_bytes(s, ZMQ_MAXMSGSIZE, &max, sizeof(max));
    setup_int(s, ZMQ_SNDHWM, hwm);
    setup_int(s, ZMQ_RCVHWM, hwm);
    setup_int(s, ZMQ_HANDSHAKE_IVL, c->handshake_ms);
    setup_int(s, ZMQ_BACKLOG, BACKLOG);
    setup_int(s, ZMQ_TCP_MAXRT, c->unacked_ms);
    setup_int(s, ZMQ_TCP_KEEPALIVE, 1);
    setup_int(s, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S);
    setup_int(s, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_STEP_S);
    setup_int(s, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_TRIES);
    setup_int(s, ZMQ_RCVBUF, c->rcvbuf_bytes);
    if (c->sndbuf_bytes > 0)
        setup_int(s, ZMQ_SNDBUF, c->sndbuf_bytes);
    setup_heartbeat(s, c->heartbeat_ms);
}

void setup_curve_server(struct setup *s, const struct dp_net_pair *own, const char *domain)
{
    setup_int(s, ZMQ_CURVE_SERVER, 1);
    setup_bytes(s, ZMQ_CURVE_SECRETKEY, own->secret.b, sizeof(own->secret.b));
    setup_bytes(s, ZMQ_ZAP_DOMAIN, domain, strlen(domain));
    setup_int(s, OPT_ZAP_ENFORCE_DOMAIN, 1);
}

void setup_curve_client(struct setup *s, const struct dp_net_pair *own, const struct dp_net_key *server)
{
    setup_bytes(s, ZMQ_CURVE_PUBLICKEY, own->pub.b, sizeof(own->pub.b));
    setup_bytes(s, ZMQ_CURVE_SECRETKEY, own->secret.b, sizeof(own->secret.b));
    setup_bytes(s, ZMQ_CURVE_SERVERKEY, server->b, sizeof(server->b));
}

/* Asked for only where needed: some machines have no IPv6 at all. */
bool endpoint_v6(const char *endpoint)
{
    return strchr(endpoint, '[') != NULL;
}

static bool host_ok(const char *host, size_t len)
{
    struct in6_addr any;
    char text[INET6_ADDRSTRLEN + 1];
    bool six = len > 2 && host[0] == '[' && host[len - 1] == ']';

    if (six) {
        host++;
        len -= 2;
    }
    if (len >= sizeof(text))
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    return inet_pton(six ? AF_INET6 : AF_INET, text, &any) == 1;
}

static bool port_ok(const char *port, bool bind)
{
    uint64_t n;

    if (bind && strcmp(port, "*") == 0)
        return true;
    return dp_text_digits(dp_slice_str(port), &n) && n > 0 && n < 65536;
}

enum dp_err endpoint_check(const char *endpoint, bool bind)
{
    static const char scheme[] = "tcp://";
    const char *host = endpoint + sizeof(scheme) - 1;
    const char *colon;

    if (strlen(endpoint) >= ENDPOINT_BYTES || strncmp(endpoint, scheme, sizeof(scheme) - 1) != 0)
        return DP_CONFIG;
    colon = strrchr(host, ':');
    if (colon == NULL || !host_ok(host, (size_t)(colon - host)) || !port_ok(colon + 1, bind))
        return DP_CONFIG;
    return DP_OK;
}

static enum dp_err key_of_z85(const char *z85, struct dp_net_key *out)
{
    return zmq_z85_decode(out->b, z85) != NULL ? DP_OK : DP_INTERNAL;
}

enum dp_err dp_net_pair_new(struct dp_net_pair *out)
{
    char pub[41];
    char secret[41];
    enum dp_err err = DP_INTERNAL;

    if (zmq_curve_keypair(pub, secret) == 0)
        err = key_of_z85(pub, &out->pub);
    if (err == DP_OK)
        err = key_of_z85(secret, &out->secret);
    dp_wipe(secret, sizeof(secret));
    return err;
}

enum dp_err dp_net_pair_public(const struct dp_net_key *secret, struct dp_net_key *pub)
{
    char text[41];
    char derived[41];
    enum dp_err err = DP_INTERNAL;

    if (zmq_z85_encode(text, secret->b, sizeof(secret->b)) != NULL && zmq_curve_public(derived, text) == 0)
        err = key_of_z85(derived, pub);
    dp_wipe(text, sizeof(text));
    return err;
}
