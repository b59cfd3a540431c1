/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daipaod: reads the configuration, opens keys, store and sockets in a fixed order, lets the shell run turns
 * until it is told to stop, and closes everything in the mirrored order. Or one of the offline actions.
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
#include "crypto/secret.h"
#include "net/net.h"
#include "node/daemon.h"
#include "node/fsck.h"
#include "node/opens.h"
#include "node/renew.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/logsink.h"
#include "os/notify.h"
#include "os/process.h"
#include "os/signals.h"
#include "shell/shell.h"
#include "store/backup.h"
#include "store/kv_lmdb.h"
#include "store/layout.h"
#include "store/life.h"
#include "wire/link.h"

#define DEFAULT_CONF "/etc/daipao/daipaod.conf"

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

/* ---- start and its mirror ---- */

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "daipaod: %s: %s\n", what, why);
    return 1;
}

static int complain_store(const struct shell *sh, enum dp_err e, const char *why)
{
    fprintf(stderr, "daipaod: %s: %s%s\n", sh->store_dir, why, e == DP_CORRUPT ? "; " DP_KV_LMDB_RUIN : "");
    return 1;
}

/* R-STO-5: what cannot be read may end the process, but not without a word. */
static bool in_store(const void *ctx, const void *addr)
{
    const struct shell *sh = ctx;
    return sh->kv == NULL ? sh->opening : dp_kv_lmdb_covers(sh->kv, addr);
}

static const char ruin[] = "daipaod: a page of the store is damaged or not there; " DP_KV_LMDB_RUIN "\n";

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
    dp_os_process_guard(in_store, sh, ruin, dp_err_exit(DP_CORRUPT));
    sh->opening = true;
    e = dp_kv_lmdb_open(sh->store_dir, sh->conf.store.map_size_bytes, &sh->kv, why, sizeof why);
    sh->opening = false;
    if (!dp_secret_locked())
        dp_log(DP_LOG_WARN, "keys could not be locked in memory and may reach the swap space: raise "
                            "LimitMEMLOCK of the service, or encrypt the swap space");
    return e == DP_OK ? 0 : complain_store(sh, e, why);
}

static int start_net(struct shell *sh)
{
    struct dp_net_config nc;
    dp_net_config_default(&nc);
    nc.clock = sh->clock;
    nc.random = sh->random;
    nc.peers_max = (int)sh->conf.children.max + 1;
    nc.control_conns_max = 128;
    if (dp_net_new(&nc, &sh->net) != DP_OK)
        return complain("sockets", "cannot be made");
    if (dp_os_dir_make(sh->conf.node.runtime_dir) != DP_OK)
        return complain(sh->conf.node.runtime_dir, "must be a folder of the daemon's user");
    return 0;
}

static int start_daemon(struct shell *sh)
{
    struct dp_ports ports = {.kv = sh->kv,
                             .random = sh->random,
                             .clock = sh->clock,
                             .transport = dp_shell_transport(sh),
                             .beside = dp_shell_beside(sh)};
    struct dp_daemon_options opt = {.cache_facts = 20000,
                                    .max_skew_ms = sh->conf.clock.max_skew_ms,
                                    .disk_min_permille = sh->conf.store.free_min_percent * 10,
                                    .silence_days = sh->conf.alarm.silence.n,
                                    .silence_calendar = !sh->conf.alarm.silence.working,
                                    .keep_ms = dp_shell_keep_ms(&sh->conf),
                                    .zstd_level = 1,
                                    .data_dir = sh->conf.node.data_dir,
                                    .backup_dir = sh->conf.store.backup_dir,
                                    .backup_keep = sh->conf.store.backup_keep,
                                    .finds_an_hour = (uint32_t)sh->conf.find.per_hour,
                                    .finds_keep_days = (uint32_t)sh->conf.find.keep_days,
                                    .net = dp_net_counters(sh->net),
                                    .alarmed = dp_shell_alarmed,
                                    .alarmed_ctx = sh};
    char why[200] = "";
    enum dp_err e = dp_daemon_new(&ports, &opt, sh->kr, &sh->d);
    if (e != DP_OK)
        return complain_store(sh, e,
                              e == DP_NOT_FOUND ? "the keys of this store are missing" : dp_err_text(e));
    const char *what = sh->store_dir;
    e = dp_shell_life_start(sh, why, sizeof why, &what);
    return e == DP_OK ? 0 : e == DP_CORRUPT ? complain_store(sh, e, why) : complain(what, why);
}

/*
 * The last of all: no command is answered, and none waits, before the node knows whether it may issue
 * (R-HEL-7).
 */
static int open_control(struct shell *sh)
{
    gid_t gid = (gid_t)-1;
    if (sh->conf.control.group[0] != '\0' && dp_os_group(sh->conf.control.group, &gid) != DP_OK)
        dp_log(DP_LOG_WARN, "no group %s: the control socket is for this user only", sh->conf.control.group);
    snprintf(sh->socket_path, sizeof sh->socket_path, "%s/control.sock", sh->conf.node.runtime_dir);
    enum dp_err e = dp_net_control_bind(sh->net, sh->socket_path, gid);
    if (e != DP_OK)
        return complain(sh->socket_path, e == DP_CONFLICT ? "another daipaod answers there" : dp_err_text(e));
    return dp_net_fd_add(sh->net, sh->signal_fd) == DP_OK ? 0 : complain("signals", "cannot be watched");
}

static int start(struct shell *sh)
{
    uint64_t files;
    /* One heap for both threads: an idle node gives back nearly all of it. */
    mallopt(M_ARENA_MAX, 1);
    sh->signal_fd = -1;
    sh->clock = dp_os_clock();
    sh->random = dp_random_system();
    dp_shell_log(&sh->conf);
    dp_shell_without_effect(&sh->conf);
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
    if (rc == 0)
        rc = open_control(sh);
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
        dp_shell_follow(sh);
        dp_os_notify_ready();
        dp_log(DP_LOG_NOTICE, "daipaod %s ready, control socket %s", DP_VERSION, sh->socket_path);
        rc = dp_shell_run(sh);
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

/* Secrets come into memory: no core dump, no tracing (as in a daemon). */
static void harden(void)
{
    if (dp_os_process_harden() != DP_OK)
        fprintf(stderr, "daipaod: the process could not be hardened\n");
}

/* R-STO-7 */
static int tell_content(struct shell *sh)
{
    int rc = start_store(sh);
    enum dp_err e = rc == 0 ? dp_opens_tell(sh->kv, sh->kr, stdout) : DP_OK;
    if (sh->kv != NULL)
        sh->kv->ops->close(&sh->kv);
    dp_keyring_free(&sh->kr);
    return e == DP_OK ? rc : complain_store(sh, e, dp_err_text(e));
}

static int restore(struct shell *sh, const char *file)
{
    char why[512] = "";
    harden();
    snprintf(sh->store_dir, sizeof sh->store_dir, "%s/store", sh->conf.node.data_dir);
    if (dp_os_dir_make(sh->conf.node.data_dir) != DP_OK)
        return complain(sh->conf.node.data_dir, "must be a folder of the daemon's user with mode 0700");
    enum dp_err e = dp_backup_restore(file, sh->store_dir, tell, NULL, why, sizeof why);
    if (e != DP_OK)
        return complain(file, why[0] != '\0' ? why : dp_err_text(e));
    printf("restored into %s\nThe node will not issue entries until an operator settles its new life.\n",
           sh->store_dir);
    return tell_content(sh);
}

static int offline(struct shell *sh, enum action action)
{
    dp_os_log_stderr(sh->conf.log.level); /* the store names there what is damaged */
    harden();
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
        dp_os_log_stderr(DP_LOG_WARN);
        dp_shell_without_effect(&sh.conf);
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
