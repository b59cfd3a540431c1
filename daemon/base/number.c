/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Case numbers: a label that a clerk copies by hand and reads over the phone, so any one
 * wrong character shows, and nearly every swap. Never an identity: that is the entry's name.
 */
#include "base/id.h"

#include <string.h>

#include "base/date.h"
#include "base/text.h"

#define CHANNELS "LVWTFO"
#define SERIAL_MAX 99999
#define TAIL_LEN 19 /* "-YYYYMMDD-C-NNNNN-K" */

/* The value of a character of the alphabet 0-9A-Z, or -1. */
static int value_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
}

char dp_iso7064(struct dp_slice s)
{
    int sum = 36;
    bool any = false;

    for (size_t i = 0; i < s.len; i++) {
        int v = value_of(s.p[i]);
        if (v < 0)
            continue;
        any = true;
        sum = (sum + v) % 36;
        sum = (sum == 0 ? 36 : sum) * 2 % 37;
    }
    if (!any)
        return 0;
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(37 - sum) % 36];
}

static bool day_ok(uint32_t yyyymmdd)
{
    struct dp_date ignored;

    return dp_date_make((int)(yyyymmdd / 10000), (int)(yyyymmdd / 100 % 100), (int)(yyyymmdd % 100),
                        &ignored) == DP_OK;
}

static bool channel_ok(int c)
{
    return c != '\0' && strchr(CHANNELS, c) != NULL;
}

enum dp_err dp_number_make(struct dp_node n, uint32_t yyyymmdd, char channel, uint32_t serial,
                           struct dp_number *out)
{
    char node[DP_NODE_TEXT];
    char *end = out->text;
    size_t len;

    if (dp_node_tier(n) == DP_TIER_NONE || !day_ok(yyyymmdd) || !channel_ok(channel))
        return DP_RANGE;
    if (serial < 1 || serial > SERIAL_MAX)
        return DP_RANGE;
    memset(out, 0, sizeof(*out));
    dp_node_format(n, node);
    len = strlen(node);
    memcpy(end, node, len);
    end += len;
    *end++ = '-';
    end = dp_text_put(end, yyyymmdd, 8);
    *end++ = '-';
    *end++ = channel;
    *end++ = '-';
    end = dp_text_put(end, serial, 5);
    *end++ = '-';
    *end = dp_iso7064(dp_slice_of(out->text, (size_t)(end - out->text)));
    return DP_OK;
}

/* "-YYYYMMDD-C-NNNNN-K", without the check character's value. */
static bool tail_ok(const uint8_t *p)
{
    uint64_t day, serial;

    if (p[0] != '-' || p[9] != '-' || p[11] != '-' || p[17] != '-')
        return false;
    if (!dp_text_digits(dp_slice_of(p + 1, 8), &day) || !day_ok((uint32_t)day))
        return false;
    return channel_ok(p[10]) && dp_text_digits(dp_slice_of(p + 12, 5), &serial) && serial > 0;
}

enum dp_err dp_number_check(struct dp_slice s)
{
    struct dp_node n;

    if (s.len <= TAIL_LEN || dp_node_parse(dp_slice_of(s.p, s.len - TAIL_LEN), &n) != DP_OK)
        return DP_FORMAT;
    if (!tail_ok(s.p + s.len - TAIL_LEN))
        return DP_FORMAT;
    return dp_iso7064(dp_slice_of(s.p, s.len - 1)) == (char)s.p[s.len - 1] ? DP_OK : DP_FORMAT;
}
