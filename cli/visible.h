/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person sees is what is there: a character that moves the cursor, turns the direction of a line or
 * takes no room is written as a mark, `<U+202E>`. Names, texts and file names come from anybody; a terminal
 * obeys them, and an eye reads what they hide (Unicode Technical Report 36, "Unicode Security
 * Considerations").
 */
#ifndef DP_CLI_VISIBLE_H
#define DP_CLI_VISIBLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes of the character at `s` (UTF-8) when it is to be a mark, and its code point; 0 when it stays as it
 * is. Line feed, tab and carriage return stay: they are the text's own, and our progress. */
size_t dp_visible_hidden(const char *s, size_t len, uint32_t *code);
/* `s` with marks, cut at a whole character when `cap` is too small for it. */
void dp_visible(const char *s, char *out, size_t cap);
/* `s`, which is JSON, with such characters as \uXXXX; NULL without memory, else the caller frees it. */
char *dp_visible_json(const char *s);
/* From now on all that is printed to stdout and stderr passes through marks. To be called once, by main. */
void dp_visible_begin(void);
/* Where data for a program goes: stdout as it is, unless a person looks at it. */
FILE *dp_visible_data(void);

#endif
