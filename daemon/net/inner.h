/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share. A server is a bound ROUTER with its monitor; a dialler is
 * one DEALER per attempt; each server has a table of its connections, indexed by descriptor, as its
 * monitor reports them; the table of peers is keyed by CURVE key. Nothing here is seen outside net/.
 */
#ifndef DP_NET_INNER_H
#define DP_NET_INNER_H

#include <zmq.h>

#include "net/net.h"

#define ENDPOINT_BYTES 128
#define DIALLERS 5 /* four parents and one for enrolment */
#define NO_CONN UINT32_MAX
#define CURVE_OVERHEAD 33 /* of one message: name 8, nonce 8, tag 16, flags 1 */
#define ROUTING_ID_BYTES 5
#define LOOK_MS 1000
#define SOURCES 512        /* power of two */
#define DROP_LINGER_MS 500 /* for what was sent before a drop */
#define DOMAIN_LINK "link"
#define DOMAIN_ENROLL "enroll"

enum role { ROLE_LINK, ROLE_ENROLL, ROLE_CONTROL };

/* A token bucket: `per_s` a second, at most twice that at once. */
struct rate {
    int per_s;
    int64_t milli; /* thousandths of a token */
    int64_t at_ms;
};

/* Bytes of a connection since its last message. */
struct hoard {
    bool heard; /* a message came since the last look */
    uint64_t base_bytes;
};

/* One accepted connection, at the index of its descriptor. */
struct conn {
    bool open;    /* false: none there */
    bool settled; /* has sent a message */
    bool cut;     /* shut down by us, its end not yet reported */
    bool crowds;  /* counts against the number that may be: on the listener until it is settled, elsewhere
                     always */
    bool spoke;   /* control: has sent a request, and `routing_id` is set */
    bool away;    /* control: it gives way, and is told so before it is cut */
    uint16_t source;
    uid_t uid; /* control: of the process that connected */
    uint32_t routing_id;
    uint32_t serial;
    uint32_t peer; /* index + 1; 0: none */
    int64_t since_ms;
    int64_t cut_ms; /* to be cut then, once what was sent had its moment; 0: no */
    struct hoard hoard;
};

/* Of one server alone: its monitor tells in order, two monitors beside each other do not. */
struct conns {
    struct conn *at;
    size_t cap;
    size_t open;  /* connections */
    size_t crowd; /* of these, counted against crowd_max */
    size_t crowd_max;
    size_t away;     /* that are told to go */
    int64_t look_ms; /* next look at all */
};

/* Addresses that share a place of the table count as one; which do is secret. */
struct source {
    size_t crowd; /* connections from there that crowd */
    struct rate accepts;
    struct rate messages;
};

struct server {
    enum role role;
    void *socket; /* NULL: closed */
    void *monitor;
    char endpoint[ENDPOINT_BYTES]; /* the first */
    size_t endpoints;
    struct rate accepts;
    struct rate messages;
    struct source source[SOURCES];
    uint64_t hoard_max; /* of a connection that has sent a message */
    uint64_t first_max; /* of one that has not */
    struct conns conns;
};

struct peer {
    struct dp_net_key key;
    uint64_t token;
    uint32_t routing_id; /* of the newest session ever */
    bool known;          /* routing_id is set */
    bool up;             /* LINK_UP was given, frames are delivered */
    bool down_due;       /* LINK_DOWN is owed at the end of the turn */
    int fd;              /* of its connection; -1: that had ended before its first message was read */
    uint32_t serial;     /* of that connection */
};

struct peers {
    struct peer *at;
    size_t len;
    size_t cap;
    uint32_t *slot; /* index + 1 by key, open addressing */
    size_t slots;   /* power of two */
    size_t downs_due;
};

enum dial_state { DIAL_OFF, DIAL_WAIT, DIAL_TRY, DIAL_UP };

struct dialler {
    enum dial_state state;
    bool enroll;
    bool ended;    /* the connection is over; what it brought is still to be read */
    bool down_due; /* LINK_DOWN is owed */
    struct dp_net_key server;
    struct dp_net_pair own;
    char address[DP_NET_ADDRESSES_MAX][ENDPOINT_BYTES];
    size_t addresses;
    size_t next;
    unsigned failures;
    int64_t due_ms; /* WAIT: when to try; TRY: when to give up */
    int64_t up_ms;
    int64_t look_ms; /* UP: when to look next how much came */
    int fd;          /* of the connection; -1: none that we know of */
    struct hoard hoard;
    void *socket;
    void *monitor;
};

/* Messages of this turn, kept until the next so that events borrow their bytes. */
struct held {
    zmq_msg_t *at;
    size_t len;
    size_t cap;
};

struct budget {
    int messages;
    size_t bytes;
};

struct dp_net {
    struct dp_net_config cfg;
    char socks[ENDPOINT_BYTES]; /* "": none */
    void *zmq;
    void *zap; /* NULL until the first listener */
    struct server link;
    struct server enroll;
    struct server control;
    dp_net_allow *allow;
    void *allow_ctx;
    struct dialler dial[DIALLERS]; /* the last one is for enrolment */
    uint64_t secret;               /* of the places of sources */
    uint32_t serials; /* given to connections and proofs of a key, in the order in which we hear of them */
    int fd_limit;     /* 0: not asked for yet */
    struct peers peers;
    struct held held;
    int fd[DP_NET_FDS_MAX];
    size_t fds;
    unsigned names; /* of monitor endpoints */
    dp_net_on *on;  /* during a turn */
    void *on_ctx;
    struct dp_net_counters count;
};

/* ---- net.c ---- */
int64_t net_now(const struct dp_net *net);
struct rate rate_of(int per_s); /* full */
bool rate_take(struct rate *r, int64_t now_ms);
enum dp_err net_errno(void);
/* Free place for one more message of this turn, or NULL. The caller initialises and counts it. */
zmq_msg_t *held_next(struct dp_net *net);
void held_release(struct dp_net *net);
bool budget_take(struct budget *b, size_t bytes);
struct budget budget_of(const struct dp_net *net);

/* ---- options.c: a socket being set up; the first failure sticks ---- */
struct setup {
    void *socket; /* NULL after a failure to create it */
    enum dp_err err;
};
struct setup setup_socket(struct dp_net *net, int type);
void setup_int(struct setup *s, int option, int value);
void setup_bytes(struct setup *s, int option, const void *p, size_t len);
/* Limits and times of a link over TCP; `max_bytes` is the payload. */
void setup_link(struct setup *s, const struct dp_net_config *c, int max_bytes, int hwm);
void setup_curve_server(struct setup *s, const struct dp_net_pair *own, const char *domain);
void setup_curve_client(struct setup *s, const struct dp_net_pair *own, const struct dp_net_key *server);
/* DP_CONFIG unless `endpoint` is "tcp://<number>:<port>"; `*` as port only when binding. */
bool endpoint_v6(const char *endpoint);
enum dp_err endpoint_check(const char *endpoint, bool bind);

/* ---- monitor.c ---- */
struct mon_event {
    int what;
    int value;
};
enum dp_err monitor_open(struct dp_net *net, void *socket, int events, void **out);
bool monitor_next(void *monitor, struct mon_event *e);
/* Closes both, in the order the library needs; NULLs. */
void monitored_close(void **socket, void **monitor);

/* ---- zap.c ---- */
enum dp_err zap_open(struct dp_net *net);
void zap_serve(struct dp_net *net);
/* What was written at the proof of its key: that key, and the serial of the proof. False: nothing. */
bool zap_user(zmq_msg_t *m, struct dp_net_key *key, uint32_t *serial);

/* ---- server.c ---- */
enum received { RECEIVED_NONE, RECEIVED_ONE, RECEIVED_BAD };
struct arrival {
    uint32_t routing_id;
    int fd;      /* -1: unknown */
    bool proven; /* the next two are set; never so on the control socket */
    struct dp_net_key key;
    uint32_t proof; /* serial of the proof of that key */
    zmq_msg_t *msg;
    struct dp_slice bytes;
};
/* Bind `s->socket` = setup's socket to `endpoint`; takes the socket in every case. */
enum dp_err server_open(struct dp_net *net, struct server *s, struct setup *setup, const char *endpoint);
/* One more address; may be called on an open server only. */
enum dp_err server_bind(struct server *s, const char *endpoint);
void server_close(struct server *s);
void server_watch(struct dp_net *net, struct server *s);
/* The next message. BAD: dropped and its connection cut. */
enum received server_receive(struct dp_net *net, struct server *s, struct arrival *a);
enum dp_err server_send(struct dp_net *net, struct server *s, uint32_t routing_id, struct dp_slice bytes);

/* ---- sources.c: no address may use up alone what all share ---- */
/* All connections and messages of `s` together; each source has three quarters of it. */
void sources_limit(struct server *s, int per_s);
uint16_t sources_place(const struct dp_net *net, int fd);
bool sources_accept(struct server *s, uint16_t place, int64_t now_ms);
/* `c` NULL: of a connection that has ended. */
bool sources_message(struct server *s, const struct conn *c, int64_t now_ms);

/* ---- shares.c: no user may use up alone what all users share (R-CTL-6) ---- */
void shares_note(struct dp_net *net, struct conn *c, int fd);
/* One more than there may be: one gives way. `at_once`: without a word. */
void shares_make_room(struct dp_net *net, struct server *s, bool at_once);
/* A request came on a connection that gives way: it ends once its answer had a moment. */
void shares_heard_away(struct dp_net *net, struct server *s, struct conn *c);

/* ---- conns.c; a conn is borrowed until the server is watched again ---- */
void conns_accepted(struct dp_net *net, struct server *s, int fd);
void conns_closed(struct dp_net *net, struct server *s, int fd);
/* The connection that a message came on, or NULL: it has ended. */
struct conn *conns_of(struct server *s, const struct arrival *a);
/* The same, and the message counts as a sign of life. */
struct conn *conns_heard(struct server *s, const struct arrival *a);
/* The connection of a peer's session, or NULL: it has ended. */
struct conn *conns_of_peer(struct dp_net *net, const struct peer *p);
int conns_fd(const struct server *s, const struct conn *c);
/* It no longer counts against the number that may be. */
void conns_uncount(struct server *s, struct conn *c);
/* NULL: no-op. */
void conns_cut(struct server *s, struct conn *c);
/* The same after DROP_LINGER_MS. */
void conns_cut_soon(struct dp_net *net, struct server *s, struct conn *c);
void conns_forget(struct server *s);
/* Cut those that send bytes without messages or stay too long; call each turn. */
void conns_look(struct dp_net *net, struct server *s);
/* Did more come on `fd` than fits in the queues, and still no message? Begins anew when one was heard. */
bool hoards(struct hoard *h, int fd, uint64_t max);
/* What fits: full queues, one message under way, and the kernel's buffers. */
uint64_t hoard_max(const struct dp_net_config *c, int hwm, int max_bytes);
int64_t conns_due_ms(const struct server *s); /* when to look next; INT64_MAX: nothing is open */

/* ---- peers.c ---- */
enum dp_err peers_init(struct peers *p, size_t cap);
void peers_fini(struct peers *p);
struct peer *peers_find(const struct peers *p, const struct dp_net_key *key);
/* Found or added; NULL when all places are taken by peers that are up. */
struct peer *peers_put(struct dp_net *net, const struct dp_net_key *key);
/* LINK_DOWN is owed; frames of this turn still count when `drain`. No-op unless up. */
void peers_lost(struct dp_net *net, struct peer *peer, bool drain);
/* All sessions are over, and the socket that numbered them is gone. */
void peers_reset(struct dp_net *net);

/* ---- listen.c, dial.c, enroll.c, control.c: their part of a turn ---- */
void listen_serve(struct dp_net *net);
void listen_downs(struct dp_net *net);
void emit(struct dp_net *net, const struct dp_net_event *ev);

struct dialler *dial_find(struct dp_net *net, const struct dp_net_key *server);
enum dp_err dial_start(struct dp_net *net, struct dialler *d, const char *const *addresses, size_t n);
void dial_stop(struct dialler *d);
enum dp_err dial_send(struct dp_net *net, struct dialler *d, struct dp_slice bytes);
/* What was sent on it has a moment when it is closed. */
void dial_linger(struct dialler *d);
void dial_fail(struct dp_net *net, struct dialler *d);
void dial_watch(struct dp_net *net, struct dialler *d);
void dial_serve(struct dp_net *net, struct dialler *d);
/* Timers: open what is due, give up what takes too long. */
void dial_timers(struct dp_net *net, struct dialler *d);

struct dialler *enroll_dialler(struct dp_net *net);
void enroll_serve(struct dp_net *net);
void control_serve(struct dp_net *net);
void control_close(struct dp_net *net);

#endif
