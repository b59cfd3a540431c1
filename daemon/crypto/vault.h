/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the store under the wrapping key of a keyring (port/vault.h, R-STO-6). */
#ifndef DP_CRYPTO_VAULT_H
#define DP_CRYPTO_VAULT_H

#include "crypto/keyring.h"
#include "port/vault.h"

#define DP_VAULT_OPEN 4

struct dp_keyvault {
    struct dp_vault port;
    struct dp_keyring *kr; /* borrowed */
    struct dp_random random;
    struct dp_buf sealed, open[DP_VAULT_OPEN];
    unsigned at;
};

/* Keyring and source of randomness outlive it. */
void dp_keyvault_init(struct dp_keyvault *v, struct dp_keyring *kr, const struct dp_random *random);
void dp_keyvault_fini(struct dp_keyvault *v);

#endif
