/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of the life file, and what is seen of the place where the store runs. Only for
 * life.c. 96 bytes, big-endian: "daipao/life/1" padded to 16, life id 16, incarnation 4,
 * starts 8, sealed at least 8, sealed at most 8, machine 8, boot 8, device 8, inode 8, crc32c 4.
 */
#ifndef DP_STORE_LIFE_FILE_H
#define DP_STORE_LIFE_FILE_H

#include <stdbool.h>

#include "store/life.h"

/* Where a store is. Hashes are keyed with the life id, so that no file gives a machine id away. */
struct dp_life_where {
    uint64_t machine; /* hash of the machine id; of "" when there is none */
    uint64_t boot;
    uint64_t device;
    uint64_t inode;
};

struct dp_life_file {
    struct dp_life life; /* sealed: at least this */
    uint64_t sealed_most;
    struct dp_life_where where;
    bool halted; /* it bears the name DP_LIFE_HALTED: not a part of its bytes */
};

DP_MUST enum dp_err dp_life_look(const struct dp_life_place *place, const uint8_t id[DP_LIFE_ID],
                                 struct dp_life_where *out);
/* Under either name; the halted one comes first. DP_NOT_FOUND; DP_FORMAT: not a life file, or damaged; DP_IO.
 */
DP_MUST enum dp_err dp_life_file_read(const struct dp_life_place *place, struct dp_life_file *out);
/* Replaced as a whole under its own name, durable on DP_OK; then one under the other name goes. */
DP_MUST enum dp_err dp_life_file_write(const struct dp_life_place *place, const struct dp_life_file *f);
/* From one of the two names to the other. DP_OK also when there is none. */
DP_MUST enum dp_err dp_life_file_rename(const struct dp_life_place *place, const char *from, const char *to);

#endif
