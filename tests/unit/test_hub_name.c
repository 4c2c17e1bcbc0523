/* Names on the hub, and the cache of Hugging Face's libraries. */
#include "test.h"

#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/find.h"
#include "model/hub_cache.h"

static void
test_names(void **state)
{
    static const struct {
        const char *text, *repo, *revision, *file, *local;
    } good[] = {
        {"gpt2", "openai-community/gpt2", "main", NULL, "gpt2"},
        {"gpt2-xl@v1", "openai-community/gpt2-xl", "v1", NULL, "gpt2-xl@v1"},
        {"distilgpt2", "distilbert/distilgpt2", "main", NULL, "distilgpt2"},
        {"openai-community/gpt2", "openai-community/gpt2", "main", NULL,
         "gpt2"},
        {"me/My_model.v2", "me/My_model.v2", "main", NULL, "me/My_model.v2"},
        {"me/m@main", "me/m", "main", NULL, "me/m"},
        {"me/m@refs/pr/1", "me/m", "refs/pr/1", NULL, "me/m@refs+pr+1"},
        {"me/m/a b.gguf", "me/m", "main", "a b.gguf", "me/m/a b.gguf"},
        {"me/m@v1/x.gguf", "me/m", "v1", "x.gguf", "me/m@v1/x.gguf"},
        {"me/m@a/b/x.gguf", "me/m", "a/b", "x.gguf", "me/m@a+b/x.gguf"},
        {"openai-community/gpt2/x.gguf", "openai-community/gpt2", "main",
         "x.gguf", "openai-community/gpt2/x.gguf"},
    };
    static const char *const bad[] = {
        "", "/", "gpt3x", "a/", "/a", "../a", "a/..", "./a", "a/.b", ".a/b",
        "a/b/", "a/b/c", "a/b/c.bin", "a/b@", "a/b@..", "a/b@x/../y",
        "a/b@/x", "a/b@x/", "gpt2@", "gpt2@../..", "a/b\n", "a\033/b",
        "a/b/../x.gguf", "a/b/..gguf", "a/b/.x.gguf", "a/b/c/x.gguf", "a b/c",
        "a--b/c", "a/b--c", "-a/b", "a/b-", "a/b\\c", "a/b@x y", "a/b@-x",
        "a/b/x\033.gguf", "https://huggingface.co/a/b", "a/b?x", "a/b#x",
        "a/b%2e", "~/a",
    };
    gb_error err = GB_ERROR_INIT;
    gb_hub_name n;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(good); i++) {
        test_ok(gb_hub_name_read(&n, good[i].text, &err), &err);
        assert_string_equal(n.repo, good[i].repo);
        assert_string_equal(n.revision, good[i].revision);
        assert_string_equal(n.local, good[i].local);
        assert_true((n.file == NULL) == (good[i].file == NULL));
        if (n.file != NULL)
            assert_string_equal(n.file, good[i].file);
        gb_hub_name_free(&n);
    }
    for (i = 0; i < GB_COUNT(bad); i++) {
        if (gb_hub_name_read(&n, bad[i], &err))
            fail_msg("%s is taken", bad[i]);
        assert_int_equal(err.status, GB_USAGE);
        assert_null(strchr(err.text, '\033'));
        gb_hub_name_free(&n);
    }
}

/* A folder of the cache with one snapshot, which refs/REF leads to. */
static char *
put_snapshot(const char *cache, const char *folder, const char *ref,
             const char *commit, const char *weights)
{
    char *root = gb_format("%s/%s", cache, folder), *name;

    name = gb_format("%s/refs/%s", root, ref);
    test_write(name, commit, strlen(commit));
    free(name);
    name = gb_format("%s/snapshots/%s/config.json", root, commit);
    test_write(name, "{}", 2);
    free(name);
    if (weights != NULL) {
        name = gb_format("%s/snapshots/%s/%s", root, commit, weights);
        test_write(name, "x", 1);
        free(name);
    }
    name = gb_format("%s/%s/snapshots/%s", test_folder(), root, commit);
    free(root);
    return name;
}

static void
check(const char *name, const char *expected)
{
    char *found = gb_model_find_installed(name);

    if (expected == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_string_equal(found, expected);
    free(found);
}

static void
check_name(const char *path, const char *expected)
{
    char *name = gb_model_name(path);

    assert_string_equal(name, expected);
    free(name);
}

static void
test_cache(void **state)
{
    char *gpt2 = put_snapshot("hub", "models--openai-community--gpt2", "main",
                              "c0ffee", "model.safetensors");
    char *old = put_snapshot("hub", "models--gpt2-medium", "main", "abc",
                             "pytorch_model.bin");
    char *pr = put_snapshot("hub", "models--me--m", "refs/pr/1", "123",
                            "model.safetensors.index.json");
    char *part = put_snapshot("hub", "models--me--part", "main", "4", NULL);
    char *evil = put_snapshot("hub", "models--me--evil", "main", "5",
                              "model.safetensors");
    char *cache = gb_path_join(test_folder(), "hub");
    char *file = gb_format("%s/x.gguf", pr);

    (void)state;
    test_write("hub/models--me--evil/refs/main", "../../models--me--m", 19);
    test_write("hub/models--me--m/snapshots/123/x.gguf", "GGUF", 4);
    setenv("XDG_DATA_HOME", "/nowhere", 1);
    setenv("HF_HUB_CACHE", cache, 1);
    check("gpt2", gpt2);
    check("openai-community/gpt2", gpt2);
    check("gpt2@c0ffee", gpt2);
    check("gpt2@main", gpt2);
    check("gpt2@v2", NULL);
    check("gpt2-medium", old);
    check("me/m@refs/pr/1", pr);
    check("me/m@123", pr);
    check("me/m", NULL);
    check("me/m@123/x.gguf", file);
    check("me/m@123/y.gguf", NULL);
    check("me/part", NULL);
    check("me/evil", NULL);
    check("distilgpt2", NULL);
    check_name(gpt2, "gpt2");
    check_name(pr, "me/m@123");
    check_name(file, "me/m/x.gguf");
    assert_int_equal(chdir(gpt2), 0);
    check_name(".", "gpt2");
    assert_int_equal(chdir("/"), 0);

    /* The other places where it may be. */
    unsetenv("HF_HUB_CACHE");
    setenv("HF_HOME", test_folder(), 1);
    check("gpt2", gpt2);
    unsetenv("HF_HOME");
    setenv("XDG_CACHE_HOME", "/nowhere", 1);
    check("gpt2", NULL);
    free(gpt2);
    free(old);
    free(pr);
    free(part);
    free(evil);
    free(cache);
    free(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_cache),
    };

    return cmocka_run_group_tests_name("hub_name", tests, NULL, NULL);
}
