/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that the fallen township signs: well formed, with entries and headers that may be lies. */
#include <string.h>

#include "session_lie.h"
#include "support/cmocka_all.h"
#include "wire/block.h"
#include "wire/entry.h"

#define DAY_MS INT64_C(86400000)

struct dp_name lie_any_name(const struct world *w, struct dp_rd *r, const struct dp_name *own)
{
    uint8_t i = dp_rd_u8(r);
    if (i >= 240)
        return (struct dp_name){own->origin, own->inc, own->seq - i % 4};
    return i == 0 ? (struct dp_name){0} : w->names[i % w->name_count];
}

static void lie_in_entry(const struct world *w, struct dp_rd *r, struct dp_entry *e)
{
    const struct cl_node *n = w->c->nodes[dp_rd_u8(r) % WORLD_NODES];
    switch (dp_rd_u8(r) % 17) {
    case 0:
        e->kind = dp_rd_u8(r) % 100;
        break;
    case 1:
        e->subject = (struct dp_subject){.type = DP_SUBJECT_CASE, .name = lie_any_name(w, r, &e->name)};
        break;
    case 2:
        e->subject = dp_subject_of_node(n->id);
        break;
    case 3:
        e->prev = lie_any_name(w, r, &e->name);
        break;
    case 4:
        e->custody = lie_any_name(w, r, &e->name);
        break;
    case 5:
        e->re = lie_any_name(w, r, &e->name);
        break;
    case 6:
        e->body.to = (struct dp_office){.node = n->id, .slug = "bureau"};
        break;
    case 7:
        e->step = dp_rd_u8(r);
        break;
    case 8:
        e->at_ms += (int64_t)(int8_t)dp_rd_u8(r) * DAY_MS;
        break;
    case 9:
        e->officer = dp_rd_u8(r);
        break;
    case 10:
        e->critical = !e->critical;
        break;
    case 11:
        e->receipt.day += (int8_t)dp_rd_u8(r);
        break;
    case 12:
        e->office = (struct dp_office){.node = n->id, .slug = "bureau"};
        break;
    case 13:
        e->body.code = dp_rd_u8(r);
        break;
    case 14:
        e->body.other = lie_any_name(w, r, &e->name);
        break;
    case 15:
        e->body.node = n->id;
        break;
    case 16:
        e->rules = dp_rd_u8(r);
        break;
    }
}

/* Bytes of the entry that will stand at `name`: one of the stock as it is, or with lies that still encode. */
static struct dp_slice make_entry(struct world *w, struct dp_rd *r, const struct dp_name *name)
{
    struct dp_slice bytes = lie_any(&w->entries, r)->bytes;
    struct dp_slice made = bytes;
    struct dp_entry e;
    struct dp_buf b;
    bool failed = false;
    unsigned lies = dp_rd_u8(r) % 5;
    if (lies == 0)
        return lie_changed(w, r, bytes);
    assert_ok(dp_entry_decode(bytes, name, &w->arena, &e));
    for (; lies > 0; lies--)
        lie_in_entry(w, r, &e);
    dp_buf_init(&b, DP_ENTRY_BYTES_MAX);
    if (dp_entry_encode(&e, &b) == DP_OK)
        made = dp_arena_copy(&w->arena, dp_buf_slice(&b), &failed);
    dp_buf_fini(&b);
    assert_false(failed);
    return made;
}

static void lie_in_header(const struct world *w, struct dp_rd *r, struct dp_seal *s)
{
    switch (dp_rd_u8(r) % 8) {
    case 0:
        s->number += dp_rd_u8(r);
        break;
    case 1:
        s->number -= dp_rd_u8(r) % s->number;
        break;
    case 2:
        s->first_seq += dp_rd_u8(r);
        break;
    case 3:
        s->prev.b[0] ^= dp_rd_u8(r);
        break;
    case 4:
        s->origin = w->c->nodes[dp_rd_u8(r) % WORLD_NODES]->id;
        break;
    case 5:
        s->inc ^= dp_rd_u8(r);
        break;
    case 6:
        s->first = !s->first;
        break;
    case 7:
        s->cert.b[0] ^= dp_rd_u8(r);
        break;
    }
}

static void go_on(struct puppet *p, const struct dp_header *h)
{
    dp_header_digest(p->seal.suite, h, &p->seal.prev);
    p->seal.number = h->number + 1;
    p->seal.first_seq = h->first_seq + h->count;
    p->hello.head = (struct dp_head){.inc = h->inc, .number = h->number, .digest = p->seal.prev};
}

void lie_send_block(struct world *w, struct dp_rd *r)
{
    struct dp_seal seal = w->now.seal;
    struct dp_slice entries[4];
    struct dp_header h;
    struct dp_buf out;
    bool lies = lie_one_in(r, 5);
    uint16_t n = (uint16_t)(1 + dp_rd_u8(r) % 4);
    for (uint16_t i = 0; i < n; i++) {
        struct dp_name name = {seal.origin, seal.inc, seal.first_seq + i};
        entries[i] = make_entry(w, r, &name);
    }
    if (lies)
        lie_in_header(w, r, &seal);
    dp_buf_init(&out, DP_FRAME_MAX);
    if (dp_block_seal(&seal, entries, n, &w->arena, &out, &h) == DP_OK) {
        if (!lies)
            go_on(&w->now, &h);
        lie_send_item(w, r, DP_LANE_CASES, DP_ITEM_BLOCK, dp_buf_slice(&out));
    }
    dp_buf_fini(&out);
}
