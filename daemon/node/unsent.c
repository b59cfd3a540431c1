/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items that became empty before they were sent (R-JRN-3). Rule N3 is decided again where a frame is written,
 * and what it forbids leaves nothing behind: an item with nothing in it would tell the other end that there
 * is something. What was never sent leaves the journal, and what comes behind it moves up. A number that may
 * have been sent, by this process or one before, stays.
 */
#include "node/unsent.h"

static bool leaves(struct dp_daemon *d, struct dp_peer *p, const struct dp_ref *r,
                   const struct dp_subject *of)
{
    struct dp_slice have;
    if (r->kind == DP_REF_PARCEL) /* R-PARC-2: its bytes have gone with another number */
        return of == NULL && dp_db_get32(&d->db, DP_T_PARCEL, &r->digest, &have) == DP_NOT_FOUND;
    if (r->kind != DP_REF_ENTRIES || (of != NULL && !dp_subject_eq(&r->subject, of)))
        return false;
    return dp_pump_is_empty(d, p, r);
}

/* The rest of the lane moves up over what is empty. *last: the last number that is left. */
static enum dp_err close_up(struct dp_daemon *d, struct dp_peer *p, uint8_t lane, const struct dp_subject *of,
                            uint64_t *last)
{
    uint64_t to = p->s.sent[lane];
    for (uint64_t n = to + 1; n <= *last; n++) {
        struct dp_ref r;
        dp_arena_reset(&d->look);
        enum dp_err e = dp_db_journal(&d->db, p->node, lane, n, &d->look, &r);
        if (e != DP_OK)
            return e;
        if (leaves(d, p, &r, of))
            continue;
        if (++to != n)
            dp_db_journal_put(&d->db, p->node, lane, to, &r);
    }
    for (uint64_t n = to + 1; n <= *last; n++)
        dp_db_journal_del(&d->db, p->node, lane, n);
    *last = to;
    return DP_OK;
}

static enum dp_err of_peer(struct dp_daemon *d, struct dp_peer *p, const struct dp_subject *of)
{
    p->unsent_due = false;
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        uint64_t last = p->s.lane[lane].journal_last;
        if (last <= p->s.sent[lane])
            continue;
        enum dp_err e = close_up(d, p, lane, of, &last);
        if (e != DP_OK)
            return e;
        dp_peers_unjournal(p, lane, last);
    }
    return DP_OK;
}

enum dp_err dp_unsent_of_case(struct dp_daemon *d, const struct dp_subject *of)
{
    enum dp_err e = DP_OK;
    for (uint32_t i = 0; i < d->peer_count && e == DP_OK; i++)
        e = of_peer(d, d->peers[i], of);
    return e;
}

enum dp_err dp_unsent_found(struct dp_daemon *d)
{
    enum dp_err e = DP_OK;
    for (uint32_t i = 0; i < d->peer_count && e == DP_OK; i++)
        if (d->peers[i]->unsent_due)
            e = of_peer(d, d->peers[i], NULL);
    return e;
}

bool dp_unsent_due(const struct dp_daemon *d)
{
    for (uint32_t i = 0; i < d->peer_count; i++)
        if (d->peers[i]->unsent_due)
            return true;
    return false;
}
