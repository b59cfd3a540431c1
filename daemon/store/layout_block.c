/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the store about chains: what is held of each origin, blocks whole or in pieces, where
 * an entry is found, and own entries that wait for their seal. See layout.h.
 */
#include "store/layout.h"

#include <string.h>

#include "store/layout_key.h"

/* ---- chains and blocks ---- */

static void key_chain(struct dp_key *k, struct dp_node origin, uint32_t inc)
{
    dp_key_start(k);
    dp_wr_u64(&k->w, origin.v);
    dp_wr_u32(&k->w, inc);
}

static enum dp_err chain_read(struct dp_slice v, struct dp_chain_row *out)
{
    struct dp_rd r = dp_rd_of(v);
    struct dp_chain_row c = {0};
    c.number = dp_rd_u64(&r);
    c.seq = dp_rd_u64(&r);
    dp_rd_copy(&r, c.digest.b, sizeof c.digest.b);
    dp_rd_copy(&r, c.cert.b, sizeof c.cert.b);
    c.first_ms = (int64_t)dp_rd_u64(&r);
    c.last_ms = (int64_t)dp_rd_u64(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = c;
    return DP_OK;
}

enum dp_err dp_db_chain(struct dp_db *db, struct dp_node origin, uint32_t inc, struct dp_chain_row *out)
{
    struct dp_key k;
    struct dp_slice v;
    key_chain(&k, origin, inc);
    enum dp_err e = dp_key_get(db, DP_T_CHAIN, &k, &v);
    return e == DP_OK ? chain_read(v, out) : e;
}

void dp_db_chain_put(struct dp_db *db, struct dp_node origin, uint32_t inc, const struct dp_chain_row *c)
{
    uint8_t b[96];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    struct dp_key k;
    key_chain(&k, origin, inc);
    dp_wr_u64(&w, c->number);
    dp_wr_u64(&w, c->seq);
    dp_wr_bytes(&w, c->digest.b, sizeof c->digest.b);
    dp_wr_bytes(&w, c->cert.b, sizeof c->cert.b);
    dp_wr_u64(&w, (uint64_t)c->first_ms);
    dp_wr_u64(&w, (uint64_t)c->last_ms);
    dp_key_put(db, DP_T_CHAIN, &k, dp_wr_slice(&w));
}

enum dp_err dp_db_chain_next(struct dp_db *db, struct dp_node *origin, uint32_t *inc,
                             struct dp_chain_row *out)
{
    struct dp_key k;
    struct dp_slice rk, rv;
    key_chain(&k, *origin, *inc);
    enum dp_err e = dp_key_seek_after(db, DP_T_CHAIN, dp_key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    struct dp_rd r = dp_rd_of(rk);
    origin->v = dp_rd_u64(&r);
    *inc = dp_rd_u32(&r);
    return dp_rd_done(&r) == DP_OK ? chain_read(rv, out) : DP_CORRUPT;
}

static void key_block(struct dp_key *k, struct dp_node origin, uint32_t inc, uint64_t number, uint16_t piece)
{
    key_chain(k, origin, inc);
    dp_wr_u64(&k->w, number);
    dp_wr_u16(&k->w, piece);
}

void dp_db_block_put(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number, uint16_t piece,
                     struct dp_slice wire)
{
    struct dp_key k;
    key_block(&k, origin, inc, number, piece);
    dp_key_put(db, DP_T_BLOCK, &k, wire);
}

enum dp_err dp_db_block(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number,
                        uint16_t piece, struct dp_slice *wire)
{
    struct dp_key k;
    key_block(&k, origin, inc, number, piece);
    return dp_key_get(db, DP_T_BLOCK, &k, wire);
}

uint16_t dp_db_block_piece_next(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number)
{
    struct dp_key k;
    struct dp_slice rk, rv;
    key_block(&k, origin, inc, number, UINT16_MAX);
    if (dp_key_seek(db, DP_T_BLOCK, DP_KV_LE, dp_key_slice(&k), &rk, &rv) != DP_OK || rk.len != 22 ||
        memcmp(rk.p, k.b, 20) != 0)
        return 1;
    return (uint16_t)(((unsigned)rk.p[20] << 8 | rk.p[21]) + 1u);
}

enum dp_err dp_db_block_any(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number,
                            struct dp_slice *wire)
{
    enum dp_err e = dp_db_block(db, origin, inc, number, 0, wire);
    return e == DP_NOT_FOUND ? dp_db_block(db, origin, inc, number, 1, wire) : e;
}

void dp_db_seq_put(struct dp_db *db, const struct dp_name *n, uint64_t number, uint16_t piece)
{
    struct dp_key k;
    uint8_t b[10];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    dp_key_start(&k);
    dp_key_name(&k, n);
    dp_wr_u64(&w, number);
    dp_wr_u16(&w, piece);
    dp_key_put(db, DP_T_SEQ, &k, dp_wr_slice(&w));
}

enum dp_err dp_db_seq(struct dp_db *db, const struct dp_name *n, uint64_t *number, uint16_t *piece)
{
    struct dp_key k;
    struct dp_slice rk, rv;
    dp_key_start(&k);
    dp_key_name(&k, n);
    enum dp_err e = dp_key_seek(db, DP_T_SEQ, DP_KV_LE, dp_key_slice(&k), &rk, &rv);
    if (e != DP_OK)
        return e;
    bool exact = dp_slice_eq(rk, dp_key_slice(&k));
    /* A row of a pruned piece speaks of its own entry only; walk back to the last whole block. */
    while (!exact && rk.len == DP_NAME_BYTES && memcmp(rk.p, k.b, 12) == 0 && rv.len == 10 &&
           (rv.p[8] | rv.p[9]) != 0) {
        struct dp_name at = dp_name_get(rk.p);
        if (at.seq <= 1)
            return DP_NOT_FOUND;
        at.seq--;
        struct dp_key k2;
        dp_key_start(&k2);
        dp_key_name(&k2, &at);
        e = dp_key_seek(db, DP_T_SEQ, DP_KV_LE, dp_key_slice(&k2), &rk, &rv);
        if (e != DP_OK)
            return e;
    }
    if (rk.len != DP_NAME_BYTES || memcmp(rk.p, k.b, 12) != 0)
        return DP_NOT_FOUND;
    struct dp_rd r = dp_rd_of(rv);
    uint64_t num = dp_rd_u64(&r);
    uint16_t pc = dp_rd_u16(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *number = num;
    *piece = pc;
    return DP_OK;
}

void dp_db_own_put(struct dp_db *db, uint64_t seq, struct dp_slice entry)
{
    struct dp_key k;
    dp_key_u64(&k, seq);
    dp_key_put(db, DP_T_OWN, &k, entry);
}

enum dp_err dp_db_own(struct dp_db *db, uint64_t seq, struct dp_slice *entry)
{
    struct dp_key k;
    dp_key_u64(&k, seq);
    return dp_key_get(db, DP_T_OWN, &k, entry);
}

void dp_db_own_del(struct dp_db *db, uint64_t seq)
{
    struct dp_key k;
    dp_key_u64(&k, seq);
    dp_key_del(db, DP_T_OWN, &k);
}
