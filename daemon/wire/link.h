/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames between two nodes: one ZeroMQ message each, first byte the type. Fixed big-endian layouts,
 * so that their size on a poor line is known. proto/link.md has the grammar.
 */
#ifndef DP_WIRE_LINK_H
#define DP_WIRE_LINK_H

#include "base/id.h"
#include "base/slice.h"
#include "relay/session.h"

#define DP_FRAME_MAX 262144 /* larger is refused by the transport */

enum dp_frame_type {
    DP_FRAME_HELLO = 1,
    DP_FRAME_ITEM = 2,
    DP_FRAME_ACK = 3,
    DP_FRAME_REFUSED = 4,
    DP_FRAME_BYE = 5,  /* reason code; the sender stops this link */
    DP_FRAME_KEEP = 6, /* keep-alive; bit 0 of its byte asks for one back */
};

struct dp_item_frame {
    uint8_t lane;
    uint8_t kind; /* enum dp_item_kind */
    uint32_t epoch;
    uint64_t number;
    uint32_t offset; /* of this piece within the item; 0 until pieces are used */
    uint32_t total;  /* bytes of the whole item */
    struct dp_slice body;
};
#define DP_ITEM_HEAD_BYTES 24 /* type 1, lane 1, kind 1, flags 1, epoch 4, number 8, offset 4, total 4 */

struct dp_ack_frame {
    uint8_t lanes; /* bit per lane present */
    struct {
        uint32_t epoch;
        uint64_t durable;
    } lane[DP_LANES];
};

struct dp_refused_frame {
    uint8_t lane;
    uint32_t epoch;
    uint64_t number;
    uint16_t code; /* enum dp_err */
};

struct dp_bye_frame {
    uint16_t reason;     /* enum dp_stop */
    struct dp_node node; /* wrong parent: the right one */
};

struct dp_frame {
    uint8_t type;
    union {
        struct dp_hello hello;
        struct dp_item_frame item;
        struct dp_ack_frame ack;
        struct dp_refused_frame refused;
        struct dp_bye_frame bye;
        uint8_t keep;
    } u;
};

/* Strict: exact length, known type, lane < DP_LANES, offset + body <= total, reserved bytes zero. */
DP_MUST enum dp_err dp_frame_get(struct dp_slice s, struct dp_frame *out);
/* Append. */
DP_MUST enum dp_err dp_frame_put(const struct dp_frame *f, struct dp_buf *out);

#endif
