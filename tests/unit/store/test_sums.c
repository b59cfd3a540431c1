/* SPDX-License-Identifier: Apache-2.0 */
/* Checksum and hash against published values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "store/crc32c.h"
#include "store/siphash.h"

/* RFC 3720 B.4, and the check value of the catalogue of CRCs. */
static void crc_as_published(void **state)
{
    uint8_t b[32] = {0};

    (void)state;
    assert_int_equal(dp_crc32c(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(dp_crc32c_plain(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(dp_crc32c(0, b, sizeof(b)), 0x8a9136aau);
    memset(b, 0xff, sizeof(b));
    assert_int_equal(dp_crc32c(0, b, sizeof(b)), 0x62a8ab43u);
    assert_int_equal(dp_crc32c(0, "", 0), 0);
}

static void crc_in_pieces_and_without_the_instruction(void **state)
{
    uint8_t b[300];
    uint32_t whole;

    (void)state;
    for (size_t i = 0; i < sizeof(b); i++)
        b[i] = (uint8_t)(i * i + 7);
    for (size_t start = 0; start < 8; start++) {
        whole = dp_crc32c(0, b + start, 290);
        assert_int_equal(dp_crc32c_plain(0, b + start, 290), whole);
        for (size_t cut = 0; cut < 290; cut += 13)
            assert_int_equal(dp_crc32c(dp_crc32c_plain(0, b + start, cut), b + start + cut, 290 - cut),
                             whole);
    }
}

/* Appendix A of the paper: key 00 01 .. 0f, message 00 01 .. 0e. */
static void siphash_as_published(void **state)
{
    uint8_t key[16], message[15];

    (void)state;
    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    memcpy(message, key, sizeof(message));
    assert_true(dp_siphash(key, dp_slice_of(message, 15)) == UINT64_C(0xa129ca6149be45e5));
    assert_true(dp_siphash(key, dp_slice_of(message, 0)) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(dp_siphash(key, dp_slice_of(message, 8)) == UINT64_C(0x93f5f5799a932462));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_as_published),
        cmocka_unit_test(crc_in_pieces_and_without_the_instruction),
        cmocka_unit_test(siphash_as_published),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
