/* SPDX-License-Identifier: Apache-2.0 */
/* The books: entries, cases, who holds what. See oracle.h. */
#include "sim/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "sim/fault.h"
#include "sim/work.h"
#include "support/cmocka_all.h"

#define LOOK_BYTES (256u << 20)
#define WITHDRAWN 2u      /* code of a certificate entry */
#define THOROUGH_NODES 64 /* larger trees fold at rest alone */

/* ---- names ---- */

static uint64_t hash_name(const struct dp_name *n)
{
    uint64_t x = n->origin.v * UINT64_C(0x9e3779b97f4a7c15) ^ n->inc * UINT64_C(0xc2b2ae3d27d4eb4f) ^
                 n->seq * UINT64_C(0x165667b19e3779f9);
    x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return x ^ x >> 32;
}

static uint32_t bucket(const struct dp_name *n)
{
    return (uint32_t)(hash_name(n) % ORACLE_BUCKETS);
}

static uint32_t place_in(const struct oracle_set *set, const struct dp_name *n)
{
    uint32_t i = (uint32_t)hash_name(n) & (set->cap - 1);
    while (set->slot[i].seq != 0 && !dp_name_eq(&set->slot[i], n))
        i = (i + 1) & (set->cap - 1);
    return i;
}

static void widen(struct oracle_set *set)
{
    struct oracle_set old = *set;
    set->cap = old.cap == 0 ? 64 : 2 * old.cap;
    set->slot = calloc(set->cap, sizeof(set->slot[0]));
    assert_non_null(set->slot);
    for (uint32_t i = 0; i < old.cap; i++)
        if (old.slot[i].seq != 0)
            set->slot[place_in(set, &old.slot[i])] = old.slot[i];
    free(old.slot);
}

static bool in_set(const struct oracle_set *set, const struct dp_name *n)
{
    return set->cap > 0 && set->slot[place_in(set, n)].seq != 0;
}

bool oracle_holds(const struct oracle_node *x, const struct dp_name *n)
{
    return in_set(&x->held, n);
}

static bool put(struct oracle_set *set, const struct dp_name *n)
{
    if (2 * (set->count + 1) > set->cap)
        widen(set);
    uint32_t i = place_in(set, n);
    if (set->slot[i].seq != 0)
        return false;
    set->slot[i] = *n;
    set->count++;
    return true;
}

bool oracle_hold(struct oracle_node *x, const struct dp_name *n)
{
    return put(&x->held, n);
}

void oracle_odd(struct oracle *o, const struct dp_name *n)
{
    (void)put(&o->odd, n);
}

bool oracle_feed(struct oracle_node *x, const struct dp_name *n)
{
    return put(&x->fed, n);
}

/* ---- entries and cases ---- */

struct oracle_entry *oracle_find(struct oracle *o, const struct dp_name *n)
{
    struct oracle_entry *e = o->entry[bucket(n)];
    while (e != NULL && !dp_name_eq(&e->name, n))
        e = e->next;
    return e;
}

struct oracle_case *oracle_case_of(struct oracle *o, const struct dp_subject *s)
{
    uint32_t b = bucket(&s->name);
    struct oracle_case *k = o->cases[b];
    while (k != NULL && !dp_name_eq(&k->subject.name, &s->name))
        k = k->next;
    if (k != NULL)
        return k;
    k = calloc(1, sizeof(*k));
    assert_non_null(k);
    k->subject = *s;
    k->last = &k->first;
    k->next = o->cases[b];
    o->cases[b] = k;
    return k;
}

const struct oracle_edition *oracle_edition(struct oracle *o, const struct dp_name *n)
{
    const struct oracle_edition *e = o->editions;
    while (e != NULL && !dp_name_eq(&e->name, n))
        e = e->next;
    return e;
}

static void publish(struct oracle *o, const struct dp_entry *e)
{
    struct oracle_edition *x = calloc(1, sizeof(*x));
    assert_non_null(x);
    x->name = e->name;
    x->is_calendar = e->calendar != NULL;
    if (x->is_calendar)
        x->calendar = *e->calendar;
    else
        x->profile = *e->profile;
    x->next = o->editions;
    o->editions = x;
}

static void withdraw(struct oracle *o, const struct dp_entry *e)
{
    struct oracle_withdrawn *x = calloc(1, sizeof(*x));
    assert_non_null(x);
    x->cert = e->body.digest;
    x->by = e->name.origin;
    x->next = o->withdrawn;
    o->withdrawn = x;
}

bool oracle_is_withdrawn(const struct oracle *o, const struct cl_node *by, const struct cl_node *n)
{
    const struct oracle_withdrawn *x = o->withdrawn;
    while (x != NULL && n->d != NULL &&
           !(dp_node_eq(x->by, by->id) && dp_digest_eq(&x->cert, &n->d->id.cert.digest)))
        x = x->next;
    return x != NULL && n->d != NULL;
}

static struct oracle_entry *enter(struct oracle *o, const struct dp_entry *e, const struct dp_digest *digest)
{
    struct oracle_entry *x = calloc(1, sizeof(*x));
    uint32_t b = bucket(&e->name);
    assert_non_null(x);
    *x = (struct oracle_entry){.name = e->name,
                               .subject = e->subject,
                               .digest = *digest,
                               .parts_root = e->parts_root,
                               .salt = hash_name(&e->name),
                               .kind = e->kind,
                               .part_count = e->part_count,
                               .index = (uint8_t)e->body.index,
                               .office = e->office,
                               .to = e->body.to,
                               .custody = e->custody,
                               .re = e->re,
                               .at_ms = e->at_ms,
                               .met_ms = CL_EPOCH_MS + o->s->c->now_ms,
                               .next = o->entry[b]};
    o->entry[b] = x;
    o->entry_count++;
    if (e->calendar != NULL || e->profile != NULL)
        publish(o, e);
    if (e->kind == DP_KIND_CERTIFICATE && e->body.code == WITHDRAWN)
        withdraw(o, e);
    if (e->subject.type != DP_SUBJECT_CASE)
        return x;
    x->of = oracle_case_of(o, &e->subject);
    *x->of->last = x;
    x->of->last = &x->next_of_case;
    x->of->entries++;
    if (e->reg != NULL) {
        x->of->reg = *e->reg;
        x->of->has_reg = true;
        check_desk_entry(o, e);
    }
    return x;
}

struct cl_node *oracle_node_at(struct oracle *o, struct dp_node id)
{
    for (uint32_t i = 0; i < o->node_count; i++)
        if (o->nodes[i].n != NULL && dp_node_eq(o->nodes[i].n->id, id))
            return o->nodes[i].n;
    return NULL;
}

static bool is_liar(struct oracle *o, struct dp_node id)
{
    const struct cl_node *n = oracle_node_at(o, id);
    return n != NULL && !fault_is_honest(o->s, n);
}

static void note_lie(struct oracle_entry *x)
{
    x->lie = true;
    if (x->of != NULL)
        x->of->lied = true;
}

/* Another entry under a name that was used before: the case that it speaks of may be another one, too. */
static void note_other(struct oracle *o, struct oracle_entry *was, struct dp_slice bytes)
{
    struct dp_entry e = {.name = was->name};
    note_lie(was);
    was->twice = true;
    if (dp_entry_decode(bytes, &was->name, &o->turn, &e) == DP_OK && e.subject.type == DP_SUBJECT_CASE)
        oracle_case_of(o, &e.subject)->lied = true;
}

/* I3: one name, one entry, wherever it is met; but for those of a node that lies or lives twice. */
struct oracle_entry *oracle_meet(struct oracle *o, const struct cl_node *n, const struct dp_name *name,
                                 struct dp_slice bytes)
{
    struct dp_entry e;
    struct dp_digest digest;
    char text[DP_NAME_TEXT];
    dp_name_format(name, text);
    dp_suite_of(DP_SUITE_INTL)->hash(&bytes, 1, &digest);
    struct oracle_entry *x = oracle_find(o, name);
    if (x != NULL && !dp_digest_eq(&x->digest, &digest)) {
        if (!is_liar(o, name->origin))
            sim_broken(o->s, "I3", "%s holds another entry %s than was first seen", n->text, text);
        note_other(o, x, bytes);
    }
    if (x != NULL)
        return x;
    e = (struct dp_entry){.name = *name};
    if (dp_entry_decode(bytes, name, &o->turn, &e) != DP_OK && !in_set(&o->odd, name))
        sim_broken(o->s, "I3", "%s holds an entry %s that does not decode", n->text, text);
    x = enter(o, &e, &digest);
    if (is_liar(o, name->origin))
        note_lie(x);
    return x;
}

struct oracle_node *oracle_node_of(struct oracle *o, const struct cl_node *n)
{
    return &o->nodes[n->index];
}

/* ---- what it is told ---- */

static void heard(void *ctx, struct cl_node *n, const struct tape *t)
{
    struct oracle *o = ctx;
    struct oracle_node *x = oracle_node_of(o, n);
    sim_committed(o->s, n, t);
    dp_arena_reset(&o->turn);
    check_chain_commit(o, x, t);
    check_case_commit(o, x, t);
    check_chain_rights(o, x);
    check_part_commit(o, x, t);
    check_leak_commit(x, t);
    check_sealed_commit(o, x, t);
    check_alarm_commit(o, x, t);
}

static void watch(struct oracle *o, struct cl_node *n)
{
    struct oracle_node *x = oracle_node_of(o, n);
    x->n = n;
    tape_listen(tape_of(n), n, &o->ears);
    check_chain_store(o, x);
    if (o->node_count <= n->index)
        o->node_count = n->index + 1;
}

struct oracle *oracle_new(struct sim *s)
{
    struct oracle *o = calloc(1, sizeof(*o));
    assert_non_null(o);
    o->s = s;
    o->nodes = calloc(CL_NODES_MAX, sizeof(*o->nodes));
    assert_non_null(o->nodes);
    o->ears = (struct tape_ears){heard, o};
    o->thorough = s->c->node_count <= THOROUGH_NODES;
    dp_arena_init(&o->look, LOOK_BYTES, 1u << 20);
    dp_arena_init(&o->turn, LOOK_BYTES, 1u << 20);
    for (uint32_t i = 0; i < s->c->node_count; i++)
        watch(o, s->c->nodes[i]);
    return o;
}

/* I2: what is acknowledged is in the store that moment, its content included. */
void oracle_answered(struct oracle *o, struct cl_node *n, const struct cl_command *x,
                     const struct cl_result *r)
{
    char text[DP_NAME_TEXT];
    if (r->answered && x->cmd.kind == DP_COMMAND_STEP && x->cmd.u.step.kind == DP_KIND_REGISTER &&
        (r->err == DP_OK || r->err == DP_DUPLICATE))
        check_desk_answer(o, n, &x->intake, r->name.seq == 0);
    if (!r->answered || r->err != DP_OK || x->cmd.kind != DP_COMMAND_STEP || r->name.seq == 0)
        return;
    struct oracle_entry *e = oracle_find(o, &r->name);
    dp_name_format(&r->name, text);
    if (e == NULL || !oracle_holds(oracle_node_of(o, n), &r->name))
        sim_broken(o->s, "I2", "%s acknowledged %s, which is not in its store", n->text, text);
    e->acknowledged = true;
    o->acknowledged++;
    check_field_answer(o, x, r);
    check_part_kept(o, oracle_node_of(o, n), e);
}

void oracle_frame(struct oracle *o, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    dp_arena_reset(&o->turn);
    check_frame(o, from, to, frame);
}

/* I2: nothing that was acknowledged, or said to anybody, is gone after a death. */
void oracle_started(struct oracle *o, struct cl_node *n)
{
    struct oracle_node *x = oracle_node_of(o, n);
    if (x->n == NULL) { /* a twin */
        watch(o, n);
        return;
    }
    if (!x->swapped && n->d != NULL && dp_daemon_enrolled(n->d) &&
        (n->d->own.inc != x->own_inc || n->d->own.seq != x->own_seq))
        sim_broken(o->s, "I2", "%s comes back with own entry %llu as its last one, and had %llu", n->text,
                   (unsigned long long)n->d->own.seq, (unsigned long long)x->own_seq);
}

void oracle_swapped(struct oracle *o, struct cl_node *n)
{
    struct oracle_node *x = oracle_node_of(o, n);
    x->swapped = true;
    x->stopped = n->d != NULL && n->d->stopped != DP_STOP_NONE; /* the older store knows of no stop */
    free(x->held.slot);
    free(x->fed.slot);
    x->held = x->fed = (struct oracle_set){0};
    watch(o, n);
}

void oracle_hour(struct oracle *o)
{
    check_live_hour(o);
    check_session_hour(o);
}

void oracle_rest(struct oracle *o)
{
    check_live_rest(o);
    check_case_rest(o);
    check_part_rest(o);
    check_reader_rest(o);
    check_session_rest(o);
    check_field_rest(o);
    check_passed_rest(o);
    check_leak_rest(o);
    check_desk_rest(o);
}
