/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content: no part, key or grant at a node that may not have it (I11, I12); what was acknowledged is kept
 * with its content (I2); who holds a case can read it (I18); a part is one that its entry names (I22).
 */
#include "sim/oracle.h"

#include <string.h>

#include "sim/fault.h"
#include "support/cluster_inner.h"
#include "support/cmocka_all.h"

static void check_row(struct oracle *o, const struct oracle_node *x, const struct tape_write *w)
{
    char text[DP_NAME_TEXT];
    struct dp_name n = dp_name_get(w->key.p);
    const struct oracle_entry *e = oracle_find(o, &n);
    if (e == NULL || e->of == NULL || e->of->lied || right_to_part(e->of, e, x->n->id))
        return;
    dp_name_format(&n, text);
    sim_broken(o->s, right_denied(e->of, x->n->id) ? "I12" : "I11", "%s holds a %s of %s (%s), and may not",
               x->n->text, dp_table_word((enum dp_table)w->table), text, dp_kind_word((enum dp_kind)e->kind));
}

/* I11, I12: what is sealed here, for whom. */
static void check_sealed_for(struct oracle *o, const struct oracle_node *x, const struct tape_write *w)
{
    char text[DP_NAME_TEXT], to_text[DP_NODE_TEXT];
    struct dp_rd r = dp_rd_of(w->val);
    struct dp_node to = {.v = dp_rd_u64(&r)};
    if (!fault_is_honest(o->s, x->n))
        return;
    for (size_t at = 8; at + DP_NAME_BYTES <= w->val.len; at += DP_NAME_BYTES) {
        struct dp_name n = dp_name_get(w->val.p + at);
        const struct oracle_entry *e = oracle_find(o, &n);
        if (e == NULL || e->of == NULL || e->of->lied || right_to_part(e->of, e, to))
            continue;
        dp_name_format(&n, text);
        dp_node_format(to, to_text);
        sim_broken(o->s, right_denied(e->of, to) ? "I12" : "I11", "%s seals content of %s (%s) for %s",
                   x->n->text, text, dp_kind_word((enum dp_kind)e->kind), to_text);
    }
}

/* ---- I22 ---- */

/* The leaves of an entry's parts, as they are in this store; 0: none. */
static uint8_t leaves_at(struct cl_node *n, const struct dp_name *name, struct dp_digest out[DP_PARTS_MAX])
{
    struct dp_db db = {.kv = n->kv, .vault = &n->d->vault.port};
    struct dp_slice v = {0};
    assert_ok(dp_db_begin(&db, false));
    bool ok = dp_db_part(&db, name, DP_PART_LEAVES, &v) == DP_OK && v.len <= DP_PARTS_MAX * sizeof(out[0]);
    if (ok)
        memcpy(out, v.p, v.len);
    dp_db_abort(&db);
    return ok ? (uint8_t)(v.len / sizeof(out[0])) : 0;
}

static bool is_under(const struct oracle_entry *e, const struct dp_digest *leaves, uint8_t count)
{
    struct dp_digest scratch[DP_PARTS_MAX], root;
    if (count == 0 || count != e->part_count)
        return false;
    memcpy(scratch, leaves, count * sizeof(leaves[0]));
    dp_merkle_root(dp_suite_of(DP_SUITE_INTL), scratch, count, &root);
    return dp_digest_eq(&root, &e->parts_root);
}

/* What is kept as a part of an entry is what the origin of the entry signed, whoever sealed the parcel. */
static void check_proved(struct oracle *o, const struct oracle_node *x, const struct tape_write *w)
{
    struct dp_digest leaves[DP_PARTS_MAX], leaf;
    struct dp_part part;
    char text[DP_NAME_TEXT];
    struct dp_name n = dp_name_get(w->key.p);
    uint8_t index = w->key.p[DP_NAME_BYTES];
    const struct oracle_entry *e = oracle_find(o, &n);
    if (e == NULL || e->twice || !fault_is_honest(o->s, x->n))
        return;
    uint8_t count = leaves_at(x->n, &n, leaves);
    bool ok = is_under(e, leaves, count);
    if (ok && index != DP_PART_LEAVES) {
        uint8_t place[1 + DP_NAME_BYTES + 1] = {DP_T_PART};
        struct dp_vault *vault = &x->n->d->vault.port;
        struct dp_slice plain = {0};
        memcpy(place + 1, w->key.p, DP_NAME_BYTES + 1);
        ok = vault->ops->open(vault, dp_slice_of(place, sizeof(place)), w->val, &plain) == DP_OK;
        struct dp_rd r = dp_rd_of(plain);
        ok = ok && index < count && dp_part_get(&r, &part) == DP_OK;
        if (ok)
            dp_part_leaf(dp_suite_of(DP_SUITE_INTL), &part, &leaf);
        ok = ok && dp_digest_eq(&leaf, &leaves[index]);
    }
    if (ok)
        return;
    dp_name_format(&n, text);
    sim_broken(o->s, "I22", "%s keeps a part of %s (%s) that its origin did not sign", x->n->text, text,
               dp_kind_word((enum dp_kind)e->kind));
}

/* ---- I48 ---- */

/* Content of an entry that is not here waits only by grace of the neighbour through which its node is
 * reached. */
static void check_waits(struct oracle *o, const struct oracle_node *x, const struct tape_write *w)
{
    struct dp_rd r = dp_rd_of(dp_slice_of(w->key.p + w->key.len - 8, 8));
    struct dp_node by = {.v = dp_rd_u64(&r)}, of = dp_name_get(w->key.p).origin;
    char text[DP_NODE_TEXT], by_text[DP_NODE_TEXT];
    if (by.v == 0 || !fault_is_honest(o->s, x->n) ||
        (dp_node_covers(by, x->n->id) ? !dp_node_covers(x->n->id, of) : dp_node_covers(by, of)))
        return;
    dp_node_format(of, text);
    dp_node_format(by, by_text);
    sim_broken(o->s, "I48", "%s keeps room of %s for what %s brought, which is not on the way", x->n->text,
               text, by_text);
}

void check_part_commit(struct oracle *o, struct oracle_node *x, const struct tape *t)
{
    struct tape_write w;
    for (size_t at = 0; tape_next(t, &at, &w);)
        if (!w.del && w.table == DP_T_LOOSE && w.key.len > DP_NAME_BYTES + 8)
            check_waits(o, x, &w);
    for (size_t at = 0; tape_next(t, &at, &w);)
        if (!w.del && (w.table == DP_T_PART || w.table == DP_T_PART_KEY || w.table == DP_T_GRANT) &&
            w.key.len == DP_NAME_BYTES + 1)
            check_row(o, x, &w);
    for (size_t at = 0; tape_next(t, &at, &w);)
        if (!w.del && w.table == DP_T_PART && w.key.len == DP_NAME_BYTES + 1)
            check_proved(o, x, &w);
    for (size_t at = 0; tape_next(t, &at, &w);)
        if (!w.del && w.table == DP_T_PARCEL_OF)
            check_sealed_for(o, x, &w);
}

/* By whomever, whether or not it was lawful: then nobody has to have it. */
bool check_part_is_erased(const struct oracle_entry *e, uint8_t index)
{
    for (const struct oracle_entry *x = e->of->first; x != NULL; x = x->next_of_case)
        if ((x->kind == DP_KIND_ERASE || x->kind == DP_KIND_CORRECT) && x->index == index &&
            dp_name_eq(&x->re, &e->name))
            return true;
    return false;
}

/* I2 */
void check_part_kept(struct oracle *o, struct oracle_node *x, const struct oracle_entry *e)
{
    struct dp_db db = {.kv = x->n->kv};
    struct dp_slice v;
    char text[DP_NAME_TEXT];
    if (e->of == NULL || e->lie || e->of->lied)
        return;
    assert_ok(dp_db_begin(&db, false));
    for (uint8_t i = 0; i < e->part_count; i++) {
        if (check_part_is_erased(e, i))
            continue;
        if (dp_db_part(&db, &e->name, i, &v) == DP_OK && dp_db_part_key(&db, &e->name, i, &v) == DP_OK)
            continue;
        dp_name_format(&e->name, text);
        sim_broken(o->s, "I2", "%s acknowledged %s and has not kept its part %u", x->n->text, text, i);
    }
    dp_db_abort(&db);
}

/* ---- I18 ---- */

/* What whoever holds a case has to be able to read, whoever wrote it (R-PRT-1). */
static bool is_for_holder(const struct oracle_entry *e)
{
    return e->kind == DP_KIND_REGISTER || e->kind == DP_KIND_NOTE || e->kind == DP_KIND_OPINION ||
           e->kind == DP_KIND_ATTACHMENT || e->kind == DP_KIND_EXTEND || e->kind == DP_KIND_CORRECT;
}

/* All who did something in it are what they were: its keys went through their hands. */
static bool hands_are_honest(struct oracle *o, const struct oracle_case *k)
{
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case) {
        const struct cl_node *n = oracle_node_at(o, e->name.origin);
        if (n == NULL || !fault_is_honest(o->s, n))
            return false;
    }
    return true;
}

static void check_text(struct oracle *o, struct cl_node *n, const struct oracle_entry *e)
{
    static struct dp_part_text part;
    char text[DP_NAME_TEXT];
    for (uint8_t i = 0; i < e->part_count; i++) {
        if (check_part_is_erased(e, i) || cl_read(n, &e->name, i, &part) == DP_OK)
            continue;
        dp_name_format(&e->name, text);
        sim_broken(o->s, "I18",
                   "%s is responsible for or asked about the case of %s (%s) and cannot read part %u",
                   n->text, text, dp_kind_word((enum dp_kind)e->kind), i);
    }
}

/* Asked to accept it, or to help: it reads what the holder reads, as long as nobody between lies. */
static bool is_asked(struct oracle *o, const struct oracle_case *k, struct cl_node *n, struct cl_node *origin)
{
    struct dp_office own;
    if (!cl_custodian(n, &k->subject.name, &own) || !hands_are_honest(o, k) ||
        !check_way_is_honest(o, n->id) || !check_way_is_honest(o, origin->id) ||
        !check_way_is_honest(o, own.node))
        return false;
    return check_is_asked(o, n, &k->subject);
}

/*
 * Who is responsible is for the office itself to know: a registrar that is cut off, by a withdrawn
 * certificate or a liar between, names whom it knew last. What the holder needs came from the registrar's
 * side; so either both know of it, or nothing but honest nodes lies between them.
 */
static bool is_responsible(struct oracle *o, const struct oracle_case *k, struct cl_node *n,
                           struct cl_node *origin)
{
    struct dp_office own, there;
    return cl_custodian(n, &k->subject.name, &own) && dp_node_eq(own.node, n->id) &&
           ((cl_custodian(origin, &k->subject.name, &there) && dp_node_eq(there.node, n->id)) ||
            (check_way_is_honest(o, n->id) && check_way_is_honest(o, origin->id) && hands_are_honest(o, k)));
}

static void check_holder(struct oracle *o, const struct oracle_case *k, const struct oracle_entry *reg,
                         struct cl_node *n)
{
    check_text(o, n, reg);
    if (!hands_are_honest(o, k))
        return;
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case)
        if ((is_for_holder(e) || (dp_kind_is_offer(e->kind) && dp_node_eq(e->to.node, n->id))) &&
            e->verdict == DP_VALID && oracle_holds(oracle_node_of(o, n), &e->name))
            check_text(o, n, e);
}

/* At each node that is responsible by its own word. */
static void check_readable(struct oracle *o, const struct oracle_case *k)
{
    const struct oracle_entry *reg = oracle_find(o, &k->subject.name);
    struct cl_node *origin = oracle_node_at(o, k->subject.name.origin);
    if (reg == NULL || reg->of != k || k->lied || k->locked || reg->verdict != DP_VALID || origin == NULL ||
        origin->d == NULL || !fault_is_honest(o->s, origin))
        return;
    for (uint32_t i = 0; i < o->node_count; i++) {
        struct cl_node *n = o->nodes[i].n;
        if (n != NULL && n->d != NULL && fault_is_honest(o->s, n) && !right_denied(k, n->id) &&
            oracle_holds(&o->nodes[i], &reg->name) &&
            (is_responsible(o, k, n, origin) || is_asked(o, k, n, origin)))
            check_holder(o, k, reg, n);
    }
}

void check_part_rest(struct oracle *o)
{
    for (uint32_t b = 0; b < ORACLE_BUCKETS; b++) {
        for (const struct oracle_entry *e = o->entry[b]; e != NULL; e = e->next) {
            const struct cl_node *n = oracle_node_at(o, e->name.origin);
            if (e->acknowledged && n != NULL && fault_is_honest(o->s, n))
                check_part_kept(o, oracle_node_of(o, n), e);
        }
        for (const struct oracle_case *k = o->cases[b]; k != NULL; k = k->next)
            check_readable(o, k);
    }
}
