/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of the command line to one row of the table, and the small things all handlers share. */
#include "app.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "global.h"

#ifndef DP_VERSION
#define DP_VERSION "0"
#endif
#ifndef DP_LOCALE_DIR
#define DP_LOCALE_DIR "/usr/share/locale"
#endif

/* ---- complaints ---- */

int dp_fail(enum dp_err err, const char *fmt, ...)
{
    va_list ap;

    fputs("daipao: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return dp_err_exit(err);
}

bool dp_confirm(struct dp_app *app, const char *fmt, ...)
{
    char line[16];
    va_list ap;

    if (app->yes || app->dry_run)
        return true;
    if (!app->tty_in) {
        dp_fail(DP_USAGE, "%s", _("this cannot be undone; say so with -y"));
        return false;
    }
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, " [%s] ", _("y/N"));
    if (fgets(line, sizeof(line), stdin) == NULL)
        return false;
    return line[0] == 'y' || line[0] == 'Y' || strncmp(line, "是", strlen("是")) == 0;
}

static enum dp_err read_all(FILE *f, size_t max, char **text, size_t *len)
{
    struct dp_buf b;
    char block[16384];
    size_t n;
    enum dp_err e = DP_OK;

    dp_buf_init(&b, max + 1);
    while (e == DP_OK && (n = fread(block, 1, sizeof(block), f)) > 0)
        e = dp_buf_put(&b, block, n);
    if (e == DP_OK && ferror(f))
        e = DP_IO;
    if (e == DP_OK)
        e = dp_buf_put(&b, "", 1);
    if (e != DP_OK) {
        dp_buf_fini(&b);
        return e;
    }
    *text = (char *)b.p;
    *len = b.len - 1;
    return DP_OK;
}

enum dp_err dp_read_file(const char *path, size_t max, char **text, size_t *len)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *f = is_stdin ? stdin : fopen(path, "rb");
    enum dp_err e;

    if (f == NULL) {
        e = errno == ENOENT ? DP_NOT_FOUND : DP_IO;
        dp_fail(e, "%s: %s", path, strerror(errno));
        return e;
    }
    e = read_all(f, max, text, len);
    if (!is_stdin)
        fclose(f);
    if (e == DP_TOO_BIG)
        dp_fail(e, _("%s: larger than %zu bytes"), path, max);
    else if (e != DP_OK)
        dp_fail(e, "%s: %s", path, _(dp_err_text(e)));
    return e;
}

/* ---- options before the noun ---- */

static const struct argp_option global_options[] = {
    {"socket", 's', "SOCKET", 0, N_("socket of the daemon"), 0},
    {"as", 'a', "OFFICE", 0, N_("office to act for, when there are several"), 0},
    {"json", 'j', NULL, 0, N_("JSON for programs"), 0},
    {"dry-run", 'n', NULL, 0, N_("only say what would happen"), 0},
    {"yes", 'y', NULL, 0, N_("do not ask"), 0},
    {0},
};

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
    struct dp_app *app = state->input;

    switch (key) {
    case 's':
        app->socket = arg;
        return 0;
    case 'a':
        app->as_office = arg;
        return 0;
    case 'j':
        app->json = true;
        return 0;
    case 'n':
        app->dry_run = true;
        return 0;
    case 'y':
        app->yes = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp dp_global_argp = {global_options, parse_global, NULL, NULL, NULL, NULL, NULL};

struct start {
    struct dp_app *app;
    int noun_at; /* 0: none */
};

static error_t parse_start(int key, char *arg, struct argp_state *state)
{
    struct start *s = state->input;

    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = s->app;
        return 0;
    case ARGP_KEY_ARG:
        s->noun_at = state->next - 1;
        state->next = state->argc;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the table ---- */

const struct dp_verb *dp_verb_find(const char *noun, const char *verb)
{
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        if (strcmp(dp_verbs[i].noun, noun) == 0 && strcmp(dp_verbs[i].verb, verb) == 0)
            return &dp_verbs[i];
    }
    return NULL;
}

bool dp_noun_known(const char *noun)
{
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        if (noun[0] != '\0' && strcmp(dp_verbs[i].noun, noun) == 0)
            return true;
    }
    return false;
}

static void list_verbs(FILE *out, const char *noun)
{
    for (unsigned i = 0; i < dp_verbs_count; i++) {
        const struct dp_verb *v = &dp_verbs[i];
        if (noun != NULL && strcmp(v->noun, noun) != 0)
            continue;
        fprintf(out, "  daipao %s%s%s%s%s\n      %s\n", v->noun, v->noun[0] != '\0' ? " " : "", v->verb,
                v->args[0] != '\0' ? " " : "", v->args, _(v->help));
    }
}

/* A line for each noun. */
static void list_words(FILE *out)
{
    const char *noun = NULL;

    for (unsigned i = 0; i < dp_verbs_count; i++) {
        const struct dp_verb *v = &dp_verbs[i];
        if (noun == NULL || strcmp(noun, v->noun) != 0)
            fprintf(out, "%s  daipao %s%s", noun != NULL ? "\n" : "", v->noun, v->noun[0] != '\0' ? " " : "");
        else
            fputs("|", out);
        fputs(v->verb, out);
        noun = v->noun;
    }
    fputc('\n', out);
}

static bool asks_help(const char *word)
{
    return word != NULL &&
           (strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0 || strcmp(word, "--usage") == 0);
}

/* Not a verb: the verbs of the noun, when they were asked for, else a complaint. */
static int unknown(const char *noun, const char *verb)
{
    bool known = dp_noun_known(noun);

    if (known && asks_help(verb)) {
        list_verbs(stdout, noun);
        return 0;
    }
    if (known && verb == NULL)
        dp_fail(DP_USAGE, _("%s: which of these?"), noun);
    else
        dp_fail(DP_USAGE, _("no such command: %s"), known ? verb : noun);
    if (known)
        list_verbs(stderr, noun);
    else
        list_words(stderr);
    return dp_err_exit(DP_USAGE);
}

/* ---- the program ---- */

static void languages(void)
{
    const char *dir = getenv("TEXTDOMAINDIR");

    setlocale(LC_ALL, "");
    if (MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8"); /* what is printed is UTF-8 in any case */
    bindtextdomain("daipao", dir != NULL && dir[0] != '\0' ? dir : DP_LOCALE_DIR);
    bind_textdomain_codeset("daipao", "UTF-8");
    textdomain("daipao");
}

static int run_verb(struct dp_app *app, int argc, char **argv)
{
    const char *noun = argv[0], *word = argc > 1 ? argv[1] : NULL;
    const struct dp_verb *v = dp_verb_find("", noun);
    struct dp_args a;
    int skip = 0;

    if (v == NULL && word != NULL) {
        v = dp_verb_find(noun, word);
        skip = 1;
    }
    if (v == NULL)
        return unknown(noun, word);
    if (dp_args_parse(app, v, argc - skip, argv + skip, &a) != DP_OK)
        return dp_err_exit(DP_USAGE);
    if (v->ask == DP_ASK_FIRST && !dp_confirm(app, _("%s %s %s: this cannot be undone. Go on?"), v->noun,
                                              v->verb, a.pos[0] != NULL ? a.pos[0] : ""))
        return dp_err_exit(DP_USAGE);
    return v->run(app, v, &a);
}

int dp_app_run(int argc, char **argv)
{
    struct dp_app app = {.socket = getenv("DAIPAO_SOCKET"), .as_office = ""};
    struct start s = {&app, 0};
    const struct argp_child children[] = {{&dp_global_argp, 0, NULL, 0}, {0}};
    struct argp argp = {NULL, parse_start, "NOUN VERB ...", NULL, children, NULL, NULL};
    int code;

    languages();
    argp_program_version = "daipao " DP_VERSION;
    argp_err_exit_status = dp_err_exit(DP_USAGE);
    argp.doc = _("Cases of petition offices, relayed from level to level. Without arguments: all commands.");
    app.tty_in = isatty(STDIN_FILENO) == 1;
    app.tty_out = isatty(STDOUT_FILENO) == 1;
    if (app.socket == NULL || app.socket[0] == '\0')
        app.socket = DP_SOCKET_DEFAULT;
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &s) != 0)
        return dp_err_exit(DP_USAGE);
    if (s.noun_at == 0) {
        list_verbs(stdout, NULL);
        return 0;
    }
    code = run_verb(&app, argc - s.noun_at, argv + s.noun_at);
    dp_ctl_close(&app.ctl);
    if (fflush(stdout) != 0 && code == 0)
        code = dp_fail(DP_IO, "%s", strerror(errno));
    return code;
}
