/* SPDX-License-Identifier: Apache-2.0 */
/* Journals begun anew: which question stands, which page answers it, what its rows mean (R-RSD-3, R-RSD-5).
 */
#include "support/cmocka_all.h"

#include <string.h>

#include "base/rng.h"
#include "relay/reseed.h"

static struct dp_list_key key(uint8_t first)
{
    return dp_list_key_of(&first, 1);
}

static struct dp_list_row row(uint8_t first, uint64_t count, uint8_t digest)
{
    struct dp_list_row r = {.key = key(first), .count = count};

    memset(r.digest, digest, sizeof(r.digest));
    return r;
}

static void keys_are_in_order(void **state)
{
    const struct dp_list_key end = dp_list_key_end(), a = dp_list_key_of("ab", 2), b = dp_list_key_of("b", 1);

    (void)state;
    assert_true(dp_list_key_cmp(&a, &b) < 0);
    assert_true(dp_list_key_cmp(&end, &b) > 0);
    assert_int_equal(dp_list_key_cmp(&a, &a), 0);
    assert_int_equal(a.b[2], 0);
}

static void parts_come_in_their_order(void **state)
{
    static const uint8_t down[] = {DP_LIST_CERTS, DP_LIST_SUBJECTS, DP_LIST_PARCELS, 0};
    static const uint8_t up[] = {DP_LIST_CERTS, DP_LIST_CHAINS, DP_LIST_PARCELS, 0};
    const struct dp_list_key end = dp_list_key_end(), middle = key(7);

    (void)state;
    for (int is_parent = 0; is_parent < 2; is_parent++) {
        struct dp_reseed r;
        dp_reseed_begin(&r);
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(r.part, is_parent ? down[i] : up[i]);
            dp_reseed_advance(&r, &middle, is_parent);
            assert_int_equal(r.part, is_parent ? down[i] : up[i]);
            assert_int_equal(dp_list_key_cmp(&r.after, &middle), 0);
            dp_reseed_advance(&r, &end, is_parent);
            assert_int_equal(r.after.b[0], 0);
        }
        assert_int_equal(r.part, 0);
    }
}

static void only_the_page_that_was_asked_for_counts(void **state)
{
    const struct dp_reseed r = {DP_LIST_SUBJECTS, key(4)}, nothing = {.part = 0};
    struct dp_list_page page = {.part = DP_LIST_SUBJECTS, .after = key(4), .through = key(9)};

    (void)state;
    assert_true(dp_reseed_fits(&r, &page));
    assert_false(dp_reseed_fits(&nothing, &page));
    page.part = DP_LIST_PARCELS;
    assert_false(dp_reseed_fits(&r, &page));
    page.part = 0;
    assert_false(dp_reseed_fits(&nothing, &page));
    page = (struct dp_list_page){.part = DP_LIST_SUBJECTS, .after = key(3), .through = key(9)};
    assert_false(dp_reseed_fits(&r, &page)); /* asked before, and answered */
    page = (struct dp_list_page){.part = DP_LIST_SUBJECTS, .after = key(4), .through = key(4)};
    assert_false(dp_reseed_fits(&r, &page)); /* no progress */
}

static void a_walk_finds_what_is_there(void **state)
{
    const struct dp_list_row rows[] = {row(2, 1, 1), row(4, 2, 2), row(6, 3, 3), row(8, 4, 4)};
    const struct dp_list_page page = {DP_LIST_SUBJECTS, key(1), key(9), rows, 4};
    struct dp_reseed_walk w = {.page = &page};
    const struct dp_list_key three = key(3), four = key(4), eight = key(8), nine = key(9), seven = key(7);
    const struct dp_list_row mine = row(4, 2, 2), more = row(4, 3, 2), other = row(4, 2, 9);

    (void)state;
    assert_null(dp_reseed_find(&w, &three));
    assert_int_equal(w.unknown, 1);
    const struct dp_list_row *r = dp_reseed_find(&w, &four);
    assert_ptr_equal(r, &rows[1]);
    assert_true(dp_reseed_same(&mine, r));
    assert_false(dp_reseed_same(&more, r));
    assert_false(dp_reseed_same(&other, r));
    assert_false(dp_reseed_same(&mine, NULL));
    struct dp_reseed_walk half = w;
    assert_int_equal(dp_reseed_unknown(&half, &seven), 2); /* 8 lies behind: another page will show it */
    assert_ptr_equal(dp_reseed_find(&w, &eight), &rows[3]);
    assert_int_equal(w.unknown, 2);
    assert_null(dp_reseed_find(&w, &nine));
    assert_int_equal(dp_reseed_unknown(&w, &nine), 2);
}

/* Against a list of flags: whatever either holds, each row is found or counted, and nothing twice. */
static void random_lists_agree_with_the_plain_way(void **state)
{
    struct dp_rng r;

    (void)state;
    dp_rng_seed(&r, 5);
    for (int round = 0; round < 500; round++) {
        bool theirs[200] = {false};
        struct dp_list_row rows[200];
        struct dp_list_page page = {.part = DP_LIST_CERTS, .through = dp_list_key_end(), .rows = rows};
        struct dp_reseed_walk w = {.page = &page};
        uint32_t unknown = 0;
        for (uint8_t k = 1; k < 200; k++) {
            theirs[k] = dp_rng_chance(&r, 1, 3);
            if (theirs[k])
                rows[page.count++] = row(k, k, k);
        }
        for (uint8_t k = 1; k < 200; k++) {
            const struct dp_list_key at = key(k);
            if (dp_rng_chance(&r, 1, 2)) {
                unknown += theirs[k];
                continue; /* not held here */
            }
            const struct dp_list_row *found = dp_reseed_find(&w, &at);
            assert_int_equal(found != NULL, theirs[k]);
            assert_true(found == NULL || found->count == k);
        }
        assert_int_equal(dp_reseed_unknown(&w, &page.through), unknown);
    }
}

/* R-UP-1: what a question still to come will find out is not queued before. */
static void what_is_to_come(void **state)
{
    const struct dp_reseed chains = {DP_LIST_CHAINS, key(4)}, none = {.part = 0},
                           parcels = {.part = DP_LIST_PARCELS};
    const struct dp_list_key four = key(4), five = key(5);
    struct dp_reseed start;

    (void)state;
    dp_reseed_begin(&start);
    assert_true(dp_reseed_to_come(&start, DP_LIST_CHAINS, &four));
    assert_false(dp_reseed_to_come(&chains, DP_LIST_CHAINS, &four));
    assert_true(dp_reseed_to_come(&chains, DP_LIST_CHAINS, &five));
    assert_false(dp_reseed_to_come(&parcels, DP_LIST_CHAINS, &five));
    assert_false(dp_reseed_to_come(&none, DP_LIST_CHAINS, &five));
    assert_false(dp_reseed_moved(&start));
    start.after = five;
    assert_true(dp_reseed_moved(&start));
    assert_true(dp_reseed_moved(&chains));
    assert_true(dp_reseed_moved(&none));
}

/* R-RSD-6 */
static void blocks_go_from_where_the_chains_part(void **state)
{
    const struct dp_list_row five = row(1, 5, 1), none = row(1, 0, 0);

    (void)state;
    assert_int_equal(dp_reseed_block_from(NULL, false), 1);
    assert_int_equal(dp_reseed_block_from(&none, true), 1);
    assert_int_equal(dp_reseed_block_from(&five, true), 6);
    assert_int_equal(dp_reseed_block_from(&five, false), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_in_order),
        cmocka_unit_test(parts_come_in_their_order),
        cmocka_unit_test(only_the_page_that_was_asked_for_counts),
        cmocka_unit_test(a_walk_finds_what_is_there),
        cmocka_unit_test(random_lists_agree_with_the_plain_way),
        cmocka_unit_test(what_is_to_come),
        cmocka_unit_test(blocks_go_from_where_the_chains_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
