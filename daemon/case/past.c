/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depth-first walk with an explicit stack: every fact is pushed at most once, so the stack
 * never holds more than the file. References of ready facts are acyclic (R-RDY-1).
 */
#include "case/past.h"

#include <string.h>

/* Layout of the scratch: set of the past, set of marks, stack. */
static size_t set_words(uint32_t cap)
{
    return (cap + 63u) / 64u;
}

size_t dp_past_words(uint32_t cap)
{
    return 2 * set_words(cap) + (cap + 1u) / 2u;
}

static uint64_t *marks(const struct dp_casefile *f)
{
    return f->scratch + set_words(f->cap);
}

static uint32_t *stack(const struct dp_casefile *f)
{
    return (uint32_t *)(void *)(f->scratch + 2 * set_words(f->cap));
}

static bool bit_test(const uint64_t *set, uint32_t i)
{
    return (set[i / 64] >> (i % 64) & 1) != 0;
}

static void bit_set(uint64_t *set, uint32_t i)
{
    set[i / 64] |= UINT64_C(1) << (i % 64);
}

struct dp_past dp_past_of(const struct dp_casefile *f, const struct dp_fact *of)
{
    return (struct dp_past){.f = f, .of = of};
}

static uint32_t push(const struct dp_casefile *f, uint32_t depth, uint32_t i)
{
    if (i == DP_FACT_NONE || bit_test(f->scratch, i))
        return depth;
    bit_set(f->scratch, i);
    stack(f)[depth] = i;
    return depth + 1;
}

static uint32_t push_refs(const struct dp_casefile *f, uint32_t depth, const struct dp_fact *x)
{
    depth = push(f, depth, x->prev);
    depth = push(f, depth, x->custody);
    return push(f, depth, x->re);
}

static void walk(const struct dp_past *p)
{
    const struct dp_casefile *f = p->f;
    uint32_t depth;

    memset(f->scratch, 0, set_words(f->count) * sizeof(*f->scratch));
    depth = push_refs(f, 0, p->of);
    while (depth > 0) {
        uint32_t i = stack(f)[--depth];
        depth = push_refs(f, depth, &f->facts[i]);
    }
}

bool dp_past_has(struct dp_past *p, uint32_t i)
{
    if (!p->walked) {
        walk(p);
        p->walked = true;
    }
    return bit_test(p->f->scratch, i);
}

void dp_past_marks_clear(const struct dp_casefile *f)
{
    memset(marks(f), 0, set_words(f->count) * sizeof(*f->scratch));
}

void dp_past_mark(const struct dp_casefile *f, uint32_t i)
{
    bit_set(marks(f), i);
}

bool dp_past_marked(const struct dp_casefile *f, uint32_t i)
{
    return bit_test(marks(f), i);
}
