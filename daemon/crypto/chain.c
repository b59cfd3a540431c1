/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a leaf to the pinned root (R-CERT-2). Our own walk gives the precise reason; OpenSSL's path
 * validation then checks the same chain again, without a clock, and must agree.
 */
#include "crypto/chain.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "crypto/ossl.h"
#include "crypto/x509.h"

#define LINKS_MAX (DP_CHAIN_MAX + 1) /* the root may come from elsewhere */

/* ---- wire form ---- */

enum dp_err dp_chain_decode(struct dp_slice s, struct dp_chain *out)
{
    struct dp_rd r = dp_rd_of(s);
    struct dp_chain c = {.count = dp_rd_u8(&r)};

    if (c.count > DP_CHAIN_MAX)
        return DP_TOO_BIG;
    for (size_t i = 0; i < c.count; i++) {
        uint16_t len = dp_rd_u16(&r);
        if (len > DP_CERT_BYTES_MAX)
            return DP_TOO_BIG;
        c.der[i] = dp_rd_take(&r, len);
        if (c.der[i].len == 0)
            return DP_FORMAT;
    }
    if (dp_rd_done(&r) != DP_OK || c.count == 0)
        return DP_FORMAT;
    *out = c;
    return DP_OK;
}

enum dp_err dp_chain_encode(const struct dp_chain *c, struct dp_wr *w)
{
    if (c->count == 0 || c->count > DP_CHAIN_MAX)
        return DP_RANGE;
    dp_wr_u8(w, c->count);
    for (size_t i = 0; i < c->count; i++) {
        if (c->der[i].len == 0 || c->der[i].len > DP_CERT_BYTES_MAX)
            return DP_RANGE;
        dp_wr_u16(w, (uint16_t)c->der[i].len);
        dp_wr_bytes(w, c->der[i].p, c->der[i].len);
    }
    return w->err;
}

/* ---- the walk ---- */

/* Leaf first, root last. */
struct path {
    size_t count;
    X509 *x[LINKS_MAX];
    struct dp_cert cert[LINKS_MAX];
    struct dp_refusal why;
};

/* Remember the first fault; true when there is one. */
static bool fails(struct path *p, size_t at, enum dp_cert_fault fault)
{
    if (fault == DP_CERT_FAULT_NONE)
        return false;
    p->why = (struct dp_refusal){.fault = fault, .depth = (uint8_t)at, .node = p->cert[at].origin.node};
    return true;
}

static bool add(struct path *p, struct dp_slice der)
{
    size_t at = p->count;

    if (fails(p, at, dp_x509_read(der, &p->x[at])))
        return false;
    p->count++;
    return !fails(p, at, dp_x509_check(p->x[at], der, &p->cert[at]));
}

/* The chain itself, then the root when the chain leaves it out. */
static bool collect(struct path *p, const struct dp_chain *c, const struct dp_trust *trust)
{
    if (c->count == 0 || c->count > DP_CHAIN_MAX)
        return !fails(p, 0, DP_CERT_FAULT_CHAIN_LENGTH);
    for (size_t i = 0; i < c->count; i++) {
        if (!add(p, c->der[i]))
            return false;
    }
    if (dp_digest_eq(&p->cert[p->count - 1].digest, &trust->root))
        return true;
    /* A root of its own at the end: say so, rather than that ours is missing. */
    if (X509_self_signed(p->x[p->count - 1], 0) == 1)
        return !fails(p, p->count - 1, DP_CERT_FAULT_ROOT_OTHER);
    if (trust->root_der.len == 0)
        return !fails(p, p->count - 1, DP_CERT_FAULT_ROOT_ABSENT);
    if (!add(p, trust->root_der))
        return false;
    return !fails(p, p->count - 1,
                  dp_digest_eq(&p->cert[p->count - 1].digest, &trust->root) ? DP_CERT_FAULT_NONE
                                                                            : DP_CERT_FAULT_ROOT_OTHER);
}

static bool names_match(const X509 *child, const X509 *parent)
{
    return X509_NAME_cmp(X509_get_issuer_name(child), X509_get_subject_name(parent)) == 0;
}

static enum dp_cert_fault check_link(const struct path *p, size_t i)
{
    size_t last = p->count - 1;

    if (i == last) {
        bool root = p->cert[i].is_ca && names_match(p->x[i], p->x[i]) &&
                    X509_verify(p->x[i], X509_get0_pubkey(p->x[i])) == 1;
        return root ? DP_CERT_FAULT_NONE : DP_CERT_FAULT_ROOT_SIGNED;
    }
    if (!p->cert[i + 1].is_ca)
        return DP_CERT_FAULT_NOT_CA;
    if (!names_match(p->x[i], p->x[i + 1]))
        return i + 1 == last ? DP_CERT_FAULT_ROOT_OTHER : DP_CERT_FAULT_ORDER;
    return X509_verify(p->x[i], X509_get0_pubkey(p->x[i + 1])) == 1 ? DP_CERT_FAULT_NONE
                                                                    : DP_CERT_FAULT_SIGNATURE;
}

/* Every CA above must permit the name, that of another CA included. */
static bool check_scope(struct path *p, size_t i)
{
    /* The key of its own CA renews nobody: what a node gets comes from above. The root alone stands for
     * itself. */
    if (i + 2 < p->count && dp_node_eq(p->cert[i].origin.node, p->cert[i + 1].origin.node)) {
        (void)fails(p, i, DP_CERT_FAULT_SCOPE);
        p->why.ca = p->cert[i + 1].origin.node;
        return false;
    }
    for (size_t ca = i + 1; ca < p->count; ca++) {
        if (!dp_cert_permits(&p->cert[ca], p->cert[i].origin.node)) {
            (void)fails(p, i, DP_CERT_FAULT_SCOPE);
            p->why.ca = p->cert[ca].origin.node;
            return false;
        }
    }
    return true;
}

static bool walk(struct path *p, enum dp_chain_end end)
{
    if (p->cert[0].is_ca != (end == DP_CHAIN_CA))
        return !fails(p, 0, p->cert[0].is_ca ? DP_CERT_FAULT_NOT_NODE : DP_CERT_FAULT_NOT_CA);
    for (size_t i = p->count; i-- > 0;) {
        if (fails(p, i, check_link(p, i)))
            return false;
    }
    for (size_t i = p->count; i-- > 0;) {
        if (!check_scope(p, i))
            return false;
    }
    return true;
}

/* ---- the library's own opinion ---- */

static enum dp_cert_fault ask_library(const struct path *p)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(dp_ossl_get()->lib, NULL);
    STACK_OF(X509) *between = sk_X509_new_null();
    enum dp_cert_fault fault = DP_CERT_FAULT_NOMEM;
    bool ready = store != NULL && ctx != NULL && between != NULL &&
                 X509_STORE_add_cert(store, p->x[p->count - 1]) == 1;

    for (size_t i = 1; i + 1 < p->count; i++)
        ready = ready && sk_X509_push(between, p->x[i]) > 0;
    if (ready && X509_STORE_CTX_init(ctx, store, p->x[0], between) == 1) {
        /* R-CERT-3: no clock here. */
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_X509_STRICT);
        fault = X509_verify_cert(ctx) == 1 ? DP_CERT_FAULT_NONE : DP_CERT_FAULT_PATH;
    }
    sk_X509_free(between);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return fault;
}

enum dp_err dp_chain_verify(const struct dp_chain *c, const struct dp_trust *trust, enum dp_chain_end end,
                            struct dp_cert certs[DP_CHAIN_MAX], struct dp_refusal *why)
{
    struct path p = {0};
    bool ok = collect(&p, c, trust) && walk(&p, end) && !fails(&p, 0, ask_library(&p));

    for (size_t i = 0; i < LINKS_MAX; i++)
        X509_free(p.x[i]);
    ERR_clear_error();
    if (!ok) {
        if (why != NULL)
            *why = p.why;
        return dp_cert_fault_err(p.why.fault);
    }
    memcpy(certs, p.cert, c->count * sizeof(certs[0]));
    return DP_OK;
}
