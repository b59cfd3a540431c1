/* SPDX-License-Identifier: Apache-2.0 */
/* Role of an office by its slug (R-VAL-4): three slugs are reserved, any other is an organ. */
#include "case/entry.h"

#include <string.h>

enum dp_role dp_office_role(const struct dp_office *o)
{
    if (strncmp(o->slug, "bureau", sizeof(o->slug)) == 0)
        return DP_ROLE_BUREAU;
    if (strncmp(o->slug, "station", sizeof(o->slug)) == 0)
        return DP_ROLE_STATION;
    if (strncmp(o->slug, "node", sizeof(o->slug)) == 0)
        return DP_ROLE_DAEMON;
    return DP_ROLE_ORGAN;
}
