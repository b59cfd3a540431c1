/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one case says of another (R-N3-7). A link is an entry of the case that it stands in, and goes where
 * that case goes; so it must not name a protected matter to an office that may learn nothing of it. The
 * office that would write such an entry is refused; what others wrote is kept back where it is sent, and not
 * shown.
 */
#include "node/command.h"

/* The protected case that an entry belongs to; NULL: none, as far as is known here. */
static const struct dp_slot *protected_case(struct dp_daemon *d, const struct dp_name *n)
{
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *n};
    struct dp_slice bytes;
    struct dp_entry e;
    enum dp_err err;
    const struct dp_slot *slot = dp_cache_find(d, &s, &err);
    if (slot == NULL && dp_entry_bytes(d, n, &bytes) == DP_OK &&
        dp_entry_decode(bytes, n, &d->turn, &e) == DP_OK && e.subject.type == DP_SUBJECT_CASE)
        slot = dp_cache_find(d, &e.subject, &err);
    if (slot == NULL || !slot->f.has_reg || !dp_n3_protected(&slot->f.reg, dp_locked(d, &slot->f.subject)))
        return NULL;
    return slot;
}

bool dp_named_denies_office(struct dp_daemon *d, const struct dp_casefile *f, uint32_t i,
                            const struct dp_office *o)
{
    struct dp_name abroad[DP_ABROAD_MAX];
    uint32_t n = dp_route_abroad(f, i, abroad);
    for (uint32_t k = 0; k < n; k++) {
        const struct dp_slot *x = protected_case(d, &abroad[k]);
        if (x != NULL &&
            dp_n3_denies_office(&x->f.reg, dp_locked(d, &x->f.subject), x->f.subject.name.origin, o))
            return true;
    }
    return false;
}

bool dp_named_denies_node(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_name *entry,
                          struct dp_node to)
{
    struct dp_name abroad[DP_ABROAD_MAX];
    uint32_t i = dp_casefile_find(f, entry);
    uint32_t n = i == DP_FACT_NONE ? 0 : dp_route_abroad(f, i, abroad);
    for (uint32_t k = 0; k < n; k++) {
        const struct dp_slot *x = protected_case(d, &abroad[k]);
        if (x != NULL &&
            dp_n3_denies_node(&x->f.reg, dp_locked(d, &x->f.subject), x->f.subject.name.origin, to))
            return true;
    }
    return false;
}

bool dp_named_found(struct dp_daemon *d, const struct dp_caller *c, const struct dp_subject *other)
{
    enum dp_err err;
    const struct dp_slot *slot = dp_cache_find(d, other, &err);
    return slot != NULL && slot->f.has_reg &&
           !dp_n3_denies_office(&slot->f.reg, dp_locked(d, other), other->name.origin, &c->office);
}

/* The case that the entry ties to this one, which everybody here would then know of. */
static bool tells_of(struct dp_daemon *d, const struct dp_state *st, const struct dp_entry *e)
{
    const struct dp_slot *x =
        dp_kind_shape(e->kind) == DP_SHAPE_RELATION ? protected_case(d, &e->body.other) : NULL;
    return x != NULL && dp_n3_denies_some(&x->f.reg, dp_locked(d, &x->f.subject), x->f.subject.name.origin,
                                          st->parties, st->party_count);
}

/* Whom the entry makes a party, who then gets the whole history. */
static bool lets_in(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_office *to)
{
    if (dp_office_is_none(to))
        return false;
    if (f->has_reg && dp_n3_denies_office(&f->reg, dp_locked(d, &f->subject), f->subject.name.origin, to))
        return true;
    for (uint32_t i = 0; i < f->count; i++)
        if (dp_named_denies_office(d, f, i, to))
            return true;
    return false;
}

enum dp_err dp_named_judge(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_state *st,
                           const struct dp_entry *e)
{
    return lets_in(d, f, &e->body.to) || tells_of(d, st, e) ? DP_DENIED : DP_OK;
}
