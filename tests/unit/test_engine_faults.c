/* The engine when things go wrong: what it refuses, what it survives, and
 * that it goes on working after it. */
#include "engine_fixture.h"
#include "engine/pocl.h"
#include "test.h"

#include <CL/cl.h>
#include <dirent.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <math.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* Opens a model that the engine must refuse. */
static void
open_fails(const char *folder, const gb_engine_options *options,
           gb_error *err)
{
    gb_error open_err = GB_ERROR_INIT;
    gb_model *m = gb_model_open_weights(folder, &open_err);

    test_ok(m != NULL, &open_err);
    *err = (gb_error)GB_ERROR_INIT;
    assert_null(gb_engine_open(m, options, err));
    gb_model_close(m);
}

/* A device with little memory. PoCL reads its limit when it starts, so this
 * has to happen in a process of its own, before all others. */
static void
open_in_one_gigabyte(const char *folder)
{
    gb_error err = GB_ERROR_INIT;
    gb_device device;
    gb_model *m;

    setenv("POCL_MEMORY_LIMIT", "1", 1);
    if (!gb_device_choose(NULL, &device, &err) || device.memory > 1u << 30)
        _exit(77);
    m = gb_model_open_weights(folder, &err);
    if (m == NULL || gb_engine_open(m, NULL, &err) != NULL ||
        strstr(err.text, "MiB of device memory") == NULL)
        fprintf(stderr, "# expected to fail for want of memory: %s\n",
                err.text);
    else
        _exit(0);
    _exit(1);
}

static void
test_too_little_memory(void **state)
{
    static const gb_random_model m = {
        .layers = 40, .width = 16, .heads = 1, .vocab = 300,
        .context = 1 << 18, .inner = 16, .dtype = GB_F16,
    };
    const char *folder = fixture_write(&m, "large");
    int status;
    pid_t pid;

    (void)state;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        open_in_one_gigabyte(folder);
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_wrong_feeding(void **state)
{
    fixture f = fixture_open(fixture_write(&odd_model, "odd"), NULL);
    gb_token *ids = fixture_prompt(f.engine, 301);
    float logprobs[301], *before, *after;
    gb_error err = GB_ERROR_INIT;

    (void)state;
    assert_false(gb_engine_logprobs(f.engine, 1, NULL, logprobs, &err));
    test_fails_with(&err, GB_FAILED, "fed", NULL);
    assert_false(gb_engine_feed(f.engine, ids, 301, &err));
    test_fails_with(&err, GB_FAILED, "300", "301", NULL);
    assert_int_equal(gb_engine_length(f.engine), 0);
    assert_false(gb_engine_score(f.engine, ids, 301, logprobs, &err));

    before = fixture_logprobs_after(f.engine, 299);
    assert_false(gb_engine_feed(f.engine, ids, 2, &err));
    assert_false(gb_engine_feed(f.engine, ids, UINT32_MAX, &err));
    ids[0] = 301;
    assert_false(gb_engine_feed(f.engine, ids, 1, &err));
    test_fails_with(&err, GB_FAILED, "301", NULL);
    ids[0] = UINT32_MAX;
    assert_false(gb_engine_feed(f.engine, ids, 1, &err));
    assert_false(gb_engine_score(f.engine, ids, 1, logprobs, &err));
    free(before);

    /* None of this has done any harm. */
    before = fixture_logprobs_after(f.engine, 299);
    assert_false(gb_engine_feed(f.engine, ids, 1, &err));
    assert_int_equal(gb_engine_length(f.engine), 299);
    after = fixture_logprobs(f.engine);
    assert_same_bits(f.engine, before, after, "after errors", 299);
    free(before), free(after);
    before = fixture_logprobs_after(f.engine, 298);
    free(fixture_logprobs_after(f.engine, 299));
    gb_engine_rewind(f.engine, 298);
    after = fixture_logprobs(f.engine);
    assert_same_bits(f.engine, before, after, "rewound", 298);
    free(before), free(after), free(ids);
    fixture_close(&f);
}

static void
test_not_a_number(void **state)
{
    static const struct {
        float value;
        gb_dtype_choice dtype;
    } cases[] = {{NAN, GB_DTYPE_AUTO}, {INFINITY, GB_DTYPE_AUTO},
                 {NAN, GB_DTYPE_Q8_0}, {INFINITY, GB_DTYPE_Q4_0}};
    const gb_filter filter = {5, 1.0, 0.0};
    float logprobs[301], score[2];
    gb_token ids[2] = {1, 2};
    gb_error err;
    gb_pick pick;
    unsigned i;
    fixture f;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        const gb_engine_options options = {.dtype = cases[i].dtype,
                                           .prefill = GB_PREFILL_OWN};
        const char *folder = fixture_write(&odd_model, "nan");

        fixture_fill_weights(folder, cases[i].value);
        f = fixture_open(folder, &options);
        fixture_feed(f.engine, ids, 2);
        assert_false(fixture_greedy(f.engine, NULL, &pick, &err));
        test_fails_with(&err, GB_FAILED, "not a number", NULL);
        assert_false(fixture_sample(f.engine, 0.8f, NULL, NULL, 0, 0, &pick,
                                      &err));
        test_fails_with(&err, GB_FAILED, "not a number", NULL);
        assert_false(fixture_sample(f.engine, 0.8f, &filter, NULL, 0, 0,
                                      &pick, &err));
        test_fails_with(&err, GB_FAILED, "not a number", NULL);
        assert_false(gb_engine_logprobs(f.engine, 1.0f, NULL, logprobs, &err));
        test_fails_with(&err, GB_FAILED, "not a number", NULL);
        assert_false(gb_engine_score(f.engine, ids, 2, score, &err));
        test_fails_with(&err, GB_FAILED, "not a number", NULL);
        fixture_close(&f);
    }
}

static void
test_too_large_for_float16(void **state)
{
    const gb_engine_options half = {.dtype = GB_DTYPE_F16};
    const gb_engine_options brain = {.dtype = GB_DTYPE_BF16};
    const gb_engine_options bytes = {.dtype = GB_DTYPE_Q8_0};
    char *folder = gb_strdup(fixture_write(&odd_model, "large-weights"));
    gb_error err;
    fixture f;

    (void)state;
    fixture_fill_weights(folder, 65520.0f);
    open_fails(folder, &half, &err);
    test_fails_with(&err, GB_FAILED, "float16", "bf16", "model.safetensors",
                    NULL);
    f = fixture_open(folder, &brain);
    fixture_close(&f);
    fixture_fill_weights(folder, 65504.0f);
    f = fixture_open(folder, &half);
    fixture_close(&f);
    fixture_fill_weights(folder, 1e30f);
    open_fails(folder, &bytes, &err);
    test_fails_with(&err, GB_FAILED, "scale in float16", "bf16",
                    "model.safetensors", NULL);
    free(folder);
}

/* The file of an open model becomes shorter before it is loaded. */
static void
test_truncated(void **state)
{
    static const gb_random_model models[] = {
        {.layers = 2, .width = 75, .heads = 3, .vocab = 301, .context = 300,
         .dtype = GB_F32},
        {.layers = 2, .width = 75, .heads = 3, .vocab = 301, .context = 300,
         .dtype = GB_F16, .untied = true},
    };
    static const gb_dtype_choice types[] = {
        GB_DTYPE_F32, GB_DTYPE_F16, GB_DTYPE_BF16, GB_DTYPE_Q8_0,
        GB_DTYPE_Q4_0,
    };
    const long lengths[] = {20000, 60000, 150000, 250000};
    gb_engine_options options = {.prefill = GB_PREFILL_OWN};
    gb_error err = GB_ERROR_INIT;
    char *path;
    gb_model *m;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(models) * GB_COUNT(types) * GB_COUNT(lengths);
         i++) {
        const char *folder = fixture_write(&models[i % 2], "truncated");

        options.dtype = types[i / 2 % GB_COUNT(types)];
        m = gb_model_open_weights(folder, &err);
        test_ok(m != NULL, &err);
        path = gb_path_join(folder, "model.safetensors");
        assert_int_equal(truncate(path, lengths[i / 2 / GB_COUNT(types)]), 0);
        assert_null(gb_engine_open(m, &options, &err));
        test_fails_with(&err, GB_FAILED, path, "when it was opened", NULL);
        gb_model_close(m);
        free(path);
    }
}

static void
test_unknown_device(void **state)
{
    const gb_engine_options options = {.device = "no-such-device"};
    gb_error err;

    (void)state;
    open_fails(fixture_write(&odd_model, "odd"), &options, &err);
    test_fails_with(&err, GB_FAILED, "no-such-device", "0:0", NULL);
}

/* Cancels at the nth report of a phase. */
typedef struct canceller {
    atomic_bool cancel;
    gb_phase phase;
    unsigned at, reports;
} canceller;

static void
cancel_at(void *arg, gb_phase phase, uint64_t done, uint64_t total)
{
    canceller *c = arg;

    assert_true(done <= total);
    assert_true(phase != GB_PHASE_PREFILL || done < total);
    if (phase == c->phase && ++c->reports == c->at)
        atomic_store(&c->cancel, true);
}

static gb_engine_options
cancelled_by(canceller *c)
{
    return (gb_engine_options){.prefill = GB_PREFILL_OWN,
                               .progress = {cancel_at, c, &c->cancel}};
}

static void
test_cancel_open(void **state)
{
    const char *folder = fixture_write(&odd_model, "odd");
    canceller c = {.phase = GB_PHASE_LOAD};
    gb_engine_options options = cancelled_by(&c);
    unsigned reports;
    gb_error err;
    fixture f;

    (void)state;
    f = fixture_open(folder, &options);
    fixture_close(&f);
    reports = c.reports;
    assert_true(reports > 5);
    for (c.at = 1; c.at < reports; c.at += 3) {
        c.reports = 0;
        open_fails(folder, &options, &err);
        test_fails_with(&err, GB_INTERRUPTED, NULL);
        assert_int_equal(c.reports, c.at);
        atomic_store(&c.cancel, false);
    }
}

static void
test_cancel_feed(void **state)
{
    canceller c = {.phase = GB_PHASE_PREFILL};
    gb_engine_options options = cancelled_by(&c);
    fixture f = fixture_open(fixture_write(&odd_model, "odd"), &options);
    gb_token *ids = fixture_prompt(f.engine, 300);
    float *expected = fixture_logprobs_after(f.engine, 300), *found;
    gb_error err = GB_ERROR_INIT;
    uint32_t done;

    (void)state;
    assert_true(c.reports > 0);
    gb_engine_rewind(f.engine, 0);
    /* There is nothing to tell of what one pass reads. */
    c.reports = 0;
    fixture_feed(f.engine, ids, 3);
    assert_int_equal(c.reports, 0);
    gb_engine_rewind(f.engine, 0);
    atomic_store(&c.cancel, true);
    assert_false(gb_engine_feed(f.engine, ids, 300, &err));
    test_fails_with(&err, GB_INTERRUPTED, NULL);
    assert_int_equal(gb_engine_length(f.engine), 0);
    atomic_store(&c.cancel, false);
    c.reports = 0;
    c.at = 1;
    assert_false(gb_engine_feed(f.engine, ids, 300, &err));
    test_fails_with(&err, GB_INTERRUPTED, NULL);
    done = gb_engine_length(f.engine);
    assert_in_range(done, 1, 299);
    atomic_store(&c.cancel, false);
    fixture_feed(f.engine, ids + done, 300 - done);
    found = fixture_logprobs(f.engine);
    assert_same_bits(f.engine, expected, found, "after a stop", done);
    free(found), free(expected), free(ids);
    fixture_close(&f);
}

/* The path of the one program in the cache; the caller frees. */
static char *
cached_program(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *entry;
    char *path = NULL;

    assert_non_null(d);
    while ((entry = readdir(d)) != NULL)
        if (strncmp(entry->d_name, "program-", 8) == 0) {
            assert_null(path);
            path = gb_path_join(folder, entry->d_name);
        }
    closedir(d);
    assert_non_null(path);
    return path;
}

/* Opens the model and says whether the cache served; what it computes must
 * be the same in any case. */
static bool
opens_cached(const char *folder, float **expected)
{
    fixture f = fixture_open(folder, NULL);
    bool cached = gb_engine_get_info(f.engine)->program_cached;
    float *found = fixture_logprobs_after(f.engine, 17);

    if (*expected == NULL)
        *expected = found;
    assert_same_bits(f.engine, *expected, found, "from the cache", 17);
    if (*expected != found)
        free(found);
    fixture_close(&f);
    return cached;
}

static void
test_program_cache(void **state)
{
    char *model = gb_strdup(fixture_write(&odd_model, "odd"));
    char *folder = gb_format("%s/programs", test_folder()), *path;
    gb_str whole = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;
    float *expected = NULL;
    size_t lengths[4], i;

    (void)state;
    setenv("GUMBEL_CACHE", folder, 1);
    assert_false(opens_cached(model, &expected));
    assert_true(opens_cached(model, &expected));
    path = cached_program(folder);
    test_ok(gb_file_read(path, 1u << 28, &whole, &err), &err);
    lengths[0] = 0, lengths[1] = 20, lengths[2] = whole.len / 2;
    lengths[3] = whole.len - 1;
    for (i = 0; i < GB_COUNT(lengths); i++) {
        test_ok(gb_file_replace(path, whole.data, lengths[i], 0600, &err),
                &err);
        assert_false(opens_cached(model, &expected));
        assert_true(opens_cached(model, &expected));
    }
    for (i = 3; i < whole.len; i += whole.len / 4) {
        whole.data[i] = (char)~whole.data[i];
        test_ok(gb_file_replace(path, whole.data, whole.len, 0600, &err),
                &err);
        assert_false(opens_cached(model, &expected));
        whole.data[i] = (char)~whole.data[i];
    }
    /* Where others could have put it, it is not run. */
    assert_true(opens_cached(model, &expected));
    assert_int_equal(chmod(path, 0666), 0);
    assert_false(opens_cached(model, &expected));
    assert_true(opens_cached(model, &expected));
    assert_int_equal(chmod(folder, 0777), 0);
    assert_false(opens_cached(model, &expected));
    assert_int_equal(chmod(folder, 0700), 0);
    setenv("GUMBEL_CACHE", "/dev/null/programs", 1);
    assert_false(opens_cached(model, &expected));
    setenv("GUMBEL_CACHE", "", 1);
    assert_false(opens_cached(model, &expected));
    unsetenv("GUMBEL_CACHE");
    gb_str_free(&whole);
    free(path), free(folder), free(model), free(expected);
}

/* Bitcode in a binary of PoCL, and what only looks like one. */
static void
test_pocl_bitcode(void **state)
{
    unsigned char binary[] = "poclbin\0....\4\0\0\0BC\300\336";
    const size_t n = sizeof binary - 1, length = 12, magic = 16;
    size_t size = 0, i;

    (void)state;
    assert_ptr_equal(gb_pocl_bitcode(binary, n, &size), binary + magic);
    assert_int_equal(size, 4);
    for (i = 0; i < n; i++)
        assert_null(gb_pocl_bitcode(binary, i, &size));
    assert_null(gb_pocl_bitcode(binary + magic, 4, &size));
    binary[length + 3] = 255;
    assert_null(gb_pocl_bitcode(binary, n, &size));
}

/* The processor of another machine is none of this one: its memory is not what
 * there is here, and no other driver here has it. */
static void
test_pocl_remote(void **state)
{
    gb_device d = {.type = CL_DEVICE_TYPE_CPU,
                   .platform_name = "Portable Computing Language",
                   .version = "OpenCL 3.0 PoCL HSTR: cpu-x86_64",
                   .memory = UINT64_MAX};
    gb_device other = {.type = CL_DEVICE_TYPE_CPU, .platform_index = 1,
                       .platform_name = "Intel(R) OpenCL"};

    (void)state;
    assert_true(gb_pocl_has(&d) && !gb_pocl_is_remote(&d));
    assert_true(gb_device_is_own_cpu(&d) && gb_device_is_twin(&d, &other));
    assert_false(gb_device_has_room(&d, 0, UINT64_MAX / 2));
    strcat(d.version, " HSTR: pocl-remote: cpu-x86_64");
    assert_true(!gb_pocl_has(&d) && gb_pocl_is_remote(&d));
    assert_true(gb_device_is_cpu(&d) && !gb_device_is_own_cpu(&d));
    assert_false(gb_device_is_twin(&d, &other));
    assert_true(gb_device_has_room(&d, 0, UINT64_MAX / 2));
    assert_true(!gb_pocl_has(&other) && !gb_pocl_is_remote(&other));
}

/* Resident memory, in KiB, without what the C library keeps of freed memory:
 * after a compilation many megabytes, in which a leak would not be seen. */
static long
resident(void)
{
    long all, pages;
    FILE *f;

#ifdef __GLIBC__
    malloc_trim(0);
#endif
    f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%ld %ld", &all, &pages) != 2)
        skip();
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int
by_size(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;

    return (x > y) - (x < y);
}

/* What most of several equal rounds of work leave behind: the median of what
 * the resident memory grows by in each, in KiB. What is lost every time shows
 * in it; a pool that a driver enlarges now and then does not. */
static long
left_by(void (*work)(void *arg), void *arg)
{
    long grown[7], before;
    size_t i;

    work(arg); /* what the first one leaves is kept for the others */
    for (i = 0; i < GB_COUNT(grown); i++) {
        before = resident();
        work(arg);
        grown[i] = resident() - before;
    }
    qsort(grown, GB_COUNT(grown), sizeof *grown, by_size);
    return grown[GB_COUNT(grown) / 2];
}

static void
generate(gb_engine *e, unsigned n)
{
    const uint32_t context = gb_engine_model(e)->config.n_ctx;
    gb_error err = GB_ERROR_INIT;
    gb_token id = 7;
    gb_pick pick;
    unsigned i;

    for (i = 0; i < n; i++) {
        if (gb_engine_length(e) == context)
            gb_engine_rewind(e, 0);
        fixture_feed(e, &id, 1);
        test_ok(fixture_sample(e, 1.0f, NULL, NULL, 1, i, &pick, &err), &err);
        id = pick.id;
    }
}

static void
go_on(void *engine)
{
    generate(engine, 600);
}

static void
open_and_close(void *folder)
{
    fixture f = fixture_open(folder, NULL);

    generate(f.engine, 20);
    fixture_close(&f);
}

/* Nothing is kept from token to token, and little from engine to engine
 * (drivers do that). */
static void
test_memory(void **state)
{
    long by_tokens, by_engines;
    char *folder;
    fixture f;

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* which keeps what was freed */
#endif
    folder = gb_strdup(fixture_write(&odd_model, "odd"));
    f = fixture_open(folder, NULL);
    by_tokens = left_by(go_on, f.engine);
    fixture_close(&f);
    by_engines = left_by(open_and_close, folder);
    print_message("# %ld KiB more after 600 tokens, %ld after an engine\n",
                  by_tokens, by_engines);
    assert_true(by_tokens < 64);
    assert_true(by_engines < 3072);
    free(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_little_memory),
        cmocka_unit_test(test_unknown_device),
        cmocka_unit_test(test_wrong_feeding),
        cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_too_large_for_float16),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_cancel_open),
        cmocka_unit_test(test_cancel_feed),
        cmocka_unit_test(test_program_cache),
        cmocka_unit_test(test_pocl_bitcode),
        cmocka_unit_test(test_pocl_remote),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
