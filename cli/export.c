/* SPDX-License-Identifier: Apache-2.0 */
/* Cases in codes as CSV (UTF-8 with a mark, so that a spreadsheet reads it). Nothing of any person is in the
 * answer that it is made from. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "table.h"
#include "visible.h"

static const char *const columns[] = {
    "number",      "name",           "status",       "holder",          "registrar",      "registered_on",
    "channel",     "origin",         "purpose",      "category",        "flags",          "headcount",
    "involved",    "residence_div",  "problem_div",  "petition_date",   "source_system",  "source_no",
    "national_no", "next_due.clock", "next_due.due", "next_due.office", "next_due.cause",
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void put_field(FILE *f, const char *s)
{
    /* A spreadsheet takes these for the start of a formula. */
    bool formula = s[0] != '\0' && strchr("=+-@", s[0]) != NULL;

    if (strpbrk(s, ",\"\n\r") == NULL && !formula) {
        fputs(s, f);
        return;
    }
    fputc('"', f);
    if (formula)
        fputc('\'', f);
    for (; *s != '\0'; s++) {
        if (*s == '"')
            fputc('"', f);
        fputc(*s, f);
    }
    fputc('"', f);
}

static void put_value(FILE *f, const json_t *row, const char *path)
{
    const json_t *v = dp_json_at(row, path);
    char text[256] = "";
    const json_t *one;
    size_t i;

    if (json_is_string(v))
        snprintf(text, sizeof(text), "%s", json_string_value(v));
    else if (json_is_integer(v))
        snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
    json_array_foreach((json_t *)(uintptr_t)v, i, one)
    {
        size_t at = strlen(text);
        snprintf(text + at, sizeof(text) - at, "%s%s", i > 0 ? ";" : "",
                 json_is_string(one) ? json_string_value(one) : "");
    }
    put_field(f, text);
}

static void put_rows(FILE *f, const json_t *rows)
{
    const json_t *row;
    size_t n;

    fputs("\xef\xbb\xbf", f);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(f, "%s%s", i > 0 ? "," : "", columns[i]);
    fputs("\r\n", f);
    json_array_foreach((json_t *)(uintptr_t)rows, n, row)
    {
        for (size_t i = 0; i < COLUMNS; i++) {
            if (i > 0)
                fputc(',', f);
            put_value(f, row, columns[i]);
        }
        fputs("\r\n", f);
    }
}

/* Whole or not at all. */
static int write_file(const char *path, const json_t *rows)
{
    char temp[4096];
    FILE *f;

    if (strcmp(path, "-") == 0) {
        f = dp_visible_data();
        put_rows(f, rows);
        return fflush(f) == 0 ? 0 : dp_fail(DP_IO, "%s", strerror(errno));
    }
    snprintf(temp, sizeof(temp), "%s.part", path);
    f = fopen(temp, "wb");
    if (f == NULL)
        return dp_fail(DP_IO, "%s: %s", temp, strerror(errno));
    put_rows(f, rows);
    if (fflush(f) == 0 && fsync(fileno(f)) == 0 && fclose(f) == 0 && rename(temp, path) == 0)
        return 0;
    dp_fail(DP_IO, "%s: %s", path, strerror(errno));
    remove(temp);
    return dp_err_exit(DP_IO);
}

int dp_run_export(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    uint32_t limit = 0;
    json_t *all;
    int code = 0;

    (void)v;
    if (a->opt[OPT_OUT] == NULL)
        return dp_fail(DP_USAGE, "%s", _("say where to: --out FILE, or --out - for the standard output"));
    if (dp_args_number(a, OPT_LIMIT, 100000, &limit) != DP_OK ||
        dp_args_number(a, OPT_DUE, 3650, &q.due_days) != DP_OK)
        return dp_err_exit(DP_USAGE);
    q.what = dp_pb_str("list");
    q.mine = a->opt[OPT_MINE] != NULL;
    q.status = dp_pb_str(a->opt[OPT_STATUS]);
    q.node = dp_pb_str(a->opt[OPT_HOLDER]);
    if (dp_query_rows(app, &q, limit, &all, &code) != DP_OK)
        return code;
    code = write_file(a->opt[OPT_OUT], json_object_get(all, "rows"));
    if (code == 0 && strcmp(a->opt[OPT_OUT], "-") != 0)
        fprintf(stderr, _("%zu cases written\n"), json_array_size(json_object_get(all, "rows")));
    json_decref(all);
    return code;
}
