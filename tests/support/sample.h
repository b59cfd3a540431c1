/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded samples of realistic traffic around 天台 (331023): entries of every kind, blocks, parts, parcels.
 * One seed gives the same bytes on every machine; vectors, seeds of the fuzzers and benchmarks come from
 * here.
 */
#ifndef DP_TESTS_SAMPLE_H
#define DP_TESTS_SAMPLE_H

#include "base/rng.h"
#include "case/entry.h"
#include "port/random.h"
#include "port/suite.h"
#include "wire/block.h"
#include "wire/entry.h"
#include "wire/link.h"
#include "wire/part.h"

/* Bodies that an entry points at. */
struct sample_room {
    struct dp_reg reg;
    struct dp_profile profile;
    struct dp_calendar calendar;
};

extern const uint8_t sample_kinds[];
extern const size_t sample_kind_count;

struct dp_node sample_node(struct dp_rng *r);
struct dp_name sample_name(struct dp_rng *r);
/* An entry of that kind that encodes; it points into `room`. */
void sample_entry(struct dp_rng *r, uint8_t kind, const struct dp_name *name, struct sample_room *room,
                  struct dp_entry *out);
/* A kind as frequent as in a case's life, and then an entry of it, encoded to the end of `out`. */
struct dp_slice sample_bytes(struct dp_rng *r, const struct dp_name *name, struct dp_buf *out);

/* A sealed block of n entries, appended to `out`. The signing seed is that of the origin. */
enum dp_err sample_block(struct dp_rng *r, const struct dp_suite *suite, uint16_t n, struct dp_arena *a,
                         struct dp_buf *out, struct dp_header *h);
/* Plain text of a part. */
void sample_part_text(struct dp_rng *r, uint8_t kind, struct dp_part_text *out);
/* One record of a content parcel with sealed parts and grants of `sealer`. */
enum dp_err sample_content(struct dp_rng *r, struct dp_sealer *sealer, struct dp_arena *a,
                           struct dp_content *out);
/* A frame of every type in turn; a body of it is appended to `body`, which must not grow while it is used. */
struct dp_frame sample_frame(struct dp_rng *r, uint8_t type, struct dp_buf *body);
/* A source for port/random.h. */
struct dp_random sample_random(struct dp_rng *r);

#endif
