/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the store about content: sealed parts, their keys and grants, chunks of attachments. All of it
 * stays sealed here. See layout.h.
 */
#include "store/layout.h"
#include "store/layout_key.h"

/* ---- parts ---- */

static void key_part(struct dp_key *k, const struct dp_name *n, uint8_t index)
{
    dp_key_start(k);
    dp_key_name(k, n);
    dp_wr_u8(&k->w, index);
}

#define PART_TABLE(word, table)                                                                              \
    void dp_db_##word##_put(struct dp_db *db, const struct dp_name *n, uint8_t index, struct dp_slice v)     \
    {                                                                                                        \
        struct dp_key k;                                                                                     \
        key_part(&k, n, index);                                                                              \
        dp_key_put(db, table, &k, v);                                                                        \
    }                                                                                                        \
    enum dp_err dp_db_##word(struct dp_db *db, const struct dp_name *n, uint8_t index, struct dp_slice *v)   \
    {                                                                                                        \
        struct dp_key k;                                                                                     \
        key_part(&k, n, index);                                                                              \
        return dp_key_get(db, table, &k, v);                                                                 \
    }                                                                                                        \
    void dp_db_##word##_del(struct dp_db *db, const struct dp_name *n, uint8_t index)                        \
    {                                                                                                        \
        struct dp_key k;                                                                                     \
        key_part(&k, n, index);                                                                              \
        dp_key_del(db, table, &k);                                                                           \
    }

PART_TABLE(part, DP_T_PART)
PART_TABLE(part_key, DP_T_PART_KEY)
PART_TABLE(grant, DP_T_GRANT)

/* ---- attachments ---- */

static void key_chunk(struct dp_key *k, const struct dp_digest *root, uint32_t index)
{
    dp_key_start(k);
    dp_wr_bytes(&k->w, root->b, sizeof root->b);
    dp_wr_u32(&k->w, index);
}

void dp_db_chunk_put(struct dp_db *db, const struct dp_digest *root, uint32_t index, struct dp_slice sealed)
{
    struct dp_key k;
    key_chunk(&k, root, index);
    dp_key_put(db, DP_T_CHUNK, &k, sealed);
}

enum dp_err dp_db_chunk(struct dp_db *db, const struct dp_digest *root, uint32_t index,
                        struct dp_slice *sealed)
{
    struct dp_key k;
    key_chunk(&k, root, index);
    return dp_key_get(db, DP_T_CHUNK, &k, sealed);
}
