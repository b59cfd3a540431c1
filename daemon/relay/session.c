/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session after its greeting: what may be sent next, what an item or an ack means, when to ask and
 * when to give up. Cursors move only by what the peer says is durable there (R-ACK-1); what is in flight is
 * forgotten with the connection and never counts.
 */
#include "relay/session.h"

#include <assert.h>
#include <string.h>

#define WINDOW_TIME_MS 2000 /* of the measured line */
#define WINDOW_TIME_MAX_MS 60000
#define RATE_GUESS 2400u /* bits a second, while the line is not measured */
#define SILENCE_MARGIN_MS 60000

/* ---- life ---- */

void dp_session_set_keep(struct dp_session *s, int64_t keep_ms)
{
    s->keep_ms = keep_ms;
    s->silence_ms = 3 * keep_ms + SILENCE_MARGIN_MS;
}

void dp_session_init(struct dp_session *s, struct dp_node self, struct dp_node peer, bool is_parent,
                     const uint8_t nonce[16])
{
    memset(s, 0, sizeof(*s));
    s->self = self;
    s->peer = peer;
    s->is_parent = is_parent;
    memcpy(s->nonce, nonce, sizeof(s->nonce));
    s->window_bytes = DP_WINDOW_BYTES;
    dp_session_set_keep(s, DP_KEEP_MS);
    for (unsigned i = 0; i < DP_LANES; i++)
        s->next[i] = 1;
}

void dp_session_load(struct dp_session *s, uint8_t lane, const struct dp_lane_state *durable)
{
    assert(lane < DP_LANES && durable->acked <= durable->journal_last);
    s->lane[lane] = *durable;
    s->next[lane] = durable->acked + 1;
    s->sent[lane] = durable->journal_last; /* a process before this one may have sent all of it */
}

/* Nothing in flight survives its connection: the next hello says what arrived. */
static void drop_flights(struct dp_session *s)
{
    s->flight_count = 0;
    s->flight_bytes = 0;
    memset(s->ack_due, 0, sizeof(s->ack_due));
    s->greeted = false;
    s->heard_hello = false;
}

void dp_session_renew(struct dp_session *s, const uint32_t epochs[DP_LANES])
{
    s->flight_count = 0;
    s->flight_bytes = 0;
    s->greeted = false;
    s->renewed = true;
    s->gen_out++;
    for (unsigned i = 0; i < DP_LANES; i++) {
        s->lane[i].epoch_out = epochs[i];
        s->lane[i].journal_last = s->lane[i].acked = s->sent[i] = 0;
        s->next[i] = 1;
    }
}

void dp_session_connect(struct dp_session *s, int64_t now_ms)
{
    if (s->state == DP_SESSION_STOPPED)
        return;
    drop_flights(s);
    s->state = DP_SESSION_GREETING;
    s->heard_ms = now_ms;
    s->said_ms = now_ms;
    s->keep_owed = false;
    s->rtt_min_ms = 0;
}

void dp_session_lost(struct dp_session *s)
{
    drop_flights(s);
    if (s->state != DP_SESSION_STOPPED)
        s->state = DP_SESSION_DOWN;
}

void dp_session_stop(struct dp_session *s, enum dp_stop why)
{
    drop_flights(s);
    if (s->state == DP_SESSION_STOPPED)
        return; /* the first reason stands */
    s->stop = why;
    s->state = dp_stop_is_loud(why) ? DP_SESSION_STOPPED : DP_SESSION_DOWN;
}

enum dp_stop dp_session_on_bye(struct dp_session *s, uint32_t reason)
{
    enum dp_stop why = reason < DP_STOP_COUNT ? (enum dp_stop)reason : DP_STOP_PROTOCOL;

    if (why == DP_STOP_RESTORED)
        why = DP_STOP_PEER_RESTORED;
    else if (why == DP_STOP_PEER_RESTORED)
        why = DP_STOP_RESTORED;
    dp_session_stop(s, why);
    return why;
}

void dp_session_clear(struct dp_session *s)
{
    if (s->state != DP_SESSION_STOPPED)
        return;
    s->state = DP_SESSION_DOWN;
    s->stop = DP_STOP_NONE;
}

void dp_session_heard(struct dp_session *s, size_t bytes, int64_t now_ms)
{
    s->heard_ms = now_ms;
    s->frames_in++;
    s->bytes_in += bytes;
}

void dp_session_said(struct dp_session *s, size_t bytes, int64_t now_ms)
{
    s->said_ms = now_ms;
    s->keep_owed = false;
    s->frames_out++;
    s->bytes_out += bytes;
}

void dp_session_greeted(struct dp_session *s, size_t bytes, int64_t now_ms)
{
    s->greeted = true;
    dp_session_said(s, bytes, now_ms);
}

/* ---- sending ---- */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool is_low(unsigned lane)
{
    return lane >= DP_LANE_CASES;
}

/* Milliseconds that `bytes` take on the line as measured. */
static int64_t line_ms(const struct dp_session *s, uint64_t bytes)
{
    uint64_t rate = s->rate_bps != 0 ? s->rate_bps : RATE_GUESS;

    return (int64_t)(bytes * 8000 / rate);
}

uint64_t dp_session_window(const struct dp_session *s)
{
    uint64_t time_ms = WINDOW_TIME_MS, bytes;

    if (s->rate_bps == 0)
        return min_u64(DP_WINDOW_START, s->window_bytes);
    /* Half of it is for the low lanes: one second of line, or two round trips so that a long line fills up.
     */
    if (4 * (uint64_t)s->rtt_min_ms > time_ms)
        time_ms = min_u64(4 * (uint64_t)s->rtt_min_ms, WINDOW_TIME_MAX_MS);
    bytes = s->rate_bps / 8000 >= s->window_bytes ? s->window_bytes : s->rate_bps * time_ms / 8000;
    if (bytes < DP_WINDOW_MIN)
        bytes = DP_WINDOW_MIN;
    return min_u64(bytes, s->window_bytes);
}

/* Flights and bytes under way on lanes cases and bulk. */
static uint32_t low_in_flight(const struct dp_session *s, uint64_t *bytes)
{
    uint32_t count = 0;

    *bytes = 0;
    for (uint32_t i = 0; i < s->flight_count; i++) {
        if (!is_low(s->flight[i].lane))
            continue;
        count++;
        *bytes += s->flight[i].bytes;
    }
    return count;
}

/* R-LAN-3: what the low lanes may use leaves flights and bytes for control and urgent at any time. */
bool dp_session_fits(const struct dp_session *s, uint8_t lane, uint32_t bytes)
{
    uint64_t window = dp_session_window(s), low_bytes, high_bytes;
    uint32_t low_count = low_in_flight(s, &low_bytes);

    high_bytes = s->flight_bytes - low_bytes;
    if (s->flight_count >= DP_FLIGHT_MAX)
        return false;
    if (is_low(lane)) {
        return low_count < DP_FLIGHT_LOW_MAX && high_bytes <= window / 2 &&
               (low_count == 0 || low_bytes + bytes <= window / 2);
    }
    return s->flight_count == low_count || high_bytes + bytes <= window - min_u64(low_bytes, window / 2);
}

bool dp_session_next(const struct dp_session *s, uint8_t *lane, uint64_t *number)
{
    if (s->state != DP_SESSION_UP || !s->greeted)
        return false;
    for (uint8_t i = 0; i < DP_LANES; i++) {
        /* R-LAN-1: the first lane that has something; one without room holds back only those below it. */
        if (s->next[i] > s->lane[i].journal_last)
            continue;
        if (!dp_session_fits(s, i, 1))
            return false;
        *lane = i;
        *number = s->next[i];
        return true;
    }
    return false;
}

static bool has_backlog(const struct dp_session *s)
{
    for (unsigned i = 0; i < DP_LANES; i++) {
        if (s->next[i] <= s->lane[i].journal_last)
            return true;
    }
    return false;
}

void dp_session_sent(struct dp_session *s, uint8_t lane, uint64_t number, uint32_t bytes, int64_t now_ms)
{
    struct dp_flight *f;

    assert(s->state == DP_SESSION_UP && lane < DP_LANES && number == s->next[lane]);
    assert(s->flight_count < DP_FLIGHT_MAX);
    s->next[lane]++;
    if (s->sent[lane] < number)
        s->sent[lane] = number;
    f = &s->flight[s->flight_count++];
    *f = (struct dp_flight){lane, has_backlog(s), bytes, number, now_ms, s->acked_bytes};
    s->flight_bytes += bytes;
    dp_session_said(s, bytes, now_ms);
}

/* R-JRN-1: numbers rise without holes; what was sent is never taken back. */
void dp_session_journal(struct dp_session *s, uint8_t lane, uint64_t last)
{
    assert(lane < DP_LANES);
    if (last > s->lane[lane].journal_last)
        s->lane[lane].journal_last = last;
}

void dp_session_unjournal(struct dp_session *s, uint8_t lane, uint64_t last)
{
    assert(lane < DP_LANES && last >= s->sent[lane] && last + 1 >= s->next[lane]);
    s->lane[lane].journal_last = last;
}

/* ---- receiving ---- */

enum dp_item_verdict dp_session_on_item(struct dp_session *s, uint8_t lane, uint32_t epoch, uint64_t number,
                                        uint64_t applied_in, int64_t now_ms)
{
    uint64_t want;

    if (lane >= DP_LANES || number == 0 || epoch == 0)
        return DP_ITEM_BREACH;
    if (s->state != DP_SESSION_UP)
        return DP_ITEM_DROP; /* left over from a connection before; the hello settles it */
    s->heard_ms = now_ms;
    if (epoch != s->lane[lane].epoch_in)
        return DP_ITEM_BREACH;
    want = s->lane[lane].durable_in + applied_in + 1;
    if (number == want)
        return DP_ITEM_APPLY;
    /* R-ACK-3 */
    s->ack_due[lane] = true;
    return number < want ? DP_ITEM_AGAIN : DP_ITEM_DROP;
}

void dp_session_durable(struct dp_session *s, uint8_t lane, uint64_t durable)
{
    assert(lane < DP_LANES && durable >= s->lane[lane].durable_in);
    s->lane[lane].durable_in = durable;
    s->ack_due[lane] = true;
}

void dp_session_acks_owed(struct dp_session *s)
{
    for (unsigned i = 0; i < DP_LANES; i++)
        s->ack_due[i] = s->ack_due[i] || s->lane[i].durable_in > 0;
}

bool dp_session_acks(struct dp_session *s, struct dp_acks *out)
{
    memset(out, 0, sizeof(*out));
    if (s->state != DP_SESSION_UP || !s->greeted)
        return false;
    for (unsigned i = 0; i < DP_LANES; i++) {
        if (!s->ack_due[i])
            continue;
        s->ack_due[i] = false;
        out->lanes = (uint8_t)(out->lanes | 1u << i);
        out->lane[i].epoch = s->lane[i].epoch_in;
        out->lane[i].durable = s->lane[i].durable_in;
    }
    return out->lanes != 0;
}

/* ---- acks of the peer ---- */

static void measure_rtt(struct dp_session *s, int64_t sample_ms)
{
    if (sample_ms < 1)
        sample_ms = 1;
    s->rtt_ms = s->rtt_ms == 0 ? sample_ms : (7 * s->rtt_ms + sample_ms) / 8;
    if (s->rtt_ms < 1)
        s->rtt_ms = 1;
    if (s->rtt_min_ms == 0 || sample_ms < s->rtt_min_ms)
        s->rtt_min_ms = sample_ms;
}

/* Bytes delivered while `f` was under way. A sender with nothing more to say measures itself and not the
 * line. */
static void measure_rate(struct dp_session *s, const struct dp_flight *f, int64_t now_ms)
{
    uint64_t elapsed = now_ms > f->sent_ms ? (uint64_t)(now_ms - f->sent_ms) : 1;
    uint64_t sample = (s->acked_bytes - f->delivered) * 8000 / elapsed;

    if (sample == 0)
        return;
    if (s->rate_bps == 0)
        s->rate_bps = sample;
    else if (sample > s->rate_bps)
        s->rate_bps += (sample - s->rate_bps + 1) / 2;
    else if (f->backlog)
        s->rate_bps -= (s->rate_bps - sample) / 8;
}

/* Take the flights up to `durable` out; returns how many, the last of them in `newest`. */
static uint32_t land(struct dp_session *s, uint8_t lane, uint64_t durable, struct dp_flight *newest)
{
    uint32_t kept = 0, landed = 0;

    for (uint32_t i = 0; i < s->flight_count; i++) {
        struct dp_flight *f = &s->flight[i];
        if (f->lane != lane || f->number > durable) {
            s->flight[kept++] = *f;
            continue;
        }
        *newest = *f;
        landed++;
        s->flight_bytes -= f->bytes;
        s->acked_bytes += f->bytes;
    }
    s->flight_count = kept;
    return landed;
}

/* An ack or refusal of a number that this node can have sent, in the journal of this life. */
static bool answers_us(const struct dp_session *s, uint8_t lane, uint32_t epoch, uint64_t number)
{
    return lane < DP_LANES && epoch == s->lane[lane].epoch_out && number <= s->sent[lane];
}

/* R-RSD-1: it was said before the peer heard of the journals that this end has begun anew. */
static bool is_of_before(const struct dp_session *s, uint8_t lane, uint32_t epoch)
{
    return s->renewed && lane < DP_LANES && epoch != s->lane[lane].epoch_out;
}

enum dp_err dp_session_on_ack(struct dp_session *s, uint8_t lane, uint32_t epoch, uint64_t durable,
                              int64_t now_ms)
{
    struct dp_flight newest = {0};

    if (is_of_before(s, lane, epoch))
        return DP_OK;
    if (!answers_us(s, lane, epoch, durable))
        return DP_FORMAT;
    s->renewed = false;
    if (s->state != DP_SESSION_UP)
        return DP_OK; /* the hello will say it again */
    s->heard_ms = now_ms;
    if (durable <= s->lane[lane].acked)
        return DP_OK;
    s->lane[lane].acked = durable;
    if (s->next[lane] <= durable)
        s->next[lane] = durable + 1;
    if (land(s, lane, durable, &newest) > 0) {
        measure_rtt(s, now_ms - newest.sent_ms);
        measure_rate(s, &newest, now_ms);
    }
    return DP_OK;
}

enum dp_err dp_session_on_refused(struct dp_session *s, uint8_t lane, uint32_t epoch, uint64_t number,
                                  int64_t now_ms)
{
    if (number != 0 && is_of_before(s, lane, epoch))
        return DP_DUPLICATE;
    if (number == 0 || !answers_us(s, lane, epoch, number))
        return DP_FORMAT;
    if (s->state == DP_SESSION_UP)
        s->heard_ms = now_ms;
    s->refused_in++;
    return DP_OK;
}

void dp_session_refused(struct dp_session *s)
{
    s->refused_out++;
}

/* ---- time ---- */

/* Hello and question there, the proof back. */
int64_t dp_session_proof_ms(const struct dp_session *s)
{
    int64_t ms = DP_PROOF_MS + 4 * s->rtt_ms + 4 * line_ms(s, 2 * DP_HELLO_BYTES);

    return ms < DP_PROOF_MAX_MS ? ms : DP_PROOF_MAX_MS;
}

/* When the link counts as lost. */
static int64_t lost_at(const struct dp_session *s)
{
    int64_t silent = s->heard_ms + s->silence_ms, late;

    if (s->state == DP_SESSION_GREETING)
        late = s->heard_ms + DP_GREET_MS + 4 * s->rtt_ms + line_ms(s, 4 * DP_HELLO_BYTES);
    else if (s->flight_count > 0)
        late = s->flight[0].sent_ms + DP_BUSY_MS + 8 * s->rtt_ms + 4 * line_ms(s, s->flight_bytes);
    else
        return silent;
    return late < silent ? late : silent;
}

/* When to ask the peer for a sign of life. The parent waits longer: the child's question answers for both. */
static int64_t keep_at(const struct dp_session *s)
{
    int64_t last = s->heard_ms > s->said_ms ? s->heard_ms : s->said_ms;

    if (s->keep_owed)
        return INT64_MAX; /* it waits for room on the line: looking again at once would not help */
    return last + s->keep_ms + (s->is_parent ? s->keep_ms / 4 : 0);
}

enum dp_tick dp_session_tick(struct dp_session *s, int64_t now_ms)
{
    if (s->state == DP_SESSION_DOUBTED)
        return now_ms >= s->doubt_until_ms ? DP_TICK_UNPROVEN : DP_TICK_NONE;
    if (s->state != DP_SESSION_UP && s->state != DP_SESSION_GREETING)
        return DP_TICK_NONE;
    if (now_ms >= lost_at(s))
        return DP_TICK_LOST;
    /* R-IDL-1: asked only when nothing else went either way. */
    if (s->state == DP_SESSION_UP && now_ms >= keep_at(s)) {
        s->keep_owed = true;
        return DP_TICK_KEEP;
    }
    return DP_TICK_NONE;
}

int64_t dp_session_wake(const struct dp_session *s)
{
    int64_t lost, keep;

    if (s->state == DP_SESSION_DOUBTED)
        return s->doubt_until_ms;
    if (s->state != DP_SESSION_UP && s->state != DP_SESSION_GREETING)
        return INT64_MAX;
    lost = lost_at(s);
    if (s->state == DP_SESSION_GREETING)
        return lost;
    keep = keep_at(s);
    return keep < lost ? keep : lost;
}
