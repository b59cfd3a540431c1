/* SPDX-License-Identifier: Apache-2.0 */
#include "respondents.h"

#include <string.h>

#include "register_names.h"

#define BEGINNING_BYTES_MIN 6 /* two Chinese characters */

static bool begins(struct dp_slice s, struct dp_slice with)
{
    return with.len > 0 && s.len >= with.len && memcmp(s.p, with.p, with.len) == 0;
}

/* Without the county before it. */
static struct dp_slice local(const struct dp_known_offices *k, struct dp_slice name)
{
    if (begins(name, k->county) && name.len > k->county.len)
        return dp_slice_of(name.p + k->county.len, name.len - k->county.len);
    return name;
}

static bool in_county(const struct dp_known_offices *k, const struct dp_known_office *o)
{
    return dp_node_div(o->office.node).v / DP_DIVISIONS_OF_COUNTY == k->within.v / DP_DIVISIONS_OF_COUNTY;
}

/* Whether office `o` may be meant: by its whole name, or by the beginning of it. */
static bool matches(const struct dp_known_offices *k, const struct dp_known_office *o, struct dp_slice name,
                    bool whole)
{
    struct dp_slice have = dp_slice_str(o->name);

    if (whole && dp_slice_eq(have, name))
        return true;
    if (!in_county(k, o))
        return false;
    return whole ? dp_slice_eq(local(k, have), local(k, name))
                 : name.len >= BEGINNING_BYTES_MIN && begins(local(k, have), local(k, name));
}

enum dp_err dp_office_of_name(const struct dp_known_offices *k, struct dp_slice name, size_t *at)
{
    for (int whole = 1; whole >= 0; whole--) {
        size_t hits = 0, hit = 0;
        for (size_t i = 0; i < k->count; i++) {
            if (matches(k, &k->list[i], name, whole == 1)) {
                hit = i;
                hits++;
            }
        }
        if (hits == 1)
            *at = hit;
        if (hits > 0)
            return hits == 1 ? DP_OK : DP_AMBIGUOUS;
    }
    return DP_NOT_FOUND;
}

/* What nobody named would let through: a division's own node at a county or above. */
static bool is_high(const struct dp_known_office *o)
{
    struct dp_div d = dp_node_div(o->office.node);

    return d.v % DP_DIVISIONS_OF_COUNTY == 0 && dp_node_eq(o->office.node, dp_node_of(d, 0));
}

void dp_respondents_of(const struct dp_known_offices *k, struct dp_slice field, struct dp_respondents *out)
{
    struct dp_names names;
    bool high = false;
    size_t at;

    memset(out, 0, sizeof(*out));
    dp_names_split(field, &names);
    out->unsure = names.count > DP_RESPONDENTS_CODED_MAX;
    for (uint32_t i = 0; i < names.count && i < DP_RESPONDENTS_CODED_MAX; i++) {
        if (dp_office_of_name(k, names.list[i], &at) != DP_OK) {
            out->unsure = true;
            continue;
        }
        out->ids[out->count++] = k->list[at].id;
        high = high || is_high(&k->list[at]);
    }
    if (out->unsure && !high)
        out->count = 0;
}
