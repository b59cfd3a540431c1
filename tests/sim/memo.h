/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What costs time and is the same at every node of a process is reckoned once: what certificates, chains and
 * signatures are worth, keys in OpenSSL's form, public keys and shared secrets. All of them are pure
 * functions of bytes, and each row is looked up by all the bytes, or by their digest, so no history changes
 * by a hit.
 *
 * Two rows are written before anybody asked: a signature that was just made is good, and a secret shared with
 * a key is the same from its other end. So that a mistake in making them would still show, one in eight, by
 * its own bytes, is not remembered but reckoned when it is asked for.
 */
#ifndef DP_SIM_MEMO_H
#define DP_SIM_MEMO_H

#include "port/suite.h"

/* The real suite with a memory. */
const struct dp_suite *memo_suite(void);
/* SHA-256 over both, told apart by the word. */
void memo_hash(const char *word, struct dp_slice a, struct dp_slice b, uint8_t out[32]);

#endif
