/* SPDX-License-Identifier: Apache-2.0 */
/* The workloads by name (domain 5). Each that brings more than matters and visits has a file work_<name>.c.
 */
#include "sim/work.h"

#include <stdio.h>
#include <string.h>

static const struct sim_work works[] = {
    {.name = "brisk",
     .help = "a busy day with much of everything",
     .days = 1,
     .per_1000_days = 24000,
     .round_the_clock = true,
     .habits = {.lazy = 25,
                .wrong = 8,
                .object = 15,
                .extend = 10,
                .urgent = 10,
                .accusation = 12,
                .recall = 8,
                .lock = 2,
                .erase = 2,
                .pen = 20}},
    /* 1,000 items, 3,545 disputes and 503 errands a year */
    {.name = "w1",
     .help = "a normal year of a county",
     .days = 30,
     .per_1000_days = 13830,
     .habits = {.lazy = 30, .wrong = 1, .object = 5, .extend = 3, .urgent = 2, .accusation = 3, .pen = 3}},
    {.name = "w3",
     .help = "476 cases of the backlog and 271 of an inspection assigned in one hour",
     .days = 7,
     .per_1000_days = 13830,
     .habits = {.lazy = 30, .wrong = 1, .object = 5, .extend = 3, .urgent = 2, .accusation = 3, .pen = 3},
     .begin = work_burst_begin,
     .end = work_burst_end},
    {.name = "w4",
     .help = "all villages offline for 14 days and back within 5 minutes",
     .days = 16,
     .per_1000_days = 13830,
     .habits = {.lazy = 30, .wrong = 1, .object = 5, .extend = 3, .urgent = 2, .accusation = 3, .pen = 3},
     .begin = work_storm_begin,
     .end = work_storm_end},
    {.name = "w7",
     .help = "the same matter registered at two levels, then linked or refused as a duplicate",
     .days = 1,
     .per_1000_days = 6000,
     .round_the_clock = true,
     .habits = {.lazy = 15, .wrong = 2, .object = 5, .extend = 5, .urgent = 5, .accusation = 5, .pen = 15},
     .begin = work_twice_begin,
     .end = work_twice_end,
     .act = work_twice_visit},
};
#define WORKS (sizeof(works) / sizeof(works[0]))

const struct sim_work *work_by_name(const char *name)
{
    for (size_t i = 0; i < WORKS; i++)
        if (strcmp(works[i].name, name) == 0)
            return &works[i];
    return NULL;
}

const struct sim_work *work_of_seed(uint64_t seed)
{
    static const char *const often[] = {"brisk", "brisk", "brisk", "brisk", "brisk", "brisk",
                                        "w7",    "w7",    "w7",    "w7",    "w1",    "w3"};
    struct dp_rng r = sim_stream(seed, "work", 0);
    return work_by_name(often[dp_rng_below(&r, sizeof(often) / sizeof(often[0]))]);
}

const struct sim_work *work_usual(void)
{
    return &works[0];
}

void work_list(void)
{
    for (size_t i = 0; i < WORKS; i++)
        printf("  %-8s %s\n", works[i].name, works[i].help);
}
