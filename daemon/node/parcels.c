/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts and grants on their way: collected per recipient during a turn, sealed into parcels at its end,
 * journalled to the next hop, opaque to every node between (R-PARC-1, R-PRT-1). A grant that arrives stays
 * sealed in the store until somebody who may read asks (dp_parcels_read).
 */
#include "node/post.h"
#include "node/unsent.h"

#include <string.h>

#define CONTENT_FLUSH 98304 /* seal a parcel at about this size */
#define SPARE_MAX (DP_REF_NAMES_MAX * DP_PARTS_MAX * DP_PARCEL_KEY_BYTES)

static struct dp_outgoing *outgoing_to(struct dp_daemon *d, struct dp_node to, uint8_t lane, enum dp_err *err)
{
    struct dp_cert cert;
    *err = DP_OK;
    for (struct dp_outgoing *o = d->outgoing; o != NULL; o = o->next)
        if (dp_node_eq(o->to, to) && o->lane == lane)
            return o;
    *err = dp_certs_of_node(d, to, &cert);
    if (*err != DP_OK)
        return NULL;
    struct dp_outgoing *o = DP_NEW(&d->turn, struct dp_outgoing);
    if (o == NULL) {
        *err = DP_NOMEM;
        return NULL;
    }
    o->to = to;
    o->lane = lane;
    dp_buf_init(&o->content, DP_PARCEL_BODY_MAX);
    dp_buf_init(&o->spare, SPARE_MAX);
    *err = dp_sealer_init(&o->sealer, d->suite, &d->port.random, to, &cert.seal_pub);
    if (*err != DP_OK)
        return NULL;
    o->next = d->outgoing;
    d->outgoing = o;
    return o;
}

static void spare_none(struct dp_outgoing *o)
{
    if (o->spare.len > 0)
        dp_wipe(o->spare.p, o->spare.len);
    dp_buf_reset(&o->spare);
}

void dp_parcels_drop(struct dp_daemon *d)
{
    for (struct dp_outgoing *o = d->outgoing; o != NULL; o = o->next) {
        spare_none(o);
        dp_sealer_fini(&o->sealer);
        dp_buf_fini(&o->content);
        dp_buf_fini(&o->spare);
    }
    d->outgoing = NULL;
}

/* Seal `body`, keep the parcel, owe it to the next hop. */
static enum dp_err parcel_out(struct dp_daemon *d, struct dp_outgoing *o, uint8_t kind, struct dp_slice body)
{
    struct dp_digest digest;
    struct dp_peer *hop = dp_peers_towards(d, o->to);
    if (hop == NULL)
        return DP_UNREACHABLE;
    dp_buf_reset(&d->scratch);
    enum dp_err e = dp_parcel_seal(&o->sealer, kind, body, &d->turn, &d->scratch);
    if (e != DP_OK)
        return e;
    struct dp_slice parcel = dp_buf_slice(&d->scratch);
    d->suite->hash(&parcel, 1, &digest);
    dp_db_put32(&d->db, DP_T_PARCEL, &digest, parcel);
    struct dp_ref r = {.kind = DP_REF_PARCEL, .digest = digest, .subject = dp_subject_of_node(o->to)};
    if (kind == DP_PARCEL_CONTENT) {
        r.names = o->names;
        r.name_count = o->name_count;
        dp_db_parcel_of_put(&d->db, &digest, &(struct dp_parcel_of){o->to, o->names, o->name_count});
        if (o->spare.len > 0)
            dp_db_parcel_keys_put(&d->db, &digest, dp_buf_slice(&o->spare));
    }
    dp_peers_journal(d, hop, o->lane, &r);
    d->n.parcels_out++;
    return DP_OK;
}

static enum dp_err flush_one(struct dp_daemon *d, struct dp_outgoing *o)
{
    if (o->content.len == 0)
        return DP_OK;
    enum dp_err e = parcel_out(d, o, DP_PARCEL_CONTENT, dp_buf_slice(&o->content));
    dp_buf_reset(&o->content);
    spare_none(o);
    o->name_count = 0;
    return e;
}

enum dp_err dp_parcels_flush(struct dp_daemon *d)
{
    enum dp_err e = DP_OK;
    for (struct dp_outgoing *o = d->outgoing; o != NULL; o = o->next) {
        enum dp_err e1 = flush_one(d, o);
        if (e == DP_OK)
            e = e1;
    }
    return e;
}

/* R-PARC-2: what this node wrote itself it can open for as long as it is in the store. */
static enum dp_err spare_add(struct dp_daemon *d, struct dp_outgoing *o, const struct dp_content *c,
                             const struct dp_key *keys)
{
    uint8_t row[DP_PARCEL_KEY_BYTES];
    enum dp_err e = DP_OK;
    if (dp_node_eq(c->entry.origin, d->id.self))
        return DP_OK;
    dp_name_put(&c->entry, row);
    for (uint8_t i = 0; i < c->part_count && e == DP_OK; i++) {
        row[DP_NAME_BYTES] = c->parts[i].index;
        memcpy(row + DP_NAME_BYTES + 1, keys[i].b, sizeof keys[i].b);
        e = dp_buf_put(&o->spare, row, sizeof row);
    }
    dp_wipe(row, sizeof row);
    return e;
}

static enum dp_err content_add(struct dp_daemon *d, struct dp_node to, uint8_t lane, struct dp_content *c,
                               const struct dp_key *keys)
{
    enum dp_err e;
    struct dp_outgoing *o = outgoing_to(d, to, lane, &e);
    if (o == NULL)
        return e == DP_NOT_FOUND ? DP_OK
                                 : e; /* no such node (yet): it gets a grant when it is enrolled and asks */
    for (uint8_t i = 0; i < c->part_count; i++) {
        e = dp_grant_seal(&o->sealer, &c->entry, c->parts[i].index, &keys[i], &c->grants[i]);
        if (e != DP_OK)
            return e;
    }
    c->grant_count = c->part_count;
    if (o->content.len > CONTENT_FLUSH || o->name_count == DP_REF_NAMES_MAX) {
        e = flush_one(d, o);
        if (e != DP_OK)
            return e;
    }
    e = dp_content_put(c, &o->content);
    if (e == DP_TOO_BIG && o->content.len > 0) {
        e = flush_one(d, o); /* it goes alone */
        if (e == DP_OK)
            e = dp_content_put(c, &o->content);
    }
    if (e == DP_OK)
        e = spare_add(d, o, c, keys);
    if (e == DP_OK)
        o->names[o->name_count++] = c->entry;
    return e;
}

enum dp_err dp_parcels_content(struct dp_daemon *d, const struct dp_name *n, const struct dp_digest *leaves,
                               uint8_t leaf_count, const struct dp_part *parts, const struct dp_key *keys,
                               uint8_t part_count, struct dp_node to, uint8_t lane)
{
    struct dp_content c = {.entry = *n, .leaf_count = leaf_count, .part_count = part_count};
    if (dp_node_eq(to, d->id.self) || leaf_count > DP_PARTS_MAX || part_count > DP_PARTS_MAX)
        return DP_OK;
    memcpy(c.leaves, leaves, leaf_count * sizeof leaves[0]);
    memcpy(c.parts, parts, part_count * sizeof parts[0]);
    return content_add(d, to, lane, &c, keys);
}

/* ---- keys ---- */

static enum dp_err part_key(struct dp_daemon *d, const struct dp_name *n, uint8_t index, struct dp_key *key)
{
    struct dp_slice v;
    struct dp_grant g;
    enum dp_err e = dp_db_part_key(&d->db, n, index, &v);
    if (e == DP_OK && v.len != sizeof key->b)
        return DP_CORRUPT;
    if (e == DP_OK)
        memcpy(key->b, v.p, sizeof key->b);
    if (e != DP_NOT_FOUND)
        return e;
    e = dp_db_grant(&d->db, n, index, &v);
    if (e != DP_OK)
        return e;
    e = dp_grant_get(v, &g);
    return e == DP_OK ? dp_grant_open(d->suite, &g, &d->kr->seal, key) : DP_CORRUPT;
}

static enum dp_err load_leaves(struct dp_daemon *d, const struct dp_name *n, struct dp_content *c)
{
    struct dp_slice v;
    enum dp_err e = dp_db_part(&d->db, n, DP_PART_LEAVES, &v);
    if (e != DP_OK)
        return e;
    if (v.len == 0 || v.len % 32 != 0 || v.len / 32 > DP_PARTS_MAX)
        return DP_CORRUPT;
    c->leaf_count = (uint8_t)(v.len / 32);
    memcpy(c->leaves, v.p, v.len);
    return DP_OK;
}

static enum dp_err load_part(struct dp_daemon *d, const struct dp_name *n, uint8_t index, struct dp_part *out)
{
    struct dp_slice v;
    bool failed = false;
    enum dp_err e = dp_db_part(&d->db, n, index, &v);
    if (e != DP_OK)
        return e;
    v = dp_arena_copy(&d->turn, v, &failed);
    if (failed)
        return DP_NOMEM;
    struct dp_rd r = dp_rd_of(v);
    e = dp_part_get(&r, out);
    return e == DP_OK ? DP_OK : DP_CORRUPT;
}

/* Its key here, else beside the waiting parcel, if there is one. */
static enum dp_err key_or_spare(struct dp_daemon *d, const struct dp_digest *parcel, const struct dp_name *n,
                                uint8_t index, struct dp_key *key)
{
    struct dp_slice v;
    enum dp_err e = part_key(d, n, index, key);
    if (e != DP_NOT_FOUND || parcel == NULL)
        return e;
    e = dp_db_parcel_key(&d->db, parcel, n, index, &v);
    if (e == DP_OK)
        memcpy(key->b, v.p, sizeof key->b);
    return e;
}

/* `parcel` NULL: with the keys that are held here. */
static enum dp_err grant_again(struct dp_daemon *d, const struct dp_digest *parcel, const struct dp_name *n,
                               struct dp_node to, uint8_t lane)
{
    struct dp_content c = {.entry = *n};
    struct dp_key keys[DP_PARTS_MAX];
    if (dp_node_eq(to, d->id.self))
        return DP_OK;
    enum dp_err e = load_leaves(d, n, &c);
    if (e != DP_OK)
        return e == DP_NOT_FOUND ? DP_OK : e; /* not held here: another grants it */
    for (uint8_t i = 0; i < c.leaf_count; i++) {
        struct dp_part p;
        struct dp_key k;
        if (load_part(d, n, i, &p) != DP_OK || key_or_spare(d, parcel, n, i, &k) != DP_OK)
            continue; /* erased, or never granted to this node */
        c.parts[c.part_count] = p;
        keys[c.part_count++] = k;
        dp_wipe(&k, sizeof k);
    }
    e = c.part_count == 0 ? DP_OK : content_add(d, to, lane, &c, keys);
    dp_wipe(keys, sizeof keys);
    return e;
}

enum dp_err dp_parcels_regrant(struct dp_daemon *d, const struct dp_name *n, struct dp_node to, uint8_t lane)
{
    return grant_again(d, NULL, n, to, lane);
}

enum dp_err dp_parcels_again(struct dp_daemon *d, const struct dp_digest *parcel, const struct dp_name *n,
                             struct dp_node to, uint8_t lane)
{
    return grant_again(d, parcel, n, to, lane);
}

enum dp_err dp_parcels_read(struct dp_daemon *d, const struct dp_entry *e, uint8_t index,
                            struct dp_part_text *out)
{
    struct dp_content c = {0};
    struct dp_part p;
    struct dp_key key;
    struct dp_slice plain;
    struct dp_digest leaf, root;
    enum dp_err err = load_leaves(d, &e->name, &c);
    if (err == DP_OK)
        err = load_part(d, &e->name, index, &p);
    if (err == DP_OK)
        err = part_key(d, &e->name, index, &key);
    if (err != DP_OK)
        return err;
    dp_part_leaf(d->suite, &p, &leaf);
    if (index >= c.leaf_count || !dp_digest_eq(&leaf, &c.leaves[index]) || c.leaf_count != e->part_count)
        return DP_CORRUPT;
    dp_merkle_root(d->suite, c.leaves, c.leaf_count, &root);
    if (!dp_digest_eq(&root, &e->parts_root))
        return DP_SIGNATURE; /* content that does not belong to the signed entry is never shown */
    err = dp_part_open(d->suite, &p, &key, &d->turn, &plain);
    dp_wipe(&key, sizeof key);
    return err == DP_OK ? dp_part_text_decode(p.kind, plain, &d->turn, out) : err;
}

/* ---- forgetting ---- */

void dp_parcels_forget(struct dp_daemon *d, const struct dp_name *n, uint8_t part_count)
{
    for (uint8_t i = 0; i < part_count; i++) {
        dp_db_part_key_del(&d->db, n, i);
        dp_db_grant_del(&d->db, n, i);
    }
}

/* ---- arriving ---- */

/* Not for us: to the next hop, as it is. */
static enum dp_err pass_on(struct dp_daemon *d, struct dp_peer *from, struct dp_node to,
                           struct dp_slice parcel, const struct dp_digest *digest, uint8_t lane)
{
    struct dp_peer *hop = dp_peers_towards(d, to);
    if (hop == NULL || hop == from)
        return DP_SCOPE;
    dp_db_put32(&d->db, DP_T_PARCEL, digest, parcel);
    struct dp_ref r = {.kind = DP_REF_PARCEL, .digest = *digest};
    dp_peers_journal(d, hop, lane, &r);
    return DP_OK;
}

static enum dp_err open_here(struct dp_daemon *d, struct dp_peer *from, struct dp_slice parcel)
{
    uint8_t kind;
    struct dp_slice body;
    enum dp_err e = dp_parcel_open(d->suite, parcel, &d->kr->seal, &d->turn, &kind, &body);
    if (e != DP_OK)
        return e;
    switch ((enum dp_parcel_kind)kind) {
    case DP_PARCEL_CONTENT:
        return dp_content_in(d, from, body);
    case DP_PARCEL_MATTER: /* of a neighbour itself; of others they come in posts (R-POST-4) */
        return dp_post_item_in(d, from->node, DP_POST_MATTER, body);
    case DP_PARCEL_RECEIPT:
        return dp_post_item_in(d, from->node, DP_POST_RECEIPT, body);
    case DP_PARCEL_STATE:
        return dp_post_item_in(d, from->node, DP_POST_STATE, body);
    case DP_PARCEL_CHUNK:
        return dp_files_in(d, from, body);
    case DP_PARCEL_POST:
        break;
    }
    return DP_FORMAT;
}

enum dp_err dp_parcels_in(struct dp_daemon *d, struct dp_peer *from, struct dp_slice parcel, uint8_t lane)
{
    struct dp_node to;
    struct dp_digest digest;
    enum dp_err e = dp_parcel_recipient(parcel, &to);
    if (e != DP_OK)
        return e;
    d->suite->hash(&parcel, 1, &digest);
    if (dp_db_parcel_came(&d->db, from->node, &digest))
        return DP_DUPLICATE; /* R-RSD-7 */
    e = dp_node_eq(to, d->id.self) ? open_here(d, from, parcel) : pass_on(d, from, to, parcel, &digest, lane);
    if (e == DP_OK)
        dp_db_parcel_came_put(&d->db, from->node, &digest);
    return e;
}

enum dp_err dp_parcels_send(struct dp_daemon *d, struct dp_node to, uint8_t kind, struct dp_slice body,
                            uint8_t lane)
{
    enum dp_err e;
    struct dp_outgoing *o = outgoing_to(d, to, lane, &e);
    return o == NULL ? e : parcel_out(d, o, kind, body);
}
