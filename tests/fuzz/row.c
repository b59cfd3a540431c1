/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a store, as an old backup or a damaged disk may hold them: what is read can be written, and then
 * reads and writes the same for ever (R-STO-5). First byte: which row; of a packed casefile also whether its
 * checksum is put right here.
 */
#include <string.h>

#include "fuzz.h"
#include "node/stop.h"
#include "store/kv_mem.h"
#include "store/layout.h"

#define PACKED_MAX (64u << 20)

static const struct dp_node node = {UINT64_C(33102310500000)};
static const struct dp_digest digest = {{7}};

/* ---- casefiles ---- */

static void pack(const struct dp_casefile *f, struct dp_buf *out)
{
    dp_buf_init(out, PACKED_MAX);
    FUZZ_CHECK(dp_casefile_pack(f, out) == DP_OK);
}

static bool casefile(struct dp_slice s, struct dp_arena *a)
{
    const struct dp_subject subject = dp_subject_of_node(node);
    struct dp_casefile f;
    struct dp_buf first, second;

    (void)a;
    dp_casefile_init(&f, &subject);
    enum dp_err e = dp_casefile_unpack(s, &f);
    if (e == DP_OK) {
        pack(&f, &first);
        FUZZ_CHECK(dp_casefile_unpack(dp_buf_slice(&first), &f) == DP_OK);
        pack(&f, &second);
        FUZZ_CHECK(dp_slice_eq(dp_buf_slice(&first), dp_buf_slice(&second)));
        dp_buf_fini(&first);
        dp_buf_fini(&second);
    } else {
        FUZZ_CHECK(e == DP_CORRUPT);
    }
    dp_casefile_fini(&f);
    return e == DP_OK;
}

static bool casefile_right(struct dp_slice s, struct dp_arena *a)
{
    uint8_t *p = dp_arena_alloc(a, s.len + 8);
    struct dp_wr w;

    FUZZ_CHECK(p != NULL);
    w = dp_wr_of(p, s.len + 8);
    dp_wr_bytes(&w, s.p, s.len);
    dp_wr_u64(&w, dp_casefile_sum(s));
    return casefile(dp_wr_slice(&w), a);
}

/* ---- rows that are read and written by one function each ---- */

static void peer_put(struct dp_db *db)
{
    const struct dp_peer_row row = {.inc = 1};

    dp_db_peer_put(db, node, &row);
}

static bool peer_again(struct dp_db *db, struct dp_arena *a)
{
    struct dp_peer_row row;
    struct dp_node walked = {0};

    (void)a;
    if (dp_db_peer(db, node, &row) != DP_OK)
        return false;
    dp_db_peer_put(db, node, &row);
    FUZZ_CHECK(dp_db_peer_next(db, &walked, &row) == DP_OK && dp_node_eq(walked, node));
    return true;
}

static void chain_put(struct dp_db *db)
{
    const struct dp_chain_row row = {.number = 1};

    dp_db_chain_put(db, node, 1, &row);
}

static bool chain_again(struct dp_db *db, struct dp_arena *a)
{
    struct dp_chain_row row;
    struct dp_node walked = {0};
    uint32_t inc = 0;

    (void)a;
    if (dp_db_chain(db, node, 1, &row) != DP_OK)
        return false;
    dp_db_chain_put(db, node, 1, &row);
    FUZZ_CHECK(dp_db_chain_next(db, &walked, &inc, &row) == DP_OK && dp_node_eq(walked, node) && inc == 1);
    return true;
}

static void journal_put(struct dp_db *db)
{
    const struct dp_ref ref = {.kind = DP_REF_BLOCK};

    dp_db_journal_put(db, node, 1, 1, &ref);
}

static bool journal_again(struct dp_db *db, struct dp_arena *a)
{
    struct dp_ref ref;

    if (dp_db_journal(db, node, 1, 1, a, &ref) != DP_OK)
        return false;
    FUZZ_CHECK(ref.name_count <= DP_REF_NAMES_MAX);
    dp_db_journal_put(db, node, 1, 1, &ref);
    return true;
}

static void parcel_of_put(struct dp_db *db)
{
    const struct dp_name name = {node, 1, 1};

    dp_db_parcel_of_put(db, &digest, &(struct dp_parcel_of){.to = {.v = 1}, .names = &name, .count = 1});
}

static bool parcel_of_again(struct dp_db *db, struct dp_arena *a)
{
    struct dp_parcel_of of;

    if (dp_db_parcel_of(db, &digest, a, &of) != DP_OK)
        return false;
    FUZZ_CHECK(of.count > 0 && of.count <= DP_REF_NAMES_MAX);
    dp_db_parcel_of_put(db, &digest, &of);
    return true;
}

static const struct row {
    enum dp_table table;
    void (*put)(struct dp_db *db); /* any, for its key */
    bool (*again)(struct dp_db *db, struct dp_arena *a);
} rows[] = {
    {DP_T_PEER, peer_put, peer_again},
    {DP_T_CHAIN, chain_put, chain_again},
    {DP_T_JOURNAL, journal_put, journal_again},
    {DP_T_PARCEL_OF, parcel_of_put, parcel_of_again},
};

/* The table's only row: its key and value, copied. */
static struct dp_slice only(struct dp_db *db, enum dp_table t, struct dp_arena *a, struct dp_slice *key)
{
    struct dp_kv_cur *cur;
    struct dp_slice k, v;
    bool failed = false;

    FUZZ_CHECK(db->kv->ops->cur_open(db->t, t, &cur) == DP_OK);
    FUZZ_CHECK(db->kv->ops->cur_seek(cur, DP_KV_FIRST, dp_slice_of(NULL, 0), &k, &v) == DP_OK);
    *key = dp_arena_copy(a, k, &failed);
    v = dp_arena_copy(a, v, &failed);
    FUZZ_CHECK(!failed && db->kv->ops->cur_next(cur, &k, &k) == DP_NOT_FOUND);
    db->kv->ops->cur_close(cur);
    return v;
}

static bool row(const struct row *row, struct dp_slice s, struct dp_arena *a)
{
    struct dp_db db = {.kv = NULL};
    struct dp_slice key;

    FUZZ_CHECK(dp_kv_mem_open(&db.kv) == DP_OK && dp_db_begin(&db, true) == DP_OK);
    row->put(&db);
    (void)only(&db, row->table, a, &key);
    db.kv->ops->put(db.t, row->table, key, s);
    bool taken = row->again(&db, a);
    if (taken) {
        struct dp_slice first = only(&db, row->table, a, &key);
        FUZZ_CHECK(row->again(&db, a));
        FUZZ_CHECK(dp_slice_eq(only(&db, row->table, a, &key), first));
    }
    FUZZ_CHECK(dp_db_error(&db) == DP_OK);
    dp_db_abort(&db);
    db.kv->ops->close(&db.kv);
    return taken;
}

/* ---- why a node was stopped ---- */

static bool stop_row(struct dp_slice s)
{
    struct dp_stop_row r;
    uint8_t again[DP_STOP_ROW_MAX];
    enum dp_err e = dp_stop_row_get(s, &r);

    if (e != DP_OK) {
        FUZZ_CHECK(e == DP_CORRUPT);
        return false;
    }
    FUZZ_CHECK(dp_slice_eq(dp_stop_row_put(&r, again), s));
    return true;
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    if (suite == &fuzz_hollow || input.len == 0)
        return false;
    size_t which = input.p[0] % 7;
    input = dp_slice_of(input.p + 1, input.len - 1);
    if (which == 6)
        return stop_row(input);
    if (which >= 2)
        return row(&rows[which - 2], input, a);
    return which == 0 ? casefile_right(input, a) : casefile(input, a);
}
