/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file whole. */
#include "cmocka_all.h"

#include "file.h"

#include <stdio.h>
#include <stdlib.h>

struct dp_slice test_file_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p;
    long len;

    if (f == NULL)
        fail_msg("cannot open %s", path);
    fseek(f, 0, SEEK_END);
    len = ftell(f);
    rewind(f);
    p = malloc((size_t)len + 1);
    if (p == NULL || fread(p, 1, (size_t)len, f) != (size_t)len)
        fail_msg("cannot read %s", path);
    fclose(f);
    return dp_slice_of(p, (size_t)len);
}
