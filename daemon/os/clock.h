/* SPDX-License-Identifier: Apache-2.0 */
/* The system's clocks behind port/clock.h. */
#ifndef DP_OS_CLOCK_H
#define DP_OS_CLOCK_H

#include "port/clock.h"

/* Stateless; `synced` asks the kernel, once per call, whether a time service disciplines its clock. */
struct dp_clock_src dp_os_clock(void);

#endif
