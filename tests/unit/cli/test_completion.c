/* SPDX-License-Identifier: Apache-2.0 */
/* The completion, the man page and the table of commands say the same. A failure prints the line that is due.
 */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "support/file.h"

#define COMPLETION DP_SOURCE_DIR "/cli/completion/daipao"
#define PAGE DP_SOURCE_DIR "/cli/man/daipao.1"

static char *text_of(const char *path)
{
    struct dp_slice s = test_file_read(path);
    char *text = malloc(s.len + 1);

    assert_non_null(text);
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    free((void *)(uintptr_t)s.p);
    return text;
}

static void must_have(const char *text, const char *line)
{
    if (strstr(text, line) == NULL)
        fail_msg("missing: %s", line);
}

static void add(char *line, size_t cap, const char *word)
{
    size_t at = strlen(line);

    assert_true(at + strlen(word) + 1 < cap);
    snprintf(line + at, cap - at, "%s", word);
}

/* "    case register) echo ..." with the options in the order of the list. */
static void options_line(const struct dp_verb *v, char *line, size_t cap)
{
    snprintf(line, cap, "    \"%s%s%s\") echo \"", v->noun, v->noun[0] != '\0' ? " " : "", v->verb);
    for (unsigned o = 0, n = 0; o < OPT_COUNT; o++) {
        if ((v->opts >> o & 1) == 0)
            continue;
        add(line, cap, n++ > 0 ? " --" : "--");
        add(line, cap, dp_opt_name((enum dp_opt)o));
    }
    add(line, cap, "\" ;;\n");
}

static void the_completion_has_the_options_of_every_verb(void **state)
{
    char *text = text_of(COMPLETION), line[2048];

    (void)state;
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        if (dp_verbs[i].opts == 0)
            continue;
        options_line(&dp_verbs[i], line, sizeof(line));
        must_have(text, line);
    }
    free(text);
}

static void verbs_line(const char *noun, char *line, size_t cap)
{
    unsigned n = 0;

    snprintf(line, cap, "    \"%s\") echo \"", noun);
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        if (strcmp(dp_verbs[i].noun, noun) != 0)
            continue;
        add(line, cap, n++ > 0 ? " " : "");
        add(line, cap, dp_verbs[i].verb);
    }
    /* Without a noun, nouns may stand as well as verbs. */
    for (unsigned i = 1; noun[0] == '\0' && i < dp_verbs_count; i++) {
        if (strcmp(dp_verbs[i].noun, dp_verbs[i - 1].noun) == 0)
            continue;
        add(line, cap, " ");
        add(line, cap, dp_verbs[i].noun);
    }
    add(line, cap, "\" ;;\n");
}

static void the_completion_has_every_noun_and_verb(void **state)
{
    char *text = text_of(COMPLETION), line[2048];

    (void)state;
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        verbs_line(dp_verbs[i].noun, line, sizeof(line));
        must_have(text, line);
    }
    free(text);
}

static void the_man_page_has_every_verb_with_its_arguments(void **state)
{
    char *text = text_of(PAGE), line[256];

    (void)state;
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        const struct dp_verb *v = &dp_verbs[i];
        snprintf(line, sizeof(line), "\n.B daipao %s%s%s%s%s\n", v->noun, v->noun[0] != '\0' ? " " : "",
                 v->verb, v->args[0] != '\0' ? " " : "", v->args);
        must_have(text, line);
    }
    free(text);
}

static void the_man_page_has_every_option(void **state)
{
    char *text = text_of(PAGE), line[128];

    (void)state;
    for (unsigned o = 0; o < OPT_COUNT; o++) {
        snprintf(line, sizeof(line), "\n.B \\-\\-%s", dp_opt_name((enum dp_opt)o));
        for (char *c = strchr(line + 8, '-'); c != NULL; c = strchr(c + 2, '-')) {
            memmove(c + 1, c, strlen(c) + 1);
            *c = '\\';
        }
        must_have(text, line);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_completion_has_the_options_of_every_verb),
        cmocka_unit_test(the_completion_has_every_noun_and_verb),
        cmocka_unit_test(the_man_page_has_every_verb_with_its_arguments),
        cmocka_unit_test(the_man_page_has_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
