/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaves a node: nothing that is not committed (I19), and nothing that its receiver may not have (I10,
 * I12), whatever the receiver would do with it.
 */
#include "sim/oracle.h"

#include "sim/fault.h"
#include "support/cmocka_all.h"

/* I19: a block that is on its way is in the store of its sender. */
static void check_whole(struct oracle *o, const struct cl_node *from, struct dp_slice body)
{
    struct dp_header h;
    struct dp_slice v;
    struct dp_db db = {.kv = from->kv};
    if (dp_header_get(body, &h) != DP_OK)
        return;
    assert_ok(dp_db_begin(&db, false));
    enum dp_err e = dp_db_block(&db, h.origin, h.inc, h.number, 0, &v);
    bool same = e == DP_OK && dp_slice_eq(v, body);
    dp_db_abort(&db);
    if (!same)
        sim_broken(o->s, "I19", "%s sends block %llu of a chain that is not committed so", from->text,
                   (unsigned long long)h.number);
}

/* Who has locked a case by hand sends it nowhere from then on where its like may not go. */
static bool is_locked_here(const struct oracle_case *k, const struct cl_node *from, struct dp_node to)
{
    uint8_t key[DP_SUBJECT_BYTES];
    struct dp_slice v;
    struct dp_db db = {.kv = from->kv};
    if (!k->locked || !right_denied_locked(k, to) || dp_node_covers(to, from->id))
        return false;
    dp_subject_put(&k->subject, key);
    assert_ok(dp_db_begin(&db, false));
    bool locked = dp_db_get_key(&db, DP_T_LOCK, dp_slice_of(key, sizeof(key)), &v) == DP_OK;
    dp_db_abort(&db);
    return locked;
}

static void check_shown(struct oracle *o, const struct cl_node *from, const struct cl_node *to,
                        struct dp_slice wire)
{
    struct dp_block b;
    char text[DP_NAME_TEXT];
    if (dp_block_decode_pruned(dp_suite_of(DP_SUITE_INTL), wire, &o->turn, &b) != DP_OK)
        return;
    check_sealed_pruned(o, from, &b);
    for (uint16_t i = 0; i < b.shown_count; i++) {
        struct dp_name n = {b.h.origin, b.h.inc, b.h.first_seq + b.shown[i].index};
        const struct oracle_entry *e = oracle_find(o, &n);
        if (e == NULL || e->of == NULL || e->of->lied)
            continue;
        bool locked = is_locked_here(e->of, from, to->id);
        if (!locked && right_to_entry(e->of, e, to->id))
            continue;
        dp_name_format(&n, text);
        sim_broken(o->s, locked || right_denied(e->of, to->id) ? "I12" : "I10", "%s sends %s (%s) to %s",
                   from->text, text, dp_kind_word((enum dp_kind)e->kind), to->text);
    }
}

static void check_pruned(struct oracle *o, const struct cl_node *from, const struct cl_node *to,
                         struct dp_slice body)
{
    struct dp_rd r = dp_rd_of(body);
    for (uint16_t n = dp_rd_u16(&r); n > 0 && dp_rd_left(&r) > 0; n--) {
        uint32_t len = dp_rd_u32(&r);
        check_shown(o, from, to, dp_rd_take(&r, len));
    }
}

/* I24: what the receiver said in its greeting to hold is not sent again on that connection. */
static void check_new(struct oracle *o, struct cl_node *from, const struct cl_node *to,
                      const struct dp_item_frame *it)
{
    const struct dp_session *s = cl_session(from, to);
    if (s == NULL || !s->heard_hello || it->lane >= DP_LANES || s->peer_hello.your_gen != s->gen_out ||
        it->number > s->peer_hello.lane[it->lane].your_durable)
        return;
    sim_broken(o->s, "I24", "%s sends item %llu of lane %u to %s, which has said that it holds it",
               from->text, (unsigned long long)it->number, it->lane, to->text);
}

void check_frame(struct oracle *o, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct dp_frame f;
    if (frame.len == 0 || frame.p[0] != DP_FRAME_ITEM || !fault_is_honest(o->s, from) ||
        dp_frame_get(frame, &f) != DP_OK)
        return;
    check_new(o, from, to, &f.u.item);
    if (f.u.item.kind == DP_ITEM_BLOCK)
        check_whole(o, from, f.u.item.body);
    else if (f.u.item.kind == DP_ITEM_PRUNED)
        check_pruned(o, from, to, f.u.item.body);
}
