/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal numbers in names: no sign, no space, no locale. */
#ifndef DP_BASE_TEXT_H
#define DP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* True when `s` is one or more digits and fits; *out is written only then. Leading zeros count as digits. */
bool dp_text_digits(struct dp_slice s, uint64_t *out);
/* How many digits `v` has; 1 for 0. */
size_t dp_text_width(uint64_t v);
/* The last `width` digits of `v`, zero-padded, no NUL; returns the end. */
char *dp_text_put(char *out, uint64_t v, size_t width);

#endif
