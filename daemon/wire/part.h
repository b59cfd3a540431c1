/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts (persons and free text), grants (the key of a part for one node) and parcels (sealed,
 * padded items for one node): R-PART-1, R-PART-2, R-PARC-1. All randomness comes in from outside.
 */
#ifndef DP_WIRE_PART_H
#define DP_WIRE_PART_H

#include "base/arena.h"
#include "case/entry.h"
#include "port/random.h"
#include "port/suite.h"

enum dp_part_kind {
    DP_PART_PETITIONERS = 1,
    DP_PART_RESPONDENT = 2,
    DP_PART_CONTENT = 3,
    DP_PART_TEXT = 4,
    DP_PART_KEY = 5,
};
const char *dp_part_kind_word(uint8_t kind);

#define DP_PART_PLAIN_MAX 32768
#define DP_PETITIONERS_MAX 5

/* A sealed part. */
struct dp_part {
    uint8_t kind;
    uint8_t index;
    uint8_t salt[16];
    struct dp_digest commit; /* key commitment */
    struct dp_slice sealed;
};

void dp_part_leaf(const struct dp_suite *suite, const struct dp_part *p, struct dp_digest *out);
/* Root over n parts in index order. */
void dp_parts_root(const struct dp_suite *suite, const struct dp_part *parts, size_t n,
                   struct dp_digest *out);

/* Seal `plain` under a new random key. sealed is allocated from `a`. */
DP_MUST enum dp_err dp_part_seal(const struct dp_suite *suite, const struct dp_random *rnd, uint8_t kind,
                                 uint8_t index, struct dp_slice plain, struct dp_arena *a,
                                 struct dp_part *out, struct dp_key *key);
/* DP_SIGNATURE when the key is not the committed one or the bytes were changed. */
DP_MUST enum dp_err dp_part_open(const struct dp_suite *suite, const struct dp_part *p,
                                 const struct dp_key *key, struct dp_arena *a, struct dp_slice *plain);

/* Wire form of one part: kind 1, index 1, salt 16, commitment 32, length 4, sealed. Appends / reads. */
DP_MUST enum dp_err dp_part_put(const struct dp_part *p, struct dp_buf *out);
DP_MUST enum dp_err dp_part_get(struct dp_rd *r, struct dp_part *out); /* sealed borrowed */

/*
 * Proof that part i belongs to an entry's root when other parts are withheld: the leaves of the
 * others. For at most DP_PARTS_MAX parts simply all leaves are carried.
 */

struct dp_grant {
    struct dp_name entry;
    uint8_t index;
    struct dp_node recipient;
    uint8_t key_id[8];
    struct dp_key ephemeral;
    uint8_t sealed[32 + DP_TAG_BYTES];
};
#define DP_GRANT_BYTES (DP_NAME_BYTES + 1 + 8 + 8 + 32 + 48)

/*
 * Sealing towards one recipient: one ephemeral key and one agreement for many grants and parcels
 * (every derived key is still single-use by its info). Renew per turn of the loop.
 */
struct dp_sealer {
    const struct dp_suite *suite;
    struct dp_node recipient;
    struct dp_key recipient_pub;
    struct dp_key ephemeral_pub;
    struct dp_key shared; /* secret */
    uint64_t counter;     /* number of parcels so far: part of their info */
};
DP_MUST enum dp_err dp_sealer_init(struct dp_sealer *s, const struct dp_suite *suite,
                                   const struct dp_random *rnd, struct dp_node recipient,
                                   const struct dp_key *recipient_pub);
void dp_sealer_fini(struct dp_sealer *s); /* wipes */

DP_MUST enum dp_err dp_grant_seal(struct dp_sealer *s, const struct dp_name *entry, uint8_t index,
                                  const struct dp_key *part_key, struct dp_grant *out);
DP_MUST enum dp_err dp_grant_open(const struct dp_suite *suite, const struct dp_grant *g,
                                  const struct dp_key *seal_priv, struct dp_key *part_key);
void dp_grant_put(const struct dp_grant *g, uint8_t out[DP_GRANT_BYTES]);
DP_MUST enum dp_err dp_grant_get(struct dp_slice s, struct dp_grant *out);

enum dp_parcel_kind {
    DP_PARCEL_CONTENT = 1, /* parts and grants of entries (struct dp_content) */
    DP_PARCEL_MATTER = 2,  /* a protected matter to be registered by the receiver */
    DP_PARCEL_RECEIPT = 3, /* the answer to it */
    DP_PARCEL_CHUNK = 4,   /* attachment: a chunk with its proof (wire/chunk.h) */
    DP_PARCEL_POST = 5,    /* a post, full or empty (wire/post.h) */
    DP_PARCEL_STATE = 6,   /* what a protected matter became, for the neighbour who took it in */
};
#define DP_PARCEL_PLAIN_MAX 131072
#define DP_PARCEL_PAD 512
#define DP_PARCEL_BODY_MAX (DP_PARCEL_PLAIN_MAX - 5)

/* Append the sealed parcel (R-PARC-1) to `out`. */
DP_MUST enum dp_err dp_parcel_seal(struct dp_sealer *s, uint8_t kind, struct dp_slice body,
                                   struct dp_arena *a, struct dp_buf *out);
/* How many bytes the parcel of a body has. */
size_t dp_parcel_bytes(size_t body_len);
/* Where it goes, without opening. */
DP_MUST enum dp_err dp_parcel_recipient(struct dp_slice parcel, struct dp_node *out);
DP_MUST enum dp_err dp_parcel_open(const struct dp_suite *suite, struct dp_slice parcel,
                                   const struct dp_key *seal_priv, struct dp_arena *a, uint8_t *kind,
                                   struct dp_slice *body);

/*
 * Content parcel body: any number of records, each: entry name 20, leaf count u8, leaves (32 each, all parts
 * of the entry in order), part count u8, the parts (wire form), grant count u8, the grants.
 */
struct dp_content {
    struct dp_name entry;
    uint8_t leaf_count;
    struct dp_digest leaves[DP_PARTS_MAX];
    uint8_t part_count;
    struct dp_part parts[DP_PARTS_MAX]; /* sealed borrowed */
    uint8_t grant_count;
    struct dp_grant grants[DP_PARTS_MAX];
};
DP_MUST enum dp_err dp_content_put(const struct dp_content *c, struct dp_buf *out);
/* Next record of a body; DP_NOT_FOUND at the end. Checks that each part's leaf stands among the leaves. */
DP_MUST enum dp_err dp_content_next(const struct dp_suite *suite, struct dp_rd *r, struct dp_content *out);

/* ---- plain texts of parts ---- */

struct dp_petitioner {
    const char *name, *id_no, *phone, *address, *proxy_name, *proxy_note; /* NULL or UTF-8 */
    uint32_t id_type, gender;
    struct dp_div address_div;
    struct dp_date birth;
    bool anonymous, main;
};
/* The plain text of a part, by kind; unused fields NULL. Text fields at most 16 KiB together. */
struct dp_part_text {
    uint8_t kind;
    uint8_t petitioner_count;
    struct dp_petitioner petitioners[DP_PETITIONERS_MAX];
    const char *respondent_name, *respondent_org, *respondent_rank;
    const char *title, *summary, *content, *demand;
    const char *text;
    struct dp_key key;
    const char *file_name;
};
DP_MUST enum dp_err dp_part_text_encode(const struct dp_part_text *t, struct dp_buf *out);
/* The field for which dp_part_text_encode refused it: the first one out of its range, else the longest text.
 * A static word, as the command line names the field. */
const char *dp_part_text_fault(const struct dp_part_text *t);
/* Strings from `a`. R-FMT-2 checks. */
DP_MUST enum dp_err dp_part_text_decode(uint8_t kind, struct dp_slice plain, struct dp_arena *a,
                                        struct dp_part_text *out);

#endif
