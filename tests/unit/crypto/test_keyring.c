/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: how they come to be, what is refused and why, and the wrapping of part keys (R-STO-2). */
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

#define WRAPS 5

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
    assert_false(f->kr->has_ca || f->kr->has_root || f->kr->rotating);
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

/* ---- part keys ---- */

struct records {
    struct fixture *f;
    struct dp_name name[WRAPS];
    struct dp_key key[WRAPS];
    uint8_t wrapped[WRAPS][DP_WRAPPED_BYTES];
    int fail_after; /* rewraps that succeed before the store fails; -1 = all */
};

static struct records new_records(struct fixture *f)
{
    struct records r = {.f = f, .fail_after = -1};

    load(f);
    for (uint8_t i = 0; i < WRAPS; i++) {
        r.name[i] = (struct dp_name){{33102310500100}, 9, i + 1u};
        memset(r.key[i].b, i + 1, 32);
        assert_int_equal(dp_keyring_wrap(f->kr, &r.name[i], i, &r.key[i], &f->random, r.wrapped[i]), DP_OK);
    }
    return r;
}

static void all_readable(const struct records *r)
{
    for (uint8_t i = 0; i < WRAPS; i++) {
        struct dp_key key;
        assert_int_equal(dp_keyring_unwrap(r->f->kr, &r->name[i], i, r->wrapped[i], &key), DP_OK);
        assert_memory_equal(&key, &r->key[i], 32);
    }
}

static enum dp_err rewrap(void *ctx, const struct dp_keyring *kr)
{
    struct records *r = ctx;

    for (uint8_t i = 0; i < WRAPS; i++) {
        struct dp_key key;
        if (!dp_keyring_is_stale(kr, r->wrapped[i]))
            continue;
        if (r->fail_after-- == 0)
            return DP_FULL;
        assert_int_equal(dp_keyring_unwrap(kr, &r->name[i], i, r->wrapped[i], &key), DP_OK);
        assert_int_equal(dp_keyring_wrap(kr, &r->name[i], i, &key, &r->f->random, r->wrapped[i]), DP_OK);
    }
    return DP_OK;
}

static void test_wrap(void **state)
{
    struct fixture *f = *state;
    struct records r = new_records(f);
    struct dp_key key = {{0x5a}};
    uint8_t again[DP_WRAPPED_BYTES];

    all_readable(&r);
    assert_int_equal(dp_keyring_unwrap(f->kr, &r.name[1], 0, r.wrapped[0], &key), DP_SIGNATURE);
    assert_int_equal(dp_keyring_unwrap(f->kr, &r.name[0], 1, r.wrapped[0], &key), DP_SIGNATURE);
    for (size_t at = 0; at < DP_WRAPPED_BYTES; at++) {
        r.wrapped[0][at] ^= 0x20;
        assert_int_equal(dp_keyring_unwrap(f->kr, &r.name[0], 0, r.wrapped[0], &key),
                         at < 4 ? DP_NOT_FOUND : DP_SIGNATURE);
        r.wrapped[0][at] ^= 0x20;
    }
    assert_int_equal(key.b[0], 0x5a);
    assert_int_equal(dp_keyring_wrap(f->kr, &r.name[0], 0, &r.key[0], &f->random, again), DP_OK);
    assert_memory_not_equal(again + 20, r.wrapped[0] + 20, 48);
}

static void test_rotate(void **state)
{
    struct fixture *f = *state;
    struct records r = new_records(f);
    uint8_t erased[DP_WRAPPED_BYTES];
    struct dp_key key;
    char path[128];

    memcpy(erased, r.wrapped[0], sizeof(erased));
    assert_int_equal(dp_keyring_rotate(f->kr, &f->random, rewrap, &r, &f->why), DP_OK);
    all_readable(&r);
    assert_int_equal(f->kr->wrap_generation, 2);
    assert_int_equal(dp_keyring_unwrap(f->kr, &r.name[0], 0, erased, &key), DP_NOT_FOUND);
    load(f);
    all_readable(&r);
    assert_false(f->kr->rotating);
    path_of(f, "wrap.next", path);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(dp_keyring_unwrap(f->kr, &r.name[0], 0, erased, &key), DP_NOT_FOUND);
}

/* The store fails half-way, the machine restarts, new keys are wrapped, the rotation is made again. */
static void test_rotation_cut_short(void **state)
{
    struct fixture *f = *state;
    struct records r = new_records(f);
    struct dp_key first;

    first = f->kr->wrap[0];
    for (int cut = 0; cut <= 2; cut += 2) {
        r.fail_after = cut;
        assert_int_equal(dp_keyring_rotate(f->kr, &f->random, rewrap, &r, &f->why), DP_FULL);
        assert_true(f->kr->rotating);
        all_readable(&r);
        load(f);
        assert_true(f->kr->rotating);
        assert_int_equal(f->kr->wrap_generation, 1);
        all_readable(&r);
    }
    assert_int_equal(dp_keyring_wrap(f->kr, &r.name[4], 4, &r.key[4], &f->random, r.wrapped[4]), DP_OK);
    assert_false(dp_keyring_is_stale(f->kr, r.wrapped[4]));
    r.fail_after = -1;
    assert_int_equal(dp_keyring_rotate(f->kr, &f->random, rewrap, &r, &f->why), DP_OK);
    assert_false(f->kr->rotating);
    load(f);
    assert_int_equal(f->kr->wrap_generation, 2);
    assert_memory_not_equal(&first, &f->kr->wrap[0], 32);
    all_readable(&r);
}

/* The replaced file is overwritten where it lay. */
static void test_old_wrapping_key_is_wiped(void **state)
{
    static const uint8_t zeros[64];
    struct fixture *f = *state;
    struct records r = new_records(f);
    uint8_t bytes[64];
    char path[128];
    int fd;

    path_of(f, "wrap.key", path);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(dp_keyring_rotate(f->kr, &f->random, rewrap, &r, &f->why), DP_OK);
    assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    assert_memory_equal(bytes, zeros, sizeof(bytes));
    close(fd);
}

static void test_next_key_of_another_time(void **state)
{
    struct fixture *f = *state;
    char path[128], next[128];

    path_of(f, "wrap.key", path);
    path_of(f, "wrap.next", next);
    assert_int_equal(link(path, next), 0); /* generation 1 beside generation 1 */
    load_refused(f, DP_CORRUPT, DP_KEYRING_FAULT_DAMAGED, "wrap.next");
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
        T(test_wrap),
        T(test_rotate),
        T(test_rotation_cut_short),
        T(test_old_wrapping_key_is_wiped),
        T(test_next_key_of_another_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
