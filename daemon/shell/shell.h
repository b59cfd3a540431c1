/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process around one node: what it holds, the turns it gives the node, and the sockets that follow the
 * node's state. All decisions are below (node/daemon.h). Started and closed by main.c.
 */
#ifndef DP_SHELL_SHELL_H
#define DP_SHELL_SHELL_H

#include "config/config.h"
#include "net/net.h"
#include "node/daemon.h"
#include "store/life.h"

#define DP_SHELL_STRANGERS 16

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
    bool no_turn; /* the store let none begin: events are as if lost on the way */
    bool opening; /* the store: its pages are being read, and it is not there yet */
    bool parent_up, seeking;
    uint64_t dials_failed; /* when the parent was last up */
    char joined_at[256];
    int64_t life_next_ms, watchdog_next_ms;
    int64_t life_retry_ms; /* the start could not be noted: tried again then; 0 = nothing waits */
    bool life_anew;        /* a stop was ended: what is beside the store may be begun anew */
    int64_t alarm_at_ms;   /* up to when the time for programs of alarms is used */
    struct {
        struct dp_node node;
        struct dp_net_key key;
    } strangers[DP_SHELL_STRANGERS]; /* known nodes that are not ours: they are told so (R-ENR-2) */
    unsigned stranger_next;
};

/* How frames and replies of the node leave. */
struct dp_transport dp_shell_transport(struct shell *sh);
/* A write turn is open, or could be opened. */
bool dp_shell_turn(struct shell *sh);
/* Turns until a signal says stop; the exit code. */
int dp_shell_run(struct shell *sh);

/*
 * life.c: the life file beside the store (R-STO-3, R-HEL-7).
 * When the daemon is there and before anything is answered: begin or resume the life, or stop the node. An
 * error ends the start, with what and why in words. A full disk is none: it is tried again until there is
 * room.
 */
DP_MUST enum dp_err dp_shell_life_start(struct shell *sh, char *why, size_t why_len, const char **what);
/* A new identity was taken. */
void dp_shell_life_begin(struct shell *sh);
/* Now and then: what waits, and the file brought up to what was sealed. */
void dp_shell_life_tend(struct shell *sh, int64_t now);
struct dp_beside dp_shell_beside(struct shell *sh);

/* way.c: sockets as the state of the node wants them, after each turn. */
void dp_shell_follow(struct shell *sh);
/* For struct dp_daemon_options: the program of [alarm] command. `ctx` is a struct shell. */
void dp_shell_alarmed(void *ctx, const char *word, const char *node, const char *text);
/* A warning for each option that is set and does nothing yet. */
void dp_shell_without_effect(const struct dp_config *conf);
/* Log lines as the configuration wants them. */
void dp_shell_log(const struct dp_config *conf);
/* What the configuration says of idle links. */
int64_t dp_shell_keep_ms(const struct dp_config *conf);

/* way.c, for the events: true when one was about the way to the parent alone. */
bool dp_shell_on_way_up(struct shell *sh, const struct dp_net_event *ev);

#endif
