/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit complained about, as a register writes it, and the offices that it means. The code decides whom a
 * protected matter is kept from (R-N3-2), so nothing is guessed: a name that is not of one office alone is
 * none.
 */
#ifndef DP_CLI_RESPONDENTS_H
#define DP_CLI_RESPONDENTS_H

#include <stdbool.h>

#include "base/id.h"
#include "base/slice.h"

#define DP_RESPONDENTS_CODED_MAX 4
#define DP_DIVISIONS_OF_COUNTY 1000000 /* the part of a code below a county */

struct dp_known_office {
    struct dp_office office;
    const char *id, *name;
};

/* Borrows the offices. */
struct dp_known_offices {
    const struct dp_known_office *list;
    size_t count;
    struct dp_div
        within; /* the own node's; only offices of its county are found by the beginning of a name */
    struct dp_slice county; /* its name, which may be left out or put before; empty: not known */
};

struct dp_respondents {
    const char *ids[DP_RESPONDENTS_CODED_MAX]; /* of the offices, borrowed */
    uint32_t count;
    bool unsure; /* a unit is named that is not one office known here */
};

/* The office with that name, else the only one of the county whose name begins so. DP_NOT_FOUND,
 * DP_AMBIGUOUS. */
DP_MUST enum dp_err dp_office_of_name(const struct dp_known_offices *k, struct dp_slice name, size_t *at);
/*
 * Of a whole field, which may name several. Where one of them is not known, the others are coded only when
 * one is of a county or above: for to name nobody keeps a protected matter from every township, village and
 * department below the county's own node (R-N3-2), which is more than to name some.
 */
void dp_respondents_of(const struct dp_known_offices *k, struct dp_slice field, struct dp_respondents *out);

#endif
