/* SPDX-License-Identifier: Apache-2.0 */
/* Zero or empty means absent, in messages as in the core: an absent field needs no flag. */
#include "wire/field.h"

#include <string.h>

_Static_assert(sizeof(protobuf_c_boolean) == sizeof(uint32_t), "a boolean of protobuf-c is read as a number");

/* ---- message to core ---- */

static uint32_t u32_at(const void *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static uint64_t u64_at(const void *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static bool node_ok(uint64_t node, bool needed)
{
    return node == 0 ? !needed : dp_node_tier((struct dp_node){node}) != DP_TIER_NONE;
}

/* A name of an entry; subjects that are nodes have no seq and are read apart. */
static bool name_get(const ProtobufCBinaryData *b, bool needed, struct dp_name *out)
{
    if (b->len == 0)
        return !needed;
    if (b->len != DP_NAME_BYTES)
        return false;
    *out = dp_name_get(b->data);
    return out->seq > 0 && node_ok(out->origin.v, true);
}

static bool digest_get(const ProtobufCBinaryData *b, bool needed, struct dp_digest *out)
{
    if (b->len == 0)
        return !needed;
    if (b->len != sizeof(out->b))
        return false;
    memcpy(out->b, b->data, sizeof(out->b));
    return !dp_digest_is_zero(out);
}

bool dp_field_office(const dp_pb_office *office, bool needed, struct dp_office *out)
{
    if (office == NULL)
        return !needed;
    out->node.v = office->node;
    return node_ok(office->node, true) && dp_field_text(office->slug, 1, DP_SLUG_MAX, out->slug) &&
           dp_slug_ok(dp_slice_str(out->slug));
}

bool dp_field_text(const char *s, size_t least_bytes, size_t most_bytes, char *out)
{
    size_t len = strlen(s);

    if (len < least_bytes || len > most_bytes)
        return false;
    memcpy(out, s, len + 1);
    return true;
}

static bool ms_get(uint64_t v, bool needed, int64_t *out)
{
    if (v > (uint64_t)DP_MS_MAX || (v == 0 && needed))
        return false;
    *out = (int64_t)v;
    return true;
}

static bool u32_get(const struct dp_field *f, uint32_t v, uint32_t *out)
{
    *out = v;
    return v >= f->lo && v <= f->hi;
}

static bool u64_get(const struct dp_field *f, uint64_t v, uint64_t *out)
{
    *out = v;
    return v >= f->lo && v <= f->hi;
}

/* The numbers that the core keeps in less than 32 bits. */
static bool small_get(const struct dp_field *f, uint32_t v, void *core)
{
    if (f->type == DP_FIELD_U8)
        *(uint8_t *)core = (uint8_t)v;
    else if (f->type == DP_FIELD_U16)
        *(uint16_t *)core = (uint16_t)v;
    else
        *(bool *)core = v != 0;
    return v >= f->lo && v <= f->hi;
}

static bool date_get(uint32_t v, bool needed, struct dp_date *out)
{
    out->day = (int32_t)v;
    return v <= DP_DAY_MAX && (v > 0 || !needed);
}

static bool node_get(uint64_t v, bool needed, struct dp_node *out)
{
    out->v = v;
    return node_ok(v, needed);
}

static bool div_get(uint64_t v, bool needed, struct dp_div *out)
{
    out->v = v;
    return v == 0 ? !needed : dp_div_tier(*out) != DP_TIER_NONE;
}

static bool field_get(const struct dp_field *f, const void *wire, void *core)
{
    const bool needed = f->lo > 0;

    switch ((enum dp_field_type)f->type) {
    case DP_FIELD_U8:
    case DP_FIELD_U16:
    case DP_FIELD_BOOL:
        return small_get(f, u32_at(wire), core);
    case DP_FIELD_U32:
    case DP_FIELD_F32:
        return u32_get(f, u32_at(wire), core);
    case DP_FIELD_U64:
        return u64_get(f, u64_at(wire), core);
    case DP_FIELD_MS:
        return ms_get(u64_at(wire), needed, core);
    case DP_FIELD_DATE:
        return date_get(u32_at(wire), needed, core);
    case DP_FIELD_NODE:
        return node_get(u64_at(wire), needed, core);
    case DP_FIELD_DIV:
        return div_get(u64_at(wire), needed, core);
    case DP_FIELD_NAME:
        return name_get(wire, needed, core);
    case DP_FIELD_DIGEST:
        return digest_get(wire, needed, core);
    case DP_FIELD_OFFICE:
        return dp_field_office(*(dp_pb_office *const *)wire, needed, core);
    case DP_FIELD_TEXT:
        return dp_field_text(*(char *const *)wire, f->lo, f->hi, core);
    }
    return false;
}

bool dp_fields_get(const struct dp_field *f, size_t n, const void *message, void *core)
{
    for (size_t i = 0; i < n; i++) {
        if (!field_get(&f[i], (const char *)message + f[i].wire_at, (char *)core + f[i].core_at))
            return false;
    }
    return true;
}

/* ---- core to message ---- */

static ProtobufCBinaryData bytes_of(const void *p, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)p};
}

static ProtobufCBinaryData name_put(const struct dp_name *n, struct dp_field_room *room)
{
    uint8_t *to = room->names[room->name_count];

    if (dp_name_is_none(n))
        return bytes_of(NULL, 0);
    room->name_count++;
    dp_name_put(n, to);
    return bytes_of(to, DP_NAME_BYTES);
}

dp_pb_office *dp_field_office_put(const struct dp_office *o, struct dp_field_room *room)
{
    dp_pb_office *to = &room->offices[room->office_count];

    if (dp_office_is_none(o) && o->slug[0] == '\0')
        return NULL;
    room->office_count++;
    daipao__entry__v1__office__init(to);
    to->node = o->node.v;
    to->slug = (char *)(uintptr_t)o->slug;
    return to;
}

static void u32_put(void *wire, uint32_t v)
{
    memcpy(wire, &v, sizeof(v));
}

static void field_put(const struct dp_field *f, const void *core, void *wire, struct dp_field_room *room)
{
    switch ((enum dp_field_type)f->type) {
    case DP_FIELD_U8:
        u32_put(wire, *(const uint8_t *)core);
        break;
    case DP_FIELD_U16:
        u32_put(wire, *(const uint16_t *)core);
        break;
    case DP_FIELD_BOOL:
        u32_put(wire, *(const bool *)core);
        break;
    case DP_FIELD_U32:
    case DP_FIELD_F32:
    case DP_FIELD_DATE:
        u32_put(wire, u32_at(core));
        break;
    case DP_FIELD_U64:
    case DP_FIELD_MS:
    case DP_FIELD_NODE:
    case DP_FIELD_DIV:
        memcpy(wire, core, sizeof(uint64_t));
        break;
    case DP_FIELD_NAME:
        *(ProtobufCBinaryData *)wire = name_put(core, room);
        break;
    case DP_FIELD_DIGEST:
        *(ProtobufCBinaryData *)wire = dp_digest_is_zero(core) ? bytes_of(NULL, 0) : bytes_of(core, 32);
        break;
    case DP_FIELD_OFFICE:
        *(dp_pb_office **)wire = dp_field_office_put(core, room);
        break;
    case DP_FIELD_TEXT:
        *(char **)wire = (char *)(uintptr_t)core;
        break;
    }
}

void dp_fields_put(const struct dp_field *f, size_t n, const void *core, void *message,
                   struct dp_field_room *room)
{
    for (size_t i = 0; i < n; i++)
        field_put(&f[i], (const char *)core + f[i].core_at, (char *)message + f[i].wire_at, room);
}
