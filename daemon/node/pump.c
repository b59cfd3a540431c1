/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour 8/9: journals into frames, after the commit and never before (R-STO-1). What a frame may show is
 * decided here, at the last moment (R-N3-3): an item of which nothing may go becomes an empty one, so that
 * numbers stay without holes and the peer learns nothing.
 */
#include "node/post.h"
#include "node/unsent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum dp_err dp_send_frame(struct dp_daemon *d, struct dp_peer *p, const struct dp_frame *f)
{
    dp_buf_reset(&d->frame);
    enum dp_err e = dp_frame_put(f, &d->frame);
    if (e != DP_OK)
        return e;
    e = d->port.transport.send(d->port.transport.ctx, p->node, dp_buf_slice(&d->frame));
    if (e == DP_AGAIN)
        d->blocked = true;
    else if (e == DP_OK && f->type == DP_FRAME_HELLO)
        dp_session_greeted(&p->s, d->frame.len, d->now_mono);
    else if (e == DP_OK && f->type != DP_FRAME_ITEM)
        dp_session_said(&p->s, d->frame.len, d->now_mono);
    return e;
}

void dp_say_hello(struct dp_daemon *d, struct dp_peer *p)
{
    struct dp_hello_facts facts;
    struct dp_frame f = {.type = DP_FRAME_HELLO};
    dp_peers_facts(d, p, NULL, &facts);
    if (dp_db_error(&d->db) != DP_OK) {
        d->retry_ms = d->now_mono + 1000; /* in another transaction */
        return;
    }
    dp_session_hello(&p->s, &facts, d->now_wall, d->port.clock.synced(d->port.clock.ctx),
                     dp_stop_issuing(d) != DP_OK, &d->id.cert.digest, DP_PROGRAM_VERSION, &f.u.hello);
    if (dp_send_frame(d, p, &f) == DP_OK)
        p->hello_due = false;
}

void dp_say_bye(struct dp_daemon *d, struct dp_peer *p, enum dp_stop why)
{
    struct dp_frame f = {.type = DP_FRAME_BYE, .u.bye = {.reason = (uint16_t)why, .node = p->node}};
    if (dp_proof_belongs(why))
        dp_proof_show(d, p); /* R-HEL-6: unasked, so that nobody has to take our word */
    if (dp_send_frame(d, p, &f) != DP_AGAIN)
        p->bye = 0; /* said, or nobody is there to hear it; a stopped link says it again when it comes up */
}

/* ---- entries, pruned ---- */

struct piece {
    struct dp_node origin;
    uint32_t inc;
    uint64_t number;
    uint16_t piece;
    uint16_t index;
    uint64_t seq;
};

static int piece_cmp(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->origin.v != y->origin.v)
        return x->origin.v < y->origin.v ? -1 : 1;
    if (x->inc != y->inc)
        return x->inc < y->inc ? -1 : 1;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->piece != y->piece)
        return x->piece < y->piece ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool same_piece(const struct piece *x, const struct piece *y)
{
    return x->origin.v == y->origin.v && x->inc == y->inc && x->number == y->number && x->piece == y->piece;
}

/* One pruned block from a run of entries that lie in the same stored block or piece. */
static enum dp_err prune_run(struct dp_daemon *d, const struct piece *run, uint16_t n, struct dp_buf *out)
{
    struct dp_slice wire;
    struct dp_block b;
    uint16_t index[DP_REF_NAMES_MAX];
    uint8_t len[4];
    struct dp_wr w = dp_wr_of(len, sizeof len);
    enum dp_err e = dp_db_block(&d->db, run->origin, run->inc, run->number, run->piece, &wire);
    if (e == DP_OK)
        e = run->piece == 0 ? dp_block_decode(d->suite, wire, &d->look, &b)
                            : dp_block_decode_pruned(d->suite, wire, &d->look, &b);
    if (e != DP_OK)
        return e;
    for (uint16_t i = 0; i < n; i++)
        index[i] = (uint16_t)(run[i].seq - b.h.first_seq);
    size_t at = out->len;
    e = dp_buf_put(out, len, sizeof len);
    if (e == DP_OK)
        e = dp_block_prune(d->suite, &b, index, n, &d->look, out);
    if (e != DP_OK)
        return e;
    dp_wr_u32(&w, (uint32_t)(out->len - at - sizeof len));
    memcpy(out->p + at, len, sizeof len);
    return DP_OK;
}

/* R-N3-3. DP_DENIED: nothing of it may go. Any other error says nothing about that, and the item waits. */
static enum dp_err may_show(struct dp_daemon *d, struct dp_peer *p, const struct dp_subject *s,
                            const struct dp_casefile **of)
{
    enum dp_err e;
    *of = NULL;
    if (p->is_parent || s->type != DP_SUBJECT_CASE)
        return DP_OK;
    struct dp_slot *slot = dp_cache_find(d, s, &e);
    if (slot == NULL)
        return e == DP_NOT_FOUND ? DP_CORRUPT : e;
    *of = &slot->f;
    bool locked = dp_case_locked(&slot->f);
    if (!slot->f.has_reg)
        return locked ? DP_DENIED : DP_OK; /* an order without its case */
    return dp_n3_denies_node(&slot->f.reg, locked, slot->f.subject.name.origin, p->node) ? DP_DENIED : DP_OK;
}

/* R-N3-7: the case goes on there without the entry, or stands still; either is better than to tell. */
static bool is_kept_back(struct dp_daemon *d, const struct dp_peer *p, const struct dp_casefile *f,
                         const struct dp_name *n)
{
    char node[DP_NODE_TEXT], text[160];
    if (f == NULL || !dp_named_denies_node(d, f, n, p->node))
        return false;
    dp_node_format(p->node, node);
    snprintf(text, sizeof text,
             "an entry is kept back from %s by rule N3: its case may stand still there; take it back", node);
    dp_alarm_of(d, "withheld", p->node, text);
    return true;
}

bool dp_pump_is_empty(struct dp_daemon *d, struct dp_peer *p, const struct dp_ref *r)
{
    const struct dp_casefile *f;
    enum dp_err e = r->name_count == 0 ? DP_DENIED : may_show(d, p, &r->subject, &f);
    bool empty = e == DP_DENIED;
    if (e != DP_OK)
        return empty;
    for (uint16_t i = 0; i < r->name_count; i++)
        if (!is_kept_back(d, p, f, &r->names[i]))
            return false;
    return !dp_is_starved(d);
}

/* Where the entries lie that may go to the peer. */
static enum dp_err locate(struct dp_daemon *d, const struct dp_peer *p, const struct dp_casefile *f,
                          const struct dp_ref *r, struct piece *out, uint16_t *count)
{
    *count = 0;
    for (uint16_t i = 0; i < r->name_count; i++) {
        const struct dp_name *n = &r->names[i];
        struct piece *x = &out[*count];
        if (is_kept_back(d, p, f, n))
            continue;
        if (dp_node_eq(n->origin, d->id.self) && n->inc == d->own.inc && n->seq > d->own.sealed_seq) {
            d->want_seal = true;
            return DP_AGAIN; /* sealed at the end of the next turn */
        }
        enum dp_err e = dp_db_seq(&d->db, n, &x->number, &x->piece);
        if (e != DP_OK)
            return e == DP_NOT_FOUND ? DP_CORRUPT : e;
        x->origin = n->origin;
        x->inc = n->inc;
        x->seq = n->seq;
        (*count)++;
    }
    qsort(out, *count, sizeof out[0], piece_cmp);
    return DP_OK;
}

/* Body of a DP_ITEM_PRUNED of which nothing goes. */
static const uint8_t nothing[2] = {0, 0};

/* Body of a DP_ITEM_PRUNED: count, then pruned blocks. */
static enum dp_err build_pruned(struct dp_daemon *d, struct dp_peer *p, const struct dp_ref *r,
                                struct dp_buf *out)
{
    struct piece pieces[DP_REF_NAMES_MAX];
    uint16_t n = 0, blocks = 0;
    const struct dp_casefile *f;
    enum dp_err e = may_show(d, p, &r->subject, &f);
    if (e == DP_DENIED)
        return dp_buf_put(out, nothing, sizeof nothing);
    if (e == DP_OK)
        e = locate(d, p, f, r, pieces, &n);
    if (e == DP_OK)
        e = dp_buf_put(out, nothing, sizeof nothing);
    for (uint16_t i = 0; i < n && e == DP_OK; blocks++) {
        uint16_t k = 1;
        while ((uint32_t)i + k < n && same_piece(&pieces[i], &pieces[i + k]))
            k++;
        e = prune_run(d, &pieces[i], k, out);
        i = (uint16_t)(i + k);
    }
    if (e == DP_OK) {
        out->p[0] = (uint8_t)(blocks >> 8);
        out->p[1] = (uint8_t)blocks;
    }
    return e;
}

static enum dp_err build_chunk(struct dp_daemon *d, const struct dp_ref *r, struct dp_buf *out)
{
    struct dp_slice v;
    uint8_t head[36];
    struct dp_wr w = dp_wr_of(head, sizeof head);
    enum dp_err e = dp_db_chunk(&d->db, &r->digest, r->index, &v);
    if (e != DP_OK)
        return e;
    dp_wr_bytes(&w, r->digest.b, sizeof r->digest.b);
    dp_wr_u32(&w, r->index);
    e = dp_buf_put(out, head, sizeof head);
    return e == DP_OK ? dp_buf_put(out, v.p, v.len) : e;
}

/* The body of one journal item. The slice is borrowed from the store or from d->scratch. */
static enum dp_err build(struct dp_daemon *d, struct dp_peer *p, const struct dp_ref *r, uint8_t *kind,
                         struct dp_slice *body)
{
    enum dp_err e = DP_FORMAT;
    dp_buf_reset(&d->scratch);
    switch ((enum dp_ref_kind)r->kind) {
    case DP_REF_BLOCK:
        *kind = DP_ITEM_BLOCK;
        return dp_db_block(&d->db, r->origin, r->inc, r->number, 0, body);
    case DP_REF_CERT:
        *kind = DP_ITEM_CERT;
        return dp_db_get32(&d->db, DP_T_CERT, &r->digest, body);
    case DP_REF_PARCEL:
        *kind = DP_ITEM_PARCEL;
        e = dp_db_get32(&d->db, DP_T_PARCEL, &r->digest, body);
        if (e != DP_NOT_FOUND)
            return e;
        *kind = DP_ITEM_PRUNED; /* R-PARC-2: it has gone, and only the number is left */
        e = dp_buf_put(&d->scratch, nothing, sizeof nothing);
        break;
    case DP_REF_ENTRIES:
        *kind = DP_ITEM_PRUNED;
        e = build_pruned(d, p, r, &d->scratch);
        break;
    case DP_REF_POST:
        *kind = DP_ITEM_POST;
        return dp_post_hop_get(d, p->node, r->number, body);
    case DP_REF_CHUNK:
        *kind = DP_ITEM_CHUNK;
        e = build_chunk(d, r, &d->scratch);
        break;
    }
    *body = dp_buf_slice(&d->scratch);
    return e;
}

static bool is_nothing(const struct dp_item_frame *it)
{
    return it->kind == DP_ITEM_PRUNED && it->body.len == 2 && it->body.p[0] == 0 && it->body.p[1] == 0;
}

static enum dp_err send_item(struct dp_daemon *d, struct dp_peer *p, uint8_t lane, uint64_t number)
{
    static const uint8_t none[2] = {0, 0};
    struct dp_ref r;
    struct dp_frame f = {.type = DP_FRAME_ITEM};
    dp_arena_reset(&d->look);
    enum dp_err e = dp_db_journal(&d->db, p->node, lane, number, &d->look, &r);
    if (e == DP_OK)
        e = build(d, p, &r, &f.u.item.kind, &f.u.item.body);
    if (e == DP_NOT_FOUND && lane == DP_LANE_BULK) {
        /* R-POST-6: a post that the peer had, and lost with its store. Numbers stay without holes. */
        f.u.item.kind = DP_ITEM_PRUNED;
        f.u.item.body = dp_slice_of(none, sizeof none);
        e = DP_OK;
    }
    if (e != DP_OK)
        return e;
    if (dp_is_starved(d))
        return DP_NOMEM; /* what may be shown was not known for sure */
    if (!dp_session_fits(&p->s, lane, (uint32_t)f.u.item.body.len + DP_ITEM_HEAD_BYTES))
        return DP_AGAIN; /* the acks that make room wake the pump */
    if (number > p->s.sent[lane] && is_nothing(&f.u.item)) {
        p->unsent_due = true; /* R-JRN-3: it leaves the journal in the next turn */
        return DP_AGAIN;
    }
    f.u.item.lane = lane;
    f.u.item.epoch = p->s.lane[lane].epoch_out;
    f.u.item.number = number;
    f.u.item.total = (uint32_t)f.u.item.body.len;
    e = dp_send_frame(d, p, &f);
    if (e == DP_OK)
        dp_session_sent(&p->s, lane, number, (uint32_t)f.u.item.body.len + DP_ITEM_HEAD_BYTES, d->now_mono);
    return e;
}

void dp_pump_peer(struct dp_daemon *d, struct dp_peer *p)
{
    uint8_t lane;
    uint64_t number;
    while (p->s.state == DP_SESSION_UP && dp_session_next(&p->s, &lane, &number)) {
        enum dp_err e = send_item(d, p, lane, number);
        if (e == DP_OK)
            continue;
        if (e == DP_NOMEM) {
            d->retry_ms = d->now_mono + DP_RETRY_MS;
        } else if (e != DP_AGAIN && e != DP_UNREACHABLE) {
            char node[DP_NODE_TEXT];
            dp_node_format(p->node, node);
            dp_log(DP_LOG_ERROR, "link %s: item %s/%llu cannot be read from the store: %s", node,
                   dp_lane_word(lane), (unsigned long long)number, dp_err_text(e));
            dp_alarm(d, "store", "a stored item is damaged; run daipaod --fsck");
        }
        return;
    }
}

void dp_pump(struct dp_daemon *d)
{
    if (d->db.t != NULL || dp_db_begin(&d->db, false) != DP_OK)
        return;
    d->blocked = false;
    dp_feed_again(d);
    for (uint32_t i = 0; i < d->peer_count; i++) {
        dp_reseed_ask(d, d->peers[i]);
        dp_listing_say(d, d->peers[i]);
        dp_pump_peer(d, d->peers[i]);
    }
    dp_db_abort(&d->db);
    /* Alarms raised here wait for the next turn's transaction. */
}
