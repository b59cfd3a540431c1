/* SPDX-License-Identifier: Apache-2.0 */
/* Print one file of golden vectors: vectors_make wire|certificates|history|control|link. */
#include <string.h>

#include "golden.h"

int main(int argc, char **argv)
{
    for (unsigned i = 0; argc == 2 && i < golden_file_count; i++)
        if (strcmp(argv[1], golden_files[i].word) == 0)
            return golden_files[i].make(stdout) == DP_OK ? 0 : 1;
    fprintf(stderr, "vectors_make wire|certificates|history|control|link\n");
    return 2;
}
