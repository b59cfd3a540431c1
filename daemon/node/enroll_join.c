/* SPDX-License-Identifier: Apache-2.0 */
/* The newcomer's side: it makes its own keys, asks with the code until it is told, and takes what it is
 * given. */
#include <stdio.h>
#include <string.h>

#include "node/enroll_rows.h"

#define POLL_MS 1500

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

#define TOKENS_LOOK_MS INT64_C(600000)

void dp_enroll_tidy(struct dp_daemon *d)
{
    if (!d->tokens_open || d->now_mono < d->tokens_ms)
        return;
    d->tokens_ms = d->now_mono + TOKENS_LOOK_MS;
    dp_tokens_tidy(d);
}

void dp_enroll_load(struct dp_daemon *d)
{
    struct dp_slice v;
    dp_tokens_tidy(d);
    d->join_address[0] = '\0';
    d->join_ended = false;
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

/* For which node it asks; {0} when it does not know yet. */
static struct dp_node asked_name(const struct dp_daemon *d)
{
    struct dp_rd r = dp_rd_of(dp_buf_slice(&d->join_state));
    return (struct dp_node){.v = dp_rd_u64(&r)};
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
    dp_put16(w, dp_der_slice(&der));
    if (!dp_identity_has_ca(self)) {
        dp_wr_u16(w, 0);
        return w->err;
    }
    if (!d->kr->has_ca && (e = dp_keyring_add_ca(d->kr, &d->port.random, &why)) != DP_OK)
        return e;
    struct dp_csr ca = {.is_ca = true, .node = self};
    e = dp_csr_make(&ca, &d->kr->ca, &der);
    if (e == DP_OK)
        dp_put16(w, dp_der_slice(&der));
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
    dp_wr_u8(&w, DP_ENROLL_VERSION);
    e = make_csrs(d, asked_name(d), &w);
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
    struct dp_grantbook g = {.asked = asked_name(d)};
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

static void refused(struct dp_daemon *d, struct dp_slice text)
{
    char line[200] = "refused by the operator";
    if (text.len > 0 && text.len < sizeof line && dp_utf8_ok(text))
        snprintf(line, sizeof line, "%.*s", (int)text.len, (const char *)text.p);
    dp_alarm(d, "enrolment", line);
    dp_db_del_key(&d->db, DP_T_META, dp_slice_str("join"));
    d->join_ended = true; /* the address is forgotten with the commit */
}

void dp_enroll_from_parent(struct dp_daemon *d, struct dp_slice bytes)
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
    if (status == DP_ENROLL_APPROVED) {
        joined(d, &r);
        return;
    }
    if (status == DP_ENROLL_YOU_ARE) {
        learn_self(d, (struct dp_node){.v = dp_rd_u64(&r)});
        return;
    }
    if (status == DP_ENROLL_REFUSED)
        refused(d, dp_rd_take(&r, dp_rd_u16(&r)));
}

void dp_daemon_enroll(struct dp_daemon *d, uint64_t conn, struct dp_slice bytes)
{
    if (bytes.len > DP_ENROLL_MESSAGE_MAX)
        return;
    if (d->join_address[0] != '\0')
        dp_enroll_from_parent(d, bytes);
    else
        dp_enroll_from_newcomer(d, conn, bytes);
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
