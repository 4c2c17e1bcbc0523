/* Texts of several lines between """ and """. */
#include "tui/prompt.h"

#include <string.h>

#include "base/mem.h"

#define BLOCK "\"\"\""

/* The length of text without what may follow a block. */
static size_t
trimmed(const char *text, size_t n)
{
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\n'))
        n--;
    return n;
}

bool
gb_prompt_ends_block(const char *text, size_t n)
{
    n = trimmed(text, n);
    return n >= 3 && memcmp(text + n - 3, BLOCK, 3) == 0;
}

/* Begins as one. */
static bool
is_block(const char *text, size_t n)
{
    return n >= 3 && memcmp(text, BLOCK, 3) == 0;
}

bool
gb_prompt_is_open_block(const char *text, size_t n)
{
    return is_block(text, n) &&
           (trimmed(text, n) < 6 || !gb_prompt_ends_block(text, n));
}

char *
gb_prompt_block(const char *line)
{
    size_t n = strlen(line);

    if (!is_block(line, n) || gb_prompt_is_open_block(line, n))
        return NULL;
    line += 3;
    n = trimmed(line, n - 3) - 3;
    if (n > 0 && line[0] == '\n')
        line++, n--;
    if (n > 0 && line[n - 1] == '\n')
        n--;
    return gb_strndup(line, n);
}
