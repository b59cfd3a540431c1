/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256: the examples of FIPS 180-4, and pieces of any size. */
#include "support/cmocka_all.h"

#include <string.h>

#include "sha256.h"

static void digest(const char *text, size_t step, char hex[65])
{
    struct dp_slice s = dp_slice_str(text);
    struct dp_sha256 sha;
    uint8_t out[32];

    dp_sha256_init(&sha);
    while (s.len > 0) {
        size_t n = s.len < step ? s.len : step;
        dp_sha256_add(&sha, dp_slice_of(s.p, n));
        s = dp_slice_of(s.p + n, s.len - n);
    }
    dp_sha256_end(&sha, out);
    dp_hex(out, sizeof(out), hex);
}

static void the_examples_of_the_standard(void **state)
{
    static const char *const cases[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char hex[65];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step < 70; step++) {
            digest(cases[i][0], step, hex);
            assert_string_equal(hex, cases[i][1]);
        }
    }
}

static void a_million_letters(void **state)
{
    static char text[1000001];
    char hex[65];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    digest(text, 4096, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard),
        cmocka_unit_test(a_million_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
