/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a simulation replaces at link time because it only costs: the slow derivation of one-time codes
 * (against who guesses), giving memory back to the system, reckoning the same again (memo.h), and, when asked
 * for, signatures.
 */
#ifndef DP_SIM_CHEAP_H
#define DP_SIM_CHEAP_H

#include <stdbool.h>

#include "port/suite.h"

/* Signatures and key agreements that are hashes: as good against a lie told by the simulator's own hostile
 * nodes, which do not know how they are made. */
void cheap_signatures(bool on);
/* The suite as it is: for certificates, which are never cheap. */
const struct dp_suite *cheap_real_suite(void);

#endif
