/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values: per type one function from text and one to text. A field is filled with zeros
 * first, so that equal values are equal bytes.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/slice.h"
#include "base/text.h"
#include "config/option.h"

#define DAY_MIN 1440

/* A number and the unit that may follow it. */
struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit sizes[] = {
    {"", 1},
    {"K", UINT64_C(1) << 10},
    {"M", UINT64_C(1) << 20},
    {"G", UINT64_C(1) << 30},
    {"T", UINT64_C(1) << 40},
    {NULL, 0},
};
static const struct unit times_s[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {NULL, 0}};
static const struct unit percents[] = {{"%", 1}, {NULL, 0}};
static const struct unit plain[] = {{"", 1}, {NULL, 0}};
static const struct unit days[] = {{"days", 0}, {"working", 1}, {NULL, 0}};

/* Digits, spaces, a unit of the list. */
static bool parse_number(const char *text, const struct unit *units, uint64_t *number, uint64_t *factor)
{
    size_t len = strspn(text, "0123456789");

    if (!dp_text_digits(dp_slice_of(text, len), number))
        return false;
    text += len + strspn(text + len, " \t");
    for (; units->name != NULL; units++) {
        if (strcmp(units->name, text) == 0) {
            *factor = units->factor;
            return true;
        }
    }
    return false;
}

static bool parse_scaled(const struct dp_option *o, const char *text, const struct unit *units, uint64_t *out)
{
    uint64_t number, factor, v;

    if (!parse_number(text, units, &number, &factor) || __builtin_mul_overflow(number, factor, &v))
        return false;
    if (v < o->min || v > o->max)
        return false;
    *out = v;
    return true;
}

/* The largest unit that leaves no remainder. */
static void format_scaled(uint64_t v, const struct unit *units, const char *space, char *out, size_t size)
{
    const struct unit *best = units;

    for (const struct unit *u = units; u->name != NULL; u++) {
        if (v != 0 && v % u->factor == 0)
            best = u;
    }
    snprintf(out, size, "%" PRIu64 "%s%s", v / best->factor, space, best->name);
}

static bool parse_size(const struct dp_option *o, const char *text, void *field)
{
    return parse_scaled(o, text, sizes, field);
}

static void format_size(const struct dp_option *o, const void *field, char *out, size_t size)
{
    (void)o;
    format_scaled(*(const uint64_t *)field, sizes, "", out, size);
}

static bool parse_percent(const struct dp_option *o, const char *text, void *field)
{
    return parse_scaled(o, text, percents, field);
}

static void format_percent(const struct dp_option *o, const void *field, char *out, size_t size)
{
    (void)o;
    format_scaled(*(const uint64_t *)field, percents, "", out, size);
}

static bool parse_integer(const struct dp_option *o, const char *text, void *field)
{
    return parse_scaled(o, text, plain, field);
}

static void format_integer(const struct dp_option *o, const void *field, char *out, size_t size)
{
    (void)o;
    format_scaled(*(const uint64_t *)field, plain, "", out, size);
}

static bool parse_duration(const struct dp_option *o, const char *text, void *field)
{
    uint64_t seconds;

    if (!parse_scaled(o, text, times_s, &seconds))
        return false;
    *(int64_t *)field = (int64_t)seconds * 1000;
    return true;
}

static void format_duration(const struct dp_option *o, const void *field, char *out, size_t size)
{
    (void)o;
    format_scaled((uint64_t)(*(const int64_t *)field / 1000), times_s, " ", out, size);
}

static bool parse_days(const struct dp_option *o, const char *text, void *field)
{
    struct dp_config_days *d = field;
    uint64_t number, working;

    if (!parse_number(text, days, &number, &working) || number < o->min || number > o->max)
        return false;
    d->n = (uint32_t)number;
    d->working = working != 0;
    return true;
}

static void format_days(const struct dp_option *o, const void *field, char *out, size_t size)
{
    const struct dp_config_days *d = field;

    (void)o;
    snprintf(out, size, "%" PRIu32 " %s", d->n, d->working ? "working" : "days");
}

static bool parse_path(const struct dp_option *o, const char *text, void *field)
{
    size_t len = strlen(text);

    if (text[0] != '/' || len >= o->size)
        return false;
    memcpy(field, text, len);
    return true;
}

static bool parse_name(const struct dp_option *o, const char *text, void *field)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyz_0123456789-";
    size_t len = strlen(text);

    if (len == 0 || len > 32 || len >= o->size)
        return false;
    if (strchr(first, text[0]) == NULL || strspn(text, rest) != len)
        return false;
    memcpy(field, text, len);
    return true;
}

static void format_text(const struct dp_option *o, const void *field, char *out, size_t size)
{
    (void)o;
    snprintf(out, size, "%s", (const char *)field);
}

/* The next member of a list into `out`: members stand between commas or spaces. False at the end. */
static bool next_member(const char **text, char *out, size_t size)
{
    static const char between[] = ", \t";
    size_t len;

    *text += strspn(*text, between);
    len = strcspn(*text, between);
    if (len == 0)
        return false;
    snprintf(out, size, "%.*s", (int)len, *text);
    *text += len;
    return true;
}

/* The port after the last colon; cuts the text there. */
static bool cut_port(char *text, uint16_t *port)
{
    char *colon = strrchr(text, ':');
    uint64_t v;

    if (colon == NULL || !dp_text_digits(dp_slice_str(colon + 1), &v) || v == 0 || v > UINT16_MAX)
        return false;
    *colon = '\0';
    *port = (uint16_t)v;
    return true;
}

static bool parse_v4(const char *host, uint16_t port, struct dp_config_address *out)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr a;

    if (inet_pton(AF_INET, host, &a) != 1)
        return false;
    inet_ntop(AF_INET, &a, text, sizeof(text));
    snprintf(out->text, sizeof(out->text), "%s:%u", text, port);
    out->loopback = (ntohl(a.s_addr) >> 24) == 127;
    return true;
}

/* "[address]" */
static bool parse_v6(char *host, uint16_t port, struct dp_config_address *out)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr a;
    size_t len = strlen(host);

    if (len < 2 || host[0] != '[' || host[len - 1] != ']')
        return false;
    host[len - 1] = '\0';
    if (inet_pton(AF_INET6, host + 1, &a) != 1)
        return false;
    inet_ntop(AF_INET6, &a, text, sizeof(text));
    snprintf(out->text, sizeof(out->text), "[%s]:%u", text, port);
    out->v6 = true;
    out->loopback = IN6_IS_ADDR_LOOPBACK(&a);
    return true;
}

/* Numeric only: a name would be resolved while every socket waits. */
static bool parse_addresses(const struct dp_option *o, const char *text, void *field)
{
    struct dp_config_addresses *list = field;
    char member[DP_CONFIG_TEXT];
    uint16_t port;

    if (strcmp(text, "off") == 0)
        return true;
    while (next_member(&text, member, sizeof(member))) {
        struct dp_config_address *a = &list->v[list->n];
        if (list->n == o->max || !cut_port(member, &port))
            return false;
        if (!parse_v4(member, port, a) && !parse_v6(member, port, a))
            return false;
        list->n++;
    }
    return list->n > 0;
}

static void format_addresses(const struct dp_option *o, const void *field, char *out, size_t size)
{
    const struct dp_config_addresses *list = field;
    size_t at = 0;

    (void)o;
    snprintf(out, size, "off");
    for (uint32_t i = 0; i < list->n && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? "," : "", list->v[i].text);
}

/* "HH:MM", to 24:00; returns what follows, or NULL. */
static const char *parse_clock(const char *p, uint16_t *out)
{
    uint64_t hour, minute;

    if (strlen(p) < 5 || p[2] != ':')
        return NULL;
    if (!dp_text_digits(dp_slice_of(p, 2), &hour) || !dp_text_digits(dp_slice_of(p + 3, 2), &minute))
        return NULL;
    if (minute > 59 || hour * 60 + minute > DAY_MIN)
        return NULL;
    *out = (uint16_t)(hour * 60 + minute);
    return p + 5;
}

/* "HH:MM-HH:MM"; never empty: from = to is refused. */
static bool parse_window(const char *p, struct dp_config_window *w)
{
    p = parse_clock(p, &w->from_min);
    if (p == NULL || *p != '-')
        return false;
    p = parse_clock(p + 1, &w->to_min);
    return p != NULL && *p == '\0' && w->from_min < DAY_MIN && w->from_min != w->to_min;
}

static bool parse_windows(const struct dp_option *o, const char *text, void *field)
{
    struct dp_config_windows *list = field;
    char member[DP_CONFIG_TEXT];

    if (strcmp(text, "always") == 0)
        return true;
    while (next_member(&text, member, sizeof(member))) {
        if (list->n == o->max || !parse_window(member, &list->v[list->n]))
            return false;
        list->n++;
    }
    return list->n > 0;
}

static void format_windows(const struct dp_option *o, const void *field, char *out, size_t size)
{
    const struct dp_config_windows *list = field;
    size_t at = 0;

    (void)o;
    snprintf(out, size, "always");
    for (uint32_t i = 0; i < list->n && at < size; i++) {
        const struct dp_config_window *w = &list->v[i];
        at += (size_t)snprintf(out + at, size - at, "%s%02d:%02d-%02d:%02d", i > 0 ? "," : "",
                               w->from_min / 60, w->from_min % 60, w->to_min / 60, w->to_min % 60);
    }
}

static bool parse_bool(const struct dp_option *o, const char *text, void *field)
{
    bool *v = field;

    (void)o;
    *v = strcmp(text, "yes") == 0;
    return *v || strcmp(text, "no") == 0;
}

static void format_bool(const struct dp_option *o, const void *field, char *out, size_t size)
{
    (void)o;
    snprintf(out, size, "%s", *(const bool *)field ? "yes" : "no");
}

static bool parse_enum(const struct dp_option *o, const char *text, void *field)
{
    for (unsigned i = 0; o->words[i] != NULL; i++) {
        if (strcmp(o->words[i], text) == 0) {
            *(unsigned *)field = i;
            return true;
        }
    }
    return false;
}

static void format_enum(const struct dp_option *o, const void *field, char *out, size_t size)
{
    snprintf(out, size, "%s", o->words[*(const unsigned *)field]);
}

struct type_row {
    bool (*parse)(const struct dp_option *o, const char *text, void *field);
    void (*format)(const struct dp_option *o, const void *field, char *out, size_t size);
    const char *expects;
    const struct unit *bounds; /* how min and max are written; NULL when they are no values */
};

static const struct type_row types[] = {
    [DP_OPTION_PATH] = {parse_path, format_text, "an absolute path", NULL},
    [DP_OPTION_NAME] = {parse_name, format_text, "the name of a group", NULL},
    [DP_OPTION_ADDRESSES] = {parse_addresses, format_addresses, "off or numeric ADDRESS:PORT", NULL},
    [DP_OPTION_SIZE] = {parse_size, format_size, "bytes, with K, M, G or T", sizes},
    [DP_OPTION_PERCENT] = {parse_percent, format_percent, "a share such as 10%", percents},
    [DP_OPTION_INTEGER] = {parse_integer, format_integer, "a whole number", plain},
    [DP_OPTION_DURATION] = {parse_duration, format_duration, "a time in s, min or h", times_s},
    [DP_OPTION_DAYS] = {parse_days, format_days, "a number of \"days\" or of \"working\" days", plain},
    [DP_OPTION_WINDOWS] = {parse_windows, format_windows, "always or HH:MM-HH:MM", NULL},
    [DP_OPTION_BOOL] = {parse_bool, format_bool, "yes or no", NULL},
    [DP_OPTION_ENUM] = {parse_enum, format_enum, "one of", NULL},
};

bool dp_option_set(const struct dp_option *o, const char *text, struct dp_config *c)
{
    union {
        uint64_t number;
        char text[DP_CONFIG_TEXT];
        struct dp_config_addresses addresses;
        struct dp_config_windows windows;
    } field;

    assert(o->size <= sizeof(field));
    memset(&field, 0, sizeof(field));
    if (!types[o->type].parse(o, text, &field))
        return false;
    memcpy((char *)c + o->offset, &field, o->size);
    return true;
}

void dp_option_get(const struct dp_option *o, const struct dp_config *c, char *out, size_t size)
{
    types[o->type].format(o, (const char *)c + o->offset, out, size);
}

static void append(char *out, size_t size, const char *before, const char *text)
{
    size_t at = strlen(out);

    snprintf(out + at, size - at, "%s%s", before, text);
}

void dp_option_expects(const struct dp_option *o, char *out, size_t size)
{
    const struct type_row *t = &types[o->type];
    char bound[32];

    snprintf(out, size, "%s", t->expects);
    for (size_t i = 0; o->words != NULL && o->words[i] != NULL; i++)
        append(out, size, i > 0 ? ", " : " ", o->words[i]);
    if (t->bounds != NULL) {
        format_scaled(o->min, t->bounds, "", bound, sizeof(bound));
        append(out, size, ", from ", bound);
        format_scaled(o->max, t->bounds, "", bound, sizeof(bound));
        append(out, size, " to ", bound);
    } else if (o->max > 1) {
        snprintf(bound, sizeof(bound), "%" PRIu64, o->max);
        append(out, size, ", at most ", bound);
    }
}
