/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int rc)
{
    if (rc != 0) {
        fprintf(stderr, "baseline: %s\n", mdb_strerror(rc));
        exit(1);
    }
}

static MDB_env *open_env(const char *dir, const char *name)
{
    char path[512];
    MDB_env *env;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    mkdir(path, 0700);
    must(mdb_env_create(&env));
    must(mdb_env_set_mapsize(env, (size_t)8 << 30));
    must(mdb_env_open(env, path, MDB_NOTLS, 0600));
    return env;
}

static void put(MDB_txn *t, MDB_dbi dbi, uint64_t seq, const void *p, size_t len)
{
    uint8_t key[8];
    for (int i = 0; i < 8; i++)
        key[i] = (uint8_t)(seq >> (56 - 8 * i));
    MDB_val k = {8, key}, v = {len, (void *)p};
    must(mdb_put(t, dbi, &k, &v, MDB_APPEND));
}

double baseline_append(const char *dir, const void *bytes, const size_t *at, uint64_t n, unsigned per_commit)
{
    MDB_env *env = open_env(dir, "baseline-append");
    MDB_txn *t;
    MDB_dbi dbi;
    must(mdb_txn_begin(env, NULL, 0, &t));
    must(mdb_dbi_open(t, NULL, 0, &dbi));
    must(mdb_txn_commit(t));
    double t0 = now();
    for (uint64_t i = 0; i < n;) {
        must(mdb_txn_begin(env, NULL, 0, &t));
        for (unsigned k = 0; k < per_commit && i < n; k++, i++)
            put(t, dbi, i, (const uint8_t *)bytes + at[i], at[i + 1] - at[i]);
        must(mdb_txn_commit(t));
    }
    double rate = (double)n / (now() - t0);
    mdb_env_close(env);
    return rate;
}

/* ---- one commit at a time ---- */

struct baseline_commits {
    MDB_env *env;
    MDB_dbi dbi;
    uint64_t seq;
};

struct baseline_commits *baseline_commits_new(const char *dir)
{
    struct baseline_commits *b = calloc(1, sizeof *b);
    MDB_txn *t;
    if (b == NULL)
        exit(1);
    b->env = open_env(dir, "baseline-commit");
    must(mdb_txn_begin(b->env, NULL, 0, &t));
    must(mdb_dbi_open(t, NULL, 0, &b->dbi));
    must(mdb_txn_commit(t));
    return b;
}

double baseline_commits_one(struct baseline_commits *b)
{
    static const uint8_t rec[350];
    MDB_txn *t;
    double t0 = now();
    must(mdb_txn_begin(b->env, NULL, 0, &t));
    put(t, b->dbi, b->seq++, rec, sizeof rec);
    must(mdb_txn_commit(t));
    return now() - t0;
}

void baseline_commits_free(struct baseline_commits **b)
{
    mdb_env_close((*b)->env);
    free(*b);
    *b = NULL;
}
