/* The engine's thread as an interface sees it: requests in, news out. No test
 * depends on a time, but each waits for news until the test runner ends it. */
#include "conversation.h"

#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine_fixture.h"
#include "worker_screen.h"

#define STORY "Once upon a time there was a little fox"

static void
test_writing(void **state)
{
    screen *s = screen_start_plain();
    gb_session *plain;
    char *text, *same;

    (void)state;
    screen_do(s, ASK_SEND, STORY, NULL); /* posted before it has loaded */
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
    text = screen_text(s);
    screen_finish(s);

    plain = test_session(NULL, NULL);
    test_send(plain, STORY);
    same = test_branch(plain);
    assert_string_equal(text, same);
    free(same);
    s = screen_start_plain();
    screen_do(s, ASK_SEND, STORY, NULL);
    screen_expect(s, text);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, text);
    screen_do(s, ASK_AGAIN, NULL, NULL);
    screen_expect(s, text);
    screen_do(s, ASK_EDIT, "The", NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_do(s, ASK_CLEAR, NULL, NULL);
    screen_expect(s, "");
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, text);
    screen_finish(s);
    free(text);
    test_session_close(plain);
}

/* What has been written beside another take says nothing of the speed. */
static void
test_speed_of_takes(void **state)
{
    screen *s = screen_start_plain();
    double speed;
    uint64_t command;
    unsigned changes = 0;

    (void)state;
    screen_do(s, ASK_SEND, STORY, NULL);
    speed = s->stats.tokens_per_second;
    command = screen_post(s, ASK_VERB, "takes", "3");
    while (s->done < command) {
        screen_take(s);
        changes += s->stats.tokens_per_second != speed;
        speed = s->stats.tokens_per_second;
    }
    assert_in_range(changes, 1, 11);
    screen_finish(s);
}

/* A stop ends the run, and the runs that were asked for before it; their
 * texts are kept. */
static void
test_stopping(void **state)
{
    screen *s = screen_start_plain();
    uint64_t first, second;
    char *text;

    (void)state;
    screen_do(s, ASK_SET, "max-new-tokens", "1000000000");
    first = screen_post(s, ASK_SEND, STORY, NULL);
    second = screen_post(s, ASK_SEND, " and a bear", NULL);
    while (s->stats.run_tokens < 20)
        screen_take(s);
    screen_do(s, ASK_STOP, NULL, NULL);
    assert_int_equal(s->state, GB_STATE_STOPPED);
    assert_true(first < second);
    text = screen_text(s);
    assert_non_null(strstr(text, " and a bear"));
    assert_string_equal(strstr(text, " and a bear"), " and a bear");
    free(text);

    /* What replaces the text does not wait for its end. */
    screen_post(s, ASK_CONTINUE, NULL, NULL);
    screen_wait_state(s, GB_STATE_WRITING);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_do(s, ASK_SET, "max-new-tokens", "7");
    screen_do(s, ASK_SEND, " again", NULL);
    assert_int_equal(s->stats.run_tokens, 7);
    assert_int_equal(s->reason, GB_REASON_LENGTH);
    screen_finish(s);
}

/* A setting changed while it writes is journaled with its step, and the file
 * is verified. */
static void
test_live_settings(void **state)
{
    const char *path = test_path("live");
    const gb_worker_options options = {.journal = true, .path = path};
    screen *s = screen_start(&options);
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    uint64_t send;
    char value[16];
    unsigned i;

    (void)state;
    screen_do(s, ASK_SET, "max-new-tokens", "600");
    send = screen_post(s, ASK_SEND, STORY, NULL);
    for (i = 1; i <= 8; i++) {
        while (s->stats.run_tokens < i * 20)
            screen_take(s);
        snprintf(value, sizeof value, "0.%u", i);
        screen_do(s, ASK_SET, "temperature", value);
    }
    assert_int_equal(s->state, GB_STATE_WRITING);
    screen_wait_failed(s, screen_post(s, ASK_SET, "temperature", "hot"));
    assert_non_null(strstr(s->error, "hot"));
    screen_do(s, ASK_STOP, NULL, NULL);
    assert_true(s->settings.temperature == 0.8f);
    assert_true(send < s->done);
    assert_string_equal(s->file, path);
    screen_do(s, ASK_AGAIN, NULL, NULL);
    screen_do(s, ASK_SAVE, test_path("live-saved"), NULL);
    assert_non_null(strstr(s->said, "saved as"));
    screen_finish(s);
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
    screen *s = screen_start(&options);
    gb_error err = GB_ERROR_INIT;

    (void)state;
    screen_do(s, ASK_SEND, STORY, NULL);
    assert_string_equal(s->file, path);
    test_ok(gb_file_replace(path, "mine", 4, 0600, &err), &err);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    assert_non_null(strstr(s->error, "written anew"));
    assert_string_equal(s->file, now);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    assert_string_equal(s->file, now);
    screen_finish(s);
    test_verify(now, 36);
    free(now);
}

/* The next text may be sent while it writes; it waits for its turn. */
static void
test_order(void **state)
{
    screen *s = screen_start_plain();
    uint64_t commands[3];
    char *text;
    unsigned i;

    (void)state;
    commands[0] = screen_post(s, ASK_SEND, "[one]", NULL);
    commands[1] = screen_post(s, ASK_SEND, "[two]", NULL);
    commands[2] = screen_post(s, ASK_SEND, "[three]", NULL);
    for (i = 0; i < 3; i++) {
        while (s->started != commands[i])
            screen_take(s);
        screen_wait_done(s, commands[i]);
        assert_int_equal(s->stats.run_tokens, 12);
    }
    text = screen_text(s);
    assert_true(strstr(text, "[one]") < strstr(text, "[two]"));
    assert_true(strstr(text, "[two]") < strstr(text, "[three]"));
    assert_int_equal(gb_worker_waiting(s->worker), 0);
    free(text);
    screen_finish(s);
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
    screen *s = screen_start(&options);
    gb_str text = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;
    uint64_t ahead, note;

    (void)state;
    screen_do(s, ASK_SET, "max-new-tokens", "1000000000");
    screen_post(s, ASK_SEND, STORY, NULL);
    screen_wait_state(s, GB_STATE_WRITING);
    ahead = screen_post(s, ASK_SEND, " ahead", NULL);
    note = screen_post(s, ASK_NOTE, "note", NULL);
    screen_do(s, ASK_SET, "temperature", "1.5");
    assert_true(s->started < ahead && ahead < note);
    screen_do(s, ASK_STOP, NULL, NULL);
    assert_int_equal(s->failed, 0);

    screen_post(s, ASK_CONTINUE, NULL, NULL);
    screen_wait_state(s, GB_STATE_WRITING);
    screen_do(s, ASK_SET, "top-k", "50");
    screen_post(s, ASK_SET, "temperature", "0.5");
    screen_post(s, ASK_AGAIN, NULL, NULL);
    screen_post(s, ASK_SET, "temperature", "+0.25");
    screen_post(s, ASK_SET, "max-new-tokens", "40");
    screen_do(s, ASK_NOTE, "at the end", NULL);
    assert_true(s->settings.temperature == 0.75f);
    screen_finish(s);
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    assert_true(place(&text, "\"value\":\"1.5\"") <
                place(&text, "\" ahead\""));
    assert_true(place(&text, "\"how\":\"again\"") <
                place(&text, "\"value\":\"0.75\""));
    gb_str_free(&text);
    test_verify(path, 2);
}

/* Too much at once is refused, not waited for; what was taken is done. */
static void
test_bounded(void **state)
{
    screen *s = screen_start_plain();
    gb_request r = screen_request(ASK_NOTE, "x", NULL);
    gb_error err = GB_ERROR_INIT;
    uint64_t number, last = 0;

    (void)state;
    while ((number = gb_worker_post(s->worker, &r, &err)) != 0 &&
           number < 100000)
        last = number;
    assert_int_equal(number, 0);
    test_fails_with(&err, GB_FAILED, "waiting", NULL);
    screen_wait_done(s, last);
    r.event.n_text = GB_TEXT_MAX + 1;
    assert_int_equal(gb_worker_post(s->worker, &r, &err), 0);
    test_fails_with(&err, GB_USAGE, "at most", NULL);
    screen_finish(s);
}

/* The program may end at any moment. */
static void
test_quitting(void **state)
{
    screen *s;
    unsigned i;

    (void)state;
    for (i = 0; i < 4; i++) {
        s = screen_start_plain();
        if (i == 1)
            screen_wait_state(s, GB_STATE_IDLE);
        if (i >= 2) {
            screen_post(s, ASK_SET, "max-new-tokens", "1000000000");
            screen_post(s, ASK_SEND, STORY, NULL);
            screen_post(s, ASK_SEND, STORY, NULL);
        }
        if (i == 3)
            screen_wait_state(s, GB_STATE_WRITING);
        screen_finish(s);
    }
}

/* A page is being written when a stop comes: there is none then. One that was
 * asked for before the stop is written. */
static void
test_export(void **state)
{
    const char *path = test_path("page.html");
    screen *s = screen_start_plain();
    uint64_t command;

    (void)state;
    screen_do(s, ASK_SET, "max-new-tokens", "500");
    screen_do(s, ASK_SEND, STORY, NULL);
    /* Unless it was faster. */
    do {
        unlink(path);
        command = screen_post(s, ASK_EXPORT, path, NULL);
        while (s->state != GB_STATE_READING || s->phase != GB_PHASE_EXPORT)
            screen_take(s);
        screen_post(s, ASK_STOP, NULL, NULL);
        screen_wait_done(s, command);
    } while (strstr(s->said, "was not written") == NULL);
    assert_false(gb_is_file(path));

    screen_do(s, ASK_SET, "max-new-tokens", "1000000000");
    screen_post(s, ASK_CONTINUE, NULL, NULL);
    screen_wait_state(s, GB_STATE_WRITING);
    command = screen_post(s, ASK_EXPORT, path, NULL);
    screen_post(s, ASK_STOP, NULL, NULL);
    screen_wait_done(s, command);
    assert_true(gb_is_file(path));
    screen_finish(s);
}

static void
test_failures(void **state)
{
    const gb_worker_options missing = {.model = "/nowhere/model"};
    const gb_worker_options bad_load = {.load = "/nowhere/session"};
    screen *s = screen_start(&missing);

    (void)state;
    screen_wait_state(s, GB_STATE_FAILED);
    /* Who ends on the state must have heard the reason. */
    assert_non_null(strstr(s->error, "/nowhere/model"));
    screen_wait_failed(s, screen_post(s, ASK_SEND, STORY, NULL));
    assert_non_null(strstr(s->error, "no model"));
    screen_do(s, ASK_SET, "temperature", "2");
    screen_do(s, ASK_MODEL, test_source("models/stories"), NULL);
    screen_do(s, ASK_SEND, STORY, NULL);
    assert_int_equal(s->stats.run_tokens, 12);
    assert_true(s->settings.temperature == 2);
    screen_wait_failed(s, screen_post(s, ASK_MODEL, "/nowhere/model", NULL));
    screen_wait_failed(s, screen_post(s, ASK_DEVICE, "no such device", NULL));
    screen_wait_failed(s, screen_post(s, ASK_LOAD, "/nowhere/session", NULL));
    screen_wait_failed(s, screen_post(s, ASK_REDO, NULL, NULL));
    screen_wait_failed(s, screen_post(s, ASK_EXPORT, NULL, NULL));
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    assert_int_equal(s->state, GB_STATE_IDLE);
    screen_finish(s);

    s = screen_start(&bad_load);
    screen_wait_state(s, GB_STATE_IDLE);
    assert_non_null(strstr(s->error, "/nowhere/session"));
    screen_do(s, ASK_SEND, STORY, NULL);
    screen_finish(s);
}

/* Another device, another model, a file, a replay: the conversation stays. */
static void
test_switching(void **state)
{
    const char *path = test_path("switch");
    const gb_worker_options options = {.journal = true, .path = path};
    screen *s = screen_start(&options);
    char *text;

    (void)state;
    screen_do(s, ASK_SEND, STORY, NULL);
    text = screen_text(s);
    screen_do(s, ASK_DEVICE, "0:0", NULL);
    assert_int_equal(s->engines, 2);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, text);
    screen_do(s, ASK_REPLAY, NULL, NULL);
    assert_int_equal(s->verdicts, 1);
    assert_true(s->identical);
    assert_true(s->n_states[GB_STATE_REPLAYING] > 0);
    screen_do(s, ASK_REPLAY, path, NULL);
    assert_int_equal(s->verdicts, 2);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    screen_do(s, ASK_UNDO, NULL, NULL);
    screen_expect(s, text);
    screen_do(s, ASK_MODEL, test_source("models/stories"), NULL);
    screen_expect(s, text);
    screen_do(s, ASK_LOAD, path, NULL);
    screen_expect(s, text);
    screen_do(s, ASK_MODE, "chat", NULL);
    screen_wait_failed(s, screen_post(s, ASK_MODE, "shout", NULL));
    screen_do(s, ASK_EXPORT, test_path("out.md"), NULL);
    screen_finish(s);
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
    screen *s = screen_start(&options);

    (void)state;
    screen_do(s, ASK_SET, "max-new-tokens", "150");
    screen_do(s, ASK_SEND, STORY, NULL);
    assert_true(s->memory > 0);
    screen_do(s, ASK_REPLAY, NULL, NULL);
    assert_true(s->identical);
    assert_int_equal(s->memory, 0);
    screen_do(s, ASK_CONTINUE, NULL, NULL);
    assert_true(s->memory > 0);
    screen_finish(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_speed_of_takes),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_live_settings),
        cmocka_unit_test(test_other_file),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_order_of_settings),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_quitting),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_switching),
        cmocka_unit_test(test_memory_of_a_replay),
    };

    return cmocka_run_group_tests_name("worker", tests, NULL,
                                       test_engine_close);
}
