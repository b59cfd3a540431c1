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
    struct dp_key a = key_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    struct dp_key b = key_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    struct dp_key a_pub, b_pub, shared;

    (void)state;
    assert_int_equal(suite->kex_pub(&a, &a_pub), DP_OK);
    expect(a_pub.b, sizeof(a_pub.b), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    assert_int_equal(suite->kex_pub(&b, &b_pub), DP_OK);
    expect(b_pub.b, sizeof(b_pub.b), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_int_equal(suite->kex(&a, &b_pub, &shared), DP_OK);
    expect(shared.b, sizeof(shared.b), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    memset(&shared, 0, sizeof(shared));
    assert_int_equal(suite->kex(&b, &a_pub, &shared), DP_OK);
    expect(shared.b, sizeof(shared.b), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

static void test_kex_refuses_small_order(void **state)
{
    struct dp_key priv = key_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    struct dp_key pub = {{0}};
    struct dp_key shared;

    (void)state;
    memset(&shared, 0x5a, sizeof(shared));
    assert_int_equal(suite->kex(&priv, &pub, &shared), DP_FORMAT);
    pub.b[0] = 1;
    assert_int_equal(suite->kex(&priv, &pub, &shared), DP_FORMAT);
    assert_int_equal(shared.b[0], 0x5a);
}

/* RFC 5869, A.1 and A.3, first 32 bytes of the output */
static void test_hkdf(void **state)
{
    uint8_t ikm[22], salt[13], info[10];
    static const uint8_t long_info[2000];
    struct dp_slice none = {NULL, 0};
    struct dp_key out;

    (void)state;
    memset(ikm, 0x0b, sizeof(ikm));
    unhex("000102030405060708090a0b0c", salt);
    unhex("f0f1f2f3f4f5f6f7f8f9", info);
    assert_int_equal(suite->hkdf(dp_slice_of(ikm, 22), dp_slice_of(salt, 13), dp_slice_of(info, 10), &out),
                     DP_OK);
    expect(out.b, sizeof(out.b), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    assert_int_equal(suite->hkdf(dp_slice_of(ikm, 22), none, none, &out), DP_OK);
    expect(out.b, sizeof(out.b), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    assert_int_equal(suite->hkdf(dp_slice_of(ikm, 22), none, dp_slice_of(long_info, 2000), &out), DP_TOO_BIG);
    assert_int_equal(suite->hkdf(none, none, none, &out), DP_OK);
}

/* McGrew and Viega, The Galois/Counter Mode of Operation, cases 13 and 14 */
static void test_seal_vectors(void **state)
{
    struct dp_key key = {{0}};
    uint8_t zero[16] = {0};
    uint8_t out[32];
    struct dp_slice none = {NULL, 0};

    (void)state;
    assert_int_equal(suite->seal(&key, none, none, out), DP_OK);
    expect(out, DP_TAG_BYTES, "530f8afbc74536b9a963b4f1c4cb738b");
    assert_int_equal(suite->seal(&key, none, dp_slice_of(zero, 16), out), DP_OK);
    expect(out, 32, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

static void test_open_refuses(void **state)
{
    struct dp_key key = {{7}};
    struct dp_slice aad = dp_slice_str("daipao/part/1");
    struct dp_slice plain = dp_slice_str("petition text");
    uint8_t sealed[13 + DP_TAG_BYTES], out[13];
    static const uint8_t zero[13];
    struct dp_slice all = dp_slice_of(sealed, sizeof(sealed));

    (void)state;
    assert_int_equal(suite->seal(&key, aad, plain, sealed), DP_OK);
    assert_int_equal(suite->open(&key, aad, all, out), DP_OK);
    assert_memory_equal(out, plain.p, plain.len);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 0x10;
        memset(out, 0x5a, sizeof(out));
        assert_int_equal(suite->open(&key, aad, all, out), DP_SIGNATURE);
        assert_memory_equal(out, zero, sizeof(out)); /* no plain text before the tag */
        sealed[i] ^= 0x10;
    }
    for (size_t len = 0; len < sizeof(sealed); len++)
        assert_int_equal(suite->open(&key, aad, dp_slice_of(sealed, len), out), DP_SIGNATURE);
    assert_int_equal(suite->open(&key, dp_slice_str("daipao/part/2"), all, out), DP_SIGNATURE);
    key.b[31] ^= 1;
    assert_int_equal(suite->open(&key, aad, all, out), DP_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suite_numbers),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_hash_in_threads),
        cmocka_unit_test(test_sign_vectors),
        cmocka_unit_test(test_verify_refuses_every_bit),
        cmocka_unit_test(test_kex),
        cmocka_unit_test(test_kex_refuses_small_order),
        cmocka_unit_test(test_hkdf),
        cmocka_unit_test(test_seal_vectors),
        cmocka_unit_test(test_open_refuses),
    };

    suite = dp_suite_of(DP_SUITE_INTL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
