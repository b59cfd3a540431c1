/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two or more struct dp_net on loopback, turned in one thread until something is seen or a
 * deadline passes. What each saw is counted; the last frame is kept.
 */
#ifndef DP_TESTS_NETRIG_H
#define DP_TESTS_NETRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/net.h"

#define RIG_ENDS_MAX 8
#define RIG_KEYS_MAX 64

/* One end: a node's sockets and what came out of them. */
struct rig_end {
    struct dp_net *net;
    struct dp_net_pair own;
    struct dp_net_key allowed[RIG_KEYS_MAX];
    size_t n_allowed;
    unsigned seen[DP_NET_FD + 1];            /* events by type */
    struct dp_net_event last[DP_NET_FD + 1]; /* without bytes */
    uint8_t *bytes;                          /* of the last FRAME, CONTROL or ENROLL; heap */
    size_t len;
    bool echo; /* send frames, requests and enrolment messages back */
};

struct rig {
    struct rig_end end[RIG_ENDS_MAX];
    size_t n;
};

/* Limits for loopback: short times, small counts. */
void rig_config(struct dp_net_config *c);
/* A new end with a key pair of its own. Fails the test when it cannot. */
struct rig_end *rig_add(struct rig *r, const struct dp_net_config *c);
void rig_close(struct rig *r);
/* Listen on a free port of loopback, with rig_allowed deciding. */
void rig_listen(struct rig_end *e);
void rig_listen_at(struct rig_end *e, const char *endpoint);
void rig_allow(struct rig_end *parent, const struct rig_end *child);
void rig_dial(struct rig_end *child, const struct rig_end *parent);
enum dp_err rig_send(struct rig_end *from, const struct rig_end *to, const char *text);
/* Turn all ends once, waiting up to a few milliseconds. */
void rig_turn(struct rig *r);
bool rig_frame_is(const struct rig_end *e, const char *text);
int64_t rig_ms(void);
/* A TCP connection to "tcp://127.0.0.1:<port>". */
int rig_tcp(const char *endpoint);

/* A listening TCP socket on a free port, and its "tcp://127.0.0.1:<port>". */
int rig_free_port(char *endpoint, size_t cap);

/* Turn until `cond`; fails the test after ten seconds. */
#define RIG_UNTIL(rig, cond)                                                                                 \
    do {                                                                                                     \
        int64_t rig_deadline = rig_ms() + 10000;                                                             \
        while (!(cond)) {                                                                                    \
            if (rig_ms() > rig_deadline)                                                                     \
                fail_msg("not seen: %s", #cond);                                                             \
            rig_turn(rig);                                                                                   \
        }                                                                                                    \
    } while (0)

#endif
