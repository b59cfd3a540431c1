/* SPDX-License-Identifier: Apache-2.0 */
/* Offices of one county that the tests of case/ use. */
#ifndef DP_TESTS_CASE_PLACES_H
#define DP_TESTS_CASE_PLACES_H

#define CITY "331000000000/bureau"
#define COUNTY "331023000000/bureau"
#define COUNTY_NODE "331023000000/node"
#define HOUSING "331023000000.05/housing"
#define HOUSING_NODE "331023000000.05/node"
#define LAND "331023000000.06/land"
#define LAND_NODE "331023000000.06/node"
#define TOWN "331023105000/bureau"
#define TOWN_NODE "331023105000/node"
#define TOWN_OFFICE "331023105000/affairs"
#define TOWN_HOUSING "331023105000/housing"
#define TOWN2 "331023106000/bureau"
#define TOWN2_NODE "331023106000/node"
#define VILLAGE "331023105001/station"
#define VILLAGE_NODE "331023105001/node"
#define OTHER_COUNTY "331024000000/bureau"

#endif
