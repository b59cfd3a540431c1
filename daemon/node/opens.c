/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed rows that open, and those that do not: see opens.h. */
#include "node/opens.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/random.h"
#include "crypto/vault.h"

enum dp_err dp_opens_table(struct dp_db *db, enum dp_table t, struct dp_opens *out)
{
    const struct dp_kv_ops *ops = db->kv->ops;
    struct dp_kv_cur *c;
    struct dp_slice k, v;
    struct dp_opens n = {0};
    enum dp_err e = ops->cur_open(db->t, t, &c);
    if (e != DP_OK)
        return e;
    for (e = ops->cur_seek(c, DP_KV_FIRST, dp_slice_of("", 0), &k, &v); e == DP_OK;
         e = ops->cur_next(c, &k, &v)) {
        enum dp_err row = dp_db_opens(db, t, k, v);
        n.rows++;
        n.gone += row == DP_NOT_FOUND;
        n.wrong += row == DP_CORRUPT;
        if (row == DP_NOMEM)
            break;
    }
    ops->cur_close(c);
    *out = n;
    return e == DP_NOT_FOUND ? DP_OK : e == DP_OK ? DP_NOMEM : e;
}

static void add(struct dp_opens *a, const struct dp_opens *b)
{
    a->rows += b->rows;
    a->gone += b->gone;
    a->wrong += b->wrong;
}

static enum dp_err count(struct dp_db *db, struct dp_opens *content, struct dp_opens *passing)
{
    enum dp_err e = DP_OK;
    for (unsigned t = 0; t < DP_T_COUNT && e == DP_OK; t++) {
        struct dp_opens one = {0};
        enum dp_lot lot = dp_table_lot((enum dp_table)t);
        if (lot == DP_LOT_NONE)
            continue;
        e = dp_opens_table(db, (enum dp_table)t, &one);
        add(lot == DP_LOT_PASSING ? passing : content, &one);
    }
    return e;
}

static void tell(const struct dp_opens *content, const struct dp_opens *passing, FILE *to)
{
    uint64_t wrong = content->wrong + passing->wrong;
    fprintf(to, "content: %" PRIu64 " of %" PRIu64 " records open with the keys of this node\n",
            content->rows - content->gone - content->wrong, content->rows);
    if (content->gone > 0)
        fprintf(
            to,
            "%" PRIu64 " do not and never will: what was in them was erased or replaced after the backup was "
            "made, or its keys were given up with the case. Who holds such a case grants again what may be "
            "read here; what was erased comes back from nowhere\n",
            content->gone);
    if (passing->gone > 0)
        fprintf(to,
                "%" PRIu64
                " parcels, posts and drafts of that time do not open: they were delivered, registered or "
                "dropped since\n",
                passing->gone);
    if (wrong > 0)
        fprintf(to,
                "%" PRIu64 " are sealed with keys that are not here: put the key folder of this node in its "
                "place from its own copy, then run daipaod --fsck\n",
                wrong);
}

enum dp_err dp_opens_tell(struct dp_kv *kv, struct dp_keyring *kr, FILE *to)
{
    struct dp_keyvault vault;
    struct dp_random none = dp_random_system();
    struct dp_opens content = {0}, passing = {0};
    if (kr == NULL) {
        fprintf(to,
                "content: the key folder is not here, and nothing of it opens until it is back from its own "
                "copy\n");
        return DP_OK;
    }
    dp_keyvault_init(&vault, kr, &none);
    struct dp_db db = {.kv = kv, .vault = &vault.port};
    enum dp_err e = dp_db_begin(&db, false);
    if (e == DP_OK)
        e = count(&db, &content, &passing);
    dp_db_abort(&db);
    dp_keyvault_fini(&vault);
    if (e == DP_OK)
        tell(&content, &passing, to);
    return e;
}
