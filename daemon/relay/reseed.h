/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal begun anew (R-RSD-1 to R-RSD-8): its sender asks the receiver what it holds, part by part and
 * page by page, and queues only what is missing there. Here is what decides: where the questions stand,
 * whether a page answers the one that was asked, and what a row of it means. What the rows stand for the node
 * looks up.
 */
#ifndef DP_RELAY_RESEED_H
#define DP_RELAY_RESEED_H

#include "relay/session.h"

enum dp_list_part {
    DP_LIST_CERTS = 1, /* key: digest 32 */
    DP_LIST_CHAINS =
        2, /* key: origin 8, incarnation 4; count: last block held whole; digest: of its header */
    DP_LIST_SUBJECTS = 3, /* key: subject 21; count and digest: of the entries that came from the sender */
    DP_LIST_PARCELS = 4,  /* key: digest 32 */
};

/* Keys of every part, padded with zeros behind; memcmp order. */
#define DP_LIST_KEY_BYTES 32
struct dp_list_key {
    uint8_t b[DP_LIST_KEY_BYTES];
};
#define DP_LIST_DIGEST_BYTES 16
#define DP_LIST_ROWS_MAX 1024

/* In front of the names, in the digest of a subject row. */
#define DP_LIST_CONTEXT "daipao/list/1\0\0\0"
#define DP_LIST_CONTEXT_BYTES 16

struct dp_list_row {
    struct dp_list_key key;
    uint64_t count; /* 0 in parts whose rows are keys alone */
    uint8_t digest[DP_LIST_DIGEST_BYTES];
};

/* What the receiver holds with after < key <= through: exactly these rows, rising. */
struct dp_list_page {
    uint8_t part;
    struct dp_list_key after, through;
    const struct dp_list_row *rows;
    uint32_t count;
};

/* Where the questions stand; durable at the sender. part 0: no list is owed. */
struct dp_reseed {
    uint8_t part;
    struct dp_list_key after;
};

int dp_list_key_cmp(const struct dp_list_key *a, const struct dp_list_key *b);
/* No key of any part is as high: a page through it is the last of its part. */
struct dp_list_key dp_list_key_end(void);
/* Key from its first bytes; len <= DP_LIST_KEY_BYTES. */
struct dp_list_key dp_list_key_of(const void *p, size_t len);

/* Ask from the beginning. */
void dp_reseed_begin(struct dp_reseed *r);
/* Whether the page answers the question that stands; any other is left over and means nothing. */
bool dp_reseed_fits(const struct dp_reseed *r, const struct dp_list_page *page);
/*
 * Everything up to `through` is queued. Behind the last key of a part comes the next one: certificates before
 * what is signed under them, then chains (a child sends them up) or subjects (a parent sends them down), then
 * parcels, then nothing.
 */
void dp_reseed_advance(struct dp_reseed *r, const struct dp_list_key *through, bool sender_is_parent);

/* Whether a question that covers this key is still to come: then its answer decides, and nothing else need.
 */
bool dp_reseed_to_come(const struct dp_reseed *r, uint8_t part, const struct dp_list_key *key);
/* Whether any page was dealt with, so that the receiver has known these journals. */
bool dp_reseed_moved(const struct dp_reseed *r);

/* One walk along a page beside what the sender holds, in the same order. */
struct dp_reseed_walk {
    const struct dp_list_page *page;
    uint32_t at;
    uint32_t unknown; /* rows of which the sender holds nothing */
};
/* The receiver's row for `key`, NULL when it has none. Keys of one walk rise. */
const struct dp_list_row *dp_reseed_find(struct dp_reseed_walk *w, const struct dp_list_key *key);
/* Rows that the sender never asked for, up to `through`. */
uint32_t dp_reseed_unknown(struct dp_reseed_walk *w, const struct dp_list_key *through);
/* Whether the receiver holds the same of this key; `theirs` as found. */
bool dp_reseed_same(const struct dp_list_row *ours, const struct dp_list_row *theirs);
/*
 * R-RSD-6: first block of a chain to queue, given the receiver's row (NULL: none) and whether its digest is
 * that of our block of the same number. Where it is not, that very block goes, to be refused as evidence of a
 * fork (R-CUT-1).
 */
uint64_t dp_reseed_block_from(const struct dp_list_row *theirs, bool agrees);

#endif
