/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks, parts, parcels and frames around the entries of sample.c. */
#include "support/sample.h"

#include <stdio.h>
#include <string.h>

static void fill(void *ctx, void *p, size_t len)
{
    dp_rng_fill(ctx, p, len);
}

struct dp_random sample_random(struct dp_rng *r)
{
    return (struct dp_random){fill, r};
}

/* ---- blocks ---- */

static void seal_fill(struct dp_rng *r, const struct dp_suite *suite, struct dp_key *sign_seed,
                      struct dp_seal *in)
{
    struct dp_name n = sample_name(r);

    memset(in, 0, sizeof(*in));
    dp_rng_fill(r, sign_seed->b, sizeof(sign_seed->b));
    dp_rng_fill(r, in->secret, sizeof(in->secret));
    dp_rng_fill(r, in->cert.b, sizeof(in->cert.b));
    in->suite = suite;
    in->sign_seed = sign_seed;
    in->origin = n.origin;
    in->inc = n.inc;
    in->first = dp_rng_chance(r, 1, 4);
    in->number = in->first ? 1 : 2 + dp_rng_below(r, 9000);
    in->first_seq = in->first ? 1 : in->number + dp_rng_below(r, 90000);
    if (!in->first)
        dp_rng_fill(r, in->prev.b, sizeof(in->prev.b));
    in->zstd_level = 3;
}

enum dp_err sample_block(struct dp_rng *r, const struct dp_suite *suite, uint16_t n, struct dp_arena *a,
                         struct dp_buf *out, struct dp_header *h)
{
    struct dp_slice *entries = DP_NEW_ARRAY(a, struct dp_slice, n);
    struct dp_key sign_seed;
    struct dp_seal in;
    struct dp_buf one;

    seal_fill(r, suite, &sign_seed, &in);
    dp_buf_init(&one, 1 << 16);
    for (uint16_t i = 0; i < n && entries != NULL; i++) {
        struct dp_name name = {in.origin, in.inc, in.first_seq + i};
        bool failed = false;
        dp_buf_reset(&one);
        entries[i] = dp_arena_copy(a, sample_bytes(r, &name, &one), &failed);
    }
    dp_buf_fini(&one);
    return entries != NULL ? dp_block_seal(&in, entries, n, a, out, h) : DP_NOMEM;
}

/* ---- parts and parcels ---- */

static const char *pick(struct dp_rng *r, const char *const *list, size_t n)
{
    return list[dp_rng_below(r, n)];
}
#define PICK(r, list) pick((r), (list), sizeof(list) / sizeof((list)[0]))

static void fill_petitioner(struct dp_rng *r, struct dp_petitioner *p)
{
    static const char *const names[] = {"陈某甲", "许某乙", "Ye Bing", "庞某丁"};
    static const char *const phones[] = {"13900000001", "0576-83900000", NULL};
    static const char *const addresses[] = {"平桥镇下庞村 12 号", "赤城街道妙山社区", NULL};
    static const char *const notes[] = {"written consent of 2026-02-13", NULL};

    p->name = PICK(r, names);
    p->id_no = dp_rng_chance(r, 1, 2) ? "331023196001011234" : NULL;
    p->phone = PICK(r, phones);
    p->address = PICK(r, addresses);
    p->proxy_note = PICK(r, notes);
    p->id_type = (uint32_t)dp_rng_below(r, 5);
    p->gender = (uint32_t)dp_rng_below(r, 3);
    p->address_div = dp_node_div(sample_node(r));
    p->birth.day = (int32_t)dp_rng_below(r, 30000) - 15000;
    p->anonymous = dp_rng_chance(r, 1, 10);
}

void sample_part_text(struct dp_rng *r, uint8_t kind, struct dp_part_text *out)
{
    static const char *const texts[] = {
        "the drain behind the market is blocked since the flood",
        "征地补偿款至今未发放, 请核实处理。\n附村委会证明一份。",
        "request: pay the wages of March to May\n\tsee list",
    };

    memset(out, 0, sizeof(*out));
    out->kind = kind;
    if (kind == DP_PART_PETITIONERS) {
        out->petitioner_count = (uint8_t)(1 + dp_rng_below(r, DP_PETITIONERS_MAX));
        for (size_t i = 0; i < out->petitioner_count; i++)
            fill_petitioner(r, &out->petitioners[i]);
        out->petitioners[0].main = true;
    } else if (kind == DP_PART_RESPONDENT) {
        out->respondent_name = "周某";
        out->respondent_org = dp_rng_chance(r, 1, 2) ? "平桥镇水管站" : NULL;
        out->respondent_rank = dp_rng_chance(r, 1, 2) ? "station head" : NULL;
    } else if (kind == DP_PART_CONTENT) {
        out->title = "补偿款";
        out->summary = PICK(r, texts);
        out->content = PICK(r, texts);
        out->demand = PICK(r, texts);
    } else if (kind == DP_PART_TEXT) {
        out->text = PICK(r, texts);
    } else {
        dp_rng_fill(r, out->key.b, sizeof(out->key.b));
        out->file_name = "证明.pdf";
    }
}

static enum dp_err seal_one(struct dp_rng *r, struct dp_sealer *sealer, struct dp_arena *a,
                            struct dp_content *c, uint8_t i)
{
    const struct dp_random rnd = sample_random(r);
    struct dp_part_text text;
    struct dp_buf plain;
    struct dp_key key;
    enum dp_err e;

    sample_part_text(r, (uint8_t)(1 + dp_rng_below(r, DP_PART_KEY)), &text);
    dp_buf_init(&plain, DP_PART_PLAIN_MAX);
    e = dp_part_text_encode(&text, &plain);
    if (e == DP_OK)
        e = dp_part_seal(sealer->suite, &rnd, text.kind, i, dp_buf_slice(&plain), a, &c->parts[i], &key);
    if (e == DP_OK) {
        dp_part_leaf(sealer->suite, &c->parts[i], &c->leaves[i]);
        e = dp_grant_seal(sealer, &c->entry, i, &key, &c->grants[i]);
    }
    dp_buf_fini(&plain);
    return e;
}

enum dp_err sample_content(struct dp_rng *r, struct dp_sealer *sealer, struct dp_arena *a,
                           struct dp_content *out)
{
    uint8_t n = (uint8_t)(1 + dp_rng_below(r, 4));
    enum dp_err e = DP_OK;

    memset(out, 0, sizeof(*out));
    out->entry = sample_name(r);
    for (uint8_t i = 0; i < n && e == DP_OK; i++)
        e = seal_one(r, sealer, a, out, i);
    out->leaf_count = out->part_count = out->grant_count = n;
    return e;
}

/* ---- frames ---- */

static struct dp_head head(struct dp_rng *r)
{
    struct dp_head h = {.inc = (uint32_t)dp_rng_u64(r)};

    h.number = dp_rng_below(r, 5000);
    dp_rng_fill(r, h.digest.b, sizeof(h.digest.b));
    return h;
}

static void fill_hello(struct dp_rng *r, struct dp_hello *h)
{
    h->version_max = DP_LINK_VERSION;
    h->version_min = DP_LINK_VERSION_MIN;
    h->rules = DP_RULES_VERSION;
    h->flags = (uint8_t)dp_rng_below(r, 4);
    h->program = 0x000100;
    h->node = sample_node(r);
    h->inc = (uint32_t)dp_rng_u64(r);
    dp_rng_fill(r, h->nonce, sizeof(h->nonce));
    h->clock_ms = INT64_C(1770000000000) + (int64_t)dp_rng_below(r, 1000000000);
    dp_rng_fill(r, h->cert.b, sizeof(h->cert.b));
    h->head = head(r);
    h->yours = head(r);
    for (size_t i = 0; i < DP_LANES; i++) {
        h->lane[i].my_epoch = (uint32_t)dp_rng_u64(r);
        h->lane[i].my_last = dp_rng_below(r, 100000);
        h->lane[i].your_epoch = (uint32_t)dp_rng_u64(r);
        h->lane[i].your_durable = dp_rng_below(r, 100000);
    }
}

/* Rows of which each key is above the one before. */
static void fill_list(struct dp_rng *r, struct dp_list_frame *f, struct dp_buf *body)
{
    const size_t before = body->len;
    const uint32_t rows = (uint32_t)dp_rng_below(r, 12);

    f->part = (uint8_t)(DP_LIST_CERTS + dp_rng_below(r, DP_LIST_PARCELS));
    f->gen = 1 + (uint32_t)dp_rng_below(r, 9);
    f->through = dp_list_key_end();
    for (uint32_t i = 0; i < rows; i++) {
        struct dp_list_row row = {.count = dp_rng_below(r, 1000)};
        dp_rng_fill(r, row.key.b, dp_list_row_bytes(f->part) < 32 ? 12 : DP_SUBJECT_BYTES);
        row.key.b[0] = (uint8_t)(1 + i);
        if (f->part == DP_LIST_CHAINS)
            memset(row.key.b + 12, 0, sizeof(row.key.b) - 12);
        dp_rng_fill(r, row.digest, sizeof(row.digest));
        (void)!dp_list_row_put(f->part, &row, body);
    }
    f->rows = dp_slice_of(body->p + before, body->len - before);
}

static void fill_item(struct dp_rng *r, struct dp_item_frame *f, struct dp_buf *body)
{
    const size_t before = body->len;
    struct dp_name name = sample_name(r);

    f->lane = (uint8_t)dp_rng_below(r, DP_LANES);
    f->kind = (uint8_t)(1 + dp_rng_below(r, DP_ITEM_CHUNK));
    f->epoch = (uint32_t)dp_rng_u64(r);
    f->number = 1 + dp_rng_below(r, 100000);
    (void)sample_bytes(r, &name, body);
    f->body = dp_slice_of(body->p + before, body->len - before);
    f->total = (uint32_t)f->body.len;
}

static void fill_ack(struct dp_rng *r, struct dp_ack_frame *f)
{
    f->lanes = (uint8_t)(1 + dp_rng_below(r, (1 << DP_LANES) - 1));
    for (size_t i = 0; i < DP_LANES; i++) {
        if (f->lanes >> i & 1) {
            f->lane[i].epoch = (uint32_t)dp_rng_u64(r);
            f->lane[i].durable = dp_rng_below(r, 100000);
        }
    }
}

static void fill_proof(struct dp_rng *r, struct dp_proof_frame *f, struct dp_buf *body)
{
    const size_t before = body->len;
    uint8_t header[DP_HEADER_BYTES];

    dp_rng_fill(r, header, sizeof(header));
    (void)!dp_buf_put(body, header, sizeof(header));
    f->header = dp_slice_of(body->p + before, body->len - before);
}

struct dp_frame sample_frame(struct dp_rng *r, uint8_t type, struct dp_buf *body)
{
    struct dp_frame f = {.type = type};

    switch ((enum dp_frame_type)type) {
    case DP_FRAME_HELLO:
        fill_hello(r, &f.u.hello);
        break;
    case DP_FRAME_ITEM:
        fill_item(r, &f.u.item, body);
        break;
    case DP_FRAME_ACK:
        fill_ack(r, &f.u.ack);
        break;
    case DP_FRAME_REFUSED:
        f.u.refused.lane = (uint8_t)dp_rng_below(r, DP_LANES);
        f.u.refused.epoch = (uint32_t)dp_rng_u64(r);
        f.u.refused.number = 1 + dp_rng_below(r, 100000);
        f.u.refused.code = (uint16_t)(1 + dp_rng_below(r, 31));
        break;
    case DP_FRAME_BYE:
        f.u.bye.reason = (uint16_t)dp_rng_below(r, 12);
        f.u.bye.node = f.u.bye.reason == DP_STOP_WRONG_PARENT ? sample_node(r) : (struct dp_node){0};
        break;
    case DP_FRAME_KEEP:
        f.u.keep = (uint8_t)dp_rng_below(r, 2);
        break;
    case DP_FRAME_ASK:
        f.u.ask.part = (uint8_t)(DP_LIST_CERTS + dp_rng_below(r, DP_LIST_PARCELS));
        f.u.ask.gen = 1 + (uint32_t)dp_rng_below(r, 9);
        dp_rng_fill(r, f.u.ask.after.b, sizeof(f.u.ask.after.b));
        break;
    case DP_FRAME_LIST:
        fill_list(r, &f.u.list, body);
        break;
    case DP_FRAME_PROVE:
        break;
    case DP_FRAME_PROOF:
        fill_proof(r, &f.u.proof, body);
        break;
    }
    return f;
}
