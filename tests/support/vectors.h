/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden vectors of every wire format, from one seed. A line is a name, a space and hex; lines that begin
 * with '#' explain. A name that ends in ".frame" holds zstd output, which may differ between versions of that
 * library: there the committed bytes must decode to the line ".raw" before it.
 */
#ifndef DP_TESTS_VECTORS_H
#define DP_TESTS_VECTORS_H

#include <stdio.h>

#include "base/err.h"

enum dp_err vectors_wire(FILE *out);

#endif
