/* SPDX-License-Identifier: Apache-2.0 */
/* Strangers without a key who come in numbers: they take their share, and a child keeps its place. */
#include "support/cmocka_all.h"
#include "support/netrig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.h>

#define STRANGERS 120
#define COUNTY 400

static struct rig rig;
static struct rig_end *parent;
static struct rig_end *child;
static const struct dp_net_counters *count;
static int stranger[STRANGERS];
static size_t strangers;
static struct rlimit descriptors;

/* Greeting of ZMTP 3.1 that names CURVE. */
static const uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'C', 'U', 'R', 'V', 'E'};

static void start(const struct dp_net_config *c)
{
    struct dp_net_config of_child;

    rig_config(&of_child);
    parent = rig_add(&rig, c);
    child = rig_add(&rig, &of_child);
    count = dp_net_counters(parent->net);
    rig_allow(parent, child);
    rig_listen(parent);
}

static void child_is_let_in(void)
{
    rig_dial(child, parent);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] > 0);
    assert_ok(rig_send(child, parent, "hello"));
    RIG_UNTIL(&rig, rig_frame_is(parent, "hello"));
}

static int setup(void **state)
{
    (void)state;
    return getrlimit(RLIMIT_NOFILE, &descriptors);
}

static int down(void **state)
{
    (void)state;
    while (strangers > 0)
        close(stranger[--strangers]);
    rig_close(&rig);
    return setrlimit(RLIMIT_NOFILE, &descriptors);
}

static void at_most(rlim_t n)
{
    struct rlimit few = descriptors;

    few.rlim_cur = n;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

/* A connection from another address of this machine. */
static int tcp_from(const char *from, const char *endpoint)
{
    struct sockaddr_in me = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, from, &me.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&me, sizeof(me)), 0);
    to.sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void strangers_come(const char *endpoint)
{
    while (strangers < STRANGERS)
        stranger[strangers++] = tcp_from("127.0.0.2", endpoint);
}

static bool is_closed(int fd)
{
    uint8_t b[256];
    ssize_t n;

    while ((n = recv(fd, b, sizeof(b), MSG_DONTWAIT)) > 0)
        ;
    return n == 0 || (errno != EAGAIN && errno != EINTR);
}

/* A child on a slow line is long in its handshake: it came first, and is not the one that gives way. */
static void slow_child_keeps_its_place(void **state)
{
    struct dp_net_config c;
    int slow;

    (void)state;
    rig_config(&c);
    c.handshake_ms = 600000;
    c.pending_max = 20;
    start(&c);
    slow = tcp_from("127.0.0.1", dp_net_listen_endpoint(parent->net));
    assert_int_equal(send(slow, greeting, sizeof(greeting), 0), sizeof(greeting));
    RIG_UNTIL(&rig, count->accepted == 1);
    strangers_come(dp_net_listen_endpoint(parent->net));
    RIG_UNTIL(&rig, count->accepted == STRANGERS + 1 && dp_net_connections(parent->net) == 20);
    assert_int_equal(count->crowded_out, STRANGERS + 1 - 20);
    assert_false(is_closed(slow));
    child_is_let_in();
    assert_false(is_closed(slow));
    close(slow);
}

static void newcomer_keeps_his_place(void **state)
{
    struct dp_net_config c;
    const char *address;

    (void)state;
    rig_config(&c);
    c.enroll_conns_max = 4;
    c.enroll_per_s = 1000;
    start(&c);
    assert_ok(dp_net_enroll_listen(parent->net, "tcp://127.0.0.1:*"));
    address = dp_net_enroll_endpoint(parent->net);
    assert_ok(dp_net_enroll_connect(child->net, &address, 1));
    RIG_UNTIL(&rig, child->seen[DP_NET_ENROLL_UP] == 1);
    strangers_come(address);
    RIG_UNTIL(&rig, count->accepted == STRANGERS + 1 && dp_net_connections(parent->net) == 4);
    assert_ok(dp_net_enroll_send(child->net, 0, dp_slice_str("still here")));
    RIG_UNTIL(&rig, rig_frame_is(parent, "still here"));
    assert_int_equal(child->seen[DP_NET_ENROLL_DOWN], 0);
}

static int64_t standing(void *ctx)
{
    (void)ctx;
    return 1000000;
}

/* In a second that never ends, more come from one address than all may together. */
static void one_address_does_not_use_up_the_second(void **state)
{
    struct dp_net_config c;

    (void)state;
    rig_config(&c);
    c.clock.mono_ms = standing;
    c.accept_per_s = 40;
    start(&c);
    strangers_come(dp_net_listen_endpoint(parent->net));
    RIG_UNTIL(&rig, count->accepted == STRANGERS && dp_net_connections(parent->net) == 60);
    assert_int_equal(count->rate_limited, STRANGERS - 60);
    child_is_let_in();
}

/* No more descriptors than a few: strangers hold them, and the child gets one all the same. */
static void descriptors_run_short(void **state)
{
    struct dp_net_config c;

    (void)state;
    rig_config(&c);
    c.handshake_ms = 600000;
    at_most(300); /* of this process, and it holds both ends of each connection */
    start(&c);
    strangers_come(dp_net_listen_endpoint(parent->net));
    RIG_UNTIL(&rig, count->accepted == STRANGERS && count->crowded_out > 0);
    child_is_let_in();
}

static int64_t hurried(void *ctx)
{
    (void)ctx;
    return rig_ms() * 1000; /* each millisecond is time for a look */
}

/* Within the largest frame, and before any key: a command that comes byte by byte and is kept until it ends.
 */
static void large_command_before_the_handshake(void **state)
{
    static const uint8_t announced[] = {6, 0, 0, 0, 0, 0, 3, 0, 0}; /* 196,608 bytes */
    static const uint8_t some[DP_NET_FIRST_MAX];
    struct dp_net_config c;
    int fd;

    (void)state;
    rig_config(&c);
    c.handshake_ms = 600000;
    c.clock.mono_ms = hurried;
    start(&c);
    child_is_let_in();
    fd = tcp_from("127.0.0.1", dp_net_listen_endpoint(parent->net));
    assert_int_equal(send(fd, greeting, sizeof(greeting), 0), sizeof(greeting));
    assert_int_equal(send(fd, announced, sizeof(announced), 0), sizeof(announced));
    assert_int_equal(send(fd, some, sizeof(some), 0), sizeof(some));
    RIG_UNTIL(&rig, count->hoarding == 1 && dp_net_connections(parent->net) == 1);
    assert_true(is_closed(fd));
    close(fd);
    assert_int_equal(child->seen[DP_NET_LINK_DOWN], 0);
}

static bool anyone(void *ctx, const struct dp_net_key *key, uint64_t *token)
{
    (void)ctx;
    (void)key;
    *token = 1;
    return true;
}

static void *one_of_the_county(void *zmq, const char *endpoint)
{
    void *s = zmq_socket(zmq, ZMQ_DEALER);
    struct dp_net_pair pair;
    int ms = 1;

    assert_non_null(s);
    assert_ok(dp_net_pair_new(&pair));
    zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, parent->own.pub.b, 32);
    zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, pair.pub.b, 32);
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, pair.secret.b, 32);
    zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &ms, sizeof(ms));
    ms = 0;
    zmq_setsockopt(s, ZMQ_LINGER, &ms, sizeof(ms));
    assert_int_equal(zmq_connect(s, endpoint), 0);
    return s;
}

/* All of them say something; each has a session, and none was turned away. */
static void all_are_heard(void *const *s)
{
    unsigned before = parent->seen[DP_NET_FRAME];

    for (size_t i = 0; i < COUNTY; i++)
        assert_int_equal(zmq_send(s[i], "hello", 5, ZMQ_DONTWAIT), 5);
    RIG_UNTIL(&rig, parent->seen[DP_NET_FRAME] == before + COUNTY);
    assert_int_equal(dp_net_sessions(parent->net), COUNTY);
    assert_int_equal(count->rate_limited + count->crowded_out + count->hoarding + count->stale, 0);
}

/* The parent was away for a moment, and four hundred children behind one address come back in the next. */
static void a_county_comes_back_at_once(void **state)
{
    struct dp_net_config c;
    char endpoint[64];
    void *s[COUNTY];
    void *zmq;

    (void)state;
    if (descriptors.rlim_max < 2048)
        skip();
    at_most(2048);
    zmq = zmq_ctx_new();
    rig_config(&c);
    c.handshake_ms = 60000;
    parent = rig_add(&rig, &c);
    count = dp_net_counters(parent->net);
    assert_ok(dp_net_listen(parent->net, "tcp://127.0.0.1:*", &parent->own, anyone, NULL));
    snprintf(endpoint, sizeof(endpoint), "%s", dp_net_listen_endpoint(parent->net));
    for (size_t i = 0; i < COUNTY; i++)
        s[i] = one_of_the_county(zmq, endpoint);
    all_are_heard(s);
    dp_net_listen_close(parent->net);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == COUNTY && dp_net_connections(parent->net) == 0);
    while (dp_net_listen(parent->net, endpoint, &parent->own, anyone, NULL) != DP_OK)
        rig_turn(&rig);                            /* the library closes in its own thread */
    RIG_UNTIL(&rig, count->auth_ok == 2 * COUNTY); /* what was said before would be lost */
    all_are_heard(s);
    for (size_t i = 0; i < COUNTY; i++)
        zmq_close(s[i]);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 2 * COUNTY);
    zmq_ctx_term(zmq);
}

int main(void)
{
#define FLOOD(t) cmocka_unit_test_setup_teardown(t, setup, down)
    const struct CMUnitTest tests[] = {
        FLOOD(slow_child_keeps_its_place),
        FLOOD(newcomer_keeps_his_place),
        FLOOD(one_address_does_not_use_up_the_second),
        FLOOD(descriptors_run_short),
        FLOOD(large_command_before_the_handshake),
        FLOOD(a_county_comes_back_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
