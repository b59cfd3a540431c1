/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What port/kv.h costs over LMDB itself: records of 350 bytes appended, 1,000 to a commit,
 * then all read in order, raw and through the adapter (with its checksums) in turn; and the
 * store in memory beside it. The best of several rounds counts, because the disk is shared.
 *
 *   bench_kv [records] [rounds] [directory]
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "port/kv.h"
#include "report.h"
#include "store/kv_lmdb.h"
#include "store/kv_mem.h"

#define VALUE_BYTES 350
#define PER_COMMIT 1000
#define MAP ((uint64_t)16 << 30)

struct result {
    double write_s;
    double read_s;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_kv: %s\n", what);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void key_of(uint64_t n, uint8_t key[16])
{
    memset(key, 0x11, 8); /* an origin */
    for (int i = 0; i < 8; i++)
        key[8 + i] = (uint8_t)(n >> (56 - 8 * i));
}

static uint8_t value[VALUE_BYTES];

/* ---- LMDB itself ---- */

static void raw_write(MDB_env *env, MDB_dbi dbi, uint64_t first)
{
    MDB_txn *txn;
    uint8_t key[16];

    if (mdb_txn_begin(env, NULL, 0, &txn) != 0)
        die("begin");
    for (uint64_t i = 0; i < PER_COMMIT; i++) {
        MDB_val k = {sizeof(key), key}, v = {sizeof(value), value};
        key_of(first + i, key);
        if (mdb_put(txn, dbi, &k, &v, MDB_APPEND) != 0)
            die("put");
    }
    if (mdb_txn_commit(txn) != 0)
        die("commit");
}

static uint64_t raw_read(MDB_env *env, MDB_dbi dbi)
{
    MDB_txn *txn;
    MDB_cursor *cur = NULL;
    MDB_val k, v;
    uint64_t sum = 0;

    if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 || mdb_cursor_open(txn, dbi, &cur) != 0)
        die("begin");
    while (mdb_cursor_get(cur, &k, &v, MDB_NEXT) == 0)
        sum += v.mv_size + *(const uint8_t *)v.mv_data;
    mdb_cursor_close(cur);
    mdb_txn_abort(txn);
    return sum;
}

static struct result run_raw(const char *dir, uint64_t records)
{
    struct result r;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    double start;

    if (mkdir(dir, 0700) != 0 || mdb_env_create(&env) != 0 ||
        mdb_env_set_maxdbs(env, DP_KV_TABLES_MAX) != 0 || mdb_env_set_mapsize(env, MAP) != 0 ||
        mdb_env_open(env, dir, MDB_NOTLS, 0600) != 0 || mdb_txn_begin(env, NULL, 0, &txn) != 0 ||
        mdb_dbi_open(txn, "t00", MDB_CREATE, &dbi) != 0 || mdb_txn_commit(txn) != 0)
        die("open");
    start = now_s();
    for (uint64_t i = 0; i < records; i += PER_COMMIT)
        raw_write(env, dbi, i);
    r.write_s = now_s() - start;
    start = now_s();
    if (raw_read(env, dbi) == 0)
        die("read");
    r.read_s = now_s() - start;
    mdb_env_close(env);
    return r;
}

/* ---- through the port ---- */

static void kv_write(struct dp_kv *kv, uint64_t first)
{
    struct dp_kv_txn *t;
    uint8_t key[16];

    if (kv->ops->begin(kv, true, &t) != DP_OK)
        die("begin");
    for (uint64_t i = 0; i < PER_COMMIT; i++) {
        key_of(first + i, key);
        kv->ops->append(t, 0, dp_slice_of(key, sizeof(key)), dp_slice_of(value, sizeof(value)));
    }
    if (kv->ops->commit(t) != DP_OK)
        die("commit");
}

static uint64_t kv_read(struct dp_kv *kv)
{
    struct dp_kv_txn *t;
    struct dp_kv_cur *c = NULL;
    struct dp_slice k, v;
    uint64_t sum = 0;

    if (kv->ops->begin(kv, false, &t) != DP_OK || kv->ops->cur_open(t, 0, &c) != DP_OK)
        die("begin");
    while (kv->ops->cur_next(c, &k, &v) == DP_OK)
        sum += v.len + *v.p;
    kv->ops->cur_close(c);
    kv->ops->abort(t);
    return sum;
}

static struct result run_kv(struct dp_kv *kv, uint64_t records)
{
    struct result r;
    double start = now_s();

    for (uint64_t i = 0; i < records; i += PER_COMMIT)
        kv_write(kv, i);
    r.write_s = now_s() - start;
    start = now_s();
    if (kv_read(kv) == 0)
        die("read");
    r.read_s = now_s() - start;
    kv->ops->close(&kv);
    return r;
}

static struct dp_kv *open_disk(const char *dir)
{
    struct dp_kv *kv = NULL;
    char why[256];

    if (dp_kv_lmdb_open(dir, MAP, &kv, why, sizeof(why)) != DP_OK)
        die(why);
    return kv;
}

static struct dp_kv *open_memory(void)
{
    struct dp_kv *kv = NULL;

    if (dp_kv_mem_open(&kv) != DP_OK)
        die("no memory");
    return kv;
}

static void keep_best(struct result *best, struct result r, bool first)
{
    if (first || r.write_s < best->write_s)
        best->write_s = r.write_s;
    if (first || r.read_s < best->read_s)
        best->read_s = r.read_s;
}

static void print(const char *what, struct result r, struct result base, uint64_t records,
                  unsigned long rounds)
{
    char metric[48];
    double n = (double)records;

    snprintf(metric, sizeof(metric), "%s_appends", what);
    report("kv", metric, "records/s", n / r.write_s, n / base.write_s, "plain LMDB", rounds);
    snprintf(metric, sizeof(metric), "%s_reads", what);
    report("kv", metric, "records/s", n / r.read_s, n / base.read_s, "plain LMDB", rounds);
}

int main(int argc, char **argv)
{
    uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) / PER_COMMIT * PER_COMMIT : 200000;
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    char base[256], dir[512], command[600];
    struct result raw = {0}, disk = {0}, memory = {0};

    snprintf(base, sizeof(base), "%s/dp-bench-XXXXXX", argc > 3 ? argv[3] : "/tmp");
    if (records == 0 || mkdtemp(base) == NULL)
        die("usage: bench_kv [records] [rounds] [directory]");
    snprintf(dir, sizeof(dir), "%s/store", base);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    memset(value, 0x5a, sizeof(value));
    for (int i = 0; i < rounds; i++) {
        keep_best(&raw, run_raw(dir, records), i == 0);
        if (system(command) != 0)
            die("cannot clean up");
        keep_best(&disk, run_kv(open_disk(dir), records), i == 0);
        if (system(command) != 0)
            die("cannot clean up");
        keep_best(&memory, run_kv(open_memory(), records), i == 0);
    }
    rmdir(base);
    print("kv_lmdb", disk, raw, records, (unsigned long)rounds);
    print("kv_mem", memory, raw, records, (unsigned long)rounds);
    return 0;
}
