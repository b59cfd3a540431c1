/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --wait: until the addressee's node says that the entry arrived, or, for what is addressed to nobody, until
 * the parent holds it. The entry is durable here in any case.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "call.h"

#define POLL_MS 500

static bool addressed(const char *kind)
{
    static const char *const kinds[] = {"transfer",    "assign", "refer_up",         "designate",
                                        "supervise",   "remind", "objection_answer", "object",
                                        "report_back", "answer"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i], kind) == 0)
            return true;
    }
    return false;
}

static const char *text_in(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));

    return s != NULL ? s : "";
}

enum seen { SEEN_NOTHING, SEEN_ARRIVED, SEEN_ADDRESSED };

/* Looks through the events of the case for an arrive of the entry. */
static enum seen look_in_track(struct dp_app *app, const char *case_ref, const char *entry)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    enum seen seen = SEEN_NOTHING;
    json_t *v, *e;
    size_t i;
    int code;

    q.what = dp_pb_str("track");
    q.case_ref = dp_pb_str(case_ref);
    if (dp_query(app, &q, &v, &code) != DP_OK)
        return SEEN_NOTHING;
    json_array_foreach(json_object_get(v, "events"), i, e)
    {
        if (strcmp(text_in(e, "entry"), entry) == 0 && addressed(text_in(e, "kind")))
            seen = SEEN_ADDRESSED;
        if (strcmp(text_in(e, "kind"), "arrive") == 0 && strcmp(text_in(e, "re"), entry) == 0) {
            seen = SEEN_ARRIVED;
            break;
        }
    }
    json_decref(v);
    return seen;
}

static bool parent_has_it(struct dp_app *app, const char *entry)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    json_t *v;
    bool has;
    int code;

    q.what = dp_pb_str("held");
    q.name = dp_pb_str(entry);
    if (dp_query(app, &q, &v, &code) != DP_OK)
        return false;
    has = json_is_true(json_object_get(v, "held"));
    json_decref(v);
    return has;
}

static bool is_there(struct dp_app *app, const char *case_ref, const char *entry)
{
    switch (look_in_track(app, case_ref, entry)) {
    case SEEN_ARRIVED:
        return true;
    case SEEN_ADDRESSED:
        return false;
    case SEEN_NOTHING:
        break;
    }
    return parent_has_it(app, entry);
}

static int64_t now_ms(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int dp_wait_for(struct dp_app *app, const char *case_ref, const char *entry, const char *seconds)
{
    const struct timespec pause = {0, POLL_MS * 1000000L};
    int64_t until = now_ms();
    uint64_t limit;

    if (dp_value_number("--wait", seconds, 86400, &limit) != DP_OK)
        return dp_err_exit(DP_USAGE);
    until += (int64_t)limit * 1000;
    while (!is_there(app, case_ref, entry)) {
        if (now_ms() >= until)
            return dp_fail(DP_TIMEOUT, "%s",
                           _("it has not arrived yet; it is stored and will go on by itself"));
        nanosleep(&pause, NULL);
    }
    return 0;
}
