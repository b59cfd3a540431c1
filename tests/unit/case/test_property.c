/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories. Honest offices plan on what their own node holds; forgers write what they like.
 * Whatever the order of arrival, with duplicates: the same verdicts, the same state, the same
 * packed bytes. DP_SEED=n runs one seed, DP_SEEDS=n that many; a failure prints its seed.
 */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "case/due.h"
#include "case/plan.h"
#include "case/refs.h"
#include "case/rights.h"
#include "support/history.h"
#include "unit/case/places.h"

#define ENTRIES_MAX 72
#define SHUFFLES 6
#define SEEDS 600

static const char *const office_texts[] = {
    CITY,
    COUNTY,
    HOUSING,
    LAND,
    TOWN,
    TOWN_OFFICE,
    TOWN_HOUSING,
    TOWN2,
    VILLAGE,
    "331023106001/station",
    "331023000000/affairs",
    OTHER_COUNTY,
};
#define OFFICES (sizeof(office_texts) / sizeof(office_texts[0]))

/* One node with what it holds. */
struct view {
    struct dp_origin from;
    uint32_t inc;
    uint64_t seq;
    bool hostile;
    struct dp_casefile file;
    bool holds[ENTRIES_MAX];
};

struct world {
    struct dp_rng rng;
    struct dp_arena arena;
    struct dp_office offices[OFFICES];
    uint32_t office_view[OFFICES];
    struct view views[OFFICES];
    uint32_t view_count;
    bool busy; /* offers, takes and opinions above all */
    struct dp_reg reg;
    struct dp_subject subject;
    struct dp_entry entries[ENTRIES_MAX];
    struct dp_origin origins[ENTRIES_MAX];
    bool honest[ENTRIES_MAX];
    uint32_t count;
    uint64_t done[DP_KIND_MAX + 1]; /* valid entries by kind, over all seeds */
};

static uint64_t seed_now;

#define MUST(what)                                                                                           \
    do {                                                                                                     \
        if (!(what)) {                                                                                       \
            print_error("seed %llu: DP_SEED=%llu repeats it\n", (unsigned long long)seed_now,                \
                        (unsigned long long)seed_now);                                                       \
            assert_true(what);                                                                               \
        }                                                                                                    \
    } while (0)

static uint32_t below(struct world *w, uint32_t n)
{
    return (uint32_t)dp_rng_below(&w->rng, n);
}

static bool chance(struct world *w, uint32_t percent)
{
    return dp_rng_chance(&w->rng, percent, 100) != 0;
}

/* ---- nodes ---- */

static uint32_t view_of(struct world *w, struct dp_node n)
{
    struct view *v;

    for (uint32_t i = 0; i < w->view_count; i++) {
        if (dp_node_eq(w->views[i].from.node, n))
            return i;
    }
    v = &w->views[w->view_count];
    *v = (struct view){.from = {n, dp_node_parent(n), (uint8_t)dp_node_tier(n), 0xf}};
    v->inc = (uint32_t)dp_rng_u64(&w->rng);
    v->hostile = chance(w, 20);
    return w->view_count++;
}

static void world_init(struct world *w, uint64_t seed)
{
    dp_rng_seed(&w->rng, seed);
    w->view_count = w->count = 0;
    w->busy = chance(w, 60);
    for (uint32_t i = 0; i < OFFICES; i++) {
        w->offices[i] = dp_hist_office(office_texts[i]);
        w->office_view[i] = view_of(w, w->offices[i].node);
    }
}

static void insert(struct world *w, struct dp_casefile *f, uint32_t k)
{
    struct dp_insert done;

    MUST(dp_casefile_insert(f, &w->entries[k], &w->origins[k], NULL, NULL, &done) == DP_OK);
    MUST(done.duplicate || dp_name_eq(&f->facts[done.index].e.name, &w->entries[k].name));
}

static void deliver(struct world *w, uint32_t to)
{
    struct view *v = &w->views[to];

    for (uint32_t n = below(w, 5); n > 0; n--) {
        uint32_t k = below(w, w->count);
        if (chance(w, 50)) { /* else any, out of order */
            for (k = 0; k + 1 < w->count && v->holds[k]; k++)
                ;
        }
        insert(w, &v->file, k);
        v->holds[k] = true;
    }
}

static void issue(struct world *w, uint32_t from, const struct dp_entry *e, bool honest)
{
    struct view *v = &w->views[from];
    uint32_t k = w->count++;

    w->entries[k] = *e;
    w->origins[k] = v->from;
    w->honest[k] = honest;
    v->seq++;
    insert(w, &v->file, k);
    v->holds[k] = true;
}

static struct dp_name next_name(const struct view *v)
{
    return (struct dp_name){v->from.node, v->inc, v->seq + 1};
}

/* ---- honest offices ---- */

static struct dp_body some_body(struct world *w)
{
    struct dp_body b = {
        .to = w->offices[below(w, OFFICES)], .code = 1 + below(w, 3), .days = 1 + below(w, 30)};

    b.code2 = chance(w, 70) ? DP_DUTY_HANDLE : 2 + below(w, 2);
    b.due.day = (int32_t)(20500 + below(w, 100));
    if (chance(w, 20))
        b.other = (struct dp_name){{33}, 1, 1};
    return b;
}

/* Steps that move a case; the rest would drown them. */
static const uint8_t moves[] = {
    DP_KIND_ACCEPT,    DP_KIND_ACCEPT,   DP_KIND_TRANSFER,
    DP_KIND_TRANSFER,  DP_KIND_ASSIGN,   DP_KIND_REFER_UP,
    DP_KIND_WITHDRAW,  DP_KIND_OBJECT,   DP_KIND_OBJECTION_ANSWER,
    DP_KIND_TAKE,      DP_KIND_OPINION,  DP_KIND_SERVE,
    DP_KIND_DESIGNATE, DP_KIND_ACCEPT,   DP_KIND_REPORT_BACK,
    DP_KIND_OBJECT,    DP_KIND_EVALUATE, DP_KIND_OBJECTION_ANSWER,
};

static enum dp_kind pick_kind(struct world *w, const struct dp_casefile *f, const struct dp_state *s,
                              const struct dp_office *o, const struct dp_origin *from)
{
    const uint64_t last = DP_BIT(NOTE) | DP_BIT(ATTACHMENT) | DP_BIT(ERASE) | DP_BIT(UNMASK);
    uint64_t kinds = dp_plan_valid_kinds(f, s, o, from);

    for (int tries = 0; tries < 40 && w->busy; tries++) {
        uint32_t k = moves[below(w, sizeof(moves))];
        if ((kinds >> k & 1) != 0)
            return (enum dp_kind)k;
    }
    for (int tries = 0; tries < 90; tries++) {
        uint32_t k = 1 + below(w, DP_KIND_WITNESS);
        if (((kinds & ~last) >> k & 1) != 0)
            return (enum dp_kind)k;
    }
    return chance(w, 50) ? DP_KIND_NOTE : DP_KIND_ERASE;
}

/* The daemon acknowledges first, as it does in a turn. */
static enum dp_err plan(struct world *w, uint32_t from, uint32_t office, struct dp_entry *out)
{
    struct view *v = &w->views[from];
    struct dp_plan_input in = {.officer = 1, .from = v->from, .name = next_name(v)};
    struct dp_state s;
    enum dp_void_reason why;
    uint64_t could;

    dp_arena_reset(&w->arena);
    MUST(dp_fold(&v->file, &w->arena, &s) == DP_OK);
    in.at_ms = INT64_C(1771000000000) + (int64_t)w->count * 3600000;
    in.office = w->offices[office];
    memset(in.office.slug, 0, sizeof(in.office.slug));
    memcpy(in.office.slug, "node", 4);
    in.kind = DP_KIND_ARRIVE;
    if (chance(w, 70) && dp_plan(&v->file, &s, &in, out, &why, &could) == DP_OK)
        return DP_OK;
    in.office = w->offices[office];
    in.kind = pick_kind(w, &v->file, &s, &in.office, &v->from);
    for (int tries = 0; tries < 6; tries++) { /* until somebody can be asked */
        in.body = some_body(w);
        if (!dp_kind_is_offer(in.kind) || dp_plan(&v->file, &s, &in, out, &why, &could) == DP_OK)
            break;
    }
    if (in.kind == DP_KIND_SUPERVISE)
        in.body.code2 = 2;
    if (in.kind == DP_KIND_REMIND)
        in.body.code2 = 1;
    if (in.kind == DP_KIND_CORRECT || in.kind == DP_KIND_ERASE || in.kind == DP_KIND_UNMASK)
        in.body.other = in.re = v->file.facts[below(w, v->file.count)].e.name;
    return dp_plan(&v->file, &s, &in, out, &why, &could);
}

static void act_honestly(struct world *w)
{
    uint32_t office = below(w, OFFICES);
    uint32_t from = w->office_view[office];
    struct dp_entry e;

    deliver(w, from);
    if (w->views[from].file.count > 0 && plan(w, from, office, &e) == DP_OK)
        issue(w, from, &e, true);
}

/* ---- forgers ---- */

static struct dp_name some_name(struct world *w)
{
    if (chance(w, 4))
        return (struct dp_name){{33}, 1, below(w, 9)};
    return w
        ->entries[chance(w, 50) ? w->count - 1 - below(w, w->count < 8 ? w->count : 8) : below(w, w->count)]
        .name;
}

/* References of the sort that the kind wants, so that forged entries are often valid. */
static struct dp_name likely(struct world *w, uint64_t kinds)
{
    for (int tries = 0; tries < 40; tries++) {
        const struct dp_entry *e = &w->entries[below(w, w->count)];
        if (e->kind < 64 && (kinds >> e->kind & 1) != 0)
            return e->name;
    }
    return some_name(w);
}

static const struct dp_entry *entry_of(const struct world *w, const struct dp_name *n)
{
    for (uint32_t k = 0; k < w->count; k++) {
        if (dp_name_eq(&w->entries[k].name, n))
            return &w->entries[k];
    }
    return NULL;
}

static uint32_t step_over(const struct world *w, uint32_t step, const struct dp_name *n)
{
    const struct dp_entry *e = entry_of(w, n);

    return e != NULL && e->step >= step ? e->step + 1 : step;
}

static void forge_refs(struct world *w, struct view *v, struct dp_entry *e)
{
    const struct dp_right *right = dp_right_of(e->kind);

    if (chance(w, 60) && v->seq > 0)
        e->prev = (struct dp_name){v->from.node, v->inc, 1 + below(w, (uint32_t)v->seq)};
    else if (chance(w, 10))
        e->prev = some_name(w);
    if (right != NULL && right->re_kinds > 1 && chance(w, 90))
        e->re = likely(w, right->re_kinds);
    else if (chance(w, 5))
        e->re = some_name(w);
    if (right != NULL && right->custody && chance(w, 90))
        e->custody = likely(w, DP_BITS_OPEN);
    else if (chance(w, 5))
        e->custody = some_name(w);
    e->step = step_over(w, step_over(w, step_over(w, 1, &e->prev), &e->custody), &e->re);
}

static void forge_step(struct world *w, struct dp_entry *e)
{
    if (chance(w, 5))
        e->step = below(w, 20);
    else if (chance(w, 20))
        e->step += below(w, 10);
    else if (chance(w, 1))
        e->step = UINT32_MAX - below(w, 3);
}

static void act_hostilely(struct world *w, uint32_t office)
{
    uint32_t from = w->office_view[office];
    struct view *v = &w->views[from];
    struct dp_entry e = {.rules = DP_RULES_VERSION, .officer = 1, .subject = w->subject};

    e.kind = chance(w, 60) ? moves[below(w, sizeof(moves))] : (uint8_t)(1 + below(w, DP_KIND_WITNESS + 1));
    e.critical = e.kind > DP_KIND_WITNESS && chance(w, 5);
    if (chance(w, 2))
        e.rules = 2;
    e.name = next_name(v);
    e.office = w->offices[office];
    if (e.kind == DP_KIND_ARRIVE || e.kind == DP_KIND_ERASED || e.kind == DP_KIND_WITNESS) {
        memset(e.office.slug, 0, sizeof(e.office.slug));
        memcpy(e.office.slug, "node", 4);
    }
    if (chance(w, 3))
        e.office = w->offices[below(w, OFFICES)];
    e.at_ms = (int64_t)dp_rng_u64(&w->rng);
    e.body = some_body(w);
    forge_refs(w, v, &e);
    if (e.kind >= DP_KIND_UNMASK)
        e.body.other = e.re;
    forge_step(w, &e);
    e.reg = e.kind == DP_KIND_REGISTER ? &w->reg : NULL;
    issue(w, from, &e, false);
}

/* ---- a history ---- */

static void open_case(struct world *w)
{
    uint32_t office = below(w, OFFICES);
    uint32_t from = w->office_view[office];
    struct dp_entry e = {.kind = DP_KIND_REGISTER, .rules = DP_RULES_VERSION, .officer = 1, .step = 1};

    w->reg = (struct dp_reg){.channel = 'V', .purpose = DP_PURPOSE_CLAIM};
    w->reg.flags = chance(w, 30) ? DP_REG_ERRAND : 0;
    e.name = next_name(&w->views[from]);
    e.office = w->offices[office];
    e.reg = &w->reg;
    w->subject = e.subject = (struct dp_subject){DP_SUBJECT_CASE, e.name};
    for (uint32_t i = 0; i < w->view_count; i++)
        dp_casefile_init(&w->views[i].file, &w->subject);
    issue(w, from, &e, true);
}

static void make_history(struct world *w)
{
    uint32_t length = 8 + below(w, ENTRIES_MAX - 8);

    open_case(w);
    for (int turns = 0; w->count < length && turns < 600; turns++) {
        uint32_t office = below(w, OFFICES);
        if (w->views[w->office_view[office]].hostile && chance(w, 40))
            act_hostilely(w, office);
        else
            act_honestly(w);
    }
}

/* ---- what must hold ---- */

static void canonical(struct world *w, const struct dp_casefile *f, struct dp_buf *out)
{
    static const struct dp_editions none;
    struct dp_state s;
    struct dp_office o;
    struct dp_due *due;
    uint32_t due_count;

    dp_arena_reset(&w->arena);
    MUST(dp_fold(f, &w->arena, &s) == DP_OK);
    o = dp_state_custodian(&s);
    /* R-CUS-3: one custodian, from the register on. */
    MUST((s.registered != DP_FACT_NONE) == (s.path_count > 0));
    MUST((s.path_count > 0) == !dp_office_is_none(&o));
    MUST(s.path_count == 0 || dp_state_is_party(&s, &o));
    MUST(s.pending_count == f->pending);
    MUST(dp_state_canonical(f, &s, out) == DP_OK);
    MUST(dp_due_list(f, &s, &none, &w->arena, &due, &due_count) == DP_OK);
}

static void same(struct dp_buf *a, struct dp_buf *b)
{
    MUST(dp_slice_eq(dp_buf_slice(a), dp_buf_slice(b)));
    dp_buf_reset(b);
}

/* R-VAL-1: a verdict, once there, is the one that everybody comes to. */
static void check_verdicts(struct world *w, const struct dp_casefile *part, const struct dp_casefile *whole)
{
    (void)w;
    for (uint32_t i = 0; i < part->count; i++) {
        const struct dp_fact *x = &part->facts[i];
        const struct dp_fact *y = &whole->facts[dp_casefile_find(whole, &x->e.name)];
        if (x->verdict != DP_PENDING)
            MUST(x->verdict == y->verdict && x->reason == y->reason);
    }
}

static void shuffle(struct world *w, uint32_t *order)
{
    for (uint32_t i = 0; i < w->count; i++)
        order[i] = i;
    for (uint32_t i = w->count; i > 1; i--) {
        uint32_t j = below(w, i), k = order[i - 1];
        order[i - 1] = order[j];
        order[j] = k;
    }
}

static void repack(struct dp_casefile *f, struct dp_buf *b)
{
    size_t len;

    MUST(dp_casefile_pack(f, b) == DP_OK);
    len = b->len;
    MUST(dp_casefile_unpack(dp_buf_slice(b), f) == DP_OK);
    MUST(dp_casefile_pack(f, b) == DP_OK);
    MUST(b->len == 2 * len && memcmp(b->p, b->p + len, len) == 0);
    dp_buf_reset(b);
}

static void fill_shuffled(struct world *w, struct dp_casefile *f, const struct dp_casefile *whole,
                          struct dp_buf *b)
{
    uint32_t order[ENTRIES_MAX];

    shuffle(w, order);
    for (uint32_t i = 0; i < w->count; i++) {
        insert(w, f, order[i]);
        if (chance(w, 20))
            insert(w, f, order[below(w, i + 1)]); /* a duplicate */
        if (chance(w, 10))
            repack(f, b);
        if (chance(w, 20))
            check_verdicts(w, f, whole);
    }
}

static void check_history(struct world *w, struct dp_buf *want, struct dp_buf *packed, struct dp_buf *b)
{
    struct dp_casefile whole, f;

    dp_casefile_init(&whole, &w->subject);
    for (uint32_t k = 0; k < w->count; k++)
        insert(w, &whole, k);
    canonical(w, &whole, want);
    MUST(dp_casefile_pack(&whole, packed) == DP_OK);
    for (int i = 0; i < SHUFFLES; i++) { /* R-FLD-1 */
        dp_casefile_init(&f, &w->subject);
        fill_shuffled(w, &f, &whole, b);
        canonical(w, &f, b);
        same(want, b);
        MUST(dp_casefile_pack(&f, b) == DP_OK);
        same(packed, b);
        dp_casefile_fini(&f);
    }
    for (uint32_t i = 0; i < w->view_count; i++)
        check_verdicts(w, &w->views[i].file, &whole);
    for (uint32_t k = 0; k < w->count; k++) {
        const struct dp_fact *x = &whole.facts[dp_casefile_find(&whole, &w->entries[k].name)];
        MUST(!w->honest[k] || x->verdict == DP_VALID); /* R-VAL-7: the issuing node knows */
        w->done[x->e.kind] += x->verdict == DP_VALID;
    }
    dp_casefile_fini(&whole);
}

static void run_seed(struct world *w, uint64_t seed)
{
    struct dp_buf want, packed, b;

    seed_now = seed;
    dp_buf_init(&want, 1 << 24);
    dp_buf_init(&packed, 1 << 24);
    dp_buf_init(&b, 1 << 24);
    world_init(w, seed);
    make_history(w);
    check_history(w, &want, &packed, &b);
    for (uint32_t i = 0; i < w->view_count; i++)
        dp_casefile_fini(&w->views[i].file);
    dp_buf_fini(&want);
    dp_buf_fini(&packed);
    dp_buf_fini(&b);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void test_any_order_gives_one_state(void **state)
{
    static struct world w;
    uint64_t first = number_of("DP_SEED", 1);
    uint64_t seeds = getenv("DP_SEED") != NULL ? 1 : number_of("DP_SEEDS", SEEDS);

    (void)state;
    dp_arena_init(&w.arena, 64u << 20, 1u << 20);
    for (uint64_t s = first; s < first + seeds; s++)
        run_seed(&w, s);
    dp_arena_fini(&w.arena);
    if (seeds < SEEDS)
        return;
    for (uint32_t k = DP_KIND_REGISTER; k <= DP_KIND_WITNESS; k++) {
        if (w.done[k] == 0)
            fail_msg("no valid %s in any history: the test is blind there", dp_kind_word(k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_gives_one_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
