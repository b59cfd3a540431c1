/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offline check of a whole store: see fsck.h. It trusts nothing derived: indexes are built again from
 * the signed blocks and compared with what the store holds.
 */
#include "node/fsck.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/chain.h"
#include "crypto/random.h"
#include "crypto/vault.h"
#include "node/opens.h"
#include "store/layout.h"
#include "wire/block.h"
#include "wire/entry.h"
#include "wire/part.h"

struct fsck {
    struct dp_db db;
    const struct dp_suite *suite;
    struct dp_trust trust;
    struct dp_arena turn;
    FILE *to;
    struct dp_buf root; /* DER of the trusted root */
    uint64_t certs, blocks, entries, own, cases, parts, journal, lost, faults, records;
    struct dp_node self;
    uint32_t inc;
};

/* A damaged record ends its transaction: what follows is read in a new one. */
static void again(struct fsck *x)
{
    dp_db_abort(&x->db);
    if (dp_db_begin(&x->db, false) != DP_OK)
        abort(); /* it was possible a moment ago, and nobody else has the store */
}

static void fault(struct fsck *x, const char *what, struct dp_slice key)
{
    char hex[97];
    dp_hex(key.p, key.len > 48 ? 48 : key.len, hex);
    fprintf(x->to, "damaged: %s %s\n", what, hex);
    x->faults++;
    if (dp_db_error(&x->db) != DP_OK)
        again(x);
}

/* Walk a table; the row function may fault. */
static void each(struct fsck *x, enum dp_table t,
                 void (*row)(struct fsck *x, struct dp_slice k, struct dp_slice v))
{
    uint8_t kept[DP_KV_KEY_MAX]; /* the walk goes on in another transaction after a fault */
    struct dp_slice key = {0}, v;
    enum dp_err e;
    while ((e = dp_db_next_key(&x->db, t, dp_slice_of("", 0), &key, &v)) == DP_OK) {
        dp_arena_reset(&x->turn);
        memcpy(kept, key.p, key.len);
        key.p = kept;
        row(x, key, v);
    }
    if (e != DP_NOT_FOUND) {
        fprintf(x->to, "table %s cannot be read to its end: %s\n", dp_table_word(t), dp_err_text(e));
        x->faults++;
        again(x);
    }
}

/* What a walk comes to is found by its key as well: the pages above a record have no sums. */
static bool is_found(struct fsck *x, unsigned table, struct dp_slice k, struct dp_slice v)
{
    struct dp_slice same;
    return x->db.kv->ops->get(x->db.t, table, k, &same) == DP_OK && dp_slice_eq(same, v);
}

/* R-STO-5: the store sums every record and names in the log the one that is not as it was written. */
static void read_table(struct fsck *x, unsigned table)
{
    const struct dp_kv_ops *ops = x->db.kv->ops;
    struct dp_kv_cur *cur = NULL;
    struct dp_slice k, v;
    const char *word = table < DP_T_COUNT ? dp_table_word((enum dp_table)table) : "life";
    bool found = true;
    enum dp_err e = ops->cur_open(x->db.t, table, &cur);
    if (e == DP_OK)
        e = ops->cur_seek(cur, DP_KV_FIRST, dp_slice_of("", 0), &k, &v);
    for (; e == DP_OK && found; e = ops->cur_next(cur, &k, &v)) {
        found = is_found(x, table, k, v);
        x->records++;
    }
    if (cur != NULL)
        ops->cur_close(cur);
    if (e == DP_NOT_FOUND && found)
        return;
    fprintf(x->to, "damaged: a record of table %s%s\n", word, found ? "" : " is not found by its key");
    x->faults++;
    again(x);
}

/* A page may hide some of its records; the store knows how many there are. */
static void count_records(struct fsck *x)
{
    struct dp_kv_stat st = {0};
    if (x->faults > 0 || (x->db.kv->ops->stat(x->db.kv, &st) == DP_OK && st.entries == x->records))
        return;
    fprintf(x->to, "damaged: the store has %" PRIu64 " records, and %" PRIu64 " can be reached\n", st.entries,
            x->records);
    x->faults++;
}

/* What lies between the records: reads pass over damage there, and writes spread it. */
static void check_structure(struct fsck *x)
{
    char why[96] = "";
    enum dp_err e = x->db.kv->ops->check(x->db.kv, why, sizeof why);
    if (e == DP_OK)
        return;
    fprintf(x->to, "damaged: %s: %s\n", why[0] != '\0' ? why : "the structure of the store", dp_err_text(e));
    x->faults++;
}

/* ---- certificates ---- */

static enum dp_err cert_of(struct fsck *x, const struct dp_digest *digest, struct dp_cert *out)
{
    struct dp_slice v;
    struct dp_chain chain;
    struct dp_cert certs[DP_CHAIN_MAX];
    struct dp_refusal why;
    enum dp_err e = dp_db_get32(&x->db, DP_T_CERT, digest, &v);
    if (e == DP_OK)
        e = dp_chain_decode(v, &chain);
    if (e == DP_OK)
        e = dp_chain_verify(&chain, &x->trust, DP_CHAIN_NODE, certs, &why);
    if (e == DP_OK)
        *out = certs[0];
    return e;
}

static void row_cert(struct fsck *x, struct dp_slice k, struct dp_slice v)
{
    struct dp_digest digest;
    struct dp_cert c;
    (void)v;
    x->certs++;
    if (k.len != sizeof digest.b) {
        fault(x, "certificate key", k);
        return;
    }
    memcpy(digest.b, k.p, sizeof digest.b);
    if (cert_of(x, &digest, &c) != DP_OK || !dp_digest_eq(&c.digest, &digest))
        fault(x, "certificate", k);
}

/* ---- blocks ---- */

/* Each entry must decode; its casefile must hold it. */
static void check_entry(struct fsck *x, const struct dp_name *name, struct dp_slice bytes,
                        const struct dp_origin *from)
{
    struct dp_entry e;
    struct dp_slice packed;
    struct dp_casefile f;
    uint8_t raw[DP_NAME_BYTES];
    dp_name_put(name, raw);
    x->entries++;
    if (dp_entry_decode(bytes, name, &x->turn, &e) != DP_OK)
        return; /* quarantined when it came: it has no casefile */
    dp_casefile_init(&f, &e.subject);
    if (dp_db_case(&x->db, &e.subject, &packed) != DP_OK || dp_casefile_unpack(packed, &f) != DP_OK) {
        fault(x, "casefile of entry", dp_slice_of(raw, sizeof raw));
    } else {
        uint32_t i = dp_casefile_find(&f, name);
        if (i == DP_FACT_NONE || f.facts[i].e.kind != e.kind || f.facts[i].e.step != e.step ||
            !dp_office_eq(&f.facts[i].e.office, &e.office) || !dp_node_eq(f.facts[i].from.node, from->node) ||
            !dp_digest_eq(&f.facts[i].e.parts_root, &e.parts_root))
            fault(x, "fact that differs from its entry", dp_slice_of(raw, sizeof raw));
    }
    dp_casefile_fini(&f);
}

static void check_order(struct fsck *x, const struct dp_header *h, struct dp_slice k)
{
    struct dp_slice wire;
    struct dp_header before;
    struct dp_digest digest;
    if (h->number == 1 || dp_db_block(&x->db, h->origin, h->inc, h->number - 1, 0, &wire) != DP_OK ||
        wire.len < DP_HEADER_BYTES || dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &before) != DP_OK) {
        if (h->number != 1)
            fault(x, "block whose predecessor is missing", k);
        return;
    }
    dp_header_digest(x->suite, &before, &digest);
    if (!dp_digest_eq(&digest, &h->prev) || h->first_seq != before.first_seq + before.count)
        fault(x, "block that does not continue its chain", k);
}

static void row_block(struct fsck *x, struct dp_slice k, struct dp_slice v)
{
    struct dp_block b;
    struct dp_cert c;
    bool whole = k.len == 22 && k.p[20] == 0 && k.p[21] == 0;
    enum dp_err e = whole ? dp_block_decode(x->suite, v, &x->turn, &b)
                          : dp_block_decode_pruned(x->suite, v, &x->turn, &b);
    x->blocks++;
    if (e != DP_OK) {
        fault(x, "block", k);
        return;
    }
    if (cert_of(x, &b.h.cert, &c) != DP_OK || !dp_node_eq(c.origin.node, b.h.origin) ||
        !dp_header_verify(x->suite, &b.h, &c.sign_pub)) {
        fault(x, "signature of block", k);
        return;
    }
    if (whole)
        check_order(x, &b.h, k);
    for (uint16_t i = 0; i < b.shown_count; i++) {
        struct dp_name n = {.origin = b.h.origin, .inc = b.h.inc, .seq = b.h.first_seq + b.shown[i].index};
        check_entry(x, &n, b.shown[i].bytes, &c.origin);
    }
}

static void row_own(struct fsck *x, struct dp_slice k, struct dp_slice v)
{
    struct dp_rd r = dp_rd_of(k);
    struct dp_name n = {.origin = x->self, .inc = x->inc, .seq = dp_rd_u64(&r)};
    struct dp_entry e;
    x->own++;
    if (dp_rd_done(&r) != DP_OK || dp_entry_decode(v, &n, &x->turn, &e) != DP_OK)
        fault(x, "own entry", k);
}

/* ---- derived tables ---- */

/* Facts of a casefile must stand in a block or among the own entries. */
static void row_case(struct fsck *x, struct dp_slice k, struct dp_slice v)
{
    struct dp_subject s;
    struct dp_casefile f;
    x->cases++;
    if (k.len != DP_SUBJECT_BYTES || dp_subject_get(k.p, &s) != DP_OK) {
        fault(x, "casefile key", k);
        return;
    }
    dp_casefile_init(&f, &s);
    if (dp_casefile_unpack(v, &f) != DP_OK)
        fault(x, "casefile", k);
    for (uint32_t i = 0; i < f.count; i++) {
        const struct dp_name *n = &f.facts[i].e.name;
        uint64_t number;
        uint16_t piece;
        struct dp_slice own;
        bool is_own =
            dp_node_eq(n->origin, x->self) && n->inc == x->inc && dp_db_own(&x->db, n->seq, &own) == DP_OK;
        if (!is_own && dp_db_seq(&x->db, n, &number, &piece) != DP_OK)
            fault(x, "fact without its entry in casefile", k);
    }
    dp_casefile_fini(&f);
}

static void row_part(struct fsck *x, struct dp_slice k, struct dp_slice v)
{
    struct dp_part p;
    struct dp_slice leaves;
    struct dp_digest leaf;
    x->parts++;
    if (k.len != DP_NAME_BYTES + 1) {
        fault(x, "part key", k);
        return;
    }
    struct dp_name n = dp_name_get(k.p);
    if (k.p[DP_NAME_BYTES] == DP_PART_LEAVES)
        return;
    struct dp_rd r = dp_rd_of(v);
    if (dp_part_get(&r, &p) != DP_OK || dp_db_part(&x->db, &n, DP_PART_LEAVES, &leaves) != DP_OK ||
        leaves.len < (p.index + 1u) * sizeof leaf.b) {
        fault(x, "part", k);
        return;
    }
    dp_part_leaf(x->suite, &p, &leaf);
    if (memcmp(leaves.p + p.index * sizeof leaf.b, leaf.b, sizeof leaf.b) != 0)
        fault(x, "part that is not the one signed for", k);
}

/* R-STO-6: what was destroyed is no fault; what is sealed otherwise is. */
static void check_sealed(struct fsck *x)
{
    uint64_t gone = 0;
    for (unsigned t = 0; t < DP_T_COUNT; t++) {
        struct dp_opens n = {0};
        if (dp_table_lot((enum dp_table)t) == DP_LOT_NONE)
            continue;
        enum dp_err e = dp_opens_table(&x->db, (enum dp_table)t, &n);
        gone += n.gone;
        x->faults += n.wrong + (e != DP_OK);
        if (n.wrong > 0 || e != DP_OK)
            fprintf(x->to, "damaged: %" PRIu64 " records of table %s do not open with these keys\n", n.wrong,
                    dp_table_word((enum dp_table)t));
        if (dp_db_error(&x->db) != DP_OK)
            again(x);
    }
    if (gone > 0)
        fprintf(x->to,
                "%" PRIu64 " records of content were destroyed since this store was as it is (erased, "
                "replaced, or of no use any more)\n",
                gone);
    each(x, DP_T_PART, row_part);
}

/* Numbers of each peer and lane run from 1 without holes up to what the peer's row says (R-JRN-1). */
static void check_journals(struct fsck *x)
{
    struct dp_node peer = {0};
    struct dp_peer_row row;
    while (dp_db_peer_next(&x->db, &peer, &row) == DP_OK)
        for (uint8_t lane = 0; lane < DP_LANES; lane++)
            for (uint64_t no = 1; no <= row.lane[lane].journal_last; no++) {
                struct dp_ref ref;
                dp_arena_reset(&x->turn);
                x->journal++;
                enum dp_err e = dp_db_journal(&x->db, peer, lane, no, &x->turn, &ref);
                if (e == DP_NOT_FOUND && lane == DP_LANE_BULK)
                    continue; /* a post that the peer had (R-POST-6) */
                if (e != DP_OK) {
                    fprintf(x->to, "damaged: journal of %014" PRIu64 " lane %s item %" PRIu64 "\n", peer.v,
                            dp_lane_word(lane), no);
                    x->lost++;
                    x->faults++;
                }
            }
}

/* ---- all of it ---- */

static enum dp_err load_trust(struct fsck *x, const struct dp_keyring *kr)
{
    struct dp_slice root;
    uint64_t v = 0;
    enum dp_err e = dp_db_meta(&x->db, "root", &root);
    if (e != DP_OK)
        return e;
    e = dp_buf_put(&x->root, root.p, root.len);
    if (e != DP_OK)
        return e;
    x->trust.root_der = dp_buf_slice(&x->root);
    x->suite->hash(&x->trust.root_der, 1, &x->trust.root);
    if (kr != NULL && kr->has_root && !dp_digest_eq(&kr->root, &x->trust.root)) {
        fprintf(x->to, "the root in the store is not the one pinned in the keys\n");
        x->faults++;
    }
    if (dp_db_meta_u64(&x->db, "self", &v) == DP_OK)
        x->self.v = v;
    if (dp_db_meta_u64(&x->db, "incarnation", &v) == DP_OK)
        x->inc = (uint32_t)v;
    return DP_OK;
}

enum dp_err dp_fsck(struct dp_kv *kv, struct dp_keyring *kr, FILE *to)
{
    struct dp_keyvault vault = {0};
    struct fsck x = {.db = {.kv = kv}, .suite = dp_suite_of(DP_SUITE_INTL), .to = to};
    dp_arena_init(&x.turn, 64u << 20, 1u << 20);
    dp_buf_init(&x.root, DP_CERT_BYTES_MAX);
    if (kr != NULL) {
        struct dp_random random = dp_random_system();
        dp_keyvault_init(&vault, kr, &random);
        x.db.vault = &vault.port;
    }
    check_structure(&x);
    enum dp_err e = dp_db_begin(&x.db, false);
    for (unsigned t = 0; e == DP_OK && t < DP_KV_TABLES_MAX; t++)
        read_table(&x, t);
    if (e == DP_OK)
        count_records(&x);
    if (e == DP_OK && load_trust(&x, kr) == DP_OK) {
        each(&x, DP_T_CERT, row_cert);
        each(&x, DP_T_BLOCK, row_block);
        each(&x, DP_T_OWN, row_own);
        each(&x, DP_T_CASE, row_case);
        if (kr != NULL)
            check_sealed(&x);
        else
            fprintf(to, "the keys are not here: content is not looked into\n");
        check_journals(&x);
    } else if (e == DP_OK) {
        fprintf(to, "the node is not enrolled: nothing to check\n");
    }
    dp_db_abort(&x.db);
    dp_keyvault_fini(&vault);
    dp_arena_fini(&x.turn);
    dp_buf_fini(&x.root);
    if (e != DP_OK)
        return e;
    fprintf(to,
            "certificates %" PRIu64 ", blocks %" PRIu64 ", entries %" PRIu64 ", unsealed %" PRIu64
            ", cases %" PRIu64 ", parts %" PRIu64 ", journal items %" PRIu64 ": %s (%" PRIu64 " faults)\n",
            x.certs, x.blocks, x.entries, x.own, x.cases, x.parts, x.journal,
            x.faults == 0 ? "sound" : "DAMAGED", x.faults);
    if (x.lost > 0)
        fprintf(to,
                "%s: daipaod --repair-journals begins the damaged ones anew, and what the peer lacks goes "
                "again\n",
                x.lost == x.faults ? "only journals are damaged" : "of the journals");
    return x.faults == 0 ? DP_OK : DP_CORRUPT;
}
