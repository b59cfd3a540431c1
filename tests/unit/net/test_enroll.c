/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment: anyone may speak, but not much, not often, and only while it is open. */
#include "support/cmocka_all.h"
#include "support/netrig.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct rig rig;
static struct rig_end *office;
static struct rig_end *newcomer;

static void open_with(const struct dp_net_config *c)
{
    const char *address;

    office = rig_add(&rig, c);
    newcomer = rig_add(&rig, c);
    assert_ok(dp_net_enroll_listen(office->net, "tcp://127.0.0.1:*"));
    address = dp_net_enroll_endpoint(office->net);
    assert_non_null(address);
    assert_ok(dp_net_enroll_connect(newcomer->net, &address, 1));
    RIG_UNTIL(&rig, newcomer->seen[DP_NET_ENROLL_UP] == 1);
}

static int down(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static enum dp_err say(const char *text)
{
    return dp_net_enroll_send(newcomer->net, 0, dp_slice_str(text));
}

static void messages_go_both_ways(void **state)
{
    struct dp_net_config c;

    (void)state;
    rig_config(&c);
    open_with(&c);
    assert_ok(say("request"));
    RIG_UNTIL(&rig, office->seen[DP_NET_ENROLL] == 1);
    assert_true(rig_frame_is(office, "request"));
    assert_ok(dp_net_enroll_send(office->net, office->last[DP_NET_ENROLL].conn, dp_slice_str("certificate")));
    RIG_UNTIL(&rig, newcomer->seen[DP_NET_ENROLL] == 1);
    assert_true(rig_frame_is(newcomer, "certificate"));
    assert_int_equal(office->seen[DP_NET_LINK_UP] + office->seen[DP_NET_FRAME], 0);
}

static void size_is_limited(void **state)
{
    struct dp_net_config c;
    uint8_t *p = calloc(1, DP_NET_ENROLL_MAX + 1);

    (void)state;
    assert_non_null(p);
    rig_config(&c);
    open_with(&c);
    assert_int_equal(dp_net_enroll_send(newcomer->net, 0, dp_slice_of(p, DP_NET_ENROLL_MAX + 1)), DP_TOO_BIG);
    assert_ok(dp_net_enroll_send(newcomer->net, 0, dp_slice_of(p, DP_NET_ENROLL_MAX)));
    RIG_UNTIL(&rig, office->seen[DP_NET_ENROLL] == 1);
    assert_int_equal(office->len, DP_NET_ENROLL_MAX);
    free(p);
}

/* A clock that stands unless the test moves it. */
static int64_t now = 1000000;

static int64_t standing(void *ctx)
{
    (void)ctx;
    return now;
}

static void messages_per_second_are_limited(void **state)
{
    struct dp_net_config c;
    const struct dp_net_counters *n;
    unsigned sent = 0;

    (void)state;
    rig_config(&c);
    c.clock.mono_ms = standing;
    c.enroll_per_s = 2;
    open_with(&c);
    n = dp_net_counters(office->net);
    while (sent < 50) {
        sent += say("again and again") == DP_OK;
        rig_turn(&rig);
    }
    RIG_UNTIL(&rig, n->enroll_in + n->enroll_limited == 50);
    assert_int_equal(n->enroll_in, 4); /* a burst of two seconds */
    now += 1000;
    for (int i = 0; i < 4; i++)
        assert_ok(say("a second later"));
    RIG_UNTIL(&rig, n->enroll_in + n->enroll_limited == 54);
    assert_int_equal(n->enroll_in, 6);
    assert_int_equal(office->seen[DP_NET_ENROLL], 6);
}

static void connections_per_second_are_limited(void **state)
{
    struct dp_net_config c;
    const struct dp_net_counters *n;
    int fd[20];

    (void)state;
    rig_config(&c);
    c.clock.mono_ms = standing;
    c.enroll_per_s = 5;
    open_with(&c); /* one of a burst of eight: three quarters of five, twice, rounded up */
    n = dp_net_counters(office->net);
    for (size_t i = 0; i < 20; i++)
        fd[i] = rig_tcp(dp_net_enroll_endpoint(office->net));
    RIG_UNTIL(&rig, n->accepted == 21 && n->disconnected == 13);
    assert_int_equal(n->rate_limited, 13);
    assert_ok(say("still heard"));
    RIG_UNTIL(&rig, rig_frame_is(office, "still heard"));
    for (size_t i = 0; i < 20; i++)
        close(fd[i]);
}

static void connections_at_once_are_limited(void **state)
{
    struct dp_net_config c;
    const struct dp_net_counters *n;
    int fd[10];

    (void)state;
    rig_config(&c);
    c.enroll_per_s = 1000;
    c.enroll_conns_max = 4;
    open_with(&c);
    n = dp_net_counters(office->net);
    for (size_t i = 0; i < 10; i++)
        fd[i] = rig_tcp(dp_net_enroll_endpoint(office->net));
    RIG_UNTIL(&rig, n->accepted >= 11 && n->crowded_out >= 7 && dp_net_connections(office->net) <= 4);
    for (size_t i = 0; i < 10; i++)
        close(fd[i]);
}

static void a_connection_does_not_stay(void **state)
{
    struct dp_net_config c;

    (void)state;
    rig_config(&c);
    c.enroll_life_ms = 20;
    open_with(&c);
    RIG_UNTIL(&rig, newcomer->seen[DP_NET_ENROLL_DOWN] == 1);
}

static void closed_means_closed(void **state)
{
    struct dp_net_config c;
    const char *address;

    (void)state;
    rig_config(&c);
    open_with(&c);
    address = dp_net_enroll_endpoint(office->net);
    assert_int_equal(dp_net_enroll_listen(office->net, "tcp://127.0.0.1:*"), DP_CONFLICT);
    assert_int_equal(dp_net_enroll_connect(office->net, &address, 1), DP_CONFLICT);
    dp_net_enroll_close(office->net);
    assert_null(dp_net_enroll_endpoint(office->net));
    RIG_UNTIL(&rig, newcomer->seen[DP_NET_ENROLL_DOWN] == 1);
    RIG_UNTIL(&rig, dp_net_counters(newcomer->net)->dials_failed >= 2);
    assert_int_equal(say("anyone"), DP_UNREACHABLE);
    dp_net_enroll_close(newcomer->net);
    assert_ok(dp_net_enroll_listen(newcomer->net, "tcp://127.0.0.1:*"));
}

/* The key pair of enrolment opens no link. */
static void enrolment_key_is_no_link_key(void **state)
{
    struct dp_net_config c;
    const char *address;

    (void)state;
    rig_config(&c);
    open_with(&c);
    rig_listen(office);
    dp_net_enroll_close(newcomer->net);
    address = dp_net_listen_endpoint(office->net);
    assert_ok(dp_net_enroll_connect(newcomer->net, &address, 1));
    RIG_UNTIL(&rig, dp_net_counters(newcomer->net)->dials_failed >= 2);
    assert_int_equal(newcomer->seen[DP_NET_ENROLL_UP], 1);
    assert_int_equal(office->seen[DP_NET_LINK_UP], 0);
}

int main(void)
{
#define ENROLL(t) cmocka_unit_test_teardown(t, down)
    const struct CMUnitTest tests[] = {
        ENROLL(messages_go_both_ways),
        ENROLL(size_is_limited),
        ENROLL(messages_per_second_are_limited),
        ENROLL(connections_per_second_are_limited),
        ENROLL(connections_at_once_are_limited),
        ENROLL(a_connection_does_not_stay),
        ENROLL(closed_means_closed),
        ENROLL(enrolment_key_is_no_link_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
