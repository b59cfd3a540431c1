/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child that is who it says it is, and lies: entries and blocks in perfect form under its own key, sent
 * as the next item of its lane. Its own daemon knows nothing of them, so the link is lost for honest traffic.
 */
#include "sim/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case/refs.h"
#include "case/rights.h"
#include "node/identity.h"
#include "sim/cheap.h"
#include "sim/oracle.h"
#include "support/cluster_inner.h"
#include "support/cmocka_all.h"

#define FORGED_NAMES 3 /* entries ahead, and */
#define FORGED_EACH 20 /* contents for each: more than may wait */

enum lie {
    GAP,           /* a block whose number is not the next */
    FORK,          /* another block under a number that was used */
    REPLAY,        /* an old block again */
    FOREIGN_SCOPE, /* a block of an origin that is not below it */
    OTHERS_SEQ,    /* an entry under a name of its own chain that was used before */
    WRONG_CUSTODY, /* a step in a case that it does not hold */
    WRONG_OFFER,   /* such a case, offered to somebody */
    SWAPPED,       /* other entries under a header that was signed */
    NAMELESS,      /* a certificate of its CA that has no name */
    UNSIGNED,      /* a certificate that nobody signed */
    OVERCLAIM,     /* it claims to hold more of its parent's chain than there is, and shows its own */
    LIES,
    OTHERS_NEXT, /* contents of the next entries of a sibling, before there are any */
    FALSE_PART,  /* content of an entry that is not what the entry was signed with */
    TRUE_BLOCK   /* what a lie is made of */
};

struct forger {
    struct sim *s;
    struct cl_node *n, *parent;
    struct dp_rng *dice;
    struct dp_arena a;
    struct dp_buf wire;
    struct dp_header h;
    const struct dp_digest *parts_root; /* of the next entry; NULL: it has no parts */
};

static struct dp_office office_of(const struct cl_node *n)
{
    struct dp_office o = {.node = n->id};
    snprintf(o.slug, sizeof(o.slug), "%s", dp_node_tier(n->id) == DP_TIER_VILLAGE ? "station" : "bureau");
    return o;
}

static enum dp_kind kind_of(enum lie lie)
{
    return lie == SWAPPED ? DP_KIND_CLOSE : lie == WRONG_OFFER ? DP_KIND_TRANSFER : DP_KIND_NOTE;
}

/* Some case that this node knows; false when there is none. */
static bool some_case(struct forger *f, struct dp_casefile *out)
{
    struct dp_db db = {.kv = f->n->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE}, chosen = s;
    struct dp_slice packed;
    uint64_t seen = 0;
    assert_ok(dp_db_begin(&db, false));
    while (dp_db_case_next(&db, &s, &packed) == DP_OK)
        if (dp_rng_below(f->dice, ++seen) == 0)
            chosen = s;
    dp_casefile_init(out, &chosen);
    bool ok = seen > 0 && dp_db_case(&db, &chosen, &packed) == DP_OK &&
              dp_casefile_unpack(packed, out) == DP_OK && out->count > 0;
    dp_db_abort(&db);
    if (!ok)
        dp_casefile_fini(out);
    return ok;
}

/* Some valid fact of these kinds, or none. */
static const struct dp_fact *some_fact(struct forger *f, const struct dp_casefile *c, uint64_t kinds)
{
    const struct dp_fact *chosen = NULL;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < c->count; i++)
        if ((dp_kind_bit(dp_fact_kind_valid(&c->facts[i])) & kinds) != 0 &&
            dp_rng_below(f->dice, ++seen) == 0)
            chosen = &c->facts[i];
    return chosen;
}

/* What the step answers, so that nothing but its issuer is wrong with it. */
static uint64_t answers(enum dp_kind kind)
{
    switch (kind) {
    case DP_KIND_ACCEPT:
    case DP_KIND_OBJECT:
    case DP_KIND_WITHDRAW:
        return DP_BITS_OFFER;
    case DP_KIND_ANSWER:
        return DP_BITS_ORDER;
    case DP_KIND_OBJECTION_ANSWER:
        return DP_BIT(OBJECT);
    default:
        return 0;
    }
}

static void fill_body(struct forger *f, struct dp_entry *e)
{
    bool offer = dp_kind_is_offer(e->kind);
    e->body.code = offer ? 0 : e->kind == DP_KIND_CLOSE ? DP_CLOSE_WITHDRAWN : 1;
    if (!offer && e->kind != DP_KIND_SUPERVISE)
        return;
    e->body.code2 = offer ? DP_DUTY_HANDLE : 2;
    e->receipt = e->body.due = dp_date_of_ms(e->at_ms);
    e->body.to = office_of(f->s->c->nodes[dp_rng_below(f->dice, f->s->c->node_count)]);
}

/* An entry in form, about some case that this node knows: all of it fits but that it is not for it to say. */
static bool forge_entry(struct forger *f, enum dp_kind kind, uint64_t seq, struct dp_buf *out)
{
    struct dp_casefile c;
    struct dp_entry e = {
        .kind = (uint8_t)kind, .rules = 1, .officer = 1, .step = 40, .at_ms = cl_wall_ms(f->n)};
    if (!some_case(f, &c))
        return false;
    uint64_t of = answers(kind);
    const struct dp_fact *re = of == 0 ? NULL : some_fact(f, &c, of);
    const struct dp_fact *held = some_fact(f, &c, DP_BITS_OPEN);
    bool ok = (of == 0 || re != NULL) && held != NULL;
    e.subject = c.subject;
    e.name = (struct dp_name){f->n->id, f->n->d->own.inc, seq};
    e.office = office_of(f->n);
    if (ok && (dp_right_of(kind)->custody))
        e.custody = re != NULL && !dp_name_is_none(&re->e.custody) ? re->e.custody : held->e.name;
    if (re != NULL)
        e.re = re->e.name;
    for (uint32_t i = 0; i < c.count; i++)
        if (c.facts[i].e.step >= e.step)
            e.step = c.facts[i].e.step + 1;
    if (dp_rng_below(f->dice, 8) == 0)
        e.step = 1; /* and sometimes that it is long past */
    dp_casefile_fini(&c);
    fill_body(f, &e);
    if (f->parts_root != NULL) {
        e.part_count = 1;
        e.parts_root = *f->parts_root;
    }
    return ok && dp_entry_encode(&e, out) == DP_OK;
}

/* The first block of a life of another node: of one in the tree, below the liar or not, or of nobody. */
static void pose(struct forger *f, struct dp_seal *seal)
{
    const struct cl_node *other = f->s->c->nodes[dp_rng_below(f->dice, f->s->c->node_count)];
    seal->origin = other != f->n ? other->id : (struct dp_node){f->n->id.v + 1};
    seal->inc = seal->inc + 1;
    seal->number = seal->first_seq = 1;
    memset(&seal->prev, 0, sizeof(seal->prev));
}

static bool forge_block(struct forger *f, enum lie lie)
{
    struct dp_own *own = &f->n->d->own;
    struct dp_buf entry;
    struct dp_seal seal = {.suite = f->n->d->suite,
                           .sign_seed = &f->n->d->kr->sign,
                           .cert = f->n->d->id.cert.digest,
                           .origin = f->n->id,
                           .inc = own->inc,
                           .number = own->block + 1,
                           .first_seq = own->sealed_seq + 1,
                           .prev = own->head,
                           .zstd_level = 3};
    if (lie == GAP)
        seal.number += 1 + dp_rng_below(f->dice, 3);
    if (lie == FORK && own->block > 0)
        seal.number = own->block, seal.first_seq = own->sealed_seq;
    if (lie == OTHERS_SEQ && own->sealed_seq > 0)
        seal.first_seq = own->sealed_seq;
    if (lie == FOREIGN_SCOPE)
        pose(f, &seal);
    seal.first = seal.number == 1;
    dp_buf_init(&entry, 1u << 16);
    bool ok = forge_entry(f, kind_of(lie), seal.first_seq, &entry);
    struct dp_slice bytes = dp_buf_slice(&entry);
    ok = ok && dp_block_seal(&seal, &bytes, 1, &f->a, &f->wire, &f->h) == DP_OK;
    dp_buf_fini(&entry);
    return ok;
}

/* The header of one block over the entries of another. */
static bool forge_swapped(struct forger *f)
{
    uint8_t head[DP_HEADER_BYTES];
    if (!forge_block(f, TRUE_BLOCK))
        return false;
    memcpy(head, f->wire.p, sizeof(head));
    dp_buf_reset(&f->wire);
    if (!forge_block(f, SWAPPED))
        return false;
    memcpy(f->wire.p, head, sizeof(head));
    return true;
}

/* Where the name stands in a certificate: its extension becomes another one, and the CA signs again. */
static bool strip_name(struct forger *f, uint8_t *der, size_t len)
{
    static const uint8_t name[] = {0x06, 0x03, 0x55, 0x1d, 0x11}; /* subjectAltName; 0x12: of the issuer */
    struct dp_sig sig;
    size_t at = 4;
    while (at + sizeof(name) < len && memcmp(der + at, name, sizeof(name)) != 0)
        at++;
    if (at + sizeof(name) >= len || der[1] != 0x82 || der[5] != 0x82)
        return false;
    der[at + sizeof(name) - 1] = 0x12;
    struct dp_slice signed_part = dp_slice_of(der + 4, 4 + ((size_t)der[6] << 8 | der[7]));
    if (cheap_real_suite()->sign(&f->n->d->kr->ca, signed_part, &sig) != DP_OK)
        return false;
    memcpy(der + len - sizeof(sig.b), sig.b, sizeof(sig.b));
    return true;
}

/* For somebody below, with keys that are its own. */
static bool forge_nameless(struct forger *f)
{
    struct dp_daemon *d = f->n->d;
    struct dp_csr csr = {.parent = f->n->id,
                         .sign_pub = d->kr->sign_pub,
                         .seal_pub = d->kr->seal_pub,
                         .curve_pub = d->kr->curve_pub};
    struct dp_slice chain;
    for (uint32_t i = 0; i < f->n->line_count; i++)
        csr.node = f->s->c->nodes[f->n->lines[i]->child]->id;
    if (!d->kr->has_ca || dp_node_eq(csr.node, f->n->id))
        return false;
    csr.roles = dp_identity_roles(csr.node);
    if (dp_daemon_begin(d) != DP_OK)
        return false;
    bool ok =
        dp_identity_issue(d, &csr, &chain) == DP_OK && dp_buf_put(&f->wire, chain.p, chain.len) == DP_OK;
    dp_db_abort(&d->db);
    return ok && strip_name(f, f->wire.p + 3, (size_t)f->wire.p[1] << 8 | f->wire.p[2]);
}

/* Its own, with another signature. */
static bool forge_unsigned(struct forger *f)
{
    struct dp_db db = {.kv = f->n->kv};
    struct dp_slice chain;
    assert_ok(dp_db_begin(&db, false));
    bool ok = dp_db_get32(&db, DP_T_CERT, &f->n->d->id.cert.digest, &chain) == DP_OK &&
              dp_buf_put(&f->wire, chain.p, chain.len) == DP_OK;
    dp_db_abort(&db);
    if (!ok || f->wire.len < 4)
        return false;
    size_t end = 3 + ((size_t)f->wire.p[1] << 8 | f->wire.p[2]);
    if (end > f->wire.len)
        return false;
    f->wire.p[end - 1] ^= 1;
    return true;
}

static bool replay(struct forger *f)
{
    struct dp_db db = {.kv = f->n->kv};
    struct dp_slice wire;
    uint64_t last = f->n->d->own.block;
    if (last == 0)
        return false;
    assert_ok(dp_db_begin(&db, false));
    bool ok =
        dp_db_block(&db, f->n->id, f->n->d->own.inc, 1 + dp_rng_below(f->dice, last), 0, &wire) == DP_OK &&
        dp_buf_put(&f->wire, wire.p, wire.len) == DP_OK;
    dp_db_abort(&db);
    return ok;
}

static void inject(struct forger *f, const struct dp_frame *frame)
{
    struct dp_buf b;
    dp_buf_init(&b, DP_FRAME_MAX);
    if (dp_frame_put(frame, &b) == DP_OK)
        cl_inject(f->parent, f->n->id, dp_buf_slice(&b));
    dp_buf_fini(&b);
}

static void send_lie(struct forger *f, enum dp_item_kind kind)
{
    const struct dp_session *s = cl_session(f->parent, f->n);
    const struct dp_lane_state *l = &s->lane[DP_LANE_CASES];
    struct dp_frame frame = {.type = DP_FRAME_ITEM};
    struct dp_slice body = dp_buf_slice(&f->wire);
    frame.u.item = (struct dp_item_frame){.lane = DP_LANE_CASES,
                                          .kind = (uint8_t)kind,
                                          .epoch = l->epoch_in,
                                          .number = l->durable_in + 1,
                                          .total = (uint32_t)body.len,
                                          .body = body};
    inject(f, &frame);
}

/* The claim as a greeting, and as its proof a header of the parent's chain that the parent never signed. */
static void overclaim(struct forger *f)
{
    uint8_t raw[DP_HEADER_BYTES];
    struct dp_frame hello = {.type = DP_FRAME_HELLO}, proof = {.type = DP_FRAME_PROOF};
    const struct dp_session *s = cl_session(f->parent, f->n);
    if (!s->heard_hello || !forge_block(f, TRUE_BLOCK))
        return;
    struct dp_header h = f->h;
    h.origin = f->parent->id;
    h.inc = f->parent->d->own.inc;
    h.number = f->parent->d->own.block + 7;
    h.cert = f->parent->d->id.cert.digest;
    dp_header_put(&h, raw);
    hello.u.hello = s->peer_hello;
    hello.u.hello.yours = (struct dp_head){.inc = h.inc, .number = h.number};
    dp_header_digest(f->n->d->suite, &h, &hello.u.hello.yours.digest);
    proof.u.proof.header = dp_slice_of(raw, sizeof(raw));
    inject(f, &hello);
    inject(f, &proof);
}

static bool forge(struct forger *f, enum lie lie)
{
    if (lie == REPLAY)
        return replay(f);
    if (lie == SWAPPED)
        return forge_swapped(f);
    if (lie == UNSIGNED)
        return forge_unsigned(f);
    return lie == NAMELESS ? forge_nameless(f) : forge_block(f, lie);
}

/* As its own next entry, past all that its daemon would ask; in the turn that was begun. */
static void end_issue(struct cl_node *n, struct dp_slice bytes)
{
    struct dp_daemon *d = n->d;
    d->fresh = realloc(d->fresh, 64 * sizeof(d->fresh[0]));
    assert_non_null(d->fresh);
    d->fresh_cap = 64;
    d->fresh_first = d->own.seq + 1;
    d->fresh[0].bytes = bytes;
    d->fresh_count = 1;
    d->own.seq++;
    cl_end_turn(n);
    cl_plan(n);
}

static void issue(struct cl_node *n, struct dp_slice bytes)
{
    if (dp_daemon_begin(n->d) == DP_OK)
        end_issue(n, bytes);
}

/* A step that it may not take, in a chain that is true: so it can do it again. */
static void issue_wrong(struct forger *f, enum lie lie)
{
    static const enum dp_kind kinds[] = {
        DP_KIND_CLOSE, DP_KIND_OPINION, DP_KIND_ACCEPT,   DP_KIND_OBJECT,    DP_KIND_ANSWER,
        DP_KIND_TAKE,  DP_KIND_EXTEND,  DP_KIND_WITHDRAW, DP_KIND_SUPERVISE, DP_KIND_OBJECTION_ANSWER};
    struct dp_buf entry;
    enum dp_kind kind = kind_of(lie);
    dp_buf_init(&entry, 1u << 16);
    if (lie == WRONG_CUSTODY)
        kind = kinds[dp_rng_below(f->dice, sizeof(kinds) / sizeof(kinds[0]))];
    if (f->n->d->stopped == DP_STOP_NONE && forge_entry(f, kind, f->n->d->own.seq + 1, &entry))
        issue(f->n, dp_buf_slice(&entry));
    dp_buf_fini(&entry);
}

/* An entry with a part, and another part than that for its parent: it comes before the entry or after it. */
static void issue_false_part(struct forger *f)
{
    static const uint8_t word[2] = {'a', 'b'};
    struct dp_daemon *d = f->n->d;
    struct dp_part part[2];
    struct dp_key key[2];
    struct dp_digest leaf[2];
    struct dp_buf entry;
    struct dp_name name = dp_own_next(d);
    bool ok = d->stopped == DP_STOP_NONE;
    for (unsigned i = 0; i < 2; i++) {
        ok = ok && dp_part_seal(d->suite, &d->port.random, DP_PART_TEXT, 0, dp_slice_of(&word[i], 1), &f->a,
                                &part[i], &key[i]) == DP_OK;
        if (ok)
            dp_part_leaf(d->suite, &part[i], &leaf[i]);
    }
    f->parts_root = &leaf[0];
    dp_buf_init(&entry, 1u << 16);
    ok = ok && forge_entry(f, DP_KIND_NOTE, name.seq, &entry) && dp_daemon_begin(d) == DP_OK;
    if (ok) {
        (void)!dp_parcels_content(d, &name, &leaf[1], 1, &part[1], &key[1], 1, f->parent->id,
                                  (uint8_t)dp_rng_below(f->dice, DP_LANES));
        end_issue(f->n, dp_buf_slice(&entry));
    }
    dp_buf_fini(&entry);
}

/*
 * Names are easily guessed: what a sibling will write next. Its forged contents are sealed for a node on the
 * sibling's way, and fill the place where the true ones would wait for their entries.
 */
static void issue_others_next(struct forger *f)
{
    static const uint8_t word[1] = {'x'};
    struct dp_daemon *d = f->n->d;
    const struct cl_node *other = f->s->c->nodes[dp_rng_below(f->dice, f->s->c->node_count)];
    const struct cl_node *to = f->parent;
    struct cl_link *above = cl_link_of(f->s->c, f->parent);
    if (above != NULL && dp_rng_below(f->dice, 2) == 0)
        other = f->parent; /* what comes from there comes by way of it, as this does */
    if (other->d == NULL || other == f->n || d->stopped != DP_STOP_NONE)
        return;
    if (above != NULL && (other == f->parent || dp_rng_below(f->dice, 2) == 0))
        to = f->s->c->nodes[above->parent];
    struct dp_name name = dp_own_next(other->d);
    if (dp_daemon_begin(d) != DP_OK)
        return;
    for (unsigned i = 0; i < FORGED_NAMES * FORGED_EACH; i++) {
        struct dp_part part;
        struct dp_key key;
        struct dp_digest leaf;
        struct dp_name n = name;
        n.seq += i / FORGED_EACH;
        if (dp_part_seal(d->suite, &d->port.random, DP_PART_TEXT, 0, dp_slice_of(word, sizeof(word)), &f->a,
                         &part, &key) != DP_OK)
            break;
        dp_part_leaf(d->suite, &part, &leaf);
        (void)!dp_parcels_content(d, &n, &leaf, 1, &part, &key, 1, to->id, DP_LANE_CASES);
    }
    cl_end_turn(f->n);
    cl_plan(f->n);
}

/* An entry in no form at all, in a chain that is true but for it: what a damaged or a later program writes.
 */
void hostile_odd(struct sim *s, struct cl_node *n)
{
    static const uint8_t odd[] = {0xff, 0xff, 0xff, 0xff};
    if (n->d == NULL || n->d->stopped != DP_STOP_NONE)
        return;
    struct dp_name name = dp_own_next(n->d);
    oracle_odd(s->oracle, &name);
    issue(n, dp_slice_of(odd, sizeof(odd)));
}

/* A lie on the line costs the line; so in every other history it only issues what it may not, and in some
 * it only claims, or speaks for others. */
static enum lie choose(const struct sim *s, struct dp_rng *dice)
{
    struct dp_rng manner = sim_stream(s->opt.seed, "manner", 0),
                  claims = sim_stream(s->opt.seed, "claims", 0), poses = sim_stream(s->opt.seed, "poses", 0),
                  nexts = sim_stream(s->opt.seed, "nexts", 0);
    enum lie lie = (enum lie)dp_rng_below(dice, LIES);
    if (dp_rng_below(&claims, 4) == 0)
        return OVERCLAIM;
    if (dp_rng_below(&poses, 4) == 0 && lie % 2 == 0)
        return FOREIGN_SCOPE;
    if (dp_rng_below(&nexts, 4) == 0 && lie % 2 == 1)
        return OTHERS_NEXT;
    if (dp_rng_below(&manner, 2) == 0)
        return lie;
    if (lie % 4 == 3)
        return FALSE_PART;
    return lie % 2 == 0 ? WRONG_OFFER : WRONG_CUSTODY;
}

void hostile_act(struct sim *s, struct cl_node *n, struct dp_rng *dice)
{
    if (hostile_above(s, n))
        return;
    enum lie lie = choose(s, dice);
    struct cl_link *l = cl_link_of(s->c, n);
    struct forger f = {.s = s, .n = n, .dice = dice};
    if (l == NULL || n->d == NULL || s->c->nodes[l->parent]->d == NULL)
        return;
    f.parent = s->c->nodes[l->parent];
    const struct dp_session *up = cl_session(f.parent, n);
    if (up == NULL || up->state != DP_SESSION_UP)
        return;
    dp_arena_init(&f.a, 16u << 20, 0);
    dp_buf_init(&f.wire, 1u << 20);
    if (lie == WRONG_CUSTODY || lie == WRONG_OFFER)
        issue_wrong(&f, lie);
    else if (lie == FALSE_PART)
        issue_false_part(&f);
    else if (lie == OTHERS_NEXT)
        issue_others_next(&f);
    else if (lie == OVERCLAIM)
        overclaim(&f);
    else if (forge(&f, lie))
        send_lie(&f, lie == NAMELESS || lie == UNSIGNED ? DP_ITEM_CERT : DP_ITEM_BLOCK);
    dp_buf_fini(&f.wire);
    dp_arena_fini(&f.a);
}
