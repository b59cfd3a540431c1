/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quarter as its relay saw it, in numbers: how much of each kind came, how large, when, how regularly, how
 * much was written where, and what came alone. Nothing here knows what carries a protected matter: the same
 * is counted of every kind, lane and direction. Of the neighbours below the sum and the largest are taken,
 * since nobody says which of them it is. See worlds.h.
 */
#include "sim/worlds/worlds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka_all.h"

#define DAY_US INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)
#define DAYS_MAX 400
#define ROADS 4 /* from below, to below, from above, to above */
#define KINDS 8 /* 0: no item; items by kind */
#define LANES 4
#define BINS 14
#define BESIDE_US INT64_C(5000000)

static void put(struct features *f, double x, const char *what, unsigned a, unsigned b, unsigned c)
{
    assert_true(f->count < FEATURES_MAX);
    snprintf(f->name[f->count], FEATURE_NAME, "%s %u.%u.%u", what, a, b, c);
    f->x[f->count++] = x;
}

static unsigned road_of(const struct observer *o, const struct seen *s)
{
    bool below = s->peer > o->opt->relay;
    return (below ? 0u : 2u) + (s->what == SEEN_FRAME_OUT);
}

static unsigned bin_of(uint32_t size)
{
    unsigned bin = 0;
    for (uint32_t top = 16; size > top && bin < BINS - 1; top *= 2)
        bin++;
    return bin;
}

/* ---- of frames ---- */

/* One series: all frames of a kind on a road. */
struct series {
    double count, bytes, bin[BINS], hour[24], gap, gap2, last_us, alone, near;
    double day[DAYS_MAX];
};

static void gather(struct series *x, const struct seen *s, unsigned days)
{
    unsigned day = (unsigned)(s->at_us / DAY_US);
    x->count++;
    x->bytes += s->size;
    x->bin[bin_of(s->size)]++;
    x->hour[s->at_us / HOUR_US % 24]++;
    if (x->last_us != 0) {
        double gap = log1p((double)s->at_us / 1e6 - x->last_us / 1e6);
        x->gap += gap;
        x->gap2 += gap * gap;
    }
    x->last_us = (double)s->at_us;
    x->day[day < days ? day : days - 1]++;
}

/* Whether another item than one of its kind passed on the same link, that way, within a few seconds. */
static bool is_alone(const struct observer *o, size_t i)
{
    const struct seen *s = &o->seen[i];
    for (int step = -1; step <= 1; step += 2)
        for (size_t k = i + (size_t)step; k < o->count; k += (size_t)step) {
            const struct seen *t = &o->seen[k];
            if (llabs(t->at_us - s->at_us) > BESIDE_US)
                break;
            if (t->what == s->what && t->peer == s->peer && t->type == DP_FRAME_ITEM && t->kind != s->kind)
                return false;
        }
    return true;
}

static void put_days(struct features *f, const struct series *x, unsigned days, unsigned road, unsigned kind)
{
    double some = 0, most = 0, least = 1e9, sum2 = 0, turns = 0, mean = x->count / days;
    for (unsigned d = 0; d < days; d++) {
        some += x->day[d] > 0;
        most = fmax(most, x->day[d]);
        least = fmin(least, x->day[d]);
        sum2 += (x->day[d] - mean) * (x->day[d] - mean);
        turns += d > 0 ? fabs(x->day[d] - x->day[d - 1]) : 0;
    }
    put(f, some, "days with", road, kind, 0);
    put(f, most, "most a day", road, kind, 0);
    put(f, least, "least a day", road, kind, 0);
    put(f, sqrt(sum2 / days), "spread of days", road, kind, 0);
    put(f, turns, "change of days", road, kind, 0);
}

static void put_series(struct features *f, const struct series *x, unsigned days, unsigned road,
                       unsigned kind)
{
    double n = fmax(1, x->count - 1);
    put(f, x->count, "count", road, kind, 0);
    put(f, x->bytes, "bytes", road, kind, 0);
    put(f, x->bytes / fmax(1, x->count), "mean size", road, kind, 0);
    put(f, x->alone, "alone", road, kind, 0);
    put(f, x->alone / fmax(1, x->count), "share alone", road, kind, 0);
    put(f, x->gap / n, "gap", road, kind, 0);
    put(f, sqrt(fmax(0, x->gap2 / n - x->gap / n * (x->gap / n))), "spread of gaps", road, kind, 0);
    for (unsigned i = 0; i < BINS; i++)
        put(f, x->bin[i], "size", road, kind, i);
    for (unsigned i = 0; i < 24; i += 4)
        put(f, x->hour[i] + x->hour[i + 1] + x->hour[i + 2] + x->hour[i + 3], "hour", road, kind, i);
    put_days(f, x, days, road, kind);
}

static void of_frames(const struct observer *o, struct features *f)
{
    static struct series all[ROADS][KINDS];
    static double one[PLACES][ROADS][KINDS][2];
    unsigned days = (unsigned)o->opt->days;
    for (size_t i = 0; i < o->count; i++) {
        const struct seen *s = &o->seen[i];
        if (s->what > SEEN_FRAME_OUT)
            continue;
        unsigned road = road_of(o, s), kind = s->kind < KINDS ? s->kind : 0;
        bool alone = kind != 0 && is_alone(o, i);
        gather(&all[road][kind], s, days);
        all[road][kind].alone += alone;
        one[s->peer][road][kind][0]++;
        one[s->peer][road][kind][1] += alone;
    }
    for (unsigned road = 0; road < ROADS; road++)
        for (unsigned kind = 0; kind < KINDS - 1; kind++) {
            double most = 0, alone = 0;
            put_series(f, &all[road][kind], days, road, kind);
            for (unsigned p = 0; p < PLACES; p++) {
                most = fmax(most, one[p][road][kind][0]);
                alone = fmax(alone, one[p][road][kind][1]);
            }
            put(f, most, "most of one", road, kind, 0);
            put(f, alone, "most alone of one", road, kind, 0);
        }
    for (unsigned kind = 0; kind < KINDS - 1; kind++)
        put(f, all[0][kind].count + all[2][kind].count - all[1][kind].count - all[3][kind].count,
            "in without out", kind, 0, 0);
}

/* ---- of rows and answers ---- */

static void of_rows(const struct observer *o, struct features *f)
{
    static double rows[DP_T_COUNT][3], lane[LANES];
    for (size_t i = 0; i < o->count; i++) {
        const struct seen *s = &o->seen[i];
        if (s->what != SEEN_ROW && s->what != SEEN_GONE)
            continue;
        rows[s->type][0] += s->what == SEEN_ROW;
        rows[s->type][1] += s->what == SEEN_GONE;
        rows[s->type][2] += s->size;
        if (s->lane < LANES)
            lane[s->lane]++;
    }
    for (unsigned t = 0; t < DP_T_COUNT; t++)
        for (unsigned k = 0; k < 3; k++)
            put(f, rows[t][k], "rows", t, k, 0);
    for (unsigned k = 0; k < LANES; k++)
        put(f, lane[k], "journal", k, 0, 0);
}

/* The numbers in what the process and the store say at the end. */
static void of_counters(const struct observer *o, struct features *f)
{
    unsigned line = 0;
    assert_true(o->count > DP_T_COUNT);
    for (size_t i = o->count - DP_T_COUNT - 1; i < o->count; i++, line++) {
        unsigned k = 0;
        for (const char *at = o->texts + o->seen[i].text; *at != '\0';) {
            size_t n = strspn(at, "0123456789");
            if (n > 0)
                put(f, strtod(at, NULL), "counter", line, k++, 0);
            at += n > 0 ? n : 1;
        }
    }
}

void features_of(const struct observer *o, struct features *out)
{
    out->count = 0;
    of_frames(o, out);
    of_rows(o, out);
    of_counters(o, out);
}
