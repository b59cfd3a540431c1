/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash, to compare a name without keeping it. */
#ifndef DP_STORE_SIPHASH_H
#define DP_STORE_SIPHASH_H

#include <stdint.h>

#include "base/slice.h"

uint64_t dp_siphash(const uint8_t key[16], struct dp_slice s);

#endif
