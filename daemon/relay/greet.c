/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first message of a session: what we say of ourselves, and what the peer's statement tells
 * about both histories. Every contradiction stops the link with its reason before an item moves; what is
 * left is where to send from, and there the peer's own statement wins.
 */
#include "relay/session.h"

#include <string.h>

#include "case/entry.h"

void dp_session_hello(const struct dp_session *s, const struct dp_hello_facts *facts, int64_t clock_ms,
                      bool clock_synced, bool stopped, const struct dp_digest *cert, uint32_t program,
                      struct dp_hello *out)
{
    memset(out, 0, sizeof(*out));
    out->version_max = DP_LINK_VERSION;
    out->version_min = DP_LINK_VERSION_MIN;
    out->rules = DP_RULES_VERSION;
    out->flags = (uint8_t)((clock_synced ? DP_HELLO_CLOCK_SYNCED : 0) | (stopped ? DP_HELLO_STOPPED : 0));
    out->program = program;
    out->node = s->self;
    out->inc = facts->my_inc;
    memcpy(out->nonce, s->nonce, sizeof(out->nonce));
    out->clock_ms = clock_ms;
    out->cert = *cert;
    out->head = facts->my_head;
    if (facts->know_yours)
        out->yours = facts->peer_head_here;
    for (unsigned i = 0; i < DP_LANES; i++) {
        out->lane[i].my_epoch = s->lane[i].epoch_out;
        out->lane[i].my_last = s->lane[i].journal_last;
        out->lane[i].your_epoch = s->lane[i].epoch_in;
        out->lane[i].your_durable = s->lane[i].durable_in;
    }
    out->my_gen = s->gen_out;
    out->your_gen = s->gen_in;
}

/* ---- judging the peer's ---- */

static enum dp_stop judge_version(const struct dp_hello *h)
{
    if (h->version_min > h->version_max)
        return DP_STOP_PROTOCOL;
    if (h->version_max < DP_LINK_VERSION_MIN || h->version_min > DP_LINK_VERSION)
        return DP_STOP_VERSION;
    return DP_STOP_NONE;
}

bool dp_session_is_clone(const struct dp_session *s, const struct dp_hello *h, int64_t now_ms)
{
    return s->state == DP_SESSION_UP && memcmp(h->nonce, s->peer_nonce, sizeof(h->nonce)) != 0 &&
           now_ms - s->heard_ms < s->silence_ms;
}

static enum dp_stop judge_peer(const struct dp_session *s, const struct dp_hello *h, int64_t now_ms)
{
    if (!dp_node_eq(h->node, s->peer))
        return DP_STOP_WRONG_NODE;
    /* R-HEL-5: children are enrolled once; a parent with a new nonce simply started again. */
    if (s->is_parent && dp_session_is_clone(s, h, now_ms))
        return DP_STOP_CLONE;
    return DP_STOP_NONE;
}

/* R-HEL-3: what the peer holds under our signature must be here, with the same content. */
static bool is_lost_here(const struct dp_head *yours, const struct dp_hello_facts *facts)
{
    if (yours->number == 0)
        return false;
    if (yours->inc == facts->my_inc &&
        (facts->my_head.inc != facts->my_inc || yours->number > facts->my_head.number))
        return true; /* beyond our head */
    /* Lost in the middle, or an incarnation of ours that we know nothing of. */
    return !facts->mine_known || !dp_digest_eq(&yours->digest, &facts->mine_digest);
}

/* R-HEL-6: a hello says so, and only a signature shows it. */
static enum dp_stop judge_mine(const struct dp_hello *h, const struct dp_hello_facts *facts)
{
    return is_lost_here(&h->yours, facts) ? DP_STOP_UNPROVEN : DP_STOP_NONE;
}

/* R-HEL-6: nobody signs a journal. Of ours the parent's word counts, which may also withdraw our certificate.
 */
static enum dp_stop lost_journal(const struct dp_session *s)
{
    return s->is_parent ? DP_STOP_UNPROVEN : DP_STOP_RESTORED;
}

/* The same seen from the other side: what we hold under the peer's signature must be there. */
static enum dp_stop judge_theirs(const struct dp_hello *h, const struct dp_hello_facts *facts)
{
    const struct dp_head *here = &facts->peer_head_here;

    if (facts->peer_inc_known != 0 && h->inc != facts->peer_inc_known)
        return DP_STOP_PEER_RESTORED;
    if (facts->know_yours && here->number != 0 && here->inc == h->inc &&
        (h->head.inc != h->inc || h->head.number < here->number))
        return DP_STOP_PEER_RESTORED;
    return DP_STOP_NONE;
}

/* R-CUT-1: the same incarnation and number with another digest. */
static enum dp_stop judge_fork(const struct dp_hello *h, const struct dp_hello_facts *facts)
{
    const struct dp_head *here = &facts->peer_head_here;

    if (h->head.number == 0)
        return DP_STOP_NONE;
    if (facts->theirs_known && !dp_digest_eq(&h->head.digest, &facts->theirs_digest))
        return DP_STOP_FORK;
    if (facts->know_yours && here->inc == h->head.inc && here->number == h->head.number &&
        !dp_digest_eq(&h->head.digest, &here->digest))
        return DP_STOP_FORK;
    return DP_STOP_NONE;
}

/* R-RSD-2: generations only rise, so who knows a later one of ours has seen what this store has lost. */
static enum dp_stop judge_generation(const struct dp_session *s, const struct dp_hello *h)
{
    if (h->your_gen > s->gen_out)
        return lost_journal(s);
    if (h->my_gen < s->gen_in)
        return DP_STOP_PEER_RESTORED;
    return DP_STOP_NONE;
}

/* R-HEL-3, R-HEL-4, R-JRN-2: of one generation the journals are those known, and nobody is beyond their ends.
 */
static enum dp_stop judge_lane(const struct dp_session *s, const struct dp_hello *h, unsigned i)
{
    const struct dp_lane_state *lane = &s->lane[i];

    if (h->lane[i].my_epoch == 0 || (h->lane[i].your_epoch == 0 && h->lane[i].your_durable != 0))
        return DP_STOP_PROTOCOL;
    if (h->your_gen == s->gen_out) {
        if (h->lane[i].your_epoch != 0 && h->lane[i].your_epoch != lane->epoch_out)
            return DP_STOP_EPOCH;
        if (h->lane[i].your_durable > lane->journal_last)
            return lost_journal(s);
    }
    if (h->my_gen == s->gen_in && lane->epoch_in != 0) {
        if (lane->epoch_in != h->lane[i].my_epoch)
            return DP_STOP_EPOCH;
        if (h->lane[i].my_last < lane->durable_in)
            return DP_STOP_PEER_RESTORED;
    }
    return DP_STOP_NONE;
}

static enum dp_stop judge(const struct dp_session *s, const struct dp_hello *h,
                          const struct dp_hello_facts *facts, int64_t now_ms)
{
    enum dp_stop why = judge_version(h);

    if (why == DP_STOP_NONE)
        why = judge_peer(s, h, now_ms);
    if (why == DP_STOP_NONE)
        why = judge_mine(h, facts);
    if (why == DP_STOP_NONE)
        why = judge_theirs(h, facts);
    if (why == DP_STOP_NONE)
        why = judge_fork(h, facts);
    if (why == DP_STOP_NONE)
        why = judge_generation(s, h);
    for (unsigned i = 0; why == DP_STOP_NONE && i < DP_LANES; i++)
        why = judge_lane(s, h, i);
    return why;
}

/* ---- going up ---- */

/* R-HEL-1: the peer's statement wins over our cursor; R-HEL-2: when it is lower, send again from there. */
static bool adopt_lane(struct dp_session *s, const struct dp_hello *h, unsigned i)
{
    struct dp_lane_state *lane = &s->lane[i];
    bool same = h->your_gen == s->gen_out;                /* else it speaks of a journal that is no more */
    uint64_t stated = same ? h->lane[i].your_durable : 0; /* 0 at the first contact */
    bool lower = same && stated < lane->acked;

    lane->acked = stated;
    s->next[i] = stated + 1;
    if (s->sent[i] < stated)
        s->sent[i] = stated;
    if (lane->epoch_in == 0 || h->my_gen != s->gen_in) {
        lane->epoch_in = h->lane[i].my_epoch;
        lane->durable_in = 0;
    }
    return lower;
}

/*
 * Whether a hello that came in UP wants one of ours back. The child's does, the child being the one that
 * reconnects; the parent's only when the parent is a new process. So two hellos never answer each other for
 * ever.
 */
static bool wants_answer(const struct dp_session *s, const struct dp_hello *h)
{
    return s->is_parent || memcmp(h->nonce, s->peer_nonce, sizeof(h->nonce)) != 0;
}

/* R-HEL-6 */
static void doubt(struct dp_session *s, const struct dp_hello *h, int64_t now_ms)
{
    if (s->state == DP_SESSION_UP && wants_answer(s, h))
        s->greeted = false;
    s->flight_count = 0;
    s->flight_bytes = 0;
    memcpy(s->peer_nonce, h->nonce, sizeof(s->peer_nonce));
    s->heard_ms = now_ms;
    if (s->state == DP_SESSION_DOUBTED)
        return; /* said again: the time runs on */
    s->doubt_until_ms = now_ms + dp_session_proof_ms(s);
    s->doubts++;
    s->state = DP_SESSION_DOUBTED;
}

enum dp_stop dp_session_on_proof(struct dp_session *s, const struct dp_head *shown,
                                 const struct dp_hello_facts *facts)
{
    enum dp_stop why = s->state == DP_SESSION_DOUBTED ? DP_STOP_UNPROVEN : DP_STOP_NONE;

    if (shown != NULL && is_lost_here(shown, facts))
        why = DP_STOP_RESTORED;
    if (why != DP_STOP_NONE)
        dp_session_stop(s, why);
    return why;
}

bool dp_session_pauses(const struct dp_session *s)
{
    return s->state == DP_SESSION_DOUBTED && s->doubts == 1;
}

enum dp_stop dp_session_on_hello(struct dp_session *s, const struct dp_hello *h,
                                 const struct dp_hello_facts *facts, int64_t now_ms)
{
    enum dp_stop why;
    bool lower = false;

    if (s->state == DP_SESSION_STOPPED)
        return s->stop;
    if (s->state == DP_SESSION_DOWN)
        dp_session_connect(s, now_ms);
    why = judge(s, h, facts, now_ms);
    if (why == DP_STOP_UNPROVEN) {
        doubt(s, h, now_ms);
        return why;
    }
    if (why != DP_STOP_NONE) {
        dp_session_stop(s, why);
        return why;
    }
    if (s->state == DP_SESSION_UP && wants_answer(s, h))
        s->greeted = false;
    for (unsigned i = 0; i < DP_LANES; i++)
        lower |= adopt_lane(s, h, i);
    s->gen_in = h->my_gen;
    s->renewed = h->your_gen != s->gen_out;
    if (lower)
        s->lowered++;
    s->flight_count = 0;
    s->flight_bytes = 0;
    memcpy(s->peer_nonce, h->nonce, sizeof(s->peer_nonce));
    s->peer_hello = *h;
    s->heard_hello = true;
    s->heard_ms = now_ms;
    s->stop = DP_STOP_NONE;
    s->state = DP_SESSION_UP;
    return DP_STOP_NONE;
}
