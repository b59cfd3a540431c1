/* SPDX-License-Identifier: Apache-2.0 */
/* Places and offices of the routing tests: a province, two cities, two counties, townships, villages, one
 * post. */
#ifndef DP_TESTS_RELAY_PLACES_H
#define DP_TESTS_RELAY_PLACES_H

#include <stdio.h>

#include "base/id.h"

#define PROVINCE "330000000000"
#define CITY "331000000000"
#define CITY_2 "330100000000"
#define COUNTY "331023000000"
#define COUNTY_2 "331002000000"
#define HOUSING_POST "331023000000.05"
#define OTHER_POST "331023000000.06"
#define TOWN "331023001000"
#define TOWN_2 "331023002000"
#define TOWN_POST "331023001000.02"
#define VILLAGE "331023001040"
#define VILLAGE_2 "331023001041"
#define TOWN_AWAY "331002001000"

static inline struct dp_node at(const char *s)
{
    struct dp_node n = {0};

    if (dp_node_parse(dp_slice_str(s), &n) != DP_OK)
        n.v = 0;
    return n;
}

static inline struct dp_office office(const char *node, const char *slug)
{
    struct dp_office o = {.node = at(node)};

    (void)snprintf(o.slug, sizeof(o.slug), "%s", slug);
    return o;
}

#endif
