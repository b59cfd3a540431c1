/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is every page of a store there? LMDB has no checksums on pages and aborts on some kinds
 * of damage, so that everything is read in a child process.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lmdb_env.h"

static bool table_is_whole(MDB_txn *txn, unsigned table)
{
    char name[DP_LMDB_TABLE_NAME];
    MDB_cursor *cur;
    MDB_val k, v;
    MDB_dbi dbi;
    int rc;

    dp_lmdb_table_name(table, name);
    rc = mdb_dbi_open(txn, name, 0, &dbi);
    if (rc != 0)
        return rc == MDB_NOTFOUND;
    if (mdb_cursor_open(txn, dbi, &cur) != 0)
        return false;
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        if (!dp_lmdb_sum_ok(table, &k, &v))
            return false;
    }
    mdb_cursor_close(cur);
    return rc == MDB_NOTFOUND;
}

/* The list of free pages: per transaction a count, and that many page numbers, falling. */
static bool free_list_is_whole(MDB_txn *txn, size_t last_page)
{
    MDB_cursor *cur;
    MDB_val k, v;
    int rc;

    if (mdb_cursor_open(txn, 0, &cur) != 0)
        return false;
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        const uint8_t *at = v.mv_data;
        size_t n, page, above = last_page + 1;
        memcpy(&n, at, sizeof(n));
        if (n == 0 || n > v.mv_size / sizeof(n) - 1)
            return false;
        for (size_t i = 1; i <= n; i++, above = page) {
            memcpy(&page, at + i * sizeof(page), sizeof(page));
            if (page < 2 || page >= above)
                return false;
        }
    }
    mdb_cursor_close(cur);
    return rc == MDB_NOTFOUND;
}

/* Read every record; in a child, because LMDB aborts on some kinds of damage. */
static bool is_whole_here(const char *dir, uint64_t map_size)
{
    MDB_envinfo info;
    MDB_env *env;
    MDB_txn *txn;
    bool whole;

    if (dp_lmdb_env_create(dir, map_size, MDB_RDONLY | MDB_NOLOCK, &env) != 0)
        return false;
    if (mdb_env_info(env, &info) != 0 || mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0)
        return false;
    whole = free_list_is_whole(txn, info.me_last_pgno);
    for (unsigned i = 0; whole && i < DP_KV_TABLES_MAX; i++)
        whole = table_is_whole(txn, i);
    return whole;
}

bool dp_lmdb_is_whole(const char *dir, uint64_t map_size)
{
    int status = 0;
    pid_t pid = fork();
    pid_t done;

    if (pid == 0)
        _exit(is_whole_here(dir, map_size) ? 0 : 1);
    do {
        done = waitpid(pid, &status, 0);
    } while (pid > 0 && done < 0 && errno == EINTR);
    return pid > 0 && done == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
