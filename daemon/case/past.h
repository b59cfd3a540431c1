/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The causal past of a fact: the closure of prev, custody and re within the file. Walked
 * at most once, and only when somebody asks, on the scratch memory of the file; so one past of a file is
 * alive at a time. Internal to case/.
 */
#ifndef DP_CASE_PAST_H
#define DP_CASE_PAST_H

#include "case/casefile.h"

struct dp_past {
    const struct dp_casefile *f;
    const struct dp_fact *of; /* need not lie in the file; its references do */
    bool walked;
};

struct dp_past dp_past_of(const struct dp_casefile *f, const struct dp_fact *of);
/* True when fact i is in the past; the fact itself is not. */
bool dp_past_has(struct dp_past *p, uint32_t i);

/* A second set of facts of the same file, for a caller that marks while it reads a past. */
void dp_past_marks_clear(const struct dp_casefile *f);
void dp_past_mark(const struct dp_casefile *f, uint32_t i);
bool dp_past_marked(const struct dp_casefile *f, uint32_t i);

/* 64-bit words that a file with room for `cap` facts needs: two sets and a stack. */
size_t dp_past_words(uint32_t cap);

#endif
