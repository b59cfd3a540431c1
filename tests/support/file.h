/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file in memory, for tests that read what the project ships. */
#ifndef DP_TESTS_FILE_H
#define DP_TESTS_FILE_H

#include "base/slice.h"

/* Heap, to be freed with free((void *)s.p); fails the test when it cannot be read. */
struct dp_slice test_file_read(const char *path);

#endif
