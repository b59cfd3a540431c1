/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables for people from the daemon's JSON: a column names a path in a row and how its value is shown. Widths
 * of CJK are right, because libsmartcols knows them.
 */
#ifndef DP_CLI_TABLE_H
#define DP_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "words.h"

enum dp_shown {
    DP_SHOWN_TEXT,
    DP_SHOWN_WORD, /* translated */
    DP_SHOWN_SAID, /* a text of the daemon, translated where it is a known one */
    DP_SHOWN_KIND, /* word of a kind of entry */
    DP_SHOWN_CODE, /* number of a list */
    DP_SHOWN_SIX,  /* six digits; nothing for 0 */
    DP_SHOWN_TIME, /* without seconds and zone */
    DP_SHOWN_YES,  /* a mark when true */
    DP_SHOWN_BYTES,
    DP_SHOWN_NUMBER, /* to the right */
    DP_SHOWN_DAYS,   /* days left; to the right, "!" when over */
};

struct dp_tab {
    const char *path; /* "next_due.due" */
    const char *head; /* translated when shown */
    uint8_t shown;    /* enum dp_shown */
    uint8_t codes;    /* enum dp_codes, with DP_SHOWN_CODE */
};

/* Rows of an array; `none` when there are none. Exit code 0 or 1. */
int dp_table_print(const json_t *rows, const struct dp_tab *tabs, unsigned count, const char *none);
/* One object, a line for each column that it has. */
void dp_fields_print(const json_t *object, const struct dp_tab *tabs, unsigned count);
/* One value as text; "" when it is absent. */
void dp_tab_text(const json_t *row, const struct dp_tab *tab, char *out, size_t cap);
/* Value at a path; NULL when absent. */
const json_t *dp_json_at(const json_t *v, const char *path);

#define DP_TABS(list) (list), (unsigned)(sizeof(list) / sizeof((list)[0]))

#endif
