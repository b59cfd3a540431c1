/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a small data file that is already in memory, and the first thing that is wrong
 * with it. The error is sticky: after the first failure there are no more lines.
 */
#ifndef DP_CONFIG_LINES_H
#define DP_CONFIG_LINES_H

#include "base/slice.h"
#include "config/config.h"

#define DP_DATA_FILE_BYTES_MAX 65536
#define DP_DATA_LINE_MAX 198 /* libinih cuts longer ones */

struct dp_lines {
    struct dp_slice rest;
    int line; /* of the line taken last; 0 before the first */
    bool failed;
    struct dp_config_error *error;
};

/* Fails at once for a text that is too long or not UTF-8. A mark of byte order is skipped. */
void dp_lines_init(struct dp_lines *l, struct dp_slice text, const char *file, struct dp_config_error *error);
/* The next line without its end (LF or CR LF); false at the end or after a failure. Borrowed from the text.
 */
bool dp_lines_next(struct dp_lines *l, struct dp_slice *line);
/* Keeps the first error. `line` 0: the file as a whole. Always false. */
bool dp_lines_fail(struct dp_lines *l, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Without spaces and tabs at both ends. */
struct dp_slice dp_lines_trim(struct dp_slice s);
/* A decimal number of [min, max]; false otherwise. */
bool dp_lines_number(struct dp_slice s, uint32_t min, uint32_t max, uint32_t *out);

#endif
