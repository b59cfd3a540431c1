/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict walk is driven by the generated descriptors, so it knows every message without a line
 * about any of them. It bounds what the unpack may ask for: no more fields than bytes, no deeper than the
 * schema.
 */
#include "wire/pb.h"

#include <string.h>

/* Room for the structures and pointers around `bytes`: an empty submessage of 2 bytes makes one of about 100.
 */
#define UNPACK_BYTES(len) (16384 + 64 * (len))

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LEN = 2, WIRE_32 = 5 };

static bool walk(const ProtobufCMessageDescriptor *desc, struct dp_slice bytes, enum dp_pb_text text);

/* The wire type of one value of the field. */
static uint8_t wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LEN;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return WIRE_VARINT;
    }
    return WIRE_VARINT;
}

/* Nearly every tag and length is one byte. */
static inline uint64_t take_varint(struct dp_rd *r)
{
    return r->p < r->end && *r->p < 0x80 ? *r->p++ : dp_rd_varint(r);
}

static struct dp_slice take_len(struct dp_rd *r)
{
    uint64_t len = take_varint(r);

    return dp_rd_take(r, len > dp_rd_left(r) ? SIZE_MAX : (size_t)len);
}

static bool skip(struct dp_rd *r, uint8_t wire_type)
{
    switch (wire_type) {
    case WIRE_VARINT:
        dp_rd_varint(r);
        break;
    case WIRE_64:
        dp_rd_take(r, 8);
        break;
    case WIRE_LEN:
        take_len(r);
        break;
    case WIRE_32:
        dp_rd_take(r, 4);
        break;
    default: /* groups */
        return false;
    }
    return r->err == DP_OK;
}

/* A wider number would be cut silently. */
static bool number_ok(ProtobufCType type, uint64_t v)
{
    if (type == PROTOBUF_C_TYPE_BOOL)
        return v <= 1;
    return type != PROTOBUF_C_TYPE_UINT32 || v <= UINT32_MAX;
}

/* Mostly plain ASCII, which needs no look at sequences. */
static bool text_ok(struct dp_slice s, enum dp_pb_text text)
{
    uint8_t control = 0, other = 0;

    for (size_t i = 0; i < s.len; i++) { /* no branches: the compiler takes many bytes at once */
        control |= s.p[i] < 0x20;
        other |= s.p[i] >= 0x7f;
    }
    if (control && text == DP_PB_LINE)
        return false;
    return (!control && !other) || dp_utf8_ok(s);
}

static bool packed_ok(ProtobufCType type, struct dp_slice s)
{
    struct dp_rd r = dp_rd_of(s);

    while (r.err == DP_OK && dp_rd_left(&r) > 0) {
        if (wire_type_of(type) != WIRE_VARINT)
            skip(&r, wire_type_of(type));
        else if (!number_ok(type, dp_rd_varint(&r)))
            return false;
    }
    return r.err == DP_OK;
}

static bool value_ok(const ProtobufCFieldDescriptor *f, struct dp_rd *r, uint8_t wire_type,
                     enum dp_pb_text text)
{
    struct dp_slice s;

    if (wire_type != WIRE_LEN) {
        if (wire_type != wire_type_of(f->type))
            return false;
        return wire_type == WIRE_VARINT ? number_ok(f->type, take_varint(r)) : skip(r, wire_type);
    }
    s = take_len(r);
    if (r->err != DP_OK)
        return false;
    if (f->type == PROTOBUF_C_TYPE_MESSAGE)
        return walk(f->descriptor, s, text);
    if (f->type == PROTOBUF_C_TYPE_STRING)
        return text_ok(s, text);
    if (f->type == PROTOBUF_C_TYPE_BYTES)
        return true;
    return f->label == PROTOBUF_C_LABEL_REPEATED && packed_ok(f->type, s);
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *desc, uint64_t number)
{
    for (unsigned i = 0; i < desc->n_field_ranges; i++) {
        const ProtobufCIntRange *range = &desc->field_ranges[i];
        uint64_t at = number - (uint64_t)range->start_value + range->orig_index;
        if (number >= (uint64_t)range->start_value && at < range[1].orig_index)
            return &desc->fields[at];
    }
    return NULL;
}

/* One bit per field of the message; all members of a oneof share that of the first seen. */
static uint64_t seen_bit(const ProtobufCMessageDescriptor *desc, const ProtobufCFieldDescriptor *f)
{
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return UINT64_C(1) << 63;
    return UINT64_C(1) << ((uintptr_t)(f - desc->fields) & 63);
}

static bool walk(const ProtobufCMessageDescriptor *desc, struct dp_slice bytes, enum dp_pb_text text)
{
    struct dp_rd r = dp_rd_of(bytes);
    uint64_t seen = 0;

    while (r.p < r.end) {
        uint64_t tag = take_varint(&r);
        const ProtobufCFieldDescriptor *f = field_of(desc, tag >> 3);

        if (r.err != DP_OK || tag >> 3 == 0 || tag > UINT32_MAX)
            return false;
        if (f == NULL) { /* from a later version: a field is only ever added */
            if (!skip(&r, tag & 7))
                return false;
            continue;
        }
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            if (seen & seen_bit(desc, f))
                return false;
            seen |= seen_bit(desc, f);
        }
        if (!value_ok(f, &r, tag & 7, text))
            return false;
    }
    return r.err == DP_OK;
}

/* ---- unpacking into an arena ---- */

struct room {
    struct dp_arena *arena;
    size_t left_bytes;
    bool full;
};

static void *room_alloc(void *data, size_t len)
{
    struct room *room = data;
    void *p = len <= room->left_bytes ? dp_arena_alloc(room->arena, len) : NULL;

    if (p == NULL)
        room->full = true;
    else
        room->left_bytes -= len;
    return p;
}

static void room_free(void *data, void *p)
{
    (void)data;
    (void)p;
}

enum dp_err dp_pb_unpack(const ProtobufCMessageDescriptor *desc, struct dp_slice bytes, enum dp_pb_text text,
                         struct dp_arena *a, void *out)
{
    struct room room = {a, UNPACK_BYTES(bytes.len), false};
    ProtobufCAllocator allocator = {room_alloc, room_free, &room};
    ProtobufCMessage *message;

    if (!walk(desc, bytes, text))
        return DP_FORMAT;
    message = protobuf_c_message_unpack(desc, &allocator, bytes.len, bytes.p);
    if (message == NULL)
        return room.full ? DP_NOMEM : DP_FORMAT;
    *(void **)out = message;
    return DP_OK;
}

enum dp_err dp_pb_pack(const void *message, size_t max_bytes, struct dp_buf *out)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    enum dp_err e;

    if (len > max_bytes)
        return DP_TOO_BIG;
    e = dp_buf_reserve(out, len > 0 ? len : 1); /* an empty message needs an address too */
    if (e != DP_OK)
        return e;
    out->len += protobuf_c_message_pack(message, out->p + out->len);
    return DP_OK;
}
