/* SPDX-License-Identifier: Apache-2.0 */
/* Where log lines go: stderr, with level prefixes when the journal reads it, or a file. */
#ifndef DP_OS_LOGSINK_H
#define DP_OS_LOGSINK_H

#include "base/err.h"
#include "base/log.h"

/* Lines to stderr; "<n>" prefixes when JOURNAL_STREAM says that the journal reads it. */
void dp_os_log_stderr(enum dp_log_level max);
/* Lines with UTC time to `path` (0640, appended). On failure the sink stays as it was: DP_IO. */
DP_MUST enum dp_err dp_os_log_file(const char *path, enum dp_log_level max);
/* Reopen the file after rotation; no-op on stderr. DP_IO: the old file goes on. */
DP_MUST enum dp_err dp_os_log_reopen(void);
/* Back to no sink; closes the file. */
void dp_os_log_close(void);

#endif
