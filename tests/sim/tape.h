/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store (port/kv.h) around another one: it tells what each commit wrote, and fails when it is told to.
 * The store inside is in memory or, by option, LMDB in a folder of its own.
 */
#ifndef DP_SIM_TAPE_H
#define DP_SIM_TAPE_H

#include "port/kv.h"
#include "sim/sim.h"

/* One write of a commit, borrowed until the listener returns. */
struct tape_write {
    unsigned table;
    bool del;
    struct dp_slice key, val;
};

/* Walk the writes of a commit in their order: *at starts at 0; false at the end. */
bool tape_next(const struct tape *t, size_t *at, struct tape_write *out);

/* Of one store. `heard` is called after each commit that wrote something. */
struct tape_ears {
    void (*heard)(void *ctx, struct cl_node *n, const struct tape *t);
    void *ctx;
};

/* For struct cl_stores: all stores of a process come from here. */
void tape_stores(bool lmdb, struct cl_stores *out);
/* The tape of a node's store; its listener is the caller's. */
struct tape *tape_of(const struct cl_node *n);
void tape_listen(struct tape *t, struct cl_node *n, const struct tape_ears *ears);

/* ---- faults ---- */
/* The next `count` commits that write fail with `err`; DP_IO: the next that write entries. */
void tape_fail(struct tape *t, uint32_t count, enum dp_err err);
/* No room: commits that write fail with DP_FULL, and `stat` shows an almost full disk. */
void tape_full(struct tape *t, bool full);
/* A copy of what is committed now, to restart from later. */
struct dp_kv *tape_backup(struct cl_node *n);

#endif
