/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of the link: layouts of proto/link.md (R-HEL-1, R-ACK-1, R-ACK-2, R-RSD-3, R-RSD-4), strict in both
 * directions.
 */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "support/sample.h"

static struct dp_slice put(const struct dp_frame *f, struct dp_buf *out)
{
    dp_buf_reset(out);
    assert_ok(dp_frame_put(f, out));
    return dp_buf_slice(out);
}

static void the_hello_has_its_layout(void **state)
{
    struct dp_frame f = {.type = DP_FRAME_HELLO}, again;
    struct dp_hello *h = &f.u.hello;
    struct dp_buf out;
    struct dp_slice s;

    (void)state;
    dp_buf_init(&out, DP_FRAME_MAX);
    h->version_max = 3;
    h->version_min = 1;
    h->rules = 2;
    h->flags = 3;
    h->program = 0x01020304;
    h->node.v = UINT64_C(33102300000000);
    h->inc = 0xa1a2a3a4;
    memset(h->nonce, 0x4e, 16);
    h->clock_ms = 0x1122334455;
    memset(h->cert.b, 0xce, 32);
    h->head = (struct dp_head){7, 8, {{9}}};
    h->yours = (struct dp_head){10, 11, {{12}}};
    for (uint8_t i = 0; i < DP_LANES; i++) {
        h->lane[i].my_epoch = 0x60u + i;
        h->lane[i].my_last = 0x70u + i;
        h->lane[i].your_epoch = 0x80u + i;
        h->lane[i].your_durable = 0x90u + i;
    }
    h->my_gen = 0xb1b2b3b4;
    h->your_gen = 0xc1c2c3c4;
    s = put(&f, &out);
    assert_int_equal(s.len, DP_HELLO_BYTES);
    assert_memory_equal(s.p, "\1\3\1\2\3\1\2\3\4\0\0\x1e\x1b\x3a\xd5\x2f\0\xa1\xa2\xa3\xa4", 21);
    assert_memory_equal(s.p + 37, "\0\0\0\x11\x22\x33\x44\x55\xce", 9);
    assert_memory_equal(s.p + 77, "\0\0\0\7\0\0\0\0\0\0\0\10\11", 13);
    assert_memory_equal(s.p + 121, "\0\0\0\12\0\0\0\0\0\0\0\13\14", 13);
    assert_memory_equal(s.p + 165 + 24, "\0\0\0\x61\0\0\0\0\0\0\0\x71\0\0\0\x81\0\0\0\0\0\0\0\x91", 24);
    assert_memory_equal(s.p + 261, "\xb1\xb2\xb3\xb4\xc1\xc2\xc3\xc4\0", 9);
    assert_ok(dp_frame_get(s, &again));
    assert_int_equal(again.u.hello.clock_ms, h->clock_ms);
    assert_int_equal(again.u.hello.lane[3].your_durable, 0x93);
    dp_buf_fini(&out);
}

static void the_hello_is_strict(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {
        {2, 2},                              /* lowest version above the highest */
        {2, 0},                              /* no version 0 */
        {4, 4},                              /* reserved flag */
        {37, 0x80},                          /* clock before 1970 */
        {269, 1},   {DP_HELLO_BYTES - 1, 1}, /* reserved */
    };
    struct dp_frame f, again;
    struct dp_buf out, body;
    struct dp_slice s;
    struct dp_rng r;

    (void)state;
    dp_rng_seed(&r, 9);
    dp_buf_init(&out, DP_FRAME_MAX);
    dp_buf_init(&body, 1 << 16);
    f = sample_frame(&r, DP_FRAME_HELLO, &body);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        s = put(&f, &out);
        assert_ok(dp_frame_get(s, &again));
        out.p[rows[i].at] = rows[i].value;
        assert_int_equal(dp_frame_get(s, &again), DP_FORMAT);
    }
    dp_buf_fini(&body);
    dp_buf_fini(&out);
}

static void small_frames_have_their_layout(void **state)
{
    struct dp_frame ack = {.type = DP_FRAME_ACK}, refused = {.type = DP_FRAME_REFUSED};
    struct dp_frame bye = {.type = DP_FRAME_BYE}, keep = {.type = DP_FRAME_KEEP, .u.keep = 1};
    struct dp_frame item = {.type = DP_FRAME_ITEM};
    struct dp_buf out;

    (void)state;
    dp_buf_init(&out, DP_FRAME_MAX);
    ack.u.ack.lanes = 0x5;
    ack.u.ack.lane[0].epoch = 1;
    ack.u.ack.lane[0].durable = 2;
    ack.u.ack.lane[2].epoch = 3;
    ack.u.ack.lane[2].durable = 4;
    assert_int_equal(put(&ack, &out).len, 26);
    assert_memory_equal(out.p, "\3\5\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\3\0\0\0\0\0\0\0\4", 26);
    refused.u.refused = (struct dp_refused_frame){.lane = 2, .epoch = 5, .number = 6, .code = DP_FORMAT};
    assert_int_equal(put(&refused, &out).len, 16);
    assert_memory_equal(out.p, "\4\2\0\7\0\0\0\5\0\0\0\0\0\0\0\6", 16);
    bye.u.bye = (struct dp_bye_frame){.reason = DP_STOP_WRONG_PARENT, .node = {1}};
    assert_int_equal(put(&bye, &out).len, 12);
    assert_memory_equal(out.p, "\5\0\0\3\0\0\0\0\0\0\0\1", 12);
    assert_int_equal(put(&keep, &out).len, 2);
    assert_memory_equal(out.p, "\6\1", 2);
    item.u.item = (struct dp_item_frame){
        .lane = 1, .kind = 2, .epoch = 3, .number = 4, .offset = 5, .total = 8, .body = dp_slice_str("abc")};
    assert_int_equal(put(&item, &out).len, DP_ITEM_HEAD_BYTES + 3);
    assert_memory_equal(out.p, "\2\1\2\0\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\5\0\0\0\10abc", 27);
    dp_buf_fini(&out);
}

static void lists_have_their_layout(void **state)
{
    static const struct {
        uint8_t part;
        size_t bytes;
        const char *row;
    } rows[] = {
        {DP_LIST_CERTS, 32, "abcdefghijklmnopqrstuvwxyzABCDEF"},
        {DP_LIST_CHAINS, 36, "abcdefghijkl\0\0\0\0\0\0\1\2ABCDEFGHIJKLMNOP"},
        {DP_LIST_SUBJECTS, 41, "abcdefghijklmnopqrstu\0\0\1\2ABCDEFGHIJKLMNOP"},
        {DP_LIST_PARCELS, 32, "abcdefghijklmnopqrstuvwxyzABCDEF"},
    };
    struct dp_frame ask = {.type = DP_FRAME_ASK}, list = {.type = DP_FRAME_LIST}, again;
    struct dp_buf out, row;

    (void)state;
    dp_buf_init(&out, DP_FRAME_MAX);
    dp_buf_init(&row, DP_FRAME_MAX);
    ask.u.ask = (struct dp_ask_frame){DP_LIST_CHAINS, 5, dp_list_key_of("xy", 2)};
    assert_int_equal(put(&ask, &out).len, 40);
    assert_memory_equal(out.p, "\7\2\0\0\0\0\0\5xy\0", 11);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dp_list_row r = {.key = {"abcdefghijklmnopqrstuvwxyzABCDEF"}, .count = 0x102};
        const uint8_t part = rows[i].part;

        memcpy(r.digest, "ABCDEFGHIJKLMNOP", 16);
        dp_buf_reset(&row);
        assert_ok(dp_list_row_put(part, &r, &row));
        assert_int_equal(row.len, rows[i].bytes);
        assert_memory_equal(row.p, rows[i].row, row.len);
        list.u.list =
            (struct dp_list_frame){part, 5, dp_list_key_of("a", 1), dp_list_key_end(), dp_buf_slice(&row)};
        assert_int_equal(put(&list, &out).len, 72 + row.len);
        assert_memory_equal(out.p + 2, "\0\0\0\0\0\5a\0", 8);
        assert_ok(dp_frame_get(dp_buf_slice(&out), &again));
        assert_int_equal(dp_list_rows(&again.u.list), 1);
        dp_list_row_get(&again.u.list, 0, &r);
        assert_int_equal(r.count, rows[i].bytes == 32 ? 0 : 0x102);
        assert_memory_equal(r.key.b, "abcdefghijkl", 12);
    }
    dp_buf_fini(&row);
    dp_buf_fini(&out);
}

static struct dp_list_row row_of(uint8_t first)
{
    return (struct dp_list_row){.key = {{first}}};
}

/* What a page must not be, each broken alone. */
static void lists_are_strict(void **state)
{
    struct dp_frame f = {.type = DP_FRAME_LIST}, again;
    const struct dp_list_row four = row_of(4), five = row_of(5);
    struct dp_buf rows, out;

    (void)state;
    dp_buf_init(&rows, DP_FRAME_MAX);
    dp_buf_init(&out, DP_FRAME_MAX);
    assert_ok(dp_list_row_put(DP_LIST_CERTS, &four, &rows));
    assert_ok(dp_list_row_put(DP_LIST_CERTS, &five, &rows));
    f.u.list = (struct dp_list_frame){DP_LIST_CERTS, 1, dp_list_key_of("\3", 1), dp_list_key_of("\5", 1),
                                      dp_buf_slice(&rows)};
    put(&f, &out);
    assert_ok(dp_frame_get(dp_buf_slice(&out), &again));
    static const struct {
        size_t at;
        uint8_t value;
        const char *what;
    } bad[] = {
        {1, 0, "no part"},
        {1, 5, "no part"},
        {2, 1, "reserved"},
        {3, 1, "reserved"},
        {8, 4, "not above"},
        {8, 5, "nothing between"},
        {40, 4, "beyond the end"},
        {72, 5, "not rising"},
        {72 + 32, 4, "the same twice"},
        {1, DP_LIST_SUBJECTS, "half a row"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put(&f, &out);
        out.p[bad[i].at] = bad[i].value;
        if (dp_frame_get(dp_buf_slice(&out), &again) != DP_FORMAT)
            fail_msg("%s", bad[i].what);
    }
    f.u.list.part = 9;
    dp_buf_reset(&out);
    assert_int_equal(dp_frame_put(&f, &out), DP_RANGE);
    dp_buf_fini(&out);
    dp_buf_fini(&rows);
}

static void a_list_has_an_end(void **state)
{
    struct dp_frame f = {.type = DP_FRAME_LIST};
    struct dp_buf rows, out;

    (void)state;
    dp_buf_init(&rows, DP_FRAME_MAX);
    dp_buf_init(&out, DP_FRAME_MAX);
    for (uint32_t i = 0; i <= DP_LIST_ROWS_MAX; i++) {
        const uint8_t key[2] = {(uint8_t)(1 + (i >> 8)), (uint8_t)i};
        const struct dp_list_row row = {.key = dp_list_key_of(key, sizeof(key))};
        f.u.list = (struct dp_list_frame){DP_LIST_PARCELS, 1, dp_list_key_of("", 0), dp_list_key_end(),
                                          dp_buf_slice(&rows)};
        dp_buf_reset(&out);
        assert_ok(dp_frame_put(&f, &out));
        assert_ok(dp_list_row_put(DP_LIST_PARCELS, &row, &rows));
    }
    f.u.list.rows = dp_buf_slice(&rows);
    assert_int_equal(dp_frame_put(&f, &out), DP_RANGE);
    assert_int_equal(
        dp_list_row_put(DP_LIST_SUBJECTS, &(struct dp_list_row){.count = UINT64_C(1) << 32}, &rows),
        DP_RANGE);
    assert_int_equal(dp_list_row_put(0, &(struct dp_list_row){.count = 1}, &rows), DP_RANGE);
    dp_buf_fini(&out);
    dp_buf_fini(&rows);
}

static void every_frame_survives_both_ways(void **state)
{
    struct dp_buf first, second, body;
    struct dp_rng r;

    (void)state;
    dp_rng_seed(&r, 31);
    dp_buf_init(&first, DP_FRAME_MAX);
    dp_buf_init(&second, DP_FRAME_MAX);
    dp_buf_init(&body, 1 << 16);
    for (int i = 0; i < 600; i++) {
        struct dp_frame f, again;
        struct dp_slice s;
        dp_buf_reset(&body);
        f = sample_frame(&r, (uint8_t)(1 + i % DP_FRAME_PROOF), &body);
        s = put(&f, &first);
        assert_ok(dp_frame_get(s, &again));
        assert_int_equal(again.type, f.type);
        assert_true(dp_slice_eq(s, put(&again, &second)));
    }
    dp_buf_fini(&body);
    dp_buf_fini(&second);
    dp_buf_fini(&first);
}

static void lengths_are_exact(void **state)
{
    struct dp_buf out, body;
    struct dp_rng r;

    (void)state;
    dp_rng_seed(&r, 32);
    dp_buf_init(&out, DP_FRAME_MAX);
    dp_buf_init(&body, 1 << 16);
    for (uint8_t type = DP_FRAME_HELLO; type <= DP_FRAME_PROOF; type++) {
        struct dp_frame f = sample_frame(&r, type, &body), again;
        struct dp_slice s = put(&f, &out);
        size_t least = type == DP_FRAME_ITEM ? DP_ITEM_HEAD_BYTES + 1 : type == DP_FRAME_LIST ? 72 : s.len;
        for (size_t len = 0; len < least; len++) {
            if (type == DP_FRAME_PROOF && len == 2)
                continue; /* the proof that there is none */
            assert_int_equal(dp_frame_get(dp_slice_of(s.p, len), &again), DP_FORMAT);
        }
        assert_ok(dp_buf_put(&out, "", 1));
        assert_int_equal(dp_frame_get(dp_buf_slice(&out), &again), DP_FORMAT);
    }
    dp_buf_fini(&body);
    dp_buf_fini(&out);
}

static void malformed_frames(void **state)
{
    static const struct {
        size_t len;
        const char *bytes;
    } rows[] = {
        {2, "\0\0"},
        {2, "\7\0"},
        {2, "\x9\1"},
        {3, "\x9\0\0"},
        {2, "\xa\1"},
        {3, "\xa\0\0"},
        {2, "\xb\0"},
        {2, "\6\2"},
        {2, "\3\0"},
        {14, "\3\x10\0\0\0\1\0\0\0\0\0\0\0\2"},
        {12, "\5\1\0\3\0\0\0\0\0\0\0\1"},
        {16, "\4\4\0\7\0\0\0\5\0\0\0\0\0\0\0\6"},
        {16, "\4\2\0\0\0\0\0\5\0\0\0\0\0\0\0\6"},
        {16, "\4\2\0\7\0\0\0\5\0\0\0\0\0\0\0\0"},
        {27, "\2\4\2\0\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\3abc"}, /* lane */
        {27, "\2\1\2\1\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\3abc"}, /* reserved */
        {27, "\2\1\2\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3abc"}, /* number 0 */
        {27, "\2\1\2\0\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\1\0\0\0\3abc"}, /* past the whole */
        {27, "\2\1\2\0\0\0\0\3\0\0\0\0\0\0\0\4\xff\xff\xff\xff\0\0\0\3abc"},
    };
    struct dp_frame f;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(dp_frame_get(dp_slice_of(rows[i].bytes, rows[i].len), &f), DP_FORMAT);
}

static void what_would_be_refused_is_not_written(void **state)
{
    struct dp_frame f = {.type = DP_FRAME_ITEM};
    uint8_t *big = calloc(1, DP_FRAME_MAX + 1);
    struct dp_buf out;

    (void)state;
    assert_non_null(big);
    dp_buf_init(&out, 2 * DP_FRAME_MAX);
    f.u.item = (struct dp_item_frame){.lane = DP_LANES, .number = 1, .total = 3, .body = dp_slice_str("abc")};
    assert_int_equal(dp_frame_put(&f, &out), DP_RANGE);
    f.u.item.lane = 0;
    f.u.item.body = dp_slice_of(big, DP_FRAME_MAX);
    f.u.item.total = DP_FRAME_MAX;
    assert_int_equal(dp_frame_put(&f, &out), DP_TOO_BIG);
    assert_int_equal(dp_frame_get(dp_slice_of(big, DP_FRAME_MAX + 1), &f), DP_TOO_BIG);
    f = (struct dp_frame){.type = 11};
    assert_int_equal(dp_frame_put(&f, &out), DP_RANGE);
    f = (struct dp_frame){.type = DP_FRAME_ACK};
    assert_int_equal(dp_frame_put(&f, &out), DP_RANGE);
    assert_int_equal(out.len, 0);
    dp_buf_fini(&out);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hello_has_its_layout),
        cmocka_unit_test(the_hello_is_strict),
        cmocka_unit_test(small_frames_have_their_layout),
        cmocka_unit_test(lists_have_their_layout),
        cmocka_unit_test(lists_are_strict),
        cmocka_unit_test(a_list_has_an_end),
        cmocka_unit_test(every_frame_survives_both_ways),
        cmocka_unit_test(lengths_are_exact),
        cmocka_unit_test(malformed_frames),
        cmocka_unit_test(what_would_be_refused_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
