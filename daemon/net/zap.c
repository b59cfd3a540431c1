/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authenticator (ZAP, RFC 27), served within the turn. It answers for keys alone: who may
 * link is asked of the caller, enrolment takes any key. What is not a well-formed request
 * for CURVE in a domain of ours is refused. What we answer comes back with each message.
 */
#include "net/inner.h"

#include <errno.h>
#include <string.h>

#define ENDPOINT "inproc://zeromq.zap.01"
#define PART_BYTES 256
#define USER_BYTES (DP_NET_KEY_BYTES + 4)

enum {
    PART_VERSION,
    PART_REQUEST,
    PART_DOMAIN,
    PART_ADDRESS,
    PART_IDENTITY,
    PART_MECHANISM,
    PART_KEY,
    PARTS
};

struct part {
    uint8_t b[PART_BYTES];
    size_t len;
};

struct request {
    struct part part[PARTS];
    bool well_formed;
};

enum dp_err zap_open(struct dp_net *net)
{
    struct setup s;

    if (net->zap != NULL)
        return DP_OK;
    s = setup_socket(net, ZMQ_REP);
    setup_int(&s, ZMQ_RCVHWM, 0);
    setup_int(&s, ZMQ_SNDHWM, 0);
    if (s.err == DP_OK && zmq_bind(s.socket, ENDPOINT) != 0)
        s.err = net_errno();
    if (s.err != DP_OK && s.socket != NULL)
        zmq_close(s.socket);
    else
        net->zap = s.socket;
    return s.err;
}

/* False when there is none. The whole request is consumed whatever its shape. */
static bool receive(void *zap, struct request *r)
{
    int more = 1;
    size_t more_len = sizeof(more);
    size_t n = 0;

    r->well_formed = true;
    for (; more; n++) {
        struct part scratch;
        struct part *p = n < PARTS ? &r->part[n] : &scratch;
        int len = zmq_recv(zap, p->b, sizeof(p->b), ZMQ_DONTWAIT);

        if (len < 0)
            return false;
        if (len > PART_BYTES)
            r->well_formed = false;
        p->len = len > PART_BYTES ? PART_BYTES : (size_t)len;
        if (zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &more_len) != 0)
            more = 0;
    }
    if (n != PARTS)
        r->well_formed = false;
    return true;
}

static bool part_is(const struct part *p, const char *text)
{
    return p->len == strlen(text) && memcmp(p->b, text, p->len) == 0;
}

/* May the holder of this key go on? */
static bool decide(struct dp_net *net, const struct request *r)
{
    struct dp_net_key key;
    uint64_t token = 0;

    if (!r->well_formed || !part_is(&r->part[PART_VERSION], "1.0") ||
        !part_is(&r->part[PART_MECHANISM], "CURVE") || r->part[PART_KEY].len != sizeof(key.b))
        return false;
    memcpy(key.b, r->part[PART_KEY].b, sizeof(key.b));
    if (part_is(&r->part[PART_DOMAIN], DOMAIN_LINK))
        return net->allow != NULL && net->allow(net->allow_ctx, &key, &token);
    return part_is(&r->part[PART_DOMAIN], DOMAIN_ENROLL) && net->enroll.socket != NULL;
}

/* The user of a connection as the library keeps it: its key and the serial of this proof, in hex. */
static void write_user(struct dp_net *net, const struct part *key, char out[USER_BYTES * 2 + 1])
{
    uint8_t b[USER_BYTES];
    struct dp_wr w = dp_wr_of(b, sizeof(b));

    dp_wr_bytes(&w, key->b, DP_NET_KEY_BYTES);
    dp_wr_u32(&w, ++net->serials);
    dp_hex(b, sizeof(b), out);
}

bool zap_user(zmq_msg_t *m, struct dp_net_key *key, uint32_t *serial)
{
    const char *user = zmq_msg_gets(m, "User-Id");
    uint8_t b[USER_BYTES];
    struct dp_rd rd = dp_rd_of(dp_slice_of(b, sizeof(b)));

    if (user == NULL || dp_unhex(user, strlen(user), b, sizeof(b)) != DP_OK)
        return false;
    dp_rd_copy(&rd, key->b, sizeof(key->b));
    *serial = dp_rd_u32(&rd);
    return true;
}

/* REP to an inproc pipe without limits: it does not wait, and a requester that has gone is no error. */
static void answer(struct dp_net *net, const struct request *r, bool yes)
{
    void *zap = net->zap;
    char user[USER_BYTES * 2 + 1] = "";
    const struct part *id = &r->part[PART_REQUEST];

    if (yes)
        write_user(net, &r->part[PART_KEY], user);
    (void)zmq_send(zap, "1.0", 3, ZMQ_SNDMORE);
    (void)zmq_send(zap, id->b, id->len, ZMQ_SNDMORE);
    (void)zmq_send(zap, yes ? "200" : "400", 3, ZMQ_SNDMORE);
    (void)zmq_send(zap, "", 0, ZMQ_SNDMORE);
    (void)zmq_send(zap, user, strlen(user), ZMQ_SNDMORE);
    (void)zmq_send(zap, "", 0, 0);
}

void zap_serve(struct dp_net *net)
{
    struct request r;

    for (int n = 0; net->zap != NULL && n < net->cfg.turn_messages; n++) {
        bool yes;

        memset(&r, 0, sizeof(r));
        if (!receive(net->zap, &r))
            return;
        /* A connection is accepted before it asks: after this its serial is smaller than that of the proof.
         */
        server_watch(net, &net->link);
        server_watch(net, &net->enroll);
        yes = decide(net, &r);
        if (yes)
            net->count.auth_ok++;
        else
            net->count.auth_failed++;
        answer(net, &r, yes);
    }
}
