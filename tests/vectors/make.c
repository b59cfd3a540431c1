/* SPDX-License-Identifier: Apache-2.0 */
/* Print the golden vectors of the wire formats. */
#include <stdio.h>

#include "support/vectors.h"

int main(void)
{
    return vectors_wire(stdout) == DP_OK ? 0 : 1;
}
