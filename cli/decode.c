/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings of registers, block by block. */
#include "decode.h"

#include <errno.h>
#include <string.h>

#define NO_ICONV ((iconv_t)-1)
#define BAD_BYTE 0xFF

/* ---- detection ---- */

/* Where a check of UTF-8 stands between two bytes. */
struct utf8_check {
    unsigned left;     /* continuation bytes still to come */
    uint8_t low, high; /* bounds of the next one */
};

/* Bounds of the byte after `lead`, which excludes overlong forms, surrogates and beyond U+10FFFF. */
static bool utf8_lead(struct utf8_check *c, uint8_t lead)
{
    c->low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    c->high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80)
        c->left = 0;
    else if (lead >= 0xC2 && lead <= 0xDF)
        c->left = 1;
    else if (lead >= 0xE0 && lead <= 0xEF)
        c->left = 2;
    else if (lead >= 0xF0 && lead <= 0xF4)
        c->left = 3;
    else
        return false;
    return true;
}

static bool utf8_step(struct utf8_check *c, uint8_t byte)
{
    if (c->left == 0)
        return utf8_lead(c, byte);
    if (byte < c->low || byte > c->high)
        return false;
    c->left--;
    c->low = 0x80;
    c->high = 0xBF;
    return true;
}

static bool utf8_run(struct utf8_check *c, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!utf8_step(c, p[i]))
            return false;
    return true;
}

static bool utf16_mark(const uint8_t *p, size_t len)
{
    return len >= 2 && ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == 0xFE && p[1] == 0xFF));
}

enum dp_err dp_encoding_detect(dp_bytes_read *read, void *ctx, enum dp_encoding *out)
{
    struct utf8_check check = {0};
    uint8_t block[DP_DECODE_BLOCK];
    uint64_t total = 0;
    bool utf8 = true;
    size_t len;

    do {
        enum dp_err err = read(ctx, block, sizeof(block), &len);
        if (err != DP_OK)
            return err;
        if (total == 0 && utf16_mark(block, len))
            return DP_FORMAT;
        total += len;
        if (total > DP_DECODE_BYTES_MAX)
            return DP_TOO_BIG;
        utf8 = utf8 && utf8_run(&check, block, len);
    } while (len > 0 && utf8);
    *out = utf8 && check.left == 0 ? DP_ENCODING_UTF8 : DP_ENCODING_GB18030;
    return DP_OK;
}

/* ---- decoding ---- */

enum dp_err dp_decode_init(struct dp_decode *d, enum dp_encoding e, dp_bytes_read *read, void *ctx)
{
    d->read = read;
    d->ctx = ctx;
    d->total_bytes = 0;
    d->in_len = 0;
    d->ended = d->begun = false;
    d->gb18030 = e == DP_ENCODING_GB18030 ? iconv_open("UTF-8", "GB18030") : NO_ICONV;
    return e == DP_ENCODING_GB18030 && d->gb18030 == NO_ICONV ? DP_INTERNAL : DP_OK;
}

void dp_decode_fini(struct dp_decode *d)
{
    if (d->gb18030 != NO_ICONV)
        iconv_close(d->gb18030);
    d->gb18030 = NO_ICONV;
}

static void drop_in(struct dp_decode *d, size_t len)
{
    memmove(d->in, d->in + len, d->in_len - len);
    d->in_len -= len;
}

/* More input behind what is left of the last block. */
static enum dp_err fill(struct dp_decode *d)
{
    size_t len;
    enum dp_err err = d->read(d->ctx, d->in + d->in_len, sizeof(d->in) - d->in_len, &len);

    if (err != DP_OK)
        return err;
    d->total_bytes += len;
    if (d->total_bytes > DP_DECODE_BYTES_MAX)
        return DP_TOO_BIG;
    d->in_len += len;
    d->ended = len == 0;
    return DP_OK;
}

/* The mark of byte order may come in pieces; both encodings can begin with one in UTF-8. */
static enum dp_err begin(struct dp_decode *d)
{
    while (d->in_len < 3 && !d->ended) {
        enum dp_err err = fill(d);
        if (err != DP_OK)
            return err;
    }
    d->begun = true;
    if (utf16_mark(d->in, d->in_len))
        return DP_FORMAT;
    if (d->gb18030 == NO_ICONV && d->in_len >= 3 && memcmp(d->in, "\xEF\xBB\xBF", 3) == 0)
        drop_in(d, 3);
    return DP_OK;
}

static size_t copy_out(struct dp_decode *d, uint8_t *p, size_t cap)
{
    size_t len = d->in_len < cap ? d->in_len : cap;

    memcpy(p, d->in, len);
    drop_in(d, len);
    return len;
}

/* What iconv can make of the input; a bad or cut sequence gives BAD_BYTE for its first byte. */
static size_t convert(struct dp_decode *d, uint8_t *p, size_t cap)
{
    char *in = (char *)d->in, *out = (char *)p;
    size_t in_left = d->in_len, out_left = cap;
    bool bad = iconv(d->gb18030, &in, &in_left, &out, &out_left) == (size_t)-1 &&
               (errno == EILSEQ || (errno == EINVAL && d->ended));

    if (bad && out_left > 0) {
        *out = (char)BAD_BYTE;
        out_left--;
        in_left--;
        iconv(d->gb18030, NULL, NULL, NULL, NULL);
    }
    drop_in(d, d->in_len - in_left);
    return cap - out_left;
}

enum dp_err dp_decode_next(struct dp_decode *d, uint8_t *p, size_t cap, size_t *len)
{
    enum dp_err err = d->begun ? DP_OK : begin(d);

    *len = 0;
    while (err == DP_OK && *len == 0) {
        if (d->in_len > 0)
            *len = d->gb18030 == NO_ICONV ? copy_out(d, p, cap) : convert(d, p, cap);
        if (*len > 0 || (d->ended && d->in_len == 0))
            break;
        if (!d->ended)
            err = fill(d);
    }
    return err;
}
