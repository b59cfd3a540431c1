/* SPDX-License-Identifier: Apache-2.0 */
/* A registration as JSON, for programs. A table of fields; what it does not name is refused, so that a typing
 * error cannot lose a field. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "register_words.h"
#include "step.h"
#include "words.h"

#define JSON_MAX (1u << 20)

enum type { TEXT, NUMBER, CATEGORY, CODE, YES, DATE, BIRTH };

struct field {
    const char *key;
    uint8_t type;
    uint8_t codes;
    size_t at;
};

#define F(message, key, type, codes)                                                                         \
    {                                                                                                        \
#key, type, codes, offsetof(PBC(message), key)                                                       \
    }
static const struct field intake_fields[] = {
    F(Intake, channel, TEXT, 0),
    F(Intake, origin, CODE, DP_CODES_ORIGIN),
    F(Intake, purpose, CODE, DP_CODES_PURPOSE),
    F(Intake, category, CATEGORY, 0),
    F(Intake, headcount, NUMBER, 0),
    F(Intake, involved, NUMBER, 0),
    F(Intake, residence_div, TEXT, 0),
    F(Intake, problem_div, TEXT, 0),
    F(Intake, petition_date, DATE, 0),
    F(Intake, source_system, TEXT, 0),
    F(Intake, source_no, TEXT, 0),
    F(Intake, national_no, TEXT, 0),
    F(Intake, profile, TEXT, 0),
    F(Intake, split_from, TEXT, 0),
};
static const struct field person_fields[] = {
    F(Person, name, TEXT, 0),     F(Person, id_type, NUMBER, 0),  F(Person, id_no, TEXT, 0),
    F(Person, phone, TEXT, 0),    F(Person, address, TEXT, 0),    F(Person, address_div, TEXT, 0),
    F(Person, gender, NUMBER, 0), F(Person, birth, BIRTH, 0),     F(Person, anonymous, YES, 0),
    F(Person, main, YES, 0),      F(Person, proxy_name, TEXT, 0), F(Person, proxy_note, TEXT, 0),
};
static const struct field respondent_fields[] = {
    {"name", TEXT, 0, offsetof(PBC(Part), respondent_name)},
    {"org", TEXT, 0, offsetof(PBC(Part), respondent_org)},
    {"rank", TEXT, 0, offsetof(PBC(Part), respondent_rank)},
};
static const struct field content_fields[] = {
    F(Part, title, TEXT, 0),
    F(Part, summary, TEXT, 0),
    F(Part, content, TEXT, 0),
    F(Part, demand, TEXT, 0),
};
#define FIELDS(list) (list), sizeof(list) / sizeof((list)[0])

static enum dp_err bad(const char *key)
{
    dp_fail(DP_USAGE, _("registration: %s is not as daipao-json(7) says"), key);
    return DP_USAGE;
}

/* Days since 1970 of a day that may lie before. */
static bool birth_of(const char *s, uint32_t *out)
{
    struct dp_date d;

    if (dp_birth_parse(dp_slice_str(s), &d) != DP_OK)
        return false;
    *out = (uint32_t)d.day;
    return true;
}

static bool take_date(const struct field *f, const char *s, uint32_t *out)
{
    if (s == NULL)
        return false;
    return f->type == BIRTH ? birth_of(s, out) : dp_value_date(f->key, s, out) == DP_OK;
}

static bool take_number(const struct field *f, const json_t *v, uint32_t *out)
{
    json_int_t n = json_integer_value(v);

    if (f->type == CODE && json_is_string(v))
        return dp_code_number((enum dp_codes)f->codes, json_string_value(v), out);
    if (!json_is_integer(v) || n < 0 || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool take(struct dp_draft *d, const struct field *f, const json_t *v, void *message)
{
    void *at = (char *)message + f->at;

    switch ((enum type)f->type) {
    case TEXT:
        if (!json_is_string(v))
            return false;
        *(char **)at = dp_draft_text(d, dp_slice_of(json_string_value(v), json_string_length(v)));
        return true;
    case CATEGORY:
        return take_number(f, v, at) && (*(uint32_t *)at == 0 || dp_category_known(*(uint32_t *)at));
    case NUMBER:
    case CODE:
        return take_number(f, v, at);
    case YES:
        *(protobuf_c_boolean *)at = json_is_true(v);
        return json_is_boolean(v);
    case DATE:
    case BIRTH:
        return take_date(f, json_string_value(v), at);
    }
    return false;
}

/* DP_NOT_FOUND: no such field. */
static enum dp_err take_key(struct dp_draft *d, const struct field *f, size_t n, const char *key,
                            const json_t *v, void *message)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(f[i].key, key) == 0)
            return take(d, &f[i], v, message) ? DP_OK : bad(key);
    }
    return DP_NOT_FOUND;
}

static enum dp_err take_object(struct dp_draft *d, const struct field *f, size_t n, json_t *v, void *message)
{
    const char *key;
    json_t *one;

    if (!json_is_object(v))
        return bad("object");
    json_object_foreach(v, key, one)
    {
        enum dp_err e = take_key(d, f, n, key, one, message);
        if (e != DP_OK)
            return e == DP_NOT_FOUND ? bad(key) : e;
    }
    return DP_OK;
}

static enum dp_err take_petitioners(struct dp_draft *d, json_t *v)
{
    json_t *one;
    size_t i;

    json_array_foreach(v, i, one)
    {
        PBC(Person) *p = dp_draft_person(d);
        enum dp_err e = p == NULL ? bad("petitioners") : take_object(d, FIELDS(person_fields), one, p);
        if (e != DP_OK)
            return e;
    }
    return json_is_array(v) ? DP_OK : bad("petitioners");
}

static enum dp_err take_flags(struct dp_draft *d, json_t *v)
{
    json_t *one;
    size_t i;

    json_array_foreach(v, i, one)
    {
        uint32_t bit;
        if (!json_is_string(one) || !dp_code_number(DP_CODES_FLAG, json_string_value(one), &bit))
            return bad("flags");
        d->intake.flags |= bit;
    }
    return json_is_array(v) ? DP_OK : bad("flags");
}

static enum dp_err take_respondents(struct dp_draft *d, json_t *v)
{
    json_t *one;
    size_t i;

    json_array_foreach(v, i, one)
    {
        if (!json_is_string(one) || d->intake.n_respondents == DP_DRAFT_RESPONDENTS_MAX)
            return bad("respondents");
        d->respondents[d->intake.n_respondents++] = dp_draft_text(d, dp_slice_str(json_string_value(one)));
    }
    return json_is_array(v) ? DP_OK : bad("respondents");
}

static enum dp_err take_top(struct dp_draft *d, const char *key, json_t *v)
{
    static const struct field receipt = {"receipt", DATE, 0, offsetof(PBC(Step), receipt)};
    enum dp_err e;

    if (strcmp(key, "petitioners") == 0)
        return take_petitioners(d, v);
    if (strcmp(key, "flags") == 0)
        return take_flags(d, v);
    if (strcmp(key, "respondents") == 0)
        return take_respondents(d, v);
    if (strcmp(key, "respondent") == 0)
        return take_object(d, FIELDS(respondent_fields), v, dp_draft_part(d, DP_RESPONDENT));
    if (strcmp(key, "receipt") == 0)
        return take(d, &receipt, v, &d->step) ? DP_OK : bad(key);
    e = take_key(d, FIELDS(intake_fields), key, v, &d->intake);
    for (size_t i = 0; e == DP_NOT_FOUND && i < sizeof(content_fields) / sizeof(content_fields[0]); i++) {
        if (strcmp(content_fields[i].key, key) == 0)
            return take(d, &content_fields[i], v, dp_draft_part(d, DP_CONTENT)) ? DP_OK : bad(key);
    }
    return e == DP_NOT_FOUND ? bad(key) : e;
}

enum dp_err dp_draft_json(struct dp_draft *d, const char *path)
{
    json_error_t why;
    const char *key;
    json_t *v, *one;
    char *text;
    size_t len;
    enum dp_err e = dp_read_file(path, JSON_MAX, &text, &len);

    if (e != DP_OK)
        return e;
    v = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    dp_wipe(text, len);
    free(text);
    if (!json_is_object(v)) {
        json_decref(v);
        dp_fail(DP_USAGE, _("%s: line %d: not a JSON object"), path, v == NULL ? why.line : 1);
        return DP_USAGE;
    }
    json_object_foreach(v, key, one)
    {
        if (e == DP_OK)
            e = take_top(d, key, one);
    }
    json_decref(v);
    return e;
}
