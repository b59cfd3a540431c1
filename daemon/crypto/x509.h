/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 structures between cert.c, chain.c, ca.c and csr.c, none of which hold them longer
 * than a call. Internal to the crypto floor.
 */
#ifndef DP_CRYPTO_X509_H
#define DP_CRYPTO_X509_H

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/cert.h"

/* Content of the private extension: an OCTET STRING of these fields, in this order. */
#define DP_NODE_EXT_VERSION 1
#define DP_NODE_EXT_BYTES 77 /* version, suite, roles, tier, post: 1 each; parent 8; keys 2 * 32 */
#define DP_ROLES_ALL 15u

struct dp_node_ext {
    uint8_t roles;
    uint8_t tier;
    uint8_t post;
    uint8_t suite;
    struct dp_node parent;
    struct dp_key seal_pub;
    struct dp_key curve_pub;
};

/* DER to structure; canonical encoding only. The caller frees *out. */
DP_MUST enum dp_cert_fault dp_x509_read(struct dp_slice der, X509 **out);
/* Check a structure read from `der` against the profile. Fills `out` as far as it came. */
DP_MUST enum dp_cert_fault dp_x509_check(X509 *x, struct dp_slice der, struct dp_cert *out);

/* Shared with requests. `exts` may be NULL. */
DP_MUST enum dp_cert_fault dp_x509_key(EVP_PKEY *pkey, struct dp_key *out);
DP_MUST enum dp_cert_fault dp_x509_name(const STACK_OF(X509_EXTENSION) * exts, struct dp_node *out);
DP_MUST enum dp_cert_fault dp_x509_node_ext(const STACK_OF(X509_EXTENSION) * exts, struct dp_node node,
                                            struct dp_node_ext *out);
/* Fields that disagree with each other or with the node; NONE when all is well. */
DP_MUST enum dp_cert_fault dp_node_ext_check(const struct dp_node_ext *e, struct dp_node node);
void dp_node_ext_put(const struct dp_node_ext *e, uint8_t out[DP_NODE_EXT_BYTES]);

/* New extensions, owned by the caller; NULL when out of memory. */
X509_EXTENSION *dp_x509_new_name(struct dp_node node);
X509_EXTENSION *dp_x509_new_node_ext(const struct dp_node_ext *e);

/* Fill `why` when there is one; gives the error of the fault. */
enum dp_err dp_refuse(struct dp_refusal *why, enum dp_cert_fault fault, struct dp_node node);

#endif
