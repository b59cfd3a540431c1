/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files beside the store, and backups: whatever the bytes, reading ends with a verdict, and what is
 * read is written back byte for byte. First byte: which file, and whether its checksum is put right here, so
 * that what stands behind it is reached too. The files lie in memory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/keyfile.h"
#include "fuzz.h"
#include "store/backup.h"
#include "store/crc32c.h"
#include "store/kv_mem.h"
#include "store/life_file.h"

#define INPUT_MAX (1u << 20)
#define SECRET_BYTES 32

static char dir[64];

static void remove_dir(void)
{
    char path[128];

    for (const char *const *name = (const char *const[]){"life", "seal.key", "backup", "again", NULL}; *name;
         name++) {
        snprintf(path, sizeof(path), "%s/%s", dir, *name);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

static const char *path_of(const char *name)
{
    static char path[128];

    if (dir[0] == '\0') {
        snprintf(dir, sizeof(dir), "%s/daipao-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        FUZZ_CHECK(mkdtemp(dir) != NULL);
        atexit(remove_dir);
    }
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void write_file(const char *name, struct dp_slice s)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    FUZZ_CHECK(fd >= 0 && write(fd, s.p, s.len) == (ssize_t)s.len);
    close(fd);
}

static void check_file(const char *name, struct dp_slice want)
{
    static uint8_t bytes[INPUT_MAX + 1];
    int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, bytes, sizeof(bytes));

    close(fd);
    FUZZ_CHECK(n >= 0 && dp_slice_eq(dp_slice_of(bytes, (size_t)n), want));
}

/* ---- checksums put right, where there is room for one ---- */

static void right_crc(uint8_t *p, size_t len)
{
    struct dp_wr w = dp_wr_of(p + len - (len < 4 ? len : 4), 4);

    if (len >= 4)
        dp_wr_u32(&w, dp_crc32c(0, p, len - 4));
}

static void right_digest(uint8_t *p, size_t len)
{
    struct dp_digest sum;
    struct dp_slice before = {p, len - 32};

    if (len < 32)
        return;
    dp_suite_of(DP_SUITE_INTL)->hash(&before, 1, &sum);
    memcpy(p + len - 32, sum.b, 32);
}

/* ---- the files ---- */

static bool life(struct dp_slice s)
{
    struct dp_life_file f;

    write_file(DP_LIFE_FILE, s);
    const struct dp_life_place place = {.dir = dir};
    enum dp_err e = dp_life_file_read(&place, &f);
    if (e != DP_OK) {
        FUZZ_CHECK(e == DP_FORMAT);
        return false;
    }
    FUZZ_CHECK(dp_life_file_write(&place, &f) == DP_OK);
    check_file(DP_LIFE_FILE, s);
    return true;
}

static bool key(struct dp_slice s)
{
    static const char name[] = "seal.key", kind[] = "seal";
    struct dp_keyring_why why = {.fault = DP_KEYRING_FAULT_NONE};
    struct dp_keydir d;
    uint8_t secret[SECRET_BYTES];
    uint32_t generation = 0;

    write_file(name, s);
    FUZZ_CHECK(dp_keydir_open(&d, dir, &why) == DP_OK);
    enum dp_err e = dp_keyfile_read(&d, name, kind, &generation, secret, sizeof(secret));
    if (e == DP_OK) {
        FUZZ_CHECK(unlink(path_of(name)) == 0);
        FUZZ_CHECK(dp_keyfile_write(&d, name, kind, generation, dp_slice_of(secret, sizeof(secret))) ==
                   DP_OK);
        check_file(name, s);
    } else {
        FUZZ_CHECK(why.fault == DP_KEYRING_FAULT_DAMAGED || why.fault == DP_KEYRING_FAULT_VERSION);
    }
    dp_keydir_close(&d);
    return e == DP_OK;
}

static struct dp_kv *restored(const char *name, enum dp_err *e)
{
    struct dp_kv *kv;

    FUZZ_CHECK(dp_kv_mem_open(&kv) == DP_OK);
    *e = dp_backup_read(kv, path_of(name), NULL, NULL);
    return kv;
}

/* Its records may come in any order: what is written of them comes in the one, and then stays the same. */
static bool backup(struct dp_slice s)
{
    static uint8_t first[INPUT_MAX + 1];
    enum dp_err e;

    write_file("backup", s);
    struct dp_kv *kv = restored("backup", &e);
    if (e == DP_OK) {
        (void)unlink(path_of("again"));
        FUZZ_CHECK(dp_backup_write(kv, path_of("again"), NULL, NULL) == DP_OK);
        int fd = open(path_of("again"), O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, first, sizeof(first));
        close(fd);
        FUZZ_CHECK(n > 0 && (size_t)n <= s.len);
        struct dp_kv *copy = restored("again", &e);
        FUZZ_CHECK(e == DP_OK && unlink(path_of("again")) == 0);
        FUZZ_CHECK(dp_backup_write(copy, path_of("again"), NULL, NULL) == DP_OK);
        check_file("again", dp_slice_of(first, (size_t)n));
        copy->ops->close(&copy);
    } else {
        FUZZ_CHECK(e == DP_FORMAT || e == DP_CORRUPT);
    }
    kv->ops->close(&kv);
    return e == DP_OK;
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    static const struct {
        bool (*read)(struct dp_slice s);
        void (*right)(uint8_t *p, size_t len);
    } files[] = {{life, right_crc}, {key, right_digest}, {backup, right_crc}};
    bool failed = false;

    if (suite == &fuzz_hollow || input.len == 0 || input.len > INPUT_MAX)
        return false;
    struct dp_slice s = dp_arena_copy(a, dp_slice_of(input.p + 1, input.len - 1), &failed);
    FUZZ_CHECK(!failed);
    size_t which = input.p[0] / 2 % 3;
    if (input.p[0] % 2 != 0)
        files[which].right((uint8_t *)(uintptr_t)s.p, s.len);
    return files[which].read(s);
}
