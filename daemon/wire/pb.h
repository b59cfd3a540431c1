/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door to protobuf-c. What that library lets pass is refused here before it allocates anything:
 * a second occurrence of a single field, a second body, strings with NUL or control characters, numbers that
 * would be cut, long forms of numbers (R-FMT-2). What it allocates comes from an arena with a cap.
 * For the wire floor, and for the control protocol, which comes through the same door.
 */
#ifndef DP_WIRE_PB_H
#define DP_WIRE_PB_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "entry.pb-c.h"

#define PB(message) Daipao__Entry__V1__##message
#define PB_DESC(message) (&daipao__entry__v1__##message##__descriptor)

typedef PB(Entry) dp_pb_entry;
typedef PB(Office) dp_pb_office;
typedef PB(Register) dp_pb_register;
typedef PB(Profile) dp_pb_profile;
typedef PB(Limit) dp_pb_limit;
typedef PB(Calendar) dp_pb_calendar;
typedef PB(Year) dp_pb_year;
typedef PB(Petitioner) dp_pb_petitioner;
typedef PB(PartPetitioners) dp_pb_part_petitioners;
typedef PB(PartKey) dp_pb_part_key;

/* Whether a string may hold line breaks and tabs. */
enum dp_pb_text { DP_PB_LINE, DP_PB_LINES };

/*
 * Check `bytes` against `desc`, then unpack them into `a`; nothing of the result needs freeing.
 * DP_FORMAT, or DP_NOMEM past the arena's cap.
 */
DP_MUST enum dp_err dp_pb_unpack(const ProtobufCMessageDescriptor *desc, struct dp_slice bytes,
                                 enum dp_pb_text text, struct dp_arena *a, void *out);

/* Append the packed message; DP_TOO_BIG past `max_bytes`. */
DP_MUST enum dp_err dp_pb_pack(const void *message, size_t max_bytes, struct dp_buf *out);

#endif
