/* Paths as others can use them: from any folder, and typed at a shell. */
#ifndef GB_BASE_PATH_H
#define GB_BASE_PATH_H

#include "base/str.h"

/* The path from the root on, whether or not there is anything. Where nobody
 * can tell the working folder, as it was given. The caller frees. */
char *gb_path_absolute(const char *path);

/* Appends a word so that every POSIX shell reads it back byte for byte, and
 * nothing in it can act on the terminal that shows it: plain words as they
 * are, others in quotes, control characters and what is no UTF-8 through
 * printf. A newline stays one, within quotes. */
void gb_shell_quote(gb_str *out, const char *word);

#endif
