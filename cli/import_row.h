/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of an import that go to the daemon in one request, with the memory of their messages. */
#ifndef DP_CLI_IMPORT_ROW_H
#define DP_CLI_IMPORT_ROW_H

#include "register_csv.h"
#include "respondents.h"
#include "step.h"

#define DP_BATCH_ROWS 250

struct dp_batch {
    uint64_t id; /* of the request under way; 0: free */
    struct dp_arena arena;
    PBC(Command) * commands[DP_BATCH_ROWS];
    uint32_t lines[DP_BATCH_ROWS];
    const char *columns[DP_BATCH_ROWS]; /* that of the number; static */
    unsigned count;
    unsigned next; /* rows that have their answer */
    size_t bytes;
    bool alone; /* the request was refused as a whole: each row goes in one of its own */
};

/* Copies everything. The program ends without memory. */
void dp_batch_add(struct dp_batch *b, const struct dp_register_row *r, const struct dp_respondents *to);
/* The messages are forgotten; the memory stays for the next ones. */
void dp_batch_free(struct dp_batch *b);

#endif
