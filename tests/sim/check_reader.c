/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When everything has come to rest: whoever a text is for can read it (I18), nobody has the keys of what he
 * has no part in any more (I30), and what was erased is nowhere (I31). By R-PRT-1 to R-PRT-3 alone.
 */
#include "sim/oracle.h"

#include "sim/fault.h"
#include "support/cmocka_all.h"

bool check_way_is_honest(struct oracle *o, struct dp_node id)
{
    const struct cl_link *l;
    const struct cl_node *n = oracle_node_at(o, id);
    if (n == NULL)
        return false;
    for (; n != NULL; n = l == NULL ? NULL : o->s->c->nodes[l->parent]) {
        l = cl_link_of(o->s->c, n);
        if (!fault_is_honest(o->s, n) || n->d == NULL)
            return false;
    }
    return true;
}

/* ---- who a text is for (R-PRT-1) ---- */

/* The node to which the text of an entry goes besides the holder of the case; {0}: none. */
static struct dp_node reader_of(struct oracle *o, const struct oracle_entry *e)
{
    const struct oracle_entry *re = oracle_find(o, &e->re);
    switch (e->kind) {
    case DP_KIND_SUPERVISE:
    case DP_KIND_REMIND:
        return e->to.node;
    case DP_KIND_OBJECT:
    case DP_KIND_OBJECTION_ANSWER:
    case DP_KIND_REPORT_BACK:
    case DP_KIND_ANSWER:
        return re == NULL ? (struct dp_node){0} : re->office.node;
    case DP_KIND_WITHDRAW:
    case DP_KIND_LIFT:
        return re == NULL ? (struct dp_node){0} : re->to.node;
    case DP_KIND_OPINION:
    case DP_KIND_NOTE:
    case DP_KIND_ATTACHMENT:
    case DP_KIND_SERVE:
    case DP_KIND_EVALUATE:
    case DP_KIND_LINK:
    case DP_KIND_SPLIT:
    case DP_KIND_EXTEND:
    case DP_KIND_GUIDE_OUT:
    case DP_KIND_REFUSE_DUPLICATE:
    case DP_KIND_CLOSE:
        return e->subject.name.origin;
    case DP_KIND_CORRECT:
        return re == NULL || re->kind == DP_KIND_REGISTER ? e->subject.name.origin : reader_of(o, re);
    default:
        return (struct dp_node){0};
    }
}

static void check_text(struct oracle *o, const struct oracle_entry *e)
{
    static struct dp_part_text part;
    char text[DP_NAME_TEXT];
    struct dp_node reader = e->of == NULL ? (struct dp_node){0} : reader_of(o, e);
    if (reader.v == 0 || e->lie || e->of->lied || e->of->locked || e->verdict != DP_VALID ||
        right_denied(e->of, reader) || !check_way_is_honest(o, e->name.origin) ||
        !check_way_is_honest(o, reader))
        return;
    for (uint8_t i = 0; i < e->part_count; i++) {
        if (check_part_is_erased(e, i) || cl_read(oracle_node_at(o, reader), &e->name, i, &part) == DP_OK)
            continue;
        dp_name_format(&e->name, text);
        sim_broken(o->s, "I18", "%s (%s) is for %s, which cannot read part %u of it", text,
                   dp_kind_word((enum dp_kind)e->kind), oracle_node_at(o, reader)->text, i);
    }
}

/* ---- who has keys (R-PRT-2) ---- */

struct held {
    struct dp_casefile f;
    struct dp_state st;
};

static bool load(struct oracle *o, const struct cl_node *n, const struct dp_subject *s, struct held *h)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_slice packed;
    dp_casefile_init(&h->f, s);
    assert_ok(dp_db_begin(&db, false));
    bool ok = dp_db_case(&db, s, &packed) == DP_OK && dp_casefile_unpack(packed, &h->f) == DP_OK;
    dp_db_abort(&db);
    dp_arena_reset(&o->look);
    ok = ok && dp_fold(&h->f, &o->look, &h->st) == DP_OK;
    if (!ok)
        dp_casefile_fini(&h->f);
    return ok;
}

/* Asked by the present holder, and it stands. */
static bool is_asked(const struct held *h, struct dp_node n, bool to_serve)
{
    const struct dp_state *st = &h->st;
    for (uint32_t i = 0; i < st->offer_count; i++) {
        const struct dp_offer_state *x = &st->offers[i];
        const struct dp_fact *offer = &h->f.facts[x->offered];
        bool request = offer->e.body.code2 == DP_DUTY_CO_HANDLE || offer->e.body.code2 == DP_DUTY_SERVE;
        bool stands = request ? x->withdrawn == DP_FACT_NONE && st->closed == DP_FACT_NONE &&
                                    offer->custody == st->path[st->path_count - 1].opened
                              : i == st->open_offer;
        if (stands && dp_node_eq(offer->e.body.to.node, n) &&
            (to_serve || offer->e.body.code2 != DP_DUTY_SERVE))
            return true;
    }
    return false;
}

static bool may_keep(struct oracle *o, const struct held *h, const struct oracle_entry *e, struct dp_node n)
{
    struct dp_node registrar = e->subject.name.origin;
    return dp_node_eq(e->name.origin, n) || dp_node_eq(registrar, n) ||
           dp_node_eq(dp_state_custodian(&h->st).node, n) || dp_node_eq(dp_node_parent(registrar), n) ||
           dp_node_eq(reader_of(o, e), n) || is_asked(h, n, true);
}

/* But for who is asked to serve papers: that is given the opinion and no more. */
bool check_is_asked(struct oracle *o, const struct cl_node *n, const struct dp_subject *s)
{
    struct held h;
    if (!load(o, n, s, &h))
        return false;
    bool asked = h.st.path_count > 0 && is_asked(&h, n->id, false);
    dp_casefile_fini(&h.f);
    return asked;
}

static void check_keys(struct oracle *o, const struct cl_node *n, enum dp_table table)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_slice key = {0}, v;
    char text[DP_NAME_TEXT];
    assert_ok(dp_db_begin(&db, false));
    while (dp_db_next_key(&db, table, dp_slice_of(NULL, 0), &key, &v) == DP_OK) {
        struct held h;
        struct dp_name name = dp_name_get(key.p);
        const struct oracle_entry *e = oracle_find(o, &name);
        if (e == NULL || e->of == NULL || e->of->lied || e->of->locked || e->kind == DP_KIND_CORRECT ||
            !load(o, n, &e->subject, &h))
            continue;
        bool ok = h.st.path_count == 0 || right_denied(e->of, dp_state_custodian(&h.st).node) ||
                  may_keep(o, &h, e, n->id);
        dp_casefile_fini(&h.f);
        if (ok)
            continue;
        dp_name_format(&name, text);
        sim_broken(o->s, "I30", "%s still has a %s of %s (%s), and nothing to do with the case", n->text,
                   dp_table_word(table), text, dp_kind_word((enum dp_kind)e->kind));
    }
    dp_db_abort(&db);
}

/* ---- what was erased (R-PRT-3) ---- */

static bool has_row(const struct cl_node *n, const struct dp_name *name, uint8_t index)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_slice v;
    assert_ok(dp_db_begin(&db, false));
    bool any = dp_db_part(&db, name, index, &v) == DP_OK || dp_db_part_key(&db, name, index, &v) == DP_OK ||
               dp_db_grant(&db, name, index, &v) == DP_OK;
    dp_db_abort(&db);
    return any;
}

static void check_erased(struct oracle *o, const struct oracle_entry *e)
{
    char text[DP_NAME_TEXT];
    if (e->kind != DP_KIND_ERASE || e->verdict != DP_VALID || e->of->lied)
        return;
    dp_name_format(&e->re, text);
    for (uint32_t i = 0; i < o->node_count; i++) {
        const struct cl_node *n = o->nodes[i].n;
        if (n != NULL && fault_is_honest(o->s, n) && oracle_holds(&o->nodes[i], &e->name) &&
            has_row(n, &e->re, e->index))
            sim_broken(o->s, "I31", "%s knows that part %u of %s was erased, and has it", n->text, e->index,
                       text);
    }
}

void check_reader_rest(struct oracle *o)
{
    for (uint32_t b = 0; b < ORACLE_BUCKETS; b++)
        for (const struct oracle_entry *e = o->entry[b]; e != NULL; e = e->next) {
            check_text(o, e);
            check_erased(o, e);
        }
    for (uint32_t i = 0; i < o->node_count; i++) {
        const struct cl_node *n = o->nodes[i].n;
        if (n == NULL || !check_way_is_honest(o, n->id))
            continue;
        check_keys(o, n, DP_T_PART_KEY);
        check_keys(o, n, DP_T_GRANT);
    }
}
