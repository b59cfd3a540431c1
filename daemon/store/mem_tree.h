/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A B+ tree that is copied on write: nodes and records carry the stamp of the write that
 * made them, and only what carries the stamp of the current write is changed in place.
 * An old root therefore stays a snapshot for as long as what it reached is not freed.
 * An empty tree is NULL.
 */
#ifndef DP_STORE_MEM_TREE_H
#define DP_STORE_MEM_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct dp_mem_node;

/* Things replaced by a write, to be freed once no snapshot needs them. */
struct dp_mem_trash {
    void **p;
    size_t n;
    size_t cap;
};

struct dp_mem_write {
    uint64_t stamp; /* larger than that of every write before */
    struct dp_mem_trash trash;
};

/* A record in a leaf; leaf NULL = none. */
struct dp_mem_spot {
    const struct dp_mem_node *leaf;
    unsigned i;
};

enum dp_mem_rel { DP_MEM_LT, DP_MEM_LE, DP_MEM_GE, DP_MEM_GT };

/* The record nearest to `key` in the relation `rel` to it. The empty key is below all. */
struct dp_mem_spot dp_mem_seek(const struct dp_mem_node *root, struct dp_slice key, enum dp_mem_rel rel);
struct dp_mem_spot dp_mem_last(const struct dp_mem_node *root);
/* The neighbour of `s` within its leaf, forward or back; none when that is another leaf's. */
struct dp_mem_spot dp_mem_beside(struct dp_mem_spot s, bool forward);
struct dp_slice dp_mem_key(struct dp_mem_spot s);
struct dp_slice dp_mem_val(struct dp_mem_spot s);

/* DP_NOMEM (nothing changed) or DP_OK; *old_bytes: what the replaced record took, 0 when new. */
DP_MUST enum dp_err dp_mem_put(struct dp_mem_write *w, struct dp_mem_node **root, struct dp_slice key,
                               struct dp_slice val, size_t *old_bytes);
/* False when there is none. */
bool dp_mem_del(struct dp_mem_write *w, struct dp_mem_node **root, struct dp_slice key, size_t *old_bytes);
/* What a record of these sizes takes. */
size_t dp_mem_record_bytes(size_t key_len, size_t val_len);

/* Free what the write of `stamp` made below `root`, leaving the rest to older roots. */
void dp_mem_free_since(struct dp_mem_node *root, uint64_t stamp);
/* Free what is in the trash, and empty it; its own array stays. */
void dp_mem_trash_burn(struct dp_mem_trash *t);
/* Move everything to `to`. */
void dp_mem_trash_move(struct dp_mem_trash *from, struct dp_mem_trash *to);
/* Take out what a write up to `stamp` made: it is in use again. */
void dp_mem_trash_spare(struct dp_mem_trash *t, uint64_t stamp);
void dp_mem_trash_fini(struct dp_mem_trash *t);

#endif
