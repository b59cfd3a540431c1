/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-PRT-4: a correction changes what is given and keeps the rest, for everybody who reads it; what is emptied
 * is named; where the old part cannot be read nothing is replaced.
 */
#include <string.h>

#include "support/cluster_inner.h"
#include "support/cmocka_all.h"
#include "support/town.h"

static struct town t;

static int begin(void **state)
{
    (void)state;
    town_open(&t, 800);
    return 0;
}

static int end(void **state)
{
    (void)state;
    town_close(&t);
    return 0;
}

/* Two petitioners, a respondent and a content, all fields said. */
static struct cl_result registered(void)
{
    struct cl_command x;
    cl_intake(&x, "Wang Cuihua", "the roof of the school leaks");
    x.part[0].petitioners[0] = (struct dp_petitioner){.name = "Wang Cuihua",
                                                      .id_no = "331023196001011234",
                                                      .phone = "13800001234",
                                                      .address = "upper hamlet 4",
                                                      .proxy_name = "Wang Lei",
                                                      .id_type = 11,
                                                      .gender = 2,
                                                      .birth = {.day = -3653},
                                                      .main = true};
    x.part[0].petitioners[1] = (struct dp_petitioner){.name = "Li Daming", .phone = "13900005678"};
    x.part[0].petitioner_count = 2;
    x.part[1].demand = "mend it before winter";
    x.part[2] = (struct dp_part_text){
        .kind = DP_PART_RESPONDENT, .respondent_name = "Zhao", .respondent_org = "works office"};
    x.cmd.u.step.part_count = 3;
    return cl_must(t.village, &x);
}

static struct dp_step *correction(struct cl_command *x, const char *ref, const struct dp_name *of,
                                  uint8_t kind)
{
    static char name[DP_NAME_TEXT];
    struct dp_step *s = cl_step(x, DP_KIND_CORRECT, ref);
    dp_name_format(of, name);
    s->re = s->other = name;
    if (kind != 0) {
        x->part[0] = (struct dp_part_text){.kind = kind, .petitioner_count = kind == DP_PART_PETITIONERS};
        s->part_count = 1;
    }
    return s;
}

static struct dp_part_text read_part(struct cl_node *n, const struct dp_name *entry, uint8_t index)
{
    struct dp_part_text p;
    assert_ok(cl_read(n, entry, index, &p));
    return p;
}

static void test_one_field_of_one_petitioner(void **state)
{
    struct cl_command x;
    (void)state;
    struct cl_result r = registered();
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    correction(&x, r.number, &r.name, DP_PART_PETITIONERS)->person = 1;
    x.part[0].petitioners[0].phone = "13811112222";
    struct cl_result c = cl_must(t.village, &x);
    town_settle(&t);
    struct cl_node *readers[] = {t.village, t.town};
    for (unsigned i = 0; i < 2; i++) {
        struct dp_part_text p = read_part(readers[i], &c.name, 0);
        assert_int_equal(p.petitioner_count, 2);
        assert_string_equal(p.petitioners[0].phone, "13811112222");
        assert_string_equal(p.petitioners[0].name, "Wang Cuihua");
        assert_string_equal(p.petitioners[0].id_no, "331023196001011234");
        assert_string_equal(p.petitioners[0].address, "upper hamlet 4");
        assert_string_equal(p.petitioners[0].proxy_name, "Wang Lei");
        assert_int_equal(p.petitioners[0].id_type, 11);
        assert_int_equal(p.petitioners[0].gender, 2);
        assert_int_equal(p.petitioners[0].birth.day, -3653);
        assert_true(p.petitioners[0].main);
        assert_string_equal(p.petitioners[1].name, "Li Daming");
        assert_string_equal(p.petitioners[1].phone, "13900005678");
        assert_false(town_reads(readers[i], &r.name, 0, ""));
        assert_true(town_reads(readers[i], &r.name, 1, "the roof of the school leaks"));
    }
}

static void test_which_petitioner(void **state)
{
    struct cl_command x;
    (void)state;
    struct cl_result r = registered();
    struct dp_step *s = correction(&x, r.number, &r.name, DP_PART_PETITIONERS);
    x.part[0].petitioners[0].phone = "1";
    assert_int_equal(cl_do(t.village, &x).err, DP_AMBIGUOUS);
    s->person = 4;
    assert_int_equal(cl_do(t.village, &x).err, DP_NOT_FOUND);
    s->person = 2;
    struct cl_result c = cl_must(t.village, &x);
    struct dp_part_text p = read_part(t.village, &c.name, 0);
    assert_string_equal(p.petitioners[0].phone, "13800001234");
    assert_string_equal(p.petitioners[1].phone, "1");
    /* One who was forgotten; and the entry that was corrected is told from the one that stands now. */
    s = correction(&x, r.number, &r.name, DP_PART_PETITIONERS);
    s->person = 3;
    x.part[0].petitioners[0].name = "Sun";
    assert_int_equal(cl_do(t.village, &x).err, DP_CONFLICT);
    s = correction(&x, r.number, &c.name, DP_PART_PETITIONERS);
    s->person = 3;
    x.part[0].petitioners[0].name = "Sun";
    x.part[0].petitioners[0].main = true;
    c = cl_must(t.village, &x);
    p = read_part(t.village, &c.name, 0);
    assert_int_equal(p.petitioner_count, 3);
    assert_string_equal(p.petitioners[2].name, "Sun");
    assert_true(p.petitioners[2].main);
    assert_false(p.petitioners[0].main); /* there is one */
}

static void test_other_parts(void **state)
{
    struct cl_command x;
    (void)state;
    struct cl_result r = registered();
    correction(&x, r.number, &r.name, DP_PART_CONTENT);
    x.part[0].title = "roof";
    struct cl_result c = cl_must(t.village, &x);
    struct dp_part_text p = read_part(t.village, &c.name, 0);
    assert_string_equal(p.title, "roof");
    assert_string_equal(p.content, "the roof of the school leaks");
    assert_string_equal(p.demand, "mend it before winter");
    correction(&x, r.number, &r.name, DP_PART_RESPONDENT);
    x.part[0].respondent_rank = "head";
    c = cl_must(t.village, &x);
    p = read_part(t.village, &c.name, 0);
    assert_string_equal(p.respondent_name, "Zhao");
    assert_string_equal(p.respondent_org, "works office");
    assert_string_equal(p.respondent_rank, "head");
    assert_true(town_reads(t.village, &r.name, 0, "Wang Cuihua")); /* untouched */
}

static void test_emptying(void **state)
{
    struct cl_command x;
    (void)state;
    struct cl_result r = registered();
    struct dp_step *s = correction(&x, r.number, &r.name, 0);
    s->clear = "phone,id_type,proxy_name";
    s->person = 1;
    struct cl_result c = cl_must(t.village, &x);
    struct dp_part_text p = read_part(t.village, &c.name, 0);
    assert_null(p.petitioners[0].phone);
    assert_null(p.petitioners[0].proxy_name);
    assert_int_equal(p.petitioners[0].id_type, 0);
    assert_string_equal(p.petitioners[0].name, "Wang Cuihua");
    /* no such field; fields of two parts; given and emptied; what reads so already */
    s = correction(&x, r.number, &c.name, 0);
    s->person = 1;
    s->clear = "telephone";
    assert_int_equal(cl_do(t.village, &x).err, DP_USAGE);
    s->clear = "name,title";
    assert_int_equal(cl_do(t.village, &x).err, DP_USAGE);
    s->clear = "phone";
    assert_int_equal(cl_do(t.village, &x).err, DP_CONFLICT);
    s = correction(&x, r.number, &c.name, DP_PART_PETITIONERS);
    s->person = 1;
    s->clear = "name";
    x.part[0].petitioners[0].name = "Wang";
    assert_int_equal(cl_do(t.village, &x).err, DP_USAGE);
    assert_true(town_reads(t.village, &c.name, 0, "Wang Cuihua"));
}

static void test_dry_run(void **state)
{
    struct cl_command x;
    (void)state;
    struct cl_result r = registered();
    struct dp_step *s = correction(&x, r.number, &r.name, DP_PART_PETITIONERS);
    s->person = 1;
    s->clear = "proxy_name";
    x.part[0].petitioners[0].phone = "13811112222";
    x.rq.dry_run = true;
    struct cl_result c = cl_must(t.village, &x);
    assert_non_null(strstr(c.json, "\"petitioner\":1"));
    assert_non_null(strstr(c.json, "{\"field\":\"phone\",\"old\":\"13800001234\",\"new\":\"13811112222\"}"));
    assert_non_null(strstr(c.json, "{\"field\":\"proxy_name\",\"old\":\"Wang Lei\",\"new\":null}"));
    assert_null(strstr(c.json, "upper hamlet"));
    assert_true(town_reads(t.village, &r.name, 0, "Wang Cuihua"));
    /* Another office is shown nothing. */
    town_settle(&t);
    c = cl_do(t.town, &x);
    assert_int_equal(c.err, DP_NOT_ENTITLED);
    assert_null(strstr(c.json, "13800001234"));
}

static void test_what_cannot_be_read_is_not_replaced(void **state)
{
    struct cl_command x;
    (void)state;
    struct cl_result r = registered();
    struct dp_step *s = correction(&x, r.number, &r.name, 0);
    s->kind = DP_KIND_ERASE;
    s->other = "";
    s->code = 1;
    s->index = 0;
    cl_must(t.village, &x);
    s = correction(&x, r.number, &r.name, DP_PART_PETITIONERS);
    s->person = 1;
    x.part[0].petitioners[0].phone = "1";
    struct cl_result c = cl_do(t.village, &x);
    assert_int_equal(c.err, DP_NOT_FOUND);
    assert_int_equal(c.name.seq, 0);
    /* Another part of it can be. */
    correction(&x, r.number, &r.name, DP_PART_CONTENT);
    x.part[0].title = "roof";
    cl_must(t.village, &x);
    /* Nor one whose key is lost, though its bytes are here. */
    assert_ok(dp_daemon_begin(t.village->d));
    dp_db_part_key_del(&t.village->d->db, &r.name, 2);
    cl_end_turn(t.village);
    correction(&x, r.number, &r.name, DP_PART_RESPONDENT);
    x.part[0].respondent_rank = "head";
    c = cl_do(t.village, &x);
    assert_int_equal(c.err, DP_NOT_FOUND);
    assert_int_equal(c.name.seq, 0);
    /* No such entry; two parts at once. */
    const struct dp_name none = {t.village->id, 1, 99};
    correction(&x, r.number, &none, DP_PART_CONTENT);
    x.part[0].title = "roof";
    assert_int_equal(cl_do(t.village, &x).err, DP_NOT_FOUND);
    s = correction(&x, r.number, &r.name, DP_PART_CONTENT);
    x.part[0].title = "tiles";
    x.part[1] = (struct dp_part_text){.kind = DP_PART_TEXT, .text = "too"};
    s->part_count = 2;
    assert_int_equal(cl_do(t.village, &x).err, DP_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_field_of_one_petitioner, begin, end),
        cmocka_unit_test_setup_teardown(test_which_petitioner, begin, end),
        cmocka_unit_test_setup_teardown(test_other_parts, begin, end),
        cmocka_unit_test_setup_teardown(test_emptying, begin, end),
        cmocka_unit_test_setup_teardown(test_dry_run, begin, end),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_read_is_not_replaced, begin, end),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
