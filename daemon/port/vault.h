/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What seals the rows of the store that hold content, each under a key of its own out of the wrapping key
 * (R-STO-6). The store numbers the rows; a number whose key was destroyed opens nothing any more, wherever a
 * copy of its row is. Adapter: crypto/vault.h.
 */
#ifndef DP_PORT_VAULT_H
#define DP_PORT_VAULT_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* A sealed row: number 8, salt 16, then the sealed value with its tag. */
#define DP_VAULT_SALT 16
#define DP_VAULT_BYTES (8 + DP_VAULT_SALT + 16)

struct dp_vault;
struct dp_vault_ops {
    /* `place` is the table and key of the row. *out is borrowed until the next seal. DP_NOT_FOUND: that
     * number is destroyed; DP_NOMEM. */
    enum dp_err (*seal)(struct dp_vault *v, uint64_t number, struct dp_slice place, struct dp_slice plain,
                        struct dp_slice *out);
    /* *out is borrowed until four others were opened, or `rest`. DP_NOT_FOUND: its number is destroyed;
     * DP_SIGNATURE: it is not what was sealed for this place; DP_NOMEM. */
    enum dp_err (*open)(struct dp_vault *v, struct dp_slice place, struct dp_slice sealed,
                        struct dp_slice *out);
    /* The first number from this one on that is not destroyed. */
    uint64_t (*next)(const struct dp_vault *v, uint64_t number);
    /* Nothing is borrowed any more: wipe it. */
    void (*rest)(struct dp_vault *v);
};

struct dp_vault {
    const struct dp_vault_ops *ops;
};

#endif
