/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a blank store becomes a node: the root makes its own certificates, everybody else gets them
 * from its parent or an ancestor (enroll.c). The CA key is another than the signing key (R-CERT-1, R-CERT-2).
 */
#include "node/identity.h"

#include <stdio.h>
#include <string.h>

#define YEAR_MS (INT64_C(366) * DP_DAY_MS)
#define ROOT_YEARS 20
#define CA_YEARS 10
#define NODE_YEARS 2

uint8_t dp_identity_roles(struct dp_node n)
{
    /* R-VAL-4: every node has its daemon, which issues arrivals, reminders and certificates. */
    if (dp_node_post(n) != 0)
        return DP_ROLE_DAEMON | DP_ROLE_ORGAN;
    return DP_ROLE_DAEMON |
           (dp_node_tier(n) == DP_TIER_VILLAGE ? DP_ROLE_STATION : DP_ROLE_ORGAN | DP_ROLE_BUREAU);
}

bool dp_identity_has_ca(struct dp_node n)
{
    return dp_node_post(n) == 0 && dp_node_tier(n) != DP_TIER_VILLAGE;
}

enum dp_err dp_identity_keys(struct dp_daemon *d)
{
    char dir[DP_KEYRING_PATH_MAX];
    struct dp_keyring_why why = {0};
    if (d->kr != NULL)
        return DP_OK;
    snprintf(dir, sizeof dir, "%s/keys", d->opt.data_dir);
    struct dp_keyring *kr = NULL;
    enum dp_err e = dp_keyring_load(dir, &kr, &why);
    if (e == DP_NOT_FOUND) {
        e = dp_keyring_create(dir, &d->port.random, &why);
        if (e == DP_OK)
            e = dp_keyring_load(dir, &kr, &why);
    }
    if (e != DP_OK) {
        dp_log(DP_LOG_ERROR, "keys: %s %s", why.path, dp_keyring_fault_text(why.fault));
        return e;
    }
    dp_daemon_use_keys(d, kr);
    d->kr_owned = true;
    return DP_OK;
}

/* ---- chains ---- */

/* Own CA's chain up to below the root, as kept in meta "ca-chain"; empty at the root. */
static enum dp_err own_ca_chain(struct dp_daemon *d, struct dp_chain *out)
{
    struct dp_slice v;
    out->count = 0;
    if (dp_db_meta(&d->db, "ca-chain", &v) != DP_OK || v.len == 0)
        return DP_OK;
    return dp_chain_decode(v, out) == DP_OK ? DP_OK : DP_CORRUPT;
}

static enum dp_err issuer(struct dp_daemon *d, struct dp_chain *chain, struct dp_issuer *out)
{
    enum dp_err e = own_ca_chain(d, chain);
    if (e != DP_OK)
        return e;
    if (!d->kr->has_ca)
        return DP_NOT_ENTITLED;
    out->der = chain->count > 0 ? chain->der[0] : d->id.trust.root_der;
    out->seed = &d->kr->ca;
    return DP_OK;
}

/* leaf, then own CA chain. */
static enum dp_err chain_bytes(struct dp_daemon *d, struct dp_slice leaf, const struct dp_chain *ca,
                               struct dp_slice *out)
{
    struct dp_chain c = {.count = 1};
    size_t cap = 1 + DP_CHAIN_MAX * (2 + DP_CERT_BYTES_MAX);
    if (ca->count + 1u > DP_CHAIN_MAX)
        return DP_TOO_BIG;
    c.der[0] = leaf;
    for (uint8_t i = 0; i < ca->count; i++)
        c.der[c.count++] = ca->der[i];
    uint8_t *buf = dp_arena_alloc(&d->turn, cap);
    if (buf == NULL)
        return DP_NOMEM;
    struct dp_wr w = dp_wr_of(buf, cap);
    enum dp_err e = dp_chain_encode(&c, &w);
    *out = dp_wr_slice(&w);
    return e == DP_OK ? w.err : e;
}

enum dp_err dp_identity_issue(struct dp_daemon *d, const struct dp_csr *csr, struct dp_slice *chain)
{
    struct dp_chain ca;
    struct dp_issuer by;
    struct dp_der *der = DP_NEW(&d->turn, struct dp_der);
    if (der == NULL)
        return DP_NOMEM;
    enum dp_err e = issuer(d, &ca, &by);
    if (e != DP_OK)
        return e;
    if (csr->is_ca) {
        struct dp_ca_spec spec = {.node = csr->node,
                                  .subtrees = &csr->node,
                                  .subtree_count = 1,
                                  .not_before_ms = d->now_wall - DP_DAY_MS,
                                  .not_after_ms = d->now_wall + CA_YEARS * YEAR_MS};
        e = dp_ca_issue_ca(&by, &csr->sign_pub, &spec, &d->port.random, der);
    } else {
        struct dp_node_spec spec = {.node = csr->node,
                                    .parent = csr->parent,
                                    .roles = csr->roles,
                                    .sign_pub = csr->sign_pub,
                                    .seal_pub = csr->seal_pub,
                                    .curve_pub = csr->curve_pub,
                                    .not_before_ms = d->now_wall - DP_DAY_MS,
                                    .not_after_ms = d->now_wall + NODE_YEARS * YEAR_MS};
        e = dp_ca_issue_node(&by, &spec, &d->port.random, der);
    }
    return e == DP_OK ? chain_bytes(d, dp_der_slice(der), &ca, chain) : e;
}

/* ---- a life begins ---- */

static enum dp_err begin_life(struct dp_daemon *d, struct dp_node self, struct dp_node parent)
{
    uint32_t inc = 0;
    while (inc == 0)
        d->port.random.fill(d->port.random.ctx, &inc, sizeof inc);
    dp_db_meta_u64_put(&d->db, "self", self.v);
    dp_db_meta_u64_put(&d->db, "parent", parent.v);
    dp_db_meta_u64_put(&d->db, "incarnation", inc);
    d->new_life = true;
    return DP_OK;
}

static enum dp_err trust_root(struct dp_daemon *d, struct dp_slice root)
{
    struct dp_digest digest;
    d->suite->hash(&root, 1, &digest);
    if (d->kr->has_root && !dp_digest_eq(&d->kr->root, &digest))
        return DP_CONFLICT;
    dp_buf_reset(&d->id.root_der);
    enum dp_err e = dp_buf_put(&d->id.root_der, root.p, root.len);
    d->id.trust.root = digest;
    d->id.trust.root_der = dp_buf_slice(&d->id.root_der);
    dp_db_meta_put(&d->db, "root", root);
    return e;
}

enum dp_err dp_identity_init_root(struct dp_daemon *d, struct dp_node self)
{
    struct dp_keyring_why why;
    struct dp_der root;
    struct dp_slice chain;
    struct dp_cert leaf;
    struct dp_refusal refusal;
    enum dp_err e = dp_identity_keys(d);
    if (e == DP_OK && !d->kr->has_ca)
        e = dp_keyring_add_ca(d->kr, &d->port.random, &why);
    if (e != DP_OK)
        return e;
    struct dp_ca_spec spec = {.node = self,
                              .subtrees = &self,
                              .subtree_count = 1,
                              .not_before_ms = d->now_wall - DP_DAY_MS,
                              .not_after_ms = d->now_wall + ROOT_YEARS * YEAR_MS};
    e = dp_ca_new_root(&d->kr->ca, &spec, &d->port.random, &root);
    if (e == DP_OK)
        e = trust_root(d, dp_der_slice(&root));
    if (e != DP_OK)
        return e;
    struct dp_csr csr = {.node = self,
                         .roles = dp_identity_roles(self),
                         .sign_pub = d->kr->sign_pub,
                         .seal_pub = d->kr->seal_pub,
                         .curve_pub = d->kr->curve_pub};
    e = dp_identity_issue(d, &csr, &chain);
    if (e == DP_OK)
        e = dp_certs_store(d, chain, &leaf, &refusal);
    return e == DP_OK ? begin_life(d, self, (struct dp_node){0}) : e;
}

/* Under this node's own CA key, and below the root: what it will issue holds everywhere (R-CERT-2). */
static enum dp_err check_ca_chain(const struct dp_daemon *d, struct dp_slice bytes, struct dp_node self)
{
    struct dp_cert certs[DP_CHAIN_MAX];
    struct dp_refusal refusal;
    struct dp_chain chain;
    if (bytes.len == 0)
        return DP_OK;
    enum dp_err e = dp_chain_decode(bytes, &chain);
    if (e == DP_OK)
        e = dp_chain_verify(&chain, &d->id.trust, DP_CHAIN_CA, certs, &refusal);
    if (e != DP_OK)
        return e;
    return d->kr->has_ca && dp_node_eq(certs[0].origin.node, self) &&
                   memcmp(certs[0].sign_pub.b, d->kr->ca_pub.b, sizeof d->kr->ca_pub.b) == 0
               ? DP_OK
               : DP_CERTIFICATE;
}

/* The certificate is this node's, for the keys that it has. */
static bool is_ours(const struct dp_daemon *d, const struct dp_cert *leaf, struct dp_node asked)
{
    const struct dp_keyring *kr = d->kr;
    return (asked.v == 0 || dp_node_eq(leaf->origin.node, asked)) &&
           memcmp(leaf->sign_pub.b, kr->sign_pub.b, sizeof kr->sign_pub.b) == 0 &&
           memcmp(leaf->seal_pub.b, kr->seal_pub.b, sizeof kr->seal_pub.b) == 0 &&
           memcmp(leaf->curve_pub.b, kr->curve_pub.b, sizeof kr->curve_pub.b) == 0;
}

enum dp_err dp_identity_take(struct dp_daemon *d, const struct dp_grantbook *g)
{
    struct dp_cert leaf, other;
    struct dp_refusal refusal;
    enum dp_err e = trust_root(d, g->root);
    if (e == DP_OK)
        e = dp_certs_store(d, g->chain, &leaf, &refusal);
    if (e == DP_OK)
        e = is_ours(d, &leaf, g->asked) ? check_ca_chain(d, g->ca_chain, leaf.origin.node) : DP_CERTIFICATE;
    if (e != DP_OK)
        return e;
    for (uint8_t i = 0; i < g->ancestor_count; i++) {
        e = dp_certs_store(d, g->ancestors[i], &other, &refusal);
        if (e != DP_OK)
            return e;
    }
    dp_db_meta_put(&d->db, "ca-chain", g->ca_chain);
    dp_db_meta_put(&d->db, "parent-address", g->parent_address);
    return begin_life(d, leaf.origin.node, leaf.origin.parent);
}
