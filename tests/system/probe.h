/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test steers in `daipaod_probe`, the daemon with probes at its edges (probe.c): a page of shared
 * memory, and the form of the record of frames. The page outlives the process, so that a test counts what a
 * killed daemon did.
 *
 *   DAIPAO_PROBE_PAGE=FILE          map struct probe_page from FILE
 *   DAIPAO_PROBE_RECORD=FILE        append every link frame, in clear, as struct probe_record and bytes
 *   DAIPAO_PROBE_RECONNECT_MS=N     dial again after N ms, always
 *   DAIPAO_PROBE_TIDY_MS=N          look at the disk every N ms
 */
#ifndef DP_TESTS_PROBE_H
#define DP_TESTS_PROBE_H

#include <stdatomic.h>
#include <stdint.h>

struct probe_page {
    _Atomic uint64_t commits; /* turns committed */
    _Atomic uint64_t kill_at; /* 0 = never; else SIGKILL before the first send after that commit */
    _Atomic uint64_t kills;   /* raised so */
};

struct probe_record {
    uint64_t node; /* the peer on an incoming frame; 0 on an outgoing one */
    uint32_t len;
    uint8_t out; /* 1 = sent */
    uint8_t zero[3];
};

#endif
