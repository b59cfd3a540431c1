/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule N3: who must never learn of an accusation or a confidential matter (R22 30 and 46; domain 6, privacy
 * rules 1 and 2). It reads only what the register entry says, so every sender on the way comes to the same
 * answer. What cannot be judged is denied.
 */
#include "relay/route.h"

#include <string.h>

/* R-N3-1 */
bool dp_n3_protected(const struct dp_reg *reg, bool locked)
{
    return locked || reg->purpose == DP_PURPOSE_ACCUSATION ||
           (reg->flags & (DP_REG_CONFIDENTIAL | DP_REG_LOCK)) != 0;
}

bool dp_n3_is_bureau(struct dp_node n)
{
    enum dp_tier tier = dp_node_tier(n);

    return dp_node_post(n) == 0 && tier >= DP_TIER_PROVINCE && tier <= DP_TIER_COUNTY;
}

bool dp_n3_heads(const struct dp_office *o)
{
    static const char *const heads[] = {"bureau", "office", "gov"};

    if (!dp_n3_is_bureau(o->node))
        return true;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (strcmp(o->slug, heads[i]) == 0)
            return true;
    }
    return false;
}

/* The node itself or the nearest above it where a bureau can be; {0} when the code is no code. */
static struct dp_node first_bureau(struct dp_node n)
{
    while (n.v != 0 && !dp_n3_is_bureau(n))
        n = dp_node_parent(n);
    return n;
}

/* R-N3-2, nobody named: everything below a bureau may be the accused. */
static bool denies_unnamed(struct dp_node registrar, struct dp_node target)
{
    struct dp_node bureau = first_bureau(registrar);

    if (bureau.v == 0 || !dp_n3_is_bureau(target))
        return true;
    return dp_node_covers(bureau, target) && !dp_node_eq(bureau, target);
}

static uint8_t respondent_count(const struct dp_reg *reg)
{
    return reg->respondent_count <= DP_RESPONDENTS_MAX ? reg->respondent_count : DP_RESPONDENTS_MAX;
}

bool dp_n3_denies_node(const struct dp_reg *reg, bool locked, struct dp_node registrar, struct dp_node target)
{
    if (!dp_n3_protected(reg, locked))
        return false;
    if (dp_node_tier(target) == DP_TIER_NONE)
        return true;
    if (reg->respondent_count == 0)
        return denies_unnamed(registrar, target);
    for (uint8_t i = 0; i < respondent_count(reg); i++) {
        const struct dp_office *r = &reg->respondents[i];
        if (dp_n3_heads(r) && dp_node_covers(r->node, target))
            return true;
    }
    return false;
}

/* R-N3-6: on a shared node the office itself, and in the subtree the offices of the same system. */
bool dp_n3_denies_office(const struct dp_reg *reg, bool locked, struct dp_node registrar,
                         const struct dp_office *o)
{
    if (!dp_n3_protected(reg, locked))
        return false;
    if (dp_n3_denies_node(reg, locked, registrar, o->node))
        return true;
    for (uint8_t i = 0; i < respondent_count(reg); i++) {
        const struct dp_office *r = &reg->respondents[i];
        struct dp_node home = dp_node_of(dp_node_div(r->node), 0);
        if (strncmp(r->slug, o->slug, DP_SLUG_MAX) == 0 && dp_node_covers(home, o->node))
            return true;
    }
    return false;
}

bool dp_n3_denies_some(const struct dp_reg *reg, bool locked, struct dp_node registrar,
                       const struct dp_office *offices, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (dp_n3_denies_office(reg, locked, registrar, &offices[i]))
            return true;
    }
    return false;
}

/*
 * R-N3-4. An entry of self's chain is read by every node above self. A denied node above means a denied self,
 * as the whole subtree of a respondent is denied; so it is enough to look at self, and any ancestor that is
 * not denied has none above that is.
 */
bool dp_n3_road(const struct dp_reg *reg, struct dp_node self, const struct dp_node *above, unsigned count,
                struct dp_node *to)
{
    *to = (struct dp_node){0};
    if (!dp_n3_denies_node(reg, false, self, self))
        return true;
    for (unsigned i = 0; i < count; i++) {
        if (!dp_n3_takes(reg, self, above[i]))
            continue;
        *to = above[i];
        return true;
    }
    return false;
}

bool dp_n3_takes(const struct dp_reg *reg, struct dp_node sender, struct dp_node self)
{
    return dp_n3_is_bureau(self) && dp_node_covers(self, sender) && !dp_node_eq(self, sender) &&
           dp_n3_denies_node(reg, false, sender, sender) && !dp_n3_denies_node(reg, false, sender, self);
}
