/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a LIST frame (proto/link.md): of one size within a part, and rising, so that a page has one
 * encoding and can be merged with what the other end holds.
 */
#include "wire/link.h"

/* Bytes of the key, of the count and of the digest that follow it. */
static const struct {
    uint8_t key, count, digest;
} shapes[] = {
    [DP_LIST_CERTS] = {32, 0, 0},
    [DP_LIST_CHAINS] = {12, 8, DP_LIST_DIGEST_BYTES},
    [DP_LIST_SUBJECTS] = {DP_SUBJECT_BYTES, 4, DP_LIST_DIGEST_BYTES},
    [DP_LIST_PARCELS] = {32, 0, 0},
};

size_t dp_list_row_bytes(uint8_t part)
{
    if (part >= sizeof(shapes) / sizeof(shapes[0]))
        return 0;
    return (size_t)shapes[part].key + shapes[part].count + shapes[part].digest;
}

enum dp_err dp_list_row_put(uint8_t part, const struct dp_list_row *row, struct dp_buf *out)
{
    uint8_t b[DP_LIST_KEY_BYTES + 8 + DP_LIST_DIGEST_BYTES];
    struct dp_wr w = dp_wr_of(b, sizeof(b));

    if (dp_list_row_bytes(part) == 0 || (shapes[part].count == 4 && row->count > UINT32_MAX))
        return DP_RANGE;
    dp_wr_bytes(&w, row->key.b, shapes[part].key);
    if (shapes[part].count == 4)
        dp_wr_u32(&w, (uint32_t)row->count);
    else if (shapes[part].count == 8)
        dp_wr_u64(&w, row->count);
    dp_wr_bytes(&w, row->digest, shapes[part].digest);
    return w.err == DP_OK ? dp_buf_put(out, b, w.len) : w.err;
}

uint32_t dp_list_rows(const struct dp_list_frame *f)
{
    return (uint32_t)(f->rows.len / dp_list_row_bytes(f->part));
}

void dp_list_row_get(const struct dp_list_frame *f, uint32_t i, struct dp_list_row *out)
{
    size_t bytes = dp_list_row_bytes(f->part);
    struct dp_rd r = dp_rd_of(dp_slice_of(f->rows.p + i * bytes, bytes));

    *out = (struct dp_list_row){.count = 0};
    dp_rd_copy(&r, out->key.b, shapes[f->part].key);
    if (shapes[f->part].count == 4)
        out->count = dp_rd_u32(&r);
    else if (shapes[f->part].count == 8)
        out->count = dp_rd_u64(&r);
    dp_rd_copy(&r, out->digest, shapes[f->part].digest);
}

bool dp_list_frame_ok(const struct dp_list_frame *f)
{
    size_t bytes = dp_list_row_bytes(f->part);
    struct dp_list_key last = f->after;

    if (bytes == 0 || f->rows.len % bytes != 0 || f->rows.len / bytes > DP_LIST_ROWS_MAX ||
        dp_list_key_cmp(&f->after, &f->through) >= 0)
        return false;
    for (uint32_t i = 0; i < dp_list_rows(f); i++) {
        struct dp_list_row row;

        dp_list_row_get(f, i, &row);
        if (dp_list_key_cmp(&row.key, &last) <= 0 || dp_list_key_cmp(&row.key, &f->through) > 0)
            return false;
        last = row.key;
    }
    return true;
}
