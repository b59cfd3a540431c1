/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content that waits for a line and may not go any more: its matter is denied to whom it is sealed for
 * (R-N3-3), or it was erased (R-STO-2). An empty item takes its number, or nobody (R-JRN-3), the parcel goes,
 * and what else was in it is sealed again. Only the node that sealed a parcel knows what is in it.
 */
#include "node/unsent.h"

#include <string.h>

/* One pass over what is owed. `slot`: recall the matter from those denied it; else entry `of` from everybody.
 */
struct recall {
    struct dp_daemon *d;
    const struct dp_slot *slot;
    const struct dp_name *of;
};

static bool is_meant(const struct recall *w, const struct dp_name *n)
{
    return w->slot != NULL ? dp_casefile_find(&w->slot->f, n) != DP_FACT_NONE : dp_name_eq(n, w->of);
}

static bool holds(const struct recall *w, const struct dp_ref *r)
{
    struct dp_node to = r->subject.name.origin;
    bool any = false;
    for (uint16_t i = 0; i < r->name_count && !any; i++)
        any = is_meant(w, &r->names[i]);
    return any &&
           (w->slot == NULL || dp_n3_denies_node(&w->slot->f.reg, true, w->slot->f.subject.name.origin, to));
}

/* Of what was erased the other parts go again. */
static enum dp_err recall_one(const struct recall *w, struct dp_peer *p, uint8_t lane, uint64_t number,
                              const struct dp_ref *r)
{
    struct dp_daemon *d = w->d;
    struct dp_node to = r->subject.name.origin;
    struct dp_ref none = {.kind = DP_REF_ENTRIES, .subject = r->subject};
    enum dp_err e = DP_OK;
    if (w->slot != NULL)
        none.subject = w->slot->f.subject;
    dp_db_journal_put(&d->db, p->node, lane, number, &none);
    for (uint16_t i = 0; i < r->name_count && e == DP_OK; i++)
        if (w->slot == NULL || !is_meant(w, &r->names[i]))
            e = dp_parcels_again(d, &r->digest, &r->names[i], to, lane);
    dp_db_parcel_del(&d->db, &r->digest);
    return e;
}

static enum dp_err recall_lane(const struct recall *w, struct dp_peer *p, uint8_t lane)
{
    uint64_t last = p->s.lane[lane].journal_last; /* without what is journalled here */
    for (uint64_t n = p->s.lane[lane].acked + 1; n <= last; n++) {
        struct dp_ref r;
        dp_arena_reset(&w->d->look);
        if (dp_db_journal(&w->d->db, p->node, lane, n, &w->d->look, &r) != DP_OK || r.kind != DP_REF_PARCEL ||
            !holds(w, &r))
            continue;
        enum dp_err e = recall_one(w, p, lane, n, &r);
        if (e != DP_OK)
            return e;
    }
    return DP_OK;
}

static enum dp_err recall(const struct recall *w)
{
    for (uint32_t i = 0; i < w->d->peer_count; i++)
        for (uint8_t lane = 0; lane < DP_LANES; lane++) {
            enum dp_err e = recall_lane(w, w->d->peers[i], lane);
            if (e != DP_OK)
                return e;
        }
    return DP_OK;
}

enum dp_err dp_parcels_recall(struct dp_daemon *d, const struct dp_slot *slot)
{
    struct recall w = {.d = d, .slot = slot};
    enum dp_err e = slot->f.has_reg ? recall(&w) : DP_OK;
    return e == DP_OK ? dp_unsent_of_case(d, &slot->f.subject) : e;
}

enum dp_err dp_parcels_recall_entry(struct dp_daemon *d, const struct dp_name *of)
{
    struct recall w = {.d = d, .of = of};
    return recall(&w);
}
