/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table post. Key: a letter, then
 *   S end 8             -> struct dp_post_row
 *   O end 8, item 8     -> item that waits
 *   I end 8, 8 zeros    -> bytes of an item that has not come whole
 *   J peer 8, number 8  -> epoch 4, journal number 8, who brought it 8, parcel: a post on its way
 * The store seals the rows (R-STO-6): who takes the disk finds no text, and an erasure reaches them.
 */
#include "node/post.h"

#include <string.h>

#define KEY_BYTES 17
#define ROW_BYTES (16 * 8 + 2 * 32)
#define HOP_HEAD 20

struct row_key {
    uint8_t b[KEY_BYTES];
};

static struct dp_slice key_of(struct row_key *k, char letter, struct dp_node node, uint64_t no)
{
    struct dp_wr w = dp_wr_of(k->b, sizeof k->b);
    dp_wr_u8(&w, (uint8_t)letter);
    dp_wr_u64(&w, node.v);
    dp_wr_u64(&w, no);
    return dp_wr_slice(&w);
}

/* The next row of a letter and node above *no; false at the end. *v is borrowed. */
static bool next_row(struct dp_daemon *d, char letter, struct dp_node node, uint64_t *no, struct dp_slice *v)
{
    struct row_key k;
    struct dp_slice key = key_of(&k, letter, node, *no);
    if (dp_db_next_key(&d->db, DP_T_POST, dp_slice_of(k.b, 9), &key, v) != DP_OK || key.len != KEY_BYTES)
        return false;
    struct dp_rd r = dp_rd_of(dp_slice_of(key.p + 9, 8));
    *no = dp_rd_u64(&r);
    return true;
}

/* ---- state ---- */

enum dp_err dp_post_row_get(struct dp_daemon *d, struct dp_node end, struct dp_post_row *out)
{
    struct row_key k;
    struct dp_slice v;
    enum dp_err e = dp_db_get_key(&d->db, DP_T_POST, dp_slice_of(key_of(&k, 'S', end, 0).p, 9), &v);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(v);
    struct dp_post_row x = {.slot_ms = (int64_t)dp_rd_u64(&r), .since_ms = (int64_t)dp_rd_u64(&r)};
    uint64_t *const words[] = {&x.inc,       &x.out.stream, &x.out.number, &x.out.carried, &x.out.base,
                               &x.out.next,  &x.end,        &x.first,      &x.item,        &x.hop,
                               &x.in.stream, &x.in.number,  &x.in.offset};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        *words[i] = dp_rd_u64(&r);
    x.came_ms = (int64_t)dp_rd_u64(&r);
    dp_rd_copy(&r, x.pin.b, sizeof x.pin.b);
    dp_rd_copy(&r, x.seen.b, sizeof x.seen.b);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = x;
    return DP_OK;
}

void dp_post_row_put(struct dp_daemon *d, struct dp_node end, const struct dp_post_row *x)
{
    struct row_key k;
    uint8_t b[ROW_BYTES];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    const uint64_t words[] = {(uint64_t)x->slot_ms,
                              (uint64_t)x->since_ms,
                              x->inc,
                              x->out.stream,
                              x->out.number,
                              x->out.carried,
                              x->out.base,
                              x->out.next,
                              x->end,
                              x->first,
                              x->item,
                              x->hop,
                              x->in.stream,
                              x->in.number,
                              x->in.offset,
                              (uint64_t)x->came_ms};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        dp_wr_u64(&w, words[i]);
    dp_wr_bytes(&w, x->pin.b, sizeof x->pin.b);
    dp_wr_bytes(&w, x->seen.b, sizeof x->seen.b);
    dp_db_put_key(&d->db, DP_T_POST, dp_slice_of(key_of(&k, 'S', end, 0).p, 9), dp_wr_slice(&w));
}

/* ---- rows with content: the store seals the whole table (R-STO-6) ---- */

static enum dp_err content_copy(struct dp_daemon *d, struct dp_slice v, struct dp_slice *out)
{
    bool failed = false;
    *out = dp_arena_copy(&d->turn, v, &failed);
    return failed ? DP_NOMEM : DP_OK;
}

/* ---- items that wait ---- */

enum dp_err dp_post_queue(struct dp_daemon *d, struct dp_node end, uint8_t kind, struct dp_slice body)
{
    struct row_key k;
    struct dp_post_row row = {0};
    enum dp_err e = dp_post_row_get(d, end, &row);
    if (e != DP_OK && e != DP_NOT_FOUND)
        return e;
    if (body.len > DP_POST_ITEM_MAX)
        return DP_TOO_BIG;
    if (row.end - row.first + body.len > DP_POST_QUEUE_MAX)
        return DP_FULL;
    size_t len = DP_POST_ITEM_HEAD + body.len;
    uint8_t *item = dp_arena_alloc(&d->turn, len);
    if (item == NULL)
        return DP_NOMEM;
    struct dp_wr w = dp_wr_of(item, len);
    dp_wr_u8(&w, kind);
    dp_wr_u32(&w, (uint32_t)body.len);
    dp_wr_bytes(&w, body.p, body.len);
    dp_db_put_key(&d->db, DP_T_POST, key_of(&k, 'O', end, ++row.item), dp_wr_slice(&w));
    row.end += len;
    dp_post_row_put(d, end, &row);
    return DP_OK;
}

enum dp_err dp_post_fill(struct dp_daemon *d, struct dp_node end, const struct dp_post_row *row,
                         uint32_t room, struct dp_slice *out)
{
    uint8_t *buf = dp_arena_alloc(&d->turn, room);
    uint64_t no = 0, at = row->first;
    uint32_t len = 0;
    struct dp_slice v, plain;
    if (buf == NULL)
        return DP_NOMEM;
    while (len < room && next_row(d, 'O', end, &no, &v)) {
        uint64_t from = at, to = at + v.len, next = row->out.next + len;
        at = to;
        if (to <= next)
            continue;
        enum dp_err e = content_copy(d, v, &plain);
        if (e != DP_OK)
            return e;
        uint64_t n = to - next < room - len ? to - next : room - len;
        memcpy(buf + len, plain.p + (next - from), n);
        dp_wipe((void *)(uintptr_t)plain.p, plain.len);
        len += (uint32_t)n;
    }
    *out = dp_slice_of(buf, len);
    return DP_OK;
}

void dp_post_trim(struct dp_daemon *d, struct dp_node end, struct dp_post_row *row)
{
    struct row_key k;
    uint64_t no = 0;
    struct dp_slice v;
    while (next_row(d, 'O', end, &no, &v) && row->first + v.len <= row->out.base) {
        row->first += v.len;
        dp_db_del_key(&d->db, DP_T_POST, key_of(&k, 'O', end, no));
    }
}

void dp_post_restart(const struct dp_daemon *d, struct dp_post_row *row)
{
    uint64_t now = d->now_wall > 0 ? (uint64_t)d->now_wall : 1;
    row->inc = d->own.inc;
    row->end -= row->first;
    row->first = 0;
    row->out = (struct dp_post_out){.stream = now > row->out.stream ? now : row->out.stream + 1};
}

enum dp_err dp_post_partial(struct dp_daemon *d, struct dp_node end, struct dp_slice *out)
{
    struct row_key k;
    struct dp_slice v;
    enum dp_err e = dp_db_get_key(&d->db, DP_T_POST, key_of(&k, 'I', end, 0), &v);
    *out = dp_slice_of(NULL, 0);
    if (e == DP_NOT_FOUND)
        return DP_OK;
    return e == DP_OK ? content_copy(d, v, out) : e;
}

void dp_post_partial_put(struct dp_daemon *d, struct dp_node end, struct dp_slice bytes)
{
    struct row_key k;
    struct dp_slice key = key_of(&k, 'I', end, 0);
    if (bytes.len > 0)
        dp_db_put_key(&d->db, DP_T_POST, key, bytes);
    else
        dp_db_del_key(&d->db, DP_T_POST, key);
}

/* ---- on its way to the next hop ---- */

static void hop_row(struct dp_daemon *d, struct dp_peer *hop, uint64_t no, struct dp_node by,
                    struct dp_slice parcel)
{
    struct row_key k;
    uint8_t *b = dp_arena_alloc(&d->turn, HOP_HEAD + parcel.len);
    struct dp_ref ref = {.kind = DP_REF_POST, .number = no};
    if (b == NULL)
        return; /* the turn is starved, and goes back */
    dp_peers_journal(d, hop, DP_LANE_BULK, &ref);
    struct dp_wr w = dp_wr_of(b, HOP_HEAD + parcel.len);
    dp_wr_u32(&w, hop->s.lane[DP_LANE_BULK].epoch_out);
    dp_wr_u64(&w, hop->s.lane[DP_LANE_BULK].journal_last);
    dp_wr_u64(&w, by.v);
    dp_wr_bytes(&w, parcel.p, parcel.len);
    dp_db_put_key(&d->db, DP_T_POST, key_of(&k, 'J', hop->node, no), dp_wr_slice(&w));
}

uint64_t dp_post_hop_put(struct dp_daemon *d, struct dp_peer *hop, struct dp_node by, struct dp_slice parcel)
{
    uint64_t no = 0;
    if (dp_db_meta_u64(&d->db, "post-serial", &no) != DP_OK)
        no = 0;
    dp_db_meta_u64_put(&d->db, "post-serial", ++no);
    hop_row(d, hop, no, by, parcel);
    return no;
}

enum dp_err dp_post_hop_get(struct dp_daemon *d, struct dp_node hop, uint64_t no, struct dp_slice *parcel)
{
    struct row_key k;
    struct dp_slice v;
    enum dp_err e = dp_db_get_key(&d->db, DP_T_POST, key_of(&k, 'J', hop, no), &v);
    if (e == DP_OK && v.len <= HOP_HEAD)
        e = DP_CORRUPT;
    if (e == DP_OK)
        *parcel = dp_slice_of(v.p + HOP_HEAD, v.len - HOP_HEAD);
    return e;
}

/* Nodes at and below `n` of which this one has a certificate. */
static uint32_t nodes_at(struct dp_daemon *d, struct dp_node n)
{
    uint64_t at = 0;
    uint32_t count = 0;
    struct dp_slice v;
    for (bool first = true; dp_db_next64(&d->db, DP_T_NODE_CERT, first, &at, &v) == DP_OK; first = false)
        count += dp_node_covers(n, (struct dp_node){at});
    return count;
}

bool dp_post_hop_room(struct dp_daemon *d, const struct dp_peer *hop, const struct dp_peer *by,
                      struct dp_node to)
{
    uint64_t no = 0;
    uint32_t waits = 0;
    struct dp_slice v;
    while (next_row(d, 'J', hop->node, &no, &v)) {
        struct dp_node at;
        struct dp_rd r = dp_rd_of(v);
        dp_rd_take(&r, HOP_HEAD - 8);
        bool same = dp_rd_u64(&r) == by->node.v;
        waits +=
            same && dp_parcel_recipient(dp_rd_take(&r, dp_rd_left(&r)), &at) == DP_OK && dp_node_eq(at, to);
    }
    if (waits < DP_POSTS_WAIT_MAX)
        return true;
    return !dp_node_covers(by->node, d->id.self) && waits < DP_POSTS_WAIT_MAX * nodes_at(d, by->node);
}

static bool is_at(struct dp_daemon *d, struct dp_node hop, uint64_t number, uint64_t no)
{
    struct dp_ref ref;
    dp_arena_reset(&d->look);
    return dp_db_journal(&d->db, hop, DP_LANE_BULK, number, &d->look, &ref) == DP_OK &&
           ref.kind == DP_REF_POST && ref.number == no;
}

#define MOVED_MAX 4096 /* journal rows that are looked through */

/* Its number in the journal; what left the journal unsent before it made it a lower one (R-JRN-3). */
static uint64_t number_of(struct dp_daemon *d, struct dp_node hop, uint64_t number, uint64_t no)
{
    for (uint64_t n = number; n > 0 && number - n < MOVED_MAX; n--)
        if (is_at(d, hop, n, no))
            return n;
    return 0;
}

void dp_post_hop_sweep(struct dp_daemon *d, struct dp_peer *hop)
{
    const struct dp_lane_state *lane = &hop->s.lane[DP_LANE_BULK];
    uint64_t no = 0;
    struct dp_slice v;
    bool failed = false;
    while (next_row(d, 'J', hop->node, &no, &v)) {
        struct row_key k;
        struct dp_rd r = dp_rd_of(v);
        uint32_t epoch = dp_rd_u32(&r);
        uint64_t number = dp_rd_u64(&r);
        struct dp_node by = {.v = dp_rd_u64(&r)};
        if (epoch != lane->epoch_out) {
            struct dp_slice parcel = dp_arena_copy(&d->turn, dp_rd_take(&r, dp_rd_left(&r)), &failed);
            hop_row(d, hop, no, by, parcel);
        } else if ((number = number_of(d, hop->node, number, no)) <= lane->acked) {
            dp_db_del_key(&d->db, DP_T_POST, key_of(&k, 'J', hop->node, no));
            if (number > 0)
                dp_db_journal_del(&d->db, hop->node, DP_LANE_BULK, number);
            hop->row_dirty = true; /* that it has it is kept with that */
        } else {
            break; /* numbers rise */
        }
    }
}
