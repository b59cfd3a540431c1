/* SPDX-License-Identifier: Apache-2.0 */
/* The options that stand before the noun, and are taken after the verb as well. */
#ifndef DP_CLI_GLOBAL_H
#define DP_CLI_GLOBAL_H

#include <argp.h>

/* Input: struct dp_app. */
extern const struct argp dp_global_argp;

#endif
