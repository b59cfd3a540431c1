/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of bytes as UTF-8, whatever a spreadsheet wrote it in: UTF-8 with or without a
 * mark of byte order, or GB18030. It never holds more than a few blocks. A sequence that
 * is not in the encoding comes out as a byte 0xFF, which no UTF-8 text has, so that the
 * check of the field it falls into finds it.
 */
#ifndef DP_CLI_DECODE_H
#define DP_CLI_DECODE_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Up to `cap` bytes to `p`; *len 0 = end. Any error ends the reading with it. */
typedef enum dp_err dp_bytes_read(void *ctx, void *p, size_t cap, size_t *len);

enum dp_encoding { DP_ENCODING_UTF8, DP_ENCODING_GB18030 };

#define DP_DECODE_BLOCK 16384
#define DP_DECODE_BYTES_MAX (UINT64_C(256) << 20)

struct dp_decode {
    dp_bytes_read *read;
    void *ctx;
    iconv_t gb18030; /* (iconv_t)-1 for UTF-8 */
    uint64_t total_bytes;
    uint8_t in[DP_DECODE_BLOCK];
    size_t in_len;
    bool ended, begun;
};

/*
 * Reads as much of the stream as is needed to say what it is: UTF-8 when all of it is valid, else
 * GB18030. DP_FORMAT for UTF-16 (by its mark), DP_TOO_BIG past 256 MiB. The caller rewinds.
 */
DP_MUST enum dp_err dp_encoding_detect(dp_bytes_read *read, void *ctx, enum dp_encoding *out);

/* DP_INTERNAL when the system has no converter. */
DP_MUST enum dp_err dp_decode_init(struct dp_decode *d, enum dp_encoding e, dp_bytes_read *read, void *ctx);
void dp_decode_fini(struct dp_decode *d);
/* The next bytes of UTF-8, at least 8 of room; *len 0 = end. DP_TOO_BIG past 256 MiB. */
DP_MUST enum dp_err dp_decode_next(struct dp_decode *d, uint8_t *p, size_t cap, size_t *len);

#endif
