/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate profile (R-CERT-1, R-CERT-2) over OpenSSL's X.509: each field is looked for exactly
 * once, and what the profile does not name is refused when it is critical. The library's
 * own path check still has the last word, in chain.c.
 */
#include "crypto/x509.h"

#include <openssl/err.h>
#include <string.h>
#include <time.h>

#include "crypto/ossl.h"

#define SIG_BYTES 64
#define USAGE_SIGN 0x80u      /* digitalSignature, alone */
#define USAGE_CERT_SIGN 0x04u /* keyCertSign, alone */

enum presence { ABSENT = -1, TWICE = -2 }; /* what OpenSSL says in place of "critical" */

/* ---- encoding ---- */

/* The digest names a certificate, so its outer shell must have one encoding. */
static bool is_canonical(const X509 *x, struct dp_slice der)
{
    uint8_t *again = NULL;
    int len = i2d_X509(x, &again);
    bool same = len > 0 && dp_slice_eq(dp_slice_of(again, (size_t)len), der);

    OPENSSL_free(again);
    return same;
}

enum dp_cert_fault dp_x509_read(struct dp_slice der, X509 **out)
{
    const unsigned char *p = der.p;
    X509 *x;

    if (der.len > DP_CERT_BYTES_MAX)
        return DP_CERT_FAULT_TOO_BIG;
    x = X509_new_ex(dp_ossl_get()->lib, NULL);
    if (x == NULL)
        return DP_CERT_FAULT_NOMEM;
    /* On failure it frees x and nulls it. */
    if (der.len == 0 || d2i_X509(&x, &p, (long)der.len) == NULL || !is_canonical(x, der)) {
        X509_free(x);
        ERR_clear_error();
        return DP_CERT_FAULT_ENCODING;
    }
    *out = x;
    return DP_CERT_FAULT_NONE;
}

/* ---- key, signature, dates ---- */

enum dp_cert_fault dp_x509_key(EVP_PKEY *pkey, struct dp_key *out)
{
    size_t len = sizeof(out->b);

    if (pkey == NULL || EVP_PKEY_is_a(pkey, "ED25519") != 1 ||
        EVP_PKEY_get_raw_public_key(pkey, out->b, &len) != 1 || len != sizeof(out->b))
        return DP_CERT_FAULT_KEY;
    return DP_CERT_FAULT_NONE;
}

/* Unused bits in the last octet would be masked before verification: a second encoding. */
static bool is_signature_plain(const X509 *x)
{
    const ASN1_BIT_STRING *sig;
    const X509_ALGOR *alg;

    X509_get0_signature(&sig, &alg, x);
    return sig != NULL && sig->length == SIG_BYTES && (sig->flags & 7) == 0 &&
           X509_get_signature_nid(x) == NID_ED25519 && X509_ALGOR_cmp(alg, X509_get0_tbs_sigalg(x)) == 0;
}

static bool time_ms(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;

    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    *out = (int64_t)timegm(&tm) * 1000;
    return true;
}

static enum dp_cert_fault check_dates(const X509 *x, struct dp_cert *c)
{
    if (!time_ms(X509_get0_notBefore(x), &c->not_before_ms) ||
        !time_ms(X509_get0_notAfter(x), &c->not_after_ms) || c->not_after_ms <= c->not_before_ms)
        return DP_CERT_FAULT_DATES;
    c->not_after_ms += 999; /* the last second counts whole (RFC 5280, 4.1.2.5) */
    return DP_CERT_FAULT_NONE;
}

/* ---- the name ---- */

static enum dp_cert_fault name_of(const GENERAL_NAME *name, struct dp_node *out)
{
    const ASN1_IA5STRING *dns;

    if (name->type != GEN_DNS)
        return DP_CERT_FAULT_NAME_KIND;
    dns = name->d.dNSName;
    if (dp_cert_name_parse(dp_slice_of(ASN1_STRING_get0_data(dns), (size_t)ASN1_STRING_length(dns)), out) !=
        DP_OK)
        return DP_CERT_FAULT_NAME_FORM;
    return DP_CERT_FAULT_NONE;
}

/* R-CERT-1: exactly one name, in exactly one extension. */
enum dp_cert_fault dp_x509_name(const STACK_OF(X509_EXTENSION) * exts, struct dp_node *out)
{
    int found = ABSENT;
    GENERAL_NAMES *names = X509V3_get_d2i(exts, NID_subject_alt_name, &found, NULL);
    enum dp_cert_fault fault = DP_CERT_FAULT_NAME_FORM;

    if (found == ABSENT)
        fault = DP_CERT_FAULT_NAME_NONE;
    else if (found == TWICE)
        fault = DP_CERT_FAULT_NAME_MANY;
    else if (names != NULL && sk_GENERAL_NAME_num(names) == 0)
        fault = DP_CERT_FAULT_NAME_NONE;
    else if (names != NULL && sk_GENERAL_NAME_num(names) > 1)
        fault = DP_CERT_FAULT_NAME_MANY;
    else if (names != NULL)
        fault = name_of(sk_GENERAL_NAME_value(names, 0), out);
    GENERAL_NAMES_free(names);
    return fault;
}

/* ---- the node's extension ---- */

void dp_node_ext_put(const struct dp_node_ext *e, uint8_t out[DP_NODE_EXT_BYTES])
{
    struct dp_wr w = dp_wr_of(out, DP_NODE_EXT_BYTES);

    dp_wr_u8(&w, DP_NODE_EXT_VERSION);
    dp_wr_u8(&w, e->suite);
    dp_wr_u8(&w, e->roles);
    dp_wr_u8(&w, e->tier);
    dp_wr_u8(&w, e->post);
    dp_wr_u64(&w, e->parent.v);
    dp_wr_bytes(&w, e->seal_pub.b, sizeof(e->seal_pub.b));
    dp_wr_bytes(&w, e->curve_pub.b, sizeof(e->curve_pub.b));
}

static enum dp_cert_fault node_ext_get(struct dp_slice s, struct dp_node_ext *e)
{
    struct dp_rd r = dp_rd_of(s);
    uint8_t version = dp_rd_u8(&r);

    if (s.len > 0 && version != DP_NODE_EXT_VERSION)
        return DP_CERT_FAULT_EXT_VERSION;
    e->suite = dp_rd_u8(&r);
    e->roles = dp_rd_u8(&r);
    e->tier = dp_rd_u8(&r);
    e->post = dp_rd_u8(&r);
    e->parent.v = dp_rd_u64(&r);
    dp_rd_copy(&r, e->seal_pub.b, sizeof(e->seal_pub.b));
    dp_rd_copy(&r, e->curve_pub.b, sizeof(e->curve_pub.b));
    return dp_rd_done(&r) == DP_OK ? DP_CERT_FAULT_NONE : DP_CERT_FAULT_EXT_FORM;
}

static bool is_zero(const struct dp_key *k)
{
    static const struct dp_key zero;

    return memcmp(k, &zero, sizeof(zero)) == 0;
}

/* Towns merge and zones have prefixes of their own, so the parent need not cover the node by code. */
static bool is_parent_ok(struct dp_node parent, struct dp_node node)
{
    enum dp_tier tier = dp_node_tier(parent);

    if (parent.v == 0)
        return true;
    if (tier == DP_TIER_NONE || dp_node_post(parent) != 0)
        return false;
    return dp_node_post(node) != 0 ? tier <= dp_node_tier(node) : tier < dp_node_tier(node);
}

enum dp_cert_fault dp_node_ext_check(const struct dp_node_ext *e, struct dp_node node)
{
    if (dp_suite_of(e->suite) == NULL)
        return DP_CERT_FAULT_SUITE;
    if (e->tier != dp_node_tier(node))
        return DP_CERT_FAULT_TIER;
    if (e->post != dp_node_post(node))
        return DP_CERT_FAULT_POST;
    if (e->roles == 0 || (e->roles & ~DP_ROLES_ALL) != 0)
        return DP_CERT_FAULT_ROLES;
    if (is_zero(&e->seal_pub) || is_zero(&e->curve_pub))
        return DP_CERT_FAULT_KEYS;
    return is_parent_ok(e->parent, node) ? DP_CERT_FAULT_NONE : DP_CERT_FAULT_PARENT;
}

/* The value is an OCTET STRING with a short length: 04, length, content. */
static enum dp_cert_fault unwrap_octets(const ASN1_OCTET_STRING *value, struct dp_slice *out)
{
    const uint8_t *p = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);

    if (len < 2 || p[0] != V_ASN1_OCTET_STRING || p[1] >= 0x80 || p[1] != len - 2)
        return DP_CERT_FAULT_EXT_FORM;
    *out = dp_slice_of(p + 2, (size_t)len - 2);
    return DP_CERT_FAULT_NONE;
}

enum dp_cert_fault dp_x509_node_ext(const STACK_OF(X509_EXTENSION) * exts, struct dp_node node,
                                    struct dp_node_ext *out)
{
    const ASN1_OBJECT *oid = dp_ossl_get()->node_ext;
    int at = X509v3_get_ext_by_OBJ(exts, oid, -1);
    struct dp_slice content;
    enum dp_cert_fault fault;

    if (at < 0)
        return DP_CERT_FAULT_EXT_NONE;
    if (X509v3_get_ext_by_OBJ(exts, oid, at) >= 0)
        return DP_CERT_FAULT_EXT_MANY;
    fault = unwrap_octets(X509_EXTENSION_get_data(X509v3_get_ext(exts, at)), &content);
    if (fault == DP_CERT_FAULT_NONE)
        fault = node_ext_get(content, out);
    if (fault == DP_CERT_FAULT_NONE)
        fault = dp_node_ext_check(out, node);
    return fault;
}

static enum dp_cert_fault check_node(const STACK_OF(X509_EXTENSION) * exts, struct dp_cert *c)
{
    struct dp_node_ext e = {0};
    enum dp_cert_fault fault = dp_x509_node_ext(exts, c->origin.node, &e);

    if (fault != DP_CERT_FAULT_NONE)
        return fault;
    c->suite = e.suite;
    c->origin.roles = e.roles;
    c->origin.parent = e.parent;
    c->seal_pub = e.seal_pub;
    c->curve_pub = e.curve_pub;
    return DP_CERT_FAULT_NONE;
}

/* ---- what makes a CA ---- */

static enum dp_cert_fault subtrees_of(const NAME_CONSTRAINTS *nc, struct dp_cert *c)
{
    int count = sk_GENERAL_SUBTREE_num(nc->permittedSubtrees); /* -1 for NULL */

    if (nc->excludedSubtrees != NULL)
        return DP_CERT_FAULT_SUBTREE_NOT;
    if (count < 1)
        return DP_CERT_FAULT_SUBTREE_NONE;
    if (count > DP_CERT_SUBTREES_MAX)
        return DP_CERT_FAULT_SUBTREE_MANY;
    for (int i = 0; i < count; i++) {
        const GENERAL_SUBTREE *sub = sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i);
        if (sub->minimum != NULL || sub->maximum != NULL ||
            name_of(sub->base, &c->subtrees[i]) != DP_CERT_FAULT_NONE)
            return DP_CERT_FAULT_SUBTREE_FORM;
    }
    c->subtree_count = (uint8_t)count;
    return DP_CERT_FAULT_NONE;
}

/* R-CERT-2 */
static enum dp_cert_fault check_ca(const STACK_OF(X509_EXTENSION) * exts, struct dp_cert *c)
{
    int found = ABSENT;
    NAME_CONSTRAINTS *nc = X509V3_get_d2i(exts, NID_name_constraints, &found, NULL);
    enum dp_cert_fault fault = DP_CERT_FAULT_SUBTREE_FORM;

    if (X509v3_get_ext_by_OBJ(exts, dp_ossl_get()->node_ext, -1) >= 0)
        fault = DP_CERT_FAULT_CA_EXT;
    else if (found == ABSENT)
        fault = DP_CERT_FAULT_SUBTREE_NONE;
    else if (found == 0)
        fault = DP_CERT_FAULT_CA_CRITICAL;
    else if (nc != NULL)
        fault = subtrees_of(nc, c);
    NAME_CONSTRAINTS_free(nc);
    c->suite = DP_SUITE_INTL;
    return fault;
}

static enum dp_cert_fault check_kind(const STACK_OF(X509_EXTENSION) * exts, struct dp_cert *c)
{
    int found = ABSENT;
    BASIC_CONSTRAINTS *bc = X509V3_get_d2i(exts, NID_basic_constraints, &found, NULL);
    bool broken = bc == NULL && found != ABSENT;

    c->is_ca = bc != NULL && bc->ca != 0;
    BASIC_CONSTRAINTS_free(bc);
    if (broken)
        return DP_CERT_FAULT_ENCODING;
    return c->is_ca && found != 1 ? DP_CERT_FAULT_CA_CRITICAL : DP_CERT_FAULT_NONE;
}

static enum dp_cert_fault check_usage(const STACK_OF(X509_EXTENSION) * exts, const struct dp_cert *c)
{
    int found = ABSENT;
    ASN1_BIT_STRING *bits = X509V3_get_d2i(exts, NID_key_usage, &found, NULL);
    bool ok = bits != NULL && found == 1 && bits->length == 1 &&
              bits->data[0] == (c->is_ca ? USAGE_CERT_SIGN : USAGE_SIGN);

    ASN1_BIT_STRING_free(bits);
    return ok ? DP_CERT_FAULT_NONE : DP_CERT_FAULT_USAGE;
}

/* ---- all of it ---- */

static enum dp_cert_fault check_shell(X509 *x, struct dp_cert *c)
{
    enum dp_cert_fault fault;
    uint32_t flags;

    if (X509_get_version(x) != X509_VERSION_3)
        return DP_CERT_FAULT_ENCODING;
    fault = dp_x509_key(X509_get0_pubkey(x), &c->sign_pub);
    if (fault != DP_CERT_FAULT_NONE)
        return fault;
    if (!is_signature_plain(x))
        return DP_CERT_FAULT_KEY;
    flags = X509_get_extension_flags(x);
    if ((flags & EXFLAG_CRITICAL) != 0)
        return DP_CERT_FAULT_UNKNOWN_EXT;
    return check_dates(x, c);
}

static enum dp_cert_fault check_extensions(X509 *x, struct dp_cert *c)
{
    const STACK_OF(X509_EXTENSION) *exts = X509_get0_extensions(x);
    enum dp_cert_fault fault = dp_x509_name(exts, &c->origin.node);

    if (fault != DP_CERT_FAULT_NONE)
        return fault;
    c->origin.tier = (uint8_t)dp_node_tier(c->origin.node);
    fault = check_kind(exts, c);
    if (fault == DP_CERT_FAULT_NONE)
        fault = check_usage(exts, c);
    if (fault == DP_CERT_FAULT_NONE)
        fault = c->is_ca ? check_ca(exts, c) : check_node(exts, c);
    /* What the library finds wrong beyond that: extensions that are there twice or cannot be read. */
    if (fault == DP_CERT_FAULT_NONE && (X509_get_extension_flags(x) & EXFLAG_INVALID) != 0)
        fault = DP_CERT_FAULT_ENCODING;
    return fault;
}

enum dp_cert_fault dp_x509_check(X509 *x, struct dp_slice der, struct dp_cert *out)
{
    enum dp_cert_fault fault;

    dp_suite_of(DP_SUITE_INTL)->hash(&der, 1, &out->digest);
    fault = check_shell(x, out);
    if (fault == DP_CERT_FAULT_NONE)
        fault = check_extensions(x, out);
    ERR_clear_error();
    return fault;
}

/* ---- building ---- */

X509_EXTENSION *dp_x509_new_name(struct dp_node node)
{
    char text[DP_CERT_NAME_TEXT];
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
    X509_EXTENSION *ext = NULL;

    dp_cert_name_format(node, text);
    if (names == NULL || name == NULL || dns == NULL || ASN1_STRING_set(dns, text, -1) != 1)
        goto out;
    GENERAL_NAME_set0_value(name, GEN_DNS, dns);
    dns = NULL;
    if (sk_GENERAL_NAME_push(names, name) == 0)
        goto out;
    name = NULL;
    ext = X509V3_EXT_i2d(NID_subject_alt_name, 0, names);
out:
    ASN1_IA5STRING_free(dns);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return ext;
}

X509_EXTENSION *dp_x509_new_node_ext(const struct dp_node_ext *e)
{
    uint8_t value[2 + DP_NODE_EXT_BYTES] = {V_ASN1_OCTET_STRING, DP_NODE_EXT_BYTES};
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *ext = NULL;

    dp_node_ext_put(e, value + 2);
    if (octets != NULL && ASN1_OCTET_STRING_set(octets, value, sizeof(value)) == 1)
        ext = X509_EXTENSION_create_by_OBJ(NULL, dp_ossl_get()->node_ext, 0, octets);
    ASN1_OCTET_STRING_free(octets);
    return ext;
}
