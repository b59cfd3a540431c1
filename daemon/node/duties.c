/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon does by itself because of an entry, in its own name, besides `arrive`: it bears witness
 * against an impossible time, and obeys an erasure. What it does because of the date is in sweep.c.
 */
#include "node/core.h"

#include <stdlib.h>
#include <string.h>

/* The clock of a node is worth a day's doubt: bounds are for years, not for minutes. */
#define TRANSIT_MS DP_DAY_MS
#define SWEEP_CASES 200 /* of one turn */

enum dp_err dp_duties_issue(struct dp_daemon *d, struct dp_slot *slot, enum dp_kind kind,
                            const struct dp_name *re, const struct dp_body *body)
{
    struct dp_state st;
    struct dp_entry e;
    enum dp_void_reason why = DP_VOID_NONE;
    uint64_t kinds;
    struct dp_plan_input in = {.kind = kind,
                               .office = {.node = d->id.self, .slug = "node"},
                               .from = d->id.cert.origin,
                               .name = dp_own_next(d),
                               .at_ms = d->now_wall,
                               .at_synced = d->port.clock.synced(d->port.clock.ctx),
                               .receipt = dp_date_of_ms(d->now_wall),
                               .body = *body};
    if (re != NULL)
        in.re = *re;
    if (dp_stop_issuing(d) != DP_OK)
        return DP_OK;
    dp_arena_reset(&d->look);
    enum dp_err err = dp_fold(&slot->f, &d->look, &st);
    if (err == DP_OK)
        err = dp_plan(&slot->f, &st, &in, &e, &why, &kinds);
    if (err == DP_OK)
        return dp_own_issue(d, &e, NULL, 0);
    dp_log(DP_LOG_INFO, "%s of the daemon is not due: %s", dp_kind_word(kind), dp_void_text(why));
    return err == DP_NOMEM ? err : DP_OK;
}

/* ---- witness (R-WIT-1) ---- */

static bool witnessed(const struct dp_casefile *f, const struct dp_name *of, struct dp_node self)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->facts[i].e.kind == DP_KIND_WITNESS && dp_node_eq(f->facts[i].e.name.origin, self) &&
            dp_name_eq(&f->facts[i].e.re, of))
            return true;
    return false;
}

/*
 * R-WIT-2: a day that is too early becomes the first that there could be; of a register entry, where that
 * says nothing, the day on which it was written.
 */
static int64_t bound_of_claim(const struct dp_slot *slot, const struct dp_fact *x, int64_t before_ms,
                              int64_t now_ms)
{
    struct dp_date first =
        x->re != DP_FACT_NONE ? dp_claim_first(&slot->f, &x->e, x->re) : dp_date_of_ms(x->e.at_ms);
    int64_t ms = dp_date_start_ms(first);
    if (ms < before_ms || dp_claim(&x->e).day > first.day)
        ms = before_ms; /* it is late, not early */
    return ms > now_ms ? now_ms : ms;
}

/* `before_ms`: the entry cannot be older; 0 = nobody knows. */
static enum dp_err witness(struct dp_daemon *d, struct dp_slot *slot, const struct dp_name *name,
                           int64_t before_ms)
{
    const struct dp_peer *p = dp_peers_find(d, name->origin);
    uint32_t i = dp_casefile_find(&slot->f, name);
    if (p == NULL || p->is_parent || i == DP_FACT_NONE || slot->f.facts[i].verdict != DP_VALID)
        return DP_OK;
    const struct dp_fact *x = &slot->f.facts[i];
    int64_t at = x->e.at_ms, last = d->now_wall + d->opt.max_skew_ms;
    bool claim = dp_claim_fits(&slot->f, &x->e, x->re, dp_date_of_ms(last));
    struct dp_body body = {.other = *name, .not_before_ms = before_ms, .not_after_ms = d->now_wall};
    if ((at >= before_ms && at <= last && claim) || witnessed(&slot->f, name, d->id.self))
        return DP_OK;
    if (!claim)
        body.not_before_ms = bound_of_claim(slot, x, before_ms, d->now_wall);
    return dp_duties_issue(d, slot, DP_KIND_WITNESS, name, &body);
}

static int64_t before_of(struct dp_daemon *d, const struct dp_name *name)
{
    const struct dp_peer *p = dp_peers_find(d, name->origin);
    return p == NULL ? 0 : p->before_ms;
}

int64_t dp_duties_not_before(int64_t hello_ms)
{
    return hello_ms > TRANSIT_MS ? hello_ms - TRANSIT_MS : 0;
}

/* ---- erasure (R-STO-2) ---- */

static bool forget_part(struct dp_daemon *d, const struct dp_name *of, uint8_t index)
{
    struct dp_slice v;
    bool waits = dp_content_forget(d, of, index);
    if (dp_db_part(&d->db, of, index, &v) != DP_OK && !waits)
        return false;
    dp_db_part_del(&d->db, of, index);
    dp_db_part_key_del(&d->db, of, index);
    dp_db_grant_del(&d->db, of, index);
    d->rotate_due = true;
    dp_db_meta_u64_put(&d->db, "rotate", 1); /* also when this process dies before it could */
    return true;
}

/* A correction replaces the old part as an erasure would; an erasure is answered. */
static enum dp_err erase(struct dp_daemon *d, struct dp_slot *slot, const struct dp_name *name)
{
    uint32_t i = dp_casefile_find(&slot->f, name);
    if (i == DP_FACT_NONE || slot->f.facts[i].verdict != DP_VALID)
        return DP_OK;
    const struct dp_entry *e = &slot->f.facts[i].e;
    bool replaces = e->kind == DP_KIND_CORRECT && e->part_count > 0;
    if (e->kind != DP_KIND_ERASE && !replaces)
        return DP_OK;
    struct dp_name of = dp_name_is_none(&e->body.other) ? e->re : e->body.other;
    struct dp_body body = {.other = of, .index = e->body.index, .code = e->body.code};
    if (!forget_part(d, &of, (uint8_t)body.index) || replaces)
        return DP_OK;
    return dp_duties_issue(d, slot, DP_KIND_ERASED, name, &body);
}

/* What waited for others has been decided in this turn: it may be any entry of the case. */
static enum dp_err duties_of_woken(struct dp_daemon *d, struct dp_slot *slot)
{
    enum dp_err e = DP_OK;
    for (uint32_t i = 0; i < slot->f.count && e == DP_OK; i++) { /* what is issued here comes behind `i` */
        struct dp_name name = slot->f.facts[i].e.name;
        e = erase(d, slot, &name);
        if (e == DP_OK)
            e = witness(d, slot, &name, 0);
    }
    return e;
}

enum dp_err dp_duties_case(struct dp_daemon *d, struct dp_slot *slot)
{
    enum dp_err e = slot->woken ? duties_of_woken(d, slot) : DP_OK;
    slot->keys_all = slot->keys_all || slot->woken; /* what is valid now may be for others (keys.c) */
    slot->woken = false;
    for (const struct dp_fresh *fr = slot->fresh; fr != NULL && e == DP_OK; fr = fr->next) {
        struct dp_name name = fr->name;
        e = erase(d, slot, &name);
        if (e == DP_OK)
            e = witness(d, slot, &name, before_of(d, &name));
    }
    return e;
}

/* ---- the wrapping key changes after an erasure ---- */

static enum dp_err rewrap_draft(struct dp_daemon *d, const struct dp_keyring *kr, uint64_t no,
                                struct dp_slice v)
{
    struct dp_name n = dp_draft_name(d, no);
    struct dp_key k;
    if (v.len < DP_WRAPPED_BYTES)
        return DP_CORRUPT;
    uint8_t *row = malloc(v.len);
    if (row == NULL)
        return DP_NOMEM;
    memcpy(row, v.p, v.len);
    enum dp_err e = dp_keyring_unwrap(kr, &n, DP_DRAFT_INDEX, row, &k);
    if (e == DP_OK)
        e = dp_keyring_wrap(kr, &n, DP_DRAFT_INDEX, &k, &d->port.random, row);
    dp_wipe(&k, sizeof k);
    if (e == DP_OK)
        dp_db_put64(&d->db, DP_T_DRAFT, no, dp_slice_of(row, v.len));
    free(row);
    return e;
}

static enum dp_err rewrap_drafts(struct dp_daemon *d, const struct dp_keyring *kr)
{
    uint64_t no = 0;
    struct dp_slice v;
    enum dp_err e = DP_OK;
    for (bool first = true; e == DP_OK && dp_db_next64(&d->db, DP_T_DRAFT, first, &no, &v) == DP_OK;
         first = false)
        if (dp_keyring_is_stale(kr, v.p))
            e = rewrap_draft(d, kr, no, v);
    return e;
}

static enum dp_err rewrap(void *ctx, const struct dp_keyring *kr)
{
    struct dp_daemon *d = ctx;
    struct dp_slice key = {0}, v;
    uint8_t at[DP_NAME_BYTES + 1];
    enum dp_err e = dp_db_begin(&d->db, true);
    if (e != DP_OK)
        return e;
    while (dp_db_next_key(&d->db, DP_T_PART_KEY, dp_slice_of("", 0), &key, &v) == DP_OK &&
           key.len == sizeof at) {
        uint8_t out[DP_WRAPPED_BYTES];
        struct dp_key k;
        struct dp_name n = dp_name_get(key.p);
        memcpy(at, key.p, sizeof at);
        key = dp_slice_of(at, sizeof at); /* ours: the write below ends what was borrowed */
        if (v.len != DP_WRAPPED_BYTES || !dp_keyring_is_stale(kr, v.p))
            continue;
        e = dp_keyring_unwrap(kr, &n, at[DP_NAME_BYTES], v.p, &k);
        if (e == DP_OK)
            e = dp_keyring_wrap(kr, &n, at[DP_NAME_BYTES], &k, &d->port.random, out);
        dp_wipe(&k, sizeof k);
        if (e != DP_OK) {
            dp_db_abort(&d->db);
            return e;
        }
        dp_db_part_key_put(&d->db, &n, at[DP_NAME_BYTES], dp_slice_of(out, sizeof out));
    }
    e = rewrap_drafts(d, kr);
    dp_db_meta_u64_put(&d->db, "rotate", 0);
    if (e != DP_OK) {
        dp_db_abort(&d->db);
        return e;
    }
    return dp_db_commit(&d->db);
}

void dp_duties_load(struct dp_daemon *d)
{
    uint64_t due = 0;
    if (d->kr == NULL)
        return;
    d->rotate_due = (dp_db_meta_u64(&d->db, "rotate", &due) == DP_OK && due != 0) || d->kr->rotating;
}

#define ROTATE_RETRY_MS 60000

/* Outside a turn: it commits on its own. */
void dp_duties_rotate(struct dp_daemon *d)
{
    struct dp_keyring_why why;
    if (!d->rotate_due || d->kr == NULL || d->now_mono < d->rotate_ms)
        return;
    enum dp_err e = dp_keyring_rotate(d->kr, &d->port.random, rewrap, d, &why);
    if (e == DP_OK) {
        d->rotate_due = false;
        dp_alarm_clear(d, "rotate");
    } else {
        d->rotate_ms = d->now_mono + ROTATE_RETRY_MS;
        dp_alarm(d, "rotate", "the wrapping key could not be changed after an erasure; it is tried again");
    }
}
