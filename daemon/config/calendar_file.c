/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar files: one line per day, kept sorted while it is read. */
#include "config/calendar_file.h"

#include <string.h>

#include "config/lines.h"
#include "config/profile_file.h"

#define NAME_BYTES_MAX 64

struct parser {
    struct dp_lines lines;
    struct dp_calendar calendar;
    bool heading_seen;
};

static bool fail(struct parser *p, const char *text)
{
    return dp_lines_fail(&p->lines, p->lines.line, "%s", text);
}

/* ---- years ---- */

/* Where `year` is or belongs. */
static uint8_t year_place(const struct dp_calendar *c, uint16_t year)
{
    uint8_t i = 0;

    while (i < c->year_count && c->years[i].year < year)
        i++;
    return i;
}

static bool year_at(const struct dp_calendar *c, uint8_t i, uint16_t year)
{
    return i < c->year_count && c->years[i].year == year;
}

/* The year, added when it is new; NULL when there is no room. */
static struct dp_year *year_get(struct dp_calendar *c, uint16_t year)
{
    uint8_t i = year_place(c, year);

    if (year_at(c, i, year))
        return &c->years[i];
    if (c->year_count == DP_YEARS_MAX)
        return NULL;
    memmove(&c->years[i + 1], &c->years[i], (size_t)(c->year_count - i) * sizeof(c->years[0]));
    c->year_count++;
    c->years[i] = (struct dp_year){.year = year};
    return &c->years[i];
}

static bool day_listed(const uint16_t *days, uint8_t count, uint16_t day)
{
    for (uint8_t i = 0; i < count; i++)
        if (days[i] == day)
            return true;
    return false;
}

static bool day_add(uint16_t *days, uint8_t *count, uint16_t day)
{
    uint8_t i = *count;

    if (i == DP_YEAR_DAYS_MAX)
        return false;
    for (; i > 0 && days[i - 1] > day; i--)
        days[i] = days[i - 1];
    days[i] = day;
    (*count)++;
    return true;
}

/* ---- lines ---- */

static bool take_id(struct parser *p, struct dp_slice value)
{
    if (p->calendar.id[0] != '\0')
        return fail(p, "id is given twice");
    if (value.len >= sizeof(p->calendar.id) || !(value.len > 0 && value.p[0] >= 'a' && value.p[0] <= 'z'))
        return fail(p, "id: a word of a-z, 0-9 and -, at most 23 characters, is expected");
    for (size_t i = 0; i < value.len; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", value.p[i]) == NULL)
            return fail(p, "id: a word of a-z, 0-9 and - is expected");
    memcpy(p->calendar.id, value.p, value.len);
    return true;
}

static bool take_edition(struct parser *p, struct dp_slice value)
{
    if (p->calendar.edition != 0)
        return fail(p, "edition is given twice");
    if (!dp_lines_number(value, 1, DP_EDITION_MAX, &p->calendar.edition))
        return fail(p, "edition: a number from 1 to 999999 is expected");
    return true;
}

/* True with the trimmed rest when `line` begins with `word`. */
static bool after(struct dp_slice line, const char *word, struct dp_slice *rest)
{
    size_t len = strlen(word);

    if (line.len < len || memcmp(line.p, word, len) != 0)
        return false;
    *rest = dp_lines_trim(dp_slice_of(line.p + len, line.len - len));
    return true;
}

static bool take_comment(struct parser *p, struct dp_slice line)
{
    struct dp_slice value, text = dp_lines_trim(dp_slice_of(line.p + 1, line.len - 1));

    if (after(text, "id:", &value))
        return take_id(p, value);
    if (after(text, "edition:", &value))
        return take_edition(p, value);
    return true;
}

/* The part before the next comma; the line goes on after it. */
static struct dp_slice cut(struct dp_slice *line)
{
    const uint8_t *comma = line->len > 0 ? memchr(line->p, ',', line->len) : NULL;
    struct dp_slice part = *line;

    if (comma == NULL) {
        *line = dp_slice_of(NULL, 0);
        return part;
    }
    part.len = (size_t)(comma - part.p);
    *line = dp_slice_of(comma + 1, line->len - part.len - 1);
    return part;
}

static bool add(struct parser *p, struct dp_date date, bool rest)
{
    struct dp_date first = DP_DATE_NONE;
    struct dp_year *year;
    uint16_t day;
    int y, m, d;

    dp_date_split(date, &y, &m, &d);
    if (y < DP_CALENDAR_YEAR_MIN || y > DP_CALENDAR_YEAR_MAX)
        return fail(p, "the year is not from 2000 to 2099");
    if (!rest && dp_date_weekday(date) < 5)
        return fail(p, "a shifted working day is a Saturday or a Sunday, this date is neither");
    year = year_get(&p->calendar, (uint16_t)y);
    if (year == NULL || dp_date_make(y, 1, 1, &first) != DP_OK)
        return dp_lines_fail(&p->lines, p->lines.line, "more than %d years", DP_YEARS_MAX);
    day = (uint16_t)(date.day - first.day + 1);
    if (day_listed(year->rest, year->rest_count, day) || day_listed(year->work, year->work_count, day))
        return fail(p, "the date is listed twice");
    if (!(rest ? day_add(year->rest, &year->rest_count, day) : day_add(year->work, &year->work_count, day)))
        return dp_lines_fail(&p->lines, p->lines.line, "more than %d such days in a year", DP_YEAR_DAYS_MAX);
    return true;
}

static bool take_day(struct parser *p, struct dp_slice line)
{
    struct dp_slice date_text = cut(&line), kind = cut(&line);
    struct dp_date date;

    if (dp_date_parse(date_text, &date) != DP_OK)
        return fail(p, "date: a date that exists, YYYY-MM-DD, is expected");
    if (line.len == 0 || line.len > NAME_BYTES_MAX || memchr(line.p, ',', line.len) != NULL)
        return fail(p, "date,kind,name is expected, with a name of at most 64 bytes");
    if (dp_slice_eq(kind, dp_slice_str("rest")))
        return add(p, date, true);
    if (dp_slice_eq(kind, dp_slice_str("work")))
        return add(p, date, false);
    return fail(p, "kind: rest or work is expected");
}

static bool take_line(struct parser *p, struct dp_slice line)
{
    if (line.len == 0)
        return true;
    if (line.p[0] == '#')
        return take_comment(p, line);
    if (p->heading_seen)
        return take_day(p, line);
    p->heading_seen = true;
    if (!dp_slice_eq(line, dp_slice_str("date,kind,name")))
        return fail(p, "the heading date,kind,name is expected");
    return true;
}

enum dp_err dp_calendar_file_parse(struct dp_slice text, const char *file, struct dp_calendar *out,
                                   struct dp_config_error *error)
{
    struct parser p = {0};
    struct dp_slice line;

    dp_lines_init(&p.lines, text, file, error);
    while (dp_lines_next(&p.lines, &line) && take_line(&p, line))
        ;
    if (p.calendar.id[0] == '\0' || p.calendar.edition == 0)
        dp_lines_fail(&p.lines, 0, "comments `# id: WORD` and `# edition: N` are needed");
    if (p.calendar.year_count == 0)
        dp_lines_fail(&p.lines, 0, "there is no day in it");
    if (p.lines.failed)
        return DP_CONFIG;
    *out = p.calendar;
    return DP_OK;
}

enum dp_err dp_calendar_take_over(const struct dp_calendar *older, struct dp_calendar *newer)
{
    if (strcmp(older->id, newer->id) != 0 || older->edition >= newer->edition)
        return DP_CONFLICT;
    for (uint8_t i = older->year_count; i-- > 0;) {
        const struct dp_year *year = &older->years[i];
        struct dp_year *place;
        if (year_at(newer, year_place(newer, year->year), year->year))
            continue;
        place = year_get(newer, year->year);
        if (place == NULL)
            break;
        *place = *year;
    }
    return DP_OK;
}
