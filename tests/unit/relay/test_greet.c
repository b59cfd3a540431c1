/* SPDX-License-Identifier: Apache-2.0 */
/* State by event of a link session, what a hello says, and every reason to stop. */
#include "support/cmocka_all.h"

#include "unit/relay/ends.h"

/* ---- state by event ---- */

enum event {
    CONNECT,
    LOST,
    HELLO,
    BAD_HELLO,
    OLD_HELLO,
    CLAIM,
    BYE,
    BYE_LOUD,
    SILENT,
    CLEAR,
    NO_PROOF,
    PROOF,
    EVENTS
};

static void act(struct dp_session *s, enum event e)
{
    const struct dp_hello_facts f = facts();
    struct dp_hello h = hello();

    switch (e) {
    case CONNECT:
        dp_session_connect(s, 0);
        break;
    case LOST:
        dp_session_lost(s);
        break;
    case HELLO:
        (void)dp_session_on_hello(s, &h, &f, 0);
        break;
    case BAD_HELLO:
        h.head.digest.b[0] ^= 1;
        (void)dp_session_on_hello(s, &h, &f, 0);
        break;
    case OLD_HELLO:
        h.version_min = h.version_max = 0;
        (void)dp_session_on_hello(s, &h, &f, 0);
        break;
    case CLAIM:
        h.yours.number = 10;
        (void)dp_session_on_hello(s, &h, &f, 0);
        break;
    case NO_PROOF:
        (void)dp_session_on_proof(s, NULL, NULL);
        break;
    case PROOF:
        h.yours.number = 10;
        (void)dp_session_on_proof(s, &h.yours, &f);
        break;
    case BYE:
        (void)dp_session_on_bye(s, DP_STOP_NONE);
        break;
    case BYE_LOUD:
        (void)dp_session_on_bye(s, DP_STOP_EPOCH);
        break;
    case SILENT:
        dp_session_stop(s, DP_STOP_SILENT);
        break;
    case CLEAR:
        dp_session_clear(s);
        break;
    case EVENTS:
        break;
    }
}

static struct dp_session in_state(enum dp_session_state state)
{
    struct dp_session s = session(true);

    if (state == DP_SESSION_UP)
        greet(&s, 0);
    else if (state == DP_SESSION_GREETING)
        dp_session_connect(&s, 0);
    else if (state == DP_SESSION_STOPPED)
        dp_session_stop(&s, DP_STOP_FORK);
    else if (state == DP_SESSION_DOUBTED)
        act(&s, CLAIM);
    assert_int_equal(s.state, state);
    return s;
}

static void every_event_in_every_state(void **state)
{
    enum {
        D = DP_SESSION_DOWN,
        G = DP_SESSION_GREETING,
        U = DP_SESSION_UP,
        S = DP_SESSION_STOPPED,
        C = DP_SESSION_DOUBTED,
    };
    static const uint8_t after[5][EVENTS] = {
        /*      connect lost hello bad old claim bye loud silent clear none proof */
        [D] = {G, D, U, S, D, C, D, S, D, D, D, S}, [G] = {G, D, U, S, D, C, D, S, D, G, G, S},
        [U] = {G, D, U, S, D, C, D, S, D, U, U, S}, [S] = {S, S, S, S, S, S, S, S, S, D, S, S},
        [C] = {G, D, U, S, D, C, D, S, D, C, D, S},
    };

    (void)state;
    for (unsigned from = 0; from < 5; from++) {
        for (unsigned e = 0; e < EVENTS; e++) {
            struct dp_session s = in_state((enum dp_session_state)from);
            act(&s, (enum event)e);
            if (s.state != (enum dp_session_state)after[from][e])
                fail_msg("state %u, event %u: %d", from, e, (int)s.state);
            assert_int_equal(s.flight_count, 0);
        }
    }
}

/* R-STO-1, R-HEL-1: an item before the greeting is neither applied nor sent. */
static void nothing_moves_before_the_greeting(void **state)
{
    static const enum dp_session_state states[] = {DP_SESSION_DOWN, DP_SESSION_GREETING, DP_SESSION_STOPPED,
                                                   DP_SESSION_DOUBTED};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct dp_session s = in_state(states[i]);
        struct dp_acks acks;
        assert_nothing(&s);
        assert_int_equal(dp_session_on_item(&s, DP_LANE_CASES, PEER_EPOCH, 7, 0, 0), DP_ITEM_DROP);
        assert_false(dp_session_acks(&s, &acks));
        assert_ok(dp_session_on_ack(&s, DP_LANE_CASES, MY_EPOCH, 7, 0));
        assert_int_equal(s.lane[DP_LANE_CASES].acked, 4);
    }
}

/* The child connects; the parent owes a hello for each of the child's, and nothing goes before it. */
static void the_parent_answers_each_hello_of_the_child(void **state)
{
    struct dp_session s = session(true);
    const struct dp_hello_facts f = facts();
    struct dp_hello h = hello();

    (void)state;
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 0), DP_STOP_NONE);
    assert_false(s.greeted);
    assert_nothing(&s);
    dp_session_greeted(&s, DP_HELLO_BYTES, 0);
    assert_next(&s, DP_LANE_CONTROL, 5);
    dp_session_sent(&s, DP_LANE_CONTROL, 5, 100, 0);
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 0), DP_STOP_NONE);
    assert_int_equal(s.flight_count, 0);
    assert_false(s.greeted);
    dp_session_greeted(&s, DP_HELLO_BYTES, 0);
    assert_next(&s, DP_LANE_CONTROL, 5); /* the statement wins: not there, so again */
}

static void two_hellos_do_not_answer_each_other_for_ever(void **state)
{
    struct dp_session s = session(false);
    const struct dp_hello_facts f = facts();
    struct dp_hello h = hello();

    (void)state;
    greet(&s, 0);
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 1), DP_STOP_NONE);
    assert_true(s.greeted);
    memcpy(h.nonce, nonce_other, sizeof(h.nonce)); /* the parent started again */
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 2), DP_STOP_NONE);
    assert_false(s.greeted);
}

/* ---- what a hello says ---- */

static void our_hello_states_what_is_durable(void **state)
{
    struct dp_session s = session(true);
    struct dp_hello_facts f = facts();
    const struct dp_digest cert = digest_of(77);
    struct dp_hello h;

    (void)state;
    s.lane[DP_LANE_BULK] = (struct dp_lane_state){MY_EPOCH, 3, 0, 0, 0};
    dp_session_hello(&s, &f, 123456, true, false, &cert, 0x000100, &h);
    assert_int_equal(h.version_max, DP_LINK_VERSION);
    assert_int_equal(h.version_min, DP_LINK_VERSION_MIN);
    assert_int_equal(h.rules, 1);
    assert_int_equal(h.flags, DP_HELLO_CLOCK_SYNCED);
    assert_int_equal(h.node.v, COUNTY);
    assert_int_equal(h.inc, MY_INC);
    assert_memory_equal(h.nonce, nonce_here, 16);
    assert_int_equal(h.clock_ms, 123456);
    assert_true(dp_digest_eq(&h.cert, &cert));
    assert_int_equal(h.head.number, 9);
    assert_int_equal(h.yours.number, 5);
    assert_int_equal(h.lane[DP_LANE_CASES].my_epoch, MY_EPOCH);
    assert_int_equal(h.lane[DP_LANE_CASES].my_last, 10);
    assert_int_equal(h.lane[DP_LANE_CASES].your_epoch, PEER_EPOCH);
    assert_int_equal(h.lane[DP_LANE_CASES].your_durable, 6);
    assert_int_equal(h.lane[DP_LANE_BULK].your_epoch, 0);
    f.know_yours = false;
    dp_session_hello(&s, &f, 0, false, true, &cert, 0, &h);
    assert_int_equal(h.flags, DP_HELLO_STOPPED);
    assert_int_equal(h.yours.number, 0);
}

/* R-HEL-1: its statement wins, higher or lower; R-HEL-2: lower is counted and sent again. */
static void the_statement_wins_over_the_cursor(void **state)
{
    struct dp_session s = session(true);
    const struct dp_hello_facts f = facts();
    struct dp_hello h = hello();

    (void)state;
    h.lane[DP_LANE_URGENT].your_durable = 2;
    h.lane[DP_LANE_CASES].your_durable = 7;
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 0), DP_STOP_NONE);
    assert_int_equal(s.lane[DP_LANE_URGENT].acked, 2);
    assert_int_equal(s.next[DP_LANE_URGENT], 3);
    assert_int_equal(s.lane[DP_LANE_CASES].acked, 7);
    assert_int_equal(s.next[DP_LANE_CASES], 8);
    assert_int_equal(s.lowered, 1);
}

static void a_first_contact_starts_at_one(void **state)
{
    struct dp_session s;
    const struct dp_lane_state lane = {MY_EPOCH, 10, 0, 0, 0};
    struct dp_hello_facts f = {.my_inc = MY_INC};
    struct dp_hello h = hello();

    (void)state;
    dp_session_init(&s, (struct dp_node){COUNTY}, (struct dp_node){TOWN}, true, nonce_here);
    memset(&h.yours, 0, sizeof(h.yours));
    for (uint8_t i = 0; i < DP_LANES; i++) {
        dp_session_load(&s, i, &lane);
        h.lane[i].your_epoch = 0;
        h.lane[i].your_durable = 0;
    }
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 0), DP_STOP_NONE);
    for (unsigned i = 0; i < DP_LANES; i++) {
        assert_int_equal(s.next[i], 1);
        assert_int_equal(s.lane[i].epoch_in, PEER_EPOCH);
    }
    assert_int_equal(s.lowered, 0);
    assert_int_equal(dp_session_on_item(&s, DP_LANE_BULK, PEER_EPOCH, 1, 0, 0), DP_ITEM_APPLY);
}

/* ---- every reason to stop ---- */

struct bad {
    const char *what;
    enum dp_stop stop;
    void (*spoil)(struct dp_session *s, struct dp_hello *h, struct dp_hello_facts *f);
};

/* R-RSD-2: the peer began its journals anew: nothing of them is here; ours are as they were. */
static void the_peer_began_anew(void **state)
{
    struct dp_session s = session(true);
    const struct dp_hello_facts f = facts();
    struct dp_hello h = hello(), ours;

    (void)state;
    h.my_gen = 2;
    for (unsigned i = 0; i < DP_LANES; i++) {
        h.lane[i].my_epoch = PEER_EPOCH + 7;
        h.lane[i].my_last = 0; /* less than what is durable here of the old one */
    }
    dp_session_connect(&s, 0);
    dp_session_greeted(&s, DP_HELLO_BYTES, 0);
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 10), DP_STOP_NONE);
    assert_int_equal(s.gen_in, 2);
    for (unsigned i = 0; i < DP_LANES; i++) {
        assert_int_equal(s.lane[i].epoch_in, PEER_EPOCH + 7);
        assert_int_equal(s.lane[i].durable_in, 0);
        assert_int_equal(s.lane[i].acked, 4);
    }
    assert_next(&s, DP_LANE_CONTROL, 5);
    assert_int_equal(dp_session_on_item(&s, DP_LANE_BULK, PEER_EPOCH, 7, 0, 10), DP_ITEM_BREACH);
    assert_int_equal(dp_session_on_item(&s, DP_LANE_BULK, PEER_EPOCH + 7, 1, 0, 10), DP_ITEM_APPLY);
    dp_session_hello(&s, &f, 0, true, false, &f.mine_digest, 1, &ours);
    assert_int_equal(ours.your_gen, 2);
    assert_int_equal(ours.my_gen, 0);
    assert_int_equal(ours.lane[1].your_durable, 0);
}

/* R-RSD-2: we did, and what the peer says of the old journals counts for nothing, however much it is. */
static void we_began_anew(void **state)
{
    struct dp_session s = session(true);
    const struct dp_hello_facts f = facts();
    struct dp_hello h = hello();

    (void)state;
    s.gen_out = 1;
    for (uint8_t i = 0; i < DP_LANES; i++) {
        const struct dp_lane_state lane = {MY_EPOCH + 7, 3, 0, PEER_EPOCH, 6};
        dp_session_load(&s, i, &lane);
        h.lane[i].your_durable = 1000;
    }
    dp_session_connect(&s, 0);
    dp_session_greeted(&s, DP_HELLO_BYTES, 0);
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 10), DP_STOP_NONE);
    assert_int_equal(s.lowered, 0);
    for (uint8_t i = 0; i < DP_LANES; i++) {
        assert_int_equal(s.lane[i].acked, 0);
        assert_int_equal(s.next[i], 1);
        assert_int_equal(s.lane[i].durable_in, 6);
    }
    /* R-RSD-1: said before it heard of the new journals, and of no effect. */
    assert_int_equal(dp_session_on_ack(&s, DP_LANE_CASES, MY_EPOCH, 4, 10), DP_OK);
    assert_int_equal(dp_session_on_refused(&s, DP_LANE_CASES, MY_EPOCH, 4, 10), DP_DUPLICATE);
    assert_int_equal(s.lane[DP_LANE_CASES].acked, 0);
    /* From then on it is as ever. */
    h.your_gen = 1;
    for (unsigned i = 0; i < DP_LANES; i++) {
        h.lane[i].your_epoch = MY_EPOCH + 7;
        h.lane[i].your_durable = 2;
    }
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 20), DP_STOP_NONE);
    dp_session_greeted(&s, DP_HELLO_BYTES, 20);
    assert_next(&s, DP_LANE_CONTROL, 3);
}

#define SPOIL(name, ...)                                                                                     \
    static void name(struct dp_session *s, struct dp_hello *h, struct dp_hello_facts *f)                     \
    {                                                                                                        \
        (void)s;                                                                                             \
        (void)h;                                                                                             \
        (void)f;                                                                                             \
        __VA_ARGS__;                                                                                         \
    }

SPOIL(too_old, h->version_min = h->version_max = 0)
SPOIL(too_new, h->version_min = h->version_max = DP_LINK_VERSION + 1)
SPOIL(upside_down, h->version_min = DP_LINK_VERSION + 1)
SPOIL(other_node, h->node.v = VILLAGE)
SPOIL(our_node, h->node.v = COUNTY)
SPOIL(second_process, s->state = DP_SESSION_UP; memcpy(s->peer_nonce, nonce_other, 16))
SPOIL(beyond_our_head, h->yours.number = 10)
SPOIL(beyond_no_head, memset(&f->my_head, 0, sizeof(f->my_head)))
SPOIL(beyond_old_head, f->my_head.inc = 10; f->my_head.number = 90)
SPOIL(our_other_digest, h->yours.digest = digest_of(99))
SPOIL(our_lost_block, h->yours.number = 8; f->mine_known = false)
SPOIL(our_unknown_life, h->yours.inc = 7; f->mine_known = false)
SPOIL(our_old_life_changed, h->yours.inc = 7; h->yours.digest = digest_of(70))
SPOIL(peer_behind, h->head.number = 4; f->theirs_known = false)
SPOIL(peer_empty, memset(&h->head, 0, sizeof(h->head)); f->theirs_known = false)
SPOIL(peer_old_head, h->head.inc = 21; f->theirs_known = false)
SPOIL(peer_new_life, h->inc = 23; h->head.inc = 23; h->head.number = 1; f->theirs_known = false)
SPOIL(peer_other_digest, h->head.digest = digest_of(55))
SPOIL(peer_other_digest_here, h->head.digest = digest_of(55); f->theirs_known = false)
SPOIL(peer_fork_ahead, h->head.number = 6; h->head.digest = digest_of(66))
SPOIL(our_other_epoch, h->lane[2].your_epoch = MY_EPOCH + 1)
SPOIL(beyond_our_journal, h->lane[3].your_durable = 11)
SPOIL(peer_other_epoch, h->lane[1].my_epoch = PEER_EPOCH + 1)
SPOIL(peer_short_journal, h->lane[0].my_last = 5)
SPOIL(later_journal_of_ours, h->your_gen = 1)
SPOIL(earlier_journal_of_theirs, s->gen_in = 1)
SPOIL(other_epoch_same_generation, s->gen_out = h->your_gen = 3; h->lane[0].your_epoch = MY_EPOCH + 1)
SPOIL(peer_epoch_same_generation, s->gen_in = h->my_gen = 3; h->lane[0].my_epoch = PEER_EPOCH + 1)
SPOIL(renewed_with_a_lost_head, h->my_gen = 1; h->head.number = 4; f->theirs_known = false)
SPOIL(renewed_and_forked, h->my_gen = 1; h->head.digest = digest_of(55))
SPOIL(renewed_by_us_who_lost, s->gen_out = 1; h->yours.number = 10)
SPOIL(renewed_in_a_new_life, h->my_gen = 1; h->inc = 23; h->head.inc = 23; f->theirs_known = false)
SPOIL(renewed_without_an_epoch, h->my_gen = 1; h->lane[2].my_epoch = 0)
SPOIL(no_epoch, h->lane[0].my_epoch = 0)
SPOIL(durable_of_nothing, h->lane[0].your_epoch = 0)

static const struct bad bads[] = {
    {"no common version: older", DP_STOP_VERSION, too_old},
    {"no common version: newer", DP_STOP_VERSION, too_new},
    {"versions upside down", DP_STOP_PROTOCOL, upside_down},
    {"another node", DP_STOP_WRONG_NODE, other_node},
    {"ourselves", DP_STOP_WRONG_NODE, our_node},
    {"second process, R-HEL-5", DP_STOP_CLONE, second_process},
    {"our header beyond our head, R-HEL-3", DP_STOP_UNPROVEN, beyond_our_head},
    {"our header, and we have none", DP_STOP_UNPROVEN, beyond_no_head},
    {"our header, none sealed in this life", DP_STOP_UNPROVEN, beyond_old_head},
    {"our header with other content", DP_STOP_UNPROVEN, our_other_digest},
    {"our header lost here", DP_STOP_UNPROVEN, our_lost_block},
    {"unknown incarnation of ours", DP_STOP_UNPROVEN, our_unknown_life},
    {"old incarnation of ours, other content", DP_STOP_UNPROVEN, our_old_life_changed},
    {"peer behind what is here", DP_STOP_PEER_RESTORED, peer_behind},
    {"peer with an empty chain", DP_STOP_PEER_RESTORED, peer_empty},
    {"peer with an older head", DP_STOP_PEER_RESTORED, peer_old_head},
    {"peer with an unknown incarnation", DP_STOP_PEER_RESTORED, peer_new_life},
    {"peer's head contradicts, R-CUT-1", DP_STOP_FORK, peer_other_digest},
    {"peer's head contradicts the one here", DP_STOP_FORK, peer_other_digest_here},
    {"peer's head contradicts a block here", DP_STOP_FORK, peer_fork_ahead},
    {"peer knows another journal of ours, R-HEL-4, R-JRN-2", DP_STOP_EPOCH, our_other_epoch},
    {"item beyond our journal, R-HEL-3", DP_STOP_UNPROVEN, beyond_our_journal},
    {"another journal of the peer, R-HEL-4", DP_STOP_EPOCH, peer_other_epoch},
    {"peer's journal shorter than what came", DP_STOP_PEER_RESTORED, peer_short_journal},
    {"journals of ours that this store never began, R-RSD-2", DP_STOP_UNPROVEN, later_journal_of_ours},
    {"journals of the peer from before those known, R-RSD-2", DP_STOP_PEER_RESTORED,
     earlier_journal_of_theirs},
    {"another epoch of a known generation, R-HEL-4", DP_STOP_EPOCH, other_epoch_same_generation},
    {"the peer's, R-HEL-4", DP_STOP_EPOCH, peer_epoch_same_generation},
    {"new journals excuse no lost block", DP_STOP_PEER_RESTORED, renewed_with_a_lost_head},
    {"nor a fork", DP_STOP_FORK, renewed_and_forked},
    {"nor a lost block of ours", DP_STOP_UNPROVEN, renewed_by_us_who_lost},
    {"nor a new life", DP_STOP_PEER_RESTORED, renewed_in_a_new_life},
    {"nor no journal at all", DP_STOP_PROTOCOL, renewed_without_an_epoch},
    {"no epoch", DP_STOP_PROTOCOL, no_epoch},
    {"items of no journal", DP_STOP_PROTOCOL, durable_of_nothing},
};
#define BADS (sizeof(bads) / sizeof(bads[0]))

static void every_contradiction_stops_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < BADS; i++) {
        struct dp_session s = session(true);
        struct dp_hello h = hello();
        struct dp_hello_facts f = facts();
        enum dp_stop got;

        dp_session_connect(&s, 0);
        dp_session_greeted(&s, DP_HELLO_BYTES, 0);
        bads[i].spoil(&s, &h, &f);
        got = dp_session_on_hello(&s, &h, &f, 10);
        if (got != bads[i].stop)
            fail_msg("%s: %s", bads[i].what, dp_stop_name(got));
        if (got == DP_STOP_UNPROVEN) {
            assert_int_equal(s.state, DP_SESSION_DOUBTED);
            assert_int_equal(s.stop, DP_STOP_NONE);
        } else {
            assert_int_equal(s.stop, bads[i].stop);
            assert_int_equal(s.state, dp_stop_is_loud(got) ? DP_SESSION_STOPPED : DP_SESSION_DOWN);
        }
        assert_int_equal(s.lane[0].acked, 4); /* nothing was taken from it */
        assert_nothing(&s);
    }
}

/* The rows above stand in the order of judgement but for the odd ones: the earlier reason wins. */
static void the_earlier_reason_wins(void **state)
{
    static const size_t order[] = {0, 3, 5, 6, 13, 17, 20};

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(order) / sizeof(order[0]); i++) {
        for (size_t k = i + 1; k < sizeof(order) / sizeof(order[0]); k++) {
            struct dp_session s = session(true);
            struct dp_hello h = hello();
            struct dp_hello_facts f = facts();

            dp_session_connect(&s, 0);
            bads[order[k]].spoil(&s, &h, &f);
            bads[order[i]].spoil(&s, &h, &f);
            assert_int_equal(dp_session_on_hello(&s, &h, &f, 10), bads[order[i]].stop);
        }
    }
}

/* ---- claims and proofs (R-HEL-6) ---- */

static struct dp_session doubted(bool is_parent)
{
    struct dp_session s = session(is_parent);
    const struct dp_hello_facts f = facts();
    struct dp_hello h = hello();

    dp_session_connect(&s, 0);
    h.yours.number = 10;
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 0), DP_STOP_UNPROVEN);
    assert_false(s.greeted); /* the peer is to judge ours too */
    return s;
}

/* Whatever a hello may claim of our chain, the same under our signature is a proof; what fits is none. */
static void a_proof_is_judged_like_a_claim(void **state)
{
    static const struct {
        struct dp_head shown;
        bool known;
        enum dp_stop stop;
    } rows[] = {
        {{MY_INC, 10, {{0}}}, false, DP_STOP_RESTORED}, /* beyond our head */
        {{MY_INC, 9, {{0}}}, true, DP_STOP_RESTORED},   /* another one under its number */
        {{MY_INC, 7, {{0}}}, false, DP_STOP_RESTORED},  /* lost in the middle */
        {{7, 1, {{0}}}, false, DP_STOP_RESTORED},       /* of a life not known here */
        {{MY_INC, 9, {{9}}}, true, DP_STOP_UNPROVEN},   /* ours, and here */
        {{MY_INC, 0, {{0}}}, false, DP_STOP_UNPROVEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dp_session s = doubted(i % 2 == 0);
        struct dp_hello_facts f = facts();
        struct dp_head shown = rows[i].shown;
        f.mine_known = rows[i].known;
        shown.digest = digest_of(shown.digest.b[0]);
        assert_int_equal(dp_session_on_proof(&s, &shown, &f), rows[i].stop);
        assert_int_equal(s.stop, rows[i].stop);
        assert_int_equal(s.state, i < 4 ? DP_SESSION_STOPPED : DP_SESSION_DOWN);
        s = up(); /* nobody asked: only a proof means something */
        assert_int_equal(dp_session_on_proof(&s, &shown, &f), i < 4 ? DP_STOP_RESTORED : DP_STOP_NONE);
        assert_int_equal(s.state, i < 4 ? DP_SESSION_STOPPED : DP_SESSION_UP);
    }
}

/* The first claim holds issuing up until the answer or its time; none after it does. */
static void a_doubt_is_bounded_and_pauses_once(void **state)
{
    struct dp_session s = doubted(true);
    const struct dp_hello_facts f = facts();
    struct dp_hello h = hello();
    int64_t until = dp_session_wake(&s);

    (void)state;
    assert_true(dp_session_pauses(&s));
    assert_true(until > 0 && until <= DP_PROOF_MAX_MS);
    h.yours.number = 10;
    assert_int_equal(dp_session_on_hello(&s, &h, &f, until - 1), DP_STOP_UNPROVEN);
    assert_int_equal(dp_session_wake(&s), until); /* saying it again wins no time */
    assert_int_equal(dp_session_tick(&s, until - 1), DP_TICK_NONE);
    assert_int_equal(dp_session_tick(&s, until), DP_TICK_UNPROVEN);
    dp_session_stop(&s, DP_STOP_UNPROVEN);
    assert_int_equal(s.state, DP_SESSION_DOWN);
    assert_false(dp_session_pauses(&s));
    for (int i = 0; i < 100; i++) {
        dp_session_connect(&s, until);
        assert_int_equal(dp_session_on_hello(&s, &h, &f, until), DP_STOP_UNPROVEN);
        assert_int_equal(s.state, DP_SESSION_DOUBTED);
        assert_false(dp_session_pauses(&s));
        dp_session_lost(&s);
    }
    s.rtt_ms = INT64_C(3600000); /* the longest round trip buys no more */
    assert_int_equal(dp_session_proof_ms(&s), DP_PROOF_MAX_MS);
}

/* What no signature can show is the parent's to say. */
static void the_parents_word_counts_for_journals(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        for (unsigned i = 0; i < 2; i++) {
            struct dp_session s = session(k == 0);
            const struct dp_hello_facts f = facts();
            struct dp_hello h = hello();
            if (i == 0)
                h.lane[1].your_durable = 11;
            else
                h.your_gen = 1;
            assert_int_equal(dp_session_on_hello(&s, &h, &f, 0),
                             k == 0 ? DP_STOP_UNPROVEN : DP_STOP_RESTORED);
        }
    }
}

static void lawful_heads_do_not_stop(void **state)
{
    struct dp_session s = session(true);
    struct dp_hello h = hello();
    struct dp_hello_facts f = facts();

    (void)state;
    /* peer ahead of what is here, and it holds an older block of ours */
    h.head = (struct dp_head){PEER_INC, 8, digest_of(8)};
    f.theirs_known = false;
    h.yours = (struct dp_head){MY_INC, 3, digest_of(3)};
    f.mine_digest = digest_of(3);
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 0), DP_STOP_NONE);
    /* a known older life of ours; a new life of the peer that its certificate names, nothing sealed yet */
    s = session(true);
    h.yours.inc = 7;
    h.inc = 23;
    h.head = (struct dp_head){0};
    f.peer_inc_known = 23;
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 0), DP_STOP_NONE);
}

/* R-HEL-5: only while the first still answers, only at the parent. */
static void a_clone_needs_a_living_first(void **state)
{
    struct dp_session s = up();
    struct dp_hello h = hello();
    const struct dp_hello_facts f = facts();

    (void)state;
    assert_false(dp_session_is_clone(&s, &h, 1001));
    memcpy(h.nonce, nonce_other, sizeof(h.nonce));
    assert_true(dp_session_is_clone(&s, &h, 1001));
    assert_false(dp_session_is_clone(&s, &h, 1000 + s.silence_ms));
    dp_session_lost(&s);
    assert_false(dp_session_is_clone(&s, &h, 1001));
    assert_int_equal(dp_session_on_hello(&s, &h, &f, 1001), DP_STOP_NONE);
}

static void reasons_have_words(void **state)
{
    (void)state;
    for (unsigned i = 1; i < DP_STOP_COUNT; i++) {
        enum dp_stop why = (enum dp_stop)i;
        assert_true(strlen(dp_stop_text(why)) > 0);
        assert_true(strlen(dp_stop_advice(why)) > 0);
        assert_true(strlen(dp_stop_name(why)) > 0);
    }
    assert_string_equal(dp_stop_name((enum dp_stop)999), "PROTOCOL");
    assert_false(dp_stop_is_loud(DP_STOP_NONE));
    assert_false(dp_stop_is_loud(DP_STOP_SILENT));
    assert_true(dp_stop_is_loud(DP_STOP_CLONE));
    assert_string_equal(dp_lane_word(DP_LANE_URGENT), "urgent");
    assert_string_equal(dp_lane_word(9), "unknown");
}

static void a_bye_is_read_from_this_side(void **state)
{
    struct dp_session s = up();

    (void)state;
    assert_int_equal(dp_session_on_bye(&s, DP_STOP_RESTORED), DP_STOP_PEER_RESTORED);
    assert_int_equal(s.state, DP_SESSION_STOPPED);
    assert_int_equal(dp_session_on_bye(&s, DP_STOP_FORK), DP_STOP_FORK);
    assert_int_equal(s.stop, DP_STOP_PEER_RESTORED); /* the first reason stands */
    dp_session_clear(&s);
    assert_int_equal(s.stop, DP_STOP_NONE);
    assert_int_equal(dp_session_on_bye(&s, DP_STOP_PEER_RESTORED), DP_STOP_RESTORED);
    dp_session_clear(&s);
    assert_int_equal(dp_session_on_bye(&s, DP_STOP_WRONG_PARENT), DP_STOP_WRONG_PARENT);
    assert_int_equal(s.state, DP_SESSION_DOWN);
    assert_int_equal(dp_session_on_bye(&s, 60000), DP_STOP_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_every_state),
        cmocka_unit_test(nothing_moves_before_the_greeting),
        cmocka_unit_test(the_parent_answers_each_hello_of_the_child),
        cmocka_unit_test(two_hellos_do_not_answer_each_other_for_ever),
        cmocka_unit_test(our_hello_states_what_is_durable),
        cmocka_unit_test(the_statement_wins_over_the_cursor),
        cmocka_unit_test(a_first_contact_starts_at_one),
        cmocka_unit_test(the_peer_began_anew),
        cmocka_unit_test(we_began_anew),
        cmocka_unit_test(every_contradiction_stops_with_its_reason),
        cmocka_unit_test(the_earlier_reason_wins),
        cmocka_unit_test(a_proof_is_judged_like_a_claim),
        cmocka_unit_test(a_doubt_is_bounded_and_pauses_once),
        cmocka_unit_test(the_parents_word_counts_for_journals),
        cmocka_unit_test(lawful_heads_do_not_stop),
        cmocka_unit_test(a_clone_needs_a_living_first),
        cmocka_unit_test(reasons_have_words),
        cmocka_unit_test(a_bye_is_read_from_this_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
