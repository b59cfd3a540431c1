/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal digits, without the C library: names are formatted on the hot path. */
#include "base/text.h"

bool dp_text_digits(struct dp_slice s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint64_t digit = (uint64_t)s.p[i] - '0';
        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

size_t dp_text_width(uint64_t v)
{
    size_t width = 1;

    for (; v >= 10; v /= 10)
        width++;
    return width;
}

char *dp_text_put(char *out, uint64_t v, size_t width)
{
    for (size_t i = width; i-- > 0; v /= 10)
        out[i] = (char)('0' + v % 10);
    return out + width;
}
