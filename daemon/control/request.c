/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests from bytes. The strict walk of wire/pb.h goes first, so that protobuf-c never sees a message that
 * could be read in two ways; then every field is held against its limit. A refusal names no value.
 */
#include "control/request.h"

#include "control/field.h"
#include "wire/pb.h"

#define WORD_MAX 200
#define REF_MAX 64

/* clang-format off */
static const struct dp_ctl_field query_fields[] = {
    DP_CTL_FIELD(LINE, Query, what,     dp_query, 32),
    DP_CTL_FIELD(LINE, Query, case_ref, dp_query, REF_MAX),
    DP_CTL_FIELD(U32,  Query, due_days, dp_query, 3650),
    DP_CTL_FIELD(LINE, Query, name,     dp_query, WORD_MAX),
    DP_CTL_FIELD(LINE, Query, tail,     dp_query, 32),
    DP_CTL_FIELD(U64,  Query, since,    dp_query, INT64_MAX),
    DP_CTL_FIELD(U32,  Query, limit,    dp_query, 100000),
    DP_CTL_FIELD(LINE, Query, node,     dp_query, WORD_MAX),
    DP_CTL_FIELD(U32,  Query, index,    dp_query, 65535),
    DP_CTL_FIELD(BOOL, Query, mine,     dp_query, 0),
    DP_CTL_FIELD(LINE, Query, after,    dp_query, 128),
    DP_CTL_FIELD(LINE, Query, status,   dp_query, 32),
};
static const struct dp_ctl_field admin_fields[] = {
    DP_CTL_FIELD(LINE,  Admin, verb,    dp_admin, 32),
    DP_CTL_FIELD(LINE,  Admin, node,    dp_admin, REF_MAX),
    DP_CTL_FIELD(LINE,  Admin, name,    dp_admin, WORD_MAX),
    DP_CTL_FIELD(LINE,  Admin, address, dp_admin, 255),
    DP_CTL_FIELD(LINE,  Admin, code,    dp_admin, 64),
    DP_CTL_FIELD(LINE,  Admin, reason,  dp_admin, 500),
    DP_CTL_FIELD(LINE,  Admin, office,  dp_admin, WORD_MAX),
    DP_CTL_FIELD(U32,   Admin, number,  dp_admin, 999999),
    DP_CTL_FIELD(U32,   Admin, uid,     dp_admin, UINT32_MAX),
    DP_CTL_FIELD(U32,   Admin, roles,   dp_admin, UINT32_MAX),
    DP_CTL_FIELD(LINE,  Admin, path,    dp_admin, 4096),
    DP_CTL_FIELD(BYTES, Admin, data,    dp_admin, 512u << 10),
    DP_CTL_FIELD(U32,   Admin, flags,   dp_admin, UINT32_MAX),
    DP_CTL_FIELD(BOOL,  Admin, user,    dp_admin, 0),
};
static const struct dp_ctl_field blob_fields[] = {
    DP_CTL_FIELD(LINE,  Blob, upload, dp_blob, REF_MAX),
    DP_CTL_FIELD(U64,   Blob, offset, dp_blob, UINT64_C(1) << 40),
    DP_CTL_FIELD(BYTES, Blob, data,   dp_blob, 256u << 10),
};
/* clang-format on */
#define FIELDS(rows, message, core) dp_ctl_fields(rows, DP_CTL_COUNT(rows), message, core)

static bool skip(struct dp_rd *r, uint64_t wire_type)
{
    uint64_t len;

    switch (wire_type) {
    case 0:
        dp_rd_varint(r);
        return true;
    case 1:
        dp_rd_take(r, 8);
        return true;
    case 2:
        len = dp_rd_varint(r);
        dp_rd_take(r, len > dp_rd_left(r) ? SIZE_MAX : (size_t)len);
        return true;
    case 5:
        dp_rd_take(r, 4);
        return true;
    default:
        return false;
    }
}

/* Number 2 of the message wherever it can be read, even when the rest cannot. */
uint64_t dp_request_id(struct dp_slice s)
{
    struct dp_rd r = dp_rd_of(s);

    while (r.err == DP_OK && dp_rd_left(&r) > 0) {
        uint64_t tag = dp_rd_varint(&r);
        if (tag == (2u << 3)) {
            uint64_t id = dp_rd_varint(&r);
            return r.err == DP_OK ? id : 0;
        }
        if (!skip(&r, tag & 7))
            return 0;
    }
    return 0;
}

static enum dp_err command_get(const PBC(Command) * m, struct dp_arena *a, struct dp_command *out)
{
    switch (m->op_case) {
    case DAIPAO__CONTROL__V1__COMMAND__OP_STEP:
        out->kind = DP_COMMAND_STEP;
        return dp_ctl_step(m->step, a, &out->u.step);
    case DAIPAO__CONTROL__V1__COMMAND__OP_QUERY:
        out->kind = DP_COMMAND_QUERY;
        return FIELDS(query_fields, m->query, &out->u.query);
    case DAIPAO__CONTROL__V1__COMMAND__OP_ADMIN:
        out->kind = DP_COMMAND_ADMIN;
        return FIELDS(admin_fields, m->admin, &out->u.admin);
    case DAIPAO__CONTROL__V1__COMMAND__OP_BLOB:
        out->kind = DP_COMMAND_BLOB;
        return FIELDS(blob_fields, m->blob, &out->u.blob);
    case DAIPAO__CONTROL__V1__COMMAND__OP__NOT_SET:
    case _DAIPAO__CONTROL__V1__COMMAND__OP__CASE_IS_INT_SIZE:
        break;
    }
    return DP_FORMAT;
}

static enum dp_err commands_get(const PBC(Request) * m, struct dp_arena *a, struct dp_request *out)
{
    if (m->n_commands == 0)
        return DP_FORMAT;
    if (m->n_commands > DP_COMMANDS_MAX)
        return DP_TOO_BIG;
    out->commands = DP_NEW_ARRAY(a, struct dp_command, m->n_commands);
    if (out->commands == NULL)
        return DP_NOMEM;
    for (size_t i = 0; i < m->n_commands; i++) {
        enum dp_err e = command_get(m->commands[i], a, &out->commands[i]);
        if (e != DP_OK)
            return e;
    }
    out->count = (uint32_t)m->n_commands;
    return DP_OK;
}

enum dp_err dp_request_decode(struct dp_slice s, struct dp_arena *a, struct dp_request *out, uint64_t *id)
{
    struct dp_request rq = {0};
    PBC(Request) * m;
    enum dp_err e;

    *id = dp_request_id(s);
    if (s.len > DP_REQUEST_BYTES_MAX)
        return DP_TOO_BIG;
    e = dp_pb_unpack(&daipao__control__v1__request__descriptor, s, DP_PB_LINES, a, &m);
    if (e != DP_OK)
        return e;
    *id = m->id;
    if (m->version != DP_CONTROL_VERSION)
        return DP_SCHEMA;
    if (!dp_ctl_line_ok(m->as_office, WORD_MAX))
        return DP_RANGE;
    rq.id = m->id;
    rq.as_office = m->as_office;
    rq.dry_run = m->dry_run != 0;
    e = commands_get(m, a, &rq);
    if (e == DP_OK)
        *out = rq;
    return e;
}
