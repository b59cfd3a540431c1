/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of leaves and inner nodes (R-BLK-2), each kind under a first byte of its own. Internal to the wire
 * floor. */
#ifndef DP_WIRE_MERKLE_H
#define DP_WIRE_MERKLE_H

#include "wire/block.h"

enum dp_merkle_prefix {
    DP_MERKLE_ENTRY = 0,
    DP_MERKLE_NODE = 1,
    DP_MERKLE_SALT = 2,
    DP_MERKLE_PART = 3,
    DP_MERKLE_KEY = 4,
    DP_MERKLE_CHUNK = 5,
};

/* H(prefix | rest), n <= 7 slices of rest. */
void dp_merkle_hash(const struct dp_suite *suite, enum dp_merkle_prefix prefix, const struct dp_slice *rest,
                    size_t n, struct dp_digest *out);
void dp_merkle_salt(const struct dp_suite *suite, const uint8_t secret[DP_SECRET_BYTES], uint32_t index,
                    uint8_t salt[DP_SALT_BYTES]);
void dp_merkle_leaf(const struct dp_suite *suite, const uint8_t salt[DP_SALT_BYTES], struct dp_slice entry,
                    struct dp_digest *out);
void dp_merkle_node(const struct dp_suite *suite, const struct dp_digest *left, const struct dp_digest *right,
                    struct dp_digest *out);
/* Leaves of the left subtree: the largest power of two smaller than n; n >= 2. */
size_t dp_merkle_split(size_t n);

#endif
