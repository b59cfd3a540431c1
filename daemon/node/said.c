/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts for people. The daemon speaks English and knows no locale; beside the text it gives the format and
 * the arguments, by which the command line says the same in the language of whoever reads it. "%-s" marks an
 * argument that is itself a text of the program; data is "%s".
 */
#include "node/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 512

struct reading {
    va_list ap;
};

/* The argument of the conversion that `at` points behind the % of; NULL for one that is not spoken here. */
static const char *take(struct dp_arena *a, const char *at, struct reading *r)
{
    char number[24];
    switch (*at) {
    case 's':
        return dp_arena_str(a, dp_slice_str(va_arg(r->ap, const char *)));
    case 'u':
        snprintf(number, sizeof number, "%u", va_arg(r->ap, unsigned));
        return dp_arena_str(a, dp_slice_str(number));
    case 'd':
        snprintf(number, sizeof number, "%d", va_arg(r->ap, int));
        return dp_arena_str(a, dp_slice_str(number));
    default:
        return NULL;
    }
}

static void note_args(struct dp_daemon *d, struct dp_outcome *out, const char *fmt, struct reading *r)
{
    out->format = fmt;
    out->arg_count = 0;
    for (const char *at = fmt; (at = strchr(at, '%')) != NULL;) {
        at++;
        if (*at == '%') {
            at++;
            continue;
        }
        at += *at == '-';
        const char *arg = out->arg_count < DP_OUTCOME_ARGS ? take(&d->turn, at, r) : NULL;
        if (arg == NULL) {
            out->format = NULL; /* English only */
            return;
        }
        out->args[out->arg_count++] = arg;
    }
}

void dp_outcome_set(struct dp_daemon *d, struct dp_outcome *r, enum dp_err err, const char *fmt, ...)
{
    char text[TEXT_MAX];
    struct reading args;
    va_list ap;
    va_start(ap, fmt);
    va_copy(args.ap, ap);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->err = err;
    r->text = dp_arena_str(&d->turn, dp_slice_str(text));
    note_args(d, r, fmt, &args);
    va_end(args.ap);
}

void dp_outcome_json(struct dp_daemon *d, struct dp_outcome *r, const char *json)
{
    r->err = DP_OK;
    r->json = dp_arena_str(&d->turn, dp_slice_str(json));
}
