/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A register (台账) into registrations: rows in batches, several batches under way. A row that is not good is
 * told with its line and stops no other (exit code 11); a row that is here already is passed over, so the
 * same file may be imported again after any failure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "register_csv.h"
#include "said.h"
#include "step.h"

#define BATCH_ROWS 250
#define BATCH_BYTES (900u << 10)
#define BATCHES 4
#define BATCH_MEMORY (64u << 20)
#define FAULTS_SHOWN 100

struct batch {
    uint64_t id; /* 0: free */
    struct dp_arena arena;
    PBC(Command) * commands[BATCH_ROWS];
    uint32_t lines[BATCH_ROWS];
    unsigned count;
    size_t bytes;
};

struct import {
    struct dp_app *app;
    struct dp_register *reg;
    struct batch batch[BATCHES];
    unsigned under_way;
    uint64_t rows, done, sealed, known, rejected;
    json_t *faults;
    enum dp_err ended; /* what would meet every further row as well */
    char ended_text[512];
};

/* ---- faults ---- */

static void fault(struct import *x, uint32_t line, const char *column, const char *text)
{
    json_t *row = json_pack("{s:I,s:s,s:s}", "line", (json_int_t)line, "column", column, "text", text);
    bool shown = json_array_size(x->faults) < FAULTS_SHOWN;

    if (shown)
        json_array_append(x->faults, row);
    json_decref(row);
    if (shown && !x->app->json)
        fprintf(stderr, _("line %u: %s%s%s\n"), line, column, column[0] != '\0' ? ": " : "", text);
}

static void faults_of_row(struct import *x, const struct dp_register_faults *f)
{
    uint32_t n = f->count < DP_REGISTER_FAULTS_MAX ? f->count : DP_REGISTER_FAULTS_MAX;

    x->rejected++;
    for (uint32_t i = 0; i < n; i++)
        fault(x, f->list[i].line, f->list[i].column, _(f->list[i].text));
}

/* ---- a row as a command ---- */

static void *get(struct batch *b, size_t len)
{
    void *p = dp_arena_alloc(&b->arena, len);

    if (p == NULL)
        exit(dp_fail(DP_NOMEM, "%s", _(dp_err_text(DP_NOMEM))));
    return p;
}

static char *text(struct batch *b, struct dp_slice s)
{
    char *t = dp_arena_str(&b->arena, s);

    if (t == NULL)
        exit(dp_fail(DP_NOMEM, "%s", _(dp_err_text(DP_NOMEM))));
    b->bytes += s.len;
    return t;
}

static char *division(struct batch *b, struct dp_div d)
{
    char code[13] = "";

    if (d.v != 0)
        dp_div_format(d, code);
    return text(b, dp_slice_str(code));
}

static PBC(Intake) * intake_of(struct batch *b, const struct dp_register_row *r)
{
    PBC(Intake) *in = get(b, sizeof(*in));

    daipao__control__v1__intake__init(in);
    in->channel = text(b, dp_slice_of(&r->channel, 1));
    in->origin = r->origin != 0 ? r->origin : 1;
    in->purpose = r->purpose;
    in->category = r->category;
    in->flags = r->flags;
    in->headcount = r->headcount;
    in->involved = r->involved;
    in->residence_div = division(b, r->residence_div);
    in->problem_div = division(b, r->problem_div);
    in->petition_date = (uint32_t)r->petition_on.day;
    in->source_system = text(b, dp_slice_str(r->source_system));
    in->source_no = text(b, dp_slice_str(r->source_no));
    in->national_no = text(b, r->national_no);
    return in;
}

static PBC(Part) * part(struct batch *b, PBC(Step) * s, uint32_t kind)
{
    PBC(Part) *p = get(b, sizeof(*p));

    daipao__control__v1__part__init(p);
    p->kind = kind;
    s->parts[s->n_parts++] = p;
    return p;
}

static void petitioner(struct batch *b, PBC(Step) * s, const struct dp_register_row *r)
{
    PBC(Part) * p;
    PBC(Person) * who;

    if (r->name.len + r->id_no.len + r->phone.len + r->address.len == 0 && !r->anonymous)
        return;
    p = part(b, s, DP_PETITIONERS);
    who = get(b, sizeof(*who));
    daipao__control__v1__person__init(who);
    who->name = text(b, r->name);
    who->id_no = text(b, r->id_no);
    who->phone = text(b, r->phone);
    who->address = text(b, r->address);
    who->anonymous = r->anonymous;
    who->main = true;
    p->n_persons = 1;
    p->persons = get(b, sizeof(*p->persons));
    p->persons[0] = who;
}

static void respondent(struct batch *b, PBC(Step) * s, const struct dp_register_row *r)
{
    PBC(Part) * p;

    if (r->respondent_name.len + r->respondent_org.len + r->respondent_rank.len == 0)
        return;
    p = part(b, s, DP_RESPONDENT);
    p->respondent_name = text(b, r->respondent_name);
    p->respondent_org = text(b, r->respondent_org);
    p->respondent_rank = text(b, r->respondent_rank);
}

static void add_row(struct batch *b, const struct dp_register_row *r)
{
    PBC(Command) *c = get(b, sizeof(*c));
    PBC(Step) *s = get(b, sizeof(*s));
    PBC(Part) * content;

    daipao__control__v1__command__init(c);
    daipao__control__v1__step__init(s);
    c->op_case = DAIPAO__CONTROL__V1__COMMAND__OP_STEP;
    c->step = s;
    s->kind = 1;
    s->receipt = (uint32_t)r->received_on.day;
    s->intake = intake_of(b, r);
    s->parts = get(b, 3 * sizeof(*s->parts));
    petitioner(b, s, r);
    respondent(b, s, r);
    content = part(b, s, DP_CONTENT);
    content->title = text(b, r->title);
    content->summary = text(b, r->summary);
    content->content = text(b, r->content);
    content->demand = text(b, r->demand);
    b->bytes += 256;
    b->lines[b->count] = r->line;
    b->commands[b->count++] = c;
}

/* ---- batches ---- */

static void batch_free(struct batch *b)
{
    dp_arena_reset(&b->arena);
    b->id = 0;
    b->count = 0;
    b->bytes = 0;
}

static void progress(const struct import *x)
{
    if (x->app->tty_out && !x->app->json)
        fprintf(stderr, "\r%llu ", (unsigned long long)x->rows);
}

/* Not about the row: all further ones would be told the same. */
static bool ends_all(enum dp_err e)
{
    return e == DP_USAGE || e == DP_NOT_ENTITLED || e == DP_NOT_ENROLLED || e == DP_STOPPED ||
           e == DP_INTAKE_STOPPED;
}

static void end_all(struct import *x, enum dp_err e, const char *why)
{
    if (x->ended != DP_OK)
        return;
    x->ended = e;
    snprintf(x->ended_text, sizeof(x->ended_text), "%s", why);
}

static void count_results(struct import *x, const struct batch *b, const PBC(Reply) * reply)
{
    for (unsigned i = 0; i < b->count; i++) {
        /* A request that was refused as a whole has one result. */
        const PBC(Result) *r = reply->results[i < reply->n_results ? i : reply->n_results - 1];
        enum dp_err e = dp_result_err(r);
        char said[DP_SAID_MAX];
        if (e == DP_OK && strstr(r->json, "\"sealed\":true") != NULL) {
            x->sealed++; /* protected: not registered here, but sent on */
        } else if (e == DP_OK) {
            x->done++;
        } else if (e == DP_DUPLICATE) {
            x->known++;
        } else if (ends_all(e)) {
            end_all(x, e, r->text[0] != '\0' ? dp_said(r, said) : _(dp_err_text(e)));
        } else {
            x->rejected++;
            fault(x, b->lines[i], "", r->text[0] != '\0' ? dp_said(r, said) : _(dp_err_text(e)));
        }
    }
}

static enum dp_err receive(struct import *x)
{
    PBC(Reply) * reply;
    enum dp_err e = dp_call_recv(x->app, &reply);

    if (e != DP_OK)
        return e;
    for (unsigned i = 0; i < BATCHES; i++) {
        if (x->batch[i].id != 0 && x->batch[i].id == reply->id) {
            count_results(x, &x->batch[i], reply);
            batch_free(&x->batch[i]);
            x->under_way--;
        }
    }
    daipao__control__v1__reply__free_unpacked(reply, NULL);
    progress(x);
    return DP_OK;
}

/* A free batch, after waiting for one if need be. */
static enum dp_err batch_get(struct import *x, struct batch **out)
{
    while (x->under_way == BATCHES) {
        enum dp_err e = receive(x);
        if (e != DP_OK)
            return e;
    }
    for (unsigned i = 0; i < BATCHES; i++) {
        if (x->batch[i].id == 0) {
            *out = &x->batch[i];
            return DP_OK;
        }
    }
    return DP_INTERNAL;
}

static enum dp_err send(struct import *x, struct batch *b)
{
    enum dp_err e;

    if (b->count == 0)
        return DP_OK;
    e = dp_call_send(x->app, b->commands, b->count, &b->id);
    if (e == DP_OK)
        x->under_way++;
    return e;
}

static enum dp_err run(struct import *x)
{
    struct dp_register_row row;
    struct dp_register_faults faults;
    struct batch *b;
    enum dp_err e = batch_get(x, &b), got = DP_OK;

    while (e == DP_OK && x->ended == DP_OK &&
           (got = dp_register_next(x->reg, &row, &faults)) != DP_NOT_FOUND) {
        if (got != DP_OK && got != DP_PARTLY)
            return got;
        x->rows++;
        if (got == DP_PARTLY) {
            faults_of_row(x, &faults);
            continue;
        }
        add_row(b, &row);
        if (b->count < BATCH_ROWS && b->bytes < BATCH_BYTES)
            continue;
        e = send(x, b);
        if (e == DP_OK)
            e = batch_get(x, &b);
    }
    if (e == DP_OK && x->ended == DP_OK)
        e = send(x, b);
    while (e == DP_OK && x->under_way > 0)
        e = receive(x);
    return e;
}

/* ---- the file ---- */

static enum dp_err encoding_of(const char *word, FILE *f, enum dp_encoding *out)
{
    enum dp_err e = DP_OK;

    if (word == NULL) {
        e = dp_encoding_detect(dp_register_read_file, f, out);
        rewind(f);
        return e;
    }
    if (strcmp(word, "utf-8") == 0)
        *out = DP_ENCODING_UTF8;
    else if (strcmp(word, "gb18030") == 0)
        *out = DP_ENCODING_GB18030;
    else
        e = DP_USAGE;
    return e;
}

static enum dp_err open_register(struct import *x, const struct dp_args *a, const struct dp_places *p,
                                 FILE *f)
{
    struct dp_register_options o = {.system = a->opt[OPT_SYSTEM] != NULL ? a->opt[OPT_SYSTEM] : "register"};
    const char *reason = "";
    uint32_t today;
    enum dp_err e = dp_value_date("", "today", &today);

    o.divisions = p->list.count > 0 ? &p->list : NULL;
    o.within = p->within;
    if (e == DP_OK)
        e = encoding_of(a->opt[OPT_ENCODING], f, &o.encoding);
    if (e == DP_OK) {
        o.today.day = (int32_t)today;
        e = dp_register_new(&o, dp_register_read_file, f, &x->reg);
    }
    if (e == DP_OK)
        e = dp_register_begin(x->reg, &reason);
    if (e != DP_OK)
        dp_fail(e, "%s: %s %s", a->pos[0], _(dp_err_text(e)), reason);
    return e;
}

static json_t *dropped_of(const struct import *x)
{
    json_t *list = json_array();
    uint32_t n;
    const struct dp_register_dropped *d = dp_register_dropped(x->reg, &n);

    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(d[i].name));
    return list;
}

static json_t *json_of_import(const struct import *x, json_t *dropped)
{
    json_t *v = json_pack("{s:I,s:I,s:I,s:I,s:I,s:b,s:O,s:O}", "rows", (json_int_t)x->rows, "registered",
                          (json_int_t)x->done, "sealed", (json_int_t)x->sealed, "known", (json_int_t)x->known,
                          "rejected", (json_int_t)x->rejected, "dry_run", x->app->dry_run, "faults",
                          x->faults, "dropped", dropped);

    if (x->ended != DP_OK) {
        json_object_set_new(v, "err", json_string(dp_err_name(x->ended)));
        json_object_set_new(v, "exit", json_integer(dp_err_exit(x->ended)));
        json_object_set_new(v, "text", json_string(x->ended_text));
    }
    return v;
}

static int report(struct import *x)
{
    enum dp_err e = x->ended != DP_OK ? x->ended : x->rejected > 0 ? DP_PARTLY : DP_OK;
    json_t *dropped = dropped_of(x), *name;
    size_t i;

    if (x->app->json) {
        dp_print_json(json_of_import(x, dropped));
        json_decref(dropped);
        return dp_err_exit(e);
    }
    json_array_foreach(dropped, i, name)
    {
        printf(_("column not taken: %s\n"), json_string_value(name));
    }
    json_decref(dropped);
    if (x->rejected > FAULTS_SHOWN)
        fprintf(stderr, "%s\n", _("further faults are not shown"));
    printf(x->app->dry_run ? _("would register %llu of %llu rows; %llu here already, %llu not good\n")
                           : _("registered %llu of %llu rows; %llu here already, %llu not good\n"),
           (unsigned long long)x->done, (unsigned long long)x->rows, (unsigned long long)x->known,
           (unsigned long long)x->rejected);
    if (x->sealed > 0)
        printf(x->app->dry_run ? _("would send %llu sealed to a bureau above\n")
                               : _("sent %llu sealed to a bureau above\n"),
               (unsigned long long)x->sealed);
    if (x->ended != DP_OK)
        dp_fail(x->ended, "%s: %s", _(dp_err_text(x->ended)), x->ended_text);
    return dp_err_exit(e);
}

static int import(struct import *x, const struct dp_args *a, FILE *f)
{
    struct dp_places places;
    enum dp_err e = dp_call_open(x->app);
    int code;

    if (e != DP_OK)
        return dp_err_exit(e);
    if (!dp_places_open(x->app, &places, &code))
        return code;
    e = open_register(x, a, &places, f);
    if (e == DP_OK) {
        e = run(x);
        code = e == DP_OK ? report(x) : dp_fail(e, "%s: %s", a->pos[0], _(dp_err_text(e)));
    } else {
        code = dp_err_exit(e);
    }
    dp_register_free(&x->reg);
    dp_places_close(&places);
    return code;
}

int dp_run_import(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    struct import *x = calloc(1, sizeof(*x));
    FILE *f = fopen(a->pos[0], "rb");
    int code;

    (void)v;
    if (x == NULL || f == NULL) {
        code = dp_fail(f == NULL && errno == ENOENT ? DP_NOT_FOUND : DP_IO, "%s: %s", a->pos[0],
                       strerror(errno));
    } else {
        x->app = app;
        x->faults = json_array();
        for (unsigned i = 0; i < BATCHES; i++)
            dp_arena_init(&x->batch[i].arena, BATCH_MEMORY, 1u << 20);
        code = import(x, a, f);
        for (unsigned i = 0; i < BATCHES; i++)
            dp_arena_fini(&x->batch[i].arena);
        json_decref(x->faults);
    }
    if (f != NULL)
        fclose(f);
    free(x);
    return code;
}
