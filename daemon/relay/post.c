/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/post.h"

#define MINUTE_MS INT64_C(60000)
#define ZONE_MS (INT64_C(8) * 3600 * 1000) /* China Standard Time */
#define DAY_MS (INT64_C(86400) * 1000)
#define LOOK_DAYS 32 /* no run of rest days is longer */

/* ---- the plan ---- */

struct dp_post_plan dp_post_default(void)
{
    return (struct dp_post_plan){.bytes = DP_POST_LARGE, .every = DP_POST_DAY_MIN};
}

struct dp_post_plan dp_post_plan_of(uint32_t kib, uint32_t every, bool rest_days)
{
    struct dp_post_plan p = dp_post_default();

    if (kib * 1024 == DP_POST_SMALL)
        p.bytes = DP_POST_SMALL;
    if (every >= 1 && every <= DP_POST_DAY_MIN)
        p.every = every;
    p.rest_days = rest_days;
    return p;
}

/* A number that is much the same as drawn, from both codes (splitmix64). */
static uint64_t mix(struct dp_node from, struct dp_node to)
{
    uint64_t x = from.v * UINT64_C(0x9e3779b97f4a7c15) + to.v;

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Minute of the day of the first post. */
static uint32_t first_minute(const struct dp_post_plan *p, struct dp_node from, struct dp_node to)
{
    if (p->every >= DP_POST_DAY_MIN)
        return DP_POST_OPEN_MIN + (uint32_t)(mix(from, to) % DP_POST_HOURS_MIN);
    return (uint32_t)(mix(from, to) % p->every);
}

static int64_t at(int64_t day, uint32_t minute)
{
    return day * DAY_MS - ZONE_MS + (int64_t)minute * MINUTE_MS;
}

static bool is_open(const struct dp_post_plan *p, int64_t day, dp_post_rest *rest, void *ctx)
{
    return p->rest_days || rest == NULL || !rest(ctx, (struct dp_date){(int32_t)day});
}

int64_t dp_post_slot(const struct dp_post_plan *p, struct dp_node from, struct dp_node to, int64_t now_ms,
                     dp_post_rest *rest, void *ctx)
{
    uint32_t first = first_minute(p, from, to);
    int64_t today = (now_ms + ZONE_MS) / DAY_MS;

    for (int64_t day = today; now_ms >= 0 && day > today - LOOK_DAYS; day--) {
        if (!is_open(p, day, rest, ctx) || at(day, first) > now_ms)
            continue;
        int64_t end = now_ms < at(day + 1, 0) ? now_ms : at(day + 1, 0) - 1;
        int64_t step = (int64_t)p->every * MINUTE_MS;
        return at(day, first) + (end - at(day, first)) / step * step;
    }
    return 0;
}

int64_t dp_post_next(const struct dp_post_plan *p, struct dp_node from, struct dp_node to, int64_t now_ms,
                     dp_post_rest *rest, void *ctx)
{
    uint32_t first = first_minute(p, from, to);
    int64_t step = (int64_t)p->every * MINUTE_MS, today = (now_ms + ZONE_MS) / DAY_MS;

    for (int64_t day = today; day < today + LOOK_DAYS; day++) {
        int64_t t = at(day, first);
        if (!is_open(p, day, rest, ctx))
            continue;
        if (t <= now_ms)
            t += ((now_ms - t) / step + 1) * step;
        if (t < at(day + 1, 0))
            return t;
    }
    return at(today + LOOK_DAYS, first);
}

/* ---- the ends ---- */

unsigned dp_post_ends(const struct dp_node *above, unsigned count, struct dp_node *out)
{
    unsigned n = 0;

    for (unsigned i = 1; i < count; i++)
        if (dp_n3_is_bureau(above[i]))
            out[n++] = above[i];
    return n;
}

bool dp_post_is_end(struct dp_node self, struct dp_node node, struct dp_node parent)
{
    return dp_n3_is_bureau(self) && !dp_node_eq(self, node) && dp_node_covers(self, node) &&
           !dp_node_eq(self, parent);
}

/* ---- the stream ---- */

enum dp_post_take dp_post_arrive(struct dp_post_in *in, uint64_t stream, uint64_t number, uint64_t offset,
                                 uint32_t len, uint32_t *skip, bool *fresh)
{
    *skip = 0;
    *fresh = stream > in->stream;
    if (stream < in->stream || (stream == in->stream && number <= in->number))
        return DP_POST_OLD;
    if (*fresh)
        *in = (struct dp_post_in){.stream = stream};
    in->number = number;
    if (offset > in->offset)
        return DP_POST_SEEN;
    if (offset + len > in->offset)
        *skip = (uint32_t)(in->offset - offset);
    else
        *skip = len;
    in->offset += len - *skip;
    return DP_POST_TAKE;
}

bool dp_post_heard(struct dp_post_out *out, const struct dp_post_ack *ack)
{
    if (ack->stream != out->stream)
        return ack->stream < out->stream && out->base == 0; /* it has not heard of this one yet */
    if (ack->offset > out->next)
        return true; /* beyond what was sent: it counts for nothing */
    if (ack->offset < out->base)
        return false;
    out->base = ack->offset;
    if (ack->number >= out->carried)
        out->next = ack->offset; /* it saw the last post with bytes: what is missing was lost */
    return true;
}

uint32_t dp_post_count(uint64_t queued, uint64_t more, uint32_t room)
{
    uint64_t n = room == 0 ? 1 : (queued + more + room - 1) / room;

    return n == 0 ? 1 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

uint32_t dp_post_days(const struct dp_post_plan *p, uint32_t posts)
{
    uint32_t a_day = DP_POST_DAY_MIN / p->every;

    return (posts + a_day - 1) / a_day;
}
