/* SPDX-License-Identifier: Apache-2.0 */
/* R-SHOW-1, see visible.h. One filter under the two streams, so that no line of output can be forgotten. */
#include "visible.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK_MAX 16

/* Of Unicode 15: controls, marks of direction, what has no width, separators, tags, fillers. */
static const struct {
    uint32_t from, to;
} hidden[] = {
    {0x00, 0x08},     {0x0b, 0x0c},     {0x0e, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},
    {0x34f, 0x34f},   {0x61c, 0x61c},   {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0000, 0xe007f},
};

/* Length and code point of the character at `s`; 1 and UINT32_MAX when it is no UTF-8. */
static size_t code_at(const unsigned char *s, size_t len, uint32_t *code)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
    *code = UINT32_MAX;
    if (n == 0 || n > len)
        return 1;
    uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 1;
        c = c << 6 | (s[i] & 0x3f);
    }
    *code = c;
    return n;
}

size_t dp_visible_hidden(const char *s, size_t len, uint32_t *code)
{
    size_t n = len == 0 ? 0 : code_at((const unsigned char *)s, len, code);
    for (size_t i = 0; n > 0 && i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (*code >= hidden[i].from && *code <= hidden[i].to)
            return n;
    return 0;
}

/* The next character of `s` as it is to be written: itself, or its mark. Bytes of `s` used. */
static size_t next(const char *s, size_t len, char mark[MARK_MAX], const char **out, size_t *out_len)
{
    uint32_t code;
    size_t n = dp_visible_hidden(s, len, &code);
    *out = s;
    if (n == 0)
        return *out_len = code_at((const unsigned char *)s, len, &code);
    *out = mark;
    *out_len = (size_t)snprintf(mark, MARK_MAX, "<U+%04X>", (unsigned)code);
    return n;
}

void dp_visible(const char *s, char *out, size_t cap)
{
    size_t len = strlen(s), put = 0, n = 0;
    for (size_t at = 0; at < len && cap > 0; put += n) {
        char mark[MARK_MAX];
        const char *piece;
        at += next(s + at, len - at, mark, &piece, &n);
        if (put + n + 1 > cap)
            break;
        memcpy(out + put, piece, n);
    }
    if (cap > 0)
        out[put] = '\0';
}

static size_t put_escape(char *out, uint32_t code)
{
    if (code < 0x10000)
        return (size_t)sprintf(out, "\\u%04x", (unsigned)code);
    code -= 0x10000;
    return (size_t)sprintf(out, "\\u%04x\\u%04x", 0xd800 + (unsigned)(code >> 10),
                           0xdc00 + (unsigned)(code & 0x3ff));
}

char *dp_visible_json(const char *s)
{
    size_t len = strlen(s), put = 0;
    uint32_t code;
    char *out = malloc(6 * len + 1); /* 12 bytes for 4 at most, 6 for 1 */
    for (size_t at = 0; out != NULL && at < len;) {
        size_t n = dp_visible_hidden(s + at, len - at, &code);
        if (n > 0)
            put += put_escape(out + put, code);
        else
            out[put++] = s[at];
        at += n > 0 ? n : 1;
    }
    if (out != NULL)
        out[put] = '\0';
    return out;
}

/* ---- the two streams ---- */

static bool write_whole(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put <= 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

struct eye {
    int fd;
    char cut[4]; /* of a character that the buffer of the stream cut in two */
    size_t cut_len;
};

/* Bytes at the end of `s` that begin a character and do not end it. */
static size_t begun(const char *s, size_t len)
{
    for (size_t n = 1; n <= 3 && n <= len; n++) {
        unsigned char c = (unsigned char)s[len - n];
        if (c >= 0xc0)
            return n < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) ? n : 0;
        if (c < 0x80)
            return 0;
    }
    return 0;
}

static ssize_t write_marked(void *cookie, const char *s, size_t len)
{
    struct eye *e = cookie;
    size_t all = e->cut_len + len, put = 0;
    char *in = malloc(all + 1), *out = malloc(MARK_MAX * all + 1);
    bool ok = in != NULL && out != NULL;
    if (ok) {
        memcpy(in, e->cut, e->cut_len);
        memcpy(in + e->cut_len, s, len);
        e->cut_len = begun(in, all);
        memcpy(e->cut, in + all - e->cut_len, e->cut_len);
        for (size_t at = 0; at < all - e->cut_len;) {
            char mark[MARK_MAX];
            const char *piece;
            size_t n;
            at += next(in + at, all - e->cut_len - at, mark, &piece, &n);
            memcpy(out + put, piece, n);
            put += n;
        }
        ok = write_whole(e->fd, out, put);
    }
    free(in);
    free(out);
    return ok ? (ssize_t)len : 0;
}

static FILE *marked(struct eye *e, int fd, int mode)
{
    const cookie_io_functions_t io = {.write = write_marked};
    e->fd = fd;
    FILE *f = fopencookie(e, "w", io);
    if (f != NULL)
        setvbuf(f, NULL, mode, BUFSIZ);
    return f;
}

static FILE *plain; /* stdout as it was */

FILE *dp_visible_data(void)
{
    return plain == NULL || isatty(STDOUT_FILENO) ? stdout : plain;
}

void dp_visible_begin(void)
{
    static struct eye out, err;
    plain = stdout;
    FILE *to = marked(&out, STDOUT_FILENO, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
    FILE *errors = marked(&err, STDERR_FILENO, _IONBF);
    if (to != NULL)
        stdout = to;
    if (errors != NULL)
        stderr = errors;
}
