/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loud stop of a node (R-HEL-7): why it issues nothing any more, who showed that, and what was shown. It
 * is a row of the store, committed by the turn that finds it, and a name of the life file beside the store,
 * given before that commit: one of the two is there at every start, whatever fails between. Root alone ends
 * it, with `life clear`, when the witness holds nothing of this node that is not here. Private to node/.
 */
#ifndef DP_NODE_STOP_H
#define DP_NODE_STOP_H

#include "relay/session.h"
#include "wire/block.h"

struct dp_daemon;
struct dp_outcome;
struct dp_cert_slot;

#define DP_STOP_TEXT 160
#define DP_STOP_ROW_MAX (1 + 1 + 1 + 8 + 8 + DP_HEADER_BYTES + 1 + DP_STOP_TEXT)

/* What a stop rests on. */
struct dp_stop_proof {
    struct dp_node witness; /* who showed it; {0}: the life file of this node */
    bool lost;              /* the life file is of a later state of this very store */
    bool has_header;
    uint8_t header[DP_HEADER_BYTES]; /* of the own chain, under the own signature, as the witness showed it */
};

struct dp_stop_row {
    enum dp_stop why;
    int64_t since_ms; /* own wall clock */
    struct dp_stop_proof proof;
    char text[DP_STOP_TEXT]; /* English, of the program: what a person reads as the reason */
};

struct dp_slice dp_stop_row_put(const struct dp_stop_row *r, uint8_t out[DP_STOP_ROW_MAX]);
/* DP_CORRUPT. Only reasons for which dp_stop_is_of_life. */
DP_MUST enum dp_err dp_stop_row_get(struct dp_slice s, struct dp_stop_row *out);

/* The store was restored or lives twice: the reasons that are kept, and that stop sealing too. */
bool dp_stop_is_of_life(enum dp_stop why);

/* What a daemon holds of it. */
struct dp_stopping {
    struct dp_stop_row row; /* why NONE: it issues */
    bool unwritten;         /* not in the store as it stands here */
    bool clearing;          /* by a command of this turn */
    bool life_waits;        /* a full disk: this start could not be noted beside the store (R-STO-3) */
};

/*
 * Stop issuing, now and for good. `text` is a literal of the program; `proof` NULL: it needs none. A later
 * proof for a node that has stopped is kept when it shows more. Nothing that was issued in this turn is kept.
 */
void dp_stop_loudly(struct dp_daemon *d, enum dp_stop why, const char *text,
                    const struct dp_stop_proof *proof);
/* By its operator, for good: meta row "retired". */
void dp_stop_retired(struct dp_daemon *d);
/* When the daemon is opened, before anything is answered. */
void dp_stop_load(struct dp_daemon *d);
/* In a turn that will be committed; and after its commit, or its failure. */
void dp_stop_write(struct dp_daemon *d);
void dp_stop_ended(struct dp_daemon *d, bool committed);

/* Nothing is issued now: DP_STOPPED, or DP_INTAKE_STOPPED while the life waits; else DP_OK. */
enum dp_err dp_stop_issuing(const struct dp_daemon *d);
/* Nothing may be sealed either. */
bool dp_stop_sealing(const struct dp_daemon *d);
/* A command that issues: true, and it is refused with the reason and what to do. */
bool dp_stop_refuses(struct dp_daemon *d, struct dp_outcome *out);

#endif
