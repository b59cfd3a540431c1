/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of who looked a person up (R-N4-2): kept by time, so that nobody pushes it out (R-N4-4); and a
 * rate for each officer, which bounds what a record of years takes on the disk (R-N4-3). Private to node/.
 */
#ifndef DP_NODE_FINDS_H
#define DP_NODE_FINDS_H

#include "node/core.h"

#define DP_FINDS_AN_HOUR 60     /* [find] per-hour */
#define DP_FINDS_KEEP_DAYS 1095 /* [find] keep-days */
#define DP_FOUND_REFUSED UINT32_MAX

struct dp_found {
    int64_t at_ms;
    struct dp_office office;
    uint32_t officer;
    uint32_t count;          /* of cases shown; DP_FOUND_REFUSED: none, since it was too often */
    struct dp_slice numbers; /* of these, parted by blanks */
};
/* Row of DP_T_FOUND into the caller's memory of dp_found_bytes(). */
size_t dp_found_bytes(size_t numbers_len);
struct dp_slice dp_found_put(uint8_t *row, const struct dp_found *x);
DP_MUST enum dp_err dp_found_get(struct dp_slice row, struct dp_found *out);

/* True, and *out is a refusal that says when to come again: the officer has looked as often as may be. Also
 * in a read transaction. */
bool dp_finds_barred(struct dp_daemon *d, const struct dp_caller *c, struct dp_outcome *out);
/* In the turn: count the look and keep its row. When it is one too many *out becomes the refusal instead, and
 * the first refusal of the hour is what is kept. */
void dp_finds_keep(struct dp_daemon *d, const struct dp_caller *c, struct dp_slice row,
                   struct dp_outcome *out);
/* In the turn: some of the rows that are older than they need be kept go. */
void dp_finds_tidy(struct dp_daemon *d);

#endif
