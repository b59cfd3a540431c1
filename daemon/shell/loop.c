/* SPDX-License-Identifier: Apache-2.0 */
/* Events of sockets and signals into turns of the node, and what it says back out. */
#include "shell/shell.h"

#include <string.h>

#include "base/log.h"
#include "os/logsink.h"
#include "os/notify.h"
#include "os/process.h"
#include "os/signals.h"

#define TURN_MAX_MS 1000
#define RETRY_MS 5
#define NO_TURN_MS 200
#define ALARM_EACH_MS 1000
#define ALARM_BURST_MS 10000

/* ---- transport: node ids to keys ---- */

static bool key_of(struct shell *sh, struct dp_node node, struct dp_net_key *out)
{
    if (dp_daemon_peer_key(sh->d, node, out->b))
        return true;
    for (unsigned i = 0; i < DP_SHELL_STRANGERS; i++)
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

struct dp_transport dp_shell_transport(struct shell *sh)
{
    return (struct dp_transport){t_send, t_drop, t_reply, t_enroll_reply, sh};
}

/* ---- events into the turn ---- */

bool dp_shell_turn(struct shell *sh)
{
    if (!sh->turn_open) {
        sh->turn_open = dp_daemon_begin(sh->d) == DP_OK;
        sh->no_turn = !sh->turn_open;
    }
    return sh->turn_open;
}

static struct dp_node node_of(struct shell *sh, const struct dp_net_event *ev)
{
    if (ev->token == 0)
        return dp_daemon_parent(sh->d);
    struct dp_node n = {.v = ev->token};
    struct dp_net_key known;
    if (!dp_daemon_peer_key(sh->d, n, known.b)) {
        unsigned i = sh->stranger_next++ % DP_SHELL_STRANGERS;
        sh->strangers[i].node = n;
        sh->strangers[i].key = ev->key;
    }
    return n;
}

void dp_shell_log(const struct dp_config *conf)
{
    static const enum dp_os_log_reader readers[] = {[DP_LOG_TO_AUTO] = DP_OS_LOG_AUTO,
                                                    [DP_LOG_TO_JOURNAL] = DP_OS_LOG_JOURNAL,
                                                    [DP_LOG_TO_STDERR] = DP_OS_LOG_PEOPLE};
    dp_os_log_stderr_for(readers[conf->log.target], conf->log.level);
}

void dp_shell_without_effect(const struct dp_config *conf)
{
    const char *name;
    for (unsigned at = 0; (name = dp_config_without_effect(conf, &at)) != NULL;)
        dp_log(DP_LOG_WARN, "%s is not in this version: it has no effect", name);
}

/* A burst of ten, then one a second: whoever makes alarms on purpose makes no load of programs. */
void dp_shell_alarmed(void *ctx, const char *word, const char *node, const char *text)
{
    struct shell *sh = ctx;
    const char *const argv[] = {sh->conf.alarm.command, word, node, text, NULL};
    int64_t now = sh->clock.mono_ms(sh->clock.ctx);
    if (sh->conf.alarm.command[0] == '\0')
        return;
    if (sh->alarm_at_ms == 0 || now - sh->alarm_at_ms > ALARM_BURST_MS)
        sh->alarm_at_ms = now - ALARM_BURST_MS;
    if (sh->alarm_at_ms + ALARM_EACH_MS > now)
        return; /* it is in the log and in the list */
    sh->alarm_at_ms += ALARM_EACH_MS;
    if (dp_os_process_start(argv) != DP_OK)
        dp_log(DP_LOG_WARN, "the program of [alarm] command cannot be started");
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
            dp_shell_log(&sh->conf);
            dp_shell_without_effect(&sh->conf);
            dp_daemon_tune(sh->d, dp_shell_keep_ms(&sh->conf), sh->conf.alarm.silence.n,
                           !sh->conf.alarm.silence.working);
            dp_log(DP_LOG_NOTICE, "configuration reloaded");
        } else {
            dp_config_error_format(&why, text, sizeof text);
            dp_log(DP_LOG_ERROR, "configuration kept as it was: %s", text);
        }
        dp_os_notify_ready();
    }
}

/*
 * R-ACK-1: a frame that no turn takes in was never here. The peer hears nothing of it on a line that stands,
 * so the line goes and both greet again. Who asks on the control socket is told that nothing was done.
 */
static void without_turn(struct shell *sh, const struct dp_net_event *ev)
{
    struct dp_node node;
    if (ev->type == DP_NET_CONTROL)
        dp_daemon_turn_away(sh->d, ev->conn, ev->bytes, DP_AGAIN,
                            "the store is not to be had now, nothing was done: try again");
    if (ev->type != DP_NET_FRAME && ev->type != DP_NET_LINK_UP && ev->type != DP_NET_LINK_DOWN)
        return;
    node = node_of(sh, ev);
    dp_daemon_link_down(sh->d, node);
    if (ev->type != DP_NET_LINK_DOWN)
        t_drop(sh, node);
}

/* R-CTL-6: what is over before a turn is needed for it. */
static bool without_need(struct shell *sh, const struct dp_net_event *ev)
{
    if (ev->type == DP_NET_CONTROL_GONE)
        dp_daemon_caller_gone(sh->d, ev->conn);
    else if (ev->type == DP_NET_CONTROL_AWAY || (ev->type == DP_NET_CONTROL && ev->away))
        dp_daemon_turn_away(sh->d, ev->conn, ev->bytes, DP_AGAIN,
                            "too many connections of this user are open; close some of them, then ask again");
    else
        return false;
    return true;
}

static void on_event(void *ctx, const struct dp_net_event *ev)
{
    struct shell *sh = ctx;
    if (ev->type == DP_NET_FD) {
        on_signals(sh);
        return;
    }
    if (without_need(sh, ev))
        return;
    if (!dp_shell_turn(sh)) {
        without_turn(sh, ev);
        return;
    }
    if (dp_shell_on_way_up(sh, ev))
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
    case DP_NET_CONTROL_AWAY:
    case DP_NET_CONTROL_GONE:
    case DP_NET_FD:
        break;
    }
}

/* ---- the loop ---- */

static int poll_ms(struct shell *sh, int64_t now)
{
    if (sh->no_turn)
        return NO_TURN_MS;
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
    dp_shell_life_tend(sh, now);
}

int dp_shell_run(struct shell *sh)
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
            dp_shell_turn(sh);
        if (sh->turn_open) {
            sh->turn_open = false;
            (void)dp_daemon_end(sh->d); /* a failed turn is logged, alarmed and undone */
        } else if (dp_daemon_busy(sh->d) || dp_daemon_wants_turn(sh->d)) {
            dp_daemon_pump(sh->d);
        }
        dp_shell_follow(sh);
        housekeeping(sh, now);
    }
    return 0;
}
