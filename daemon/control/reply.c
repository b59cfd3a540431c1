/* SPDX-License-Identifier: Apache-2.0 */
/* Replies into bytes: the only way back to a caller. */
#include <stdint.h>

#include "control/field.h"
#include "wire/pb.h"

#define REPLY_BYTES_MAX (64u << 20)
#define HEAD_BYTES 16

static char no_text[] = "";

static char *text_of(const char *s)
{
    return s != NULL ? (char *)(uintptr_t)s : no_text;
}

static void format_put(const struct dp_outcome *r, PBC(Result) * m, char **args)
{
    if (r->format == NULL)
        return;
    m->format = text_of(r->format);
    for (uint8_t i = 0; i < r->arg_count; i++)
        args[i] = text_of(r->args[i]);
    m->n_args = r->arg_count;
    m->args = args;
}

static void result_put(const struct dp_outcome *r, PBC(Result) * m, uint8_t name[DP_NAME_BYTES], char **args)
{
    daipao__control__v1__result__init(m);
    m->err = r->err;
    m->text = text_of(r->text != NULL || r->err == DP_OK ? r->text : dp_err_text(r->err));
    m->number = text_of(r->number);
    m->json = text_of(r->json);
    m->valid_kinds = r->valid_kinds;
    m->reason = r->reason;
    format_put(r, m, args);
    if (dp_name_is_none(&r->name))
        return;
    dp_name_put(&r->name, name);
    m->name = (ProtobufCBinaryData){DP_NAME_BYTES, name};
}

enum dp_err dp_reply_encode(uint64_t id, const struct dp_outcome *results, uint32_t count, struct dp_arena *a,
                            struct dp_buf *out)
{
    PBC(Reply) reply = DAIPAO__CONTROL__V1__REPLY__INIT;
    PBC(Result) *rows = DP_NEW_ARRAY(a, PBC(Result), count);
    PBC(Result) **list = DP_NEW_ARRAY(a, PBC(Result) *, count);
    uint8_t(*names)[DP_NAME_BYTES] = dp_arena_array(a, count, DP_NAME_BYTES);
    char *(*args)[DP_OUTCOME_ARGS] = dp_arena_array(a, count, sizeof *args);

    if (rows == NULL || list == NULL || names == NULL || args == NULL)
        return DP_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        list[i] = &rows[i];
        result_put(&results[i], list[i], names[i], args[i]);
    }
    reply.version = DP_CONTROL_VERSION;
    reply.id = id;
    reply.n_results = count;
    reply.results = list;
    return dp_pb_pack(&reply, REPLY_BYTES_MAX, out);
}

/* ---- piece by piece: a message of repeated fields is the sum of its parts ---- */

static size_t put_head(uint64_t id, uint8_t *out)
{
    struct dp_wr w = dp_wr_of(out, HEAD_BYTES);

    dp_wr_u8(&w, 1 << 3);
    dp_wr_varint(&w, DP_CONTROL_VERSION);
    if (id != 0) {
        dp_wr_u8(&w, 2 << 3);
        dp_wr_varint(&w, id);
    }
    return w.len;
}

enum dp_err dp_reply_begin(uint64_t id, struct dp_buf *out)
{
    uint8_t head[HEAD_BYTES];

    return dp_buf_put(out, head, put_head(id, head));
}

enum dp_err dp_reply_add(const struct dp_outcome *r, size_t max_bytes, struct dp_buf *out)
{
    PBC(Reply) reply = DAIPAO__CONTROL__V1__REPLY__INIT;
    PBC(Result) row, *list[1] = {&row};
    uint8_t name[DP_NAME_BYTES];
    char *args[DP_OUTCOME_ARGS];

    result_put(r, &row, name, args);
    reply.n_results = 1;
    reply.results = list;
    return out->len > max_bytes ? DP_TOO_BIG : dp_pb_pack(&reply, max_bytes - out->len, out);
}

size_t dp_reply_bare(uint64_t id, enum dp_err err, uint32_t count, uint8_t out[DP_REPLY_BARE_MAX])
{
    size_t len = put_head(id, out);
    struct dp_wr w = dp_wr_of(out + len, DP_REPLY_BARE_MAX - len);

    for (uint32_t i = 0; i < count && i < DP_COMMANDS_MAX; i++) {
        dp_wr_u8(&w, 3 << 3 | 2);
        dp_wr_u8(&w, 2);
        dp_wr_u8(&w, 1 << 3);
        dp_wr_u8(&w, (uint8_t)err);
    }
    return len + w.len;
}
