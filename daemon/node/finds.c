/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row for each look, and beside them one row for each officer: when the hour began, how many looks it saw,
 * and whether a refusal of it is on record.
 */
#include "node/finds.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000
#define TIDY_MAX 64
#define OFFICER_KEY 28

/* ---- rows ---- */

size_t dp_found_bytes(size_t numbers_len)
{
    return 8 + 8 + sizeof(((struct dp_office *)0)->slug) + 4 + 4 + numbers_len;
}

struct dp_slice dp_found_put(uint8_t *row, const struct dp_found *x)
{
    struct dp_wr w = dp_wr_of(row, dp_found_bytes(x->numbers.len));

    dp_wr_u64(&w, (uint64_t)x->at_ms);
    dp_wr_u64(&w, x->office.node.v);
    dp_wr_bytes(&w, x->office.slug, sizeof(x->office.slug));
    dp_wr_u32(&w, x->officer);
    dp_wr_u32(&w, x->count);
    dp_wr_bytes(&w, x->numbers.p, x->numbers.len);
    return dp_wr_slice(&w);
}

enum dp_err dp_found_get(struct dp_slice row, struct dp_found *out)
{
    struct dp_rd r = dp_rd_of(row);

    out->at_ms = (int64_t)dp_rd_u64(&r);
    out->office.node.v = dp_rd_u64(&r);
    dp_rd_copy(&r, out->office.slug, sizeof(out->office.slug));
    out->officer = dp_rd_u32(&r);
    out->count = dp_rd_u32(&r);
    out->numbers = dp_rd_take(&r, dp_rd_left(&r));
    return r.err;
}

/* ---- the hour of one officer ---- */

struct hour {
    uint8_t key[OFFICER_KEY];
    int64_t began_ms;
    uint32_t looks;
    bool refusal_kept;
};

static uint32_t looks_max(const struct dp_daemon *d)
{
    return d->opt.finds_an_hour == 0 ? DP_FINDS_AN_HOUR : d->opt.finds_an_hour;
}

static void load_hour(struct dp_daemon *d, const struct dp_caller *c, struct hour *h)
{
    struct dp_wr w = dp_wr_of(h->key, sizeof(h->key));
    struct dp_slice v;

    *h = (struct hour){.began_ms = d->now_wall};
    dp_wr_u64(&w, c->office.node.v);
    dp_wr_bytes(&w, c->office.slug, sizeof(c->office.slug));
    dp_wr_u32(&w, c->officer);
    if (dp_db_get_key(&d->db, DP_T_LOOKS, dp_wr_slice(&w), &v) != DP_OK)
        return;
    struct dp_rd r = dp_rd_of(v);
    int64_t began_ms = (int64_t)dp_rd_u64(&r);
    uint32_t looks = dp_rd_u32(&r);
    bool refusal_kept = dp_rd_u8(&r) != 0;
    if (dp_rd_done(&r) != DP_OK || d->now_wall - began_ms >= HOUR_MS)
        return;
    if (began_ms <= d->now_wall) /* else the clock was set back, and the hour begins anew with what it saw */
        h->began_ms = began_ms;
    h->looks = looks;
    h->refusal_kept = refusal_kept;
}

static void save_hour(struct dp_daemon *d, const struct hour *h)
{
    uint8_t v[8 + 4 + 1];
    struct dp_wr w = dp_wr_of(v, sizeof(v));

    dp_wr_u64(&w, (uint64_t)h->began_ms);
    dp_wr_u32(&w, h->looks);
    dp_wr_u8(&w, h->refusal_kept);
    dp_db_put_key(&d->db, DP_T_LOOKS, dp_slice_of(h->key, sizeof(h->key)), dp_wr_slice(&w));
}

static bool refuse(struct dp_daemon *d, const struct hour *h, struct dp_outcome *out)
{
    int64_t left_ms = h->began_ms + HOUR_MS - d->now_wall;

    *out = (struct dp_outcome){0};
    dp_outcome_set(d, out, DP_TOO_OFTEN,
                   "an officer looks up at most %u persons in an hour; ask again in %u minutes",
                   (unsigned)looks_max(d), (unsigned)((left_ms + 59999) / 60000));
    return true;
}

/* ---- looks ---- */

static void keep_row(struct dp_daemon *d, struct dp_slice row)
{
    dp_db_put64(&d->db, DP_T_FOUND, dp_db_last64(&d->db, DP_T_FOUND) + 1, row);
}

bool dp_finds_barred(struct dp_daemon *d, const struct dp_caller *c, struct dp_outcome *out)
{
    struct hour h;

    load_hour(d, c, &h);
    /* The first refusal is on its way to be kept: the turn says it. */
    return h.looks >= looks_max(d) && h.refusal_kept && refuse(d, &h, out);
}

void dp_finds_keep(struct dp_daemon *d, const struct dp_caller *c, struct dp_slice row,
                   struct dp_outcome *out)
{
    struct hour h;

    load_hour(d, c, &h);
    if (h.looks < looks_max(d)) {
        h.looks++;
        save_hour(d, &h);
        keep_row(d, row);
        dp_finds_tidy(d);
        return;
    }
    if (!h.refusal_kept) {
        uint8_t bytes[64];
        struct dp_found x = {
            .at_ms = d->now_wall, .office = c->office, .officer = c->officer, .count = DP_FOUND_REFUSED};
        h.refusal_kept = true;
        save_hour(d, &h);
        keep_row(d, dp_found_put(bytes, &x));
    }
    (void)refuse(d, &h, out);
}

/* ---- what is old ---- */

void dp_finds_tidy(struct dp_daemon *d)
{
    uint32_t days = d->opt.finds_keep_days == 0 ? DP_FINDS_KEEP_DAYS : d->opt.finds_keep_days;
    int64_t before_ms = d->now_wall - (int64_t)days * DP_DAY_MS;

    if (d->clock.wrong) /* it would push out what it takes for old */
        return;
    for (unsigned i = 0; i < TIDY_MAX; i++) {
        uint64_t no = 0;
        struct dp_slice v;
        struct dp_found x;
        if (dp_db_next64(&d->db, DP_T_FOUND, true, &no, &v) != DP_OK || dp_found_get(v, &x) != DP_OK ||
            x.at_ms >= before_ms)
            return;
        dp_db_del64(&d->db, DP_T_FOUND, no);
    }
}
