/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeds from daemons in this process: fuzz_seeds_node FOLDER makes FOLDER/enroll/made-node-NNN out of what
 * both ends of an enrolment say, FOLDER/row/made-node-NNN out of the stores of nodes that worked for a while,
 * and FOLDER/frame/made-node-NNN out of the frames that are rare: of journals begun anew, and of a store that
 * is older than its neighbour knows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "enroll_world.h"
#include "support/cmocka_all.h"

#define ROWS_OF_A_TABLE 16
#define ROW_MAX 8000 /* tests/fuzz/hunt tries none longer */
#define SEALED 0
#define RAW 3
#define TO_FRESH ENROLL_STATES
#define TO_NAMELESS (ENROLL_STATES + 1)

static const char *folder;

static void write_seed(const char *target, struct dp_slice head, struct dp_slice body)
{
    static unsigned counts[3];
    unsigned *count = &counts[strcmp(target, "row") == 0 ? 0 : strcmp(target, "frame") == 0 ? 1 : 2];
    char path[1024];

    snprintf(path, sizeof(path), "%s/%s", folder, target);
    assert_true(mkdir(path, 0777) == 0 || errno == EEXIST);
    snprintf(path, sizeof(path), "%s/%s/made-node-%03u", folder, target, (*count)++);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fwrite(head.p, 1, head.len, f) == head.len && fwrite(body.p, 1, body.len, f) == body.len);
    assert_int_equal(fclose(f), 0);
}

/* ---- enrolment ---- */

struct message {
    uint8_t bytes[DP_ENROLL_MESSAGE_MAX];
    size_t len;
};

static void enroll_seed(unsigned who, uint8_t how, struct dp_slice s)
{
    const uint8_t head[] = {(uint8_t)who, how};
    write_seed("enroll", dp_slice_of(head, sizeof(head)), s);
}

static void open_message(const struct dp_key *key, struct dp_slice sealed, struct message *out)
{
    struct dp_slice id = dp_slice_of(sealed.p, DP_ENROL_ID_CHARS);
    sealed = dp_slice_of(sealed.p + id.len, sealed.len - id.len);
    out->len = sealed.len - DP_ENROL_SEAL_BYTES;
    assert_true(out->len <= sizeof(out->bytes));
    assert_ok(dp_enrol_open(key, id, sealed, out->bytes));
}

/* What the newcomer of that state says, opened; also as it goes over the line. */
static void request_of(struct enroll_world *w, enum enroll_state s, struct message *out)
{
    struct dp_buf b;
    dp_buf_init(&b, DP_ENROLL_MESSAGE_MAX);
    assert_ok(dp_daemon_join_message(w->newcomer[s]->d, &b));
    enroll_seed(s, RAW, dp_buf_slice(&b));
    open_message(&w->token[s].up, dp_buf_slice(&b), out);
    dp_buf_fini(&b);
}

/* What the county answers to it now, opened. */
static void answer_to(struct enroll_world *w, enum enroll_state s, struct message *out)
{
    struct dp_daemon *d = w->county->d;
    struct dp_buf b;
    dp_buf_init(&b, DP_ENROLL_MESSAGE_MAX);
    assert_ok(dp_daemon_join_message(w->newcomer[s]->d, &b));
    assert_ok(dp_daemon_begin(d));
    dp_daemon_enroll(d, w->newcomer[s]->index, dp_buf_slice(&b));
    assert_non_null(d->replies);
    open_message(&w->token[s].down, d->replies->raw, out);
    assert_ok(dp_daemon_end(d));
    dp_buf_fini(&b);
}

static void approve(struct enroll_world *w, enum enroll_state s)
{
    struct cl_command x;
    cl_admin(&x, "enroll.approve")->node = enroll_towns[s];
    cl_must(w->county, &x);
}

static void to_newcomers(const struct message *m)
{
    enroll_seed(TO_FRESH, SEALED, dp_slice_of(m->bytes, m->len));
    enroll_seed(TO_NAMELESS, SEALED, dp_slice_of(m->bytes, m->len));
}

/* The other addresses and the list of the ancestors come last: some are left out, or said twice. */
static void change_ends(const struct message *approved)
{
    static struct message m;
    for (size_t cut = 1; cut <= 64; cut *= 4) {
        m = *approved;
        m.len -= cut;
        enroll_seed(TO_FRESH, SEALED, dp_slice_of(m.bytes, m.len));
    }
    m = *approved;
    m.bytes[m.len++] = 0;
    enroll_seed(TO_FRESH, SEALED, dp_slice_of(m.bytes, m.len));
}

static void refusals(void)
{
    static const char *const texts[] = {"refused by the operator", "refused by the operator: 没有这个乡镇",
                                        "", "\x80"};
    uint8_t bytes[256];
    for (unsigned i = 0; i < 4; i++)
        for (uint8_t status = DP_ENROLL_PENDING; status <= DP_ENROLL_YOU_ARE; status += 2) {
            struct dp_wr w = dp_wr_of(bytes, sizeof(bytes));
            dp_wr_u8(&w, status);
            dp_wr_u16(&w, (uint16_t)strlen(texts[i]));
            dp_wr_bytes(&w, texts[i], strlen(texts[i]));
            enroll_seed(i % 2 == 0 ? TO_FRESH : TO_NAMELESS, SEALED, dp_wr_slice(&w));
        }
}

static void enroll_seeds(void)
{
    static struct message m[ENROLL_STATES], answer;
    struct enroll_world *w = enroll_world_get();
    for (enum enroll_state s = 0; s < ENROLL_STATES; s++)
        request_of(w, s, &m[s]);
    for (enum enroll_state to = 0; to < ENROLL_STATES; to++)
        for (enum enroll_state of = 0; of < ENROLL_STATES; of++)
            enroll_seed(to, SEALED, dp_slice_of(m[of].bytes, m[of].len));
    for (enum enroll_state s = 0; s < ENROLL_STATES; s++) {
        answer_to(w, s, &answer);
        to_newcomers(&answer);
    }
    approve(w, ENROLL_FRESH);
    answer_to(w, ENROLL_FRESH, &answer);
    to_newcomers(&answer);
    change_ends(&answer);
    refusals();
    cluster_run(w->c, 10000); /* the nameless one hears its name, and asks under it */
    approve(w, ENROLL_NAMELESS);
    answer_to(w, ENROLL_NAMELESS, &answer);
    to_newcomers(&answer);
}

/* ---- rows ---- */

static void rows_of(const struct cl_node *n, enum dp_table t, uint8_t selector, size_t tail)
{
    const struct dp_kv_ops *ops = n->kv->ops;
    struct dp_kv_txn *txn;
    struct dp_kv_cur *cur;
    struct dp_slice k, v;
    unsigned left = ROWS_OF_A_TABLE;
    assert_ok(ops->begin(n->kv, false, &txn));
    assert_ok(ops->cur_open(txn, t, &cur));
    for (enum dp_err e = ops->cur_seek(cur, DP_KV_LAST, dp_slice_of(NULL, 0), &k, &v); e == DP_OK && left > 0;
         e = ops->cur_prev(cur, &k, &v)) {
        if (v.len < tail || v.len > ROW_MAX)
            continue;
        write_seed("row", dp_slice_of(&selector, 1), dp_slice_of(v.p, v.len - tail));
        left--;
    }
    ops->cur_close(cur);
    ops->abort(txn);
}

static void work(struct cl_node *county, struct cl_node *town)
{
    struct cl_command x;
    for (unsigned i = 0; i < 8; i++) {
        cl_intake(&x, "王小明", "the bridge is closed");
        struct cl_result r = cl_must(town, &x);
        if (i % 2 == 0)
            cl_go(town, DP_KIND_REFER_UP, r.number, "331023000000/bureau");
        assert_true(cluster_settle(county->c, 3600000));
        if (i % 4 != 0)
            continue;
        cl_go(county, DP_KIND_SIGN, r.number, "");
        cl_go(county, DP_KIND_ACCEPT, r.number, "");
        cl_step(&x, DP_KIND_NOTE, r.number);
        cl_text(&x, "an engineer came");
        cl_must(county, &x);
        assert_true(cluster_settle(county->c, 3600000));
    }
}

/* ---- rare frames ---- */

static bool tap(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    unsigned *left = ctx; /* of each type */
    struct dp_frame f;
    (void)from;
    (void)to;
    assert_ok(dp_frame_get(frame, &f));
    if (f.type >= DP_FRAME_ASK && frame.len <= ROW_MAX && left[f.type - DP_FRAME_ASK] > 0) {
        left[f.type - DP_FRAME_ASK]--;
        write_seed("frame", dp_slice_of(NULL, 0), frame);
    }
    return true;
}

static void frame_seeds(struct cl_node *county, struct cl_node *town)
{
    static unsigned left[] = {16, 16, 2, 2};
    struct cluster *c = county->c;
    struct dp_kv *old;
    c->tap = tap;
    c->tap_ctx = left;
    cl_renew(county, town);
    assert_true(cluster_settle(c, 3600000));
    cl_renew(town, county);
    assert_true(cluster_settle(c, 3600000));
    old = cl_snapshot(town);
    work(county, town);
    cl_replace(town, old);
    cluster_run(c, 60000);
    assert_true(left[0] < 16 && left[1] < 16 && left[3] < 2); /* some of each; PROVE is but its type */
    c->tap = NULL;
}

static void work_seeds(void)
{
    struct cluster *c = cluster_new(79);
    struct cl_node *city = cl_root(c, "331000000000");
    struct cl_node *county = cl_enroll(c, city, "331023000000");
    struct cl_node *town = cl_enroll(c, county, "331023105000");
    work(county, town);
    rows_of(county, DP_T_CASE, 0, 8); /* the target puts the checksum there again */
    rows_of(town, DP_T_CASE, 1, 0);
    rows_of(county, DP_T_PEER, 2, 0);
    rows_of(county, DP_T_CHAIN, 3, 0);
    rows_of(county, DP_T_JOURNAL, 4, 0);
    rows_of(town, DP_T_JOURNAL, 4, 0);
    rows_of(town, DP_T_PARCEL_OF, 5, 0);
    frame_seeds(county, town);
    cluster_free(&c);
}

int main(int argc, char **argv)
{
    folder = argc == 2 ? argv[1] : NULL;
    if (folder == NULL) {
        fputs("usage: fuzz_seeds_node FOLDER\n", stderr);
        return 2;
    }
    assert_true(mkdir(folder, 0777) == 0 || errno == EEXIST);
    enroll_seeds();
    work_seeds();
    return 0;
}
