/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: what a node's or a CA's X.509 certificate says, read under one narrow
 * profile (R-CERT-1, R-CERT-2). Reading never looks at a clock: dates are a separate question,
 * asked once by the direct parent (R-CERT-3). A refusal names its reason in words on which
 * an operator can act. The digest of the DER names the certificate for ever, so a second
 * encoding of the same content is refused.
 */
#ifndef DP_CRYPTO_CERT_H
#define DP_CRYPTO_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"
#include "case/entry.h"
#include "port/suite.h"

#define DP_CERT_BYTES_MAX 4096
#define DP_CERT_SUBTREES_MAX 24
#define DP_CERT_OID "2.25.197351864202171863150212884301746118"
#define DP_CERT_DOMAIN "daipao.internal"

/* clang-format off */
#define DP_CERT_FAULT_LIST(X)                                                                             \
    /* name         error        text */                                                                  \
    X(NONE,         OK,          "acceptable")                                                            \
    X(TOO_BIG,      TOO_BIG,     "longer than 4,096 bytes")                                               \
    X(ENCODING,     CERTIFICATE, "not one X.509 v3 certificate in DER; was the file cut or converted?")   \
    X(KEY,          CERTIFICATE, "its key or its signature is not Ed25519")                               \
    X(DATES,        CERTIFICATE, "its dates cannot be read, or it ends before it begins")                 \
    X(UNKNOWN_EXT,  CERTIFICATE, "a critical extension is unknown to this version")                       \
    X(NAME_NONE,    CERTIFICATE, "it has no dNSName; issue it again by the parent's daemon")              \
    X(NAME_MANY,    CERTIFICATE, "it has more than one name; a node has exactly one")                     \
    X(NAME_KIND,    CERTIFICATE, "its name is not a dNSName")                                             \
    X(NAME_FORM,    CERTIFICATE, "its dNSName is not a reversed division code under daipao.internal")     \
    X(USAGE,        CERTIFICATE, "its key usage is missing or not the one of its kind")                   \
    X(EXT_NONE,     CERTIFICATE, "the extension with the node's keys, roles and tier is missing")         \
    X(EXT_MANY,     CERTIFICATE, "the extension with the node's keys, roles and tier is there twice")     \
    X(EXT_FORM,     CERTIFICATE, "the extension with the node's keys, roles and tier is malformed")       \
    X(EXT_VERSION,  CERTIFICATE, "its extension has a version unknown here; upgrade this node")           \
    X(SUITE,        CERTIFICATE, "its suite of algorithms is unknown here; upgrade this node")            \
    X(TIER,         CERTIFICATE, "its tier is not that of its division code")                             \
    X(POST,         CERTIFICATE, "its post is not that of its name")                                      \
    X(ROLES,        CERTIFICATE, "its role mask is empty or has an unknown role")                         \
    X(KEYS,         CERTIFICATE, "its sealing key or its CURVE key is missing")                           \
    X(PARENT,       CERTIFICATE, "the node it is enrolled under is not a node above it")                  \
    X(CA_EXT,       CERTIFICATE, "a CA certificate must not carry a node's extension")                    \
    X(CA_CRITICAL,  CERTIFICATE, "its basic or name constraints are not marked critical")                 \
    X(SUBTREE_NONE, CERTIFICATE, "the CA has no permitted subtrees")                                      \
    X(SUBTREE_MANY, CERTIFICATE, "the CA has more than 24 permitted subtrees")                            \
    X(SUBTREE_FORM, CERTIFICATE, "a permitted subtree is not a reversed division code")                   \
    X(SUBTREE_NOT,  CERTIFICATE, "the CA has excluded subtrees, which are not used here")                 \
    X(CHAIN_LENGTH, CERTIFICATE, "the chain is empty or longer than 8 certificates")                      \
    X(NOT_NODE,     CERTIFICATE, "a CA certificate stands where a node's is expected")                    \
    X(NOT_CA,       CERTIFICATE, "it was issued by a certificate that is not a CA")                       \
    X(ORDER,        CERTIFICATE, "it was not issued by the next certificate of the chain")                \
    X(ROOT_ABSENT,  CERTIFICATE, "the certificate of the pinned root is not at hand")                     \
    X(ROOT_OTHER,   CERTIFICATE, "the chain leads to another root than the one pinned here")              \
    X(ROOT_SIGNED,  CERTIFICATE, "the pinned root is not a self-signed CA")                               \
    X(SIGNATURE,    SIGNATURE,   "the signature of its issuer does not verify")                           \
    X(SCOPE,        SCOPE,       "outside the subtrees that a CA above it permits")                       \
    X(PATH,         CERTIFICATE, "the path to the root breaks a rule of X.509")                           \
    X(NOT_YET,      CERTIFICATE, "not valid before")                                                      \
    X(EXPIRED,      CERTIFICATE, "expired on")                                                            \
    X(REQUEST,      SIGNATURE,   "the request is not signed by the key it asks for")                      \
    X(NOMEM,        NOMEM,       "no memory to read it")
/* clang-format on */

enum dp_cert_fault {
#define DP_CERT_FAULT_ENUM(name, err, text) DP_CERT_FAULT_##name,
    DP_CERT_FAULT_LIST(DP_CERT_FAULT_ENUM)
#undef DP_CERT_FAULT_ENUM
        DP_CERT_FAULT_COUNT
};

/* Why a certificate was refused. What is not known is zero. */
struct dp_refusal {
    enum dp_cert_fault fault;
    uint8_t depth;       /* place in its chain, 0 = leaf */
    struct dp_node node; /* holder of the certificate at fault */
    struct dp_node ca;   /* SCOPE: the CA that does not permit it */
    int64_t date_ms;     /* NOT_YET, EXPIRED: the date missed */
};

const char *dp_cert_fault_text(enum dp_cert_fault f);
enum dp_err dp_cert_fault_err(enum dp_cert_fault f);
#define DP_REFUSAL_TEXT 192
/* One line: "331023105001: expired on 2026-05-01". */
void dp_refusal_format(const struct dp_refusal *r, char out[DP_REFUSAL_TEXT]);

struct dp_cert {
    struct dp_digest digest; /* SHA-256 of the DER */
    struct dp_origin origin; /* of a CA: node and tier of its holder; no parent, no roles */
    struct dp_key sign_pub;  /* the certified key */
    struct dp_key seal_pub;  /* zero for a CA, as the next */
    struct dp_key curve_pub;
    int64_t not_before_ms;
    int64_t not_after_ms; /* last millisecond of validity */
    uint8_t suite;
    bool is_ca;
    uint8_t subtree_count; /* CA: 1..DP_CERT_SUBTREES_MAX */
    struct dp_node subtrees[DP_CERT_SUBTREES_MAX];
};

/*
 * Read and check one certificate by itself; who signed it is dp_chain_verify's question.
 * On refusal `out` is untouched, `why` (may be NULL) says why, and the error is the
 * fault's: DP_TOO_BIG, DP_CERTIFICATE or DP_NOMEM.
 */
DP_MUST enum dp_err dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why);

/* True when a CA's permitted subtrees hold `n`; false for a node's certificate. */
bool dp_cert_permits(const struct dp_cert *ca, struct dp_node n);

/* R-CERT-3. DP_OK, or DP_CERTIFICATE with NOT_YET or EXPIRED in `why` (may be NULL). */
DP_MUST enum dp_err dp_cert_dates(const struct dp_cert *c, int64_t now_ms, struct dp_refusal *why);

/* The name of a node in certificates: "p05.23.10.33.daipao.internal", NUL-terminated. */
#define DP_CERT_NAME_TEXT 40
void dp_cert_name_format(struct dp_node n, char out[DP_CERT_NAME_TEXT]);
/* Exactly what dp_cert_name_format writes, else DP_FORMAT. */
DP_MUST enum dp_err dp_cert_name_parse(struct dp_slice s, struct dp_node *out);

#endif
