/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries: the tables below say which field of proto/entry.proto stands where in the core's types, and in
 * which range; entry_kind.c adds what differs by kind, entry_data.c reads profiles and calendars.
 * Whatever passes here holds R-FMT-2, so the core checks meaning only.
 */
#include "wire/entry.h"

#include <string.h>

#include "wire/entry_body.h"

/* clang-format off */
#define HEAD(type, name, member, lo, hi) DP_FIELD(type, Entry, name, dp_entry, member, lo, hi)
static const struct dp_field head_fields[] = {
    /*   type    of Entry       of dp_entry    least  most */
    HEAD(U8,     kind,          kind,          1,     DP_KIND_MAX),
    HEAD(U8,     rules,         rules,         1,     UINT8_MAX),
    HEAD(BOOL,   critical,      critical,      0,     1),
    HEAD(U8,     subject_type,  subject.type,  1,     DP_SUBJECT_CAMPAIGN),
    HEAD(OFFICE, office,        office,        1,     0),
    HEAD(U32,    officer,       officer,       0,     UINT32_MAX),
    HEAD(MS,     at_ms,         at_ms,         0,     0),
    HEAD(BOOL,   at_synced,     at_synced,     0,     1),
    HEAD(DATE,   receipt,       receipt,       0,     0),
    HEAD(U32,    step,          step,          1,     UINT32_MAX),
    HEAD(NAME,   prev,          prev,          0,     0),
    HEAD(NAME,   custody,       custody,       0,     0),
    HEAD(NAME,   re,            re,            0,     0),
    HEAD(U8,     part_count,    part_count,    0,     DP_PARTS_MAX),
    HEAD(DIGEST, parts_root,    parts_root,    0,     0),
};

#define REG(type, name, lo, hi) DP_FIELD(type, Register, name, dp_reg, name, lo, hi)
static const struct dp_field register_fields[] = {
    DP_FIELD(TEXT, Register, number, dp_reg, number.text, 1, DP_NUMBER_TEXT - 1),
    REG(U8,     channel,        1, UINT8_MAX),
    REG(U8,     origin,         0, 9),
    REG(U8,     purpose,        1, DP_PURPOSE_OTHER),
    REG(U32,    category,       0, 999999),
    REG(U32,    flags,          0, DP_REG_FLAGS_ALL),
    REG(U32,    headcount,      0, 1000000),
    REG(U32,    involved,       0, 10000000),
    REG(DIV,    residence_div,  0, 0),
    REG(DIV,    problem_div,    0, 0),
    REG(DATE,   petition_date,  0, 0),
    REG(NAME,   profile,        0, 0),
    REG(NAME,   calendar,       0, 0),
    REG(TEXT,   source_system,  0, 63),
    REG(TEXT,   source_no,      0, 38),
    REG(TEXT,   national_no,    0, 38),
    REG(NAME,   split_from,     0, 0),
    REG(DIGEST, query_hash,     0, 0),
    REG(OFFICE, first_office,   0, 0),
};

/*
 * The small bodies and where their fields stand in struct dp_body. Ranges that differ by kind are in
 * entry_kind.c; the ranges here hold for every kind of the shape.
 */
#define BODY(type, message, name, member, lo, hi) DP_FIELD(type, message, name, dp_entry, body.member, lo, hi)
#define CODE_MAX 9999
static const struct dp_field offer_fields[] = {
    BODY(OFFICE, Offer,       to,            to,            1, 0),
    BODY(DATE,   Offer,       report_by,     due,           0, 0),
    BODY(U32,    Offer,       reason,        code,          0, CODE_MAX),
    BODY(U32,    Offer,       duties,        code2,         DP_DUTY_HANDLE, DP_DUTY_SERVE),
    BODY(U32,    Offer,       source,        code3,         0, 3),
    BODY(NAME,   Offer,       profile,       profile,       0, 0),
    BODY(NAME,   Offer,       calendar,      calendar,      0, 0),
    BODY(TEXT,   Offer,       source_no,     label,         0, 38),
};
static const struct dp_field reply_fields[] = {
    BODY(U32,    Reply,       code,          code,          1, CODE_MAX),
    BODY(DATE,   Reply,       date,          date,          0, 0),
};
static const struct dp_field act_fields[] = {
    BODY(U32,    Act,         code,          code,          0, CODE_MAX),
    BODY(U32,    Act,         days,          days,          0, 3660),
    BODY(DATE,   Act,         date,          date,          0, 0),
    BODY(NAME,   Act,         profile,       profile,       0, 0),
    BODY(NAME,   Act,         calendar,      calendar,      0, 0),
};
static const struct dp_field relation_fields[] = {
    BODY(U32,    Relation,    code,          code,          0, CODE_MAX),
    BODY(NAME,   Relation,    other,         other,         1, 0),
};
static const struct dp_field attachment_fields[] = {
    BODY(DIGEST, Attachment,  root,          digest,        0, 0),
    BODY(U64,    Attachment,  size,          size,          0, UINT64_C(1) << 40),
    BODY(U32,    Attachment,  media,         code,          1, 99),
    BODY(U32,    Attachment,  chunks,        code3,         0, UINT32_C(1) << 26),
    BODY(BOOL,   Attachment,  stored,        flag,          0, 1),
};
static const struct dp_field order_fields[] = {
    BODY(OFFICE, Order,       to,            to,            1, 0),
    BODY(U32,    Order,       ground,        code,          0, 8),
    BODY(U32,    Order,       level,         code2,         1, 7),
    BODY(DATE,   Order,       answer_by,     due,           0, 0),
    BODY(U32,    Order,       mode,          code3,         0, 5),
    BODY(TEXT,   Order,       case_number,   label,         0, 38),
    BODY(NAME,   Order,       profile,       profile,       0, 0),
    BODY(NAME,   Order,       calendar,      calendar,      0, 0),
};
static const struct dp_field serve_fields[] = {
    BODY(U32,    Serve,       way,           code,          1, 3),
    BODY(U32,    Serve,       signed_,       code2,         1, 2),
    BODY(DATE,   Serve,       date,          date,          1, 0),
    BODY(U32,    Serve,       view,          code3,         0, 9),
};
static const struct dp_field evaluate_fields[] = {
    BODY(U32,    Evaluate,    state,         code,          1, 4),
    BODY(U32,    Evaluate,    office_score,  code2,         0, 3),
    BODY(U32,    Evaluate,    unit_score,    code3,         0, 3),
};
static const struct dp_field witness_fields[] = {
    BODY(NAME,   Witness,     of,            other,         1, 0),
    BODY(MS,     Witness,     not_before_ms, not_before_ms, 0, 0),
    BODY(MS,     Witness,     not_after_ms,  not_after_ms,  1, 0),
};
static const struct dp_field part_act_fields[] = {
    BODY(NAME,   PartAct,     of,            other,         0, 0),
    BODY(U32,    PartAct,     index,         index,         0, DP_PARTS_MAX - 1),
    BODY(U32,    PartAct,     reason,        code,          0, CODE_MAX),
};
static const struct dp_field certificate_fields[] = {
    BODY(NODE,   Certificate, node,          node,          1, 0),
    BODY(DIGEST, Certificate, der_digest,    digest,        1, 0),
    BODY(U32,    Certificate, state,         code,          1, 2),
    BODY(U32,    Certificate, reason,        code2,         0, CODE_MAX),
};
static const struct dp_field cut_fields[] = {
    BODY(NODE,   Cut,         node,          node,          1, 0),
    BODY(F32,    Cut,         incarnation,   number,        1, UINT32_MAX),
    BODY(U64,    Cut,         block,         size,          0, UINT64_MAX),
    BODY(DIGEST, Cut,         header,        digest,        0, 0),
    BODY(U32,    Cut,         reason,        code,          0, CODE_MAX),
};
static const struct dp_field officer_fields[] = {
    BODY(OFFICE, Officer,     office,        to,            1, 0),
    BODY(U32,    Officer,     number,        number,        1, UINT32_MAX),
    BODY(U32,    Officer,     roles,         code2,         0, 7),
    BODY(U32,    Officer,     state,         code,          1, 2),
    BODY(DATE,   Officer,     since,         date,          0, 0),
};
/* clang-format on */

struct shape {
    uint8_t shape; /* enum dp_shape: the number of the body's field in Entry */
    uint8_t count;
    const struct dp_field *fields;
    const ProtobufCMessageDescriptor *desc;
};

#define SHAPE(shape, name)                                                                                   \
    {                                                                                                        \
        DP_SHAPE_##shape, sizeof(name##_fields) / sizeof(name##_fields[0]), name##_fields, PB_DESC(name)     \
    }
static const struct shape shapes[] = {
    SHAPE(OFFER, offer),
    SHAPE(REPLY, reply),
    SHAPE(ACT, act),
    SHAPE(RELATION, relation),
    SHAPE(ORDER, order),
    SHAPE(ATTACHMENT, attachment),
    SHAPE(SERVE, serve),
    SHAPE(EVALUATE, evaluate),
    SHAPE(WITNESS, witness),
    SHAPE(PART_ACT, part_act),
    SHAPE(CUT, cut),
    SHAPE(OFFICER, officer),
    SHAPE(CERTIFICATE, certificate),
};

static const struct shape *shape_of(enum dp_shape shape)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (shapes[i].shape == shape)
            return &shapes[i];
    }
    return NULL;
}

#define HEAD_COUNT (sizeof(head_fields) / sizeof(head_fields[0]))
#define REGISTER_COUNT (sizeof(register_fields) / sizeof(register_fields[0]))

/* ---- decode ---- */

static bool subject_get(const dp_pb_entry *m, struct dp_entry *out)
{
    struct dp_subject *s = &out->subject;
    uint8_t bytes[DP_SUBJECT_BYTES] = {s->type};

    if (m->subject.len == 0) {
        s->name = out->name;
        return s->type != DP_SUBJECT_NODE;
    }
    if (m->subject.len != DP_NAME_BYTES)
        return false;
    memcpy(bytes + 1, m->subject.data, DP_NAME_BYTES);
    return dp_subject_get(bytes, s) == DP_OK && dp_node_tier(s->name.origin) != DP_TIER_NONE;
}

static bool head_get(const dp_pb_entry *m, struct dp_entry *out)
{
    if (!dp_fields_get(head_fields, HEAD_COUNT, m, out) || !subject_get(m, out))
        return false;
    if (out->officer == 0 && strcmp(out->office.slug, "node") != 0)
        return false;
    return (out->part_count > 0) == !dp_digest_is_zero(&out->parts_root);
}

static bool register_get(const dp_pb_register *m, struct dp_reg *out)
{
    if (!dp_fields_get(register_fields, REGISTER_COUNT, m, out) || m->n_respondents > DP_RESPONDENTS_MAX)
        return false;
    for (size_t i = 0; i < m->n_respondents; i++) {
        if (!dp_field_office(m->respondents[i], true, &out->respondents[i]))
            return false;
    }
    out->respondent_count = (uint8_t)m->n_respondents;
    if (out->headcount == 0)
        out->headcount = 1;
    return true;
}

static enum dp_err register_new(const dp_pb_entry *m, struct dp_arena *a, struct dp_entry *out)
{
    struct dp_reg *reg = DP_NEW(a, struct dp_reg);

    if (reg == NULL)
        return DP_NOMEM;
    out->reg = reg;
    return register_get(m->register_, reg) ? DP_OK : DP_FORMAT;
}

/* The one text of a small body that is longer than the core wants to keep per fact. */
static bool doc_no_get(const dp_pb_entry *m, struct dp_entry *out)
{
    if (dp_kind_shape(out->kind) != DP_SHAPE_ACT || m->act->doc_no[0] == '\0')
        return true;
    out->doc_no = m->act->doc_no;
    return strlen(out->doc_no) <= DP_DOC_NO_MAX;
}

static enum dp_err body_get(const dp_pb_entry *m, struct dp_arena *a, struct dp_entry *out)
{
    enum dp_shape shape = dp_kind_shape(out->kind);
    const struct shape *s = shape_of(shape);

    if ((enum dp_shape)m->body_case != shape)
        return DP_FORMAT;
    if (shape == DP_SHAPE_NONE)
        return DP_OK;
    if (s != NULL)
        return dp_fields_get(s->fields, s->count, m->offer, out) && doc_no_get(m, out) ? DP_OK : DP_FORMAT;
    if (shape == DP_SHAPE_REGISTER)
        return register_new(m, a, out);
    if (shape == DP_SHAPE_PROFILE)
        return dp_profile_get(m->profile, a, &out->profile);
    return dp_calendar_get(m->calendar, a, &out->calendar);
}

enum dp_err dp_entry_decode(struct dp_slice bytes, const struct dp_name *name, struct dp_arena *a,
                            struct dp_entry *out)
{
    struct dp_entry entry = {.name = *name};
    dp_pb_entry *m;
    enum dp_err e;

    if (bytes.len > DP_ENTRY_BYTES_MAX)
        return DP_TOO_BIG;
    e = dp_pb_unpack(PB_DESC(entry), bytes, DP_PB_LINE, a, &m);
    if (e != DP_OK)
        return e;
    if (!head_get(m, &entry))
        return DP_FORMAT;
    if (dp_kind_known(entry.kind)) { /* R-FMT-3: the body of another kind is left alone */
        e = body_get(m, a, &entry);
        if (e != DP_OK)
            return e;
        if (!dp_entry_kind_ok(&entry))
            return DP_FORMAT;
    }
    *out = entry;
    return DP_OK;
}

/* ---- encode ---- */

/* Large enough for any small body. */
union body {
    ProtobufCMessage base;
    PB(Offer) offer;
    PB(Act) act;
    PB(Order) order;
    PB(Attachment) attachment;
    PB(Cut) cut;
    PB(Certificate) certificate;
    PB(Officer) officer;
    PB(Witness) witness;
    PB(Serve) serve;
    PB(PartAct) part_act;
    PB(Relation) relation;
    PB(Evaluate) evaluate;
    PB(Reply) reply;
};

/* A register body while it is packed. */
struct register_room {
    dp_pb_register m;
    dp_pb_office *respondents[DP_RESPONDENTS_MAX];
};

static enum dp_err register_put(const struct dp_reg *reg, struct register_room *to,
                                struct dp_field_room *room)
{
    if (reg == NULL || reg->respondent_count > DP_RESPONDENTS_MAX)
        return DP_RANGE;
    daipao__entry__v1__register__init(&to->m);
    dp_fields_put(register_fields, REGISTER_COUNT, reg, &to->m, room);
    if (reg->headcount == 1)
        to->m.headcount = 0;
    for (size_t i = 0; i < reg->respondent_count; i++) {
        to->respondents[i] = dp_field_office_put(&reg->respondents[i], room);
        if (to->respondents[i] == NULL)
            return DP_RANGE;
    }
    to->m.n_respondents = reg->respondent_count;
    to->m.respondents = to->respondents;
    return DP_OK;
}

static void head_put(const struct dp_entry *e, dp_pb_entry *m, uint8_t subject[DP_NAME_BYTES],
                     struct dp_field_room *room)
{
    daipao__entry__v1__entry__init(m);
    dp_fields_put(head_fields, HEAD_COUNT, e, m, room);
    if (dp_name_is_none(&e->subject.name) || dp_name_eq(&e->subject.name, &e->name))
        return;
    dp_name_put(&e->subject.name, subject);
    m->subject = (ProtobufCBinaryData){DP_NAME_BYTES, subject};
}

static enum dp_err data_put(const struct dp_entry *e, dp_pb_entry *m, struct dp_arena *a)
{
    if (e->kind == DP_KIND_PROFILE)
        return dp_profile_put(e->profile, a, &m->profile);
    return dp_calendar_put(e->calendar, a, &m->calendar);
}

/* Pack `e` without a look at its ranges. */
static enum dp_err pack(const struct dp_entry *e, struct dp_arena *a, struct dp_buf *out)
{
    enum dp_shape shape = dp_kind_shape(e->kind);
    const struct shape *s = shape_of(shape);
    uint8_t subject[DP_NAME_BYTES];
    struct dp_field_room room = {.name_count = 0};
    struct register_room reg;
    union body body;
    enum dp_err err = DP_OK;
    dp_pb_entry m;

    head_put(e, &m, subject, &room);
    m.body_case = (PB(Entry__BodyCase))shape;
    if (s != NULL) {
        protobuf_c_message_init(s->desc, &body);
        dp_fields_put(s->fields, s->count, e, &body, &room);
        if (shape == DP_SHAPE_ACT && e->doc_no != NULL)
            body.act.doc_no = (char *)(uintptr_t)e->doc_no; /* packed from, never written to */
        m.offer = &body.offer;
    } else if (shape == DP_SHAPE_REGISTER) {
        err = register_put(e->reg, &reg, &room);
        m.register_ = &reg.m;
    } else if (shape != DP_SHAPE_NONE) {
        err = data_put(e, &m, a);
    }
    return err == DP_OK ? dp_pb_pack(&m, DP_ENTRY_BYTES_MAX, out) : err;
}

enum dp_err dp_entry_encode(const struct dp_entry *e, struct dp_buf *out)
{
    const size_t before = out->len;
    struct dp_entry again;
    struct dp_arena a;
    enum dp_err err;

    if (!dp_kind_known(e->kind))
        return DP_RANGE;
    dp_arena_init(&a, 1 << 20, 0);
    err = pack(e, &a, out);
    if (err == DP_OK) { /* what a peer would refuse is never issued */
        err = dp_entry_decode(dp_slice_of(out->p + before, out->len - before), &e->name, &a, &again);
        if (err == DP_FORMAT)
            err = DP_RANGE;
    }
    if (err != DP_OK)
        out->len = before;
    dp_arena_fini(&a);
    return err;
}
