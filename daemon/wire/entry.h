/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries between bytes and the core's type. The bytes are the authority (R-FMT-1): nothing
 * decoded is ever encoded again for somebody else. Every limit of R-FMT-2 is checked here.
 */
#ifndef DP_WIRE_ENTRY_H
#define DP_WIRE_ENTRY_H

#include "base/arena.h"
#include "base/slice.h"
#include "case/entry.h"

/*
 * Decode `bytes`, which stand at `name` in their block. Register, profile and calendar bodies are
 * allocated from `a` (other scratch too; the caller resets it). DP_FORMAT, DP_TOO_BIG, DP_NOMEM. An empty
 * subject becomes the entry's own name (or, for node kinds, is refused).
 */
DP_MUST enum dp_err dp_entry_decode(struct dp_slice bytes, const struct dp_name *name, struct dp_arena *a,
                                    struct dp_entry *out);

/*
 * Append the bytes of `e` to `out`, for the issuing node only. The subject is left out when it is the
 * entry's own name. DP_RANGE when `e` would not decode again, DP_TOO_BIG past DP_ENTRY_BYTES_MAX.
 */
DP_MUST enum dp_err dp_entry_encode(const struct dp_entry *e, struct dp_buf *out);

#endif
