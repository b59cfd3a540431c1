/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ground of the enrolment target: a county with five codes out, each for a township and in another state,
 * and a newcomer at the other end of each. It is the same in every process.
 */
#ifndef DP_TESTS_FUZZ_ENROLL_WORLD_H
#define DP_TESTS_FUZZ_ENROLL_WORLD_H

#include "node/enroll_rows.h"
#include "support/cluster.h"

enum enroll_state {
    ENROLL_FRESH, /* has not asked yet */
    ENROLL_PENDING,
    ENROLL_APPROVED, /* and has not heard of it */
    ENROLL_REFUSED,
    ENROLL_NAMELESS, /* has not asked yet, and does not know for which node its code is */
    ENROLL_STATES,
};

struct enroll_world {
    struct cluster *c;
    struct cl_node *county, *newcomer[ENROLL_STATES];
    struct dp_token token[ENROLL_STATES];
};

extern const char *const enroll_towns[ENROLL_STATES];

/* Made at the first call. Both ends have derived their keys. */
struct enroll_world *enroll_world_get(void);

#endif
