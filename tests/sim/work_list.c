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
                .recall = 4,
                .lock = 2}},
    /* 1,000 items, 3,545 disputes and 503 errands a year */
    {.name = "w1",
     .help = "a normal year of a county",
     .days = 30,
     .per_1000_days = 13830,
     .habits = {.lazy = 30, .wrong = 1, .object = 5, .extend = 3, .urgent = 2, .accusation = 3}},
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
    (void)seed;
    return &works[0];
}

void work_list(void)
{
    for (size_t i = 0; i < WORKS; i++)
        printf("  %-8s %s\n", works[i].name, works[i].help);
}
