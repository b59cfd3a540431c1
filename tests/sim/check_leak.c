/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was erased can be opened nowhere (I51). Every value that a store ever held under the tables of content
 * is remembered as it lay there, as free pages and old blocks of a disk remember it. When everything has come
 * to rest, each is tried as it is, and under all keys that its node still has; a parcel that comes out also
 * under the key of the node that it was sealed for. What comes out must not be of a part of which this node
 * knows that it was erased or replaced.
 */
#include "sim/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "sim/fault.h"
#include "support/cluster_inner.h"
#include "support/cmocka_all.h"

struct oracle_blob {
    struct oracle_blob *next;
    uint8_t table, key_len;
    uint8_t key[64];
    uint32_t len;
    uint8_t val[];
};

static bool is_content(unsigned table)
{
    return table == DP_T_PART || table == DP_T_PART_KEY || table == DP_T_GRANT || table == DP_T_PARCEL ||
           table == DP_T_LOOSE || table == DP_T_PARCEL_KEY;
}

void check_leak_commit(struct oracle_node *x, const struct tape *t)
{
    struct tape_write w;
    for (size_t at = 0; tape_next(t, &at, &w);) {
        if (w.del || !is_content(w.table) || w.key.len > sizeof(((struct oracle_blob *)NULL)->key))
            continue;
        struct oracle_blob *b = malloc(sizeof(*b) + w.val.len);
        assert_non_null(b);
        b->table = (uint8_t)w.table;
        b->key_len = (uint8_t)w.key.len;
        memcpy(b->key, w.key.p, w.key.len);
        b->len = (uint32_t)w.val.len;
        memcpy(b->val, w.val.p, w.val.len);
        b->next = x->blobs;
        x->blobs = b;
    }
}

/* It is in the store now: then it is another invariant's. */
static bool is_live(const struct oracle_node *x, const struct oracle_blob *b)
{
    struct dp_db db = {.kv = x->n->kv};
    struct dp_slice v;
    assert_ok(dp_db_begin(&db, false));
    bool live = dp_db_get_key(&db, (enum dp_table)b->table, dp_slice_of(b->key, b->key_len), &v) == DP_OK &&
                dp_slice_eq(v, dp_slice_of(b->val, b->len));
    dp_db_abort(&db);
    return live;
}

/* Whether this node knows that the part was erased or replaced. */
static bool is_erased(struct oracle *o, const struct oracle_node *x, const struct dp_name *n, uint8_t index)
{
    const struct oracle_entry *of = oracle_find(o, n);
    if (of == NULL || of->of == NULL || of->of->lied)
        return false;
    for (const struct oracle_entry *e = of->of->first; e != NULL; e = e->next_of_case)
        if ((e->kind == DP_KIND_ERASE || (e->kind == DP_KIND_CORRECT && e->part_count > 0)) &&
            e->index == index && dp_name_eq(&e->re, n) && e->verdict == DP_VALID && oracle_holds(x, &e->name))
            return true;
    return false;
}

static void reveals(struct oracle *o, const struct oracle_node *x, const struct oracle_blob *b,
                    const struct dp_name *n, uint8_t index)
{
    char text[DP_NAME_TEXT];
    if (!is_erased(o, x, n, index))
        return;
    dp_name_format(n, text);
    sim_broken(o->s, "I51",
               "%s knows that part %u of %s was erased, and a %s of it that it once had can be opened",
               x->n->text, index, text, dp_table_word((enum dp_table)b->table));
}

static void content_reveals(struct oracle *o, const struct oracle_node *x, const struct oracle_blob *b,
                            struct dp_slice body)
{
    struct dp_rd r = dp_rd_of(body);
    struct dp_content c;
    while (dp_content_next(dp_suite_of(DP_SUITE_INTL), &r, &c) == DP_OK)
        for (uint8_t i = 0; i < c.part_count; i++)
            reveals(o, x, b, &c.entry, c.parts[i].index);
}

static void parcel_reveals(struct oracle *o, const struct oracle_node *x, const struct oracle_blob *b,
                           struct dp_slice wire)
{
    struct dp_node to;
    struct dp_slice body;
    uint8_t kind;
    const struct cl_node *y = dp_parcel_recipient(wire, &to) == DP_OK ? oracle_node_at(o, to) : NULL;
    if (y == NULL || y->d == NULL ||
        dp_parcel_open(dp_suite_of(DP_SUITE_INTL), wire, &y->d->kr->seal, &o->look, &kind, &body) != DP_OK)
        return;
    if (kind == DP_PARCEL_CONTENT)
        content_reveals(o, x, b, body);
}

/* A row beside a parcel: entry 20, index 1, key 32 each. */
static void keys_reveal(struct oracle *o, const struct oracle_node *x, const struct oracle_blob *b,
                        struct dp_slice rows)
{
    const size_t each = DP_NAME_BYTES + 1 + sizeof(struct dp_key);
    for (size_t at = 0; rows.len % each == 0 && at < rows.len; at += each) {
        struct dp_name n = dp_name_get(rows.p + at);
        reveals(o, x, b, &n, rows.p[at + DP_NAME_BYTES]);
    }
}

/* `clear`: what the row is without its seal. */
static void clear_reveals(struct oracle *o, const struct oracle_node *x, const struct oracle_blob *b,
                          struct dp_slice clear)
{
    struct dp_part part;
    struct dp_grant grant;
    struct dp_rd r = dp_rd_of(clear);
    dp_arena_reset(&o->look);
    if (b->table == DP_T_PARCEL) {
        parcel_reveals(o, x, b, clear);
    } else if (b->table == DP_T_LOOSE) {
        content_reveals(o, x, b, clear);
    } else if (b->table == DP_T_PARCEL_KEY) {
        keys_reveal(o, x, b, clear);
    } else {
        struct dp_name n = dp_name_get(b->key);
        uint8_t index = b->key[DP_NAME_BYTES];
        bool is_one = b->table == DP_T_PART    ? index != DP_PART_LEAVES && dp_part_get(&r, &part) == DP_OK
                      : b->table == DP_T_GRANT ? dp_grant_get(clear, &grant) == DP_OK
                                               : clear.len == sizeof(struct dp_key);
        if (is_one)
            reveals(o, x, b, &n, index);
    }
}

static void check_blob(struct oracle *o, const struct oracle_node *x, const struct oracle_blob *b)
{
    uint8_t place[1 + sizeof(b->key)] = {b->table};
    struct dp_slice raw = dp_slice_of(b->val, b->len), clear;
    struct dp_vault *vault = &x->n->d->vault.port;
    if (is_live(x, b))
        return;
    clear_reveals(o, x, b, raw);
    memcpy(place + 1, b->key, b->key_len);
    if (vault->ops->open(vault, dp_slice_of(place, 1u + b->key_len), raw, &clear) == DP_OK)
        clear_reveals(o, x, b, clear);
    vault->ops->rest(vault);
}

void check_leak_rest(struct oracle *o)
{
    for (uint32_t i = 0; i < o->node_count; i++) {
        const struct oracle_node *x = &o->nodes[i];
        if (x->n == NULL || x->n->d == NULL || x->n->d->kr == NULL || !fault_is_honest(o->s, x->n))
            continue;
        for (const struct oracle_blob *b = x->blobs; b != NULL; b = b->next)
            check_blob(o, x, b);
    }
}
