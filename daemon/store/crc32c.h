/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32C (Castagnoli, reflected, as in RFC 3720 appendix B.4): finds damage in what was
 * stored (R-STO-5). It is no protection against intent.
 */
#ifndef DP_STORE_CRC32C_H
#define DP_STORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC of `len` bytes that follow bytes with CRC `crc`; start with 0. */
uint32_t dp_crc32c(uint32_t crc, const void *p, size_t len);

/* The same without the processor's instruction; for tests. */
uint32_t dp_crc32c_plain(uint32_t crc, const void *p, size_t len);

#endif
