/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an import knows of places and offices: the installed list of names of divisions, where this node is,
 * and the offices that the daemon knows. Without the list 12 digits do.
 */
#ifndef DP_CLI_PLACES_H
#define DP_CLI_PLACES_H

#include <jansson.h>

#include "app.h"
#include "divisions.h"
#include "respondents.h"

struct dp_places {
    char *text; /* of the list; heap */
    struct dp_divisions list;
    struct dp_div within; /* division of the node; none when it has no identity yet */
    struct dp_known_offices offices;
    json_t *office_rows; /* holds their names */
};

/*
 * The file named by DAIPAO_DIVISIONS, else the installed one; a list that cannot be used is left aside.
 * False: the daemon did not say where it is, which was explained, with the exit code in *code.
 */
bool dp_places_open(struct dp_app *app, struct dp_places *p, int *code);
void dp_places_close(struct dp_places *p);

#endif
