/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical bytes of a state (R-FLD-1): version, then every field in a fixed order, big-endian, with
 * names in place of indices. Only what follows from the entries: no parts, no arrival times.
 */
#include "case/fold.h"

#include <string.h>

#define CANONICAL_VERSION 1

/* Writer with a sticky error over the growing buffer. */
struct sink {
    const struct dp_casefile *f;
    struct dp_buf *out;
    enum dp_err err;
};

static void put(struct sink *k, const void *p, size_t len)
{
    if (k->err == DP_OK)
        k->err = dp_buf_put(k->out, p, len);
}

static void put_u8(struct sink *k, uint8_t v)
{
    put(k, &v, 1);
}

static void put_u32(struct sink *k, uint32_t v)
{
    uint8_t b[4];
    struct dp_wr w = dp_wr_of(b, sizeof(b));

    dp_wr_u32(&w, v);
    put(k, b, sizeof(b));
}

static void put_name(struct sink *k, const struct dp_name *n)
{
    uint8_t b[DP_NAME_BYTES];

    dp_name_put(n, b);
    put(k, b, sizeof(b));
}

/* Name of fact i; zeros for none. */
static void put_fact(struct sink *k, uint32_t i)
{
    static const struct dp_name none;

    put_name(k, i == DP_FACT_NONE ? &none : &k->f->facts[i].e.name);
}

static void put_office(struct sink *k, const struct dp_office *o)
{
    uint8_t b[8 + sizeof(o->slug)];
    struct dp_wr w = dp_wr_of(b, sizeof(b));

    dp_wr_u64(&w, o->node.v);
    dp_wr_bytes(&w, o->slug, sizeof(o->slug));
    put(k, b, sizeof(b));
}

static void put_facts(struct sink *k, const uint32_t *list, uint32_t count)
{
    put_u32(k, count);
    for (uint32_t i = 0; i < count; i++)
        put_fact(k, list[i]);
}

static void put_path(struct sink *k, const struct dp_state *s)
{
    put_u32(k, s->path_count);
    for (uint32_t i = 0; i < s->path_count; i++) {
        put_fact(k, s->path[i].opened);
        put_office(k, &s->path[i].holder);
        put_fact(k, s->path[i].offer);
    }
}

static void put_offers(struct sink *k, const struct dp_state *s)
{
    put_u32(k, s->offer_count);
    for (uint32_t i = 0; i < s->offer_count; i++) {
        const struct dp_offer_state *o = &s->offers[i];
        put_fact(k, o->offered);
        put_fact(k, o->arrived);
        put_fact(k, o->signed_);
        put_fact(k, o->accepted);
        put_fact(k, o->objected);
        put_fact(k, o->objection_answer);
        put_fact(k, o->withdrawn);
        put_fact(k, o->objection_arrived);
    }
    put_u32(k, s->open_offer);
}

static void put_orders(struct sink *k, const struct dp_state *s)
{
    put_u32(k, s->order_count);
    for (uint32_t i = 0; i < s->order_count; i++) {
        const struct dp_order *o = &s->orders[i];
        put_fact(k, o->issued);
        put_fact(k, o->arrived);
        put_fact(k, o->signed_);
        put_fact(k, o->answered);
        put_fact(k, o->answer_arrived);
        put_fact(k, o->lifted);
    }
}

static void put_steps(struct sink *k, const struct dp_state *s)
{
    put_fact(k, s->registered);
    put_fact(k, s->accepted);
    put_fact(k, s->extended);
    put_fact(k, s->opinion);
    put_fact(k, s->served);
    put_fact(k, s->guided);
    put_fact(k, s->duplicate);
    put_fact(k, s->closed);
    put_fact(k, s->evaluated);
    put_fact(k, s->reported);
    put_u32(k, (uint32_t)s->registered_on.day);
    put_u32(k, (uint32_t)s->accepted_on.day);
    put_u32(k, (uint32_t)s->offer_received_on.day);
    put_u32(k, (uint32_t)s->served_on.day);
}

static void put_lists(struct sink *k, const struct dp_state *s)
{
    put_u32(k, s->party_count);
    for (uint32_t i = 0; i < s->party_count; i++)
        put_office(k, &s->parties[i]);
    put_facts(k, s->superseded, s->superseded_count);
    put_facts(k, s->pending, s->pending_count);
    put_u32(k, s->voided_count);
    for (uint32_t i = 0; i < s->voided_count; i++) {
        put_fact(k, s->voided[i]);
        put_u8(k, k->f->facts[s->voided[i]].reason);
    }
}

enum dp_err dp_state_canonical(const struct dp_casefile *f, const struct dp_state *s, struct dp_buf *out)
{
    struct sink k = {.f = f, .out = out, .err = DP_OK};
    uint8_t subject[DP_SUBJECT_BYTES];

    dp_subject_put(&f->subject, subject);
    put_u8(&k, CANONICAL_VERSION);
    put_u8(&k, DP_RULES_VERSION);
    put(&k, subject, sizeof(subject));
    put_u8(&k, (uint8_t)s->status);
    put_u8(&k, (uint8_t)(s->is_errand | s->is_protected << 1 | s->loop_notice << 2));
    put_path(&k, s);
    put_offers(&k, s);
    put_orders(&k, s);
    put_steps(&k, s);
    put_lists(&k, s);
    return k.err;
}
