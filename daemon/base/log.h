/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log facade. The sink is set by the shell (stderr, journal, a test's buffer); below it
 * nothing knows where lines go. Never a name, phone, address or text of a petitioner:
 * cases by number or entry name only (N4, THREATS).
 */
#ifndef DP_BASE_LOG_H
#define DP_BASE_LOG_H

enum dp_log_level { DP_LOG_ERROR, DP_LOG_WARN, DP_LOG_NOTICE, DP_LOG_INFO, DP_LOG_DEBUG };

typedef void dp_log_sink(void *ctx, enum dp_log_level level, const char *line);

void dp_log_set(dp_log_sink *sink, void *ctx, enum dp_log_level max);
void dp_log_level_set(enum dp_log_level max);
enum dp_log_level dp_log_level_get(void);
/* One line, no newline, at most 1,023 bytes; control characters are replaced by '?'. */
void dp_log(enum dp_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
