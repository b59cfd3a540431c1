/* SPDX-License-Identifier: Apache-2.0 */
/* The service manager's notification socket (sd_notify(3)), without its library. */
#ifndef DP_OS_NOTIFY_H
#define DP_OS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Each sends one datagram; false when there is no service manager or it did not take it. Never blocks. */
bool dp_os_notify_ready(void);
bool dp_os_notify_stopping(void);
bool dp_os_notify_watchdog(void);
/* RELOADING=1 with the monotonic time, before a reload; READY ends it. */
bool dp_os_notify_reloading(void);
/* One line a person reads in `systemctl status`; cut at 200 bytes, line ends become spaces. */
bool dp_os_notify_status(const char *text);
/* How often dp_os_notify_watchdog must come (half of what was asked), in ms; 0: not wanted. */
int64_t dp_os_notify_watchdog_ms(void);

#endif
