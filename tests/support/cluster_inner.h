/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the cluster share: see cluster.h. */
#ifndef DP_TESTS_CLUSTER_INNER_H
#define DP_TESTS_CLUSTER_INNER_H

#include "node/post.h"
#include "support/cluster.h"

#define CL_LATENCY_US 40000

static inline struct cl_node *cl_child_of(const struct cl_link *l, const struct cluster *c)
{
    return c->nodes[l->child];
}

static inline struct cl_node *cl_parent_of(const struct cl_link *l, const struct cluster *c)
{
    return c->nodes[l->parent];
}

/* ---- cluster_time.c ---- */
void cl_queue_init(struct cl_queue *q);
void cl_queue_put(struct cl_queue *q, struct dp_slice head, struct dp_slice bytes, int64_t sent_us,
                  int64_t at_us);
struct cl_message *cl_queue_take(struct cl_queue *q);
void cl_queue_clear(struct cl_queue *q);
bool cl_queue_due(const struct cl_queue *q, int64_t now_us);
/* A number that depends on the seed, an owner and a place in its order of draws (or a moment) alone. */
uint64_t cl_draw(const struct cluster *c, uint64_t owner, uint64_t at);
/* The next turn of a node is wanted then, if not earlier. */
void cl_want(struct cl_node *n, int64_t at_us);

/* ---- cluster_line.c ---- */
enum dp_err cl_line_send(void *ctx, struct dp_node peer, struct dp_slice frame);
void cl_line_drop(void *ctx, struct dp_node peer);
/* Look again when a line is dialled next. */
void cl_line_plan(struct cluster *c, struct cl_link *l);
void cl_line_fired(void *ctx);
/* Every line of a process that died. */
void cl_lines_lost(struct cl_node *n);

/* ---- cluster.c ---- */
struct cl_node *cl_process(struct cluster *c, struct dp_node id, const char *dir, struct dp_kv *kv);
/* The end of a turn that was begun, with the death that was ordered for it. */
void cl_end_turn(struct cl_node *n);
void cl_node_fired(void *ctx);
int64_t cl_next_turn_us(const struct cl_node *n);

#endif
