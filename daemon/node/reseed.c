/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journals begun anew, at their sender (R-RSD-1 to R-RSD-8): ask the peer what it holds, compare with what
 * was once sent there or has to be, and journal the differences. The question moves on in the transaction
 * that journals them. A list entitles to nothing: what goes is decided as if it went for the first time.
 */
#include "node/passed.h"

#include <stdio.h>
#include <string.h>

#define LOOK_MAX 4096 /* records compared in one turn */

struct work {
    struct dp_daemon *d;
    struct dp_peer *p;
    struct dp_list_page page;
    struct dp_reseed_walk walk;
    struct dp_list_key through; /* how far this turn came */
    uint32_t looked;
};

/* False when the page or the turn's share ends before `key`. */
static bool take(struct work *w, const struct dp_list_key *key)
{
    if (dp_list_key_cmp(key, &w->page.through) > 0 || w->looked == LOOK_MAX)
        return false;
    w->looked++;
    w->through = *key;
    return true;
}

/* Everything of ours up to the end of the page was looked at. */
static void whole_page(struct work *w)
{
    if (w->looked < LOOK_MAX)
        w->through = w->page.through;
}

/* ---- certificates ---- */

/*
 * R-DOWN-3: one that is there counts as sent in every lane; one that is not goes again, unless something that
 * needed it has taken it along meanwhile.
 */
static void compare_cert(struct work *w, const struct dp_digest *cert, bool is_there)
{
    struct dp_db *db = &w->d->db;
    bool is_sent = false;
    if (!dp_db_sent_cert(db, w->p->node, DP_SENT_BEFORE, cert))
        return;
    dp_db_sent_cert_del(db, w->p->node, DP_SENT_BEFORE, cert);
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        is_sent |= dp_db_sent_cert(db, w->p->node, lane, cert);
        if (is_there)
            dp_db_sent_cert_put(db, w->p->node, lane, cert);
    }
    if (!is_there && !is_sent)
        dp_certs_owe(w->d, w->p, DP_LANE_CONTROL, cert);
}

/* The next row of a table whose keys are digests; *at moves. */
static enum dp_err next_digest(struct work *w, enum dp_table t, struct dp_list_key *at, struct dp_slice *v)
{
    struct dp_slice key = dp_slice_of(at->b, sizeof at->b);
    enum dp_err e = dp_db_next_key(&w->d->db, t, dp_slice_of("", 0), &key, v);
    if (e == DP_OK && key.len != sizeof at->b)
        return DP_CORRUPT;
    if (e == DP_OK)
        *at = dp_list_key_of(key.p, key.len);
    return e;
}

static enum dp_err compare_certs(struct work *w)
{
    struct dp_list_key at = w->page.after;
    struct dp_slice v;
    enum dp_err e;
    while ((e = next_digest(w, DP_T_CERT, &at, &v)) == DP_OK && take(w, &at)) {
        struct dp_digest cert;
        memcpy(cert.b, at.b, sizeof cert.b);
        compare_cert(w, &cert, dp_reseed_find(&w->walk, &at) != NULL);
    }
    return e;
}

/* ---- chains, upward ---- */

static enum dp_err header_of(struct work *w, struct dp_node origin, uint32_t inc, uint64_t number,
                             struct dp_header *out)
{
    struct dp_slice wire;
    enum dp_err e = dp_db_block(&w->d->db, origin, inc, number, 0, &wire);
    if (e != DP_OK)
        return e == DP_NOT_FOUND ? DP_CORRUPT : e;
    return wire.len < DP_HEADER_BYTES ? DP_CORRUPT : dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), out);
}

static void journal_block(struct dp_daemon *d, struct dp_peer *p, const struct dp_header *h)
{
    struct dp_ref r = {.kind = DP_REF_BLOCK, .origin = h->origin, .inc = h->inc, .number = h->number};
    dp_certs_owe(d, p, DP_LANE_CASES, &h->cert);
    dp_peers_journal(d, p, DP_LANE_CASES, &r);
}

/* R-UP-1: without holes. Before the parent told what it holds of the chain, nobody knows what comes next. */
void dp_reseed_block(struct dp_daemon *d, struct dp_peer *parent, const struct dp_header *h)
{
    uint8_t key[12];
    struct dp_wr w = dp_wr_of(key, sizeof key);
    dp_wr_u64(&w, h->origin.v);
    dp_wr_u32(&w, h->inc);
    struct dp_list_key at = dp_list_key_of(key, sizeof key);
    if (!dp_reseed_to_come(&parent->row.reseed, DP_LIST_CHAINS, &at))
        journal_block(d, parent, h);
}

/* R-RSD-6 */
static enum dp_err queue_blocks(struct work *w, struct dp_node origin, uint32_t inc, uint64_t last,
                                const struct dp_list_row *theirs)
{
    struct dp_header h;
    struct dp_digest digest;
    bool agrees = false;
    enum dp_err e = DP_OK;
    if (theirs != NULL && theirs->count > last) {
        w->walk.unknown++;
        return DP_OK; /* it holds what we do not: nothing to send */
    }
    if (theirs != NULL && theirs->count > 0) {
        e = header_of(w, origin, inc, theirs->count, &h);
        if (e != DP_OK)
            return e;
        dp_header_digest(w->d->suite, &h, &digest);
        agrees = memcmp(digest.b, theirs->digest, sizeof theirs->digest) == 0;
    }
    for (uint64_t n = dp_reseed_block_from(theirs, agrees); n <= last && e == DP_OK; n++) {
        e = header_of(w, origin, inc, n, &h);
        if (e == DP_OK)
            journal_block(w->d, w->p, &h);
    }
    return e;
}

static enum dp_err compare_chains(struct work *w)
{
    struct dp_list_key at = w->page.after;
    enum dp_err e = DP_OK;
    while (e == DP_OK) {
        struct dp_chain_row row;
        struct dp_slice key = dp_slice_of(at.b, 12), v;
        e = dp_db_next_key(&w->d->db, DP_T_CHAIN, dp_slice_of("", 0), &key, &v);
        if (e != DP_OK || key.len != 12)
            return e != DP_OK ? e : DP_CORRUPT;
        at = dp_list_key_of(key.p, key.len);
        if (!take(w, &at))
            break;
        struct dp_rd r = dp_rd_of(dp_slice_of(at.b, sizeof at.b));
        struct dp_node origin = {.v = dp_rd_u64(&r)};
        uint32_t inc = dp_rd_u32(&r);
        const struct dp_list_row *theirs = dp_reseed_find(&w->walk, &at);
        if (!dp_route_up(w->d->id.self, origin))
            continue;
        e = dp_db_chain(&w->d->db, origin, inc, &row);
        if (e == DP_OK)
            e = queue_blocks(w, origin, inc, row.number, theirs);
    }
    return e;
}

/* ---- subjects, downward ---- */

static enum dp_err compare_subject(struct work *w, const struct dp_subject *s,
                                   const struct dp_list_row *theirs)
{
    struct dp_list_row ours;
    enum dp_err e;
    struct dp_slot *slot = dp_cache_find(w->d, s, &e);
    if (slot == NULL)
        return e == DP_NOT_FOUND ? DP_OK : e;
    e = dp_listing_row(w->d, &slot->f, w->p->node, &ours);
    if (e == DP_OK && !dp_reseed_same(&ours, theirs))
        e = dp_settle_again(w->d, slot, w->p);
    dp_cache_pass(w->d, slot);
    return e;
}

static enum dp_err compare_subjects(struct work *w)
{
    struct dp_list_key at = w->page.after;
    struct dp_subject s;
    enum dp_err e;
    while ((e = dp_db_routed_next(&w->d->db, w->p->node, &at, &s)) == DP_OK && take(w, &at)) {
        e = compare_subject(w, &s, dp_reseed_find(&w->walk, &at));
        if (e != DP_OK)
            break;
    }
    return e;
}

/* ---- parcels ---- */

#define LARGE 16384 /* chunks of attachments are above it, nearly all else is below */

/* R-N3-3: whether the matter of this entry was denied to the node meanwhile. */
static enum dp_err is_denied(struct dp_daemon *d, const struct dp_name *n, struct dp_node to, bool *out)
{
    struct dp_slice bytes;
    struct dp_entry x;
    enum dp_err e = dp_entry_bytes(d, n, &bytes);
    if (e == DP_OK)
        e = dp_entry_decode(bytes, n, &d->turn, &x);
    if (e != DP_OK)
        return e;
    *out = false;
    struct dp_slot *slot = x.subject.type == DP_SUBJECT_CASE ? dp_cache_find(d, &x.subject, &e) : NULL;
    if (slot != NULL && slot->f.has_reg)
        *out = dp_n3_denies_node(&slot->f.reg, dp_case_locked(&slot->f), x.subject.name.origin, to);
    else if (slot != NULL)
        *out = dp_case_locked(&slot->f);
    return e;
}

/* Of a parcel with content that may not go any more the rest is sealed again. */
static enum dp_err judge_content(struct work *w, struct dp_node to, const struct dp_ref *r, bool *whole)
{
    bool denied[DP_REF_NAMES_MAX];
    *whole = true;
    for (uint16_t i = 0; i < r->name_count; i++) {
        enum dp_err e = is_denied(w->d, &r->names[i], to, &denied[i]);
        if (e != DP_OK)
            return e;
        *whole = *whole && !denied[i];
    }
    for (uint16_t i = 0; i < r->name_count && !*whole; i++) {
        enum dp_err e =
            denied[i] ? DP_OK : dp_parcels_again(w->d, &r->digest, &r->names[i], to, DP_LANE_CASES);
        if (e != DP_OK)
            return e;
    }
    return DP_OK;
}

/* A parcel that is here still. */
static enum dp_err queue_parcel(struct work *w, const struct dp_digest *digest, struct dp_node to, size_t len)
{
    bool whole = true;
    struct dp_parcel_of of = {0};
    struct dp_ref r = {.kind = DP_REF_PARCEL, .digest = *digest, .subject = dp_subject_of_node(to)};
    enum dp_err e = dp_db_parcel_of(&w->d->db, digest, &w->d->turn, &of);
    r.names = of.names;
    r.name_count = of.count;
    if (e == DP_OK)
        e = judge_content(w, to, &r, &whole);
    else if (e == DP_NOT_FOUND)
        e = DP_OK; /* sealed elsewhere, or no content of entries */
    if (e == DP_OK && whole)
        dp_peers_journal(w->d, w->p, len > LARGE ? DP_LANE_BULK : DP_LANE_CASES, &r);
    return e;
}

/* R-PARC-2: it has gone from here, and the peer has lost it: what of it is held here still is sealed anew. */
static enum dp_err seal_again(struct work *w, const struct dp_digest *digest)
{
    struct dp_parcel_of of;
    bool denied = false;
    enum dp_err e = dp_db_parcel_of(&w->d->db, digest, &w->d->turn, &of);
    if (e != DP_OK || dp_peers_towards(w->d, of.to) != w->p)
        return e;
    for (uint16_t i = 0; i < of.count && e == DP_OK; i++) {
        struct dp_entry x;
        struct dp_slice bytes;
        e = is_denied(w->d, &of.names[i], of.to, &denied);
        if (e != DP_OK || denied)
            continue;
        e = dp_entry_bytes(w->d, &of.names[i], &bytes);
        if (e == DP_OK)
            e = dp_entry_decode(bytes, &of.names[i], &w->d->turn, &x);
        if (e == DP_OK)
            e = dp_own_hand(w->d, &x, of.to, DP_LANE_CASES);
    }
    dp_db_del_key(&w->d->db, DP_T_PARCEL_OF, dp_slice_of(digest->b, sizeof digest->b));
    return e;
}

/* The next parcel that is here, or was sealed here; *v empty when it has gone. */
static enum dp_err next_parcel(struct work *w, struct dp_list_key *at, struct dp_slice *v)
{
    struct dp_list_key here = *at, sealed = *at;
    struct dp_slice of;
    enum dp_err e = next_digest(w, DP_T_PARCEL, &here, v);
    enum dp_err e2 = e == DP_OK || e == DP_NOT_FOUND ? next_digest(w, DP_T_PARCEL_OF, &sealed, &of) : e;
    if (e2 != DP_OK && e2 != DP_NOT_FOUND)
        return e2;
    if (e == DP_OK && (e2 != DP_OK || dp_list_key_cmp(&here, &sealed) <= 0)) {
        *at = here;
        return DP_OK;
    }
    *v = (struct dp_slice){0};
    *at = e2 == DP_OK ? sealed : *at;
    return e2;
}

static enum dp_err compare_parcels(struct work *w)
{
    struct dp_list_key at = w->page.after;
    struct dp_slice v;
    enum dp_err e;
    while ((e = next_parcel(w, &at, &v)) == DP_OK && take(w, &at)) {
        struct dp_digest digest;
        struct dp_node to;
        memcpy(digest.b, at.b, sizeof digest.b);
        if (dp_reseed_find(&w->walk, &at) != NULL)
            continue;
        if (v.len == 0)
            e = seal_again(w, &digest);
        else if (dp_parcel_recipient(v, &to) != DP_OK)
            e = DP_CORRUPT;
        else if (dp_peers_towards(w->d, to) == w->p)
            e = queue_parcel(w, &digest, to, v.len);
        if (e != DP_OK)
            return e;
    }
    return e;
}

/* ---- pages ---- */

static enum dp_err compare(struct work *w)
{
    switch ((enum dp_list_part)w->page.part) {
    case DP_LIST_CERTS:
        return compare_certs(w);
    case DP_LIST_CHAINS:
        return compare_chains(w);
    case DP_LIST_SUBJECTS:
        return compare_subjects(w);
    case DP_LIST_PARCELS:
        return compare_parcels(w);
    }
    return DP_INTERNAL;
}

/* N5: one alarm for all peers, as long as any list is owed. */
static void watch(struct dp_daemon *d)
{
    for (uint32_t i = 0; i < d->peer_count; i++)
        if (d->peers[i]->row.reseed.part != 0) {
            dp_alarm(d, "reseed",
                     "a journal was begun anew: what the peer lacks is found out and sent again");
            return;
        }
    dp_alarm_clear(d, "reseed");
}

static bool decode(struct dp_daemon *d, const struct dp_list_frame *f, struct dp_list_page *out)
{
    struct dp_list_row *rows = DP_NEW_ARRAY(&d->turn, struct dp_list_row, dp_list_rows(f) + 1);
    if (rows == NULL)
        return false;
    for (uint32_t i = 0; i < dp_list_rows(f); i++)
        dp_list_row_get(f, i, &rows[i]);
    *out = (struct dp_list_page){f->part, f->after, f->through, rows, dp_list_rows(f)};
    return true;
}

static void advance(struct work *w)
{
    char node[DP_NODE_TEXT];
    uint32_t unknown = dp_reseed_unknown(&w->walk, &w->through);
    dp_node_format(w->p->node, node);
    if (unknown > 0) /* R-RSD-5: told, and nothing else */
        dp_log(DP_LOG_WARN, "link %s: lists %u records of which nothing is to be sent here", node, unknown);
    dp_reseed_advance(&w->p->row.reseed, &w->through, !w->p->is_parent);
    w->p->row_dirty = true;
    w->p->ask_due = w->p->row.reseed.part != 0;
    if (!w->p->ask_due)
        dp_log(DP_LOG_NOTICE, "link %s: what it lacks is in its journals again", node);
    watch(w->d);
}

void dp_reseed_page(struct dp_daemon *d, struct dp_peer *p, const struct dp_list_frame *f)
{
    struct work w = {.d = d, .p = p};
    p->listed = true; /* if the turn fails, only a new hello brings the question again */
    if (d->turn_error != DP_OK)
        return;
    if (!decode(d, f, &w.page)) {
        d->turn_error = DP_NOMEM;
        return;
    }
    if (p->s.state != DP_SESSION_UP || f->gen != p->s.gen_out || !dp_reseed_fits(&p->row.reseed, &w.page)) {
        d->n.frames_dropped++;
        return;
    }
    w.walk.page = &w.page;
    w.through = w.page.after;
    enum dp_err e = compare(&w);
    if (e != DP_OK && e != DP_NOT_FOUND) {
        d->turn_error = e;
        return;
    }
    whole_page(&w);
    advance(&w);
}

void dp_reseed_ask(struct dp_daemon *d, struct dp_peer *p)
{
    struct dp_frame f = {.type = DP_FRAME_ASK};
    if (!p->ask_due || p->s.state != DP_SESSION_UP || !p->s.greeted)
        return;
    f.u.ask = (struct dp_ask_frame){p->row.reseed.part, p->s.gen_out, p->row.reseed.after};
    p->ask_due = dp_send_frame(d, p, &f) == DP_AGAIN;
}

/* R-RSD-2: the peer's journals are new; what this turn applied of the old ones stands, and counts no more. */
static void began_anew(struct dp_daemon *d, struct dp_peer *p)
{
    memset(p->applied, 0, sizeof p->applied);
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        p->saved[lane].durable_in = 0;
    dp_shelf_forget(d, p);
}

void dp_reseed_greeted(struct dp_daemon *d, struct dp_peer *p, const struct dp_hello *h, uint32_t gen_in)
{
    if (p->s.gen_in != gen_in)
        began_anew(d, p);
    /* R-RSD-3: the peer has known these journals, and went back behind them. What they hold begins in the
     * middle. */
    if ((h->your_gen != p->s.gen_out && dp_reseed_moved(&p->row.reseed)) || dp_passed_is_behind(p))
        dp_peers_renew(d, p);
    p->ask_due = p->row.reseed.part != 0;
    watch(d);
}
