/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoded casefiles between turns. The store is the authority; this only saves unpacking a
 * case again for its next entry. Bounded in facts, dropped whole after a failed commit.
 */
#include "node/core.h"

#include <stdlib.h>

static uint32_t bucket_of(const struct dp_subject *s)
{
    uint64_t h = s->name.origin.v * UINT64_C(0x9E3779B97F4A7C15);
    h ^= (s->name.seq + ((uint64_t)s->name.inc << 32) + s->type) * UINT64_C(0xC2B2AE3D27D4EB4F);
    return (uint32_t)(h >> 40) % DP_SLOT_BUCKETS;
}

static struct dp_slot *lookup(struct dp_daemon *d, const struct dp_subject *s)
{
    if (d->last_slot != NULL && dp_subject_eq(&d->last_slot->f.subject, s))
        return d->last_slot;
    for (struct dp_slot *p = d->buckets[bucket_of(s)]; p != NULL; p = p->next)
        if (dp_subject_eq(&p->f.subject, s))
            return p;
    return NULL;
}

static struct dp_slot *slot_new(struct dp_daemon *d, const struct dp_subject *s)
{
    struct dp_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL)
        return NULL;
    dp_casefile_init(&slot->f, s);
    uint32_t b = bucket_of(s);
    slot->next = d->buckets[b];
    d->buckets[b] = slot;
    slot->earlier = d->slots;
    if (d->slots != NULL)
        d->slots->later = slot;
    d->slots = slot;
    return slot;
}

static void unlink_slot(struct dp_daemon *d, const struct dp_slot *slot)
{
    struct dp_slot **at = &d->buckets[bucket_of(&slot->f.subject)];
    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    if (slot->later != NULL)
        slot->later->earlier = slot->earlier;
    else
        d->slots = slot->earlier;
    if (slot->earlier != NULL)
        slot->earlier->later = slot->later;
}

static void slot_free(struct dp_daemon *d, struct dp_slot *slot)
{
    unlink_slot(d, slot);
    d->cached_facts -= slot->f.count + 1u;
    if (d->last_slot == slot)
        d->last_slot = NULL;
    dp_casefile_fini(&slot->f);
    free(slot);
}

static struct dp_slot *get(struct dp_daemon *d, const struct dp_subject *s, bool create, enum dp_err *err)
{
    struct dp_slot *slot = lookup(d, s);
    if (slot == NULL) {
        struct dp_slice packed;
        enum dp_err e = dp_db_case(&d->db, s, &packed);
        if (e == DP_NOT_FOUND && !create) {
            *err = DP_NOT_FOUND;
            return NULL;
        }
        if (e != DP_OK && e != DP_NOT_FOUND) {
            *err = e;
            return NULL;
        }
        slot = slot_new(d, s);
        if (slot == NULL) {
            d->heap_starved = true;
            *err = DP_NOMEM;
            return NULL;
        }
        if (e == DP_OK && (e = dp_casefile_unpack(packed, &slot->f)) != DP_OK) {
            slot->f.subject = *s; /* whatever was unpacked */
            unlink_slot(d, slot);
            dp_casefile_fini(&slot->f);
            free(slot);
            d->heap_starved |= e == DP_NOMEM;
            *err = e;
            return NULL;
        }
        d->cached_facts += slot->f.count + 1u; /* an empty slot is memory too */
    }
    slot->turn = d->turn_no;
    d->last_slot = slot;
    *err = DP_OK;
    return slot;
}

struct dp_slot *dp_cache_get(struct dp_daemon *d, const struct dp_subject *s, enum dp_err *err)
{
    return get(d, s, true, err);
}

struct dp_slot *dp_cache_find(struct dp_daemon *d, const struct dp_subject *s, enum dp_err *err)
{
    struct dp_slot *slot = get(d, s, false, err);
    if (slot != NULL && slot->f.count == 0) {
        *err = DP_NOT_FOUND;
        return NULL;
    }
    return slot;
}

void dp_cache_touch(struct dp_daemon *d, struct dp_slot *slot, const struct dp_name *name, bool urgent)
{
    slot->dirty = true;
    if (!slot->touched) {
        slot->touched = true;
        slot->fresh = NULL;
        slot->fresh_tail = &slot->fresh;
        slot->touched_next = d->touched;
        d->touched = slot;
    }
    if (name == NULL)
        return;
    struct dp_fresh *f = DP_NEW(&d->turn, struct dp_fresh);
    if (f == NULL) {
        d->turn_error = DP_NOMEM; /* it would not be passed on */
        return;
    }
    f->name = *name;
    f->urgent = urgent;
    *slot->fresh_tail = f;
    slot->fresh_tail = &f->next;
}

enum dp_err dp_cache_write(struct dp_daemon *d)
{
    for (struct dp_slot *slot = d->touched; slot != NULL; slot = slot->touched_next) {
        if (!slot->dirty)
            continue;
        dp_buf_reset(&d->scratch);
        enum dp_err e = dp_casefile_pack(&slot->f, &d->scratch);
        if (e != DP_OK)
            return e;
        dp_db_case_put(&d->db, &slot->f.subject, dp_buf_slice(&d->scratch));
        slot->dirty = false;
    }
    return DP_OK;
}

void dp_cache_trim(struct dp_daemon *d, uint64_t keep_facts)
{
    if (d->cached_facts <= keep_facts)
        return;
    for (struct dp_slot *slot = d->slots, *earlier; slot != NULL; slot = earlier) {
        earlier = slot->earlier;
        if (keep_facts == 0 || slot->turn != d->turn_no)
            slot_free(d, slot);
    }
}

void dp_cache_pass(struct dp_daemon *d, struct dp_slot *slot)
{
    if (slot->touched || slot->dirty || d->cached_facts <= d->opt.cache_facts)
        return;
    slot_free(d, slot);
}

void dp_cache_drop(struct dp_daemon *d)
{
    for (struct dp_slot *slot = d->slots, *earlier; slot != NULL; slot = earlier) {
        earlier = slot->earlier;
        slot_free(d, slot);
    }
    d->touched = NULL;
    d->last_slot = NULL;
}
