/* SPDX-License-Identifier: Apache-2.0 */
/* One assertion for scenarios: says what was expected and where, cleans up, and ends the program. */
#ifndef DP_TESTS_CHECK_H
#define DP_TESTS_CHECK_H

#include "rig.h"

#define CHECK(cond, ...)                                                                                     \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                                       \
            proc_die(__VA_ARGS__);                                                                           \
        }                                                                                                    \
    } while (0)

#endif
