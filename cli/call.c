/* SPDX-License-Identifier: Apache-2.0 */
/* Requests out, replies in, refusals explained. */
#include "call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/id.h"
#include "correct.h"
#include "said.h"
#include "visible.h"
#include "words.h"

#define VERSION 1
#define TOKEN_BYTES 16
#define AGAIN_PAUSE_MS 250
#define AGAIN_TRIES 40
#define NEXT_MAX 128 /* of a page: a bookmark, or a key in hex */

char *dp_pb_str(const char *s)
{
    return (char *)(uintptr_t)(s != NULL ? s : "");
}

/* ---- the line ---- */

enum dp_err dp_call_open(struct dp_app *app)
{
    enum dp_err e = app->ctl != NULL ? DP_OK : dp_ctl_open(app->socket, &app->ctl);

    if (e == DP_UNREACHABLE)
        dp_fail(e, _("the daemon does not answer at %s; is daipaod running?"), app->socket);
    else if (e == DP_NOT_ENTITLED)
        dp_fail(e, _("%s is not open to you; ask to be put into its group"), app->socket);
    else if (e != DP_OK)
        dp_fail(e, "%s: %s", app->socket, _(dp_err_text(e)));
    return e;
}

static enum dp_err lost(enum dp_err e)
{
    dp_fail(DP_UNREACHABLE, "%s: %s", _("the daemon did not answer"), _(dp_err_text(e)));
    return DP_UNREACHABLE;
}

enum dp_err dp_call_send(struct dp_app *app, PBC(Command) * *commands, unsigned count, uint64_t *id)
{
    PBC(Request) rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    enum dp_err e = dp_call_open(app);
    uint8_t *bytes;
    size_t len;

    if (e != DP_OK)
        return e;
    rq.version = VERSION;
    rq.id = *id = ++app->last_id;
    rq.as_office = dp_pb_str(app->as_office);
    rq.dry_run = app->dry_run;
    rq.n_commands = count;
    rq.commands = commands;
    len = daipao__control__v1__request__get_packed_size(&rq);
    bytes = malloc(len);
    if (bytes == NULL)
        return DP_NOMEM;
    daipao__control__v1__request__pack(&rq, bytes);
    e = dp_ctl_send(app->ctl, dp_slice_of(bytes, len), DP_CALL_TIMEOUT_MS);
    dp_wipe(bytes, len); /* persons may stand in it */
    free(bytes);
    if (e == DP_TOO_BIG)
        dp_fail(e, "%s", _("the request is larger than 1 MiB"));
    return e == DP_OK || e == DP_TOO_BIG ? e : lost(e);
}

enum dp_err dp_call_recv(struct dp_app *app, PBC(Reply) * *reply)
{
    struct dp_slice s;
    enum dp_err e = dp_ctl_recv(app->ctl, &s, DP_CALL_TIMEOUT_MS);

    if (e != DP_OK)
        return lost(e);
    *reply = daipao__control__v1__reply__unpack(NULL, s.len, s.p);
    if (*reply == NULL || (*reply)->version != VERSION || (*reply)->n_results == 0) {
        dp_fail(DP_INTERNAL, "%s", _("the daemon speaks another version of the control protocol"));
        if (*reply != NULL)
            daipao__control__v1__reply__free_unpacked(*reply, NULL);
        return DP_INTERNAL;
    }
    return DP_OK;
}

enum dp_err dp_call_one(struct dp_app *app, PBC(Command) * command, PBC(Reply) * *reply)
{
    uint64_t id;
    enum dp_err e = dp_call_send(app, &command, 1, &id);

    return e == DP_OK ? dp_call_recv(app, reply) : e;
}

/* ---- results ---- */

enum dp_err dp_result_err(const PBC(Result) * r)
{
    return r->err < DP_ERR_COUNT ? (enum dp_err)r->err : DP_INTERNAL;
}

static json_t *json_of_kinds(uint64_t kinds)
{
    json_t *list = json_array();

    for (uint32_t k = 1; k < 64; k++) {
        if ((kinds >> k & 1) != 0 && dp_code_word(DP_CODES_KIND, k) != NULL)
            json_array_append_new(list, json_string(dp_code_word(DP_CODES_KIND, k)));
    }
    return list;
}

static json_t *json_of_result(const PBC(Result) * r)
{
    enum dp_err e = dp_result_err(r);
    json_t *more = json_loads(r->json, 0, NULL), *v = json_object();
    char name[DP_NAME_TEXT];

    json_object_set_new(v, "err", json_string(dp_err_name(e)));
    json_object_set_new(v, "exit", json_integer(dp_err_exit(e)));
    if (r->text[0] != '\0')
        json_object_set_new(v, "text", json_string(r->text));
    if (r->name.len == DP_NAME_BYTES) {
        struct dp_name n = dp_name_get(r->name.data);
        dp_name_format(&n, name);
        json_object_set_new(v, "entry", json_string(name));
    }
    if (r->number[0] != '\0')
        json_object_set_new(v, "number", json_string(r->number));
    if (e == DP_STEP_INVALID || e == DP_CONFLICT) {
        const char *reason = dp_code_word(DP_CODES_REASON, r->reason);
        json_object_set_new(v, "reason", reason != NULL ? json_string(reason) : json_null());
        json_object_set_new(v, "valid", json_of_kinds(r->valid_kinds));
    }
    if (json_is_object(more))
        json_object_update_missing(v, more);
    json_decref(more);
    return v;
}

bool dp_put_json(const json_t *v)
{
    char *raw = json_dumps(v, JSON_COMPACT), *text = raw == NULL ? NULL : dp_visible_json(raw);
    bool ok = text != NULL && puts(text) >= 0;

    free(text);
    free(raw);
    return ok;
}

int dp_print_json(json_t *v)
{
    bool ok = dp_put_json(v);

    json_decref(v);
    return ok ? 0 : dp_fail(DP_IO, "%s", _(dp_err_text(DP_IO)));
}

/* As they are typed here: R-VAL-7 for people. */
static void print_valid(uint64_t kinds)
{
    bool any = false;

    fprintf(stderr, "  %s:", _("valid now"));
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        const struct dp_verb *v = &dp_verbs[i];
        if (v->kind == 0 || v->kind > 63 || (kinds >> v->kind & 1) == 0 || strcmp(v->noun, "errand") == 0)
            continue;
        fprintf(stderr, "%s %s %s", any ? "," : "", v->noun, v->verb);
        any = true;
    }
    fprintf(stderr, "%s\n", any ? "" : " -");
}

int dp_result_fail(struct dp_app *app, const PBC(Result) * r)
{
    enum dp_err e = dp_result_err(r);
    const char *reason = dp_code_text(DP_CODES_REASON, r->reason), *text;
    char said[DP_SAID_MAX];

    if (app->json) {
        dp_print_json(json_of_result(r));
        return dp_err_exit(e);
    }
    if (reason != NULL)
        dp_fail(e, "%s: %s", _(dp_err_text(e)), reason);
    else if (r->text[0] != '\0' && strcmp(r->text, dp_err_text(e)) != 0 &&
             (text = dp_said(r, said))[0] != '\0')
        dp_fail(e, "%s: %s", _(dp_err_text(e)), text);
    else
        dp_fail(e, "%s", _(dp_err_text(e)));
    if (e == DP_STEP_INVALID || e == DP_CONFLICT)
        print_valid(r->valid_kinds);
    return dp_err_exit(e);
}

/* ---- queries ---- */

enum dp_err dp_query(struct dp_app *app, PBC(Query) * q, json_t **out, int *code)
{
    PBC(Command) c = DAIPAO__CONTROL__V1__COMMAND__INIT;
    PBC(Reply) * reply;
    enum dp_err e;

    c.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_QUERY;
    c.query = q;
    e = dp_call_one(app, &c, &reply);
    if (e != DP_OK) {
        *code = dp_err_exit(e);
        return e;
    }
    e = dp_result_err(reply->results[0]);
    if (e != DP_OK) {
        *code = dp_result_fail(app, reply->results[0]);
    } else {
        *out = json_loads(reply->results[0]->json, JSON_ALLOW_NUL, NULL);
        if (*out == NULL) {
            e = DP_FORMAT;
            *code = dp_fail(e, "%s", _("the daemon's answer is no JSON"));
        }
    }
    daipao__control__v1__reply__free_unpacked(reply, NULL);
    return e;
}

/* Rows of `page` to `all`; true when there is another page to ask for. */
static bool take_rows(json_t *all, json_t *page, const char *key, uint32_t limit, char *next, size_t cap)
{
    const char *after = json_string_value(json_object_get(page, "next"));

    json_array_extend(json_object_get(all, key), json_object_get(page, key));
    if (after == NULL || (limit > 0 && json_array_size(json_object_get(all, key)) >= limit))
        return false;
    snprintf(next, cap, "%s", after);
    return true;
}

enum dp_err dp_query_pages(struct dp_app *app, PBC(Query) * q, const char *key, uint32_t limit, json_t **out,
                           int *code)
{
    char next[NEXT_MAX] = "";
    json_t *all = NULL, *page = NULL;
    bool more = true;

    while (more) {
        enum dp_err e;
        q->limit =
            limit == 0 || all == NULL ? limit : limit - (uint32_t)json_array_size(json_object_get(all, key));
        e = dp_query(app, q, &page, code);
        if (e != DP_OK) {
            q->after = dp_pb_str(NULL);
            json_decref(all);
            return e;
        }
        if (all == NULL) {
            all = json_deep_copy(page);
            json_object_set_new(all, key, json_array());
        }
        more = take_rows(all, page, key, limit, next, sizeof(next));
        if (json_object_get(page, "next") != NULL)
            json_object_set(all, "next", json_object_get(page, "next"));
        json_decref(page);
        q->after = next;
    }
    q->after = dp_pb_str(NULL);
    *out = all;
    return DP_OK;
}

enum dp_err dp_query_rows(struct dp_app *app, PBC(Query) * q, uint32_t limit, json_t **out, int *code)
{
    return dp_query_pages(app, q, "rows", limit, out, code);
}

/* ---- steps and administration ---- */

/* What a verb of administration is for, named as the daemon does: "office.set". */
static const char *would_text(const char *word)
{
    const char *dot = strchr(word, '.');
    char noun[32] = "";

    if (dot != NULL)
        snprintf(noun, sizeof(noun), "%.*s", (int)(dot - word), word);
    const struct dp_verb *v = dp_verb_find(noun, dot != NULL ? dot + 1 : word);
    return v != NULL ? _(v->help) : _(word);
}

/* -n for people: what would happen, who would get the personal parts, and what it costs on the line. */
static void print_would(const char *json)
{
    json_t *v = json_loads(json, 0, NULL);
    const char *would = json_string_value(json_object_get(v, "would"));
    const char *parts_to = json_string_value(json_object_get(v, "parts_to"));
    json_int_t bytes = json_integer_value(json_object_get(v, "bytes_alone"));
    uint32_t kind;

    if (would != NULL && dp_code_number(DP_CODES_KIND, would, &kind))
        would = dp_code_text(DP_CODES_KIND, kind);
    else if (would != NULL)
        would = would_text(would);
    printf("%s %s\n", _("would do:"), would != NULL ? would : _("as asked"));
    if (parts_to != NULL && parts_to[0] != '\0')
        printf("  %s: %s\n", _("personal parts would go to"), parts_to);
    if (bytes > 0)
        printf("  %s: %lld\n", _("bytes on the line, if sent alone"), (long long)bytes);
    dp_print_changes(v);
    json_decref(v);
}

static int print_done(struct dp_app *app, const PBC(Result) * r, const char *done)
{
    json_t *more;
    const char *code;
    char said[DP_SAID_MAX];

    if (app->json)
        return dp_print_json(json_of_result(r));
    if (app->dry_run) {
        print_would(r->json);
        return 0;
    }
    more = json_loads(r->json, 0, NULL);
    code = json_string_value(json_object_get(more, "query_code"));
    if (dp_result_err(r) == DP_DUPLICATE)
        printf("%s: %s\n", _("already here"), r->number);
    else
        printf("%s%s%s\n", done, r->number[0] != '\0' ? ": " : "", r->number);
    if (r->text[0] != '\0')
        printf("%s\n", dp_said(r, said));
    if (code != NULL && code[0] != '\0')
        printf("%s: %s\n", _("query code for the petitioner (shown once)"), code);
    code = json_string_value(json_object_get(more, "draft"));
    if (code != NULL)
        printf("%s: daipao case register --from draft:%s\n", _("to register it"), code);
    code = json_string_value(json_object_get(more, "code"));
    if (code != NULL)
        printf("%s: %s\n", _("one-time code, to be read over the phone"), code);
    json_decref(more);
    return 0;
}

static bool is_done(const PBC(Result) * r)
{
    return dp_err_exit(dp_result_err(r)) == 0;
}

static enum dp_err draw_token(PBC(Step) * step, uint8_t token[TOKEN_BYTES])
{
    if (getrandom(token, TOKEN_BYTES, 0) != TOKEN_BYTES) {
        dp_fail(DP_IO, "%s", strerror(errno));
        return DP_IO;
    }
    step->token = (ProtobufCBinaryData){TOKEN_BYTES, token};
    return DP_OK;
}

/* A request went out: the daemon was there, and is not any more. */
static bool asked(const struct dp_app *app)
{
    return app->ctl != NULL && app->last_id > 0;
}

/* A daemon that is started anew is back within seconds. */
static bool open_again(struct dp_app *app)
{
    const struct timespec pause = {0, AGAIN_PAUSE_MS * 1000000L};

    fprintf(stderr, "daipao: %s\n", _("asking again"));
    for (int i = 0; i < AGAIN_TRIES; i++) {
        dp_ctl_close(&app->ctl);
        if (dp_ctl_open(app->socket, &app->ctl) == DP_OK)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

int dp_do_step(struct dp_app *app, PBC(Step) * step, const char *wait)
{
    PBC(Command) c = DAIPAO__CONTROL__V1__COMMAND__INIT;
    PBC(Reply) * reply;
    const PBC(Result) * r;
    char name[DP_NAME_TEXT];
    uint8_t token[TOKEN_BYTES];
    enum dp_err e;
    int code;

    c.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_STEP;
    c.step = step;
    e = draw_token(step, token);
    if (e == DP_OK)
        e = dp_call_one(app, &c, &reply);
    if (e == DP_UNREACHABLE && asked(app) && open_again(app))
        e = dp_call_one(app, &c, &reply); /* the same token: done once, whatever became of the first */
    if (e != DP_OK)
        return dp_err_exit(e);
    r = reply->results[0];
    code = is_done(r) ? print_done(app, r, _("done")) : dp_result_fail(app, r);
    if (code == 0 && wait != NULL && !app->dry_run && r->name.len == DP_NAME_BYTES) {
        struct dp_name n = dp_name_get(r->name.data);
        dp_name_format(&n, name);
        code = dp_wait_for(app, step->case_ref[0] != '\0' ? step->case_ref : name, name, wait);
    }
    daipao__control__v1__reply__free_unpacked(reply, NULL);
    return code;
}

int dp_print_admin(struct dp_app *app, const PBC(Result) * r, const char *done)
{
    return is_done(r) ? print_done(app, r, done) : dp_result_fail(app, r);
}

int dp_do_admin(struct dp_app *app, PBC(Admin) * admin, const char *done)
{
    PBC(Command) c = DAIPAO__CONTROL__V1__COMMAND__INIT;
    PBC(Reply) * reply;
    enum dp_err e;
    int code;

    c.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_ADMIN;
    c.admin = admin;
    e = dp_call_one(app, &c, &reply);
    if (e != DP_OK)
        return dp_err_exit(e);
    code = dp_print_admin(app, reply->results[0], done);
    daipao__control__v1__reply__free_unpacked(reply, NULL);
    return code;
}
