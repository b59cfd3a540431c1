/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trees of a history, enrolled through the real enrolment, once in a process and the same for every seed.
 * The large one is the county of Tiantai as published: 1 county, 15 townships, 395 villages, and 30
 * departments of the county on nodes of their own, below the city.
 */
#include "sim/sim.h"
#include "sim/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka_all.h"

#define CITY "331000000000"
#define COUNTY "331023000000"
#define DEPARTMENTS 30
#define VILLAGES 395
#define KEEP_MS INT64_C(1800000) /* two exchanges an hour */
#define TREE_SEED 1
#define BUILT_MAX 32

/* Parents first; the first one is the root. */
struct tree {
    const char *name;
    uint32_t weight; /* how often a seed chooses it */
    const char *const *nodes;
};

static const char *const pair[] = {CITY, COUNTY, NULL};
static const char *const line[] = {CITY, COUNTY, "331023105000", "331023105001", NULL};
static const char *const town[] = {CITY,           COUNTY,         "331023105000", "331023106000",
                                   "331023105001", "331023105002", "331023106001", NULL};
static const char *const halls[] = {CITY,
                                    COUNTY,
                                    "331023000000.01",
                                    "331023000000.02",
                                    "331023105000",
                                    "331023105001",
                                    "331002000000",
                                    "331023106000",
                                    "331023106001",
                                    "331023000000.03",
                                    NULL};

/* A relay and what it could notice (tests/sim/worlds); no seed chooses it. */
static const char *const relay[] = {CITY,           COUNTY,         "331023105000",
                                    "331023106000", "331023105001", "331023105002",
                                    "331023105003", "331023106001", NULL};

static const struct tree trees[] = {
    {"pair", 1, pair}, {"line", 2, line}, {"town", 4, town}, {"halls", 3, halls}, {"relay", 0, relay}};
#define TREES (sizeof(trees) / sizeof(trees[0]))

#define POST_EVERY_MIN 480 /* a few in each history; a history ends when what waits for them is there */

static struct cluster *empty(void)
{
    struct cluster *c = cluster_new(TREE_SEED);
    tape_stores(false, &c->stores);
    c->options.keep_ms = KEEP_MS;
    c->tidy_late_ms = 2 * KEEP_MS;
    c->options.post_every = POST_EVERY_MIN;
    c->redial_doubles = 6;
    return c;
}

static void parent_text(const char *id, char out[DP_NODE_TEXT])
{
    struct dp_node n;
    assert_ok(dp_node_parse(dp_slice_str(id), &n));
    dp_node_format(dp_node_parent(n), out);
}

static void enroll(struct cluster *c, const char *id)
{
    char above[DP_NODE_TEXT];
    if (c->node_count == 0) {
        cl_root(c, id);
        return;
    }
    parent_text(id, above);
    cl_enroll(c, cl_node(c, above), id);
}

/* ---- Tiantai ---- */

/* The rows of a tier, in the order of the list: townships end with 000. */
static void enroll_rows(struct cluster *c, bool townships, uint32_t max)
{
    char row[256];
    FILE *f = fopen(DP_SOURCE_DIR "/conf/divisions/divisions.csv", "r");
    assert_non_null(f);
    for (uint32_t n = 0; n < max && fgets(row, sizeof(row), f) != NULL;) {
        row[strcspn(row, ",")] = '\0';
        bool below = strncmp(row, COUNTY, 6) == 0 && strcmp(row, COUNTY) != 0;
        if (!below || (strcmp(row + 9, "000") == 0) != townships)
            continue;
        enroll(c, row);
        n++;
    }
    fclose(f);
}

static void enroll_county(struct cluster *c)
{
    char id[DP_NODE_TEXT];
    enroll(c, CITY);
    enroll(c, COUNTY);
    enroll_rows(c, true, UINT32_MAX);
    for (unsigned post = 1; post <= DEPARTMENTS; post++) {
        snprintf(id, sizeof(id), COUNTY ".%02u", post);
        enroll(c, id);
    }
    enroll_rows(c, false, VILLAGES);
}

/* ---- by name ---- */

/* Each keyring is in memory from here on: histories share the folders and must not see each other there. */
static struct cluster *ready(struct cluster *c)
{
    for (uint32_t i = 0; i < c->node_count; i++) {
        cl_kill(c->nodes[i], -1);
        cl_start(c->nodes[i]);
    }
    assert_true(cluster_settle(c, 3600000));
    return c;
}

static struct cluster *built[BUILT_MAX];
static uint32_t built_count;

static struct cluster *begin(void)
{
    struct cluster *c = empty();
    assert_true(built_count < BUILT_MAX);
    built[built_count++] = c;
    return c;
}

struct cluster *world_build(const char *name)
{
    struct cluster *c;
    if (strcmp(name, "county") == 0) {
        c = begin();
        enroll_county(c);
        return ready(c);
    }
    for (size_t i = 0; i < TREES; i++) {
        if (strcmp(trees[i].name, name) != 0)
            continue;
        c = begin();
        for (const char *const *n = trees[i].nodes; *n != NULL; n++)
            enroll(c, *n);
        return ready(c);
    }
    return NULL;
}

void world_drop(void)
{
    while (built_count > 0)
        cluster_free(&built[--built_count]);
}

const char *world_of_seed(uint64_t seed)
{
    struct dp_rng r = sim_stream(seed, "tree", 0);
    uint32_t all = 0;
    for (size_t i = 0; i < TREES; i++)
        all += trees[i].weight;
    uint64_t at = dp_rng_below(&r, all);
    size_t i = 0;
    for (; at >= trees[i].weight; i++)
        at -= trees[i].weight;
    return trees[i].name;
}

void world_begin(struct sim *s, struct cluster *tree)
{
    s->c = tree;
    if (s->opt.lmdb) {
        tape_stores(true, &tree->stores);
        s->c = cluster_copy(tree, s->opt.seed);
    }
    cluster_reseed(s->c, s->opt.seed);
    s->began_ms = s->c->now_ms;
}
