/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as something to read, so that no handler interrupts a turn. */
#ifndef DP_OS_SIGNALS_H
#define DP_OS_SIGNALS_H

#include "base/err.h"

enum dp_os_signal { DP_OS_SIGNAL_NONE, DP_OS_SIGNAL_STOP, DP_OS_SIGNAL_RELOAD };

/*
 * Block TERM, INT and HUP in this thread (call before any thread starts, they inherit it), ignore
 * PIPE, and give a descriptor that is readable when one of them is pending. DP_IO.
 */
DP_MUST enum dp_err dp_os_signals_open(int *fd);
/* The next pending one; NONE when there is none left. */
enum dp_os_signal dp_os_signals_next(int fd);
/* Closes; the signals stay blocked, since this ends with the process. */
void dp_os_signals_close(int fd);

#endif
