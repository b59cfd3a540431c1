/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sealed chunk of an attachment on its way (R-FILE-2). It carries the proof that it stands where it says
 * under the root that the attachment's entry names, so that each is judged alone when it comes: nothing that
 * was changed on the way is ever kept, and no chunk waits for another.
 */
#ifndef DP_WIRE_CHUNK_H
#define DP_WIRE_CHUNK_H

#include "base/arena.h"
#include "base/slice.h"
#include "port/suite.h"

#define DP_CHUNK_BYTES 16384u /* of plain text; the last of a file may be shorter */
#define DP_CHUNKS_MAX 2048u
#define DP_CHUNK_PATH_MAX 11

struct dp_chunk {
    struct dp_digest root;
    uint32_t count, index;
    uint8_t path_count;
    struct dp_digest path[DP_CHUNK_PATH_MAX]; /* siblings, from the leaf up */
    struct dp_slice sealed;
};

void dp_chunk_leaf(const struct dp_suite *suite, uint32_t index, struct dp_slice sealed,
                   struct dp_digest *out);

/* The tree over the leaves of one file, by which all its chunks are proved. */
struct dp_chunk_tree {
    uint32_t count;
    struct dp_digest *level[DP_CHUNK_PATH_MAX + 1]; /* 0: the leaves; arena */
};
/* Of 1 to DP_CHUNKS_MAX leaves, which are copied. DP_RANGE, DP_NOMEM. */
DP_MUST enum dp_err dp_chunk_tree_make(const struct dp_suite *suite, const struct dp_digest *leaves,
                                       uint32_t count, struct dp_arena *a, struct dp_chunk_tree *out);
struct dp_digest dp_chunk_root(const struct dp_chunk_tree *t);
/* Everything of chunk `index` but its sealed bytes. */
void dp_chunk_prove(const struct dp_chunk_tree *t, uint32_t index, struct dp_chunk *out);

/* Wire form: root 32, then its record: count u32, index u32, the siblings (how many follows from both),
 * sealed bytes. */
size_t dp_chunk_wire_bytes(uint32_t count, uint32_t index, size_t sealed_len);
DP_MUST enum dp_err dp_chunk_put(const struct dp_chunk *c, struct dp_wr *w);
/* Borrows. DP_FORMAT; DP_SIGNATURE when it does not prove itself. */
DP_MUST enum dp_err dp_chunk_get(const struct dp_suite *suite, struct dp_slice wire, struct dp_chunk *out);
/* The sealed bytes of a record that was proved before; DP_FORMAT. */
DP_MUST enum dp_err dp_chunk_sealed(struct dp_slice record, struct dp_slice *out);

#endif
