/* SPDX-License-Identifier: Apache-2.0 */
/* See history.h. */
#include "support/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (64u << 20)
#define FIRST_INC 0x1000u

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "history: %s\n", what);
    abort();
}

void dp_hist_init(struct dp_hist *h)
{
    static const struct dp_subject none;

    memset(h, 0, sizeof(*h));
    dp_casefile_init(&h->file, &none);
    dp_arena_init(&h->arena, ARENA_BYTES, ARENA_BYTES);
    h->now_ms = dp_hist_noon("2026-02-13");
    h->state.registered = DP_FACT_NONE;
}

void dp_hist_fini(struct dp_hist *h)
{
    dp_casefile_fini(&h->file);
    dp_arena_fini(&h->arena);
    free(h->entries);
    free(h->origins);
    free(h->reg);
}

struct dp_office dp_hist_office(const char *text)
{
    struct dp_office o;

    if (dp_office_parse(dp_slice_str(text), &o) != DP_OK)
        fail("bad office");
    return o;
}

struct dp_date dp_hist_date(const char *text)
{
    struct dp_date d;

    if (dp_date_parse(dp_slice_str(text), &d) != DP_OK)
        fail("bad date");
    return d;
}

int64_t dp_hist_noon(const char *date)
{
    return dp_date_start_ms(dp_hist_date(date)) + DP_DAY_MS / 2;
}

struct dp_hist_node *dp_hist_node(struct dp_hist *h, struct dp_node n)
{
    for (uint32_t i = 0; i < h->node_count; i++) {
        if (dp_node_eq(h->nodes[i].from.node, n))
            return &h->nodes[i];
    }
    if (h->node_count == DP_HIST_NODES)
        fail("too many nodes");
    h->nodes[h->node_count] = (struct dp_hist_node){
        .from = {n, dp_node_parent(n), (uint8_t)dp_node_tier(n), 0xf},
        .inc = FIRST_INC + h->node_count,
    };
    return &h->nodes[h->node_count++];
}

static void set_prev(const struct dp_hist *h, struct dp_entry *e)
{
    for (uint32_t i = h->entry_count; i-- > 0;) {
        if (dp_node_eq(h->entries[i].name.origin, e->name.origin)) {
            e->prev = h->entries[i].name;
            return;
        }
    }
}

struct dp_entry dp_hist_entry(struct dp_hist *h, const char *office, enum dp_kind kind)
{
    struct dp_entry e = {.kind = (uint8_t)kind, .rules = DP_RULES_VERSION, .officer = 1};
    struct dp_hist_node *n;

    e.office = dp_hist_office(office);
    n = dp_hist_node(h, e.office.node);
    e.name = (struct dp_name){n->from.node, n->inc, ++n->seq};
    e.subject = h->file.subject;
    e.at_ms = h->now_ms;
    h->now_ms += 60000;
    e.step = 1;
    for (uint32_t i = 0; i < h->entry_count; i++) {
        if (h->entries[i].step >= e.step)
            e.step = h->entries[i].step + 1;
    }
    set_prev(h, &e);
    return e;
}

static void *grown(void *p, size_t n, size_t size)
{
    void *more = realloc(p, n * size);

    if (more == NULL)
        fail("no memory");
    return more;
}

uint32_t dp_hist_insert(struct dp_hist *h, const struct dp_entry *e)
{
    const struct dp_origin *from = &dp_hist_node(h, e->name.origin)->from;
    struct dp_insert done;

    if (h->entry_count == h->entry_cap) {
        h->entry_cap = h->entry_cap > 0 ? h->entry_cap * 2 : 32;
        h->entries = grown(h->entries, h->entry_cap, sizeof(*h->entries));
        h->origins = grown(h->origins, h->entry_cap, sizeof(*h->origins));
    }
    h->entries[h->entry_count] = *e;
    h->origins[h->entry_count++] = *from;
    if (dp_casefile_insert(&h->file, e, from, NULL, NULL, &done) != DP_OK)
        fail("insert");
    return done.index;
}

struct dp_name dp_hist_register(struct dp_hist *h, const char *office, uint32_t flags)
{
    struct dp_entry e = dp_hist_entry(h, office, DP_KIND_REGISTER);

    h->reg = grown(h->reg, 1, sizeof(*h->reg));
    *h->reg = (struct dp_reg){.channel = 'V', .purpose = DP_PURPOSE_CLAIM, .flags = flags, .headcount = 1};
    e.reg = h->reg;
    e.receipt = dp_date_of_ms(e.at_ms);
    e.subject = (struct dp_subject){DP_SUBJECT_CASE, e.name};
    if (h->file.count == 0)
        h->file.subject = e.subject;
    dp_hist_insert(h, &e);
    return e.name;
}

enum dp_err dp_hist_plan(struct dp_hist *h, const char *office, enum dp_kind kind, const struct dp_body *body,
                         const struct dp_name *re, struct dp_name *out)
{
    struct dp_plan_input in = {.kind = kind, .officer = 1};
    struct dp_hist_node *n;
    struct dp_entry e;
    enum dp_err err;

    in.office = dp_hist_office(office);
    n = dp_hist_node(h, in.office.node);
    in.from = n->from;
    in.name = (struct dp_name){n->from.node, n->inc, n->seq + 1};
    in.at_ms = h->now_ms;
    in.body = body != NULL ? *body : (struct dp_body){0};
    in.re = re != NULL ? *re : (struct dp_name){0};
    dp_hist_fold(h);
    h->refused = DP_VOID_NONE;
    err = dp_plan(&h->file, &h->state, &in, &e, &h->refused, &h->could);
    if (err != DP_OK)
        return err;
    n->seq++;
    h->now_ms += 60000;
    dp_hist_insert(h, &e);
    if (out != NULL)
        *out = e.name;
    return DP_OK;
}

struct dp_name dp_hist_do(struct dp_hist *h, const char *office, enum dp_kind kind,
                          const struct dp_body *body)
{
    struct dp_name n = {0};
    enum dp_err err = dp_hist_plan(h, office, kind, body, NULL, &n);

    if (err != DP_OK) {
        fprintf(stderr, "%s %s: %s, %s\n", office, dp_kind_word(kind), dp_err_text(err),
                dp_void_text(h->refused));
        fail("a step that should be valid was refused");
    }
    return n;
}

struct dp_name dp_hist_force(struct dp_hist *h, const char *office, enum dp_kind kind,
                             const struct dp_body *body, const struct dp_name *custody,
                             const struct dp_name *re)
{
    struct dp_entry e = dp_hist_entry(h, office, kind);

    if (body != NULL)
        e.body = *body;
    if (custody != NULL)
        e.custody = *custody;
    if (re != NULL)
        e.re = *re;
    dp_hist_insert(h, &e);
    return e.name;
}

uint32_t dp_hist_index(const struct dp_hist *h, const struct dp_name *n)
{
    uint32_t i = dp_casefile_find(&h->file, n);

    if (i == DP_FACT_NONE)
        fail("no such entry");
    return i;
}

const struct dp_fact *dp_hist_fact(const struct dp_hist *h, const struct dp_name *n)
{
    return &h->file.facts[dp_hist_index(h, n)];
}

enum dp_void_reason dp_hist_reason(const struct dp_hist *h, const struct dp_name *n)
{
    const struct dp_fact *x = dp_hist_fact(h, n);

    return x->verdict == DP_PENDING ? DP_VOID_COUNT : (enum dp_void_reason)x->reason;
}

const struct dp_state *dp_hist_fold(struct dp_hist *h)
{
    dp_arena_reset(&h->arena);
    if (dp_fold(&h->file, &h->arena, &h->state) != DP_OK)
        fail("fold");
    return &h->state;
}

struct dp_body dp_hist_request(const char *to, enum dp_duty duty)
{
    return (struct dp_body){.to = dp_hist_office(to), .code2 = duty};
}

struct dp_body dp_hist_offer(const char *to)
{
    return dp_hist_request(to, DP_DUTY_HANDLE);
}

struct dp_body dp_hist_assign(const char *to, const char *report_by)
{
    struct dp_body b = dp_hist_offer(to);

    b.due = dp_hist_date(report_by);
    return b;
}

struct dp_body dp_hist_order(const char *to, uint32_t level, const char *answer_by)
{
    struct dp_body b = {.to = dp_hist_office(to), .code = 1, .code2 = level};

    if (answer_by != NULL)
        b.due = dp_hist_date(answer_by);
    return b;
}

struct dp_body dp_hist_code(uint32_t code)
{
    return (struct dp_body){.code = code};
}
