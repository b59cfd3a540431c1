/* SPDX-License-Identifier: Apache-2.0 */
/* A post that came (R-POST-3, R-POST-4): passed on as it is, or opened at its end and its items taken. */
#include "node/post.h"

#include <string.h>

/* This node can do nothing with it for now: it is no fault of the item. */
static bool is_for_later(enum dp_err e)
{
    return e == DP_STOPPED || e == DP_INTAKE_STOPPED || e == DP_FULL;
}

/* Items as far as they are whole and can be used now; the rest is kept, and tried again with the next post.
 */
static enum dp_err take_bytes(struct dp_daemon *d, struct dp_node end, struct dp_slice bytes)
{
    struct dp_slice have;
    enum dp_err e = dp_post_partial(d, end, &have);
    if (e != DP_OK || (bytes.len == 0 && have.len == 0))
        return e;
    uint8_t *all = dp_arena_alloc(&d->turn, have.len + bytes.len);
    if (all == NULL)
        return DP_NOMEM;
    if (have.len > 0)
        memcpy(all, have.p, have.len);
    memcpy(all + have.len, bytes.p, bytes.len);
    struct dp_rd r = dp_rd_of(dp_slice_of(all, have.len + bytes.len));
    for (;;) {
        uint8_t kind;
        struct dp_slice body;
        struct dp_rd before = r;
        e = dp_post_item(&r, &kind, &body);
        if (e != DP_OK)
            break;
        e = dp_post_item_in(d, end, kind, body);
        if (e != DP_OK && dp_is_ours(e))
            return e;
        if (is_for_later(e)) {
            r = before;
            e = DP_AGAIN;
            break;
        }
        if (e != DP_OK)
            dp_alarm_of(d, "post-item", end, "an item of its post could not be used; ask its operator");
    }
    if (e != DP_AGAIN) {
        dp_alarm_of(d, "post-item", end, "its post makes no sense; ask its operator");
        dp_post_partial_put(d, end, dp_slice_of(NULL, 0));
        return DP_OK;
    }
    dp_post_partial_put(d, end, dp_rd_take(&r, dp_rd_left(&r)));
    return DP_OK;
}

/* A stream ended in the middle of an item. Whole ones that are kept for later were taken for good. */
static enum dp_err drop_unfinished(struct dp_daemon *d, struct dp_node end)
{
    uint8_t kind;
    struct dp_slice have, body;
    enum dp_err e = dp_post_partial(d, end, &have);
    struct dp_rd r = dp_rd_of(have);
    while (e == DP_OK && dp_post_item(&r, &kind, &body) == DP_OK)
        ;
    if (e == DP_OK)
        dp_post_partial_put(d, end, dp_slice_of(have.p, have.len - dp_rd_left(&r)));
    return e;
}

static enum dp_err take(struct dp_daemon *d, const struct dp_post *p, struct dp_post_row *row)
{
    uint32_t skip = 0;
    bool fresh;
    enum dp_post_take what =
        dp_post_arrive(&row->in, p->stream, p->number, p->offset, (uint32_t)p->bytes.len, &skip, &fresh);
    if (what == DP_POST_OLD)
        return DP_OK;
    enum dp_err e = fresh ? drop_unfinished(d, p->from) : DP_OK;
    if (row->out.stream != 0 && !dp_post_heard(&row->out, &p->ack))
        dp_post_restart(d, row);
    dp_post_trim(d, p->from, row);
    row->came_ms = d->now_wall;
    dp_alarm_clear_of(d, "post", p->from);
    dp_post_row_put(d, p->from, row); /* before the items, which may queue answers */
    if (e == DP_OK && what == DP_POST_TAKE)
        e = take_bytes(d, p->from, dp_slice_of(p->bytes.p + skip, p->bytes.len - skip));
    return e;
}

/* Whatever it is: who passed it on gets the same answer, and sees nothing of what became of it. */
static enum dp_err open_here(struct dp_daemon *d, struct dp_peer *from, struct dp_slice parcel)
{
    uint8_t kind;
    struct dp_slice body;
    struct dp_post p;
    struct dp_post_row row = {.since_ms = d->now_wall};
    struct dp_cert_slot cert;
    enum dp_err e = dp_parcel_open(d->suite, parcel, &d->kr->seal, &d->turn, &kind, &body);
    if (e == DP_NOMEM)
        return e;
    if (e != DP_OK || kind != DP_PARCEL_POST || dp_post_get(body, &p) != DP_OK || d->stopped != DP_STOP_NONE)
        return DP_OK;
    if (dp_peers_towards(d, p.from) != from || !dp_posts_is_end(d, p.from))
        return dp_is_starved(d) ? DP_NOMEM : DP_OK;
    e = dp_post_row_get(d, p.from, &row);
    if (e != DP_OK && e != DP_NOT_FOUND)
        return e;
    if (!dp_post_pin(d, p.from, &row, &cert))
        return DP_OK;
    if (!dp_post_signed(body, &p, d->suite, &cert.sign_pub, d->id.self)) {
        dp_post_row_put(d, p.from, &row);
        dp_alarm_of(d, "post-sign", p.from,
                    "a post in its name was not signed with the key in use for it; see `daipao post list`");
        return DP_OK;
    }
    return take(d, &p, &row);
}

enum dp_err dp_post_in(struct dp_daemon *d, struct dp_peer *from, struct dp_slice parcel, uint8_t lane)
{
    struct dp_node to;
    enum dp_err e = dp_parcel_recipient(parcel, &to);
    if (e != DP_OK || lane != DP_LANE_BULK || !dp_post_is_parcel(parcel.len))
        return DP_FORMAT;
    if (dp_node_eq(to, d->id.self))
        return open_here(d, from, parcel);
    struct dp_peer *hop = dp_peers_towards(d, to);
    if (hop == NULL || hop == from)
        return DP_SCOPE;
    if (dp_post_hop_room(d, hop, from, to))
        (void)dp_post_hop_put(d, hop, from->node, parcel);
    return DP_OK; /* what is lost behind those that wait comes again from its sender (R-POST-4) */
}
