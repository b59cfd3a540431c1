/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per field that a control message and its plain type share: where it stands in both, and its limit.
 * Rows only check and copy; strings and bytes stay where the unpacking put them. Internal to control/.
 */
#ifndef DP_CONTROL_FIELD_H
#define DP_CONTROL_FIELD_H

#include <stddef.h>

#include "control.pb-c.h"
#include "control/request.h"

#define PBC(message) Daipao__Control__V1__##message

enum dp_ctl_type {
    DP_CTL_LINE, /* string -> const char *, no line breaks */
    DP_CTL_TEXT, /* string -> const char *, may have them */
    DP_CTL_U32,
    DP_CTL_U64,
    DP_CTL_BOOL,
    DP_CTL_DATE,  /* uint32 -> struct dp_date */
    DP_CTL_BIRTH, /* uint32 -> struct dp_date, may lie before 1970 */
    DP_CTL_DIV,   /* string -> struct dp_div; empty: none */
    DP_CTL_BYTES, /* bytes -> struct dp_slice */
};

/* `max`: bytes of a string or of bytes, value of a number. */
struct dp_ctl_field {
    uint8_t type; /* enum dp_ctl_type */
    uint16_t wire_at, core_at;
    uint64_t max;
};

#define DP_CTL_FIELD(type, message, name, core, max)                                                         \
    {                                                                                                        \
        DP_CTL_##type, (uint16_t)offsetof(PBC(message), name), (uint16_t)offsetof(struct core, name), max    \
    }
#define DP_CTL_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* DP_RANGE at the first field outside its limit, DP_TOO_BIG for bytes. */
DP_MUST enum dp_err dp_ctl_fields(const struct dp_ctl_field *f, size_t n, const void *message, void *core);
/* One line of at most `max` bytes. */
bool dp_ctl_line_ok(const char *s, size_t max);

/* step.c. Memory from `a`. */
DP_MUST enum dp_err dp_ctl_step(const PBC(Step) * m, struct dp_arena *a, struct dp_step *out);

#endif
