/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment: what a newcomer says to its parent, and the parent to it, behind the seal of the one-time code
 * and without it (R-ENR-1). First byte: who hears it. Second byte: whether it is sealed here by the right
 * key. Each message is heard in a turn that fails at its end, so that the next one finds the same ground.
 */
#include <string.h>

#include "enroll_world.h"
#include "fuzz.h"

#define MESSAGE_MAX (DP_ENROLL_MESSAGE_MAX + DP_ENROL_ID_CHARS + DP_ENROL_SEAL_BYTES)
#define CONN 1

enum how { SEALED, SEALED_TOO, AFTER_ID, RAW };

/* ---- the message ---- */

static struct dp_slice seal(struct dp_daemon *d, const struct dp_token *t, const struct dp_key *key,
                            struct dp_slice plain)
{
    static uint8_t out[MESSAGE_MAX];
    struct dp_slice id = dp_slice_of(t->id, DP_ENROL_ID_CHARS);

    memcpy(out, id.p, id.len);
    FUZZ_CHECK(dp_enrol_seal(key, id, plain, &d->port.random, out + id.len) == DP_OK);
    return dp_slice_of(out, id.len + plain.len + DP_ENROL_SEAL_BYTES);
}

static struct dp_slice after_id(const struct dp_token *t, struct dp_slice rest)
{
    static uint8_t out[MESSAGE_MAX];

    memcpy(out, t->id, DP_ENROL_ID_CHARS);
    if (rest.len > 0)
        memcpy(out + DP_ENROL_ID_CHARS, rest.p, rest.len);
    return dp_slice_of(out, DP_ENROL_ID_CHARS + rest.len);
}

/* ---- the county ---- */

/* The sealed answer, opened; it is of a known form, and its words are text. */
static void check_answer(const struct dp_token *t, struct dp_slice raw, bool approved)
{
    static uint8_t plain[MESSAGE_MAX];
    struct dp_slice id = dp_slice_of(t->id, DP_ENROL_ID_CHARS);

    FUZZ_CHECK(raw.len >= id.len + DP_ENROL_SEAL_BYTES && raw.len <= sizeof(plain));
    FUZZ_CHECK(memcmp(raw.p, id.p, id.len) == 0);
    struct dp_slice sealed = dp_slice_of(raw.p + id.len, raw.len - id.len);
    FUZZ_CHECK(dp_enrol_open(&t->down, id, sealed, plain) == DP_OK);
    struct dp_rd r = dp_rd_of(dp_slice_of(plain, sealed.len - DP_ENROL_SEAL_BYTES));
    uint8_t status = dp_rd_u8(&r);
    FUZZ_CHECK((status == DP_ENROLL_APPROVED) <= approved);
    if (status == DP_ENROLL_APPROVED)
        return;
    if (status == DP_ENROLL_YOU_ARE) {
        FUZZ_CHECK(dp_rd_u64(&r) == t->node.v);
    } else {
        FUZZ_CHECK(status == DP_ENROLL_PENDING || status == DP_ENROLL_REFUSED);
        FUZZ_CHECK(dp_utf8_ok(dp_rd_take(&r, dp_rd_u16(&r))));
    }
    FUZZ_CHECK(dp_rd_done(&r) == DP_OK);
}

/* What the county keeps of a township is signed by the key that asks; once kept, it stays. */
static void check_request(struct dp_daemon *d, const struct dp_token *t,
                          const struct dp_enroll_request *before)
{
    struct dp_enroll_request q;
    struct dp_refusal why;
    struct dp_csr csr;
    enum dp_err e = dp_request_get(d, t->node, &q);

    if (before != NULL) {
        FUZZ_CHECK(e == DP_OK && q.state == before->state && dp_slice_eq(q.csrs, before->csrs));
        return;
    }
    FUZZ_CHECK(e == DP_OK || e == DP_NOT_FOUND);
    if (e == DP_OK)
        FUZZ_CHECK(q.state == DP_ENROLL_PENDING && dp_csr_parse(q.node_csr, &csr, &why) == DP_OK &&
                   dp_node_eq(csr.node, t->node));
}

static bool hear_newcomer(struct enroll_world *w, enum enroll_state s, enum how how, struct dp_slice input)
{
    const struct dp_token *t = &w->token[s];
    struct dp_daemon *d = w->county->d;
    struct dp_enroll_request before;

    FUZZ_CHECK(dp_daemon_begin(d) == DP_OK);
    bool asked = dp_request_get(d, t->node, &before) == DP_OK;
    dp_daemon_enroll(d, CONN, how <= SEALED_TOO ? seal(d, t, &t->up, input) : input);
    const struct dp_pending_reply *r = d->replies;
    if (r != NULL) {
        FUZZ_CHECK(r->next == NULL && r->conn == CONN);
        if (how != RAW)
            check_answer(t, r->raw, s == ENROLL_APPROVED);
    }
    check_request(d, t, asked ? &before : NULL);
    bool answered = r != NULL;
    FUZZ_CHECK(how != AFTER_ID || !answered);
    d->turn_error = DP_RANGE;
    FUZZ_CHECK(dp_daemon_end(d) == DP_RANGE);
    return answered;
}

/* ---- a newcomer ---- */

/* It is who it asked to be, under keys of its own, and can prove to anyone what it may issue. */
static void check_joined(struct dp_daemon *d, struct dp_node asked)
{
    struct dp_cert certs[DP_CHAIN_MAX];
    struct dp_refusal why;
    struct dp_chain chain;
    struct dp_slice ca;

    FUZZ_CHECK(asked.v == 0 || dp_node_eq(asked, d->id.self));
    FUZZ_CHECK(memcmp(d->id.cert.sign_pub.b, d->kr->sign_pub.b, 32) == 0);
    FUZZ_CHECK(memcmp(d->id.cert.seal_pub.b, d->kr->seal_pub.b, 32) == 0);
    FUZZ_CHECK(memcmp(d->id.cert.curve_pub.b, d->kr->curve_pub.b, 32) == 0);
    FUZZ_CHECK(dp_db_meta(&d->db, "ca-chain", &ca) == DP_OK);
    if (ca.len == 0)
        return;
    FUZZ_CHECK(dp_chain_decode(ca, &chain) == DP_OK);
    FUZZ_CHECK(dp_chain_verify(&chain, &d->id.trust, DP_CHAIN_CA, certs, &why) == DP_OK);
    FUZZ_CHECK(d->kr->has_ca && memcmp(certs[0].sign_pub.b, d->kr->ca_pub.b, 32) == 0);
    FUZZ_CHECK(dp_node_eq(certs[0].origin.node, d->id.self));
}

static void check_alarms(struct dp_daemon *d)
{
    const struct dp_alarm_row *row;

    for (uint32_t at = 0; (row = dp_alarm_next(d, &at)) != NULL;)
        FUZZ_CHECK(dp_utf8_ok(dp_slice_str(row->text)));
}

static bool hear_parent(struct enroll_world *w, enum enroll_state s, enum how how, struct dp_slice input)
{
    const struct dp_token *t = &w->token[s];
    struct dp_daemon *d = w->newcomer[s]->d;
    const struct dp_enrol_keys keys = d->join_keys;
    char address[sizeof(d->join_address)];
    struct dp_slice row, before;
    bool failed = false;

    memcpy(address, d->join_address, sizeof(address));
    FUZZ_CHECK(dp_daemon_begin(d) == DP_OK && dp_db_meta(&d->db, "join", &row) == DP_OK);
    before = dp_arena_copy(&d->turn, row, &failed);
    FUZZ_CHECK(!failed);
    dp_daemon_enroll(d, CONN, how <= SEALED_TOO ? seal(d, t, &t->down, input) : input);
    FUZZ_CHECK(d->replies == NULL);
    bool taken = d->id.enrolled || dp_db_meta(&d->db, "join", &row) != DP_OK || !dp_slice_eq(row, before);
    if (d->id.enrolled)
        check_joined(d, s == ENROLL_NAMELESS ? (struct dp_node){0} : t->node);
    check_alarms(d);
    FUZZ_CHECK(how != AFTER_ID || !taken);
    d->turn_error = d->turn_error == DP_OK ? DP_RANGE : d->turn_error;
    FUZZ_CHECK(dp_daemon_end(d) != DP_OK);
    FUZZ_CHECK(!d->id.enrolled && strcmp(address, d->join_address) == 0);
    d->join_keys = keys; /* they take a tenth of a second to make */
    d->join_keys_ready = true;
    return taken;
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct enroll_world *w = enroll_world_get();

    (void)a;
    if (suite == &fuzz_hollow || input.len < 2 || input.len > DP_ENROLL_MESSAGE_MAX)
        return false;
    unsigned who = input.p[0] % 7;
    enum how how = (enum how)(input.p[1] % 4);
    input = dp_slice_of(input.p + 2, input.len - 2);
    cluster_reseed(w->c, 1);
    const enum enroll_state s = who < ENROLL_STATES    ? (enum enroll_state)who
                                : who == ENROLL_STATES ? ENROLL_FRESH
                                                       : ENROLL_NAMELESS;
    if (how == AFTER_ID)
        input = after_id(&w->token[s], input);
    return who < ENROLL_STATES ? hear_newcomer(w, s, how, input) : hear_parent(w, s, how, input);
}
