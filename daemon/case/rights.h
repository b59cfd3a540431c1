/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of rights (RULES.md section 3) as data, and the verdict of one ready entry by it
 * (R-VAL-1). The same function answers for the issuing node ("may I?") and for everybody else.
 */
#ifndef DP_CASE_RIGHTS_H
#define DP_CASE_RIGHTS_H

#include "case/casefile.h"

enum dp_relation {
    DP_REL_ANY,
    DP_REL_HOLDER,
    DP_REL_ADDRESSEE_NODE, /* daemon of the node that hosts the addressee */
    DP_REL_ADDRESSEE,
    DP_REL_OFFERER,
    DP_REL_ISSUER,
    DP_REL_SUPERIOR_OF_HOLDER,
    DP_REL_SUPERIOR_OF_TO,
    DP_REL_SUPERIOR_OF_REGISTRAR,
    DP_REL_PARTY,
    DP_REL_PARENT,
    DP_REL_COVERS,
    DP_REL_OWN_NODE,
    DP_REL_HOLDER_OR_SERVER,
    DP_REL_HOLDER_OR_SUPERIOR,
    DP_REL_PARTY_OR_SUPERIOR,  /* of the registrar */
    DP_REL_ISSUER_OR_SUPERIOR, /* of the issuer of `re` */
    DP_REL_ANSWERER,           /* issuer of the offer that `re` objects to */
};

struct dp_right {
    uint8_t kind;
    uint8_t tiers;        /* bit per enum dp_tier */
    uint8_t tiers_errand; /* further tiers when the case is an errand */
    uint8_t roles;        /* mask of enum dp_role */
    uint8_t roles_errand; /* further roles when the case is an errand */
    uint8_t relation;     /* enum dp_relation */
    bool custody;         /* `custody` required */
    uint64_t re_kinds;    /* bit per kind < 64 allowed for `re`; 0 = none allowed; bit 0 = may be absent */
    bool opens;           /* opens custody */
};

extern const struct dp_right dp_rights[];
extern const uint32_t dp_rights_count;
const struct dp_right *dp_right_of(uint32_t kind);
/* R-HEAD-1: issued only by the head of the office. */
bool dp_right_is_the_heads(uint32_t kind);
/* True when an entry under this row may name one of `kind` in `re`. */
bool dp_right_allows_re(const struct dp_right *r, uint32_t kind);

/*
 * Verdict of fact `i`, whose references are ready; DP_VOID_NONE = valid. Reads only the
 * causal past of `i` in `f`.
 */
enum dp_void_reason dp_rights_judge(const struct dp_casefile *f, uint32_t i);

/*
 * The same for a fact that is not in the file yet: `x` lies elsewhere, its indices are resolved
 * in `f` and ready. With `probe`, what the body says (target, codes, dates) is taken as right: "could this
 * office issue the kind at all?"
 */
enum dp_void_reason dp_rights_judge_new(const struct dp_casefile *f, const struct dp_fact *x, bool probe);

/* R-VAL-3: a step lies at most this far above the highest of its references. */
#define DP_STEP_JUMP_MAX 65536u

#endif
