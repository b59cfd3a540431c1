/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for texts everywhere a process can leave them: files, memory, frames. Compressed runs (zstd frames
 * anywhere in the bytes) are opened and searched too, since entries lie and travel so.
 */
#ifndef DP_TESTS_HUNT_H
#define DP_TESTS_HUNT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HUNT_MAX 16

struct hunt {
    const char *needle[HUNT_MAX];
    uint64_t hits[HUNT_MAX];
    unsigned n;
    uint64_t bytes;    /* looked at */
    uint64_t unpacked; /* of them out of compressed runs */
};

void hunt_new(struct hunt *h, const char *const *needles, unsigned n);
void hunt_reset(struct hunt *h); /* hits and bytes */
void hunt_bytes(struct hunt *h, const uint8_t *p, size_t len);
/* A file, or every file below a folder. */
void hunt_path(struct hunt *h, const char *path);
/* Every readable byte of a running process. */
void hunt_memory(struct hunt *h, pid_t pid);
/*
 * A record of frames (probe.h). Counts the items with `kind` that went out.
 */
unsigned hunt_frames(const char *path, uint8_t kind);
uint64_t hunt_total(const struct hunt *h);

/* A TCP relay on loopback that keeps every byte of both ways in `file`. It dies with us. Returns its process.
 */
pid_t tap_start(unsigned port, unsigned to_port, const char *file);

#endif
