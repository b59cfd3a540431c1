/* SPDX-License-Identifier: Apache-2.0 */
/* Where log lines go: stderr, with level prefixes when the journal reads it, or a file. */
#ifndef DP_OS_LOGSINK_H
#define DP_OS_LOGSINK_H

#include "base/err.h"
#include "base/log.h"

enum dp_os_log_reader {
    DP_OS_LOG_AUTO,    /* the journal where JOURNAL_STREAM says so, else people */
    DP_OS_LOG_JOURNAL, /* lines with "<n>" before them */
    DP_OS_LOG_PEOPLE,
};
/* Lines to stderr, as `reader` wants them. */
void dp_os_log_stderr_for(enum dp_os_log_reader reader, enum dp_log_level max);
/* For DP_OS_LOG_AUTO. */
void dp_os_log_stderr(enum dp_log_level max);
/* Lines with UTC time to `path` (0640, appended). On failure the sink stays as it was: DP_IO. */
DP_MUST enum dp_err dp_os_log_file(const char *path, enum dp_log_level max);
/* Reopen the file after rotation; no-op on stderr. DP_IO: the old file goes on. */
DP_MUST enum dp_err dp_os_log_reopen(void);
/* Back to no sink; closes the file. */
void dp_os_log_close(void);

#endif
