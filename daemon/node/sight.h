/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a local session may see (R-N3-6, R-N3-7, R-N3-9). One place decides it, for questions and for steps
 * alike: whatever is not seen is answered as if it were not here, byte for byte. Private to node/. All calls
 * inside a turn.
 */
#ifndef DP_NODE_SIGHT_H
#define DP_NODE_SIGHT_H

#include "node/core.h"

/* What an office may see of a case (R-N3-6, R-DOWN-2). */
enum dp_view {
    DP_VIEW_NONE,  /* not even that it exists */
    DP_VIEW_CODED, /* coded fields: a bureau above the registrar */
    DP_VIEW_PARTY, /* and those parts whose keys are here */
};

/*
 * R-N3-7: a case as the caller's office sees it, without those entries that name a protected matter which the
 * office is denied, folded into the arena of its owner. What follows from them waits, as at a node that they
 * are kept back from.
 */
struct dp_seen {
    const struct dp_casefile *f; /* the one that was looked at, or `copy` */
    struct dp_state s;
    enum dp_view view;
    struct dp_casefile copy; /* heap; initialised and ended by the owner, used again for the next case */
};
/* Looks at a case; a caller without an office sees none. DP_NOMEM: nothing may be shown. */
enum dp_err dp_sight_look(struct dp_daemon *d, const struct dp_caller *c, const struct dp_casefile *f,
                          struct dp_arena *arena, struct dp_seen *out);

/*
 * A case by its subject: *slot (of the cache) when the caller sees it. DP_NOT_FOUND when it is not here, and
 * when it is and the caller may not see it. Uses d->look.
 */
enum dp_err dp_sight_slot(struct dp_daemon *d, const struct dp_caller *c, const struct dp_subject *s,
                          struct dp_slot **slot);

/*
 * A case by what was typed: entry name, number, or tail of a number that is unique among what the caller
 * sees. DP_NOT_FOUND, DP_AMBIGUOUS. At most DP_SIGHT_LOOK_MAX cases are looked at; a tail that more have is
 * ambiguous.
 */
#define DP_SIGHT_LOOK_MAX 4000
enum dp_err dp_sight_find(struct dp_daemon *d, const struct dp_caller *c, const char *ref,
                          struct dp_slot **slot);

/* Root, and the technician of this node: the state of store, lines and alarms is theirs (R-N3-9). */
bool dp_sight_of_node(const struct dp_caller *c);

/* Stands in keys for an office of this node: what is counted for it is counted for no other (R-N3-9). */
uint32_t dp_sight_tag(const struct dp_daemon *d, const struct dp_office *o);

/* ---- where a list goes on (bookmark.c) ---- */

/*
 * The place where a page ended, as a text that says nothing: of constant length, the same for the same place,
 * and sealed for this node, this office and this kind of list. What lies there may be a case that the caller
 * does not see.
 */
#define DP_BOOKMARK_BYTES DP_NAME_BYTES
#define DP_BOOKMARK_TEXT (2 * (16 + DP_BOOKMARK_BYTES) + 1)
enum dp_err dp_bookmark_make(struct dp_daemon *d, const struct dp_caller *c, const char *list,
                             const uint8_t place[DP_BOOKMARK_BYTES], char out[DP_BOOKMARK_TEXT]);
/* DP_USAGE: not one of this list, or another office's. */
enum dp_err dp_bookmark_open(struct dp_daemon *d, const struct dp_caller *c, const char *list,
                             const char *text, uint8_t place[DP_BOOKMARK_BYTES]);

#endif
