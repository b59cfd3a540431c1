/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed: all entries in the order in which this node took them in. A row of the store is at most
 * DP_FEED_ROW_MAX of them, so that who reads it never holds more than that, however large the turn was; each
 * stands with its subject, so that who reads it decodes no block (R-CTL-5). Private to node/.
 */
#ifndef DP_NODE_FEED_H
#define DP_NODE_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"

#define DP_FEED_ROW_MAX 1024
#define DP_FEED_ITEM_BYTES (DP_NAME_BYTES + DP_SUBJECT_BYTES)

struct dp_feed_item {
    struct dp_name name;
    struct dp_subject subject;
};

/* A place in the feed as one number: above 0, and it only goes up. `place` counts from 0 within the row. */
static inline uint64_t dp_feed_cursor(uint64_t row, uint32_t place)
{
    return row * DP_FEED_ROW_MAX + place;
}

struct dp_daemon;
/* What the turn brought goes into the open transaction. */
void dp_feed_write(struct dp_daemon *d);
/* One item of a row; false when the row ends before `place`. */
bool dp_feed_item(struct dp_slice row, uint32_t place, struct dp_feed_item *out);

#endif
