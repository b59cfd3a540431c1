/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes, lines and time of a cluster: see cluster.h. */
#include "support/cluster.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/random.h"
#include "support/cmocka_all.h"

#define BATCH_MAX 8
#define HWM 16
#define LATENCY_MS 40
#define REDIAL_MS 2000
#define STEPS_AT_ONE_TIME 200000

/* ---- queues ---- */

static void queue_init(struct cl_queue *q)
{
    *q = (struct cl_queue){0};
    q->tail = &q->first;
}

static void queue_put(struct cl_queue *q, struct dp_slice head, struct dp_slice bytes, int64_t at_ms)
{
    struct cl_message *m = malloc(sizeof(*m) + head.len + bytes.len);
    assert_non_null(m);
    m->next = NULL;
    m->at_ms = at_ms < q->last_ms ? q->last_ms : at_ms;
    m->len = head.len + bytes.len;
    if (head.len > 0)
        memcpy(m->bytes, head.p, head.len);
    memcpy(m->bytes + head.len, bytes.p, bytes.len);
    q->last_ms = m->at_ms;
    *q->tail = m;
    q->tail = &m->next;
    q->count++;
}

static struct cl_message *queue_take(struct cl_queue *q)
{
    struct cl_message *m = q->first;
    q->first = m->next;
    if (q->first == NULL)
        q->tail = &q->first;
    q->count--;
    return m;
}

static void queue_clear(struct cl_queue *q)
{
    while (q->first != NULL)
        free(queue_take(q));
}

static bool queue_due(const struct cl_queue *q, int64_t now_ms)
{
    return q->first != NULL && q->first->at_ms <= now_ms;
}

/* ---- the ports of a node ---- */

static int64_t wall_ms(void *ctx)
{
    const struct cl_node *n = ctx;
    return CL_EPOCH_MS + n->c->now_ms + n->clock_off_ms;
}

static int64_t mono_ms(void *ctx)
{
    const struct cl_node *n = ctx;
    return n->c->now_ms;
}

static bool synced(void *ctx)
{
    (void)ctx;
    return true;
}

static struct cl_node *child_of(const struct cl_link *l, struct cluster *c)
{
    return c->nodes[l->child];
}

static struct cl_node *parent_of(const struct cl_link *l, struct cluster *c)
{
    return c->nodes[l->parent];
}

/* The newest standing connection between this process and a peer; *dir is the queue to the peer. */
static struct cl_link *connection(struct cl_node *n, struct dp_node peer, unsigned *dir)
{
    struct cluster *c = n->c;
    struct cl_link *best = NULL;
    for (uint32_t i = 0; i < c->link_count; i++) {
        struct cl_link *l = c->links[i];
        bool down = parent_of(l, c) == n && dp_node_eq(child_of(l, c)->id, peer);
        bool up = child_of(l, c) == n && dp_node_eq(parent_of(l, c)->id, peer);
        if (!l->up || (!down && !up) || (best != NULL && best->serial > l->serial))
            continue;
        best = l;
        *dir = down ? 1 : 0;
    }
    return best;
}

static enum dp_err send(void *ctx, struct dp_node peer, struct dp_slice frame)
{
    struct cl_node *n = ctx;
    unsigned dir = 0;
    struct cl_link *l = n->dead ? NULL : connection(n, peer, &dir);
    if (l == NULL)
        return DP_UNREACHABLE;
    if (l->q[dir].count >= n->c->hwm)
        return DP_AGAIN;
    assert_true(frame.len <= DP_FRAME_MAX);
    struct cl_node *to = dir == 0 ? parent_of(l, n->c) : child_of(l, n->c);
    l->frames[dir]++;
    l->bytes[dir] += frame.len;
    if (n->c->tap != NULL && !n->c->tap(n->c->tap_ctx, n, to, frame))
        return DP_OK;
    int64_t from = l->q[dir].count > 0 ? l->q[dir].last_ms - l->latency_ms : n->c->now_ms;
    int64_t line = l->rate_bps == 0 ? 0 : (int64_t)(frame.len * 8000 / l->rate_bps);
    if (from < n->c->now_ms)
        from = n->c->now_ms;
    queue_put(&l->q[dir], dp_slice_of(NULL, 0), frame, from + line + l->latency_ms);
    return DP_OK;
}

static void drop(void *ctx, struct dp_node peer)
{
    struct cl_node *n = ctx;
    unsigned dir;
    struct cl_link *l = n->dead ? NULL : connection(n, peer, &dir);
    if (l != NULL)
        cl_break(n->c, l, true);
}

static void reply(void *ctx, uint64_t conn, struct dp_slice bytes)
{
    struct cl_node *n = ctx;
    if (n->dead || conn != n->c->conn)
        return;
    dp_buf_reset(&n->c->reply);
    assert_ok(dp_buf_put(&n->c->reply, bytes.p, bytes.len));
    n->c->replied = true;
}

static void enroll_reply(void *ctx, uint64_t conn, struct dp_slice bytes)
{
    struct cl_node *n = ctx;
    static const uint8_t head[8];
    if (!n->dead && conn < n->c->node_count)
        queue_put(&n->c->nodes[conn]->enroll, dp_slice_of(head, sizeof(head)), bytes,
                  n->c->now_ms + LATENCY_MS);
}

static void on_commit(void *ctx)
{
    struct cl_node *n = ctx;
    if (n->crash_next == CL_CRASH_AFTER_COMMIT)
        n->dead = true;
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
    c->now_ms = 1000;
    c->batch_max = BATCH_MAX;
    c->hwm = HWM;
    c->redial_ms = REDIAL_MS;
    c->options = (struct dp_daemon_options){.cache_facts = 2000, .max_skew_ms = 300000, .zstd_level = 3};
    dp_buf_init(&c->reply, 64u << 20);
    const char *level = getenv("CLUSTER_LOG");
    dp_log_set(level != NULL ? log_line : NULL, NULL,
               level != NULL ? (enum dp_log_level)atoi(level) : DP_LOG_ERROR);
    return c;
}

struct cluster *cluster_new(uint64_t seed)
{
    struct cluster *c = alloc_cluster(seed);
    char path[64];
    snprintf(path, sizeof(path), "%s/daipao-cluster-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    c->dir = strdup(mkdtemp(path));
    assert_non_null(c->dir);
    return c;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void cluster_free(struct cluster **cp)
{
    struct cluster *c = *cp;
    *cp = NULL;
    if (c == NULL)
        return;
    for (uint32_t i = 0; i < c->node_count; i++) {
        struct cl_node *n = c->nodes[i];
        dp_daemon_free(&n->d);
        dp_keyring_free(&n->kr);
        n->kv->ops->close(&n->kv);
        queue_clear(&n->enroll);
        free(n);
    }
    for (uint32_t i = 0; i < c->link_count; i++) {
        queue_clear(&c->links[i]->q[0]);
        queue_clear(&c->links[i]->q[1]);
        free(c->links[i]);
    }
    if (c->dir != NULL)
        (void)nftw(c->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(c->dir);
    dp_buf_fini(&c->reply);
    free(c);
}

/* ---- processes ---- */

static struct cl_node *add_process(struct cluster *c, struct dp_node id, const char *dir, struct dp_kv *kv)
{
    assert_true(c->node_count < CL_NODES_MAX);
    struct cl_node *n = calloc(1, sizeof(*n));
    assert_non_null(n);
    n->c = c;
    n->id = id;
    dp_node_format(id, n->text);
    snprintf(n->dir, sizeof(n->dir), "%s", dir);
    n->kv = kv;
    n->restart_ms = INT64_MAX;
    queue_init(&n->enroll);
    dp_rng_seed(&n->rng, dp_rng_u64(&c->rng));
    c->nodes[c->node_count++] = n;
    return n;
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
        .transport = {send, drop, reply, enroll_reply, n},
    };
    assert_ok(dp_daemon_new(&ports, &opt, n->kr, &n->d));
    dp_daemon_probe(n->d, on_commit, n);
    n->restart_ms = INT64_MAX;
    n->dead = false;
}

static void lose_connections(struct cl_node *n)
{
    struct cluster *c = n->c;
    for (uint32_t i = 0; i < c->link_count; i++)
        if (child_of(c->links[i], c) == n || parent_of(c->links[i], c) == n)
            cl_break(c, c->links[i], true);
}

void cl_kill(struct cl_node *n, int64_t ms)
{
    dp_daemon_free(&n->d);
    dp_kv_mem_crash(n->kv);
    n->crash_next = CL_CRASH_NONE;
    n->dead = false;
    n->pump_due = false;
    n->restart_ms = ms < 0 ? INT64_MAX : n->c->now_ms + ms;
    queue_clear(&n->enroll);
    lose_connections(n);
}

struct cl_node *cl_add(struct cluster *c, const char *text)
{
    struct dp_node id;
    struct dp_kv *kv;
    char dir[CL_DIR_MAX];
    assert_ok(dp_node_parse(dp_slice_str(text), &id));
    assert_ok(dp_kv_mem_open(&kv));
    snprintf(dir, sizeof(dir), "%s/%u", c->dir, c->node_count);
    assert_int_equal(mkdir(dir, 0700), 0);
    struct cl_node *n = add_process(c, id, dir, kv);
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
                       unsigned table)
{
    struct dp_kv_cur *cur;
    struct dp_slice k, v;
    assert_ok(ops->cur_open(from, table, &cur));
    for (enum dp_err e = ops->cur_seek(cur, DP_KV_FIRST, dp_slice_of(NULL, 0), &k, &v); e == DP_OK;
         e = ops->cur_next(cur, &k, &v))
        ops->put(to, table, k, v);
    ops->cur_close(cur);
}

struct dp_kv *cl_snapshot(const struct cl_node *n)
{
    const struct dp_kv_ops *ops = n->kv->ops;
    struct dp_kv_txn *from, *to;
    struct dp_kv *kv;
    assert_ok(dp_kv_mem_open(&kv));
    assert_ok(ops->begin(n->kv, false, &from));
    assert_ok(ops->begin(kv, true, &to));
    for (unsigned t = 0; t < DP_KV_TABLES_MAX; t++)
        copy_table(from, ops, to, t);
    ops->abort(from);
    assert_ok(ops->commit(to));
    return kv;
}

void cl_replace(struct cl_node *n, struct dp_kv *kv)
{
    cl_kill(n, -1);
    n->kv->ops->close(&n->kv);
    n->kv = kv;
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

struct cl_node *cl_clone(struct cl_node *n)
{
    struct cl_node *twin = add_process(n->c, n->id, n->dir, cl_snapshot(n));
    struct cl_link *l = cl_link_of(n->c, n);
    cl_start(twin);
    if (l != NULL)
        cl_lay(n->c, twin, parent_of(l, n->c));
    return twin;
}

struct cluster *cluster_copy(struct cluster *of, uint64_t seed)
{
    struct cluster *c = alloc_cluster(seed);
    c->now_ms = of->now_ms;
    c->options = of->options;
    c->batch_max = of->batch_max;
    c->hwm = of->hwm;
    for (uint32_t i = 0; i < of->node_count; i++)
        cl_start(add_process(c, of->nodes[i]->id, of->nodes[i]->dir, cl_snapshot(of->nodes[i])));
    for (uint32_t i = 0; i < of->link_count; i++) {
        const struct cl_link *was = of->links[i];
        struct cl_link *l = cl_lay(c, c->nodes[was->child], c->nodes[was->parent]);
        l->latency_ms = was->latency_ms;
        l->rate_bps = was->rate_bps;
    }
    return c;
}

/* ---- lines ---- */

struct cl_link *cl_lay(struct cluster *c, struct cl_node *child, struct cl_node *parent)
{
    struct cl_link *l = calloc(1, sizeof(*l));
    assert_non_null(l);
    assert_true(c->link_count < CL_NODES_MAX);
    for (uint32_t i = 0; i < c->node_count; i++) {
        if (c->nodes[i] == child)
            l->child = i;
        if (c->nodes[i] == parent)
            l->parent = i;
    }
    l->latency_ms = LATENCY_MS;
    l->dial_ms = c->now_ms;
    queue_init(&l->q[0]);
    queue_init(&l->q[1]);
    c->links[c->link_count++] = l;
    return l;
}

struct cl_link *cl_link_of(struct cluster *c, const struct cl_node *child)
{
    for (uint32_t i = 0; i < c->link_count; i++)
        if (child_of(c->links[i], c) == child)
            return c->links[i];
    return NULL;
}

/* Of what is in flight in one direction a random first part arrives at once, the rest never. */
static void lose(struct cluster *c, struct cl_queue *q, bool some)
{
    uint32_t keep = some ? (uint32_t)dp_rng_below(&c->rng, q->count + 1u) : 0;
    struct cl_queue all = *q;
    if (all.first == NULL)
        all.tail = &all.first;
    queue_init(q);
    for (uint32_t i = 0; all.first != NULL; i++) {
        struct cl_message *m = queue_take(&all);
        if (i < keep)
            queue_put(q, dp_slice_of(NULL, 0), dp_slice_of(m->bytes, m->len), c->now_ms);
        free(m);
    }
}

void cl_break(struct cluster *c, struct cl_link *l, bool some)
{
    bool was = l->up;
    l->up = false;
    lose(c, &l->q[0], some && was && parent_of(l, c)->d != NULL);
    lose(c, &l->q[1], some && was && child_of(l, c)->d != NULL);
    l->q[0].last_ms = l->q[1].last_ms = 0;
    l->child_down_due |= was && !l->child_up_due;
    l->child_up_due = false;
    l->parent_down_due |= l->parent_knows || l->q[0].first != NULL;
    if (was)
        l->dial_ms = c->now_ms + c->redial_ms + (int64_t)dp_rng_below(&c->rng, (uint64_t)c->redial_ms + 1);
}

void cl_cut(struct cluster *c, struct cl_link *l)
{
    cl_break(c, l, false);
    l->cut = true;
}

void cl_mend(struct cl_link *l)
{
    l->cut = false;
}

static bool may_dial(struct cluster *c, const struct cl_link *l)
{
    struct cl_node *child = child_of(l, c), *parent = parent_of(l, c);
    return !l->up && !l->cut && child->d != NULL && parent->d != NULL && dp_daemon_parent(child->d).v != 0 &&
           !l->child_down_due && !l->parent_down_due && l->q[0].first == NULL && l->q[1].first == NULL;
}

static void end_turn(struct cl_node *n)
{
    struct cluster *c = n->c;
    enum cl_crash crash = n->crash_next;
    n->turns++;
    if (crash == CL_CRASH_BEFORE_COMMIT)
        n->dead = true;
    else
        (void)dp_daemon_end(n->d);
    if (!n->dead)
        return;
    n->crashes_before += crash == CL_CRASH_BEFORE_COMMIT;
    n->crashes_after += crash == CL_CRASH_AFTER_COMMIT;
    c->crashes_before += crash == CL_CRASH_BEFORE_COMMIT;
    c->crashes_after += crash == CL_CRASH_AFTER_COMMIT;
    cl_kill(n, (int64_t)dp_rng_below(&c->rng, 5000));
}

/* CURVE and ZAP: the child knows its parent's key and the parent lets the child's in. */
static bool keys_fit(struct cl_node *child, struct cl_node *parent)
{
    uint8_t server[32];
    if (!dp_daemon_parent_key(child->d, server) ||
        memcmp(server, dp_daemon_keyring(parent->d)->curve_pub.b, sizeof(server)) != 0)
        return false;
    if (dp_daemon_begin(parent->d) != DP_OK)
        return false;
    struct dp_node n = dp_daemon_child_by_key(parent->d, dp_daemon_keyring(child->d)->curve_pub.b);
    end_turn(parent);
    return dp_node_eq(n, child->id) && parent->d != NULL;
}

static void dial(struct cluster *c, struct cl_link *l)
{
    struct cl_node *child = child_of(l, c), *parent = parent_of(l, c);
    bool fit = keys_fit(child, parent);
    if (parent->d == NULL) { /* the parent died of the question: it is asked again */
        l->dial_ms = c->now_ms + c->redial_ms;
        return;
    }
    l->refused = !fit;
    if (l->refused) {
        l->dial_ms = c->now_ms + 30 * c->redial_ms;
        return;
    }
    for (uint32_t i = 0; i < c->link_count; i++) { /* a newer connection takes the place of the older */
        struct cl_link *o = c->links[i];
        if (o != l && o->up && o->parent == l->parent && dp_node_eq(child_of(o, c)->id, child->id))
            cl_break(c, o, false);
    }
    l->up = true;
    l->serial = ++c->serial;
    l->parent_knows = false;
    l->child_up_due = true;
}

/* ---- turns ---- */

static void tell_links(struct cl_node *n)
{
    struct cluster *c = n->c;
    for (uint32_t i = 0; i < c->link_count; i++) {
        struct cl_link *l = c->links[i];
        if (parent_of(l, c) == n && l->parent_down_due && l->q[0].first == NULL) {
            dp_daemon_link_down(n->d, child_of(l, c)->id);
            l->parent_down_due = l->parent_knows = false;
        }
        if (child_of(l, c) == n && l->child_down_due && l->q[1].first == NULL) {
            dp_daemon_link_down(n->d, parent_of(l, c)->id);
            l->child_down_due = false;
        }
        if (child_of(l, c) == n && l->child_up_due) {
            dp_daemon_link_up(n->d, parent_of(l, c)->id);
            l->child_up_due = false;
        }
    }
}

/* Frames stay until the turn has ended: the daemon borrows them. */
struct taken {
    struct cl_message *first;
};

static void feed_one(struct cl_node *n, struct cl_link *l, unsigned dir, struct taken *t)
{
    struct cluster *c = n->c;
    struct cl_message *m = queue_take(&l->q[dir]);
    struct cl_node *from = dir == 0 ? child_of(l, c) : parent_of(l, c);
    if (dir == 0 && !l->parent_knows) {
        dp_daemon_link_up(n->d, from->id);
        l->parent_knows = true;
    }
    dp_daemon_frame(n->d, from->id, dp_slice_of(m->bytes, m->len));
    from->pump_due = true;
    m->next = t->first;
    t->first = m;
}

static void feed_frames(struct cl_node *n, struct taken *t)
{
    struct cluster *c = n->c;
    uint32_t budget = 1 + (uint32_t)dp_rng_below(&c->rng, c->batch_max);
    bool any = true;
    while (any && budget > 0) {
        any = false;
        for (uint32_t i = 0; i < c->link_count && budget > 0; i++) {
            struct cl_link *l = c->links[i];
            unsigned dir = parent_of(l, c) == n ? 0 : 1;
            if ((parent_of(l, c) != n && child_of(l, c) != n) || !queue_due(&l->q[dir], c->now_ms))
                continue;
            feed_one(n, l, dir, t);
            any = true;
            budget--;
        }
    }
}

static void feed_enroll(struct cl_node *n, struct taken *t)
{
    while (queue_due(&n->enroll, n->c->now_ms)) {
        struct cl_message *m = queue_take(&n->enroll);
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
    for (uint32_t i = 0; i < c->node_count; i++)
        if (c->nodes[i] == n)
            head[7] = (uint8_t)i, head[6] = (uint8_t)(i >> 8);
    queue_put(&cl_node(c, to)->enroll, dp_slice_of(head, sizeof(head)), dp_buf_slice(&b),
              c->now_ms + LATENCY_MS);
    dp_buf_fini(&b);
}

static void turn(struct cl_node *n, void (*also)(struct cl_node *n, void *ctx), void *ctx)
{
    struct taken t = {0};
    if (n->d == NULL || dp_daemon_begin(n->d) != DP_OK)
        return;
    feed_enroll(n, &t);
    feed_frames(n, &t);
    tell_links(n);
    if (also != NULL)
        also(n, ctx);
    end_turn(n);
    while (t.first != NULL) {
        struct cl_message *m = t.first;
        t.first = m->next;
        free(m);
    }
    ask_to_join(n);
    cluster_check(n->c);
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
    dp_daemon_request(n->d, n->c->conn, r->uid, r->rq);
}

bool cl_request(struct cl_node *n, uint32_t uid, const struct dp_request *rq)
{
    struct request r = {uid, rq};
    n->c->conn++;
    n->c->replied = false;
    turn(n, feed_request, &r);
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

/* ---- time ---- */

static bool links_due(struct cl_node *n)
{
    struct cluster *c = n->c;
    for (uint32_t i = 0; i < c->link_count; i++) {
        struct cl_link *l = c->links[i];
        bool is_parent = parent_of(l, c) == n, is_child = child_of(l, c) == n;
        if (is_parent && (queue_due(&l->q[0], c->now_ms) || (l->parent_down_due && l->q[0].first == NULL)))
            return true;
        if (is_child && (queue_due(&l->q[1], c->now_ms) || l->child_up_due ||
                         (l->child_down_due && l->q[1].first == NULL)))
            return true;
    }
    return false;
}

static bool node_due(struct cl_node *n)
{
    return n->d != NULL && (dp_daemon_wants_turn(n->d) || dp_daemon_wake(n->d) <= n->c->now_ms ||
                            queue_due(&n->enroll, n->c->now_ms) || links_due(n));
}

static void earlier(int64_t *at, int64_t ms)
{
    if (ms < *at)
        *at = ms;
}

static int64_t next_event(struct cluster *c)
{
    int64_t at = INT64_MAX;
    for (uint32_t i = 0; i < c->node_count; i++) {
        struct cl_node *n = c->nodes[i];
        if (n->d == NULL)
            earlier(&at, n->restart_ms);
        else
            earlier(&at, dp_daemon_wake(n->d));
        if (n->d != NULL && n->enroll.first != NULL)
            earlier(&at, n->enroll.first->at_ms);
    }
    for (uint32_t i = 0; i < c->link_count; i++) {
        struct cl_link *l = c->links[i];
        for (unsigned dir = 0; dir < 2; dir++)
            if (l->q[dir].first != NULL && (dir == 0 ? parent_of(l, c) : child_of(l, c))->d != NULL)
                earlier(&at, l->q[dir].first->at_ms);
        if (may_dial(c, l))
            earlier(&at, l->dial_ms);
    }
    return at;
}

/* What happens by itself at this moment, without a turn. */
static void shell_events(struct cluster *c)
{
    for (uint32_t i = 0; i < c->node_count; i++) {
        struct cl_node *n = c->nodes[i];
        if (n->d == NULL && n->restart_ms <= c->now_ms)
            cl_start(n);
        if (n->d != NULL && n->pump_due && dp_daemon_busy(n->d))
            dp_daemon_pump(n->d);
        n->pump_due = false;
    }
    for (uint32_t i = 0; i < c->link_count; i++) {
        struct cl_link *l = c->links[i];
        /* A process that died hears nothing of what was lost with it. */
        if (child_of(l, c)->d == NULL)
            l->child_down_due = false, queue_clear(&l->q[1]);
        if (parent_of(l, c)->d == NULL)
            l->parent_down_due = l->parent_knows = false, queue_clear(&l->q[0]);
        if (may_dial(c, l) && l->dial_ms <= c->now_ms)
            dial(c, l);
    }
}

bool cluster_step(struct cluster *c, int64_t until_ms)
{
    uint32_t due[CL_NODES_MAX], n = 0;
    shell_events(c);
    for (uint32_t i = 0; i < c->node_count; i++)
        if (node_due(c->nodes[i]))
            due[n++] = i;
    c->steps++;
    if (n > 0) {
        cl_turn(c->nodes[due[dp_rng_below(&c->rng, n)]]);
        return true;
    }
    int64_t at = next_event(c);
    if (at > until_ms) {
        c->now_ms = until_ms > c->now_ms ? until_ms : c->now_ms;
        return false;
    }
    c->now_ms = at > c->now_ms ? at : c->now_ms + 1;
    return true;
}

void cluster_run(struct cluster *c, int64_t ms)
{
    int64_t until = c->now_ms + ms;
    while (cluster_step(c, until))
        ;
}

/* ---- rest ---- */

static bool session_rests(const struct dp_session *s)
{
    if (s->state != DP_SESSION_UP || s->flight_count > 0)
        return false;
    for (unsigned i = 0; i < DP_LANES; i++)
        if (s->lane[i].acked < s->lane[i].journal_last)
            return false;
    return true;
}

/* Withdrawn, or at the wrong door: it comes again and again, and is told each time. */
static bool is_turned_away(const struct cl_node *child, struct cl_node *parent)
{
    const struct dp_peer *p = dp_peers_find(parent->d, child->id);
    return p == NULL || p->row.revoked;
}

static bool link_rests(struct cluster *c, const struct cl_link *l)
{
    struct cl_node *child = child_of(l, c), *parent = parent_of(l, c);
    if (l->q[0].first != NULL || l->q[1].first != NULL || l->child_up_due || l->child_down_due ||
        l->parent_down_due)
        return false;
    if (l->cut || l->refused || child->d == NULL || parent->d == NULL || is_turned_away(child, parent))
        return true;
    if (child->d->own.sealed_seq < child->d->own.seq && child->d->stopped == DP_STOP_NONE)
        return false; /* R-BLK-6: a link that is up asks */
    const struct dp_session *up = cl_session(child, parent), *down = cl_session(parent, child);
    if (up == NULL || down == NULL)
        return false;
    if (up->state == DP_SESSION_STOPPED || down->state == DP_SESSION_STOPPED)
        return true;
    return l->up && session_rests(up) && session_rests(down);
}

static bool at_rest(struct cluster *c)
{
    for (uint32_t i = 0; i < c->node_count; i++) {
        struct cl_node *n = c->nodes[i];
        if (n->d == NULL && n->restart_ms != INT64_MAX)
            return false;
        if (n->d != NULL &&
            (dp_daemon_wants_turn(n->d) || n->enroll.first != NULL || dp_daemon_join_address(n->d) != NULL))
            return false;
    }
    for (uint32_t i = 0; i < c->link_count; i++)
        if (!link_rests(c, c->links[i]))
            return false;
    return true;
}

bool cluster_settle(struct cluster *c, int64_t ms)
{
    int64_t until = c->now_ms + ms;
    while (!at_rest(c))
        if (!cluster_step(c, until))
            return at_rest(c);
    return true;
}

/* ---- invariants ---- */

static bool committed_row(const struct cl_node *n, struct dp_node peer, struct dp_peer_row *row)
{
    struct dp_db db = {.kv = n->kv};
    assert_ok(dp_db_begin(&db, false));
    enum dp_err e = dp_db_peer(&db, peer, row);
    dp_db_abort(&db);
    return e == DP_OK;
}

/* R-ACK-1, N2: nothing counts as delivered that is not durable at the other end. */
static void check_acks(const struct cl_node *from, const struct cl_node *to)
{
    struct dp_peer_row row;
    const struct dp_peer *p = from->d == NULL ? NULL : dp_peers_find(from->d, to->id);
    if (p == NULL || p->s.state != DP_SESSION_UP)
        return;
    if (!committed_row(to, from->id, &row))
        memset(&row, 0, sizeof(row));
    for (unsigned i = 0; i < DP_LANES; i++)
        if (p->s.lane[i].acked > row.lane[i].durable_in)
            fail_msg("%s counts %llu of lane %u as delivered to %s, which holds %llu", from->text,
                     (unsigned long long)p->s.lane[i].acked, i, to->text,
                     (unsigned long long)row.lane[i].durable_in);
}

void cluster_check(struct cluster *c)
{
    for (uint32_t i = 0; i < c->link_count && !c->swapped; i++) {
        struct cl_node *child = child_of(c->links[i], c), *parent = parent_of(c->links[i], c);
        check_acks(child, parent);
        check_acks(parent, child);
    }
}
