/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store of a million entries, made by an officer's requests to one node, closed and opened again: from the
 * start of the process to its first answer. Beside it: mdb_env_open of the same file.
 *
 *   bench_reopen DAIPAOD [ENTRIES [RUNS]]
 */
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "report.h"
#include "tree.h"

#define RUNS_MAX 50

static double plain_open(const char *dir)
{
    MDB_env *env;
    MDB_txn *txn;
    double t0 = proc_now();
    if (mdb_env_create(&env) != 0 || mdb_env_set_mapsize(env, (size_t)8 << 30) != 0 ||
        mdb_env_open(env, dir, MDB_NOTLS, 0600) != 0 || mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0) {
        fprintf(stderr, "bench: the store does not open\n");
        exit(1);
    }
    double t1 = proc_now();
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return (t1 - t0) * 1e3;
}

int main(int argc, char **argv)
{
    struct tree t;
    struct stat st = {0};
    char dir[300], file[320];
    double ready[RUNS_MAX], open[RUNS_MAX];
    if (argc < 2) {
        fprintf(stderr, "usage: bench_reopen DAIPAOD [ENTRIES [RUNS]]\n");
        return 2;
    }
    uint64_t want = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    size_t runs = argc > 3 ? strtoull(argv[3], NULL, 10) : 9;
    if (runs > RUNS_MAX)
        runs = RUNS_MAX;
    tree_new_alone(&t, argv[1], 50);
    snprintf(dir, sizeof dir, "%s/data/store", t.city->dir);
    snprintf(file, sizeof file, "%s/data.mdb", dir);
    double t0 = proc_now();
    while (t.sent < want) {
        tree_register(&t);
        tree_work(&t, TREE_PER_CASE - 1, 200);
    }
    tree_drain(&t);
    report("reopen", "issued_per_second", "entries/s", (double)t.sent / (proc_now() - t0), 0, "none", 1);
    proc_kill(t.city, SIGTERM);
    for (size_t i = 0; i < runs; i++) {
        open[i] = plain_open(dir);
        double start = proc_now();
        proc_start(&t.rig, t.city);
        (void)proc_number(t.city, "status", "enrolled");
        ready[i] = (proc_now() - start) * 1e3;
        proc_kill(t.city, SIGTERM);
    }
    (void)stat(file, &st);
    report("reopen", "entries", "entries", (double)t.sent, 0, "none", 1);
    report("reopen", "store_bytes", "B", (double)st.st_size, 0, "none", 1);
    report("reopen", "start_to_first_answer", "ms", quantile(ready, runs, 0.5), quantile(open, runs, 0.5),
           "mdb_env_open and a read transaction (median)", runs);
    int rc = t.refused == 0 ? 0 : 1;
    tree_free(&t);
    return rc;
}
