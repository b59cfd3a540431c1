/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force as a file: what it prints, dp_config_load takes back. */
#include <string.h>

#include "config/option.h"

static void print_option(const struct dp_option *o, const struct dp_config *c, FILE *to)
{
    char value[512];

    dp_option_get(o, c, value, sizeof(value));
    fprintf(to, "# %s%s Default: %s\n", o->help, o->later ? " Without effect in this version." : "",
            o->initial != NULL ? o->initial : "not set");
    fprintf(to, "%s%s =%s%s\n", value[0] == '\0' ? "#" : "", o->name, value[0] == '\0' ? "" : " ", value);
}

void dp_config_print(const struct dp_config *c, FILE *to)
{
    const char *section = "";

    for (size_t i = 0; i < dp_options_count; i++) {
        const struct dp_option *o = &dp_options[i];
        if (strcmp(section, o->section) != 0)
            fprintf(to, "%s[%s]\n", i > 0 ? "\n" : "", o->section);
        section = o->section;
        print_option(o, c, to);
    }
}
