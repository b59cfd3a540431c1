/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the feed, written at the end of a turn and read by `log`. */
#include "node/core.h"

static void write_row(struct dp_daemon *d, uint32_t from, uint32_t to)
{
    dp_buf_reset(&d->scratch);
    for (uint32_t i = from; i < to; i++) {
        uint8_t b[DP_FEED_ITEM_BYTES];
        dp_name_put(&d->feed[i].name, b);
        dp_subject_put(&d->feed[i].subject, b + DP_NAME_BYTES);
        if (dp_buf_put(&d->scratch, b, sizeof b) != DP_OK)
            break; /* the scratch has starved, and the turn with it */
    }
    dp_db_put64(&d->db, DP_T_FEED, d->feed_next++, dp_buf_slice(&d->scratch));
}

void dp_feed_write(struct dp_daemon *d)
{
    if (d->feed_count == 0)
        return;
    if (d->feed_next == 0)
        d->feed_next = dp_db_last64(&d->db, DP_T_FEED) + 1;
    for (uint32_t i = 0; i < d->feed_count; i += DP_FEED_ROW_MAX) {
        uint32_t to = d->feed_count - i > DP_FEED_ROW_MAX ? i + DP_FEED_ROW_MAX : d->feed_count;
        write_row(d, i, to);
    }
}

bool dp_feed_item(struct dp_slice row, uint32_t place, struct dp_feed_item *out)
{
    const uint8_t *p;
    if (place >= row.len / DP_FEED_ITEM_BYTES)
        return false;
    p = row.p + (size_t)place * DP_FEED_ITEM_BYTES;
    out->name = dp_name_get(p);
    return dp_subject_get(p + DP_NAME_BYTES, &out->subject) == DP_OK;
}
