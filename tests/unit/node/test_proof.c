/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who claims to hold more of a node's chain than the node must show it under the node's own signature: a lie
 * costs a pause, once, and an alarm with its name; what was really lost is proved at the first contact
 * (R-HEL-3, R-HEL-6).
 */
#include <stdio.h>
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

/* ---- a peer that lies: it sends nothing but what the test makes it say ---- */

struct liar {
    struct cl_node *of, *to; /* its frames to that node are dropped */
    unsigned asked, byes;    /* PROVE and BYE that it got */
    uint16_t reason;         /* of the last */
};

static bool mute(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct liar *l = ctx;
    struct dp_frame f;
    if (from == l->to && to == l->of && dp_frame_get(frame, &f) == DP_OK) {
        l->asked += f.type == DP_FRAME_PROVE;
        l->byes += f.type == DP_FRAME_BYE;
        if (f.type == DP_FRAME_BYE)
            l->reason = f.u.bye.reason;
        return false;
    }
    return from != l->of || to != l->to;
}

static void say(struct liar *l, const struct dp_frame *f)
{
    struct dp_buf b;
    dp_buf_init(&b, DP_FRAME_MAX);
    assert_ok(dp_frame_put(f, &b));
    cl_inject(l->to, l->of->id, dp_buf_slice(&b));
    dp_buf_fini(&b);
}

/* The hello that its daemon would say, as true as can be. */
static struct dp_frame true_hello(const struct liar *l)
{
    const struct dp_session *there = cl_session(l->to, l->of);
    const struct dp_session *here = cl_session(l->of, l->to);
    const struct dp_own *own = &l->to->d->own;
    struct dp_frame f = {.type = DP_FRAME_HELLO};
    struct dp_hello *h = &f.u.hello;
    h->version_max = DP_LINK_VERSION;
    h->version_min = DP_LINK_VERSION_MIN;
    h->rules = DP_RULES_VERSION;
    h->program = 0x000100;
    h->node = l->of->id;
    h->inc = l->of->d->own.inc;
    memcpy(h->nonce, here->nonce, sizeof h->nonce);
    h->clock_ms = cl_wall_ms(l->of);
    h->cert = l->of->d->id.cert.digest;
    h->head = (struct dp_head){l->of->d->own.inc, l->of->d->own.block, l->of->d->own.head};
    h->yours = (struct dp_head){own->inc, own->block, own->head};
    for (unsigned i = 0; i < DP_LANES; i++) {
        h->lane[i].my_epoch = here->lane[i].epoch_out;
        h->lane[i].my_last = here->lane[i].journal_last;
        h->lane[i].your_epoch = there->lane[i].epoch_out;
        h->lane[i].your_durable = there->lane[i].acked;
    }
    return f;
}

enum lie { BEYOND, OTHER_DIGEST, OTHER_LIFE, JOURNAL, GENERATION, LIES };

static void claim(struct liar *l, enum lie lie)
{
    struct dp_frame f = true_hello(l);
    switch (lie) {
    case BEYOND:
        f.u.hello.yours.number += 3;
        break;
    case OTHER_DIGEST:
        f.u.hello.yours.digest.b[0] ^= 1;
        break;
    case OTHER_LIFE:
        f.u.hello.yours.inc ^= 1;
        break;
    case JOURNAL:
        f.u.hello.lane[DP_LANE_CASES].your_durable += 1000;
        break;
    case GENERATION:
        f.u.hello.your_gen = 9;
        break;
    case LIES:
        break;
    }
    say(l, &f);
}

static void liar_open(struct liar *l, struct town *t, struct cl_node *of, struct cl_node *to)
{
    memset(l, 0, sizeof(*l));
    l->of = of;
    l->to = to;
    t->c->tap = mute;
    t->c->tap_ctx = l;
}

static void assert_issues(struct town *t, struct cl_node *n)
{
    assert_int_equal(dp_daemon_stopped(n->d), DP_STOP_NONE);
    assert_false(cl_alarmed(n, "stopped"));
    struct cl_result r = town_register(n);
    cluster_run(t->c, 60000);
    assert_int_equal(cl_facts(t->city, &r.name), 1);
}

static enum dp_err intake(struct cl_node *n)
{
    struct cl_command x;
    cl_intake(&x, "Wang", "one more");
    return cl_do(n, &x).err;
}

/* Whatever it claims: asked, not believed when the time is over, named; and the node goes on. */
static void test_a_claim_without_proof_is_a_pause(void **state)
{
    (void)state;
    for (unsigned k = 0; k < LIES; k++) {
        struct town t;
        struct liar l;
        town_open(&t, 70 + k);
        town_register(t.town);
        town_settle(&t);
        liar_open(&l, &t, t.village, t.town);
        claim(&l, (enum lie)k);
        assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_DOUBTED);
        assert_int_equal(l.asked, 1);
        assert_int_equal(intake(t.town), DP_AGAIN);
        uint64_t seq = t.town->d->own.seq, blocks = t.town->d->own.block;
        cluster_run(t.c, 2000);
        assert_int_equal(t.town->d->own.seq, seq);
        assert_int_equal(t.town->d->own.block, blocks);
        cluster_run(t.c, DP_PROOF_MAX_MS);
        assert_int_not_equal(l.byes, 0);
        assert_int_equal(l.reason, DP_STOP_UNPROVEN);
        assert_true(cl_alarmed(t.town, "link"));
        assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_DOWN);
        assert_issues(&t, t.town);
        assert_issues(&t, t.sibling);
        town_close(&t);
    }
}

/* What arrives meanwhile has its arrival: it is sealed when the pause is over, with nobody asking. */
static void test_what_came_in_the_pause_goes_out_after_it(void **state)
{
    struct town t;
    struct liar l;
    (void)state;
    town_open(&t, 80);
    liar_open(&l, &t, t.village, t.town);
    struct cl_result r = town_register(t.sibling);
    cl_go(t.sibling, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    claim(&l, BEYOND);
    cluster_run(t.c, 2000);
    assert_int_equal(cl_facts(t.town, &r.name), 3);
    assert_int_equal(cl_facts(t.county, &r.name), 2);
    cluster_run(t.c, DP_PROOF_MAX_MS + 5000);
    assert_int_equal(cl_facts(t.county, &r.name), 3);
    assert_int_equal(cl_facts(t.sibling, &r.name), 3);
    town_close(&t);
}

/* R-GON-1: after the first one no claim of that peer holds anything up, however often it comes back. */
static void test_a_liar_that_comes_back_for_ever(void **state)
{
    struct town t;
    struct liar l;
    (void)state;
    town_open(&t, 81);
    town_register(t.town);
    town_settle(&t);
    liar_open(&l, &t, t.village, t.town);
    claim(&l, BEYOND);
    assert_int_equal(intake(t.town), DP_AGAIN);
    for (unsigned i = 0; i < 100; i++) {
        dp_daemon_link_down(t.town->d, t.village->id);
        claim(&l, (enum lie)(i % LIES));
        assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_DOUBTED);
        assert_int_equal(intake(t.town), DP_OK);
    }
    assert_int_equal(l.asked, 101);
    assert_issues(&t, t.town);
    town_close(&t);
}

/* ---- proofs that are none ---- */

static void sign(const struct cl_node *by, uint8_t raw[DP_HEADER_BYTES])
{
    const size_t signed_bytes = DP_HEADER_BYTES - sizeof(struct dp_sig);
    struct dp_sig sig;
    assert_ok(dp_suite_of(DP_SUITE_INTL)
                  ->sign(&dp_daemon_keyring(by->d)->sign, dp_slice_of(raw, signed_bytes), &sig));
    memcpy(raw + signed_bytes, sig.b, sizeof sig.b);
}

static void test_false_proofs(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 5; k++) {
        struct town t;
        struct liar l;
        struct dp_header h = {.count = 1, .first_seq = 500};
        uint8_t raw[DP_HEADER_BYTES];
        struct dp_frame f = {.type = DP_FRAME_PROOF, .u.proof.header = dp_slice_of(raw, sizeof raw)};
        struct dp_slice wire;
        struct dp_db db;
        town_open(&t, 90 + k);
        town_register(t.town);
        town_register(t.village);
        town_settle(&t);
        liar_open(&l, &t, t.village, t.town);
        /* What both hold: of the village (of another node), of the township (ours, and here). */
        struct cl_node *of = k == 0 ? t.village : t.town;
        db = (struct dp_db){.kv = t.town->kv};
        assert_ok(dp_db_begin(&db, false));
        assert_ok(dp_db_block(&db, of->id, of->d->own.inc, of->d->own.block, 0, &wire));
        assert_ok(dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &h));
        dp_db_abort(&db);
        if (k >= 2)
            h.number += 5;
        dp_header_put(&h, raw);
        if (k == 3) /* its own key, under our name */
            sign(t.village, raw);
        if (k == 4)
            f.u.proof.header.len = 0;
        claim(&l, BEYOND);
        say(&l, &f);
        assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_DOWN);
        assert_int_equal(l.reason, DP_STOP_UNPROVEN);
        assert_true(cl_alarmed(t.town, "link"));
        assert_int_equal(intake(t.town), DP_OK); /* the pause is over with the answer */
        assert_issues(&t, t.town);
        /* Unasked it means nothing. */
        claim(&l, LIES);
        assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_UP);
        say(&l, &f);
        assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_UP);
        town_close(&t);
    }
}

/* ---- proofs ---- */

/* Rows of evidence about headers of `of` at `n`. */
static uint64_t evidence(struct cl_node *n, const struct cl_node *of)
{
    struct dp_db db = {.kv = n->kv};
    char word[40];
    uint64_t count = 0;
    snprintf(word, sizeof word, "evidence:%014llu", (unsigned long long)of->id.v);
    assert_ok(dp_db_begin(&db, false));
    (void)!dp_db_meta_u64(&db, word, &count);
    dp_db_abort(&db);
    return count;
}

/* Alone with an honest child, which was shown only pieces of what it lost; and again after a restart. */
static void test_a_restored_parent_is_shown_what_it_lost(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 100);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    struct dp_kv *old = cl_snapshot(t.town);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_cut(t.c, cl_link_of(t.c, t.town));
    cl_replace(t.town, old);
    cluster_run(t.c, 60000);
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_RESTORED);
    assert_int_equal(evidence(t.town, t.town), 1);
    assert_int_equal(intake(t.town), DP_STOPPED);
    assert_int_equal(cl_session(t.village, t.town)->state, DP_SESSION_STOPPED);
    assert_true(cl_alarmed(t.village, "link"));
    cl_kill(t.town, 100);
    cluster_run(t.c, 120000);
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_RESTORED);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_NONE);
    town_close(&t);
}

static void test_a_restored_child_is_shown_what_it_lost(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 101);
    struct dp_kv *old = cl_snapshot(t.village);
    town_register(t.village);
    town_settle(&t);
    cl_replace(t.village, old);
    cluster_run(t.c, 60000);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_RESTORED);
    assert_int_equal(evidence(t.village, t.village), 1);
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_NONE);
    town_close(&t);
}

/* It went on and is ahead by now: the child sees nothing wrong in its hello, and answers when it is asked. */
static void test_a_restored_parent_that_went_on(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 102);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    struct dp_kv *old = cl_snapshot(t.town);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    uint64_t known = t.town->d->own.block;
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cl_cut(t.c, cl_link_of(t.c, t.town));
    cl_replace(t.town, old);
    while (t.town->d->own.block <= known) {
        struct cl_result other = town_register(t.sibling);
        cl_go(t.sibling, DP_KIND_REFER_UP, other.number, TOWN "/bureau");
        cluster_run(t.c, 20000);
    }
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_NONE);
    cl_mend(cl_link_of(t.c, t.village));
    cluster_run(t.c, 60000);
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_RESTORED);
    assert_int_equal(evidence(t.town, t.town), 1);
    town_close(&t);
}

/* Nothing suspicious, nothing asked: the greeting is what it was. */
static void test_an_honest_greeting_asks_nothing(void **state)
{
    struct town t;
    struct liar l;
    (void)state;
    town_open(&t, 103);
    town_register(t.town);
    town_settle(&t);
    liar_open(&l, &t, t.village, t.town);
    claim(&l, LIES);
    cluster_run(t.c, 5000);
    assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_UP);
    assert_int_equal(l.asked, 0);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_claim_without_proof_is_a_pause),
        cmocka_unit_test(test_what_came_in_the_pause_goes_out_after_it),
        cmocka_unit_test(test_a_liar_that_comes_back_for_ever),
        cmocka_unit_test(test_false_proofs),
        cmocka_unit_test(test_a_restored_parent_is_shown_what_it_lost),
        cmocka_unit_test(test_a_restored_child_is_shown_what_it_lost),
        cmocka_unit_test(test_a_restored_parent_that_went_on),
        cmocka_unit_test(test_an_honest_greeting_asks_nothing),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
