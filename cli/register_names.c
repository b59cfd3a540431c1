/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names within one field. */
#include "register_names.h"

#include <string.h>

#include "base/text.h"
#include "register_words.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define HANZI_BYTES 3

/* Bytes of the mark at the start of `s`, when it is one of `marks`; else 0. */
static size_t mark_at(struct dp_slice s, const char *const *marks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(marks[i]);
        if (s.len >= len && memcmp(s.p, marks[i], len) == 0)
            return len;
    }
    return 0;
}

static struct dp_slice from(struct dp_slice s, size_t at)
{
    return dp_slice_of(s.p + at, s.len - at);
}

static void add(struct dp_names *n, struct dp_slice piece)
{
    piece = dp_word_trim(piece);
    if (piece.len == 0)
        return;
    if (n->count < DP_NAMES_MAX)
        n->list[n->count] = piece;
    n->count++;
}

static void split(struct dp_slice s, const char *const *marks, size_t count, struct dp_names *out)
{
    static const char *const opening[] = {"（", "("}, *const closing[] = {"）", ")"};
    size_t start = 0, at = 0, len;
    unsigned depth = 0;

    if (s.len == 0) /* a column that is not there has no text to point at */
        return;
    while (at < s.len) {
        if (mark_at(from(s, at), opening, COUNT(opening)) > 0)
            depth++;
        else if (depth > 0 && mark_at(from(s, at), closing, COUNT(closing)) > 0)
            depth--;
        len = depth == 0 ? mark_at(from(s, at), marks, count) : 0;
        if (len > 0) {
            add(out, dp_slice_of(s.p + start, at - start));
            start = at + len;
        }
        at += len > 0 ? len : 1;
    }
    add(out, from(s, start));
}

static const char *const commas[] = {"、", "，", "；", ",", ";", "/"};
static const char *const spaces[] = {"、", "，", "；", ",", ";", "/", " ", "\t", "\n", "　", "\xC2\xA0"};

void dp_names_split(struct dp_slice s, struct dp_names *out)
{
    memset(out, 0, sizeof(*out));
    split(s, commas, COUNT(commas), out);
}

/* "12", "12人", "人", "" after the 等 of "张三等12人". */
static bool is_rest(struct dp_slice s, uint32_t *said)
{
    static const char person[] = "人";
    size_t len = sizeof(person) - 1;
    uint64_t v = 0;

    s = dp_word_trim(s);
    if (s.len >= len && memcmp(s.p + s.len - len, person, len) == 0)
        s = dp_word_trim(dp_slice_of(s.p, s.len - len));
    if (s.len > 0 && (!dp_text_digits(s, &v) || v > UINT16_MAX))
        return false;
    *said = (uint32_t)v;
    return true;
}

/* Without "等12人" at its end, unless nothing else is there. */
static struct dp_slice without_rest(struct dp_slice s, uint32_t *said)
{
    static const char and_more[] = "等";
    size_t len = sizeof(and_more) - 1;

    for (size_t at = s.len; at-- > 1;)
        if (s.len - at >= len && memcmp(s.p + at, and_more, len) == 0)
            return is_rest(from(s, at + len), said) ? dp_slice_of(s.p, at) : s;
    return s;
}

static bool is_whole_name(struct dp_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < 0x80)
            return false;
    return s.len >= 2 * HANZI_BYTES;
}

static bool all_whole(const struct dp_names *n)
{
    for (uint32_t i = 0; i < n->count && i < DP_NAMES_MAX; i++)
        if (!is_whole_name(n->list[i]))
            return false;
    return true;
}

void dp_names_of_persons(struct dp_slice s, uint32_t headcount, struct dp_names *out)
{
    struct dp_names apart = {0};
    uint32_t said = 0;

    s = without_rest(s, &said);
    dp_names_split(s, out);
    split(s, spaces, COUNT(spaces), &apart);
    if (said > headcount)
        headcount = said;
    if (apart.count > out->count && apart.count <= headcount && all_whole(&apart))
        *out = apart;
    out->said = said;
}
