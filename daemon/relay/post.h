/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The post through accused relays, as pure decisions (RULES.md section 6, R-POST-*): which nodes are its
 * ends, when a post is made, how far the stream in it has come, and how many days it takes. Nothing here
 * knows what lies in a post, so that nothing of it can show in when or how large it is.
 */
#ifndef DP_RELAY_POST_H
#define DP_RELAY_POST_H

#include "base/date.h"
#include "relay/route.h"

/* ---- the plan: what the root's profile says (R-POST-2) ---- */
#define DP_POST_SMALL 8192u
#define DP_POST_LARGE 16384u
#define DP_POST_DAY_MIN 1440u
#define DP_POST_OPEN_MIN 540u  /* 09:00: a post a day is made in office hours, when the machines are on */
#define DP_POST_HOURS_MIN 480u /* of the day, from then on */

struct dp_post_plan {
    uint32_t bytes; /* plain bytes of a post: DP_POST_SMALL or DP_POST_LARGE */
    uint32_t every; /* minutes between two of them, 1 to 1,440; 1,440: one a day */
    bool rest_days; /* on rest days too */
};
/* While no profile names one: one each working day, of 16 KiB. */
struct dp_post_plan dp_post_default(void);
/* Values of 0 are the default's; what is outside its limits too. */
struct dp_post_plan dp_post_plan_of(uint32_t kib, uint32_t every, bool rest_days);

/* Whether a date is a rest day. */
typedef bool dp_post_rest(void *ctx, struct dp_date d);
/*
 * The last time at or before `now_ms` at which `from` makes a post for `to`; 0 when there was none in the 32
 * days before. It depends on both codes and the plan alone. Wall clock, China Standard Time.
 */
int64_t dp_post_slot(const struct dp_post_plan *p, struct dp_node from, struct dp_node to, int64_t now_ms,
                     dp_post_rest *rest, void *ctx);
/* The first one after `now_ms`. */
int64_t dp_post_next(const struct dp_post_plan *p, struct dp_node from, struct dp_node to, int64_t now_ms,
                     dp_post_rest *rest, void *ctx);

/* ---- the ends (R-POST-1) ---- */
/*
 * Of the nodes above `self`, the nearest first, those that R-N3-4 can lead it to past its parent: the bureaus
 * behind the first one. Returns how many; out has room for `count`.
 */
unsigned dp_post_ends(const struct dp_node *above, unsigned count, struct dp_node *out);
/* Whether `node`, whose parent is `parent`, has a post with `self` above it. */
bool dp_post_is_end(struct dp_node self, struct dp_node node, struct dp_node parent);

/* ---- the stream (R-POST-4) ---- */
/* Of one direction, at its sender. Offsets count bytes since the stream began. */
struct dp_post_out {
    uint64_t stream;  /* which one; later ones are larger. 0: none yet */
    uint64_t number;  /* of the last post made in it */
    uint64_t carried; /* of the last one with bytes in it */
    uint64_t base;    /* what the other end has for good: bytes before it are not kept */
    uint64_t next;    /* first byte that no post carried yet */
};
/* At its receiver. */
struct dp_post_in {
    uint64_t stream, number, offset; /* last post taken, and bytes taken in order */
};
/* What one end says to the other of its stream, in each post. */
struct dp_post_ack {
    uint64_t stream, number, offset;
};

enum dp_post_take {
    DP_POST_OLD,  /* it came before: nothing is to be done */
    DP_POST_SEEN, /* its number counts, its bytes lie behind a hole: they come again */
    DP_POST_TAKE, /* bytes from *skip on are new */
};
/* A post of the other end with `len` bytes at `offset`. Moves `in`; a later stream begins anew (*fresh). */
enum dp_post_take dp_post_arrive(struct dp_post_in *in, uint64_t stream, uint64_t number, uint64_t offset,
                                 uint32_t len, uint32_t *skip, bool *fresh);
/*
 * What the other end says of ours. False: it has lost what it had (another life): the stream begins anew.
 * Bytes before out->base need not be kept any more.
 */
bool dp_post_heard(struct dp_post_out *out, const struct dp_post_ack *ack);

/* Posts that it takes until `queued` bytes and then `more` are there, at `room` bytes a post: at least 1. */
uint32_t dp_post_count(uint64_t queued, uint64_t more, uint32_t room);
/* Working days, or days where the plan has rest days too, that so many posts take, rounded up. */
uint32_t dp_post_days(const struct dp_post_plan *p, uint32_t posts);
#define DP_POST_DAYS_LONG 5 /* what takes more is told to go another way */

#endif
