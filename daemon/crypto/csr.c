/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests: PKCS#10 with the wanted name and, for a node, the same private extension that its
 * certificate will carry. The signature proves possession of the Ed25519 key; the sealing and CURVE keys are
 * bound by it.
 */
#include <openssl/err.h>
#include <string.h>

#include "crypto/ca.h"
#include "crypto/ossl.h"
#include "crypto/x509.h"

/* ---- make ---- */

static bool push(STACK_OF(X509_EXTENSION) * exts, X509_EXTENSION *taken)
{
    if (taken != NULL && sk_X509_EXTENSION_push(exts, taken) > 0)
        return true;
    X509_EXTENSION_free(taken);
    return false;
}

static X509_EXTENSION *new_basic_ca(void)
{
    BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
    X509_EXTENSION *ext = NULL;

    if (bc != NULL) {
        bc->ca = 0xff;
        ext = X509V3_EXT_i2d(NID_basic_constraints, 1, bc);
    }
    BASIC_CONSTRAINTS_free(bc);
    return ext;
}

static bool add_wishes(X509_REQ *req, const struct dp_csr *csr, const struct dp_node_ext *e)
{
    STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
    bool ok = exts != NULL && push(exts, dp_x509_new_name(csr->node)) &&
              push(exts, csr->is_ca ? new_basic_ca() : dp_x509_new_node_ext(e)) &&
              X509_REQ_add_extensions(req, exts) == 1;

    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    return ok;
}

static bool set_subject(X509_REQ *req, struct dp_node node)
{
    char text[DP_NODE_TEXT];
    const unsigned char *p = (const unsigned char *)text;

    dp_node_format(node, text);
    return X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN", MBSTRING_UTF8, p, -1, -1, 0) == 1;
}

enum dp_err dp_csr_make(const struct dp_csr *csr, const struct dp_key *seed, struct dp_der *out)
{
    struct dp_node_ext e = {
        .suite = DP_SUITE_INTL,
        .roles = csr->roles,
        .tier = (uint8_t)dp_node_tier(csr->node),
        .post = (uint8_t)dp_node_post(csr->node),
        .parent = csr->parent,
        .seal_pub = csr->seal_pub,
        .curve_pub = csr->curve_pub,
    };
    EVP_PKEY *pkey;
    X509_REQ *req;
    uint8_t *der = NULL;
    int len = 0;

    if (e.tier == DP_TIER_NONE || (!csr->is_ca && dp_node_ext_check(&e, csr->node) != DP_CERT_FAULT_NONE))
        return DP_RANGE;
    pkey = dp_ossl_private("ED25519", seed);
    req = X509_REQ_new_ex(dp_ossl_get()->lib, NULL);
    if (pkey != NULL && req != NULL && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
        set_subject(req, csr->node) && X509_REQ_set_pubkey(req, pkey) == 1 && add_wishes(req, csr, &e) &&
        X509_REQ_sign(req, pkey, NULL) > 0)
        len = i2d_X509_REQ(req, &der);
    if (len > 0 && (size_t)len <= sizeof(out->b)) {
        memcpy(out->b, der, (size_t)len);
        out->len = (size_t)len;
    } else {
        len = 0;
    }
    OPENSSL_free(der);
    X509_REQ_free(req);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return len > 0 ? DP_OK : DP_INTERNAL;
}

/* ---- parse ---- */

static enum dp_cert_fault read_request(struct dp_slice der, X509_REQ **out)
{
    const unsigned char *p = der.p;
    X509_REQ *req;

    if (der.len > DP_CERT_BYTES_MAX)
        return DP_CERT_FAULT_TOO_BIG;
    req = X509_REQ_new_ex(dp_ossl_get()->lib, NULL);
    if (req == NULL)
        return DP_CERT_FAULT_NOMEM;
    if (der.len == 0 || d2i_X509_REQ(&req, &p, (long)der.len) == NULL || p != der.p + der.len) {
        X509_REQ_free(req);
        return DP_CERT_FAULT_ENCODING;
    }
    *out = req;
    return DP_CERT_FAULT_NONE;
}

static enum dp_cert_fault check_node_wishes(const STACK_OF(X509_EXTENSION) * exts, struct dp_csr *csr)
{
    struct dp_node_ext e = {0};
    enum dp_cert_fault fault = dp_x509_node_ext(exts, csr->node, &e);

    csr->roles = e.roles;
    csr->parent = e.parent;
    csr->seal_pub = e.seal_pub;
    csr->curve_pub = e.curve_pub;
    return fault;
}

static enum dp_cert_fault check_wishes(const STACK_OF(X509_EXTENSION) * exts, struct dp_csr *csr)
{
    BASIC_CONSTRAINTS *bc;
    enum dp_cert_fault fault = dp_x509_name(exts, &csr->node);

    if (fault != DP_CERT_FAULT_NONE)
        return fault;
    bc = X509V3_get_d2i(exts, NID_basic_constraints, NULL, NULL);
    csr->is_ca = bc != NULL && bc->ca != 0;
    BASIC_CONSTRAINTS_free(bc);
    if (!csr->is_ca)
        return check_node_wishes(exts, csr);
    return X509v3_get_ext_by_OBJ(exts, dp_ossl_get()->node_ext, -1) < 0 ? DP_CERT_FAULT_NONE
                                                                        : DP_CERT_FAULT_CA_EXT;
}

/* R-ENR-1: what is asked for is asked by the holder of the key. */
static enum dp_cert_fault check_request(X509_REQ *req, struct dp_csr *csr)
{
    EVP_PKEY *pkey = X509_REQ_get0_pubkey(req);
    enum dp_cert_fault fault = dp_x509_key(pkey, &csr->sign_pub);
    STACK_OF(X509_EXTENSION) * exts;

    if (fault != DP_CERT_FAULT_NONE)
        return fault;
    if (X509_REQ_get_signature_nid(req) != NID_ED25519 ||
        X509_REQ_verify_ex(req, pkey, dp_ossl_get()->lib, NULL) != 1)
        return DP_CERT_FAULT_REQUEST;
    exts = X509_REQ_get_extensions(req);
    fault = check_wishes(exts, csr);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    return fault;
}

enum dp_err dp_csr_parse(struct dp_slice der, struct dp_csr *out, struct dp_refusal *why)
{
    struct dp_csr csr = {0};
    X509_REQ *req = NULL;
    enum dp_cert_fault fault = read_request(der, &req);

    if (fault == DP_CERT_FAULT_NONE)
        fault = check_request(req, &csr);
    X509_REQ_free(req);
    ERR_clear_error();
    if (fault != DP_CERT_FAULT_NONE)
        return dp_refuse(why, fault, csr.node);
    *out = csr;
    return DP_OK;
}
