/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to a struct. The parser is libinih; the lines are read here, because it cuts
 * a long line and goes on. The first thing that is wrong ends the load, with file and line.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "config/option.h"

#define OPTIONS_MAX 64

/* Where an option was set last. */
struct origin {
    unsigned file; /* 1, 2, ... in the order of reading; 0 = not set */
    int line;
    char path[512];
};

struct loader {
    struct dp_config config;
    struct origin origins[OPTIONS_MAX];
    FILE *stream;
    const char *path;
    unsigned file;
    int line;
    bool failed;
    struct dp_config_error *error;
};

/* Keeps the first error. */
static void fail(struct loader *l, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void fail(struct loader *l, int line, const char *fmt, ...)
{
    va_list args;

    if (l->failed)
        return;
    l->failed = true;
    snprintf(l->error->file, sizeof(l->error->file), "%s", l->path);
    l->error->line = line;
    va_start(args, fmt);
    vsnprintf(l->error->text, sizeof(l->error->text), fmt, args);
    va_end(args);
}

/* ---- lines ---- */

/* A line and its newline; the length, 0 at the end of the file. */
static size_t take_line(struct loader *l, char *line, size_t size)
{
    size_t len = 0;
    int c = 0;

    while (len < size - 1 && c != '\n' && (c = getc(l->stream)) != EOF)
        line[len++] = (char)c;
    line[len] = '\0';
    if (len > 0)
        l->line++;
    return len;
}

/* Length without the end of the line, of Unix or of Windows. */
static size_t text_len(const char *line, size_t len)
{
    if (len > 0 && line[len - 1] == '\n')
        len--;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    return len;
}

static void check_line(struct loader *l, const char *line, size_t len, size_t size)
{
    size_t text = text_len(line, len);
    size_t indent = strspn(line, " \t");

    if (len == size - 1 && line[len - 1] != '\n')
        fail(l, l->line, "the line is longer than %zu bytes", size - 2);
    else if (!dp_utf8_ok(dp_slice_of(line, text)))
        fail(l, l->line, "the line is not plain UTF-8 text");
    else if (indent > 0 && indent < text && strchr(";#", line[indent]) == NULL)
        fail(l, l->line, "the line begins with a space");
}

/* For libinih, in place of fgets. */
static char *read_line(char *line, int size, void *loader)
{
    struct loader *l = loader;
    size_t len;

    if (l->failed)
        return NULL;
    len = take_line(l, line, (size_t)size);
    if (len == 0)
        return NULL;
    check_line(l, line, len, (size_t)size);
    return l->failed ? NULL : line;
}

/* ---- options ---- */

static void set_option(struct loader *l, const struct dp_option *o, const char *value)
{
    struct origin *origin = &l->origins[o - dp_options];
    char expects[128];

    if (origin->file == l->file) {
        fail(l, l->line, "%s.%s is already set in line %d", o->section, o->name, origin->line);
        return;
    }
    if (!dp_option_set(o, value, &l->config)) {
        dp_option_expects(o, expects, sizeof(expects));
        fail(l, l->line, "%s.%s: \"%s\" is not right; expected %s", o->section, o->name, value, expects);
        return;
    }
    origin->file = l->file;
    origin->line = l->line;
    snprintf(origin->path, sizeof(origin->path), "%s", l->path);
}

/* For libinih: 1 when the option was taken. */
static int on_option(void *loader, const char *section, const char *name, const char *value)
{
    struct loader *l = loader;
    const struct dp_option *o = dp_option_find(section, name);

    if (o != NULL)
        set_option(l, o, value);
    else if (section[0] == '\0')
        fail(l, l->line, "option %s stands before any [section]", name);
    else if (!dp_option_section_known(section))
        fail(l, l->line, "unknown section [%s]", section);
    else
        fail(l, l->line, "unknown option %s in section [%s]", name, section);
    return !l->failed;
}

/* ---- files ---- */

static void parse_stream(struct loader *l)
{
    int bad_line;

    l->file++;
    l->line = 0;
    bad_line = ini_parse_stream(read_line, l, on_option, l);
    if (ferror(l->stream))
        fail(l, 0, "cannot be read: %s", strerror(errno));
    if (bad_line == 0)
        return;
    /* The parser reports a line that is no option and goes on, so ours may be a later one. */
    if (l->failed && l->error->line > bad_line)
        l->failed = false;
    fail(l, bad_line, "neither [section] nor option = value");
}

static void load_file(struct loader *l, const char *path)
{
    l->path = path;
    l->stream = fopen(path, "re");
    if (l->stream == NULL) {
        fail(l, 0, "cannot be opened: %s", strerror(errno));
        return;
    }
    parse_stream(l);
    fclose(l->stream);
    l->stream = NULL;
}

static int is_conf(const struct dirent *e)
{
    size_t len = strlen(e->d_name);

    return e->d_name[0] != '.' && len > 5 && strcmp(e->d_name + len - 5, ".conf") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_folder(struct loader *l, const char *folder)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, is_conf, by_bytes);
    char path[512];

    l->path = folder;
    if (n < 0 && errno != ENOENT)
        fail(l, 0, "cannot be read: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        if (snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name) >= (int)sizeof(path))
            fail(l, 0, "the name of a file is too long");
        if (!l->failed)
            load_file(l, path);
        free(names[i]);
    }
    free(names);
}

/* The folder conf.d beside `path`; false when the name is too long. */
static bool folder_beside(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    int dir_len = slash == NULL ? 0 : (int)(slash - path) + 1;

    return snprintf(out, size, "%.*sconf.d", dir_len, path) < (int)size;
}

/* ---- the whole ---- */

static bool beyond_this_machine(const struct dp_config_addresses *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (!list->v[i].loopback)
            return true;
    }
    return false;
}

/* An error of a set option that does not go with the others. */
static void fail_at(struct loader *l, const char *section, const char *name, const char *text)
{
    const struct origin *origin = &l->origins[dp_option_find(section, name) - dp_options];

    l->path = origin->path;
    fail(l, origin->line, "%s.%s: %s", section, name, text);
}

static void check_together(struct loader *l)
{
    const struct dp_config *c = &l->config;
    bool cert = c->desk.tls_cert[0] != '\0';
    bool key = c->desk.tls_key[0] != '\0';

    if (cert && !key)
        fail_at(l, "desk", "tls-cert", "tls-key is missing");
    if (key && !cert)
        fail_at(l, "desk", "tls-key", "tls-cert is missing");
    if (beyond_this_machine(&c->desk.listen) && !cert)
        fail_at(l, "desk", "listen", "tls-cert and tls-key are needed beyond this machine");
    if (c->parent.proxy.n > 0)
        fail_at(l, "parent", "proxy", "this version cannot dial by a proxy; a tunnel of the system can");
}

void dp_config_default(struct dp_config *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < dp_options_count; i++) {
        bool set = dp_options[i].initial == NULL || dp_option_set(&dp_options[i], dp_options[i].initial, out);
        assert(set);
        (void)set;
    }
}

enum dp_err dp_config_load(const char *path, struct dp_config *out, struct dp_config_error *error)
{
    struct loader l = {.path = path, .error = error};
    char folder[512];

    assert(dp_options_count <= OPTIONS_MAX);
    dp_config_default(&l.config);
    load_file(&l, path);
    if (!folder_beside(path, folder, sizeof(folder)))
        fail(&l, 0, "the name of the file is too long");
    if (!l.failed)
        load_folder(&l, folder);
    if (!l.failed)
        check_together(&l);
    if (l.failed)
        return DP_CONFIG;
    *out = l.config;
    return DP_OK;
}

const char *dp_config_without_effect(const struct dp_config *c, unsigned *at)
{
    static char name[64];
    struct dp_config initial;

    dp_config_default(&initial);
    while (*at < dp_options_count) {
        const struct dp_option *o = &dp_options[(*at)++];
        if (!o->later ||
            memcmp((const char *)c + o->offset, (const char *)&initial + o->offset, o->size) == 0)
            continue;
        snprintf(name, sizeof(name), "%s.%s", o->section, o->name);
        return name;
    }
    return NULL;
}

/* The first option outside the reloadable sections that differs, or NULL. */
static const struct dp_option *needs_restart(const struct dp_config *a, const struct dp_config *b)
{
    for (size_t i = 0; i < dp_options_count; i++) {
        const struct dp_option *o = &dp_options[i];
        if (!o->reloadable && memcmp((const char *)a + o->offset, (const char *)b + o->offset, o->size) != 0)
            return o;
    }
    return NULL;
}

enum dp_err dp_config_reload(const struct dp_config *running, const char *path, struct dp_config *out,
                             struct dp_config_error *error)
{
    struct loader l = {.path = path, .error = error};
    const struct dp_option *o;
    struct dp_config next;

    if (dp_config_load(path, &next, error) != DP_OK)
        return DP_CONFIG;
    o = needs_restart(running, &next);
    if (o != NULL) {
        fail(&l, 0, "%s.%s differs from the running daemon; a restart is needed", o->section, o->name);
        return DP_CONFIG;
    }
    *out = next;
    return DP_OK;
}

void dp_config_error_format(const struct dp_config_error *error, char *out, size_t size)
{
    if (error->line > 0)
        snprintf(out, size, "%s:%d: %s", error->file, error->line, error->text);
    else
        snprintf(out, size, "%s: %s", error->file, error->text);
}
