/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets follow the state of the node: it listens for its children and for newcomers, dials its parent, asks
 * to be enrolled, and looks for its parent at a wrong door (R-ENR-2).
 */
#include "shell/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "wire/link.h"

#define KEEP_BYTES 250
#define KEEP_MS_MIN 60000
#define ENROLL_PORT_OFFSET 2 /* beside the port of the links */

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
bool dp_shell_on_way_up(struct shell *sh, const struct dp_net_event *ev)
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

/* ---- listening and dialling ---- */

static bool allow(void *ctx, const struct dp_net_key *key, uint64_t *token)
{
    struct shell *sh = ctx;
    if (!dp_shell_turn(sh))
        return false;
    struct dp_node n = dp_daemon_child_by_key(sh->d, key->b);
    *token = n.v;
    return n.v != 0;
}

static void endpoint(const struct dp_config_address *a, unsigned offset, char *out, size_t cap)
{
    const char *colon = strrchr(a->text, ':'); /* checked by the configuration: host:port, [v6]:port */
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, NULL, 10);
    int host = colon == NULL ? (int)strlen(a->text) : (int)(colon - a->text);
    snprintf(out, cap, "tcp://%.*s:%lu", host, a->text, port + offset);
}

static void listen_also(struct shell *sh, const struct dp_config_address *a)
{
    char ep[160];
    endpoint(a, 0, ep, sizeof ep);
    enum dp_err e = dp_net_listen_also(sh->net, ep);
    if (e != DP_OK)
        dp_log(DP_LOG_ERROR, "cannot listen on %s: %s", ep, dp_err_text(e));
    else
        dp_log(DP_LOG_NOTICE, "listening for children on %s", ep);
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
    for (uint32_t i = 1; e == DP_OK && i < sh->conf.children.listen.n; i++)
        listen_also(sh, &sh->conf.children.listen.v[i]);
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

void dp_shell_follow(struct shell *sh)
{
    uint32_t inc;
    if (sh->life == NULL && dp_daemon_new_life(sh->d, &inc))
        dp_shell_life_begin(sh);
    if (dp_daemon_enrolled(sh->d)) {
        listen_links(sh);
        dial_parent(sh);
        seek_parent(sh);
    }
    enroll_listen(sh);
    join(sh);
}

/* A keep-alive and its answer cost about 250 bytes with all headers (R-IDL-1). */
int64_t dp_shell_keep_ms(const struct dp_config *conf)
{
    uint64_t beats = conf->link.idle_budget_bytes / KEEP_BYTES;
    int64_t ms = beats == 0 ? DP_DAY_MS : DP_DAY_MS / (int64_t)beats;
    return ms < KEEP_MS_MIN ? KEEP_MS_MIN : ms;
}
