/* SPDX-License-Identifier: Apache-2.0 */
/* The wrapping key in its file, and how rows of it are destroyed for good (R-STO-2, R-STO-6). */
#include <string.h>

#include "crypto/keyfile.h"
#include "crypto/keyring.h"
#include "crypto/secret.h"

enum dp_err dp_keyring_write_wrap(struct dp_keydir *d, const char *name, const struct dp_keytree *t,
                                  uint32_t generation)
{
    size_t len = (size_t)t->count * DP_KEYTREE_NODE_BYTES;
    uint8_t *bytes = len == 0 ? NULL : dp_secret_alloc(len);
    if (len > 0 && bytes == NULL)
        return dp_keydir_fail(d, DP_KEYRING_FAULT_NOMEM, 0, name);
    dp_keytree_put(t, bytes);
    enum dp_err err = dp_keyfile_write(d, name, "wrap", generation, dp_slice_of(bytes, len));
    dp_secret_free(bytes, len);
    return err;
}

static enum dp_err take_tree(void *ctx, struct dp_slice secret)
{
    return dp_keytree_get(secret, ctx);
}

enum dp_err dp_keyring_read_wrap(struct dp_keydir *d, struct dp_keyring *kr)
{
    return dp_keyfile_use(d, DP_KEYFILE_WRAP, "wrap", &kr->wrap_generation, take_tree, &kr->wrap);
}

/* What a change that was cut short left. A file aside holds keys of rows that were destroyed since. */
static enum dp_err tidy(struct dp_keydir *d)
{
    enum dp_err err = dp_keyfile_destroy(d, DP_KEYFILE_WRAP_OLD);
    if (err == DP_OK)
        err = dp_keyfile_destroy(d, DP_KEYFILE_WRAP_NEXT ".tmp");
    return err == DP_OK ? dp_keyfile_destroy(d, DP_KEYFILE_WRAP_NEXT) : err;
}

enum dp_err dp_keyring_tidy(struct dp_keyring *kr, struct dp_keyring_why *why)
{
    struct dp_keydir d;
    enum dp_err err = dp_keydir_open(&d, kr->dir, why);
    if (err != DP_OK)
        return err;
    err = tidy(&d);
    dp_keydir_close(&d);
    return err;
}

/* R-STO-6 */
enum dp_err dp_keyring_destroy(struct dp_keyring *kr, const uint64_t *rows, size_t n,
                               struct dp_keyring_why *why)
{
    struct dp_keydir d;
    struct dp_keytree *next = dp_secret_alloc(sizeof(*next));
    enum dp_err err = next == NULL ? DP_NOMEM : dp_keytree_without(&kr->wrap, rows, n, next);
    if (err == DP_OK) {
        err = dp_keydir_open(&d, kr->dir, why);
        if (err == DP_OK) {
            err = tidy(&d);
            if (err == DP_OK)
                err = dp_keyring_write_wrap(&d, DP_KEYFILE_WRAP_NEXT, next, kr->wrap_generation + 1);
            if (err == DP_OK)
                err = dp_keyfile_replace(&d, DP_KEYFILE_WRAP_NEXT, DP_KEYFILE_WRAP, DP_KEYFILE_WRAP_OLD);
            dp_keydir_close(&d);
        }
        if (err != DP_OK)
            dp_keytree_fini(next);
    }
    if (err == DP_OK) {
        dp_keytree_fini(&kr->wrap);
        kr->wrap = *next;
        kr->wrap_generation++;
    }
    dp_secret_free(next, sizeof(*next));
    return err;
}
