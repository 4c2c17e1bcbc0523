/* The engine's thread as an interface sees it: requests in, news out. No test
 * depends on a time, but each waits for news until the test runner ends it. */
#include "conversation.h"

#include <poll.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine_fixture.h"
#include "session/worker.h"

#define STORY "Once upon a time there was a little fox"

/* What an interface would have on its screen. */
typedef struct screen {
    gb_worker *worker;
    gb_state state;
    gb_str text[4096]; /* by segment */
    uint32_t last;     /* segment */
    gb_settings settings;
    gb_stats stats;
    uint64_t started, done, failed; /* commands */
    gb_reason reason;
    char error[1024];
    char log[1024];
    char file[256];
    char said[1024]; /* with the last done, or a verdict */
    char model[64];
    bool identical;
    unsigned n_states[8], verdicts, engines;
    uint32_t memory; /* segment; 0: the model remembers all */
} screen;

static void
show(screen *s, const gb_news *n)
{
    uint32_t i;

    switch (n->type) {
    case GB_NEWS_STATE:
        s->state = n->state;
        s->n_states[n->state]++;
        break;
    case GB_NEWS_ENGINE:
        snprintf(s->model, sizeof s->model, "%s", n->text.data);
        assert_non_null(n->device);
        assert_true(n->n_ctx > 0);
        s->engines++;
        break;
    case GB_NEWS_CUT:
        for (i = n->segment + 1; i < GB_COUNT(s->text); i++)
            gb_str_clear(&s->text[i]);
        s->last = n->segment;
        break;
    case GB_NEWS_SEGMENT:
        assert_true(n->segment > s->last);
        assert_in_range(n->segment, 1, GB_COUNT(s->text) - 1);
        s->last = n->segment;
        if (n->role == GB_ROLE_MARK)
            break;
        gb_str_append(&s->text[n->segment], gb_str_cstr(&n->text),
                      n->text.len);
        break;
    case GB_NEWS_TEXT:
        assert_int_equal(n->segment, s->last);
        gb_str_append(&s->text[n->segment], n->text.data, n->text.len);
        break;
    case GB_NEWS_SETTINGS:
        s->settings = n->settings;
        break;
    case GB_NEWS_STATS:
        s->stats = n->stats;
        break;
    case GB_NEWS_STARTED:
        s->started = n->command;
        break;
    case GB_NEWS_DONE:
        s->done = n->command;
        s->reason = n->reason;
        s->stats = n->stats;
        snprintf(s->said, sizeof s->said, "%s", gb_str_cstr(&n->text));
        break;
    case GB_NEWS_ERROR:
        s->failed = n->command;
        snprintf(s->error, sizeof s->error, "%s", gb_str_cstr(&n->text));
        break;
    case GB_NEWS_VERDICT:
        s->verdicts++;
        s->identical = n->identical;
        break;
    case GB_NEWS_FILE:
        snprintf(s->file, sizeof s->file, "%s", gb_str_cstr(&n->text));
        break;
    case GB_NEWS_LOG:
        snprintf(s->log, sizeof s->log, "%s", gb_str_cstr(&n->text));
        break;
    case GB_NEWS_MEMORY:
        s->memory = n->segment;
        break;
    }
}

/* Takes one piece of news, waiting for it. */
static void
take(screen *s)
{
    struct pollfd p = {.fd = gb_worker_fd(s->worker), .events = POLLIN};
    gb_news *n;

    assert_int_equal(poll(&p, 1, -1), 1);
    n = gb_worker_take(s->worker);
    assert_non_null(n);
    show(s, n);
    gb_news_free(n);
}

static screen *
start(const gb_worker_options *options)
{
    gb_worker_options o = *options;
    gb_error err = GB_ERROR_INIT;
    screen *s = gb_alloc(sizeof *s);

    if (o.model == NULL)
        o.model = test_source("models/stories");
    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 12;
    o.settings.ignore_eos = true;
    s->worker = gb_worker_start(&o, &err);
    test_ok(s->worker != NULL, &err);
    return s;
}

static screen *
start_plain(void)
{
    const gb_worker_options options = {.journal = false};

    return start(&options);
}

static void
finish(screen *s)
{
    gb_error err = GB_ERROR_INIT;
    size_t i;

    test_ok(gb_worker_close(s->worker, &err), &err);
    for (i = 0; i < GB_COUNT(s->text); i++)
        gb_str_free(&s->text[i]);
    free(s);
}

static uint64_t
post(screen *s, gb_do what, const char *name, const char *value)
{
    gb_request r = {.what = what, .name = name, .value = value};
    gb_error err = GB_ERROR_INIT;
    uint64_t number;

    if (what == GB_DO_SEND || what == GB_DO_EDIT || what == GB_DO_MARK) {
        r.name = NULL;
        r.text = name;
        r.n_text = strlen(name);
    }
    number = gb_worker_post(s->worker, &r, &err);
    test_ok(number != 0, &err);
    return number;
}

static void
wait_done(screen *s, uint64_t command)
{
    while (s->done != command && s->failed != command)
        take(s);
    if (s->failed == command)
        fail_msg("command failed: %s", s->error);
}

static void
wait_failed(screen *s, uint64_t command)
{
    while (s->failed != command)
        take(s);
}

static void
wait_state(screen *s, gb_state state)
{
    while (s->state != state)
        take(s);
}

static void
perform(screen *s, gb_do what, const char *name, const char *value)
{
    wait_done(s, post(s, what, name, value));
}

static char *
shown(const screen *s)
{
    gb_str all = GB_STR_INIT;
    size_t i;

    for (i = 0; i < GB_COUNT(s->text); i++)
        gb_str_append(&all, gb_str_cstr(&s->text[i]), s->text[i].len);
    return gb_str_take(&all);
}

static void
expect_shown(const screen *s, const char *expected)
{
    char *text = shown(s);

    assert_string_equal(text, expected);
    free(text);
}

static void
test_writing(void **state)
{
    screen *s = start_plain();
    gb_session *plain;
    char *text, *same;

    (void)state;
    perform(s, GB_DO_SEND, STORY, NULL); /* posted before it has loaded */
    assert_int_equal(s->state, GB_STATE_IDLE);
    assert_int_equal(s->reason, GB_REASON_LENGTH);
    assert_int_equal(s->stats.run_tokens, 12);
    assert_int_equal(s->stats.step, 12);
    assert_int_equal(s->stats.context_total, 512);
    assert_true(s->stats.logprob < 0);
    assert_true(s->stats.tokens_per_second > 0);
    assert_true(s->n_states[GB_STATE_LOADING] > 0);
    assert_string_equal(s->model, "stories");
    assert_non_null(strstr(s->log, "stories"));
    text = shown(s);
    finish(s);

    plain = test_session(NULL, NULL);
    test_send(plain, STORY);
    same = test_branch(plain);
    assert_string_equal(text, same);
    free(same);
    s = start_plain();
    perform(s, GB_DO_SEND, STORY, NULL);
    expect_shown(s, text);
    perform(s, GB_DO_CONTINUE, NULL, NULL);
    perform(s, GB_DO_UNDO, NULL, NULL);
    expect_shown(s, text);
    perform(s, GB_DO_RETRY, NULL, NULL);
    expect_shown(s, text);
    perform(s, GB_DO_EDIT, "The", NULL);
    perform(s, GB_DO_UNDO, NULL, NULL);
    perform(s, GB_DO_CLEAR, NULL, NULL);
    expect_shown(s, "");
    perform(s, GB_DO_UNDO, NULL, NULL);
    expect_shown(s, text);
    finish(s);
    free(text);
    test_session_close(plain);
}

/* A stop ends the run, and the runs that were asked for before it; their
 * texts are kept. */
static void
test_stopping(void **state)
{
    screen *s = start_plain();
    uint64_t first, second;
    char *text;

    (void)state;
    perform(s, GB_DO_SET, "max-new-tokens", "1000000000");
    first = post(s, GB_DO_SEND, STORY, NULL);
    second = post(s, GB_DO_SEND, " and a bear", NULL);
    while (s->stats.run_tokens < 20)
        take(s);
    perform(s, GB_DO_STOP, NULL, NULL);
    assert_int_equal(s->state, GB_STATE_STOPPED);
    assert_true(first < second);
    text = shown(s);
    assert_non_null(strstr(text, " and a bear"));
    assert_string_equal(strstr(text, " and a bear"), " and a bear");
    free(text);

    /* What replaces the text does not wait for its end. */
    post(s, GB_DO_CONTINUE, NULL, NULL);
    wait_state(s, GB_STATE_WRITING);
    perform(s, GB_DO_UNDO, NULL, NULL);
    perform(s, GB_DO_SET, "max-new-tokens", "7");
    perform(s, GB_DO_SEND, " again", NULL);
    assert_int_equal(s->stats.run_tokens, 7);
    assert_int_equal(s->reason, GB_REASON_LENGTH);
    finish(s);
}

/* A setting changed while it writes is journaled with its step, and the file
 * is verified. */
static void
test_live_settings(void **state)
{
    const char *path = test_path("live");
    const gb_worker_options options = {.journal = true, .path = path};
    screen *s = start(&options);
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    uint64_t send;
    char value[16];
    unsigned i;

    (void)state;
    perform(s, GB_DO_SET, "max-new-tokens", "600");
    send = post(s, GB_DO_SEND, STORY, NULL);
    for (i = 1; i <= 8; i++) {
        while (s->stats.run_tokens < i * 20)
            take(s);
        snprintf(value, sizeof value, "0.%u", i);
        perform(s, GB_DO_SET, "temperature", value);
    }
    assert_int_equal(s->state, GB_STATE_WRITING);
    wait_failed(s, post(s, GB_DO_SET, "temperature", "hot"));
    assert_non_null(strstr(s->error, "hot"));
    perform(s, GB_DO_STOP, NULL, NULL);
    assert_true(s->settings.temperature == 0.8f);
    assert_true(send < s->done);
    assert_string_equal(s->file, path);
    perform(s, GB_DO_RETRY, NULL, NULL);
    perform(s, GB_DO_SAVE, test_path("live-saved"), NULL);
    assert_non_null(strstr(s->said, "saved as"));
    finish(s);
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    assert_non_null(strstr(text.data, "\"name\":\"temperature\",\"value\":"
                                      "\"0.5\""));
    gb_str_free(&text);
    test_verify(path, 320);
}

/* Where another file has taken the place of the session's, the interface
 * learns where the session is now. */
static void
test_other_file(void **state)
{
    const char *path = test_path("other.jsonl");
    char *now = gb_path_join(test_folder(), "other-1.jsonl");
    const gb_worker_options options = {.journal = true, .path = path};
    screen *s = start(&options);
    gb_error err = GB_ERROR_INIT;

    (void)state;
    perform(s, GB_DO_SEND, STORY, NULL);
    assert_string_equal(s->file, path);
    test_ok(gb_file_replace(path, "mine", 4, 0600, &err), &err);
    perform(s, GB_DO_CONTINUE, NULL, NULL);
    assert_non_null(strstr(s->error, "written anew"));
    assert_string_equal(s->file, now);
    perform(s, GB_DO_CONTINUE, NULL, NULL);
    assert_string_equal(s->file, now);
    finish(s);
    test_verify(now, 36);
    free(now);
}

/* The next text may be sent while it writes; it waits for its turn. */
static void
test_order(void **state)
{
    screen *s = start_plain();
    uint64_t commands[3];
    char *text;
    unsigned i;

    (void)state;
    commands[0] = post(s, GB_DO_SEND, "[one]", NULL);
    commands[1] = post(s, GB_DO_SEND, "[two]", NULL);
    commands[2] = post(s, GB_DO_SEND, "[three]", NULL);
    for (i = 0; i < 3; i++) {
        while (s->started != commands[i])
            take(s);
        wait_done(s, commands[i]);
        assert_int_equal(s->stats.run_tokens, 12);
    }
    text = shown(s);
    assert_true(strstr(text, "[one]") < strstr(text, "[two]"));
    assert_true(strstr(text, "[two]") < strstr(text, "[three]"));
    assert_int_equal(gb_worker_waiting(s->worker), 0);
    free(text);
    finish(s);
}

/* The place of a text in a file; it must be there. */
static size_t
place(const gb_str *file, const char *text)
{
    const char *at = strstr(gb_str_cstr(file), text);

    if (at == NULL)
        fail_msg("%s is not in the session: %s", text, gb_str_cstr(file));
    return (size_t)(at - file->data);
}

/* A setting acts at the next token, past what waits for the end of the run;
 * but not before a command that was posted earlier and ends the run. */
static void
test_order_of_settings(void **state)
{
    const char *path = test_path("order");
    const gb_worker_options options = {.journal = true, .path = path};
    screen *s = start(&options);
    gb_str text = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;
    uint64_t ahead, note;

    (void)state;
    perform(s, GB_DO_SET, "max-new-tokens", "1000000000");
    post(s, GB_DO_SEND, STORY, NULL);
    wait_state(s, GB_STATE_WRITING);
    ahead = post(s, GB_DO_SEND, " ahead", NULL);
    note = post(s, GB_DO_MARK, "note", NULL);
    perform(s, GB_DO_SET, "temperature", "1.5");
    assert_true(s->started < ahead && ahead < note);
    perform(s, GB_DO_STOP, NULL, NULL);
    assert_int_equal(s->failed, 0);

    post(s, GB_DO_CONTINUE, NULL, NULL);
    wait_state(s, GB_STATE_WRITING);
    perform(s, GB_DO_SET, "top-k", "50");
    post(s, GB_DO_SET, "temperature", "0.5");
    post(s, GB_DO_RETRY, NULL, NULL);
    post(s, GB_DO_SET, "temperature", "+0.25");
    post(s, GB_DO_SET, "max-new-tokens", "40");
    perform(s, GB_DO_MARK, "at the end", NULL);
    assert_true(s->settings.temperature == 1.75f);
    finish(s);
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    assert_true(place(&text, "\"value\":\"1.5\"") <
                place(&text, "\" ahead\""));
    assert_true(place(&text, "\"how\":\"retry\"") <
                place(&text, "\"value\":\"1.75\""));
    gb_str_free(&text);
    test_verify(path, 2);
}

/* Too much at once is refused, not waited for; what was taken is done. */
static void
test_bounded(void **state)
{
    screen *s = start_plain();
    gb_request r = {.what = GB_DO_MARK, .text = "x", .n_text = 1};
    gb_error err = GB_ERROR_INIT;
    uint64_t number, last = 0;

    (void)state;
    while ((number = gb_worker_post(s->worker, &r, &err)) != 0 &&
           number < 100000)
        last = number;
    assert_int_equal(number, 0);
    test_fails_with(&err, GB_FAILED, "waiting", NULL);
    wait_done(s, last);
    r.n_text = GB_TEXT_MAX + 1;
    assert_int_equal(gb_worker_post(s->worker, &r, &err), 0);
    test_fails_with(&err, GB_USAGE, "at most", NULL);
    finish(s);
}

/* The program may end at any moment. */
static void
test_quitting(void **state)
{
    screen *s;
    unsigned i;

    (void)state;
    for (i = 0; i < 4; i++) {
        s = start_plain();
        if (i == 1)
            wait_state(s, GB_STATE_IDLE);
        if (i >= 2) {
            post(s, GB_DO_SET, "max-new-tokens", "1000000000");
            post(s, GB_DO_SEND, STORY, NULL);
            post(s, GB_DO_SEND, STORY, NULL);
        }
        if (i == 3)
            wait_state(s, GB_STATE_WRITING);
        finish(s);
    }
}

static void
test_failures(void **state)
{
    const gb_worker_options missing = {.model = "/nowhere/model"};
    const gb_worker_options bad_load = {.load = "/nowhere/session"};
    screen *s = start(&missing);

    (void)state;
    wait_state(s, GB_STATE_FAILED);
    /* Who ends on the state must have heard the reason. */
    assert_non_null(strstr(s->error, "/nowhere/model"));
    wait_failed(s, post(s, GB_DO_SEND, STORY, NULL));
    assert_non_null(strstr(s->error, "no model"));
    perform(s, GB_DO_SET, "temperature", "2");
    perform(s, GB_DO_MODEL, test_source("models/stories"), NULL);
    perform(s, GB_DO_SEND, STORY, NULL);
    assert_int_equal(s->stats.run_tokens, 12);
    assert_true(s->settings.temperature == 2);
    wait_failed(s, post(s, GB_DO_MODEL, "/nowhere/model", NULL));
    wait_failed(s, post(s, GB_DO_DEVICE, "no such device", NULL));
    wait_failed(s, post(s, GB_DO_LOAD, "/nowhere/session", NULL));
    wait_failed(s, post(s, GB_DO_REDO, NULL, NULL));
    wait_failed(s, post(s, GB_DO_EXPORT, NULL, NULL));
    perform(s, GB_DO_CONTINUE, NULL, NULL);
    assert_int_equal(s->state, GB_STATE_IDLE);
    finish(s);

    s = start(&bad_load);
    wait_state(s, GB_STATE_IDLE);
    assert_non_null(strstr(s->error, "/nowhere/session"));
    perform(s, GB_DO_SEND, STORY, NULL);
    finish(s);
}

/* Another device, another model, a file, a replay: the conversation stays. */
static void
test_switching(void **state)
{
    const char *path = test_path("switch");
    const gb_worker_options options = {.journal = true, .path = path};
    screen *s = start(&options);
    char *text;

    (void)state;
    perform(s, GB_DO_SEND, STORY, NULL);
    text = shown(s);
    perform(s, GB_DO_DEVICE, "0:0", NULL);
    assert_int_equal(s->engines, 2);
    perform(s, GB_DO_CONTINUE, NULL, NULL);
    perform(s, GB_DO_UNDO, NULL, NULL);
    expect_shown(s, text);
    perform(s, GB_DO_REPLAY, NULL, NULL);
    assert_int_equal(s->verdicts, 1);
    assert_true(s->identical);
    assert_true(s->n_states[GB_STATE_REPLAYING] > 0);
    perform(s, GB_DO_REPLAY, path, NULL);
    assert_int_equal(s->verdicts, 2);
    perform(s, GB_DO_CONTINUE, NULL, NULL);
    perform(s, GB_DO_UNDO, NULL, NULL);
    expect_shown(s, text);
    perform(s, GB_DO_MODEL, test_source("models/stories"), NULL);
    expect_shown(s, text);
    perform(s, GB_DO_LOAD, path, NULL);
    expect_shown(s, text);
    perform(s, GB_DO_MODE_SET, "chat", NULL);
    wait_failed(s, post(s, GB_DO_MODE_SET, "shout", NULL));
    perform(s, GB_DO_EXPORT, test_path("out.md"), NULL);
    finish(s);
    free(text);
    test_verify(path, 24);
}

/* Of a replay that went through a full context nothing is told to be
 * forgotten; when the session goes on, its own memory is told again. */
static void
test_memory_of_a_replay(void **state)
{
    static const gb_random_model small = {
        .layers = 1, .width = 32, .heads = 2, .vocab = 600, .context = 64,
    };
    const gb_worker_options options = {
        .model = fixture_write(&small, "small"),
        .journal = true, .path = test_path("memory"),
    };
    screen *s = start(&options);

    (void)state;
    perform(s, GB_DO_SET, "max-new-tokens", "150");
    perform(s, GB_DO_SEND, STORY, NULL);
    assert_true(s->memory > 0);
    perform(s, GB_DO_REPLAY, NULL, NULL);
    assert_true(s->identical);
    assert_int_equal(s->memory, 0);
    perform(s, GB_DO_CONTINUE, NULL, NULL);
    assert_true(s->memory > 0);
    finish(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_live_settings),
        cmocka_unit_test(test_other_file),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_order_of_settings),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_quitting),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_switching),
        cmocka_unit_test(test_memory_of_a_replay),
    };

    return cmocka_run_group_tests_name("worker", tests, NULL,
                                       test_engine_close);
}
