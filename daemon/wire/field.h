/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per field that a message and a type of the core share: where it stands in both, and its range.
 * The same row decodes, encodes and checks, so the two ways cannot drift apart. Internal to the wire floor.
 */
#ifndef DP_WIRE_FIELD_H
#define DP_WIRE_FIELD_H

#include "base/date.h"
#include "base/id.h"
#include "wire/pb.h"

enum dp_field_type {
    DP_FIELD_U8,     /* uint32 -> uint8_t or char */
    DP_FIELD_U16,    /* uint32 -> uint16_t */
    DP_FIELD_U32,    /* uint32 -> uint32_t */
    DP_FIELD_F32,    /* fixed32 -> uint32_t */
    DP_FIELD_U64,    /* uint64 -> uint64_t */
    DP_FIELD_MS,     /* fixed64 -> int64_t, milliseconds UTC */
    DP_FIELD_BOOL,   /* bool -> bool */
    DP_FIELD_DATE,   /* uint32 -> struct dp_date */
    DP_FIELD_NODE,   /* fixed64 -> struct dp_node */
    DP_FIELD_DIV,    /* fixed64 -> struct dp_div */
    DP_FIELD_NAME,   /* bytes -> struct dp_name */
    DP_FIELD_DIGEST, /* bytes -> struct dp_digest */
    DP_FIELD_OFFICE, /* Office -> struct dp_office */
    DP_FIELD_TEXT,   /* string -> char[hi + 1] or more */
};

/*
 * lo and hi bound a number; lo 1 means that the field must be there, for every type. hi of a text is its
 * length in bytes; dates, instants, nodes, divisions, names and offices have the bounds of their type.
 */
struct dp_field {
    uint8_t type;
    uint16_t wire_at, core_at;
    uint32_t lo;
    uint64_t hi;
};

#define DP_FIELD(type, message, name, core, member, lo, hi)                                                  \
    {                                                                                                        \
        DP_FIELD_##type, (uint16_t)offsetof(PB(message), name), (uint16_t)offsetof(struct core, member), lo, \
            hi                                                                                               \
    }

#define DP_DAY_MAX 84370 /* 2200-12-31 */
#define DP_MS_MAX ((DP_DAY_MAX + INT64_C(1)) * DP_DAY_MS)

/* Names and offices need a wire form of their own while a message is packed. */
struct dp_field_room {
    uint8_t names[8][DP_NAME_BYTES];
    dp_pb_office offices[8];
    unsigned name_count, office_count;
};

/* False when a value is missing, malformed or out of range (R-FMT-2). */
bool dp_fields_get(const struct dp_field *f, size_t n, const void *message, void *core);
/* The message borrows from `core` and `room` until it is packed. Ranges are not checked. */
void dp_fields_put(const struct dp_field *f, size_t n, const void *core, void *message,
                   struct dp_field_room *room);

bool dp_field_office(const dp_pb_office *office, bool needed, struct dp_office *out);
dp_pb_office *dp_field_office_put(const struct dp_office *o, struct dp_field_room *room);
bool dp_field_text(const char *s, size_t least_bytes, size_t most_bytes, char *out);

#endif
