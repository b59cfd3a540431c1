/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "visible.h"

#define CELL_MAX 1024
#define WIDE 4096 /* columns when no terminal cuts them */

const json_t *dp_json_at(const json_t *v, const char *path)
{
    char key[32];

    while (v != NULL && path[0] != '\0') {
        size_t len = strcspn(path, ".");
        snprintf(key, sizeof(key), "%.*s", (int)len, path);
        v = json_object_get(v, key);
        path += len + (path[len] == '.');
    }
    return json_is_null(v) ? NULL : v;
}

/* ---- one value ---- */

static const char *kind_text(const char *word)
{
    uint32_t no;

    return dp_code_number(DP_CODES_KIND, word, &no) ? dp_code_text(DP_CODES_KIND, no) : word;
}

static void put_bytes(int64_t v, char *out, size_t cap)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double n = (double)v;
    unsigned u = 0;

    while (n >= 1024 && u < 4) {
        n /= 1024;
        u++;
    }
    snprintf(out, cap, u == 0 ? "%.0f %s" : "%.1f %s", n, units[u]);
}

static void put_number(const struct dp_tab *tab, int64_t v, char *out, size_t cap)
{
    const char *text =
        tab->shown == DP_SHOWN_CODE ? dp_code_text((enum dp_codes)tab->codes, (uint32_t)v) : NULL;

    if (text != NULL)
        snprintf(out, cap, "%s", text);
    else if (tab->shown == DP_SHOWN_SIX && v == 0)
        out[0] = '\0';
    else if (tab->shown == DP_SHOWN_SIX)
        snprintf(out, cap, "%0*" PRId64, 6, v);
    else if (tab->shown == DP_SHOWN_BYTES)
        put_bytes(v, out, cap);
    else
        snprintf(out, cap, "%" PRId64 "%s", v, tab->shown == DP_SHOWN_DAYS && v < 0 ? " !" : "");
}

static void put_string(const struct dp_tab *tab, const char *s, char *out, size_t cap)
{
    uint32_t no;

    switch ((enum dp_shown)tab->shown) {
    case DP_SHOWN_WORD:
        s = dp_word_text(s);
        break;
    case DP_SHOWN_SAID:
        s = s[0] != '\0' ? _(s) : s;
        break;
    case DP_SHOWN_KIND:
        s = kind_text(s);
        break;
    case DP_SHOWN_CODE:
        if (dp_code_number((enum dp_codes)tab->codes, s, &no))
            s = dp_code_text((enum dp_codes)tab->codes, no);
        break;
    case DP_SHOWN_TIME:
        snprintf(out, cap, "%.10s %.5s", s, strlen(s) > 11 ? s + 11 : "");
        return;
    case DP_SHOWN_TEXT:
    case DP_SHOWN_SIX:
    case DP_SHOWN_YES:
    case DP_SHOWN_BYTES:
    case DP_SHOWN_NUMBER:
    case DP_SHOWN_DAYS:
        break;
    }
    snprintf(out, cap, "%s", s);
}

static void put_list(const json_t *list, const struct dp_tab *tab, char *out, size_t cap)
{
    size_t at = 0;
    const json_t *v;
    size_t i;

    out[0] = '\0';
    json_array_foreach((json_t *)(uintptr_t)list, i, v)
    {
        char one[128] = "";
        if (json_is_string(v))
            put_string(tab, json_string_value(v), one, sizeof(one));
        else if (json_is_integer(v))
            put_number(tab, json_integer_value(v), one, sizeof(one));
        at += (size_t)snprintf(out + at, cap - at, "%s%s", at > 0 ? ", " : "", one);
        if (at >= cap)
            return;
    }
}

void dp_tab_text(const json_t *row, const struct dp_tab *tab, char *out, size_t cap)
{
    const json_t *v = dp_json_at(row, tab->path);

    out[0] = '\0';
    if (json_is_string(v))
        put_string(tab, json_string_value(v), out, cap);
    else if (json_is_integer(v))
        put_number(tab, json_integer_value(v), out, cap);
    else if (json_is_array(v))
        put_list(v, tab, out, cap);
    else if (json_is_true(v))
        snprintf(out, cap, "%s", tab->shown == DP_SHOWN_YES ? "*" : _("yes"));
    else if (json_is_false(v))
        snprintf(out, cap, "%s", tab->shown == DP_SHOWN_YES ? "" : _("no"));
}

/* ---- tables ---- */

static bool add_row(struct libscols_table *t, const json_t *row, const struct dp_tab *tabs, unsigned count)
{
    struct libscols_line *line = scols_table_new_line(t, NULL);
    char text[CELL_MAX], cell[CELL_MAX];

    if (line == NULL)
        return false;
    for (unsigned i = 0; i < count; i++) {
        dp_tab_text(row, &tabs[i], text, sizeof(text));
        dp_visible(text, cell, sizeof(cell)); /* before its width is counted */
        if (scols_line_set_data(line, i, cell) != 0)
            return false;
    }
    return true;
}

static bool add_columns(struct libscols_table *t, const struct dp_tab *tabs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bool right = tabs[i].shown >= DP_SHOWN_BYTES;
        if (scols_table_new_column(t, _(tabs[i].head), 0, right ? SCOLS_FL_RIGHT : 0) == NULL)
            return false;
    }
    return true;
}

int dp_table_print(const json_t *rows, const struct dp_tab *tabs, unsigned count, const char *none)
{
    struct libscols_table *t;
    const json_t *row;
    size_t i;
    bool ok;

    if (json_array_size(rows) == 0) {
        printf("%s\n", none);
        return 0;
    }
    t = scols_new_table();
    ok = t != NULL && add_columns(t, tabs, count);
    if (ok && isatty(STDOUT_FILENO) != 1)
        scols_table_set_termwidth(t, WIDE);
    json_array_foreach((json_t *)(uintptr_t)rows, i, row)
    {
        ok = ok && add_row(t, row, tabs, count);
    }
    ok = ok && scols_print_table(t) == 0;
    scols_unref_table(t);
    return ok ? 0 : dp_fail(DP_NOMEM, "%s", _(dp_err_text(DP_NOMEM)));
}

void dp_fields_print(const json_t *object, const struct dp_tab *tabs, unsigned count)
{
    char text[CELL_MAX];

    for (unsigned i = 0; i < count; i++) {
        dp_tab_text(object, &tabs[i], text, sizeof(text));
        if (text[0] != '\0')
            printf("%s: %s\n", _(tabs[i].head), text);
    }
}
