/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a command to an entry: fill in subject references (prev, custody, re, step) from the state as
 * this node sees it, and judge the entry before it is issued (R-VAL-7). Pure: the caller gives
 * the office, officer, clock and body.
 */
#ifndef DP_CASE_PLAN_H
#define DP_CASE_PLAN_H

#include "case/fold.h"

struct dp_plan_input {
    enum dp_kind kind;
    struct dp_office office;
    uint32_t officer;
    struct dp_origin from; /* this node's certificate */
    struct dp_name name;   /* the name the entry will have */
    int64_t at_ms;
    bool at_synced;
    struct dp_date receipt;
    struct dp_body body;
    struct dp_name re; /* none: the obvious one (the open offer, the last order to this office, ...) */
};

/*
 * Build the entry into *out. DP_STEP_INVALID with *reason and the mask of kinds that this office could
 * issue now in *valid_kinds (bit per kind < 64) when it is not valid; DP_NOT_ENTITLED when the office is no
 * party and not above; DP_CONFLICT when the same step was done differently already. Beyond validity by causal
 * past, it also refuses what the whole state here shows to be pointless (acting under a superseded custody,
 * a second opinion).
 * parts are the caller's to add (part_count, parts_root).
 */
DP_MUST enum dp_err dp_plan(const struct dp_casefile *f, const struct dp_state *s,
                            const struct dp_plan_input *in, struct dp_entry *out, enum dp_void_reason *reason,
                            uint64_t *valid_kinds);

/* Kinds that `office` (with certificate `from`) could validly issue now. */
uint64_t dp_plan_valid_kinds(const struct dp_casefile *f, const struct dp_state *s,
                             const struct dp_office *office, const struct dp_origin *from);

#endif
