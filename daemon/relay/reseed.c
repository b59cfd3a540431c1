/* SPDX-License-Identifier: Apache-2.0 */
/* See reseed.h: a cursor over four sorted lists, and a merge of two of them. */
#include "relay/reseed.h"

#include <assert.h>
#include <string.h>

int dp_list_key_cmp(const struct dp_list_key *a, const struct dp_list_key *b)
{
    return memcmp(a->b, b->b, sizeof(a->b));
}

struct dp_list_key dp_list_key_end(void)
{
    struct dp_list_key k;

    memset(k.b, 0xff, sizeof(k.b));
    return k;
}

struct dp_list_key dp_list_key_of(const void *p, size_t len)
{
    struct dp_list_key k = {{0}};

    assert(len <= sizeof(k.b));
    memcpy(k.b, p, len);
    return k;
}

void dp_reseed_begin(struct dp_reseed *r)
{
    *r = (struct dp_reseed){.part = DP_LIST_CERTS};
}

bool dp_reseed_fits(const struct dp_reseed *r, const struct dp_list_page *page)
{
    return r->part != 0 && page->part == r->part && dp_list_key_cmp(&page->after, &r->after) == 0 &&
           dp_list_key_cmp(&page->through, &r->after) > 0;
}

static uint8_t part_after(uint8_t part, bool sender_is_parent)
{
    switch ((enum dp_list_part)part) {
    case DP_LIST_CERTS:
        return sender_is_parent ? DP_LIST_SUBJECTS : DP_LIST_CHAINS;
    case DP_LIST_CHAINS:
    case DP_LIST_SUBJECTS:
        return DP_LIST_PARCELS;
    case DP_LIST_PARCELS:
        break;
    }
    return 0;
}

void dp_reseed_advance(struct dp_reseed *r, const struct dp_list_key *through, bool sender_is_parent)
{
    const struct dp_list_key end = dp_list_key_end();

    r->after = *through;
    if (dp_list_key_cmp(through, &end) == 0)
        *r = (struct dp_reseed){.part = part_after(r->part, sender_is_parent)};
}

bool dp_reseed_to_come(const struct dp_reseed *r, uint8_t part, const struct dp_list_key *key)
{
    if (r->part == 0 || r->part > part)
        return false;
    return r->part < part || dp_list_key_cmp(key, &r->after) > 0;
}

bool dp_reseed_moved(const struct dp_reseed *r)
{
    const struct dp_list_key start = {{0}};

    return r->part != DP_LIST_CERTS || dp_list_key_cmp(&r->after, &start) > 0;
}

const struct dp_list_row *dp_reseed_find(struct dp_reseed_walk *w, const struct dp_list_key *key)
{
    for (; w->at < w->page->count; w->at++, w->unknown++) {
        const struct dp_list_row *row = &w->page->rows[w->at];
        int c = dp_list_key_cmp(&row->key, key);

        if (c > 0)
            break;
        if (c == 0) {
            w->at++;
            return row;
        }
    }
    return NULL;
}

uint32_t dp_reseed_unknown(struct dp_reseed_walk *w, const struct dp_list_key *through)
{
    for (; w->at < w->page->count && dp_list_key_cmp(&w->page->rows[w->at].key, through) <= 0; w->at++)
        w->unknown++;
    return w->unknown;
}

bool dp_reseed_same(const struct dp_list_row *ours, const struct dp_list_row *theirs)
{
    return theirs != NULL && ours->count == theirs->count &&
           memcmp(ours->digest, theirs->digest, sizeof(ours->digest)) == 0;
}

uint64_t dp_reseed_block_from(const struct dp_list_row *theirs, bool agrees)
{
    if (theirs == NULL || theirs->count == 0)
        return 1;
    return agrees ? theirs->count + 1 : theirs->count;
}
