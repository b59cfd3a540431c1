/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ground of the session target: a city, a county, two townships. All four lived honestly for a while;
 * then the first township fell into other hands, with all its keys. Its frames, entries and parcels are the
 * stock that it lies with. world_reset puts the three others back to that moment, to which their stores
 * rewind.
 *
 * Each step is followed by what must hold whatever the township sends (session_watch.c).
 */
#ifndef DP_TESTS_FUZZ_SESSION_WORLD_H
#define DP_TESTS_FUZZ_SESSION_WORLD_H

#include "support/cluster.h"
#include "wire/link.h"

#define WORLD_CITY "331000000000"
#define WORLD_COUNTY "331023000000"
#define WORLD_TOWN "331023105000"
#define WORLD_OTHER "331023106000"
#define STOCK_MAX 160
#define WORLD_NODES 4
#define WORLD_CASES 4
#define WORLD_FOREIGN 3 /* the case among them that is the other township's */

/* Bytes on the heap, and the name of the entry where they are one. */
struct stock_item {
    struct dp_slice bytes;
    struct dp_name name;
};
struct stock {
    struct stock_item item[STOCK_MAX];
    uint32_t count;
};

/* What the township may say of itself without lying. */
struct puppet {
    struct dp_hello hello; /* as its daemon said it last */
    struct dp_seal seal;   /* next block of its chain */
    uint64_t next[DP_LANES];
    uint64_t sent[DP_LANES]; /* highest number of an item sent, ever */
};

struct world {
    struct cluster *c;
    struct cl_node *city, *county, *town, *other;
    struct cl_link *line; /* of the township */
    int64_t before_ms;
    struct puppet honest, now;
    struct stock frames, entries, parcels, contents;
    struct dp_name names[STOCK_MAX]; /* of entries of all nodes, the other township's among them */
    uint32_t name_count;
    struct dp_name cases[WORLD_CASES]; /* which the county knows */
    char numbers[WORLD_CASES][DP_NUMBER_TEXT];
    struct dp_arena arena;
    struct dp_buf buf;
};

struct world *world_get(void);
void world_reset(struct world *w);
/* A frame of the township, on its connection (made when there is none), and the county's turns after it. */
void world_say(struct world *w, struct dp_slice frame);
void world_connect(struct world *w);
/* Some turns of whoever is due, `ms` of virtual time at most. */
void world_run(struct world *w, int64_t ms);

/* session_watch.c: sees every frame of the cluster; fails at once on what may never be said to the township.
 */
bool watch_frame(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame);
/* After a program: the others work, agree, and their stores are sound. */
void watch_end(struct world *w, bool thorough);

#endif
