/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar files: what is read rises and is within its limits, and written down again it reads the same. */
#include "config/calendar_file.h"

#include <stdio.h>
#include <string.h>

#include "config/lines.h"
#include "config/profile_file.h"
#include "fuzz.h"

static void check_days(const uint16_t *days, uint8_t count)
{
    FUZZ_CHECK(count <= DP_YEAR_DAYS_MAX);
    for (uint8_t i = 0; i < count; i++) {
        FUZZ_CHECK(days[i] >= 1 && days[i] <= 366);
        FUZZ_CHECK(i == 0 || days[i - 1] < days[i]);
    }
}

static void check(const struct dp_calendar *c)
{
    FUZZ_CHECK(c->id[0] != '\0' && memchr(c->id, '\0', sizeof(c->id)) != NULL);
    FUZZ_CHECK(c->edition >= 1 && c->edition <= DP_EDITION_MAX);
    FUZZ_CHECK(c->year_count >= 1 && c->year_count <= DP_YEARS_MAX);
    for (uint8_t i = 0; i < c->year_count; i++) {
        FUZZ_CHECK(i == 0 || c->years[i - 1].year < c->years[i].year);
        FUZZ_CHECK(c->years[i].year >= DP_CALENDAR_YEAR_MIN && c->years[i].year <= DP_CALENDAR_YEAR_MAX);
        check_days(c->years[i].rest, c->years[i].rest_count);
        check_days(c->years[i].work, c->years[i].work_count);
    }
}

static void write_day(struct dp_buf *out, uint16_t year, uint16_t day, const char *kind)
{
    struct dp_date first;
    char date[11], line[32];
    int n;

    FUZZ_CHECK(dp_date_make(year, 1, 1, &first) == DP_OK);
    dp_date_format(dp_date_add(first, day - 1), date);
    n = snprintf(line, sizeof(line), "%s,%s,x\n", date, kind);
    FUZZ_CHECK(dp_buf_put(out, line, (size_t)n) == DP_OK);
}

static void write_down(const struct dp_calendar *c, struct dp_buf *out)
{
    char head[128];
    int n = snprintf(head, sizeof(head), "# id: %s\n# edition: %u\ndate,kind,name\n", c->id, c->edition);

    FUZZ_CHECK(dp_buf_put(out, head, (size_t)n) == DP_OK);
    for (uint8_t i = 0; i < c->year_count; i++) {
        const struct dp_year *y = &c->years[i];
        for (uint8_t d = 0; d < y->rest_count; d++)
            write_day(out, y->year, y->rest[d], "rest");
        for (uint8_t d = 0; d < y->work_count; d++)
            write_day(out, y->year, y->work[d], "work");
    }
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_config_error error;
    struct dp_calendar c, again;
    struct dp_buf text;

    (void)a;
    if (suite == &fuzz_hollow) /* no digest is checked here: once is enough */
        return false;
    if (dp_calendar_file_parse(input, "input", &c, &error) != DP_OK) {
        FUZZ_CHECK(error.text[0] != '\0' && error.line >= 0);
        return false;
    }
    check(&c);
    dp_buf_init(&text, DP_DATA_FILE_BYTES_MAX);
    write_down(&c, &text);
    FUZZ_CHECK(dp_calendar_file_parse(dp_buf_slice(&text), "again", &again, &error) == DP_OK);
    FUZZ_CHECK(memcmp(&c, &again, sizeof(c)) == 0);
    dp_buf_fini(&text);
    return true;
}
