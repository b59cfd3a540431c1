/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of RFC 4180, a byte at a time. */
#include "csv.h"

#include <string.h>

enum place { FIELD_START, PLAIN, QUOTED, QUOTE_SEEN, RECORD_END };

#define END_OF_FILE (-1)

void dp_csv_init(struct dp_csv *c, struct dp_decode *from)
{
    c->from = from;
    c->in_len = c->in_at = 0;
    c->line = 1;
    c->cr = false;
    memset(c->skip, 0, sizeof(c->skip));
    dp_buf_init(&c->text, DP_CSV_RECORD_BYTES_MAX);
}

void dp_csv_fini(struct dp_csv *c)
{
    dp_buf_fini(&c->text);
}

void dp_csv_skip(struct dp_csv *c, uint32_t column)
{
    if (column < DP_CSV_COLUMNS_MAX)
        c->skip[column] = true;
}

static enum dp_err raw_byte(struct dp_csv *c, int *out)
{
    if (c->in_at == c->in_len) {
        enum dp_err err = dp_decode_next(c->from, c->in, sizeof(c->in), &c->in_len);
        c->in_at = 0;
        if (err != DP_OK) {
            c->in_len = 0;
            return err;
        }
    }
    *out = c->in_len == 0 ? END_OF_FILE : c->in[c->in_at++];
    return DP_OK;
}

/* The next byte with every end of line as one LF. */
static enum dp_err next_byte(struct dp_csv *c, int *out)
{
    enum dp_err err = raw_byte(c, out);

    if (err == DP_OK && c->cr && *out == '\n')
        err = raw_byte(c, out);
    if (err != DP_OK)
        return err;
    c->cr = *out == '\r';
    if (c->cr)
        *out = '\n';
    return DP_OK;
}

static void set_fault(struct dp_csv *c, enum dp_csv_fault f)
{
    if (c->record.fault != DP_CSV_FINE)
        return;
    c->record.fault = f;
    c->record.fault_line = c->line;
    c->record.fault_column = c->record.count;
}

static enum dp_err put(struct dp_csv *c, int byte)
{
    uint8_t b = (uint8_t)byte;

    if (c->record.fault != DP_CSV_FINE)
        return DP_OK;
    if (c->record.count < DP_CSV_COLUMNS_MAX && c->skip[c->record.count])
        return DP_OK;
    if (c->text.len - c->starts[c->record.count] == DP_CSV_FIELD_BYTES_MAX) {
        set_fault(c, DP_CSV_FIELD_TOO_LONG);
        return DP_OK;
    }
    return dp_buf_put(&c->text, &b, 1);
}

static void end_field(struct dp_csv *c)
{
    struct dp_csv_record *r = &c->record;

    if (r->fault != DP_CSV_FINE)
        return;
    if (r->count == DP_CSV_COLUMNS_MAX) {
        set_fault(c, DP_CSV_TOO_MANY_COLUMNS);
        return;
    }
    r->count++;
    c->starts[r->count] = c->text.len;
    if (r->count < DP_CSV_COLUMNS_MAX)
        r->lines[r->count] = c->line;
}

/* A comma, an end of line or of file outside quotes; false for any other byte. */
static bool separates(struct dp_csv *c, int byte, enum place *place)
{
    if (byte != ',' && byte != '\n' && byte != END_OF_FILE)
        return false;
    end_field(c);
    *place = byte == ',' ? FIELD_START : RECORD_END;
    return true;
}

static enum dp_err step(struct dp_csv *c, int byte, enum place *place)
{
    switch (*place) {
    case FIELD_START:
        if (byte == '"') {
            *place = QUOTED;
            return DP_OK;
        }
        *place = PLAIN;
        return separates(c, byte, place) ? DP_OK : put(c, byte);
    case PLAIN:
        return separates(c, byte, place) ? DP_OK : put(c, byte);
    case QUOTED:
        if (byte == END_OF_FILE) {
            set_fault(c, DP_CSV_QUOTE_OPEN);
            *place = RECORD_END;
            return DP_OK;
        }
        if (byte == '"') {
            *place = QUOTE_SEEN;
            return DP_OK;
        }
        return put(c, byte);
    case QUOTE_SEEN:
        if (separates(c, byte, place))
            return DP_OK;
        *place = byte == '"' ? QUOTED : PLAIN;
        if (byte != '"')
            set_fault(c, DP_CSV_AFTER_QUOTE);
        return put(c, byte);
    case RECORD_END:
        break;
    }
    return DP_INTERNAL;
}

static void begin_record(struct dp_csv *c)
{
    dp_buf_reset(&c->text);
    c->starts[0] = 0;
    c->record.line = c->record.lines[0] = c->line;
    c->record.count = 0;
    c->record.fault = DP_CSV_FINE;
}

/* A quote that is never closed is named where it opened, not where the file ends. */
static void name_open_quote(struct dp_csv_record *r)
{
    if (r->fault == DP_CSV_QUOTE_OPEN)
        r->fault_line = r->lines[r->count < DP_CSV_COLUMNS_MAX ? r->count : DP_CSV_COLUMNS_MAX - 1];
}

enum dp_err dp_csv_next(struct dp_csv *c, const struct dp_csv_record **out)
{
    enum place place = FIELD_START;
    enum dp_err err;
    int byte;

    begin_record(c);
    err = next_byte(c, &byte);
    if (err == DP_OK && byte == END_OF_FILE)
        return DP_NOT_FOUND;
    while (err == DP_OK) {
        c->line += byte == '\n';
        if (c->line > DP_CSV_LINES_MAX)
            return DP_TOO_BIG;
        err = step(c, byte, &place);
        if (err != DP_OK || place == RECORD_END)
            break;
        err = next_byte(c, &byte);
    }
    if (err != DP_OK)
        return err;
    name_open_quote(&c->record);
    for (uint32_t i = 0; i < c->record.count; i++)
        c->record.fields[i] = c->text.p == NULL /* nothing but empty fields yet */
                                  ? dp_slice_of("", 0)
                                  : dp_slice_of(c->text.p + c->starts[i], c->starts[i + 1] - c->starts[i]);
    *out = &c->record;
    return DP_OK;
}

const char *dp_csv_fault_text(enum dp_csv_fault f)
{
    switch (f) {
    case DP_CSV_FINE:
        return "";
    case DP_CSV_FIELD_TOO_LONG:
        return "the field is longer than 16 KiB; perhaps a quote is not closed";
    case DP_CSV_TOO_MANY_COLUMNS:
        return "more than 256 columns";
    case DP_CSV_AFTER_QUOTE:
        return "there is text between a closing quote and the comma";
    case DP_CSV_QUOTE_OPEN:
        return "a quote opened here is not closed before the end of the file";
    }
    return "";
}
