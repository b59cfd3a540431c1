/* SPDX-License-Identifier: Apache-2.0 */
/* Words of lanes, and the one table behind the reasons for which a link stops. */
#include "relay/session.h"

#include <stddef.h>

struct stop_row {
    const char *name;
    const char *text;
    const char *advice;
};

static const struct stop_row rows[] = {
#define ROW(name, text, advice) {#name, text, advice},
    DP_STOP_LIST(ROW)
#undef ROW
};

/* A number from elsewhere reads as a broken protocol. */
static const struct stop_row *row_of(enum dp_stop s)
{
    return (unsigned)s < DP_STOP_COUNT ? &rows[s] : &rows[DP_STOP_PROTOCOL];
}

const char *dp_stop_text(enum dp_stop s)
{
    return row_of(s)->text;
}

const char *dp_stop_advice(enum dp_stop s)
{
    return row_of(s)->advice;
}

const char *dp_stop_name(enum dp_stop s)
{
    return row_of(s)->name;
}

bool dp_stop_is_loud(enum dp_stop s)
{
    switch (s) {
    case DP_STOP_WRONG_NODE:
    case DP_STOP_RESTORED:
    case DP_STOP_PEER_RESTORED:
    case DP_STOP_FORK:
    case DP_STOP_EPOCH:
    case DP_STOP_CLONE:
    case DP_STOP_PROTOCOL:
        return true;
    case DP_STOP_NONE:
    case DP_STOP_VERSION:
    case DP_STOP_WRONG_PARENT:
    case DP_STOP_REVOKED:
    case DP_STOP_SILENT:
    case DP_STOP_EXPIRED:
    case DP_STOP_UNPROVEN: /* judged afresh with the next hello, so that a late proof still counts */
    case DP_STOP_COUNT:
        break;
    }
    return false;
}

const char *dp_lane_word(uint8_t lane)
{
    static const char *const words[DP_LANES] = {"control", "urgent", "cases", "bulk"};

    return lane < DP_LANES ? words[lane] : "unknown";
}
