/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a local session may see of cases. Questions and steps ask here and nowhere else, so that what is not
 * seen changes no byte of any answer (R-N3-9): a matter that N3 keeps from an office is to that office what a
 * matter of others is, and that is nothing.
 */
#include "node/sight.h"

#include <string.h>

static bool office_above(const struct dp_office *o, struct dp_node registrar)
{
    return dp_office_role(o) == DP_ROLE_BUREAU && dp_node_covers(o->node, registrar);
}

uint32_t dp_sight_tag(const struct dp_daemon *d, const struct dp_office *o)
{
    uint8_t b[8 + DP_SLUG_MAX + 1];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    struct dp_digest digest;

    dp_wr_u64(&w, o->node.v);
    dp_wr_bytes(&w, o->slug, sizeof o->slug);
    struct dp_slice in = dp_wr_slice(&w);
    d->suite->hash(&in, 1, &digest);
    return (uint32_t)digest.b[0] << 24 | (uint32_t)digest.b[1] << 16 | (uint32_t)digest.b[2] << 8 |
           digest.b[3];
}

/* ---- a case without what names another (R-N3-7) ---- */

static bool is_told(struct dp_daemon *d, const struct dp_caller *c, const struct dp_casefile *f, uint32_t i)
{
    return !dp_named_denies_office(d, f, i, &c->office);
}

static enum dp_err leave_out(struct dp_daemon *d, const struct dp_caller *c, const struct dp_casefile *f,
                             struct dp_casefile *copy)
{
    struct dp_insert done;
    enum dp_err e = DP_OK;

    dp_casefile_fini(copy);
    dp_casefile_init(copy, &f->subject);
    for (uint32_t i = 0; i < f->count && e == DP_OK; i++) {
        struct dp_entry x = f->facts[i].e;
        if (!is_told(d, c, f, i))
            continue;
        x.reg = x.kind == DP_KIND_REGISTER ? &f->reg : NULL;
        e = dp_casefile_insert(copy, &x, &f->facts[i].from, NULL, NULL, &done);
    }
    return e;
}

/* ---- one case ---- */

enum dp_err dp_sight_look(struct dp_daemon *d, const struct dp_caller *c, const struct dp_casefile *f,
                          struct dp_arena *arena, struct dp_seen *out)
{
    const struct dp_office *o = &c->office;
    enum dp_err e = DP_OK;
    uint32_t i = 0;

    out->f = f;
    out->view = DP_VIEW_NONE;
    if (!c->has_office ||
        (f->has_reg && dp_n3_denies_office(&f->reg, dp_case_locked(f), f->subject.name.origin, o)))
        return DP_OK;
    while (i < f->count && is_told(d, c, f, i))
        i++;
    if (i < f->count) {
        e = leave_out(d, c, f, &out->copy);
        out->f = &out->copy;
    }
    if (e == DP_OK)
        e = dp_fold(out->f, arena, &out->s);
    if (e != DP_OK)
        return e;
    if (dp_state_is_party(&out->s, o))
        out->view = DP_VIEW_PARTY;
    else if (office_above(o, f->subject.name.origin))
        out->view = DP_VIEW_CODED;
    return DP_OK;
}

bool dp_sight_of_node(const struct dp_caller *c)
{
    return c->is_root || c->is_technician;
}

enum dp_err dp_sight_slot(struct dp_daemon *d, const struct dp_caller *c, const struct dp_subject *s,
                          struct dp_slot **slot)
{
    struct dp_seen seen;
    enum dp_err e;
    struct dp_slot *x = dp_cache_find(d, s, &e);

    if (x == NULL)
        return e;
    dp_casefile_init(&seen.copy, s);
    dp_arena_reset(&d->look);
    e = dp_sight_look(d, c, &x->f, &d->look, &seen);
    if (e == DP_OK && seen.view == DP_VIEW_NONE)
        e = DP_NOT_FOUND;
    dp_casefile_fini(&seen.copy);
    if (e == DP_OK)
        *slot = x;
    else
        dp_cache_pass(d, x);
    return e;
}

/* Among the numbers that end so, the one that is seen. */
static enum dp_err find_tail(struct dp_daemon *d, const struct dp_caller *c, struct dp_slice tail,
                             struct dp_slot **slot)
{
    struct dp_db_tail at = {0};
    struct dp_slot *found = NULL, *x;
    struct dp_subject s;

    for (unsigned n = 0; dp_db_tail_next(&d->db, tail, &at, &s) == DP_OK; n++) {
        enum dp_err e = n < DP_SIGHT_LOOK_MAX ? dp_sight_slot(d, c, &s, &x) : DP_AMBIGUOUS;
        if (e == DP_NOT_FOUND)
            continue;
        if (e != DP_OK || found != NULL)
            return e != DP_OK ? e : DP_AMBIGUOUS;
        found = x;
    }
    *slot = found;
    return found != NULL ? DP_OK : DP_NOT_FOUND;
}

enum dp_err dp_sight_find(struct dp_daemon *d, const struct dp_caller *c, const char *ref,
                          struct dp_slot **slot)
{
    struct dp_subject s = {.type = DP_SUBJECT_CASE};

    if (ref[0] == '\0')
        return DP_NOT_FOUND;
    if (dp_name_parse(dp_slice_str(ref), &s.name) == DP_OK)
        return dp_sight_slot(d, c, &s, slot);
    return find_tail(d, c, dp_slice_str(ref), slot);
}
