/* SPDX-License-Identifier: Apache-2.0 */
/* Run a target over files and folders of inputs, without libFuzzer: replay_<target> PATH... */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (1 << 20)
#define PATH_MAX_BYTES 4096

static size_t inputs;

static int replay_file(const char *path)
{
    uint8_t *bytes = malloc(INPUT_MAX);
    FILE *f = fopen(path, "rb");
    size_t n;

    if (bytes == NULL || f == NULL) {
        perror(path);
        free(bytes);
        return 1;
    }
    n = fread(bytes, 1, INPUT_MAX, f);
    fclose(f);
    LLVMFuzzerTestOneInput(bytes, n);
    free(bytes);
    inputs++;
    return 0;
}

static int replay_folder(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *entry;
    char file[PATH_MAX_BYTES];
    int failed = 0;

    if (d == NULL) {
        perror(path);
        return 1;
    }
    while ((entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        failed |= replay_file(file);
    }
    closedir(d);
    return failed;
}

int main(int argc, char **argv)
{
    struct stat st;
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            failed |= replay_folder(argv[i]);
        else
            failed |= replay_file(argv[i]);
    }
    printf("%zu inputs\n", inputs);
    return failed || inputs == 0;
}
