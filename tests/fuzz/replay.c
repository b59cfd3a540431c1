/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a target over files and folders of inputs, without libFuzzer: replay_<target> [--recorded N] [--taken
 * N] PATH... Inputs named recorded-* were taken by the decoder of a real daemon: each must be different and
 * must be taken here too, and with --recorded there must be at least N of them, else the exit is 1; with
 * --taken so many of any name must be taken here.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (1 << 20)
#define PATH_MAX_BYTES 4096
#define RECORDED_MAX 4096

static size_t inputs, recorded, taken;
static uint64_t seen[RECORDED_MAX];

static uint64_t hash_of(const uint8_t *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static int count_recorded(const char *path, uint64_t hash, bool took)
{
    if (!took) {
        printf("%s: a real daemon took this, the target does not\n", path);
        return 1;
    }
    for (size_t i = 0; i < recorded; i++)
        if (seen[i] == hash) {
            printf("%s: there twice\n", path);
            return 1;
        }
    if (recorded < RECORDED_MAX)
        seen[recorded++] = hash;
    return 0;
}

static int replay_file(const char *path)
{
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    uint8_t *bytes = malloc(INPUT_MAX);
    FILE *f = fopen(path, "rb");
    int failed = 0;

    if (bytes == NULL || f == NULL) {
        perror(path);
        free(bytes);
        return 1;
    }
    size_t n = fread(bytes, 1, INPUT_MAX, f);
    fclose(f);
    bool took = fuzz_run(bytes, n);
    taken += took;
    if (strncmp(name, "recorded-", 9) == 0)
        failed = count_recorded(path, hash_of(bytes, n), took);
    free(bytes);
    inputs++;
    return failed;
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
    size_t wanted = 0, wanted_taken = 0;
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--recorded") == 0 && i + 1 < argc)
            wanted = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--taken") == 0 && i + 1 < argc)
            wanted_taken = strtoul(argv[++i], NULL, 10);
        else if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            failed |= replay_folder(argv[i]);
        else
            failed |= replay_file(argv[i]);
    }
    printf("%zu inputs, %zu recorded, %zu taken\n", inputs, recorded, taken);
    if (recorded < wanted)
        printf("fewer than the %zu recorded ones that should be here\n", wanted);
    if (taken < wanted_taken)
        printf("fewer than the %zu that should be taken\n", wanted_taken);
    return failed || inputs == 0 || recorded < wanted || taken < wanted_taken;
}
