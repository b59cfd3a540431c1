/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of its own for each test, a log that can be looked at, and short words for stores. */
#ifndef DP_TESTS_STORE_SCRATCH_H
#define DP_TESTS_STORE_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/kv_lmdb.h"

struct scratch {
    char dir[64];
    char store[80]; /* dir/store, not made yet */
    char log[8192];
    char why[256];
};

static inline void scratch_log(void *ctx, enum dp_log_level level, const char *line)
{
    struct scratch *s = (struct scratch *)ctx;
    size_t used = strlen(s->log);

    (void)level;
    snprintf(s->log + used, sizeof(s->log) - used, "%s\n", line);
}

static inline int scratch_setup(void **state)
{
    struct scratch *s = (struct scratch *)calloc(1, sizeof(*s));

    if (s == NULL)
        return -1;
    strcpy(s->dir, "/tmp/dp-store-XXXXXX");
    if (mkdtemp(s->dir) == NULL)
        return -1;
    snprintf(s->store, sizeof(s->store), "%s/store", s->dir);
    dp_log_set(scratch_log, s, DP_LOG_INFO);
    *state = s;
    return 0;
}

static inline int scratch_teardown(void **state)
{
    struct scratch *s = (struct scratch *)*state;
    char command[128];
    int rc;

    dp_log_set(NULL, NULL, DP_LOG_INFO);
    snprintf(command, sizeof(command), "rm -rf %s", s->dir);
    rc = system(command);
    free(s);
    return rc == 0 ? 0 : -1;
}

static inline void scratch_path(const struct scratch *s, const char *name, char out[160])
{
    snprintf(out, 160, "%s/%s", s->dir, name);
}

static inline struct dp_kv *scratch_open(struct scratch *s, uint64_t map_bytes)
{
    struct dp_kv *kv = NULL;
    enum dp_err err = dp_kv_lmdb_open(s->store, map_bytes, &kv, s->why, sizeof(s->why));

    if (err != DP_OK)
        fail_msg("%s: %s", dp_err_name(err), s->why);
    return kv;
}

static inline struct dp_kv_txn *scratch_begin(struct dp_kv *kv, bool write)
{
    struct dp_kv_txn *t = NULL;

    assert_int_equal(kv->ops->begin(kv, write, &t), DP_OK);
    return t;
}

/* One transaction with one record under the number `n`. */
static inline enum dp_err scratch_put(struct dp_kv *kv, unsigned table, uint32_t n, struct dp_slice val)
{
    struct dp_kv_txn *t = scratch_begin(kv, true);
    uint8_t key[4];
    struct dp_wr w = dp_wr_of(key, sizeof(key));

    dp_wr_u32(&w, n);
    kv->ops->put(t, table, dp_wr_slice(&w), val);
    return kv->ops->commit(t);
}

static inline enum dp_err scratch_del(struct dp_kv *kv, unsigned table, uint32_t n)
{
    struct dp_kv_txn *t = scratch_begin(kv, true);
    uint8_t key[4];
    struct dp_wr w = dp_wr_of(key, sizeof(key));

    dp_wr_u32(&w, n);
    kv->ops->del(t, table, dp_wr_slice(&w));
    return kv->ops->commit(t);
}

/* What a reader of now finds; the bytes are not looked at. */
static inline enum dp_err scratch_get(struct dp_kv *kv, unsigned table, uint32_t n)
{
    struct dp_kv_txn *t = scratch_begin(kv, false);
    uint8_t key[4];
    struct dp_wr w = dp_wr_of(key, sizeof(key));
    struct dp_slice val;
    enum dp_err err;

    dp_wr_u32(&w, n);
    err = kv->ops->get(t, table, dp_wr_slice(&w), &val);
    kv->ops->abort(t);
    return err;
}

static inline struct dp_kv_stat scratch_stat(struct dp_kv *kv)
{
    struct dp_kv_stat st = {0};

    assert_int_equal(kv->ops->stat(kv, &st), DP_OK);
    return st;
}

#endif
