/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One link session as a pure state machine, the same at both ends (RULES.md section 7). It decides what
 * may be sent next, what an incoming frame means, and when to stop loudly; it owns no socket, store or clock. Times
 * come in as monotonic milliseconds.
 *
 *   DOWN --connect--> GREETING --hello ok--> UP --bye, lost--> DOWN
 *                         \--hello bad--> STOPPED (until an operator acts)
 */
#ifndef DP_RELAY_SESSION_H
#define DP_RELAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

enum dp_lane_no { DP_LANE_CONTROL = 0, DP_LANE_URGENT = 1, DP_LANE_CASES = 2, DP_LANE_BULK = 3 };
#define DP_LANES 4
const char *dp_lane_word(uint8_t lane);

enum dp_item_kind {
    DP_ITEM_BLOCK = 1,  /* whole block, upward */
    DP_ITEM_PRUNED = 2, /* u16 count, then per pruned block u32 length and bytes */
    DP_ITEM_CERT = 3,   /* certificate chain */
    DP_ITEM_PARCEL = 4,
    DP_ITEM_CHUNK = 5,  /* attachment chunk: root 32, index u32, sealed bytes */
};

#define DP_LINK_VERSION 1
#define DP_LINK_VERSION_MIN 1

/* Head of a chain: the last sealed header. number 0 = none yet. */
struct dp_head {
    uint32_t inc;
    uint64_t number;
    struct dp_digest digest;
};

/* First message, both ways, constant size (R-HEL-1). */
struct dp_hello {
    uint8_t version_max, version_min;
    uint8_t rules;
    uint8_t flags; /* bit 0: clock synchronised; bit 1: this node has stopped issuing */
    uint32_t program;
    struct dp_node node;
    uint32_t inc;
    uint8_t nonce[16]; /* of the process */
    int64_t clock_ms;
    struct dp_digest cert;
    struct dp_head head;  /* of my chain */
    struct dp_head yours; /* last header of your own chain that I hold */
    struct {
        uint32_t my_epoch;     /* of the journal I send from */
        uint64_t my_last;      /* its last number */
        uint32_t your_epoch;   /* of your journal, as I know it; 0 = none yet */
        uint64_t your_durable; /* last item of it durable here */
    } lane[DP_LANES];
};
#define DP_HELLO_BYTES 320

/* clang-format off */
#define DP_STOP_LIST(X)                                                                                                   \
    X(NONE,            "", "")                                                                                            \
    X(VERSION,         "no common link protocol version", "upgrade the older node; parents first")                      \
    X(WRONG_NODE,      "the peer says it is another node than its key belongs to", "check the enrolment of that node")   \
    X(WRONG_PARENT,    "this node belongs to another parent", "set [parent] address to the right parent")               \
    X(RESTORED,        "the peer holds entries signed by this node that are not here: the store was restored or cloned", "stop this node and follow the recovery guide; issue nothing from it") \
    X(PEER_RESTORED,   "the peer lost entries of its own that are held here", "have the peer's operator follow the recovery guide") \
    X(FORK,            "the peer's last header contradicts the one held here", "keep both stores and have the parent issue a cut") \
    X(EPOCH,           "the peer's journal is not the one known here", "have the peer's operator follow the recovery guide") \
    X(CLONE,           "a second living process of this node is connected", "stop one of the two machines")               \
    X(REVOKED,         "the certificate of this node was withdrawn", "ask the parent's operator")                        \
    X(PROTOCOL,        "the peer broke the link protocol", "report it with the log of both ends")                         \
    X(SILENT,          "nothing heard within the time", "check the line")
/* clang-format on */
enum dp_stop {
#define DP_STOP_ENUM(name, text, act) DP_STOP_##name,
    DP_STOP_LIST(DP_STOP_ENUM)
#undef DP_STOP_ENUM
        DP_STOP_COUNT
};
const char *dp_stop_text(enum dp_stop s);
/* What the operator can do about it. */
const char *dp_stop_advice(enum dp_stop s);
const char *dp_stop_name(enum dp_stop s);
/* True when the link must stay down until a person acts (and both ends alarm). */
bool dp_stop_is_loud(enum dp_stop s);

enum dp_session_state { DP_SESSION_DOWN, DP_SESSION_GREETING, DP_SESSION_UP, DP_SESSION_STOPPED };

/* What is durable about a peer: loaded at start, written by the node in the turn that changes it. */
struct dp_lane_state {
    uint32_t epoch_out;    /* of the journal this node sends from */
    uint64_t journal_last; /* last number written */
    uint64_t acked;        /* highest number the peer said is durable there */
    uint32_t epoch_in;     /* of the peer's journal, 0 = none yet */
    uint64_t durable_in;   /* last item of it durable here */
};

/* A frame in flight. */
struct dp_flight {
    uint8_t lane;
    uint64_t number;
    uint32_t bytes;
};
#define DP_FLIGHT_MAX 64

struct dp_session {
    enum dp_session_state state;
    enum dp_stop stop; /* why, in STOPPED */
    struct dp_node self, peer;
    bool is_parent; /* this end is the parent */
    uint8_t nonce[16], peer_nonce[16];
    bool greeted;      /* our hello went out in this connection */
    bool heard_hello;  /* theirs came in */
    struct dp_hello peer_hello;
    struct dp_lane_state lane[DP_LANES];
    uint64_t next[DP_LANES]; /* next number to send */
    struct dp_flight flight[DP_FLIGHT_MAX];
    uint32_t flight_count;
    uint64_t flight_bytes;
    uint64_t window_bytes; /* R-LAN-3 */
    bool ack_due[DP_LANES];
    int64_t heard_ms, said_ms; /* monotonic */
    int64_t keep_ms;           /* keep-alive interval, from the idle budget */
    int64_t silence_ms;        /* drop the link after this long without any frame */
    /* measured */
    int64_t rtt_ms; /* smoothed, 0 = unknown */
    uint64_t rate_bps;
    uint64_t frames_in, frames_out, bytes_in, bytes_out, refused_in, refused_out;
};

/* Facts about stores that the hello is judged against; the node looks them up. */
struct dp_hello_facts {
    struct dp_head my_head;           /* ours, sealed and durable */
    uint32_t my_inc;
    bool know_yours;                  /* we hold a header of the peer's chain */
    struct dp_head peer_head_here;    /* the last one */
    /* Digest of our own header `yours.number` of incarnation `yours.inc`; known=false when we have none such. */
    bool mine_known;
    struct dp_digest mine_digest;
    /* Digest held here of the peer's header `head.number`/`head.inc`, if we hold it. */
    bool theirs_known;
    struct dp_digest theirs_digest;
    /* The incarnation of the peer that its certificate or first contact established; 0 = none. */
    uint32_t peer_inc_known;
};

void dp_session_init(struct dp_session *s, struct dp_node self, struct dp_node peer, bool is_parent,
                     const uint8_t nonce[16]);
/* The transport connected (child) or the first frame came (parent). Enters GREETING; the node sends its hello. */
void dp_session_connect(struct dp_session *s, int64_t now_ms);
void dp_session_lost(struct dp_session *s);
/* Fill our hello from the session and the facts. */
void dp_session_hello(const struct dp_session *s, const struct dp_hello_facts *facts, int64_t clock_ms,
                      bool clock_synced, bool stopped, const struct dp_digest *cert, uint32_t program,
                      struct dp_hello *out);
/*
 * Judge the peer's hello. DP_STOP_NONE: UP, and next[] is set from the peer's own statement (R-HEL-1, R-HEL-2).
 * Otherwise the session is STOPPED (loud) or DOWN, and the caller sends a bye with the reason.
 */
enum dp_stop dp_session_on_hello(struct dp_session *s, const struct dp_hello *h, const struct dp_hello_facts *facts,
                                 int64_t now_ms);

/*
 * The next journal item to write as a frame: strict priority of lanes within the window (R-LAN-1, R-LAN-3). False when
 * nothing may go now.
 */
bool dp_session_next(const struct dp_session *s, uint8_t *lane, uint64_t *number);
void dp_session_sent(struct dp_session *s, uint8_t lane, uint64_t number, uint32_t bytes, int64_t now_ms);
/* An item was skipped without a frame (nothing of it may be shown, R-N3-3): counts as acked when all before are. */
/* The journal grew (in a committed transaction). */
void dp_session_journal(struct dp_session *s, uint8_t lane, uint64_t last);

enum dp_item_verdict { DP_ITEM_APPLY, DP_ITEM_AGAIN /* known: ack again */, DP_ITEM_DROP /* hole: ack again */, DP_ITEM_BREACH };
/* What to do with an incoming item; `applied_in` counts those of this turn that are not committed yet. */
enum dp_item_verdict dp_session_on_item(struct dp_session *s, uint8_t lane, uint32_t epoch, uint64_t number,
                                        uint64_t applied_in, int64_t now_ms);
/* The turn that applied items of this lane up to `durable` is committed: an ack is due. */
void dp_session_durable(struct dp_session *s, uint8_t lane, uint64_t durable);
/* Peer's cumulative ack. DP_FORMAT when it acks what was never sent (then stop). */
DP_MUST enum dp_err dp_session_on_ack(struct dp_session *s, uint8_t lane, uint32_t epoch, uint64_t durable, int64_t now_ms);
/* Any frame is life. */
void dp_session_heard(struct dp_session *s, size_t bytes, int64_t now_ms);

enum dp_tick { DP_TICK_NONE, DP_TICK_KEEP /* send a keep-alive that asks back */, DP_TICK_LOST /* silent too long */ };
enum dp_tick dp_session_tick(const struct dp_session *s, int64_t now_ms);
/* Monotonic time of the next tick that matters. */
int64_t dp_session_wake(const struct dp_session *s);

#endif
