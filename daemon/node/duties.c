/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon does by itself because of an entry, in its own name, besides `arrive`: it bears witness
 * against an impossible time, and obeys an erasure. What it does because of the date is in sweep.c.
 */
#include "node/post.h"

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

/* R-FILE-3: a file goes with the part that has its key. */
static void forget_file(struct dp_daemon *d, const struct dp_slot *slot, const struct dp_name *of)
{
    struct dp_slice bytes;
    struct dp_entry x;
    uint32_t i = dp_casefile_find(&slot->f, of);
    if (i != DP_FACT_NONE && slot->f.facts[i].e.kind == DP_KIND_ATTACHMENT &&
        dp_entry_bytes(d, of, &bytes) == DP_OK && dp_entry_decode(bytes, of, &d->turn, &x) == DP_OK &&
        x.body.flag)
        dp_files_forget(d, &x.body.digest, x.body.code3);
}

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
    bool had = forget_part(d, &of, (uint8_t)body.index);
    enum dp_err err = dp_parcels_recall_entry(d, &of);
    if (err != DP_OK || !had)
        return err;
    forget_file(d, slot, &of);
    if (replaces)
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
