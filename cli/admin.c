/* SPDX-License-Identifier: Apache-2.0 */
/* Node, enrolment, offices, officers, published data: arguments into an Admin message, by a row for each
 * verb. */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "words.h"

#define DATA_MAX (512u << 10)
#define FLAG_FORCE 1u

/* Where positional arguments go: n node, N name, a address, c code, r reason, o office, # number. */
static const struct {
    const char *noun, *verb, *fields;
} rows[] = {
    {"node", "init", "nN"},     {"node", "join", "acn"},    {"node", "retire", ""},
    {"enroll", "token", "n"},   {"enroll", "approve", "n"}, {"enroll", "refuse", "nr"},
    {"enroll", "revoke", "nr"}, {"office", "add", "oN"},    {"office", "set", "oN"},
    {"office", "leave", "o"},   {"officer", "add", "o#"},   {"officer", "set", "o#"},
    {"officer", "leave", "o#"}, {"link", "clear", "n"},     {"post", "admit", "n"},
    {"alarm", "clear", "Nn"},   {"life", "clear", ""},
};

static const char *fields_of(const struct dp_verb *v)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].noun, v->noun) == 0 && strcmp(rows[i].verb, v->verb) == 0)
            return rows[i].fields;
    }
    return "";
}

static enum dp_err take_field(PBC(Admin) * m, char field, const char *arg)
{
    uint64_t n;

    switch (field) {
    case 'n':
        m->node = dp_pb_str(arg);
        break;
    case 'N':
        m->name = dp_pb_str(arg);
        break;
    case 'a':
        m->address = dp_pb_str(arg);
        break;
    case 'c':
        m->code = dp_pb_str(arg);
        break;
    case 'r':
        m->reason = dp_pb_str(arg);
        break;
    case 'o':
        m->office = dp_pb_str(arg);
        break;
    case '#':
        if (dp_value_number("NUMBER", arg, 999999, &n) != DP_OK)
            return DP_USAGE;
        m->number = (uint32_t)n;
        break;
    default:
        return DP_INTERNAL;
    }
    return DP_OK;
}

static enum dp_err take_user(PBC(Admin) * m, const char *user)
{
    const struct passwd *pw;
    uint64_t uid;

    if (user == NULL)
        return DP_OK;
    m->user = true;
    pw = getpwnam(user);
    if (pw != NULL) {
        m->uid = pw->pw_uid;
        return DP_OK;
    }
    if (dp_value_number("--user", user, UINT32_MAX, &uid) != DP_OK)
        return DP_USAGE;
    m->uid = (uint32_t)uid;
    return DP_OK;
}

static enum dp_err take_roles(PBC(Admin) * m, const char *roles)
{
    char word[32];

    while (roles != NULL && roles[0] != '\0') {
        size_t len = strcspn(roles, ",");
        uint32_t bit;
        snprintf(word, sizeof(word), "%.*s", (int)len, roles);
        if (dp_code_parse(DP_CODES_ROLE, "--roles", word, &bit) != DP_OK)
            return DP_USAGE;
        m->roles |= bit;
        roles += len + (roles[len] == ',');
    }
    return DP_OK;
}

static enum dp_err fill(PBC(Admin) * m, const struct dp_verb *v, const struct dp_args *a)
{
    const char *fields = fields_of(v);
    enum dp_err e = DP_OK;

    for (unsigned i = 0; fields[i] != '\0' && e == DP_OK; i++) {
        if (a->pos[i] != NULL)
            e = take_field(m, fields[i], a->pos[i]);
    }
    if (e == DP_OK)
        e = take_user(m, a->opt[OPT_UID]);
    return e == DP_OK ? take_roles(m, a->opt[OPT_ROLES]) : e;
}

static void name_verb(PBC(Admin) * m, const struct dp_verb *v, char *out, size_t cap)
{
    snprintf(out, cap, "%s%s%s", v->noun, v->noun[0] != '\0' ? "." : "", v->verb);
    m->verb = out;
}

int dp_run_admin(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Admin) m = DAIPAO__CONTROL__V1__ADMIN__INIT;
    char verb[40];

    name_verb(&m, v, verb, sizeof(verb));
    m.address = dp_pb_str(a->opt[OPT_PARENT_ADDRESS]); /* or an argument, below */
    m.flags = a->opt[OPT_FORCE] != NULL ? FLAG_FORCE : 0;
    if (fill(&m, v, a) != DP_OK)
        return dp_err_exit(DP_USAGE);
    return dp_do_admin(app, &m, _("done"));
}

/* An officer is known to the daemon by the user of the machine (R-CTL-1). */
int dp_run_officer(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    if (a->opt[OPT_UID] == NULL)
        return dp_fail(DP_USAGE, "%s", _("say which user of this machine it is: --user"));
    return dp_run_admin(app, v, a);
}

int dp_run_publish(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Admin) m = DAIPAO__CONTROL__V1__ADMIN__INIT;
    char verb[40], *bytes;
    size_t len;
    enum dp_err e = dp_read_file(a->pos[0], DATA_MAX, &bytes, &len);
    int code;

    if (e != DP_OK)
        return dp_err_exit(e);
    name_verb(&m, v, verb, sizeof(verb));
    m.path = dp_pb_str(a->pos[0]);
    m.data = (ProtobufCBinaryData){len, (uint8_t *)bytes};
    code = dp_do_admin(app, &m, _("published"));
    free(bytes);
    return code;
}

#define ASK_AGAIN_MS 100

/* How far it is, on a terminal; true while there is more. */
static bool goes_on(const struct dp_app *app, const PBC(Result) * r)
{
    json_t *v = dp_result_err(r) == DP_OK ? json_loads(r->json, 0, NULL) : NULL;
    const json_t *written = json_object_get(v, "written");
    json_int_t done = json_integer_value(json_object_get(v, "done"));
    json_int_t total = json_integer_value(json_object_get(v, "total"));
    bool more = json_is_false(written);

    if (more && app->tty_out && !app->json && total > 0)
        fprintf(stderr, "\r%3u%% ", (unsigned)(done < total ? done * 100 / total : 99));
    if (!more && app->tty_out && !app->json)
        fprintf(stderr, "\r     \r");
    json_decref(v);
    return more;
}

/* The daemon writes it bit by bit, as long as somebody asks. */
static int ask_until_written(struct dp_app *app, PBC(Admin) * m)
{
    static const struct timespec pause = {.tv_nsec = ASK_AGAIN_MS * 1000000L};
    PBC(Command) c = DAIPAO__CONTROL__V1__COMMAND__INIT;
    PBC(Reply) * reply;

    c.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_ADMIN;
    c.admin = m;
    for (;;) {
        enum dp_err e = dp_call_one(app, &c, &reply);
        if (e != DP_OK)
            return dp_err_exit(e);
        bool more = goes_on(app, reply->results[0]);
        int code = more ? 0 : dp_print_admin(app, reply->results[0], _("written"));
        daipao__control__v1__reply__free_unpacked(reply, NULL);
        if (!more)
            return code;
        (void)nanosleep(&pause, NULL);
    }
}

/* The daemon writes it, so the path must mean the same there. */
int dp_run_backup(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Admin) m = DAIPAO__CONTROL__V1__ADMIN__INIT;
    char verb[40], here[PATH_MAX], path[PATH_MAX * 2];

    if (getcwd(here, sizeof(here)) == NULL)
        return dp_fail(DP_IO, "%s", strerror(errno));
    name_verb(&m, v, verb, sizeof(verb));
    if (a->pos[0][0] == '/')
        snprintf(path, sizeof(path), "%s", a->pos[0]);
    else
        snprintf(path, sizeof(path), "%s/%s", here, a->pos[0]);
    m.path = path;
    return ask_until_written(app, &m);
}
