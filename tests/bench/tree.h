/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that the benchmarks run on: city, county, township and village as real daemons, and an officer
 * who issues at one of them over its control socket: waves of cases with 20 entries each, whose words differ
 * as those of real papers do. A call that cannot work ends the program.
 */
#ifndef DP_BENCH_TREE_H
#define DP_BENCH_TREE_H

#include "base/slice.h"
#include "rig.h"

#define TREE_PER_CASE 20

struct tree {
    struct proc_rig rig;
    struct proc_node *city, *county, *township, *village;
    struct proc_node *issuer; /* who is asked: the village, or the city where it is alone */
    uint64_t sent, answered, refused;
    uint32_t cases;
    uint32_t papers; /* counts official numbers */
    char (*numbers)[40];
};

/* `cases` a wave; the village issues. */
void tree_new(struct tree *t, const char *daemon, uint32_t cases);
/* One root and nobody else. */
void tree_new_alone(struct tree *t, const char *daemon, uint32_t cases);
void tree_free(struct tree *t);

/* Register the wave's cases; returns when all have their numbers. */
void tree_register(struct tree *t);
/* `rounds` further entries for each case of the wave, at most `batch` to a request; up to 8 requests under
 * way. */
void tree_work(struct tree *t, uint32_t rounds, uint32_t batch);
/* Exactly `n` entries on cases of the wave in one request; returns after the answer. */
void tree_issue(struct tree *t, uint32_t n);
void tree_drain(struct tree *t);

/* Entries as stored at a node that does not run, in order of seq. `at` has one offset more than entries. */
struct tree_entries {
    struct dp_buf bytes;
    size_t *at;
    uint64_t count;
};
void tree_entries(const struct proc_node *n, uint64_t origin, struct tree_entries *out);
void tree_entries_free(struct tree_entries *e);

/* A counter out of the query `link` about `peer`; -1 when absent. */
int64_t tree_link_number(struct proc_node *n, const char *peer, const char *field);

#endif
