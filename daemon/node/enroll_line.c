/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of the enrolment socket: who asks with which code, and what is said to it. */
#include <stdio.h>
#include <string.h>

#include "node/enroll_rows.h"

static void reply(struct dp_daemon *d, uint64_t conn, const struct dp_token *t, struct dp_slice plain)
{
    size_t len = DP_ENROL_ID_CHARS + plain.len + DP_ENROL_SEAL_BYTES;
    uint8_t *out = dp_arena_alloc(&d->turn, len);
    struct dp_pending_reply *r = DP_NEW(&d->turn, struct dp_pending_reply);
    if (out == NULL || r == NULL)
        return;
    memcpy(out, t->id, DP_ENROL_ID_CHARS);
    if (dp_enrol_seal(&t->down, dp_slice_of(t->id, DP_ENROL_ID_CHARS), plain, &d->port.random,
                      out + DP_ENROL_ID_CHARS) != DP_OK)
        return;
    r->conn = conn;
    r->raw = dp_slice_of(out, len);
    *d->replies_tail = r;
    d->replies_tail = &r->next;
}

/* Chain of this node's ancestor or itself, by node. */
static bool chain_of(struct dp_daemon *d, struct dp_node n, struct dp_slice *out)
{
    struct dp_cert c;
    bool failed = false;
    if (dp_certs_of_node(d, n, &c) != DP_OK || dp_db_get32(&d->db, DP_T_CERT, &c.digest, out) != DP_OK)
        return false;
    *out = dp_arena_copy(&d->turn, *out, &failed);
    return !failed;
}

static void put_ancestors(struct dp_daemon *d, struct dp_wr *w, struct dp_node node)
{
    struct dp_slice chains[DP_ANCESTORS_MAX];
    uint8_t n = 0;
    for (struct dp_node a = dp_node_parent(node); a.v != 0 && n < DP_ANCESTORS_MAX; a = dp_node_parent(a))
        if (chain_of(d, a, &chains[n]))
            n++;
    dp_wr_u8(w, n);
    for (uint8_t i = 0; i < n; i++)
        dp_put16(w, chains[i]);
}

static void answer_approved(struct dp_daemon *d, uint64_t conn, const struct dp_token *t,
                            const struct dp_enroll_request *q)
{
    struct dp_slice chain, ca_chain = {0};
    struct dp_csr csr;
    struct dp_refusal why;
    uint8_t *buf = dp_arena_alloc(&d->turn, DP_ENROLL_MESSAGE_MAX);
    if (buf == NULL || !chain_of(d, t->node, &chain))
        return;
    if (q->ca_csr.len > 0 && dp_identity_has_ca(t->node)) {
        if (dp_csr_parse(q->ca_csr, &csr, &why) != DP_OK)
            return;
        csr.is_ca = true;
        csr.node = t->node;
        if (dp_identity_issue(d, &csr, &ca_chain) != DP_OK)
            return;
    }
    bool direct = dp_node_eq(dp_node_parent(t->node), d->id.self);
    const char *address = direct || t->address[0] == '\0' ? "" : t->address;
    struct dp_wr w = dp_wr_of(buf, DP_ENROLL_MESSAGE_MAX);
    dp_wr_u8(&w, DP_ENROLL_APPROVED);
    dp_put16(&w, d->id.trust.root_der);
    dp_put16(&w, chain);
    dp_put16(&w, ca_chain);
    dp_put16(&w, dp_slice_str(address));
    put_ancestors(d, &w, t->node);
    if (w.err != DP_OK)
        return;
    reply(d, conn, t, dp_wr_slice(&w));
    dp_token_used(d, t);
}

static void answer_text(struct dp_daemon *d, uint64_t conn, const struct dp_token *t, enum dp_enroll_status s,
                        const char *text)
{
    uint8_t buf[256];
    struct dp_wr w = dp_wr_of(buf, sizeof buf);
    dp_wr_u8(&w, (uint8_t)s);
    dp_put16(&w, dp_slice_str(text));
    reply(d, conn, t, dp_wr_slice(&w));
}

/* The newcomer knows its code only: it is told for which node that was made. */
static void answer_who(struct dp_daemon *d, uint64_t conn, const struct dp_token *t)
{
    uint8_t buf[16];
    struct dp_wr w = dp_wr_of(buf, sizeof buf);
    dp_wr_u8(&w, DP_ENROLL_YOU_ARE);
    dp_wr_u64(&w, t->node.v);
    reply(d, conn, t, dp_wr_slice(&w));
}

static void answer_refused(struct dp_daemon *d, uint64_t conn, const struct dp_token *t)
{
    char word[32], text[DP_ENROLL_REASON_MAX + 32];
    struct dp_slice why;
    dp_refusal_word(t->node, word);
    if (dp_db_meta(&d->db, word, &why) != DP_OK || why.len > DP_ENROLL_REASON_MAX)
        why = dp_slice_of("", 0);
    snprintf(text, sizeof text, "refused by the operator%s%.*s", why.len > 0 ? ": " : "", (int)why.len,
             (const char *)why.p);
    answer_text(d, conn, t, DP_ENROLL_REFUSED, text);
}

static void on_request(struct dp_daemon *d, uint64_t conn, const struct dp_token *t, struct dp_slice plain)
{
    struct dp_enroll_request have, q = {0};
    struct dp_csr csr;
    struct dp_refusal why;
    struct dp_rd r = dp_rd_of(plain);
    bool shaped = dp_rd_u8(&r) == DP_ENROLL_VERSION && dp_csrs_read(dp_rd_take(&r, dp_rd_left(&r)), &q);
    if (shaped && q.node_csr.len == 0) {
        answer_who(d, conn, t);
        return;
    }
    if (!shaped || dp_csr_parse(q.node_csr, &csr, &why) != DP_OK) {
        answer_text(d, conn, t, DP_ENROLL_REFUSED, "the request cannot be read; upgrade this node");
        return;
    }
    if (!dp_node_eq(csr.node, t->node)) {
        answer_text(d, conn, t, DP_ENROLL_REFUSED,
                    "the code was made for another node; check the division code");
        return;
    }
    if (dp_request_get(d, t->node, &have) == DP_OK && strcmp(have.id, t->id) == 0) {
        if (!dp_slice_eq(have.csrs, q.csrs)) /* R-ENR-1: good once, for one key */
            answer_text(d, conn, t, DP_ENROLL_REFUSED,
                        "the code was used by another machine; ask for a new one");
        else if (have.state == DP_ENROLL_APPROVED)
            answer_approved(d, conn, t, &have);
        else if (have.state == DP_ENROLL_PENDING)
            answer_text(d, conn, t, DP_ENROLL_PENDING, "waiting for the operator's approval");
        else
            answer_refused(d, conn, t);
        return;
    }
    dp_request_put(d, t->node, DP_ENROLL_PENDING, t->id, q.csrs);
    answer_text(d, conn, t, DP_ENROLL_PENDING, "waiting for the operator's approval");
    dp_log(DP_LOG_NOTICE, "enrolment: a node asks; see `daipao enroll list`");
}

void dp_enroll_from_newcomer(struct dp_daemon *d, uint64_t conn, struct dp_slice bytes)
{
    struct dp_slice v;
    struct dp_token t = {0};
    if (bytes.len < DP_ENROL_ID_CHARS + DP_ENROL_SEAL_BYTES || !d->id.enrolled)
        return;
    struct dp_slice id = dp_slice_of(bytes.p, DP_ENROL_ID_CHARS);
    if (dp_db_get_key(&d->db, DP_T_TOKEN, id, &v) != DP_OK || !dp_token_read(id, v, &t) ||
        t.expires_ms <= d->now_wall) {
        dp_wipe(&t, sizeof t);
        return; /* no word to strangers */
    }
    size_t len = bytes.len - DP_ENROL_ID_CHARS - DP_ENROL_SEAL_BYTES;
    uint8_t *plain = dp_arena_alloc(&d->turn, len);
    if (plain == NULL) {
        dp_wipe(&t, sizeof t);
        return;
    }
    if (dp_enrol_open(&t.up, id, dp_slice_of(bytes.p + DP_ENROL_ID_CHARS, len + DP_ENROL_SEAL_BYTES),
                      plain) == DP_OK) {
        on_request(d, conn, &t, dp_slice_of(plain, len));
    } else if (++t.wrong >= DP_ENROLL_TRIES_MAX) {
        dp_token_del(d, &t);
        dp_tokens_tidy(d);
        dp_alarm(d, "enrolment", "a one-time code was tried wrongly three times and ended; make a new one");
    } else {
        dp_token_put(d, &t);
    }
    dp_wipe(&t, sizeof t);
}
