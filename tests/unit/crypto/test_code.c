/* SPDX-License-Identifier: Apache-2.0 */
/* Codes read aloud: shape, forgiveness, the check character, and what is derived from them (R-ENR-1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "crypto/code.h"
#include "crypto/random.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static struct dp_enrol_code new_code(uint64_t seed)
{
    struct dp_rng rng;
    struct dp_random random = dp_random_seeded(&rng);
    struct dp_enrol_code code;

    dp_rng_seed(&rng, seed);
    dp_enrol_code_make(&random, &code);
    return code;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct dp_enrol_code code = new_code(seed), back;
        char text[DP_ENROL_TEXT];

        dp_enrol_code_format(&code, text);
        assert_int_equal(strlen(text), 23);
        assert_true(text[5] == '-' && text[11] == '-' && text[17] == '-');
        assert_int_equal(dp_enrol_code_parse(dp_slice_str(text), &back), DP_OK);
        assert_string_equal(back.c, code.c);
    }
    assert_string_not_equal(new_code(1).c, new_code(2).c);
}

static void test_forgives(void **state)
{
    struct dp_query_code a, b;

    (void)state;
    /* check character computed by the reader below */
    for (size_t i = 0; i < 32; i++) {
        char text[16] = "01AB0123456789";
        text[14] = alphabet[i];
        if (dp_query_code_parse(dp_slice_str(text), &a) == DP_OK) {
            char loose[] = "oLab-0 i 23 45  67 89?";
            loose[sizeof(loose) - 2] = (char)(alphabet[i] >= 'A' ? alphabet[i] + 32 : alphabet[i]);
            assert_int_equal(dp_query_code_parse(dp_slice_str(loose), &b), DP_OK);
            assert_string_equal(a.c, b.c);
            return;
        }
    }
    fail_msg("no check character fits");
}

static void test_check_character(void **state)
{
    struct dp_enrol_code code = new_code(3), out = {"untouched"};
    size_t swaps = 0;

    (void)state;
    for (size_t at = 0; at < DP_ENROL_CHARS; at++) {
        for (size_t i = 0; i < 32; i++) {
            struct dp_enrol_code bad = code;
            bad.c[at] = alphabet[i];
            if (bad.c[at] != code.c[at])
                assert_int_equal(dp_enrol_code_parse(dp_slice_of(bad.c, 20), &out), DP_FORMAT);
        }
        for (size_t with = at + 1; with < DP_ENROL_CHARS; with++) {
            struct dp_enrol_code bad = code;
            bad.c[at] = code.c[with];
            bad.c[with] = code.c[at];
            if (bad.c[at] == bad.c[with])
                continue;
            swaps++;
            assert_int_equal(dp_enrol_code_parse(dp_slice_of(bad.c, 20), &out), DP_FORMAT);
        }
    }
    assert_true(swaps > 150);
    assert_string_equal(out.c, "untouched");
}

static void test_refuses(void **state)
{
    struct dp_enrol_code code = new_code(4), out;
    char text[64];

    (void)state;
    assert_int_equal(dp_enrol_code_parse(dp_slice_of(code.c, 19), &out), DP_FORMAT);
    snprintf(text, sizeof(text), "%s0", code.c);
    assert_int_equal(dp_enrol_code_parse(dp_slice_str(text), &out), DP_FORMAT);
    assert_int_equal(dp_enrol_code_parse(dp_slice_of(NULL, 0), &out), DP_FORMAT);
    memcpy(text, code.c, 21);
    for (int c = 0; c < 256; c++) {
        text[7] = (char)c;
        bool ok = dp_enrol_code_parse(dp_slice_of(text, 20), &out) == DP_OK;
        if (ok)
            assert_string_equal(out.c, code.c);
    }
    text[7] = 'U';
    assert_int_equal(dp_enrol_code_parse(dp_slice_of(text, 20), &out), DP_FORMAT);
}

static void test_derive_and_seal(void **state)
{
    struct dp_rng rng;
    struct dp_random random = dp_random_seeded(&rng);
    struct dp_enrol_code code = new_code(5), other = new_code(6);
    struct dp_enrol_keys keys, again, wrong;
    struct dp_slice aad = dp_slice_str("331023105001");
    struct dp_slice plain = dp_slice_str("request");
    uint8_t a[7 + DP_ENROL_SEAL_BYTES], b[7 + DP_ENROL_SEAL_BYTES], out[7];

    (void)state;
    dp_rng_seed(&rng, 1);
    assert_int_equal(dp_enrol_derive(&code, &keys), DP_OK);
    assert_int_equal(dp_enrol_derive(&code, &again), DP_OK);
    assert_int_equal(dp_enrol_derive(&other, &wrong), DP_OK);
    assert_memory_equal(&keys, &again, sizeof(keys));
    assert_memory_equal(keys.id, code.c, DP_ENROL_ID_CHARS);
    assert_memory_not_equal(keys.up.b, keys.down.b, 32);
    assert_memory_not_equal(keys.up.b, wrong.up.b, 32);

    assert_int_equal(dp_enrol_seal(&keys.up, aad, plain, &random, a), DP_OK);
    assert_int_equal(dp_enrol_seal(&keys.up, aad, plain, &random, b), DP_OK);
    assert_memory_not_equal(a + 16, b + 16, 7); /* a key of its own for each message */
    assert_int_equal(dp_enrol_open(&keys.up, aad, dp_slice_of(a, sizeof(a)), out), DP_OK);
    assert_memory_equal(out, "request", 7);
    assert_int_equal(dp_enrol_open(&keys.down, aad, dp_slice_of(a, sizeof(a)), out), DP_SIGNATURE);
    assert_int_equal(dp_enrol_open(&wrong.up, aad, dp_slice_of(a, sizeof(a)), out), DP_SIGNATURE);
    assert_int_equal(dp_enrol_open(&keys.up, plain, dp_slice_of(a, sizeof(a)), out), DP_SIGNATURE);
    assert_int_equal(dp_enrol_open(&keys.up, aad, dp_slice_of(a, 31), out), DP_FORMAT);
    for (size_t i = 0; i < sizeof(a); i++) {
        a[i] ^= 1;
        assert_int_equal(dp_enrol_open(&keys.up, aad, dp_slice_of(a, sizeof(a)), out), DP_SIGNATURE);
        a[i] ^= 1;
    }
}

/* Pinned: codes on paper must open the same door after an upgrade. */
static void test_derived_keys_are_pinned(void **state)
{
    struct dp_enrol_code code = {"ABCD0123456789ABCDEF"}; /* derivation looks at no check character */
    struct dp_enrol_keys keys;
    char hex[65];

    (void)state;
    assert_int_equal(dp_enrol_derive(&code, &keys), DP_OK);
    dp_hex(keys.up.b, 32, hex);
    assert_string_equal(hex, "80565936929aba6805a1c5f131cae35ec989d54bf7523111aac39501c82ea8c0");
    dp_hex(keys.down.b, 32, hex);
    assert_string_equal(hex, "025d8a2f904073ba35efff114a91c4353dfb8fff8ab7885b3476415148a8def7");
}

static void test_query_hash(void **state)
{
    struct dp_query_code code = {"0123456789ABCDE"};
    struct dp_digest d;
    char hex[65], text[DP_QUERY_TEXT];

    (void)state;
    dp_query_code_hash(&code, &d);
    dp_hex(d.b, 32, hex);
    assert_string_equal(hex, "034817bc4cb44f06f5a3b93f106830f539c76b4311843e8a3119d53c20724bee");
    dp_query_code_format(&code, text);
    assert_string_equal(text, "01234-56789-ABCDE");
}

static void test_system_random(void **state)
{
    struct dp_random random = dp_random_system();
    uint8_t a[300] = {0}, b[300] = {0};
    struct dp_query_code code, back;

    (void)state;
    random.fill(random.ctx, a, sizeof(a));
    random.fill(random.ctx, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    dp_query_code_make(&random, &code);
    assert_int_equal(dp_query_code_parse(dp_slice_str(code.c), &back), DP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_forgives),
        cmocka_unit_test(test_check_character), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_derive_and_seal), cmocka_unit_test(test_derived_keys_are_pinned),
        cmocka_unit_test(test_query_hash),      cmocka_unit_test(test_system_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
