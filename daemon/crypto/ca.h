/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Issuing: the root, CAs below it, node certificates, and the signed request by which a blank
 * node asks for one (PKCS#10). A CA key never signs blocks, and a node's key never signs
 * certificates (R-CERT-1, R-CERT-2). What is issued is read back under the profile of cert.h
 * before it is handed out. Same keys, spec and random bytes give the same certificate.
 */
#ifndef DP_CRYPTO_CA_H
#define DP_CRYPTO_CA_H

#include "crypto/cert.h"
#include "port/random.h"

/* One certificate or request, owned. */
struct dp_der {
    size_t len;
    uint8_t b[DP_CERT_BYTES_MAX];
};

struct dp_slice dp_der_slice(const struct dp_der *d);

/* A CA that issues: its certificate and its key. Borrowed for the call. */
struct dp_issuer {
    struct dp_slice der;
    const struct dp_key *seed;
};

struct dp_ca_spec {
    struct dp_node node;            /* holder */
    const struct dp_node *subtrees; /* 1..DP_CERT_SUBTREES_MAX */
    size_t subtree_count;
    int64_t not_before_ms; /* UTC; certificates count in whole seconds */
    int64_t not_after_ms;
};

struct dp_node_spec {
    struct dp_node node;
    struct dp_node parent; /* enrolled under; {0} for the node at the root */
    uint8_t roles;         /* mask of enum dp_role */
    struct dp_key sign_pub;
    struct dp_key seal_pub;
    struct dp_key curve_pub;
    int64_t not_before_ms;
    int64_t not_after_ms;
};

/*
 * All three: DP_OK, or DP_RANGE (a field of the spec is outside its limits), DP_SCOPE (the issuer does not
 * permit the name or a subtree), DP_CERTIFICATE (the issuer's certificate is no CA, or not of
 * this seed), DP_INTERNAL.
 */
DP_MUST enum dp_err dp_ca_new_root(const struct dp_key *seed, const struct dp_ca_spec *spec,
                                   const struct dp_random *random, struct dp_der *out);
DP_MUST enum dp_err dp_ca_issue_ca(const struct dp_issuer *by, const struct dp_key *pub,
                                   const struct dp_ca_spec *spec, const struct dp_random *random,
                                   struct dp_der *out);
DP_MUST enum dp_err dp_ca_issue_node(const struct dp_issuer *by, const struct dp_node_spec *spec,
                                     const struct dp_random *random, struct dp_der *out);

/* What a request asks for. Roles and parent are wishes; the approving operator decides. */
struct dp_csr {
    bool is_ca; /* asks for a CA certificate: no roles, no sealing and CURVE keys */
    struct dp_node node;
    struct dp_node parent;
    uint8_t roles;
    struct dp_key sign_pub;
    struct dp_key seal_pub;
    struct dp_key curve_pub;
};

/* Sign a request with the seed of csr->sign_pub (which is ignored and computed). DP_RANGE, DP_INTERNAL. */
DP_MUST enum dp_err dp_csr_make(const struct dp_csr *csr, const struct dp_key *seed, struct dp_der *out);
/* Checks shape and possession of the key; errors and `why` as dp_cert_parse. */
DP_MUST enum dp_err dp_csr_parse(struct dp_slice der, struct dp_csr *out, struct dp_refusal *why);

#endif
