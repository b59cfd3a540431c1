/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: what lines are like and how often what goes wrong. Short histories are dense (a year of trouble
 * in a few days), long ones have the rates of a bad year.
 */
#include "sim/fault.h"

#include <stdio.h>
#include <string.h>

#define S INT64_C(1000)
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)

static const char *const words[] = {
#define SIM_FAULT_WORD(name, word) word,
    SIM_FAULT_LIST(SIM_FAULT_WORD)
#undef SIM_FAULT_WORD
};

const char *sim_fault_word(enum sim_fault_kind k)
{
    return words[k];
}

static const struct sim_profile profiles[] = {
    {"calm", 200, 200, 0, 100000000, 100000000, {{0}}},
    {"poor",
     20000,
     800000,
     2000000,
     2400,
     64000,
     {[SIM_BREAK] = {60000, 0, 0},
      [SIM_HALF] = {20000, 0, 0},
      [SIM_CUT] = {20000, 10 * S, 12 * H},
      [SIM_STALL] = {20000, 1 * S, 10 * M}}},
    {"mix",
     200,
     5000000,
     1000000,
     2400,
     100000000,
     {[SIM_BREAK] = {20000, 0, 0},
      [SIM_HALF] = {8000, 0, 0},
      [SIM_CUT] = {8000, 1 * S, 1 * D},
      [SIM_STALL] = {8000, 1 * S, 10 * M},
      [SIM_STORM] = {2000, 1 * M, 6 * H},
      [SIM_CRASH] = {30000, 0, 0},
      [SIM_DOWN] = {3000, 1 * S, 1 * D},
      [SIM_SLOW] = {3000, 1 * M, 4 * H},
      [SIM_FULL] = {2000, 1 * M, 4 * H},
      [SIM_FAIL] = {8000, 0, 0},
      [SIM_CLOCK] = {4000, 1 * H, 3 * D},
      [SIM_ROSTER] = {2000, 0, 0},
      [SIM_ODD] = {1000, 0, 0}}},
    {"crashes",
     200,
     200000,
     50000,
     64000,
     100000000,
     {[SIM_BREAK] = {60000, 0, 0},
      [SIM_HALF] = {60000, 0, 0},
      [SIM_CRASH] = {300000, 0, 0},
      [SIM_FAIL] = {60000, 0, 0}}},
    {"evil",
     200,
     500000,
     50000,
     64000,
     100000000,
     {[SIM_BREAK] = {8000, 0, 0},
      [SIM_CRASH] = {8000, 0, 0},
      [SIM_REVOKE] = {400, 0, 0},
      [SIM_FULL] = {1000, 1 * M, 4 * H},
      [SIM_RESTORE] = {600, 0, 0},
      [SIM_DARK] = {6000, 10 * M, 12 * H},
      [SIM_CLEAR] = {3000, 0, 0},
      [SIM_CLONE] = {300, 0, 0},
      [SIM_HOSTILE] = {60000, 0, 0}}},
    {"year",
     10000,
     300000,
     100000,
     64000,
     100000000,
     {[SIM_BREAK] = {150, 0, 0},
      [SIM_CUT] = {30, 10 * S, 14 * D},
      [SIM_STALL] = {50, 1 * S, 10 * M},
      [SIM_CRASH] = {30, 0, 0},
      [SIM_DOWN] = {20, 10 * M, 2 * D},
      [SIM_FULL] = {3, 1 * H, 1 * D},
      [SIM_CLOCK] = {10, 1 * H, 7 * D},
      [SIM_ROSTER] = {5, 0, 0}}},
};
#define PROFILES (sizeof(profiles) / sizeof(profiles[0]))

const struct sim_profile *profile_by_name(const char *name)
{
    for (size_t i = 0; i < PROFILES; i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

const struct sim_profile *profile_of_seed(uint64_t seed)
{
    static const char *const dense[] = {"mix", "mix", "mix", "crashes", "poor", "evil", "calm"};
    struct dp_rng r = sim_stream(seed, "profile", 0);
    return profile_by_name(dense[dp_rng_below(&r, sizeof(dense) / sizeof(dense[0]))]);
}

void profile_list(void)
{
    for (size_t i = 0; i < PROFILES; i++)
        printf("  %s\n", profiles[i].name);
}
