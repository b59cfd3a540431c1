/* SPDX-License-Identifier: Apache-2.0 */
#include "support/questions.h"

#include <stdio.h>
#include <string.h>

#include "support/cmocka_all.h"

#define QUESTIONS_MAX 64

static char words[QUESTIONS_MAX][32];
static unsigned count;

/* Rows of the table read: {"word", WHO, dp_ask_word}, */
static void read_table(const char *source_dir)
{
    char path[512], line[256], who[32];
    snprintf(path, sizeof(path), "%s/daemon/node/query.c", source_dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (count < QUESTIONS_MAX && fgets(line, sizeof(line), f) != NULL)
        count += sscanf(line, " {\"%31[a-z]\", %31[A-Z], dp_ask_", words[count], who) == 2;
    fclose(f);
    assert_true(count >= 23); /* what there is; fewer: the table reads otherwise now */
}

const char *questions_word(const char *source_dir, unsigned i)
{
    if (count == 0)
        read_table(source_dir);
    return i < count ? words[i] : NULL;
}
