/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that our own issuer would never write: extensions given as text for OpenSSL's
 * configuration parser, signed with any key. For the tests of this folder only.
 */
#ifndef DP_TEST_FORGE_H
#define DP_TEST_FORGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/ca.h"
#include "crypto/chain.h"
#include "crypto/random.h"

#define FORGE_EXTS 7
#define FROM_MS INT64_C(1767225600000) /* 2026-01-01 */
#define TO_MS INT64_C(1861920000000)   /* 2029-01-01 */

/* Rows of (extension, text), in order. */
struct forge {
    struct {
        const char *name, *value;
    } ext[FORGE_EXTS];
    const char *cn;  /* NULL: "forged" */
    const char *key; /* NULL: Ed25519 */
    long version;    /* 0: v3 */
    bool backwards;  /* ends before it begins */
};

static inline struct dp_node node_of(const char *text)
{
    struct dp_node n = {0};

    assert_int_equal(dp_node_parse(dp_slice_str(text), &n), DP_OK);
    return n;
}

static inline struct dp_key seed_of(uint8_t b)
{
    struct dp_key k;

    memset(k.b, b, sizeof(k.b));
    return k;
}

static inline struct dp_key pub_of(uint8_t b)
{
    struct dp_key seed = seed_of(b), pub;

    assert_int_equal(dp_suite_of(DP_SUITE_INTL)->sign_pub(&seed, &pub), DP_OK);
    return pub;
}

static inline void forge_add(X509 *x, const char *name, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_nconf(NULL, NULL, name, value);

    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* Signed by seed 0x11, whatever key it carries. */
static inline void forge_make(const struct forge *f, struct dp_der *out)
{
    struct dp_key seed = seed_of(0x11);
    EVP_PKEY *sign = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed.b, sizeof(seed.b));
    EVP_PKEY *own = f->key != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", f->key) : NULL;
    X509 *x = X509_new();
    uint8_t *der = NULL;
    int len;

    assert_non_null(sign);
    assert_non_null(x);
    X509_set_version(x, f->version != 0 ? f->version : X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    ASN1_TIME_set(X509_getm_notBefore(x), (f->backwards ? TO_MS : FROM_MS) / 1000);
    ASN1_TIME_set(X509_getm_notAfter(x), (f->backwards ? FROM_MS : TO_MS) / 1000);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const uint8_t *)(f->cn != NULL ? f->cn : "forged"), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, own != NULL ? own : sign);
    for (size_t i = 0; i < FORGE_EXTS && f->ext[i].name != NULL; i++)
        forge_add(x, f->ext[i].name, f->ext[i].value);
    assert_true(X509_sign(x, sign, NULL) > 0);
    len = i2d_X509(x, &der);
    assert_true(len > 0);
    out->len = (size_t)len <= sizeof(out->b) ? (size_t)len : 0;
    memcpy(out->b, der, out->len);
    OPENSSL_free(der);
    X509_free(x);
    EVP_PKEY_free(own);
    EVP_PKEY_free(sign);
}

#endif
