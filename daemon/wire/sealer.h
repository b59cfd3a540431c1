/* SPDX-License-Identifier: Apache-2.0 */
/* Keys between a sealer and its recipient, for grants and parcels alike (R-PART-2). Internal to the wire
 * floor. */
#ifndef DP_WIRE_SEALER_H
#define DP_WIRE_SEALER_H

#include "wire/part.h"

#define DP_KEY_ID_BYTES 8

/* What distinguishes one derived key from every other of the same agreement. */
struct dp_seal_info {
    const char *context;
    const struct dp_key *ephemeral, *recipient_pub;
    struct dp_slice which; /* the grant's entry and part, or the parcel's number */
    struct dp_node recipient;
};

/* First bytes of H(key). */
void dp_key_id(const struct dp_suite *suite, const struct dp_key *pub, uint8_t out[DP_KEY_ID_BYTES]);
DP_MUST enum dp_err dp_seal_key(const struct dp_suite *suite, const struct dp_key *shared,
                                const struct dp_seal_info *info, struct dp_key *out);
/* The same key from the recipient's side. DP_SIGNATURE when `key_id` is of another key. */
DP_MUST enum dp_err dp_open_key(const struct dp_suite *suite, const struct dp_key *seal_priv,
                                const uint8_t key_id[DP_KEY_ID_BYTES], struct dp_seal_info *info,
                                struct dp_key *out);

#endif
