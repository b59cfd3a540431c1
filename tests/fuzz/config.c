/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations: what is read is printed as a file that reads the same; a refusal names file and text. */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* A file in memory, by a path of its own. */
struct memory_file {
    int fd;
    char path[64];
};

static struct memory_file put_down(const void *bytes, size_t len)
{
    struct memory_file f = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};

    FUZZ_CHECK(f.fd >= 0);
    FUZZ_CHECK(len == 0 || write(f.fd, bytes, len) == (ssize_t)len);
    snprintf(f.path, sizeof(f.path), "/proc/self/fd/%d", f.fd);
    return f;
}

static char *print(const struct dp_config *c, size_t *len)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, len);

    FUZZ_CHECK(to != NULL);
    dp_config_print(c, to);
    FUZZ_CHECK(fclose(to) == 0);
    return text;
}

static void check_again(const struct dp_config *c)
{
    struct dp_config_error error;
    struct dp_config again;
    size_t len, len_again;
    char *text = print(c, &len), *text_again;
    struct memory_file f = put_down(text, len);

    FUZZ_CHECK(dp_config_load(f.path, &again, &error) == DP_OK);
    text_again = print(&again, &len_again);
    FUZZ_CHECK(len == len_again && memcmp(text, text_again, len) == 0);
    close(f.fd);
    free(text);
    free(text_again);
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_config_error error = {0};
    struct dp_config c;

    (void)a;
    if (suite == &fuzz_hollow)
        return false;
    struct memory_file f = put_down(input.p, input.len);
    enum dp_err e = dp_config_load(f.path, &c, &error);
    close(f.fd);
    if (e != DP_OK) {
        char line[1200];
        dp_config_error_format(&error, line, sizeof(line));
        FUZZ_CHECK(e == DP_CONFIG && error.text[0] != '\0' && error.line >= 0);
        return false;
    }
    check_again(&c);
    return true;
}
