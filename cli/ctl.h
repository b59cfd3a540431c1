/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's end of the control socket: bytes out, bytes in. What they mean is the
 * control protocol's matter. One connection, no reconnect: when the daemon goes, so does the call.
 */
#ifndef DP_CLI_CTL_H
#define DP_CLI_CTL_H

#include "base/err.h"
#include "base/slice.h"

#define DP_CTL_REPLY_MAX (64 << 20) /* longer replies are sent in several messages */

struct dp_ctl;

/*
 * Connect to the Unix socket `path`. DP_UNREACHABLE: nobody answers there; DP_NOT_ENTITLED: the
 * system does not let us (the group of the socket).
 */
DP_MUST enum dp_err dp_ctl_open(const char *path, struct dp_ctl **out);
/* Replies not yet received are lost; nulls. */
void dp_ctl_close(struct dp_ctl **ctl);

/*
 * Queue one request; waits up to `timeout_ms` (-1: no limit) for room. A thousand may be under way.
 * DP_TIMEOUT, DP_UNREACHABLE, DP_TOO_BIG above 1 MiB.
 */
DP_MUST enum dp_err dp_ctl_send(struct dp_ctl *ctl, struct dp_slice request, int timeout_ms);
/* The next reply, borrowed until the next call here. 0 only looks. DP_TIMEOUT, DP_UNREACHABLE. */
DP_MUST enum dp_err dp_ctl_recv(struct dp_ctl *ctl, struct dp_slice *reply, int timeout_ms);
/* Both, for one request when no other is under way. */
DP_MUST enum dp_err dp_ctl_call(struct dp_ctl *ctl, struct dp_slice request, struct dp_slice *reply,
                                int timeout_ms);

#endif
