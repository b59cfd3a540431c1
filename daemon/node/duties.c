/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon does by itself, in its own name, besides `arrive`: it bears witness against an impossible
 * time, obeys an erasure, and once a day reminds, and alarms about silence and a missing calendar. Timers
 * never do more than remind (R-ORD-3).
 */
#include "node/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The clock of a node is worth a day's doubt: bounds are for years, not for minutes. */
#define TRANSIT_MS DP_DAY_MS
#define SWEEP_CASES 200 /* of one turn */

static enum dp_err issue(struct dp_daemon *d, struct dp_slot *slot, enum dp_kind kind,
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
    if (d->stopped != DP_STOP_NONE)
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

static enum dp_err witness(struct dp_daemon *d, struct dp_slot *slot, const struct dp_name *name)
{
    const struct dp_peer *p = dp_peers_find(d, name->origin);
    uint32_t i = dp_casefile_find(&slot->f, name);
    if (p == NULL || p->is_parent || i == DP_FACT_NONE || slot->f.facts[i].verdict != DP_VALID)
        return DP_OK;
    int64_t at = slot->f.facts[i].e.at_ms;
    struct dp_body body = {.other = *name, .not_before_ms = p->before_ms, .not_after_ms = d->now_wall};
    if ((at >= p->before_ms && at <= d->now_wall + d->opt.max_skew_ms) ||
        witnessed(&slot->f, name, d->id.self))
        return DP_OK;
    return issue(d, slot, DP_KIND_WITNESS, name, &body);
}

int64_t dp_duties_not_before(int64_t hello_ms)
{
    return hello_ms > TRANSIT_MS ? hello_ms - TRANSIT_MS : 0;
}

/* ---- erasure (R-STO-2) ---- */

static bool forget_part(struct dp_daemon *d, const struct dp_name *of, uint8_t index)
{
    struct dp_slice v;
    if (dp_db_part(&d->db, of, index, &v) != DP_OK)
        return false;
    dp_db_part_del(&d->db, of, index);
    dp_db_part_key_del(&d->db, of, index);
    dp_db_grant_del(&d->db, of, index);
    d->rotate_due = true;
    return true;
}

/* A correction replaces the old part as an erasure would; an erasure is answered. */
static enum dp_err erase(struct dp_daemon *d, struct dp_slot *slot, const struct dp_fact *x)
{
    struct dp_name re = x->e.name;
    struct dp_body body = {.other = x->e.body.other, .index = x->e.body.index, .code = x->e.body.code};
    if (x->e.kind == DP_KIND_CORRECT && x->e.part_count == 0)
        return DP_OK;
    if (!forget_part(d, &x->e.body.other, (uint8_t)x->e.body.index) || x->e.kind == DP_KIND_CORRECT)
        return DP_OK;
    return issue(d, slot, DP_KIND_ERASED, &re, &body);
}

enum dp_err dp_duties_case(struct dp_daemon *d, struct dp_slot *slot)
{
    for (const struct dp_fresh *fr = slot->fresh; fr != NULL; fr = fr->next) {
        struct dp_name name = fr->name;
        uint32_t i = dp_casefile_find(&slot->f, &name);
        const struct dp_fact *x = i == DP_FACT_NONE ? NULL : &slot->f.facts[i];
        enum dp_err e = DP_OK;
        if (x != NULL && x->verdict == DP_VALID &&
            (x->e.kind == DP_KIND_ERASE || x->e.kind == DP_KIND_CORRECT)) {
            struct dp_fact copy = *x; /* issuing may move the facts */
            e = erase(d, slot, &copy);
        }
        if (e == DP_OK)
            e = witness(d, slot, &name);
        if (e != DP_OK)
            return e;
    }
    return DP_OK;
}

/* ---- the wrapping key changes after an erasure ---- */

static enum dp_err rewrap_draft(struct dp_daemon *d, const struct dp_keyring *kr, uint64_t no,
                                struct dp_slice v)
{
    struct dp_name n = {.origin = d->id.self, .inc = d->own.inc, .seq = no};
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
    if (e != DP_OK) {
        dp_db_abort(&d->db);
        return e;
    }
    return dp_db_commit(&d->db);
}

/* Outside a turn: it commits on its own. */
void dp_duties_rotate(struct dp_daemon *d)
{
    struct dp_keyring_why why;
    if (!d->rotate_due || d->kr == NULL)
        return;
    enum dp_err e = dp_keyring_rotate(d->kr, &d->port.random, rewrap, d, &why);
    if (e == DP_OK) {
        d->rotate_due = false;
        dp_alarm_clear(d, "rotate");
    } else {
        dp_alarm(d, "rotate", "the wrapping key could not be changed after an erasure; it is tried again");
    }
}

/* ---- once a day ---- */

static bool reminded(const struct dp_casefile *f, const struct dp_office *to, struct dp_date since)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->facts[i].e.kind == DP_KIND_REMIND && dp_office_eq(&f->facts[i].e.body.to, to) &&
            dp_date_of_ms(f->facts[i].e.at_ms).day > since.day)
            return true;
    return false;
}

/* Whose duty it is to remind: the office that asked, when that is one of this node's. */
static bool we_asked(struct dp_daemon *d, const struct dp_slot *slot, const struct dp_due *due)
{
    const struct dp_fact *x = due->started_by == DP_FACT_NONE ? NULL : &slot->f.facts[due->started_by];
    return x != NULL && dp_node_eq(x->e.office.node, d->id.self) &&
           dp_node_covers(d->id.self, due->office.node) && !dp_node_eq(d->id.self, due->office.node);
}

static enum dp_err remind_case(struct dp_daemon *d, struct dp_slot *slot)
{
    struct dp_state st;
    struct dp_due *list;
    uint32_t n;
    struct dp_editions ed = dp_daemon_editions(d);
    struct dp_date today = dp_date_of_ms(d->now_wall);
    dp_arena_reset(&d->look);
    if (!slot->f.has_reg || dp_fold(&slot->f, &d->look, &st) != DP_OK || st.status == DP_STATUS_CLOSED ||
        dp_due_list(&slot->f, &st, &ed, &d->look, &list, &n) != DP_OK)
        return DP_OK;
    for (uint32_t i = 0; i < n; i++) {
        struct dp_due due = list[i];
        struct dp_body body = {.to = due.office, .code = 1, .code2 = 1, .code3 = 1};
        if (dp_date_is_none(due.from) || due.met_by != DP_FACT_NONE || due.due.date.day >= today.day ||
            due.clock == DP_CLOCK_SIGN || due.clock == DP_CLOCK_REMIND ||
            due.clock == DP_CLOCK_REVIEW_WINDOW || !we_asked(d, slot, &due) ||
            reminded(&slot->f, &due.office, due.due.date))
            continue;
        body.due = dp_due_working_days(NULL, today, 2).date;
        snprintf(body.label, sizeof body.label, "%s", slot->f.reg.number.text);
        return issue(d, slot, DP_KIND_REMIND, NULL, &body); /* one a case and day */
    }
    return DP_OK;
}

/* R-DUE-3: the year has begun and its notice is not here. */
void dp_duties_calendar(struct dp_daemon *d)
{
    struct dp_slice v;
    bool known = false;
    char text[160];
    int year, month, day;
    struct dp_date today = dp_date_of_ms(d->now_wall);
    if (dp_db_meta(&d->db, "cur:cn-rest-days", &v) == DP_OK && v.len >= DP_NAME_BYTES) {
        struct dp_name n = dp_name_get(v.p);
        struct dp_editions ed = dp_daemon_editions(d);
        (void)dp_calendar_is_rest(ed.calendar(ed.ctx, &n), today, &known);
    }
    if (known) {
        dp_alarm_clear(d, "calendar");
        return;
    }
    dp_date_split(today, &year, &month, &day);
    snprintf(text, sizeof text, "no rest days of %d are published: due dates are provisional, weekends only",
             year);
    dp_alarm(d, "calendar", text);
}

/* N5: a child that was heard once and is silent now, in its working days. */
static void check_silence(struct dp_daemon *d)
{
    char text[200] = "";
    unsigned silent = 0;
    struct dp_date today = dp_date_of_ms(d->now_wall);
    for (uint32_t i = 0; i < d->peer_count; i++) {
        const struct dp_peer *p = d->peers[i];
        if (p->s.state == DP_SESSION_UP || p->row.heard_ms == 0 || p->row.revoked)
            continue;
        uint32_t days = dp_working_days_between(NULL, dp_date_of_ms(p->row.heard_ms), today);
        if (days < d->opt.silence_days)
            continue;
        if (silent++ == 0) {
            char node[DP_NODE_TEXT];
            dp_node_format(p->node, node);
            snprintf(text, sizeof text, "%s was not heard for %u working days", node, days);
        }
    }
    if (silent == 0) {
        dp_alarm_clear(d, "silence");
        return;
    }
    if (silent > 1) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, ", and %u more", silent - 1);
    }
    dp_alarm(d, "silence", text);
}

bool dp_duties_due(const struct dp_daemon *d)
{
    return d->id.enrolled && (d->sweeping || d->swept_day != dp_date_of_ms(d->now_wall).day);
}

enum dp_err dp_duties_sweep(struct dp_daemon *d)
{
    struct dp_slice packed;
    if (!dp_duties_due(d))
        return DP_OK;
    if (!d->sweeping) {
        d->sweeping = true;
        d->sweep_at = (struct dp_subject){.type = DP_SUBJECT_CASE};
        dp_duties_calendar(d);
        check_silence(d);
    }
    for (unsigned i = 0; i < SWEEP_CASES; i++) {
        enum dp_err e;
        if (dp_db_case_next(&d->db, &d->sweep_at, &packed) != DP_OK) {
            d->sweeping = false;
            d->swept_day = dp_date_of_ms(d->now_wall).day;
            return DP_OK;
        }
        struct dp_subject s = d->sweep_at;
        struct dp_slot *slot = dp_cache_find(d, &s, &e);
        e = slot == NULL ? DP_OK : remind_case(d, slot);
        if (e != DP_OK)
            return e;
    }
    d->want_seal = d->want_seal || d->fresh_count > 0;
    return DP_OK;
}
