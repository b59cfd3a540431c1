/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to the nodes of a cluster, enrolment through them, and looking into stores. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cluster.h"
#include "support/cmocka_all.h"

#include "control.pb-c.h"

/* ---- building ---- */

static void start(struct cl_command *x, enum dp_command_kind kind)
{
    memset(x, 0, sizeof(*x));
    x->rq.as_office = "";
    x->rq.count = 1;
    x->cmd.kind = kind;
}

struct dp_step *cl_step(struct cl_command *x, enum dp_kind kind, const char *case_ref)
{
    start(x, DP_COMMAND_STEP);
    struct dp_step *s = &x->cmd.u.step;
    s->kind = kind;
    s->case_ref = case_ref;
    s->to = s->other = s->re = s->label = s->from_draft = s->doc_no = s->clear = "";
    s->parts = x->part;
    return s;
}

struct dp_admin *cl_admin(struct cl_command *x, const char *verb)
{
    start(x, DP_COMMAND_ADMIN);
    struct dp_admin *a = &x->cmd.u.admin;
    a->verb = verb;
    a->node = a->name = a->address = a->code = a->reason = a->office = a->path = "";
    return a;
}

struct dp_query *cl_query(struct cl_command *x, const char *what)
{
    start(x, DP_COMMAND_QUERY);
    struct dp_query *q = &x->cmd.u.query;
    q->what = what;
    q->case_ref = q->name = q->tail = q->node = q->after = q->status = "";
    return q;
}

struct dp_intake *cl_intake(struct cl_command *x, const char *petitioner, const char *content)
{
    struct dp_step *s = cl_step(x, DP_KIND_REGISTER, "");
    x->intake = (struct dp_intake){.channel = 'V',
                                   .origin = 1,
                                   .purpose = DP_PURPOSE_CLAIM,
                                   .category = 101,
                                   .headcount = 1,
                                   .source_system = "",
                                   .source_no = "",
                                   .national_no = "",
                                   .profile = "",
                                   .split_from = ""};
    s->intake = &x->intake;
    x->part[0] = (struct dp_part_text){.kind = DP_PART_PETITIONERS, .petitioner_count = 1};
    x->part[0].petitioners[0] =
        (struct dp_petitioner){.name = petitioner, .phone = "13800001234", .main = true};
    x->part[1] = (struct dp_part_text){.kind = DP_PART_CONTENT, .title = "matter", .content = content};
    s->part_count = 2;
    return &x->intake;
}

void cl_text(struct cl_command *x, const char *text)
{
    struct dp_step *s = &x->cmd.u.step;
    x->part[s->part_count++] = (struct dp_part_text){.kind = DP_PART_TEXT, .text = text};
}

/* ---- doing ---- */

static void read_reply(struct cluster *c, struct cl_result *out)
{
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, c->reply.len, c->reply.p);
    assert_non_null(r);
    assert_int_equal(r->n_results, 1);
    const Daipao__Control__V1__Result *m = r->results[0];
    out->err = (enum dp_err)m->err;
    out->valid_kinds = m->valid_kinds;
    snprintf(out->number, sizeof(out->number), "%s", m->number);
    snprintf(out->text, sizeof(out->text), "%s", m->text);
    snprintf(out->json, sizeof(out->json), "%s", m->json);
    if (m->name.len == DP_NAME_BYTES)
        out->name = dp_name_get(m->name.data);
    daipao__control__v1__reply__free_unpacked(r, NULL);
}

struct cl_answers cl_answers(const struct cluster *c)
{
    struct cl_answers out = {0};
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, c->reply.len, c->reply.p);
    assert_non_null(r);
    out.count = (uint32_t)r->n_results;
    for (size_t i = 0; i < r->n_results; i++)
        out.starved += r->results[i]->err == DP_NOMEM;
    daipao__control__v1__reply__free_unpacked(r, NULL);
    return out;
}

struct cl_result cl_do_as(struct cl_node *n, uint32_t uid, const struct cl_command *x)
{
    struct cl_result out = {.err = DP_UNREACHABLE};
    struct cl_command copy = *x; /* pointers into itself move along */
    copy.rq.commands = &copy.cmd;
    if (copy.cmd.kind == DP_COMMAND_STEP) {
        copy.cmd.u.step.parts = copy.part;
        if (copy.cmd.u.step.intake != NULL)
            copy.cmd.u.step.intake = &copy.intake;
        if (copy.cmd.u.step.file != NULL)
            copy.cmd.u.step.file = &copy.file;
    }
    if (n->d == NULL)
        return out;
    out.answered = cl_request(n, uid, &copy.rq);
    if (out.answered)
        read_reply(n->c, &out);
    return out;
}

char *cl_ask(struct cl_node *n, uint32_t uid, const struct cl_command *x)
{
    struct cl_command copy = *x;
    char *json = NULL;
    copy.rq.commands = &copy.cmd;
    if (n->d == NULL || !cl_request(n, uid, &copy.rq))
        return NULL;
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, n->c->reply.len, n->c->reply.p);
    assert_non_null(r);
    if (r->n_results == 1 && r->results[0]->err == DP_OK) {
        json = strdup(r->results[0]->json);
        assert_non_null(json);
    }
    daipao__control__v1__reply__free_unpacked(r, NULL);
    return json;
}

struct cl_result cl_do(struct cl_node *n, const struct cl_command *x)
{
    return cl_do_as(n, x->cmd.kind == DP_COMMAND_ADMIN ? 0 : cl_uid(n), x);
}

struct cl_result cl_must_as(struct cl_node *n, uint32_t uid, const struct cl_command *x)
{
    struct cl_result r = cl_do_as(n, uid, x);
    if (!r.answered || r.err != DP_OK)
        fail_msg("%s: command %u: %s (%s)", n->text, x->cmd.kind == DP_COMMAND_STEP ? x->cmd.u.step.kind : 0,
                 r.answered ? dp_err_name(r.err) : "no answer", r.text);
    return r;
}

struct cl_result cl_must(struct cl_node *n, const struct cl_command *x)
{
    return cl_must_as(n, x->cmd.kind == DP_COMMAND_ADMIN ? 0 : cl_uid(n), x);
}

struct cl_result cl_go_as(struct cl_node *n, uint32_t uid, enum dp_kind kind, const char *case_ref,
                          const char *to)
{
    struct cl_command x;
    cl_step(&x, kind, case_ref)->to = to;
    return cl_must_as(n, uid, &x);
}

struct cl_result cl_go(struct cl_node *n, enum dp_kind kind, const char *case_ref, const char *to)
{
    return cl_go_as(n, cl_uid(n), kind, case_ref, to);
}

/* ---- nodes ---- */

uint32_t cl_uid(const struct cl_node *n)
{
    return 1000 + (uint32_t)(n->id.v % 100000007);
}

void cl_officer(struct cl_node *n, const char *office, uint32_t uid)
{
    struct cl_command x;
    struct dp_admin *a = cl_admin(&x, "office.add");
    a->office = office;
    a->name = office;
    cl_must_as(n, 0, &x);
    a = cl_admin(&x, "officer.add");
    a->office = office;
    a->number = 1;
    a->uid = uid;
    a->roles = DP_OFFICER_CLERK | DP_OFFICER_HEAD;
    cl_must_as(n, 0, &x);
}

void cl_office(const struct cl_node *n, char out[DP_OFFICE_TEXT])
{
    const char *slug = dp_node_post(n->id) != 0                 ? "dept"
                       : dp_node_tier(n->id) == DP_TIER_VILLAGE ? "station"
                                                                : "bureau";
    snprintf(out, DP_OFFICE_TEXT, "%s/%s", n->text, slug);
}

static void first_office(struct cl_node *n)
{
    char office[DP_OFFICE_TEXT];
    cl_office(n, office);
    cl_officer(n, office, cl_uid(n));
}

struct cl_node *cl_root(struct cluster *c, const char *id)
{
    struct cl_command x;
    struct cl_node *n = cl_add(c, id);
    cl_admin(&x, "node.init")->node = id;
    cl_must(n, &x);
    first_office(n);
    return n;
}

static void take_code(const struct cl_result *r, char code[DP_ENROL_TEXT])
{
    const char *at = strstr(r->json, "\"code\":\"");
    assert_non_null(at);
    snprintf(code, DP_ENROL_TEXT, "%.*s", DP_ENROL_TEXT - 1, at + 8);
}

struct cl_node *cl_enroll(struct cluster *c, struct cl_node *by, const char *id)
{
    struct cl_command x;
    struct cl_node *n = cl_add(c, id), *parent = by;
    char above[DP_NODE_TEXT], code[DP_ENROL_TEXT], to[DP_NODE_TEXT + 2], of_parent[DP_NODE_TEXT + 2];
    dp_node_format(dp_node_parent(n->id), above);
    if (strcmp(above, by->text) != 0)
        parent = cl_node(c, above);
    struct dp_admin *a = cl_admin(&x, "enroll.token");
    a->node = id;
    snprintf(of_parent, sizeof(of_parent), "%s:1", above);
    a->address = parent == by ? "" : of_parent;
    struct cl_result token = cl_must(by, &x);
    take_code(&token, code);
    a = cl_admin(&x, "node.join");
    a->node = id;
    snprintf(to, sizeof(to), "%s:1", by->text);
    a->address = to;
    a->code = code;
    cl_must(n, &x);
    cluster_run(c, 2000); /* it asks */
    cl_admin(&x, "enroll.approve")->node = id;
    cl_must(by, &x);
    cl_lay(c, n, parent);
    for (int i = 0; i < 10 && !dp_daemon_enrolled(n->d); i++)
        cluster_run(c, 2000);
    assert_true(dp_daemon_enrolled(n->d));
    assert_true(cluster_settle(c, 600000));
    first_office(n);
    return n;
}

/* ---- looking in ---- */

static bool look(struct cl_node *n, struct dp_db *db)
{
    *db = (struct dp_db){.kv = n->kv};
    return dp_db_begin(db, false) == DP_OK;
}

static bool load_case(struct cl_node *n, const struct dp_subject *s, struct dp_casefile *f)
{
    struct dp_db db;
    struct dp_slice packed;
    assert_true(look(n, &db));
    dp_casefile_init(f, s);
    enum dp_err e = dp_db_case(&db, s, &packed);
    if (e == DP_OK)
        assert_ok(dp_casefile_unpack(packed, f));
    dp_db_abort(&db);
    if (e != DP_OK)
        dp_casefile_fini(f);
    return e == DP_OK;
}

bool cl_digest(struct cl_node *n, const struct dp_subject *s, struct dp_digest *out)
{
    struct dp_casefile f;
    struct dp_arena a;
    struct dp_state st;
    struct dp_buf b;
    if (!load_case(n, s, &f))
        return false;
    dp_arena_init(&a, 64u << 20, 0);
    dp_buf_init(&b, 64u << 20);
    assert_ok(dp_fold(&f, &a, &st));
    assert_ok(dp_state_canonical(&f, &st, &b));
    struct dp_slice all = dp_buf_slice(&b);
    dp_suite_of(DP_SUITE_INTL)->hash(&all, 1, out);
    dp_buf_fini(&b);
    dp_arena_fini(&a);
    dp_casefile_fini(&f);
    return true;
}

uint32_t cl_facts(struct cl_node *n, const struct dp_name *of_case)
{
    struct dp_casefile f;
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of_case};
    if (!load_case(n, &s, &f))
        return 0;
    uint32_t count = f.count;
    dp_casefile_fini(&f);
    return count;
}

void cl_print(struct cl_node *n, const struct dp_name *of_case)
{
    struct dp_casefile f;
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of_case};
    if (!load_case(n, &s, &f))
        return;
    for (uint32_t i = 0; i < f.count; i++) {
        const struct dp_fact *x = &f.facts[i];
        char name[DP_NAME_TEXT], to[DP_OFFICE_TEXT] = "";
        dp_name_format(&x->e.name, name);
        if (!dp_office_is_none(&x->e.body.to))
            dp_office_format(&x->e.body.to, to);
        print_message("%s %3u. %2u %-16s %-28s %-8s re %d custody %d parts %u %s %s\n", n->text, i, x->e.step,
                      dp_kind_known(x->e.kind) ? dp_kind_word(x->e.kind) : "?", name, x->e.office.slug,
                      x->re == DP_FACT_NONE ? -1 : (int)x->re,
                      x->custody == DP_FACT_NONE ? -1 : (int)x->custody, x->e.part_count, to,
                      x->verdict == DP_VALID ? "" : dp_void_name((enum dp_void_reason)x->reason));
    }
    dp_casefile_fini(&f);
}

bool cl_custodian(struct cl_node *n, const struct dp_name *of_case, struct dp_office *out)
{
    struct dp_casefile f;
    struct dp_arena a;
    struct dp_state st;
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of_case};
    if (!load_case(n, &s, &f))
        return false;
    dp_arena_init(&a, 64u << 20, 0);
    assert_ok(dp_fold(&f, &a, &st));
    *out = dp_state_custodian(&st);
    dp_arena_fini(&a);
    dp_casefile_fini(&f);
    return true;
}

enum dp_err cl_read(struct cl_node *n, const struct dp_name *name, uint8_t index, struct dp_part_text *out)
{
    struct dp_entry e;
    struct dp_slice bytes;
    assert_ok(dp_daemon_begin(n->d));
    enum dp_err err = dp_entry_bytes(n->d, name, &bytes);
    if (err == DP_OK)
        err = dp_entry_decode(bytes, name, &n->d->turn, &e);
    if (err == DP_OK)
        err = dp_parcels_read(n->d, &e, index, out);
    (void)dp_daemon_end(n->d);
    return err;
}

static bool holds(struct dp_slice hay, struct dp_slice needle)
{
    return needle.len == 0 || (hay.len >= needle.len && memmem(hay.p, hay.len, needle.p, needle.len) != NULL);
}

uint32_t cl_grep_table(const struct cl_node *n, enum dp_table t, struct dp_slice needle)
{
    const struct dp_kv_ops *ops = n->kv->ops;
    struct dp_kv_txn *txn;
    struct dp_kv_cur *cur;
    struct dp_slice k, v;
    uint32_t hits = 0;
    assert_ok(ops->begin(n->kv, false, &txn));
    assert_ok(ops->cur_open(txn, t, &cur));
    for (enum dp_err e = ops->cur_seek(cur, DP_KV_FIRST, dp_slice_of(NULL, 0), &k, &v); e == DP_OK;
         e = ops->cur_next(cur, &k, &v))
        hits += holds(k, needle) || holds(v, needle);
    ops->cur_close(cur);
    ops->abort(txn);
    return hits;
}

uint32_t cl_grep(const struct cl_node *n, struct dp_slice needle)
{
    uint32_t hits = 0;
    for (unsigned t = 0; t < DP_T_COUNT; t++)
        hits += cl_grep_table(n, (enum dp_table)t, needle);
    return hits;
}

bool cl_alarmed(const struct cl_node *n, const char *word)
{
    const struct dp_alarm_row *a = NULL;
    for (uint32_t at = 0; n->d != NULL && (a = dp_alarm_next(n->d, &at)) != NULL;)
        if (strcmp(a->word, word) == 0)
            return true;
    return false;
}

const struct dp_session *cl_session(struct cl_node *n, const struct cl_node *peer)
{
    const struct dp_peer *p = n->d == NULL ? NULL : dp_peers_find(n->d, peer->id);
    return p == NULL ? NULL : &p->s;
}
