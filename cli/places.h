/* SPDX-License-Identifier: Apache-2.0 */
/* What an import knows of places: the installed list of names, and where this node is. Without it 12 digits
 * do. */
#ifndef DP_CLI_PLACES_H
#define DP_CLI_PLACES_H

#include "app.h"
#include "divisions.h"

struct dp_places {
    char *text; /* of the list; heap */
    struct dp_divisions list;
    struct dp_div within; /* division of the node; none when it has no identity yet */
};

/*
 * The file named by DAIPAO_DIVISIONS, else the installed one; a list that cannot be used is left aside.
 * False: the daemon did not say where it is, which was explained, with the exit code in *code.
 */
bool dp_places_open(struct dp_app *app, struct dp_places *p, int *code);
void dp_places_close(struct dp_places *p);

#endif
