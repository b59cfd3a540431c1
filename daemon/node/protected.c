/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registration, and the detour of protected matters (R-N3-4): where the chain upward leads past an accused
 * office, the matter becomes no entry of it. It goes sealed to the bureau above, which registers it under its
 * own name and answers with a receipt. What stays here is a ticket, no content.
 */
#include "node/post.h"

#include <stdio.h>
#include <string.h>

#include "crypto/code.h"

/* ---- numbers and editions ---- */

#define SERIAL_MAX 99999
#define AWAY_MAX 9999 /* of these, at the end, are for receipts */
#define AWAY_DRAWS 64 /* until one is found that is free */

/* How many of the day so far: meta row yyyymmdd << 32 | count. */
static enum dp_err day_count(struct dp_daemon *d, const char *row, uint32_t day, uint32_t *out)
{
    uint64_t v = 0;
    enum dp_err e = dp_db_meta_u64(&d->db, row, &v);
    if (e != DP_OK && e != DP_NOT_FOUND)
        return e;
    *out = (uint32_t)(v >> 32) == day ? (uint32_t)v : 0;
    return DP_OK;
}

/* The row of a ticket ends with the number of its receipt, and of the case once that is known. */
static bool is_on_ticket(struct dp_daemon *d, const struct dp_number *n)
{
    uint64_t at = 0;
    struct dp_slice row;
    size_t len = strlen(n->text), from = DP_TICKET_BYTES + 16;
    for (bool first = true; dp_db_next64(&d->db, DP_T_MATTER, first, &at, &row) == DP_OK; first = false)
        if (row.len >= from + len && memcmp(row.p + from, n->text, len) == 0)
            return true;
    return false;
}

/*
 * Registrations count up from 1, so that the numbers that the nodes above see have no hole that tells of a
 * matter which was sent away (R-N3-4). A clock that was set comes to a day again whose count is gone: what
 * was given stays given.
 */
static enum dp_err number_here(struct dp_daemon *d, char channel, struct dp_number *out)
{
    uint32_t count = 0, day = dp_date_yyyymmdd(dp_date_of_ms(d->now_wall));
    struct dp_subject s;
    bool given = true;
    enum dp_err e = day_count(d, "serial", day, &count);
    while (e == DP_OK && given) {
        if (count >= SERIAL_MAX - AWAY_MAX)
            return DP_FULL;
        e = dp_number_make(d->id.self, day, channel, ++count, out);
        given = dp_db_number(&d->db, dp_slice_str(out->text), &s) == DP_OK;
    }
    if (e == DP_OK)
        dp_db_meta_u64_put(&d->db, "serial", (uint64_t)day << 32 | count);
    return e;
}

/* Receipts for what is sent away are drawn, so that none tells how many there were before it (R-N3-9). */
static enum dp_err number_away(struct dp_daemon *d, char channel, struct dp_number *out)
{
    uint32_t draw, day = dp_date_yyyymmdd(dp_date_of_ms(d->now_wall));
    for (unsigned i = 0; i < AWAY_DRAWS; i++) {
        d->port.random.fill(d->port.random.ctx, (uint8_t *)&draw, sizeof draw);
        enum dp_err e = dp_number_make(d->id.self, day, channel, SERIAL_MAX - draw % AWAY_MAX, out);
        if (e != DP_OK || !is_on_ticket(d, out))
            return e;
    }
    return DP_FULL;
}

struct dp_name dp_edition_current(struct dp_daemon *d, const char *id)
{
    char word[48];
    struct dp_slice v;
    struct dp_name none = {0};
    snprintf(word, sizeof word, "cur:%s", id);
    return dp_db_meta(&d->db, word, &v) == DP_OK && v.len == DP_NAME_BYTES + 4 ? dp_name_get(v.p) : none;
}

/* ---- registering here ---- */

/* R-WIT-2 */
bool dp_receipt_fits(const struct dp_daemon *d, struct dp_date receipt)
{
    const struct dp_entry form = {.kind = DP_KIND_REGISTER, .at_ms = d->now_wall, .receipt = receipt};
    return dp_claim_fits(NULL, &form, DP_FACT_NONE, dp_date_of_ms(d->now_wall));
}

enum dp_err dp_register(struct dp_daemon *d, const struct dp_office *office, uint32_t officer,
                        struct dp_reg *reg, struct dp_date receipt, const struct dp_part_in *parts,
                        uint8_t part_count, struct dp_entry *e, char code[24])
{
    struct dp_query_code qc;
    struct dp_casefile empty;
    struct dp_arena a;
    struct dp_state st;
    enum dp_void_reason why;
    uint64_t kinds;
    enum dp_err err = number_here(d, reg->channel, &reg->number);
    if (err != DP_OK)
        return err;
    dp_query_code_make(&d->port.random, &qc);
    dp_query_code_format(&qc, code);
    dp_query_code_hash(&qc, &reg->query_hash);
    if (dp_name_is_none(&reg->profile))
        reg->profile = dp_edition_current(d, (reg->flags & DP_REG_ERRAND) != 0 ? "errand" : "national-r22");
    reg->calendar = dp_edition_current(d, "cn-rest-days");
    struct dp_plan_input in = {.kind = DP_KIND_REGISTER,
                               .office = *office,
                               .officer = officer,
                               .from = d->id.cert.origin,
                               .name = dp_own_next(d),
                               .at_ms = d->now_wall,
                               .at_synced = d->port.clock.synced(d->port.clock.ctx),
                               .receipt = receipt};
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = in.name};
    dp_casefile_init(&empty, &s);
    dp_arena_init(&a, 1u << 16, 0);
    err = dp_fold(&empty, &a, &st);
    if (err == DP_OK)
        err = dp_plan(&empty, &st, &in, e, &why, &kinds);
    dp_arena_fini(&a);
    dp_casefile_fini(&empty);
    if (err != DP_OK)
        return err;
    e->reg = reg;
    return dp_own_issue(d, e, parts, part_count);
}

/* ---- a matter as bytes ---- */

/* Body: ticket 16, sender 8, entry length u16 and bytes, part count u8, then kind u8, length u32, plain. */
static enum dp_err body_put(struct dp_daemon *d, const uint8_t ticket[DP_TICKET_BYTES], struct dp_slice entry,
                            const struct dp_part_in *parts, uint8_t n, struct dp_slice *out)
{
    size_t cap = DP_TICKET_BYTES + 8 + 2 + entry.len + 1;
    for (uint8_t i = 0; i < n; i++)
        cap += 5 + parts[i].plain.len;
    uint8_t *buf = dp_arena_alloc(&d->turn, cap);
    if (buf == NULL)
        return DP_NOMEM;
    struct dp_wr w = dp_wr_of(buf, cap);
    dp_wr_bytes(&w, ticket, DP_TICKET_BYTES);
    dp_wr_u64(&w, d->id.self.v);
    dp_wr_u16(&w, (uint16_t)entry.len);
    dp_wr_bytes(&w, entry.p, entry.len);
    dp_wr_u8(&w, n);
    for (uint8_t i = 0; i < n; i++) {
        dp_wr_u8(&w, parts[i].kind);
        dp_wr_u32(&w, (uint32_t)parts[i].plain.len);
        dp_wr_bytes(&w, parts[i].plain.p, parts[i].plain.len);
    }
    *out = dp_wr_slice(&w);
    return w.err;
}

enum dp_err dp_matter_pack(struct dp_daemon *d, const struct dp_caller *c, const struct dp_reg *reg,
                           struct dp_date receipt, const struct dp_part_in *parts, uint8_t part_count,
                           const uint8_t ticket[DP_TICKET_BYTES], struct dp_slice *out)
{
    bool failed = false;
    /* An entry in form only, so that one codec serves; it is never numbered in a chain, kept or signed. */
    struct dp_entry e = {.kind = DP_KIND_REGISTER,
                         .rules = DP_RULES_VERSION,
                         .name = {.origin = d->id.self, .inc = d->own.inc, .seq = 1},
                         .office = c->office,
                         .officer = c->officer,
                         .at_ms = d->now_wall,
                         .receipt = receipt,
                         .step = 1,
                         .reg = reg};
    e.subject = (struct dp_subject){.type = DP_SUBJECT_CASE, .name = e.name};
    dp_buf_reset(&d->scratch);
    enum dp_err err = dp_entry_encode(&e, &d->scratch);
    if (err != DP_OK)
        return err;
    struct dp_slice entry = dp_arena_copy(&d->turn, dp_buf_slice(&d->scratch), &failed);
    return failed ? DP_NOMEM : body_put(d, ticket, entry, parts, part_count, out);
}

enum dp_err dp_matter_unpack(struct dp_daemon *d, struct dp_slice body, struct dp_matter *out)
{
    struct dp_rd r = dp_rd_of(body);
    out->ticket = dp_rd_take(&r, DP_TICKET_BYTES);
    out->sender.v = dp_rd_u64(&r);
    struct dp_slice entry = dp_rd_take(&r, dp_rd_u16(&r));
    out->part_count = dp_rd_u8(&r);
    if (out->part_count > DP_PARTS_MAX)
        return DP_TOO_BIG;
    for (uint8_t i = 0; i < out->part_count; i++) {
        out->parts[i].kind = dp_rd_u8(&r);
        out->parts[i].plain = dp_rd_take(&r, dp_rd_u32(&r));
    }
    if (dp_rd_done(&r) != DP_OK || dp_node_tier(out->sender) == DP_TIER_NONE)
        return DP_FORMAT;
    struct dp_name name = {.origin = out->sender, .inc = 1, .seq = 1};
    enum dp_err err = dp_entry_decode(entry, &name, &d->turn, &out->form);
    return err == DP_OK && out->form.reg == NULL ? DP_FORMAT : err;
}

/* ---- sending a matter on ---- */

/* Ticket row: ticket 16, to 8, since 8, receipt number text. Nothing else of the matter stays. */
static void ticket_keep(struct dp_daemon *d, const uint8_t ticket[DP_TICKET_BYTES], struct dp_node to,
                        const char *number)
{
    uint8_t row[DP_TICKET_BYTES + 16 + 64];
    struct dp_wr w = dp_wr_of(row, sizeof row);
    dp_wr_bytes(&w, ticket, DP_TICKET_BYTES);
    dp_wr_u64(&w, to.v);
    dp_wr_u64(&w, (uint64_t)d->now_wall);
    dp_wr_bytes(&w, number, strlen(number));
    dp_db_put64(&d->db, DP_T_MATTER, dp_db_last64(&d->db, DP_T_MATTER) + 1, dp_wr_slice(&w));
}

enum dp_err dp_matter_out(struct dp_daemon *d, const struct dp_caller *c, const struct dp_reg *reg,
                          struct dp_date receipt, const struct dp_part_in *parts, uint8_t part_count,
                          struct dp_node to, char number[64])
{
    uint8_t ticket[DP_TICKET_BYTES];
    struct dp_slice body;
    struct dp_reg r = *reg;
    r.first_office = c->office;
    enum dp_err err = number_away(d, r.channel, &r.number);
    if (err != DP_OK)
        return err;
    d->port.random.fill(d->port.random.ctx, ticket, sizeof ticket);
    err = dp_matter_pack(d, c, &r, receipt, parts, part_count, ticket, &body);
    if (err == DP_OK)
        err = dp_post_send(d, to, DP_POST_MATTER, body);
    if (err != DP_OK)
        return err;
    snprintf(number, 64, "%s", r.number.text);
    ticket_keep(d, ticket, to, number);
    dp_post_ticket(d, ticket, &c->office);
    return DP_OK;
}

/* ---- taking one in ---- */

/* Who registers it: the bureau of this node, in the name of its first officer. */
static uint32_t bureau_officer(struct dp_daemon *d, const struct dp_office *bureau)
{
    uint8_t prefix[24];
    struct dp_wr w = dp_wr_of(prefix, sizeof prefix);
    struct dp_slice key = {0}, v;
    dp_wr_u64(&w, bureau->node.v);
    dp_wr_bytes(&w, bureau->slug, sizeof bureau->slug);
    if (dp_db_next_key(&d->db, DP_T_OFFICER, dp_wr_slice(&w), &key, &v) == DP_OK && key.len == 28) {
        struct dp_rd r = dp_rd_of(dp_slice_of(key.p + 24, 4));
        return dp_rd_u32(&r);
    }
    return 1;
}

static enum dp_err answer(struct dp_daemon *d, struct dp_node to, const uint8_t *ticket, const char *number)
{
    uint8_t body[DP_TICKET_BYTES + DP_NUMBER_TEXT];
    struct dp_wr w = dp_wr_of(body, sizeof body);
    dp_wr_bytes(&w, ticket, DP_TICKET_BYTES);
    dp_wr_bytes(&w, number, strlen(number));
    return dp_post_send(d, to, DP_POST_RECEIPT, dp_wr_slice(&w));
}

/*
 * A sender forgets what it sent: the same slip taken in again at the same office, by its number in the system
 * that it comes from, is answered with the number of the case that the first one became.
 */
static bool came_before(struct dp_daemon *d, const struct dp_reg *reg, char number[DP_NUMBER_TEXT])
{
    struct dp_db_source at = {.len = 0};
    struct dp_subject s;
    enum dp_err e;
    while (reg->source_no[0] != '\0' &&
           dp_db_source_next(&d->db, reg->source_system, reg->source_no, &at, &s) == DP_OK) {
        const struct dp_slot *slot = dp_cache_find(d, &s, &e);
        if (slot == NULL || !slot->f.has_reg || !dp_office_eq(&slot->f.reg.first_office, &reg->first_office))
            continue;
        snprintf(number, DP_NUMBER_TEXT, "%s", slot->f.reg.number.text);
        return true;
    }
    return false;
}

/*
 * A matter is taken in from its sender itself, of an office of it, and only when R-N3-4 leads the sender past
 * its own chain to this node: everything else it must register itself.
 */
static bool may_send(const struct dp_daemon *d, struct dp_node from, const struct dp_matter *m)
{
    const struct dp_reg *reg = m->form.reg;
    return dp_node_eq(m->sender, from) && dp_node_eq(m->form.office.node, m->sender) &&
           dp_office_eq(&reg->first_office, &m->form.office) && dp_n3_takes(reg, m->sender, d->id.self);
}

static bool parts_readable(struct dp_daemon *d, const struct dp_matter *m)
{
    struct dp_part_text t;
    for (uint8_t i = 0; i < m->part_count; i++)
        if (dp_part_text_decode(m->parts[i].kind, m->parts[i].plain, &d->turn, &t) != DP_OK)
            return false;
    return true;
}

static enum dp_err answer_again(struct dp_daemon *d, const struct dp_matter *m, struct dp_slice row)
{
    char number[DP_NUMBER_TEXT];
    if (row.len == 0 || row.len >= sizeof number)
        return DP_CORRUPT;
    memcpy(number, row.p, row.len);
    number[row.len] = '\0';
    return answer(d, m->sender, m->ticket.p, number);
}

enum dp_err dp_matter_in(struct dp_daemon *d, struct dp_node from, struct dp_slice body)
{
    struct dp_matter m;
    struct dp_entry e;
    struct dp_slice have;
    char code[24], number[DP_NUMBER_TEXT];
    enum dp_err err = dp_matter_unpack(d, body, &m);
    if (err != DP_OK || !parts_readable(d, &m))
        return err == DP_NOMEM ? err : DP_FORMAT;
    if (!may_send(d, from, &m))
        return DP_NOT_ENTITLED;
    /* Whoever passes a parcel on can do so twice. */
    if (dp_db_get_key(&d->db, DP_T_TICKET, m.ticket, &have) == DP_OK)
        return answer_again(d, &m, have);
    struct dp_reg reg = *m.form.reg;
    struct dp_office bureau = {.node = d->id.self, .slug = "bureau"};
    reg.profile = (struct dp_name){0}; /* of this node, whatever the sender named */
    if (!came_before(d, &reg, number)) {
        if (dp_stop_issuing(d) != DP_OK)
            return DP_STOPPED; /* before it takes a number; it is offered again (shelf.c) */
        /* Filing is never refused: an impossible day becomes the day on which it was taken in here. */
        struct dp_date receipt =
            dp_receipt_fits(d, m.form.receipt) ? m.form.receipt : dp_date_of_ms(d->now_wall);
        err = dp_register(d, &bureau, bureau_officer(d, &bureau), &reg, receipt, m.parts, m.part_count, &e,
                          code);
        if (err != DP_OK)
            return err;
        snprintf(number, sizeof number, "%s", reg.number.text);
        dp_post_case(d, m.ticket.p, m.sender, &e.subject);
    }
    dp_db_put_key(&d->db, DP_T_TICKET, m.ticket, dp_slice_str(number));
    return answer(d, m.sender, m.ticket.p, number);
}

/* Row of a ticket: a receipt came, and another changes nothing. */
static bool is_answered(struct dp_slice row)
{
    for (size_t i = DP_TICKET_BYTES + 16; i < row.len; i++)
        if (row.p[i] == '>')
            return true;
    return false;
}

enum dp_err dp_matter_receipt(struct dp_daemon *d, struct dp_node from, struct dp_slice body)
{
    uint64_t at = 0;
    struct dp_slice row;
    bool first = true;
    if (body.len <= DP_TICKET_BYTES ||
        dp_number_check(dp_slice_of(body.p + DP_TICKET_BYTES, body.len - DP_TICKET_BYTES)) != DP_OK)
        return DP_FORMAT;
    while (dp_db_next64(&d->db, DP_T_MATTER, first, &at, &row) == DP_OK) {
        first = false;
        if (row.len < DP_TICKET_BYTES || memcmp(row.p, body.p, DP_TICKET_BYTES) != 0)
            continue;
        struct dp_rd r = dp_rd_of(dp_slice_of(row.p + DP_TICKET_BYTES, row.len - DP_TICKET_BYTES));
        if (dp_rd_u64(&r) != from.v)
            return DP_NOT_ENTITLED; /* it was not sent there */
        if (is_answered(row))
            return DP_OK;
        uint8_t out[DP_TICKET_BYTES + 16 + 64 + 2 + DP_NUMBER_TEXT];
        struct dp_wr w = dp_wr_of(out, sizeof out);
        dp_wr_bytes(&w, row.p, row.len);
        dp_wr_bytes(&w, " > ", 3);
        dp_wr_bytes(&w, body.p + DP_TICKET_BYTES, body.len - DP_TICKET_BYTES);
        if (w.err == DP_OK)
            dp_db_put64(&d->db, DP_T_MATTER, at, dp_wr_slice(&w));
        return DP_OK;
    }
    return DP_OK;
}
