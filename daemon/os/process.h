/* SPDX-License-Identifier: Apache-2.0 */
/* What the process asks of the system at its start, and the programs that it starts. */
#ifndef DP_OS_PROCESS_H
#define DP_OS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * umask 077; no core dump and no tracing by processes of the same user, for secrets are in memory
 * (unless DAIPAO_ALLOW_CORE is set and not empty); descriptors 0 to 2 open.
 */
DP_MUST enum dp_err dp_os_process_harden(void);
/* Raise the soft limit of open files to `want`, or as far as the hard limit goes; *got is the result. */
DP_MUST enum dp_err dp_os_process_files(uint64_t want, uint64_t *got);
/*
 * A bus error or segmentation fault at an address for which `covers` says true writes `last_words` to
 * descriptor 2 and ends the process with `code`; any other, and an abort, says that there was one and goes
 * its way. `covers` runs in the handler; all three live until the process ends, or until NULL takes their
 * place.
 */
void dp_os_process_guard(bool (*covers)(const void *ctx, const void *addr), const void *ctx,
                         const char *last_words, int code);
/*
 * Start the program `argv[0]`, with its arguments up to a NULL, without waiting for it: no input, no
 * descriptors of this process but its standard error, no memory of it either (posix_spawn). Nobody waits for
 * its end. DP_IO: it cannot be started.
 */
DP_MUST enum dp_err dp_os_process_start(const char *const *argv);
/* Number of the group `name`; DP_NOT_FOUND. */
DP_MUST enum dp_err dp_os_group(const char *name, gid_t *gid);

#endif
