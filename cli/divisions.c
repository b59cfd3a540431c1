/* SPDX-License-Identifier: Apache-2.0 */
/* Division names. Registers hold thousands of rows, a county's list four hundred names: it is scanned. */
#include "divisions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HEADING "code,name,parent"

/* ---- the list ---- */

static bool take_line(struct dp_slice *rest, struct dp_slice *line)
{
    const uint8_t *end;
    size_t len;

    if (rest->len == 0)
        return false;
    end = memchr(rest->p, '\n', rest->len);
    len = end != NULL ? (size_t)(end - rest->p) : rest->len;
    *line = dp_slice_of(rest->p, len);
    len += end != NULL;
    *rest = dp_slice_of(rest->p + len, rest->len - len);
    if (line->len > 0 && line->p[line->len - 1] == '\r')
        line->len--;
    return true;
}

static bool parse_parent(struct dp_slice s, struct dp_div code)
{
    struct dp_div parent;

    return s.len == 0 || (dp_div_parse(s, &parent) == DP_OK && parent.v == dp_div_parent(code).v);
}

/* code,name,parent without quotes: no name has a comma. */
static bool parse_line(struct dp_slice line, struct dp_division *out)
{
    const uint8_t *comma;
    struct dp_slice name;

    if (line.len < 14 || line.p[12] != ',' || dp_div_parse(dp_slice_of(line.p, 12), &out->code) != DP_OK)
        return false;
    name = dp_slice_of(line.p + 13, line.len - 13);
    comma = memchr(name.p, ',', name.len);
    if (comma == NULL)
        return false;
    out->name = dp_slice_of(name.p, (size_t)(comma - name.p));
    if (out->name.len == 0 || out->name.len > DP_DIVISION_NAME_MAX || !dp_utf8_ok(out->name))
        return false;
    return parse_parent(dp_slice_of(comma + 1, name.len - out->name.len - 1), out->code);
}

static int by_code(const void *a, const void *b)
{
    const struct dp_division *x = a, *y = b;

    return (x->code.v > y->code.v) - (x->code.v < y->code.v);
}

static enum dp_err fill(struct dp_divisions *d, struct dp_slice text, uint32_t *line_no)
{
    struct dp_slice line;

    *line_no = 1;
    if (!take_line(&text, &line) || !dp_slice_eq(line, dp_slice_str(HEADING)))
        return DP_FORMAT;
    while (take_line(&text, &line)) {
        (*line_no)++;
        if (!parse_line(line, &d->list[d->count]))
            return DP_FORMAT;
        d->count++;
    }
    qsort(d->list, d->count, sizeof(d->list[0]), by_code);
    for (uint32_t i = 1; i < d->count; i++)
        if (d->list[i - 1].code.v == d->list[i].code.v)
            return DP_FORMAT;
    return DP_OK;
}

enum dp_err dp_divisions_init(struct dp_divisions *out, struct dp_slice text, uint32_t *line)
{
    struct dp_divisions d = {0};
    size_t lines = 1;
    enum dp_err err;

    if (text.len >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0)
        text = dp_slice_of(text.p + 3, text.len - 3);
    for (size_t i = 0; i < text.len; i++)
        lines += text.p[i] == '\n';
    if (lines > DP_DIVISIONS_MAX)
        return DP_TOO_BIG;
    d.list = calloc(lines, sizeof(d.list[0]));
    if (d.list == NULL)
        return DP_NOMEM;
    err = fill(&d, text, line);
    if (err != DP_OK) {
        free(d.list);
        return err;
    }
    *out = d;
    return DP_OK;
}

void dp_divisions_fini(struct dp_divisions *d)
{
    free(d->list);
    *d = (struct dp_divisions){0};
}

struct dp_slice dp_divisions_name(const struct dp_divisions *d, struct dp_div code)
{
    struct dp_division key = {.code = code};
    const struct dp_division *found =
        d->count > 0 ? bsearch(&key, d->list, d->count, sizeof(key), by_code) : NULL;

    return found != NULL ? found->name : dp_slice_of(NULL, 0);
}

/* ---- places ---- */

static bool ends_with(struct dp_slice s, const char *end)
{
    size_t len = strlen(end);

    return s.len >= len && memcmp(s.p + s.len - len, end, len) == 0;
}

static bool begins(struct dp_slice s, struct dp_slice with)
{
    return s.len >= with.len && memcmp(s.p, with.p, with.len) == 0;
}

/*
 * How many bytes at the start of `s` are the name of `d`: as listed, or as people write it:
 * 村 for 村委会 or 村民委员会, 社区 for 社区居委会. 0 = none.
 */
static size_t name_at(const struct dp_division *d, struct dp_slice s)
{
    static const char *const tails[] = {"民委员会", "居委会", "委会"};
    struct dp_slice name = d->name;

    if (begins(s, name))
        return name.len;
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        if (!ends_with(name, tails[i]))
            continue;
        name.len -= strlen(tails[i]);
        return begins(s, name) ? name.len : 0;
    }
    return 0;
}

/* The longest name at the start of `s` among the divisions below `above`. */
static enum dp_err longest(const struct dp_divisions *d, struct dp_slice s, struct dp_div above, bool itself,
                           struct dp_div *out, size_t *len)
{
    bool twice = false;

    *len = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        const struct dp_division *at = &d->list[i];
        size_t n;
        if (above.v != 0 && !(dp_div_covers(above, at->code) && (itself || at->code.v != above.v)))
            continue;
        n = name_at(at, s);
        if (n == 0 || n < *len)
            continue;
        twice = n == *len;
        *len = n;
        *out = at->code;
    }
    if (*len == 0)
        return DP_NOT_FOUND;
    return twice ? DP_AMBIGUOUS : DP_OK;
}

/* A province or city in front that the list does not have. */
static struct dp_slice skip_above(const struct dp_divisions *d, struct dp_slice s)
{
    static const char *const ends[] = {"省", "市"};
    struct dp_div code;
    size_t len;

    for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
        const uint8_t *end = s.len > 3 ? memmem(s.p, s.len, ends[e], strlen(ends[e])) : NULL;
        if (end == NULL || end - s.p > 24 || longest(d, s, (struct dp_div){0}, true, &code, &len) == DP_OK)
            continue;
        len = (size_t)(end - s.p) + strlen(ends[e]);
        s = dp_slice_of(s.p + len, s.len - len);
    }
    return s;
}

static enum dp_err walk(const struct dp_divisions *d, struct dp_slice s, struct dp_div within,
                        struct dp_div *out)
{
    struct dp_div at = within, found = {0};
    bool itself = true;
    enum dp_err err;
    size_t len;

    while (s.len > 0 && (err = longest(d, s, at, itself, &found, &len)) != DP_NOT_FOUND) {
        if (err != DP_OK)
            return err;
        at = found;
        itself = false;
        s = dp_slice_of(s.p + len, s.len - len);
    }
    if (found.v == 0)
        return DP_NOT_FOUND;
    if (s.len > 0 && dp_div_tier(at) != DP_TIER_VILLAGE)
        return DP_NOT_FOUND; /* a name below a township that nobody knows is not the township */
    *out = at;
    return DP_OK;
}

static bool is_code(struct dp_slice s, struct dp_div *out)
{
    return s.len == 12 && dp_div_parse(s, out) == DP_OK;
}

enum dp_err dp_divisions_resolve(const struct dp_divisions *d, struct dp_slice place, struct dp_div within,
                                 struct dp_div *out)
{
    struct dp_div code;
    enum dp_err err;

    if (is_code(place, &code)) {
        *out = code;
        return DP_OK;
    }
    err = walk(d, place, within, out);
    if (err == DP_NOT_FOUND) /* it may begin above `within`, or be a place of another county */
        err = walk(d, skip_above(d, place), (struct dp_div){0}, out);
    return err;
}
