#include "tests/tui/script.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/tui/commands.h"

typedef struct line {
    size_t number;
    const char *text;  /* in the script's */
    const command *command;
    const char *rest;
    size_t times, end; /* of "repeat": how often, and its "end" */
} line;

struct script {
    char *path;
    char *text;
    line *lines;
    size_t count;
    size_t *tests; /* the lines that begin them */
    size_t test_count;
};

static bool
is_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    return strncmp(text, word, n) == 0 &&
        (text[n] == ' ' || text[n] == '\0');
}

/* The lines that are neither empty nor comments; a backslash at the end of
 * one joins the next to it. */
static void
split(script *s)
{
    char *at = s->text, *end;
    size_t number = 0, joined;

    while (*at != '\0') {
        joined = 0;
        for (end = at; *end != '\0' && *end != '\n'; end++) {
            if (end[0] == '\\' && end[1] == '\n') {
                end[0] = end[1] = ' ';
                joined++;
            }
        }
        number++;
        at += strspn(at, " \t");
        if (at < end && *at != '#') {
            s->lines = gb_realloc_array(s->lines, s->count + 1,
                                        sizeof(line));
            memset(&s->lines[s->count], 0, sizeof(line));
            s->lines[s->count].number = number;
            s->lines[s->count++].text = at;
        }
        number += joined;
        at = *end == '\0' ? end : end + 1;
        *end = '\0';
    }
}

static bool
note_test(script *s, size_t i)
{
    s->tests = gb_realloc_array(s->tests, s->test_count + 1, sizeof(size_t));
    s->tests[s->test_count++] = i;
    return true;
}

/* The line that ends the "repeat" of line i. */
static size_t
find_end(const script *s, size_t i)
{
    size_t depth = 0;

    for (; i < s->count && !is_word(s->lines[i].text, "test"); i++) {
        depth += is_word(s->lines[i].text, "repeat");
        if (is_word(s->lines[i].text, "end") && --depth == 0)
            return i;
    }
    return 0;
}

static bool
understand(script *s, size_t i, gb_error *err)
{
    line *l = &s->lines[i];
    size_t n = strcspn(l->text, " ");

    if (is_word(l->text, "test"))
        return note_test(s, i);
    if (is_word(l->text, "end"))
        return true;
    if (is_word(l->text, "repeat")) {
        l->times = strtoul(l->text + n, NULL, 10);
        l->end = find_end(s, i);
        return (l->times > 0 && l->end > 0) ||
            gb_fail_usage(err, "%s:%zu: repeat needs a number and an \"end\"",
                          s->path, l->number);
    }
    l->command = command_find(l->text, n);
    l->rest = l->text + n + strspn(l->text + n, " ");
    return l->command != NULL ||
        gb_fail_usage(err, "%s:%zu: there is no command \"%.*s\"", s->path,
                      l->number, (int)n, l->text);
}

script *
script_open(const char *path, gb_error *err)
{
    script *s = gb_alloc(sizeof(*s));
    gb_str text = GB_STR_INIT;
    size_t i;
    bool ok;

    s->path = gb_strdup(path);
    ok = gb_file_read(path, 1 << 20, &text, err);
    s->text = gb_str_take(&text);
    if (ok)
        split(s);
    for (i = 0; i < s->count && ok; i++)
        ok = understand(s, i, err);
    if (ok && s->test_count == 0)
        ok = gb_fail_usage(err, "%s has no \"test\"", path);
    if (ok)
        return s;
    script_close(s);
    return NULL;
}

void
script_close(script *s)
{
    if (s == NULL)
        return;
    free(s->path);
    free(s->text);
    free(s->lines);
    free(s->tests);
    free(s);
}

size_t
script_count(const script *s)
{
    return s->test_count;
}

const char *
script_name(const script *s, size_t test)
{
    const char *text = s->lines[s->tests[test]].text + strlen("test");

    return text + strspn(text, " ");
}

static bool
run_lines(const script *s, size_t i, size_t end, stage *t, gb_error *err)
{
    const line *l;
    size_t times;

    for (; i < end && !t->skipped; i++) {
        l = &s->lines[i];
        for (times = 0; times < l->times; times++)
            if (!run_lines(s, i + 1, l->end, t, err))
                return false;
        if (l->times > 0)
            i = l->end;
        else if (l->command != NULL &&
                 !command_run(l->command, l->rest, t, err))
            return gb_fail_context(err, "%s:%zu: %s", s->path, l->number,
                                   l->text);
    }
    return true;
}

bool
script_run(const script *s, size_t test, stage *t, gb_error *err)
{
    size_t first = s->tests[test] + 1;
    size_t end = test + 1 < s->test_count ? s->tests[test + 1] : s->count;

    return run_lines(s, 0, s->tests[0], t, err) &&
        run_lines(s, first, end, t, err);
}
