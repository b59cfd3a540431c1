/* SPDX-License-Identifier: Apache-2.0 */
/* The door to zstd: contexts kept per thread, output capped before a byte is written (R-ZST-1). Internal to
 * the wire floor. */
#ifndef DP_WIRE_ZIP_H
#define DP_WIRE_ZIP_H

#include "base/arena.h"
#include "base/slice.h"

/* Give this thread's contexts back, about a megabyte after a large block; the next use makes them again. */
void dp_zip_rest(void);

/* Append one frame that states its content size. */
DP_MUST enum dp_err dp_zip(struct dp_slice plain, int level, struct dp_buf *out);

/*
 * Exactly one frame that states its size, nothing after it. DP_FORMAT; DP_TOO_BIG past max_bytes;
 * DP_NOMEM. The plain bytes live in `a`.
 */
DP_MUST enum dp_err dp_unzip(struct dp_slice frame, size_t max_bytes, struct dp_arena *a,
                             struct dp_slice *plain);

#endif
