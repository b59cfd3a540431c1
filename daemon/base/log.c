/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place of process-wide state on this floor: where lines go. A line is cut at a
 * whole character, and no byte in it can move a terminal's cursor.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define LINE_MAX_BYTES 1023

static struct {
    dp_log_sink *sink;
    void *ctx;
    enum dp_log_level max;
} out = {.max = DP_LOG_NOTICE};

void dp_log_set(dp_log_sink *sink, void *ctx, enum dp_log_level max)
{
    out.sink = sink;
    out.ctx = ctx;
    out.max = max;
}

void dp_log_level_set(enum dp_log_level max)
{
    out.max = max;
}

enum dp_log_level dp_log_level_get(void)
{
    return out.max;
}

/* Length of the first `len` bytes of `line` without a last character that the cut broke. */
static size_t whole_characters(const unsigned char *line, size_t len)
{
    size_t at = len;
    size_t need;

    while (at > 0 && (line[at - 1] & 0xc0) == 0x80)
        at--;
    if (at == 0 || line[at - 1] < 0xc0)
        return len;
    need = line[at - 1] < 0xe0 ? 2 : line[at - 1] < 0xf0 ? 3 : 4;
    return len - (at - 1) >= need ? len : at - 1;
}

/* C0, DEL, and the C1 set, which in UTF-8 is 0xc2 and a byte below 0xa0. */
static void mask_controls(unsigned char *line)
{
    for (; *line != '\0'; line++) {
        if (*line < 0x20 || *line == 0x7f)
            *line = '?';
        if (line[0] == 0xc2 && line[1] >= 0x80 && line[1] < 0xa0)
            line[0] = line[1] = '?';
    }
}

void dp_log(enum dp_log_level level, const char *fmt, ...)
{
    unsigned char line[LINE_MAX_BYTES + 1];
    va_list args;
    int len;

    if (out.sink == NULL || level > out.max)
        return;
    va_start(args, fmt);
    len = vsnprintf((char *)line, sizeof(line), fmt, args);
    va_end(args);
    if (len < 0)
        return;
    if (len > LINE_MAX_BYTES)
        line[whole_characters(line, LINE_MAX_BYTES)] = '\0';
    mask_controls(line);
    out.sink(out.ctx, level, (const char *)line);
}
