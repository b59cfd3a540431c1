/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one case says of another (R-N3-7). A link is an entry of the case that it stands in, and goes where
 * that case goes; so it must not name a protected matter to an office that may learn nothing of it. The
 * office that would write such an entry is refused; what others wrote is kept back where it is sent, and not
 * shown.
 */
#include "node/command.h"

/* The case that an entry belongs to. DP_NOT_FOUND: it is of none that is known here. */
static enum dp_err case_of(struct dp_daemon *d, const struct dp_name *n, const struct dp_slot **out)
{
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *n};
    struct dp_slice bytes;
    struct dp_entry e;
    enum dp_err err;
    *out = dp_cache_find(d, &s, &err);
    if (*out != NULL || err != DP_NOT_FOUND)
        return err;
    err = dp_entry_bytes(d, n, &bytes);
    if (err == DP_OK)
        err = dp_entry_decode(bytes, n, &d->turn, &e);
    if (err == DP_OK && e.subject.type != DP_SUBJECT_CASE)
        return DP_NOT_FOUND;
    if (err == DP_OK)
        *out = dp_cache_find(d, &e.subject, &err);
    return dp_is_ours(err) || err == DP_OK ? err : DP_NOT_FOUND;
}

/* Whether the protected case that an entry belongs to is denied to somebody. What cannot be judged is denied.
 */
typedef bool denies_fn(const struct dp_slot *x, bool locked, const void *who);

static bool of_protected(struct dp_daemon *d, const struct dp_name *n, denies_fn *denies, const void *who)
{
    const struct dp_slot *x;
    enum dp_err e = case_of(d, n, &x);
    if (e != DP_OK)
        return e != DP_NOT_FOUND;
    bool locked = dp_case_locked(&x->f);
    return x->f.has_reg && dp_n3_protected(&x->f.reg, locked) && denies(x, locked, who);
}

static bool denies_office(const struct dp_slot *x, bool locked, const void *office)
{
    return dp_n3_denies_office(&x->f.reg, locked, x->f.subject.name.origin, office);
}

static bool denies_node(const struct dp_slot *x, bool locked, const void *node)
{
    return dp_n3_denies_node(&x->f.reg, locked, x->f.subject.name.origin, *(const struct dp_node *)node);
}

static bool denies_party(const struct dp_slot *x, bool locked, const void *state)
{
    const struct dp_state *st = state;
    return dp_n3_denies_some(&x->f.reg, locked, x->f.subject.name.origin, st->parties, st->party_count);
}

bool dp_named_denies_office(struct dp_daemon *d, const struct dp_casefile *f, uint32_t i,
                            const struct dp_office *o)
{
    struct dp_name abroad[DP_ABROAD_MAX];
    uint32_t n = dp_route_abroad(f, i, abroad);
    for (uint32_t k = 0; k < n; k++)
        if (of_protected(d, &abroad[k], denies_office, o))
            return true;
    return false;
}

bool dp_named_denies_node(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_name *entry,
                          struct dp_node to)
{
    struct dp_name abroad[DP_ABROAD_MAX];
    uint32_t i = dp_casefile_find(f, entry);
    uint32_t n = i == DP_FACT_NONE ? 0 : dp_route_abroad(f, i, abroad);
    for (uint32_t k = 0; k < n; k++)
        if (of_protected(d, &abroad[k], denies_node, &to))
            return true;
    return false;
}

/* The case that the entry ties to this one, which everybody here would then know of. */
static bool tells_of(struct dp_daemon *d, const struct dp_state *st, const struct dp_entry *e)
{
    return dp_kind_shape(e->kind) == DP_SHAPE_RELATION && of_protected(d, &e->body.other, denies_party, st);
}

/* Whom the entry makes a party, who then gets the whole history. */
static bool lets_in(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_office *by,
                    const struct dp_office *to)
{
    if (dp_office_is_none(to))
        return false;
    if (f->has_reg && dp_n3_denies_office(&f->reg, dp_case_locked(f), f->subject.name.origin, to))
        return true;
    /* Who does not see an entry is not told of it by a refusal: it is kept back where it is sent. */
    for (uint32_t i = 0; i < f->count; i++)
        if (dp_named_denies_office(d, f, i, to) && !dp_named_denies_office(d, f, i, by))
            return true;
    return false;
}

enum dp_err dp_named_judge(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_state *st,
                           const struct dp_entry *e)
{
    return lets_in(d, f, &e->office, &e->body.to) || tells_of(d, st, e) ? DP_DENIED : DP_OK;
}
