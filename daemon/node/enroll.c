/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment over the line by a one-time code (R-ENR-1). The code is read over the phone; what it
 * protects is sealed by keys derived from it, so the enrolment socket needs no other trust.
 *
 *   newcomer -> parent   id 4 | sealed(up):   version 1, node CSR u16, CA CSR u16 (may be 0)
 *   parent -> newcomer   id 4 | sealed(down): status 1, then
 *       you are: node 8 (the answer to a request without CSRs: the code says for whom it was made) |
 *       pending, refused: text u16 | approved: root u16, chain u16, CA chain u16, address u16, n u8,
 * ancestors u16 each
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/code.h"
#include "node/enroll.h"
#include "node/identity.h"

#define VERSION 1
#define TOKEN_DAYS 7
#define TRIES_MAX 3
#define POLL_MS 1500
#define MESSAGE_MAX 16384
#define REASON_MAX 120

enum status { PENDING = 0, APPROVED = 1, REFUSED = 2, YOU_ARE = 3 };

/* ---- rows ---- */

struct token {
    char id[DP_ENROL_ID_CHARS + 1];
    struct dp_node node;
    int64_t expires_ms;
    uint8_t wrong;
    struct dp_key up, down;
    char address[200]; /* of its parent, when that is not this node */
};

static void token_put(struct dp_daemon *d, const struct token *t)
{
    uint8_t b[400];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    dp_wr_u64(&w, t->node.v);
    dp_wr_u64(&w, (uint64_t)t->expires_ms);
    dp_wr_u8(&w, t->wrong);
    dp_wr_bytes(&w, t->up.b, sizeof t->up.b);
    dp_wr_bytes(&w, t->down.b, sizeof t->down.b);
    dp_wr_bytes(&w, t->address, strlen(t->address));
    dp_db_put_key(&d->db, DP_T_TOKEN, dp_slice_of(t->id, DP_ENROL_ID_CHARS), dp_wr_slice(&w));
    dp_wipe(b, sizeof b);
}

static bool token_read(struct dp_slice key, struct dp_slice v, struct token *t)
{
    struct dp_rd r = dp_rd_of(v);
    memset(t, 0, sizeof *t);
    if (key.len != DP_ENROL_ID_CHARS)
        return false;
    memcpy(t->id, key.p, key.len);
    t->node.v = dp_rd_u64(&r);
    t->expires_ms = (int64_t)dp_rd_u64(&r);
    t->wrong = dp_rd_u8(&r);
    dp_rd_copy(&r, t->up.b, sizeof t->up.b);
    dp_rd_copy(&r, t->down.b, sizeof t->down.b);
    size_t len = dp_rd_left(&r);
    if (len >= sizeof t->address)
        return false;
    dp_rd_copy(&r, t->address, len);
    return dp_rd_done(&r) == DP_OK;
}

static void token_del(struct dp_daemon *d, const struct token *t)
{
    dp_db_del_key(&d->db, DP_T_TOKEN, dp_slice_of(t->id, DP_ENROL_ID_CHARS));
}

/* Drop what expired; the socket stays open while one is left. */
static void tokens_tidy(struct dp_daemon *d)
{
    struct dp_slice key = {0}, v;
    struct token t;
    bool open = false;
    while (dp_db_next_key(&d->db, DP_T_TOKEN, dp_slice_of("", 0), &key, &v) == DP_OK) {
        if (!token_read(key, v, &t) || t.expires_ms > d->now_wall) {
            open = true;
            continue;
        }
        token_del(d, &t);
        key = dp_slice_of("", 0); /* the borrowed key is gone: start again */
    }
    d->tokens_open = open;
    dp_wipe(&t, sizeof t);
}

/* Request row of a node: state 1, token id 4, then node CSR u16 and CA CSR u16. */
static void request_put(struct dp_daemon *d, struct dp_node node, uint8_t state, const char *id,
                        struct dp_slice csrs)
{
    bool failed = false;
    csrs = dp_arena_copy(&d->turn, csrs, &failed);
    dp_buf_reset(&d->scratch);
    if (failed || dp_buf_put(&d->scratch, &state, 1) != DP_OK ||
        dp_buf_put(&d->scratch, id, DP_ENROL_ID_CHARS) != DP_OK ||
        dp_buf_put(&d->scratch, csrs.p, csrs.len) != DP_OK)
        return;
    dp_db_put64(&d->db, DP_T_REQUEST, node.v, dp_buf_slice(&d->scratch));
}

struct request {
    uint8_t state;
    char id[DP_ENROL_ID_CHARS + 1];
    struct dp_slice csrs; /* both, as they came */
    struct dp_slice node_csr, ca_csr;
};

static bool csrs_read(struct dp_slice s, struct request *q)
{
    struct dp_rd r = dp_rd_of(s);
    q->csrs = s;
    q->node_csr = dp_rd_take(&r, dp_rd_u16(&r));
    q->ca_csr = dp_rd_take(&r, dp_rd_u16(&r));
    return dp_rd_done(&r) == DP_OK;
}

static enum dp_err request_get(struct dp_daemon *d, struct dp_node node, struct request *q)
{
    struct dp_slice v;
    bool failed = false;
    enum dp_err e = dp_db_get64(&d->db, DP_T_REQUEST, node.v, &v);
    if (e != DP_OK)
        return e;
    v = dp_arena_copy(&d->turn, v, &failed);
    if (failed)
        return DP_NOMEM;
    struct dp_rd r = dp_rd_of(v);
    memset(q, 0, sizeof *q);
    q->state = dp_rd_u8(&r);
    dp_rd_copy(&r, q->id, DP_ENROL_ID_CHARS);
    return csrs_read(dp_rd_take(&r, dp_rd_left(&r)), q) ? DP_OK : DP_CORRUPT;
}

/* ---- parent's side: operator ---- */

enum dp_err dp_enroll_token(struct dp_daemon *d, struct dp_node node, const char *address, char text[32])
{
    struct dp_enrol_code code;
    struct dp_enrol_keys keys;
    struct token t = {.node = node, .expires_ms = d->now_wall + TOKEN_DAYS * DP_DAY_MS};
    if (!d->kr->has_ca || !dp_node_covers(d->id.self, node) || dp_node_eq(d->id.self, node))
        return DP_NOT_ENTITLED;
    if (strlen(address) >= sizeof t.address)
        return DP_RANGE;
    dp_enrol_code_make(&d->port.random, &code);
    enum dp_err e = dp_enrol_derive(&code, &keys);
    if (e == DP_OK) {
        memcpy(t.id, keys.id, sizeof t.id);
        t.up = keys.up;
        t.down = keys.down;
        snprintf(t.address, sizeof t.address, "%s", address);
        token_put(d, &t);
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

enum dp_err dp_enroll_approve(struct dp_daemon *d, struct dp_node node)
{
    struct request q;
    struct dp_csr csr;
    struct dp_refusal why;
    struct dp_slice chain;
    struct dp_cert leaf;
    enum dp_err e = request_get(d, node, &q);
    if (e != DP_OK)
        return e;
    if (q.state == APPROVED)
        return DP_DUPLICATE;
    e = dp_csr_parse(q.node_csr, &csr, &why);
    if (e != DP_OK)
        return e;
    csr.is_ca = false;
    csr.node = node;
    csr.parent = dp_node_parent(node);
    csr.roles = dp_identity_roles(node);
    bool ours = dp_node_eq(csr.parent, d->id.self);
    struct dp_peer *hop = ours ? NULL : dp_peers_towards(d, csr.parent);
    if (!ours && (hop == NULL || hop->is_parent))
        return DP_NOT_FOUND; /* its parent must be enrolled first */
    e = dp_identity_issue(d, &csr, &chain);
    if (e == DP_OK)
        e = dp_certs_store(d, chain, &leaf, &why);
    if (e != DP_OK)
        return e;
    if (ours && dp_peers_add(d, node, false, &leaf.curve_pub) == NULL)
        return DP_FULL; /* the request still waits */
    request_put(d, node, APPROVED, q.id, q.csrs);
    struct dp_peer *above = dp_peers_parent(d);
    if (above != NULL)
        dp_certs_owe(d, above, DP_LANE_CASES, &leaf.digest); /* they seal parcels for it */
    if (hop != NULL)
        dp_certs_owe(d, hop, DP_LANE_CONTROL, &leaf.digest);
    return issue_fact(d, node, &leaf.digest, 1, 0);
}

/* Meta row "refused:NODE": why, for the newcomer. */
static void refusal_word(struct dp_node node, char word[32])
{
    snprintf(word, 32, "refused:%016" PRIx64, node.v);
}

enum dp_err dp_enroll_refuse(struct dp_daemon *d, struct dp_node node, const char *reason)
{
    struct request q;
    char word[32];
    enum dp_err e = request_get(d, node, &q);
    if (e != DP_OK)
        return e;
    if (strlen(reason) > REASON_MAX)
        return DP_RANGE;
    request_put(d, node, REFUSED, q.id, q.csrs);
    refusal_word(node, word);
    dp_db_meta_put(&d->db, word, dp_slice_str(reason));
    return DP_OK;
}

/* Certificate withdrawn and cut: late blocks of it are shelved until a person admits them. */
enum dp_err dp_enroll_revoke(struct dp_daemon *d, struct dp_node node, uint32_t reason)
{
    struct dp_cert cert;
    struct dp_chain_row row = {0};
    struct dp_peer *p = dp_peers_find(d, node);
    enum dp_err e = dp_certs_of_node(d, node, &cert);
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

/* ---- parent's side: the line ---- */

static void reply(struct dp_daemon *d, uint64_t conn, const struct token *t, struct dp_slice plain)
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
    r->enroll = true;
    r->raw = dp_slice_of(out, len);
    *d->replies_tail = r;
    d->replies_tail = &r->next;
}

static void put16(struct dp_wr *w, struct dp_slice s)
{
    dp_wr_u16(w, (uint16_t)s.len);
    dp_wr_bytes(w, s.p, s.len);
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
        put16(w, chains[i]);
}

static void answer_approved(struct dp_daemon *d, uint64_t conn, const struct token *t,
                            const struct request *q)
{
    struct dp_slice chain, ca_chain = {0};
    struct dp_csr csr;
    struct dp_refusal why;
    uint8_t *buf = dp_arena_alloc(&d->turn, MESSAGE_MAX);
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
    struct dp_wr w = dp_wr_of(buf, MESSAGE_MAX);
    dp_wr_u8(&w, APPROVED);
    put16(&w, d->id.trust.root_der);
    put16(&w, chain);
    put16(&w, ca_chain);
    put16(&w, dp_slice_str(address));
    put_ancestors(d, &w, t->node);
    if (w.err == DP_OK)
        reply(d, conn, t, dp_wr_slice(&w));
}

static void answer_text(struct dp_daemon *d, uint64_t conn, const struct token *t, enum status s,
                        const char *text)
{
    uint8_t buf[256];
    struct dp_wr w = dp_wr_of(buf, sizeof buf);
    dp_wr_u8(&w, (uint8_t)s);
    put16(&w, dp_slice_str(text));
    reply(d, conn, t, dp_wr_slice(&w));
}

/* The newcomer knows its code only: it is told for which node that was made. */
static void answer_who(struct dp_daemon *d, uint64_t conn, const struct token *t)
{
    uint8_t buf[16];
    struct dp_wr w = dp_wr_of(buf, sizeof buf);
    dp_wr_u8(&w, YOU_ARE);
    dp_wr_u64(&w, t->node.v);
    reply(d, conn, t, dp_wr_slice(&w));
}

static void answer_refused(struct dp_daemon *d, uint64_t conn, const struct token *t)
{
    char word[32], text[REASON_MAX + 32];
    struct dp_slice why;
    refusal_word(t->node, word);
    if (dp_db_meta(&d->db, word, &why) != DP_OK || why.len > REASON_MAX)
        why = dp_slice_of("", 0);
    snprintf(text, sizeof text, "refused by the operator%s%.*s", why.len > 0 ? ": " : "", (int)why.len,
             (const char *)why.p);
    answer_text(d, conn, t, REFUSED, text);
}

static void on_request(struct dp_daemon *d, uint64_t conn, const struct token *t, struct dp_slice plain)
{
    struct request have, q = {0};
    struct dp_csr csr;
    struct dp_refusal why;
    struct dp_rd r = dp_rd_of(plain);
    bool shaped = dp_rd_u8(&r) == VERSION && csrs_read(dp_rd_take(&r, dp_rd_left(&r)), &q);
    if (shaped && q.node_csr.len == 0) {
        answer_who(d, conn, t);
        return;
    }
    if (!shaped || dp_csr_parse(q.node_csr, &csr, &why) != DP_OK) {
        answer_text(d, conn, t, REFUSED, "the request cannot be read; upgrade this node");
        return;
    }
    if (!dp_node_eq(csr.node, t->node)) {
        answer_text(d, conn, t, REFUSED, "the code was made for another node; check the division code");
        return;
    }
    if (request_get(d, t->node, &have) == DP_OK && strcmp(have.id, t->id) == 0) {
        if (!dp_slice_eq(have.csrs, q.csrs)) /* R-ENR-1: good once, for one key */
            answer_text(d, conn, t, REFUSED, "the code was used by another machine; ask for a new one");
        else if (have.state == APPROVED)
            answer_approved(d, conn, t, &have);
        else if (have.state == PENDING)
            answer_text(d, conn, t, PENDING, "waiting for the operator's approval");
        else
            answer_refused(d, conn, t);
        return;
    }
    request_put(d, t->node, PENDING, t->id, q.csrs);
    answer_text(d, conn, t, PENDING, "waiting for the operator's approval");
    dp_log(DP_LOG_NOTICE, "enrolment: a node asks; see `daipao enroll list`");
}

static void on_newcomer(struct dp_daemon *d, uint64_t conn, struct dp_slice bytes)
{
    struct dp_slice v;
    struct token t = {0};
    if (bytes.len < DP_ENROL_ID_CHARS + DP_ENROL_SEAL_BYTES || !d->id.enrolled)
        return;
    struct dp_slice id = dp_slice_of(bytes.p, DP_ENROL_ID_CHARS);
    if (dp_db_get_key(&d->db, DP_T_TOKEN, id, &v) != DP_OK || !token_read(id, v, &t) ||
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
    } else if (++t.wrong >= TRIES_MAX) {
        token_del(d, &t);
        dp_alarm(d, "enrolment", "a one-time code was tried wrongly three times and ended; make a new one");
    } else {
        token_put(d, &t);
    }
    dp_wipe(&t, sizeof t);
}

/* ---- newcomer's side ---- */

/* Join row in meta "join": node 8, code 20, address. */
enum dp_err dp_enroll_join(struct dp_daemon *d, struct dp_node self, const char *address,
                           const char *code_text)
{
    struct dp_enrol_code code;
    uint8_t row[300];
    struct dp_wr w = dp_wr_of(row, sizeof row);
    enum dp_err e = dp_enrol_code_parse(dp_slice_str(code_text), &code);
    if (e == DP_OK)
        e = dp_identity_keys(d);
    if (e != DP_OK)
        return e;
    dp_wr_u64(&w, self.v);
    dp_wr_bytes(&w, code.c, DP_ENROL_CHARS);
    dp_wr_bytes(&w, address, strlen(address));
    if (w.err != DP_OK || strlen(address) >= sizeof d->join_address)
        return DP_RANGE;
    dp_db_meta_put(&d->db, "join", dp_wr_slice(&w));
    dp_enroll_load(d);
    dp_alarm_clear(d, "enrolment"); /* what became of the request before */
    dp_wipe(&code, sizeof code);
    dp_wipe(row, sizeof row);
    return DP_OK;
}

void dp_enroll_load(struct dp_daemon *d)
{
    struct dp_slice v;
    tokens_tidy(d);
    d->join_address[0] = '\0';
    dp_wipe(&d->join_keys, sizeof d->join_keys); /* of the code before */
    d->join_keys_ready = false;
    if (d->id.enrolled || dp_db_meta(&d->db, "join", &v) != DP_OK || v.len <= 8 + DP_ENROL_CHARS)
        return;
    dp_buf_reset(&d->join_state);
    if (dp_buf_put(&d->join_state, v.p, v.len) != DP_OK)
        return;
    struct dp_slice a = dp_slice_of(v.p + 8 + DP_ENROL_CHARS, v.len - 8 - DP_ENROL_CHARS);
    memcpy(d->join_address, a.p, a.len);
    d->join_address[a.len] = '\0';
    d->join_next_ms = d->now_mono;
}

static enum dp_err join_keys(struct dp_daemon *d, struct dp_enrol_keys *keys)
{
    struct dp_enrol_code code = {0};
    if (d->join_keys_ready) {
        memcpy(keys, &d->join_keys, sizeof *keys);
        return DP_OK;
    }
    if (d->join_state.len <= 8 + DP_ENROL_CHARS)
        return DP_NOT_FOUND;
    memcpy(code.c, d->join_state.p + 8, DP_ENROL_CHARS);
    enum dp_err e = dp_enrol_derive(&code, keys);
    if (e == DP_OK) {
        memcpy(&d->join_keys, keys, sizeof *keys);
        d->join_keys_ready = true;
    }
    dp_wipe(&code, sizeof code);
    return e;
}

static enum dp_err make_csrs(struct dp_daemon *d, struct dp_node self, struct dp_wr *w)
{
    if (self.v == 0) { /* not known yet: who am I? */
        dp_wr_u16(w, 0);
        dp_wr_u16(w, 0);
        return w->err;
    }
    struct dp_der der;
    struct dp_keyring_why why;
    struct dp_csr csr = {.node = self,
                         .parent = dp_node_parent(self),
                         .roles = dp_identity_roles(self),
                         .seal_pub = d->kr->seal_pub,
                         .curve_pub = d->kr->curve_pub};
    enum dp_err e = dp_csr_make(&csr, &d->kr->sign, &der);
    if (e != DP_OK)
        return e;
    put16(w, dp_der_slice(&der));
    if (!dp_identity_has_ca(self)) {
        dp_wr_u16(w, 0);
        return w->err;
    }
    if (!d->kr->has_ca && (e = dp_keyring_add_ca(d->kr, &d->port.random, &why)) != DP_OK)
        return e;
    struct dp_csr ca = {.is_ca = true, .node = self};
    e = dp_csr_make(&ca, &d->kr->ca, &der);
    if (e == DP_OK)
        put16(w, dp_der_slice(&der));
    return e == DP_OK ? w->err : e;
}

enum dp_err dp_daemon_join_message(struct dp_daemon *d, struct dp_buf *out)
{
    struct dp_enrol_keys keys;
    uint8_t plain[8192];
    struct dp_wr w = dp_wr_of(plain, sizeof plain);
    enum dp_err e = d->kr == NULL ? DP_NOT_FOUND : join_keys(d, &keys);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(dp_buf_slice(&d->join_state));
    struct dp_node self = {.v = dp_rd_u64(&r)};
    dp_wr_u8(&w, VERSION);
    e = make_csrs(d, self, &w);
    if (e == DP_OK)
        e = dp_buf_put(out, keys.id, DP_ENROL_ID_CHARS);
    if (e == DP_OK)
        e = dp_buf_reserve(out, w.len + DP_ENROL_SEAL_BYTES);
    if (e == DP_OK)
        e = dp_enrol_seal(&keys.up, dp_slice_of(keys.id, DP_ENROL_ID_CHARS), dp_wr_slice(&w), &d->port.random,
                          out->p + out->len);
    if (e == DP_OK)
        out->len += w.len + DP_ENROL_SEAL_BYTES;
    dp_wipe(&keys, sizeof keys);
    d->join_next_ms = d->port.clock.mono_ms(d->port.clock.ctx) + POLL_MS;
    return e;
}

static bool get16(struct dp_rd *r, struct dp_slice *out)
{
    *out = dp_rd_take(r, dp_rd_u16(r));
    return r->err == DP_OK;
}

static void joined(struct dp_daemon *d, struct dp_rd *r)
{
    struct dp_grantbook g = {0};
    struct dp_cert parent;
    bool ok = get16(r, &g.root) && get16(r, &g.chain) && get16(r, &g.ca_chain) && get16(r, &g.parent_address);
    g.ancestor_count = dp_rd_u8(r);
    ok = ok && g.ancestor_count <= DP_ANCESTORS_MAX;
    for (uint8_t i = 0; ok && i < g.ancestor_count; i++)
        ok = get16(r, &g.ancestors[i]);
    if (g.parent_address.len == 0)
        g.parent_address = dp_slice_str(d->join_address);
    enum dp_err e = ok && dp_rd_done(r) == DP_OK ? dp_identity_take(d, &g) : DP_FORMAT;
    if (e == DP_OK) {
        dp_db_del_key(&d->db, DP_T_META, dp_slice_str("join"));
        dp_wipe(&d->join_keys, sizeof d->join_keys);
        d->join_keys_ready = false;
        e = dp_daemon_reload_identity(d); /* the address is forgotten with the commit */
    }
    if (e == DP_OK)
        e = dp_certs_of_node(d, d->id.parent, &parent);
    if (e == DP_OK && dp_peers_add(d, d->id.parent, true, &parent.curve_pub) == NULL)
        e = DP_FULL;
    if (e != DP_OK) {
        d->turn_error = e;
        dp_alarm(d, "enrolment", "the parent's answer cannot be used; ask its operator");
    }
}

static void learn_self(struct dp_daemon *d, struct dp_node self)
{
    uint8_t row[512];
    struct dp_wr w = dp_wr_of(row, sizeof row);
    if (dp_node_tier(self) == DP_TIER_NONE || d->join_state.len <= 8)
        return;
    dp_wr_u64(&w, self.v);
    dp_wr_bytes(&w, d->join_state.p + 8, d->join_state.len - 8);
    if (w.err != DP_OK)
        return;
    dp_db_meta_put(&d->db, "join", dp_wr_slice(&w));
    dp_enroll_load(d);
    dp_wipe(row, sizeof row);
}

static void on_parent(struct dp_daemon *d, struct dp_slice bytes)
{
    struct dp_enrol_keys keys;
    if (d->id.enrolled || bytes.len < DP_ENROL_ID_CHARS + DP_ENROL_SEAL_BYTES ||
        join_keys(d, &keys) != DP_OK || memcmp(bytes.p, keys.id, DP_ENROL_ID_CHARS) != 0)
        return;
    size_t len = bytes.len - DP_ENROL_ID_CHARS - DP_ENROL_SEAL_BYTES;
    uint8_t *plain = dp_arena_alloc(&d->turn, len + 1);
    bool opened = plain != NULL &&
                  dp_enrol_open(&keys.down, dp_slice_of(keys.id, DP_ENROL_ID_CHARS),
                                dp_slice_of(bytes.p + DP_ENROL_ID_CHARS, bytes.len - DP_ENROL_ID_CHARS),
                                plain) == DP_OK;
    dp_wipe(&keys, sizeof keys);
    if (!opened)
        return;
    struct dp_rd r = dp_rd_of(dp_slice_of(plain, len));
    uint8_t status = dp_rd_u8(&r);
    if (status == APPROVED) {
        joined(d, &r);
        return;
    }
    if (status == YOU_ARE) {
        learn_self(d, (struct dp_node){.v = dp_rd_u64(&r)});
        return;
    }
    struct dp_slice text = dp_rd_take(&r, dp_rd_u16(&r));
    char line[200];
    snprintf(line, sizeof line, "%.*s", (int)(text.len < 180 ? text.len : 180), (const char *)text.p);
    if (status == REFUSED) {
        dp_alarm(d, "enrolment", line);
        dp_db_del_key(&d->db, DP_T_META, dp_slice_str("join"));
        d->join_address[0] = '\0';
    }
}

void dp_daemon_enroll(struct dp_daemon *d, uint64_t conn, struct dp_slice bytes)
{
    if (bytes.len > MESSAGE_MAX)
        return;
    if (d->join_address[0] != '\0')
        on_parent(d, bytes);
    else
        on_newcomer(d, conn, bytes);
}

bool dp_daemon_wants_enroll_listen(const struct dp_daemon *d)
{
    return d->tokens_open;
}

void dp_daemon_join_now(struct dp_daemon *d)
{
    d->join_next_ms = 0;
}

const char *dp_daemon_join_address(const struct dp_daemon *d)
{
    return d->join_address[0] == '\0' || d->port.clock.mono_ms(d->port.clock.ctx) < d->join_next_ms
               ? NULL
               : d->join_address;
}
