/* SPDX-License-Identifier: Apache-2.0 */
/* What a dry run says of a correction, field by field. */
#ifndef DP_CLI_CORRECT_H
#define DP_CLI_CORRECT_H

#include <jansson.h>

/* Print the changes in the answer to a dry run (daipao-json(7)); nothing where there are none. */
void dp_print_changes(const json_t *would);

#endif
