/* SPDX-License-Identifier: Apache-2.0 */
/* Profile files: what is read is within its limits, and written down again it reads the same. */
#include "config/profile_file.h"

#include <stdio.h>
#include <string.h>

#include "case/due.h"
#include "fuzz.h"

static void check(const struct dp_profile *p)
{
    FUZZ_CHECK(p->id[0] != '\0' && memchr(p->id, '\0', sizeof(p->id)) != NULL);
    FUZZ_CHECK(p->edition >= 1 && p->edition <= DP_EDITION_MAX);
    FUZZ_CHECK(!dp_date_is_none(p->valid_from));
    FUZZ_CHECK(p->limit_count >= 1 && p->limit_count <= DP_LIMITS_MAX);
    for (uint8_t i = 0; i < p->limit_count; i++) {
        FUZZ_CHECK(i == 0 || p->limits[i - 1].clock < p->limits[i].clock);
        FUZZ_CHECK(dp_clock_word((enum dp_clock)p->limits[i].clock)[0] != '\0');
        FUZZ_CHECK(p->limits[i].days <= DP_PROFILE_DAYS_MAX);
    }
}

static size_t write_down(const struct dp_profile *p, char *out, size_t size)
{
    char date[11];
    int n;

    dp_date_format(p->valid_from, date);
    n = snprintf(out, size, "[profile]\nid = %s\nedition = %u\nvalid-from = %s\n", p->id, p->edition, date);
    if (p->flags != 0)
        n += snprintf(out + n, size - (size_t)n, "flags = errand\n");
    for (uint8_t i = 0; i < p->limit_count; i++) {
        const struct dp_limit *l = &p->limits[i];
        n += snprintf(out + n, size - (size_t)n, "[%s]\ndays = %u\nworking = %s\nmax-extend = %u\n",
                      dp_clock_word((enum dp_clock)l->clock), l->days, l->working ? "yes" : "no",
                      l->max_extend);
    }
    return (size_t)n;
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_config_error error;
    struct dp_profile p, again;
    char text[4096];

    (void)a;
    if (suite == &fuzz_hollow) /* no digest is checked here: once is enough */
        return false;
    if (dp_profile_file_parse(input, "input", &p, &error) != DP_OK) {
        FUZZ_CHECK(error.text[0] != '\0' && error.line >= 0);
        return false;
    }
    check(&p);
    FUZZ_CHECK(dp_profile_file_parse(dp_slice_of(text, write_down(&p, text, sizeof(text))), "again", &again,
                                     &error) == DP_OK);
    FUZZ_CHECK(memcmp(&p, &again, sizeof(p)) == 0);
    return true;
}
