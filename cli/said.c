/* SPDX-License-Identifier: Apache-2.0 */
/* Formats come from another process, so none ever reaches printf: arguments are texts, and are put in here.
 */
#include "said.h"

#include <stdio.h>
#include <string.h>

#include "words.h"

#define ARGS_MAX 8

/* One conversion behind its %: %s, %u, %d, %-s, and in a translation %2$s. */
struct conversion {
    size_t arg;
    bool is_text; /* of the program: to be translated */
    size_t len;   /* 0: not a conversion that is spoken here */
};

static struct conversion conversion_of(const char *s, size_t next)
{
    struct conversion c = {.arg = next};
    const char *at = s;

    if (*at >= '1' && *at <= '9' && at[1] == '$') {
        c.arg = (size_t)(*at - '1');
        at += 2;
    }
    c.is_text = *at == '-';
    at += c.is_text;
    if (*at == 's' || *at == 'u' || *at == 'd')
        c.len = (size_t)(at - s) + 1;
    return c;
}

/* Which arguments are texts, by the format itself. False: it is none for so many arguments. */
static bool look(const char *format, size_t count, bool is_text[ARGS_MAX])
{
    size_t n = 0;

    for (const char *at = format; (at = strchr(at, '%')) != NULL;) {
        struct conversion c;
        if (*++at == '%') {
            at++;
            continue;
        }
        c = conversion_of(at, n);
        if (c.len == 0 || n == count || n == ARGS_MAX)
            return false;
        is_text[n++] = c.is_text;
        at += c.len;
    }
    return n == count;
}

static const char *shown(const char *arg, bool is_text)
{
    uint32_t kind;

    if (!is_text || arg[0] == '\0')
        return arg;
    if (dp_code_number(DP_CODES_KIND, arg, &kind) && dp_code_text(DP_CODES_KIND, kind) != NULL)
        return dp_code_text(DP_CODES_KIND, kind);
    return _(arg);
}

static void put(char *out, size_t *len, const char *s, size_t n)
{
    n = n < DP_SAID_MAX - 1 - *len ? n : DP_SAID_MAX - 1 - *len;
    memcpy(out + *len, s, n);
    *len += n;
    out[*len] = '\0';
}

bool dp_said_put(const char *translated, const char *format, char *const *args, size_t count,
                 char out[DP_SAID_MAX])
{
    char text[DP_SAID_MAX] = "";
    bool is_text[ARGS_MAX];
    size_t len = 0, next = 0;

    if (!look(format, count, is_text))
        return false;
    for (const char *at = translated; *at != '\0';) {
        size_t plain = strcspn(at, "%");
        struct conversion c;
        put(text, &len, at, plain);
        at += plain;
        if (*at == '\0')
            break;
        if (at[1] == '%') {
            put(text, &len, "%", 1);
            at += 2;
            continue;
        }
        c = conversion_of(at + 1, next++);
        if (c.len == 0 || c.arg >= count)
            return false;
        put(text, &len, shown(args[c.arg], is_text[c.arg]), strlen(shown(args[c.arg], is_text[c.arg])));
        at += 1 + c.len;
    }
    memcpy(out, text, len + 1);
    return true;
}

const char *dp_said(const PBC(Result) * r, char out[DP_SAID_MAX])
{
    if (r->format[0] != '\0' && dp_said_put(_(r->format), r->format, r->args, r->n_args, out))
        return out;
    return dp_said_text(r->text);
}

const char *dp_said_text(const char *text)
{
    return text[0] != '\0' ? _(text) : text;
}
