/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in their three forms: number, big-endian bytes, text. Every name has exactly one
 * text, so parse refuses what format would not write.
 */
#include "base/id.h"

#include <endian.h>
#include <string.h>

#include "base/text.h"

#define DIV_DIGITS 12
#define DIV_END UINT64_C(1000000000000)

/* What lies below a division of a tier, as a power of ten. */
static const uint64_t below[] = {
    [DP_TIER_NONE] = DIV_END,   [DP_TIER_PROVINCE] = UINT64_C(10000000000),
    [DP_TIER_CITY] = 100000000, [DP_TIER_COUNTY] = 1000000,
    [DP_TIER_TOWNSHIP] = 1000,  [DP_TIER_VILLAGE] = 1,
};

/* ---- divisions ---- */

enum dp_tier dp_div_tier(struct dp_div d)
{
    enum dp_tier tier = DP_TIER_NONE;

    if (d.v >= DIV_END)
        return DP_TIER_NONE;
    while (d.v % below[tier] != 0) {
        tier++;
        /* The level itself must be there: no zero above a non-zero one. But a city may have no counties
         * (东莞, 中山, 儋州, 嘉峪关): its townships stand right below it. */
        bool absent = d.v % below[tier - 1] < below[tier];
        if (absent && !(tier == DP_TIER_COUNTY && d.v % below[tier] >= below[DP_TIER_TOWNSHIP]))
            return DP_TIER_NONE;
    }
    return tier;
}

enum dp_err dp_div_parse(struct dp_slice s, struct dp_div *out)
{
    struct dp_div d;

    if (s.len != DIV_DIGITS || !dp_text_digits(s, &d.v))
        return DP_FORMAT;
    if (dp_div_tier(d) == DP_TIER_NONE)
        return DP_FORMAT;
    *out = d;
    return DP_OK;
}

/*
 * The city part of a code that is a heading of the code list and no authority (GB/T 2260): 90, what a
 * province governs directly (429004 潜江); 01 市辖区 and 02 县 of the four municipalities (110101 东城). A
 * county under it stands right below its province.
 */
static bool is_heading(struct dp_div city)
{
    unsigned province = (unsigned)(city.v / below[DP_TIER_PROVINCE]);
    unsigned part = (unsigned)(city.v / below[DP_TIER_CITY] % 100);
    bool municipality = province == 11 || province == 12 || province == 31 || province == 50;

    return part == 90 || (municipality && (part == 1 || part == 2));
}

struct dp_div dp_div_parent(struct dp_div d)
{
    enum dp_tier tier = dp_div_tier(d);
    struct dp_div up = {0};

    if (tier <= DP_TIER_PROVINCE)
        return up;
    up.v = d.v - d.v % below[tier - 1];
    if (dp_div_tier(up) == DP_TIER_CITY && tier == DP_TIER_COUNTY && is_heading(up))
        up.v -= up.v % below[DP_TIER_PROVINCE];
    return up;
}

bool dp_div_covers(struct dp_div a, struct dp_div d)
{
    enum dp_tier tier = dp_div_tier(a);

    return tier != DP_TIER_NONE && d.v - d.v % below[tier] == a.v;
}

void dp_div_format(struct dp_div d, char out[13])
{
    dp_text_put(out, d.v, DIV_DIGITS);
    out[DIV_DIGITS] = '\0';
}

/* ---- nodes ---- */

struct dp_node dp_node_of(struct dp_div d, unsigned post)
{
    if (d.v >= DIV_END || post > 99)
        return (struct dp_node){0};
    return (struct dp_node){d.v * 100 + post};
}

struct dp_div dp_node_div(struct dp_node n)
{
    return (struct dp_div){n.v / 100};
}

unsigned dp_node_post(struct dp_node n)
{
    return (unsigned)(n.v % 100);
}

enum dp_tier dp_node_tier(struct dp_node n)
{
    return dp_div_tier(dp_node_div(n));
}

struct dp_node dp_node_parent(struct dp_node n)
{
    if (dp_node_post(n) != 0)
        return dp_node_of(dp_node_div(n), 0);
    return dp_node_of(dp_div_parent(dp_node_div(n)), 0);
}

bool dp_node_covers(struct dp_node a, struct dp_node n)
{
    if (dp_node_post(a) != 0)
        return a.v == n.v;
    return dp_div_covers(dp_node_div(a), dp_node_div(n));
}

bool dp_node_eq(struct dp_node a, struct dp_node b)
{
    return a.v == b.v;
}

/* ".05": a post is 01..99, since post 0 is the division's own node. */
static bool parse_post(struct dp_slice s, uint64_t *out)
{
    return s.len == 3 && s.p[0] == '.' && dp_text_digits(dp_slice_of(s.p + 1, 2), out) && *out > 0;
}

enum dp_err dp_node_parse(struct dp_slice s, struct dp_node *out)
{
    struct dp_div d;
    uint64_t post = 0;

    if (s.len < DIV_DIGITS || dp_div_parse(dp_slice_of(s.p, DIV_DIGITS), &d) != DP_OK)
        return DP_FORMAT;
    if (s.len > DIV_DIGITS && !parse_post(dp_slice_of(s.p + DIV_DIGITS, s.len - DIV_DIGITS), &post))
        return DP_FORMAT;
    *out = dp_node_of(d, (unsigned)post);
    return DP_OK;
}

/* Returns the end of what was written, where a NUL stands. */
static char *put_node(char *out, struct dp_node n)
{
    unsigned post = dp_node_post(n);

    out = dp_text_put(out, dp_node_div(n).v, DIV_DIGITS);
    if (post != 0) {
        *out++ = '.';
        out = dp_text_put(out, post, 2);
    }
    *out = '\0';
    return out;
}

void dp_node_format(struct dp_node n, char out[DP_NODE_TEXT])
{
    put_node(out, n);
}

/* ---- offices ---- */

bool dp_slug_ok(struct dp_slice s)
{
    if (s.len == 0 || s.len > DP_SLUG_MAX || s.p[0] < 'a' || s.p[0] > 'z')
        return false;
    for (size_t i = 1; i < s.len; i++) {
        uint8_t c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

enum dp_err dp_office_parse(struct dp_slice s, struct dp_office *out)
{
    const uint8_t *bar = s.len > 0 ? memchr(s.p, '/', s.len) : NULL;
    struct dp_office o = {0};
    struct dp_slice slug;
    size_t at;

    if (bar == NULL)
        return DP_FORMAT;
    at = (size_t)(bar - s.p);
    slug = dp_slice_of(bar + 1, s.len - at - 1);
    if (!dp_slug_ok(slug) || dp_node_parse(dp_slice_of(s.p, at), &o.node) != DP_OK)
        return DP_FORMAT;
    memcpy(o.slug, slug.p, slug.len);
    *out = o;
    return DP_OK;
}

void dp_office_format(const struct dp_office *o, char out[DP_OFFICE_TEXT])
{
    size_t len = strnlen(o->slug, DP_SLUG_MAX);
    char *end = put_node(out, o->node);

    *end++ = '/';
    memcpy(end, o->slug, len);
    end[len] = '\0';
}

bool dp_office_eq(const struct dp_office *a, const struct dp_office *b)
{
    return a->node.v == b->node.v && memcmp(a->slug, b->slug, sizeof(a->slug)) == 0;
}

bool dp_office_is_none(const struct dp_office *o)
{
    return o->node.v == 0;
}

/* ---- entry names and subjects ---- */

bool dp_name_eq(const struct dp_name *a, const struct dp_name *b)
{
    return a->seq == b->seq && a->inc == b->inc && a->origin.v == b->origin.v;
}

bool dp_name_is_none(const struct dp_name *a)
{
    return (a->origin.v | a->inc | a->seq) == 0;
}

static int order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

int dp_name_cmp(const struct dp_name *a, const struct dp_name *b)
{
    if (a->origin.v != b->origin.v)
        return order(a->origin.v, b->origin.v);
    if (a->inc != b->inc)
        return order(a->inc, b->inc);
    return order(a->seq, b->seq);
}

void dp_name_put(const struct dp_name *n, uint8_t out[DP_NAME_BYTES])
{
    uint64_t origin = htobe64(n->origin.v), seq = htobe64(n->seq);
    uint32_t inc = htobe32(n->inc);

    memcpy(out, &origin, 8);
    memcpy(out + 8, &inc, 4);
    memcpy(out + 12, &seq, 8);
}

struct dp_name dp_name_get(const uint8_t in[DP_NAME_BYTES])
{
    uint64_t origin, seq;
    uint32_t inc;

    memcpy(&origin, in, 8);
    memcpy(&inc, in + 8, 4);
    memcpy(&seq, in + 12, 8);
    return (struct dp_name){{be64toh(origin)}, be32toh(inc), be64toh(seq)};
}

void dp_name_format(const struct dp_name *n, char out[DP_NAME_TEXT])
{
    uint32_t inc = htobe32(n->inc);
    char *end = put_node(out, n->origin);

    *end++ = ':';
    dp_hex(&inc, sizeof(inc), end);
    end += 2 * sizeof(inc);
    *end++ = ':';
    end = dp_text_put(end, n->seq, dp_text_width(n->seq));
    *end = '\0';
}

/* Eight lower-case hex digits. */
static bool parse_inc(struct dp_slice s, uint32_t *out)
{
    uint32_t inc;

    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] >= 'A' && s.p[i] <= 'F')
            return false;
    }
    if (dp_unhex((const char *)s.p, s.len, &inc, sizeof(inc)) != DP_OK)
        return false;
    *out = be32toh(inc);
    return true;
}

enum dp_err dp_name_parse(struct dp_slice s, struct dp_name *out)
{
    const uint8_t *colon = s.len > 0 ? memchr(s.p, ':', s.len) : NULL;
    struct dp_slice rest;
    struct dp_name n;

    if (colon == NULL || dp_node_parse(dp_slice_of(s.p, (size_t)(colon - s.p)), &n.origin) != DP_OK)
        return DP_FORMAT;
    rest = dp_slice_of(colon + 1, s.len - (size_t)(colon - s.p) - 1);
    if (rest.len < 10 || rest.p[8] != ':' || !parse_inc(dp_slice_of(rest.p, 8), &n.inc))
        return DP_FORMAT;
    rest = dp_slice_of(rest.p + 9, rest.len - 9);
    if (rest.p[0] == '0' || !dp_text_digits(rest, &n.seq))
        return DP_FORMAT;
    *out = n;
    return DP_OK;
}

bool dp_subject_eq(const struct dp_subject *a, const struct dp_subject *b)
{
    return a->type == b->type && dp_name_eq(&a->name, &b->name);
}

void dp_subject_put(const struct dp_subject *s, uint8_t out[DP_SUBJECT_BYTES])
{
    out[0] = s->type;
    dp_name_put(&s->name, out + 1);
}

static bool subject_ok(const struct dp_subject *s)
{
    const struct dp_name *n = &s->name;

    switch ((enum dp_subject_type)s->type) {
    case DP_SUBJECT_NONE:
        return dp_name_is_none(n);
    case DP_SUBJECT_NODE:
        return n->origin.v != 0 && n->inc == 0 && n->seq == 0;
    case DP_SUBJECT_CASE:
    case DP_SUBJECT_DATA:
    case DP_SUBJECT_CAMPAIGN:
        return n->origin.v != 0 && n->seq != 0;
    }
    return false;
}

enum dp_err dp_subject_get(const uint8_t in[DP_SUBJECT_BYTES], struct dp_subject *out)
{
    struct dp_subject s = {in[0], dp_name_get(in + 1)};

    if (!subject_ok(&s))
        return DP_FORMAT;
    *out = s;
    return DP_OK;
}

struct dp_subject dp_subject_of_node(struct dp_node n)
{
    return (struct dp_subject){DP_SUBJECT_NODE, {n, 0, 0}};
}

bool dp_digest_eq(const struct dp_digest *a, const struct dp_digest *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool dp_digest_is_zero(const struct dp_digest *a)
{
    static const struct dp_digest zero;

    return dp_digest_eq(a, &zero);
}
