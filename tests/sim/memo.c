/* SPDX-License-Identifier: Apache-2.0 */
/* Replaced at link time with --wrap (CMakeLists.txt), but for the suite, which cheap.c hands out: see memo.h.
 * Every table is direct-mapped: who comes later takes the place. */
#include "sim/memo.h"

#include <stdio.h>
#include <string.h>

#include "crypto/cert.h"
#include "crypto/chain.h"
#include "sim/cheap.h"

/* Powers of two. */
#define KEYS 1024
#define CERTS 4096
#define CHAINS 1024
#define SIGNATURES 4096
#define SECRETS 4096

#define SAMPLE 8 /* one in so many is not remembered in advance */

static uint32_t place(const uint8_t *b, uint32_t rows)
{
    return (uint32_t)(b[0] | b[1] << 8) & (rows - 1);
}

void memo_hash(const char *word, struct dp_slice a, struct dp_slice b, uint8_t out[32])
{
    struct dp_digest d;
    struct dp_slice all[3] = {dp_slice_str(word), a, b};
    cheap_real_suite()->hash(all, 3, &d);
    memcpy(out, d.b, sizeof(d.b));
}

/* ---- certificates ---- */

enum dp_err __real_dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why);
enum dp_err __wrap_dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why);
enum dp_err __wrap_dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why)
{
    static struct dp_cert known[CERTS];
    struct dp_digest d;
    cheap_real_suite()->hash(&der, 1, &d);
    struct dp_cert *c = &known[place(d.b, CERTS)];
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

/* Each slice with its length, so that no two inputs are one row of bytes. */
static struct dp_digest chain_digest(const struct dp_chain *c, const struct dp_trust *trust,
                                     enum dp_chain_end end)
{
    uint64_t size[DP_CHAIN_MAX + 2] = {[0] = (uint64_t)c->count << 8 | (uint64_t)end};
    struct dp_slice all[DP_CHAIN_MAX + 3];
    struct dp_digest d;
    size_t n = 0;
    size[1] = trust->root_der.len;
    all[n++] = dp_slice_of(size, sizeof(size));
    all[n++] = dp_slice_of(trust->root.b, sizeof(trust->root.b));
    all[n++] = trust->root_der;
    for (size_t i = 0; i < c->count; i++) {
        size[2 + i] = c->der[i].len;
        all[n++] = c->der[i];
    }
    cheap_real_suite()->hash(all, n, &d);
    return d;
}

typedef enum dp_err chain_verify(const struct dp_chain *c, const struct dp_trust *trust,
                                 enum dp_chain_end end, struct dp_cert certs[DP_CHAIN_MAX],
                                 struct dp_refusal *why);
chain_verify __real_dp_chain_verify, __wrap_dp_chain_verify;

enum dp_err __wrap_dp_chain_verify(const struct dp_chain *c, const struct dp_trust *trust,
                                   enum dp_chain_end end, struct dp_cert certs[DP_CHAIN_MAX],
                                   struct dp_refusal *why)
{
    static struct {
        struct dp_digest what;
        struct dp_cert certs[DP_CHAIN_MAX];
    } known[CHAINS];
    if (c->count > DP_CHAIN_MAX)
        return __real_dp_chain_verify(c, trust, end, certs, why);
    struct dp_digest d = chain_digest(c, trust, end);
    uint32_t i = place(d.b, CHAINS);
    if (!dp_digest_eq(&known[i].what, &d)) {
        enum dp_err e = __real_dp_chain_verify(c, trust, end, known[i].certs, why);
        known[i].what = e == DP_OK ? d : (struct dp_digest){{0}};
        if (e != DP_OK)
            return e;
    }
    memcpy(certs, known[i].certs, c->count * sizeof(certs[0]));
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
    struct made_key *m = &known[place(k->b, KEYS)];
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

/* ---- public keys ---- */

struct pair {
    bool used;
    struct dp_key priv, pub;
};

typedef enum dp_err public_of(const struct dp_key *priv, struct dp_key *pub);

static enum dp_err public_once(struct pair *known, public_of *real, const struct dp_key *priv,
                               struct dp_key *pub)
{
    struct pair *p = &known[place(priv->b, KEYS)];
    if (!p->used || memcmp(p->priv.b, priv->b, sizeof(priv->b)) != 0) {
        struct pair fresh = {.used = true, .priv = *priv};
        enum dp_err e = real(priv, &fresh.pub);
        if (e != DP_OK)
            return e;
        *p = fresh;
    }
    *pub = p->pub;
    return DP_OK;
}

static enum dp_err sign_pub_once(const struct dp_key *seed, struct dp_key *pub)
{
    static struct pair known[KEYS];
    return public_once(known, cheap_real_suite()->sign_pub, seed, pub);
}

static enum dp_err kex_pub_once(const struct dp_key *priv, struct dp_key *pub)
{
    static struct pair known[KEYS];
    return public_once(known, cheap_real_suite()->kex_pub, priv, pub);
}

/* ---- signatures ---- */

static struct {
    uint8_t digest[32];
    bool good;
} judged[SIGNATURES];

static uint32_t judged_at(const struct dp_key *pub, struct dp_slice msg, const struct dp_sig *sig,
                          uint8_t d[32])
{
    uint8_t with[sizeof(pub->b) + sizeof(sig->b)];
    memcpy(with, pub->b, sizeof(pub->b));
    memcpy(with + sizeof(pub->b), sig->b, sizeof(sig->b));
    memo_hash("verify", dp_slice_of(with, sizeof(with)), msg, d);
    return place(d, SIGNATURES);
}

/* A block is verified at every node that it passes, with the same outcome. */
static bool verify_once(const struct dp_key *pub, struct dp_slice msg, const struct dp_sig *sig)
{
    uint8_t d[32];
    uint32_t i = judged_at(pub, msg, sig, d);
    if (memcmp(judged[i].digest, d, sizeof(d)) != 0) {
        memcpy(judged[i].digest, d, sizeof(d));
        judged[i].good = cheap_real_suite()->verify(pub, msg, sig);
    }
    return judged[i].good;
}

static enum dp_err sign_and_know(const struct dp_key *seed, struct dp_slice msg, struct dp_sig *out)
{
    uint8_t d[32];
    struct dp_key pub;
    enum dp_err e = cheap_real_suite()->sign(seed, msg, out);
    if (e != DP_OK || out->b[0] % SAMPLE == 0 || sign_pub_once(seed, &pub) != DP_OK)
        return e;
    uint32_t i = judged_at(&pub, msg, out, d);
    memcpy(judged[i].digest, d, sizeof(d));
    judged[i].good = true;
    return DP_OK;
}

/* ---- shared secrets ---- */

/* The same from both ends: a row is named by both public keys, the smaller one first. */
static enum dp_err kex_once(const struct dp_key *priv, const struct dp_key *pub, struct dp_key *shared)
{
    static struct {
        struct dp_key low, high, shared;
    } known[SECRETS];
    struct dp_key mine;
    if (kex_pub_once(priv, &mine) != DP_OK || (mine.b[1] ^ pub->b[1]) % SAMPLE == 0)
        return cheap_real_suite()->kex(priv, pub, shared);
    bool first = memcmp(mine.b, pub->b, sizeof(mine.b)) < 0;
    const struct dp_key *low = first ? &mine : pub, *high = first ? pub : &mine;
    uint32_t i = place(low->b, SECRETS) ^ place(high->b, SECRETS);
    if (memcmp(known[i].low.b, low->b, sizeof(low->b)) != 0 ||
        memcmp(known[i].high.b, high->b, sizeof(high->b)) != 0) {
        struct dp_key fresh;
        enum dp_err e = cheap_real_suite()->kex(priv, pub, &fresh);
        if (e != DP_OK)
            return e;
        known[i].low = *low;
        known[i].high = *high;
        known[i].shared = fresh;
    }
    *shared = known[i].shared;
    return DP_OK;
}

const struct dp_suite *memo_suite(void)
{
    static struct dp_suite s;
    if (s.name == NULL) {
        s = *cheap_real_suite();
        s.sign_pub = sign_pub_once;
        s.sign = sign_and_know;
        s.verify = verify_once;
        s.kex_pub = kex_pub_once;
        s.kex = kex_once;
    }
    return &s;
}
