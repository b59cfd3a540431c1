/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates known here: kept as chains by the digest of their leaf, verified once when they come
 * (R-CERT-2), and cached in the decoded form that every block needs.
 */
#include "node/post.h"

#include <string.h>

static struct dp_cert_slot *cache_slot(struct dp_daemon *d, const struct dp_digest *digest)
{
    return &d->certs[digest->b[0] % DP_CERT_CACHE];
}

static void cache_fill(struct dp_cert_slot *slot, const struct dp_cert *c)
{
    slot->used = true;
    slot->digest = c->digest;
    slot->origin = c->origin;
    slot->sign_pub = c->sign_pub;
    slot->seal_pub = c->seal_pub;
}

static enum dp_err load(struct dp_daemon *d, const struct dp_digest *digest, struct dp_cert *out)
{
    struct dp_slice bytes;
    struct dp_chain chain;
    enum dp_err e = dp_db_get32(&d->db, DP_T_CERT, digest, &bytes);
    if (e != DP_OK)
        return e == DP_NOT_FOUND ? DP_NEED_CERT : e;
    e = dp_chain_decode(bytes, &chain);
    if (e != DP_OK)
        return DP_CORRUPT;
    /* It was verified when it was stored; reading its fields is enough. */
    e = dp_cert_parse(chain.der[0], out, NULL);
    if (e != DP_OK || !dp_digest_eq(&out->digest, digest))
        return DP_CORRUPT;
    return DP_OK;
}

enum dp_err dp_certs_get(struct dp_daemon *d, const struct dp_digest *digest, struct dp_cert_slot *out)
{
    struct dp_cert_slot *slot = cache_slot(d, digest);
    if (!slot->used || !dp_digest_eq(&slot->digest, digest)) {
        struct dp_cert c;
        enum dp_err e = load(d, digest, &c);
        if (e != DP_OK)
            return e;
        cache_fill(slot, &c);
    }
    *out = *slot;
    return DP_OK;
}

enum dp_err dp_certs_of_node(struct dp_daemon *d, struct dp_node node, struct dp_cert *out)
{
    struct dp_slice v;
    struct dp_digest digest;
    enum dp_err e = dp_db_get64(&d->db, DP_T_NODE_CERT, node.v, &v);
    if (e != DP_OK)
        return e;
    if (v.len != sizeof digest.b)
        return DP_CORRUPT;
    memcpy(digest.b, v.p, sizeof digest.b);
    return load(d, &digest, out);
}

unsigned dp_certs_above(struct dp_daemon *d, struct dp_node out[DP_ABOVE_MAX])
{
    struct dp_cert c;
    unsigned n = 0;
    struct dp_node at = d->id.self, up = d->id.parent;
    while (n < DP_ABOVE_MAX && up.v != 0 && !dp_node_eq(up, at) && dp_node_covers(up, at) &&
           dp_certs_of_node(d, up, &c) == DP_OK) {
        out[n++] = at = up;
        up = c.origin.parent;
    }
    return n;
}

static struct dp_digest curve_key(const struct dp_cert *c)
{
    struct dp_digest key;
    memcpy(key.b, c->curve_pub.b, sizeof key.b);
    return key;
}

enum dp_err dp_certs_by_curve(struct dp_daemon *d, const uint8_t curve_pub[32], struct dp_node *out)
{
    struct dp_slice v;
    struct dp_digest key;
    memcpy(key.b, curve_pub, sizeof key.b);
    enum dp_err e = dp_db_get32(&d->db, DP_T_CURVE, &key, &v);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(v);
    struct dp_node n = {.v = dp_rd_u64(&r)};
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = n;
    return DP_OK;
}

/* A key is known to ZAP under the current certificate that names it; whoever copies another's key gets
 * nothing. */
static void index_curve(struct dp_daemon *d, const struct dp_cert *old, const struct dp_cert *c)
{
    uint8_t row[8];
    struct dp_wr w = dp_wr_of(row, sizeof row);
    struct dp_digest key;
    struct dp_node n;
    if (old != NULL && dp_certs_by_curve(d, old->curve_pub.b, &n) == DP_OK && dp_node_eq(n, c->origin.node)) {
        key = curve_key(old);
        dp_db_del_key(&d->db, DP_T_CURVE, dp_slice_of(key.b, sizeof key.b));
    }
    if (dp_certs_by_curve(d, c->curve_pub.b, &n) == DP_OK)
        return;
    key = curve_key(c);
    dp_wr_u64(&w, c->origin.node.v);
    dp_db_put32(&d->db, DP_T_CURVE, &key, dp_wr_slice(&w));
}

/* The newest certificate by its first day is the node's current one. */
static void set_current(struct dp_daemon *d, const struct dp_cert *c)
{
    struct dp_cert have;
    bool known = dp_certs_of_node(d, c->origin.node, &have) == DP_OK;
    if (d->id.enrolled && dp_node_eq(c->origin.node, d->id.self) &&
        memcmp(c->sign_pub.b, d->kr->sign_pub.b, sizeof c->sign_pub.b) != 0)
        return; /* in our name, for keys that are not ours */
    if (known && have.not_before_ms > c->not_before_ms)
        return;
    dp_posts_look(d);
    index_curve(d, known ? &have : NULL, c);
    dp_db_put64(&d->db, DP_T_NODE_CERT, c->origin.node.v, dp_slice_of(c->digest.b, sizeof c->digest.b));
}

enum dp_err dp_certs_leaf(struct dp_slice bytes, struct dp_node *out)
{
    struct dp_chain chain;
    struct dp_cert leaf;
    enum dp_err e = dp_chain_decode(bytes, &chain);
    if (e == DP_OK)
        e = dp_cert_parse(chain.der[0], &leaf, NULL);
    if (e == DP_OK)
        *out = leaf.origin.node;
    return e;
}

enum dp_err dp_certs_store(struct dp_daemon *d, struct dp_slice bytes, struct dp_cert *leaf,
                           struct dp_refusal *why)
{
    struct dp_chain chain;
    struct dp_cert certs[DP_CHAIN_MAX];
    struct dp_slice have;
    enum dp_err e = dp_chain_decode(bytes, &chain);
    if (e != DP_OK)
        return e;
    e = dp_chain_verify(&chain, &d->id.trust, DP_CHAIN_NODE, certs, why);
    if (e != DP_OK)
        return e;
    *leaf = certs[0];
    if (dp_db_get32(&d->db, DP_T_CERT, &leaf->digest, &have) == DP_NOT_FOUND) {
        dp_db_put32(&d->db, DP_T_CERT, &leaf->digest, bytes);
        set_current(d, leaf);
    }
    cache_fill(cache_slot(d, &leaf->digest), leaf);
    return DP_OK;
}

/* R-DOWN-3: the certificate first, once per peer and lane. */
void dp_certs_owe(struct dp_daemon *d, struct dp_peer *p, uint8_t lane, const struct dp_digest *cert)
{
    if (dp_db_sent_cert(&d->db, p->node, lane, cert))
        return;
    struct dp_ref r = {.kind = DP_REF_CERT, .digest = *cert};
    dp_peers_journal(d, p, lane, &r);
    dp_db_sent_cert_put(&d->db, p->node, lane, cert);
}
