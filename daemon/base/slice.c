/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slices, secrets, hex and the text check. Nothing here allocates. A slice with len 0 may
 * hold NULL, so no pointer is handed to memcpy or memcmp before its length is known.
 */
#include "base/slice.h"

#include <string.h>

struct dp_slice dp_slice_of(const void *p, size_t len)
{
    return (struct dp_slice){p, len};
}

struct dp_slice dp_slice_str(const char *s)
{
    return dp_slice_of(s, strlen(s));
}

bool dp_slice_eq(struct dp_slice a, struct dp_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

int dp_slice_cmp(struct dp_slice a, struct dp_slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.p, b.p, common);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

void dp_wipe(void *p, size_t len)
{
    if (len > 0)
        explicit_bzero(p, len);
}

bool dp_secret_eq(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a, *y = b;
    unsigned differs = 0;

    for (size_t i = 0; i < len; i++)
        differs |= (unsigned)(x[i] ^ y[i]);
    return differs == 0;
}

void dp_hex(const void *p, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = p;

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

/* 0..15, or -1. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum dp_err dp_unhex(const char *s, size_t s_len, void *out, size_t len)
{
    uint8_t *bytes = out;

    if (s_len / 2 != len || s_len % 2 != 0)
        return DP_FORMAT;
    for (size_t i = 0; i < s_len; i++) {
        if (hex_value(s[i]) < 0)
            return DP_FORMAT;
    }
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(hex_value(s[2 * i]) * 16 + hex_value(s[2 * i + 1]));
    return DP_OK;
}

/* Length of the sequence that `lead` begins; 0 when no valid sequence begins so. */
static size_t utf8_len(uint8_t lead)
{
    if (lead < 0xc2)
        return lead < 0x80 ? 1 : 0;
    if (lead < 0xe0)
        return 2;
    if (lead < 0xf0)
        return 3;
    return lead < 0xf5 ? 4 : 0;
}

/* The character of `len` bytes at `p`, or 0 when a continuation byte is wrong. */
static uint32_t utf8_char(const uint8_t *p, size_t len)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = p[0] & lead_bits[len];

    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    return c;
}

/* Neither overlong nor a surrogate nor past the last plane, and no control character. */
static bool utf8_char_ok(uint32_t c, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    if (c < least[len])
        return false;
    if (c < 0x20)
        return c == '\n' || c == '\t';
    if (c >= 0x7f && c < 0xa0)
        return false;
    if (c >= 0xd800 && c < 0xe000)
        return false;
    return c <= 0x10ffff;
}

/*
 * Length of the character at `p` when it is one of the two kinds that need no decoding: printable ASCII, and
 * three bytes whose lead alone rules out overlong forms and surrogates (nearly all Chinese); else 0.
 */
static size_t utf8_usual(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80)
        return p[0] >= 0x20 && p[0] < 0x7f;
    if (left < 3 || p[0] <= 0xe0 || p[0] >= 0xf0 || p[0] == 0xed)
        return 0;
    return (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80 ? 3 : 0;
}

bool dp_utf8_ok(struct dp_slice s)
{
    size_t i = 0;

    while (i < s.len) {
        size_t usual = utf8_usual(s.p + i, s.len - i);
        if (usual > 0) {
            i += usual;
            continue;
        }
        size_t len = utf8_len(s.p[i]);
        if (len == 0 || len > s.len - i)
            return false;
        if (!utf8_char_ok(utf8_char(s.p + i, len), len))
            return false;
        i += len;
    }
    return true;
}
