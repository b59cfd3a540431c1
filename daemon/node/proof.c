/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A neighbour that claims to hold more of this node's chain than is here must show it under this node's own
 * signature (R-HEL-6). Until it has, once and for some seconds, nothing is issued or sealed: a store that was
 * restored stops before it signs anything twice, and a lie costs no more than that.
 */
#include "node/core.h"

void dp_proof_doubt(struct dp_daemon *d, struct dp_peer *p)
{
    char node[DP_NODE_TEXT];
    dp_node_format(p->node, node);
    p->prove_due = true;
    d->doubted = d->doubted || dp_session_pauses(&p->s);
    dp_log(DP_LOG_WARN, "link %s: claims to hold more of this node than is here; it is asked for the proof",
           node);
}

bool dp_proof_awaited(struct dp_daemon *d)
{
    bool still = false;
    for (uint32_t i = 0; d->doubted && i < d->peer_count && !still; i++)
        still = dp_session_pauses(&d->peers[i]->s);
    if (d->doubted && !still)
        d->want_seal = true; /* what lay meanwhile */
    d->doubted = still;
    return still;
}

bool dp_proof_refuses(struct dp_daemon *d, struct dp_outcome *out)
{
    if (!dp_proof_awaited(d))
        return false;
    dp_outcome_set(d, out, DP_AGAIN,
                   "a neighbour says that this store is older than it was, and is asked for the proof: try "
                   "again in half a minute");
    return true;
}

/* ---- at who claims ---- */

/* The last header held of the peer's chain, whole or of a piece: what our hello named. */
static struct dp_slice header_held(struct dp_daemon *d, const struct dp_peer *p)
{
    struct dp_chain_row row;
    struct dp_slice wire;
    if (p->row.inc == 0 || dp_db_chain(&d->db, p->node, p->row.inc, &row) != DP_OK || row.number == 0 ||
        dp_db_block_any(&d->db, p->node, p->row.inc, row.number, &wire) != DP_OK ||
        wire.len < DP_HEADER_BYTES)
        return dp_slice_of(NULL, 0);
    return dp_slice_of(wire.p, DP_HEADER_BYTES);
}

bool dp_proof_belongs(enum dp_stop why)
{
    return why == DP_STOP_PEER_RESTORED || why == DP_STOP_FORK;
}

void dp_proof_show(struct dp_daemon *d, struct dp_peer *p)
{
    struct dp_frame f = {.type = DP_FRAME_PROOF, .u.proof.header = header_held(d, p)};
    p->proof_due = dp_send_frame(d, p, &f) == DP_AGAIN;
}

void dp_proof_say(struct dp_daemon *d, struct dp_peer *p)
{
    struct dp_frame f = {.type = DP_FRAME_PROVE};
    if (p->prove_due && p->s.state == DP_SESSION_DOUBTED)
        p->prove_due = dp_send_frame(d, p, &f) == DP_AGAIN;
    if (p->proof_due)
        dp_proof_show(d, p);
}

/* ---- at who doubts ---- */

/* Under a certificate of this node, or by its key of today where the store is older than the certificate. */
static bool is_signed_here(struct dp_daemon *d, const struct dp_header *h)
{
    struct dp_cert_slot cert;
    const struct dp_key *pub = &d->id.cert.sign_pub;
    if (!dp_node_eq(h->origin, d->id.self))
        return false;
    if (dp_certs_get(d, &h->cert, &cert) == DP_OK && dp_node_eq(cert.origin.node, d->id.self))
        pub = &cert.sign_pub;
    return dp_header_verify(d->suite, h, pub);
}

enum dp_stop dp_proof_judge(struct dp_daemon *d, struct dp_peer *p, const struct dp_proof_frame *f)
{
    struct dp_hello_facts facts;
    struct dp_hello shown = {0};
    struct dp_header h;
    if (f->header.len == 0 || dp_header_get(f->header, &h) != DP_OK || !is_signed_here(d, &h))
        return dp_session_on_proof(&p->s, NULL, NULL);
    shown.yours = (struct dp_head){.inc = h.inc, .number = h.number};
    dp_header_digest(d->suite, &h, &shown.yours.digest);
    dp_peers_facts(d, p, &shown, &facts);
    if (dp_db_error(&d->db) != DP_OK)
        return DP_STOP_NONE; /* what cannot be read is not missing: the turn fails, and time runs out */
    enum dp_stop why = dp_session_on_proof(&p->s, &shown.yours, &facts);
    if (why == DP_STOP_RESTORED) {
        struct dp_stop_proof proof = {.witness = p->node, .has_header = true};
        dp_header_put(&h, proof.header);
        dp_stop_loudly(d, why, dp_stop_text(why), &proof); /* R-HEL-7: with the evidence, in one commit */
    }
    return why;
}

bool dp_proof_is_here(struct dp_daemon *d, const struct dp_head *head)
{
    struct dp_slice wire;
    struct dp_header h;
    struct dp_digest digest;
    if (dp_db_block_any(&d->db, d->id.self, head->inc, head->number, &wire) != DP_OK ||
        wire.len < DP_HEADER_BYTES || dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &h) != DP_OK)
        return false;
    dp_header_digest(d->suite, &h, &digest);
    return dp_digest_eq(&digest, &head->digest) && is_signed_here(d, &h);
}
