/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's side of enrolment: codes, approval, refusal, and the withdrawal of a certificate with its
 * cut (R-CUT-2). What a verb may do is judged by a function of its own, for dry runs.
 */
#include <stdio.h>
#include <string.h>

#include "node/enroll_rows.h"

#define TOKEN_DAYS 7

/* R-CERT-2 and R-CUT-2: of the own subtree, and not of a chain that ended. */
enum dp_err dp_enroll_may_token(struct dp_daemon *d, struct dp_node node)
{
    const struct dp_peer *p = dp_peers_find(d, node);
    if (!d->kr->has_ca || !dp_node_covers(d->id.self, node) || dp_node_eq(d->id.self, node))
        return DP_NOT_ENTITLED;
    return p != NULL && p->row.revoked ? DP_CONFLICT : DP_OK;
}

enum dp_err dp_enroll_token(struct dp_daemon *d, struct dp_node node, const char *address, char text[32])
{
    struct dp_enrol_code code;
    struct dp_enrol_keys keys;
    struct dp_token t = {.node = node, .expires_ms = d->now_wall + TOKEN_DAYS * DP_DAY_MS};
    enum dp_err e = dp_enroll_may_token(d, node);
    if (e != DP_OK)
        return e;
    if (strlen(address) >= sizeof t.address)
        return DP_RANGE;
    dp_enrol_code_make(&d->port.random, &code);
    e = dp_enrol_derive(&code, &keys);
    if (e == DP_OK) {
        memcpy(t.id, keys.id, sizeof t.id);
        t.up = keys.up;
        t.down = keys.down;
        snprintf(t.address, sizeof t.address, "%s", address);
        dp_token_put(d, &t);
        dp_enrol_code_format(&code, text);
        d->tokens_open = true;
    }
    dp_wipe(&code, sizeof code);
    dp_wipe(&keys, sizeof keys);
    dp_wipe(&t, sizeof t);
    return e;
}

/* The certificate as a fact of the node's own subject, for the record and for revocation. */
static enum dp_err issue_fact(struct dp_daemon *d, struct dp_node node, const struct dp_digest *digest,
                              uint32_t state, uint32_t reason)
{
    struct dp_entry e = {.kind = DP_KIND_CERTIFICATE};
    e.body.node = node;
    e.body.digest = *digest;
    e.body.code = state;
    e.body.code2 = reason;
    return dp_own_node_entry(d, node, &e);
}

/* Of whom the newcomer is a child: NULL and DP_OK when of this node itself. */
static enum dp_err hop_of(struct dp_daemon *d, struct dp_node parent, struct dp_peer **hop)
{
    *hop = dp_node_eq(parent, d->id.self) ? NULL : dp_peers_towards(d, parent);
    if (dp_node_eq(parent, d->id.self))
        return DP_OK;
    return *hop == NULL || (*hop)->is_parent ? DP_NOT_FOUND : DP_OK; /* its parent must be enrolled first */
}

enum dp_err dp_enroll_may_approve(struct dp_daemon *d, struct dp_node node)
{
    struct dp_enroll_request q;
    struct dp_csr csr;
    struct dp_refusal why;
    struct dp_peer *hop;
    enum dp_err e = dp_request_get(d, node, &q);
    if (e == DP_OK)
        e = dp_enroll_may_token(d, node);
    if (e != DP_OK)
        return e;
    if (q.state == DP_ENROLL_APPROVED)
        return DP_DUPLICATE;
    e = dp_csr_parse(q.node_csr, &csr, &why);
    return e == DP_OK ? hop_of(d, dp_node_parent(node), &hop) : e;
}

enum dp_err dp_enroll_approve(struct dp_daemon *d, struct dp_node node)
{
    struct dp_enroll_request q;
    struct dp_csr csr;
    struct dp_refusal why;
    struct dp_slice chain;
    struct dp_cert leaf;
    struct dp_peer *hop = NULL;
    enum dp_err e = dp_enroll_may_approve(d, node);
    if (e == DP_OK)
        e = dp_request_get(d, node, &q);
    if (e == DP_OK)
        e = dp_csr_parse(q.node_csr, &csr, &why);
    if (e == DP_OK)
        e = hop_of(d, dp_node_parent(node), &hop);
    if (e != DP_OK)
        return e;
    csr.is_ca = false;
    csr.node = node;
    csr.parent = dp_node_parent(node);
    csr.roles = dp_identity_roles(node);
    e = dp_identity_issue(d, &csr, &chain);
    if (e == DP_OK)
        e = dp_certs_store(d, chain, &leaf, &why);
    if (e != DP_OK)
        return e;
    if (hop == NULL && dp_peers_add(d, node, false, &leaf.curve_pub) == NULL)
        return DP_FULL; /* the request still waits */
    dp_request_put(d, node, DP_ENROLL_APPROVED, q.id, q.csrs);
    struct dp_peer *above = dp_peers_parent(d);
    if (above != NULL)
        dp_certs_owe(d, above, DP_LANE_CASES, &leaf.digest); /* they seal parcels for it */
    if (hop != NULL)
        dp_certs_owe(d, hop, DP_LANE_CONTROL, &leaf.digest);
    return issue_fact(d, node, &leaf.digest, 1, 0);
}

enum dp_err dp_enroll_may_refuse(struct dp_daemon *d, struct dp_node node, const char *reason)
{
    struct dp_enroll_request q;
    enum dp_err e = dp_request_get(d, node, &q);
    return e == DP_OK && strlen(reason) > DP_ENROLL_REASON_MAX ? DP_RANGE : e;
}

enum dp_err dp_enroll_refuse(struct dp_daemon *d, struct dp_node node, const char *reason)
{
    struct dp_enroll_request q;
    char word[32];
    enum dp_err e = dp_enroll_may_refuse(d, node, reason);
    if (e == DP_OK)
        e = dp_request_get(d, node, &q);
    if (e != DP_OK)
        return e;
    dp_request_put(d, node, DP_ENROLL_REFUSED, q.id, q.csrs);
    dp_refusal_word(node, word);
    dp_db_meta_put(&d->db, word, dp_slice_str(reason));
    return DP_OK;
}

enum dp_err dp_enroll_may_revoke(struct dp_daemon *d, struct dp_node node)
{
    struct dp_cert cert;
    const struct dp_peer *p = dp_peers_find(d, node);
    if (!dp_node_covers(d->id.self, node) || dp_node_eq(node, d->id.self))
        return DP_NOT_ENTITLED;
    if (p != NULL && p->row.revoked)
        return DP_DUPLICATE;
    return dp_certs_of_node(d, node, &cert);
}

/* Certificate withdrawn and cut: late blocks of it are shelved until a person admits them. */
enum dp_err dp_enroll_revoke(struct dp_daemon *d, struct dp_node node, uint32_t reason)
{
    struct dp_cert cert;
    struct dp_chain_row row = {0};
    struct dp_peer *p = dp_peers_find(d, node);
    enum dp_err e = dp_enroll_may_revoke(d, node);
    if (e == DP_OK)
        e = dp_certs_of_node(d, node, &cert);
    if (e != DP_OK)
        return e;
    e = issue_fact(d, node, &cert.digest, 2, reason);
    if (e != DP_OK || p == NULL || p->is_parent)
        return e;
    struct dp_entry cut = {.kind = DP_KIND_CUT};
    if (p->row.inc != 0)
        (void)!dp_db_chain(&d->db, node, p->row.inc, &row);
    cut.body.node = node;
    cut.body.number = p->row.inc;
    cut.body.size = row.number;
    cut.body.digest = row.digest;
    cut.body.code = reason;
    e = p->row.inc == 0 ? DP_OK : dp_own_node_entry(d, node, &cut);
    p->row.revoked = true;
    p->row_dirty = true;
    dp_session_stop(&p->s, DP_STOP_REVOKED);
    p->bye = DP_STOP_REVOKED;
    return e;
}
