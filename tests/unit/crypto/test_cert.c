/* SPDX-License-Identifier: Apache-2.0 */
/* R-CERT-1, R-CERT-2: names, the profile with every reason to refuse, and damage at every byte. */
#include "forge.h"

#define OID DP_CERT_OID
#define KEYS32 "0101010101010101010101010101010101010101010101010101010101010101"
#define ZERO32 "0000000000000000000000000000000000000000000000000000000000000000"
#define PARENT "00001E1B3B7566A0" /* 331023105000 with post 0 */
/* version, suite, roles, tier, post, parent, keys */
#define NODE_EXT(head, parent, seal, curve) "DER:044D" head parent seal curve
#define GOOD_EXT NODE_EXT("0101090500", PARENT, KEYS32, KEYS32)
#define GOOD_NAME "DNS:001.105.23.10.33.daipao.internal"
#define GOOD_SUB "critical,permitted;DNS:105.23.10.33.daipao.internal"

#define USAGE(v)                                                                                             \
    {                                                                                                        \
        "keyUsage", v                                                                                        \
    }
#define SIGNS USAGE("critical,digitalSignature")
#define CERTSIGNS USAGE("critical,keyCertSign")
#define NAME(v)                                                                                              \
    {                                                                                                        \
        "subjectAltName", v                                                                                  \
    }
#define BASIC(v)                                                                                             \
    {                                                                                                        \
        "basicConstraints", v                                                                                \
    }
#define SUBTREES(v)                                                                                          \
    {                                                                                                        \
        "nameConstraints", v                                                                                 \
    }
#define EXT(v)                                                                                               \
    {                                                                                                        \
        OID, v                                                                                               \
    }

struct row {
    enum dp_cert_fault fault;
    struct forge forge;
};

/* clang-format off */
static const struct row rows[] = {
    {DP_CERT_FAULT_NONE, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_NONE, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT), BASIC("CA:FALSE")}}},
    {DP_CERT_FAULT_NONE, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT), {"1.2.3.4", "DER:0500"}}}},
    {DP_CERT_FAULT_NONE, {.ext = {CERTSIGNS, NAME("DNS:105.23.10.33.daipao.internal"), BASIC("critical,CA:TRUE"), SUBTREES(GOOD_SUB)}}},
    {DP_CERT_FAULT_ENCODING, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT)}, .version = 1}},
    {DP_CERT_FAULT_KEY, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT)}, .key = "P-256"}},
    {DP_CERT_FAULT_DATES, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT)}, .backwards = true}},
    {DP_CERT_FAULT_UNKNOWN_EXT, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT), {"1.2.3.4", "critical,DER:0500"}}}},
    {DP_CERT_FAULT_NAME_NONE, {.ext = {SIGNS, EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_NAME_MANY, {.ext = {SIGNS, NAME(GOOD_NAME ",DNS:002.105.23.10.33.daipao.internal"), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_NAME_MANY, {.ext = {SIGNS, NAME(GOOD_NAME "," GOOD_NAME), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_NAME_MANY, {.ext = {SIGNS, NAME(GOOD_NAME ",IP:10.0.0.1"), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_NAME_MANY, {.ext = {SIGNS, NAME(GOOD_NAME), NAME(GOOD_NAME), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_NAME_KIND, {.ext = {SIGNS, NAME("email:a@b.cn"), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_NAME_FORM, {.ext = {SIGNS, NAME("DNS:www.example.org"), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_NAME_FORM, {.ext = {SIGNS, NAME("DNS:000.105.23.10.33.daipao.internal"), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_NAME_FORM, {.ext = {SIGNS, {"subjectAltName", "DER:04023000"}, EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_USAGE, {.ext = {NAME(GOOD_NAME), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_USAGE, {.ext = {USAGE("digitalSignature"), NAME(GOOD_NAME), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_USAGE, {.ext = {USAGE("critical,digitalSignature,keyCertSign"), NAME(GOOD_NAME), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_USAGE, {.ext = {CERTSIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_USAGE, {.ext = {SIGNS, SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_USAGE, {.ext = {SIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE"), SUBTREES(GOOD_SUB)}}},
    {DP_CERT_FAULT_EXT_NONE, {.ext = {SIGNS, NAME(GOOD_NAME)}}},
    {DP_CERT_FAULT_EXT_MANY, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_EXT_FORM, {.ext = {SIGNS, NAME(GOOD_NAME), EXT("DER:0500")}}},
    {DP_CERT_FAULT_EXT_FORM, {.ext = {SIGNS, NAME(GOOD_NAME), EXT("DER:04020101")}}},
    {DP_CERT_FAULT_EXT_FORM, {.ext = {SIGNS, NAME(GOOD_NAME), EXT("DER:0400")}}},
    {DP_CERT_FAULT_EXT_FORM, {.ext = {SIGNS, NAME(GOOD_NAME), EXT("DER:044E0101090500" PARENT KEYS32 KEYS32 "00")}}},
    {DP_CERT_FAULT_EXT_VERSION, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(NODE_EXT("0201090500", PARENT, KEYS32, KEYS32))}}},
    {DP_CERT_FAULT_SUITE, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(NODE_EXT("0102090500", PARENT, KEYS32, KEYS32))}}},
    {DP_CERT_FAULT_TIER, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(NODE_EXT("0101090400", PARENT, KEYS32, KEYS32))}}},
    {DP_CERT_FAULT_POST, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(NODE_EXT("0101090501", PARENT, KEYS32, KEYS32))}}},
    {DP_CERT_FAULT_ROLES, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(NODE_EXT("0101000500", PARENT, KEYS32, KEYS32))}}},
    {DP_CERT_FAULT_ROLES, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(NODE_EXT("0101110500", PARENT, KEYS32, KEYS32))}}},
    {DP_CERT_FAULT_KEYS, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(NODE_EXT("0101090500", PARENT, ZERO32, KEYS32))}}},
    {DP_CERT_FAULT_KEYS, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(NODE_EXT("0101090500", PARENT, KEYS32, ZERO32))}}},
    {DP_CERT_FAULT_PARENT, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(NODE_EXT("0101090500", "FFFFFFFFFFFFFFFF", KEYS32, KEYS32))}}},
    {DP_CERT_FAULT_CA_EXT, {.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE"), SUBTREES(GOOD_SUB), EXT(GOOD_EXT)}}},
    {DP_CERT_FAULT_CA_CRITICAL, {.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("CA:TRUE"), SUBTREES(GOOD_SUB)}}},
    {DP_CERT_FAULT_CA_CRITICAL, {.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE"),
                                  SUBTREES("permitted;DNS:105.23.10.33.daipao.internal")}}},
    {DP_CERT_FAULT_SUBTREE_NONE, {.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE")}}},
    {DP_CERT_FAULT_SUBTREE_NONE, {.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE"), {"nameConstraints", "critical,DER:3000"}}}},
    {DP_CERT_FAULT_SUBTREE_NOT, {.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE"),
                                  SUBTREES("critical,permitted;DNS:105.23.10.33.daipao.internal,excluded;DNS:001.105.23.10.33.daipao.internal")}}},
    {DP_CERT_FAULT_SUBTREE_FORM, {.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE"), SUBTREES("critical,permitted;DNS:daipao.internal")}}},
    {DP_CERT_FAULT_SUBTREE_FORM, {.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE"), SUBTREES("critical,permitted;email:b.cn")}}},
    {DP_CERT_FAULT_SUBTREE_FORM, {.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE"), {"nameConstraints", "critical,DER:0500"}}}},
    {DP_CERT_FAULT_ENCODING, {.ext = {SIGNS, NAME(GOOD_NAME), EXT(GOOD_EXT), {"basicConstraints", "critical,DER:0500"}}}},
};
/* clang-format on */

static void test_profile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dp_refusal why = {0};
        struct dp_cert cert;
        struct dp_der der;

        forge_make(&rows[i].forge, &der);
        enum dp_err err = dp_cert_parse(dp_der_slice(&der), &cert, &why);
        if (why.fault != rows[i].fault)
            fail_msg("row %zu: %s", i, dp_cert_fault_text(why.fault));
        assert_int_equal(err, dp_cert_fault_err(rows[i].fault));
    }
}

static void test_too_many_subtrees(void **state)
{
    char list[2048] = "critical";
    struct dp_der der;
    struct dp_cert cert;
    struct dp_refusal why;

    (void)state;
    for (int i = 1; i <= DP_CERT_SUBTREES_MAX + 1; i++)
        sprintf(list + strlen(list), ",permitted;DNS:1%02d.23.10.33.daipao.internal", i);
    forge_make(
        &(struct forge){.ext = {CERTSIGNS, NAME(GOOD_NAME), BASIC("critical,CA:TRUE"), SUBTREES(list)}},
        &der);
    assert_int_equal(dp_cert_parse(dp_der_slice(&der), &cert, &why), DP_CERTIFICATE);
    assert_int_equal(why.fault, DP_CERT_FAULT_SUBTREE_MANY);
}

static void test_names(void **state)
{
    static const char *const pairs[][2] = {
        {"331023105001", "001.105.23.10.33.daipao.internal"},
        {"331023000000.05", "p05.23.10.33.daipao.internal"},
        {"441900003001", "001.003.00.19.44.daipao.internal"}, /* no county */
        {"331023105001.99", "p99.001.105.23.10.33.daipao.internal"},
        {"330000000000", "33.daipao.internal"},
        {"331000000000", "10.33.daipao.internal"},
    };
    static const char *const bad[] = {
        "daipao.internal",
        ".daipao.internal",
        "33daipao.internal",
        "33.daipao.internal.",
        "033.daipao.internal",
        "33.Daipao.internal",
        "00.33.daipao.internal",
        "p00.33.daipao.internal",
        "p5.33.daipao.internal",
        "p05.daipao.internal",
        "p05.p05.33.daipao.internal",
        "1.001.105.23.10.33.daipao.internal",
        "001.105.23..33.daipao.internal",
        ".33.daipao.internal",
        "001.000.23.10.33.daipao.internal",
        "001.000.00.10.33.daipao.internal",
        "00.10.33.daipao.internal",
        "105.00.00.33.daipao.internal",
        "*.33.daipao.internal",
        "331023.daipao.internal",
        "",
        "33.daipao.interna",
    };
    struct dp_node n = {77};

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char text[DP_CERT_NAME_TEXT];
        struct dp_node want = node_of(pairs[i][0]);

        dp_cert_name_format(want, text);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(dp_cert_name_parse(dp_slice_str(text), &n), DP_OK);
        assert_true(dp_node_eq(n, want));
    }
    n.v = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (dp_cert_name_parse(dp_slice_str(bad[i]), &n) != DP_FORMAT)
            fail_msg("accepted: %s", bad[i]);
    }
    assert_int_equal(dp_cert_name_parse(dp_slice_of("33\0.daipao.internal", 19), &n), DP_FORMAT);
    assert_int_equal(n.v, 77);
}

static void good_cert(struct dp_der *der, struct dp_cert *cert)
{
    forge_make(&rows[0].forge, der);
    assert_int_equal(dp_cert_parse(dp_der_slice(der), cert, NULL), DP_OK);
}

static void test_fields(void **state)
{
    struct dp_der der;
    struct dp_cert c;
    struct dp_digest d;
    struct dp_slice s;

    (void)state;
    good_cert(&der, &c);
    s = dp_der_slice(&der);
    dp_suite_of(DP_SUITE_INTL)->hash(&s, 1, &d);
    assert_true(dp_digest_eq(&d, &c.digest));
    assert_true(dp_node_eq(c.origin.node, node_of("331023105001")));
    assert_true(dp_node_eq(c.origin.parent, node_of("331023105000")));
    assert_int_equal(c.origin.tier, DP_TIER_VILLAGE);
    assert_int_equal(c.origin.roles, DP_ROLE_STATION | DP_ROLE_DAEMON);
    assert_memory_equal(c.sign_pub.b, pub_of(0x11).b, 32);
    assert_int_equal(c.seal_pub.b[31], 1);
    assert_int_equal(c.curve_pub.b[0], 1);
    assert_int_equal(c.suite, DP_SUITE_INTL);
    assert_false(c.is_ca);
    assert_int_equal(c.subtree_count, 0);
    assert_false(dp_cert_permits(&c, c.origin.node));
}

/* R-CERT-3: the bounds themselves are inside. */
static void test_dates(void **state)
{
    struct dp_der der;
    struct dp_cert c;
    struct dp_refusal why;
    char text[DP_REFUSAL_TEXT];

    (void)state;
    good_cert(&der, &c);
    assert_int_equal(c.not_before_ms, FROM_MS);
    assert_int_equal(c.not_after_ms, TO_MS + 999);
    assert_int_equal(dp_cert_dates(&c, FROM_MS, &why), DP_OK);
    assert_int_equal(dp_cert_dates(&c, TO_MS + 999, &why), DP_OK);
    assert_int_equal(dp_cert_dates(&c, TO_MS + 1000, &why), DP_CERTIFICATE);
    dp_refusal_format(&why, text);
    assert_string_equal(text, "331023105001: expired on 2029-01-01");
    assert_int_equal(dp_cert_dates(&c, FROM_MS - 1, &why), DP_CERTIFICATE);
    dp_refusal_format(&why, text);
    assert_string_equal(text, "331023105001: not valid before 2026-01-01");
    assert_int_equal(dp_cert_dates(&c, FROM_MS - 1, NULL), DP_CERTIFICATE);
}

/* Cut anywhere or longer: refused. */
static void test_truncated(void **state)
{
    struct dp_der der;
    struct dp_cert c;
    struct dp_refusal why;

    (void)state;
    good_cert(&der, &c);
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *exact = malloc(len + 1); /* so that a sanitizer sees a read past the end */
        assert_non_null(exact);
        memcpy(exact, der.b, len);
        assert_int_equal(dp_cert_parse(dp_slice_of(exact, len), &c, &why), DP_CERTIFICATE);
        assert_int_equal(why.fault, DP_CERT_FAULT_ENCODING);
        free(exact);
    }
    der.b[der.len] = 0;
    assert_int_equal(dp_cert_parse(dp_slice_of(der.b, der.len + 1), &c, &why), DP_CERTIFICATE);
    assert_int_equal(dp_cert_parse(dp_slice_of(der.b, DP_CERT_BYTES_MAX + 1), &c, &why), DP_TOO_BIG);
    assert_int_equal(why.fault, DP_CERT_FAULT_TOO_BIG);
}

static void test_every_fault_has_a_text(void **state)
{
    char text[DP_REFUSAL_TEXT];

    (void)state;
    for (int f = 0; f < DP_CERT_FAULT_COUNT; f++) {
        struct dp_refusal why = {.fault = (enum dp_cert_fault)f,
                                 .node = node_of("331023105001.12"),
                                 .ca = node_of("331023000000.11"),
                                 .date_ms = TO_MS};
        dp_refusal_format(&why, text);
        assert_true(strlen(text) > 20 && strlen(text) < DP_REFUSAL_TEXT - 1);
        assert_true(f == DP_CERT_FAULT_NONE || dp_cert_fault_err((enum dp_cert_fault)f) != DP_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_profile),
        cmocka_unit_test(test_too_many_subtrees),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_every_fault_has_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
