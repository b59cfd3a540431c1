/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References between facts. What a verdict promises about them is written once here
 * (dp_ref_links_ok), so that a file read back from the store cannot lead the fold astray.
 */
#include "case/refs.h"

#include "case/rights.h"

bool dp_ref_is_custody_offer(const struct dp_fact *x)
{
    return dp_kind_is_offer(x->e.kind) && x->e.body.code2 == DP_DUTY_HANDLE;
}

uint32_t dp_ref_offer_custody(const struct dp_casefile *f, uint32_t offer)
{
    return f->facts[offer].e.kind == DP_KIND_DESIGNATE ? offer : f->facts[offer].custody;
}

uint32_t dp_ref_custody(const struct dp_casefile *f, const struct dp_fact *x)
{
    return x->e.kind == DP_KIND_SERVE ? f->facts[x->re].custody : x->custody;
}

const struct dp_office *dp_ref_addressee(const struct dp_casefile *f, const struct dp_fact *x)
{
    if (dp_kind_bit(x->e.kind) & (DP_BITS_OFFER | DP_BITS_ORDER))
        return &x->e.body.to;
    return &f->facts[x->re].e.office; /* an answer goes to whom it answers */
}

static bool custody_ok(const struct dp_casefile *f, uint32_t i, const struct dp_right *right)
{
    uint32_t c = f->facts[i].custody;

    if (c == DP_FACT_NONE)
        return !right->custody;
    return c < i && dp_kind_opens(dp_fact_kind_valid(&f->facts[c]));
}

static bool re_ok(const struct dp_casefile *f, uint32_t i, const struct dp_right *right)
{
    const struct dp_fact *x = &f->facts[i];
    const struct dp_fact *re;

    if (x->re == DP_FACT_NONE)
        return right->re_kinds == 0 || (right->re_kinds & 1) != 0;
    re = &f->facts[x->re];
    if (x->re >= i || !dp_right_allows_re(right, re->e.kind))
        return false;
    /* R-VAL-2: a void entry may be withdrawn or corrected, to no effect. */
    return re->verdict == DP_VALID ||
           (re->verdict == DP_VOIDED && (x->e.kind == DP_KIND_WITHDRAW || x->e.kind == DP_KIND_CORRECT));
}

bool dp_ref_links_ok(const struct dp_casefile *f, uint32_t i)
{
    const struct dp_fact *x = &f->facts[i];
    const struct dp_right *right = dp_right_of(x->e.kind);

    if (x->verdict != DP_VALID || right == NULL)
        return true;
    if (x->e.kind == DP_KIND_REGISTER && !(f->has_reg && dp_name_eq(&x->e.name, &f->subject.name)))
        return false;
    return custody_ok(f, i, right) && re_ok(f, i, right);
}
