/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a data file and its first error. */
#include "config/lines.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

/* dp_utf8_ok refuses a carriage return, which a file from Windows has before each newline. */
static bool text_ok(struct dp_slice s)
{
    struct dp_slice run = {s.p, 0};

    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '\r' && i + 1 < s.len && s.p[i + 1] == '\n') {
            if (!dp_utf8_ok(run))
                return false;
            run = dp_slice_of(s.p + i + 1, 0);
            continue;
        }
        run.len++;
    }
    return dp_utf8_ok(run);
}

void dp_lines_init(struct dp_lines *l, struct dp_slice text, const char *file, struct dp_config_error *error)
{
    *l = (struct dp_lines){.rest = text, .error = error};
    snprintf(error->file, sizeof(error->file), "%s", file);
    error->line = 0;
    error->text[0] = '\0';
    if (text.len > DP_DATA_FILE_BYTES_MAX) {
        dp_lines_fail(l, 0, "larger than %d bytes", DP_DATA_FILE_BYTES_MAX);
        return;
    }
    if (text.len >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0)
        l->rest = dp_slice_of(text.p + 3, text.len - 3);
    if (!text_ok(l->rest))
        dp_lines_fail(l, 0, "not plain UTF-8 text");
}

bool dp_lines_next(struct dp_lines *l, struct dp_slice *line)
{
    const uint8_t *end;
    size_t len;

    if (l->failed || l->rest.len == 0)
        return false;
    end = memchr(l->rest.p, '\n', l->rest.len);
    len = end != NULL ? (size_t)(end - l->rest.p) : l->rest.len;
    *line = dp_slice_of(l->rest.p, len);
    len += end != NULL;
    l->rest = dp_slice_of(l->rest.p + len, l->rest.len - len);
    l->line++;
    if (line->len > 0 && line->p[line->len - 1] == '\r')
        line->len--;
    if (line->len > DP_DATA_LINE_MAX)
        return dp_lines_fail(l, l->line, "the line is longer than %d bytes", DP_DATA_LINE_MAX);
    return true;
}

bool dp_lines_fail(struct dp_lines *l, int line, const char *fmt, ...)
{
    va_list args;

    if (l->failed)
        return false;
    l->failed = true;
    l->error->line = line;
    va_start(args, fmt);
    vsnprintf(l->error->text, sizeof(l->error->text), fmt, args);
    va_end(args);
    return false;
}

struct dp_slice dp_lines_trim(struct dp_slice s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = dp_slice_of(s.p + 1, s.len - 1);
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool dp_lines_number(struct dp_slice s, uint32_t min, uint32_t max, uint32_t *out)
{
    uint64_t v;

    if (!dp_text_digits(s, &v) || v < min || v > max)
        return false;
    *out = (uint32_t)v;
    return true;
}
