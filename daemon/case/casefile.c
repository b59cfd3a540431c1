/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of one subject. Invariants: facts rise in fold order; every reference that names
 * a fact here is resolved; a fact is decided exactly when all it refers to is decided; a
 * verdict, once given, stays (R-VAL-1).
 */
#include "case/casefile.h"

#include <stdlib.h>
#include <string.h>

#include "case/past.h"
#include "case/refs.h"
#include "case/rights.h"

#define FIRST_CAP 16

static const struct {
    const char *name, *text;
} reasons[] = {
#define REASON_ROW(name, text) {#name, text},
    DP_VOID_LIST(REASON_ROW)
#undef REASON_ROW
};

const char *dp_void_text(enum dp_void_reason r)
{
    return (unsigned)r < DP_VOID_COUNT ? reasons[r].text : "";
}

const char *dp_void_name(enum dp_void_reason r)
{
    return (unsigned)r < DP_VOID_COUNT ? reasons[r].name : "";
}

void dp_casefile_init(struct dp_casefile *f, const struct dp_subject *s)
{
    *f = (struct dp_casefile){.subject = *s};
}

void dp_casefile_fini(struct dp_casefile *f)
{
    struct dp_subject subject = f->subject;

    free(f->facts);
    free(f->slots);
    free(f->scratch);
    dp_casefile_init(f, &subject);
}

/* ---- names to indices ---- */

static uint32_t hash(const struct dp_name *n)
{
    uint64_t h = n->origin.v ^ (uint64_t)n->inc << 32;

    h = (h ^ n->seq * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(h >> 32);
}

uint32_t dp_casefile_find(const struct dp_casefile *f, const struct dp_name *n)
{
    uint32_t mask = f->slots_count - 1;

    if (f->count == 0)
        return DP_FACT_NONE;
    for (uint32_t s = hash(n) & mask; f->slots[s] != 0; s = (s + 1) & mask) {
        if (dp_name_eq(&f->facts[f->slots[s] - 1].e.name, n))
            return f->slots[s] - 1;
    }
    return DP_FACT_NONE;
}

static void slot_add(struct dp_casefile *f, uint32_t i)
{
    uint32_t mask = f->slots_count - 1;
    uint32_t s = hash(&f->facts[i].e.name) & mask;

    while (f->slots[s] != 0)
        s = (s + 1) & mask;
    f->slots[s] = i + 1;
}

static enum dp_err grow_slots(struct dp_casefile *f, uint32_t cap)
{
    uint32_t *slots = calloc((size_t)cap * 2, sizeof(*slots));

    if (slots == NULL)
        return DP_NOMEM;
    free(f->slots);
    f->slots = slots;
    f->slots_count = cap * 2;
    for (uint32_t i = 0; i < f->count; i++)
        slot_add(f, i);
    return DP_OK;
}

enum dp_err dp_casefile_reserve(struct dp_casefile *f, uint32_t count)
{
    uint32_t cap = f->cap > 0 ? f->cap : FIRST_CAP;
    struct dp_fact *facts;
    uint64_t *scratch;

    if (count > DP_CASEFILE_MAX)
        return DP_FULL;
    if (count <= f->cap)
        return DP_OK;
    while (cap < count)
        cap *= 2; /* stays a power of two: the slots are masked */
    facts = realloc(f->facts, cap * sizeof(*facts));
    if (facts == NULL)
        return DP_NOMEM;
    f->facts = facts;
    scratch = realloc(f->scratch, dp_past_words(cap) * sizeof(*scratch));
    if (scratch == NULL)
        return DP_NOMEM;
    f->scratch = scratch;
    if (grow_slots(f, cap) != DP_OK)
        return DP_NOMEM;
    f->cap = cap;
    return DP_OK;
}

/* ---- places in fold order ---- */

/* R-FLD-1: (step, origin, incarnation, seq). */
static bool before(const struct dp_entry *a, const struct dp_entry *b)
{
    if (a->step != b->step)
        return a->step < b->step;
    return dp_name_cmp(&a->name, &b->name) < 0;
}

static uint32_t place_of(const struct dp_casefile *f, const struct dp_entry *e)
{
    uint32_t low = 0, high = f->count;

    if (high > 0 && before(&f->facts[high - 1].e, e))
        return high;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (before(&f->facts[mid].e, e))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void shift_ref(uint32_t *ref, uint32_t at)
{
    if (*ref != DP_FACT_NONE && *ref >= at)
        (*ref)++;
}

static void open_gap(struct dp_casefile *f, uint32_t at)
{
    if (at == f->count)
        return;
    memmove(&f->facts[at + 1], &f->facts[at], (f->count - at) * sizeof(*f->facts));
    for (uint32_t i = 0; i <= f->count; i++) {
        if (i == at)
            continue;
        shift_ref(&f->facts[i].prev, at);
        shift_ref(&f->facts[i].custody, at);
        shift_ref(&f->facts[i].re, at);
    }
    for (uint32_t s = 0; s < f->slots_count; s++)
        f->slots[s] += f->slots[s] > at;
}

static void put(struct dp_casefile *f, uint32_t at, const struct dp_entry *e, const struct dp_origin *from)
{
    struct dp_fact *x = &f->facts[at];

    *x = (struct dp_fact){.prev = DP_FACT_NONE, .custody = DP_FACT_NONE, .re = DP_FACT_NONE};
    x->e = *e;
    x->e.doc_no = NULL;
    x->e.reg = NULL;
    x->e.profile = NULL;
    x->e.calendar = NULL;
    x->from = *from;
    f->count++;
    f->pending++;
    slot_add(f, at);
    /* R-SUBJ-1, R-REG-2: only the entry that names the case describes it, once and for all. */
    if (e->kind == DP_KIND_REGISTER && dp_name_eq(&e->name, &f->subject.name)) {
        f->reg = *e->reg;
        f->has_reg = true;
    }
}

/* ---- references ---- */

static void resolve(const struct dp_casefile *f, const struct dp_name *n, uint32_t *ref)
{
    if (!dp_name_is_none(n))
        *ref = dp_casefile_find(f, n);
}

static void meet(uint32_t *ref, const struct dp_name *wanted, const struct dp_name *n, uint32_t at)
{
    if (*ref == DP_FACT_NONE && dp_name_eq(wanted, n))
        *ref = at;
}

/* Resolve what the new fact names, and what names the new fact. */
static void connect(struct dp_casefile *f, uint32_t at)
{
    struct dp_fact *x = &f->facts[at];
    uint32_t left = f->pending;

    resolve(f, &x->e.prev, &x->prev);
    resolve(f, &x->e.custody, &x->custody);
    resolve(f, &x->e.re, &x->re);
    for (uint32_t i = 0; i < f->count && left > 1; i++) {
        struct dp_fact *w = &f->facts[i];
        if (w->verdict != DP_PENDING || i == at)
            continue;
        left--;
        meet(&w->prev, &w->e.prev, &x->e.name, at);
        meet(&w->custody, &w->e.custody, &x->e.name, at);
        meet(&w->re, &w->e.re, &x->e.name, at);
    }
}

static void ask_one(struct dp_fact *x, uint32_t ref, const struct dp_name *n, uint8_t bit,
                    dp_ready_elsewhere *elsewhere, void *ctx)
{
    if (ref == DP_FACT_NONE && !(x->foreign & bit) && !dp_name_is_none(n) && elsewhere(ctx, n))
        x->foreign |= bit;
}

/*
 * R-RDY-1: only editions follow entries of another subject. What a case comes to must not depend on which
 * other cases a node happens to hold (R-FLD-1).
 */
static void ask_elsewhere(const struct dp_casefile *f, struct dp_fact *x, dp_ready_elsewhere *elsewhere,
                          void *ctx)
{
    if (elsewhere == NULL || f->subject.type != DP_SUBJECT_DATA)
        return;
    ask_one(x, x->prev, &x->e.prev, DP_FOREIGN_PREV, elsewhere, ctx);
    ask_one(x, x->custody, &x->e.custody, DP_FOREIGN_CUSTODY, elsewhere, ctx);
    ask_one(x, x->re, &x->e.re, DP_FOREIGN_RE, elsewhere, ctx);
}

/* ---- readiness and verdicts ---- */

static bool ref_ready(const struct dp_casefile *f, const struct dp_fact *x, uint32_t ref,
                      const struct dp_name *n, uint8_t bit)
{
    if (ref != DP_FACT_NONE)
        return f->facts[ref].verdict != DP_PENDING;
    return dp_name_is_none(n) || (x->foreign & bit) != 0;
}

/* R-RDY-1: ready when its references are; then R-VAL-1: decided, once. */
static bool decide(struct dp_casefile *f, uint32_t i)
{
    struct dp_fact *x = &f->facts[i];
    enum dp_void_reason why;

    if (!ref_ready(f, x, x->prev, &x->e.prev, DP_FOREIGN_PREV) ||
        !ref_ready(f, x, x->custody, &x->e.custody, DP_FOREIGN_CUSTODY) ||
        !ref_ready(f, x, x->re, &x->e.re, DP_FOREIGN_RE))
        return false;
    why = dp_rights_judge(f, i);
    x->verdict = why == DP_VOID_NONE ? DP_VALID : DP_VOIDED;
    x->reason = (uint8_t)why;
    f->pending--;
    if (dp_fact_kind_valid(x) == DP_KIND_WITNESS)
        f->witnesses++;
    return true;
}

/*
 * Decide all that can be decided. References of lawful entries point down in fold order, so one pass
 * upward is the causal order; only forged steps make another pass.
 */
static uint32_t decide_waiting(struct dp_casefile *f)
{
    uint32_t decided = 0, before_pass;

    do {
        before_pass = decided;
        for (uint32_t i = 0; i < f->count && f->pending > 0; i++) {
            if (f->facts[i].verdict == DP_PENDING)
                decided += decide(f, i);
        }
    } while (f->pending > 0 && decided > before_pass);
    return decided;
}

enum dp_err dp_casefile_insert(struct dp_casefile *f, const struct dp_entry *e, const struct dp_origin *from,
                               dp_ready_elsewhere *elsewhere, void *ctx, struct dp_insert *out)
{
    uint32_t at = dp_casefile_find(f, &e->name);
    uint32_t decided = 0;
    enum dp_err err;

    if (!dp_subject_eq(&e->subject, &f->subject))
        return DP_INTERNAL;
    if (e->kind == DP_KIND_REGISTER && e->reg == NULL)
        return DP_FORMAT;
    if (at != DP_FACT_NONE) {
        *out = (struct dp_insert){.index = at, .duplicate = true};
        return DP_OK;
    }
    err = dp_casefile_reserve(f, f->count + 1);
    if (err != DP_OK)
        return err;
    at = place_of(f, e);
    open_gap(f, at);
    put(f, at, e, from);
    connect(f, at);
    ask_elsewhere(f, &f->facts[at], elsewhere, ctx);
    if (decide(f, at))
        decided = 1 + decide_waiting(f);
    *out = (struct dp_insert){.index = at, .decided = decided};
    return DP_OK;
}

uint32_t dp_casefile_settle(struct dp_casefile *f, dp_ready_elsewhere *elsewhere, void *ctx)
{
    if (f->pending == 0)
        return 0;
    for (uint32_t i = 0; i < f->count; i++) {
        if (f->facts[i].verdict == DP_PENDING)
            ask_elsewhere(f, &f->facts[i], elsewhere, ctx);
    }
    return decide_waiting(f);
}

void dp_casefile_reindex(struct dp_casefile *f)
{
    if (f->slots_count > 0)
        memset(f->slots, 0, f->slots_count * sizeof(*f->slots));
    f->pending = 0;
    f->witnesses = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        slot_add(f, i);
        f->pending += f->facts[i].verdict == DP_PENDING;
        f->witnesses += dp_fact_kind_valid(&f->facts[i]) == DP_KIND_WITNESS;
    }
}
