/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of divisions: what is read rises, every code has its name, and every name means a division that has
 * it. */
#include "divisions.h"

#include "fuzz.h"

static void check(const struct dp_divisions *d)
{
    struct dp_div found;

    for (uint32_t i = 0; i < d->count; i++) {
        struct dp_slice name = dp_divisions_name(d, d->list[i].code);
        FUZZ_CHECK(i == 0 || d->list[i - 1].code.v < d->list[i].code.v);
        FUZZ_CHECK(name.p == d->list[i].name.p && name.len == d->list[i].name.len);
        FUZZ_CHECK(name.len > 0 && name.len <= DP_DIVISION_NAME_MAX && dp_utf8_ok(name));
    }
    for (uint32_t i = 0; i < d->count && i < 8; i++) {
        enum dp_err e = dp_divisions_resolve(d, d->list[i].name, d->list[i / 2].code, &found);
        FUZZ_CHECK(e != DP_OK || dp_divisions_name(d, found).len > 0);
    }
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_divisions d;
    uint32_t line = 0;

    (void)a;
    if (suite == &fuzz_hollow)
        return false;
    enum dp_err e = dp_divisions_init(&d, input, &line);
    if (e != DP_OK) {
        FUZZ_CHECK(e != DP_FORMAT || line > 0);
        return false;
    }
    check(&d);
    dp_divisions_fini(&d);
    return true;
}
