/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any number of struct dp_daemon in one process on virtual time, with stores in memory and a scripted
 * transport. One seed is one history: every choice (who is turned next, how many messages a turn takes, what
 * a cut loses) comes from it. A step is one turn of one node, after which the invariants that hold at every
 * moment are checked. Misuse and broken invariants fail the test.
 *
 * The connection of a child to its parent is a pair of queues. While it stands frames arrive in order; when
 * it breaks, what is in flight is lost, or a part of it still arrives. A child's daemon dials again by
 * itself.
 *
 * Time is a heap of events: the next turn of each node, the next dial of each line, and timers of whoever
 * runs the cluster. What waits for nothing costs nothing, so hundreds of nodes may idle for months. Events of
 * one moment come in an order drawn from the seed; the draws of a node or a line do not depend on those of
 * the others, so that a history stays much the same when one of them is left out.
 */
#ifndef DP_TESTS_CLUSTER_H
#define DP_TESTS_CLUSTER_H

#include "base/rng.h"
#include "control/request.h"
#include "node/core.h"
#include "store/kv_mem.h"

#define CL_NODES_MAX 512
#define CL_DIR_MAX 128

struct cluster;

/* Something that will happen. Its owner keeps the memory until it has happened or was taken back. */
struct cl_event {
    int64_t at_us;
    uint64_t order;     /* settles a tie */
    uint64_t id, drawn; /* of the owner, for the draw of `order` */
    uint32_t place;     /* in the heap, from 1; 0 = it does not wait */
    void (*fire)(void *ctx);
    void *ctx;
};

/* Where the next turn of a node dies. */
enum cl_crash {
    CL_CRASH_NONE,
    CL_CRASH_BEFORE_COMMIT, /* the turn's work is lost */
    CL_CRASH_AFTER_COMMIT,  /* it is durable, and nothing of it was said */
};

struct cl_message {
    struct cl_message *next;
    int64_t sent_us, at_us; /* its first byte leaves, its last one arrives */
    size_t len;
    uint8_t bytes[];
};

struct cl_queue {
    struct cl_message *first, **tail;
    uint32_t count;
    int64_t free_us; /* the line is busy with earlier ones until then */
    int64_t last_us; /* arrival of the last one queued */
};

struct cl_link;

/* A process of a node. Two of one node id are a clone. */
struct cl_node {
    struct cluster *c;
    uint32_t index;
    struct dp_node id;
    char text[DP_NODE_TEXT];
    char dir[CL_DIR_MAX];
    struct dp_kv *kv;
    struct dp_keyring *kr;  /* NULL while the daemon owns it */
    struct dp_daemon *d;    /* NULL: down */
    struct dp_rng rng;      /* what the daemon draws: keys, salts, nonces */
    struct dp_rng dice;     /* what happens to it */
    int64_t drawn_us;       /* the moment that both are of (by_moment) */
    struct cl_event next;   /* its next turn or start */
    struct cl_link **lines; /* of which it is an end */
    uint32_t line_count;
    struct cl_queue enroll; /* on the enrolment channel, to this node; first 8 bytes: conn */
    int64_t restart_ms;     /* when down; INT64_MAX = stays down */
    int64_t clock_off_ms;   /* of its wall clock */
    int64_t clock_fast_ppm; /* it gains so much from clock_from_ms on */
    int64_t clock_from_ms;
    bool clock_unsynced;      /* and its system says so */
    int64_t busy_us;          /* a slow disk: no turn before */
    int64_t commit_us;        /* how long a commit takes */
    enum cl_crash crash_next; /* in its next turn, or */
    bool crash_waits;         /* in the next one that brings an entry or an item */
    bool dead;                /* crashed in this turn: says nothing more */
    bool pump_due;
    bool halted; /* beside its store: it is stopped, as the life file of a daemon says it (R-HEL-7) */
    uint64_t turns, crashes_before, crashes_after;
};

/* A child's line to its parent, by index of the two processes. */
struct cl_link {
    struct cluster *c;
    uint32_t child, parent;
    bool cut;             /* nothing passes, nobody connects */
    bool up;              /* a connection stands */
    bool refused;         /* the parent's socket does not let this key in */
    bool excused;         /* nobody waits for it to rest */
    unsigned short_lives; /* connections that ended at once, in a row */
    int64_t up_ms;
    bool child_up_due, child_down_due, parent_down_due;
    bool parent_knows; /* the parent had a frame of this connection */
    bool heard;        /* in this turn of one end: what it counts as delivered is checked */
    uint64_t serial;   /* of the connection; higher = newer */
    int64_t dial_ms;
    struct cl_event next; /* its next dial */
    struct dp_rng dice;
    int64_t latency_us, jitter_us; /* of a frame: latency and a random part of the jitter */
    uint64_t rate_bps;             /* 0 = no limit */
    struct cl_queue q[2];          /* 0 up, 1 down */
    uint64_t frames[2], bytes[2];
};

/* Sees every frame before it is queued; false drops it (a transport that lies). */
typedef bool cl_tap(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame);

/* Where stores come from. Without one they are plain stores in memory. */
struct cl_stores {
    struct dp_kv *(*open)(void *ctx, struct cl_node *n); /* an empty one */
    void (*crash)(void *ctx, struct cl_node *n); /* its process died: what was not committed is gone */
    void *ctx;
};

/* Told of what happens to nodes; each may be NULL. */
struct cl_watch {
    void (*committed)(void *ctx, struct cl_node *n);           /* after the commit, before anything is sent */
    void (*turned)(void *ctx, struct cl_node *n, bool failed); /* after each turn that was not a death */
    void (*died)(void *ctx, struct cl_node *n);
    void (*started)(void *ctx, struct cl_node *n);
    void (*linked)(void *ctx, struct cl_link *l, bool up);
    void (*broken)(void *ctx, const char *invariant, const char *text); /* NULL: the test fails */
    void *ctx;
};

struct cluster {
    struct dp_rng rng;
    uint64_t salt;          /* of the draws that settle ties */
    int64_t now_us, now_ms; /* monotonic; the wall clock is CL_EPOCH_MS later */
    struct cl_event **heap; /* from 1 */
    uint32_t heap_count, heap_cap;
    uint64_t event_ids;
    uint32_t at_once; /* events of this very moment so far */
    struct cl_node *nodes[CL_NODES_MAX];
    uint32_t node_count;
    struct cl_link *links[CL_NODES_MAX];
    uint32_t link_count;
    uint64_t serial, steps;
    uint32_t batch_max; /* messages one turn takes, at most */
    uint32_t hwm;       /* messages queued per link and direction */
    int64_t redial_ms;
    unsigned redial_doubles; /* at most, after connections that came to nothing */
    int64_t tidy_late_ms;    /* the daemon's housekeeping comes so late: an idle node costs less */
    bool by_moment;          /* what a node or a line draws depends on the seed, on itself and on the moment
                                alone: an act more, anywhere, moves no other draw */
    struct dp_daemon_options options;
    cl_tap *tap;
    void *tap_ctx;
    struct cl_stores stores;
    struct cl_watch watch;
    uint64_t conn; /* of the last request */
    struct dp_buf reply;
    bool replied, asked; /* asked: a turn took it in */
    unsigned answers;    /* to it */
    char *dir;           /* keys of all nodes; NULL: another cluster's */
    uint64_t crashes_before, crashes_after;
    bool swapped; /* a store was put in another's place: what was acknowledged may be gone */
};

#define CL_EPOCH_MS INT64_C(1772413200000) /* 2026-03-02 09:00 in Shanghai */

struct cluster *cluster_new(uint64_t seed);
void cluster_free(struct cluster **c);
/* Its folder alone, for who ends the process instead. */
void cluster_remove_dir(struct cluster *c);
/*
 * A copy of every store under another seed: the same nodes and keys, new processes. What was in flight is
 * lost. `of` must outlive it (it owns the folders with the keys).
 */
struct cluster *cluster_copy(struct cluster *of, uint64_t seed);
/* All draws from here on come from `seed`; for one enrolled tree and many histories. */
void cluster_reseed(struct cluster *c, uint64_t seed);

/* ---- nodes ---- */
/* A blank node, running. */
struct cl_node *cl_add(struct cluster *c, const char *id);
struct cl_node *cl_node(struct cluster *c, const char *id);
/* node.init; then a bureau with officer 1, uid 1000 + index. */
struct cl_node *cl_root(struct cluster *c, const char *id);
/*
 * The real enrolment over the channel: token at `by` (the parent or an ancestor), join at a blank node,
 * approve; then a line to its parent and a first office.
 */
struct cl_node *cl_enroll(struct cluster *c, struct cl_node *by, const char *id);
/* A line from a node to its parent (cl_enroll lays one). */
struct cl_link *cl_lay(struct cluster *c, struct cl_node *child, struct cl_node *parent);
struct cl_link *cl_link_of(struct cluster *c, const struct cl_node *child);
/* The first office of a node: its bureau, or "station" at a village, "dept" at a department's node. */
void cl_office(const struct cl_node *n, char out[DP_OFFICE_TEXT]);
/* An office of a node with one officer. */
void cl_officer(struct cl_node *n, const char *office, uint32_t uid);
uint32_t cl_uid(const struct cl_node *n);

/* ---- faults ---- */
/* Break the connection: all in flight is lost, or (`some`) a random part of it arrives first. */
void cl_break(struct cluster *c, struct cl_link *l, bool some);
void cl_cut(struct cluster *c, struct cl_link *l);
void cl_mend(struct cl_link *l);
/* The child's side breaks, and its parent hears of it only from the next connection. */
void cl_half_break(struct cluster *c, struct cl_link *l);
/* Nothing passes for a while, what is sent comes late. */
void cl_stall(struct cl_link *l, int64_t ms);
/* The process dies now; it comes back after `ms` (negative: not by itself). */
void cl_kill(struct cl_node *n, int64_t ms);
void cl_start(struct cl_node *n);
/* Copy of the store as it is committed; free with kv->ops->close. */
struct dp_kv *cl_snapshot(const struct cl_node *n);
/* Everything that is committed in one store, into an empty one. */
void cl_copy_store(const struct dp_kv *of, struct dp_kv *into);
/* Kill, put another store in its place (taken), start. */
void cl_replace(struct cl_node *n, struct dp_kv *kv);
/* Kill, give up its journals to a neighbour as `daipaod --repair-journals` does, start. */
void cl_renew(struct cl_node *n, const struct cl_node *peer);
/* A second process of the same node on a copy of its store, with its own line. */
struct cl_node *cl_clone(struct cl_node *n);

/* ---- time ---- */
/* An event of one's own, set up once; it fires once for each cl_at. Setting it again moves it. */
void cl_event_init(struct cluster *c, struct cl_event *e, void (*fire)(void *ctx), void *ctx);
void cl_at(struct cluster *c, struct cl_event *e, int64_t at_us);
void cl_take_back(struct cluster *c, struct cl_event *e);
/* Look again when the next turn of this node is due: something in it was changed from outside. */
void cl_plan(struct cl_node *n);
/* What its clock shows. */
int64_t cl_wall_ms(const struct cl_node *n);
/* One event, at most at `until_ms`. False when time is up. */
bool cluster_step(struct cluster *c, int64_t until_ms);
void cluster_run(struct cluster *c, int64_t ms);
/* Until nothing is in flight and no line that works owes anything; false when `ms` were not enough. */
bool cluster_settle(struct cluster *c, int64_t ms);
/* Whether it is so now, and where not: the first line or node that does not rest, in words. */
bool cluster_rests(struct cluster *c, char why[128]);
/* A turn of `n` now with what is due to it (also a bare one). */
void cl_turn(struct cl_node *n);
/* A frame from nowhere, as if `from` had sent it on its link to `n`. */
void cl_inject(struct cl_node *n, struct dp_node from, struct dp_slice frame);

/* ---- commands ---- */
struct cl_command {
    struct dp_request rq;
    struct dp_command cmd;
    struct dp_intake intake;
    struct dp_part_text part[DP_PARTS_MAX];
    struct dp_file file;
};
struct cl_result {
    bool answered; /* false: the process died first */
    enum dp_err err;
    struct dp_name name;
    uint64_t valid_kinds;
    char number[DP_NUMBER_TEXT];
    char text[512];
    char json[16384];
};
/* Blank commands with all strings "". */
struct dp_step *cl_step(struct cl_command *x, enum dp_kind kind, const char *case_ref);
struct dp_admin *cl_admin(struct cl_command *x, const char *verb);
struct dp_query *cl_query(struct cl_command *x, const char *what);
/* A registration with petitioner and content, to be changed as the test likes. */
struct dp_intake *cl_intake(struct cl_command *x, const char *petitioner, const char *content);
/* Add a text part. */
void cl_text(struct cl_command *x, const char *text);
/* The last reply: its results, and how many of them say that there was no memory. */
struct cl_answers {
    uint32_t count, starved;
};
struct cl_answers cl_answers(const struct cluster *c);
/* Do it in a turn of its own now, as `uid`. */
struct cl_result cl_do_as(struct cl_node *n, uint32_t uid, const struct cl_command *x);
struct cl_result cl_do(struct cl_node *n, const struct cl_command *x);
/* The JSON of a query, however long; NULL when there is no answer. The caller frees it. */
char *cl_ask(struct cl_node *n, uint32_t uid, const struct cl_command *x);
/* The same, when it must succeed. */
struct cl_result cl_must_as(struct cl_node *n, uint32_t uid, const struct cl_command *x);
struct cl_result cl_must(struct cl_node *n, const struct cl_command *x);
/* Any request, in a turn of its own; true when it was answered (n->c->reply holds the bytes). */
bool cl_request(struct cl_node *n, uint32_t uid, const struct dp_request *rq);
/* In one line: a step with an addressee (may be "") that must succeed. */
struct cl_result cl_go_as(struct cl_node *n, uint32_t uid, enum dp_kind kind, const char *case_ref,
                          const char *to);
struct cl_result cl_go(struct cl_node *n, enum dp_kind kind, const char *case_ref, const char *to);

/* ---- looking in ---- */
/* SHA-256 of the canonical state; false when the node knows nothing of the subject. */
bool cl_digest(struct cl_node *n, const struct dp_subject *s, struct dp_digest *out);
/* Facts held of the case; 0 = unknown here. */
uint32_t cl_facts(struct cl_node *n, const struct dp_name *of_case);
/* The facts of a case as messages of the test, for a person who looks for a bug. */
void cl_print(struct cl_node *n, const struct dp_name *of_case);
/* The office responsible, as this node sees it; false when it knows nothing of the case. */
bool cl_custodian(struct cl_node *n, const struct dp_name *of_case, struct dp_office *out);
/* Whether the node's daemon can open part `index` of an entry (and its text, in json form, if wanted). */
enum dp_err cl_read(struct cl_node *n, const struct dp_name *entry, uint8_t index, struct dp_part_text *out);
/* Rows of its committed store that hold `needle` in key or value. */
uint32_t cl_grep(const struct cl_node *n, struct dp_slice needle);
/* The same in one table. */
uint32_t cl_grep_table(const struct cl_node *n, enum dp_table t, struct dp_slice needle);
bool cl_alarmed(const struct cl_node *n, const char *word);
/* Session of `n` with its peer. */
const struct dp_session *cl_session(struct cl_node *n, const struct cl_node *peer);

/* What holds after any turn of `n`, for the lines that it heard of in it (I1). */
void cluster_check(struct cl_node *n);

#endif
