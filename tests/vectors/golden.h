/* SPDX-License-Identifier: Apache-2.0 */
/* Golden vectors beside those of the wire formats (support/vectors.h). Each makes its file from fixed seeds.
 */
#ifndef DP_TESTS_GOLDEN_H
#define DP_TESTS_GOLDEN_H

#include <stdio.h>

#include "base/err.h"

struct golden {
    const char *word; /* of tests/vectors/WORD.txt */
    enum dp_err (*make)(FILE *out);
};
extern const struct golden golden_files[];
extern const unsigned golden_file_count;

enum dp_err golden_certificates(FILE *out);
enum dp_err golden_history(FILE *out);
enum dp_err golden_control(FILE *out);
enum dp_err golden_link(FILE *out);

/* "NAME.WHAT hex". */
void golden_line(FILE *out, const char *name, const char *what, const void *p, size_t len);
/* The SHA-256 of the bytes as NAME.digest. */
void golden_digest(FILE *out, const char *name, const void *p, size_t len);

#endif
