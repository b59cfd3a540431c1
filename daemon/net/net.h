/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of a node: the listener for children, the link to the parent, enrolment, and the
 * control socket of this machine. ZeroMQ is encrypted framing here and nothing more: a send
 * that succeeds is not a delivery. One thread owns a struct dp_net and makes every call.
 *
 * A peer is a CURVE public key, 32 bytes; which node that is, the caller knows. Nothing blocks but
 * dp_net_poll, no message without an authenticated key (or credentials of the machine) gets through,
 * and memory stays bounded whatever arrives.
 */
#ifndef DP_NET_NET_H
#define DP_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/slice.h"
#include "port/clock.h"
#include "port/random.h"

#define DP_NET_KEY_BYTES 32
#define DP_NET_FRAME_MAX 262144 /* payload of one frame on a link; equals DP_FRAME_MAX */
/* What is a little too large comes in, so that it is counted and its sender known; more is cut by the library
 * before anything is allocated for it, and nobody learns whose it was. */
#define DP_NET_WIRE_MAX (DP_NET_FRAME_MAX + 65536)
#define DP_NET_FIRST_MAX 16384  /* all that a child may send before it is answered, the handshake included */
#define DP_NET_ENROLL_MAX 16384 /* payload of one enrolment message */
#define DP_NET_CONTROL_MAX 1048576 /* one control request; a reply may be larger */
#define DP_NET_ADDRESSES_MAX 8
#define DP_NET_LISTENS_MAX 8
#define DP_NET_FDS_MAX 16

struct dp_net;

struct dp_net_key {
    uint8_t b[DP_NET_KEY_BYTES];
};

struct dp_net_pair {
    struct dp_net_key pub;
    struct dp_net_key secret;
};

/*
 * All limits and times. Of what is counted together an address has at most three quarters, and where too many
 * connections are open the oldest one of the address with the most gives way. Start from
 * dp_net_config_default(); a value outside its limits is DP_RANGE.
 */
struct dp_net_config {
    struct dp_clock_src clock; /* only mono_ms is used */
    struct dp_random random;   /* jitter of the dialler */
    const char *socks;         /* SOCKS5 proxy of the dialler, "<numeric address>:<port>", or NULL; copied */
    int handshake_ms;          /* TCP accept to end of CURVE, both ends; 90,000 */
    int connect_ms;            /* one TCP connect; 30,000 */
    int unacked_ms;            /* TCP data unacknowledged (TCP_USER_TIMEOUT); 120,000 */
    int reconnect_ms;          /* first pause of the dialler; doubles, plus jitter of up to itself; 2,000 */
    int reconnect_max_ms;      /* longest pause before jitter; 300,000 */
    int heartbeat_ms;          /* ZMTP heartbeats; 0 is off, and the default: liveness is the caller's */
    int hwm;                   /* messages queued per peer and direction, 1..64; 16 */
    int sndbuf_bytes;          /* kernel send buffer of a link; 0 leaves it to the system */
    int rcvbuf_bytes;          /* kernel receive buffer of a link; 262,144 */
    int peers_max;             /* keys with a session on the listener; 2,048 */
    int pending_max;           /* connections that have not yet sent a frame; one gives way (below); 512 */
    int accept_per_s;          /* new connections on the listener, with a burst of twice that; 1,000 */
    int enroll_conns_max;      /* connections on the enrolment listener; 32 */
    int enroll_per_s;          /* new connections, and messages, per second, burst of twice that; 10 */
    int enroll_life_ms;        /* an enrolment connection is cut after this; 120,000 */
    int control_conns_max;     /* of which the newest of the user with most gives way; 128 */
    /* Whose process connected, by its descriptor; NULL asks the kernel. For tests. */
    bool (*peer_uid)(int fd, uid_t *out);
    int turn_messages; /* events of one kind of socket in one dp_net_poll; 256 */
    size_t turn_bytes; /* and their bytes, give or take one message; 4 MiB */
};

/* No proxy, no clock, no random source: the caller sets the last two. */
void dp_net_config_default(struct dp_net_config *c);

/* The one ZeroMQ context of the process. DP_RANGE, DP_CONFIG (proxy), DP_NOMEM, DP_INTERNAL. */
DP_MUST enum dp_err dp_net_new(const struct dp_net_config *c, struct dp_net **out);
/* Closes everything without waiting for unsent messages; nulls. */
void dp_net_free(struct dp_net **net);

/* Makes a CURVE key pair from the system's entropy. */
DP_MUST enum dp_err dp_net_pair_new(struct dp_net_pair *out);
/* Public key of `secret`. */
DP_MUST enum dp_err dp_net_pair_public(const struct dp_net_key *secret, struct dp_net_key *pub);

/* ---- the parent's side ---- */

/*
 * May this key link? Asked when a connection proves its key, and again at its first frame.
 * `token` is the caller's word for the peer, handed back in events. Called from dp_net_poll.
 */
typedef bool dp_net_allow(void *ctx, const struct dp_net_key *key, uint64_t *token);

/*
 * Listen for children at "tcp://<numeric address>:<port or *>", once per dp_net. DP_CONFLICT when the
 * port is taken or we listen already, DP_CONFIG for a bad address, DP_INTERNAL when the library
 * cannot enforce authentication (then nothing was bound).
 */
DP_MUST enum dp_err dp_net_listen(struct dp_net *net, const char *endpoint, const struct dp_net_pair *own,
                                  dp_net_allow *allow, void *ctx);
/* One more address for the same listener, at most DP_NET_LISTENS_MAX in all. Errors as above, DP_FULL. */
DP_MUST enum dp_err dp_net_listen_also(struct dp_net *net, const char *endpoint);
/* The first endpoint as bound (with the port chosen for `*`), or NULL. Borrowed until the listener closes. */
const char *dp_net_listen_endpoint(const struct dp_net *net);
/* Stop listening and cut every child; their LINK_DOWN come with the next poll. */
void dp_net_listen_close(struct dp_net *net);

/* ---- the child's side ---- */

/*
 * Keep a link to the parent that holds `server`, at one address at a time, the next one after a
 * failure. Addresses are "tcp://<numeric address>:<port>", copied. One call per key: DP_DUPLICATE
 * when that key is dialled already, DP_FULL after four parents. LINK_UP follows when it stands.
 */
DP_MUST enum dp_err dp_net_connect(struct dp_net *net, const char *const *addresses, size_t n,
                                   const struct dp_net_key *server, const struct dp_net_pair *own);
/* Stop dialling this parent; no event. Unknown: no-op. */
void dp_net_disconnect(struct dp_net *net, const struct dp_net_key *server);
/* Try a waiting dialler of this parent again at once (the operator asked, the line came up). */
void dp_net_redial(struct dp_net *net, const struct dp_net_key *server);

/* ---- both sides ---- */

/*
 * Hand one frame to the socket. Never blocks. DP_AGAIN: this peer's queue is full, try after a later
 * poll; DP_UNREACHABLE: no session with this key; DP_TOO_BIG. DP_OK says nothing about arrival.
 */
DP_MUST enum dp_err dp_net_send(struct dp_net *net, const struct dp_net_key *peer, struct dp_slice frame);
/*
 * End the session with this peer: nothing more of it is delivered, LINK_DOWN comes with the next poll. What
 * was sent before has half a second to leave, so that a last word is heard. A child may come back (allow
 * decides), and the dialler tries again after its pause.
 */
void dp_net_drop(struct dp_net *net, const struct dp_net_key *peer);

/* ---- enrolment: framing only, its key pair is published; the one-time code protects what is inside ---- */

DP_MUST enum dp_err dp_net_enroll_listen(struct dp_net *net, const char *endpoint);
const char *dp_net_enroll_endpoint(const struct dp_net *net);
/* The newcomer's end, instead of listening. ENROLL_UP when it stands; then use conn 0. */
DP_MUST enum dp_err dp_net_enroll_connect(struct dp_net *net, const char *const *addresses, size_t n);
DP_MUST enum dp_err dp_net_enroll_send(struct dp_net *net, uint32_t conn, struct dp_slice message);
/* Ends either role; no event. */
void dp_net_enroll_close(struct dp_net *net);

/* ---- control socket ---- */

/*
 * Unix socket at `path` (absolute, at most 100 bytes), mode 0660, group `gid` unless (gid_t)-1.
 * A stale socket is replaced; DP_CONFLICT when somebody answers there or it is another kind of file.
 * Members of the group are trusted with our memory: a request is bounded, a train of parts is not.
 */
DP_MUST enum dp_err dp_net_control_bind(struct dp_net *net, const char *path, gid_t gid);
/* Reply to a CONTROL event, any number of times. Errors as dp_net_send, no upper size. */
DP_MUST enum dp_err dp_net_control_send(struct dp_net *net, uint32_t conn, struct dp_slice reply);

/* ---- the turn ---- */

enum dp_net_event_type {
    DP_NET_LINK_UP,   /* key, token (0 for a parent). A new session of a key that was up: LINK_DOWN first */
    DP_NET_LINK_DOWN, /* key, token. What was sent and not acknowledged must be taken as lost */
    DP_NET_FRAME,     /* key, token, bytes: up to DP_NET_WIRE_MAX */
    DP_NET_CONTROL,   /* conn, uid, gid, pid, bytes; away: it is to be told why it is refused */
    DP_NET_CONTROL_AWAY, /* conn: it gives way and has asked nothing; it is to be told why */
    DP_NET_CONTROL_GONE, /* conn: nobody waits any more for its answers */
    DP_NET_ENROLL_UP,    /* newcomer's end only */
    DP_NET_ENROLL_DOWN,  /* newcomer's end only; the dialler goes on */
    DP_NET_ENROLL,       /* conn, bytes */
    DP_NET_FD,           /* fd, readable; the caller must read it */
};

struct dp_net_event {
    enum dp_net_event_type type;
    struct dp_net_key key;
    uint64_t token;
    uint32_t conn; /* never reused while the socket is open */
    uid_t uid;     /* of the process that connected, as the kernel says */
    gid_t gid;
    pid_t pid;
    int fd;
    bool away;             /* the connection gives way to another user's, and ends within a second */
    struct dp_slice bytes; /* borrowed until the next dp_net_poll */
};

/* May call any function here but dp_net_poll and dp_net_free. */
typedef void dp_net_on(void *ctx, const struct dp_net_event *ev);

/*
 * One turn: wait up to `timeout_ms` (-1: no limit) until something happens, deliver what is there
 * within the budget of the turn, return. It may return early with no event. DP_INTERNAL when the
 * library fails in a way that cannot pass; then stop.
 */
DP_MUST enum dp_err dp_net_poll(struct dp_net *net, int timeout_ms, dp_net_on *on, void *ctx);

/* Watch a plain descriptor (signalfd, timerfd) for reading. DP_FULL, DP_DUPLICATE. */
DP_MUST enum dp_err dp_net_fd_add(struct dp_net *net, int fd);
void dp_net_fd_remove(struct dp_net *net, int fd); /* before the caller closes it */

/* ---- counters, for metrics and status ---- */

/* clang-format off */
#define DP_NET_COUNTER_LIST(X)                                                              \
    X(accepted,           "connections accepted")                                          \
    X(rate_limited,       "connections cut: too many per second")                          \
    X(crowded_out,        "connections cut: too many at once")                             \
    X(auth_ok,            "keys accepted")                                                 \
    X(auth_failed,        "keys refused")                                                  \
    X(handshake_protocol, "handshakes failed: not our protocol or wrong keys")             \
    X(handshake_auth,     "handshakes failed: refused by the authenticator")               \
    X(handshake_other,    "handshakes failed: silence or a closed connection")             \
    X(unauthenticated,    "messages dropped: no identity")                                 \
    X(oversized,          "frames that were too large (those cut on the wire show as disconnected)") \
    X(garbage,            "messages dropped: more than one part, or an identity of its own") \
    X(stale,              "messages dropped: of a session that was replaced")              \
    X(hoarding,           "connections cut: bytes without a message")                      \
    X(sessions,           "sessions begun")                                                \
    X(replaced,           "sessions replaced by a newer one of the same key")              \
    X(disconnected,       "connections ended")                                             \
    X(frames_in,          "frames received")                                               \
    X(bytes_in,           "bytes of frames received")                                      \
    X(frames_out,         "frames sent")                                                   \
    X(bytes_out,          "bytes of frames sent")                                          \
    X(send_full,          "sends refused: queue full")                                     \
    X(dials,              "connection attempts")                                           \
    X(dials_failed,       "connection attempts that failed")                               \
    X(control_in,         "control requests")                                              \
    X(control_refused,    "control requests dropped: no credentials, or malformed")        \
    X(enroll_in,          "enrolment messages")                                            \
    X(enroll_limited,     "enrolment messages dropped: too many per second")
/* clang-format on */

struct dp_net_counters {
#define DP_NET_COUNTER_FIELD(name, text) uint64_t name;
    DP_NET_COUNTER_LIST(DP_NET_COUNTER_FIELD)
#undef DP_NET_COUNTER_FIELD
};

/* Borrowed; lives as long as `net`. */
const struct dp_net_counters *dp_net_counters(const struct dp_net *net);
/* Connections open now on all listeners, and sessions up now (children and parents). */
size_t dp_net_connections(const struct dp_net *net);
size_t dp_net_sessions(const struct dp_net *net);

#endif
