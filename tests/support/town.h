/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that most tests of the loop stand in: a city, a county, two townships, three villages, each with
 * its first office. It is enrolled once a program; each test works on a copy of it.
 */
#ifndef DP_TESTS_TOWN_H
#define DP_TESTS_TOWN_H

#include "support/cluster.h"

#define CITY "331000000000"
#define COUNTY "331023000000"
#define TOWN "331023105000"
#define OTHER_TOWN "331023106000"
#define VILLAGE "331023105001"
#define SIBLING "331023105002"
#define OTHER_VILLAGE "331023106001"

struct town {
    struct cluster *c;
    struct cl_node *city, *county, *town, *other_town, *village, *sibling, *other_village;
};

/* Group fixtures. */
int town_build(void **state);
int town_drop(void **state);

void town_open(struct town *t, uint64_t seed);
void town_close(struct town *t);
/* Until rest, at most an hour. */
void town_settle(struct town *t);
/* A plain matter. */
struct cl_result town_register(struct cl_node *n);
/* All of `nodes` see the same state of the case. */
void town_assert_equal(const struct dp_name *of_case, struct cl_node *const *nodes, unsigned count);
/* And no other node knows it. */
void town_assert_same(struct town *t, const struct dp_name *of_case, struct cl_node *const *nodes,
                      unsigned count);
/* Whether the node can read the text of a part; another text than `what` fails. */
bool town_reads(struct cl_node *n, const struct dp_name *entry, uint8_t index, const char *what);
struct dp_date town_today(const struct town *t);

#endif
