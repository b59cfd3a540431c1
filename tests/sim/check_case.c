/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Casefiles as they are committed: verdicts never change (I7), a case has one custodian (I8), and whoever
 * holds the same entries sees the same state (I6) and the same dates (I17).
 */
#include "sim/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/fault.h"
#include "support/cmocka_all.h"

/* A state of a case by what was held: first seen at a node. */
struct oracle_seen {
    struct dp_name of_case;
    uint64_t sum;
    uint32_t count;
    struct dp_digest state, dues;
    const struct cl_node *by;
    struct oracle_seen *next;
};

static void case_text(const struct dp_casefile *f, char out[DP_NAME_TEXT])
{
    dp_name_format(&f->subject.name, out);
}

/* ---- verdicts ---- */

static void note_verdict(struct oracle *o, const struct oracle_node *x, const struct dp_fact *fact)
{
    char text[DP_NAME_TEXT];
    struct oracle_entry *e = oracle_find(o, &fact->e.name);
    dp_name_format(&fact->e.name, text);
    if (e == NULL || !oracle_holds(x, &fact->e.name))
        sim_broken(o->s, "I4", "%s counts %s among its facts, and has no such entry", x->n->text, text);
    if (fact->verdict == DP_PENDING || e->lie || (e->of != NULL && e->of->lied))
        return;
    if (e->verdict == DP_PENDING) {
        e->verdict = fact->verdict;
        e->reason = fact->reason;
    } else if (e->verdict != fact->verdict || e->reason != fact->reason) {
        sim_broken(o->s, "I7", "%s finds %s %s, and it was %s", x->n->text, text,
                   fact->verdict == DP_VALID ? "valid" : dp_void_name((enum dp_void_reason)fact->reason),
                   e->verdict == DP_VALID ? "valid" : dp_void_name((enum dp_void_reason)e->reason));
    }
}

/* What is urgent overtakes, and an order stands without its case. */
static bool is_urgent(const struct oracle_case *k)
{
    bool urgent = (k->reg.flags & DP_REG_URGENT) != 0;
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case)
        urgent = urgent || e->kind == DP_KIND_SUPERVISE || e->kind == DP_KIND_REMIND ||
                 e->kind == DP_KIND_ANSWER || e->kind == DP_KIND_LIFT;
    return urgent;
}

static bool all_are_honest(const struct oracle *o)
{
    for (uint32_t i = 0; i < o->node_count; i++)
        if (o->nodes[i].n != NULL && !fault_is_honest(o->s, o->nodes[i].n))
            return false;
    return true;
}

/* I23: among honest nodes nothing comes before what it refers to. */
static void check_ready(struct oracle *o, const struct oracle_node *x, const struct dp_fact *fact)
{
    char text[DP_NAME_TEXT];
    const struct oracle_entry *e = oracle_find(o, &fact->e.name);
    if (fact->verdict != DP_PENDING || e == NULL || e->of == NULL || e->of->lied || is_urgent(e->of) ||
        e->of->locked || !all_are_honest(o))
        return;
    dp_name_format(&fact->e.name, text);
    sim_broken(o->s, "I23", "%s has %s (%s) before what it refers to", x->n->text, text,
               dp_kind_word((enum dp_kind)e->kind));
}

/* ---- states ---- */

/* Counted again, too (check_due.c). */
static void dues_digest(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f,
                        const struct dp_state *st, struct dp_digest *out)
{
    struct dp_editions published = check_due_editions(o);
    struct dp_due *list = NULL;
    uint32_t n = 0;
    struct dp_buf b;
    dp_buf_init(&b, 1u << 20);
    assert_ok(dp_due_list(f, st, &published, &o->look, &list, &n));
    check_due(o, x, f, st, list, n);
    for (uint32_t i = 0; i < n; i++) {
        int32_t row[4] = {(int32_t)list[i].clock, list[i].from.day, list[i].due.date.day,
                          (int32_t)list[i].cause};
        assert_ok(dp_buf_put(&b, row, sizeof(row)));
    }
    struct dp_slice all = dp_buf_slice(&b);
    dp_suite_of(DP_SUITE_INTL)->hash(&all, 1, out);
    dp_buf_fini(&b);
}

static void state_digest(struct oracle *o, const struct dp_casefile *f, struct dp_state *st,
                         struct dp_digest *out)
{
    struct dp_buf b;
    dp_arena_reset(&o->look);
    assert_ok(dp_fold(f, &o->look, st));
    dp_buf_init(&b, 64u << 20);
    assert_ok(dp_state_canonical(f, st, &b));
    struct dp_slice all = dp_buf_slice(&b);
    dp_suite_of(DP_SUITE_INTL)->hash(&all, 1, out);
    dp_buf_fini(&b);
}

static struct oracle_seen *seen(struct oracle *o, const struct dp_casefile *f, uint64_t sum)
{
    uint32_t b = (uint32_t)(sum % ORACLE_BUCKETS);
    struct oracle_seen *x = o->seen[b];
    while (x != NULL && (x->sum != sum || x->count != f->count || !dp_name_eq(&x->of_case, &f->subject.name)))
        x = x->next;
    return x;
}

/* I8 */
static void check_custodian(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f,
                            const struct dp_state *st)
{
    char text[DP_NAME_TEXT];
    struct dp_office holder = dp_state_custodian(st);
    if (st->registered == DP_FACT_NONE || (st->path_count > 0 && holder.node.v != 0))
        return;
    case_text(f, text);
    sim_broken(o->s, "I8", "%s sees nobody responsible for %s", x->n->text, text);
}

/* I6, I17 */
static void check_state(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f,
                        uint64_t sum)
{
    struct dp_state st;
    struct dp_digest state, dues;
    char text[DP_NAME_TEXT];
    state_digest(o, f, &st, &state);
    dues_digest(o, x, f, &st, &dues);
    check_custodian(o, x, f, &st);
    check_path(o, x, f, &st);
    struct oracle_seen *was = seen(o, f, sum);
    case_text(f, text);
    if (was == NULL) {
        uint32_t b = (uint32_t)(sum % ORACLE_BUCKETS);
        was = malloc(sizeof(*was));
        assert_non_null(was);
        *was = (struct oracle_seen){f->subject.name, sum, f->count, state, dues, x->n, o->seen[b]};
        o->seen[b] = was;
        return;
    }
    if (!dp_digest_eq(&was->state, &state))
        sim_broken(o->s, "I6", "%s and %s hold the same %u entries of %s and see different states",
                   x->n->text, was->by->text, f->count, text);
    if (!dp_digest_eq(&was->dues, &dues))
        sim_broken(o->s, "I17", "%s and %s hold the same %u entries of %s and see different dates",
                   x->n->text, was->by->text, f->count, text);
}

/* Even of a case with lies in it a node makes what the rules say. */
static void check_lied(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f)
{
    struct dp_state st;
    dp_arena_reset(&o->look);
    assert_ok(dp_fold(f, &o->look, &st));
    check_path(o, x, f, &st);
}

static void look_at(struct oracle *o, struct oracle_node *x, struct dp_slice packed, bool fold)
{
    struct dp_casefile f;
    struct dp_subject none = {0};
    uint64_t sum = 0;
    dp_casefile_init(&f, &none);
    if (dp_casefile_unpack(packed, &f) != DP_OK)
        sim_broken(o->s, "I4", "%s keeps a casefile that does not unpack", x->n->text);
    for (uint32_t i = 0; f.subject.type == DP_SUBJECT_CASE && i < f.count; i++) {
        note_verdict(o, x, &f.facts[i]);
        if (f.facts[i].e.kind == DP_KIND_LOCK && f.facts[i].verdict == DP_VALID)
            oracle_case_of(o, &f.subject)->locked = true;
        check_ready(o, x, &f.facts[i]);
        sum += oracle_find(o, &f.facts[i].e.name)->salt;
    }
    if (f.subject.type == DP_SUBJECT_CASE)
        check_rule(o, x, &f);
    if (fold && f.subject.type == DP_SUBJECT_CASE && !oracle_case_of(o, &f.subject)->lied)
        check_state(o, x, &f, sum);
    else if (fold && f.subject.type == DP_SUBJECT_CASE)
        check_lied(o, x, &f);
    dp_casefile_fini(&f);
}

void check_case_commit(struct oracle *o, struct oracle_node *x, const struct tape *t)
{
    struct tape_write w;
    for (size_t at = 0; tape_next(t, &at, &w);)
        if (w.table == DP_T_CASE && !w.del && w.key.p[0] == DP_SUBJECT_CASE)
            look_at(o, x, w.val, o->thorough);
}

/* ---- at rest ---- */

static void look_at_all(struct oracle *o, struct oracle_node *x)
{
    struct dp_db db = {.kv = x->n->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE};
    struct dp_slice packed;
    assert_ok(dp_db_begin(&db, false));
    while (dp_db_case_next(&db, &s, &packed) == DP_OK)
        look_at(o, x, packed, true);
    dp_db_abort(&db);
}

static bool path_is_honest(const struct oracle *o, const struct cl_node *n)
{
    for (const struct cl_node *at = n; at != NULL;) {
        struct cl_link *l = cl_link_of(o->s->c, at);
        if (!fault_is_honest(o->s, at))
            return false;
        at = l == NULL ? NULL : o->s->c->nodes[l->parent];
    }
    return true;
}

static bool is_lifted(const struct oracle_case *k, const struct oracle_entry *lock)
{
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case)
        if (e->kind == DP_KIND_UNLOCK && e->verdict == DP_VALID && dp_name_eq(&e->re, &lock->name))
            return true;
    return false;
}

/* Some lock was never lifted: the case stands still where it may not go on. */
static bool stands_locked(const struct oracle_case *k)
{
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case)
        if (e->kind == DP_KIND_LOCK && !is_lifted(k, e))
            return true;
    return false;
}

/* I2 upward, I4 downward: who is entitled to a case has it, whole. */
static void check_complete(struct oracle *o, struct oracle_node *x, const struct oracle_case *k)
{
    bool down = right_party_below(k, x->n->id);
    char text[DP_NAME_TEXT];
    if (k->lied || stands_locked(k) || right_denied(k, x->n->id))
        return;
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case) {
        bool up = dp_node_covers(x->n->id, e->name.origin);
        const struct cl_node *origin = oracle_node_at(o, e->name.origin);
        if ((!up && !down) || origin == NULL || !path_is_honest(o, origin) || oracle_holds(x, &e->name))
            continue;
        dp_name_format(&e->name, text);
        sim_broken(o->s, up ? "I2" : "I4", "%s never got %s (%s) of a case that it is to have", x->n->text,
                   text, dp_kind_word((enum dp_kind)e->kind));
    }
}

/* I2 upward, R-DOWN-4 downward: rosters, certificates, cuts and editions. */
static void check_other(struct oracle *o, struct oracle_node *x, const struct oracle_entry *e)
{
    const struct cl_node *origin = oracle_node_at(o, e->name.origin);
    char text[DP_NAME_TEXT];
    bool up = dp_node_covers(x->n->id, e->name.origin), down = dp_node_covers(e->name.origin, x->n->id);
    if (e->of != NULL || e->lie || (!up && !down) || origin == NULL || !path_is_honest(o, origin) ||
        (down && e->subject.type == DP_SUBJECT_NODE && !dp_node_covers(e->subject.name.origin, x->n->id)) ||
        (e->subject.type != DP_SUBJECT_NODE && e->subject.type != DP_SUBJECT_DATA) ||
        oracle_holds(x, &e->name))
        return;
    dp_name_format(&e->name, text);
    sim_broken(o->s, up ? "I2" : "I4", "%s never got %s (%s)", x->n->text, text,
               dp_kind_word((enum dp_kind)e->kind));
}

#define TWO_DAYS_MS (2 * DP_DAY_MS)

static bool has_witness(const struct oracle_entry *of, struct dp_node by)
{
    for (const struct oracle_entry *e = of->of->first; e != NULL; e = e->next_of_case)
        if (e->kind == DP_KIND_WITNESS && dp_name_eq(&e->re, &of->name) && dp_node_eq(e->name.origin, by))
            return true;
    return false;
}

/* I36: a day that is not there yet, written by a child, has a witness: no clock of its parent ever showed it.
 */
static void check_witness(struct oracle *o, const struct oracle_entry *e)
{
    char text[DP_NAME_TEXT];
    const struct cl_node *origin = oracle_node_at(o, e->name.origin);
    const struct cl_link *l = origin == NULL ? NULL : cl_link_of(o->s->c, origin);
    if (l == NULL || e->of == NULL || e->of->lied || e->verdict != DP_VALID || e->of->locked)
        return;
    const struct cl_node *parent = o->s->c->nodes[l->parent];
    int64_t last = CL_EPOCH_MS + o->s->c->now_ms + fault_clock_ahead_ms(o->s, parent);
    if (e->at_ms < last + TWO_DAYS_MS || !path_is_honest(o, origin) || has_witness(e, parent->id))
        return;
    dp_name_format(&e->name, text);
    sim_broken(o->s, "I36", "%s (%s) was written in a time to come, and %s bears no witness", text,
               dp_kind_word((enum dp_kind)e->kind), parent->text);
}

void check_case_rest(struct oracle *o)
{
    for (uint32_t i = 0; i < o->node_count; i++) {
        struct oracle_node *x = &o->nodes[i];
        if (x->n == NULL || x->n->d == NULL || !path_is_honest(o, x->n))
            continue;
        look_at_all(o, x);
        check_due_rest(o, x);
        for (uint32_t b = 0; b < ORACLE_BUCKETS; b++) {
            for (const struct oracle_case *k = o->cases[b]; k != NULL; k = k->next)
                check_complete(o, x, k);
            for (const struct oracle_entry *e = o->entry[b]; e != NULL; e = e->next)
                check_other(o, x, e);
        }
    }
    for (uint32_t b = 0; b < ORACLE_BUCKETS; b++)
        for (const struct oracle_entry *e = o->entry[b]; e != NULL; e = e->next)
            check_witness(o, e);
}
