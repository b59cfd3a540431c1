/* SPDX-License-Identifier: Apache-2.0 */
/* A session that is up: items and acks, lanes and window, keep-alive and silence. */
#include "support/cmocka_all.h"

#include "unit/relay/ends.h"

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

/* The other way round: what urgent has in flight counts against the low lanes, and both stay within the
 * window. */
static void lanes_share_one_window(void **state)
{
    struct dp_session s = up();
    uint64_t low;

    (void)state;
    for (uint8_t i = 0; i < DP_LANES; i++)
        assert_ok(dp_session_on_ack(&s, i, MY_EPOCH, 10, 1));
    dp_session_journal(&s, DP_LANE_URGENT, 1010);
    send_all(&s, 1000, 2);
    assert_int_equal(s.flight_bytes, 32000);
    s.lane[DP_LANE_URGENT].journal_last = s.next[DP_LANE_URGENT] - 1;
    dp_session_journal(&s, DP_LANE_BULK, 1010);
    assert_false(dp_session_fits(&s, DP_LANE_BULK, 1000)); /* not even the first */
    assert_ok(dp_session_on_ack(&s, DP_LANE_URGENT, MY_EPOCH, s.next[DP_LANE_URGENT] - 1, 3));
    s.rate_bps = 0;
    send_all(&s, 1000, 4);
    low = s.flight_bytes;
    assert_int_equal(low, 16000);
    dp_session_journal(&s, DP_LANE_URGENT, 1010);
    send_all(&s, 1000, 4);
    assert_int_equal(s.flight_bytes, 32000);
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

/* An idle sender that is answered late says nothing about the line; one with a queue does. */
static void only_a_queue_lowers_the_rate(void **state)
{
    struct dp_session s = up();

    (void)state;
    for (uint8_t i = 0; i < DP_LANES; i++)
        assert_ok(dp_session_on_ack(&s, i, MY_EPOCH, 10, 1));
    s.rate_bps = 64000;
    dp_session_journal(&s, DP_LANE_CASES, 11);
    dp_session_sent(&s, DP_LANE_CASES, 11, 100, 1000);
    assert_ok(dp_session_on_ack(&s, DP_LANE_CASES, MY_EPOCH, 11, 11000));
    assert_int_equal(s.rate_bps, 64000);
    dp_session_journal(&s, DP_LANE_CASES, 13);
    dp_session_sent(&s, DP_LANE_CASES, 12, 100, 12000);
    assert_ok(dp_session_on_ack(&s, DP_LANE_CASES, MY_EPOCH, 12, 22000));
    assert_int_equal(s.rate_bps, 64000 - (64000 - 80) / 8);
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
        enum dp_tick tick = dp_session_tick(&b, now);
        if (tick == DP_TICK_NONE) {
            from = &a;
            to = &b;
            tick = dp_session_tick(&a, now);
        }
        if (tick == DP_TICK_NONE)
            continue;
        assert_int_equal(tick, DP_TICK_KEEP);
        dp_session_said(from, 2, now);
        dp_session_heard(to, 2, now);
        dp_session_said(to, 2, now);
        dp_session_heard(from, 2, now);
        asked++;
    }
    assert_in_range(asked, 100, 160);
}

/* R-IDL-1: the child asks first; its question is life at the parent too. */
static void the_child_asks_first(void **state)
{
    struct dp_session parent = session(true), child = session(false);

    (void)state;
    greet(&parent, 0);
    greet(&child, 0);
    assert_int_equal(dp_session_wake(&child), DP_KEEP_MS);
    assert_int_equal(dp_session_wake(&parent), DP_KEEP_MS / 4 * 5);
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
    int64_t asked = 5000 + DP_KEEP_MS / 4 * 5; /* the line has no room for it: nothing to do until it has */
    assert_int_equal(dp_session_tick(&s, asked + 1), DP_TICK_NONE);
    assert_true(dp_session_wake(&s) > asked + 1);
    dp_session_said(&s, 2, asked + 2);
    assert_int_equal(dp_session_wake(&s), asked + 2 + DP_KEEP_MS / 4 * 5);
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
        cmocka_unit_test(lanes_share_one_window),
        cmocka_unit_test(a_frame_larger_than_its_share_goes_alone),
        cmocka_unit_test(the_window_follows_the_measured_line),
        cmocka_unit_test(only_a_queue_lowers_the_rate),
        cmocka_unit_test(the_rate_is_measured),
        cmocka_unit_test(any_frame_is_life),
        cmocka_unit_test(an_idle_day_costs_little),
        cmocka_unit_test(the_child_asks_first),
        cmocka_unit_test(time_to_wake),
        cmocka_unit_test(an_ack_that_does_not_come_loses_the_link),
        cmocka_unit_test(a_child_that_is_gone_costs_this_struct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
