/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registrations as programs write them, in JSON, and as people type them, answer by answer: what is taken
 * fits the message, which reads the same again. First byte: which of both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "step.h"

static enum dp_err read_json(struct dp_draft *d, struct dp_slice s)
{
    char path[32];
    int fd = memfd_create("intake", MFD_CLOEXEC);

    FUZZ_CHECK(fd >= 0 && write(fd, s.p, s.len) == (ssize_t)s.len);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    enum dp_err e = dp_draft_json(d, path);
    close(fd);
    return e;
}

static enum dp_err read_form(struct dp_draft *d, struct dp_slice s)
{
    FILE *terminal = stdin;

    if (s.len == 0)
        return DP_USAGE;
    stdin = fmemopen((void *)(uintptr_t)s.p, s.len, "r");
    FUZZ_CHECK(stdin != NULL);
    enum dp_err e = dp_draft_form(d);
    fclose(stdin);
    stdin = terminal;
    return e;
}

static struct dp_slice pack(const PBC(Step) * step, struct dp_arena *a)
{
    size_t len = daipao__control__v1__step__get_packed_size(step);
    uint8_t *bytes = dp_arena_alloc(a, len + 1);

    FUZZ_CHECK(bytes != NULL && daipao__control__v1__step__pack(step, bytes) == len);
    return dp_slice_of(bytes, len);
}

static void check_again(const PBC(Step) * step, struct dp_arena *a)
{
    struct dp_slice first = pack(step, a);
    PBC(Step) *again = daipao__control__v1__step__unpack(NULL, first.len, first.p);

    FUZZ_CHECK(again != NULL && again->n_parts == step->n_parts);
    FUZZ_CHECK(dp_slice_eq(first, pack(again, a)));
    daipao__control__v1__step__free_unpacked(again, NULL);
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    static FILE *null;
    FILE *said = stderr;
    struct dp_draft d;

    if (suite == &fuzz_hollow || input.len == 0)
        return false;
    if (null == NULL)
        null = fopen("/dev/null", "w");
    FUZZ_CHECK(null != NULL);
    struct dp_slice rest = dp_slice_of(input.p + 1, input.len - 1);
    dp_draft_init(&d);
    stderr = null; /* questions, and what is wrong */
    enum dp_err e = input.p[0] % 2 == 0 ? read_json(&d, rest) : read_form(&d, rest);
    stderr = said;
    if (e == DP_OK)
        check_again(&d.step, a);
    dp_draft_fini(&d);
    return e == DP_OK;
}
