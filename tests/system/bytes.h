/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files and single bytes, for scenarios that damage what a daemon keeps. All end the program on
 * failure. */
#ifndef DP_TESTS_BYTES_H
#define DP_TESTS_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Heap, the caller frees; returns the length. */
size_t bytes_read(const char *path, uint8_t **out);
/* In place: the file keeps its inode. */
void bytes_write(const char *path, const uint8_t *p, size_t len);
/* One byte xor `mask`. */
void bytes_flip(const char *path, off_t at, uint8_t mask);

#endif
