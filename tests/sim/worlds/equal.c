/* SPDX-License-Identifier: Apache-2.0 */
/* Two worlds from one seed, compared line by line as their relay sees them: see worlds.h. */
#include "sim/worlds/worlds.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka_all.h"

static FILE *lines_of(struct cluster *tree, const struct world_options *opt, struct world_tally *t)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    *t = worlds_run(tree, opt, observe_print, f);
    rewind(f);
    return f;
}

/* Ordinary work went its way in both, and as much of it; the hidden thing was hidden in one, and went its
 * way.
 */
static bool is_nothing(const struct world_tally *a, const struct world_tally *b)
{
    return a->life.closed == 0 || a->life.steps != b->life.steps || a->hidden.registered != 0 ||
           b->hidden.registered == 0 || b->hidden.steps == 0;
}

/* Its beginning, and where it parts from the other when that is further on. */
static void show(char out[480], const char *line, size_t from)
{
    if (from <= 100)
        snprintf(out, 480, "%.400s", line);
    else
        snprintf(out, 480, "%.60s ... %.300s", line, line + from - 30);
}

static size_t common(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] != '\0' && a[n] == b[n])
        n++;
    return n;
}

static bool read_line(FILE *f, char **line, size_t *cap)
{
    ssize_t n = getline(line, cap, f);
    if (n <= 0)
        return false;
    (*line)[n - 1] = '\0';
    return true;
}

static void compare(FILE *a, FILE *b, struct comparison *r)
{
    char *x = NULL, *y = NULL;
    size_t x_cap = 0, y_cap = 0;
    for (;;) {
        bool m = read_line(a, &x, &x_cap), n = read_line(b, &y, &y_cap);
        if (!m && !n)
            break;
        r->lines++;
        if (m && n && strcmp(x, y) == 0)
            continue;
        if (r->differ++ > 0)
            continue;
        size_t from = m && n ? common(x, y) : 0;
        r->first = r->lines;
        show(r->text[0], m ? x : "(no more)", from);
        show(r->text[1], n ? y : "(no more)", from);
    }
    free(x);
    free(y);
}

struct comparison worlds_compare(struct cluster *tree, const struct world_options *a,
                                 const struct world_options *b)
{
    struct comparison r = {0};
    struct world_tally ta, tb;
    FILE *x = lines_of(tree, a, &ta), *y = lines_of(tree, b, &tb);
    compare(x, y, &r);
    r.nothing = is_nothing(&ta, &tb);
    r.posts_kept = ta.posts_kept + tb.posts_kept;
    fclose(x);
    fclose(y);
    return r;
}
