/* A replay in the interface, on the engine that is there. */
#include "session/replay.h"
#include "session/worker_state.h"

static void
tell_verdict(gb_worker *w, const gb_replay_result *result)
{
    gb_news *n = gb_news_new(GB_NEWS_VERDICT);

    n->identical = result->identical;
    gb_replay_describe(result, w->model->tokenizer, &n->text);
    gb_news_put(&w->news, n);
}

static bool
replay(gb_worker *w, gb_journal_reader *r, const char *path, bool pace,
       gb_error *err)
{
    gb_replay_options o = {
        .pace = pace,
        .watcher = gb_worker_watcher(w),
        .progress = gb_worker_progress(w),
    };
    gb_replay_result result;
    bool ok;

    if (!gb_origin_is_of(&gb_journal_reader_header(r)->origin, path, w->model,
                         &o.progress, err))
        return false;
    w->replay_shown = true;
    gb_worker_tell_state(w, GB_STATE_REPLAYING);
    o.watcher.cut(w, 0, 0, 0);
    gb_worker_tell_memory(w, 0, 0);
    ok = gb_replay(r, w->engine, w->model, &o, &result, err);
    gb_engine_rewind(w->engine, 0);
    if (ok)
        tell_verdict(w, &result);
    gb_replay_result_free(&result);
    return ok;
}

bool
gb_worker_replay(gb_worker *w, const char *path, bool pace, gb_error *err)
{
    gb_journal_reader *r = path != NULL ? gb_journal_open(path, err)
                                        : gb_session_reader(w->session, err);
    bool ok = r != NULL && replay(w, r, path != NULL ? path : "this session",
                                  pace, err);

    gb_journal_reader_free(r);
    return ok;
}
