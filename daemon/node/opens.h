/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a store opens with the keys that are here (R-STO-7): after a restore, and in an offline check.
 * Reads only, and looks at no content: a row opens, was destroyed, or does not belong to these keys.
 */
#ifndef DP_NODE_OPENS_H
#define DP_NODE_OPENS_H

#include <stdio.h>

#include "crypto/keyring.h"
#include "store/layout.h"

struct dp_opens {
    uint64_t rows;
    uint64_t gone;  /* destroyed: erased or replaced, or of no use any more, since the store was as it is */
    uint64_t wrong; /* sealed with other keys, or damaged */
};

/* Of one sealed table; `db` has a vault and an open transaction. DP_OK, DP_CORRUPT, DP_NOMEM. */
DP_MUST enum dp_err dp_opens_table(struct dp_db *db, enum dp_table t, struct dp_opens *out);
/* In words for who restored a backup: what does not open, why, and what to do. `kr` NULL: there are no keys.
 */
DP_MUST enum dp_err dp_opens_tell(struct dp_kv *kv, struct dp_keyring *kr, FILE *to);

#endif
