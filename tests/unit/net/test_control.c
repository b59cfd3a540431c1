/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: who asks, answers, many requests at once, and what lies at its path. */
#include "support/cmocka_all.h"
#include "support/netrig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <zmq.h>

static struct rig rig;
static struct rig_end *node;
static char dir[64];
static char path[96];
static void *zmq;
static void *clients[32]; /* open sockets, so that a failed test still ends */
static size_t n_clients;

static int bind_it(void **state)
{
    struct dp_net_config c;

    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/dp-control-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/sock", dir);
    rig_config(&c);
    node = rig_add(&rig, &c);
    node->echo = true;
    assert_ok(dp_net_control_bind(node->net, path, (gid_t)-1));
    zmq = zmq_ctx_new();
    return 0;
}

static int unbind(void **state)
{
    (void)state;
    while (n_clients > 0)
        zmq_close(clients[--n_clients]);
    zmq_ctx_term(zmq);
    rig_close(&rig);
    assert_int_equal(access(path, F_OK), -1); /* taken away with the daemon */
    assert_int_equal(rmdir(dir), 0);
    return 0;
}

static void leave(void *s)
{
    for (size_t i = 0; i < n_clients; i++)
        if (clients[i] == s)
            clients[i] = clients[--n_clients];
    zmq_close(s);
}

static void *client(int type)
{
    void *s = zmq_socket(zmq, type);
    int zero = 0;
    int many = 4000;
    char endpoint[128];

    assert_non_null(s);
    clients[n_clients++] = s;
    snprintf(endpoint, sizeof(endpoint), "ipc://%s", path);
    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_setsockopt(s, ZMQ_SNDHWM, &many, sizeof(many));
    zmq_setsockopt(s, ZMQ_RCVHWM, &many, sizeof(many));
    assert_int_equal(zmq_connect(s, endpoint), 0);
    return s;
}

static void credentials_are_the_kernels(void **state)
{
    void *s = client(ZMQ_DEALER);
    char reply[16];

    (void)state;
    assert_int_equal(zmq_send(s, "status", 6, 0), 6);
    RIG_UNTIL(&rig, node->seen[DP_NET_CONTROL] == 1);
    assert_true(rig_frame_is(node, "status"));
    assert_int_equal(node->last[DP_NET_CONTROL].uid, getuid());
    assert_int_equal(node->last[DP_NET_CONTROL].gid, getgid());
    assert_int_equal(node->last[DP_NET_CONTROL].pid, getpid());
    assert_int_equal(zmq_recv(s, reply, sizeof(reply), 0), 6);
    leave(s);
}

static void only_the_group_may_open(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0660);
}

static void thousand_requests_under_way(void **state)
{
    void *s = client(ZMQ_DEALER);
    unsigned replies = 0;
    char b[16];

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(zmq_send(s, "request", 7, ZMQ_DONTWAIT), 7);
    RIG_UNTIL(&rig, node->seen[DP_NET_CONTROL] == 1000);
    while (replies < 1000 && zmq_recv(s, b, sizeof(b), 0) == 7)
        replies++;
    assert_int_equal(replies, 1000);
    leave(s);
}

static void largest_request_passes_and_larger_is_cut(void **state)
{
    void *s = client(ZMQ_DEALER);
    void *other;
    char *p = calloc(1, DP_NET_CONTROL_MAX + 1);

    (void)state;
    assert_non_null(p);
    zmq_send(s, p, DP_NET_CONTROL_MAX, 0);
    RIG_UNTIL(&rig, node->seen[DP_NET_CONTROL] == 1);
    assert_int_equal(node->len, DP_NET_CONTROL_MAX);
    zmq_send(s, p, DP_NET_CONTROL_MAX + 1, 0);
    RIG_UNTIL(&rig, dp_net_counters(node->net)->disconnected == 1);
    leave(s);
    other = client(ZMQ_DEALER);
    zmq_send(other, "small", 5, 0);
    RIG_UNTIL(&rig, rig_frame_is(node, "small"));
    assert_int_equal(node->seen[DP_NET_CONTROL], 2);
    leave(other);
    free(p);
}

static void odd_shapes_are_dropped(void **state)
{
    void *s = client(ZMQ_DEALER);
    void *named = zmq_socket(zmq, ZMQ_DEALER);
    char endpoint[128];
    int zero = 0;

    (void)state;
    clients[n_clients++] = named;
    zmq_send(s, "one", 3, ZMQ_SNDMORE);
    zmq_send(s, "two", 3, ZMQ_SNDMORE);
    zmq_send(s, "three", 5, 0);
    RIG_UNTIL(&rig, dp_net_counters(node->net)->garbage == 1);
    leave(s);
    snprintf(endpoint, sizeof(endpoint), "ipc://%s", path);
    zmq_setsockopt(named, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_setsockopt(named, ZMQ_ROUTING_ID, "me", 2);
    zmq_connect(named, endpoint);
    zmq_send(named, "hello", 5, 0);
    RIG_UNTIL(&rig, dp_net_counters(node->net)->garbage == 2);
    leave(named);
    assert_int_equal(node->seen[DP_NET_CONTROL], 0);
}

static void reply_to_one_that_has_gone(void **state)
{
    void *s = client(ZMQ_DEALER);
    uint32_t conn;

    (void)state;
    zmq_send(s, "bye", 3, 0);
    RIG_UNTIL(&rig, node->seen[DP_NET_CONTROL] == 1);
    conn = node->last[DP_NET_CONTROL].conn;
    leave(s);
    RIG_UNTIL(&rig, dp_net_control_send(node->net, conn, dp_slice_str("late")) == DP_UNREACHABLE);
}

static void path_in_use_is_a_conflict(void **state)
{
    struct dp_net_config c;
    struct dp_net *second;
    char file[128];
    FILE *f;

    (void)state;
    rig_config(&c);
    assert_ok(dp_net_new(&c, &second));
    assert_int_equal(dp_net_control_bind(node->net, path, (gid_t)-1), DP_CONFLICT);
    assert_int_equal(dp_net_control_bind(second, path, (gid_t)-1), DP_CONFLICT);
    assert_int_equal(dp_net_control_bind(second, "relative", (gid_t)-1), DP_CONFIG);
    snprintf(file, sizeof(file), "%s/file", dir);
    f = fopen(file, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(dp_net_control_bind(second, file, (gid_t)-1), DP_CONFLICT);
    assert_int_equal(unlink(file), 0); /* still there: it was not taken away */
    dp_net_free(&second);
}

static void stale_socket_is_replaced(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct dp_net_config c;
    struct dp_net *second;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/stale", dir);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    close(fd);
    rig_config(&c);
    assert_ok(dp_net_new(&c, &second));
    assert_ok(dp_net_control_bind(second, at.sun_path, getgid()));
    dp_net_free(&second);
}

/* ---- more connections than there may be (R-CTL-6) ---- */

#define PLACES 4

static uid_t told[32]; /* whose the next connections are */
static size_t told_next;

static bool told_uid(int fd, uid_t *out)
{
    (void)fd;
    *out = told[told_next++];
    return true;
}

static struct rig_end *narrow;
static char *wide_path;

static void narrow_open(void)
{
    struct dp_net_config c;

    rig_config(&c);
    c.control_conns_max = PLACES;
    c.peer_uid = told_uid;
    told_next = 0;
    narrow = rig_add(&rig, &c);
    narrow->echo = true;
    wide_path = strdup(path);
    snprintf(path, sizeof(path), "%s/narrow", dir);
    assert_ok(dp_net_control_bind(narrow->net, path, (gid_t)-1));
}

static void narrow_close(void)
{
    while (n_clients > 0)
        leave(clients[0]);
    RIG_UNTIL(&rig, dp_net_connections(narrow->net) == 0);
    dp_net_free(&narrow->net);
    free(narrow->bytes);
    narrow->bytes = NULL;
    rig.n--;
    snprintf(path, sizeof(path), "%s", wide_path);
    free(wide_path);
}

static void *connect_as(uid_t uid)
{
    uint64_t before = dp_net_counters(narrow->net)->accepted;
    void *s;

    told[told_next] = uid;
    s = client(ZMQ_DEALER);
    RIG_UNTIL(&rig, dp_net_counters(narrow->net)->accepted == before + 1);
    return s;
}

/* Whether the request was taken, and not told that it gives way. */
static bool ask_on(void *s)
{
    unsigned before = narrow->seen[DP_NET_CONTROL];

    assert_int_equal(zmq_send(s, "ask", 3, 0), 3);
    RIG_UNTIL(&rig, narrow->seen[DP_NET_CONTROL] == before + 1);
    return !narrow->last[DP_NET_CONTROL].away;
}

static void one_user_with_many_connections_locks_out_nobody(void **state)
{
    void *many[PLACES], *other, *again;
    uint32_t last;

    (void)state;
    narrow_open();
    for (size_t i = 0; i < PLACES; i++) {
        many[i] = connect_as(1001);
        assert_true(ask_on(many[i]));
    }
    last = narrow->last[DP_NET_CONTROL].conn;
    other = connect_as(1002);
    assert_int_equal(narrow->seen[DP_NET_CONTROL_AWAY], 1); /* the newest is told at once */
    assert_int_equal(narrow->last[DP_NET_CONTROL_AWAY].conn, last);
    assert_true(ask_on(other));
    RIG_UNTIL(&rig, narrow->seen[DP_NET_CONTROL_GONE] == 1);
    assert_int_equal(narrow->last[DP_NET_CONTROL_GONE].conn, last);
    again = connect_as(1001); /* the greediest again, and itself the newest */
    assert_false(ask_on(again));
    for (size_t i = 0; i + 1 < PLACES; i++)
        assert_true(ask_on(many[i]));
    assert_true(ask_on(other));
    narrow_close();
}

static void root_finds_room_where_all_have_one(void **state)
{
    void *users[PLACES], *root;

    (void)state;
    narrow_open();
    for (size_t i = 0; i < PLACES; i++)
        users[i] = connect_as(2001 + (uid_t)i);
    root = connect_as(0);
    assert_true(ask_on(root));
    for (size_t i = 0; i + 1 < PLACES; i++)
        assert_true(ask_on(users[i]));
    assert_false(ask_on(users[PLACES - 1]));
    narrow_close();
}

static void who_gives_way_and_never_asks_is_cut(void **state)
{
    (void)state;
    narrow_open();
    for (size_t i = 0; i < 3 * PLACES; i++)
        (void)connect_as(1001);
    assert_true(dp_net_counters(narrow->net)->crowded_out == 2 * PLACES);
    RIG_UNTIL(&rig, dp_net_connections(narrow->net) <= PLACES);
    narrow_close();
}

int main(void)
{
#define CONTROL(t) cmocka_unit_test_setup_teardown(t, bind_it, unbind)
    const struct CMUnitTest tests[] = {
        CONTROL(credentials_are_the_kernels),
        CONTROL(only_the_group_may_open),
        CONTROL(thousand_requests_under_way),
        CONTROL(largest_request_passes_and_larger_is_cut),
        CONTROL(odd_shapes_are_dropped),
        CONTROL(reply_to_one_that_has_gone),
        CONTROL(path_in_use_is_a_conflict),
        CONTROL(stale_socket_is_replaced),
        CONTROL(one_user_with_many_connections_locks_out_nobody),
        CONTROL(root_finds_room_where_all_have_one),
        CONTROL(who_gives_way_and_never_asks_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
