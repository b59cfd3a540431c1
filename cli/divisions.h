/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of divisions (conf/divisions/divisions.csv) and the code that a written place means:
 * "平桥镇张家村", "天台县平桥镇张家村3组", a village's name alone where only one has it.
 */
#ifndef DP_CLI_DIVISIONS_H
#define DP_CLI_DIVISIONS_H

#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"

#define DP_DIVISIONS_MAX 1000000
#define DP_DIVISION_NAME_MAX 96

struct dp_division {
    struct dp_div code;
    struct dp_slice name; /* into the text */
};

struct dp_divisions {
    struct dp_division *list; /* rising codes */
    uint32_t count;
};

/*
 * From CSV text `code,name,parent`, which must outlive *out. DP_FORMAT with *line for a row that
 * is not right, a code that is there twice, or a parent that is not the one of the code;
 * DP_TOO_BIG, DP_NOMEM.
 */
DP_MUST enum dp_err dp_divisions_init(struct dp_divisions *out, struct dp_slice text, uint32_t *line);
void dp_divisions_fini(struct dp_divisions *d);

/* Name of a code; {NULL, 0} when it is not in the list. */
struct dp_slice dp_divisions_name(const struct dp_divisions *d, struct dp_div code);

/*
 * The division that `place` means, looked for in `within` and below (none: everywhere). 12 digits
 * are taken as they are. Names are read from left to right, each one below the one before, the
 * longest first; a village's rest ("3组", "18号") is left aside. DP_NOT_FOUND; DP_AMBIGUOUS when
 * more than one division has the name.
 */
DP_MUST enum dp_err dp_divisions_resolve(const struct dp_divisions *d, struct dp_slice place,
                                         struct dp_div within, struct dp_div *out);

#endif
