/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon says, in the language of whoever reads it. It speaks English and gives, beside the text,
 * the format and the arguments that it was made of; the formats stand in po/ like the texts of this program.
 */
#ifndef DP_CLI_SAID_H
#define DP_CLI_SAID_H

#include "call.h"

#define DP_SAID_MAX 1024

/* Text of a result; "" when it says nothing. `out` is what is returned, or the result's own text. */
const char *dp_said(const PBC(Result) * r, char out[DP_SAID_MAX]);
/* A text of the daemon that has no arguments, and stands in its JSON. */
const char *dp_said_text(const char *text);
/* Exposed for its test: `translated` and `format` have conversions for the same arguments. False: they have
 * not, and `out` is as it was. */
bool dp_said_put(const char *translated, const char *format, char *const *args, size_t count,
                 char out[DP_SAID_MAX]);

#endif
