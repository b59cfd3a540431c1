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

#include "import_row.h"
#include "places.h"
#include "said.h"

#define BATCH_BYTES (900u << 10)
#define BATCHES 4
#define BATCH_MEMORY (64u << 20)
#define FAULTS_SHOWN 100
#define PURPOSE_ACCUSATION 2

struct import {
    struct dp_app *app;
    struct dp_register *reg;
    struct dp_batch batch[BATCHES];
    unsigned under_way;
    const struct dp_known_offices *offices;
    uint64_t rows, done, sealed, known, rejected, doubtful;
    json_t *faults, *notices;
    enum dp_err ended; /* what would meet every further row as well */
    char ended_text[512];
};

/* ---- faults ---- */

/* On a list that a program reads, and at once for a person. */
static void tell(struct import *x, json_t *list, uint32_t line, const char *column, const char *text)
{
    json_t *row = json_pack("{s:I,s:s,s:s}", "line", (json_int_t)line, "column", column, "text", text);
    bool shown = json_array_size(list) < FAULTS_SHOWN;

    if (shown)
        json_array_append(list, row);
    json_decref(row);
    if (shown && !x->app->json)
        fprintf(stderr, _("line %u: %s%s%s\n"), line, column, column[0] != '\0' ? ": " : "", text);
}

static void fault(struct import *x, uint32_t line, const char *column, const char *text)
{
    tell(x, x->faults, line, column, text);
}

static void faults_of_row(struct import *x, const struct dp_register_faults *f)
{
    uint32_t n = f->count < DP_REGISTER_FAULTS_MAX ? f->count : DP_REGISTER_FAULTS_MAX;
    char text[512];

    x->rejected++;
    for (uint32_t i = 0; i < n; i++) {
        const struct dp_register_fault *one = &f->list[i];
        snprintf(text, sizeof(text), "%s", _(one->text));
        if (one->other != 0)
            snprintf(text, sizeof(text), _("%s: line %u"), _(one->text), one->other);
        fault(x, one->line, one->column, text);
    }
}

/* R-N3-1, as far as a register can say it. */
static bool is_protected(const struct dp_register_row *r)
{
    return r->purpose == PURPOSE_ACCUSATION || (r->flags & DP_REGISTER_CONFIDENTIAL) != 0;
}

/* What went in, and a clerk should look at all the same. */
static void notices_of_row(struct import *x, const struct dp_register_row *r, const struct dp_respondents *to)
{
    bool unsure = to->unsure && is_protected(r);

    if (unsure)
        tell(x, x->notices, r->line, dp_column_word(DP_COLUMN_RESPONDENT_ORG),
             _("not the name of one known office, so the matter is kept from all below the county; see to "
               "it"));
    if (r->names.count > DP_NAMES_MAX)
        tell(x, x->notices, r->line, dp_column_word(DP_COLUMN_NAME),
             _("more than five names; the first five are taken as representatives"));
    if (unsure || r->names.count > DP_NAMES_MAX)
        x->doubtful++;
}

/* ---- batches ---- */

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

/* R-N3-4: it went past this node, which keeps nothing of it and would send it again. */
static bool is_sealed(const PBC(Result) * r)
{
    json_t *v = r->name.len > 0 || r->json[0] == '\0' ? NULL : json_loads(r->json, 0, NULL);
    bool sealed = json_is_true(json_object_get(v, "sealed"));

    json_decref(v);
    return sealed;
}

static void count_result(struct import *x, const struct dp_batch *b, unsigned i, const PBC(Result) * r)
{
    enum dp_err e = dp_result_err(r);
    char said[DP_SAID_MAX];
    const char *why = r->text[0] != '\0' ? dp_said(r, said) : _(dp_err_text(e));

    if (e == DP_OK && is_sealed(r)) {
        x->sealed++;
    } else if (e == DP_OK) {
        x->done++;
    } else if (e == DP_DUPLICATE) {
        x->known++;
    } else if (ends_all(e)) {
        end_all(x, e, why);
    } else {
        x->rejected++;
        fault(x, b->lines[i], e == DP_CONFLICT ? b->columns[i] : "", why);
    }
}

/* What is left of the batch; all at once, or the next row alone. */
static enum dp_err send_rest(struct import *x, struct dp_batch *b)
{
    return dp_call_send(x->app, &b->commands[b->next], b->alone ? 1 : b->count - b->next, &b->id);
}

/* One answer for many rows: nothing of the request could be used, and one row is why. */
static bool refused_whole(const struct dp_batch *b, const PBC(Reply) * reply)
{
    return !b->alone && b->count > 1 && reply->n_results < b->count &&
           !ends_all(dp_result_err(reply->results[0]));
}

static enum dp_err count_results(struct import *x, struct dp_batch *b, const PBC(Reply) * reply)
{
    if (refused_whole(b, reply)) {
        b->alone = true;
        return send_rest(x, b);
    }
    if (b->alone)
        count_result(x, b, b->next++, reply->results[0]);
    while (!b->alone && b->next < b->count) {
        count_result(x, b, b->next,
                     reply->results[b->next < reply->n_results ? b->next : reply->n_results - 1]);
        b->next++;
    }
    if (b->next < b->count && x->ended == DP_OK)
        return send_rest(x, b);
    dp_batch_free(b);
    x->under_way--;
    return DP_OK;
}

static enum dp_err receive(struct import *x)
{
    PBC(Reply) * reply;
    enum dp_err e = dp_call_recv(x->app, &reply);

    if (e != DP_OK)
        return e;
    for (unsigned i = 0; i < BATCHES && e == DP_OK; i++) {
        if (x->batch[i].id != 0 && x->batch[i].id == reply->id) {
            e = count_results(x, &x->batch[i], reply);
            break;
        }
    }
    daipao__control__v1__reply__free_unpacked(reply, NULL);
    progress(x);
    return e;
}

/* A free batch, after waiting for one if need be. */
static enum dp_err batch_get(struct import *x, struct dp_batch **out)
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

static enum dp_err send(struct import *x, struct dp_batch *b)
{
    enum dp_err e = b->count == 0 ? DP_OK : send_rest(x, b);

    if (e == DP_OK && b->count > 0)
        x->under_way++;
    return e;
}

/* A good row into the batch; a full one is sent, and *b is another then. */
static enum dp_err take(struct import *x, struct dp_batch **b, const struct dp_register_row *row)
{
    struct dp_respondents to;
    enum dp_err e;

    dp_respondents_of(x->offices, row->respondent_org, &to);
    notices_of_row(x, row, &to);
    dp_batch_add(*b, row, &to);
    if ((*b)->count < DP_BATCH_ROWS && (*b)->bytes < BATCH_BYTES)
        return DP_OK;
    e = send(x, *b);
    return e == DP_OK ? batch_get(x, b) : e;
}

static enum dp_err run(struct import *x)
{
    struct dp_register_row row;
    struct dp_register_faults faults;
    struct dp_batch *b;
    enum dp_err e = batch_get(x, &b), got;

    while (e == DP_OK && x->ended == DP_OK) {
        got = dp_register_next(x->reg, &row, &faults);
        if (got == DP_NOT_FOUND)
            break;
        x->rows++;
        if (got == DP_OK)
            e = take(x, &b, &row);
        else if (got == DP_DUPLICATE)
            x->known++;
        else if (got == DP_PARTLY)
            faults_of_row(x, &faults);
        else
            return got;
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
    if (e == DP_FORMAT && reason[0] != '\0') {
        e = DP_USAGE; /* another kind of file, not bytes that went wrong */
        dp_fail(e, "%s: %s", a->pos[0], _(reason));
    } else if (e != DP_OK) {
        dp_fail(e, "%s: %s", a->pos[0], _(dp_err_text(e)));
    }
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
    json_t *v =
        json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:O,s:O,s:O}", "rows", (json_int_t)x->rows, "registered",
                  (json_int_t)x->done, "sealed", (json_int_t)x->sealed, "known", (json_int_t)x->known,
                  "rejected", (json_int_t)x->rejected, "doubtful", (json_int_t)x->doubtful, "dry_run",
                  x->app->dry_run, "faults", x->faults, "notices", x->notices, "dropped", dropped);

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
    if (x->doubtful > 0)
        printf(_("%llu of them should be looked at, see above\n"), (unsigned long long)x->doubtful);
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
    x->offices = &places.offices;
    e = open_register(x, a, &places, f);
    if (e == DP_OK) {
        e = run(x);
        code = e == DP_OK ? report(x) : dp_fail(e, "%s: %s", a->pos[0], _(dp_err_text(e)));
    } else {
        code = dp_err_exit(e);
    }
    dp_register_free(&x->reg);
    x->offices = NULL;
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
        x->notices = json_array();
        for (unsigned i = 0; i < BATCHES; i++)
            dp_arena_init(&x->batch[i].arena, BATCH_MEMORY, 1u << 20);
        code = import(x, a, f);
        for (unsigned i = 0; i < BATCHES; i++)
            dp_arena_fini(&x->batch[i].arena);
        json_decref(x->faults);
        json_decref(x->notices);
    }
    if (f != NULL)
        fclose(f);
    free(x);
    return code;
}
