/* SPDX-License-Identifier: Apache-2.0 */
/* Each type of value: what it takes, what it refuses, and that its text comes back. */
#include "support/cmocka_all.h"

#include <string.h>

#include "config/option.h"

static const struct dp_option *option(const char *section, const char *name)
{
    const struct dp_option *o = dp_option_find(section, name);

    assert_non_null(o);
    return o;
}

/* Set from `text`, then read back as `want`; the text that came back must be taken again. */
static struct dp_config takes(const char *section, const char *name, const char *text, const char *want)
{
    const struct dp_option *o = option(section, name);
    struct dp_config c, again;
    char back[512];

    dp_config_default(&c);
    assert_true(dp_option_set(o, text, &c));
    dp_option_get(o, &c, back, sizeof(back));
    assert_string_equal(back, want);
    dp_config_default(&again);
    assert_true(dp_option_set(o, back, &again));
    assert_memory_equal(&c, &again, sizeof(c));
    return c;
}

static void refuses(const char *section, const char *name, const char *text)
{
    struct dp_config c, before;

    dp_config_default(&c);
    before = c;
    assert_false(dp_option_set(option(section, name), text, &c));
    assert_memory_equal(&c, &before, sizeof(c));
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < dp_options_count; i++) {
        const struct dp_option *o = &dp_options[i];
        char text[256];
        assert_ptr_equal(dp_option_find(o->section, o->name), o); /* no name twice */
        assert_true(o->help[0] != '\0' && o->help[strlen(o->help) - 1] == '.');
        assert_true(o->offset + o->size <= sizeof(struct dp_config));
        assert_int_equal(o->type == DP_OPTION_ENUM, o->words != NULL);
        dp_option_expects(o, text, sizeof(text));
        assert_true(strlen(text) > 5);
    }
}

static void defaults_are_the_documented_ones(void **state)
{
    struct dp_config c;

    (void)state;
    dp_config_default(&c);
    assert_string_equal(c.node.data_dir, "/var/lib/daipao");
    assert_int_equal(c.parent.address.n, 0);
    assert_int_equal(c.children.listen.n, 0);
    assert_int_equal(c.children.max, 1024);
    assert_int_equal(c.link.rate_limit_bytes_s, 0);
    assert_int_equal(c.link.day_budget_bytes, 0);
    assert_int_equal(c.link.idle_budget_bytes, 65536);
    assert_int_equal(c.link.windows.n, 0);
    assert_true(c.link.urgent_bypass);
    assert_true(c.store.map_size_bytes == UINT64_C(64) << 30);
    assert_int_equal(c.store.free_min_percent, 10);
    assert_string_equal(c.store.backup_dir, "");
    assert_int_equal(c.store.backup_keep, 14);
    assert_int_equal(c.find.per_hour, 60);
    assert_int_equal(c.find.keep_days, 1095);
    assert_string_equal(c.control.group, "daipao");
    assert_string_equal(c.desk.listen.v[0].text, "127.0.0.1:7311");
    assert_true(c.desk.listen.v[0].loopback);
    assert_int_equal(c.clock.max_skew_ms, 600000);
    assert_int_equal(c.alarm.silence.n, 3);
    assert_true(c.alarm.silence.working);
    assert_int_equal(c.log.level, DP_LOG_NOTICE);
    assert_int_equal(c.metrics.listen.n, 0);
}

static void what_others_must_trust_is_no_option(void **state)
{
    (void)state;
    assert_null(dp_option_find("node", "id"));
    assert_null(dp_option_find("node", "code"));
    assert_null(dp_option_find("node", "office"));
    assert_null(dp_option_find("node", "key"));
    assert_null(dp_option_find("store", "key"));
    assert_false(dp_option_section_known("limits"));
    assert_false(dp_option_section_known("offices"));
}

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(takes("link", "rate-limit", "1200", "1200").link.rate_limit_bytes_s, 1200);
    assert_int_equal(takes("link", "rate-limit", "2K", "2K").link.rate_limit_bytes_s, 2048);
    assert_int_equal(takes("link", "rate-limit", "1024", "1K").link.rate_limit_bytes_s, 1024);
    takes("link", "rate-limit", "3 M", "3M");
    takes("link", "rate-limit", "0K", "0");
    takes("store", "map-size", "1024G", "1T");
    refuses("link", "rate-limit", "");
    refuses("link", "rate-limit", "K");
    refuses("link", "rate-limit", "-1");
    refuses("link", "rate-limit", "1.5K");
    refuses("link", "rate-limit", "1k");
    refuses("link", "rate-limit", "1KB");
    refuses("link", "rate-limit", "2T"); /* past its bound */
    refuses("store", "map-size", "16777217T");
    refuses("store", "map-size", "18446744073709551616");
    refuses("store", "map-size", "63M");
}

static void percents_and_integers(void **state)
{
    (void)state;
    assert_int_equal(takes("store", "free-min", "25%", "25%").store.free_min_percent, 25);
    takes("store", "free-min", "5 %", "5%");
    refuses("store", "free-min", "10");
    refuses("store", "free-min", "0%");
    refuses("store", "free-min", "51%");
    assert_int_equal(takes("children", "max", "16384", "16384").children.max, 16384);
    refuses("children", "max", "0");
    refuses("children", "max", "16385");
    refuses("children", "max", "10K");
}

static void durations_and_days(void **state)
{
    struct dp_config c;

    (void)state;
    assert_int_equal(takes("clock", "max-skew", "90 s", "90 s").clock.max_skew_ms, 90000);
    assert_int_equal(takes("clock", "max-skew", "2h", "2 h").clock.max_skew_ms, 7200000);
    takes("clock", "max-skew", "600 s", "10 min");
    refuses("clock", "max-skew", "10");
    refuses("clock", "max-skew", "0 s");
    refuses("clock", "max-skew", "25 h");
    refuses("clock", "max-skew", "10 minutes");
    c = takes("alarm", "silence-days", "5 days", "5 days");
    assert_int_equal(c.alarm.silence.n, 5);
    assert_false(c.alarm.silence.working);
    takes("alarm", "silence-days", "1 working", "1 working");
    refuses("alarm", "silence-days", "3");
    refuses("alarm", "silence-days", "0 days");
    refuses("alarm", "silence-days", "366 days");
    refuses("alarm", "silence-days", "3 working days");
}

static void addresses(void **state)
{
    struct dp_config c;

    (void)state;
    c = takes("parent", "address", "10.33.10.1:7310, [FD00:33:0::1]:7310",
              "10.33.10.1:7310,[fd00:33::1]:7310");
    assert_int_equal(c.parent.address.n, 2);
    assert_true(c.parent.address.v[1].v6);
    assert_false(c.parent.address.v[0].v6 || c.parent.address.v[0].loopback);
    c = takes("desk", "listen", "[::1]:80 127.9.9.9:65535", "[::1]:80,127.9.9.9:65535");
    assert_true(c.desk.listen.v[0].loopback && c.desk.listen.v[1].loopback);
    takes("children", "listen", "0.0.0.0:7310", "0.0.0.0:7310");
    takes("metrics", "listen", "off", "off");
    takes("parent", "address",
          "1.1.1.1:1,1.1.1.1:2,1.1.1.1:3,1.1.1.1:4,1.1.1.1:5,1.1.1.1:6,1.1.1.1:7,1.1.1.1:8",
          "1.1.1.1:1,1.1.1.1:2,1.1.1.1:3,1.1.1.1:4,1.1.1.1:5,1.1.1.1:6,1.1.1.1:7,1.1.1.1:8");
}

static void addresses_are_numeric(void **state)
{
    static const char *const bad[] = {
        "",
        ",",
        "county.example:7310",
        "localhost:7310",
        "10.33.10.1",
        "10.33.10.1:",
        "10.33.10.1:0",
        "10.33.10.1:65536",
        "10.33.10.1:+1",
        "10.33.10:7310",
        "10.33.10.256:7310",
        "fd00::1:7310",
        "[fd00::1]",
        "[fd00::1:7310",
        "[]:7310",
        "[fe80::1%eth0]:7310",
        "*:7310",
        ":7310",
        "off, 10.33.10.1:7310",
        "tcp://10.33.10.1:7310",
        "1.1.1.1:1,1.1.1.1:2,1.1.1.1:3,1.1.1.1:4,1.1.1.1:5,1.1.1.1:6,1.1.1.1:7,1.1.1.1:8,1.1.1.1:9",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuses("parent", "address", bad[i]);
    refuses("parent", "proxy", "10.0.0.1:1080, 10.0.0.2:1080"); /* one at most */
}

static void windows(void **state)
{
    static const char *const bad[] = {"",
                                      "08:00",
                                      "8:00-12:00",
                                      "08:00-12:60",
                                      "24:00-01:00",
                                      "08:00-24:01",
                                      "08:00-08:00",
                                      "08:00-12:0x",
                                      "08:00 -12:00",
                                      "always, 08:00-12:00",
                                      "08:00-12:00-13:00"};
    struct dp_config c;

    (void)state;
    c = takes("link", "windows", "08:00-12:00, 22:30-06:00", "08:00-12:00,22:30-06:00");
    assert_int_equal(c.link.windows.n, 2);
    assert_int_equal(c.link.windows.v[0].from_min, 480);
    assert_int_equal(c.link.windows.v[1].to_min, 360);
    takes("link", "windows", "00:00-24:00", "00:00-24:00");
    takes("link", "windows", "always", "always");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuses("link", "windows", bad[i]);
}

static void words(void **state)
{
    (void)state;
    assert_false(takes("link", "urgent-bypass", "no", "no").link.urgent_bypass);
    refuses("link", "urgent-bypass", "true");
    refuses("link", "urgent-bypass", "Yes");
    assert_int_equal(takes("log", "level", "debug", "debug").log.level, DP_LOG_DEBUG);
    assert_int_equal(takes("log", "level", "error", "error").log.level, DP_LOG_ERROR);
    assert_int_equal(takes("log", "target", "stderr", "stderr").log.target, DP_LOG_TO_STDERR);
    assert_int_equal(takes("node", "language", "zh", "zh").node.language, DP_LANGUAGE_ZH);
    refuses("log", "level", "DEBUG");
    refuses("log", "level", "");
}

static void texts(void **state)
{
    char longest[DP_CONFIG_TEXT + 1];

    (void)state;
    takes("node", "data-dir", "/srv/代跑", "/srv/代跑");
    refuses("node", "data-dir", "var/lib");
    refuses("node", "data-dir", "");
    memset(longest, '/', sizeof(longest));
    longest[DP_CONFIG_TEXT] = '\0';
    refuses("node", "data-dir", longest);
    longest[DP_CONFIG_TEXT - 1] = '\0';
    takes("node", "data-dir", longest, longest);
    takes("control", "group", "_xinfang-1", "_xinfang-1");
    refuses("control", "group", "");
    refuses("control", "group", "1abc");
    refuses("control", "group", "Admin");
    refuses("control", "group", "a b");
    refuses("control", "group", "a23456789012345678901234567890123");
}

static void expectations_name_the_bounds(void **state)
{
    char text[128];

    (void)state;
    dp_option_expects(option("store", "map-size"), text, sizeof(text));
    assert_string_equal(text, "bytes, with K, M, G or T, from 64M to 16T");
    dp_option_expects(option("log", "target"), text, sizeof(text));
    assert_string_equal(text, "one of auto, journal, stderr");
    dp_option_expects(option("parent", "address"), text, sizeof(text));
    assert_string_equal(text, "off or numeric ADDRESS:PORT, at most 8");
    dp_option_expects(option("clock", "max-skew"), text, sizeof(text));
    assert_string_equal(text, "a time in s, min or h, from 1s to 24h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(what_others_must_trust_is_no_option),
        cmocka_unit_test(sizes),
        cmocka_unit_test(percents_and_integers),
        cmocka_unit_test(durations_and_days),
        cmocka_unit_test(addresses),
        cmocka_unit_test(addresses_are_numeric),
        cmocka_unit_test(windows),
        cmocka_unit_test(words),
        cmocka_unit_test(texts),
        cmocka_unit_test(expectations_name_the_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
