/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaves a node: nothing that is not committed (I19), and nothing that its receiver may not have (I10,
 * I12), whatever the receiver would do with it; in its turn (I32), and no more than the line takes (I16);
 * nothing to who was shut out (I37).
 */
#include "sim/oracle.h"

#include "case/refs.h"
#include "sim/fault.h"
#include "support/cmocka_all.h"

#define HOUR_MS INT64_C(3600000)

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

static bool lifted_there(const struct dp_casefile *f, uint32_t lock)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->facts[i].e.kind == DP_KIND_UNLOCK && f->facts[i].verdict == DP_VALID && f->facts[i].re == lock)
            return true;
    return false;
}

/* Who has locked a case by hand sends it nowhere from then on where its like may not go. */
static bool is_locked_here(const struct oracle_case *k, const struct cl_node *from, struct dp_node to)
{
    struct dp_slice packed;
    struct dp_db db = {.kv = from->kv};
    struct dp_casefile f;
    bool locked = false;
    if (!k->locked || !right_denied_locked(k, to) || dp_node_covers(to, from->id))
        return false;
    dp_casefile_init(&f, &k->subject);
    assert_ok(dp_db_begin(&db, false));
    if (dp_db_case(&db, &k->subject, &packed) == DP_OK && dp_casefile_unpack(packed, &f) == DP_OK)
        for (uint32_t i = 0; i < f.count && !locked; i++)
            locked =
                f.facts[i].e.kind == DP_KIND_LOCK && f.facts[i].verdict == DP_VALID && !lifted_there(&f, i);
    dp_db_abort(&db);
    dp_casefile_fini(&f);
    return locked;
}

/*
 * The entry of the books that a block shows. NULL: they have none of these bytes. A store that was set back
 * gives a name that it had given before to another entry, of which the books know nothing until a store holds
 * it.
 */
static const struct oracle_entry *entry_shown(struct oracle *o, const struct dp_block *b, uint16_t i)
{
    struct dp_name n = {b->h.origin, b->h.inc, b->h.first_seq + b->shown[i].index};
    struct dp_digest digest;
    const struct oracle_entry *e = oracle_find(o, &n);
    dp_suite_of(DP_SUITE_INTL)->hash(&b->shown[i].bytes, 1, &digest);
    return e != NULL && dp_digest_eq(&e->digest, &digest) ? e : NULL;
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
        const struct oracle_entry *e = entry_shown(o, &b, i);
        if (e == NULL || e->of == NULL || e->of->lied)
            continue;
        bool locked = is_locked_here(e->of, from, to->id);
        if (!locked && right_to_entry(e->of, e, to->id))
            continue;
        dp_name_format(&e->name, text);
        sim_broken(o->s, locked || right_denied(e->of, to->id) ? "I12" : "I10", "%s sends %s (%s) to %s",
                   from->text, text, dp_kind_word((enum dp_kind)e->kind), to->text);
    }
}

static bool is_urgent(const struct oracle_entry *e)
{
    bool reg = e->of != NULL && e->of->has_reg && (e->of->reg.flags & DP_REG_URGENT) != 0;
    return reg || e->kind == DP_KIND_ANSWER || e->kind == DP_KIND_LIFT ||
           (DP_BITS_ORDER & dp_kind_bit(e->kind)) != 0;
}

/* R-LAN-1: whether it is urgent, all of it. */
static bool is_all_urgent(struct oracle *o, struct dp_slice wire)
{
    struct dp_block b;
    bool all = dp_block_decode_pruned(dp_suite_of(DP_SUITE_INTL), wire, &o->turn, &b) == DP_OK;
    for (uint16_t i = 0; all && i < b.shown_count; i++) {
        const struct oracle_entry *e = entry_shown(o, &b, i);
        all = e != NULL && is_urgent(e);
    }
    return all;
}

static void check_pruned(struct oracle *o, const struct cl_node *from, const struct cl_node *to,
                         const struct dp_item_frame *it)
{
    struct dp_rd r = dp_rd_of(it->body);
    uint16_t n = dp_rd_u16(&r);
    bool urgent = n > 0 && it->lane > DP_LANE_URGENT;
    for (; n > 0 && dp_rd_left(&r) > 0; n--) {
        uint32_t len = dp_rd_u32(&r);
        struct dp_slice wire = dp_rd_take(&r, len);
        check_shown(o, from, to, wire);
        urgent = urgent && is_all_urgent(o, wire);
    }
    if (urgent)
        sim_broken(o->s, "I32", "%s sends to %s on lane %u what is urgent", from->text, to->text, it->lane);
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

/* I32: nothing goes while a lane before its own waits (R-LAN-1). */
static void check_turn(struct oracle *o, struct cl_node *from, const struct cl_node *to,
                       const struct dp_item_frame *it)
{
    const struct dp_session *s = cl_session(from, to);
    for (uint8_t lane = 0; s != NULL && lane < it->lane && lane < DP_LANES; lane++)
        if (s->next[lane] <= s->lane[lane].journal_last)
            sim_broken(o->s, "I32", "%s sends on lane %u to %s while lane %u waits", from->text, it->lane,
                       to->text, lane);
}

/* R-LAN-3: two seconds of the line or four round trips, within bounds. */
static uint64_t window_of(const struct dp_session *s)
{
    uint64_t ms = 4 * (uint64_t)s->rtt_min_ms > 60000 ? 60000 : 4 * (uint64_t)s->rtt_min_ms;
    uint64_t bytes = s->rate_bps * (ms > 2000 ? ms : 2000) / 8000;
    if (s->rate_bps == 0)
        bytes = DP_WINDOW_START;
    if (bytes < DP_WINDOW_MIN)
        bytes = DP_WINDOW_MIN;
    return bytes < s->window_bytes ? bytes : s->window_bytes;
}

/* I16: the low lanes leave room on the line for the others. */
static void check_room(struct oracle *o, struct cl_node *from, const struct cl_node *to,
                       const struct dp_item_frame *it)
{
    const struct dp_session *s = cl_session(from, to);
    uint64_t bytes = it->body.len;
    uint32_t count = 0;
    if (s == NULL || it->lane < DP_LANE_CASES)
        return;
    for (uint32_t i = 0; i < s->flight_count; i++)
        if (s->flight[i].lane >= DP_LANE_CASES) {
            bytes += s->flight[i].bytes;
            count++;
        }
    if (count >= DP_FLIGHT_MAX / 2 || (count > 0 && bytes > window_of(s) / 2))
        sim_broken(o->s, "I16", "%s has %llu bytes in %u items of the low lanes on their way to %s",
                   from->text, (unsigned long long)bytes, count + 1, to->text);
}

/* I33: counted anew each hour (check_live.c). Two exchanges at most for each time that a line may be silent.
 */
static void count_keeps(struct oracle *o, const struct cl_node *from, uint8_t type)
{
    struct oracle_node *x = oracle_node_of(o, from);
    uint32_t times = (uint32_t)(HOUR_MS / o->s->c->options.keep_ms);
    x->keeps += type == DP_FRAME_KEEP;
    if (x->keeps > from->line_count * (4 + 4 * times))
        sim_broken(o->s, "I33", "%s asked %u times within an hour whether somebody is there", from->text,
                   x->keeps);
}

/* I12: content that was sealed here and waits when its case is locked by hand goes nowhere it may not be. */
static void check_parcel(struct oracle *o, const struct cl_node *from, struct dp_slice body)
{
    struct dp_digest digest;
    struct dp_node to;
    struct dp_slice names;
    struct dp_db db = {.kv = from->kv};
    char text[DP_NAME_TEXT];
    dp_suite_of(DP_SUITE_INTL)->hash(&body, 1, &digest);
    if (dp_parcel_recipient(body, &to) != DP_OK)
        return;
    assert_ok(dp_db_begin(&db, false));
    bool own = dp_db_get32(&db, DP_T_PARCEL_OF, &digest, &names) == DP_OK;
    for (size_t at = 8; own && at + DP_NAME_BYTES <= names.len; at += DP_NAME_BYTES) {
        struct dp_name n = dp_name_get(names.p + at);
        const struct oracle_entry *e = oracle_find(o, &n);
        if (e == NULL || e->of == NULL || e->of->lied || !is_locked_here(e->of, from, to))
            continue;
        dp_name_format(&n, text);
        sim_broken(o->s, "I12", "%s sends content of %s, which is locked there", from->text, text);
    }
    dp_db_abort(&db);
}

void check_frame(struct oracle *o, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct dp_frame f;
    if (frame.len > 0)
        count_keeps(o, from, frame.p[0]);
    if (frame.len == 0 || frame.p[0] != DP_FRAME_ITEM || !fault_is_honest(o->s, from) ||
        dp_frame_get(frame, &f) != DP_OK)
        return;
    if (oracle_is_withdrawn(o, from, to))
        sim_broken(o->s, "I37", "%s sends to %s, whose certificate it has withdrawn", from->text, to->text);
    check_new(o, from, to, &f.u.item);
    check_turn(o, from, to, &f.u.item);
    check_room(o, from, to, &f.u.item);
    if (f.u.item.kind == DP_ITEM_BLOCK)
        check_whole(o, from, f.u.item.body);
    else if (f.u.item.kind == DP_ITEM_PARCEL)
        check_parcel(o, from, f.u.item.body);
    else if (f.u.item.kind == DP_ITEM_PRUNED)
        check_pruned(o, from, to, &f.u.item);
}
