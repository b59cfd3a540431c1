/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power goes, at every sync of a history. A township on LMDB between a county and a village in one
 * process, on virtual time; before each sync a copy of the process (fork) finds the township's disk as it may
 * look afterwards, opens it, checks it, and goes on to the end of the history with the same neighbours, who
 * know what they had been told. Nothing that was acknowledged may be gone, the life file must fit, all
 * nodes must show the same, and the history must have meant what it means undisturbed (R-STO-1, R-STO-3).
 *
 *   fault_power STRIDE [FIRST [KEPT [SEED]]]    every STRIDE-th sync from FIRST on; KEPT: one kind of loss
 *   fault_power lie       on a disk whose syncs do nothing: this must be found, or the test sees nothing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"
#include "node/fsck.h"
#include "store/backup.h"
#include "store/kv_lmdb.h"
#include "support/cluster.h"

#define COUNTY "331023000000"
#define TOWNSHIP "331023105000"
#define VILLAGE "331023105200"
#define CASES 6
#define MEANING 16384
#define SETTLE_MS 600000
#define SOME 3 /* random parts of what was not synced, per sync */

enum who { AT_COUNTY, AT_TOWNSHIP, AT_VILLAGE };

/* One thing that an office does to case `of`; `to` as the kind needs it. */
struct deed {
    enum who who;
    uint32_t kind; /* 0: the township stops and starts */
    unsigned of;
    const char *to;
};

static const struct deed script[] = {
    {AT_VILLAGE, DP_KIND_REGISTER, 0, NULL},
    {AT_TOWNSHIP, DP_KIND_REGISTER, 1, NULL},
    {AT_VILLAGE, DP_KIND_REFER_UP, 0, TOWNSHIP "/bureau"},
    {AT_TOWNSHIP, DP_KIND_ACCEPT, 0, ""},
    {AT_TOWNSHIP, DP_KIND_NOTE, 0, ""},
    {AT_TOWNSHIP, DP_KIND_REFER_UP, 1, COUNTY "/bureau"},
    {AT_COUNTY, DP_KIND_ACCEPT, 1, ""},
    {AT_TOWNSHIP, 0, 0, NULL},
    {AT_COUNTY, DP_KIND_REGISTER, 2, NULL},
    {AT_COUNTY, DP_KIND_TRANSFER, 2, TOWNSHIP "/bureau"},
    {AT_TOWNSHIP, DP_KIND_ACCEPT, 2, ""},
    {AT_TOWNSHIP, DP_KIND_ERASE, 0, ""},
    {AT_TOWNSHIP, DP_KIND_REGISTER, 3, NULL},
    {AT_TOWNSHIP, DP_KIND_ERASE, 3, ""},
    {AT_TOWNSHIP, DP_KIND_TRANSFER, 3, VILLAGE "/station"},
    {AT_VILLAGE, DP_KIND_SIGN, 3, ""},
    {AT_TOWNSHIP, 0, 0, NULL},
    {AT_VILLAGE, DP_KIND_NOTE, 3, ""},
};
#define DEEDS (sizeof script / sizeof script[0])

struct scene {
    struct cluster *c;
    struct cl_node *county, *township, *village;
    char dir[CL_DIR_MAX]; /* of the township */
    char store[CL_DIR_MAX + 16];
    struct dp_life_place place;
    struct dp_life_keeper *life;
    unsigned at; /* deed under way */
    bool done;   /* and acknowledged */
    bool retry;  /* a process died over it */
    struct dp_name cases[CASES];
    struct dp_name acked[DEEDS]; /* by the township, in order */
    unsigned acked_n;
    /* which cuts */
    uint64_t stride, first, seed;
    int only;
    unsigned cuts, failed;
    char *meaning; /* of the undisturbed history; shared */
};

/* In whatever process this is. */
#define MUST(cond, ...)                                                                                      \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            fprintf(stderr, "power: %s:%d: %s: ", __FILE__, __LINE__, #cond);                                \
            fprintf(stderr, __VA_ARGS__);                                                                    \
            fprintf(stderr, "\n");                                                                           \
            fflush(NULL);                                                                                    \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

static struct cl_node *node_of(struct scene *s, enum who who)
{
    return who == AT_COUNTY ? s->county : who == AT_TOWNSHIP ? s->township : s->village;
}

/* ---- the township as a process ---- */

static void stand_up(struct scene *s)
{
    char why[512] = "";
    enum dp_life_state state;
    struct dp_life life;
    snprintf(s->store, sizeof s->store, "%s/store", s->township->dir);
    s->place = (struct dp_life_place){.dir = s->store};
    enum dp_err e = dp_kv_lmdb_open(s->store, 64u << 20, &s->township->kv, why, sizeof why);
    MUST(e == DP_OK, "the store does not open: %s", why);
    MUST(dp_life_check(s->township->kv, &s->place, &state, &life) == DP_OK && state == DP_LIFE_OK,
         "the life file does not fit: %s", dp_life_text(state));
    MUST(dp_life_resume(s->township->kv, &s->place, &s->life) == DP_OK, "no life");
    cl_start(s->township);
    dp_daemon_life(s->township->d, s->life);
}

/* As the shell stops: life file last. Keys are read again at the start. */
static void stop_and_start(struct scene *s)
{
    struct cl_node *t = s->township;
    dp_daemon_free(&t->d);
    dp_keyring_free(&t->kr);
    MUST(dp_life_stop(&s->life) == DP_OK, "the life file cannot be written");
    t->kv->ops->close(&t->kv);
    for (uint32_t i = 0; i < s->c->link_count; i++)
        cl_break(s->c, s->c->links[i], true);
    stand_up(s);
}

/* The township's store moves from memory to LMDB and begins a life there. */
static void move_to_disk(struct scene *s)
{
    struct cl_node *t = s->township;
    struct dp_kv *mem = t->kv;
    char why[512] = "", file[CL_DIR_MAX + 16];
    static const uint8_t id[DP_LIFE_ID] = {1};
    dp_daemon_free(&t->d);
    dp_keyring_free(&t->kr);
    snprintf(s->dir, sizeof s->dir, "%s", t->dir);
    snprintf(s->store, sizeof s->store, "%s/store", t->dir);
    snprintf(file, sizeof file, "%s/moved", t->dir);
    s->place = (struct dp_life_place){.dir = s->store};
    MUST(mem->ops->backup(mem, file) == DP_OK, "no backup");
    MUST(dp_kv_lmdb_open(s->store, 64u << 20, &t->kv, why, sizeof why) == DP_OK, "%s", why);
    MUST(dp_backup_read(t->kv, file, NULL, NULL) == DP_OK, "the backup cannot be read");
    MUST(dp_life_begin(t->kv, &s->place, id, 1, &s->life) == DP_OK, "no life");
    MUST(dp_life_stop(&s->life) == DP_OK, "no life file");
    t->kv->ops->close(&t->kv);
    mem->ops->close(&mem);
    unlink(file);
    for (uint32_t i = 0; i < s->c->link_count; i++)
        cl_break(s->c, s->c->links[i], true);
}

/* ---- the history ---- */

static bool load(struct cl_node *n, const struct dp_name *of, struct dp_casefile *f)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of};
    struct dp_slice packed;
    dp_casefile_init(f, &s);
    MUST(dp_db_begin(&db, false) == DP_OK, "no look into a store");
    enum dp_err e = dp_db_case(&db, &s, &packed);
    if (e == DP_OK)
        e = dp_casefile_unpack(packed, f);
    dp_db_abort(&db);
    return e == DP_OK;
}

/* Entries of a kind that the node itself issued in the case. */
static unsigned issued(struct cl_node *n, const struct dp_name *of, uint32_t kind)
{
    struct dp_casefile f;
    unsigned count = 0;
    if (load(n, of, &f))
        for (uint32_t i = 0; i < f.count; i++)
            count += f.facts[i].e.kind == kind && dp_node_eq(f.facts[i].e.name.origin, n->id);
    dp_casefile_fini(&f);
    return count;
}

/* How many the script had it issue before this deed. */
static unsigned wanted(const struct scene *s)
{
    unsigned count = 0;
    for (unsigned i = 0; i < s->at; i++)
        count += script[i].kind == script[s->at].kind && script[i].of == script[s->at].of &&
                 script[i].who == script[s->at].who;
    return count;
}

static void build(struct scene *s, struct cl_command *x, char name[DP_NAME_TEXT], char source[24])
{
    const struct deed *a = &script[s->at];
    if (a->kind == DP_KIND_REGISTER) {
        struct dp_intake *in = cl_intake(x, "petitioner", "the well of the lower village is dry");
        snprintf(source, 24, "case-%u", a->of);
        in->source_system = "power";
        in->source_no = source;
        return;
    }
    dp_name_format(&s->cases[a->of], name);
    struct dp_step *step = cl_step(x, (enum dp_kind)a->kind, name);
    step->to = a->to;
    if (a->kind == DP_KIND_NOTE)
        cl_text(x, "asked the neighbours");
    if (a->kind == DP_KIND_ERASE) {
        step->other = name;
        step->index = 1;
        step->code = 1;
    }
}

static void act(struct scene *s)
{
    const struct deed *a = &script[s->at];
    struct cl_node *n = node_of(s, a->who);
    struct cl_command x;
    char name[DP_NAME_TEXT], source[24];
    if (a->kind == 0) {
        if (!s->retry)
            stop_and_start(s);
        s->done = true;
        return;
    }
    if (s->retry && a->kind != DP_KIND_REGISTER && issued(n, &s->cases[a->of], a->kind) > wanted(s)) {
        s->done = true; /* durable, and nobody was told */
        return;
    }
    build(s, &x, name, source);
    struct cl_result r = cl_do(n, &x);
    MUST(r.answered && (r.err == DP_OK || (s->retry && r.err == DP_DUPLICATE)), "deed %u: %u %s", s->at,
         (unsigned)r.err, r.text);
    if (a->kind == DP_KIND_REGISTER)
        s->cases[a->of] = r.name;
    if (a->who == AT_TOWNSHIP)
        s->acked[s->acked_n++] = r.name;
    s->done = true;
}

static void play(struct scene *s)
{
    for (; s->at < DEEDS; s->at++, s->done = false, s->retry = false) {
        if (!s->done)
            act(s);
        MUST(cluster_settle(s->c, SETTLE_MS), "the nodes do not come to rest after deed %u", s->at);
        MUST(dp_life_refresh(s->life) == DP_OK, "the life file cannot be written");
    }
}

/* ---- what must hold at the end ---- */

/* What happened in each case, without times and numbers of entries. */
static void tell(struct scene *s, char *out)
{
    size_t len = 0;
    for (unsigned i = 0; i < 4; i++) {
        struct dp_casefile f;
        MUST(load(s->county, &s->cases[i], &f), "case %u is not at the county", i);
        for (uint32_t k = 0; k < f.count; k++) {
            const struct dp_fact *x = &f.facts[k];
            char at[DP_OFFICE_TEXT];
            dp_office_format(&x->e.office, at);
            len += (size_t)snprintf(out + len, MEANING - len, "%u %u %s %u %u re %d\n", i, x->e.kind, at,
                                    (unsigned)x->verdict, x->e.part_count, (int)x->re);
        }
        dp_casefile_fini(&f);
    }
}

static void verify(struct scene *s)
{
    struct cl_node *all[] = {s->county, s->township, s->village};
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < 2; k++) {
            struct dp_digest a, b;
            struct dp_subject subject = {.type = DP_SUBJECT_CASE, .name = s->cases[i]};
            bool upper = cl_digest(all[k], &subject, &a), lower = cl_digest(all[k + 1], &subject, &b);
            MUST(!lower || (upper && dp_digest_eq(&a, &b)), "case %u differs between %s and %s", i,
                 all[k]->text, all[k + 1]->text);
        }
    for (unsigned k = 0; k < 3; k++)
        MUST(dp_daemon_stopped(all[k]->d) == DP_STOP_NONE, "%s stopped issuing", all[k]->text);
    MUST(s->township->kr->wrap_generation >= 3 && !s->township->d->rotate_due,
         "after two erasures the wrapping key has generation %u%s", s->township->kr->wrap_generation,
         s->township->d->rotate_due ? " and is to change" : "");
}

/* The whole history undisturbed, in a process of its own. */
static void undisturbed(struct scene *s)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        char to[CL_DIR_MAX + 16];
        disk_watch(s->dir, NULL, NULL);
        snprintf(to, sizeof to, "%s.calm", s->dir);
        disk_lay(to, DISK_ALL, 0);
        MUST((size_t)snprintf(s->township->dir, sizeof s->township->dir, "%s", to) < sizeof s->township->dir,
             "a long path");
        stand_up(s);
        play(s);
        verify(s);
        tell(s, s->meaning);
        _exit(0);
    }
    MUST(waitpid(pid, &status, 0) == pid && status == 0, "the undisturbed history fails");
}

/* ---- the cut ---- */

static void check_disk(struct scene *s)
{
    struct dp_keyring *kr = NULL;
    struct dp_keyring_why kwhy = {0};
    char why[512] = "", keys[CL_DIR_MAX + 16], *text = NULL;
    size_t len = 0;
    struct dp_kv *kv;
    FILE *to = open_memstream(&text, &len);
    snprintf(keys, sizeof keys, "%s/keys", s->township->dir);
    snprintf(s->store, sizeof s->store, "%s/store", s->township->dir);
    MUST(dp_keyring_load(keys, &kr, &kwhy) == DP_OK, "%s: %s", kwhy.path, dp_keyring_fault_text(kwhy.fault));
    MUST(dp_kv_lmdb_open(s->store, 64u << 20, &kv, why, sizeof why) == DP_OK, "%s", why);
    enum dp_err e = dp_fsck(kv, kr, to);
    fclose(to);
    MUST(e == DP_OK, "the store is not sound: %s", text);
    free(text);
    kv->ops->close(&kv);
    dp_keyring_free(&kr);
}

/* In a copy of the process: the township as the cut left it, its neighbours as they are. */
static void after_cut(struct scene *s, uint64_t number, enum disk_kept kept, uint64_t seed)
{
    struct cl_node *t = s->township;
    char to[CL_DIR_MAX + 64];
    snprintf(to, sizeof to, "%s.%llu.%d.%llu", s->dir, (unsigned long long)number, (int)kept,
             (unsigned long long)seed);
    disk_lay(to, kept, seed);
    t->d = NULL; /* what it had in memory is gone with it */
    t->kr = NULL;
    t->kv = NULL;
    t->dead = t->pump_due = false;
    s->life = NULL;
    MUST((size_t)snprintf(t->dir, sizeof t->dir, "%s", to) < sizeof t->dir, "a long path");
    for (uint32_t i = 0; i < s->c->link_count; i++)
        cl_break(s->c, s->c->links[i], true);
    check_disk(s);
    stand_up(s);
    for (unsigned i = 0; i < s->acked_n; i++) {
        struct dp_db db = {.kv = t->kv};
        uint64_t no;
        uint16_t piece;
        struct dp_slice own;
        MUST(dp_db_begin(&db, false) == DP_OK, "no look into the store");
        MUST(dp_db_own(&db, s->acked[i].seq, &own) == DP_OK ||
                 dp_db_seq(&db, &s->acked[i], &no, &piece) == DP_OK,
             "entry %llu was acknowledged and is gone", (unsigned long long)s->acked[i].seq);
        dp_db_abort(&db);
    }
    s->retry = !s->done;
    play(s);
    verify(s);
    char meaning[MEANING] = "";
    tell(s, meaning);
    MUST(strcmp(meaning, s->meaning) == 0, "it came to mean something else:\n%s---- undisturbed:\n%s",
         meaning, s->meaning);
    _exit(0);
}

static void cut(struct scene *s, uint64_t number, enum disk_kept kept, uint64_t seed)
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        after_cut(s, number, kept, seed);
    waitpid(pid, &status, 0);
    s->cuts++;
    char rm[CL_DIR_MAX + 96];
    snprintf(rm, sizeof rm, "rm -rf '%s.%llu.%d.%llu'", s->dir, (unsigned long long)number, (int)kept,
             (unsigned long long)seed);
    if (status != 0) {
        s->failed++;
        fprintf(stderr, "power: sync %llu, kept %d, seed %llu: in deed %u%s: status %x\n",
                (unsigned long long)number, (int)kept, (unsigned long long)seed, s->at,
                s->done ? " (done)" : "", (unsigned)status);
    } else if (system(rm) != 0) {
        fprintf(stderr, "power: an image stays\n");
    }
}

static void before_sync(void *ctx, uint64_t number)
{
    struct scene *s = ctx;
    if (number < s->first || (number - s->first) % s->stride != 0)
        return;
    for (int kept = DISK_SYNCED; kept <= DISK_SOME; kept++)
        for (uint64_t i = 0; i < (kept == DISK_SOME ? SOME : 1); i++)
            if (s->only < 0 || s->only == kept)
                cut(s, number, (enum disk_kept)kept, s->seed + number * SOME + i);
}

int main(int argc, char **argv)
{
    static struct scene s;
    bool lie = argc > 1 && strcmp(argv[1], "lie") == 0;
    s.stride = lie ? 20 : argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    s.first = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
    s.only = argc > 3 ? atoi(argv[3]) : -1;
    s.seed = argc > 4 ? strtoull(argv[4], NULL, 0) : 1;
    s.meaning = mmap(NULL, MEANING, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(s.meaning != MAP_FAILED && s.stride > 0, "usage: fault_power STRIDE [FIRST [KEPT [SEED]]]");
    s.c = cluster_new(s.seed);
    s.county = cl_root(s.c, COUNTY);
    s.township = cl_enroll(s.c, s.county, TOWNSHIP);
    s.village = cl_enroll(s.c, s.township, VILLAGE);
    MUST(cluster_settle(s.c, SETTLE_MS), "no start");
    move_to_disk(&s);
    undisturbed(&s);
    disk_watch(s.dir, before_sync, &s);
    if (lie)
        disk_lie();
    stand_up(&s);
    play(&s);
    verify(&s);
    printf("power: %llu syncs in the history, %u cuts, %u failed\n", (unsigned long long)disk_syncs(), s.cuts,
           s.failed);
    disk_forget();
    dp_daemon_life(s.township->d, NULL);
    dp_life_drop(&s.life);
    dp_daemon_free(&s.township->d);
    s.township->kv->ops->close(&s.township->kv);
    MUST(dp_kv_mem_open(&s.township->kv) == DP_OK, "no memory"); /* so that it is a cluster as usual */
    cluster_free(&s.c);
    return (s.failed > 0) == lie && s.cuts > 0 ? 0 : 1;
}
