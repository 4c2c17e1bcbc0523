/* A session file: read, written again, loaded, gone on with, replayed. The
 * model it names is taken to be the one that is there. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "session/replay.h"
#include "session/session.h"

/* Far more than a session of a few kilobytes has; one that replays its own
 * retries without end stops here. */
#define MOST_TOKENS 2000

/* As it stands in the files of the corpus. */
static const char hash[] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static gb_engine *engine;
static gb_model *model;
static char *path, *copy, *next, *saved;

static void
open_all(void)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_OWN};

    model = fuzz_model();
    memcpy(model->sha256, hash, sizeof hash);
    engine = gb_engine_open(model, &options, NULL);
    path = fuzz_path("session");
    copy = fuzz_path("copy");
    next = fuzz_path("next");
    saved = fuzz_path("saved");
}

/* Reads a file and appends its lines as they would be written. False when
 * some line is refused. */
static bool
format(const char *from, gb_str *out)
{
    gb_error err = GB_ERROR_INIT;
    gb_journal_reader *r = gb_journal_open(from, &err);
    gb_read got = GB_READ_ERROR;
    gb_event e;

    if (r != NULL) {
        gb_header_format(gb_journal_reader_header(r), out);
        while ((got = gb_journal_next(r, &e, &err)) == GB_READ_EVENT)
            gb_event_format(&e, out);
    }
    gb_journal_reader_free(r);
    FUZZ_CHECK(got == GB_READ_END || err.text[0] != '\0');
    return got == GB_READ_END;
}

/* What was read and written reads the same again. */
static bool
check_format(void)
{
    gb_str once = GB_STR_INIT, twice = GB_STR_INIT;
    bool ok = format(path, &once);

    if (ok) {
        fuzz_write(copy, once.data, once.len);
        FUZZ_CHECK(format(copy, &twice));
        FUZZ_CHECK(once.len == twice.len &&
                   memcmp(once.data, twice.data, once.len) == 0);
    }
    gb_str_free(&once);
    gb_str_free(&twice);
    return ok;
}

/* Replays a file; one that was written here is whole and identical. */
static void
replay(const char *from, bool ours)
{
    const gb_replay_options options = {.pace = false};
    gb_journal_reader *r = gb_journal_open(from, NULL);
    gb_error err = GB_ERROR_INIT;
    gb_replay_result result;
    gb_str text = GB_STR_INIT;
    bool ok;

    FUZZ_CHECK(r != NULL);
    gb_engine_rewind(engine, 0);
    fuzz_engine_limit(MOST_TOKENS);
    ok = gb_replay(r, engine, model, &options, &result, &err);
    FUZZ_CHECK(ok || err.text[0] != '\0');
    if (ours)
        FUZZ_CHECK(ok && !result.torn);
    if (ok) {
        gb_replay_describe(&result, model->tokenizer, &text);
        gb_replay_json(&result, &text);
    }
    gb_str_free(&text);
    gb_replay_result_free(&result);
    gb_journal_reader_free(r);
}

static void
export_all(gb_session *s)
{
    gb_str text = GB_STR_INIT;

    gb_session_export(s, GB_EXPORT_TEXT, &text);
    gb_session_export(s, GB_EXPORT_MARKDOWN, &text);
    gb_session_export(s, GB_EXPORT_JSON, &text);
    gb_str_free(&text);
}

static void
work_on(gb_session *s)
{
    gb_history *h = gb_session_history(s);
    const gb_segment *segment;
    size_t offset;

    FUZZ_CHECK(gb_history_view(h)->len == gb_history_view_length(h));
    gb_history_memory(h, &segment, &offset);
    export_all(s);
    fuzz_engine_limit(300);
    gb_session_retry(s, NULL);
    gb_session_run(s, NULL);
    gb_session_undo(s, NULL);
    gb_session_redo(s, NULL);
    gb_session_set(s, "max-new-tokens", "5", NULL);
    gb_session_send(s, "so", 2, GB_SEND_JOIN, NULL);
    gb_session_run(s, NULL);
    FUZZ_CHECK(gb_history_view(h)->len == gb_history_view_length(h));
    FUZZ_CHECK(gb_session_save(s, saved, true, NULL));
}

/* Goes on with it in another file, in which all is then to be found. */
static void
load(void)
{
    gb_session_options o = {.journal = true, .path = next, .load = path};
    gb_error err = GB_ERROR_INIT;
    gb_session *s;

    gb_settings_init(&o.settings);
    unlink(next);
    unlink(saved);
    s = gb_session_open(engine, model, &o, &err);
    if (s == NULL) {
        FUZZ_CHECK(err.text[0] != '\0');
        return;
    }
    work_on(s);
    FUZZ_CHECK(gb_session_close(s, NULL));
    replay(next, true);
    replay(saved, true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (engine == NULL)
        open_all();
    fuzz_write(path, data, size);
    if (!check_format())
        return 0;
    replay(path, false);
    load();
    return 0;
}
