/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of who may do what share: the verbs of the administration, and whether a store changed. */
#ifndef DP_TESTS_RIGHTS_H
#define DP_TESTS_RIGHTS_H

#include "support/cluster.h"

#define RIGHTS_VERB 40
/* The verb at place `i` of AdminVerb in control.proto, written as noun.verb; false past the last. */
bool rights_verb(unsigned i, char out[RIGHTS_VERB]);
/* Digest of every row that is committed. */
struct dp_digest rights_sum(const struct cl_node *n);

#endif
