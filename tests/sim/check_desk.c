/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was taken in at a desk: once, however often it was said (I29), and kept, also when it was sealed and
 * sent past an office that may not see it (I2). Each case has a number of its own (I35).
 */
#include "sim/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/fault.h"
#include "support/cmocka_all.h"

static struct oracle_slip *slip(struct oracle *o, const char *mark)
{
    uint32_t h = 0;
    for (const char *c = mark; *c != '\0'; c++)
        h = h * 31 + (uint8_t)*c;
    struct oracle_slip *x = o->slips[h % ORACLE_SLIPS];
    while (x != NULL && strcmp(x->mark, mark) != 0)
        x = x->next;
    if (x != NULL)
        return x;
    x = calloc(1, sizeof(*x));
    assert_non_null(x);
    snprintf(x->mark, sizeof(x->mark), "%s", mark);
    x->next = o->slips[h % ORACLE_SLIPS];
    o->slips[h % ORACLE_SLIPS] = x;
    return x;
}

/* Who was restored may have forgotten; and a token is kept for days by a clock that may jump. */
static bool is_answerable(struct oracle *o, struct dp_node id)
{
    const struct cl_node *n = oracle_node_at(o, id);
    return n != NULL && fault_is_honest(o->s, n) && !fault_clock_was_wrong(o->s, n);
}

/* I35: a number is of one case. */
static void check_number(struct oracle *o, const struct dp_entry *e)
{
    char key[DP_NUMBER_TEXT + 8], was[DP_NAME_TEXT], now[DP_NAME_TEXT];
    const struct cl_node *n = oracle_node_at(o, e->name.origin);
    snprintf(key, sizeof(key), "number %s", e->reg->number.text);
    struct oracle_slip *x = slip(o, key);
    if (dp_name_is_none(&x->of_case))
        x->of_case = e->name;
    if (n == NULL || !fault_is_honest(o->s, n) || dp_name_eq(&x->of_case, &e->name))
        return;
    dp_name_format(&x->of_case, was);
    dp_name_format(&e->name, now);
    sim_broken(o->s, "I35", "%s gave the number %s to %s and to %s", n->text, e->reg->number.text, was, now);
}

void check_desk_entry(struct oracle *o, const struct dp_entry *e)
{
    char was[DP_NAME_TEXT], now[DP_NAME_TEXT];
    check_number(o, e);
    if (e->reg->national_no[0] == '\0')
        return;
    struct oracle_slip *x = slip(o, e->reg->national_no);
    if (dp_name_is_none(&x->of_case)) {
        x->of_case = e->name;
        return;
    }
    if (dp_name_eq(&x->of_case, &e->name) || !is_answerable(o, e->reg->first_office.node) ||
        !is_answerable(o, e->name.origin) || !is_answerable(o, x->of_case.origin))
        return;
    dp_name_format(&x->of_case, was);
    dp_name_format(&e->name, now);
    sim_broken(o->s, "I29", "what was said twice for want of an answer is two cases: %s and %s", was, now);
}

void check_desk_answer(struct oracle *o, const struct cl_node *n, const struct dp_intake *in, bool sealed)
{
    if (in->national_no[0] == '\0')
        return;
    struct oracle_slip *x = slip(o, in->national_no);
    x->at = n;
    x->sealed = sealed;
}

/* The receipt stands behind the ticket. */
static uint32_t unanswered(const struct cl_node *n)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_slice key = {0}, row;
    uint32_t count = 0;
    assert_ok(dp_db_begin(&db, false));
    while (dp_db_next_key(&db, DP_T_MATTER, dp_slice_of(NULL, 0), &key, &row) == DP_OK)
        count += memchr(row.p, '>', row.len) == NULL;
    dp_db_abort(&db);
    return count;
}

static bool above_are_honest(struct oracle *o, const struct cl_node *n)
{
    const struct cl_link *l;
    for (; n != NULL; n = l == NULL ? NULL : o->s->c->nodes[l->parent]) {
        l = cl_link_of(o->s->c, n);
        if (!fault_is_honest(o->s, n) || n->d == NULL)
            return false;
    }
    return true;
}

void check_desk_rest(struct oracle *o)
{
    for (uint32_t b = 0; b < ORACLE_SLIPS; b++)
        for (const struct oracle_slip *x = o->slips[b]; x != NULL; x = x->next)
            if (x->at != NULL && dp_name_is_none(&x->of_case) && above_are_honest(o, x->at))
                sim_broken(o->s, "I2", "%s took %s in%s, and nobody has it", x->at->text, x->mark,
                           x->sealed ? " and sent it on sealed" : "");
    for (uint32_t i = 0; i < o->node_count; i++) {
        const struct cl_node *n = o->nodes[i].n;
        if (n != NULL && above_are_honest(o, n) && unanswered(n) > 0)
            sim_broken(o->s, "I2", "%s has no receipt for a matter that it sent on sealed", n->text);
    }
}
