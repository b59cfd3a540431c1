/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to a folded state: its words, its custodian, its parties. The parties are sorted
 * and unique, so that they are the same whatever order made them (R-DOWN-2).
 */
#include <stdlib.h>
#include <string.h>

#include "case/custody.h"

static const char *const status_words[] = {
#define STATUS_WORD(name, word) word,
    DP_STATUS_LIST(STATUS_WORD)
#undef STATUS_WORD
};

const char *dp_status_word(enum dp_status s)
{
    return (unsigned)s < DP_STATUS_COUNT ? status_words[s] : "";
}

static int office_cmp(const void *a, const void *b)
{
    const struct dp_office *x = a, *y = b;

    if (x->node.v != y->node.v)
        return x->node.v < y->node.v ? -1 : 1;
    return memcmp(x->slug, y->slug, sizeof(x->slug));
}

#define SORT_BY_HAND_MAX 24

static void sort_offices(struct dp_office *o, uint32_t n)
{
    if (n > SORT_BY_HAND_MAX) {
        qsort(o, n, sizeof(*o), office_cmp);
        return;
    }
    for (uint32_t i = 1; i < n; i++) {
        struct dp_office moved = o[i];
        uint32_t j = i;
        for (; j > 0 && office_cmp(&o[j - 1], &moved) > 0; j--)
            o[j] = o[j - 1];
        o[j] = moved;
    }
}

void dp_state_settle_parties(struct dp_state *s)
{
    uint32_t n = 0;

    sort_offices(s->parties, s->party_count);
    for (uint32_t i = 0; i < s->party_count; i++) {
        if (n == 0 || office_cmp(&s->parties[n - 1], &s->parties[i]) != 0)
            s->parties[n++] = s->parties[i];
    }
    s->party_count = n;
}

bool dp_state_is_party(const struct dp_state *s, const struct dp_office *o)
{
    return s->party_count > 0 && bsearch(o, s->parties, s->party_count, sizeof(*o), office_cmp) != NULL;
}

bool dp_state_party_below(const struct dp_state *s, struct dp_node n)
{
    for (uint32_t i = 0; i < s->party_count; i++) {
        if (dp_node_covers(n, s->parties[i].node))
            return true;
    }
    return false;
}

struct dp_office dp_state_custodian(const struct dp_state *s)
{
    return s->path_count > 0 ? s->path[s->path_count - 1].holder : (struct dp_office){0};
}
