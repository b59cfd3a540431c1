/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `life clear`: root ends the stop of a restored or doubled node (R-HEL-7), and only when what the witness
 * holds of this node is here. Who says so first is the witness itself, in a greeting after the stop; a
 * person's word is not enough, for what is issued by mistake is lost.
 */
#include <string.h>

#include "node/admin.h"

static bool refuse(struct dp_act *x, const char *node, const char *text)
{
    if (node != NULL)
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "%s: %-s", node, text);
    else
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "%-s", text);
    return false;
}

/* What the witness showed must be in the chain of this store. */
static bool evidence_is_here(struct dp_act *x)
{
    const struct dp_stop_proof *p = &x->d->stop.row.proof;
    struct dp_header h;
    struct dp_head head;
    char node[DP_NODE_TEXT];
    if (p->lost)
        return refuse(
            x, NULL,
            DP_SAID("the life file beside the store is of a later state of it: put the newer store back"));
    if (!p->has_header)
        return true;
    if (dp_header_get(dp_slice_of(p->header, sizeof p->header), &h) == DP_OK) {
        head = (struct dp_head){.inc = h.inc, .number = h.number};
        dp_header_digest(x->d->suite, &h, &head.digest);
        if (dp_proof_is_here(x->d, &head))
            return true;
    }
    dp_node_format(p->witness, node);
    return refuse(
        x, node,
        DP_SAID(
            "it has shown a block of this node, signed by it, that is not here: put the newer store back"));
}

/* It greeted since the stop, nothing contradicted, and the last block of this node that it named is here. */
static bool agrees(struct dp_act *x, const struct dp_peer *p)
{
    const struct dp_head *head = &p->s.peer_hello.yours;
    char node[DP_NODE_TEXT];
    dp_node_format(p->node, node);
    if (p->s.state != DP_SESSION_UP || !p->s.heard_hello)
        return refuse(
            x, node,
            DP_SAID(
                "it must greet first and say what it holds of this node: bring its line up; where a link is "
                "stopped, there or here, `daipao link clear NODE` says so to the end that stopped it"));
    if (head->number == 0 && !p->is_parent && !x->d->stop.row.proof.has_header)
        return true; /* nothing of this node ever concerned that child */
    if (head->number == 0 ? x->d->own.block != 0 : !dp_proof_is_here(x->d, head))
        return refuse(
            x, node,
            DP_SAID(
                "it has not said yet that it holds what this node signed: wait until nothing waits for its "
                "line, then `daipao link clear NODE` here, so that it greets again"));
    return true;
}

/* The node that showed it; of a stop found here the parent; at the root each child that ever came. */
static bool witnesses_agree(struct dp_act *x)
{
    struct dp_daemon *d = x->d;
    struct dp_node of = d->stop.row.proof.witness.v != 0 ? d->stop.row.proof.witness : d->id.parent;
    bool any = false;
    for (uint32_t i = 0; i < d->peer_count; i++) {
        const struct dp_peer *p = d->peers[i];
        bool asked = of.v != 0 ? dp_node_eq(p->node, of) : p->row.heard_ms != 0 && !p->row.revoked;
        if (!asked)
            continue;
        any = true;
        if (!agrees(x, p))
            return false;
    }
    for (uint32_t i = 0; i < d->peer_count; i++)
        if (d->peers[i]->s.state == DP_SESSION_DOUBTED)
            return refuse(x, NULL,
                          DP_SAID("a neighbour claims to hold more of this node and is asked for the proof: "
                                  "try again in half a minute"));
    return any || of.v == 0 ||
           refuse(x, NULL, DP_SAID("the node that showed why this one was stopped is no neighbour any more"));
}

void dp_admin_life_clear(struct dp_act *x)
{
    struct dp_daemon *d = x->d;
    if (d->stopped == DP_STOP_NONE)
        (void)refuse(x, NULL, DP_SAID("this node is not stopped"));
    else if (d->retired || !dp_stop_is_of_life(d->stopped))
        (void)refuse(x, NULL, DP_SAID("this node was retired by its operator: that is for good"));
    else if (evidence_is_here(x) && witnesses_agree(x) && !dp_admin_dry(x)) {
        d->stop.clearing = true; /* the row goes with this turn; the rest follows its commit */
        dp_admin_done(x, "{\"cleared\":true}");
    }
    if (dp_db_error(&d->db) != DP_OK)
        d->turn_error = dp_db_error(&d->db);
}
