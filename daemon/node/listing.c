/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this node holds of a neighbour's, told page by page to a neighbour whose journals were begun anew
 * (R-RSD-4). Told from what is committed, and kept nowhere: each question says where to go on. Listed is only
 * what can have come from who asks, so that nobody learns what it did not send.
 */
#include "node/core.h"

#include <string.h>

#define LOOK_MAX 4096 /* records looked at for one page */
#define ROWS_MIN 16   /* on the poorest line */

struct page {
    struct dp_daemon *d;
    struct dp_peer *p;
    struct dp_list_frame f;
    uint32_t rows, rows_max, looked;
    enum dp_err e;
};

static void add(struct page *g, const struct dp_list_row *row)
{
    g->e = dp_list_row_put(g->f.part, row, &g->d->scratch);
    g->rows++;
}

/* The record under `key` was looked at; false when the page ends with it. */
static bool look_on(struct page *g, const struct dp_list_key *key)
{
    g->f.through = *key;
    return g->e == DP_OK && g->rows < g->rows_max && ++g->looked < LOOK_MAX;
}

/* ---- rows ---- */

static void row_cert(struct page *g, const struct dp_list_key *key, struct dp_slice chain)
{
    struct dp_node about;
    g->e = dp_certs_leaf(chain, &about);
    if (g->e == DP_OK && (g->p->is_parent || dp_node_covers(g->p->node, about)))
        add(g, &(struct dp_list_row){.key = *key});
}

static void row_chain(struct page *g, const struct dp_list_key *key, struct dp_slice v)
{
    struct dp_list_row row = {.key = *key};
    struct dp_chain_row chain;
    struct dp_rd r = dp_rd_of(dp_slice_of(key->b, sizeof key->b));
    struct dp_node origin = {.v = dp_rd_u64(&r)};
    (void)v;
    if (g->p->is_parent || !dp_node_covers(g->p->node, origin))
        return;
    g->e = dp_db_chain(&g->d->db, origin, dp_rd_u32(&r), &chain);
    row.count = chain.number;
    memcpy(row.digest, chain.digest.b, sizeof row.digest);
    if (g->e == DP_OK && chain.number > 0)
        add(g, &row);
}

enum dp_err dp_listing_row(struct dp_daemon *d, const struct dp_casefile *f, struct dp_node child,
                           struct dp_list_row *out)
{
    uint8_t subject[DP_SUBJECT_BYTES];
    struct dp_digest digest;
    size_t len = 0;
    dp_subject_put(&f->subject, subject);
    *out = (struct dp_list_row){.key = dp_list_key_of(subject, sizeof subject)};
    dp_arena_reset(&d->look);
    uint8_t *names = dp_arena_alloc(&d->look, (size_t)f->count * DP_NAME_BYTES + 1);
    if (names == NULL)
        return DP_NOMEM;
    for (uint32_t i = 0; i < f->count; i++) {
        if (!dp_route_entry_down(&f->facts[i], child))
            continue;
        dp_name_put(&f->facts[i].e.name, names + len);
        len += DP_NAME_BYTES;
    }
    /* R-RSD-6 */
    struct dp_slice in[2] = {dp_slice_of(DP_LIST_CONTEXT, DP_LIST_CONTEXT_BYTES), dp_slice_of(names, len)};
    d->suite->hash(in, 2, &digest);
    memcpy(out->digest, digest.b, sizeof out->digest);
    out->count = len / DP_NAME_BYTES;
    return DP_OK;
}

static void row_subject(struct page *g, const struct dp_list_key *key, struct dp_slice v)
{
    struct dp_list_row row;
    struct dp_subject s;
    (void)v;
    g->e = g->p->is_parent ? dp_subject_get(key->b, &s) : DP_NOT_FOUND;
    if (g->e != DP_OK) {
        g->e = g->p->is_parent ? DP_CORRUPT : DP_OK;
        return;
    }
    struct dp_slot *slot = dp_cache_find(g->d, &s, &g->e);
    if (slot == NULL) {
        g->e = g->e == DP_NOT_FOUND ? DP_OK : g->e;
        return;
    }
    g->e = dp_listing_row(g->d, &slot->f, g->d->id.self, &row);
    if (g->e == DP_OK && row.count > 0)
        add(g, &row);
    dp_cache_pass(g->d, slot);
}

/* ---- pages ---- */

/* All rows of a table above the question's key; true when the table ends. */
static bool walk(struct page *g, enum dp_table t, size_t key_bytes,
                 void (*row)(struct page *g, const struct dp_list_key *key, struct dp_slice v))
{
    struct dp_list_key at = g->f.after;
    for (;;) {
        struct dp_slice key = dp_slice_of(at.b, key_bytes), v;
        enum dp_err e = dp_db_next_key(&g->d->db, t, dp_slice_of("", 0), &key, &v);
        if (e == DP_NOT_FOUND)
            return true;
        g->e = e == DP_OK && key.len != key_bytes ? DP_CORRUPT : e;
        if (g->e != DP_OK)
            return false;
        at = dp_list_key_of(key.p, key_bytes);
        row(g, &at, v);
        if (!look_on(g, &at))
            return false;
    }
}

static bool walk_parcels(struct page *g)
{
    struct dp_list_key at = g->f.after;
    do {
        enum dp_err e = dp_db_parcel_came_next(&g->d->db, g->p->node, &at);
        if (e == DP_NOT_FOUND)
            return true;
        g->e = e;
        if (e == DP_OK)
            add(g, &(struct dp_list_row){.key = at});
    } while (g->e == DP_OK && look_on(g, &at));
    return false;
}

static bool fill(struct page *g)
{
    switch ((enum dp_list_part)g->f.part) {
    case DP_LIST_CERTS:
        return walk(g, DP_T_CERT, sizeof(struct dp_digest), row_cert);
    case DP_LIST_CHAINS:
        return g->p->is_parent || walk(g, DP_T_CHAIN, 12, row_chain);
    case DP_LIST_SUBJECTS:
        return !g->p->is_parent || walk(g, DP_T_CASE, DP_SUBJECT_BYTES, row_subject);
    case DP_LIST_PARCELS:
        return walk_parcels(g);
    }
    return true;
}

/* Half of what may be in flight. */
static uint32_t rows_that_fit(const struct dp_peer *p, uint8_t part)
{
    uint64_t n = dp_session_window(&p->s) / 2 / dp_list_row_bytes(part);
    if (n < ROWS_MIN)
        return ROWS_MIN;
    return n < DP_LIST_ROWS_MAX ? (uint32_t)n : DP_LIST_ROWS_MAX;
}

void dp_listing_asked(struct dp_daemon *d, struct dp_peer *p, const struct dp_ask_frame *f)
{
    if (p->s.state != DP_SESSION_UP || f->gen != p->s.gen_in) {
        d->n.frames_dropped++; /* of a connection before */
        return;
    }
    p->asked = *f;
    p->list_due = true;
}

void dp_listing_say(struct dp_daemon *d, struct dp_peer *p)
{
    struct dp_frame f = {.type = DP_FRAME_LIST};
    struct page g = {.d = d, .p = p};
    if (!p->list_due || p->s.state != DP_SESSION_UP || !p->s.greeted)
        return;
    g.rows_max = rows_that_fit(p, p->asked.part);
    g.f = (struct dp_list_frame){.part = p->asked.part, .gen = p->asked.gen, .after = p->asked.after};
    dp_buf_reset(&d->scratch);
    if (fill(&g))
        g.f.through = dp_list_key_end();
    g.f.rows = dp_buf_slice(&d->scratch);
    f.u.list = g.f;
    if (g.e != DP_OK) {
        p->list_due = false; /* what is damaged here makes no list; it is asked again after the next hello */
        dp_alarm(d, "store", "a stored item is damaged; run daipaod --fsck");
        return;
    }
    p->list_due = dp_send_frame(d, p, &f) == DP_AGAIN;
}
