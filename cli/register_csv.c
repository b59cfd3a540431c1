/* SPDX-License-Identifier: Apache-2.0 */
/* Registers: headings, what of them is taken, and the run over the rows. */
#include "register_csv.h"

#include <stdlib.h>
#include <string.h>

#include "register_row.h"

static bool is_empty(const struct dp_csv_record *record)
{
    for (uint32_t i = 0; i < record->count; i++)
        if (dp_word_trim(record->fields[i]).len > 0)
            return false;
    return true;
}

/* The same key a second time: the same row once more, or one that contradicts the first. */
static enum dp_err compare(struct dp_register *r, const struct dp_register_row *row,
                           const struct dp_seen_row *seen, struct dp_register_faults *faults)
{
    static const enum dp_column columns[] = {[DP_KEY_SOURCE_NO] = DP_COLUMN_SOURCE_NO,
                                             [DP_KEY_NUMBER] = DP_COLUMN_NUMBER,
                                             [DP_KEY_DIGEST] = DP_COLUMN_NUMBER};
    uint32_t line;
    enum dp_err err = dp_seen_add(&r->seen, seen, &line);

    if (err != DP_CONFLICT)
        return err;
    dp_register_add_fault(faults, row->line, dp_column_word(columns[row->key]),
                          "another row has this number and says something else");
    faults->list[0].other = line;
    return DP_PARTLY;
}

enum dp_err dp_register_next(struct dp_register *r, struct dp_register_row *row,
                             struct dp_register_faults *faults)
{
    const struct dp_csv_record *record;
    struct dp_seen_row seen;
    enum dp_err err;

    faults->count = 0;
    do {
        err = dp_csv_next(&r->csv, &record);
        if (err != DP_OK)
            return err;
        if (record->fault != DP_CSV_FINE) {
            dp_register_add_fault(faults, record->fault_line, "", dp_csv_fault_text(record->fault));
            return DP_PARTLY;
        }
    } while (is_empty(record));
    err = dp_register_row_read(r, record, row, &seen, faults);
    return err == DP_OK ? compare(r, row, &seen, faults) : err;
}

/* ---- headings ---- */

static void drop(struct dp_register *r, struct dp_slice heading, enum dp_column why)
{
    struct dp_register_dropped *d = &r->dropped[r->dropped_count++];
    size_t len = heading.len < DP_REGISTER_TEXT_MAX ? heading.len : DP_REGISTER_TEXT_MAX;

    while (len > 0 && len < heading.len && (heading.p[len] & 0xC0) == 0x80)
        len--; /* no half character */
    memcpy(d->name, heading.p, len);
    d->name[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)d->name[i] < ' ' || d->name[i] == 0x7F)
            d->name[i] = '?';
    d->why = why;
}

static void take_heading(struct dp_register *r, uint16_t at, struct dp_slice heading)
{
    enum dp_column c = dp_column_of(heading);

    if (c < DP_COLUMN_COUNT && r->at[c] == DP_NO_COLUMN)
        r->at[c] = at;
    else if (heading.len > 0)
        drop(r, heading, c); /* R-N4-1: its name is all that is kept */
}

static bool has(const struct dp_register *r, enum dp_column c)
{
    return r->at[c] != DP_NO_COLUMN;
}

/* NULL when the record is a line of headings, else what it lacks. */
static const char *take_headings(struct dp_register *r, const struct dp_csv_record *record)
{
    bool dated, told;

    for (unsigned c = 0; c < DP_COLUMN_COUNT; c++)
        r->at[c] = DP_NO_COLUMN;
    r->dropped_count = 0;
    r->columns = record->count;
    for (uint32_t i = 0; i < record->count; i++) {
        if (record->fields[i].len > 0 && !dp_utf8_ok(record->fields[i]))
            return "the headings are no text in this encoding";
        take_heading(r, (uint16_t)i, dp_word_trim(record->fields[i]));
    }
    dated = has(r, DP_COLUMN_RECEIVED_ON) || has(r, DP_COLUMN_REGISTERED_ON);
    told = has(r, DP_COLUMN_TITLE) || has(r, DP_COLUMN_SUMMARY) || has(r, DP_COLUMN_CONTENT) ||
           has(r, DP_COLUMN_DEMAND);
    if (!dated)
        return told ? "no column for the date of receipt (收件日期 or 登记日期)"
                    : "no line of headings was found";
    return told ? NULL : "no column for title or text (标题, 概况, 内容 or 主要诉求)";
}

/* R-N4-1: the bytes of what is not taken are not even kept. */
static void skip_dropped(struct dp_register *r)
{
    bool taken[DP_CSV_COLUMNS_MAX] = {false};

    for (unsigned c = 0; c < DP_COLUMN_COUNT; c++)
        if (r->at[c] != DP_NO_COLUMN)
            taken[r->at[c]] = true;
    for (uint32_t i = 0; i < r->columns; i++)
        if (!taken[i])
            dp_csv_skip(&r->csv, i);
}

enum dp_err dp_register_begin(struct dp_register *r, const char **reason)
{
    const struct dp_csv_record *record;
    const char *best = "no line of headings was found";

    for (int i = 0; i < DP_REGISTER_HEADING_LINES; i++) {
        enum dp_err err = dp_csv_next(&r->csv, &record);
        const char *lacks;
        if (err == DP_NOT_FOUND)
            break;
        if (err != DP_OK)
            return err;
        lacks = record->fault != DP_CSV_FINE ? dp_csv_fault_text(record->fault) : take_headings(r, record);
        if (lacks == NULL) {
            skip_dropped(r);
            return DP_OK;
        }
        if (strncmp(lacks, "no line", 7) != 0)
            best = lacks;
    }
    r->dropped_count = 0; /* not headings, perhaps: their names are nobody's business */
    *reason = best;
    return DP_FORMAT;
}

const struct dp_register_dropped *dp_register_dropped(const struct dp_register *r, uint32_t *count)
{
    *count = r->dropped_count;
    return r->dropped;
}

enum dp_register_key dp_register_key_of(const struct dp_register *r)
{
    if (has(r, DP_COLUMN_SOURCE_NO))
        return DP_KEY_SOURCE_NO;
    return has(r, DP_COLUMN_NUMBER) ? DP_KEY_NUMBER : DP_KEY_DIGEST;
}

/* ---- life ---- */

enum dp_err dp_register_new(const struct dp_register_options *options, dp_bytes_read *read, void *ctx,
                            struct dp_register **out)
{
    size_t len = strlen(options->system);
    struct dp_register *r;
    enum dp_err err;

    if (len == 0 || len > DP_REGISTER_SYSTEM_MAX || !dp_utf8_ok(dp_slice_str(options->system)))
        return DP_RANGE;
    r = calloc(1, sizeof(*r));
    if (r == NULL)
        return DP_NOMEM;
    r->options = *options;
    err = dp_decode_init(&r->decode, options->encoding, read, ctx);
    if (err != DP_OK) {
        free(r);
        return err;
    }
    dp_csv_init(&r->csv, &r->decode);
    *out = r;
    return DP_OK;
}

void dp_register_free(struct dp_register **r)
{
    if (*r == NULL)
        return;
    dp_seen_fini(&(*r)->seen);
    dp_csv_fini(&(*r)->csv);
    dp_decode_fini(&(*r)->decode);
    free(*r);
    *r = NULL;
}

enum dp_err dp_register_read_file(void *file, void *p, size_t cap, size_t *len)
{
    *len = fread(p, 1, cap, file);
    return *len == 0 && ferror((FILE *)file) ? DP_IO : DP_OK;
}
