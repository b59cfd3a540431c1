/* SPDX-License-Identifier: Apache-2.0 */
/* Offices by name. A name is how people address a matter: no two offices have the same (R-ADM-5). */
#include <string.h>

#include "node/admin.h"

void dp_office_key(const struct dp_office *o, uint8_t out[DP_OFFICE_KEY])
{
    struct dp_wr w = dp_wr_of(out, DP_OFFICE_KEY);
    dp_wr_u64(&w, o->node.v);
    dp_wr_bytes(&w, o->slug, sizeof o->slug);
}

/* An office that was named here before. */
static bool known_office(struct dp_act *x, struct dp_office *o)
{
    struct dp_slice name;
    uint8_t key[DP_OFFICE_KEY];
    if (!dp_admin_office(x, o))
        return false;
    dp_office_key(o, key);
    if (dp_db_get_key(&x->d->db, DP_T_OFFICE, dp_slice_of(key, sizeof key), &name) == DP_OK)
        return true;
    dp_outcome_set(x->d, x->out, DP_NOT_FOUND,
                   "no such office here: %s; see `daipao office list`, or add it with `daipao office add`",
                   x->a->office);
    return false;
}

/* Another office that bears this very name, or whose id is written like it. */
static bool is_taken(struct dp_act *x, const struct dp_office *o, const char *name, struct dp_office *by)
{
    struct dp_slice key = {0}, have;
    if (dp_office_parse(dp_slice_str(name), by) == DP_OK)
        return !dp_office_eq(by, o);
    while (dp_db_next_key(&x->d->db, DP_T_OFFICE, dp_slice_of("", 0), &key, &have) == DP_OK &&
           key.len == DP_OFFICE_KEY) {
        struct dp_rd r = dp_rd_of(key);
        by->node.v = dp_rd_u64(&r);
        dp_rd_copy(&r, by->slug, sizeof by->slug);
        if (dp_slice_eq(have, dp_slice_str(name)) && !dp_office_eq(by, o))
            return true;
    }
    return false;
}

void dp_admin_office_add(struct dp_act *x)
{
    struct dp_office o, by;
    uint8_t key[DP_OFFICE_KEY];
    char text[DP_OFFICE_TEXT];
    if (!dp_admin_office(x, &o))
        return;
    const char *name = x->a->name[0] != '\0' ? x->a->name : x->a->office;
    if (is_taken(x, &o, name, &by)) {
        dp_office_format(&by, text);
        dp_outcome_set(x->d, x->out, DP_CONFLICT,
                       "the name %s: the office %s bears it; give this one another, with its place in it",
                       name, text);
        return;
    }
    if (dp_admin_dry(x))
        return;
    dp_office_key(&o, key);
    dp_db_put_key(&x->d->db, DP_T_OFFICE, dp_slice_of(key, sizeof key), dp_slice_str(name));
    dp_admin_done(x, "{\"added\":true}");
}

void dp_admin_office_set(struct dp_act *x)
{
    struct dp_office o;
    if (known_office(x, &o))
        dp_admin_office_add(x);
}

void dp_admin_office_leave(struct dp_act *x)
{
    struct dp_office o;
    uint8_t key[DP_OFFICE_KEY];
    if (!known_office(x, &o))
        return;
    if (dp_office_has_officers(x->d, &o)) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT,
                       "officers still act for %s: end their access first with `daipao officer leave`",
                       x->a->office);
        return;
    }
    if (dp_admin_dry(x))
        return;
    dp_office_key(&o, key);
    dp_db_del_key(&x->d->db, DP_T_OFFICE, dp_slice_of(key, sizeof key));
    dp_admin_done(x, "{\"left\":true}");
}
