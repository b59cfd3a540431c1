/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile child that speaks the protocol: blocks of others, with other signatures, out of order,
 * contradicting, with rubbish inside; words that break the link's rules. Each is refused or stopped as
 * RULES.md says, counted, and no other peer feels it (R-SCP-1, R-BLK-3, R-CUT-1, R-ACK-2, R-ACK-3, R-HEL-4,
 * R-QUA-1, R-GON-1).
 */
#include <stdlib.h>
#include <string.h>

#include "inject.h"
#include "support/town.h"

/* Blocks signed by a node's own key, outside its daemon. */
struct forge {
    struct dp_seal in;
    struct dp_arena a;
    struct dp_buf wire;
    uint32_t officer; /* who wrote the entries */
};

static void forge_open(struct forge *f, const struct cl_node *as, const struct cl_node *signer)
{
    memset(f, 0, sizeof(*f));
    dp_arena_init(&f->a, 8u << 20, 0);
    dp_buf_init(&f->wire, DP_FRAME_MAX);
    f->officer = 1;
    f->in = (struct dp_seal){.suite = dp_suite_of(DP_SUITE_INTL),
                             .sign_seed = &dp_daemon_keyring(signer->d)->sign,
                             .cert = as->d->id.cert.digest,
                             .origin = as->id,
                             .inc = as->d->own.inc,
                             .number = as->d->own.block + 1,
                             .first_seq = as->d->own.sealed_seq + 1,
                             .first = as->d->own.block == 0,
                             .prev = as->d->own.head,
                             .zstd_level = 3};
}

static void forge_close(struct forge *f)
{
    dp_arena_fini(&f->a);
    dp_buf_fini(&f->wire);
}

/* A register entry of the node, with seq as it will have. */
static struct dp_slice entry_bytes(struct forge *f, uint64_t seq, struct dp_buf *out)
{
    struct dp_reg reg = {
        .channel = 'V', .origin = 1, .purpose = DP_PURPOSE_CLAIM, .category = 101, .headcount = 1};
    struct dp_entry e = {.kind = DP_KIND_REGISTER,
                         .rules = DP_RULES_VERSION,
                         .name = {f->in.origin, f->in.inc, seq},
                         .office = {.node = f->in.origin, .slug = "bureau"},
                         .officer = f->officer,
                         .at_ms = CL_EPOCH_MS,
                         .receipt = {20514},
                         .step = 1,
                         .reg = &reg};
    if (dp_node_tier(f->in.origin) == DP_TIER_VILLAGE)
        memcpy(e.office.slug, "station", 8);
    e.subject = (struct dp_subject){.type = DP_SUBJECT_CASE, .name = e.name};
    assert_ok(dp_number_make(f->in.origin, 20260302, 'V', (uint32_t)seq + 70000, &reg.number));
    size_t at = out->len;
    assert_ok(dp_entry_encode(&e, out));
    return dp_slice_of(out->p + at, out->len - at);
}

/* One block with one good entry. */
static struct dp_slice forge_block(struct forge *f)
{
    struct dp_header h;
    struct dp_buf b;
    dp_buf_init(&b, 8192);
    struct dp_slice e = entry_bytes(f, f->in.first_seq, &b);
    dp_buf_reset(&f->wire);
    assert_ok(dp_block_seal(&f->in, &e, 1, &f->a, &f->wire, &h));
    dp_buf_fini(&b);
    return dp_buf_slice(&f->wire);
}

struct before {
    uint64_t refused, entries, quarantined, blocks;
};

static struct before counts(const struct cl_node *n)
{
    return (struct before){n->d->n.refused_out, n->d->n.entries_in, n->d->n.quarantined, n->d->n.blocks_in};
}

static void assert_refused(const struct cl_node *n, struct before was, enum dp_err code)
{
    struct before now = counts(n);
    assert_int_equal(now.refused, was.refused + 1);
    assert_int_equal(now.entries, was.entries);
    if (code != DP_OK)
        assert_int_equal(
            dp_peers_find(n->d, dp_node_of((struct dp_div){UINT64_C(331023105000)}, 0))->last_refused, code);
}

/* Whatever the township's child or the township did, the others go on. */
static void assert_others_work(struct town *t)
{
    struct cl_result r = town_register(t->other_village);
    cluster_run(t->c, 120000);
    assert_int_equal(cl_facts(t->city, &r.name), 1);
}

static void send_block(struct cl_node *to, struct cl_node *from, struct dp_slice block)
{
    inject_item(to, from, DP_LANE_CASES, DP_ITEM_BLOCK, block);
}

static void test_a_block_of_a_neighbour(void **state)
{
    struct town t;
    struct forge f;
    (void)state;
    town_open(&t, 30);
    forge_open(&f, t.other_town, t.other_town); /* a good one, and stolen */
    struct before was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_SCOPE);
    assert_others_work(&t);
    forge_close(&f);
    town_close(&t);
}

static void test_a_block_of_the_parent_itself(void **state)
{
    struct town t;
    struct forge f;
    (void)state;
    town_open(&t, 31);
    forge_open(&f, t.county, t.town);
    struct before was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_SCOPE);
    forge_close(&f);
    town_close(&t);
}

static void test_another_signature(void **state)
{
    struct town t;
    struct forge f;
    (void)state;
    town_open(&t, 32);
    forge_open(&f, t.village, t.town); /* in the village's name, by the township's key */
    struct before was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_SIGNATURE);
    /* under a certificate of its own: then the origin does not fit */
    f.in.cert = t.town->d->id.cert.digest;
    was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_SCOPE);
    f.in.cert.b[0] ^= 1;
    was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_NEED_CERT);
    assert_others_work(&t);
    forge_close(&f);
    town_close(&t);
}

/* R-BLK-2: the header is signed, and the entries under it are others; and what was signed is taken. */
static void test_entries_that_were_not_signed(void **state)
{
    struct town t;
    struct forge f;
    uint8_t header[DP_HEADER_BYTES];
    (void)state;
    town_open(&t, 29);
    forge_open(&f, t.town, t.town);
    struct dp_name name = {t.town->id, f.in.inc, f.in.first_seq};
    struct dp_slice block = forge_block(&f);
    memcpy(header, block.p, sizeof(header));
    f.officer = 2;
    block = forge_block(&f);
    assert_memory_not_equal(header, block.p, sizeof(header));
    memcpy(f.wire.p, header, sizeof(header));
    struct before was = counts(t.county);
    send_block(t.county, t.town, block);
    assert_refused(t.county, was, DP_SIGNATURE);
    assert_int_equal(cl_facts(t.county, &name), 0);
    f.officer = 1;
    send_block(t.county, t.town, forge_block(&f));
    cluster_run(t.c, 60000);
    assert_int_equal(cl_facts(t.county, &name), 1);
    assert_others_work(&t);
    forge_close(&f);
    town_close(&t);
}

static void test_gaps_forks_and_repetition(void **state)
{
    struct town t;
    struct forge f;
    (void)state;
    town_open(&t, 33);
    struct cl_result r = town_register(t.town);
    town_settle(&t);
    forge_open(&f, t.town, t.town);
    struct before was = counts(t.county);
    f.in.number++; /* R-BLK-3: a hole */
    f.in.first_seq++;
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_GAP);
    f.in.number--;
    f.in.first_seq--;
    f.in.first_seq++; /* its entries leave one out */
    was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_FORK);
    f.in.first_seq--;
    f.in.prev.b[0] ^= 1;
    was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_FORK);
    f.in.prev.b[0] ^= 1;
    /* R-CUT-1: another block under a number that is here, kept as evidence */
    f.in.number--;
    f.in.first_seq--;
    was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_FORK);
    assert_true(cl_alarmed(t.county, "fork"));
    assert_true(cl_facts(t.county, &r.name) == 1);
    /* another life of the same node */
    f.in.inc ^= 1;
    f.in.number = f.in.first_seq = 1;
    f.in.first = true;
    was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_refused(t.county, was, DP_FORK);
    assert_others_work(&t);
    forge_close(&f);
    town_close(&t);
}

/* The very block again, under a new number: nothing happens twice. */
static void test_a_replayed_item(void **state)
{
    struct town t;
    struct dp_db db;
    struct dp_slice wire;
    (void)state;
    town_open(&t, 34);
    struct cl_result r = town_register(t.town);
    town_settle(&t);
    db = (struct dp_db){.kv = t.county->kv};
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_db_block(&db, t.town->id, t.town->d->own.inc, t.town->d->own.block, 0, &wire));
    uint8_t *copy = malloc(wire.len);
    memcpy(copy, wire.p, wire.len);
    size_t len = wire.len;
    dp_db_abort(&db);
    struct before was = counts(t.county);
    uint64_t up = cl_session(t.county, t.city)->lane[DP_LANE_CASES].journal_last;
    send_block(t.county, t.town, dp_slice_of(copy, len));
    struct before now = counts(t.county);
    assert_int_equal(now.refused, was.refused);
    assert_int_equal(now.entries, was.entries);
    assert_int_equal(cl_session(t.county, t.city)->lane[DP_LANE_CASES].journal_last, up);
    assert_int_equal(cl_facts(t.county, &r.name), 1);
    free(copy);
    town_close(&t);
}

/* R-ACK-3: under a number that is durable, or beyond the next one, an item is not even looked at. */
static void test_numbers_out_of_order(void **state)
{
    struct town t;
    struct forge f;
    struct dp_buf b;
    (void)state;
    town_open(&t, 35);
    forge_open(&f, t.town, t.town);
    struct dp_slice block = forge_block(&f);
    const struct dp_lane_state *l = &cl_session(t.county, t.town)->lane[DP_LANE_CASES];
    struct before was = counts(t.county);
    dp_buf_init(&b, DP_FRAME_MAX);
    for (int k = -1; k <= 1; k++) {
        struct dp_frame frame = {.type = DP_FRAME_ITEM};
        uint64_t number = k < 0 ? 1 : l->durable_in + (k == 0 ? 0 : 2);
        frame.u.item = (struct dp_item_frame){.lane = DP_LANE_CASES,
                                              .kind = DP_ITEM_BLOCK,
                                              .epoch = l->epoch_in,
                                              .number = number,
                                              .total = (uint32_t)block.len,
                                              .body = block};
        dp_buf_reset(&b);
        assert_ok(dp_frame_put(&frame, &b));
        cl_inject(t.county, t.town->id, dp_buf_slice(&b));
    }
    assert_int_equal(counts(t.county).blocks, was.blocks);
    assert_int_equal(counts(t.county).refused, was.refused);
    assert_int_equal(cl_session(t.county, t.town)->state, DP_SESSION_UP);
    dp_buf_fini(&b);
    forge_close(&f);
    town_close(&t);
}

/* R-QUA-1: in a block that is signed and whole, one entry is rubbish. The others count, and the lane goes on.
 */
static void test_rubbish_inside_a_signed_block(void **state)
{
    struct town t;
    struct forge f;
    struct dp_header h;
    struct dp_buf b;
    (void)state;
    town_open(&t, 36);
    forge_open(&f, t.town, t.town);
    dp_buf_init(&b, 65536);
    assert_ok(dp_buf_reserve(&b, 32768)); /* slices into it stay good */
    uint64_t seq = f.in.first_seq;
    struct dp_slice entries[3] = {entry_bytes(&f, seq, &b), dp_slice_str("this is no entry"),
                                  entry_bytes(&f, seq + 2, &b)};
    assert_ok(dp_block_seal(&f.in, entries, 3, &f.a, &f.wire, &h));
    struct before was = counts(t.county);
    send_block(t.county, t.town, dp_buf_slice(&f.wire));
    struct before now = counts(t.county);
    assert_int_equal(now.refused, was.refused);
    assert_int_equal(now.quarantined, was.quarantined + 1);
    assert_true(cl_alarmed(t.county, "quarantine"));
    struct dp_name first = {t.town->id, f.in.inc, seq}, third = {t.town->id, f.in.inc, seq + 2};
    assert_int_equal(cl_facts(t.county, &first), 1);
    assert_int_equal(cl_facts(t.county, &third), 1);
    /* the chain goes on behind it */
    f.in.number++;
    f.in.first_seq += 3;
    f.in.first = false;
    dp_header_digest(f.in.suite, &h, &f.in.prev);
    was = counts(t.county);
    send_block(t.county, t.town, forge_block(&f));
    assert_int_equal(counts(t.county).refused, was.refused);
    assert_int_equal(counts(t.county).entries, was.entries + 1);
    cluster_run(t.c, 60000);
    assert_int_equal(cl_facts(t.city, &third), 1); /* relayed whole, for whoever understands it */
    assert_int_equal(t.city->d->n.quarantined, 1);
    assert_others_work(&t);
    dp_buf_fini(&b);
    forge_close(&f);
    town_close(&t);
}

static void inject_frame(struct cl_node *to, const struct cl_node *from, const struct dp_frame *f)
{
    struct dp_buf b;
    dp_buf_init(&b, DP_FRAME_MAX);
    assert_ok(dp_frame_put(f, &b));
    cl_inject(to, from->id, dp_buf_slice(&b));
    dp_buf_fini(&b);
}

static void assert_link_stopped(struct town *t)
{
    assert_int_equal(cl_session(t->county, t->town)->state, DP_SESSION_STOPPED);
    assert_true(cl_alarmed(t->county, "link"));
    assert_int_equal(dp_daemon_stopped(t->county->d), DP_STOP_NONE);
    cluster_run(t->c, 60000);
    assert_true(cl_alarmed(t->town, "link"));
    assert_others_work(t);
}

static void test_words_that_break_the_protocol(void **state)
{
    struct town t;
    (void)state;
    for (int k = 0; k < 6; k++) {
        town_open(&t, 37 + (uint64_t)k);
        const struct dp_session *s = cl_session(t.county, t.town);
        struct dp_frame f = {.type = DP_FRAME_ACK};
        uint8_t bye[12] = {DP_FRAME_BYE, 0, 0x7f, 0xff};
        switch (k) {
        case 0: /* an ack beyond what was ever sent */
            f.u.ack.lanes = 1u << DP_LANE_CASES;
            f.u.ack.lane[DP_LANE_CASES].epoch = s->lane[DP_LANE_CASES].epoch_out;
            f.u.ack.lane[DP_LANE_CASES].durable = s->lane[DP_LANE_CASES].journal_last + 1;
            inject_frame(t.county, t.town, &f);
            break;
        case 1: /* of another journal */
            f.u.ack.lanes = 1u << DP_LANE_CASES;
            f.u.ack.lane[DP_LANE_CASES].epoch = s->lane[DP_LANE_CASES].epoch_out + 1;
            inject_frame(t.county, t.town, &f);
            break;
        case 2: /* a refusal of what was never sent */
            f = (struct dp_frame){.type = DP_FRAME_REFUSED};
            f.u.refused =
                (struct dp_refused_frame){DP_LANE_CASES, s->lane[DP_LANE_CASES].epoch_out, 99999, DP_FORMAT};
            inject_frame(t.county, t.town, &f);
            break;
        case 3: /* an item of another journal */
            f = (struct dp_frame){.type = DP_FRAME_ITEM};
            f.u.item = (struct dp_item_frame){.lane = DP_LANE_CASES,
                                              .kind = DP_ITEM_BLOCK,
                                              .epoch = s->lane[DP_LANE_CASES].epoch_in + 1,
                                              .number = 1,
                                              .total = 1,
                                              .body = dp_slice_str("x")};
            inject_frame(t.county, t.town, &f);
            break;
        case 4: /* no frame at all */
            cl_inject(t.county, t.town->id, dp_slice_str("GET / HTTP/1.1"));
            break;
        default: /* a bye whose reason is none */
            cl_inject(t.county, t.town->id, dp_slice_of(bye, sizeof(bye)));
            break;
        }
        assert_link_stopped(&t);
        town_close(&t);
    }
}

/* A child's bare word that this node has a twin, or lost its store, stops that link and nothing else. */
static void test_a_bye_does_not_silence_the_parent(void **state)
{
    static const uint16_t reasons[] = {DP_STOP_CLONE, DP_STOP_PEER_RESTORED, DP_STOP_RESTORED, DP_STOP_FORK};
    (void)state;
    for (unsigned k = 0; k < 4; k++) {
        struct town t;
        town_open(&t, 50 + k);
        struct dp_frame f = {.type = DP_FRAME_BYE, .u.bye = {.reason = reasons[k]}};
        inject_frame(t.county, t.town, &f);
        assert_int_equal(dp_daemon_stopped(t.county->d), DP_STOP_NONE);
        assert_int_equal(cl_session(t.county, t.town)->state, DP_SESSION_STOPPED);
        assert_others_work(&t);
        town_close(&t);
    }
}

/* An entry of another office's node, or in a role that the certificate does not give, makes no party
 * (R-FLD-3). */
static void test_a_void_entry_makes_no_party(void **state)
{
    struct town t;
    struct forge f;
    struct dp_header h;
    struct dp_buf b;
    char ref[DP_NAME_TEXT];
    (void)state;
    town_open(&t, 60);
    struct cl_result r = town_register(t.other_village);
    town_settle(&t);
    /* The township orders the other township's village about: it is not above it. */
    forge_open(&f, t.town, t.town);
    struct dp_entry e = {.kind = DP_KIND_SUPERVISE,
                         .rules = DP_RULES_VERSION,
                         .name = {t.town->id, f.in.inc, f.in.first_seq},
                         .subject = {.type = DP_SUBJECT_CASE, .name = r.name},
                         .office = {.node = t.town->id, .slug = "bureau"},
                         .officer = 1,
                         .at_ms = CL_EPOCH_MS,
                         .receipt = {20514},
                         .step = 2};
    e.body.to = (struct dp_office){.node = t.sibling->id, .slug = "station"};
    e.body.code = 4;
    e.body.code2 = 3;
    e.body.due.day = 20530;
    e.re = e.name; /* and answers itself */
    e.re.seq = 1;
    dp_buf_init(&b, 8192);
    assert_ok(dp_entry_encode(&e, &b));
    struct dp_slice one = dp_buf_slice(&b);
    assert_ok(dp_block_seal(&f.in, &one, 1, &f.a, &f.wire, &h));
    send_block(t.county, t.town, dp_buf_slice(&f.wire));
    cluster_run(t.c, 60000);
    assert_int_equal(cl_facts(t.county, &r.name), 2);
    assert_int_equal(cl_facts(t.city, &r.name), 2);
    assert_int_equal(cl_facts(t.sibling, &r.name), 0);
    assert_int_equal(cl_facts(t.town, &r.name), 0);
    dp_name_format(&r.name, ref);
    cl_go(t.other_village, DP_KIND_REFER_UP, ref, OTHER_TOWN "/bureau"); /* and stops nothing */
    dp_buf_fini(&b);
    forge_close(&f);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_block_of_a_neighbour),
        cmocka_unit_test(test_a_block_of_the_parent_itself),
        cmocka_unit_test(test_another_signature),
        cmocka_unit_test(test_entries_that_were_not_signed),
        cmocka_unit_test(test_gaps_forks_and_repetition),
        cmocka_unit_test(test_a_replayed_item),
        cmocka_unit_test(test_numbers_out_of_order),
        cmocka_unit_test(test_rubbish_inside_a_signed_block),
        cmocka_unit_test(test_words_that_break_the_protocol),
        cmocka_unit_test(test_a_bye_does_not_silence_the_parent),
        cmocka_unit_test(test_a_void_entry_makes_no_party),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
