/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain texts of parts. Here are names and addresses, so nothing of them is ever logged (N4) and the caller's
 * arena is where they end. Absent texts are NULL; an empty text reads as absent.
 */
#include "wire/part.h"

#include <string.h>

#include "wire/field.h"

#define TEXTS_BYTES_MAX 16384
#define PETITIONER_TEXTS 6

/* Texts of one message: where each stands in it and in the core's type. */
struct text {
    uint16_t wire_at, core_at;
    const char *word;
};

#define TEXT(message, name, core, member)                                                                    \
    {                                                                                                        \
        (uint16_t) offsetof(PB(message), name), (uint16_t)offsetof(struct core, member), #name               \
    }
/* clang-format off */
static const struct text petitioner_texts[] = {
    TEXT(Petitioner, name,       dp_petitioner, name),
    TEXT(Petitioner, id_no,      dp_petitioner, id_no),
    TEXT(Petitioner, phone,      dp_petitioner, phone),
    TEXT(Petitioner, address,    dp_petitioner, address),
    TEXT(Petitioner, proxy_name, dp_petitioner, proxy_name),
    TEXT(Petitioner, proxy_note, dp_petitioner, proxy_note),
};
static const struct text respondent_texts[] = {
    TEXT(PartRespondent, name, dp_part_text, respondent_name),
    TEXT(PartRespondent, org,  dp_part_text, respondent_org),
    TEXT(PartRespondent, rank, dp_part_text, respondent_rank),
};
static const struct text content_texts[] = {
    TEXT(PartContent, title,   dp_part_text, title),
    TEXT(PartContent, summary, dp_part_text, summary),
    TEXT(PartContent, content, dp_part_text, content),
    TEXT(PartContent, demand,  dp_part_text, demand),
};
static const struct text text_texts[] = {
    TEXT(PartText, text, dp_part_text, text),
};
static const struct text key_texts[] = {
    TEXT(PartKey, file_name, dp_part_text, file_name),
};
static const struct dp_field petitioner_fields[] = {
    DP_FIELD(U32,  Petitioner, id_type,     dp_petitioner, id_type,     0, 99),
    DP_FIELD(DIV,  Petitioner, address_div, dp_petitioner, address_div, 0, 0),
    DP_FIELD(U32,  Petitioner, gender,      dp_petitioner, gender,      0, 9),
    DP_FIELD(BOOL, Petitioner, anonymous,   dp_petitioner, anonymous,   0, 1),
    DP_FIELD(BOOL, Petitioner, main,        dp_petitioner, main,        0, 1),
};
/* clang-format on */
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* The kinds that are nothing but texts. */
struct text_kind {
    uint8_t kind;
    uint8_t count;
    const struct text *texts;
    const ProtobufCMessageDescriptor *desc;
};

static const struct text_kind text_kinds[] = {
    {DP_PART_RESPONDENT, COUNT(respondent_texts), respondent_texts, PB_DESC(part_respondent)},
    {DP_PART_CONTENT, COUNT(content_texts), content_texts, PB_DESC(part_content)},
    {DP_PART_TEXT, COUNT(text_texts), text_texts, PB_DESC(part_text)},
    {DP_PART_KEY, COUNT(key_texts), key_texts, PB_DESC(part_key)},
};

static const struct text_kind *text_kind_of(uint8_t kind)
{
    for (size_t i = 0; i < COUNT(text_kinds); i++) {
        if (text_kinds[i].kind == kind)
            return &text_kinds[i];
    }
    return NULL;
}

/* ---- decode ---- */

static const char **core_text(const struct text *t, void *core)
{
    return (const char **)(void *)((char *)core + t->core_at);
}

static char **wire_text(const struct text *t, void *message)
{
    return (char **)(void *)((char *)message + t->wire_at);
}

static void texts_get(const struct text *t, size_t n, void *message, void *core, size_t *bytes)
{
    for (size_t i = 0; i < n; i++) {
        const char *s = *wire_text(&t[i], message);
        *core_text(&t[i], core) = s[0] != '\0' ? s : NULL;
        *bytes += strlen(s);
    }
}

/* A day of birth before 1970 has a negative number, which the wire carries as its 32 bits. */
static bool birth_ok(int32_t day)
{
    return day == DP_BIRTH_EPOCH || (day > -55000 && day <= DP_DAY_MAX);
}

static bool petitioners_get(const dp_pb_part_petitioners *m, struct dp_part_text *out, size_t *bytes)
{
    if (m->n_petitioners < 1 || m->n_petitioners > DP_PETITIONERS_MAX)
        return false;
    for (size_t i = 0; i < m->n_petitioners; i++) {
        dp_pb_petitioner *from = m->petitioners[i];
        struct dp_petitioner *to = &out->petitioners[i];
        if (!dp_fields_get(petitioner_fields, COUNT(petitioner_fields), from, to))
            return false;
        texts_get(petitioner_texts, PETITIONER_TEXTS, from, to, bytes);
        to->birth.day = (int32_t)from->birth;
        if (!birth_ok(to->birth.day))
            return false;
    }
    out->petitioner_count = (uint8_t)m->n_petitioners;
    return true;
}

static bool key_get(const dp_pb_part_key *m, struct dp_part_text *out)
{
    if (m->key.len != sizeof(out->key.b))
        return false;
    memcpy(out->key.b, m->key.data, sizeof(out->key.b));
    return true;
}

static bool message_get(uint8_t kind, void *message, struct dp_part_text *out)
{
    const struct text_kind *k = text_kind_of(kind);
    size_t bytes = 0;

    if (k == NULL) {
        if (!petitioners_get(message, out, &bytes))
            return false;
    } else {
        texts_get(k->texts, k->count, message, out, &bytes);
    }
    if (kind == DP_PART_KEY && !key_get(message, out))
        return false;
    return bytes <= TEXTS_BYTES_MAX;
}

enum dp_err dp_part_text_decode(uint8_t kind, struct dp_slice plain, struct dp_arena *a,
                                struct dp_part_text *out)
{
    const struct text_kind *k = text_kind_of(kind);
    struct dp_part_text text = {.kind = kind};
    void *message;
    enum dp_err e;

    if (k == NULL && kind != DP_PART_PETITIONERS)
        return DP_FORMAT;
    if (plain.len > DP_PART_PLAIN_MAX)
        return DP_TOO_BIG;
    e = dp_pb_unpack(k != NULL ? k->desc : PB_DESC(part_petitioners), plain, DP_PB_LINES, a, &message);
    if (e != DP_OK)
        return e;
    if (!message_get(kind, message, &text))
        return DP_FORMAT;
    *out = text;
    return DP_OK;
}

/* ---- encode ---- */

static char no_text[] = "";

static void texts_put(const struct text *t, size_t n, const void *core, void *message)
{
    for (size_t i = 0; i < n; i++) {
        const char *s = *(const char *const *)(const void *)((const char *)core + t[i].core_at);
        *wire_text(&t[i], message) = s != NULL ? (char *)(uintptr_t)s : no_text;
    }
}

static enum dp_err petitioners_put(const struct dp_part_text *t, struct dp_buf *out)
{
    dp_pb_petitioner petitioners[DP_PETITIONERS_MAX];
    dp_pb_petitioner *list[DP_PETITIONERS_MAX];
    dp_pb_part_petitioners m;

    if (t->petitioner_count > DP_PETITIONERS_MAX)
        return DP_RANGE;
    daipao__entry__v1__part_petitioners__init(&m);
    for (size_t i = 0; i < t->petitioner_count; i++) {
        const struct dp_petitioner *from = &t->petitioners[i];
        list[i] = &petitioners[i];
        daipao__entry__v1__petitioner__init(list[i]);
        dp_fields_put(petitioner_fields, COUNT(petitioner_fields), from, list[i], NULL);
        texts_put(petitioner_texts, PETITIONER_TEXTS, from, list[i]);
        list[i]->birth = (uint32_t)from->birth.day;
    }
    m.n_petitioners = t->petitioner_count;
    m.petitioners = list;
    return dp_pb_pack(&m, DP_PART_PLAIN_MAX, out);
}

static enum dp_err texts_pack(const struct text_kind *k, const struct dp_part_text *t, struct dp_buf *out)
{
    union {
        ProtobufCMessage base;
        PB(PartRespondent) respondent;
        PB(PartContent) content;
        PB(PartText) text;
        dp_pb_part_key key;
    } m;

    protobuf_c_message_init(k->desc, &m);
    texts_put(k->texts, k->count, t, &m);
    if (k->kind == DP_PART_KEY)
        m.key.key = (ProtobufCBinaryData){sizeof(t->key.b), (uint8_t *)(uintptr_t)t->key.b};
    return dp_pb_pack(&m, DP_PART_PLAIN_MAX, out);
}

enum dp_err dp_part_text_encode(const struct dp_part_text *t, struct dp_buf *out)
{
    const struct text_kind *k = text_kind_of(t->kind);
    const size_t before = out->len;
    struct dp_part_text again;
    struct dp_arena a;
    enum dp_err e;

    if (k == NULL && t->kind != DP_PART_PETITIONERS)
        return DP_RANGE;
    e = k != NULL ? texts_pack(k, t, out) : petitioners_put(t, out);
    if (e != DP_OK)
        return e;
    dp_arena_init(&a, 8 << 20, 0);
    e = dp_part_text_decode(t->kind, dp_slice_of(out->p + before, out->len - before), &a, &again);
    dp_arena_fini(&a);
    if (e == DP_FORMAT)
        e = DP_RANGE;
    if (e != DP_OK)
        out->len = before;
    return e;
}

/* ---- what is wrong with it ---- */

/* One text after the other: the first with characters that no text may have, else the longest. */
struct fault {
    const char *word;
    size_t longest, bytes;
    bool found;
};

static void look_at(const struct text *t, size_t n, const void *core, struct fault *f)
{
    for (size_t i = 0; i < n && !f->found; i++) {
        const char *s = *(const char *const *)(const void *)((const char *)core + t[i].core_at);
        if (s == NULL)
            continue;
        f->found = !dp_utf8_ok(dp_slice_str(s));
        f->bytes += strlen(s);
        if (f->found || strlen(s) > f->longest)
            f->word = t[i].word;
        if (strlen(s) > f->longest)
            f->longest = strlen(s);
    }
}

static const char *number_fault(const struct dp_petitioner *p)
{
    if (p->id_type > 99)
        return "id_type";
    if (p->gender > 9)
        return "gender";
    return birth_ok(p->birth.day) ? NULL : "birth";
}

const char *dp_part_text_fault(const struct dp_part_text *t)
{
    const struct text_kind *k = text_kind_of(t->kind);
    struct fault f = {.word = dp_part_kind_word(t->kind)};
    const char *number = NULL;

    if (k != NULL) {
        look_at(k->texts, k->count, t, &f);
        return f.word;
    }
    if (t->petitioner_count < 1 || t->petitioner_count > DP_PETITIONERS_MAX)
        return f.word;
    for (size_t i = 0; i < t->petitioner_count && number == NULL; i++) {
        number = number_fault(&t->petitioners[i]);
        look_at(petitioner_texts, PETITIONER_TEXTS, &t->petitioners[i], &f);
    }
    if (number != NULL)
        return number;
    return f.found || f.bytes > TEXTS_BYTES_MAX ? f.word : "address_div";
}
