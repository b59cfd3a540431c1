/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV by RFC 4180: records of fields, quoted or not, ends of line LF or CR LF, newlines
 * inside quotes (they come out as LF). One record is in memory at a time. A record that
 * breaks a limit or a rule is reported with its line and skipped to its end.
 */
#ifndef DP_CLI_CSV_H
#define DP_CLI_CSV_H

#include "base/slice.h"
#include "decode.h"

#define DP_CSV_COLUMNS_MAX 256
#define DP_CSV_FIELD_BYTES_MAX 16384
#define DP_CSV_LINES_MAX 4000000
#define DP_CSV_RECORD_BYTES_MAX (DP_CSV_COLUMNS_MAX * (DP_CSV_FIELD_BYTES_MAX + 1u))

enum dp_csv_fault {
    DP_CSV_FINE,
    DP_CSV_FIELD_TOO_LONG,
    DP_CSV_TOO_MANY_COLUMNS,
    DP_CSV_AFTER_QUOTE, /* something between a closing quote and the comma */
    DP_CSV_QUOTE_OPEN,  /* the file ends inside quotes */
};

struct dp_csv_record {
    uint32_t line; /* where it begins, from 1 */
    uint32_t count;
    struct dp_slice fields[DP_CSV_COLUMNS_MAX];
    uint32_t lines[DP_CSV_COLUMNS_MAX]; /* where each field begins */
    enum dp_csv_fault fault;
    uint32_t fault_line, fault_column; /* column from 0 */
};

struct dp_csv {
    struct dp_decode *from; /* borrowed */
    uint8_t in[DP_DECODE_BLOCK];
    size_t in_len, in_at;
    uint32_t line;
    bool cr; /* the last byte was a carriage return that counted as the end of a line */
    struct dp_buf text;
    size_t starts[DP_CSV_COLUMNS_MAX + 1]; /* of the fields in text */
    struct dp_csv_record record;
    bool skip[DP_CSV_COLUMNS_MAX];
};

void dp_csv_init(struct dp_csv *c, struct dp_decode *from);
void dp_csv_fini(struct dp_csv *c);
/* From the next record on the fields of this column (from 0) are empty: their bytes are not kept, nor
 * limited. */
void dp_csv_skip(struct dp_csv *c, uint32_t column);
/*
 * The next record, borrowed until the next call; look at its fault first: only a fine one
 * has fields. An empty line is a record of one empty field. DP_NOT_FOUND at the end,
 * DP_TOO_BIG past DP_CSV_LINES_MAX lines, or what the decoder says.
 */
DP_MUST enum dp_err dp_csv_next(struct dp_csv *c, const struct dp_csv_record **out);

/* Reason for a person. */
const char *dp_csv_fault_text(enum dp_csv_fault f);

#endif
