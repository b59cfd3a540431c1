/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What travels in posts: matters and their receipts, the state of what they became, words between the clerk
 * who took a matter in and the bureau that has it (R-POST-4, R-POST-5). Table post, further letters:
 *   T ticket 16  -> office 24, when 8, status 1, office that has it 24
 *   C subject 21 -> sender 8, ticket 16, status 1, office 24: the last that was said
 */
#include "node/post.h"

#include <string.h>

#define OFFICE_BYTES (8 + DP_SLUG_MAX + 1)
#define TICKET_ROW (OFFICE_BYTES + 8 + 1 + OFFICE_BYTES)
#define CASE_ROW (8 + DP_TICKET_BYTES + 1 + OFFICE_BYTES)
#define STATE_BYTES (DP_TICKET_BYTES + 8 + 1 + OFFICE_BYTES)

static void office_put(struct dp_wr *w, const struct dp_office *o)
{
    dp_wr_u64(w, o->node.v);
    dp_wr_bytes(w, o->slug, sizeof o->slug);
}

static void office_get(struct dp_rd *r, struct dp_office *o)
{
    *o = (struct dp_office){.node = {dp_rd_u64(r)}};
    dp_rd_copy(r, o->slug, sizeof o->slug);
    o->slug[DP_SLUG_MAX] = '\0';
}

static struct dp_slice ticket_key(uint8_t b[1 + DP_TICKET_BYTES], const uint8_t *ticket)
{
    b[0] = 'T';
    memcpy(b + 1, ticket, DP_TICKET_BYTES);
    return dp_slice_of(b, 1 + DP_TICKET_BYTES);
}

static struct dp_slice case_key(uint8_t b[1 + DP_SUBJECT_BYTES], const struct dp_subject *s)
{
    b[0] = 'C';
    dp_subject_put(s, b + 1);
    return dp_slice_of(b, 1 + DP_SUBJECT_BYTES);
}

/* ---- sending ---- */

/* Next hop and recipient are one: nobody stands between. */
static bool is_neighbour(struct dp_daemon *d, struct dp_node to)
{
    return dp_peers_find(d, to) != NULL;
}

enum dp_err dp_post_send(struct dp_daemon *d, struct dp_node to, uint8_t kind, struct dp_slice body)
{
    static const uint8_t kinds[] = {0, DP_PARCEL_MATTER, DP_PARCEL_RECEIPT, DP_PARCEL_STATE};
    if (kind < sizeof kinds && is_neighbour(d, to))
        return dp_parcels_send(d, to, kinds[kind], body, DP_LANE_CASES);
    return dp_post_queue(d, to, kind, body);
}

uint32_t dp_post_days_to(struct dp_daemon *d, struct dp_node to, uint64_t bytes)
{
    struct dp_post_row row = {0};
    struct dp_post_plan plan = dp_posts_plan(d);
    if (is_neighbour(d, to))
        return 0;
    if (dp_post_row_get(d, to, &row) != DP_OK)
        memset(&row, 0, sizeof row);
    uint64_t queued = row.end > row.out.next ? row.end - row.out.next : 0;
    return dp_post_days(&plan, dp_post_count(queued, bytes + DP_POST_ITEM_HEAD, DP_POST_ROOM(plan.bytes)));
}

/* ---- tickets, where the matter was taken in ---- */

void dp_post_ticket(struct dp_daemon *d, const uint8_t ticket[DP_TICKET_BYTES],
                    const struct dp_office *office)
{
    uint8_t key[1 + DP_TICKET_BYTES], b[TICKET_ROW];
    struct dp_office none = {.node = {0}};
    struct dp_wr w = dp_wr_of(b, sizeof b);
    office_put(&w, office);
    dp_wr_u64(&w, 0);
    dp_wr_u8(&w, 0);
    office_put(&w, &none);
    dp_db_put_key(&d->db, DP_T_POST, ticket_key(key, ticket), dp_wr_slice(&w));
}

/* The ticket was sent to that node (table matter). */
static bool was_sent_to(struct dp_daemon *d, const uint8_t *ticket, struct dp_node to, struct dp_slice *text)
{
    uint64_t at = 0;
    struct dp_slice row;
    for (bool first = true; dp_db_next64(&d->db, DP_T_MATTER, first, &at, &row) == DP_OK; first = false) {
        if (row.len < DP_TICKET_BYTES + 16 || memcmp(row.p, ticket, DP_TICKET_BYTES) != 0)
            continue;
        struct dp_rd r = dp_rd_of(dp_slice_of(row.p + DP_TICKET_BYTES, 8));
        *text = dp_slice_of(row.p + DP_TICKET_BYTES + 16, row.len - DP_TICKET_BYTES - 16);
        return dp_rd_u64(&r) == to.v;
    }
    return false;
}

static enum dp_err state_in(struct dp_daemon *d, struct dp_node from, struct dp_slice body)
{
    uint8_t key[1 + DP_TICKET_BYTES], b[TICKET_ROW];
    struct dp_slice have, text;
    struct dp_wr w = dp_wr_of(b, sizeof b);
    if (body.len != STATE_BYTES || body.p[DP_TICKET_BYTES + 8] >= DP_STATUS_COUNT)
        return DP_FORMAT;
    if (!was_sent_to(d, body.p, from, &text) ||
        dp_db_get_key(&d->db, DP_T_POST, ticket_key(key, body.p), &have) != DP_OK || have.len != TICKET_ROW)
        return DP_NOT_FOUND;
    dp_wr_bytes(&w, have.p, OFFICE_BYTES);
    dp_wr_bytes(&w, body.p + DP_TICKET_BYTES, STATE_BYTES - DP_TICKET_BYTES);
    dp_db_put_key(&d->db, DP_T_POST, ticket_key(key, body.p), dp_wr_slice(&w));
    return DP_OK;
}

/* ---- cases, where it was registered ---- */

void dp_post_case(struct dp_daemon *d, const uint8_t ticket[DP_TICKET_BYTES], struct dp_node sender,
                  const struct dp_subject *s)
{
    uint8_t key[1 + DP_SUBJECT_BYTES], b[CASE_ROW];
    struct dp_office none = {.node = {0}};
    struct dp_wr w = dp_wr_of(b, sizeof b);
    dp_wr_u64(&w, sender.v);
    dp_wr_bytes(&w, ticket, DP_TICKET_BYTES);
    dp_wr_u8(&w, UINT8_MAX); /* nothing was said yet */
    office_put(&w, &none);
    dp_db_put_key(&d->db, DP_T_POST, case_key(key, s), dp_wr_slice(&w));
}

enum dp_err dp_post_settle(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st)
{
    uint8_t key[1 + DP_SUBJECT_BYTES], b[CASE_ROW], body[STATE_BYTES];
    struct dp_slice have;
    struct dp_office who = dp_state_custodian(st);
    if (!dp_n3_is_bureau(d->id.self) || slot->f.subject.type != DP_SUBJECT_CASE ||
        dp_db_get_key(&d->db, DP_T_POST, case_key(key, &slot->f.subject), &have) != DP_OK ||
        have.len != CASE_ROW)
        return DP_OK;
    struct dp_rd r = dp_rd_of(have);
    struct dp_node sender = {dp_rd_u64(&r)};
    struct dp_wr w = dp_wr_of(b, sizeof b);
    dp_wr_bytes(&w, have.p, 8 + DP_TICKET_BYTES);
    dp_wr_u8(&w, (uint8_t)st->status);
    office_put(&w, &who);
    if (dp_slice_eq(have, dp_wr_slice(&w)))
        return DP_OK;
    struct dp_wr s = dp_wr_of(body, sizeof body);
    dp_wr_bytes(&s, have.p + 8, DP_TICKET_BYTES);
    dp_wr_u64(&s, (uint64_t)d->now_wall);
    dp_wr_u8(&s, (uint8_t)st->status);
    office_put(&s, &who);
    dp_db_put_key(&d->db, DP_T_POST, case_key(key, &slot->f.subject), dp_wr_slice(&w));
    return dp_post_send(d, sender, DP_POST_STATE, dp_wr_slice(&s));
}

/* ---- taking in ---- */

enum dp_err dp_post_item_in(struct dp_daemon *d, struct dp_node from, uint8_t kind, struct dp_slice body)
{
    bool below = dp_node_covers(d->id.self, from);
    switch ((enum dp_post_kind)kind) {
    case DP_POST_MATTER:
        return below ? dp_matter_in(d, from, body) : DP_NOT_ENTITLED;
    case DP_POST_RECEIPT:
        return below ? DP_NOT_ENTITLED : dp_matter_receipt(d, from, body);
    case DP_POST_STATE:
        return below ? DP_NOT_ENTITLED : state_in(d, from, body);
    }
    return DP_FORMAT;
}

/* ---- a question for a receipt ---- */

static bool is_receipt(struct dp_slice text, const char *number)
{
    size_t len = strlen(number);
    return text.len >= len && memcmp(text.p, number, len) == 0 && (text.len == len || text.p[len] == ' ');
}

static void view_of(struct dp_slice row, struct dp_slice ticket, struct dp_post_view *out)
{
    struct dp_rd r = dp_rd_of(ticket), t = dp_rd_of(dp_slice_of(row.p + DP_TICKET_BYTES, 16));
    struct dp_slice n = dp_slice_of(row.p + DP_TICKET_BYTES + 16, row.len - DP_TICKET_BYTES - 16);
    *out = (struct dp_post_view){.to = {dp_rd_u64(&t)}};
    out->sent_ms = (int64_t)dp_rd_u64(&t);
    (void)dp_rd_take(&r, OFFICE_BYTES);
    out->as_of_ms = (int64_t)dp_rd_u64(&r);
    out->status = dp_rd_u8(&r);
    office_get(&r, &out->office);
    memcpy(out->receipt, n.p, n.len < sizeof out->receipt ? n.len : sizeof out->receipt - 1);
    char *number = strstr(out->receipt, " > ");
    if (number == NULL)
        return;
    *number = '\0';
    out->number = number + 3;
}

bool dp_post_show(struct dp_daemon *d, const struct dp_office *office, const char *number,
                  struct dp_post_view *out)
{
    uint64_t at = 0;
    struct dp_slice row, ticket;
    uint8_t key[1 + DP_TICKET_BYTES];
    for (bool first = true; dp_db_next64(&d->db, DP_T_MATTER, first, &at, &row) == DP_OK; first = false) {
        struct dp_office mine;
        if (row.len <= DP_TICKET_BYTES + 16 ||
            !is_receipt(dp_slice_of(row.p + DP_TICKET_BYTES + 16, row.len - DP_TICKET_BYTES - 16), number) ||
            dp_db_get_key(&d->db, DP_T_POST, ticket_key(key, row.p), &ticket) != DP_OK ||
            ticket.len != TICKET_ROW)
            continue;
        struct dp_rd r = dp_rd_of(ticket);
        office_get(&r, &mine);
        if (!dp_office_eq(&mine, office))
            continue;
        view_of(row, ticket, out);
        return true;
    }
    return false;
}
