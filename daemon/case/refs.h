/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small questions about one fact and what it refers to, shared by the judge, the fold and the
 * due dates. Internal to case/. An index given must be of a valid fact, whose references
 * are therefore resolved and of the kinds its row allows.
 */
#ifndef DP_CASE_REFS_H
#define DP_CASE_REFS_H

#include "case/casefile.h"

/* dp_fact.foreign: which reference names an entry of another subject. */
enum dp_foreign { DP_FOREIGN_PREV = 1, DP_FOREIGN_CUSTODY = 2, DP_FOREIGN_RE = 4 };

/* Bit of a kind below 64. */
static inline uint64_t dp_kind_bit(uint32_t kind)
{
    return kind < 64 ? UINT64_C(1) << kind : 0;
}

#define DP_BIT(name) (UINT64_C(1) << DP_KIND_##name)
#define DP_BITS_OFFER (DP_BIT(TRANSFER) | DP_BIT(ASSIGN) | DP_BIT(REFER_UP) | DP_BIT(DESIGNATE))
#define DP_BITS_ORDER (DP_BIT(SUPERVISE) | DP_BIT(REMIND))
#define DP_BITS_OPEN (DP_BIT(REGISTER) | DP_BIT(ACCEPT) | DP_BIT(TAKE) | DP_BIT(DESIGNATE))
/* What the daemon of the addressee acknowledges with `arrive`. */
#define DP_BITS_DELIVERED                                                                                    \
    (DP_BITS_OFFER | DP_BITS_ORDER | DP_BIT(OBJECT) | DP_BIT(OBJECTION_ANSWER) | DP_BIT(ANSWER) |            \
     DP_BIT(REPORT_BACK))

/* Kind as the fold acts on it: the kind of a valid fact, 0 for any other. */
static inline uint8_t dp_fact_kind_valid(const struct dp_fact *x)
{
    return x->verdict == DP_VALID ? x->e.kind : DP_KIND_NONE;
}

/* An offer of the case itself, not a request to co-handle or to serve papers. */
bool dp_ref_is_custody_offer(const struct dp_fact *x);
/* The custody under which an offer stands; a designation stands under the custody it opens. */
uint32_t dp_ref_offer_custody(const struct dp_casefile *f, uint32_t offer);
/* The custody under which a fact acts: its own, or that of the opinion it serves. DP_FACT_NONE: none. */
uint32_t dp_ref_custody(const struct dp_casefile *f, const struct dp_fact *x);
/* Office to which a fact of one of DP_BITS_DELIVERED is addressed. */
const struct dp_office *dp_ref_addressee(const struct dp_casefile *f, const struct dp_fact *x);
/* True when every reference of decided fact i may be followed as its verdict promises. */
bool dp_ref_links_ok(const struct dp_casefile *f, uint32_t i);

/* Room for `count` facts: memory of facts, slots and scratch together. DP_FULL, DP_NOMEM. */
DP_MUST enum dp_err dp_casefile_reserve(struct dp_casefile *f, uint32_t count);
/* Make slots and counters anew from the facts. */
void dp_casefile_reindex(struct dp_casefile *f);

#endif
