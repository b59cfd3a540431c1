/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed form of a case file, writing side. Version, subject, register body, facts in order,
 * checksum. Numbers are varints; what repeats (lives of nodes, offices, certificates) is
 * written once and then named by its place in a small dictionary that both sides fill alike.
 * The reading side is unpack.c; fields stand in the same order in both.
 */
#include "case/pack.h"

#include <string.h>

#include "case/refs.h"

/* Longest fact: every field present and every dictionary missed. */
#define FACT_BYTES_MAX 640
#define HEAD_BYTES_MAX 832

uint64_t dp_casefile_sum(struct dp_slice s)
{
    uint64_t h = s.len * UINT64_C(0x9e3779b97f4a7c15) + 1;
    uint64_t word;
    size_t i = 0;

    for (; i + sizeof(word) <= s.len; i += sizeof(word)) {
        memcpy(&word, s.p + i, sizeof(word));
        h = (h ^ word) * UINT64_C(0xd6e8feb86659fd93);
        h ^= h >> 32;
    }
    for (; i < s.len; i++) {
        h = (h ^ s.p[i]) * UINT64_C(0xd6e8feb86659fd93);
        h ^= h >> 32;
    }
    return h;
}

/* ---- dictionaries ---- */

static void put_life(struct dp_wr *w, struct dp_pack_dict *d, const struct dp_name *n)
{
    struct dp_pack_life *life = &d->lives[d->life_count];

    for (uint32_t i = 0; i < d->life_count; i++) {
        if (d->lives[i].origin.v == n->origin.v && d->lives[i].inc == n->inc) {
            dp_wr_varint(w, i + 1);
            return;
        }
    }
    dp_wr_varint(w, 0);
    dp_wr_varint(w, n->origin.v);
    dp_wr_u32(w, n->inc);
    if (d->life_count < DP_PACK_DICT)
        *life = (struct dp_pack_life){n->origin, n->inc}, d->life_count++;
}

static void put_name(struct dp_wr *w, struct dp_pack_dict *d, const struct dp_name *n)
{
    put_life(w, d, n);
    dp_wr_varint(w, n->seq);
}

static void put_office(struct dp_wr *w, struct dp_pack_dict *d, const struct dp_office *o)
{
    size_t len = strnlen(o->slug, DP_SLUG_MAX);

    for (uint32_t i = 0; i < d->office_count; i++) {
        if (dp_office_eq(&d->offices[i], o)) {
            dp_wr_varint(w, i + 1);
            return;
        }
    }
    dp_wr_varint(w, 0);
    dp_wr_varint(w, o->node.v);
    dp_wr_u8(w, (uint8_t)len);
    dp_wr_bytes(w, o->slug, len);
    if (d->office_count < DP_PACK_DICT)
        d->offices[d->office_count++] = *o;
}

static bool same_cert(const struct dp_origin *a, const struct dp_origin *b)
{
    return a->node.v == b->node.v && a->parent.v == b->parent.v && a->tier == b->tier && a->roles == b->roles;
}

static void put_cert(struct dp_wr *w, struct dp_pack_dict *d, const struct dp_origin *o)
{
    for (uint32_t i = 0; i < d->cert_count; i++) {
        if (same_cert(&d->certs[i], o)) {
            dp_wr_varint(w, i + 1);
            return;
        }
    }
    dp_wr_varint(w, 0);
    dp_wr_varint(w, o->node.v);
    dp_wr_varint(w, o->parent.v);
    dp_wr_u8(w, o->tier);
    dp_wr_u8(w, o->roles);
    if (d->cert_count < DP_PACK_DICT)
        d->certs[d->cert_count++] = *o;
}

static void put_signed(struct dp_wr *w, int64_t v)
{
    uint64_t u = (uint64_t)v;

    dp_wr_varint(w, u << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static void put_text(struct dp_wr *w, const char *s, size_t max)
{
    size_t len = strnlen(s, max);

    dp_wr_u8(w, (uint8_t)len);
    dp_wr_bytes(w, s, len);
}

static void put_digest(struct dp_wr *w, const struct dp_digest *g)
{
    dp_wr_bytes(w, g->b, sizeof(g->b));
}

/* ---- body ---- */

/* Which fields of the body say anything. */
static uint32_t body_fields(const struct dp_body *b)
{
    uint32_t has = 0;

    has |= dp_office_is_none(&b->to) && b->to.slug[0] == '\0' ? 0 : DP_PACK_TO;
    has |= b->due.day != 0 ? DP_PACK_DUE : 0u;
    has |= b->date.day != 0 ? DP_PACK_DATE : 0u;
    has |= b->code != 0 ? DP_PACK_CODE : 0u;
    has |= b->code2 != 0 ? DP_PACK_CODE2 : 0u;
    has |= b->code3 != 0 ? DP_PACK_CODE3 : 0u;
    has |= b->days != 0 ? DP_PACK_DAYS : 0u;
    has |= b->index != 0 ? DP_PACK_INDEX : 0u;
    has |= dp_name_is_none(&b->other) ? 0u : DP_PACK_OTHER;
    has |= dp_name_is_none(&b->profile) ? 0u : DP_PACK_PROFILE;
    has |= dp_name_is_none(&b->calendar) ? 0u : DP_PACK_CALENDAR;
    has |= b->not_before_ms != 0 || b->not_after_ms != 0 ? DP_PACK_BOUNDS : 0u;
    has |= b->size != 0 ? DP_PACK_SIZE : 0u;
    has |= dp_digest_is_zero(&b->digest) ? 0u : DP_PACK_DIGEST;
    has |= b->node.v != 0 ? DP_PACK_NODE : 0u;
    has |= b->number != 0 ? DP_PACK_NUMBER : 0u;
    has |= b->flag ? DP_PACK_FLAG : 0u;
    has |= b->label[0] != '\0' ? DP_PACK_LABEL : 0u;
    return has;
}

static void put_codes(struct dp_wr *w, const struct dp_body *b, uint32_t has)
{
    if (has & DP_PACK_DUE)
        put_signed(w, b->due.day);
    if (has & DP_PACK_DATE)
        put_signed(w, b->date.day);
    if (has & DP_PACK_CODE)
        dp_wr_varint(w, b->code);
    if (has & DP_PACK_CODE2)
        dp_wr_varint(w, b->code2);
    if (has & DP_PACK_CODE3)
        dp_wr_varint(w, b->code3);
    if (has & DP_PACK_DAYS)
        dp_wr_varint(w, b->days);
    if (has & DP_PACK_INDEX)
        dp_wr_varint(w, b->index);
}

static void put_rest(struct dp_wr *w, const struct dp_body *b, uint32_t has)
{
    if (has & DP_PACK_BOUNDS) {
        put_signed(w, b->not_before_ms);
        put_signed(w, b->not_after_ms);
    }
    if (has & DP_PACK_SIZE)
        dp_wr_varint(w, b->size);
    if (has & DP_PACK_DIGEST)
        put_digest(w, &b->digest);
    if (has & DP_PACK_NODE)
        dp_wr_varint(w, b->node.v);
    if (has & DP_PACK_NUMBER)
        dp_wr_varint(w, b->number);
    if (has & DP_PACK_LABEL)
        put_text(w, b->label, sizeof(b->label) - 1);
}

static void put_body(struct dp_wr *w, struct dp_pack_dict *d, const struct dp_body *b)
{
    uint32_t has = body_fields(b);

    dp_wr_varint(w, has);
    if (has & DP_PACK_TO)
        put_office(w, d, &b->to);
    put_codes(w, b, has);
    if (has & DP_PACK_OTHER)
        put_name(w, d, &b->other);
    if (has & DP_PACK_PROFILE)
        put_name(w, d, &b->profile);
    if (has & DP_PACK_CALENDAR)
        put_name(w, d, &b->calendar);
    put_rest(w, b, has);
}

/* ---- facts ---- */

/* A reference: nothing, an index, or a name that is not in the file. */
static void put_ref(struct dp_wr *w, struct dp_pack_dict *d, uint32_t ref, const struct dp_name *n)
{
    if (dp_name_is_none(n)) {
        dp_wr_varint(w, 0);
    } else if (ref != DP_FACT_NONE) {
        dp_wr_varint(w, 2 + (uint64_t)ref);
    } else {
        dp_wr_varint(w, 1);
        put_name(w, d, n);
    }
}

static void put_fact(struct dp_wr *w, struct dp_pack_dict *d, const struct dp_fact *x,
                     const struct dp_entry *before)
{
    const struct dp_entry *e = &x->e;

    dp_wr_u8(w, (uint8_t)(x->verdict | x->foreign << 2 | e->critical << 5 | e->at_synced << 6));
    if (x->verdict == DP_VOIDED)
        dp_wr_u8(w, x->reason);
    dp_wr_u8(w, e->kind);
    dp_wr_u8(w, e->rules);
    put_name(w, d, &e->name);
    put_cert(w, d, &x->from);
    put_office(w, d, &e->office);
    dp_wr_varint(w, e->officer);
    dp_wr_varint(w, e->step - before->step);
    put_signed(w, (int64_t)((uint64_t)e->at_ms - (uint64_t)before->at_ms));
    put_signed(w, (int64_t)e->receipt.day);
    put_ref(w, d, x->prev, &e->prev);
    put_ref(w, d, x->custody, &e->custody);
    put_ref(w, d, x->re, &e->re);
    dp_wr_u8(w, (uint8_t)(e->part_count | (dp_digest_is_zero(&e->parts_root) ? 0 : DP_PACK_ROOT)));
    if (!dp_digest_is_zero(&e->parts_root))
        put_digest(w, &e->parts_root);
    put_body(w, d, &e->body);
}

static void put_reg(struct dp_wr *w, struct dp_pack_dict *d, const struct dp_reg *r)
{
    put_text(w, r->number.text, sizeof(r->number.text) - 1);
    dp_wr_u8(w, (uint8_t)r->channel);
    dp_wr_u8(w, r->origin);
    dp_wr_u8(w, r->purpose);
    dp_wr_varint(w, r->category);
    dp_wr_varint(w, r->flags);
    dp_wr_varint(w, r->headcount);
    dp_wr_varint(w, r->involved);
    dp_wr_varint(w, r->residence_div.v);
    dp_wr_varint(w, r->problem_div.v);
    dp_wr_u8(w, r->respondent_count);
    for (uint32_t i = 0; i < r->respondent_count && i < DP_RESPONDENTS_MAX; i++)
        put_office(w, d, &r->respondents[i]);
    put_signed(w, r->petition_date.day);
    put_name(w, d, &r->profile);
    put_name(w, d, &r->calendar);
    put_text(w, r->source_system, sizeof(r->source_system) - 1);
    put_text(w, r->source_no, sizeof(r->source_no) - 1);
    put_text(w, r->national_no, sizeof(r->national_no) - 1);
    put_name(w, d, &r->split_from);
    put_digest(w, &r->query_hash);
    put_office(w, d, &r->first_office);
}

/* Room for `max` more bytes at the end of `out`. */
static enum dp_err open_end(struct dp_buf *out, size_t max, struct dp_wr *w)
{
    enum dp_err err = dp_buf_reserve(out, max);

    if (err == DP_OK)
        *w = dp_wr_of(out->p + out->len, max);
    return err;
}

static enum dp_err close_end(struct dp_buf *out, const struct dp_wr *w)
{
    if (w->err != DP_OK)
        return DP_INTERNAL; /* FACT_BYTES_MAX is wrong */
    out->len += w->len;
    return DP_OK;
}

static enum dp_err pack_head(const struct dp_casefile *f, struct dp_pack_dict *d, struct dp_buf *out)
{
    uint8_t subject[DP_SUBJECT_BYTES];
    struct dp_wr w;
    enum dp_err err = open_end(out, HEAD_BYTES_MAX, &w);

    if (err != DP_OK)
        return err;
    dp_subject_put(&f->subject, subject);
    dp_wr_u8(&w, DP_PACK_VERSION);
    dp_wr_bytes(&w, subject, sizeof(subject));
    dp_wr_varint(&w, f->count);
    dp_wr_u8(&w, f->has_reg);
    if (f->has_reg)
        put_reg(&w, d, &f->reg);
    return close_end(out, &w);
}

static enum dp_err pack_fact(const struct dp_casefile *f, uint32_t i, struct dp_pack_dict *d,
                             struct dp_buf *out)
{
    static const struct dp_entry nothing;
    struct dp_wr w;
    enum dp_err err = open_end(out, FACT_BYTES_MAX, &w);

    if (err != DP_OK)
        return err;
    put_fact(&w, d, &f->facts[i], i > 0 ? &f->facts[i - 1].e : &nothing);
    return close_end(out, &w);
}

enum dp_err dp_casefile_pack(const struct dp_casefile *f, struct dp_buf *out)
{
    struct dp_pack_dict d;
    size_t start = out->len;
    struct dp_wr w;
    enum dp_err err;

    dp_pack_dict_init(&d);
    err = pack_head(f, &d, out);
    for (uint32_t i = 0; i < f->count && err == DP_OK; i++)
        err = pack_fact(f, i, &d, out);
    if (err == DP_OK)
        err = open_end(out, sizeof(uint64_t), &w);
    if (err != DP_OK) {
        out->len = start;
        return err;
    }
    dp_wr_u64(&w, dp_casefile_sum(dp_slice_of(out->p + start, out->len - start)));
    return close_end(out, &w);
}
