#include "base/path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"

char *
gb_path_absolute(const char *path)
{
    char *folder = path[0] != '/' ? getcwd(NULL, 0) : NULL, *absolute;

    while (path[0] == '.' && path[1] == '/')
        path += 2 + strspn(path + 2, "/");
    absolute = folder != NULL ? gb_path_join(folder, path) : gb_strdup(path);
    free(folder);
    return absolute;
}

/* Means nothing but itself to a shell. */
static bool
is_plain(const char *word)
{
    return word[0] != '\0' && word[0] != '-' &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789_-./:+,@%")] == '\0';
}

/* The length of the character that s begins with; whether a terminal may show
 * it as it is. */
static size_t
look(const char *s, size_t n, bool *visible)
{
    gb_str shown = GB_STR_INIT;
    uint32_t rune;
    size_t length = gb_utf8_next(s, n, &rune, visible);

    if (length == 0) {
        *visible = false;
        return n; /* the beginning of a character at the end */
    }
    if (*visible && *s != '\n') {
        gb_utf8_visible(&shown, s, length, false);
        *visible = shown.len == length && memcmp(shown.data, s, length) == 0;
    }
    gb_str_free(&shown);
    return length;
}

void
gb_shell_quote(gb_str *out, const char *word)
{
    static const char *const begin[] = {"\"$(printf '", "'"};
    static const char *const end[] = {"')\"", "'"};
    size_t n = strlen(word), length, i;
    bool visible, before = true;

    if (is_plain(word)) {
        gb_str_puts(out, word);
        return;
    }
    gb_str_puts(out, begin[before]);
    for (; n > 0; word += length, n -= length) {
        length = look(word, n, &visible);
        if (visible != before) {
            gb_str_puts(out, end[before]);
            gb_str_puts(out, begin[visible]);
            before = visible;
        }
        if (visible && *word == '\'')
            gb_str_puts(out, "'\\''");
        else if (visible)
            gb_str_append(out, word, length);
        else
            for (i = 0; i < length; i++)
                gb_str_printf(out, "\\%03o", (unsigned char)word[i]);
    }
    gb_str_puts(out, end[before]);
}
