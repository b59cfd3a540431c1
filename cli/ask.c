/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: ask, then print the rows as a table. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "table.h"

#define FOLLOW_PAUSE_S 1

static const struct dp_tab inbox_tabs[] = {
    {"urgent", N_("!"), DP_SHOWN_YES, 0},        {"action", N_("TO DO"), DP_SHOWN_WORD, 0},
    {"number", N_("CASE"), DP_SHOWN_TEXT, 0},    {"kind", N_("WHAT"), DP_SHOWN_KIND, 0},
    {"from", N_("FROM"), DP_SHOWN_TEXT, 0},      {"at", N_("SINCE"), DP_SHOWN_TIME, 0},
    {"due", N_("DUE"), DP_SHOWN_TEXT, 0},        {"provisional", N_("~"), DP_SHOWN_YES, 0},
    {"days_left", N_("DAYS"), DP_SHOWN_DAYS, 0}, {"cause", N_("WAITS BECAUSE"), DP_SHOWN_WORD, 0},
};
static const struct dp_tab case_tabs[] = {
    {"urgent", N_("!"), DP_SHOWN_YES, 0},
    {"number", N_("CASE"), DP_SHOWN_TEXT, 0},
    {"status", N_("STATUS"), DP_SHOWN_WORD, 0},
    {"holder", N_("HELD BY"), DP_SHOWN_TEXT, 0},
    {"registered_on", N_("REGISTERED"), DP_SHOWN_TEXT, 0},
    {"channel", N_("CHANNEL"), DP_SHOWN_CODE, DP_CODES_CHANNEL},
    {"purpose", N_("PURPOSE"), DP_SHOWN_CODE, DP_CODES_PURPOSE},
    {"next_due.due", N_("DUE"), DP_SHOWN_TEXT, 0},
    {"next_due.days_left", N_("DAYS"), DP_SHOWN_DAYS, 0},
    {"next_due.cause", N_("WAITS BECAUSE"), DP_SHOWN_WORD, 0},
};
static const struct dp_tab find_tabs[] = {
    {"number", N_("CASE"), DP_SHOWN_TEXT, 0},
    {"status", N_("STATUS"), DP_SHOWN_WORD, 0},
    {"registered_on", N_("REGISTERED"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab order_tabs[] = {
    {"number", N_("CASE"), DP_SHOWN_TEXT, 0},
    {"level", N_("LEVEL"), DP_SHOWN_CODE, DP_CODES_LEVEL},
    {"ground", N_("GROUND"), DP_SHOWN_CODE, DP_CODES_GROUND},
    {"from", N_("FROM"), DP_SHOWN_TEXT, 0},
    {"to", N_("TO"), DP_SHOWN_TEXT, 0},
    {"answer_by", N_("ANSWER BY"), DP_SHOWN_TEXT, 0},
    {"days_left", N_("DAYS"), DP_SHOWN_DAYS, 0},
    {"state", N_("STATE"), DP_SHOWN_WORD, 0},
    {"order", N_("ENTRY"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab office_tabs[] = {
    {"office", N_("OFFICE"), DP_SHOWN_TEXT, 0},
    {"name", N_("NAME"), DP_SHOWN_TEXT, 0},
    {"here", N_("HERE"), DP_SHOWN_YES, 0},
    {"mine", N_("MINE"), DP_SHOWN_YES, 0},
};
static const struct dp_tab officer_tabs[] = {
    {"office", N_("OFFICE"), DP_SHOWN_TEXT, 0}, {"number", N_("NUMBER"), DP_SHOWN_NUMBER, 0},
    {"uid", N_("USER"), DP_SHOWN_NUMBER, 0},    {"roles", N_("ROLES"), DP_SHOWN_CODE, DP_CODES_ROLE},
    {"state", N_("STATE"), DP_SHOWN_WORD, 0},
};
static const struct dp_tab link_tabs[] = {
    {"node", N_("NODE"), DP_SHOWN_TEXT, 0},
    {"side", N_("SIDE"), DP_SHOWN_WORD, 0},
    {"state", N_("STATE"), DP_SHOWN_WORD, 0},
    {"backlog", N_("BACKLOG"), DP_SHOWN_NUMBER, 0},
    {"in_flight", N_("IN FLIGHT"), DP_SHOWN_NUMBER, 0},
    {"rtt_ms", N_("RTT MS"), DP_SHOWN_NUMBER, 0},
    {"rate_bps", N_("BIT/S"), DP_SHOWN_NUMBER, 0},
    {"heard", N_("HEARD"), DP_SHOWN_TIME, 0},
    {"stop", N_("STOPPED BECAUSE"), DP_SHOWN_SAID, 0},
};
static const struct dp_tab request_tabs[] = {
    {"node", N_("NODE"), DP_SHOWN_TEXT, 0},
    {"state", N_("STATE"), DP_SHOWN_WORD, 0},
};
static const struct dp_tab token_tabs[] = {
    {"node", N_("NODE"), DP_SHOWN_TEXT, 0},
    {"expires", N_("CODE GOOD UNTIL"), DP_SHOWN_TIME, 0},
    {"wrong_tries", N_("WRONG TRIES"), DP_SHOWN_NUMBER, 0},
};
static const struct dp_tab profile_tabs[] = {
    {"id", N_("ID"), DP_SHOWN_TEXT, 0},
    {"edition", N_("EDITION"), DP_SHOWN_NUMBER, 0},
    {"valid_from", N_("VALID FROM"), DP_SHOWN_TEXT, 0},
    {"name", N_("ENTRY"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab calendar_tabs[] = {
    {"id", N_("ID"), DP_SHOWN_TEXT, 0},
    {"edition", N_("EDITION"), DP_SHOWN_NUMBER, 0},
    {"years", N_("YEARS"), DP_SHOWN_TEXT, 0},
    {"name", N_("ENTRY"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab digest_tabs[] = {
    {"digest", N_("DIGEST"), DP_SHOWN_TEXT, 0},
    {"name", N_("CASE"), DP_SHOWN_TEXT, 0},
    {"number", N_("NUMBER"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab alarm_tabs[] = {
    {"word", N_("ALARM"), DP_SHOWN_TEXT, 0},  {"node", N_("NODE"), DP_SHOWN_TEXT, 0},
    {"since", N_("SINCE"), DP_SHOWN_TIME, 0}, {"count", N_("TIMES"), DP_SHOWN_NUMBER, 0},
    {"text", N_("WHAT"), DP_SHOWN_SAID, 0},
};
static const struct dp_tab post_tabs[] = {
    {"node", N_("NODE"), DP_SHOWN_TEXT, 0},
    {"last", N_("LAST CAME"), DP_SHOWN_TIME, 0},
    {"next", N_("NEXT GOES"), DP_SHOWN_TIME, 0},
    {"key", N_("KEY"), DP_SHOWN_WORD, 0},
};
static const struct dp_tab quarantine_tabs[] = {
    {"entry", N_("ENTRY"), DP_SHOWN_TEXT, 0},
    {"code", N_("CODE"), DP_SHOWN_TEXT, 0},
    {"why", N_("WHY"), DP_SHOWN_TEXT, 0},
};

/* ---- rows over pages ---- */

static int rows_of(struct dp_app *app, PBC(Query) * q, const struct dp_args *a, const struct dp_tab *tabs,
                   unsigned count)
{
    uint32_t limit = 0;
    json_t *v;
    int code = 0;

    if (dp_args_number(a, OPT_LIMIT, 100000, &limit) != DP_OK ||
        dp_args_number(a, OPT_DUE, 3650, &q->due_days) != DP_OK)
        return dp_err_exit(DP_USAGE);
    if (dp_query_rows(app, q, limit, &v, &code) != DP_OK)
        return code;
    if (app->json)
        return dp_print_json(v);
    code = dp_table_print(json_object_get(v, "rows"), tabs, count, _("nothing"));
    json_decref(v);
    return code;
}

static PBC(Query) query_of(const char *what, const struct dp_args *a)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;

    q.what = dp_pb_str(what);
    q.mine = a->opt[OPT_MINE] != NULL;
    q.status = dp_pb_str(a->opt[OPT_STATUS]);
    q.node = dp_pb_str(a->opt[OPT_HOLDER]);
    return q;
}

/* Earliest date first; without a date last. The daemon gives them in the order of their cases. */
static void sort_inbox(json_t *rows)
{
    size_t n = json_array_size(rows);

    for (size_t i = 1; i < n; i++) {
        json_t *row = json_incref(json_array_get(rows, i));
        const char *due = json_string_value(json_object_get(row, "due"));
        size_t k = i;
        while (due != NULL && k > 0) {
            const char *before = json_string_value(json_object_get(json_array_get(rows, k - 1), "due"));
            if (before != NULL && strcmp(before, due) <= 0)
                break;
            k--;
        }
        if (k != i) {
            json_array_remove(rows, i);
            json_array_insert(rows, k, row);
        }
        json_decref(row);
    }
}

int dp_run_inbox(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Query) q = query_of("inbox", a);
    json_t *all;
    int code = 0;

    (void)v;
    if (dp_args_number(a, OPT_DUE, 3650, &q.due_days) != DP_OK)
        return dp_err_exit(DP_USAGE);
    if (dp_query_rows(app, &q, 0, &all, &code) != DP_OK)
        return code;
    sort_inbox(json_object_get(all, "rows"));
    if (app->json)
        return dp_print_json(all);
    code = dp_table_print(json_object_get(all, "rows"), DP_TABS(inbox_tabs), _("nothing waits"));
    json_decref(all);
    return code;
}

int dp_run_list(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Query) q = query_of("list", a);

    (void)v;
    return rows_of(app, &q, a, DP_TABS(case_tabs));
}

int dp_run_errands(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Query) q = query_of("errands", a);

    (void)v;
    return rows_of(app, &q, a, DP_TABS(case_tabs));
}

int dp_run_orders(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Query) q = query_of("orders", a);

    (void)v;
    return rows_of(app, &q, a, DP_TABS(order_tabs));
}

int dp_run_find(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Query) q = query_of("find", a);

    (void)v;
    q.name = dp_pb_str(a->pos[0]);
    q.tail = dp_pb_str(a->pos[1]);
    return rows_of(app, &q, a, DP_TABS(find_tabs));
}

/* ---- lists that take no options ---- */

static const struct dp_tab trail_tabs[] = {
    {"at", N_("WHEN"), DP_SHOWN_TIME, 0},       {"verb", N_("WHAT"), DP_SHOWN_TEXT, 0},
    {"office", N_("OFFICE"), DP_SHOWN_TEXT, 0}, {"number", N_("OFFICER"), DP_SHOWN_NUMBER, 0},
    {"uid", N_("USER"), DP_SHOWN_NUMBER, 0},    {"roles", N_("ROLES"), DP_SHOWN_CODE, DP_CODES_ROLE},
    {"node", N_("NODE"), DP_SHOWN_TEXT, 0},     {"by", N_("BY"), DP_SHOWN_WORD, 0},
    {"by_uid", N_("USER"), DP_SHOWN_NUMBER, 0}, {"text", N_("WHY"), DP_SHOWN_TEXT, 0},
};

static const struct {
    const char *noun, *verb, *what, *key;
    const struct dp_tab *tabs;
    unsigned count;
} simple[] = {
    {"office", "list", "offices", "offices", DP_TABS(office_tabs)},
    {"officer", "list", "officers", "officers", DP_TABS(officer_tabs)},
    {"link", "list", "links", "links", DP_TABS(link_tabs)},
    {"enroll", "list", "enrolments", "requests", DP_TABS(request_tabs)},
    {"profile", "list", "profiles", "profiles", DP_TABS(profile_tabs)},
    {"calendar", "list", "calendars", "calendars", DP_TABS(calendar_tabs)},
    {"post", "list", "posts", "ends", DP_TABS(post_tabs)},
    {"", "alarms", "alarms", "alarms", DP_TABS(alarm_tabs)},
    {"", "trail", "trail", "rows", DP_TABS(trail_tabs)},
    {"", "quarantine", "quarantine", "rows", DP_TABS(quarantine_tabs)},
};

/* All pages of a list that has a cursor. */
static enum dp_err query_all(struct dp_app *app, PBC(Query) * q, json_t **out, int *code)
{
    json_t *page;
    enum dp_err e = dp_query(app, q, out, code);

    while (e == DP_OK && json_is_true(json_object_get(*out, "more"))) {
        q->since = (uint64_t)json_integer_value(json_object_get(*out, "cursor"));
        e = dp_query(app, q, &page, code);
        if (e != DP_OK) {
            json_decref(*out);
            break;
        }
        json_array_extend(json_object_get(*out, "rows"), json_object_get(page, "rows"));
        json_object_set(*out, "cursor", json_object_get(page, "cursor"));
        json_object_set(*out, "more", json_object_get(page, "more"));
        json_decref(page);
    }
    return e;
}

static int print_simple(struct dp_app *app, unsigned i)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    json_t *v;
    int code = 0;

    q.what = dp_pb_str(simple[i].what);
    if ((strcmp(simple[i].what, "trail") == 0
             ? query_all(app, &q, &v, &code)
             : dp_query_pages(app, &q, simple[i].key, 0, &v, &code)) != DP_OK)
        return code;
    if (app->json)
        return dp_print_json(v);
    code = dp_table_print(json_object_get(v, simple[i].key), simple[i].tabs, simple[i].count, _("nothing"));
    if (json_array_size(json_object_get(v, "tokens")) > 0)
        code = dp_table_print(json_object_get(v, "tokens"), DP_TABS(token_tabs), "");
    json_decref(v);
    return code;
}

int dp_run_rows(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    (void)a;
    for (unsigned i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
        if (strcmp(simple[i].noun, v->noun) == 0 && strcmp(simple[i].verb, v->verb) == 0)
            return print_simple(app, i);
    }
    return dp_fail(DP_INTERNAL, "%s", _(dp_err_text(DP_INTERNAL)));
}

/* ---- digests ---- */

static int digest_of_case(struct dp_app *app, PBC(Query) * q)
{
    json_t *v;
    int code = 0;

    if (dp_query(app, q, &v, &code) != DP_OK)
        return code;
    if (app->json)
        return dp_print_json(v);
    printf("%s\n", json_string_value(json_object_get(v, "digest")));
    json_decref(v);
    return 0;
}

/* Pages hand the chain of digests on, so that the last page's is that of all. */
static enum dp_err digest_pages(struct dp_app *app, PBC(Query) * q, json_t *all, int *code)
{
    static char after[128], chain[80];
    json_int_t count = 0;
    bool more = true;

    while (more) {
        const char *next;
        json_t *v;
        enum dp_err e = dp_query(app, q, &v, code);
        if (e != DP_OK)
            return e;
        count += json_integer_value(json_object_get(v, "count"));
        json_array_extend(json_object_get(all, "rows"), json_object_get(v, "rows"));
        snprintf(chain, sizeof(chain), "%s", json_string_value(json_object_get(v, "digest")));
        next = json_string_value(json_object_get(v, "next"));
        more = next != NULL;
        snprintf(after, sizeof(after), "%s", more ? next : "");
        json_decref(v);
        q->after = after;
        q->name = chain;
    }
    json_object_set_new(all, "count", json_integer(count));
    json_object_set_new(all, "digest", json_string(chain));
    return DP_OK;
}

int dp_run_digest(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    json_t *all;
    int code = 0;

    (void)v;
    q.what = dp_pb_str("digest");
    q.case_ref = dp_pb_str(a->pos[0]);
    q.node = dp_pb_str(a->opt[OPT_NODE]);
    q.index = a->opt[OPT_EACH] != NULL;
    if (a->pos[0] != NULL)
        return digest_of_case(app, &q);
    all = json_pack("{s:[]}", "rows");
    if (digest_pages(app, &q, all, &code) != DP_OK) {
        json_decref(all);
        return code;
    }
    if (app->json)
        return dp_print_json(all);
    if (a->opt[OPT_EACH] != NULL)
        code = dp_table_print(json_object_get(all, "rows"), DP_TABS(digest_tabs), _("nothing"));
    printf("%s  %s: %lld\n", json_string_value(json_object_get(all, "digest")), _("cases"),
           (long long)json_integer_value(json_object_get(all, "count")));
    json_decref(all);
    return code;
}

/* ---- the feed ---- */

static void print_log_row(const struct dp_app *app, const json_t *row)
{
    static const struct dp_tab tabs[] = {
        {"entry.at", "", DP_SHOWN_TIME, 0},      {"number", "", DP_SHOWN_TEXT, 0},
        {"entry.kind", "", DP_SHOWN_KIND, 0},    {"entry.office", "", DP_SHOWN_TEXT, 0},
        {"entry.verdict", "", DP_SHOWN_WORD, 0}, {"entry.entry", "", DP_SHOWN_TEXT, 0},
    };
    char text[256];

    if (app->json) {
        (void)dp_put_json(row);
        return;
    }
    for (unsigned i = 0; i < sizeof(tabs) / sizeof(tabs[0]); i++) {
        dp_tab_text(row, &tabs[i], text, sizeof(text));
        printf("%s%s", i > 0 ? "  " : "", text[0] != '\0' ? text : "-");
    }
    putchar('\n');
}

/* The next page from *since on, printed; *more: there is another one now. */
static enum dp_err log_page(struct dp_app *app, PBC(Query) * q, uint32_t *printed, bool *more, int *code)
{
    json_t *page, *row;
    size_t i;
    enum dp_err e = dp_query(app, q, &page, code);

    if (e != DP_OK)
        return e;
    json_array_foreach(json_object_get(page, "rows"), i, row) print_log_row(app, row);
    *printed += (uint32_t)i;
    q->since = (uint64_t)json_integer_value(json_object_get(page, "cursor"));
    *more = json_is_true(json_object_get(page, "more"));
    json_decref(page);
    fflush(stdout);
    return DP_OK;
}

/* --json: one row a line, so that a program reads the feed as it comes. Pages follow one another by
 * themselves.
 */
int dp_run_log(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    const struct timespec pause = {FOLLOW_PAUSE_S, 0};
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    bool follow = a->opt[OPT_FOLLOW] != NULL, more = true;
    uint32_t limit = 0, printed = 0;
    int code = 0;

    (void)v;
    if ((a->opt[OPT_SINCE] != NULL &&
         dp_value_number("--since", a->opt[OPT_SINCE], INT64_MAX, &q.since) != DP_OK) ||
        dp_args_number(a, OPT_LIMIT, 100000, &limit) != DP_OK)
        return dp_err_exit(DP_USAGE);
    q.what = dp_pb_str("log");
    while (more && (limit == 0 || printed < limit)) {
        q.limit = limit == 0 ? 0 : limit - printed;
        if (log_page(app, &q, &printed, &more, &code) != DP_OK)
            return code;
        if (!more && follow && (limit == 0 || printed < limit)) {
            more = true;
            nanosleep(&pause, NULL);
        }
    }
    return code;
}
