/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the register reader: what its two files share. */
#ifndef DP_CLI_REGISTER_ROW_H
#define DP_CLI_REGISTER_ROW_H

#include "register_csv.h"
#include "register_seen.h"

#define DP_NO_COLUMN UINT16_MAX

struct dp_register {
    struct dp_register_options options;
    struct dp_decode decode;
    struct dp_csv csv;
    struct dp_seen seen;
    uint32_t columns;             /* of the headings */
    uint16_t at[DP_COLUMN_COUNT]; /* column of each field, or DP_NO_COLUMN */
    uint32_t dropped_count;
    struct dp_register_dropped dropped[DP_CSV_COLUMNS_MAX];
};

void dp_register_add_fault(struct dp_register_faults *f, uint32_t line, const char *column, const char *text);

/* One record as a row, and what is kept of it for those to come; DP_PARTLY with *faults when it is not good.
 */
DP_MUST enum dp_err dp_register_row_read(const struct dp_register *r, const struct dp_csv_record *record,
                                         struct dp_register_row *row, struct dp_seen_row *seen,
                                         struct dp_register_faults *faults);

#endif
