/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that means harm: a bare ZeroMQ socket, and what a thief of a node's disk knows: its keys, its chain,
 * the state of its link. It builds frames by the codec and can lie in any of them.
 */
#ifndef DP_TESTS_FOE_H
#define DP_TESTS_FOE_H

#include "crypto/keyring.h"
#include "rig.h"
#include "store/layout.h"
#include "wire/block.h"
#include "wire/link.h"

struct foe {
    void *zmq, *socket;
    char endpoint[64];
    uint8_t server[32]; /* the parent's key */
    struct dp_keyring *kr;
    struct dp_node node, parent;
    uint32_t inc;
    struct dp_chain_row chain;  /* of the node itself */
    struct dp_chain_row theirs; /* of the parent, as the node holds it */
    uint32_t theirs_inc;
    struct dp_peer_row row; /* of the parent */
    uint8_t nonce[16];
    struct dp_digest sealed; /* of the last block built */
    struct dp_arena arena;
    struct dp_buf out;
    uint8_t in[DP_FRAME_MAX];
    struct dp_frame frame; /* the last one received; points into `in` */
};

/* What the stopped node `n` knows; the socket is not open yet. */
void foe_steal(struct foe *f, struct proc_node *n, const struct proc_node *parent);
void foe_free(struct foe *f);
/* Connect; `own` NULL: without CURVE. */
void foe_open(struct foe *f, const uint8_t *own_pub, const uint8_t *own_secret);
void foe_close(struct foe *f);
void foe_raw(struct foe *f, const void *p, size_t len);
void foe_send(struct foe *f, const struct dp_frame *frame);
/* Into f->frame; false when nothing came in time. */
bool foe_recv(struct foe *f, int ms);
/* The next one of that type; dies after ten seconds. */
void foe_await(struct foe *f, uint8_t type);
/* Greet and be greeted. */
void foe_greet(struct foe *f);
/* A block of `origin` under `seed`, number and first entry as given, with one entry of those bytes, as an
 * item. */
void foe_block(struct foe *f, struct dp_node origin, const struct dp_key *seed, uint64_t number,
               uint64_t first_seq, const struct dp_digest *prev, const char *entry, uint64_t item);
/* Answers of the parent to item `number`: the code of its refusal, after which its ack must cover it. */
uint16_t foe_refusal(struct foe *f, uint64_t number);

#endif
