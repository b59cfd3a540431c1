/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written after an offer or a request and before its answer: whoever has the case in the end reads
 * it, whichever way the case went (R-PRT-1, R-PRT-2).
 */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

#define FILE_BYTES 40000u

static uint8_t content[FILE_BYTES];

static struct dp_name note(struct cl_node *n, const char *ref, const char *text)
{
    struct cl_command x;
    cl_step(&x, DP_KIND_NOTE, ref);
    cl_text(&x, text);
    return cl_must(n, &x).name;
}

static struct dp_name attach(struct cl_node *n, const char *ref)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_ATTACHMENT, ref);
    for (uint32_t i = 0; i < FILE_BYTES; i++)
        content[i] = (uint8_t)(i * 2654435761u >> 13);
    x.file = (struct dp_file){.name = "photo.jpg",
                              .media = 1,
                              .size = FILE_BYTES,
                              .stored = true,
                              .content = dp_slice_of(content, FILE_BYTES),
                              .upload = ""};
    s->file = &x.file;
    return cl_must(n, &x).name;
}

static bool has_file(struct cl_node *n, const struct dp_name *entry)
{
    struct dp_entry e;
    struct dp_slice bytes, chunk;
    struct dp_part_text t;
    assert_ok(dp_daemon_begin(n->d));
    enum dp_err err = dp_entry_bytes(n->d, entry, &bytes);
    if (err == DP_OK)
        err = dp_entry_decode(bytes, entry, &n->d->turn, &e);
    if (err == DP_OK)
        err = dp_parcels_read(n->d, &e, 0, &t);
    for (uint32_t i = 0; err == DP_OK && i < e.body.code3; i++)
        err = dp_files_read(n->d, &e.body.digest, i, &t.key, &chunk);
    (void)dp_daemon_end(n->d);
    return err == DP_OK;
}

static void offer(struct cl_node *n, enum dp_kind kind, const char *ref, const char *to, uint32_t duty)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, kind, ref);
    s->to = to;
    s->code2 = duty;
    s->due = dp_date_add(dp_date_of_ms(cl_wall_ms(n)), 20);
    cl_must(n, &x);
}

static void objection(struct cl_node *n, const char *ref)
{
    struct cl_command x;
    cl_step(&x, DP_KIND_OBJECT, ref)->code = 1;
    cl_text(&x, "not ours");
    cl_must(n, &x);
}

static void answer_objection(struct cl_node *n, const char *ref, uint32_t code)
{
    struct cl_command x;
    cl_step(&x, DP_KIND_OBJECTION_ANSWER, ref)->code = code;
    cl_text(&x, "it is yours");
    cl_must(n, &x);
}

static void test_refer_up(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 700);
    struct cl_result r = town_register(t.village);
    offer(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau", DP_DUTY_HANDLE);
    struct dp_name a = note(t.village, r.number, "before the line is up"), f = attach(t.village, r.number);
    town_settle(&t);
    struct dp_name b = note(t.village, r.number, "while it lies there");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    struct dp_name c = note(t.village, r.number, "not knowing that it was accepted");
    town_settle(&t);
    assert_true(town_reads(t.town, &a, 0, "before the line is up"));
    assert_true(town_reads(t.town, &b, 0, "while it lies there"));
    assert_true(town_reads(t.town, &c, 0, "not knowing that it was accepted"));
    assert_true(has_file(t.town, &f));
    town_close(&t);
}

/* Also when its addressee objects, and the offer stands. */
static void test_assign_with_an_objection(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 701);
    struct cl_result r = town_register(t.county);
    offer(t.county, DP_KIND_ASSIGN, r.number, TOWN "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    struct dp_name a = note(t.county, r.number, "before the objection");
    town_settle(&t);
    objection(t.town, r.number);
    struct dp_name own = note(t.town, r.number, "of the addressee");
    town_settle(&t);
    struct dp_name b = note(t.county, r.number, "before the answer"), f = attach(t.county, r.number);
    answer_objection(t.county, r.number, DP_OBJECTION_DENY);
    struct dp_name c = note(t.county, r.number, "after the answer");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_true(town_reads(t.town, &a, 0, "before the objection"));
    assert_true(town_reads(t.town, &b, 0, "before the answer"));
    assert_true(town_reads(t.town, &c, 0, "after the answer"));
    assert_true(has_file(t.town, &f));
    assert_true(town_reads(t.county, &own, 0, "of the addressee"));
    town_close(&t);
}

/* The holder writes, not knowing that a bureau above gives the case to somebody else. */
static void test_designate(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 702);
    struct cl_result r = town_register(t.village);
    offer(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    cl_cut(t.c, cl_link_of(t.c, t.town));
    struct dp_name a = note(t.town, r.number, "on a dead line");
    offer(t.county, DP_KIND_DESIGNATE, r.number, OTHER_TOWN "/bureau", DP_DUTY_HANDLE);
    struct dp_name b = note(t.county, r.number, "of who designated");
    cl_mend(cl_link_of(t.c, t.town));
    town_settle(&t);
    struct dp_name c = note(t.village, r.number, "of the registrar"), f = attach(t.county, r.number);
    town_settle(&t);
    cl_go(t.other_town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_true(town_reads(t.other_town, &r.name, 0, "Wang Cuihua"));
    assert_true(town_reads(t.other_town, &a, 0, "on a dead line"));
    assert_true(town_reads(t.other_town, &b, 0, "of who designated"));
    assert_true(town_reads(t.other_town, &c, 0, "of the registrar"));
    assert_true(has_file(t.other_town, &f));
    town_close(&t);
}

static void test_take(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 703);
    struct cl_result r = town_register(t.village);
    offer(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    struct dp_name a = note(t.village, r.number, "on a dead line"), f = attach(t.village, r.number);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    struct dp_name b = note(t.town, r.number, "by who lost it again");
    cl_go(t.county, DP_KIND_TAKE, r.number, "");
    cl_mend(cl_link_of(t.c, t.village));
    town_settle(&t);
    assert_true(town_reads(t.county, &r.name, 0, "Wang Cuihua"));
    assert_true(town_reads(t.county, &a, 0, "on a dead line"));
    assert_true(town_reads(t.county, &b, 0, "by who lost it again"));
    assert_true(has_file(t.county, &f));
    town_close(&t);
}

/*
 * The registrar's parent loses a case to a take that did not know of its custody, after the offerer has
 * forgotten the keys: it keeps them for itself, and must hand them on all the same.
 */
static void test_taken_past_the_registrars_parent(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 704);
    struct cl_result r = town_register(t.village);
    offer(t.village, DP_KIND_REFER_UP, r.number, COUNTY "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    offer(t.county, DP_KIND_TRANSFER, r.number, TOWN "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_cut(t.c, cl_link_of(t.c, t.county)); /* the city does not hear of the acceptance */
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    struct dp_name a = note(t.town, r.number, "by the holder");
    cluster_run(t.c, 600000);
    cl_go(t.city, DP_KIND_TAKE, r.number, "");
    cl_mend(cl_link_of(t.c, t.county));
    town_settle(&t);
    assert_true(town_reads(t.city, &r.name, 0, "Wang Cuihua"));
    assert_true(town_reads(t.city, &a, 0, "by the holder"));
    town_close(&t);
}

/*
 * What the registrar wrote for a holder comes to it after the case was taken from it, the content before its
 * entry: it is handed on all the same, though that node may not open it.
 */
static void test_late_for_who_lost_it(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 708);
    struct cl_result r = town_register(t.village);
    offer(t.village, DP_KIND_REFER_UP, r.number, COUNTY "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    offer(t.county, DP_KIND_TRANSFER, r.number, OTHER_TOWN "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_go(t.other_town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cl_go(t.county, DP_KIND_TAKE, r.number, "");
    town_settle(&t);
    struct dp_name a = note(t.village, r.number, "for who had it then");
    cl_mend(cl_link_of(t.c, t.village));
    town_settle(&t);
    assert_true(town_reads(t.county, &a, 0, "for who had it then"));
    town_close(&t);
}

/* No parcel from one node to another passes. */
struct shut {
    const struct cl_node *from, *to;
};

static bool no_parcels(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    const struct shut *s = ctx;
    struct dp_frame f;
    return from != s->from || to != s->to || dp_frame_get(frame, &f) != DP_OK || f.type != DP_FRAME_ITEM ||
           f.u.item.kind != DP_ITEM_PARCEL;
}

static void erase_note(struct cl_node *by, const char *ref, const struct dp_name *of)
{
    struct cl_command x;
    char name[DP_NAME_TEXT];
    dp_name_format(of, name);
    struct dp_step *s = cl_step(&x, DP_KIND_ERASE, ref);
    s->re = name;
    s->code = 1;
    cl_must(by, &x);
}

/*
 * R-PARC-2: two notes are handed on in one parcel by who lost the case and forgets their keys. While the
 * parcel waits, one of them is erased: the other reaches the holder all the same.
 */
static void test_handed_on_beside_an_erased_one(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 709);
    struct cl_result r = town_register(t.village);
    offer(t.village, DP_KIND_REFER_UP, r.number, COUNTY "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    offer(t.county, DP_KIND_TRANSFER, r.number, OTHER_TOWN "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_go(t.other_town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cl_go(t.county, DP_KIND_TAKE, r.number, "");
    town_settle(&t);
    struct dp_name a = note(t.village, r.number, "stays"), b = note(t.village, r.number, "goes");
    struct shut s = {t.other_town, t.county};
    t.c->tap_ctx = &s;
    t.c->tap = no_parcels;
    cl_mend(cl_link_of(t.c, t.village));
    cluster_run(t.c, 60000);
    assert_true(cl_grep_table(t.other_town, DP_T_PARCEL, dp_slice_str("")) > 0);
    assert_false(town_reads(t.county, &a, 0, ""));
    erase_note(t.county, r.number, &b);
    cluster_run(t.c, 60000);
    t.c->tap = NULL;
    town_settle(&t);
    assert_int_equal(cl_grep_table(t.other_town, DP_T_PARCEL_KEY, dp_slice_str("")), 0);
    assert_false(town_reads(t.county, &b, 0, ""));
    assert_true(town_reads(t.county, &a, 0, "stays"));
    town_close(&t);
}

/* R-CUS-5: what was taken back was accepted already. */
static void test_withdrawn_too_late(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 705);
    struct cl_result r = town_register(t.village);
    offer(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cl_go(t.village, DP_KIND_WITHDRAW, r.number, "");
    struct dp_name a = note(t.village, r.number, "ours again"), f = attach(t.village, r.number);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    cl_mend(cl_link_of(t.c, t.village));
    town_settle(&t);
    assert_true(town_reads(t.town, &a, 0, "ours again"));
    assert_true(has_file(t.town, &f));
    town_close(&t);
}

/* Who is asked to help reads what comes later, from whomever, for as long as the request stands. */
static void test_co_handle(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 706);
    struct cl_result r = town_register(t.county);
    offer(t.county, DP_KIND_TRANSFER, r.number, OTHER_TOWN "/bureau", DP_DUTY_CO_HANDLE);
    offer(t.county, DP_KIND_TRANSFER, r.number, VILLAGE "/station", DP_DUTY_CO_HANDLE);
    town_settle(&t);
    struct dp_name a = note(t.county, r.number, "of the holder"), f = attach(t.county, r.number);
    struct dp_name b = note(t.village, r.number, "of the other helper");
    town_settle(&t);
    assert_true(town_reads(t.other_town, &a, 0, "of the holder"));
    assert_true(town_reads(t.other_town, &b, 0, "of the other helper"));
    assert_true(has_file(t.other_town, &f));
    assert_true(town_reads(t.county, &b, 0, "of the other helper"));
    cl_go(t.county, DP_KIND_REFER_UP, r.number, CITY "/bureau");
    town_settle(&t);
    cl_go(t.city, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_false(town_reads(t.other_town, &a, 0, "")); /* the request ended with its custody (R-PRT-2) */
    assert_true(town_reads(t.city, &a, 0, "of the holder"));
    assert_true(town_reads(t.city, &b, 0, "of the other helper"));
    town_close(&t);
}

/* Nothing is sent back to who wrote it: a village pays for each byte. */
static void test_no_echo(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 707);
    struct cl_result r = town_register(t.village);
    offer(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau", DP_DUTY_HANDLE);
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    uint64_t out = dp_daemon_counters(t.village->d)->parcels_out;
    note(t.town, r.number, "seen");
    note(t.town, r.number, "and looked into");
    town_settle(&t);
    assert_int_equal(dp_daemon_counters(t.village->d)->parcels_out, out);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refer_up),
        cmocka_unit_test(test_assign_with_an_objection),
        cmocka_unit_test(test_designate),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_taken_past_the_registrars_parent),
        cmocka_unit_test(test_late_for_who_lost_it),
        cmocka_unit_test(test_handed_on_beside_an_erased_one),
        cmocka_unit_test(test_withdrawn_too_late),
        cmocka_unit_test(test_co_handle),
        cmocka_unit_test(test_no_echo),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
