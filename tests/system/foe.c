/* SPDX-License-Identifier: Apache-2.0 */
#include "foe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/err.h"
#include "store/kv_lmdb.h"

static void learn(struct foe *f, struct dp_db *db)
{
    uint64_t self = 0, parent = 0, inc = 0;
    struct dp_node at = {0};
    if (dp_db_begin(db, false) != DP_OK || dp_db_meta_u64(db, "self", &self) != DP_OK ||
        dp_db_meta_u64(db, "parent", &parent) != DP_OK || dp_db_meta_u64(db, "incarnation", &inc) != DP_OK)
        proc_die("the store says nothing of its node");
    f->node.v = self;
    f->parent.v = parent;
    f->inc = (uint32_t)inc;
    if (dp_db_chain(db, f->node, f->inc, &f->chain) != DP_OK || dp_db_peer_next(db, &at, &f->row) != DP_OK)
        proc_die("the store says nothing of its chain and link");
    at = f->parent;
    if (dp_db_chain_next(db, &at, &f->theirs_inc, &f->theirs) != DP_OK || at.v != f->parent.v)
        memset(&f->theirs, 0, sizeof f->theirs);
    dp_db_abort(db);
}

void foe_steal(struct foe *f, struct proc_node *n, const struct proc_node *parent)
{
    char path[300], why[512];
    struct dp_keyring *theirs = NULL;
    struct dp_db db = {0};
    memset(f, 0, sizeof *f);
    dp_arena_init(&f->arena, 16u << 20, 0);
    dp_buf_init(&f->out, 4u << 20);
    snprintf(f->endpoint, sizeof f->endpoint, "tcp://127.0.0.1:%u", parent->port);
    snprintf(path, sizeof path, "%s/data/keys", n->dir);
    if (dp_keyring_load(path, &f->kr, NULL) != DP_OK)
        proc_die("%s cannot be read", path);
    snprintf(path, sizeof path, "%s/data/keys", parent->dir);
    if (dp_keyring_load(path, &theirs, NULL) != DP_OK)
        proc_die("%s cannot be read", path);
    memcpy(f->server, theirs->curve_pub.b, sizeof f->server);
    dp_keyring_free(&theirs);
    snprintf(path, sizeof path, "%s/data/store", n->dir);
    if (dp_kv_lmdb_open(path, UINT64_C(8) << 30, &db.kv, why, sizeof why) != DP_OK)
        proc_die("%s: %s", path, why);
    learn(f, &db);
    db.kv->ops->close(&db.kv);
    memset(f->nonce, 0x5a, sizeof f->nonce);
    f->zmq = zmq_ctx_new();
}

void foe_free(struct foe *f)
{
    foe_close(f);
    zmq_ctx_term(f->zmq);
    dp_keyring_free(&f->kr);
    dp_arena_fini(&f->arena);
    dp_buf_fini(&f->out);
}

static void option(void *socket, int name, const void *v, size_t len)
{
    if (zmq_setsockopt(socket, name, v, len) != 0)
        proc_die("zmq: option %d: %s", name, zmq_strerror(zmq_errno()));
}

void foe_open(struct foe *f, const uint8_t *own_pub, const uint8_t *own_secret)
{
    int zero = 0, never = -1;
    f->socket = zmq_socket(f->zmq, ZMQ_DEALER);
    option(f->socket, ZMQ_LINGER, &zero, sizeof zero);
    option(f->socket, ZMQ_RECONNECT_IVL, &never, sizeof never);
    if (own_pub != NULL) {
        option(f->socket, ZMQ_CURVE_SERVERKEY, f->server, 32);
        option(f->socket, ZMQ_CURVE_PUBLICKEY, own_pub, 32);
        option(f->socket, ZMQ_CURVE_SECRETKEY, own_secret, 32);
    }
    if (zmq_connect(f->socket, f->endpoint) != 0)
        proc_die("zmq: %s: %s", f->endpoint, zmq_strerror(zmq_errno()));
}

void foe_close(struct foe *f)
{
    if (f->socket != NULL)
        zmq_close(f->socket);
    f->socket = NULL;
}

void foe_raw(struct foe *f, const void *p, size_t len)
{
    int ms = 5000;
    option(f->socket, ZMQ_SNDTIMEO, &ms, sizeof ms);
    if (zmq_send(f->socket, p, len, 0) < 0)
        proc_die("zmq: cannot send: %s", zmq_strerror(zmq_errno()));
}

void foe_send(struct foe *f, const struct dp_frame *frame)
{
    dp_buf_reset(&f->out);
    if (dp_frame_put(frame, &f->out) != DP_OK)
        proc_die("a frame cannot be built");
    foe_raw(f, f->out.p, f->out.len);
}

bool foe_recv(struct foe *f, int ms)
{
    option(f->socket, ZMQ_RCVTIMEO, &ms, sizeof ms);
    int len = zmq_recv(f->socket, f->in, sizeof f->in, 0);
    return len > 0 && dp_frame_get(dp_slice_of(f->in, (size_t)len), &f->frame) == DP_OK;
}

void foe_await(struct foe *f, uint8_t type)
{
    for (double end = proc_now() + 10; proc_now() < end;)
        if (foe_recv(f, 500) && f->frame.type == type)
            return;
    proc_die("the parent sent no frame of type %u", type);
}

void foe_greet(struct foe *f)
{
    struct dp_frame frame = {.type = DP_FRAME_HELLO};
    struct dp_hello *h = &frame.u.hello;
    h->version_max = h->version_min = DP_LINK_VERSION;
    h->rules = 1;
    h->node = f->node;
    h->inc = f->inc;
    h->clock_ms = 1;
    memcpy(h->nonce, f->nonce, sizeof h->nonce);
    h->cert = f->chain.cert;
    h->head = (struct dp_head){.inc = f->inc, .number = f->chain.number, .digest = f->chain.digest};
    if (f->theirs.number != 0)
        h->yours =
            (struct dp_head){.inc = f->theirs_inc, .number = f->theirs.number, .digest = f->theirs.digest};
    for (unsigned i = 0; i < DP_LANES; i++) {
        h->lane[i].my_epoch = f->row.lane[i].epoch_out;
        h->lane[i].my_last = f->row.lane[i].journal_last;
        h->lane[i].your_epoch = f->row.lane[i].epoch_in;
        h->lane[i].your_durable = f->row.lane[i].durable_in;
    }
    foe_send(f, &frame);
    foe_await(f, DP_FRAME_HELLO);
}

void foe_block(struct foe *f, struct dp_node origin, const struct dp_key *seed, uint64_t number,
               uint64_t first_seq, const struct dp_digest *prev, const char *entry, uint64_t item)
{
    struct dp_slice one = dp_slice_str(entry);
    struct dp_header header;
    struct dp_buf block;
    struct dp_frame frame = {.type = DP_FRAME_ITEM};
    struct dp_seal in = {.suite = dp_suite_of(DP_SUITE_INTL),
                         .sign_seed = seed,
                         .cert = f->chain.cert,
                         .origin = origin,
                         .inc = f->inc,
                         .number = number,
                         .first = number == 1,
                         .first_seq = first_seq,
                         .prev = *prev,
                         .zstd_level = 1};
    dp_buf_init(&block, 1u << 20);
    if (dp_block_seal(&in, &one, 1, &f->arena, &block, &header) != DP_OK)
        proc_die("a block cannot be sealed");
    dp_header_digest(in.suite, &header, &f->sealed);
    frame.u.item.lane = DP_LANE_CASES;
    frame.u.item.kind = DP_ITEM_BLOCK;
    frame.u.item.epoch = f->row.lane[DP_LANE_CASES].epoch_out;
    frame.u.item.number = item;
    frame.u.item.total = (uint32_t)block.len;
    frame.u.item.body = dp_buf_slice(&block);
    foe_send(f, &frame);
    dp_buf_fini(&block);
}

uint16_t foe_refusal(struct foe *f, uint64_t number)
{
    uint16_t code = 0;
    for (double end = proc_now() + 10; proc_now() < end;) {
        if (!foe_recv(f, 500))
            continue;
        if (f->frame.type == DP_FRAME_REFUSED && f->frame.u.refused.number == number)
            code = f->frame.u.refused.code;
        if (f->frame.type == DP_FRAME_ACK && f->frame.u.ack.lane[DP_LANE_CASES].durable >= number)
            return code;
    }
    proc_die("item %llu was not answered", (unsigned long long)number);
}
