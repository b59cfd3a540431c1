/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the entry codec: bodies that are lists, and what differs by kind. Internal to the wire floor.
 */
#ifndef DP_WIRE_ENTRY_BODY_H
#define DP_WIRE_ENTRY_BODY_H

#include "case/entry.h"
#include "wire/field.h"

/* Ranges and presence that belong to the kind and not to its shape; the kind is known. */
bool dp_entry_kind_ok(const struct dp_entry *e);

/* DP_FORMAT or DP_NOMEM; the result lives in `a`. */
DP_MUST enum dp_err dp_profile_get(const dp_pb_profile *m, struct dp_arena *a, const struct dp_profile **out);
DP_MUST enum dp_err dp_calendar_get(const dp_pb_calendar *m, struct dp_arena *a,
                                    const struct dp_calendar **out);
/* DP_RANGE for a NULL or over-full body, DP_NOMEM; the message borrows from the body and `a`. */
DP_MUST enum dp_err dp_profile_put(const struct dp_profile *p, struct dp_arena *a, dp_pb_profile **out);
DP_MUST enum dp_err dp_calendar_put(const struct dp_calendar *c, struct dp_arena *a, dp_pb_calendar **out);

#endif
