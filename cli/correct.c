/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A correction from options: the fields that change, and those to be emptied. All fields of all parts stand
 * in one table; what is not given the daemon keeps (R-PRT-4).
 */
#include "correct.h"

#include <stdio.h>
#include <string.h>

#include "step.h"

#define CLEAR_MAX 200
#define WORD_MAX 32

enum type { TEXT, NUMBER, BIRTH, YES };

struct field {
    const char *word, *shown;
    uint8_t part, type;
    enum dp_opt opt; /* OPT_SET: it has no option of its own */
    size_t at;       /* in the person, or in the part */
};

#define P(member, shown, type, opt)                                                                          \
    {                                                                                                        \
#member, shown, DP_PETITIONERS, type, opt, offsetof(PBC(Person), member)                             \
    }
#define T(part, member, shown, opt)                                                                          \
    {                                                                                                        \
#member, shown, part, TEXT, opt, offsetof(PBC(Part), member)                                         \
    }
static const struct field fields[] = {
    P(name, N_("name"), TEXT, OPT_NAME),
    P(id_type, N_("kind of identity paper"), NUMBER, OPT_SET),
    P(id_no, N_("number of the identity card"), TEXT, OPT_ID_NO),
    P(phone, N_("phone number"), TEXT, OPT_PHONE),
    P(address, N_("address"), TEXT, OPT_ADDRESS),
    P(address_div, N_("division of the address"), TEXT, OPT_SET),
    P(gender, N_("gender"), NUMBER, OPT_SET),
    P(birth, N_("day of birth"), BIRTH, OPT_SET),
    P(anonymous, N_("anonymous"), YES, OPT_ANONYMOUS),
    P(main, N_("representative in the first place"), YES, OPT_SET),
    P(proxy_name, N_("proxy"), TEXT, OPT_SET),
    P(proxy_note, N_("proxy's note"), TEXT, OPT_SET),
    T(DP_RESPONDENT, respondent_name, N_("name of the person complained about"), OPT_SET),
    T(DP_RESPONDENT, respondent_org, N_("office of the person complained about"), OPT_SET),
    T(DP_RESPONDENT, respondent_rank, N_("rank of the person complained about"), OPT_SET),
    T(DP_CONTENT, title, N_("title of the matter"), OPT_TITLE),
    T(DP_CONTENT, summary, N_("summary of the matter"), OPT_SUMMARY),
    T(DP_CONTENT, content, N_("what the petitioner says"), OPT_CONTENT),
    T(DP_CONTENT, demand, N_("what the petitioner asks for"), OPT_DEMAND),
    T(DP_TEXT, text, N_("text"), OPT_TEXT),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* A hyphen may be typed for the line that the wire's words have. */
static const struct field *field_of(const char *word, size_t len)
{
    for (size_t i = 0; i < FIELDS; i++) {
        size_t k = 0;
        while (k < len && fields[i].word[k] != '\0' &&
               (word[k] == fields[i].word[k] || (word[k] == '-' && fields[i].word[k] == '_')))
            k++;
        if (k == len && fields[i].word[k] == '\0')
            return &fields[i];
    }
    return NULL;
}

static enum dp_err no_field(const char *option, const char *word, size_t len)
{
    char words[512] = "";
    size_t at = 0;

    for (size_t i = 0; i < FIELDS && at < sizeof(words); i++)
        at += (size_t)snprintf(words + at, sizeof(words) - at, "%s%s", i > 0 ? ", " : "", fields[i].word);
    dp_fail(DP_USAGE, _("%s: %.*s is none of: %s"), option, (int)len, word, words);
    return DP_USAGE;
}

/* ---- collecting ---- */

struct correction {
    struct dp_draft *d;
    char clear[CLEAR_MAX];
    char shown[CLEAR_MAX * 4]; /* the same for a person */
};

static enum dp_err empty(struct correction *k, const struct field *f)
{
    size_t at = strlen(k->clear), shown = strlen(k->shown);

    if (at + WORD_MAX >= sizeof(k->clear)) {
        dp_fail(DP_USAGE, "%s", _("too many fields to be emptied at once"));
        return DP_USAGE;
    }
    snprintf(k->clear + at, sizeof(k->clear) - at, "%s%s", at > 0 ? "," : "", f->word);
    snprintf(k->shown + shown, sizeof(k->shown) - shown, "%s%s", at > 0 ? ", " : "", _(f->shown));
    return DP_OK;
}

static enum dp_err bad_value(const struct field *f, const char *value)
{
    dp_fail(DP_USAGE, _("%s: %s: not a value of this field"), f->word, value);
    return DP_USAGE;
}

static enum dp_err take_birth(const struct field *f, const char *value, uint32_t *out)
{
    struct dp_date d;

    if (dp_birth_parse(dp_slice_str(value), &d) != DP_OK)
        return bad_value(f, value);
    *out = (uint32_t)d.day;
    return DP_OK;
}

static enum dp_err take_number(const struct field *f, const char *value, uint32_t *out)
{
    uint64_t v = 0;
    enum dp_err e = dp_value_number(f->word, value, 99, &v);

    if (e == DP_OK && v == 0)
        return bad_value(f, value);
    *out = (uint32_t)v;
    return e;
}

/* The message that holds the field, made when it is the first of its part. */
static char *message_of(struct correction *k, const struct field *f)
{
    PBC(Part) *part = dp_draft_part(k->d, f->part);

    if (f->part != DP_PETITIONERS)
        return (char *)part;
    if (part->n_persons == 0)
        dp_draft_person(k->d)->main = false; /* said only when it changes */
    return (char *)part->persons[0];
}

/* An empty value empties the field. */
static enum dp_err put(struct correction *k, const struct field *f, const char *value)
{
    char *at;

    if (value[0] == '\0' && f->type != YES)
        return empty(k, f);
    if (f->type == YES && (strcmp(value, "no") == 0 || strcmp(value, "否") == 0))
        return empty(k, f);
    if (f->type == YES && value[0] != '\0' && strcmp(value, "yes") != 0 && strcmp(value, "是") != 0)
        return bad_value(f, value);
    at = message_of(k, f) + f->at;
    switch ((enum type)f->type) {
    case TEXT:
        *(char **)(void *)at = dp_pb_str(value);
        return DP_OK;
    case NUMBER:
        return take_number(f, value, (uint32_t *)(void *)at);
    case BIRTH:
        return take_birth(f, value, (uint32_t *)(void *)at);
    case YES:
        *(protobuf_c_boolean *)(void *)at = true;
        return DP_OK;
    }
    return DP_USAGE;
}

static enum dp_err take_set(struct correction *k, const char *arg)
{
    size_t len = strcspn(arg, "=");
    const struct field *f = field_of(arg, len);

    if (arg[len] != '=') {
        dp_fail(DP_USAGE, _("set: %s: say FIELD=VALUE"), arg);
        return DP_USAGE;
    }
    return f != NULL ? put(k, f, arg + len + 1) : no_field("set", arg, len);
}

static enum dp_err take_clear(struct correction *k, const char *list)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        const struct field *f = field_of(list, len);
        enum dp_err e = f != NULL ? empty(k, f) : no_field("clear", list, len);
        if (e != DP_OK)
            return e;
        list += len + (list[len] == ',');
    }
    return DP_OK;
}

static enum dp_err take_option(struct correction *k, enum dp_opt o, const char *value)
{
    if (o == OPT_SET)
        return take_set(k, value);
    if (o == OPT_CLEAR)
        return take_clear(k, value);
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].opt == o)
            return put(k, &fields[i], value);
    }
    return DP_OK;
}

static enum dp_err collect(struct correction *k, const struct dp_args *a)
{
    PBC(Step) *s = &k->d->step;
    enum dp_err e = dp_args_number(a, OPT_PETITIONER, DP_DRAFT_PERSONS_MAX, &s->person);

    /* --text was taken already, as a step takes it; where it is empty it says that the text is to be. */
    if (a->opt[OPT_TEXT] != NULL && a->opt[OPT_TEXT][0] == '\0' && a->opt[OPT_TEXT_FILE] == NULL)
        s->n_parts = 0;
    for (unsigned i = 0; e == DP_OK && i < a->many_count; i++)
        e = take_option(k, a->many[i].opt, a->many[i].value);
    s->clear = k->clear;
    if (e != DP_OK || s->n_parts > 0 || k->clear[0] != '\0')
        return e;
    dp_fail(DP_USAGE, "%s", _("say what it should read: --text, --content, --name, --set FIELD=VALUE, ..."));
    return DP_USAGE;
}

int dp_run_correct(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    struct dp_draft d;
    struct correction k = {.d = &d};
    enum dp_err e;
    int code;

    dp_draft_init(&d);
    e = dp_step_fill(&d, v->kind, a);
    if (e == DP_OK)
        e = collect(&k, a);
    d.step.re = d.step.other = dp_pb_str(a->pos[1]);
    if (e == DP_OK && k.clear[0] != '\0' &&
        !dp_confirm(app, _("This empties for good, everywhere: %s. Go on?"), k.shown))
        e = DP_USAGE;
    code = e == DP_OK ? dp_do_step(app, &d.step, a->opt[OPT_WAIT]) : dp_err_exit(e);
    dp_draft_fini(&d);
    return code;
}

/* ---- a dry run ---- */

static const char *shown_of(const char *word)
{
    const struct field *f = field_of(word, strlen(word));

    return f != NULL ? _(f->shown) : word;
}

static const char *value_of(const json_t *change, const char *key)
{
    const char *s = json_string_value(json_object_get(change, key));

    return s == NULL ? _("(empty)") : strcmp(s, "yes") == 0 ? _("yes") : s;
}

void dp_print_changes(const json_t *would)
{
    const json_t *changes = json_object_get(would, "changes"), *change;
    json_int_t petitioner = json_integer_value(json_object_get(would, "petitioner"));
    size_t i;

    if (json_array_size(changes) > 0 && petitioner > 0)
        printf("  %s %lld:\n", _("petitioner"), (long long)petitioner);
    json_array_foreach(changes, i, change)
    {
        const char *word = json_string_value(json_object_get(change, "field"));
        printf("  %s: %s -> %s\n", shown_of(word != NULL ? word : ""), value_of(change, "old"),
               value_of(change, "new"));
    }
    if (json_array_size(changes) > 0)
        printf("  %s\n", _("all other fields stay as they are"));
}
