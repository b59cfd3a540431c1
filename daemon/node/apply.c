/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour 5/9: an incoming item becomes durable facts, or a refusal with a code. A refusal is for the
 * whole item (a block that lies about its chain); an entry inside a good block that cannot be used is
 * quarantined and stops its case only (R-QUA-1).
 */
#include "node/post.h"

#include <stdio.h>
#include <string.h>

/* The number of the row that this place of the node's ring holds; 0 = none. */
static uint64_t in_ring(struct dp_daemon *d, struct dp_node who, uint64_t place, char word[48])
{
    uint64_t no = 0;
    snprintf(word, 48, "quarantine:%014llu:%u", (unsigned long long)who.v,
             (unsigned)(place % DP_QUARANTINE_MAX));
    return dp_db_meta_u64(&d->db, word, &no) == DP_OK ? no : 0;
}

void dp_quarantine_line(struct dp_daemon *d, struct dp_node who, struct dp_slice line)
{
    char count[48], place[48];
    uint64_t n = 0, no = dp_db_last64(&d->db, DP_T_QUARANTINE) + 1;
    snprintf(count, sizeof count, "quarantine:%014llu", (unsigned long long)who.v);
    (void)!dp_db_meta_u64(&d->db, count, &n);
    uint64_t oldest = in_ring(d, who, n, place);
    if (oldest != 0)
        dp_db_del64(&d->db, DP_T_QUARANTINE, oldest);
    dp_db_put64(&d->db, DP_T_QUARANTINE, no, line);
    dp_db_meta_u64_put(&d->db, place, no);
    dp_db_meta_u64_put(&d->db, count, n + 1);
}

bool dp_is_ours(enum dp_err e)
{
    return e == DP_NOMEM || e == DP_IO || e == DP_CORRUPT || e == DP_INTERNAL;
}

void dp_quarantine(struct dp_daemon *d, const struct dp_name *name, enum dp_err code, const char *why)
{
    char text[DP_NAME_TEXT], line[DP_NAME_TEXT + 128];
    dp_name_format(name, text);
    int n = snprintf(line, sizeof line, "%s %s %s", text, dp_err_name(code), why);
    if (n > 0)
        dp_quarantine_line(d, name->origin,
                           dp_slice_of(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1));
    d->n.quarantined++;
    dp_alarm_of(d, "quarantine", name->origin,
                "an entry could not be used; see `daipao log` and the quarantine list");
}

/* The certificate, the signature and the scope of a header (R-SCP-1, R-CERT-3). */
static enum dp_err check_header(struct dp_daemon *d, struct dp_peer *p, const struct dp_header *h,
                                struct dp_cert_slot *cert)
{
    if (!dp_route_scope_ok(d->id.self, p->node, p->is_parent, h->origin))
        return DP_SCOPE;
    enum dp_err e = dp_certs_get(d, &h->cert, cert);
    if (e != DP_OK)
        return e;
    if (!dp_node_eq(cert->origin.node, h->origin))
        return DP_SCOPE;
    if (dp_is_cut_off(d, h->origin, h->inc, h->number))
        return DP_CERTIFICATE; /* R-CUT-2: the sender shelves it until a person admits it */
    return dp_header_verify(d->suite, h, &cert->sign_pub) ? DP_OK : DP_SIGNATURE;
}

#define EVIDENCE_MAX                                                                                         \
    16 /* headers kept of one origin: two prove a fork, and whoever forks can do so without end */

void dp_evidence_keep(struct dp_daemon *d, const struct dp_header *h, const struct dp_digest *digest)
{
    uint8_t raw[DP_HEADER_BYTES];
    char word[40];
    uint64_t count = 0;
    struct dp_slice have;
    snprintf(word, sizeof word, "evidence:%014llu", (unsigned long long)h->origin.v);
    (void)!dp_db_meta_u64(&d->db, word, &count);
    if (count >= EVIDENCE_MAX || dp_db_get32(&d->db, DP_T_EVIDENCE, digest, &have) == DP_OK)
        return;
    dp_header_put(h, raw);
    dp_db_put32(&d->db, DP_T_EVIDENCE, digest, dp_slice_of(raw, sizeof raw));
    dp_db_meta_u64_put(&d->db, word, count + 1);
}

/* R-CUT-1: another block under the same number is kept as evidence and refused. */
static enum dp_err contradiction(struct dp_daemon *d, const struct dp_header *h,
                                 const struct dp_digest *digest)
{
    char why[128], node[DP_NODE_TEXT];
    dp_evidence_keep(d, h, digest);
    dp_node_format(h->origin, node);
    snprintf(why, sizeof why, "node %s signed two different blocks %llu: clone or forgery; issue a cut", node,
             (unsigned long long)h->number);
    dp_alarm_of(d, "fork", h->origin, why);
    return DP_FORK;
}

static enum dp_err known_header(struct dp_daemon *d, const struct dp_header *h,
                                const struct dp_digest *digest)
{
    struct dp_slice wire;
    struct dp_header have;
    struct dp_digest have_digest;
    enum dp_err e = dp_db_block_any(&d->db, h->origin, h->inc, h->number, &wire);
    if (e != DP_OK)
        return e;
    if (wire.len < DP_HEADER_BYTES || dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &have) != DP_OK)
        return DP_CORRUPT;
    dp_header_digest(d->suite, &have, &have_digest);
    return dp_digest_eq(&have_digest, digest) ? DP_DUPLICATE : contradiction(d, h, digest);
}

/* Other incarnations of the origin known here? A second life must be settled by people first (R-HEL-3). */
static bool other_incarnation(struct dp_daemon *d, struct dp_node origin, uint32_t inc)
{
    struct dp_node at = origin;
    uint32_t at_inc = 0;
    struct dp_chain_row row;
    while (dp_db_chain_next(&d->db, &at, &at_inc, &row) == DP_OK && at.v == origin.v)
        if (at_inc != inc)
            return true;
    return false;
}

/* R-BLK-3: the block must continue what is held whole. */
static enum dp_err check_chain(struct dp_daemon *d, const struct dp_header *h, const struct dp_digest *digest,
                               struct dp_chain_row *row)
{
    enum dp_err e = dp_db_chain(&d->db, h->origin, h->inc, row);
    if (e == DP_NOT_FOUND) {
        memset(row, 0, sizeof *row);
        if (other_incarnation(d, h->origin, h->inc))
            return contradiction(d, h, digest);
        return h->number == 1 && h->first_seq == 1 && h->first ? DP_OK : DP_GAP;
    }
    if (e != DP_OK)
        return e;
    if (h->number <= row->number)
        return known_header(d, h, digest);
    if (h->number != row->number + 1)
        return DP_GAP;
    e = known_header(d, h, digest); /* pieces of it may have come before */
    if (e != DP_DUPLICATE && e != DP_NOT_FOUND)
        return e;
    if (h->first || h->first_seq != row->seq + 1 || !dp_digest_eq(&h->prev, &row->digest))
        return contradiction(d, h, digest);
    return DP_OK;
}

/* What a withdrawal and the last cut leave of a chain: the highest block number, UINT64_MAX without either.
 */
static uint64_t last_admitted(struct dp_daemon *d, const struct dp_header *h)
{
    struct dp_subject s = dp_subject_of_node(h->origin);
    enum dp_err e;
    const struct dp_slot *slot = dp_cache_find(d, &s, &e);
    uint64_t last = UINT64_MAX;
    bool cut = false;
    for (uint32_t i = 0; slot != NULL && i < slot->f.count; i++) {
        const struct dp_entry *x = &slot->f.facts[i].e;
        if (slot->f.facts[i].verdict != DP_VALID)
            continue;
        if (x->kind == DP_KIND_CUT && x->body.number == h->inc) {
            last = x->body.size;
            cut = true;
        } else if (!cut && x->kind == DP_KIND_CERTIFICATE && x->body.code == 2 &&
                   dp_digest_eq(&x->body.digest, &h->cert)) {
            last = 0;
        }
    }
    return last;
}

static struct dp_name shown_name(const struct dp_block *b, uint16_t i)
{
    return (struct dp_name){
        .origin = b->h.origin, .inc = b->h.inc, .seq = b->h.first_seq + b->shown[i].index};
}

/* Trouble of this node is for the turn. A damaged record stops its own case, and not all that come behind. */
static bool fails_turn(enum dp_err e)
{
    return dp_is_ours(e) && e != DP_CORRUPT;
}

/* R-QUA-1 */
static enum dp_err ingest_shown(struct dp_daemon *d, const struct dp_block *b, uint16_t piece,
                                const struct dp_origin *from)
{
    enum dp_err e = DP_OK;
    d->ingest_block = b->h.number;
    for (uint16_t i = 0; i < b->shown_count && !fails_turn(e); i++) {
        struct dp_name name = shown_name(b, i);
        if (piece != 0)
            dp_db_seq_put(&d->db, &name, b->h.number, piece);
        d->ingesting = name;
        e = dp_ingest(d, &name, b->shown[i].bytes, from);
        if (e != DP_OK && e != DP_DUPLICATE && !fails_turn(e))
            dp_quarantine(d, &name, e, "in a signed block");
    }
    memset(&d->ingesting, 0, sizeof(d->ingesting));
    d->n.blocks_in++;
    return fails_turn(e) ? e : DP_OK;
}

/* R-UP-1: what came up whole goes on up whole. */
static void forward_up(struct dp_daemon *d, const struct dp_header *h)
{
    struct dp_peer *parent = dp_peers_parent(d);
    if (parent == NULL)
        return;
    dp_reseed_block(d, parent, h);
}

/* When the peer greeted, by the earlier of what this clock said then and would say of it now: it may have
 * been set. */
static int64_t greeted_ms(const struct dp_daemon *d, const struct dp_peer *p)
{
    int64_t now = d->now_wall - (d->now_mono - p->hello_mono_ms);
    return now < p->hello_wall_ms ? now : p->hello_wall_ms;
}

/*
 * What no entry of the block can be older than (R-WIT-1). The peer's hello named the head of its chain. What
 * it had written by then is in the block after that head at the latest, so those behind it were written after
 * the hello. A long time without a line is no lie: before that there is no bound.
 */
static void note_before(struct dp_daemon *d, struct dp_peer *p, const struct dp_header *h)
{
    const struct dp_head *head = &p->s.peer_hello.head;
    uint64_t known = head->inc == h->inc ? head->number : 0;
    int64_t before = p->s.heard_hello && h->number >= known + 2 ? dp_duties_not_before(greeted_ms(d, p)) : 0;
    if (p->before_turn != d->turn_no || before < p->before_ms)
        p->before_ms = before;
    p->before_turn = d->turn_no;
}

static enum dp_err apply_block(struct dp_daemon *d, struct dp_peer *p, struct dp_slice wire)
{
    struct dp_block b;
    struct dp_cert_slot cert;
    struct dp_chain_row row;
    struct dp_digest digest;
    if (p->is_parent)
        return DP_SCOPE; /* whole blocks go up only */
    enum dp_err e = dp_block_decode(d->suite, wire, &d->turn, &b);
    if (e != DP_OK)
        return e;
    e = check_header(d, p, &b.h, &cert);
    if (e != DP_OK)
        return e;
    dp_header_digest(d->suite, &b.h, &digest);
    e = check_chain(d, &b.h, &digest, &row);
    if (e != DP_OK)
        return e;
    if (b.h.number > last_admitted(d, &b.h))
        return DP_CERTIFICATE; /* R-CUT-2 */
    if (dp_node_eq(b.h.origin, p->node))
        note_before(d, p, &b.h);
    if (row.number == 0)
        row.first_ms = d->now_wall;
    row.number = b.h.number;
    row.seq = b.h.first_seq + b.h.count - 1;
    row.digest = digest;
    row.cert = b.h.cert;
    row.last_ms = d->now_wall;
    struct dp_name first = {.origin = b.h.origin, .inc = b.h.inc, .seq = b.h.first_seq};
    dp_db_block_put(&d->db, b.h.origin, b.h.inc, b.h.number, 0, wire);
    dp_db_seq_put(&d->db, &first, b.h.number, 0);
    dp_db_chain_put(&d->db, b.h.origin, b.h.inc, &row);
    forward_up(d, &b.h);
    return ingest_shown(d, &b, 0, &cert.origin);
}

/* The highest header seen of an origin whose chain is shown here only in pieces (for our hello). */
static void note_head(struct dp_daemon *d, const struct dp_header *h, const struct dp_digest *digest)
{
    struct dp_chain_row row;
    if (dp_node_covers(d->id.self, h->origin))
        return; /* of the subtree: the row speaks of what is held whole */
    if (dp_db_chain(&d->db, h->origin, h->inc, &row) == DP_NOT_FOUND)
        memset(&row, 0, sizeof row), row.first_ms = d->now_wall;
    row.last_ms = d->now_wall;
    if (h->number > row.number) {
        row.number = h->number;
        row.digest = *digest;
        row.cert = h->cert;
    }
    dp_db_chain_put(&d->db, h->origin, h->inc, &row);
}

/* Leave of what is shown only what is not held here in a piece or a whole block. */
static void keep_unknown(struct dp_daemon *d, struct dp_block *b)
{
    uint16_t kept = 0;
    for (uint16_t i = 0; i < b->shown_count; i++) {
        struct dp_name n = shown_name(b, i);
        uint64_t number;
        uint16_t piece;
        if (dp_db_seq(&d->db, &n, &number, &piece) != DP_OK || number != b->h.number)
            b->shown[kept++] = b->shown[i];
    }
    b->shown_count = kept;
}

static enum dp_err apply_pruned_one(struct dp_daemon *d, struct dp_peer *p, struct dp_slice wire)
{
    struct dp_block b;
    struct dp_cert_slot cert;
    struct dp_digest digest;
    enum dp_err e = dp_block_decode_pruned(d->suite, wire, &d->turn, &b);
    if (e != DP_OK)
        return e;
    e = check_header(d, p, &b.h, &cert);
    if (e != DP_OK)
        return e;
    dp_header_digest(d->suite, &b.h, &digest);
    e = known_header(d, &b.h, &digest);
    if (e != DP_DUPLICATE && e != DP_NOT_FOUND)
        return e;
    if (b.h.number > last_admitted(d, &b.h))
        return DP_CERTIFICATE; /* R-CUT-2 */
    keep_unknown(d, &b);
    if (b.shown_count == 0)
        return DP_OK; /* the urgent lane was faster, or a peer repeats itself */
    uint16_t piece = dp_db_block_piece_next(&d->db, b.h.origin, b.h.inc, b.h.number);
    dp_db_block_put(&d->db, b.h.origin, b.h.inc, b.h.number, piece, wire);
    note_head(d, &b.h, &digest);
    return ingest_shown(d, &b, piece, &cert.origin);
}

static enum dp_err apply_pruned(struct dp_daemon *d, struct dp_peer *p, struct dp_slice body)
{
    struct dp_rd r = dp_rd_of(body);
    uint16_t n = dp_rd_u16(&r);
    for (uint16_t i = 0; i < n; i++) {
        struct dp_slice wire = dp_rd_take(&r, dp_rd_u32(&r));
        if (r.err != DP_OK)
            return DP_FORMAT;
        enum dp_err e = apply_pruned_one(d, p, wire);
        if (e != DP_OK)
            return e;
    }
    return dp_rd_done(&r);
}

static enum dp_err apply_cert(struct dp_daemon *d, struct dp_peer *p, struct dp_slice chain)
{
    struct dp_cert leaf;
    struct dp_node about;
    struct dp_refusal why = {0};
    enum dp_err e = dp_certs_leaf(chain, &about);
    if (e != DP_OK)
        return e;
    if (!p->is_parent && !dp_node_covers(p->node, about))
        return DP_SCOPE; /* R-SCP-1 */
    e = dp_certs_store(d, chain, &leaf, &why);
    if (e != DP_OK) {
        char text[DP_REFUSAL_TEXT];
        dp_refusal_format(&why, text);
        dp_alarm_of(d, "certificate", about, text);
        return e;
    }
    dp_alarm_clear_of(d, "certificate", about);
    if (!p->is_parent) {
        /* Those above must know whom they can seal for, before it has issued anything. */
        struct dp_peer *parent = dp_peers_parent(d);
        if (parent != NULL)
            dp_certs_owe(d, parent, DP_LANE_CASES, &leaf.digest);
        return DP_OK;
    }
    /* Enrolled by an ancestor to be our child: from now on it may connect. */
    if (dp_node_eq(leaf.origin.parent, d->id.self) &&
        dp_peers_add(d, leaf.origin.node, false, &leaf.curve_pub) == NULL)
        return DP_FULL;
    /* On its way to the parent it names. */
    if (!dp_node_eq(leaf.origin.parent, d->id.self) && dp_node_covers(d->id.self, leaf.origin.parent)) {
        struct dp_peer *hop = dp_peers_towards(d, leaf.origin.parent);
        if (hop != NULL && !hop->is_parent)
            dp_certs_owe(d, hop, DP_LANE_CONTROL, &leaf.digest);
    }
    return DP_OK;
}

static enum dp_err apply_parcel(struct dp_daemon *d, struct dp_peer *p, struct dp_slice body, uint8_t lane)
{
    d->n.parcels_in++;
    return dp_parcels_in(d, p, body, lane);
}

enum dp_err dp_apply_item(struct dp_daemon *d, struct dp_peer *p, const struct dp_item_frame *it)
{
    switch ((enum dp_item_kind)it->kind) {
    case DP_ITEM_BLOCK:
        return apply_block(d, p, it->body);
    case DP_ITEM_PRUNED:
        return apply_pruned(d, p, it->body);
    case DP_ITEM_CERT:
        return apply_cert(d, p, it->body);
    case DP_ITEM_PARCEL:
        return apply_parcel(d, p, it->body, it->lane);
    case DP_ITEM_POST:
        return dp_post_in(d, p, it->body, it->lane);
    case DP_ITEM_CHUNK:
        break; /* chunks travel in parcels, sealed for their reader */
    }
    return DP_FORMAT;
}
