/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step: the longest command. Persons and free text pass through here, so nothing is ever logged (N4).
 * Limits are those of the formats (R-FMT-2), so that what passes can be encoded.
 */
#include <string.h>

#include "control/field.h"

#define CODE_MAX 999999
#define DAYS_MAX 3650
#define PEOPLE_MAX 1000000
#define REF_MAX 64   /* a case number or the name of an entry */
#define WORD_MAX 200 /* names of offices */
#define TEXTS_MAX 16384
#define FILE_BYTES_MAX (512u << 10)
#define FILE_SIZE_MAX (UINT64_C(1) << 40)

/* clang-format off */
static const struct dp_ctl_field step_fields[] = {
    DP_CTL_FIELD(U32,   Step, kind,       dp_step, DP_KIND_MAX),
    DP_CTL_FIELD(LINE,  Step, case_ref,   dp_step, REF_MAX),
    DP_CTL_FIELD(LINE,  Step, to,         dp_step, WORD_MAX),
    DP_CTL_FIELD(DATE,  Step, due,        dp_step, 0),
    DP_CTL_FIELD(DATE,  Step, date,       dp_step, 0),
    DP_CTL_FIELD(U32,   Step, code,       dp_step, CODE_MAX),
    DP_CTL_FIELD(U32,   Step, code2,      dp_step, CODE_MAX),
    DP_CTL_FIELD(U32,   Step, code3,      dp_step, CODE_MAX),
    DP_CTL_FIELD(U32,   Step, days,       dp_step, DAYS_MAX),
    DP_CTL_FIELD(U32,   Step, index,      dp_step, 255),
    DP_CTL_FIELD(DATE,  Step, receipt,    dp_step, 0),
    DP_CTL_FIELD(LINE,  Step, other,      dp_step, REF_MAX),
    DP_CTL_FIELD(LINE,  Step, re,         dp_step, REF_MAX),
    DP_CTL_FIELD(LINE,  Step, label,      dp_step, 39),
    DP_CTL_FIELD(BOOL,  Step, draft,      dp_step, 0),
    DP_CTL_FIELD(LINE,  Step, from_draft, dp_step, REF_MAX),
    DP_CTL_FIELD(LINE,  Step, doc_no,     dp_step, DP_DOC_NO_MAX),
    DP_CTL_FIELD(BYTES, Step, token,      dp_step, 32),
    DP_CTL_FIELD(LINE,  Step, clear,      dp_step, WORD_MAX),
    DP_CTL_FIELD(U32,   Step, person,     dp_step, DP_PETITIONERS_MAX),
};
static const struct dp_ctl_field intake_fields[] = {
    DP_CTL_FIELD(U32,  Intake, origin,        dp_intake, 99),
    DP_CTL_FIELD(U32,  Intake, purpose,       dp_intake, 99),
    DP_CTL_FIELD(U32,  Intake, category,      dp_intake, CODE_MAX),
    DP_CTL_FIELD(U32,  Intake, flags,         dp_intake, DP_REG_FLAGS_ALL),
    DP_CTL_FIELD(U32,  Intake, headcount,     dp_intake, PEOPLE_MAX),
    DP_CTL_FIELD(U32,  Intake, involved,      dp_intake, PEOPLE_MAX),
    DP_CTL_FIELD(DIV,  Intake, residence_div, dp_intake, 0),
    DP_CTL_FIELD(DIV,  Intake, problem_div,   dp_intake, 0),
    DP_CTL_FIELD(DATE, Intake, petition_date, dp_intake, 0),
    DP_CTL_FIELD(LINE, Intake, source_system, dp_intake, 63),
    DP_CTL_FIELD(LINE, Intake, source_no,     dp_intake, 38),
    DP_CTL_FIELD(LINE, Intake, national_no,   dp_intake, 38),
    DP_CTL_FIELD(LINE, Intake, profile,       dp_intake, 23),
    DP_CTL_FIELD(LINE, Intake, split_from,    dp_intake, REF_MAX),
};
static const struct dp_ctl_field part_fields[] = {
    DP_CTL_FIELD(LINE, Part, respondent_name, dp_part_text, TEXTS_MAX),
    DP_CTL_FIELD(LINE, Part, respondent_org,  dp_part_text, TEXTS_MAX),
    DP_CTL_FIELD(LINE, Part, respondent_rank, dp_part_text, TEXTS_MAX),
    DP_CTL_FIELD(LINE, Part, title,           dp_part_text, TEXTS_MAX),
    DP_CTL_FIELD(TEXT, Part, summary,         dp_part_text, TEXTS_MAX),
    DP_CTL_FIELD(TEXT, Part, content,         dp_part_text, TEXTS_MAX),
    DP_CTL_FIELD(TEXT, Part, demand,          dp_part_text, TEXTS_MAX),
    DP_CTL_FIELD(TEXT, Part, text,            dp_part_text, TEXTS_MAX),
};
static const struct dp_ctl_field person_fields[] = {
    DP_CTL_FIELD(LINE,  Person, name,        dp_petitioner, TEXTS_MAX),
    DP_CTL_FIELD(U32,   Person, id_type,     dp_petitioner, 99),
    DP_CTL_FIELD(LINE,  Person, id_no,       dp_petitioner, TEXTS_MAX),
    DP_CTL_FIELD(LINE,  Person, phone,       dp_petitioner, TEXTS_MAX),
    DP_CTL_FIELD(LINE,  Person, address,     dp_petitioner, TEXTS_MAX),
    DP_CTL_FIELD(DIV,   Person, address_div, dp_petitioner, 0),
    DP_CTL_FIELD(U32,   Person, gender,      dp_petitioner, 9),
    DP_CTL_FIELD(BIRTH, Person, birth,       dp_petitioner, 0),
    DP_CTL_FIELD(BOOL,  Person, anonymous,   dp_petitioner, 0),
    DP_CTL_FIELD(BOOL,  Person, main,        dp_petitioner, 0),
    DP_CTL_FIELD(LINE,  Person, proxy_name,  dp_petitioner, TEXTS_MAX),
    DP_CTL_FIELD(TEXT,  Person, proxy_note,  dp_petitioner, TEXTS_MAX),
};
static const struct dp_ctl_field file_fields[] = {
    DP_CTL_FIELD(LINE,  File, name,    dp_file, WORD_MAX),
    DP_CTL_FIELD(U32,   File, media,   dp_file, 255),
    DP_CTL_FIELD(U64,   File, size,    dp_file, FILE_SIZE_MAX),
    DP_CTL_FIELD(BOOL,  File, stored,  dp_file, 0),
    DP_CTL_FIELD(BYTES, File, content, dp_file, FILE_BYTES_MAX),
    DP_CTL_FIELD(LINE,  File, upload,  dp_file, REF_MAX),
};
/* clang-format on */

/* ---- parts ---- */

/* Parts say NULL for an absent text. */
static void texts_none(const struct dp_ctl_field *f, size_t n, void *core, size_t *bytes)
{
    for (size_t i = 0; i < n; i++) {
        const char **s;
        if (f[i].type != DP_CTL_LINE && f[i].type != DP_CTL_TEXT)
            continue;
        s = (const char **)(void *)((char *)core + f[i].core_at);
        *bytes += strlen(*s);
        if ((*s)[0] == '\0')
            *s = NULL;
    }
}

static enum dp_err persons_get(const PBC(Part) * m, struct dp_part_text *out, size_t *bytes)
{
    enum dp_err e = DP_OK;

    if (m->kind == DP_PART_PETITIONERS ? m->n_persons < 1 || m->n_persons > DP_PETITIONERS_MAX
                                       : m->n_persons > 0)
        return DP_RANGE;
    for (size_t i = 0; i < m->n_persons && e == DP_OK; i++) {
        e = dp_ctl_fields(person_fields, DP_CTL_COUNT(person_fields), m->persons[i], &out->petitioners[i]);
        if (e == DP_OK)
            texts_none(person_fields, DP_CTL_COUNT(person_fields), &out->petitioners[i], bytes);
    }
    out->petitioner_count = (uint8_t)m->n_persons;
    return e;
}

static enum dp_err part_get(const PBC(Part) * m, struct dp_part_text *out)
{
    size_t bytes = 0;
    enum dp_err e;

    if (m->kind < DP_PART_PETITIONERS || m->kind > DP_PART_TEXT)
        return DP_RANGE;
    out->kind = (uint8_t)m->kind;
    e = dp_ctl_fields(part_fields, DP_CTL_COUNT(part_fields), m, out);
    if (e != DP_OK)
        return e;
    texts_none(part_fields, DP_CTL_COUNT(part_fields), out, &bytes);
    e = persons_get(m, out, &bytes);
    if (e != DP_OK)
        return e;
    return bytes <= TEXTS_MAX ? DP_OK : DP_TOO_BIG;
}

static enum dp_err parts_get(const PBC(Step) * m, struct dp_arena *a, struct dp_step *out)
{
    struct dp_part_text *parts;

    if (m->n_parts > DP_PARTS_MAX)
        return DP_RANGE;
    if (m->n_parts == 0)
        return DP_OK;
    parts = DP_NEW_ARRAY(a, struct dp_part_text, m->n_parts);
    if (parts == NULL)
        return DP_NOMEM;
    for (size_t i = 0; i < m->n_parts; i++) {
        enum dp_err e = part_get(m->parts[i], &parts[i]);
        if (e != DP_OK)
            return e;
    }
    out->parts = parts;
    out->part_count = (uint8_t)m->n_parts;
    return DP_OK;
}

/* ---- intake and file ---- */

static enum dp_err channel_get(const char *s, char *out)
{
    if (s[0] == '\0')
        return DP_OK;
    if (s[1] != '\0' || strchr("LVWTFO", s[0]) == NULL)
        return DP_RANGE;
    *out = s[0];
    return DP_OK;
}

static enum dp_err intake_get(const PBC(Intake) * m, struct dp_arena *a, struct dp_step *out)
{
    struct dp_intake *in;
    enum dp_err e;

    if (m == NULL)
        return DP_OK;
    if (m->n_respondents > DP_RESPONDENTS_MAX)
        return DP_RANGE;
    in = DP_NEW(a, struct dp_intake);
    if (in == NULL)
        return DP_NOMEM;
    e = channel_get(m->channel, &in->channel);
    if (e == DP_OK)
        e = dp_ctl_fields(intake_fields, DP_CTL_COUNT(intake_fields), m, in);
    for (size_t i = 0; i < m->n_respondents && e == DP_OK; i++) {
        if (!dp_ctl_line_ok(m->respondents[i], WORD_MAX))
            e = DP_RANGE;
        in->respondents[i] = m->respondents[i];
    }
    in->respondent_count = (uint8_t)m->n_respondents;
    out->intake = in;
    return e;
}

static enum dp_err file_get(const PBC(File) * m, struct dp_arena *a, struct dp_step *out)
{
    struct dp_file *file;

    if (m == NULL)
        return DP_OK;
    file = DP_NEW(a, struct dp_file);
    if (file == NULL)
        return DP_NOMEM;
    out->file = file;
    return dp_ctl_fields(file_fields, DP_CTL_COUNT(file_fields), m, file);
}

enum dp_err dp_ctl_step(const PBC(Step) * m, struct dp_arena *a, struct dp_step *out)
{
    enum dp_err e;

    if (!dp_kind_known(m->kind))
        return DP_RANGE;
    e = dp_ctl_fields(step_fields, DP_CTL_COUNT(step_fields), m, out);
    if (e == DP_OK)
        e = intake_get(m->intake, a, out);
    if (e == DP_OK)
        e = parts_get(m, a, out);
    if (e == DP_OK)
        e = file_get(m->file, a, out);
    return e;
}
