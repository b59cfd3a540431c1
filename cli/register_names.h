/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several names, numbers or offices in one field of a register: "张三、李四等12人". A comma of any kind parts
 * them, outside brackets; white space does only where the caller says so, for clerks pad short names with it.
 */
#ifndef DP_CLI_REGISTER_NAMES_H
#define DP_CLI_REGISTER_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define DP_NAMES_MAX 5 /* R22 20: at most five represent a group */

struct dp_names {
    uint32_t count; /* names found, also those beyond the list */
    uint32_t said;  /* N of "等N人"; 0 = not said */
    struct dp_slice list[DP_NAMES_MAX];
};

/* At 、 ， ； , ; and /. Pieces are trimmed and borrowed, empty ones left out. */
void dp_names_split(struct dp_slice s, struct dp_names *out);
/*
 * Names of `headcount` persons (0 = not said). An ending 等, 等人, 等N人 is no name. White space parts names
 * only where there are no more pieces than persons, and each has two Chinese characters or more: "张三 李四"
 * of two persons are two, "张 三" is one, and so is "欧阳 娜娜" who came alone.
 */
void dp_names_of_persons(struct dp_slice s, uint32_t headcount, struct dp_names *out);

#endif
