/* SPDX-License-Identifier: Apache-2.0 */
/* R-CERT-2: what our issuer writes verifies to the pinned root; everything else is refused for its own
 * reason. */
#include "forge.h"

#include "base/rng.h"

#define COUNTY "331023000000"
#define TOWN "331023105000"
#define VILLAGE "331023105001"

static struct dp_rng rng;
static struct dp_random random_of(void)
{
    return dp_random_seeded(&rng);
}

/* seeds: root 1, county 2, town 3, village 4 */
struct world {
    struct dp_der root, county, town, village;
    struct dp_chain chain; /* village, town, county */
    struct dp_trust trust;
};

static struct dp_digest digest_of(const struct dp_der *d)
{
    struct dp_slice s = dp_der_slice(d);
    struct dp_digest out;

    dp_suite_of(DP_SUITE_INTL)->hash(&s, 1, &out);
    return out;
}

static void new_root(uint8_t seed, const char *node, struct dp_der *out)
{
    struct dp_node own = node_of(node);
    struct dp_key key = seed_of(seed);
    struct dp_random random = random_of();
    struct dp_ca_spec spec = {own, &own, 1, FROM_MS, TO_MS};

    assert_int_equal(dp_ca_new_root(&key, &spec, &random, out), DP_OK);
}

static enum dp_err new_ca(const struct dp_der *by, uint8_t by_seed, uint8_t seed, const char *node,
                          size_t count, const char *const *subtrees, struct dp_der *out)
{
    struct dp_node list[DP_CERT_SUBTREES_MAX];
    struct dp_key by_key = seed_of(by_seed), pub = pub_of(seed);
    struct dp_random random = random_of();
    struct dp_issuer issuer = {dp_der_slice(by), &by_key};
    struct dp_ca_spec spec = {node_of(node), list, count, FROM_MS, TO_MS};

    for (size_t i = 0; i < count; i++)
        list[i] = node_of(subtrees[i]);
    return dp_ca_issue_ca(&issuer, &pub, &spec, &random, out);
}

static struct dp_node_spec village_spec(void)
{
    return (struct dp_node_spec){
        .node = node_of(VILLAGE),
        .parent = node_of(TOWN),
        .roles = DP_ROLE_STATION | DP_ROLE_DAEMON,
        .sign_pub = pub_of(4),
        .seal_pub = pub_of(5),
        .curve_pub = pub_of(6),
        .not_before_ms = FROM_MS,
        .not_after_ms = TO_MS,
    };
}

static enum dp_err new_node(const struct dp_der *by, uint8_t by_seed, const struct dp_node_spec *spec,
                            struct dp_der *out)
{
    struct dp_key by_key = seed_of(by_seed);
    struct dp_random random = random_of();
    struct dp_issuer issuer = {dp_der_slice(by), &by_key};

    return dp_ca_issue_node(&issuer, spec, &random, out);
}

static void new_world(struct world *w)
{
    struct dp_node_spec spec = village_spec();

    dp_rng_seed(&rng, 20260101);
    new_root(1, "331000000000", &w->root);
    assert_int_equal(new_ca(&w->root, 1, 2, COUNTY, 1, (const char *[]){COUNTY}, &w->county), DP_OK);
    assert_int_equal(new_ca(&w->county, 2, 3, TOWN, 1, (const char *[]){TOWN}, &w->town), DP_OK);
    assert_int_equal(new_node(&w->town, 3, &spec, &w->village), DP_OK);
    w->chain =
        (struct dp_chain){3, {dp_der_slice(&w->village), dp_der_slice(&w->town), dp_der_slice(&w->county)}};
    w->trust = (struct dp_trust){digest_of(&w->root), dp_der_slice(&w->root)};
}

static void refused(const struct dp_chain *chain, const struct dp_trust *trust, enum dp_cert_fault fault,
                    struct dp_refusal *why)
{
    struct dp_cert certs[DP_CHAIN_MAX];

    memset(certs, 0x5a, sizeof(certs));
    enum dp_err err = dp_chain_verify(chain, trust, DP_CHAIN_NODE, certs, why);
    if (why->fault != fault)
        fail_msg("wanted \"%s\", got \"%s\"", dp_cert_fault_text(fault), dp_cert_fault_text(why->fault));
    assert_int_equal(err, dp_cert_fault_err(fault));
    assert_int_equal(certs[0].subtree_count, 0x5a); /* untouched */
}

static void test_chain_verifies(void **state)
{
    static struct world w;
    struct dp_cert certs[DP_CHAIN_MAX];
    struct dp_refusal why = {0};

    (void)state;
    new_world(&w);
    assert_int_equal(dp_chain_verify(&w.chain, &w.trust, DP_CHAIN_NODE, certs, &why), DP_OK);
    assert_true(dp_node_eq(certs[0].origin.node, node_of(VILLAGE)));
    assert_true(dp_node_eq(certs[0].origin.parent, node_of(TOWN)));
    assert_memory_equal(certs[0].sign_pub.b, pub_of(4).b, 32);
    assert_memory_equal(certs[0].seal_pub.b, pub_of(5).b, 32);
    assert_memory_equal(certs[0].curve_pub.b, pub_of(6).b, 32);
    assert_true(certs[1].is_ca && certs[2].is_ca);
    assert_true(dp_cert_permits(&certs[1], node_of(VILLAGE)));
    assert_true(dp_cert_permits(&certs[1], node_of("331023105000.05")));
    assert_false(dp_cert_permits(&certs[1], node_of("331023106001")));

    /* with the root along, only its digest is needed */
    w.chain.der[w.chain.count++] = dp_der_slice(&w.root);
    w.trust.root_der = (struct dp_slice){NULL, 0};
    assert_int_equal(dp_chain_verify(&w.chain, &w.trust, DP_CHAIN_NODE, certs, &why), DP_OK);
    /* the CA's own chain */
    w.chain = (struct dp_chain){2, {w.chain.der[1], w.chain.der[2]}};
    w.trust.root_der = dp_der_slice(&w.root);
    assert_int_equal(dp_chain_verify(&w.chain, &w.trust, DP_CHAIN_CA, certs, &why), DP_OK);
    refused(&w.chain, &w.trust, DP_CERT_FAULT_NOT_NODE, &why);
}

/* An ancestor may enrol any node of its subtree; the direct parent is named in the certificate. */
static void test_ancestor_enrols(void **state)
{
    static struct world w;
    struct dp_node_spec spec = village_spec();
    struct dp_cert certs[DP_CHAIN_MAX];
    struct dp_chain chain;

    (void)state;
    new_world(&w);
    assert_int_equal(new_node(&w.county, 2, &spec, &w.village), DP_OK);
    chain = (struct dp_chain){2, {dp_der_slice(&w.village), dp_der_slice(&w.county)}};
    assert_int_equal(dp_chain_verify(&chain, &w.trust, DP_CHAIN_NODE, certs, NULL), DP_OK);
    assert_true(dp_node_eq(certs[0].origin.parent, node_of(TOWN)));
}

static void test_several_subtrees(void **state)
{
    static struct world w;
    struct dp_node_spec spec = village_spec();
    struct dp_cert certs[DP_CHAIN_MAX];
    struct dp_chain chain;

    (void)state;
    new_world(&w);
    assert_int_equal(new_ca(&w.county, 2, 3, TOWN, 2, (const char *[]){TOWN, "331023106000"}, &w.town),
                     DP_OK);
    spec.node = node_of("331023106007"); /* of the town that was merged in */
    assert_int_equal(new_node(&w.town, 3, &spec, &w.village), DP_OK);
    chain = (struct dp_chain){3, {dp_der_slice(&w.village), dp_der_slice(&w.town), dp_der_slice(&w.county)}};
    assert_int_equal(dp_chain_verify(&chain, &w.trust, DP_CHAIN_NODE, certs, NULL), DP_OK);
    spec.node = node_of("331023107001");
    assert_int_equal(new_node(&w.town, 3, &spec, &w.village), DP_SCOPE);
}

static void test_issuer_refuses(void **state)
{
    static struct world w;
    struct dp_node_spec spec = village_spec();
    struct dp_der out;

    (void)state;
    new_world(&w);
    assert_int_equal(new_ca(&w.county, 2, 3, "331024105000", 1, (const char *[]){TOWN}, &out), DP_SCOPE);
    assert_int_equal(new_ca(&w.county, 2, 3, TOWN, 2, (const char *[]){TOWN, "331024000000"}, &out),
                     DP_SCOPE);
    assert_int_equal(new_ca(&w.county, 2, 3, TOWN, 0, NULL, &out), DP_RANGE);
    assert_int_equal(new_node(&w.town, 2, &spec, &out), DP_CERTIFICATE);    /* not this CA's key */
    assert_int_equal(new_node(&w.village, 4, &spec, &out), DP_CERTIFICATE); /* not a CA */
    spec.roles = 16;
    assert_int_equal(new_node(&w.town, 3, &spec, &out), DP_RANGE);
    spec = village_spec();
    spec.parent = spec.node;
    assert_int_equal(new_node(&w.town, 3, &spec, &out), DP_RANGE);
    spec = village_spec();
    spec.not_after_ms = spec.not_before_ms + 999; /* the same second */
    assert_int_equal(new_node(&w.town, 3, &spec, &out), DP_RANGE);
    spec = village_spec();
    memset(&spec.curve_pub, 0, sizeof(spec.curve_pub));
    assert_int_equal(new_node(&w.town, 3, &spec, &out), DP_RANGE);
    spec = village_spec();
    spec.node.v = 12345;
    assert_int_equal(new_node(&w.town, 3, &spec, &out), DP_RANGE);
}

static void digest_is(const struct dp_der *der, const char *want)
{
    struct dp_digest d = digest_of(der);
    char hex[65];

    dp_hex(d.b, sizeof(d.b), hex);
    assert_string_equal(hex, want);
}

static void test_deterministic(void **state)
{
    static struct world a, b;

    (void)state;
    new_world(&a);
    new_world(&b);
    assert_int_equal(a.village.len, b.village.len);
    assert_memory_equal(a.village.b, b.village.b, a.village.len);
    assert_true(a.village.len < 520); /* it crosses slow lines */
    /* The format is for ever: a changed byte of what we write shows here. */
    digest_is(&a.root, "047890e4f2c8c40850d2a0076e32370482b0a3120cdfd05eb2bb4b89b422dd09");
    digest_is(&a.town, "4f7d780239727dead52b4d2c879c8e6d0420e777d9379dc6f4e356b9906d8f95");
    digest_is(&a.village, "249946825a0e310d8fb2a57ec436d92a837cbed2a4c8caa6ba919acf1f5f3d46");
}

/* A county that signs what its own certificate does not permit, with a program of its own. */
static void test_scope(void **state)
{
    static struct world w, other;
    struct dp_refusal why;
    struct dp_node_spec spec = village_spec();
    struct dp_chain chain;
    char text[DP_REFUSAL_TEXT];

    (void)state;
    new_world(&w);
    /* same name and key, wider subtrees: what the county would write for itself under another root */
    dp_rng_seed(&rng, 5);
    new_root(9, "330000000000", &other.root);
    assert_int_equal(new_ca(&other.root, 9, 2, COUNTY, 1, (const char *[]){"331000000000"}, &other.county),
                     DP_OK);
    spec.node = node_of("331024105001");
    assert_int_equal(new_node(&other.county, 2, &spec, &other.village), DP_OK);
    chain = (struct dp_chain){2, {dp_der_slice(&other.village), dp_der_slice(&w.county)}};
    refused(&chain, &w.trust, DP_CERT_FAULT_SCOPE, &why);
    dp_refusal_format(&why, text);
    assert_string_equal(
        text, "331024105001: outside the subtrees that a CA above it permits (the CA of 331023000000)");

    /* a CA between whose own list is wider than that of the CA above */
    assert_int_equal(new_ca(&other.county, 2, 3, TOWN, 1, (const char *[]){"331024000000"}, &other.town),
                     DP_OK);
    assert_int_equal(new_node(&other.town, 3, &spec, &other.village), DP_OK);
    chain = (struct dp_chain){
        3, {dp_der_slice(&other.village), dp_der_slice(&other.town), dp_der_slice(&w.county)}};
    refused(&chain, &w.trust, DP_CERT_FAULT_SCOPE, &why);
    assert_int_equal(why.depth, 0);
    assert_true(dp_node_eq(why.ca, node_of(COUNTY)));

    /* the name of a CA itself is bound, too */
    assert_int_equal(
        new_ca(&other.county, 2, 3, "331024105000", 1, (const char *[]){"331024000000"}, &other.town), DP_OK);
    assert_int_equal(new_node(&other.town, 3, &spec, &other.village), DP_OK);
    chain.der[0] = dp_der_slice(&other.village);
    chain.der[1] = dp_der_slice(&other.town);
    refused(&chain, &w.trust, DP_CERT_FAULT_SCOPE, &why);
    assert_int_equal(why.depth, 1);
}

static void test_other_root(void **state)
{
    static struct world w, other;
    struct dp_refusal why;
    struct dp_trust none;

    (void)state;
    new_world(&w);
    none = (struct dp_trust){w.trust.root, {NULL, 0}};
    refused(&w.chain, &none, DP_CERT_FAULT_ROOT_ABSENT, &why);
    none.root.b[0] ^= 1;
    none.root_der = dp_der_slice(&w.root);
    refused(&w.chain, &none, DP_CERT_FAULT_ROOT_OTHER, &why);

    /* the same tree under another root: another name, then the same name with another key */
    new_root(8, "330000000000", &other.root);
    none = (struct dp_trust){digest_of(&other.root), dp_der_slice(&other.root)};
    refused(&w.chain, &none, DP_CERT_FAULT_ROOT_OTHER, &why);
    assert_int_equal(why.depth, 2);
    new_root(8, "331000000000", &other.root);
    none = (struct dp_trust){digest_of(&other.root), dp_der_slice(&other.root)};
    refused(&w.chain, &none, DP_CERT_FAULT_SIGNATURE, &why);
    w.chain.der[w.chain.count++] = dp_der_slice(&w.root);
    refused(&w.chain, &none, DP_CERT_FAULT_ROOT_OTHER, &why);
    assert_int_equal(why.depth, 3);

    /* what is pinned must be a root */
    none = (struct dp_trust){digest_of(&w.county), dp_der_slice(&w.county)};
    w.chain.count = 2;
    refused(&w.chain, &none, DP_CERT_FAULT_ROOT_SIGNED, &why);
    none = (struct dp_trust){digest_of(&w.village), {NULL, 0}};
    w.chain.count = 1;
    refused(&w.chain, &none, DP_CERT_FAULT_ROOT_SIGNED, &why);
}

static void test_order(void **state)
{
    static struct world w;
    struct dp_refusal why;
    struct dp_chain c;

    (void)state;
    new_world(&w);
    c = (struct dp_chain){3, {w.chain.der[0], w.chain.der[2], w.chain.der[1]}};
    refused(&c, &w.trust, DP_CERT_FAULT_ROOT_OTHER, &why);
    c = (struct dp_chain){2, {w.chain.der[0], w.chain.der[2]}}; /* the town is missing */
    refused(&c, &w.trust, DP_CERT_FAULT_ORDER, &why);
    c = (struct dp_chain){3, {w.chain.der[0], w.chain.der[0], w.chain.der[2]}};
    refused(&c, &w.trust, DP_CERT_FAULT_ORDER, &why);
    c = (struct dp_chain){3, {w.chain.der[0], w.chain.der[2], w.chain.der[2]}};
    refused(&c, &w.trust, DP_CERT_FAULT_ORDER, &why);
    c.count = 0;
    refused(&c, &w.trust, DP_CERT_FAULT_CHAIN_LENGTH, &why);
    c.count = DP_CHAIN_MAX + 1;
    refused(&c, &w.trust, DP_CERT_FAULT_CHAIN_LENGTH, &why);
}

static void test_not_ca(void **state)
{
    static struct world w;
    struct dp_refusal why;
    struct dp_node_spec spec = village_spec();
    struct dp_der town_node;
    struct dp_chain c;
    struct dp_cert certs[DP_CHAIN_MAX];

    (void)state;
    new_world(&w);
    spec.node = node_of(TOWN);
    spec.parent = node_of(COUNTY);
    spec.sign_pub = pub_of(3);
    assert_int_equal(new_node(&w.county, 2, &spec, &town_node), DP_OK);
    c = (struct dp_chain){3, {w.chain.der[0], dp_der_slice(&town_node), w.chain.der[2]}};
    refused(&c, &w.trust, DP_CERT_FAULT_NOT_CA, &why);
    assert_int_equal(dp_chain_verify(&w.chain, &w.trust, DP_CHAIN_CA, certs, &why), DP_CERTIFICATE);
    assert_int_equal(why.fault, DP_CERT_FAULT_NOT_CA);
}

/* A rule of X.509 that we do not check ourselves, the path length, shows that the library is asked. */
static void path_length(const char *basic, enum dp_cert_fault fault)
{
    static struct world w;
    struct dp_key pub = pub_of(0x11);
    struct dp_slice s = dp_slice_of(pub.b, sizeof(pub.b));
    struct dp_digest id;
    char key_id[64] = "DER:0414";
    struct dp_cert certs[DP_CHAIN_MAX];
    struct dp_node_spec spec = village_spec();
    struct dp_refusal why = {0};

    dp_suite_of(DP_SUITE_INTL)->hash(&s, 1, &id);
    dp_hex(id.b, 20, key_id + 8);
    forge_make(&(struct forge){.ext = {{"keyUsage", "critical,keyCertSign"},
                                       {"subjectAltName", "DNS:10.33.daipao.internal"},
                                       {"basicConstraints", basic},
                                       {"nameConstraints", "critical,permitted;DNS:10.33.daipao.internal"},
                                       {"subjectKeyIdentifier", key_id}},
                               .cn = "331000000000 CA"},
               &w.root);
    assert_int_equal(new_ca(&w.root, 0x11, 2, COUNTY, 1, (const char *[]){COUNTY}, &w.county), DP_OK);
    assert_int_equal(new_node(&w.county, 2, &spec, &w.village), DP_OK);
    w.chain = (struct dp_chain){2, {dp_der_slice(&w.village), dp_der_slice(&w.county)}};
    w.trust = (struct dp_trust){digest_of(&w.root), dp_der_slice(&w.root)};
    (void)!dp_chain_verify(&w.chain, &w.trust, DP_CHAIN_NODE, certs, &why);
    assert_int_equal(why.fault, fault);
}

static void test_library_is_asked(void **state)
{
    (void)state;
    path_length("critical,CA:TRUE", DP_CERT_FAULT_NONE);
    path_length("critical,CA:TRUE,pathlen:1", DP_CERT_FAULT_NONE);
    path_length("critical,CA:TRUE,pathlen:0", DP_CERT_FAULT_PATH);
}

/* Any single changed bit, in any certificate of the chain, is refused; nothing crashes. */
static void test_flipped(void **state)
{
    static struct world w;
    static struct dp_der *const all[] = {&w.village, &w.town, &w.county, &w.root};
    struct dp_cert certs[DP_CHAIN_MAX];

    (void)state;
    new_world(&w);
    for (size_t i = 0; i < 4; i++) {
        for (size_t at = 0; at < all[i]->len; at++) {
            uint8_t bit = (uint8_t)(1u << (at * 5 + i) % 8);
            all[i]->b[at] ^= bit;
            if (dp_chain_verify(&w.chain, &w.trust, DP_CHAIN_NODE, certs, NULL) == DP_OK)
                fail_msg("certificate %zu, byte %zu", i, at);
            all[i]->b[at] ^= bit;
        }
    }
    assert_int_equal(dp_chain_verify(&w.chain, &w.trust, DP_CHAIN_NODE, certs, NULL), DP_OK);
}

/* The octet of unused bits before the signature has no say in its verification, and must not make a second
 * digest. */
static void test_unused_bits(void **state)
{
    static struct world w;
    struct dp_cert cert;
    size_t at;

    (void)state;
    new_world(&w);
    at = w.village.len - 65;
    assert_int_equal(w.village.b[at], 0);
    for (uint8_t bits = 1; bits < 8; bits++) {
        w.village.b[at] = bits;
        assert_int_equal(dp_cert_parse(dp_der_slice(&w.village), &cert, NULL), DP_CERTIFICATE);
    }
}

static void test_wire(void **state)
{
    static struct world w;
    static uint8_t bytes[4096];
    struct dp_wr wr = dp_wr_of(bytes, sizeof(bytes));
    struct dp_wr small = dp_wr_of(bytes, 100);
    struct dp_chain back;

    (void)state;
    new_world(&w);
    assert_int_equal(dp_chain_encode(&w.chain, &small), DP_TOO_BIG);
    assert_int_equal(dp_chain_encode(&w.chain, &wr), DP_OK);
    assert_int_equal(dp_chain_decode(dp_wr_slice(&wr), &back), DP_OK);
    assert_int_equal(back.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(dp_slice_eq(back.der[i], w.chain.der[i]));
    for (size_t len = 0; len < wr.len; len++)
        assert_int_equal(dp_chain_decode(dp_slice_of(bytes, len), &back), DP_FORMAT);
    assert_int_equal(dp_chain_decode(dp_slice_of(bytes, wr.len + 1), &back), DP_FORMAT);
    assert_int_equal(dp_chain_decode(dp_slice_of("\0", 1), &back), DP_FORMAT);
    assert_int_equal(dp_chain_decode(dp_slice_of("\1\0\0", 3), &back), DP_FORMAT);
    assert_int_equal(dp_chain_decode(dp_slice_of("\11", 1), &back), DP_TOO_BIG);
    assert_int_equal(dp_chain_decode(dp_slice_of("\1\20\1", 3), &back), DP_TOO_BIG);
    back.count = 0;
    assert_int_equal(dp_chain_encode(&back, &wr), DP_RANGE);
}

/* ---- requests ---- */

static struct dp_csr wishes(void)
{
    return (struct dp_csr){
        .node = node_of(VILLAGE),
        .parent = node_of(TOWN),
        .roles = DP_ROLE_STATION | DP_ROLE_DAEMON,
        .seal_pub = pub_of(5),
        .curve_pub = pub_of(6),
    };
}

static void test_request(void **state)
{
    struct dp_csr want = wishes(), got;
    struct dp_key seed = seed_of(4);
    struct dp_der der;

    (void)state;
    assert_int_equal(dp_csr_make(&want, &seed, &der), DP_OK);
    assert_int_equal(dp_csr_parse(dp_der_slice(&der), &got, NULL), DP_OK);
    assert_false(got.is_ca);
    assert_true(dp_node_eq(got.node, want.node) && dp_node_eq(got.parent, want.parent));
    assert_int_equal(got.roles, want.roles);
    assert_memory_equal(got.sign_pub.b, pub_of(4).b, 32);
    assert_memory_equal(got.seal_pub.b, want.seal_pub.b, 32);
    assert_memory_equal(got.curve_pub.b, want.curve_pub.b, 32);

    want = (struct dp_csr){.is_ca = true, .node = node_of(TOWN)};
    assert_int_equal(dp_csr_make(&want, &seed, &der), DP_OK);
    assert_int_equal(dp_csr_parse(dp_der_slice(&der), &got, NULL), DP_OK);
    assert_true(got.is_ca);
    assert_memory_equal(got.sign_pub.b, pub_of(4).b, 32);
}

static void test_request_refused(void **state)
{
    struct dp_csr want = wishes(), got;
    struct dp_key seed = seed_of(4);
    struct dp_refusal why;
    struct dp_der der;
    size_t broken_signature = 0;

    (void)state;
    want.roles = 0;
    assert_int_equal(dp_csr_make(&want, &seed, &der), DP_RANGE);
    want = wishes();
    want.node.v = 99;
    assert_int_equal(dp_csr_make(&want, &seed, &der), DP_RANGE);
    want = wishes();
    assert_int_equal(dp_csr_make(&want, &seed, &der), DP_OK);
    for (size_t len = 0; len < der.len; len++)
        assert_int_equal(dp_csr_parse(dp_slice_of(der.b, len), &got, &why), DP_CERTIFICATE);
    for (size_t at = 0; at < der.len; at++) {
        der.b[at] ^= 0x04;
        if (dp_csr_parse(dp_der_slice(&der), &got, &why) == DP_OK)
            fail_msg("byte %zu", at);
        broken_signature += why.fault == DP_CERT_FAULT_REQUEST;
        der.b[at] ^= 0x04;
    }
    assert_true(broken_signature > 100);
    assert_int_equal(dp_csr_parse(dp_slice_of(der.b, DP_CERT_BYTES_MAX + 1), &got, &why), DP_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain_verifies),
        cmocka_unit_test(test_ancestor_enrols),
        cmocka_unit_test(test_several_subtrees),
        cmocka_unit_test(test_issuer_refuses),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_other_root),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_not_ca),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_library_is_asked),
        cmocka_unit_test(test_unused_bits),
        cmocka_unit_test(test_wire),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_request_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
