/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bump allocator for what lives one turn of the loop (or one message). It has a hard
 * cap, so that bytes from a peer cannot make it grow without bound: an allocation past
 * the cap gives NULL, which the caller turns into DP_NOMEM. Reset frees everything at
 * once and keeps at most `keep` bytes of chunks.
 */
#ifndef DP_BASE_ARENA_H
#define DP_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct dp_arena_chunk;

struct dp_arena {
    struct dp_arena_chunk *head;
    size_t used_bytes; /* handed out since the last reset */
    size_t cap_bytes;  /* hard limit of used_bytes */
    size_t keep_bytes; /* kept over a reset */
    bool starved;      /* malloc failed since the owner last set this to false */
};

void dp_arena_init(struct dp_arena *a, size_t cap_bytes, size_t keep_bytes);
void dp_arena_fini(struct dp_arena *a);
void dp_arena_reset(struct dp_arena *a);

/* Zeroed, aligned to 16; NULL past the cap or on failure of malloc. len 0 gives a valid pointer. */
void *dp_arena_alloc(struct dp_arena *a, size_t len);
/* n * size with overflow check. */
void *dp_arena_array(struct dp_arena *a, size_t n, size_t size);
/* A copy; {NULL, 0} with *failed set when there was no room. */
struct dp_slice dp_arena_copy(struct dp_arena *a, struct dp_slice s, bool *failed);
/* NUL-terminated copy or NULL. */
char *dp_arena_str(struct dp_arena *a, struct dp_slice s);

#define DP_NEW(arena, type) ((type *)dp_arena_alloc((arena), sizeof(type)))
#define DP_NEW_ARRAY(arena, type, n) ((type *)dp_arena_array((arena), (n), sizeof(type)))

#endif
