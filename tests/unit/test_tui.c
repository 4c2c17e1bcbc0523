/* The interface's parts that need no terminal: keys, edit line layout,
 * history file, status bar, table of commands. */
#include "test.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <readline/readline.h>

#include "base/cells.h"
#include "base/file.h"
#include "base/mem.h"
#include "tui/commands.h"
#include "tui/history.h"
#include "tui/keys.h"
#include "tui/prompt.h"

/* All keys of what was pushed, each followed by a space. */
static const char *
names(gb_keys *k, bool late)
{
    static char out[1024];
    gb_key key;

    out[0] = '\0';
    while (gb_keys_next(k, late, &key)) {
        strcat(out, key.name[0] != '\0' ? key.name : "?");
        strcat(out, " ");
    }
    return out;
}

static void
test_keys(void **state)
{
    static const struct {
        const char *bytes, *names;
    } cases[] = {
        {"ab", "a b "},
        {"\r\t\177\003\032", "Enter Tab Backspace C-c C-z "},
        {"\xc3\xa9", "? "},
        {"\033OP\033[15~\033[24~", "F1 F5 F12 "},
        {"\033[1;2R\033[13;2~", "S-F3 S-F3 "},
        {"\033[[A\033[25~", "F1 S-F1 "},
        {"\033[5~\033[6~", "PageUp PageDown "},
        {"\033[H\033OF\033[1;5H\033[8~", "Home End C-Home End "},
        {"\033s\033\r", "M-s M-Enter "},
        {"\033[13;2u\033[27;2;13~", "M-Enter M-Enter "},
        {"\033[<64;10;5M\033[<65;1;1M\033[<0;1;1m\033[<0;1;1M\033[<2;1;1M",
         "WheelUp WheelDown Mouse Click Mouse "},
        {"\033[A\033OB\033[C\033[D\033[E", "Up Down Right Left ? "},
        {"\033[1;5Cx", "C-Right x "},
        {"\033[99999999999999999999~x", "? x "},
        {"\033\033[A", "Esc Up "},
        {"\xff\xfe", "? ? "},
    };
    gb_keys *k;
    size_t i, at;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        k = gb_keys_new();
        gb_keys_push(k, cases[i].bytes, strlen(cases[i].bytes));
        assert_string_equal(names(k, false), cases[i].names);
        assert_int_equal(gb_keys_wait(k), -1);
        gb_keys_free(k);
        /* The same when the bytes come one by one. */
        k = gb_keys_new();
        gb_str all = GB_STR_INIT;
        for (at = 0; cases[i].bytes[at] != '\0'; at++) {
            gb_keys_push(k, cases[i].bytes + at, 1);
            gb_str_puts(&all, names(k, false));
        }
        assert_string_equal(gb_str_cstr(&all), cases[i].names);
        gb_str_free(&all);
        gb_keys_free(k);
    }
}

static void
test_mouse(void **state)
{
    gb_keys *k = gb_keys_new();
    gb_key key;

    (void)state;
    gb_keys_push(k, "\033[<0;12;7M\033[<0;0;0M\033[<0M", 24);
    assert_true(gb_keys_next(k, false, &key));
    assert_string_equal(key.name, "Click");
    assert_int_equal(key.column, 11);
    assert_int_equal(key.row, 6);
    assert_true(gb_keys_next(k, false, &key));
    assert_int_equal(key.column, 0);
    assert_int_equal(key.row, 0);
    assert_true(gb_keys_next(k, false, &key));
    assert_int_equal(key.column, 0);
    gb_keys_free(k);
}

static void
test_escape_alone(void **state)
{
    gb_keys *k = gb_keys_new();

    (void)state;
    gb_keys_push(k, "\033", 1);
    assert_string_equal(names(k, false), "");
    assert_in_range(gb_keys_wait(k), 1, 50);
    assert_string_equal(names(k, true), "Esc ");
    gb_keys_push(k, "\033[1", 3);
    assert_string_equal(names(k, false), "");
    assert_string_equal(names(k, true), "Esc [ 1 ");
    gb_keys_define(k, "\033Ot", "F5");
    gb_keys_push(k, "\033Ot", 3);
    assert_string_equal(names(k, false), "F5 ");
    gb_keys_free(k);
}

static void
test_paste(void **state)
{
    gb_keys *k = gb_keys_new();
    gb_key key;

    (void)state;
    gb_keys_push(k, "\033[200~a\rb\r\nc\003", 13);
    assert_false(gb_keys_next(k, false, &key));
    gb_keys_push(k, "d\033[20", 5);
    assert_false(gb_keys_next(k, false, &key));
    gb_keys_push(k, "1~x", 3);
    assert_true(gb_keys_next(k, false, &key));
    assert_string_equal(key.name, "Paste");
    assert_int_equal(key.n, 7);
    assert_memory_equal(key.bytes, "a\nb\nc\003d", 7);
    assert_string_equal(names(k, false), "x ");
    /* Its end never comes: the keyboard comes back. */
    gb_keys_push(k, "\033[200~lost", 10);
    assert_false(gb_keys_next(k, false, &key));
    assert_true(gb_keys_wait(k) > 0);
    assert_true(gb_keys_next(k, true, &key));
    assert_memory_equal(key.bytes, "lost", 4);
    gb_keys_free(k);
}

static void
test_prompt_layout(void **state)
{
    /* Rows as "GUTTER TEXT|", then the cursor's row and column. */
    static const struct {
        const char *text;
        size_t point;
        unsigned width;
        size_t rows;
        const char *shown;
    } cases[] = {
        {"", 0, 20, 3, ">|0,2"},
        {"abc", 3, 20, 3, ">abc|0,5"},
        {"abc", 1, 20, 3, ">abc|0,3"},
        {"ab日本", 5, 20, 3, ">ab日本|0,6"},
        {"abcdef", 6, 8, 3, ">abcdef| |1,2"},
        {"abcdefg", 7, 8, 3, ">abcdef| g|1,3"},
        {"abcdefg", 0, 8, 3, ">abcdef| g|0,2"},
        {"ab日日日", 2, 7, 3, ">ab日| 日日|0,4"},
        {"one\ntwo", 7, 20, 3, ">one| two|1,5"},
        {"one\ntwo", 2, 20, 3, ">one| two|0,4"},
        {"one\n", 4, 20, 3, ">one| |1,2"},
        {"1\n2\n3\n4\n5", 0, 20, 3, ">1| 2|v3|0,2"},
        {"1\n2\n3\n4\n5", 4, 20, 3, "^2| 3|v4|1,2"},
        {"1\n2\n3\n4\n5", 9, 20, 3, "^3| 4| 5|2,3"},
        {"1\n2\n3\n4\n5", 9, 20, 1, "^5|0,3"},
        {"a\033b", 3, 20, 1, ">a^[b|0,6"},
    };
    gb_prompt_view v;
    char shown[256];
    size_t i, k, n;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        memset(&v, 0, sizeof v);
        gb_str_puts(&v.text, cases[i].text);
        gb_prompt_layout(&v, cases[i].point, cases[i].width, cases[i].rows,
                         false);
        for (k = n = 0; k < v.n_rows; k++) {
            shown[n++] = v.rows[k].gutter;
            for (size_t at = v.rows[k].start; at < v.rows[k].end;) {
                gb_cell cell;

                gb_cell_read(&cell, v.text.data + at, v.text.len - at, 0,
                             false);
                n += (size_t)sprintf(shown + n, "%s", cell.shown);
                at += cell.bytes;
            }
            shown[n++] = '|';
        }
        sprintf(shown + n, "%zu,%u", v.cursor_row, v.cursor_column);
        assert_string_equal(shown, cases[i].shown);
        gb_prompt_view_free(&v);
    }
}

static void
test_blocks(void **state)
{
    static const struct {
        const char *line, *text; /* NULL: none, or not closed */
        bool open;
    } cases[] = {
        {"plain", NULL, false},
        {"\"\"\"", NULL, true},
        {"\"\"\"one", NULL, true},
        {"\"\"\"one\"\"\"", "one", false},
        {"\"\"\"\none\ntwo\n\"\"\" ", "one\ntwo", false},
        {"\"\"\"\"\"\"", "", false},
        {"\"\"\"\"\"", NULL, true},
    };
    size_t i;
    char *text;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        text = gb_prompt_block(cases[i].line);
        assert_int_equal(gb_prompt_is_open_block(cases[i].line,
                                                 strlen(cases[i].line)),
                         cases[i].open);
        if (cases[i].text == NULL)
            assert_null(text);
        else
            assert_string_equal(text, cases[i].text);
        free(text);
    }
}

/* Where the system has no locale for UTF-8, and with an inputrc that makes
 * commands of bytes. */
static void
test_bytes_are_text(void **state)
{
    static const char typed[] = "Gr\xc3\xbc\xc3\x9f" "e \xe6\x97\xa5\xff\r";
    static const char *const inputrc[] = {
        "", "set convert-meta on\n\"\\M-C\": backward-kill-line\n",
        "set editing-mode vi\n",
    };
    gb_prompt_options options = {.history = NULL};
    gb_error err = GB_ERROR_INIT;
    char *line;
    size_t i, at;

    (void)state;
    setenv("LC_ALL", "C", 1);
    setlocale(LC_CTYPE, "C");
    for (i = 0; i < GB_COUNT(inputrc); i++) {
        rl_read_init_file(
            test_write("inputrc", inputrc[i], strlen(inputrc[i])));
        test_ok(gb_prompt_open(&options, &err), &err);
        for (at = 0; typed[at] != '\0'; at++)
            gb_prompt_key(typed + at, 1);
        line = gb_prompt_take();
        assert_non_null(line);
        assert_memory_equal(line, typed, sizeof typed - 2);
        assert_int_equal(strlen(line), sizeof typed - 2);
        free(line);
        gb_prompt_close();
    }
    setlocale(LC_CTYPE, "C.UTF-8");
}

static gb_str loaded;

static void
take_entry(const char *entry)
{
    gb_str_printf(&loaded, "[%s]", entry);
}

static const char *
load(const char *path)
{
    gb_error err = GB_ERROR_INIT;

    gb_str_clear(&loaded);
    test_ok(gb_history_load(path, take_entry, &err), &err);
    return gb_str_cstr(&loaded);
}

static void
test_history(void **state)
{
    char *path = gb_path_join(test_folder(), "state/history");
    gb_error err = GB_ERROR_INIT;
    gb_str big = GB_STR_INIT;
    struct stat st;
    size_t i;

    (void)state;
    assert_string_equal(load(path), "");
    test_ok(gb_history_save(path, "one", &err), &err);
    test_ok(gb_history_save(path, "two\nlines\\n", &err), &err);
    assert_string_equal(load(path), "[one][two\nlines\\n]");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* What is too long is not kept. */
    for (i = 0; i <= GB_HISTORY_ENTRY_BYTES; i++)
        gb_str_putc(&big, 'x');
    test_ok(gb_history_save(path, big.data, &err), &err);
    assert_string_equal(load(path), "[one][two\nlines\\n]");
    gb_str_free(&big);
    free(path);
}

static void
count_entry(const char *entry)
{
    (void)entry;
    gb_str_putc(&loaded, '.');
}

static void
test_history_of_several(void **state)
{
    char *path = gb_path_join(test_folder(), "many"), entry[32];
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    int i, k, status;

    (void)state;
    /* Programs that write at the same time lose nothing. */
    for (k = 0; k < 4; k++)
        if (fork() == 0) {
            for (i = 0; i < 600; i++) {
                snprintf(entry, sizeof entry, "%d of %d", i, k);
                gb_history_save(path, entry, NULL);
            }
            _exit(0);
        }
    while (wait(&status) > 0)
        assert_int_equal(status, 0);
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    for (i = k = 0; i < (int)text.len; i++)
        k += text.data[i] == '\n';
    assert_int_equal(k, 2400);
    /* The newest are loaded, and the file is cut to them. */
    gb_str_clear(&loaded);
    test_ok(gb_history_load(path, count_entry, &err), &err);
    assert_int_equal(loaded.len, GB_HISTORY_ENTRIES);
    gb_str_clear(&text);
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    for (i = k = 0; i < (int)text.len; i++)
        k += text.data[i] == '\n';
    assert_int_equal(k, GB_HISTORY_ENTRIES);
    gb_str_free(&text);
    gb_str_free(&loaded);
    free(path);
}

/* A program that was stopped while it had the lock stops nobody else. */
static void
test_history_locked(void **state)
{
    char *path = gb_strdup(test_write("locked", "one\n", 4));
    gb_error err = GB_ERROR_INIT;
    int ends[2], fd, status;
    pid_t child;
    char byte;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        fd = open(path, O_RDONLY);
        (void)!write(ends[1], "x", flock(fd, LOCK_EX) == 0);
        pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_string_equal(load(path), "[one]");
    test_ok(gb_history_save(path, "two", &err), &err);
    assert_string_equal(load(path), "[one][two]");
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(ends[0]);
    free(path);
}

/* Where it cannot be written it can be loaded; in a child, for root may write
 * everywhere. */
static void
test_history_read_only(void **state)
{
    char *path = gb_strdup(test_write("kept/history", "one\n", 4));
    gb_error err = GB_ERROR_INIT;
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(chmod(test_folder(), 0755), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(chmod(path, 0555), 0);
    path[strlen(path)] = '/';
    assert_int_equal(chmod(path, 0444), 0);
    child = fork();
    if (child == 0) {
        if (geteuid() == 0 && seteuid(65534) != 0)
            _exit(3);
        if (strcmp(load(path), "[one]") != 0)
            _exit(1);
        _exit(gb_history_save(path, "two", &err) ||
              strstr(err.text, "Permission denied") == NULL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    *strrchr(path, '/') = '\0';
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(status, 0);
    free(path);
}

static void
test_history_no_file(void **state)
{
    char *path = gb_path_join(test_folder(), "fifo");
    gb_error err = GB_ERROR_INIT;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(gb_history_load(path, count_entry, &err));
    test_fails_with(&err, GB_FAILED, path, "regular file", NULL);
    assert_false(gb_history_save(path, "two", &err));
    free(path);
    assert_false(gb_history_save(test_folder(), "two", &err));
    assert_false(gb_history_save("/dev/null/x/history", "two", &err));
    test_ok(gb_history_load("/dev/null/x/history", count_entry, &err), &err);
}

/* Each key does what a command does, and none does two things. */
static void
check_keys(const gb_ui_key *keys)
{
    const gb_ui_command *c;
    const gb_ui_key *k, *other;
    char name[32];

    for (k = keys; k->key != NULL; k++) {
        assert_true(k->help[0] != '\0');
        for (other = keys; other < k; other++)
            assert_string_not_equal(k->key, other->key);
        /* Done by the edit line, or a motion. */
        if (k->command[0] != '/')
            continue;
        assert_int_equal(sscanf(k->command, "/%31s", name), 1);
        for (c = gb_ui_commands; c->name != NULL; c++)
            if (strcmp(c->name, name) == 0)
                break;
        assert_non_null(c->name);
    }
}

static void
test_table(void **state)
{
    (void)state;
    check_keys(gb_ui_keys);
    check_keys(gb_ui_reading_keys);
}

static void
test_file_names(void **state)
{
    static const struct {
        const char *typed, *name;
    } cases[] = {
        {"plain", "plain"},
        {"two words", "two words"},
        {"two\\ words", "two words"},
        {"\"two words\"", "two words"},
        {"'a\\b'", "a\\b"},
        {"\"a\\\"b\"", "a\"b"},
        {"~/x", "/home/me/x"},
        {"\"~/x y\"", "/home/me/x y"},
        {"~", "/home/me"},
        {"a~", "a~"},
    };
    size_t i;
    char *name;

    (void)state;
    setenv("HOME", "/home/me", 1);
    for (i = 0; i < GB_COUNT(cases); i++) {
        name = gb_ui_file_name(cases[i].typed);
        assert_string_equal(name, cases[i].name);
        free(name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_mouse),
        cmocka_unit_test(test_escape_alone),
        cmocka_unit_test(test_paste),
        cmocka_unit_test(test_prompt_layout),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_bytes_are_text),
        cmocka_unit_test(test_history_of_several),
        cmocka_unit_test(test_history_locked),
        cmocka_unit_test(test_history_read_only),
        cmocka_unit_test(test_history_no_file),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_file_names),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests_name("tui", tests, NULL, NULL);
}
