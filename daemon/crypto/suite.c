/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suite 1 `intl` over OpenSSL 3. The digest runs hundreds of thousands of times in a
 * catch-up, and a key is derived for each grant, so each thread keeps one digest and one HMAC
 * context: the library's own HKDF looks its algorithms up by name at each call. A verification
 * counts only when the library says exactly 1; plain text leaves only after the tag was right.
 */
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/ossl.h"
#include "port/suite.h"

#define ED25519 "ED25519"
#define X25519 "X25519"
#define NONCE_BYTES 12
#define HKDF_INFO_MAX 1024
#define AEAD_BYTES_MAX (INT_MAX / 2)

/* ---- contexts of a thread ---- */

struct hashers {
    EVP_MD_CTX *digest; /* SHA-256 */
    EVP_MAC_CTX *hmac;  /* HMAC-SHA-256; between two uses its key is zero */
};

static pthread_key_t hashers_key;
static pthread_once_t hashers_once = PTHREAD_ONCE_INIT;
static _Thread_local struct hashers kept;

static void hash_failed(void)
{
    dp_log(DP_LOG_ERROR, "SHA-256 failed: out of memory, or OpenSSL is broken");
    abort();
}

static void hashers_free(void *p)
{
    struct hashers *h = p;

    EVP_MD_CTX_free(h->digest);
    EVP_MAC_CTX_free(h->hmac);
    *h = (struct hashers){NULL, NULL};
}

static void hashers_setup(void)
{
    if (pthread_key_create(&hashers_key, hashers_free) != 0)
        hash_failed();
}

static bool hmac_set(EVP_MAC_CTX *ctx)
{
    char digest[] = "SHA2-256";
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                            OSSL_PARAM_construct_end()};

    return EVP_MAC_CTX_set_params(ctx, params) == 1;
}

/* The thread's own contexts, which end with it. */
static const struct hashers *hashers_new(void)
{
    const struct dp_ossl *ossl = dp_ossl_get();

    pthread_once(&hashers_once, hashers_setup);
    kept.digest = EVP_MD_CTX_new();
    kept.hmac = EVP_MAC_CTX_new(ossl->hmac);
    if (kept.digest == NULL || EVP_DigestInit_ex2(kept.digest, ossl->sha256, NULL) != 1 ||
        kept.hmac == NULL || !hmac_set(kept.hmac) || pthread_setspecific(hashers_key, &kept) != 0)
        hash_failed();
    return &kept;
}

static const struct hashers *hashers(void)
{
    return kept.digest != NULL ? &kept : hashers_new();
}

/* ---- digest ---- */

static void intl_hash(const struct dp_slice *parts, size_t n, struct dp_digest *out)
{
    EVP_MD_CTX *ctx = hashers()->digest;
    bool ok = EVP_DigestInit_ex2(ctx, NULL, NULL) == 1;

    for (size_t i = 0; i < n; i++)
        ok = ok && (parts[i].len == 0 || EVP_DigestUpdate(ctx, parts[i].p, parts[i].len) == 1);
    if (!ok || EVP_DigestFinal_ex(ctx, out->b, NULL) != 1)
        hash_failed();
}

/* ---- signatures and key agreement ---- */

static enum dp_err public_of(const char *algorithm, const struct dp_key *priv, struct dp_key *pub)
{
    EVP_PKEY *pkey = dp_ossl_private(algorithm, priv);
    struct dp_key raw;
    size_t len = sizeof(raw.b);
    bool ok = pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, raw.b, &len) == 1 && len == sizeof(raw.b);

    EVP_PKEY_free(pkey);
    if (!ok) {
        ERR_clear_error();
        return DP_INTERNAL;
    }
    *pub = raw;
    return DP_OK;
}

static enum dp_err intl_sign_pub(const struct dp_key *seed, struct dp_key *pub)
{
    return public_of(ED25519, seed, pub);
}

static enum dp_err intl_kex_pub(const struct dp_key *priv, struct dp_key *pub)
{
    return public_of(X25519, priv, pub);
}

/* Ed25519 is one-shot and takes no digest: streaming, or a digest's name, would fail. */
static enum dp_err intl_sign(const struct dp_key *seed, struct dp_slice msg, struct dp_sig *out)
{
    EVP_PKEY *pkey = dp_ossl_private(ED25519, seed);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    struct dp_sig sig;
    size_t len = sizeof(sig.b);
    bool ok = pkey != NULL && ctx != NULL &&
              EVP_DigestSignInit_ex(ctx, NULL, NULL, dp_ossl_get()->lib, NULL, pkey, NULL) == 1 &&
              EVP_DigestSign(ctx, sig.b, &len, msg.p, msg.len) == 1 && len == sizeof(sig.b);

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (!ok) {
        ERR_clear_error();
        return DP_INTERNAL;
    }
    *out = sig;
    return DP_OK;
}

static bool intl_verify(const struct dp_key *pub, struct dp_slice msg, const struct dp_sig *sig)
{
    EVP_PKEY *pkey = dp_ossl_public(ED25519, pub);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = pkey != NULL && ctx != NULL &&
              EVP_DigestVerifyInit_ex(ctx, NULL, NULL, dp_ossl_get()->lib, NULL, pkey, NULL) == 1 &&
              EVP_DigestVerify(ctx, sig->b, sizeof(sig->b), msg.p, msg.len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (!ok)
        ERR_clear_error();
    return ok;
}

/* DP_FORMAT: the peer's key is one of the few that give a shared secret of zero. */
static enum dp_err intl_kex(const struct dp_key *priv, const struct dp_key *pub, struct dp_key *shared)
{
    EVP_PKEY *own = dp_ossl_private(X25519, priv);
    EVP_PKEY *peer = dp_ossl_public(X25519, pub);
    EVP_PKEY_CTX *ctx = own != NULL ? EVP_PKEY_CTX_new_from_pkey(dp_ossl_get()->lib, own, NULL) : NULL;
    struct dp_key raw = {{0}};
    size_t len = sizeof(raw.b);
    bool ready = ctx != NULL && peer != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                 EVP_PKEY_derive_set_peer(ctx, peer) == 1;
    bool ok = ready && EVP_PKEY_derive(ctx, raw.b, &len) == 1 && len == sizeof(raw.b);

    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    if (ok)
        *shared = raw;
    else
        ERR_clear_error();
    dp_wipe(&raw, sizeof(raw));
    if (ok)
        return DP_OK;
    return ready ? DP_FORMAT : DP_INTERNAL;
}

/* ---- key derivation ---- */

static bool hmac(EVP_MAC_CTX *ctx, struct dp_slice key, struct dp_slice a, struct dp_slice b,
                 struct dp_key *out)
{
    size_t len = 0;

    return EVP_MAC_init(ctx, key.p, key.len, NULL) == 1 &&
           (a.len == 0 || EVP_MAC_update(ctx, a.p, a.len) == 1) &&
           (b.len == 0 || EVP_MAC_update(ctx, b.p, b.len) == 1) &&
           EVP_MAC_final(ctx, out->b, &len, sizeof(out->b)) == 1 && len == sizeof(out->b);
}

static struct dp_slice key_slice(const struct dp_key *k)
{
    return dp_slice_of(k->b, sizeof(k->b));
}

/* RFC 5869: extract, and the first block of expand, which is all of a key. */
static enum dp_err intl_hkdf(struct dp_slice secret, struct dp_slice salt, struct dp_slice info,
                             struct dp_key *out)
{
    static const struct dp_key zero;
    static const uint8_t first[1] = {1};
    struct dp_slice none = dp_slice_of(NULL, 0);
    EVP_MAC_CTX *ctx = hashers()->hmac;
    struct dp_key prk, raw;
    bool ok;

    if (info.len > HKDF_INFO_MAX)
        return DP_TOO_BIG;
    ok = hmac(ctx, salt.len > 0 ? salt : key_slice(&zero), secret, none, &prk) &&
         hmac(ctx, key_slice(&prk), info, dp_slice_of(first, sizeof(first)), &raw);
    ok = EVP_MAC_init(ctx, zero.b, sizeof(zero.b), NULL) == 1 && ok; /* it forgets the secret */
    if (ok)
        *out = raw;
    else
        ERR_clear_error();
    dp_wipe(&prk, sizeof(prk));
    dp_wipe(&raw, sizeof(raw));
    return ok ? DP_OK : DP_INTERNAL;
}

/* ---- sealing ---- */

/* Feed `s`, to `out` when it is text and to nowhere when it is associated data. */
static bool feed(EVP_CIPHER_CTX *ctx, uint8_t *out, struct dp_slice s)
{
    int len = 0;

    return s.len == 0 || (EVP_CipherUpdate(ctx, out, &len, s.p, (int)s.len) == 1 && len == (int)s.len);
}

static EVP_CIPHER_CTX *cipher_new(const struct dp_key *key, bool encrypt)
{
    static const uint8_t nonce[NONCE_BYTES];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (ctx != NULL &&
        EVP_CipherInit_ex2(ctx, dp_ossl_get()->aes_256_gcm, key->b, nonce, encrypt, NULL) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

static enum dp_err intl_seal(const struct dp_key *key, struct dp_slice aad, struct dp_slice plain,
                             uint8_t *out)
{
    EVP_CIPHER_CTX *ctx;
    int none = 0;
    bool ok;

    if (plain.len > AEAD_BYTES_MAX || aad.len > AEAD_BYTES_MAX)
        return DP_TOO_BIG;
    ctx = cipher_new(key, true);
    ok = ctx != NULL && feed(ctx, NULL, aad) && feed(ctx, out, plain) &&
         EVP_CipherFinal_ex(ctx, out + plain.len, &none) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, DP_TAG_BYTES, out + plain.len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (ok)
        return DP_OK;
    ERR_clear_error();
    dp_wipe(out, plain.len + DP_TAG_BYTES);
    return DP_INTERNAL;
}

static enum dp_err intl_open(const struct dp_key *key, struct dp_slice aad, struct dp_slice sealed,
                             uint8_t *out)
{
    struct dp_slice text;
    uint8_t tag[DP_TAG_BYTES];
    uint8_t rest[DP_TAG_BYTES];
    EVP_CIPHER_CTX *ctx;
    int none = 0;
    bool ok;

    if (sealed.len < DP_TAG_BYTES)
        return DP_SIGNATURE;
    text = dp_slice_of(sealed.p, sealed.len - DP_TAG_BYTES);
    if (text.len > AEAD_BYTES_MAX || aad.len > AEAD_BYTES_MAX)
        return DP_TOO_BIG;
    memcpy(tag, sealed.p + text.len, sizeof(tag));
    ctx = cipher_new(key, false);
    ok = ctx != NULL && feed(ctx, NULL, aad) && feed(ctx, out, text) &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, DP_TAG_BYTES, tag) == 1 &&
         EVP_CipherFinal_ex(ctx, rest, &none) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (ok)
        return DP_OK;
    ERR_clear_error();
    dp_wipe(out, text.len);
    return DP_SIGNATURE;
}

static const struct dp_suite intl = {
    .id = DP_SUITE_INTL,
    .name = "intl",
    .hash = intl_hash,
    .sign_pub = intl_sign_pub,
    .sign = intl_sign,
    .verify = intl_verify,
    .kex_pub = intl_kex_pub,
    .kex = intl_kex,
    .hkdf = intl_hkdf,
    .seal = intl_seal,
    .open = intl_open,
};

const struct dp_suite *dp_suite_of(uint8_t id)
{
    return id == DP_SUITE_INTL ? &intl : NULL;
}
