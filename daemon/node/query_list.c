/* SPDX-License-Identifier: Apache-2.0 */
/* Lists over cases: one walk each, a page at a time. No list is keyed on a person (R-N4-1). */
#include <string.h>

#include "node/query.h"

/* ---- cases and errands ---- */

struct filter {
    bool errands;
    bool by_holder;
    struct dp_office holder;
};

static bool wanted(const struct dp_ask *a, const struct filter *x, const struct dp_ask_row *row)
{
    struct dp_office holder = dp_state_custodian(row->s);

    if (x->errands && !row->s->is_errand)
        return false;
    if (a->q->status[0] != '\0' && strcmp(a->q->status, dp_status_word(row->s->status)) != 0)
        return false;
    if (x->by_holder && !dp_office_eq(&holder, &x->holder))
        return false;
    return !a->q->mine || dp_office_eq(&holder, &a->c->office);
}

static bool list_row(struct dp_ask *a, const struct dp_ask_row *row, void *ctx)
{
    struct filter *x = ctx;
    struct dp_due *dues = NULL;
    const struct dp_due *next;
    uint32_t count = 0;

    if (!wanted(a, x, row))
        return true;
    dp_ask_due_list(a, row->f, row->s, &a->d->look, &dues, &count);
    next = dp_ask_earliest(dues, count);
    if (a->q->due_days > 0 && (next == NULL || next->due.date.day - a->today.day > (int32_t)a->q->due_days))
        return true;
    if (!dp_ask_take(a))
        return false;
    dp_json_object(&a->j, NULL);
    dp_ask_case_head(a, row->f, row->s);
    dp_json_str(&a->j, "view", row->view == DP_VIEW_PARTY ? "party" : "coded");
    dp_ask_due(a, "next_due", row->f, next);
    dp_json_end(&a->j);
    return true;
}

static void list(struct dp_ask *a, bool errands)
{
    struct filter *x = dp_ask_ctx(a, sizeof *x);

    if (x == NULL)
        return;
    x->errands = errands;
    x->by_holder = a->q->node[0] != '\0';
    if (x->by_holder && dp_office_lookup(a->d, a->q->node, &x->holder) != DP_OK) {
        dp_ask_fail(a, DP_NOT_FOUND, "no such office here; see `daipao office list`");
        return;
    }
    dp_ask_rows(a, false, list_row, NULL, x);
}

void dp_ask_list(struct dp_ask *a)
{
    list(a, false);
}

void dp_ask_errands(struct dp_ask *a)
{
    list(a, true);
}

/* ---- orders ---- */

static const char *order_state(const struct dp_order *o)
{
    if (o->lifted != DP_FACT_NONE)
        return "lifted";
    if (o->answer_arrived != DP_FACT_NONE)
        return "answer_arrived";
    if (o->answered != DP_FACT_NONE)
        return "answered";
    if (o->signed_ != DP_FACT_NONE)
        return "signed";
    return o->arrived != DP_FACT_NONE ? "arrived" : "issued";
}

static void put_order(struct dp_ask *a, const struct dp_ask_row *row, const struct dp_order *o)
{
    const struct dp_entry *e = &row->f->facts[o->issued].e;
    struct dp_json *j = &a->j;

    dp_json_object(j, NULL);
    dp_json_str(j, "number", row->f->has_reg ? row->f->reg.number.text : e->body.label);
    dp_json_name(j, "name", &row->f->subject.name);
    dp_json_name(j, "order", &e->name);
    dp_ask_kind(j, "kind", e->kind);
    dp_json_office(j, "from", &e->office);
    dp_json_office(j, "to", &e->body.to);
    dp_json_u64(j, "ground", e->body.code);
    dp_json_u64(j, "level", e->body.code2);
    dp_ask_time(j, "at", dp_fact_at_ms(row->f, o->issued));
    dp_json_date(j, "answer_by", e->body.due);
    if (!dp_date_is_none(e->body.due))
        dp_json_i64(j, "days_left", e->body.due.day - a->today.day);
    dp_json_str(j, "state", order_state(o));
    dp_ask_fact(a, "answered", row->f, o->answered);
    dp_ask_fact(a, "lifted", row->f, o->lifted);
    dp_json_end(j);
}

static bool order_rows(struct dp_ask *a, const struct dp_ask_row *row, void *ctx)
{
    bool taken = false;

    (void)ctx;
    for (uint32_t i = 0; i < row->s->order_count; i++) {
        const struct dp_entry *e = &row->f->facts[row->s->orders[i].issued].e;
        if (a->q->mine && !dp_office_eq(&e->office, &a->c->office) &&
            !dp_office_eq(&e->body.to, &a->c->office))
            continue;
        if (taken) /* the orders of one case stand on one page */
            a->rows_left -= a->rows_left > 0;
        else if (!dp_ask_take(a))
            return false;
        taken = true;
        put_order(a, row, &row->s->orders[i]);
    }
    return true;
}

void dp_ask_orders(struct dp_ask *a)
{
    dp_ask_rows(a, false, order_rows, NULL, NULL);
}

/* ---- digests ---- */

/*
 * The digest over many cases is a chain in order of their names, digest = SHA-256(digest before | case), from
 * zeros, so that it goes on over pages: the caller hands the last one back in `name`.
 */
struct digests {
    struct dp_digest chain;
    uint64_t count;
    bool below; /* only cases with a party at or below `node` */
    struct dp_node node;
    bool with_rows;
};

static enum dp_err digest_of(struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s,
                             struct dp_digest *out)
{
    struct dp_slice bytes;
    struct dp_buf b;
    enum dp_err e;

    dp_buf_init(&b, 64u << 20);
    e = dp_state_canonical(f, s, &b);
    bytes = dp_buf_slice(&b);
    if (e == DP_OK)
        a->d->suite->hash(&bytes, 1, out);
    dp_buf_fini(&b);
    return e;
}

static bool digest_row(struct dp_ask *a, const struct dp_ask_row *row, void *ctx)
{
    struct digests *x = ctx;
    struct dp_digest one;
    struct dp_slice both[2] = {dp_slice_of(x->chain.b, sizeof(x->chain.b)),
                               dp_slice_of(one.b, sizeof(one.b))};
    bool shown = x->with_rows && (row->view != DP_VIEW_NONE || a->c->is_root);

    if (x->below && !dp_state_party_below(row->s, x->node))
        return true;
    if (shown && !dp_ask_take(a))
        return false;
    if (digest_of(a, row->f, row->s, &one) != DP_OK)
        return true;
    a->d->suite->hash(both, 2, &x->chain);
    x->count++;
    if (!shown)
        return true;
    dp_json_object(&a->j, NULL);
    dp_json_name(&a->j, "name", &row->f->subject.name);
    if (row->view != DP_VIEW_NONE)
        dp_json_str(&a->j, "number", row->f->has_reg ? row->f->reg.number.text : NULL);
    dp_ask_digest(&a->j, "digest", &one);
    dp_json_end(&a->j);
    return true;
}

static void digests_end(struct dp_ask *a, void *ctx)
{
    const struct digests *x = ctx;

    dp_json_u64(&a->j, "count", x->count);
    dp_ask_digest(&a->j, "digest", &x->chain);
}

static void digest_all(struct dp_ask *a)
{
    struct digests *x = dp_ask_ctx(a, sizeof *x);

    if (x == NULL)
        return;
    x->with_rows = a->q->index != 0;
    x->below = a->q->node[0] != '\0';
    if ((x->below && dp_node_parse(dp_slice_str(a->q->node), &x->node) != DP_OK) ||
        (a->q->name[0] != '\0' &&
         dp_unhex(a->q->name, strlen(a->q->name), x->chain.b, sizeof(x->chain.b)) != DP_OK)) {
        dp_ask_fail(a, DP_USAGE, "not a node, or not a digest to go on from");
        return;
    }
    dp_ask_rows(a, a->c->is_root, digest_row, digests_end,
                x); /* root compares stores; an office what it sees (R-N3-9) */
}

void dp_ask_digests(struct dp_ask *a)
{
    const struct dp_casefile *f;
    struct dp_digest one;

    if (a->q->case_ref[0] == '\0') {
        digest_all(a);
        return;
    }
    if (!dp_ask_case(a))
        return;
    f = a->seen.f;
    if (digest_of(a, f, &a->seen.s, &one) != DP_OK) {
        dp_ask_fail(a, DP_NOMEM, "the case cannot be read");
        return;
    }
    dp_json_str(&a->j, "number", f->has_reg ? f->reg.number.text : NULL);
    dp_json_name(&a->j, "name", &f->subject.name);
    dp_json_u64(&a->j, "entries", f->count);
    dp_ask_digest(&a->j, "digest", &one);
}
