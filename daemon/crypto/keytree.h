/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrapping key (R-STO-6): a binary tree of keys, each made from the one above it, with one leaf for each
 * row of the store. Kept are the topmost keys that cover all leaves but the destroyed ones. Destroying leaves
 * replaces the keys above them by those beside the way down, so that every other leaf is as it was, and
 * nothing leads to the destroyed ones any more: not from this tree, and not from any that follows.
 */
#ifndef DP_CRYPTO_KEYTREE_H
#define DP_CRYPTO_KEYTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "port/suite.h"

#define DP_KEYTREE_BITS 42
#define DP_KEYTREE_LEAVES (UINT64_C(1) << DP_KEYTREE_BITS)
#define DP_KEYTREE_NODE_BYTES 41
#define DP_KEYTREE_NODES_MAX (1u << 20) /* 40 MiB */

struct dp_keytree_node {
    uint64_t first; /* leaf */
    uint8_t depth;  /* covers 2^(BITS - depth) leaves */
    struct dp_key key;
};

struct dp_keytree {
    struct dp_keytree_node *node; /* by first leaf; locked memory */
    uint32_t count;
    uint32_t cap;
    /* The way to the leaf that was asked for last. */
    bool walked;
    uint64_t at;
    uint32_t from; /* node that it starts at */
    struct dp_key way[DP_KEYTREE_BITS + 1];
};

/* All leaves under one key. DP_NOMEM. Fini wipes. */
DP_MUST enum dp_err dp_keytree_init(struct dp_keytree *t, const struct dp_key *root);
void dp_keytree_fini(struct dp_keytree *t);

/* DP_NOT_FOUND: that leaf is destroyed, or is none. */
DP_MUST enum dp_err dp_keytree_leaf(struct dp_keytree *t, uint64_t leaf, struct dp_key *out);
/* The first leaf from `leaf` on that is not destroyed; DP_KEYTREE_LEAVES: none. */
uint64_t dp_keytree_next(const struct dp_keytree *t, uint64_t leaf);
/* Into the blank *out: `t` without `n` leaves, which rise. DP_FULL past DP_KEYTREE_NODES_MAX; DP_NOMEM. */
DP_MUST enum dp_err dp_keytree_without(const struct dp_keytree *t, const uint64_t *leaves, size_t n,
                                       struct dp_keytree *out);

/* Per node: first leaf 8, depth 1, key 32. `out` has room for count * DP_KEYTREE_NODE_BYTES. */
void dp_keytree_put(const struct dp_keytree *t, uint8_t *out);
/* DP_FORMAT: it is no tree. */
DP_MUST enum dp_err dp_keytree_get(struct dp_slice s, struct dp_keytree *out);

#endif
