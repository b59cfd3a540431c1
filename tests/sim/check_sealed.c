/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks and certificates, reckoned here from the formats alone: a block in a store is what its origin signed
 * and joins the one before it (I22), every certificate bears exactly one name (I25), and what a pruned block
 * hides cannot be guessed (I26).
 */
#include "sim/oracle.h"

#include <string.h>

#include "crypto/chain.h"
#include "sim/fault.h"
#include "support/cmocka_all.h"

#define LEAF 0x00
#define INNER 0x01
#define SALT 0x02
#define SALT_BYTES 16

static struct dp_digest hash(struct dp_slice a, struct dp_slice b, struct dp_slice c)
{
    struct dp_slice all[3] = {a, b, c};
    struct dp_digest d;
    dp_suite_of(DP_SUITE_INTL)->hash(all, 3, &d);
    return d;
}

/* ---- I22 ---- */

static struct dp_digest leaf(const struct dp_block *b, uint16_t i)
{
    static const uint8_t prefix[1] = {LEAF};
    uint8_t seed[1 + DP_SECRET_BYTES + 4] = {SALT};
    memcpy(seed + 1, b->secret, DP_SECRET_BYTES);
    seed[1 + DP_SECRET_BYTES + 2] = (uint8_t)(i >> 8);
    seed[1 + DP_SECRET_BYTES + 3] = (uint8_t)i;
    struct dp_slice none = dp_slice_of(NULL, 0);
    struct dp_digest salt = hash(dp_slice_of(seed, sizeof(seed)), none, none);
    return hash(dp_slice_of(prefix, 1), dp_slice_of(salt.b, SALT_BYTES), b->shown[i].bytes);
}

/* RFC 6962 */
static struct dp_digest root_of(const struct dp_block *b, uint16_t from, uint16_t n)
{
    static const uint8_t prefix[1] = {INNER};
    uint16_t left = 1;
    if (n == 1)
        return leaf(b, from);
    while (left * 2 < n)
        left = (uint16_t)(left * 2);
    struct dp_digest l = root_of(b, from, left);
    struct dp_digest r = root_of(b, (uint16_t)(from + left), (uint16_t)(n - left));
    return hash(dp_slice_of(prefix, 1), dp_slice_of(l.b, sizeof(l.b)), dp_slice_of(r.b, sizeof(r.b)));
}

static bool is_of_tree(const struct oracle *o, struct dp_node id)
{
    for (uint32_t i = 0; i < o->s->c->node_count; i++)
        if (dp_node_eq(o->s->c->nodes[i]->id, id))
            return true;
    return false;
}

/* The certificate by which it was signed bears another name. */
static bool is_of_another(const struct oracle *o, const struct dp_header *h)
{
    for (uint32_t i = 0; i < o->s->c->node_count; i++) {
        const struct cl_node *n = o->s->c->nodes[i];
        if (n->d != NULL && !dp_node_eq(n->id, h->origin) && dp_digest_eq(&h->cert, &n->d->id.cert.digest))
            return true;
    }
    return false;
}

static bool is_signed(struct oracle *o, const struct dp_header *h, struct dp_slice wire)
{
    const struct cl_node *origin = oracle_node_at(o, h->origin);
    if (origin == NULL)
        return is_of_tree(o, h->origin);
    if (is_of_another(o, h))
        return false;
    if (origin->d == NULL || !dp_digest_eq(&h->cert, &origin->d->id.cert.digest))
        return true; /* its key is not at hand */
    return dp_suite_of(DP_SUITE_INTL)
        ->verify(&origin->d->kr->sign_pub, dp_slice_of(wire.p, DP_HEADER_SIGNED), &h->sig);
}

static bool joins(const struct oracle_node *x, const struct dp_header *h)
{
    struct dp_db db = {.kv = x->n->kv};
    struct dp_header before;
    struct dp_slice v;
    if (h->number == 1)
        return h->first_seq == 1;
    assert_ok(dp_db_begin(&db, false));
    bool ok = dp_db_block(&db, h->origin, h->inc, h->number - 1, 0, &v) == DP_OK &&
              v.len >= DP_HEADER_BYTES &&
              dp_header_get(dp_slice_of(v.p, DP_HEADER_BYTES), &before) == DP_OK &&
              before.first_seq + before.count == h->first_seq;
    if (ok) {
        struct dp_digest d;
        dp_header_digest(dp_suite_of(DP_SUITE_INTL), &before, &d);
        ok = dp_digest_eq(&d, &h->prev);
    }
    dp_db_abort(&db);
    return ok;
}

void check_sealed_block(struct oracle *o, struct oracle_node *x, const struct dp_block *b,
                        struct dp_slice wire)
{
    const char *what = NULL;
    struct dp_digest root = root_of(b, 0, b->h.count);
    if (!fault_is_honest(o->s, x->n))
        return;
    if (!dp_digest_eq(&root, &b->h.root))
        what = "its entries are not those that were signed";
    else if (!is_signed(o, &b->h, wire))
        what = "its origin did not sign it";
    else if (!joins(x, &b->h))
        what = "it does not join the one before it";
    if (what != NULL)
        sim_broken(o->s, "I22", "%s holds block %llu of %llu:%08x, and %s", x->n->text,
                   (unsigned long long)b->h.number, (unsigned long long)b->h.origin.v, b->h.inc, what);
}

/* ---- I25 ---- */

/* dNSNames in the subjectAltName extensions of a certificate: the form of X.509, short lengths. */
static unsigned names_in(struct dp_slice der)
{
    static const uint8_t oid[] = {0x06, 0x03, 0x55, 0x1d, 0x11, 0x04};
    unsigned count = 0;
    for (size_t i = 0; i + sizeof(oid) + 3 < der.len; i++) {
        size_t at = i + sizeof(oid) + 1, end; /* OCTET STRING: length, then SEQUENCE and its length */
        if (memcmp(der.p + i, oid, sizeof(oid)) != 0)
            continue;
        end = at + 2 + der.p[at + 1];
        for (at += 2; at + 1 < end && end <= der.len; at += 2u + der.p[at + 1])
            count += der.p[at] == 0x82;
    }
    return count;
}

void check_sealed_commit(struct oracle *o, struct oracle_node *x, const struct tape *t)
{
    struct tape_write w;
    struct dp_chain chain;
    for (size_t at = 0; tape_next(t, &at, &w);) {
        if (w.table != DP_T_CERT || w.del || dp_chain_decode(w.val, &chain) != DP_OK)
            continue;
        struct dp_cert certs[DP_CHAIN_MAX];
        struct dp_refusal why;
        if (fault_is_honest(o->s, x->n) && x->n->d != NULL &&
            dp_chain_verify(&chain, &x->n->d->id.trust, DP_CHAIN_NODE, certs, &why) != DP_OK)
            sim_broken(o->s, "I25", "%s keeps a certificate that the root does not answer for", x->n->text);
        for (uint8_t i = 0; i < chain.count; i++)
            if (names_in(chain.der[i]) != 1)
                sim_broken(o->s, "I25", "%s trusts a certificate with %u names", x->n->text,
                           names_in(chain.der[i]));
    }
}

/* ---- I26 ---- */

static bool hides(const struct dp_block *b, const struct dp_digest *d)
{
    for (uint16_t i = 0; i < b->hidden_count; i++)
        if (dp_digest_eq(&b->hidden[i], d))
            return true;
    return false;
}

/* Who has the pruned block and knows what an entry would look like tries it without a salt, and with each
 * that is shown. */
static bool is_guessed(const struct dp_block *b, struct dp_slice entry)
{
    static const uint8_t prefix[1] = {LEAF}, zero[SALT_BYTES];
    struct dp_digest d = hash(dp_slice_of(prefix, 1), entry, dp_slice_of(NULL, 0));
    if (hides(b, &d))
        return true;
    d = hash(dp_slice_of(prefix, 1), dp_slice_of(zero, SALT_BYTES), entry);
    for (uint16_t i = 0; !hides(b, &d); i++) {
        if (i == b->shown_count)
            return false;
        d = hash(dp_slice_of(prefix, 1), dp_slice_of(b->shown[i].salt, SALT_BYTES), entry);
    }
    return true;
}

void check_sealed_pruned(struct oracle *o, const struct cl_node *from, const struct dp_block *b)
{
    struct dp_block whole;
    struct dp_slice v;
    const struct cl_node *origin = oracle_node_at(o, b->h.origin);
    struct dp_db db = {.kv = origin == NULL ? NULL : origin->kv};
    if (b->hidden_count == 0 || origin == NULL)
        return;
    assert_ok(dp_db_begin(&db, false));
    bool known = dp_db_block(&db, b->h.origin, b->h.inc, b->h.number, 0, &v) == DP_OK &&
                 dp_block_decode(dp_suite_of(DP_SUITE_INTL), v, &o->turn, &whole) == DP_OK;
    for (uint16_t i = 0; known && i < whole.shown_count; i++)
        if (is_guessed(b, whole.shown[i].bytes))
            sim_broken(o->s, "I26", "%s sends a block in which a hidden entry can be guessed", from->text);
    dp_db_abort(&db);
}
