/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may have what of a case, from the domain and the design alone (domain 6, privacy rules; design 5): no
 * function of the code under test is asked, but for names and codes. A wider answer than the exact one is
 * given where time plays a part (once a party, always a party), so a breach that it sees is one.
 */
#include <string.h>

#include "sim/oracle.h"

static bool concerns(const struct oracle_entry *e, struct dp_node n, bool below)
{
    bool addressed = e->kind == DP_KIND_TRANSFER || e->kind == DP_KIND_ASSIGN ||
                     e->kind == DP_KIND_REFER_UP || e->kind == DP_KIND_DESIGNATE ||
                     e->kind == DP_KIND_SUPERVISE || e->kind == DP_KIND_REMIND;
    bool acts = e->kind == DP_KIND_REGISTER || e->kind == DP_KIND_ACCEPT || e->kind == DP_KIND_TAKE ||
                e->kind == DP_KIND_DESIGNATE || addressed;
    if (e->verdict != DP_VALID) /* I13 */
        return false;
    if (acts && (below ? dp_node_covers(n, e->office.node) : dp_node_eq(n, e->office.node)))
        return true;
    return addressed && (below ? dp_node_covers(n, e->to.node) : dp_node_eq(n, e->to.node));
}

static bool party(const struct oracle_case *k, struct dp_node n, bool below)
{
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case)
        if (concerns(e, n, below))
            return true;
    return false;
}

bool right_party_at(const struct oracle_case *k, struct dp_node n)
{
    return party(k, n, false);
}

bool right_party_below(const struct oracle_case *k, struct dp_node n)
{
    return party(k, n, true);
}

/* ---- accusations ---- */

static bool is_division_of_county_or_above(struct dp_node n)
{
    return dp_node_post(n) == 0 && dp_node_tier(n) <= DP_TIER_COUNTY;
}

static bool heads(const struct dp_office *o)
{
    return !is_division_of_county_or_above(o->node) || strcmp(o->slug, "bureau") == 0 ||
           strcmp(o->slug, "office") == 0 || strcmp(o->slug, "gov") == 0;
}

bool right_denied(const struct oracle_case *k, struct dp_node n)
{
    return k->has_reg &&
           (k->reg.purpose == DP_PURPOSE_ACCUSATION ||
            (k->reg.flags & (DP_REG_CONFIDENTIAL | DP_REG_LOCK)) != 0) &&
           right_denied_locked(k, n);
}

bool right_denied_locked(const struct oracle_case *k, struct dp_node n)
{
    struct dp_node bureau = k->subject.name.origin;
    for (uint8_t i = 0; i < k->reg.respondent_count; i++)
        if (heads(&k->reg.respondents[i]) && dp_node_covers(k->reg.respondents[i].node, n))
            return true;
    if (k->reg.respondent_count > 0)
        return false;
    while (bureau.v != 0 && !is_division_of_county_or_above(bureau))
        bureau = dp_node_parent(bureau);
    return !is_division_of_county_or_above(n) || (dp_node_covers(bureau, n) && !dp_node_eq(bureau, n));
}

bool right_to_entry(const struct oracle_case *k, const struct oracle_entry *e, struct dp_node n)
{
    if (dp_node_eq(n, e->name.origin))
        return true;
    if (right_denied(k, n))
        return false;
    return dp_node_covers(n, e->name.origin) || right_party_below(k, n);
}

bool right_to_part(const struct oracle_case *k, const struct oracle_entry *e, struct dp_node n)
{
    if (dp_node_eq(n, e->name.origin))
        return true;
    if (right_denied(k, n))
        return false;
    return right_party_at(k, n) || dp_node_eq(n, dp_node_parent(k->subject.name.origin));
}
