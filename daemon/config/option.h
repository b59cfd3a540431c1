/* SPDX-License-Identifier: Apache-2.0 */
/* The option table: one row says everything about one option. */
#ifndef DP_CONFIG_OPTION_H
#define DP_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum dp_option_type {
    DP_OPTION_PATH,
    DP_OPTION_NAME, /* of a user group */
    DP_OPTION_ADDRESSES,
    DP_OPTION_SIZE,
    DP_OPTION_PERCENT,
    DP_OPTION_INTEGER,
    DP_OPTION_DURATION,
    DP_OPTION_DAYS,
    DP_OPTION_WINDOWS,
    DP_OPTION_BOOL,
    DP_OPTION_ENUM,
};

struct dp_option {
    const char *section;
    const char *name;
    enum dp_option_type type;
    size_t offset; /* of the field in struct dp_config */
    size_t size;
    const char *initial; /* the default as text; NULL = not set */
    uint64_t min;        /* numbers: bounds; lists: members; durations: seconds */
    uint64_t max;
    const char *const *words; /* of an enum, in its order, NULL at the end */
    bool reloadable;
    bool later;       /* understood and checked, but without effect in this version */
    const char *help; /* one sentence */
};

extern const struct dp_option dp_options[];
extern const size_t dp_options_count;

/* NULL when there is none. */
const struct dp_option *dp_option_find(const char *section, const char *name);
bool dp_option_section_known(const char *section);

/* Set the field of `o` in `c` from text; false when the text is not of its type or out of bounds. */
DP_MUST bool dp_option_set(const struct dp_option *o, const char *text, struct dp_config *c);
/* The field of `o` in `c` as text; "" when it is not set. */
void dp_option_get(const struct dp_option *o, const struct dp_config *c, char *out, size_t size);
/* What a right value looks like, with bounds, for a message. */
void dp_option_expects(const struct dp_option *o, char *out, size_t size);

#endif
