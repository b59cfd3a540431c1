/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-WIT-1: the time of a fact, clamped to the bounds that a witness gives. Of several
 * witnesses the highest tier's counts, then the first in fold order. R-WIT-2: which days may be claimed.
 */
#include "case/fold.h"
#include "case/refs.h"

static const struct dp_fact *witness_of(const struct dp_casefile *f, uint32_t i)
{
    const struct dp_fact *best = NULL;

    if (f->witnesses == 0)
        return NULL;
    for (uint32_t k = 0; k < f->count; k++) {
        const struct dp_fact *w = &f->facts[k];
        if (dp_fact_kind_valid(w) == DP_KIND_WITNESS && w->re == i &&
            (best == NULL || w->from.tier < best->from.tier))
            best = w;
    }
    return best;
}

int64_t dp_fact_at_ms(const struct dp_casefile *f, uint32_t i)
{
    const struct dp_fact *w = witness_of(f, i);
    int64_t at = f->facts[i].e.at_ms;

    if (w != NULL && at < w->e.body.not_before_ms)
        return w->e.body.not_before_ms;
    if (w != NULL && at > w->e.body.not_after_ms)
        return w->e.body.not_after_ms;
    return at;
}

/* The date claimed: of the receipt; for papers served, of their receipt by the petitioner; else of the act.
 */
struct dp_date dp_claim(const struct dp_entry *e)
{
    if (e->kind == DP_KIND_SERVE && !dp_date_is_none(e->body.date))
        return e->body.date;
    return dp_date_is_none(e->receipt) ? dp_date_of_ms(e->at_ms) : e->receipt;
}

struct dp_date dp_fact_receipt(const struct dp_casefile *f, uint32_t i)
{
    const struct dp_fact *w = witness_of(f, i);
    struct dp_date d = dp_claim(&f->facts[i].e);
    struct dp_date low, high;

    if (w == NULL)
        return d;
    low = dp_date_of_ms(w->e.body.not_before_ms);
    high = dp_date_of_ms(w->e.body.not_after_ms);
    if (d.day < low.day)
        return low;
    return d.day > high.day ? high : d;
}

/* ---- R-WIT-2 ---- */

/* 1996-01-01, when the first national regulation came into force: no register that a case can come from is
 * older. */
#define FIRST_DAY 9496

struct dp_date dp_claim_first(const struct dp_casefile *f, const struct dp_entry *e, uint32_t re)
{
    if (e->kind == DP_KIND_REGISTER || re == DP_FACT_NONE)
        return (struct dp_date){FIRST_DAY};
    return dp_date_of_ms(dp_fact_at_ms(f, re));
}

bool dp_claim_fits(const struct dp_casefile *f, const struct dp_entry *e, uint32_t re, struct dp_date last)
{
    struct dp_date d = dp_claim(e);

    if (d.day == dp_date_of_ms(e->at_ms).day)
        return true; /* as good as the clock, which a witness judges by itself (R-WIT-1) */
    return d.day >= dp_claim_first(f, e, re).day && d.day <= last.day;
}
