/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of a daemon, as the command line reads them: what it packs again reads the same, and the JSON in it
 * comes to its end.
 */
#include <jansson.h>
#include <stdlib.h>

#include "control.pb-c.h"
#include "fuzz.h"

static struct dp_slice pack(const Daipao__Control__V1__Reply *r)
{
    size_t len = daipao__control__v1__reply__get_packed_size(r);
    uint8_t *bytes = malloc(len > 0 ? len : 1);

    FUZZ_CHECK(bytes != NULL);
    FUZZ_CHECK(daipao__control__v1__reply__pack(r, bytes) == len);
    return dp_slice_of(bytes, len);
}

static void check_again(const Daipao__Control__V1__Reply *r)
{
    struct dp_slice first = pack(r), second;
    Daipao__Control__V1__Reply *again = daipao__control__v1__reply__unpack(NULL, first.len, first.p);

    FUZZ_CHECK(again != NULL && again->n_results == r->n_results);
    second = pack(again);
    FUZZ_CHECK(dp_slice_eq(first, second));
    daipao__control__v1__reply__free_unpacked(again, NULL);
    free((void *)(uintptr_t)first.p);
    free((void *)(uintptr_t)second.p);
}

/* A daemon writes JSON or nothing. */
static bool json_is_good(const char *text)
{
    json_t *v = text[0] == '\0' ? json_null() : json_loads(text, 0, NULL);
    bool good = v != NULL;

    json_decref(v);
    return good;
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    (void)a;
    if (suite == &fuzz_hollow)
        return false;
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, input.len, input.p);
    if (r == NULL)
        return false;
    bool good = r->version == 1 && r->n_results > 0, known = r->base.n_unknown_fields == 0;
    for (size_t i = 0; i < r->n_results; i++) {
        good &= json_is_good(r->results[i]->json);
        known &= r->results[i]->base.n_unknown_fields == 0;
    }
    if (known) /* the library packs an unknown field of number 0 so that it cannot read it */
        check_again(r);
    daipao__control__v1__reply__free_unpacked(r, NULL);
    return good;
}
