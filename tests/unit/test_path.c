/* Paths from the root on, and words that a shell reads back. */
#include "test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "mutate.h"

static void
test_absolute(void **state)
{
    char *folder = getcwd(NULL, 0), *path;
    static const char *const cases[][2] = {
        {"story.jsonl", "/story.jsonl"}, {"./story.jsonl", "/story.jsonl"},
        {".//a/b", "/a/b"},              {"../a", "/../a"},
        {"a b", "/a b"},                 {".hidden", "/.hidden"},
    };
    char *expected;
    size_t i;

    (void)state;
    assert_non_null(folder);
    for (i = 0; i < GB_COUNT(cases); i++) {
        path = gb_path_absolute(cases[i][0]);
        expected = gb_format("%s%s", folder, cases[i][1]);
        assert_string_equal(path, expected);
        free(expected);
        free(path);
    }
    path = gb_path_absolute("/a/./b");
    assert_string_equal(path, "/a/./b");
    free(path);
    free(folder);
}

/* What reaches a terminal must not act on it. */
static void
assert_harmless(const gb_str *line)
{
    gb_str shown = GB_STR_INIT;

    gb_utf8_visible(&shown, gb_str_cstr(line), line->len, true);
    assert_string_equal(gb_str_cstr(&shown), gb_str_cstr(line));
    assert_null(strchr(gb_str_cstr(line), '\t'));
    gb_str_free(&shown);
}

/* Has sh print the words, each followed by a NUL, and compares. */
static void
assert_read_back(const char *const *words, size_t n)
{
    gb_str script = GB_STR_INIT, expected = GB_STR_INIT, found = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;
    char *command;
    const char *path;
    size_t i;
    FILE *pipe;

    gb_str_puts(&script, "printf '%s\\000'");
    for (i = 0; i < n; i++) {
        gb_str word = GB_STR_INIT;

        gb_shell_quote(&word, words[i]);
        assert_harmless(&word);
        gb_str_putc(&script, ' ');
        gb_str_append(&script, word.data, word.len);
        gb_str_append(&expected, words[i], strlen(words[i]) + 1);
        gb_str_free(&word);
    }
    path = test_write("script", script.data, script.len);
    command = gb_format("sh '%s'", path);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    test_ok(gb_fd_read(fileno(pipe), "sh", 1 << 20, &found, &err), &err);
    assert_int_equal(pclose(pipe), 0);
    assert_int_equal(found.len, expected.len);
    assert_memory_equal(found.data, expected.data, expected.len);
    gb_str_free(&script);
    gb_str_free(&expected);
    gb_str_free(&found);
    free(command);
}

static void
test_quoting(void **state)
{
    static const char *const words[] = {
        "plain", "/home/a/story-1.jsonl", "my story.jsonl", "", "-m", "~",
        "it's", "''", "\"$HOME\" `id` $(id) \\", "a;b&c|d>e<f*g?h[i]j{k}!",
        "Gr\u00fc\u00dfe.jsonl", "\u6f22\u5b57", "\xff\xfe", "a\xc3",
        "\xf0\x9f\xa6", "\033[2J\033]0;title\a", "a\tb\rc\bd\x7f",
        "\xc2\x9b" "2J", "\u202eabc\u202c", "line\nline", "\n", "\n\n", "a\n\n",
        "\033\n", "\n\033", "%s%d%%\\n", "\\033", "a'\033'b", "#", "=", "a=b",
        " ", "\001\002\003\037",
    };

    (void)state;
    assert_read_back(words, GB_COUNT(words));
}

/* Any bytes. */
static void
test_any_words(void **state)
{
    test_random random = {11};
    char words[200][24];
    const char *list[200];
    size_t i, j, n;

    (void)state;
    for (i = 0; i < GB_COUNT(words); i++) {
        n = test_random_below(&random, sizeof words[i] - 1);
        for (j = 0; j < n; j++)
            words[i][j] = (char)(1 + test_random_below(&random, 255));
        words[i][n] = '\0';
        list[i] = words[i];
    }
    assert_read_back(list, GB_COUNT(list));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absolute),
        cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_any_words),
    };

    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
