/* SPDX-License-Identifier: Apache-2.0 */
/* Files: order, errors with file and line, reload, print, and the sample we ship. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/option.h"

/* A folder with daipaod.conf and conf.d. */
struct place {
    char dir[64];
    char conf[128];
};

static int make_place(void **state)
{
    static struct place p;
    char folder[128];

    strcpy(p.dir, "/tmp/dp-config-XXXXXX");
    if (mkdtemp(p.dir) == NULL)
        return -1;
    snprintf(p.conf, sizeof(p.conf), "%s/daipaod.conf", p.dir);
    snprintf(folder, sizeof(folder), "%s/conf.d", p.dir);
    *state = &p;
    return mkdir(folder, 0700);
}

static int remove_place(void **state)
{
    const struct place *p = *state;
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", p->dir);
    return system(command);
}

static void write_bytes(const struct place *p, const char *name, const void *bytes, size_t len)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", p->dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void write_file(const struct place *p, const char *name, const char *text)
{
    write_bytes(p, name, text, strlen(text));
}

static struct dp_config load(const struct place *p)
{
    struct dp_config_error error = {.text = ""};
    struct dp_config c;
    char text[1100];

    if (dp_config_load(p->conf, &c, &error) != DP_OK) {
        dp_config_error_format(&error, text, sizeof(text));
        fail_msg("%s", text);
    }
    return c;
}

/* The load must fail in `name` at `line` with a text that begins with `want`. */
static void fails(const struct place *p, const char *name, int line, const char *want)
{
    struct dp_config_error error;
    struct dp_config c, untouched;
    char path[256];

    memset(&c, 0x5a, sizeof(c));
    untouched = c;
    snprintf(path, sizeof(path), "%s/%s", p->dir, name);
    assert_int_equal(dp_config_load(p->conf, &c, &error), DP_CONFIG);
    assert_string_equal(error.file, path);
    assert_int_equal(error.line, line);
    error.text[strnlen(want, sizeof(error.text) - 1)] = '\0';
    assert_string_equal(error.text, want);
    assert_memory_equal(&c, &untouched, sizeof(c));
}

static void fails_with(const struct place *p, const char *text, int line, const char *want)
{
    write_file(p, "daipaod.conf", text);
    fails(p, "daipaod.conf", line, want);
}

static void an_empty_file_is_the_defaults(void **state)
{
    const struct place *p = *state;
    struct dp_config c, initial;

    dp_config_default(&initial);
    write_file(p, "daipaod.conf", "");
    c = load(p);
    assert_memory_equal(&c, &initial, sizeof(c));
    write_file(p, "daipaod.conf", "\xef\xbb\xbf# 注释\r\n; more\r\n\r\n   \n  # indented\n[link]\n");
    c = load(p);
    assert_memory_equal(&c, &initial, sizeof(c));
}

static void options_are_read(void **state)
{
    const struct place *p = *state;
    struct dp_config c;

    write_file(p, "daipaod.conf",
               "[parent]\naddress = 10.33.10.1:7310 ; the county\n[link]\r\nrate-limit=1200\r\n"
               "windows: 08:00-12:00\n[node]\ndata-dir = /srv/a b\n[link]\nday-budget = 2M");
    c = load(p);
    assert_string_equal(c.parent.address.v[0].text, "10.33.10.1:7310");
    assert_int_equal(c.link.rate_limit_bytes_s, 1200);
    assert_int_equal(c.link.windows.v[0].to_min, 720);
    assert_int_equal(c.link.day_budget_bytes, 2 << 20);
    assert_string_equal(c.node.data_dir, "/srv/a b");
}

static void later_files_override(void **state)
{
    const struct place *p = *state;
    struct dp_config c;

    write_file(p, "daipaod.conf", "[link]\nrate-limit = 1\nday-budget = 1\nidle-budget = 1K\n");
    write_file(p, "conf.d/20-b.conf", "[link]\nrate-limit = 20\n");
    write_file(p, "conf.d/10-a.conf", "[link]\nrate-limit = 10\nday-budget = 10\n");
    write_file(p, "conf.d/30-c.conf.old", "[nonsense");
    write_file(p, "conf.d/.hidden.conf", "[nonsense");
    write_file(p, "conf.d/.conf", "[nonsense");
    c = load(p);
    assert_int_equal(c.link.rate_limit_bytes_s, 20);
    assert_int_equal(c.link.day_budget_bytes, 10);
    assert_int_equal(c.link.idle_budget_bytes, 1024);
}

static void an_override_leaves_nothing_behind(void **state)
{
    const struct place *p = *state;
    struct dp_config c, initial;

    write_file(p, "daipaod.conf",
               "[parent]\naddress = 10.33.10.1:7310\n[node]\ndata-dir = /a/very/long/path\n");
    write_file(p, "conf.d/1.conf", "[parent]\naddress = off\n[node]\ndata-dir = /var/lib/daipao\n");
    dp_config_default(&initial);
    c = load(p);
    assert_memory_equal(&c, &initial, sizeof(c));
}

static void unknown_names(void **state)
{
    const struct place *p = *state;

    fails_with(p, "# first\n\n[link]\nrate-limt = 3\n", 4, "unknown option rate-limt in section [link]");
    fails_with(p, "[lnik]\nrate-limit = 3\n", 2, "unknown section [lnik]");
    fails_with(p, "rate-limit = 3\n", 1, "option rate-limit stands before any [section]");
    fails_with(p, "[Link]\nrate-limit = 3\n", 2, "unknown section [Link]");
    fails_with(p, "[node]\nid = 331023000000\n", 2, "unknown option id in section [node]");
}

static void bad_values(void **state)
{
    const struct place *p = *state;

    fails_with(p, "[children]\n\nmax = many\n", 3,
               "children.max: \"many\" is not right; expected a whole number, from 1 to 16384");
    fails_with(p, "[store]\nfree-min =\n", 2, "store.free-min: \"\" is not right; expected a share");
    fails_with(p, "[parent]\naddress = county.example:7310\n", 2,
               "parent.address: \"county.example:7310\" is not right; expected off or numeric");
}

static void twice_in_one_file(void **state)
{
    const struct place *p = *state;

    fails_with(p, "[link]\nrate-limit = 1\n[log]\nlevel = info\n[link]\nrate-limit = 1\n", 6,
               "link.rate-limit is already set in line 2");
}

static void lines_that_are_no_option(void **state)
{
    const struct place *p = *state;

    fails_with(p, "[link]\nrate-limit\n", 2, "neither [section] nor option = value");
    fails_with(p, "[link\nrate-limit = 1\n", 1, "neither [section] nor option = value");
    fails_with(p, "[link]\nnonsense\nrate-limit = x\n", 2, "neither [section] nor option = value");
    fails_with(p, "[link]\nrate-limit = x\nnonsense\n", 2, "link.rate-limit: \"x\"");
    fails_with(p, "[link]\nrate-limit = 1\n  day-budget = 1\n", 3, "the line begins with a space");
    fails_with(p, "[link]\nrate-limit = 1\n\tmore\n", 3, "the line begins with a space");
}

/* The parser would cut such a line and take the rest as a value. */
static void long_lines(void **state)
{
    const struct place *p = *state;
    char text[512] = "[node]\ndata-dir = /";

    memset(text + strlen(text), 'a', 180);
    strcat(text, "\n");
    write_file(p, "daipaod.conf", text);
    assert_int_equal(strlen(load(p).node.data_dir), 181);
    text[strlen(text) - 1] = '\0';
    strcat(text, "aaaaaaaaaa\n");
    fails_with(p, text, 2, "the line is longer than 198 bytes");
    memset(text, '#', sizeof(text) - 1);
    fails_with(p, text, 1,
               "the line is longer than 198 bytes"); /* a comment too: its rest would be an option */
}

static void the_longest_line(void **state)
{
    const struct place *p = *state;
    char text[512] = "[node]\n";

    memset(text + 7, '#', 198);
    strcpy(text + 7 + 198, "\n[link]\nrate-limit = 7\n");
    write_file(p, "daipaod.conf", text);
    assert_int_equal(load(p).link.rate_limit_bytes_s, 7);
    memmove(text + 8, text + 7, strlen(text) - 6); /* one more */
    fails_with(p, text, 2, "the line is longer than 198 bytes");
}

static void bytes_that_are_no_text(void **state)
{
    const struct place *p = *state;

    fails_with(p, "[node]\ndata-dir = /\xff\n", 2, "the line is not plain UTF-8 text");
    fails_with(p, "[node]\n\x1b[2J\n", 2, "the line is not plain UTF-8 text");
    write_bytes(p, "daipaod.conf", "[node]\n#\0\n", 10);
    fails(p, "daipaod.conf", 2, "the line is not plain UTF-8 text");
}

static void errors_in_conf_d_name_their_file(void **state)
{
    const struct place *p = *state;

    write_file(p, "daipaod.conf", "[link]\nrate-limit = 1\n");
    write_file(p, "conf.d/50-line.conf", "[link]\n\nwindows = at night\n");
    write_file(p, "conf.d/60-late.conf", "[nonsense");
    fails(p, "conf.d/50-line.conf", 3, "link.windows: \"at night\" is not right");
}

static void files_that_cannot_be_read(void **state)
{
    const struct place *p = *state;
    char path[256];

    fails(p, "daipaod.conf", 0, "cannot be opened: No such file");
    snprintf(path, sizeof(path), "%s/daipaod.conf", p->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    fails(p, "daipaod.conf", 0, "cannot be read: Is a directory");
    assert_int_equal(rmdir(path), 0);
    write_file(p, "daipaod.conf", "");
    snprintf(path, sizeof(path), "%s/conf.d/1.conf", p->dir);
    assert_int_equal(symlink("nowhere", path), 0);
    fails(p, "conf.d/1.conf", 0, "cannot be opened: No such file");
}

static void conf_d_may_be_absent_but_not_a_file(void **state)
{
    const struct place *p = *state;
    char path[256];

    write_file(p, "daipaod.conf", "");
    snprintf(path, sizeof(path), "%s/conf.d", p->dir);
    assert_int_equal(rmdir(path), 0);
    load(p);
    write_file(p, "conf.d", "");
    fails(p, "conf.d", 0, "cannot be read: Not a directory");
}

static void options_that_need_each_other(void **state)
{
    const struct place *p = *state;

    fails_with(p, "[desk]\n\ntls-cert = /etc/c\n", 3, "desk.tls-cert: tls-key is missing");
    fails_with(p, "[desk]\ntls-key = /etc/k\n", 2, "desk.tls-key: tls-cert is missing");
    fails_with(p, "[desk]\nlisten = 127.0.0.1:80, 10.0.0.1:80\n", 2,
               "desk.listen: tls-cert and tls-key are needed");
    fails_with(p, "[parent]\nproxy = 10.0.0.1:1080\n", 2,
               "parent.proxy: this version cannot dial by a proxy");
    write_file(p, "daipaod.conf", "[desk]\nlisten = 10.0.0.1:80\n");
    write_file(p, "conf.d/tls.conf", "[desk]\ntls-cert = /etc/c\ntls-key = /etc/k\n");
    load(p);
}

/* What is understood and does nothing yet is named, and only where it is set. */
static void options_without_effect_are_named(void **state)
{
    const struct place *p = *state;
    struct dp_config c;
    unsigned at = 0;

    write_file(p, "daipaod.conf", "");
    c = load(p);
    assert_null(dp_config_without_effect(&c, &at));
    write_file(p, "daipaod.conf",
               "[node]\nlanguage = auto\n[link]\nday-budget = 2M\nidle-budget = 32K\n"
               "[metrics]\nlisten = 127.0.0.1:9100\n");
    c = load(p);
    at = 0;
    assert_string_equal(dp_config_without_effect(&c, &at), "link.day-budget");
    assert_string_equal(dp_config_without_effect(&c, &at), "metrics.listen");
    assert_null(dp_config_without_effect(&c, &at));
}

static void reload_takes_link_alarm_and_log(void **state)
{
    const struct place *p = *state;
    struct dp_config_error error;
    struct dp_config running;

    write_file(p, "daipaod.conf", "[children]\nmax = 5\n");
    running = load(p);
    write_file(
        p, "daipaod.conf",
        "[children]\nmax = 5\n[link]\nrate-limit = 9\n[alarm]\ncommand = /bin/a\n[log]\nlevel = info\n");
    assert_ok(dp_config_reload(&running, p->conf, &running, &error));
    assert_int_equal(running.link.rate_limit_bytes_s, 9);
    assert_string_equal(running.alarm.command, "/bin/a");
    assert_int_equal(running.log.level, DP_LOG_INFO);
}

static void reload_is_all_or_nothing(void **state)
{
    const struct place *p = *state;
    struct dp_config_error error;
    struct dp_config running, before;

    write_file(p, "daipaod.conf", "");
    running = before = load(p);
    write_file(p, "daipaod.conf", "[link]\nrate-limit = 9\n[store]\nbackup-keep = 15\n");
    assert_int_equal(dp_config_reload(&running, p->conf, &running, &error), DP_CONFIG);
    assert_string_equal(error.text, "store.backup-keep differs from the running daemon; a restart is needed");
    assert_string_equal(error.file, p->conf);
    write_file(p, "daipaod.conf", "[link]\nrate-limit = 9\n[log]\nlevel = loud\n");
    assert_int_equal(dp_config_reload(&running, p->conf, &running, &error), DP_CONFIG);
    assert_int_equal(error.line, 4);
    assert_memory_equal(&running, &before, sizeof(running));
}

/* Every option outside the three sections, one by one. */
static void reload_names_the_option_that_needs_a_restart(void **state)
{
    static const char *const other[] = {"/other", "other", "10.0.0.1:1", "1T",          "7%",
                                        "7",      "7 min", "7 days",     "01:00-02:00", "no"};
    const struct place *p = *state;
    struct dp_config_error error;
    struct dp_config running, changed;

    write_file(p, "daipaod.conf", "");
    for (size_t i = 0; i < dp_options_count; i++) {
        const struct dp_option *o = &dp_options[i];
        char want[128];
        bool reloads = strcmp(o->section, "link") == 0 || strcmp(o->section, "alarm") == 0 ||
                       strcmp(o->section, "log") == 0;
        running = load(p);
        assert_true(dp_option_set(o,
                                  o->type == DP_OPTION_ENUM           ? o->words[1]
                                  : strcmp(o->name, "keep-days") == 0 ? "777" /* at least half a year */
                                                                      : other[o->type],
                                  &running));
        snprintf(want, sizeof(want), "%s.%s differs", o->section, o->name);
        assert_int_equal(dp_config_reload(&running, p->conf, &changed, &error), reloads ? DP_OK : DP_CONFIG);
        if (!reloads)
            assert_memory_equal(error.text, want, strlen(want));
    }
}

static void print_loads_again(void **state)
{
    const struct place *p = *state;
    struct dp_config c, again;
    FILE *f;

    write_file(
        p, "daipaod.conf",
        "[parent]\naddress = 10.33.10.1:7310 [fd00::1]:7310\n[link]\nwindows = 08:00-12:00,13:00-17:00\n"
        "rate-limit = 1200\n[alarm]\ncommand = /usr/local/bin/alarm\nsilence-days = 5 days\n");
    c = load(p);
    f = fopen(p->conf, "w");
    assert_non_null(f);
    dp_config_print(&c, f);
    assert_int_equal(fclose(f), 0);
    again = load(p);
    assert_memory_equal(&c, &again, sizeof(c));
}

static void print_shows_value_and_default(void **state)
{
    struct dp_config c;
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    (void)state;
    dp_config_default(&c);
    c.children.max = 7;
    assert_non_null(f);
    dp_config_print(&c, f);
    assert_int_equal(fclose(f), 0);
    assert_non_null(strstr(text, "at once. Default: 1024\nmax = 7\n"));
    assert_non_null(strstr(text, "Default: not set\n#backup-dir =\n"));
    for (size_t i = 0; i < dp_options_count; i++)
        assert_non_null(strstr(text, dp_options[i].help));
    free(text);
}

static void error_text(void **state)
{
    struct dp_config_error e = {.file = "/etc/daipao/daipaod.conf", .line = 3, .text = "wrong"};
    char text[64];

    (void)state;
    dp_config_error_format(&e, text, sizeof(text));
    assert_string_equal(text, "/etc/daipao/daipaod.conf:3: wrong");
    e.line = 0;
    dp_config_error_format(&e, text, sizeof(text));
    assert_string_equal(text, "/etc/daipao/daipaod.conf: wrong");
}

/* ---- the sample we ship ---- */

#define SAMPLE DP_SOURCE_DIR "/conf/daipaod.conf"

static void the_sample_is_the_defaults(void **state)
{
    struct dp_config_error error;
    struct dp_config c, initial;

    (void)state;
    dp_config_default(&initial);
    assert_ok(dp_config_load(SAMPLE, &c, &error));
    assert_memory_equal(&c, &initial, sizeof(c));
}

/* How often `want` is a line of the section `section` in the sample; the line before must be a comment. */
static int count_in_sample(const char *section, const char *want)
{
    char line[256], before[256] = "", current[64] = "";
    FILE *f = fopen(SAMPLE, "r");
    int n = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '[')
            snprintf(current, sizeof(current), "%.*s", (int)strcspn(line + 1, "]"), line + 1);
        n += strcmp(current, section) == 0 && strcmp(line, want) == 0 && strncmp(before, "# ", 2) == 0;
        strcpy(before, line);
    }
    fclose(f);
    return n;
}

static void the_sample_has_every_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < dp_options_count; i++) {
        const struct dp_option *o = &dp_options[i];
        char want[256];
        snprintf(want, sizeof(want), "#%s =%s%s", o->name, o->initial ? " " : "",
                 o->initial ? o->initial : "");
        if (count_in_sample(o->section, want) != 1)
            fail_msg("[%s] must have one line \"%s\" under a comment", o->section, want);
    }
}

/* With every '#' before an option with a value taken away it still is the defaults. */
static void the_sample_is_right_when_uncommented(void **state)
{
    const struct place *p = *state;
    char line[256];
    struct dp_config c, initial;
    FILE *from = fopen(SAMPLE, "r"), *to = fopen(p->conf, "w");

    assert_true(from != NULL && to != NULL);
    while (fgets(line, sizeof(line), from) != NULL) {
        bool value = line[0] == '#' && line[1] != ' ' && strstr(line, " = ") != NULL;
        fputs(value ? line + 1 : line, to);
    }
    fclose(from);
    fclose(to);
    dp_config_default(&initial);
    c = load(p);
    assert_memory_equal(&c, &initial, sizeof(c));
}

#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(an_empty_file_is_the_defaults),
        IN_PLACE(options_are_read),
        IN_PLACE(later_files_override),
        IN_PLACE(an_override_leaves_nothing_behind),
        IN_PLACE(unknown_names),
        IN_PLACE(bad_values),
        IN_PLACE(twice_in_one_file),
        IN_PLACE(lines_that_are_no_option),
        IN_PLACE(long_lines),
        IN_PLACE(the_longest_line),
        IN_PLACE(bytes_that_are_no_text),
        IN_PLACE(errors_in_conf_d_name_their_file),
        IN_PLACE(files_that_cannot_be_read),
        IN_PLACE(conf_d_may_be_absent_but_not_a_file),
        IN_PLACE(options_that_need_each_other),
        IN_PLACE(options_without_effect_are_named),
        IN_PLACE(reload_takes_link_alarm_and_log),
        IN_PLACE(reload_is_all_or_nothing),
        IN_PLACE(reload_names_the_option_that_needs_a_restart),
        IN_PLACE(print_loads_again),
        cmocka_unit_test(print_shows_value_and_default),
        cmocka_unit_test(error_text),
        cmocka_unit_test(the_sample_is_the_defaults),
        cmocka_unit_test(the_sample_has_every_option),
        IN_PLACE(the_sample_is_right_when_uncommented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
