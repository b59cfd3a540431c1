/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every target shares. A target takes bytes as a peer might send them, decodes them, and where there is
 * a way back encodes and decodes again. It runs under two suites: the real one, and a hollow one in which
 * every digest and tag is right, so that what stands behind them is reached too.
 */
#ifndef DP_TESTS_FUZZ_H
#define DP_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "port/suite.h"

/* Entry point of libFuzzer and of the replay; defined by target.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same; true when the target took the input under the real suite. */
bool fuzz_run(const uint8_t *data, size_t size);

/*
 * The target: aborts by FUZZ_CHECK when something is wrong. True when the input is what its decoder takes.
 * The arena is empty and ends with the call.
 */
bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a);

extern const struct dp_suite fuzz_hollow;
/* Private sealing key of the recipient in made seeds. */
extern const struct dp_key fuzz_recipient;

void fuzz_failed(const char *what, const char *file, int line) __attribute__((noreturn));
/*
 * What is sealed comes with the key that opens it: cut the 32 bytes before the rest. False when there are
 * fewer.
 */
bool fuzz_take_key(struct dp_slice *input, struct dp_key *key);
#define FUZZ_CHECK(condition)                                                                                \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            fuzz_failed(#condition, __FILE__, __LINE__);                                                     \
    } while (0)

#endif
