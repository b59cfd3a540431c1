/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store layout: tables, keys and values on top of the ordered key-value port. This file and
 * layout*.c are the only places that know a key. All keys are composite and big-endian; no
 * table holds two values under one key. Schema number and migrations: store/schema.h.
 *
 * Every call works in the open transaction `db->t` of the turn. Writes are sticky (port/kv.h): they
 * return nothing, and the commit tells. Slices that are returned are borrowed until the next write; of sealed
 * tables also no longer than until four others were read.
 */
#ifndef DP_STORE_LAYOUT_H
#define DP_STORE_LAYOUT_H

#include "base/arena.h"
#include "base/date.h"
#include "base/id.h"
#include "case/casefile.h"
#include "port/kv.h"
#include "port/vault.h"
#include "relay/reseed.h"
#include "relay/session.h"

#define DP_STORE_SCHEMA 1

/* clang-format off */
#define DP_TABLE_LIST(X)                                                                              \
    X(META,       "meta")       /* word -> value */                                                   \
    X(BLOCK,      "block")      /* origin 8, inc 4, number 8, piece 2 -> block as it came (piece 0 = whole) */ \
    X(SEQ,        "seq")        /* origin 8, inc 4, seq 8 -> number 8, piece 2 */                      \
    X(OWN,        "own")        /* seq 8 -> own entry that is not sealed yet */                       \
    X(CHAIN,      "chain")      /* origin 8, inc 4 -> struct dp_chain_row */                              \
    X(CASE,       "case")       /* subject 21 -> packed casefile */                                   \
    X(WAIT,       "wait")       /* missing name 20, subject 21 -> () */                               \
    X(JOURNAL,    "journal")    /* peer 8, lane 1, number 8 -> reference */                           \
    X(PEER,       "peer")       /* peer 8 -> struct dp_peer_row */                                    \
    X(SENT_CERT,  "sentcert")   /* peer 8, lane 1, certificate 32 -> () */                            \
    X(ROUTED,     "routed")     /* child 8, subject 21 -> (): once a party, always a party */         \
    X(PART,       "part")       /* entry 20, index 1 -> sealed part; index 255: the leaves */         \
    X(PART_KEY,   "partkey")    /* entry 20, index 1 -> key 32 */                                \
    X(GRANT,      "grant")      /* entry 20, index 1 -> grant to this node, unopened */               \
    X(PARCEL,     "parcel")     /* digest 32 -> parcel */                                             \
    X(CHUNK,      "chunk")      /* root 32, index 4 -> chunk with its proof */                               \
    X(CERT,       "cert")       /* digest 32 -> chain */                                              \
    X(NODE_CERT,  "nodecert")   /* node 8 -> digest of its current certificate */                     \
    X(NUMBER,     "number")     /* case number -> subject 21 */                                       \
    X(TAIL,       "tail")       /* reversed case number -> subject 21: lookup by unique tail */       \
    X(SOURCE,     "source")     /* source system, 0, its number, 0, node 8, office 24 -> subject 21 */\
    X(FEED,       "feed")       /* local number 8 -> name 20, subject 21 of entries one turn brought */ \
    X(OFFICE,     "office")     /* node 8, slug 16 -> name */                                         \
    X(OFFICER,    "officer")    /* node 8, slug 16, number 4 -> uid 4, roles 4, state 1 */            \
    X(UID,        "uid")        /* uid 4, node 8, slug 16 -> officer number 4 */                      \
    X(TOKEN,      "token")      /* token id -> enrolment token */                                     \
    X(REQUEST,    "request")    /* node 8 -> enrolment request */                                     \
    X(DRAFT,      "draft")      /* tag of an office 4, its number 4 -> draft, sealed */                \
    X(QUARANTINE, "quarantine") /* local number 8 -> what was refused, and why */                     \
    X(EVIDENCE,   "evidence")   /* digest 32 -> contradicting header */                               \
    X(SHELF,      "shelf")      /* peer 8, lane 1, number 8 -> code 2: refused by the peer */         \
    X(ALARM,      "alarm")      /* word -> since 8, count 8, text */                                  \
    X(MATTER,     "matter")     /* local number 8 -> protected matter sent on as a parcel */          \
    X(TRAIL,      "trail")      /* ms 8, no 4 -> what was done in the administration (node/trail.c) */ \
    X(DATA,       "data")       /* entry 20 -> raw bytes of a published profile or calendar entry */  \
    X(LOOSE,      "loose")      /* entry 20, parts root 32, index 1, neighbour 8 -> content that came before its entry */ \
    X(TICKET,     "ticket")     /* ticket 16 -> number of the case that the matter became here */     \
    X(CURVE,      "curve")      /* CURVE key 32 -> node 8 whose current certificate names it */           \
    X(CHUNK_WAIT, "chunkwait")  /* root 32, node 8 -> (): gets the chunks that are not here yet */     \
    X(LIFE,       "life")       /* of store/life.c alone */                                            \
    X(CHUNK_DUE,  "chunkdue")   /* root 32, node 8 -> next index 4, chunks 4: on its way into parcels */ \
    X(UPLOAD,     "upload")     /* who and which 32 -> progress of an upload (node/upload.c) */          \
    X(ANSWER,     "answer")     /* 1, token digest 32 -> number 8, sealed answer; 2, number 8 -> digest 32 */ \
    X(PARCEL_CAME, "parcelcame") /* peer 8, digest 32 -> (): parcels that it brought */                \
    X(PARCEL_OF,  "parcelof")   /* digest 32 -> recipient 8, names: content that a parcel sealed here holds */ \
    X(PARCEL_KEY, "parcelkey")  /* digest 32 -> of parts of others in a parcel that waits: entry 20, index 1, key 32 each */ \
    X(FILE,       "file")       /* root 32 -> (): an entry speaks of it; count 4: chunks without one */ \
    X(FOUND,      "found")      /* local number 8 -> who looked for a person, and which cases were shown (N4) */ \
    X(LOOKS,      "looks")      /* node 8, slug 16, officer 4 -> hour began 8, looks 4, refusal kept 1 */ \
    X(GONE,       "gone")       /* row number 8 -> (): its row is no more, and its key is to be destroyed (R-STO-6) */ \
    X(POST,       "post")       /* a letter, then its key -> the post through relays (node/post_row.c, post_item.c) */
/* clang-format on */

#define DP_DB_KEY_MAX 160 /* the longest composite key */

enum dp_table {
#define DP_TABLE_ENUM(name, word) DP_T_##name,
    DP_TABLE_LIST(DP_TABLE_ENUM)
#undef DP_TABLE_ENUM
        DP_T_COUNT
};
const char *dp_table_word(enum dp_table t);

/* R-STO-6: numbers of sealed rows by what becomes of them, so that those that go lie beside each other. */
enum dp_lot { DP_LOT_NONE, DP_LOT_LASTING, DP_LOT_KEYS, DP_LOT_PASSING, DP_LOT_COUNT };
/* NONE: rows of the table are not sealed. */
enum dp_lot dp_table_lot(enum dp_table t);

struct dp_db {
    struct dp_kv *kv;
    struct dp_kv_txn *t;           /* of this turn, or NULL */
    struct dp_vault *vault;        /* NULL: sealed rows are read as they lie, and none is written */
    bool write;                    /* t is a write transaction */
    enum dp_err err;               /* of the vault, in this transaction; sticky */
    uint64_t number[DP_LOT_COUNT]; /* next of each lot; 0: not asked for in this transaction */
};

DP_MUST enum dp_err dp_db_begin(struct dp_db *db, bool write);
DP_MUST enum dp_err dp_db_commit(struct dp_db *db);
void dp_db_abort(struct dp_db *db);
/*
 * The sticky error of the open transaction. While it is not DP_OK nothing is found any more: who would act in
 * memory on what is not there asks first.
 */
DP_MUST enum dp_err dp_db_error(const struct dp_db *db);
/* Up to `max` numbers of rows that are gone, rising; how many. */
size_t dp_db_gone(struct dp_db *db, uint64_t *out, size_t max);
/* Their keys are destroyed. */
void dp_db_gone_del(struct dp_db *db, const uint64_t *rows, size_t n);
/* Whether the sealed row `v` under this key opens. DP_NOT_FOUND: what was in it is destroyed; else as open.
 */
DP_MUST enum dp_err dp_db_opens(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice v);

/* ---- meta ---- */
/* A word's number or DP_NOT_FOUND. */
DP_MUST enum dp_err dp_db_meta_u64(struct dp_db *db, const char *word, uint64_t *out);
void dp_db_meta_u64_put(struct dp_db *db, const char *word, uint64_t v);
DP_MUST enum dp_err dp_db_meta(struct dp_db *db, const char *word, struct dp_slice *out);
void dp_db_meta_put(struct dp_db *db, const char *word, struct dp_slice v);

/* ---- chains and blocks ---- */
/* What is held whole and without a hole of one origin's incarnation. */
struct dp_chain_row {
    uint64_t number;           /* last block held whole */
    uint64_t seq;              /* last seq in it */
    struct dp_digest digest;   /* of its header */
    struct dp_digest cert;     /* certificate it was signed under */
    int64_t first_ms, last_ms; /* arrival of the first and the last block, own clock */
};
DP_MUST enum dp_err dp_db_chain(struct dp_db *db, struct dp_node origin, uint32_t inc,
                                struct dp_chain_row *out);
void dp_db_chain_put(struct dp_db *db, struct dp_node origin, uint32_t inc, const struct dp_chain_row *c);
/* Walk: the first incarnation of `origin` not below *inc; DP_NOT_FOUND at the end. */
DP_MUST enum dp_err dp_db_chain_next(struct dp_db *db, struct dp_node *origin, uint32_t *inc,
                                     struct dp_chain_row *out);

void dp_db_block_put(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number, uint16_t piece,
                     struct dp_slice wire);
DP_MUST enum dp_err dp_db_block(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number,
                                uint16_t piece, struct dp_slice *wire);
/* Next free piece number (>= 1) of a block held in pruned pieces. */
uint16_t dp_db_block_piece_next(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number);
/* Any piece of the block: whole first, else piece 1. */
DP_MUST enum dp_err dp_db_block_any(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number,
                                    struct dp_slice *wire);
void dp_db_seq_put(struct dp_db *db, const struct dp_name *n, uint64_t number, uint16_t piece);
/* Block and piece that hold the entry: exact row, else the whole block that starts at or before it. The
   caller checks the range of a whole block. */
DP_MUST enum dp_err dp_db_seq(struct dp_db *db, const struct dp_name *n, uint64_t *number, uint16_t *piece);

void dp_db_own_put(struct dp_db *db, uint64_t seq, struct dp_slice entry);
DP_MUST enum dp_err dp_db_own(struct dp_db *db, uint64_t seq, struct dp_slice *entry);
void dp_db_own_del(struct dp_db *db, uint64_t seq);

/* ---- cases ---- */
DP_MUST enum dp_err dp_db_case(struct dp_db *db, const struct dp_subject *s, struct dp_slice *packed);
void dp_db_case_put(struct dp_db *db, const struct dp_subject *s, struct dp_slice packed);
/* Walk the subjects of `type` in order: the first one after *s (start with s->name zero and type set). */
DP_MUST enum dp_err dp_db_case_next(struct dp_db *db, struct dp_subject *s, struct dp_slice *packed);
void dp_db_wait_put(struct dp_db *db, const struct dp_name *missing, const struct dp_subject *s);
/* Next subject that waits for `missing` after *s; removes nothing. */
DP_MUST enum dp_err dp_db_wait_next(struct dp_db *db, const struct dp_name *missing, struct dp_subject *s);
void dp_db_wait_del(struct dp_db *db, const struct dp_name *missing, const struct dp_subject *s);

/* ---- journals and peers ---- */
enum dp_ref_kind {
    DP_REF_BLOCK = 1,
    DP_REF_ENTRIES = 2,
    DP_REF_CERT = 3,
    DP_REF_PARCEL = 4,
    DP_REF_CHUNK = 5,
    DP_REF_POST = 6 /* number: of the row in table post */
};
#define DP_REF_NAMES_MAX 256
struct dp_ref {
    uint8_t kind;          /* enum dp_ref_kind */
    struct dp_node origin; /* block */
    uint32_t inc;
    uint64_t number;
    struct dp_digest digest; /* cert, parcel, chunk root */
    uint32_t index;          /* chunk */
    struct dp_subject
        subject; /* entries: of which subject, for the N3 check at writing; parcel: its recipient */
    const struct dp_name *names; /* entries: which; parcel: whose content it holds, if known; arena */
    uint16_t name_count;
};
void dp_db_journal_put(struct dp_db *db, struct dp_node peer, uint8_t lane, uint64_t number,
                       const struct dp_ref *r);
void dp_db_journal_del(struct dp_db *db, struct dp_node peer, uint8_t lane, uint64_t number);
DP_MUST enum dp_err dp_db_journal(struct dp_db *db, struct dp_node peer, uint8_t lane, uint64_t number,
                                  struct dp_arena *a, struct dp_ref *out);

struct dp_peer_row {
    struct dp_lane_state lane[DP_LANES];
    uint32_t inc; /* incarnation established at first contact; 0 = none */
    bool is_parent;
    bool revoked;
    int64_t heard_ms;           /* wall clock of the last frame, coarse */
    uint32_t program;           /* its program version at the last hello */
    uint32_t own_program;       /* and ours */
    uint32_t gen_out, gen_in;   /* R-RSD-1 */
    struct dp_reseed reseed;    /* of the journals to it */
    uint64_t dropped[DP_LANES]; /* up to here the bytes of parcels have gone (R-PARC-2) */
};
DP_MUST enum dp_err dp_db_peer(struct dp_db *db, struct dp_node peer, struct dp_peer_row *out);
void dp_db_peer_put(struct dp_db *db, struct dp_node peer, const struct dp_peer_row *row);
/* The first peer above *peer. */
DP_MUST enum dp_err dp_db_peer_next(struct dp_db *db, struct dp_node *peer, struct dp_peer_row *out);
/*
 * R-RSD-1: give up the journals to `peer` and what was refused of them. *row gets the new epochs, the next
 * generation and the first question; it is written. What is damaged is not read.
 */
void dp_db_journals_renew(struct dp_db *db, struct dp_node peer, const uint32_t epochs[DP_LANES],
                          struct dp_peer_row *row);
/* In place of a lane: sent there in journals that were given up; the peer's list tells whether it came. */
#define DP_SENT_BEFORE 255
bool dp_db_sent_cert(struct dp_db *db, struct dp_node peer, uint8_t lane, const struct dp_digest *cert);
void dp_db_sent_cert_put(struct dp_db *db, struct dp_node peer, uint8_t lane, const struct dp_digest *cert);
void dp_db_sent_cert_del(struct dp_db *db, struct dp_node peer, uint8_t lane, const struct dp_digest *cert);
bool dp_db_routed(struct dp_db *db, struct dp_node child, const struct dp_subject *s);
void dp_db_routed_put(struct dp_db *db, struct dp_node child, const struct dp_subject *s);
/* The first subject ever routed to the child after *key (a subject, padded); *key moves. */
DP_MUST enum dp_err dp_db_routed_next(struct dp_db *db, struct dp_node child, struct dp_list_key *key,
                                      struct dp_subject *s);
/* Parcels that a peer brought, whether they were opened here or went on. */
bool dp_db_parcel_came(struct dp_db *db, struct dp_node peer, const struct dp_digest *parcel);
void dp_db_parcel_came_put(struct dp_db *db, struct dp_node peer, const struct dp_digest *parcel);
DP_MUST enum dp_err dp_db_parcel_came_next(struct dp_db *db, struct dp_node peer, struct dp_list_key *key);
/* Entries whose content a parcel sealed here holds, and for whom; it stays when the parcel has gone. */
struct dp_parcel_of {
    struct dp_node to;
    const struct dp_name *names; /* arena */
    uint16_t count;
};
void dp_db_parcel_of_put(struct dp_db *db, const struct dp_digest *parcel, const struct dp_parcel_of *of);
/*
 * Keys of parts that others wrote, beside the parcel with which they wait for the next hop (R-PARC-2): `rows`
 * are records of DP_PARCEL_KEY_BYTES. They go with the parcel.
 */
#define DP_PARCEL_KEY_BYTES (DP_NAME_BYTES + 1 + 32)
void dp_db_parcel_keys_put(struct dp_db *db, const struct dp_digest *parcel, struct dp_slice rows);
/* DP_NOT_FOUND: no such record beside this parcel. */
DP_MUST enum dp_err dp_db_parcel_key(struct dp_db *db, const struct dp_digest *parcel,
                                     const struct dp_name *n, uint8_t index, struct dp_slice *key);
/* The parcel and what lies beside it. */
void dp_db_parcel_del(struct dp_db *db, const struct dp_digest *parcel);
/* DP_NOT_FOUND for any other parcel. */
DP_MUST enum dp_err dp_db_parcel_of(struct dp_db *db, const struct dp_digest *parcel, struct dp_arena *a,
                                    struct dp_parcel_of *out);

/* ---- parts ---- */
#define DP_PART_LEAVES 255
void dp_db_part_put(struct dp_db *db, const struct dp_name *n, uint8_t index, struct dp_slice wire);
DP_MUST enum dp_err dp_db_part(struct dp_db *db, const struct dp_name *n, uint8_t index,
                               struct dp_slice *wire);
void dp_db_part_del(struct dp_db *db, const struct dp_name *n, uint8_t index);
void dp_db_part_key_put(struct dp_db *db, const struct dp_name *n, uint8_t index, struct dp_slice key);
DP_MUST enum dp_err dp_db_part_key(struct dp_db *db, const struct dp_name *n, uint8_t index,
                                   struct dp_slice *key);
void dp_db_part_key_del(struct dp_db *db, const struct dp_name *n, uint8_t index);
void dp_db_grant_put(struct dp_db *db, const struct dp_name *n, uint8_t index, struct dp_slice grant);
DP_MUST enum dp_err dp_db_grant(struct dp_db *db, const struct dp_name *n, uint8_t index,
                                struct dp_slice *grant);
void dp_db_grant_del(struct dp_db *db, const struct dp_name *n, uint8_t index);

/* ---- rows with a digest, a node, a word or a running number as key ---- */
DP_MUST enum dp_err dp_db_get32(struct dp_db *db, enum dp_table t, const struct dp_digest *key,
                                struct dp_slice *v);
void dp_db_put32(struct dp_db *db, enum dp_table t, const struct dp_digest *key, struct dp_slice v);
DP_MUST enum dp_err dp_db_get64(struct dp_db *db, enum dp_table t, uint64_t key, struct dp_slice *v);
void dp_db_put64(struct dp_db *db, enum dp_table t, uint64_t key, struct dp_slice v);
void dp_db_del64(struct dp_db *db, enum dp_table t, uint64_t key);
/* First row with a key above *key (pass UINT64_MAX semantics: see *first). */
DP_MUST enum dp_err dp_db_next64(struct dp_db *db, enum dp_table t, bool first, uint64_t *key,
                                 struct dp_slice *v);
/* Largest key of the table, or 0. */
uint64_t dp_db_last64(struct dp_db *db, enum dp_table t);
DP_MUST enum dp_err dp_db_get_key(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice *v);
void dp_db_put_key(struct dp_db *db, enum dp_table t, struct dp_slice key, struct dp_slice v);
void dp_db_del_key(struct dp_db *db, enum dp_table t, struct dp_slice key);
/* Walk rows whose key starts with `prefix`, after `*key` (empty: from the start); *key is borrowed. */
DP_MUST enum dp_err dp_db_next_key(struct dp_db *db, enum dp_table t, struct dp_slice prefix,
                                   struct dp_slice *key, struct dp_slice *v);

/* ---- labels of cases ---- */
void dp_db_number_put(struct dp_db *db, const struct dp_number *n, const struct dp_subject *s);
/* By the whole number. */
DP_MUST enum dp_err dp_db_number(struct dp_db *db, struct dp_slice text, struct dp_subject *out);
/* Walk over the numbers that end in `tail` (check character included), from *at zeroed; DP_NOT_FOUND at the
 * end. */
struct dp_db_tail {
    char reversed[DP_NUMBER_TEXT];
    size_t len;
};
DP_MUST enum dp_err dp_db_tail_next(struct dp_db *db, struct dp_slice tail, struct dp_db_tail *at,
                                    struct dp_subject *out);
/* By its number in another system: each office of each node has a row of its own for it, the newest case. */
void dp_db_source_put(struct dp_db *db, const char *system, const char *no, const struct dp_office *of,
                      const struct dp_subject *s);
/* Walk over the cases that bear it, from *at zeroed; DP_NOT_FOUND at the end. */
struct dp_db_source {
    uint8_t key[DP_DB_KEY_MAX];
    size_t len;
};
DP_MUST enum dp_err dp_db_source_next(struct dp_db *db, const char *system, const char *no,
                                      struct dp_db_source *at, struct dp_subject *out);

/* ---- attachments ---- */
void dp_db_chunk_put(struct dp_db *db, const struct dp_digest *root, uint32_t index, struct dp_slice sealed);
DP_MUST enum dp_err dp_db_chunk(struct dp_db *db, const struct dp_digest *root, uint32_t index,
                                struct dp_slice *sealed);

#endif
