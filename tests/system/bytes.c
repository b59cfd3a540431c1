/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

size_t bytes_read(const char *path, uint8_t **out)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL && fstat(fileno(f), &st) == 0, "%s cannot be read", path);
    *out = malloc((size_t)st.st_size + 1);
    CHECK(*out != NULL && fread(*out, 1, (size_t)st.st_size, f) == (size_t)st.st_size, "%s cannot be read",
          path);
    fclose(f);
    return (size_t)st.st_size;
}

void bytes_write(const char *path, const uint8_t *p, size_t len)
{
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL && fwrite(p, 1, len, f) == len && fclose(f) == 0, "%s cannot be written", path);
}

void bytes_flip(const char *path, off_t at, uint8_t mask)
{
    uint8_t b;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && pread(fd, &b, 1, at) == 1, "%s cannot be read", path);
    b ^= mask;
    CHECK(pwrite(fd, &b, 1, at) == 1 && close(fd) == 0, "%s cannot be written", path);
}
