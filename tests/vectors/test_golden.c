/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden vectors of certificates, a history with its folded state, and the control protocol: made anew and
 * compared with the committed files, byte for byte. A difference is a promise that is broken. What is read
 * back from the committed bytes is the history again, entry by entry.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/slice.h"
#include "golden.h"
#include "support/cmocka_all.h"
#include "support/file.h"
#include "wire/entry.h"

static void compare(const char *word, const char *made, size_t made_len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/vectors/%s.txt", DP_SOURCE_DIR, word);
    struct dp_slice want = test_file_read(path);
    size_t i = 0, line = 0;
    while (i < want.len && i < made_len && want.p[i] == (uint8_t)made[i]) {
        line = want.p[i] == '\n' ? i + 1 : line;
        i++;
    }
    if (i < want.len || i < made_len)
        fail_msg("%s.txt: a format changed at %.60s", word, made_len > line ? made + line : "its end");
    free((void *)(uintptr_t)want.p);
}

static void committed_bytes_are_made_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < golden_file_count; i++) {
        char *made = NULL;
        size_t len = 0;
        if (strcmp(golden_files[i].word, "wire") == 0)
            continue; /* its own test: frames of zstd may differ between versions of the library */
        FILE *out = open_memstream(&made, &len);
        assert_non_null(out);
        assert_int_equal(golden_files[i].make(out), DP_OK);
        fclose(out);
        compare(golden_files[i].word, made, len);
        free(made);
    }
}

/* The hex after "WORD " of one line. */
static size_t unhex_after(const char *line, const char *word, uint8_t *to, size_t cap)
{
    const char *at = strstr(line, word);
    assert_non_null(at);
    at += strlen(word);
    size_t len = strcspn(at, "\n");
    assert_true(len / 2 <= cap);
    assert_int_equal(dp_unhex(at, len, to, len / 2), DP_OK);
    return len / 2;
}

/* Name and bytes of each entry: decoded under the one and encoded anew they are the other. */
static void committed_entries_read_back(void **state)
{
    struct dp_slice file = test_file_read(DP_SOURCE_DIR "/tests/vectors/history.txt");
    char *text = malloc(file.len + 1);
    unsigned count = 0;
    (void)state;
    assert_non_null(text);
    memcpy(text, file.p, file.len);
    text[file.len] = '\0';
    for (const char *at = strstr(text, ".name "); at != NULL; at = strstr(at + 1, ".name ")) {
        uint8_t name[DP_NAME_BYTES], bytes[4096];
        struct dp_arena a;
        struct dp_entry e;
        struct dp_buf again;
        assert_int_equal(unhex_after(at, ".name ", name, sizeof name), sizeof name);
        size_t len = unhex_after(at, ".bytes ", bytes, sizeof bytes);
        struct dp_name n = dp_name_get(name);
        dp_arena_init(&a, 1 << 16, 0);
        dp_buf_init(&again, sizeof bytes);
        assert_int_equal(dp_entry_decode(dp_slice_of(bytes, len), &n, &a, &e), DP_OK);
        assert_int_equal(dp_entry_encode(&e, &again), DP_OK);
        assert_true(dp_slice_eq(dp_buf_slice(&again), dp_slice_of(bytes, len)));
        dp_buf_fini(&again);
        dp_arena_fini(&a);
        count++;
    }
    assert_in_range(count, 20, 40);
    free(text);
    free((void *)(uintptr_t)file.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_bytes_are_made_again),
        cmocka_unit_test(committed_entries_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
