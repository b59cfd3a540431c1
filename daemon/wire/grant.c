/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants: the key of one part, sealed for one node (R-PART-2). Entry, part, recipient and its key stand in
 * the derivation, so a grant moved elsewhere does not open.
 */
#include <string.h>

#include "wire/sealer.h"

#define CONTEXT "daipao/grant/1"
#define WHICH_BYTES (DP_NAME_BYTES + 1)

static struct dp_slice which(const struct dp_name *entry, uint8_t index, uint8_t out[WHICH_BYTES])
{
    dp_name_put(entry, out);
    out[DP_NAME_BYTES] = index;
    return dp_slice_of(out, WHICH_BYTES);
}

enum dp_err dp_grant_seal(struct dp_sealer *s, const struct dp_name *entry, uint8_t index,
                          const struct dp_key *part_key, struct dp_grant *out)
{
    struct dp_grant g = {
        .entry = *entry, .index = index, .recipient = s->recipient, .ephemeral = s->ephemeral_pub};
    uint8_t which_bytes[WHICH_BYTES];
    struct dp_seal_info info = {CONTEXT, &s->ephemeral_pub, &s->recipient_pub,
                                which(entry, index, which_bytes), s->recipient};
    struct dp_key key;
    enum dp_err e;

    if (index >= DP_PARTS_MAX)
        return DP_RANGE;
    dp_key_id(s->suite, &s->recipient_pub, g.key_id);
    e = dp_seal_key(s->suite, &s->shared, &info, &key);
    if (e == DP_OK)
        e = s->suite->seal(&key, dp_slice_of(NULL, 0), dp_slice_of(part_key->b, sizeof(part_key->b)),
                           g.sealed);
    if (e == DP_OK)
        *out = g;
    dp_wipe(&key, sizeof(key));
    return e;
}

enum dp_err dp_grant_open(const struct dp_suite *suite, const struct dp_grant *g,
                          const struct dp_key *seal_priv, struct dp_key *part_key)
{
    uint8_t which_bytes[WHICH_BYTES];
    struct dp_seal_info info = {CONTEXT, &g->ephemeral, NULL, which(&g->entry, g->index, which_bytes),
                                g->recipient};
    struct dp_key key, opened;
    enum dp_err e = dp_open_key(suite, seal_priv, g->key_id, &info, &key);

    if (e != DP_OK)
        return e;
    e = suite->open(&key, dp_slice_of(NULL, 0), dp_slice_of(g->sealed, sizeof(g->sealed)), opened.b);
    if (e == DP_OK)
        *part_key = opened;
    dp_wipe(&key, sizeof(key));
    dp_wipe(&opened, sizeof(opened));
    return e;
}

void dp_grant_put(const struct dp_grant *g, uint8_t out[DP_GRANT_BYTES])
{
    struct dp_wr w = dp_wr_of(out, DP_GRANT_BYTES);
    uint8_t name[DP_NAME_BYTES];

    dp_name_put(&g->entry, name);
    dp_wr_bytes(&w, name, sizeof(name));
    dp_wr_u8(&w, g->index);
    dp_wr_u64(&w, g->recipient.v);
    dp_wr_bytes(&w, g->key_id, sizeof(g->key_id));
    dp_wr_bytes(&w, g->ephemeral.b, sizeof(g->ephemeral.b));
    dp_wr_bytes(&w, g->sealed, sizeof(g->sealed));
}

enum dp_err dp_grant_get(struct dp_slice s, struct dp_grant *out)
{
    struct dp_rd r = dp_rd_of(s);
    uint8_t name[DP_NAME_BYTES];
    struct dp_grant g;

    memset(&g, 0, sizeof(g));
    dp_rd_copy(&r, name, sizeof(name));
    g.entry = dp_name_get(name);
    g.index = dp_rd_u8(&r);
    g.recipient.v = dp_rd_u64(&r);
    dp_rd_copy(&r, g.key_id, sizeof(g.key_id));
    dp_rd_copy(&r, g.ephemeral.b, sizeof(g.ephemeral.b));
    dp_rd_copy(&r, g.sealed, sizeof(g.sealed));
    if (dp_rd_done(&r) != DP_OK || g.index >= DP_PARTS_MAX || g.entry.seq == 0)
        return DP_FORMAT;
    if (dp_node_tier(g.entry.origin) == DP_TIER_NONE || dp_node_tier(g.recipient) == DP_TIER_NONE)
        return DP_FORMAT;
    *out = g;
    return DP_OK;
}
