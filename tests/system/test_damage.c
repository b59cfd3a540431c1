/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup taken while the node works, put back elsewhere; what the offline check says of damaged bytes: it
 * may pass over those that mean nothing, never over a changed record (R-STO-2, R-STO-5).
 *
 *   test_system_damage DAIPAOD DAIPAOD_PROBE [SEED]
 */
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rng.h"
#include "bytes.h"
#include "crypto/keyring.h"
#include "ctl.h"
#include "tree.h"

#define REQUESTS 20
#define PER_REQUEST 50
#define FLIPS 60
#define CHANGED_MIN 15

struct scene {
    struct tree t;
    struct dp_rng rng;
};

/* ---- backup under load ---- */

/* Registrations without waiting for the replies. */
static struct dp_ctl *load(struct proc_node *n)
{
    static uint8_t buf[1 << 19];
    static struct act_command c[PER_REQUEST];
    Daipao__Control__V1__Command *list[PER_REQUEST];
    Daipao__Control__V1__Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    struct act_matter m = {.content = "the bridge is down"};
    struct dp_ctl *ctl = NULL;
    char sock[320];
    snprintf(sock, sizeof sock, "%s/run/control.sock", n->dir);
    CHECK(dp_ctl_open(sock, &ctl) == DP_OK, "no second connection");
    for (unsigned i = 0; i < PER_REQUEST; i++) {
        act_build_register(&c[i], &m);
        list[i] = &c[i].cmd;
    }
    rq.version = 1;
    rq.commands = list;
    rq.n_commands = PER_REQUEST;
    size_t len = daipao__control__v1__request__pack(&rq, buf);
    for (unsigned i = 0; i < REQUESTS; i++)
        CHECK(dp_ctl_send(ctl, dp_slice_of(buf, len), 10000) == DP_OK, "it takes no requests");
    return ctl;
}

static unsigned drain(struct dp_ctl *ctl, unsigned replies)
{
    struct dp_slice s;
    for (unsigned i = 0; i < replies; i++) {
        CHECK(dp_ctl_recv(ctl, &s, 60000) == DP_OK, "a reply is missing");
        Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, s.len, s.p);
        for (size_t k = 0; k < r->n_results; k++)
            CHECK(r->results[k]->err == DP_OK, "refused under load: %s", r->results[k]->text);
        proc_reply_free(r);
    }
    return replies;
}

/* R-STO-2: no key that opens anything is in it. */
static void without_keys(struct proc_node *n, const uint8_t *p, size_t len)
{
    char path[300];
    struct dp_keyring *kr = NULL;
    snprintf(path, sizeof path, "%s/data/keys", n->dir);
    CHECK(dp_keyring_load(path, &kr, NULL) == DP_OK, "no keys");
    const struct dp_key *secret[] = {&kr->sign, &kr->seal, &kr->curve};
    for (unsigned i = 0; i < 3; i++)
        CHECK(memmem(p, len, secret[i]->b, sizeof secret[i]->b) == NULL, "secret key %u is in the backup", i);
    for (uint32_t i = 0; i < kr->wrap.count; i++)
        CHECK(memmem(p, len, kr->wrap.node[i].key.b, sizeof kr->wrap.node[i].key.b) == NULL,
              "a part of the wrapping key is in the backup");
    CHECK(memmem(p, len, kr->sign_pub.b, sizeof kr->sign_pub.b) != NULL,
          "the search finds no public key either");
    dp_keyring_free(&kr);
}

/* Blank daemon's folder in which the backup becomes a store. */
static struct proc_node *restored(struct scene *s, const char *dir, const char *backup, int *rc, char *text,
                                  size_t cap)
{
    struct proc_node *n = proc_lay(&s->t.rig, dir, false);
    *rc = proc_offline(&s->t.rig, n, "--restore", backup, text, cap);
    return n;
}

static void backup_under_load(struct scene *s)
{
    struct proc_node *v = s->t.village;
    char path[300], bad[300], text[4096];
    uint8_t *bytes = NULL;
    int rc;
    snprintf(path, sizeof path, "%s/backup", v->dir);
    struct dp_ctl *ctl = load(v);
    unsigned before = drain(ctl, 3);
    CHECK(act_backup(v, path) == DP_OK, "no backup under load");
    drain(ctl, REQUESTS - before);
    dp_ctl_close(&ctl);
    act_wait_same(v, s->t.city, VILLAGE, 60);
    size_t len = bytes_read(path, &bytes);
    without_keys(v, bytes, len);

    struct proc_node *n = restored(s, "restored", path, &rc, text, sizeof text);
    CHECK(rc == 0, "restore: %s", text);
    rc = proc_offline(&s->t.rig, n, "--fsck", NULL, text, sizeof text);
    CHECK(rc == 0, "the restored store is not sound: %s", text);
    printf("damage: %zu bytes of backup; restored: %s", len, text);
    /* Damaged or cut short it is good for nothing, and no store appears. */
    snprintf(bad, sizeof bad, "%s/bad", v->dir);
    for (unsigned i = 0; i < 4; i++) {
        char dir[32], store[300];
        size_t at = dp_rng_below(&s->rng, len);
        snprintf(dir, sizeof dir, "bad-%u", i);
        bytes[at] ^= 0x10;
        bytes_write(bad, bytes, i == 3 ? len / 2 : len);
        bytes[at] ^= 0x10;
        n = restored(s, dir, bad, &rc, text, sizeof text);
        CHECK(rc != 0 && text[0] != '\0', "a backup with byte %zu changed was restored", at);
        snprintf(store, sizeof store, "%s/data/store", n->dir);
        CHECK(access(store, F_OK) != 0, "a damaged backup left a store");
    }
    free(bytes);
}

/* ---- damaged bytes ---- */

/* Hash over everything that a reader of the store can come to see; in a child, since damage may end the
 * reader. */
static uint64_t walk_here(const char *path)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_cursor *tables, *rows;
    MDB_dbi dbi, main_dbi;
    MDB_val name, head, k, v;
    uint64_t h = 14695981039346656037ull;
    if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 128) != 0 ||
        mdb_env_set_mapsize(env, 1ul << 32) != 0 ||
        mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR, 0600) != 0 ||
        mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 || mdb_dbi_open(txn, NULL, 0, &main_dbi) != 0 ||
        mdb_cursor_open(txn, main_dbi, &tables) != 0)
        return 0;
    while (mdb_cursor_get(tables, &name, &head, MDB_NEXT) == 0) {
        char word[64];
        int rc;
        snprintf(word, sizeof word, "%.*s", (int)name.mv_size, (const char *)name.mv_data);
        if (mdb_dbi_open(txn, word, 0, &dbi) != 0 || mdb_cursor_open(txn, dbi, &rows) != 0)
            return 0;
        while ((rc = mdb_cursor_get(rows, &k, &v, MDB_NEXT)) == 0) {
            for (size_t i = 0; i < k.mv_size; i++)
                h = (h ^ ((const uint8_t *)k.mv_data)[i]) * 1099511628211ull;
            for (size_t i = 0; i < v.mv_size; i++)
                h = (h ^ ((const uint8_t *)v.mv_data)[i]) * 1099511628211ull;
        }
        if (rc != MDB_NOTFOUND)
            return 0;
    }
    return h | 1;
}

/* 0: cannot be walked to the end. */
static uint64_t walk(const char *path)
{
    int fd[2];
    uint64_t h = 0;
    CHECK(pipe(fd) == 0, "no pipe");
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        h = walk_here(path);
        _exit(write(fd[1], &h, sizeof h) == (ssize_t)sizeof h ? 0 : 1);
    }
    close(fd[1]);
    if (read(fd[0], &h, sizeof h) != (ssize_t)sizeof h)
        h = 0;
    close(fd[0]);
    waitpid(pid, NULL, 0);
    return h;
}

static void damaged_bytes(struct scene *s)
{
    struct proc_node *v = s->t.village;
    char path[300], text[4096];
    struct stat st;
    unsigned changed = 0, named = 0, harmless = 0;
    proc_kill(v, SIGTERM);
    snprintf(path, sizeof path, "%s/data/store/data.mdb", v->dir);
    CHECK(stat(path, &st) == 0, "no store");
    int rc = proc_offline(&s->t.rig, v, "--fsck", NULL, text, sizeof text);
    CHECK(rc == 0, "not sound before: %s", text);
    uint64_t good = walk(path);
    CHECK(good != 0, "the store cannot be walked");
    for (unsigned i = 0; i < FLIPS; i++) {
        off_t at = (off_t)dp_rng_below(&s->rng, (uint64_t)st.st_size);
        uint8_t mask = (uint8_t)(1u << dp_rng_below(&s->rng, 8));
        bytes_flip(path, at, mask);
        bool is_changed = walk(path) != good;
        rc = proc_offline(&s->t.rig, v, "--fsck", NULL, text, sizeof text);
        bytes_flip(path, at, mask);
        CHECK(!is_changed || rc != 0,
              "byte %lld was changed, a record with it, and the check says it is sound: %s", (long long)at,
              text);
        CHECK(rc == 0 || (rc < 128 && text[0] != '\0'), "byte %lld: the check ends with %d and says: %s",
              (long long)at, rc, text);
        changed += is_changed;
        harmless += rc == 0;
        named += is_changed && strstr(text, "damaged record: table") != NULL;
        if (is_changed && changed <= 3)
            printf("damage: byte %lld: %s", (long long)at, text);
    }
    printf("damage: %u flips, %u changed a record, %u of these named by table and key, %u meant nothing\n",
           FLIPS, changed, named, harmless);
    CHECK(changed >= CHANGED_MIN, "only %u flips met a record", changed);
    rc = proc_offline(&s->t.rig, v, "--fsck", NULL, text, sizeof text);
    CHECK(rc == 0, "not sound after all was put back: %s", text);
}

int main(int argc, char **argv)
{
    static struct scene s;
    if (argc < 3) {
        fprintf(stderr, "usage: test_system_damage DAIPAOD DAIPAOD_PROBE [SEED]\n");
        return 2;
    }
    dp_rng_seed(&s.rng, argc > 3 ? strtoull(argv[3], NULL, 0) : 7);
    tree_grow(&s.t, argv[1], false, NULL, NULL);
    backup_under_load(&s);
    damaged_bytes(&s);
    proc_free(&s.t.rig);
    return 0;
}
