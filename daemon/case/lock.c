/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks by hand (R-N3-10): a case is locked while a valid `lock` stands that no valid `unlock` lifts. By the
 * entries alone, so that whoever holds the same ones judges alike.
 */
#include "case/casefile.h"
#include "case/refs.h"

uint32_t dp_lock_lifted(const struct dp_casefile *f, uint32_t lock)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (dp_fact_kind_valid(&f->facts[i]) == DP_KIND_UNLOCK && f->facts[i].re == lock)
            return i;
    return DP_FACT_NONE;
}

uint32_t dp_lock_next(const struct dp_casefile *f, uint32_t from)
{
    for (uint32_t i = from; i < f->count; i++)
        if (dp_fact_kind_valid(&f->facts[i]) == DP_KIND_LOCK)
            return i;
    return DP_FACT_NONE;
}

bool dp_case_locked(const struct dp_casefile *f)
{
    for (uint32_t i = dp_lock_next(f, 0); i != DP_FACT_NONE; i = dp_lock_next(f, i + 1))
        if (dp_lock_lifted(f, i) == DP_FACT_NONE)
            return true;
    return false;
}
