/* Cache files: what was written comes back, unless others may have put it
 * there. */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/file.h"
#include "base/mem.h"

static char *folder, *path;

static bool
reads(const char *expected)
{
    gb_str text = GB_STR_INIT;
    bool ok = gb_cache_read(path, 100, &text);

    if (ok)
        assert_string_equal(gb_str_cstr(&text), expected);
    gb_str_free(&text);
    return ok;
}

static int
setup(void **state)
{
    (void)state;
    folder = gb_path_join(test_folder(), "kept");
    setenv("GUMBEL_CACHE", folder, 1);
    path = gb_cache_path("thing", "key", 3);
    return path == NULL;
}

static int
teardown(void **state)
{
    (void)state;
    free(folder);
    free(path);
    return 0;
}

static void
test_read(void **state)
{
    gb_str text = GB_STR_INIT;

    (void)state;
    assert_false(reads("one"));
    gb_cache_write(path, "one", 3);
    assert_true(reads("one"));
    gb_cache_write(path, "two", 3);
    assert_true(reads("two"));
    assert_false(gb_cache_read(path, 2, &text));
    assert_false(gb_cache_read(NULL, 2, &text));
    gb_str_free(&text);
}

/* What others can write is not believed; it is replaced. */
static void
test_writable_file(void **state)
{
    static const mode_t modes[] = {0620, 0602, 0666};
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(modes); i++) {
        gb_cache_write(path, "mine", 4);
        assert_true(reads("mine"));
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_false(reads("mine"));
    }
    gb_cache_write(path, "mine", 4);
    assert_int_equal(chmod(path, 0644), 0);
    assert_true(reads("mine"));
}

static void
test_writable_folder(void **state)
{
    static const mode_t modes[] = {0770, 0707, 01777};
    size_t i;

    (void)state;
    gb_cache_write(path, "mine", 4);
    for (i = 0; i < GB_COUNT(modes); i++) {
        assert_int_equal(chmod(folder, modes[i]), 0);
        assert_false(reads("mine"));
        gb_cache_write(path, "other", 5);
        assert_int_equal(chmod(folder, 0755), 0);
        assert_true(reads("mine"));
    }
}

static void
test_links(void **state)
{
    char *other = gb_path_join(test_folder(), "elsewhere");

    (void)state;
    gb_cache_write(path, "mine", 4);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    assert_false(reads("mine"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(reads("mine"));
    assert_int_equal(unlink(path), 0);
    free(other);
}

static void
test_owners(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can give a file away */
    gb_cache_write(path, "mine", 4);
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_false(reads("mine"));
    gb_cache_write(path, "mine", 4);
    assert_true(reads("mine"));
    assert_int_equal(chown(folder, 12345, 12345), 0);
    assert_false(reads("mine"));
    assert_int_equal(chown(folder, 0, 0), 0);
    assert_true(reads("mine"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_writable_file),
        cmocka_unit_test(test_writable_folder),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_owners),
    };

    return cmocka_run_group_tests_name("cache", tests, setup, teardown);
}
