/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of a register. A field is set by the row of one table; what a row as a whole
 * needs is checked after it.
 */
#include "register_row.h"

#include <string.h>

#include "sha256.h"
#include "text.h"

/* One row while it is read. */
struct reading {
    const struct dp_register *r;
    const struct dp_csv_record *record;
    struct dp_register_row *row;
    struct dp_register_faults *faults;
    enum dp_column column;
};

/* ---- faults ---- */

void dp_register_add_fault(struct dp_register_faults *f, uint32_t line, const char *column, const char *text)
{
    if (f->count < DP_REGISTER_FAULTS_MAX)
        f->list[f->count] = (struct dp_register_fault){line, column, text, 0};
    f->count++;
}

static void fault(struct reading *g, const char *text)
{
    uint16_t at = g->r->at[g->column];
    uint32_t line = at == DP_NO_COLUMN ? g->record->line : g->record->lines[at];

    dp_register_add_fault(g->faults, line, dp_column_word(g->column), text);
}

/* ---- setters, one per column; the value is trimmed, valid and not empty ---- */

static void set_text(struct reading *g, struct dp_slice v, void *to)
{
    (void)g;
    *(struct dp_slice *)to = v;
}

static bool is_line(struct reading *g, struct dp_slice v)
{
    if (memchr(v.p, '\n', v.len) == NULL && memchr(v.p, '\t', v.len) == NULL)
        return true;
    fault(g, "a line break or tab; write it on one line");
    return false;
}

static void set_line(struct reading *g, struct dp_slice v, void *to)
{
    if (is_line(g, v))
        set_text(g, v, to);
}

/* Spreadsheets put an apostrophe or a tab before long numbers, or destroy them. */
static void set_digits(struct reading *g, struct dp_slice v, void *to)
{
    if (v.p[0] == '\'')
        v = dp_word_trim(dp_slice_of(v.p + 1, v.len - 1));
    if (dp_word_spoiled(v)) {
        fault(g, "the spreadsheet has destroyed this number; format the column as text");
        return;
    }
    set_line(g, v, to);
}

static void set_number(struct reading *g, struct dp_slice v, void *to)
{
    if (v.len > DP_REGISTER_NO_MAX)
        fault(g, "longer than 38 bytes");
    else
        set_digits(g, v, to);
}

static void set_date(struct reading *g, struct dp_slice v, void *to)
{
    struct dp_date d, today = g->r->options.today;

    if (!dp_word_date(v, &d))
        fault(g, "not a date from 1990 to 2099, such as 2026-02-13 or 2026年2月13日");
    else if (!dp_date_is_none(today) && d.day > today.day)
        fault(g, "the date has not come yet");
    else
        *(struct dp_date *)to = d;
}

static void set_channel(struct reading *g, struct dp_slice v, void *to)
{
    struct dp_channel_word w;

    (void)to;
    if (!dp_word_channel(v, &w)) {
        fault(g, "not a known form: 来信, 来访, 网上, 电话, 传真, 其他, or L V W T F O");
        return;
    }
    g->row->channel = w.channel;
    g->row->origin = w.origin; /* the column for it comes later and has the last word */
}

static void set_origin(struct reading *g, struct dp_slice v, void *to)
{
    if (!dp_word_origin(v, to))
        fault(g, "not a known source");
}

static void set_purpose(struct reading *g, struct dp_slice v, void *to)
{
    if (!dp_word_purpose(v, to))
        fault(g, "not a known purpose: 建议, 检举控告, 申诉, 求决, 咨询, 感谢, 其他");
}

static void set_category(struct reading *g, struct dp_slice v, void *to)
{
    if (!dp_word_category(v, to))
        fault(g, "neither a known class nor six digits that begin with the number of one");
}

static void set_count(struct reading *g, struct dp_slice v, void *to)
{
    if (!dp_word_count(v, to))
        fault(g, "not a number from 1 to 65535");
}

static void set_place(struct reading *g, struct dp_slice v, void *to)
{
    static const struct dp_divisions none = {0};
    const struct dp_register_options *o = &g->r->options;

    enum dp_err err = dp_divisions_resolve(o->divisions != NULL ? o->divisions : &none, v, o->within, to);

    if (err == DP_AMBIGUOUS)
        fault(g, "more than one place has this name; write the township too");
    else if (err != DP_OK)
        fault(g, "not a known place");
}

static void set_flag(struct reading *g, struct dp_slice v, uint32_t flag)
{
    bool yes;

    if (!dp_word_yes(v, &yes))
        fault(g, "neither 是 nor 否");
    else if (yes)
        g->row->flags |= flag;
}

static void set_anonymous(struct reading *g, struct dp_slice v, void *to)
{
    if (!dp_word_yes(v, to))
        fault(g, "neither 是 nor 否");
}

static void set_system(struct reading *g, struct dp_slice v, void *to)
{
    if (v.len > DP_REGISTER_SYSTEM_MAX)
        fault(g, "longer than 63 bytes");
    else if (is_line(g, v))
        memcpy(to, v.p, v.len);
}

static const struct {
    void (*set)(struct reading *g, struct dp_slice v, void *to); /* NULL: a flag */
    size_t offset;                                               /* of the field in the row, or the flag */
} setters[DP_COLUMN_COUNT] = {
#define FIELD(column, set, field) [DP_COLUMN_##column] = {set, offsetof(struct dp_register_row, field)}
#define FLAG(column) [DP_COLUMN_##column] = {NULL, DP_REGISTER_##column}
    FIELD(NUMBER, set_number, number),
    FIELD(SOURCE_SYSTEM, set_system, source_system),
    FIELD(SOURCE_NO, set_number, foreign_no),
    FIELD(NATIONAL_NO, set_number, national_no),
    FIELD(REGISTERED_ON, set_date, registered_on),
    FIELD(RECEIVED_ON, set_date, received_on),
    FIELD(PETITION_ON, set_date, petition_on),
    FIELD(CHANNEL, set_channel, channel),
    FIELD(ORIGIN, set_origin, origin),
    FIELD(PURPOSE, set_purpose, purpose),
    FIELD(CATEGORY, set_category, category),
    FIELD(NAME, set_line, name),
    FIELD(ID_NO, set_digits, id_no),
    FIELD(PHONE, set_digits, phone),
    FIELD(ADDRESS, set_line, address),
    FIELD(RESIDENCE_DIV, set_place, residence_div),
    FIELD(HEADCOUNT, set_count, headcount),
    FIELD(INVOLVED, set_count, involved),
    FIELD(PROBLEM_DIV, set_place, problem_div),
    FIELD(RESPONDENT_NAME, set_line, respondent_name),
    FIELD(RESPONDENT_ORG, set_line, respondent_org),
    FIELD(RESPONDENT_RANK, set_line, respondent_rank),
    FIELD(TITLE, set_line, title),
    FIELD(SUMMARY, set_text, summary),
    FIELD(CONTENT, set_text, content),
    FIELD(DEMAND, set_text, demand),
    FIELD(ANONYMOUS, set_anonymous, anonymous),
    FLAG(REPEAT),
    FLAG(GROUP),
    FLAG(URGENT),
    FLAG(CONFIDENTIAL),
    FLAG(LITIGATION),
    FLAG(PUBLIC_OK),
};

/* ---- one row ---- */

static struct dp_slice value_of(const struct reading *g, enum dp_column c)
{
    uint16_t at = g->r->at[c];

    return at == DP_NO_COLUMN ? dp_slice_of(NULL, 0) : dp_word_trim(g->record->fields[at]);
}

static void read_field(struct reading *g, enum dp_column c)
{
    struct dp_slice v = value_of(g, c);

    g->column = c;
    if (v.len == 0)
        return;
    if (!dp_utf8_ok(v))
        fault(g, "bytes that are no text in this encoding, or control characters");
    else if (setters[c].set == NULL)
        set_flag(g, v, (uint32_t)setters[c].offset);
    else
        setters[c].set(g, v, (char *)g->row + setters[c].offset);
}

/* Over the columns taken: neither their order nor the encoding of the file matters. */
static void digest_row(const struct reading *g, uint8_t out[DP_SEEN_BYTES])
{
    struct dp_sha256 s;
    uint8_t sum[32];

    dp_sha256_init(&s);
    for (unsigned c = 0; c < DP_COLUMN_COUNT; c++) {
        struct dp_slice v = value_of(g, (enum dp_column)c);
        uint8_t head[3] = {dp_column_number((enum dp_column)c), (uint8_t)(v.len >> 8), (uint8_t)v.len};
        if (v.len == 0)
            continue;
        dp_sha256_add(&s, dp_slice_of(head, sizeof(head)));
        dp_sha256_add(&s, v);
    }
    dp_sha256_end(&s, sum);
    memcpy(out, sum, DP_SEEN_BYTES);
}

/* System and number, which the 0 between them keeps apart. */
static void digest_key(const struct dp_register_row *row, uint8_t out[DP_SEEN_BYTES])
{
    struct dp_sha256 s;
    uint8_t sum[32];

    dp_sha256_init(&s);
    dp_sha256_add(&s, dp_slice_of(row->source_system, strlen(row->source_system) + 1));
    dp_sha256_add(&s, dp_slice_str(row->source_no));
    dp_sha256_end(&s, sum);
    memcpy(out, sum, DP_SEEN_BYTES);
}

static void set_key(struct reading *g, struct dp_seen_row *seen)
{
    struct dp_register_row *row = g->row;
    struct dp_slice no = row->foreign_no.len > 0 ? row->foreign_no : row->number;

    if (row->source_system[0] == '\0')
        memcpy(row->source_system, g->r->options.system, strlen(g->r->options.system));
    row->key = row->foreign_no.len > 0 ? DP_KEY_SOURCE_NO : no.len > 0 ? DP_KEY_NUMBER : DP_KEY_DIGEST;
    digest_row(g, seen->said);
    if (row->key != DP_KEY_DIGEST) {
        memcpy(row->source_no, no.p, no.len);
    } else {
        memcpy(row->source_no, "row-", 4);
        dp_hex(seen->said, DP_SEEN_BYTES, row->source_no + 4);
    }
    digest_key(row, seen->key);
    seen->line = row->line;
}

/* ---- the row as a whole ---- */

static uint32_t at_least(uint32_t n, uint32_t least)
{
    return n < least ? least : n;
}

/* Those named came, whatever the column says; one came at least. */
static void count_heads(struct dp_register_row *row)
{
    dp_names_of_persons(row->name, row->headcount, &row->names);
    row->headcount = at_least(row->headcount, 1);
    row->headcount = at_least(row->headcount, row->names.count);
    row->headcount = at_least(row->headcount, row->names.said);
}

/* Each part of an entry holds so much and no more (R-FMT-2). */
static void check_room(struct reading *g)
{
    const struct dp_register_row *row = g->row;
    static const char text[] = N_("more than 16384 bytes together with the texts beside it");

    if (row->title.len + row->summary.len + row->content.len + row->demand.len > DP_REGISTER_PART_MAX)
        dp_register_add_fault(g->faults, row->line, dp_column_word(DP_COLUMN_CONTENT), text);
    if (row->name.len + row->id_no.len + row->phone.len + row->address.len > DP_REGISTER_PART_MAX)
        dp_register_add_fault(g->faults, row->line, dp_column_word(DP_COLUMN_NAME), text);
    if (row->respondent_name.len + row->respondent_org.len + row->respondent_rank.len > DP_REGISTER_PART_MAX)
        dp_register_add_fault(g->faults, row->line, dp_column_word(DP_COLUMN_RESPONDENT_ORG), text);
}

/* What no matter can be without. The clock starts at receipt, so a guess would be a wrong due date. */
static void check_row(struct reading *g)
{
    struct dp_register_row *row = g->row;

    if (g->faults->count > 0)
        return;
    if (dp_date_is_none(row->received_on))
        row->received_on = row->registered_on;
    if (dp_date_is_none(row->received_on))
        dp_register_add_fault(g->faults, row->line, dp_column_word(DP_COLUMN_RECEIVED_ON),
                              "there is no date of receipt");
    if (row->title.len + row->summary.len + row->content.len + row->demand.len == 0)
        dp_register_add_fault(g->faults, row->line, dp_column_word(DP_COLUMN_CONTENT),
                              "there is neither a title nor a text");
    count_heads(row);
    check_room(g);
}

enum dp_err dp_register_row_read(const struct dp_register *r, const struct dp_csv_record *record,
                                 struct dp_register_row *row, struct dp_seen_row *seen,
                                 struct dp_register_faults *faults)
{
    struct reading g = {.r = r, .record = record, .row = row, .faults = faults};

    *row = (struct dp_register_row){.line = record->line, .channel = 'O', .purpose = 99};
    if (record->count != r->columns) {
        dp_register_add_fault(faults, record->line, "",
                              record->count < r->columns ? "fewer columns than the headings"
                                                         : "more columns than the headings");
        return DP_PARTLY;
    }
    for (unsigned c = 0; c < DP_COLUMN_COUNT; c++)
        read_field(&g, (enum dp_column)c);
    check_row(&g);
    if (faults->count > 0)
        return DP_PARTLY;
    set_key(&g, seen);
    return DP_OK;
}
