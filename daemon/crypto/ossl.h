/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door to OpenSSL: a private library context, so that no openssl.cnf of the machine
 * changes what we compute, and the algorithms fetched once. Internal to the crypto floor.
 */
#ifndef DP_CRYPTO_OSSL_H
#define DP_CRYPTO_OSSL_H

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/types.h>

#include "port/suite.h"

struct dp_ossl {
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *provider;
    EVP_MD *sha256;
    EVP_CIPHER *aes_256_gcm;
    EVP_MAC *hmac;
    EVP_KDF *scrypt;
    ASN1_OBJECT *node_ext; /* DP_CERT_OID */
};

/* Made at the first call, by whichever thread; aborts when the library lacks an algorithm. Never freed. */
const struct dp_ossl *dp_ossl_get(void);

/* Owned by the caller; NULL when out of memory. */
EVP_PKEY *dp_ossl_private(const char *algorithm, const struct dp_key *k);
EVP_PKEY *dp_ossl_public(const char *algorithm, const struct dp_key *k);

#endif
