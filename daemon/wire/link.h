/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames between two nodes: one ZeroMQ message each, first byte the type. Fixed big-endian layouts,
 * so that their size on a poor line is known. proto/link.md has the grammar.
 */
#ifndef DP_WIRE_LINK_H
#define DP_WIRE_LINK_H

#include "base/id.h"
#include "base/slice.h"
#include "relay/reseed.h"
#include "relay/session.h"

#define DP_FRAME_MAX 262144 /* larger is refused by the transport */

enum dp_frame_type {
    DP_FRAME_HELLO = 1,
    DP_FRAME_ITEM = 2,
    DP_FRAME_ACK = 3,
    DP_FRAME_REFUSED = 4,
    DP_FRAME_BYE = 5,    /* reason code; the sender stops this link */
    DP_FRAME_KEEP = 6,   /* keep-alive; bit 0 of its byte asks for one back */
    DP_FRAME_ASK = 7,    /* what do you hold of mine, after this key */
    DP_FRAME_LIST = 8,   /* the answer */
    DP_FRAME_PROVE = 9,  /* show me that header of mine (R-HEL-6) */
    DP_FRAME_PROOF = 10, /* here it is, or none */
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

struct dp_ask_frame {
    uint8_t part; /* enum dp_list_part */
    uint32_t gen; /* of the asker's journals */
    struct dp_list_key after;
};

struct dp_list_frame {
    uint8_t part;
    uint32_t gen; /* of the asker's journals */
    struct dp_list_key after, through;
    struct dp_slice rows; /* encoded; see dp_list_row_get */
};

/* The last header of the other end's chain that the hello named, as it was signed; none: nothing is held. */
struct dp_proof_frame {
    struct dp_slice header; /* DP_HEADER_BYTES, or empty */
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
        struct dp_ask_frame ask;
        struct dp_list_frame list;
        struct dp_proof_frame proof;
    } u;
};

/* Strict: exact length, known type, lane < DP_LANES, offset + body <= total, reserved bytes zero; the rows of
 * a list rise. What is borrowed of `s`: the body of an item, the rows of a list, the header of a proof. */
DP_MUST enum dp_err dp_frame_get(struct dp_slice s, struct dp_frame *out);
/* Append. */
DP_MUST enum dp_err dp_frame_put(const struct dp_frame *f, struct dp_buf *out);

/* ---- rows of a list (wire/link_list.c) ---- */

/* Bytes of one row; 0 for a part that is none. */
size_t dp_list_row_bytes(uint8_t part);
DP_MUST enum dp_err dp_list_row_put(uint8_t part, const struct dp_list_row *row, struct dp_buf *out);
/* Of a frame that dp_frame_get accepted. */
uint32_t dp_list_rows(const struct dp_list_frame *f);
void dp_list_row_get(const struct dp_list_frame *f, uint32_t i, struct dp_list_row *out);
/* Known part, after < through, whole rows, not too many, rising between the two. */
bool dp_list_frame_ok(const struct dp_list_frame *f);

#endif
