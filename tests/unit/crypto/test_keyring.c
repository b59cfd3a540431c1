/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: how they come to be, what is refused and why, and the wrapping key (R-STO-2, R-STO-6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "crypto/keyring.h"
#include "crypto/random.h"
#include "crypto/vault.h"

struct fixture {
    char base[64];
    char dir[80];
    struct dp_rng rng;
    struct dp_random random;
    struct dp_keyring *kr;
    struct dp_keyring_why why;
};

static void path_of(const struct fixture *f, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", f->dir, name);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    strcpy(f->base, "/tmp/daipao-keyring-XXXXXX");
    assert_non_null(mkdtemp(f->base));
    snprintf(f->dir, sizeof(f->dir), "%s/keys", f->base);
    dp_rng_seed(&f->rng, 7);
    f->random = dp_random_seeded(&f->rng);
    assert_int_equal(dp_keyring_create(f->dir, &f->random, &f->why), DP_OK);
    *state = f;
    return 0;
}

static void empty_folder(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d != NULL)
        closedir(d);
    rmdir(path);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char temp[96];

    dp_keyring_free(&f->kr);
    snprintf(temp, sizeof(temp), "%s.new", f->dir);
    empty_folder(temp);
    empty_folder(f->dir);
    empty_folder(f->base);
    free(f);
    return 0;
}

static void load(struct fixture *f)
{
    dp_keyring_free(&f->kr);
    assert_int_equal(dp_keyring_load(f->dir, &f->kr, &f->why), DP_OK);
}

static void load_refused(struct fixture *f, enum dp_err err, enum dp_keyring_fault fault, const char *name)
{
    char path[128];

    dp_keyring_free(&f->kr);
    assert_int_equal(dp_keyring_load(f->dir, &f->kr, &f->why), err);
    assert_null(f->kr);
    assert_int_equal(f->why.fault, fault);
    path_of(f, name, path);
    assert_string_equal(f->why.path, path);
    assert_int_equal(dp_keyring_load(f->dir, &f->kr, NULL), err);
}

/* ---- creating and loading ---- */

static void test_create_and_load(void **state)
{
    struct fixture *f = *state;
    const struct dp_suite *s = dp_suite_of(DP_SUITE_INTL);
    struct dp_key sign_pub;

    load(f);
    assert_int_equal(s->kex_pub(&f->kr->curve, &sign_pub), DP_OK);
    assert_memory_equal(&sign_pub, &f->kr->curve_pub, 32);
    assert_int_equal(s->sign_pub(&f->kr->sign, &sign_pub), DP_OK);
    assert_memory_equal(&sign_pub, &f->kr->sign_pub, 32);
    assert_memory_not_equal(&f->kr->sign, &f->kr->seal, 32);
    assert_memory_not_equal(&f->kr->seal, &f->kr->curve, 32);
    assert_false(f->kr->has_ca || f->kr->has_root);
    assert_int_equal(f->kr->wrap_generation, 1);
    assert_string_equal(f->kr->dir, f->dir);
}

static void test_modes_do_not_follow_the_umask(void **state)
{
    static const char *const names[] = {"sign.key", "seal.key", "curve.key", "wrap.key", "ca.key"};
    struct fixture *f = *state;
    char path[128];
    struct stat st;

    empty_folder(f->dir);
    mode_t old = umask(0777);
    enum dp_err err = dp_keyring_create(f->dir, &f->random, &f->why);
    umask(0);
    assert_int_equal(err, DP_OK);
    load(f);
    err = dp_keyring_add_ca(f->kr, &f->random, &f->why);
    umask(old);
    assert_int_equal(err, DP_OK);
    assert_int_equal(stat(f->dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        path_of(f, names[i], path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_nlink, 1);
    }
}

static void test_never_overwrites(void **state)
{
    struct fixture *f = *state;
    struct dp_key before;

    load(f);
    before = f->kr->sign;
    assert_int_equal(dp_keyring_create(f->dir, &f->random, &f->why), DP_CONFLICT);
    assert_int_equal(f->why.fault, DP_KEYRING_FAULT_EXISTS);
    assert_string_equal(f->why.path, f->dir);
    load(f);
    assert_memory_equal(&before, &f->kr->sign, 32);
    assert_int_equal(dp_keyring_add_ca(f->kr, &f->random, NULL), DP_OK);
    before = f->kr->ca;
    assert_int_equal(dp_keyring_add_ca(f->kr, &f->random, &f->why), DP_CONFLICT);
    load(f);
    assert_true(f->kr->has_ca);
    assert_memory_equal(&before, &f->kr->ca, 32);
}

/* A crash before the rename leaves a folder of keys that nobody used. */
static void test_create_after_a_crash(void **state)
{
    struct fixture *f = *state;
    char temp[96], path[160];

    snprintf(temp, sizeof(temp), "%s.new", f->dir);
    assert_int_equal(rename(f->dir, temp), 0);
    snprintf(path, sizeof(path), "%s/sign.key.tmp", temp);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(mkdir(f->dir, 0755), 0); /* empty, as a package may leave it */
    assert_int_equal(dp_keyring_create(f->dir, &f->random, &f->why), DP_OK);
    load(f);
    assert_int_not_equal(access(temp, F_OK), 0);
}

static void test_create_refused(void **state)
{
    struct fixture *f = *state;
    char path[2000];

    assert_int_equal(dp_keyring_create("", &f->random, &f->why), DP_RANGE);
    assert_int_equal(f->why.fault, DP_KEYRING_FAULT_PATH);
    snprintf(path, sizeof(path), "%s/", f->dir);
    assert_int_equal(dp_keyring_create(path, &f->random, &f->why), DP_RANGE);
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(dp_keyring_create(path, &f->random, NULL), DP_RANGE);
    assert_int_equal(dp_keyring_load(path, &f->kr, &f->why), DP_RANGE);
    snprintf(path, sizeof(path), "%s/absent/keys", f->base);
    assert_int_equal(dp_keyring_create(path, &f->random, &f->why), DP_NOT_FOUND);
    assert_int_equal(dp_keyring_load(path, &f->kr, &f->why), DP_NOT_FOUND);
    assert_null(f->kr);
}

/* ---- what is refused ---- */

static void test_wrong_modes(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666};
    struct fixture *f = *state;
    char path[128];

    path_of(f, "seal.key", path);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        load_refused(f, DP_CONFIG, DP_KEYRING_FAULT_MODE, "seal.key");
    }
    assert_int_equal(chmod(path, 0400), 0);
    load(f);
    assert_int_equal(chmod(f->dir, 0750), 0);
    dp_keyring_free(&f->kr);
    assert_int_equal(dp_keyring_load(f->dir, &f->kr, &f->why), DP_CONFIG);
    assert_int_equal(f->why.fault, DP_KEYRING_FAULT_MODE);
    assert_string_equal(f->why.path, f->dir);
    assert_int_equal(chmod(f->dir, 0700), 0);
}

static void test_wrong_owner(void **state)
{
    struct fixture *f = *state;
    char path[128];

    if (geteuid() != 0)
        skip();
    path_of(f, "sign.key", path);
    assert_int_equal(chown(path, 1, 0), 0);
    load_refused(f, DP_CONFIG, DP_KEYRING_FAULT_OWNER, "sign.key");
}

static void test_wrong_kind(void **state)
{
    struct fixture *f = *state;
    char path[128], other[128];

    path_of(f, "sign.key", path);
    path_of(f, "moved", other);
    assert_int_equal(rename(path, other), 0);
    load_refused(f, DP_NOT_FOUND, DP_KEYRING_FAULT_MISSING, "sign.key");
    assert_int_equal(symlink("moved", path), 0);
    load_refused(f, DP_IO, DP_KEYRING_FAULT_KIND, "sign.key");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not block */
    load_refused(f, DP_IO, DP_KEYRING_FAULT_KIND, "sign.key");
    unlink(path);
    path_of(f, "seal.key", other); /* a good key file, of another kind */
    assert_int_equal(link(other, path), 0);
    load_refused(f, DP_CORRUPT, DP_KEYRING_FAULT_DAMAGED, "sign.key");
}

static size_t read_file(const char *path, uint8_t *out, size_t cap)
{
    FILE *file = fopen(path, "rb");
    size_t len;

    assert_non_null(file);
    len = fread(out, 1, cap, file);
    fclose(file);
    return len;
}

static void write_file(const char *path, const uint8_t *p, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(p, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void test_damaged(void **state)
{
    static const char *const names[] = {"sign.key", "curve.key", "wrap.key"};
    struct fixture *f = *state;
    uint8_t good[256], bad[257];
    char path[128];

    for (size_t i = 0; i < 3; i++) {
        path_of(f, names[i], path);
        size_t len = read_file(path, good, sizeof(good));
        for (size_t at = 0; at < len; at++) {
            memcpy(bad, good, len);
            bad[at] ^= 0x81;
            write_file(path, bad, len);
            load_refused(f, DP_CORRUPT, DP_KEYRING_FAULT_DAMAGED, names[i]);
        }
        for (size_t cut = 0; cut < len; cut += 7) {
            write_file(path, good, cut);
            load_refused(f, DP_CORRUPT, DP_KEYRING_FAULT_DAMAGED, names[i]);
        }
        memcpy(bad, good, len);
        bad[len] = 0;
        write_file(path, bad, len + 1);
        load_refused(f, DP_CORRUPT, DP_KEYRING_FAULT_DAMAGED, names[i]);
        memcpy(bad, good, len);
        bad[11] = '2';
        write_file(path, bad, len);
        load_refused(f, DP_SCHEMA, DP_KEYRING_FAULT_VERSION, names[i]);
        write_file(path, good, len);
        load(f);
    }
}

static void test_pin(void **state)
{
    struct fixture *f = *state;
    struct dp_digest root = {{1}}, other = {{2}};

    load(f);
    assert_int_equal(dp_keyring_pin(f->kr, &root, &f->why), DP_OK);
    assert_int_equal(dp_keyring_pin(f->kr, &root, &f->why), DP_OK);
    assert_int_equal(dp_keyring_pin(f->kr, &other, &f->why), DP_CONFLICT);
    load(f);
    assert_true(f->kr->has_root);
    assert_true(dp_digest_eq(&f->kr->root, &root));
    assert_int_equal(dp_keyring_pin(f->kr, &other, NULL), DP_CONFLICT);
}

static void test_texts(void **state)
{
    (void)state;
    for (int i = 0; i < DP_KEYRING_FAULT_COUNT; i++)
        assert_true(strlen(dp_keyring_fault_text((enum dp_keyring_fault)i)) > 5);
}

/* ---- rows of the store (R-STO-6) ---- */

#define ROWS 6

struct rows {
    struct fixture *f;
    struct dp_keyvault vault;
    uint8_t sealed[ROWS][DP_VAULT_BYTES + 8];
    uint64_t number[ROWS];
};

static struct dp_slice place(void)
{
    return dp_slice_str("a table and a key");
}

static struct rows *seal_rows(struct fixture *f)
{
    static const uint64_t numbers[ROWS] = {0, 1, 2, 77, UINT64_C(1) << 40, DP_KEYTREE_LEAVES - 1};
    struct rows *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    load(f);
    r->f = f;
    dp_keyvault_init(&r->vault, f->kr, &f->random);
    for (unsigned i = 0; i < ROWS; i++) {
        struct dp_slice out;
        uint8_t plain[8] = {(uint8_t)i, 1, 2, 3};
        r->number[i] = numbers[i];
        assert_int_equal(r->vault.port.ops->seal(&r->vault.port, numbers[i], place(),
                                                 dp_slice_of(plain, sizeof(plain)), &out),
                         DP_OK);
        assert_int_equal(out.len, sizeof(r->sealed[i]));
        memcpy(r->sealed[i], out.p, out.len);
    }
    return r;
}

static enum dp_err open_row(struct rows *r, unsigned i)
{
    struct dp_slice plain;
    enum dp_err err = r->vault.port.ops->open(&r->vault.port, place(),
                                              dp_slice_of(r->sealed[i], sizeof(r->sealed[i])), &plain);
    if (err == DP_OK) {
        assert_int_equal(plain.len, 8);
        assert_int_equal(plain.p[0], i);
    }
    return err;
}

static void only_gone(struct rows *r, unsigned bits)
{
    for (unsigned i = 0; i < ROWS; i++)
        assert_int_equal(open_row(r, i), (bits >> i & 1) != 0 ? DP_NOT_FOUND : DP_OK);
}

static void drop_rows(struct rows *r)
{
    dp_keyvault_fini(&r->vault);
    free(r);
}

/* The same number sealed twice is two keys; another place or a changed byte opens nothing. */
static void test_rows(void **state)
{
    struct fixture *f = *state;
    struct rows *r = seal_rows(f);
    struct dp_slice again, plain;

    only_gone(r, 0);
    assert_int_equal(r->vault.port.ops->seal(&r->vault.port, 0, place(), dp_slice_str("\0\1\2\3"), &again),
                     DP_OK);
    assert_memory_not_equal(again.p + 24, r->sealed[0] + 24, 4);
    assert_int_equal(r->vault.port.ops->open(&r->vault.port, dp_slice_str("elsewhere"),
                                             dp_slice_of(r->sealed[1], sizeof(r->sealed[1])), &plain),
                     DP_SIGNATURE);
    for (size_t at = 8; at < sizeof(r->sealed[2]); at++) {
        r->sealed[2][at] ^= 1;
        assert_int_equal(open_row(r, 2), DP_SIGNATURE);
        r->sealed[2][at] ^= 1;
    }
    for (size_t len = 0; len < DP_VAULT_BYTES; len++)
        assert_int_equal(
            r->vault.port.ops->open(&r->vault.port, place(), dp_slice_of(r->sealed[2], len), &plain),
            DP_SIGNATURE);
    drop_rows(r);
}

/* What is destroyed is destroyed for the next process too, and the rest is as it was. */
static void test_destroy(void **state)
{
    struct fixture *f = *state;
    struct rows *r = seal_rows(f);
    const uint64_t one[] = {1}, more[] = {1, 77, DP_KEYTREE_LEAVES - 1};

    assert_int_equal(dp_keyring_destroy(f->kr, one, 1, &f->why), DP_OK);
    assert_int_equal(f->kr->wrap_generation, 2);
    only_gone(r, 2);
    assert_int_equal(dp_keyring_destroy(f->kr, more, 3, &f->why), DP_OK); /* one of them once more */
    only_gone(r, 2 | 8 | 32);
    load(f);
    r->vault.kr = f->kr;
    only_gone(r, 2 | 8 | 32);
    assert_int_equal(f->kr->wrap_generation, 3);
    assert_int_equal(r->vault.port.ops->next(&r->vault.port, 0), 0);
    assert_int_equal(r->vault.port.ops->next(&r->vault.port, 1), 2);
    assert_int_equal(r->vault.port.ops->next(&r->vault.port, 77), 78);
    drop_rows(r);
}

/* A process ends with the new key beside the old: the old one is in force, and nothing of either stays. */
static void test_a_change_that_was_cut_short(void **state)
{
    static const uint8_t zeros[64];
    struct fixture *f = *state;
    struct rows *r = seal_rows(f);
    const uint64_t one[] = {1};
    char key[128], next[128], old[128];
    uint8_t bytes[4096];

    path_of(f, "wrap.key", key);
    path_of(f, "wrap.next", next);
    path_of(f, "wrap.old", old);
    size_t len = read_file(key, bytes, sizeof(bytes));
    write_file(next, bytes, len);
    assert_int_equal(chmod(next, 0600), 0);
    assert_int_equal(link(key, old), 0);
    int fd = open(next, O_RDONLY);
    assert_true(fd >= 0);
    load(f);
    r->vault.kr = f->kr;
    only_gone(r, 0);
    assert_int_equal(dp_keyring_tidy(f->kr, &f->why), DP_OK);
    assert_int_equal(pread(fd, bytes, sizeof(zeros), 0), sizeof(zeros));
    assert_memory_equal(bytes, zeros, sizeof(zeros));
    close(fd);
    assert_int_equal(access(next, F_OK), -1);
    assert_int_equal(access(old, F_OK), -1);
    load(f); /* the key in force was not wiped through its other name */
    r->vault.kr = f->kr;
    only_gone(r, 0);
    write_file(next, zeros, 7);
    assert_int_equal(dp_keyring_destroy(f->kr, one, 1, &f->why), DP_OK);
    only_gone(r, 2);
    drop_rows(r);
}

/* The replaced file is overwritten where it lay, and has no name any more. */
static void test_old_wrapping_key_is_wiped(void **state)
{
    static const uint8_t zeros[64];
    struct fixture *f = *state;
    const uint64_t one[] = {1};
    uint8_t bytes[64];
    char path[128];
    struct stat st;
    int fd;

    load(f);
    path_of(f, "wrap.key", path);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(dp_keyring_destroy(f->kr, one, 1, &f->why), DP_OK);
    assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    assert_memory_equal(bytes, zeros, sizeof(bytes));
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    close(fd);
}

/* The folder cannot be written: nothing changed, and it can be done again. */
static void test_destroy_without_a_folder(void **state)
{
    struct fixture *f = *state;
    struct rows *r = seal_rows(f);
    const uint64_t one[] = {1};
    char away[96];

    snprintf(away, sizeof(away), "%s.away", f->dir);
    assert_int_equal(rename(f->dir, away), 0);
    assert_int_equal(dp_keyring_destroy(f->kr, one, 1, &f->why), DP_NOT_FOUND);
    only_gone(r, 0);
    assert_int_equal(rename(away, f->dir), 0);
    assert_int_equal(dp_keyring_destroy(f->kr, one, 1, &f->why), DP_OK);
    only_gone(r, 2);
    drop_rows(r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_create_and_load),
        T(test_modes_do_not_follow_the_umask),
        T(test_never_overwrites),
        T(test_create_after_a_crash),
        T(test_create_refused),
        T(test_wrong_modes),
        T(test_wrong_owner),
        T(test_wrong_kind),
        T(test_damaged),
        T(test_pin),
        T(test_texts),
        T(test_rows),
        T(test_destroy),
        T(test_a_change_that_was_cut_short),
        T(test_old_wrapping_key_is_wiped),
        T(test_destroy_without_a_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
