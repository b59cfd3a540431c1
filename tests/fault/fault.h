/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test steers in `daipaod_fault`, the daemon whose calls to the world below it can fail (fault.c): a
 * page of shared memory that outlives the process. Calls are counted by class from the start of the process;
 * the one with number `at` of class `what` fails, once.
 *
 *   DAIPAO_FAULT_PAGE=FILE    map struct fault_page from FILE
 */
#ifndef DP_TESTS_FAULT_H
#define DP_TESTS_FAULT_H

#include <stdatomic.h>
#include <stdint.h>

#define FAULT_SMALL_BYTES 65536

enum fault_class {
    FAULT_STORE,  /* calls of LMDB */
    FAULT_BEGIN,  /* of these, the beginnings of transactions */
    FAULT_FILE,   /* files beside it: keys, life */
    FAULT_SEND,   /* a message finds no room, or nobody */
    FAULT_HEAP,   /* allocations of at most FAULT_SMALL_BYTES */
    FAULT_BEFORE, /* the process dies before that commit */
    FAULT_AFTER,  /* and after it */
    FAULT_CLASSES
};

struct fault_page {
    _Atomic uint32_t what;
    _Atomic uint64_t at;    /* 0 = none */
    _Atomic uint64_t fired; /* so often in all */
    _Atomic uint64_t calls[FAULT_CLASSES];
    char where[32]; /* the function that failed last */
};

#endif
