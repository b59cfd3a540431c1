/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour 7/9: what follows from the entries of this turn, per case touched: the daemon's own `arrive`
 * for what is addressed to its offices, then who gets what (R-DOWN-1, N3). Up needs no decision
 * here: blocks go up whole.
 */
#include "node/post.h"

#include <string.h>

/* ---- arrivals ---- */

/* The office that fact `i` is addressed to, or NULL when its kind addresses nobody. */
static const struct dp_office *addressee(const struct dp_casefile *f, uint32_t i)
{
    const struct dp_fact *x = &f->facts[i];
    switch (x->e.kind) {
    case DP_KIND_TRANSFER:
    case DP_KIND_ASSIGN:
    case DP_KIND_REFER_UP:
    case DP_KIND_DESIGNATE:
    case DP_KIND_SUPERVISE:
    case DP_KIND_REMIND:
        return &x->e.body.to;
    case DP_KIND_OBJECT:
    case DP_KIND_OBJECTION_ANSWER:
    case DP_KIND_ANSWER:
    case DP_KIND_REPORT_BACK:
        return x->re == DP_FACT_NONE ? NULL : &f->facts[x->re].e.office;
    default:
        return NULL;
    }
}

static bool arrived(const struct dp_casefile *f, uint32_t i, struct dp_node self)
{
    for (uint32_t k = i + 1; k < f->count; k++)
        if (f->facts[k].e.kind == DP_KIND_ARRIVE && f->facts[k].re == i &&
            dp_node_eq(f->facts[k].e.name.origin, self))
            return true;
    return false;
}

static uint32_t arrival_due(const struct dp_casefile *f, struct dp_node self, uint32_t from)
{
    for (uint32_t i = from; i < f->count; i++) {
        const struct dp_office *to = f->facts[i].verdict == DP_VALID ? addressee(f, i) : NULL;
        if (to != NULL && dp_node_eq(to->node, self) && !arrived(f, i, self))
            return i;
    }
    return DP_FACT_NONE;
}

static enum dp_err issue_arrive(struct dp_daemon *d, struct dp_slot *slot, uint32_t i)
{
    struct dp_state st;
    struct dp_entry e;
    enum dp_void_reason why;
    uint64_t kinds;
    struct dp_plan_input in = {.kind = DP_KIND_ARRIVE,
                               .office = {.node = d->id.self, .slug = "node"},
                               .from = d->id.cert.origin,
                               .name = dp_own_next(d),
                               .at_ms = d->now_wall,
                               .at_synced = d->port.clock.synced(d->port.clock.ctx),
                               .receipt = dp_date_of_ms(d->now_wall),
                               .re = slot->f.facts[i].e.name};
    dp_arena_reset(&d->look);
    enum dp_err err = dp_fold(&slot->f, &d->look, &st);
    if (err != DP_OK)
        return err;
    err = dp_plan(&slot->f, &st, &in, &e, &why, &kinds);
    if (err != DP_OK) { /* asked again with every entry of the case: no alarm for it */
        dp_log(DP_LOG_INFO, "no arrival can be issued: %s", dp_void_text(why));
        return DP_STEP_INVALID;
    }
    return dp_own_issue(d, &e, NULL, 0);
}

enum dp_err dp_settle_arrivals(struct dp_daemon *d, struct dp_slot *slot)
{
    if (dp_stop_issuing(d) != DP_OK)
        return DP_OK; /* a stopped node issues nothing, arrivals included; when it goes on, the sweep does */
    /* An arrival has a higher step than what arrives: it comes behind it, and the indices up to there stay.
     */
    for (uint32_t i = arrival_due(&slot->f, d->id.self, 0); i != DP_FACT_NONE;
         i = arrival_due(&slot->f, d->id.self, i + 1)) {
        enum dp_err e = issue_arrive(d, slot, i);
        if (e != DP_OK && e != DP_STEP_INVALID)
            return e;
    }
    return DP_OK;
}

/* ---- routing down ---- */

struct refs {
    struct dp_daemon *d;
    struct dp_peer *p;
    uint8_t lane;
    struct dp_ref r;
    struct dp_name names[DP_REF_NAMES_MAX];
};

static void refs_flush(struct refs *x)
{
    if (x->r.name_count == 0)
        return;
    x->r.kind = DP_REF_ENTRIES;
    x->r.names = x->names;
    dp_peers_journal(x->d, x->p, x->lane, &x->r);
    x->r.name_count = 0;
}

/* R-DOWN-3 for the block that holds `n`; own entries that are not sealed yet go under our own. */
static void owe_cert(struct refs *x, const struct dp_name *n)
{
    struct dp_daemon *d = x->d;
    uint64_t number;
    uint16_t piece;
    struct dp_slice wire;
    struct dp_header h;
    if (dp_node_eq(n->origin, d->id.self)) {
        dp_certs_owe(d, x->p, x->lane, &d->id.cert.digest);
        return;
    }
    if (dp_db_seq(&d->db, n, &number, &piece) != DP_OK ||
        dp_db_block(&d->db, n->origin, n->inc, number, piece, &wire) != DP_OK || wire.len < DP_HEADER_BYTES ||
        dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &h) != DP_OK)
        return;
    dp_certs_owe(d, x->p, x->lane, &h.cert);
}

/* Entries of about this many together fit a frame with their proofs. */
#define REF_NAMES_ROOM 48

static void refs_add(struct refs *x, const struct dp_name *n)
{
    if (x->r.name_count == REF_NAMES_ROOM)
        refs_flush(x);
    owe_cert(x, n);
    if (dp_node_eq(n->origin, x->d->id.self) && x->p->s.state == DP_SESSION_UP)
        x->d->want_seal = true; /* R-BLK-6: a link that is up asks */
    x->names[x->r.name_count++] = *n;
}

#define WAITING_SCAN 1024 /* journal rows that are looked through */

/*
 * R-LAN-2: what waits of the case in the lane of the cases goes along with its urgent entry, which may not be
 * ready without it. False when too much waits there to look through.
 */
static bool add_waiting(struct refs *x)
{
    const struct dp_session *s = &x->p->s;
    uint64_t from = s->next[DP_LANE_CASES], last = s->lane[DP_LANE_CASES].journal_last;
    if (last >= from + WAITING_SCAN)
        return false;
    for (uint64_t n = from; n <= last; n++) {
        struct dp_ref r;
        if (dp_db_journal(&x->d->db, x->p->node, DP_LANE_CASES, n, &x->d->turn, &r) != DP_OK ||
            r.kind != DP_REF_ENTRIES || !dp_subject_eq(&r.subject, &x->r.subject))
            continue;
        for (uint16_t i = 0; i < r.name_count; i++)
            refs_add(x, &r.names[i]);
    }
    return true;
}

/* Everything so far. */
static void route_all(struct dp_daemon *d, struct dp_slot *slot, struct dp_peer *p, uint8_t lane)
{
    struct refs x = {.d = d, .p = p, .lane = lane, .r = {.subject = slot->f.subject}};
    for (uint32_t i = 0; i < slot->f.count; i++)
        if (dp_route_entry_down(&slot->f.facts[i], p->node))
            refs_add(&x, &slot->f.facts[i].e.name);
    refs_flush(&x);
}

/* R-DOWN-1: everything so far, or what this turn brought. */
static void route_to(struct dp_daemon *d, struct dp_slot *slot, struct dp_peer *p, bool history)
{
    struct refs x = {.d = d, .p = p, .lane = DP_LANE_CASES, .r = {.subject = slot->f.subject}};
    for (const struct dp_fresh *fr = slot->fresh; fr != NULL; fr = fr->next)
        if (fr->urgent)
            x.lane = DP_LANE_URGENT;
    if (x.lane == DP_LANE_URGENT && !history)
        history = !add_waiting(&x);
    if (history) {
        for (uint32_t i = 0; i < slot->f.count; i++)
            if (dp_route_entry_down(&slot->f.facts[i], p->node))
                refs_add(&x, &slot->f.facts[i].e.name);
    } else {
        for (const struct dp_fresh *fr = slot->fresh; fr != NULL; fr = fr->next) {
            uint32_t i = dp_casefile_find(&slot->f, &fr->name);
            if (i != DP_FACT_NONE && dp_route_entry_down(&slot->f.facts[i], p->node))
                refs_add(&x, &fr->name);
        }
    }
    refs_flush(&x);
}

/* R-N3-10: what a lock kept from the child is owed when the last one is lifted. */
static bool was_kept_from(const struct dp_slot *slot, bool reopened, struct dp_node child)
{
    const struct dp_casefile *f = &slot->f;
    return reopened && f->has_reg && dp_n3_denies_node(&f->reg, true, f->subject.name.origin, child);
}

static void route_child(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st, bool reopened,
                        struct dp_peer *p)
{
    bool before = dp_db_routed(&d->db, p->node, &slot->f.subject);
    if (!dp_route_down(&slot->f, st, dp_case_locked(&slot->f), p->node))
        return;
    route_to(d, slot, p, !before || was_kept_from(slot, reopened, p->node));
    if (!before)
        dp_db_routed_put(&d->db, p->node, &slot->f.subject);
}

/* Each child with a party below it, once: parties are sorted, so children come in runs. */
static void route_case(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st, bool reopened)
{
    struct dp_node last = {0};
    for (uint32_t i = 0; i < st->party_count; i++) {
        struct dp_node child = dp_route_child_towards(d->id.self, st->parties[i].node);
        if (child.v == 0 || child.v == last.v)
            continue;
        last = child;
        struct dp_peer *p = dp_peers_find(d, child);
        if (p != NULL && !p->is_parent)
            route_child(d, slot, st, reopened, p);
    }
}

/* No block goes without its certificate before it (R-DOWN-3). */
static bool was_sent_block(struct dp_daemon *d, const struct dp_peer *p, const struct dp_subject *s)
{
    struct dp_slice v;
    struct dp_digest cert;
    if (s->type != DP_SUBJECT_NODE || dp_db_get64(&d->db, DP_T_NODE_CERT, s->name.origin.v, &v) != DP_OK ||
        v.len != sizeof(cert.b))
        return false;
    memcpy(cert.b, v.p, sizeof(cert.b));
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        if (dp_db_sent_cert(&d->db, p->node, lane, &cert))
            return true;
    return dp_db_sent_cert(&d->db, p->node, DP_SENT_BEFORE, &cert);
}

/* R-DOWN-4: data of ours and of ancestors to all below; a node's own subject to whoever has its blocks. */
static void route_other(struct dp_daemon *d, struct dp_slot *slot)
{
    for (uint32_t i = 0; i < d->peer_count; i++) {
        struct dp_peer *p = d->peers[i];
        if (p->is_parent ||
            !dp_route_subject_down(&slot->f.subject, p->node, was_sent_block(d, p, &slot->f.subject)))
            continue;
        bool before = dp_db_routed(&d->db, p->node, &slot->f.subject);
        route_to(d, slot, p, !before);
        if (!before)
            dp_db_routed_put(&d->db, p->node, &slot->f.subject);
    }
}

/* ---- upward ---- */

/* Lowest block of an origin that waits in the lane of the cases. */
struct waiting {
    struct dp_node origin;
    uint32_t inc;
    uint64_t number;
};
#define WAITING_ORIGINS 32

static bool find_waiting(struct dp_daemon *d, const struct dp_peer *p, struct waiting *out, unsigned *count)
{
    uint64_t from = p->s.next[DP_LANE_CASES], last = p->s.lane[DP_LANE_CASES].journal_last;
    *count = 0;
    if (last >= from + WAITING_SCAN)
        return false;
    for (uint64_t n = from; n <= last; n++) {
        struct dp_ref r;
        unsigned i = 0;
        if (dp_db_journal(&d->db, p->node, DP_LANE_CASES, n, &d->turn, &r) != DP_OK || r.kind != DP_REF_BLOCK)
            continue;
        while (i < *count && (!dp_node_eq(out[i].origin, r.origin) || out[i].inc != r.inc))
            i++;
        if (i == WAITING_ORIGINS)
            return false;
        if (i == *count) /* numbers rise: the first is the lowest */
            out[(*count)++] = (struct waiting){r.origin, r.inc, r.number};
    }
    return true;
}

static bool is_waiting(struct dp_daemon *d, const struct waiting *w, unsigned count, const struct dp_name *n)
{
    uint64_t number;
    uint16_t piece;
    if (dp_node_eq(n->origin, d->id.self) && n->inc == d->own.inc && n->seq > d->own.sealed_seq)
        return true;
    if (dp_db_seq(&d->db, n, &number, &piece) != DP_OK || piece != 0)
        return true; /* came by itself: its block is not here yet */
    for (unsigned i = 0; i < count; i++)
        if (dp_node_eq(w[i].origin, n->origin) && w[i].inc == n->inc)
            return number >= w[i].number;
    return false;
}

/* R-LAN-2: an urgent entry from below overtakes what waits, with the entries of its case that wait too. */
static void urgent_up(struct dp_daemon *d, struct dp_slot *slot)
{
    struct dp_peer *p = dp_peers_parent(d);
    struct waiting w[WAITING_ORIGINS];
    unsigned count;
    bool urgent = false;
    if (p == NULL)
        return;
    for (const struct dp_fresh *fr = slot->fresh; fr != NULL; fr = fr->next)
        urgent |= fr->urgent && dp_node_covers(d->id.self, fr->name.origin);
    if (!urgent || p->s.next[DP_LANE_CASES] + 2 >= p->s.lane[DP_LANE_CASES].journal_last)
        return; /* nothing waits: the block is as fast */
    struct refs x = {.d = d, .p = p, .lane = DP_LANE_URGENT, .r = {.subject = slot->f.subject}};
    bool all = !find_waiting(d, p, w, &count);
    for (uint32_t i = 0; i < slot->f.count; i++) {
        const struct dp_name *n = &slot->f.facts[i].e.name;
        if (dp_node_covers(d->id.self, n->origin) && (all || is_waiting(d, w, count, n)))
            refs_add(&x, n);
    }
    refs_flush(&x);
}

/* ---- locks ---- */

/* Whether the turn brought, or decided, a valid entry of that kind. */
static bool brought(const struct dp_slot *slot, uint8_t kind)
{
    const struct dp_casefile *f = &slot->f;
    for (const struct dp_fresh *fr = slot->fresh; fr != NULL; fr = fr->next) {
        uint32_t i = dp_casefile_find(f, &fr->name);
        if (i != DP_FACT_NONE && f->facts[i].e.kind == kind && f->facts[i].verdict == DP_VALID)
            return true;
    }
    for (uint32_t i = 0; slot->woken && i < f->count; i++)
        if (f->facts[i].e.kind == kind && f->facts[i].verdict == DP_VALID)
            return true;
    return false;
}

/*
 * R-N3-10: with a lock, what waits for a line to a node that is denied now goes nowhere. When the last one is
 * lifted, keys go on to whom it kept them from; *reopened then.
 */
static enum dp_err locks(struct dp_daemon *d, struct dp_slot *slot, bool *reopened)
{
    bool locked = dp_case_locked(&slot->f);
    *reopened = !locked && brought(slot, DP_KIND_UNLOCK);
    if (*reopened)
        slot->keys_all = true;
    return locked && brought(slot, DP_KIND_LOCK) ? dp_parcels_recall(d, slot) : DP_OK;
}

static enum dp_err settle_slot(struct dp_daemon *d, struct dp_slot *slot)
{
    struct dp_state st;
    bool reopened = false;
    enum dp_err e = DP_OK;
    if (slot->f.subject.type != DP_SUBJECT_CASE) {
        route_other(d, slot);
        return DP_OK;
    }
    e = dp_settle_arrivals(d, slot);
    if (e == DP_OK)
        e = dp_duties_case(d, slot);
    if (e == DP_OK)
        e = locks(d, slot, &reopened);
    if (e != DP_OK)
        return e;
    dp_arena_reset(&d->look);
    e = dp_fold(&slot->f, &d->look, &st);
    if (e != DP_OK)
        return e;
    if (d->peer_count > (d->id.parent.v != 0 ? 1u : 0u))
        route_case(d, slot, &st, reopened);
    urgent_up(d, slot);
    e = dp_post_settle(d, slot, &st);
    if (e != DP_OK)
        return e;
    return dp_keys_settle(d, slot, &st);
}

enum dp_err dp_settle(struct dp_daemon *d)
{
    /* What a settled case wakes in others is put in front of the list: go on until nothing is new. */
    struct dp_slot *done = NULL;
    while (d->touched != done) {
        struct dp_slot *head = d->touched;
        for (struct dp_slot *slot = head; slot != done; slot = slot->touched_next) {
            enum dp_err e = settle_slot(d, slot);
            if (e != DP_OK)
                return e;
        }
        done = head;
    }
    return DP_OK;
}

static void settle_child_with(struct dp_daemon *d, struct dp_slot *slot, struct dp_peer *child)
{
    const struct dp_subject *s = &slot->f.subject;
    struct dp_state st;
    slot->fresh = NULL;
    if (s->type == DP_SUBJECT_CASE) {
        dp_arena_reset(&d->look);
        if (dp_fold(&slot->f, &d->look, &st) == DP_OK && dp_state_party_below(&st, child->node))
            route_child(d, slot, &st, false, child);
    } else if (dp_route_subject_down(s, child->node, false)) {
        route_to(d, slot, child, true);
        dp_db_routed_put(&d->db, child->node, s);
    }
}

/* R-LAN-1: with an urgent entry the whole of it is urgent. */
static uint8_t lane_of(const struct dp_slot *slot, const struct dp_peer *p)
{
    for (uint32_t i = 0; i < slot->f.count; i++) {
        const struct dp_fact *x = &slot->f.facts[i];
        if (dp_route_entry_down(x, p->node) &&
            dp_route_lane(&x->e, slot->f.has_reg ? &slot->f.reg : NULL) == DP_LANE_URGENT)
            return DP_LANE_URGENT;
    }
    return DP_LANE_CASES;
}

enum dp_err dp_settle_again(struct dp_daemon *d, struct dp_slot *slot, struct dp_peer *child)
{
    const struct dp_subject *s = &slot->f.subject;
    if (s->type == DP_SUBJECT_CASE) {
        struct dp_state st;
        dp_arena_reset(&d->look);
        enum dp_err e = dp_fold(&slot->f, &d->look, &st);
        if (e != DP_OK)
            return e;
        if (!dp_route_down(&slot->f, &st, dp_case_locked(&slot->f), child->node))
            return DP_OK;
    } else if (!dp_route_subject_down(s, child->node, was_sent_block(d, child, s))) {
        return DP_OK;
    }
    route_all(d, slot, child, lane_of(slot, child));
    return DP_OK;
}

void dp_settle_child(struct dp_daemon *d, struct dp_peer *child)
{
    static const uint8_t types[] = {DP_SUBJECT_NODE, DP_SUBJECT_DATA, DP_SUBJECT_CASE};
    for (unsigned t = 0; t < sizeof types; t++) {
        struct dp_subject s = {.type = types[t]};
        struct dp_slice packed;
        while (dp_db_case_next(&d->db, &s, &packed) == DP_OK) {
            enum dp_err e;
            struct dp_slot *slot = dp_cache_find(d, &s, &e);
            if (slot == NULL || slot->touched)
                continue; /* touched ones are routed at the end of the turn */
            settle_child_with(d, slot, child);
            dp_cache_pass(d, slot);
        }
    }
}
