/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for one office: to sign for, to accept, to handle, objections and orders to answer, reports
 * owed, answers that arrived. Each with its date, as the clocks of the case say.
 */
#include "node/query.h"

#define CLOCK(name) (1u << DP_CLOCK_##name)

struct item {
    const char *action;
    uint32_t fact;   /* what it is about */
    uint32_t clocks; /* which clocks may be the item's */
    bool any_start;  /* the clock need not have been started by `fact` */
};

struct inbox {
    uint32_t items;
    const struct dp_due *dues; /* of the case looked at, once one of its items asked for them */
    uint32_t due_count;
    bool have_dues;
};

static bool is_mine(const struct dp_ask *a, const struct dp_office *o)
{
    return dp_office_eq(o, &a->c->office);
}

/* ---- one item ---- */

static bool due_fits(const struct dp_ask *a, const struct dp_casefile *f, const struct dp_due *d,
                     const struct item *it)
{
    if (d->met_by != DP_FACT_NONE || (it->clocks >> d->clock & 1) == 0 || !is_mine(a, &d->office))
        return false;
    return it->any_start || d->started_by == it->fact || f->facts[d->started_by].re == it->fact;
}

static void load_dues(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row)
{
    struct dp_due *list = NULL;

    if (x->have_dues)
        return;
    dp_ask_due_list(a, row->f, row->s, &a->d->look, &list, &x->due_count);
    x->dues = list;
    x->have_dues = true;
}

static const struct dp_due *due_of(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row,
                                   const struct item *it)
{
    const struct dp_due *best = NULL;

    load_dues(a, x, row);
    for (uint32_t i = 0; i < x->due_count; i++) {
        const struct dp_due *d = &x->dues[i];
        if (due_fits(a, row->f, d, it) && !dp_date_is_none(d->due.date) &&
            (best == NULL || d->due.date.day < best->due.date.day))
            best = d;
    }
    return best;
}

static void put_item(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row, struct item it)
{
    const struct dp_due *due = due_of(a, x, row, &it);
    const struct dp_entry *e = &row->f->facts[it.fact].e;
    struct dp_json *j = &a->j;

    if (a->q->due_days > 0 && (due == NULL || due->due.date.day - a->today.day > (int32_t)a->q->due_days))
        return;
    x->items++;
    dp_json_object(j, NULL);
    dp_json_str(j, "action", it.action);
    dp_json_str(j, "number", row->f->has_reg ? row->f->reg.number.text : e->body.label);
    dp_json_name(j, "name", &row->f->subject.name);
    dp_json_str(j, "status", dp_status_word(row->s->status));
    dp_json_bool(j, "urgent",
                 (row->f->has_reg && (row->f->reg.flags & DP_REG_URGENT) != 0) ||
                     e->kind == DP_KIND_SUPERVISE);
    dp_ask_kind(j, "kind", e->kind);
    dp_json_name(j, "entry", &e->name);
    dp_json_office(j, "from", &e->office);
    dp_ask_time(j, "at", dp_fact_at_ms(row->f, it.fact));
    dp_json_date(j, "due", due != NULL ? due->due.date : DP_DATE_NONE);
    if (due != NULL) {
        dp_json_str(j, "clock", dp_clock_word(due->clock));
        dp_json_bool(j, "provisional", due->due.provisional);
        dp_json_i64(j, "days_left", due->due.date.day - a->today.day);
        dp_json_str(j, "cause", dp_delay_word(due->cause));
    }
    dp_json_end(j);
}

/* ---- what a case holds for the office ---- */

/* An offer of the case itself to this office. */
static void offered_case(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row,
                         const struct dp_offer_state *o)
{
    if (o->accepted != DP_FACT_NONE || o->objected != DP_FACT_NONE)
        return;
    if (o->signed_ == DP_FACT_NONE)
        put_item(a, x, row, (struct item){"sign", o->offered, CLOCK(SIGN), false});
    put_item(a, x, row, (struct item){"accept", o->offered, CLOCK(ACCEPT) | CLOCK(OBJECT), false});
}

/* A request to help with it: until signed for, then until the case has what was asked for. */
static void asked_for_help(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row,
                           const struct dp_offer_state *o, uint32_t duty)
{
    const struct dp_state *s = row->s;
    uint32_t done = duty == DP_DUTY_SERVE ? s->served : s->opinion;

    if (done != DP_FACT_NONE || s->closed != DP_FACT_NONE)
        return;
    if (o->signed_ == DP_FACT_NONE)
        put_item(a, x, row, (struct item){"sign", o->offered, CLOCK(SIGN), false});
    put_item(a, x, row,
             (struct item){duty == DP_DUTY_SERVE ? "serve" : "co_handle", o->offered, CLOCK(REPORT), false});
}

/* A report is owed to the assigner until one was given to this very assignment. */
static bool reported(const struct dp_casefile *f, uint32_t assign)
{
    for (uint32_t i = assign + 1; i < f->count; i++) {
        if (f->facts[i].re == assign && f->facts[i].e.kind == DP_KIND_REPORT_BACK &&
            f->facts[i].verdict == DP_VALID)
            return true;
    }
    return false;
}

static void items_of_offer(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row,
                           const struct dp_offer_state *o)
{
    const struct dp_entry *e = &row->f->facts[o->offered].e;
    uint32_t duty = e->kind == DP_KIND_TRANSFER || e->kind == DP_KIND_ASSIGN ? e->body.code2 : 0;

    if (o->withdrawn != DP_FACT_NONE)
        return;
    if (is_mine(a, &e->office) && o->objection_arrived != DP_FACT_NONE && o->objection_answer == DP_FACT_NONE)
        put_item(a, x, row, (struct item){"answer_objection", o->objected, CLOCK(OBJECTION_ANSWER), false});
    if (!is_mine(a, &e->body.to) || o->arrived == DP_FACT_NONE)
        return;
    if (duty == DP_DUTY_CO_HANDLE || duty == DP_DUTY_SERVE)
        asked_for_help(a, x, row, o, duty);
    else
        offered_case(a, x, row, o);
    if (e->kind == DP_KIND_ASSIGN && o->accepted != DP_FACT_NONE && !reported(row->f, o->offered))
        put_item(a, x, row, (struct item){"report_back", o->offered, CLOCK(REPORT), false});
}

static void items_of_order(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row,
                           const struct dp_order *o)
{
    const struct dp_entry *e = &row->f->facts[o->issued].e;

    if (!is_mine(a, &e->body.to) || o->arrived == DP_FACT_NONE || o->answered != DP_FACT_NONE ||
        o->lifted != DP_FACT_NONE)
        return;
    if (o->signed_ == DP_FACT_NONE)
        put_item(a, x, row, (struct item){"sign", o->issued, CLOCK(SIGN), false});
    put_item(a, x, row, (struct item){"answer_order", o->issued, CLOCK(ORDER) | CLOCK(REMIND), false});
}

/* What the holder does next; nothing while an offer of it is open. */
static const char *holder_action(const struct dp_state *s)
{
    switch (s->status) {
    case DP_STATUS_REGISTERED:
    case DP_STATUS_HELD:
        return "triage";
    case DP_STATUS_ACCEPTED:
        return "handle";
    case DP_STATUS_OPINION_ISSUED:
        return "serve";
    case DP_STATUS_OPINION_SERVED:
    case DP_STATUS_GUIDED_OUT:
    case DP_STATUS_DUP_LINKED:
        return "close";
    case DP_STATUS_UNKNOWN:
    case DP_STATUS_OFFERED:
    case DP_STATUS_OBJECTED:
    case DP_STATUS_CLOSED:
    case DP_STATUS_BEYOND:
    case DP_STATUS_COUNT:
        break;
    }
    return NULL;
}

static void items_of_holder(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row)
{
    struct dp_office holder = dp_state_custodian(row->s);
    const char *action = holder_action(row->s);
    struct item it = {action, 0, CLOCK(TRIAGE) | CLOCK(HANDLE) | CLOCK(ERRAND), true};

    if (action == NULL || row->s->path_count == 0 || !is_mine(a, &holder))
        return;
    it.fact = row->s->path[row->s->path_count - 1].opened;
    put_item(a, x, row, it);
}

/* Answers to this office that arrived here: to be read, and gone once signed for. */
static void items_of_news(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row)
{
    const struct dp_casefile *f = row->f;

    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_fact *k = &f->facts[i], *answer;
        bool is_signed = false;
        if (k->e.kind != DP_KIND_ARRIVE || k->verdict != DP_VALID || k->re == DP_FACT_NONE)
            continue;
        answer = &f->facts[k->re];
        if ((answer->e.kind != DP_KIND_ANSWER && answer->e.kind != DP_KIND_REPORT_BACK &&
             answer->e.kind != DP_KIND_OBJECTION_ANSWER) ||
            answer->re == DP_FACT_NONE || !is_mine(a, &f->facts[answer->re].e.office))
            continue;
        for (uint32_t n = i + 1; n < f->count && !is_signed; n++)
            is_signed = f->facts[n].e.kind == DP_KIND_SIGN && f->facts[n].re == k->re &&
                        f->facts[n].verdict == DP_VALID;
        if (!is_signed)
            put_item(a, x, row, (struct item){"read_answer", k->re, 0, false});
    }
}

/*
 * R-FLD-4: who stands above all that send a case to and fro is told until one of them has it. Where the codes
 * lead beyond the top of the tree, it is the top.
 */
static void item_of_loop(struct dp_ask *a, struct inbox *x, const struct dp_ask_row *row)
{
    uint32_t i = dp_loop_open(row->f, row->s);
    struct dp_node self = a->d->id.self, at = i == DP_FACT_NONE ? self : dp_loop_superior(row->f);
    bool top = a->d->id.parent.v == 0 && (at.v == 0 || dp_node_covers(at, self));

    if (i != DP_FACT_NONE && dp_office_role(&a->c->office) == DP_ROLE_BUREAU && (top || dp_node_eq(at, self)))
        put_item(a, x, row, (struct item){"settle_loop", i, 0, false});
}

/*
 * A bureau above is no party, but has its own orders and their answers here. What waits of one case stands on
 * one page: the page ends before a case that would begin beyond it.
 */
static bool inbox_row(struct dp_ask *a, const struct dp_ask_row *row, void *ctx)
{
    struct inbox x = {.have_dues = false};
    struct dp_buf *b = &a->buf;
    struct dp_json before = a->j;
    size_t len = b->len;

    (void)ctx;
    if (row->s->status == DP_STATUS_BEYOND)
        return true;
    for (uint32_t i = 0; i < row->s->offer_count; i++)
        items_of_offer(a, &x, row, &row->s->offers[i]);
    for (uint32_t i = 0; i < row->s->order_count; i++)
        items_of_order(a, &x, row, &row->s->orders[i]);
    items_of_holder(a, &x, row);
    items_of_news(a, &x, row);
    item_of_loop(a, &x, row);
    if (x.items == 0)
        return true;
    if (!dp_ask_take_at(a, len)) {
        a->j = before;
        b->len = len;
        return false;
    }
    a->rows_left -= x.items - 1 < a->rows_left ? x.items - 1 : a->rows_left;
    return true;
}

void dp_ask_inbox(struct dp_ask *a)
{
    dp_json_office(&a->j, "office", &a->c->office);
    dp_ask_rows(a, false, inbox_row, NULL, NULL);
}
