/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows. A new option is a field in struct dp_config, a row here, and a paragraph in
 * conf/daipaod.conf; a test keeps the three together.
 */
#include "config/option.h"

#include <string.h>

static const char *const languages[] = {"auto", "zh", "en", NULL};
static const char *const levels[] = {"error", "warn", "notice", "info", "debug", NULL};
static const char *const targets[] = {"auto", "journal", "stderr", NULL};

#define FIELD(member) offsetof(struct dp_config, member), sizeof(((struct dp_config *)0)->member)
#define KIB UINT64_C(1024)
#define GIB (KIB * KIB * KIB)
#define TIB (KIB * GIB)

/* clang-format off */
const struct dp_option dp_options[] = {
    {"node", "data-dir", DP_OPTION_PATH, FIELD(node.data_dir), "/var/lib/daipao", 0, 0, NULL, false, false,
     "Folder of the store, the keys and the certificates."},
    {"node", "runtime-dir", DP_OPTION_PATH, FIELD(node.runtime_dir), "/run/daipao", 0, 0, NULL, false, false,
     "Folder of the sockets."},
    {"node", "language", DP_OPTION_ENUM, FIELD(node.language), "auto", 0, 0, languages, false, true,
     "Language of papers and pages; auto takes it from the locale."},

    {"parent", "address", DP_OPTION_ADDRESSES, FIELD(parent.address), "off", 1, DP_CONFIG_LIST, NULL, false, false,
     "Where the node above listens, tried in turn; off at the root."},
    {"parent", "proxy", DP_OPTION_ADDRESSES, FIELD(parent.proxy), "off", 1, 1, NULL, false, true,
     "SOCKS5 proxy on the way to the node above."},

    {"children", "listen", DP_OPTION_ADDRESSES, FIELD(children.listen), "off", 1, DP_CONFIG_LIST, NULL, false, false,
     "Where this node listens for the nodes below."},
    {"children", "max", DP_OPTION_INTEGER, FIELD(children.max), "1024", 1, 16384, NULL, false, false,
     "How many nodes below may be connected at once."},

    {"link", "rate-limit", DP_OPTION_SIZE, FIELD(link.rate_limit_bytes_s), "0", 0, TIB, NULL, true, true,
     "Bytes a second sent on each link; 0 sets no limit."},
    {"link", "day-budget", DP_OPTION_SIZE, FIELD(link.day_budget_bytes), "0", 0, TIB, NULL, true, true,
     "Bytes a day, both ways, on each link; 0 sets no limit."},
    {"link", "idle-budget", DP_OPTION_SIZE, FIELD(link.idle_budget_bytes), "64K", KIB, TIB, NULL, true, false,
     "Bytes a day that an idle link may use to stay alive."},
    {"link", "windows", DP_OPTION_WINDOWS, FIELD(link.windows), "always", 0, DP_CONFIG_LIST, NULL, true, true,
     "Local times of the day when links may be up."},
    {"link", "urgent-bypass", DP_OPTION_BOOL, FIELD(link.urgent_bypass), "yes", 0, 0, NULL, true, true,
     "Whether urgent items may pass windows and budgets."},

    {"store", "map-size", DP_OPTION_SIZE, FIELD(store.map_size_bytes), "64G", 64 * KIB * KIB, 16 * TIB, NULL, false, false,
     "Address space of the store; more than it will ever hold, it costs no disk."},
    {"store", "free-min", DP_OPTION_PERCENT, FIELD(store.free_min_percent), "10%", 1, 50, NULL, false, false,
     "Free disk below which intake stops."},
    {"store", "backup-dir", DP_OPTION_PATH, FIELD(store.backup_dir), NULL, 0, 0, NULL, false, false,
     "Folder of the daily backup; without it none is made."},
    {"store", "backup-keep", DP_OPTION_INTEGER, FIELD(store.backup_keep), "14", 1, 3650, NULL, false, false,
     "How many backups stay."},

    {"control", "group", DP_OPTION_NAME, FIELD(control.group), "daipao", 0, 0, NULL, false, false,
     "Group whose members may use the command line."},

    {"desk", "listen", DP_OPTION_ADDRESSES, FIELD(desk.listen), "127.0.0.1:7311", 1, DP_CONFIG_LIST, NULL, false, true,
     "Where browsers of the office reach the desk."},
    {"desk", "tls-cert", DP_OPTION_PATH, FIELD(desk.tls_cert), NULL, 0, 0, NULL, false, true,
     "Certificate of the desk; needed beyond this machine."},
    {"desk", "tls-key", DP_OPTION_PATH, FIELD(desk.tls_key), NULL, 0, 0, NULL, false, true,
     "Key file of that certificate."},

    {"find", "per-hour", DP_OPTION_INTEGER, FIELD(find.per_hour), "60", 1, 3600, NULL, false, false,
     "Persons whom one officer may look up by name in an hour; more is refused."},
    {"find", "keep-days", DP_OPTION_INTEGER, FIELD(find.keep_days), "1095", 180, 36500, NULL, false, false,
     "Days for which it is kept who looked a person up."},

    {"clock", "max-skew", DP_OPTION_DURATION, FIELD(clock.max_skew_ms), "10 min", 1, 86400, NULL, false, false,
     "Difference from the clock above at which intake stops."},

    {"alarm", "silence-days", DP_OPTION_DAYS, FIELD(alarm.silence), "3 working", 1, 365, NULL, true, false,
     "Days without word from a node below before the alarm."},
    {"alarm", "command", DP_OPTION_PATH, FIELD(alarm.command), NULL, 0, 0, NULL, true, false,
     "Program run for each new alarm; it gets no personal data."},

    {"log", "level", DP_OPTION_ENUM, FIELD(log.level), "notice", 0, 0, levels, true, false,
     "Least important level that is written."},
    {"log", "target", DP_OPTION_ENUM, FIELD(log.target), "auto", 0, 0, targets, true, false,
     "Where lines go; auto is the journal under systemd, else standard error."},

    {"metrics", "listen", DP_OPTION_ADDRESSES, FIELD(metrics.listen), "off", 1, DP_CONFIG_LIST, NULL, false, true,
     "Where Prometheus may read the metrics."},
};
/* clang-format on */

const size_t dp_options_count = sizeof(dp_options) / sizeof(dp_options[0]);

const struct dp_option *dp_option_find(const char *section, const char *name)
{
    for (size_t i = 0; i < dp_options_count; i++) {
        const struct dp_option *o = &dp_options[i];
        if (strcmp(o->section, section) == 0 && strcmp(o->name, name) == 0)
            return o;
    }
    return NULL;
}

bool dp_option_section_known(const char *section)
{
    for (size_t i = 0; i < dp_options_count; i++) {
        if (strcmp(dp_options[i].section, section) == 0)
            return true;
    }
    return false;
}
