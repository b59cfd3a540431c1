/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children by key. A peer keeps its place after its session ended, so that a late message of
 * an old session is known as such; the place of one that is gone is given away when all are
 * taken.
 */
#include "net/inner.h"

#include <stdlib.h>
#include <string.h>

enum dp_err peers_init(struct peers *p, size_t cap)
{
    p->cap = cap;
    p->slots = 4;
    while (p->slots < cap * 2)
        p->slots *= 2;
    p->at = calloc(cap, sizeof(*p->at));
    p->slot = calloc(p->slots, sizeof(*p->slot));
    return p->at != NULL && p->slot != NULL ? DP_OK : DP_NOMEM;
}

void peers_fini(struct peers *p)
{
    free(p->at);
    free(p->slot);
}

/* Where `key` is, or the free slot where it would go. Keys are admitted ones, so plain bytes hash well. */
static size_t slot_of(const struct peers *p, const struct dp_net_key *key)
{
    uint64_t h;
    size_t i;

    memcpy(&h, key->b, sizeof(h));
    i = (size_t)h & (p->slots - 1);
    while (p->slot[i] != 0 && memcmp(&p->at[p->slot[i] - 1].key, key, sizeof(*key)) != 0)
        i = (i + 1) & (p->slots - 1);
    return i;
}

struct peer *peers_find(const struct peers *p, const struct dp_net_key *key)
{
    uint32_t found = p->slot[slot_of(p, key)];

    return found != 0 ? &p->at[found - 1] : NULL;
}

static void reindex(struct peers *p)
{
    memset(p->slot, 0, p->slots * sizeof(*p->slot));
    for (size_t i = 0; i < p->len; i++)
        p->slot[slot_of(p, &p->at[i].key)] = (uint32_t)i + 1;
}

/* Index of a place for a new key, or SIZE_MAX. */
static size_t place(struct peers *p)
{
    if (p->len < p->cap)
        return p->len++;
    for (size_t i = 0; i < p->len; i++)
        if (!p->at[i].up && !p->at[i].down_due)
            return i;
    return SIZE_MAX;
}

/* Connections that point at this place do so no more. */
static void unlink_conns(struct dp_net *net, size_t at)
{
    struct conns *cs = &net->link.conns;

    for (size_t i = 0; i < cs->cap; i++)
        if (cs->at[i].peer == at + 1)
            cs->at[i].peer = 0;
}

struct peer *peers_put(struct dp_net *net, const struct dp_net_key *key)
{
    struct peers *p = &net->peers;
    struct peer *found = peers_find(p, key);
    size_t before = p->len;
    size_t at;

    if (found != NULL)
        return found;
    at = place(p);
    if (at == SIZE_MAX)
        return NULL;
    p->at[at] = (struct peer){.key = *key, .fd = -1};
    if (at < before) {
        unlink_conns(net, at);
        reindex(p);
    } else {
        p->slot[slot_of(p, key)] = (uint32_t)at + 1;
    }
    return &p->at[at];
}

void peers_lost(struct dp_net *net, struct peer *peer, bool drain)
{
    if (!peer->up)
        return;
    peer->up = drain;
    net->peers.downs_due += !peer->down_due;
    peer->down_due = true;
}

void peers_reset(struct dp_net *net)
{
    for (size_t i = 0; i < net->peers.len; i++) {
        peers_lost(net, &net->peers.at[i], false);
        net->peers.at[i].known = false;
        net->peers.at[i].fd = -1;
    }
}
