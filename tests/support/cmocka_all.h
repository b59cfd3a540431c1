/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka with what it needs before it, and a shorter way to say "these bytes are that text". */
#ifndef DP_TESTS_CMOCKA_ALL_H
#define DP_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_ok(call) assert_int_equal((call), DP_OK)

#endif
