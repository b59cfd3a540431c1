/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row is sealed under H(context | key of its number | salt). A number is used once, but a turn that failed,
 * or an older store that was put back, uses it again: the salt makes the key another one each time.
 */
#include "crypto/vault.h"

#include <string.h>

#define VALUE_MAX ((size_t)1 << 20)

static struct dp_keyvault *of(const struct dp_vault *v)
{
    return (struct dp_keyvault *)(uintptr_t)v; /* port comes first */
}

static enum dp_err row_key(struct dp_keyvault *v, uint64_t number, const uint8_t salt[DP_VAULT_SALT],
                           struct dp_key *out)
{
    static const char context[] = "daipao/row/1";
    struct dp_key leaf;
    struct dp_digest d;
    enum dp_err e = dp_keytree_leaf(&v->kr->wrap, number, &leaf);
    if (e != DP_OK)
        return e;
    struct dp_slice in[3] = {dp_slice_of(context, sizeof(context) - 1), dp_slice_of(leaf.b, sizeof(leaf.b)),
                             dp_slice_of(salt, DP_VAULT_SALT)};
    dp_suite_of(DP_SUITE_INTL)->hash(in, 3, &d);
    memcpy(out->b, d.b, sizeof(out->b));
    dp_wipe(&leaf, sizeof(leaf));
    dp_wipe(&d, sizeof(d));
    return DP_OK;
}

static enum dp_err seal_row(struct dp_vault *port, uint64_t number, struct dp_slice place,
                            struct dp_slice plain, struct dp_slice *out)
{
    struct dp_keyvault *v = of(port);
    uint8_t head[8 + DP_VAULT_SALT];
    struct dp_wr w = dp_wr_of(head, sizeof(head));
    struct dp_key key;
    dp_wr_u64(&w, number);
    v->random.fill(v->random.ctx, head + 8, DP_VAULT_SALT);
    dp_buf_reset(&v->sealed);
    enum dp_err e = dp_buf_reserve(&v->sealed, DP_VAULT_BYTES + plain.len);
    if (e == DP_OK)
        e = dp_buf_put(&v->sealed, head, sizeof(head));
    if (e == DP_OK)
        e = row_key(v, number, head + 8, &key);
    if (e != DP_OK)
        return e;
    e = dp_suite_of(DP_SUITE_INTL)->seal(&key, place, plain, v->sealed.p + sizeof(head));
    dp_wipe(&key, sizeof(key));
    if (e == DP_OK)
        *out = dp_slice_of(v->sealed.p, DP_VAULT_BYTES + plain.len);
    return e;
}

static enum dp_err open_row(struct dp_vault *port, struct dp_slice place, struct dp_slice sealed,
                            struct dp_slice *out)
{
    struct dp_keyvault *v = of(port);
    struct dp_buf *b = &v->open[v->at];
    struct dp_rd r = dp_rd_of(sealed);
    struct dp_key key;
    if (sealed.len < DP_VAULT_BYTES)
        return DP_SIGNATURE;
    enum dp_err e = row_key(v, dp_rd_u64(&r), sealed.p + 8, &key);
    if (e != DP_OK)
        return e;
    if (b->p != NULL)
        dp_wipe(b->p, b->len);
    dp_buf_reset(b);
    size_t len = sealed.len - DP_VAULT_BYTES;
    e = dp_buf_reserve(b, len + 1);
    if (e == DP_OK)
        e = dp_suite_of(DP_SUITE_INTL)
                ->open(&key, place, dp_slice_of(sealed.p + 8 + DP_VAULT_SALT, len + DP_TAG_BYTES), b->p);
    dp_wipe(&key, sizeof(key));
    if (e != DP_OK)
        return e;
    b->len = len;
    v->at = (v->at + 1) % DP_VAULT_OPEN;
    *out = dp_buf_slice(b);
    return DP_OK;
}

static uint64_t next(const struct dp_vault *port, uint64_t number)
{
    return dp_keytree_next(&of(port)->kr->wrap, number);
}

static void rest(struct dp_vault *port)
{
    struct dp_keyvault *v = of(port);
    for (unsigned i = 0; i < DP_VAULT_OPEN; i++) {
        if (v->open[i].p != NULL)
            dp_wipe(v->open[i].p, v->open[i].len);
        dp_buf_reset(&v->open[i]);
    }
}

static const struct dp_vault_ops ops = {seal_row, open_row, next, rest};

void dp_keyvault_init(struct dp_keyvault *v, struct dp_keyring *kr, const struct dp_random *random)
{
    *v = (struct dp_keyvault){.port = {&ops}, .kr = kr, .random = *random};
    dp_buf_init(&v->sealed, VALUE_MAX);
    for (unsigned i = 0; i < DP_VAULT_OPEN; i++)
        dp_buf_init(&v->open[i], VALUE_MAX);
}

void dp_keyvault_fini(struct dp_keyvault *v)
{
    if (v->port.ops == NULL)
        return;
    rest(&v->port);
    for (unsigned i = 0; i < DP_VAULT_OPEN; i++)
        dp_buf_fini(&v->open[i]);
    dp_buf_fini(&v->sealed);
    v->port.ops = NULL;
}
