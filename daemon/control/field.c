/* SPDX-License-Identifier: Apache-2.0 */
/* Zero or empty means absent, in messages as in the plain types. */
#include "control/field.h"

#include <string.h>

#define DAY_MAX 84370  /* 2200-12-31 */
#define DAY_MIN -55000 /* about 1819 */

bool dp_ctl_line_ok(const char *s, size_t max)
{
    return strlen(s) <= max && strpbrk(s, "\n\t") == NULL;
}

static enum dp_err div_get(const char *s, struct dp_div *out)
{
    if (s[0] == '\0') {
        *out = (struct dp_div){0};
        return DP_OK;
    }
    return dp_div_parse(dp_slice_str(s), out) == DP_OK ? DP_OK : DP_RANGE;
}

static enum dp_err text_get(const struct dp_ctl_field *f, const char *s, const char **out)
{
    bool ok = f->type == DP_CTL_LINE ? dp_ctl_line_ok(s, f->max) : strlen(s) <= f->max;

    if (!ok)
        return DP_RANGE;
    *out = s;
    return DP_OK;
}

static enum dp_err date_get(const struct dp_ctl_field *f, uint32_t v, struct dp_date *out)
{
    int32_t day = (int32_t)v;

    bool epoch = f->type == DP_CTL_BIRTH && day == DP_BIRTH_EPOCH;

    if (!epoch && (day > DAY_MAX || day < (f->type == DP_CTL_BIRTH ? DAY_MIN : 0)))
        return DP_RANGE;
    out->day = day;
    return DP_OK;
}

static enum dp_err number_get(const struct dp_ctl_field *f, const void *from, void *to)
{
    uint64_t v = f->type == DP_CTL_U64 ? *(const uint64_t *)from : *(const uint32_t *)from;

    if (v > f->max)
        return DP_RANGE;
    if (f->type == DP_CTL_U64)
        *(uint64_t *)to = v;
    else
        *(uint32_t *)to = (uint32_t)v;
    return DP_OK;
}

static enum dp_err bytes_get(const struct dp_ctl_field *f, const ProtobufCBinaryData *b, struct dp_slice *out)
{
    if (b->len > f->max)
        return DP_TOO_BIG;
    *out = dp_slice_of(b->data, b->len);
    return DP_OK;
}

static enum dp_err field_get(const struct dp_ctl_field *f, const void *from, void *to)
{
    switch ((enum dp_ctl_type)f->type) {
    case DP_CTL_LINE:
    case DP_CTL_TEXT:
        return text_get(f, *(char *const *)from, to);
    case DP_CTL_U32:
    case DP_CTL_U64:
        return number_get(f, from, to);
    case DP_CTL_BOOL:
        *(bool *)to = *(const protobuf_c_boolean *)from != 0;
        return DP_OK;
    case DP_CTL_DATE:
    case DP_CTL_BIRTH:
        return date_get(f, *(const uint32_t *)from, to);
    case DP_CTL_DIV:
        return div_get(*(char *const *)from, to);
    case DP_CTL_BYTES:
        return bytes_get(f, from, to);
    }
    return DP_INTERNAL;
}

enum dp_err dp_ctl_fields(const struct dp_ctl_field *f, size_t n, const void *message, void *core)
{
    for (size_t i = 0; i < n; i++) {
        enum dp_err e = field_get(&f[i], (const char *)message + f[i].wire_at, (char *)core + f[i].core_at);
        if (e != DP_OK)
            return e;
    }
    return DP_OK;
}
