/* SPDX-License-Identifier: Apache-2.0 */
/* One argp for each verb, made from its row. A wrong argument ends with exit code 2, like every wrong usage.
 */
#include "args.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app.h"
#include "base/text.h"
#include "global.h"

#define KEY_FIRST 0x1000

/* The library that prints --help looks for its own texts in our catalogue. */
_Static_assert(sizeof(N_("Usage:")) + sizeof(N_(" [OPTION...]")) + sizeof(N_("Give this help list")) +
                       sizeof(N_("Give a short usage message")) + sizeof(N_("Print program version")) +
                       sizeof(N_("Mandatory or optional arguments to long options are also mandatory or "
                                 "optional for any corresponding short options.")) +
                       sizeof(N_("Try `%s --help' or `%s --usage' for more information.\n")) >
                   0,
               "texts of argp");

static const struct {
    const char *name, *value, *help;
} rows[OPT_COUNT] = {
#define X(id, name, value, help) {name, value, help},
    DP_OPT_LIST(X)
#undef X
};

const char *dp_opt_name(enum dp_opt o)
{
    return rows[o].name;
}

bool dp_opt_has_value(enum dp_opt o)
{
    return rows[o].value != NULL;
}

/* ---- parsing ---- */

struct parse {
    struct dp_app *app;
    const struct dp_verb *v;
    struct dp_args *out;
};

/* Paths are what the file system says; all else is kept, sent and shown, and must be text. */
static bool is_path(const char *word, size_t len)
{
    static const char *const paths[] = {"FILE", "FOLDER"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (memmem(word, len, paths[i], strlen(paths[i])) != NULL)
            return true;
    return false;
}

static void check_text(struct argp_state *state, const char *what, const char *arg)
{
    if (!dp_utf8_ok(dp_slice_str(arg)))
        argp_error(state, _("%s: it is not UTF-8 text, or has control characters in it: type it again"),
                   what);
}

/* The word of the help for argument `at`, such as "CASE". */
static size_t word_at(const char *args, unsigned at, const char **word)
{
    *word = args + strspn(args, " ");
    for (; at > 0 && (*word)[strcspn(*word, " ")] != '\0'; at--) {
        *word += strcspn(*word, " ");
        *word += strspn(*word, " ");
    }
    return strcspn(*word, " ");
}

static void check_position(struct argp_state *state, const struct parse *p, const char *arg)
{
    const char *word;
    size_t len = word_at(p->v->args, p->out->pos_count, &word);
    char what[64];

    bool may_miss = len > 1 && word[0] == '[';
    snprintf(what, sizeof(what), "%.*s", (int)len - 2 * may_miss, word + may_miss);
    if (!is_path(word, len))
        check_text(state, what, arg);
}

static error_t take_option(struct parse *p, int key, const char *arg, struct argp_state *state)
{
    enum dp_opt o = (enum dp_opt)(key - KEY_FIRST);
    struct dp_args *out = p->out;
    char what[64];

    snprintf(what, sizeof(what), "--%s", rows[o].name);
    if (arg != NULL && !is_path(rows[o].value, strlen(rows[o].value)))
        check_text(state, what, arg);
    out->opt[o] = arg != NULL ? arg : "";
    out->many[out->many_count].opt = o;
    out->many[out->many_count].value = out->opt[o];
    out->many_count++;
    return 0;
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
    struct parse *p = state->input;

    if (key >= KEY_FIRST && key < KEY_FIRST + OPT_COUNT) {
        if (p->out->many_count == DP_ARGS_MANY_MAX)
            argp_error(state, _("more than %d options"), DP_ARGS_MANY_MAX);
        return take_option(p, key, arg, state);
    }
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = p->app;
        return 0;
    case ARGP_KEY_ARG:
        if (p->out->pos_count == p->v->max)
            argp_error(state, _("one argument too many: %s"), arg);
        check_position(state, p, arg);
        p->out->pos[p->out->pos_count++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (p->out->pos_count < p->v->min)
            argp_error(state, _("it needs: %s"), p->v->args);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void options_of(const struct dp_verb *v, struct argp_option *out)
{
    unsigned n = 0;

    for (unsigned i = 0; i < OPT_COUNT; i++) {
        if ((v->opts >> i & 1) == 0)
            continue;
        out[n++] = (struct argp_option){
            .name = rows[i].name, .key = KEY_FIRST + (int)i, .arg = rows[i].value, .doc = _(rows[i].help)};
    }
    out[n] = (struct argp_option){0};
}

enum dp_err dp_args_parse(struct dp_app *app, const struct dp_verb *v, int argc, char **argv,
                          struct dp_args *out)
{
    struct argp_option options[OPT_COUNT + 1];
    const struct argp_child children[] = {{&dp_global_argp, 0, N_("Everywhere:"), 1}, {0}};
    struct parse p = {app, v, out};
    char name[64];
    /* The library translates these itself, an empty one into the head of the catalogue. */
    const char *words = v->args[0] != '\0' ? v->args : NULL;
    struct argp argp = {options, parse_one, words, _(v->help), children, NULL, NULL};

    memset(out, 0, sizeof(*out));
    options_of(v, options);
    snprintf(name, sizeof(name), "daipao %s%s%s", v->noun, v->noun[0] != '\0' ? " " : "", v->verb);
    argv[0] = name;
    return argp_parse(&argp, argc, argv, 0, NULL, &p) == 0 ? DP_OK : DP_USAGE;
}

/* ---- values ---- */

static enum dp_err complain(const char *what, const char *s, const char *want)
{
    dp_fail(DP_USAGE, "%s: %s: %s", what, s, want);
    return DP_USAGE;
}

enum dp_err dp_value_number(const char *what, const char *s, uint64_t max, uint64_t *out)
{
    uint64_t v;

    if (!dp_text_digits(dp_slice_str(s), &v) || v > max)
        return complain(what, s, _("not a number within the limits"));
    *out = v;
    return DP_OK;
}

static struct dp_date today(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    return dp_date_of_ms((int64_t)now.tv_sec * 1000);
}

enum dp_err dp_value_date(const char *what, const char *s, uint32_t *day)
{
    struct dp_date d;
    uint64_t days;

    if (strcmp(s, "today") == 0)
        d = today();
    else if (s[0] == '+' && dp_text_digits(dp_slice_str(s + 1), &days) && days <= 3650)
        d = dp_date_add(today(), (int32_t)days);
    else if (dp_date_parse(dp_slice_str(s), &d) != DP_OK)
        return complain(what, s, _("not a date; write 2026-02-13, +30 or today"));
    *day = (uint32_t)d.day;
    return DP_OK;
}

enum dp_err dp_args_date(const struct dp_args *a, enum dp_opt o, uint32_t *day)
{
    return a->opt[o] == NULL ? DP_OK : dp_value_date(rows[o].name, a->opt[o], day);
}

enum dp_err dp_args_number(const struct dp_args *a, enum dp_opt o, uint64_t max, uint32_t *out)
{
    uint64_t v = *out;
    enum dp_err e = a->opt[o] == NULL ? DP_OK : dp_value_number(rows[o].name, a->opt[o], max, &v);

    *out = (uint32_t)v;
    return e;
}
