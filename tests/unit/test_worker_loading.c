/* A worker that loads models, devices and files: it can be told to stop, and
 * needs no more memory than one engine does. */
#include "conversation.h"

#include <CL/cl.h>
#include <dirent.h>
#include <dlfcn.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine_fixture.h"
#include "worker_screen.h"

#define STORY "Once upon a time there was a little fox"

/* Device memory, of which there is no more than `limit` (0: no end). These
 * take the place of OpenCL's own. */
static struct {
    cl_mem mem[4096];
    size_t size[4096], live, peak, limit;
} memory;

cl_mem
clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
               cl_int *code)
{
    static cl_mem (*real)(cl_context, cl_mem_flags, size_t, void *, cl_int *);
    cl_mem m;
    size_t i;

    if (real == NULL)
        *(void **)(void *)&real = dlsym(RTLD_NEXT, "clCreateBuffer");
    if (memory.limit > 0 && memory.live + size > memory.limit) {
        *code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
        return NULL;
    }
    m = real(context, flags, size, host, code);
    for (i = 0; m != NULL && memory.mem[i] != NULL; i++)
        assert_true(i + 1 < GB_COUNT(memory.mem));
    if (m != NULL) {
        memory.mem[i] = m;
        memory.size[i] = size;
        memory.live += size;
    }
    if (memory.live > memory.peak)
        memory.peak = memory.live;
    return m;
}

cl_int
clReleaseMemObject(cl_mem m)
{
    static cl_int (*real)(cl_mem);
    size_t i;

    if (real == NULL)
        *(void **)(void *)&real = dlsym(RTLD_NEXT, "clReleaseMemObject");
    for (i = 0; i < GB_COUNT(memory.mem); i++)
        if (memory.mem[i] == m) {
            memory.mem[i] = NULL;
            memory.live -= memory.size[i];
        }
    return real(m);
}

/* Three gigabytes, of which the hash takes a while. */
static const char *
huge(void)
{
    static const gb_random_model m = {
        .layers = 1, .width = 8192, .heads = 64, .vocab = 600, .context = 64,
        .hollow = true,
    };

    return fixture_write(&m, "huge");
}

static const char *
large(void)
{
    static const gb_random_model m = {
        .layers = 1, .width = 1024, .heads = 16, .vocab = 600, .context = 64,
        .hollow = true,
    };

    return fixture_write(&m, "large");
}

static const char *
small(void)
{
    static const gb_random_model m = {
        .layers = 1, .width = 32, .heads = 2, .vocab = 600, .context = 64,
    };

    return fixture_write(&m, "small");
}

/* A session of many notes that takes a while to be read. */
static const char *
long_file(void)
{
    gb_error err = GB_ERROR_INIT;
    gb_str file = GB_STR_INIT;
    const char *path;
    char sha[65];
    unsigned i;

    test_ok(gb_model_sha256(test_model(), sha, &err), &err);
    gb_str_printf(&file, "{\"type\":\"header\",\"format\":\"gumbel-session\","
                  "\"version\":1,\"model\":{\"sha256\":\"%s\"},"
                  "\"mode\":\"continue\",\"settings\":{}}\n", sha);
    for (i = 0; i < 400000; i++)
        gb_str_puts(&file, "{\"type\":\"mark\",\"text\":\"a note\"}\n");
    path = test_write("long.jsonl", file.data, file.len);
    gb_str_free(&file);
    return path;
}

/* Waits for a command that was stopped. */
static void
expect_stopped(screen *s, uint64_t command, const char *said)
{
    screen_wait_done(s, command);
    assert_int_equal(s->reason, GB_REASON_INTERRUPT);
    assert_non_null(strstr(s->said, said));
    assert_int_equal(s->state, GB_STATE_STOPPED);
}

/* What is loaded in place of a model or a session can be stopped: the old one
 * goes on. */
static void
test_stopping(void **state)
{
    const char *model = huge(), *file = long_file();
    screen *s = screen_start_plain();
    uint64_t command;
    char *text;

    (void)state;
    screen_do(s, ASK_SEND, STORY, NULL);
    text = screen_text(s);
    command = screen_post(s, ASK_MODEL, model, NULL);
    screen_wait_phase(s, GB_PHASE_HASH);
    screen_post(s, ASK_STOP, NULL, NULL);
    expect_stopped(s, command, "stopped: stories on ");
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, text);
    assert_int_equal(s->engines, 1);

    command = screen_post(s, ASK_LOAD, file, NULL);
    screen_wait_phase(s, GB_PHASE_SESSION);
    screen_post(s, ASK_STOP, NULL, NULL);
    expect_stopped(s, command, "long.jsonl was not loaded");
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, text);
    screen_finish(s);
    free(text);
}

/* The file to begin with: without it, it is an empty session. */
static void
test_stopping_first_file(void **state)
{
    const gb_worker_options options = {.load = long_file()};
    screen *s = screen_start(&options);

    (void)state;
    screen_wait_phase(s, GB_PHASE_SESSION);
    screen_post(s, ASK_STOP, NULL, NULL);
    screen_do(s, ASK_SEND, STORY, NULL);
    assert_non_null(strstr(s->error, "long.jsonl was not loaded"));
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, "");
    screen_finish(s);
}

/* What is asked for next is meant for the model that is loaded, and does not
 * end the loading. */
static void
test_commands_ahead(void **state)
{
    screen *s = screen_start_plain();
    uint64_t command;

    (void)state;
    screen_do(s, ASK_SEND, STORY, NULL);
    command = screen_post(s, ASK_MODEL, small(), NULL);
    screen_post(s, ASK_CLEAR, NULL, NULL);
    screen_wait_done(s, command);
    assert_string_equal(s->model, "small");
    assert_int_equal(s->reason, GB_REASON_NONE);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    assert_int_equal(s->stats.run_tokens, 12);
    screen_finish(s);
}

static unsigned
count_files(const char *folder)
{
    DIR *d = opendir(folder);
    unsigned n = 0;

    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        closedir(d);
    return n;
}

/* Quitting does not wait for the hash of a large model: it is not there
 * afterwards. */
static void
test_quitting(void **state)
{
    const gb_worker_options options = {.model = huge()};
    char *cache = gb_path_join(test_folder(), "no-hash");
    const char *before = getenv("GUMBEL_CACHE");
    screen *s;

    (void)state;
    before = before != NULL ? gb_strdup(before) : NULL;
    setenv("GUMBEL_CACHE", cache, 1);
    s = screen_start(&options);
    screen_wait_phase(s, GB_PHASE_HASH);
    screen_finish(s);
    assert_int_equal(count_files(cache), 0);
    if (before != NULL)
        setenv("GUMBEL_CACHE", before, 1);
    else
        unsetenv("GUMBEL_CACHE");
    free(cache);
    free((void *)(uintptr_t)before);
}

/* Where device memory holds one engine, the old one makes room, and comes back
 * when the new one fails. */
static void
test_one_engine(void **state)
{
    screen *s = screen_start_plain();
    char *text;

    (void)state;
    screen_do(s, ASK_SEND, STORY, NULL);
    text = screen_text(s);
    memory.limit = memory.live + memory.live / 2;
    screen_do(s, ASK_DEVICE, "0:0", NULL);
    assert_int_equal(s->engines, 2);
    assert_true(memory.peak <= memory.limit);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, text);

    /* Too large, also alone. */
    memory.limit = memory.live;
    screen_wait_failed(s, screen_post(s, ASK_MODEL, large(), NULL));
    assert_string_equal(s->model, "stories");
    assert_int_equal(s->engines, 3);
    assert_int_equal(s->state, GB_STATE_IDLE);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, text);
    screen_finish(s);
    free(text);
    memory.limit = 0;
}

/* When the old one does not come back either, the conversation waits for one
 * that does. */
static void
test_no_engine(void **state)
{
    static const char *const names[] = {"x.txt", "x.md", "x.json", "x.html"};
    screen *s = screen_start_plain();
    char *text;
    size_t i;

    (void)state;
    screen_do(s, ASK_SEND, STORY, NULL);
    text = screen_text(s);
    memory.limit = 1;
    screen_wait_failed(s, screen_post(s, ASK_DEVICE, "0:0", NULL));
    assert_int_equal(s->state, GB_STATE_FAILED);
    screen_wait_failed(s, screen_post(s, ASK_CONTINUE, NULL, NULL));
    assert_non_null(strstr(s->error, "no model"));
    screen_wait_failed(s, screen_post(s, ASK_NOTE, "a note", NULL));
    screen_do(s, ASK_SET, "temperature", "0.7");
    for (i = 0; i < GB_COUNT(names); i++)
        screen_do(s, ASK_EXPORT, test_path(names[i]), NULL);
    memory.limit = 0;
    screen_do(s, ASK_DEVICE, "0:0", NULL);
    assert_int_equal(s->state, GB_STATE_IDLE);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, text);
    screen_finish(s);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_stopping_first_file),
        cmocka_unit_test(test_commands_ahead),
        cmocka_unit_test(test_quitting),
        cmocka_unit_test(test_one_engine),
        cmocka_unit_test(test_no_engine),
    };

    return cmocka_run_group_tests_name("loading", tests, NULL,
                                       test_engine_close);
}
