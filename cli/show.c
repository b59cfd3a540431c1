/* SPDX-License-Identifier: Apache-2.0 */
/* One thing at length: the node, a case, its way, a link. And the file of an attachment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "table.h"

static const struct dp_tab status_tabs[] = {
    {"node", N_("Node"), DP_SHOWN_TEXT, 0},
    {"tier", N_("Tier"), DP_SHOWN_WORD, 0},
    {"parent", N_("Parent"), DP_SHOWN_TEXT, 0},
    {"parent_link", N_("Link to the parent"), DP_SHOWN_WORD, 0},
    {"enrolled", N_("Enrolled"), DP_SHOWN_TEXT, 0},
    {"joining", N_("Asks to be enrolled at"), DP_SHOWN_TEXT, 0},
    {"stopped_why", N_("STOPPED"), DP_SHOWN_SAID, 0},
    {"stopped_since", N_("Stopped since"), DP_SHOWN_TIME, 0},
    {"stopped_by", N_("Found by"), DP_SHOWN_TEXT, 0},
    {"advice", N_("What to do"), DP_SHOWN_SAID, 0},
    {"intake", N_("Intake"), DP_SHOWN_WORD, 0},
    {"links_up", N_("Links up"), DP_SHOWN_NUMBER, 0},
    {"links", N_("Links"), DP_SHOWN_NUMBER, 0},
    {"own.incarnation", N_("Incarnation"), DP_SHOWN_TEXT, 0},
    {"own.seq", N_("Own entries"), DP_SHOWN_NUMBER, 0},
    {"own.sealed_seq", N_("Sealed up to"), DP_SHOWN_NUMBER, 0},
    {"store.bytes", N_("Store"), DP_SHOWN_BYTES, 0},
    {"store.disk_free", N_("Disk free"), DP_SHOWN_BYTES, 0},
    {"time", N_("Time"), DP_SHOWN_TIME, 0},
    {"clock_synced", N_("Clock synchronised"), DP_SHOWN_TEXT, 0},
    {"versions.program", N_("Version"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab alarm_tabs[] = {
    {"word", N_("ALARM"), DP_SHOWN_TEXT, 0},  {"node", N_("NODE"), DP_SHOWN_TEXT, 0},
    {"since", N_("SINCE"), DP_SHOWN_TIME, 0}, {"count", N_("TIMES"), DP_SHOWN_NUMBER, 0},
    {"text", N_("WHAT"), DP_SHOWN_SAID, 0},
};
static const struct dp_tab case_tabs[] = {
    {"number", N_("Case"), DP_SHOWN_TEXT, 0},
    {"name", N_("Entry"), DP_SHOWN_TEXT, 0},
    {"status", N_("Status"), DP_SHOWN_WORD, 0},
    {"holder", N_("Held by"), DP_SHOWN_TEXT, 0},
    {"registrar", N_("Registered by"), DP_SHOWN_TEXT, 0},
    {"registered_on", N_("Registered"), DP_SHOWN_TEXT, 0},
    {"channel", N_("Channel"), DP_SHOWN_CODE, DP_CODES_CHANNEL},
    {"origin", N_("Origin"), DP_SHOWN_CODE, DP_CODES_ORIGIN},
    {"purpose", N_("Purpose"), DP_SHOWN_CODE, DP_CODES_PURPOSE},
    {"category", N_("Category"), DP_SHOWN_SIX, 0},
    {"flags", N_("Marks"), DP_SHOWN_CODE, DP_CODES_FLAG},
    {"headcount", N_("Persons"), DP_SHOWN_NUMBER, 0},
    {"problem_div", N_("Place of the problem"), DP_SHOWN_TEXT, 0},
    {"residence_div", N_("Residence"), DP_SHOWN_TEXT, 0},
    {"respondents", N_("Offices complained about"), DP_SHOWN_TEXT, 0},
    {"source_system", N_("From system"), DP_SHOWN_TEXT, 0},
    {"source_no", N_("Number there"), DP_SHOWN_TEXT, 0},
    {"national_no", N_("National number"), DP_SHOWN_TEXT, 0},
    {"parties", N_("Offices concerned"), DP_SHOWN_TEXT, 0},
    {"next_due.due", N_("Next due"), DP_SHOWN_TEXT, 0},
    {"next_due.clock", N_("Due for"), DP_SHOWN_WORD, 0},
    {"next_due.cause", N_("Waits because"), DP_SHOWN_WORD, 0},
    {"closed.code", N_("Closed as"), DP_SHOWN_CODE, DP_CODES_CLOSE},
};
static const struct dp_tab petitioner_tabs[] = {
    {"name", N_("  Name"), DP_SHOWN_TEXT, 0},        {"id_no", N_("  Identity card"), DP_SHOWN_TEXT, 0},
    {"phone", N_("  Phone"), DP_SHOWN_TEXT, 0},      {"address", N_("  Address"), DP_SHOWN_TEXT, 0},
    {"proxy_name", N_("  Proxy"), DP_SHOWN_TEXT, 0}, {"proxy_note", N_("  Proxy's note"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab part_tabs[] = {
    {"respondent_name", N_("  Name"), DP_SHOWN_TEXT, 0}, {"respondent_org", N_("  Office"), DP_SHOWN_TEXT, 0},
    {"respondent_rank", N_("  Rank"), DP_SHOWN_TEXT, 0}, {"title", N_("  Title"), DP_SHOWN_TEXT, 0},
    {"file_name", N_("  File"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab due_tabs[] = {
    {"clock", N_("CLOCK"), DP_SHOWN_WORD, 0},   {"office", N_("OFFICE"), DP_SHOWN_TEXT, 0},
    {"from", N_("FROM"), DP_SHOWN_TEXT, 0},     {"due", N_("DUE"), DP_SHOWN_TEXT, 0},
    {"provisional", N_("~"), DP_SHOWN_YES, 0},  {"days_left", N_("DAYS"), DP_SHOWN_DAYS, 0},
    {"met_on", N_("MET ON"), DP_SHOWN_TEXT, 0}, {"cause", N_("WAITS BECAUSE"), DP_SHOWN_WORD, 0},
};
static const struct dp_tab event_tabs[] = {
    {"at", N_("WHEN"), DP_SHOWN_TIME, 0},         {"kind", N_("WHAT"), DP_SHOWN_KIND, 0},
    {"office", N_("OFFICE"), DP_SHOWN_TEXT, 0},   {"officer", N_("OFFICER"), DP_SHOWN_NUMBER, 0},
    {"to", N_("TO"), DP_SHOWN_TEXT, 0},           {"due", N_("BY"), DP_SHOWN_TEXT, 0},
    {"verdict", N_("VERDICT"), DP_SHOWN_WORD, 0}, {"void_reason", N_("WHY"), DP_SHOWN_CODE, DP_CODES_REASON},
    {"entry", N_("ENTRY"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab handover_tabs[] = {
    {"from", N_("FROM"), DP_SHOWN_TEXT, 0},
    {"to", N_("TO"), DP_SHOWN_TEXT, 0},
    {"offered.at", N_("OFFERED"), DP_SHOWN_TIME, 0},
    {"arrived.at", N_("ARRIVED"), DP_SHOWN_TIME, 0},
    {"signed.at", N_("SIGNED FOR"), DP_SHOWN_TIME, 0},
    {"accepted.at", N_("ACCEPTED"), DP_SHOWN_TIME, 0},
    {"objected.at", N_("OBJECTED"), DP_SHOWN_TIME, 0},
    {"objection_answer.code", N_("ANSWER"), DP_SHOWN_CODE, DP_CODES_OBJECTION},
    {"withdrawn.at", N_("WITHDRAWN"), DP_SHOWN_TIME, 0},
};
static const struct dp_tab attachment_tabs[] = {
    {"no", N_("NO"), DP_SHOWN_NUMBER, 0},       {"media", N_("TYPE"), DP_SHOWN_CODE, DP_CODES_MEDIA},
    {"size", N_("SIZE"), DP_SHOWN_BYTES, 0},    {"stored", N_("STORED"), DP_SHOWN_YES, 0},
    {"office", N_("OFFICE"), DP_SHOWN_TEXT, 0}, {"entry", N_("ENTRY"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab link_tabs[] = {
    {"node", N_("Node"), DP_SHOWN_TEXT, 0},
    {"side", N_("Side"), DP_SHOWN_WORD, 0},
    {"state", N_("State"), DP_SHOWN_WORD, 0},
    {"stop_text", N_("Stopped because"), DP_SHOWN_SAID, 0},
    {"advice", N_("What to do"), DP_SHOWN_SAID, 0},
    {"revoked", N_("Revoked"), DP_SHOWN_TEXT, 0},
    {"program", N_("Version"), DP_SHOWN_TEXT, 0},
    {"heard", N_("Last heard"), DP_SHOWN_TIME, 0},
    {"backlog", N_("Backlog"), DP_SHOWN_NUMBER, 0},
    {"in_flight", N_("In flight"), DP_SHOWN_NUMBER, 0},
    {"rtt_ms", N_("Round trip, ms"), DP_SHOWN_NUMBER, 0},
    {"rate_bps", N_("Rate, bit/s"), DP_SHOWN_NUMBER, 0},
    {"bytes_in", N_("Received"), DP_SHOWN_BYTES, 0},
    {"bytes_out", N_("Sent"), DP_SHOWN_BYTES, 0},
    {"refused_by_peer", N_("Refused by the peer"), DP_SHOWN_NUMBER, 0},
    {"refused_here", N_("Refused here"), DP_SHOWN_NUMBER, 0},
    {"last_refused", N_("Last refusal"), DP_SHOWN_TEXT, 0},
};
static const struct dp_tab lane_tabs[] = {
    {"lane", N_("LANE"), DP_SHOWN_WORD, 0},           {"written", N_("WRITTEN"), DP_SHOWN_NUMBER, 0},
    {"acked", N_("ACKED"), DP_SHOWN_NUMBER, 0},       {"backlog", N_("BACKLOG"), DP_SHOWN_NUMBER, 0},
    {"received", N_("RECEIVED"), DP_SHOWN_NUMBER, 0},
};

/* Asks; true when people want to see it, with *v to be released. */
static bool ask(struct dp_app *app, PBC(Query) * q, json_t **v, int *code)
{
    *code = 0;
    if (dp_query(app, q, v, code) != DP_OK)
        return false;
    if (!app->json)
        return true;
    *code = dp_print_json(*v);
    return false;
}

static void section(const json_t *v, const char *key, const char *head, const struct dp_tab *tabs,
                    unsigned count)
{
    if (json_array_size(json_object_get(v, key)) == 0)
        return;
    printf("\n%s\n", head);
    dp_table_print(json_object_get(v, key), tabs, count, "");
}

int dp_run_status(struct dp_app *app, const struct dp_verb *verb, const struct dp_args *a)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    json_t *v;
    int code;

    (void)verb;
    (void)a;
    q.what = dp_pb_str("status");
    if (!ask(app, &q, &v, &code))
        return code;
    dp_fields_print(v, DP_TABS(status_tabs));
    section(v, "alarms", _("Alarms"), DP_TABS(alarm_tabs));
    json_decref(v);
    return 0;
}

int dp_run_link(struct dp_app *app, const struct dp_verb *verb, const struct dp_args *a)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    json_t *v;
    int code;

    (void)verb;
    q.what = dp_pb_str("link");
    q.node = dp_pb_str(a->pos[0]);
    if (!ask(app, &q, &v, &code))
        return code;
    dp_fields_print(v, DP_TABS(link_tabs));
    section(v, "lanes", _("Lanes"), DP_TABS(lane_tabs));
    json_decref(v);
    return 0;
}

/* ---- a case ---- */

static void print_text(const json_t *part, const char *key, const char *head)
{
    const char *s = json_string_value(json_object_get(part, key));

    if (s != NULL)
        printf("  %s:\n%s\n", head, s);
}

static void print_part(const json_t *part)
{
    const char *word = json_string_value(json_object_get(part, "part"));
    json_t *person;
    size_t i;

    if (word == NULL) {
        printf("[%s]\n", _("a part that this node holds no key of"));
        return;
    }
    printf("[%s]\n", dp_word_text(word));
    json_array_foreach(json_object_get(part, "petitioners"), i, person)
    {
        dp_fields_print(person, DP_TABS(petitioner_tabs));
    }
    dp_fields_print(part, DP_TABS(part_tabs));
    print_text(part, "summary", _("Summary"));
    print_text(part, "content", _("Content"));
    print_text(part, "demand", _("Demand"));
    print_text(part, "text", _("Text"));
}

static void print_parts(const json_t *v)
{
    json_t *part;
    size_t i;

    json_array_foreach(json_object_get(v, "parts"), i, part)
    {
        if (i == 0)
            putchar('\n');
        print_part(part);
    }
}

/* Of a matter that was sent on: what the last post said. */
static const struct dp_tab receipt_tabs[] = {
    {"receipt", N_("Receipt"), DP_SHOWN_TEXT, 0},
    {"sent_to", N_("Sent sealed to"), DP_SHOWN_TEXT, 0},
    {"sent", N_("On"), DP_SHOWN_TIME, 0},
    {"number", N_("Case"), DP_SHOWN_TEXT, 0},
    {"status", N_("Status"), DP_SHOWN_WORD, 0},
    {"responsible", N_("Responsible now"), DP_SHOWN_TEXT, 0},
    {"as_of", N_("As of"), DP_SHOWN_TIME, 0},
    {"days", N_("Days that the post takes"), DP_SHOWN_NUMBER, 0},
};

int dp_run_show(struct dp_app *app, const struct dp_verb *verb, const struct dp_args *a)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    json_t *v;
    int code;

    (void)verb;
    q.what = dp_pb_str("show");
    q.case_ref = dp_pb_str(a->pos[0]);
    if (!ask(app, &q, &v, &code))
        return code;
    if (json_object_get(v, "receipt") != NULL) {
        dp_fields_print(v, DP_TABS(receipt_tabs));
        json_decref(v);
        return 0;
    }
    dp_fields_print(v, DP_TABS(case_tabs));
    print_parts(v);
    section(v, "due", _("Dates"), DP_TABS(due_tabs));
    section(v, "attachments", _("Attachments"), DP_TABS(attachment_tabs));
    section(v, "void", _("Void"), DP_TABS(event_tabs));
    section(v, "superseded", _("Superseded"), DP_TABS(event_tabs));
    section(v, "pending", _("Waiting for what it refers to"), DP_TABS(event_tabs));
    json_decref(v);
    return 0;
}

int dp_run_track(struct dp_app *app, const struct dp_verb *verb, const struct dp_args *a)
{
    static const struct dp_tab head[] = {
        {"number", N_("Case"), DP_SHOWN_TEXT, 0},
        {"status", N_("Status"), DP_SHOWN_WORD, 0},
        {"responsible", N_("Responsible now"), DP_SHOWN_TEXT, 0},
        {"since.at", N_("Since"), DP_SHOWN_TIME, 0},
        {"next_due.due", N_("Next due"), DP_SHOWN_TEXT, 0},
        {"next_due.cause", N_("Waits because"), DP_SHOWN_WORD, 0},
    };
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    json_t *v;
    int code;

    (void)verb;
    q.what = dp_pb_str("track");
    q.case_ref = dp_pb_str(a->pos[0]);
    if (!ask(app, &q, &v, &code))
        return code;
    dp_fields_print(v, DP_TABS(head));
    section(v, "handovers", _("From hand to hand"), DP_TABS(handover_tabs));
    section(v, "events", _("All steps"), DP_TABS(event_tabs));
    section(v, "due", _("Dates"), DP_TABS(due_tabs));
    json_decref(v);
    return 0;
}

/* ---- the bytes of an attachment ---- */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

static bool write_base64(FILE *f, const char *s)
{
    uint32_t bits = 0;
    unsigned have = 0;

    for (; *s != '\0' && *s != '='; s++) {
        int v = digit_of(*s);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (fputc((int)(bits >> have & 0xff), f) == EOF)
            return false;
    }
    return true;
}

static int fetch(struct dp_app *app, PBC(Query) * q, FILE *f)
{
    bool more = true;
    int code = 0;

    while (more) {
        const char *data;
        json_t *v, *next;
        if (dp_query(app, q, &v, &code) != DP_OK)
            return code;
        data = json_string_value(json_object_get(v, "data"));
        if (data == NULL || !write_base64(f, data))
            code = dp_fail(DP_IO, "%s", _(dp_err_text(DP_IO)));
        next = json_object_get(v, "next");
        more = code == 0 && json_is_integer(next);
        q->since = (uint64_t)json_integer_value(next);
        json_decref(v);
    }
    return code;
}

int dp_run_fetch(struct dp_app *app, const struct dp_verb *verb, const struct dp_args *a)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    uint64_t no;
    FILE *f;
    int code;

    (void)verb;
    if (dp_value_number("NO", a->pos[1], 65535, &no) != DP_OK)
        return dp_err_exit(DP_USAGE);
    q.what = dp_pb_str("file");
    q.case_ref = dp_pb_str(a->pos[0]);
    q.index = (uint32_t)no;
    f = fopen(a->pos[2], "wbx");
    if (f == NULL)
        return dp_fail(DP_IO, "%s: %s", a->pos[2], strerror(errno));
    code = fetch(app, &q, f);
    if (fclose(f) != 0 && code == 0)
        code = dp_fail(DP_IO, "%s: %s", a->pos[2], strerror(errno));
    if (code != 0)
        remove(a->pos[2]);
    return code;
}
