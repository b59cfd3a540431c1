/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked around daemon/main.c with --wrap: the daemon itself is unchanged, these functions stand between its
 * shell and what it calls. See probe.h.
 */
#include "probe.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/net.h"
#include "node/daemon.h"

enum dp_err __real_dp_daemon_new(const struct dp_ports *, const struct dp_daemon_options *,
                                 struct dp_keyring *, struct dp_daemon **);
enum dp_err __wrap_dp_daemon_new(const struct dp_ports *, const struct dp_daemon_options *,
                                 struct dp_keyring *, struct dp_daemon **);
void __real_dp_daemon_frame(struct dp_daemon *, struct dp_node, struct dp_slice);
void __wrap_dp_daemon_frame(struct dp_daemon *, struct dp_node, struct dp_slice);
enum dp_err __real_dp_net_send(struct dp_net *, const struct dp_net_key *, struct dp_slice);
enum dp_err __wrap_dp_net_send(struct dp_net *, const struct dp_net_key *, struct dp_slice);
enum dp_err __real_dp_net_control_send(struct dp_net *, uint32_t, struct dp_slice);
enum dp_err __wrap_dp_net_control_send(struct dp_net *, uint32_t, struct dp_slice);
void __real_dp_net_config_default(struct dp_net_config *);
void __wrap_dp_net_config_default(struct dp_net_config *);

static struct probe_page *page;
static int record_fd = -1;
static bool armed;

static void after_commit(void *ctx)
{
    (void)ctx;
    uint64_t n = atomic_fetch_add(&page->commits, 1) + 1, at = atomic_load(&page->kill_at);
    armed = at != 0 && n >= at;
}

/* R-STO-1 asks what happens here: durable, and nobody was told. */
static void between(void)
{
    if (!armed)
        return;
    atomic_fetch_add(&page->kills, 1);
    raise(SIGKILL);
}

static void note(uint64_t node, bool out, struct dp_slice bytes)
{
    struct probe_record r = {.node = node, .len = (uint32_t)bytes.len, .out = out};
    if (record_fd < 0)
        return;
    if (write(record_fd, &r, sizeof r) != (ssize_t)sizeof r ||
        write(record_fd, bytes.p, bytes.len) != (ssize_t)bytes.len)
        abort(); /* a record with holes would prove nothing */
}

enum dp_err __wrap_dp_daemon_new(const struct dp_ports *ports, const struct dp_daemon_options *opt,
                                 struct dp_keyring *kr, struct dp_daemon **out)
{
    const char *path = getenv("DAIPAO_PROBE_PAGE"), *record = getenv("DAIPAO_PROBE_RECORD");
    const char *tidy = getenv("DAIPAO_PROBE_TIDY_MS");
    struct dp_daemon_options probed = *opt;
    if (tidy != NULL)
        probed.tidy_ms = strtol(tidy, NULL, 10);
    enum dp_err e = __real_dp_daemon_new(ports, &probed, kr, out);
    if (e == DP_OK && path != NULL) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED)
            abort();
        close(fd);
        dp_daemon_probe(*out, after_commit, NULL);
    }
    if (record != NULL && record_fd < 0)
        record_fd = open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return e;
}

void __wrap_dp_daemon_frame(struct dp_daemon *d, struct dp_node peer, struct dp_slice frame)
{
    note(peer.v, false, frame);
    __real_dp_daemon_frame(d, peer, frame);
}

enum dp_err __wrap_dp_net_send(struct dp_net *net, const struct dp_net_key *key, struct dp_slice frame)
{
    between();
    note(0, true, frame);
    return __real_dp_net_send(net, key, frame);
}

enum dp_err __wrap_dp_net_control_send(struct dp_net *net, uint32_t conn, struct dp_slice bytes)
{
    between();
    return __real_dp_net_control_send(net, conn, bytes);
}

void __wrap_dp_net_config_default(struct dp_net_config *out)
{
    const char *ms = getenv("DAIPAO_PROBE_RECONNECT_MS");
    __real_dp_net_config_default(out);
    if (ms != NULL)
        out->reconnect_ms = out->reconnect_max_ms = atoi(ms);
}
