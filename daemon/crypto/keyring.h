/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secret keys of a node: one folder, one file each, 0600. The folder appears whole or not
 * at all, and no file of it is ever part of a backup of the store. The wrapping key seals
 * part keys for the store; erasing a part changes it (R-STO-2), so that an old copy of the
 * store cannot be read with the keyring of today. The keyring draws no randomness of its own.
 */
#ifndef DP_CRYPTO_KEYRING_H
#define DP_CRYPTO_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
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
    struct dp_digest root; /* pinned root certificate, when has_root */
    struct dp_key wrap[2]; /* [0] in force; [1] the next, while rotating */
    uint32_t wrap_generation;
    bool rotating; /* a rotation was cut short: run dp_keyring_rotate again */
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

/* A part key as the store keeps it: generation 4, salt 16, sealed key 32 + tag 16. */
#define DP_WRAPPED_BYTES 68

/* R-STO-2: seal the key of part `index` of an entry, under the newest wrapping key. */
DP_MUST enum dp_err dp_keyring_wrap(const struct dp_keyring *kr, const struct dp_name *entry, uint8_t index,
                                    const struct dp_key *key, const struct dp_random *random,
                                    uint8_t out[DP_WRAPPED_BYTES]);
/* DP_NOT_FOUND when its generation is gone (erased), DP_SIGNATURE when it is not of this entry and index. */
DP_MUST enum dp_err dp_keyring_unwrap(const struct dp_keyring *kr, const struct dp_name *entry, uint8_t index,
                                      const uint8_t in[DP_WRAPPED_BYTES], struct dp_key *out);
/* True when it is wrapped under an older key than the newest. */
bool dp_keyring_is_stale(const struct dp_keyring *kr, const uint8_t in[DP_WRAPPED_BYTES]);

/*
 * Change the wrapping key (R-STO-2). The next key is made durable; then `rewrap` must unwrap
 * and wrap again every stale record of the store and commit; only then is the old key
 * overwritten and removed. When `rewrap` fails, or the machine stops, both keys stay
 * (kr->rotating), every record can be read, and the call can be made again.
 */
typedef enum dp_err dp_keyring_rewrap(void *ctx, const struct dp_keyring *kr);
DP_MUST enum dp_err dp_keyring_rotate(struct dp_keyring *kr, const struct dp_random *random,
                                      dp_keyring_rewrap *rewrap, void *ctx, struct dp_keyring_why *why);

#endif
