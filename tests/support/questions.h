/* SPDX-License-Identifier: Apache-2.0 */
/* The questions that a node knows, from the table of daemon/node/query.c: a new one is asked by all tests. */
#ifndef DP_TESTS_QUESTIONS_H
#define DP_TESTS_QUESTIONS_H

/* In turn, from 0; NULL at the end. */
const char *questions_word(const char *source_dir, unsigned i);

#endif
