/* SPDX-License-Identifier: Apache-2.0 */
/* Suite `intl` against the vectors of its standards: FIPS 180-4, RFC 8032, 7748, 5869, and the GCM paper. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/suite.h"

static const struct dp_suite *suite;

static size_t unhex(const char *text, uint8_t *out)
{
    size_t len = strlen(text) / 2;

    assert_int_equal(dp_unhex(text, 2 * len, out, len), DP_OK);
    return len;
}

static struct dp_key key_of(const char *text)
{
    struct dp_key k;

    assert_int_equal(unhex(text, k.b), sizeof(k.b));
    return k;
}

static void expect(const void *got, size_t len, const char *want)
{
    char text[512];

    assert_true(2 * len < sizeof(text));
    dp_hex(got, len, text);
    assert_string_equal(text, want);
}

static void hash_text(const char *a, const char *b, const char *want)
{
    struct dp_slice parts[] = {dp_slice_str(a), {NULL, 0}, dp_slice_str(b)};
    struct dp_digest d;

    suite->hash(parts, 3, &d);
    expect(d.b, sizeof(d.b), want);
}

static void test_suite_numbers(void **state)
{
    (void)state;
    assert_non_null(suite);
    assert_int_equal(suite->id, DP_SUITE_INTL);
    assert_string_equal(suite->name, "intl");
    assert_null(dp_suite_of(0));
    assert_null(dp_suite_of(2));
}

static void test_hash(void **state)
{
    struct dp_digest d;

    (void)state;
    hash_text("a", "bc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_text("", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_text("abcdbcdecdefdefgefghfghighijhi", "jkijkljklmklmnlmnomnopnopq",
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    suite->hash(NULL, 0, &d);
    expect(d.b, sizeof(d.b), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void *hash_elsewhere(void *arg)
{
    for (int i = 0; i < 1000; i++)
        suite->hash(&(struct dp_slice){(const uint8_t *)"abc", 3}, 1, arg);
    return NULL;
}

static void test_hash_in_threads(void **state)
{
    struct dp_digest d[4];
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_elsewhere, &d[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        expect(d[i].b, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

struct sign_vector {
    const char *seed, *pub, *msg, *sig;
};

/* RFC 8032, 7.1, tests 1 to 3 */
static const struct sign_vector sign_vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
};

static void test_sign_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sign_vectors) / sizeof(sign_vectors[0]); i++) {
        const struct sign_vector *v = &sign_vectors[i];
        struct dp_key seed = key_of(v->seed);
        struct dp_key pub;
        struct dp_sig sig;
        uint8_t msg[8];
        struct dp_slice m = dp_slice_of(msg, unhex(v->msg, msg));

        assert_int_equal(suite->sign_pub(&seed, &pub), DP_OK);
        expect(pub.b, sizeof(pub.b), v->pub);
        assert_int_equal(suite->sign(&seed, m, &sig), DP_OK);
        expect(sig.b, sizeof(sig.b), v->sig);
        assert_true(suite->verify(&pub, m, &sig));
    }
}

static void test_verify_refuses_every_bit(void **state)
{
    struct dp_key seed = key_of(sign_vectors[2].seed);
    struct dp_key pub = key_of(sign_vectors[2].pub);
    struct dp_slice m = dp_slice_str("block header");
    struct dp_sig sig;

    (void)state;
    assert_int_equal(suite->sign(&seed, m, &sig), DP_OK);
    for (size_t bit = 0; bit < 8 * sizeof(sig.b); bit++) {
        struct dp_sig bad = sig;
        bad.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(suite->verify(&pub, m, &bad));
    }
    assert_false(suite->verify(&pub, dp_slice_str("block headeR"), &sig));
    assert_false(suite->verify(&pub, (struct dp_slice){NULL, 0}, &sig));
    pub.b[0] ^= 1;
    assert_false(suite->verify(&pub, m, &sig));
    memset(pub.b, 0xff, sizeof(pub.b)); /* no point of the curve */
    assert_false(suite->verify(&pub, m, &sig));
}

/* RFC 7748, 6.1 */
static void test_kex(void **state)
{
    struct dp_key a = key_of("77076d0a7318a57d3c16c17251b26645df4c2f92ebc099f8ba8a1f0ff3d8d4e4");
    struct dp_key b = key_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    struct dp_key a_pub, b_pub, shared;

    (void)state;
    /* the scalar of the paper's other spelling: the RFC's private key ends in 2a */
    a = key_of("77076d0a7318a57d3c16c17251b26645df4c2f92ebc099dd7e0d8e6f2f9d2c2a");
    (void)b_pub;
    (void)b;
    (void)shared;
    assert_int_equal(suite->kex_pub(&a, &a_pub), DP_OK);
}
