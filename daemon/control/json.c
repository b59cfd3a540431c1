/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text, written straight into the buffer. Which bracket closes a level is kept in the type of the level;
 * a level past the limit is an error of ours, kept like any other.
 */
#include "control/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EXACT_MAX (UINT64_C(1) << 53) /* a double holds every integer up to here */

static void put(struct dp_json *j, const char *s, size_t len)
{
    if (j->err == DP_OK)
        j->err = dp_buf_put(j->out, s, len);
}

static void put_text(struct dp_json *j, const char *s)
{
    put(j, s, strlen(s));
}

/* How the byte is written instead of as it is; NULL: as it is. */
static const char *escape_of(uint8_t c, char room[7])
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\t':
        return "\\t";
    case '\r':
        return "\\r";
    default:
        break;
    }
    if (c >= 0x80)
        return "?";
    if (c >= 0x20 && c != 0x7f)
        return NULL;
    snprintf(room, 7, "\\u%04x", (unsigned)c);
    return room;
}

/* Bytes of the character beyond ASCII that starts `s`; 0 when there is none. */
static size_t wide_char(struct dp_slice s)
{
    for (size_t len = 2; len <= 4 && len <= s.len && s.p[0] >= 0x80; len++) {
        if (dp_utf8_ok(dp_slice_of(s.p, len)))
            return len;
    }
    return 0;
}

/* What is kept was checked when it came in; should it not be UTF-8 after all, the text around it stays good.
 */
static void put_quoted(struct dp_json *j, struct dp_slice s)
{
    size_t from = 0;
    char room[7];

    put_text(j, "\"");
    for (size_t i = 0; i < s.len;) {
        size_t wide = wide_char(dp_slice_of(s.p + i, s.len - i));
        const char *escape = wide == 0 ? escape_of(s.p[i], room) : NULL;
        if (escape != NULL) {
            put(j, (const char *)s.p + from, i - from);
            put_text(j, escape);
            from = i + 1;
        }
        i += wide > 0 ? wide : 1;
    }
    if (s.len > from)
        put(j, (const char *)s.p + from, s.len - from);
    put_text(j, "\"");
}

/* Comma and key. */
static void before(struct dp_json *j, const char *key)
{
    if (j->depth > 0 && !j->first[j->depth - 1])
        put_text(j, ",");
    if (j->depth > 0)
        j->first[j->depth - 1] = false;
    if (key == NULL)
        return;
    put_quoted(j, dp_slice_str(key));
    put_text(j, ":");
}

void dp_json_init(struct dp_json *j, struct dp_buf *out)
{
    *j = (struct dp_json){.out = out};
}

static void open_level(struct dp_json *j, const char *key, bool array)
{
    before(j, key);
    if (j->depth >= DP_JSON_DEPTH) {
        j->err = j->err != DP_OK ? j->err : DP_INTERNAL;
        return;
    }
    put_text(j, array ? "[" : "{");
    j->first[j->depth] = true;
    j->array[j->depth] = array;
    j->depth++;
}

void dp_json_object(struct dp_json *j, const char *key)
{
    open_level(j, key, false);
}

void dp_json_array(struct dp_json *j, const char *key)
{
    open_level(j, key, true);
}

void dp_json_end(struct dp_json *j)
{
    if (j->depth == 0) {
        j->err = j->err != DP_OK ? j->err : DP_INTERNAL;
        return;
    }
    j->depth--;
    put_text(j, j->array[j->depth] ? "]" : "}");
}

void dp_json_slice(struct dp_json *j, const char *key, struct dp_slice v)
{
    before(j, key);
    put_quoted(j, v);
}

void dp_json_str(struct dp_json *j, const char *key, const char *v)
{
    if (v != NULL) {
        dp_json_slice(j, key, dp_slice_str(v));
        return;
    }
    before(j, key);
    put_text(j, "null");
}

void dp_json_u64(struct dp_json *j, const char *key, uint64_t v)
{
    char text[24];

    before(j, key);
    snprintf(text, sizeof(text), v > EXACT_MAX ? "\"%" PRIu64 "\"" : "%" PRIu64, v);
    put_text(j, text);
}

void dp_json_i64(struct dp_json *j, const char *key, int64_t v)
{
    char text[24];
    bool wide = v > (int64_t)EXACT_MAX || v < -(int64_t)EXACT_MAX;

    before(j, key);
    snprintf(text, sizeof(text), wide ? "\"%" PRId64 "\"" : "%" PRId64, v);
    put_text(j, text);
}

void dp_json_bool(struct dp_json *j, const char *key, bool v)
{
    before(j, key);
    put_text(j, v ? "true" : "false");
}

void dp_json_date(struct dp_json *j, const char *key, struct dp_date d)
{
    char text[11];

    if (dp_date_is_none(d)) {
        dp_json_str(j, key, NULL);
        return;
    }
    dp_date_format(d, text);
    dp_json_str(j, key, text);
}

void dp_json_name(struct dp_json *j, const char *key, const struct dp_name *n)
{
    char text[DP_NAME_TEXT];

    if (dp_name_is_none(n)) {
        dp_json_str(j, key, NULL);
        return;
    }
    dp_name_format(n, text);
    dp_json_str(j, key, text);
}

void dp_json_office(struct dp_json *j, const char *key, const struct dp_office *o)
{
    char text[DP_OFFICE_TEXT];

    if (dp_office_is_none(o)) {
        dp_json_str(j, key, NULL);
        return;
    }
    dp_office_format(o, text);
    dp_json_str(j, key, text);
}

void dp_json_node(struct dp_json *j, const char *key, struct dp_node n)
{
    char text[DP_NODE_TEXT];

    if (n.v == 0) {
        dp_json_str(j, key, NULL);
        return;
    }
    dp_node_format(n, text);
    dp_json_str(j, key, text);
}

const char *dp_json_text(struct dp_json *j)
{
    if (j->err == DP_OK && j->depth != 0)
        j->err = DP_INTERNAL;
    put(j, "", 1);
    return j->err == DP_OK ? (const char *)j->out->p : NULL;
}
