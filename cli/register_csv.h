/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a register (台账) that an office kept in a spreadsheet and saved as CSV: one row, one
 * matter, out as typed fields or as faults that name line and column. A bad row never stops
 * the reading. Only columns of the allow-list are read; of all others the name alone is
 * kept, for the report, and no byte of a value (R-N4-1). No fault text ever holds a value of the file,
 * because a row that has slipped by one column has a person's name anywhere.
 */
#ifndef DP_CLI_REGISTER_CSV_H
#define DP_CLI_REGISTER_CSV_H

#include <stdio.h>

#include "csv.h"
#include "decode.h"
#include "divisions.h"
#include "register_names.h"
#include "register_words.h"

#define DP_REGISTER_FAULTS_MAX 8
#define DP_REGISTER_HEADING_LINES 5 /* titles that may stand above the headings */
#define DP_REGISTER_SYSTEM_MAX 63   /* bytes of a source system's name */
#define DP_REGISTER_NO_MAX 38       /* bytes of a number */
#define DP_REGISTER_PART_MAX 16384  /* bytes of the texts of one part */
#define DP_REGISTER_TEXT_MAX 100    /* bytes of a name of a column in the report */

/* Flags of a row; the numbers are those of R-REG-3. */
enum dp_register_flag {
    DP_REGISTER_GROUP = 1u << 0,
    DP_REGISTER_URGENT = 1u << 1,
    DP_REGISTER_CONFIDENTIAL = 1u << 2,
    DP_REGISTER_LITIGATION = 1u << 3,
    DP_REGISTER_PUBLIC_OK = 1u << 5,
    DP_REGISTER_REPEAT = 1u << 8,
};

/* What makes a second import of the same row recognisable. */
enum dp_register_key {
    DP_KEY_SOURCE_NO, /* column 来源编号 */
    DP_KEY_NUMBER,    /* column 信访编号, the register's own */
    DP_KEY_DIGEST,    /* neither: digest of what was read of the row; a corrected row is a new one */
};

/* Text is UTF-8, trimmed, borrowed until the next call; empty = not said. */
struct dp_register_row {
    uint32_t line;
    enum dp_register_key key;
    char source_system[DP_REGISTER_SYSTEM_MAX + 1];  /* never empty */
    char source_no[DP_REGISTER_NO_MAX + 1];          /* never empty */
    struct dp_slice number, foreign_no, national_no; /* as the columns have them */
    struct dp_date received_on;                      /* never none: 收件日期, else 登记日期 */
    struct dp_date registered_on, petition_on;
    char channel;      /* O when the register does not say */
    uint8_t origin;    /* 0 = not said */
    uint8_t purpose;   /* 99 when the register does not say */
    uint32_t category; /* 0 = not said */
    uint32_t flags;
    bool anonymous;
    uint32_t headcount, involved; /* headcount >= 1 and >= the names; involved 0 = not said */
    struct dp_div problem_div, residence_div;
    struct dp_slice name, id_no, phone, address; /* as the columns have them */
    struct dp_names names;                       /* of `name`, which may hold several */
    struct dp_slice respondent_name, respondent_org, respondent_rank;
    struct dp_slice title, summary, content, demand; /* one of them at least */
};

struct dp_register_fault {
    uint32_t line;
    const char *column; /* static; "" = the row as a whole */
    const char *text;   /* static */
    uint32_t other;     /* line of the row that this one contradicts; 0 = none */
};

struct dp_register_faults {
    uint32_t count; /* faults beyond the list are counted, not kept */
    struct dp_register_fault list[DP_REGISTER_FAULTS_MAX];
};

/* A column that was not taken. */
struct dp_register_dropped {
    char name[DP_REGISTER_TEXT_MAX + 1]; /* control characters as '?' */
    enum dp_column why; /* UNKNOWN, BARRED (not taken by rule), else a second column for that field */
};

struct dp_register_options {
    enum dp_encoding encoding;
    const char *system;                   /* source system where the row names none; 1..63 bytes */
    const struct dp_divisions *divisions; /* NULL: places as 12 digits only */
    struct dp_div within;                 /* places are looked for here first */
    struct dp_date today;                 /* later dates are faults; none = not checked */
};

struct dp_register;

/* `options` is copied, what it points to is borrowed. DP_RANGE for a bad system name, DP_NOMEM, DP_INTERNAL.
 */
DP_MUST enum dp_err dp_register_new(const struct dp_register_options *options, dp_bytes_read *read, void *ctx,
                                    struct dp_register **out);
void dp_register_free(struct dp_register **r);

/*
 * Reads the headings. DP_FORMAT when none of the first lines has them; *reason then says which are
 * missing (static). No name is reported from such a file: they may be a person's.
 */
DP_MUST enum dp_err dp_register_begin(struct dp_register *r, const char **reason);
/* Columns not taken, in the order of the file; borrowed. */
const struct dp_register_dropped *dp_register_dropped(const struct dp_register *r, uint32_t *count);
/* How rows are recognised when they have all their columns. */
enum dp_register_key dp_register_key_of(const struct dp_register *r);

/*
 * The next row. DP_OK: *row. DP_DUPLICATE: *row says again, in all columns taken, what an earlier one said.
 * DP_PARTLY: the row is not good, *faults says why; one of them is that an earlier row has the same source
 * system and number and says something else. DP_NOT_FOUND: the end. Any other error ends the reading. Rows
 * that have nothing in the columns taken are passed over.
 */
DP_MUST enum dp_err dp_register_next(struct dp_register *r, struct dp_register_row *row,
                                     struct dp_register_faults *faults);

/* dp_bytes_read for a FILE. */
enum dp_err dp_register_read_file(void *file, void *p, size_t cap, size_t *len);

#endif
