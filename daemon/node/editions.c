/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published profiles and calendars, decoded once and kept: due dates ask for them by name, case after case.
 * An edition never changes, so nothing here grows old; the table is small and its oldest row gives way.
 */
#include <stdlib.h>

#include "node/core.h"

#define KEPT 16

struct edition {
    struct dp_name name;
    uint64_t used;
    bool is_profile;
    union {
        struct dp_profile profile;
        struct dp_calendar calendar;
    } u;
};

struct dp_edition_cache {
    uint64_t clock;
    struct edition *rows[KEPT]; /* NULL: free */
};

static struct edition *kept_row(const struct dp_edition_cache *c, const struct dp_name *n)
{
    for (unsigned i = 0; i < KEPT; i++)
        if (c->rows[i] != NULL && dp_name_eq(&c->rows[i]->name, n))
            return c->rows[i];
    return NULL;
}

/* Taken; a free place, or that of the one not used for longest. */
static void keep(struct dp_edition_cache *c, struct edition *row)
{
    struct edition **at = &c->rows[0];

    for (unsigned i = 0; i < KEPT && *at != NULL; i++)
        if (c->rows[i] == NULL || c->rows[i]->used < (*at)->used)
            at = &c->rows[i];
    free(*at);
    *at = row;
}

/* NULL: it is not here, or not what it should be. */
static struct edition *load(struct dp_daemon *d, const struct dp_name *n)
{
    uint8_t key[DP_NAME_BYTES];
    struct edition *row = NULL;
    struct dp_arena a;
    struct dp_slice bytes;
    struct dp_entry e;

    dp_name_put(n, key);
    if (dp_db_get_key(&d->db, DP_T_DATA, dp_slice_of(key, sizeof(key)), &bytes) != DP_OK)
        return NULL;
    dp_arena_init(&a, 1 << 20, 0);
    enum dp_err err = dp_entry_decode(bytes, n, &a, &e);
    if (err == DP_OK && (e.profile != NULL || e.calendar != NULL)) {
        row = malloc(sizeof(*row));
        err = row == NULL ? DP_NOMEM : DP_OK;
    }
    d->heap_starved |= err == DP_NOMEM; /* it is here all the same: no date is computed without it */
    if (row != NULL) {
        row->name = *n;
        row->is_profile = e.profile != NULL;
        if (row->is_profile)
            row->u.profile = *e.profile;
        else
            row->u.calendar = *e.calendar;
    }
    dp_arena_fini(&a);
    return row;
}

static struct edition *edition_of(struct dp_daemon *d, const struct dp_name *n)
{
    struct edition *row;

    if (dp_name_is_none(n))
        return NULL;
    if (d->editions == NULL)
        d->editions = calloc(1, sizeof(*d->editions));
    if (d->editions == NULL) {
        d->heap_starved = true;
        return NULL;
    }
    row = kept_row(d->editions, n);
    if (row == NULL && (row = load(d, n)) != NULL)
        keep(d->editions, row);
    if (row != NULL)
        row->used = ++d->editions->clock;
    return row;
}

static const struct dp_profile *profile_of(void *ctx, const struct dp_name *n)
{
    struct edition *row = edition_of(ctx, n);

    return row != NULL && row->is_profile ? &row->u.profile : NULL;
}

static const struct dp_calendar *calendar_of(void *ctx, const struct dp_name *n)
{
    struct edition *row = edition_of(ctx, n);

    return row != NULL && !row->is_profile ? &row->u.calendar : NULL;
}

struct dp_editions dp_daemon_editions(struct dp_daemon *d)
{
    return (struct dp_editions){profile_of, calendar_of, d};
}

void dp_editions_drop(struct dp_daemon *d)
{
    for (unsigned i = 0; d->editions != NULL && i < KEPT; i++)
        free(d->editions->rows[i]);
    free(d->editions);
    d->editions = NULL;
}
