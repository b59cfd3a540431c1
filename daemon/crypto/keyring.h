/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secret keys of a node: one folder, one file each, 0600. The folder appears whole or not
 * at all, and no file of it is ever part of a backup of the store. The wrapping key seals the rows of
 * the store that hold content; an erasure changes it (R-STO-2), so that what was erased can be read with the
 * keyring of today in no copy of the store, and all else in each. The keyring draws no randomness of its own.
 */
#ifndef DP_CRYPTO_KEYRING_H
#define DP_CRYPTO_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "crypto/keytree.h"
#include "port/random.h"
#include "port/suite.h"

/* clang-format off */
#define DP_KEYRING_FAULT_LIST(X)                                                              \
    /* name       error     text */                                                           \
    X(NONE,       OK,       "usable")                                                         \
    X(MISSING,    NOT_FOUND, "is missing; restore the key folder from its own copy")          \
    X(EXISTS,     CONFLICT, "exists already; keys are never overwritten")                     \
    X(KIND,       IO,       "is not a regular file or folder")                                \
    X(OWNER,      CONFIG,   "belongs to another user than the daemon's")                      \
    X(MODE,       CONFIG,   "can be read or written by group or others; chmod go-rwx")        \
    X(DAMAGED,    CORRUPT,  "is damaged, or is not the key file of this name")                \
    X(VERSION,    SCHEMA,   "was written by a newer version")                                 \
    X(PATH,       RANGE,    "is no usable path: empty, too long, or ends in a slash")                                    \
    X(IO,         IO,       "cannot be read or written")                                      \
    X(NOMEM,      NOMEM,    "does not fit in memory")
/* clang-format on */

enum dp_keyring_fault {
#define DP_KEYRING_FAULT_ENUM(name, err, text) DP_KEYRING_FAULT_##name,
    DP_KEYRING_FAULT_LIST(DP_KEYRING_FAULT_ENUM)
#undef DP_KEYRING_FAULT_ENUM
        DP_KEYRING_FAULT_COUNT
};

#define DP_KEYRING_PATH_MAX 1024
#define DP_KEYRING_FILE_MAX 32 /* "/" and the name of a file in the folder */

struct dp_keyring_why {
    enum dp_keyring_fault fault;
    int sys; /* errno of the call that failed, else 0 */
    char path[DP_KEYRING_PATH_MAX + DP_KEYRING_FILE_MAX];
};

const char *dp_keyring_fault_text(enum dp_keyring_fault f);

/* Read the public fields; the secrets belong to whoever signs, opens or listens. */
struct dp_keyring {
    struct dp_key sign, sign_pub;   /* Ed25519 seed and public key */
    struct dp_key seal, seal_pub;   /* X25519 */
    struct dp_key curve, curve_pub; /* X25519: the pair of a ZeroMQ CURVE socket */
    struct dp_key ca, ca_pub;       /* zero unless has_ca */
    bool has_ca;
    bool has_root;
    struct dp_digest root;  /* pinned root certificate, when has_root */
    struct dp_keytree wrap; /* the wrapping key, and how often it changed */
    uint32_t wrap_generation;
    char dir[DP_KEYRING_PATH_MAX];
};

/*
 * Make all keys of a blank node in the new folder `dir` (an empty one may exist). DP_CONFLICT
 * when keys are there already. `why` may be NULL here and below.
 */
DP_MUST enum dp_err dp_keyring_create(const char *dir, const struct dp_random *random,
                                      struct dp_keyring_why *why);
/* Read the folder. Caller frees. */
DP_MUST enum dp_err dp_keyring_load(const char *dir, struct dp_keyring **out, struct dp_keyring_why *why);
/* Wipes and nulls. */
void dp_keyring_free(struct dp_keyring **kr);

/* Add the key of a CA of this node; DP_CONFLICT when there is one. */
DP_MUST enum dp_err dp_keyring_add_ca(struct dp_keyring *kr, const struct dp_random *random,
                                      struct dp_keyring_why *why);
/* Pin the root for good: the same again is DP_OK, another is DP_CONFLICT. */
DP_MUST enum dp_err dp_keyring_pin(struct dp_keyring *kr, const struct dp_digest *root,
                                   struct dp_keyring_why *why);

/*
 * R-STO-6: destroy what opens these rows of the store, whose numbers rise. The key without them is made
 * durable and takes the place of the one in force; then that one is overwritten and removed. After an error,
 * or when the machine stops, the key in force is one of the two; the call can be made again, also for rows
 * that are gone.
 */
DP_MUST enum dp_err dp_keyring_destroy(struct dp_keyring *kr, const uint64_t *rows, size_t n,
                                       struct dp_keyring_why *why);
/* Once by whoever has the store to itself: destroy what a change that was cut short left in the folder. */
DP_MUST enum dp_err dp_keyring_tidy(struct dp_keyring *kr, struct dp_keyring_why *why);

/* ---- wrap.c for keyring.c ---- */
struct dp_keydir;
DP_MUST enum dp_err dp_keyring_write_wrap(struct dp_keydir *d, const char *name, const struct dp_keytree *t,
                                          uint32_t generation);
DP_MUST enum dp_err dp_keyring_read_wrap(struct dp_keydir *d, struct dp_keyring *kr);

#endif
