/* SPDX-License-Identifier: Apache-2.0 */
/* R-SHOW-1: what a terminal would obey, or an eye would not see, is a mark; in JSON it is an escape that
 * means the same. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "visible.h"

static const char tricks[] = "\xe7\x8e\x8b\xe2\x80\xae" /* a name, then U+202E */
                             "gpj.exe\x1b[2J\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xc2\x9b\xf3\xa0\x81\x81";
static const char marks[] = "\xe7\x8e\x8b<U+202E>gpj.exe<U+001B>[2J<U+2066><U+200B><U+FEFF><U+009B><U+E0041>";

static void test_marks(void **state)
{
    char out[256];
    (void)state;
    dp_visible(tricks, out, sizeof(out));
    assert_string_equal(out, marks);
    dp_visible("\xe5\xa4\xa9\xe5\x8f\xb0\xe5\x8e\xbf\t1\n", out, sizeof(out)); /* nothing of it is one */
    assert_string_equal(out, "\xe5\xa4\xa9\xe5\x8f\xb0\xe5\x8e\xbf\t1\n");
    dp_visible("\xff\xe7\x8e", out, sizeof(out)); /* no UTF-8: as it is */
    assert_string_equal(out, "\xff\xe7\x8e");
    dp_visible(tricks, out, 8); /* neither a character nor a mark is cut */
    assert_string_equal(out, "\xe7\x8e\x8b");
    dp_visible(tricks, out, 1);
    assert_string_equal(out, "");
}

static void test_json_means_the_same(void **state)
{
    (void)state;
    json_t *v = json_pack("{s:s}", "name", tricks);
    char *raw = json_dumps(v, JSON_COMPACT), *text = dp_visible_json(raw);
    assert_non_null(text);
    assert_non_null(strstr(text, "\\u202e"));
    for (const char *c = text; *c != '\0'; c++) {
        uint32_t code;
        assert_int_equal(dp_visible_hidden(c, strlen(c), &code), 0);
    }
    json_t *again = json_loads(text, 0, NULL);
    assert_true(json_equal(v, again));
    json_decref(v);
    json_decref(again);
    free(raw);
    free(text);
}

/* What a child prints to both streams, through a pipe. `step`: bytes that it flushes at a time. */
static void printed(size_t step, char *out, size_t cap)
{
    int fd[2];
    size_t at = 0;
    ssize_t n;
    assert_int_equal(pipe(fd), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(fd[1], STDOUT_FILENO);
        dup2(fd[1], STDERR_FILENO);
        close(fd[0]);
        dp_visible_begin();
        for (size_t i = 0; i < strlen(tricks); i += step) {
            fwrite(tricks + i, 1, strlen(tricks) - i < step ? strlen(tricks) - i : step, stdout);
            fflush(stdout);
        }
        fprintf(stderr, "%s", tricks);
        _exit(0);
    }
    close(fd[1]);
    while ((n = read(fd[0], out + at, cap - 1 - at)) > 0)
        at += (size_t)n;
    out[at] = '\0';
    close(fd[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_both_streams(void **state)
{
    char out[512], want[512];
    (void)state;
    snprintf(want, sizeof(want), "%s%s", marks, marks);
    for (size_t step = 1; step < 9; step++) { /* whatever the buffer cuts in two */
        printed(step, out, sizeof(out));
        assert_string_equal(out, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_json_means_the_same),
        cmocka_unit_test(test_both_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
