/* SPDX-License-Identifier: Apache-2.0 */
/* State by event of a link session, every reason to stop, windows, lanes, acks and time. */
#include "support/cmocka_all.h"

#include <string.h>

#include "relay/session.h"

#define COUNTY UINT64_C(33102300000000)
#define TOWN UINT64_C(33102300100000)
#define VILLAGE UINT64_C(33102300104000)
#define MY_INC 11
#define PEER_INC 22
#define MY_EPOCH 101
#define PEER_EPOCH 202

static const uint8_t nonce_here[16] = {1};
static const uint8_t nonce_peer[16] = {2};
static const uint8_t nonce_other[16] = {3};

static struct dp_digest digest_of(uint8_t b)
{
    struct dp_digest d;

    memset(d.b, b, sizeof(d.b));
    return d;
}

/* One end with journals of 10 items, 4 of them acked, and 6 durable from the peer. */
static struct dp_session session(bool is_parent)
{
    struct dp_session s;
    const struct dp_lane_state lane = {MY_EPOCH, 10, 4, PEER_EPOCH, 6};

    dp_session_init(&s, (struct dp_node){COUNTY}, (struct dp_node){TOWN}, is_parent, nonce_here);
    for (uint8_t i = 0; i < DP_LANES; i++)
        dp_session_load(&s, i, &lane);
    return s;
}

/* Both hold each other's heads: ours is block 9, the peer's block 5. */
static struct dp_hello_facts facts(void)
{
    return (struct dp_hello_facts){
        .my_head = {MY_INC, 9, digest_of(9)},
        .my_inc = MY_INC,
        .know_yours = true,
        .peer_head_here = {PEER_INC, 5, digest_of(5)},
        .mine_known = true,
        .mine_digest = digest_of(9),
        .theirs_known = true,
        .theirs_digest = digest_of(5),
        .peer_inc_known = PEER_INC,
    };
}

static struct dp_hello hello(void)
{
    struct dp_hello h = {
        .version_max = DP_LINK_VERSION,
        .version_min = DP_LINK_VERSION_MIN,
        .node = {TOWN},
        .inc = PEER_INC,
        .head = {PEER_INC, 5, digest_of(5)},
        .yours = {MY_INC, 9, digest_of(9)},
    };

    memcpy(h.nonce, nonce_peer, sizeof(h.nonce));
    for (unsigned i = 0; i < DP_LANES; i++) {
        h.lane[i].my_epoch = PEER_EPOCH;
        h.lane[i].my_last = 8;
        h.lane[i].your_epoch = MY_EPOCH;
        h.lane[i].your_durable = 4;
    }
    return h;
}

static void greet(struct dp_session *s, int64_t now_ms)
{
    const struct dp_hello_facts f = facts();
    const struct dp_hello h = hello();

    dp_session_connect(s, now_ms);
    dp_session_greeted(s, DP_HELLO_BYTES, now_ms);
    assert_int_equal(dp_session_on_hello(s, &h, &f, now_ms), DP_STOP_NONE);
    assert_int_equal(s->state, DP_SESSION_UP);
}

static struct dp_session up(void)
{
    struct dp_session s = session(true);

    greet(&s, 1000);
    return s;
}

static void assert_next(const struct dp_session *s, int lane, uint64_t number)
{
    uint8_t got_lane = 255;
    uint64_t got = 0;

    assert_true(dp_session_next(s, &got_lane, &got));
    assert_int_equal(got_lane, lane);
    assert_int_equal(got, number);
}

static void assert_nothing(const struct dp_session *s)
{
    uint8_t lane;
    uint64_t number;

    assert_false(dp_session_next(s, &lane, &number));
}

/* ---- state by event ---- */

enum event { CONNECT, LOST, HELLO, BAD_HELLO, OLD_HELLO, BYE, BYE_LOUD, SILENT, CLEAR, EVENTS };

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
    assert_int_equal(s.state, state);
    return s;
}

static void every_event_in_every_state(void **state)
{
    enum { D = DP_SESSION_DOWN, G = DP_SESSION_GREETING, U = DP_SESSION_UP, S = DP_SESSION_STOPPED };
    static const uint8_t after[4][EVENTS] = {
        /*      connect lost hello bad old bye loud silent clear */
        [D] = {G, D, U, S, D, D, S, D, D},
        [G] = {G, D, U, S, D, D, S, D, G},
        [U] = {G, D, U, S, D, D, S, D, U},
        [S] = {S, S, S, S, S, S, S, S, D},
    };

    (void)state;
    for (unsigned from = 0; from < 4; from++) {
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
    static const enum dp_session_state states[] = {DP_SESSION_DOWN, DP_SESSION_GREETING, DP_SESSION_STOPPED};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
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
SPOIL(no_epoch, h->lane[0].my_epoch = 0)
SPOIL(durable_of_nothing, h->lane[0].your_epoch = 0)

static const struct bad bads[] = {
    {"no common version: older", DP_STOP_VERSION, too_old},
    {"no common version: newer", DP_STOP_VERSION, too_new},
    {"versions upside down", DP_STOP_PROTOCOL, upside_down},
    {"another node", DP_STOP_WRONG_NODE, other_node},
    {"ourselves", DP_STOP_WRONG_NODE, our_node},
    {"second process, R-HEL-5", DP_STOP_CLONE, second_process},
    {"our header beyond our head, R-HEL-3", DP_STOP_RESTORED, beyond_our_head},
    {"our header, and we have none", DP_STOP_RESTORED, beyond_no_head},
    {"our header, none sealed in this life", DP_STOP_RESTORED, beyond_old_head},
    {"our header with other content", DP_STOP_RESTORED, our_other_digest},
    {"our header lost here", DP_STOP_RESTORED, our_lost_block},
    {"unknown incarnation of ours", DP_STOP_RESTORED, our_unknown_life},
    {"old incarnation of ours, other content", DP_STOP_RESTORED, our_old_life_changed},
    {"peer behind what is here", DP_STOP_PEER_RESTORED, peer_behind},
    {"peer with an empty chain", DP_STOP_PEER_RESTORED, peer_empty},
    {"peer with an older head", DP_STOP_PEER_RESTORED, peer_old_head},
    {"peer with an unknown incarnation", DP_STOP_PEER_RESTORED, peer_new_life},
    {"peer's head contradicts", DP_STOP_FORK, peer_other_digest},
    {"peer's head contradicts the one here", DP_STOP_FORK, peer_other_digest_here},
    {"peer's head contradicts a block here", DP_STOP_FORK, peer_fork_ahead},
    {"peer knows another journal of ours, R-HEL-4", DP_STOP_EPOCH, our_other_epoch},
    {"item beyond our journal, R-HEL-3", DP_STOP_RESTORED, beyond_our_journal},
    {"another journal of the peer, R-HEL-4", DP_STOP_EPOCH, peer_other_epoch},
    {"peer's journal shorter than what came", DP_STOP_PEER_RESTORED, peer_short_journal},
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
        assert_int_equal(s.stop, bads[i].stop);
        assert_int_equal(s.state, dp_stop_is_loud(got) ? DP_SESSION_STOPPED : DP_SESSION_DOWN);
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

/* ---- items and acks ---- */

/* R-ACK-3 */
static void items_apply_in_order_only(void **state)
{
    struct dp_session s = up();
    struct dp_acks acks;

    (void)state;
    assert_int_equal(dp_session_on_item(&s, DP_LANE_CASES, PEER_EPOCH, 7, 0, 1), DP_ITEM_APPLY);
    assert_int_equal(dp_session_on_item(&s, DP_LANE_CASES, PEER_EPOCH, 8, 1, 1), DP_ITEM_APPLY);
    assert_false(dp_session_acks(&s, &acks)); /* R-ACK-1: not committed */
    dp_session_durable(&s, DP_LANE_CASES, 8);
    assert_true(dp_session_acks(&s, &acks));
    assert_int_equal(acks.lanes, 1u << DP_LANE_CASES);
    assert_int_equal(acks.lane[DP_LANE_CASES].epoch, PEER_EPOCH);
    assert_int_equal(acks.lane[DP_LANE_CASES].durable, 8);
    assert_false(dp_session_acks(&s, &acks));
    assert_int_equal(dp_session_on_item(&s, DP_LANE_CASES, PEER_EPOCH, 8, 0, 1), DP_ITEM_AGAIN);
    assert_true(dp_session_acks(&s, &acks));
    assert_int_equal(dp_session_on_item(&s, DP_LANE_CASES, PEER_EPOCH, 10, 0, 1), DP_ITEM_DROP);
    assert_true(dp_session_acks(&s, &acks));
    assert_int_equal(acks.lane[DP_LANE_CASES].durable, 8);
}

static void an_aborted_turn_applies_again(void **state)
{
    struct dp_session s = up();

    (void)state;
    assert_int_equal(dp_session_on_item(&s, DP_LANE_BULK, PEER_EPOCH, 7, 0, 1), DP_ITEM_APPLY);
    /* the commit failed: no dp_session_durable; R-STO-1 */
    assert_int_equal(dp_session_on_item(&s, DP_LANE_BULK, PEER_EPOCH, 7, 0, 1), DP_ITEM_APPLY);
}

static void items_of_other_journals_are_a_breach(void **state)
{
    struct dp_session s = up();

    (void)state;
    assert_int_equal(dp_session_on_item(&s, DP_LANES, PEER_EPOCH, 7, 0, 1), DP_ITEM_BREACH);
    assert_int_equal(dp_session_on_item(&s, 0, PEER_EPOCH + 1, 7, 0, 1), DP_ITEM_BREACH);
    assert_int_equal(dp_session_on_item(&s, 0, 0, 7, 0, 1), DP_ITEM_BREACH);
    assert_int_equal(dp_session_on_item(&s, 0, PEER_EPOCH, 0, 0, 1), DP_ITEM_BREACH);
}

static void send_all(struct dp_session *s, uint32_t bytes, int64_t now_ms)
{
    uint8_t lane;
    uint64_t number;

    while (dp_session_next(s, &lane, &number) && dp_session_fits(s, lane, bytes))
        dp_session_sent(s, lane, number, bytes, now_ms);
}

/* R-ACK-1: cumulative, and never of what was not sent. */
static void acks_are_believed_up_to_what_was_sent(void **state)
{
    struct dp_session s = session(true);

    (void)state;
    greet(&s, 0);
    dp_session_journal(&s, DP_LANE_CONTROL, 20);
    dp_session_journal(&s, DP_LANE_CONTROL, 15); /* never shrinks */
    assert_int_equal(s.lane[DP_LANE_CONTROL].journal_last, 20);
    for (uint64_t n = 5; n <= 12; n++)
        dp_session_sent(&s, DP_LANE_CONTROL, n, 10, 0);
    assert_ok(dp_session_on_ack(&s, DP_LANE_CONTROL, MY_EPOCH, 9, 30));
    assert_int_equal(s.lane[DP_LANE_CONTROL].acked, 9);
    assert_int_equal(s.flight_count, 3);
    assert_int_equal(s.flight_bytes, 30);
    assert_int_equal(s.rtt_ms, 30);
    assert_ok(dp_session_on_ack(&s, DP_LANE_CONTROL, MY_EPOCH, 6, 30)); /* old news */
    assert_int_equal(s.lane[DP_LANE_CONTROL].acked, 9);
    assert_int_equal(dp_session_on_ack(&s, DP_LANE_CONTROL, MY_EPOCH, 13, 30), DP_FORMAT);
    assert_int_equal(dp_session_on_ack(&s, DP_LANE_CONTROL, MY_EPOCH + 1, 10, 30), DP_FORMAT);
    assert_int_equal(dp_session_on_ack(&s, DP_LANES, MY_EPOCH, 10, 30), DP_FORMAT);
    assert_int_equal(s.lane[DP_LANE_CONTROL].acked, 9);
}

/* What the process before sent may be acked after its restart, though this one never sent it. */
static void an_ack_may_answer_the_process_before(void **state)
{
    struct dp_session s = up();

    (void)state;
    assert_ok(dp_session_on_ack(&s, DP_LANE_CASES, MY_EPOCH, 10, 1));
    assert_int_equal(s.next[DP_LANE_CASES], 11);
    assert_int_equal(dp_session_on_ack(&s, DP_LANE_CASES, MY_EPOCH, 11, 1), DP_FORMAT);
}

/* R-ACK-2: a refusal moves no cursor, the cumulative ack goes past it. */
static void a_refusal_does_not_hold_the_lane(void **state)
{
    struct dp_session s = up();
    struct dp_acks acks;

    (void)state;
    dp_session_sent(&s, DP_LANE_CONTROL, 5, 10, 1);
    dp_session_sent(&s, DP_LANE_CONTROL, 6, 10, 1);
    assert_ok(dp_session_on_refused(&s, DP_LANE_CONTROL, MY_EPOCH, 5, 2));
    assert_int_equal(s.lane[DP_LANE_CONTROL].acked, 4);
    assert_ok(dp_session_on_ack(&s, DP_LANE_CONTROL, MY_EPOCH, 6, 2));
    assert_int_equal(s.flight_count, 0);
    assert_ok(dp_session_on_refused(&s, DP_LANE_CONTROL, MY_EPOCH, 5, 3)); /* said again */
    assert_int_equal(s.refused_in, 2);
    assert_int_equal(dp_session_on_refused(&s, DP_LANE_CONTROL, MY_EPOCH, 11, 3), DP_FORMAT);
    assert_int_equal(dp_session_on_refused(&s, DP_LANE_CONTROL, MY_EPOCH, 0, 3), DP_FORMAT);
    /* and the receiving end */
    assert_int_equal(dp_session_on_item(&s, DP_LANE_CASES, PEER_EPOCH, 7, 0, 4), DP_ITEM_APPLY);
    dp_session_durable(&s, DP_LANE_CASES, 7);
    dp_session_refused(&s);
    assert_int_equal(s.refused_out, 1);
    assert_true(dp_session_acks(&s, &acks));
    assert_int_equal(dp_session_on_item(&s, DP_LANE_CASES, PEER_EPOCH, 8, 0, 4), DP_ITEM_APPLY);
}

/* ---- lanes and window ---- */

static void lanes_are_served_in_order(void **state)
{
    struct dp_session s = up();
    uint8_t lane, last = 0;
    uint64_t number;

    (void)state;
    while (dp_session_next(&s, &lane, &number)) {
        assert_true(lane >= last);
        last = lane;
        dp_session_sent(&s, lane, number, 1, 1);
    }
    assert_int_equal(last, DP_LANE_BULK);
}

/*
 * R-LAN-1, with a transport that writes one frame at a time: whatever waits, an urgent item is the next frame
 * but the one being written.
 */
static void urgent_waits_for_one_frame_at_most(void **state)
{
    struct dp_session s = session(true);
    uint8_t lane;
    uint64_t number;
    int frames = 0;

    (void)state;
    greet(&s, 0);
    for (uint8_t i = 0; i < DP_LANES; i++)
        assert_ok(dp_session_on_ack(&s, i, MY_EPOCH, 10, 0));
    dp_session_journal(&s, DP_LANE_BULK, 1010);
    for (int64_t now = 0; dp_session_next(&s, &lane, &number); now += 10) {
        assert_int_equal(lane, DP_LANE_BULK);
        dp_session_sent(&s, lane, number, 1000, now); /* on the wire from here on */
        if (number % 97 == 0) {
            uint64_t urgent = s.lane[DP_LANE_URGENT].journal_last + 1;
            dp_session_journal(&s, DP_LANE_URGENT, urgent);
            assert_next(&s, DP_LANE_URGENT, urgent);
            assert_true(dp_session_fits(&s, DP_LANE_URGENT, 1000));
            dp_session_sent(&s, DP_LANE_URGENT, urgent, 1000, now);
            assert_ok(dp_session_on_ack(&s, DP_LANE_URGENT, MY_EPOCH, urgent, now + 5));
        }
        if (number % 7 == 0)
            assert_ok(dp_session_on_ack(&s, DP_LANE_BULK, MY_EPOCH, number, now + 9));
        frames++;
    }
    assert_int_equal(frames, 1000);
}

/* The same with the low lanes stuck at their share and no ack coming back. */
static void a_full_window_has_room_for_control_and_urgent(void **state)
{
    struct dp_session s = up();
    uint8_t lane;
    uint64_t number;

    (void)state;
    s.window_bytes = 64 * 1024;
    for (uint8_t i = 0; i < DP_LANES; i++)
        assert_ok(dp_session_on_ack(&s, i, MY_EPOCH, 10, 1));
    dp_session_journal(&s, DP_LANE_BULK, 1010);
    send_all(&s, 1500, 2);
    assert_true(s.flight_count > 1 && s.flight_bytes <= 64 * 1024 / 2);
    dp_session_journal(&s, DP_LANE_CASES, 11);
    assert_true(dp_session_next(&s, &lane, &number) == false || !dp_session_fits(&s, lane, 1500));
    dp_session_journal(&s, DP_LANE_URGENT, 11);
    dp_session_journal(&s, DP_LANE_CONTROL, 11);
    assert_next(&s, DP_LANE_CONTROL, 11);
    assert_true(dp_session_fits(&s, DP_LANE_CONTROL, 1500));
    dp_session_sent(&s, DP_LANE_CONTROL, 11, 1500, 3);
    assert_next(&s, DP_LANE_URGENT, 11);
    assert_true(dp_session_fits(&s, DP_LANE_URGENT, 1500));
}

static void small_frames_leave_flights_for_urgent(void **state)
{
    struct dp_session s = up();

    (void)state;
    for (uint8_t i = 0; i < DP_LANES; i++)
        assert_ok(dp_session_on_ack(&s, i, MY_EPOCH, 10, 1));
    dp_session_journal(&s, DP_LANE_CASES, 1010);
    send_all(&s, 1, 2);
    assert_int_equal(s.flight_count, DP_FLIGHT_LOW_MAX);
    dp_session_journal(&s, DP_LANE_URGENT, 1010);
    send_all(&s, 1, 2);
    assert_int_equal(s.flight_count, DP_FLIGHT_MAX);
    assert_nothing(&s);
}

static void a_frame_larger_than_its_share_goes_alone(void **state)
{
    struct dp_session s = up();

    (void)state;
    assert_true(dp_session_fits(&s, DP_LANE_BULK, 262144));
    dp_session_sent(&s, DP_LANE_BULK, 5, 262144, 1);
    assert_false(dp_session_fits(&s, DP_LANE_BULK, 1));
    assert_false(dp_session_fits(&s, DP_LANE_CASES, 1));
    assert_true(dp_session_fits(&s, DP_LANE_URGENT, 262144));
}

/* The window follows the line: two seconds of it, or four round trips. */
static void the_window_follows_the_measured_line(void **state)
{
    struct dp_session s = up();

    (void)state;
    assert_int_equal(s.window_bytes, DP_WINDOW_BYTES);
    assert_int_equal(dp_session_window(&s), DP_WINDOW_START);
    s.rate_bps = 50000;
    s.rtt_min_ms = 300;
    assert_int_equal(dp_session_window(&s), 12500);
    s.rtt_min_ms = 900;
    assert_int_equal(dp_session_window(&s), 22500);
    s.rate_bps = 1200;
    assert_int_equal(dp_session_window(&s), DP_WINDOW_MIN);
    s.rate_bps = UINT64_MAX;
    s.rtt_min_ms = INT64_MAX / 8;
    assert_int_equal(dp_session_window(&s), DP_WINDOW_BYTES);
    s.rate_bps = 1000000000;
    assert_int_equal(dp_session_window(&s), DP_WINDOW_BYTES);
    s.window_bytes = 1000;
    assert_int_equal(dp_session_window(&s), 1000);
}

/* A line of 64 kbit/s with 200 ms of delay, always something to send: the estimate settles at the line. */
static void the_rate_is_measured(void **state)
{
    struct dp_session s = session(true);
    int64_t now = 0, line_free = 0;
    uint64_t head = 5;
    int64_t due[256];

    (void)state;
    greet(&s, 0);
    assert_ok(dp_session_on_ack(&s, 0, MY_EPOCH, 10, 0));
    assert_ok(dp_session_on_ack(&s, 1, MY_EPOCH, 10, 0));
    dp_session_journal(&s, DP_LANE_CASES, 100000);
    while (now < 120000) {
        uint8_t lane;
        uint64_t number;
        while (dp_session_next(&s, &lane, &number) && dp_session_fits(&s, lane, 800)) {
            dp_session_sent(&s, lane, number, 800, now);
            line_free = (line_free > now ? line_free : now) + 100;
            due[number % 256] = line_free + 400;
        }
        now += 1;
        while (head < s.next[DP_LANE_CASES] && due[head % 256] <= now)
            assert_ok(dp_session_on_ack(&s, DP_LANE_CASES, MY_EPOCH, head++, now));
    }
    assert_in_range(s.rate_bps, 50000, 75000);
    assert_in_range(dp_session_window(&s), 12000, 20000);
}

/* ---- time ---- */

static void any_frame_is_life(void **state)
{
    struct dp_session s = up();
    int64_t now = 1000;

    (void)state;
    for (int i = 0; i < 10; i++) {
        now += s.silence_ms - 1;
        assert_int_not_equal(dp_session_tick(&s, now), DP_TICK_LOST);
        dp_session_heard(&s, 2, now);
    }
    assert_int_equal(s.frames_in, 10);
    assert_int_equal(s.bytes_in, 20);
    assert_int_equal(dp_session_tick(&s, now + s.silence_ms), DP_TICK_LOST);
}

/* R-IDL-1: the two ends together ask once per interval, about 144 times a day, at 400 bytes each 58 KB. */
static void an_idle_day_costs_little(void **state)
{
    struct dp_session a = session(true), b = session(false);
    int asked = 0;

    (void)state;
    greet(&a, 0);
    greet(&b, 0);
    for (int64_t now = 0; now < INT64_C(86400000); now += 1000) {
        struct dp_session *from = &b, *to = &a;
        if (dp_session_tick(&b, now) == DP_TICK_NONE) {
            if (dp_session_tick(&a, now) == DP_TICK_NONE)
                continue;
            from = &a;
            to = &b;
        }
        assert_int_equal(dp_session_tick(from, now), DP_TICK_KEEP);
        dp_session_said(from, 2, now);
        dp_session_heard(to, 2, now);
        dp_session_said(to, 2, now);
        dp_session_heard(from, 2, now);
        asked++;
    }
    assert_in_range(asked, 100, 160);
}

static void time_to_wake(void **state)
{
    struct dp_session s = session(true);

    (void)state;
    assert_int_equal(dp_session_wake(&s), INT64_MAX);
    assert_int_equal(dp_session_tick(&s, INT64_MAX / 2), DP_TICK_NONE);
    dp_session_connect(&s, 5000);
    assert_int_equal(dp_session_tick(&s, dp_session_wake(&s) - 1), DP_TICK_NONE);
    assert_int_equal(dp_session_tick(&s, dp_session_wake(&s)), DP_TICK_LOST);
    greet(&s, 5000);
    assert_int_equal(dp_session_tick(&s, dp_session_wake(&s) - 1), DP_TICK_NONE);
    assert_int_equal(dp_session_tick(&s, dp_session_wake(&s)), DP_TICK_KEEP);
    dp_session_said(&s, 2, dp_session_wake(&s));
    assert_true(dp_session_wake(&s) > 5000 + DP_KEEP_MS);
    dp_session_set_keep(&s, 1000);
    assert_int_equal(s.silence_ms, 63000);
}

/* A frame that is never acked loses the link long before an idle one would be. */
static void an_ack_that_does_not_come_loses_the_link(void **state)
{
    struct dp_session s = up();
    int64_t wake;

    (void)state;
    s.rate_bps = 64000;
    dp_session_sent(&s, DP_LANE_CONTROL, 5, 8000, 1000);
    wake = dp_session_wake(&s);
    assert_int_equal(wake, 1000 + DP_BUSY_MS + 4000);
    dp_session_heard(&s, 2, wake - 1); /* life, but no answer */
    assert_int_equal(dp_session_tick(&s, wake - 1), DP_TICK_NONE);
    assert_int_equal(dp_session_tick(&s, wake), DP_TICK_LOST);
    dp_session_stop(&s, DP_STOP_SILENT);
    assert_int_equal(s.state, DP_SESSION_DOWN);
    assert_int_equal(s.lane[DP_LANE_CONTROL].acked, 4); /* no progress was taken back */
}

/* R-GON-1: what a child that is gone makes its parent keep does not grow with what is owed to it. */
static void a_child_that_is_gone_costs_this_struct(void **state)
{
    struct dp_session s = session(true);

    (void)state;
    assert_true(sizeof(s) <= 8192);
    for (uint64_t n = 11; n < 5000000; n += 1000)
        dp_session_journal(&s, DP_LANE_CASES, n);
    assert_nothing(&s);
    assert_int_equal(s.flight_count, 0);
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
        cmocka_unit_test(every_contradiction_stops_with_its_reason),
        cmocka_unit_test(the_earlier_reason_wins),
        cmocka_unit_test(lawful_heads_do_not_stop),
        cmocka_unit_test(a_clone_needs_a_living_first),
        cmocka_unit_test(reasons_have_words),
        cmocka_unit_test(a_bye_is_read_from_this_side),
        cmocka_unit_test(items_apply_in_order_only),
        cmocka_unit_test(an_aborted_turn_applies_again),
        cmocka_unit_test(items_of_other_journals_are_a_breach),
        cmocka_unit_test(acks_are_believed_up_to_what_was_sent),
        cmocka_unit_test(an_ack_may_answer_the_process_before),
        cmocka_unit_test(a_refusal_does_not_hold_the_lane),
        cmocka_unit_test(lanes_are_served_in_order),
        cmocka_unit_test(urgent_waits_for_one_frame_at_most),
        cmocka_unit_test(a_full_window_has_room_for_control_and_urgent),
        cmocka_unit_test(small_frames_leave_flights_for_urgent),
        cmocka_unit_test(a_frame_larger_than_its_share_goes_alone),
        cmocka_unit_test(the_window_follows_the_measured_line),
        cmocka_unit_test(the_rate_is_measured),
        cmocka_unit_test(any_frame_is_life),
        cmocka_unit_test(an_idle_day_costs_little),
        cmocka_unit_test(time_to_wake),
        cmocka_unit_test(an_ack_that_does_not_come_loses_the_link),
        cmocka_unit_test(a_child_that_is_gone_costs_this_struct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
