/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames (proto/link.md). Reserved bytes are zero and lengths exact, so that a byte can get a meaning later
 * without an older node reading it as something else.
 */
#include "wire/link.h"

#include <string.h>

#include "wire/block.h"

#define HELLO_RESERVED 51
#define HELLO_FLAGS 3
#define KEEP_FLAGS 1

static const uint8_t zeros[HELLO_RESERVED];

/* ---- hello (R-HEL-1) ---- */

static void head_put(struct dp_wr *w, const struct dp_head *h)
{
    dp_wr_u32(w, h->inc);
    dp_wr_u64(w, h->number);
    dp_wr_bytes(w, h->digest.b, sizeof(h->digest.b));
}

static void head_get(struct dp_rd *r, struct dp_head *h)
{
    h->inc = dp_rd_u32(r);
    h->number = dp_rd_u64(r);
    dp_rd_copy(r, h->digest.b, sizeof(h->digest.b));
}

static void hello_put(struct dp_wr *w, const struct dp_hello *h)
{
    dp_wr_u8(w, h->version_max);
    dp_wr_u8(w, h->version_min);
    dp_wr_u8(w, h->rules);
    dp_wr_u8(w, h->flags);
    dp_wr_u32(w, h->program);
    dp_wr_u64(w, h->node.v);
    dp_wr_u32(w, h->inc);
    dp_wr_bytes(w, h->nonce, sizeof(h->nonce));
    dp_wr_u64(w, (uint64_t)h->clock_ms);
    dp_wr_bytes(w, h->cert.b, sizeof(h->cert.b));
    head_put(w, &h->head);
    head_put(w, &h->yours);
    for (size_t i = 0; i < DP_LANES; i++) {
        dp_wr_u32(w, h->lane[i].my_epoch);
        dp_wr_u64(w, h->lane[i].my_last);
        dp_wr_u32(w, h->lane[i].your_epoch);
        dp_wr_u64(w, h->lane[i].your_durable);
    }
    dp_wr_u32(w, h->my_gen);
    dp_wr_u32(w, h->your_gen);
    dp_wr_bytes(w, zeros, HELLO_RESERVED);
}

static bool hello_ok(const struct dp_hello *h)
{
    return h->version_min >= 1 && h->version_min <= h->version_max && (h->flags & ~HELLO_FLAGS) == 0 &&
           h->clock_ms >= 0;
}

static bool hello_get(struct dp_rd *r, struct dp_hello *h)
{
    h->version_max = dp_rd_u8(r);
    h->version_min = dp_rd_u8(r);
    h->rules = dp_rd_u8(r);
    h->flags = dp_rd_u8(r);
    h->program = dp_rd_u32(r);
    h->node.v = dp_rd_u64(r);
    h->inc = dp_rd_u32(r);
    dp_rd_copy(r, h->nonce, sizeof(h->nonce));
    h->clock_ms = (int64_t)dp_rd_u64(r);
    dp_rd_copy(r, h->cert.b, sizeof(h->cert.b));
    head_get(r, &h->head);
    head_get(r, &h->yours);
    for (size_t i = 0; i < DP_LANES; i++) {
        h->lane[i].my_epoch = dp_rd_u32(r);
        h->lane[i].my_last = dp_rd_u64(r);
        h->lane[i].your_epoch = dp_rd_u32(r);
        h->lane[i].your_durable = dp_rd_u64(r);
    }
    h->my_gen = dp_rd_u32(r);
    h->your_gen = dp_rd_u32(r);
    return dp_slice_eq(dp_rd_take(r, HELLO_RESERVED), dp_slice_of(zeros, HELLO_RESERVED)) && hello_ok(h);
}

/* ---- items ---- */

static bool item_ok(const struct dp_item_frame *f)
{
    return f->lane < DP_LANES && f->number > 0 && f->body.len > 0 && f->body.len <= DP_FRAME_MAX &&
           f->offset <= f->total && f->body.len <= f->total - f->offset;
}

static void item_put(struct dp_wr *w, const struct dp_item_frame *f)
{
    dp_wr_u8(w, f->lane);
    dp_wr_u8(w, f->kind);
    dp_wr_u8(w, 0);
    dp_wr_u32(w, f->epoch);
    dp_wr_u64(w, f->number);
    dp_wr_u32(w, f->offset);
    dp_wr_u32(w, f->total);
}

static bool item_get(struct dp_rd *r, struct dp_item_frame *f)
{
    uint8_t reserved;

    f->lane = dp_rd_u8(r);
    f->kind = dp_rd_u8(r);
    reserved = dp_rd_u8(r);
    f->epoch = dp_rd_u32(r);
    f->number = dp_rd_u64(r);
    f->offset = dp_rd_u32(r);
    f->total = dp_rd_u32(r);
    f->body = dp_rd_take(r, dp_rd_left(r));
    return reserved == 0 && item_ok(f);
}

/* ---- answers and the rest ---- */

static bool ack_ok(const struct dp_ack_frame *f)
{
    return f->lanes > 0 && f->lanes < 1 << DP_LANES;
}

static void ack_put(struct dp_wr *w, const struct dp_ack_frame *f)
{
    dp_wr_u8(w, f->lanes);
    for (size_t i = 0; i < DP_LANES; i++) {
        if (f->lanes >> i & 1) {
            dp_wr_u32(w, f->lane[i].epoch);
            dp_wr_u64(w, f->lane[i].durable);
        }
    }
}

static bool ack_get(struct dp_rd *r, struct dp_ack_frame *f)
{
    f->lanes = dp_rd_u8(r);
    for (size_t i = 0; i < DP_LANES; i++) {
        if (f->lanes >> i & 1) {
            f->lane[i].epoch = dp_rd_u32(r);
            f->lane[i].durable = dp_rd_u64(r);
        }
    }
    return ack_ok(f);
}

static bool refused_ok(const struct dp_refused_frame *f)
{
    return f->lane < DP_LANES && f->number > 0 && f->code != DP_OK;
}

static void refused_put(struct dp_wr *w, const struct dp_refused_frame *f)
{
    dp_wr_u8(w, f->lane);
    dp_wr_u16(w, f->code);
    dp_wr_u32(w, f->epoch);
    dp_wr_u64(w, f->number);
}

static bool refused_get(struct dp_rd *r, struct dp_refused_frame *f)
{
    f->lane = dp_rd_u8(r);
    f->code = dp_rd_u16(r);
    f->epoch = dp_rd_u32(r);
    f->number = dp_rd_u64(r);
    return refused_ok(f);
}

static void bye_put(struct dp_wr *w, const struct dp_bye_frame *f)
{
    dp_wr_u8(w, 0);
    dp_wr_u16(w, f->reason);
    dp_wr_u64(w, f->node.v);
}

static bool bye_get(struct dp_rd *r, struct dp_bye_frame *f)
{
    uint8_t reserved = dp_rd_u8(r);

    f->reason = dp_rd_u16(r);
    f->node.v = dp_rd_u64(r);
    return reserved == 0;
}

static bool keep_get(struct dp_rd *r, uint8_t *keep)
{
    *keep = dp_rd_u8(r);
    return (*keep & ~KEEP_FLAGS) == 0;
}

/* ---- lists (R-RSD-3) ---- */

static bool ask_ok(const struct dp_ask_frame *f)
{
    return dp_list_row_bytes(f->part) != 0;
}

static void ask_put(struct dp_wr *w, const struct dp_ask_frame *f)
{
    dp_wr_u8(w, f->part);
    dp_wr_u16(w, 0);
    dp_wr_u32(w, f->gen);
    dp_wr_bytes(w, f->after.b, sizeof(f->after.b));
}

static bool ask_get(struct dp_rd *r, struct dp_ask_frame *f)
{
    uint16_t reserved;

    f->part = dp_rd_u8(r);
    reserved = dp_rd_u16(r);
    f->gen = dp_rd_u32(r);
    dp_rd_copy(r, f->after.b, sizeof(f->after.b));
    return reserved == 0 && ask_ok(f);
}

static void list_put(struct dp_wr *w, const struct dp_list_frame *f)
{
    dp_wr_u8(w, f->part);
    dp_wr_u16(w, 0);
    dp_wr_u32(w, f->gen);
    dp_wr_bytes(w, f->after.b, sizeof(f->after.b));
    dp_wr_bytes(w, f->through.b, sizeof(f->through.b));
}

static bool list_get(struct dp_rd *r, struct dp_list_frame *f)
{
    uint16_t reserved;

    f->part = dp_rd_u8(r);
    reserved = dp_rd_u16(r);
    f->gen = dp_rd_u32(r);
    dp_rd_copy(r, f->after.b, sizeof(f->after.b));
    dp_rd_copy(r, f->through.b, sizeof(f->through.b));
    f->rows = dp_rd_take(r, dp_rd_left(r));
    return reserved == 0 && r->err == DP_OK && dp_list_frame_ok(f);
}

/* ---- proofs (R-HEL-6) ---- */

static bool prove_get(struct dp_rd *r)
{
    return dp_rd_u8(r) == 0;
}

static bool proof_ok(const struct dp_proof_frame *f)
{
    return f->header.len == 0 || f->header.len == DP_HEADER_BYTES;
}

static bool proof_get(struct dp_rd *r, struct dp_proof_frame *f)
{
    uint8_t reserved = dp_rd_u8(r);

    f->header = dp_rd_take(r, dp_rd_left(r));
    return reserved == 0 && proof_ok(f);
}

/* ---- frames ---- */

static bool body_get(struct dp_rd *r, struct dp_frame *f)
{
    switch ((enum dp_frame_type)f->type) {
    case DP_FRAME_HELLO:
        return hello_get(r, &f->u.hello);
    case DP_FRAME_ITEM:
        return item_get(r, &f->u.item);
    case DP_FRAME_ACK:
        return ack_get(r, &f->u.ack);
    case DP_FRAME_REFUSED:
        return refused_get(r, &f->u.refused);
    case DP_FRAME_BYE:
        return bye_get(r, &f->u.bye);
    case DP_FRAME_KEEP:
        return keep_get(r, &f->u.keep);
    case DP_FRAME_ASK:
        return ask_get(r, &f->u.ask);
    case DP_FRAME_LIST:
        return list_get(r, &f->u.list);
    case DP_FRAME_PROVE:
        return prove_get(r);
    case DP_FRAME_PROOF:
        return proof_get(r, &f->u.proof);
    }
    return false;
}

enum dp_err dp_frame_get(struct dp_slice s, struct dp_frame *out)
{
    struct dp_rd r = dp_rd_of(s);
    struct dp_frame f = {.type = dp_rd_u8(&r)};

    if (s.len > DP_FRAME_MAX)
        return DP_TOO_BIG;
    if (!body_get(&r, &f) || dp_rd_done(&r) != DP_OK)
        return DP_FORMAT;
    *out = f;
    return DP_OK;
}

/* False when the peer would refuse it. */
static bool body_put(struct dp_wr *w, const struct dp_frame *f)
{
    switch ((enum dp_frame_type)f->type) {
    case DP_FRAME_HELLO:
        hello_put(w, &f->u.hello);
        return hello_ok(&f->u.hello);
    case DP_FRAME_ITEM:
        item_put(w, &f->u.item);
        return item_ok(&f->u.item);
    case DP_FRAME_ACK:
        ack_put(w, &f->u.ack);
        return ack_ok(&f->u.ack);
    case DP_FRAME_REFUSED:
        refused_put(w, &f->u.refused);
        return refused_ok(&f->u.refused);
    case DP_FRAME_BYE:
        bye_put(w, &f->u.bye);
        return true;
    case DP_FRAME_KEEP:
        dp_wr_u8(w, f->u.keep);
        return (f->u.keep & ~KEEP_FLAGS) == 0;
    case DP_FRAME_ASK:
        ask_put(w, &f->u.ask);
        return ask_ok(&f->u.ask);
    case DP_FRAME_LIST:
        list_put(w, &f->u.list);
        return dp_list_frame_ok(&f->u.list);
    case DP_FRAME_PROVE:
        dp_wr_u8(w, 0);
        return true;
    case DP_FRAME_PROOF:
        dp_wr_u8(w, 0);
        return proof_ok(&f->u.proof);
    }
    return false;
}

/* What stands behind the fixed fields. */
static struct dp_slice tail_of(const struct dp_frame *f)
{
    if (f->type == DP_FRAME_ITEM)
        return f->u.item.body;
    if (f->type == DP_FRAME_PROOF)
        return f->u.proof.header;
    return f->type == DP_FRAME_LIST ? f->u.list.rows : dp_slice_of(NULL, 0);
}

enum dp_err dp_frame_put(const struct dp_frame *f, struct dp_buf *out)
{
    uint8_t fixed[DP_HELLO_BYTES];
    struct dp_wr w = dp_wr_of(fixed, sizeof(fixed));
    struct dp_slice body = tail_of(f);
    enum dp_err e;

    dp_wr_u8(&w, f->type);
    if (!body_put(&w, f) || w.err != DP_OK)
        return DP_RANGE;
    if (w.len + body.len > DP_FRAME_MAX)
        return DP_TOO_BIG;
    e = dp_buf_reserve(out, w.len + body.len);
    if (e == DP_OK)
        e = dp_buf_put(out, fixed, w.len);
    if (e == DP_OK)
        e = dp_buf_put(out, body.p, body.len);
    return e;
}
