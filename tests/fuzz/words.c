/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that people and programs write for things: divisions, nodes, offices, names of entries, numbers of
 * cases, days. What is taken is written the one way, and reads the same again.
 */
#include <string.h>

#include "base/date.h"
#include "base/id.h"
#include "fuzz.h"

static bool division(struct dp_slice s)
{
    struct dp_div d;
    char text[13];

    if (dp_div_parse(s, &d) != DP_OK)
        return false;
    dp_div_format(d, text);
    FUZZ_CHECK(dp_slice_eq(s, dp_slice_str(text)));
    FUZZ_CHECK(dp_div_tier(d) != DP_TIER_NONE);
    FUZZ_CHECK(dp_div_covers(d, d));
    for (struct dp_div up = dp_div_parent(d); up.v != 0; up = dp_div_parent(up))
        FUZZ_CHECK(dp_div_covers(up, d) && !dp_div_covers(d, up));
    return true;
}

static bool node(struct dp_slice s)
{
    struct dp_node n;
    char text[DP_NODE_TEXT];

    if (dp_node_parse(s, &n) != DP_OK)
        return false;
    dp_node_format(n, text);
    FUZZ_CHECK(dp_slice_eq(s, dp_slice_str(text)));
    FUZZ_CHECK(dp_node_eq(n, dp_node_of(dp_node_div(n), dp_node_post(n))));
    for (struct dp_node up = dp_node_parent(n); up.v != 0; up = dp_node_parent(up))
        FUZZ_CHECK(dp_node_covers(up, n) && !dp_node_covers(n, up));
    return true;
}

static bool office(struct dp_slice s)
{
    struct dp_office o, again;
    char text[DP_OFFICE_TEXT];

    if (dp_office_parse(s, &o) != DP_OK)
        return false;
    dp_office_format(&o, text);
    FUZZ_CHECK(dp_slice_eq(s, dp_slice_str(text)));
    FUZZ_CHECK(dp_slug_ok(dp_slice_str(o.slug)) && !dp_office_is_none(&o));
    FUZZ_CHECK(dp_office_parse(dp_slice_str(text), &again) == DP_OK && dp_office_eq(&o, &again));
    return true;
}

static bool name(struct dp_slice s)
{
    struct dp_name n, again;
    char text[DP_NAME_TEXT];
    uint8_t bytes[DP_NAME_BYTES];

    if (dp_name_parse(s, &n) != DP_OK)
        return false;
    dp_name_format(&n, text);
    FUZZ_CHECK(dp_slice_eq(s, dp_slice_str(text)));
    dp_name_put(&n, bytes);
    again = dp_name_get(bytes);
    FUZZ_CHECK(dp_name_eq(&n, &again) && dp_name_cmp(&n, &again) == 0);
    return true;
}

/* The check character finds any one wrong character. */
static bool number(struct dp_slice s)
{
    char changed[DP_NUMBER_TEXT];

    if (dp_number_check(s) != DP_OK)
        return false;
    FUZZ_CHECK(s.len < DP_NUMBER_TEXT);
    for (size_t i = 0; i < s.len; i++) {
        memcpy(changed, s.p, s.len);
        changed[i] = changed[i] == '3' ? '4' : '3';
        FUZZ_CHECK(dp_number_check(dp_slice_of(changed, s.len)) != DP_OK);
    }
    return true;
}

static bool day(struct dp_slice s)
{
    struct dp_date d, made;
    char text[11];
    int y, m, of_month;

    if (dp_date_parse(s, &d) != DP_OK)
        return false;
    FUZZ_CHECK(!dp_date_is_none(d));
    dp_date_format(d, text);
    FUZZ_CHECK(dp_slice_eq(s, dp_slice_str(text)));
    dp_date_split(d, &y, &m, &of_month);
    FUZZ_CHECK(dp_date_make(y, m, of_month, &made) == DP_OK && made.day == d.day);
    FUZZ_CHECK(dp_date_of_ms(dp_date_start_ms(d)).day == d.day);
    return true;
}

static bool birth(struct dp_slice s)
{
    struct dp_date d;
    char text[11];

    if (dp_birth_parse(s, &d) != DP_OK)
        return false;
    dp_birth_format(d, text);
    FUZZ_CHECK(dp_slice_eq(s, dp_slice_str(text)));
    return true;
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    static bool (*const all[])(struct dp_slice s) = {division, node, office, name, number, day, birth};
    bool taken = false;

    (void)a;
    if (suite == &fuzz_hollow)
        return false;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        taken |= all[i](input);
    return taken;
}
