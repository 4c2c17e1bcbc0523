/* Errors, strings, UTF-8, files. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/file.h"
#include "base/library.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

static void
test_utf8_clean(void **state)
{
    static const struct {
        const char *in, *out;
        bool end;
        size_t used;
    } cases[] = {
        {"plain", "plain", false, 5},
        {"\xc3\xa9", "\xc3\xa9", false, 2},
        {"a\xc3", "a", false, 1},
        {"a\xc3", "a\xef\xbf\xbd", true, 2},
        {"\xf0\x9f\x98", "", false, 0},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", false, 2},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", false, 3},
        {"\xe2\x82x", "\xef\xbf\xbdx", false, 3},
        {"\xf4\x90\x80\x80",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", false, 4},
    };
    gb_str out = GB_STR_INIT;
    size_t i, used;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_str_clear(&out);
        used = gb_utf8_clean(&out, cases[i].in, strlen(cases[i].in),
                             cases[i].end);
        assert_string_equal(gb_str_cstr(&out), cases[i].out);
        assert_int_equal(used, cases[i].used);
    }
    gb_str_free(&out);
}

static void
test_utf8_visible(void **state)
{
    static const struct {
        const char *in, *shown, *escaped;
    } cases[] = {
        {"a\033[2Jb\177\n", "a^[[2Jb^?^J", "a\033[2Jb\\u007f\n"},
        {"\xc2\x9b\u202e", "\\u{9b}\\u{202e}", "\\u009b\\u202e"},
        {"a\u200bb\u2028c\ufeff", "a\\u{200b}b\\u{2028}c\\u{feff}",
         "a\\u200bb\\u2028c\\ufeff"},
        {"\U000e0041!", "\\u{e0041}!", "\\udb40\\udc41!"},
        /* What scripts and emoji are made of stays. */
        {"\u2764\ufe0f\u200d\u200c\u00ad", "\u2764\ufe0f\u200d\u200c\u00ad",
         "\u2764\ufe0f\u200d\u200c\u00ad"},
        {"\u00e9 \U0001f98a", "\u00e9 \U0001f98a", "\u00e9 \U0001f98a"},
    };
    gb_str out = GB_STR_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_str_clear(&out);
        gb_utf8_visible(&out, cases[i].in, strlen(cases[i].in), false);
        assert_string_equal(gb_str_cstr(&out), cases[i].shown);
        gb_str_clear(&out);
        gb_utf8_escape(&out, cases[i].in, strlen(cases[i].in));
        assert_string_equal(gb_str_cstr(&out), cases[i].escaped);
    }
    gb_str_clear(&out);
    gb_utf8_visible(&out, "a\n\tb", 4, true);
    assert_string_equal(gb_str_cstr(&out), "a\n\tb");
    gb_str_free(&out);
}

static void
test_error_context(void **state)
{
    gb_error err = GB_ERROR_INIT;

    (void)state;
    assert_false(gb_fail(&err, "expected %d, found %d", 1, 2));
    assert_false(gb_fail_context(&err, "file %s", "x"));
    assert_string_equal(err.text, "file x: expected 1, found 2");
    assert_int_equal(err.status, GB_FAILED);
}

static void
test_files(void **state)
{
    const char *path = test_write("a/b/file", "hello", 5);
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    gb_source source;
    char found[5];

    (void)state;
    test_ok(gb_file_read(path, 5, &text, &err), &err);
    assert_string_equal(gb_str_cstr(&text), "hello");
    assert_false(gb_file_read(path, 4, &text, &err));
    test_fails_with(&err, GB_FAILED, path, "more than 4 bytes", NULL);
    test_ok(gb_source_open(&source, path, &err), &err);
    assert_int_equal(source.size, 5);
    test_ok(gb_source_read(&source, path, 1, found, 4, &err), &err);
    assert_memory_equal(found, "ello", 4);
    assert_false(gb_source_read(&source, path, 1, found, 5, &err));
    test_fails_with(&err, GB_FAILED, path, "expected 5 bytes", NULL);
    /* Somebody cuts it off while it is open: a read that finds a part of what
     * it wants, one that finds nothing, and one of what is still there. */
    assert_int_equal(truncate(path, 3), 0);
    assert_false(gb_source_read(&source, path, 1, found, 4, &err));
    test_fails_with(&err, GB_FAILED, path,
                    "expected 5 bytes as when it was opened, found 3", NULL);
    assert_false(gb_source_read(&source, path, 4, found, 1, &err));
    test_fails_with(&err, GB_FAILED, path, "found 3", NULL);
    test_ok(gb_source_read(&source, path, 0, found, 3, &err), &err);
    gb_source_close(&source);
    assert_false(gb_source_open(&source, test_folder(), &err));
    test_fails_with(&err, GB_FAILED, test_folder(), "folder", NULL);
    assert_false(gb_source_open(&source, "/nowhere/file", &err));
    test_fails_with(&err, GB_FAILED, "/nowhere/file", "No such file", NULL);
    gb_str_free(&text);
}

/* Expects a regular file with these contents and this mode. */
static void
expect_file(const char *path, const char *contents, unsigned mode)
{
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    struct stat st;

    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    assert_string_equal(gb_str_cstr(&text), contents);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
    gb_str_free(&text);
}

/* A new file follows the umask, one that is there keeps its mode, and nothing
 * is left beside it. */
static void
test_replace(void **state)
{
    char *folder = gb_path_join(test_folder(), "replaced");
    char *new = gb_path_join(folder, "new");
    char *secret = gb_path_join(folder, "secret");
    gb_error err = GB_ERROR_INIT;
    mode_t before = umask(027);

    (void)state;
    test_ok(gb_make_folders(folder, &err), &err);
    test_ok(gb_file_replace(new, "one", 3, 0666, &err), &err);
    expect_file(new, "one", 0640);
    test_ok(gb_file_replace(secret, "two", 3, 0600 | GB_FILE_SYNC, &err),
            &err);
    expect_file(secret, "two", 0600);
    assert_int_equal(chmod(new, 0604), 0);
    test_ok(gb_file_replace(new, "three", 5, 0666 | GB_FILE_SYNC, &err),
            &err);
    expect_file(new, "three", 0604);
    umask(before);
    assert_int_equal(remove(new), 0);
    assert_int_equal(remove(secret), 0);
    assert_false(gb_file_replace(folder, "x", 1, 0666, &err));
    test_fails_with(&err, GB_FAILED, folder, "found a folder", NULL);
    assert_int_equal(rmdir(folder), 0);
    assert_false(gb_file_replace(new, "x", 1, 0666, &err));
    test_fails_with(&err, GB_FAILED, new, "No such file", NULL);
    free(folder);
    free(new);
    free(secret);
}

/* Symbolic links stay; the file that they lead to is replaced, also where
 * there is none yet. */
static void
test_replace_link(void **state)
{
    const char *file = test_write("links/deep/file", "old", 3);
    char *folder = gb_path_join(test_folder(), "links");
    char *near = gb_path_join(folder, "near"), *far = gb_path_join(folder, "f");
    char *loop = gb_path_join(folder, "loop");
    gb_error err = GB_ERROR_INIT;
    struct stat st;

    (void)state;
    assert_int_equal(chmod(file, 0640), 0);
    assert_int_equal(symlink("deep/file", near), 0);
    assert_int_equal(symlink(near, far), 0);
    assert_int_equal(symlink("loop", loop), 0);
    test_ok(gb_file_replace(far, "new", 3, 0666, &err), &err);
    expect_file(file, "new", 0640);
    assert_int_equal(remove(file), 0);
    test_ok(gb_file_replace(near, "again", 5, 0600, &err), &err);
    expect_file(file, "again", 0600);
    assert_int_equal(lstat(near, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(lstat(far, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_false(gb_file_replace(loop, "x", 1, 0666, &err));
    test_fails_with(&err, GB_FAILED, loop, "symbolic links", NULL);
    free(folder);
    free(near);
    free(far);
    free(loop);
}

/* A pipe that nobody reads would hold the program for ever; it is written to
 * only where that was asked for. */
static void
test_replace_pipe(void **state)
{
    char *path = gb_path_join(test_folder(), "pipe"), *name;
    gb_error err = GB_ERROR_INIT;
    struct stat st;
    char read_back[16];
    int fd;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(gb_file_replace(path, "hello", 5, 0600, &err));
    test_fails_with(&err, GB_FAILED, path, "expected a regular file", NULL);
    fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    test_ok(gb_file_replace(path, "hello", 5, 0600 | GB_FILE_SPECIAL, &err),
            &err);
    name = gb_format("/dev/fd/%d", fd);
    test_ok(gb_file_replace(name, " you", 4, 0600 | GB_FILE_SPECIAL, &err),
            &err);
    assert_int_equal(read(fd, read_back, sizeof read_back), 9);
    assert_memory_equal(read_back, "hello you", 9);
    assert_false(gb_file_replace(name, "x", 1, 0600, &err));
    test_fails_with(&err, GB_FAILED, name, "expected a regular file", NULL);
    assert_false(gb_file_replace("/dev/null", "x", 1, 0600, &err));
    test_fails_with(&err, GB_FAILED, "/dev/null", "regular file", NULL);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    close(fd);
    free(path);
    free(name);
}

/* A pipe in the place of a cache file is no reason to wait either. */
static void
test_cache_pipe(void **state)
{
    char *folder = gb_path_join(test_folder(), "cache"), *path;
    gb_error err = GB_ERROR_INIT;
    struct stat st;

    (void)state;
    test_ok(gb_make_folders(folder, &err), &err);
    setenv("GUMBEL_CACHE", folder, 1);
    path = gb_cache_path("kind", "key", 3);
    assert_int_equal(mkfifo(path, 0600), 0);
    gb_cache_write(path, "value", 5);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(remove(path), 0);
    gb_cache_write(path, "value", 5);
    expect_file(path, "value", 0600);
    unsetenv("GUMBEL_CACHE");
    free(folder);
    free(path);
}

/* Both ends do not wait by themselves, and the pipe holds less than is sent:
 * each side has to wait for the other. */
static void
test_not_blocking(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_str sent = GB_STR_INIT, got = GB_STR_INIT;
    int ends[2], status;
    pid_t child;

    (void)state;
    while (sent.len < 300000)
        gb_str_printf(&sent, "%zu ", sent.len);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        _exit(!gb_fd_write(ends[1], "pipe", sent.data, sent.len, NULL));
    }
    close(ends[1]);
    test_ok(gb_fd_read(ends[0], "pipe", sent.len, &got, &err), &err);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(got.len, sent.len);
    assert_memory_equal(got.data, sent.data, sent.len);
    close(ends[0]);
    gb_str_free(&sent);
    gb_str_free(&got);
}

static void
test_read_errors(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_str got = GB_STR_INIT;
    int fd = open(test_folder(), O_RDONLY);

    (void)state;
    assert_false(gb_fd_read(fd, "a folder", 9, &got, &err));
    test_fails_with(&err, GB_FAILED, "a folder", "Is a directory", NULL);
    close(fd);
    assert_false(gb_fd_read(fd, "nothing", 9, &got, &err));
    test_fails_with(&err, GB_FAILED, "nothing", "Bad file descriptor", NULL);
    gb_str_free(&got);
}

static void
test_path_join(void **state)
{
    char *p;

    (void)state;
    p = gb_path_join("/", "a");
    assert_string_equal(p, "/a");
    free(p);
    p = gb_path_join("x//", "a");
    assert_string_equal(p, "x/a");
    free(p);
}

/* A function of a library that is loaded, and what cannot be loaded. */
static void
test_library(void **state)
{
    double (*cosine)(double) = NULL, (*none)(double) = NULL;
    const gb_call calls[] = {{"cos", &cosine}, {"gumbel_none", &none}};
    gb_error err = GB_ERROR_INIT;

    (void)state;
    test_ok(gb_library_load("libm.so.6", calls, 1, &err), &err);
    assert_true(cosine(0) == 1);
    assert_false(gb_library_load("libm.so.6", calls, 2, &err));
    assert_non_null(strstr(err.text, "gumbel_none"));
    assert_false(gb_library_load("libgumbel-none.so", calls, 1, &err));
    assert_non_null(strstr(err.text, "cannot load libgumbel-none.so: cannot"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_clean),
        cmocka_unit_test(test_utf8_visible),
        cmocka_unit_test(test_error_context),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_replace_link),
        cmocka_unit_test(test_replace_pipe),
        cmocka_unit_test(test_cache_pipe),
        cmocka_unit_test(test_not_blocking),
        cmocka_unit_test(test_read_errors),
        cmocka_unit_test(test_path_join),
        cmocka_unit_test(test_library),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
