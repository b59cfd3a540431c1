/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes read aloud. The check character makes the code, read as a polynomial over GF(32), vanish at a
 * primitive element: each place has another weight, so one wrong character or two swapped
 * ones always show.
 */
#include "crypto/code.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/ossl.h"

#define GROUP 5
#define CONTEXT_ENROL "daipao/enrol/1"
#define CONTEXT_QUERY "daipao/query/1"
#define SCRYPT_N 32768
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SCRYPT_MEMORY (64u << 20)
#define SALT_BYTES 16

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */

/* ---- characters ---- */

static char fold_char(uint8_t c)
{
    if (c >= 'a' && c <= 'z')
        c = (uint8_t)(c - 'a' + 'A');
    if (c == 'O')
        return '0';
    return c == 'I' || c == 'L' ? '1' : (char)c;
}

/* 0..31, or -1. */
static int value_of(char c)
{
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

    return at != NULL ? (int)(at - alphabet) : -1;
}

/* Times x in GF(32) modulo x^5 + x^2 + 1. */
static unsigned times_x(unsigned v)
{
    v <<= 1;
    return v & 32 ? v ^ 37 : v;
}

/* Horner over the first n characters, all valid. */
static unsigned remainder_of(const char *c, size_t n)
{
    unsigned acc = 0;

    for (size_t i = 0; i < n; i++)
        acc = times_x(acc) ^ (unsigned)value_of(c[i]);
    return acc;
}

static void make(const struct dp_random *random, char *out, size_t n)
{
    uint8_t raw[DP_ENROL_CHARS];

    random->fill(random->ctx, raw, n - 1);
    for (size_t i = 0; i + 1 < n; i++)
        out[i] = alphabet[raw[i] & 31];
    out[n - 1] = alphabet[times_x(remainder_of(out, n - 1))];
    out[n] = '\0';
    dp_wipe(raw, sizeof(raw));
}

static enum dp_err parse(struct dp_slice s, char *out, size_t n)
{
    char text[DP_ENROL_CHARS + 1] = {0};
    size_t len = 0;
    enum dp_err err = DP_OK;

    for (size_t i = 0; i < s.len && err == DP_OK; i++) {
        char c = fold_char(s.p[i]);
        if (c == ' ' || c == '-')
            continue;
        if (len == n || value_of(c) < 0)
            err = DP_FORMAT;
        else
            text[len++] = c;
    }
    if (err == DP_OK && (len != n || remainder_of(text, n) != 0))
        err = DP_FORMAT;
    if (err == DP_OK)
        memcpy(out, text, n + 1);
    dp_wipe(text, sizeof(text));
    return err;
}

static void format(const char *c, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && i % GROUP == 0)
            *out++ = '-';
        *out++ = c[i];
    }
    *out = '\0';
}

/* ---- enrolment code ---- */

void dp_enrol_code_make(const struct dp_random *random, struct dp_enrol_code *out)
{
    make(random, out->c, DP_ENROL_CHARS);
}

enum dp_err dp_enrol_code_parse(struct dp_slice s, struct dp_enrol_code *out)
{
    return parse(s, out->c, DP_ENROL_CHARS);
}

void dp_enrol_code_format(const struct dp_enrol_code *c, char out[DP_ENROL_TEXT])
{
    format(c->c, DP_ENROL_CHARS, out);
}

/* A guess must cost: the code has only 75 bits, and a sealed message may be tried offline. */
static enum dp_err stretch(const struct dp_enrol_code *c, struct dp_key *out)
{
    char salt[sizeof(CONTEXT_ENROL) - 1 + DP_ENROL_ID_CHARS];
    char secret[DP_ENROL_CHARS];
    uint64_t n = SCRYPT_N, memory = SCRYPT_MEMORY;
    uint32_t r = SCRYPT_R, p = SCRYPT_P;
    OSSL_PARAM params[7];
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(dp_ossl_get()->scrypt);
    bool ok;

    memcpy(salt, CONTEXT_ENROL, sizeof(CONTEXT_ENROL) - 1);
    memcpy(salt + sizeof(CONTEXT_ENROL) - 1, c->c, DP_ENROL_ID_CHARS);
    memcpy(secret, c->c, sizeof(secret));
    params[0] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, secret + DP_ENROL_ID_CHARS,
                                                  DP_ENROL_CHARS - DP_ENROL_ID_CHARS - 1);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof(salt));
    params[2] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n);
    params[3] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r);
    params[4] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p);
    params[5] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory);
    params[6] = OSSL_PARAM_construct_end();
    ok = ctx != NULL && EVP_KDF_derive(ctx, out->b, sizeof(out->b), params) == 1;
    EVP_KDF_CTX_free(ctx);
    dp_wipe(secret, sizeof(secret));
    if (!ok)
        ERR_clear_error();
    return ok ? DP_OK : DP_NOMEM;
}

static enum dp_err direction(const struct dp_key *key, const char *info, struct dp_key *out)
{
    struct dp_slice none = {NULL, 0};

    return dp_suite_of(DP_SUITE_INTL)
        ->hkdf(dp_slice_of(key->b, sizeof(key->b)), none, dp_slice_str(info), out);
}

enum dp_err dp_enrol_derive(const struct dp_enrol_code *c, struct dp_enrol_keys *out)
{
    struct dp_enrol_keys keys = {{0}, {{0}}, {{0}}};
    struct dp_key key = {{0}};
    enum dp_err err = stretch(c, &key);

    memcpy(keys.id, c->c, DP_ENROL_ID_CHARS);
    if (err == DP_OK)
        err = direction(&key, CONTEXT_ENROL "/up", &keys.up);
    if (err == DP_OK)
        err = direction(&key, CONTEXT_ENROL "/down", &keys.down);
    if (err == DP_OK)
        *out = keys;
    dp_wipe(&key, sizeof(key));
    dp_wipe(&keys, sizeof(keys));
    return err;
}

/* ---- messages under the code (R-ENR-1) ---- */

static enum dp_err message_key(const struct dp_key *key, struct dp_slice salt, struct dp_key *out)
{
    return dp_suite_of(DP_SUITE_INTL)
        ->hkdf(dp_slice_of(key->b, sizeof(key->b)), salt, dp_slice_str(CONTEXT_ENROL "/message"), out);
}

enum dp_err dp_enrol_seal(const struct dp_key *key, struct dp_slice aad, struct dp_slice plain,
                          const struct dp_random *random, uint8_t *out)
{
    struct dp_key once;
    enum dp_err err;

    random->fill(random->ctx, out, SALT_BYTES);
    err = message_key(key, dp_slice_of(out, SALT_BYTES), &once);
    if (err == DP_OK)
        err = dp_suite_of(DP_SUITE_INTL)->seal(&once, aad, plain, out + SALT_BYTES);
    dp_wipe(&once, sizeof(once));
    return err;
}

enum dp_err dp_enrol_open(const struct dp_key *key, struct dp_slice aad, struct dp_slice sealed, uint8_t *out)
{
    struct dp_key once;
    enum dp_err err;

    if (sealed.len < DP_ENROL_SEAL_BYTES)
        return DP_FORMAT;
    err = message_key(key, dp_slice_of(sealed.p, SALT_BYTES), &once);
    if (err == DP_OK)
        err = dp_suite_of(DP_SUITE_INTL)
                  ->open(&once, aad, dp_slice_of(sealed.p + SALT_BYTES, sealed.len - SALT_BYTES), out);
    dp_wipe(&once, sizeof(once));
    return err;
}

/* ---- query code ---- */

void dp_query_code_make(const struct dp_random *random, struct dp_query_code *out)
{
    make(random, out->c, DP_QUERY_CHARS);
}

enum dp_err dp_query_code_parse(struct dp_slice s, struct dp_query_code *out)
{
    return parse(s, out->c, DP_QUERY_CHARS);
}

void dp_query_code_format(const struct dp_query_code *c, char out[DP_QUERY_TEXT])
{
    format(c->c, DP_QUERY_CHARS, out);
}

void dp_query_code_hash(const struct dp_query_code *c, struct dp_digest *out)
{
    struct dp_slice parts[] = {dp_slice_str(CONTEXT_QUERY), dp_slice_of(c->c, DP_QUERY_CHARS)};

    dp_suite_of(DP_SUITE_INTL)->hash(parts, 2, out);
}
