/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction of SSE 4.2 where there is one, else eight tables filled at first use:
 * table k advances a byte over k zero bytes that follow it, so eight bytes go at once.
 */
#include "store/crc32c.h"

#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL UINT32_C(0x82f63b78) /* bit-reversed 0x1edc6f41 */

static uint32_t tables[8][256];
static bool tables_ready;

static void fill_tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t v = i;
        for (int bit = 0; bit < 8; bit++)
            v = v >> 1 ^ (v & 1 ? POLYNOMIAL : 0);
        tables[0][i] = v;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int k = 1; k < 8; k++)
            tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 0xff];
    }
    tables_ready = true;
}

static uint32_t byte_plain(uint32_t crc, uint8_t b)
{
    return crc >> 8 ^ tables[0][(crc ^ b) & 0xff];
}

uint32_t dp_crc32c_plain(uint32_t crc, const void *p, size_t len)
{
    const uint8_t *b = p;

    if (!tables_ready)
        fill_tables();
    crc = ~crc;
    for (; len >= 8; len -= 8, b += 8) {
        uint32_t low =
            crc ^ ((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);

        crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
              tables[4][low >> 24] ^ tables[3][b[4]] ^ tables[2][b[5]] ^ tables[1][b[6]] ^ tables[0][b[7]];
    }
    for (; len > 0; len--, b++)
        crc = byte_plain(crc, *b);
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const uint8_t *b, size_t len)
{
    uint64_t v = ~crc;

    for (; len >= 8; len -= 8, b += 8) {
        uint64_t word;
        memcpy(&word, b, sizeof(word));
        v = __builtin_ia32_crc32di(v, word);
    }
    for (; len > 0; len--, b++)
        v = __builtin_ia32_crc32qi((uint32_t)v, *b);
    return ~(uint32_t)v;
}

uint32_t dp_crc32c(uint32_t crc, const void *p, size_t len)
{
    return __builtin_cpu_supports("sse4.2") ? crc_sse42(crc, p, len) : dp_crc32c_plain(crc, p, len);
}
#else
uint32_t dp_crc32c(uint32_t crc, const void *p, size_t len)
{
    return dp_crc32c_plain(crc, p, len);
}
#endif
