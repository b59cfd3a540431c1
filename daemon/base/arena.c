/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks form a list, newest first; only the newest is filled. Each is twice the one
 * before, up to keep_bytes, so that after a few turns one kept chunk holds a whole turn.
 * With keep_bytes 0 a reset gives every chunk back, and the address sanitizer then sees
 * a pointer used past its turn.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 16
#define FIRST_BYTES 4096

struct dp_arena_chunk {
    struct dp_arena_chunk *next;
    size_t size;
    size_t used;
    alignas(ALIGN) uint8_t bytes[];
};

void dp_arena_init(struct dp_arena *a, size_t cap_bytes, size_t keep_bytes)
{
    *a = (struct dp_arena){.cap_bytes = cap_bytes, .keep_bytes = keep_bytes};
}

static void free_all(struct dp_arena_chunk *c)
{
    while (c != NULL) {
        struct dp_arena_chunk *next = c->next;
        free(c);
        c = next;
    }
}

void dp_arena_fini(struct dp_arena *a)
{
    free_all(a->head);
    *a = (struct dp_arena){.cap_bytes = a->cap_bytes, .keep_bytes = a->keep_bytes};
}

/* Take the largest chunk that may be kept out of the list; NULL when there is none. */
static struct dp_arena_chunk *take_kept(struct dp_arena *a)
{
    struct dp_arena_chunk **best = NULL;
    struct dp_arena_chunk *kept;

    for (struct dp_arena_chunk **c = &a->head; *c != NULL; c = &(*c)->next) {
        if ((*c)->size <= a->keep_bytes && (best == NULL || (*c)->size > (*best)->size))
            best = c;
    }
    if (best == NULL)
        return NULL;
    kept = *best;
    *best = kept->next;
    return kept;
}

void dp_arena_reset(struct dp_arena *a)
{
    struct dp_arena_chunk *kept = take_kept(a);

    free_all(a->head);
    a->head = kept;
    a->used_bytes = 0;
    if (kept != NULL) {
        kept->next = NULL;
        kept->used = 0;
    }
}

static size_t next_size(const struct dp_arena *a, size_t need)
{
    size_t left = a->cap_bytes - a->used_bytes;
    size_t most = a->keep_bytes > FIRST_BYTES ? a->keep_bytes : FIRST_BYTES;
    size_t size = FIRST_BYTES;

    if (a->head != NULL)
        size = a->head->size > most / 2 ? most : a->head->size * 2;
    if (size > left)
        size = left;
    return size > need ? size : need;
}

/* Put a chunk with room for `need` bytes in front; NULL when memory is out. */
static struct dp_arena_chunk *grow(struct dp_arena *a, size_t need)
{
    size_t size = next_size(a, need);
    struct dp_arena_chunk *c = malloc(sizeof(*c) + size);

    if (c == NULL) {
        a->starved = true;
        return NULL;
    }
    *c = (struct dp_arena_chunk){.next = a->head, .size = size};
    a->head = c;
    return c;
}

void *dp_arena_alloc(struct dp_arena *a, size_t len)
{
    size_t need = len == 0 ? ALIGN : (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct dp_arena_chunk *c = a->head;
    uint8_t *p;

    if (need < len || need > a->cap_bytes - a->used_bytes)
        return NULL;
    if (c == NULL || need > c->size - c->used)
        c = grow(a, need);
    if (c == NULL)
        return NULL;
    p = c->bytes + c->used;
    c->used += need;
    a->used_bytes += need;
    return memset(p, 0, need);
}

void *dp_arena_array(struct dp_arena *a, size_t n, size_t size)
{
    size_t len;

    if (__builtin_mul_overflow(n, size, &len))
        return NULL;
    return dp_arena_alloc(a, len);
}

struct dp_slice dp_arena_copy(struct dp_arena *a, struct dp_slice s, bool *failed)
{
    uint8_t *p = dp_arena_alloc(a, s.len);

    if (p == NULL) {
        *failed = true;
        return dp_slice_of(NULL, 0);
    }
    if (s.len > 0)
        memcpy(p, s.p, s.len);
    return dp_slice_of(p, s.len);
}

char *dp_arena_str(struct dp_arena *a, struct dp_slice s)
{
    char *p = s.len < SIZE_MAX ? dp_arena_alloc(a, s.len + 1) : NULL;

    if (p != NULL && s.len > 0)
        memcpy(p, s.p, s.len);
    return p;
}
