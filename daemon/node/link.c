/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour 3/9: what comes over a link, frame by frame, inside a turn. The session (relay/session.h) judges;
 * this file fetches the facts it asks for and keeps what it decides for the commit.
 */
#include "node/passed.h"

#include <stdio.h>
#include <string.h>

static const char *node_text(struct dp_node n)
{
    static char text[DP_NODE_TEXT];
    dp_node_format(n, text);
    return text;
}

void dp_link_stop(struct dp_daemon *d, struct dp_peer *p, enum dp_stop why)
{
    char text[256];
    dp_session_stop(&p->s, why);
    p->up_ms = 0;
    p->bye = (uint16_t)why;
    snprintf(text, sizeof text, "link %s: %s; %s", node_text(p->node), dp_stop_text(why),
             dp_stop_advice(why));
    dp_alarm_of(d, "link", p->node, text);
    /* R-HEL-3: the peer showed what we signed and lost (R-HEL-6), or is the parent. */
    const struct dp_stop_proof proof = {.witness = p->node};
    if (why == DP_STOP_RESTORED)
        dp_stop_loudly(d, why, dp_stop_text(why), &proof);
}

/* R-CERT-3: revocation and dates, at the door of the direct parent. */
static bool may_come(struct dp_daemon *d, struct dp_peer *p)
{
    struct dp_cert cert;
    struct dp_refusal why;
    if (p->is_parent)
        return true;
    if (p->row.revoked) {
        p->bye = DP_STOP_REVOKED;
        return false;
    }
    if (dp_certs_of_node(d, p->node, &cert) != DP_OK) {
        d->port.transport.drop(d->port.transport.ctx, p->node); /* nobody knows: it dials again */
        return false;
    }
    if (dp_cert_dates(&cert, d->now_wall, &why) != DP_OK) {
        char text[DP_REFUSAL_TEXT];
        dp_refusal_format(&why, text);
        dp_alarm_of(d, "certificate", p->node, text);
        p->bye = DP_STOP_EXPIRED;
        return false;
    }
    return true;
}

void dp_daemon_link_up(struct dp_daemon *d, struct dp_node node)
{
    struct dp_peer *p = dp_peers_find(d, node);
    if (p == NULL)
        return;
    if (!may_come(d, p))
        return;
    dp_session_connect(&p->s, d->now_mono);
    p->hello_due = p->s.state == DP_SESSION_GREETING;
    if (p->s.state == DP_SESSION_STOPPED)
        p->bye = (uint16_t)p->s.stop;
}

void dp_daemon_link_down(struct dp_daemon *d, struct dp_node node)
{
    struct dp_peer *p = dp_peers_find(d, node);
    if (p == NULL)
        return;
    dp_peers_lost(d, p);
    p->hello_due = p->keep_due = p->ask_due = p->list_due = p->prove_due = p->proof_due = false;
}

/*
 * R-HEL-5: two processes alternate. A restart never comes back to an older nonce, so the second time an
 * earlier one is heard there are two.
 */
static bool is_second_process(struct dp_peer *p, const struct dp_hello *h)
{
    static const uint8_t none[16];
    bool back = memcmp(h->nonce, p->older_nonce, 16) == 0 && memcmp(p->older_nonce, none, 16) != 0;
    if (memcmp(h->nonce, p->last_nonce, 16) != 0) {
        memcpy(p->older_nonce, p->last_nonce, 16);
        memcpy(p->last_nonce, h->nonce, 16);
    }
    return back;
}

static void on_hello(struct dp_daemon *d, struct dp_peer *p, const struct dp_hello *h)
{
    struct dp_hello_facts facts;
    if (is_second_process(p, h)) {
        dp_link_stop(d, p, DP_STOP_CLONE);
        return;
    }
    if (p->s.state == DP_SESSION_UP && memcmp(h->nonce, p->s.peer_nonce, sizeof h->nonce) != 0)
        dp_peers_lost(d, p); /* another process: the transport gave its connection the older one's place */
    if (p->s.state == DP_SESSION_DOWN) {
        if (!may_come(d, p)) /* who was turned away may greet again on the same connection */
            return;
        dp_session_connect(&p->s, d->now_mono);
        p->hello_due = true;
    }
    dp_peers_facts(d, p, h, &facts);
    if (dp_db_error(&d->db) != DP_OK) { /* what cannot be read is not missing: greet again */
        dp_peers_lost(d, p);
        d->port.transport.drop(d->port.transport.ctx, p->node);
        return;
    }
    uint32_t gen_in = p->s.gen_in;
    enum dp_stop why = dp_session_on_hello(&p->s, h, &facts, d->now_mono);
    if (!p->s.greeted && (why == DP_STOP_NONE || why == DP_STOP_UNPROVEN))
        p->hello_due = true;
    if (why == DP_STOP_UNPROVEN) {
        dp_proof_doubt(d, p);
        return;
    }
    if (why != DP_STOP_NONE) {
        dp_link_stop(d, p, why);
        return;
    }
    if (!p->is_parent)
        dp_tokens_arrived(d, p->node);
    p->hello_wall_ms = d->now_wall;
    p->hello_mono_ms = d->now_mono;
    p->up_ms = d->now_mono;
    if (p->is_parent)
        dp_alarm_clear(d, "parent"); /* the right door */
    p->row.inc = h->inc;
    dp_passed_greeted(p);
    dp_reseed_greeted(d, p, h, gen_in);
    dp_shelf_greet(d, p, h);
    p->row.program = h->program;
    p->row.own_program = DP_PROGRAM_VERSION;
    p->row_dirty = true;
    dp_sweep_heard(d);
    if (p->is_parent)
        dp_watch_greeting(d, h);
    d->want_seal = true; /* R-BLK-6: somebody is there to ask */
    dp_log(DP_LOG_NOTICE, "link %s: up", node_text(p->node));
}

#define REFUSED_LOG_MS 1000 /* a peer that sends nothing but nonsense fills no log */

static void refuse(struct dp_daemon *d, struct dp_peer *p, const struct dp_item_frame *it, enum dp_err code)
{
    char line[96];
    int n = snprintf(line, sizeof line, "item %s:%s/%llu %s", node_text(p->node), dp_lane_word(it->lane),
                     (unsigned long long)it->number, dp_err_name(code));
    dp_quarantine_line(d, p->node, dp_slice_of(line, (size_t)n));
    dp_shelf_refused_here(d, p, it, code);
    if (p->last_refused != code || d->now_wall - p->refused_ms >= REFUSED_LOG_MS ||
        d->now_wall < p->refused_ms)
        dp_log(DP_LOG_WARN, "link %s: refused %s/%llu: %s", node_text(p->node), dp_lane_word(it->lane),
               (unsigned long long)it->number, dp_err_text(code));
    p->last_refused = code;
    p->refused_ms = d->now_wall;
    d->n.refused_out++;
}

/* Trouble of this node, not of the item: the turn fails and the item stays owed by the peer. */
static void on_item(struct dp_daemon *d, struct dp_peer *p, const struct dp_item_frame *it)
{
    uint64_t in_turn = it->lane < DP_LANES && p->applied[it->lane] != 0
                           ? p->applied[it->lane] - p->s.lane[it->lane].durable_in
                           : 0;
    if (it->offset != 0 || it->total != it->body.len) {
        dp_link_stop(d, p, DP_STOP_PROTOCOL); /* pieces are not spoken in this version */
        return;
    }
    switch (dp_session_on_item(&p->s, it->lane, it->epoch, it->number, in_turn, d->now_mono)) {
    case DP_ITEM_AGAIN:
    case DP_ITEM_DROP:
        return;
    case DP_ITEM_BREACH:
        dp_link_stop(d, p, DP_STOP_PROTOCOL);
        return;
    case DP_ITEM_APPLY:
        break;
    }
    p->missed = d->turn_error != DP_OK;
    if (p->missed)
        return; /* nothing of this turn will be kept */
    enum dp_err e = dp_apply_item(d, p, it);
    enum dp_err store = dp_db_error(&d->db);
    if (store != DP_OK || dp_is_ours(e)) {
        d->turn_error = store != DP_OK ? store : e;
        p->missed = true;
        return;
    }
    p->applied[it->lane] = it->number;
    dp_shelf_came_again(d, p, it);
    if (e != DP_OK && e != DP_DUPLICATE)
        refuse(d, p, it, e); /* R-ACK-2 */
}

/* The cursor is a cache of what the peer will say in its next hello: no commit for its sake (peers.c). */
static void on_ack(struct dp_daemon *d, struct dp_peer *p, const struct dp_ack_frame *a)
{
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        if ((a->lanes >> lane & 1) != 0 && p->s.state == DP_SESSION_UP &&
            dp_session_on_ack(&p->s, lane, a->lane[lane].epoch, a->lane[lane].durable, d->now_mono) != DP_OK)
            dp_link_stop(d, p, DP_STOP_PROTOCOL);
    if (p->s.state == DP_SESSION_UP)
        dp_passed_acked(d, p, a);
}

static void on_refused(struct dp_daemon *d, struct dp_peer *p, const struct dp_refused_frame *r)
{
    enum dp_err e = dp_session_on_refused(&p->s, r->lane, r->epoch, r->number, d->now_mono);
    if (e == DP_DUPLICATE)
        return; /* of journals that were begun anew */
    if (e != DP_OK) {
        dp_link_stop(d, p, DP_STOP_PROTOCOL);
        return;
    }
    if (dp_shelf_refused_there(d, p, r))
        d->n.refused_in++;
}

static void on_bye(struct dp_daemon *d, struct dp_peer *p, const struct dp_bye_frame *b)
{
    char text[320], right[DP_NODE_TEXT];
    enum dp_stop why = dp_session_on_bye(&p->s, b->reason);
    p->up_ms = 0;
    dp_node_format(b->node, right);
    snprintf(text, sizeof text, "link %s: %s%s%s; %s", node_text(p->node), dp_stop_text(why),
             why == DP_STOP_WRONG_PARENT ? ": the right one is " : "",
             why == DP_STOP_WRONG_PARENT ? right : "", dp_stop_advice(why));
    dp_alarm_of(d, "link", p->node, text);
    /*
     * A second process of this node, or a lost store of ours: issue nothing more. On the parent's word; a
     * child that holds what we lost shows it in its hello, and its bare word must not silence the node
     * (R-GON-1).
     */
    const struct dp_stop_proof proof = {.witness = p->node};
    if (p->is_parent && dp_stop_is_of_life(why))
        dp_stop_loudly(d, why, dp_stop_text(why), &proof);
    d->port.transport.drop(d->port.transport.ctx, p->node); /* a new one begins with a new greeting */
}

static void on_proof(struct dp_daemon *d, struct dp_peer *p, const struct dp_proof_frame *f)
{
    enum dp_stop why = dp_proof_judge(d, p, f);
    if (why != DP_STOP_NONE)
        dp_link_stop(d, p, why);
}

/* R-ENR-2: a node of the tree that is not ours is told whose it is. */
static void wrong_door(struct dp_daemon *d, struct dp_node node)
{
    struct dp_cert cert;
    struct dp_frame f = {.type = DP_FRAME_BYE, .u.bye = {.reason = DP_STOP_WRONG_PARENT}};
    d->n.frames_dropped++;
    if (dp_certs_of_node(d, node, &cert) != DP_OK)
        return;
    f.u.bye.node = cert.origin.parent;
    dp_buf_reset(&d->frame);
    if (dp_frame_put(&f, &d->frame) == DP_OK &&
        d->port.transport.send(d->port.transport.ctx, node, dp_buf_slice(&d->frame)) == DP_OK)
        dp_log(DP_LOG_NOTICE, "link %s: told that it belongs to another parent", node_text(node));
    d->port.transport.drop(d->port.transport.ctx, node);
}

/* The same at the other end: an ancestor answers where the parent was looked for. */
void dp_daemon_ancestor_frame(struct dp_daemon *d, struct dp_slice bytes)
{
    struct dp_frame f;
    char text[256];
    if (dp_frame_get(bytes, &f) != DP_OK || f.type != DP_FRAME_BYE ||
        f.u.bye.reason != DP_STOP_WRONG_PARENT) {
        d->n.frames_dropped++;
        return;
    }
    snprintf(text, sizeof text, "%s: the right one is %s; %s", dp_stop_text(DP_STOP_WRONG_PARENT),
             node_text(f.u.bye.node), dp_stop_advice(DP_STOP_WRONG_PARENT));
    dp_alarm(d, "parent", text);
}

bool dp_daemon_ancestor_key(struct dp_daemon *d, unsigned i, uint8_t curve_pub[32])
{
    struct dp_cert cert;
    struct dp_node n = d->id.parent.v == 0 ? d->id.parent : dp_node_parent(d->id.parent);
    bool outside = d->db.t == NULL, found;
    while (n.v != 0 && i-- > 0)
        n = dp_node_parent(n);
    if (n.v == 0 || (outside && dp_db_begin(&d->db, false) != DP_OK))
        return false;
    found = dp_certs_of_node(d, n, &cert) == DP_OK;
    if (outside)
        dp_db_abort(&d->db);
    if (found)
        memcpy(curve_pub, cert.curve_pub.b, sizeof cert.curve_pub.b);
    return found;
}

void dp_daemon_frame(struct dp_daemon *d, struct dp_node node, struct dp_slice bytes)
{
    struct dp_frame f;
    struct dp_peer *p = dp_peers_find(d, node);
    if (p == NULL) {
        wrong_door(d, node);
        return;
    }
    if (p->row.revoked || p->bye != 0) {
        d->n.frames_dropped++;
        if (p->row.revoked)
            p->bye = DP_STOP_REVOKED;
        return;
    }
    if (dp_frame_get(bytes, &f) != DP_OK) {
        d->n.frames_dropped++;
        dp_link_stop(d, p, DP_STOP_PROTOCOL);
        return;
    }
    dp_session_heard(&p->s, bytes.len, d->now_mono);
    switch ((enum dp_frame_type)f.type) {
    case DP_FRAME_HELLO:
        on_hello(d, p, &f.u.hello);
        break;
    case DP_FRAME_ITEM:
        on_item(d, p, &f.u.item);
        break;
    case DP_FRAME_ACK:
        on_ack(d, p, &f.u.ack);
        break;
    case DP_FRAME_REFUSED:
        on_refused(d, p, &f.u.refused);
        break;
    case DP_FRAME_BYE:
        on_bye(d, p, &f.u.bye);
        break;
    case DP_FRAME_KEEP:
        p->keep_due |= (f.u.keep & 1) != 0;
        p->keep_answer = p->keep_due;
        break;
    case DP_FRAME_ASK:
        dp_listing_asked(d, p, &f.u.ask);
        break;
    case DP_FRAME_LIST:
        dp_reseed_page(d, p, &f.u.list);
        break;
    case DP_FRAME_PROVE:
        p->proof_due = true;
        break;
    case DP_FRAME_PROOF:
        on_proof(d, p, &f.u.proof);
        break;
    }
}
