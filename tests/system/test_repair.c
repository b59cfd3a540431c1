/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal of the township loses an item that its county has not had: the daemon says so, the offline check
 * names the item and the way out, the journals are begun anew, and the county gets all that it lacks
 * (R-RSD-1, R-STO-5).
 *
 *   test_system_repair DAIPAOD DAIPAOD_PROBE
 */
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/id.h"
#include "ctl.h"
#include "store/layout.h"
#include "tree.h"

#define CASES 20
#define MAP_BYTES (8ull << 30)

/* The last item for the county is gone, by hand. */
static void lose_an_item(const struct proc_node *township)
{
    char dir[300], table[16];
    struct dp_node county;
    uint8_t prefix[8];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi journals;
    MDB_cursor *at;
    MDB_val key, row;
    CHECK(dp_node_parse(dp_slice_str(COUNTY), &county) == DP_OK, "no node");
    for (unsigned i = 0; i < sizeof prefix; i++)
        prefix[i] = (uint8_t)(county.v >> (56 - 8 * i));
    snprintf(dir, sizeof dir, "%s/data/store", township->dir);
    snprintf(table, sizeof table, "t%02u", (unsigned)DP_T_JOURNAL);
    CHECK(mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 64) == 0 &&
              mdb_env_set_mapsize(env, MAP_BYTES) == 0 && mdb_env_open(env, dir, 0, 0600) == 0,
          "the store does not open");
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, table, 0, &journals) == 0 &&
              mdb_cursor_open(txn, journals, &at) == 0,
          "no journals");
    int rc = mdb_cursor_get(at, &key, &row, MDB_LAST);
    while (rc == 0 && memcmp(key.mv_data, prefix, sizeof prefix) != 0)
        rc = mdb_cursor_get(at, &key, &row, MDB_PREV);
    CHECK(rc == 0 && mdb_cursor_del(at, 0) == 0, "nothing is for the county");
    mdb_cursor_close(at);
    CHECK(mdb_txn_commit(txn) == 0, "the item stays");
    mdb_env_close(env);
}

int main(int argc, char **argv)
{
    static struct tree t;
    static char text[16384];
    struct act_result r;
    struct act_matter m = {.content = "the bridge is down", .residence = TOWNSHIP};
    if (argc < 3) {
        fprintf(stderr, "usage: test_system_repair DAIPAOD DAIPAOD_PROBE\n");
        return 2;
    }
    tree_grow(&t, argv[1], false, NULL, NULL);
    proc_kill(t.county, SIGTERM);
    for (unsigned i = 0; i < CASES; i++)
        CHECK(act_register(t.township, NULL, &m, &r) == DP_OK, "no registration: %s", r.text);
    proc_kill(t.township, SIGTERM);
    lose_an_item(t.township);

    int rc = proc_offline(&t.rig, t.township, "--fsck", NULL, text, sizeof text);
    CHECK(rc != 0 && strstr(text, "damaged: journal of") != NULL && strstr(text, "--repair-journals") != NULL,
          "the check ends with %d and says: %s", rc, text);
    proc_start(&t.rig, t.county);
    proc_start(&t.rig, t.township);
    act_wait_alarm(t.township, "store", "damaged", 30);
    proc_kill(t.township, SIGTERM);

    rc = proc_offline(&t.rig, t.township, "--repair-journals", NULL, text, sizeof text);
    CHECK(rc == 0, "the repair ends with %d and says: %s", rc, text);
    rc = proc_offline(&t.rig, t.township, "--fsck", NULL, text, sizeof text);
    CHECK(rc == 0, "after the repair the check ends with %d and says: %s", rc, text);
    proc_start(&t.rig, t.township);
    act_wait_same(t.township, t.county, TOWNSHIP, 30);
    json_t *all = act_digests(t.county, TOWNSHIP);
    CHECK(json_object_size(all) == CASES, "%zu of %d cases are at the county", json_object_size(all), CASES);
    json_decref(all);
    proc_free(&t.rig);
    return 0;
}
