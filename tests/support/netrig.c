/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of links on loopback for the tests of net/ and above. */
#include "support/netrig.h"

#include "support/cmocka_all.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"

static struct dp_rng rng;

int64_t rig_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t mono(void *ctx)
{
    (void)ctx;
    return rig_ms();
}

static void fill(void *ctx, void *p, size_t len)
{
    (void)ctx;
    dp_rng_fill(&rng, p, len);
}

void rig_config(struct dp_net_config *c)
{
    dp_rng_seed(&rng, 1);
    dp_net_config_default(c);
    c->clock.mono_ms = mono;
    c->random.fill = fill;
    c->handshake_ms = 2000;
    c->connect_ms = 2000;
    c->reconnect_ms = 5;
    c->reconnect_max_ms = 40;
}

struct rig_end *rig_add(struct rig *r, const struct dp_net_config *c)
{
    struct rig_end *e = &r->end[r->n++];

    memset(e, 0, sizeof(*e));
    assert_ok(dp_net_new(c, &e->net));
    assert_ok(dp_net_pair_new(&e->own));
    return e;
}

void rig_close(struct rig *r)
{
    for (size_t i = 0; i < r->n; i++) {
        dp_net_free(&r->end[i].net);
        free(r->end[i].bytes);
    }
    r->n = 0;
}

static bool allowed(void *ctx, const struct dp_net_key *key, uint64_t *token)
{
    const struct rig_end *e = ctx;

    for (size_t i = 0; i < e->n_allowed; i++) {
        if (memcmp(&e->allowed[i], key, sizeof(*key)) == 0) {
            *token = i + 1;
            return true;
        }
    }
    return false;
}

void rig_listen_at(struct rig_end *e, const char *endpoint)
{
    assert_ok(dp_net_listen(e->net, endpoint, &e->own, allowed, e));
}

void rig_listen(struct rig_end *e)
{
    rig_listen_at(e, "tcp://127.0.0.1:*");
}

void rig_allow(struct rig_end *parent, const struct rig_end *child)
{
    parent->allowed[parent->n_allowed++] = child->own.pub;
}

void rig_dial(struct rig_end *child, const struct rig_end *parent)
{
    const char *address = dp_net_listen_endpoint(parent->net);

    assert_ok(dp_net_connect(child->net, &address, 1, &parent->own.pub, &child->own));
}

enum dp_err rig_send(struct rig_end *from, const struct rig_end *to, const char *text)
{
    return dp_net_send(from->net, &to->own.pub, dp_slice_str(text));
}

static void keep(struct rig_end *e, struct dp_slice bytes)
{
    free(e->bytes);
    e->bytes = malloc(bytes.len + 1);
    assert_non_null(e->bytes);
    if (bytes.len > 0)
        memcpy(e->bytes, bytes.p, bytes.len);
    e->bytes[bytes.len] = 0;
    e->len = bytes.len;
}

static void send_back(struct rig_end *e, const struct dp_net_event *ev)
{
    enum dp_err err = DP_OK;

    if (ev->type == DP_NET_FRAME)
        err = dp_net_send(e->net, &ev->key, ev->bytes);
    else if (ev->type == DP_NET_CONTROL)
        err = dp_net_control_send(e->net, ev->conn, ev->bytes);
    else if (ev->type == DP_NET_ENROLL)
        err = dp_net_enroll_send(e->net, ev->conn, ev->bytes);
    assert_true(err == DP_OK || err == DP_AGAIN || err == DP_UNREACHABLE);
}

static void on(void *ctx, const struct dp_net_event *ev)
{
    struct rig_end *e = ctx;

    e->seen[ev->type]++;
    e->last[ev->type] = *ev;
    e->last[ev->type].bytes = dp_slice_of(NULL, 0);
    if (ev->type == DP_NET_FRAME || ev->type == DP_NET_CONTROL || ev->type == DP_NET_ENROLL)
        keep(e, ev->bytes);
    if (e->echo)
        send_back(e, ev);
}

void rig_turn(struct rig *r)
{
    for (size_t i = 0; i < r->n; i++)
        assert_ok(dp_net_poll(r->end[i].net, 2, on, &r->end[i]));
}

bool rig_frame_is(const struct rig_end *e, const char *text)
{
    return e->bytes != NULL && e->len == strlen(text) && memcmp(e->bytes, text, e->len) == 0;
}

int rig_tcp(const char *endpoint)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    to.sin_port = htons((uint16_t)strtoul(strrchr(endpoint, ':') + 1, NULL, 10));
    (void)connect(fd, (struct sockaddr *)&to, sizeof(to));
    return fd;
}

int rig_free_port(char *endpoint, size_t cap)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(endpoint, cap, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}
