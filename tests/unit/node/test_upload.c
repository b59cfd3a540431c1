/* SPDX-License-Identifier: Apache-2.0 */
/* Files larger than a request come in pieces, are sealed as they come, and go to whom the case goes
 * (R-FILE-1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/command.h"
#include "support/cmocka_all.h"
#include "support/town.h"

#define PIECE (256u << 10)
#define BYTES (5u << 20)
#define WORD "a word drawn at random"

static uint8_t byte_at(uint64_t i)
{
    return (uint8_t)(i * UINT64_C(2654435761) >> 17);
}

static struct cl_result piece(struct cl_node *n, const char *word, uint64_t offset, size_t len)
{
    static uint8_t bytes[PIECE];
    struct cl_command x;
    cl_query(&x, "");
    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(offset + i);
    x.cmd.kind = DP_COMMAND_BLOB;
    x.cmd.u.blob = (struct dp_blob){.upload = word, .offset = offset, .data = dp_slice_of(bytes, len)};
    return cl_do_as(n, cl_uid(n), &x);
}

static void upload(struct cl_node *n, const char *word, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += PIECE)
        assert_ok(piece(n, word, at, bytes - at < PIECE ? (size_t)(bytes - at) : PIECE).err);
}

static struct cl_result attach(struct cl_node *n, const char *ref, const char *word, uint64_t bytes, bool dry)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_ATTACHMENT, ref);
    x.file = (struct dp_file){.name = "scan.pdf", .media = 1, .size = bytes, .stored = true, .upload = word};
    s->file = &x.file;
    x.rq.dry_run = dry;
    return cl_do(n, &x);
}

/* How many bytes of the file the node can read; a wrong one fails. */
static uint64_t readable(struct cl_node *n, const struct dp_name *entry)
{
    struct dp_entry e;
    struct dp_slice bytes, chunk;
    struct dp_part_text t = {0};
    uint64_t at = 0;
    assert_ok(dp_daemon_begin(n->d));
    enum dp_err err = dp_entry_bytes(n->d, entry, &bytes);
    if (err == DP_OK)
        err = dp_entry_decode(bytes, entry, &n->d->turn, &e);
    if (err == DP_OK)
        err = dp_parcels_read(n->d, &e, 0, &t);
    for (uint32_t i = 0; err == DP_OK && i < e.body.code3; i++) {
        err = dp_files_read(n->d, &e.body.digest, i, &t.key, &chunk);
        for (size_t k = 0; err == DP_OK && k < chunk.len; k++)
            assert_int_equal(chunk.p[k], byte_at(at + k));
        at += err == DP_OK ? chunk.len : 0;
    }
    (void)dp_daemon_end(n->d);
    return at;
}

static uint32_t rows(const struct cl_node *n, enum dp_table table)
{
    return cl_grep_table(n, table, dp_slice_str(""));
}

static void test_five_megabytes_go_with_the_case(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 130);
    struct cl_result r = town_register(t.village);
    upload(t.village, WORD, BYTES);
    struct cl_result a = attach(t.village, r.number, WORD, BYTES, false);
    assert_ok(a.err);
    assert_int_equal(readable(t.village, &a.name), BYTES);
    assert_int_equal(rows(t.village, DP_T_UPLOAD), 0);
    assert_int_equal(rows(t.village, DP_T_CHUNK), BYTES / DP_CHUNK_BYTES);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    assert_int_equal(rows(t.village, DP_T_CHUNK_DUE), 1); /* not all in one turn */
    town_settle(&t);
    assert_int_equal(readable(t.town, &a.name), BYTES);
    assert_int_equal(rows(t.village, DP_T_CHUNK_DUE), 0);
    town_close(&t);
}

/* The node dies while the file is on its way into parcels: it goes on where it was. */
static void test_a_restart_in_the_middle(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 131);
    struct cl_result r = town_register(t.village);
    upload(t.village, WORD, BYTES / 2);
    cl_kill(t.village, 10);
    town_settle(&t);
    for (uint64_t at = BYTES / 2; at < BYTES; at += PIECE)
        assert_ok(piece(t.village, WORD, at, PIECE).err);
    struct cl_result a = attach(t.village, r.number, WORD, BYTES, false);
    assert_ok(a.err);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    cl_kill(t.village, 10);
    town_settle(&t);
    assert_int_equal(readable(t.town, &a.name), BYTES);
    town_close(&t);
}

static void test_what_is_refused(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 132);
    struct cl_result r = town_register(t.village);
    assert_int_equal(piece(t.village, "short", 0, 100).err, DP_USAGE);
    assert_int_equal(piece(t.village, WORD, PIECE, PIECE).err, DP_GAP);
    assert_ok(piece(t.village, WORD, 0, PIECE).err);
    assert_ok(piece(t.village, WORD, 0, PIECE).err); /* said again */
    assert_int_equal(piece(t.village, WORD, 2 * PIECE, PIECE).err, DP_GAP);
    assert_ok(piece(t.village, WORD, PIECE, 100).err);
    assert_int_equal(piece(t.village, WORD, PIECE + 100, 100).err, DP_GAP); /* the last piece came */
    assert_int_equal(attach(t.village, r.number, WORD, PIECE, false).err, DP_CONFLICT);
    assert_int_equal(attach(t.village, r.number, "another word, as long", PIECE, false).err, DP_NOT_FOUND);
    assert_int_equal(attach(t.village, r.number, WORD, (uint64_t)DP_FILE_BYTES_MAX + 1, false).err,
                     DP_TOO_BIG);
    assert_int_equal(attach(t.village, r.number, WORD, 0, false).err, DP_USAGE);
    assert_ok(attach(t.village, r.number, WORD, PIECE + 100, true).err); /* a dry run takes nothing */
    assert_ok(attach(t.village, r.number, WORD, PIECE + 100, false).err);
    assert_int_equal(attach(t.village, r.number, WORD, PIECE + 100, false).err, DP_NOT_FOUND);
    town_close(&t);
}

/* A file that cannot be attached leaves nothing behind, whole or in pieces. */
static void test_a_refused_step_keeps_no_chunk(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 133);
    struct cl_result r = town_register(t.village);
    struct dp_step *s = cl_step(&x, DP_KIND_ATTACHMENT, r.number);
    x.file = (struct dp_file){.name = "a.txt", .media = 4, .size = 4, .stored = true, .upload = ""};
    x.file.content = dp_slice_str("text");
    s->file = &x.file;
    x.rq.dry_run = true;
    assert_ok(cl_do(t.village, &x).err);
    x.rq.dry_run = false;
    s->case_ref = "no such case";
    assert_int_equal(cl_do(t.village, &x).err, DP_NOT_FOUND);
    assert_int_equal(rows(t.village, DP_T_CHUNK), 0);
    town_close(&t);
}

/* Bounded: so many at once, and one that rests is forgotten with its chunks. */
static void test_uploads_that_nobody_ends(void **state)
{
    struct town t;
    char word[32];
    enum dp_err e = DP_OK;
    int n = 0;
    (void)state;
    town_open(&t, 134);
    for (; e == DP_OK && n < 1000; n++) {
        snprintf(word, sizeof word, "a word drawn at random %d", n);
        e = piece(t.village, word, 0, PIECE).err;
    }
    assert_int_equal(e, DP_AGAIN);
    assert_true(n < 100);
    assert_int_equal(rows(t.village, DP_T_CHUNK), (unsigned)(n - 1) * PIECE / DP_CHUNK_BYTES);
    t.village->clock_off_ms += INT64_C(3700000);
    assert_ok(piece(t.village, WORD, 0, PIECE).err);
    assert_int_equal(rows(t.village, DP_T_UPLOAD), 1);
    assert_int_equal(rows(t.village, DP_T_CHUNK), PIECE / DP_CHUNK_BYTES);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_five_megabytes_go_with_the_case),
        cmocka_unit_test(test_a_restart_in_the_middle),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_refused_step_keeps_no_chunk),
        cmocka_unit_test(test_uploads_that_nobody_ends),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
