/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A post (R-POST-3): the body of a parcel of exactly one size. Inside: who made it, where in its stream the
 * bytes stand, what it has of the other stream, a signature over all that, the bytes, and zeros. The stream
 * is a run of items, each kind 1, length 4, body; one may begin in one post and end in a later one.
 */
#ifndef DP_WIRE_POST_H
#define DP_WIRE_POST_H

#include "base/id.h"
#include "base/slice.h"
#include "port/suite.h"
#include "relay/post.h"

struct dp_post {
    struct dp_node from;
    uint64_t stream, number, offset;
    struct dp_post_ack ack;
    struct dp_slice bytes;
};
/* Version 1, sender 8, stream 8, number 8, offset 8, three of the other stream 24, length 2, signature 64. */
#define DP_POST_HEAD_BYTES 123
#define DP_POST_VERSION 1
/* Body of a parcel whose plain text is `size`, and the bytes of the stream that fit. */
#define DP_POST_BODY(size) ((size)-5u)
#define DP_POST_ROOM(size) (DP_POST_BODY(size) - DP_POST_HEAD_BYTES)

/* The body of `size` plain bytes; `out` has DP_POST_BODY(size). DP_TOO_BIG: more bytes than fit. */
DP_MUST enum dp_err dp_post_put(const struct dp_post *p, const struct dp_suite *suite,
                                const struct dp_key *sign, struct dp_node to, uint32_t size, uint8_t *out);
/* DP_FORMAT: another size, or not zero behind the bytes. Nothing is verified; `bytes` borrowed. */
DP_MUST enum dp_err dp_post_get(struct dp_slice body, struct dp_post *out);
/* Whether `sign_pub` signed it for `to`. */
bool dp_post_signed(struct dp_slice body, const struct dp_post *p, const struct dp_suite *suite,
                    const struct dp_key *sign_pub, struct dp_node to);
/* The bytes of a sealed parcel that is a post, or 0 for another size: all that a relay looks at. */
size_t dp_post_parcel_bytes(uint32_t size);
bool dp_post_is_parcel(size_t parcel_len);

/* ---- items of the stream ---- */
enum dp_post_kind {
    DP_POST_MATTER = 1,  /* up: to be registered (a matter as bytes) */
    DP_POST_RECEIPT = 2, /* down: ticket 16, number of the case */
    DP_POST_STATE = 3,   /* down: ticket 16, when 8, status 1, office 24 */
};
#define DP_POST_ITEM_HEAD 5u
#define DP_POST_ITEM_MAX 131072u /* body */
/* The first item of `r`. DP_AGAIN: it is not whole yet. DP_FORMAT, DP_TOO_BIG: this is no stream. */
DP_MUST enum dp_err dp_post_item(struct dp_rd *r, uint8_t *kind, struct dp_slice *body);

#endif
