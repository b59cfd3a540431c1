/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One secret in one file: context 16, kind 8, generation 4, length 4, secret, SHA-256 of all before.
 * A file appears whole and durable under its name or not at all, and never replaces another.
 * Internal to the crypto floor.
 */
#ifndef DP_CRYPTO_KEYFILE_H
#define DP_CRYPTO_KEYFILE_H

#include "base/slice.h"
#include "crypto/keyring.h"

#define DP_KEYFILE_SECRET_MAX ((size_t)DP_KEYTREE_NODES_MAX * DP_KEYTREE_NODE_BYTES)
#define DP_KEYFILE_WRAP "wrap.key"
#define DP_KEYFILE_WRAP_NEXT "wrap.next" /* only while it changes, or after a crash of that moment */
#define DP_KEYFILE_WRAP_OLD "wrap.old"

/* An open folder and where to say what went wrong. */
struct dp_keydir {
    int fd;
    char path[DP_KEYRING_PATH_MAX];
    struct dp_keyring_why *why; /* may be NULL */
};

/* Fill the reason; gives the error of the fault. `name` NULL: the folder itself. */
enum dp_err dp_keydir_fail(struct dp_keydir *d, enum dp_keyring_fault fault, int sys, const char *name);
/* The reason that follows from errno. */
enum dp_err dp_keydir_fail_sys(struct dp_keydir *d, int sys, const char *name);

/* Ours, and closed to group and others. Close with dp_keydir_close. */
DP_MUST enum dp_err dp_keydir_open(struct dp_keydir *d, const char *path, struct dp_keyring_why *why);
void dp_keydir_close(struct dp_keydir *d);
DP_MUST enum dp_err dp_keydir_sync(struct dp_keydir *d);

/* The name is durable when it returns. */
DP_MUST enum dp_err dp_keyfile_write(struct dp_keydir *d, const char *name, const char *kind,
                                     uint32_t generation, struct dp_slice secret);
/* Reads exactly `len` bytes of a secret of this kind. */
DP_MUST enum dp_err dp_keyfile_read(struct dp_keydir *d, const char *name, const char *kind,
                                    uint32_t *generation, void *secret, size_t len);
/* The same of any length: `take` gets it, borrowed, and says DP_FORMAT when it is none. */
typedef enum dp_err dp_keyfile_take(void *ctx, struct dp_slice secret);
DP_MUST enum dp_err dp_keyfile_use(struct dp_keydir *d, const char *name, const char *kind,
                                   uint32_t *generation, dp_keyfile_take *take, void *ctx);
/* Overwrite the file, remove its name and make that durable. DP_OK when there is none. */
DP_MUST enum dp_err dp_keyfile_destroy(struct dp_keydir *d, const char *name);
/* Put `from` in the place of `to`, durably; then destroy what was there, which is `old` meanwhile. */
DP_MUST enum dp_err dp_keyfile_replace(struct dp_keydir *d, const char *from, const char *to,
                                       const char *old);

#endif
