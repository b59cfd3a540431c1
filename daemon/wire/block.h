/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks: a run of one node's entries under one signature, whole (upward) or pruned
 * (downward). R-BLK-1 to R-BLK-5 give the layouts; golden vectors pin them.
 */
#ifndef DP_WIRE_BLOCK_H
#define DP_WIRE_BLOCK_H

#include "base/arena.h"
#include "base/id.h"
#include "port/suite.h"

#define DP_HEADER_BYTES 208
#define DP_HEADER_SIGNED 144
#define DP_BLOCK_ENTRIES_MAX 1024
#define DP_BLOCK_RAW_MAX 196608 /* entries with their lengths, before compression */
#define DP_BLOCK_WIRE_MAX (DP_HEADER_BYTES + 16 + DP_BLOCK_RAW_MAX + 1024)
#define DP_SECRET_BYTES 16
#define DP_SALT_BYTES 16

struct dp_header {
    uint8_t suite;
    bool first; /* first block of its incarnation */
    uint16_t count;
    uint32_t inc;
    struct dp_node origin;
    uint64_t number;
    uint64_t first_seq;
    struct dp_digest cert;
    struct dp_digest prev;
    struct dp_digest root;
    struct dp_sig sig;
};

void dp_header_put(const struct dp_header *h, uint8_t out[DP_HEADER_BYTES]);
/* Shape only: context, known suite, count, numbers. */
DP_MUST enum dp_err dp_header_get(struct dp_slice s, struct dp_header *out);
/* Digest over the signed 144 bytes. */
void dp_header_digest(const struct dp_suite *suite, const struct dp_header *h, struct dp_digest *out);
bool dp_header_verify(const struct dp_suite *suite, const struct dp_header *h, const struct dp_key *pub);

struct dp_shown {
    uint16_t index; /* in the block; seq = first_seq + index */
    uint8_t salt[DP_SALT_BYTES];
    struct dp_slice bytes;
};

/* A decoded block. Everything it points at lives in the arena of the decode. */
struct dp_block {
    struct dp_header h;
    bool whole;
    uint8_t secret[DP_SECRET_BYTES]; /* whole only */
    struct dp_shown *shown;          /* rising index; all of them when whole */
    uint16_t shown_count;
    struct dp_digest *hidden; /* pruned: digests of maximal hidden subtrees, left to right */
    uint16_t hidden_count;
    struct dp_digest
        *leaves; /* whole: digests of all leaves, kept so that pruning need not hash again; or NULL */
};

/* Header fields that the sealer gives; root, count and signature are made. */
struct dp_seal {
    const struct dp_suite *suite;
    const struct dp_key *sign_seed;
    struct dp_digest cert;
    struct dp_node origin;
    uint32_t inc;
    uint64_t number, first_seq;
    bool first;
    struct dp_digest prev;
    uint8_t secret[DP_SECRET_BYTES];
    int zstd_level;
};

/* Seal n entries; appends the wire form of the whole block to `out` and gives the header. */
DP_MUST enum dp_err dp_block_seal(const struct dp_seal *in, const struct dp_slice *entries, uint16_t n,
                                  struct dp_arena *a, struct dp_buf *out, struct dp_header *header);

/* How many of `entries` fit into one block by R-BLK-4. */
uint16_t dp_block_fit(const struct dp_slice *entries, size_t n);

/*
 * Decode a whole block: header, decompression (capped), entries, and its root recomputed and compared.
 * The signature is the caller's to verify (it needs the certificate). DP_FORMAT, DP_TOO_BIG, DP_SIGNATURE
 * (root).
 */
DP_MUST enum dp_err dp_block_decode(const struct dp_suite *suite, struct dp_slice wire, struct dp_arena *a,
                                    struct dp_block *out);
/* The same for a pruned block (R-BLK-5). */
DP_MUST enum dp_err dp_block_decode_pruned(const struct dp_suite *suite, struct dp_slice wire,
                                           struct dp_arena *a, struct dp_block *out);

/*
 * Show only the entries at `indices` (rising, each shown in `b`): appends the wire form of a pruned
 * block. Works from a whole or a pruned block; DP_NOT_FOUND when an index is hidden in `b`.
 */
DP_MUST enum dp_err dp_block_prune(const struct dp_suite *suite, const struct dp_block *b,
                                   const uint16_t *indices, uint16_t n, struct dp_arena *a,
                                   struct dp_buf *out);

/* RFC 6962 root of n leaves (n >= 1); `leaves` is used as scratch and destroyed. */
void dp_merkle_root(const struct dp_suite *suite, struct dp_digest *leaves, size_t n, struct dp_digest *root);

#endif
