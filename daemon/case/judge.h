/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the judge carries while it looks at one fact. Internal to case/: judge.c asks the questions that
 * every kind shares, needs.c those of one kind.
 */
#ifndef DP_CASE_JUDGE_H
#define DP_CASE_JUDGE_H

#include "case/past.h"
#include "case/rights.h"

struct dp_judge {
    const struct dp_casefile *f;
    const struct dp_fact *x;
    const struct dp_right *right;
    struct dp_past past;
    bool probe; /* take target, codes and dates as right */
};

/* What the kind needs beyond its row: column "needs", targets, body. */
enum dp_void_reason dp_judge_needs(struct dp_judge *j);

/* Questions about the causal past; `c` is a custody, `re` what was answered. */
typedef bool dp_match(const struct dp_casefile *f, const struct dp_fact *k, uint32_t arg);
/* True when the past holds a valid fact of `kinds` (bits) that matches. */
bool dp_judge_past_any(struct dp_judge *j, uint64_t kinds, dp_match *match, uint32_t arg);
dp_match dp_match_custody, dp_match_re;

#endif
