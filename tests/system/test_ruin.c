/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon that starts on damaged pages and on files that were cut short: it says so and ends, or withholds
 * what is damaged. It shows nothing that is not so, and where LMDB leads it past something, the offline check
 * finds it (R-STO-5).
 *
 *   test_system_ruin DAIPAOD DAIPAOD_PROBE [SEED]
 */
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
#include "ctl.h"
#include "tree.h"

#define CASES 60
#define PAGES 80 /* damaged one at a time */
#define PAGE_BYTES 4096
#define CHANGES 6 /* of one byte, in each file */

struct scene {
    struct tree t;
    struct dp_rng rng;
};

/* All bytes of a file, to be put back in place: the store knows its inode. */
struct kept_file {
    char path[300];
    uint8_t *bytes;
    size_t len;
};

static void keep_file(struct kept_file *k, const struct proc_node *n, const char *name)
{
    snprintf(k->path, sizeof k->path, "%s/data/%s", n->dir, name);
    k->len = bytes_read(k->path, &k->bytes);
}

/* Also what a node that stopped as restored has named otherwise (R-HEL-7). */
static void put_back(const struct kept_file *k)
{
    char stopped[320];
    snprintf(stopped, sizeof stopped, "%s.stopped", k->path);
    (void)unlink(stopped);
    bytes_write(k->path, k->bytes, k->len);
}

/* What it said since its log had `from` bytes. */
static void log_since(const struct proc_node *n, long from, char *text, size_t cap)
{
    char path[300];
    snprintf(path, sizeof path, "%s/log", n->dir);
    FILE *f = fopen(path, "r");
    CHECK(f != NULL && fseek(f, from, SEEK_SET) == 0, "no log");
    text[fread(text, 1, cap - 1, f)] = '\0';
    fclose(f);
}

static long log_length(const struct proc_node *n)
{
    char path[300];
    struct stat st;
    snprintf(path, sizeof path, "%s/log", n->dir);
    return stat(path, &st) == 0 ? (long)st.st_size : 0;
}

static bool told; /* a question was answered with an error: whoever asks knows that something is wrong */

/* One question; NULL when it is refused or the daemon ended over it. */
static json_t *ask_gently(struct proc_node *n, Daipao__Control__V1__Query *q)
{
    Daipao__Control__V1__Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    Daipao__Control__V1__Command cmd = DAIPAO__CONTROL__V1__COMMAND__INIT, *list[1] = {&cmd};
    cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_QUERY;
    cmd.query = q;
    rq.as_office = (char *)"";
    rq.commands = list;
    rq.n_commands = 1;
    Daipao__Control__V1__Reply *r = proc_try_call(n, &rq);
    if (r == NULL)
        return NULL;
    json_t *j = r->results[0]->err == DP_OK ? json_loads(r->results[0]->json, 0, NULL) : NULL;
    told |= r != NULL && r->n_results > 0 && r->results[0]->err != DP_OK;
    proc_reply_free(r);
    return j;
}

/* Pages of digests: each that is shown must be the true one. Returns how many there were. */
static unsigned only_truth(struct proc_node *n, json_t *good)
{
    char after[256] = "";
    unsigned shown = 0;
    for (bool more = true; more;) {
        Daipao__Control__V1__Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
        json_t *row;
        size_t i;
        q.what = (char *)"digest";
        q.index = 1;
        q.after = after;
        json_t *page = ask_gently(n, &q);
        json_array_foreach(json_object_get(page, "rows"), i, row)
        {
            const char *name = json_string_value(json_object_get(row, "name"));
            CHECK(json_equal(json_object_get(row, "digest"), json_object_get(good, name)),
                  "a damaged store shows another %s", name);
            shown++;
        }
        const char *next = json_string_value(json_object_get(page, "next"));
        more = next != NULL && next[0] != '\0';
        int len = snprintf(after, sizeof after, "%s", more ? next : "");
        CHECK(len >= 0 && (size_t)len < sizeof after, "a place to go on from of %d characters", len);
        json_decref(page);
    }
    return shown;
}

/* Starts, looks around, works and stops; what it said goes to `text`. Its exit code, or 128 and a signal. */
static int live_on(struct scene *s, struct proc_node *n, json_t *good, unsigned *shown, char *text,
                   size_t cap)
{
    int status = 0;
    long from = log_length(n);
    *shown = 0;
    told = false;
    if (proc_try_start(&s->t.rig, n, &status)) {
        static const char *const whats[] = {"status", "links", "log", "inbox", "alarms", "enrolments"};
        Daipao__Control__V1__Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
        *shown = only_truth(n, good);
        for (unsigned i = 0; i < sizeof whats / sizeof whats[0]; i++) {
            q.what = (char *)whats[i];
            json_decref(ask_gently(n, &q));
        }
        for (double end = proc_now() + 0.05; proc_now() < end && n->pid > 0; proc_nap())
            if (proc_ended(n, &status))
                break;
        if (n->pid > 0) {
            dp_ctl_close(&n->ctl);
            kill(n->pid, SIGTERM);
            while (!proc_ended(n, &status))
                proc_nap();
        }
    }
    log_since(n, from, text, cap);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void damaged_pages(struct scene *s, struct proc_node *v, json_t *good)
{
    struct kept_file data, life;
    static char text[1 << 18], said[1 << 18]; /* LMDB says much about one bad page */
    unsigned found = 0, crashed = 0, ended = 0, quiet = 0, partly = 0, shown,
             all = (unsigned)json_object_size(good);
    keep_file(&data, v, "store/data.mdb");
    keep_file(&life, v, "store/life");
    for (unsigned i = 0; i < PAGES; i++) {
        /* Where the page says how it is made, or anywhere in it. */
        size_t page = (size_t)dp_rng_below(&s->rng, data.len / PAGE_BYTES) * PAGE_BYTES;
        size_t at = page + (size_t)dp_rng_below(&s->rng, i % 3 == 0 ? PAGE_BYTES : 64);
        unsigned run = i % 2 == 0 ? 1 : 8;
        for (unsigned k = 0; k < run && at + k < data.len; k++)
            bytes_flip(data.path, (off_t)(at + k), (uint8_t)(1 + dp_rng_below(&s->rng, 255)));
        int check = proc_offline(&s->t.rig, v, "--fsck", NULL, said, sizeof said);
        int rc = live_on(s, v, good, &shown, text, sizeof text);
        put_back(&data);
        put_back(&life);
        CHECK(check == 0 || (check < 128 && strstr(said, "damaged") != NULL),
              "byte %zu: the check ended with %d and said: %s", at, check, said);
        /* What LMDB does with a bad page may end it anywhere: then it must be the page, and a word said. */
        found += check != 0;
        crashed += rc > 128;
        CHECK(rc <= 128 || (check != 0 && strstr(text, "run daipaod --fsck") != NULL),
              "byte %zu: ended by signal %d, the check with %d: %s", at, rc - 128, check, text);
        CHECK(rc == 0 || rc > 128 || strstr(text, "restore a backup") != NULL,
              "byte %zu: the daemon ended with %d and does not say what to do: %s", at, rc, text);
        /* LMDB does not see that a page above the records leads past some: the check does. */
        CHECK(rc != 0 || shown == all || strstr(text, "damaged") != NULL || check != 0 || told,
              "byte %zu: %u of %u cases are shown, and nothing is said: %s", at, shown, all, text);
        ended += rc != 0 && rc < 128;
        quiet += rc == 0 && strstr(text, "damaged") == NULL;
        partly += rc == 0 && strstr(text, "damaged") != NULL;
    }
    printf(
        "damage: %u damaged pages: %u ended the daemon with a reason, %u within LMDB, %u were withheld and "
        "named, %u met nothing that was read; the check "
        "found %u\n",
        PAGES, ended, crashed, partly, quiet, found);
    free(data.bytes);
    free(life.bytes);
}

static void cut_files(struct scene *s, struct proc_node *v, json_t *good)
{
    static const char *const names[] = {"store/data.mdb", "store/life",    "keys/sign.key", "keys/seal.key",
                                        "keys/curve.key", "keys/wrap.key", "keys/root.pin"};
    struct kept_file k, data, life;
    char text[16384], word[32];
    unsigned shown;
    keep_file(&data, v, "store/data.mdb");
    keep_file(&life, v, "store/life");
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        keep_file(&k, v, names[i]);
        const size_t lens[] = {0, 1, k.len / 3, k.len / 2, k.len - 1, 4096, 8192, k.len - 4096};
        for (unsigned c = 0; c < sizeof lens / sizeof lens[0]; c++) {
            if (lens[c] >= k.len)
                continue;
            CHECK(truncate(k.path, (off_t)lens[c]) == 0, "%s cannot be cut", k.path);
            int rc = live_on(s, v, good, &shown, text, sizeof text);
            put_back(&k);
            put_back(&data);
            put_back(&life);
            snprintf(word, sizeof word, "%s", i == 0 ? "restore a backup" : strrchr(names[i], '/') + 1);
            bool right = i == 1 ? rc == 0 && strstr(text, "stops issuing") != NULL
                                : rc != 0 && strstr(text, word) != NULL;
            /* Nothing lay behind the cut, and the store read all of itself to be sure. */
            right |= i == 0 && rc == 0 && shown == json_object_size(good) &&
                     strstr(text, "every record is there") != NULL;
            CHECK(right, "%s cut to %zu bytes: the daemon ended with %d and said: %s", names[i], lens[c], rc,
                  text);
        }
        free(k.bytes);
    }
    CHECK(live_on(s, v, good, &shown, text, sizeof text) == 0 && shown == json_object_size(good),
          "it does not start when all is put back: %s", text);
    free(data.bytes);
    free(life.bytes);
}

/* A changed byte in a key, or in what is remembered beside the store: never taken for the true one. */
static void changed_files(struct scene *s, struct proc_node *v, json_t *good)
{
    static const char *const names[] = {"store/life",     "keys/sign.key", "keys/seal.key",
                                        "keys/curve.key", "keys/wrap.key", "keys/root.pin"};
    struct kept_file k, data, life;
    char text[16384];
    unsigned shown;
    keep_file(&data, v, "store/data.mdb");
    keep_file(&life, v, "store/life");
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        keep_file(&k, v, names[i]);
        for (unsigned c = 0; c < CHANGES; c++) {
            size_t at = dp_rng_below(&s->rng, k.len);
            bytes_flip(k.path, (off_t)at, (uint8_t)(1 + dp_rng_below(&s->rng, 255)));
            int rc = live_on(s, v, good, &shown, text, sizeof text);
            put_back(&k);
            put_back(&data);
            put_back(&life);
            bool named = strstr(text, strrchr(names[i], '/') + 1) != NULL;
            CHECK(i == 0 ? rc == 0 && strstr(text, "stops issuing") != NULL : rc != 0 && rc < 128 && named,
                  "%s changed at byte %zu: the daemon ended with %d and said: %s", names[i], at, rc, text);
        }
        free(k.bytes);
    }
    free(data.bytes);
    free(life.bytes);
}

/* One letter of a name: the file and the line are named. */
static void changed_configuration(struct scene *s, struct proc_node *v, json_t *good)
{
    char text[16384];
    unsigned shown;
    snprintf(v->conf, sizeof v->conf, "[store]\nfree-mhn = 1%%\n");
    int rc = live_on(s, v, good, &shown, text, sizeof text);
    v->conf[0] = '\0';
    CHECK(rc == dp_err_exit(DP_CONFIG) && strstr(text, "daipaod.conf:") != NULL &&
              strstr(text, "free-mhn") != NULL,
          "a changed configuration: the daemon ended with %d and said: %s", rc, text);
}

int main(int argc, char **argv)
{
    static struct scene s;
    struct act_result r;
    struct act_matter m = {.content = "the bridge is down"};
    if (argc < 3) {
        fprintf(stderr, "usage: test_system_ruin DAIPAOD DAIPAOD_PROBE [SEED]\n");
        return 2;
    }
    dp_rng_seed(&s.rng, argc > 3 ? strtoull(argv[3], NULL, 0) : 7);
    tree_grow(&s.t, argv[1], false, NULL, NULL);
    struct proc_node *v = s.t.village;
    for (unsigned i = 0; i < CASES; i++)
        CHECK(act_register(v, NULL, &m, &r) == DP_OK, "no registration: %s", r.text);
    act_wait_same(v, s.t.township, VILLAGE, 20);
    json_t *good = act_digests(v, "");
    CHECK(json_object_size(good) == CASES, "no cases");
    proc_kill(v, SIGTERM);
    /* What a damaged store sends must not reach its parent: when the store is put back that would be a store
     * that was set back, and the node would rightly stop (R-HEL-3). */
    proc_kill(s.t.township, SIGTERM);
    damaged_pages(&s, v, good);
    cut_files(&s, v, good);
    changed_files(&s, v, good);
    changed_configuration(&s, v, good);
    json_decref(good);
    proc_free(&s.t.rig);
    return 0;
}
