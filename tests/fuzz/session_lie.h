/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the actions of the session target share: details of a lie are drawn from the program, which may have
 * come to its end (then all draws are 0).
 */
#ifndef DP_TESTS_FUZZ_SESSION_LIE_H
#define DP_TESTS_FUZZ_SESSION_LIE_H

#include "session_world.h"

bool lie_one_in(struct dp_rd *r, unsigned n);
const struct stock_item *lie_any(const struct stock *s, struct dp_rd *r);
/* A copy in the arena of the world with up to three bytes changed. */
struct dp_slice lie_changed(struct world *w, struct dp_rd *r, struct dp_slice s);
/* Of any entry, of none, or of one of the last before `own`. */
struct dp_name lie_any_name(const struct world *w, struct dp_rd *r, const struct dp_name *own);
/* The next item of a lane, in its place or near it. */
void lie_send_item(struct world *w, struct dp_rd *r, uint8_t lane, uint8_t kind, struct dp_slice body);
/* session_block.c: a block under the township's own signature, its entries out of the stock, as they are or
 * not. */
void lie_send_block(struct world *w, struct dp_rd *r);

#endif
