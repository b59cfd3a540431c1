/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of one node: text in, one immutable struct out. It holds what a
 * technician may choose for this machine and this line. It never holds what others must
 * be able to trust: node id, offices, limits, calendars, keys.
 */
#ifndef DP_CONFIG_CONFIG_H
#define DP_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"

#define DP_CONFIG_TEXT 200   /* longest text and its NUL; a line of the file is shorter than this */
#define DP_CONFIG_LIST 8     /* members of a list */
#define DP_CONFIG_ADDRESS 56 /* "[v6 address]:port" and its NUL */

/* A numeric address and port, as it follows "tcp://". */
struct dp_config_address {
    char text[DP_CONFIG_ADDRESS];
    bool v6;
    bool loopback;
};

struct dp_config_addresses {
    uint32_t n; /* 0 = off */
    struct dp_config_address v[DP_CONFIG_LIST];
};

/* Minutes since local midnight, [from, to); from > to runs over midnight. */
struct dp_config_window {
    uint16_t from_min;
    uint16_t to_min;
};

struct dp_config_windows {
    uint32_t n; /* 0 = always */
    struct dp_config_window v[DP_CONFIG_LIST];
};

struct dp_config_days {
    uint32_t n;
    bool working; /* working days of the child's calendar, else calendar days */
};

enum dp_config_language { DP_LANGUAGE_AUTO, DP_LANGUAGE_ZH, DP_LANGUAGE_EN };

/* auto: the journal under systemd, else standard error. */
enum dp_config_log_target { DP_LOG_TO_AUTO, DP_LOG_TO_JOURNAL, DP_LOG_TO_STDERR };

/* A text that is not set is "". */
struct dp_config {
    struct {
        char data_dir[DP_CONFIG_TEXT];
        char runtime_dir[DP_CONFIG_TEXT];
        enum dp_config_language language;
    } node;
    struct {
        struct dp_config_addresses address; /* tried in turn; none at the root */
        struct dp_config_addresses proxy;   /* SOCKS5; at most one */
    } parent;
    struct {
        struct dp_config_addresses listen;
        uint64_t max;
    } children;
    struct {
        uint64_t rate_limit_bytes_s; /* 0 = no limit */
        uint64_t day_budget_bytes;   /* 0 = no limit */
        uint64_t idle_budget_bytes;  /* a day */
        struct dp_config_windows windows;
        bool urgent_bypass; /* urgent lanes pass windows and budgets */
    } link;
    struct {
        uint64_t map_size_bytes;
        uint64_t free_min_percent;
        char backup_dir[DP_CONFIG_TEXT];
        uint64_t backup_keep;
    } store;
    struct {
        char group[DP_CONFIG_TEXT];
    } control;
    struct {
        struct dp_config_addresses listen;
        char tls_cert[DP_CONFIG_TEXT];
        char tls_key[DP_CONFIG_TEXT];
    } desk;
    struct {
        uint64_t per_hour;  /* persons that one officer looks up */
        uint64_t keep_days; /* of the record of it */
    } find;
    struct {
        int64_t max_skew_ms;
    } clock;
    struct {
        struct dp_config_days silence;
        char command[DP_CONFIG_TEXT];
    } alarm;
    struct {
        enum dp_log_level level;
        enum dp_config_log_target target;
    } log;
    struct {
        struct dp_config_addresses listen;
    } metrics;
};

/* The first thing that is wrong, and where. */
struct dp_config_error {
    char file[512];
    int line; /* 0: the file as a whole */
    char text[512];
};

/* Every option at its default. */
void dp_config_default(struct dp_config *out);

/*
 * Read `path`, then each *.conf of the folder conf.d beside it in the byte order of their
 * names; a later file overrides an earlier one, twice in one file is an error. DP_CONFIG
 * and *error on anything that is not exactly right; *out is then untouched.
 */
DP_MUST enum dp_err dp_config_load(const char *path, struct dp_config *out, struct dp_config_error *error);

/*
 * Load again for a running daemon. DP_CONFIG also when an option outside the sections link,
 * alarm and log differs from `running`: the error names it. All or nothing. `out` may be
 * `running`.
 */
DP_MUST enum dp_err dp_config_reload(const struct dp_config *running, const char *path, struct dp_config *out,
                                     struct dp_config_error *error);

/*
 * Walk the options that are set here and have no effect in this version: "section.name", borrowed, or NULL at
 * the end; *at begins as 0. parent.proxy is none of them: without it the way would be another, so it is an
 * error.
 */
const char *dp_config_without_effect(const struct dp_config *c, unsigned *at);

/* "FILE:LINE: TEXT", cut to `size`. */
void dp_config_error_format(const struct dp_config_error *error, char *out, size_t size);

/* Every option with its meaning, its default and its value in force, as a file that loads again. */
void dp_config_print(const struct dp_config *c, FILE *to);

#endif
