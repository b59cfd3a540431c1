/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Corrections (R-PRT-4). The fields of all parts stand in one table. What is not given stays; what is to be
 * emptied is named. Names and addresses pass through here, so nothing of them is logged.
 */
#include "node/correct.h"

#include <stdio.h>
#include <string.h>

enum type { TEXT, NUMBER, DIV, BIRTH, YES };

struct field {
    const char *word;
    uint8_t kind, type;
    uint16_t at; /* in the petitioner, or in the part */
};

#define P(member, type)                                                                                      \
    {                                                                                                        \
#member, DP_PART_PETITIONERS, type, (uint16_t)offsetof(struct dp_petitioner, member)                 \
    }
#define T(kind, member)                                                                                      \
    {                                                                                                        \
#member, kind, TEXT, (uint16_t)offsetof(struct dp_part_text, member)                                 \
    }
static const struct field fields[] = {
    P(name, TEXT),
    P(id_type, NUMBER),
    P(id_no, TEXT),
    P(phone, TEXT),
    P(address, TEXT),
    P(address_div, DIV),
    P(gender, NUMBER),
    P(birth, BIRTH),
    P(anonymous, YES),
    P(main, YES),
    P(proxy_name, TEXT),
    P(proxy_note, TEXT),
    T(DP_PART_RESPONDENT, respondent_name),
    T(DP_PART_RESPONDENT, respondent_org),
    T(DP_PART_RESPONDENT, respondent_rank),
    T(DP_PART_CONTENT, title),
    T(DP_PART_CONTENT, summary),
    T(DP_PART_CONTENT, content),
    T(DP_PART_CONTENT, demand),
    T(DP_PART_TEXT, text),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const struct field *field_of(struct dp_slice word)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (dp_slice_eq(word, dp_slice_str(fields[i].word)))
            return &fields[i];
    return NULL;
}

/* ---- what the step says ---- */

/* Bit per field to be emptied. False: *out names the word that is none. */
static bool emptied(struct dp_daemon *d, const char *list, uint32_t *bits, struct dp_outcome *out)
{
    *bits = 0;
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        const struct field *f = field_of(dp_slice_of(list, len));
        if (f == NULL) {
            dp_outcome_set(d, out, DP_USAGE, "clear: no such field: %s",
                           dp_arena_str(&d->turn, dp_slice_of(list, len)));
            return false;
        }
        *bits |= 1u << (f - fields);
        list += len + (list[len] == ',');
    }
    return true;
}

/* The one kind of part that is given or emptied; 0: none, or several. */
static uint8_t kind_of(const struct dp_step *s, uint32_t bits)
{
    uint8_t kind = s->part_count == 0 ? 0 : s->parts[0].kind;
    if (s->part_count > 1)
        return 0;
    for (size_t i = 0; i < FIELDS; i++) {
        if ((bits >> i & 1) == 0)
            continue;
        if (kind != 0 && kind != fields[i].kind)
            return 0;
        kind = fields[i].kind;
    }
    return kind;
}

/* ---- the part that is meant ---- */

static bool kind_at(struct dp_daemon *d, const struct dp_name *n, uint8_t index, uint8_t *kind)
{
    struct dp_slice v;
    if (dp_db_part(&d->db, n, index, &v) != DP_OK || v.len == 0)
        return false;
    *kind = v.p[0]; /* the wire form of a part begins with its kind */
    return true;
}

static struct dp_name named_by(const struct dp_entry *e)
{
    return dp_name_is_none(&e->body.other) ? e->re : e->body.other;
}

/* The last correction, here and valid, of a part of that kind (0: any) or at that index. */
static const struct dp_entry *corrected_by(struct dp_daemon *d, const struct dp_casefile *f,
                                           const struct dp_name *of, uint8_t kind, uint32_t index)
{
    for (uint32_t i = f->count; i-- > 0;) {
        const struct dp_entry *e = &f->facts[i].e;
        struct dp_name n = named_by(e);
        uint8_t has;
        if (e->kind != DP_KIND_CORRECT || f->facts[i].verdict != DP_VALID || e->part_count == 0 ||
            !dp_name_eq(&n, of))
            continue;
        if (e->body.index == index || (kind_at(d, &e->name, 0, &has) && has == kind))
            return e;
    }
    return NULL;
}

/*
 * Its index: that of the part of this kind. An entry that never had one gets it as a part of its own. False:
 * it was replaced or erased, or none can tell.
 */
static bool find_part(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_entry *e,
                      const struct dp_step *s, struct dp_correction *k, bool *fresh, struct dp_outcome *out)
{
    char text[DP_NAME_TEXT];
    bool gone = false;
    uint32_t at = UINT32_MAX;
    for (uint8_t i = 0; i < e->part_count; i++) {
        uint8_t kind;
        if (!kind_at(d, &e->name, i, &kind))
            gone = true;
        else if (kind == k->kind)
            at = i;
    }
    const struct dp_entry *by = corrected_by(d, f, &e->name, k->kind, at);
    if (by != NULL) {
        dp_name_format(&by->name, text);
        dp_outcome_set(d, out, DP_CONFLICT,
                       "this part was corrected before; correct what replaced it: entry %s", text);
        return false;
    }
    if (at == UINT32_MAX && gone) {
        dp_outcome_set(
            d, out, DP_NOT_FOUND,
            "this part cannot be read here: it was erased, or was withheld from this node; nothing was "
            "replaced");
        return false;
    }
    *fresh = at == UINT32_MAX;
    k->index = *fresh ? e->part_count : (uint8_t)at;
    if (s->index != 0 && s->index != k->index) {
        dp_outcome_set(d, out, DP_CONFLICT, "these fields stand in part %u of the entry, not in part %u",
                       k->index, s->index);
        return false;
    }
    if (k->index < DP_PARTS_MAX)
        return true;
    dp_outcome_set(d, out, DP_TOO_BIG, "the entry has no room for another part");
    return false;
}

/* ---- which petitioner ---- */

static bool choose_petitioner(struct dp_daemon *d, const struct dp_step *s, struct dp_correction *k,
                              struct dp_outcome *out)
{
    uint8_t count = k->part.petitioner_count;
    uint32_t no = s->person;
    if (s->part_count > 0 && s->parts[0].petitioner_count > 1) {
        dp_outcome_set(d, out, DP_USAGE, "a correction is of one petitioner: say the others one by one");
        return false;
    }
    if (no == 0 && count > 1) {
        dp_outcome_set(
            d, out, DP_AMBIGUOUS,
            "the entry has %u petitioners: say which one, from 1, in the order of `daipao case show`", count);
        return false;
    }
    no = no == 0 ? 1 : no;
    if (no > count + 1u || no > DP_PETITIONERS_MAX) {
        dp_outcome_set(d, out, DP_NOT_FOUND, "the entry has %u petitioners, and no number %u", count, no);
        return false;
    }
    if (no > count)
        k->part.petitioner_count = (uint8_t)no; /* one who was forgotten */
    k->petitioner = (uint8_t)no;
    return true;
}

/* ---- merging ---- */

static const char *text_of(struct dp_daemon *d, const struct field *f, const void *at)
{
    char text[32];
    const uint32_t *number = at;
    const struct dp_date *birth = at;
    const struct dp_div *div = at;
    switch ((enum type)f->type) {
    case TEXT:
        return *(const char *const *)at;
    case NUMBER:
        if (*number == 0)
            return NULL;
        snprintf(text, sizeof text, "%u", *number);
        break;
    case DIV:
        if (div->v == 0)
            return NULL;
        dp_div_format(*div, text);
        break;
    case BIRTH:
        if (dp_date_is_none(*birth))
            return NULL;
        dp_birth_format(*birth, text);
        break;
    case YES:
        return *(const bool *)at ? DP_SAID("yes") : NULL;
    }
    return dp_arena_str(&d->turn, dp_slice_str(text));
}

static size_t size_of(const struct field *f)
{
    switch ((enum type)f->type) {
    case TEXT:
        return sizeof(const char *);
    case NUMBER:
        return sizeof(uint32_t);
    case DIV:
        return sizeof(struct dp_div);
    case BIRTH:
        return sizeof(struct dp_date);
    case YES:
        break;
    }
    return sizeof(bool);
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* One field: given, to be emptied, or left. False: both at once. */
static bool merge_field(struct dp_daemon *d, const struct field *f, const void *given, bool empty, void *part,
                        struct dp_correction *k)
{
    char *at = (char *)part + f->at;
    const char *old = text_of(d, f, at);
    const char *new = given == NULL ? NULL : text_of(d, f, (const char *)given + f->at);
    if (new != NULL && empty)
        return false;
    if ((new == NULL && !empty) || same(old, new))
        return true;
    if (empty)
        memset(at, 0, size_of(f));
    else
        memcpy(at, (const char *)given + f->at, size_of(f));
    k->change[k->change_count++] = (struct dp_change){f->word, old, new};
    return true;
}

static bool merge(struct dp_daemon *d, const struct dp_step *s, uint32_t bits, struct dp_correction *k,
                  struct dp_outcome *out)
{
    const void *given = s->part_count == 0 ? NULL : &s->parts[0];
    void *part = &k->part;
    if (k->kind == DP_PART_PETITIONERS) {
        given = given == NULL ? NULL : &s->parts[0].petitioners[0];
        part = &k->part.petitioners[k->petitioner - 1];
    }
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].kind == k->kind && !merge_field(d, &fields[i], given, (bits >> i & 1) != 0, part, k)) {
            dp_outcome_set(d, out, DP_USAGE, "%s: given and emptied at once", fields[i].word);
            return false;
        }
    for (uint8_t i = 0; k->kind == DP_PART_PETITIONERS && i < k->part.petitioner_count; i++)
        if (i + 1 != k->petitioner && k->part.petitioners[k->petitioner - 1].main)
            k->part.petitioners[i].main = false; /* there is one */
    if (k->change_count > 0)
        return true;
    dp_outcome_set(d, out, DP_CONFLICT, "nothing would change: the part reads so already");
    return false;
}

/* ---- all of it ---- */

static const struct dp_entry *own_entry(struct dp_daemon *d, const struct dp_caller *c,
                                        const struct dp_casefile *f, const struct dp_step *s,
                                        struct dp_outcome *out)
{
    struct dp_name n;
    uint32_t i = DP_FACT_NONE;
    if (dp_name_parse(dp_slice_str(s->re[0] != '\0' ? s->re : s->other), &n) == DP_OK)
        i = dp_casefile_find(f, &n);
    if (i == DP_FACT_NONE) {
        dp_outcome_set(d, out, DP_NOT_FOUND, "no such entry of this case: %s; see `daipao case show`",
                       s->re[0] != '\0' ? s->re : s->other);
        return NULL;
    }
    if (dp_office_eq(&f->facts[i].e.office, &c->office))
        return &f->facts[i].e;
    dp_outcome_set(d, out, DP_NOT_ENTITLED, "only the office that wrote an entry may correct it");
    return NULL;
}

bool dp_correct(struct dp_daemon *d, const struct dp_caller *c, const struct dp_slot *slot,
                const struct dp_step *s, struct dp_correction *k, struct dp_outcome *out)
{
    uint32_t bits;
    bool fresh;
    *k = (struct dp_correction){0};
    const struct dp_entry *e = own_entry(d, c, &slot->f, s, out);
    if (e == NULL || !emptied(d, s->clear, &bits, out))
        return false;
    k->of = e->name;
    k->kind = kind_of(s, bits);
    if (k->kind == 0) {
        dp_outcome_set(
            d, out, DP_USAGE,
            "a correction is of one part: the petitioners, the respondent, the content or the text; "
            "say what it should read");
        return false;
    }
    if (!find_part(d, &slot->f, e, s, k, &fresh, out))
        return false;
    enum dp_err err = fresh ? DP_OK : dp_parcels_read(d, e, k->index, &k->part);
    if (err != DP_OK) {
        dp_outcome_set(d, out, err, "this part cannot be read here (%-s); nothing was replaced",
                       dp_err_text(err));
        return false;
    }
    k->part.kind = k->kind;
    if (k->kind == DP_PART_PETITIONERS && !choose_petitioner(d, s, k, out))
        return false;
    return merge(d, s, bits, k, out);
}
