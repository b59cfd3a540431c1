/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup becomes a store: built in a directory beside the final one, marked as restored,
 * closed, renamed. What an interrupted restore left beside is removed first.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/fsys.h"
#include "store/kv_lmdb.h"
#include "store/life.h"

/* DP_OK when `dir` is absent or empty. */
static enum dp_err check_free(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    enum dp_err err = DP_OK;

    if (d == NULL)
        return errno == ENOENT ? DP_OK : DP_CONFLICT;
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            err = DP_CONFLICT;
    }
    closedir(d);
    return err;
}

/* Only what a store in the making consists of; anything else makes rmdir fail, and is left. */
static enum dp_err remove_beside(const char *beside)
{
    static const char *const names[] = {DP_KV_LMDB_DATA, "lock.mdb", DP_KV_LMDB_GUARD};
    char path[DP_FSYS_PATH];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (dp_fsys_join(path, beside, "/", names[i]) == DP_OK)
            unlink(path);
    }
    return rmdir(beside) == 0 || errno == ENOENT ? DP_OK : DP_CONFLICT;
}

static enum dp_err mark(struct dp_kv *kv)
{
    struct dp_kv_txn *t;
    enum dp_err err = kv->ops->begin(kv, true, &t);

    if (err != DP_OK)
        return err;
    dp_life_mark_restored(kv, t); /* R-STO-3 */
    return kv->ops->commit(t);
}

static enum dp_err build(const char *file, const char *beside, dp_backup_tell *tell, void *ctx, char *why,
                         size_t why_len)
{
    struct dp_kv *kv;
    enum dp_err err = dp_kv_lmdb_open(beside, 0, &kv, why, why_len);

    if (err != DP_OK)
        return err;
    err = dp_backup_read(kv, file, tell, ctx);
    if (err == DP_OK)
        err = mark(kv);
    kv->ops->close(&kv);
    if (err != DP_OK)
        snprintf(why, why_len, "cannot restore %s: %s", file, dp_err_text(err));
    return err;
}

/* `dir` without the slashes at its end, with a suffix. */
static enum dp_err name_beside(const char *dir, char out[DP_FSYS_PATH])
{
    size_t len = strlen(dir);

    while (len > 1 && dir[len - 1] == '/')
        len--;
    return snprintf(out, DP_FSYS_PATH, "%.*s.restoring", (int)len, dir) >= DP_FSYS_PATH ? DP_RANGE : DP_OK;
}

enum dp_err dp_backup_restore(const char *file, const char *dir, dp_backup_tell *tell, void *ctx, char *why,
                              size_t why_len)
{
    char beside[DP_FSYS_PATH];
    enum dp_err err = name_beside(dir, beside);

    snprintf(why, why_len, "%s cannot be used", dir);
    if (err != DP_OK)
        return err;
    err = check_free(dir);
    if (err != DP_OK) {
        snprintf(why, why_len, "%s is not an empty directory", dir);
        return err;
    }
    err = remove_beside(beside);
    if (err != DP_OK) {
        snprintf(why, why_len, "%s is in the way", beside);
        return err;
    }
    err = build(file, beside, tell, ctx, why, why_len);
    if (err == DP_OK && rename(beside, dir) != 0) {
        err = dp_fsys_err(errno);
        snprintf(why, why_len, "cannot rename %s to %s: %s", beside, dir, strerror(errno));
    }
    if (err != DP_OK) {
        (void)remove_beside(beside);
        return err;
    }
    err = dp_fsys_sync_parent(beside);
    if (err != DP_OK)
        snprintf(why, why_len, "cannot sync the directory that holds %s", dir);
    return err;
}
