/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent learns the end of each session, also where its turn comes late: the connection
 * is over, its descriptor belongs to another one, or a newer session has begun.
 */
#include "support/cmocka_all.h"
#include "support/netrig.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>

#include <zmq.h>

#define FDS_MAX 256

static struct rig rig;
static struct rig_end *parent;

/* A child of its own library context, so that it can leave without a trace. */
struct leaver {
    struct dp_net_pair pair;
    void *zmq;
    void *socket;
};

static int setup(void **state)
{
    struct dp_net_config c;

    (void)state;
    rig_config(&c);
    parent = rig_add(&rig, &c);
    rig_listen(parent);
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static size_t open_fds(void)
{
    size_t n = 0;

    for (int fd = 0; fd < FDS_MAX; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static struct leaver come_as(const struct dp_net_pair *pair)
{
    struct leaver l = {.pair = *pair, .zmq = zmq_ctx_new()};
    uint64_t proofs = dp_net_counters(parent->net)->auth_ok;

    l.socket = zmq_socket(l.zmq, ZMQ_DEALER);
    assert_non_null(l.socket);
    zmq_setsockopt(l.socket, ZMQ_CURVE_SERVERKEY, parent->own.pub.b, 32);
    zmq_setsockopt(l.socket, ZMQ_CURVE_PUBLICKEY, pair->pub.b, 32);
    zmq_setsockopt(l.socket, ZMQ_CURVE_SECRETKEY, pair->secret.b, 32);
    assert_int_equal(zmq_connect(l.socket, dp_net_listen_endpoint(parent->net)), 0);
    RIG_UNTIL(&rig, dp_net_counters(parent->net)->auth_ok == proofs + 1);
    return l;
}

static struct leaver come(void)
{
    struct dp_net_pair pair;

    assert_ok(dp_net_pair_new(&pair));
    parent->allowed[parent->n_allowed++] = pair.pub;
    return come_as(&pair);
}

static void say(const struct leaver *l, const char *text)
{
    assert_int_equal(zmq_send(l->socket, text, strlen(text), 0), strlen(text));
}

/* What was said is sent, and the connection is over. */
static void leave(struct leaver *l)
{
    zmq_close(l->socket);
    zmq_ctx_term(l->zmq);
}

/* The same, and the parent's library has closed its end, of which the parent, not turned, knows nothing. */
static void leave_unseen(struct leaver *l, size_t fds_before)
{
    int64_t deadline = rig_ms() + 10000;

    leave(l);
    while (open_fds() > fds_before) {
        assert_true(rig_ms() < deadline);
        sched_yield();
    }
}

static void end_before_the_first_frame_is_read(void **state)
{
    size_t fds = open_fds();
    struct leaver l = come();

    (void)state;
    say(&l, "first and last");
    leave_unseen(&l, fds);
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 0);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1);
    assert_int_equal(parent->seen[DP_NET_LINK_UP], 1);
    assert_true(rig_frame_is(parent, "first and last"));
    assert_int_equal(dp_net_sessions(parent->net), 0);
    assert_int_equal(dp_net_connections(parent->net), 0);
}

/* It is answered by a turn that comes too late: no session, and no harm. */
static void answer_to_an_ended_connection(void **state)
{
    size_t fds = open_fds();
    struct leaver l = come();

    (void)state;
    parent->echo = true;
    say(&l, "anyone?");
    leave_unseen(&l, fds);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1);
    assert_true(rig_frame_is(parent, "anyone?"));
    assert_int_equal(dp_net_counters(parent->net)->frames_out, 0);
}

/* As files and sockets take the lowest free number, the next child has the descriptor of the one that left.
 */
static void descriptor_of_the_next_child(void **state)
{
    size_t fds = open_fds();
    struct leaver first = come();
    struct leaver second;
    struct dp_net_pair pair;

    (void)state;
    assert_ok(dp_net_pair_new(&pair));
    parent->allowed[parent->n_allowed++] = pair.pub;
    say(&first, "first and last");
    leave_unseen(&first, fds);
    second = come_as(&pair); /* in the same turns the parent reads what the first one said */
    say(&second, "second");
    RIG_UNTIL(&rig, rig_frame_is(parent, "second"));
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 1);
    assert_memory_equal(&parent->last[DP_NET_LINK_DOWN].key, &first.pair.pub, 32);
    say(&second, "still here");
    RIG_UNTIL(&rig, rig_frame_is(parent, "still here"));
    assert_int_equal(dp_net_sessions(parent->net), 1);
    leave(&second);
    RIG_UNTIL(&rig, parent->seen[DP_NET_LINK_DOWN] == 2);
    assert_memory_equal(&parent->last[DP_NET_LINK_DOWN].key, &second.pair.pub, 32);
    assert_int_equal(dp_net_sessions(parent->net), 0);
}

/* Two of one key: the one that proved it first, but spoke last, is cut, or it would wait for an answer for
 * ever. */
static void older_one_that_spoke_too_late(void **state)
{
    struct leaver older = come();
    struct leaver newer = come_as(&older.pair);

    (void)state;
    say(&newer, "newer");
    RIG_UNTIL(&rig, rig_frame_is(parent, "newer"));
    assert_int_equal(dp_net_connections(parent->net), 2);
    say(&older, "older");
    RIG_UNTIL(&rig, dp_net_counters(parent->net)->disconnected == 1);
    assert_int_equal(dp_net_counters(parent->net)->stale, 1);
    assert_int_equal(parent->seen[DP_NET_FRAME], 1);
    say(&newer, "unharmed");
    RIG_UNTIL(&rig, rig_frame_is(parent, "unharmed"));
    assert_int_equal(parent->seen[DP_NET_LINK_DOWN], 0);
    leave(&older);
    leave(&newer);
}

int main(void)
{
#define ENDS(t) cmocka_unit_test_setup_teardown(t, setup, down)
    const struct CMUnitTest tests[] = {
        ENDS(end_before_the_first_frame_is_read),
        ENDS(answer_to_an_ended_connection),
        ENDS(descriptor_of_the_next_child),
        ENDS(older_one_that_spoke_too_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
