/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-N3-9: two worlds, the same but for this: a matter of another office, hidden from who asks either way,
 * accuses the asker's office or does not. Every question and every command of every session of that office,
 * and of a user without one, is answered with the same bytes in both.
 *
 * What is asked is taken from the program: the members of Command and of Query in control.proto, and the
 * table of the questions. What is new there is asked too, or the test says that it does not know how.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.pb-c.h"
#include "node/daemon.h"
#include "support/cmocka_all.h"
#include "support/questions.h"
#include "support/town.h"

#define HOUSING COUNTY "/housing"
#define CIVIL COUNTY "/civil"
#define FINANCE COUNTY "/finance"
#define FOLK TOWN "/housing"
enum { HEAD = 7001, CLERK = 7002, HELPER = 7003, TECHNICIAN = 7004, OF_CIVIL = 7005, OF_FINANCE = 7006 };
#define NOBODY 9999
#define HOUR_MS INT64_C(3600000)
#define WORD "a word drawn at random"

/* ---- the worlds ---- */

struct world {
    struct town t;
    struct cl_node *n; /* where is asked */
    struct cl_result own, hidden;
    char own_name[DP_NAME_TEXT], hidden_name[DP_NAME_TEXT];
};

static struct world w[2];

struct scenario {
    const char *what;
    bool at_town;
    /* What other offices do. In world 1 it is an accusation of the asker's office. */
    void (*happens)(struct world *x, bool accuses);
};

static void officer(struct cl_node *n, const char *office, uint32_t number, uint32_t uid, uint32_t roles)
{
    struct cl_command x;
    struct dp_admin *a = cl_admin(&x, "officer.add");
    a->office = office;
    a->number = number;
    a->uid = uid;
    a->roles = roles;
    cl_must_as(n, 0, &x);
}

static struct cl_result register_as(struct cl_node *n, uint32_t uid, const char *name, const char *source)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, name, "the road to the upper hamlet is washed out");
    in->source_system = source[0] != '\0' ? "12345" : "";
    in->source_no = source;
    return cl_must_as(n, uid, &x);
}

static struct cl_result accuse(struct cl_node *n, uint32_t uid, const char *respondent, bool accuses)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Zhao Wuming", "they take the money of the school");
    in->purpose = accuses ? DP_PURPOSE_ACCUSATION : DP_PURPOSE_CLAIM;
    in->respondents[0] = respondent;
    in->respondent_count = 1;
    in->source_system = "12345";
    in->source_no = "S-9";
    x.cmd.u.step.token = dp_slice_str("token of another office");
    return cl_must_as(n, uid, &x);
}

/* An accusation by an office of the same node; in the other world it is a plain matter of the third office.
 */
static void registered_beside(struct world *x, bool accuses)
{
    x->hidden = accuse(x->t.county, OF_FINANCE, accuses ? HOUSING : CIVIL, accuses);
}

/* The bureau's own, and what it does with it. */
static void handled_beside(struct world *x, bool accuses)
{
    struct cl_node *n = x->t.county;
    x->hidden = accuse(n, cl_uid(n), accuses ? HOUSING : CIVIL, accuses);
    cl_go(n, DP_KIND_TRANSFER, x->hidden.number, CIVIL);
    cl_go_as(n, OF_CIVIL, DP_KIND_ACCEPT, x->hidden.number, "");
}

static void lock(struct cl_node *n, const char *number)
{
    struct cl_command x;
    cl_step(&x, DP_KIND_LOCK, number)->code = 1;
    cl_must_as(n, cl_uid(n), &x);
}

/* A case that the office had, until it was locked; in the other world a third one had it. */
static void locked_by_hand(struct world *x, bool accuses)
{
    struct cl_node *n = x->t.county;
    x->hidden = accuse(n, cl_uid(n), HOUSING, false);
    cl_go(n, DP_KIND_TRANSFER, x->hidden.number, accuses ? HOUSING : CIVIL);
    cl_go_as(n, accuses ? HEAD : OF_CIVIL, DP_KIND_ACCEPT, x->hidden.number, "");
    if (accuses)
        lock(n, x->hidden.number);
    else
        cl_go(n, DP_KIND_NOTE, x->hidden.number, ""); /* an entry as well */
}

/* A case of the office is tied to one that is locked then; in the other world another case is tied. */
static void named_in_a_case(struct world *x, bool accuses)
{
    struct cl_node *n = x->t.county;
    struct cl_command c;
    struct cl_result third = register_as(n, cl_uid(n), "Li Si", "");
    x->hidden = accuse(n, cl_uid(n), HOUSING, false);
    struct dp_step *s = cl_step(&c, DP_KIND_LINK, accuses ? x->own.number : third.number);
    s->other = x->hidden.number;
    s->code = 2;
    cl_must_as(n, cl_uid(n), &c);
    lock(n, x->hidden.number);
}

/* An accusation that went away sealed; in the other world there was none. */
static void sent_away(struct world *x, bool accuses)
{
    x->hidden = (struct cl_result){.number = TOWN "-20260302-V-99999-X"};
    if (accuses)
        (void)accuse(x->t.town, cl_uid(x->t.town), FOLK, true);
}

static void same_time(int64_t at_ms)
{
    for (unsigned i = 0; i < 2; i++) {
        assert_true(w[i].t.c->now_ms <= at_ms);
        cluster_run(w[i].t.c, at_ms - w[i].t.c->now_ms);
        cluster_reseed(w[i].t.c, 77); /* what happened beside drew other keys */
    }
}

static void open_world(struct world *x, const struct scenario *s, bool accuses)
{
    town_open(&x->t, 501);
    x->n = s->at_town ? x->t.town : x->t.county;
    cl_officer(x->t.county, HOUSING, HEAD);
    cl_officer(x->t.county, CIVIL, OF_CIVIL);
    cl_officer(x->t.county, FINANCE, OF_FINANCE);
    cl_officer(x->t.town, FOLK, HEAD);
    officer(x->n, s->at_town ? FOLK : HOUSING, 2, CLERK, DP_OFFICER_CLERK);
    officer(x->n, s->at_town ? FOLK : HOUSING, 3, HELPER, DP_OFFICER_CLERK);
    officer(x->n, s->at_town ? FOLK : HOUSING, 4, TECHNICIAN, DP_OFFICER_TECHNICIAN);
    (void)register_as(x->n, HEAD, "Wang Cuihua", "A-1");
    x->own = register_as(x->n, cl_uid(x->n), "Wang Wu", "");
    cl_go(x->n, DP_KIND_TRANSFER, x->own.number, s->at_town ? FOLK : HOUSING);
    cl_go_as(x->n, HEAD, DP_KIND_ACCEPT, x->own.number, "");
    town_settle(&x->t);
    s->happens(x, accuses);
    dp_name_format(&x->own.name, x->own_name);
    dp_name_format(&x->hidden.name, x->hidden_name);
}

/* ---- one thing that is asked ---- */

static const struct scenario *now;
static unsigned asked;

static struct cl_result both(uint32_t uid, const struct cl_command *x, const char *about)
{
    struct cl_result a = cl_do_as(w[0].n, uid, x), b = cl_do_as(w[1].n, uid, x);
    const struct dp_buf *p = &w[0].t.c->reply, *q = &w[1].t.c->reply;
    asked++;
    if (p->len != q->len || memcmp(p->p, q->p, p->len) != 0)
        fail_msg("%s: user %u is told: %s\n  in one world:   %s %s %s %s\n  in the other:   %s %s %s %s",
                 now->what, uid, about, dp_err_name(a.err), a.number, a.text, a.json, dp_err_name(b.err),
                 b.number, b.text, b.json);
    if (uid != TECHNICIAN && strstr(about, w[1].hidden.number) == NULL && w[1].hidden.number[0] != '\0' &&
        strstr(b.json, w[1].hidden.number) != NULL)
        fail_msg("%s: user %u reads %s: %s: %s", now->what, uid, w[1].hidden.number, about, b.json);
    return a;
}

/* Names, numbers and tails of what is hidden, of what is there, and of what never was. */
#define PROBES_MAX 16
static const char *probe[PROBES_MAX];
static unsigned probes;

static void find_probes(void)
{
    static const unsigned tails[] = {1, 2, 3, 5, 7, 9, 16};
    const char *number = w[1].hidden.number;
    size_t len = strlen(number);
    probes = 0;
    probe[probes++] = number;
    probe[probes++] = w[1].own.number;
    probe[probes++] = w[1].own_name;
    probe[probes++] = COUNTY ":00000001:7777";
    if (!dp_name_is_none(&w[1].hidden.name))
        probe[probes++] = w[1].hidden_name;
    for (unsigned i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
        probe[probes++] = number + len - tails[i];
}

/* ---- questions ---- */

/* The last page's "next"; false at the end. */
static bool next_of(const struct cl_result *r, char next[128])
{
    const char *at = strstr(r->json, "\"next\":\"");
    next[0] = '\0';
    if (r->err == DP_OK && at != NULL)
        snprintf(next, 128, "%.*s", (int)strcspn(at + 8, "\""), at + 8);
    return next[0] != '\0';
}

static void pages(uint32_t uid, const struct cl_command *x, const char *about)
{
    struct cl_command page = *x;
    char next[128], after[128];
    struct cl_result r = both(uid, x, about);
    for (unsigned i = 0; i < 20 && next_of(&r, next); i++) {
        snprintf(after, sizeof(after), "%s", next);
        page.cmd.u.query.after = after;
        r = both(uid, &page, about);
    }
}

/* Every member of Query that selects something has a value here. */
static void ask_one(uint32_t uid, const char *what)
{
    struct cl_command x;
    char about[256];
    snprintf(about, sizeof(about), "%s", what);
    cl_query(&x, what);
    pages(uid, &x, about);
    for (uint32_t limit = 1; limit < 4; limit++) {
        cl_query(&x, what)->limit = limit;
        pages(uid, &x, about);
    }
    cl_query(&x, what)->mine = true;
    pages(uid, &x, about);
    cl_query(&x, what)->due_days = 90;
    pages(uid, &x, about);
    cl_query(&x, what)->status = "registered";
    pages(uid, &x, about);
    cl_query(&x, what)->index = 1;
    pages(uid, &x, about);
    static const char *const nodes[] = {CITY, COUNTY, TOWN, VILLAGE, HOUSING, CIVIL, COUNTY "/bureau", FOLK};
    for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        cl_query(&x, what)->node = nodes[i];
        x.cmd.u.query.index = 1;
        pages(uid, &x, about);
    }
    for (uint64_t since = 1; since < 40; since++) {
        cl_query(&x, what)->since = since;
        x.cmd.u.query.limit = (uint32_t)(since % 3);
        both(uid, &x, about);
    }
    static const char *const names[] = {"Zhao Wuming", "Wang Cuihua"};
    for (unsigned i = 0; i < 2; i++) {
        cl_query(&x, what)->name = names[i];
        x.cmd.u.query.tail = "1234";
        pages(uid, &x, about);
    }
}

static void ask_of_cases(uint32_t uid, const char *what)
{
    struct cl_command x;
    char about[256];
    for (unsigned i = 0; i < probes; i++) {
        snprintf(about, sizeof(about), "%s %s", what, probe[i]);
        cl_query(&x, what)->case_ref = probe[i];
        x.cmd.u.query.index = 1;
        both(uid, &x, about);
        cl_query(&x, what)->name = probe[i];
        both(uid, &x, about);
        cl_query(&x, what)->after = probe[i];
        both(uid, &x, about);
    }
}

/* The state of the machine and of the lines is the technician's (R-N3-9). */
static bool is_of_node(const char *what)
{
    static const char *const words[] = {"status", "links", "link", "alarms", "quarantine"};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], what) == 0)
            return true;
    return false;
}

static void ask_questions(uint32_t uid)
{
    const char *what;
    assert_int_equal(daipao__control__v1__query__descriptor.n_fields, 12); /* one more: ask_one asks by it */
    for (unsigned i = 0; (what = questions_word(DP_SOURCE_DIR, i)) != NULL; i++) {
        if (uid == TECHNICIAN && is_of_node(what))
            continue;
        ask_one(uid, what);
        ask_of_cases(uid, what);
    }
}

/* ---- steps ---- */

static void fill_step(struct dp_step *s, const struct world *x)
{
    s->to = TOWN "/bureau";
    s->code = s->code2 = s->code3 = 1;
    s->days = 5;
    s->date = town_today(&x->t);
    s->due = dp_date_add(s->date, 20);
}

static void step_at(uint32_t uid, enum dp_kind kind, const char *ref, const char *other, const char *re)
{
    struct cl_command x;
    char about[256];
    struct dp_step *s = cl_step(&x, kind, ref);
    fill_step(s, &w[0]);
    s->other = other;
    s->re = re;
    snprintf(about, sizeof(about), "%s %s %s %s", dp_kind_word(kind), ref, other, re);
    if (kind != DP_KIND_ATTACHMENT)
        cl_text(&x, "written down at length");
    x.rq.dry_run = true;
    both(uid, &x, about);
    x.rq.dry_run = false;
    if (strcmp(ref, w[1].own.number) != 0 && strcmp(ref, w[1].own_name) != 0)
        both(uid, &x, about);
}

static void take_steps(uint32_t uid)
{
    for (uint32_t k = 2; k < 64; k++) {
        if (!dp_kind_known(k))
            continue;
        for (unsigned i = 0; i < probes; i++) {
            step_at(uid, (enum dp_kind)k, probe[i], "", "");
            step_at(uid, (enum dp_kind)k, w[1].own.number, probe[i], "");
            step_at(uid, (enum dp_kind)k, w[1].own.number, "", probe[i]);
        }
    }
}

static void register_by(uint32_t uid, const char *source_no, const char *split_from, const char *from_draft,
                        bool draft, bool dry)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Qian Qi", "the lamp at the bridge is out");
    in->source_system = source_no[0] != '\0' ? "12345" : "";
    in->source_no = source_no;
    in->split_from = split_from;
    x.cmd.u.step.from_draft = from_draft;
    x.cmd.u.step.draft = draft;
    x.cmd.u.step.token = dp_slice_str("token of another office");
    x.rq.dry_run = dry;
    both(uid, &x, "register");
}

static void take_in(uint32_t uid)
{
    static const char *const sources[] = {"", "S-9", "A-1", "B-2"}, *const drafts[] = {"1", "2", "3", "1000"};
    for (unsigned dry = 0; dry < 2; dry++) {
        for (unsigned i = 0; i < 4; i++)
            register_by(uid, sources[i], "", "", false, dry == 0);
        for (unsigned i = 0; i < 4; i++)
            register_by(uid, "", "", drafts[i], i % 2 == 0, dry == 0);
        for (unsigned i = 0; i < probes; i++)
            register_by(uid, "", probe[i], "", false, dry == 0);
        register_by(uid, "", "", "", true, dry == 0);
    }
    /* An accusation of one's own goes away sealed or stays; its answer counts no other. */
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Sun Ba", "the clerk at the window is rude");
    in->purpose = DP_PURPOSE_ACCUSATION;
    both(uid, &x, "register an accusation of nobody");
}

/* ---- pieces of files, administration ---- */

static void send_pieces(uint32_t uid)
{
    static const uint8_t bytes[40000];
    struct cl_command x;
    for (unsigned i = 0; i < 18; i++) {
        char word[32];
        snprintf(word, sizeof(word), "%s %u", WORD, i);
        cl_query(&x, "");
        x.cmd.kind = DP_COMMAND_BLOB;
        x.cmd.u.blob = (struct dp_blob){.upload = word, .data = dp_slice_of(bytes, sizeof(bytes))};
        both(uid, &x, "a piece of a file");
    }
}

static void administer(uint32_t uid)
{
    static const char *const verbs[] = {"case.lock",     "case.unlock",  "officer.add", "officer.set",
                                        "officer.leave", "office.add",   "office.set",  "link.clear",
                                        "alarm.clear",   "enroll.token", "node.retire", "backup"};
    struct cl_command x;
    for (unsigned v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++)
        for (unsigned i = 0; i < probes; i++) {
            struct dp_admin *a = cl_admin(&x, verbs[v]);
            a->name = probe[i];
            a->office = w[0].n == w[0].t.town ? FOLK : HOUSING;
            a->node = TOWN;
            a->number = 2;
            a->uid = CLERK;
            a->roles = 1;
            x.rq.dry_run = true;
            both(uid, &x, verbs[v]);
        }
}

/* ---- all of it ---- */

/* By the name of the member of Command, so that a new one is not forgotten. */
static const struct {
    const char *member;
    void (*walk)(uint32_t uid);
} walks[] = {{"query", ask_questions}, {"blob", send_pieces}, {"admin", administer},
             {"step", take_steps},     {"step", take_in},     {"query", ask_questions}};

static void every_command_is_walked(void)
{
    const ProtobufCMessageDescriptor *d = &daipao__control__v1__command__descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        bool known = false;
        for (unsigned k = 0; k < sizeof(walks) / sizeof(walks[0]); k++)
            known |= strcmp(d->fields[i].name, walks[k].member) == 0;
        if (!known)
            fail_msg("Command.%s is not asked in two worlds", d->fields[i].name);
    }
}

static void compare(const struct scenario *s)
{
    static const uint32_t sessions[] = {HEAD, CLERK, TECHNICIAN, NOBODY};
    now = s;
    asked = 0;
    for (unsigned i = 0; i < 2; i++)
        open_world(&w[i], s, i == 1);
    assert_string_equal(w[0].own.number, w[1].own.number);
    find_probes();
    int64_t at = w[0].t.c->now_ms > w[1].t.c->now_ms ? w[0].t.c->now_ms : w[1].t.c->now_ms;
    same_time(at); /* on the way up, and */
    for (unsigned i = 0; i < 4; i++)
        ask_questions(sessions[i]);
    same_time(at + 2 * HOUR_MS); /* when it has come to rest */
    for (unsigned k = 0; k < sizeof(walks) / sizeof(walks[0]); k++)
        for (unsigned i = 0; i < 4; i++)
            walks[k].walk(sessions[i]);
    assert_true(asked > 5000);
    for (unsigned i = 0; i < 2; i++)
        town_close(&w[i].t);
}

#define SCENARIO(name, village)                                                                              \
    static void test_##name(void **state)                                                                    \
    {                                                                                                        \
        static const struct scenario s = {#name, village, name};                                             \
        (void)state;                                                                                         \
        every_command_is_walked();                                                                           \
        compare(&s);                                                                                         \
    }
SCENARIO(registered_beside, false)
SCENARIO(handled_beside, false)
SCENARIO(locked_by_hand, false)
SCENARIO(named_in_a_case, false)
SCENARIO(sent_away, true)

/* The end of a number is as good as the number while no other case that the office sees ends so. */
static void test_a_tail_that_others_share(void **state)
{
    struct town t;
    struct cl_command x;
    struct cl_result other;
    unsigned tries = 0;
    (void)state;
    town_open(&t, 502);
    cl_officer(t.county, HOUSING, HEAD);
    cl_officer(t.county, FINANCE, OF_FINANCE);
    struct cl_result own = register_as(t.county, HEAD, "Wang Cuihua", "");
    const char *tail = own.number + strlen(own.number) - 1;
    do {
        assert_true(tries++ < 500);
        other = register_as(t.county, OF_FINANCE, "Li Si", "");
    } while (other.number[strlen(other.number) - 1] != *tail);
    cl_query(&x, "show")->case_ref = tail;
    struct cl_result r = cl_do_as(t.county, HEAD, &x);
    assert_ok(r.err);
    assert_non_null(strstr(r.json, own.number));
    assert_int_equal(cl_do(t.county, &x).err, DP_AMBIGUOUS); /* the bureau sees both */
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registered_beside), cmocka_unit_test(test_handled_beside),
        cmocka_unit_test(test_locked_by_hand),    cmocka_unit_test(test_named_in_a_case),
        cmocka_unit_test(test_sent_away),         cmocka_unit_test(test_a_tail_that_others_share),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
