/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building and signing certificates. The builder carries a sticky `ok`: after the first
 * failure every step is a no-op, and the end looks once. Limits of the spec and of the issuer
 * are checked before, the finished bytes are read back after.
 */
#include "crypto/ca.h"

#include <openssl/err.h>
#include <string.h>
#include <time.h>

#include "crypto/ossl.h"
#include "crypto/x509.h"

#define SERIAL_BYTES 16
#define KEY_ID_BYTES 20
#define DATE_MAX_S INT64_C(253402300799) /* 9999-12-31, the last date X.509 can say */

struct build {
    X509 *x;
    bool ok;
};

/* What the three kinds have in common. */
struct frame {
    struct dp_node node;
    struct dp_node issuer;
    struct dp_key pub;
    struct dp_key issuer_pub;
    bool is_ca;
    int64_t not_before_ms;
    int64_t not_after_ms;
};

struct dp_slice dp_der_slice(const struct dp_der *d)
{
    return dp_slice_of(d->b, d->len);
}

/* ---- pieces ---- */

static void put_ext(struct build *b, X509_EXTENSION *taken)
{
    b->ok = b->ok && taken != NULL && X509_add_ext(b->x, taken, -1) == 1;
    X509_EXTENSION_free(taken);
}

static void put_value(struct build *b, int nid, bool critical, void *value)
{
    b->ok = b->ok && value != NULL && X509_add1_ext_i2d(b->x, nid, value, critical, X509V3_ADD_DEFAULT) == 1;
}

/* Serial: random, positive, 16 bytes (RFC 5280, 4.1.2.2). */
static void put_serial(struct build *b, const struct dp_random *random)
{
    uint8_t raw[SERIAL_BYTES];
    BIGNUM *n;

    random->fill(random->ctx, raw, sizeof(raw));
    raw[0] = (uint8_t)((raw[0] & 0x7f) | 0x40);
    n = BN_bin2bn(raw, sizeof(raw), NULL);
    b->ok = b->ok && n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(b->x)) != NULL;
    BN_free(n);
}

/* For people only; what counts is the dNSName. */
static bool set_name(X509_NAME *name, struct dp_node node, bool is_ca)
{
    char text[DP_NODE_TEXT + 3];
    unsigned char *p = (unsigned char *)text;

    dp_node_format(node, text);
    if (is_ca)
        strcat(text, " CA");
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, p, -1, -1, 0) == 1;
}

static void put_names(struct build *b, const struct frame *f)
{
    b->ok = b->ok && set_name(X509_get_subject_name(b->x), f->node, f->is_ca) &&
            set_name(X509_get_issuer_name(b->x), f->issuer, true);
}

static void put_dates(struct build *b, const struct frame *f)
{
    b->ok = b->ok && ASN1_TIME_set(X509_getm_notBefore(b->x), (time_t)(f->not_before_ms / 1000)) != NULL &&
            ASN1_TIME_set(X509_getm_notAfter(b->x), (time_t)(f->not_after_ms / 1000)) != NULL;
}

static void put_key(struct build *b, const struct dp_key *pub)
{
    EVP_PKEY *pkey = dp_ossl_public("ED25519", pub);

    b->ok = b->ok && pkey != NULL && X509_set_pubkey(b->x, pkey) == 1;
    EVP_PKEY_free(pkey);
}

static void put_usage(struct build *b, bool is_ca)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

    b->ok = b->ok && bits != NULL && ASN1_BIT_STRING_set_bit(bits, is_ca ? 5 : 0, 1) == 1;
    put_value(b, NID_key_usage, true, bits);
    ASN1_BIT_STRING_free(bits);
}

/* Which key, when a CA changed its own under the same name. */
static ASN1_OCTET_STRING *key_id(const struct dp_key *pub)
{
    struct dp_slice s = dp_slice_of(pub->b, sizeof(pub->b));
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    struct dp_digest d;

    dp_suite_of(DP_SUITE_INTL)->hash(&s, 1, &d);
    if (id != NULL && ASN1_OCTET_STRING_set(id, d.b, KEY_ID_BYTES) != 1) {
        ASN1_OCTET_STRING_free(id);
        id = NULL;
    }
    return id;
}

static void put_key_ids(struct build *b, const struct frame *f)
{
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();

    if (f->is_ca) {
        ASN1_OCTET_STRING *subject = key_id(&f->pub);
        put_value(b, NID_subject_key_identifier, false, subject);
        ASN1_OCTET_STRING_free(subject);
    }
    if (authority != NULL)
        authority->keyid = key_id(&f->issuer_pub);
    b->ok = b->ok && authority != NULL && authority->keyid != NULL;
    put_value(b, NID_authority_key_identifier, false, authority);
    AUTHORITY_KEYID_free(authority);
}

static void put_basic_ca(struct build *b)
{
    BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();

    if (bc != NULL)
        bc->ca = 0xff;
    put_value(b, NID_basic_constraints, true, bc);
    BASIC_CONSTRAINTS_free(bc);
}

static GENERAL_SUBTREE *new_subtree(struct dp_node node)
{
    char text[DP_CERT_NAME_TEXT];
    GENERAL_SUBTREE *sub = GENERAL_SUBTREE_new();
    ASN1_IA5STRING *dns = ASN1_IA5STRING_new();

    dp_cert_name_format(node, text);
    if (sub == NULL || dns == NULL || ASN1_STRING_set(dns, text, -1) != 1) {
        ASN1_IA5STRING_free(dns);
        GENERAL_SUBTREE_free(sub);
        return NULL;
    }
    GENERAL_NAME_set0_value(sub->base, GEN_DNS, dns);
    return sub;
}

static void put_subtrees(struct build *b, const struct dp_ca_spec *spec)
{
    NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();

    if (nc != NULL)
        nc->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
    b->ok = b->ok && nc != NULL && nc->permittedSubtrees != NULL;
    for (size_t i = 0; b->ok && i < spec->subtree_count; i++) {
        GENERAL_SUBTREE *sub = new_subtree(spec->subtrees[i]);
        b->ok = sub != NULL && sk_GENERAL_SUBTREE_push(nc->permittedSubtrees, sub) > 0;
        if (!b->ok)
            GENERAL_SUBTREE_free(sub);
    }
    put_value(b, NID_name_constraints, true, nc);
    NAME_CONSTRAINTS_free(nc);
}

/* ---- begin and end ---- */

static struct build begin(const struct frame *f, const struct dp_random *random)
{
    struct build b = {X509_new_ex(dp_ossl_get()->lib, NULL), true};

    b.ok = b.x != NULL && X509_set_version(b.x, X509_VERSION_3) == 1;
    if (b.x == NULL)
        return b;
    put_serial(&b, random);
    put_names(&b, f);
    put_dates(&b, f);
    put_key(&b, &f->pub);
    put_usage(&b, f->is_ca);
    put_ext(&b, dp_x509_new_name(f->node));
    put_key_ids(&b, f);
    return b;
}

static enum dp_err finish(struct build *b, const struct dp_key *seed, struct dp_der *out)
{
    EVP_PKEY *pkey = dp_ossl_private("ED25519", seed);
    uint8_t *der = NULL;
    int len = 0;
    struct dp_cert check;
    enum dp_err err = DP_INTERNAL;

    if (b->ok && pkey != NULL && X509_sign(b->x, pkey, NULL) > 0)
        len = i2d_X509(b->x, &der);
    if (len > 0)
        err = dp_cert_parse(dp_slice_of(der, (size_t)len), &check, NULL);
    if (err == DP_OK) {
        memcpy(out->b, der, (size_t)len);
        out->len = (size_t)len;
    }
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    X509_free(b->x);
    ERR_clear_error();
    return err;
}

/* ---- what may be issued ---- */

static bool are_dates_ok(int64_t not_before_ms, int64_t not_after_ms)
{
    return not_before_ms >= 0 && not_after_ms / 1000 > not_before_ms / 1000 &&
           not_after_ms / 1000 <= DATE_MAX_S;
}

static enum dp_err check_spec(const struct dp_ca_spec *spec)
{
    if (dp_node_tier(spec->node) == DP_TIER_NONE || spec->subtree_count == 0 ||
        spec->subtree_count > DP_CERT_SUBTREES_MAX || !are_dates_ok(spec->not_before_ms, spec->not_after_ms))
        return DP_RANGE;
    for (size_t i = 0; i < spec->subtree_count; i++) {
        if (dp_node_tier(spec->subtrees[i]) == DP_TIER_NONE)
            return DP_RANGE;
    }
    return DP_OK;
}

/* The issuer's certificate must be a CA's and of this seed. */
static enum dp_err read_issuer(const struct dp_issuer *by, struct dp_cert *ca)
{
    struct dp_key pub;
    enum dp_err err = dp_cert_parse(by->der, ca, NULL);

    if (err == DP_OK)
        err = dp_suite_of(DP_SUITE_INTL)->sign_pub(by->seed, &pub);
    if (err == DP_OK && (!ca->is_ca || memcmp(&pub, &ca->sign_pub, sizeof(pub)) != 0))
        err = DP_CERTIFICATE;
    return err;
}

static enum dp_err issue_ca(const struct frame *f, const struct dp_ca_spec *spec, const struct dp_key *seed,
                            const struct dp_random *random, struct dp_der *out)
{
    struct build b = begin(f, random);

    if (b.ok) {
        put_basic_ca(&b);
        put_subtrees(&b, spec);
    }
    return finish(&b, seed, out);
}

static struct frame ca_frame(const struct dp_ca_spec *spec, const struct dp_key *pub)
{
    return (struct frame){
        .node = spec->node,
        .issuer = spec->node,
        .pub = *pub,
        .issuer_pub = *pub,
        .is_ca = true,
        .not_before_ms = spec->not_before_ms,
        .not_after_ms = spec->not_after_ms,
    };
}

enum dp_err dp_ca_new_root(const struct dp_key *seed, const struct dp_ca_spec *spec,
                           const struct dp_random *random, struct dp_der *out)
{
    enum dp_err err = check_spec(spec);
    struct dp_key pub;
    struct frame f;

    if (err == DP_OK)
        err = dp_suite_of(DP_SUITE_INTL)->sign_pub(seed, &pub);
    if (err != DP_OK)
        return err;
    f = ca_frame(spec, &pub);
    return issue_ca(&f, spec, seed, random, out);
}

enum dp_err dp_ca_issue_ca(const struct dp_issuer *by, const struct dp_key *pub,
                           const struct dp_ca_spec *spec, const struct dp_random *random, struct dp_der *out)
{
    struct dp_cert ca;
    struct frame f;
    enum dp_err err = check_spec(spec);

    if (err == DP_OK)
        err = read_issuer(by, &ca);
    if (err != DP_OK)
        return err;
    if (!dp_cert_permits(&ca, spec->node))
        return DP_SCOPE;
    for (size_t i = 0; i < spec->subtree_count; i++) {
        if (!dp_cert_permits(&ca, spec->subtrees[i]))
            return DP_SCOPE;
    }
    f = ca_frame(spec, pub);
    f.issuer = ca.origin.node;
    f.issuer_pub = ca.sign_pub;
    return issue_ca(&f, spec, by->seed, random, out);
}

enum dp_err dp_ca_issue_node(const struct dp_issuer *by, const struct dp_node_spec *spec,
                             const struct dp_random *random, struct dp_der *out)
{
    struct dp_node_ext e = {
        .suite = DP_SUITE_INTL,
        .roles = spec->roles,
        .tier = (uint8_t)dp_node_tier(spec->node),
        .post = (uint8_t)dp_node_post(spec->node),
        .parent = spec->parent,
        .seal_pub = spec->seal_pub,
        .curve_pub = spec->curve_pub,
    };
    struct dp_cert ca;
    struct frame f;
    struct build b;
    enum dp_err err;

    if (e.tier == DP_TIER_NONE || !are_dates_ok(spec->not_before_ms, spec->not_after_ms) ||
        dp_node_ext_check(&e, spec->node) != DP_CERT_FAULT_NONE)
        return DP_RANGE;
    err = read_issuer(by, &ca);
    if (err != DP_OK)
        return err;
    if (!dp_cert_permits(&ca, spec->node))
        return DP_SCOPE;
    f = (struct frame){
        .node = spec->node,
        .issuer = ca.origin.node,
        .pub = spec->sign_pub,
        .issuer_pub = ca.sign_pub,
        .not_before_ms = spec->not_before_ms,
        .not_after_ms = spec->not_after_ms,
    };
    b = begin(&f, random);
    put_ext(&b, b.ok ? dp_x509_new_node_ext(&e) : NULL);
    return finish(&b, by->seed, out);
}
