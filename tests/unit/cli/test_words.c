/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and words of the command line are those of the daemon, which it does not link. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "case/casefile.h"
#include "case/due.h"
#include "case/kind.h"
#include "words.h"

static void kinds_are_those_of_the_rules(void **state)
{
    (void)state;
#define X(name, no, word, shape)                                                                             \
    assert_non_null(dp_code_word(DP_CODES_KIND, no));                                                        \
    assert_string_equal(dp_code_word(DP_CODES_KIND, no), word);
    DP_KIND_LIST(X)
#undef X
    assert_null(dp_code_word(DP_CODES_KIND, 36));
}

static void reasons_are_those_of_the_judge(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
#define X(name, text) {#name, text},
        DP_VOID_LIST(X)
#undef X
    };

    (void)state;
    for (uint32_t i = 1; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_non_null(dp_code_word(DP_CODES_REASON, i));
        assert_string_equal(dp_code_word(DP_CODES_REASON, i), rows[i].name);
        assert_string_equal(dp_code_text(DP_CODES_REASON, i), rows[i].text);
    }
    assert_null(dp_code_word(DP_CODES_REASON, sizeof(rows) / sizeof(rows[0])));
}

/* A word that has no text of its own comes back as it is. */
static void assert_known(const char *word)
{
    char copy[64];

    snprintf(copy, sizeof(copy), "%s", word);
    if (dp_word_text(copy) == copy)
        fail_msg("no text for %s", word);
}

static void states_and_causes_have_texts(void **state)
{
    (void)state;
#define X(name, word) assert_known(word);
    DP_STATUS_LIST(X)
    DP_DELAY_LIST(X)
#undef X
    for (int clock = DP_CLOCK_TRIAGE; clock <= DP_CLOCK_REMIND; clock++)
        assert_known(dp_clock_word((enum dp_clock)clock));
}

static void codes_are_typed_as_words_or_numbers(void **state)
{
    uint32_t no = 77;

    (void)state;
    assert_true(dp_code_number(DP_CODES_CLOSE, "opinion-final", &no));
    assert_int_equal(no, DP_CLOSE_OPINION_FINAL);
    assert_true(dp_code_number(DP_CODES_CLOSE, "7", &no));
    assert_int_equal(no, DP_CLOSE_ANSWERED);
    assert_true(dp_code_number(DP_CODES_KIND, "refer-up", &no));
    assert_int_equal(no, DP_KIND_REFER_UP);
    assert_true(dp_code_number(DP_CODES_CHANNEL, "V", &no));
    assert_int_equal(no, 'V');
    assert_true(dp_code_number(DP_CODES_PURPOSE, "other", &no));
    assert_int_equal(no, DP_PURPOSE_OTHER);
    no = 5;
    assert_false(dp_code_number(DP_CODES_CLOSE, "3", &no)); /* reserved */
    assert_false(dp_code_number(DP_CODES_CLOSE, "", &no));
    assert_false(dp_code_number(DP_CODES_CLOSE, "opinion", &no));
    assert_false(dp_code_number(DP_CODES_CHANNEL, "Q", &no));
    assert_int_equal(no, 5);
}

static void flags_are_the_bits_of_the_register_entry(void **state)
{
    uint32_t all = 0, no;

    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        if (dp_code_word(DP_CODES_FLAG, 1u << bit) != NULL)
            all |= 1u << bit;
    }
    assert_int_equal(all, DP_REG_FLAGS_ALL);
    assert_true(dp_code_number(DP_CODES_FLAG, "confidential", &no));
    assert_int_equal(no, DP_REG_CONFIDENTIAL);
    assert_true(dp_code_number(DP_CODES_FLAG, "lock", &no));
    assert_int_equal(no, DP_REG_LOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_those_of_the_rules),
        cmocka_unit_test(reasons_are_those_of_the_judge),
        cmocka_unit_test(states_and_causes_have_texts),
        cmocka_unit_test(codes_are_typed_as_words_or_numbers),
        cmocka_unit_test(flags_are_the_bits_of_the_register_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
