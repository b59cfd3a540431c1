/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One link session as a pure state machine, the same at both ends (RULES.md section 7). It decides what
 * may be sent next, what an incoming frame means, and when to stop loudly; it owns no socket, store or clock.
 * Times come in as monotonic milliseconds.
 *
 *   DOWN --connect--> GREETING --hello ok--> UP --bye, lost--> DOWN
 *            GREETING, UP --hello that claims more of ours than is here--> DOUBTED --proof--> STOPPED
 *                                                     DOUBTED --no proof, bye, lost--> DOWN
 *     any --loud reason--> STOPPED --an operator acts (clear)--> DOWN
 *
 * Everything in it is of fixed size: a peer that is gone for months costs this struct (R-GON-1).
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
    DP_ITEM_CHUNK = 5, /* attachment chunk: root 32, index u32, sealed bytes */
    DP_ITEM_POST = 6,  /* a parcel of the post: one of its sizes, in the bulk lane (R-POST-3) */
};

#define DP_LINK_VERSION 1
#define DP_LINK_VERSION_MIN 1

/* Head of a chain: the last sealed header. number 0 = none yet. */
struct dp_head {
    uint32_t inc;
    uint64_t number;
    struct dp_digest digest;
};

#define DP_HELLO_CLOCK_SYNCED 1u
#define DP_HELLO_STOPPED 2u /* the node has stopped issuing */

/* First message, both ways, constant size (R-HEL-1). */
struct dp_hello {
    uint8_t version_max, version_min;
    uint8_t rules;
    uint8_t flags; /* DP_HELLO_ bits */
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
    uint32_t my_gen;   /* how often I began my journals for you anew (R-RSD-1) */
    uint32_t your_gen; /* the same of yours, as I know it */
};
#define DP_HELLO_BYTES 320

/* clang-format off */
#define DP_STOP_LIST(X)                                                                                                   \
    X(NONE,            "", "")                                                                                            \
    X(VERSION,         "no common link protocol version", "upgrade the older node; parents first")                      \
    X(WRONG_NODE,      "the peer says it is another node than its key belongs to", "check the enrolment of that node")   \
    X(WRONG_PARENT,    "this node belongs to another parent", "set [parent] address to the right parent")               \
    X(RESTORED,        "the peer holds entries signed by this node that are not here: the store was restored or cloned", "put the newer store back; when its parent holds nothing of it that is not here, root ends the stop with `daipao life clear`") \
    X(PEER_RESTORED,   "the peer lost entries of its own that are held here", "have the peer's operator follow the recovery guide") \
    X(FORK,            "the peer's last header contradicts the one held here", "keep both stores and have the parent issue a cut") \
    X(EPOCH,           "the peer's journal is not the one known here", "have the peer's operator follow the recovery guide") \
    X(CLONE,           "a second living process of this node is connected", "stop one of the two machines and say `daipao link clear` at the parent; then root of the other one ends its stop with `daipao life clear`")               \
    X(REVOKED,         "the certificate of this node was withdrawn", "ask the parent's operator")                        \
    X(PROTOCOL,        "the peer broke the link protocol", "report it with the log of both ends")                         \
    X(SILENT,          "nothing heard within the time", "check the line")                                              \
    X(EXPIRED,         "the certificate of this node has expired", "have it renewed by the parent's operator")           \
    X(UNPROVEN,        "one end claims to hold later blocks or items of the other and does not prove it", "where the other's store was restored follow the recovery guide there; else find out why the claim was made")
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
/*
 * True when the link must stay down until a person acts at this end: the histories contradict each other.
 * For the other reasons the session is DOWN and the next hello is judged afresh, so that an upgrade or a
 * corrected address at the other end is enough. The node alarms for every reason but NONE and SILENT.
 */
bool dp_stop_is_loud(enum dp_stop s);

enum dp_session_state {
    DP_SESSION_DOWN,
    DP_SESSION_GREETING,
    DP_SESSION_UP,
    DP_SESSION_STOPPED,
    DP_SESSION_DOUBTED, /* R-HEL-6: greeted with a claim; nothing moves until it is proved or is not */
};

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
    bool backlog; /* more was waiting behind it: its delivery rate says something about the line */
    uint32_t bytes;
    uint64_t number;
    int64_t sent_ms;
    uint64_t delivered; /* acked_bytes of the session when it was sent */
};
#define DP_FLIGHT_MAX 64
#define DP_FLIGHT_LOW_MAX (DP_FLIGHT_MAX / 2 - 1) /* of lanes cases and bulk together */

#define DP_WINDOW_BYTES (512u * 1024) /* default of window_bytes */
#define DP_WINDOW_START (32u * 1024)  /* until the line was measured */
#define DP_WINDOW_MIN 4096u
#define DP_KEEP_MS INT64_C(600000)     /* default of keep_ms: 144 exchanges a day (R-IDL-1) */
#define DP_GREET_MS INT64_C(60000)     /* for the peer's hello, beside the round trip */
#define DP_BUSY_MS INT64_C(120000)     /* for an ack, beside round trip and transmission */
#define DP_PROOF_MS INT64_C(5000)      /* for a proof, beside them, */
#define DP_PROOF_MAX_MS INT64_C(30000) /* and with them */

struct dp_session {
    enum dp_session_state state;
    enum dp_stop stop; /* why, in STOPPED */
    struct dp_node self, peer;
    bool is_parent; /* this end is the parent */
    uint8_t nonce[16], peer_nonce[16];
    bool greeted;     /* our hello went out in this connection; while false (and not DOWN) one is owed */
    bool heard_hello; /* theirs came in */
    bool renewed;     /* R-RSD-1: our journals were begun anew, and the peer has not spoken of them yet */
    struct dp_hello peer_hello;
    struct dp_lane_state lane[DP_LANES];
    uint32_t gen_out, gen_in; /* R-RSD-1: generation of the journals of either end, durable like the lanes */
    uint64_t next[DP_LANES];  /* next number to send */
    uint64_t sent[DP_LANES];  /* highest number that may ever have been sent: no ack goes beyond */
    struct dp_flight flight[DP_FLIGHT_MAX]; /* oldest first */
    uint32_t flight_count;
    uint64_t flight_bytes;
    uint64_t window_bytes; /* R-LAN-3: upper bound of dp_session_window */
    bool ack_due[DP_LANES];
    int64_t heard_ms, said_ms; /* monotonic */
    bool keep_owed;            /* a keep-alive was asked for and nothing was said since */
    int64_t keep_ms;           /* keep-alive interval, from the idle budget */
    int64_t silence_ms;        /* drop the link after this long without any frame */
    /* measured */
    int64_t rtt_ms;     /* sent to acked, smoothed; 0 = unknown */
    int64_t rtt_min_ms; /* smallest of this connection; 0 = unknown */
    uint64_t rate_bps;  /* bits a second delivered; 0 = unknown */
    uint64_t acked_bytes;
    uint64_t frames_in, frames_out, bytes_in, bytes_out, refused_in, refused_out;
    uint64_t lowered;       /* hellos that stated less than was acked before (R-HEL-2) */
    int64_t doubt_until_ms; /* in DOUBTED: the proof is here by then */
    uint32_t doubts;        /* how often it was DOUBTED: only the first holds anything up */
};

/* Facts about stores that the hello is judged against; the node looks them up. */
struct dp_hello_facts {
    struct dp_head my_head; /* ours, sealed and durable */
    uint32_t my_inc;
    bool know_yours;               /* we hold a header of the peer's chain */
    struct dp_head peer_head_here; /* the last one */
    /* Digest of our own header `yours.number` of incarnation `yours.inc`; known=false when we have none such.
     */
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
/* What is durable about one lane, once at start and again when an operator accepted a new life of the peer.
 */
void dp_session_load(struct dp_session *s, uint8_t lane, const struct dp_lane_state *durable);
/* Keep-alive interval; the time of silence follows from it. */
void dp_session_set_keep(struct dp_session *s, int64_t keep_ms);

/* R-RSD-1: our journals are begun anew under these epochs. A hello of ours is owed. */
void dp_session_renew(struct dp_session *s, const uint32_t epochs[DP_LANES]);

/*
 * The transport connected (child) or the first frame came (parent). Enters GREETING; the node sends its
 * hello. Nothing happens in STOPPED.
 */
void dp_session_connect(struct dp_session *s, int64_t now_ms);
void dp_session_lost(struct dp_session *s);
/* This end stops the link: STOPPED when loud, else DOWN. The caller sends a bye with the reason. */
void dp_session_stop(struct dp_session *s, enum dp_stop why);
/*
 * The peer's bye. Its reason is turned to this end's view (the peer's "restored" is our "peer restored"),
 * kept and returned; a number that is none is PROTOCOL. STOPPED when loud, else DOWN.
 */
enum dp_stop dp_session_on_bye(struct dp_session *s, uint32_t reason);
/* A person acted: STOPPED becomes DOWN. */
void dp_session_clear(struct dp_session *s);

/* Fill our hello from the session and the facts. */
void dp_session_hello(const struct dp_session *s, const struct dp_hello_facts *facts, int64_t clock_ms,
                      bool clock_synced, bool stopped, const struct dp_digest *cert, uint32_t program,
                      struct dp_hello *out);
/* Our hello of `bytes` was given to the transport. */
void dp_session_greeted(struct dp_session *s, size_t bytes, int64_t now_ms);
/*
 * Judge the peer's hello. DP_STOP_NONE: UP, and next[] is set from the peer's own statement (R-HEL-1,
 * R-HEL-2); a first contact, or journals that the peer began anew, also set epoch_in, durable_in and gen_in,
 * which the node makes durable. If `greeted` is false after it, our hello is owed. DP_STOP_UNPROVEN: DOUBTED,
 * the peer claims what would make us RESTORED; our hello may be owed, and then the question for its proof.
 * Otherwise the session is STOPPED (loud) or DOWN, and the caller sends a bye with the reason.
 *
 * A hello of the same process in UP is a reconnect that this end did not notice: judged the same, next[] set
 * anew. At the parent another nonce in UP is a CLONE by dp_session_is_clone; see there what the node does
 * first.
 */
enum dp_stop dp_session_on_hello(struct dp_session *s, const struct dp_hello *h,
                                 const struct dp_hello_facts *facts, int64_t now_ms);
/*
 * R-HEL-6: the peer shows a header of our chain. `shown`: it is signed by us, and `facts` were looked up for
 * it as for `yours` of a hello; NULL: there is none, or it is not ours. RESTORED: it proves that this store
 * is not what it was, in whatever state. UNPROVEN: DOUBTED, and it does not. Else NONE. For a reason the
 * session is stopped as by dp_session_stop.
 */
enum dp_stop dp_session_on_proof(struct dp_session *s, const struct dp_head *shown,
                                 const struct dp_hello_facts *facts);
/* A claim is being looked into and this end issues nothing until it is known: the first claim of this peer
 * only, so that nobody who claims for ever holds a node up. */
bool dp_session_pauses(const struct dp_session *s);
/*
 * R-HEL-5: `h` comes from another process of the peer while the first is UP and was heard within the time of
 * silence. A process that crashed and came back looks the same, so the node asks the first connection
 * (keep-alive) and passes the hello on when that one answers; when it does not, it calls dp_session_lost
 * first. To be called before dp_session_heard counts the new frame as life.
 */
bool dp_session_is_clone(const struct dp_session *s, const struct dp_hello *h, int64_t now_ms);

/* Bytes that may be in flight now: two seconds of the measured line or four round trips, at most
 * window_bytes. */
uint64_t dp_session_window(const struct dp_session *s);
/* How long a proof may take on this line (R-HEL-6). */
int64_t dp_session_proof_ms(const struct dp_session *s);
/*
 * The next journal item to write as a frame: strict priority of lanes within the window (R-LAN-1, R-LAN-3).
 * False when nothing may go now. When the N3 filter leaves nothing of an item, the node writes an empty
 * DP_ITEM_PRUNED (count 0) in its place, so that numbers stay contiguous (R-N3-3).
 */
bool dp_session_next(const struct dp_session *s, uint8_t *lane, uint64_t *number);
/*
 * Whether a frame of `bytes` on this lane fits the window now. Lanes cases and bulk share half of the window
 * and DP_FLIGHT_LOW_MAX flights; control and urgent have the rest. A frame larger than its share goes alone.
 */
bool dp_session_fits(const struct dp_session *s, uint8_t lane, uint32_t bytes);
/* That item went to the transport. `lane` and `number` are those of dp_session_next. */
void dp_session_sent(struct dp_session *s, uint8_t lane, uint64_t number, uint32_t bytes, int64_t now_ms);
/* Any other frame (ack, keep-alive, refused) went to the transport. */
void dp_session_said(struct dp_session *s, size_t bytes, int64_t now_ms);
/* The journal grew (in a committed transaction). */
void dp_session_journal(struct dp_session *s, uint8_t lane, uint64_t last);
/* R-JRN-3: items that were never sent left the journal; `last` is not below what may have been. */
void dp_session_unjournal(struct dp_session *s, uint8_t lane, uint64_t last);

enum dp_item_verdict {
    DP_ITEM_APPLY,
    DP_ITEM_AGAIN, /* known: ack again */
    DP_ITEM_DROP,  /* hole: ack again; or no hello yet: just dropped */
    DP_ITEM_BREACH,
};
/* What to do with an incoming item (R-ACK-3); `applied_in` counts those of this turn that are not committed
 * yet. */
enum dp_item_verdict dp_session_on_item(struct dp_session *s, uint8_t lane, uint32_t epoch, uint64_t number,
                                        uint64_t applied_in, int64_t now_ms);
/* The turn that applied or refused items of this lane up to `durable` is committed: an ack is due. */
void dp_session_durable(struct dp_session *s, uint8_t lane, uint64_t durable);

/* The greeting is over: what is durable here is to be said once more by a frame. */
void dp_session_acks_owed(struct dp_session *s);

/* Acks that are due, one frame for all lanes. */
struct dp_acks {
    uint8_t lanes; /* bit per lane present */
    struct {
        uint32_t epoch;
        uint64_t durable;
    } lane[DP_LANES];
};
/* Take them: false when none is due. Only after the commit (R-ACK-1). */
bool dp_session_acks(struct dp_session *s, struct dp_acks *out);
/*
 * Peer's cumulative ack. DP_FORMAT when it acks what was never sent, or another journal (then stop with
 * PROTOCOL). Less than was acked before is old news and changes nothing.
 */
DP_MUST enum dp_err dp_session_on_ack(struct dp_session *s, uint8_t lane, uint32_t epoch, uint64_t durable,
                                      int64_t now_ms);
/*
 * Peer's refusal of an item (R-ACK-2). It moves no cursor: the peer made the refusal durable and its
 * cumulative ack covers the item as if applied; the node puts the item on its shelf. It may come before that
 * ack, and again after every hello. DP_FORMAT as for acks; DP_DUPLICATE: of journals given up (R-RSD-1),
 * without effect.
 */
DP_MUST enum dp_err dp_session_on_refused(struct dp_session *s, uint8_t lane, uint32_t epoch, uint64_t number,
                                          int64_t now_ms);
/* Count a refusal of ours that went out. */
void dp_session_refused(struct dp_session *s);
/* Any frame is life. */
void dp_session_heard(struct dp_session *s, size_t bytes, int64_t now_ms);

enum dp_tick {
    DP_TICK_NONE,
    DP_TICK_KEEP /* send a keep-alive that asks back */,
    DP_TICK_LOST,     /* silent too long */
    DP_TICK_UNPROVEN, /* DOUBTED, and no proof came in time */
};
/*
 * LOST: no hello in GREETING, nothing heard for silence_ms, or the oldest frame in flight not acked within
 * the time that round trip and rate explain. It costs a reconnect and no progress. KEEP is said once, until
 * something went out.
 */
enum dp_tick dp_session_tick(struct dp_session *s, int64_t now_ms);
/* Monotonic time of the next tick that matters; INT64_MAX when there is none. */
int64_t dp_session_wake(const struct dp_session *s);

#endif
