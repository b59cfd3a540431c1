/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The post through accused relays (R-POST-1 to R-POST-8): what of protected matters goes to a node behind the
 * parent, or to one below a child, is queued here and leaves in posts that are made whether something is
 * queued or not. relay/post.h decides when; wire/post.h says how they look.
 */
#ifndef DP_NODE_POST_H
#define DP_NODE_POST_H

#include "node/core.h"
#include "relay/post.h"
#include "wire/post.h"

/* ---- post.c: the ends, and the posts ---- */
struct dp_posts;
struct dp_post_row;
void dp_posts_free(struct dp_daemon *d);
/* Certificates changed, a clock was set, or a turn failed: who the ends are is looked up again. */
void dp_posts_look(struct dp_daemon *d);
/* In each turn: drop what the next hop has (R-POST-6), make what is due (R-POST-2). */
enum dp_err dp_posts_turn(struct dp_daemon *d);
/* When a turn is wanted for it, monotonic. */
int64_t dp_posts_wake(const struct dp_daemon *d);
struct dp_post_plan dp_posts_plan(struct dp_daemon *d);
/* The next end after *at ({0}: the first); false after the last. */
bool dp_posts_next(struct dp_daemon *d, struct dp_node *at);
bool dp_posts_is_end(struct dp_daemon *d, struct dp_node n);
/* R-POST-7: the certificate in use for the end; false: none yet. *row says so too; the caller keeps it. */
bool dp_post_pin(struct dp_daemon *d, struct dp_node end, struct dp_post_row *row, struct dp_cert_slot *out);
/* When the next one is due for an end, whether anything waits for it or not; wall clock. */
int64_t dp_posts_due(struct dp_daemon *d, struct dp_node end);
/* post_in.c: a post that came, for this node or to be passed on. Never an answer that tells one from another.
 */
enum dp_err dp_post_in(struct dp_daemon *d, struct dp_peer *from, struct dp_slice parcel, uint8_t lane);
/* R-POST-7: use the present certificate of the end. DP_NOT_FOUND: it is none; DP_DUPLICATE: it is in use. */
enum dp_err dp_post_admit(struct dp_daemon *d, struct dp_node end);

/* ---- post_row.c: what is kept of it ---- */
struct dp_post_row {
    int64_t slot_ms; /* last time that was decided */
    int64_t since_ms;
    uint64_t inc; /* own life in which the stream began */
    struct dp_post_out out;
    uint64_t end;   /* of what is queued, as an offset of the stream */
    uint64_t first; /* offset of the oldest item that is kept */
    uint64_t item;  /* number of the last one queued */
    uint64_t hop;   /* the last post, as it waits for the next hop; 0: none */
    struct dp_post_in in;
    int64_t came_ms;       /* arrival of the last post of the other end; 0: none */
    struct dp_digest pin;  /* certificate of the end that is in use */
    struct dp_digest seen; /* another one that waits to be admitted; zero: none */
};
enum dp_err dp_post_row_get(struct dp_daemon *d, struct dp_node end, struct dp_post_row *out);
void dp_post_row_put(struct dp_daemon *d, struct dp_node end, const struct dp_post_row *row);
/* Queue an item; it is never made again. DP_TOO_BIG, DP_FULL. */
enum dp_err dp_post_queue(struct dp_daemon *d, struct dp_node end, uint8_t kind, struct dp_slice body);
#define DP_POST_QUEUE_MAX (UINT64_C(8) << 20) /* bytes that wait for one end */
/* Bytes of the stream from row->out.next on, at most `room`; arena of the turn. */
enum dp_err dp_post_fill(struct dp_daemon *d, struct dp_node end, const struct dp_post_row *row,
                         uint32_t room, struct dp_slice *out);
/* Forget the items that lie before row->out.base. */
void dp_post_trim(struct dp_daemon *d, struct dp_node end, struct dp_post_row *row);
/* The stream begins anew with all that is kept. */
void dp_post_restart(const struct dp_daemon *d, struct dp_post_row *row);
/* Bytes of an item whose end has not come; kept sealed. */
enum dp_err dp_post_partial(struct dp_daemon *d, struct dp_node end, struct dp_slice *out);
void dp_post_partial_put(struct dp_daemon *d, struct dp_node end, struct dp_slice bytes);
/* A post on its way to `hop`, brought by `by` (this node: made here): kept until that one has it. Returns its
 * number here. */
uint64_t dp_post_hop_put(struct dp_daemon *d, struct dp_peer *hop, struct dp_node by, struct dp_slice parcel);
/*
 * R-POST-6: whether one more of those that the neighbour `by` brings for the node `to` may wait for `hop`:
 * DP_POSTS_WAIT_MAX of them, brought by a child as many for each node at and below it.
 */
bool dp_post_hop_room(struct dp_daemon *d, const struct dp_peer *hop, const struct dp_peer *by,
                      struct dp_node to);
#define DP_POSTS_WAIT_MAX 64u
enum dp_err dp_post_hop_get(struct dp_daemon *d, struct dp_node hop, uint64_t no, struct dp_slice *parcel);
/* Drop those that it has; journal again those of journals that are no more. */
void dp_post_hop_sweep(struct dp_daemon *d, struct dp_peer *hop);

/* ---- post_item.c: what lies in it ---- */
/* To a neighbour as a parcel, to an end in a post. */
enum dp_err dp_post_send(struct dp_daemon *d, struct dp_node to, uint8_t kind, struct dp_slice body);
enum dp_err dp_post_item_in(struct dp_daemon *d, struct dp_node from, uint8_t kind, struct dp_slice body);
/* How many days it takes until so many bytes are at `to`; 0: it is a neighbour. */
uint32_t dp_post_days_to(struct dp_daemon *d, struct dp_node to, uint64_t bytes);
/* R-POST-5: a ticket is given to an office here; a matter became a case here; a case was touched. */
void dp_post_ticket(struct dp_daemon *d, const uint8_t ticket[DP_TICKET_BYTES],
                    const struct dp_office *office);
void dp_post_case(struct dp_daemon *d, const uint8_t ticket[DP_TICKET_BYTES], struct dp_node sender,
                  const struct dp_subject *s);
enum dp_err dp_post_settle(struct dp_daemon *d, struct dp_slot *slot, const struct dp_state *st);
/* What is known here of a matter that was sent on, by the last post that came. */
struct dp_post_view {
    struct dp_node to;
    int64_t sent_ms, as_of_ms; /* 0: nothing was heard of it */
    uint8_t status;            /* enum dp_status, when as_of_ms is not 0 */
    struct dp_office office;   /* that has it */
    char receipt[DP_NUMBER_TEXT * 2 + 4];
    const char *number; /* of the case there, inside `receipt`; NULL: no receipt came */
};
/* By the number of its receipt, for the office that took it in. False: there is none. */
bool dp_post_show(struct dp_daemon *d, const struct dp_office *office, const char *number,
                  struct dp_post_view *out);

#endif
