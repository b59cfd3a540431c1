/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pack.c and unpack.c share. Internal to case/. A dictionary holds the first
 * DP_PACK_DICT things of its sort; later ones are written in full each time, so that a hostile file
 * costs no more than linear time.
 */
#ifndef DP_CASE_PACK_H
#define DP_CASE_PACK_H

#include "case/casefile.h"

#define DP_PACK_VERSION 1
#define DP_PACK_DICT 64
#define DP_PACK_ROOT 0x80 /* in the byte of part_count: a root follows */

struct dp_pack_life {
    struct dp_node origin;
    uint32_t inc;
};

struct dp_pack_dict {
    uint32_t life_count, office_count, cert_count;
    struct dp_pack_life lives[DP_PACK_DICT];
    struct dp_office offices[DP_PACK_DICT];
    struct dp_origin certs[DP_PACK_DICT];
};

static inline void dp_pack_dict_init(struct dp_pack_dict *d)
{
    d->life_count = d->office_count = d->cert_count = 0;
}

/* Fields of a body that are present. */
enum dp_pack_field {
    DP_PACK_TO = 1u << 0,
    DP_PACK_DUE = 1u << 1,
    DP_PACK_DATE = 1u << 2,
    DP_PACK_CODE = 1u << 3,
    DP_PACK_CODE2 = 1u << 4,
    DP_PACK_CODE3 = 1u << 5,
    DP_PACK_DAYS = 1u << 6,
    DP_PACK_INDEX = 1u << 7,
    DP_PACK_OTHER = 1u << 8,
    DP_PACK_PROFILE = 1u << 9,
    DP_PACK_CALENDAR = 1u << 10,
    DP_PACK_BOUNDS = 1u << 11,
    DP_PACK_SIZE = 1u << 12,
    DP_PACK_DIGEST = 1u << 13,
    DP_PACK_NODE = 1u << 14,
    DP_PACK_NUMBER = 1u << 15,
    DP_PACK_FLAG = 1u << 16,
    DP_PACK_LABEL = 1u << 17,
};
#define DP_PACK_FIELDS_ALL ((1u << 18) - 1)

#endif
