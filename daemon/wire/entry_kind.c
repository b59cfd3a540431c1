/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an entry must hold by its kind: the type of its subject, closed lists of codes, and what may not be
 * missing. Only the form: whether the step is allowed is case/rights.c's.
 */
#include <string.h>

#include "wire/entry_body.h"

#define CHUNK_BYTES 16384

enum { HAS_DUE = 1, HAS_RECEIPT = 2, OWN_SUBJECT = 4 };

struct kind_range {
    uint8_t kind;
    uint8_t needs;
    uint16_t code_lo, code_hi;   /* body.code */
    uint16_t code2_lo, code2_hi; /* body.code2 */
    uint16_t days_lo, days_hi;   /* body.days */
};

#define ANY 0, UINT16_MAX
/* clang-format off */
static const struct kind_range ranges[] = {
    /* kind                    needs                      code    code2   days */
    {DP_KIND_REGISTER,         HAS_RECEIPT | OWN_SUBJECT, ANY,    ANY,    ANY},
    {DP_KIND_ASSIGN,           HAS_DUE,                   ANY,    ANY,    ANY},
    {DP_KIND_OBJECTION_ANSWER, 0,                         1, 2,   ANY,    ANY},
    {DP_KIND_LINK,             0,                         1, 3,   ANY,    ANY},
    {DP_KIND_EXTEND,           0,                         ANY,    ANY,    1, 30},
    {DP_KIND_OPINION,          0,                         1, 3,   ANY,    ANY},
    {DP_KIND_REPORT_BACK,      0,                         1, 99,  ANY,    ANY},
    {DP_KIND_SUPERVISE,        HAS_DUE,                   1, 8,   2, 7,   ANY},
    {DP_KIND_REMIND,           0,                         ANY,    1, 1,   ANY},
    {DP_KIND_ANSWER,           0,                         1, 3,   ANY,    ANY},
    {DP_KIND_CLOSE,            0,                         1, 9,   ANY,    ANY},
    {DP_KIND_UNMASK,           0,                         1, 9999, ANY,   ANY},
    {DP_KIND_ERASE,            0,                         1, 9999, ANY,   ANY},
    {DP_KIND_LOCK,             0,                         1, 9999, ANY,   ANY},
    {DP_KIND_UNLOCK,           0,                         1, 9999, ANY,   ANY},
    {DP_KIND_PROFILE,          OWN_SUBJECT,               ANY,    ANY,    ANY},
    {DP_KIND_CALENDAR,         OWN_SUBJECT,               ANY,    ANY,    ANY},
};
/* clang-format on */

static bool within(uint32_t v, uint16_t lo, uint16_t hi)
{
    return v >= lo && (v <= hi || hi == UINT16_MAX);
}

static bool range_ok(const struct kind_range *r, const struct dp_entry *e)
{
    const struct dp_body *b = &e->body;

    if ((r->needs & HAS_DUE) && dp_date_is_none(b->due))
        return false;
    if ((r->needs & HAS_RECEIPT) && dp_date_is_none(e->receipt))
        return false;
    if ((r->needs & OWN_SUBJECT) && !dp_name_eq(&e->subject.name, &e->name))
        return false;
    return within(b->code, r->code_lo, r->code_hi) && within(b->code2, r->code2_lo, r->code2_hi) &&
           within(b->days, r->days_lo, r->days_hi);
}

/* Kinds are numbered by what they are about (RULES.md section 3). */
static bool subject_fits(const struct dp_entry *e)
{
    if (e->kind < DP_KIND_CERTIFICATE)
        return e->subject.type == DP_SUBJECT_CASE;
    return e->subject.type == (e->kind < DP_KIND_PROFILE ? DP_SUBJECT_NODE : DP_SUBJECT_DATA);
}

static bool register_ok(const struct dp_reg *reg)
{
    if (dp_number_check(dp_slice_str(reg->number.text)) != DP_OK || strchr("LVWTFO", reg->channel) == NULL)
        return false;
    return reg->purpose <= DP_PURPOSE_THANKS || reg->purpose == DP_PURPOSE_OTHER;
}

/* A stored file has a root, and exactly the chunks that hold its bytes; one kept elsewhere has neither. */
static bool attachment_ok(const struct dp_body *b)
{
    if (b->code > 7 && b->code != 99)
        return false;
    if (!b->flag)
        return dp_digest_is_zero(&b->digest) && b->code3 == 0;
    return !dp_digest_is_zero(&b->digest) && b->size > 0 && b->code3 == (b->size - 1) / CHUNK_BYTES + 1;
}

static bool body_ok(const struct dp_entry *e)
{
    switch (dp_kind_shape(e->kind)) {
    case DP_SHAPE_REGISTER:
        return register_ok(e->reg);
    case DP_SHAPE_ATTACHMENT:
        return attachment_ok(&e->body);
    case DP_SHAPE_SERVE:
        return e->body.code3 <= 2 || e->body.code3 == 9;
    case DP_SHAPE_WITNESS:
        return e->body.not_before_ms <= e->body.not_after_ms;
    case DP_SHAPE_CUT: /* block 0: nothing of that incarnation is good */
        return (e->body.size == 0) == dp_digest_is_zero(&e->body.digest);
    case DP_SHAPE_NONE:
    case DP_SHAPE_OFFER:
    case DP_SHAPE_REPLY:
    case DP_SHAPE_ACT:
    case DP_SHAPE_RELATION:
    case DP_SHAPE_ORDER:
    case DP_SHAPE_EVALUATE:
    case DP_SHAPE_PART_ACT:
    case DP_SHAPE_CERTIFICATE:
    case DP_SHAPE_OFFICER:
    case DP_SHAPE_PROFILE:
    case DP_SHAPE_CALENDAR:
        return true;
    }
    return false;
}

bool dp_entry_kind_ok(const struct dp_entry *e)
{
    if (!subject_fits(e) || !body_ok(e))
        return false;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].kind == e->kind)
            return range_ok(&ranges[i], e);
    }
    return true;
}
