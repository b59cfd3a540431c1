/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are the pages of a store as LMDB makes them? A read does not look at much of a page's head, a write trusts
 * it, and nothing sums it. Every page up to the last is either on the list of free pages, or goes on with a
 * large record, or has a head that can be checked: the layout of LMDB's data version 1, which every 0.9 has.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/lmdb_env.h"

#define HEAD_BYTES 16
#define NODE_BYTES 8
enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_LARGE = 4, NODE_LARGE = 1 };

struct pages {
    int fd;
    unsigned bytes;   /* of a page */
    uint64_t last;    /* number of the last one */
    uint8_t *is_free; /* a byte each */
    uint8_t *page;    /* the one looked at */
};

static uint16_t u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint32_t u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint64_t u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* A page with a head in use. */
static bool is_used(const struct pages *x, uint64_t number)
{
    return number >= 2 && number <= x->last && !x->is_free[number];
}

/* A node at `at`: sizes of key and record, or the page below. */
static bool node_ok(const struct pages *x, unsigned at, bool leaf)
{
    const uint8_t *n = x->page + at;
    uint64_t left = x->bytes - at - NODE_BYTES, key = u16(n + 6);
    uint64_t size = u16(n) | (uint64_t)u16(n + 2) << 16;

    if (key > left)
        return false;
    if (!leaf)
        return is_used(x, size | (uint64_t)u16(n + 4) << 32);
    if ((u16(n + 4) & NODE_LARGE) != 0)
        return left - key >= sizeof(uint64_t) && is_used(x, u64(n + NODE_BYTES + key));
    return size <= left - key;
}

static bool tree_page_ok(const struct pages *x, bool leaf)
{
    unsigned lower = u16(x->page + 12), upper = u16(x->page + 14);

    if (lower < HEAD_BYTES || lower % 2 != 0 || upper < lower || upper > x->bytes)
        return false;
    for (unsigned at = HEAD_BYTES; at < lower; at += 2) {
        unsigned node = u16(x->page + at);
        if (node < upper || node > x->bytes - NODE_BYTES || !node_ok(x, node, leaf))
            return false;
    }
    return true;
}

/* How many pages belong to the one at `number`; 0: damaged. */
static uint64_t extent(const struct pages *x, uint64_t number)
{
    uint16_t flags = u16(x->page + 10);

    if (u64(x->page) != number)
        return 0;
    if (flags == PAGE_BRANCH || flags == PAGE_LEAF)
        return tree_page_ok(x, flags == PAGE_LEAF);
    if (flags != PAGE_LARGE || u32(x->page + 12) > x->last + 1 - number)
        return 0;
    for (uint64_t i = 1; i < u32(x->page + 12); i++)
        if (x->is_free[number + i])
            return 0;
    return u32(x->page + 12);
}

static enum dp_err look_at_all(const struct pages *x, char *why, size_t why_len)
{
    for (uint64_t number = 2, len = 1; number <= x->last; number += len, len = 1) {
        if (x->is_free[number])
            continue;
        if (pread(x->fd, x->page, x->bytes, (off_t)(number * x->bytes)) != (ssize_t)x->bytes)
            return DP_IO;
        len = extent(x, number);
        if (len == 0) {
            snprintf(why, why_len, "page %" PRIu64 " of the store", number);
            return DP_CORRUPT;
        }
    }
    return DP_OK;
}

/* Per transaction a count, and that many page numbers, falling. */
static bool mark_free(struct pages *x, struct dp_lmdb_env *e, MDB_txn *txn)
{
    MDB_cursor *cur;
    MDB_val k, v;
    int rc;

    if (mdb_cursor_open(txn, 0, &cur) != 0)
        return false;
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        const uint8_t *at = v.mv_data;
        uint64_t n = v.mv_size < 8 || !dp_lmdb_map_holds(e, &v) ? 0 : u64(at), above = x->last + 1;
        if (n == 0 || n > v.mv_size / 8 - 1)
            break;
        for (uint64_t i = 1; i <= n; i++) {
            uint64_t page = u64(at + 8 * i);
            if (page < 2 || page >= above || x->is_free[page])
                n = 0;
            else
                x->is_free[page] = 1;
            above = page;
        }
        if (n == 0)
            break;
    }
    mdb_cursor_close(cur);
    return rc == MDB_NOTFOUND;
}

enum dp_err dp_lmdb_pages(struct dp_lmdb_env *e, char *why, size_t why_len)
{
    struct pages x = {.bytes = e->page_bytes};
    enum dp_err err = DP_NOMEM;
    MDB_envinfo info;
    MDB_txn *txn;

    if (mdb_txn_begin(e->env, NULL, MDB_RDONLY, &txn) != 0)
        return DP_IO;
    if (mdb_env_info(e->env, &info) != 0 || mdb_env_get_fd(e->env, &x.fd) != 0) {
        mdb_txn_abort(txn);
        return DP_IO;
    }
    x.last = info.me_last_pgno;
    x.is_free = calloc(1, x.last + 1);
    x.page = malloc(x.bytes);
    if (x.is_free != NULL && x.page != NULL) {
        err = DP_CORRUPT;
        snprintf(why, why_len, "the list of free pages");
        if (mark_free(&x, e, txn))
            err = look_at_all(&x, why, why_len);
    }
    mdb_txn_abort(txn);
    free(x.is_free);
    free(x.page);
    return err;
}
