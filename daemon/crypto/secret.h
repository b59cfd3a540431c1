/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-STO-8. Memory for keys: never written to swap where the system allows it, in no core dump, wiped when it
 * is given back.
 */
#ifndef DP_CRYPTO_SECRET_H
#define DP_CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed, or NULL. */
void *dp_secret_alloc(size_t len);
/* `len` as it was asked for. */
void dp_secret_free(void *p, size_t len);
/* False once some of it could not be locked (limit of locked memory). */
bool dp_secret_locked(void);

#endif
