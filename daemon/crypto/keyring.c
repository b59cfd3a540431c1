/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys a node has and how its folder comes to be: written aside, then renamed, so that a
 * crash leaves either no keys or all of them. Wrapping is in wrap.c.
 */
#include "crypto/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/keyfile.h"
#include "crypto/secret.h"

#define SIGN_FILE "sign.key"
#define SEAL_FILE "seal.key"
#define CURVE_FILE "curve.key"
#define CA_FILE "ca.key"
#define ROOT_FILE "root.pin"
#define FIRST_GENERATION 1

static const struct dp_suite *suite(void)
{
    return dp_suite_of(DP_SUITE_INTL);
}

/* ---- creating ---- */

static enum dp_err write_new(struct dp_keydir *d, const char *name, const char *kind,
                             const struct dp_random *random)
{
    struct dp_key key;
    enum dp_err err;

    random->fill(random->ctx, key.b, sizeof(key.b));
    err = dp_keyfile_write(d, name, kind, FIRST_GENERATION, dp_slice_of(key.b, sizeof(key.b)));
    dp_wipe(&key, sizeof(key));
    return err;
}

/* The wrapping key, of which nothing is destroyed yet. */
static enum dp_err write_tree(struct dp_keydir *d, const struct dp_random *random)
{
    struct dp_keytree *t = dp_secret_alloc(sizeof(*t));
    struct dp_key root;
    enum dp_err err = t == NULL ? DP_NOMEM : DP_OK;

    random->fill(random->ctx, root.b, sizeof(root.b));
    if (err == DP_OK)
        err = dp_keytree_init(t, &root);
    dp_wipe(&root, sizeof(root));
    if (err != DP_OK) {
        err = dp_keydir_fail(d, DP_KEYRING_FAULT_NOMEM, 0, DP_KEYFILE_WRAP);
    } else {
        err = dp_keyring_write_wrap(d, DP_KEYFILE_WRAP, t, FIRST_GENERATION);
        dp_keytree_fini(t);
    }
    dp_secret_free(t, sizeof(*t));
    return err;
}

/* Both halves, as ZeroMQ wants them. */
static enum dp_err write_curve(struct dp_keydir *d, const struct dp_random *random)
{
    struct dp_key pair[2];
    enum dp_err err;

    random->fill(random->ctx, pair[0].b, sizeof(pair[0].b));
    err = suite()->kex_pub(&pair[0], &pair[1]);
    if (err == DP_OK)
        err = dp_keyfile_write(d, CURVE_FILE, "curve", FIRST_GENERATION, dp_slice_of(pair, sizeof(pair)));
    dp_wipe(pair, sizeof(pair));
    return err;
}

static enum dp_err write_all(struct dp_keydir *d, const struct dp_random *random)
{
    enum dp_err err = write_new(d, SIGN_FILE, "sign", random);

    if (err == DP_OK)
        err = write_new(d, SEAL_FILE, "seal", random);
    if (err == DP_OK)
        err = write_curve(d, random);
    if (err == DP_OK)
        err = write_tree(d, random);
    return err;
}

static void remove_all(struct dp_keydir *d)
{
    static const char *const names[] = {SIGN_FILE, SEAL_FILE, CURVE_FILE, DP_KEYFILE_WRAP};
    char temp[32];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(temp, sizeof(temp), "%s.tmp", names[i]);
        (void)unlinkat(d->fd, names[i], 0);
        (void)unlinkat(d->fd, temp, 0);
    }
}

/* The folder that will be renamed; what a crash left in it was never in use. */
static enum dp_err open_new(struct dp_keydir *d, const char *path, struct dp_keyring_why *why)
{
    enum dp_err err;

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        int sys = errno;
        *d = (struct dp_keydir){.fd = -1, .why = why};
        memcpy(d->path, path, strlen(path) + 1);
        return dp_keydir_fail_sys(d, sys, NULL);
    }
    (void)!chmod(path, 0700); /* the umask may have taken bits away; the check follows */
    err = dp_keydir_open(d, path, why);
    if (err == DP_OK)
        remove_all(d);
    return err;
}

/* Make the folder's own name durable: sync the folder that holds `dir`. */
static bool sync_parent(const char *dir)
{
    char parent[DP_KEYRING_PATH_MAX] = ".";
    const char *bar = strrchr(dir, '/');
    bool ok;
    int fd;

    if (bar != NULL) {
        size_t len = bar == dir ? 1 : (size_t)(bar - dir);
        memcpy(parent, dir, len);
        parent[len] = '\0';
    }
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static enum dp_err move_in_place(struct dp_keydir *d, const char *dir)
{
    char temp[DP_KEYRING_PATH_MAX];

    memcpy(temp, d->path, sizeof(temp));
    memcpy(d->path, dir, strlen(dir) + 1); /* what a failure should name */
    /* rename(2) takes the place of an empty folder and refuses any other. */
    if (rename(temp, dir) != 0) {
        enum dp_err err = dp_keydir_fail_sys(d, errno, NULL);
        remove_all(d);
        (void)rmdir(temp);
        return err;
    }
    return sync_parent(dir) ? DP_OK : dp_keydir_fail_sys(d, errno, NULL);
}

enum dp_err dp_keyring_create(const char *dir, const struct dp_random *random, struct dp_keyring_why *why)
{
    char temp[DP_KEYRING_PATH_MAX];
    struct dp_keydir d = {.fd = -1, .why = why};
    size_t len = strnlen(dir, sizeof(temp));
    enum dp_err err;

    if (len == 0 || len + sizeof(".new") > sizeof(temp) || dir[len - 1] == '/')
        return dp_keydir_fail(&d, DP_KEYRING_FAULT_PATH, 0, NULL);
    memcpy(temp, dir, len);
    memcpy(temp + len, ".new", sizeof(".new"));
    err = open_new(&d, temp, why);
    if (err != DP_OK)
        return err;
    err = write_all(&d, random);
    if (err == DP_OK) {
        err = move_in_place(&d, dir);
    } else {
        remove_all(&d);
        (void)rmdir(temp);
    }
    dp_keydir_close(&d);
    return err;
}

/* ---- loading ---- */

static enum dp_err read_key(struct dp_keydir *d, const char *name, const char *kind, struct dp_key *out)
{
    uint32_t generation;

    return dp_keyfile_read(d, name, kind, &generation, out->b, sizeof(out->b));
}

static enum dp_err read_curve(struct dp_keydir *d, struct dp_keyring *kr)
{
    struct dp_key pair[2], pub;
    uint32_t generation;
    enum dp_err err = dp_keyfile_read(d, CURVE_FILE, "curve", &generation, pair, sizeof(pair));

    if (err == DP_OK)
        err = suite()->kex_pub(&pair[0], &pub);
    if (err == DP_OK && memcmp(&pub, &pair[1], sizeof(pub)) != 0)
        err = dp_keydir_fail(d, DP_KEYRING_FAULT_DAMAGED, 0, CURVE_FILE);
    if (err == DP_OK) {
        kr->curve = pair[0];
        kr->curve_pub = pair[1];
    }
    dp_wipe(pair, sizeof(pair));
    return err;
}

static bool exists(const struct dp_keydir *d, const char *name)
{
    return faccessat(d->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* `*has` stays false when there is no such file. */
static enum dp_err read_optional(struct dp_keydir *d, const char *name, const char *kind, uint8_t out[32],
                                 bool *has)
{
    struct dp_key key;
    enum dp_err err;

    if (!exists(d, name))
        return DP_OK;
    err = read_key(d, name, kind, &key);
    if (err == DP_OK) {
        memcpy(out, key.b, sizeof(key.b));
        *has = true;
    }
    dp_wipe(&key, sizeof(key));
    return err;
}

static enum dp_err read_all(struct dp_keydir *d, struct dp_keyring *kr)
{
    enum dp_err err = read_key(d, SIGN_FILE, "sign", &kr->sign);

    if (err == DP_OK)
        err = read_key(d, SEAL_FILE, "seal", &kr->seal);
    if (err == DP_OK)
        err = read_curve(d, kr);
    if (err == DP_OK)
        err = dp_keyring_read_wrap(d, kr);
    if (err == DP_OK)
        err = read_optional(d, CA_FILE, "ca", kr->ca.b, &kr->has_ca);
    if (err == DP_OK)
        err = read_optional(d, ROOT_FILE, "root", kr->root.b, &kr->has_root);
    if (err == DP_OK)
        err = suite()->sign_pub(&kr->sign, &kr->sign_pub);
    if (err == DP_OK)
        err = suite()->kex_pub(&kr->seal, &kr->seal_pub);
    if (err == DP_OK && kr->has_ca)
        err = suite()->sign_pub(&kr->ca, &kr->ca_pub);
    return err;
}

enum dp_err dp_keyring_load(const char *dir, struct dp_keyring **out, struct dp_keyring_why *why)
{
    struct dp_keydir d;
    struct dp_keyring *kr;
    enum dp_err err = dp_keydir_open(&d, dir, why);

    if (err != DP_OK)
        return err;
    kr = dp_secret_alloc(sizeof(*kr));
    if (kr == NULL) {
        err = dp_keydir_fail(&d, DP_KEYRING_FAULT_NOMEM, 0, NULL);
    } else {
        memcpy(kr->dir, d.path, sizeof(kr->dir));
        err = read_all(&d, kr);
    }
    dp_keydir_close(&d);
    if (err == DP_OK)
        *out = kr;
    else
        dp_keyring_free(&kr);
    return err;
}

void dp_keyring_free(struct dp_keyring **kr)
{
    if (*kr == NULL)
        return;
    dp_keytree_fini(&(*kr)->wrap);
    dp_secret_free(*kr, sizeof(**kr));
    *kr = NULL;
}

/* ---- additions ---- */

enum dp_err dp_keyring_add_ca(struct dp_keyring *kr, const struct dp_random *random,
                              struct dp_keyring_why *why)
{
    struct dp_keydir d;
    enum dp_err err = dp_keydir_open(&d, kr->dir, why);

    if (err != DP_OK)
        return err;
    err = write_new(&d, CA_FILE, "ca", random);
    if (err == DP_OK)
        err = read_optional(&d, CA_FILE, "ca", kr->ca.b, &kr->has_ca);
    if (err == DP_OK)
        err = suite()->sign_pub(&kr->ca, &kr->ca_pub);
    dp_keydir_close(&d);
    return err;
}

enum dp_err dp_keyring_pin(struct dp_keyring *kr, const struct dp_digest *root, struct dp_keyring_why *why)
{
    struct dp_keydir d;
    enum dp_err err;

    if (kr->has_root && dp_digest_eq(&kr->root, root))
        return DP_OK;
    err = dp_keydir_open(&d, kr->dir, why);
    if (err != DP_OK)
        return err;
    err = dp_keyfile_write(&d, ROOT_FILE, "root", FIRST_GENERATION, dp_slice_of(root->b, sizeof(root->b)));
    dp_keydir_close(&d);
    if (err == DP_OK) {
        kr->root = *root;
        kr->has_root = true;
    }
    return err;
}
