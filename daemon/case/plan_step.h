/* SPDX-License-Identifier: Apache-2.0 */
/* A planned step on its way to the judge. Internal to case/: plan.c builds it, pointless.c looks at it. */
#ifndef DP_CASE_PLAN_STEP_H
#define DP_CASE_PLAN_STEP_H

#include "case/plan.h"

struct dp_step {
    const struct dp_casefile *f;
    const struct dp_state *s;
    struct dp_fact x;
};

/* What the whole state here shows against the step; DP_VOID_NONE: nothing. */
enum dp_void_reason dp_step_pointless(const struct dp_step *p);
/* Valid fact of `kind` about `re` that this node has issued, or DP_FACT_NONE. */
uint32_t dp_step_receipt_of(const struct dp_step *p, uint8_t kind, uint32_t re);

#endif
