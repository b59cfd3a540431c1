/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daipaod: the process around one node. It reads the configuration, opens keys, store and sockets
 * in a fixed order, runs turns until it is told to stop, and closes everything in the mirrored order. All
 * decisions are below (node/daemon.h).
 */
#include <argp.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "crypto/keyring.h"
#include "crypto/random.h"
#include "net/net.h"
#include "node/daemon.h"
#include "node/fsck.h"
#include "node/renew.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/logsink.h"
#include "os/notify.h"
#include "os/process.h"
#include "os/signals.h"
#include "store/backup.h"
#include "store/kv_lmdb.h"
#include "store/layout.h"
#include "store/life.h"
#include "wire/link.h"

#define DEFAULT_CONF "/etc/daipao/daipaod.conf"
#define ENROLL_PORT_OFFSET 2 /* beside the port of the links */
#define TURN_MAX_MS 1000
#define RETRY_MS 5
#define LIFE_REFRESH_MS 30000
#define STRANGERS 16

/* ---- arguments ---- */

enum action { RUN, CHECK_CONFIG, PRINT_CONFIG, FSCK, RENEW, RESTORE };

struct args {
    enum action action;
    const char *conf;
    bool conf_given;
    const char *restore_file;
};

enum { OPT_CHECK = 0x100, OPT_PRINT, OPT_FSCK, OPT_RENEW, OPT_RESTORE };

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "Configuration (default " DEFAULT_CONF ")", 0},
    {"check-config", OPT_CHECK, NULL, 0, "Check the configuration and exit", 0},
    {"print-config", OPT_PRINT, NULL, 0, "Print every option as it is in force and exit", 0},
    {"fsck", OPT_FSCK, NULL, 0, "Verify the whole store offline and exit", 0},
    {"repair-journals", OPT_RENEW, NULL, 0,
     "Begin damaged journals anew, to be filled with what the other node lacks, and exit", 0},
    {"restore", OPT_RESTORE, "FILE", 0, "Make the store from a backup and exit", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct args *a = state->input;
    switch (key) {
    case 'c':
        a->conf = arg;
        a->conf_given = true;
        return 0;
    case OPT_CHECK:
        a->action = CHECK_CONFIG;
        return 0;
    case OPT_PRINT:
        a->action = PRINT_CONFIG;
        return 0;
    case OPT_FSCK:
        a->action = FSCK;
        return 0;
    case OPT_RENEW:
        a->action = RENEW;
        return 0;
    case OPT_RESTORE:
        a->action = RESTORE;
        a->restore_file = arg;
        return 0;
    case ARGP_KEY_ARG:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Five versions, each a promise (design: program, link, rules, store, control). */
static void print_version(FILE *to, struct argp_state *state)
{
    (void)state;
    fprintf(to,
            "daipaod %s\nlink protocol %d (speaks %d..%d)\nrules %d\nstore schema %d\ncontrol protocol %d\n",
            DP_VERSION, DP_LINK_VERSION, DP_LINK_VERSION_MIN, DP_LINK_VERSION, DP_RULES_VERSION,
            DP_STORE_SCHEMA, DP_CONTROL_VERSION);
}

/* ---- the process ---- */

struct shell {
    struct dp_config conf;
    const char *conf_path;
    struct dp_random random;
    struct dp_clock_src clock;
    struct dp_keyring *kr;
    struct dp_kv *kv;
    struct dp_net *net;
    struct dp_daemon *d;
    struct dp_life_keeper *life;
    char store_dir[1024], keys_dir[1024], socket_path[1100];
    struct dp_life_place place;
    int signal_fd;
    bool listening, dialling, enrolling, joining;
    bool turn_open, running;
    bool parent_up, seeking;
    uint64_t dials_failed; /* when the parent was last up */
    char joined_at[256];
    int64_t life_next_ms, watchdog_next_ms;
    struct {
        struct dp_node node;
        struct dp_net_key key;
    } strangers[STRANGERS]; /* known nodes that are not ours: they are told so (R-ENR-2) */
    unsigned stranger_next;
};

/* ---- transport: node ids to keys ---- */

static bool key_of(struct shell *sh, struct dp_node node, struct dp_net_key *out)
{
    if (dp_daemon_peer_key(sh->d, node, out->b))
        return true;
    for (unsigned i = 0; i < STRANGERS; i++)
        if (dp_node_eq(sh->strangers[i].node, node)) {
            *out = sh->strangers[i].key;
            return true;
        }
    return false;
}

static enum dp_err t_send(void *ctx, struct dp_node peer, struct dp_slice frame)
{
    struct shell *sh = ctx;
    struct dp_net_key key;
    return key_of(sh, peer, &key) ? dp_net_send(sh->net, &key, frame) : DP_UNREACHABLE;
}

static void t_drop(void *ctx, struct dp_node peer)
{
    struct shell *sh = ctx;
    struct dp_net_key key;
    if (key_of(sh, peer, &key))
        dp_net_drop(sh->net, &key);
}

static void t_reply(void *ctx, uint64_t conn, struct dp_slice bytes)
{
    struct shell *sh = ctx;
    enum dp_err e = dp_net_control_send(sh->net, (uint32_t)conn, bytes);
    if (e != DP_OK)
        dp_log(DP_LOG_INFO, "control: a reply found no reader: %s", dp_err_text(e));
}

static void t_enroll_reply(void *ctx, uint64_t conn, struct dp_slice bytes)
{
    struct shell *sh = ctx;
    if (dp_net_enroll_send(sh->net, (uint32_t)conn, bytes) != DP_OK)
        dp_log(DP_LOG_INFO, "enrolment: an answer found no reader");
}

/* ---- events into the turn ---- */

static bool open_turn(struct shell *sh)
{
    if (!sh->turn_open)
        sh->turn_open = dp_daemon_begin(sh->d) == DP_OK;
    return sh->turn_open;
}

static bool allow(void *ctx, const struct dp_net_key *key, uint64_t *token)
{
    struct shell *sh = ctx;
    if (!open_turn(sh))
        return false;
    struct dp_node n = dp_daemon_child_by_key(sh->d, key->b);
    *token = n.v;
    return n.v != 0;
}

static struct dp_node node_of(struct shell *sh, const struct dp_net_event *ev)
{
    if (ev->token == 0)
        return dp_daemon_parent(sh->d);
    struct dp_node n = {.v = ev->token};
    struct dp_net_key known;
    if (!dp_daemon_peer_key(sh->d, n, known.b)) {
        unsigned i = sh->stranger_next++ % STRANGERS;
        sh->strangers[i].node = n;
        sh->strangers[i].key = ev->key;
    }
    return n;
}

static void on_signals(struct shell *sh)
{
    enum dp_os_signal s;
    while ((s = dp_os_signals_next(sh->signal_fd)) != DP_OS_SIGNAL_NONE) {
        if (s == DP_OS_SIGNAL_STOP) {
            sh->running = false;
            continue;
        }
        struct dp_config_error why;
        char text[1100];
        dp_os_notify_reloading();
        if (dp_config_reload(&sh->conf, sh->conf_path, &sh->conf, &why) == DP_OK) {
            dp_log_level_set(sh->conf.log.level);
            dp_log(DP_LOG_NOTICE, "configuration reloaded");
        } else {
            dp_config_error_format(&why, text, sizeof text);
            dp_log(DP_LOG_ERROR, "configuration kept as it was: %s", text);
        }
        dp_os_notify_ready();
    }
}

/* ---- the wrong door (R-ENR-2) ---- */

#define SEEK_AFTER 3 /* attempts at the parent that failed */
#define SEEK_MAX 3   /* ancestors */

static bool is_ancestor(struct shell *sh, const struct dp_net_event *ev)
{
    struct dp_net_key parent;
    return ev->token == 0 && dp_daemon_parent_key(sh->d, parent.b) &&
           memcmp(parent.b, ev->key.b, sizeof parent.b) != 0;
}

static void seek_end(struct shell *sh)
{
    struct dp_net_key key;
    for (unsigned i = 0; sh->seeking && i < SEEK_MAX; i++)
        if (dp_daemon_ancestor_key(sh->d, i, key.b))
            dp_net_disconnect(sh->net, &key);
    sh->seeking = false;
}

/* What an ancestor says where the parent should be; a frame without meaning makes it speak. */
static void on_ancestor(struct shell *sh, const struct dp_net_event *ev)
{
    static const uint8_t keep[2] = {DP_FRAME_KEEP, 0};
    if (ev->type == DP_NET_LINK_UP && dp_net_send(sh->net, &ev->key, dp_slice_of(keep, sizeof keep)) != DP_OK)
        dp_log(DP_LOG_DEBUG, "link: an ancestor cannot be asked");
    if (ev->type == DP_NET_FRAME)
        dp_daemon_ancestor_frame(sh->d, ev->bytes);
}

static void on_parent(struct shell *sh, const struct dp_net_event *ev)
{
    sh->parent_up = ev->type != DP_NET_LINK_DOWN;
    sh->dials_failed = dp_net_counters(sh->net)->dials_failed;
    seek_end(sh);
}

/* True when the event was about the way to the parent alone. */
static bool on_way_up(struct shell *sh, const struct dp_net_event *ev)
{
    if (ev->type > DP_NET_FRAME || ev->token != 0)
        return false;
    if (is_ancestor(sh, ev)) {
        on_ancestor(sh, ev);
        return true;
    }
    if (ev->type != DP_NET_FRAME)
        on_parent(sh, ev);
    return false;
}

static void on_event(void *ctx, const struct dp_net_event *ev)
{
    struct shell *sh = ctx;
    if (ev->type == DP_NET_FD) {
        on_signals(sh);
        return;
    }
    if (!open_turn(sh) || on_way_up(sh, ev))
        return;
    switch (ev->type) {
    case DP_NET_LINK_UP:
        dp_daemon_link_up(sh->d, node_of(sh, ev));
        break;
    case DP_NET_LINK_DOWN:
        dp_daemon_link_down(sh->d, node_of(sh, ev));
        break;
    case DP_NET_FRAME:
        dp_daemon_frame(sh->d, node_of(sh, ev), ev->bytes);
        break;
    case DP_NET_CONTROL:
        dp_daemon_control(sh->d, ev->conn, (uint32_t)ev->uid, ev->bytes);
        break;
    case DP_NET_ENROLL:
        dp_daemon_enroll(sh->d, ev->conn, ev->bytes);
        break;
    case DP_NET_ENROLL_UP:
        dp_daemon_join_now(sh->d);
        break;
    case DP_NET_ENROLL_DOWN:
    case DP_NET_FD:
        break;
    }
}

/* ---- sockets follow the state of the node ---- */

static void endpoint(const struct dp_config_address *a, unsigned offset, char *out, size_t cap)
{
    const char *colon = strrchr(a->text, ':'); /* checked by the configuration: host:port, [v6]:port */
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, NULL, 10);
    int host = colon == NULL ? (int)strlen(a->text) : (int)(colon - a->text);
    snprintf(out, cap, "tcp://%.*s:%lu", host, a->text, port + offset);
}

static void listen_links(struct shell *sh)
{
    char ep[160];
    struct dp_net_pair own;
    if (sh->listening || sh->conf.children.listen.n == 0 || dp_daemon_keyring(sh->d) == NULL)
        return;
    memcpy(own.pub.b, dp_daemon_keyring(sh->d)->curve_pub.b, sizeof own.pub.b);
    memcpy(own.secret.b, dp_daemon_keyring(sh->d)->curve.b, sizeof own.secret.b);
    endpoint(&sh->conf.children.listen.v[0], 0, ep, sizeof ep);
    enum dp_err e = dp_net_listen(sh->net, ep, &own, allow, sh);
    dp_wipe(&own, sizeof own);
    if (e != DP_OK)
        dp_log(DP_LOG_ERROR, "cannot listen on %s: %s", ep, dp_err_text(e));
    else
        dp_log(DP_LOG_NOTICE, "listening for children on %s", dp_net_listen_endpoint(sh->net));
    sh->listening = true; /* tried: a wrong address needs a restart */
}

/* The address learnt at enrolment, "host:port" or an endpoint, unless the configuration names others. */
static size_t parent_endpoints(struct shell *sh, char eps[DP_NET_ADDRESSES_MAX][320], const char **list)
{
    size_t n = 0;
    for (uint32_t i = 0; i < sh->conf.parent.address.n && n < DP_NET_ADDRESSES_MAX; i++)
        endpoint(&sh->conf.parent.address.v[i], 0, eps[n++], 320);
    const char *learnt = dp_daemon_parent_address(sh->d);
    if (n == 0 && learnt[0] != '\0')
        snprintf(eps[n++], 320, "%s%s", strncmp(learnt, "tcp://", 6) == 0 ? "" : "tcp://", learnt);
    for (size_t i = 0; i < n; i++)
        list[i] = eps[i];
    return n;
}

static void dial_parent(struct shell *sh)
{
    char eps[DP_NET_ADDRESSES_MAX][320];
    const char *list[DP_NET_ADDRESSES_MAX];
    struct dp_net_key server;
    struct dp_net_pair own;
    if (sh->dialling || dp_daemon_parent(sh->d).v == 0 || !dp_daemon_parent_key(sh->d, server.b))
        return;
    size_t n = parent_endpoints(sh, eps, list);
    if (n == 0)
        return;
    memcpy(own.pub.b, dp_daemon_keyring(sh->d)->curve_pub.b, sizeof own.pub.b);
    memcpy(own.secret.b, dp_daemon_keyring(sh->d)->curve.b, sizeof own.secret.b);
    enum dp_err e = dp_net_connect(sh->net, list, n, &server, &own);
    dp_wipe(&own, sizeof own);
    if (e != DP_OK)
        dp_log(DP_LOG_ERROR, "cannot dial the parent at %s: %s", list[0], dp_err_text(e));
    sh->dialling = true;
}

/*
 * R-ENR-2: where the operator said that the parent is, another node may listen, to which our words for the
 * parent are noise. While the parent does not come up, what we know above it is tried there too.
 */
static void seek_parent(struct shell *sh)
{
    char eps[DP_NET_ADDRESSES_MAX][320];
    const char *list[DP_NET_ADDRESSES_MAX];
    struct dp_net_key key;
    struct dp_net_pair own;
    if (!sh->dialling || sh->seeking || sh->parent_up || sh->conf.parent.address.n == 0 ||
        dp_net_counters(sh->net)->dials_failed < sh->dials_failed + SEEK_AFTER)
        return;
    size_t n = parent_endpoints(sh, eps, list);
    memcpy(own.pub.b, dp_daemon_keyring(sh->d)->curve_pub.b, sizeof own.pub.b);
    memcpy(own.secret.b, dp_daemon_keyring(sh->d)->curve.b, sizeof own.secret.b);
    for (unsigned i = 0; i < SEEK_MAX; i++)
        if (dp_daemon_ancestor_key(sh->d, i, key.b) && dp_net_connect(sh->net, list, n, &key, &own) != DP_OK)
            dp_log(DP_LOG_DEBUG, "link: an ancestor cannot be tried at %s", list[0]);
    dp_wipe(&own, sizeof own);
    sh->seeking = true;
}

static void enroll_listen(struct shell *sh)
{
    char ep[160];
    bool want = dp_daemon_wants_enroll_listen(sh->d) && sh->conf.children.listen.n > 0;
    if (want == sh->enrolling)
        return;
    if (want) {
        endpoint(&sh->conf.children.listen.v[0], ENROLL_PORT_OFFSET, ep, sizeof ep);
        enum dp_err e = dp_net_enroll_listen(sh->net, ep);
        if (e != DP_OK)
            dp_log(DP_LOG_ERROR, "cannot listen for enrolments on %s: %s", ep, dp_err_text(e));
    } else {
        dp_net_enroll_close(sh->net);
    }
    sh->enrolling = want;
}

/* Address given to `node join`: host:port of the parent's links; enrolment is beside it. */
static bool join_endpoint(const char *address, char *out, size_t cap)
{
    const char *host = strncmp(address, "tcp://", 6) == 0 ? address + 6 : address;
    const char *colon = strrchr(host, ':');
    char *end;
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);
    if (colon == NULL || port == 0 || port > 65535 - ENROLL_PORT_OFFSET || *end != '\0')
        return false;
    snprintf(out, cap, "tcp://%.*s:%lu", (int)(colon - host), host, port + ENROLL_PORT_OFFSET);
    return true;
}

static void join(struct shell *sh)
{
    const char *address = dp_daemon_join_address(sh->d);
    char ep[320];
    struct dp_buf message;
    if (dp_daemon_enrolled(sh->d)) {
        if (sh->joining)
            dp_net_enroll_close(sh->net);
        sh->joining = false;
        return;
    }
    if (address == NULL)
        return;
    if (!sh->joining) {
        const char *list[1] = {ep};
        if (!join_endpoint(address, ep, sizeof ep) || dp_net_enroll_connect(sh->net, list, 1) != DP_OK) {
            dp_log(DP_LOG_ERROR, "cannot ask at %s: give a numeric address and a port", address);
            return;
        }
        sh->joining = true;
    }
    dp_buf_init(&message, DP_NET_ENROLL_MAX);
    if (dp_daemon_join_message(sh->d, &message) == DP_OK &&
        dp_net_enroll_send(sh->net, 0, dp_buf_slice(&message)) != DP_OK)
        dp_log(DP_LOG_DEBUG, "enrolment: not connected yet");
    dp_buf_fini(&message);
}

static void follow_state(struct shell *sh)
{
    uint32_t inc;
    uint8_t id[DP_LIFE_ID];
    if (sh->life == NULL && dp_daemon_new_life(sh->d, &inc)) {
        sh->random.fill(sh->random.ctx, id, sizeof id);
        if (dp_life_begin(sh->kv, &sh->place, id, inc, &sh->life) == DP_OK)
            dp_daemon_life(sh->d, sh->life);
        else
            dp_daemon_stop_issuing(sh->d, DP_STOP_RESTORED,
                                   "the life file beside the store cannot be written");
    }
    if (dp_daemon_enrolled(sh->d)) {
        listen_links(sh);
        dial_parent(sh);
        seek_parent(sh);
    }
    enroll_listen(sh);
    join(sh);
}

/* ---- the loop ---- */

static int poll_ms(struct shell *sh, int64_t now)
{
    if (dp_daemon_wants_turn(sh->d))
        return 0;
    int64_t ms = dp_daemon_wake(sh->d) - now;
    if (dp_daemon_busy(sh->d) && ms > RETRY_MS)
        ms = RETRY_MS;
    if (sh->joining && ms > 200)
        ms = 200;
    return ms < 0 ? 0 : ms > TURN_MAX_MS ? TURN_MAX_MS : (int)ms;
}

static void housekeeping(struct shell *sh, int64_t now)
{
    int64_t dog = dp_os_notify_watchdog_ms();
    if (dog > 0 && now >= sh->watchdog_next_ms) {
        dp_os_notify_watchdog();
        sh->watchdog_next_ms = now + dog;
    }
    if (sh->life != NULL && now >= sh->life_next_ms) {
        if (dp_life_refresh(sh->life) != DP_OK)
            dp_log(DP_LOG_WARN, "the life file beside the store cannot be written");
        sh->life_next_ms = now + LIFE_REFRESH_MS;
    }
}

static int run(struct shell *sh)
{
    while (sh->running) {
        int64_t now = sh->clock.mono_ms(sh->clock.ctx);
        enum dp_err e = dp_net_poll(sh->net, poll_ms(sh, now), on_event, sh);
        if (e != DP_OK) {
            dp_log(DP_LOG_ERROR, "sockets: %s", dp_err_text(e));
            return dp_err_exit(e);
        }
        now = sh->clock.mono_ms(sh->clock.ctx);
        if (!sh->turn_open && (dp_daemon_wants_turn(sh->d) || now >= dp_daemon_wake(sh->d)))
            open_turn(sh);
        if (sh->turn_open) {
            sh->turn_open = false;
            (void)dp_daemon_end(sh->d); /* a failed turn is logged, alarmed and undone */
        } else if (dp_daemon_busy(sh->d)) {
            dp_daemon_pump(sh->d);
        }
        follow_state(sh);
        housekeeping(sh, now);
    }
    return 0;
}

/* ---- start and its mirror ---- */

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "daipaod: %s: %s\n", what, why);
    return 1;
}

static int start_store(struct shell *sh)
{
    char why[512] = "";
    struct dp_keyring_why kwhy = {0};
    snprintf(sh->store_dir, sizeof sh->store_dir, "%s/store", sh->conf.node.data_dir);
    snprintf(sh->keys_dir, sizeof sh->keys_dir, "%s/keys", sh->conf.node.data_dir);
    sh->place.dir = sh->store_dir;
    if (dp_os_dir_make(sh->conf.node.data_dir) != DP_OK)
        return complain(sh->conf.node.data_dir, "must be a folder of the daemon's user with mode 0700");
    enum dp_err e = dp_keyring_load(sh->keys_dir, &sh->kr, &kwhy);
    if (e != DP_OK && e != DP_NOT_FOUND)
        return complain(kwhy.path, dp_keyring_fault_text(kwhy.fault));
    if (dp_kv_lmdb_open(sh->store_dir, sh->conf.store.map_size_bytes, &sh->kv, why, sizeof why) != DP_OK)
        return complain(sh->store_dir, why);
    return 0;
}

static int start_net(struct shell *sh)
{
    struct dp_net_config nc;
    gid_t gid = (gid_t)-1;
    dp_net_config_default(&nc);
    nc.clock = sh->clock;
    nc.random = sh->random;
    nc.peers_max = (int)sh->conf.children.max + 1;
    nc.control_conns_max = 128;
    if (dp_net_new(&nc, &sh->net) != DP_OK)
        return complain("sockets", "cannot be made");
    if (dp_os_dir_make(sh->conf.node.runtime_dir) != DP_OK)
        return complain(sh->conf.node.runtime_dir, "must be a folder of the daemon's user");
    if (sh->conf.control.group[0] != '\0' && dp_os_group(sh->conf.control.group, &gid) != DP_OK)
        dp_log(DP_LOG_WARN, "no group %s: the control socket is for this user only", sh->conf.control.group);
    snprintf(sh->socket_path, sizeof sh->socket_path, "%s/control.sock", sh->conf.node.runtime_dir);
    enum dp_err e = dp_net_control_bind(sh->net, sh->socket_path, gid);
    if (e != DP_OK)
        return complain(sh->socket_path, e == DP_CONFLICT ? "another daipaod answers there" : dp_err_text(e));
    return dp_net_fd_add(sh->net, sh->signal_fd) == DP_OK ? 0 : complain("signals", "cannot be watched");
}

static enum dp_err take_life(struct shell *sh, enum dp_life_state *state)
{
    struct dp_life life;
    uint32_t inc;
    uint8_t id[DP_LIFE_ID];
    enum dp_err e = dp_life_check(sh->kv, &sh->place, state, &life);
    if (e == DP_OK && *state == DP_LIFE_OK)
        return dp_life_resume(sh->kv, &sh->place, &sh->life);
    if (e != DP_OK || *state != DP_LIFE_NEW)
        return e;
    (void)dp_daemon_new_life(sh->d, &inc);
    sh->random.fill(sh->random.ctx, id, sizeof id);
    return dp_life_begin(sh->kv, &sh->place, id, inc, &sh->life);
}

/*
 * R-STO-3: the life file and the store must be of one life. Where that cannot be found out, the next start
 * may do better; only a full disk does not keep a node from acks and reads (R-STO-4).
 */
static int start_life(struct shell *sh)
{
    enum dp_life_state state = DP_LIFE_OK;
    char why[160], path[1100];
    if (!dp_daemon_enrolled(sh->d))
        return 0;
    enum dp_err e = take_life(sh, &state);
    if (e == DP_OK && sh->life != NULL) {
        dp_daemon_life(sh->d, sh->life);
        return 0;
    }
    if (e != DP_OK && e != DP_FULL) {
        snprintf(path, sizeof path, "%s/%s", sh->store_dir, DP_LIFE_FILE);
        return complain(path, dp_err_text(e));
    }
    if (e == DP_FULL)
        snprintf(why, sizeof why, "the disk is full; free space, then start the daemon again");
    else
        snprintf(why, sizeof why, "%s; nothing is issued until an operator settles it", dp_life_text(state));
    dp_daemon_stop_issuing(sh->d, DP_STOP_RESTORED, why);
    return 0;
}

static int start_daemon(struct shell *sh)
{
    struct dp_ports ports = {.kv = sh->kv,
                             .random = sh->random,
                             .clock = sh->clock,
                             .transport = {t_send, t_drop, t_reply, t_enroll_reply, sh}};
    struct dp_daemon_options opt = {.cache_facts = 20000,
                                    .max_skew_ms = sh->conf.clock.max_skew_ms,
                                    .disk_min_permille = sh->conf.store.free_min_percent * 10,
                                    .silence_days = sh->conf.alarm.silence.n,
                                    .zstd_level = 1,
                                    .data_dir = sh->conf.node.data_dir,
                                    .net = dp_net_counters(sh->net)};
    /* A keep-alive and its answer cost about 250 bytes with all headers (R-IDL-1). */
    uint64_t beats = sh->conf.link.idle_budget_bytes / 250;
    opt.keep_ms = beats == 0 ? DP_DAY_MS : DP_DAY_MS / (int64_t)beats;
    if (opt.keep_ms < 60000)
        opt.keep_ms = 60000;
    enum dp_err e = dp_daemon_new(&ports, &opt, sh->kr, &sh->d);
    if (e != DP_OK)
        return complain(sh->store_dir,
                        e == DP_NOT_FOUND ? "the keys of this store are missing" : dp_err_text(e));
    return start_life(sh);
}

static int start(struct shell *sh)
{
    uint64_t files;
    /* One heap for both threads: an idle node gives back nearly all of it. */
    mallopt(M_ARENA_MAX, 1);
    sh->signal_fd = -1;
    sh->clock = dp_os_clock();
    sh->random = dp_random_system();
    dp_os_log_stderr(sh->conf.log.level);
    if (dp_os_process_harden() != DP_OK)
        dp_log(DP_LOG_WARN, "the process could not be hardened");
    if (dp_os_process_files(65536, &files) == DP_OK && files < sh->conf.children.max + 64)
        dp_log(DP_LOG_WARN, "only %llu open files are allowed: too few for all children",
               (unsigned long long)files);
    if (dp_os_signals_open(&sh->signal_fd) != DP_OK)
        return complain("signals", "cannot be blocked");
    int rc = start_store(sh);
    if (rc == 0)
        rc = start_net(sh);
    if (rc == 0)
        rc = start_daemon(sh);
    return rc;
}

static void stop(struct shell *sh)
{
    dp_os_notify_stopping();
    if (sh->d != NULL)
        dp_daemon_life(sh->d, NULL);
    dp_daemon_free(&sh->d);
    if (sh->life != NULL && dp_life_stop(&sh->life) != DP_OK)
        dp_log(DP_LOG_WARN, "the life file beside the store could not be brought up to date");
    dp_net_free(&sh->net);
    if (sh->kv != NULL)
        sh->kv->ops->close(&sh->kv);
    if (sh->kr != NULL)
        dp_keyring_free(&sh->kr);
    if (sh->signal_fd >= 0)
        dp_os_signals_close(sh->signal_fd);
    dp_os_log_close();
}

static int daemon_main(struct shell *sh)
{
    int rc = start(sh);
    if (rc == 0) {
        sh->running = true;
        follow_state(sh);
        dp_os_notify_ready();
        dp_log(DP_LOG_NOTICE, "daipaod %s ready, control socket %s", DP_VERSION, sh->socket_path);
        rc = run(sh);
        dp_log(DP_LOG_NOTICE, "daipaod stops");
    }
    stop(sh);
    return rc;
}

/* ---- offline actions ---- */

static void tell(void *ctx, const struct dp_backup_progress *p)
{
    (void)ctx;
    if (isatty(STDERR_FILENO) != 0)
        fprintf(stderr, "\r%llu records", (unsigned long long)p->done);
}

static int restore(struct shell *sh, const char *file)
{
    char why[512] = "";
    snprintf(sh->store_dir, sizeof sh->store_dir, "%s/store", sh->conf.node.data_dir);
    if (dp_os_dir_make(sh->conf.node.data_dir) != DP_OK)
        return complain(sh->conf.node.data_dir, "must be a folder of the daemon's user with mode 0700");
    enum dp_err e = dp_backup_restore(file, sh->store_dir, tell, NULL, why, sizeof why);
    if (e != DP_OK)
        return complain(file, why[0] != '\0' ? why : dp_err_text(e));
    printf("restored into %s\nThe node will not issue entries until an operator settles its new life.\n",
           sh->store_dir);
    return 0;
}

static int offline(struct shell *sh, enum action action)
{
    dp_os_log_stderr(sh->conf.log.level); /* the store names there what is damaged */
    sh->random = dp_random_system();
    int rc = start_store(sh);
    if (rc == 0) {
        enum dp_err e =
            action == FSCK ? dp_fsck(sh->kv, sh->kr, stdout) : dp_renew_journals(sh->kv, &sh->random, stdout);
        rc = e == DP_OK ? 0 : 1;
    }
    if (sh->kv != NULL)
        sh->kv->ops->close(&sh->kv);
    if (sh->kr != NULL)
        dp_keyring_free(&sh->kr);
    return rc;
}

/* In a child: some kinds of damage to its pages end whoever reads an LMDB store. */
static int in_child(struct shell *sh, enum action action)
{
    int status = 0;
    pid_t done, pid = fork();
    if (pid < 0)
        return complain("check", strerror(errno));
    if (pid == 0)
        exit(offline(sh, action));
    while ((done = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    if (done == pid && WIFEXITED(status))
        return WEXITSTATUS(status);
    printf("damaged: the pages of the store cannot be read to their end; restore a backup\n");
    return 1;
}

static int load_config(struct shell *sh, const struct args *a)
{
    struct dp_config_error why;
    char text[1100];
    if (!a->conf_given && access(a->conf, R_OK) != 0) {
        dp_config_default(&sh->conf);
        return 0;
    }
    if (dp_config_load(a->conf, &sh->conf, &why) == DP_OK)
        return 0;
    dp_config_error_format(&why, text, sizeof text);
    fprintf(stderr, "daipaod: %s\n", text);
    return dp_err_exit(DP_CONFIG);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse_option,
        NULL,    "The node daemon of Daipao, a relay of cases between levels of administration.",
        NULL,    NULL,
        NULL};
    static struct shell sh;
    struct args a = {.action = RUN, .conf = DEFAULT_CONF};
    argp_program_version_hook = print_version;
    argp_err_exit_status = dp_err_exit(DP_USAGE);
    if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
        return dp_err_exit(DP_USAGE);
    sh.conf_path = a.conf;
    int rc = load_config(&sh, &a);
    if (rc != 0)
        return rc;
    switch (a.action) {
    case CHECK_CONFIG:
        printf("%s: good\n", a.conf);
        return 0;
    case PRINT_CONFIG:
        dp_config_print(&sh.conf, stdout);
        return 0;
    case FSCK:
    case RENEW:
        return in_child(&sh, a.action);
    case RESTORE:
        return restore(&sh, a.restore_file);
    case RUN:
        break;
    }
    return daemon_main(&sh);
}
