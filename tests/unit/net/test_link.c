/* SPDX-License-Identifier: Apache-2.0 */
/* Links between honest ends: frames both ways, who is let in, reconnects, replacement, full queues. */
#include "support/cmocka_all.h"
#include "support/netrig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;
static struct rig_end *parent;
static struct rig_end *child;

/* A parent that listens and a child that it allows. */
static int pair_up(void **state)
{
    struct dp_net_config c;

    (void)state;
    rig_config(&c);
    parent = rig_add(&rig, &c);
    child = rig_add(&rig, &c);
    rig_allow(parent, child);
    rig_listen(parent);
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static void link_up(void)
{
    rig_dial(child, parent);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 1);
    assert_ok(rig_send(child, parent, "hello"));
    RIG_UNTIL(&rig, parent->seen[DP_NET_FRAME] == 1);
}

static void frames_go_both_ways(void **state)
{
    (void)state;
    assert_int_equal(rig_send(child, parent, "early"), DP_UNREACHABLE);
    link_up();
    assert_true(rig_frame_is(parent, "hello"));
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 1);
    assert_int_equal(parent->last[DP_NET_LINK_UP].token, 1);
    assert_memory_equal(&parent->last[DP_NET_FRAME].key, &child->own.pub, sizeof(struct dp_net_key));
    assert_ok(rig_send(parent, child, "welcome"));
    RIG_UNTIL(&rig, child->seen[DP_NET_FRAME] == 1);
    assert_true(rig_frame_is(child, "welcome"));
    assert_memory_equal(&child->last[DP_NET_FRAME].key, &parent->own.pub, sizeof(struct dp_net_key));
    assert_int_equal(dp_net_counters(parent->net)->frames_in, 1);
    assert_int_equal(dp_net_counters(parent->net)->bytes_in, 5);
    assert_int_equal(dp_net_sessions(parent->net), 1);
    assert_int_equal(dp_net_connections(parent->net), 1);
}

static void largest_frame_passes_and_larger_is_refused(void **state)
{
    uint8_t *p = calloc(1, DP_NET_FRAME_MAX + 1);

    (void)state;
    assert_non_null(p);
    link_up();
    p[DP_NET_FRAME_MAX - 1] = 7;
    assert_int_equal(dp_net_send(child->net, &parent->own.pub, dp_slice_of(p, DP_NET_FRAME_MAX + 1)),
                     DP_TOO_BIG);
    assert_ok(dp_net_send(child->net, &parent->own.pub, dp_slice_of(p, DP_NET_FRAME_MAX)));
    RIG_UNTIL(&rig, parent->seen[DP_NET_FRAME] == 2);
    assert_int_equal(parent->len, DP_NET_FRAME_MAX);
    assert_int_equal(parent->bytes[DP_NET_FRAME_MAX - 1], 7);
    free(p);
}

static void wrong_server_key_never_links(void **state)
{
    struct dp_net_pair other;
    const char *address = dp_net_listen_endpoint(parent->net);

    (void)state;
    assert_ok(dp_net_pair_new(&other));
    assert_ok(dp_net_connect(child->net, &address, 1, &other.pub, &child->own));
    RIG_UNTIL(&rig, dp_net_counters(child->net)->dials_failed >= 2);
    assert_int_equal(child->seen[DP_NET_LINK_UP], 0);
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 0);
    assert_int_equal(dp_net_counters(parent->net)->auth_ok, 0);
    assert_true(dp_net_counters(parent->net)->handshake_protocol > 0);
}

static void unknown_key_is_refused(void **state)
{
    (void)state;
    parent->n_allowed = 0;
    rig_dial(child, parent);
    RIG_UNTIL(&rig, dp_net_counters(child->net)->dials_failed >= 2);
    assert_int_equal(child->seen[DP_NET_LINK_UP], 0);
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 0);
    assert_true(dp_net_counters(parent->net)->auth_failed >= 2);
    assert_true(dp_net_counters(child->net)->handshake_auth >= 2);
    assert_int_equal(dp_net_counters(parent->net)->auth_ok, 0);
}

/* Allowed at the handshake, no longer at the first frame. */
static void key_withdrawn_before_the_first_frame(void **state)
{
    (void)state;
    rig_dial(child, parent);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 1);
    parent->n_allowed = 0;
    assert_ok(rig_send(child, parent, "hello"));
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_DOWN] == 1);
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 0);
    assert_int_equal(parent->seen[DP_NET_FRAME], 0);
}

static void listener_restart(void **state)
{
    char endpoint[64];

    (void)state;
    link_up();
    snprintf(endpoint, sizeof(endpoint), "%s", dp_net_listen_endpoint(parent->net));
    dp_net_listen_close(parent->net);
    assert_null(dp_net_listen_endpoint(parent->net));
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1 && child->seen[DP_NET_LINK_DOWN] == 1);
    assert_int_equal(rig_send(child, parent, "to nobody"), DP_UNREACHABLE);
    assert_int_equal(rig_send(parent, child, "to nobody"), DP_UNREACHABLE);
    rig_listen_at(parent, endpoint);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 2);
    assert_ok(rig_send(child, parent, "again"));
    RIG_UNTIL(&rig, rig_frame_is(parent, "again"));
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 2);
    assert_ok(rig_send(parent, child, "welcome back"));
    RIG_UNTIL(&rig, rig_frame_is(child, "welcome back"));
}

static void newer_session_replaces_older(void **state)
{
    struct dp_net_config c;
    struct rig_end *twin;

    (void)state;
    link_up();
    rig_config(&c);
    c.reconnect_ms = c.reconnect_max_ms = 60000;
    twin = rig_add(&rig, &c);
    twin->own = child->own;
    rig_dial(twin, parent);
    RIG_UNTIL(&rig, twin->seen[DP_NET_LINK_UP] == 1);
    dp_net_disconnect(child->net, &parent->own.pub); /* or it would come back and replace in turn */
    assert_ok(rig_send(twin, parent, "twin"));
    RIG_UNTIL(&rig, rig_frame_is(parent, "twin"));
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 2);
    assert_int_equal(parent->seen[DP_NET_LINK_DOWN], 1);
    assert_int_equal(dp_net_sessions(parent->net), 1);
    assert_ok(rig_send(parent, twin, "to the newer"));
    RIG_UNTIL(&rig, rig_frame_is(twin, "to the newer"));
    RIG_UNTIL(&rig, dp_net_connections(parent->net) == 1);
    assert_int_equal(parent->seen[DP_NET_LINK_DOWN], 1);
}

/* The older one still stands and goes on talking: its connection is cut, its frames are not taken. */
static void older_session_is_cut(void **state)
{
    struct dp_net_config c;
    struct rig_end *twin;

    (void)state;
    rig_config(&c);
    c.reconnect_ms = c.reconnect_max_ms = 60000;
    child->n_allowed = 0;
    twin = rig_add(&rig, &c);
    twin->own = child->own;
    rig_dial(twin, parent); /* the older one this time */
    RIG_UNTIL(&rig, twin->seen[DP_NET_LINK_UP] == 1);
    assert_ok(rig_send(twin, parent, "older"));
    RIG_UNTIL(&rig, rig_frame_is(parent, "older"));
    link_up(); /* "hello" is frame 2; link_up waits for 1 only */
    RIG_UNTIL(&rig, rig_frame_is(parent, "hello"));
    RIG_UNTIL(&rig, twin->seen[DP_NET_LINK_DOWN] == 1);
    assert_int_equal(dp_net_counters(parent->net)->replaced, 1);
    assert_int_equal(dp_net_sessions(parent->net), 1);
    assert_ok(rig_send(parent, child, "still here"));
    RIG_UNTIL(&rig, rig_frame_is(child, "still here"));
}

static void dropped_child_goes_down_and_may_come_back(void **state)
{
    (void)state;
    link_up();
    dp_net_drop(parent->net, &child->own.pub);
    assert_int_equal(rig_send(parent, child, "x"), DP_UNREACHABLE);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1 && child->seen[DP_NET_LINK_DOWN] == 1);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 2);
    assert_ok(rig_send(child, parent, "back"));
    RIG_UNTIL(&rig, rig_frame_is(parent, "back"));
    dp_net_drop(child->net, &parent->own.pub);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_DOWN] == 2 && parent->seen[DP_NET_LINK_DOWN] == 2);
}

/* R-ENR-2, R-HEL-5: a bye with its reason is worth nothing when the cut is faster. */
static void a_last_word_is_heard(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 5; i++) {
        char text[16];

        snprintf(text, sizeof(text), "bye %u", i);
        rig_dial(child, parent);
        RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 2 * i - 1);
        assert_ok(rig_send(child, parent, "hello"));
        RIG_UNTIL(&rig, rig_frame_is(parent, "hello"));
        assert_ok(rig_send(parent, child, text));
        dp_net_drop(parent->net, &child->own.pub);
        RIG_UNTIL(&rig, child->seen[DP_NET_LINK_DOWN] == 2 * i - 1);
        assert_true(rig_frame_is(child, text));
        RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 2 * i);
        assert_ok(rig_send(child, parent, text));
        dp_net_drop(child->net, &parent->own.pub);
        RIG_UNTIL(&rig, rig_frame_is(parent, text));
        dp_net_disconnect(child->net, &parent->own.pub);
        RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 2 * i);
    }
}

static void next_address_after_a_failure(void **state)
{
    const char *addresses[] = {"tcp://127.0.0.1:1", dp_net_listen_endpoint(parent->net)};

    (void)state;
    assert_ok(dp_net_connect(child->net, addresses, 2, &parent->own.pub, &child->own));
    assert_int_equal(dp_net_connect(child->net, addresses, 2, &parent->own.pub, &child->own), DP_DUPLICATE);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 1);
    assert_true(dp_net_counters(child->net)->dials_failed >= 1);
}

static void several_addresses_of_one_listener(void **state)
{
    char endpoint[64];
    const char *address = endpoint;
    const char *six = "tcp://[::1]:*";
    int fd;

    (void)state;
    assert_int_equal(dp_net_listen_also(child->net, "tcp://127.0.0.1:*"), DP_CONFLICT);
    assert_int_equal(dp_net_listen_also(parent->net, dp_net_listen_endpoint(parent->net)), DP_CONFLICT);
    if (dp_net_listen_also(parent->net, six) != DP_OK)
        print_message("no IPv6 here\n");
    fd = rig_free_port(endpoint, sizeof(endpoint));
    close(fd);
    assert_ok(dp_net_listen_also(parent->net, endpoint));
    assert_string_not_equal(dp_net_listen_endpoint(parent->net), endpoint);
    assert_ok(dp_net_connect(child->net, &address, 1, &parent->own.pub, &child->own));
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 1);
}

/* One that takes the proxy's port and passes everything on to the parent. */
struct proxy {
    int listener;
    int in;
    int out;
    size_t read; /* of what the client says before bytes are passed on */
};

static void pass(int from, int to)
{
    uint8_t b[4096];
    ssize_t n = recv(from, b, sizeof(b), MSG_DONTWAIT);

    if (n > 0)
        assert_int_equal(send(to, b, (size_t)n, 0), n);
}

/* SOCKS5 as RFC 1928 has it: 3 bytes of greeting, 10 of a request for an IPv4 address. */
static void proxy_turn(struct proxy *p)
{
    static const uint8_t no_auth[] = {5, 0};
    static const uint8_t granted[] = {5, 0, 0, 1, 127, 0, 0, 1, 0, 0};
    uint8_t b[10];

    if (p->in < 0) {
        p->in = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK);
    } else if (p->read == 0 && recv(p->in, b, 3, MSG_DONTWAIT) == 3) {
        assert_int_equal(b[0], 5);
        assert_int_equal(send(p->in, no_auth, sizeof(no_auth), 0), sizeof(no_auth));
        p->read = 3;
    } else if (p->read == 3 && recv(p->in, b, sizeof(b), MSG_DONTWAIT) == (ssize_t)sizeof(b)) {
        assert_int_equal(b[1], 1);
        p->out = rig_tcp(dp_net_listen_endpoint(parent->net));
        assert_int_equal(send(p->in, granted, sizeof(granted), 0), sizeof(granted));
        p->read = 13;
    } else if (p->read == 13) {
        pass(p->in, p->out);
        pass(p->out, p->in);
    }
}

static void link_through_a_proxy(void **state)
{
    struct dp_net_config c;
    struct proxy p = {.in = -1, .out = -1};
    struct rig_end *behind;
    char endpoint[64];
    int64_t deadline = rig_ms() + 10000;

    (void)state;
    p.listener = rig_free_port(endpoint, sizeof(endpoint));
    rig_config(&c);
    c.socks = "proxy.example:1080";
    assert_int_equal(dp_net_new(&c, &(struct dp_net *){NULL}), DP_CONFIG);
    c.socks = endpoint + strlen("tcp://");
    behind = rig_add(&rig, &c);
    rig_allow(parent, behind);
    parent->echo = true;
    rig_dial(behind, parent);
    while (!rig_frame_is(behind, "by proxy")) {
        assert_true(rig_ms() < deadline);
        rig_turn(&rig);
        proxy_turn(&p);
        if (behind->seen[DP_NET_LINK_UP] == 1 && parent->seen[DP_NET_FRAME] == 0)
            assert_ok(rig_send(behind, parent, "by proxy"));
    }
    close(p.in);
    close(p.out);
    close(p.listener);
}

/* A child that does not read fills its own queue and nobody else's. */
static void full_queue_harms_no_other(void **state)
{
    struct dp_net_config c;
    struct rig_end *deaf;
    uint8_t *p = calloc(1, DP_NET_FRAME_MAX);
    enum dp_err err = DP_OK;

    (void)state;
    assert_non_null(p);
    rig_config(&c);
    c.hwm = 1;
    deaf = rig_add(&rig, &c);
    rig_allow(parent, deaf);
    rig_dial(deaf, parent);
    RIG_UNTIL(&rig, deaf->seen[DP_NET_LINK_UP] == 1);
    assert_ok(rig_send(deaf, parent, "deaf"));
    RIG_UNTIL(&rig, rig_frame_is(parent, "deaf"));
    rig.n = 2; /* its end is not turned any more */
    for (int i = 0; i < 1000 && err == DP_OK; i++) {
        err = dp_net_send(parent->net, &deaf->own.pub, dp_slice_of(p, DP_NET_FRAME_MAX));
        rig_turn(&rig);
    }
    assert_int_equal(err, DP_AGAIN);
    assert_true(dp_net_counters(parent->net)->send_full > 0);
    rig_dial(child, parent);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 1);
    parent->echo = true;
    assert_ok(rig_send(child, parent, "anyone?"));
    RIG_UNTIL(&rig, rig_frame_is(child, "anyone?"));
    rig.n = 3;
    free(p);
}

static void many_children(void **state)
{
    struct dp_net_config c;

    (void)state;
    rig_config(&c);
    parent->echo = true;
    while (rig.n < RIG_ENDS_MAX) {
        struct rig_end *e = rig_add(&rig, &c);

        rig_allow(parent, e);
        rig_dial(e, parent);
    }
    for (size_t i = 2; i < rig.n; i++) {
        char text[32];

        snprintf(text, sizeof(text), "child %zu", i);
        RIG_UNTIL(&rig, rig.end[i].seen[DP_NET_LINK_UP] == 1);
        assert_ok(rig_send(&rig.end[i], parent, text));
        RIG_UNTIL(&rig, rig_frame_is(&rig.end[i], text));
    }
    assert_int_equal(dp_net_sessions(parent->net), RIG_ENDS_MAX - 2);
}

/* A child cannot keep the parent in one turn, and all of its frames come in order. */
static unsigned in_turn;

static void count_frames(void *ctx, const struct dp_net_event *ev)
{
    (void)ctx;
    in_turn += ev->type == DP_NET_FRAME;
}

static void turn_is_bounded(void **state)
{
    struct dp_net_config c;
    struct rig_end *small;
    unsigned total = 0;
    int64_t deadline = rig_ms() + 10000;

    (void)state;
    rig_config(&c);
    c.turn_messages = 3;
    c.hwm = 64;
    small = rig_add(&rig, &c);
    rig_allow(small, child);
    rig_listen(small);
    rig_dial(child, small);
    RIG_UNTIL(&rig, child->seen[DP_NET_LINK_UP] == 1);
    for (int i = 0; i < 12; i++)
        assert_ok(rig_send(child, small, "one of many"));
    while (total < 12 && rig_ms() < deadline) {
        in_turn = 0;
        assert_ok(dp_net_poll(small->net, 5, count_frames, NULL));
        assert_true(in_turn <= 3);
        total += in_turn;
    }
    assert_int_equal(total, 12);
}

static void bad_settings_are_refused(void **state)
{
    struct dp_net_config c;
    struct dp_net *net = NULL;
    const char *bad[] = {
        "tcp://example.org:7310", "tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536",
        "ipc:///tmp/x",           "tcp://[::1:7310", "tcp://:7310",       "udp://127.0.0.1:1"};

    (void)state;
    rig_config(&c);
    c.hwm = 0;
    assert_int_equal(dp_net_new(&c, &net), DP_RANGE);
    assert_null(net);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dp_net_connect(child->net, &bad[i], 1, &parent->own.pub, &child->own), DP_CONFIG);
    assert_int_equal(dp_net_listen(parent->net, "tcp://127.0.0.1:*", &parent->own, NULL, NULL), DP_CONFLICT);
    assert_int_equal(dp_net_listen(child->net, dp_net_listen_endpoint(parent->net), &child->own, NULL, NULL),
                     DP_CONFLICT);
    assert_null(dp_net_listen_endpoint(child->net));
}

int main(void)
{
#define LINK(t) cmocka_unit_test_setup_teardown(t, pair_up, down)
    const struct CMUnitTest tests[] = {
        LINK(frames_go_both_ways),
        LINK(largest_frame_passes_and_larger_is_refused),
        LINK(wrong_server_key_never_links),
        LINK(unknown_key_is_refused),
        LINK(key_withdrawn_before_the_first_frame),
        LINK(listener_restart),
        LINK(newer_session_replaces_older),
        LINK(older_session_is_cut),
        LINK(dropped_child_goes_down_and_may_come_back),
        LINK(a_last_word_is_heard),
        LINK(next_address_after_a_failure),
        LINK(several_addresses_of_one_listener),
        LINK(link_through_a_proxy),
        LINK(full_queue_harms_no_other),
        LINK(many_children),
        LINK(turn_is_bounded),
        LINK(bad_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
