/* A session file: read, written again, loaded, gone on with, replayed. The
 * model it names is taken to be the one that is there. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "session/export.h"
#include "session/replay.h"
#include "session/steer.h"

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

/* No text of a session ends a part of the page. */
static void
export_page(gb_session *s)
{
    static const struct {
        const char *end;
        int times;
    } parts[] = {{"</title", 1}, {"</style", 1}, {"</script", 2},
                 {"</article", 1}, {"</footer", 1}, {"<!--", 0}};
    gb_str page = GB_STR_INIT;
    const char *at;
    size_t i;
    int n;

    gb_session_export(s, GB_EXPORT_HTML, &page);
    for (i = 0; i < GB_COUNT(parts); i++) {
        for (n = 0, at = page.data; (at = strstr(at, parts[i].end)) != NULL;
             at++)
            n++;
        FUZZ_CHECK(n == parts[i].times);
    }
    FUZZ_CHECK(strlen(page.data) == page.len);
    gb_str_free(&page);
}

static void
export_all(gb_session *s)
{
    gb_str text = GB_STR_INIT;

    gb_session_export(s, GB_EXPORT_TEXT, &text);
    gb_session_export(s, GB_EXPORT_MARKDOWN, &text);
    gb_session_export(s, GB_EXPORT_JSON, &text);
    gb_str_free(&text);
    export_page(s);
}

static void
ask(gb_session *s, gb_event e)
{
    gb_session_do(s, &e, 0, NULL);
    gb_session_run(s, NULL);
}

static void
steer(gb_session *s, const char *verb, const char *arg)
{
    const gb_steer *v = gb_steer_find(verb, arg);
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;

    FUZZ_CHECK(v != NULL && !gb_session_is_writing(s));
    FUZZ_CHECK(v->run(s, arg, &out, &err) || err.text[0] != '\0');
    gb_session_run(s, NULL);
    gb_steer_report(s, &out);
    FUZZ_CHECK(!gb_session_is_writing(s));
    gb_str_free(&out);
}

/* Looks at a few places and goes to others. */
static void
go_about(gb_session *s)
{
    static const char *const acts[][2] = {
        {"at", "-2"}, {"why", ""}, {"fork", "prev"}, {"unsure", "next"},
        {"differ", "prev"}, {"pick", "1"}, {"takes", ""}, {"take", "next"},
        {"at", "0"}, {"what", "cat"}, {"name", "here"}, {"tree", ""},
        {"go", "2"}, {"again", ""}, {"as-written", ""}, {"go", "here"},
        {"sweep", "0.7 0.8"}, {"sessions", ""},
    };
    size_t i;

    for (i = 0; i < GB_COUNT(acts); i++)
        steer(s, acts[i][0], acts[i][1]);
}

static void
check_view(gb_session *s)
{
    gb_tree *t = s->tree;
    const gb_node *node;
    size_t offset;

    FUZZ_CHECK(gb_tree_view(t)->len == gb_tree_view_length(t) + t->pin.len);
    if (gb_tree_memory(t, &node, &offset))
        FUZZ_CHECK(offset <= node->text.len);
}

static void
work_on(gb_session *s)
{
    check_view(s);
    export_all(s);
    fuzz_engine_limit(300);
    ask(s, (gb_event){.type = GB_EVENT_RUN, .how = GB_HOW_AGAIN});
    ask(s, (gb_event){.type = GB_EVENT_UNDO});
    ask(s, (gb_event){.type = GB_EVENT_REDO});
    ask(s, (gb_event){.type = GB_EVENT_SET, .name = "max-new-tokens",
                      .value = "5"});
    ask(s, (gb_event){.type = GB_EVENT_RUN, .how = GB_HOW_RESEED});
    ask(s, (gb_event){.type = GB_EVENT_PROMPT, .text = "so", .n_text = 2});
    go_about(s);
    check_view(s);
    export_all(s);
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
