/* SPDX-License-Identifier: Apache-2.0 */
#include "register_seen.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 1024u

/* Keys are digests: any of their bytes do. */
static size_t place_of(const struct dp_seen *s, const uint8_t *key)
{
    size_t at;

    memcpy(&at, key, sizeof(at));
    at &= s->cap - 1;
    while (s->at[at].line != 0 && memcmp(s->at[at].key, key, DP_SEEN_BYTES) != 0)
        at = (at + 1) & (s->cap - 1);
    return at;
}

static enum dp_err grow(struct dp_seen *s)
{
    struct dp_seen bigger = {.cap = s->cap > 0 ? s->cap * 2 : FIRST_CAP, .count = s->count};

    bigger.at = calloc(bigger.cap, sizeof(*bigger.at));
    if (bigger.at == NULL)
        return DP_NOMEM;
    for (size_t i = 0; i < s->cap; i++)
        if (s->at[i].line != 0)
            bigger.at[place_of(&bigger, s->at[i].key)] = s->at[i];
    free(s->at);
    *s = bigger;
    return DP_OK;
}

enum dp_err dp_seen_add(struct dp_seen *s, const struct dp_seen_row *row, uint32_t *line)
{
    enum dp_err e = s->count * 2 >= s->cap ? grow(s) : DP_OK;
    struct dp_seen_row *have;

    if (e != DP_OK)
        return e;
    have = &s->at[place_of(s, row->key)];
    if (have->line != 0) {
        *line = have->line;
        return memcmp(have->said, row->said, DP_SEEN_BYTES) == 0 ? DP_DUPLICATE : DP_CONFLICT;
    }
    *have = *row;
    s->count++;
    return DP_OK;
}

void dp_seen_fini(struct dp_seen *s)
{
    free(s->at);
    *s = (struct dp_seen){0};
}
