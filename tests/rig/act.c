/* SPDX-License-Identifier: Apache-2.0 */
#include "act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"

typedef Daipao__Control__V1__Request Request;
typedef Daipao__Control__V1__Command Command;
typedef Daipao__Control__V1__Query Query;
typedef Daipao__Control__V1__Reply Reply;

static char *text_of(const char *s)
{
    return (char *)(s == NULL ? "" : s);
}

/* ---- commands ---- */

static void add_part(struct act_command *c, uint32_t kind)
{
    Daipao__Control__V1__Part *p = &c->part[c->step.n_parts];
    *p = (Daipao__Control__V1__Part)DAIPAO__CONTROL__V1__PART__INIT;
    p->kind = kind;
    c->parts[c->step.n_parts++] = p;
    c->step.parts = c->parts;
}

static void start(struct act_command *c, uint32_t kind)
{
    c->cmd = (Command)DAIPAO__CONTROL__V1__COMMAND__INIT;
    c->step = (Daipao__Control__V1__Step)DAIPAO__CONTROL__V1__STEP__INIT;
    c->cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_STEP;
    c->cmd.step = &c->step;
    c->step.kind = kind;
}

static void add_petitioner(struct act_command *c, const struct act_matter *m)
{
    add_part(c, 1);
    c->person = (Daipao__Control__V1__Person)DAIPAO__CONTROL__V1__PERSON__INIT;
    c->person.name = text_of(m->name == NULL ? "\xe5\xbc\xa0\xe4\xb8\x89" : m->name);
    c->person.phone = text_of(m->phone == NULL ? "13800000000" : m->phone);
    c->person.main = 1;
    c->persons[0] = &c->person;
    c->part[0].persons = c->persons;
    c->part[0].n_persons = 1;
}

void act_build_register(struct act_command *c, const struct act_matter *m)
{
    start(c, ACT_REGISTER);
    c->intake = (Daipao__Control__V1__Intake)DAIPAO__CONTROL__V1__INTAKE__INIT;
    c->step.intake = &c->intake;
    c->intake.channel = (char *)"V";
    c->intake.purpose = m->purpose == 0 ? 4 : m->purpose;
    c->intake.category = 990000;
    c->intake.flags = m->flags;
    c->intake.headcount = 1;
    c->intake.residence_div = text_of(m->residence == NULL ? "331023105200" : m->residence);
    c->intake.problem_div = c->intake.residence_div;
    c->intake.petition_date = 20500;
    c->intake.origin = 1;
    if (m->source_no != NULL) {
        c->intake.source_system = (char *)"test";
        c->intake.source_no = text_of(m->source_no);
    }
    if (m->respondent != NULL) {
        c->respondents[0] = text_of(m->respondent);
        c->intake.respondents = c->respondents;
        c->intake.n_respondents = 1;
    }
    add_petitioner(c, m);
    if (m->respondent_name != NULL) {
        add_part(c, 2);
        c->part[c->step.n_parts - 1].respondent_name = text_of(m->respondent_name);
    }
    if (m->content != NULL) {
        add_part(c, 3);
        c->part[c->step.n_parts - 1].content = text_of(m->content);
    }
}

void act_build_step(struct act_command *c, uint32_t kind, const char *case_ref, const char *to,
                    const char *text)
{
    start(c, kind);
    c->step.case_ref = text_of(case_ref);
    c->step.to = text_of(to);
    c->step.code = kind == ACT_ANSWER ? 1 : 0;
    if (text != NULL) {
        add_part(c, 4);
        c->part[0].text = text_of(text);
    }
}

void act_read(const Daipao__Control__V1__Result *r, struct act_result *out)
{
    memset(out, 0, sizeof *out);
    out->err = r->err;
    out->reason = r->reason;
    snprintf(out->number, sizeof out->number, "%s", r->number);
    snprintf(out->text, sizeof out->text, "%s", r->text);
    if (r->name.len == DP_NAME_BYTES) {
        struct dp_name n = dp_name_get(r->name.data);
        if (!dp_name_is_none(&n))
            dp_name_format(&n, out->name);
    }
}

static uint32_t call(struct proc_node *n, const char *as_office, Command *cmd, struct act_result *out)
{
    struct act_result own;
    Command *list[1] = {cmd};
    Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    rq.as_office = text_of(as_office);
    rq.commands = list;
    rq.n_commands = 1;
    Reply *r = proc_call(n, &rq);
    act_read(r->results[0], out == NULL ? &own : out);
    uint32_t err = r->results[0]->err;
    proc_reply_free(r);
    return err;
}

uint32_t act_register(struct proc_node *n, const char *as_office, const struct act_matter *m,
                      struct act_result *out)
{
    struct act_command c;
    act_build_register(&c, m);
    return call(n, as_office, &c.cmd, out);
}

uint32_t act_step(struct proc_node *n, const char *as_office, uint32_t kind, const char *case_ref,
                  const char *to, const char *text, struct act_result *out)
{
    struct act_command c;
    act_build_step(&c, kind, case_ref, to, text);
    return call(n, as_office, &c.cmd, out);
}

uint32_t act_do(struct proc_node *n, const char *as_office, struct act_command *c, struct act_result *out)
{
    return call(n, as_office, &c->cmd, out);
}

void act_step_soon(struct proc_node *n, const char *as_office, uint32_t kind, const char *case_ref,
                   const char *to, const char *text, int seconds, struct act_result *out)
{
    struct act_result own, *r = out == NULL ? &own : out;
    for (double end = proc_now() + seconds;; proc_nap()) {
        uint32_t err = act_step(n, as_office, kind, case_ref, to, text, r);
        if (err == DP_OK)
            return;
        if ((err != DP_NOT_FOUND && err != DP_STEP_INVALID) || proc_now() > end)
            proc_die("%s: step %u on %s: %s", n->id, (unsigned)kind, case_ref, r->text);
    }
}

uint32_t act_admin(struct proc_node *n, const char *verb, const char *node)
{
    Daipao__Control__V1__Admin a = DAIPAO__CONTROL__V1__ADMIN__INIT;
    a.verb = text_of(verb);
    a.node = text_of(node);
    return proc_admin(n, &a, NULL);
}

uint32_t act_backup(struct proc_node *n, const char *path)
{
    Daipao__Control__V1__Admin a = DAIPAO__CONTROL__V1__ADMIN__INIT;
    Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    Command cmd = DAIPAO__CONTROL__V1__COMMAND__INIT, *list[1] = {&cmd};
    bool more = true;
    uint32_t err = DP_OK;
    a.verb = (char *)"backup";
    a.path = text_of(path);
    cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_ADMIN;
    cmd.admin = &a;
    rq.commands = list;
    rq.n_commands = 1;
    while (more) {
        Reply *r = proc_call(n, &rq);
        err = r->results[0]->err;
        more = err == DP_OK && strstr(r->results[0]->json, "\"written\":false") != NULL;
        proc_reply_free(r);
    }
    return err;
}

uint32_t act_alarm_clear(struct proc_node *n, const char *word)
{
    Daipao__Control__V1__Admin a = DAIPAO__CONTROL__V1__ADMIN__INIT;
    a.verb = (char *)"alarm.clear";
    a.name = text_of(word);
    return proc_admin(n, &a, NULL);
}

/* ---- questions ---- */

json_t *act_ask(struct proc_node *n, Query *q, const char *as_office)
{
    Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    Command cmd = DAIPAO__CONTROL__V1__COMMAND__INIT, *list[1] = {&cmd};
    cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_QUERY;
    cmd.query = q;
    rq.as_office = text_of(as_office);
    rq.commands = list;
    rq.n_commands = 1;
    Reply *r = proc_call(n, &rq);
    json_t *j = r->results[0]->err == DP_OK ? json_loads(r->results[0]->json, 0, NULL) : NULL;
    proc_reply_free(r);
    return j;
}

json_t *act_ask_what(struct proc_node *n, const char *what, const char *case_ref, const char *as_office)
{
    Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
    q.what = text_of(what);
    q.case_ref = text_of(case_ref);
    return act_ask(n, &q, as_office);
}

static json_t *walk(json_t *at, const char *path)
{
    char copy[128], *save = NULL;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *w = strtok_r(copy, ".", &save); w != NULL && at != NULL; w = strtok_r(NULL, ".", &save))
        at = json_object_get(at, w);
    return at;
}

const char *act_text(struct proc_node *n, const char *what, const char *path, char *out)
{
    json_t *root = act_ask_what(n, what, NULL, NULL);
    const char *s = json_string_value(walk(root, path));
    snprintf(out, 512, "%s", s == NULL ? "" : s);
    json_decref(root);
    return out;
}

static bool is_alarm_of(const json_t *row, const char *word, const char *node, const char *part)
{
    const char *w = json_string_value(json_object_get(row, "word"));
    const char *t = json_string_value(json_object_get(row, "text"));
    const char *n = json_string_value(json_object_get(row, "node"));
    if (w == NULL || t == NULL || strcmp(w, word) != 0 || strstr(t, part) == NULL)
        return false;
    return (n != NULL && strcmp(n, node) == 0) || strstr(t, node) != NULL;
}

bool act_alarmed_of(struct proc_node *n, const char *word, const char *node, const char *part)
{
    json_t *root = act_ask_what(n, "alarms", NULL, NULL), *row;
    bool is = false;
    size_t i;
    json_array_foreach(json_object_get(root, "alarms"), i, row) is |= is_alarm_of(row, word, node, part);
    json_decref(root);
    return is;
}

bool act_alarmed(struct proc_node *n, const char *word, const char *part)
{
    return act_alarmed_of(n, word, "", part);
}

void act_wait_alarm_of(struct proc_node *n, const char *word, const char *node, const char *part, int seconds)
{
    for (double end = proc_now() + seconds; !act_alarmed_of(n, word, node, part); proc_nap())
        if (proc_now() > end)
            proc_die("%s: no alarm \"%s\" of \"%s\" with \"%s\" after %d s; see %s/log", n->id, word, node,
                     part, seconds, n->dir);
}

void act_wait_alarm(struct proc_node *n, const char *word, const char *part, int seconds)
{
    act_wait_alarm_of(n, word, "", part, seconds);
}

static json_t *link_of(struct proc_node *n, const char *peer)
{
    Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
    q.what = (char *)"link";
    q.node = text_of(peer);
    return act_ask(n, &q, NULL);
}

int64_t act_link_number(struct proc_node *n, const char *peer, const char *key)
{
    json_t *root = link_of(n, peer), *v = json_object_get(root, key);
    int64_t out = json_is_integer(v) ? json_integer_value(v) : -1;
    json_decref(root);
    return out;
}

void act_wait_link(struct proc_node *n, const char *peer, const char *state, int seconds)
{
    char have[32] = "";
    for (double end = proc_now() + seconds; proc_now() < end; proc_nap()) {
        json_t *root = link_of(n, peer);
        const char *s = json_string_value(json_object_get(root, "state"));
        snprintf(have, sizeof have, "%s", s == NULL ? "none" : s);
        json_decref(root);
        if (strcmp(have, state) == 0)
            return;
    }
    proc_die("%s: link to %s is %s after %d s, not %s; see %s/log", n->id, peer, have, seconds, state,
             n->dir);
}

/* ---- digests ---- */

json_t *act_digests(struct proc_node *n, const char *node)
{
    json_t *all = json_object(), *next = NULL;
    char after[256] = "";
    do {
        Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
        json_t *row;
        size_t i;
        q.what = (char *)"digest";
        q.index = 1;
        q.node = text_of(node);
        q.after = after;
        json_t *page = act_ask(n, &q, NULL);
        if (page == NULL)
            proc_die("%s: no digests", n->id);
        json_array_foreach(json_object_get(page, "rows"), i, row) json_object_set(
            all, json_string_value(json_object_get(row, "name")), json_object_get(row, "digest"));
        next = json_object_get(page, "next");
        int len = snprintf(after, sizeof after, "%s", json_is_string(next) ? json_string_value(next) : "");
        if (len < 0 || (size_t)len >= sizeof after)
            proc_die("%s: a place to go on from of %d characters", n->id, len);
        json_decref(page);
    } while (after[0] != '\0');
    return all;
}

/* The first case of `a` that is not the same in `b`, or NULL. */
static const char *differs(json_t *a, json_t *b, char out[64])
{
    const char *name;
    json_t *digest;
    json_object_foreach(a, name, digest) if (!json_equal(digest, json_object_get(b, name)))
    {
        snprintf(out, 64, "%s", name);
        return out;
    }
    return NULL;
}

void act_wait_same(struct proc_node *a, struct proc_node *b, const char *node, int seconds)
{
    char name[64];
    for (double end = proc_now() + seconds;; proc_nap()) {
        json_t *da = act_digests(a, node), *db = act_digests(b, node);
        const char *other = differs(da, db, name);
        json_decref(da);
        json_decref(db);
        if (other == NULL)
            return;
        if (proc_now() > end)
            proc_die("case %s differs between %s and %s", name, a->id, b->id);
    }
}
