/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streaming JSON writer for query results. Commas and nesting are kept by the writer; strings are
 * escaped; integers beyond 2^53 are written as strings. Sticky error when the buffer's limit is reached.
 */
#ifndef DP_CONTROL_JSON_H
#define DP_CONTROL_JSON_H

#include "base/date.h"
#include "base/id.h"
#include "base/slice.h"

#define DP_JSON_DEPTH 16

struct dp_json {
    struct dp_buf *out;
    enum dp_err err;
    uint8_t depth;
    bool first[DP_JSON_DEPTH]; /* nothing in the level yet */
    bool array[DP_JSON_DEPTH];
};

void dp_json_init(struct dp_json *j, struct dp_buf *out);
void dp_json_object(struct dp_json *j, const char *key); /* key NULL inside arrays and at the top */
void dp_json_array(struct dp_json *j, const char *key);
void dp_json_end(struct dp_json *j); /* closes the innermost; the writer knows which it is */
void dp_json_str(struct dp_json *j, const char *key, const char *v); /* NULL v: null */
void dp_json_slice(struct dp_json *j, const char *key, struct dp_slice v);
void dp_json_u64(struct dp_json *j, const char *key, uint64_t v);
void dp_json_i64(struct dp_json *j, const char *key, int64_t v);
void dp_json_bool(struct dp_json *j, const char *key, bool v);
void dp_json_date(struct dp_json *j, const char *key, struct dp_date d); /* none: null */
void dp_json_name(struct dp_json *j, const char *key, const struct dp_name *n);
void dp_json_office(struct dp_json *j, const char *key, const struct dp_office *o);
void dp_json_node(struct dp_json *j, const char *key, struct dp_node n);
/* Terminate with NUL and return; NULL after an error. */
const char *dp_json_text(struct dp_json *j);

#endif
