/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers that mean harm, with and without a key that is let in: each loses its own connection, and the
 * honest child beside them keeps its link.
 */
#include "support/cmocka_all.h"
#include "support/netrig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.h>

#include "base/rng.h"

#define RAW_CONNS 200

static struct rig rig;
static struct rig_end *parent;
static struct rig_end *child;
static const struct dp_net_counters *count;
static void *zmq;
static void *strangers[32]; /* open sockets, so that a failed test still ends */
static size_t n_strangers;

/* Greeting of ZMTP 3.1 that names CURVE. */
static uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'C', 'U', 'R', 'V', 'E'};

static void start(const struct dp_net_config *c)
{
    struct dp_net_config of_child;

    rig_config(&of_child);
    parent = rig_add(&rig, c);
    child = rig_add(&rig, &of_child);
    count = dp_net_counters(parent->net);
    rig_allow(parent, child);
    rig_listen(parent);
    rig_dial(child, parent);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 1);
    assert_ok(rig_send(child, parent, "first"));
    RIG_UNTIL(&rig, rig_frame_is(parent, "first"));
}

static int setup(void **state)
{
    struct dp_net_config c;

    (void)state;
    zmq = zmq_ctx_new();
    rig_config(&c);
    c.handshake_ms = 300;
    start(&c);
    return 0;
}

static int bare_setup(void **state)
{
    (void)state;
    zmq = zmq_ctx_new();
    return 0;
}

static int down(void **state)
{
    (void)state;
    while (n_strangers > 0)
        zmq_close(strangers[--n_strangers]);
    zmq_ctx_term(zmq);
    rig_close(&rig);
    return 0;
}

static void leave(void *s)
{
    for (size_t i = 0; i < n_strangers; i++)
        if (strangers[i] == s)
            strangers[i] = strangers[--n_strangers];
    zmq_close(s);
}

/* The honest child never noticed, and is heard in both directions. */
static void child_is_unharmed(void)
{
    assert_ok(rig_send(child, parent, "am I heard?"));
    RIG_UNTIL(&rig, rig_frame_is(parent, "am I heard?"));
    assert_ok(rig_send(parent, child, "you are"));
    RIG_UNTIL(&rig, rig_frame_is(child, "you are"));
    assert_int_equal(child->seen[DP_NET_LINK_UP], 1);
    assert_int_equal(child->seen[DP_NET_LINK_DOWN], 0);
}

static void *stranger(int type)
{
    void *s = zmq_socket(zmq, type);
    int zero = 0;

    assert_non_null(s);
    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero));
    strangers[n_strangers++] = s;
    return s;
}

/* CURVE with `pair`; let in only when its key is allowed. */
static void *with_key(const struct dp_net_pair *pair)
{
    void *s = stranger(ZMQ_DEALER);

    zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, parent->own.pub.b, 32);
    zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, pair->pub.b, 32);
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, pair->secret.b, 32);
    return s;
}

static void *insider(void)
{
    struct dp_net_pair pair;

    assert_ok(dp_net_pair_new(&pair));
    parent->allowed[parent->n_allowed++] = pair.pub;
    return with_key(&pair);
}

static void go(void *s)
{
    assert_int_equal(zmq_connect(s, dp_net_listen_endpoint(parent->net)), 0);
}

static void no_mechanism(void **state)
{
    void *s = stranger(ZMQ_DEALER);

    (void)state;
    go(s);
    zmq_send(s, "let me in", 9, 0);
    RIG_UNTIL(&rig, count->handshake_protocol + count->handshake_other >= 1);
    leave(s);
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 1);
    assert_int_equal(parent->seen[DP_NET_FRAME], 1);
    child_is_unharmed();
}

static void password_mechanism(void **state)
{
    void *s = stranger(ZMQ_DEALER);

    (void)state;
    zmq_setsockopt(s, ZMQ_PLAIN_USERNAME, "admin", 5);
    zmq_setsockopt(s, ZMQ_PLAIN_PASSWORD, "admin", 5);
    go(s);
    zmq_send(s, "let me in", 9, 0);
    RIG_UNTIL(&rig, count->handshake_protocol + count->handshake_other >= 1);
    leave(s);
    assert_int_equal(parent->seen[DP_NET_FRAME], 1);
    child_is_unharmed();
}

static void unknown_keys_by_the_dozen(void **state)
{
    void *s[24];
    struct dp_net_pair pair;

    (void)state;
    for (size_t i = 0; i < 24; i++) {
        assert_ok(dp_net_pair_new(&pair));
        s[i] = with_key(&pair);
        go(s[i]);
        zmq_send(s[i], "let me in", 9, 0);
    }
    RIG_UNTIL(&rig, count->auth_failed >= 24);
    for (size_t i = 0; i < 24; i++)
        leave(s[i]);
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 1);
    assert_int_equal(parent->seen[DP_NET_FRAME], 1);
    child_is_unharmed();
}

/* An insider whose message of `len` bytes follows a good one. */
static void *insider_sends(size_t len)
{
    void *s = insider();
    uint8_t *p = calloc(1, len);

    assert_non_null(p);
    go(s);
    zmq_send(s, "hello", 5, 0);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_UP] == 2);
    zmq_send(s, p, len, 0);
    free(p);
    return s;
}

/* Far too large: cut by its size on the wire, before there is a place for it. */
static void oversized_frame_cuts_its_sender(void **state)
{
    void *s = insider_sends(DP_NET_WIRE_MAX + 1);

    (void)state;
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1);
    leave(s);
    assert_int_equal(parent->seen[DP_NET_FRAME], 2);
    assert_int_equal(count->oversized, 0); /* it never came so far */
    child_is_unharmed();
}

/* A little too large: it comes, with its sender's key, and is counted. */
static void slightly_oversized_frame_has_a_sender(void **state)
{
    void *s = insider_sends(DP_NET_FRAME_MAX + 1);

    (void)state;
    RIG_UNTIL(&rig, parent->seen[DP_NET_FRAME] == 3);
    assert_int_equal(count->oversized, 1);
    assert_memory_not_equal(&parent->last[DP_NET_FRAME].key, &child->own.pub, sizeof(struct dp_net_key));
    assert_int_equal(parent->seen[DP_NET_LINK_DOWN], 0);
    dp_net_drop(parent->net, &parent->last[DP_NET_FRAME].key);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1);
    leave(s);
    child_is_unharmed();
}

static void several_parts(void **state)
{
    void *s = insider();

    (void)state;
    go(s);
    zmq_send(s, "hello", 5, 0);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_UP] == 2);
    zmq_send(s, "one", 3, ZMQ_SNDMORE);
    zmq_send(s, "two", 3, 0);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1);
    leave(s);
    assert_int_equal(count->garbage, 1);
    assert_int_equal(parent->seen[DP_NET_FRAME], 2);
    child_is_unharmed();
}

/* An insider that claims the routing id of somebody else. */
static void identity_of_its_own(void **state)
{
    void *s = insider();
    const uint8_t claim[5] = {1, 2, 3, 4, 5};

    (void)state;
    zmq_setsockopt(s, ZMQ_ROUTING_ID, claim, sizeof(claim));
    go(s);
    zmq_send(s, "it is me", 8, 0);
    RIG_UNTIL(&rig, count->garbage == 1 && dp_net_connections(parent->net) == 1);
    leave(s);
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 1);
    assert_int_equal(parent->seen[DP_NET_FRAME], 1);
    child_is_unharmed();
}

static int64_t hurried(void *ctx)
{
    (void)ctx;
    return rig_ms() * 1000; /* each millisecond is time for a look */
}

/* Where `s` is told that a connection of it ended. */
static void *ends_of(void *s)
{
    void *ends = stranger(ZMQ_PAIR);

    assert_int_equal(zmq_socket_monitor(s, "inproc://ends", ZMQ_EVENT_DISCONNECTED), 0);
    assert_int_equal(zmq_connect(ends, "inproc://ends"), 0);
    return ends;
}

/* Its library aborts when it is closed before it has seen the end of a connection amid a message. */
static void leave_after_its_end(void *s, void *ends)
{
    char event[8];

    RIG_UNTIL(&rig, zmq_recv(ends, event, sizeof(event), ZMQ_DONTWAIT) > 0);
    zmq_socket_monitor(s, NULL, 0);
    leave(ends);
    leave(s);
}

/* One message of 250 MiB, all from one buffer of DP_NET_FRAME_MAX. */
static void send_parts(void *s, uint8_t *p)
{
    for (int i = 0; i < 1000; i++) {
        zmq_msg_t m;

        zmq_msg_init_data(&m, p, DP_NET_FRAME_MAX, NULL, NULL);
        assert_true(zmq_msg_send(&m, s, i < 999 ? ZMQ_SNDMORE : 0) >= 0);
    }
}

/* A message that never ends would be kept by the library until memory does. */
static void endless_message(void **state)
{
    struct dp_net_config c;
    void *s;
    void *ends;
    uint8_t *p = calloc(1, DP_NET_FRAME_MAX);

    (void)state;
    assert_non_null(p);
    rig_config(&c);
    c.clock.mono_ms = hurried;
    start(&c);
    s = insider();
    go(s);
    zmq_send(s, "hello", 5, 0);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_UP] == 2);
    ends = ends_of(s);
    send_parts(s, p);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1);
    assert_int_equal(count->hoarding, 1);
    assert_int_equal(count->garbage, 0);
    leave_after_its_end(s, ends);
    child_is_unharmed();
    zmq_ctx_term(zmq); /* now nothing borrows the buffer */
    zmq = zmq_ctx_new();
    free(p);
}

static void put(int fd, const void *p, size_t len)
{
    const uint8_t *b = p;

    while (len > 0) {
        ssize_t n = send(fd, b, len, MSG_NOSIGNAL);

        if (n > 0) {
            b += n;
            len -= (size_t)n;
        } else if (n < 0 && errno != EAGAIN && errno != ENOTCONN && errno != EINTR) {
            return; /* cut: that is the point */
        }
        rig_turn(&rig);
    }
}

static bool is_closed(int fd)
{
    uint8_t b[256];
    ssize_t n;

    while ((n = recv(fd, b, sizeof(b), MSG_DONTWAIT)) > 0)
        ;
    return n == 0 || (errno != EAGAIN && errno != EINTR && errno != ENOTCONN);
}

static void throw_at_it(const void *p, size_t len)
{
    int fd = rig_tcp(dp_net_listen_endpoint(parent->net));

    put(fd, p, len);
    RIG_UNTIL(&rig, is_closed(fd));
    close(fd);
}

static void other_protocols(void **state)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static const uint8_t tls[] = {0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0};
    static const uint8_t zmtp1[] = {1, 0, 6, 0, 'h', 'e', 'l', 'l', 'o'};
    static const uint8_t zmtp2[] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5, 0, 0, 0, 3, 'a', 'b', 'c'};

    (void)state;
    throw_at_it(http, sizeof(http) - 1);
    throw_at_it(tls, sizeof(tls));
    throw_at_it(zmtp1, sizeof(zmtp1));
    throw_at_it(zmtp2, sizeof(zmtp2));
    assert_int_equal(parent->seen[DP_NET_FRAME], 1);
    child_is_unharmed();
}

/* Before any authentication: a command that announces 64 MiB and begins to send them. */
static void huge_command_before_the_handshake(void **state)
{
    const uint8_t head[] = {6, 0, 0, 0, 0, 4, 0, 0, 0};
    struct dp_net_config c;
    uint8_t *p = calloc(1, 1 << 20);

    (void)state;
    assert_non_null(p);
    rig_config(&c);
    c.handshake_ms = 600000; /* not time, but size ends it */
    start(&c);
    memcpy(p, greeting, sizeof(greeting));
    memcpy(p + sizeof(greeting), head, sizeof(head));
    throw_at_it(p, 1 << 20);
    child_is_unharmed();
    free(p);
}

static void random_bytes(void **state)
{
    struct dp_rng rng;
    uint8_t b[512];

    (void)state;
    dp_rng_seed(&rng, 20261122);
    for (int i = 0; i < 40; i++) {
        size_t keep = (size_t)dp_rng_below(&rng, sizeof(greeting) + 1); /* so much of it is right */

        dp_rng_fill(&rng, b, sizeof(b));
        memcpy(b, greeting, keep);
        throw_at_it(b, (size_t)dp_rng_below(&rng, sizeof(b)) + 1);
    }
    assert_int_equal(parent->seen[DP_NET_FRAME], 1);
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 1);
    child_is_unharmed();
}

static long rss_pages(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long size = 0;
    long rss = 0;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &size, &rss), 2);
    fclose(f);
    return rss;
}

/* They send the greeting and are silent: few of them at once, and none for long. */
static void silent_connections(void **state)
{
    struct dp_net_config c;
    int fd[RAW_CONNS];
    long before;

    (void)state;
    rig_config(&c);
    c.handshake_ms = 1500;
    c.pending_max = 50;
    start(&c);
    before = rss_pages();
    for (size_t i = 0; i < RAW_CONNS; i++) {
        fd[i] = rig_tcp(dp_net_listen_endpoint(parent->net));
        put(fd[i], greeting, sizeof(greeting));
    }
    RIG_UNTIL(&rig, count->accepted == RAW_CONNS + 1 && dp_net_connections(parent->net) <= 51);
    assert_true(count->crowded_out > 0);
    assert_true(rss_pages() - before < 16384); /* 64 MiB under any sanitizer */
    child_is_unharmed();
    RIG_UNTIL(&rig, dp_net_connections(parent->net) == 1);
    for (size_t i = 0; i < RAW_CONNS; i++) {
        assert_true(is_closed(fd[i]));
        close(fd[i]);
    }
    child_is_unharmed();
}

static int64_t standing(void *ctx)
{
    (void)ctx;
    return 1000000;
}

static void too_many_connections_in_a_second(void **state)
{
    struct dp_net_config c;
    int fd[RAW_CONNS];

    (void)state;
    rig_config(&c);
    c.clock.mono_ms = standing;
    c.accept_per_s = 10;
    start(&c); /* one of a burst of sixteen: three quarters of ten, twice, rounded up */
    for (size_t i = 0; i < RAW_CONNS; i++)
        fd[i] = rig_tcp(dp_net_listen_endpoint(parent->net));
    RIG_UNTIL(&rig, count->accepted == RAW_CONNS + 1 && dp_net_connections(parent->net) <= 16);
    assert_int_equal(count->rate_limited, RAW_CONNS + 1 - 16);
    for (size_t i = 0; i < RAW_CONNS; i++)
        close(fd[i]);
    child_is_unharmed();
}

/* More keys than places: those that are up keep theirs. */
static void more_peers_than_places(void **state)
{
    struct dp_net_config c;
    void *s;
    void *third;

    (void)state;
    rig_config(&c);
    c.peers_max = 2;
    start(&c);
    s = insider();
    third = insider();
    go(s);
    zmq_send(s, "second", 6, 0);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_UP] == 2);
    go(third);
    zmq_send(third, "third", 5, 0);
    RIG_UNTIL(&rig, count->crowded_out == 1);
    child_is_unharmed();
    leave(s); /* a place is free: the third comes back by itself */
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1);
    zmq_send(third, "third", 5, 0);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_UP] == 3);
    assert_int_equal(dp_net_sessions(parent->net), 2);
    leave(third);
    child_is_unharmed();
}

/* As much as it takes. */
static void flood(void *s)
{
    static const uint8_t b[1024];

    for (int i = 0; i < 100; i++)
        (void)zmq_send(s, b, sizeof(b), ZMQ_DONTWAIT);
}

/* One child sends as fast as it can; the turn stays bounded and the other is heard between. */
static void flood_by_an_insider(void **state)
{
    struct dp_net_config c;
    int64_t deadline = rig_ms() + 10000;
    void *s;

    (void)state;
    rig_config(&c);
    c.turn_messages = 20;
    start(&c);
    parent->echo = true;
    s = insider();
    go(s);
    zmq_send(s, "hello", 5, 0);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_UP] == 2);
    while (parent->seen[DP_NET_FRAME] < 1000 || child->seen[DP_NET_FRAME] < 20) {
        unsigned before = parent->seen[DP_NET_FRAME];
        enum dp_err err = rig_send(child, parent, "between");

        assert_true(err == DP_OK || err == DP_AGAIN);
        flood(s);
        rig_turn(&rig);
        assert_true(parent->seen[DP_NET_FRAME] - before <= 20);
        assert_true(rig_ms() < deadline);
    }
    assert_true(rig_frame_is(child, "between"));
    leave(s);
}

/* The other direction: somebody with the parent's key, and a child that dials him. */
static void *false_parent(const struct dp_net_config *c, struct rig_end **dialling, char id[8])
{
    void *s = stranger(ZMQ_ROUTER);
    char endpoint[64];
    const char *address = endpoint;
    size_t len = sizeof(endpoint);
    int on = 1;
    struct rig_end *e;

    start(c);
    e = rig_add(&rig, c);
    zmq_setsockopt(s, ZMQ_CURVE_SERVER, &on, sizeof(on));
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, parent->own.secret.b, 32);
    assert_int_equal(zmq_bind(s, "tcp://127.0.0.1:*"), 0);
    zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &len);
    assert_ok(dp_net_connect(e->net, &address, 1, &parent->own.pub, &e->own));
    RIG_UNTIL(&rig, e->seen[DP_NET_LINK_UP] == 1);
    assert_ok(rig_send(e, parent, "hello"));
    RIG_UNTIL(&rig, zmq_recv(s, id, 8, ZMQ_DONTWAIT) == 5);
    *dialling = e;
    return s;
}

static void message_of_parts_from_a_parent(void **state)
{
    struct dp_net_config c;
    struct rig_end *e;
    char id[8];
    void *s;

    (void)state;
    rig_config(&c);
    s = false_parent(&c, &e, id);
    zmq_send(s, id, 5, ZMQ_SNDMORE);
    zmq_send(s, "one", 3, ZMQ_SNDMORE);
    zmq_send(s, "two", 3, 0);
    RIG_UNTIL(&rig, e->seen[DP_NET_LINK_DOWN] == 1);
    assert_int_equal(e->seen[DP_NET_FRAME], 0);
    assert_int_equal(dp_net_counters(e->net)->garbage, 1);
    RIG_UNTIL(&rig, e->seen[DP_NET_LINK_UP] == 2);
    leave(s);
    child_is_unharmed();
}

static void endless_message_from_a_parent(void **state)
{
    struct dp_net_config c;
    struct rig_end *e;
    char id[8];
    uint8_t *p = calloc(1, DP_NET_FRAME_MAX);
    void *s;
    void *ends;

    (void)state;
    assert_non_null(p);
    rig_config(&c);
    c.clock.mono_ms = hurried;
    c.connect_ms = c.handshake_ms = 600000; /* of hurried time */
    s = false_parent(&c, &e, id);
    ends = ends_of(s);
    zmq_send(s, id, 5, ZMQ_SNDMORE);
    send_parts(s, p);
    RIG_UNTIL(&rig, e->seen[DP_NET_LINK_DOWN] == 1);
    assert_int_equal(dp_net_counters(e->net)->hoarding, 1);
    assert_int_equal(dp_net_counters(e->net)->garbage, 0);
    leave_after_its_end(s, ends);
    child_is_unharmed();
    zmq_ctx_term(zmq); /* now nothing borrows the buffer */
    zmq = zmq_ctx_new();
    free(p);
}

int main(void)
{
#define HOSTILE(t) cmocka_unit_test_setup_teardown(t, setup, down)
#define WITH_LIMITS(t) cmocka_unit_test_setup_teardown(t, bare_setup, down)
    const struct CMUnitTest tests[] = {
        HOSTILE(no_mechanism),
        HOSTILE(password_mechanism),
        HOSTILE(unknown_keys_by_the_dozen),
        HOSTILE(oversized_frame_cuts_its_sender),
        HOSTILE(slightly_oversized_frame_has_a_sender),
        HOSTILE(several_parts),
        HOSTILE(identity_of_its_own),
        WITH_LIMITS(endless_message),
        HOSTILE(other_protocols),
        WITH_LIMITS(huge_command_before_the_handshake),
        HOSTILE(random_bytes),
        WITH_LIMITS(silent_connections),
        WITH_LIMITS(too_many_connections_in_a_second),
        WITH_LIMITS(more_peers_than_places),
        WITH_LIMITS(flood_by_an_insider),
        WITH_LIMITS(message_of_parts_from_a_parent),
        WITH_LIMITS(endless_message_from_a_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
