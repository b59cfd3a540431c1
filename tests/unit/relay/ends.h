/* SPDX-License-Identifier: Apache-2.0 */
/* One end of a link with something in every journal, and the hello of a peer that fits it. */
#ifndef DP_TESTS_RELAY_ENDS_H
#define DP_TESTS_RELAY_ENDS_H

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

static inline struct dp_digest digest_of(uint8_t b)
{
    struct dp_digest d;

    memset(d.b, b, sizeof(d.b));
    return d;
}

/* One end with journals of 10 items, 4 of them acked, and 6 durable from the peer. */
static inline struct dp_session session(bool is_parent)
{
    struct dp_session s;
    const struct dp_lane_state lane = {MY_EPOCH, 10, 4, PEER_EPOCH, 6};

    dp_session_init(&s, (struct dp_node){COUNTY}, (struct dp_node){TOWN}, is_parent, nonce_here);
    for (uint8_t i = 0; i < DP_LANES; i++)
        dp_session_load(&s, i, &lane);
    return s;
}

/* Both hold each other's heads: ours is block 9, the peer's block 5. */
static inline struct dp_hello_facts facts(void)
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

static inline struct dp_hello hello(void)
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

static inline void greet(struct dp_session *s, int64_t now_ms)
{
    const struct dp_hello_facts f = facts();
    const struct dp_hello h = hello();

    dp_session_connect(s, now_ms);
    dp_session_greeted(s, DP_HELLO_BYTES, now_ms);
    assert_int_equal(dp_session_on_hello(s, &h, &f, now_ms), DP_STOP_NONE);
    assert_int_equal(s->state, DP_SESSION_UP);
}

static inline struct dp_session up(void)
{
    struct dp_session s = session(true);

    greet(&s, 1000);
    return s;
}

static inline void assert_next(const struct dp_session *s, int lane, uint64_t number)
{
    uint8_t got_lane = 255;
    uint64_t got = 0;

    assert_true(dp_session_next(s, &got_lane, &got));
    assert_int_equal(got_lane, lane);
    assert_int_equal(got, number);
}

static inline void assert_nothing(const struct dp_session *s)
{
    uint8_t lane;
    uint64_t number;

    assert_false(dp_session_next(s, &lane, &number));
}

#endif
