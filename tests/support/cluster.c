/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of a cluster and their turns: see cluster.h. */
#include "support/cluster.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/random.h"
#include "support/cluster_inner.h"
#include "support/cmocka_all.h"

#define BATCH_MAX 8
#define HWM 16
#define REDIAL_MS 2000
#define RESTART_MS 5000

/* ---- the ports of a node ---- */

int64_t cl_wall_ms(const struct cl_node *n)
{
    int64_t fast = (n->c->now_ms - n->clock_from_ms) / 1000 * n->clock_fast_ppm / 1000;
    return CL_EPOCH_MS + n->c->now_ms + n->clock_off_ms + fast;
}

static int64_t wall_ms(void *ctx)
{
    return cl_wall_ms(ctx);
}

static int64_t mono_ms(void *ctx)
{
    const struct cl_node *n = ctx;
    return n->c->now_ms;
}

static bool synced(void *ctx)
{
    const struct cl_node *n = ctx;
    return !n->clock_unsynced;
}

static void reply(void *ctx, uint64_t conn, struct dp_slice bytes)
{
    struct cl_node *n = ctx;
    n->c->answers += !n->dead && conn == n->c->conn;
    if (n->dead || conn != n->c->conn || n->c->replied)
        return; /* who asked goes by the first answer */
    dp_buf_reset(&n->c->reply);
    assert_ok(dp_buf_put(&n->c->reply, bytes.p, bytes.len));
    n->c->replied = true;
}

static void put_enroll(struct cl_node *to, struct dp_slice head, struct dp_slice bytes)
{
    struct cluster *c = to->c;
    cl_queue_put(&to->enroll, head, bytes, c->now_us, c->now_us + CL_LATENCY_US);
    cl_want(to, to->enroll.first->at_us);
}

static void enroll_reply(void *ctx, uint64_t conn, struct dp_slice bytes)
{
    struct cl_node *n = ctx;
    static const uint8_t head[8];
    if (!n->dead && conn < n->c->node_count)
        put_enroll(n->c->nodes[conn], dp_slice_of(head, sizeof(head)), bytes);
}

/* Most turns only listen and answer: whoever waits for one with work in it hits what a death can spoil. */
static bool brings_work(const struct dp_daemon *d)
{
    bool any = d->feed_count > 0;
    for (uint32_t i = 0; i < d->peer_count; i++)
        for (uint8_t lane = 0; lane < DP_LANES; lane++)
            any = any || d->peers[i]->applied[lane] != 0;
    return any;
}

static bool dies(const struct cl_node *n, enum cl_crash where)
{
    return n->crash_next == where && (!n->crash_waits || brings_work(n->d));
}

static void on_commit(void *ctx)
{
    struct cl_node *n = ctx;
    if (n->c->watch.committed != NULL)
        n->c->watch.committed(n->c->watch.ctx, n);
    if (dies(n, CL_CRASH_AFTER_COMMIT))
        n->dead = true;
}

/* ---- stores ---- */

static struct dp_kv *mem_open(void *ctx, struct cl_node *n)
{
    struct dp_kv *kv;
    (void)ctx;
    (void)n;
    assert_ok(dp_kv_mem_open(&kv));
    return kv;
}

static void mem_crash(void *ctx, struct cl_node *n)
{
    (void)ctx;
    dp_kv_mem_crash(n->kv);
}

/* ---- cluster ---- */

static void log_line(void *ctx, enum dp_log_level level, const char *line)
{
    (void)ctx;
    static const char letters[] = "EWNID";
    fprintf(stderr, "%c %s\n", letters[level], line);
}

static struct cluster *alloc_cluster(uint64_t seed)
{
    struct cluster *c = calloc(1, sizeof(*c));
    assert_non_null(c);
    dp_rng_seed(&c->rng, seed);
    c->salt = dp_rng_u64(&c->rng);
    c->now_ms = 1000;
    c->now_us = c->now_ms * 1000;
    c->batch_max = BATCH_MAX;
    c->hwm = HWM;
    c->redial_ms = REDIAL_MS;
    c->stores = (struct cl_stores){mem_open, mem_crash, NULL};
    c->options = (struct dp_daemon_options){
        .cache_facts = 2000, .max_skew_ms = 300000, .zstd_level = 3, .post_every = 5};
    dp_buf_init(&c->reply, 64u << 20);
    const char *level = getenv("CLUSTER_LOG");
    dp_log_set(level != NULL ? log_line : NULL, NULL,
               level != NULL ? (enum dp_log_level)atoi(level) : DP_LOG_ERROR);
    return c;
}

void cluster_reseed(struct cluster *c, uint64_t seed)
{
    dp_rng_seed(&c->rng, seed);
    c->salt = dp_rng_u64(&c->rng);
    for (uint32_t i = 0; i < c->node_count; i++) {
        dp_rng_seed(&c->nodes[i]->rng, dp_rng_u64(&c->rng));
        dp_rng_seed(&c->nodes[i]->dice, dp_rng_u64(&c->rng));
    }
    for (uint32_t i = 0; i < c->link_count; i++)
        dp_rng_seed(&c->links[i]->dice, dp_rng_u64(&c->rng));
}

static void make_dir(struct cluster *c)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/daipao-cluster-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    c->dir = strdup(mkdtemp(path));
    assert_non_null(c->dir);
}

struct cluster *cluster_new(uint64_t seed)
{
    struct cluster *c = alloc_cluster(seed);
    make_dir(c);
    return c;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void cluster_remove_dir(struct cluster *c)
{
    if (c->dir != NULL)
        (void)nftw(c->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(c->dir);
    c->dir = NULL;
}

static void free_node(struct cl_node *n)
{
    dp_daemon_free(&n->d);
    dp_keyring_free(&n->kr);
    n->kv->ops->close(&n->kv);
    cl_queue_clear(&n->enroll);
    free(n->lines);
    free(n);
}

void cluster_free(struct cluster **cp)
{
    struct cluster *c = *cp;
    *cp = NULL;
    if (c == NULL)
        return;
    for (uint32_t i = 0; i < c->node_count; i++)
        free_node(c->nodes[i]);
    for (uint32_t i = 0; i < c->link_count; i++) {
        cl_queue_clear(&c->links[i]->q[0]);
        cl_queue_clear(&c->links[i]->q[1]);
        free(c->links[i]);
    }
    cluster_remove_dir(c);
    free(c->heap);
    dp_buf_fini(&c->reply);
    free(c);
}

/* ---- processes ---- */

/* Without a store yet; `kv` NULL = an empty one. */
struct cl_node *cl_process(struct cluster *c, struct dp_node id, const char *dir, struct dp_kv *kv)
{
    assert_true(c->node_count < CL_NODES_MAX);
    struct cl_node *n = calloc(1, sizeof(*n));
    assert_non_null(n);
    n->c = c;
    n->index = c->node_count;
    n->id = id;
    dp_node_format(id, n->text);
    snprintf(n->dir, sizeof(n->dir), "%s", dir);
    n->restart_ms = INT64_MAX;
    cl_queue_init(&n->enroll);
    dp_rng_seed(&n->rng, dp_rng_u64(&c->rng));
    dp_rng_seed(&n->dice, dp_rng_u64(&c->rng));
    cl_event_init(c, &n->next, cl_node_fired, n);
    n->kv = kv != NULL ? kv : c->stores.open(c->stores.ctx, n);
    c->nodes[c->node_count++] = n;
    return n;
}

static void hold(void *ctx, bool stopped)
{
    struct cl_node *n = ctx;
    n->halted = stopped;
}

void cl_start(struct cl_node *n)
{
    char keys[CL_DIR_MAX + 8];
    struct dp_keyring_why why;
    struct dp_daemon_options opt = n->c->options;
    if (n->d != NULL)
        return;
    snprintf(keys, sizeof(keys), "%s/keys", n->dir);
    enum dp_err e = n->kr != NULL ? DP_OK : dp_keyring_load(keys, &n->kr, &why);
    assert_true(e == DP_OK || e == DP_NOT_FOUND);
    opt.data_dir = n->dir;
    opt.parent_address = n->text;
    struct dp_ports ports = {
        .kv = n->kv,
        .random = dp_random_seeded(&n->rng),
        .clock = {wall_ms, mono_ms, synced, n},
        .transport = {cl_line_send, cl_line_drop, reply, enroll_reply, n},
        .beside = {hold, n},
    };
    e = dp_daemon_new(&ports, &opt, n->kr, &n->d);
    if (e == DP_FULL || e == DP_IO) { /* the service manager tries again */
        n->restart_ms = n->c->now_ms + RESTART_MS;
        cl_plan(n);
        return;
    }
    assert_ok(e);
    if (n->halted)
        dp_daemon_stop_issuing(n->d, DP_STOP_RESTORED, dp_life_text(DP_LIFE_HALTED_HERE), false);
    dp_daemon_probe(n->d, on_commit, n);
    n->restart_ms = INT64_MAX;
    n->dead = false;
    if (n->c->watch.started != NULL)
        n->c->watch.started(n->c->watch.ctx, n);
    cl_plan(n);
}

void cl_kill(struct cl_node *n, int64_t ms)
{
    dp_daemon_free(&n->d);
    n->c->stores.crash(n->c->stores.ctx, n);
    n->crash_next = CL_CRASH_NONE;
    n->crash_waits = n->dead = false;
    n->pump_due = false;
    n->busy_us = 0;
    n->restart_ms = ms < 0 ? INT64_MAX : n->c->now_ms + ms;
    cl_queue_clear(&n->enroll);
    cl_lines_lost(n);
    if (n->c->watch.died != NULL)
        n->c->watch.died(n->c->watch.ctx, n);
    cl_plan(n);
}

struct cl_node *cl_add(struct cluster *c, const char *text)
{
    struct dp_node id;
    char dir[CL_DIR_MAX];
    assert_ok(dp_node_parse(dp_slice_str(text), &id));
    snprintf(dir, sizeof(dir), "%s/%u", c->dir, c->node_count);
    assert_int_equal(mkdir(dir, 0700), 0);
    struct cl_node *n = cl_process(c, id, dir, NULL);
    cl_start(n);
    return n;
}

struct cl_node *cl_node(struct cluster *c, const char *text)
{
    for (uint32_t i = 0; i < c->node_count; i++)
        if (strcmp(c->nodes[i]->text, text) == 0)
            return c->nodes[i];
    fail_msg("no node %s", text);
    return NULL;
}

static void copy_table(struct dp_kv_txn *from, const struct dp_kv_ops *ops, struct dp_kv_txn *to,
                       const struct dp_kv_ops *to_ops, unsigned table)
{
    struct dp_kv_cur *cur;
    struct dp_slice k, v;
    assert_ok(ops->cur_open(from, table, &cur));
    for (enum dp_err e = ops->cur_seek(cur, DP_KV_FIRST, dp_slice_of(NULL, 0), &k, &v); e == DP_OK;
         e = ops->cur_next(cur, &k, &v))
        to_ops->put(to, table, k, v);
    ops->cur_close(cur);
}

void cl_copy_store(const struct dp_kv *of, struct dp_kv *kv)
{
    struct dp_kv_txn *from, *to;
    assert_ok(of->ops->begin((struct dp_kv *)(uintptr_t)of, false, &from));
    assert_ok(kv->ops->begin(kv, true, &to));
    for (unsigned t = 0; t < DP_KV_TABLES_MAX; t++)
        copy_table(from, of->ops, to, kv->ops, t);
    of->ops->abort(from);
    assert_ok(kv->ops->commit(to));
}

struct dp_kv *cl_snapshot(const struct cl_node *n)
{
    struct dp_kv *kv;
    assert_ok(dp_kv_mem_open(&kv));
    cl_copy_store(n->kv, kv);
    return kv;
}

static void copy_file(const char *from, const char *to)
{
    uint8_t b[4096];
    size_t len;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    while ((len = fread(b, 1, sizeof(b), in)) > 0)
        assert_int_equal(fwrite(b, 1, len, out), len);
    fclose(in);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(to, 0600), 0);
}

/* A folder of its own: what changes in the keys of a copy changes in those of no other. */
static void copy_keys(const struct cluster *c, const struct cl_node *of, char dir[CL_DIR_MAX])
{
    char from[CL_DIR_MAX + 300], to[CL_DIR_MAX + 300];
    const struct dirent *e;
    assert_true(snprintf(dir, CL_DIR_MAX, "%.90s/%u", c->dir, c->node_count) < CL_DIR_MAX);
    assert_int_equal(mkdir(dir, 0700), 0);
    snprintf(from, sizeof(from), "%s/keys", of->dir);
    snprintf(to, sizeof(to), "%s/keys", dir);
    DIR *d = opendir(from);
    if (d == NULL)
        return;
    assert_int_equal(mkdir(to, 0700), 0);
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(from, sizeof(from), "%s/keys/%s", of->dir, e->d_name);
        snprintf(to, sizeof(to), "%s/keys/%s", dir, e->d_name);
        copy_file(from, to);
    }
    closedir(d);
}

/* A process on a copy of the store of another. */
static struct cl_node *copy_process(struct cluster *c, const struct cl_node *of, const char *dir)
{
    struct cl_node *n = cl_process(c, of->id, dir, NULL);
    cl_copy_store(of->kv, n->kv);
    n->halted = of->halted;
    return n;
}

void cl_replace(struct cl_node *n, struct dp_kv *kv)
{
    cl_kill(n, -1);
    n->kv->ops->close(&n->kv);
    n->kv = kv;
    n->halted = false; /* the machine as a whole goes back */
    n->c->swapped = true;
    cl_start(n);
}

void cl_renew(struct cl_node *n, const struct cl_node *peer)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_peer_row row;
    uint32_t epochs[DP_LANES];
    cl_kill(n, -1);
    for (unsigned i = 0; i < DP_LANES; i++)
        epochs[i] = 1 + (uint32_t)dp_rng_below(&n->rng, UINT32_MAX);
    assert_ok(dp_db_begin(&db, true));
    if (dp_db_peer(&db, peer->id, &row) == DP_OK)
        dp_db_journals_renew(&db, peer->id, epochs, &row);
    assert_ok(dp_db_commit(&db));
    cl_start(n);
}

/* As it is in memory: the folder may be that of other histories. */
static struct dp_keyring *copy_keyring(const struct cl_node *n)
{
    char keys[CL_DIR_MAX + 8];
    struct dp_keyring *kr = NULL;
    struct dp_keyring_why why;
    const struct dp_keyring *of = n->d != NULL ? n->d->kr : n->kr;
    snprintf(keys, sizeof(keys), "%s/keys", n->dir);
    if (dp_keyring_load(keys, &kr, &why) != DP_OK || of == NULL)
        return kr;
    size_t len = (size_t)of->wrap.count * DP_KEYTREE_NODE_BYTES;
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    dp_keytree_put(&of->wrap, bytes);
    dp_keytree_fini(&kr->wrap);
    assert_ok(dp_keytree_get(dp_slice_of(bytes, len), &kr->wrap));
    kr->wrap_generation = of->wrap_generation;
    free(bytes);
    return kr;
}

struct cl_node *cl_clone(struct cl_node *n)
{
    struct cl_node *twin = copy_process(n->c, n, n->dir);
    twin->kr = copy_keyring(n);
    struct cl_link *l = cl_link_of(n->c, n);
    cl_start(twin);
    if (l != NULL)
        cl_lay(n->c, twin, cl_parent_of(l, n->c));
    return twin;
}

struct cluster *cluster_copy(struct cluster *of, uint64_t seed)
{
    struct cluster *c = alloc_cluster(seed);
    c->now_us = of->now_us;
    c->now_ms = of->now_ms;
    c->options = of->options;
    c->batch_max = of->batch_max;
    c->hwm = of->hwm;
    c->tidy_late_ms = of->tidy_late_ms;
    c->redial_doubles = of->redial_doubles;
    c->stores = of->stores;
    make_dir(c);
    for (uint32_t i = 0; i < of->node_count; i++) {
        char dir[CL_DIR_MAX];
        copy_keys(c, of->nodes[i], dir);
        cl_start(copy_process(c, of->nodes[i], dir));
    }
    for (uint32_t i = 0; i < of->link_count; i++) {
        const struct cl_link *was = of->links[i];
        struct cl_link *l = cl_lay(c, c->nodes[was->child], c->nodes[was->parent]);
        l->latency_us = was->latency_us;
        l->rate_bps = was->rate_bps;
    }
    return c;
}

/* ---- turns ---- */

void cl_end_turn(struct cl_node *n)
{
    struct cluster *c = n->c;
    enum cl_crash crash = n->crash_next;
    enum dp_err e = DP_OK;
    n->turns++;
    if (dies(n, CL_CRASH_BEFORE_COMMIT))
        n->dead = true;
    else
        e = dp_daemon_end(n->d);
    n->busy_us = c->now_us + n->commit_us;
    if (!n->dead) {
        if (c->watch.turned != NULL)
            c->watch.turned(c->watch.ctx, n, e != DP_OK);
        return;
    }
    n->crashes_before += crash == CL_CRASH_BEFORE_COMMIT;
    n->crashes_after += crash == CL_CRASH_AFTER_COMMIT;
    c->crashes_before += crash == CL_CRASH_BEFORE_COMMIT;
    c->crashes_after += crash == CL_CRASH_AFTER_COMMIT;
    cl_kill(n, (int64_t)dp_rng_below(&n->dice, 5000));
}

static void tell_line(struct cl_node *n, struct cl_link *l)
{
    struct cluster *c = n->c;
    if (cl_parent_of(l, c) == n && l->parent_down_due && l->q[0].first == NULL) {
        dp_daemon_link_down(n->d, cl_child_of(l, c)->id);
        l->parent_down_due = l->parent_knows = false;
    }
    if (cl_child_of(l, c) == n && l->child_down_due && l->q[1].first == NULL) {
        dp_daemon_link_down(n->d, cl_parent_of(l, c)->id);
        l->child_down_due = false;
    }
    if (cl_child_of(l, c) == n && l->child_up_due) {
        dp_daemon_link_up(n->d, cl_parent_of(l, c)->id);
        l->child_up_due = false;
    }
}

/* Frames stay until the turn has ended: the daemon borrows them. */
struct taken {
    struct cl_message *first;
};

static void feed_one(struct cl_node *n, struct cl_link *l, unsigned dir, struct taken *t)
{
    struct cluster *c = n->c;
    struct cl_message *m = cl_queue_take(&l->q[dir]);
    struct cl_node *from = dir == 0 ? cl_child_of(l, c) : cl_parent_of(l, c);
    if (dir == 0 && !l->parent_knows) {
        dp_daemon_link_up(n->d, from->id);
        l->parent_knows = true;
    }
    dp_daemon_frame(n->d, from->id, dp_slice_of(m->bytes, m->len));
    l->heard = true;
    if (from->d != NULL && dp_daemon_busy(from->d)) {
        from->pump_due = true;
        cl_want(from, c->now_us);
    }
    m->next = t->first;
    t->first = m;
}

static void feed_frames(struct cl_node *n, struct taken *t)
{
    struct cluster *c = n->c;
    uint32_t budget = 1 + (uint32_t)dp_rng_below(&n->dice, c->batch_max);
    bool any = true;
    while (any && budget > 0) {
        any = false;
        for (uint32_t i = 0; i < n->line_count && budget > 0; i++) {
            struct cl_link *l = n->lines[i];
            unsigned dir = cl_parent_of(l, c) == n ? 0 : 1;
            if (!cl_queue_due(&l->q[dir], c->now_us))
                continue;
            feed_one(n, l, dir, t);
            any = true;
            budget--;
        }
    }
}

static void feed_enroll(struct cl_node *n, struct taken *t)
{
    while (cl_queue_due(&n->enroll, n->c->now_us)) {
        struct cl_message *m = cl_queue_take(&n->enroll);
        struct dp_rd r = dp_rd_of(dp_slice_of(m->bytes, m->len));
        uint64_t conn = dp_rd_u64(&r);
        dp_daemon_enroll(n->d, conn, dp_rd_take(&r, dp_rd_left(&r)));
        m->next = t->first;
        t->first = m;
    }
}

/* As the shell does after each turn: a blank node asks its parent. */
static void ask_to_join(struct cl_node *n)
{
    struct cluster *c = n->c;
    struct dp_buf b;
    uint8_t head[8] = {0};
    char to[DP_NODE_TEXT];
    const char *address = n->d == NULL ? NULL : dp_daemon_join_address(n->d);
    if (address == NULL)
        return;
    snprintf(to, sizeof(to), "%.*s", (int)strcspn(address, ":"), address); /* NODE:PORT */
    dp_buf_init(&b, 16384);
    assert_ok(dp_daemon_join_message(n->d, &b));
    head[7] = (uint8_t)n->index;
    head[6] = (uint8_t)(n->index >> 8);
    put_enroll(cl_node(c, to), dp_slice_of(head, sizeof(head)), dp_buf_slice(&b));
    dp_buf_fini(&b);
}

static void draw_of_moment(struct cl_node *n)
{
    struct cluster *c = n->c;
    if (!c->by_moment || n->drawn_us == c->now_us)
        return;
    n->drawn_us = c->now_us;
    dp_rng_seed(&n->rng, cl_draw(c, n->next.id, (uint64_t)c->now_us));
    dp_rng_seed(&n->dice, cl_draw(c, ~n->next.id, (uint64_t)c->now_us));
}

static void turn(struct cl_node *n, void (*also)(struct cl_node *n, void *ctx), void *ctx)
{
    struct taken t = {0};
    draw_of_moment(n);
    if (n->d == NULL || dp_daemon_begin(n->d) != DP_OK)
        return;
    feed_enroll(n, &t);
    feed_frames(n, &t);
    for (uint32_t i = 0; i < n->line_count; i++)
        tell_line(n, n->lines[i]);
    if (also != NULL)
        also(n, ctx);
    cl_end_turn(n);
    while (t.first != NULL) {
        struct cl_message *m = t.first;
        t.first = m->next;
        free(m);
    }
    ask_to_join(n);
    cluster_check(n);
    cl_plan(n);
}

void cl_turn(struct cl_node *n)
{
    turn(n, NULL, NULL);
}

struct request {
    uint32_t uid;
    const struct dp_request *rq;
};

static void feed_request(struct cl_node *n, void *ctx)
{
    const struct request *r = ctx;
    n->c->asked = true;
    dp_daemon_request(n->d, n->c->conn, r->uid, r->rq);
}

#define ANSWER_TURNS 100000

bool cl_request(struct cl_node *n, uint32_t uid, const struct dp_request *rq)
{
    struct request r = {uid, rq};
    n->c->conn++;
    n->c->replied = n->c->asked = false;
    n->c->answers = 0;
    turn(n, feed_request, &r);
    for (unsigned i = 0; i < ANSWER_TURNS && !n->c->replied && n->d != NULL && dp_daemon_wants_turn(n->d);
         i++)
        turn(n, NULL, NULL); /* a question goes on in the turns after it (R-CTL-5) */
    if (!n->c->replied && n->d != NULL)
        dp_daemon_caller_gone(n->d, n->c->conn);
    return n->c->replied;
}

struct frame {
    struct dp_node from;
    struct dp_slice bytes;
};

static void feed_frame(struct cl_node *n, void *ctx)
{
    const struct frame *f = ctx;
    dp_daemon_frame(n->d, f->from, f->bytes);
}

void cl_inject(struct cl_node *n, struct dp_node from, struct dp_slice frame)
{
    struct frame f = {from, frame};
    turn(n, feed_frame, &f);
}

/* ---- when ---- */

static int64_t line_due_us(const struct cl_node *n, const struct cl_link *l)
{
    bool is_parent = cl_parent_of(l, n->c) == n;
    const struct cl_queue *q = &l->q[is_parent ? 0 : 1];
    if (q->first != NULL)
        return q->first->at_us;
    if (is_parent ? l->parent_down_due : l->child_down_due)
        return n->c->now_us;
    return !is_parent && l->child_up_due ? n->c->now_us : INT64_MAX;
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t wake_us(const struct cl_node *n)
{
    int64_t late = n->d->intake_stopped ? 0 : n->c->tidy_late_ms;
    n->d->next_tidy += late;
    int64_t ms = dp_daemon_wake(n->d);
    n->d->next_tidy -= late;
    return ms * 1000;
}

int64_t cl_next_turn_us(const struct cl_node *n)
{
    int64_t at = dp_daemon_wants_turn(n->d) ? n->c->now_us : wake_us(n);
    if (n->enroll.first != NULL)
        at = earliest(at, n->enroll.first->at_us);
    for (uint32_t i = 0; i < n->line_count; i++)
        at = earliest(at, line_due_us(n, n->lines[i]));
    return at;
}

void cl_plan(struct cl_node *n)
{
    struct cluster *c = n->c;
    int64_t at = n->restart_ms == INT64_MAX ? INT64_MAX : n->restart_ms * 1000;
    if (n->d != NULL) {
        at = cl_next_turn_us(n);
        if (n->pump_due && dp_daemon_busy(n->d))
            at = c->now_us;
        at = at < n->busy_us ? n->busy_us : at;
    }
    cl_at(c, &n->next, at);
    for (uint32_t i = 0; i < n->line_count; i++)
        cl_line_plan(c, n->lines[i]);
}

void cl_node_fired(void *ctx)
{
    struct cl_node *n = ctx;
    if (n->d == NULL) {
        cl_start(n);
        return;
    }
    if (n->pump_due && dp_daemon_busy(n->d))
        dp_daemon_pump(n->d);
    n->pump_due = false;
    if (cl_next_turn_us(n) <= n->c->now_us)
        cl_turn(n);
    else
        cl_plan(n);
}
