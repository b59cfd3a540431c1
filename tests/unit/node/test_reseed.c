/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node that has to give up its journals to a neighbour: what the neighbour lacks is found by its own list
 * and queued, and nothing else (R-RSD-1 to R-RSD-8). Both directions, cut and crashed in the middle, and with
 * a neighbour that lies.
 */
#include <string.h>

#include "inject.h"
#include "node/renew.h"
#include "support/cmocka_all.h"
#include "support/town.h"

#define CASES 300
#define SMALL_WINDOW 2048 /* some two dozen rows a page */

static const struct dp_peer *peer_of(struct cl_node *n, const struct cl_node *peer)
{
    return dp_peers_find(n->d, peer->id);
}

static bool is_owed(struct cl_node *n, const struct cl_node *peer)
{
    return peer_of(n, peer)->row.reseed.part != 0;
}

/* What the journals to `peer` hold, by kind. */
static uint64_t queued(struct cl_node *n, const struct cl_node *peer, enum dp_ref_kind kind)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_arena a;
    struct dp_peer_row row;
    uint64_t count = 0;
    dp_arena_init(&a, 1 << 20, 0);
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_db_peer(&db, peer->id, &row));
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        for (uint64_t no = 1; no <= row.lane[lane].journal_last; no++) {
            struct dp_ref r;
            dp_arena_reset(&a);
            enum dp_err e = dp_db_journal(&db, peer->id, lane, no, &a, &r);
            if (e == DP_NOT_FOUND && lane == DP_LANE_BULK && no <= row.lane[lane].acked)
                continue; /* a post that is there (R-POST-6) */
            assert_ok(e);
            count += r.kind == kind;
        }
    dp_db_abort(&db);
    dp_arena_fini(&a);
    return count;
}

static uint64_t queued_all(struct cl_node *n, const struct cl_node *peer)
{
    return queued(n, peer, DP_REF_BLOCK) + queued(n, peer, DP_REF_ENTRIES) + queued(n, peer, DP_REF_CERT) +
           queued(n, peer, DP_REF_PARCEL) + queued(n, peer, DP_REF_CHUNK);
}

static void assert_done(struct town *t, struct cl_node *n, struct cl_node *peer)
{
    town_settle(t);
    assert_int_equal(cl_session(n, peer)->state, DP_SESSION_UP);
    assert_int_equal(cl_session(peer, n)->state, DP_SESSION_UP);
    assert_false(is_owed(n, peer));
    assert_false(cl_alarmed(n, "reseed"));
    assert_int_equal(dp_daemon_stopped(n->d), DP_STOP_NONE);
}

/* Cases of the village that the town has accepted: entries go down, and a key for each. */
static void many(struct town *t, struct cl_result *r, unsigned count)
{
    struct cl_command x;
    for (unsigned i = 0; i < count; i++) {
        struct dp_intake *in = cl_intake(&x, "Wang Cuihua", "the roof of the school leaks");
        in->respondents[0] = VILLAGE "/committee"; /* matters only when it is locked */
        in->respondent_count = 1;
        r[i] = cl_must(t->village, &x);
        cl_go(t->village, DP_KIND_REFER_UP, r[i].number, TOWN "/bureau");
        if (i % 50 == 49)
            town_settle(t);
    }
    town_settle(t);
    for (unsigned i = 0; i < count; i++)
        cl_go(t->town, DP_KIND_ACCEPT, r[i].number, "");
    town_settle(t);
}

static void assert_village_sees_all(struct town *t, const struct cl_result *r, unsigned count)
{
    struct cl_node *both[] = {t->town, t->village};
    for (unsigned i = 0; i < count; i++)
        town_assert_equal(&r[i].name, both, 2);
}

static struct cl_result note(struct cl_node *n, const char *number, const char *text)
{
    struct cl_command x;
    cl_step(&x, DP_KIND_NOTE, number);
    cl_text(&x, text);
    return cl_must(n, &x);
}

static void open_small(struct town *t, uint64_t seed)
{
    town_open(t, seed);
    t->c->options.window_bytes = SMALL_WINDOW;
}

/* ---- downward ---- */

static void test_only_differences_travel_down(void **state)
{
    struct town t;
    struct cl_result r[CASES];
    (void)state;
    open_small(&t, 40);
    many(&t, r, CASES);
    /* Nothing is missing: nothing is queued. */
    cl_renew(t.town, t.village);
    assert_true(is_owed(t.town, t.village));
    assert_done(&t, t.town, t.village);
    assert_int_equal(queued_all(t.town, t.village), 0);
    assert_int_equal(cl_session(t.village, t.town)->gen_in, 1);
    /* Seven notes, written while the line was dead, are lost with the journal. */
    cl_cut(t.c, cl_link_of(t.c, t.village));
    struct cl_result last = {0};
    for (unsigned i = 0; i < 7; i++)
        last = note(t.town, r[40 * i].number, "we come on Monday");
    cl_renew(t.town, t.village);
    assert_int_equal(queued_all(t.town, t.village), 0);
    cl_mend(cl_link_of(t.c, t.village));
    assert_done(&t, t.town, t.village);
    assert_village_sees_all(&t, r, CASES);
    assert_int_equal(queued(t.town, t.village, DP_REF_ENTRIES), 7);
    assert_true(town_reads(t.village, &last.name, 0, "we come on Monday"));
    assert_true(queued(t.town, t.village, DP_REF_PARCEL) <= 7);
    assert_int_equal(queued_all(t.town, t.village),
                     7 + queued(t.town, t.village, DP_REF_PARCEL)); /* certificates are there */
    /* And on as ever. */
    note(t.town, r[0].number, "it is done");
    assert_done(&t, t.town, t.village);
    assert_village_sees_all(&t, r, 1);
    town_close(&t);
}

/* Whoever dies or is cut off in between, at whatever commit. */
static void disturb(struct town *t, unsigned i)
{
    struct cl_node *n = i % 2 == 0 ? t->town : t->village;
    switch (i % 5) {
    case 0:
    case 1:
        n->crash_next = CL_CRASH_AFTER_COMMIT;
        break;
    case 2:
    case 3:
        n->crash_next = CL_CRASH_BEFORE_COMMIT;
        break;
    default:
        cl_break(t->c, cl_link_of(t->c, t->village), true);
    }
}

static bool count_lists(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    (void)from;
    (void)to;
    *(unsigned *)ctx += frame.p[0] == DP_FRAME_LIST;
    return true;
}

static bool still_owed(struct town *t)
{
    return t->town->d == NULL || t->village->d == NULL || is_owed(t->town, t->village) ||
           is_owed(t->village, t->town);
}

static void stumble_through(struct town *t, unsigned round)
{
    for (unsigned i = 0; i < 2000 && (i < 8 || still_owed(t)); i++) {
        if (i % 16 == round)
            disturb(t, round + i / 16);
        cluster_step(t->c, t->c->now_ms + 500);
        if (t->town->d == NULL)
            cl_start(t->town);
        if (t->village->d == NULL)
            cl_start(t->village);
    }
    t->town->crash_next = t->village->crash_next = CL_CRASH_NONE;
}

static void test_cuts_and_crashes_in_the_middle(void **state)
{
    enum { COUNT = 60, ROUNDS = 12 };
    struct town t;
    struct cl_result r[COUNT];
    unsigned pages = 0;
    (void)state;
    open_small(&t, 41);
    t.c->redial_ms = 200;
    many(&t, r, COUNT);
    t.c->tap = count_lists;
    t.c->tap_ctx = &pages;
    for (unsigned round = 0; round < ROUNDS; round++) {
        cl_cut(t.c, cl_link_of(t.c, t.village));
        for (unsigned i = 0; i < 5; i++)
            note(t.town, r[(7 * round + 11 * i) % COUNT].number, "again");
        struct cl_result up = town_register(t.village);
        cl_renew(t.town, t.village);
        if (round % 2 == 0)
            cl_renew(t.village, t.town);
        cl_mend(cl_link_of(t.c, t.village));
        stumble_through(&t, round);
        assert_done(&t, t.town, t.village);
        assert_done(&t, t.village, t.town);
        assert_village_sees_all(&t, r, COUNT);
        assert_int_equal(cl_facts(t.town, &up.name), 1);
        assert_int_equal(cl_facts(t.city, &up.name), 1);
    }
    assert_true(pages > 5 * ROUNDS); /* nothing was listed in one go */
    assert_true(t.c->crashes_before + t.c->crashes_after > 2 * ROUNDS);
    town_close(&t);
}

/* ---- upward ---- */

/* What the town passed on lies in its journal to the county, and is lost with it (R-RSD-6, R-RSD-7). */
static void test_only_differences_travel_up(void **state)
{
    enum { BEFORE = 40, LOST = 5 };
    struct town t;
    struct cl_result r[BEFORE + LOST];
    (void)state;
    open_small(&t, 42);
    for (unsigned i = 0; i < BEFORE + LOST; i++) {
        if (i == BEFORE)
            cl_cut(t.c, cl_link_of(t.c, t.town));
        r[i] = town_register(i % 2 == 0 ? t.village : t.sibling);
        cluster_run(t.c, 5000); /* a block each */
    }
    uint64_t owed = cl_session(t.town, t.county)->lane[DP_LANE_CASES].journal_last -
                    cl_session(t.town, t.county)->lane[DP_LANE_CASES].acked;
    assert_true(owed >= LOST);
    cl_renew(t.town, t.county);
    cl_mend(cl_link_of(t.c, t.town));
    assert_done(&t, t.town, t.county);
    for (unsigned i = 0; i < BEFORE + LOST; i++)
        assert_int_equal(cl_facts(t.city, &r[i].name), cl_facts(t.town, &r[i].name));
    assert_int_equal(queued(t.town, t.county, DP_REF_BLOCK), owed);
    assert_int_equal(queued_all(t.town, t.county), owed);
    town_close(&t);
}

/* Content for those above, sealed and on its way; and what went before is not sent again. */
static void test_parcels_are_found_again(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 43);
    struct cl_result first = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, first.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, first.number, "");
    town_settle(&t);
    cl_cut(t.c, cl_link_of(t.c, t.town));
    cl_go(t.town, DP_KIND_REFER_UP, first.number, COUNTY "/bureau");
    cluster_run(t.c, 5000);
    cl_renew(t.town, t.county);
    cl_mend(cl_link_of(t.c, t.town));
    assert_done(&t, t.town, t.county);
    assert_true(town_reads(t.county, &first.name, 0, "Wang Cuihua"));
    uint64_t parcels = queued(t.town, t.county, DP_REF_PARCEL);
    assert_true(parcels > 0);
    cl_renew(t.town, t.county);
    assert_done(&t, t.town, t.county);
    assert_int_equal(queued_all(t.town, t.county), 0);
    town_close(&t);
}

/* ---- the way there: an item of a journal cannot be read (R-STO-5) ---- */

static void fill_counted(void *ctx, void *to, size_t len)
{
    uint8_t *next = ctx;
    memset(to, ++*next, len);
}

static void spoil_item(struct cl_node *n, const struct cl_node *peer, uint64_t number, bool drop)
{
    uint8_t key[17];
    struct dp_wr w = dp_wr_of(key, sizeof key);
    struct dp_db db = {.kv = n->kv};
    dp_wr_u64(&w, peer->id.v);
    dp_wr_u8(&w, DP_LANE_CASES);
    dp_wr_u64(&w, number);
    assert_ok(dp_db_begin(&db, true));
    if (drop)
        dp_db_del_key(&db, DP_T_JOURNAL, dp_wr_slice(&w));
    else
        dp_db_put_key(&db, DP_T_JOURNAL, dp_wr_slice(&w), dp_slice_str("no item"));
    assert_ok(dp_db_commit(&db));
}

static void test_a_damaged_journal_is_repaired(void **state)
{
    struct town t;
    struct cl_result r[4];
    uint8_t next = 0;
    struct dp_random random = {fill_counted, &next};
    (void)state;
    for (int drop = 0; drop < 2; drop++) {
        town_open(&t, 49);
        many(&t, r, 4);
        FILE *to = tmpfile();
        assert_non_null(to);
        cl_kill(t.town, -1);
        assert_ok(dp_renew_journals(t.town->kv, &random, to)); /* nothing is damaged: nothing is done */
        cl_start(t.town);
        assert_done(&t, t.town, t.village);
        assert_int_equal(cl_session(t.town, t.village)->gen_out, 0);
        cl_cut(t.c, cl_link_of(t.c, t.village));
        note(t.town, r[2].number, "we come on Monday");
        uint64_t last = cl_session(t.town, t.village)->lane[DP_LANE_CASES].journal_last;
        cl_kill(t.town, -1);
        spoil_item(t.town, t.village, last, drop != 0);
        cl_start(t.town);
        cl_mend(cl_link_of(t.c, t.village));
        cluster_run(t.c, 60000);
        assert_true(cl_alarmed(t.town, "store"));
        assert_true(cl_session(t.town, t.village)->lane[DP_LANE_CASES].acked < last);
        cl_kill(t.town, -1);
        assert_ok(dp_renew_journals(t.town->kv, &random, to));
        cl_start(t.town);
        assert_done(&t, t.town, t.village);
        assert_int_equal(cl_session(t.town, t.village)->gen_out, 1);
        assert_int_equal(cl_session(t.town, t.county)->gen_out, 0);
        assert_int_equal(cl_session(t.town, t.sibling)->gen_out, 0);
        assert_village_sees_all(&t, r, 4);
        fclose(to);
        town_close(&t);
    }
}

/* ---- a child that lies ---- */

static bool drop_lists(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    const struct town *t = ctx;
    return !(from == t->village && to == t->town && frame.p[0] == DP_FRAME_LIST);
}

static void say_list(struct town *t, uint8_t part, const struct dp_list_row *rows, uint32_t count)
{
    struct dp_buf row, bytes;
    struct dp_frame f = {.type = DP_FRAME_LIST};
    dp_buf_init(&row, DP_FRAME_MAX);
    dp_buf_init(&bytes, DP_FRAME_MAX);
    for (uint32_t i = 0; i < count; i++)
        assert_ok(dp_list_row_put(part, &rows[i], &row));
    f.u.list = (struct dp_list_frame){.part = part,
                                      .gen = cl_session(t->town, t->village)->gen_out,
                                      .through = dp_list_key_end(),
                                      .rows = dp_buf_slice(&row)};
    assert_ok(dp_frame_put(&f, &bytes));
    cl_inject(t->town, t->village->id, dp_buf_slice(&bytes));
    dp_buf_fini(&bytes);
    dp_buf_fini(&row);
}

static struct dp_list_row row_of_case(const struct dp_name *of_case, uint64_t count)
{
    uint8_t b[DP_SUBJECT_BYTES];
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of_case};
    dp_subject_put(&s, b);
    return (struct dp_list_row){.key = dp_list_key_of(b, sizeof b), .count = count};
}

/* It says that it holds nothing but what it cannot hold. It gets its own again, and of the others nothing. */
static void test_a_list_entitles_to_nothing(void **state)
{
    struct town t;
    struct cl_command x;
    struct cl_result mine[3], others, rows_of;
    (void)state;
    town_open(&t, 44);
    many(&t, mine, 3);
    others = town_register(t.sibling);
    cl_go(t.sibling, DP_KIND_REFER_UP, others.number, TOWN "/bureau");
    town_settle(&t);
    rows_of = cl_go(t.town, DP_KIND_ACCEPT, others.number, "");
    cl_step(&x, DP_KIND_LOCK, mine[1].number)->code =
        1; /* from now on it is denied to the village (R-N3-2) */
    cl_must(t.town, &x);
    town_settle(&t);
    t.c->tap = drop_lists;
    t.c->tap_ctx = &t;
    cl_renew(t.town, t.village);
    cluster_run(t.c, 60000);
    assert_int_equal(peer_of(t.town, t.village)->row.reseed.part, DP_LIST_CERTS);
    say_list(&t, DP_LIST_PARCELS, NULL, 0); /* not asked for */
    assert_int_equal(peer_of(t.town, t.village)->row.reseed.part, DP_LIST_CERTS);
    say_list(&t, DP_LIST_CERTS, NULL, 0);
    struct dp_list_row rows[2] = {row_of_case(&others.name, 1), row_of_case(&rows_of.name, 9)};
    if (dp_list_key_cmp(&rows[0].key, &rows[1].key) > 0)
        rows[0] = rows[1], rows[1] = row_of_case(&others.name, 1);
    say_list(&t, DP_LIST_SUBJECTS, rows, 2);
    say_list(&t, DP_LIST_PARCELS, NULL, 0);
    assert_false(is_owed(t.town, t.village));
    town_settle(&t);
    assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_UP);
    assert_int_equal(cl_facts(t.village, &others.name), 0);
    uint8_t name[DP_NAME_BYTES];
    dp_name_put(&others.name, name);
    assert_int_equal(cl_grep(t.village, dp_slice_of(name, sizeof name)), 0);
    /* The cases that are not locked, once each, beside what every child gets of nodes and data. */
    struct dp_db db = {.kv = t.town->kv};
    struct dp_arena arena;
    unsigned cases = 0;
    dp_arena_init(&arena, 1 << 20, 0);
    assert_ok(dp_db_begin(&db, false));
    for (uint64_t no = 1; no <= cl_session(t.town, t.village)->lane[DP_LANE_CASES].journal_last; no++) {
        struct dp_ref r;
        assert_ok(dp_db_journal(&db, t.village->id, DP_LANE_CASES, no, &arena, &r));
        if (r.kind != DP_REF_ENTRIES || r.subject.type != DP_SUBJECT_CASE)
            continue;
        assert_true(dp_name_eq(&r.subject.name, &mine[0].name) || dp_name_eq(&r.subject.name, &mine[2].name));
        cases++;
    }
    dp_db_abort(&db);
    dp_arena_fini(&arena);
    assert_int_equal(cases, 2);
    town_close(&t);
}

/* What a child may ask: nothing but of its own subtree, and nothing of an older journal. */
struct heard {
    struct cl_node *child;
    struct dp_node covers;
    unsigned lists, rows;
};

static bool hear_lists(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct heard *h = ctx;
    struct dp_frame f;
    (void)from;
    if (to != h->child || frame.p[0] != DP_FRAME_LIST)
        return true;
    assert_ok(dp_frame_get(frame, &f));
    h->lists++;
    for (uint32_t i = 0; i < dp_list_rows(&f.u.list); i++) {
        struct dp_list_row row;
        dp_list_row_get(&f.u.list, i, &row);
        struct dp_rd r = dp_rd_of(dp_slice_of(row.key.b, 8));
        if (f.u.list.part == DP_LIST_CHAINS)
            assert_true(dp_node_covers(h->covers, (struct dp_node){.v = dp_rd_u64(&r)}));
        else
            assert_int_equal(f.u.list.part, DP_LIST_CERTS);
        h->rows++;
    }
    return true;
}

static void ask(struct town *t, uint8_t part, uint32_t gen)
{
    struct dp_frame f = {.type = DP_FRAME_ASK, .u.ask = {.part = part, .gen = gen}};
    struct dp_buf b;
    dp_buf_init(&b, DP_FRAME_MAX);
    assert_ok(dp_frame_put(&f, &b));
    cl_inject(t->town, t->village->id, dp_buf_slice(&b));
    dp_buf_fini(&b);
    cluster_run(t->c, 1000);
}

static void test_a_child_is_told_of_its_own_alone(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 45);
    struct heard h = {.child = t.village, .covers = t.village->id};
    town_register(t.sibling);
    town_register(t.village);
    town_settle(&t);
    t.c->tap = hear_lists;
    t.c->tap_ctx = &h;
    ask(&t, DP_LIST_SUBJECTS, 0);
    assert_int_equal(h.rows, 0);
    ask(&t, DP_LIST_CHAINS, 0);
    assert_int_equal(h.rows, 1);
    ask(&t, DP_LIST_CERTS, 0);
    assert_int_equal(h.rows, 2);
    assert_int_equal(h.lists, 3);
    ask(&t, DP_LIST_CERTS, 1);
    assert_int_equal(h.lists, 3);
    assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_UP);
    assert_int_equal(cl_session(t.village, t.town)->state, DP_SESSION_UP); /* lists nobody asked for */
    town_close(&t);
}

/* ---- benign, or not (R-RSD-2) ---- */

static void test_a_sender_from_before_its_new_journals_stops(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 46);
    struct dp_kv *old = cl_snapshot(t.town);
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t); /* its arrival is signed by the township */
    cl_renew(t.town, t.village);
    assert_done(&t, t.town, t.village);
    cl_replace(t.town, old);
    cluster_run(t.c, 60000);
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_RESTORED);
    assert_true(cl_alarmed(t.village, "link"));
    assert_int_equal(cl_session(t.village, t.town)->state, DP_SESSION_STOPPED);
    town_close(&t);
}

/* Nothing that it signed is missing, and a child's word for its journals is no proof (R-HEL-6): that link is
 * down and alarmed at both ends, and the node goes on. */
static void test_a_sender_that_lost_only_its_new_journals(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 47);
    struct dp_kv *old = cl_snapshot(t.town);
    cl_renew(t.town, t.village);
    assert_done(&t, t.town, t.village);
    cl_replace(t.town, old);
    cluster_run(t.c, 60000);
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_NONE);
    assert_true(cl_alarmed(t.town, "link"));
    assert_true(cl_alarmed(t.village, "link"));
    assert_int_equal(cl_session(t.village, t.town)->state, DP_SESSION_STOPPED);
    struct cl_result r = town_register(t.sibling);
    cluster_run(t.c, 60000);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    town_close(&t);
}

/* Entries held about a node. */
static uint32_t facts_about(struct cl_node *n, struct dp_node about)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_subject s = dp_subject_of_node(about);
    struct dp_slice packed;
    struct dp_casefile f;
    uint32_t count = 0;
    dp_casefile_init(&f, &s);
    assert_ok(dp_db_begin(&db, false));
    if (dp_db_case(&db, &s, &packed) == DP_OK) {
        assert_ok(dp_casefile_unpack(packed, &f));
        count = f.count;
    }
    dp_db_abort(&db);
    dp_casefile_fini(&f);
    return count;
}

/* Only what it received is missing at the receiver, the new journals with it: it is asked anew. */
static void test_a_receiver_from_before_the_new_journals(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 47);
    struct dp_kv *old = cl_snapshot(t.village);
    cl_officer(t.town, TOWN "/culture", 7001);
    town_settle(&t);
    cl_renew(t.town, t.village);
    assert_done(&t, t.town, t.village);
    cl_officer(t.town, TOWN "/water", 7002);
    town_settle(&t);
    uint32_t all = facts_about(t.town, t.town->id);
    assert_int_equal(facts_about(t.village, t.town->id), all);
    cl_replace(t.village, old);
    assert_true(facts_about(t.village, t.town->id) < all);
    assert_done(&t, t.town, t.village);
    assert_int_equal(facts_about(t.village, t.town->id), all);
    /* What is in the middle of a chain of items is of no use to it: they were begun anew once more. */
    assert_int_equal(cl_session(t.town, t.village)->gen_out, 2);
    assert_int_equal(cl_session(t.village, t.town)->gen_in, 2);
    town_close(&t);
}

/* What was refused of the old journal is not said of the new one. */
static void test_refusals_end_with_their_journal(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 48);
    inject_item(t.town, t.village, DP_LANE_CASES, DP_ITEM_BLOCK, dp_slice_str("no block at all"));
    assert_true(cl_alarmed(t.town, "refused"));
    cl_renew(t.village, t.town);
    assert_done(&t, t.village, t.town);
    struct cl_result r = town_register(t.village);
    assert_done(&t, t.village, t.town);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    assert_false(cl_alarmed(t.town, "refused"));
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_differences_travel_down),
        cmocka_unit_test(test_cuts_and_crashes_in_the_middle),
        cmocka_unit_test(test_only_differences_travel_up),
        cmocka_unit_test(test_parcels_are_found_again),
        cmocka_unit_test(test_a_damaged_journal_is_repaired),
        cmocka_unit_test(test_a_list_entitles_to_nothing),
        cmocka_unit_test(test_a_child_is_told_of_its_own_alone),
        cmocka_unit_test(test_a_sender_from_before_its_new_journals_stops),
        cmocka_unit_test(test_a_sender_that_lost_only_its_new_journals),
        cmocka_unit_test(test_a_receiver_from_before_the_new_journals),
        cmocka_unit_test(test_refusals_end_with_their_journal),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
