/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profile files. libinih splits the lines; every key is checked against a table and may be
 * given once. A section is a clock by its word (dp_clock_word).
 */
#include "config/profile_file.h"

#include <ini.h>
#include <string.h>

#include "case/due.h"
#include "config/lines.h"

#define CLOCKS (DP_CLOCK_REMIND + 1)

/* Bits of the keys of one section that were given. */
enum given { GIVEN_ID = 1, GIVEN_EDITION = 2, GIVEN_FROM = 4, GIVEN_FLAGS = 8 };
enum given_post { GIVEN_SIZE = 1, GIVEN_EVERY = 2, GIVEN_REST = 4 };
enum given_limit { GIVEN_DAYS = 1, GIVEN_WORKING = 2, GIVEN_EXTEND = 4 };

struct parser {
    struct dp_lines lines;
    struct dp_profile profile;
    struct dp_limit limits[CLOCKS];
    unsigned given;                /* of [profile] */
    unsigned given_post;           /* of [post] */
    unsigned given_limits[CLOCKS]; /* of each clock */
    int first_line[CLOCKS];
};

static bool fail_value(struct parser *p, const char *key, const char *expected)
{
    return dp_lines_fail(&p->lines, p->lines.line, "%s: %s is expected", key, expected);
}

/* Marks `key` as given; false when it was given before. */
static bool give(struct parser *p, unsigned *given, unsigned bit, const char *key)
{
    if (*given & bit)
        return dp_lines_fail(&p->lines, p->lines.line, "%s is given twice", key);
    *given |= bit;
    return true;
}

/* [a-z][a-z0-9-]*, as long as the field. */
static bool id_ok(const char *id)
{
    size_t len = strlen(id);

    if (len == 0 || len >= sizeof(((struct dp_profile *)0)->id) || id[0] < 'a' || id[0] > 'z')
        return false;
    return strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool set_id(struct parser *p, const char *value)
{
    if (!give(p, &p->given, GIVEN_ID, "id"))
        return false;
    if (!id_ok(value))
        return fail_value(p, "id", "a word of a-z, 0-9 and -, at most 23 characters,");
    memcpy(p->profile.id, value, strlen(value) + 1);
    return true;
}

static bool set_edition(struct parser *p, const char *value)
{
    if (!give(p, &p->given, GIVEN_EDITION, "edition"))
        return false;
    if (!dp_lines_number(dp_slice_str(value), 1, DP_EDITION_MAX, &p->profile.edition))
        return fail_value(p, "edition", "a number from 1 to 999999");
    return true;
}

static bool set_valid_from(struct parser *p, const char *value)
{
    if (!give(p, &p->given, GIVEN_FROM, "valid-from"))
        return false;
    if (dp_date_parse(dp_slice_str(value), &p->profile.valid_from) != DP_OK)
        return fail_value(p, "valid-from", "a date that exists, YYYY-MM-DD,");
    return true;
}

static bool set_flags(struct parser *p, const char *value)
{
    if (!give(p, &p->given, GIVEN_FLAGS, "flags"))
        return false;
    if (strcmp(value, "errand") != 0)
        return fail_value(p, "flags", "errand, or no such line,");
    p->profile.flags |= DP_PROFILE_ERRAND;
    return true;
}

static bool set_head(struct parser *p, const char *key, const char *value)
{
    static const struct {
        const char *key;
        bool (*set)(struct parser *p, const char *value);
    } keys[] = {
        {"id", set_id}, {"edition", set_edition}, {"valid-from", set_valid_from}, {"flags", set_flags}};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(key, keys[i].key) == 0)
            return keys[i].set(p, value);
    return dp_lines_fail(&p->lines, p->lines.line, "[profile] has no key of this name: %.40s", key);
}

/* [post]: size and times of the post through relays (R-POST-2). */
static bool set_post(struct parser *p, const char *key, const char *value)
{
    struct dp_profile *to = &p->profile;

    if (strcmp(key, "size") == 0) {
        if (!give(p, &p->given_post, GIVEN_SIZE, key))
            return false;
        if (!dp_lines_number(dp_slice_str(value), 8, 16, &to->post_kib) ||
            (to->post_kib != 8 && to->post_kib != 16))
            return fail_value(p, key, "8 or 16, in KiB,");
        return true;
    }
    if (strcmp(key, "every") == 0) {
        if (!give(p, &p->given_post, GIVEN_EVERY, key))
            return false;
        if (!dp_lines_number(dp_slice_str(value), 1, 1440, &to->post_every))
            return fail_value(p, key, "a number of minutes from 1 to 1440");
        return true;
    }
    if (strcmp(key, "rest-days") == 0) {
        if (!give(p, &p->given_post, GIVEN_REST, key))
            return false;
        to->post_rest_days = strcmp(value, "yes") == 0;
        if (!to->post_rest_days && strcmp(value, "no") != 0)
            return fail_value(p, key, "yes or no");
        return true;
    }
    return dp_lines_fail(&p->lines, p->lines.line, "[post] has no key of this name: %.40s", key);
}

static bool set_working(struct parser *p, struct dp_limit *limit, const char *value)
{
    bool yes = strcmp(value, "yes") == 0;

    if (!yes && strcmp(value, "no") != 0)
        return fail_value(p, "working", "yes or no");
    limit->working = yes;
    return true;
}

static bool set_limit(struct parser *p, unsigned clock, const char *key, const char *value)
{
    struct dp_limit *limit = &p->limits[clock];
    unsigned *given = &p->given_limits[clock];
    uint32_t number;

    if (*given == 0)
        p->first_line[clock] = p->lines.line;
    limit->clock = (uint8_t)clock;
    if (strcmp(key, "working") == 0)
        return give(p, given, GIVEN_WORKING, key) && set_working(p, limit, value);
    if (strcmp(key, "days") == 0) {
        if (!give(p, given, GIVEN_DAYS, key))
            return false;
        /* 0: the date is always named, as in an assignment (R22 22) */
        if (!dp_lines_number(dp_slice_str(value), clock == DP_CLOCK_REPORT ? 0 : 1, DP_PROFILE_DAYS_MAX,
                             &number))
            return fail_value(p, key, "a number from 1 to 3650");
        limit->days = (uint16_t)number;
        return true;
    }
    if (strcmp(key, "max-extend") == 0) {
        if (!give(p, given, GIVEN_EXTEND, key))
            return false;
        if (!dp_lines_number(dp_slice_str(value), 0, DP_PROFILE_EXTEND_MAX, &number))
            return fail_value(p, key, "a number from 0 to 365");
        limit->max_extend = (uint16_t)number;
        return true;
    }
    return dp_lines_fail(&p->lines, p->lines.line, "a clock has no key of this name: %.40s", key);
}

static int take_key(void *user, const char *section, const char *key, const char *value)
{
    struct parser *p = user;

    if (p->lines.failed)
        return 0;
    if (strcmp(section, "profile") == 0)
        return set_head(p, key, value);
    if (strcmp(section, "post") == 0)
        return set_post(p, key, value);
    for (unsigned clock = 1; clock < CLOCKS; clock++)
        if (strcmp(section, dp_clock_word((enum dp_clock)clock)) == 0)
            return set_limit(p, clock, key, value);
    if (section[0] == '\0')
        return dp_lines_fail(&p->lines, p->lines.line, "%.40s stands before the first section", key);
    return dp_lines_fail(&p->lines, p->lines.line, "there is no clock of this name: %.40s", section);
}

/* A line for libinih, never longer than its buffer: dp_lines_next has seen to that. */
static char *give_line(char *out, int size, void *user)
{
    struct parser *p = user;
    struct dp_slice line;

    if (!dp_lines_next(&p->lines, &line) || line.len + 1 > (size_t)size)
        return NULL;
    memcpy(out, line.p, line.len);
    out[line.len] = '\0';
    return out;
}

/* What must be there at the end, and the limits in the order of their clocks. */
static bool finish(struct parser *p)
{
    static const unsigned needed = GIVEN_ID | GIVEN_EDITION | GIVEN_FROM;

    if ((p->given & needed) != needed)
        return dp_lines_fail(&p->lines, 0, "[profile] needs id, edition and valid-from");
    for (unsigned clock = 1; clock < CLOCKS; clock++) {
        if (p->given_limits[clock] == 0)
            continue;
        if (!(p->given_limits[clock] & GIVEN_DAYS))
            return dp_lines_fail(&p->lines, p->first_line[clock], "[%s] needs days",
                                 dp_clock_word((enum dp_clock)clock));
        p->profile.limits[p->profile.limit_count++] = p->limits[clock];
    }
    if (p->profile.limit_count == 0)
        return dp_lines_fail(&p->lines, 0, "there is no clock in it");
    return true;
}

enum dp_err dp_profile_file_parse(struct dp_slice text, const char *file, struct dp_profile *out,
                                  struct dp_config_error *error)
{
    struct parser p = {0};
    int line;

    _Static_assert(CLOCKS - 1 <= DP_LIMITS_MAX, "a profile holds a limit per clock");
    dp_lines_init(&p.lines, text, file, error);
    line = p.lines.failed ? 0 : ini_parse_stream(give_line, &p, take_key, &p);
    if (line > 0)
        dp_lines_fail(&p.lines, line, "neither a [section] nor key = value");
    else if (line < 0)
        dp_lines_fail(&p.lines, 0, "out of memory");
    if (p.lines.failed || !finish(&p))
        return DP_CONFIG;
    *out = p.profile;
    return DP_OK;
}
