/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The golden vectors: made anew and compared with the committed file, byte for byte (R-FMT-1, R-BLK-1,
 * R-PART-1, R-PARC-1, R-HEL-1). A difference is a format that changed, which is never right.
 */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "support/file.h"
#include "support/sample.h"
#include "support/vectors.h"

#define PATH DP_SOURCE_DIR "/tests/vectors/wire.txt"

/* The line at *at without its end; false at the end of the text. */
static bool next_line(const char **at, const char *end, struct dp_slice *line)
{
    const char *stop;

    if (*at >= end)
        return false;
    stop = memchr(*at, '\n', (size_t)(end - *at));
    assert_non_null(stop);
    *line = dp_slice_of(*at, (size_t)(stop - *at));
    *at = stop + 1;
    return true;
}

/* Where the hex of a line begins, and whether the line's name ends in `suffix`. */
static bool name_ends(struct dp_slice line, const char *suffix, struct dp_slice *hex)
{
    const uint8_t *space = line.len > 0 ? memchr(line.p, ' ', line.len) : NULL;
    size_t len = strlen(suffix), name_len;

    if (space == NULL || line.p[0] == '#')
        return false;
    name_len = (size_t)(space - line.p);
    *hex = dp_slice_of(space + 1, line.len - name_len - 1);
    return name_len > len && memcmp(space - len, suffix, len) == 0;
}

static struct dp_slice unhex(struct dp_slice hex)
{
    uint8_t *p = malloc(hex.len / 2 + 1);

    assert_non_null(p);
    assert_ok(dp_unhex((const char *)hex.p, hex.len, p, hex.len / 2));
    return dp_slice_of(p, hex.len / 2);
}

static void committed_bytes_are_made_again(void **state)
{
    struct dp_slice file = test_file_read(PATH), want, have, hex;
    const char *at_want = (const char *)file.p, *end_want = at_want + file.len;
    char *made = NULL;
    size_t made_len = 0;
    FILE *out = open_memstream(&made, &made_len);
    const char *at_have;

    (void)state;
    assert_non_null(out);
    assert_ok(vectors_wire(out));
    fclose(out);
    at_have = made;
    while (next_line(&at_want, end_want, &want)) {
        assert_true(next_line(&at_have, made + made_len, &have));
        if (name_ends(want, ".frame", &hex))
            continue; /* decoded below */
        if (!dp_slice_eq(want, have))
            fail_msg("a format changed: %.*s", (int)(want.len < 60 ? want.len : 60), (const char *)want.p);
    }
    assert_ptr_equal(at_have, made + made_len);
    free(made);
    free((void *)(uintptr_t)file.p);
}

/* Header, secret and frame of the file together are a block that decodes to the raw bytes beside it. */
static void decode_block(struct dp_slice header, struct dp_slice secret, struct dp_slice raw,
                         struct dp_slice frame)
{
    struct dp_rd r = dp_rd_of(raw);
    struct dp_buf wire;
    struct dp_arena a;
    struct dp_block b;

    dp_buf_init(&wire, DP_BLOCK_WIRE_MAX);
    dp_arena_init(&a, 4 << 20, 0);
    assert_ok(dp_buf_put(&wire, header.p, header.len));
    assert_ok(dp_buf_put(&wire, secret.p, secret.len));
    assert_ok(dp_buf_put(&wire, frame.p, frame.len));
    assert_ok(dp_block_decode(dp_suite_of(DP_SUITE_INTL), dp_buf_slice(&wire), &a, &b));
    for (size_t i = 0; i < b.shown_count; i++) {
        struct dp_slice entry = dp_rd_take(&r, dp_rd_u16(&r));
        assert_true(dp_slice_eq(entry, b.shown[i].bytes));
    }
    assert_ok(dp_rd_done(&r));
    dp_arena_fini(&a);
    dp_buf_fini(&wire);
}

static void committed_frames_decode(void **state)
{
    static const char *const names[] = {".header", ".secret", ".raw", ".frame"};
    struct dp_slice file = test_file_read(PATH), line, hex;
    struct dp_slice found[4] = {{NULL, 0}};
    const char *at = (const char *)file.p, *end = at + file.len;
    int blocks = 0;

    (void)state;
    while (next_line(&at, end, &line)) {
        for (size_t i = 0; i < 4; i++) {
            if (!name_ends(line, names[i], &hex))
                continue;
            free((void *)(uintptr_t)found[i].p);
            found[i] = unhex(hex);
            if (i < 3)
                continue;
            decode_block(found[0], found[1], found[2], found[3]);
            blocks++;
        }
    }
    assert_int_equal(blocks, 2);
    for (size_t i = 0; i < 4; i++)
        free((void *)(uintptr_t)found[i].p);
    free((void *)(uintptr_t)file.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_bytes_are_made_again),
        cmocka_unit_test(committed_frames_decode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
