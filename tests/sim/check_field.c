/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text says, field by field, from the commands that were acknowledged alone: a correction changes the
 * fields that it gives or empties and no other, for whoever reads it (I47). The daemon's own table of fields
 * is not asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/fault.h"
#include "sim/oracle.h"
#include "support/cmocka_all.h"

#define PERSON_FIELDS 12
#define CONTENT_AT (DP_PETITIONERS_MAX * PERSON_FIELDS)
#define FIELDS (CONTENT_AT + 8)

struct oracle_text {
    struct dp_name entry;
    uint8_t index, kind;
    char *value[FIELDS]; /* NULL: empty */
    struct oracle_text *next;
};

static const char *const person_words[PERSON_FIELDS] = {"name",      "id_no",  "phone",      "address",
                                                        "id_type",   "gender", "birth",      "address_div",
                                                        "anonymous", "main",   "proxy_name", "proxy_note"};
static const char *const other_words[8] = {"title",           "summary",        "content",         "demand",
                                           "respondent_name", "respondent_org", "respondent_rank", "text"};

static char *number(int64_t v)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)v);
    return v == 0 ? NULL : strdup(text);
}

static char *copy(const char *s)
{
    return s == NULL || s[0] == '\0' ? NULL : strdup(s);
}

static void person_values(const struct dp_petitioner *p, char *out[PERSON_FIELDS])
{
    out[0] = copy(p->name);
    out[1] = copy(p->id_no);
    out[2] = copy(p->phone);
    out[3] = copy(p->address);
    out[4] = number(p->id_type);
    out[5] = number(p->gender);
    out[6] = number(p->birth.day);
    out[7] = number((int64_t)p->address_div.v);
    out[8] = number(p->anonymous);
    out[9] = number(p->main);
    out[10] = copy(p->proxy_name);
    out[11] = copy(p->proxy_note);
}

static void values_of(const struct dp_part_text *t, char *out[FIELDS])
{
    const char *const others[8] = {t->title,           t->summary,        t->content,         t->demand,
                                   t->respondent_name, t->respondent_org, t->respondent_rank, t->text};
    memset(out, 0, FIELDS * sizeof(out[0]));
    for (unsigned i = 0; i < t->petitioner_count && i < DP_PETITIONERS_MAX; i++)
        person_values(&t->petitioners[i], out + i * PERSON_FIELDS);
    for (unsigned i = 0; i < 8; i++)
        out[CONTENT_AT + i] = copy(others[i]);
}

static struct oracle_text *text_at(struct oracle *o, const struct dp_name *entry, uint8_t kind)
{
    struct oracle_text *x = o->texts;
    while (x != NULL && !(dp_name_eq(&x->entry, entry) && x->kind == kind))
        x = x->next;
    return x;
}

static struct oracle_text *new_text(struct oracle *o, const struct dp_name *entry, uint8_t index,
                                    uint8_t kind)
{
    struct oracle_text *x = calloc(1, sizeof(*x));
    assert_non_null(x);
    *x = (struct oracle_text){.entry = *entry, .index = index, .kind = kind, .next = o->texts};
    o->texts = x;
    return x;
}

static void replace(char **value, char *by)
{
    free(*value);
    *value = by;
}

static const char *word_of(unsigned i)
{
    return i < CONTENT_AT ? person_words[i % PERSON_FIELDS] : other_words[i - CONTENT_AT];
}

static bool is_in(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word))
        if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

/* Of a part with persons only those of the one that is meant. */
static bool is_meant(unsigned i, uint32_t person)
{
    return i >= CONTENT_AT || i / PERSON_FIELDS == (person == 0 ? 0 : person - 1);
}

static void corrected(struct oracle *o, const struct dp_step *s, const struct dp_part_text *given,
                      const struct dp_name *by)
{
    struct dp_name of;
    char *value[FIELDS];
    assert_ok(dp_name_parse(dp_slice_str(s->re), &of));
    const struct oracle_text *was = text_at(o, &of, given->kind);
    if (was == NULL)
        return; /* of before the books began */
    struct oracle_text *now = new_text(o, by, 0, given->kind);
    for (unsigned i = 0; i < FIELDS; i++)
        now->value[i] = copy(was->value[i]);
    values_of(given, value);
    for (unsigned i = 0; i < FIELDS; i++) {
        unsigned from = i < CONTENT_AT ? i % PERSON_FIELDS : i;
        if (!is_meant(i, s->person))
            continue;
        if (is_in(s->clear, word_of(i)))
            replace(&now->value[i], NULL);
        else if (value[from] != NULL)
            replace(&now->value[i], copy(value[from]));
    }
    for (unsigned i = 0; i < FIELDS; i++)
        free(value[i]);
}

void check_field_answer(struct oracle *o, const struct cl_command *x, const struct cl_result *r)
{
    const struct dp_step *s = &x->cmd.u.step;
    if (s->kind == DP_KIND_CORRECT && s->part_count == 1) {
        corrected(o, s, &x->part[0], &r->name);
        return;
    }
    for (uint8_t i = 0; i < s->part_count && (s->kind == DP_KIND_REGISTER || s->kind == DP_KIND_NOTE); i++)
        values_of(&x->part[i], new_text(o, &r->name, i, x->part[i].kind)->value);
}

/* ---- at rest ---- */

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* An entry of its own office, whoever has its key: what it reads is what was said. */
static void check_read(struct oracle *o, struct cl_node *n, const struct oracle_text *x)
{
    static struct dp_part_text part;
    char *value[FIELDS], text[DP_NAME_TEXT];
    if (cl_read(n, &x->entry, x->index, &part) != DP_OK)
        return; /* I18 says who must */
    values_of(&part, value);
    for (unsigned i = 0; i < FIELDS; i++) {
        if (!same(value[i], x->value[i])) {
            dp_name_format(&x->entry, text);
            sim_broken(o->s, "I47", "%s reads in %s another %s than was said", n->text, text, word_of(i));
        }
        free(value[i]);
    }
}

void check_field_rest(struct oracle *o)
{
    for (const struct oracle_text *x = o->texts; x != NULL; x = x->next) {
        const struct oracle_entry *e = oracle_find(o, &x->entry);
        if (e == NULL || e->of == NULL || e->twice || e->lie)
            continue;
        for (uint32_t i = 0; i < o->node_count; i++) {
            struct cl_node *n = o->nodes[i].n;
            if (n != NULL && n->d != NULL && fault_is_honest(o->s, n) &&
                oracle_holds(&o->nodes[i], &x->entry))
                check_read(o, n, x);
        }
    }
}
