/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A correction changes the fields that are given and keeps the others (R-PRT-4). Its entry replaces a whole
 * part, so the new part is the old one, read here, with the changes in it. Private to node/; inside a write
 * turn.
 */
#ifndef DP_NODE_CORRECT_H
#define DP_NODE_CORRECT_H

#include "node/command.h"

#define DP_CHANGES_MAX 16

/* One field: its word in control.proto; its text before and after, NULL where it is empty. */
struct dp_change {
    const char *field, *old, *new;
};

struct dp_correction {
    struct dp_name of;        /* the entry whose part is replaced */
    uint8_t index, kind;      /* of the part */
    uint8_t petitioner;       /* which one, from 1; 0 = the part has none */
    struct dp_part_text part; /* as it will be */
    struct dp_change change[DP_CHANGES_MAX];
    uint8_t change_count;
};

/*
 * What step `s` (kind correct) makes of the part that it names. False, and *out says why, when the step does
 * not say one part, one petitioner or a change; when the entry is not one of the caller's office (only its
 * issuer may read and correct it); when the part cannot be read here, because it was erased, corrected before
 * or withheld: then nothing is replaced. Texts live in the arena of the turn.
 */
bool dp_correct(struct dp_daemon *d, const struct dp_caller *c, const struct dp_slot *slot,
                const struct dp_step *s, struct dp_correction *k, struct dp_outcome *out);

#endif
