/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour 1/9: one node of the relay, the thin shell around the pure core. The same code runs in
 * `daipaod` and in a simulator: everything outside comes through struct dp_ports, and one turn is
 *
 *     begin, feed events (frames, commands), end
 *
 * where `end` lets the core decide, commits once, and only then sends (R-STO-1). A crash anywhere in
 * a turn loses nothing that was acknowledged, since nothing was said before the commit.
 * One thread owns all of it.
 */
#ifndef DP_NODE_DAEMON_H
#define DP_NODE_DAEMON_H

#include "control/request.h"
#include "crypto/keyring.h"
#include "port/clock.h"
#include "port/kv.h"
#include "port/random.h"
#include "relay/session.h"

/* How frames and replies leave. Nothing here blocks. */
struct dp_transport {
    /* DP_AGAIN: full, try when the peer has room; DP_UNREACHABLE: no such connection. */
    enum dp_err (*send)(void *ctx, struct dp_node peer, struct dp_slice frame);
    void (*drop)(void *ctx, struct dp_node peer);
    void (*reply)(void *ctx, uint64_t conn, struct dp_slice bytes);
    void (*enroll_reply)(void *ctx, uint64_t conn, struct dp_slice bytes);
    void *ctx;
};

/*
 * Beside the store, where a full disk and an older store do not reach: that the node is stopped as restored
 * or doubled (R-HEL-7). `hold(true)` names it, at once and durably, and ends the life that runs; the shell
 * tells at the next start (dp_daemon_stop_issuing). `hold(false)` takes the name away and begins or resumes a
 * life: dp_daemon_life, or dp_daemon_wait_life. No transaction of the store is open then. NULL: there is no
 * such place.
 */
struct dp_beside {
    void (*hold)(void *ctx, bool stopped);
    void *ctx;
};

struct dp_ports {
    struct dp_kv *kv;
    struct dp_random random;
    struct dp_clock_src clock;
    struct dp_transport transport;
    struct dp_beside beside;
};

struct dp_net_counters;

struct dp_daemon_options {
    uint64_t cache_facts;       /* facts kept decoded between turns */
    uint64_t window_bytes;      /* in flight per peer; 0 = default */
    int64_t max_skew_ms;        /* [clock] max-skew */
    uint64_t disk_min_permille; /* [store] free-min: intake stops below */
    int64_t keep_ms;            /* keep-alive interval, from the idle budget; 0 = default */
    int64_t silence_ms;         /* 0 = default */
    int64_t tidy_ms;            /* between looks at the disk; 0 = half a minute */
    int zstd_level;
    uint32_t silence_days;             /* [alarm] silence-days; 0 = 3 */
    bool silence_calendar;             /* they are calendar days, else working days */
    size_t ask_memory;                 /* scratch of one look at a question; 0 = default */
    uint32_t finds_an_hour;            /* [find] per-hour, of each officer; 0 = 60 */
    uint32_t finds_keep_days;          /* [find] keep-days; 0 = 1095 */
    uint64_t child_day_bytes;          /* of one child and day, above which is an alarm; 0 = by the disk */
    uint32_t post_every;               /* minutes between two posts, for tests; 0 = by the root's profile */
    bool post_when_needed;             /* simulator only: a post only when something is queued */
    const char *data_dir;              /* keys/ and the life file are below it */
    const char *parent_address;        /* shown to children; may be "" */
    const struct dp_net_counters *net; /* of the transport, for status and alarms; NULL = none */
    const char *backup_dir;            /* [store] backup-dir: of the daily backup; NULL or "" = none */
    uint64_t backup_keep;              /* how many of them stay */
    size_t backup_step;                /* bytes of a backup in one turn, about; 0 = default */
    /* A new alarm: its word, the node it is about or "", what a person should read. NULL = nobody asks. */
    void (*alarmed)(void *ctx, const char *word, const char *node, const char *text);
    void *alarmed_ctx;
};

struct dp_daemon;

/* Program version as in struct dp_hello.program: major << 16 | minor << 8 | patch. */
#define DP_PROGRAM_VERSION 0x000100u
#define DP_PROGRAM_TEXT "0.1.0"

/*
 * Open the node on its store. A blank store gives a daemon that is not enrolled: it takes `node init`
 * and `node join` and nothing else. `kr` may be NULL then; it stays the caller's.
 */
DP_MUST enum dp_err dp_daemon_new(const struct dp_ports *ports, const struct dp_daemon_options *opt,
                                  struct dp_keyring *kr, struct dp_daemon **out);
void dp_daemon_free(struct dp_daemon **d);

/* ---- one turn ---- */
DP_MUST enum dp_err dp_daemon_begin(struct dp_daemon *d);
/* The link to `peer` came up (child's side: connected; parent's side: first frame). */
void dp_daemon_link_up(struct dp_daemon *d, struct dp_node peer);
void dp_daemon_link_down(struct dp_daemon *d, struct dp_node peer);
/* A frame; the slice is borrowed until `end` returns. */
void dp_daemon_frame(struct dp_daemon *d, struct dp_node peer, struct dp_slice frame);
/* A control message from a local process of `uid`. */
void dp_daemon_control(struct dp_daemon *d, uint64_t conn, uint32_t uid, struct dp_slice bytes);
/* The same for nothing: it is answered at once that nothing was done, and why, also outside a turn. `text` is
 * a text of the program. */
void dp_daemon_turn_away(struct dp_daemon *d, uint64_t conn, struct dp_slice bytes, enum dp_err why,
                         const char *text);
/* A control message, decoded already; `rq` and what it points at are borrowed until its reply left, or the
 * caller is gone. */
void dp_daemon_request(struct dp_daemon *d, uint64_t conn, uint32_t uid, const struct dp_request *rq);
/* Nobody waits any more for the answers to what came on `conn`. */
void dp_daemon_caller_gone(struct dp_daemon *d, uint64_t conn);
/* A message on the enrolment socket (parent's side) or an answer on it (child's side). */
void dp_daemon_enroll(struct dp_daemon *d, uint64_t conn, struct dp_slice bytes);
/* Decide, commit, send. An error means that the turn's changes did not happen; the daemon goes on. */
enum dp_err dp_daemon_end(struct dp_daemon *d);

/* Monotonic time at which a turn is wanted even without events. */
int64_t dp_daemon_wake(const struct dp_daemon *d);
/* True when a turn is wanted at once: something must be sealed before it can be sent. */
bool dp_daemon_wants_turn(const struct dp_daemon *d);
/* True when frames found no room: pump again soon. */
bool dp_daemon_busy(const struct dp_daemon *d);
/* Try to send again what found no room (no turn needed). */
void dp_daemon_pump(struct dp_daemon *d);

/* ---- what the shell must know ---- */
bool dp_daemon_enrolled(const struct dp_daemon *d);
struct dp_node dp_daemon_self(const struct dp_daemon *d);
struct dp_node dp_daemon_parent(const struct dp_daemon *d);
/*
 * Which node of the tree has this CURVE key; {0} = none (ZAP refuses). A node that is not this one's child,
 * or not any more, may connect to be told so (R-ENR-2). Inside a turn.
 */
struct dp_node dp_daemon_child_by_key(struct dp_daemon *d, const uint8_t curve_pub[32]);
/* CURVE key of the parent; false when there is none. */
bool dp_daemon_parent_key(struct dp_daemon *d, uint8_t curve_pub[32]);
/*
 * R-ENR-2. CURVE key of the `i`th node above the parent, as its certificate was learnt; false when there is
 * no such. One of them may listen where the parent was looked for; the only word of it that counts is whose
 * child this is.
 */
bool dp_daemon_ancestor_key(struct dp_daemon *d, unsigned i, uint8_t curve_pub[32]);
void dp_daemon_ancestor_frame(struct dp_daemon *d, struct dp_slice frame);
/* CURVE key of any peer. */
bool dp_daemon_peer_key(struct dp_daemon *d, struct dp_node node, uint8_t curve_pub[32]);
/* Borrowed; NULL while the node is blank. */
const struct dp_keyring *dp_daemon_keyring(const struct dp_daemon *d);
/* The parent's address as learnt at enrolment, "" when none. Borrowed until the next turn. */
const char *dp_daemon_parent_address(const struct dp_daemon *d);
/* True while enrolment tokens are outstanding: the enrolment socket should be open. */
bool dp_daemon_wants_enroll_listen(const struct dp_daemon *d);
/* A blank daemon that asks its parent: where to connect; NULL when it does not. And the message to send there
 * now. */
const char *dp_daemon_join_address(const struct dp_daemon *d);
/* The way to the parent is open: ask at once. */
void dp_daemon_join_now(struct dp_daemon *d);
DP_MUST enum dp_err dp_daemon_join_message(struct dp_daemon *d, struct dp_buf *out);
/*
 * Keeper of the life file: told of every seal (R-STO-3). It stays the caller's; NULL takes it away.
 * `new_life` is true once after an identity was taken: then the shell begins a life and hands in its keeper.
 */
struct dp_life_keeper;
void dp_daemon_life(struct dp_daemon *d, struct dp_life_keeper *keeper);
bool dp_daemon_new_life(struct dp_daemon *d, uint32_t *inc);
/* Why the node stopped issuing; DP_STOP_NONE when it did not. */
enum dp_stop dp_daemon_stopped(const struct dp_daemon *d);

/*
 * The shell found at start that the life file does not match the store (R-HEL-3). `text`: a literal of the
 * program; `lost`: the file is of a later state of this very store.
 */
void dp_daemon_stop_issuing(struct dp_daemon *d, enum dp_stop why, const char *text, bool lost);
/*
 * The disk is full and the start could not be noted beside the store: nothing is issued or sealed until
 * dp_daemon_life brings a keeper. No stop: it ends by itself (R-STO-3).
 */
void dp_daemon_wait_life(struct dp_daemon *d);

/* A configuration that was read again: how often an idle link is heard, and when silence is an alarm. */
void dp_daemon_tune(struct dp_daemon *d, int64_t keep_ms, uint32_t silence_days, bool silence_calendar);

/* Probe for crash tests: called after the commit of a turn and before its sends; NULL = none. */
void dp_daemon_probe(struct dp_daemon *d, void (*after_commit)(void *ctx), void *ctx);

struct dp_daemon_counters {
    uint64_t turns, entries_in, entries_own, blocks_in, blocks_sealed, voided, quarantined, refused_out,
        refused_in;
    uint64_t commits_failed, parcels_in, parcels_out, frames_dropped;
};
const struct dp_daemon_counters *dp_daemon_counters(const struct dp_daemon *d);
/* Prometheus text of all counters; appends. */
DP_MUST enum dp_err dp_daemon_metrics(struct dp_daemon *d, struct dp_buf *out);

#endif
