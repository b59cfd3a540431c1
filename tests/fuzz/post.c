/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of posts (R-POST-3) and the items in their stream. An input has no zeros behind its bytes: they are
 * put back to the size that its first byte says. What is taken is written back byte for byte but for its
 * signature, and each item of the stream lies in it, one behind the other.
 */
#include "wire/post.h"

#include <string.h>

#include "fuzz.h"

#define SIGNATURE_BYTES 64
#define SIGNATURE_AT (DP_POST_HEAD_BYTES - SIGNATURE_BYTES)

static void check_again(const struct dp_post *p, const struct dp_suite *suite, struct dp_slice body,
                        uint32_t size)
{
    static uint8_t again[DP_POST_BODY(DP_POST_LARGE)];
    const struct dp_key key = {.b = {7}};
    const struct dp_node to = {UINT64_C(33102300000000)};

    FUZZ_CHECK(dp_post_put(p, suite, &key, to, size, again) == DP_OK);
    FUZZ_CHECK(memcmp(again, body.p, SIGNATURE_AT) == 0);
    FUZZ_CHECK(
        memcmp(again + DP_POST_HEAD_BYTES, body.p + DP_POST_HEAD_BYTES, body.len - DP_POST_HEAD_BYTES) == 0);
}

static void check_items(struct dp_slice stream)
{
    struct dp_rd r = dp_rd_of(stream);
    size_t at = 0;
    uint8_t kind;
    struct dp_slice body;
    enum dp_err e;

    while ((e = dp_post_item(&r, &kind, &body)) == DP_OK) {
        FUZZ_CHECK(stream.p[at] == kind && body.p == stream.p + at + DP_POST_ITEM_HEAD);
        FUZZ_CHECK(body.len <= DP_POST_ITEM_MAX && body.len <= stream.len - at - DP_POST_ITEM_HEAD);
        at += DP_POST_ITEM_HEAD + body.len;
        FUZZ_CHECK(dp_rd_left(&r) == stream.len - at);
    }
    FUZZ_CHECK(e == DP_AGAIN || e == DP_FORMAT || e == DP_TOO_BIG);
    FUZZ_CHECK(e != DP_AGAIN || dp_rd_left(&r) == stream.len - at); /* the rest is kept for the next post */
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    static uint8_t bytes[DP_POST_BODY(DP_POST_LARGE)];
    struct dp_post p;

    (void)a;
    if (input.len < 1)
        return false;
    uint32_t size = input.p[0] % 2 == 0 ? DP_POST_SMALL : DP_POST_LARGE;
    if (input.len - 1 > DP_POST_BODY(size))
        return false;
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, input.p + 1, input.len - 1);
    struct dp_slice body = dp_slice_of(bytes, DP_POST_BODY(size));
    check_items(dp_slice_of(input.p + 1, input.len - 1));
    if (dp_post_get(body, &p) != DP_OK)
        return false;
    FUZZ_CHECK(p.bytes.len <= DP_POST_ROOM(size));
    check_again(&p, suite, body, size);
    check_items(p.bytes);
    return true;
}
