/* SPDX-License-Identifier: Apache-2.0 */
/* Replaced at link time with --wrap (CMakeLists.txt): see cheap.h. */
#include "sim/cheap.h"

#include <stdio.h>
#include <string.h>

#include "crypto/cert.h"
#include "crypto/code.h"
#include "port/suite.h"

#define KEYS 1024 /* a power of two, as the next */
#define CERTS 4096

const struct dp_suite *__real_dp_suite_of(uint8_t id);
const struct dp_suite *__wrap_dp_suite_of(uint8_t id);
enum dp_err __wrap_dp_enrol_derive(const struct dp_enrol_code *c, struct dp_enrol_keys *out);
enum dp_err __real_dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why);
enum dp_err __wrap_dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why);
int __wrap_malloc_trim(size_t pad);

static void hash2(const char *word, struct dp_slice a, struct dp_slice b, uint8_t out[32])
{
    struct dp_digest d;
    struct dp_slice all[3] = {dp_slice_str(word), a, b};
    __real_dp_suite_of(DP_SUITE_INTL)->hash(all, 3, &d);
    memcpy(out, d.b, 32);
}

enum dp_err __wrap_dp_enrol_derive(const struct dp_enrol_code *c, struct dp_enrol_keys *out)
{
    struct dp_slice code = dp_slice_of(c->c, DP_ENROL_CHARS), none = dp_slice_of(NULL, 0);
    memcpy(out->id, c->c, DP_ENROL_ID_CHARS);
    out->id[DP_ENROL_ID_CHARS] = '\0';
    hash2("up", code, none, out->up.b);
    hash2("down", code, none, out->down.b);
    return DP_OK;
}

int __wrap_malloc_trim(size_t pad)
{
    (void)pad;
    return 0;
}

/* ---- certificates ---- */

/* A certificate is what its bytes are, so one reading is enough for all nodes and lives. */
enum dp_err __wrap_dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why)
{
    static struct dp_cert known[CERTS];
    struct dp_digest d;
    __real_dp_suite_of(DP_SUITE_INTL)->hash(&der, 1, &d);
    struct dp_cert *c = &known[(d.b[0] | d.b[1] << 8) & (CERTS - 1)];
    if (!dp_digest_eq(&c->digest, &d)) {
        struct dp_cert fresh;
        enum dp_err e = __real_dp_cert_parse(der, &fresh, why);
        if (e != DP_OK)
            return e;
        *c = fresh;
    }
    *out = *c;
    return DP_OK;
}

/* ---- keys of OpenSSL ---- */

/* Making one costs as much as using it; the simulator knows the type by its name alone. */
struct evp_pkey_st;
int EVP_PKEY_up_ref(struct evp_pkey_st *key);
void EVP_PKEY_free(struct evp_pkey_st *key);
typedef struct evp_pkey_st *make_key(const char *algorithm, const struct dp_key *k);
make_key __real_dp_ossl_private, __wrap_dp_ossl_private, __real_dp_ossl_public, __wrap_dp_ossl_public;

struct made_key {
    char algorithm[16];
    struct dp_key raw;
    struct evp_pkey_st *key;
};

static struct evp_pkey_st *make_once(struct made_key *known, make_key *make, const char *algorithm,
                                     const struct dp_key *k)
{
    struct made_key *m = &known[(k->b[0] | k->b[1] << 8) & (KEYS - 1)];
    if (m->key == NULL || memcmp(m->raw.b, k->b, sizeof(k->b)) != 0 || strcmp(m->algorithm, algorithm) != 0) {
        struct evp_pkey_st *fresh = make(algorithm, k);
        if (fresh == NULL)
            return NULL;
        EVP_PKEY_free(m->key);
        *m = (struct made_key){.raw = *k, .key = fresh};
        snprintf(m->algorithm, sizeof(m->algorithm), "%s", algorithm);
    }
    return EVP_PKEY_up_ref(m->key) == 1 ? m->key : NULL;
}

struct evp_pkey_st *__wrap_dp_ossl_private(const char *algorithm, const struct dp_key *k)
{
    static struct made_key known[KEYS];
    return make_once(known, __real_dp_ossl_private, algorithm, k);
}

struct evp_pkey_st *__wrap_dp_ossl_public(const char *algorithm, const struct dp_key *k)
{
    static struct made_key known[KEYS];
    return make_once(known, __real_dp_ossl_public, algorithm, k);
}

/* ---- signatures ---- */

static bool cheap;

static const struct dp_suite *real_suite(void)
{
    return __real_dp_suite_of(DP_SUITE_INTL);
}

/* A block is verified at every node that it passes, with the same outcome. */
static bool verify_once(const struct dp_key *pub, struct dp_slice msg, const struct dp_sig *sig)
{
    static struct {
        uint8_t digest[32];
        bool good;
    } known[KEYS];
    uint8_t d[32];
    struct dp_slice with[2] = {dp_slice_of(pub->b, sizeof(pub->b)), dp_slice_of(sig->b, sizeof(sig->b))};
    struct dp_digest keys;
    real_suite()->hash(with, 2, &keys);
    hash2("verify", dp_slice_of(keys.b, sizeof(keys.b)), msg, d);
    uint32_t i = (uint32_t)(d[0] | d[1] << 8) & (KEYS - 1);
    if (memcmp(known[i].digest, d, sizeof(d)) != 0) {
        memcpy(known[i].digest, d, sizeof(d));
        known[i].good = real_suite()->verify(pub, msg, sig);
    }
    return known[i].good;
}

/* The true public key of a seed, since certificates name it; each is derived once. */
static enum dp_err public_of(const struct dp_key *seed, struct dp_key *pub)
{
    static struct {
        bool used;
        struct dp_key seed, pub;
    } known[KEYS];
    uint32_t i = (uint32_t)(seed->b[0] | seed->b[1] << 8) & (KEYS - 1);
    if (!known[i].used || memcmp(known[i].seed.b, seed->b, sizeof(seed->b)) != 0) {
        enum dp_err e = real_suite()->sign_pub(seed, &known[i].pub);
        if (e != DP_OK)
            return e;
        known[i].seed = *seed;
        known[i].used = true;
    }
    *pub = known[i].pub;
    return DP_OK;
}

static void stamp(const struct dp_key *pub, struct dp_slice msg, struct dp_sig *sig)
{
    struct dp_slice key = dp_slice_of(pub->b, sizeof(pub->b));
    hash2("sign", key, msg, sig->b);
    memcpy(sig->b + 32, pub->b, 32);
}

static enum dp_err cheap_sign(const struct dp_key *seed, struct dp_slice msg, struct dp_sig *out)
{
    struct dp_key pub;
    enum dp_err e = public_of(seed, &pub);
    if (e == DP_OK)
        stamp(&pub, msg, out);
    return e;
}

static bool cheap_verify(const struct dp_key *pub, struct dp_slice msg, const struct dp_sig *sig)
{
    struct dp_sig right;
    stamp(pub, msg, &right);
    return memcmp(right.b, sig->b, sizeof(right.b)) == 0;
}

static enum dp_err cheap_kex_pub(const struct dp_key *priv, struct dp_key *pub)
{
    hash2("public", dp_slice_of(priv->b, sizeof(priv->b)), dp_slice_of(NULL, 0), pub->b);
    return DP_OK;
}

/* The same from both ends. */
static enum dp_err cheap_kex(const struct dp_key *priv, const struct dp_key *pub, struct dp_key *shared)
{
    struct dp_key mine;
    enum dp_err e = cheap_kex_pub(priv, &mine);
    bool first = memcmp(mine.b, pub->b, sizeof(mine.b)) < 0;
    struct dp_slice a = dp_slice_of(mine.b, sizeof(mine.b)), b = dp_slice_of(pub->b, sizeof(pub->b));
    hash2("shared", first ? a : b, first ? b : a, shared->b);
    return e;
}

const struct dp_suite *__wrap_dp_suite_of(uint8_t id)
{
    static struct dp_suite made[2];
    const struct dp_suite *real = __real_dp_suite_of(id);
    struct dp_suite *s = &made[cheap];
    if (real == NULL)
        return NULL;
    *s = *real;
    s->verify = cheap ? cheap_verify : verify_once;
    if (cheap) {
        s->sign = cheap_sign;
        s->kex_pub = cheap_kex_pub;
        s->kex = cheap_kex;
    }
    return s;
}

const struct dp_suite *cheap_real_suite(void)
{
    return __real_dp_suite_of(DP_SUITE_INTL);
}

void cheap_signatures(bool on)
{
    cheap = on;
}
