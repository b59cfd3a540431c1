/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers that rows of one file had already, with what those rows said, as digests: 36 bytes a row. */
#ifndef DP_CLI_REGISTER_SEEN_H
#define DP_CLI_REGISTER_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DP_SEEN_BYTES 16

struct dp_seen_row {
    uint8_t key[DP_SEEN_BYTES], said[DP_SEEN_BYTES];
    uint32_t line; /* 0: free */
};

struct dp_seen {
    struct dp_seen_row *at; /* open addressing */
    size_t cap, count;
};

/*
 * DP_OK: new, kept. DP_DUPLICATE: *line had the same key and said the same. DP_CONFLICT: *line had the same
 * key and said something else. DP_NOMEM. `line` of a row is never 0.
 */
DP_MUST enum dp_err dp_seen_add(struct dp_seen *s, const struct dp_seen_row *row, uint32_t *line);
void dp_seen_fini(struct dp_seen *s);

#endif
