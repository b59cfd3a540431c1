/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed form of a case file, reading side (R-STO-5). The checksum finds damage; every number is checked
 * all the same, so that no bytes whatever make a file that the fold cannot walk.
 */
#include "case/pack.h"
#include "case/refs.h"

#include <string.h>

#define FACT_BYTES_MIN 16

/* Reader with the dictionaries; err is sticky. */
struct src {
    struct dp_rd r;
    struct dp_pack_dict d;
    bool bad;
};

static uint64_t get_max(struct src *s, uint64_t max)
{
    uint64_t v = dp_rd_varint(&s->r);

    if (v > max) {
        s->bad = true;
        return 0;
    }
    return v;
}

static uint32_t get_u32(struct src *s)
{
    return (uint32_t)get_max(s, UINT32_MAX);
}

static uint8_t get_u8_max(struct src *s, uint8_t max)
{
    uint8_t v = dp_rd_u8(&s->r);

    if (v > max)
        s->bad = true;
    return v > max ? 0 : v;
}

static int64_t get_signed(struct src *s)
{
    uint64_t u = dp_rd_varint(&s->r);

    return (int64_t)(u >> 1 ^ (0 - (u & 1)));
}

static struct dp_date get_date(struct src *s)
{
    int64_t v = get_signed(s);

    if (v < INT32_MIN || v > INT32_MAX)
        s->bad = true;
    return (struct dp_date){(int32_t)v};
}

/* Into zeroed memory of `cap` bytes, the last of which stays NUL. */
static void get_text(struct src *s, char *to, size_t cap)
{
    uint8_t len = get_u8_max(s, (uint8_t)(cap - 1));

    dp_rd_copy(&s->r, to, len);
    if (memchr(to, '\0', len) != NULL)
        s->bad = true;
}

static void get_digest(struct src *s, struct dp_digest *g)
{
    dp_rd_copy(&s->r, g->b, sizeof(g->b));
}

/* ---- dictionaries ---- */

static struct dp_pack_life get_life(struct src *s)
{
    struct dp_pack_life life = {{0}, 0};
    uint32_t i = (uint32_t)get_max(s, s->d.life_count);

    if (i > 0)
        return s->d.lives[i - 1];
    life.origin.v = dp_rd_varint(&s->r);
    life.inc = dp_rd_u32(&s->r);
    if (s->d.life_count < DP_PACK_DICT)
        s->d.lives[s->d.life_count++] = life;
    return life;
}

static struct dp_name get_name(struct src *s)
{
    struct dp_pack_life life = get_life(s);

    return (struct dp_name){life.origin, life.inc, dp_rd_varint(&s->r)};
}

static struct dp_office get_office(struct src *s)
{
    struct dp_office o = {0};
    uint32_t i = (uint32_t)get_max(s, s->d.office_count);

    if (i > 0)
        return s->d.offices[i - 1];
    o.node.v = dp_rd_varint(&s->r);
    get_text(s, o.slug, sizeof(o.slug));
    if (s->d.office_count < DP_PACK_DICT)
        s->d.offices[s->d.office_count++] = o;
    return o;
}

static struct dp_origin get_cert(struct src *s)
{
    struct dp_origin o = {0};
    uint32_t i = (uint32_t)get_max(s, s->d.cert_count);

    if (i > 0)
        return s->d.certs[i - 1];
    o.node.v = dp_rd_varint(&s->r);
    o.parent.v = dp_rd_varint(&s->r);
    o.tier = dp_rd_u8(&s->r);
    o.roles = dp_rd_u8(&s->r);
    if (s->d.cert_count < DP_PACK_DICT)
        s->d.certs[s->d.cert_count++] = o;
    return o;
}

/* ---- body ---- */

static void get_codes(struct src *s, struct dp_body *b, uint32_t has)
{
    if (has & DP_PACK_DUE)
        b->due = get_date(s);
    if (has & DP_PACK_DATE)
        b->date = get_date(s);
    if (has & DP_PACK_CODE)
        b->code = get_u32(s);
    if (has & DP_PACK_CODE2)
        b->code2 = get_u32(s);
    if (has & DP_PACK_CODE3)
        b->code3 = get_u32(s);
    if (has & DP_PACK_DAYS)
        b->days = get_u32(s);
    if (has & DP_PACK_INDEX)
        b->index = get_u32(s);
}

static void get_rest(struct src *s, struct dp_body *b, uint32_t has)
{
    if (has & DP_PACK_BOUNDS) {
        b->not_before_ms = get_signed(s);
        b->not_after_ms = get_signed(s);
    }
    if (has & DP_PACK_SIZE)
        b->size = dp_rd_varint(&s->r);
    if (has & DP_PACK_DIGEST)
        get_digest(s, &b->digest);
    if (has & DP_PACK_NODE)
        b->node.v = dp_rd_varint(&s->r);
    if (has & DP_PACK_NUMBER)
        b->number = get_u32(s);
    b->flag = (has & DP_PACK_FLAG) != 0;
    if (has & DP_PACK_LABEL)
        get_text(s, b->label, sizeof(b->label));
}

static void get_body(struct src *s, struct dp_body *b)
{
    uint32_t has = (uint32_t)get_max(s, DP_PACK_FIELDS_ALL);

    if (has & DP_PACK_TO)
        b->to = get_office(s);
    get_codes(s, b, has);
    if (has & DP_PACK_OTHER)
        b->other = get_name(s);
    if (has & DP_PACK_PROFILE)
        b->profile = get_name(s);
    if (has & DP_PACK_CALENDAR)
        b->calendar = get_name(s);
    get_rest(s, b, has);
}

/* ---- facts ---- */

/* The name of a resolved reference is filled in by name_refs, when all facts are read. */
static uint32_t get_ref(struct src *s, struct dp_name *n, uint32_t count)
{
    uint64_t v = get_max(s, (uint64_t)count + 1);

    if (v == 1)
        *n = get_name(s);
    if (v == 1 && dp_name_is_none(n))
        s->bad = true;
    return v > 1 ? (uint32_t)(v - 2) : DP_FACT_NONE;
}

static void get_flags(struct src *s, struct dp_fact *x)
{
    uint8_t flags = get_u8_max(s, 0x7f);

    x->verdict = flags & 3;
    x->foreign = flags >> 2 & 7;
    x->e.critical = (flags & 0x20) != 0;
    x->e.at_synced = (flags & 0x40) != 0;
    if (x->verdict > DP_VOIDED)
        s->bad = true;
    if (x->verdict == DP_VOIDED)
        x->reason = get_u8_max(s, DP_VOID_COUNT - 1);
    if (x->verdict == DP_VOIDED && x->reason == DP_VOID_NONE)
        s->bad = true;
}

static void get_fact(struct src *s, struct dp_fact *x, const struct dp_entry *before, uint32_t count)
{
    struct dp_entry *e = &x->e;
    uint8_t parts;

    get_flags(s, x);
    e->kind = get_u8_max(s, DP_KIND_MAX);
    e->rules = dp_rd_u8(&s->r);
    e->name = get_name(s);
    x->from = get_cert(s);
    e->office = get_office(s);
    e->officer = get_u32(s);
    e->step = before->step + (uint32_t)get_max(s, UINT32_MAX - before->step);
    e->at_ms = (int64_t)((uint64_t)before->at_ms + (uint64_t)get_signed(s));
    e->receipt = get_date(s);
    x->prev = get_ref(s, &e->prev, count);
    x->custody = get_ref(s, &e->custody, count);
    x->re = get_ref(s, &e->re, count);
    parts = dp_rd_u8(&s->r);
    e->part_count = parts & (DP_PACK_ROOT - 1);
    if (parts & DP_PACK_ROOT)
        get_digest(s, &e->parts_root);
    get_body(s, &e->body);
}

static void get_reg(struct src *s, struct dp_reg *r)
{
    get_text(s, r->number.text, sizeof(r->number.text));
    r->channel = (char)get_u8_max(s, 0x7f);
    r->origin = dp_rd_u8(&s->r);
    r->purpose = dp_rd_u8(&s->r);
    r->category = get_u32(s);
    r->flags = get_u32(s);
    r->headcount = get_u32(s);
    r->involved = get_u32(s);
    r->residence_div.v = dp_rd_varint(&s->r);
    r->problem_div.v = dp_rd_varint(&s->r);
    r->respondent_count = get_u8_max(s, DP_RESPONDENTS_MAX);
    for (uint32_t i = 0; i < r->respondent_count; i++)
        r->respondents[i] = get_office(s);
    r->petition_date = get_date(s);
    r->profile = get_name(s);
    r->calendar = get_name(s);
    get_text(s, r->source_system, sizeof(r->source_system));
    get_text(s, r->source_no, sizeof(r->source_no));
    get_text(s, r->national_no, sizeof(r->national_no));
    r->split_from = get_name(s);
    get_digest(s, &r->query_hash);
    r->first_office = get_office(s);
}

/* ---- the whole ---- */

static bool in_order(const struct dp_entry *a, const struct dp_entry *b)
{
    return a->step != b->step ? a->step < b->step : dp_name_cmp(&a->name, &b->name) < 0;
}

static bool name_ref(const struct dp_casefile *f, uint32_t ref, struct dp_name *n)
{
    if (ref == DP_FACT_NONE)
        return true;
    *n = f->facts[ref].e.name;
    return !dp_name_is_none(n);
}

static bool name_refs(struct dp_casefile *f)
{
    for (uint32_t i = 0; i < f->count; i++) {
        struct dp_fact *x = &f->facts[i];
        x->e.subject = f->subject;
        if (!name_ref(f, x->prev, &x->e.prev) || !name_ref(f, x->custody, &x->e.custody) ||
            !name_ref(f, x->re, &x->e.re))
            return false;
        if (i > 0 && !in_order(&f->facts[i - 1].e, &x->e))
            return false;
        if (!dp_ref_links_ok(f, i))
            return false;
    }
    return true;
}

static enum dp_err read_facts(struct src *s, struct dp_casefile *f, uint32_t count)
{
    static const struct dp_entry nothing;

    for (uint32_t i = 0; i < count; i++) {
        f->facts[i] = (struct dp_fact){0};
        get_fact(s, &f->facts[i], i > 0 ? &f->facts[i - 1].e : &nothing, count);
        if (s->bad || s->r.err != DP_OK)
            return DP_CORRUPT;
    }
    return DP_OK;
}

static enum dp_err read_all(struct src *s, struct dp_casefile *f)
{
    uint8_t subject[DP_SUBJECT_BYTES];
    uint32_t count;
    enum dp_err err;

    if (dp_rd_u8(&s->r) != DP_PACK_VERSION)
        return DP_CORRUPT;
    dp_rd_copy(&s->r, subject, sizeof(subject));
    if (s->r.err != DP_OK || dp_subject_get(subject, &f->subject) != DP_OK)
        return DP_CORRUPT;
    count = (uint32_t)get_max(s, DP_CASEFILE_MAX);
    f->has_reg = get_u8_max(s, 1) != 0;
    if (f->has_reg)
        get_reg(s, &f->reg);
    if (s->bad || count > dp_rd_left(&s->r) / FACT_BYTES_MIN)
        return DP_CORRUPT;
    err = dp_casefile_reserve(f, count);
    if (err == DP_OK)
        err = read_facts(s, f, count);
    if (err != DP_OK)
        return err;
    f->count = count;
    return dp_rd_done(&s->r) == DP_OK && name_refs(f) ? DP_OK : DP_CORRUPT;
}

enum dp_err dp_casefile_unpack(struct dp_slice p, struct dp_casefile *f)
{
    struct dp_casefile fresh;
    struct dp_rd tail;
    struct src s;
    enum dp_err err;

    if (p.len < sizeof(uint64_t))
        return DP_CORRUPT;
    tail = dp_rd_of(dp_slice_of(p.p + p.len - sizeof(uint64_t), sizeof(uint64_t)));
    p.len -= sizeof(uint64_t);
    if (dp_rd_u64(&tail) != dp_casefile_sum(p))
        return DP_CORRUPT;
    s.r = dp_rd_of(p);
    s.bad = false;
    dp_pack_dict_init(&s.d);
    dp_casefile_init(&fresh, &f->subject);
    err = read_all(&s, &fresh);
    if (err != DP_OK) {
        dp_casefile_fini(&fresh);
        return err;
    }
    dp_casefile_reindex(&fresh);
    dp_casefile_fini(f);
    *f = fresh;
    return DP_OK;
}
