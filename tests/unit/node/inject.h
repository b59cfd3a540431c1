/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile neighbour sends: any item, in the right place of its lane. */
#ifndef DP_TESTS_NODE_INJECT_H
#define DP_TESTS_NODE_INJECT_H

#include "support/cluster.h"
#include "support/cmocka_all.h"

/*
 * Put an item in front of `to`, as the next one of `from`. The link cannot be used for honest traffic
 * afterwards: the real sender counts otherwise.
 */
static inline void inject_item(struct cl_node *to, struct cl_node *from, uint8_t lane, uint8_t kind,
                               struct dp_slice body)
{
    const struct dp_lane_state *l = &cl_session(to, from)->lane[lane];
    struct dp_frame f = {.type = DP_FRAME_ITEM};
    struct dp_buf b;
    f.u.item = (struct dp_item_frame){.lane = lane,
                                      .kind = kind,
                                      .epoch = l->epoch_in,
                                      .number = l->durable_in + 1,
                                      .total = (uint32_t)body.len,
                                      .body = body};
    dp_buf_init(&b, DP_FRAME_MAX);
    assert_int_equal(dp_frame_put(&f, &b), DP_OK);
    cl_inject(to, from->id, dp_buf_slice(&b));
    dp_buf_fini(&b);
}

#endif
