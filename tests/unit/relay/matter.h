/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case built entry by entry through the real core, so that parties and verdicts are those of the fold. Each
 * entry has one part.
 */
#ifndef DP_TESTS_RELAY_MATTER_H
#define DP_TESTS_RELAY_MATTER_H

#include "case/fold.h"
#include "unit/relay/places.h"

struct matter {
    struct dp_casefile f;
    struct dp_arena arena;
    struct dp_state s;
    struct dp_reg reg;
    uint64_t seq;
    uint32_t step;
};

#define NO_NAME ((struct dp_name){{0}, 0, 0})

static inline void matter_fold(struct matter *m)
{
    dp_arena_reset(&m->arena);
    assert_ok(dp_fold(&m->f, &m->arena, &m->s));
}

/* The own last entry of the origin, as `prev`. */
static inline struct dp_name last_of(const struct matter *m, struct dp_node origin)
{
    struct dp_name last = NO_NAME;

    for (uint32_t i = 0; i < m->f.count; i++) {
        const struct dp_name *n = &m->f.facts[i].e.name;
        if (dp_node_eq(n->origin, origin) && n->seq > last.seq)
            last = *n;
    }
    return last;
}

/* The next entry, not inserted yet; its number is unique over the whole case. */
static inline struct dp_entry entry_of(struct matter *m, uint8_t kind, struct dp_office by)
{
    struct dp_entry e = {
        .kind = kind, .rules = DP_RULES_VERSION, .officer = 1, .at_ms = 1760000000000, .part_count = 1};

    e.name = (struct dp_name){by.node, 7, ++m->seq};
    e.subject = m->f.subject;
    e.office = by;
    e.receipt.day = 20000;
    e.step = ++m->step;
    e.prev = last_of(m, by.node);
    return e;
}

static inline uint8_t insert_entry(struct matter *m, const struct dp_entry *e)
{
    const struct dp_origin from = {e->name.origin, dp_node_parent(e->name.origin),
                                   (uint8_t)dp_node_tier(e->name.origin), 15};
    struct dp_insert did;

    assert_ok(dp_casefile_insert(&m->f, e, &from, NULL, NULL, &did));
    matter_fold(m);
    return m->f.facts[did.index].verdict;
}

/* Insert an entry that must be valid; returns its name. */
static inline struct dp_name insert_valid(struct matter *m, const struct dp_entry *e)
{
    if (insert_entry(m, e) != DP_VALID) {
        uint32_t i = dp_casefile_find(&m->f, &e->name);
        fail_msg("kind %u: %s", e->kind, dp_void_text((enum dp_void_reason)m->f.facts[i].reason));
    }
    return e->name;
}

/* Registered by `by` with the body `reg`. */
static inline void matter_init(struct matter *m, struct dp_office by, const struct dp_reg *reg)
{
    struct dp_entry e;
    struct dp_subject subject = {DP_SUBJECT_CASE, {by.node, 7, 1}};

    *m = (struct matter){.reg = *reg};
    dp_casefile_init(&m->f, &subject);
    dp_arena_init(&m->arena, 1 << 20, 1 << 20);
    e = entry_of(m, DP_KIND_REGISTER, by);
    e.reg = &m->reg;
    (void)insert_valid(m, &e);
}

static inline void matter_fini(struct matter *m)
{
    dp_casefile_fini(&m->f);
    dp_arena_fini(&m->arena);
}

static inline struct dp_name step_by(struct matter *m, uint8_t kind, struct dp_office by,
                                     struct dp_name custody, struct dp_name re)
{
    struct dp_entry e = entry_of(m, kind, by);

    e.custody = custody;
    e.re = re;
    return insert_valid(m, &e);
}

static inline struct dp_entry offer_of(struct matter *m, uint8_t kind, struct dp_office by,
                                       struct dp_office to, uint32_t duty, struct dp_name custody)
{
    struct dp_entry e = entry_of(m, kind, by);

    e.custody = custody;
    e.body.to = to;
    e.body.code2 = duty;
    e.body.due.day = 20030;
    return e;
}

static inline struct dp_name offer(struct matter *m, uint8_t kind, struct dp_office by, struct dp_office to,
                                   uint32_t duty, struct dp_name custody)
{
    struct dp_entry e = offer_of(m, kind, by, to, duty, custody);

    return insert_valid(m, &e);
}

/* An order of level 2, answer within ten days. */
static inline struct dp_entry order_of(struct matter *m, struct dp_office by, struct dp_office to)
{
    struct dp_entry e = entry_of(m, DP_KIND_SUPERVISE, by);

    e.body.to = to;
    e.body.code = 1;
    e.body.code2 = 2;
    e.body.due.day = 20010;
    return e;
}

/* `arrive` by the daemon of the addressee, then `kind` of the addressee. */
static inline struct dp_name answer(struct matter *m, uint8_t kind, struct dp_office by,
                                    struct dp_name custody, struct dp_name re)
{
    struct dp_office daemon = by;
    struct dp_entry e;

    memset(daemon.slug, 0, sizeof(daemon.slug));
    memcpy(daemon.slug, "node", 4);
    e = entry_of(m, DP_KIND_ARRIVE, daemon);
    e.re = re;
    e.officer = 0;
    e.part_count = 0;
    (void)insert_valid(m, &e);
    return step_by(m, kind, by, custody, re);
}

#endif
