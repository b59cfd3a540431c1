/* SPDX-License-Identifier: Apache-2.0 */
/* Attachments: whoever is granted the key gets the chunks, also when the case is passed on before they are
 * there (R-PRT-1). */
#include <stdlib.h>
#include <string.h>

#include "node/opens.h"
#include "support/cmocka_all.h"
#include "support/town.h"

#define BYTES 200000u

static uint8_t content[BYTES];

static struct cl_result attach(struct cl_node *n, const char *ref)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_ATTACHMENT, ref);
    for (uint32_t i = 0; i < BYTES; i++)
        content[i] = (uint8_t)(i * 2654435761u >> 13);
    x.file = (struct dp_file){.name = "photo.jpg",
                              .media = 1,
                              .size = BYTES,
                              .stored = true,
                              .content = dp_slice_of(content, BYTES),
                              .upload = ""};
    s->file = &x.file;
    return cl_must(n, &x);
}

/* The whole file as the node reads it; false when the key or a chunk is missing. */
static bool has_file(struct cl_node *n, const struct dp_name *entry)
{
    struct dp_entry e;
    struct dp_slice bytes, chunk;
    struct dp_part_text t;
    size_t at = 0;
    assert_ok(dp_daemon_begin(n->d));
    enum dp_err err = dp_entry_bytes(n->d, entry, &bytes);
    if (err == DP_OK)
        err = dp_entry_decode(bytes, entry, &n->d->turn, &e);
    if (err == DP_OK)
        err = dp_parcels_read(n->d, &e, 0, &t);
    for (uint32_t i = 0; err == DP_OK && i < e.body.code3; i++) {
        err = dp_files_read(n->d, &e.body.digest, i, &t.key, &chunk);
        if (err != DP_OK)
            break;
        assert_true(at + chunk.len <= BYTES);
        assert_memory_equal(chunk.p, content + at, chunk.len);
        at += chunk.len;
    }
    (void)dp_daemon_end(n->d);
    return err == DP_OK && at == BYTES;
}

static void test_a_file_goes_with_custody(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 90);
    struct cl_result r = town_register(t.village), a = attach(t.village, r.number);
    town_settle(&t);
    assert_true(has_file(t.village, &a.name));
    assert_false(has_file(t.town, &a.name));
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    assert_true(has_file(t.town, &a.name));
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    cl_go(t.town, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    town_settle(&t);
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_true(has_file(t.county, &a.name));
    assert_false(has_file(t.city, &a.name));
    /* What the holder adds goes to the registrar. */
    struct cl_result b = attach(t.county, r.number);
    town_settle(&t);
    assert_true(has_file(t.village, &b.name));
    assert_int_equal(cl_grep_table(t.sibling, DP_T_CHUNK, dp_slice_str("")), 0);
    town_close(&t);
}

/* R-STO-6: of the chunks in an older copy of a store so many do not open any more. */
static unsigned chunks_gone(struct cl_node *n, struct dp_kv *older)
{
    struct dp_db db = {.kv = older, .vault = &n->d->vault.port};
    struct dp_opens chunks = {0};
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_opens_table(&db, DP_T_CHUNK, &chunks));
    dp_db_abort(&db);
    assert_int_equal(chunks.wrong, 0);
    return (unsigned)chunks.gone;
}

/* R-FILE-3: a file goes with the part that has its key, at every node that has it. */
static void test_an_erased_file(void **state)
{
    struct town t;
    struct cl_command x;
    char name[DP_NAME_TEXT];
    (void)state;
    town_open(&t, 95);
    struct cl_result r = town_register(t.village);
    struct cl_result a = attach(t.village, r.number), b = attach(t.village, r.number);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    assert_true(has_file(t.town, &a.name));
    unsigned all = cl_grep_table(t.town, DP_T_CHUNK, dp_slice_str(""));
    struct dp_kv *older[2] = {cl_snapshot(t.village), cl_snapshot(t.town)};
    assert_int_equal(chunks_gone(t.village, older[0]), 0);
    dp_name_format(&a.name, name);
    struct dp_step *s = cl_step(&x, DP_KIND_ERASE, r.number);
    s->re = name;
    s->code = 1;
    cl_must(t.village, &x);
    town_settle(&t);
    assert_int_equal(chunks_gone(t.village, older[0]), all / 2);
    assert_int_equal(chunks_gone(t.town, older[1]), all / 2);
    for (unsigned i = 0; i < 2; i++)
        older[i]->ops->close(&older[i]);
    assert_int_equal(cl_grep_table(t.town, DP_T_CHUNK, dp_slice_str("")), all / 2);
    assert_int_equal(cl_grep_table(t.village, DP_T_CHUNK, dp_slice_str("")), all / 2);
    assert_true(has_file(t.town, &b.name));
    town_close(&t);
}

/* The township passes the case on before a single chunk has come over its slow line. */
static void test_a_file_that_is_late(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 91);
    struct cl_link *l = cl_link_of(t.c, t.village);
    l->rate_bps = 9600;
    struct cl_result r = town_register(t.village), a = attach(t.village, r.number);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    int64_t until = t.c->now_ms + 3600000;
    while (cl_facts(t.town, &r.name) < 3)
        assert_true(cluster_step(t.c, until));
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    cl_go(t.town, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    while (cl_facts(t.county, &r.name) < 6)
        assert_true(cluster_step(t.c, until));
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    assert_false(has_file(t.town, &a.name));
    town_settle(&t);
    assert_true(has_file(t.county, &a.name));
    assert_true(has_file(t.village, &a.name));
    town_close(&t);
}

/* A take from above, and a long case: nothing of it is left behind. */
static void test_a_long_case_is_granted_whole(void **state)
{
    struct town t;
    struct cl_command x;
    struct dp_name last = {0};
    (void)state;
    town_open(&t, 92);
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    for (int i = 0; i < 300; i++) {
        cl_step(&x, DP_KIND_NOTE, r.number);
        cl_text(&x, "one more note");
        last = cl_must(t.town, &x).name;
    }
    town_settle(&t);
    cl_go(t.county, DP_KIND_TAKE, r.number, "");
    town_settle(&t);
    assert_true(town_reads(t.county, &last, 0, "one more note"));
    assert_true(town_reads(t.county, &r.name, 0, "Wang Cuihua"));
    town_close(&t);
}

/* ---- chunks that are none (R-FILE-2) ---- */

static struct dp_entry entry_of(struct cl_node *n, const struct dp_name *name)
{
    struct dp_entry e;
    struct dp_slice bytes;
    assert_ok(dp_daemon_begin(n->d));
    assert_ok(dp_entry_bytes(n->d, name, &bytes));
    assert_ok(dp_entry_decode(bytes, name, &n->d->turn, &e));
    (void)dp_daemon_end(n->d);
    return e;
}

/* In a turn that is open. */
static void send_chunk(struct cl_node *from, struct cl_node *to, struct dp_slice body)
{
    assert_ok(dp_parcels_send(from->d, to->id, DP_PARCEL_CHUNK, body, DP_LANE_BULK));
}

static unsigned rows(const struct cl_node *n, enum dp_table t)
{
    return cl_grep_table(n, t, dp_slice_str(""));
}

/* The township sees the root before the chunks go on to the county, and is first with others. */
static void test_a_false_chunk_first(void **state)
{
    struct town t;
    static uint8_t body[32 + 8 + DP_CHUNK_PATH_MAX * 32 + DP_CHUNK_BYTES + DP_TAG_BYTES];
    (void)state;
    town_open(&t, 97);
    struct cl_result r = town_register(t.village), a = attach(t.village, r.number);
    town_settle(&t);
    struct dp_entry e = entry_of(t.town, &a.name);
    assert_ok(dp_daemon_begin(t.town->d));
    for (uint32_t i = 0; i < e.body.code3; i++) {
        struct dp_wr w = dp_wr_of(body, sizeof body);
        dp_wr_bytes(&w, e.body.digest.b, 32);
        dp_wr_u32(&w, e.body.code3);
        dp_wr_u32(&w, i);
        size_t len = dp_chunk_wire_bytes(e.body.code3, i, DP_CHUNK_BYTES + DP_TAG_BYTES);
        memset(body + 40, 7, len - 40);
        send_chunk(t.town, t.county, dp_slice_of(body, len));
    }
    (void)dp_daemon_end(t.town->d);
    assert_false(cl_alarmed(t.county, "file"));
    town_settle(&t);
    assert_int_equal(rows(t.county, DP_T_CHUNK), 0);
    assert_true(cl_alarmed(t.county, "file"));
    bool named = false;
    const struct dp_alarm_row *row;
    for (uint32_t at = 0; (row = dp_alarm_next(t.county->d, &at)) != NULL;)
        named |= strstr(row->text, "by way of " TOWN) != NULL;
    assert_true(named);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    cl_go(t.town, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    town_settle(&t);
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_true(has_file(t.county, &a.name));
    town_close(&t);
}

/* True chunks of files that nobody attached: bounded, and the files of entries go on. */
static void test_chunks_of_no_entry(void **state)
{
    struct town t;
    uint8_t body[32 + 8 + 40];
    (void)state;
    town_open(&t, 98);
    assert_ok(dp_daemon_begin(t.town->d));
    for (uint32_t i = 0; i < DP_CHUNKS_MAX + 50; i++) {
        struct dp_chunk c = {.count = 1};
        uint8_t sealed[40] = {(uint8_t)i, (uint8_t)(i >> 8)};
        struct dp_wr w = dp_wr_of(body, sizeof body);
        c.sealed = dp_slice_of(sealed, sizeof sealed);
        dp_chunk_leaf(t.town->d->suite, 0, c.sealed, &c.root);
        assert_ok(dp_chunk_put(&c, &w));
        send_chunk(t.town, t.county, dp_wr_slice(&w));
    }
    (void)dp_daemon_end(t.town->d);
    town_settle(&t);
    assert_int_equal(rows(t.county, DP_T_CHUNK), DP_CHUNKS_MAX);
    assert_true(cl_alarmed(t.county, "refused"));
    struct cl_result r = town_register(t.village), a = attach(t.village, r.number);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    town_settle(&t);
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_true(has_file(t.county, &a.name));
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_goes_with_custody), cmocka_unit_test(test_an_erased_file),
        cmocka_unit_test(test_a_file_that_is_late),      cmocka_unit_test(test_a_long_case_is_granted_whole),
        cmocka_unit_test(test_a_false_chunk_first),      cmocka_unit_test(test_chunks_of_no_entry),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
