/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on the line between a village and its township, both ways, counted by a relay between them as TCP
 * payload: CURVE, framing and acks included. A greeting with nothing to send, one entry, batches, and a
 * keep-alive. Beside the batches: the same entries raw under zstd -19.
 *
 *   bench_wire DAIPAOD [SECONDS TO WATCH AN IDLE LINK]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <zstd.h>

#include "base/id.h"
#include "proxy.h"
#include "report.h"
#include "tree.h"

#define HANDSHAKE_BAR 2048
#define KEEP_MS_DEFAULT (86400000.0 / (65536 / 250)) /* idle-budget 64 KB a day, daemon/main.c */

static const uint32_t batches[] = {1, 10, 100, 1000};
#define BATCHES (sizeof batches / sizeof batches[0])

static void nap_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Until nothing moves for half a second. */
static uint64_t settled(struct proxy *p)
{
    uint64_t last = proxy_bytes(p);
    for (int still = 0; still < 5; still++) {
        nap_ms(100);
        uint64_t at = proxy_bytes(p);
        if (at != last)
            still = 0;
        last = at;
    }
    return last;
}

/* Until neither side owes the other anything, also after a moment. */
static void wait_nothing_owed(struct tree *t)
{
    for (int still = 0; still < 10; still++) {
        nap_ms(100);
        if (tree_link_number(t->village, t->township->id, "backlog") != 0 ||
            tree_link_number(t->township, t->village->id, "backlog") != 0)
            still = 0;
    }
}

/* From now on the village goes through the relay; its idle budget is at the top, so that keep-alives are
 * frequent. */
static void through(struct tree *t, struct proxy *p)
{
    proxy_start(p, t->township->port);
    wait_nothing_owed(t);
    proc_kill(t->village, SIGTERM);
    snprintf(t->village->conf, sizeof t->village->conf,
             "[parent]\naddress = 127.0.0.1:%u\n[link]\nidle-budget = 360000\n", p->port);
    proc_start(&t->rig, t->village);
    proc_wait(t->village, "status", "links_up", 1, 30);
}

static int64_t frame_bytes(struct tree *t)
{
    return tree_link_number(t->village, t->township->id, "bytes_in") +
           tree_link_number(t->village, t->township->id, "bytes_out");
}

static void idle(struct proxy *p, double seconds)
{
    double end = proc_now() + seconds;
    uint64_t before = proxy_bytes(p), each = 0;
    while (proc_now() < end && each == 0) {
        nap_ms(200);
        if (proxy_bytes(p) != before)
            each = settled(p) - before;
    }
    report("wire", "keep_alive_both_ways", "B", (double)each, 250, "budget of one with TCP and IP headers",
           1);
    report("wire", "idle_hour_computed", "B", (double)each * 3600000 / KEEP_MS_DEFAULT, 65536.0 / 24,
           "64 KB a day; keep-alive measured, interval as configured by default", 1);
}

static void print_batches(const struct tree_entries *e, uint64_t first, const uint64_t *line)
{
    char metric[48];
    for (size_t i = 0; i < BATCHES; i++) {
        uint32_t n = batches[i];
        size_t len = e->at[first + n] - e->at[first], cap = ZSTD_compressBound(len);
        void *z = malloc(cap);
        size_t zl = z == NULL ? 0 : ZSTD_compress(z, cap, e->bytes.p + e->at[first], len, 19);
        snprintf(metric, sizeof metric, "bytes_per_entry_in_batch_of_%u", n);
        report("wire", metric, "B", (double)line[i] / n, (double)zl / n, "zstd -19 of the same entries", 1);
        snprintf(metric, sizeof metric, "raw_bytes_per_entry_of_%u", n);
        report("wire", metric, "B", (double)len / n, 0, "none", 1);
        free(z);
        first += n;
    }
}

int main(int argc, char **argv)
{
    struct tree t;
    static struct proxy p;
    struct tree_entries e;
    struct dp_node origin;
    uint64_t line[BATCHES];
    if (argc < 2) {
        fprintf(stderr, "usage: bench_wire DAIPAOD [SECONDS]\n");
        return 2;
    }
    tree_new(&t, argv[1], 50);
    through(&t, &p);
    report("wire", "greeting_line", "B", (double)settled(&p), HANDSHAKE_BAR, "bar", 1);
    report("wire", "greeting_frames", "B", (double)frame_bytes(&t), HANDSHAKE_BAR, "bar", 1);
    tree_register(&t);
    uint64_t before = settled(&p), issued = t.sent;
    for (size_t i = 0; i < BATCHES; i++) {
        tree_issue(&t, batches[i]);
        uint64_t at = settled(&p);
        line[i] = at - before;
        before = at;
    }
    idle(&p, argc > 2 ? atof(argv[2]) : 90);
    proc_kill(t.village, SIGTERM);
    if (dp_node_parse(dp_slice_str(t.village->id), &origin) != DP_OK)
        return 1;
    tree_entries(t.village, origin.v, &e);
    print_batches(&e, e.count - (t.sent - issued), line);
    tree_entries_free(&e);
    int rc = t.refused == 0 ? 0 : 1;
    tree_free(&t);
    return rc;
}
