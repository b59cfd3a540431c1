/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of RFC 6962 with salted leaves (R-BLK-2). */
#include "wire/merkle.h"

#include <string.h>

#define SLICES_MAX 8

void dp_merkle_hash(const struct dp_suite *suite, enum dp_merkle_prefix prefix, const struct dp_slice *rest,
                    size_t n, struct dp_digest *out)
{
    const uint8_t first = (uint8_t)prefix;
    struct dp_slice slices[SLICES_MAX] = {{&first, 1}};

    memcpy(slices + 1, rest, n * sizeof(*rest));
    suite->hash(slices, n + 1, out);
}

void dp_merkle_salt(const struct dp_suite *suite, const uint8_t secret[DP_SECRET_BYTES], uint32_t index,
                    uint8_t salt[DP_SALT_BYTES])
{
    uint8_t bytes[1 + DP_SECRET_BYTES + 4];
    struct dp_wr w = dp_wr_of(bytes, sizeof(bytes));
    struct dp_slice all = {bytes, sizeof(bytes)};
    struct dp_digest d;

    dp_wr_u8(&w, DP_MERKLE_SALT);
    dp_wr_bytes(&w, secret, DP_SECRET_BYTES);
    dp_wr_u32(&w, index);
    suite->hash(&all, 1, &d);
    memcpy(salt, d.b, DP_SALT_BYTES);
}

void dp_merkle_leaf(const struct dp_suite *suite, const uint8_t salt[DP_SALT_BYTES], struct dp_slice entry,
                    struct dp_digest *out)
{
    uint8_t head[1 + DP_SALT_BYTES] = {DP_MERKLE_ENTRY};
    struct dp_slice slices[] = {{head, sizeof(head)}, entry};

    memcpy(head + 1, salt, DP_SALT_BYTES);
    suite->hash(slices, 2, out);
}

void dp_merkle_node(const struct dp_suite *suite, const struct dp_digest *left, const struct dp_digest *right,
                    struct dp_digest *out)
{
    uint8_t bytes[1 + 2 * sizeof(left->b)] = {DP_MERKLE_NODE};
    struct dp_slice all = {bytes, sizeof(bytes)};

    memcpy(bytes + 1, left->b, sizeof(left->b));
    memcpy(bytes + 1 + sizeof(left->b), right->b, sizeof(right->b));
    suite->hash(&all, 1, out);
}

size_t dp_merkle_split(size_t n)
{
    size_t left = 1;

    while (left * 2 < n)
        left *= 2;
    return left;
}

/* Pairing from the left, with an odd last node carried up, gives the same tree as splitting from the top. */
void dp_merkle_root(const struct dp_suite *suite, struct dp_digest *leaves, size_t n, struct dp_digest *root)
{
    while (n > 1) {
        for (size_t i = 0; i < n / 2; i++)
            dp_merkle_node(suite, &leaves[2 * i], &leaves[2 * i + 1], &leaves[i]);
        if (n % 2 != 0)
            leaves[n / 2] = leaves[n - 1];
        n = n / 2 + n % 2;
    }
    *root = leaves[0];
}
