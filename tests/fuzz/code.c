/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes read over the phone: what is taken is written the one way, and reads the same again; one character
 * changed is refused (R-ENR-1).
 */
#include "crypto/code.h"

#include <string.h>

#include "fuzz.h"

static void check_enrol(const struct dp_enrol_code *c)
{
    struct dp_enrol_code again;
    char text[DP_ENROL_TEXT];

    dp_enrol_code_format(c, text);
    FUZZ_CHECK(strlen(text) == DP_ENROL_TEXT - 1);
    FUZZ_CHECK(dp_enrol_code_parse(dp_slice_str(text), &again) == DP_OK);
    FUZZ_CHECK(memcmp(c, &again, sizeof(again)) == 0);
    text[7] = text[7] == '0' ? '1' : '0';
    FUZZ_CHECK(dp_enrol_code_parse(dp_slice_str(text), &again) == DP_FORMAT);
}

static void check_query(const struct dp_query_code *c)
{
    struct dp_query_code again;
    struct dp_digest one, other;
    char text[DP_QUERY_TEXT];

    dp_query_code_format(c, text);
    FUZZ_CHECK(dp_query_code_parse(dp_slice_str(text), &again) == DP_OK);
    dp_query_code_hash(c, &one);
    dp_query_code_hash(&again, &other);
    FUZZ_CHECK(memcmp(&one, &other, sizeof(one)) == 0);
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_enrol_code enrol;
    struct dp_query_code query;

    (void)a;
    if (suite == &fuzz_hollow)
        return false;
    bool is_query = dp_query_code_parse(input, &query) == DP_OK;
    bool is_enrol = dp_enrol_code_parse(input, &enrol) == DP_OK;
    FUZZ_CHECK(!is_query || !is_enrol);
    if (is_query)
        check_query(&query);
    if (is_enrol)
        check_enrol(&enrol);
    return is_query || is_enrol;
}
