/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour 2/9: what the files of this floor share. Private to node/. The struct is large but flat: identity, own
 * chain, peers, the cache of casefiles, and the scratch of the turn, each changed by the one file that is
 * named after it.
 */
#ifndef DP_NODE_CORE_H
#define DP_NODE_CORE_H

#include "base/log.h"
#include "case/due.h"
#include "case/fold.h"
#include "case/plan.h"
#include "crypto/cert.h"
#include "crypto/chain.h"
#include "crypto/code.h"
#include "crypto/vault.h"
#include "node/daemon.h"
#include "node/feed.h"
#include "node/stop.h"
#include "relay/route.h"
#include "store/layout.h"
#include "store/life.h"
#include "wire/block.h"
#include "wire/chunk.h"
#include "wire/entry.h"
#include "wire/link.h"
#include "wire/part.h"
#include "wire/zip.h"

#define DP_TURN_ARENA_MAX (256u << 20)
#define DP_TURN_ARENA_KEEP (512u << 10)
#define DP_PEERS_MAX 1100
#define DP_CERT_CACHE 64

/* ---- identity and own chain ---- */
struct dp_identity {
    bool enrolled;
    struct dp_node self, parent;
    struct dp_cert cert;   /* own */
    struct dp_trust trust; /* root; root_der owned by `root_der` */
    struct dp_buf root_der;
    char parent_address[256];
};

struct dp_own {
    uint32_t inc;
    uint64_t seq;        /* last issued */
    uint64_t sealed_seq; /* last one in a sealed block */
    uint64_t block;      /* last sealed block */
    struct dp_digest head;
};

/* An own entry of this turn, bytes in the arena. */
struct dp_fresh_own {
    struct dp_slice bytes;
    bool urgent;
};

/* ---- peers ---- */
struct dp_peer {
    struct dp_node node;
    bool is_parent;
    struct dp_session s;
    struct dp_peer_row row, was; /* as committed: was */
    uint8_t curve_pub[32];
    bool row_dirty;
    bool is_new;      /* of this turn: not in the store yet */
    bool saved_valid; /* `saved` holds the lanes as committed, for a failed turn */
    struct dp_lane_state saved[DP_LANES];
    uint64_t applied[DP_LANES]; /* last item applied in this turn, 0 = none */
    bool unsent_due;            /* an item was met that N3 emptied and that was never sent (R-JRN-3) */
    bool missed;                /* an item came in this turn that was not applied: the turn fails */
    int64_t before_ms;          /* no entry of its blocks of this turn can be older (duties.c) */
    uint64_t before_turn;       /* of before_ms */
    int64_t hello_wall_ms;      /* when its hello came, by the wall clock as it was then */
    int64_t hello_mono_ms;      /* and by the monotonic one */
    uint64_t day_bytes;         /* received when the day began, as s.bytes_in counts */
    int64_t up_ms;              /* since when it is up without trouble, monotonic; 0 = it is not */
    int64_t stuck_ms;           /* how long it was up and acknowledged nothing of what is owed to it */
    uint64_t acked_then;        /* at the last look */
    bool hello_due;
    uint16_t bye;               /* reason to send, 0 = none */
    bool keep_due, keep_answer; /* a keep-alive is owed; it answers one */
    bool listed;                /* a page of its list came in this turn */
    bool ask_due, list_due;     /* a question is owed; an answer to `asked` */
    struct dp_ask_frame asked;
    bool prove_due, proof_due; /* the question for its proof is owed (R-HEL-6); the answer to its own */
    uint8_t last_nonce[16], older_nonce[16]; /* of the peer's processes, for R-HEL-5 */
    enum dp_err last_refused;                /* code of the last refusal either way */
    int64_t refused_ms;
    bool refused_due;             /* refusals are to be said after the commit */
    uint64_t told[DP_LANES];      /* last refusal said since the hello */
    uint64_t confirmed[DP_LANES]; /* acknowledged after all refusals were said (passed.c) */
    uint64_t post_swept;          /* ack and epoch at which its posts were looked at last (post.c) */
    uint32_t post_epoch;
};

/* ---- cache of casefiles ---- */
struct dp_fresh {
    struct dp_name name;
    bool urgent;
    struct dp_fresh *next;
};

struct dp_slot {
    struct dp_slot *next;            /* in its bucket */
    struct dp_slot *later, *earlier; /* of all, by when they came */
    struct dp_casefile f;
    bool dirty;                           /* differs from the store */
    bool touched;                         /* on the turn's list */
    struct dp_fresh *keyed;               /* entries whose part keys came in this turn; arena */
    bool keys_all;                        /* it may be any entry whose keys are to go on */
    bool woken;                           /* entries that waited were decided in this turn */
    uint64_t turn;                        /* last use */
    struct dp_fresh *fresh, **fresh_tail; /* entries of this turn; arena */
    struct dp_slot *touched_next;
};

#define DP_SLOT_BUCKETS 4096
#define DP_RETRY_MS 1000   /* after a turn, or a look, that failed */
#define DP_UNWRITTEN_MAX 6 /* the fifth doubling of it, half a minute, is the last */

/* Sealing towards one recipient in this turn, and the content that goes to it. */
struct dp_outgoing {
    struct dp_node to;
    struct dp_sealer sealer;
    struct dp_buf content;
    struct dp_buf spare;                    /* keys of what others wrote in it: DP_T_PARCEL_KEY */
    struct dp_name names[DP_REF_NAMES_MAX]; /* whose content it is */
    uint16_t name_count;
    uint8_t lane;
    struct dp_outgoing *next;
};

/* An answer to an enrolment that waits for the commit. */
struct dp_pending_reply {
    uint64_t conn;
    struct dp_slice raw;
    struct dp_pending_reply *next;
};

/* One certificate as the hot path needs it. */
struct dp_cert_slot {
    bool used;
    struct dp_digest digest;
    struct dp_origin origin;
    struct dp_key sign_pub, seal_pub;
};

/* Absence of progress and other trouble (N5, alarms.c): of a node, or ({0}) of none in particular. */
#define DP_ALARMS_MAX 2048 /* some words for each of 400 children */
struct dp_alarm_row {
    char word[24];
    struct dp_node node;
    char text[320];
    int64_t since_ms, last_ms;
    uint64_t count;
    int32_t said_day; /* in the log */
    bool dirty;       /* differs from the store */
    bool gone;        /* cleared: it goes with the next commit */
};

struct dp_alarms {
    struct dp_alarm_row *row;
    uint32_t n, cap;
    uint64_t lost; /* found no room */
    int64_t lost_said_ms;
    int32_t said_day;
    bool dirty;
    bool of_turn; /* the turn raised one that the store lacks: what it is about is committed with it */
};

/* A backup that is being written (backups.c); b NULL: none. */
struct dp_backup;
struct dp_backup_job {
    struct dp_backup *b;
    char path[512];
    bool daily;
    enum dp_err err;  /* DP_AGAIN: there is more */
    int64_t asked_ms; /* by its client, last */
    int32_t day;      /* of the last daily one */
    int64_t retry_ms; /* of the daily one, when it failed; 0 = it did not */
};

struct dp_daemon {
    struct dp_ports port;
    struct dp_daemon_options opt;
    const struct dp_suite *suite;
    struct dp_db db;
    struct dp_keyring *kr;
    struct dp_keyvault vault;    /* what db seals rows with, once there are keys */
    bool kr_owned;               /* made here, by `node init` or `node join` */
    bool was_enrolled;           /* when the turn began */
    bool new_life;               /* an identity was taken in this turn: the shell begins a life */
    struct dp_life_keeper *life; /* NULL in the simulator */
    struct dp_identity id;
    struct dp_own own, own_saved;
    struct dp_stopping stop; /* stop.c */
    enum dp_stop stopped;
    bool retired, retired_now; /* by its operator, for good; in this turn */
    char stopped_why[DP_STOP_TEXT];
    uint8_t nonce[16];
    uint64_t turn_no;
    struct dp_arena turn; /* scratch of the turn */
    struct dp_arena look; /* scratch of one fold or query inside a turn */
    int64_t now_wall, now_mono;

    struct dp_peer **peers; /* sorted by node; each stays where it is until the daemon ends */
    uint32_t peer_count, peer_cap;

    struct dp_slot *buckets[DP_SLOT_BUCKETS];
    uint64_t cached_facts;
    struct dp_slot *slots; /* all of them, the last one first */
    struct dp_slot *touched;
    struct dp_slot *last_slot; /* same-subject shortcut */

    struct dp_cert_slot certs[DP_CERT_CACHE];
    struct dp_edition_cache *editions; /* editions.c */

    /* the turn */
    struct dp_fresh_own *fresh; /* own entries of the turn, seq = fresh_first + i */
    uint32_t fresh_count, fresh_cap;
    uint64_t fresh_first;
    bool want_seal;
    enum dp_err turn_error; /* trouble of this node in the turn: nothing of it will be kept */
    bool heap_starved;      /* see dp_is_starved */
    struct dp_outgoing *outgoing;
    struct dp_pending_reply *replies, **replies_tail;
    struct dp_calls *calls;    /* calls.c */
    struct dp_name ingesting;  /* entry of the block being taken in: those after it are not here yet */
    uint64_t ingest_block;     /* its number */
    struct dp_feed_item *feed; /* heap: entries that the turn brought, in order (feed.c) */
    uint32_t feed_count, feed_cap;
    uint64_t feed_next; /* next row of the feed; 0 = ask the store */
    struct dp_alarms alarms;
    struct dp_backup_job backup;
    struct dp_buf scratch; /* packed casefiles, frames */
    struct dp_buf frame;
    bool intake_stopped;
    unsigned unwritten; /* turns that the store refused in a row, at most DP_UNWRITTEN_MAX */
    bool doubted;       /* a claim may hold up issuing: dp_proof_awaited */
    bool blocked;       /* the pump met DP_AGAIN */
    int64_t idle_since, next_tidy;
    int64_t links_ms; /* last look at the links */
    struct {
        bool known;      /* the parent greeted */
        bool wrong;      /* no intake until it is right (R-WIT-3) */
        int64_t off_ms;  /* of the parent's clock against this one, at its greeting */
        int64_t wall_ms; /* of this clock when the monotonic one began, as it was then */
    } clock;
    int64_t again_ms; /* next look at what found no room elsewhere (shelf.c), monotonic */
    int64_t retry_ms; /* a turn failed: the next is wanted then; 0 = none */
    int64_t door_ms;  /* next look at who was turned away; what was seen at the last */
    uint64_t door_refused, door_flood, door_silent;
    struct dp_daemon_counters n;
    void (*after_commit)(void *ctx);
    void *after_commit_ctx;

    int64_t passed_ms; /* parcels went on: their bytes go then (passed.h); 0 = none */

    /* files.c */
    uint32_t chunks_left; /* that may still become parcels in this turn */
    bool chunks_due;      /* more of them wait for the next */
    bool chunks_look;     /* perhaps: after a start, or a turn that failed */

    /* duties.c */
    bool rotate_retry; /* it failed: not before rotate_ms */
    bool rotate_due;   /* content was erased: the wrapping key must change */
    int64_t rotate_ms; /* not before, after a failure; or the next look at what has gone otherwise */

    struct dp_posts *posts; /* post.c; NULL before the first look */

    /* sweep.c */
    bool sweeping;
    bool sweep_again;  /* a calendar came */
    int sweep_missing; /* first year without rest days that a running date met in this sweep; 0 = none */
    int32_t swept_day; /* day of the last complete sweep */
    struct dp_subject sweep_at;

    /* enrolment (enroll.c) */
    bool tokens_open;  /* codes are out: the port for enrolment is open */
    int64_t tokens_ms; /* next look whether they still are */
    char join_address[256];
    struct dp_buf join_state;
    bool join_ended; /* in this turn: refused */
    int64_t join_next_ms;
    bool join_keys_ready;
    struct dp_enrol_keys join_keys; /* secret */
};

struct dp_caller {
    uint32_t uid;
    bool is_root; /* uid of the daemon or 0 */
    bool has_office;
    bool is_several;         /* an officer of several offices who named none */
    bool is_technician;      /* of this node: has no office to act for (R-ADM-2) */
    struct dp_office office; /* where the row of the officer, or of the technician, stands */
    uint32_t officer;
    uint32_t roles;
};

/* ---- cache.c ---- */
/* The casefile of `s`, loaded or new; NULL on DP_NOMEM or damage (*err says). */
struct dp_slot *dp_cache_get(struct dp_daemon *d, const struct dp_subject *s, enum dp_err *err);
/* As get, but NULL with DP_NOT_FOUND when the subject is unknown here. */
struct dp_slot *dp_cache_find(struct dp_daemon *d, const struct dp_subject *s, enum dp_err *err);
void dp_cache_touch(struct dp_daemon *d, struct dp_slot *slot, const struct dp_name *name, bool urgent);
/* Write what is dirty; after a commit forget what is too much. */
enum dp_err dp_cache_write(struct dp_daemon *d);
void dp_cache_trim(struct dp_daemon *d, uint64_t keep_facts);
/* A walk over all cases is done with this one: free it when the cache is full and the turn did not change it.
 */
void dp_cache_pass(struct dp_daemon *d, struct dp_slot *slot);
void dp_cache_drop(struct dp_daemon *d); /* all, without writing: after a failed commit */

/* ---- certs.c ---- */
/* Certificate by digest; DP_NEED_CERT when it is not here. */
enum dp_err dp_certs_get(struct dp_daemon *d, const struct dp_digest *digest, struct dp_cert_slot *out);
/* Current certificate of a node. */
enum dp_err dp_certs_of_node(struct dp_daemon *d, struct dp_node node, struct dp_cert *out);
/* The nodes above this one that exist, by their certificates, the nearest first; how many. */
#define DP_ABOVE_MAX 8
unsigned dp_certs_above(struct dp_daemon *d, struct dp_node out[DP_ABOVE_MAX]);
/* Whose CURVE key this is, by the current certificates. DP_NOT_FOUND. */
enum dp_err dp_certs_by_curve(struct dp_daemon *d, const uint8_t curve_pub[32], struct dp_node *out);
/* The node that a chain speaks of; nothing is verified. */
enum dp_err dp_certs_leaf(struct dp_slice chain, struct dp_node *out);
/* Verify a chain and keep it; *leaf filled. */
enum dp_err dp_certs_store(struct dp_daemon *d, struct dp_slice chain, struct dp_cert *leaf,
                           struct dp_refusal *why);
/* See that `peer` has (or will have, in order) the certificate before what is journalled next in that lane.
 */
void dp_certs_owe(struct dp_daemon *d, struct dp_peer *p, uint8_t lane, const struct dp_digest *cert);

/* ---- peers.c ---- */
struct dp_peer *dp_peers_find(struct dp_daemon *d, struct dp_node node);
struct dp_peer *dp_peers_parent(struct dp_daemon *d);
/* Known or new; a new child's history is journalled. NULL when the table is full. */
struct dp_peer *dp_peers_add(struct dp_daemon *d, struct dp_node node, bool is_parent,
                             const struct dp_key *curve_pub);
enum dp_err dp_peers_load(struct dp_daemon *d);
void dp_peers_free(struct dp_daemon *d);
void dp_peers_journal(struct dp_daemon *d, struct dp_peer *p, uint8_t lane, const struct dp_ref *r);
/* R-JRN-3: the lane ends with `last` now. */
void dp_peers_unjournal(struct dp_peer *p, uint8_t lane, uint64_t last);
/* R-RSD-1: give up the journals to a peer that greeted just now; a hello is owed. */
void dp_peers_renew(struct dp_daemon *d, struct dp_peer *p);
void dp_peers_write(struct dp_daemon *d);
/* The session has ended: keep when the peer was heard last. */
void dp_peers_lost(struct dp_daemon *d, struct dp_peer *p);
void dp_peers_commit(struct dp_daemon *d, bool ok);
/* No longer UP: what came in this turn is not kept, and only a new hello makes the peer send it again. */
void dp_peers_undone(struct dp_daemon *d);
void dp_peers_facts(struct dp_daemon *d, struct dp_peer *p, const struct dp_hello *h,
                    struct dp_hello_facts *out);
/* The peer towards which something for `to` goes: a child, or the parent; NULL when there is none. */
struct dp_peer *dp_peers_towards(struct dp_daemon *d, struct dp_node to);

/* ---- apply.c: incoming items ---- */
/* Trouble of this node, and no fault of what it was given: to be tried again, never refused or set aside. */
bool dp_is_ours(enum dp_err e);
/* DP_OK or DP_DUPLICATE: applied. Anything else that is not ours is the code of a refusal. */
enum dp_err dp_apply_item(struct dp_daemon *d, struct dp_peer *p, const struct dp_item_frame *it);
#define DP_QUARANTINE_MAX                                                                                    \
    256 /* rows about one node, its entries and what it sent; its oldest go (R-WAIT-1) */
/* A header that contradicts what is held here, or shows what is not: so many of one origin. */
void dp_evidence_keep(struct dp_daemon *d, const struct dp_header *h, const struct dp_digest *digest);
void dp_quarantine_line(struct dp_daemon *d, struct dp_node who, struct dp_slice line);
void dp_quarantine(struct dp_daemon *d, const struct dp_name *name, enum dp_err code, const char *why);

/* ---- ingest.c: entries into casefiles ---- */
enum dp_err dp_ingest(struct dp_daemon *d, const struct dp_name *name, struct dp_slice bytes,
                      const struct dp_origin *from);
/* Whether a block lies beyond the cut of its chain (R-CUT-2). */
/*
 * Memory ran out since the turn, or the look into the store, began. Whoever asked may have taken no answer
 * for a no: nothing that was decided since is kept or sent (R-STO-1).
 */
bool dp_is_starved(const struct dp_daemon *d);
/* It is looked at anew from here. */
void dp_feed_again(struct dp_daemon *d);
bool dp_is_cut_off(struct dp_daemon *d, struct dp_node origin, uint32_t inc, uint64_t block);
/* Entry bytes by name, wherever they are (own, block, piece); arena of the turn. */
enum dp_err dp_entry_bytes(struct dp_daemon *d, const struct dp_name *name, struct dp_slice *out);

/* ---- named.c: what one case says of another, and to whom (R-N3-7) ---- */
/* Whether fact `i` names a protected case of which the office may learn nothing. */
bool dp_named_denies_office(struct dp_daemon *d, const struct dp_casefile *f, uint32_t i,
                            const struct dp_office *o);
/* The same for an entry by name and a node. */
bool dp_named_denies_node(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_name *entry,
                          struct dp_node to);
/* DP_DENIED: by this entry an office would learn of a protected matter that is kept from it (R-N3-7,
 * R-N3-8). */
enum dp_err dp_named_judge(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_state *st,
                           const struct dp_entry *e);

/* ---- settle.c: after all events of a turn ---- */
enum dp_err dp_settle(struct dp_daemon *d);
/* The arrivals that are due in a case; nothing while nothing is issued. */
enum dp_err dp_settle_arrivals(struct dp_daemon *d, struct dp_slot *slot);
/* Journal the whole history of every case that `child` is a party to. */
void dp_settle_child(struct dp_daemon *d, struct dp_peer *child);
/* Journal the whole subject for `child` once more, when it may go there now (R-RSD-5). */
enum dp_err dp_settle_again(struct dp_daemon *d, struct dp_slot *slot, struct dp_peer *child);

/* ---- keys.c: who may open what ---- */
enum dp_err dp_keys_settle(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st);

/* ---- own.c: issuing and sealing ---- */
struct dp_part_in {
    uint8_t kind;
    struct dp_slice plain;
};
/*
 * Issue a planned entry: parts sealed, encoded, numbered, inserted, content parcels queued. `e->name`
 * must be dp_own_next(). DP_INTAKE_STOPPED, DP_STOPPED.
 */
enum dp_err dp_own_issue(struct dp_daemon *d, struct dp_entry *e, const struct dp_part_in *parts,
                         uint8_t part_count);
struct dp_name dp_own_next(const struct dp_daemon *d);
bool dp_fresh_has(const struct dp_fresh *list, const struct dp_name *n);
/* Regrant what the nodes that entry `e` entitles may read (R-PRT-1): of these entries; NULL: of all. */
enum dp_err dp_own_grant(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st,
                         const struct dp_entry *e, const struct dp_fresh *only);
/* Keys, and an attachment's chunks, of entry `x` to one node; nothing to the one that wrote it. */
enum dp_err dp_own_hand(struct dp_daemon *d, const struct dp_entry *x, struct dp_node to, uint8_t lane);
enum dp_err dp_own_seal(struct dp_daemon *d); /* everything unsealed, by R-BLK-6 */
void dp_own_keep(struct dp_daemon *d);        /* fresh entries durable, unsealed */
/* An entry about a node (certificate, cut, officer) by the daemon: kind and body are given. */
enum dp_err dp_own_node_entry(struct dp_daemon *d, struct dp_node subject, struct dp_entry *e);
/* A published profile or calendar by this node's bureau. */
enum dp_err dp_own_data_entry(struct dp_daemon *d, const struct dp_office *office, uint32_t officer,
                              struct dp_entry *e);
enum dp_err dp_own_load(struct dp_daemon *d);
bool dp_own_wants_seal(struct dp_daemon *d);

/* ---- parcels.c ---- */
/* Queue parts and grants of entry `n` (fact index i of f) for `to`. */
enum dp_err dp_parcels_content(struct dp_daemon *d, const struct dp_name *n, const struct dp_digest *leaves,
                               uint8_t leaf_count, const struct dp_part *parts, const struct dp_key *keys,
                               uint8_t part_count, struct dp_node to, uint8_t lane);
/* Regrant the parts of entry `n`, whose keys this node can open, to `to`. */
enum dp_err dp_parcels_regrant(struct dp_daemon *d, const struct dp_name *n, struct dp_node to, uint8_t lane);
/*
 * The same for an entry in a parcel sealed here that waits and goes anew (`parcel`): what lies beside it
 * opens what this node may have had to forget meanwhile (R-PRT-2).
 */
enum dp_err dp_parcels_again(struct dp_daemon *d, const struct dp_digest *parcel, const struct dp_name *n,
                             struct dp_node to, uint8_t lane);
enum dp_err dp_parcels_flush(struct dp_daemon *d); /* seal what is queued, journal it */
void dp_parcels_drop(struct dp_daemon *d);         /* forget what is queued: the turn is over */
enum dp_err dp_parcels_send(struct dp_daemon *d, struct dp_node to, uint8_t kind, struct dp_slice body,
                            uint8_t lane);
enum dp_err dp_parcels_in(struct dp_daemon *d, struct dp_peer *from, struct dp_slice parcel, uint8_t lane);
/* Open part `index` of an entry held here: DP_NOT_FOUND (no such part or no key), DP_SIGNATURE. Arena `look`.
 */
enum dp_err dp_parcels_read(struct dp_daemon *d, const struct dp_entry *e, uint8_t index,
                            struct dp_part_text *out);
/* The case was locked by hand: its content that waits for a line to a node it is now denied goes nowhere
 * (R-N3-3). */
enum dp_err dp_parcels_recall(struct dp_daemon *d, const struct dp_slot *slot);
/* A part of this entry was erased: what waits for a line goes without it. */
enum dp_err dp_parcels_recall_entry(struct dp_daemon *d, const struct dp_name *of);
void dp_parcels_forget(struct dp_daemon *d, const struct dp_name *n, uint8_t part_count);

/* ---- content.c: parts and grants that arrive ---- */
/* Body of a content parcel that `by` brought. An error is the code of a refusal; what was good of it is kept.
 */
enum dp_err dp_content_in(struct dp_daemon *d, const struct dp_peer *by, struct dp_slice body);
/* This node has passed the case on, or lost it: others may wait for content that comes here. */
bool dp_content_hands_on(const struct dp_daemon *d, const struct dp_casefile *f);
/* Entry `e` is here now: keep what waited for it when this node may open it, or is to hand it on first. */
enum dp_err dp_content_adopt(struct dp_daemon *d, const struct dp_entry *e, bool entitled, bool hands_on);
/* Of what waits for the entry forget one part, erased meanwhile. False: there was none. */
bool dp_content_forget(struct dp_daemon *d, const struct dp_name *n, uint8_t index);
/* Forget what waits for the entry. */
void dp_content_drop(struct dp_daemon *d, const struct dp_name *n);

/* A protected matter that arrived for registration (protected.c). */
/* `from`: the node that is known to have sent it. */
enum dp_err dp_matter_in(struct dp_daemon *d, struct dp_node from, struct dp_slice body);
enum dp_err dp_matter_receipt(struct dp_daemon *d, struct dp_node from, struct dp_slice body);

/* ---- shelf.c: refusals of items (R-ACK-2) ---- */
/* We refuse an item of the peer; what is owed to it for that is said after the commit. */
void dp_shelf_refused_here(struct dp_daemon *d, struct dp_peer *p, const struct dp_item_frame *it,
                           enum dp_err code);
/* The same item has come again, under a new number: its old refusal is over. */
void dp_shelf_came_again(struct dp_daemon *d, const struct dp_peer *p, const struct dp_item_frame *it);
/* Whether item `number` was refused there, also when it was offered again since. */
bool dp_shelf_holds(struct dp_daemon *d, const struct dp_peer *p, uint8_t lane, uint64_t number);
/* False: it was offered again since, and this is the old refusal once more. */
bool dp_shelf_refused_there(struct dp_daemon *d, const struct dp_peer *p, const struct dp_refused_frame *f);
/* After a hello: what is to be offered again now is, and what we refused is to be said again. */
void dp_shelf_greet(struct dp_daemon *d, struct dp_peer *p, const struct dp_hello *h);
/* Offer again what found no room and is due; in the write turn. */
void dp_shelf_again(struct dp_daemon *d);
/* Say the refusals that are owed. After the commit. */
void dp_shelf_say(struct dp_daemon *d, struct dp_peer *p);
/* What we refused of journals that are no more (R-RSD-2). */
void dp_shelf_forget(struct dp_daemon *d, struct dp_peer *p);
/* By an operator: forget what we refused of the peer, offer again what it refused. */
void dp_shelf_offer(struct dp_daemon *d, struct dp_peer *p);
/* Alarms as the shelf is: both ends say that something lies there until nothing does. */
void dp_shelf_watch(struct dp_daemon *d);

/* ---- reseed.c: journals begun anew, at their sender ---- */
/* After a hello that was accepted; `gen_in` as it was before it. */
void dp_reseed_greeted(struct dp_daemon *d, struct dp_peer *p, const struct dp_hello *h, uint32_t gen_in);
/* Owe the parent a block of a chain below it. */
void dp_reseed_block(struct dp_daemon *d, struct dp_peer *parent, const struct dp_header *h);
/* The question that is owed. */
void dp_reseed_ask(struct dp_daemon *d, struct dp_peer *p);
void dp_reseed_page(struct dp_daemon *d, struct dp_peer *p, const struct dp_list_frame *f);

/* ---- proof.c: who holds more of this chain than this node (R-HEL-6) ---- */
/* The hello of `p` claims so: the question for the proof is owed. */
void dp_proof_doubt(struct dp_daemon *d, struct dp_peer *p);
/* Whether nothing may be issued or sealed yet. When it is over, what lies unsealed is wanted. */
bool dp_proof_awaited(struct dp_daemon *d);
/* The same for a command: true, and it is refused and told to come again. */
bool dp_proof_refuses(struct dp_daemon *d, struct dp_outcome *out);
/* Ask, and answer, what is owed; after the hello, inside a read transaction. */
void dp_proof_say(struct dp_daemon *d, struct dp_peer *p);
/* Whether what is held here shows the peer why the link stops. */
bool dp_proof_belongs(enum dp_stop why);
/* Show the last header held of the peer's chain. */
void dp_proof_show(struct dp_daemon *d, struct dp_peer *p);
/* Its answer. NONE: it changes nothing. Otherwise the session is stopped for that reason; what proves it is
 * kept. */
enum dp_stop dp_proof_judge(struct dp_daemon *d, struct dp_peer *p, const struct dp_proof_frame *f);
/* Whether a block with this header, signed here, is in the own chain. */
bool dp_proof_is_here(struct dp_daemon *d, const struct dp_head *head);

/* ---- listing.c: and at their receiver ---- */
void dp_listing_asked(struct dp_daemon *d, struct dp_peer *p, const struct dp_ask_frame *f);
/* Answer what was asked; inside a read transaction, after the commit. */
void dp_listing_say(struct dp_daemon *d, struct dp_peer *p);
/* Row of a subject: what of it does not come from below `child`. count 0: nothing. Arena `look`. */
enum dp_err dp_listing_row(struct dp_daemon *d, const struct dp_casefile *f, struct dp_node child,
                           struct dp_list_row *out);

/* ---- files.c: attachments ---- */
#define DP_CHUNKS_A_TURN 64 /* that become parcels: a megabyte, so that no file keeps a turn long */
/* One chunk under the attachment's key: sealed bytes (arena of the turn) and their leaf; nothing is kept. */
enum dp_err dp_files_seal_chunk(struct dp_daemon *d, const struct dp_key *key, uint32_t index,
                                struct dp_slice plain, struct dp_slice *sealed, struct dp_digest *leaf);
/* Keep one with its proof, under the root that its file has. */
enum dp_err dp_files_keep(struct dp_daemon *d, const struct dp_chunk_tree *t, uint32_t index,
                          struct dp_slice sealed);
/* Seal a file into chunks kept here; fills body.digest, size, code3 (chunks) and the key for its part. */
enum dp_err dp_files_seal(struct dp_daemon *d, const struct dp_file *f, struct dp_body *body,
                          struct dp_key *key);
/* Send the chunks of an attachment to a node that was granted its key: some now, the rest in later turns. */
enum dp_err dp_files_send(struct dp_daemon *d, const struct dp_digest *root, uint32_t chunks,
                          struct dp_node to);
/* A chunk that came by way of `from`. DP_SIGNATURE: it is not what its root says; DP_FULL: too many came of
 * which no entry speaks here. */
enum dp_err dp_files_in(struct dp_daemon *d, const struct dp_peer *from, struct dp_slice body);
/* Its key was erased: the pieces go too, and none is on its way from here any more. */
void dp_files_forget(struct dp_daemon *d, const struct dp_digest *root, uint32_t chunks);
/* An entry speaks of the file: its chunks are no strangers. */
void dp_files_named(struct dp_daemon *d, const struct dp_digest *root);
/* Chunks that a turn before left over. */
enum dp_err dp_files_go_on(struct dp_daemon *d);
/* Plain bytes of chunk `index`; arena of the turn. */
enum dp_err dp_files_read(struct dp_daemon *d, const struct dp_digest *root, uint32_t index,
                          const struct dp_key *key, struct dp_slice *out);

/* ---- protected.c: matters that must not be entries of this chain (R-N3-4) ---- */
/* A matter as bytes, for a parcel or a draft; `number` may be NULL (a placeholder then). */
struct dp_matter {
    struct dp_slice ticket;
    struct dp_node sender;
    struct dp_entry form; /* a register entry in form only: reg, office, officer, receipt */
    struct dp_part_in parts[DP_PARTS_MAX];
    uint8_t part_count;
};
#define DP_TICKET_BYTES 16
enum dp_err dp_matter_pack(struct dp_daemon *d, const struct dp_caller *c, const struct dp_reg *reg,
                           struct dp_date receipt, const struct dp_part_in *parts, uint8_t part_count,
                           const uint8_t ticket[DP_TICKET_BYTES], struct dp_slice *out);
enum dp_err dp_matter_unpack(struct dp_daemon *d, struct dp_slice body, struct dp_matter *out);
enum dp_err dp_matter_out(struct dp_daemon *d, const struct dp_caller *c, const struct dp_reg *reg,
                          struct dp_date receipt, const struct dp_part_in *parts, uint8_t part_count,
                          struct dp_node to, char number[64]);
/* Whether a register entry of today may name that day of receipt (R-WIT-2). */
bool dp_receipt_fits(const struct dp_daemon *d, struct dp_date receipt);
/* The edition in force of a profile or calendar; none when none was published. */
struct dp_name dp_edition_current(struct dp_daemon *d, const char *id);
/* Register a matter here: numbering, editions, query code, entry. `code` gets the query code's text. */
enum dp_err dp_register(struct dp_daemon *d, const struct dp_office *office, uint32_t officer,
                        struct dp_reg *reg, struct dp_date receipt, const struct dp_part_in *parts,
                        uint8_t part_count, struct dp_entry *e, char code[24]);

/* ---- duties.c: what the daemon does by itself ---- */
enum dp_err dp_duties_case(struct dp_daemon *d, struct dp_slot *slot);
int64_t dp_duties_not_before(int64_t previous_arrival_ms);
/* An entry of the daemon itself, if it is valid now. Resets the arena `look`. */
enum dp_err dp_duties_issue(struct dp_daemon *d, struct dp_slot *slot, enum dp_kind kind,
                            const struct dp_name *re, const struct dp_body *body);

/* ---- wrapping.c: the wrapping key changes (R-STO-2, R-STO-6) ---- */
void dp_wrapping_load(struct dp_daemon *d);
/* Destroy the keys of rows that have gone, outside a turn: some of them at a time. */
void dp_wrapping_change(struct dp_daemon *d);
/* The keys of this node are here. */
void dp_daemon_use_keys(struct dp_daemon *d, struct dp_keyring *kr);

/* ---- sweep.c: what it does because of the date ---- */
/* A calendar came: the alarm of a year without rest days is judged anew (R-DUE-3). */
void dp_sweep_calendar(struct dp_daemon *d);
/* The same alarm, for the cases of this turn: raised, never cleared. */
void dp_sweep_touched(struct dp_daemon *d);
/* A peer greets: it is not silent any more. */
void dp_sweep_heard(struct dp_daemon *d);
/* The alarm of a child that sends more in a day than a disk can take for long (R-GON-2). 0: its size is not
 * known.
 */
void dp_sweep_volume(struct dp_daemon *d, uint64_t disk_bytes);
bool dp_sweep_due(const struct dp_daemon *d);
enum dp_err dp_sweep(struct dp_daemon *d);

/* ---- drafts.c: local, sealed, no entries ---- */
#define DP_DRAFTS_MAX 1000 /* of one office */
/* `body` as dp_matter_pack makes it. DP_FULL past DP_DRAFTS_MAX. */
enum dp_err dp_draft_keep(struct dp_daemon *d, const struct dp_office *office, struct dp_slice body,
                          char id[24]);
/* A draft of this office, opened; arena of the turn. DP_NOT_FOUND: there is none, or it is another office's.
 */
enum dp_err dp_draft_take(struct dp_daemon *d, const struct dp_office *office, const char *id,
                          struct dp_matter *out);
/* The next one of the office above *no (0: the first); false at the end. */
bool dp_draft_next(struct dp_daemon *d, const struct dp_office *office, uint64_t *no, struct dp_matter *out);
void dp_draft_drop(struct dp_daemon *d, const struct dp_office *office, const char *id);

/* ---- link.c ---- */
/* The link stops here: the reason goes to the peer, and is an alarm. */
void dp_link_stop(struct dp_daemon *d, struct dp_peer *p, enum dp_stop why);

/* ---- pump.c: journals into frames ---- */
void dp_pump(struct dp_daemon *d);
void dp_pump_peer(struct dp_daemon *d, struct dp_peer *p);
void dp_say_hello(struct dp_daemon *d, struct dp_peer *p);
void dp_say_bye(struct dp_daemon *d, struct dp_peer *p, enum dp_stop why);
enum dp_err dp_send_frame(struct dp_daemon *d, struct dp_peer *p, const struct dp_frame *f);

/* ---- step.c, query.c, admin.c, enroll.c, said.c, caller.c ---- */
void dp_do_step(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                const struct dp_step *s, struct dp_outcome *out);
void dp_do_admin(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                 const struct dp_admin *a, struct dp_outcome *out);
/*
 * A text for a person. `fmt` must last: it goes with the answer, and the command line has it translated. %s,
 * %u, %d; %-s for an argument that is a text of the program (DP_SAID marks a literal one).
 */
void dp_outcome_set(struct dp_daemon *d, struct dp_outcome *r, enum dp_err err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Done, with this to say. */
void dp_outcome_json(struct dp_daemon *d, struct dp_outcome *r, const char *json);
/* An office by id, name or unique part of a name. */
enum dp_err dp_office_lookup(struct dp_daemon *d, const char *text, struct dp_office *out);
/* Borrowed editions live until the next lookups of the same turn push them out: use, do not keep. */
struct dp_editions dp_daemon_editions(struct dp_daemon *d);
void dp_editions_drop(struct dp_daemon *d); /* after a failed turn, whose editions did not happen */

void dp_enroll_load(struct dp_daemon *d);
/* R-ENR-3: an enrolled node greets; its code ends. */
void dp_tokens_arrived(struct dp_daemon *d, struct dp_node node);
/* R-ENR-3: codes that are over end, and the port with the last of them. */
void dp_enroll_tidy(struct dp_daemon *d);
/* After `node init` or an accepted join: the identity is in the store of this turn. */
enum dp_err dp_daemon_reload_identity(struct dp_daemon *d);

/* ---- watch.c ---- */
void dp_watch_disk(struct dp_daemon *d);
void dp_watch_door(struct dp_daemon *d);
/* The parent greets and says what time it is (R-WIT-3). */
void dp_watch_greeting(struct dp_daemon *d, const struct dp_hello *h);
/* When a turn begins: this clock may have been set right, and what the turn brings is to be judged by that.
 */
void dp_watch_clock_set(struct dp_daemon *d);
/* This clock was set: the parent is to be asked what time it is. */
void dp_watch_clock(struct dp_daemon *d);
/* Links that are up and carry nothing, though something is owed; and those that are well again. */
void dp_watch_links(struct dp_daemon *d);

/* ---- backups.c ---- */
bool dp_backups_busy(const struct dp_daemon *d);
/* Some more of it; after the commit. */
void dp_backups_go(struct dp_daemon *d);
void dp_backups_free(struct dp_daemon *d);

/* ---- alarms.c ---- */
/* Raised, or raised again. A text that is new is logged; a new row is told to the shell. */
void dp_alarm(struct dp_daemon *d, const char *word, const char *text);
void dp_alarm_of(struct dp_daemon *d, const char *word, struct dp_node node, const char *text);
void dp_alarm_clear(struct dp_daemon *d, const char *word);
void dp_alarm_clear_of(struct dp_daemon *d, const char *word, struct dp_node node);
bool dp_alarm_is_up(const struct dp_daemon *d, const char *word);
/* Of one node ({0}: of all); how many there were. */
uint32_t dp_alarm_clear_all(struct dp_daemon *d, const char *word, struct dp_node node);
/* Walk, from *at = 0; NULL at the end. Borrowed until the next alarm. */
const struct dp_alarm_row *dp_alarm_next(const struct dp_daemon *d, uint32_t *at);
/* Once a day, and at the start: what is not over is logged again. */
void dp_alarms_repeat(struct dp_daemon *d);
void dp_alarms_load(struct dp_daemon *d);
void dp_alarms_write(struct dp_daemon *d);
void dp_alarms_written(struct dp_daemon *d); /* the turn that wrote them is committed */
void dp_alarms_free(struct dp_daemon *d);

#endif
