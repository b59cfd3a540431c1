/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After each commit: own entries are numbered without holes or reuse (I3), no entry is taken twice (I5),
 * chains grow by what joins them (I3), and nothing is in a store whose node was not entitled to it (I10,
 * I12).
 */
#include "sim/oracle.h"

#include <string.h>

#include "sim/fault.h"
#include "support/cmocka_all.h"

static uint64_t u64(const uint8_t *p)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- entries ---- */

/* I9, I10, I12 */
static void check_right(struct oracle *o, struct oracle_node *x, const struct oracle_entry *e)
{
    char text[DP_NAME_TEXT];
    if (e->of == NULL || e->of->lied || right_to_entry(e->of, e, x->n->id))
        return;
    dp_name_format(&e->name, text);
    if (right_denied(e->of, x->n->id))
        sim_broken(o->s, "I12", "%s holds %s (%s) of a matter that must not reach it", x->n->text, text,
                   dp_kind_word((enum dp_kind)e->kind));
    sim_broken(o->s, "I10", "%s holds %s (%s), and is no party to the case", x->n->text, text,
               dp_kind_word((enum dp_kind)e->kind));
}

/* Rights are checked when the whole commit is in the books: what makes a party may come with it. */
struct batch {
    struct oracle_entry *e[DP_BLOCK_ENTRIES_MAX * 4];
    uint32_t count;
};
static struct batch met;

/* I3: what an honest node signed was in its own store before it was anywhere else. */
static void check_written(struct oracle *o, const struct oracle_node *x, const struct dp_name *name)
{
    char text[DP_NAME_TEXT];
    const struct cl_node *origin = oracle_node_at(o, name->origin);
    if (origin == NULL || origin == x->n || !fault_is_honest(o->s, origin) || oracle_find(o, name) != NULL)
        return;
    dp_name_format(name, text);
    sim_broken(o->s, "I3", "%s takes in %s, which nobody wrote", x->n->text, text);
}

static void take(struct oracle *o, struct oracle_node *x, const struct dp_name *name, struct dp_slice bytes,
                 struct batch *b)
{
    check_written(o, x, name);
    struct oracle_entry *e = oracle_meet(o, x->n, name, bytes);
    (void)oracle_hold(x, name);
    if (b->count < sizeof(b->e) / sizeof(b->e[0]))
        b->e[b->count++] = e;
}

/* I3: own entries are numbered one after the other, whether they are sealed at once or lie for a while. */
static void count_own(struct oracle *o, struct oracle_node *x, uint64_t seq)
{
    if (seq == x->own_seq + 1)
        x->own_seq++;
    else if (seq > x->own_seq)
        sim_broken(o->s, "I3", "%s leaves a hole in its own numbers before %llu", x->n->text,
                   (unsigned long long)seq);
}

static void take_own(struct oracle *o, struct oracle_node *x, const struct tape_write *w, struct batch *b)
{
    struct dp_name n = {x->n->id, x->own_inc, u64(w->key.p)};
    if (x->stopped)
        sim_broken(o->s, "I20", "%s has stopped and issues %llu all the same", x->n->text,
                   (unsigned long long)n.seq);
    if (n.seq <= x->own_seq)
        sim_broken(o->s, "I3", "%s uses the number %llu again, after %llu", x->n->text,
                   (unsigned long long)n.seq, (unsigned long long)x->own_seq);
    count_own(o, x, n.seq);
    take(o, x, &n, w->val, b);
}

static void take_block(struct oracle *o, struct oracle_node *x, const struct tape_write *w, struct batch *b)
{
    const struct dp_suite *suite = dp_suite_of(DP_SUITE_INTL);
    struct dp_block blk;
    bool whole = w->key.p[w->key.len - 1] == 0 && w->key.p[w->key.len - 2] == 0;
    enum dp_err e = whole ? dp_block_decode(suite, w->val, &o->turn, &blk)
                          : dp_block_decode_pruned(suite, w->val, &o->turn, &blk);
    if (e != DP_OK)
        sim_broken(o->s, "I3", "%s keeps a block that does not decode", x->n->text);
    if (whole)
        check_sealed_block(o, x, &blk, w->val);
    for (uint16_t i = 0; i < blk.shown_count; i++) {
        struct dp_name n = {blk.h.origin, blk.h.inc, blk.h.first_seq + blk.shown[i].index};
        if (dp_node_eq(n.origin, x->n->id) && n.inc == x->own_inc)
            count_own(o, x, n.seq);
        take(o, x, &n, blk.shown[i].bytes, b);
    }
    if (whole && x->stopped && dp_node_eq(blk.h.origin, x->n->id) && blk.h.inc == x->own_inc &&
        blk.h.first_seq + blk.h.count - 1 > x->sealed_seq)
        sim_broken(o->s, "I20", "%s has stopped and seals up to %llu all the same", x->n->text,
                   (unsigned long long)(blk.h.first_seq + blk.h.count - 1));
    if (whole && dp_node_eq(blk.h.origin, x->n->id) && blk.h.inc == x->own_inc &&
        blk.h.first_seq + blk.h.count - 1 > x->sealed_seq)
        x->sealed_seq = blk.h.first_seq + blk.h.count - 1;
}

/* I2: an own entry leaves its row for a sealed block alone. */
static void drop_own(struct oracle *o, struct oracle_node *x, const struct tape_write *w)
{
    if (u64(w->key.p) > x->sealed_seq && !x->swapped)
        sim_broken(o->s, "I2", "%s dropped its own entry %llu, which no block holds", x->n->text,
                   (unsigned long long)u64(w->key.p));
}

/* I5: what a turn brought is new to the node. */
static void take_feed(struct oracle *o, struct oracle_node *x, const struct tape_write *w)
{
    const size_t item = DP_NAME_BYTES + DP_SUBJECT_BYTES;
    for (size_t at = 0; at + item <= w->val.len; at += item) {
        struct dp_name n = dp_name_get(w->val.p + at);
        char text[DP_NAME_TEXT];
        if (oracle_feed(x, &n))
            continue;
        dp_name_format(&n, text);
        sim_broken(o->s, "I5", "%s applied %s twice", x->n->text, text);
    }
}

/* ---- chains ---- */

static void take_chain(struct oracle *o, struct oracle_node *x, const struct tape_write *w)
{
    struct dp_node origin = {u64(w->key.p)};
    (void)o;
    if (dp_node_eq(origin, x->n->id) && u32(w->key.p + 8) != x->own_inc && x->own_seq == 0)
        x->own_inc = u32(w->key.p + 8);
}

void check_chain_commit(struct oracle *o, struct oracle_node *x, const struct tape *t)
{
    struct tape_write w;
    met.count = 0;
    oracle_stopped(o, x->n); /* with what the very commit of the stop brings */
    for (size_t at = 0; tape_next(t, &at, &w);) {
        if (w.table == DP_T_OWN && !w.del)
            take_own(o, x, &w, &met);
        else if (w.table == DP_T_BLOCK && !w.del)
            take_block(o, x, &w, &met);
        else if (w.table == DP_T_FEED && !w.del)
            take_feed(o, x, &w);
        else if (w.table == DP_T_CHAIN && !w.del)
            take_chain(o, x, &w);
    }
    for (size_t at = 0; tape_next(t, &at, &w);)
        if (w.table == DP_T_OWN && w.del)
            drop_own(o, x, &w);
}

void check_chain_rights(struct oracle *o, struct oracle_node *x)
{
    for (uint32_t i = 0; i < met.count; i++)
        check_right(o, x, met.e[i]);
}

/* ---- a store as it is found ---- */

static void found(struct oracle *o, struct oracle_node *x, enum dp_table table,
                  void (*each)(struct oracle *, struct oracle_node *, const struct tape_write *,
                               struct batch *))
{
    static struct batch b;
    struct dp_db db = {.kv = x->n->kv};
    struct dp_slice key = {0};
    struct tape_write w = {.table = table};
    assert_ok(dp_db_begin(&db, false));
    b.count = 0;
    while (dp_db_next_key(&db, table, dp_slice_of(NULL, 0), &key, &w.val) == DP_OK) {
        w.key = key;
        each(o, x, &w, &b);
        b.count = 0;
    }
    dp_db_abort(&db);
}

static void found_own(struct oracle *o, struct oracle_node *x, const struct tape_write *w, struct batch *b)
{
    struct dp_name n = {x->n->id, x->own_inc, u64(w->key.p)};
    take(o, x, &n, w->val, b);
}

static void found_feed(struct oracle *o, struct oracle_node *x, const struct tape_write *w, struct batch *b)
{
    (void)b;
    take_feed(o, x, w);
}

void check_chain_store(struct oracle *o, struct oracle_node *x)
{
    if (x->n->d == NULL)
        return;
    x->own_inc = x->n->d->own.inc;
    x->own_seq = x->n->d->own.seq;
    x->sealed_seq = x->n->d->own.sealed_seq;
    dp_arena_reset(&o->turn);
    found(o, x, DP_T_BLOCK, take_block);
    found(o, x, DP_T_OWN, found_own);
    found(o, x, DP_T_FEED, found_feed);
}
