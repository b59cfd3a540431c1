/* SPDX-License-Identifier: Apache-2.0 */
/* Entries: each field set as an office would set it, with the codes spread over their ranges. */
#include "support/sample.h"

#include <stdio.h>
#include <string.h>

#define KIND_ROW(name, no, word, shape) (no),
const uint8_t sample_kinds[] = {DP_KIND_LIST(KIND_ROW)};
const size_t sample_kind_count = sizeof(sample_kinds);

static const uint64_t divisions[] = {
    330000000000, 331000000000, 331023000000, 331002000000,
    331023001000, 331023105000, 331023001040, 331023105001,
};
static const char *const slugs[] = {"bureau", "station", "housing", "police", "node", "water-affairs"};

static uint32_t upto(struct dp_rng *r, uint32_t most)
{
    return (uint32_t)dp_rng_below(r, (uint64_t)most + 1);
}

static uint32_t between(struct dp_rng *r, uint32_t least, uint32_t most)
{
    return least + upto(r, most - least);
}

static bool often(struct dp_rng *r)
{
    return dp_rng_chance(r, 3, 4);
}

static struct dp_div division(struct dp_rng *r)
{
    return (struct dp_div){divisions[dp_rng_below(r, sizeof(divisions) / sizeof(divisions[0]))]};
}

struct dp_node sample_node(struct dp_rng *r)
{
    struct dp_div d = division(r); /* one draw after the other: arguments have no order */

    return dp_node_of(d, dp_rng_chance(r, 1, 8) ? between(r, 1, 12) : 0);
}

struct dp_name sample_name(struct dp_rng *r)
{
    struct dp_name n = {.origin = sample_node(r)};

    n.inc = 1 + (uint32_t)dp_rng_below(r, UINT32_MAX);
    n.seq = between(r, 1, 90000);
    return n;
}

static struct dp_name maybe_name(struct dp_rng *r)
{
    return often(r) ? sample_name(r) : (struct dp_name){{0}, 0, 0};
}

static struct dp_office office(struct dp_rng *r)
{
    struct dp_office o = {.node = sample_node(r)};

    strcpy(o.slug, slugs[dp_rng_below(r, sizeof(slugs) / sizeof(slugs[0]))]);
    return o;
}

static struct dp_digest digest(struct dp_rng *r)
{
    struct dp_digest d;

    dp_rng_fill(r, d.b, sizeof(d.b));
    return d;
}

static struct dp_date date(struct dp_rng *r)
{
    return (struct dp_date){(int32_t)between(r, 20454, 20818)}; /* 2026 */
}

static struct dp_date maybe_date(struct dp_rng *r)
{
    return often(r) ? date(r) : DP_DATE_NONE;
}

/* ---- bodies ---- */

static void fill_register(struct dp_rng *r, struct dp_node origin, struct dp_reg *reg)
{
    static const char channels[] = "LVWTFO";
    static const char *const systems[] = {"", "12345", "national", "platform-4"};

    reg->channel = channels[dp_rng_below(r, 6)];
    if (dp_number_make(origin, 20260213, reg->channel, between(r, 1, 99999), &reg->number) != DP_OK)
        memset(&reg->number, 0, sizeof(reg->number));
    reg->origin = (uint8_t)between(r, 1, 9);
    reg->purpose = (uint8_t)between(r, 1, 6);
    reg->category = between(r, 100000, 999999);
    reg->flags = upto(r, DP_REG_FLAGS_ALL);
    reg->headcount = between(r, 1, 12);
    reg->involved = upto(r, 40);
    reg->residence_div = division(r);
    reg->problem_div = division(r);
    reg->respondent_count = (uint8_t)upto(r, DP_RESPONDENTS_MAX);
    for (size_t i = 0; i < reg->respondent_count; i++)
        reg->respondents[i] = office(r);
    reg->petition_date = maybe_date(r);
    reg->profile = maybe_name(r);
    reg->calendar = maybe_name(r);
    strcpy(reg->source_system, systems[dp_rng_below(r, 4)]);
    if (reg->source_system[0] != '\0')
        snprintf(reg->source_no, sizeof(reg->source_no), "2026-%06u", (unsigned)upto(r, 999999));
    if (dp_rng_chance(r, 1, 4))
        snprintf(reg->national_no, sizeof(reg->national_no), "GJ%012u", (unsigned)upto(r, 99999999));
    if (dp_rng_chance(r, 1, 20))
        reg->split_from = sample_name(r);
    if (often(r))
        reg->query_hash = digest(r);
    if (dp_rng_chance(r, 1, 8))
        reg->first_office = office(r);
}

static void fill_profile(struct dp_rng *r, struct dp_profile *p)
{
    snprintf(p->id, sizeof(p->id), "national-r%u", (unsigned)upto(r, 99));
    p->edition = between(r, 1, 40);
    p->valid_from = date(r);
    p->flags = upto(r, 1);
    p->limit_count = (uint8_t)between(r, 1, 11);
    for (size_t i = 0; i < p->limit_count; i++) {
        p->limits[i].clock = (uint8_t)(i + 1);
        p->limits[i].days = (uint16_t)between(r, 1, 90);
        p->limits[i].working = dp_rng_chance(r, 1, 2);
        p->limits[i].max_extend = (uint16_t)upto(r, 30);
    }
}

static uint8_t fill_days(struct dp_rng *r, uint32_t most, uint16_t *days)
{
    uint8_t n = 0;

    for (uint32_t day = between(r, 1, 9); day <= 366 && n < most; day += between(r, 1, 25))
        days[n++] = (uint16_t)day;
    return n;
}

static void fill_calendar(struct dp_rng *r, struct dp_calendar *c)
{
    strcpy(c->id, "cn-rest-days");
    c->edition = between(r, 1, 40);
    c->year_count = (uint8_t)between(r, 1, 4);
    for (size_t i = 0; i < c->year_count; i++) {
        c->years[i].year = (uint16_t)(2024 + i);
        c->years[i].rest_count = fill_days(r, 30, c->years[i].rest);
        c->years[i].work_count = fill_days(r, 8, c->years[i].work);
    }
}

static void fill_offer(struct dp_rng *r, struct dp_body *b)
{
    b->to = office(r);
    b->due = date(r);
    b->code = upto(r, 30);
    b->code2 = between(r, DP_DUTY_HANDLE, DP_DUTY_SERVE);
    b->code3 = upto(r, 3);
    b->profile = maybe_name(r);
    b->calendar = maybe_name(r);
    if (dp_rng_chance(r, 1, 4))
        snprintf(b->label, sizeof(b->label), "交办〔2026〕%u号", (unsigned)upto(r, 999));
}

static void fill_order(struct dp_rng *r, uint8_t kind, struct dp_body *b)
{
    b->to = office(r);
    b->code = between(r, 1, 8);
    b->code2 = kind == DP_KIND_REMIND ? 1 : between(r, 2, 7);
    b->code3 = upto(r, 5);
    b->due = date(r);
    strcpy(b->label, "331023000000-20260213-L-00012-P");
    b->profile = maybe_name(r);
    b->calendar = maybe_name(r);
}

static void fill_attachment(struct dp_rng *r, struct dp_body *b)
{
    b->code = between(r, 1, 7);
    b->size = between(r, 1, 9000000);
    b->flag = often(r);
    if (!b->flag)
        return;
    b->digest = digest(r);
    b->code3 = (uint32_t)((b->size - 1) / 16384 + 1);
}

static void fill_reply(struct dp_rng *r, uint8_t kind, struct dp_body *b)
{
    b->code = between(r, 1, kind == DP_KIND_OBJECTION_ANSWER ? 2 : 3);
    b->date = maybe_date(r);
}

static void fill_act(struct dp_rng *r, uint8_t kind, struct dp_body *b)
{
    b->code = kind == DP_KIND_OPINION ? between(r, 1, 3) : between(r, 1, 9);
    b->days = kind == DP_KIND_EXTEND ? between(r, 1, 30) : 0;
    b->date = maybe_date(r);
    if (kind == DP_KIND_ACCEPT) {
        b->profile = maybe_name(r);
        b->calendar = maybe_name(r);
    }
}

static void fill_serve(struct dp_rng *r, struct dp_body *b)
{
    static const uint32_t views[] = {0, 1, 2, 9};

    b->code = between(r, 1, 3);
    b->code2 = between(r, 1, 2);
    b->code3 = views[dp_rng_below(r, 4)];
    b->date = date(r);
}

static void fill_witness(struct dp_rng *r, struct dp_body *b)
{
    b->other = sample_name(r);
    b->not_before_ms = INT64_C(1770000000000) + upto(r, 1000000000);
    b->not_after_ms = b->not_before_ms + upto(r, 1000000000);
}

static void fill_certificate(struct dp_rng *r, struct dp_body *b)
{
    b->node = sample_node(r);
    b->digest = digest(r);
    b->code = between(r, 1, 2);
    b->code2 = upto(r, 9);
}

static void fill_cut(struct dp_rng *r, struct dp_body *b)
{
    b->node = sample_node(r);
    b->number = 1 + (uint32_t)dp_rng_below(r, UINT32_MAX);
    b->code = upto(r, 9);
    b->size = upto(r, 3);
    if (b->size > 0)
        b->digest = digest(r);
}

static void fill_officer(struct dp_rng *r, struct dp_body *b)
{
    b->to = office(r);
    b->number = between(r, 1, 40);
    b->code = between(r, 1, 2);
    b->code2 = upto(r, 7);
    b->date = date(r);
}

static void fill_body(struct dp_rng *r, struct dp_entry *e, struct sample_room *room)
{
    struct dp_body *b = &e->body;

    switch (dp_kind_shape(e->kind)) {
    case DP_SHAPE_NONE:
        break;
    case DP_SHAPE_REGISTER:
        fill_register(r, e->name.origin, &room->reg);
        e->reg = &room->reg;
        break;
    case DP_SHAPE_OFFER:
        fill_offer(r, b);
        break;
    case DP_SHAPE_REPLY:
        fill_reply(r, e->kind, b);
        break;
    case DP_SHAPE_ACT:
        fill_act(r, e->kind, b);
        break;
    case DP_SHAPE_RELATION:
        b->code = between(r, 1, 3);
        b->other = sample_name(r);
        break;
    case DP_SHAPE_ATTACHMENT:
        fill_attachment(r, b);
        break;
    case DP_SHAPE_ORDER:
        fill_order(r, e->kind, b);
        break;
    case DP_SHAPE_SERVE:
        fill_serve(r, b);
        break;
    case DP_SHAPE_EVALUATE:
        b->code = between(r, 1, 4);
        b->code2 = upto(r, 3);
        b->code3 = upto(r, 3);
        break;
    case DP_SHAPE_WITNESS:
        fill_witness(r, b);
        break;
    case DP_SHAPE_PART_ACT:
        b->other = sample_name(r);
        b->index = upto(r, DP_PARTS_MAX - 1);
        b->code = between(r, 1, 9);
        break;
    case DP_SHAPE_CERTIFICATE:
        fill_certificate(r, b);
        break;
    case DP_SHAPE_CUT:
        fill_cut(r, b);
        break;
    case DP_SHAPE_OFFICER:
        fill_officer(r, b);
        break;
    case DP_SHAPE_PROFILE:
        fill_profile(r, &room->profile);
        e->profile = &room->profile;
        break;
    case DP_SHAPE_CALENDAR:
        fill_calendar(r, &room->calendar);
        e->calendar = &room->calendar;
        break;
    }
}

/* ---- entries ---- */

static struct dp_subject subject(struct dp_rng *r, uint8_t kind, const struct dp_name *name)
{
    if (kind >= DP_KIND_PROFILE)
        return (struct dp_subject){DP_SUBJECT_DATA, *name};
    if (kind >= DP_KIND_CERTIFICATE)
        return dp_subject_of_node(sample_node(r));
    return (struct dp_subject){DP_SUBJECT_CASE, kind == DP_KIND_REGISTER ? *name : sample_name(r)};
}

void sample_entry(struct dp_rng *r, uint8_t kind, const struct dp_name *name, struct sample_room *room,
                  struct dp_entry *out)
{
    memset(room, 0, sizeof(*room));
    *out = (struct dp_entry){.name = *name, .kind = kind, .rules = DP_RULES_VERSION};
    out->critical = dp_rng_chance(r, 1, 10);
    out->at_synced = often(r);
    out->subject = subject(r, kind, name);
    out->office = office(r);
    out->office.node = name->origin;
    out->officer = strcmp(out->office.slug, "node") == 0 ? 0 : between(r, 1, 40);
    out->at_ms = INT64_C(1770000000000) + upto(r, 1000000000);
    out->receipt = kind == DP_KIND_REGISTER ? date(r) : maybe_date(r);
    out->step = kind == DP_KIND_REGISTER ? 1 : between(r, 2, 60);
    if (kind != DP_KIND_REGISTER) {
        out->prev = maybe_name(r);
        out->custody = maybe_name(r);
        out->re = maybe_name(r);
    }
    if (kind == DP_KIND_REGISTER || dp_rng_chance(r, 1, 4)) {
        out->part_count = (uint8_t)between(r, 1, 4);
        out->parts_root = digest(r);
    }
    fill_body(r, out, room);
}

struct dp_slice sample_bytes(struct dp_rng *r, const struct dp_name *name, struct dp_buf *out)
{
    static const uint8_t usual[] = {
        DP_KIND_REGISTER, DP_KIND_REGISTER,   DP_KIND_ARRIVE,  DP_KIND_ARRIVE, DP_KIND_SIGN,
        DP_KIND_SIGN,     DP_KIND_TRANSFER,   DP_KIND_ASSIGN,  DP_KIND_ACCEPT, DP_KIND_ACCEPT,
        DP_KIND_NOTE,     DP_KIND_ATTACHMENT, DP_KIND_OPINION, DP_KIND_SERVE,  DP_KIND_CLOSE,
        DP_KIND_EVALUATE, DP_KIND_REMIND,
    };
    const size_t before = out->len;
    struct sample_room room;
    struct dp_entry e;

    sample_entry(r, usual[dp_rng_below(r, sizeof(usual))], name, &room, &e);
    if (dp_entry_encode(&e, out) != DP_OK)
        return dp_slice_of(NULL, 0);
    return dp_slice_of(out->p + before, out->len - before);
}
