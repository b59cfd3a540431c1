/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-HEL-7: a node that was found restored or doubled stays stopped, whatever happens to it: restarts with the
 * line down, a death at the commit, a full disk. Root alone ends the stop, and not before the witness holds
 * nothing of this node that is not here.
 */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

#define MINUTE_MS 60000

static struct cl_result intake(struct cl_node *n)
{
    struct cl_command x;
    cl_intake(&x, "Wang", "one more");
    return cl_do(n, &x);
}

/* Nothing is acknowledged, and the answer says why and what to do. */
static void assert_silent(struct cl_node *n)
{
    uint64_t seq = n->d->own.seq;
    assert_int_not_equal(dp_daemon_stopped(n->d), DP_STOP_NONE);
    struct cl_result r = intake(n);
    assert_true(r.answered);
    assert_int_equal(r.err, DP_STOPPED);
    assert_non_null(strstr(r.text, n->d->stopped_why));
    assert_non_null(strstr(r.text, dp_stop_advice(n->d->stopped)));
    assert_int_equal(n->d->own.seq, seq);
    assert_true(cl_alarmed(n, "stopped"));
}

static struct cl_link *line_of(struct town *t, const struct cl_node *n)
{
    return cl_link_of(t->c, n);
}

/* In the dark: nobody can tell it anything. */
static void restart_with_line_down(struct town *t, struct cl_node *n)
{
    cl_cut(t->c, line_of(t, n));
    cl_kill(n, 100);
    cluster_run(t->c, MINUTE_MS);
    assert_non_null(n->d);
}

/* A village whose township holds a block that the village has lost. */
static struct dp_kv *lose_a_block(struct town *t, uint64_t seed)
{
    town_open(t, seed);
    town_register(t->village);
    town_settle(t);
    struct dp_kv *old = cl_snapshot(t->village);
    town_register(t->village);
    town_settle(t);
    return old;
}

static void test_a_restart_with_the_line_down(void **state)
{
    struct town t;
    (void)state;
    struct dp_kv *old = lose_a_block(&t, 300);
    cl_replace(t.village, old);
    cluster_run(t.c, MINUTE_MS);
    assert_silent(t.village);
    t.village->halted = false; /* the row alone is enough */
    for (int i = 0; i < 3; i++) {
        restart_with_line_down(&t, t.village);
        assert_silent(t.village);
        assert_true(dp_node_eq(t.village->d->stop.row.proof.witness, t.town->id));
        assert_true(t.village->d->stop.row.proof.has_header);
    }
    town_close(&t);
}

/* Says what it says until a person has it: reason, what to do, since when, who showed it. */
static void test_status(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    struct dp_kv *old = lose_a_block(&t, 301);
    cl_replace(t.village, old);
    cluster_run(t.c, MINUTE_MS);
    restart_with_line_down(&t, t.village);
    (void)cl_query(&x, "status");
    struct cl_result r = cl_must(t.village, &x);
    assert_non_null(strstr(r.json, "\"stopped\":\"RESTORED\""));
    assert_non_null(strstr(r.json, "\"stopped_by\":\"" TOWN "\""));
    assert_non_null(strstr(r.json, "life clear"));
    assert_null(strstr(r.json, "\"stopped_since\":null"));
    assert_non_null(strstr(r.json, "\"intake\":\"stopped\",\"intake_why\":\"stopped\""));
    town_close(&t);
}

/* A death in the turn that finds it: either the row is there or the name beside the store. */
static void test_a_death_at_the_commit(void **state)
{
    static const enum cl_crash at[] = {CL_CRASH_BEFORE_COMMIT, CL_CRASH_AFTER_COMMIT};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct town t;
        struct dp_kv *old = lose_a_block(&t, 302 + i);
        cl_replace(t.village, old);
        while (dp_daemon_stopped(t.village->d) == DP_STOP_NONE && t.village->crash_next == CL_CRASH_NONE) {
            if (cl_session(t.village, t.town)->state == DP_SESSION_DOUBTED) {
                t.village->crash_next = at[i]; /* with the next frame of the township, which is the proof */
                t.village->crash_waits = false;
            }
            assert_true(cluster_step(t.c, t.c->now_ms + MINUTE_MS));
        }
        cl_cut(t.c, line_of(&t, t.village));
        cluster_run(t.c, MINUTE_MS);
        if (t.village->d->stop.row.why != DP_STOP_NONE)
            assert_silent(t.village);
        else /* it died before the proof was there */
            assert_false(t.village->halted);
        town_close(&t);
    }
}

/* The disk takes no row; when there is room again the node is stopped all the same. */
static void test_a_full_disk_while_it_stops(void **state)
{
    struct town t;
    (void)state;
    struct dp_kv *old = lose_a_block(&t, 304);
    dp_kv_mem_faults(old)->disk_bytes_max = 1;
    cl_replace(t.village, old);
    cluster_run(t.c, MINUTE_MS);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_RESTORED);
    assert_int_not_equal(intake(t.village).err, DP_OK);
    cl_cut(t.c, line_of(&t, t.village));
    cl_kill(t.village, 100);
    dp_kv_mem_faults(t.village->kv)->disk_bytes_max = 0;
    cluster_run(t.c, MINUTE_MS);
    assert_silent(t.village);
    /* By then it is in the store too. */
    t.village->halted = false;
    restart_with_line_down(&t, t.village);
    assert_silent(t.village);
    town_close(&t);
}

/* With room made while it runs, the row is written by itself, with its evidence. */
static void test_room_after_it_stopped(void **state)
{
    struct town t;
    (void)state;
    struct dp_kv *old = lose_a_block(&t, 305);
    dp_kv_mem_faults(old)->disk_bytes_max = 1;
    cl_replace(t.village, old);
    cluster_run(t.c, MINUTE_MS);
    dp_kv_mem_faults(t.village->kv)->disk_bytes_max = 0;
    cluster_run(t.c, 10 * MINUTE_MS);
    t.village->halted = false;
    restart_with_line_down(&t, t.village);
    assert_silent(t.village);
    assert_true(t.village->d->stop.row.proof.has_header);
    town_close(&t);
}

/* ---- what was issued in the very turn that finds it ---- */

static struct dp_slice header_at(struct cl_node *holder, const struct cl_node *of,
                                 uint8_t raw[DP_HEADER_BYTES])
{
    struct dp_db db = {.kv = holder->kv};
    struct dp_chain_row row;
    struct dp_slice wire;
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_db_chain(&db, of->id, of->d->own.inc, &row));
    assert_ok(dp_db_block_any(&db, of->id, of->d->own.inc, row.number, &wire));
    memcpy(raw, wire.p, DP_HEADER_BYTES);
    dp_db_abort(&db);
    return dp_slice_of(raw, DP_HEADER_BYTES);
}

static void test_nothing_is_acknowledged_with_it(void **state)
{
    struct town t;
    struct cl_command x;
    struct dp_buf b;
    uint8_t raw[DP_HEADER_BYTES];
    (void)state;
    struct dp_kv *old = lose_a_block(&t, 306);
    cl_cut(t.c, line_of(&t, t.village));
    cl_replace(t.village, old);
    uint64_t seq = t.village->d->own.seq;
    struct dp_frame f = {.type = DP_FRAME_PROOF, .u.proof.header = header_at(t.town, t.village, raw)};
    dp_buf_init(&b, DP_FRAME_MAX);
    assert_ok(dp_frame_put(&f, &b));
    cl_intake(&x, "Wang", "one more");
    x.rq.commands = &x.cmd;
    assert_ok(dp_daemon_begin(t.village->d));
    dp_daemon_request(t.village->d, 7, cl_uid(t.village), &x.rq);
    assert_int_equal(t.village->d->own.seq, seq + 1);
    dp_daemon_frame(t.village->d, t.town->id, dp_buf_slice(&b));
    assert_int_equal(dp_daemon_end(t.village->d), DP_STOPPED);
    dp_buf_fini(&b);
    assert_int_equal(t.village->d->own.seq, seq);
    assert_true(t.village->halted);
    cluster_run(t.c, MINUTE_MS); /* the row comes with the next turn */
    t.village->halted = false;
    restart_with_line_down(&t, t.village);
    assert_int_equal(t.village->d->own.seq, seq);
    assert_silent(t.village);
    town_close(&t);
}

/* What lies unsealed is not signed by a restored node: it would sign two things with one number. */
static void test_nothing_is_sealed_after_it(void **state)
{
    struct town t;
    (void)state;
    struct dp_kv *old = lose_a_block(&t, 307);
    cl_cut(t.c, line_of(&t, t.village));
    cl_replace(t.village, old);
    (void)town_register(t.village); /* in the dark nobody can know */
    uint64_t sealed = t.village->d->own.sealed_seq;
    cl_mend(line_of(&t, t.village));
    cluster_run(t.c, MINUTE_MS);
    assert_silent(t.village);
    assert_int_equal(t.village->d->own.sealed_seq, sealed);
    cl_kill(t.village, 100);
    cluster_run(t.c, MINUTE_MS);
    assert_int_equal(t.village->d->own.sealed_seq, sealed);
    town_close(&t);
}

/* ---- how it ends ---- */

static struct cl_result clear_as(struct cl_node *n, uint32_t uid)
{
    struct cl_command x;
    cl_admin(&x, "life.clear");
    return cl_do_as(n, uid, &x);
}

static void assert_refused(struct cl_node *n, const char *text)
{
    struct cl_result r = clear_as(n, 0);
    assert_int_equal(r.err, DP_CONFLICT);
    if (strstr(r.text, text) == NULL)
        fail_msg("says \"%s\", not \"%s\"", r.text, text);
    assert_int_not_equal(dp_daemon_stopped(n->d), DP_STOP_NONE);
}

static void clear_link(struct cl_node *at, const char *of)
{
    struct cl_command x;
    cl_admin(&x, "link.clear")->node = of;
    cl_must(at, &x);
}

/* Whatever is cleared at whichever end: while the block is missing, the stop stays. */
static void test_not_while_the_block_is_missing(void **state)
{
    struct town t;
    (void)state;
    struct dp_kv *old = lose_a_block(&t, 310);
    cl_replace(t.village, old);
    cluster_run(t.c, MINUTE_MS);
    for (int i = 0; i < 3; i++) {
        assert_refused(t.village, "not here");
        clear_link(t.town, VILLAGE);
        clear_link(t.village, TOWN);
        cluster_run(t.c, MINUTE_MS);
        cl_kill(t.village, 100);
        cluster_run(t.c, MINUTE_MS);
    }
    assert_silent(t.village);
    town_close(&t);
}

/* The true store is put back, and the name beside it still says stopped: the township must say first that it
 * holds nothing more. */
static void test_the_true_store_is_put_back(void **state)
{
    struct town t;
    (void)state;
    struct dp_kv *old = lose_a_block(&t, 311);
    struct dp_kv *newest = cl_snapshot(t.village);
    cl_replace(t.village, old);
    cluster_run(t.c, MINUTE_MS);
    cl_cut(t.c, line_of(&t, t.village));
    cl_replace(t.village, newest);
    t.village->halted = true;
    cl_kill(t.village, 100);
    cluster_run(t.c, MINUTE_MS);
    assert_silent(t.village);
    assert_refused(t.village, "must greet first");
    cl_mend(line_of(&t, t.village));
    cluster_run(t.c, MINUTE_MS);
    assert_refused(t.village, "must greet first"); /* the link is stopped at both ends */
    clear_link(t.town, VILLAGE);
    clear_link(t.village, TOWN);
    cluster_run(t.c, MINUTE_MS);
    assert_int_equal(clear_as(t.village, cl_uid(t.village)).err, DP_NOT_ENTITLED);
    assert_silent(t.village);
    struct cl_result c = clear_as(t.village, 0);
    if (c.err != DP_OK)
        fail_msg("%s", c.text);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_NONE);
    assert_false(t.village->halted);
    cluster_run(t.c, MINUTE_MS);
    assert_false(cl_alarmed(t.village, "stopped"));
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    cl_kill(t.village, 100);
    cluster_run(t.c, MINUTE_MS);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_NONE);
    town_close(&t);
}

/* A failed commit ends nothing; a death before what follows the commit leaves the name, and it stays stopped.
 */
static void test_a_clear_that_is_not_committed(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 312);
    town_register(t.village);
    town_settle(&t);
    dp_daemon_stop_issuing(t.village->d, DP_STOP_RESTORED, dp_life_text(DP_LIFE_MISSING), false);
    cluster_run(t.c, MINUTE_MS);
    dp_kv_mem_faults(t.village->kv)->commit = (struct dp_fault){1, DP_IO};
    assert_int_not_equal(clear_as(t.village, 0).err, DP_OK);
    assert_silent(t.village);
    cluster_run(t.c, MINUTE_MS);
    t.village->crash_next = CL_CRASH_AFTER_COMMIT;
    assert_false(clear_as(t.village, 0).answered);
    cluster_run(t.c, MINUTE_MS);
    town_close(&t);
}

/* Twins: who is left goes on by root's word, the other's line being free again. */
static void test_of_two_one_is_left(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 313);
    struct cl_node *twin = cl_clone(t.village);
    cluster_run(t.c, 10 * MINUTE_MS);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_CLONE);
    assert_int_equal(dp_daemon_stopped(twin->d), DP_STOP_CLONE);
    cl_kill(twin, -1);
    restart_with_line_down(&t, t.village);
    assert_silent(t.village);
    assert_refused(t.village, "must greet first");
    cl_mend(line_of(&t, t.village));
    clear_link(t.town, VILLAGE);
    cluster_run(t.c, MINUTE_MS);
    assert_int_equal(clear_as(t.village, 0).err, DP_OK);
    cluster_run(t.c, MINUTE_MS);
    struct cl_result r = town_register(t.village);
    cluster_run(t.c, MINUTE_MS);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    /* The other one is started again: it was stopped for good, and it is behind now. */
    cl_kill(t.village, -1);
    cl_start(twin);
    cluster_run(t.c, MINUTE_MS);
    assert_silent(twin);
    town_close(&t);
}

static void test_what_cannot_be_ended(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 314);
    assert_int_equal(clear_as(t.village, 0).err, DP_CONFLICT);
    dp_daemon_stop_issuing(t.village->d, DP_STOP_RESTORED, dp_life_text(DP_LIFE_BEHIND), true);
    town_settle(&t);
    assert_refused(t.village, "newer store");
    cl_admin(&x, "node.retire")->flags = 1;
    cl_must(t.sibling, &x);
    assert_refused(t.sibling, "retired");
    town_close(&t);
}

/* What arrived while nothing could be issued has its arrival afterwards. */
static void test_arrivals_after_it(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 315);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    dp_daemon_stop_issuing(t.town->d, DP_STOP_RESTORED, dp_life_text(DP_LIFE_OTHER_MACHINE), false);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    assert_int_equal(cl_facts(t.town, &r.name), 2);
    assert_int_equal(clear_as(t.town, 0).err, DP_OK);
    town_settle(&t);
    assert_int_equal(cl_facts(t.town, &r.name), 3);
    assert_int_equal(cl_facts(t.city, &r.name), 3);
    town_close(&t);
}

/* R-STO-3: a start that the full disk did not let be noted is no stop, and ends by itself. */
static void test_a_start_on_a_full_disk(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 316);
    town_register(t.village);
    town_settle(&t);
    dp_daemon_wait_life(t.village->d);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_NONE);
    struct cl_result r = intake(t.village);
    assert_int_equal(r.err, DP_INTAKE_STOPPED);
    assert_non_null(strstr(r.text, "by itself"));
    cluster_run(t.c, MINUTE_MS);
    assert_true(cl_alarmed(t.village, "disk"));
    assert_false(cl_alarmed(t.village, "stopped"));
    /* Any keeper does: there is none in this cluster, and nothing is sealed before it goes again. */
    dp_daemon_life(t.village->d, (struct dp_life_keeper *)&t);
    dp_daemon_life(t.village->d, NULL);
    cluster_run(t.c, MINUTE_MS);
    assert_false(cl_alarmed(t.village, "disk"));
    r = town_register(t.village);
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    town_close(&t);
}

/* ---- the row ---- */

static void test_the_row(void **state)
{
    struct dp_stop_row r = {.why = DP_STOP_CLONE,
                            .since_ms = 5,
                            .proof = {.witness = {9}, .has_header = true}},
                       out;
    uint8_t raw[DP_STOP_ROW_MAX], damaged[DP_STOP_ROW_MAX];
    (void)state;
    memset(r.proof.header, 7, sizeof r.proof.header);
    strcpy(r.text, "why");
    struct dp_slice s = dp_stop_row_put(&r, raw);
    assert_ok(dp_stop_row_get(s, &out));
    assert_memory_equal(&r, &out, sizeof r);
    for (size_t len = 0; len < s.len; len++)
        assert_int_equal(dp_stop_row_get(dp_slice_of(s.p, len), &out), DP_CORRUPT);
    memcpy(damaged, raw, s.len);
    damaged[1] = DP_STOP_REVOKED;
    assert_int_equal(dp_stop_row_get(dp_slice_of(damaged, s.len), &out), DP_CORRUPT);
}

/* A row that cannot be read stops the node: what it said cannot be known. */
static void test_a_damaged_row_stops(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 317);
    cl_kill(t.village, -1);
    struct dp_db db = {.kv = t.village->kv};
    assert_ok(dp_db_begin(&db, true));
    dp_db_meta_put(&db, "stop", dp_slice_str("?"));
    assert_ok(dp_db_commit(&db));
    cl_start(t.village);
    assert_silent(t.village);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_restart_with_the_line_down),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_a_death_at_the_commit),
        cmocka_unit_test(test_a_full_disk_while_it_stops),
        cmocka_unit_test(test_room_after_it_stopped),
        cmocka_unit_test(test_nothing_is_acknowledged_with_it),
        cmocka_unit_test(test_nothing_is_sealed_after_it),
        cmocka_unit_test(test_not_while_the_block_is_missing),
        cmocka_unit_test(test_the_true_store_is_put_back),
        cmocka_unit_test(test_a_clear_that_is_not_committed),
        cmocka_unit_test(test_of_two_one_is_left),
        cmocka_unit_test(test_what_cannot_be_ended),
        cmocka_unit_test(test_arrivals_after_it),
        cmocka_unit_test(test_a_start_on_a_full_disk),
        cmocka_unit_test(test_the_row),
        cmocka_unit_test(test_a_damaged_row_stops),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
