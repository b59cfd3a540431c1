/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of custodies of a case and the path in force through it (R-CUS-1 to R-CUS-5).
 * Internal to case/; memory from the arena of the fold.
 */
#ifndef DP_CASE_CUSTODY_H
#define DP_CASE_CUSTODY_H

#include "case/fold.h"

/* One opening: register, accept, take, designate. */
struct dp_opening {
    uint32_t fact;
    uint32_t parent;   /* opening that it succeeds, DP_FACT_NONE for the register */
    uint32_t best;     /* successor to prefer, DP_FACT_NONE: none */
    uint32_t next;     /* successor in force, when on the path */
    bool served;       /* an opinion under it was served */
    bool served_below; /* under it, or under a custody of its branch */
    bool on_path;
};

struct dp_custodies {
    const struct dp_casefile *f;
    struct dp_opening *open; /* in fold order, so a parent precedes its successors */
    uint32_t count;
    uint32_t *of; /* fact to opening; DP_FACT_NONE: opens nothing */
};

DP_MUST enum dp_err dp_custodies_init(struct dp_custodies *c, const struct dp_casefile *f, uint32_t openings,
                                      struct dp_arena *a);
/* Facts in fold order. */
void dp_custodies_add(struct dp_custodies *c, uint32_t fact);
/* A valid serve of a valid opinion under the custody that `fact` opened. */
void dp_custodies_served(struct dp_custodies *c, uint32_t fact);
DP_MUST enum dp_err dp_custodies_choose(struct dp_custodies *c, struct dp_arena *a, struct dp_custody **path,
                                        uint32_t *count);
/* R-CUS-4, for a valid fact, after the choice. */
bool dp_custodies_superseded(const struct dp_custodies *c, uint32_t fact);

/* Sort the parties gathered by the fold and drop what is double. */
void dp_state_settle_parties(struct dp_state *s);

#endif
