/* SPDX-License-Identifier: Apache-2.0 */
/* The usual tree of a scenario: city, county, township and two villages, each with its office. */
#ifndef DP_TESTS_TREE_H
#define DP_TESTS_TREE_H

#include "act.h"
#include "check.h"

#define CITY "331000000000"
#define COUNTY "331023000000"
#define TOWNSHIP "331023105000"
#define VILLAGE "331023105200"
#define SIBLING "331023105201"

struct tree {
    struct proc_rig rig;
    struct proc_node *city, *county, *township, *village, *sibling;
};

/* Called for every node between lay-out and start; may be NULL. */
typedef void tree_lay(struct tree *t, struct proc_node *n, void *ctx);

/* All of them enrolled and linked; without the sibling unless asked for. */
void tree_grow(struct tree *t, const char *daemon, bool sibling, tree_lay *lay, void *ctx);
/* Dial again after a moment; only the daemon with probes can be told so. */
void tree_quick(struct proc_node *n, const char *probe);
/* An ordinary matter registered at `n`; waits until `above` has it. */
void tree_relay(struct proc_node *n, struct proc_node *above, struct act_result *r);

#endif
