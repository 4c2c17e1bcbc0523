/* Text from outside, whole or by lines, with what other systems put into it:
 * a byte order mark at its beginning is no text, \r\n ends a line as \n does,
 * and UTF-16 is recognized and refused. */
#ifndef GB_BASE_TEXT_H
#define GB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/* Takes a byte order mark off the beginning of a whole text, which otherwise
 * stays as it is; false when it is UTF-16. `name` is for the message. */
bool gb_text_begin(gb_str *text, const char *name, gb_error *err);

/* Appends a regular file of at most `limit` bytes, its line ends as \n. NUL
 * bytes stay. */
bool gb_text_read(const char *path, size_t limit, gb_str *out, gb_error *err);

/* Bytes in, lines out. All zero but name and limit to begin with. */
typedef struct gb_lines {
    const char *name;  /* for messages; not copied */
    size_t limit;      /* bytes of a line */
    unsigned long number; /* of the line handed out last, from 1 */
    gb_str bytes;      /* not yet handed out, from `taken` on */
    size_t taken, searched;
    bool begun, ended;
    bool too_long;     /* the middle of the line is gone */
} gb_lines;

typedef enum gb_line {
    GB_LINE,       /* one is there */
    GB_LINE_BAD,   /* one that is not to be used: too long, or with a NUL
                      byte, or no UTF-8 at all; err says so */
    GB_LINE_MORE,  /* its end has not come yet */
    GB_LINE_END,
} gb_line;

void gb_lines_free(gb_lines *l);
void gb_lines_push(gb_lines *l, const void *bytes, size_t n);
/* Nothing will be pushed any more. */
void gb_lines_end(gb_lines *l);
/* The next line without its end. *line is NUL-terminated, may be changed and
 * holds until the next call; of a line that was too long it is both ends
 * without the middle, of UTF-16 nothing. */
gb_line gb_lines_next(gb_lines *l, char **line, size_t *n, gb_error *err);

#endif
