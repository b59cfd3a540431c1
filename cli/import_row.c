/* SPDX-License-Identifier: Apache-2.0 */
/* A row of a register as a command, in the memory of its batch. */
#include "import_row.h"

#include <stdlib.h>
#include <string.h>

void dp_batch_free(struct dp_batch *b)
{
    dp_arena_reset(&b->arena);
    b->id = 0;
    b->count = 0;
    b->next = 0;
    b->bytes = 0;
    b->alone = false;
}

static void *get(struct dp_batch *b, size_t len)
{
    void *p = dp_arena_alloc(&b->arena, len);

    if (p == NULL)
        exit(dp_fail(DP_NOMEM, "%s", _(dp_err_text(DP_NOMEM))));
    return p;
}

static char *text(struct dp_batch *b, struct dp_slice s)
{
    char *t = dp_arena_str(&b->arena, s);

    if (t == NULL)
        exit(dp_fail(DP_NOMEM, "%s", _(dp_err_text(DP_NOMEM))));
    b->bytes += s.len;
    return t;
}

static char *division(struct dp_batch *b, struct dp_div d)
{
    char code[13] = "";

    if (d.v != 0)
        dp_div_format(d, code);
    return text(b, dp_slice_str(code));
}

static PBC(Intake) *
    intake_of(struct dp_batch *b, const struct dp_register_row *r, const struct dp_respondents *to)
{
    PBC(Intake) *in = get(b, sizeof(*in));

    daipao__control__v1__intake__init(in);
    in->channel = text(b, dp_slice_of(&r->channel, 1));
    in->origin = r->origin != 0 ? r->origin : 1;
    in->purpose = r->purpose;
    in->category = r->category;
    in->flags = r->flags;
    in->headcount = r->headcount;
    in->involved = r->involved;
    in->residence_div = division(b, r->residence_div);
    in->problem_div = division(b, r->problem_div);
    in->petition_date = (uint32_t)r->petition_on.day;
    in->source_system = text(b, dp_slice_str(r->source_system));
    in->source_no = text(b, dp_slice_str(r->source_no));
    in->national_no = text(b, r->national_no);
    in->n_respondents = to->count;
    in->respondents = get(b, (to->count + 1) * sizeof(*in->respondents));
    for (uint32_t i = 0; i < to->count; i++)
        in->respondents[i] = text(b, dp_slice_str(to->ids[i]));
    return in;
}

static PBC(Part) * part(struct dp_batch *b, PBC(Step) * s, uint32_t kind)
{
    PBC(Part) *p = get(b, sizeof(*p));

    daipao__control__v1__part__init(p);
    p->kind = kind;
    s->parts[s->n_parts++] = p;
    return p;
}

/* One for each person where there are as many, else all of it is the first one's. */
static struct dp_slice share(struct dp_slice field, const struct dp_names *pieces, uint32_t persons,
                             uint32_t i)
{
    if (pieces->count == persons && persons > 1)
        return pieces->list[i];
    return i == 0 ? field : dp_slice_of(NULL, 0);
}

/* R22 20: at most five represent a group; the first one is who is written to. */
static void petitioners(struct dp_batch *b, PBC(Step) * s, const struct dp_register_row *r)
{
    uint32_t count = r->names.count > DP_NAMES_MAX ? DP_NAMES_MAX : r->names.count > 0 ? r->names.count : 1;
    struct dp_names id_nos, phones;
    PBC(Part) * p;

    if (r->name.len + r->id_no.len + r->phone.len + r->address.len == 0 && !r->anonymous)
        return;
    dp_names_split(r->id_no, &id_nos);
    dp_names_split(r->phone, &phones);
    p = part(b, s, DP_PETITIONERS);
    p->persons = get(b, count * sizeof(*p->persons));
    for (uint32_t i = 0; i < count; i++) {
        PBC(Person) *who = get(b, sizeof(*who));
        daipao__control__v1__person__init(who);
        who->name = text(b, r->names.count > 1 ? r->names.list[i] : r->name);
        who->id_no = text(b, share(r->id_no, &id_nos, count, i));
        who->phone = text(b, share(r->phone, &phones, count, i));
        who->address = text(b, i == 0 ? r->address : dp_slice_of(NULL, 0));
        who->anonymous = r->anonymous;
        who->main = i == 0;
        p->persons[p->n_persons++] = who;
    }
}

static void respondent(struct dp_batch *b, PBC(Step) * s, const struct dp_register_row *r)
{
    PBC(Part) * p;

    if (r->respondent_name.len + r->respondent_org.len + r->respondent_rank.len == 0)
        return;
    p = part(b, s, DP_RESPONDENT);
    p->respondent_name = text(b, r->respondent_name);
    p->respondent_org = text(b, r->respondent_org);
    p->respondent_rank = text(b, r->respondent_rank);
}

static const char *key_column(enum dp_register_key key)
{
    return key == DP_KEY_DIGEST
               ? ""
               : dp_column_word(key == DP_KEY_NUMBER ? DP_COLUMN_NUMBER : DP_COLUMN_SOURCE_NO);
}

void dp_batch_add(struct dp_batch *b, const struct dp_register_row *r, const struct dp_respondents *to)
{
    PBC(Command) *c = get(b, sizeof(*c));
    PBC(Step) *s = get(b, sizeof(*s));
    PBC(Part) * content;

    daipao__control__v1__command__init(c);
    daipao__control__v1__step__init(s);
    c->op_case = DAIPAO__CONTROL__V1__COMMAND__OP_STEP;
    c->step = s;
    s->kind = 1;
    s->receipt = (uint32_t)r->received_on.day;
    s->intake = intake_of(b, r, to);
    s->parts = get(b, 3 * sizeof(*s->parts));
    petitioners(b, s, r);
    respondent(b, s, r);
    content = part(b, s, DP_CONTENT);
    content->title = text(b, r->title);
    content->summary = text(b, r->summary);
    content->content = text(b, r->content);
    content->demand = text(b, r->demand);
    b->bytes += 256;
    b->lines[b->count] = r->line;
    b->columns[b->count] = key_column(r->key);
    b->commands[b->count++] = c;
}
